"""What the published rules of two products would say of a file: an emulation, not a run of the
products.

Presidio (presidio-analyzer, au_medicare_recognizer.py and au_tfn_recognizer.py): a number of the
stated shape whose check passes counts, whatever stands near it; without its recognisers of
names, which need a language model. Purview (Microsoft Learn, "Australia medical account number"
and "Australia tax file number"): the number with its check, and a word of the published list
within 300 characters.

Both are given the text that their products would see: archives, mail and office documents are
opened for them.
"""
import email
import email.policy
import io
import re
import tarfile
import zipfile
import zlib

DEPTH_MAX = 4
MEDICARE_SHAPE = re.compile(r"\b[2-6]\d{3}\s\d{5}\s\d\b|\b[2-6]\d{9}\b")
TFN_SHAPE = re.compile(r"\b\d{3}\s\d{3}\s\d{3}\b|\b\d{9}\b")
PURVIEW_MEDICARE = re.compile(r"(?<!\d)[2-6]\d{3}[ -]?\d{5}[ -]?\d(?:[ /-]?\d)?(?!\d)")
PURVIEW_TFN = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{2,3}(?!\d)")
MEDICARE_WORDS = re.compile(
    r"bank account details|medicare payments|mortgage account|bank payments|information branch|"
    r"credit card loan|department of human services|local service|medicare",
    re.I,
)
TFN_WORDS = re.compile(
    r"australian business number|marginal tax rate|medicare levy|portfolio number|service veterans|"
    r"withholding tax|individual tax return|tax file number|tfn",
    re.I,
)
NEAR = 300


def medicare_passes(text):
    digits = [int(one) for one in re.sub(r"\D", "", text)]
    return sum(d * w for d, w in zip(digits, (1, 3, 7, 9, 1, 3, 7, 9))) % 10 == digits[8]


def tfn_passes(text):
    digits = [int(one) for one in re.sub(r"\D", "", text)]
    return (
        len(digits) == 9
        and sum(d * w for d, w in zip(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10))) % 11 == 0
    )


def presidio(texts):
    return any(
        passes(found.group())
        for text in texts
        for shape, passes in ((MEDICARE_SHAPE, medicare_passes), (TFN_SHAPE, tfn_passes))
        for found in shape.finditer(text)
    )


def purview(texts):
    for text in texts:
        for shape, passes, near in (
            (PURVIEW_MEDICARE, medicare_passes, MEDICARE_WORDS),
            (PURVIEW_TFN, tfn_passes, TFN_WORDS),
        ):
            for found in shape.finditer(text):
                around = text[max(0, found.start() - NEAR) : found.end() + NEAR]
                if passes(found.group()) and near.search(around):
                    return True
    return False


# ---- what they see ----


def from_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            if not info.flag_bits & 1:
                yield archive.read(info)


def from_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.isfile():
                yield archive.extractfile(member).read()


def from_mail(data):
    for part in email.message_from_bytes(data, policy=email.policy.compat32).walk():
        if not part.is_multipart():
            yield part.get_payload(decode=True) or b""


def pdf_texts(data):
    """The strings of its content streams, and what a ToUnicode map makes of codes of two bytes."""
    plain = b"\n".join(inflate(one) for one in re.findall(rb"stream\n(.*?)\nendstream", data, re.S))
    glyphs = {
        int(a, 16): chr(int(b, 16))
        for a, b in re.findall(rb"<([0-9a-f]{4})> <([0-9a-f]{4})>", plain)
    }
    for found in re.finditer(rb"\((.*?)(?<!\\)\)|<([0-9A-F]+)> Tj|(T\*)", plain):
        if found.group(2):
            codes = found.group(2)
            yield "".join(
                glyphs.get(int(codes[i : i + 4], 16), "") for i in range(0, len(codes), 4)
            )
        else:
            yield "\n" if found.group(3) else found.group(1).decode("cp1252", "replace")


def inflate(data):
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b""


def strip_rtf(text):
    text = re.sub(
        r"\\'([0-9a-f]{2})",
        lambda found: bytes.fromhex(found.group(1)).decode("cp1252", "replace"),
        text,
    )
    text = re.sub(r"\\u(\d+)\?", lambda found: chr(int(found.group(1))), text)
    return re.sub(
        r"\\[a-z]+-?\d* ?|[{}]",
        lambda found: "\n" if found.group().startswith("\\par") else "",
        text,
    )


def decode(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[1:8:2] == b"\0\0\0\0":
        return data.decode("utf-16", "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def texts_of(data, depth=0):
    """Every text in the bytes."""
    try:
        if depth == DEPTH_MAX:
            return []
        if data[:4] == b"PK\3\4":
            return [text for one in from_zip(data) for text in texts_of(one, depth + 1)]
        if data[:2] == b"\x1f\x8b":
            return texts_of(zlib.decompress(data, 31), depth + 1)
        if data[257:262] == b"ustar":
            return [text for one in from_tar(data) for text in texts_of(one, depth + 1)]
        if data[:6] == b"From: ":
            return [text for one in from_mail(data) for text in texts_of(one, depth + 1)]
        if data[:5] == b"%PDF-":
            return ["".join(pdf_texts(data))]
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError):
        return [data.decode("latin-1")]
    text = decode(data)
    if text.startswith("{\\rtf"):
        return [strip_rtf(text)]
    if "<w:t" in text or text.startswith("<!DOCTYPE html"):
        return [re.sub(r"<[^>]*>", "", re.sub(r"</w:p>|</p>", "\n", text))]
    return [text]
