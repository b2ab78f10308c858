#!/usr/bin/env python3
"""A live interface that falls silent: conversations that are over end by the clock, also by one that
is set back, and the reports say how long the capture listened. In network namespaces; skips where
this is not root."""
import os
import re
import signal
import sqlite3
import struct
import sys
import time

import frames
from exeat_run import REGISTER, SKIPPED, Skipped, check, check_whole
from lab import ALLOWED, Lab, wait_until
from payloads import LABELLED, http_ok, http_post

SHIM = os.environ.get("EXEAT_STEPPING_SHIM")
CLOSED_SECONDS = 5  # FLOW_TCP_CLOSED_NS
HALF_HOUR, TWO_HOURS = 1800, 7200


def upload(port=50000):
    made = []
    frames.Tcp(made, (frames.CLIENT, port)).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def ended(process):
    """Source ports of the conversations that the store knows to have ended: as a SIGHUP makes it
    keep what has happened by now."""
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    store = sqlite3.connect(f"file:{process.folder}/exeat.db?mode=ro", uri=True)
    try:
        return {port for port, in store.execute(
            "SELECT src_port FROM flow JOIN record ON record.flow=flow.id WHERE record.last")}
    finally:
        store.close()


def wait_for_end(process, ports, seconds):
    wait_until(lambda: ended(process) == ports, f"{ended(process)} have ended, not {ports}", seconds)


def stop(lab, process):
    process.send_signal(signal.SIGINT)
    result = lab.finish(process).expect(1)
    check_whole(result.folder)
    return result


def case_silence(work):
    """a conversation that is over ends, and is stored as ended, though no packet comes after it"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", REGISTER)
        lab.send(upload())
        time.sleep(1)
        check(not ended(process), "it has ended too early")
        wait_for_end(process, {50000}, CLOSED_SECONDS + 5)
        stop(lab, process)


def case_noise(work):
    """the same while nothing comes but frames that are no packets, more often than the capture would
    take for a silence"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", REGISTER)
        lab.send(upload())
        noise = [(0, frames.ETHERNET[:12] + b"\x88\xcc" + bytes(46))]
        end = time.monotonic() + CLOSED_SECONDS + 3
        while time.monotonic() < end:
            lab.send(noise)
        check(ended(process) == {50000}, "it has not ended")
        stop(lab, process)


def case_recorded(work):
    """eight seconds in which little came were eight seconds, and not none"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--for", "8s")
        lab.send(upload())
        result = lab.finish(process).expect(1)
        check_whole(result.folder)
        said, = re.findall(r"Recorded (\d+) seconds", result.out)
        check(7 <= int(said) <= 9, f"{said} seconds are said")
        told = result.run_facts()["captured_seconds"]
        check(7 <= told <= 9, f"{told} seconds are told")


def case_set_back(work):
    """a clock that is set back by half an hour, later by two hours: nothing is split or lost, and
    conversations go on ending in the silence that follows"""
    if not SHIM:
        raise Skipped("nothing can stand in for a function in a build with a sanitizer")
    clock = work / "clock"
    clock.write_bytes(bytes(8))

    def set_back(seconds):
        # In place: exeat has it in memory.
        with open(clock, "r+b") as file:
            file.write(struct.pack("=q", -seconds))

    os.chmod(work, 0o755)
    with Lab(work) as lab:
        lab.within = ("env", f"LD_PRELOAD={SHIM}", f"STEPPING_FILE={clock}")
        process = lab.start(*ALLOWED, "--register", REGISTER)
        first = upload()
        lab.send(first[:-2])
        time.sleep(1)
        set_back(HALF_HOUR)
        lab.send(first[-2:])
        wait_for_end(process, {50000}, 2 * CLOSED_SECONDS + 8)
        lab.send(upload(50001))
        wait_for_end(process, {50000, 50001}, 2 * CLOSED_SECONDS + 8)
        lab.send(upload(50002))
        set_back(HALF_HOUR + TWO_HOURS)
        lab.send(upload(50003))
        wait_for_end(process, {50000, 50001, 50002, 50003}, CLOSED_SECONDS + 5)
        result = stop(lab, process)
        flows = result.flows()
        check(sorted(flow["src_port"] for flow in flows) == [50000, 50001, 50002, 50003],
              f"conversations of {[flow['src_port'] for flow in flows]}")
        check(all(flow["findings"] for flow in flows), "content was lost")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
