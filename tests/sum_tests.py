#!/usr/bin/env python3
"""Sums a meson testlog.json: prints `PASSED FAILED SKIPPED` on standard output.

    sum_tests.py LABEL FILE

A test that reports cases of its own (cmocka's closing lines, or a line
`N passed, N failed`) counts as that many; any other counts as one. What failed and
what was skipped, with the reason, goes to standard error.
"""
import json
import re
import sys

CMOCKA = re.compile(r"^\[ +(PASSED|FAILED|SKIPPED) +\] (?:.*: )?(\d+) test\(s\)", re.M)
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)
REASON = re.compile(r"^SKIP: *(.+)$", re.M)


def cases(output):
    """The cases that a test's own output reports: [passed, failed, skipped]."""
    sums = {"PASSED": 0, "FAILED": 0, "SKIPPED": 0}
    for kind, number in CMOCKA.findall(output):
        sums[kind] += int(number)
    for ok, bad, left_out in PLAIN.findall(output):
        sums["PASSED"] += int(ok)
        sums["FAILED"] += int(bad)
        sums["SKIPPED"] += int(left_out or 0)
    return [sums["PASSED"], sums["FAILED"], sums["SKIPPED"]]


def judge(test):
    """One meson test: its cases, corrected by the result that meson gave it."""
    output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    result = test["result"]
    passed, failed, skipped = cases(output)
    if result == "SKIP":
        return output, [0, 0, 1]
    if result in ("OK", "EXPECTEDFAIL"):
        return output, [passed, failed, skipped] if passed + skipped else [1, 0, 0]
    return output, [passed, max(failed, 1), skipped]


def main():
    label, path = sys.argv[1], sys.argv[2]
    total = [0, 0, 0]
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            test = json.loads(line)
            output, counts = judge(test)
            total = [a + b for a, b in zip(total, counts)]
            if counts[1]:
                print(f"FAILED: {test['name']}: {test['result']}", file=sys.stderr)
            if counts[2]:
                reasons = REASON.findall(output) or ["it gave no reason"]
                print(f"skipped: {test['name']}: {'; '.join(reasons)}", file=sys.stderr)
    print(f"{label}: {total[0]} passed, {total[1]} failed, {total[2]} skipped.", file=sys.stderr)
    print(*total)


if __name__ == "__main__":
    main()
