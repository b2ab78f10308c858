#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/status.h"
#include "registry/zip_file.h"

#define ARCHIVE_BYTES_MAX (1u << 20)

struct stored {
	const char *name;
	struct span packed;
	uint16_t method, flags;
	uint32_t crc, plain_bytes, offset;
	uint16_t extra_bytes; /* of the local header, as Excel pads it */
};

static void le(struct buf *b, uint32_t value, unsigned bytes)
{
	for (; bytes > 0; bytes--, value >>= 8)
		assert_int_equal(buf_append_byte(b, (uint8_t)value), 0);
}

static void add_local(struct buf *b, struct stored *m)
{
	bool later = (m->flags & 8) != 0;

	m->offset = (uint32_t)b->len;
	le(b, 0x04034b50, 4);
	le(b, 20, 2);
	le(b, m->flags, 2);
	le(b, m->method, 2);
	le(b, 0, 4);
	le(b, later ? 0 : m->crc, 4);
	le(b, later ? 0 : (uint32_t)m->packed.len, 4);
	le(b, later ? 0 : m->plain_bytes, 4);
	le(b, (uint32_t)strlen(m->name), 2);
	le(b, m->extra_bytes, 2);
	assert_int_equal(buf_append_text(b, m->name), 0);
	for (unsigned i = 0; i < m->extra_bytes; i++)
		le(b, 0, 1);
	assert_int_equal(buf_append(b, m->packed), 0);
	if (later) {
		le(b, 0x08074b50, 4);
		le(b, m->crc, 4);
		le(b, (uint32_t)m->packed.len, 4);
		le(b, m->plain_bytes, 4);
	}
}

static void add_entry(struct buf *b, const struct stored *m)
{
	le(b, 0x02014b50, 4);
	le(b, 20, 2);
	le(b, 20, 2);
	le(b, m->flags, 2);
	le(b, m->method, 2);
	le(b, 0, 4);
	le(b, m->crc, 4);
	le(b, (uint32_t)m->packed.len, 4);
	le(b, m->plain_bytes, 4);
	le(b, (uint32_t)strlen(m->name), 2);
	le(b, 0, 12);
	le(b, m->offset, 4);
	assert_int_equal(buf_append_text(b, m->name), 0);
}

static void add_end(struct buf *b, size_t directory, size_t count, const char *comment)
{
	size_t end = b->len;

	le(b, 0x06054b50, 4);
	le(b, 0, 4);
	le(b, (uint32_t)count, 2);
	le(b, (uint32_t)count, 2);
	le(b, (uint32_t)(end - directory), 4);
	le(b, (uint32_t)directory, 4);
	le(b, (uint32_t)strlen(comment), 2);
	assert_int_equal(buf_append_text(b, comment), 0);
}

static void build(struct buf *b, struct stored *members, size_t count, const char *comment)
{
	size_t directory;

	buf_init(b, ARCHIVE_BYTES_MAX, NULL);
	for (size_t i = 0; i < count; i++)
		add_local(b, &members[i]);
	directory = b->len;
	for (size_t i = 0; i < count; i++)
		add_entry(b, &members[i]);
	add_end(b, directory, count, comment);
}

static struct stored stored(const char *name, const char *text)
{
	return (struct stored){.name = name,
	        .packed = span_of_text(text),
	        .crc = (uint32_t)crc32(0, (const uint8_t *)text, (uInt)strlen(text)),
	        .plain_bytes = (uint32_t)strlen(text)};
}

/* Packs len times the same byte; the caller frees the data. */
static struct stored deflated(const char *name, size_t len, uint8_t byte)
{
	size_t size = len / 500 + 1024;
	uint8_t *plain = malloc(len), *packed = malloc(size);
	struct stored m = {.name = name, .method = 8, .plain_bytes = (uint32_t)len};
	z_stream z = {.next_in = NULL};

	assert_non_null(plain);
	assert_non_null(packed);
	memset(plain, byte, len);
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = plain;
	z.avail_in = (uInt)len;
	z.next_out = packed;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	m.packed = span_of(packed, size - z.avail_out);
	m.crc = (uint32_t)crc32(0, plain, (uInt)len);
	deflateEnd(&z);
	free(plain);
	return m;
}

static int open_status(const struct buf *b, struct zip_file *z)
{
	const char *reason = NULL;
	int status = zip_file_open(z, buf_span(b), &reason);

	assert_true(status >= 0);
	assert_true(status == 0 || (reason && strlen(reason) > 20));
	return status;
}

static int read_status(const struct zip_file *z, size_t index, struct buf *ret)
{
	const char *reason = NULL;
	int status;

	buf_init(ret, ZIP_FILE_PART_BYTES_MAX, NULL);
	status = zip_file_read(z, index, ret, &reason);
	assert_true(status >= 0);
	assert_true(status == 0 || (reason && ret->len == 0));
	return status;
}

static void members_are_read(void **state)
{
	struct stored members[] = {stored("a.xml", "first"), deflated("dir/B.xml", 5000, 'x'),
	        stored("later", "sizes after"), stored("empty", "")};
	struct zip_file z;
	struct buf b, text;

	(void)state;
	members[0].extra_bytes = 300;
	members[2].flags = 8;
	build(&b, members, 4, "a comment");
	assert_int_equal(open_status(&b, &z), 0);
	assert_int_equal(z.count, 4);
	assert_int_equal(zip_file_find(&z, span_of_text("DIR/b.XML")), 1);
	assert_true(zip_file_find(&z, span_of_text("absent")) == SIZE_MAX);
	assert_int_equal(read_status(&z, 0, &text), 0);
	assert_true(span_equal_text(buf_span(&text), "first"));
	buf_free(&text);
	assert_int_equal(read_status(&z, 1, &text), 0);
	assert_int_equal(text.len, 5000);
	buf_free(&text);
	assert_int_equal(read_status(&z, 2, &text), 0);
	assert_true(span_equal_text(buf_span(&text), "sizes after"));
	buf_free(&text);
	assert_int_equal(read_status(&z, 3, &text), 0);
	assert_int_equal(text.len, 0);
	buf_free(&text);
	buf_free(&b);
	free((void *)(uintptr_t)members[1].packed.data);
}

static void every_cut_is_damage(void **state)
{
	struct stored members[] = {stored("a", "first"), stored("b", "second")};
	struct zip_file z;
	struct buf b;

	(void)state;
	build(&b, members, 2, "");
	for (size_t len = b.len; len-- > 0;) {
		b.len = len;
		assert_int_equal(open_status(&b, &z), STATUS_MALFORMED);
	}
	buf_free(&b);
}

/* Builds with one member changed after its local header was written, so that the directory lies. */
static int lied(void (*lie)(struct stored *), bool in_local_too)
{
	struct stored members[] = {stored("a", "first"), stored("b", "second")};
	struct zip_file z;
	struct buf b, text;
	size_t directory;
	int status;

	buf_init(&b, ARCHIVE_BYTES_MAX, NULL);
	if (in_local_too)
		lie(&members[1]);
	add_local(&b, &members[0]);
	add_local(&b, &members[1]);
	if (!in_local_too)
		lie(&members[1]);
	directory = b.len;
	add_entry(&b, &members[0]);
	add_entry(&b, &members[1]);
	add_end(&b, directory, 2, "");
	status = open_status(&b, &z);
	if (status == STATUS_OK) {
		status = read_status(&z, 1, &text);
		buf_free(&text);
	}
	buf_free(&b);
	return status;
}

static void lie_crc(struct stored *m)
{
	m->crc ^= 1;
}
static void lie_size(struct stored *m)
{
	m->plain_bytes++;
}
static void lie_name(struct stored *m)
{
	m->name = "c";
}
static void lie_twice(struct stored *m)
{
	m->name = "A";
}
static void lie_overlap(struct stored *m)
{
	m->name = "a";
	m->offset = 0;
	m->packed = span_of_text("first");
	m->crc = (uint32_t)crc32(0, m->packed.data, 5);
	m->plain_bytes = 5;
}
static void lie_offset(struct stored *m)
{
	m->offset = 0x7fffffff;
}
static void lie_locked(struct stored *m)
{
	m->flags = 1;
}
static void lie_method(struct stored *m)
{
	m->method = 12;
}
static void lie_zip64(struct stored *m)
{
	m->plain_bytes = UINT32_MAX;
}
static void lie_deflated(struct stored *m)
{
	m->method = 8;
}

static void lies_are_named(void **state)
{
	(void)state;
	assert_int_equal(lied(lie_crc, false), STATUS_MALFORMED);
	assert_int_equal(lied(lie_crc, true), STATUS_MALFORMED);
	assert_int_equal(lied(lie_size, false), STATUS_MALFORMED);
	assert_int_equal(lied(lie_size, true), STATUS_MALFORMED);
	assert_int_equal(lied(lie_name, false), STATUS_MALFORMED);
	assert_int_equal(lied(lie_name, true), STATUS_OK);
	assert_int_equal(lied(lie_twice, true), STATUS_MALFORMED);
	assert_int_equal(lied(lie_overlap, false), STATUS_MALFORMED);
	assert_int_equal(lied(lie_offset, false), STATUS_MALFORMED);
	assert_int_equal(lied(lie_locked, true), STATUS_ENCRYPTED);
	assert_int_equal(lied(lie_method, true), STATUS_UNSUPPORTED);
	assert_int_equal(lied(lie_zip64, true), STATUS_UNSUPPORTED);
	assert_int_equal(lied(lie_deflated, true), STATUS_MALFORMED);
}

static int bomb_status(size_t len)
{
	struct stored member = deflated("bomb", len, 'x');
	struct zip_file z;
	struct buf b, text;
	int status;

	build(&b, &member, 1, "");
	assert_int_equal(open_status(&b, &z), 0);
	status = read_status(&z, 0, &text);
	assert_true(status != 0 || text.len == len);
	buf_free(&text);
	buf_free(&b);
	free((void *)(uintptr_t)member.packed.data);
	return status;
}

static void bombs_are_limits(void **state)
{
	(void)state;
	assert_int_equal(bomb_status(ZIP_FILE_RATIO_FROM_BYTES), STATUS_OK);
	assert_int_equal(bomb_status(ZIP_FILE_RATIO_FROM_BYTES + ZIP_FILE_RATIO_MAX), STATUS_LIMIT);
	assert_int_equal(bomb_status(64u << 20), STATUS_LIMIT);
}

/* A member that says it is small and is not ends where it said. */
static void a_hidden_bomb_is_damage(void **state)
{
	struct stored member = deflated("bomb", 4u << 20, 'x');
	struct zip_file z;
	struct buf b, text;

	(void)state;
	member.plain_bytes = 1000;
	build(&b, &member, 1, "");
	assert_int_equal(open_status(&b, &z), 0);
	assert_int_equal(read_status(&z, 0, &text), STATUS_MALFORMED);
	buf_free(&text);
	buf_free(&b);
	free((void *)(uintptr_t)member.packed.data);
}

static void many_members_are_a_limit(void **state)
{
	static struct stored members[1000];
	static char names[1000][8];

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "m%zu", i);
		members[i] = stored(names[i], "");
	}
	for (size_t count = 256; count <= 1000; count = count == 256 ? 257 : count + 743) {
		struct zip_file z;
		struct buf b;

		build(&b, members, count, "");
		assert_int_equal(open_status(&b, &z),
		        count > ZIP_FILE_MEMBERS_MAX ? STATUS_LIMIT : STATUS_OK);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(members_are_read),
	        cmocka_unit_test(every_cut_is_damage),
	        cmocka_unit_test(lies_are_named),
	        cmocka_unit_test(bombs_are_limits),
	        cmocka_unit_test(a_hidden_bomb_is_damage),
	        cmocka_unit_test(many_members_are_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
