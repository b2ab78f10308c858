"""visible_text.py PAGE: what a person reads in it, a line for each paragraph, without what stands for
itself there: host names, files and columns of the register, and how much of a recording was lost.
The closing sentence that says what a flag is not is left out, too."""
import html.parser
import re
import sys

INLINE = {"a", "b", "bdi", "code", "em", "i", "span", "strong", "wbr"}
SET_ASIDE = re.compile(r"\S*[._/]\S+|\b\d+(\.\d+)?%|A flag is a question, not a finding of breach\.")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.hidden = 0
        self.pieces = [""]

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("style", "script")
        if tag not in INLINE:
            self.pieces.append("")

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script")
        if tag not in INLINE:
            self.pieces.append("")

    def handle_data(self, data):
        if not self.hidden:
            self.pieces[-1] += data


page = Page()
with open(sys.argv[1], encoding="utf-8") as file:
    page.feed(file.read())
page.close()
for piece in page.pieces:
    line = " ".join(SET_ASIDE.sub(" ", piece).split())
    if line:
        print(line)
