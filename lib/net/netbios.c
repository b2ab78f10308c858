#include "net/netbios.h"

#include <string.h>

#include "base/status.h"

#define HEADER_BYTES   12
#define ENCODED_BYTES  32 /* RFC 1001 section 14.1: each half of a byte is a letter from 'A' on */
#define RAW_BYTES      16
#define NAME_POINTER   0xc0 /* a name that stands in the question, right behind the header */
#define TYPE_NB        0x20
#define TYPE_NBSTAT    0x21
#define CLASS_INTERNET 1

/* RFC 1002 section 4.2.1.1; 9 is what Windows refreshes with, 15 a computer of several addresses */
#define FLAG_RESPONSE            0x8000
#define OPCODE(flags)            ((flags) >> 11 & 15)
#define OPCODE_QUERY             0
#define OPCODE_REGISTRATION      5
#define OPCODE_REFRESH           8
#define OPCODE_REFRESH_OTHER     9
#define OPCODE_REGISTRATION_MANY 15
#define RESPONSE_CODE(flags)     ((flags)&15)

/* RFC 1002 sections 4.2.2 and 4.2.18: of a name */
#define NAME_GROUP    0x8000
#define NAME_RELEASED 0x1000
#define NAME_CONFLICT 0x0800

#define SUFFIX_WORKSTATION 0x00
#define SUFFIX_SERVER      0x20

struct raw_name {
	uint8_t bytes[RAW_BYTES]; /* the last one is the suffix */
};

/* Trimmed of the spaces (or zeros) that fill it; empty for what names no computer. */
static void take_name(const struct raw_name *raw, char ret[static NETBIOS_NAME_CHARS])
{
	uint8_t suffix = raw->bytes[RAW_BYTES - 1];
	size_t len = RAW_BYTES - 1;

	ret[0] = '\0';
	if (suffix != SUFFIX_WORKSTATION && suffix != SUFFIX_SERVER)
		return;
	while (len > 0 && (raw->bytes[len - 1] == ' ' || raw->bytes[len - 1] == 0))
		len--;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = raw->bytes[i];

		ret[i] = (char)(byte < 0x20 || byte == 0x7f ? '?' : byte);
	}
	ret[len] = '\0';
}

static void add_name(struct netbios_message *m, const struct raw_name *raw, unsigned flags,
        const struct addr *addr)
{
	struct netbios_name n = {.suffix = raw->bytes[RAW_BYTES - 1], .addr = *addr};

	take_name(raw, n.name);
	if (n.name[0] == '\0' || n.name[0] == '*' || (flags & NAME_GROUP) != 0)
		return;
	if (m->count < NETBIOS_NAMES_MAX)
		m->names[m->count++] = n;
	else
		m->left_out++;
}

/* First-level encoding, one label, no scope. */
static int read_name(struct cursor *c, struct raw_name *ret)
{
	uint8_t len = cursor_u8(c);
	struct cursor letters = cursor_sub(c, len & 0xc0 ? 0 : len);
	uint8_t next = cursor_u8(c);

	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (len != ENCODED_BYTES)
		return STATUS_MALFORMED;
	for (size_t i = 0; i < RAW_BYTES; i++) {
		unsigned high = cursor_u8(&letters) - 'A', low = cursor_u8(&letters) - 'A';

		if (high > 15 || low > 15)
			return STATUS_MALFORMED;
		ret->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return next == 0 ? STATUS_OK : STATUS_UNSUPPORTED;
}

/* A record's name may point to the question's, which ret holds then. */
static int read_record_name(struct cursor *c, bool asked, struct raw_name *ret)
{
	if (cursor_peek(c, 0) != NAME_POINTER)
		return read_name(c, ret);
	cursor_skip(c, 1);
	if (cursor_u8(c) != HEADER_BYTES && !cursor_failed(c))
		return STATUS_MALFORMED;
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	return asked ? STATUS_OK : STATUS_MALFORMED;
}

/* RFC 1002 section 4.2.2: flags and address, over and over. */
static int read_addresses(
        struct cursor *data, const struct raw_name *raw, struct netbios_message *m)
{
	while (cursor_left(data) > 0) {
		uint16_t flags = cursor_u16be(data);
		uint8_t bytes[4];
		struct addr addr;

		cursor_copy(data, bytes, sizeof(bytes));
		if (cursor_failed(data))
			return STATUS_MALFORMED;
		addr = addr_ipv4(bytes);
		add_name(m, raw, flags, &addr);
	}
	return STATUS_OK;
}

/* RFC 1002 section 4.2.18; the statistics behind the names are not read. */
static int read_status(struct cursor *data, struct netbios_message *m)
{
	static const struct addr sender;
	unsigned count = cursor_u8(data);

	for (unsigned i = 0; i < count; i++) {
		struct raw_name raw;
		uint16_t flags;

		cursor_copy(data, raw.bytes, sizeof(raw.bytes));
		flags = cursor_u16be(data);
		if (cursor_failed(data))
			return STATUS_MALFORMED;
		if ((flags & (NAME_RELEASED | NAME_CONFLICT)) == 0)
			add_name(m, &raw, flags, &sender);
	}
	return cursor_failed(data) ? STATUS_MALFORMED : STATUS_OK;
}

/* RFC 1002 section 4.2.1.3 */
static int read_record(
        struct cursor *c, bool asked, struct raw_name *name, struct netbios_message *m)
{
	uint16_t type, class;
	struct cursor data;
	int status = read_record_name(c, asked, name);

	if (status != STATUS_OK)
		return status;
	type = cursor_u16be(c);
	class = cursor_u16be(c);
	cursor_skip(c, 4); /* time to live */
	data = cursor_sub(c, cursor_u16be(c));
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (class != CLASS_INTERNET)
		return STATUS_UNSUPPORTED;
	if (type == TYPE_NB)
		return read_addresses(&data, name, m);
	if (type != TYPE_NBSTAT || m->kind != NETBIOS_ANSWER)
		return STATUS_UNSUPPORTED;
	m->kind = NETBIOS_STATUS;
	return read_status(&data, m);
}

static enum netbios_kind kind_of(uint16_t flags)
{
	bool response = (flags & FLAG_RESPONSE) != 0;

	switch (OPCODE(flags)) {
	case OPCODE_QUERY:
		return response && RESPONSE_CODE(flags) == 0 ? NETBIOS_ANSWER : NETBIOS_OTHER;
	case OPCODE_REGISTRATION:
	case OPCODE_REFRESH:
	case OPCODE_REFRESH_OTHER:
	case OPCODE_REGISTRATION_MANY:
		return response ? NETBIOS_OTHER : NETBIOS_CLAIM;
	default:
		return NETBIOS_OTHER;
	}
}

/* RFC 1002 section 4.2.1.1: id, flags, four counts. A claim has its question and one additional
 * record, an answer one record alone. */
int netbios_parse(struct span message, struct netbios_message *ret)
{
	struct cursor c = cursor_open(message);
	struct netbios_message m;
	struct raw_name name = {.bytes = {0}};
	uint16_t flags, questions, answers, additional;
	int status = STATUS_OK;

	memset(&m, 0, sizeof(m));
	cursor_skip(&c, 2);
	flags = cursor_u16be(&c);
	questions = cursor_u16be(&c);
	answers = cursor_u16be(&c);
	cursor_skip(&c, 2);
	additional = cursor_u16be(&c);
	if (cursor_failed(&c))
		return STATUS_TRUNCATED;
	m.kind = kind_of(flags);
	if (m.kind == NETBIOS_OTHER) {
		*ret = m;
		return STATUS_OK;
	}
	if (questions > 1 || (m.kind == NETBIOS_CLAIM ? additional : answers) != 1 ||
	        (m.kind == NETBIOS_CLAIM && answers > 0))
		return STATUS_UNSUPPORTED;
	if (questions == 1) {
		status = read_name(&c, &name);
		cursor_skip(&c, 4);
		if (status == STATUS_OK && cursor_failed(&c))
			status = STATUS_TRUNCATED;
	}
	if (status == STATUS_OK)
		status = read_record(&c, questions == 1, &name, &m);
	if (status == STATUS_OK)
		*ret = m;
	return status;
}
