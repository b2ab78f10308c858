"""payloads: what the conversations of these tests carry: HTTP, HL7, web forms, archives, and
wrappings that grow without end. The same bytes on every run.

Formats: HTTP/1.1 (RFC 9112), multipart (RFC 7578), MLLP and HL7 v2, zip (APPNOTE.TXT), brotli
(RFC 7932), TLS 1.2 (RFC 5246).
"""
import struct
import zlib

from exeat_run import IHI, MEDICARE_OTHER, MEDICARE_SPACED, SURNAME

MIB = 1 << 20
LINE = b"Nothing to see in this line of a letter, it is only long.\r\n"
OBJECT = b'{"note":"nothing to see in this object, there are only many of them"},'
LABELLED = ('{"resourceType":"Patient","name":[{"family":"%s"}],"medicareNumber":"%s","ihi":"%s"}'
            % (SURNAME, MEDICARE_SPACED, IHI)).encode()


def http_post(body, headers=(), host=b"api.example.net", length=None, kind=b"application/json"):
    """length: None says the true one, b"" leaves the header out."""
    length = str(len(body)).encode() if length is None else length
    lines = [b"POST /v1/records HTTP/1.1", b"Host: " + host, b"Content-Type: " + kind]
    if length:
        lines.append(b"Content-Length: " + length)
    return b"\r\n".join(lines + list(headers)) + b"\r\n\r\n" + body


def http_ok(body=b"{}"):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def multipart(parts, boundary=b"b0undary", closed=True):
    """parts: (headers, bytes). Without its closing line when not closed."""
    out = b"".join(b"--" + boundary + b"\r\n" + head + b"\r\n\r\n" + body + b"\r\n"
                   for head, body in parts)
    return out + (b"--" + boundary + b"--\r\n" if closed else b"")


def hl7_message():
    return ("MSH|^~\\&|PRAC|CLINIC|LAB|LAB|20261130083000||ORU^R01|77|P|2.4\r"
            f"PID|1||{MEDICARE_OTHER}^^^AUSHIC^MC||{SURNAME}^ALMA||19500101|F\r"
            "OBR|1|||718-7^Haemoglobin^LN\rOBX|1|NM|718-7^Haemoglobin^LN||140|g/L\r").encode()


def deflated(data, level=9):
    maker = zlib.compressobj(level, zlib.DEFLATED, -15)
    return maker.compress(data) + maker.flush()


def gzip_of_zeros(total):
    maker = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros, out = bytes(MIB), []
    for _ in range(total // MIB):
        out.append(maker.compress(zeros))
    return b"".join(out) + maker.flush()


def zip_local(name, packed, size, crc, method=8, packed_size=None):
    packed_size = len(packed) if packed_size is None else packed_size
    return struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, method, 0, 0x21, crc, packed_size, size,
                       len(name), 0) + name + packed


def zip_central(name, packed_size, size, crc, offset, method=8):
    return struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, method, 0, 0x21, crc,
                       packed_size, size, len(name), 0, 0, 0, 0, 0, offset) + name


def zip_end(count, central_bytes, offset):
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, central_bytes, offset, 0)


def zip_archive(members):
    """members: (name, bytes), each deflated; equal bytes are deflated once."""
    local, central, done = [], [], {}
    offset = 0
    for name, data in members:
        if data not in done:
            done[data] = (deflated(data), zlib.crc32(data))
        packed, crc = done[data]
        entry = zip_local(name, packed, len(data), crc)
        central.append(zip_central(name, len(packed), len(data), crc, offset))
        local.append(entry)
        offset += len(entry)
    directory = b"".join(central)
    return b"".join(local) + directory + zip_end(len(members), len(directory), offset)


def zip_nested_bomb(depth=6, width=16, leaf_bytes=64 * MIB):
    """Archives of archives of archives: 16^6 leaves of 64 MiB of zeros each, a petabyte."""
    zeros = bytes(leaf_bytes)
    data = zip_archive([(b"%d.dll" % n, zeros) for n in range(width)])
    for level in range(depth - 1):
        data = zip_archive([(b"lib %x%d.zip" % (n, level), data) for n in range(width)])
    return data


def zip_overlapping_bomb(count=2000, leaf_bytes=16 * MIB):
    """Every entry of the directory names the same member, which is text: it would be read."""
    text = (LINE * (leaf_bytes // len(LINE) + 1))[:leaf_bytes]
    packed, crc = deflated(text), zlib.crc32(text)
    local = zip_local(b"0", packed, leaf_bytes, crc)
    directory = zip_central(b"0", len(packed), leaf_bytes, crc, 0) * count
    return local + directory + zip_end(count, len(directory), len(local))


class Bits:
    """Least significant bit first, as brotli writes them."""

    def __init__(self):
        self.value = self.count = 0

    def put(self, value, width):
        self.value |= value << self.count
        self.count += width

    def bytes(self):
        return self.value.to_bytes((self.count + 7) // 8, "little")


def put_prefix_code(bits, symbol, width):
    """A simple code of one symbol, RFC 7932 section 3.4: it then takes no bits at all."""
    bits.put(1, 2)
    bits.put(0, 2)
    bits.put(symbol, width)


def brotli_of_zeros(blocks, block_bytes=8 * MIB):
    """Each meta-block is one command: a literal zero, then a copy from distance 1 of all the rest,
    about 25 bytes for 8 MiB. Checked against the decoder of the reference implementation."""
    bits = Bits()
    bits.put(1, 7)  # WBITS 0000001: a window of 2^17
    for _ in range(blocks):
        bits.put(0, 1)  # ISLAST
        bits.put(2, 2)  # six nibbles of length
        bits.put(block_bytes - 1, 24)
        bits.put(0, 1)  # ISUNCOMPRESSED
        for _ in range(3):
            bits.put(0, 1)  # one type of literals, commands, distances
        bits.put(0, 2)  # NPOSTFIX
        bits.put(0, 4)  # NDIRECT
        bits.put(0, 2)  # context mode of the literals
        bits.put(0, 1)  # one tree of literals
        bits.put(0, 1)  # one tree of distances
        put_prefix_code(bits, 0, 8)
        # Insert length code 1 (one literal), copy length code 23 (2118 and 24 bits): cell of insert
        # 0..7 and copy 16..23 begins at 384 (RFC 7932 section 5).
        put_prefix_code(bits, 384 + (1 << 3) + 7, 10)
        put_prefix_code(bits, 16, 6)  # distance code 16: one extra bit
        bits.put(block_bytes - 1 - 2118, 24)
        bits.put(0, 1)  # distance 1
    bits.put(3, 2)  # ISLAST, ISLASTEMPTY
    return bits.bytes()


def zstd_of_zeros(total, piece=128 << 10):
    from frames import zstd_frame
    return zstd_frame([(1, piece, b"\0")] * (total // piece))


def der(tag, *parts):
    body = b"".join(parts)
    size = bytes([len(body)]) if len(body) < 128 else b"\x84" + struct.pack(">I", len(body))
    return bytes([tag]) + size + body


def certificate(common_name, *others):
    """Enough of X.509 to be read for its names; no key and no signature of anybody."""
    name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0C, common_name))))
    algorithm = der(0x30, bytes.fromhex("06082a8648ce3d040302"))
    when = der(0x30, der(0x17, b"260101000000Z"), der(0x17, b"270101000000Z"))
    key = der(0x30, der(0x30, bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")),
              der(0x03, b"\0\4" + bytes(64)))
    names = der(0xA3, der(0x30, der(0x30, bytes.fromhex("0603551d11"),
                                    der(0x04, der(0x30, *(der(0x82, one) for one in
                                                          (common_name, *others)))))))
    body = der(0x30, der(0xA0, b"\2\1\2"), der(0x02, b"\1"), algorithm, name, when, name, key,
               names)
    return der(0x30, body, algorithm, der(0x03, b"\0" + bytes(8)))


def tls_record(kind, message):
    """one message, in as many records as it takes"""
    whole = bytes([kind]) + struct.pack(">I", len(message))[1:] + message
    parts = [whole[at:at + 16384] for at in range(0, len(whole), 16384)]
    return b"".join(struct.pack(">BHH", 22, 0x0303, len(part)) + part for part in parts)


def client_hello(server_name):
    name = struct.pack(">HBH", len(server_name) + 3, 0, len(server_name)) + server_name
    extension = struct.pack(">HH", 0, len(name)) + name
    hello = struct.pack(">H", 0x0303) + bytes(32) + b"\0" + struct.pack(">HH", 2, 0xC02F) + \
        b"\1\0" + struct.pack(">H", len(extension)) + extension
    return tls_record(1, hello)


def server_flight(common_name, *others):
    chosen = struct.pack(">H", 0x0303) + bytes(32) + b"\0" + struct.pack(">HB", 0xC02F, 0)
    body = certificate(common_name, *others)
    listed = struct.pack(">I", len(body))[1:] + body
    return tls_record(2, chosen) + tls_record(11, struct.pack(">I", len(listed))[1:] + listed)
