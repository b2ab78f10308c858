"""soak: what tests/fault/soak.sh runs; see there.

A capture that runs all year must settle: the median memory of the last third of the time is at most
GROWTH above that of the third before, descriptors and threads are the same from the first minute
on, and no temporary files gather. Saved content is rotated and expires meanwhile, and the store is
read, as the report each morning does."""
import csv
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from exeat_run import REGISTER, SKIPPED, SOURCE, Failed, Skipped, check, check_whole, exeat
from lab import ALLOWED, Lab, children

CAPTURE = SOURCE / "fixtures" / "clinic-day" / "in.pcapng"
TABLE = pathlib.Path("build/soak.csv")
SAMPLE_S, REPORT_S, SETTLED_S = 10, 60, 60
FRAMES_A_SECOND = 100
GROWTH = 1.05       # the store's cache fills with it, up to 16 MiB
KEPT_FILES_MAX = 8  # --keep 5m in files of a minute
ENHANCED_PACKET = 6
COLUMNS = ("second", "inspector_rss_kib", "inspector_fds", "inspector_threads", "monitor_rss_kib",
           "monitor_fds", "monitor_threads", "saved_files", "other_files", "store_kib")


def read_frames(path):
    """The frames of a pcapng file (little-endian), from its Enhanced Packet Blocks."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == ENHANCED_PACKET:
            captured, = struct.unpack_from("<I", data, at + 20)
            found.append(data[at + 28:at + 28 + captured])
        at += length
    return found


def with_new_port(frame, turn):
    """The same frame of a conversation whose client has another port; checksums are put right."""
    data = bytearray(frame)
    at = 18 if data[12:14] == b"\x81\x00" else 14
    if data[at] != 0x45 or data[at + 9] not in (6, 17):
        return bytes(data)
    udp, at = data[at + 9] == 17, at + 20
    for where in (at, at + 2):
        port, = struct.unpack_from(">H", data, where)
        if port < 30000:
            continue
        new = 30000 + (port - 30000 + turn * 977) % 35000
        struct.pack_into(">H", data, where, new)
        sum_at = at + (6 if udp else 16)
        before, = struct.unpack_from(">H", data, sum_at)
        if before or not udp:  # RFC 1624, equation 3
            total = (~before & 0xFFFF) + (~port & 0xFFFF) + new
            total = (total & 0xFFFF) + (total >> 16)
            struct.pack_into(">H", data, sum_at, ~(total + (total >> 16)) & 0xFFFF)
    return bytes(data)


class Traffic:
    """Sends on and on; a step is a tenth of a second."""

    def __init__(self, lab):
        self.frames, self.turn, self.at = read_frames(CAPTURE), 0, 0
        self.sender = subprocess.Popen(
            ["ip", "netns", "exec", lab.outside, sys.executable, "-c", STREAMING, lab.far],
            stdin=subprocess.PIPE)

    def step(self):
        for _ in range(FRAMES_A_SECOND // 10):
            frame = with_new_port(self.frames[self.at], self.turn)
            self.sender.stdin.write(struct.pack(">I", len(frame)) + frame)
            self.at += 1
            if self.at == len(self.frames):
                self.at, self.turn = 0, self.turn + 1
        self.sender.stdin.flush()

    def end(self):
        self.sender.stdin.close()
        self.sender.wait()


# As lab's sender, but for frames that come one after another.
STREAMING = """
import socket, struct, sys, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((sys.argv[1], 0))
while head := sys.stdin.buffer.read(4):
    frame = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
    try:
        wire.send(frame)
    except OSError:
        time.sleep(0.001)
"""


def of_process(pid):
    values = {}
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        for line in status:
            name, _, value = line.partition(":")
            values[name] = value.split()[0] if value.split() else ""
    return int(values["VmRSS"]), len(os.listdir(f"/proc/{pid}/fd")), int(values["Threads"])


def sample(second, monitor, inspector, work):
    saved = list((work / "saved").iterdir())
    others = [path for path in (work / "out").rglob("*") if path.name != "exeat.db-journal"]
    return (second, *of_process(inspector), *of_process(monitor), len(saved), len(others),
            (work / "out" / "exeat.db").stat().st_size // 1024)


def read_store(work):
    result = exeat("report", "--store", work / "out" / "exeat.db", "--csv", "--register", REGISTER,
                   "--rules", SOURCE / "rules")
    result.expect(0, 1)


def watch(lab, work, minutes, process):
    """One sample after another, while traffic flows."""
    traffic, rows = Traffic(lab), []
    inspector, = children(process.pid)
    began = time.monotonic()
    next_sample, next_report = SAMPLE_S, REPORT_S
    while (second := time.monotonic() - began) < minutes * 60:
        check(process.poll() is None, "the capture has ended")
        traffic.step()
        if second >= next_sample:
            rows.append(sample(int(second), process.pid, inspector, work))
            next_sample += SAMPLE_S
        if second >= next_report:
            read_store(work)
            next_report += REPORT_S
        time.sleep(max(0, began + (int(second * 10) + 1) / 10 - time.monotonic()))
    traffic.end()
    return rows, traffic.turn


def write_table(rows):
    with open(TABLE, "w", encoding="utf-8", newline="") as table:
        csv.writer(table).writerows([COLUMNS, *rows])


def check_settled(rows):
    third, stored = len(rows) // 3, [row[COLUMNS.index("store_kib")] for row in rows]
    for column in ("inspector_rss_kib", "monitor_rss_kib"):
        values = [row[COLUMNS.index(column)] for row in rows]
        middle, last = statistics.median(values[third:2 * third]), statistics.median(values[-third:])
        print(f"{column}: {middle:.0f} in the second third, {last:.0f} in the last, "
              f"at most {max(values)}; the store grew from {stored[third]} to {stored[-1]}")
        check(last <= middle * GROWTH, f"{column} grows")
    settled = [row for row in rows if row[0] >= SETTLED_S]
    for column in ("inspector_fds", "inspector_threads", "monitor_fds", "monitor_threads"):
        values = {row[COLUMNS.index(column)] for row in settled}
        print(f"{column}: {sorted(values)}")
        # While it commits there is a journal, and while it rotates the next file.
        room = 2 if column == "inspector_fds" else 0
        check(max(values) - min(values) <= room, f"{column} is not constant")
    for column, most in (("saved_files", KEPT_FILES_MAX), ("other_files", 2)):
        values = [row[COLUMNS.index(column)] for row in settled]
        print(f"{column}: at most {max(values)}")
        check(max(values) <= most, f"{column} gather")


def soak(work, minutes):
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", REGISTER, "-q", "--save", work / "saved" / "visit",
                            "--purpose", "a test", "--keep", "5m", "--save-every", "1m",
                            "--save-size", "4", "--save-floor", "64")
        rows, turns = watch(lab, work, minutes, process)
        write_table(rows)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
    check_whole(result.folder)
    facts = result.run_facts()
    print(f"{minutes} minutes, {turns} times the fixture: {facts['inputs'][0]['frames']} frames, "
          f"{len(result.flows())} conversations, {facts['inputs'][0]['dropped']} dropped")
    check(facts["saved"]["files_deleted"] > 0 or minutes <= 6, "no saved file has expired")
    check_settled(rows)


def main():
    with tempfile.TemporaryDirectory(prefix="exeat-soak-") as folder:
        os.chmod(folder, 0o755)
        try:
            soak(pathlib.Path(folder), int(sys.argv[1]))
        except Skipped as reason:
            print(f"SKIP: {reason}")
            sys.exit(SKIPPED)
        except Failed as reason:
            print(f"FAILED: {reason}")
            sys.exit(1)
    print("nothing grows")


if __name__ == "__main__":
    main()
