#!/usr/bin/env python3
"""A body of 1 GiB in one request: memory stays flat, and a number at its very end is found."""
import frames
from exeat_run import MIB, SANITIZED, check, check_memory, inspect
from payloads import LABELLED, LINE, OBJECT

TEXT_BYTES = 200 * MIB if SANITIZED else 1024 * MIB
JSON_BYTES = 64 * MIB if SANITIZED else 256 * MIB
SECONDS = 400


def fillers(unit, body_bytes):
    return body_bytes // (MIB // len(unit) * len(unit)) + 1


def segments(tcp, data):
    """The frames of these bytes, forgotten as soon as they are written."""
    del tcp.frames[:]
    tcp.send(data)
    records = b"".join(frames.pcap_record(*frame) for frame in tcp.frames)
    del tcp.frames[:]
    return records


def long_post(unit, count, ending, head, chunked=False):
    """A body of `count` fillers of whole units, then the ending."""
    made = []
    tcp = frames.Tcp(made)
    yield frames.pcap(made)
    filler = unit * (MIB // len(unit))
    yield segments(tcp, head)
    for _ in range(count):
        yield segments(tcp, b"%x\r\n%s\r\n" % (len(filler), filler) if chunked else filler)
        tcp.now_ns += 1000 * frames.MILLISECOND_NS
    yield segments(tcp, b"%x\r\n%s\r\n0\r\n\r\n" % (len(ending), ending) if chunked else ending)
    tcp.close()
    yield b"".join(frames.pcap_record(*frame) for frame in tcp.frames)


def check_long(work, pieces, body_bytes):
    result = inspect(work, pieces, seconds=SECONDS).expect(1)
    flow, = result.flows()
    check(flow["bytes_out"] >= body_bytes, f"only {flow['bytes_out']} bytes are counted")
    kinds = {f["kind"] for f in flow["findings"]}
    check("medicare" in kinds, f"the number at the end was not found, only {kinds}")
    check(flow["not_inspected_bytes"] == 0, f"{flow['not_inspected_bytes']} bytes were left out")
    print(f"    {result.seconds:.0f} s, {result.peak_bytes // MIB} MiB")
    check_memory(result)


def case_text(work):
    """1 GiB of text in one body: flat memory, and the labelled number at its end is found"""
    count = fillers(LINE, TEXT_BYTES)
    ending = b"\r\npatient medicare number: 2123 45670 1\r\n"
    head = (b"POST /upload HTTP/1.1\r\nHost: api.example.net\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n"
            % (count * (MIB // len(LINE) * len(LINE)) + len(ending)))
    check_long(work, long_post(LINE, count, ending, head), TEXT_BYTES)


def case_chunked_json(work):
    """256 MiB of JSON in chunks: flat memory, and the labelled number at its end is found"""
    ending = LABELLED + b"]"
    head = (b"POST /upload HTTP/1.1\r\nHost: api.example.net\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n")
    pieces = long_post(OBJECT, fillers(OBJECT, JSON_BYTES), ending, head, chunked=True)
    check_long(work, pieces, JSON_BYTES)


if __name__ == "__main__":
    from exeat_run import main
    main()
