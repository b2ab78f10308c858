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
from exeat_run import REGISTER, SKIPPED, SOURCE, check, check_whole, exeat, inspect
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


def check_cut_off(work, victim):
    """victim: what to kill, of the monitor's and the inspector's process ids."""
    with Lab(work) as lab:
        inspect(work, frames.pcap(upload())).expect(1)
        process = lab.start(*ALLOWED)
        inspector, = children(process.pid)
        ended, still_open = upload(50001), upload(50002)[:-2]
        lab.send(ended + still_open)
        # A minute later both are in the store, though one has not ended yet.
        time.sleep(KEEP_SECONDS + 3)
        before = stored(lab).expect(1)
        check("up.quoll" not in before.err and "api.example.net" in before.out,
              "a running capture cannot be reported on")
        lab.send(upload(50003))
        time.sleep(1)
        os.kill(victim(process.pid, inspector), signal.SIGKILL)
        wait_until(lambda: not children(process.pid) or gone(inspector),
                   "the inspector goes on without its monitor", 10)
        code = lab.finish(process).code
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
        return code


def case_inspector_killed(work):
    """kill -9 of the inspector after a minute: what was seen until a minute before is in the store,
    open conversations too, and is reported as a capture that did not end in order"""
    check(check_cut_off(work, lambda monitor, inspector: inspector) == 6, "the exit code is wrong")


def case_monitor_killed(work):
    """the same when the monitor is killed"""
    check(check_cut_off(work, lambda monitor, inspector: monitor) == -signal.SIGKILL,
          "the exit code is wrong")


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
