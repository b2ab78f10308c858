#!/usr/bin/env python3
"""flows.py: the files of generate.py as conversations.

    flows.py CORPUS --streams OUT    both sides' bytes, for decide.c
    flows.py CORPUS --capture OUT    a pcap file, for the whole program

Files travel as they would: uploads by HTTP (with a length, or in chunks), mail by SMTP, HL7 by
MLLP, databases by their own protocols. A stream file is, for each file, a line "NAME PORT
CLIENT_BYTES SERVER_BYTES" and then both. In the capture the file of line N (from 0) in labels.csv
has the client port 10000 + N % 50000 and the server 203.0.113.(1 + N / 50000).
"""
import argparse
import csv
import pathlib
import random
import struct

from generate import MULTIPART

SEGMENT_BYTES = 1448
TYPES = {
    "json": "application/json",
    "xml": "text/xml",
    "csv": "text/csv",
    "txt": "text/plain; charset=utf-8",
    "html": "text/html",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "zip": "application/zip",
    "gz": "application/gzip",
    "form": "application/x-www-form-urlencoded",
    "multipart": "multipart/form-data; boundary=" + MULTIPART,
    "related": 'multipart/related; type="application/xop+xml"; boundary=' + MULTIPART,
    "ndjson": "application/fhir+ndjson",
}
NEEDED = ("form", "multipart", "related")  # cannot be read without what the header says
ACK = b"\x0bMSH|^~\\&|R|H|S|P|20260311||ACK|1|P|2.4\rMSA|AA|1\r\x1c\r"


def chunked(rng, data):
    body, at = b"", 0
    while at < len(data):
        part = data[at : at + rng.randrange(1, 8000)]
        body, at = body + b"%x\r\n%s\r\n" % (len(part), part), at + len(part)
    return body + b"0\r\n\r\n"


def http(rng, ending, data):
    declared = TYPES.get(ending, "application/octet-stream")
    if ending not in NEEDED and rng.random() < 0.5:
        declared = "application/octet-stream"
    head = (
        "POST /v1/upload HTTP/1.1\r\nHost: api.hub.example\r\nUser-Agent: Uploader/2.1\r\n"
        "Content-Type: %s\r\n" % declared
    )
    if rng.random() < 0.3:
        head, data = head + "Transfer-Encoding: chunked\r\n\r\n", chunked(rng, data)
    else:
        head += "Content-Length: %d\r\n\r\n" % len(data)
    return head.encode() + data, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


def smtp(data):
    data = data if data.endswith(b"\r\n") else data + b"\r\n"
    client = (
        b"EHLO pc1.wattle.example\r\nMAIL FROM:<reception@wattle.example>\r\n"
        b"RCPT TO:<office@hub.example>\r\nDATA\r\n"
        + data.replace(b"\r\n.", b"\r\n..")
        + b".\r\nQUIT\r\n"
    )
    server = (
        b"220 mx.hub.example ESMTP\r\n250-mx.hub.example\r\n250 8BITMIME\r\n250 2.1.0 Ok\r\n"
        b"250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n250 2.0.0 Ok: queued\r\n"
        b"221 2.0.0 Bye\r\n"
    )
    return client, server


def streams(corpus):
    """(name, port, client's bytes, server's bytes) of each row of labels.csv."""
    rng = random.Random(7)
    with open(corpus / "labels.csv", encoding="utf-8", newline="") as source:
        for row in csv.DictReader(source):
            path = corpus / row["file"]
            data, ending = path.read_bytes(), path.suffix[1:]
            if ending == "client":
                both = data, path.with_suffix(".server").read_bytes()
            elif row["transport"] == "smtp":
                both = smtp(data)
            elif row["transport"] == "mllp":
                both = data, ACK
            else:
                both = http(rng, ending, data)
            yield (row["file"], int(row["port"]), *both)


# ---- the capture ----


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Capture:
    def __init__(self, out):
        self.out, self.time_us = out, 1_773_190_000_000_000
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))

    def frame(self, ends, tcp, payload):
        """ends: ((address, port), (address, port)); tcp: (sequence, acknowledgement, flags)."""
        (source, sport), (target, dport) = ends
        segment = struct.pack(
            ">HHIIBBHHH",
            sport,
            dport,
            tcp[0] & 0xFFFFFFFF,
            tcp[1] & 0xFFFFFFFF,
            0x50,
            tcp[2],
            65535,
            0,
            0,
        )
        pseudo = source + target + struct.pack(">BBH", 0, 6, len(segment) + len(payload))
        segment = (
            segment[:16] + struct.pack(">H", checksum(pseudo + segment + payload)) + segment[18:]
        )
        head = (
            struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0x4000, 64, 6, 0)
            + source
            + target
        )
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
        data = b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + segment + payload
        self.out.write(
            struct.pack(
                "<IIII", self.time_us // 10**6, self.time_us % 10**6, len(data), len(data)
            )
            + data
        )
        self.time_us += 50

    def conversation(self, client, server, sides):
        ends = ((client, server), (server, client))
        at = [1000, 5000]
        self.frame(ends[0], (at[0], 0, 2), b"")
        self.frame(ends[1], (at[1], at[0] + 1, 0x12), b"")
        at = [at[0] + 1, at[1] + 1]
        order = (0, 1) if server[1] in (80, 2575) else (1, 0)
        for side in order:
            for start in range(0, len(sides[side]), SEGMENT_BYTES):
                part = sides[side][start : start + SEGMENT_BYTES]
                self.frame(ends[side], (at[side], at[1 - side], 0x18), part)
                at[side] += len(part)
        for side in (0, 1):
            self.frame(ends[side], (at[side], at[1 - side], 0x11), b"")
            at[side] += 1
        self.frame(ends[0], (at[0], at[1], 0x10), b"")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("corpus", type=pathlib.Path)
    options.add_argument("--streams", type=pathlib.Path)
    options.add_argument("--capture", type=pathlib.Path)
    options = options.parse_args()
    if options.streams:
        with open(options.streams, "wb") as out:
            for name, port, client, server in streams(options.corpus):
                out.write(
                    b"%s %d %d %d\n" % (name.encode(), port, len(client), len(server))
                    + client
                    + server
                )
    if options.capture:
        with open(options.capture, "wb") as out:
            capture = Capture(out)
            for number, (_, port, client, server) in enumerate(streams(options.corpus)):
                place = (bytes((192, 168, 20, 40)), 10000 + number % 50000)
                capture.conversation(
                    place, (bytes((203, 0, 113, 1 + number // 50000)), port), (client, server)
                )


if __name__ == "__main__":
    main()
