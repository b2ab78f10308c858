#!/usr/bin/env python3
"""The same capture, as if it had been made on another day.

usage: shift_days.py IN_PCAPNG OUT_PCAPNG DAYS    (negative: earlier)

Reads what fixtures/make/rewrite_capture.py writes: little-endian, nanoseconds.
"""

import struct
import sys

ENHANCED_PACKET = 6
DAY_NS = 86_400 * 10**9


def main(source, target, days):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    at = 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == ENHANCED_PACKET:
            high, low = struct.unpack_from("<II", data, at + 12)
            time = (high << 32 | low) + days * DAY_NS
            struct.pack_into("<II", data, at + 12, time >> 32, time & 0xFFFFFFFF)
        at += length
    with open(target, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
