#!/usr/bin/env python3
"""Captures that end too early, and files that are none: what came before the cut is reported, and
the exit code and one sentence say what happened."""
import os
import re
import shutil

import frames
from exeat_run import REPORTS, Skipped, check, check_whole, exeat, inspect, SOURCE
from payloads import LABELLED, http_ok, http_post

CUT_WORDS = ("after packet", "what came before was inspected")


def make_frames():
    made = []
    frames.Tcp(made).send(http_post(LABELLED)).receive(http_ok()).close()
    for n in range(20):
        made.append((made[-1][0] + frames.MILLISECOND_NS,
                     frames.udp((frames.CLIENT, 40000 + n), ("198.51.100.7", 9999), bytes(500))))
    return made


FRAMES = make_frames()


def check_cut(result, frames_read=None):
    """The finding before the cut is there, the gap is flagged, the warning names the packet."""
    result.expect(1).sentence(*CUT_WORDS)
    told = int(re.search(r"after packet (\d+)", result.err).group(1))
    if frames_read is not None:
        check(told == frames_read, f"packet {told} is named, {frames_read} were whole")
    check(0 < told < len(FRAMES), f"packet {told} of {len(FRAMES)}")
    check(result.run_facts()["inputs"][0]["frames"] == told, "run.json counts other packets")
    check("capture-gap" in result.flags(), "no capture-gap flag")
    found = [f for flow in result.flows() for f in flow["findings"]]
    check(any(f["kind"] == "medicare" for f in found), "what came before the cut was not inspected")
    check_whole(result.folder)


def case_pcap(work):
    """a pcap file cut inside its last packet gives all packets before it"""
    check_cut(inspect(work, frames.pcap(FRAMES)[:-100]), len(FRAMES) - 1)


def case_pcap_in_header(work):
    """a pcap file cut inside a packet's header gives all packets before it"""
    last = len(FRAMES[-1][1])
    check_cut(inspect(work, frames.pcap(FRAMES)[:-last - 5]), len(FRAMES) - 1)


def case_pcapng(work):
    """a pcapng file cut inside a block gives all packets before it"""
    check_cut(inspect(work, frames.pcapng(FRAMES)[:-100]), len(FRAMES) - 1)


def case_gzip(work):
    """a gzip file cut in its middle gives the packets that still unpack"""
    data = frames.gzipped(frames.pcap(FRAMES))
    check_cut(inspect(work, data[:-12]))


def case_zstd(work):
    """a zstd file cut inside a block gives the packets of the blocks before"""
    check_cut(inspect(work, frames.zstandard(frames.pcap(FRAMES), 512)[:-700]))


def case_pipe(work):
    """a capture that stops coming through a pipe is a cut capture, not a failure"""
    check_cut(inspect(work, iter([frames.pcap(FRAMES)[:-100]])), len(FRAMES) - 1)


def case_header_only(work):
    """a capture with a header and no packet is exit code 4, with a sentence"""
    inspect(work, frames.pcap([])).expect(4).one_sentence("no packet", "no report was written")


def case_empty(work):
    """an empty file is exit code 4, with a sentence"""
    inspect(work, b"").expect(4).sentence("empty", "no packet", "no report was written")


def case_link_type(work):
    """an intact capture of an unread link type is exit code 4: the sentence names the type, nothing
    is stored"""
    data = frames.pcap_header(147) + b"".join(frames.pcap_record(*frame) for frame in FRAMES)
    result = inspect(work, data).expect(4)
    result.one_sentence("no packet", "link type 147", "intact", "no report was written")
    report = exeat("report", "--store", result.folder / "exeat.db", "--rules", SOURCE / "rules")
    report.expect(4).one_sentence("holds no capture")


def case_link_type_of_one(work):
    """beside a capture that can be read, one of an unread link type is a gap"""
    (work / "good.pcap").write_bytes(frames.pcap(FRAMES))
    (work / "other.pcap").write_bytes(
        frames.pcap_header(147) + frames.pcap_record(frames.START_NS, bytes(60)))
    result = exeat("inspect", work / "good.pcap", work / "other.pcap", "--rules", SOURCE / "rules",
                   "--out", work / "out", folder=work / "out")
    result.expect(1)
    check("capture-gap" in result.flags(), "no capture-gap flag")


def case_text(work):
    """a text file is exit code 4, with a sentence"""
    result = inspect(work, b"Dear doctor,\nplease find enclosed\n" * 50)
    result.expect(4).sentence("not a capture file", "no report was written")


def case_folder(work):
    """a folder in place of a file is exit code 4, with a sentence"""
    (work / "folder").mkdir()
    inspect(work, work / "folder").expect(4).sentence("folder", "no report was written")


def case_earlier_reports(work):
    """a file that gives no packet leaves the reports of an earlier run as they are"""
    before = inspect(work, frames.pcap(FRAMES)).expect(1)
    kept = {name: (before.folder / name).read_bytes() for name in REPORTS}
    inspect(work, b"").expect(4)
    check(kept == {name: (before.folder / name).read_bytes() for name in REPORTS},
          "reports of the earlier run have changed")


def case_absent(work):
    """a file that is not there is exit code 2, with its name, and no output folder is made"""
    result = inspect(work, work / "monday.pcapng").expect(2)
    result.one_sentence("monday.pcapng", "no such file")
    check(not result.folder.exists(), "an output folder was made")


def case_unreadable(work):
    """a file that the user may not read is exit code 6, with its name"""
    path = work / "locked.pcap"
    path.write_bytes(frames.pcap(FRAMES))
    path.chmod(0)
    before = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            raise Skipped("setpriv is not installed, and root may read everything")
        before = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
        if exeat("--version", before=before).code != 0:
            raise Skipped("an ordinary user cannot reach the program here")
    (work / "own").mkdir()
    (work / "own").chmod(0o777)
    result = exeat("inspect", path, "--rules", SOURCE / "rules", "--out", work / "own" / "out",
                   before=before)
    result.expect(6).one_sentence("locked.pcap", "permission denied")


def case_one_of_two(work):
    """of a good and an empty file the good one is reported, and the empty one is named"""
    (work / "good.pcap").write_bytes(frames.pcap(FRAMES))
    (work / "empty.pcap").write_bytes(b"")
    result = exeat("inspect", work / "good.pcap", work / "empty.pcap", "--rules", SOURCE / "rules",
                   "--out", work / "out", folder=work / "out")
    result.expect(1).sentence("empty.pcap", "empty")
    check("capture-gap" in result.flags(), "no capture-gap flag")


if __name__ == "__main__":
    from exeat_run import main
    main()
