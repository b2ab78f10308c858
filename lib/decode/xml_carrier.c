/* xml_carrier: which documents the elements of XML are, and what their attributes mean together.
 *
 * Sources: HL7 CDA R2 (ClinicalDocument, II and CD data types), HL7 FHIR R4 section "XML", ATS 5822
 * (SMD sealed message) and ATS 5821 (encrypted payload), W3C XML Encryption 1.1, ECMA-376
 * (WordprocessingML, PresentationML), OASIS OpenDocument 1.3, the national Electronic Transfer of
 * Prescriptions (ETP) documents, Services Australia's web services for claims. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/claim.h"
#include "decode/fhir.h"
#include "decode/xml_state.h"

#define OID_ARCS_MIN 3
/* Parts of documents are named by the templates that they follow. */
#define CDA_TEMPLATES     "2.16.840.1.113883.10."
#define NUMBER_DIGITS_MIN 15 /* of a healthcare identifier that ends an object identifier */

static const char *find_name(const char *const names[], size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (name.len > 0 && names[i][0] == (char)name.data[0] &&
		        span_equal_text(name, names[i]))
			return names[i];
	return NULL;
}

#define FIND(names, name) find_name(names, ARRAY_LEN(names), name)

/* ---- documents ---- */

static bool is_sealed(const struct xml_content *x, struct span name)
{
	static const char *const names[] = {"SealedMessage", "sealedMessage", "EncryptedPayload",
	        "encryptedPayload", "EncryptedData"};
	/* Of a log-in, not of a message. */
	static const char *const others[] = {
	        "EncryptedAssertion", "EncryptedID", "EncryptedAttribute"};

	return FIND(names, name) && !FIND(others, xml_open_name(x, 1));
}

static const char *prescription(struct span name)
{
	static const char *const names[] = {"ePrescription", "EPrescription",
	        "ePrescriptionMessage", "ETPIdentifiers", "eDispense", "eDispenseRecord",
	        "ePrescriptionRequest", "PrescriptionRequest", "DispenseRecord",
	        "CancelPrescription", "AmendPrescription", "PatientMedicareNumber", "SCID", "DSPID",
	        "PrescriptionID"};

	return FIND(names, name);
}

/* An office document declares its own name space on the element that begins it. */
static const char *office(const struct xml_event *e, struct span name)
{
	static const struct {
		const char *name, *space, *kind;
	} kinds[] = {
	        {"document", "wordprocessingml", "docx"},
	        {"glossaryDocument", "wordprocessingml", "docx"},
	        {"hdr", "wordprocessingml", "docx"},
	        {"ftr", "wordprocessingml", "docx"},
	        {"footnotes", "wordprocessingml", "docx"},
	        {"endnotes", "wordprocessingml", "docx"},
	        {"comments", "wordprocessingml", "docx"},
	        {"wordDocument", "wordml", "docx"},
	        {"sld", "presentationml", "pptx"},
	        {"notes", "presentationml", "pptx"},
	        {"cmLst", "presentationml", "pptx"},
	        {"document-content", "opendocument", "odt"},
	        {"document-styles", "opendocument", "odt"},
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		if (name.len == 0 || kinds[k].name[0] != (char)name.data[0] ||
		        !span_equal_text(name, kinds[k].name))
			continue;
		for (size_t i = 0; i < e->attribute_count; i++)
			if (strncmp(e->attributes[i].name, "xmlns", 5) == 0 &&
			        strstr(e->attributes[i].value, kinds[k].space))
				return kinds[k].kind;
	}
	return NULL;
}

static void note_spaces(struct xml_content *x, const struct xml_event *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		const char *value = e->attributes[i].value;

		if (strncmp(e->attributes[i].name, "xmlns", 5) != 0)
			continue;
		x->fhir_seen = x->fhir_seen || strcmp(value, "http://hl7.org/fhir") == 0;
		x->claim_seen = x->claim_seen || strstr(value, "humanservices.gov.au") ||
		                strstr(value, "medicareaustralia.gov.au") ||
		                strstr(value, "servicesaustralia.gov.au") ||
		                strstr(value, "hic.gov.au");
	}
}

static enum carrier clinical_carrier(struct xml_content *x, struct span name, struct span *ret_name)
{
	const struct xml_scope *s = xml_top_scope(x);
	enum carrier around = s ? s->carrier : CARRIER_NONE;
	struct span parent = xml_open_name(x, 1);
	const char *found = NULL;

	if (span_equal_text(name, "ClinicalDocument"))
		return CARRIER_CDA;
	if (x->fhir_seen)
		found = fhir_resource(name);
	if (found && (around != CARRIER_FHIR || span_equal_text(parent, "resource") ||
	                     span_equal_text(parent, "contained"))) {
		*ret_name = span_of_text(found);
		return CARRIER_FHIR;
	}
	if (around != CARRIER_NONE && around != CARRIER_XML)
		return CARRIER_NONE;
	found = prescription(name);
	if (found) {
		*ret_name = span_of_text(found);
		return CARRIER_PRESCRIPTION;
	}
	found = claim_document(name);
	if (found) {
		*ret_name = span_of_text(found);
		return CARRIER_CLAIM;
	}
	return x->claim_seen && (x->depth == 1 || span_equal_text(parent, "Body")) &&
	                       !span_equal_text(name, "Envelope")
	               ? CARRIER_CLAIM
	               : CARRIER_NONE;
}

enum carrier xml_carrier_of(struct xml_content *x, const struct xml_event *e, struct span *ret_name)
{
	const struct xml_scope *s = xml_top_scope(x);
	struct span name = xml_open_name(x, 0);
	enum carrier found = CARRIER_NONE;
	const char *kind;

	*ret_name = span_of(NULL, 0);
	note_spaces(x, e);
	if (x->scopes == XML_SCOPES_MAX || x->narrative > 0)
		return CARRIER_NONE;
	kind = office(e, name);
	if (is_sealed(x, name) && (!s || s->carrier != CARRIER_SEALED)) {
		*ret_name = span_of_text("xml");
		found = CARRIER_SEALED;
	} else if (kind) {
		*ret_name = span_of_text(kind);
		found = CARRIER_DOCUMENT;
	} else {
		found = clinical_carrier(x, name, ret_name);
	}
	/* A mark of a prescription or claim that is not its root says it of all around it. */
	if ((found == CARRIER_PRESCRIPTION || found == CARRIER_CLAIM) && s &&
	        !span_equal_text(xml_open_name(x, 1), "Body")) {
		xml_carrier_hint(x, name);
		return CARRIER_NONE;
	}
	return found == CARRIER_NONE && !s ? CARRIER_XML : found;
}

/* A document of no known kind turns out to be one. */
static void rename_scope(struct xml_content *x, enum carrier carrier, const char *name)
{
	struct xml_scope *s = xml_top_scope(x);

	if (s->carrier != CARRIER_XML || x->narrative > 0)
		return;
	s->carrier = carrier;
	s->renamed = s->told;
	snprintf(s->name, sizeof(s->name), "%s", name);
}

void xml_carrier_hint(struct xml_content *x, struct span name)
{
	struct xml_scope *s = xml_top_scope(x);
	enum carrier carrier = CARRIER_NONE;
	const char *found = NULL;

	if (!s || s->carrier != CARRIER_XML || x->narrative > 0)
		return;
	found = prescription(name);
	if (found)
		carrier = CARRIER_PRESCRIPTION;
	x->claim_marks |= claim_mark(name);
	if (!found)
		found = claim_document(name);
	if (carrier == CARRIER_NONE &&
	        (found || claim_marks_suffice(x->claim_marks, x->env->content->claims)))
		carrier = CARRIER_CLAIM;
	if (span_equal_text(name, "patientRole"))
		rename_scope(x, CARRIER_CDA, "");
	else if (carrier != CARRIER_NONE)
		rename_scope(x, carrier, found ? found : "");
}

/* ---- text ---- */

enum xml_role xml_role_of(struct xml_content *x, const struct xml_event *e)
{
	const struct xml_scope *s = xml_top_scope(x);
	struct span name = xml_open_name(x, 0);
	enum carrier around = s->carrier;

	(void)e;
	if (span_equal_text(name, "CipherValue"))
		return XML_CIPHER;
	if (around == CARRIER_CDA && span_equal_text(name, "text") &&
	        span_equal_text(xml_open_name(x, 1), "section"))
		return XML_NARRATIVE;
	if (around == CARRIER_FHIR && span_equal_text(name, "div"))
		return XML_NARRATIVE;
	if ((around == CARRIER_DOCUMENT && s->depth == x->depth - 1) ||
	        span_equal_text(name, "html"))
		return XML_NARRATIVE;
	return XML_PLAIN;
}

/* What follows must not stand in the line of what came before. */
static bool in_line(const struct xml_content *x)
{
	return x->value_len > 0 && x->value[x->value_len - 1] != '\n';
}

const char *xml_separator(const struct xml_content *x, struct span name, bool closes)
{
	static const char *const lines[] = {"p", "paragraph", "tr", "li", "item", "list", "table",
	        "thead", "tbody", "div", "caption", "title", "h", "h1", "h2", "h3", "h4", "h5",
	        "h6", "dt", "dd", "table-row", "list-item"};
	static const char *const cells[] = {"td", "th", "tc", "table-cell"};
	static const char *const breaks[] = {"br", "cr", "line-break"};
	static const char *const tabs[] = {"tab", "ptab"};
	static const char *const inlines[] = {"content", "sub", "sup", "b", "i", "u", "em",
	        "strong", "span", "a", "font", "linkHtml", "footnoteRef", "footnote"};

	if (FIND(lines, name))
		return closes || in_line(x) ? "\n" : "";
	if (FIND(cells, name))
		return closes ? "\t" : "";
	if (FIND(breaks, name))
		return closes ? "" : "\n";
	if (FIND(tabs, name))
		return closes ? "" : "\t";
	if (x->scope[x->scopes - 1].carrier == CARRIER_DOCUMENT)
		return span_equal_text(name, "s") && !closes ? " " : "";
	return FIND(inlines, name) ? "" : " ";
}

/* Says more than how it looks. */
static bool is_worth(struct span name, const char *value)
{
	static const char *const names[] = {
	        "descr", "alt", "href", "src", "alias", "author", "title"};

	return FIND(names, name) || strstr(value, "://") || strchr(value, '@');
}

bool xml_is_space(const struct xml_attribute *a)
{
	return strncmp(a->name, "xmlns", 5) == 0 ||
	       span_equal_text(xml_local_name(a->name), "schemaLocation");
}

bool xml_is_layout(const struct xml_content *x, const struct xml_attribute *a)
{
	static const char *const cda[] = {"classCode", "typeCode", "moodCode", "determinerCode",
	        "nullFlavor", "use", "type", "styleCode", "contextConductionInd",
	        "contextControlCode", "negationInd", "inversionInd", "assigningAuthorityName",
	        "codeSystemName", "mediaType", "representation", "ID"};
	struct span name = xml_local_name(a->name);

	if (strncmp(a->name, "xml:", 4) == 0)
		return true;
	if (x->narrative > 0 || x->scope[x->scopes - 1].carrier == CARRIER_DOCUMENT)
		return xml_is_space(a) || !is_worth(name, a->value);
	if (x->scope[x->scopes - 1].carrier == CARRIER_CDA && FIND(cda, name))
		/* who gave a number may be all that says what it is */
		return !span_equal_text(name, "assigningAuthorityName");
	return false;
}

/* ---- identifiers ---- */

static bool is_oid(struct span text)
{
	unsigned dots = 0;

	for (size_t i = 0; i < text.len; i++) {
		dots += text.data[i] == '.';
		if (text.data[i] != '.' && (text.data[i] < '0' || text.data[i] > '9'))
			return false;
	}
	return dots >= OID_ARCS_MIN;
}

/* The number of its own that an object identifier ends in: of 16 digits, as those of the national
 * healthcare identifiers. */
static bool ends_in_number(struct span oid, struct span *ret_root, struct span *ret_number)
{
	size_t at = oid.len;

	while (at > 0 && oid.data[at - 1] != '.')
		at--;
	if (at == 0 || oid.len - at < NUMBER_DIGITS_MIN)
		return false;
	*ret_root = span_slice(oid, 0, at - 1);
	*ret_number = span_slice(oid, at, SIZE_MAX);
	return true;
}

static size_t find_attribute(const struct xml_event *e, const char *name, struct span *ret)
{
	for (size_t i = 0; i < e->attribute_count && i < 64; i++) {
		if (!span_equal_text(xml_local_name(e->attributes[i].name), name))
			continue;
		*ret = span_of_text(e->attributes[i].value);
		return i;
	}
	*ret = span_of(NULL, 0);
	return SIZE_MAX;
}

/* A number that a practice or hospital gave its patient has a root of its own. */
static bool is_patients_own(struct xml_content *x, struct span root)
{
	return xml_top_scope(x)->carrier == CARRIER_CDA &&
	       span_equal_text(xml_open_name(x, 0), "id") &&
	       span_equal_text(xml_open_name(x, 1), "patientRole") &&
	       !span_starts(root, "1.2.36.1.5001.1.0.7") &&
	       !span_starts(root, "1.2.36.1.2001.1003.0");
}

static int hold_identifier(struct xml_content *x, const struct xml_event *e, uint64_t *ret_done)
{
	char room[DECODE_LABEL_BYTES_MAX];
	struct span root, extension, label, number;
	enum label_kind kind = LABEL_OID;
	size_t root_at = find_attribute(e, "root", &root);
	size_t extension_at = find_attribute(e, "extension", &extension);

	if (root_at == SIZE_MAX || !is_oid(root))
		return STATUS_OK;
	if (span_starts(root, CDA_TEMPLATES) && span_equal_text(xml_open_name(x, 0), "templateId"))
		rename_scope(x, CARRIER_CDA, "");
	label = root;
	number = extension;
	if (extension.len == 0 && !ends_in_number(root, &label, &number))
		return STATUS_OK;
	*ret_done |= (uint64_t)1 << root_at;
	if (extension_at != SIZE_MAX)
		*ret_done |= (uint64_t)1 << extension_at;
	if (extension.len > 0 && is_patients_own(x, root))
		label = xml_label(x, span_of(NULL, 0), room, &kind);
	return xml_hold(x, kind, label, number);
}

static int hold_code(struct xml_content *x, const struct xml_event *e, uint64_t *ret_done)
{
	struct xml_scope *s = xml_top_scope(x);
	struct span code, system;
	size_t code_at = find_attribute(e, "code", &code);
	size_t system_at = find_attribute(e, "codeSystem", &system);

	if (code_at == SIZE_MAX || code.len == 0)
		return STATUS_OK;
	if (s->carrier == CARRIER_CDA && s->depth + 2 == x->depth && !s->told &&
	        s->name[0] == '\0' && span_equal_text(xml_open_name(x, 0), "code") &&
	        code.len < sizeof(s->name))
		memcpy(s->name, code.data, code.len);
	if (system_at == SIZE_MAX || !is_oid(system))
		return STATUS_OK;
	*ret_done |= (uint64_t)1 << code_at | (uint64_t)1 << system_at;
	return xml_hold(x, LABEL_OID, system, code);
}

int xml_hold_joined(struct xml_content *x, const struct xml_event *e, uint64_t *ret_done)
{
	int status = hold_identifier(x, e, ret_done);

	return status == STATUS_OK ? hold_code(x, e, ret_done) : status;
}

int xml_hold_qualified(struct xml_content *x, struct span value)
{
	struct span rest = value, root, number;
	size_t at = value.len;
	int status;

	if (span_starts(value, "urn:oid:")) {
		rest = span_slice(value, 8, SIZE_MAX);
		if (!is_oid(rest) || !ends_in_number(rest, &root, &number))
			return STATUS_OK;
		status = xml_hold(x, LABEL_OID, root, number);
		return status == STATUS_OK ? STATUS_ITEM : status;
	}
	if (!span_starts(value, "http://ns.electronichealth.net.au/id/") &&
	        !span_starts(value, "https://ns.electronichealth.net.au/id/"))
		return STATUS_OK;
	while (at > 0 && value.data[at - 1] != '/')
		at--;
	number = span_slice(value, at, SIZE_MAX);
	if (number.len < 8)
		return STATUS_OK;
	status = xml_hold(x, LABEL_FHIR_SYSTEM, span_slice(value, 0, at - 1), number);
	return status == STATUS_OK ? STATUS_ITEM : status;
}
