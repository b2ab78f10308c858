#!/usr/bin/env python3
"""make_corpus.py: writes the seeds of the fuzz targets pcap and pcapng to fixtures/corpus/.

Each seed is one feature of a format, with synthetic packets; run it again after adding one.
"""
import gzip
import os
import struct

FRAME = bytes(12) + b"\x08\x00" + bytes.fromhex("45000020000100004011") + bytes(2) + \
    bytes([192, 0, 2, 1, 198, 51, 100, 7]) + struct.pack(">HHHH", 4000, 53, 12, 0) + b"seed"
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "fixtures", "corpus")


def save(folder, name, data):
    path = os.path.join(TOP, folder)
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, name), "wb") as file:
        file.write(data)


def pcap(order="<", magic=0xA1B2C3D4, version=(2, 4), link=1, frames=(FRAME, FRAME)):
    out = struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, link)
    for number, frame in enumerate(frames):
        lengths = (len(frame), len(frame) + number)
        if version < (2, 3):
            lengths = lengths[::-1]
        out += struct.pack(order + "IIII", 1791000000 + number, 5, *lengths) + frame
    return out


def padded(data):
    return data + bytes(-len(data) % 4)


def block(order, kind, body):
    body = padded(body)
    length = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + length + body + length


def option(order, code, value):
    return struct.pack(order + "HH", code, len(value)) + padded(value)


def section(order):
    return block(order, 0x0A0D0D0A,
                 struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1) + option(order, 4, b"seed"))


def interface(order, options=b"", link=1, snap=0):
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap) + options)


def packet(order, number=0, units=1791000000000000, options=b"", frame=FRAME):
    return block(order, 6, struct.pack(order + "IIIII", number, units >> 32, units & 0xFFFFFFFF,
                                       len(frame), len(frame)) + padded(frame) + options)


def process(order):
    entry = struct.pack("<I", 4321) + option("<", 2, b"seed.exe") + \
        option("<", 3, b"C:\\seed\\seed.exe") + option("<", 4, b"seed.exe\0-x\0") + \
        option("<", 9, struct.pack("<Q", 1790000000000000000))
    return block(order, 0x0BAD, struct.pack(order + "I", 32622) +
                 struct.pack("<II", 3, len(entry)) + entry)


def uid_map(order):
    return block(order, 0x0BAD, struct.pack(order + "IHBBiBB", 62652, 1, 1, 0, 10001, 8, 4) +
                 b"org.seedSeed")


def darwin(order):
    return block(order, 0x80000001, struct.pack(order + "I", 77) + option(order, 2, b"seedd"))


def make_pcap():
    trailer = struct.pack(">Ii20sI", 0x01072021, 10001, b"Seed", 0)
    save("pcap", "micro_little", pcap())
    save("pcap", "nano_big", pcap(">", 0xA1B23C4D))
    save("pcap", "version_2_2", pcap(version=(2, 2)))
    save("pcap", "version_2_3", pcap(version=(2, 3)))
    save("pcap", "modified", pcap(magic=0xA1B2CD34))
    save("pcap", "pcapdroid", pcap(frames=(FRAME + trailer,)))
    save("pcap", "cut", pcap()[:-3])
    save("pcap", "long_packet", pcap(frames=(FRAME, bytes(300))) + b"\xff" * 16)
    save("pcap", "members.gz", gzip.compress(pcap()[:60], mtime=0) +
         gzip.compress(pcap()[60:], mtime=0))
    save("pcap", "damaged.gz", gzip.compress(pcap(), mtime=0)[:-9] + b"damaged")
    # One raw zstd block: magic, frame header (window 1 KiB), block header, content.
    content = pcap()
    save("pcap", "raw.zst", bytes.fromhex("28b52ffd0000") +
         struct.pack("<I", len(content) << 3 | 1)[:3] + content)


def make_pcapng():
    for order, name in (("<", "little"), (">", "big")):
        save("pcapng", "plain_" + name, section(order) + interface(order) + packet(order))
        save("pcapng", "process_" + name, section(order) + interface(order) + process(order) +
             packet(order, options=option(order, 8, struct.pack(order + "II", 4321, 1))))
        save("pcapng", "darwin_" + name, section(order) + interface(order) + darwin(order) +
             packet(order, options=option(order, 0x8001, bytes(4)) +
                    option(order, 0x8003, bytes(4))))
        save("pcapng", "android_" + name, section(order) + interface(order, link=101) +
             uid_map(order) + packet(order, options=option(order, 1, b"u-10001")))
    options = option("<", 9, b"\x89") + option("<", 14, struct.pack("<q", -5)) + option("<", 0, b"")
    save("pcapng", "interfaces", section("<") + interface("<") + interface("<", options, 101, 64) +
         packet("<", 1, 1 << 60) + packet("<", 0))
    simple = block("<", 3, struct.pack("<I", len(FRAME)) + FRAME)
    old = block("<", 2, struct.pack("<HHIIII", 0, 3, 0, 9, len(FRAME), len(FRAME)) + padded(FRAME))
    save("pcapng", "old_blocks", section("<") + interface("<") + old + simple)
    statistics = block("<", 5, struct.pack("<III", 0, 0, 0) +
                       option("<", 5, struct.pack("<Q", 9)))
    secrets = block("<", 10, struct.pack("<II", 0x544C534B, 13) + b"CLIENT_RANDOM")
    names = block("<", 4, struct.pack("<HH", 0, 0))
    save("pcapng", "other_blocks", section("<") + interface("<") + names + secrets + packet("<") +
         statistics)
    save("pcapng", "sections", section("<") + interface("<") + packet("<") + section(">") +
         interface(">") + packet(">"))
    save("pcapng", "cut", (section("<") + interface("<") + packet("<"))[:-5])


make_pcap()
make_pcapng()
