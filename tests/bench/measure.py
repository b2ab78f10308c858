#!/usr/bin/env python3
"""measure.py: what one command costs.

    measure.py NAME COMMAND...

Runs the command with its output thrown away and prints NAME, its processor seconds (user and
system), its seconds by the clock and the largest memory of any of its processes in MiB, with tabs
between. Exit codes 0 and 1 are success: 1 is exeat's "somebody should look".
"""
import os
import subprocess
import sys
import time


def main():
    name, command = sys.argv[1], sys.argv[2:]
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - start
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1):
        sys.exit(f"{name}: exit code {code}")
    print(f"{name}\t{used.ru_utime + used.ru_stime:.3f}\t{wall:.3f}\t{used.ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    main()
