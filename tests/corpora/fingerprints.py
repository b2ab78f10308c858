#!/usr/bin/env python3
"""fingerprints.py: our JA3 and JA4 beside those that others published for their captures.

    fingerprints.py LIST_HELLOS KIND CAPTURES EXPECTED

KIND is foxio (JA4: rust/ja4/src/snapshots of github.com/FoxIO-LLC/ja4) or ndpi (JA3 and JA4:
tests/cfgs/*/result, of version 4.2 tests/result, of github.com/ntop/nDPI). Prints each difference,
then counts. A value counts as met when a conversation of the same ends in the same capture has it.
Exit code 0 when every value whose capture is there was met.
"""

import collections
import ipaddress
import pathlib
import re
import subprocess
import sys

RULES = pathlib.Path(__file__).resolve().parents[2] / "rules" / "identifiers.csv"
NDPI_FLOW = re.compile(
    r"^\t\d+\t\S+ (\S+?):(\d+) (?:<->|->|<-) (\S+?):(\d+) (\[.*)$")


def address(text):
    text = text.strip("[]")
    for form in (text, text.removesuffix(":")):
        try:
            return str(ipaddress.ip_address(form))
        except ValueError:
            pass
    return text


def as_ndpi_writes(value):
    """nDPI of 2024 departs from JA4.md in three places: the letter for the name (d without a name, i
    for an address as a name), the first two letters of the ALPN instead of its first and last, and
    the hash of nothing instead of zeros. What is left must be equal."""
    return value[:3] + value[4:8] + value[10:].replace("e3b0c44298fc", "000000000000")


def ends(first, first_port, second, second_port):
    return frozenset([(address(first), int(first_port)), (address(second), int(second_port))])


def foxio_values(path):
    """(ends, kind, value, name) of a snapshot; a plain list of maps, so no YAML reader is needed."""
    now = {}
    for line in path.read_text().splitlines():
        if line.startswith("- stream:"):
            now = {}
        found = re.match(r"  (src|dst|src_port|dst_port|tls_server_name|ja4): (.*)$", line)
        if not found:
            continue
        now[found[1]] = found[2].strip("'\"")
        if found[1] == "ja4":
            yield (ends(now["src"], now["src_port"], now["dst"], now["dst_port"]), "ja4",
                   now["ja4"], now.get("tls_server_name", ""))


def ndpi_values(path):
    for line in path.read_text(errors="replace").splitlines():
        flow = NDPI_FLOW.match(line)
        if not flow:
            continue
        for kind, label in (("ja3", "JA3C"), ("ja4", "JA4")):
            value = re.search(r"\[" + label + r": ([^\]]+)\]", flow[5])
            if value:
                name = re.search(r"\[Hostname/SNI: ([^\]]+)\]", flow[5])
                yield (ends(*flow.groups()[:4]), kind, value[1], name[1] if name else "")


def expected_files(kind, folder):
    """Capture name -> file of expected values."""
    if kind == "foxio":
        for path in sorted(folder.glob("*.snap")):
            yield path.name.split("@", 1)[1].removesuffix(".snap"), path
    else:
        for path in sorted(folder.glob("*.out")):
            yield path.name.removesuffix(".out"), path


def our_values(tool, capture):
    """ends -> kind -> values."""
    run = subprocess.run([tool, RULES, capture], capture_output=True, timeout=120, check=False)
    if run.returncode not in (0, 1):  # 1: a damaged capture; what came before counts
        sys.exit("%s failed on %s" % (tool, capture))
    ours = collections.defaultdict(lambda: collections.defaultdict(set))
    for line in run.stdout.decode(errors="replace").splitlines():
        cell = line.split("\t")
        for kind, value in (("ja3", cell[7]), ("ja4", cell[8])):
            if value:
                ours[ends(cell[2], cell[3], cell[4], cell[5])][kind].add(value)
    return ours


def main(tool, kind, captures, expected):
    values = foxio_values if kind == "foxio" else ndpi_values
    counts = collections.Counter()
    for name, path in expected_files(kind, pathlib.Path(expected)):
        wanted = list(values(path))
        capture = pathlib.Path(captures) / name
        if not wanted:
            continue
        if not capture.exists():
            counts["of a capture that is not there"] += len(wanted)
            continue
        ours = our_values(tool, capture)
        for who, what, value, server in wanted:
            have = ours[who][what]
            if value in have:
                counts[what + " met"] += 1
                continue
            if kind == "ndpi" and what == "ja4" and as_ndpi_writes(value) in map(
                    as_ndpi_writes, have):
                counts[what + " met but for the letters that nDPI writes otherwise"] += 1
                continue
            counts[what + (" differs" if have else " absent")] += 1
            print(f"{name}: {what} {value} {server}: ours {' '.join(sorted(have)) or 'none'}: "
                  + " ".join(f"{a}:{p}" for a, p in sorted(who)))
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    return int(any(count for what, count in counts.items() if "differs" in what or "absent" in what))


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[2] not in ("foxio", "ndpi"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
