#include "detect/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/mask.h"
#include "detect/session.h"
#include "detect/shape.h"

/* A distinct value that waits for the column to be judged. */
struct held {
	uint8_t kind;
	bool labelled;
	uint64_t tag, count;
};

struct column {
	bool shaped;                 /* no header says that it is about clinicians or firms */
	bool names_patients, births; /* says the header */
	struct shape shape;
	uint64_t values;                     /* that are not empty */
	uint64_t passed[RULES_CONTEXTS_MAX]; /* of each kind of the column-run rule */
	uint32_t run;                        /* kinds that the column was found to hold */
	unsigned held_count;
	struct held held[TABLE_HELD_MAX];
	char place[DECODE_PLACE_CHARS];
	char mask[DETECT_MASK_CHARS]; /* of the first value that waited */
};

struct table {
	struct column *columns[TABLE_COLUMNS_MAX];
};

int table_new(struct detect_session *s, struct table **ret_gives)
{
	void *memory;
	int status = session_allocate(s, sizeof(struct table), &memory);

	if (status == STATUS_OK)
		*ret_gives = memory;
	return status;
}

struct table *table_free(struct detect_session *s, struct table *t)
{
	for (size_t i = 0; t && i < TABLE_COLUMNS_MAX; i++)
		session_release(s, t->columns[i], sizeof(struct column));
	session_release(s, t, sizeof(*t));
	return NULL;
}

/* What the header may mean. */
static void label_column(const struct detect_rules *r, struct kind_set kinds, struct column *c)
{
	c->shaped = true;
	for (uint8_t k = 0; kind_set_any(kinds) && k < r->kind_count; k++) {
		if (!kind_set_has(kinds, k))
			continue;
		c->shaped = c->shaped && r->kinds[k].class == CLASS_PATIENT;
		c->names_patients = c->names_patients ||
		                    r->kinds[k].detector == &detector_person_name;
		c->births = c->births || r->kinds[k].detector == &detector_birth_date;
	}
}

/* The column of the field being read; NULL when it is not kept. */
static int find_column(struct message *m, struct kind_set kinds, struct column **ret)
{
	uint32_t number = m->event->field.column;
	struct column **slot;
	void *memory;
	int status = STATUS_OK;

	*ret = NULL;
	if (number > TABLE_COLUMNS_MAX)
		return STATUS_OK;
	if (!m->table)
		status = table_new(m->session, &m->table);
	if (status != STATUS_OK)
		return status;
	slot = &m->table->columns[number - 1];
	if (!*slot) {
		status = session_allocate(m->session, sizeof(**slot), &memory);
		if (status != STATUS_OK)
			return status;
		*slot = memory;
		memcpy((*slot)->place, m->event->place, sizeof((*slot)->place));
		label_column(m->session->rules, kinds, *slot);
	}
	*ret = *slot;
	return STATUS_OK;
}

/* Index in run_kind of the kind whose check the value passes; -1: none. Part numbers that begin
 * with a war code would all pass together, so without a header those are no run. */
static int passing(
        const struct detect_rules *r, struct span value, struct kind_set kinds, struct reading *ret)
{
	if (!message_worth_scanning(value))
		return -1;
	for (int i = 0; i < r->run_count; i++)
		if ((!r->kinds[r->run_kind[i]].detector->listed ||
		            kind_set_has(kinds, r->run_kind[i])) &&
		        r->kinds[r->run_kind[i]].detector->read(value, ret) && ret->valid)
			return i;
	return -1;
}

static unsigned distinct_held(const struct column *c, uint8_t kind)
{
	unsigned count = 0;

	for (unsigned i = 0; i < c->held_count; i++)
		count += c->held[i].kind == kind;
	return count;
}

static bool rate_holds(const struct column *c, int run)
{
	return c->passed[run] * 100 >= c->values * DETECT_COLUMN_PASS_PERCENT;
}

static int note(struct message *m, const struct column *c, const struct held *h, enum tier tier)
{
	struct sighting seen = {.kind = h->kind,
	        .tier = tier,
	        .labelled = h->labelled || tier == TIER_HIGH,
	        .tag = h->tag,
	        .count = h->count,
	        .mask = c->mask};
	struct decode_event event = {.time_ns = m->time_ns, .packet = m->packet};
	int status;

	if (m->event)
		return message_note(m, &seen);
	memcpy(event.place, c->place, sizeof(event.place));
	m->event = &event;
	status = message_note(m, &seen);
	m->event = NULL;
	return status;
}

/* The values of one kind stop waiting. */
static int release_held(struct message *m, struct column *c, uint8_t kind, enum tier tier)
{
	unsigned kept = 0;
	int status = STATUS_OK;

	for (unsigned i = 0; i < c->held_count; i++) {
		struct held *h = &c->held[i];

		if (h->kind != kind) {
			c->held[kept++] = *h;
			continue;
		}
		if (status == STATUS_OK)
			status = note(m, c, h,
			        tier == TIER_HIGH ? tier
			        : h->labelled     ? TIER_MEDIUM
			                          : TIER_WEAK);
	}
	c->held_count = kept;
	return status;
}

/* False when there is no room for one more distinct value. */
static bool hold(struct column *c, const struct held *new)
{
	for (unsigned i = 0; i < c->held_count; i++) {
		if (c->held[i].kind == new->kind && c->held[i].tag == new->tag) {
			c->held[i].count++;
			return true;
		}
	}
	if (c->held_count == TABLE_HELD_MAX)
		return false;
	c->held[c->held_count++] = *new;
	return true;
}

static int take_number(struct message *m, struct column *c, int run, const struct held *h)
{
	c->passed[run]++;
	if (c->run >> run & 1)
		return note(m, c, h,
		        rate_holds(c, run) ? TIER_HIGH
		        : h->labelled      ? TIER_MEDIUM
		                           : TIER_WEAK);
	if (!hold(c, h))
		return note(m, c, h, h->labelled ? TIER_MEDIUM : TIER_WEAK);
	if (distinct_held(c, h->kind) < DETECT_COLUMN_RUN_MIN || !rate_holds(c, run))
		return STATUS_OK;
	c->run |= (uint32_t)1 << run;
	m->patient = true;
	return release_held(m, c, h->kind, TIER_HIGH);
}

int table_value(struct message *m, struct span value, struct kind_set kinds)
{
	const struct detect_rules *r = m->session->rules;
	struct reading reading;
	struct column *c;
	uint8_t kind;
	int run, status = find_column(m, kinds, &c);

	if (status != STATUS_OK)
		return status;
	run = c ? passing(r, value, kinds, &reading) : -1;
	if (c) {
		c->values++;
		if (c->shaped)
			shape_value(&c->shape, value);
	}
	if (run >= 0) {
		struct held h = {.kind = r->run_kind[run], .count = 1};

		h.labelled = kind_set_has(kinds, h.kind);
		if (c->mask[0] == '\0')
			mask_number(value, c->mask);
		if (h.labelled)
			kind_set_add(&m->seen, h.kind);
		status = rules_tag(r, h.kind, reading.normal, &h.tag);
		return status == STATUS_OK ? take_number(m, c, run, &h) : status;
	}
	if (message_read_labelled(m, kinds, value, &kind, &reading) == STATUS_ITEM)
		return message_note_labelled(m, kind, &reading, value);
	return message_scan_value(m, value, kinds);
}

/* How many columns look like what a list of patients has. */
struct looks {
	unsigned names, full_names, births, others;
	bool labelled_names;
};

static void look_at(const struct column *c, struct looks *l)
{
	const struct shape *s = &c->shape;

	if (!c->shaped)
		return;
	l->names += shape_is_names(s);
	l->full_names += shape_is_full_names(s);
	l->births += c->births ? shape_is_dates(s) : shape_is_births(s);
	l->others += shape_is_sexes(s) || shape_is_phones(s);
	l->labelled_names = l->labelled_names || (c->names_patients && shape_is_names(s));
}

/* Names and dates of birth, and one thing more that is known of patients; a header that says
 * `surname` is such a thing. */
static bool lists_patients(const struct message *m)
{
	struct looks l = {0};

	for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
		if (m->table->columns[i])
			look_at(m->table->columns[i], &l);
	if (l.births == 0 || (l.full_names == 0 && l.names < 2 && !l.labelled_names))
		return false;
	return l.labelled_names || l.others > 0 || m->clinical_values >= SHAPE_VALUES_MIN;
}

int table_finish(struct message *m)
{
	const struct detect_rules *r = m->session->rules;
	int status = STATUS_OK;

	m->event = NULL;
	m->listed = !message_of_staff(m) && lists_patients(m);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++) {
		struct column *c = m->table->columns[i];

		for (unsigned k = 0; c && k < r->run_count && status == STATUS_OK; k++)
			status = release_held(m, c, r->run_kind[k], TIER_MEDIUM);
	}
	return status;
}
