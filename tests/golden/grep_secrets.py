#!/usr/bin/env python3
"""Search everything that exeat wrote for the identifiers and names of a fixture.

usage: grep_secrets.py OUTPUT_FOLDER SECRETS_FILE

Looks into every file below the folder as bytes, in UTF-8 and UTF-16LE, without regard to case, and
a second time with spaces and hyphens taken out of text and secret (for what has digits in it); of
SQLite files also into every text and blob value.  Prints file and kind, never the value.  Exit 1
when anything was found, 2 when nothing could be searched.
"""

import os
import re
import sqlite3
import sys

SQLITE = b"SQLite format 3\0"
BREAKS = b" -\t"


def kind_of(secret):
    """What sort of secret it is: for the message, which must not show it."""
    digits = re.sub(r"\D", "", secret)
    letters = re.sub(r"[\W\d_]", "", secret)
    if not digits:
        return "name"
    if letters:
        return "address"
    if re.fullmatch(r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}|19\d{6}|20\d{6}", secret):
        return "date of birth"
    if len(digits) == 16:
        return "HI number"
    return "telephone" if digits.startswith("04") else "Medicare number"


def squeezed(data):
    return data.translate(None, BREAKS)


def is_number(secret):
    """Numbers are looked for without their spaces too; dates keep their shape."""
    return kind_of(secret) in ("HI number", "telephone", "Medicare number")


class Secrets:
    """The secrets in the forms they are looked for."""

    def __init__(self, lines):
        self.plain, self.tight = [], []
        for secret in lines:
            kind, low = kind_of(secret), secret.lower()
            self.plain += [(kind, low.encode("utf-8")), (kind, low.encode("utf-16-le"))]
            if is_number(secret):
                tight = squeezed(low.encode("utf-8"))
                self.tight += [(kind, tight), (kind, tight.decode().encode("utf-16-le"))]
        self.plain, self.tight = sorted(set(self.plain)), sorted(set(self.tight))

    def kinds_in(self, data):
        low = data.lower()
        found = {kind for kind, secret in self.plain if secret in low}
        tight = squeezed(low)
        # In UTF-16LE a space is two bytes.
        wide = low.replace(b" \0", b"").replace(b"-\0", b"")
        found |= {kind for kind, secret in self.tight if secret in tight or secret in wide}
        return found


def sqlite_values(path):
    """Every text and blob value of a database file, as bytes, with the table's name."""
    base = sqlite3.connect("file:%s?mode=ro&immutable=1" % path.replace("?", "%3f"), uri=True)
    try:
        base.text_factory = bytes
        tables = [name.decode() for (name,) in
                  base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in base.execute('SELECT * FROM "%s"' % table.replace('"', '""')):
                for value in row:
                    if isinstance(value, (int, float)):
                        value = str(value).encode()
                    if value is not None:
                        yield table, value
    finally:
        base.close()


def search_file(path, secrets):
    with open(path, "rb") as source:
        data = source.read()
    found = {(kind, "") for kind in secrets.kinds_in(data)}
    if data.startswith(SQLITE):
        by_table = {}
        for table, value in sqlite_values(path):
            by_table.setdefault(table, []).append(value)
        for table, values in by_table.items():
            found |= {(kind, ", table " + table) for kind in secrets.kinds_in(b"\n".join(values))}
    return sorted(found)


def search(folder, secrets):
    """Lines to print, and how many files were searched."""
    lines, files = [], 0
    for base, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(base, name)
            shown = os.path.relpath(path, folder)
            files += 1
            lines += ["%s%s: holds a %s" % (shown, where, kind)
                      for kind, where in search_file(path, secrets)]
            name_kinds = secrets.kinds_in(shown.encode("utf-8", "surrogateescape"))
            lines += ["a file name holds a %s" % kind for kind in sorted(name_kinds)]
    return lines, files


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, secrets_file = arguments
    with open(secrets_file, encoding="utf-8") as source:
        secrets = Secrets([line.rstrip("\n") for line in source if line.strip()])
    lines, files = search(folder, secrets)
    if not files or not secrets.plain:
        print("grep_secrets: nothing to search", file=sys.stderr)
        return 2
    for line in lines:
        print(line)
    print("grep_secrets: %d file(s), %d find(s)" % (files, len(lines)), file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
