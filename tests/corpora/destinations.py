#!/usr/bin/env python3
"""destinations.py: a sample of the destination flags on public captures, for a person to judge.

    destinations.py EXEAT GEO_DIR FOLDER...

Inspects CAPTURES captures, drawn at random (SEED) from the benign ones below the folders, without
a register and with the country data of GEO_DIR, and gathers the flags on destinations. Prints how
often each was raised and in how many captures, and a random sample of SAMPLE of them, of one flag
no more than EACH_AT_MOST as long as there are others. Of one capture a flag with one sentence is
counted once for each recipient. Each line holds the columns of flags.csv that say what and why, and
the capture. The same folders and the same seed give the same captures, and the same flags the same
sample.

A person opens each capture with another tool and asks: is the organisation and its kind right for
this host or address, was that protocol, cipher or certificate really there, and is the sentence
true?

Benign is every capture that was not made as an attack or as broken input: neither its name nor a
folder of it matches NOT_BENIGN, and no rule file beside it looks for one (ATTACK_RULE).
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

CAPTURES = 2200
SAMPLE = 50
EACH_AT_MOST = SAMPLE // 4
SEED = 3
SECONDS_MAX = 60   # for one capture; a slower one is counted and left out
BYTES_MAX = 50_000_000
WORKERS = 2
RULES = pathlib.Path(__file__).resolve().parents[2] / "rules"
SUFFIXES = {".pcap", ".pcapng", ".cap", ".trace", ".dmp"}
FLAGS = {
    "ai-service-unregistered", "bad-certificate", "consumer-cloud", "country-not-allowed",
    "country-uncertain", "hidden-dns", "lan-port-at-border", "remote-access-tool",
    "test-host-live-data", "tracker", "tunnel", "weak-encryption",
}
SHOWN = ("flag", "computer", "dest_id", "recipient", "country", "sentence", "register_says",
         "would_clear")
# Made to be broken, or to attack: what they show says nothing of ordinary traffic.
NOT_BENIGN = re.compile(
    r"fuzz|malware|exploit|attack|cve|crash|oob|overflow|heap|bug-?\d|inval|malform|corrupt|bad|"
    r"evil|scan|trojan|botnet|rat\b|poc|broken|truncat|segv|loop|asan|ubsan|infinite|dos_|ddos|"
    r"flood|heartbleed|log4|shellshock|dga|exfil|mirai|inject|bomb|anomal|spoof|"
    r"emotet|glupteba|mimikatz|psexec|trickbot|cobalt|njrat",
    re.IGNORECASE)
ATTACK_RULE = re.compile(r"\bET (MALWARE|TROJAN|EXPLOIT|ATTACK)", re.IGNORECASE)


def is_benign(path, folder):
    """Whether neither its name below the folder nor a rule beside it speaks of an attack."""
    if NOT_BENIGN.search(str(path.relative_to(folder))):
        return False
    return not any(ATTACK_RULE.search(rule.read_text(encoding="utf-8", errors="replace"))
                   for rule in path.parent.glob("*.rules"))


def captures(folders):
    """The chosen captures, in the order of their paths below the folders."""
    found, seen = [], set()
    for folder in sorted(folders):
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix not in SUFFIXES or not path.is_file() or path.resolve() in seen:
                continue
            seen.add(path.resolve())  # one capture may stand under several names
            if 0 < path.stat().st_size < BYTES_MAX and is_benign(path, folder):
                found.append(path)
    return sorted(random.Random(SEED).sample(found, min(CAPTURES, len(found))))


def flags_of(exeat, geo, path):
    """The rows of flags.csv for one capture; None when it could not be inspected."""
    with tempfile.TemporaryDirectory() as work:
        command = ["nice", "-n", "19", exeat, "inspect", str(path), "--quiet", "--geo", geo,
                   "--rules", str(RULES), "--out", work + "/out"]
        try:
            code = subprocess.run(command, capture_output=True, timeout=SECONDS_MAX,
                                  check=False).returncode
        except subprocess.TimeoutExpired:
            return None
        table = pathlib.Path(work, "out", "flags.csv")
        if code not in (0, 1) or not table.exists():
            return None
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["flag"] in FLAGS]
    once = {(row["flag"], row["recipient"], row["sentence"]): row for row in reversed(rows)}
    return [{key: row[key] for key in SHOWN} for row in reversed(once.values())]


def sample(rows):
    """SAMPLE of them, of one flag EACH_AT_MOST as long as there are others."""
    shuffled = random.Random(SEED).sample(rows, len(rows))
    taken, chosen, rest = collections.Counter(), [], []
    for row in shuffled:
        (chosen if taken[row["flag"]] < EACH_AT_MOST else rest).append(row)
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
            rows += [{**row, "capture": str(path)} for row in found or []]
    for flag, count in sorted(collections.Counter(row["flag"] for row in rows).items()):
        print(f"{flag}: {count} in {len({r['capture'] for r in rows if r['flag'] == flag})}")
    print(f"{len(paths)} captures, {unread} not inspected, {len(rows)} flags\n")
    for row in sample(rows):
        print(" | ".join(value for key, value in row.items() if value))


if __name__ == "__main__":
    main()
