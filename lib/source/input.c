#include "source/input.h"

#include <string.h>

#include "base/status.h"
#include "source/byte_order.h"

#define MAGIC_BYTES 8

/* What people take for a capture, with what to do about it. */
static const struct {
	const char *magic;
	size_t len;
	const char *reason;
} not_captures[] = {
        {"\xfd"
         "7zXZ",
                5, "this is an xz archive; unpack it first: xz -d FILE"},
        {"BZh", 3, "this is a bzip2 archive; unpack it first: bzip2 -d FILE"},
        {"\x04\x22\x4d\x18", 4, "this is an lz4 archive; unpack it first: lz4 -d FILE"},
        {"PK\x03\x04", 4, "this is a zip archive; unpack it first: unzip FILE"},
        {"Rar!", 4, "this is a rar archive; unpack it first"},
        {"7z\xbc\xaf\x27\x1c", 6, "this is a 7z archive; unpack it first"},
        {"\x1f\x8b", 2, "this is packed twice with gzip; unpack it once: gzip -d FILE"},
        {"\x28\xb5\x2f\xfd", 4, "this is packed twice with zstd; unpack it once: zstd -d FILE"},
        {"snoop\0\0\0", 8, "this is a snoop capture; convert it with: editcap -F pcapng IN OUT"},
        {"GMBU", 4, "this is a Network Monitor capture; convert it with: editcap -F pcapng IN OUT"},
        {"RTSS", 4, "this is a Network Monitor capture; convert it with: editcap -F pcapng IN OUT"},
        {"TRSNIFF ", 8, "this is a Sniffer capture; convert it with: editcap -F pcapng IN OUT"},
        {"ElfFile\0", 8, "this is a Windows event log, not a capture: use it with --host-log"},
};

int input_open(struct input *in, int fd_taken, uint32_t index, size_t window_bytes)
{
	memset(in, 0, sizeof(*in));
	in->index = index;
	in->counts.format = "";
	in->counts.end = STATUS_END;
	return input_stream_open(&in->stream, fd_taken, window_bytes);
}

void input_close(struct input *in)
{
	pcapng_file_close(&in->pcapng);
	input_stream_close(&in->stream);
}

static const char *format_text(const struct input *in)
{
	static const char *const texts[][INPUT_CODING_ZSTD + 1] = {
	        [INPUT_FORMAT_UNKNOWN] = {"", "", "", ""},
	        [INPUT_FORMAT_PCAP] = {"pcap", "pcap", "pcap in gzip", "pcap in zstd"},
	        [INPUT_FORMAT_PCAPNG] = {"pcapng", "pcapng", "pcapng in gzip", "pcapng in zstd"},
	};

	return texts[in->format][in->stream.coding];
}

static const char *not_capture_reason(struct span start)
{
	for (size_t i = 0; i < ARRAY_LEN(not_captures); i++)
		if (start.len >= not_captures[i].len &&
		        memcmp(start.data, not_captures[i].magic, not_captures[i].len) == 0)
			return not_captures[i].reason;
	return "this is not a capture file (pcap or pcapng, plain or in gzip or zstd)";
}

/* Tells the format from the first bytes and reads the header. */
static int open_format(struct input *in, struct source_shared *shared, const char **ret_reason)
{
	int status = input_stream_need(&in->stream, MAGIC_BYTES);
	struct span start = input_stream_window(&in->stream);

	if (status < 0 || status == STATUS_MORE)
		return status;
	if (start.len == 0 && in->stream.ended == STATUS_END) {
		*ret_reason = "the file is empty";
		return STATUS_TRUNCATED;
	}
	if (start.len < 4 && in->stream.ended != STATUS_END) {
		*ret_reason = in->stream.end_reason;
		return in->stream.ended;
	}
	if (pcap_file_is(start)) {
		status = pcap_file_open(&in->pcap, &in->stream, ret_reason);
		if (status != STATUS_OK)
			return status;
		in->format = INPUT_FORMAT_PCAP;
		in->pcap.interface = shared->next_interface++;
		return STATUS_OK;
	}
	if (pcapng_file_is(start)) {
		in->format = INPUT_FORMAT_PCAPNG;
		pcapng_file_open(&in->pcapng, shared);
		return STATUS_OK;
	}
	*ret_reason = not_capture_reason(start);
	return STATUS_UNSUPPORTED;
}

static int next_frame(struct input *in, struct source_shared *shared, const char **ret_reason)
{
	int status;

	if (in->format == INPUT_FORMAT_UNKNOWN) {
		status = open_format(in, shared, ret_reason);
		if (status != STATUS_OK)
			return status;
		in->counts.format = format_text(in);
	}
	if (in->format == INPUT_FORMAT_PCAP)
		return pcap_file_next(&in->pcap, &in->stream, &in->frame, ret_reason);
	return pcapng_file_next(&in->pcapng, &in->stream, &in->frame, ret_reason);
}

static int end_input(struct input *in, int status, const char *reason)
{
	in->counts.end = status;
	in->counts.end_reason = reason;
	in->counts.end_at_bytes = in->stream.offset_bytes;
	in->counts.end_after_frame = in->number;
	in->ended = true;
	return input_stream_finish(
	        &in->stream, in->format != INPUT_FORMAT_UNKNOWN, in->counts.sha256);
}

/* Whatever the filter says of it, the frame shows when the capture ran; time 0 is no time. */
static void note_time(struct input *in)
{
	int64_t time_ns = in->frame.time_ns;

	if (time_ns != 0 && (in->counts.first_ns == 0 || time_ns < in->counts.first_ns))
		in->counts.first_ns = time_ns;
	if (time_ns != 0 && (in->counts.last_ns == 0 || time_ns > in->counts.last_ns))
		in->counts.last_ns = time_ns;
	if (in->number > 0 && time_ns < in->last_ns)
		in->counts.out_of_order++;
	in->last_ns = time_ns;
}

static int note_frame(struct input *in, struct filter *filter)
{
	int status = 1;

	note_time(in);
	in->number++;
	in->frame.number = in->number;
	in->frame.input = in->index;
	if (filter)
		status = filter_match(filter, &in->frame);
	if (status < 0)
		return status;
	if (status == 0) {
		in->counts.filtered_frames++;
		return STATUS_OK;
	}
	in->counts.frames++;
	in->counts.bytes += in->frame.bytes.len;
	if (in->frame.length_bytes > in->frame.bytes.len)
		in->counts.cut_frames++;
	return STATUS_ITEM;
}

int input_next(struct input *in, struct source_shared *shared, struct filter *filter)
{
	const char *reason = NULL;
	int status;

	while (!in->ended) {
		status = next_frame(in, shared, &reason);
		if (status < 0 || status == STATUS_MORE)
			return status;
		if (status != STATUS_ITEM) {
			status = end_input(in, status, reason);
			return status < 0 ? status : 0;
		}
		status = note_frame(in, filter);
		if (status != STATUS_OK)
			return status;
	}
	return 0;
}

void input_counts(const struct input *in, struct source_counts *ret)
{
	*ret = in->counts;
	if (!in->ended) {
		ret->end = STATUS_TRUNCATED;
		ret->end_reason = "reading was stopped before its end";
		ret->end_at_bytes = in->stream.offset_bytes;
		ret->end_after_frame = in->number;
	}
	if (in->format == INPUT_FORMAT_PCAPNG)
		pcapng_file_counts(&in->pcapng, ret);
}
