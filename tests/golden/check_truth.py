#!/usr/bin/env python3
"""Compare what exeat reported with what a person wrote down beforehand.

usage: check_truth.py OUTPUT_FOLDER CASE_FOLDER

OUTPUT_FOLDER holds flows.jsonl and flags.csv; CASE_FOLDER holds truth.csv and truth_run.csv.
Prints one line for each difference; exit 1 when there is any, 2 when a file cannot be read.

How truth.csv is read
  A row stands for one conversation: source, destination, destination port, protocol.  Rows with
  the same four stand in order of time.  An internal row stands for all flows with its four.
  `*`  in a cell: not prescribed.
  `x?` in a cell: x, or nothing; in a list: x may be there and need not.
  Flags are those of flow, program and destination scope; lists are joined by `|`.
  unread is the reason for which something that went out was not looked into.
truth_run.csv says of flags of the run as a whole whether they must be raised, and of flags of a
program (with `unsupported-version`, which no one conversation raises, or `exposed-computer`, of
which the program is not named) whether flags.csv must tell them: also of those that truth.csv names,
when something else tells them.
A flow that no row describes is a difference, unless it is internal and neither TCP nor UDP.
"""

import csv
import json
import os
import sys

KEY = ("src", "dst", "dst_port", "proto")
PLAIN = ("direction", "host", "country", "evidence", "tier", "paper", "verdict")
SCOPE = {
    "register-problem": "run", "capture-gap": "run", "not-captured": "run",
    "no-capture-authority": "run", "unknown-program": "flow", "unknown-destination": "flow",
    "unencrypted": "flow", "weak-encryption": "flow", "bad-certificate": "flow",
    "update-in-clear": "flow", "not-inspectable": "flow",
    "mhr-gateway-unexpected": "flow", "mhr-like-document-offshore": "flow",
    "opaque-unregistered": "flow", "prescription-token": "flow", "image-document": "flow",
    "remote-access-tool": "flow", "identifier-in-metadata": "flow", "tracker": "flow",
    "ai-service-unregistered": "flow", "consumer-cloud": "flow", "hidden-dns": "flow",
    "tunnel": "flow", "test-host-live-data": "flow", "lan-port-at-border": "flow",
    "sealed-message": "flow", "program-banned": "program", "program-retired-active": "program",
    "volume-anomaly": "program", "full-db-size": "program", "schedule-anomaly": "program",
    "expected-flow-missing": "program", "unsupported-version": "program",
    "no-updates-seen": "program", "version-went-back": "program", "exposed-computer": "computer",
}


def listed(value):
    """A list cell of the output: text joined by |, names, or objects that name a flag."""
    if isinstance(value, str):
        return [one for one in value.split("|") if one]
    return [one["flag"] if isinstance(one, dict) else one for one in value or []]


def text(value):
    return "" if value is None else str(value)


def key_of(row):
    return tuple(text(row.get(name, "")).lower() for name in KEY)


def title(row):
    return "conversation %s (%s to %s port %s/%s)" % ((row["n"],) + tuple(row[k] for k in KEY))


def cell_fits(wanted, got):
    if wanted == "*" or wanted == got:
        return True
    return wanted.endswith("?") and got in ("", wanted[:-1])


def compare_list(where, name, wanted, got):
    """Differences between a list cell of truth and a list of the output."""
    if wanted == "*":
        return []
    parts = [one for one in wanted.split("|") if one]
    must = {one for one in parts if not one.endswith("?")}
    may = {one[:-1] for one in parts if one.endswith("?")}
    found = set(got)
    out = ["%s: %s lacks %s" % (where, name, one) for one in sorted(must - found)]
    out += ["%s: %s has %s too many" % (where, name, one) for one in sorted(found - must - may)]
    if len(got) != len(found):
        out.append("%s: %s names something twice" % (where, name))
    return out


def compare_flow(row, flow):
    where, out = title(row), []
    got = {name: text(flow.get(name)) for name in PLAIN}
    if got["host"] == row["dst"]:
        got["host"] = ""  # an address shown for want of a name
    for name in PLAIN:
        if not cell_fits(row[name], got[name]):
            out.append("%s: %s is '%s', should be '%s'" % (where, name, got[name], row[name]))
    program = text(flow.get("program"))
    if not cell_fits(row["program_id"], program):
        out.append("%s: program is '%s', should be '%s'" % (where, program, row["program_id"]))
    out += compare_list(where, "categories", row["categories"], listed(flow.get("categories")))
    out += compare_list(where, "flags", row["flags"], listed(flow.get("flags")))
    unread = text(flow.get("not_inspected_reason"))
    if not cell_fits(row.get("unread", "*"), unread):
        out.append("%s: not looked into for '%s', should be '%s'" % (where, unread, row["unread"]))
    return out


def compare_group(rows, flows):
    """All truth rows of one key against all flows of that key."""
    if len(rows) == 1 and rows[0]["direction"] == "internal" and flows:
        return [line for flow in flows for line in compare_flow(rows[0], flow)]
    out = []
    if len(rows) != len(flows):
        out.append("%s: %d conversations of these ends reported, %d expected"
                   % (title(rows[0]), len(flows), len(rows)))
    for row, flow in zip(rows, sorted(flows, key=lambda one: text(one.get("first")))):
        out += compare_flow(row, flow)
    return out


def compare_flows(truth, flows):
    groups, reported, out = {}, {}, []
    for row in truth:
        groups.setdefault(key_of(row), []).append(row)
    for flow in flows:
        reported.setdefault(key_of(flow), []).append(flow)
    for key, rows in groups.items():
        out += compare_group(rows, reported.get(key, []))
    for key, extra in reported.items():
        other = key[3] not in ("tcp", "udp") and extra[0].get("direction") == "internal"
        if key not in groups and not other:
            out.append("no conversation in truth.csv: %s to %s port %s/%s, %d flow(s)"
                       % (key + (len(extra),)))
    return out


def compare_flags(truth, run, flags):
    """flags.csv names each flag with each program that truth names, and nothing else."""
    wanted = {(flag, row["program_id"]) for row in truth
              for flag in row["flags"].split("|") if flag and row["flags"] != "*"}
    of_programs = [row for row in run if SCOPE.get(row["flag"]) != "run"]
    for row in of_programs:
        pair = (row["flag"], row.get("program_id", ""))
        wanted = wanted | {pair} if row["expected"] == "yes" else wanted - {pair}
    got = {(row["flag"], row["program_id"]) for row in flags if row["scope"] != "run"}
    out = ["flags.csv lacks %s of program '%s'" % one for one in sorted(wanted - got)]
    out += ["flags.csv has %s of program '%s', which truth.csv does not" % one
            for one in sorted(got - wanted)]
    for row in flags:
        scope = SCOPE.get(row["flag"], "destination")
        if row["scope"] != scope:
            out.append("flags.csv: scope of %s is '%s', should be '%s'"
                       % (row["flag"], row["scope"], scope))
    raised = {row["flag"] for row in flags if row["scope"] == "run"}
    for row in run:
        if row not in of_programs and (row["flag"] in raised) != (row["expected"] == "yes"):
            out.append("flags.csv: run flag %s should %sbe raised"
                       % (row["flag"], "" if row["expected"] == "yes" else "not "))
    return out


def read_csv(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source))


def differences(output, case):
    with open(os.path.join(output, "flows.jsonl"), encoding="utf-8") as source:
        flows = [json.loads(line) for line in source if line.strip()]
    truth = read_csv(case, "truth.csv")
    return (compare_flows(truth, flows) +
            compare_flags(truth, read_csv(case, "truth_run.csv"), read_csv(output, "flags.csv")))


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        found = differences(*arguments)
    except (OSError, ValueError, KeyError) as problem:
        print("check_truth: cannot compare: %r" % problem, file=sys.stderr)
        return 2
    for line in found:
        print(line)
    print("check_truth: %d difference(s)" % len(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
