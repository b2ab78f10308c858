#include "decode/zip_header.h"

#include "base/status.h"

#define FLAG_ENCRYPTED        (1u << 0)
#define FLAG_DESCRIPTOR       (1u << 3)
#define FLAG_STRONG           (1u << 6)
#define FLAG_UTF8             (1u << 11)
#define FLAG_HIDDEN_DIRECTORY (1u << 13)
#define METHOD_AES            99
#define EXTRA_ZIP64           0x0001
#define SIZE_IN_ZIP64         UINT32_MAX

enum zip_record zip_record_of(uint32_t signature)
{
	switch (signature) {
	case 0x04034b50:
		return ZIP_LOCAL;
	case 0x08074b50:
		return ZIP_DESCRIPTOR; /* as the first record of a file: a split archive */
	case 0x30304b50:
		return ZIP_SPANNED;
	case 0x02014b50: /* central directory header */
	case 0x05054b50: /* its digital signature */
	case 0x06054b50: /* end of central directory */
	case 0x06064b50: /* the same, zip64 */
	case 0x07064b50: /* its locator */
	case 0x08064b50: /* archive extra data: an encrypted central directory follows */
		return ZIP_TAIL;
	default:
		return ZIP_OTHER;
	}
}

/* The sizes that did not fit the header stand in the extra field, plain first. */
static int read_zip64(struct cursor extra, struct zip_local *local)
{
	while (cursor_left(&extra) >= 4) {
		uint16_t id = cursor_u16le(&extra);
		uint16_t len = cursor_u16le(&extra);
		struct cursor data = cursor_sub(&extra, len);

		if (cursor_failed(&data))
			return STATUS_MALFORMED;
		if (id != EXTRA_ZIP64)
			continue;
		local->zip64 = true;
		if (local->plain_bytes == SIZE_IN_ZIP64)
			local->plain_bytes = cursor_u64le(&data);
		if (local->compressed_bytes == SIZE_IN_ZIP64)
			local->compressed_bytes = cursor_u64le(&data);
		return cursor_failed(&data) ? STATUS_MALFORMED : STATUS_OK;
	}
	return STATUS_OK;
}

int zip_local_read(struct span bytes, struct zip_local *ret, size_t *ret_needed)
{
	struct cursor c = cursor_open(bytes);
	struct zip_local local = {0};
	uint16_t flags, name_bytes, extra_bytes;
	int status;

	if (bytes.len < ZIP_LOCAL_BYTES) {
		*ret_needed = ZIP_LOCAL_BYTES;
		return STATUS_MORE;
	}
	if (zip_record_of(cursor_u32le(&c)) != ZIP_LOCAL)
		return STATUS_MALFORMED;
	cursor_skip(&c, 2); /* version needed */
	flags = cursor_u16le(&c);
	local.method = cursor_u16le(&c);
	cursor_skip(&c, 4); /* time and date */
	local.crc = cursor_u32le(&c);
	local.compressed_bytes = cursor_u32le(&c);
	local.plain_bytes = cursor_u32le(&c);
	name_bytes = cursor_u16le(&c);
	extra_bytes = cursor_u16le(&c);
	local.header_bytes = (size_t)ZIP_LOCAL_BYTES + name_bytes + extra_bytes;
	if (bytes.len < local.header_bytes) {
		*ret_needed = local.header_bytes;
		return STATUS_MORE;
	}
	local.name = cursor_span(&c, name_bytes);
	status = read_zip64(cursor_sub(&c, extra_bytes), &local);
	if (status != STATUS_OK)
		return status;
	local.encrypted = (flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_HIDDEN_DIRECTORY)) != 0 ||
	                  local.method == METHOD_AES;
	local.descriptor = (flags & FLAG_DESCRIPTOR) != 0;
	local.utf8 = (flags & FLAG_UTF8) != 0;
	/* With a descriptor the header's sizes are zero; some writers put the true ones anyway. */
	local.sizes_known = !local.descriptor || local.compressed_bytes > 0;
	*ret = local;
	return STATUS_OK;
}

static bool descriptor_says(struct cursor c, bool wide, uint64_t compressed, uint64_t plain)
{
	uint64_t said_compressed = wide ? cursor_u64le(&c) : cursor_u32le(&c);
	uint64_t said_plain = wide ? cursor_u64le(&c) : cursor_u32le(&c);

	if (!wide) {
		compressed &= UINT32_MAX;
		plain &= UINT32_MAX;
	}
	return !cursor_failed(&c) && said_compressed == compressed && said_plain == plain;
}

size_t zip_descriptor_length(struct span bytes, uint32_t crc, uint64_t compressed, uint64_t plain)
{
	struct cursor c = cursor_open(bytes);
	size_t len = 4;

	if (bytes.len >= 4 && zip_record_of(cursor_u32le(&c)) == ZIP_DESCRIPTOR)
		len += 4;
	else
		c = cursor_open(bytes);
	if (cursor_u32le(&c) != crc || cursor_failed(&c))
		return 0;
	if (descriptor_says(c, false, compressed, plain))
		return len + 8;
	return descriptor_says(c, true, compressed, plain) ? len + 16 : 0;
}
