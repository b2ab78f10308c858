#!/usr/bin/env python3
"""merge.py: one big Ethernet capture out of many small ones, to measure with.

    merge.py [--copies N] [--leave-out WORD]... OUT.pcap FOLDER...

Every different capture (SHA-256) below the folders is read. Each gets addresses of its own, so that
those of two captures do not meet; checksums are put right. Its times are squeezed into four minutes
that begin within the same one; all packets are sorted, and N copies (5 when not said) follow one
another 13.7 s apart, again with addresses of their own. Server names and ports stay as they were.

Left out are captures with one of LEFT_OUT in their path: attacks and broken packets at full speed
hide what ordinary traffic costs; growth.sh and tests/fault measure those. What could not be read is
counted. Nothing but the collections decides the result: the same folders give the same bytes.
"""
import argparse
import gzip
import hashlib
import heapq
import pathlib
import struct
import sys
import zlib

COPIES, COPIES_MAX = 5, 64
START_NS = 1_700_000_000_000_000_000
SPREAD_NS = 60_000_000_000  # the captures begin within one minute
SPAN_NS = 240_000_000_000  # and last no longer than four
COPY_DELAY_NS = 13_700_000_000
SUFFIXES = (".pcap", ".pcapng", ".cap", ".trace", ".gz")
# The two rfb-protocol captures are slow for some programs, and so a case of their own.
LEFT_OUT = ("rfb-protocol", "fuzz", "flood", "smurf", "denial6", "-dos-")
ETHERNET = 1
FRAME_BYTES_MIN, FRAME_BYTES_MAX = 34, 65535
PCAP_MAGIC = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}  # nanoseconds in a unit of the fraction
SECTION, INTERFACE, OLD_PACKET, PACKET = 0x0A0D0D0A, 1, 2, 6
OPTION_END, OPTION_TSRESOL = 0, 9
ICMP6, TCP, UDP = 58, 6, 17
CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP6: 2}


def read_pcap(data, order, unit_ns):
    """(time, length on the wire, bytes) of each record, up to the first that is not whole."""
    if struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != ETHERNET:
        return
    record = struct.Struct(order + "IIII")
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, captured, wire = record.unpack_from(data, at)
        at += 16
        if at + captured > len(data):
            return
        yield seconds * 1_000_000_000 + fraction * unit_ns, wire, data[at:at + captured]
        at += captured


def unit_of_interface(block, order):
    """Units in a second: the option if_tsresol, otherwise microseconds."""
    at = 16
    while at + 4 <= len(block) - 4:
        code, size = struct.unpack_from(order + "HH", block, at)
        if code == OPTION_END:
            break
        if code == OPTION_TSRESOL and size == 1:
            power = block[at + 4]
            return 1 << (power & 0x7F) if power & 0x80 else 10 ** power
        at += 4 + (size + 3) // 4 * 4
    return 1_000_000


def read_packet_block(block, order, kind, interfaces):
    if kind == PACKET:
        number, high, low, captured, wire = struct.unpack_from(order + "IIIII", block, 8)
    else:
        number, _, high, low, captured, wire = struct.unpack_from(order + "HHIIII", block, 8)
    if number >= len(interfaces) or interfaces[number][0] != ETHERNET or 32 + captured > len(block):
        return None
    time_ns = ((high << 32) | low) * 1_000_000_000 // interfaces[number][1]
    return time_ns, wire, block[28:28 + captured]


def read_pcapng(data):
    at, order, interfaces = 0, "<", []
    while at + 12 <= len(data):
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order = ">" if data[at + 8:at + 12] == b"\x1a\x2b\x3c\x4d" else "<"
            interfaces = []
        kind, size = struct.unpack_from(order + "II", data, at)
        if size < 12 or size % 4 or at + size > len(data):
            return
        block = data[at:at + size]
        if kind == INTERFACE and size >= 20:
            link = struct.unpack_from(order + "H", block, 8)[0]
            interfaces.append((link, unit_of_interface(block, order)))
        elif kind in (PACKET, OLD_PACKET) and size >= 32:
            packet = read_packet_block(block, order, kind, interfaces)
            if packet:
                yield packet
        at += size


def read_capture(data):
    if len(data) >= 12 and data[:4] == b"\x0a\x0d\x0d\x0a":
        return read_pcapng(data)
    for order in "<>":
        if len(data) >= 24:
            unit_ns = PCAP_MAGIC.get(struct.unpack_from(order + "I", data)[0])
            if unit_ns:
                return read_pcap(data, order, unit_ns)
    return ()


def usable(packet):
    return FRAME_BYTES_MIN <= len(packet[2]) <= packet[1] <= FRAME_BYTES_MAX


def correct(frame, at, change):
    """Puts the checksum at this place right after words whose sum grew by change (RFC 1624)."""
    total = (~((frame[at] << 8) | frame[at + 1]) & 0xFFFF) + change
    value = 0xFFFF - (total % 0xFFFF or 0xFFFF)
    frame[at], frame[at + 1] = value >> 8, value & 0xFF


def correct_transport(frame, at, protocol, change):
    place = at + CHECKSUM_AT.get(protocol, len(frame))
    if place + 2 > len(frame) or (protocol == UDP and not frame[place] | frame[place + 1]):
        return
    correct(frame, place, change)
    if protocol == UDP and not frame[place] | frame[place + 1]:
        frame[place] = frame[place + 1] = 0xFF


def change_words(frame, at, key):
    """XORs two bytes; by how much the sum of 16-bit words grew."""
    before = frame[at:at + 2]
    frame[at] ^= key[0]
    frame[at + 1] ^= key[1]
    if at & 1:  # the IP header begins at an even place: the end of one word, the begin of the next
        return (frame[at] - before[0]) + ((frame[at + 1] - before[1]) << 8)
    return ((frame[at] - before[0]) << 8) + (frame[at + 1] - before[1])


def rekey_ipv4(frame, ip, key):
    transport = ip + (frame[ip] & 15) * 4
    if transport < ip + 20 or transport > len(frame):
        return
    change = 0
    for at in (ip + 12, ip + 16):
        if 0 < frame[at] < 224:  # not "no address yet", groups and everybody
            change += change_words(frame, at + 1, key)
    correct(frame, ip + 10, change)
    if not ((frame[ip + 6] << 8) | frame[ip + 7]) & 0x1FFF:
        correct_transport(frame, transport, frame[ip + 9], change)


def rekey_ipv6(frame, ip, key):
    change = 0
    for at in (ip + 8, ip + 24):
        if frame[at] != 0xFF:
            change += change_words(frame, at + 6, key)
    correct_transport(frame, ip + 40, frame[ip + 6], change)


def rekey(data, key):
    """The frame with the addresses of another network."""
    frame = bytearray(data)
    at = 14
    kind = data[12:14]
    while kind in (b"\x81\x00", b"\x88\xa8") and at + 4 <= len(data):
        kind = data[at + 2:at + 4]
        at += 4
    if kind == b"\x08\x00" and at + 20 <= len(data) and data[at] >> 4 == 4:
        rekey_ipv4(frame, at, key)
    elif kind == b"\x86\xdd" and at + 40 <= len(data):
        rekey_ipv6(frame, at, key)
    return bytes(frame)


def placed(packets, digest):
    """The packets of one capture, with its key, at its time."""
    first = min(packet[0] for packet in packets)
    span = max(packet[0] for packet in packets) - first
    begin = START_NS + int.from_bytes(digest[:2], "big") * SPREAD_NS // 65536
    for time_ns, wire, data in packets:
        since = time_ns - first
        if span > SPAN_NS:
            since = since * SPAN_NS // span
        yield begin + since, wire, rekey(data, digest[2:4])


def read_file(path):
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return b""
    return data


def read_folders(folders, left_out, counts):
    """All packets of all captures, sorted by time."""
    seen, packets = set(), []
    paths = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*")
                   if path.suffix in SUFFIXES and path.is_file() and not path.is_symlink())
    for path in paths:
        if any(word in str(path) for word in left_out):
            counts["left out"] += 1
            continue
        data = read_file(path)
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            counts["double"] += 1
            continue
        seen.add(digest)
        own = [packet for packet in read_capture(data) if usable(packet)]
        if not own:
            counts["not Ethernet, or unreadable"] += 1
            continue
        counts["merged"] += 1
        packets.extend(placed(own, digest))
    packets.sort(key=lambda packet: packet[0])
    return packets


def copy_of(packets, number):
    key = bytes((0x40 + number, 0x80 + number))
    for time_ns, wire, data in packets:
        yield time_ns + number * COPY_DELAY_NS, wire, rekey(data, key) if number else data


def write(out, packets, copies):
    header, count, size = struct.Struct("<IIII"), 0, 0
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, ETHERNET))
    merged = heapq.merge(*(copy_of(packets, number) for number in range(copies)),
                         key=lambda packet: packet[0])
    for time_ns, wire, data in merged:
        seconds, rest = divmod(time_ns, 1_000_000_000)
        out.write(header.pack(seconds, rest // 1000, len(data), wire))
        out.write(data)
        count += 1
        size += len(data)
    return count, size


def main():
    parser = argparse.ArgumentParser(description="one big capture out of many small ones")
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--leave-out", action="append", default=[], metavar="WORD")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    if not 1 <= options.copies <= COPIES_MAX:
        parser.error(f"1 to {COPIES_MAX} copies")
    counts = {"merged": 0, "double": 0, "left out": 0, "not Ethernet, or unreadable": 0}
    packets = read_folders(options.folders, (*LEFT_OUT, *options.leave_out), counts)
    if not packets:
        sys.exit("merge.py: no Ethernet capture below these folders")
    with open(options.out, "wb", buffering=1 << 20) as out:
        count, size = write(out, packets, options.copies)
    print("captures: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    print(f"{options.out}: {count} packets, {size} bytes, {options.copies} copies")


if __name__ == "__main__":
    main()
