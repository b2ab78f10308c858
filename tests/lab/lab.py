"""lab: two network namespaces with a wire between them, for tests that capture live.

Frames are sent at one end exactly as they were made; exeat captures at the other. Needs root.
"""
import json
import os
import sqlite3
import struct
import subprocess
import sys
import time

from exeat_run import SOURCE, Result, Skipped, check, check_private, start

SENDER = """
import socket, struct, sys, time
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind((sys.argv[1], 0))
frames = sys.stdin.buffer.read()
at = 0
while at < len(frames):
    length, = struct.unpack_from(">I", frames, at)
    for _ in range(int(sys.argv[2])):
        try:
            wire.send(frames[at + 4:at + 4 + length])
        except OSError:
            time.sleep(0.001)
    at += 4 + length
"""
ALLOWED = ("--authorised-by", "A. Manager, 2026-11-20")


def run(*command):
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def children(pid):
    """Without whoever opens documents (PRIV_UNPACKER_NAME)."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/stat", encoding="utf-8") as stat:
                command, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
            if int(rest.split()[1]) == pid and command != "exeat-unpacker":
                found.append(int(name))
        except (OSError, ValueError):
            pass
    return found


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def last_input(folder):
    """Number of the latest input in the folder's store; 0 when there is none."""
    try:
        store = sqlite3.connect(f"file:{folder}/exeat.db?mode=ro", uri=True)
        try:
            return store.execute("SELECT max(id) FROM input").fetchone()[0] or 0
        finally:
            store.close()
    except sqlite3.Error:
        return 0


def remembered(folder, table="programs.csv"):
    """A table of the register that the store remembers."""
    store = sqlite3.connect(f"file:{folder}/exeat.db?mode=ro", uri=True)
    try:
        return bytes(store.execute("SELECT value FROM meta WHERE key=?", (f"register/{table}",))
                     .fetchone()[0]).decode()
    finally:
        store.close()


def wait_until(holds, what, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        check(time.monotonic() < end, what)
        time.sleep(0.05)


def silent(space):
    """No IPv6 in a namespace, whose kernel would send packets of its own."""
    for interfaces in ("all", "default"):
        setting = f"/proc/sys/net/ipv6/conf/{interfaces}/disable_ipv6"
        run("ip", "netns", "exec", space, "sh", "-c", f"[ ! -e {setting} ] || echo 1 >{setting}")


class Lab:
    def __init__(self, work):
        self.work, self.rules = work, SOURCE / "rules"
        self.inside, self.outside = f"exeat-in-{os.getpid()}", f"exeat-out-{os.getpid()}"
        self.interface, self.far = f"exi{os.getpid()}", f"exo{os.getpid()}"
        self.within = ()  # a command that runs the rest of its line, in the inner namespace

    def __enter__(self):
        if not run("ip", "netns", "add", self.inside):
            raise Skipped("no network namespace can be made here")
        run("ip", "netns", "add", self.outside)
        for space in (self.inside, self.outside):
            silent(space)
        made = run("ip", "link", "add", self.interface, "netns", self.inside, "type", "veth",
                   "peer", "name", self.far, "netns", self.outside)
        for space, name in ((self.inside, self.interface), (self.outside, self.far)):
            made = made and run("ip", "-n", space, "link", "set", name, "up")
        if not made:
            self.__exit__()
            raise Skipped("no pair of interfaces can be made here")
        return self

    def __exit__(self, *_):
        run("ip", "netns", "del", self.inside)
        run("ip", "netns", "del", self.outside)

    def send(self, frames, times=1):
        packed = b"".join(struct.pack(">I", len(data)) + data for _, data in frames)
        subprocess.run(["ip", "netns", "exec", self.outside, sys.executable, "-c", SENDER,
                        self.far, str(times)], input=packed, check=True)

    def arrived(self):
        """Frames that reached the interface."""
        told = subprocess.run(["ip", "-n", self.inside, "-s", "-j", "link", "show", self.interface],
                              capture_output=True, check=True).stdout
        return json.loads(told)[0]["stats64"]["rx"]["packets"]

    def unplug(self):
        check(run("ip", "-n", self.inside, "link", "del", self.interface), "cannot unplug")

    def command(self, *arguments, name="out"):
        return ["capture", "-i", self.interface, "--rules", self.rules, "--out",
                self.work / name, *arguments]

    def start(self, *arguments, name="out", wait=True):
        """Starts a capture; returns once it reads: then the store knows of it."""
        before = last_input(self.work / name)
        process = start(self.command(*arguments, name=name),
                        before=("ip", "netns", "exec", self.inside, *self.within))
        process.folder = self.work / name

        def reads():
            check(process.poll() is None, "the capture ended before it began")
            return last_input(process.folder) > before

        if wait:
            wait_until(reads, "the capture does not begin")
        return process

    def finish(self, process, seconds=60):
        out, err = process.communicate(timeout=seconds)
        result = Result(process.returncode, out.decode(), err.decode(), process.folder)
        check("Sanitizer" not in result.err, result.err[-4000:])
        check_private(result)
        return result

    def capture(self, *arguments, name="out"):
        return self.finish(self.start(*arguments, name=name, wait=False))
