#!/usr/bin/env python3
"""Documents that another process opens (PDF, archives): what they hold is found, what it cannot be
is told with its bytes, and whatever becomes of that process the run goes on."""
import bz2
import lzma
import os
import signal
import sys
import time

import frames
from exeat_run import (MEDICARE_SPACED, SANITIZED, SOURCE, SURNAME, Result, check, check_memory,
                       check_private, check_whole, inspect, snapshot, start)
from payloads import LABELLED, http_ok, http_post, zip_archive
from test_killed import children, gone, wait_until

sys.path.insert(0, str(SOURCE / "fixtures" / "make"))
import pdf_maker  # noqa: E402

SECONDS = 240 if SANITIZED else 60
LETTER = ["Dear Doctor,", f"Re: Alma {SURNAME}, DOB 01/01/1950", f"Medicare {MEDICARE_SPACED}",
          "Thank you for seeing this patient. HbA1c was 7.2 %."]


def capture(bodies, first_port=50000):
    made = []
    for at, body in enumerate(bodies):
        talk = frames.Tcp(made, client=(frames.CLIENT, first_port + at),
                          start_ns=made[-1][0] + 1000 if made else frames.START_NS)
        talk.send(http_post(body, kind=b"application/octet-stream")).receive(http_ok()).close()
    return frames.pcap(made)


def upload(work, *bodies, **how):
    """The conversations, in order."""
    result = inspect(work, capture(bodies), seconds=SECONDS, **how).expect(1)
    check_memory(result)
    check_whole(work / how.get("name", "out"))
    return sorted(result.flows(), key=lambda flow: flow["src_port"])


def found(flow, kind):
    return any(finding["kind"] == kind for finding in flow["findings"])


def case_letters(work):
    """a letter is found in PDF, however its objects and its fonts are written, and in what xz and
    bzip2 have packed"""
    letter = pdf_maker.letter(LETTER)
    flows = upload(work, letter.bytes(), letter.packed_bytes(),
                   pdf_maker.wide_letter(" ".join(LETTER)).bytes(),
                   lzma.compress(letter.bytes()), bz2.compress(letter.bytes()))
    for at, flow in enumerate(flows):
        check(found(flow, "medicare"), f"document {at} is not found")
        check(flow["not_inspected_bytes"] == 0, f"document {at} is not read whole")


def workbook(rows, first_part=b"[Content_Types].xml"):
    """One sheet, which stands before the texts that it shows; the last column is of days."""
    main_space = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts, sheet = [], b""
    for at, row in enumerate(rows, 1):
        sheet += b'<row r="%d">' % at
        for column, value in zip(b"ABCDEFGH", row):
            if isinstance(value, int):
                sheet += b'<c r="%c%d" s="1"><v>%d</v></c>' % (column, at, value)
            else:
                sheet += b'<c r="%c%d" t="s"><v>%d</v></c>' % (column, at, len(texts))
                texts.append(b"<si><t>%s</t></si>" % value.encode())
        sheet += b"</row>"
    return zip_archive([
        (first_part, b"<Types/>"),
        (b"xl/worksheets/sheet1.xml",
         b"<worksheet %s><sheetData>%s</sheetData></worksheet>" % (main_space, sheet)),
        (b"xl/sharedStrings.xml", b"<sst %s>%s</sst>" % (main_space, b"".join(texts))),
        (b"xl/styles.xml", b'<styleSheet %s><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
         b"</styleSheet>" % main_space),
        (b"xl/workbook.xml", b"<workbook %s/>" % main_space)])


def medicare_of(stem):
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    digits = f"{stem:08d}"
    return digits + str(sum(int(d) * w for d, w in zip(digits, weights)) % 10) + "1"


def case_workbooks(work):
    """a table of patients is one in a workbook, too: its columns by their headings, its days by
    their format; whatever part comes first"""
    rows = [("Surname", "MedicareNo", "DOB")]
    rows += [(f"{SURNAME}{chr(97 + n)}", medicare_of(21234567 + 7 * n), 18000 + 300 * n)
             for n in range(12)]
    flows = upload(work, workbook(rows), workbook(rows, b"docProps/app.xml"))
    for at, flow in enumerate(flows):
        check(found(flow, "patient-table"), f"workbook {at}: no table of patients: "
              f"{sorted(finding['kind'] for finding in flow['findings'])}")
        check(found(flow, "birth-date") or "sheet 1" in str(flow["findings"]),
              f"workbook {at}: the place is not the sheet")
        check(flow["not_inspected_bytes"] == 0, f"workbook {at} is not read whole")


def case_scan(work):
    """a page that is a picture says so, with its bytes"""
    flow, = upload(work, pdf_maker.scan().bytes())
    check(found(flow, "image-document"), "the scan is not found")
    check(flow["not_inspected_reason"] == "media" and flow["not_inspected_bytes"] > 0,
          "the scan passes for read")


def case_unreadable_font(work):
    """a font of which nobody knows what its codes mean leaves its text not looked into"""
    pdf = pdf_maker.Pdf()
    pdf.page(b"BT /F1 10 Tf <00010002> Tj ET",
             b"<</Font<</F1 " + pdf.wide_font(None) + b">>>>")
    flow, = upload(work, pdf.bytes())
    check(flow["not_inspected_bytes"] > 0, "text that nobody can read passes for read")


def case_bombs(work):
    """pages that unpack to gigabytes, and forms that draw each other, end at a limit"""
    zeros = pdf_maker.Pdf()
    for _ in range(3):
        zeros.page(bytes(300 << 20), b"<<>>")
    forms = pdf_maker.Pdf()
    names = [b"<</XObject<</X %d 0 R>>>>" % (4 + n) for n in range(12)]
    for resources in names:
        forms.stream(b"/X Do " * 50, {"Type": b"/XObject", "Subtype": b"/Form",
                                      "Resources": resources})
    forms.page(b"/X Do " * 50, b"<</XObject<</X 3 0 R>>>>")
    flows = upload(work, zeros.bytes(), forms.bytes(), LABELLED)
    for flow in flows[:2]:
        check(flow["not_inspected_bytes"] > 0, "a bomb passes for read")
    check(found(flows[2], "medicare"), "the conversation after the bombs was not inspected")


def case_workers(work):
    """as many workers as there may be give the same"""
    documents = [pdf_maker.letter(LETTER + [f"Page {n}"]).bytes() for n in range(24)]
    outputs = []
    for workers in ("1", "8"):
        upload_all = inspect(work, capture(documents), "--workers", workers,
                             name=f"out{workers}", seconds=SECONDS).expect(1)
        check_whole(upload_all.folder)
        files = snapshot(upload_all.folder)
        outputs.append({name: data for name, data in files.items()
                        if name in ("flows.jsonl", "flags.csv", "summary.csv")})
    check(outputs[0] == outputs[1], "the outputs differ")


def case_unpacker_killed(work):
    """kill -9 of the process that opens documents: the run ends in order, and says what nobody
    opened"""
    letter = pdf_maker.letter(LETTER).bytes()
    folder = work / "out"
    process = start(["inspect", "-", "--rules", SOURCE / "rules", "--out", folder], pieces=True)
    wait_until(lambda: children(process.pid, unpacker=True), "nobody opens documents")
    wait_until(lambda: children(process.pid), "no inspector was started")
    unpacker, = children(process.pid, unpacker=True)
    time.sleep(1)
    os.kill(unpacker, signal.SIGKILL)
    wait_until(lambda: gone(unpacker), "it cannot be killed")
    out, err = process.communicate(capture([letter, LABELLED]), timeout=SECONDS)
    result = Result(process.returncode, out.decode(), err.decode(), folder).expect(1)
    check_private(result)
    check_whole(folder)
    first, second = sorted(result.flows(), key=lambda flow: flow["src_port"])
    check(not first["findings"] and first["not_inspected_bytes"] >= len(letter),
          "what nobody opened passes for read")
    check(found(second, "medicare"), "the other conversation was not inspected")


def case_jobs_killed(work):
    """kill -9 of each process that opens a document, as fast as they come: the run ends in order"""
    folder = work / "out"
    process = start(["inspect", "-", "--rules", SOURCE / "rules", "--out", folder], pieces=True)
    wait_until(lambda: children(process.pid, unpacker=True), "nobody opens documents")
    unpacker, = children(process.pid, unpacker=True)
    slow = pdf_maker.letter(LETTER)
    slow.page(b"q 1 0 0 1 0 0 cm Q\n" * 400000, b"<<>>")
    data = capture([slow.bytes()] * 6 + [LABELLED])
    process.stdin.write(data)
    process.stdin.close()
    killed = 0
    while process.poll() is None:
        for job in children(unpacker, unpacker=True):
            try:
                os.kill(job, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        time.sleep(0.005)
    result = Result(process.returncode, process.stdout.read().decode(),
                    process.stderr.read().decode(), folder).expect(1)
    check_private(result)
    check_whole(folder)
    check(killed > 0, "no document was being opened")
    flows = sorted(result.flows(), key=lambda flow: flow["src_port"])
    told = [flow for flow in flows[:6] if flow["not_inspected_reason"] == "limit"]
    check(0 < len(told) <= killed, f"{len(told)} documents are told of {killed} that were lost")
    check(found(flows[6], "medicare"), "the other conversation was not inspected")


if __name__ == "__main__":
    from exeat_run import main
    main()
