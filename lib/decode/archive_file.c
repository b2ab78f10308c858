#include "decode/archive_file.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

#include "base/status.h"
#include "decode/decode.h"

struct reading {
	struct archive *archive;
	struct unpack_sink *sink;
	uint64_t read_bytes, locked_bytes; /* of members, unpacked, as far as they say */
	unsigned members;
	bool locked; /* a member, or the list of them */
	uint64_t document_bytes;
};

/* A single packed file has the form "raw" and no list of members; its filter says the rest. */
static int support(struct archive *a, enum unpack_format format)
{
	switch (format) {
	case UNPACK_7Z:
		return archive_read_support_format_7zip(a);
	case UNPACK_RAR:
		if (archive_read_support_format_rar(a) < ARCHIVE_WARN)
			return ARCHIVE_FATAL;
		return archive_read_support_format_rar5(a);
	case UNPACK_CAB:
		return archive_read_support_format_cab(a);
	case UNPACK_XZ:
		if (archive_read_support_filter_xz(a) < ARCHIVE_WARN)
			return ARCHIVE_FATAL;
		break;
	case UNPACK_BZIP2:
		if (archive_read_support_filter_bzip2(a) < ARCHIVE_WARN)
			return ARCHIVE_FATAL;
		break;
	case UNPACK_LZIP:
		if (archive_read_support_filter_lzip(a) < ARCHIVE_WARN)
			return ARCHIVE_FATAL;
		break;
	default:
		return ARCHIVE_FATAL;
	}
	return archive_read_support_format_raw(a);
}

static void put_name(struct reading *r, struct archive_entry *entry, bool locked)
{
	const char *name = archive_entry_pathname_utf8(entry);

	if (!name)
		name = archive_entry_pathname(entry);
	unpack_put(r->sink, UNPACK_MEMBER, locked ? UNPACK_LOCKED : 0, 0,
	        span_slice(span_of_text(name ? name : ""), 0, DECODE_VALUE_BYTES_MAX));
}

/* STREAM_COMPLETE, or why it is not whole. */
static enum stream_end read_member(struct reading *r)
{
	const void *bytes;
	size_t len;
	la_int64_t offset;
	int status;

	for (;;) {
		status = archive_read_data_block(r->archive, &bytes, &len, &offset);
		if (status == ARCHIVE_EOF)
			return STREAM_COMPLETE;
		if (status == ARCHIVE_RETRY)
			continue;
		if (status < ARCHIVE_WARN)
			return archive_read_has_encrypted_entries(r->archive) > 0
			               ? STREAM_ENCRYPTED
			               : STREAM_MALFORMED;
		r->read_bytes += len;
		unpack_put_all(r->sink, UNPACK_BYTES, 0, span_of(bytes, len));
		if (r->sink->status != STATUS_OK)
			return STREAM_LIMIT;
	}
}

static enum stream_end read_entry(struct reading *r, struct archive_entry *entry)
{
	bool locked = archive_entry_is_encrypted(entry) != 0;
	enum stream_end end = STREAM_COMPLETE;

	if (archive_entry_filetype(entry) == AE_IFDIR)
		return STREAM_COMPLETE;
	if (++r->members > ARCHIVE_MEMBERS_MAX)
		return STREAM_LIMIT;
	put_name(r, entry, locked);
	if (locked) {
		r->locked = true;
		if (archive_entry_size_is_set(entry) && archive_entry_size(entry) > 0)
			r->locked_bytes += (uint64_t)archive_entry_size(entry);
		return STREAM_COMPLETE;
	}
	end = read_member(r);
	unpack_put(r->sink, UNPACK_MEMBER_END, end, 0, span_of(NULL, 0));
	return end;
}

/* To its end, or to why there is no going on. */
static enum stream_end read_members(struct reading *r)
{
	struct archive_entry *entry;
	enum stream_end end = STREAM_COMPLETE;

	while (end == STREAM_COMPLETE || end == STREAM_ENCRYPTED) {
		int status = archive_read_next_header(r->archive, &entry);

		if (status == ARCHIVE_EOF)
			return end;
		if (status == ARCHIVE_RETRY)
			continue;
		if (status < ARCHIVE_WARN)
			return archive_read_has_encrypted_entries(r->archive) > 0
			               ? STREAM_ENCRYPTED
			               : STREAM_MALFORMED;
		end = read_entry(r, entry);
	}
	return end;
}

/* What was looked into, of the whole: by the unpacked bytes, where there are any; of a single
 * packed file by how far it reaches. */
static uint32_t looked_into(const struct reading *r, enum stream_end end)
{
	uint64_t all = r->read_bytes + r->locked_bytes;
	la_int64_t taken = archive_filter_bytes(r->archive, -1);

	if (end == STREAM_COMPLETE && archive_format(r->archive) == ARCHIVE_FORMAT_RAW &&
	        taken >= 0 && (uint64_t)taken < r->document_bytes)
		return (uint32_t)((uint64_t)taken * UNPACK_WHOLE / r->document_bytes);
	if (all == 0)
		return end == STREAM_COMPLETE && !r->locked ? UNPACK_WHOLE : 0;
	if (end != STREAM_COMPLETE && end != STREAM_ENCRYPTED)
		return 0; /* nobody knows how much there is */
	return (uint32_t)(r->read_bytes * UNPACK_WHOLE / all);
}

void archive_file_read(struct span document, enum unpack_format format, struct unpack_sink *sink)
{
	struct reading r = {
	        .archive = archive_read_new(), .sink = sink, .document_bytes = document.len};
	enum stream_end end = STREAM_UNKNOWN;

	/* Names of 7z and of CAB are turned into UTF-8 by the locale; this one needs no file. */
	setlocale(LC_CTYPE, "C.UTF-8");
	if (r.archive && support(r.archive, format) >= ARCHIVE_WARN) {
		end = STREAM_MALFORMED;
		if (archive_read_open_memory(r.archive, document.data, document.len) >=
		        ARCHIVE_WARN)
			end = read_members(&r);
	}
	if (end == STREAM_ENCRYPTED && r.members > 0)
		end = STREAM_COMPLETE; /* each of its members says so */
	unpack_put(sink, UNPACK_END, end, looked_into(&r, end), span_of(NULL, 0));
	archive_read_free(r.archive);
}
