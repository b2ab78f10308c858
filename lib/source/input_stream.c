#include "source/input_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd_errors.h>

#include "base/status.h"
#include "base/wipe.h"

#define MAGIC_BYTES 4

int input_stream_open(struct input_stream *in, int fd_taken, size_t window_bytes)
{
	int status;

	*in = (struct input_stream){.fd = fd_taken, .window_bytes = window_bytes};
	status = digest_new(&in->digest);
	if (status != STATUS_OK)
		return status;
	in->raw = malloc(INPUT_STREAM_RAW_BYTES);
	in->window = malloc(window_bytes);
	if (!in->raw || !in->window)
		return STATUS_NO_MEMORY;
	in->capacity = window_bytes;
	return STATUS_OK;
}

void input_stream_without_hash(struct input_stream *in)
{
	in->digest = digest_free(in->digest);
}

void input_stream_close(struct input_stream *in)
{
	if (in->inflating)
		(void)inflateEnd(&in->inflate_state);
	ZSTD_freeDCtx(in->zstd_state);
	in->digest = digest_free(in->digest);
	wipe_free(in->raw);
	wipe_free(in->window);
	if (in->fd >= 0)
		close(in->fd);
	*in = (struct input_stream){.fd = -1, .ended = STATUS_END};
}

static int end_stream(struct input_stream *in, int status, const char *reason)
{
	in->ended = status;
	in->end_reason = reason;
	return STATUS_END;
}

static int read_failed(struct input_stream *in, int error)
{
	bool begun = in->coding != INPUT_CODING_UNKNOWN;

	switch (error) {
	case EISDIR:
		return end_stream(
		        in, STATUS_UNSUPPORTED, "this is a folder; name the capture files in it");
	case EBADF:
		return end_stream(
		        in, STATUS_UNSUPPORTED, "the file could not be opened for reading");
	default:
		return end_stream(in, begun ? STATUS_TRUNCATED : STATUS_UNSUPPORTED,
		        "the machine could not read the file; copy it from its medium again");
	}
}

/* Reads stored bytes once. STATUS_OK with at least one byte, or with none and raw_ended set. */
static int read_stored(struct input_stream *in, uint8_t *to, size_t room, size_t *ret_len)
{
	struct pollfd ready = {.fd = in->fd, .events = POLLIN};
	ssize_t got = read(in->fd, to, room);

	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		if (poll(&ready, 1, -1) < 0)
			return STATUS_MORE;
		got = read(in->fd, to, room);
	}
	if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
		return STATUS_MORE;
	if (got < 0)
		return read_failed(in, errno);
	if (got == 0)
		in->raw_ended = true;
	*ret_len = (size_t)got;
	in->stored_bytes += (size_t)got;
	return in->digest ? digest_update(in->digest, span_of(to, (size_t)got)) : STATUS_OK;
}

/* Makes stored bytes wait in raw, unless there are some. */
static int refill_raw(struct input_stream *in)
{
	size_t len = 0;
	int status;

	if (in->raw_start < in->raw_end || in->raw_ended)
		return STATUS_OK;
	in->raw_start = in->raw_end = 0;
	status = read_stored(in, in->raw, INPUT_STREAM_RAW_BYTES, &len);
	if (status == STATUS_OK)
		in->raw_end = len;
	return status;
}

static int start_zstd(struct input_stream *in)
{
	in->zstd_state = ZSTD_createDCtx();
	if (!in->zstd_state)
		return STATUS_NO_MEMORY;
	in->coding = INPUT_CODING_ZSTD;
	in->between_members = true;
	if (ZSTD_isError(ZSTD_DCtx_setParameter(
	            in->zstd_state, ZSTD_d_windowLogMax, INPUT_STREAM_ZSTD_WINDOW_LOG)))
		return STATUS_LIBRARY;
	return STATUS_OK;
}

static int start_gzip(struct input_stream *in)
{
	in->inflate_state.zalloc = wipe_zlib_alloc;
	in->inflate_state.zfree = wipe_zlib_free;
	if (inflateInit2(&in->inflate_state, 16 + MAX_WBITS) != Z_OK)
		return STATUS_NO_MEMORY;
	in->inflating = true;
	in->coding = INPUT_CODING_GZIP;
	return STATUS_OK;
}

static int start_plain(struct input_stream *in)
{
	memcpy(in->window, in->raw, in->raw_end);
	in->end = in->raw_end;
	wipe_free(in->raw);
	in->raw = NULL;
	in->raw_end = 0;
	in->coding = INPUT_CODING_NONE;
	return STATUS_OK;
}

/* Reads the first bytes and tells the compression from them. */
static int start(struct input_stream *in)
{
	static const uint8_t zstd_magic[MAGIC_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};
	size_t len;
	int status;

	while (in->raw_end < MAGIC_BYTES && !in->raw_ended) {
		status = read_stored(
		        in, in->raw + in->raw_end, INPUT_STREAM_RAW_BYTES - in->raw_end, &len);
		if (status != STATUS_OK)
			return status;
		in->raw_end += len;
	}
	if (in->raw_end >= 2 && in->raw[0] == 0x1f && in->raw[1] == 0x8b)
		return start_gzip(in);
	if (in->raw_end >= MAGIC_BYTES && memcmp(in->raw, zstd_magic, MAGIC_BYTES) == 0)
		return start_zstd(in);
	return start_plain(in);
}

static int more_plain(struct input_stream *in)
{
	size_t len = 0;
	int status = read_stored(in, in->window + in->end, in->capacity - in->end, &len);

	if (status != STATUS_OK)
		return status;
	in->end += len;
	return in->raw_ended ? end_stream(in, STATUS_END, NULL) : STATUS_OK;
}

/* After a gzip member: padding of zeros is passed over, another member goes on. STATUS_MORE here
 * means that raw is used up. */
static int next_member(struct input_stream *in)
{
	while (in->raw_start < in->raw_end && in->raw[in->raw_start] == 0)
		in->raw_start++;
	if (in->raw_start == in->raw_end)
		return STATUS_MORE;
	if (in->raw[in->raw_start] != 0x1f)
		return end_stream(
		        in, STATUS_MALFORMED, "other bytes follow the end of the gzip data");
	if (inflateReset(&in->inflate_state) != Z_OK)
		return STATUS_LIBRARY;
	in->between_members = false;
	return STATUS_OK;
}

static int inflate_some(struct input_stream *in)
{
	z_stream *z = &in->inflate_state;
	int result;

	z->next_in = in->raw + in->raw_start;
	z->avail_in = (uInt)(in->raw_end - in->raw_start);
	z->next_out = in->window + in->end;
	z->avail_out = (uInt)(in->capacity - in->end);
	result = inflate(z, Z_NO_FLUSH);
	in->raw_start = in->raw_end - z->avail_in;
	in->end = in->capacity - z->avail_out;
	if (result == Z_STREAM_END)
		in->between_members = true;
	else if (result == Z_MEM_ERROR)
		return STATUS_NO_MEMORY;
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return end_stream(in, STATUS_MALFORMED, "the gzip data is damaged");
	return STATUS_OK;
}

static int more_gzip(struct input_stream *in)
{
	int status = refill_raw(in);

	if (status != STATUS_OK)
		return status;
	if (in->raw_start == in->raw_end) {
		if (in->between_members)
			return end_stream(in, STATUS_END, NULL);
		return end_stream(in, STATUS_TRUNCATED, "the gzip data ends too early");
	}
	if (in->between_members) {
		status = next_member(in);
		if (status != STATUS_OK)
			return status == STATUS_MORE ? STATUS_OK : status;
	}
	return inflate_some(in);
}

static int zstd_failed(struct input_stream *in, size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_memory_allocation:
		return STATUS_NO_MEMORY;
	case ZSTD_error_frameParameter_windowTooLarge:
		return end_stream(in, STATUS_LIMIT,
		        "the zstd data needs a window over 8 MiB; unpack the file first");
	default:
		return end_stream(in, STATUS_MALFORMED, "the zstd data is damaged");
	}
}

static int more_zstd(struct input_stream *in)
{
	ZSTD_outBuffer out = {in->window, in->capacity, in->end};
	ZSTD_inBuffer raw;
	size_t result;
	int status = refill_raw(in);

	if (status != STATUS_OK)
		return status;
	raw = (ZSTD_inBuffer){in->raw, in->raw_end, in->raw_start};
	if (in->raw_start == in->raw_end && in->between_members)
		return end_stream(in, STATUS_END, NULL);
	result = ZSTD_decompressStream(in->zstd_state, &out, &raw);
	if (ZSTD_isError(result))
		return zstd_failed(in, result);
	/* Without input, output that the decompressor still held may have come. */
	if (in->raw_start == in->raw_end && out.pos == in->end)
		return end_stream(in, STATUS_TRUNCATED, "the zstd data ends too early");
	in->between_members = result == 0;
	in->raw_start = raw.pos;
	in->end = out.pos;
	return STATUS_OK;
}

static int more(struct input_stream *in)
{
	switch (in->coding) {
	case INPUT_CODING_NONE:
		return more_plain(in);
	case INPUT_CODING_GZIP:
		return more_gzip(in);
	case INPUT_CODING_ZSTD:
		return more_zstd(in);
	case INPUT_CODING_UNKNOWN:
		return start(in);
	}
	return STATUS_BUG;
}

/* Moves the content to the front of a window of at least need bytes; a window that a large record
 * had stretched goes back to its size. */
static int make_room(struct input_stream *in, size_t need)
{
	size_t len = in->end - in->start;
	size_t capacity = need > in->window_bytes ? need : in->window_bytes;
	uint8_t *window;

	if (len > capacity)
		capacity = len;
	if (capacity > in->capacity || capacity < in->capacity / 2) {
		window = malloc(capacity);
		if (!window)
			return STATUS_NO_MEMORY;
		memcpy(window, in->window + in->start, len);
		wipe_free(in->window);
		in->window = window;
		in->capacity = capacity;
	} else if (in->start > 0) {
		memmove(in->window, in->window + in->start, len);
	}
	in->start = 0;
	in->end = len;
	return STATUS_OK;
}

static void skip(struct input_stream *in)
{
	size_t len = in->end - in->start;

	if (len > in->skip_bytes)
		len = (size_t)in->skip_bytes;
	in->start += len;
	in->offset_bytes += len;
	in->skip_bytes -= len;
}

int input_stream_fill(struct input_stream *in, size_t need)
{
	int status;

	for (;;) {
		skip(in);
		if (in->end - in->start >= need && in->skip_bytes == 0)
			return STATUS_OK;
		if (in->ended != STATUS_OK)
			return STATUS_END;
		status = make_room(in, need);
		if (status == STATUS_OK)
			status = more(in);
		if (status != STATUS_OK && status != STATUS_END)
			return status;
	}
}

void input_stream_consume(struct input_stream *in, uint64_t len)
{
	in->skip_bytes += len;
	skip(in);
}

int input_stream_finish(struct input_stream *in, bool drain, char ret[static DIGEST_HEX_CHARS])
{
	uint64_t left = INPUT_STREAM_DRAIN_BYTES_MAX;
	struct stat info;
	size_t len = 0;
	int status;
	int stopped = in->ended == STATUS_OK ? STATUS_OK : in->ended;
	const char *reason = in->end_reason;

	if (!in->digest || fstat(in->fd, &info) != 0)
		drain = false;
	else if (S_ISREG(info.st_mode))
		drain = true, left = UINT64_MAX;
	while (drain && !in->raw_ended && left > 0) {
		status = read_stored(in, in->window, in->capacity, &len);
		if (status < 0)
			return status;
		if (status != STATUS_OK && !(status == STATUS_MORE && left == UINT64_MAX))
			break;
		left -= left == UINT64_MAX || len > left ? 0 : len;
	}
	in->start = in->end = 0;
	in->ended = stopped == STATUS_OK ? STATUS_END : stopped;
	in->end_reason = reason;
	ret[0] = '\0';
	return in->digest ? digest_hex(in->digest, ret) : STATUS_OK;
}
