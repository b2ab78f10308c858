/* transcript: runs segments of a conversation through a decode session and writes down what came
 * out, one line an event, so that a test can compare runs that were cut differently.
 *
 * Pieces of running text are joined. Values stand in the transcript: tests use invented people
 * only, and compare with transcript_equal(), which never prints. */
#ifndef EXEAT_TESTS_DECODE_TRANSCRIPT_H
#define EXEAT_TESTS_DECODE_TRANSCRIPT_H

#include "decode/decode.h"

#define TRANSCRIPT_GAP_UNKNOWN UINT64_MAX

struct segment {
	uint8_t direction;
	const char *bytes; /* NULL: a gap */
	size_t len;
	uint64_t gap_bytes; /* of the gap; TRANSCRIPT_GAP_UNKNOWN */
	bool datagram;
};

#define SEGMENT(d, text)                                                                           \
	{                                                                                          \
		.direction = (d), .bytes = (text), .len = sizeof(text) - 1                         \
	}

struct transcript {
	char *text; /* what came out */
	size_t text_len;
	struct decode_summary summary;
	size_t budget_left_used; /* bytes charged after everything was freed: 0 unless it leaks */
	size_t budget_peak;
	int status; /* 0, or the failure that ended the run */
};

/* Cuts each segment into pieces of at most `step` bytes (0: whole). port: of the server. */
struct transcript transcript_run(
        const struct segment *segments, size_t count, size_t step, uint16_t port);
/* The same of a conversation that another protocol has announced as this one. */
struct transcript transcript_expect(
        const struct segment *segments, size_t count, size_t step, const char *protocol);
/* As transcript_run, with somebody who opens documents. */
struct decode_unpacker;
struct transcript transcript_opened(const struct segment *segments, size_t count, size_t step,
        struct decode_unpacker *unpacker);
/* One segment of direction 0, cut in two at the offset. */
struct transcript transcript_split(struct span bytes, size_t offset, uint16_t port);
/* One segment of direction 0. */
struct transcript transcript_bytes(struct span bytes, size_t step, uint16_t port);
void transcript_free(struct transcript *t);
bool transcript_equal(const struct transcript *a, const struct transcript *b);
bool transcript_has(const struct transcript *t, const char *line_part);
/* Number of lines that hold the text. */
size_t transcript_count(const struct transcript *t, const char *line_part);
/* Runs bytes whole, byte by byte, and cut in two at every offset; true when all say the same. */
bool transcript_stable(struct span bytes, uint16_t port);
bool transcript_stable_as(struct span bytes, const char *protocol);
/* The whole file; fails the test when it cannot be read. Gives; free() it. */
struct span transcript_file(const char *path);

#endif
