#!/usr/bin/env python3
"""The daily report from a store of several captures: each day has its own times and losses, in the
practice's time zone, and a store of an earlier version is brought up to date."""
import contextlib
import csv
import datetime
import io
import json
import sqlite3
import zoneinfo

import frames
from exeat_run import SOURCE, check, exeat

ZONE = zoneinfo.ZoneInfo("Australia/Sydney")
REGISTER = SOURCE / "fixtures" / "clinic-day" / "register"
OLD_STORE = SOURCE / "fixtures" / "store" / "version-1.sql"


def at(day, hour, minute=0):
    """Nanoseconds of a local time in October 2026, in which clocks go forward on the 4th."""
    moment = datetime.datetime(2026, 10, day, hour, minute, tzinfo=ZONE)
    return int(moment.timestamp()) * 10**9


def datagram(port, time_ns):
    return (time_ns, frames.udp((frames.CLIENT, port), (frames.SERVER, 9999), b"x" * 40))


def inspect(work, name, *packets, damage=0):
    data = frames.pcap([datagram(4000, time_ns) for time_ns in packets])
    (work / name).write_bytes(data[:len(data) - damage])
    return exeat("inspect", work / name, "--rules", SOURCE / "rules", "--register", REGISTER,
                 "--quiet", "--out", work / "out")


def report(work, day, *arguments):
    result = exeat("report", "--store", work / "out" / "exeat.db", "--rules", SOURCE / "rules",
                   "--csv", "--day", f"2026-10-{day:02}", *arguments)
    return result, list(csv.DictReader(io.StringIO(result.out, newline=""), strict=True))


def expect(work, day, seconds, code=None, **cells):
    result, rows = report(work, day)
    check(rows and all(row["date"] == f"2026-10-{day:02}" for row in rows), f"rows of day {day}")
    for row in rows:
        check(row["captured_seconds"] == str(seconds),
              f"day {day}: {row['captured_seconds']} seconds captured, expected {seconds}")
        for name, value in cells.items():
            check(row[name] == value, f"day {day}: {name} is {row[name]!r}, expected {value!r}")
    if code is not None:
        result.expect(code)
    check(result.out == report(work, day)[0].out, f"day {day}: two reports differ")


def case_coverage(work):
    """a day's captured seconds are the union of its captures, on days of 23 hours, too"""
    inspect(work, "evening.pcap", at(2, 20), at(2, 22))
    inspect(work, "long.pcap", at(2, 21), at(5, 1))
    inspect(work, "minute.pcap", at(7, 9), at(7, 9, 1))
    expect(work, 1, 0, 1, top_flag="not-captured", flows="0")
    expect(work, 2, 4 * 3600)
    expect(work, 3, 24 * 3600, top_flag="")
    expect(work, 4, 23 * 3600, top_flag="")
    expect(work, 5, 3600)
    expect(work, 6, 0, 1, top_flag="not-captured", flows="0")
    expect(work, 7, 60)


def case_every_date(work):
    """in a table of several days each has its own captured seconds"""
    inspect(work, "a.pcap", at(2, 21), at(5, 1))
    with open(work / "out" / "summary.csv", encoding="utf-8", newline="") as table:
        seconds = {row["date"][-2:]: row["captured_seconds"] for row in csv.DictReader(table)}
    check(seconds == {"02": "10800", "03": "86400", "04": "82800", "05": "3600"}, seconds)


def flags_of(work, day):
    result, _ = report(work, day, "--out", work / f"day-{day}")
    with open(work / f"day-{day}" / "flags.csv", encoding="utf-8", newline="") as table:
        flags = {row["flag"] for row in csv.DictReader(table)}
    facts = json.loads((work / f"day-{day}" / "run.json").read_text(encoding="utf-8"))
    return result, flags, facts


def case_losses(work):
    """what a capture lost is a gap of its own days, not of others"""
    inspect(work, "good.pcap", at(7, 9), at(7, 10))
    inspect(work, "cut.pcap", at(8, 9), at(8, 10), at(8, 11), damage=30)
    _, flags, facts = flags_of(work, 7)
    check("capture-gap" not in flags, "the day before the damage has a gap")
    check(len(facts["inputs"]) == 1, "run.json names captures of other days")
    _, flags, facts = flags_of(work, 8)
    check("capture-gap" in flags, "the day of the damage has no gap")
    check(facts["captured_seconds"] == 3600, facts["captured_seconds"])


def case_losses_by_hour(work):
    """of a capture over two days, each has the losses that happened in it"""
    made = [datagram(4000, at(7, 9))]
    talk = frames.Tcp(made, start_ns=at(8, 9)).send(b"a" * 300)
    talk.sequences[0] += 100
    talk.send(b"b" * 300).close()
    made.append(datagram(4000, at(9, 1)))
    (work / "a.pcap").write_bytes(frames.pcap(made))
    exeat("inspect", work / "a.pcap", "--rules", SOURCE / "rules", "--register", REGISTER,
          "--quiet", "--out", work / "out")
    expected = {7: False, 8: True, 9: False}
    check({day: "capture-gap" in flags_of(work, day)[1] for day in expected} == expected,
          "gaps stand on other days")
    expect(work, 7, 15 * 3600, capture_loss_pct="0.00")
    expect(work, 8, 24 * 3600, capture_loss_pct="14.29")


def case_old_store(work):
    """a store of version 1 is read as it is, and brought up to date when it is written to"""
    (work / "out").mkdir()
    with contextlib.closing(sqlite3.connect(work / "out" / "exeat.db")) as database:
        database.executescript(OLD_STORE.read_text(encoding="utf-8"))
    arguments = ("report", "--store", work / "out" / "exeat.db", "--rules", SOURCE / "rules")
    before = (work / "out" / "exeat.db").read_bytes()
    old = exeat(*arguments, "--csv").expect(1).out
    check((work / "out" / "exeat.db").read_bytes() == before, "reading changed the store")
    exeat(*arguments, "--out", work / "new").expect(1)
    check(exeat(*arguments, "--csv").expect(1).out == old,
          "the old store and the new one differ")
    with open(work / "new" / "flows.jsonl", encoding="utf-8") as lines:
        flows = [json.loads(line) for line in lines]
    ends = [(flow["src"], flow["dst"], flow["computer"]) for flow in flows]
    check(all(flow["computer_name"] == flow["computer_name_source"] == "" for flow in flows),
          "an address passes for a name")
    check(all(flow["ja3"] == flow["cert_not_after"] == "" for flow in flows), "facts made up")
    check(ends == [("203.0.113.30", "192.168.20.21", "192.168.20.21"),
                   ("2001:db8:a::5", "2001:db8:20::12", "2001:db8:a::5")], ends)
    facts = json.loads((work / "new" / "run.json").read_text(encoding="utf-8"))
    check(facts["losses"] == {"frames that are not IP": 4}, facts["losses"])
    with contextlib.closing(sqlite3.connect(work / "out" / "exeat.db")) as database:
        check(database.execute("PRAGMA user_version").fetchone() == (8,), "the version is not 8")
        sizes = database.execute("SELECT length(src), length(dst) FROM flow ORDER BY 1").fetchall()
        check(sizes == [(4, 4), (16, 16)], sizes)
        check(database.execute("PRAGMA integrity_check").fetchone() == ("ok",), "damaged")


if __name__ == "__main__":
    from exeat_run import main
    main()
