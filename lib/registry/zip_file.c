#include "registry/zip_file.h"

#include <stdbool.h>
#include <strings.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/status.h"

#define END_BYTES        22     /* of the end of the central directory, without its comment */
#define COMMENT_MAX      0xffff /* its length has 16 bits */
#define END_MARK         0x06054b50u
#define DIRECTORY_MARK   0x02014b50u
#define LOCAL_MARK       0x04034b50u
#define FLAG_LOCKED      0x2041u /* bit 0, strong encryption (6), masked headers (13) */
#define FLAG_SIZES_LATER 0x0008u
#define METHOD_STORED    0
#define METHOD_DEFLATE   8
#define PIECE_BYTES      16384

static const char reason_damaged[] =
        "The workbook is damaged: its parts do not agree with its list of contents. Open it in "
        "Excel and save it again.";
static const char reason_cut[] =
        "The workbook is not whole; copy it again, or open it in Excel and save it again.";
static const char reason_locked[] = "The workbook is locked with a password; save it without one.";
static const char reason_form[] =
        "The workbook is packed in a way that Excel does not use; open it in Excel and save it "
        "again.";
static const char reason_bomb[] =
        "The workbook unpacks to far more than a register holds; copy the rows into a new "
        "workbook.";
static const char reason_large[] =
        "A sheet of this workbook is larger than 16 MiB; delete the empty rows below the last one, "
        "or copy the rows into a new workbook.";

struct directory {
	size_t offset, bytes, members;
};

static int refuse(const char **ret_reason, int status, const char *reason)
{
	*ret_reason = reason;
	return status;
}

/* The end record is the last one whose comment reaches the end of the file. */
static size_t find_end(struct span file)
{
	for (size_t back = END_BYTES; back <= file.len && back <= END_BYTES + COMMENT_MAX; back++) {
		struct cursor c = cursor_open(span_slice(file, file.len - back, back));
		bool marked = cursor_u32le(&c) == END_MARK;

		cursor_skip(&c, END_BYTES - 6);
		if (marked && cursor_u16le(&c) == back - END_BYTES)
			return file.len - back;
	}
	return SIZE_MAX;
}

static int read_end(struct span file, struct directory *d, const char **ret_reason)
{
	size_t end = find_end(file);
	struct cursor c = cursor_open(span_slice(file, end, END_BYTES));
	unsigned disk, directory_disk, here;

	if (end == SIZE_MAX)
		return refuse(ret_reason, STATUS_MALFORMED, reason_cut);
	cursor_skip(&c, 4);
	disk = cursor_u16le(&c);
	directory_disk = cursor_u16le(&c);
	here = cursor_u16le(&c);
	d->members = cursor_u16le(&c);
	d->bytes = cursor_u32le(&c);
	d->offset = cursor_u32le(&c);
	if (disk != 0 || directory_disk != 0 || here != d->members || d->members == 0xffff ||
	        d->bytes == UINT32_MAX || d->offset == UINT32_MAX)
		return refuse(ret_reason, STATUS_UNSUPPORTED, reason_form);
	if (d->offset > end || d->bytes != end - d->offset)
		return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
	if (d->members > ZIP_FILE_MEMBERS_MAX)
		return refuse(ret_reason, STATUS_LIMIT,
		        "The workbook has more than 256 parts; a register has few. Copy the rows "
		        "into a new workbook.");
	return STATUS_OK;
}

/* What the local header says must be what the directory says. Fills data. */
static int read_local(struct span parts, size_t offset, uint16_t flags, uint32_t packed_bytes,
        struct zip_member *m)
{
	struct cursor c = cursor_open(span_slice(parts, offset, parts.len));
	uint32_t mark = cursor_u32le(&c), crc, packed, plain;
	uint16_t local_flags, method;
	size_t name_len, extra_len;
	struct span name;
	bool later;

	cursor_skip(&c, 2);
	local_flags = cursor_u16le(&c);
	method = cursor_u16le(&c);
	cursor_skip(&c, 4);
	crc = cursor_u32le(&c);
	packed = cursor_u32le(&c);
	plain = cursor_u32le(&c);
	name_len = cursor_u16le(&c);
	extra_len = cursor_u16le(&c);
	name = cursor_span(&c, name_len);
	cursor_skip(&c, extra_len);
	m->data = cursor_span(&c, packed_bytes);
	m->from = offset;
	m->to = parts.len - cursor_left(&c);
	later = (local_flags & FLAG_SIZES_LATER) != 0;
	if (cursor_failed(&c) || mark != LOCAL_MARK || method != m->method ||
	        !span_equal(name, m->name) || ((local_flags ^ flags) & FLAG_LOCKED) != 0)
		return STATUS_MALFORMED;
	if (!later && (crc != m->crc || packed != packed_bytes || plain != m->plain_bytes))
		return STATUS_MALFORMED;
	return STATUS_OK;
}

static int read_entry(
        struct cursor *c, struct span parts, struct zip_member *m, const char **ret_reason)
{
	uint32_t mark = cursor_u32le(c), packed_bytes, offset;
	size_t name_len, extra_len, comment_len;
	uint16_t flags;

	cursor_skip(c, 4);
	flags = cursor_u16le(c);
	m->method = cursor_u16le(c);
	cursor_skip(c, 4);
	m->crc = cursor_u32le(c);
	packed_bytes = cursor_u32le(c);
	m->plain_bytes = cursor_u32le(c);
	name_len = cursor_u16le(c);
	extra_len = cursor_u16le(c);
	comment_len = cursor_u16le(c);
	cursor_skip(c, 8);
	offset = cursor_u32le(c);
	m->name = cursor_span(c, name_len);
	cursor_skip(c, extra_len + comment_len);
	if (cursor_failed(c) || mark != DIRECTORY_MARK || m->name.len == 0)
		return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
	if ((flags & FLAG_LOCKED) != 0)
		return refuse(ret_reason, STATUS_ENCRYPTED, reason_locked);
	if ((m->method != METHOD_STORED && m->method != METHOD_DEFLATE) ||
	        packed_bytes == UINT32_MAX || m->plain_bytes == UINT32_MAX || offset == UINT32_MAX)
		return refuse(ret_reason, STATUS_UNSUPPORTED, reason_form);
	if (m->method == METHOD_STORED && packed_bytes != m->plain_bytes)
		return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
	if (read_local(parts, offset, flags, packed_bytes, m) != STATUS_OK)
		return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
	return STATUS_OK;
}

static bool overlap(const struct zip_member *a, const struct zip_member *b)
{
	return a->from < b->to && b->from < a->to;
}

static bool same_name(struct span a, struct span b)
{
	return a.len == b.len &&
	       strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

static bool clashes(const struct zip_file *z, const struct zip_member *m)
{
	for (size_t i = 0; i < z->count; i++)
		if (same_name(z->members[i].name, m->name) || overlap(&z->members[i], m))
			return true;
	return false;
}

int zip_file_open(struct zip_file *z, struct span bytes, const char **ret_reason)
{
	struct directory d;
	struct cursor c;
	int status = read_end(bytes, &d, ret_reason);

	z->count = 0;
	if (status != STATUS_OK)
		return status;
	c = cursor_open(span_slice(bytes, d.offset, d.bytes));
	for (size_t i = 0; i < d.members; i++) {
		struct zip_member *m = &z->members[z->count];

		status = read_entry(&c, span_slice(bytes, 0, d.offset), m, ret_reason);
		if (status != STATUS_OK)
			return status;
		if (clashes(z, m))
			return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
		z->count++;
	}
	if (cursor_left(&c) > 0)
		return refuse(ret_reason, STATUS_MALFORMED, reason_damaged);
	return STATUS_OK;
}

size_t zip_file_find(const struct zip_file *z, struct span name)
{
	for (size_t i = 0; i < z->count; i++)
		if (same_name(z->members[i].name, name))
			return i;
	return SIZE_MAX;
}

/* Unpacks into ret; STATUS_MALFORMED when the stream is none, or has not the length it should. */
static int unpack(z_stream *z, const struct zip_member *m, struct buf *ret)
{
	uint8_t piece[PIECE_BYTES];
	int answer = Z_OK, status = STATUS_OK;

	z->next_in = m->data.data;
	z->avail_in = (uInt)m->data.len;
	while (answer == Z_OK && status == STATUS_OK) {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		answer = inflate(z, Z_NO_FLUSH);
		if (answer == Z_MEM_ERROR)
			return STATUS_NO_MEMORY;
		if (ret->len + (sizeof(piece) - z->avail_out) > m->plain_bytes)
			return STATUS_MALFORMED;
		status = buf_append(ret, span_of(piece, sizeof(piece) - z->avail_out));
	}
	if (status != STATUS_OK)
		return status;
	return answer == Z_STREAM_END && z->avail_in == 0 && ret->len == m->plain_bytes
	               ? STATUS_OK
	               : STATUS_MALFORMED;
}

static int read_plain(const struct zip_member *m, struct buf *ret)
{
	z_stream z = {.next_in = NULL};
	int status;

	if (m->method == METHOD_STORED)
		return buf_append(ret, m->data);
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return STATUS_NO_MEMORY;
	status = unpack(&z, m, ret);
	inflateEnd(&z);
	return status;
}

int zip_file_read(const struct zip_file *z, size_t index, struct buf *ret, const char **ret_reason)
{
	const struct zip_member *m = &z->members[index];
	int status;

	if (m->plain_bytes > ZIP_FILE_RATIO_FROM_BYTES &&
	        m->plain_bytes / ZIP_FILE_RATIO_MAX > m->data.len)
		return refuse(ret_reason, STATUS_LIMIT, reason_bomb);
	if (m->plain_bytes > ZIP_FILE_PART_BYTES_MAX)
		return refuse(ret_reason, STATUS_LIMIT, reason_large);
	status = read_plain(m, ret);
	if (status == STATUS_OK && crc32(crc32(0, NULL, 0), ret->data, (uInt)ret->len) != m->crc)
		status = STATUS_MALFORMED;
	if (status != STATUS_OK)
		buf_clear(ret);
	if (status == STATUS_LIMIT)
		return refuse(ret_reason, STATUS_LIMIT, reason_bomb);
	return status == STATUS_MALFORMED ? refuse(ret_reason, status, reason_damaged) : status;
}
