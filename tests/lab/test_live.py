#!/usr/bin/env python3
"""Live capture in network namespaces: who allows it, how it ends, and what is left when it is cut
off. Skips where this is not root."""
import os
import sys

import frames
from exeat_run import REGISTER, SKIPPED, check, check_whole, inspect
from lab import ALLOWED, Lab
from payloads import LABELLED, http_ok, http_post


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
