#!/usr/bin/env python3
"""Lengths that lie, at every level from the capture file to a zip member: no crash, a known exit
code, and whatever could not be read is said with its bytes."""
import struct

import frames
from exeat_run import check, check_whole, inspect
from payloads import (LABELLED, MIB, hl7_message, http_ok, http_post, multipart, zip_local)


def post(work, request, port=80, answer=b"", closed=True):
    """One conversation that sends these bytes."""
    made = []
    tcp = frames.Tcp(made, server=(frames.SERVER, port)).send(request)
    if answer:
        tcp.receive(answer)
    if closed:
        tcp.close()
    result = inspect(work, frames.pcap(made)).expect(1)
    check_whole(result.folder)
    flows = result.flows()
    check(len(flows) == 1, f"{len(flows)} conversations instead of 1")
    return result, flows[0]


def says_not_inspected(flow):
    check(flow["not_inspected_reason"] != "" and flow["not_inspected_bytes"] > 0,
          "nothing says that something was not inspected")


def finds(flow, kind="medicare"):
    kinds = {f["kind"] for f in flow["findings"]}
    check(kind in kinds, f"{kind} was not found, only {kinds}")


def good_frames():
    made = []
    frames.Tcp(made).send(http_post(LABELLED)).receive(http_ok()).close()
    return made


def damaged_file(work, data, name):
    """A good conversation, then a damage: the good part is reported, the damage named."""
    result = inspect(work, data, name=name).expect(1).sentence("after packet")
    finds(result.flows()[0])
    check("capture-gap" in result.flags(), f"{name}: no capture-gap flag")


def case_pcap_record(work):
    """a pcap record that claims 4 GiB, 262,145 bytes or more than is left ends the file there"""
    good = frames.pcap(good_frames())
    for captured in (0xFFFFFFFF, 0x7FFFFFFF, 262145, 5000):
        damaged_file(work, good + frames.pcap_record(frames.START_NS, bytes(60), captured),
                     f"record-{captured}")


def case_pcap_short_record(work):
    """a packet that was longer on the wire than in the file is inspected and counted as cut"""
    frame = frames.udp((frames.CLIENT, 5000), ("198.51.100.7", 9999), bytes(200))
    data = frames.pcap(good_frames()) + frames.pcap_record(frames.START_NS, frame[:100], None, 242)
    result = inspect(work, data).expect(1)
    check(result.run_facts()["inputs"][0]["cut"] == 1, "the cut packet is not counted")
    check("capture-gap" in result.flags(), "no capture-gap flag")


def case_pcapng_block(work):
    """a pcapng block with a length of 0, 11, 4 GiB, or another at its end, ends the file there"""
    made = good_frames()
    good = frames.pcapng(made)
    for length in (0, 8, 11, 0xFFFFFFFC, 5000, 96):
        damaged_file(work, good + frames.pcapng_packet(*made[-1], length=length),
                     f"block-{length}")


def case_pcapng_captured(work):
    """a pcapng packet that claims more bytes than its block has does not end the run"""
    made = good_frames()
    liar = frames.block(6, struct.pack("<IIIII", 0, 0, 0, 0xFFFFFFFF, 60) + bytes(60))
    option = frames.block(6, struct.pack("<IIIII", 0, 0, 0, 4, 4) + bytes(4) + b"\1\0\xff\xff")
    for name, block in (("captured", liar), ("option", option)):
        result = inspect(work, frames.pcapng(made) + block, name=name).expect(1)
        finds(result.flows()[0])


def case_ip_total_length(work):
    """an IP total length of 0, less than its header, or more than the packet does not crash"""
    for total in (0, 19, 20, 30, 65535):
        made = good_frames()
        tcp = frames.Tcp(made, client=(frames.CLIENT, 50001))
        tcp.add(0, frames.PSH, b"x" * 100, total_length=total)
        result = inspect(work, frames.pcap(made), name=f"ip-{total}").expect(1)
        finds(min(result.flows(), key=lambda flow: flow["src_port"]))


def case_tcp_data_offset(work):
    """a TCP data offset below the header or past the segment is counted as malformed"""
    for words in (0, 1, 4, 15):
        made = good_frames()
        tcp = frames.Tcp(made, client=(frames.CLIENT, 50001))
        tcp.add(0, frames.PSH, b"", data_words=words)
        result = inspect(work, frames.pcap(made), name=f"offset-{words}").expect(1)
        losses = result.run_facts()["losses"]
        check(losses.get("malformed packets", 0) + losses.get("frames cut inside their headers", 0)
              == 1, f"data offset {words}: {losses}")


def case_content_length_more(work):
    """a body shorter than its Content-Length is inspected as far as it goes, and said to be cut"""
    _, flow = post(work, http_post(LABELLED, length=b"9000"))
    finds(flow)


def case_content_length_less(work):
    """what stands behind the Content-Length is not dropped in silence"""
    _, flow = post(work, http_post(LABELLED, length=b"3"))
    says_not_inspected(flow)


def case_content_length_absurd(work):
    """a Content-Length that is negative, not a number, or does not fit 64 bits does not crash"""
    for index, length in enumerate((b"-1", b"18446744073709551621", b"99999999999999999999999",
                                    b"0x10", b"+5", b" ", b"5, 7")):
        folder = work / str(index)
        folder.mkdir()
        _, flow = post(folder, http_post(LABELLED, length=length))
        if not flow["findings"]:
            says_not_inspected(flow)


def case_content_length_twice(work):
    """two Content-Lengths that differ are malformed, or the content is found all the same"""
    _, flow = post(work, http_post(LABELLED, (b"Content-Length: 2",)))
    if not flow["findings"]:
        says_not_inspected(flow)


def case_chunk_sizes(work):
    """chunk sizes that overflow, are no numbers or say more than comes do not crash"""
    sizes = (b"ffffffffffffffffff", b"fffffffffffffff", b"-5", b"zz", b"", b"7fffffff;a=b")
    for index, size in enumerate(sizes):
        folder = work / str(index)
        folder.mkdir()
        body = size + b"\r\n" + LABELLED + b"\r\n0\r\n\r\n"
        _, flow = post(folder, http_post(body, (b"Transfer-Encoding: chunked",), length=b""))
        if not flow["findings"]:
            says_not_inspected(flow)


def case_headers_without_end(work):
    """a header line without end is given up within its limit and said"""
    request = b"POST / HTTP/1.1\r\nHost: api.example.net\r\nX-Long: " + b"a" * MIB
    _, flow = post(work, request)
    says_not_inspected(flow)


def case_hl7_without_end(work):
    """an HL7 message whose closing bytes never come is inspected all the same"""
    _, flow = post(work, b"\x0b" + hl7_message(), port=2575)
    finds(flow)


def case_hl7_long_segment(work):
    """an HL7 segment of 2 MiB is bounded, and what was left out is said"""
    message = hl7_message() + b"NTE|1||" + b"x" * (2 * MIB) + b"\r\x1c\r"
    _, flow = post(work, b"\x0b" + message, port=2575)
    finds(flow)


def upload(work, archive):
    return post(work, http_post(archive, kind=b"application/zip"))[1]


def case_zip_sizes(work):
    """a zip member whose sizes lie is no crash: found, or said not to be inspected"""
    table = b"name,medicare number\r\nQuockerwodger,29518731251\r\n"
    members = {"packed": zip_local(b"a.csv", table, len(table), 0, 0, 0xFFFFFFF0),
               "short": zip_local(b"a.csv", table, len(table), 0, 0, 3),
               "unpacked": zip_local(b"a.csv", table, 0xFFFFFFF0, 0, 0),
               "name": zip_local(b"a.csv", table, len(table), 0, 0)[:26] + b"\xff\xff\0\0a",
               "extra": zip_local(b"a.csv", table, len(table), 0, 0)[:28] + b"\xff\xff" + b"a" * 9}
    for name, member in members.items():
        folder = work / name
        folder.mkdir()
        flow = upload(folder, member)
        if not flow["findings"]:
            says_not_inspected(flow)


def case_multipart_without_end(work):
    """the last part of a form without its closing line is inspected"""
    part = (b'Content-Disposition: form-data; name="record"\r\nContent-Type: application/json',
            LABELLED)
    body = multipart([part], closed=False)
    _, flow = post(work, http_post(body, kind=b"multipart/form-data; boundary=b0undary"))
    finds(flow)


def case_multipart_without_boundary(work):
    """a form whose boundary never comes is said not to be inspected, or read as text"""
    part = (b'Content-Disposition: form-data; name="record"', LABELLED)
    body = multipart([part], boundary=b"other")
    _, flow = post(work, http_post(body, kind=b"multipart/form-data; boundary=b0undary"))
    if not flow["findings"]:
        says_not_inspected(flow)


if __name__ == "__main__":
    from exeat_run import main
    main()
