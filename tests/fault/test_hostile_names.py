#!/usr/bin/env python3
"""Names that attack whoever reads the report: in hosts, server names, certificates, User-Agents, zip
members, mail and process names. None of them comes out raw, in any output."""
import csv
import io
import json
import os
import re
from html.parser import HTMLParser

import frames
from exeat_run import MEDICARE, MEDICARE_SPACED, REGISTER, SOURCE, check, check_whole, exeat, inspect
from payloads import (client_hello, http_ok, http_post, multipart, server_flight, zip_archive)

MARK = "zqx"  # stands in every hostile name, so that what comes out of it can be looked at
NAMES = [
    f"\x1b[2J\x1b[31m{MARK}-red".encode(),
    f"\x1b]0;{MARK}-title\x07".encode(),
    f"\x9b31m{MARK}-c1".encode("latin-1"),
    f"=cmd|' /C calc'!A0{MARK}".encode(),
    f"+1+{MARK}".encode(), f"-1-{MARK}".encode(), f"@SUM({MARK})".encode(),
    f"＝cmd{MARK}".encode(),
    f"<script>alert('{MARK}')</script>".encode(),
    f"\"><img src=x onerror=alert({MARK})>".encode(),
    f"</td></tr></table><h1>{MARK}".encode(),
    f"a{MARK}\r\nSet-Cookie: b\n\nc".encode(),
    f"quote\"{MARK}\"\"'".encode(),
    f"\u202etxt.exe{MARK}\u2066\u200b".encode(),
    f"{MARK} medicare {MEDICARE_SPACED}".encode(),
    f"{MEDICARE}.{MARK}.example.net".encode(),
    b"\xff\xfe\xc0\x80" + MARK.encode(),
    MARK.encode() * 90,
    f"{MARK}\0hidden".encode(),
    f"%s%n%1000000d{MARK}".encode(),
]
# U+202E and its kin, zero-width characters, C1 controls.
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def one_line(name):
    """For places of a protocol that end at the line."""
    return name.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")


def web_conversation(made, name, number, start_ns):
    archive = zip_archive([(name + b".csv", b"a,b\r\n1,2\r\n")])
    part = (b'Content-Disposition: form-data; name="%s"; filename="%s"' %
            (one_line(name), one_line(name)), archive)
    request = http_post(multipart([part]), (b"User-Agent: " + one_line(name),
                                            b"Referer: " + one_line(name)), one_line(name),
                        kind=b"multipart/form-data; boundary=b0undary")
    request = request.replace(b"/v1/records", b"/v1/" + one_line(name).replace(b" ", b"%20"), 1)
    tcp = frames.Tcp(made, (frames.CLIENT, 40000 + number), ("203.0.113.10", 80), start_ns)
    answer = b"HTTP/1.1 200 " + one_line(name) + b"\r\nServer: " + one_line(name)
    tcp.send(request).receive(answer + b"\r\nContent-Length: 0\r\n\r\n").close()


def tls_conversation(made, name, number, start_ns):
    tcp = frames.Tcp(made, (frames.CLIENT, 41000 + number), ("203.0.113.11", 443), start_ns)
    tcp.send(client_hello(name)).receive(server_flight(name)).close()


def mail_conversation(made, name, number, start_ns):
    tcp = frames.Tcp(made, (frames.CLIENT, 42000 + number), ("203.0.113.12", 25), start_ns)
    tcp.receive(b"220 " + one_line(name) + b" ESMTP\r\n").send(b"EHLO " + one_line(name) + b"\r\n")
    tcp.receive(b"250 " + one_line(name) + b"\r\n").send(b"MAIL FROM:<" + one_line(name) + b">\r\n")
    tcp.receive(b"250 ok\r\n").send(b"RCPT TO:<a@example.net>\r\n").receive(b"250 ok\r\n")
    tcp.send(b"DATA\r\n").receive(b"354 go\r\n")
    tcp.send(b"Subject: " + one_line(name) + b"\r\nX-Mailer: " + one_line(name) +
             b"\r\n\r\nhello\r\n.\r\n").close()


def dns_answer(name, number):
    """The address of the next conversation under a name whose label holds these bytes."""
    label = name[:63]
    question = bytes([len(label)]) + label + b"\7example\3net\0" + b"\0\1\0\1"
    answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + frames.address("203.0.113.13")
    message = b"\0\1\x81\x80\0\1\0\1\0\0\0\0" + question + answer
    return frames.udp(("192.0.2.53", 53), (frames.CLIENT, 43000 + number), message)


def hostile_capture():
    """One group of conversations for each name, each packet by a process of that name."""
    out = [frames.pcapng_start()]
    start_ns = frames.START_NS
    for number, name in enumerate(NAMES):
        made = []
        web_conversation(made, name, number, start_ns)
        tls_conversation(made, name, number, start_ns + 10**9)
        mail_conversation(made, name, number, start_ns + 2 * 10**9)
        made.append((start_ns + 3 * 10**9, dns_answer(name, number)))
        asked = frames.Tcp(made, (frames.CLIENT, 44000 + number), ("203.0.113.13", 8080),
                           start_ns + 4 * 10**9)
        asked.send(b"\1\2\3").close()
        start_ns += 10 * 10**9
        out.append(frames.pcapng_process(1000 + number, name, b"/opt/" + name + b".exe",
                                         name + b"\0--patient=" + MEDICARE.encode()))
        options = frames.option(1, name) + frames.pcapng_process_option(1000 + number)
        out += [frames.pcapng_packet(*frame, options) for frame in made]
    return b"".join(out)


def check_text(name, text):
    """Nothing that a terminal obeys or an eye does not see."""
    for line in text.splitlines():
        found = HIDDEN.search(line)
        check(not found, f"{name} holds U+{ord(found.group()):04X}" if found else "")
    check("‮" not in text, f"{name} holds a bidirectional override")


def check_csv(name, text):
    for row in csv.reader(io.StringIO(text, newline=""), strict=True):
        for cell in row:
            check(not cell.lstrip(" ")[:1] or cell.lstrip(" ")[0] not in "=+-@\t\r＝＋－＠",
                  f"{name}: a cell that a spreadsheet would run: {cell[:40]!r}")
            check("\n" not in cell and "\r" not in cell, f"{name}: a cell of several lines")


class Page(HTMLParser):
    """Elements and attributes of a page, and whether any of our marks is more than text."""

    def __init__(self):
        super().__init__()
        self.elements, self.active, self.marked = set(), [], []

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        for attribute, value in attributes:
            if attribute.startswith("on") or (value or "").strip().lower().startswith("javascript"):
                self.active.append((tag, attribute))
            if MARK in (value or ""):
                self.marked.append((tag, attribute))


def page_of(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page


def check_html(work, path):
    """Against the page of a harmless run: no element that is not the template's own."""
    made = []
    frames.Tcp(made).send(http_post(b"{}")).receive(http_ok()).close()
    plain = page_of(inspect(work, frames.pcap(made), name="plain").folder / "report.html")
    page = page_of(path)
    template = plain.elements | {"table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "p",
                                 "dl", "dt", "dd", "h1", "h2", "h3", "h4", "strong", "em", "span",
                                 "div", "section", "details", "summary", "caption", "br", "code"}
    check(page.elements <= template, f"elements {page.elements - template} in report.html")
    check("script" not in page.elements and "img" not in page.elements, "active elements")
    check(not page.active, f"active attributes {page.active[:3]}")
    check(not page.marked, f"a hostile name in attributes {page.marked[:3]}")


def check_outputs(work, result):
    check_text("the table", result.out)
    check_text("standard error", result.err)
    check_whole(result.folder)
    for path in result.folder.rglob("*"):
        if path.suffix in (".csv", ".jsonl", ".json", ".html"):
            text = path.read_bytes().decode("utf-8")
            check_text(path.name, text)
            if path.suffix == ".csv":
                check_csv(path.name, text)
    for flow in result.flows():
        check_text("a value of flows.jsonl", repr_of(flow))
    check_text("a value of run.json", repr_of(result.run_facts()))
    check_html(work, result.folder / "report.html")


def repr_of(value):
    """All texts of a JSON value, one a line: escapes undone, so that what they hid is seen."""
    if isinstance(value, dict):
        return "\n".join(repr_of(v) for pair in value.items() for v in pair)
    if isinstance(value, list):
        return "\n".join(repr_of(v) for v in value)
    return str(value).replace("\n", "\x00") if isinstance(value, str) else ""


def case_without_register(work):
    """hostile names, no register: nothing raw in any report, in the table, on standard error"""
    result = inspect(work, hostile_capture()).expect(1)
    check(len(result.flows()) >= 4 * len(NAMES), "conversations are missing")
    check(MARK in (result.folder / "flows.jsonl").read_text(), "no name came through at all")
    check_outputs(work, result)


def case_with_register(work):
    """hostile names with a register: the same"""
    check_outputs(work, inspect(work, hostile_capture(), register=REGISTER).expect(1))


def case_from_the_store(work):
    """hostile names that were stored come out of `report` as clean as they went in"""
    first = inspect(work, hostile_capture()).expect(1)
    store = first.folder / "exeat.db"
    check_outputs(work, exeat("report", "--store", store, "--out", first.folder, "--rules",
                              SOURCE / "rules", folder=first.folder).expect(1))
    check_csv("--csv", exeat("report", "--store", store, "--csv", "--rules",
                             SOURCE / "rules").expect(1).out)


def case_file_name(work):
    """a capture file whose name holds a terminal escape is not echoed raw"""
    name = work / f"\x1b[31m{MARK}.pcap"
    check_text("standard error", inspect(work, name).expect(2).err)
    made = []
    frames.Tcp(made).send(http_post(b"{}")).close()
    name.write_bytes(frames.pcap(made))
    check_text("standard error", inspect(work, name).expect(1).err)


def case_arguments(work):
    """hostile texts in options are not echoed raw"""
    made = []
    frames.Tcp(made).send(http_post(b"{}")).close()
    capture = frames.pcap(made)
    bad = f"\x1b[31m=cmd|{MARK}"
    for index, options in enumerate((("--filter", bad), ("--register", work / bad),
                                     ("--authorised-by", bad), ("--geo", work / bad))):
        result = inspect(work, capture, *options, name=f"out{index}")
        check_text("standard error", result.err)
        check_text("the table", result.out)
        if os.path.isdir(result.folder) and (result.folder / "report.html").exists():
            check_outputs(work, result)
    check_text("standard error", exeat(bad).expect(2).err)


def case_many_names(work):
    """a certificate of 3,000 names is read, one of 10,000 is counted as too large to read"""
    made = []
    for number, names in enumerate((3000, 10000)):
        others = [b"n%d.example" % at for at in range(names)]
        tcp = frames.Tcp(made, (frames.CLIENT, 45000 + number), ("203.0.113.11", 443),
                         frames.START_NS + number * 10**9)
        tcp.send(client_hello(b"other.example.net"))
        tcp.receive(server_flight(b"n.example", *others)).close()
    inspect(work, frames.pcap(made)).expect(1)
    with open(work / "out" / "flows.jsonl", encoding="utf-8") as lines:
        few, many = [json.loads(line) for line in lines]
    check(few["cert_names"].startswith("n.example n0.example "), few["cert_names"])
    check(few["cert_names_left_out"] == 3001 - 16, few["cert_names_left_out"])
    check("bad-certificate" in few["flags"], few["flags"])
    check(many["cert_names"] == "" and "bad-certificate" not in many["flags"], many["flags"])
    losses = json.loads((work / "out" / "run.json").read_text(encoding="utf-8"))["losses"]
    check(losses.get("certificates too large to read") == 1, losses)


if __name__ == "__main__":
    from exeat_run import main
    main()
