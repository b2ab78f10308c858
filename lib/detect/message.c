#include "detect/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/mask.h"
#include "detect/session.h"
#include "detect/table.h"

#define ENTRIES_FIRST      4
#define DEIDENTIFIED_CELLS 5  /* fewer clinical words may be anything */
#define PROSE_BYTES_MIN    12 /* shorter values are names and codes: "chest pain, 2 days" */
#define PROSE_SPACES_MIN   2
#define TURN_BYTES_MAX     12 /* "practitioner" */

static const struct kind *kind_of(const struct message *m, uint8_t kind)
{
	return &m->session->rules->kinds[kind];
}

/* ---- life ---- */

/* The first part of a carrier in rules/identifiers.csv; NULL: clinical by what is in it only. */
static const char *family_of(enum carrier c)
{
	switch (c) {
	case CARRIER_HL7_V2:
		return "hl7";
	case CARRIER_FHIR:
		return "fhir";
	case CARRIER_CDA:
		return "cda";
	case CARRIER_PIT:
		return "pit";
	case CARRIER_PRESCRIPTION:
		return "prescription";
	case CARRIER_CLAIM:
		return "claim";
	case CARRIER_DICOM:
		return "dicom";
	default:
		return NULL;
	}
}

/* A row for that name, "ORU" of "ORU^R01", else one for the whole family. */
static uint8_t carrier_kind(const struct detect_rules *r, const struct decode_event *e)
{
	const char *family = family_of(e->carrier);
	struct span name = span_of(e->name, strnlen(e->name, sizeof(e->name)));
	uint8_t kind = RULES_NONE;

	if (!family)
		return RULES_NONE;
	name = span_slice(name, 0, span_find_byte(name, '^'));
	if (name.len > 0)
		kind = rules_carrier(r, family, name);
	return kind != RULES_NONE ? kind : rules_carrier(r, family, span_of(NULL, 0));
}

int message_open(struct detect_session *s, const struct decode_event *e, struct message **ret_gives)
{
	void *memory;
	struct message *m;
	int status = session_allocate(s, sizeof(*m), &memory);

	if (status != STATUS_OK)
		return status;
	m = memory;
	m->id = e->message;
	m->stream = e->stream;
	m->direction = e->direction;
	m->carrier = e->carrier;
	m->carrier_kind = carrier_kind(s->rules, e);
	m->tag_kind = RULES_NONE;
	m->time_ns = e->time_ns;
	m->packet = e->packet;
	m->session = s;
	memcpy(m->place, e->place, sizeof(m->place));
	m->patient = e->carrier == CARRIER_FHIR && m->carrier_kind != RULES_NONE &&
	             kind_of(m, m->carrier_kind)->class == CLASS_PATIENT;
	*ret_gives = m;
	return STATUS_OK;
}

static void free_text(struct message *m, struct text_scan **text)
{
	if (*text)
		text_abandon(*text);
	session_release(m->session, *text, sizeof(**text));
	*text = NULL;
}

struct message *message_free(struct message *m)
{
	struct detect_session *s;

	if (!m)
		return NULL;
	s = m->session;
	free_text(m, &m->text);
	free_text(m, &m->joined);
	m->table = table_free(s, m->table);
	session_release(s, m->entries, m->entry_capacity * sizeof(*m->entries));
	session_release(s, m, sizeof(*m));
	return NULL;
}

/* ---- judging ---- */

static bool saw(const struct message *m, const struct detector *d)
{
	for (size_t i = 0; i < m->session->rules->kind_count; i++)
		if (kind_set_has(m->seen, (uint8_t)i) && kind_of(m, (uint8_t)i)->detector == d &&
		        kind_of(m, (uint8_t)i)->class == CLASS_PATIENT)
			return true;
	return false;
}

bool message_of_staff(const struct message *m)
{
	return m->staff && m->clinical_values == 0 && !saw(m, &detector_record_number);
}

/* Somebody is named so that one knows who it is. */
static bool about_patient(const struct message *m)
{
	if (m->patient || m->identifier || m->listed)
		return true;
	return !message_of_staff(m) && saw(m, &detector_person_name) &&
	       (saw(m, &detector_birth_date) || saw(m, &detector_record_number));
}

static bool is_class(const struct message *m, enum finding_class class)
{
	struct kind_set kinds = m->roots;

	if (m->carrier_kind != RULES_NONE)
		kind_set_add(&kinds, m->carrier_kind);
	if (!kind_set_any(kinds))
		return false;
	for (size_t i = 0; i < m->session->rules->kind_count; i++)
		if (kind_set_has(kinds, (uint8_t)i) && kind_of(m, (uint8_t)i)->class != class)
			return false;
	return true;
}

static enum tier judge_entry(const struct message *m, const struct entry *e)
{
	const struct kind *k = kind_of(m, e->kind);

	if (is_class(m, CLASS_REFERENCE))
		return TIER_REFERENCE;
	if (!e->labelled || k->class != CLASS_PATIENT)
		return e->tier;
	if (k->detector->contact || k->detector->clinical) {
		if (is_class(m, CLASS_DIRECTORY))
			return TIER_DIRECTORY;
		return m->patient ? TIER_HIGH : about_patient(m) ? TIER_MEDIUM : TIER_WEAK;
	}
	return m->patient ? TIER_HIGH : e->tier;
}

static enum finding_class class_of(enum tier tier, enum finding_class class)
{
	if (tier == TIER_REFERENCE)
		return CLASS_REFERENCE;
	return tier == TIER_DIRECTORY ? CLASS_DIRECTORY : class;
}

static int emit(struct message *m, const struct entry *e)
{
	const struct kind *k = kind_of(m, e->kind);
	struct finding f = {
	        .category = k->category,
	        .tier = e->tier,
	        .class = class_of(e->tier, k->class),
	        .metadata = e->metadata,
	        .count = e->count,
	        .tag = e->tag,
	        .direction = m->direction,
	        .time_ns = e->time_ns,
	        .packet = e->packet,
	        .message = m->id,
	};

	memcpy(f.kind, k->name, sizeof(f.kind));
	memcpy(f.place, e->place, sizeof(f.place));
	memcpy(f.mask, e->mask, sizeof(f.mask));
	return session_emit(m->session, &f);
}

/* One number of a person counts them: the kind with the most distinct tags, the first in the file
 * when there are equals. A patient with a Medicare number and an IHI is one patient. */
static uint8_t choose_tag_kind(const struct message *m)
{
	unsigned counts[RULES_KINDS_MAX] = {0}, best = 0;
	uint8_t chosen = RULES_NONE;

	for (unsigned i = 0; i < m->entry_count; i++)
		if (m->entries[i].tag && m->entries[i].tier >= TIER_MEDIUM)
			counts[m->entries[i].kind]++;
	for (uint8_t k = 0; k < m->session->rules->kind_count; k++) {
		if (counts[k] > best) {
			best = counts[k];
			chosen = k;
		}
	}
	return chosen;
}

static bool same_entry(const struct entry *a, const struct entry *b)
{
	return a->kind == b->kind && a->tier == b->tier && a->metadata == b->metadata &&
	       a->labelled == b->labelled && a->tag == b->tag && !strcmp(a->place, b->place);
}

static bool merge_before(struct message *m, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (m->entries[i].count && same_entry(&m->entries[i], &m->entries[at])) {
			m->entries[i].count += m->entries[at].count;
			m->entries[at].count = 0;
			return true;
		}
	}
	return false;
}

/* Sends all entries out, judged by what the message has shown up to here. */
static int flush(struct message *m)
{
	int status = STATUS_OK;

	if (m->entry_count == 0)
		return STATUS_OK;
	for (unsigned i = 0; i < m->entry_count; i++)
		m->entries[i].tier = (uint8_t)judge_entry(m, &m->entries[i]);
	if (m->tag_kind == RULES_NONE)
		m->tag_kind = choose_tag_kind(m);
	for (unsigned i = 0; i < m->entry_count; i++) {
		struct entry *e = &m->entries[i];

		if (e->kind != m->tag_kind || e->tier < TIER_MEDIUM ||
		        (e->tag && !session_keep_tag(m->session, e->tag)))
			e->tag = 0;
		if (e->tag == 0)
			merge_before(m, i);
	}
	for (unsigned i = 0; i < m->entry_count && status == STATUS_OK; i++)
		if (m->entries[i].count)
			status = emit(m, &m->entries[i]);
	explicit_bzero(m->entries, m->entry_count * sizeof(*m->entries));
	m->entry_count = 0;
	return status;
}

/* ---- entries ---- */

static int grow_entries(struct message *m)
{
	unsigned capacity = m->entry_capacity ? 2 * m->entry_capacity : ENTRIES_FIRST;
	void *larger;
	int status;

	if (m->entry_capacity == MESSAGE_ENTRIES_MAX)
		return STATUS_LIMIT;
	status = session_allocate(m->session, capacity * sizeof(*m->entries), &larger);
	if (status != STATUS_OK)
		return status;
	if (m->entry_count)
		memcpy(larger, m->entries, m->entry_count * sizeof(*m->entries));
	session_release(m->session, m->entries, m->entry_capacity * sizeof(*m->entries));
	m->entries = larger;
	m->entry_capacity = capacity;
	return STATUS_OK;
}

static int add_entry(struct message *m, const struct entry *new)
{
	int status = STATUS_OK;

	for (unsigned i = 0; i < m->entry_count; i++) {
		if (same_entry(&m->entries[i], new)) {
			m->entries[i].count += new->count;
			return STATUS_OK;
		}
	}
	if (m->entry_count == m->entry_capacity) {
		status = grow_entries(m);
		if (status == STATUS_LIMIT && m->entry_count > 0)
			status = flush(m);
	}
	if (status == STATUS_LIMIT) {
		m->session->incomplete = true;
		return STATUS_OK;
	}
	if (status == STATUS_OK)
		m->entries[m->entry_count++] = *new;
	return status;
}

int message_note(struct message *m, const struct sighting *seen)
{
	const struct detector *d = kind_of(m, seen->kind)->detector;
	const struct decode_event *e = m->event;
	struct entry new = {
	        .kind = seen->kind,
	        .tier = (uint8_t)seen->tier,
	        .labelled = seen->labelled,
	        .tag = seen->tier >= TIER_MEDIUM ? seen->tag : 0,
	        .count = seen->count,
	        .time_ns = e ? e->time_ns : m->time_ns,
	        .packet = e ? e->packet : m->packet,
	};

	memcpy(new.place, e ? e->place : m->place, sizeof(new.place));
	new.metadata = e && (e->field.role == ROLE_URL || e->field.role == ROLE_FILE_NAME ||
	                            e->field.role == ROLE_HEADER || e->field.role == ROLE_HOST);
	if (seen->mask)
		memcpy(new.mask, seen->mask, sizeof(new.mask));
	else if (d->contact || d->clinical)
		mask_text(new.mask);
	else
		mask_number(seen->shape, new.mask);
	if (!d->contact && !d->clinical && !d->anybody && seen->tier >= TIER_MEDIUM)
		m->identifier = true;
	return add_entry(m, &new);
}

int message_found(struct message *m, const struct text_found *found)
{
	const struct kind *k = kind_of(m, found->kind);
	struct sighting seen = {.kind = found->kind, .count = 1, .shape = found->shape};
	int status = STATUS_OK;

	seen.tier = k->class == CLASS_PATIENT ? TIER_MEDIUM : TIER_DIRECTORY;
	if (!found->labelled && !k->detector->specific)
		seen.tier = TIER_WEAK;
	if (seen.tier == TIER_MEDIUM && found->reading.normal[0] != '\0')
		status = rules_tag(
		        m->session->rules, found->kind, found->reading.normal, &seen.tag);
	return status == STATUS_OK ? message_note(m, &seen) : status;
}

/* ---- labelled values ---- */

int message_read_labelled(const struct message *m, struct kind_set kinds, struct span value,
        uint8_t *ret_kind, struct reading *ret)
{
	const struct detect_rules *r = m->session->rules;

	if (!kind_set_any(kinds))
		return STATUS_OK;
	for (uint8_t k = 0; k < r->kind_count; k++) {
		if (!kind_set_has(kinds, k) || !r->kinds[k].detector ||
		        !r->kinds[k].detector->read(value, ret))
			continue;
		*ret_kind = k;
		return STATUS_ITEM;
	}
	return STATUS_OK;
}

int message_note_labelled(
        struct message *m, uint8_t kind, const struct reading *reading, struct span value)
{
	const struct kind *k = kind_of(m, kind);
	struct sighting seen = {.kind = kind,
	        .tier = k->class == CLASS_PATIENT ? TIER_MEDIUM : TIER_DIRECTORY,
	        .labelled = true,
	        .count = 1,
	        .shape = value};
	int status;

	kind_set_add(&m->seen, kind);
	if (k->detector == &detector_employment || k->detector->anybody)
		m->staff = true;
	if (k->detector == &detector_demographic || k->detector == &detector_employment)
		return STATUS_OK;
	if (k->detector->coded && reading->valid)
		codes_field(&m->codes, value, true);
	if (k->detector->clinical)
		m->clinical_values++;
	if (k->detector == &detector_birth_date && m->carrier == CARRIER_TABLE) {
		m->rows++;
		if (m->rows >= MESSAGE_PAIR_ROWS && saw(m, &detector_person_name) &&
		        !message_of_staff(m))
			m->patient = true;
	}
	if (m->carrier == CARRIER_HL7_V2 && k->class == CLASS_PATIENT && reading->normal[0])
		m->patient = true;
	if (k->class != CLASS_PATIENT)
		return message_note(m, &seen);
	status = rules_tag(m->session->rules, kind, reading->normal, &seen.tag);
	return status == STATUS_OK ? message_note(m, &seen) : status;
}

/* ---- fields ---- */

/* PID-3 and its like say who the patient is; PID-1 counts, PID-8 is the sex. */
static bool names_patient(struct span label)
{
	static const char *const fields[] = {"PID-2", "PID-3", "PID-4", "PID-5", "PID-7", "PID-11"};
	struct span field = span_slice(label, 0, span_find_byte(label, '.'));

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (span_equal_text(field, fields[i]))
			return true;
	return false;
}

/* Of a CDA document: who its record target is. */
static bool names_record_target(struct span label)
{
	static const char *const parts[] = {
	        "patientRole.patient.name", "patientRole.patient.birthTime", "patientRole.id"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (span_find(label, span_of_text(parts[i])) != SIZE_MAX)
			return true;
	return false;
}

static void note_structure(struct message *m, const struct field *f)
{
	uint8_t root;

	if (m->carrier == CARRIER_CDA && f->label_kind == LABEL_KEY)
		m->patient = m->patient || names_record_target(f->label);
	if (f->label_kind == LABEL_HL7_FIELD) {
		m->patient = m->patient || names_patient(f->label);
		m->has_content = m->has_content || span_starts(f->label, "OBX-5") ||
		                 span_starts(f->label, "TXA-");
		return;
	}
	if (f->label_kind != LABEL_FHIR_PATH || m->carrier_kind != RULES_NONE)
		return;
	root = rules_carrier(
	        m->session->rules, "fhir", span_slice(f->label, 0, span_find_byte(f->label, '.')));
	if (root == RULES_NONE)
		return;
	kind_set_add(&m->roots, root);
	m->patient = m->patient || kind_of(m, root)->class == CLASS_PATIENT;
}

bool message_worth_scanning(struct span value)
{
	unsigned digits = 0;

	for (size_t i = 0; i < value.len; i++) {
		digits += value.data[i] >= '0' && value.data[i] <= '9';
		if (digits == 4)
			return true;
	}
	return false;
}

static bool reads_like_text(struct span value)
{
	unsigned spaces = 0;

	for (size_t i = 0; value.len >= PROSE_BYTES_MIN && i < value.len; i++) {
		spaces += value.data[i] == ' ';
		if (spaces == PROSE_SPACES_MIN)
			return true;
	}
	return false;
}

/* `"speaker": "doctor"`: a turn of a consultation. */
static void note_turn(struct message *m, struct span value)
{
	static const char *const clinicians[] = {
	        "doctor", "dr", "gp", "clinician", "practitioner", "provider", "nurse"};
	static const char *const patients[] = {"patient", "pt", "client", "parent", "carer"};

	for (size_t i = 0; i < ARRAY_LEN(clinicians); i++)
		if (span_equal_nocase(value, clinicians[i]))
			narrative_turn(&m->narrative, false);
	for (size_t i = 0; i < ARRAY_LEN(patients); i++)
		if (span_equal_nocase(value, patients[i]))
			narrative_turn(&m->narrative, true);
}

int message_scan_value(struct message *m, struct span value, struct kind_set label)
{
	struct text_scan scan;

	codes_field(&m->codes, value, false);
	if (value.len <= TURN_BYTES_MAX)
		note_turn(m, value);
	if (!message_worth_scanning(value) && !reads_like_text(value))
		return STATUS_OK;
	return text_value(&scan, m->session->rules, m, value, label);
}

static int finish_text(struct message *m, struct text_scan **text)
{
	int status;

	if (!*text)
		return STATUS_OK;
	status = text_finish(*text);
	session_release(m->session, *text, sizeof(**text));
	*text = NULL;
	return status;
}

static int start_text(struct message *m, struct kind_set label, struct text_scan **ret)
{
	void *memory;
	int status = session_allocate(m->session, sizeof(**ret), &memory);

	if (status != STATUS_OK)
		return status;
	status = text_open(memory, m->session->rules, m, label);
	if (status != STATUS_OK)
		session_release(m->session, memory, sizeof(**ret));
	else
		*ret = memory;
	return status;
}

static int feed_text(struct message *m, const struct field *f)
{
	struct detect_rules *r = m->session->rules;
	int status = f->first ? finish_text(m, &m->text) : STATUS_OK;

	if (status == STATUS_OK && !m->text)
		status = start_text(m, rules_label(r, f->label_kind, f->label), &m->text);
	if (status == STATUS_OK)
		status = text_feed(m->text, f->bytes);
	if (status == STATUS_OK && f->last)
		status = finish_text(m, &m->text);
	return status;
}

/* In XML the words that vouch for a number stand beside it, in an element of their own. */
static bool joins_values(const struct message *m)
{
	return m->carrier == CARRIER_XML || m->carrier == CARRIER_CDA ||
	       m->carrier == CARRIER_PRESCRIPTION || m->carrier == CARRIER_CLAIM ||
	       m->carrier == CARRIER_SEALED;
}

/* A value that its label does not explain. The label is a word beside a number, too. */
static int join_value(struct message *m, const struct field *f, struct span value)
{
	int status = m->joined ? STATUS_OK : start_text(m, (struct kind_set){{0}}, &m->joined);

	if (status == STATUS_OK && message_worth_scanning(value) && f->label_kind == LABEL_KEY) {
		status = text_feed(m->joined, f->label);
		if (status == STATUS_OK)
			status = text_feed(m->joined, span_of_text(" "));
	}
	if (status == STATUS_OK)
		status = text_feed(m->joined, value);
	return status == STATUS_OK ? text_feed(m->joined, span_of_text("\n")) : status;
}

static int feed_value(struct message *m, const struct field *f, struct span value)
{
	struct kind_set kinds = rules_label(m->session->rules, f->label_kind, f->label);
	struct reading reading;
	uint8_t kind;

	if (m->carrier == CARRIER_TABLE && f->column > 0 && f->row > 0)
		return table_value(m, value, kinds);
	if (message_read_labelled(m, kinds, value, &kind, &reading) == STATUS_ITEM)
		return message_note_labelled(m, kind, &reading, value);
	if (joins_values(m) && !kind_set_any(kinds))
		return join_value(m, f, value);
	return message_scan_value(m, value, kinds);
}

int message_field(struct message *m, const struct decode_event *e)
{
	struct span value = span_trim(e->field.bytes);
	int status = STATUS_OK;

	m->event = e;
	/* HL7 writes two quotation marks for "delete this". */
	if (value.len > 0 && !span_equal_text(value, "\"\"")) {
		m->has_fields = true;
		note_structure(m, &e->field);
		if (e->field.kind == FIELD_VALUE)
			status = feed_value(m, &e->field, value);
	}
	if (status == STATUS_OK && e->field.kind == FIELD_TEXT)
		status = feed_text(m, &e->field);
	m->event = NULL;
	return status;
}

/* ---- the end ---- */

static int emit_kind(struct message *m, uint8_t kind, enum tier tier, enum finding_class class)
{
	struct finding f = {
	        .tier = tier,
	        .class = class,
	        .count = 1,
	        .direction = m->direction,
	        .time_ns = m->time_ns,
	        .packet = m->packet,
	        .message = m->id,
	};

	if (kind == RULES_NONE)
		return STATUS_OK;
	f.category = kind_of(m, kind)->category;
	memcpy(f.kind, kind_of(m, kind)->name, sizeof(f.kind));
	memcpy(f.place, m->place, sizeof(f.place));
	return session_emit(m->session, &f);
}

static int emit_table(struct message *m)
{
	const struct rules_special *special = &m->session->rules->special;

	if (about_patient(m) && (m->patient || m->listed || saw(m, &detector_person_name)))
		return emit_kind(m, special->patient_table, m->patient ? TIER_HIGH : TIER_MEDIUM,
		        CLASS_PATIENT);
	if (about_patient(m) || m->clinical_values < DEIDENTIFIED_CELLS ||
	        !saw(m, &detector_demographic))
		return STATUS_OK;
	return emit_kind(m, special->deidentified_table, TIER_MEDIUM, CLASS_CARRIER);
}

/* An HL7 message counts by its PID; one without, but with observations or a document, is clinical
 * data whose patient was not seen. An acknowledgement has neither. */
static int emit_hl7(struct message *m)
{
	if (m->carrier_kind == RULES_NONE || (!m->patient && !m->has_content))
		return STATUS_OK;
	return emit_kind(m, m->carrier_kind, m->patient ? TIER_HIGH : TIER_MEDIUM,
	        m->patient ? CLASS_PATIENT : CLASS_CARRIER);
}

static int emit_fhir(struct message *m)
{
	struct kind_set kinds = m->roots;
	int status = STATUS_OK;

	if (m->carrier_kind != RULES_NONE) {
		kinds = (struct kind_set){{0}};
		kind_set_add(&kinds, m->carrier_kind);
	}
	for (uint8_t k = 0; k < m->session->rules->kind_count && status == STATUS_OK; k++) {
		enum finding_class class = kind_of(m, k)->class;

		if (kind_set_has(kinds, k))
			status = emit_kind(m, k,
			        class == CLASS_PATIENT     ? TIER_HIGH
			        : class == CLASS_DIRECTORY ? TIER_DIRECTORY
			                                   : TIER_REFERENCE,
			        class);
	}
	return status;
}

/* What running text and longer values add up to, where the format does not say it already. */
static int emit_text(struct message *m)
{
	const struct rules_special *special = &m->session->rules->special;
	bool patient_table = m->carrier == CARRIER_TABLE && m->patient;

	if (m->carrier_kind != RULES_NONE || kind_set_any(m->roots))
		return STATUS_OK;
	switch (narrative_judge(&m->narrative, about_patient(m))) {
	case NARRATIVE_CERTAIN:
		return emit_kind(m, special->letter, TIER_HIGH, CLASS_PATIENT);
	case NARRATIVE_LIKELY:
		return emit_kind(m, special->letter, TIER_MEDIUM, CLASS_PATIENT);
	case NARRATIVE_CLINICAL:
		if (!patient_table)
			return emit_kind(m, special->unnamed, TIER_MEDIUM, CLASS_CARRIER);
		break;
	case NARRATIVE_NONE:
		break;
	}
	if (!codes_many(&m->codes) || about_patient(m))
		return STATUS_OK;
	if (codes_terminology(&m->codes) || narrative_specifies(&m->narrative))
		return emit_kind(m, special->codes, TIER_REFERENCE, CLASS_REFERENCE);
	return emit_kind(m, special->codes, TIER_MEDIUM, CLASS_CARRIER);
}

/* A document that is clinical by its format; whose it is says what is in it. */
static int emit_document(struct message *m)
{
	bool about = about_patient(m) || saw(m, &detector_person_name);

	return emit_kind(m, m->carrier_kind, about ? TIER_HIGH : TIER_MEDIUM,
	        about ? CLASS_PATIENT : CLASS_CARRIER);
}

int message_close(struct message *m)
{
	int status = finish_text(m, &m->text);

	if (status == STATUS_OK)
		status = finish_text(m, &m->joined);
	if (status == STATUS_OK && m->table)
		status = table_finish(m);
	if (status == STATUS_OK)
		status = flush(m);
	if (status == STATUS_OK)
		status = emit_text(m);
	if (status != STATUS_OK || !m->has_fields)
		return status;
	switch (m->carrier) {
	case CARRIER_HL7_V2:
		return emit_hl7(m);
	case CARRIER_FHIR:
		return emit_fhir(m);
	case CARRIER_TABLE:
		return emit_table(m);
	case CARRIER_CDA:
	case CARRIER_PIT:
	case CARRIER_PRESCRIPTION:
	case CARRIER_CLAIM:
	case CARRIER_DICOM:
		return emit_document(m);
	default:
		return STATUS_OK;
	}
}
