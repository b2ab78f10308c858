#include "source/pcapng_process.h"

#include "base/status.h"
#include "source/byte_order.h"
#include "source/pcapng_option.h"

#define PEN_WIRESHARK           32622
#define WIRESHARK_ENTRY_PROCESS 3
#define PEN_PCAPDROID           62652
#define PCAPDROID_VERSION       1
#define PCAPDROID_UID_MAP       1

enum {
	PROCESS_OPTION_NAME = 2,
	PROCESS_OPTION_PATH = 3,
	PROCESS_OPTION_COMMAND = 4, /* Wireshark's; Apple keeps a UUID here */
	PROCESS_OPTION_START = 9,
	PACKET_OPTION_COMMENT = 1,
	PACKET_OPTION_DROPPED = 4,
	PACKET_OPTION_PROCESS = 8,
	PACKET_OPTION_DARWIN = 0x8001,
	PACKET_OPTION_DARWIN_EFFECTIVE = 0x8003,
};

/* A process that started after the year 2262 did not start before any packet. */
static int64_t start_ns(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* The body of a process block: its id, then options. */
static int read_process(struct span body, bool big_endian, struct process_facts *ret)
{
	struct cursor c = cursor_open(body);
	struct pcapng_options options;
	struct pcapng_option o;
	int status;

	ret->pid = ordered_u32(cursor_span(&c, 4), 0, big_endian);
	ret->start_ns = PROCESS_NO_START;
	if (cursor_failed(&c))
		return STATUS_MALFORMED;
	options = (struct pcapng_options){c, big_endian};
	while ((status = pcapng_options_next(&options, &o)) == STATUS_ITEM) {
		if (o.code == PROCESS_OPTION_NAME)
			ret->name = o.value;
		else if (o.code == PROCESS_OPTION_PATH)
			ret->path = o.value;
		else if (o.code == PROCESS_OPTION_COMMAND && ret->kind == PROCESS_KEY_PID)
			ret->command = o.value;
		else if (o.code == PROCESS_OPTION_START && o.value.len == 8)
			ret->start_ns = start_ns(ordered_u64(o.value, 0, big_endian));
	}
	return status;
}

/* Entry type and length, then the entry; all little-endian whatever the section is. */
static int read_wireshark(struct pcapng_file *f, struct cursor *c)
{
	struct process_facts facts = {.kind = PROCESS_KEY_PID};
	uint32_t type = cursor_u32le(c);
	uint32_t len = cursor_u32le(c);
	struct span entry = cursor_span(c, len);
	int status;

	if (cursor_failed(c))
		return STATUS_MALFORMED;
	if (type != WIRESHARK_ENTRY_PROCESS)
		return STATUS_NOT_FOUND;
	status = read_process(entry, false, &facts);
	if (status != STATUS_OK)
		return status;
	facts.key = facts.pid;
	return process_table_add(&f->processes, &facts);
}

/* Version, type, padding, user id, lengths of the two names, the names. The application's name is
 * what people know; the package's name is unique, so it takes the place of the path. */
static int read_pcapdroid(struct pcapng_file *f, struct cursor *c)
{
	struct process_facts facts = {
	        .kind = PROCESS_KEY_ANDROID_UID, .start_ns = PROCESS_NO_START};
	uint16_t version = ordered_u16(cursor_span(c, 2), 0, f->big_endian);
	uint8_t type = cursor_u8(c);
	uint8_t package_len, application_len;

	cursor_skip(c, 1);
	if (cursor_failed(c))
		return STATUS_MALFORMED;
	if (version > PCAPDROID_VERSION || type != PCAPDROID_UID_MAP)
		return STATUS_NOT_FOUND;
	facts.key = ordered_u32(cursor_span(c, 4), 0, f->big_endian);
	package_len = cursor_u8(c);
	application_len = cursor_u8(c);
	facts.path = cursor_span(c, package_len);
	facts.name = cursor_span(c, application_len);
	if (cursor_failed(c))
		return STATUS_MALFORMED;
	if (facts.name.len == 0)
		facts.name = facts.path;
	return process_table_add(&f->processes, &facts);
}

int pcapng_process_custom(struct pcapng_file *f, struct span body)
{
	struct cursor c = cursor_open(body);
	uint32_t enterprise = ordered_u32(cursor_span(&c, 4), 0, f->big_endian);

	if (cursor_failed(&c))
		return STATUS_MALFORMED;
	switch (enterprise) {
	case PEN_WIRESHARK:
		return read_wireshark(f, &c);
	case PEN_PCAPDROID:
		return read_pcapdroid(f, &c);
	default:
		return STATUS_NOT_FOUND;
	}
}

int pcapng_process_darwin(struct pcapng_file *f, struct span body)
{
	struct process_facts facts = {.kind = PROCESS_KEY_DARWIN_INDEX, .key = f->darwin_blocks++};
	int status = read_process(body, f->big_endian, &facts);

	/* Its option 9 is not a start time: a block holds from where it stands. */
	facts.start_ns = PROCESS_NO_START;
	return status == STATUS_OK ? process_table_add(&f->processes, &facts) : status;
}

/* `u-` and a decimal number that is not negative; other comments are people's. */
static bool read_uid(struct span comment, uint32_t *ret)
{
	uint64_t value;

	while (comment.len > 0 && comment.data[comment.len - 1] == 0)
		comment.len--;
	if (!span_starts(comment, "u-") ||
	        !span_to_u64(span_slice(comment, 2, comment.len), UINT32_MAX, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

int pcapng_packet_options(struct span options, bool big_endian, struct pcapng_packet_facts *ret)
{
	struct pcapng_options list = {cursor_open(options), big_endian};
	struct pcapng_option o;
	int status;

	while ((status = pcapng_options_next(&list, &o)) == STATUS_ITEM) {
		if (o.code == PACKET_OPTION_PROCESS && o.value.len == 8) {
			ret->pid = ordered_u32(o.value, 0, big_endian);
			ret->has_pid = ret->pid != 0;
		} else if (o.code == PACKET_OPTION_DARWIN && o.value.len == 4) {
			ret->darwin = ordered_u32(o.value, 0, big_endian);
			ret->has_darwin = true;
		} else if (o.code == PACKET_OPTION_DARWIN_EFFECTIVE && o.value.len == 4) {
			ret->darwin_effective = ordered_u32(o.value, 0, big_endian);
			ret->has_darwin_effective = true;
		} else if (o.code == PACKET_OPTION_COMMENT && !ret->has_uid) {
			ret->has_uid = read_uid(o.value, &ret->uid);
		} else if (o.code == PACKET_OPTION_DROPPED && o.value.len == 8) {
			ret->dropped = ordered_u64(o.value, 0, big_endian);
		}
	}
	return status;
}

struct frame_process pcapng_process_of(
        const struct pcapng_file *f, const struct pcapng_packet_facts *facts, int64_t time_ns)
{
	const struct process_table *t = &f->processes;
	struct frame_process process = {0};

	if (facts->has_pid) {
		process.pid = facts->pid;
		(void)!process_table_find(t, PROCESS_KEY_PID, facts->pid, time_ns, &process);
		return process;
	}
	if (facts->has_darwin_effective &&
	        process_table_find(t, PROCESS_KEY_DARWIN_INDEX, facts->darwin_effective, time_ns,
	                &process) == STATUS_OK)
		return process;
	if (facts->has_darwin && process_table_find(t, PROCESS_KEY_DARWIN_INDEX, facts->darwin,
	                                 time_ns, &process) == STATUS_OK)
		return process;
	if (facts->has_uid)
		(void)!process_table_find(
		        t, PROCESS_KEY_ANDROID_UID, facts->uid, time_ns, &process);
	return process;
}
