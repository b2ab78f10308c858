/* dicom_data_set: reads the elements of one DICOM data set as they come, and puts out their texts.
 *
 * Sequences and items are walked through flat: what they hold are elements like others, so no depth
 * of nesting and no length of a sequence costs anything or can mislead. Pixels, sound and other
 * bytes are passed over by counting. */
#ifndef EXEAT_DECODE_DICOM_DATA_SET_H
#define EXEAT_DECODE_DICOM_DATA_SET_H

#include "decode/decoder.h"
#include "decode/dicom_element.h"

#define DICOM_STEP_OPS 4 /* operations that one step may need */

enum dicom_charset {
	DICOM_CHARSET_DEFAULT, /* nothing declared: ASCII by the standard */
	DICOM_CHARSET_LATIN_1, /* ISO_IR 100 */
	DICOM_CHARSET_UTF_8,   /* ISO_IR 192 */
	DICOM_CHARSET_OTHER,   /* passed on as it stands */
};

enum dicom_phase {
	DICOM_AT_ELEMENT,
	DICOM_IN_VALUE,     /* a text that is read as a whole, value by value */
	DICOM_IN_TEXT,      /* a longer one */
	DICOM_IN_UNKNOWN,   /* nobody has said what stands there */
	DICOM_IN_SKIPPED,   /* bytes that nobody reads */
	DICOM_IN_DOCUMENT,  /* a child stream is open */
	DICOM_IN_FRAGMENTS, /* encapsulated pixels: items of bytes up to a delimiter */
};

struct dicom_data_set {
	enum dicom_syntax syntax;
	enum dicom_phase phase;
	enum dicom_charset charset;
	struct dicom_element element;
	uint64_t left_bytes; /* of the element's value */
	bool fragments;      /* what is passed over is one of them */
	bool text_open;      /* a running text has begun */
	bool whole;          /* the value that is divided is there as a whole */
	bool anonymous;      /* the name that stands for the patient is nobody's */
	bool cut;            /* the last value was */
	/* Inside an element of unknown representation all is implicit (PS3.5 section 6.2.2): up to
	 * its delimiter, so many levels up, or for so many bytes. */
	uint64_t implicit_levels, implicit_bytes;
	enum stream_end skip_reason;
};

void dicom_data_set_open(struct dicom_data_set *d, enum dicom_syntax syntax) NONNULL(1);
/* The modality, by looking ahead. STATUS_ITEM; STATUS_MORE; STATUS_NOT_FOUND. */
int dicom_data_set_modality(struct span head, enum dicom_syntax syntax, struct span *ret) WUNRES
        NONNULL(3);
/* Takes what can be read. STATUS_OK: more input is needed; STATUS_MORE: the queue must be drained;
 * an outcome or a failure. A message must be open. */
int dicom_data_set_feed(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out) WUNRES NONNULL(1, 2, 3, 4);
/* True when reading can go on behind a gap. */
bool dicom_data_set_gap(struct dicom_data_set *d, size_t before_bytes, uint64_t missing_bytes,
        struct decode_out *out) NONNULL(1, 4);

#endif
