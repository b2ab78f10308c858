"""live.py CAPTURE [SECONDS]: see live.sh."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from exeat_run import EXEAT
from lab import ALLOWED, Lab, run, wait_until

MTU = "65535"  # captures of a computer's own traffic hold packets before they are cut
FIRST_MBPS, LAST_MBPS = 100, 25600
HALVINGS = 3  # between a rate without and one with a loss: to an eighth of it
SETTLE_SECONDS = 1.5
BUDGET_SECONDS = 190  # of one program


class Program:
    """How it is started on an interface, and how it tells what it has seen."""

    def __init__(self, name, command, seen):
        self.name, self.command, self.seen = name, command, seen


def seen_by_exeat(work, _):
    text = (work / "out" / "run.json").read_text(encoding="utf-8")
    return int(re.search(r'"frames":(\d+)', text)[1])


def seen_by_tcpdump(_, said):
    return int(re.search(r"(\d+) packets captured", said)[1])


def seen_by_ndpi(_, said):
    return int(re.search(r"of (\d+) packets total", said)[1])


def programs(lab):
    rules = ("--rules", lab.rules, "--quiet", "--out", lab.work / "out")
    known = (
        Program("exeat", (EXEAT, "capture", "-i", lab.interface, *ALLOWED, *rules), seen_by_exeat),
        Program("tcpdump", ("tcpdump", "-n", "-i", lab.interface, "-w", "/dev/null"),
                seen_by_tcpdump),
        Program("ndpiReader", ("ndpiReader", "-i", lab.interface), seen_by_ndpi),
    )
    return [p for p in known if shutil.which(p.command[0])]


def is_listening(lab):
    """A packet socket stands open in the inner namespace."""
    told = subprocess.run(["ip", "netns", "exec", lab.inside, "cat", "/proc/net/packet"],
                          capture_output=True, check=True).stdout
    return len(told.splitlines()) > 1


def replay(lab, capture, mbps, seconds):
    """Sends; returns the rates that were reached, in Mbit/s and in packets per second. Before the
    programs, as a network card has its interrupts: they must not hold the sender back."""
    said = subprocess.run(
        ["nice", "-n", "-10", "ip", "netns", "exec", lab.outside, "tcpreplay", "-q", "-i", lab.far, "--preload-pcap",
         "--loop=0", f"--duration={seconds}", f"--mbps={mbps}", capture],
        capture_output=True, check=False, timeout=seconds + 60).stdout.decode()
    rated = re.search(r"Rated: [\d.]+ Bps, ([\d.]+) Mbps, ([\d.]+) pps", said)
    if not rated:
        sys.exit(f"live.py: tcpreplay did not send: {said[-300:]}")
    return float(rated[1]), float(rated[2])


def measure(lab, program, capture, mbps, seconds):
    """One run: rates reached, packets that arrived, packets that the program missed of them."""
    shutil.rmtree(lab.work / "out", ignore_errors=True)
    with open(lab.work / "said", "w+b") as said:
        process = subprocess.Popen(
            ["ip", "netns", "exec", lab.inside, *map(str, program.command)], stdout=said,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: is_listening(lab), f"{program.name} does not listen", 20)
            time.sleep(SETTLE_SECONDS)
            before = lab.arrived()
            reached, packets_s = replay(lab, capture, mbps, seconds)
            time.sleep(SETTLE_SECONDS)
            arrived = lab.arrived() - before
            process.send_signal(signal.SIGINT)
            process.wait(timeout=90)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        seen = program.seen(lab.work, said.read().decode(errors="replace"))
    return reached, packets_s, arrived, max(arrived - seen, 0)


def search(lab, program, capture, seconds):
    """The fastest run without a loss and the slowest with one; None: there was none."""
    good = bad = None
    began = time.monotonic()
    mbps, halvings = FIRST_MBPS, 0
    while halvings <= HALVINGS and time.monotonic() - began < BUDGET_SECONDS:
        reached, packets_s, arrived, missed = measure(lab, program, capture, mbps, seconds)
        print(f"  {program.name:10} {mbps:6.0f} Mbit/s asked, {reached:8.0f} sent, "
              f"{packets_s:9.0f} packets/s, {missed:8} of {arrived} missed", flush=True)
        if missed == 0:
            good = (reached, packets_s)
            if reached < 0.8 * mbps or (bad is None and mbps >= LAST_MBPS):
                break  # no faster sender is at hand
            low = mbps
        else:
            bad, high = (reached, packets_s, missed / arrived), mbps
        if bad is None:
            mbps *= 2
            continue
        if good is None:
            mbps, halvings = mbps / 2, halvings + 1
            continue
        mbps, halvings = (low + high) / 2, halvings + 1
    return good, bad


def tell(name, good, bad):
    best = f"{good[0]:8.0f} {good[1]:10.0f}" if good else f"{'-':>8} {'-':>10}"
    first = f"{bad[0]:8.0f} {bad[1]:10.0f} {100 * bad[2]:6.2f}" if bad else \
        f"{'none':>8} {'-':>10} {'-':>6}"
    print(f"{name:12} {best}   {first}")


def main():
    capture = os.path.abspath(sys.argv[1])
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    with tempfile.TemporaryDirectory(prefix="exeat-live-") as folder:
        with Lab(pathlib.Path(folder)) as lab:
            for space, name in ((lab.inside, lab.interface), (lab.outside, lab.far)):
                run("ip", "-n", space, "link", "set", name, "mtu", MTU)
            found = [(p.name, *search(lab, p, capture, seconds)) for p in programs(lab)]
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"{seconds} seconds at each rate\n")
    print("                 no packet lost         first with a loss")
    print("program        Mbit/s  packets/s     Mbit/s  packets/s percent")
    for name, good, bad in found:
        tell(name, good, bad)


if __name__ == "__main__":
    main()
