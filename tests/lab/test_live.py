#!/usr/bin/env python3
"""Live capture in network namespaces: who allows it, how it ends, and what is left when it is cut
off. Skips where this is not root."""
import json
import os
import shutil
import signal
import sqlite3
import sys
import time

import frames
from exeat_run import (REGISTER, SKIPPED, SOURCE, Skipped, check, check_memory, check_whole, exeat,
                       inspect)
from disk import Disk, grow
from lab import ALLOWED, Lab, children, gone, wait_until
from payloads import LABELLED, http_ok, http_post

KEEP_SECONDS = 60  # PIPELINE_KEEP_NS


def upload(port=50000):
    made = []
    frames.Tcp(made, (frames.CLIENT, port)).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def register_without_authority(work):
    folder = work / "register"
    folder.mkdir()
    for path in REGISTER.iterdir():
        text = path.read_text(encoding="utf-8")
        if path.name == "practice.csv":
            text = "".join(line for line in text.splitlines(keepends=True)
                           if not line.startswith("capture_authorised"))
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def case_nobody_allowed_it(work):
    """a register that names nobody: refused before the interface is touched, so one that does not
    exist is never heard of, and nothing is left in the output folder"""
    with Lab(work) as lab:
        lab.interface = "exeat-nosuch0"
        for given in ((), ("--register", register_without_authority(work))):
            lab.capture(*given).expect(5).one_sentence("nobody is recorded", "practice.csv")
            check(not list((work / "out").iterdir()), "something was written")


def case_the_store_remembers_who_allowed_it(work):
    """the authority that stands only in the register remembered by the store is accepted"""
    inspect(work, frames.pcap(upload()), register=REGISTER).expect(1)
    with Lab(work) as lab:
        process = lab.start("--for", "3s")
        lab.send(upload(50001))
        result = lab.finish(process).expect(1)
        check_whole(result.folder)
        ports = {flow["src_port"] for flow in result.flows()}
        check(ports == {50000, 50001}, f"conversations of {ports}")
        check("Practice principal" in (result.folder / "run.json").read_text(encoding="utf-8"),
              "the report does not say who allowed it")


def stored(lab, *arguments):
    """What a report made from the store says, with nothing written beside it."""
    folder = lab.work / "later"
    shutil.rmtree(folder, ignore_errors=True)
    result = exeat("report", "--store", lab.work / "out" / "exeat.db", "--rules", SOURCE / "rules",
                   *arguments, folder=folder)
    return result


def case_inspector_killed(work):
    """kill -9 of the inspector after a minute: what was seen until a minute before is in the store,
    open conversations too, and is reported as a capture that did not end in order"""
    with Lab(work) as lab:
        inspect(work, frames.pcap(upload())).expect(1)
        process = lab.start(*ALLOWED)
        inspector, = children(process.pid)
        ended, still_open = upload(50001), upload(50002)[:-2]
        lab.send(ended + still_open)
        # A minute later both are in the store, though one has not ended yet.
        time.sleep(KEEP_SECONDS + 3)
        before = stored(lab).expect(1)
        check("api.example.net" in before.out, "a running capture cannot be reported on")
        lab.send(upload(50003))
        time.sleep(1)
        os.kill(inspector, signal.SIGKILL)
        lab.finish(process, 10).expect(6).one_sentence("signal 9")
        stored(lab).expect(1)
        result = stored(lab, "--out", work / "later").expect(1)
        check_whole(work / "later")
        ports = {flow["src_port"]: flow for flow in result.flows()}
        check({50000, 50001, 50002} == set(ports), f"conversations of {set(ports)}")
        check(all(flow["findings"] for flow in ports.values()), "content was lost")
        check(len(result.flows()) == 3, "a conversation is told twice")
        check("capture-gap" in result.flags(), "it passes for a whole capture")
        check("did not end in order" in json.dumps(result.run_facts()), "its end is not told")
        # The next capture goes on with the same store, and ends in order.
        process = lab.start(*ALLOWED, "--for", "3s")
        lab.send(upload(50004))
        result = lab.finish(process).expect(1)
        check_whole(result.folder)
        check({flow["src_port"] for flow in result.flows()} == {50000, 50001, 50002, 50004},
              "the next capture has lost what was kept")


def case_monitor_killed(work):
    """kill -9 of the monitor, soon after the start: nothing goes on in the background, what was in
    the store is still there, and the capture is told as one that did not end in order"""
    with Lab(work) as lab:
        inspect(work, frames.pcap(upload())).expect(1)
        process = lab.start(*ALLOWED)
        inspector, = children(process.pid)
        lab.send(upload(50001))
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: gone(inspector), "the inspector goes on without its monitor", 10)
        check(lab.finish(process).code == -signal.SIGKILL, "it was not killed")
        result = stored(lab, "--out", work / "later").expect(1)
        # The first packets of an hour are kept at once, if they were read before the end.
        ports = {flow["src_port"] for flow in result.flows()}
        check(ports in ({50000}, {50000, 50001}), f"conversations of {ports}")
        check("capture-gap" in result.flags(), "it passes for a whole capture")
        check("did not end in order" in json.dumps(result.run_facts()), "its end is not told")


def check_in_order(lab, process, port):
    result = lab.finish(process).expect(1)
    check_whole(result.folder)
    check({flow["src_port"] for flow in result.flows()} == {port}, "what was seen is not reported")
    check(all(flow["findings"] for flow in result.flows()), "content was lost")
    return result


def case_interrupted(work):
    """Ctrl-C, or a service that is stopped: the capture ends in order, with its reports, also when
    each process is told, and twice in one moment"""
    with Lab(work) as lab:
        for port, number in ((50000, signal.SIGINT), (50001, signal.SIGTERM)):
            process = lab.start(*ALLOWED, name=f"out{port}")
            lab.send(upload(port))
            inspector, = children(process.pid)
            for pid in (inspector, process.pid, process.pid):
                os.kill(pid, number)
            result = check_in_order(lab, process, port)
            check("capture-gap" not in result.flags(), "an end in order is told as a gap")


def case_reader(work):
    """somebody reads the store when the capture ends: it is waited for; a second Ctrl-C does not
    wait, and what was kept until then can be reported"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED)
        lab.send(upload())
        reader = sqlite3.connect(f"file:{work}/out/exeat.db?mode=ro", uri=True)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM flow").fetchall()
        process.send_signal(signal.SIGINT)
        time.sleep(7)
        check(process.poll() is None, "the capture did not wait for the reader")
        reader.close()
        check_in_order(lab, process, 50000)

        process = lab.start(*ALLOWED)
        lab.send(upload(50001))
        reader = sqlite3.connect(f"file:{work}/out/exeat.db?mode=ro", uri=True)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM flow").fetchall()
        process.send_signal(signal.SIGINT)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        lab.finish(process, 5).expect(6).one_sentence("signal", "lost")
        reader.close()
        stored(lab).expect(1)


def case_unplugged(work):
    """the interface goes away: what was seen is reported, with a sentence that names it"""
    with Lab(work) as lab:
        process = lab.start(*ALLOWED)
        lab.send(upload())
        lab.unplug()
        result = check_in_order(lab, process, 50000)
        result.one_sentence(f"the interface {lab.interface} went away")
        check("capture-gap" in result.flags(), "it passes for a whole capture")
        check(lab.interface in json.dumps(result.run_facts()), "run.json does not say why")


def case_flood(work):
    """more than the machine can follow: what was dropped is counted and told, memory stays bounded"""
    noise = [(0, frames.udp((frames.CLIENT, 1024 + n % 60000), (f"198.51.100.{n % 250}", 9999),
                            bytes(1000))) for n in range(20000)]
    with Lab(work) as lab:
        process = lab.start(*ALLOWED)
        inspector, = children(process.pid)
        lab.send(upload())
        os.kill(inspector, signal.SIGSTOP)  # a machine that is busy with something else
        lab.send(noise, times=10)
        os.kill(inspector, signal.SIGCONT)
        lab.send(upload(50001))
        process.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        result = lab.finish(process).expect(1)
        result.peak_bytes = usage.ru_maxrss * 1024
        check_whole(result.folder)
        check_memory(result)
        facts = result.run_facts()
        dropped = facts["inputs"][0]["dropped"]
        seen = facts["inputs"][0]["frames"]
        arrived = lab.arrived()
        check(dropped > 0 and seen + dropped == arrived,
              f"{seen} frames seen and {dropped} told as dropped, of {arrived}")
        check("capture-gap" in result.flags(), "it passes for a whole capture")
        check(any(flow["src_port"] == 50000 and flow["findings"] for flow in result.flows()),
              "what came before the flood was lost")


def case_interface_drops(work):
    """frames that the interface itself has dropped are told apart, those before the capture are not;
    in the sandbox, where the kernel's files cannot be opened any more"""
    counter = work / "rx_missed_errors"
    counter.write_text("5000\n", encoding="utf-8")
    with Lab(work) as lab:
        path = f"/sys/class/net/{lab.interface}/statistics/rx_missed_errors"
        lab.within = ("sh", "-c", f'mount --bind "$0" {path} && exec "$@"', counter)
        process = lab.start(*ALLOWED)
        lab.send(upload())
        counter.write_text("5003\n", encoding="utf-8")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        result = check_in_order(lab, process, 50000)
        facts = result.run_facts()
        losses = facts["losses"]
        check(losses.get("frames dropped by the network interface") == 3, f"losses {losses}")
        check("frames dropped by the capturing machine" not in losses, f"losses {losses}")
        check(facts["inputs"][0]["dropped"] == 3, f"{facts['inputs'][0]['dropped']} in all")
        check("capture-gap" in result.flags(), "it passes for a whole capture")
        hour, = sqlite3.connect(f"file:{result.folder}/exeat.db?mode=ro", uri=True).execute(
            "SELECT hour_ns FROM loss WHERE name LIKE '%interface%'").fetchone()
        check(abs(hour / 10**9 - time.time()) < 3700, f"in the hour {hour}")


def case_full_disk(work):
    """a disk that fills up while it captures: exit 6 with a sentence; what was kept until then can
    be reported once there is room"""
    noise = [(0, frames.udp((frames.CLIENT, 1024 + n), ("198.51.100.7", 9999), bytes(20)))
             for n in range(20000)]
    with Lab(work) as lab, Disk(work / "disk", 1 << 20) as disk:
        lab.work = disk
        process = lab.start(*ALLOWED)
        lab.send(upload())
        time.sleep(KEEP_SECONDS + 2)
        lab.send(noise)
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        lab.finish(process, 90).expect(6).one_sentence("cannot", "kept")
        grow(disk)
        result = stored(lab, "--out", disk / "later").expect(1)
        check(any(flow["src_port"] == 50000 and flow["findings"] for flow in result.flows()),
              "what was kept is lost")
        check("did not end in order" in json.dumps(result.run_facts()), "its end is not told")


def case_no_permission(work):
    """without the right to capture: exit 6, one sentence, and the folder is left empty"""
    with Lab(work) as lab:
        os.chmod(work, 0o777)
        # The source may lie where only root may look.
        lab.rules = shutil.copytree(lab.rules, work / "rules")
        before = ("ip", "netns", "exec", lab.inside, "setpriv", "--reuid", "1234", "--regid",
                  "1234", "--clear-groups")
        if exeat("--version", before=before).code != 0:
            raise Skipped("an ordinary user cannot reach the program here")
        result = exeat(*lab.command(*ALLOWED), folder=work / "out", before=before).expect(6)
        result.one_sentence(lab.interface, "permission", "root")
        check(not list((work / "out").iterdir()), "something was written")


def case_absent_interface(work):
    """an interface that does not exist: wrong usage, one sentence"""
    with Lab(work) as lab:
        lab.interface = "exeat-nosuch0"
        lab.capture(*ALLOWED).expect(2).one_sentence("exeat-nosuch0", "no such interface")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: network namespaces need root")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
