/* input_stream: the bytes of one input, decompressed, through one sliding window.
 *
 * Comes in: an open descriptor of a file, a pipe or a terminal. Goes out: a window of contiguous
 * bytes that a reader takes whole records from, without a copy for files that are not compressed.
 * Compression is told by magic: gzip (RFC 1952, any number of members) by zlib, zstd (RFC 8878, any
 * number of frames) by libzstd. The stored bytes are hashed as they pass, where somebody asks. */
#ifndef EXEAT_SOURCE_INPUT_STREAM_H
#define EXEAT_SOURCE_INPUT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include <zstd.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "base/digest.h"

#define INPUT_STREAM_RAW_BYTES    (64u << 10)  /* read at once before it is known or decompressed */
#define INPUT_STREAM_WINDOW_BYTES (256u << 10) /* large enough to read at disk speed */
#define INPUT_STREAM_WINDOW_SMALL (64u << 10)  /* when many files are merged */
/* RFC 8878 section 3.1.1.1.2 asks for 8 MiB; more would let a file choose our memory. */
#define INPUT_STREAM_ZSTD_WINDOW_LOG 23
/* Of a damaged pipe, how much is still read for its hash. */
#define INPUT_STREAM_DRAIN_BYTES_MAX (64u << 20)

enum input_coding { INPUT_CODING_UNKNOWN, INPUT_CODING_NONE, INPUT_CODING_GZIP, INPUT_CODING_ZSTD };

struct input_stream {
	int fd; /* owned; -1 when there is none */
	enum input_coding coding;
	uint8_t *window;
	size_t start, end, capacity;
	size_t window_bytes;   /* capacity to return to after a large record */
	uint64_t offset_bytes; /* of window[start], in the decompressed file */
	uint64_t skip_bytes;   /* consumed, but not read yet */
	uint64_t stored_bytes; /* read so far, of the file as it is stored */
	uint8_t *raw;          /* stored bytes that wait for a decompressor */
	size_t raw_start, raw_end;
	bool raw_ended;
	bool between_members; /* a gzip member or zstd frame is complete */
	bool inflating;       /* inflate_state needs inflateEnd */
	z_stream inflate_state;
	ZSTD_DCtx *zstd_state;
	struct digest *digest;  /* NULL: without a hash */
	int ended;              /* STATUS_OK while bytes may come; else why they ended */
	const char *end_reason; /* static; NULL for STATUS_END */
};

/* Takes the descriptor, also when it fails. */
int input_stream_open(struct input_stream *in, int fd_taken, size_t window_bytes) WUNRES NONNULL(1);
void input_stream_close(struct input_stream *in) NONNULL(1);
/* Nobody will ask for the hash: input_stream_finish gives "". Before the first fill. */
void input_stream_without_hash(struct input_stream *in) NONNULL(1);
/* Makes at least need bytes stand in the window. STATUS_OK; STATUS_END when fewer are left (ended
 * says why, the window holds them); STATUS_MORE when a signal came in between (call again); or a
 * failure. The window moves: spans taken before are no longer valid. */
int input_stream_fill(struct input_stream *in, size_t need) WUNRES NONNULL(1);
/* Passes over bytes, also ones that are not in the window yet. The window's content stays valid
 * until the next fill. */
void input_stream_consume(struct input_stream *in, uint64_t len) NONNULL(1);
/* Hashes what is left unread (of a pipe at most INPUT_STREAM_DRAIN_BYTES_MAX) and gives the
 * hash. */
int input_stream_finish(
        struct input_stream *in, bool drain, char ret[static DIGEST_HEX_CHARS]) WUNRES NONNULL(1);

static inline struct span input_stream_window(const struct input_stream *in)
{
	return (struct span){in->window + in->start, in->end - in->start};
}

/* input_stream_fill without the call when the bytes are there, as they nearly always are. */
static inline int input_stream_need(struct input_stream *in, size_t need)
{
	if (in->end - in->start >= need && in->skip_bytes == 0)
		return 0;
	return input_stream_fill(in, need);
}

#endif
