#!/usr/bin/env python3
"""hello_pieces.py EXEAT: server names in hellos that come in pieces, over the whole road.

Writes a capture of one conversation for each kind of hello (short and longest name; the size that
post-quantum keys give; ECH beside an outer name) and each way of sending it (whole, halves, halves
turned round, 255 bytes or one byte a segment, shuffled, each segment twice, records of one byte), and
asks `exeat inspect` for the name of each. Addresses are of documentation ranges.
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

LONGEST = ".".join(["n" * 63] * 3 + ["m" * 57, "au"])  # 253 characters, RFC 1035 2.3.4 and 3.1
CLIENT, SERVER = bytes([192, 168, 20, 10]), bytes([203, 0, 113, 9])
FIN, SYN, PSH, ACK = 1, 2, 8, 16


def extension(kind, body):
    return struct.pack(">HH", kind, len(body)) + body


def hello(name, key_bytes=32, encrypted=False):
    """The handshake message of a ClientHello, RFC 8446 section 4.1.2."""
    host = name.encode()
    parts = [extension(0x1A1A, b""),  # GREASE
             extension(51, struct.pack(">HHH", key_bytes + 4, 0x11EC, key_bytes) + bytes(key_bytes)),
             extension(0, struct.pack(">HBH", len(host) + 3, 0, len(host)) + host),
             extension(43, b"\x04\x03\x04\x03\x03")]
    if encrypted:
        parts.append(extension(0xFE0D, bytes(64)))
    extensions = b"".join(parts)
    body = (b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00" +
            struct.pack(">H", len(extensions)) + extensions)
    return b"\x01" + struct.pack(">I", len(body))[1:] + body


def records(message, size):
    pieces = [message[i:i + size] for i in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + struct.pack(">H", len(p)) + p for p in pieces)


def cut(stream, size):
    return [(i, stream[i:i + size]) for i in range(0, len(stream), size)]


def shuffled(pieces):
    pieces = list(pieces)
    random.Random(1).shuffle(pieces)
    return pieces


WAYS = {
    "whole": lambda s: [(0, s)],
    "halves": lambda s: cut(s, len(s) // 2 + 1),
    "halves, the second first": lambda s: cut(s, len(s) // 2 + 1)[::-1],
    "255 bytes a segment": lambda s: cut(s, 255),
    "255 bytes a segment, the last first": lambda s: cut(s, 255)[::-1],
    "one byte a segment": lambda s: cut(s, 1),
    "one byte a segment, shuffled": lambda s: shuffled(cut(s, 1)),
    "each segment twice": lambda s: [p for piece in cut(s, 100) for p in (piece, piece)],
}
HELLOS = {
    "short": (hello("pms.example.au"), "pms.example.au", "sni"),
    "longest name": (hello(LONGEST), LONGEST, "sni"),
    "post-quantum": (hello("pq.example.au", 1216), "pq.example.au", "sni"),
    "encrypted": (hello("outer.example.au", encrypted=True), "outer.example.au", "sni-outer"),
}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(outward, port, seq, ack, flags, payload=b""):
    source, target = (CLIENT, SERVER) if outward else (SERVER, CLIENT)
    ports = (port, 443) if outward else (443, port)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 1, 0, 64, 6, 0) + source + target
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return bytes(6) + b"\x02" + bytes(5) + b"\x08\x00" + ip + tcp + payload


def conversation(port, pieces, length):
    yield frame(True, port, 1000, 0, SYN)
    yield frame(False, port, 5000, 1001, SYN | ACK)
    yield frame(True, port, 1001, 5001, ACK)
    for offset, bytes_ in pieces:
        yield frame(True, port, 1001 + offset, 5001, PSH | ACK, bytes_)
    yield frame(False, port, 5001, 1001 + length, ACK)
    yield frame(True, port, 1001 + length, 5001, FIN | ACK)


def write_capture(path):
    """Returns what is to be found: port -> (description, name, source)."""
    wanted, port, time_us = {}, 40000, 0
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for kind, (message, name, source) in HELLOS.items():
            streams = {way: (records(message, 16384), pieces) for way, pieces in WAYS.items()}
            streams["records of one byte"] = (records(message[:1000], 1) + records(message[1000:], 16384)
                                              if len(message) > 1000 else records(message, 1),
                                              WAYS["255 bytes a segment"])
            for way, (stream, pieces) in streams.items():
                port += 1
                wanted[port] = (f"{kind}, {way}", name, source)
                for data in conversation(port, pieces(stream), len(stream)):
                    time_us += 50
                    out.write(struct.pack("<IIII", 1764550800 + time_us // 1000000,
                                          time_us % 1000000, len(data), len(data)) + data)
    return wanted


def main(exeat):
    with tempfile.TemporaryDirectory() as work:
        capture = pathlib.Path(work, "hellos.pcap")
        wanted = write_capture(capture)
        subprocess.run([exeat, "inspect", capture, "--quiet", "--out", f"{work}/out"], check=False,
                       stdout=subprocess.DEVNULL)
        lines = pathlib.Path(work, "out", "flows.jsonl").read_text(encoding="utf-8").splitlines()
    found = {flow["src_port"]: flow for flow in map(json.loads, lines)}
    wrong = 0
    for port, (what, name, source) in wanted.items():
        flow = found.get(port, {})
        if (flow.get("host"), flow.get("host_source")) != (name, source):
            wrong += 1
            print(f"{what}: {flow.get('host')!r} by {flow.get('host_source')!r}")
        if not flow.get("ja4", "").startswith("t13d"):
            wrong += 1
            print(f"{what}: no fingerprint")
    print(f"{len(wanted)} hellos, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
