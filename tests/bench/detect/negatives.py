"""What is not about a patient and looks as if it were: directories, specifications, invoices,
numbers, logs, code."""

import base64
import json

from files import docx, html, mail_text, pdf, rtf, zipped
from letters import FINDINGS, MEDICINES, PROBLEMS, sentence_case
from persons import (
    MEN,
    SUBURBS,
    SURNAMES,
    WOMEN,
    Doctor,
    Patient,
    abn,
    date_text,
    hpi_i,
    hpi_o,
    luhn,
    provider,
)
from structured import LOINC, NS, SNOMED, escape, to_xml

WORDS = """service account report number client record index value cache token batch queue region status version
update session customer order payment delivery product window thread handler buffer message content schema table
column field device sensor network server config module package release build commit branch review issue""".split()


def digits(rng, count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def words(rng, low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(low, high)))


def person(rng):
    return rng.choice(WOMEN + MEN), rng.choice(SURNAMES).replace("_", " ")


# ---- directories ----


def fhir_directory(rng):
    d = Doctor(rng)
    practitioner = {
        "resourceType": "Practitioner",
        "identifier": [
            {"system": NS + "hi/hpii/1.0", "value": d.hpi_i},
            {"system": NS + "medicare-provider-number", "value": d.provider},
            {
                "system": "http://hl7.org.au/id/ahpra-registration-number",
                "value": "MED" + digits(rng, 10),
            },
        ],
        "name": [{"family": d.surname, "given": [d.given], "prefix": ["Dr"]}],
        "gender": "female",
        "birthDate": "1975-03-01",
        "telecom": [{"system": "phone", "value": d.phone}],
    }
    organisation = {
        "resourceType": "Organization",
        "identifier": [
            {"system": NS + "hi/hpio/1.0", "value": d.hpi_o},
            {"system": "http://hl7.org.au/id/abn", "value": abn(rng)},
        ],
        "name": d.practice,
        "address": [
            {
                "line": ["%d High Street" % rng.randrange(1, 200)],
                "city": "Dubbo",
                "postalCode": "2830",
            }
        ],
    }
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": "Practitioner/1"},
        "specialty": [
            {
                "coding": [
                    {
                        "system": "http://snomed.info/sct",
                        "code": "394814009",
                        "display": "General practice",
                    }
                ]
            }
        ],
    }
    service = {
        "resourceType": "HealthcareService",
        "name": "Diabetes clinic",
        "type": [{"text": "Diabetes education"}],
    }
    one = rng.choice(
        (
            practitioner,
            organisation,
            role,
            service,
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "entry": [{"resource": each} for each in (practitioner, organisation, role)],
            },
        )
    )
    return (
        '<?xml version="1.0"?>' + to_xml("", one)
        if rng.random() < 0.3
        else json.dumps(one, indent=1)
    ).encode()


def directory_csv(rng):
    rows = [
        "Provider No,Title,Given Name,Surname,Specialty,Practice,Street,Suburb,State,Postcode,Phone,HPI-I"
    ]
    for _ in range(rng.randrange(8, 80)):
        d, place = Doctor(rng), rng.choice(SUBURBS)
        rows.append(
            ",".join(
                (
                    d.provider,
                    "Dr",
                    d.given,
                    d.surname,
                    "General Practice",
                    d.practice,
                    "12 High St",
                    *place,
                    d.phone,
                    d.hpi_i,
                )
            )
        )
    return "\r\n".join(rows).encode()


def roster(rng):
    rows = ["Staff roster, week of %s" % date_text(2026, 3, rng.randrange(1, 28), "au"), ""]
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        rows.append(
            "%s: %s, Dr %s, nurse %s, reception %s"
            % (day, Doctor(rng).name, person(rng)[1], person(rng)[0], " ".join(person(rng)))
        )
    return "\n".join(rows).encode()


# ---- specifications and terminology ----


def fhir_spec(rng):
    elements = [
        {
            "id": "Patient.%s" % rng.choice(("name", "birthDate", "identifier")),
            "path": "Patient.identifier",
            "short": "Medicare card number, for example %s"
            % rng.choice(("2950141861", "32788511952")),
            "definition": words(rng, 10, 40),
        }
        for _ in range(rng.randrange(2, 12))
    ]
    concepts = [{"code": code, "display": text} for code, text in SNOMED] + [
        {"code": code, "display": text} for code, text, _, _ in LOINC
    ]
    one = rng.choice(
        (
            {
                "resourceType": "StructureDefinition",
                "url": "http://hl7.org.au/fhir/StructureDefinition/au-patient",
                "name": "AUBasePatient",
                "snapshot": {"element": elements},
            },
            {
                "resourceType": "ValueSet",
                "status": "active",
                "compose": {
                    "include": [
                        {"system": "http://snomed.info/sct", "concept": concepts[:6]},
                        {"system": "http://loinc.org", "concept": concepts[6:]},
                    ]
                },
            },
            {
                "resourceType": "CodeSystem",
                "status": "active",
                "content": "complete",
                "concept": concepts,
            },
            {
                "resourceType": "CapabilityStatement",
                "rest": [
                    {
                        "resource": [
                            {
                                "type": "Patient",
                                "searchParam": [{"name": "identifier"}, {"name": "birthdate"}],
                            }
                        ]
                    }
                ],
            },
            {
                "resourceType": "Questionnaire",
                "title": "PHQ-9",
                "item": [{"linkId": "1", "text": "Little interest in things"}],
            },
        )
    )
    return (
        '<?xml version="1.0"?>' + to_xml("", one) if rng.random() < 0.3 else json.dumps(one)
    ).encode()


def spec_page(rng):
    code, text, unit, _ = rng.choice(LOINC)
    rows = [
        "<h1>Resource Profile: AU Base %s</h1>"
        % rng.choice(("Patient", "Practitioner", "Observation")),
        "<p>The Medicare card number has eleven digits: ten and the individual reference number.</p>",
        "<table><tr><td>identifier</td><td>0..*</td><td>Medicare card number, DVA number or IHI</td></tr>",
        "<tr><td>birthDate</td><td>1..1</td><td>The date of birth</td></tr></table>",
        "<p>LOINC %s %s is reported in %s. %s</p>" % (code, text, unit, words(rng, 20, 60)),
        "<p>Systems: http://snomed.info/sct, http://loinc.org, %smedicare-number</p>" % NS,
    ]
    return (
        "<!DOCTYPE html><html><head><title>AU Base</title></head><body>%s</body></html>"
        % "".join(rows)
    ).encode()


def terminology(rng):
    if rng.random() < 0.5:
        rows = [
            "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId"
        ]
        for _ in range(rng.randrange(30, 200)):
            code, text = rng.choice(SNOMED)
            rows.append(
                "%s\t20260228\t1\t32506021000036107\t%s\ten\t900000000000003001\t%s\t900000000000448009"
                % (digits(rng, 9) + "01", code, text)
            )
        return "\r\n".join(rows).encode()
    rows = ['"LOINC_NUM","COMPONENT","PROPERTY","TIME_ASPCT","SYSTEM","SCALE_TYP"']
    for _ in range(rng.randrange(30, 200)):
        code, text, _, _ = rng.choice(LOINC)
        rows.append('"%s","%s","MCnc","Pt","Ser/Plas","Qn"' % (code, text))
    return "\n".join(rows).encode()


# ---- business ----


def invoice(rng):
    given, surname = person(rng)
    lines = [
        "TAX INVOICE %s" % digits(rng, 6),
        "%s Medical Supplies Pty Ltd   ABN %s" % (surname, spaced_abn(abn(rng))),
        "Bill to: %s" % Doctor(rng).practice,
        "Attention: %s %s" % (given, surname),
        "Invoice date: %s  Due: %s" % (date_text(2026, 3, 11, "au"), date_text(2026, 4, 10, "au")),
        "",
    ]
    for _ in range(rng.randrange(2, 9)):
        lines.append(
            "%dx %s  part %s  $%d.%02d"
            % (
                rng.randrange(1, 20),
                rng.choice(
                    (
                        "Nitrile gloves M box 100",
                        "Paracetamol 500 mg 100 tabs",
                        "Dressing pack",
                        "Otoscope bulb",
                        "ECG electrodes",
                        "Adrenaline ampoules 1 mg/mL",
                        "Sharps container 5 L",
                    )
                ),
                digits(rng, 7),
                rng.randrange(4, 300),
                rng.randrange(100),
            )
        )
    lines += [
        "Total $%d.00 incl. GST" % rng.randrange(50, 3000),
        "BSB %s-%s  Account %s" % (digits(rng, 3), digits(rng, 3), digits(rng, 9)),
        "Consignment %s  Parcel %s" % (digits(rng, 12), "33" + digits(rng, 20)),
        "Phone %s" % Doctor(rng).phone,
        "TFN withheld. Provider of goods to Medicare-billing practices since 1998.",
    ]
    text = "\n".join(lines)
    return rng.choice(
        (
            lambda: text.encode(),
            lambda: pdf(rng, text),
            lambda: html(rng, text),
            lambda: docx(rng, text),
            lambda: mail_text(rng, text),
        )
    )()


def spaced_abn(number):
    return "%s %s %s %s" % (number[:2], number[2:5], number[5:8], number[8:])


def nhs_number(rng):
    while True:
        stem = digits(rng, 9)
        check = 11 - sum(int(d) * w for d, w in zip(stem, range(10, 1, -1))) % 11
        if stem[0] in "4679" and check != 10:
            return stem + str(check % 11)


def foreign_numbers(rng):
    """UK NHS numbers or US provider identifiers, by themselves: no person is named."""
    british = rng.random() < 0.5
    rows = [
        "nhs_number,practice_code,registered,status"
        if british
        else "NPI,Entity Type Code,Provider Organization Name,Provider Business Mailing Address City Name"
    ]
    for _ in range(rng.randrange(10, 120)):
        if british:
            rows.append(
                "%s,A%s,%s,active" % (nhs_number(rng), digits(rng, 5), rng.choice(("Y", "N")))
            )
        else:
            rows.append(
                "%s,2,%s CLINIC LLC,%s"
                % (
                    luhn("80840" + "1" + digits(rng, 8))[5:],
                    rng.choice(SURNAMES).upper(),
                    rng.choice(SUBURBS)[0].upper(),
                )
            )
    return "\n".join(rows).encode()


def cards(rng):
    rows = [
        {
            "card": luhn(rng.choice(("4", "51", "54", "37")) + digits(rng, 13))[:16],
            "expiry": "%02d/%d" % (rng.randrange(1, 13), rng.randrange(26, 32)),
            "amount": rng.randrange(100, 99999),
            "order": digits(rng, 10),
        }
        for _ in range(rng.randrange(2, 40))
    ]
    if rng.random() < 0.5:
        return json.dumps({"transactions": rows}).encode()
    return "\n".join(
        ["card_number,expiry,amount,order_id"]
        + [",".join(str(one) for one in row.values()) for row in rows]
    ).encode()


def business_mail(rng):
    given, surname = person(rng)
    text = rng.choice(
        (
            "Hi %s,\n\nCan we move the meeting about the diabetes program to %s? Room booking %s.\n\nThanks\n%s\n",
            "Dear %s,\n\nThe flu vaccine delivery arrives %s. Order number %s. Please tell the nurses.\n\nRegards,\n%s\n",
            "Hello %s,\n\nThe Medicare audit training is on %s. Your ticket is %s.\n\nKind regards\n%s\n",
            "Hi %s,\n\nThe new blood pressure monitors were calibrated on %s (certificate %s). The asthma plan posters are in "
            "the tea room.\n\nCheers,\n%s\n",
            "Dear %s,\n\nPlease find the agenda for the clinical meeting on %s: hypertension audit, asthma cycle of care, statin "
            "prescribing. Dial-in %s.\n\nYours sincerely,\n%s\n",
        )
    ) % (
        given,
        date_text(
            2026, rng.randrange(1, 12), rng.randrange(1, 28), rng.choice(("au", "words", "iso"))
        ),
        digits(rng, 10),
        " ".join(person(rng)),
    )
    return mail_text(rng, text) if rng.random() < 0.7 else text.encode()


def stock(rng):
    rows = ["ItemCode,Description,OnHand,Reorder,Barcode,Cost,LastOrdered"]
    for _ in range(rng.randrange(10, 200)):
        rows.append(
            "%s,%s,%d,%d,93%s,%d.%02d,%s"
            % (
                digits(rng, 6),
                rng.choice(MEDICINES).split()[0].title(),
                rng.randrange(99),
                rng.randrange(20),
                digits(rng, 11),
                rng.randrange(200),
                rng.randrange(100),
                date_text(2026, 2, 3, "au"),
            )
        )
    return "\r\n".join(rows).encode()


def staff_table(rng):
    rows = ["Employee,Position,Start Date,Extension,Payroll No,Super Fund ABN"]
    for _ in range(rng.randrange(5, 40)):
        rows.append(
            "%s %s,%s,%s,%s,%s,%s"
            % (
                *person(rng),
                rng.choice(("Nurse", "Reception", "Manager")),
                date_text(rng.randrange(2001, 2026), 4, 5, "au"),
                digits(rng, 3),
                digits(rng, 10),
                abn(rng),
            )
        )
    return "\r\n".join(rows).encode()


# ---- medical prose about nobody ----

ARTICLE = """{P} is one of the most common conditions seen in general practice.|Patients with {p} should have their
blood pressure checked every three months.|First-line treatment is usually {m}.|A randomised trial of 4,212 adults compared
{m} with placebo.|Common side effects include nausea, dizziness and rash.|Talk to your doctor or pharmacist before taking this
medicine.|The recommended starting dose is one tablet daily.|Guidelines recommend annual HbA1c testing in type 2
diabetes.|In women over 65 years the prevalence of {p} rises to 12%.|Do not take {m} if you are allergic to it.|Symptoms of {p}
may include tiredness and pain.|For more information call 1800 022 222 or visit the website.|Medicare rebates are available
for eligible people with a referral.|The diagnosis is made clinically and confirmed by imaging.|A 54-year-old man is used as an
example in the training module.|Store below 25 degrees C and keep out of reach of children.|Keywords: {p}, primary care,
Australia.|Published 12 March 2024, reviewed 4 May 2026.|References: Med J Aust 2019; 210: 1234567890."""
ARTICLE = [one.strip() for one in ARTICLE.replace("\n", " ").split("|")]


def article(rng):
    problem = rng.choice(PROBLEMS)
    title = "%s: %s" % (
        sentence_case(problem),
        rng.choice(
            (
                "what you need to know",
                "an update for general practice",
                "consumer medicine information",
                "a guide for patients",
            )
        ),
    )
    sentences = [
        one.format(p=problem, P=sentence_case(problem), m=rng.choice(MEDICINES).split()[0])
        for one in rng.sample(ARTICLE, rng.randrange(6, 15))
    ]
    text = title + "\n\nBy %s %s\n\n" % person(rng) + "\n".join(sentences) + "\n"
    return rng.choice(
        (
            lambda: text.encode(),
            lambda: html(rng, text),
            lambda: pdf(rng, text),
            lambda: rtf(rng, text),
            lambda: docx(rng, text),
            lambda: json.dumps({"title": title, "body": text}).encode(),
        )
    )()


def template(rng):
    """An empty form: labels and no patient."""
    labels = [
        "Patient name: ________________",
        "Date of birth: __/__/____",
        "Medicare number: ____ _____ _  IRN: _",
        "Address:",
        "Reason for referral:",
        "Current medications:",
        "Allergies:",
        "Past history:",
        "Provider number: " + provider(rng),
        "Dear Doctor,",
        "Thank you for seeing <<PatientName>>, DOB <<DOB>>.",
    ]
    text = (
        Doctor(rng).practice
        + "\nReferral form\n\n"
        + "\n".join(rng.sample(labels, rng.randrange(5, len(labels))))
        + "\n"
    )
    return rng.choice(
        (
            lambda: text.encode(),
            lambda: docx(rng, text),
            lambda: rtf(rng, text),
            lambda: html(rng, text),
        )
    )()


# ---- machines ----

LOG_LINES = (
    lambda r: '10.0.%d.%d - - [11/Mar/2026:10:45:%02d +1000] "GET /api/v2/items/%s?page=%d HTTP/1.1" 200 %d'
    % (
        r.randrange(9),
        r.randrange(255),
        r.randrange(60),
        digits(r, 10),
        r.randrange(9),
        r.randrange(99999),
    ),
    lambda r: "Mar 11 10:45:%02d host%d kernel: [%s.%s] usb 1-1: new device %s"
    % (r.randrange(60), r.randrange(9), digits(r, 6), digits(r, 6), digits(r, 4)),
    lambda r: "2026-03-11 10:45:00,%s INFO dfs.DataNode$PacketResponder: Received block blk_%s of size %s from /10.250.%d.4"
    % (digits(r, 3), digits(r, 19), digits(r, 8), r.randrange(99)),
    lambda r: '{"ts":17%s,"level":"info","trace":"%s","span":%s,"msg":"%s"}'
    % (digits(r, 8), digits(r, 16), digits(r, 10), words(r, 2, 6)),
    lambda r: "%s %s INFO [%s] %s id=%s user=%s took=%sms"
    % (
        "2026-03-11",
        "10:45:00",
        digits(r, 5),
        words(r, 2, 5),
        digits(r, 11),
        digits(r, 9),
        digits(r, 3),
    ),
)


def log(rng):
    line = rng.choice(LOG_LINES)
    return "\n".join(line(rng) for _ in range(rng.randrange(20, 300))).encode()


def source(rng):
    language = rng.randrange(3)
    rows = []
    for _ in range(rng.randrange(10, 80)):
        a, b, c = (rng.choice(WORDS) for _ in range(3))
        number = digits(rng, rng.randrange(1, 12))
        rows.append(
            (
                "static int %s_%s(struct %s *s, int n)\n{\n\treturn n * 0x%s + %s; /* %s */\n}\n"
                % (a, b, c, number, number, words(rng, 2, 7)),
                "def %s_%s(patient, %s=%s):\n    \"\"\"%s\"\"\"\n    return patient.%s\n"
                % (a, b, c, int(number), words(rng, 2, 7), b),
                "public class %s%s { private final long %s = %sL; // %s\n}"
                % (a.title(), b.title(), c, int(number), words(rng, 2, 7)),
            )[language]
        )
    return "\n".join(rows).encode()


def minified(rng):
    parts = []
    for _ in range(rng.randrange(60, 600)):
        parts.append(
            "function %s(t,e){return t.%s?e[%s]:%s(t,%d)}"
            % (
                "".join(rng.choice("abcdefghijk") for _ in range(2)),
                rng.choice(WORDS),
                digits(rng, rng.randrange(1, 11)),
                rng.choice("nrtio"),
                rng.randrange(10**6),
            )
        )
    return (
        "!function(){\"use strict\";"
        + ";".join(parts)
        + ",dob:\"birthdate\",medicare:/^\\d{10}$/}();"
    ).encode()


def telemetry(rng):
    events = [
        {
            "event": rng.choice(WORDS),
            "id": int("1" + digits(rng, 9)) if rng.random() < 0.5 else digits(rng, 10),
            "session": digits(rng, 16),
            "t": 1700000000000 + rng.randrange(10**9),
            "value": rng.random(),
            "device": digits(rng, 11),
            "page": "/%s/%s" % (rng.choice(WORDS), digits(rng, 6)),
        }
        for _ in range(rng.randrange(2, 60))
    ]
    return json.dumps({"batch": events, "sentAt": "2026-03-11T00:45:00Z"}).encode()


def web_page(rng):
    given, surname = person(rng)
    return (
        "<!DOCTYPE html><html><head><title>%s</title><script>var a=%s;</script></head><body><h1>Our team</h1><p>Dr %s %s "
        "consults on Mondays. Provider of skin checks, asthma care, diabetes care plans and vaccinations.</p><p>Call %s or "
        "book online. We bulk bill Medicare card holders under 16.</p><p>%s</p></body></html>"
        % (
            Doctor(rng).practice,
            digits(rng, 10),
            given,
            escape(surname),
            Doctor(rng).phone,
            words(rng, 30, 90),
        )
    ).encode()


def binary(rng):
    data = rng.randbytes(rng.randrange(500, 20000))
    return rng.choice(
        (
            data,
            zipped(rng, [("data.bin", data)]),
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20" + data[:900],
            base64.b64encode(data),
        )
    )


def measurements(rng):
    rows = ["time,sensor,temperature,humidity,counter"]
    for _ in range(rng.randrange(20, 200)):
        rows.append(
            "2026-03-11T10:%02d:00,%s,%.1f,%d,%s"
            % (
                rng.randrange(60),
                digits(rng, 8),
                rng.random() * 9,
                rng.randrange(99),
                digits(rng, 10),
            )
        )
    return "\n".join(rows).encode()


def answer(rng):
    """An acknowledgement: names senders, and no patient."""
    return (
        "MSH|^~\\&|HUB|%s^%s^L|BP|%s|20260311||ACK^R01|%s|P|2.4\rMSA|AA|%s\r"
        % (Doctor(rng).practice, hpi_o(rng), hpi_o(rng), digits(rng, 8), digits(rng, 8))
    ).encode()


NEGATIVES = (
    ("directory-fhir", fhir_directory, "json", 400),
    ("directory-csv", directory_csv, "csv", 150),
    ("roster", roster, "txt", 80),
    ("fhir-spec", fhir_spec, "json", 400),
    ("spec-page", spec_page, "html", 120),
    ("terminology", terminology, "txt", 120),
    ("invoice", invoice, "txt", 400),
    ("foreign-numbers", foreign_numbers, "csv", 250),
    ("cards", cards, "json", 200),
    ("mail", business_mail, "eml", 300),
    ("stock", stock, "csv", 150),
    ("staff", staff_table, "csv", 100),
    ("article", article, "txt", 450),
    ("form", template, "txt", 120),
    ("log", log, "log", 450),
    ("source", source, "c", 350),
    ("minified", minified, "js", 200),
    ("telemetry", telemetry, "json", 350),
    ("web-page", web_page, "html", 150),
    ("binary", binary, "bin", 100),
    ("measurements", measurements, "csv", 100),
    ("hl7-ack", answer, "hl7", 60),
)
