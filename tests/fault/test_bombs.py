#!/usr/bin/env python3
"""Wrappings that unpack to much more than they are, in one HTTP request each: time and memory stay
bounded, and the conversation says `limit` with the bytes that were not looked into."""
import gzip

import frames
from exeat_run import MIB, SANITIZED, check, check_memory, inspect
from payloads import (LABELLED, brotli_of_zeros, deflated, gzip_of_zeros, http_post, multipart,
                      zip_archive, zip_nested_bomb, zip_overlapping_bomb, zstd_of_zeros)

SECONDS = 120 if SANITIZED else 20


def upload(work, body, *headers, kind=b"application/octet-stream", name="out", seconds=SECONDS):
    """The bomb first, then a second conversation that must be inspected as ever."""
    made = []
    frames.Tcp(made).send(http_post(body, headers, kind=kind)).close()
    other = frames.Tcp(made, client=(frames.CLIENT, 50001), start_ns=made[-1][0] + 1000)
    other.send(http_post(LABELLED)).close()
    result = inspect(work, frames.pcap(made), name=name, seconds=seconds).expect(1)
    check_memory(result)
    bomb, after = sorted(result.flows(), key=lambda flow: flow["src_port"])
    check(any(f["kind"] == "medicare" for f in after["findings"]),
          "the conversation after the bomb was not inspected")
    return bomb


def says_limit(flow):
    check(flow["not_inspected_reason"] == "limit",
          f"the reason is {flow['not_inspected_reason']!r}")
    check(0 < flow["not_inspected_bytes"] <= flow["bytes_out"],
          f"{flow['not_inspected_bytes']} of {flow['bytes_out']} bytes not inspected")


def case_gzip(work):
    """a gzip bomb of 512 MiB in 512 KiB ends at the ratio"""
    says_limit(upload(work, gzip_of_zeros(512 * MIB), b"Content-Encoding: gzip"))


def case_deflate(work):
    """a deflate bomb ends at the ratio"""
    says_limit(upload(work, deflated(bytes(256 * MIB)), b"Content-Encoding: deflate"))


def case_brotli(work):
    """a brotli bomb of 8 GiB in 25 KB ends at the ratio"""
    says_limit(upload(work, brotli_of_zeros(1024), b"Content-Encoding: br"))


def case_zstd(work):
    """a zstd bomb of 8 GiB in 256 KiB ends at the ratio"""
    says_limit(upload(work, zstd_of_zeros(8192 * MIB), b"Content-Encoding: zstd"))


def case_zip_nested(work):
    """archives of archives, six deep, sixteen wide, a petabyte of zeros, end at a limit"""
    says_limit(upload(work, zip_nested_bomb(), kind=b"application/zip"))


def case_zip_overlapping(work):
    """an archive whose directory names one member 2,000 times is read once, to its limit"""
    says_limit(upload(work, zip_overlapping_bomb(), kind=b"application/zip"))


def case_zip_many_members(work):
    """20,000 small members, packed into little, end at the number of streams for what came in"""
    archive = zip_archive([(b"%d.csv" % n, b"a,b\r\n1,2\r\n") for n in range(20000)])
    says_limit(upload(work, gzip.compress(archive, mtime=0), b"Content-Encoding: gzip"))


def case_deep_nesting(work):
    """gzip in gzip, fifty times, ends at the depth; the innermost number is not claimed unseen"""
    body = LABELLED
    for _ in range(50):
        body = gzip.compress(body, 1, mtime=0)
    says_limit(upload(work, body, b"Content-Encoding: gzip"))


def case_deep_encodings(work):
    """a request that names a hundred encodings is refused within its limit"""
    flow = upload(work, gzip.compress(LABELLED, mtime=0),
                  b"Content-Encoding: " + b", ".join([b"gzip"] * 100))
    check(flow["not_inspected_reason"] != "" and flow["not_inspected_bytes"] > 0,
          "nothing says that it was not inspected")


def case_deep_multipart(work):
    """forms inside forms, thirty deep, end at the depth"""
    body = LABELLED
    for level in range(30):
        inner = b"multipart/form-data; boundary=l%d" % (level - 1)
        head = b'Content-Disposition: form-data; name="a"\r\nContent-Type: ' + \
            (inner if level else b"application/json")
        body = multipart([(head, body)], b"l%d" % level)
    flow = upload(work, body, kind=b"multipart/form-data; boundary=l29")
    if not flow["findings"]:
        says_limit(flow)


def case_deep_json(work):
    """a hundred thousand opening brackets do not end the run"""
    flow = upload(work, b"[" * 100_000 + LABELLED + b"]" * 100_000, kind=b"application/json")
    if not flow["findings"]:
        check(flow["not_inspected_bytes"] > 0, "nothing says that it was not inspected")


def case_mixed(work):
    """a zip in a gzip body, with a gzip bomb as its member, ends at a limit"""
    archive = zip_archive([(b"export.json.gz", gzip_of_zeros(256 * MIB))])
    says_limit(upload(work, gzip.compress(archive, 1, mtime=0), b"Content-Encoding: gzip"))


if __name__ == "__main__":
    from exeat_run import main
    main()
