/* unpack: documents that cannot be read as a stream: PDF, workbooks (XLSX), 7z, RAR, CAB, and what
 * xz, bzip2 and lzip have packed. Each is collected, opened by a process of its own (unpacker.h),
 * and what that answers becomes fields and child streams here. One whose process ends before its
 * answer does is over a limit: its memory, its time, or one of ours.
 *
 * Signatures: ISO 32000-2 section 7.5.2 (PDF), 7-Zip 7zFormat.txt, RAR 5.0 archive format, MS-CAB
 * section 2.1, xz-file-format 1.2.0, bzip2 1.0.8, lzip (draft-diaz-lzip-09). */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/extension.h"
#include "decode/spool.h"
#include "decode/unpack_record.h"
#include "decode/unpacker.h"

#define OPS_PER_RECORD 8
#define ANSWER_BYTES   (2 * (UNPACK_HEADER_BYTES + UNPACK_PAYLOAD_BYTES))

enum unpack_phase { COLLECTING, ANSWERING, ANSWERED };

struct unpack {
	const struct decode_env *env;
	enum unpack_phase phase;
	enum unpack_format format;
	bool begun;          /* the format is known */
	enum stream_end cut; /* how what was collected ended */
	struct spool spool;
	bool message_open, text_open, member_open;
	bool locked; /* a member */
	unsigned members, sheets;
	uint32_t picture_pages;
	uint32_t page; /* of the open text */
	uint64_t answer_bytes;
	size_t used, len; /* of the answer: done with, and there */
	uint8_t answer[ANSWER_BYTES];
};

struct format {
	const char *begins;
	size_t len;
	const char *name; /* of the message */
};

static const struct format formats[UNPACK_FORMATS] = {
        [UNPACK_PDF] = {"%PDF-", 5, "pdf"},
        [UNPACK_7Z] = {"7z\xbc\xaf\x27\x1c", 6, "7z"},
        [UNPACK_RAR] = {"Rar!\x1a\x07", 6, "rar"},
        [UNPACK_CAB] = {"MSCF\0\0\0\0", 8, "cab"},
        [UNPACK_XZ] = {"\xfd"
                       "7zXZ\0",
                6, "xz"},
        [UNPACK_BZIP2] = {"BZh", 3, "bzip2"},
        [UNPACK_LZIP] = {"LZIP\1", 5, "lzip"},
        [UNPACK_OFFICE] = {"PK\3\4", 4, "zip"},
};

static const char bzip2_block[] = "1AY&SY"; /* pi, in BCD; behind "BZh" and a digit */

/* "BZh" alone begins words, too. */
static enum probe_answer bzip2_probe(struct span head, bool end)
{
	struct span block = span_slice(head, 4, sizeof(bzip2_block) - 1);

	if (head.len > 3 && (head.data[3] < '1' || head.data[3] > '9'))
		return PROBE_NO;
	if (block.len > 0 && memcmp(block.data, bzip2_block, block.len) != 0)
		return PROBE_NO;
	if (block.len == sizeof(bzip2_block) - 1)
		return PROBE_YES;
	return end ? PROBE_NO : PROBE_MORE;
}

/* Any other declared name is that of something which zip.c reads as it comes, and without a way to
 * open it that reads this as well. */
static bool may_be_workbook(const struct decode_env *env)
{
	const struct content *c = env->content;

	if (!env->unpacker)
		return false;
	return strcmp(c->extension, "xlsx") == 0 || strcmp(c->extension, "xlsm") == 0 ||
	       strstr(c->type, "spreadsheetml") || c->extension[0] == '\0';
}

/* The name of the first member, which stands behind its header (APPNOTE.TXT 4.3.7). */
static enum probe_answer office_probe(struct span head, bool end)
{
	static const char *const firsts[] = {
	        "[Content_Types].xml", "_rels/.rels", "docProps/", "xl/"};
	struct span name = span_slice(head, 30, SIZE_MAX);
	enum probe_answer answer = PROBE_NO;

	if (name.len == 0)
		return end ? PROBE_NO : PROBE_MORE;
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++) {
		size_t len = strlen(firsts[i]), have = name.len < len ? name.len : len;

		if (memcmp(name.data, firsts[i], have) != 0)
			continue;
		if (have == len)
			return PROBE_YES;
		answer = end ? PROBE_NO : PROBE_MORE;
	}
	return answer;
}

static enum probe_answer format_probe(enum unpack_format format, struct span head, bool end)
{
	const struct format *f = &formats[format];
	size_t have = head.len < f->len ? head.len : f->len;

	if (have == 0 || memcmp(head.data, f->begins, have) != 0)
		return PROBE_NO;
	if (have < f->len)
		return end ? PROBE_NO : PROBE_MORE;
	if (format == UNPACK_OFFICE)
		return office_probe(head, end);
	return format == UNPACK_BZIP2 ? bzip2_probe(head, end) : PROBE_YES;
}

static enum probe_answer unpack_probe(const struct probe *p)
{
	enum probe_answer answer = PROBE_NO;

	if (p->env->datagram)
		return PROBE_NO;
	for (int i = 0; i < UNPACK_FORMATS && answer == PROBE_NO; i++)
		if (i != UNPACK_OFFICE || may_be_workbook(p->env))
			answer = format_probe((enum unpack_format)i, p->head, p->end);
	return answer;
}

static enum unpack_format format_of(struct span bytes)
{
	int i = 0;

	while (i + 1 < UNPACK_FORMATS &&
	        format_probe((enum unpack_format)i, bytes, true) != PROBE_YES)
		i++;
	return (enum unpack_format)i;
}

static int unpack_open(void *state, const struct decode_env *env)
{
	struct unpack *u = state;

	u->env = env;
	u->spool.fd = u->spool.answer_fd = -1;
	return STATUS_OK;
}

static void unpack_close(void *state)
{
	struct unpack *u = state;

	spool_close(&u->spool);
}

static uint64_t unpack_pending(const void *state)
{
	const struct unpack *u = state;

	return u->phase == ANSWERED ? 0 : u->spool.len;
}

static bool is_document(const struct unpack *u)
{
	return u->format == UNPACK_PDF;
}

/* ---- the end ---- */

static void text_end(struct unpack *u, struct decode_out *out)
{
	struct field field = {.kind = FIELD_TEXT, .last = true};

	if (u->text_open)
		decode_field(out, &field, "");
	u->text_open = false;
}

static void member_end(struct unpack *u, struct decode_out *out, enum stream_end end)
{
	if (u->member_open)
		decode_child_close(out, end);
	u->member_open = false;
}

/* Its text ends with it: a process that was taken over may leave one open. */
static void message_end(struct unpack *u, struct decode_out *out)
{
	text_end(u, out);
	if (u->message_open)
		decode_end(out);
	u->message_open = false;
}

/* What nobody could look into at all still says what it is. */
static void name_it(struct unpack *u, struct decode_out *out, enum carrier carrier)
{
	decode_begin(out, carrier, span_of_text(formats[u->format].name), "");
	decode_end(out);
}

/* Why a part of a whole document was not looked into; else it is letters that say no characters. */
static enum stream_end left_out(const struct unpack *u)
{
	if (u->locked)
		return STREAM_ENCRYPTED;
	return u->picture_pages > 0 ? STREAM_MEDIA : STREAM_UNKNOWN;
}

/* The document is done with; looked: 1024ths of it that were looked into. */
static void finish(struct unpack *u, struct decode_out *out, enum stream_end end, uint32_t looked)
{
	bool silent = !u->message_open && u->members == 0 && u->picture_pages == 0;
	uint64_t read = (uint64_t)u->spool.len * looked / UNPACK_WHOLE;

	if (end == STREAM_MALFORMED && u->cut != STREAM_COMPLETE)
		end = u->cut;
	text_end(u, out);
	member_end(u, out, end == STREAM_COMPLETE ? STREAM_TRUNCATED : end);
	message_end(u, out);
	if (end == STREAM_ENCRYPTED && !is_document(u) && silent)
		name_it(u, out, CARRIER_SEALED);
	else if (silent)
		name_it(u, out, is_document(u) ? CARRIER_DOCUMENT : CARRIER_ARCHIVE);
	if (u->picture_pages > 0)
		name_it(u, out, CARRIER_IMAGE);
	decode_unread(out, u->spool.len - read, end == STREAM_COMPLETE ? left_out(u) : end);
	if (end != STREAM_COMPLETE)
		decode_stop(out, end);
	u->phase = ANSWERED;
	spool_close(&u->spool);
}

/* ---- collecting ---- */

static int begin(struct unpack *u, const struct decode_in *in, struct decode_out *out)
{
	int status = STATUS_NOT_FOUND;

	u->begun = true;
	u->format = format_of(in->bytes);
	if (u->env->unpacker)
		status = spool_open(&u->spool, u->env->unpacker);
	if (status == STATUS_OK)
		return STATUS_ITEM;
	finish(u, out, status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_UNKNOWN, 0);
	return STATUS_OK;
}

static int collect(
        struct unpack *u, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	int status = u->begun ? STATUS_ITEM : begin(u, in, out);

	if (status != STATUS_ITEM)
		return status;
	if (spool_add(&u->spool, in->bytes) != STATUS_OK) {
		finish(u, out, STREAM_LIMIT, 0);
		return STATUS_OK;
	}
	*ret_consumed = in->bytes.len;
	if (!in->last)
		return STATUS_OK;
	u->cut = in->end;
	if (spool_ask(&u->spool, u->format) != STATUS_OK) {
		finish(u, out, STREAM_UNKNOWN, 0);
		return STATUS_OK;
	}
	u->phase = ANSWERING;
	return STATUS_OK;
}

/* ---- the answer ---- */

static void message_begin(struct unpack *u, struct decode_out *out)
{
	if (!u->message_open)
		decode_begin(out, is_document(u) ? CARRIER_DOCUMENT : CARRIER_ARCHIVE,
		        span_of_text(formats[u->format].name), "");
	u->message_open = true;
}

static void take_text(struct unpack *u, const struct unpack_record *r, struct decode_out *out)
{
	struct field field = {.kind = FIELD_TEXT, .bytes = r->payload};
	char place[DECODE_STEP_CHARS] = "";

	if (u->text_open && r->number != u->page)
		text_end(u, out);
	message_begin(u, out);
	if (r->number > 0)
		snprintf(place, sizeof(place), "page %u", (unsigned)r->number);
	field.first = !u->text_open;
	decode_field(out, &field, place);
	u->text_open = true;
	u->page = r->number;
}

static void take_value(struct unpack *u, const struct unpack_record *r, struct decode_out *out)
{
	static const char *const places[UNPACK_VALUES] = {"properties", "form", "note"};
	size_t zero = span_find_byte(r->payload, 0);
	struct field field = {.label_kind = LABEL_KEY,
	        .label = span_slice(r->payload, 0, zero),
	        .first = true,
	        .last = true};

	if (zero == SIZE_MAX)
		return;
	field.bytes = span_slice(r->payload, zero + 1, DECODE_VALUE_BYTES_MAX);
	if (field.label.len == 0)
		field.label_kind = LABEL_NONE;
	text_end(u, out);
	message_begin(u, out);
	decode_field(out, &field, places[r->detail]);
}

static void member_place(
        struct unpack *u, struct span name, bool table, char ret[static DECODE_STEP_CHARS])
{
	const char *ending = extension_of(name);
	const char *what = is_document(u) ? "attachment" : "member";

	if (table) {
		snprintf(ret, DECODE_STEP_CHARS, "sheet %u", ++u->sheets);
		return;
	}

	snprintf(
	        ret, DECODE_STEP_CHARS, *ending ? "%s %u (%s)" : "%s %u", what, u->members, ending);
}

/* Each member of an archive is a message of its own; what is attached to a document is a part of
 * it. */
static void take_member(struct unpack *u, const struct unpack_record *r, struct decode_out *out)
{
	struct field name = {
	        .role = ROLE_FILE_NAME, .bytes = r->payload, .first = true, .last = true};
	struct content content = {0};
	char place[DECODE_STEP_CHARS];
	bool locked = r->detail == UNPACK_LOCKED, table = r->detail == UNPACK_TABLE;

	member_end(u, out, STREAM_TRUNCATED);
	u->members++;
	member_place(u, r->payload, table, place);
	content_declare_name(&content, table ? span_of_text("sheet.csv") : r->payload);
	if (is_document(u)) {
		text_end(u, out);
		message_begin(u, out);
		memcpy(content.place, place, sizeof(place));
	} else {
		message_end(u, out);
		decode_begin(out, locked ? CARRIER_SEALED : CARRIER_ARCHIVE,
		        span_of_text(formats[u->format].name), place);
		u->message_open = true;
	}
	if (r->payload.len > 0)
		decode_field(out, &name, "");
	decode_child_open(out, &content);
	u->member_open = true;
	if (locked) {
		u->locked = true;
		member_end(u, out, STREAM_ENCRYPTED);
	}
}

static void take_record(struct unpack *u, const struct unpack_record *r, struct decode_out *out)
{
	switch (r->kind) {
	case UNPACK_TEXT:
		take_text(u, r, out);
		break;
	case UNPACK_BREAK:
		text_end(u, out);
		break;
	case UNPACK_VALUE:
		take_value(u, r, out);
		break;
	case UNPACK_MEMBER:
		take_member(u, r, out);
		break;
	case UNPACK_BYTES:
		if (u->member_open)
			decode_child_bytes(out, r->payload);
		break;
	case UNPACK_MEMBER_END:
		member_end(u, out, (enum stream_end)r->detail);
		if (!is_document(u))
			message_end(u, out);
		break;
	case UNPACK_PICTURES:
		u->picture_pages = r->number;
		break;
	case UNPACK_END:
		finish(u, out, (enum stream_end)r->detail, r->number);
		break;
	case UNPACK_NONE:
	case UNPACK_KINDS:
		break; /* unpack_record_read gives none of these */
	}
}

/* Room for what comes, and more of it. STATUS_ITEM, or how the answer ended. */
static int read_more(struct unpack *u)
{
	size_t len = 0;
	int status;

	memmove(u->answer, u->answer + u->used, u->len - u->used);
	u->len -= u->used;
	u->used = 0;
	if (u->answer_bytes >= UNPACK_ANSWER_BYTES_MAX)
		return STATUS_LIMIT;
	status = spool_read(&u->spool, u->answer + u->len, sizeof(u->answer) - u->len, &len);
	u->len += len;
	u->answer_bytes += len;
	return status;
}

/* Takes what has come, and waits for more only when nothing of that is left to be drained. */
static int answer(struct unpack *u, struct decode_out *out)
{
	const size_t before = decode_room(out);
	struct unpack_record record;
	size_t len;

	while (u->phase == ANSWERING && decode_room(out) >= OPS_PER_RECORD) {
		int status = unpack_record_read(
		        span_of(u->answer + u->used, u->len - u->used), &record, &len);

		if (status == STATUS_ITEM) {
			take_record(u, &record, out);
			u->used += len;
			continue;
		}
		if (status == STATUS_MORE && decode_room(out) < before)
			return STATUS_MORE; /* what was put out lies in the answer */
		if (status == STATUS_MORE)
			status = read_more(u);
		if (status != STATUS_ITEM)
			finish(u, out, status == STATUS_MALFORMED ? STREAM_MALFORMED : STREAM_LIMIT,
			        0);
	}
	return u->phase == ANSWERING ? STATUS_MORE : STATUS_OK;
}

static int unpack_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct unpack *u = state;
	int status = STATUS_OK;

	if (u->phase == COLLECTING)
		status = collect(u, in, ret_consumed, out);
	return u->phase == ANSWERING && status >= STATUS_OK && in->last ? answer(u, out) : status;
}

const struct decoder decoder_unpack = {
        .name = "unpack",
        .clear = true,
        .state_bytes = sizeof(struct unpack),
        .probe = unpack_probe,
        .open = unpack_open,
        .feed = unpack_feed,
        .pending = unpack_pending,
        .close = unpack_close,
};
