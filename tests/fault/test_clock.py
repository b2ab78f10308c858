#!/usr/bin/env python3
"""Clocks that are wrong: packets of 1970, of 2100 and later, times that run backwards. No crash, all
conversations told, dates as the capture says them, and a run that ends in time."""
import struct

import frames
from exeat_run import REGISTER, SOURCE, check, check_whole, exeat, inspect
from payloads import LABELLED, http_ok, http_post

DAY_NS = 86400 * 10**9
YEAR_2100_NS = 4_102_444_800 * 10**9
LAST_PCAP_NS = 0xFFFFFFFF * 10**9


def conversation(made, start_ns, port=50000):
    frames.Tcp(made, (frames.CLIENT, port), start_ns=start_ns).send(
        http_post(LABELLED)).receive(http_ok()).close()
    return made


def check_told(result, conversations):
    result.expect(1)
    check_whole(result.folder)
    flows = result.flows()
    check(len(flows) == conversations, f"{len(flows)} conversations, not {conversations}")
    for flow in flows:
        check(flow["findings"], "a conversation was not inspected")
        check(flow["first"] <= flow["last"], f"it ends before it begins: {flow['first']}")
    check(result.rows("summary.csv"), "no row in summary.csv")
    return flows


def at(work, start_ns, name, year):
    flow, = check_told(inspect(work, frames.pcap(conversation([], start_ns)), name=name), 1)
    check(flow["first"].startswith(year), f"{year} is told as {flow['first']}")


def case_1970(work):
    """packets of the first second of 1970, also at exactly 0, are reported under that date"""
    at(work, 0, "zero", "1970-01-01")
    at(work, 10**9, "second", "1970-01-01")


def case_2100(work):
    """packets of 2100 and of the last second that pcap knows are reported under their dates"""
    at(work, YEAR_2100_NS, "y2100", "2100-01-01")
    at(work, LAST_PCAP_NS - 10**9, "last", "2106-02-07")


def case_backwards(work):
    """times that run backwards, packet by packet, lose no content"""
    made = conversation([], frames.START_NS)
    back = [(frames.START_NS + DAY_NS - n * 10**9, data) for n, (_, data) in enumerate(made)]
    check_told(inspect(work, frames.pcap(back)), 1)


def case_standing_still(work):
    """conversations between the same ports, all at one time, are told apart, and alike in every run"""
    made = []
    for n in range(1, 5):
        frames.Tcp(made, sequences=(n * 100_000, n * 700_000)).send(
            http_post(LABELLED)).receive(http_ok()).close()
    capture = frames.pcap([(frames.START_NS, data) for _, data in made])
    told = [check_told(inspect(work, capture, "--workers", workers, name=workers), 4)
            for workers in ("1", "2", "8")]
    check(len({flow["id"] for flow in told[0]}) == 4, "two conversations have one number")
    check(told[0] == told[1] == told[2], "they differ with the number of workers")


def case_jump_back(work):
    """a clock that is set back a day, and forward ten years, keeps every conversation"""
    made = conversation([], frames.START_NS)
    conversation(made, frames.START_NS - DAY_NS, 50001)
    conversation(made, frames.START_NS + 3650 * DAY_NS, 50002)
    conversation(made, frames.START_NS, 50003)
    check_told(inspect(work, frames.pcap(made)), 4)


def case_1970_to_2100(work):
    """one conversation from 1970 to 2100 does not run hour by hour through 130 years"""
    made = conversation([], 0)
    half = len(made) // 2
    made = made[:half] + [(YEAR_2100_NS + n, data) for n, (_, data) in enumerate(made[half:])]
    result = inspect(work, frames.pcap(made), seconds=60).expect(1)
    check_whole(result.folder)
    check(result.seconds < 60 and len(result.rows("summary.csv")) < 10_000, "too much of it")


def case_absurd_pcapng(work):
    """pcapng times past the year 2262, and of any resolution, are no crash"""
    for resolution in (0, 6, 9, 0x80, 0x9F, 0xBF, 0xFF, 19, 127):
        start = frames.pcapng_start()[:28] + frames.block(
            1, struct.pack("<HHI", 1, 0, 262144) + frames.option(9, bytes([resolution])) +
            frames.option(0, b""))
        data = start + b"".join(
            frames.pcapng_packet(0xFFFFFFFFFFFFFFFF - n, frame)
            for n, (_, frame) in enumerate(conversation([], 0)))
        result = inspect(work, data, name=f"resolution-{resolution}", seconds=60).expect(1)
        check_whole(result.folder)
        check(len(result.flows()) >= 1, "the conversation is not told")


def case_bad_fraction(work):
    """a pcap time with four thousand million nanoseconds in its second is no crash"""
    data = frames.pcap_header() + b"".join(
        struct.pack("<IIII", 1_796_000_000, 0xFFFFFFFF, len(frame), len(frame)) + frame
        for _, frame in conversation([], 0))
    check_told(inspect(work, data), 1)


def case_register_and_days(work):
    """a register that is not in force in 1970 or 2100 is no crash, and days can be asked for"""
    made = conversation(conversation([], 10**9), YEAR_2100_NS, 50001)
    result = inspect(work, frames.pcap(made), register=REGISTER, seconds=60).expect(1)
    check_whole(result.folder)
    for day in ("1970-01-01", "2100-01-01", "2026-11-22", "0001-01-01", "9999-12-31"):
        exeat("report", "--store", result.folder / "exeat.db", "--day", day, "--csv", "--rules",
              SOURCE / "rules").expect(0, 1, 2)


if __name__ == "__main__":
    from exeat_run import main
    main()
