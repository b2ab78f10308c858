/* hl7v2: HL7 v2 messages, in a stream or file of their own or in the frames of MLLP.
 *
 * Sources: HL7 v2.4 chapter 2 (see hl7_lexer.h), and hl7_field.h. Each message is named by MSH-9;
 * the headers and trailers of a batch are messages of their own, so that nothing is unread. Each
 * repetition of a field that says something is a field:
 *   - labelled "PID-5", its components joined with ^ and & whatever the message uses, escapes
 * undone;
 *   - of a number with an authority, the number alone, labelled "AUSHIC^MC" (authority, type); and
 *     labelled with the object identifier when the authority has one; then, of a person, the rest;
 *   - over DECODE_VALUE_BYTES_MAX: running text;
 *   - base64 (OBX-5 of type ED, or text that opens like a known format): a child stream.
 * Memory does not grow with the message: what is held is one value. */
#ifndef EXEAT_DECODE_HL7V2_H
#define EXEAT_DECODE_HL7V2_H

#include "decode/decoder.h"
#include "decode/hl7_lexer.h"
#include "decode/transfer_encoding.h"

#define HL7_COMPONENTS_KEPT  16   /* XCN needs 13 */
#define HL7_FIELD_NUMBER_MAX 999  /* no segment has more; later fields keep this number */
#define HL7_HEADER_FIELDS    6    /* MSH-3 to MSH-8 wait for MSH-9, the message's name */
#define HL7_HEADER_BYTES_MAX 4096 /* of them; a longer header begins a message without a name */
#define HL7_SLICE_BYTES      2048 /* looked at in one go */
/* One value, what one go adds to it (Latin-1 doubles), and values that wait to be taken. */
#define HL7_ARENA_BYTES (2 * DECODE_VALUE_BYTES_MAX + 4 * HL7_SLICE_BYTES)

struct hl7_waiting {
	uint16_t field, len;
};

struct hl7_reader {
	struct hl7_lexer lexer;
	struct transfer_reader base64;
	bool message_open, child_open, running, latin1, gap_seen;
	bool shapeless; /* a part of the repetition is gone: its components have no meaning */
	bool header;    /* the message has begun, its name is not known yet */
	char segment[4];
	char obx_type[4];
	unsigned field; /* number in the segment */
	unsigned messages;
	unsigned component; /* of the repetition, from 0 */
	uint16_t component_at[HL7_COMPONENTS_KEPT];
	size_t component_bytes; /* text of this component so far */
	struct hl7_waiting waiting[HL7_HEADER_FIELDS];
	unsigned waiting_count;
	size_t start, waiting_bytes, len; /* arena: emitted | waiting | the open value | free */
	uint8_t arena[HL7_ARENA_BYTES];
};

void hl7_reader_init(struct hl7_reader *r) NONNULL(1);
/* 0: all input is taken. STATUS_MORE: drain the queue, then call again. */
int hl7_reader_feed(struct hl7_reader *r, struct cursor *in, struct decode_out *out) WUNRES
        NONNULL(1, 2, 3);
/* The message ends here. 0, or STATUS_MORE as above. */
int hl7_reader_finish(struct hl7_reader *r, struct decode_out *out) WUNRES NONNULL(1, 2);
/* Bytes are missing: what is open of a field is given as far as it goes; at most 8 operations. */
void hl7_reader_gap(struct hl7_reader *r, struct decode_out *out) NONNULL(1, 2);

#endif
