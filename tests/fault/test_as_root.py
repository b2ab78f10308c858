#!/usr/bin/env python3
"""What only root can bring about: a disk that is really full, a machine without a network, folders of
other people. Skips where this is not root."""
import os
import shutil
import sqlite3
import sys

import frames
from disk import Disk, grow
from exeat_run import (SKIPPED, SOURCE, Skipped, check, check_whole, exeat, inspect, snapshot)
from payloads import LABELLED, client_hello, http_ok, http_post, server_flight

ROOM_BYTES = 1536 << 10


def capture(conversations, first_port=10000):
    made, start_ns = [], frames.START_NS
    for n in range(conversations):
        tcp = frames.Tcp(made, (frames.CLIENT, first_port + n), start_ns=start_ns)
        tcp.send(http_post(LABELLED)).receive(http_ok()).close()
        start_ns += 10 * frames.MILLISECOND_NS
    tls = frames.Tcp(made, (frames.CLIENT, 60000), ("203.0.113.11", 443), start_ns)
    tls.send(client_hello(b"up.quoll.example")).receive(server_flight(b"up.quoll.example")).close()
    return frames.pcap(made)


def reports(folder):
    return {name: data for name, data in snapshot(folder).items()
            if not name.startswith("exeat.db")}


def case_full_disk(work):
    """a disk that fills up: exit 6, one sentence, earlier reports unchanged, nothing left behind;
    with room again the run succeeds"""
    big = capture(3000)
    (work / "big.pcap").write_bytes(big)
    with Disk(work / "disk", ROOM_BYTES) as disk:
        inspect(disk, capture(3), name="out").expect(1)
        (disk / "out.capture").unlink()
        before = reports(disk / "out")
        inspect(disk, work / "big.pcap").expect(6).one_sentence("cannot", "earlier")
        check(reports(disk / "out") == before, "reports have changed, or a file was left")
        grow(disk)
        result = inspect(disk, work / "big.pcap").expect(1)
        check_whole(result.folder)
        check(len(result.flows()) == 3002, f"{len(result.flows())} conversations, not 3002")


def case_full_from_the_start(work):
    """a disk without any room: exit 6 with a sentence"""
    (work / "in.pcap").write_bytes(capture(3))
    with Disk(work / "disk", 64 << 10) as disk:
        with open(disk / "filler", "wb") as filler:
            try:
                filler.write(bytes(1 << 20))
            except OSError:
                pass
        inspect(disk, work / "in.pcap").expect(6).one_sentence("cannot")


def case_full_temporary_folder(work):
    """a temporary folder that fills up: exit 6, and a sentence that names it; with room it succeeds"""
    (work / "big.pcap").write_bytes(capture(20000))
    run = ("inspect", work / "big.pcap", "--rules", SOURCE / "rules")
    with Disk(work / "tmp", ROOM_BYTES) as disk:
        before = ("env", f"TMPDIR={disk}")
        result = exeat(*run, before=before).expect(6)
        result.one_sentence("cannot", f"the temporary folder {disk} is full", "set TMPDIR")
        check(not os.listdir(disk), "something was left behind")
        grow(disk)
        exeat(*run, before=before).expect(1)
        check(not os.listdir(disk), "something was left behind")


def case_no_network(work):
    """without any network the outputs are the same, byte for byte"""
    if not shutil.which("unshare"):
        raise Skipped("unshare is not installed")
    data = capture(20)
    usual = inspect(work, data, name="usual").expect(1)
    alone = inspect(work, data, name="alone", before=("unshare", "-n")).expect(1)
    check(usual.out == alone.out, "the table differs")
    differing = {name for name, left in reports(usual.folder).items()
                 if reports(alone.folder).get(name) != left} - {"run.json", "exeat.key"}
    check(not differing, f"{differing} differ without a network")


def case_foreign_folder(work):
    """a folder with files of somebody else is refused, and none of it changes hands"""
    (work / "in.pcap").write_bytes(capture(1))
    for name in ("letters.docx", ".bashrc", "summary.csv.bak"):
        folder = work / ("with " + name)
        folder.mkdir()
        (folder / name).write_bytes(b"mine")
        os.chown(folder, 1234, 1234)
        os.chown(folder / name, 1234, 1234)
        inspect(work, work / "in.pcap", name="with " + name).expect(2).one_sentence("other files")
        for path in (folder, folder / name):
            check(path.stat().st_uid == 1234, f"{path.name} has changed hands")
        check(os.listdir(folder) == [name], "something was written")


def states(folder):
    """What stands in a folder, whose it is, and when it was last changed."""
    return {path.name: (path.stat().st_uid, path.stat().st_mode, path.stat().st_mtime_ns)
            for path in [folder, *folder.iterdir()]}


def report(store, *arguments):
    return exeat("report", "--store", store, "--rules", SOURCE / "rules", *arguments)


def case_store_among_other_files(work):
    """a store in a folder of somebody's, private to them and with other files, can be read, and
    nothing there is changed"""
    expected = report(inspect(work, capture(20)).expect(1).folder / "exeat.db").expect(1)
    for owner in (0, 1234):
        folder = work / f"of {owner}"
        folder.mkdir(mode=0o700)
        (folder / "letters.docx").write_bytes(b"mine")
        shutil.copy(work / "out" / "exeat.db", folder / "clinic.db")
        for path in (folder, folder / "letters.docx", folder / "clinic.db"):
            os.chown(path, owner, owner)
            path.chmod(0o700 if path == folder else 0o600)
        before = states(folder)
        result = report(folder / "clinic.db").expect(1)
        check(result.out == expected.out, "the report differs")
        check(states(folder) == before, f"the folder of {owner} was changed")
        report(folder / "letters.docx").expect(2).one_sentence("store")


def case_store_half_written(work):
    """a store whose writer was killed between two writes: a report takes that back and reads it"""
    store = inspect(work, capture(300)).expect(1).folder / "exeat.db"
    expected = report(store).expect(1)
    left = work / "left"
    left.mkdir()
    writer = sqlite3.connect(store, isolation_level=None)
    writer.execute("PRAGMA cache_size=2")
    writer.execute("BEGIN")
    writer.execute("UPDATE flow SET community_id = 'half written', last_ns = 0")
    for name in ("exeat.db", "exeat.db-journal"):
        shutil.copy(work / "out" / name, left / name)
    writer.execute("ROLLBACK")
    writer.close()
    check((left / "exeat.db-journal").read_bytes()[:1] != b"\0", "the test wrote no journal")
    check(b"half written" in (left / "exeat.db").read_bytes(), "the test wrote no half")
    for _ in range(2):
        check(report(left / "exeat.db").expect(1).out == expected.out, "the report differs")
    check(b"half written" not in (left / "exeat.db").read_bytes(), "half of it is left")


def case_link_as_folder(work):
    """an output folder that is a symbolic link is refused"""
    (work / "in.pcap").write_bytes(capture(1))
    (work / "real").mkdir()
    (work / "out").symlink_to(work / "real")
    inspect(work, work / "in.pcap").expect(2, 6).one_sentence("out")
    check(not os.listdir(work / "real"), "something was written through the link")


def case_links_inside(work):
    """links planted in an output folder in place of reports do not lead outside"""
    victim = work / "victim"
    victim.write_bytes(b"mine")
    inspect(work, capture(1)).expect(1)
    for name in ("summary.csv", ".summary.csv.tmp", "exeat.key", "run.json"):
        path = work / "out" / name
        path.unlink(missing_ok=True)
        path.symlink_to(victim)
        inspect(work, capture(1)).expect(1, 2, 6)
        check(victim.read_bytes() == b"mine", f"a link at {name} was followed")
        path.unlink(missing_ok=True)


def case_owner(work):
    """finished reports belong to whoever started the command, private to them"""
    result = inspect(work, capture(3)).expect(1)
    for path in [result.folder, *result.folder.rglob("*")]:
        check(path.stat().st_uid == 0, f"{path.name} belongs to user {path.stat().st_uid}")
        check(path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others")


def case_owner_of_nothing(work):
    """an output folder of a run that ends before it begins belongs to whoever started it, too"""
    (work / "in.pcap").write_bytes(capture(1))
    for arguments in (("report",), ("inspect", work / "in.pcap")):
        exeat(*arguments, "--rules", SOURCE / "rules", "--out", work / "none", "--store",
              work / "absent" / "exeat.db").expect(2)
        check((work / "none").stat().st_uid == 0, f"{arguments[0]} gave the folder away")
        shutil.rmtree(work / "none")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: only root can fill a disk of its own and give files away")
        sys.exit(SKIPPED)
    from exeat_run import main
    main()
