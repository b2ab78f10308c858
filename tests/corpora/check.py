#!/usr/bin/env python3
"""Inspects every capture below the folders given and judges how exeat bore it.

    check.py SANITIZED RELEASE FOLDER...

SANITIZED and RELEASE are two builds of exeat. A capture passes when the sanitized build
reports nothing, ends within SECONDS_MAX with the exit code that the file deserves, and
the release build stays under MEMORY_MAX_KIB. What a file deserves is decided by the
small reader below, which shares no code with exeat.
"""
import concurrent.futures
import gzip
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

SECONDS_MAX = 10  # of processor time, so that a busy machine judges as an idle one
WAIT_SECONDS_MAX = 120
MEMORY_MAX_KIB = 256 * 1024
# Enough to find the first packet; a child's peak starts at the size of this process.
HEAD_BYTES = 1 << 20
WORKERS = os.cpu_count() or 1
SUFFIXES = (".pcap", ".pcapng", ".cap", ".trace", ".dmp", ".ntar", ".pcap.gz", ".pcapng.gz")

# Exit codes of exeat: 0 nothing to look at, 1 flags, 4 no packet could be read.
READ = {0, 1}
UNREAD = {4}

PCAP_MAGIC = {0xA1B2C3D4, 0xA1B23C4D}
SECTION, INTERFACE, OLD_PACKET, SIMPLE_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 3, 6


def first_packet_pcap(data):
    """True when a whole first record stands in a classic capture."""
    for order in "<>":
        if len(data) >= 24 and struct.unpack(order + "I", data[:4])[0] in PCAP_MAGIC:
            major, minor = struct.unpack(order + "HH", data[4:8])
            if (major, minor) != (2, 4) or len(data) < 40:
                return False
            captured = struct.unpack(order + "I", data[32:36])[0]
            return 0 < captured <= 262144 and len(data) >= 40 + captured
    return False


def sound_section(data, order):
    """True when a section header has a known version and options that stay inside."""
    length = struct.unpack(order + "I", data[4:8])[0]
    if len(data) < 28 or struct.unpack(order + "HH", data[12:16]) not in ((1, 0), (1, 2)):
        return False
    position = 24
    while position + 4 <= length - 4 and position + 4 <= len(data):
        option, size = struct.unpack(order + "HH", data[position:position + 4])
        position += 4 + (size + 3) // 4 * 4
        if position > length - 4:
            return False
        if option == 0:
            break
    return True


def first_packet_pcapng(data):
    """True when a packet block follows an interface block before anything is broken."""
    position, order, interfaces = 0, None, 0
    while position + 12 <= len(data):
        kind = struct.unpack("<I", data[position:position + 4])[0]
        if kind == SECTION:
            mark = data[position + 8:position + 12]
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(mark)
            interfaces = 0
            if order is None or not sound_section(data[position:], order):
                return False
        if order is None:
            return False
        kind, length = struct.unpack(order + "II", data[position:position + 8])
        if length < 12 or length % 4 or position + length > len(data):
            return False
        if kind == INTERFACE:
            interfaces += 1
        elif kind in (OLD_PACKET, SIMPLE_PACKET, PACKET):
            return interfaces > 0
        position += length
    return False


def gzipped(path):
    with open(path, "rb") as file:
        return file.read(2) == b"\x1f\x8b"


def links_pcap(file):
    """The one link type of a classic capture, from its header; nothing for other formats."""
    head = file.read(24)
    for order in "<>":
        if len(head) == 24 and struct.unpack(order + "I", head[:4])[0] in PCAP_MAGIC:
            return {struct.unpack(order + "I", head[20:24])[0] & 0xFFFF}
    return set()


def links_pcapng(file):
    """The link types of all interface blocks, walking block by block to the end of the file;
    nothing when the walk does not end there."""
    links, order = set(), None
    while head := file.read(12):
        if len(head) < 12:
            return set()
        if head[:4] == b"\x0a\x0d\x0d\x0a":
            order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(head[8:])
        if order is None:
            return set()
        kind, length = struct.unpack(order + "II", head[:8])
        if length < 12 or length % 4:
            return set()
        if kind == INTERFACE:
            links.add(struct.unpack(order + "H", head[8:10])[0])
        if length > 12:
            file.seek(length - 16, os.SEEK_CUR)
            if file.read(4) != head[4:8]:
                return set()
    return links


def deserved(path):
    """The exit codes that are right for this file.

    A file that surely holds a packet of a known link type must be read. One whose every interface
    is of an unknown link type gives no packet: a classic capture names its only type in its header,
    a pcapng file in its interface blocks, all of which are looked at. A file that is broken at its
    start, or that mixes link types, may end either way.
    """
    opened = gzip.open if gzipped(path) else open
    try:
        with opened(path, "rb") as file:
            data = file.read(HEAD_BYTES)
        pcapng = data[:4] == b"\x0a\x0d\x0d\x0a"
        with opened(path, "rb") as file:
            links = links_pcapng(file) if pcapng else links_pcap(file)
    except (OSError, EOFError, zlib.error):
        return READ | UNREAD
    if len(data) < 24 or (links and not links & LINKS):
        return UNREAD
    whole = first_packet_pcapng(data) if pcapng else first_packet_pcap(data)
    return READ if whole and known_link(data) else READ | UNREAD


def known_link(data):
    """True when the first interface is of a link type that exeat reads."""
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
        length = struct.unpack(order + "I", data[4:8])[0]
        field = data[length + 8:length + 10]
        return len(field) == 2 and struct.unpack(order + "H", field)[0] in LINKS
    order = "<" if struct.unpack("<I", data[:4])[0] in PCAP_MAGIC else ">"
    return struct.unpack(order + "I", data[20:24])[0] & 0xFFFF in LINKS


# The sandbox forbids what the leak checker needs, and a leak checker that fails ends a
# process with an exit code of its own.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:abort_on_error=1",
    UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")

LINKS = {0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276}


def run(exeat, capture):
    """(exit code, standard error, seconds of processor time, peak KiB)."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as said:
        os.chmod(folder, 0o755)
        process = subprocess.Popen([exeat, "inspect", str(capture), "--out", folder + "/out"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            start_new_session=True, env=ENVIRONMENT)
        late = threading.Timer(WAIT_SECONDS_MAX, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(process.pid, 0)
        late.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read(65536).decode("utf-8", "replace")
    return process.returncode, text, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def judge(sanitized, release, capture):
    """The complaints about one capture, and what it took."""
    complaints = []
    code, text, seconds, _ = run(sanitized, capture)
    for mark in ("Sanitizer", "runtime error:"):
        if mark in text:
            complaints.append(next(line for line in text.splitlines() if mark in line))
            break
    if seconds > SECONDS_MAX:
        complaints.append(f"{seconds:.1f} s of processor time")
    if code == -signal.SIGKILL:
        complaints.append(f"ended after {WAIT_SECONDS_MAX} s")
    elif code not in deserved(capture):
        complaints.append(f"exit code {code}: {text.strip().splitlines()[-1:]}")
    other, _, _, memory = run(release, capture)
    if memory > MEMORY_MAX_KIB:
        complaints.append(f"{memory // 1024} MiB of memory")
    if other != code and code != -signal.SIGKILL:
        complaints.append(f"exit code {other} of the release build, {code} of the sanitized one")
    return complaints, seconds, memory


def captures(folders):
    for folder in folders:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.name.lower().endswith(SUFFIXES) and path.is_file():
                yield path


def main():
    sanitized, release, *folders = sys.argv[1:]
    passed = failed = 0
    slowest = (0.0, "")
    largest = (0, "")
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        jobs = {pool.submit(judge, sanitized, release, path): path for path in captures(folders)}
        for job in concurrent.futures.as_completed(jobs):
            complaints, seconds, memory = job.result()
            slowest = max(slowest, (seconds, str(jobs[job])))
            largest = max(largest, (memory, str(jobs[job])))
            if complaints:
                failed += 1
                print(f"FAILED: {jobs[job]}: {'; '.join(complaints)}", flush=True)
            else:
                passed += 1
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    print(f"largest: {largest[0] // 1024} MiB, {largest[1]}")
    if not passed + failed:
        print("SKIP: no capture below the folders given")
        return 77
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
