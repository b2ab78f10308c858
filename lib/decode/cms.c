/* cms: signed data, which anybody can read: what was signed becomes a child stream. Signatures and
 * certificates behind it say nothing of patients and are passed over, up to a maximum.
 *
 * Sources: RFC 5652 sections 3 and 5 (SignedData), RFC 8551 section 3.5.2 (signed mail), X.690
 * sections 8.1.3 and 8.7 (lengths, and strings that come in parts). */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define TAG_OCTETS 0x04
#define TAG_PARTS  0x24 /* a string in parts */
#define INDEFINITE UINT64_MAX

#define ELEMENT_BYTES_MAX   4096        /* identifiers, and the list of digests: dozens */
#define SIGNATURE_BYTES_MAX (64u << 10) /* certificates of a long chain: 16 KiB */

/* From the outer SEQUENCE to the octets: what is opened, and what is passed over. */
static const struct {
	uint8_t tag;
	bool skip;
} path[] = {
        {0x30, false},                /* ContentInfo */
        {0x06, true},                 /* its type */
        {0xa0, false}, {0x30, false}, /* SignedData */
        {0x02, true},                 /* version */
        {0x31, true},                 /* digest algorithms */
        {0x30, false},                /* EncapsulatedContentInfo */
        {0x06, true},                 /* type of the content */
        {0xa0, false},                /* absent when the content is elsewhere */
};

#define PATH_ENCAPSULATED 6

static const char signed_type[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

enum cms_phase { ON_THE_WAY, STRING, PARTS, PIECE, BEHIND };

struct cms {
	enum cms_phase phase;
	unsigned at;                /* of path */
	uint64_t encapsulated_left; /* of EncapsulatedContentInfo */
	uint64_t parts_left, piece_left;
	uint64_t behind; /* bytes */
	bool in_parts, child_open, ended;
};

struct element {
	uint8_t tag;
	size_t header_bytes;
	uint64_t len; /* of the content, or INDEFINITE */
};

/* STATUS_ITEM, STATUS_MORE or STATUS_MALFORMED. Takes nothing. */
static int read_header(struct cursor c, struct element *ret)
{
	size_t before = cursor_left(&c);
	unsigned count;

	ret->tag = cursor_u8(&c);
	ret->len = cursor_u8(&c);
	count = ret->len > 0x80 ? (unsigned)ret->len & 0x7f : 0;
	if (count > 4)
		return STATUS_MALFORMED;
	if (ret->len >= 0x80)
		ret->len = ret->len == 0x80 ? INDEFINITE : 0;
	for (unsigned i = 0; i < count; i++)
		ret->len = ret->len << 8 | cursor_u8(&c);
	if (cursor_failed(&c))
		return STATUS_MORE;
	ret->header_bytes = before - cursor_left(&c);
	return STATUS_ITEM;
}

static enum probe_answer cms_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	struct element outer;
	struct span type;
	int status;

	if (p->env->depth == 0 || (p->head.len > 0 && p->head.data[0] != 0x30))
		return PROBE_NO;
	status = read_header(c, &outer);
	if (status == STATUS_MALFORMED)
		return PROBE_NO;
	if (status == STATUS_MORE)
		return p->end ? PROBE_NO : PROBE_MORE;
	type = span_slice(p->head, outer.header_bytes, sizeof(signed_type) - 1);
	if (!span_equal(type, span_of(signed_type, type.len)))
		return PROBE_NO;
	if (type.len == sizeof(signed_type) - 1)
		return PROBE_YES;
	return p->end ? PROBE_NO : PROBE_MORE;
}

/* One step: STATUS_ITEM, go on; STATUS_MORE, for more input; STATUS_MALFORMED. */

static int way_step(struct cms *s, struct cursor *c)
{
	bool skip = path[s->at].skip;
	struct element e;
	uint64_t bytes;
	int status;

	if (s->at == ARRAY_LEN(path) - 1 && s->encapsulated_left == 0) {
		s->phase = BEHIND; /* the content is elsewhere */
		return STATUS_ITEM;
	}
	status = read_header(*c, &e);
	if (status != STATUS_ITEM)
		return status;
	if (s->at == ARRAY_LEN(path) - 1 && s->encapsulated_left == INDEFINITE && e.tag == 0) {
		s->phase = BEHIND;
		return STATUS_ITEM;
	}
	if (e.tag != path[s->at].tag || (skip && e.len > ELEMENT_BYTES_MAX))
		return STATUS_MALFORMED;
	bytes = e.header_bytes + (skip ? e.len : 0);
	if (cursor_left(c) < bytes)
		return STATUS_MORE;
	cursor_skip(c, (size_t)bytes);
	if (s->at == PATH_ENCAPSULATED)
		s->encapsulated_left = e.len;
	else if (s->at > PATH_ENCAPSULATED && s->encapsulated_left != INDEFINITE)
		s->encapsulated_left -= bytes < s->encapsulated_left ? bytes : s->encapsulated_left;
	if (++s->at == ARRAY_LEN(path))
		s->phase = STRING;
	return STATUS_ITEM;
}

static int string_step(struct cms *s, struct cursor *c, struct decode_out *out)
{
	struct content content = {.place = "signed content"};
	struct element e;
	int status = read_header(*c, &e);

	if (status != STATUS_ITEM)
		return status;
	if (e.tag != TAG_PARTS && (e.tag != TAG_OCTETS || e.len == INDEFINITE))
		return STATUS_MALFORMED;
	cursor_skip(c, e.header_bytes);
	s->in_parts = e.tag == TAG_PARTS;
	*(s->in_parts ? &s->parts_left : &s->piece_left) = e.len;
	s->phase = s->in_parts ? PARTS : PIECE;
	s->child_open = true;
	decode_child_open(out, &content);
	return STATUS_ITEM;
}

static void string_end(struct cms *s, struct decode_out *out)
{
	decode_child_close(out, STREAM_COMPLETE);
	s->child_open = false;
	s->phase = BEHIND;
}

static int part_step(struct cms *s, struct cursor *c, struct decode_out *out)
{
	struct element e;
	int status;

	if (s->parts_left == 0) {
		string_end(s, out);
		return STATUS_ITEM;
	}
	status = read_header(*c, &e);
	if (status != STATUS_ITEM)
		return status;
	if (s->parts_left == INDEFINITE && e.tag == 0 && e.len == 0) {
		cursor_skip(c, e.header_bytes);
		string_end(s, out);
		return STATUS_ITEM;
	}
	if (e.tag != TAG_OCTETS || e.len == INDEFINITE)
		return STATUS_MALFORMED;
	if (s->parts_left != INDEFINITE && e.header_bytes + e.len > s->parts_left)
		return STATUS_MALFORMED;
	if (s->parts_left != INDEFINITE)
		s->parts_left -= e.header_bytes + e.len;
	cursor_skip(c, e.header_bytes);
	s->piece_left = e.len;
	s->phase = PIECE;
	return STATUS_ITEM;
}

static int piece_step(struct cms *s, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < s->piece_left ? cursor_left(c) : (size_t)s->piece_left;

	if (len > 0)
		decode_child_bytes(out, cursor_span(c, len));
	s->piece_left -= len;
	if (s->piece_left > 0)
		return STATUS_MORE;
	if (s->in_parts)
		s->phase = PARTS;
	else
		string_end(s, out);
	return STATUS_ITEM;
}

static int behind_step(struct cms *s, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c);
	uint64_t room = SIGNATURE_BYTES_MAX - s->behind;

	cursor_skip(c, len);
	if (len > room) {
		decode_unread(out, len - room, STREAM_UNKNOWN);
		s->behind = SIGNATURE_BYTES_MAX;
	} else {
		s->behind += len;
	}
	return STATUS_MORE;
}

static int cms_step(struct cms *s, struct cursor *c, struct decode_out *out)
{
	switch (s->phase) {
	case ON_THE_WAY:
		return way_step(s, c);
	case STRING:
		return string_step(s, c, out);
	case PARTS:
		return part_step(s, c, out);
	case PIECE:
		return piece_step(s, c, out);
	case BEHIND:
		return behind_step(s, c, out);
	}
	return STATUS_BUG;
}

static void end(struct cms *s, enum stream_end why, struct decode_out *out)
{
	s->ended = true;
	if (s->child_open)
		decode_child_close(out, why);
	if (s->phase != BEHIND)
		decode_stop(out, why);
}

static int cms_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct cms *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && !s->ended && decode_room(out) > 4)
		status = cms_step(s, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM && !s->ended)
		return STATUS_MORE;
	if (status == STATUS_MALFORMED)
		end(s, STREAM_MALFORMED, out);
	else if (in->last && !s->ended)
		end(s, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end, out);
	return status < 0 ? status : STATUS_OK;
}

const struct decoder decoder_cms = {
        .name = "cms",
        .state_bytes = sizeof(struct cms),
        .probe = cms_probe,
        .feed = cms_feed,
};
