/* dicom: DICOM objects: files with their preamble and file meta information (PS3.10 section 7), and
 * data sets alone, as an association carries them or a program has written them down.
 *
 * The texts of a data set are put out as one message; pixels are passed over. A deflated data set
 * and a document inside become child streams. */
#include <string.h>

#include "base/status.h"
#include "decode/dicom_data_set.h"
#include "decode/decoder.h"

#define PREAMBLE_BYTES       132 /* PS3.10 section 7.1, with the prefix behind it */
#define PREFIX_OFFSET        128
#define META_VALUE_BYTES_MAX 4096 /* a longer one, of private information, is no part of a file */

#define GROUP_META         0x0002u
#define TAG_SYNTAX         DICOM_TAG(0x0002, 0x0010)
#define TAG_IMPLEMENTATION DICOM_TAG(0x0002, 0x0013)

enum dicom_part {
	PART_PREAMBLE,
	PART_META,
	PART_HEAD, /* waits for the modality */
	PART_DATA,
	PART_DEFLATED, /* a child stream is open */
	PART_OVER,
};

struct dicom {
	const struct decode_env *env;
	enum dicom_part part;
	enum dicom_syntax syntax;
	char software[17]; /* ImplementationVersionName, SH: 16 characters */
	struct dicom_data_set data;
};

static enum dicom_syntax syntax_declared(const struct content *c)
{
	if (strcmp(c->type, DICOM_TYPE_IMPLICIT) == 0)
		return DICOM_IMPLICIT;
	if (strcmp(c->type, DICOM_TYPE_EXPLICIT) == 0)
		return DICOM_EXPLICIT;
	return strcmp(c->type, DICOM_TYPE_BIG_ENDIAN) == 0 ? DICOM_BIG_ENDIAN
	                                                   : DICOM_SYNTAX_UNKNOWN;
}

static bool has_prefix(struct span head)
{
	return span_starts(span_slice(head, PREFIX_OFFSET, SIZE_MAX), "DICM");
}

static enum probe_answer dicom_probe(const struct probe *p)
{
	int status;

	if (p->head.len > 0 && syntax_declared(p->env->content) != DICOM_SYNTAX_UNKNOWN)
		return PROBE_YES;
	if (has_prefix(p->head))
		return PROBE_YES;
	status = dicom_data_set_probe(p->head, p->end);
	if (status == STATUS_OK)
		return PROBE_YES;
	if (status == STATUS_MORE)
		return PROBE_MORE;
	return p->head.len < PREAMBLE_BYTES && !p->end ? PROBE_MORE : PROBE_NO;
}

static int dicom_open(void *state, const struct decode_env *env)
{
	struct dicom *d = state;

	d->env = env;
	d->syntax = syntax_declared(env->content);
	d->part = d->syntax == DICOM_SYNTAX_UNKNOWN ? PART_PREAMBLE : PART_HEAD;
	return STATUS_OK;
}

static struct span rest_of(const struct cursor *c)
{
	return span_of(c->at, cursor_left(c));
}

/* What a step says: STATUS_ITEM, do another; STATUS_OK, more input is needed; an outcome; a
 * failure. */

static int read_preamble(struct dicom *d, struct cursor *c, bool last)
{
	struct span rest = rest_of(c);

	/* A data set alone was recognised by its first bytes, which may be fewer. */
	if (!has_prefix(rest) && rest.len < PREAMBLE_BYTES && !last &&
	        dicom_data_set_probe(rest, false) != STATUS_OK)
		return STATUS_OK;
	if (has_prefix(rest))
		cursor_skip(c, PREAMBLE_BYTES);
	d->part = PART_META;
	return STATUS_ITEM;
}

static void meta_element(struct dicom *d, const struct dicom_element *e, struct span value)
{
	if (e->tag == TAG_SYNTAX)
		d->syntax = dicom_syntax_of(value);
	value = dicom_trim(value);
	if (e->tag != TAG_IMPLEMENTATION || value.len >= sizeof(d->software))
		return;
	memcpy(d->software, value.data, value.len);
	d->software[value.len] = '\0';
}

/* The elements of group 0002, explicit little-endian whatever follows; some programs write them
 * implicitly. */
static int read_meta(struct dicom *d, struct cursor *c, bool last)
{
	struct span rest = rest_of(c);
	struct dicom_element e;
	int status;

	if (rest.len < 8 && !last)
		return STATUS_OK;
	if (rest.len < 8 || !span_equal(span_slice(rest, 0, 2), span_of("\2\0", 2))) {
		d->part = PART_HEAD;
		return STATUS_ITEM;
	}
	status = dicom_element_read(rest, dicom_syntax_guess(rest, DICOM_EXPLICIT), &e);
	if (status != STATUS_OK)
		return status == STATUS_MORE ? STATUS_OK : status;
	if (e.length > META_VALUE_BYTES_MAX)
		return STATUS_MALFORMED;
	if (rest.len < e.header_bytes + e.length)
		return STATUS_OK;
	meta_element(d, &e, span_slice(rest, e.header_bytes, e.length));
	cursor_skip(c, e.header_bytes + e.length);
	return STATUS_ITEM;
}

static int open_deflated(struct dicom *d, struct decode_out *out)
{
	struct content content = {.place = "DICOM data set",
	        .type = DICOM_TYPE_EXPLICIT,
	        .wrappings = {WRAPPING_DEFLATE}};

	decode_child_open(out, &content);
	d->part = PART_DEFLATED;
	return STATUS_ITEM;
}

static int read_head(struct dicom *d, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = rest_of(c), modality = {0};
	struct field software = {.role = ROLE_SOFTWARE,
	        .bytes = span_of_text(d->software),
	        .first = true,
	        .last = true};
	int status;

	if (d->syntax == DICOM_DEFLATED)
		return open_deflated(d, out);
	if (rest.len < 8 && !last)
		return STATUS_OK;
	d->syntax = dicom_syntax_guess(rest, d->syntax);
	status = dicom_data_set_modality(rest, d->syntax, &modality);
	if (status == STATUS_MORE && !last)
		return STATUS_OK;
	decode_begin(out, CARRIER_DICOM, modality, "");
	if (d->software[0] != '\0')
		decode_field(out, &software, "");
	dicom_data_set_open(&d->data, d->syntax);
	d->part = PART_DATA;
	return STATUS_ITEM;
}

static int read_data(
        struct dicom *d, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	int status = dicom_data_set_feed(&d->data, c, in, out);

	if (status == STATUS_MORE || status < 0 || (status == STATUS_OK && !in->last))
		return status;
	if (status == STATUS_TRUNCATED)
		decode_stop(out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	else if (status != STATUS_OK)
		decode_stop(out, status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_MALFORMED);
	decode_end(out);
	d->part = PART_OVER;
	return STATUS_OK;
}

static int read_deflated(
        struct dicom *d, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = cursor_rest(c);

	if (rest.len > 0)
		decode_child_bytes(out, rest);
	if (in->last) {
		decode_child_close(out, in->end);
		d->part = PART_OVER;
	}
	return STATUS_OK;
}

static int dicom_step(
        struct dicom *d, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (d->part) {
	case PART_PREAMBLE:
		return read_preamble(d, c, in->last);
	case PART_META:
		return read_meta(d, c, in->last);
	case PART_HEAD:
		return read_head(d, c, in->last, out);
	case PART_DATA:
		return read_data(d, c, in, out);
	case PART_DEFLATED:
		return read_deflated(d, c, in, out);
	case PART_OVER:
		return STATUS_OK;
	}
	return STATUS_BUG;
}

static int dicom_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct dicom *d = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= DICOM_STEP_OPS)
		status = dicom_step(d, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status == STATUS_ITEM ? STATUS_MORE : status;
}

/* Behind a gap in what nobody reads, the elements go on. */
static int dicom_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct dicom *d = state;
	bool deflated = d->part == PART_DEFLATED;

	decode_unread(out, before.len, STREAM_GAP);
	if (d->part == PART_DATA && dicom_data_set_gap(&d->data, before.len, missing_bytes, out))
		return STATUS_OK;
	if (deflated)
		decode_child_gap(out, missing_bytes);
	else
		decode_stop(out, STREAM_GAP);
	return STATUS_OK;
}

const struct decoder decoder_dicom = {
        .name = "dicom",
        .state_bytes = sizeof(struct dicom),
        .probe = dicom_probe,
        .open = dicom_open,
        .feed = dicom_feed,
        .gap = dicom_gap,
};
