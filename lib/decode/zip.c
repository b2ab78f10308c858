/* zip: archives, read forwards as they come: one message and one child stream a member.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10 (see zip_header.h); deflate (RFC 1951) by zlib. A member that
 * is locked is a sealed message of its own. Lengths and check sums that lie end their member as
 * malformed, and reading goes on at the next record that can be found. Data hidden between records,
 * or behind the archive's end, is counted as unread. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/status.h"
#include "base/wipe.h"
#include "decode/decoder.h"
#include "decode/extension.h"
#include "decode/zip_header.h"

#define INFLATE_MEMORY_BYTES (48u << 10) /* zlib's own figure is 44 KiB for a 32 KiB window */
#define OPS_PER_STEP         4
#define CENTRAL_BYTES        46 /* of a central directory header, before its three texts */
#define END_BYTES            22 /* of the end record, before the comment */

enum zip_phase {
	AT_RECORD,
	IN_STORED, /* length known */
	IN_DEFLATE,
	IN_UNSIZED, /* stored or unreadable, up to a descriptor */
	AT_DESCRIPTOR,
	IN_SKIPPED, /* what is left of a member that nobody reads */
};

struct zip {
	const struct decode_env *env;
	enum zip_phase phase;
	z_stream inflater;
	bool inflater_ready, message_open, child_open, sized, readable;
	bool descriptor, zip64;
	bool ended;     /* the end record was read */
	bool searching; /* between records, for the next one */
	unsigned members;
	uint32_t crc, expected_crc;
	uint64_t left_bytes; /* compressed; only when sized */
	uint64_t compressed_bytes, plain_bytes, expected_plain_bytes;
	enum stream_end skip_reason;
	uint8_t out[DECODE_PIECE_BYTES_MAX];
};

/* What a step says: STATUS_ITEM, do another; STATUS_MORE, drain the queue first; STATUS_OK, more
 * input is needed; or a failure. */

static enum probe_answer zip_probe(const struct probe *p)
{
	static const char *const begins[] = {"PK\3\4", "PK\5\6", "PK00PK\3\4", "PK\7\10PK\3\4"};
	enum probe_answer answer = PROBE_NO;

	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		size_t len = strlen(begins[i]);

		if (p->head.len >= len && memcmp(p->head.data, begins[i], len) == 0)
			return PROBE_YES;
		if (p->head.len < len && memcmp(p->head.data, begins[i], p->head.len) == 0)
			answer = p->end ? PROBE_NO : PROBE_MORE;
	}
	return answer;
}

static int zip_open(void *state, const struct decode_env *env)
{
	struct zip *z = state;

	if (budget_charge(env->budget, INFLATE_MEMORY_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	z->env = env;
	return STATUS_OK;
}

static void zip_close(void *state)
{
	struct zip *z = state;

	if (z->inflater_ready)
		inflateEnd(&z->inflater);
	if (z->env)
		budget_release(z->env->budget, INFLATE_MEMORY_BYTES);
}

static enum stream_end cut_short(const struct decode_in *in)
{
	return in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;
}

static void child_close(struct zip *z, struct decode_out *out, enum stream_end end)
{
	if (z->child_open)
		decode_child_close(out, end);
	z->child_open = false;
}

static void member_end(struct zip *z, struct decode_out *out, enum stream_end end)
{
	if (end == STREAM_MALFORMED)
		decode_count_malformed(out);
	child_close(z, out, end);
	if (z->message_open)
		decode_end(out);
	z->message_open = false;
	z->phase = AT_RECORD;
}

/* The archive stops in the middle. */
static int cut_off(struct zip *z, const struct decode_in *in, struct decode_out *out)
{
	if (!in->last)
		return STATUS_OK;
	member_end(z, out, cut_short(in));
	decode_stop(out, cut_short(in));
	return STATUS_OK;
}

static int inflater_begin(struct zip *z)
{
	int result;

	z->inflater.zalloc = wipe_zlib_alloc;
	z->inflater.zfree = wipe_zlib_free;
	result = z->inflater_ready ? inflateReset(&z->inflater)
	                           : inflateInit2(&z->inflater, -MAX_WBITS);

	if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	z->inflater_ready = true;
	return result == Z_OK ? STATUS_OK : STATUS_LIBRARY;
}

static void member_state(struct zip *z, const struct zip_local *local)
{
	z->members++;
	z->sized = local->sizes_known;
	z->descriptor = local->descriptor;
	z->zip64 = local->zip64;
	z->readable = !local->encrypted &&
	              (local->method == ZIP_METHOD_STORED || local->method == ZIP_METHOD_DEFLATE);
	z->crc = 0;
	z->expected_crc = local->crc;
	z->left_bytes = local->compressed_bytes;
	z->compressed_bytes = z->plain_bytes = 0;
	z->expected_plain_bytes = local->plain_bytes;
	if (z->readable && local->method == ZIP_METHOD_DEFLATE)
		z->phase = IN_DEFLATE;
	else if (!z->sized)
		z->phase = IN_UNSIZED;
	else
		z->phase = z->readable ? IN_STORED : IN_SKIPPED;
	z->skip_reason = local->encrypted ? STREAM_ENCRYPTED : STREAM_UNKNOWN;
}

static int member_begin(struct zip *z, const struct zip_local *local, struct decode_out *out)
{
	const char *ending = extension_of(local->name);
	struct field name = {
	        .role = ROLE_FILE_NAME,
	        .bytes = span_slice(local->name, 0, DECODE_VALUE_BYTES_MAX),
	        .first = true,
	        .last = true,
	};
	struct content content = {0};
	char place[DECODE_STEP_CHARS];

	member_state(z, local);
	snprintf(
	        place, sizeof(place), *ending ? "member %u (%s)" : "member %u", z->members, ending);
	decode_begin(out, local->encrypted ? CARRIER_SEALED : CARRIER_ARCHIVE, span_of_text("zip"),
	        place);
	z->message_open = true;
	if (local->name.len > 0)
		decode_field(out, &name, "");
	content_declare_name(&content, local->name);
	decode_child_open(out, &content);
	z->child_open = true;
	if (!z->readable)
		child_close(z, out, z->skip_reason);
	return z->phase == IN_DEFLATE ? inflater_begin(z) : STATUS_OK;
}

/* ---- records ---- */

/* Comments are the one text of a central directory that was not seen before. */
static void comment(struct zip *z, struct decode_out *out, struct span text)
{
	char place[DECODE_STEP_CHARS] = "archive comment";

	if (text.len == 0)
		return;
	decode_begin(
	        out, CARRIER_ARCHIVE, span_of_text("zip"), z->ended ? place : "member comment");
	decode_value(
	        out, LABEL_NONE, span_of(NULL, 0), span_slice(text, 0, DECODE_VALUE_BYTES_MAX));
	decode_end(out);
}

/* Length of the record and, at its end, of its comment; 0 when more bytes are needed. */
static size_t tail_length(struct span bytes, size_t *ret_comment)
{
	struct cursor c = cursor_open(bytes);
	uint32_t signature = cursor_u32le(&c);
	size_t len;

	*ret_comment = 0;
	if (signature == 0x02014b50) {
		cursor_skip(&c, 24);
		len = cursor_u16le(&c);
		len += cursor_u16le(&c);
		*ret_comment = cursor_u16le(&c);
		len += CENTRAL_BYTES + *ret_comment;
	} else if (signature == 0x06054b50) {
		cursor_skip(&c, END_BYTES - 6);
		*ret_comment = cursor_u16le(&c);
		len = END_BYTES + *ret_comment;
	} else if (signature == 0x06064b50) {
		len = 12 + (size_t)(cursor_u64le(&c) & 0xffff);
	} else if (signature == 0x07064b50) {
		len = 20;
	} else if (signature == 0x05054b50) {
		len = 6 + (size_t)cursor_u16le(&c);
	} else { /* archive extra data */
		len = 8 + (size_t)(cursor_u32le(&c) & 0xffff);
	}
	return cursor_failed(&c) || bytes.len < len ? 0 : len;
}

static int tail_record(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span bytes = span_of(c->at, c->left);
	size_t comment_bytes;
	size_t len = tail_length(bytes, &comment_bytes);

	if (len == 0)
		return cut_off(z, in, out);
	if (bytes.data[2] == 5 && bytes.data[3] == 6)
		z->ended = true;
	comment(z, out, span_slice(bytes, len - comment_bytes, comment_bytes));
	cursor_skip(c, len);
	return STATUS_ITEM;
}

static int local_record(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct zip_local local;
	size_t needed;
	int status = zip_local_read(span_of(c->at, c->left), &local, &needed);

	if (status == STATUS_MORE)
		return cut_off(z, in, out);
	if (status != STATUS_OK) {
		decode_count_malformed(out);
		cursor_skip(c, 4);
		z->searching = true;
		return STATUS_ITEM;
	}
	z->ended = false;
	status = member_begin(z, &local, out);
	cursor_skip(c, local.header_bytes);
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* No record stands here: goes to where one may. */
static int search_record(struct zip *z, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t at = 1;

	if (!z->searching)
		decode_count_malformed(out);
	z->searching = true;
	while (at + 1 < rest.len && (rest.data[at] != 'P' || rest.data[at + 1] != 'K'))
		at++;
	decode_unread(out, at, z->ended ? STREAM_UNKNOWN : STREAM_MALFORMED);
	cursor_skip(c, at);
	return STATUS_ITEM;
}

static int at_record(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct cursor peek = *c;

	if (cursor_left(c) < 4) {
		if (in->last && cursor_left(c) == 0 && z->ended)
			return STATUS_OK;
		return cut_off(z, in, out);
	}
	switch (zip_record_of(cursor_u32le(&peek))) {
	case ZIP_LOCAL:
		z->searching = false;
		return local_record(z, c, in, out);
	case ZIP_TAIL:
		z->searching = false;
		return tail_record(z, c, in, out);
	case ZIP_SPANNED:
	case ZIP_DESCRIPTOR: /* as a marker of split archives, or of a member that lied */
		cursor_skip(c, 4);
		return STATUS_ITEM;
	case ZIP_OTHER:
		break;
	}
	return search_record(z, c, out);
}

/* ---- data ---- */

/* All data of the member is there: its check sum and length are compared with what they should be.
 *  */
static void data_ended(struct zip *z, struct decode_out *out)
{
	bool true_to_header = z->crc == z->expected_crc &&
	                      z->plain_bytes == z->expected_plain_bytes;

	if (z->descriptor)
		z->phase = AT_DESCRIPTOR;
	else
		member_end(z, out, true_to_header ? STREAM_COMPLETE : STREAM_MALFORMED);
}

static void give(struct zip *z, struct decode_out *out, struct span bytes)
{
	if (bytes.len == 0)
		return;
	z->crc = (uint32_t)crc32(z->crc, bytes.data, (uInt)bytes.len);
	z->plain_bytes += bytes.len;
	decode_child_bytes(out, bytes);
}

/* The rest of the member's data is not read, for that reason; its child ends so. */
static void skip_data(
        struct zip *z, struct decode_out *out, enum stream_end reason, enum stream_end child_end)
{
	child_close(z, out, child_end);
	z->readable = false;
	z->skip_reason = reason;
	z->phase = IN_SKIPPED;
}

/* Nobody reads this member any further, and its length is known: the rest is not inflated. */
static int skip_rest(struct zip *z, struct decode_out *out)
{
	skip_data(z, out, decode_child_end(out), STREAM_COMPLETE);
	return STATUS_ITEM;
}

static int in_stored(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	size_t len = cursor_left(c) < z->left_bytes ? cursor_left(c) : (size_t)z->left_bytes;

	if (len > DECODE_PIECE_BYTES_MAX)
		len = DECODE_PIECE_BYTES_MAX;
	z->left_bytes -= len;
	give(z, out, cursor_span(c, len));
	z->compressed_bytes += len;
	if (z->left_bytes == 0)
		data_ended(z, out);
	return len > 0 || z->left_bytes == 0 ? STATUS_ITEM : cut_off(z, in, out);
}

static int in_skipped(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	size_t len = cursor_left(c) < z->left_bytes ? cursor_left(c) : (size_t)z->left_bytes;

	decode_unread(out, len, z->skip_reason);
	cursor_skip(c, len);
	z->left_bytes -= len;
	if (z->left_bytes > 0)
		return cut_off(z, in, out);
	if (z->descriptor)
		z->phase = AT_DESCRIPTOR;
	else
		member_end(z, out, STREAM_COMPLETE);
	return STATUS_ITEM;
}

static int deflate_ended(struct zip *z, struct decode_out *out)
{
	if (!z->sized || z->left_bytes == 0) {
		data_ended(z, out);
	} else { /* the member says that it is longer than its data: the data is believed */
		member_end(z, out, STREAM_MALFORMED);
		z->searching = true;
	}
	return STATUS_MORE;
}

static int deflate_broken(struct zip *z, struct decode_out *out)
{
	if (z->sized) {
		decode_count_malformed(out);
		skip_data(z, out, STREAM_MALFORMED, STREAM_MALFORMED);
	} else {
		member_end(z, out, STREAM_MALFORMED);
		z->searching = true;
	}
	return STATUS_MORE;
}

static int in_deflate(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	size_t len = cursor_left(c) < UINT32_MAX ? cursor_left(c) : UINT32_MAX;
	size_t made;
	int result;

	if (!decode_child_wanted(out) && z->sized)
		return skip_rest(z, out);
	if (z->sized && len > z->left_bytes)
		len = (size_t)z->left_bytes;
	z->inflater.next_in = (z_const Bytef *)(uintptr_t)c->at;
	z->inflater.avail_in = (uInt)len;
	z->inflater.next_out = z->out;
	z->inflater.avail_out = sizeof(z->out);
	result = inflate(&z->inflater, Z_NO_FLUSH);
	if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	len -= z->inflater.avail_in;
	made = sizeof(z->out) - z->inflater.avail_out;
	cursor_skip(c, len);
	z->compressed_bytes += len;
	if (z->sized)
		z->left_bytes -= len;
	give(z, out, span_of(z->out, made));
	if (result == Z_STREAM_END)
		return deflate_ended(z, out);
	if (result != Z_OK && result != Z_BUF_ERROR)
		return deflate_broken(z, out);
	if (z->sized && z->left_bytes == 0 && made < sizeof(z->out))
		return deflate_broken(z, out); /* longer than the member says */
	return made > 0 ? STATUS_MORE : cut_off(z, in, out);
}

/* Length of the descriptor of a member that was not read: nothing can be compared. */
static size_t blind_descriptor(const struct zip *z, struct span rest)
{
	struct cursor c = cursor_open(rest);
	size_t len = 4 + (z->zip64 ? 16 : 8);

	return zip_record_of(cursor_u32le(&c)) == ZIP_DESCRIPTOR ? 4 + len : len;
}

static int at_descriptor(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t len;

	if (rest.len < ZIP_DESCRIPTOR_MAX && !in->last)
		return STATUS_OK;
	len = z->readable ? zip_descriptor_length(rest, z->crc, z->compressed_bytes, z->plain_bytes)
	                  : blind_descriptor(z, rest);
	if (rest.len < len || (len == 0 && rest.len < ZIP_DESCRIPTOR_MAX - 12))
		return cut_off(z, in, out);
	cursor_skip(c, len);
	member_end(z, out, len > 0 ? STREAM_COMPLETE : STREAM_MALFORMED);
	return STATUS_ITEM;
}

/* Whether the member ends here: a descriptor that says what was read or, of a member that cannot be
 * read, any descriptor. STATUS_MORE: too few bytes to say. */
static int unsized_end(const struct zip *z, struct span rest, const struct decode_in *in)
{
	struct cursor c = cursor_open(rest);

	if (rest.len < 4)
		return in->last ? STATUS_NOT_FOUND : STATUS_MORE;
	if (zip_record_of(cursor_u32le(&c)) != ZIP_DESCRIPTOR)
		return STATUS_NOT_FOUND;
	if (!z->readable)
		return STATUS_OK;
	if (rest.len < ZIP_DESCRIPTOR_MAX && !in->last)
		return STATUS_MORE;
	return zip_descriptor_length(rest, z->crc, z->plain_bytes, z->plain_bytes) > 0
	               ? STATUS_OK
	               : STATUS_NOT_FOUND;
}

/* Data up to the next byte that may begin a descriptor. */
static int in_unsized(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	int ends = rest.len > 0 && rest.data[0] == 'P' ? unsized_end(z, rest, in)
	                                               : STATUS_NOT_FOUND;
	size_t len = ends == STATUS_NOT_FOUND && rest.len > 0 ? 1 : 0;

	if (ends == STATUS_OK) {
		z->compressed_bytes = z->plain_bytes;
		z->phase = AT_DESCRIPTOR;
		return STATUS_ITEM;
	}
	if (len == 0)
		return cut_off(z, in, out);
	while (len < rest.len && len < DECODE_PIECE_BYTES_MAX && rest.data[len] != 'P')
		len++;
	cursor_skip(c, len);
	if (z->readable)
		give(z, out, span_slice(rest, 0, len));
	else
		decode_unread(out, len, z->skip_reason);
	return STATUS_ITEM;
}

static int zip_step(
        struct zip *z, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (z->phase) {
	case AT_RECORD:
		return at_record(z, c, in, out);
	case IN_STORED:
		return in_stored(z, c, in, out);
	case IN_DEFLATE:
		return in_deflate(z, c, in, out);
	case IN_UNSIZED:
		return in_unsized(z, c, in, out);
	case AT_DESCRIPTOR:
		return at_descriptor(z, c, in, out);
	case IN_SKIPPED:
		return in_skipped(z, c, in, out);
	}
	return STATUS_BUG;
}

static int zip_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct zip *z = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = zip_step(z, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status == STATUS_ITEM ? STATUS_MORE : status;
}

/* Behind a gap whose length is known a member's end can still be found. */
static int zip_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct zip *z = state;
	uint64_t lost_bytes = missing_bytes + before.len;

	decode_unread(out, before.len, STREAM_GAP);
	if (z->phase != AT_RECORD && z->phase != AT_DESCRIPTOR && z->sized && missing_bytes > 0 &&
	        z->left_bytes > lost_bytes) {
		z->left_bytes -= lost_bytes;
		skip_data(z, out, STREAM_GAP, STREAM_GAP);
		return STATUS_OK;
	}
	member_end(z, out, STREAM_GAP);
	z->searching = true;
	return STATUS_OK;
}

const struct decoder decoder_zip = {
        .name = "zip",
        .state_bytes = sizeof(struct zip),
        .probe = zip_probe,
        .open = zip_open,
        .feed = zip_feed,
        .gap = zip_gap,
        .close = zip_close,
};
