#!/usr/bin/env python3
"""The machine gives out: no room for a file, no memory, no permission, two runs at once. Exit code
6, a sentence, and the reports of the earlier run as they were; then the next run succeeds."""
import os
import resource
import shutil
import signal
import subprocess
import threading
import time

import frames
from exeat_run import (EXEAT, SANITIZED, SOURCE, Failed, Skipped, check, check_whole, exeat,
                       inspect, snapshot, start)
from payloads import LABELLED, http_ok, http_post

FEW, MANY = 3, 3000


def capture(conversations, first_port=50000):
    made, start_ns = [], frames.START_NS
    for n in range(conversations):
        tcp = frames.Tcp(made, (frames.CLIENT, first_port + n), start_ns=start_ns)
        tcp.send(http_post(LABELLED)).receive(http_ok()).close()
        start_ns += 10 * frames.MILLISECOND_NS
    return frames.pcap(made)


def reports(folder):
    """All but the store, whose bytes may differ while its content does not."""
    return {name: data for name, data in snapshot(folder).items()
            if not name.startswith("exeat.db")}


def limit_files(largest):
    def apply():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    return apply


def check_refused(work, run, words):
    """run(): the run that must fail. Then one with room must give what a fresh folder gets."""
    folder = work / "out"
    inspect(work, capture(FEW)).expect(1)
    before = reports(folder)
    run().expect(6).one_sentence(*words)
    after = reports(folder)
    check(set(after) == set(before), f"files came or went: {set(after) ^ set(before)}")
    check(after == before, "reports of the earlier run have changed")
    inspect(work, capture(MANY, 10000)).expect(1)
    check_whole(folder)
    told = sum(1 for _ in open(folder / "flows.jsonl", "rb"))
    check(told == MANY + FEW, f"the next run tells {told} conversations, not {MANY + FEW}")


def case_file_size(work):
    """no room for the store: exit 6, one sentence, earlier reports unchanged, then it works"""
    big = capture(MANY, 10000)
    for largest in (1 << 20, 200 << 10):
        folder = work / str(largest)
        folder.mkdir()
        check_refused(folder, lambda: inspect(folder, big, preexec=limit_files(largest)),
                      ("cannot", "earlier"))


def case_file_size_report(work):
    """no room for the reports of a good store: exit 6, one sentence, earlier reports unchanged"""
    folder = work / "out"
    first = inspect(work, capture(MANY)).expect(1)
    before = snapshot(folder)
    flows = (folder / "flows.jsonl").stat().st_size
    result = exeat("report", "--store", folder / "exeat.db", "--out", folder, "--rules",
                   SOURCE / "rules", folder=first.folder, preexec=limit_files(flows - 4096))
    result.expect(6).one_sentence("cannot", "earlier")
    check(reports(folder) == {k: v for k, v in before.items() if not k.startswith("exeat.db")},
          "reports of the earlier run have changed")


def limit_memory(largest):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (largest, largest))


def least_memory():
    """MiB of address space in which the program can be loaded at all."""
    for mebibytes in range(32, 512, 8):
        loaded = subprocess.run([EXEAT, "--version"], capture_output=True, check=False,
                                preexec_fn=limit_memory(mebibytes << 20))
        if loaded.returncode == 0:
            return mebibytes
    raise Skipped("the program cannot be loaded in 512 MiB")


def case_memory(work):
    """no memory: exit 6 and one sentence at whatever point it runs out, earlier reports unchanged"""
    if SANITIZED:
        raise Skipped("a sanitizer needs address space of its own")
    folder = work / "out"
    inspect(work, capture(FEW)).expect(1)
    before = reports(folder)
    big = capture(MANY, 10000)
    refused = 0
    least = least_memory()
    for mebibytes in (least + more for more in (0, 8, 24, 40, 60, 88, 120)):
        result = inspect(work, big, preexec=limit_memory(mebibytes << 20))
        if result.code != 6:
            break
        refused += 1
        result.one_sentence("cannot", "memory")
        check(reports(folder) == before, f"reports have changed at {mebibytes} MiB")
    check(refused > 0, "no limit was small enough")
    inspect(work, big).expect(1)
    check_whole(folder)


def case_no_permission(work):
    """an output folder that may not be written: exit 6, one sentence with its name"""
    locked = work / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    before = ()
    if os.geteuid() == 0:
        before = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        if not shutil.which("setpriv") or exeat("--version", before=before).code != 0:
            raise Skipped("an ordinary user cannot reach the program here")
    path = work / "in.pcap"
    path.write_bytes(capture(FEW))
    # A tree in root's own folder is closed to the other user; a copy of the rules is not.
    rules = shutil.copytree(SOURCE / "rules", work / "rules")
    for out in (locked / "out", locked):
        result = exeat("inspect", path, "--rules", rules, "--out", out, before=before)
        result.expect(6).one_sentence("permission")
    check(not os.listdir(locked), "something was written")


def case_file_in_place_of_folder(work):
    """an output folder that is a file: exit 6 or 2, one sentence, the file unchanged"""
    (work / "out").write_bytes(b"mine")
    inspect(work, capture(FEW)).expect(2, 6).one_sentence("out")
    check((work / "out").read_bytes() == b"mine", "the file has changed")


def case_parent_absent(work):
    """an output folder in a folder that is not there: one sentence with its name"""
    path = work / "in.pcap"
    path.write_bytes(capture(FEW))
    result = exeat("inspect", path, "--rules", SOURCE / "rules", "--out", work / "no" / "out")
    result.expect(2, 6).one_sentence("no such file")


def case_damaged_store(work):
    """a store that is not one: a sentence, exit 2 or 6, the reports as they were"""
    folder = work / "out"
    inspect(work, capture(FEW)).expect(1)
    before = reports(folder)
    store = folder / "exeat.db"
    whole = store.read_bytes()
    for damage in (b"not a database at all" * 100, whole[:5000],
                   whole[:4096] + b"\xa5" * 8192 + whole[12288:]):
        store.write_bytes(damage)
        result = inspect(work, capture(FEW, 20000))
        if result.code == 1:  # the damage lay where nothing is read
            check_whole(folder)
            before = reports(folder)
            continue
        result.expect(2, 6).one_sentence("store")
        check(reports(folder) == before, "reports of the earlier run have changed")


def case_two_runs(work):
    """two runs into one folder at once: each succeeds or says a sentence, what stands is whole"""
    for turn in range(3):
        results, errors = [], []

        def run(port):
            try:
                (work / f"{port}.pcap").write_bytes(capture(400, port))
                results.append(exeat("inspect", work / f"{port}.pcap", "--rules", SOURCE / "rules",
                                     "--out", work / "out", folder=work / "out", private=False))
            except Failed as reason:
                errors.append(reason)

        runs = [threading.Thread(target=run, args=(20000 + 1000 * n + turn,)) for n in range(3)]
        for one in runs:
            one.start()
        for one in runs:
            one.join()
        check(not errors, f"{errors[:1]}")
        check(any(result.code == 1 for result in results), "no run succeeded")
        for result in results:
            if result.code != 1:
                result.expect(6).one_sentence("another exeat")
    check_whole(work / "out")
    inspect(work, capture(FEW)).expect(1)
    check_whole(work / "out")


def case_report_meanwhile(work):
    """the cron report works while a run has the folder, and does not harm that run"""
    folder = work / "out"
    inspect(work, capture(FEW)).expect(1)
    data = capture(FEW, 20000)
    running = start(["inspect", "-", "--rules", SOURCE / "rules", "--out", folder], pieces=True)
    running.stdin.write(data[:len(data) // 2])
    running.stdin.flush()
    time.sleep(2)
    report = exeat("report", "--store", folder / "exeat.db", "--csv", "--rules", SOURCE / "rules")
    report.expect(1)
    check(len(report.out.splitlines()) > 1, "the report is empty")
    running.stdin.write(data[len(data) // 2:])
    _, err = running.communicate(timeout=60)
    check(running.returncode == 1, f"exit code {running.returncode} of the other run: {err!r}")
    check_whole(folder)


def case_closed_output(work):
    """a reader of the table that goes away does not lose the reports"""
    path = work / "in.pcap"
    path.write_bytes(capture(FEW))

    def close_output():
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, 1)

    result = exeat("inspect", path, "--rules", SOURCE / "rules", "--out", work / "out",
                   folder=work / "out", preexec=close_output)
    result.expect(6, 1)
    check_whole(work / "out")


if __name__ == "__main__":
    from exeat_run import main
    main()
