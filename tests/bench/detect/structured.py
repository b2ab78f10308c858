"""Clinical messages and documents about invented patients, in the formats of practices and their
partners."""

import csv
import io
import json

from letters import FINDINGS, MEDICINES, PROBLEMS, letter, note
from persons import CARD_STYLES, DATE_STYLES, Doctor, Patient, crn, hpi_o

NS = "http://ns.electronichealth.net.au/id/"
LOINC = (
    ("718-7", "Haemoglobin", "g/L", 132),
    ("2345-7", "Glucose", "mmol/L", 6),
    ("2093-3", "Cholesterol", "mmol/L", 5),
    ("4548-4", "HbA1c", "%", 7),
    ("33914-3", "eGFR", "mL/min/1.73m2", 62),
    ("3016-3", "TSH", "mIU/L", 2),
    ("2276-4", "Ferritin", "ug/L", 44),
)
SNOMED = (
    ("38341003", "Hypertension"),
    ("44054006", "Type 2 diabetes mellitus"),
    ("195967001", "Asthma"),
    ("35489007", "Depressive disorder"),
    ("396275006", "Osteoarthritis"),
    ("73211009", "Diabetes mellitus"),
)


# ---- HL7 v2 ----


def pid_numbers(rng, p):
    """PID-3 in the spellings that senders use."""
    forms = [
        p.card("irn") + "^^^AUSHIC^MC",
        p.card("plain") + "^^^AUSHIC^MC",
        p.ihi + "^^^AUSHIC^NI",
        p.record + "^^^%s^MR" % rng.choice(("PRACT", "RMH", "SULLIVANS")),
        p.dva + "^^^AUSDVA^DVG",
        p.crn + "^^^AUSLINK^AN",
    ]
    return "~".join(rng.sample(forms, rng.randrange(1, 4)))


def pid(rng, p):
    name = "%s^%s^%s^^%s" % (p.surname, p.given, rng.choice(("", p.middle)), p.title)
    address = "%s^^%s^%s^%s" % (p.street, p.suburb, p.state, p.postcode)
    return "PID|1||%s||%s||%s|%s|||%s||%s" % (
        pid_numbers(rng, p),
        name,
        p.born("hl7"),
        p.sex,
        address,
        p.mobile,
    )


def obx_results(rng):
    rows = []
    for number, (code, text, unit, value) in enumerate(rng.sample(LOINC, 3), 1):
        rows.append(
            "OBX|%d|NM|%s^%s^LN||%s|%s|||||F|||20260311" % (number, code, text, value, unit)
        )
    return rows


def obx_letter(text):
    return [
        "OBX|%d|FT|11488-4^Consult note^LN||%s||||||F"
        % (
            1,
            text.replace("\\", "\\E\\")
            .replace("|", "\\F\\")
            .replace("^", "\\S\\")
            .replace("&", "\\T\\")
            .replace("~", "\\R\\")
            .replace("\n", "\\.br\\"),
        )
    ]


HL7_KINDS = ("ORU^R01", "REF^I12", "RRI^I12", "ORM^O01", "ADT^A04", "ADT^A08", "MDM^T02", "SIU^S12")


def hl7(rng, kind=None, end="\r"):
    p, d = Patient(rng), Doctor(rng)
    kind = kind or rng.choice(HL7_KINDS)
    version = rng.choice(("2.3.1", "2.4^AUS&Australia&ISO3166_1", "2.5.1"))
    doctor = "%s^%s^%s^^^Dr^^^AUSHICPR" % (d.provider, d.surname, d.given)
    head = "MSH|^~\\&|%s|%s^%s^L|%s|HUB|20260311104500+1000||%s|%s|P|%s|||AL|NE|AUS|ASCII" % (
        rng.choice(("BestPractice", "MedicalDirector 3", "LIS7", "Genie")),
        d.practice,
        d.hpi_o,
        rng.choice(("RECEIVER", "Argus")),
        kind,
        rng.randrange(10**8),
        version,
    )
    rows = [head, pid(rng, p)]
    if kind[:3] in ("ORU", "REF", "RRI", "MDM"):
        rows += ["PV1|1|O|||||%s|%s" % (doctor, doctor)]
    if kind[:3] == "ORU":
        rows += [
            "ORC|RE||26-%d" % rng.randrange(10**6),
            "OBR|1||26-1|24331-1^Lipids^LN|||20260310||||||||%s" % doctor,
        ]
        rows += obx_results(rng)
    elif kind[:3] in ("REF", "RRI", "MDM"):
        rows += ["TXA|1|CN|TX|202603111045"] if kind[:3] == "MDM" else []
        rows += obx_letter(letter(rng))
    elif kind[:3] == "ORM":
        rows += ["ORC|NW|REQ%d" % rng.randrange(10**6), "OBR|1|||FBC^Full blood count^L"]
    return end.join(rows) + end


def hl7_batch(rng, end="\r", count=None):
    """Several messages in one file."""
    messages = [
        hl7(rng, rng.choice(("ORU^R01", "ADT^A04")), end) for _ in range(count or rng.randrange(2, 6))
    ]
    return (
        end.join(["FHS|^~\\&|LAB|SITE", "BHS|^~\\&|LAB|SITE"])
        + end
        + "".join(messages)
        + "BTS|%d" % len(messages)
        + end
        + "FTS|1"
        + end
    )


# ---- PIT ----


def pit(rng):
    d = Doctor(rng)
    rows = ["001 V07 %s PATHOLOGY" % rng.choice(("QML", "DHM", "LAVERTY")), "010 %s" % d.provider]
    for _ in range(rng.randrange(1, 4)):
        p = Patient(rng)
        rows += [
            "100 Start Patient: %s" % p.record,
            "101 %s,%s,%s" % (p.surname.upper(), p.given, p.title),
            "102 %s" % p.street,
            "103 %s %s" % (p.suburb, p.postcode),
            "104 Birthdate: %s  Age: %d Y  Sex: %s" % (p.born("au"), p.age, p.sex),
            "105 Telephone: %s" % p.phone,
            "112 Medicare Number: %s" % p.card("plain"),
            "200 Start of Result:",
            "205 Name: %s" % rng.choice(("FULL BLOOD COUNT", "LIPID STUDIES")),
            "206 Requested: 10/03/2026",
            "211 Reported: 11/03/2026",
        ]
        rows += [
            "301 " + one
            for one in (
                note(rng).split("\n")[1:6]
                if rng.random() < 0.4
                else [
                    "Haemoglobin      %d g/L     (115 - 165)" % rng.randrange(90, 160),
                    "WCC              %.1f x10^9/L" % (rng.randrange(30, 150) / 10),
                ]
            )
        ]
        rows += ["390 End of Report", "199 End Patient"]
    return rng.choice(("\r\n", "\r\n", "\n")).join(rows + ["999 END OF LISTING", ""])


# ---- FHIR ----


def fhir_patient(rng, p):
    systems = [
        ("medicare-number", p.card(rng.choice(("plain", "irn")))),
        ("hi/ihi/1.0", p.ihi),
        ("dva", p.dva),
        ("centrelink-customer-reference-number", p.crn),
    ]
    picked = rng.sample(systems, rng.randrange(0, 3))
    return {
        "resourceType": "Patient",
        "id": "p" + p.record,
        "identifier": [
            {"type": {"coding": [{"code": "MC"}]}, "system": NS + system, "value": value}
            for system, value in picked
        ],
        "name": [{"use": "official", "family": p.surname, "given": [p.given, p.middle]}],
        "telecom": [{"system": "phone", "value": p.mobile}],
        "gender": {"F": "female", "M": "male"}[p.sex],
        "birthDate": p.born("iso"),
        "address": [
            {"line": [p.street], "city": p.suburb, "state": p.state, "postalCode": p.postcode}
        ],
    }


def fhir_clinical(rng, p):
    ref = {"reference": "Patient/p" + p.record}
    code, text, unit, value = rng.choice(LOINC)
    snomed, problem = rng.choice(SNOMED)
    concept = {
        "coding": [{"system": "http://snomed.info/sct", "code": snomed, "display": problem}],
        "text": problem,
    }
    return rng.choice(
        (
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}]},
                "subject": ref,
                "effectiveDateTime": "2026-03-11",
                "valueQuantity": {"value": value, "unit": unit},
            },
            {"resourceType": "Condition", "code": concept, "subject": ref, "onsetDateTime": "2019"},
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "intent": "order",
                "subject": ref,
                "medicationCodeableConcept": {"text": rng.choice(MEDICINES)},
                "authoredOn": "2026-03-11",
            },
            {"resourceType": "AllergyIntolerance", "patient": ref, "code": {"text": "Penicillin"}},
            {
                "resourceType": "Immunization",
                "status": "completed",
                "patient": ref,
                "vaccineCode": {"text": "Influenza"},
                "occurrenceDateTime": "2026-04-02",
            },
            {
                "resourceType": "Encounter",
                "status": "finished",
                "class": {"code": "AMB"},
                "subject": ref,
            },
        )
    )


def fhir_json(rng):
    p = Patient(rng)
    kind = rng.randrange(3)
    if kind == 0:
        return json.dumps(
            fhir_patient(rng, p), indent=rng.choice((None, 2)), ensure_ascii=rng.random() < 0.5
        )
    if kind == 1:
        one = fhir_clinical(rng, p)
        if rng.random() < 0.5:
            one = dict(list(one.items())[1:] + [("resourceType", one["resourceType"])])
        return json.dumps(one)
    entries = [fhir_patient(rng, p)] + [fhir_clinical(rng, p) for _ in range(rng.randrange(1, 8))]
    return json.dumps(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"fullUrl": "urn:uuid:%d" % number, "resource": one}
                for number, one in enumerate(entries)
            ],
        }
    )


def fhir_ndjson(rng, count=None):
    p = Patient(rng)
    rows = [fhir_patient(rng, p)] + [
        fhir_clinical(rng, p) for _ in range(count or rng.randrange(2, 10))
    ]
    return "\n".join(json.dumps(one) for one in rows) + "\n"


def escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def to_xml(name, value):
    """FHIR's XML from its JSON (HL7 FHIR R4, section "XML")."""
    if isinstance(value, list):
        return "".join(to_xml(name, one) for one in value)
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else value
        return '<%s value="%s"/>' % (name, escape(text))
    if "resourceType" in value:
        inner = "".join(to_xml(key, one) for key, one in value.items() if key != "resourceType")
        resource = '<%s xmlns="http://hl7.org/fhir">%s</%s>' % (
            value["resourceType"],
            inner,
            value["resourceType"],
        )
        return "<%s>%s</%s>" % (name, resource, name) if name else resource
    return "<%s>%s</%s>" % (name, "".join(to_xml(key, one) for key, one in value.items()), name)


def fhir_xml(rng):
    return '<?xml version="1.0" encoding="UTF-8"?>' + to_xml("", json.loads(fhir_json(rng)))


# ---- CDA ----


def cda(rng):
    p, d = Patient(rng), Doctor(rng)
    code, title = rng.choice(
        (
            ("60591-5", "Shared Health Summary"),
            ("34133-9", "Event Summary"),
            ("18842-5", "Discharge Summary"),
            ("57133-1", "e-Referral"),
        )
    )
    number = rng.choice(
        (
            '<id root="1.2.36.1.2001.1003.0.%s" assigningAuthorityName="IHI"/>' % p.ihi,
            '<id root="1.2.36.1.5001.1.0.7.1" extension="%s"/>' % p.card("irn"),
            '<id root="2.16.840.1.113883.19.5" extension="%s"/>' % p.record,
        )
    )
    body = "".join("<paragraph>%s</paragraph>" % escape(one) for one in rng.sample(FINDINGS, 2))
    rows = "".join("<tr><td>%s</td></tr>" % escape(one) for one in rng.sample(PROBLEMS, 3))
    head = rng.choice(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', '\ufeff<?xml version="1.0"?>', "")
    )
    return (
        head
        + """<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:ext="http://ns.electronichealth.net.au/Ci/Cda/Extensions/3.0">
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><templateId root="1.2.36.1.2001.1001.101.100.1002.237"/>
<id root="1.2.36.1.2001.1005.%d"/><code code="%s" codeSystem="2.16.840.1.113883.6.1"/><title>%s</title>
<effectiveTime value="20260311104500+1000"/><recordTarget typeCode="RCT"><patientRole classCode="PAT">%s
<addr use="H"><streetAddressLine>%s</streetAddressLine><city>%s</city><state>%s</state><postalCode>%s</postalCode></addr>
<telecom value="tel:%s"/><patient><name use="L"><prefix>%s</prefix><given>%s</given><family>%s</family></name>
<administrativeGenderCode code="%s" codeSystem="2.16.840.1.113883.13.68"/><birthTime value="%s"/></patient></patientRole>
</recordTarget><author><assignedAuthor><id root="1.2.36.1.2001.1003.0.%s"/><assignedPerson><name><given>%s</given>
<family>%s</family></name></assignedPerson></assignedAuthor></author><component><structuredBody><component><section>
<title>Problems</title><text>%s<table><tbody>%s</tbody></table></text></section></component></structuredBody></component>
</ClinicalDocument>
"""
        % (
            rng.randrange(10**6),
            code,
            title,
            number,
            escape(p.street),
            p.suburb,
            p.state,
            p.postcode,
            p.mobile,
            p.title,
            escape(p.given),
            escape(p.surname),
            p.sex,
            p.born("hl7"),
            d.hpi_i,
            escape(d.given),
            escape(d.surname),
            body,
            rows,
        )
    )


# ---- prescriptions and claims ----


def prescription(rng):
    p, d = Patient(rng), Doctor(rng)
    scid = "".join(rng.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(18))
    return """<?xml version="1.0" encoding="utf-8"?>
<ePrescription xmlns="http://www.erx.com.au/schema/30.0" Version="3.0"><SCID>%s</SCID><ETPIdentifiers><Patient>%s</Patient>
</ETPIdentifiers><Prescriber><PrescriberFamilyName>%s</PrescriberFamilyName><PrescriberNumber>2603485</PrescriberNumber>
</Prescriber><Patient><PatientFamilyName>%s</PatientFamilyName><PatientFirstName>%s</PatientFirstName>
<PatientBirthDate>%s</PatientBirthDate><PatientMedicareNumber>%s</PatientMedicareNumber><PatientAddressLine1>%s
</PatientAddressLine1></Patient><Item><GenericName>%s</GenericName><PBSItemCode>8254K</PBSItemCode><Repeats>5</Repeats>
</Item></ePrescription>""" % (
        scid,
        p.ihi,
        escape(d.surname),
        escape(p.surname),
        escape(p.given),
        p.born("iso"),
        p.card("irn"),
        escape(p.street),
        escape(rng.choice(MEDICINES)),
    )


def token_mail(rng):
    """The message with which a prescription's token reaches a patient."""
    p = Patient(rng)
    token = "".join(rng.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(18))
    return (
        "%s, here is your eScript for %s: https://ausscripts.erx.com.au/scripts/%s Keep this message.\n"
        % (p.given, rng.choice(MEDICINES).split()[0].upper(), token)
    )


def claim_json(rng):
    p, d = Patient(rng), Doctor(rng)
    medicare = {"memberNumber": p.medicare, "memberRefNumber": p.irn}
    patient = {
        "identity": {
            "dateOfBirth": p.born("iso"),
            "familyName": p.surname,
            "givenName": p.given,
            "sex": p.sex,
        }
    }
    service = {
        "id": "0001",
        "itemNumber": rng.choice(("23", "36", "721", "5020")),
        "chargeAmount": "4215",
    }
    return json.dumps(
        rng.choice(
            (
                {
                    "claim": {
                        "serviceTypeCode": "O",
                        "serviceProvider": {"providerNumber": d.provider},
                        "medicalEvent": [
                            {
                                "id": "01",
                                "authorisationDate": "2026-03-11",
                                "patient": dict(patient, medicare=medicare),
                                "service": [service],
                            }
                        ],
                    }
                },
                {
                    "correlationId": "urn:uuid:%d" % rng.randrange(10**12),
                    "patient": dict(patient, dva={"veteranNumber": p.dva}),
                },
                {
                    "individual": {
                        "personalDetails": patient["identity"],
                        "medicareCard": {"medicareCardNumber": p.medicare, "medicareIRN": p.irn},
                    },
                    "encounters": [
                        {
                            "id": "1",
                            "dateOfService": "11032026",
                            "episodes": [{"vaccineCode": "FLUVAX", "vaccineDose": "1"}],
                        }
                    ],
                },
            )
        )
    )


def claim_soap(rng):
    p, d = Patient(rng), Doctor(rng)
    return """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header/><soapenv:Body>
<mcl:BulkBillClaimRequest xmlns:mcl="http://hic.gov.au/hiconline/hiconline-claims"><mcl:ServicingProviderNum>%s
</mcl:ServicingProviderNum><mcl:PatientFamilyName>%s</mcl:PatientFamilyName><mcl:PatientFirstName>%s
</mcl:PatientFirstName><mcl:PatientDateOfBirth>%s</mcl:PatientDateOfBirth><mcl:PatientMedicareCardNum>%s
</mcl:PatientMedicareCardNum><mcl:PatientReferenceNum>%s</mcl:PatientReferenceNum><mcl:ItemNum>23</mcl:ItemNum>
</mcl:BulkBillClaimRequest></soapenv:Body></soapenv:Envelope>""" % (
        d.provider,
        escape(p.surname),
        escape(p.given),
        p.born("hl7"),
        p.medicare,
        p.irn,
    )


def booking_json(rng):
    """What a booking or recall program posts: keys of its own making."""
    p, d = Patient(rng), Doctor(rng)
    keys = rng.choice(
        (
            ("firstName", "lastName", "dob", "mobile", "medicareNumber"),
            ("first_name", "surname", "date_of_birth", "phone", "medicare_no"),
            ("GivenName", "FamilyName", "BirthDate", "MobilePhone", "MedicareCardNumber"),
        )
    )
    values = (
        p.given,
        p.surname,
        p.born(rng.choice(("iso", "au"))),
        p.mobile,
        p.card(rng.choice(CARD_STYLES)),
    )
    patient = dict(zip(keys, values))
    if rng.random() < 0.3:
        del patient[keys[4]]
    return json.dumps(
        rng.choice(
            (
                {"patient": patient, "appointment": {"time": "2026-03-14T09:15", "with": d.name}},
                {"data": {"attributes": patient}},
                patient,
            )
        ),
        ensure_ascii=False,
    )


# ---- tables ----

COLUMNS = (
    (
        (
            "PatientID",
            "Surname",
            "FirstName",
            "DOB",
            "MedicareNo",
            "MedicareLineNo",
            "Phone",
            "Address",
        ),
        "au",
    ),
    (
        (
            "ur_no",
            "last_name",
            "given_name",
            "date_of_birth",
            "medicare",
            "irn",
            "mobile",
            "street",
        ),
        "iso",
    ),
    (
        (
            "Id",
            "Family Name",
            "Given Names",
            "Birth Date",
            "Medicare Number",
            "IRN",
            "Contact",
            "Residence",
        ),
        "short",
    ),
    (
        (
            "INTERNALID",
            "SURNAME",
            "FIRSTNAME",
            "DOB",
            "MEDICARENO",
            "MEDICARELINENO",
            "MOBILEPHONE",
            "ADDRESS1",
        ),
        "iso",
    ),
)


def people_rows(rng, count=None):
    columns, style = rng.choice(COLUMNS)
    rows = []
    for _ in range(count or rng.randrange(6, 60)):
        p = Patient(rng)
        rows.append(
            (p.record, p.surname, p.given, p.born(style), p.medicare, p.irn, p.mobile, p.street)
        )
    return list(columns), rows


def patient_csv(rng, count=None):
    columns, rows = people_rows(rng, count)
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=rng.choice(",,,;\t|"),
        lineterminator=rng.choice(("\r\n", "\n")),
        quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    )
    if rng.random() < 0.85:
        writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


def result_csv(rng):
    """Results with the patient in every row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("Patient", "DOB", "Medicare", "Test", "Result", "Units", "Date"))
    for _ in range(rng.randrange(5, 40)):
        p = Patient(rng)
        code, text, unit, value = rng.choice(LOINC)
        writer.writerow(
            (
                "%s, %s" % (p.surname, p.given),
                p.born("au"),
                p.card("spaced"),
                text,
                value,
                unit,
                "11/03/2026",
            )
        )
    return out.getvalue()


def fixed_width(rng):
    """Medical Director's "Generic ASCII v2" in its order of columns, or another of that kind."""
    widths = (9, 5, 30, 30, 10, 30, 20, 4, 10, 12, 1)
    rows = []
    for number in range(rng.randrange(10, 60)):
        p = Patient(rng)
        cells = (
            number + 1,
            p.title,
            p.surname,
            p.given,
            p.born("au"),
            p.street,
            p.suburb,
            p.postcode,
            p.record,
            p.card("irn"),
            p.sex,
        )
        rows.append("".join(str(cell)[:width].ljust(width) for cell, width in zip(cells, widths)))
    return "\r\n".join(rows) + "\r\n"


def quote(value):
    return "'" + str(value).replace("'", "''") + "'"


def sql_dump(rng, count=None):
    columns, rows = people_rows(rng, count)
    columns = [one.replace(" ", "_") for one in columns]
    kind = rng.randrange(3)
    if kind == 0:  # one statement a row, as SQL Server scripts it
        head = "USE [BPSPatients]\nGO\nSET IDENTITY_INSERT [dbo].[PATIENTS] ON\n"
        return head + "".join(
            "INSERT [dbo].[PATIENTS] ([%s]) VALUES (%s)\n"
            % ("], [".join(columns), ", ".join("N" + quote(one) for one in row))
            for row in rows
        )
    if kind == 1:  # many rows in one, as mysqldump writes it
        return (
            "-- MySQL dump 10.13\n\nCREATE TABLE `patient` (\n%s\n);\nINSERT INTO `patient` VALUES %s;\n"
            % (
                ",\n".join("  `%s` varchar(64)" % one for one in columns),
                ",".join(
                    "(" + ",".join(quote(one).replace("''", "\\'") for one in row) + ")"
                    for row in rows
                ),
            )
        )
    return (
        "--\n-- PostgreSQL database dump\n--\n\nCOPY public.patient (%s) FROM stdin;\n%s\n\\.\n"
        % (", ".join(columns), "\n".join("\t".join(str(one) for one in row) for row in rows))
    )
