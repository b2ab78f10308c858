/* decoder: the inside of lib/decode: what a decoder of one format is, and how it speaks with the
 * session that runs it. Comes in: bytes of one stream of content, in order. Goes out: operations in
 * a small queue: a message begins, a field, a child stream, …
 *
 * To write one: a file with `const struct decoder decoder_x`, and its row in DECODERS below. The
 * session (decode.c) owns the tree of streams, numbers, places, limits and budgets; a decoder sees
 * only its own stream. feed() may take a part of its input and leave the rest:
 *   - because it waits for more: the session keeps the rest and gives it again, with more behind
 * it.
 *     A decoder that waits with DECODE_MESSAGE_BYTES_MAX before it is stopped with STREAM_LIMIT.
 *     Remember how far you have looked: input may arrive one byte at a time;
 *   - because the queue has no room (decode_room()): the session drains the queue and calls again.
 * Spans put into the queue borrow: they may point into the input of this call, into the decoder's
 * own state, or into decode_keep(); the session is done with them before it calls the decoder
 * again. Memory is bounded by that whatever a wrapping expands to. */
#ifndef EXEAT_DECODE_DECODER_H
#define EXEAT_DECODE_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/decode.h"

#define DECODE_PROBE_BYTES_MAX 512 /* a format that does not show by then is not recognised */
#define DECODE_QUEUE_OPS       32  /* operations between two drains; a unit of work needs < 16 */
#define DECODE_SCRATCH_BYTES   (32u << 10) /* two values of DECODE_VALUE_BYTES_MAX */
#define DECODE_STEP_CHARS      40          /* one step of a place: "member 12 (.csv)" */
#define DECODE_TYPE_CHARS      96          /* longest registered media type is 84 characters */
#define DECODE_BOUNDARY_CHARS  71          /* RFC 2046 section 5.1.1: 70 characters */
#define DECODE_EXTENSION_CHARS 8
/* messages under way at once in one direction: what servers of HTTP/2 allow (100 to 128) */
#define DECODE_BRANCHES_MAX  128
#define DECODE_WRAPPINGS_MAX 4 /* encodings declared around one content; more: malformed */

/* Declared encodings of a content (HTTP Content-Encoding, MIME Content-Transfer-Encoding). */
enum wrapping {
	WRAPPING_NONE = 0,
	WRAPPING_GZIP,
	WRAPPING_DEFLATE, /* zlib, or bare deflate as some servers send it */
	WRAPPING_BROTLI,
	WRAPPING_ZSTD,
	WRAPPING_BASE64,
	WRAPPING_QUOTED_PRINTABLE,
	WRAPPING_AWS_CHUNKED, /* pieces that are signed one by one, as S3 takes them in */
	WRAPPING_UNKNOWN,     /* a name that we do not know: the content ends STREAM_UNKNOWN */
};

/* Not a registered type: what lib/decode/http2.c declares of a body that is WebSocket. */
#define WEBSOCKET_TYPE "x-exeat/websocket"

/* What is declared of a content before its first byte: a hint, never a proof. A plain value. */
struct content {
	char place[DECODE_STEP_CHARS];          /* our words and numbers only: "HTTP body" */
	char type[DECODE_TYPE_CHARS];           /* media type, lower case, no parameters; or "" */
	char charset[24];                       /* lower case; or "" */
	char boundary[DECODE_BOUNDARY_CHARS];   /* of multipart types; or "" */
	char extension[DECODE_EXTENSION_CHARS]; /* of the declared file name, "csv"; or "" */
	bool claims; /* the headers around it are those of health claims (dhs-*) */
	/* enum wrapping, outermost first, 0 ends the list */
	uint8_t wrappings[DECODE_WRAPPINGS_MAX];
};

/* content.c. Each fills in its part from a header's value; unusable values leave the part empty. */
void content_declare_type(struct content *c, struct span content_type) NONNULL(1);
void content_declare_encoding(struct content *c, struct span content_encoding) NONNULL(1);
void content_declare_name(struct content *c, struct span file_name) NONNULL(1);
/* The parameter of a structured header value (`form-data; name="a"`), quotes undone into the
 * decoder's queue memory or borrowed; empty when absent. RFC 2045 section 5.1, RFC 6266. */
struct decode_out;
struct span content_parameter(struct span header, const char *name, struct decode_out *out)
        NONNULL(2, 3);
/* The content without its outermost declared wrapping: what a wrapping's decoder opens. */
struct content content_unwrapped(const struct content *c, const char *place) NONNULL(1, 2);

/* The file name of a Content-Disposition: RFC 6266, RFC 8187; from decode_scratch(). Empty when it
 * is absent, or when there is no memory for it. */
struct span content_file_name(struct span disposition, struct decode_out *out) NONNULL(2);

/* A value of a form that begins like a document of its own (JSON, XML, HL7), or like one in base64,
 * which is then declared in *ret. */
bool content_is_nested(struct span value, struct content *ret) NONNULL(2);

/* What a decoder may know of its surroundings. Borrowed for the life of the stream. */
struct decode_env {
	const struct tuple *tuple;
	const struct content *content; /* declared; all empty for the direction's own stream */
	struct budget *budget;
	unsigned depth; /* 0: the direction's own stream */
	uint8_t direction;
	bool datagram; /* every input is one whole datagram */
	void *peer;    /* depth 0: state of the same decoder in the other direction; or NULL */
	const char *expected; /* protocol that another conversation has announced; or "" */
	struct decode_unpacker *unpacker; /* unpacker.h; NULL: nobody opens documents */
};

/* An answer must not depend on how the bytes were cut: once a probe says yes or no of some bytes,
 * it must say the same of those bytes with any others behind them; until then it says
 * PROBE_MORE. */
enum probe_answer {
	PROBE_NO,
	/* cannot tell yet: a "no" once `end` is set or DECODE_PROBE_BYTES_MAX are there */
	PROBE_MORE,
	PROBE_YES,
};

/* The start of a stream. */
struct probe {
	struct span head; /* everything so far, at most DECODE_PROBE_BYTES_MAX; a byte-order mark of
			   * UTF-8 is already gone */
	bool end;         /* nothing more will come */
	bool other;       /* depth 0: this decoder already reads the other direction */
	const struct decode_env *env;
};

struct decode_in {
	struct span bytes;   /* what was left last time, and what is new */
	bool last;           /* nothing follows: what is not taken now is counted as unread */
	enum stream_end end; /* with last: how the stream ended: COMPLETE, TRUNCATED, GAP, LIMIT */
};

struct decoder {
	const char *name;     /* of the format; for tests and tables */
	const char *protocol; /* name in decode_summary when it is the outermost; NULL: none */
	bool clear;           /* content of that protocol can be read by whoever listens */
	bool as_written;      /* its fields are in the declared character set, not made UTF-8 */
	bool fallback;        /* outermost: at the start of each chunk, look again for a protocol */
	/* allocated zeroed, charged to the budget, wiped and freed by the session */
	size_t state_bytes;
	enum probe_answer (*probe)(const struct probe *p);
	/* NULL: nothing to do. The environment is borrowed for the life of the state. */
	int (*open)(void *state, const struct decode_env *env);
	/* 0: did what it could. STATUS_MORE: call again after draining, although all input is
	 * taken. STATUS_MALFORMED, STATUS_LIMIT, STATUS_ENCRYPTED: as decode_stop() with that end.
	 * Negative: forwarded. *ret_consumed starts at 0. */
	int (*feed)(void *state, const struct decode_in *in, size_t *ret_consumed,
	        struct decode_out *out);
	/* Bytes are missing here (0: nobody knows how many); input left before the gap is given as
	 * `before` and will not come back. NULL: the stream is stopped with STREAM_GAP. A gap is
	 * one unit: at most 8 operations. Same results as feed() but STATUS_MORE. */
	int (*gap)(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out);
	/* Bytes that it has taken in and not looked into: when the session stops it, they never
	 * will be. NULL: it looks into what it takes. */
	uint64_t (*pending)(const void *state);
	void (*close)(void *state); /* NULL: nothing to do; frees what the state owns */
};

/* ---- what a decoder puts out; each takes one place in the queue unless it says otherwise ---- */

/* Places left. Emitting without a place is a bug of the decoder and fails the session. */
size_t decode_room(const struct decode_out *out) NONNULL(1);

/* A message begins; the one before must have ended. Of the name only letters, digits, ^ _ - . stay.
 * place: our words, "HL7 message 3", or "" when the stream's own place says it all. */
void decode_begin(struct decode_out *out, enum carrier carrier, struct span name, const char *place)
        NONNULL(1, 4);
/* A field of the open message. place: our words, "column 4", or "". The value and label borrow.
 * Values over DECODE_VALUE_BYTES_MAX must be FIELD_TEXT in pieces of DECODE_PIECE_BYTES_MAX. */
void decode_field(struct decode_out *out, const struct field *field, const char *place)
        NONNULL(1, 2, 3);
/* The common case: a whole value with role content. */
void decode_value(struct decode_out *out, enum label_kind label_kind, struct span label,
        struct span value) NONNULL(1);
void decode_end(struct decode_out *out) NONNULL(1);

/* What follows belongs to that branch, below DECODE_BRANCHES_MAX: each has a message and a child of
 * its own, so that several can be under way at once. Branch 0 is the first. Only at depth 0. */
void decode_branch(struct decode_out *out, unsigned branch) NONNULL(1);

/* A child stream opens (one at a time in a branch), takes bytes, and closes. The session picks its
 * decoder. */
void decode_child_open(struct decode_out *out, const struct content *content) NONNULL(1, 2);
void decode_child_bytes(struct decode_out *out, struct span bytes) NONNULL(1);
void decode_child_gap(struct decode_out *out, uint64_t missing_bytes) NONNULL(1);
void decode_child_close(struct decode_out *out, enum stream_end end) NONNULL(1);
/* False when the open child has stopped reading (sound, a limit, …): work for it can be saved, but
 * its bytes must still be passed or counted with decode_unread(). */
bool decode_child_wanted(const struct decode_out *out) NONNULL(1);
/* Why it has stopped; STREAM_COMPLETE while it has not. */
enum stream_end decode_child_end(const struct decode_out *out) NONNULL(1);
/* What it has seen of its bytes is sound or pictures. */
bool decode_child_media(const struct decode_out *out) NONNULL(1);

/* From input.bytes[at] on, this direction speaks another protocol ("tls", "unknown"). Last thing
 * that a decoder emits; only at depth 0. */
void decode_upgrade(struct decode_out *out, const char *to, size_t at) NONNULL(1, 2);
/* Another connection is announced; it may have begun by now. */
void decode_related(struct decode_out *out, const struct decode_related *related) NONNULL(1, 2);
/* This decoder reads no further than what it consumes in this call; the rest is counted as unread
 * for that reason. STREAM_COMPLETE: the format has ended, what follows is not part of it.
 * Takes no place in the queue; takes effect when the queue is drained. */
void decode_stop(struct decode_out *out, enum stream_end why) NONNULL(1);
/* Of the consumed bytes so many were not looked into. Takes no place in the queue. */
void decode_unread(struct decode_out *out, uint64_t bytes, enum stream_end why) NONNULL(1);
/* A message broke its format, or a stated maximum was reached, and reading goes on. No place. */
void decode_count_malformed(struct decode_out *out) NONNULL(1);
void decode_count_limit(struct decode_out *out) NONNULL(1);

/* Memory that lives until the queue is drained, DECODE_SCRATCH_BYTES in all: NULL when it is used
 * up (return and be called again; with an empty queue it is the budget: return STATUS_LIMIT). */
uint8_t *decode_scratch(struct decode_out *out, size_t len) NONNULL(1);
/* A copy there; data is NULL when there is no room. */
struct span decode_keep(struct decode_out *out, struct span bytes) NONNULL(1);

/* ---- the table, in the order in which they are asked ---- */

#define DECODERS(X)                                                                                \
	X(tls)                                                                                     \
	X(websocket)                                                                               \
	X(ftp_data)                                                                                \
	X(postgres)                                                                                \
	X(ssh)                                                                                     \
	X(tds)                                                                                     \
	X(socks)                                                                                   \
	X(http2)                                                                                   \
	X(dimse)                                                                                   \
	X(wireguard)                                                                               \
	X(openvpn)                                                                                 \
	X(quic)                                                                                    \
	X(dns)                                                                                     \
	X(ntp)                                                                                     \
	X(dhcp)                                                                                    \
	X(http1)                                                                                   \
	X(transfer)                                                                                \
	X(aws_chunked)                                                                             \
	X(pop3)                                                                                    \
	X(imap)                                                                                    \
	X(smtp)                                                                                    \
	X(ftp)                                                                                     \
	X(mysql)                                                                                   \
	X(firebird)                                                                                \
	X(mime)                                                                                    \
	X(deflate)                                                                                 \
	X(brotli)                                                                                  \
	X(gzip)                                                                                    \
	X(zstd)                                                                                    \
	X(utf16)                                                                                   \
	X(sealed)                                                                                  \
	X(cms)                                                                                     \
	X(multipart)                                                                               \
	X(form)                                                                                    \
	X(grpc)                                                                                    \
	X(protobuf)                                                                                \
	X(event_stream)                                                                            \
	X(mllp)                                                                                    \
	X(hl7v2)                                                                                   \
	X(pit)                                                                                     \
	X(rtf)                                                                                     \
	X(html)                                                                                    \
	X(unpack)                                                                                  \
	X(zip)                                                                                     \
	X(dicom)                                                                                   \
	X(sql)                                                                                     \
	X(media)                                                                                   \
	X(xml)                                                                                     \
	X(json)                                                                                    \
	X(fixed_width)                                                                             \
	X(tar)                                                                                     \
	X(table)                                                                                   \
	X(columns)                                                                                 \
	X(text)                                                                                    \
	X(unknown)

#define DECODER_DECLARE(x) extern const struct decoder decoder_##x;
DECODERS(DECODER_DECLARE)
#undef DECODER_DECLARE

#endif
