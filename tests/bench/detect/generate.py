#!/usr/bin/env python3
"""generate.py: labelled files for the detection benchmark, from a seed. Everybody is invented.

    generate.py [--seed N] OUT

Writes OUT/NNNNN.<ending> and OUT/labels.csv with a row for each: file, label (patient, sealed,
none), group (structured, letter, spoken; none else), carrier, wrapping, transport (http, smtp,
mllp, or a database's name) and port. A conversation with a database is two files, .client and
.server, and its row names the first. The same seed gives the same bytes.
"""
import argparse
import base64
import csv
import json
import pathlib
import random
import urllib.parse

import files
import letters
import negatives
import sealed
import structured

STRUCTURED, LETTER, SPOKEN = "structured", "letter", "spoken"
MULTIPART = "x-boundary-7f3a"


# ---- wrappings: bytes to bytes; the ending of the result ----


def as_is(rng, data, ending):
    return data, ending


def gzip(rng, data, ending):
    return files.gzipped(data), "gz"


def zip_member(rng, data, ending):
    members = [("readme.txt", b"Exported by the practice.\r\n"), ("export." + ending, data)]
    return files.zipped(rng, members, rng.choice((0, 8))), "zip"


def tgz(rng, data, ending):
    members = [("a/notes.txt", b"nothing\n"), ("a/export." + ending, data)]
    return files.gzipped(files.tarred(members)), "tgz"


def seven(rng, data, ending):
    return files.seven_zip("export." + ending, data), "7z"


def attachment(rng, data, ending):
    return files.mail(rng, data, "report." + ending), "eml"


def mail_zip(rng, data, ending):
    packed = zip_member(rng, data, ending)[0]
    return files.mail(rng, packed, "report.zip", "application/zip"), "eml"


def in_json(rng, data, ending):
    value = {
        "id": rng.randrange(10**6),
        "contentType": "application/octet-stream",
        "data": base64.b64encode(data).decode(),
        "name": "x",
    }
    return json.dumps(value).encode(), "json"


def in_xml(rng, data, ending):
    coded = base64.b64encode(data)
    return (
        b'<?xml version="1.0"?><Upload><Id>7</Id><Document>' + coded + b"</Document></Upload>",
        "xml",
    )


def json_string(rng, data, ending):
    return json.dumps({"payload": data.decode("utf-8", "replace"), "v": 2}).encode(), "json"


def form(rng, data, ending):
    fields = {"token": "a8f", "body": data.decode("utf-8", "replace")}
    return urllib.parse.urlencode(fields).encode(), "form"


def upload(rng, data, ending):
    head = (
        '--%s\r\nContent-Disposition: form-data; name="kind"\r\n\r\nreport\r\n--%s\r\n'
        'Content-Disposition: form-data; name="file"; filename="export.%s"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n" % (MULTIPART, MULTIPART, ending)
    )
    return head.encode() + data + ("\r\n--%s--\r\n" % MULTIPART).encode(), "multipart"


def utf16(rng, data, ending):
    text = data.decode("utf-8", "replace")
    little, big = text.encode("utf-16-le"), text.encode("utf-16-be")
    return rng.choice((b"\xff\xfe" + little, b"\xfe\xff" + big, little)), ending


def windows(rng, data, ending):
    return data.decode("utf-8", "replace").encode("cp1252", "replace"), ending


def hl7_document(rng, data, ending):
    """In OBX-5 of a document message, as ED."""
    kind = {"pdf": "pdf", "rtf": "rtf", "zip": "zip"}.get(ending, "octet-stream")
    message = structured.hl7(rng, "MDM^T02").split("\r")[:4]
    message.append(
        "OBX|1|ED|PDF^Display format^AUSPDI||^application^%s^Base64^%s||||||F"
        % (kind, base64.b64encode(data).decode())
    )
    return "\r".join(message + [""]).encode(), "hl7"


def mtom(rng, data, ending):
    """A SOAP message with the document as a part of its own (XOP)."""
    head = (
        "--%s\r\nContent-Type: application/xop+xml; type=\"application/soap+xml\"\r\nContent-ID: <root>\r\n\r\n<s:Envelope "
        "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><doc><xop:Include xmlns:xop=\"http://www.w3.org/2004/08/"
        "xop/include\" href=\"cid:1\"/></doc></s:Body></s:Envelope>\r\n--%s\r\nContent-Type: application/octet-stream\r\n"
        "Content-Transfer-Encoding: binary\r\nContent-ID: <1>\r\n\r\n" % (MULTIPART, MULTIPART)
    )
    return head.encode() + data + ("\r\n--%s--\r\n" % MULTIPART).encode(), "related"


def mllp(rng, data, ending):
    return b"\x0b" + data + b"\x1c\r", "mllp"


# ---- what is wrapped: text or bytes ----


def text_of(function, **arguments):
    return lambda rng: function(rng, **arguments).encode()


def letter_as(writer):
    return lambda rng: writer(rng, letters.draw(rng, letters.LETTERS))


def plain(rng, text):
    return text.replace("\n", rng.choice(("\r\n", "\n"))).encode()


def json_text(rng, text):
    return json.dumps(
        {
            "id": rng.randrange(10**6),
            "createdAt": "2026-03-11T10:45:00Z",
            rng.choice(("text", "transcript", "body", "note")): text,
        },
        ensure_ascii=rng.random() < 0.5,
    ).encode()


def segments(rng, text):
    """A transcript as a list of turns."""
    rows = [one.split(": ", 1) for one in text.split("\n") if ": " in one]
    return json.dumps(
        {
            "segments": [
                {"speaker": who, "text": said, "start": number * 4}
                for number, (who, said) in enumerate(rows)
            ]
        }
    ).encode()


def spoken_as(writer, source=None):
    return lambda rng: writer(rng, source(rng) if source else letters.draw(rng, letters.SPOKEN))


def xdm_package(rng):
    return files.xdm(rng, structured.cda(rng))


# carrier, group, ending, source, ((wrapping, count), …)
POSITIVES = (
    (
        "hl7",
        STRUCTURED,
        "hl7",
        text_of(structured.hl7),
        (
            (as_is, 60),
            (mllp, 60),
            (attachment, 40),
            (in_json, 30),
            (zip_member, 30),
            (json_string, 20),
            (gzip, 15),
            (in_xml, 15),
            (upload, 15),
        ),
    ),
    ("hl7-lf", STRUCTURED, "hl7", text_of(structured.hl7, end="\n"), ((as_is, 40),)),
    ("hl7-crlf", STRUCTURED, "hl7", text_of(structured.hl7, end="\r\n"), ((as_is, 30), (mllp, 10))),
    ("hl7-batch", STRUCTURED, "hl7", text_of(structured.hl7_batch), ((as_is, 40),)),
    (
        "pit",
        STRUCTURED,
        "pit",
        text_of(structured.pit),
        ((as_is, 80), (attachment, 30), (zip_member, 20), (in_xml, 10), (upload, 10)),
    ),
    (
        "fhir-json",
        STRUCTURED,
        "json",
        text_of(structured.fhir_json),
        ((as_is, 110), (gzip, 30), (json_string, 20), (zip_member, 20)),
    ),
    (
        "fhir-ndjson",
        STRUCTURED,
        "ndjson",
        text_of(structured.fhir_ndjson),
        ((as_is, 50), (gzip, 20)),
    ),
    (
        "fhir-xml",
        STRUCTURED,
        "xml",
        text_of(structured.fhir_xml),
        ((as_is, 90), (gzip, 10), (zip_member, 10)),
    ),
    (
        "cda",
        STRUCTURED,
        "xml",
        text_of(structured.cda),
        ((as_is, 70), (mtom, 40), (in_json, 15), (attachment, 15)),
    ),
    ("xdm", STRUCTURED, "zip", xdm_package, ((as_is, 40), (hl7_document, 60), (mtom, 20))),
    (
        "prescription",
        STRUCTURED,
        "xml",
        text_of(structured.prescription),
        ((as_is, 80), (upload, 10)),
    ),
    (
        "prescription-token",
        STRUCTURED,
        "txt",
        text_of(structured.token_mail),
        ((as_is, 15), (json_string, 15)),
    ),
    ("claim-json", STRUCTURED, "json", text_of(structured.claim_json), ((as_is, 70),)),
    ("claim-soap", STRUCTURED, "xml", text_of(structured.claim_soap), ((as_is, 40),)),
    (
        "booking",
        STRUCTURED,
        "json",
        text_of(structured.booking_json),
        ((as_is, 80), (form, 20), (gzip, 10)),
    ),
    (
        "csv",
        STRUCTURED,
        "csv",
        text_of(structured.patient_csv),
        (
            (as_is, 80),
            (utf16, 30),
            (windows, 30),
            (gzip, 15),
            (zip_member, 20),
            (tgz, 20),
            (seven, 15),
            (mail_zip, 30),
            (upload, 20),
        ),
    ),
    (
        "result-csv",
        STRUCTURED,
        "csv",
        text_of(structured.result_csv),
        ((as_is, 40), (zip_member, 10)),
    ),
    (
        "fixed-width",
        STRUCTURED,
        "txt",
        text_of(structured.fixed_width),
        ((as_is, 40), (zip_member, 10)),
    ),
    (
        "sql",
        STRUCTURED,
        "sql",
        text_of(structured.sql_dump),
        ((as_is, 60), (gzip, 20), (zip_member, 10)),
    ),
    ("xlsx", STRUCTURED, "xlsx", files.xlsx, ((as_is, 50), (attachment, 20))),
    ("dicom", STRUCTURED, "dcm", files.dicom, ((as_is, 60), (zip_member, 10), (upload, 10))),
    (
        "letter-text",
        LETTER,
        "txt",
        letter_as(plain),
        ((as_is, 80), (attachment, 20), (utf16, 20), (windows, 20), (zip_member, 15), (upload, 15)),
    ),
    (
        "letter-rtf",
        LETTER,
        "rtf",
        letter_as(files.rtf),
        ((as_is, 50), (attachment, 20), (in_xml, 15), (hl7_document, 10)),
    ),
    (
        "letter-docx",
        LETTER,
        "docx",
        letter_as(files.docx),
        ((as_is, 50), (attachment, 30), (upload, 10)),
    ),
    (
        "letter-pdf",
        LETTER,
        "pdf",
        letter_as(files.pdf),
        ((as_is, 50), (attachment, 30), (hl7_document, 20), (in_json, 15)),
    ),
    ("letter-html", LETTER, "html", letter_as(files.html), ((as_is, 40),)),
    ("letter-mail", LETTER, "eml", letter_as(files.mail_text), ((as_is, 60),)),
    ("letter-json", LETTER, "json", letter_as(json_text), ((as_is, 40),)),
    ("transcript-text", SPOKEN, "txt", spoken_as(plain), ((as_is, 40), (zip_member, 5))),
    ("transcript-json", SPOKEN, "json", spoken_as(json_text), ((as_is, 40),)),
    ("transcript-turns", SPOKEN, "json", spoken_as(segments, letters.transcript), ((as_is, 20),)),
    # Larger than what may pass before the first decision.
    ("csv-large", STRUCTURED, "csv", text_of(structured.patient_csv, count=3000), ((as_is, 5),)),
    ("sql-large", STRUCTURED, "sql", text_of(structured.sql_dump, count=3000), ((as_is, 5),)),
    ("hl7-large", STRUCTURED, "hl7", text_of(structured.hl7_batch, count=300), ((as_is, 5),)),
    ("fhir-large", STRUCTURED, "ndjson", text_of(structured.fhir_ndjson, count=900), ((as_is, 5),)),
)
DATABASE_COUNT = 20  # of each conversation


class Corpus:
    """Files and their labels, as they are written."""

    def __init__(self, folder):
        self.folder, self.rows = folder, []

    def add(self, row, parts):
        """row: label, group, carrier, wrapping, transport, port; parts: (ending, bytes)."""
        stem = "%05d" % len(self.rows)
        for ending, data in parts:
            (self.folder / (stem + "." + ending)).write_bytes(data)
        self.rows.append([stem + "." + parts[0][0], *row])

    def write_labels(self):
        with open(self.folder / "labels.csv", "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(("file", "label", "group", "carrier", "wrapping", "transport", "port"))
            writer.writerows(self.rows)


def transport_of(ending):
    return {"eml": ("smtp", 25), "mllp": ("mllp", 2575)}.get(ending, ("http", 80))


def add_positives(rng, corpus):
    for carrier, group, ending, source, wrappings in POSITIVES:
        for wrapping, count in wrappings:
            for _ in range(count):
                data, new_ending = wrapping(rng, source(rng), ending)
                corpus.add(
                    ("patient", group, carrier, wrapping.__name__, *transport_of(new_ending)),
                    [(new_ending, data)],
                )
    for conversation, name, port in files.DATABASES:
        for _ in range(DATABASE_COUNT):
            client, server = conversation(rng)
            corpus.add(
                (
                    "patient",
                    STRUCTURED,
                    conversation.__name__.replace("_", "-"),
                    "as_is",
                    name,
                    port,
                ),
                [("client", client), ("server", server)],
            )


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=20261122)
    options.add_argument("out", type=pathlib.Path)
    options = options.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng, corpus = random.Random(options.seed), Corpus(options.out)
    add_positives(rng, corpus)
    for name, source, ending, count in sealed.SEALED:
        for _ in range(count):
            corpus.add(
                ("sealed", "", name, "as_is", *transport_of(ending)), [(ending, source(rng))]
            )
    for name, source, ending, count in negatives.NEGATIVES:
        for _ in range(count):
            corpus.add(("none", "", name, "as_is", *transport_of(ending)), [(ending, source(rng))])
    corpus.write_labels()
    counts = {
        label: sum(row[1] == label for row in corpus.rows)
        for label in ("patient", "sealed", "none")
    }
    print("%(patient)d about patients, %(sealed)d sealed, %(none)d neither" % counts)


if __name__ == "__main__":
    main()
