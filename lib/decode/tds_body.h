/* tds_body: one message of TDS behind its packets: what a client asks and what a server answers.
 *
 * It is read in units (a name, a value, a token) of at most TDS_UNIT_BYTES_MAX; longer values pass
 * through in pieces. A token or type that is not known ends the reading of this message only. */
#ifndef EXEAT_DECODE_TDS_BODY_H
#define EXEAT_DECODE_TDS_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "decode/db_value.h"
#include "decode/rowset.h"
#include "decode/tds_type.h"

#define TDS_UNIT_BYTES_MAX (68u << 10) /* tokens with a length of two bytes */
#define TDS_BODY_ROOM      8           /* operations that a step may need */

/* [MS-TDS] section 2.2.3.1.1 */
enum tds_message {
	TDS_BATCH = 1,
	TDS_LOGIN_OLD = 2,
	TDS_RPC = 3,
	TDS_ANSWER = 4,
	TDS_ATTENTION = 6,
	TDS_BULK = 7,
	TDS_TOKEN_LOGIN = 8,
	TDS_TRANSACTION = 14,
	TDS_LOGIN = 16,
	TDS_SSPI = 17,
	TDS_PRELOGIN = 18,
};

/* [MS-TDS] section 2.2.6.5: what a server answers to PRELOGIN. */
enum tds_encryption {
	TDS_LOGIN_ENCRYPTED = 0,
	TDS_ALL_ENCRYPTED = 1,
	TDS_NOT_ENCRYPTED = 2,
	TDS_ENCRYPTION_REQUIRED = 3,
	TDS_ENCRYPTION_UNKNOWN = 0xff,
};

enum tds_phase {
	PHASE_START,
	PHASE_SQL,
	PHASE_PRELOGIN,
	PHASE_LOGIN,
	PHASE_CALL,  /* name of a procedure */
	PHASE_PARAM, /* name and type */
	PHASE_TOKEN,
	PHASE_COLUMN, /* description of one */
	PHASE_CELL,
	PHASE_VALUE, /* length of one, the type of which is known */
	PHASE_WHOLE, /* bytes of a value, all at once */
	PHASE_PART,  /* length of the next part of a value */
	PHASE_BYTES, /* bytes of a value, as they come */
	PHASE_PASS,  /* the rest says nothing, or nobody's business */
	PHASE_LOST,  /* the rest is not read */
};

struct tds_input {
	struct cursor c; /* of the message, from where its reading is */
	bool last;       /* the message ends there */
};

struct tds_body {
	enum tds_phase phase, behind; /* behind: after the value that is read */
	enum stream_end lost;
	uint8_t message; /* enum tds_message */
	bool old;        /* before TDS 7.2: shorter numbers */
	bool version_known;
	bool headers_read;  /* those of a request */
	bool sql;           /* the value that is read holds statements */
	bool open;          /* a message of ours that is no table */
	uint8_t encryption; /* enum tds_encryption, of the server's answer */
	struct rowset rows;
	struct db_value value;
	struct tds_type type; /* of the value that is read */
	enum tds_extent extent;
	uint32_t left_bytes;   /* of the value, or of its part */
	uint32_t columns_left; /* to be described */
	uint32_t skip_bytes;   /* before the next token */
	uint16_t procedure;    /* number of a known one; 0: it has a name */
	unsigned param;        /* from 0 */
	bool nulls_known;
	uint8_t nulls[ROWSET_COLUMNS_MAX / 8];
	char label[DECODE_LABEL_BYTES_MAX];
};

void tds_body_init(struct tds_body *b, struct budget *borrowed) NONNULL(1, 2);
void tds_body_free(struct tds_body *b) NONNULL(1);
/* A message begins. */
void tds_body_begin(struct tds_body *b, uint8_t message) NONNULL(1);
/* Every step: STATUS_ITEM, something was done; STATUS_OK, more of the message is needed (with
 * in->last: it is over); STATUS_MORE, drain the queue; STATUS_LIMIT (budget); or a failure. */
int tds_body_step(struct tds_body *b, struct tds_input *in, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
/* The message is over; cut short unless STREAM_COMPLETE. STATUS_OK, or as a step. */
int tds_body_end(struct tds_body *b, enum stream_end end, struct decode_out *out) WUNRES
        NONNULL(1, 3);

/* ---- among the files of this module ---- */

/* The rest of the message is not read. */
void tds_lose(struct tds_body *b, enum stream_end why, struct decode_out *out) NONNULL(1, 3);
/* Takes the length of a value, the field of which is set, and goes over to reading it. */
int tds_value_start(struct tds_body *b, struct tds_input *in, bool in_row) WUNRES NONNULL(1, 2);
/* Opens a message that is no table; ends the one before. */
void tds_say(struct tds_body *b, const char *name, const char *place, struct decode_out *out)
        NONNULL(1, 2, 3, 4);
void tds_said(struct tds_body *b, struct decode_out *out) NONNULL(1, 2);
/* A value of a few words in UTF-16, as a field. STATUS_OK, STATUS_MORE, STATUS_LIMIT. */
int tds_tell(struct tds_body *b, enum field_role role, const char *label, struct span wide,
        struct decode_out *out) WUNRES NONNULL(1, 3, 5);
/* The value that comes next is a parameter of that name; no field may borrow the one before. */
void tds_label(struct tds_body *b, struct span wide) NONNULL(1);
/* tds_request.c: STATUS_ITEM, STATUS_OK, … as a step. */
int tds_request_step(struct tds_body *b, struct tds_input *in, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
/* tds_token.c */
int tds_token_step(struct tds_body *b, struct tds_input *in, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);

#endif
