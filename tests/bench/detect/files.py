"""File formats around a text or a table: RTF, DOCX, PDF, XLSX, DICOM, archives, mail, database
conversations.

Each writer makes the smallest file that programs of that kind write; the random numbers choose
among the ways in which real writers differ (runs split inside words, fonts with glyph numbers,
streams compressed).
"""

import base64
import datetime
import io
import struct
import tarfile
import zipfile
import zlib

from persons import Patient
from structured import escape, people_rows, quote

XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


# ---- documents ----


def rtf(rng, text):
    """As WordPad and clinical packages write it: escapes for what is not ASCII, formatting inside lines."""
    out = []
    for letter in text:
        if letter == "\n":
            out.append("\\par\r\n")
        elif letter in "\\{}":
            out.append("\\" + letter)
        elif ord(letter) > 126:
            byte = letter.encode("cp1252", "ignore")
            out.append(
                "\\'%02x" % byte[0] if byte and rng.random() < 0.5 else "\\u%d?" % ord(letter)
            )
        elif letter == " " and rng.random() < 0.03:
            out.append("\\b0  " if rng.random() < 0.5 else " {\\b }")
        else:
            out.append(letter)
    head = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss Arial;}}{\\*\\generator Msftedit 5.41;}\\f0\\fs20 "
    return (head + "".join(out) + "}").encode("ascii")


def split_runs(rng, line):
    """Word cuts a line into runs anywhere, inside words too."""
    cuts = sorted(rng.randrange(len(line) + 1) for _ in range(rng.randrange(0, 4))) if line else []
    pieces = [line[a:b] for a, b in zip([0] + cuts, cuts + [len(line)])]
    return "".join(
        '<w:r><w:t xml:space="preserve">%s</w:t></w:r>' % escape(one) for one in pieces if one
    )


def docx(rng, text):
    body = "".join("<w:p><w:pPr/>%s</w:p>" % split_runs(rng, line) for line in text.split("\n"))
    document = XML_HEAD + '<w:document xmlns:w="%s"><w:body>%s</w:body></w:document>' % (WORD, body)
    return zipped(
        rng,
        [
            ("[Content_Types].xml", (XML_HEAD + "<Types/>").encode()),
            ("_rels/.rels", (XML_HEAD + "<Relationships/>").encode()),
            ("word/document.xml", document.encode()),
        ],
    )


def html(rng, text):
    rows = "".join(
        "<p>%s</p>" % escape(line).replace(" ", "&nbsp;" if rng.random() < 0.05 else " ")
        for line in text.split("\n")
        if line
    )
    return (
        "<!DOCTYPE html><html><head><title>Letter</title><style>p{margin:0}</style></head><body>%s</body></html>"
        % rows
    ).encode()


# ---- PDF (ISO 32000-1) ----


def pdf_string(text):
    data = text.encode("cp1252", "replace")
    return b"(" + data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") + b")"


def pdf_plain(rng, line):
    """A line as Tj, or as TJ with kerning inside words."""
    if rng.random() < 0.5 or len(line) < 4:
        return pdf_string(line) + b" Tj"
    cuts = sorted(rng.sample(range(1, len(line)), min(3, len(line) - 1)))
    pieces = [line[a:b] for a, b in zip([0] + cuts, cuts + [len(line)])]
    return b"[" + b" -12 ".join(pdf_string(one) for one in pieces) + b"] TJ"


def pdf_objects(objects, root):
    out, offsets = b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % one for one in offsets)
    return out + b"trailer\n<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        start,
    )


def pdf_stream(data, extra=b""):
    packed = zlib.compress(data)
    return b"<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream" % (
        len(packed),
        extra,
        packed,
    )


def pdf_cmap(glyphs):
    rows = b"".join(b"<%04x> <%04x>\n" % (number, ord(letter)) for letter, number in glyphs.items())
    return (
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange\n"
        b"<0000> <ffff>\nendcodespacerange\n%d beginbfchar\n%sendbfchar endcmap end end"
        % (len(glyphs), rows)
    )


def pdf(rng, text):
    """Helvetica with WinAnsi codes, or a subset font whose glyph numbers only its ToUnicode map explains."""
    lines = [line[i : i + 90] for line in text.split("\n") for i in range(0, max(len(line), 1), 90)]
    subset = rng.random() < 0.5
    letters = sorted({letter for line in lines for letter in line if ord(letter) < 0x10000})
    glyphs = dict(zip(letters, rng.sample(range(3, 900), len(letters))))
    shows = []
    for line in lines:
        if subset:
            shows.append(
                b"<" + b"".join(b"%04X" % glyphs[one] for one in line if one in glyphs) + b"> Tj"
            )
        else:
            shows.append(pdf_plain(rng, line))
    page = b"BT /F1 10 Tf 50 800 Td 12 TL " + b" T* ".join(shows) + b" ET"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
    if subset:
        font = (
            b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Arial/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts["
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Arial/CIDSystemInfo<</Registry(Adobe)/Ordering"
            b"(Identity)/Supplement 0>>/FontDescriptor<</Type/FontDescriptor/FontName/ABCDEF+Arial>>>>]>>"
        )
    return pdf_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
            pdf_stream(page),
            font,
            pdf_stream(pdf_cmap(glyphs)),
        ],
        1,
    )


def pdf_scan(rng):
    """A page that is a picture and nothing else."""
    picture = bytes(rng.randrange(256) for _ in range(30000))
    image = (
        b"<</Type/XObject/Subtype/Image/Width 800/Height 1100/ColorSpace/DeviceGray/BitsPerComponent 8/Filter"
        b"/DCTDecode/Length %d>>\nstream\n\xff\xd8\xff\xe0%s\nendstream"
        % (len(picture) + 4, picture)
    )
    return pdf_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>",
            pdf_stream(b"595 0 0 842 0 0 cm /I Do"),
            image,
        ],
        1,
    )


# ---- spreadsheets ----


def serial(text):
    day, month, year = (int(part) for part in text.split("/"))
    return (datetime.date(year, month, day) - datetime.date(1899, 12, 30)).days


def cell_name(column, row):
    return "%c%d" % (65 + column, row)


def xlsx(rng):
    """A table of patients: texts shared or inline, dates as numbers with a format."""
    columns = ["Surname", "First Name", "DOB", "Medicare No", "Phone"]
    shared, strings = rng.random() < 0.7, []
    rows = [
        "".join(
            '<c r="%s" t="inlineStr"><is><t>%s</t></is></c>' % (cell_name(i, 1), one)
            for i, one in enumerate(columns)
        )
    ]
    for row in range(2, rng.randrange(8, 60)):
        p, cells = Patient(rng), []
        for i, value in enumerate((p.surname, p.given, None, p.medicare, p.mobile)):
            if value is None:
                cells.append(
                    '<c r="%s" s="1"><v>%d</v></c>' % (cell_name(i, row), serial(p.born("au")))
                )
            elif shared:
                cells.append('<c r="%s" t="s"><v>%d</v></c>' % (cell_name(i, row), len(strings)))
                strings.append(value)
            else:
                cells.append(
                    '<c r="%s" t="inlineStr"><is><t>%s</t></is></c>'
                    % (cell_name(i, row), escape(value))
                )
        rows.append("".join(cells))
    sheet = "".join('<row r="%d">%s</row>' % (number, one) for number, one in enumerate(rows, 1))
    strings_xml = "".join("<si><t>%s</t></si>" % escape(one) for one in strings)
    parts = [
        ("[Content_Types].xml", "<Types/>"),
        ("_rels/.rels", "<Relationships/>"),
        (
            "xl/workbook.xml",
            '<workbook xmlns="%s"><sheets><sheet name="Sheet1" sheetId="1"/></sheets></workbook>'
            % SHEET,
        ),
        (
            "xl/worksheets/sheet1.xml",
            '<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (SHEET, sheet),
        ),
        (
            "xl/styles.xml",
            '<styleSheet xmlns="%s"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" '
            'applyNumberFormat="1"/></cellXfs></styleSheet>' % SHEET,
        ),
        ("xl/sharedStrings.xml", '<sst xmlns="%s">%s</sst>' % (SHEET, strings_xml)),
    ]
    return zipped(rng, [(name, (XML_HEAD + text).encode()) for name, text in parts])


# ---- archives ----


def zipped(rng, members, method=None):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, (2026, 3, 11, 10, 45, 0))
            info.compress_type = method if method is not None else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def gzipped(data):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def xdm(rng, cda_text):
    return zipped(
        rng,
        [
            ("IHE_XDM/SUBSET01/CDA_ROOT.XML", cda_text.encode()),
            ("IHE_XDM/SUBSET01/CDA_SIGN.XML", b"<Signature/>"),
            ("INDEX.HTM", b"<html></html>"),
            ("README.TXT", b"A package of clinical documents."),
        ],
    )


# ---- DICOM (PS3.5, PS3.10) ----

LONG_VR = (b"OB", b"OW", b"SQ", b"UN", b"UT")


def element(group, number, vr, value, syntax):
    order = ">" if syntax == "be" else "<"
    value += (b"\0" if vr in (b"UI", b"OB") else b" ") * (len(value) % 2)
    tag = struct.pack(order + "HH", group, number)
    if syntax == "implicit":
        return tag + struct.pack("<I", len(value)) + value
    if vr in LONG_VR:
        return tag + vr + b"\0\0" + struct.pack(order + "I", len(value)) + value
    return tag + vr + struct.pack(order + "H", len(value)) + value


def dicom_dataset(rng, syntax):
    p = Patient(rng)
    name = ("%s^%s" % (p.surname, p.given)).encode()
    rows = (
        (8, 5, b"CS", b"ISO_IR 192"),
        (8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.7"),
        (8, 0x18, b"UI", b"1.2.826.0.1.3680043.%d" % rng.randrange(10**9)),
        (8, 0x20, b"DA", b"20260311"),
        (8, 0x60, b"CS", rng.choice((b"US", b"CT", b"CR", b"XC"))),
        (8, 0x1030, b"LO", b"Abdominal ultrasound"),
        (0x10, 0x10, b"PN", name),
        (0x10, 0x20, b"LO", p.card("plain").encode()),
        (0x10, 0x30, b"DA", p.born("hl7").encode()),
        (0x10, 0x40, b"CS", p.sex.encode()),
        (0x28, 0x10, b"US", struct.pack("<H", 16)),
        (0x28, 0x11, b"US", struct.pack("<H", 16)),
        (0x7FE0, 0x10, b"OW", bytes(rng.randrange(256) for _ in range(512))),
    )
    return b"".join(element(*row, syntax) for row in rows)


def dicom(rng):
    syntax, uid = rng.choice(
        (
            ("implicit", b"1.2.840.10008.1.2"),
            ("explicit", b"1.2.840.10008.1.2.1"),
            ("be", b"1.2.840.10008.1.2.2"),
        )
    )
    data = dicom_dataset(rng, syntax)
    if rng.random() < 0.3:
        return data  # bare
    meta = element(2, 2, b"UI", b"1.2.840.10008.5.1.4.1.1.7", "explicit") + element(
        2, 0x10, b"UI", uid, "explicit"
    )
    return (
        b"\0" * 128
        + b"DICM"
        + element(2, 0, b"UL", struct.pack("<I", len(meta)), "explicit")
        + meta
        + data
    )


# ---- mail ----


def mail(rng, data, name, media_type="application/octet-stream", body="Please see attached.\r\n"):
    boundary = "----=_Part_%d" % rng.randrange(10**9)
    coded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    head = (
        "From: reception@wattle.example\r\nTo: office@hub.example\r\nSubject: %s\r\nDate: Wed, 11 Mar 2026 10:45:00 "
        "+1000\r\nMessage-ID: <%d@wattle.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
        'boundary="%s"\r\n\r\n'
        % (rng.choice(("Report", "Results", "As discussed")), rng.randrange(10**9), boundary)
    )
    part = (
        '--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--%s\r\nContent-Type: %s; name="%s"\r\n'
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"%s\"\r\n\r\n"
        % (boundary, body, boundary, media_type, name, name)
    )
    return head.encode() + part.encode() + coded + ("\r\n--%s--\r\n" % boundary).encode()


def mail_text(rng, text):
    """The text itself as the body, quoted-printable or base64 or as it is."""
    data = text.replace("\n", "\r\n").encode()
    head = (
        "From: reception@wattle.example\r\nTo: office@hub.example\r\nSubject: Patient\r\nDate: Wed, 11 Mar 2026 "
        "10:45:00 +1000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    )
    coding = rng.choice(("base64", "quoted-printable", "8bit"))
    if coding == "base64":
        data = base64.encodebytes(data).replace(b"\n", b"\r\n")
    elif coding == "quoted-printable":
        data = quoted_printable(data)
    return (head + "Content-Transfer-Encoding: %s\r\n\r\n" % coding).encode() + data


def quoted_printable(data):
    rows = []
    for line in data.split(b"\r\n"):
        row, width = b"", 0
        for byte in line:
            coded = bytes([byte]) if 32 <= byte < 127 and byte != 61 else b"=%02X" % byte
            if width + len(coded) > 74:
                row, width = row + b"=\r\n", 0
            row, width = row + coded, width + len(coded)
        rows.append(row)
    return b"\r\n".join(rows)


# ---- database conversations: (client's bytes, server's bytes) ----


def tds_packet(kind, data):
    out, number = b"", 1
    while data:
        part, data = data[:4088], data[4088:]
        out += struct.pack(">BBHHBB", kind, 0 if data else 1, len(part) + 8, 0, number, 0) + part
        number = number % 255 + 1
    return out


TDS_HEADERS = struct.pack("<IIHQI", 22, 18, 2, 0, 1)


def tds_insert(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 20))
    text = "".join(
        "INSERT INTO Patients (%s) VALUES (%s)\n"
        % (", ".join("[%s]" % one for one in columns), ", ".join("N" + quote(one) for one in row))
        for row in rows
    )
    return tds_packet(1, TDS_HEADERS + text.encode("utf-16-le")), tds_packet(4, TDS_DONE)


TDS_DONE = b"\xfd" + struct.pack("<HHQ", 0, 0xC1, 1)


def tds_result(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 30))
    out = b"\x81" + struct.pack("<H", len(columns))
    for name in columns:
        out += struct.pack("<IH", 0, 9) + b"\xe7" + struct.pack("<H", 256) + b"\x09\x04\xd0\x00\x34"
        out += bytes([len(name)]) + name.encode("utf-16-le")
    for row in rows:
        out += b"\xd1"
        for value in row:
            data = str(value).encode("utf-16-le")
            out += struct.pack("<H", len(data)) + data
    query = "SELECT * FROM BPS_Patients".encode("utf-16-le")
    return tds_packet(1, TDS_HEADERS + query), tds_packet(4, out + TDS_DONE)


def mysql_packet(number, data):
    return struct.pack("<I", len(data))[:3] + bytes([number & 255]) + data


def lenenc(data):
    return (
        bytes([len(data)]) if len(data) < 251 else b"\xfc" + struct.pack("<H", len(data))
    ) + data


MYSQL_GREETING = mysql_packet(
    0,
    b"\x0a8.0.36\0"
    + struct.pack("<I", 7)
    + b"abcdefgh\0"
    + b"\xff\xf7\x21\x02\0\xff\xc1\x15"
    + b"\0" * 10
    + b"ijklmnopqrst\0mysql_native_password\0",
)
MYSQL_LOGIN = mysql_packet(
    1,
    struct.pack("<IIB", 0x00A68D, 1 << 24, 33)
    + b"\0" * 23
    + b"reader\0\x14"
    + b"x" * 20
    + b"clinic\0",
)
MYSQL_OK = b"\0\0\0\2\0\0\0"
MYSQL_EOF = b"\xfe\0\0\2\0"


def mysql_insert(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 20))
    text = "INSERT INTO patients (%s) VALUES %s" % (
        ", ".join("`%s`" % one for one in columns),
        ", ".join("(" + ", ".join(quote(one) for one in row) + ")" for row in rows),
    )
    return MYSQL_LOGIN + mysql_packet(0, b"\3" + text.encode()), MYSQL_GREETING + mysql_packet(
        2, MYSQL_OK
    ) + mysql_packet(1, MYSQL_OK)


def mysql_result(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 30))
    packets = [bytes([len(columns)])]
    for name in columns:
        text = name.encode()
        packets.append(
            lenenc(b"def")
            + lenenc(b"clinic")
            + lenenc(b"p")
            + lenenc(b"patient")
            + lenenc(text)
            + lenenc(text)
            + b"\x0c\x21\0\xff\0\0\0\xfd\0\0\0\0\0"
        )
    packets += (
        [MYSQL_EOF]
        + [b"".join(lenenc(str(one).encode()) for one in row) for row in rows]
        + [MYSQL_EOF]
    )
    server = b"".join(mysql_packet(number, one) for number, one in enumerate(packets, 1))
    client = MYSQL_LOGIN + mysql_packet(0, b"\3SELECT * FROM patient")
    return client, MYSQL_GREETING + mysql_packet(2, MYSQL_OK) + server


def pg_message(kind, data):
    return kind + struct.pack(">I", len(data) + 4) + data


PG_STARTUP = struct.pack(">II", 33, 196608) + b"user\0rdr\0database\0clinic\0\0"
PG_READY = pg_message(b"R", struct.pack(">I", 0)) + pg_message(b"Z", b"I")


def pg_insert(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 20))
    text = "INSERT INTO patient (%s) VALUES %s" % (
        ", ".join('"%s"' % one for one in columns),
        ", ".join("(" + ", ".join(quote(one) for one in row) + ")" for row in rows),
    )
    client = PG_STARTUP.replace(struct.pack(">I", 33), struct.pack(">I", len(PG_STARTUP)), 1)
    return client + pg_message(b"Q", text.encode() + b"\0"), PG_READY + pg_message(
        b"C", b"INSERT 0 6\0"
    ) + pg_message(b"Z", b"I")


def pg_result(rng):
    columns, rows = people_rows(rng, rng.randrange(6, 30))
    description = struct.pack(">H", len(columns)) + b"".join(
        one.encode() + b"\0" + struct.pack(">IHIhih", 0, 0, 1043, -1, 64, 0) for one in columns
    )
    server = PG_READY + pg_message(b"T", description)
    for row in rows:
        cells = [str(one).encode() for one in row]
        server += pg_message(
            b"D",
            struct.pack(">H", len(cells))
            + b"".join(struct.pack(">I", len(one)) + one for one in cells),
        )
    server += pg_message(b"C", b"SELECT 6\0") + pg_message(b"Z", b"I")
    client = PG_STARTUP.replace(struct.pack(">I", 33), struct.pack(">I", len(PG_STARTUP)), 1)
    return client + pg_message(b"Q", b"SELECT * FROM patient\0"), server


DATABASES = (
    (tds_insert, "tds", 1433),
    (tds_result, "tds", 1433),
    (mysql_insert, "mysql", 3306),
    (mysql_result, "mysql", 3306),
    (pg_insert, "postgres", 5432),
    (pg_result, "postgres", 5432),
)


# ---- 7z, method "copy" (7zFormat.txt of the LZMA SDK) ----


def seven_number(value):
    """A number of at most 28 bits."""
    if value < 1 << 7:
        return bytes([value])
    if value < 1 << 14:
        return bytes([0x80 | value >> 8, value & 255])
    return bytes([0xE0 | value >> 24]) + struct.pack("<I", value)[:3]


def seven_zip(name, data):
    names = name.encode("utf-16-le") + b"\0\0"
    packed = b"\6\0\1\x09" + seven_number(len(data)) + b"\0"
    coded = b"\x07\x0b\1\0\1\1\0\x0c" + seven_number(len(data)) + b"\0"
    parts = b"\x08\x0a\1" + struct.pack("<I", zlib.crc32(data)) + b"\0"
    files = b"\5\1\x11" + seven_number(len(names) + 1) + b"\0" + names + b"\0"
    header = b"\1\4" + packed + coded + parts + b"\0" + files + b"\0"
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + data + header
