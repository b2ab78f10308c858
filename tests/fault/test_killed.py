#!/usr/bin/env python3
"""kill -9 half-way: the reports of the earlier run stay whole, nothing goes on in the background,
and the next run succeeds."""
import os
import signal
import time

import frames
from exeat_run import check, check_private, check_whole, inspect, snapshot, start, Result, SOURCE
from payloads import LABELLED, http_ok, http_post


def capture(port):
    made = []
    frames.Tcp(made, client=(frames.CLIENT, port)).send(http_post(LABELLED)).receive(http_ok())
    for n in range(3000):
        made.append((made[-1][0] + frames.MILLISECOND_NS,
                     frames.udp((frames.CLIENT, 40000 + n), ("198.51.100.7", 9999), bytes(500))))
    return frames.pcap(made)


UNPACKER = "exeat-unpacker"  # PRIV_UNPACKER_NAME


def children(pid, unpacker=False):
    """Of a monitor: the inspector, or whoever opens documents for it."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8") as stat:
                command, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
            if int(rest.split()[1]) == pid and (command == UNPACKER) == unpacker:
                found.append(int(name))
        except OSError:
            pass
    return found


def wait_until(holds, what, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < end, what)
        time.sleep(0.05)


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def reports(folder):
    """Without the store: an interrupted transaction is taken back when it is next opened."""
    return {name: data for name, data in snapshot(folder).items()
            if not name.startswith("exeat.db")}


def check_killed(work, victim):
    """victim: what to kill, of the monitor's and the inspector's process ids."""
    folder = work / "out"
    inspect(work, capture(50000)).expect(1)
    before = reports(folder)
    process = start(["inspect", "-", "--rules", SOURCE / "rules", "--out", folder], pieces=True)
    data = capture(50001)
    process.stdin.write(data[:len(data) // 2])
    process.stdin.flush()
    wait_until(lambda: children(process.pid), "no inspector was started")
    inspector, = children(process.pid)
    # Half of it is in the pipe's reader by now; the rest never comes.
    time.sleep(2)
    os.kill(victim(process.pid, inspector), signal.SIGKILL)
    wait_until(lambda: gone(inspector), "the inspector goes on without its monitor", 10)
    out, err = process.communicate(timeout=60)
    result = Result(process.returncode, out.decode(), err.decode(), folder)
    check(reports(folder) == before, "reports of the earlier run have changed")
    check_private(result)
    inspect(work, data).expect(1)
    check_whole(folder)
    ports = {flow["src_port"] for flow in inspect(work, data).flows()}
    check({50000, 50001} <= ports, "the next run lost a conversation")
    return result


def case_inspector(work):
    """kill -9 of the inspector: exit code 6 with a sentence, earlier reports unchanged"""
    result = check_killed(work, lambda monitor, inspector: inspector)
    result.expect(6).one_sentence("signal 9", "earlier results are unchanged")


def case_monitor(work):
    """kill -9 of the monitor: the inspector dies with it, earlier reports unchanged"""
    result = check_killed(work, lambda monitor, inspector: monitor)
    check(result.code == -signal.SIGKILL, f"exit code {result.code}")


def case_stopped(work):
    """a termination signal half-way through a pipe: what was read is reported, as cut short"""
    folder = work / "out"
    process = start(["inspect", "-", "--rules", SOURCE / "rules", "--out", folder], pieces=True)
    data = capture(50000)
    process.stdin.write(data[:len(data) // 2])
    process.stdin.flush()
    wait_until(lambda: children(process.pid), "no inspector was started")
    time.sleep(2)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    result = Result(process.returncode, out.decode(), err.decode(), folder).expect(1)
    check_private(result)
    check_whole(folder)
    check(any(flow["findings"] for flow in result.flows()), "what was read is not reported")
    check("capture-gap" in (folder / "flags.csv").read_text(encoding="utf-8"),
          "half a capture passes for the whole")


if __name__ == "__main__":
    from exeat_run import main
    main()
