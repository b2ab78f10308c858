#include "source/pcapng_writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "source/pcapng_option.h"
#include "source/source.h"

/* Block types and option codes, draft-ietf-opsawg-pcapng sections 3.5 and 4. */
#define BLOCK_SECTION    0x0A0D0D0Au
#define BLOCK_INTERFACE  1u
#define BLOCK_STATISTICS 5u
#define BLOCK_PACKET     6u

#define BYTE_ORDER_MAGIC 0x1A2B3C4Du

#define OPTION_END              0
#define OPTION_COMMENT          1
#define SECTION_OPTION_USERAPPL 4
#define IF_OPTION_NAME          2
#define IF_OPTION_TSRESOL       9
#define STAT_OPTION_START       2
#define STAT_OPTION_END         3
#define STAT_OPTION_IF_RECV     4
#define STAT_OPTION_IF_DROP     5
#define STAT_OPTION_OS_DROP     7
#define STAT_OPTION_USER_GOT    8

#define RESOLUTION_NS 9 /* if_tsresol: 10^-9 seconds */

/* A frame of the largest size with its block around it fits behind a full buffer. */
#define PENDING_BYTES_MAX (PCAPNG_WRITER_PENDING_BYTES + SOURCE_FRAME_BYTES_MAX + 4096)

/* Blocks are put together in the buffer; the first failure stays, and ends the block. */
struct block {
	struct buf *out;
	size_t start;
	int status;
};

static void put(struct block *b, const void *data, size_t len)
{
	if (b->status == STATUS_OK && len > 0)
		b->status = buf_append(b->out, span_of(data, len));
}

static void put_u16(struct block *b, uint16_t value)
{
	put(b, &value, sizeof(value));
}

static void put_u32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_padded(struct block *b, const void *data, size_t len)
{
	static const uint8_t zeros[4];

	put(b, data, len);
	put(b, zeros, pcapng_padding(len));
}

static void put_option(struct block *b, uint16_t code, const void *value, size_t len)
{
	put_u16(b, code);
	put_u16(b, (uint16_t)len);
	put_padded(b, value, len);
}

static void put_text(struct block *b, uint16_t code, const char *text)
{
	if (text && text[0] != '\0')
		put_option(b, code, text, strnlen(text, PCAPNG_WRITER_TEXT_MAX));
}

static void put_count(struct block *b, uint16_t code, uint64_t value)
{
	put_option(b, code, &value, sizeof(value));
}

/* The upper half comes first, whatever the byte order. */
static void put_time(struct block *b, int64_t time_ns)
{
	put_u32(b, (uint32_t)((uint64_t)time_ns >> 32));
	put_u32(b, (uint32_t)(uint64_t)time_ns);
}

static void put_time_option(struct block *b, uint16_t code, int64_t time_ns)
{
	put_u16(b, code);
	put_u16(b, 8);
	put_time(b, time_ns);
}

static struct block open_block(struct pcapng_writer *w, uint32_t type)
{
	struct block b = {.out = &w->pending, .start = w->pending.len};

	put_u32(&b, type);
	put_u32(&b, 0); /* its length, known when it is closed */
	return b;
}

static int close_block(struct block *b)
{
	uint32_t length = (uint32_t)(b->out->len - b->start + sizeof(length));

	put_u32(b, length);
	if (b->status == STATUS_OK)
		memcpy(b->out->data + b->start + 4, &length, sizeof(length));
	else
		b->out->len = b->start; /* no part of a block stays */
	return b->status;
}

static int write_section(struct pcapng_writer *w, const struct pcapng_head *head)
{
	const uint64_t unknown_length = UINT64_MAX;
	struct block b = open_block(w, BLOCK_SECTION);

	put_u32(&b, BYTE_ORDER_MAGIC);
	put_u16(&b, 1); /* version 1.0 */
	put_u16(&b, 0);
	put(&b, &unknown_length, sizeof(unknown_length));
	put_text(&b, OPTION_COMMENT, head->comment);
	put_text(&b, SECTION_OPTION_USERAPPL, head->application);
	put_option(&b, OPTION_END, NULL, 0);
	return close_block(&b);
}

static int write_interface(struct pcapng_writer *w, const struct pcapng_head *head)
{
	const uint8_t resolution = RESOLUTION_NS;
	struct block b = open_block(w, BLOCK_INTERFACE);

	put_u16(&b, (uint16_t)head->link_type);
	put_u16(&b, 0);
	put_u32(&b, head->snap_bytes);
	put_text(&b, IF_OPTION_NAME, head->interface);
	put_option(&b, IF_OPTION_TSRESOL, &resolution, sizeof(resolution));
	put_option(&b, OPTION_END, NULL, 0);
	return close_block(&b);
}

int pcapng_writer_begin(struct pcapng_writer *w, int fd_borrowed, const struct pcapng_head *head)
{
	int status;

	*w = (struct pcapng_writer){.fd = fd_borrowed};
	buf_init(&w->pending, PENDING_BYTES_MAX, NULL);
	status = write_section(w, head);
	if (status == STATUS_OK)
		status = write_interface(w, head);
	return status == STATUS_OK ? pcapng_writer_flush(w) : status;
}

int pcapng_writer_add(struct pcapng_writer *w, const struct frame *frame)
{
	struct block b;
	int status = STATUS_OK;

	if (w->pending.len >= PCAPNG_WRITER_PENDING_BYTES)
		status = pcapng_writer_flush(w);
	if (status != STATUS_OK)
		return status;
	b = open_block(w, BLOCK_PACKET);
	put_u32(&b, 0); /* the one interface */
	put_time(&b, frame->time_ns);
	put_u32(&b, (uint32_t)frame->bytes.len);
	put_u32(&b, frame->length_bytes);
	put_padded(&b, frame->bytes.data, frame->bytes.len);
	status = close_block(&b);
	if (status == STATUS_OK)
		w->pending_frames++;
	return status;
}

static int write_all(int fd, struct span bytes)
{
	size_t at = 0;

	while (at < bytes.len) {
		ssize_t len = write(fd, bytes.data + at, bytes.len - at);

		if (len < 0 && errno == EINTR)
			continue;
		if (len == 0)
			errno = ENOSPC; /* says nothing by itself */
		if (len <= 0)
			return status_from_errno(errno);
		at += (size_t)len;
	}
	return STATUS_OK;
}

int pcapng_writer_flush(struct pcapng_writer *w)
{
	int status = write_all(w->fd, buf_span(&w->pending));

	if (status != STATUS_OK) {
		int error = errno;

		/* Should even this fail, the file ends inside a block, and readers say so. */
		if (ftruncate(w->fd, (off_t)w->written_bytes) == 0)
			(void)lseek(w->fd, (off_t)w->written_bytes, SEEK_SET);
		errno = error;
		return status;
	}
	w->written_bytes += w->pending.len;
	w->written_frames += w->pending_frames;
	w->pending_frames = 0;
	buf_clear(&w->pending);
	return STATUS_OK;
}

int pcapng_writer_finish(struct pcapng_writer *w, const struct pcapng_statistics *s)
{
	uint64_t frames = w->written_frames + w->pending_frames;
	struct block b = open_block(w, BLOCK_STATISTICS);

	put_u32(&b, 0);
	put_time(&b, s->last_ns);
	put_time_option(&b, STAT_OPTION_START, s->first_ns);
	put_time_option(&b, STAT_OPTION_END, s->last_ns);
	put_count(&b, STAT_OPTION_IF_RECV, s->received);
	put_count(&b, STAT_OPTION_IF_DROP, s->interface_dropped);
	put_count(&b, STAT_OPTION_OS_DROP, s->dropped);
	put_count(&b, STAT_OPTION_USER_GOT, frames);
	put_option(&b, OPTION_END, NULL, 0);
	if (close_block(&b) != STATUS_OK)
		return b.status;
	return pcapng_writer_flush(w);
}

void pcapng_writer_end(struct pcapng_writer *w)
{
	buf_free(&w->pending);
	w->pending_frames = 0;
}
