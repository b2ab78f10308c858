#include "capture_builder.h"

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"

#define CAPTURE_BYTES_MAX (64u << 20)

void build_start(struct builder *b, bool big_endian)
{
	buf_init(&b->bytes, CAPTURE_BYTES_MAX, NULL);
	b->big_endian = big_endian;
}

void build_free(struct builder *b)
{
	buf_free(&b->bytes);
}

void build_bytes(struct builder *b, const void *data, size_t len)
{
	assert_int_equal(buf_append(&b->bytes, span_of(data, len)), STATUS_OK);
}

void build_zeros(struct builder *b, size_t len)
{
	while (len-- > 0)
		assert_int_equal(buf_append_byte(&b->bytes, 0), STATUS_OK);
}

void build_u16(struct builder *b, uint16_t value)
{
	value = b->big_endian ? htobe16(value) : htole16(value);
	build_bytes(b, &value, sizeof(value));
}

void build_u32(struct builder *b, uint32_t value)
{
	value = b->big_endian ? htobe32(value) : htole32(value);
	build_bytes(b, &value, sizeof(value));
}

void build_u64(struct builder *b, uint64_t value)
{
	value = b->big_endian ? htobe64(value) : htole64(value);
	build_bytes(b, &value, sizeof(value));
}

/* Bytes that differ by their place, so that a shifted read shows. */
static void build_content(struct builder *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(buf_append_byte(&b->bytes, (uint8_t)(i * 7 + len)), STATUS_OK);
}

void build_pcap_header(struct builder *b, uint32_t magic, uint32_t version, uint32_t link_type)
{
	build_u32(b, magic);
	build_u16(b, (uint16_t)(version >> 16));
	build_u16(b, (uint16_t)version);
	build_u64(b, 0);
	build_u32(b, 100);
	build_u32(b, link_type);
}

void build_pcap_frame(struct builder *b, uint32_t seconds, uint32_t fraction, size_t len)
{
	build_u32(b, seconds);
	build_u32(b, fraction);
	build_u32(b, (uint32_t)len);
	build_u32(b, (uint32_t)len);
	build_content(b, len);
}

size_t build_block_open(struct builder *b, uint32_t type)
{
	size_t opened = b->bytes.len;

	build_u32(b, type);
	build_u32(b, 0);
	return opened;
}

static void build_padding(struct builder *b, size_t len)
{
	build_zeros(b, (4 - len % 4) % 4);
}

void build_block_close(struct builder *b, size_t opened)
{
	size_t end;
	uint32_t value;

	build_padding(b, b->bytes.len - opened);
	end = b->bytes.len + 4 - opened;
	build_u32(b, (uint32_t)end);
	memcpy(&value, b->bytes.data + b->bytes.len - 4, sizeof(value));
	memcpy(b->bytes.data + opened + 4, &value, sizeof(value));
}

void build_option(struct builder *b, uint16_t code, const void *value, size_t len)
{
	build_u16(b, code);
	build_u16(b, (uint16_t)len);
	build_bytes(b, value, len);
	build_padding(b, len);
}

void build_section(struct builder *b)
{
	size_t opened = build_block_open(b, 0x0a0d0d0a);

	build_u32(b, 0x1a2b3c4d);
	build_u16(b, 1);
	build_u16(b, 0);
	build_u64(b, UINT64_MAX);
	build_option(b, 4, "test", 4);
	build_option(b, 0, "", 0);
	build_block_close(b, opened);
}

void build_interface(struct builder *b, uint16_t link_type, uint32_t snap_bytes, int resolution)
{
	size_t opened = build_block_open(b, 1);
	uint8_t value = (uint8_t)resolution;

	build_u16(b, link_type);
	build_u16(b, 0);
	build_u32(b, snap_bytes);
	if (resolution >= 0)
		build_option(b, 9, &value, 1);
	build_block_close(b, opened);
}

size_t build_packet_open(struct builder *b, uint32_t interface, uint64_t units, size_t len)
{
	size_t opened = build_block_open(b, 6);

	build_u32(b, interface);
	build_u32(b, (uint32_t)(units >> 32));
	build_u32(b, (uint32_t)units);
	build_u32(b, (uint32_t)len);
	build_u32(b, (uint32_t)len);
	build_content(b, len);
	build_padding(b, len);
	return opened;
}

void build_packet(struct builder *b, uint32_t interface, uint64_t units, size_t len)
{
	build_block_close(b, build_packet_open(b, interface, units, len));
}

int build_file(struct span bytes)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

int build_pipe(struct span bytes, size_t step)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(ends[0]);
		for (size_t i = 0; i < bytes.len; i += step) {
			struct span part = span_slice(bytes, i, step);

			if (write(ends[1], part.data, part.len) != (ssize_t)part.len)
				break;
		}
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

static void copy_text(char ret[static BUILT_NAME_CHARS], const char *text)
{
	snprintf(ret, BUILT_NAME_CHARS, "%s", text ? text : "");
}

static void note_frame(struct built_result *ret, const struct frame *f)
{
	struct built_frame *to = &ret->frames[ret->count++];

	memset(to, 0, sizeof(*to));
	to->time_ns = f->time_ns;
	to->number = f->number;
	to->input = f->input;
	to->interface = f->interface;
	to->link_type = f->link_type;
	to->length_bytes = f->length_bytes;
	to->len = f->bytes.len;
	for (size_t i = 0; i < f->bytes.len; i++)
		to->sum = to->sum * 31 + f->bytes.data[i];
	to->pid = f->process.pid;
	copy_text(to->name, f->process.name);
	copy_text(to->path, f->process.path);
	copy_text(to->command, f->process.command);
}

void build_read(int fd_taken, struct built_result *ret)
{
	struct source *source;
	struct frame frame;

	ret->count = 0;
	assert_int_equal(source_open_files(&source, &fd_taken, 1, NULL), STATUS_OK);
	while (!source_ended(source)) {
		int status = source_next(source, 0, &frame);

		assert_true(status == STATUS_ITEM || status == 0);
		if (status == STATUS_ITEM && ret->count < BUILT_FRAMES_MAX)
			note_frame(ret, &frame);
	}
	assert_int_equal(source_counts(source, 0, &ret->counts), STATUS_OK);
	source_free(source);
}

void build_read_bytes(struct span bytes, struct built_result *ret)
{
	build_read(build_file(bytes), ret);
}

bool build_same_frame(const struct built_frame *a, const struct built_frame *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void check_cut(struct span bytes, size_t at, const struct built_result *whole)
{
	struct built_result cut;

	build_read_bytes(span_slice(bytes, 0, at), &cut);
	assert_true(cut.count <= whole->count);
	for (size_t i = 0; i < cut.count; i++)
		assert_true(build_same_frame(&cut.frames[i], &whole->frames[i]));
	assert_int_equal(cut.counts.frames, cut.count);
	assert_true(cut.counts.end != STATUS_OK && cut.counts.end > 0);
	if (cut.counts.end == STATUS_END)
		assert_null(cut.counts.end_reason);
	else
		assert_non_null(cut.counts.end_reason);
	/* Offsets are those of the unpacked file. */
	if (!strstr(whole->counts.format, " in "))
		assert_true(cut.counts.end == STATUS_END ? cut.counts.end_at_bytes == at
		                                         : cut.counts.end_at_bytes <= at);
	assert_int_equal(cut.counts.end_after_frame, cut.count);
}

void build_check(struct span bytes, struct built_result *ret)
{
	struct built_result slow;

	build_read_bytes(bytes, ret);
	build_read(build_pipe(bytes, 1), &slow);
	while (wait(NULL) > 0)
		;
	assert_int_equal(slow.count, ret->count);
	for (size_t i = 0; i < slow.count; i++)
		assert_true(build_same_frame(&slow.frames[i], &ret->frames[i]));
	assert_int_equal(slow.counts.end, ret->counts.end);
	assert_int_equal(slow.counts.end_at_bytes, ret->counts.end_at_bytes);
	assert_string_equal(slow.counts.sha256, ret->counts.sha256);
	for (size_t at = 0; at < bytes.len; at++)
		check_cut(bytes, at, ret);
}
