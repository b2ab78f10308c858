/* detector: one identifier family each: its shape, its check, and how it is found in running text.
 *
 * A detector reads a whole value (whose label or place was already right) or is pointed at by the
 * scanner, which knows only where a candidate ends. To add one: a file (or a few lines in that of
 * its family) with
 * `const struct detector detector_x`, its row in DETECTORS, and a row of rules/identifiers.csv that
 * names it in `check`. */
#ifndef EXEAT_DETECT_DETECTOR_H
#define EXEAT_DETECT_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define DETECTOR_NORMAL_CHARS 28 /* the longest normal form, a record number, has 24 */

/* What a value says. The value itself stays in memory only as long as its tag is being made. */
struct reading {
	bool valid; /* the check passes; families without a check: the shape is all there is */
	char normal[DETECTOR_NORMAL_CHARS]; /* what the patient tag is made of; "" makes no tag */
};

/* What may follow the characters that the scan pattern ends on. */
enum detector_tail {
	TAIL_NONE,
	TAIL_DIGIT,  /* the reference number behind a Medicare number, `1`, `/1`, `-1` or ` 1` */
	TAIL_LETTER, /* the letter of a dependant */
	TAIL_WORD,   /* more letters and digits, as many as there are */
};

struct detector {
	const char *name;
	const char *pattern; /* for the scanner, its match ends at `chars`; NULL: by label only */
	uint8_t chars;       /* letters and digits that the pattern ends on */
	enum detector_tail tail;
	bool checked;  /* has a check that tells it from other values of that shape */
	bool listed;   /* the check is a list of prefixes: a series passes or fails whole */
	bool contact;  /* a name, date, address or telephone: counts only with more of a patient */
	bool clinical; /* the words of a record: counts only with more of a patient */
	bool coded;    /* of a clinical code system */
	bool anybody;  /* a number of any person: does not make a message one about a patient */
	bool specific; /* nothing else looks like it: counted without a keyword */
	/* False when the value does not have the shape; *ret is then unchanged. */
	bool (*read)(struct span value, struct reading *ret);
};

#define DETECTORS(X)                                                                               \
	X(medicare)                                                                                \
	X(ihi)                                                                                     \
	X(hpi_i)                                                                                   \
	X(hpi_o)                                                                                   \
	X(hi_other)                                                                                \
	X(dva)                                                                                     \
	X(crn)                                                                                     \
	X(safety_net)                                                                              \
	X(tfn)                                                                                     \
	X(provider)                                                                                \
	X(prescriber)                                                                              \
	X(ahpra)                                                                                   \
	X(abn)                                                                                     \
	X(acn)                                                                                     \
	X(record_number)                                                                           \
	X(person_name)                                                                             \
	X(birth_date)                                                                              \
	X(address)                                                                                 \
	X(phone)                                                                                   \
	X(clinical_text)                                                                           \
	X(demographic)                                                                             \
	X(employment)                                                                              \
	X(diagnosis_code)                                                                          \
	X(result_code)                                                                             \
	X(medicine_code)                                                                           \
	X(service_item)                                                                            \
	X(script_number)                                                                           \
	X(script_link)                                                                             \
	X(mhr_method)                                                                              \
	X(mhr_document)

#define DETECTOR_DECLARE(x) extern const struct detector detector_##x;
DETECTORS(DETECTOR_DECLARE)
#undef DETECTOR_DECLARE

/* NULL when there is none of that name. */
const struct detector *detector_find(struct span name);

/* What stands between the groups of a number: a space, a hyphen, or their kin of word processors:
 * U+00A0 (in UTF-8, or the one byte of Windows-1252), U+2007, U+2009, U+202F, U+2010, U+2011. */
#define DETECTOR_GAP "(?:[ -]|\\xc2?\\xa0|\\xe2\\x80[\\x87\\x89\\x90\\x91\\xaf])?"
/* The length of a separator that begins, or ends, the bytes: 0 for none. */
size_t detector_gap_start(struct span bytes);
size_t detector_gap_end(struct span bytes);

/* The letters and digits of a value in upper case without the spaces, hyphens, slashes and dots
 * between them; 0 when the value is longer than size - 1 or holds anything else. */
size_t detector_compact(struct span value, char *ret, size_t size) NONNULL(2);

/* An identifier in running text: the pattern matched up to `end` of the window. Gives the part of
 * the window that is the identifier with its tail; false when its neighbours show that it is a
 * piece of something longer (a letter or digit on either side, a decimal fraction, a hyphenated
 * part number). A dot in front is legal: an object identifier may end in the number. */
bool detector_extent(const struct detector *d, struct span window, size_t end, struct span *ret)
        NONNULL(1, 4);

#endif
