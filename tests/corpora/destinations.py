#!/usr/bin/env python3
"""destinations.py: a sample of the destination flags on public captures, for a person to judge.

    destinations.py EXEAT GEO_DIR FOLDER...

Inspects each of CAPTURES captures, chosen from the benign ones below the folders, without a
register and with the country data of GEO_DIR, and gathers the flags on destinations that rest on
services, country data or names. Prints how many there are of each, and a sample of SAMPLE of them,
of one flag no more than a third as long as there are others: the columns of flags.csv that say
what and why, and the capture. The same folders and the same seed give the same sample. A person
asks of each: is the organisation and the kind right for this host or address, and is the sentence
true?
"""

import collections
import concurrent.futures
import csv
import pathlib
import random
import re
import subprocess
import sys
import tempfile

CAPTURES = 400
SAMPLE = 50
SEED = 3
SECONDS_MAX = 30   # for one capture; a slower one is counted and left out
BYTES_MAX = 20_000_000
WORKERS = 2
RULES = pathlib.Path(__file__).resolve().parents[2] / "rules"
FLAGS = {
    "remote-access-tool", "consumer-cloud", "ai-service-unregistered", "tracker", "hidden-dns",
    "tunnel", "lan-port-at-border", "test-host-live-data", "country-uncertain",
}
SHOWN = ("flag", "computer", "dest_id", "recipient", "country", "sentence", "register_says",
         "would_clear")
# Made to be broken, or to attack: what they show says nothing of ordinary traffic.
NOT_BENIGN = re.compile(
    r"fuzz|malware|exploit|attack|cve|crash|oob|overflow|heap|bug-?\d|inval|malform|corrupt|bad|"
    r"evil|scan|trojan|botnet|rat\b|invalid|poc|broken|truncat|segv|loop", re.IGNORECASE)


def captures(folders):
    """The chosen captures, in the order of their paths below the folders."""
    found, seen = [], set()
    for folder in sorted(folders):
        for path in sorted(pathlib.Path(folder).rglob("*")):
            inside, real = str(path.relative_to(folder)), path.resolve()
            if (path.suffix in (".pcap", ".pcapng", ".cap", ".trace") and path.is_file()
                    and 0 < path.stat().st_size < BYTES_MAX and real not in seen
                    and not NOT_BENIGN.search(inside)):
                found.append(path)
                seen.add(real)  # one capture may stand under several names
    return sorted(random.Random(SEED).sample(found, min(CAPTURES, len(found))))


def flags_of(exeat, geo, path):
    """The rows of flags.csv for one capture; None when it could not be inspected."""
    with tempfile.TemporaryDirectory() as work:
        command = [exeat, "inspect", str(path), "--quiet", "--geo", geo, "--rules", str(RULES),
                   "--out", work + "/out"]
        try:
            code = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            return None
        table = pathlib.Path(work, "out", "flags.csv")
        if code not in (0, 1) or not table.exists():
            return None
        with table.open(newline="", encoding="utf-8") as file:
            rows = {row["id"]: row for row in csv.DictReader(file) if row["flag"] in FLAGS}
    return [{key: row[key] for key in SHOWN} for row in rows.values()]


def sample(rows):
    """SAMPLE of them, of which no flag has more than a third as long as there are others."""
    chosen, rest, taken = [], [], collections.Counter()
    for row in random.Random(SEED).sample(rows, len(rows)):
        (chosen if taken[row["flag"]] < SAMPLE // 3 else rest).append(row)
        taken[row["flag"]] += 1
    chosen = (chosen + rest)[:SAMPLE]
    return sorted(chosen, key=lambda row: (row["flag"], row["capture"]))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    exeat, geo, folders = sys.argv[1], sys.argv[2], sys.argv[3:]
    paths, rows, unread = captures(folders), [], 0
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for path, found in zip(paths, pool.map(lambda p: flags_of(exeat, geo, p), paths)):
            unread += found is None
            rows += [{**row, "capture": path.name} for row in found or []]
    for flag, count in sorted(collections.Counter(row["flag"] for row in rows).items()):
        print(f"{flag}: {count}")
    print(f"{len(paths)} captures, {unread} not inspected, {len(rows)} flags\n")
    for row in sample(rows):
        print(" | ".join(value for key, value in row.items() if value))


if __name__ == "__main__":
    main()
