#!/usr/bin/env python3
"""What earlier days say about a day: captures of two days and of forty, made by hand; the clock is
that of the packets."""
import contextlib
import csv
import datetime
import json
import shutil
import sqlite3
import zoneinfo

import frames
from exeat_run import SOURCE, check, exeat

ZONE = zoneinfo.ZoneInfo("Australia/Sydney")
REGISTER = SOURCE / "fixtures" / "clinic-day" / "register"
FIRST = datetime.date(2026, 8, 3)  # a Monday, in winter: no clock is changed before October


def at(day, hour=10, minute=0):
    """Nanoseconds of a local time, days from the first on."""
    date = FIRST + datetime.timedelta(days=day)
    moment = datetime.datetime(date.year, date.month, date.day, hour, minute, tzinfo=ZONE)
    return int(moment.timestamp()) * 10**9


def register(work, **programs):
    """The register of clinic-day with other cells in programs.csv."""
    folder = work / "register"
    shutil.copytree(REGISTER, folder)
    with open(folder / "programs.csv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        row.update(programs.get(row["program_id"], {}))
    with open(folder / "programs.csv", "w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder


def post(start_ns, host="sync.bookaroo.example", size=200, agent="Sync/4.2", server="203.0.113.10",
         client=frames.CLIENT):
    made = []
    head = (f"POST /a HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n")
    talk = frames.Tcp(made, (client, 50000), (server, 80), start_ns)
    talk.send(head.encode() + b"\0" * size)
    talk.receive(b"HTTP/1.1 204 No Content\r\n\r\n").close()
    return made


def tick(time_ns):
    return (time_ns, frames.udp((frames.CLIENT, 4000), (frames.SERVER, 9999), b"x" * 40))


def inspect(work, folder, name, *conversations):
    made = sorted((frame for one in conversations for frame in one), key=lambda frame: frame[0])
    (work / name).write_bytes(frames.pcap(made))
    return exeat("inspect", work / name, "--rules", SOURCE / "rules", "--register", folder,
                 "--quiet", "--out", work / "out").expect(1)


def flags(work, name="out"):
    with open(work / name / "flags.csv", encoding="utf-8", newline="") as table:
        return {(row["flag"], row["program_id"], row["dest_id"]): row
                for row in csv.DictReader(table)}


def of(work, flag, name="out"):
    return [row for key, row in flags(work, name).items() if key[0] == flag]


def table(work, sql):
    with contextlib.closing(sqlite3.connect(work / "out" / "exeat.db")) as database:
        return database.execute(sql).fetchall()


def summary(work):
    return (work / "out" / "summary.csv").read_text(encoding="utf-8")


def case_first_day(work):
    """on the first day everything is new; on the second only what is new, and once it is told"""
    folder = register(work)
    inspect(work, folder, "1.pcap", post(at(0)))
    check(not of(work, "first-seen"), "the first day is new")
    inspect(work, folder, "2.pcap", post(at(1)), post(at(1, 11), "api.bookaroo.example"))
    new = of(work, "first-seen")
    check([row["dest_id"] for row in new] == ["bookaroo-api"], new)
    check("for the first time" in new[0]["sentence"] and new[0]["scope"] == "destination", new)
    before = table(work, "SELECT * FROM day ORDER BY program, destination, date")
    whole = summary(work)
    inspect(work, folder, "2.pcap", post(at(1)), post(at(1, 11), "api.bookaroo.example"))
    check(table(work, "SELECT * FROM day ORDER BY program, destination, date") == before,
          "running an input again changed the memory of its days")
    check(summary(work) == whole, "running an input again changed the report")
    date = (FIRST + datetime.timedelta(days=1)).isoformat()
    day = exeat("report", "--store", work / "out" / "exeat.db", "--rules", SOURCE / "rules",
                "--day", date, "--csv").expect(1).out
    check(day.splitlines()[1:] == [line for line in whole.splitlines() if f",{date}," in line[:14]],
          "the day from the store differs")


def case_volume(work):
    """five days make usual; with four nothing is told; a day at a time or all at once is the same"""
    folder = register(work, bookaroo={"max_mb_day": ""})
    days = [post(at(day)) for day in range(5)] + [post(at(5), size=11_000_000)]
    for number in (0, 1, 2, 3):
        inspect(work, folder, f"{number}.pcap", days[number])
    inspect(work, folder, "large.pcap", post(at(4, 12), size=11_000_000))
    check(not of(work, "volume-anomaly"), "four days are enough")
    shutil.rmtree(work / "out")
    for number, packets in enumerate(days):
        inspect(work, folder, f"{number}.pcap", packets)
    told = of(work, "volume-anomaly")
    check(len(told) == 1 and "11 MB" in told[0]["sentence"], told)
    one_by_one = (work / "out" / "flags.csv").read_bytes()
    shutil.rmtree(work / "out")
    inspect(work, folder, "all.pcap", *days)
    check((work / "out" / "flags.csv").read_bytes() == one_by_one, "all at once is told differently")


def case_recorded(work):
    """what the register records of amounts and hours needs no earlier day"""
    folder = register(work, bookaroo={"max_mb_day": "1", "hours": "07:00-19:00"})
    inspect(work, folder, "1.pcap", post(at(0), size=900_000))
    check(not of(work, "volume-anomaly") and not of(work, "schedule-anomaly"), "nearly is told")
    inspect(work, folder, "2.pcap", post(at(1), size=1_100_000), post(at(1, 19, 30)))
    told = of(work, "volume-anomaly")
    check(len(told) == 1 and "your register allows 1 MB" in told[0]["sentence"], told)
    told = of(work, "schedule-anomaly")
    check(len(told) == 1 and "hours 07:00-19:00" in told[0]["register_says"], told)
    check("schedule-anomaly" in summary(work), "the row of the day does not show it")
    said = exeat("register", "explain", told[0]["id"], "--store", work / "out" / "exeat.db",
                 "--rules", SOURCE / "rules").expect(0).out
    check("outside its recorded hours" in said, said)


def case_forty_days(work):
    """flows go after 35 days, and what they showed is remembered"""
    folder = register(work)
    inspect(work, folder, "1.pcap", post(at(0)), post(at(1), "api.bookaroo.example"))
    inspect(work, folder, "2.pcap", post(at(40)))
    inspect(work, folder, "3.pcap", post(at(41)), post(at(41, 12), "api.bookaroo.example"))
    facts = json.loads((work / "out" / "run.json").read_text(encoding="utf-8"))
    check(facts["deleted_by_age"]["conversations"] == 2, facts["deleted_by_age"])
    check(len(facts["inputs"]) == 2, "an input whose conversations went is reported")
    check(table(work, "SELECT count(*) FROM flow") == [(3,)], "flows were kept")
    check(table(work, "SELECT count(*) FROM day WHERE program='bookaroo'") == [(5,)], "days went")
    check(not of(work, "first-seen"), "what was seen forty days ago is new")
    date = FIRST.isoformat()
    check(f",{date}," not in summary(work), "a quiet day was made up")
    exeat("report", "--store", work / "out" / "exeat.db", "--rules", SOURCE / "rules", "--day",
          date, "--csv").expect(4).sentence("no longer kept")


def case_versions(work):
    """versions are held against the maker's list, on the same computer; what is not in it is not told"""
    folder = register(work, bookaroo={"versions_known": "4.1|4.2|4.10", "min_supported": "4.2"})
    inspect(work, folder, "1.pcap", post(at(0), agent="Sync/4.10"))
    inspect(work, folder, "2.pcap", post(at(1), agent="Sync/9.9"))
    inspect(work, folder, "3.pcap", post(at(1, 12), agent="Sync/4.2", client="192.168.20.22"))
    check(not of(work, "version-went-back") and
          not [row for row in of(work, "unsupported-version") if row["program_id"] == "bookaroo"],
          "nearly is told")
    inspect(work, folder, "4.pcap", post(at(2), agent="Sync/4.2"))
    told = of(work, "version-went-back")
    check(len(told) == 1 and "(4.2)" in told[0]["sentence"] and
          told[0]["computer"] == frames.CLIENT and "before: 4.10" in told[0]["register_says"], told)
    inspect(work, folder, "5.pcap", post(at(3), agent="Sync/4.1"))
    told = [row for row in of(work, "unsupported-version") if row["program_id"] == "bookaroo"]
    check(len(told) == 1 and "Bookaroo (4.1)" in told[0]["sentence"], told)


def case_updates(work):
    """two cycles of captured days without a look for updates; days without capture do not count"""
    folder = register(work, bookaroo={"cadence_days": "2", "update_hosts": "upd.bookaroo.example"})
    inspect(work, folder, "1.pcap", post(at(0), "upd.bookaroo.example", server="203.0.113.77"),
            [tick(at(3, 23))])
    check(not of(work, "no-updates-seen"), "three days are two cycles")
    inspect(work, folder, "2.pcap", [tick(at(20, 9)), tick(at(20, 12))])
    check(not of(work, "no-updates-seen"), "days without capture count")
    inspect(work, folder, "3.pcap", [tick(at(21, 1)), tick(at(21, 23))])
    told = of(work, "no-updates-seen")
    check(len(told) == 1 and "the last 4 days" in told[0]["sentence"], told)
    check(told[0]["severity"] == "low" and told[0]["scope"] == "program", told)


def backup(day):
    return post(at(day, 20), "store1.wombatvault.example", 100_000)


def case_backup(work):
    """a backup that stays away on captured evenings is missed; on others it is not"""
    folder = register(work)
    inspect(work, folder, "1.pcap", *[backup(day) for day in range(6)], [tick(at(6, 23))])
    check(not of(work, "expected-flow-missing"), "one evening is told")
    inspect(work, folder, "2.pcap", [tick(at(7, 8)), tick(at(7, 18))], [tick(at(8, 8)), tick(at(8, 18))])
    # One capture from the seventh to the eighth day holds the evening between.
    told = of(work, "expected-flow-missing")
    check(len(told) == 1 and f"since {FIRST + datetime.timedelta(days=5)}" in told[0]["sentence"], told)
    check(not of(work, "volume-anomaly"), "a backup is no more than usual")


def case_backup_not_captured(work):
    """evenings that nobody captured are no silence"""
    folder = register(work)
    inspect(work, folder, "1.pcap", *[backup(day) for day in range(6)])
    for day in range(6, 10):
        inspect(work, folder, f"{day}.pcap", [tick(at(day, 8)), tick(at(day, 18))])
    check(not of(work, "expected-flow-missing"), "days without capture count")


def hl7(start_ns):
    """A message without a patient, and its answer."""
    made = []
    talk = frames.Tcp(made, (frames.CLIENT, 50001), ("203.0.113.20", 2575), start_ns)
    talk.send(b"\x0bMSH|^~\\&|QUOLLSEND|A|B|C|20260803||ACK|1|P|2.4\r"
              b"SFT|Quoll Pty|7.1|Quoll Link|build 9\rMSA|AA|1\r\x1c\r")
    talk.receive(b"\x0bMSH|^~\\&|FARAPP|B|A|C|20260803||ACK|2|P|2.4\rMSA|AA|1\r\x1c\r").close()
    return made


def mail(start_ns):
    """From outside to a mail server of the practice; what is forwarded speaks of other software."""
    made = []
    talk = frames.Tcp(made, ("198.51.100.9", 40000), (frames.CLIENT, 25), start_ns)
    talk.receive(b"220 mx.practice.example ESMTP Wattle 3.2\r\n").send(b"EHLO far.example\r\n")
    talk.receive(b"250 mx.practice.example\r\n").send(b"MAIL FROM:<a@far.example>\r\n")
    talk.receive(b"250 ok\r\n").send(b"RCPT TO:<b@practice.example>\r\n")
    talk.receive(b"250 ok\r\n").send(b"DATA\r\n").receive(b"354 go\r\n")
    talk.send(b"Subject: x\r\nX-Mailer: Far 9.9\r\n\r\nbody\r\n.\r\nQUIT\r\n")
    talk.receive(b"250 ok\r\n221 bye\r\n").close()
    return made


def ssh(start_ns):
    made = []
    talk = frames.Tcp(made, (frames.CLIENT, 50022), ("203.0.113.20", 22), start_ns)
    talk.receive(b"SSH-2.0-FarSSH_1.1\r\n").send(b"SSH-2.0-WombatSSH_5.1 build 3\r\n")
    talk.send(b"\0\0\1\2locked").receive(b"\0\0\1\2locked").close()
    return made


def case_said(work):
    """versions are what the practice's own side says of itself, in fields that are made for it"""
    folder = register(work, wattlemail={"match_rules": "port:tcp/2575"})
    inspect(work, folder, "1.pcap", post(at(0)), hl7(at(0, 11)), mail(at(0, 12)),
            ssh(at(0, 13)))
    said = set(table(work, "SELECT sender, source, text FROM software"))
    check({(0, "user-agent", "Sync/4.2"), (0, "hl7", "QUOLLSEND"), (0, "hl7", "7.1"),
           (0, "hl7", "Quoll Link"), (0, "hl7", "build 9"), (1, "hl7", "FARAPP"),
           (1, "smtp-server", "ESMTP Wattle 3.2"), (1, "ssh", "FarSSH_1.1"),
           (0, "ssh", "WombatSSH_5.1 build 3")} == said, said)
    kept = set(table(work, "SELECT program, text FROM version"))
    check({("bookaroo", "Sync/4.2"), ("wattlemail", "QUOLLSEND"), ("wattlemail", "7.1"),
           ("wattlemail", "Quoll Link"), ("wattlemail", "build 9")} == kept, kept)


def case_exposed(work):
    """an old version, a way in and remote control on one computer are one question"""
    folder = register(work, bookaroo={"versions_known": "4.1|4.2", "min_supported": "4.2"})
    remote = post(at(0, 11), "r3.relay.hopdesk.example", server="203.0.113.55")
    made = []
    talk = frames.Tcp(made, ("198.51.100.9", 40000), (frames.CLIENT, 8090), at(0, 12))
    talk.send(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
    talk.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").close()
    inspect(work, folder, "1.pcap", post(at(0), agent="Sync/4.2"), remote, made)
    check(not of(work, "exposed-computer"), "two of the three are told as three")
    shutil.rmtree(work / "out")
    inspect(work, folder, "2.pcap", post(at(0), agent="Sync/4.1"), remote, made)
    told = of(work, "exposed-computer")
    check(len(told) == 1 and told[0]["computer"] == frames.CLIENT and
          told[0]["severity"] == "high", told)
    check(not [row for row in of(work, "unsupported-version") if row["program_id"] == "bookaroo"],
          "it is told twice")


if __name__ == "__main__":
    from exeat_run import main
    main()
