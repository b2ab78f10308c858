"""Content that is locked for its recipient: envelopes, locked archives, mail that only its reader
can open."""

import base64
import struct
import zlib

from files import mail, pdf_objects
from persons import hpi_o


def noise(rng, count):
    return bytes(rng.randrange(256) for _ in range(count))


def smd(rng):
    """A sealed message of secure message delivery (ATS 5822), prefixes as different stacks write them."""
    env, smd_prefix, enc = rng.choice(
        (("soapenv", "ns2", "xenc"), ("s", "sm", "enc"), ("SOAP-ENV", "smd", "e"))
    )
    category = rng.choice(
        (
            "http://ns.electronichealth.net.au/document/cda/DischargeSummary/3.4",
            "http://ns.electronichealth.net.au/hl7/ORU_R01/2012",
        )
    )
    cipher = base64.b64encode(noise(rng, rng.randrange(800, 9000))).decode()
    return (
        """<?xml version="1.0" encoding="UTF-8"?>
<{0}:Envelope xmlns:{0}="http://www.w3.org/2003/05/soap-envelope"><{0}:Body>
<{1}:deliver xmlns:{1}="http://ns.electronichealth.net.au/smd/xsd/SealedMessage/2010"><{1}:message><{1}:metadata>
<{1}:creationTime>2026-03-11T10:45:00+10:00</{1}:creationTime><{1}:senderOrganisation>http://ns.electronichealth.net.au/id/hi/hpio/1.0/{3}</{1}:senderOrganisation>
<{1}:receiverOrganisation>http://ns.electronichealth.net.au/id/hi/hpio/1.0/{4}</{1}:receiverOrganisation>
<{1}:serviceCategory>{5}</{1}:serviceCategory></{1}:metadata><{1}:encryptedPayload>
<{2}:EncryptedData xmlns:{2}="http://www.w3.org/2001/04/xmlenc#"><{2}:CipherData><{2}:CipherValue>{6}</{2}:CipherValue>
</{2}:CipherData></{2}:EncryptedData></{1}:encryptedPayload></{1}:message></{1}:deliver></{0}:Body></{0}:Envelope>
""".format(
            env, smd_prefix, enc, hpi_o(rng), hpi_o(rng), category, cipher
        )
    ).encode()


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + content


def cms(rng):
    """Enveloped data, RFC 5652 section 6.1, with key and content of noise."""
    recipient = der(
        0x30,
        der(2, b"\0")
        + der(0x30, der(0x30, b"") + der(2, noise(rng, 8)))
        + der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") + b"\x05\0")
        + der(4, noise(rng, 256)),
    )
    content = der(
        0x30,
        der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01")
        + der(0x30, der(6, b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a") + der(4, noise(rng, 16)))
        + der(0x80, noise(rng, rng.randrange(300, 6000))),
    )
    enveloped = der(0x30, der(2, b"\0") + der(0x31, recipient) + content)
    return der(0x30, der(6, b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03") + der(0xA0, enveloped))


def smime(rng):
    coded = base64.encodebytes(cms(rng)).replace(b"\n", b"\r\n")
    return (
        b"From: a@wattle.example\r\nTo: b@hub.example\r\nSubject: \r\nMIME-Version: 1.0\r\nContent-Type: "
        + rng.choice(
            (
                b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
                b"application/x-pkcs7-mime; name=\"smime.p7m\"",
            )
        )
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + coded
    )


def attached_cms(rng):
    return mail(rng, cms(rng), "message.p7m", "application/octet-stream")


def locked_zip(rng):
    """A member under a password: the old cipher, or AES (method 99)."""
    name, data = rng.choice((b"patients.csv", b"export.bak", b"letter.pdf")), noise(
        rng, rng.randrange(500, 9000)
    )
    aes = rng.random() < 0.5
    extra = struct.pack("<HHHHBH", 0x9901, 7, 2, 0x4541, 3, 8) if aes else b""
    method, need = (99, 51) if aes else (8, 20)
    fields = struct.pack(
        "<HHHHIIIHH",
        1,
        method,
        0x55AB,
        0x5C6B,
        0 if aes else rng.randrange(2**32),
        len(data),
        len(data) * 3,
        len(name),
        len(extra),
    )
    local = b"PK\3\4" + struct.pack("<H", need) + fields + name + extra
    central = (
        b"PK\1\2"
        + struct.pack("<HH", 63, need)
        + fields
        + struct.pack("<HHHII", 0, 0, 0, 0, 0)
        + name
        + extra
    )
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + data + central + end


def locked_7z(rng):
    """Names and content under a password: the header itself is coded with AES (method 06F10701)."""
    packed = noise(rng, rng.randrange(50, 400) * 16)
    header = (
        b"\x17\x06\0\1\x09"
        + bytes([0x80 | len(packed) >> 8, len(packed) & 255])
        + b"\0\x07\x0b\1\0\1\x24"
        + b"\x06\xf1\x07\x01\x12\x53\x0f"
        + noise(rng, 16)
        + b"\x0c\x40\0\0"
    )
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return (
        b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + header
    )


def pgp(rng):
    coded = base64.encodebytes(b"\x85\x02\x0c\x03" + noise(rng, rng.randrange(600, 4000))).decode()
    return ("-----BEGIN PGP MESSAGE-----\n\n%s=Ab1C\n-----END PGP MESSAGE-----\n" % coded).encode()


def locked_pdf(rng):
    """RC4 of 128 bits with a user password (ISO 32000-1 section 7.6)."""
    body = noise(rng, 3000)
    hexed = [noise(rng, 32).hex().encode() for _ in range(2)]
    data = pdf_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>",
            b"<</Length 3000>>\nstream\n" + body + b"\nendstream",
            b"<</Filter/Standard/V 2/R 3/Length 128/P -3904/O<%s>/U<%s>>>" % tuple(hexed),
        ],
        1,
    )
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 5 0 R/ID[<00112233><00112233>]")


SEALED = (
    ("smd", smd, "xml", 60),
    ("cms", cms, "p7m", 30),
    ("smime", smime, "eml", 30),
    ("cms-mail", attached_cms, "eml", 15),
    ("locked-zip", locked_zip, "zip", 30),
    ("locked-7z", locked_7z, "7z", 10),
    ("pgp", pgp, "asc", 10),
    ("locked-pdf", locked_pdf, "pdf", 15),
)
