#!/usr/bin/env python3
"""Guest and voice networks in a live capture: the kernel leaves their packets out, and exeat where the
kernel cannot. In network namespaces; skips where this is not root."""
import os
import shutil
import signal
import sys
import time

import frames
from exeat_run import REGISTER, SKIPPED, check, check_whole
from lab import ALLOWED, Lab, remembered, wait_until
from payloads import LABELLED, http_ok, http_post

GUEST = "192.168.50.7"
DROPPED = "packets of guest or voice networks"


def upload(port=50000, client=frames.CLIENT):
    made = []
    frames.Tcp(made, (client, port)).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def tagged(made):
    return [(at, data[:12] + b"\x81\x00\x00\x32" + data[12:]) for at, data in made]


def of_phones(count):
    """UDP over IPv6 from a telephone to a server."""
    ends = bytes.fromhex("20010db8007700000000000000000005" "20010db8000000000000000000000001")
    packet = b"\x60" + bytes(3) + b"\x00\x10\x11\x40" + ends + b"\x13\xc4\x13\xc4\x00\x10" + bytes(10)
    return [(0, frames.ETHERNET[:12] + b"\x86\xdd" + packet)] * count


def register(work, guests):
    folder = shutil.copytree(REGISTER, work / "register")
    practice = folder / "practice.csv"
    text = practice.read_text(encoding="utf-8").replace("guest_nets,", "guest_nets," + guests)
    practice.write_text(text.replace("voip_nets,", "voip_nets,2001:db8:77::/48"), encoding="utf-8")
    return folder


def capture(lab, folder, sent, *more):
    process = lab.start(*ALLOWED, "--register", folder, *more)
    lab.send(sent)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    result = lab.finish(process).expect(1)
    check_whole(result.folder)
    return result


def case_kernel(work):
    """the kernel drops them, IPv4 and IPv6, both ways, below a VLAN tag, beside the user's filter;
    run.json says so, and nothing of them is counted"""
    others = upload(50002)
    sent = (upload(50001, GUEST) + tagged(upload(50003, GUEST)) + of_phones(3) + others
            + [(0, frames.udp((frames.CLIENT, 5000), ("198.51.100.7", 9999), bytes(20)))])
    with Lab(work) as lab:
        result = capture(lab, register(work, "192.168.50.0/24"), sent, "-f",
                         "not udp dst port 9999")
        facts = result.run_facts()
        check(facts["excluded_by"] == "kernel filter", f"by {facts['excluded_by']!r}")
        check({flow["src_port"] for flow in result.flows()} == {50002}, "other conversations")
        check(facts["inputs"][0]["frames"] == len(others), f"{facts['inputs'][0]['frames']} frames")
        check(DROPPED not in facts["losses"], "some came to exeat all the same")


def case_too_many(work):
    """more networks than the kernel's filter can hold: it is said, and exeat drops the packets"""
    guests = "|".join(["192.168.50.0/24"] + [f"2001:db8::{n:x}" for n in range(1, 250)])
    guest, others = upload(50001, GUEST), upload(50002)
    with Lab(work) as lab:
        result = capture(lab, register(work, guests), guest + others)
        result.one_sentence("guest and voice networks", "longer than the kernel takes")
        facts = result.run_facts()
        check(facts["excluded_by"].startswith("exeat: "), f"by {facts['excluded_by']!r}")
        check({flow["src_port"] for flow in result.flows()} == {50002}, "other conversations")
        check(facts["losses"][DROPPED] == len(guest), f"losses {facts['losses']}")


def case_no_more(work):
    """a register that no longer names such networks: what was dropped before stays told"""
    many = "|".join(["192.168.50.0/24"] + [f"2001:db8::{n:x}" for n in range(1, 250)])
    folder = register(work, many)
    practice = folder / "practice.csv"
    with Lab(work) as lab:
        process = lab.start(*ALLOWED, "--register", folder)
        lab.send(upload(50001, GUEST))
        time.sleep(1)
        text = practice.read_text(encoding="utf-8").replace(many, "")
        practice.write_text(text.replace("2001:db8:77::/48", ""), encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: "192.168.50" not in remembered(work / "out", "practice.csv"),
                   "it is not remembered")
        lab.send(upload(50002, GUEST))
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = lab.finish(process).expect(1)
        check_whole(result.folder)
        facts = result.run_facts()
        check({flow["src_port"] for flow in result.flows()} == {50002}, "other conversations")
        check(facts["losses"][DROPPED] == len(upload()), f"losses {facts['losses']}")
        check(facts["excluded_by"].startswith("exeat: ") and "none" in facts["excluded_by"],
              f"by {facts['excluded_by']!r}")


def case_none(work):
    """without such networks nothing is said of them"""
    with Lab(work) as lab:
        facts = capture(lab, REGISTER, upload()).run_facts()
        check(facts["excluded_by"] == "", f"by {facts['excluded_by']!r}")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
