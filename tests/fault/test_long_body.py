#!/usr/bin/env python3
"""A body of 1 GiB in one request: memory stays flat, and a number at its very end is found."""
import frames
from exeat_run import MIB, SANITIZED, check, check_memory, inspect
from payloads import LABELLED, LINE

BODY_BYTES = 200 * MIB if SANITIZED else 1024 * MIB
SECONDS = 300 if SANITIZED else 120
SEGMENT = 1460


def segments(tcp, data):
    """The frames of these bytes, forgotten as soon as they are written."""
    del tcp.frames[:]
    tcp.send(data)
    records = b"".join(frames.pcap_record(*frame) for frame in tcp.frames)
    del tcp.frames[:]
    return records


def long_post(body_bytes, ending, head, chunk=None):
    """chunk: size of the chunks of a chunked body, else it has a Content-Length."""
    made = []
    tcp = frames.Tcp(made)
    yield frames.pcap(made)
    filler = (LINE * (SEGMENT * 700 // len(LINE) + 1))[:SEGMENT * 700]
    yield segments(tcp, head)
    left = body_bytes - len(ending)
    while left > 0:
        piece = filler[:min(left, len(filler))]
        left -= len(piece)
        yield segments(tcp, b"%x\r\n%s\r\n" % (len(piece), piece) if chunk else piece)
        tcp.now_ns += 1000 * frames.MILLISECOND_NS
    yield segments(tcp, b"%x\r\n%s\r\n0\r\n\r\n" % (len(ending), ending) if chunk else ending)
    tcp.close()
    yield b"".join(frames.pcap_record(*frame) for frame in tcp.frames)


def check_long(work, pieces):
    result = inspect(work, pieces, seconds=SECONDS).expect(1)
    flow, = result.flows()
    check(flow["bytes_out"] >= BODY_BYTES, f"only {flow['bytes_out']} bytes are counted")
    kinds = {f["kind"] for f in flow["findings"]}
    check("medicare" in kinds, f"the number at the end was not found, only {kinds}")
    check(flow["not_inspected_bytes"] == 0, f"{flow['not_inspected_bytes']} bytes were left out")
    print(f"    {result.seconds:.0f} s, {result.peak_bytes // MIB} MiB")
    check_memory(result)


def case_text(work):
    """1 GiB of text in one body: flat memory, and the labelled number at its end is found"""
    ending = b"\r\npatient medicare number: 2123 45670 1\r\n"
    head = (b"POST /upload HTTP/1.1\r\nHost: api.example.net\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n" % BODY_BYTES)
    check_long(work, long_post(BODY_BYTES, ending, head))


def case_chunked_json(work):
    """1 GiB of JSON in chunks: flat memory, and the labelled number at its end is found"""
    ending = LABELLED + b"]"
    head = (b"POST /upload HTTP/1.1\r\nHost: api.example.net\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
    check_long(work, long_post(BODY_BYTES, ending, head, chunk=True))


if __name__ == "__main__":
    from exeat_run import main
    main()
