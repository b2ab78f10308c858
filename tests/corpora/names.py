#!/usr/bin/env python3
"""names.py: the server names in the captures of hard_set.txt, ours beside tshark's.

    names.py LIST_HELLOS FOLDER...

Looks for each capture below the folders, reads the names in its client hellos with list_hellos and,
where it is installed, with tshark, and prints for each capture those that only one of them found;
then counts of distinct names. Exit code 0 when no name of tshark's is missing.
"""

import collections
import ipaddress
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RULES = HERE.parents[1] / "rules" / "identifiers.csv"
FIELDS = ("tls.handshake.extensions_server_name", "gquic.tag.sni")
DECODE = ("udp.port==4433,quic", "udp.port==4434,quic", "udp.port==4443,quic")


def hard_set(folders):
    """Every wanted capture that is there, by the end of its path."""
    wanted = [line for line in (HERE / "hard_set.txt").read_text().split("\n")
              if line and not line.startswith("#")]
    found = {}
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            for end in wanted:
                if end not in found and str(path).endswith("/" + end) and path.is_file():
                    found[end] = path
    for end in wanted:
        if end not in found:
            print(f"{end}: not there")
    return found


def is_name(text):
    """An address in the place of a name says no more than the packet's own: we leave it out."""
    try:
        ipaddress.ip_address(text)
        return False
    except ValueError:
        return bool(text)


def our_names(tool, capture):
    run = subprocess.run([tool, RULES, capture], capture_output=True, timeout=120, check=False)
    if run.returncode not in (0, 1):  # 1: a damaged capture; what came before counts
        sys.exit("%s failed on %s" % (tool, capture))
    cells = (line.split("\t") for line in run.stdout.decode(errors="replace").splitlines())
    return {cell[6].lower() for cell in cells if cell[6]}


def tshark_names(capture):
    command = ["tshark", "-n", "-r", str(capture), "-o", "tcp.reassemble_out_of_order:TRUE",
               "-Y", " or ".join(FIELDS), "-T", "fields"]
    for field in FIELDS:
        command += ["-e", field]
    for rule in DECODE:
        command += ["-d", rule]
    run = subprocess.run(command, capture_output=True, timeout=300, check=False)
    text = run.stdout.decode(errors="replace").replace("\t", ",").replace("\n", ",")
    names = {name.lower().split(":")[0] for name in text.split(",")}
    return {name for name in names if is_name(name)}


def main(tool, folders):
    ours, theirs = set(), set()
    by_tool = collections.Counter()
    for end, capture in hard_set(folders).items():
        here = our_names(tool, capture)
        there = tshark_names(capture) if shutil.which("tshark") else set()
        by_tool["captures"] += 1
        for who, names in (("only tshark", there - here), ("only we", here - there)):
            if names:
                print(f"{end}: {who}: {' '.join(sorted(names))}")
        ours |= here
        theirs |= there
    print(f"{by_tool['captures']} captures; distinct names: ours {len(ours)}, tshark {len(theirs)},"
          f" either {len(ours | theirs)}, missing {len(theirs - ours)}")
    return int(bool(theirs - ours))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
