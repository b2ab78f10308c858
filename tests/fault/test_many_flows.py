#!/usr/bin/env python3
"""Very many conversations of one packet each through the whole program: memory stays inside its
budget, the run ends in time, and what had to be given up is counted.

    EXEAT_MANY_FLOWS=full   a million; without it so many that rooms are full several times over
"""
import heapq
import json
import os
import struct

import frames
from exeat_run import MIB, SANITIZED, check, check_memory, exeat, inspect, SOURCE
from payloads import LABELLED, OBJECT, http_post

FULL = os.environ.get("EXEAT_MANY_FLOWS") == "full"
FLOWS = 1_000_000 if FULL else 100_000 if SANITIZED else 250_000
SECONDS_BY_CLOCK = 600
PER_PIECE = 4096
CONVERSATIONS = 64  # of each sort, so that every shard has some
PAYLOAD = b"GET /a HTTP/1.1\r\nHost: scan.example.net\r\n\r\n"


def one_packet_flows(count, payload_every, step_ns=1000):
    """A new port and destination each time, in 512 networks; every n-th packet has content. As fast
    as a scan: a million in one second, so that none is old enough to end by itself, where step_ns
    says no other time between two of them."""
    bare = frames.ipv4(frames.CLIENT, "198.18.0.0", 6, bytes(20))
    full = frames.ipv4(frames.CLIENT, "198.18.0.0", 6, bytes(20) + PAYLOAD)
    piece = [frames.pcap_header()]
    for n in range(count):
        frame = bytearray(full if n % payload_every == 0 else bare)
        struct.pack_into(">H", frame, 32, (n * 7919) & 0xFFFF)
        struct.pack_into(">HHII", frame, 34, 1024 + n % 60000, 80, 1000, 0)
        flags = frames.PSH | frames.ACK if n % payload_every == 0 else frames.SYN
        struct.pack_into(">BBH", frame, 46, 5 << 4, flags, 65535)
        piece.append(frames.pcap_record(frames.START_NS + n * step_ns, bytes(frame)))
        if len(piece) >= PER_PIECE:
            yield b"".join(piece)
            piece = []
    yield b"".join(piece)


def check_flood(work, flows, payload_every):
    result = inspect(work, one_packet_flows(flows, payload_every), "--quiet",
                     seconds=SECONDS_BY_CLOCK)
    result.expect(1)
    facts = result.run_facts()
    check(facts["inputs"][0]["frames"] == flows, "not all packets were read")
    check(facts["losses"].get("conversations given up for room", 0) > 0,
          f"no eviction is counted: {facts['losses']}")
    with open(result.folder / "flows.jsonl", "rb") as lines:
        told = sum(1 for _ in lines)
    check(told == flows, f"{told} of {flows} conversations are told")
    check("capture-gap" in result.flags(), "no capture-gap flag")
    print(f"    {result.processor_seconds:.0f} s of processor time, {result.seconds:.0f} s by the "
          f"clock, {result.peak_bytes // MIB} MiB")
    check_memory(result)
    return result


def case_scan(work):
    """connection attempts without content stay in the memory budget"""
    result = check_flood(work, FLOWS, FLOWS + 1)
    again = exeat("report", "--store", result.folder / "exeat.db", "--csv", "--rules",
                  SOURCE / "rules", seconds=SECONDS_BY_CLOCK)
    again.expect(1)
    check_memory(again)


def case_with_content(work):
    """conversations, every fourth with content, stay in the budget"""
    check_flood(work, max(FLOWS // 4, 100_000), 4)


def syn_flood(count):
    """From a new port each time, of 65536 computers, to one of the practice: a million in one
    second, never answered."""
    frame = bytearray(frames.ipv4("198.18.0.0", frames.CLIENT, 6, bytes(20)))
    for n in range(count):
        struct.pack_into(">I", frame, 26, 0xC6120000 + n * 7919 % 65536)
        struct.pack_into(">HHII", frame, 34, 1024 + n % 60000, 443, n, 0)
        struct.pack_into(">BBH", frame, 46, 5 << 4, frames.SYN, 65535)
        yield frames.START_NS + n * 1000, bytes(frame)


def posts(first_port, opening_ns, content_ns):
    """Conversations that each send a body with a patient's numbers at its end: they open at the one
    time, and the content follows in pieces at the others."""
    made = []
    for n in range(CONVERSATIONS):
        tcp = frames.Tcp(made, client=(frames.CLIENT, first_port + n),
                         start_ns=frames.START_NS + opening_ns + n * 1000)
        request = http_post(b"[" + OBJECT * 200 + LABELLED + b"]")
        piece = len(request) // len(content_ns) + 1
        for at, time_ns in enumerate(content_ns):
            tcp.now_ns = frames.START_NS + time_ns + n * 1000
            tcp.send(request[at * piece:(at + 1) * piece])
    return sorted(made)


def pieces_of(frames_in_order):
    piece = [frames.pcap_header()]
    for frame in frames_in_order:
        piece.append(frames.pcap_record(*frame))
        if len(piece) >= PER_PIECE:
            yield b"".join(piece)
            piece = []
    yield b"".join(piece)


def case_established(work):
    """half-open connections hide nothing: not what goes on, rests or begins meanwhile"""
    flood_ns = FLOWS * 1000
    ongoing = posts(20000, -flood_ns, [flood_ns * n // 10 for n in range(1, 12)])
    resting = posts(30000, -flood_ns, [-flood_ns // 2, flood_ns * 11 // 10])
    beginning = posts(40000, flood_ns // 2, [flood_ns * n // 10 for n in range(6, 10)])
    capture = heapq.merge(syn_flood(FLOWS), ongoing, resting, beginning)
    result = inspect(work, pieces_of(capture), "--quiet", seconds=SECONDS_BY_CLOCK).expect(1)
    found = {20000: 0, 30000: 0, 40000: 0}
    with open(result.folder / "flows.jsonl", encoding="utf-8") as lines:
        for line in lines:
            if "medicare" in line:
                flow = json.loads(line)
                found[flow["src_port"] // 10000 * 10000] += 1
    check(set(found.values()) == {CONVERSATIONS}, f"of {CONVERSATIONS} each, seen are {found}")
    check_memory(result)


if __name__ == "__main__":
    from exeat_run import main
    main()
