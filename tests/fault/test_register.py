#!/usr/bin/env python3
"""A register or a rules file with mistakes: each mistake is named by file, line, column and cell, no
verdict is written, and what stands in the cell is not repeated when it may be a patient's."""
import re
import shutil

import frames
from exeat_run import (MEDICARE, MEDICARE_SPACED, REGISTER, SOURCE, check, check_private, exeat,
                       inspect, snapshot)
from payloads import LABELLED, http_ok, http_post

PLACE = re.compile(r"(practice|programs|destinations|contracts|basis)\.csv:\d+:\d+")
CELL = re.compile(r"\b(cell )?[A-Z]{1,2}\d+\b")
MISTAKES = [
    ("programs.csv", "paperbark,Paperbark Clinical", "Paper Bark!,Paperbark Clinical"),
    ("programs.csv", ",approved,practice manager,192.168.20.10", ",aproved,practice manager,x"),
    ("destinations.csv", "quoll-api,quollextract", "quoll-api,nobody"),
    ("destinations.csv", "sni:up.quoll.example", "sni;up.quoll.example"),
    ("contracts.csv", "2025-07-01,2027-06-30", "1/7/2025,2027-06-30"),
    ("contracts.csv", "2025-07-01,2027-06-30", "2027-07-01,2025-06-30"),
    ("basis.csv", "b-02,bookaroo", "b-01,bookaroo"),
    ("practice.csv", "timezone,Australia/Sydney", "timezone,Mars/Olympus"),
    ("practice.csv", "192.168.20.0/24", "192.168.20.0/99"),
]


def capture():
    made = []
    frames.Tcp(made).send(http_post(LABELLED)).receive(http_ok()).close()
    return frames.pcap(made)


def register_with(work, name, old, new):
    folder = work / "register"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(REGISTER, folder)
    text = (folder / name).read_text(encoding="utf-8")
    check(old in text, f"the test is out of date: {name} has no {old!r}")
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def case_mistakes(work):
    """every kind of mistake: exit 3, file, line, column, cell; nothing in the output folder"""
    for index, (name, old, new) in enumerate(MISTAKES):
        folder = register_with(work, name, old, new)
        result = inspect(work, capture(), name=f"out{index}", register=folder).expect(3)
        check(name in result.err, f"{name} is not named: {result.err!r}")
        if name != "practice.csv" or "timezone" not in new:
            check(PLACE.search(result.err), f"no line and column: {result.err!r}")
            check(CELL.search(result.err), f"no cell: {result.err!r}")
        left = {path.name for path in result.folder.rglob("*") if path.is_file()}
        check(left <= {"exeat.db", "exeat.key"}, f"output was written: {left}")
        exeat("register", "check", folder).expect(3)


def case_earlier_reports(work):
    """a register that breaks later leaves the earlier verdicts as they were"""
    inspect(work, capture(), register=REGISTER).expect(1)
    before = {k: v for k, v in snapshot(work / "out").items() if not k.startswith("exeat.db")}
    folder = register_with(work, *MISTAKES[0])
    inspect(work, capture(), register=folder).expect(3)
    after = {k: v for k, v in snapshot(work / "out").items() if not k.startswith("exeat.db")}
    check(after == before, "reports have changed")


def case_patient_in_register(work):
    """a patient's number in a cell is refused, and the complaint does not repeat it"""
    for number in (MEDICARE, MEDICARE_SPACED):
        folder = register_with(work, "basis.csv", "Waiting-room notice v4", f"notice {number}")
        result = inspect(work, capture(), register=folder).expect(3)
        check_private(result)
        check("basis.csv" in result.err, "the file is not named")


def case_hostile_cells(work):
    """cells with escapes, no end of quotes, zero bytes, UTF-16 and a megabyte are complained of"""
    cells = (b'"never closed', b"\x1b[31mred", b"\0\0\0", b"\xff\xfea\0b\0", b"x" * (1 << 20),
             b"," * 5000, b"\n" * 5000)
    for index, cell in enumerate(cells):
        folder = register_with(work, *MISTAKES[0])
        with open(folder / "programs.csv", "ab") as table:
            table.write(cell)
        result = inspect(work, capture(), name=f"out{index}", register=folder).expect(3)
        check("\x1b" not in result.err, "an escape came through")
        check(len(result.err) < 100_000, "the complaint has no end")


def case_missing_files(work):
    """a register folder that is empty, lacks a file, or is not there is named"""
    (work / "empty").mkdir()
    inspect(work, capture(), name="out1", register=work / "empty").expect(3).sentence(".csv")
    folder = register_with(work, *MISTAKES[0])
    shutil.copy(REGISTER / "programs.csv", folder)
    (folder / "contracts.csv").unlink()
    inspect(work, capture(), name="out2", register=folder).expect(3).sentence("contracts.csv")
    absent = inspect(work, capture(), name="out3", register=work / "absent").expect(2)
    absent.one_sentence("absent", "no such file")


def case_broken_rules(work):
    """a broken rules file: exit 2 with file, line and column, and no output"""
    for name, old, new in (("flags.csv", ",high,", ",hihg,"),
                           ("identifiers.csv", ",provider,", ",providr,"),
                           ("terms.csv", "medicine,", "medicin,"),
                           ("flags.csv", "id,severity", "it,severity")):
        rules = work / "rules"
        shutil.rmtree(rules, ignore_errors=True)
        shutil.copytree(SOURCE / "rules", rules)
        text = (rules / name).read_text(encoding="utf-8")
        check(old in text, f"the test is out of date: {name} has no {old!r}")
        (rules / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        path = work / "in.pcap"
        path.write_bytes(capture())
        result = exeat("inspect", path, "--rules", rules, "--out", work / "out",
                       folder=work / "out").expect(2)
        result.sentence(name)
        check(re.search(rf"{name}:\d+:\d+", result.err), f"no line and column: {result.err!r}")
        check(not (work / "out" / "summary.csv").exists(), "output was written")


def case_no_rules(work):
    """a rules folder that is not there, or is empty, is exit 2 with a sentence"""
    path = work / "in.pcap"
    path.write_bytes(capture())
    (work / "empty").mkdir()
    for rules in (work / "absent", work / "empty"):
        exeat("inspect", path, "--rules", rules).expect(2).one_sentence("rules")


def case_failed_run(work):
    """a run that fails leaves the store as it was: it remembers the register of the one before"""
    inspect(work, capture(), register=REGISTER).expect(1)
    before = snapshot(work / "out")
    other = work / "other"
    shutil.copytree(REGISTER, other)
    practice = (other / "practice.csv").read_text(encoding="utf-8")
    (other / "practice.csv").write_text(practice.replace("Nullawarra", "Wirrabara"),
                                        encoding="utf-8")
    inspect(work, capture(), "-f", "udp port", register=other).expect(2).sentence("filter")
    check(snapshot(work / "out") == before, "the failed run has changed what was there")


if __name__ == "__main__":
    from exeat_run import main
    main()
