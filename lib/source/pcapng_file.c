#include "source/pcapng_file.h"

#include <stdlib.h>

#include "base/status.h"
#include "source/byte_order.h"
#include "source/pcapng_option.h"
#include "source/pcapng_process.h"
#include "source/pcapng_time.h"

#define SECTION_BLOCK    0x0a0d0d0au /* reads the same in both byte orders */
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_STATISTICS = 5,
	BLOCK_ENHANCED_PACKET = 6,
	BLOCK_SECRETS = 10,
	BLOCK_CUSTOM = 0x0bad,
	BLOCK_CUSTOM_NO_COPY = 0x40000bad,
};
#define BLOCK_DARWIN_PROCESS 0x80000001u

enum {
	INTERFACE_OPTION_RESOLUTION = 9,
	INTERFACE_OPTION_OFFSET = 14,
	STATISTICS_OPTION_IF_DROP = 5,
	STATISTICS_OPTION_OS_DROP = 7,
};

/* Fixed parts of bodies; packets start where they end. */
#define SECTION_BYTES       16
#define INTERFACE_BYTES     8
#define PACKET_BYTES        20 /* enhanced and obsolete alike */
#define SIMPLE_PACKET_BYTES 4
#define STATISTICS_BYTES    12
#define SECRETS_BYTES       8
#define HEAD_BYTES          8 /* of every block: type and total length */
#define SECRETS_BLOCK_MAX   (SOURCE_SECRETS_BYTES_MAX + (64u << 10))
#define DROPPED_NOT_KNOWN   0xffffu
#define FIRST_INTERFACES    4

/* One block; whole is false when it is longer than we hold, and body is its beginning. */
struct block {
	uint32_t type;
	uint32_t total_bytes;
	struct span body;
	bool whole;
};

static const char damaged_block[] =
        "a block is shorter than what it must hold: the file is damaged";

bool pcapng_file_is(struct span start)
{
	return start.len >= 4 && ordered_u32(start, 0, false) == SECTION_BLOCK;
}

void pcapng_file_open(struct pcapng_file *f, struct source_shared *shared)
{
	*f = (struct pcapng_file){.shared = shared};
	process_table_init(&f->processes, &shared->process_texts);
}

void pcapng_file_close(struct pcapng_file *f)
{
	if (!f->shared)
		return;
	process_table_clear(&f->processes);
	free(f->interfaces);
	*f = (struct pcapng_file){0};
}

static uint64_t add_clamped(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* Packets say what was lost before each, statistics the sum; a file may hold both. */
void pcapng_file_counts(const struct pcapng_file *f, struct source_counts *ret)
{
	ret->dropped_frames = f->dropped_by_interfaces > f->dropped_by_packets
	                              ? f->dropped_by_interfaces
	                              : f->dropped_by_packets;
	ret->skipped_blocks = f->skipped_blocks;
	ret->untimed_frames = f->untimed_frames;
}

/* The stream is at its end: cleanly between two blocks, or inside one. */
static int ended(const struct input_stream *in, const char **ret_reason)
{
	if (in->ended != STATUS_END) {
		*ret_reason = in->end_reason;
		return in->ended;
	}
	if (input_stream_window(in).len == 0 && in->skip_bytes == 0)
		return STATUS_END;
	*ret_reason = "the file ends inside a block";
	return STATUS_TRUNCATED;
}

static int malformed(const char **ret_reason, const char *reason)
{
	*ret_reason = reason;
	return STATUS_MALFORMED;
}

/* A section header settles the byte order of its own length field, too. */
static int read_order(struct pcapng_file *f, struct span head, const char **ret_reason)
{
	if (ordered_u32(head, HEAD_BYTES, false) == BYTE_ORDER_MAGIC)
		f->big_endian = false;
	else if (ordered_u32(head, HEAD_BYTES, true) == BYTE_ORDER_MAGIC)
		f->big_endian = true;
	else
		return malformed(ret_reason, "a section header has no byte-order mark");
	return STATUS_OK;
}

static size_t held_bytes(const struct block *b)
{
	size_t max = b->type == BLOCK_SECRETS ? SECRETS_BLOCK_MAX : PCAPNG_BLOCK_BYTES_MAX;

	return b->total_bytes < max ? b->total_bytes : max;
}

/* Makes the next block, or its beginning, stand in the window. Consumes nothing. */
static int read_block(
        struct pcapng_file *f, struct input_stream *in, struct block *ret, const char **ret_reason)
{
	struct span window;
	size_t held;
	int status = input_stream_need(in, PCAPNG_BLOCK_BYTES_MIN);

	if (status < 0 || status == STATUS_MORE)
		return status;
	if (status == STATUS_END)
		return ended(in, ret_reason);
	window = input_stream_window(in);
	ret->type = ordered_u32(window, 0, f->big_endian);
	if (ret->type == SECTION_BLOCK && read_order(f, window, ret_reason) != STATUS_OK)
		return STATUS_MALFORMED;
	ret->total_bytes = ordered_u32(window, 4, f->big_endian);
	if (ret->total_bytes < PCAPNG_BLOCK_BYTES_MIN || ret->total_bytes % 4 != 0)
		return malformed(ret_reason, "a block has an impossible length");
	held = held_bytes(ret);
	status = input_stream_need(in, held);
	if (status < 0 || status == STATUS_MORE)
		return status;
	if (status == STATUS_END)
		return ended(in, ret_reason);
	window = input_stream_window(in);
	ret->whole = held == ret->total_bytes;
	ret->body = span_slice(window, HEAD_BYTES, held - HEAD_BYTES - (ret->whole ? 4 : 0));
	if (ret->whole && ordered_u32(window, held - 4, f->big_endian) != ret->total_bytes)
		return malformed(ret_reason, "a block's two lengths differ");
	return STATUS_OK;
}

static int read_section(struct pcapng_file *f, const struct block *b, const char **ret_reason)
{
	struct pcapng_options list = {
	        cursor_open(span_slice(b->body, SECTION_BYTES, SIZE_MAX)), f->big_endian};
	struct pcapng_option o;
	uint16_t major, minor;
	int status;

	if (b->body.len < SECTION_BYTES)
		return malformed(ret_reason, damaged_block);
	major = ordered_u16(b->body, 4, f->big_endian);
	minor = ordered_u16(b->body, 6, f->big_endian);
	/* 1.2 was written by some tools and reads as 1.0 (draft, section 4.1). */
	if (major != 1 || (minor != 0 && minor != 2)) {
		*ret_reason = "this pcapng file has a version that is not known (known: 1.0)";
		return STATUS_UNSUPPORTED;
	}
	while (b->whole && (status = pcapng_options_next(&list, &o)) != STATUS_OK)
		if (status == STATUS_MALFORMED)
			return malformed(ret_reason, "an option of a section header is too long");
	process_table_clear(&f->processes);
	f->interface_count = 0;
	f->darwin_blocks = 0;
	return STATUS_OK;
}

static int grow_interfaces(struct pcapng_file *f, const char **ret_reason)
{
	size_t capacity = f->interface_capacity ? f->interface_capacity * 2 : FIRST_INTERFACES;
	struct pcapng_interface *interfaces;

	if (f->interface_count >= SOURCE_INTERFACES_MAX) {
		*ret_reason = "a section names more than 4096 interfaces";
		return STATUS_LIMIT;
	}
	if (f->interface_count < f->interface_capacity)
		return STATUS_OK;
	interfaces = reallocarray(f->interfaces, capacity, sizeof(*interfaces));
	if (!interfaces)
		return STATUS_NO_MEMORY;
	f->interfaces = interfaces;
	f->interface_capacity = capacity;
	return STATUS_OK;
}

static int read_interface_options(struct pcapng_interface *i, struct pcapng_options *list)
{
	struct pcapng_option o;
	int status;

	while ((status = pcapng_options_next(list, &o)) == STATUS_ITEM) {
		if (o.code == INTERFACE_OPTION_RESOLUTION) {
			if (o.value.len != 1)
				return STATUS_MALFORMED;
			i->resolution = o.value.data[0];
		} else if (o.code == INTERFACE_OPTION_OFFSET) {
			if (o.value.len != 8)
				return STATUS_MALFORMED;
			i->offset_s = (int64_t)ordered_u64(o.value, 0, list->big_endian);
		}
	}
	return status;
}

static int read_interface(struct pcapng_file *f, const struct block *b, const char **ret_reason)
{
	struct pcapng_options list = {
	        cursor_open(span_slice(b->body, INTERFACE_BYTES, SIZE_MAX)), f->big_endian};
	struct pcapng_interface i = {.resolution = PCAPNG_RESOLUTION_DEFAULT};
	int status;

	if (b->body.len < INTERFACE_BYTES)
		return malformed(ret_reason, damaged_block);
	i.link_type = ordered_u16(b->body, 0, f->big_endian);
	i.snap_bytes = ordered_u32(b->body, 4, f->big_endian);
	if (!b->whole || read_interface_options(&i, &list) != STATUS_OK)
		return malformed(ret_reason, "an option of an interface is damaged");
	status = grow_interfaces(f, ret_reason);
	if (status != STATUS_OK)
		return status;
	i.interface = f->shared->next_interface++;
	f->interfaces[f->interface_count++] = i;
	return STATUS_OK;
}

/* The options of a packet only add to it: when they are damaged, it is given without. */
static void read_packet_options(
        struct pcapng_file *f, const struct block *b, size_t at, struct frame *frame)
{
	struct pcapng_packet_facts facts = {0};

	if (!b->whole || pcapng_packet_options(span_slice(b->body, at, SIZE_MAX), f->big_endian,
	                         &facts) != STATUS_OK) {
		f->skipped_blocks++;
		return;
	}
	f->dropped_by_packets = add_clamped(f->dropped_by_packets, facts.dropped);
	frame->process = pcapng_process_of(f, &facts, frame->time_ns);
}

/* The packet's bytes; of one longer than SOURCE_FRAME_BYTES_MAX the beginning. */
static struct span packet_bytes(const struct block *b, size_t at, uint32_t captured)
{
	return span_slice(
	        b->body, at, captured < SOURCE_FRAME_BYTES_MAX ? captured : SOURCE_FRAME_BYTES_MAX);
}

/* Enhanced packets, and obsolete ones: these keep the interface and a drop count in one word. */
static int read_packet(
        struct pcapng_file *f, const struct block *b, struct frame *ret, const char **ret_reason)
{
	bool big = f->big_endian;
	uint32_t number = b->type == BLOCK_PACKET ? ordered_u16(b->body, 0, big)
	                                          : ordered_u32(b->body, 0, big);
	uint64_t units = (uint64_t)ordered_u32(b->body, 4, big) << 32 |
	                 ordered_u32(b->body, 8, big);
	uint32_t captured = ordered_u32(b->body, 12, big);
	uint32_t wire = ordered_u32(b->body, 16, big);
	uint32_t dropped = ordered_u16(b->body, 2, big);
	const struct pcapng_interface *i;
	size_t options_at = PACKET_BYTES + captured + pcapng_padding(captured);

	if (b->body.len < PACKET_BYTES || captured > b->total_bytes - PCAPNG_BLOCK_BYTES_MIN ||
	        options_at > b->total_bytes - PCAPNG_BLOCK_BYTES_MIN)
		return malformed(ret_reason, "a packet is longer than its block");
	if (number >= f->interface_count)
		return malformed(ret_reason, "a packet names an interface that the file does not");
	i = &f->interfaces[number];
	*ret = (struct frame){
	        .bytes = packet_bytes(b, PACKET_BYTES, captured),
	        .length_bytes = wire > captured ? wire : captured,
	        .link_type = i->link_type,
	        .interface = i->interface,
	        .time_ns = pcapng_time_ns(units, i->resolution, i->offset_s),
	};
	f->last_ns = ret->time_ns;
	if (b->type == BLOCK_PACKET && dropped != DROPPED_NOT_KNOWN)
		f->dropped_by_packets = add_clamped(f->dropped_by_packets, dropped);
	if (options_at < b->total_bytes - PCAPNG_BLOCK_BYTES_MIN)
		read_packet_options(f, b, options_at, ret);
	return STATUS_ITEM;
}

/* A simple packet is of the first interface and has no time: it gets that of the one before. */
static int read_simple_packet(
        struct pcapng_file *f, const struct block *b, struct frame *ret, const char **ret_reason)
{
	uint32_t wire = ordered_u32(b->body, 0, f->big_endian);
	const struct pcapng_interface *i = f->interfaces;
	uint32_t captured = wire;

	if (b->body.len < SIMPLE_PACKET_BYTES)
		return malformed(ret_reason, damaged_block);
	if (f->interface_count == 0)
		return malformed(ret_reason, "a packet names an interface that the file does not");
	if (i->snap_bytes != 0 && captured > i->snap_bytes)
		captured = i->snap_bytes;
	if (captured > b->total_bytes - PCAPNG_BLOCK_BYTES_MIN - SIMPLE_PACKET_BYTES)
		captured = b->total_bytes - PCAPNG_BLOCK_BYTES_MIN - SIMPLE_PACKET_BYTES;
	*ret = (struct frame){
	        .bytes = packet_bytes(b, SIMPLE_PACKET_BYTES, captured),
	        .length_bytes = wire,
	        .link_type = i->link_type,
	        .interface = i->interface,
	        .time_ns = f->last_ns,
	};
	f->untimed_frames++;
	return STATUS_ITEM;
}

/* Statistics count from the start of the capture; the last block of an interface is the one that
 * counts. */
static int read_statistics(struct pcapng_file *f, const struct block *b)
{
	uint32_t number = ordered_u32(b->body, 0, f->big_endian);
	struct pcapng_options list = {
	        cursor_open(span_slice(b->body, STATISTICS_BYTES, SIZE_MAX)), f->big_endian};
	struct pcapng_option o;
	uint64_t dropped = 0;
	int status;

	if (!b->whole || b->body.len < STATISTICS_BYTES || number >= f->interface_count)
		return STATUS_MALFORMED;
	while ((status = pcapng_options_next(&list, &o)) == STATUS_ITEM)
		if ((o.code == STATISTICS_OPTION_IF_DROP || o.code == STATISTICS_OPTION_OS_DROP) &&
		        o.value.len == 8)
			dropped = add_clamped(dropped, ordered_u64(o.value, 0, f->big_endian));
	if (dropped > f->interfaces[number].dropped) {
		f->dropped_by_interfaces = add_clamped(
		        f->dropped_by_interfaces, dropped - f->interfaces[number].dropped);
		f->interfaces[number].dropped = dropped;
	}
	return status;
}

static int read_secrets(struct pcapng_file *f, const struct block *b)
{
	uint32_t len = ordered_u32(b->body, 4, f->big_endian);

	if (!b->whole)
		return STATUS_LIMIT;
	if (b->body.len < SECRETS_BYTES || len > b->body.len - SECRETS_BYTES)
		return STATUS_MALFORMED;
	return source_shared_keep(f->shared, ordered_u32(b->body, 0, f->big_endian),
	        span_slice(b->body, SECRETS_BYTES, len));
}

/* Blocks that only add to the packets: one that is damaged, over a limit or not ours is counted,
 * and reading goes on. */
static int read_other(struct pcapng_file *f, const struct block *b)
{
	int status;

	switch (b->type) {
	case BLOCK_STATISTICS:
		status = read_statistics(f, b);
		break;
	case BLOCK_SECRETS:
		status = read_secrets(f, b);
		break;
	case BLOCK_CUSTOM:
	case BLOCK_CUSTOM_NO_COPY:
		status = b->whole ? pcapng_process_custom(f, b->body) : STATUS_LIMIT;
		break;
	case BLOCK_DARWIN_PROCESS:
		status = b->whole ? pcapng_process_darwin(f, b->body) : STATUS_LIMIT;
		break;
	default:
		status = STATUS_NOT_FOUND;
		break;
	}
	if (status > 0)
		f->skipped_blocks++;
	return status < 0 ? status : STATUS_OK;
}

/* STATUS_ITEM for a packet, 0 for any other block. */
static int read_body(
        struct pcapng_file *f, const struct block *b, struct frame *ret, const char **ret_reason)
{
	switch (b->type) {
	case SECTION_BLOCK:
		return read_section(f, b, ret_reason);
	case BLOCK_INTERFACE:
		return read_interface(f, b, ret_reason);
	case BLOCK_ENHANCED_PACKET:
	case BLOCK_PACKET:
		return read_packet(f, b, ret, ret_reason);
	case BLOCK_SIMPLE_PACKET:
		return read_simple_packet(f, b, ret, ret_reason);
	default:
		return read_other(f, b);
	}
}

int pcapng_file_next(
        struct pcapng_file *f, struct input_stream *in, struct frame *ret, const char **ret_reason)
{
	struct block b = {0};
	int status;

	do {
		status = read_block(f, in, &b, ret_reason);
		if (status != STATUS_OK)
			return status;
		status = read_body(f, &b, ret, ret_reason);
		if (status != STATUS_OK && status != STATUS_ITEM)
			return status;
		input_stream_consume(in, b.total_bytes);
	} while (status != STATUS_ITEM);
	return STATUS_ITEM;
}
