/* scanner: finds candidates in bytes with Hyperscan. It says which pattern or word ended where, and
 * no more: what stands there is for the detectors to judge.
 *
 * Numbers are found by shape, words as whole words (`ihi` not inside another word; a long word also
 * behind a small letter, as in patientMedicareNumber). Streams give the same hits however the bytes
 * are cut. The engine is tested when it is built, because a build of its cousin Vectorscan 5.4.9 on
 * processors with AVX-512 loses matches depending on their position (Vectorscan issue 317). */
#ifndef EXEAT_DETECT_SCANNER_H
#define EXEAT_DETECT_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"

#define SCANNER_PATTERNS_MAX   64
#define SCANNER_WORDS_MAX      256
#define SCANNER_TERMS_MAX      8192
#define SCANNER_WORD_BYTES_MIN 2
#define SCANNER_WORD_BYTES_MAX 64
#define SCANNER_WORD_SHORT_MAX 5  /* up to here a word needs a boundary on its right too */
#define SCANNER_PADDINGS       64 /* positions that the self-test tries: a vector register */

enum scanner_sort {
	SCANNER_PATTERN,
	SCANNER_WORD, /* of the context `number`, between boundaries */
	SCANNER_TERM, /* its boundaries are for the taker to see */
};

struct scanner_hit {
	enum scanner_sort sort;
	uint16_t number;
	uint64_t
	        end; /* offset in the stream of the byte behind the match; of a word up to 1 more */
};

/* ---- what is to be found ---- */
struct scanner_build;
int scanner_build_new(struct scanner_build **ret_gives) WUNRES NONNULL(1);
struct scanner_build *scanner_build_free(struct scanner_build *b);
/* The pattern (Hyperscan syntax) is ours; borrows it until the build is freed. */
int scanner_build_pattern(struct scanner_build *b, uint8_t number, const char *pattern) WUNRES
        NONNULL(1, 3);
/* STATUS_LIMIT: the word is too short or too long, or there are too many. */
int scanner_build_word(struct scanner_build *b, uint8_t context, struct span word) WUNRES
        NONNULL(1);

/* The end of a term of lib/detect/term.h. Plain literals are what the engine finds fastest, and
 * what compiles in no time: classes or boundaries in two thousand of them would halve its speed. */
int scanner_build_term(struct scanner_build *b, uint16_t number, struct span literal,
        bool any_case) WUNRES NONNULL(1);

/* ---- the compiled scanner; for one thread ---- */
struct scanner;
/* STATUS_LIBRARY: a pattern does not compile or the engine fails its self-test. */
int scanner_new(struct scanner **ret_gives, const struct scanner_build *b) WUNRES NONNULL(1, 2);
/* The same patterns for another thread. Borrows from s for its life; frees its own memory alone. */
int scanner_share(struct scanner **ret_gives, const struct scanner *s) WUNRES NONNULL(1, 2);
struct scanner *scanner_free(struct scanner *s);
/* What an open stream takes. */
size_t scanner_stream_bytes(const struct scanner *s) NONNULL(1);

/* Where hits go: the running text they are in (lib/detect/text.h). */
struct text_scan;

/* ---- a stream of running text ---- */
struct scanner_stream;
int scanner_stream_open(struct scanner *s, struct scanner_stream **ret_gives) WUNRES NONNULL(1, 2);
int scanner_stream_feed(struct scanner *s, struct scanner_stream *stream, struct span bytes,
        struct text_scan *to) WUNRES NONNULL(1, 2, 4);
/* Hits that only the end of the text decides; frees the stream. to NULL: no hits are wanted. */
int scanner_stream_close(struct scanner *s, struct scanner_stream *stream, struct text_scan *to)
        NONNULL(1);
/* A whole value at once. */
int scanner_block(struct scanner *s, struct span bytes, struct text_scan *to) WUNRES NONNULL(1, 3);

#endif
