/* mysql: the inside of the decoder of MySQL's protocol: its state, the cells of rows, and what a
 * client says. */
#ifndef EXEAT_DECODE_MYSQL_H
#define EXEAT_DECODE_MYSQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "decode/db_value.h"
#include "decode/rowset.h"

#define MYSQL_HEAD_BYTES     4u
#define MYSQL_PACKET_FULL    0xffffffu /* another packet goes on with it */
#define MYSQL_UNIT_BYTES_MAX 65536u    /* of what is read when it is whole */
#define MYSQL_ROOM           8
#define MYSQL_STATEMENTS_MAX 16 /* prepared ones whose parameters are counted; then the oldest go */

enum mysql_command {
	MYSQL_INIT_DB = 2,
	MYSQL_QUERY = 3,
	MYSQL_COPY_LOG = 0x12,
	MYSQL_PREPARE = 0x16,
	MYSQL_EXECUTE = 0x17,
	MYSQL_LONG_DATA = 0x18,
	MYSQL_COPY_LOG_BY_ID = 0x1e,
};

enum mysql_phase {
	AT_PACKET,
	IN_PACKET,
	IN_ROW,
	IN_TEXT,  /* of SQL: all that is left */
	IN_VALUE, /* of left_value bytes */
	IN_FILE,  /* that the server has asked for */
	IN_REST,  /* which says nothing */
};

/* What a server's next packet is. */
enum mysql_answer { ANSWER_LOGIN, ANSWER_FIRST, ANSWER_COLUMNS, ANSWER_BETWEEN, ANSWER_ROWS };

struct mysql_statement {
	uint32_t id;
	uint16_t params;
};

struct mysql {
	const struct decode_env *env;
	enum mysql_phase phase;
	enum mysql_answer answer;
	bool server;
	bool begun;           /* a packet was read */
	bool commands;        /* the login is over */
	bool compressed;      /* asked for; agreed on when both did */
	bool tls;             /* the client has asked for it */
	bool open;            /* a message of ours that is no table */
	bool in_file;         /* the file's stream is open */
	bool more;            /* the packet goes on in another */
	bool binary;          /* rows */
	bool prepared;        /* the columns are only described */
	bool lost;            /* after a gap: looks for a packet */
	enum stream_end rest; /* why the rest is not read; STREAM_COMPLETE: it says nothing */
	uint8_t sequence, command;
	uint8_t nulls[(ROWSET_COLUMNS_MAX + 9) / 8];
	uint32_t left_bytes; /* of the packet */
	uint64_t left_value;
	uint32_t count; /* descriptions left */
	unsigned statement_at;
	struct mysql_statement statements[MYSQL_STATEMENTS_MAX];
	struct rowset rows;
	struct db_value value;
};

/* A length in one to nine bytes; NULL is true for the sign of no value. */
uint64_t mysql_length(struct cursor *c, bool *ret_null) NONNULL(1);
struct span mysql_string(struct cursor *c) NONNULL(1);
void mysql_say(struct mysql *m, const char *name, struct decode_out *out) NONNULL(1, 2, 3);
void mysql_said(struct mysql *m, struct decode_out *out) NONNULL(1, 2);
/* Takes so many bytes of the packet, when they are there: up to where *behind is. */
bool mysql_take(struct mysql *m, struct cursor *c, const struct cursor *behind) NONNULL(1, 2, 3);

/* Each: STATUS_ITEM, something was done; STATUS_OK, more input is needed; STATUS_MORE, drain first;
 * STATUS_MALFORMED, the packet is not read on; or a failure. */
int mysql_client_step(struct mysql *m, struct cursor *c, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
int mysql_cell_step(struct mysql *m, struct cursor *c, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
/* A number or date in binary form: how many bytes it takes, and its text in *ret; SIZE_MAX: they
 * are not there; 0: the type has a length of its own. */
size_t mysql_scalar(uint8_t type, struct cursor c, char *ret, size_t size) NONNULL(3);

#endif
