/* unpack_record: the answer of the process that opens a document, as records of one pipe. The
 * document may have taken that process over: its records are read as hostile input.
 *
 * A record is a header of 8 bytes and its payload: kind, detail, length of the payload (16 bits,
 * little-endian), number (32 bits, the same). Its writer and its reader are one program. */
#ifndef EXEAT_DECODE_UNPACK_RECORD_H
#define EXEAT_DECODE_UNPACK_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define UNPACK_HEADER_BYTES  8
#define UNPACK_PAYLOAD_BYTES (16u << 10) /* DECODE_PIECE_BYTES_MAX */

enum unpack_kind {
	UNPACK_NONE,
	UNPACK_TEXT,       /* UTF-8, a piece of running text; number: page, 0: none */
	UNPACK_BREAK,      /* the running text ends */
	UNPACK_VALUE,      /* label, zero byte, value; detail: enum unpack_value */
	UNPACK_MEMBER,     /* something lies inside; payload: its name; detail: a flag below */
	UNPACK_BYTES,      /* of the open member */
	UNPACK_MEMBER_END, /* detail: enum stream_end */
	UNPACK_PICTURES,   /* number: pages that are a picture alone */
	UNPACK_END,        /* detail: enum stream_end; number: 1024ths that were looked into */
	UNPACK_KINDS
};

enum unpack_value {
	UNPACK_TITLE,      /* of the document, and other words about it */
	UNPACK_FORM,       /* a field that somebody filled in; the label is its name */
	UNPACK_ANNOTATION, /* a note that somebody stuck on */
	UNPACK_VALUES
};

#define UNPACK_LOCKED 1u    /* nobody can read it */
#define UNPACK_TABLE  2u    /* a sheet, in CSV; it has no name */
#define UNPACK_WHOLE  1024u /* of UNPACK_END */

struct unpack_record {
	enum unpack_kind kind;
	unsigned detail;
	uint32_t number;
	struct span payload; /* borrows */
};

/* The record at the front of bytes, and how many bytes it takes. STATUS_ITEM; STATUS_MORE;
 * STATUS_MALFORMED: such a record there is not. */
int unpack_record_read(struct span bytes, struct unpack_record *ret, size_t *ret_len) WUNRES
        NONNULL(2, 3);

/* Where records go: a pipe, or for tests a buffer. */
struct unpack_sink {
	int fd;          /* -1: into the buffer */
	struct buf *buf; /* borrows */
	uint64_t bytes;  /* that went out */
	int status;      /* of the first failure, which stays */
};

/* The payload is at most UNPACK_PAYLOAD_BYTES; a longer one is a bug of ours. */
void unpack_put(struct unpack_sink *s, enum unpack_kind kind, unsigned detail, uint32_t number,
        struct span payload) NONNULL(1);
/* In as many records as it takes. */
void unpack_put_all(struct unpack_sink *s, enum unpack_kind kind, uint32_t number,
        struct span bytes) NONNULL(1);
/* A label, cut to fit, and its value; a value that does not fit is a running text, without it. */
void unpack_put_value(struct unpack_sink *s, enum unpack_value what, struct span label,
        struct span value) NONNULL(1);

#endif
