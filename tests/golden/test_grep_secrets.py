#!/usr/bin/env python3
"""Self-test of grep_secrets.py: finds each form of a secret, and prints none of them."""

import os
import sqlite3
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from grep_secrets import Secrets, kind_of, search  # noqa: E402

# Invented for this test; the numbers are the public test vectors.
LINES = ["Quennevar", "2123 45670 1", "8003608833357361", "14/03/1957", "0491 570 101",
         "3 Wurrangool Crescent"]


class Grep(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def put(self, name, data):
        with open(os.path.join(self.folder.name, name), "wb") as out:
            out.write(data)

    def find(self):
        lines, _ = search(self.folder.name, Secrets(LINES))
        for line in lines:
            for secret in LINES:
                self.assertNotIn(secret.lower(), line.lower())
        return lines

    def test_clean(self):
        self.put("a.csv", b"Medicare,\xe2\x80\xa2\xe2\x80\xa2 \xe2\x80\xa2,2026-11-22\r\n")
        self.assertEqual(self.find(), [])

    def test_kinds(self):
        self.assertEqual([kind_of(one) for one in LINES],
                         ["name", "Medicare number", "HI number", "date of birth", "telephone",
                          "address"])

    def test_each_form(self):
        for data, kind in ((b"x QUENNEVAR y", "name"), (b"2123456701", "Medicare number"),
                           (b"2123-45670-1", "Medicare number"), (b"14/03/1957", "date of birth"),
                           (b"8003 6088 3335 7361", "HI number"), (b"0491570101", "telephone"),
                           ("Quennevar".encode("utf-16-le"), "name"),
                           ("2123 45670 1".encode("utf-16-le"), "Medicare number"),
                           ("2123-456701".encode("utf-16-le"), "Medicare number")):
            self.put("a.txt", data)
            self.assertEqual(self.find(), ["a.txt: holds a " + kind], data)

    def test_file_name(self):
        self.put("quennevar.txt", b"nothing")
        self.assertEqual(self.find(), ["a file name holds a name"])

    def test_database(self):
        path = os.path.join(self.folder.name, "exeat.db")
        base = sqlite3.connect(path)
        base.execute("CREATE TABLE notes (a TEXT, b BLOB, c INTEGER)")
        base.execute("INSERT INTO notes VALUES ('x', ?, 2123456701)",
                     (b"y" * 9000 + "Quennevar".encode("utf-16-le") + b"z" * 9000,))
        base.commit()
        base.close()
        lines = self.find()
        self.assertIn("exeat.db, table notes: holds a name", lines)
        self.assertIn("exeat.db, table notes: holds a Medicare number", lines)

    def test_nothing_to_search(self):
        self.assertEqual(search(self.folder.name, Secrets(LINES)), ([], 0))


if __name__ == "__main__":
    unittest.main()
