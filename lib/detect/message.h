/* message: what one protocol message has shown so far, added up, and judged as a whole when it
 * ends.
 *
 * Only a whole message says whether a name is a patient's: beside a date of birth or a Medicare
 * number it is, alone it is not. So findings wait as entries, one for each kind, place, tier and
 * tag, and go out when the message ends or when there are MESSAGE_ENTRIES_MAX of them. */
#ifndef EXEAT_DETECT_MESSAGE_H
#define EXEAT_DETECT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "decode/decode.h"
#include "detect/codes.h"
#include "detect/detect.h"
#include "detect/narrative.h"
#include "detect/rules.h"
#include "detect/text.h"

#define MESSAGE_ENTRIES_MAX 128 /* 30 KiB; a larger table sends them out in turns */
#define MESSAGE_PAIR_ROWS   5   /* rows of names and dates that make a table a patient list */

struct entry {
	uint8_t kind, tier;
	bool metadata;
	bool labelled; /* by the carrier: counts as high in a message about a patient */
	uint64_t tag, count;
	int64_t time_ns;
	uint64_t packet;
	char place[DECODE_PLACE_CHARS];
	char mask[DETECT_MASK_CHARS];
};

struct table;
struct detect_session;

struct message {
	uint64_t id;
	uint32_t stream;
	uint8_t direction;
	enum carrier carrier;
	uint8_t carrier_kind; /* RULES_NONE: it is of no clinical kind by itself */
	bool has_fields;
	bool has_content;      /* HL7: an observation or document */
	bool patient;          /* names a patient by its format: PID, FHIR Patient, a column run */
	bool identifier;       /* a patient's number that counts was seen */
	bool listed;           /* the columns of a table look like a list of patients */
	bool staff;            /* a label or a tax file number says that it is of employees */
	uint8_t tag_kind;      /* kind whose tags count patients; RULES_NONE: not chosen yet */
	struct kind_set seen;  /* labelled kinds that had a value of their shape */
	struct kind_set roots; /* FHIR: carrier kinds of the resources inside */
	uint64_t rows;         /* of names, for tables */
	uint64_t clinical_values;
	struct narrative narrative; /* of its running texts and longer values */
	struct codes codes;
	char place[DECODE_PLACE_CHARS];
	int64_t time_ns;
	uint64_t packet;
	struct detect_session *session;   /* borrows */
	const struct decode_event *event; /* borrows; the one being read */
	struct text_scan *text;           /* open running text; NULL: none */
	struct text_scan *joined;         /* the values of XML, read as one text; NULL: none */
	struct table *table;              /* NULL: not a table */
	struct entry *entries;
	unsigned entry_count, entry_capacity;
};

/* One sighting. Borrows the shape; its place, time and role come from the event being read. */
struct sighting {
	uint8_t kind;
	enum tier tier;
	bool labelled;
	uint64_t tag;
	uint64_t count;
	struct span shape;
	const char *mask; /* when there is no shape any more; NULL: from the shape */
};

/* STATUS_LIMIT: the budget refuses. */
int message_open(struct detect_session *s, const struct decode_event *e,
        struct message **ret_gives) WUNRES NONNULL(1, 2, 3);
/* Judges what is open and sends everything out. */
int message_close(struct message *m) WUNRES NONNULL(1);
/* Frees without judging. */
struct message *message_free(struct message *m);

/* Of a table's header only what is written in it counts, not what it would label. */
int message_field(struct message *m, const struct decode_event *e) WUNRES NONNULL(1, 2);
int message_note(struct message *m, const struct sighting *seen) WUNRES NONNULL(1, 2);
/* From text: a number with or without a word that vouches for it. */
int message_found(struct message *m, const struct text_found *found) WUNRES NONNULL(1, 2);
/* A value whose label means one of these kinds. STATUS_ITEM: it has the shape of *ret_kind and
 * *ret is its reading; 0: of none. */
int message_read_labelled(const struct message *m, struct kind_set kinds, struct span value,
        uint8_t *ret_kind, struct reading *ret) NONNULL(1, 4, 5);
/* Notes a labelled value that has the shape of its kind. */
int message_note_labelled(struct message *m, uint8_t kind, const struct reading *reading,
        struct span value) WUNRES NONNULL(1, 3);
/* It names employees, and nothing in it is clinical or a record number. */
bool message_of_staff(const struct message *m) NONNULL(1);
/* An identifier has four digits at least; most values do not. */
bool message_worth_scanning(struct span value);
/* A value without a label of its own: it is looked through as text. */
int message_scan_value(struct message *m, struct span value, struct kind_set label) WUNRES
        NONNULL(1);

#endif
