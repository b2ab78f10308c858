#include "decode/dicom_data_set.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

#define MODALITY_LOOKAHEAD_BYTES 4096 /* group 0008 up to 0060 is a tenth of that */
#define LABEL_CHARS              16
#define BYTES_TOLD_MIN           1024 /* fewer bytes of no text are numbers and keys: not told */
#define TEXT_SHOWS_BYTES         64   /* a text of unknown representation shows by then */
/* In running text a character of Latin-1 becomes two bytes. */
#define TEXT_PIECE_BYTES (DECODE_PIECE_BYTES_MAX / 2)

#define TAG_CHARSET          DICOM_TAG(0x0008, 0x0005)
#define TAG_MODALITY         DICOM_TAG(0x0008, 0x0060)
#define TAG_PATIENT_NAME     DICOM_TAG(0x0010, 0x0010)
#define TAG_PATIENT_ID       DICOM_TAG(0x0010, 0x0020)
#define TAG_OTHER_IDS        DICOM_TAG(0x0010, 0x1000)
#define TAG_DOCUMENT         DICOM_TAG(0x0042, 0x0011)
#define TAG_WAVEFORM         DICOM_TAG(0x5400, 0x1010)
#define GROUP_PIXELS         0x7fe0u
#define GROUP_OVERLAY(group) (((group)&0xff00u) == 0x6000u)

void dicom_data_set_open(struct dicom_data_set *d, enum dicom_syntax syntax)
{
	*d = (struct dicom_data_set){.syntax = syntax};
}

int dicom_data_set_modality(struct span head, enum dicom_syntax syntax, struct span *ret)
{
	struct dicom_element e;
	size_t at = 0;

	while (at < MODALITY_LOOKAHEAD_BYTES) {
		int status = dicom_element_read(span_slice(head, at, SIZE_MAX), syntax, &e);

		if (status == STATUS_MORE)
			return STATUS_MORE;
		if (status != STATUS_OK || e.tag > TAG_MODALITY)
			return STATUS_NOT_FOUND;
		at += e.header_bytes;
		if (e.length > MODALITY_LOOKAHEAD_BYTES)
			return STATUS_NOT_FOUND;
		if (e.tag == TAG_MODALITY && head.len < at + e.length)
			return STATUS_MORE;
		if (e.tag == TAG_MODALITY) {
			*ret = dicom_trim(span_slice(head, at, e.length));
			return STATUS_ITEM;
		}
		at += e.length;
	}
	return STATUS_NOT_FOUND;
}

/* ---- texts ---- */

/* In UTF-8. False: no memory now. */
static bool to_utf8(const struct dicom_data_set *d, struct span *value, struct decode_out *out)
{
	size_t valid = utf8_valid_length(*value), len = 0;
	uint8_t *text;

	if (valid == value->len || d->charset == DICOM_CHARSET_UTF_8 ||
	        d->charset == DICOM_CHARSET_OTHER)
		return true;
	text = decode_scratch(out, 2 * value->len);
	if (!text)
		return false;
	for (size_t i = 0; i < value->len; i++) {
		uint8_t b = value->data[i];

		if (b >= 0x80)
			text[len++] = (uint8_t)(0xc0 | b >> 6);
		text[len++] = b < 0x80 ? b : (uint8_t)(0x80 | (b & 0x3f));
	}
	*value = span_of(text, len);
	return true;
}

/* PS3.3 section C.12.1.1.2. Of several the first counts. */
static enum dicom_charset charset_of(struct span value)
{
	struct span name = dicom_trim(span_slice(value, 0, span_find_byte(value, '\\')));

	if (name.len == 0 || span_equal_text(name, "ISO_IR 6") ||
	        span_equal_text(name, "ISO 2022 IR 6"))
		return DICOM_CHARSET_DEFAULT;
	if (span_equal_text(name, "ISO_IR 100") || span_equal_text(name, "ISO 2022 IR 100"))
		return DICOM_CHARSET_LATIN_1;
	return span_equal_text(name, "ISO_IR 192") ? DICOM_CHARSET_UTF_8 : DICOM_CHARSET_OTHER;
}

/* What programs write where they have taken a name out. */
static bool is_anonymous(struct span name)
{
	static const char *const words[] = {"anon", "deid", "removed", "unknown", "noname", "none"};
	static const char *const beginnings[] = {
	        "anonym", "deident", "de-ident", "pseudonym", "xxx"};
	struct span word = name;

	for (size_t i = 0; i < name.len && word.len == name.len; i++)
		if (name.data[i] == '^' || name.data[i] == ' ')
			word = span_slice(name, 0, i);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_equal_nocase(word, words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(beginnings); i++)
		if (span_starts_nocase(word, beginnings[i]))
			return true;
	return false;
}

/* "Citizen^Jane^^Dr" in its order, as words. False: no memory now. */
static bool join_name(struct span *name, struct decode_out *out)
{
	uint8_t *text;
	size_t len = 0;

	if (span_find_byte(*name, '^') == SIZE_MAX)
		return true;
	text = decode_scratch(out, name->len);
	if (!text)
		return false;
	for (size_t i = 0; i < name->len; i++) {
		uint8_t b = name->data[i] == '^' ? ' ' : name->data[i];

		if (b != ' ' || (len > 0 && text[len - 1] != ' '))
			text[len++] = b;
	}
	*name = dicom_trim(span_of(text, len));
	return true;
}

static bool is_name(const struct dicom_data_set *d)
{
	return d->element.vr && strcmp(d->element.vr->code, "PN") == 0;
}

/* A number beside the name of nobody is nobody's number. */
static bool is_taken_out(const struct dicom_data_set *d)
{
	uint32_t tag = d->element.tag;

	return d->anonymous &&
	       (tag == TAG_PATIENT_NAME || tag == TAG_PATIENT_ID || tag == TAG_OTHER_IDS);
}

/* False: no memory now. */
static bool put(struct dicom_data_set *d, struct span value, struct decode_out *out,
        enum field_kind kind, bool last)
{
	const char *keyword = is_taken_out(d) ? NULL : dicom_keyword(d->element.tag);
	char text[LABEL_CHARS];
	struct field field = {.kind = kind,
	        .label_kind = LABEL_KEY,
	        .bytes = value,
	        .first = kind == FIELD_VALUE || !d->text_open,
	        .last = last};

	if (keyword) {
		field.label = span_of_text(keyword);
	} else {
		snprintf(text, sizeof(text), "tag%04x.%04x", d->element.tag >> 16,
		        d->element.tag & 0xffff);
		field.label = decode_keep(out, span_of_text(text));
		if (!field.label.data)
			return false;
	}
	decode_field(out, &field, keyword ? keyword : "");
	d->text_open = kind == FIELD_TEXT && !last;
	return true;
}

/* One of the values. False: no memory now. */
static bool put_value(struct dicom_data_set *d, struct span value, struct decode_out *out)
{
	value = span_trim(dicom_trim(value));
	if (d->element.tag == TAG_PATIENT_NAME)
		d->anonymous = is_anonymous(value);
	if (is_name(d) && !join_name(&value, out))
		return false;
	if (value.len == 0)
		return true;
	return to_utf8(d, &value, out) && put(d, value, out, FIELD_VALUE, true);
}

static int no_memory(struct decode_out *out)
{
	return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
}

/* Of the value that stands there, the bytes that are there. */
static struct span value_here(const struct dicom_data_set *d, const struct cursor *c)
{
	return span_slice(span_of(c->at, cursor_left(c)), 0,
	        d->left_bytes < SIZE_MAX ? (size_t)d->left_bytes : SIZE_MAX);
}

/* Where the first of the values ends. */
static size_t value_length(const struct dicom_data_set *d, struct span value)
{
	size_t len = 0;

	if (!d->element.vr->many)
		return value.len;
	while (len < value.len && value.data[len] != '\\' &&
	        (value.data[len] != '=' || !is_name(d)))
		len++;
	return len;
}

static int in_value(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	struct span value = value_here(d, c);
	size_t len;

	if (!d->whole && value.len < d->left_bytes) {
		if (!in->last)
			return STATUS_OK;
		d->cut = true;
		d->left_bytes = value.len;
	}
	if (!d->whole && d->element.tag == TAG_CHARSET)
		d->charset = charset_of(value);
	d->whole = true;
	len = value_length(d, value);
	if (!put_value(d, span_slice(value, 0, len), out))
		return no_memory(out);
	len += len < value.len; /* what divides them */
	cursor_skip(c, len);
	d->left_bytes -= len;
	if (d->left_bytes == 0)
		d->phase = DICOM_AT_ELEMENT;
	return STATUS_ITEM;
}

static int in_text(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	struct span piece = span_slice(value_here(d, c), 0, TEXT_PIECE_BYTES);
	bool last = piece.len == d->left_bytes || (in->last && piece.len == cursor_left(c));
	struct span text = piece;

	if (piece.len == 0 && !last)
		return STATUS_OK;
	if (d->charset == DICOM_CHARSET_LATIN_1 && !to_utf8(d, &text, out))
		return no_memory(out);
	if (!put(d, text, out, FIELD_TEXT, last))
		return no_memory(out);
	cursor_skip(c, piece.len);
	d->left_bytes -= piece.len;
	if (last)
		d->phase = DICOM_AT_ELEMENT;
	d->cut = last && d->left_bytes > 0;
	return STATUS_ITEM;
}

/* ---- what is not text ---- */

static int in_skipped(struct dicom_data_set *d, struct cursor *c, struct decode_out *out)
{
	struct span here = value_here(d, c);

	if (d->skip_reason != STREAM_COMPLETE)
		decode_unread(out, here.len, d->skip_reason);
	cursor_skip(c, here.len);
	d->left_bytes -= here.len;
	if (d->left_bytes > 0)
		return STATUS_OK;
	d->phase = d->fragments ? DICOM_IN_FRAGMENTS : DICOM_AT_ELEMENT;
	return STATUS_ITEM;
}

/* A byte of nothing makes the length of a document even (PS3.5 section 7.1.1). */
static int in_document(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	struct span here = value_here(d, c);
	struct span bytes = here;
	bool whole = here.len == d->left_bytes;

	if (whole && bytes.len > 0 && bytes.data[bytes.len - 1] == '\0')
		bytes.len--;
	if (bytes.len > 0)
		decode_child_bytes(out, bytes);
	cursor_skip(c, here.len);
	d->left_bytes -= here.len;
	if (!whole && !in->last)
		return STATUS_OK;
	d->cut = !whole;
	decode_child_close(out, whole ? STREAM_COMPLETE : STREAM_TRUNCATED);
	d->phase = DICOM_AT_ELEMENT;
	return STATUS_ITEM;
}

static void skip(struct dicom_data_set *d)
{
	uint32_t group = d->element.tag >> 16;
	bool media = group == GROUP_PIXELS || GROUP_OVERLAY(group) ||
	             d->element.tag == TAG_WAVEFORM || d->fragments;
	bool number = d->element.vr && d->element.vr->value == DICOM_NUMBER;

	d->phase = DICOM_IN_SKIPPED;
	d->skip_reason = media                                          ? STREAM_MEDIA
	                 : number || d->element.length < BYTES_TOLD_MIN ? STREAM_COMPLETE
	                                                                : STREAM_UNKNOWN;
}

static void read_text(struct dicom_data_set *d)
{
	d->whole = false;
	d->phase = d->left_bytes <= DECODE_VALUE_BYTES_MAX ? DICOM_IN_VALUE : DICOM_IN_TEXT;
}

/* It may be a sequence of another's making, a text, or neither. */
static int in_unknown(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in)
{
	struct span here = span_slice(value_here(d, c), 0, TEXT_SHOWS_BYTES);
	bool enough = here.len == TEXT_SHOWS_BYTES || here.len == d->left_bytes || in->last;

	if (!enough)
		return STATUS_OK;
	if (span_starts(here, "\xfe\xff") && here.len >= 4 && here.data[2] == 0 &&
	        here.data[3] == 0xe0) {
		if (d->syntax != DICOM_IMPLICIT && d->implicit_levels == 0 &&
		        d->implicit_bytes == 0)
			d->implicit_bytes = d->left_bytes;
		d->phase = DICOM_AT_ELEMENT;
	} else if (dicom_trim(here).len > 0 && dicom_is_text(here)) {
		read_text(d);
	} else {
		skip(d);
	}
	return STATUS_ITEM;
}

/* ---- elements ---- */

static enum dicom_syntax syntax_here(const struct dicom_data_set *d)
{
	return d->implicit_levels > 0 || d->implicit_bytes > 0 ? DICOM_IMPLICIT : d->syntax;
}

static int open_document(struct dicom_data_set *d, struct decode_out *out)
{
	struct content content = {.place = "document"};

	decode_child_open(out, &content);
	d->phase = DICOM_IN_DOCUMENT;
	return STATUS_ITEM;
}

/* Its length is not told: a sequence, items, or pixels in fragments. */
static int open_undefined(struct dicom_data_set *d)
{
	const struct dicom_vr *vr = d->element.vr;
	bool implicit = syntax_here(d) == DICOM_IMPLICIT;

	if (!vr)
		return STATUS_ITEM;
	if (vr->value == DICOM_BYTES) {
		d->phase = DICOM_IN_FRAGMENTS;
		return STATUS_ITEM;
	}
	if (vr->value == DICOM_TEXT && !implicit) {
		/* Not allowed: read as a text without end. */
		d->left_bytes = DICOM_LENGTH_UNDEFINED;
		read_text(d);
		return STATUS_ITEM;
	}
	if (vr->value == DICOM_NUMBER)
		return STATUS_MALFORMED;
	if (d->implicit_levels > 0 ||
	        (vr->value == DICOM_UNKNOWN && !implicit && d->syntax != DICOM_IMPLICIT))
		d->implicit_levels++;
	return STATUS_ITEM;
}

static int open_element(struct dicom_data_set *d, struct decode_out *out)
{
	const struct dicom_element *e = &d->element;

	/* Zeros behind a data set are no part of it. */
	if (e->tag == 0 && e->length == 0)
		return STATUS_MALFORMED;
	if (e->tag == DICOM_SEQUENCE_DELIMITER && d->implicit_levels > 0)
		d->implicit_levels--;
	if (e->length == DICOM_LENGTH_UNDEFINED)
		return open_undefined(d);
	if (!e->vr || e->length == 0 || e->vr->value == DICOM_SEQUENCE)
		return STATUS_ITEM;
	d->left_bytes = e->length;
	d->fragments = false;
	if (e->tag == TAG_DOCUMENT)
		return open_document(d, out);
	if (e->vr->value == DICOM_TEXT)
		read_text(d);
	else if (e->vr->value == DICOM_UNKNOWN)
		d->phase = DICOM_IN_UNKNOWN;
	else
		skip(d);
	return STATUS_ITEM;
}

static void implicit_passed(struct dicom_data_set *d, uint64_t bytes)
{
	d->implicit_bytes -= bytes < d->implicit_bytes ? bytes : d->implicit_bytes;
}

static int at_element(struct dicom_data_set *d, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, cursor_left(c));
	int status = dicom_element_read(rest, syntax_here(d), &d->element);

	if (status != STATUS_OK)
		return status == STATUS_MORE ? STATUS_OK : status;
	cursor_skip(c, d->element.header_bytes);
	return open_element(d, out);
}

static int in_fragments(struct dicom_data_set *d, struct cursor *c)
{
	struct dicom_element e;
	int status = dicom_element_read(span_of(c->at, cursor_left(c)), d->syntax, &e);

	if (status != STATUS_OK)
		return status == STATUS_MORE ? STATUS_OK : status;
	if (e.tag != DICOM_ITEM && e.tag != DICOM_SEQUENCE_DELIMITER)
		return STATUS_MALFORMED;
	if (e.tag == DICOM_ITEM && e.length == DICOM_LENGTH_UNDEFINED)
		return STATUS_MALFORMED;
	cursor_skip(c, e.header_bytes);
	d->phase = DICOM_AT_ELEMENT;
	if (e.tag == DICOM_SEQUENCE_DELIMITER)
		return STATUS_ITEM;
	d->left_bytes = e.length;
	d->fragments = true;
	skip(d);
	return STATUS_ITEM;
}

static int step(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	switch (d->phase) {
	case DICOM_AT_ELEMENT:
		return at_element(d, c, out);
	case DICOM_IN_VALUE:
		return in_value(d, c, in, out);
	case DICOM_IN_TEXT:
		return in_text(d, c, in, out);
	case DICOM_IN_UNKNOWN:
		return in_unknown(d, c, in);
	case DICOM_IN_SKIPPED:
		return in_skipped(d, c, out);
	case DICOM_IN_DOCUMENT:
		return in_document(d, c, in, out);
	case DICOM_IN_FRAGMENTS:
		return in_fragments(d, c);
	}
	return STATUS_BUG;
}

int dicom_data_set_feed(struct dicom_data_set *d, struct cursor *c, const struct decode_in *in,
        struct decode_out *out)
{
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && !d->cut && decode_room(out) >= DICOM_STEP_OPS) {
		bool implicit = d->implicit_bytes > 0;
		size_t before = cursor_left(c);

		status = step(d, c, in, out);
		if (implicit)
			implicit_passed(d, before - cursor_left(c));
	}
	if (d->cut || (status == STATUS_OK && in->last && d->phase != DICOM_AT_ELEMENT))
		return STATUS_TRUNCATED;
	return status == STATUS_ITEM ? STATUS_MORE : status;
}

bool dicom_data_set_gap(struct dicom_data_set *d, size_t before_bytes, uint64_t missing_bytes,
        struct decode_out *out)
{
	uint64_t lost_bytes = missing_bytes + before_bytes;
	bool passes = d->phase == DICOM_IN_SKIPPED || d->phase == DICOM_IN_DOCUMENT;

	if (!passes || missing_bytes == 0 || lost_bytes >= d->left_bytes)
		return false;
	d->left_bytes -= lost_bytes;
	implicit_passed(d, lost_bytes);
	if (d->phase == DICOM_IN_DOCUMENT)
		decode_child_gap(out, lost_bytes);
	return true;
}
