#!/usr/bin/env python3
"""SIGHUP in a live capture: the register is read again while it goes on, and one that cannot be used
changes nothing. In network namespaces; skips where this is not root."""
import csv
import io
import os
import select
import shutil
import signal
import subprocess
import sys
import time

import frames
from exeat_run import (EXEAT, REGISTER, SKIPPED, SOURCE, check, check_whole, environment,
                       exeat)
from lab import ALLOWED, Lab, children, last_input, remembered, wait_until
from payloads import LABELLED, http_ok, http_post

REFUSED = "changed registers refused while capturing"
DROPPED = "packets of guest or voice networks"
UNKNOWN = {"unknown-program", "unknown-destination"}
PROGRAM = ("hoopoe", "Hoopoe Sync", "Hoopoe Pty Ltd", "api.example.net")


def upload(port=50000, client=frames.CLIENT):
    made = []
    frames.Tcp(made, (client, port)).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def change(folder, name, old, new):
    path = folder / name
    text = path.read_text(encoding="utf-8")
    check(old in text, f"{name} has no {old!r}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def add_row(folder, table, **cells):
    """A row as the one before it, but for these cells."""
    path = folder / table
    lines = path.read_text(encoding="utf-8").splitlines()
    row = dict(zip(lines[0].split(","), lines[1].split(",")))
    row.update(cells)
    path.write_text("\n".join(lines + [",".join(row.values())]) + "\n", encoding="utf-8")


def register(work):
    return shutil.copytree(REGISTER, work / "register")


def correct(folder):
    """The program and the recipient of the uploads."""
    name, title, vendor, host = PROGRAM
    add_row(folder, "programs.csv", program_id=name, name=title, vendor=vendor,
            match_rules=f"dns:{host}", update_hosts="", hosts_installed=frames.CLIENT)
    add_row(folder, "destinations.csv", dest_id="hoopoe-api", program_id=name, recipient=vendor,
            match=f"dns:{host}", role="processor")


def flagged(lab):
    """Flags and programs of a report from the store, by the register that it remembers."""
    result = exeat("report", "--store", lab.work / "out" / "exeat.db", "--rules", SOURCE / "rules",
                   "--day", "today", "--csv", folder=lab.work / "later").expect(0, 1)
    rows = list(csv.DictReader(io.StringIO(result.out)))
    return ({flag for row in rows for flag in row["all_flags"].split("|") if flag},
            {row["program_id"] for row in rows})


def defers_hangup(pid):
    """While it waits for signals they do not count as blocked; but then it has a child."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        blocked, = [line.split()[1] for line in status if line.startswith("SigBlk:")]
    return int(blocked, 16) & 1 << (signal.SIGHUP - 1) or children(pid)


def line_said(process, seconds=20):
    """The next line on standard error, which is read a byte at a time so that none is held back."""
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stderr], [], [], seconds)
        check(ready, f"nothing more is said than {line!r}")
        byte = os.read(process.stderr.fileno(), 1)
        check(byte, "the capture ended")
        line += byte
    return line.decode()


def refusal(process):
    """What is said up to the sentence that ends a refusal."""
    said = ""
    while "in force" not in said:
        said += line_said(process)
    return said


def end(lab, process, *codes):
    process.send_signal(signal.SIGINT)
    result = lab.finish(process).expect(*(codes or (1,)))
    check_whole(result.folder)
    return result


def case_corrected(work):
    """what was flagged before the register was corrected is accepted after a SIGHUP, in the store
    while the capture goes on, and in its reports"""
    folder = register(work)
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", folder)
        lab.send(upload())
        time.sleep(1)
        process.send_signal(signal.SIGHUP)  # unchanged: what was seen so far is kept
        wait_until(lambda: UNKNOWN <= flagged(lab)[0], f"flags {flagged(lab)}")
        correct(folder)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: PROGRAM[0] in remembered(lab.work / "out"), "it is not remembered")
        flags, programs = flagged(lab)
        check(not UNKNOWN & flags and programs == {PROGRAM[0]}, f"flags {flags} of {programs}")
        lab.send(upload(50001))
        time.sleep(1)
        result = end(lab, process)
        check(result.err == "", f"it says {result.err!r}")
        check({flow["src_port"] for flow in result.flows()} == {50000, 50001}, "one is missing")
        check({flow["program"] for flow in result.flows()} == {PROGRAM[0]}, "by another register")
        check(REFUSED not in result.run_facts()["losses"], "one was refused")


def case_broken(work):
    """a register with a mistake: a sentence with its place, the one before stays in force, and the
    reports count it; corrected, it is taken; so is a folder that was put in the place of another"""
    folder = register(work)
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", folder)
        correct(folder)
        change(folder, "programs.csv", "pms,approved", "pms,aproved")
        process.send_signal(signal.SIGHUP)
        said = refusal(process)
        check("programs.csv:2:5 " in said, f"it says {said!r}")
        lab.send(upload())
        check(PROGRAM[0] not in remembered(lab.work / "out"), "the broken one is remembered")
        (folder / "programs.csv").unlink()
        process.send_signal(signal.SIGHUP)
        said = refusal(process)
        check("programs.csv" in said, f"it says {said!r}")
        other = shutil.copytree(REGISTER, work / "other")
        correct(other)
        shutil.rmtree(folder)
        process.send_signal(signal.SIGHUP)
        said = refusal(process)
        check("cannot open the register folder" in said, f"it says {said!r}")
        other.rename(folder)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: PROGRAM[0] in remembered(lab.work / "out"), "it is not remembered")
        result = end(lab, process)
        check(result.run_facts()["losses"].get(REFUSED) == 3, str(result.run_facts()["losses"]))
        check({flow["program"] for flow in result.flows()} == {PROGRAM[0]}, "by another register")


def case_refused(work):
    """another time zone, nobody who allows the capture: what would be right for a start alone is
    refused while it goes on"""
    folder = register(work)
    with Lab(work) as lab:
        process = lab.start("--register", folder)
        for old, new, words in (("Australia/Sydney", "Australia/Perth", ("time zone", "again")),
                                ("Practice principal\ncapture_authorised_on,2026-11-02",
                                 "\ncapture_authorised_on,", ("nobody is recorded",))):
            change(folder, "practice.csv", old, new)
            process.send_signal(signal.SIGHUP)
            said = line_said(process)
            check(all(word in said for word in words), f"it says {said!r}")
            change(folder, "practice.csv", new, old)
        lab.send(upload())
        time.sleep(1)
        result = end(lab, process)
        check(result.run_facts()["losses"].get(REFUSED) == 2, str(result.run_facts()["losses"]))


def case_networks(work):
    """the practice's own networks and those of guests are those of the register in force; with
    --save, which goes on"""
    folder = register(work)
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", folder, "--save", work / "saved" / "visit",
                            "--purpose", "a test", "--keep", "1d")
        lab.send(upload())
        lab.send(upload(50001, "10.9.8.7"))  # neither end is inside
        time.sleep(1)
        change(folder, "practice.csv", "guest_nets,", "guest_nets,192.168.50.0/24")
        change(folder, "practice.csv", "192.168.30.0/24", "192.168.30.0/24|10.9.8.0/24")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "10.9.8.0/24" in remembered(lab.work / "out", "practice.csv"),
                   "it is not remembered")
        lab.send(upload(50002, "192.168.50.7"))
        lab.send(upload(50003, "10.9.8.7"))
        time.sleep(1)
        change(folder, "practice.csv", "192.168.50.0/24", "192.168.60.0/24")
        process.send_signal(signal.SIGHUP)
        check("guest and voice networks" in line_said(process), "it is not said")
        wait_until(lambda: "192.168.60.0/24" in remembered(lab.work / "out", "practice.csv"),
                   "it is not remembered")
        lab.send(upload(50004, "192.168.60.7"))
        lab.send(upload(50005))
        time.sleep(1)
        result = end(lab, process)
        flows = {flow["src_port"]: flow for flow in result.flows()}
        check(set(flows) == {50000, 50001, 50003, 50005}, f"conversations of {set(flows)}")
        directions = {port: flow["direction"] for port, flow in flows.items()}
        check(directions[50001] != directions[50000] == directions[50003], f"{directions}")
        facts = result.run_facts()
        check(facts["losses"][DROPPED] == len(upload()), f"losses {facts['losses']}")
        check("exeat for" in facts["excluded_by"], f"by {facts['excluded_by']!r}")
        check(facts["saved"]["frames"] == 4 * len(upload()), f"{facts['saved']}")


def kinds(result):
    return {flow["src_port"]: {finding["kind"] for finding in flow["findings"]}
            for flow in result.flows()}


def case_rules(work):
    """changed rules hold for conversations whose content begins later, open ones go on under those
    that they began with; broken ones are refused"""
    with Lab(work) as lab:
        lab.rules = shutil.copytree(lab.rules, work / "rules")
        process = lab.start(*ALLOWED, "--register", register(work))
        pieces = []
        connection = frames.Tcp(pieces, (frames.CLIENT, 50001))
        request = http_post(LABELLED)
        connection.send(request[:-20])
        half = len(pieces)
        connection.send(request[-20:]).receive(http_ok()).close()
        lab.send(upload() + pieces[:half])
        time.sleep(1)
        change(lab.rules, "identifiers.csv", "\nmedicare,", "\nmedicare-new,")
        process.send_signal(signal.SIGHUP)
        said = line_said(process, 60)
        check("changed rules hold" in said, f"it says {said!r}")
        lab.send(upload(50002) + pieces[half:])
        time.sleep(1)
        change(lab.rules, "identifiers.csv", "\nmedicare-new,", "\nmedicare-bad,no-such-word")
        process.send_signal(signal.SIGHUP)
        said = refusal(process)
        check("rules/identifiers.csv:" in said, f"it says {said!r}")
        lab.send(upload(50003))
        time.sleep(1)
        result = end(lab, process)
        found = kinds(result)
        check("medicare" in found[50000] and "medicare" in found[50001], f"{found}")
        check("medicare-new" in found[50002] and "medicare-new" in found[50003], f"{found}")
        check("medicare-new" not in found[50001] and "medicare" not in found[50002], f"{found}")
        losses = result.run_facts()["losses"]
        check(losses.get("changed rules refused while capturing") == 1, f"losses {losses}")
        check(REFUSED not in losses, f"losses {losses}")


def case_flags_alone(work):
    """of changed flags no patterns are made: they hold at once, also for what was seen before"""
    with Lab(work) as lab:
        lab.rules = shutil.copytree(lab.rules, work / "rules")
        process = lab.start(*ALLOWED, "--register", register(work))
        lab.send(upload())
        time.sleep(1)
        change(lab.rules, "flags.csv", "\nunknown-destination,medium,identifiable,",
               "\nunknown-destination,info,no,")
        process.send_signal(signal.SIGHUP)
        said = line_said(process, 60)
        check("changed flags and lists" in said, f"it says {said!r}")
        lab.send(upload(50001))
        time.sleep(1)
        result = end(lab, process)
        found = kinds(result)
        check(all("medicare" in found[port] for port in (50000, 50001)), f"{found}")
        severities = {row["severity"] for row in result.rows("flags.csv")
                      if row["flag"] == "unknown-destination"}
        check(severities == {"info"}, f"severities {severities}")


def case_many_rules(work):
    """each set of rules that an open conversation began under is kept, up to four; then a change is
    refused, until one of these conversations has ended: that of the first set as well"""
    with Lab(work) as lab:
        lab.rules = shutil.copytree(lab.rules, work / "rules")
        process = lab.start(*ALLOWED, "--register", register(work))
        first = None
        for number in range(4):
            pieces = []
            connection = frames.Tcp(pieces, (frames.CLIENT, 50000 + number))
            connection.send(http_post(LABELLED))
            lab.send(pieces)
            time.sleep(1)
            name = "medicare" + "-x" * number
            change(lab.rules, "identifiers.csv", f"\n{name},", f"\n{name}-x,")
            process.send_signal(signal.SIGHUP)
            said = line_said(process, 60)
            check(("still open" if number == 3 else "changed rules hold") in said, f"it says {said!r}")
            first = first or (connection, pieces)
        connection, pieces = first
        pieces.clear()
        connection.close()
        lab.send(pieces)
        time.sleep(8)  # FLOW_TCP_CLOSED_NS and more; no packet comes
        process.send_signal(signal.SIGHUP)
        said = line_said(process, 60)
        check("changed rules hold" in said, f"it says {said!r}")
        result = end(lab, process)
        found = kinds(result)
        for number, port in enumerate((50000, 50001, 50002, 50003)):
            name = "medicare" + "-x" * number
            check({kind for kind in found[port] if kind.startswith("medicare")} == {name},
                  f"{port}: {found[port]}")
        losses = result.run_facts()["losses"]
        check(losses.get("changed rules refused while capturing") == 1, f"losses {losses}")


def case_often(work):
    """a hundred SIGHUPs while packets arrive: nothing is lost, no file stays open, no memory is
    kept; the inspector itself does not heed one"""
    folder = register(work)
    many = [frame for port in range(50000, 50020) for frame in upload(port)]
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", folder)
        inspector, = children(process.pid)
        before = [len(os.listdir(f"/proc/{pid}/fd")) for pid in (process.pid, inspector)]
        lab.send(many[:60])
        for _ in range(100):
            process.send_signal(signal.SIGHUP)
            os.kill(inspector, signal.SIGHUP)
            time.sleep(0.02)
        lab.send(many[60:])
        time.sleep(1)
        after = [len(os.listdir(f"/proc/{pid}/fd")) for pid in (process.pid, inspector)]
        check(after == before, f"{before} descriptors before, {after} after")
        result = end(lab, process)
        check(result.err == "", f"it says {result.err!r}")
        check(len(result.flows()) == 20, f"{len(result.flows())} conversations")
        check(all(flow["findings"] for flow in result.flows()), "content was lost")


def case_too_often(work):
    """more SIGHUPs than a busy inspector can be told of: what is said of each is counted as well"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", register(work))
        inspector, = children(process.pid)
        os.kill(inspector, signal.SIGSTOP)
        said = 0
        for _ in range(3000):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.005)
            while select.select([process.stderr], [], [], 0)[0]:
                check("was not read again" in line_said(process), "something else is said")
                said += 1
            if said >= 3:
                break
        check(said >= 3, "all of them were passed on")
        os.kill(inspector, signal.SIGCONT)
        lab.send(upload())
        time.sleep(1)
        result = end(lab, process)
        said += result.err.count("was not read again")
        check(result.run_facts()["losses"].get(REFUSED) == said,
              f"{said} said, losses {result.run_facts()['losses']}")


def case_early(work):
    """a SIGHUP before the capture has begun does not end it; without a register there is nothing to
    read again"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, wait=False)
        wait_until(lambda: defers_hangup(process.pid), "it never defers a SIGHUP", 10)
        for _ in range(20):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.01)
        wait_until((lab.work / "out" / "exeat.db").exists, "it does not begin")
        time.sleep(1)
        lab.send(upload())
        time.sleep(1)
        check(end(lab, process).err == "", "something is said")


def case_terminal(work):
    """a terminal that goes away ends the capture in order, with its reports"""
    with Lab(work) as lab:
        ours, theirs = os.openpty()
        process = subprocess.Popen(
            ["ip", "netns", "exec", lab.inside, EXEAT, *map(str, lab.command(*ALLOWED))],
            env=environment(), stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        wait_until(lambda: last_input(work / "out"), "the capture does not begin")
        lab.send(upload())
        time.sleep(1)
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        check(process.poll() is None, "a SIGHUP ended it while it had its terminal")
        os.close(ours)
        process.send_signal(signal.SIGHUP)
        # 6: nobody sees the table.
        check(process.wait(timeout=60) == 6, f"exit code {process.returncode}")
        check_whole(work / "out")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
