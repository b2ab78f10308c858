"""Letters, notes and transcripts about invented patients, each put together from many sentences.

letter(rng) and its kin give plain text with \\n for line ends. Who a letter is about is written
as practices do: a line "Re:", an opening sentence, a label block or a footer, with or without
numbers.
"""

from persons import CARD_STYLES, DATE_STYLES, Doctor, Patient, date_text

PROBLEMS = """hypertension|type 2 diabetes mellitus|asthma|osteoarthritis of the right knee|gastro-oesophageal
reflux|atrial fibrillation|chronic kidney disease stage 3a|depression|generalised anxiety disorder|COPD|
hypothyroidism|ischaemic heart disease|migraine with aura|plantar fasciitis|polycystic ovary syndrome|
psoriasis|rheumatoid arthritis|iron deficiency anaemia|gout|benign prostatic hyperplasia|endometriosis|
obstructive sleep apnoea|a basal cell carcinoma of the left temple|recurrent urinary tract infections|
diverticular disease|carpal tunnel syndrome|hyperlipidaemia|osteoporosis|heart failure|eczema"""
PROBLEMS = [one.strip() for one in PROBLEMS.replace("\n", " ").split("|")]
MEDICINES = """metformin XR 1 g nocte|perindopril 5 mg mane|atorvastatin 40 mg daily|apixaban 5 mg bd|
salbutamol 100 mcg inhaler prn|esomeprazole 20 mg daily|sertraline 50 mg mane|thyroxine 75 mcg daily|
amlodipine 5 mg|paracetamol osteo 1330 mg tds|allopurinol 300 mg daily|amoxicillin 500 mg tds for 5 days|
prednisolone 25 mg daily for five days|methotrexate 10 mg weekly|folic acid 5 mg weekly|
denosumab 60 mg every six months|budesonide/formoterol 200/6 two puffs bd|mirtazapine 15 mg nocte|
frusemide 40 mg mane|bisoprolol 2.5 mg|empagliflozin 10 mg daily|semaglutide 0.5 mg weekly|
tapentadol SR 50 mg bd|levonorgestrel IUD|cephalexin 500 mg qid"""
MEDICINES = [one.strip() for one in MEDICINES.replace("\n", " ").split("|")]
FINDINGS = """blood pressure was 148/92|BP 126/78, pulse 72 regular|her chest was clear|abdomen soft and
non-tender|HbA1c was 7.9%|eGFR 54 mL/min/1.73m2, potassium 4.6 mmol/L|LDL cholesterol 3.1 mmol/L|
ferritin 9 ug/L with Hb 104 g/L|TSH 6.2 mIU/L|there was a soft systolic murmur|range of motion was limited
to 90 degrees of flexion|a 6 mm pearly papule with telangiectasia|PHQ-9 score of 14|oxygen saturation 95%
on room air|spirometry showed mild reversible obstruction|weight 94 kg, BMI 31|no focal neurological signs|
X-ray showed medial joint space narrowing|the ECG showed sinus rhythm|PSA 3.4 ug/L|MRI lumbar spine showed an
L4/5 disc protrusion|urine MCS grew E. coli sensitive to trimethoprim"""
FINDINGS = [one.strip() for one in FINDINGS.replace("\n", " ").split("|")]
COMPLAINTS = """a three week history of cough|intermittent chest tightness on exertion|worsening knee pain|
low mood and poor sleep|tiredness|lower back pain radiating to the left leg|a changing mole|heavy periods|
recurrent headaches|shortness of breath on stairs|burning epigastric pain|tingling in both hands|
a fall at home|dizziness on standing|a rash on both forearms|palpitations at night|weight gain"""
COMPLAINTS = [one.strip() for one in COMPLAINTS.replace("\n", " ").split("|")]
PLANS = """I have commenced {m}.|I would be grateful for your opinion and management.|Please continue {m}.|
We discussed diet and exercise.|I have arranged an echocardiogram.|Review in six weeks with repeat bloods.|
I have ceased {m} because of side effects.|She will be listed for arthroscopy.|A referral to physiotherapy
has been made.|Could you please repeat the full blood count in a month.|I have asked for an ultrasound.|
A mental health care plan was completed.|He was advised to present to emergency if symptoms worsen.|
I have increased the dose of {m}.|Biopsy was performed under local anaesthetic.|We will see how things go."""
PLANS = [one.strip() for one in PLANS.replace("\n", " ").split("|")]


def sentence_case(text):
    return text[0].upper() + text[1:]


def pronouns(p):
    return {"F": ("She", "she", "her"), "M": ("He", "he", "his")}[p.sex]


def of_sex(p, text):
    """Sentences are written about a woman or a man; mends the few that are."""
    if p.sex == "F":
        return text.replace("He was", "She was")
    return text.replace("She will", "He will").replace("her chest", "his chest")


def history(rng, p):
    upper, lower, _ = pronouns(p)
    problems = rng.sample(PROBLEMS, rng.randrange(2, 5))
    lines = rng.choice(
        (
            [
                "%s has a background of %s."
                % (upper, ", ".join(problems[:-1]) + " and " + problems[-1])
            ],
            ["Past history:"] + ["- " + sentence_case(one) for one in problems],
            ["PMHx: " + "; ".join(problems)],
            [
                "%s past medical history includes %s."
                % (sentence_case(pronouns(p)[2]), " and ".join(problems))
            ],
        )
    )
    medicines = rng.sample(MEDICINES, rng.randrange(2, 5))
    lines += rng.choice(
        (
            ["Current medications:"] + medicines,
            ["%s takes %s." % (upper, ", ".join(medicines))],
            [
                "Medications: " + ", ".join(medicines) + ".",
                "Allergies: " + rng.choice(("nil known", "penicillin (rash)", "NKDA")),
            ],
            [],
        )
    )
    if rng.random() < 0.7:
        lines.append(
            "On examination %s%s."
            % (
                rng.choice(("", "today ", lower + " looked well and ")),
                of_sex(p, rng.choice(FINDINGS)),
            )
        )
    return lines


def plan(rng, p):
    picked = rng.sample(PLANS, rng.randrange(1, 4))
    return [of_sex(p, one.format(m=rng.choice(MEDICINES))) for one in picked]


def label_block(rng, p):
    """How the top of a letter says who it is about: lines."""
    dob = p.born(rng.choice(DATE_STYLES))
    number = rng.choice(
        (
            "",
            "",
            "Medicare: " + p.card(rng.choice(CARD_STYLES)),
            "Medicare No. " + p.card(rng.choice(CARD_STYLES)),
            "IHI: " + p.ihi,
            "DVA: " + p.dva,
            "MRN: " + p.record,
            "UR " + p.record,
        )
    )
    name = rng.choice(
        (
            p.name,
            "%s, %s" % (p.surname.upper(), p.given),
            p.title + " " + p.name,
            "%s %s %s" % (p.given, p.middle, p.surname.upper()),
        )
    )
    sep = rng.choice((", ", "  ", "   ", "\n"))
    word = rng.choice(("DOB", "D.O.B.", "Date of Birth", "dob", "DOB:", "Date of birth:", "born"))
    parts = [
        "%s %s" % (word, dob),
        number,
        rng.choice(("", p.address)),
        rng.choice(("", "Ph: " + p.mobile)),
    ]
    rng.shuffle(parts)
    return (
        rng.choice(("RE: ", "Re: ", "re ", "Patient: ", "Regarding: ", "Name: "))
        + name
        + sep
        + sep.join(one for one in parts if one)
    ).split("\n")


def letterhead(rng, d):
    return [
        d.practice,
        rng.choice(("ABN 51 824 753 556", "Provider No. " + d.provider, "Tel " + d.phone)),
        "",
        rng.choice(
            (
                "",
                date_text(
                    2026, rng.randrange(1, 12), rng.randrange(1, 28), rng.choice(DATE_STYLES)
                ),
            )
        ),
        "",
    ]


def salutation(rng, d):
    return rng.choice(
        (
            "Dear %s," % d.name,
            "Dear Dr %s," % d.surname,
            "Dear Doctor,",
            "Dear Colleague,",
            "Hi %s," % d.given,
            "Dear %s" % d.given,
        )
    )


def opening(rng, p):
    what = rng.choice(COMPLAINTS)
    upper, lower, _ = pronouns(p)
    person = "%s %s" % (p.title, p.surname)
    return rng.choice(
        (
            "Thank you for seeing %s, a %d year old %s with %s."
            % (p.name, p.age, {"F": "woman", "M": "man"}[p.sex], what),
            "Thank you for referring %s, whom I reviewed today regarding %s." % (person, what),
            "I reviewed %s in the clinic on %s. %s presents with %s."
            % (
                p.given,
                date_text(2026, 3, rng.randrange(1, 28), rng.choice(DATE_STYLES)),
                upper,
                what,
            ),
            "I would appreciate your assessment of this %d y.o. %s who has had %s."
            % (p.age, {"F": "female", "M": "male"}[p.sex], what),
            "Many thanks for asking me to see %s about %s." % (p.given, what),
            "%s was admitted on %s with %s and was discharged home yesterday."
            % (person, date_text(2026, 5, rng.randrange(1, 28), rng.choice(DATE_STYLES)), what),
        )
    )


def close(rng, d):
    return [
        "",
        rng.choice(
            ("Kind regards,", "Yours sincerely,", "With thanks,", "Regards", "Many thanks,")
        ),
        "",
        d.name,
        rng.choice(("", "Provider number " + d.provider, "MBBS FRACGP", "Consultant Physician")),
    ]


def letter(rng):
    """A referral, a specialist's answer or a discharge letter."""
    p, author, reader = Patient(rng), Doctor(rng), Doctor(rng)
    lines = letterhead(rng, author) + [salutation(rng, reader), ""] + label_block(rng, p) + [""]
    if rng.random() < 0.3:  # the label stands above the salutation
        lines = letterhead(rng, author) + label_block(rng, p) + ["", salutation(rng, reader), ""]
    body = [opening(rng, p), ""] + history(rng, p) + [""] + plan(rng, p)
    return "\n".join(lines + body + close(rng, author)) + "\n"


def note(rng):
    """A consultation note, as it is copied out of a clinical package or sent to a colleague."""
    p, d = Patient(rng), Doctor(rng)
    head = rng.choice(
        (
            ["%s  DOB %s  %s" % (p.name, p.born("au"), rng.choice(("", "MRN " + p.record)))],
            label_block(rng, p),
            [
                "Patient Name: %s" % p.name,
                "Date of Birth: %s" % p.born("au"),
                "Sex: " + p.sex,
                "Record No: " + p.record,
            ],
        )
    )
    body = rng.choice(
        (
            [
                "S: %s" % rng.choice(COMPLAINTS),
                "O: %s" % rng.choice(FINDINGS),
                "A: " + rng.choice(PROBLEMS),
                "P: " + rng.choice(MEDICINES),
            ],
            ["Reason for visit: " + rng.choice(COMPLAINTS), "History:"]
            + history(rng, p)
            + ["Plan:"]
            + plan(rng, p),
            [
                "Presenting complaint - %s." % rng.choice(COMPLAINTS),
                "O/E " + rng.choice(FINDINGS),
                "Dx: " + rng.choice(PROBLEMS),
                "Rx: " + rng.choice(MEDICINES),
            ],
        )
    )
    return "\n".join(head + [""] + body + ["", d.name]) + "\n"


def summary(rng):
    """A health summary: headings and lists."""
    p, d = Patient(rng), Doctor(rng)
    lines = (
        [
            "PATIENT HEALTH SUMMARY",
            "",
            "Name: " + p.name,
            "Address: " + p.address,
            "D.O.B.: " + p.born(rng.choice(DATE_STYLES)),
            rng.choice(
                ("Medicare No.: " + p.card(rng.choice(CARD_STYLES)), "Home Phone: " + p.phone)
            ),
            "",
            "Current Medications:",
        ]
        + rng.sample(MEDICINES, 4)
        + ["", "Past History:"]
    )
    for problem in rng.sample(PROBLEMS, 4):
        lines.append(
            "%02d/%d  %s"
            % (rng.randrange(1, 13), rng.randrange(1998, 2026), sentence_case(problem))
        )
    lines += [
        "",
        "Immunisations:",
        "12/04/2025  Influenza vaccine",
        "03/06/2024  dTpa",
        "",
        d.name,
        d.practice,
    ]
    return "\n".join(lines) + "\n"


QUESTIONS = """What brings you in today?|How long has that been going on?|Any fevers?|Are you taking anything for
it?|Do you smoke at all?|Does it wake you at night?|Any family history of heart disease?|Let me check your blood
pressure.|Any allergies to medications?|How is your mood?|Have you noticed any weight loss?|Just breathe in for
me.|Is the pain there all the time?|Have you had your flu shot this year?|Are you still on the {m}?"""
QUESTIONS = [one.strip() for one in QUESTIONS.replace("\n", " ").split("|")]
ANSWERS = """I've had {c} for a while now.|About two weeks, maybe three.|No, nothing like that.|Just Panadol when it
gets bad.|I gave up smoking five years ago.|My mum had {p}.|Yeah, the pain is worse in the mornings.|I ran out of
the {m} last month.|It comes and goes, doctor.|I've been feeling pretty tired.|I think I'm allergic to penicillin.|
My chest feels tight when I walk up the hill.|I haven't been sleeping well.|The tablets make me feel sick."""
ANSWERS = [one.strip() for one in ANSWERS.replace("\n", " ").split("|")]
VERDICTS = """I think this is most likely {p}.|Your blood test shows the {p} is a bit worse.|I'd like to start you on {m}.|
I'll write you a script for {m}.|Let's get a chest X-ray and some bloods.|I'll refer you to a specialist.|Come back
in two weeks so we can repeat your blood pressure.|Your HbA1c has come down to seven point two."""
VERDICTS = [one.strip() for one in VERDICTS.replace("\n", " ").split("|")]


def transcript(rng):
    """A consultation as an AI scribe writes it down; a third of them name the patient."""
    p, d = Patient(rng), Doctor(rng)
    doctor, patient = rng.choice(
        (
            ("Doctor", "Patient"),
            ("GP", "Pt"),
            ("Speaker 1", "Speaker 2"),
            ("Dr " + d.surname, p.given),
            ("Clinician", "Patient"),
        )
    )
    turns, seconds = [], rng.randrange(3, 20)
    if rng.random() < 0.35:
        turns += [
            (doctor, "Can I just confirm your name and date of birth?"),
            (patient, "%s, %s." % (p.name, p.born("words"))),
        ]
    fill = {}
    for _ in range(rng.randrange(8, 20)):
        fill = {
            "m": rng.choice(MEDICINES).split()[0],
            "c": rng.choice(COMPLAINTS),
            "p": rng.choice(PROBLEMS),
        }
        turns += [
            (doctor, rng.choice(QUESTIONS).format(**fill)),
            (patient, rng.choice(ANSWERS).format(**fill)),
        ]
    turns += [(doctor, one.format(**fill)) for one in rng.sample(VERDICTS, 2)]
    stamp = rng.choice((False, True))
    lines = []
    for who, said in turns:
        seconds += rng.randrange(2, 12)
        lines.append(
            ("[%02d:%02d] " % (seconds // 60, seconds % 60) if stamp else "") + who + ": " + said
        )
    return "\n".join(lines) + "\n"


def scribe_note(rng):
    """What a scribe makes of it: a note in prose with a name in half of them."""
    p = Patient(rng)
    upper, _, _ = pronouns(p)
    who = rng.choice((p.name, "The patient", "Patient", "%s %s" % (p.title, p.surname)))
    lines = [
        "Consultation Note",
        "",
        "%s is a %d-year-old %s who presented with %s."
        % (who, p.age, {"F": "female", "M": "male"}[p.sex], rng.choice(COMPLAINTS)),
    ]
    lines += (
        history(rng, p) + ["", "Assessment: %s" % rng.choice(PROBLEMS), "", "Plan:"] + plan(rng, p)
    )
    return "\n".join(lines) + "\n"


def message(rng):
    """A short message to a patient or between staff, with the patient's particulars."""
    p, d = Patient(rng), Doctor(rng)
    return rng.choice(
        (
            "Hi %s, your recent blood test showed %s. Please book with Dr %s to discuss. %s %s\n"
            % (p.given, rng.choice(FINDINGS), d.surname, d.practice, d.phone),
            "Hi team, can someone please call %s (DOB %s, ph %s) re %s - %s wants to start %s.\n"
            % (
                p.name,
                p.born("au"),
                p.mobile,
                rng.choice(COMPLAINTS),
                d.name,
                rng.choice(MEDICINES),
            ),
            "%s DOB %s needs a repeat script for %s, last seen for %s. Medicare %s.\n"
            % (
                p.name,
                p.born("au"),
                rng.choice(MEDICINES),
                rng.choice(PROBLEMS),
                p.card(rng.choice(CARD_STYLES)),
            ),
        )
    )


LETTERS = ((letter, 6), (note, 2), (summary, 2), (message, 1))
SPOKEN = ((transcript, 2), (scribe_note, 1))


def draw(rng, table):
    return rng.choices([one for one, _ in table], [weight for _, weight in table])[0](rng)
