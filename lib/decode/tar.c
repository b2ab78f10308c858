/* tar: archives of tar, read forwards as they come: one message and one child stream a member.
 *
 * Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual,
 * "Basic Tar Format" (long names, base-256 sizes). A header is believed when its check sum is
 * right; what follows one that is not is counted as not looked into. Holds one block, or the names
 * of the next member. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/extension.h"

#define TAR_BLOCK_BYTES 512
#define TAR_NAME_BYTES  1024        /* longer names keep their end, where the ending stands */
#define TAR_EXTRA_BYTES (16u << 10) /* of a header that only tells of the next member */
#define TAR_SIZE_MAX    (UINT64_MAX >> 2)
#define TAR_ROOM        6

enum tar_phase { AT_HEADER, IN_EXTRA, IN_MEMBER, IN_SKIPPED, IN_PADDING, AT_END };

struct tar {
	bool ended, message_open, child_open, name_given, size_given;
	uint8_t phase;
	char type;
	unsigned members;
	uint64_t left_bytes;
	unsigned padding_bytes;
	uint64_t next_size; /* of the next member, by a pax header */
	size_t name_len;
	uint8_t name[TAR_NAME_BYTES];
};

/* ---- headers ---- */

static uint64_t octal(struct span text)
{
	uint64_t value = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] >= '0' && text.data[i] <= '7')
			value = value << 3 | (uint64_t)(text.data[i] - '0');
		else if (text.data[i] != ' ' || value > 0)
			break;
	}
	return value;
}

/* Octal digits, or a binary number whose first bit says so. */
static uint64_t size_of(struct span text)
{
	uint64_t value = 0;

	if ((text.data[0] & 0x80) == 0)
		return octal(text);
	for (size_t i = 1; i < text.len; i++) {
		if (value > TAR_SIZE_MAX >> 8)
			return UINT64_MAX;
		value = value << 8 | text.data[i];
	}
	return value;
}

/* The sum of all bytes, the field of the sum itself as blanks. */
static bool sum_is_right(struct span block)
{
	uint64_t sum = 0, said = octal(span_slice(block, 148, 8));

	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += i >= 148 && i < 156 ? ' ' : block.data[i];
	return sum == said;
}

static bool is_zero(struct span block)
{
	for (size_t i = 0; i < block.len; i++)
		if (block.data[i] != 0)
			return false;
	return true;
}

/* A name fills its field with zeros; numbers are octal. The first byte that does not fit says
 * no. */
static bool may_be_header(struct span head)
{
	bool over = false;

	for (size_t i = 0; i < head.len && i < 100; i++) {
		uint8_t byte = head.data[i];

		if (i == 0 && byte == 0)
			return false;
		if ((over && byte != 0) || (byte != 0 && byte < ' '))
			return false;
		over = over || byte == 0;
	}
	for (size_t i = 100; i < head.len && i < 124; i++) {
		uint8_t byte = head.data[i];

		if (byte != 0 && byte != ' ' && (byte < '0' || byte > '7') && byte < 0x80)
			return false;
	}
	return true;
}

static enum probe_answer tar_probe(const struct probe *p)
{
	if (p->env->datagram || !may_be_header(p->head))
		return PROBE_NO;
	if (p->head.len < TAR_BLOCK_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	return sum_is_right(p->head) ? PROBE_YES : PROBE_NO;
}

/* ---- names ---- */

static struct span text_of(struct span field)
{
	return span_slice(field, 0, span_find_byte(field, 0));
}

static void keep_name(struct tar *t, struct span name)
{
	if (name.len > sizeof(t->name))
		name = span_slice(name, name.len - sizeof(t->name), SIZE_MAX);
	if (name.len > 0)
		memcpy(t->name, name.data, name.len);
	t->name_len = name.len;
}

/* The prefix of ustar and the name; what an earlier header told goes before both. */
static void name_member(struct tar *t, struct span block)
{
	struct span name = text_of(span_slice(block, 0, 100));
	struct span prefix = text_of(span_slice(block, 345, 155));
	bool ustar = span_equal_text(span_slice(block, 257, 6), "ustar") ||
	             memcmp(block.data + 257, "ustar\0", 6) == 0;

	if (t->name_given)
		return;
	keep_name(t, ustar ? prefix : span_of(NULL, 0));
	if (t->name_len > 0)
		t->name[t->name_len++] = '/';
	memcpy(t->name + t->name_len, name.data, name.len);
	t->name_len += name.len;
}

static void take_record(struct tar *t, struct span record)
{
	uint64_t size;

	if (span_starts(record, "path=")) {
		keep_name(t, span_slice(record, 5, SIZE_MAX));
		t->name_given = true;
	} else if (span_starts(record, "size=") &&
	           span_to_u64(span_slice(record, 5, SIZE_MAX), TAR_SIZE_MAX, &size)) {
		t->next_size = size;
		t->size_given = true;
	}
}

/* "27 path=Letters/Invented.rtf\n", one behind the other. */
static void take_records(struct tar *t, struct span records)
{
	while (records.len > 0) {
		size_t blank = span_find_byte(records, ' ');
		uint64_t len;

		if (!span_to_u64(span_slice(records, 0, blank), records.len, &len) ||
		        len <= blank + 1)
			return;
		take_record(t, span_slice(records, blank + 1, (size_t)len - blank - 2));
		records = span_slice(records, (size_t)len, SIZE_MAX);
	}
}

/* ---- members ---- */

static void member_begin(struct tar *t, struct decode_out *out, bool content)
{
	struct span name = span_of(t->name, t->name_len);
	const char *ending = extension_of(name);
	struct field field = {.role = ROLE_FILE_NAME, .bytes = name, .first = true, .last = true};
	struct content inner = {0};
	char place[DECODE_STEP_CHARS];

	t->members++;
	snprintf(
	        place, sizeof(place), *ending ? "member %u (%s)" : "member %u", t->members, ending);
	decode_begin(out, CARRIER_ARCHIVE, span_of_text("tar"), place);
	t->message_open = true;
	if (name.len > 0)
		decode_field(out, &field, "");
	if (!content)
		return;
	content_declare_name(&inner, name);
	decode_child_open(out, &inner);
	t->child_open = true;
}

static void member_end(struct tar *t, struct decode_out *out, enum stream_end end)
{
	if (t->child_open)
		decode_child_close(out, end);
	if (t->message_open)
		decode_end(out);
	t->child_open = t->message_open = false;
}

static bool has_content(char type)
{
	return type == '0' || type == '\0' || type == '7' || type == 'S' ||
	       !(type >= '1' && type <= '6');
}

static void begin_data(struct tar *t, uint64_t size, struct decode_out *out)
{
	bool extra = t->type == 'L' || t->type == 'x';
	bool ignored = t->type == 'K' || t->type == 'g';

	t->left_bytes = size;
	t->padding_bytes = (TAR_BLOCK_BYTES - size % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
	if (extra || ignored) {
		t->phase = extra && size <= TAR_EXTRA_BYTES ? IN_EXTRA : IN_SKIPPED;
		if (extra && size > TAR_EXTRA_BYTES)
			decode_count_limit(out);
		return;
	}
	if (t->size_given)
		t->left_bytes = t->next_size;
	t->padding_bytes = (TAR_BLOCK_BYTES - t->left_bytes % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
	if (!has_content(t->type))
		t->left_bytes = t->padding_bytes = 0;
	member_begin(t, out, t->left_bytes > 0);
	t->name_given = t->size_given = false;
	t->phase = IN_MEMBER;
}

/* ---- reading ---- */

/* Every step: STATUS_ITEM, something was taken; STATUS_OK, more input is needed;
 * STATUS_MALFORMED. */

static int step_header(struct tar *t, struct cursor *c, struct decode_out *out)
{
	struct span block = span_slice(span_of(c->at, c->left), 0, TAR_BLOCK_BYTES);
	uint64_t size;

	if (block.len < TAR_BLOCK_BYTES)
		return STATUS_OK;
	if (is_zero(block)) {
		t->phase = AT_END;
		return STATUS_ITEM;
	}
	size = size_of(span_slice(block, 124, 12));
	if (!sum_is_right(block) || size > TAR_SIZE_MAX)
		return STATUS_MALFORMED;
	t->type = (char)block.data[156];
	if (t->type != 'L' && t->type != 'K' && t->type != 'x' && t->type != 'g')
		name_member(t, block);
	cursor_skip(c, TAR_BLOCK_BYTES);
	begin_data(t, size, out);
	return STATUS_ITEM;
}

static int step_extra(struct tar *t, struct cursor *c)
{
	struct span data = span_slice(span_of(c->at, c->left), 0, (size_t)t->left_bytes);

	if (data.len < t->left_bytes)
		return STATUS_OK;
	if (t->type == 'x') {
		take_records(t, data);
	} else {
		keep_name(t, text_of(data));
		t->name_given = true;
	}
	cursor_skip(c, data.len);
	t->phase = IN_PADDING;
	return STATUS_ITEM;
}

static int step_data(struct tar *t, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < t->left_bytes ? cursor_left(c) : (size_t)t->left_bytes;

	if (len > 0 && t->phase == IN_MEMBER)
		decode_child_bytes(out, cursor_span(c, len));
	else
		cursor_skip(c, len);
	t->left_bytes -= len;
	if (t->left_bytes > 0)
		return STATUS_OK;
	if (t->phase == IN_MEMBER)
		member_end(t, out, STREAM_COMPLETE);
	t->phase = IN_PADDING;
	return STATUS_ITEM;
}

static int step_padding(struct tar *t, struct cursor *c)
{
	unsigned len = cursor_left(c) < t->padding_bytes ? (unsigned)cursor_left(c)
	                                                 : t->padding_bytes;

	cursor_skip(c, len);
	t->padding_bytes -= len;
	if (t->padding_bytes > 0)
		return STATUS_OK;
	t->phase = AT_HEADER;
	return STATUS_ITEM;
}

/* Behind the last member blocks of zeros fill a record. */
static int step_end(struct cursor *c, struct decode_out *out)
{
	while (cursor_left(c) > 0 && cursor_peek(c, 0) == 0)
		cursor_skip(c, 1);
	if (cursor_left(c) > 0)
		decode_stop(out, STREAM_COMPLETE);
	return STATUS_OK;
}

static int tar_step(struct tar *t, struct cursor *c, struct decode_out *out)
{
	switch ((enum tar_phase)t->phase) {
	case AT_HEADER:
		return step_header(t, c, out);
	case IN_EXTRA:
		return step_extra(t, c);
	case IN_MEMBER:
	case IN_SKIPPED:
		return step_data(t, c, out);
	case IN_PADDING:
		return step_padding(t, c);
	case AT_END:
		return step_end(c, out);
	}
	return STATUS_BUG;
}

static void at_end(struct tar *t, const struct decode_in *in, struct decode_out *out)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

	if (t->ended)
		return;
	t->ended = true;
	member_end(t, out, cut);
	if (t->left_bytes > 0)
		decode_stop(out, cut);
}

/* A header changes the name, which the queue borrows. */
static bool may_step(const struct tar *t, const struct decode_out *out)
{
	return decode_room(out) >= (t->phase == AT_HEADER ? DECODE_QUEUE_OPS : TAR_ROOM);
}

static int tar_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct tar *t = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && may_step(t, out))
		status = tar_step(t, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status != STATUS_OK)
		return status;
	if (in->last)
		at_end(t, in, out);
	return STATUS_OK;
}

const struct decoder decoder_tar = {
        .name = "tar",
        .clear = true,
        .state_bytes = sizeof(struct tar),
        .probe = tar_probe,
        .feed = tar_feed,
};
