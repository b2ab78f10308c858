#include "decode/dicom_element.h"

#include <string.h>

#include "base/status.h"

#define CHAIN_EXPLICIT   2          /* elements in a row: each has two letters of a closed list */
#define CHAIN_IMPLICIT   3          /* and these have only tag and length */
#define CHAIN_LENGTH_MAX (1u << 16) /* what stands at the front of a data set is short */

/* PS3.5 table 6.2-1 and section 7.1.2. */
static const struct dicom_vr vrs[] = {
        {"AE", DICOM_TEXT, false, false},
        {"AS", DICOM_TEXT, false, true},
        {"AT", DICOM_NUMBER, false, false},
        {"CS", DICOM_TEXT, false, true},
        {"DA", DICOM_TEXT, false, true},
        {"DS", DICOM_TEXT, false, false},
        {"DT", DICOM_TEXT, false, true},
        {"FD", DICOM_NUMBER, false, false},
        {"FL", DICOM_NUMBER, false, false},
        {"IS", DICOM_TEXT, false, false},
        {"LO", DICOM_TEXT, false, true},
        {"LT", DICOM_TEXT, false, false},
        {"OB", DICOM_BYTES, true, false},
        {"OD", DICOM_BYTES, true, false},
        {"OF", DICOM_BYTES, true, false},
        {"OL", DICOM_BYTES, true, false},
        {"OV", DICOM_BYTES, true, false},
        {"OW", DICOM_BYTES, true, false},
        {"PN", DICOM_TEXT, false, true},
        {"SH", DICOM_TEXT, false, true},
        {"SL", DICOM_NUMBER, false, false},
        {"SQ", DICOM_SEQUENCE, true, false},
        {"SS", DICOM_NUMBER, false, false},
        {"ST", DICOM_TEXT, false, false},
        {"SV", DICOM_NUMBER, true, false},
        {"TM", DICOM_TEXT, false, true},
        {"UC", DICOM_TEXT, true, true},
        {"UI", DICOM_TEXT, false, false},
        {"UL", DICOM_NUMBER, false, false},
        {"UN", DICOM_UNKNOWN, true, false},
        {"UR", DICOM_TEXT, true, false},
        {"US", DICOM_NUMBER, false, false},
        {"UT", DICOM_TEXT, true, false},
        {"UV", DICOM_NUMBER, true, false},
};

struct known_tag {
	uint32_t tag;
	char vr[3];
	const char *keyword; /* NULL: only its representation matters */
};

#define KNOWN(group, element, vr, keyword)                                                         \
	{                                                                                          \
		DICOM_TAG(group, element), vr, keyword                                             \
	}

/* In ascending order. */
static const struct known_tag known_tags[] = {
        KNOWN(0x0002, 0x0001, "OB", NULL),
        KNOWN(0x0002, 0x0002, "UI", NULL),
        KNOWN(0x0002, 0x0003, "UI", NULL),
        KNOWN(0x0002, 0x0010, "UI", NULL),
        KNOWN(0x0004, 0x1220, "SQ", NULL),
        KNOWN(0x0008, 0x0005, "CS", NULL),
        KNOWN(0x0008, 0x0008, "CS", NULL),
        KNOWN(0x0008, 0x0012, "DA", NULL),
        KNOWN(0x0008, 0x0013, "TM", NULL),
        KNOWN(0x0008, 0x0014, "UI", NULL),
        KNOWN(0x0008, 0x0016, "UI", NULL),
        KNOWN(0x0008, 0x0018, "UI", NULL),
        KNOWN(0x0008, 0x0020, "DA", "StudyDate"),
        KNOWN(0x0008, 0x0021, "DA", NULL),
        KNOWN(0x0008, 0x0023, "DA", NULL),
        KNOWN(0x0008, 0x0030, "TM", NULL),
        KNOWN(0x0008, 0x0050, "SH", "AccessionNumber"),
        KNOWN(0x0008, 0x0052, "CS", NULL),
        KNOWN(0x0008, 0x0054, "AE", NULL),
        KNOWN(0x0008, 0x0056, "CS", NULL),
        KNOWN(0x0008, 0x0060, "CS", "Modality"),
        KNOWN(0x0008, 0x0064, "CS", NULL),
        KNOWN(0x0008, 0x0070, "LO", "Manufacturer"),
        KNOWN(0x0008, 0x0080, "LO", "InstitutionName"),
        KNOWN(0x0008, 0x0081, "ST", "InstitutionAddress"),
        KNOWN(0x0008, 0x0090, "PN", "ReferringPhysicianName"),
        KNOWN(0x0008, 0x0092, "ST", "ReferringPhysicianAddress"),
        KNOWN(0x0008, 0x0094, "SH", "ReferringPhysicianTelephoneNumbers"),
        KNOWN(0x0008, 0x009c, "PN", "ConsultingPhysicianName"),
        KNOWN(0x0008, 0x0100, "SH", NULL),
        KNOWN(0x0008, 0x0104, "LO", "CodeMeaning"),
        KNOWN(0x0008, 0x1010, "SH", "StationName"),
        KNOWN(0x0008, 0x1030, "LO", "StudyDescription"),
        KNOWN(0x0008, 0x103e, "LO", "SeriesDescription"),
        KNOWN(0x0008, 0x1048, "PN", "PhysiciansOfRecord"),
        KNOWN(0x0008, 0x1050, "PN", "PerformingPhysicianName"),
        KNOWN(0x0008, 0x1060, "PN", "NameOfPhysiciansReadingStudy"),
        KNOWN(0x0008, 0x1070, "PN", "OperatorsName"),
        KNOWN(0x0008, 0x1080, "LO", "AdmittingDiagnosesDescription"),
        KNOWN(0x0008, 0x1140, "SQ", NULL),
        KNOWN(0x0008, 0x4000, "LT", "IdentifyingComments"),
        KNOWN(0x0010, 0x0010, "PN", "PatientName"),
        KNOWN(0x0010, 0x0020, "LO", "PatientID"),
        KNOWN(0x0010, 0x0021, "LO", "IssuerOfPatientID"),
        KNOWN(0x0010, 0x0030, "DA", "PatientBirthDate"),
        KNOWN(0x0010, 0x0032, "TM", NULL),
        KNOWN(0x0010, 0x0040, "CS", "PatientSex"),
        KNOWN(0x0010, 0x0050, "SQ", NULL),
        KNOWN(0x0010, 0x1000, "LO", "OtherPatientIDs"),
        KNOWN(0x0010, 0x1001, "PN", "OtherPatientNames"),
        KNOWN(0x0010, 0x1002, "SQ", NULL),
        KNOWN(0x0010, 0x1005, "PN", "PatientBirthName"),
        KNOWN(0x0010, 0x1010, "AS", "PatientAge"),
        KNOWN(0x0010, 0x1040, "LO", "PatientAddress"),
        KNOWN(0x0010, 0x1050, "LO", "InsurancePlanIdentification"),
        KNOWN(0x0010, 0x1060, "PN", "PatientMotherBirthName"),
        KNOWN(0x0010, 0x1090, "LO", "MedicalRecordLocator"),
        KNOWN(0x0010, 0x2000, "LO", "MedicalAlerts"),
        KNOWN(0x0010, 0x2110, "LO", "Allergies"),
        KNOWN(0x0010, 0x2154, "SH", "PatientTelephoneNumbers"),
        KNOWN(0x0010, 0x2155, "LT", "PatientTelecomInformation"),
        KNOWN(0x0010, 0x2160, "SH", "EthnicGroup"),
        KNOWN(0x0010, 0x2180, "SH", "Occupation"),
        KNOWN(0x0010, 0x21b0, "LT", "AdditionalPatientHistory"),
        KNOWN(0x0010, 0x2297, "PN", "ResponsiblePerson"),
        KNOWN(0x0010, 0x4000, "LT", "PatientComments"),
        KNOWN(0x0012, 0x0062, "CS", "PatientIdentityRemoved"),
        KNOWN(0x0018, 0x0010, "LO", NULL),
        KNOWN(0x0018, 0x0015, "CS", "BodyPartExamined"),
        KNOWN(0x0018, 0x1030, "LO", "ProtocolName"),
        KNOWN(0x0020, 0x000d, "UI", NULL),
        KNOWN(0x0020, 0x000e, "UI", NULL),
        KNOWN(0x0020, 0x0010, "SH", "StudyID"),
        KNOWN(0x0020, 0x4000, "LT", "ImageComments"),
        KNOWN(0x0032, 0x1030, "LO", "ReasonForStudy"),
        KNOWN(0x0032, 0x1032, "PN", "RequestingPhysician"),
        KNOWN(0x0032, 0x1060, "LO", "RequestedProcedureDescription"),
        KNOWN(0x0032, 0x4000, "LT", "StudyComments"),
        KNOWN(0x0038, 0x0010, "LO", "AdmissionID"),
        KNOWN(0x0038, 0x0300, "LO", "CurrentPatientLocation"),
        KNOWN(0x0038, 0x0500, "LO", "PatientState"),
        KNOWN(0x0040, 0x0006, "PN", "ScheduledPerformingPhysicianName"),
        KNOWN(0x0040, 0x0007, "LO", "ScheduledProcedureStepDescription"),
        KNOWN(0x0040, 0x0254, "LO", "PerformedProcedureStepDescription"),
        KNOWN(0x0040, 0x0275, "SQ", NULL),
        KNOWN(0x0040, 0x1002, "LO", "ReasonForTheRequestedProcedure"),
        KNOWN(0x0040, 0x1400, "LT", "RequestedProcedureComments"),
        KNOWN(0x0040, 0x2400, "LT", "ImagingServiceRequestComments"),
        KNOWN(0x0040, 0xa075, "PN", "VerifyingObserverName"),
        KNOWN(0x0040, 0xa120, "DT", NULL),
        KNOWN(0x0040, 0xa121, "DA", NULL),
        KNOWN(0x0040, 0xa123, "PN", "PersonName"),
        KNOWN(0x0040, 0xa160, "UT", "TextValue"),
        KNOWN(0x0040, 0xa730, "SQ", NULL),
        KNOWN(0x0042, 0x0010, "ST", "DocumentTitle"),
        KNOWN(0x0042, 0x0011, "OB", NULL),
        KNOWN(0x0042, 0x0012, "LO", NULL),
        KNOWN(0x4008, 0x0102, "PN", "InterpretationRecorder"),
        KNOWN(0x4008, 0x010b, "ST", "InterpretationText"),
        KNOWN(0x4008, 0x010c, "PN", "InterpretationAuthor"),
        KNOWN(0x4008, 0x0115, "LT", "InterpretationDiagnosisDescription"),
        KNOWN(0x4008, 0x0300, "ST", "Impressions"),
        KNOWN(0x5400, 0x1010, "OW", NULL),
        KNOWN(0x7fe0, 0x0008, "OF", NULL),
        KNOWN(0x7fe0, 0x0009, "OD", NULL),
        KNOWN(0x7fe0, 0x0010, "OW", NULL),
};

static const struct dicom_vr *vr_of(const uint8_t code[static 2])
{
	size_t low = 0, high = ARRAY_LEN(vrs);

	while (low < high) {
		size_t at = low + (high - low) / 2;
		int order = memcmp(vrs[at].code, code, 2);

		if (order == 0)
			return &vrs[at];
		if (order < 0)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

static const struct dicom_vr *vr_named(const char *code)
{
	return vr_of((const uint8_t *)code);
}

static const struct known_tag *tag_find(uint32_t tag)
{
	size_t low = 0, high = ARRAY_LEN(known_tags);

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (known_tags[at].tag == tag)
			return &known_tags[at];
		if (known_tags[at].tag < tag)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

const char *dicom_keyword(uint32_t tag)
{
	const struct known_tag *known = tag_find(tag);

	return known ? known->keyword : NULL;
}

static bool is_private(uint32_t tag)
{
	return (tag >> 16 & 1) != 0;
}

/* Where it is not written. Section 7.2: the length of a group; section 7.8.1: who has taken a block
 * of private tags. */
static const struct dicom_vr *vr_implied(uint32_t tag)
{
	const struct known_tag *known = tag_find(tag);
	uint32_t element = tag & 0xffff;

	if (known)
		return vr_named(known->vr);
	if (element == 0)
		return vr_named("UL");
	if (is_private(tag) && element >= 0x10 && element <= 0xff)
		return vr_named("LO");
	return vr_named("UN");
}

static bool is_capital(uint8_t b)
{
	return b >= 'A' && b <= 'Z';
}

static uint32_t read_tag(struct cursor *c, bool big_endian)
{
	uint32_t group = big_endian ? cursor_u16be(c) : cursor_u16le(c);

	return group << 16 | (big_endian ? cursor_u16be(c) : cursor_u16le(c));
}

int dicom_element_read(struct span s, enum dicom_syntax syntax, struct dicom_element *ret)
{
	bool big = syntax == DICOM_BIG_ENDIAN;
	struct cursor c = cursor_open(s);
	struct dicom_element e = {.tag = read_tag(&c, big)};
	bool long_length = true;
	struct span code;

	if (cursor_left(&c) < 4)
		return STATUS_MORE;
	if (e.tag >> 16 == 0xfffe) {
		if (e.tag != DICOM_ITEM && e.tag != DICOM_ITEM_DELIMITER &&
		        e.tag != DICOM_SEQUENCE_DELIMITER)
			return STATUS_MALFORMED;
	} else if (syntax == DICOM_IMPLICIT) {
		e.vr = vr_implied(e.tag);
	} else {
		code = cursor_span(&c, 2);
		e.vr = vr_of(code.data);
		/* Section 6.2: a representation that is newer than this list. */
		if (!e.vr && is_capital(code.data[0]) && is_capital(code.data[1]))
			e.vr = vr_named("UN");
		if (!e.vr)
			return STATUS_MALFORMED;
		long_length = e.vr->long_length;
		if (long_length)
			cursor_skip(&c, 2);
	}
	if (long_length)
		e.length = big ? cursor_u32be(&c) : cursor_u32le(&c);
	else
		e.length = big ? cursor_u16be(&c) : cursor_u16le(&c);
	if (cursor_failed(&c))
		return STATUS_MORE;
	e.header_bytes = s.len - cursor_left(&c);
	*ret = e;
	return STATUS_OK;
}

enum dicom_syntax dicom_syntax_guess(struct span s, enum dicom_syntax declared)
{
	bool explicit = s.len >= 6 && vr_of(s.data + 4) != NULL;

	if (!explicit)
		return DICOM_IMPLICIT;
	if (declared == DICOM_EXPLICIT || declared == DICOM_BIG_ENDIAN)
		return declared;
	/* Data sets begin with a small group. */
	return s.data[0] == 0 && s.data[1] != 0 ? DICOM_BIG_ENDIAN : DICOM_EXPLICIT;
}

struct span dicom_trim(struct span value)
{
	while (value.len > 0 &&
	        (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\0'))
		value.len--;
	return value;
}

/* PS3.6 annex A. All others are written with explicit representations. */
enum dicom_syntax dicom_syntax_of(struct span identifier)
{
	struct span id = dicom_trim(identifier);

	if (span_equal_text(id, "1.2.840.10008.1.2") ||
	        span_equal_text(id, "1.2.840.113619.5.2") || /* GE: only its pixels differ */
	        span_equal_text(id, "1.2.840.10008.1.20"))
		return DICOM_IMPLICIT;
	if (span_equal_text(id, "1.2.840.10008.1.2.2"))
		return DICOM_BIG_ENDIAN;
	if (span_equal_text(id, "1.2.840.10008.1.2.1.99") ||
	        span_equal_text(id, "1.2.840.10008.1.2.4.95"))
		return DICOM_DEFLATED;
	return id.len > 0 ? DICOM_EXPLICIT : DICOM_SYNTAX_UNKNOWN;
}

bool dicom_is_text(struct span value)
{
	struct span text = dicom_trim(value);

	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = text.data[i];

		if ((b < ' ' && b != '\t' && b != '\r' && b != '\n' && b != '\f' && b != 0x1b) ||
		        b == 0x7f)
			return false;
	}
	return true;
}

/* An element that may stand at the front of a data set. *before: the tag before it. */
static bool is_plausible(
        const struct dicom_element *e, uint32_t before, enum dicom_syntax syntax, struct span value)
{
	uint32_t group = e->tag >> 16;
	bool first = before == 0;

	if (!e->vr || e->tag <= before || (first && group != 0x0008 && group != 0x0002))
		return false;
	if (e->length == DICOM_LENGTH_UNDEFINED)
		return !first && e->vr->value == DICOM_SEQUENCE;
	if (e->length > CHAIN_LENGTH_MAX || ((e->tag & 0xffff) == 0 && e->length != 4))
		return false;
	if (syntax == DICOM_IMPLICIT &&
	        (e->length % 2 != 0 || (first && e->vr->value == DICOM_UNKNOWN)))
		return false;
	return e->vr->value != DICOM_TEXT || dicom_is_text(span_slice(value, 0, e->length));
}

static int chain_probe(struct span head, enum dicom_syntax syntax, bool end)
{
	unsigned wanted = syntax == DICOM_IMPLICIT ? CHAIN_IMPLICIT : CHAIN_EXPLICIT, seen = 0;
	uint32_t before = 0;
	size_t at = 0;

	while (seen < wanted) {
		struct span rest = span_slice(head, at, SIZE_MAX);
		struct dicom_element e;
		int status = dicom_element_read(rest, syntax, &e);

		if (status == STATUS_MORE)
			break;
		rest = span_slice(rest, status == STATUS_OK ? e.header_bytes : 0, SIZE_MAX);
		if (status != STATUS_OK || !is_plausible(&e, before, syntax, rest))
			return STATUS_NOT_FOUND;
		before = e.tag;
		seen++;
		if (e.length == DICOM_LENGTH_UNDEFINED)
			return STATUS_OK;
		if (e.length > rest.len)
			break;
		at += e.header_bytes + e.length;
	}
	if (seen >= wanted)
		return STATUS_OK;
	if (!end)
		return STATUS_MORE;
	return seen + 1 >= wanted ? STATUS_OK : STATUS_NOT_FOUND;
}

int dicom_data_set_probe(struct span head, bool end)
{
	static const uint8_t begins[][2] = {{8, 0}, {2, 0}, {0, 8}};
	bool possible = false;

	if (head.len == 0)
		return STATUS_MORE;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		possible = possible ||
		           memcmp(head.data, begins[i], head.len < 2 ? head.len : 2) == 0;
	if (!possible)
		return STATUS_NOT_FOUND;
	if (head.len < 6)
		return end ? STATUS_NOT_FOUND : STATUS_MORE;
	return chain_probe(head, dicom_syntax_guess(head, DICOM_SYNTAX_UNKNOWN), end);
}
