#!/usr/bin/env python3
"""Without --out and --store what is found lies in a temporary file without a name: memory stays
bounded, the table is the same as from memory, and nothing is left in the folder however it ends."""
import os
import signal
import stat
import time

import frames
from exeat_run import MIB, SANITIZED, SOURCE, check, check_private, exeat, start, Result
from payloads import LABELLED, http_ok, http_post
from test_killed import children, gone, wait_until
from test_many_flows import one_packet_flows

FLOWS = 100_000
STEP_NS = 10 * frames.MILLISECOND_NS  # most have ended before the last begins
RULES = ("--rules", SOURCE / "rules")


def capture(conversations):
    made, start_ns = [], frames.START_NS
    for n in range(conversations):
        tcp = frames.Tcp(made, (frames.CLIENT, 10000 + n), start_ns=start_ns)
        tcp.send(http_post(LABELLED)).receive(http_ok()).close()
        start_ns += 10 * frames.MILLISECOND_NS
    return frames.pcap(made)


def temporary(folder):
    """A command that runs another with this temporary folder."""
    return ("env", f"TMPDIR={folder}")


def make(work, name="tmp"):
    folder = work / name
    folder.mkdir()
    return folder


def check_empty(folder):
    check(not os.listdir(folder), f"left in the temporary folder: {os.listdir(folder)}")


def case_same_table(work):
    """the table is the same from a temporary file and from memory, which is said; nothing is left"""
    folder = make(work)
    (work / "in.pcap").write_bytes(capture(50))
    kept = exeat("inspect", work / "in.pcap", *RULES, before=temporary(folder)).expect(1)
    check(kept.err == "", f"something is said: {kept.err!r}")
    check_empty(folder)
    usual = exeat("inspect", work / "in.pcap", *RULES).expect(1)
    check(usual.out == kept.out and usual.err == "", "the table differs without TMPDIR")
    absent = work / "absent"
    in_memory = exeat("inspect", work / "in.pcap", *RULES, before=temporary(absent)).expect(1)
    in_memory.one_sentence("temporary", str(absent), "memory", "TMPDIR")
    check(in_memory.out == kept.out, "the table differs")
    check(not absent.exists(), "the folder was made")


def case_memory(work):
    """a hundred thousand conversations take less memory than without a temporary file"""
    folder = make(work)
    with open(work / "in.pcap", "wb") as out:
        out.writelines(one_packet_flows(FLOWS, FLOWS + 1, STEP_NS))
    kept = exeat("inspect", work / "in.pcap", *RULES, before=temporary(folder)).expect(1)
    in_memory = exeat("inspect", work / "in.pcap", *RULES, before=temporary(work / "no")).expect(1)
    check(kept.out == in_memory.out, "the table differs")
    check_empty(folder)
    print(f"    {kept.peak_bytes // MIB} MiB, in memory {in_memory.peak_bytes // MIB} MiB; "
          f"{kept.processor_seconds:.1f} s of processor time, in memory "
          f"{in_memory.processor_seconds:.1f} s")
    if not SANITIZED:
        check(kept.peak_bytes + 8 * MIB < in_memory.peak_bytes, "it takes as much memory")


def open_in(pid, folder):
    """What the process has open in the folder: names and modes."""
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        path = f"/proc/{pid}/fd/{name}"
        target = os.readlink(path)
        if target.startswith(str(folder)):
            found.append((target, stat.S_IMODE(os.stat(path).st_mode)))
    return found


def check_killed(work, victim):
    folder = make(work)
    process = start(["inspect", "-", *RULES], pieces=True, before=temporary(folder))
    data = capture(200)
    process.stdin.write(data[:len(data) // 2])
    process.stdin.flush()
    wait_until(lambda: children(process.pid), "no inspector was started")
    inspector, = children(process.pid)
    time.sleep(1)
    opened = open_in(process.pid, folder)
    check([mode for _, mode in opened] == [0o600], f"not one file of its own: {opened}")
    check_empty(folder)
    os.kill(victim(process.pid, inspector), signal.SIGKILL)
    wait_until(lambda: gone(inspector), "the inspector goes on without its monitor", 10)
    out, err = process.communicate(timeout=60)
    check_private(Result(process.returncode, out.decode(), err.decode(), folder))
    check_empty(folder)


def case_monitor_killed(work):
    """kill -9 of the monitor leaves nothing in the temporary folder"""
    check_killed(work, lambda monitor, inspector: monitor)


def case_inspector_killed(work):
    """kill -9 of the inspector leaves nothing in the temporary folder"""
    check_killed(work, lambda monitor, inspector: inspector)


if __name__ == "__main__":
    from exeat_run import main
    main()
