"""frames: packets, conversations and capture files, made byte by byte and the same on every run.

Formats: Ethernet II, IPv4 (RFC 791), TCP (RFC 9293), UDP (RFC 768), pcap (draft-ietf-opsawg-pcap),
pcapng (draft-ietf-opsawg-pcapng), gzip (RFC 1952), zstd (RFC 8878, stored blocks only).
A frame is a pair (time in nanoseconds, bytes).
"""
import gzip
import struct

START_NS = 1_796_000_000 * 10**9  # 2026-11-29 23:33:20 UTC
MILLISECOND_NS = 10**6
SEGMENT_BYTES = 1460
CLIENT, SERVER = "192.168.20.21", "203.0.113.10"
ETHERNET = bytes.fromhex("02000000000a02000000000b0800")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def address(text):
    return bytes(int(part) for part in text.split("."))


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload, total_length=None):
    length = 20 + len(payload) if total_length is None else total_length
    head = struct.pack(">BBHHHBBH", 0x45, 0, length, 1, 0x4000, 64, protocol, 0)
    head += address(source) + address(destination)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return ETHERNET + head + payload


def tcp_header(ports, sequence, acknowledged, flags, data_words=5):
    return struct.pack(">HHIIBBHHH", *ports, sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF,
                       data_words << 4, flags, 65535, 0, 0)


def udp(client, server, payload):
    """client and server: (address, port)."""
    head = struct.pack(">HHHH", client[1], server[1], 8 + len(payload), 0)
    return ipv4(client[0], server[0], 17, head + payload)


class Tcp:
    """One conversation; its frames gather in the list that it is given."""

    def __init__(self, frames, client=(CLIENT, 50000), server=(SERVER, 80), start_ns=START_NS,
                 sequences=(1000, 9000)):
        self.frames, self.client, self.server = frames, client, server
        self.now_ns = start_ns
        self.sequences = list(sequences)
        self.add(0, SYN)
        self.sequences[0] += 1
        self.add(1, SYN | ACK)
        self.sequences[1] += 1
        self.add(0, ACK)

    def add(self, side, flags, payload=b"", data_words=5, total_length=None):
        ends = (self.client, self.server) if side == 0 else (self.server, self.client)
        segment = tcp_header((ends[0][1], ends[1][1]), self.sequences[side],
                             self.sequences[1 - side] if flags != SYN else 0, flags, data_words)
        self.frames.append((self.now_ns, ipv4(ends[0][0], ends[1][0], 6, segment + payload,
                                              total_length)))
        self.now_ns += MILLISECOND_NS

    def send(self, payload, side=0):
        for at in range(0, len(payload), SEGMENT_BYTES):
            piece = payload[at:at + SEGMENT_BYTES]
            self.add(side, PSH | ACK, piece)
            self.sequences[side] += len(piece)
        return self

    def receive(self, payload):
        return self.send(payload, 1)

    def close(self):
        self.add(0, FIN | ACK)
        self.sequences[0] += 1
        self.add(1, FIN | ACK)
        self.sequences[1] += 1
        self.add(0, ACK)
        return self


def pcap_header(link_type=1):
    return struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, link_type)


def pcap_record(time_ns, data, captured=None, original=None):
    captured = len(data) if captured is None else captured
    original = len(data) if original is None else original
    return struct.pack("<IIII", time_ns // 10**9, time_ns % 10**9, captured, original) + data


def pcap(frames):
    return pcap_header() + b"".join(pcap_record(*frame) for frame in frames)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind, body, length=None):
    body += bytes(-len(body) % 4)
    length = len(body) + 12 if length is None else length
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def pcapng_start():
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    nanoseconds = option(9, b"\x09") + option(0, b"")
    return section + block(1, struct.pack("<HHI", 1, 0, 262144) + nanoseconds)


def pcapng_packet(time_ns, data, options=b"", length=None):
    body = struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(data), len(data))
    return block(6, body + data + bytes(-len(data) % 4) + options, length)


def pcapng_process(pid, name, path, command):
    """Wireshark's process block, to which a packet's option 8 refers."""
    body = struct.pack("<I", pid) + option(2, name) + option(3, path) + option(4, command)
    body += option(0, b"")
    return block(0x0BAD, struct.pack("<III", 32622, 3, len(body)) + body)


def pcapng_process_option(pid):
    return option(8, struct.pack("<II", pid, 0)) + option(0, b"")


def pcapng(frames, options=b""):
    return pcapng_start() + b"".join(pcapng_packet(*frame, options) for frame in frames)


def gzipped(data):
    return gzip.compress(data, 6, mtime=0)


def zstd_frame(blocks):
    """blocks: (kind, size, bytes); kind 0 is stored, 1 is one byte repeated."""
    out = b"\x28\xb5\x2f\xfd\x00\x58"  # window of 2 MiB
    for index, (kind, size, data) in enumerate(blocks):
        last = index == len(blocks) - 1
        out += struct.pack("<I", last | kind << 1 | size << 3)[:3] + data
    return out


def zstandard(data, piece=65536):
    pieces = [data[at:at + piece] for at in range(0, len(data), piece)] or [b""]
    return zstd_frame([(0, len(p), p) for p in pieces])
