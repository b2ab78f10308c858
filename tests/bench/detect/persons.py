"""Invented people for the detection benchmark: names of many kinds, numbers with right check
digits.

Nobody here exists; a name that belongs to somebody is chance. Check digits follow the rules in
lib/detect/check_digit.h.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "make"))
from people import luhn, medicare  # noqa: E402

SURNAMES = (
    """Smith Nguyen Papadopoulos O'Brien Singh Williams Chen McAllister D'Angelo Kowalski Brown
Al-Hassan Tran Yunupingu van der Berg Müller Okafor Taylor Ó Súilleabháin Rossi Wilson-Jones Kaur Lee
Petrovic Fitzgerald Haddad Moreau Nakamura Abdullah Campbell Huang Sørensen Martin Tjungurrayi De Silva
Patel Mitchell Vella Bui Novak García Thompson Walker Zhao Rahman Ferguson Baker Iskandar Tuigamala""".replace(
        "\n", " "
    )
    .replace("van der Berg", "van_der_Berg")
    .replace("De Silva", "De_Silva")
    .replace("Ó Súilleabháin", "Ó_Súilleabháin")
    .split()
)
WOMEN = """Margaret Linh Eleni Siobhan Harpreet Olivia Mei Fatima Bianca Agnieszka Charlotte Zahra Thi
Marlee Ingrid Hannah Ngozi Ruby Aoife Giulia Priya Joan Dragana Shirley Noor Élise Yuki Aisha Kirsty
Jing Freja Betty Wanda Rohini Kylie Grace Lucía Tahlia Dorothy Salma""".split()
MEN = """John Minh Nikolaos Patrick Gurpreet William Wei Ahmed Marco Tomasz Jack Omar Duc Jarrah Lars
Noah Chidi Bruce Cormac Luca Arjun Ronald Zoran Graham Khalid Étienne Kenji Yusuf Hamish Jun Søren
Arthur Warren Nuwan Darren Lachlan Mateo Cooper Leslie Karim""".split()
STREETS = """Wattle Banksia Jacaranda Railway High Church Victoria Station Ocean Boundary Kookaburra
Melaleuca Grevillea Mount Pleasant Bridge Murray Acacia Lakeview Old Northern""".split()
STREET_KINDS = (
    "Street",
    "St",
    "Road",
    "Rd",
    "Avenue",
    "Ave",
    "Court",
    "Ct",
    "Parade",
    "Pde",
    "Lane",
    "Crescent",
    "Cres",
    "Drive",
    "Dr",
    "Place",
    "Way",
    "Close",
    "Tce",
)
SUBURBS = (
    ("Ballarat", "VIC", "3350"),
    ("Dubbo", "NSW", "2830"),
    ("Toowoomba", "QLD", "4350"),
    ("Whyalla", "SA", "5600"),
    ("Launceston", "TAS", "7250"),
    ("Geraldton", "WA", "6530"),
    ("Fannie Bay", "NT", "0820"),
    ("Belconnen", "ACT", "2617"),
    ("Wagga Wagga", "NSW", "2650"),
    ("St Kilda East", "VIC", "3183"),
    ("Mount Isa", "QLD", "4825"),
    ("Port Lincoln", "SA", "5606"),
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DVA_CODES = ("", "X", "BUR", "SM", "X", "KM", "A", "SS", "GW", "VX", "NX")
PROVIDER_LOCATIONS = "0123456789ABCDEFGHJKLMNPQRTUVWXY"
PROVIDER_CHECKS = "YXWTLKJHFBA"
CRN_CHECKS = "XVTSLKJHCBA"


def provider(rng):
    stem = "%06d" % rng.randrange(200000, 599999)
    location = rng.randrange(32)
    total = sum(int(d) * w for d, w in zip(stem, (3, 5, 8, 4, 2, 1))) + 6 * location
    return stem + PROVIDER_LOCATIONS[location] + PROVIDER_CHECKS[total % 11]


def crn(rng):
    stem = "%09d" % rng.randrange(200000000, 599999999)
    total = sum(int(d) * w for d, w in zip(stem, (6, 3, 7, 9, 10, 5, 8, 4, 2)))
    return stem + CRN_CHECKS[total % 11]


def dva(rng, state):
    code = rng.choice(DVA_CODES)
    letter = {"NSW": "N", "ACT": "N", "VIC": "V", "QLD": "Q", "SA": "S", "NT": "S", "WA": "W"}
    digits = {0: 6, 1: 6, 2: 5, 3: 4}[len(code)]
    return letter.get(state, "T") + code + "".join(rng.choice("0123456789") for _ in range(digits))


def abn(rng):
    while True:
        text = "%011d" % rng.randrange(10**10, 10**11)
        digits = [int(d) for d in text]
        digits[0] -= 1
        weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
        if sum(d * w for d, w in zip(digits, weights)) % 89 == 0:
            return text


def hpi_o(rng):
    return luhn("800362" + "%09d" % rng.randrange(10**9))


def hpi_i(rng):
    return luhn("800361" + "%09d" % rng.randrange(10**9))


class Patient:
    """An invented patient; every draw comes from the generator's own random numbers."""

    def __init__(self, rng):
        self.sex = rng.choice("FM")
        self.given = rng.choice(WOMEN if self.sex == "F" else MEN)
        self.middle = rng.choice(WOMEN if self.sex == "F" else MEN)
        self.surname = rng.choice(SURNAMES).replace("_", " ")
        self.title = rng.choice(
            ("Mrs", "Ms", "Miss") if self.sex == "F" else ("Mr", "Mr", "Master")
        )
        stem = "%d%07d" % (rng.randrange(2, 7), rng.randrange(10**7))
        self.medicare = medicare(stem, rng.randrange(1, 10))
        self.irn = str(rng.randrange(1, 6))
        self.ihi = luhn("800360" + "%09d" % rng.randrange(10**9))
        self.year = rng.randrange(1928, 2024)
        self.month, self.day = rng.randrange(1, 13), rng.randrange(1, 29)
        self.mobile = "04%02d %03d %03d" % tuple(rng.randrange(n) for n in (100, 1000, 1000))
        self.phone = "(0%s) %04d %04d" % (
            rng.choice("2378"),
            rng.randrange(4000, 9999),
            rng.randrange(10000),
        )
        self.street = "%s%d %s %s" % (
            rng.choice(("", "", "", "Unit 3, ", "2/")),
            rng.randrange(1, 240),
            rng.choice(STREETS),
            rng.choice(STREET_KINDS),
        )
        self.suburb, self.state, self.postcode = rng.choice(SUBURBS)
        self.dva = dva(rng, self.state)
        self.crn = crn(rng)
        self.record = str(rng.randrange(1000, 99999))

    @property
    def name(self):
        return "%s %s" % (self.given, self.surname)

    @property
    def age(self):
        return 2026 - self.year

    @property
    def address(self):
        return "%s, %s %s %s" % (self.street, self.suburb, self.state, self.postcode)

    def born(self, style):
        return date_text(self.year, self.month, self.day, style)

    def card(self, style):
        """The Medicare number as people write it."""
        number = self.medicare
        groups = (number[:4], number[4:9], number[9])
        return {
            "plain": number,
            "irn": number + self.irn,
            "spaced": "%s %s %s" % groups,
            "spaced-irn": "%s %s %s/%s" % (*groups, self.irn),
            "dash": "%s-%s-%s" % groups,
            "dash-irn": "%s %s %s-%s" % (*groups, self.irn),
            "nbsp": "%s\u00a0%s\u00a0%s" % groups,
        }[style]


CARD_STYLES = ("plain", "irn", "spaced", "spaced-irn", "dash", "dash-irn", "nbsp")
DATE_STYLES = ("au", "iso", "dots", "dashes", "words", "short", "month-first-name")


def date_text(year, month, day, style):
    name = MONTHS[month - 1]
    return {
        "au": "%02d/%02d/%04d" % (day, month, year),
        "iso": "%04d-%02d-%02d" % (year, month, day),
        "hl7": "%04d%02d%02d" % (year, month, day),
        "dots": "%d.%d.%04d" % (day, month, year),
        "dashes": "%02d-%02d-%04d" % (day, month, year),
        "words": "%d %s %d" % (day, name, year),
        "short": "%02d-%s-%04d" % (day, name[:3], year),
        "month-first-name": "%s %d, %d" % (name, day, year),
    }[style]


class Doctor:
    def __init__(self, rng):
        self.given = rng.choice(WOMEN + MEN)
        self.surname = rng.choice(SURNAMES).replace("_", " ")
        self.provider = provider(rng)
        self.hpi_i = hpi_i(rng)
        self.practice = "%s %s" % (
            rng.choice(STREETS + [s[0] for s in SUBURBS]),
            rng.choice(
                (
                    "Medical Centre",
                    "Family Practice",
                    "Clinic",
                    "Specialist Rooms",
                    "Health",
                    "Hospital",
                )
            ),
        )
        self.hpi_o = hpi_o(rng)
        self.phone = "(0%s) %04d %04d" % (
            rng.choice("2378"),
            rng.randrange(4000, 9999),
            rng.randrange(10000),
        )

    @property
    def name(self):
        return "Dr %s %s" % (self.given, self.surname)
