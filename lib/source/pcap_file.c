#include "source/pcap_file.h"

#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "source/byte_order.h"
#include "source/source.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS  0xa1b23c4du

#define TRAILER_BYTES 32 /* magic, user id, 20 characters of name, frame check sequence */
#define TRAILER_MAGIC 0x01072021u
#define ETHERNET      1

/* Kinds of pcap that add fields of their own; each needs a reader of its own. */
static const struct {
	uint32_t magic;
	const char *reason;
} other_kinds[] = {
        {0xa1b2cd34u, "this is Kuznetzov's variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
        {0xa1b2c3cdu, "this is the ss990915 variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
        {0xa12b3c4du, "this is Nokia's variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
        {0xa1e2cb12u, "this is the SuSE variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
        {0x1c0001acu, "this is Ixia's variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
        {0x1c0001abu, "this is Ixia's variant of pcap, which is not read; "
                      "convert it with: editcap -F pcapng IN OUT"},
};

static const char *other_kind(uint32_t magic)
{
	for (size_t i = 0; i < ARRAY_LEN(other_kinds); i++)
		if (other_kinds[i].magic == magic)
			return other_kinds[i].reason;
	return NULL;
}

bool pcap_file_is(struct span start)
{
	uint32_t little = ordered_u32(start, 0, false);
	uint32_t big = ordered_u32(start, 0, true);

	return little == MAGIC_MICROSECONDS || little == MAGIC_NANOSECONDS ||
	       big == MAGIC_MICROSECONDS || big == MAGIC_NANOSECONDS || other_kind(little) ||
	       other_kind(big);
}

/* The stream is at its end: cleanly between two records, or inside one. */
static int ended(const struct input_stream *in, const char *inside, const char **ret_reason)
{
	if (in->ended != STATUS_END) {
		*ret_reason = in->end_reason;
		return in->ended;
	}
	if (input_stream_window(in).len == 0 && in->skip_bytes == 0)
		return STATUS_END;
	*ret_reason = inside;
	return STATUS_TRUNCATED;
}

static int read_version(
        struct pcap_file *f, uint16_t major, uint16_t minor, const char **ret_reason)
{
	f->lengths = PCAP_LENGTHS_IN_ORDER;
	if ((major == 2 && minor < 3) || (major == 543 && minor == 0)) {
		f->lengths = PCAP_LENGTHS_SWAPPED;
	} else if (major == 2 && minor == 3) {
		f->lengths = PCAP_LENGTHS_SORTED;
	} else if (major != 2 || minor > 4) {
		*ret_reason = "this pcap file has a version that is not known (known: 2.0 to 2.4)";
		return STATUS_UNSUPPORTED;
	}
	return STATUS_OK;
}

int pcap_file_open(struct pcap_file *f, struct input_stream *in, const char **ret_reason)
{
	struct span header;
	uint32_t magic;
	int status = input_stream_need(in, PCAP_HEADER_BYTES);

	if (status < 0 || status == STATUS_MORE)
		return status;
	header = input_stream_window(in);
	magic = ordered_u32(header, 0, false);
	f->big_endian = magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS;
	if (f->big_endian)
		magic = ordered_u32(header, 0, true);
	if (magic != MAGIC_MICROSECONDS && magic != MAGIC_NANOSECONDS) {
		*ret_reason = other_kind(ordered_u32(header, 0, false));
		if (!*ret_reason)
			*ret_reason = other_kind(magic);
		return STATUS_UNSUPPORTED;
	}
	if (status == STATUS_END)
		return ended(in, "the file ends inside its header", ret_reason);
	f->ns_per_unit = magic == MAGIC_NANOSECONDS ? 1 : 1000;
	/* The upper half of the last word says whether frames end in a check sequence. */
	f->link_type = ordered_u32(header, 20, f->big_endian) & 0xffff;
	status = read_version(f, ordered_u16(header, 4, f->big_endian),
	        ordered_u16(header, 6, f->big_endian), ret_reason);
	if (status == STATUS_OK)
		input_stream_consume(in, PCAP_HEADER_BYTES);
	return status;
}

static void sort_lengths(enum pcap_lengths lengths, uint32_t *captured, uint32_t *wire)
{
	uint32_t first = *captured;

	if (lengths == PCAP_LENGTHS_SWAPPED ||
	        (lengths == PCAP_LENGTHS_SORTED && *captured > *wire)) {
		*captured = *wire;
		*wire = first;
	}
}

/* PCAPdroid frames raw packets in an Ethernet header of zeros and says behind them which
 * application sent them. Frames of a real network have addresses, so no peer can forge it. */
static void read_trailer(struct pcap_file *f, struct frame *frame)
{
	static const uint8_t no_addresses[12];
	struct span trailer;

	if (frame->bytes.len < 14 + TRAILER_BYTES)
		return;
	trailer = span_slice(frame->bytes, frame->bytes.len - TRAILER_BYTES, TRAILER_BYTES);
	if (ordered_u32(trailer, 0, true) != TRAILER_MAGIC ||
	        memcmp(frame->bytes.data, no_addresses, sizeof(no_addresses)) != 0)
		return;
	memcpy(f->app_name, trailer.data + 8, PCAP_APP_NAME_BYTES);
	f->app_name[PCAP_APP_NAME_BYTES] = '\0';
	if (f->app_name[0])
		frame->process.name = f->app_name;
}

int pcap_file_next(
        struct pcap_file *f, struct input_stream *in, struct frame *ret, const char **ret_reason)
{
	struct span record;
	uint32_t captured, wire;
	int status = input_stream_need(in, PCAP_RECORD_BYTES);

	if (status < 0 || status == STATUS_MORE)
		return status;
	if (status == STATUS_END)
		return ended(in, "the file ends inside a packet's header", ret_reason);
	record = input_stream_window(in);
	captured = ordered_u32(record, 8, f->big_endian);
	wire = ordered_u32(record, 12, f->big_endian);
	if (f->lengths != PCAP_LENGTHS_IN_ORDER)
		sort_lengths(f->lengths, &captured, &wire);
	if (captured > SOURCE_FRAME_BYTES_MAX) {
		*ret_reason = "a packet claims to be longer than 262144 bytes: the file is damaged";
		return STATUS_MALFORMED;
	}
	status = input_stream_need(in, PCAP_RECORD_BYTES + (size_t)captured);
	if (status < 0 || status == STATUS_MORE)
		return status;
	if (status == STATUS_END)
		return ended(in, "the file ends inside a packet", ret_reason);
	record = input_stream_window(in);
	*ret = (struct frame){
	        .bytes = {record.data + PCAP_RECORD_BYTES, captured},
	        .length_bytes = wire > captured ? wire : captured,
	        .link_type = f->link_type,
	        .interface = f->interface,
	        .time_ns = ordered_u32(record, 0, f->big_endian) * NS_PER_SECOND +
	                   (int64_t)ordered_u32(record, 4, f->big_endian) * f->ns_per_unit,
	};
	if (f->link_type == ETHERNET)
		read_trailer(f, ret);
	input_stream_consume(in, PCAP_RECORD_BYTES + (uint64_t)captured);
	return STATUS_ITEM;
}
