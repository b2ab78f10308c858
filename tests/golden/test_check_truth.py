#!/usr/bin/env python3
"""Self-test of check_truth.py: equal outputs pass, and each kind of difference is named."""

import copy
import sys
import unittest

sys.dont_write_bytecode = True
from check_truth import compare_flags, compare_flows  # noqa: E402


def truth_row(**changes):
    row = {"n": "1", "src": "192.0.2.1", "dst": "198.51.100.9", "dst_port": "80", "proto": "tcp",
           "direction": "egress", "program_id": "quoll", "host": "up.quoll.example",
           "country": "AU?", "evidence": "seen", "tier": "high",
           "categories": "identifiers|contact?", "paper": "gap", "verdict": "act",
           "flags": "no-basis|unencrypted", "what": ""}
    row.update(changes)
    return row


FLOW = {"src": "192.0.2.1", "dst": "198.51.100.9", "dst_port": 80, "proto": "tcp",
        "direction": "egress", "program": "quoll", "host": "up.quoll.example", "country": "AU",
        "evidence": "seen", "tier": "high", "categories": ["contact", "identifiers"],
        "paper": "gap", "verdict": "act", "flags": ["unencrypted", "no-basis"],
        "first": "2026-11-21T22:00:00Z"}


def flow(**changes):
    out = copy.deepcopy(FLOW)
    out.update(changes)
    return out


class Flows(unittest.TestCase):
    def check(self, truth, flows, *parts):
        found = compare_flows(truth, flows)
        self.assertEqual(len(found), len(parts), found)
        for line, part in zip(found, parts):
            self.assertIn(part, line)

    def test_equal(self):
        self.check([truth_row()], [flow()])
        self.check([truth_row()], [flow(country="", categories="identifiers")])

    def test_each_cell(self):
        for name, value in (("direction", "inbound"), ("host", "x.example"), ("country", "NZ"),
                            ("evidence", "none"), ("tier", "medium"), ("paper", "absent"),
                            ("verdict", "look"), ("program", "")):
            self.check([truth_row()], [flow(**{name: value})], name)

    def test_lists(self):
        self.check([truth_row()], [flow(categories=["contact"])], "lacks identifiers")
        self.check([truth_row()], [flow(flags=["no-basis"])], "lacks unencrypted")
        self.check([truth_row()], [flow(flags=["no-basis", "unencrypted", "sealed-message"])],
                   "has sealed-message too many")
        self.check([truth_row()], [flow(flags=["no-basis", "unencrypted", "unencrypted"])], "twice")

    def test_flags_as_objects(self):
        self.check([truth_row()], [flow(flags=[{"flag": "no-basis"}, {"flag": "unencrypted"}])])

    def test_not_prescribed(self):
        self.check([truth_row(host="*", categories="*", program_id="*")],
                   [flow(host="x", categories=["audio"], program="y")])

    def test_counts(self):
        self.check([truth_row()], [], "0 conversations")
        self.check([truth_row()], [flow(), flow()], "2 conversations")
        self.check([], [flow()], "no conversation in truth.csv")
        self.check([], [flow(proto="icmpv6", direction="internal")])

    def test_order_of_time(self):
        second = flow(first="2026-11-21T23:00:00Z", tier="medium")
        self.check([truth_row(), truth_row(n="2", tier="medium")], [second, flow()])

    def test_internal_row_stands_for_many(self):
        row = truth_row(direction="internal", flags="", verdict="", tier="*", evidence="*")
        inside = flow(direction="internal", flags=[], verdict=None)
        self.check([row], [inside, inside, inside])
        self.check([row], [], "0 conversations")


class Flags(unittest.TestCase):
    GOOD = [{"flag": "no-basis", "scope": "destination", "program_id": "quoll"},
            {"flag": "unencrypted", "scope": "flow", "program_id": "quoll"},
            {"flag": "capture-gap", "scope": "run", "program_id": ""}]
    RUN = [{"flag": "capture-gap", "expected": "yes"}, {"flag": "not-captured", "expected": "no"}]

    def test_equal(self):
        self.assertEqual(compare_flags([truth_row()], self.RUN, self.GOOD), [])

    def test_differences(self):
        self.assertIn("lacks no-basis",
                      compare_flags([truth_row()], self.RUN, self.GOOD[1:])[0])
        more = self.GOOD + [{"flag": "no-contract", "scope": "destination", "program_id": "x"}]
        self.assertIn("has no-contract", compare_flags([truth_row()], self.RUN, more)[0])
        self.assertIn("capture-gap should be",
                      compare_flags([truth_row()], self.RUN, self.GOOD[:2])[0])
        wrong = [dict(self.GOOD[0], scope="flow")] + self.GOOD[1:]
        self.assertIn("scope of no-basis", compare_flags([truth_row()], self.RUN, wrong)[0])


if __name__ == "__main__":
    unittest.main()
