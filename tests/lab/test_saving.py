#!/usr/bin/env python3
"""capture --save: what is kept of the traffic itself, for how long, and what is never kept. In network
namespaces; skips where this is not root."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import frames
from disk import Disk
from exeat_run import REGISTER, SKIPPED, check, check_whole
from lab import ALLOWED, Lab, children, wait_until
from payloads import LABELLED, http_ok, http_post

PURPOSE = "find out what the booking program sends"
NAME = re.compile(r"visit-\d{8}T\d{6}Z(-\d+)?\.pcapng")
GUEST, PHONE = "192.168.50.7", "2001:db8:77::5"


def upload(port=50000, client=frames.CLIENT):
    made = []
    frames.Tcp(made, (client, port)).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def noise(count, size=1000):
    return [(0, frames.udp((frames.CLIENT, 1024 + n % 40), ("198.51.100.7", 9999), bytes(size)))
            for n in range(count)]


def saving(folder, *more, keep="14d"):
    return (*ALLOWED, "--save", folder / "visit", "--purpose", PURPOSE, "--keep", keep, *more)


def saved_files(folder):
    names = sorted(path.name for path in folder.iterdir())
    for name in names:
        check(NAME.fullmatch(name), f"the folder of saved content holds {name}")
        check((folder / name).stat().st_mode & 0o7777 == 0o600, f"{name} can be read by others")
    return [folder / name for name in names]


def fields(path, *names, only="", killed=False):
    """What tshark reads in a file; our own reader is no witness here. A kill may end the kernel's
    own writing in the middle of a packet."""
    if not shutil.which("tshark"):
        return None
    wanted = [word for name in names for word in ("-e", name)]
    told = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", "-Y", only, *wanted],
                          capture_output=True, check=False)
    check(told.returncode == 0 or (killed and b"cut short" in told.stderr),
          f"tshark cannot read {path.name}: {told.stderr.decode()!r}")
    return [line.split("\t") for line in told.stdout.decode().splitlines()]


def about(path):
    if not shutil.which("capinfos"):
        return None
    told = subprocess.run(["capinfos", path], capture_output=True, check=False)
    check(told.returncode == 0, f"capinfos cannot read {path.name}: {told.stderr.decode()!r}")
    return told.stdout.decode()


def frame_count(path):
    told = about(path)
    return int(re.search(r"Number of packets = (\d+)", told).group(1)) if told else None


def case_saved(work):
    """what was captured is in a file that others can read, with purpose and interface, of mode 0600
    and of whoever started it; the reports say so, and hold no content"""
    with Lab(work) as lab:
        process = lab.start(*saving(work / "saved"))
        sent = upload()
        lab.send(sent)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        check_whole(result.folder)
        path, = saved_files(work / "saved")
        check(path.stat().st_uid == 0 and (work / "saved").stat().st_uid == 0,
              "what root saved is not root's")
        facts = result.run_facts()["saved"]
        check(facts["purpose"] == PURPOSE and facts["keep"] == "14d", f"run.json says {facts}")
        check(facts["files"] == 1 and facts["frames"] == len(sent), f"run.json says {facts}")
        check(facts["frames_not_saved"] == 0, f"run.json says {facts}")
        check(PURPOSE in (result.folder / "report.html").read_text(encoding="utf-8"),
              "the report does not say that content was kept")
        check(PURPOSE in result.out, "the table does not say that content was kept")
        told = about(path)
        if told:
            check(PURPOSE in told and "Name = " + lab.interface in told, f"capinfos says {told}")
            check(frame_count(path) == len(sent), f"{frame_count(path)} frames, sent {len(sent)}")
            ports = fields(path, "tcp.srcport", "frame.time_epoch", only="http.request")
            check(ports[0][0] == "50000", f"tshark says {ports}")
            check(abs(float(ports[0][1]) - time.time()) < 60, f"tshark says {ports}")
        # Without --save nothing says anything of it.
        process = lab.start(*ALLOWED, "--for", "2s", name="other")
        lab.send(sent)
        check("saved" not in lab.finish(process).run_facts(), "told of what nobody asked for")


def register_with_guests(work):
    folder = shutil.copytree(REGISTER, work / "register")
    practice = folder / "practice.csv"
    text = practice.read_text(encoding="utf-8")
    text = text.replace("guest_nets,", "guest_nets,192.168.50.0/24")
    practice.write_text(text.replace("voip_nets,", "voip_nets,2001:db8:77::/48"), encoding="utf-8")
    return folder


def tunnelled(data):
    """A frame's packet, inside of another one between two addresses of the practice."""
    return frames.ipv4("192.168.20.1", "192.168.20.2", 4, data[14:])


def case_guests(work):
    """packets of guest and voice networks are not saved, whichever end it is, nor inside a tunnel;
    nor is what cannot be told"""
    guest = upload(50001, GUEST)
    sent = guest + [(0, tunnelled(data)) for _, data in guest]
    sent += [(0, frames.ETHERNET[:12] + b"\x08\x06" + bytes(28))]  # ARP
    with Lab(work) as lab:
        process = lab.start(*saving(work / "saved", "--register", register_with_guests(work)))
        lab.send(sent + upload(50002))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        path, = saved_files(work / "saved")
        check(frames.address(GUEST) not in path.read_bytes(), "a guest's packet was saved")
        ports = {flow["src_port"] for flow in result.flows()}
        check(ports == {50002}, f"conversations of {ports}")
        facts = result.run_facts()
        check(facts["saved"]["frames"] == len(upload()), f"run.json says {facts['saved']}")
        check(any("network is unknown" in name for name in facts["losses"]),
              f"it is not told that a frame was not saved: {facts['losses']}")


def case_rotated(work):
    """files end by size and by time; each can be read, and nothing is lost between them"""
    with Lab(work) as lab:
        process = lab.start(*saving(work / "saved", "--save-size", "1", "--save-every", "2s"))
        sent = noise(2500)
        lab.send(sent)
        time.sleep(2.5)
        lab.send(upload())
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        files = saved_files(work / "saved")
        check(len(files) >= 4, f"{len(files)} files")
        check(all(path.stat().st_size < 1100000 for path in files), "a file is too large")
        dropped = result.run_facts()["inputs"][0]["dropped"]
        if shutil.which("capinfos"):
            count = sum(frame_count(path) for path in files)
            check(count + dropped == len(sent) + len(upload()), f"{count} frames in all")


def case_killed(work):
    """kill -9: what was captured until a second before can be read"""
    with Lab(work) as lab:
        process = lab.start(*saving(work / "saved"))
        inspector, = children(process.pid)
        lab.send(upload())
        time.sleep(2.5)
        lab.send(noise(500))
        os.kill(inspector, signal.SIGKILL)
        lab.finish(process, 10).expect(6)
        path, = saved_files(work / "saved")
        if shutil.which("tshark"):
            seen = fields(path, "tcp.srcport", only="http.request", killed=True)
            check(len(seen) == 1, "it was lost")
        # The next run goes on in the same folder, and leaves that file alone.
        time.sleep(1.1)
        process = lab.start(*saving(work / "saved"))
        lab.send(upload(50001))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        lab.finish(process).expect(1)
        check(len(saved_files(work / "saved")) == 2, "the next run has not saved beside it")


def case_expired(work):
    """files that are too old are deleted at the start and while it runs; those of other stems are
    not"""
    folder = work / "saved"
    folder.mkdir()
    for name in ("visit-20200101T000000Z.pcapng", "other-20200101T000000Z.pcapng"):
        (folder / name).write_bytes(b"")
    with Lab(work) as lab:
        process = lab.start(*saving(folder, "--save-every", "1s", keep="4s"))
        check(not (folder / "visit-20200101T000000Z.pcapng").exists(), "it is still there")
        lab.send(upload())
        wait_until(lambda: list(folder.glob("visit-*")), "nothing was saved", 5)
        wait_until(lambda: not list(folder.glob("visit-*")), "it is not deleted", 15)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        check(result.run_facts()["saved"]["files_deleted"] == 2, "the deletions are not counted")
        check((folder / "other-20200101T000000Z.pcapng").exists(), "another stem's file is gone")


def case_no_room(work):
    """a disk with less room than is to be left: saving ends and the inspection goes on; it is said
    once, counted, and there is room left"""
    with Lab(work) as lab, Disk(work / "disk", 6 << 20) as disk:
        process = lab.start(*saving(disk / "saved", "--save-floor", "3", "--save-size", "1"))
        for _ in range(8):
            lab.send(noise(1000))
            time.sleep(0.3)
        lab.send(upload())
        time.sleep(6)  # it is tried again
        lab.send(noise(10))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        result.one_sentence("3 MiB are free", "not saved are counted")
        check_whole(result.folder)
        check(any(flow["findings"] for flow in result.flows()), "the inspection did not go on")
        facts = result.run_facts()
        lost = facts["saved"]["frames_not_saved"]
        check(lost > 0 and facts["losses"]["frames not saved"] == lost,
              f"run.json says {facts['saved']} and {facts['losses']}")
        check("capture-gap" not in result.flags(), f"what was inspected is told as a gap: {facts['inputs']} {facts['losses']}")
        room = os.statvfs(disk)
        check(room.f_bavail * room.f_frsize >= 5 << 19, "nothing was left to others")
        if shutil.which("capinfos"):
            count = sum(frame_count(path) for path in saved_files(disk / "saved"))
            check(count == facts["saved"]["frames"], f"{count} frames in files")


def case_refused(work):
    """a folder that holds reports or other people's files is not used, nor one of saved content for
    reports; each is said in one sentence, and nothing is begun"""
    with Lab(work) as lab:
        (work / "theirs").mkdir()
        (work / "theirs" / "thesis.txt").write_text("mine", encoding="utf-8")
        lab.capture(*saving(work / "theirs")).expect(2).one_sentence("theirs", "other files")
        lab.capture(*saving(work / "out")).expect(2).one_sentence("folder of its own")
        lab.capture(*saving(work / "absent" / "saved")).expect(6).one_sentence("saved")
        for name, option in (("oldvisit", "report.html"), ("oldsaved", "visit-20261122T111538Z.pcapng")):
            (work / name).mkdir()
            (work / name / option).write_bytes(b"")
        lab.capture(*saving(work / "oldvisit")).expect(2).one_sentence("oldvisit", "other files")
        lab.capture(*ALLOWED, name="oldsaved").expect(2).one_sentence("oldsaved", "other files")
        check(sorted(os.listdir(work / "oldvisit")) == ["report.html"], "it was written to")
        check(len(os.listdir(work / "oldsaved")) == 1, "it was written to")
        busy = lab.start(*saving(work / "saved"))
        lab.capture(*saving(work / "saved"), name="out2").expect(6).one_sentence("another run")
        busy.send_signal(signal.SIGINT)
        lab.finish(busy)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
