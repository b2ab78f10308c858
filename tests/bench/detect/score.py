#!/usr/bin/env python3
"""score.py: recall and precision over a corpus of generate.py.

    score.py CORPUS --decided FILE | --flows FILE [--gate] [--misses N]

--decided: what decide.c printed; --flows: flows.jsonl of the capture of flows.py. A file about a
patient counts as found with a finding of tier medium or high, a sealed one with sealed or opaque;
anything else that has a finding of medium or high is a false alarm. Prints a table by carrier, one
by tier, and one that compares with emulate.py. --gate: exit 1 when a number that the project
promises is missed. --misses: names so many of the files decided wrongly.
"""
import argparse
import collections
import csv
import json
import pathlib
import sys

import emulate

CLINICAL = ("medium", "high")
GATES = {"structured": 0.99, "letter": 0.90, "spoken": 0.90}
PRECISION_GATE = 0.99


def tiers_decided(path):
    with open(path, encoding="utf-8") as source:
        rows = [line.rstrip("\n").split("\t", 2) for line in source]
    return {name: tiers.split("+") for name, tiers, _ in rows}


def tiers_of_flows(path, labels):
    """Joined by client port and server address, as flows.py chose them."""
    names = {
        (10000 + number % 50000, 1 + number // 50000): row["file"]
        for number, row in enumerate(labels)
    }
    found = {}
    with open(path, encoding="utf-8") as source:
        for line in source:
            flow = json.loads(line)
            name = names.get((flow["src_port"], int(flow["dst"].rsplit(".", 1)[1])))
            found.setdefault(name, []).extend({one["tier"] for one in flow["findings"]})
    return found


def is_found(label, tiers):
    wanted = ("sealed", "opaque") if label == "sealed" else CLINICAL
    return any(one in wanted for one in tiers)


def share(part, whole):
    return "%6.3f" % (part / whole) if whole else "     -"


def print_carriers(labels, tiers):
    counts = collections.OrderedDict()
    for row in labels:
        if row["label"] != "none":
            key = (row["label"], row["group"], row["carrier"], row["wrapping"])
            hits = counts.setdefault(key, [0, 0])
            hits[0] += is_found(row["label"], tiers.get(row["file"], []))
            hits[1] += 1
    print(
        "%-10s %-11s %-20s %-14s %5s %6s"
        % ("label", "group", "carrier", "wrapping", "files", "recall")
    )
    for key, (hits, count) in counts.items():
        print("%-10s %-11s %-20s %-14s %5d %s" % (*key, count, share(hits, count)))


def print_false_alarms(labels, tiers):
    alarms = collections.Counter(
        row["carrier"]
        for row in labels
        if row["label"] == "none" and is_found("patient", tiers.get(row["file"], []))
    )
    totals = collections.Counter(row["carrier"] for row in labels if row["label"] == "none")
    print("\n%-20s %5s %12s" % ("not about a patient", "files", "false alarms"))
    for carrier, count in totals.items():
        print("%-20s %5d %12d" % (carrier, count, alarms[carrier]))


def print_tiers(labels, tiers):
    counts = {label: collections.Counter() for label in ("patient", "sealed", "none")}
    for row in labels:
        for tier in set(tiers.get(row["file"], [])) or {"none"}:
            counts[row["label"]][tier] += 1
    names = ("none", "reference", "directory", "weak", "medium", "high", "sealed", "opaque")
    print(
        "\nFiles with a finding of that tier\n%-9s" % "label"
        + "".join("%10s" % one for one in names)
    )
    for label, tally in counts.items():
        print("%-9s" % label + "".join("%10d" % tally[one] for one in names))


def rates(labels, found):
    """Recall by group, and precision; found: names of the files that are said to be clinical."""
    groups = {
        group: [row for row in labels if row["label"] == "patient" and row["group"] == group]
        for group in GATES
    }
    hits = {group: sum(row["file"] in found for row in rows) for group, rows in groups.items()}
    right = sum(hits.values())
    wrong = sum(row["label"] == "none" and row["file"] in found for row in labels)
    recall = {group: hits[group] / len(rows) for group, rows in groups.items() if rows}
    return recall, right / (right + wrong) if right + wrong else 0.0


def emulated(corpus, labels):
    found = {"Presidio's rules": set(), "Purview's rules": set()}
    for row in labels:
        texts = emulate.texts_of((corpus / row["file"]).read_bytes())
        if emulate.presidio(texts):
            found["Presidio's rules"].add(row["file"])
        if emulate.purview(texts):
            found["Purview's rules"].add(row["file"])
    return found


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("corpus", type=pathlib.Path)
    options.add_argument("--decided", type=pathlib.Path)
    options.add_argument("--flows", type=pathlib.Path)
    options.add_argument("--gate", action="store_true")
    options.add_argument("--misses", type=int, default=0)
    options = options.parse_args()
    with open(options.corpus / "labels.csv", encoding="utf-8", newline="") as source:
        labels = list(csv.DictReader(source))
    tiers = (
        tiers_decided(options.decided) if options.decided else tiers_of_flows(options.flows, labels)
    )
    print_carriers(labels, tiers)
    print_false_alarms(labels, tiers)
    print_tiers(labels, tiers)
    ours = {row["file"] for row in labels if is_found("patient", tiers.get(row["file"], []))}
    recall, precision = rates(labels, ours)
    sealed = [row for row in labels if row["label"] == "sealed"]
    sealed_recall = sum(is_found("sealed", tiers.get(row["file"], [])) for row in sealed) / len(
        sealed
    )
    print("\n%-18s" % "recall" + "".join("%11s" % group for group in GATES) + "  precision")
    for name, found in (("exeat", ours), *emulated(options.corpus, labels).items()):
        groups, right = rates(labels, found)
        print(
            "%-18s" % name + "".join("%11.3f" % groups[group] for group in GATES) + "%11.3f" % right
        )
    print("sealed: recall %.3f" % sealed_recall)
    wrong = [
        row
        for row in labels
        if row["label"] != "sealed" and (row["file"] in ours) != (row["label"] == "patient")
    ]
    for row in wrong[: options.misses]:
        print("wrong: %(file)s %(label)s %(carrier)s %(wrapping)s" % row)
    missed = (
        any(recall[group] < least for group, least in GATES.items())
        or precision < PRECISION_GATE
        or sealed_recall < 1
    )
    sys.exit(1 if options.gate and missed else 0)


if __name__ == "__main__":
    main()
