"""check_no_content.py WITH WITHOUT: what --no-content may change.

Compares the flows.jsonl of a run with one of the same capture that looked into no content: the same
conversations, ends, names, programs, countries, sizes and times; no finding, and nothing covered
that could have been read. What only an announcement inside of another conversation tells (the data
of FTP) may be missing.
"""
import json
import sys

SAME = ["src", "src_port", "dst", "dst_port", "proto", "community_id", "direction", "computer", "first",
        "last", "bytes_out", "bytes_in", "packets_out", "packets_in", "gap_bytes", "end", "program",
        "program_name", "program_method", "carrier_process", "host", "country", "org", "asn",
        "tls_version", "cipher", "ja4", "certificate"]
NAMED = ["names", "host_source", "app"]


def flows(folder):
    with open(folder + "/flows.jsonl", encoding="utf-8") as lines:
        return {flow["id"]: flow for flow in map(json.loads, lines)}


def compare(full, bare):
    """The sentences of what is wrong with one conversation."""
    for key in SAME + ([] if full.get("related_to") else NAMED):
        if full.get(key) != bare.get(key):
            yield f"{key} is {bare.get(key)!r} in place of {full.get(key)!r}"
    if bare["findings"] or bare["tier"] not in ("none", "opaque"):
        yield "something was found"
    carried = bare["bytes_out"] + bare["bytes_in"] > 0
    if bare["proto"] in ("tcp", "udp") and carried and bare["not_inspected_reason"] not in (
            "bypassed", "encrypted"):
        yield f"the reason is {bare['not_inspected_reason']!r}"
    if carried and bare["inspected"]:
        yield "it is inspected, and nobody looked"
    if full["not_inspected_reason"] == "encrypted" and bare["not_inspected_reason"] != "encrypted":
        yield "encryption went unnoticed"
    if bare["verdict"] == "covered":
        yield "it is covered, and nobody looked"


def main():
    with_content, without = flows(sys.argv[1]), flows(sys.argv[2])
    wrong = 0
    if with_content.keys() != without.keys():
        print("the conversations are not the same")
        wrong += 1
    for flow in with_content.keys() & without.keys():
        for sentence in compare(with_content[flow], without[flow]):
            print(f"conversation {flow}: {sentence}")
            wrong += 1
    reasons = [flow["not_inspected_reason"] for flow in without.values()]
    if reasons.count("bypassed") < 10 or reasons.count("encrypted") < 10:
        print("next to nothing was bypassed or encrypted")
        wrong += 1
    sys.exit(wrong > 0)


main()
