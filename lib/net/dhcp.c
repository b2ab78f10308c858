/* The options that we want are gathered first, from the options' own place and from the fields that
 * they may overload; then each is read as a whole. */
#include "net/dhcp.h"

#include <string.h>

#include "base/status.h"

#define MAGIC_COOKIE      0x63825363u /* RFC 2131 section 3 */
#define OP_REQUEST        1
#define OP_REPLY          2
#define SERVER_NAME_BYTES 64
#define FILE_BYTES        128

/* RFC 2132; 81 is RFC 4702's */
#define CODE_PAD 0
#define CODE_END 255

#define OVERLOAD_FILE        1 /* RFC 2132 section 9.3: bits of option 52 */
#define OVERLOAD_SERVER_NAME 2
#define OVERLOAD_ALL         (OVERLOAD_FILE | OVERLOAD_SERVER_NAME)

#define FULL_NAME_HEAD    3    /* RFC 4702 section 2: flags and two codes */
#define FULL_NAME_ENCODED 0x04 /* its flag E: labels as in DNS, without compression */
#define LABEL_MAX         63

enum option { SUBNET_MASK, HOST_NAME, REQUESTED, OVERLOAD, TYPE, FULL_NAME, OPTIONS };

static const uint8_t option_codes[OPTIONS] = {[SUBNET_MASK] = 1,
        [HOST_NAME] = 12,
        [REQUESTED] = 50,
        [OVERLOAD] = 52,
        [TYPE] = 53,
        [FULL_NAME] = 81};

struct option_bytes {
	uint8_t bytes[DHCP_OPTION_MAX];
	size_t len;
	bool seen;
};

/* RFC 3396: an option that comes again goes on. */
static int gather(struct option_bytes all[static OPTIONS], uint8_t code, struct span piece)
{
	for (int i = 0; i < OPTIONS; i++) {
		struct option_bytes *o = &all[i];

		if (option_codes[i] != code)
			continue;
		if (piece.len > sizeof(o->bytes) - o->len)
			return STATUS_LIMIT;
		if (piece.len > 0)
			memcpy(o->bytes + o->len, piece.data, piece.len);
		o->len += piece.len;
		o->seen = true;
	}
	return STATUS_OK;
}

/* To the end mark; STATUS_TRUNCATED when there is none. */
static int read_options(struct cursor *c, struct option_bytes all[static OPTIONS])
{
	for (;;) {
		uint8_t code = cursor_u8(c);
		struct span piece;
		int status;

		if (cursor_failed(c))
			return STATUS_TRUNCATED;
		if (code == CODE_END)
			return STATUS_OK;
		if (code == CODE_PAD)
			continue;
		piece = cursor_span(c, cursor_u8(c));
		if (cursor_failed(c))
			return STATUS_TRUNCATED;
		status = gather(all, code, piece);
		if (status != STATUS_OK)
			return status;
	}
}

/* A field of the fixed part that holds more options: it is whole, so an end that is missing breaks
 * the format. */
static int read_field(struct span field, struct option_bytes all[static OPTIONS])
{
	struct cursor c = cursor_open(field);
	int status = read_options(&c, all);

	return status == STATUS_TRUNCATED ? STATUS_MALFORMED : status;
}

static int read_overloaded(
        struct span server_name, struct span file, struct option_bytes all[static OPTIONS])
{
	const struct option_bytes *o = &all[OVERLOAD];
	unsigned which = o->len == 1 ? o->bytes[0] : 0;
	int status = STATUS_OK;

	if (!o->seen)
		return STATUS_OK;
	if (which == 0 || which > OVERLOAD_ALL)
		return STATUS_MALFORMED;
	if (which & OVERLOAD_FILE)
		status = read_field(file, all);
	if (status == STATUS_OK && (which & OVERLOAD_SERVER_NAME))
		status = read_field(server_name, all);
	return status;
}

static char name_char(uint8_t byte)
{
	return (char)(byte < 0x20 || byte == 0x7f ? '?' : byte);
}

/* Some clients end a text with zeros; a name's final dot says nothing. */
static void take_text(struct span text, char ret[static DHCP_NAME_CHARS])
{
	while (text.len > 0 && (text.data[text.len - 1] == 0 || text.data[text.len - 1] == '.'))
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		ret[i] = name_char(text.data[i]);
	ret[text.len] = '\0';
}

/* RFC 4702 section 2.3.1: ends with the root, or with the bytes when the name is part of one. */
static int take_labels(struct cursor *c, char ret[static DHCP_NAME_CHARS])
{
	size_t len = 0;

	while (cursor_left(c) > 0) {
		size_t label = cursor_u8(c);
		struct span bytes = cursor_span(c, label);

		if (label > LABEL_MAX || cursor_failed(c))
			return STATUS_MALFORMED;
		if (label == 0)
			break;
		if (len > 0)
			ret[len++] = '.';
		for (size_t i = 0; i < bytes.len; i++)
			ret[len++] = bytes.data[i] == '.' ? '?' : name_char(bytes.data[i]);
	}
	ret[len] = '\0';
	return STATUS_OK;
}

static int take_full_name(const struct option_bytes *o, char ret[static DHCP_NAME_CHARS])
{
	struct cursor c = cursor_open_bytes(o->bytes, o->len);
	uint8_t flags = cursor_u8(&c);

	ret[0] = '\0';
	if (!o->seen)
		return STATUS_OK;
	cursor_skip(&c, FULL_NAME_HEAD - 1);
	if (cursor_failed(&c))
		return STATUS_MALFORMED;
	if (flags & FULL_NAME_ENCODED)
		return take_labels(&c, ret);
	take_text(cursor_rest(&c), ret);
	return STATUS_OK;
}

static struct addr known_addr(const uint8_t bytes[static 4])
{
	static const uint8_t zeros[4];

	return memcmp(bytes, zeros, 4) == 0 ? (struct addr){0} : addr_ipv4(bytes);
}

static struct addr read_addr(struct cursor *c)
{
	uint8_t bytes[4];

	cursor_copy(c, bytes, sizeof(bytes));
	return known_addr(bytes);
}

/* Ones, then zeros. */
static int take_mask(const struct option_bytes *o, struct dhcp_message *m)
{
	struct cursor c = cursor_open_bytes(o->bytes, o->len);
	uint32_t mask = cursor_u32be(&c), inverse = ~mask;

	m->mask_known = o->seen;
	m->mask_bits = 0;
	if (!o->seen)
		return STATUS_OK;
	if (o->len != 4 || (inverse & (inverse + 1)) != 0)
		return STATUS_MALFORMED;
	for (; mask != 0; mask <<= 1)
		m->mask_bits++;
	return STATUS_OK;
}

static int take_options(const struct option_bytes all[static OPTIONS], struct dhcp_message *m)
{
	int status;

	if (!all[TYPE].seen)
		return STATUS_UNSUPPORTED;
	if (all[TYPE].len != 1 || (all[REQUESTED].seen && all[REQUESTED].len != 4))
		return STATUS_MALFORMED;
	m->type = all[TYPE].bytes[0];
	m->requested = known_addr(all[REQUESTED].bytes);
	take_text(span_of(all[HOST_NAME].bytes, all[HOST_NAME].len), m->host);
	status = take_mask(&all[SUBNET_MASK], m);
	return status == STATUS_OK ? take_full_name(&all[FULL_NAME], m->full_name) : status;
}

/* RFC 2131 figure 1. The two fields that options may overload are handed out. */
static int read_head(struct cursor *c, struct dhcp_message *m, struct span *ret_server_name,
        struct span *ret_file)
{
	uint8_t op = cursor_u8(c);

	cursor_skip(c, 1); /* the kind of hardware */
	m->from_server = op == OP_REPLY;
	m->client.len = cursor_u8(c);
	cursor_skip(c, 1); /* relays on the way */
	m->transaction = cursor_u32be(c);
	cursor_skip(c, 4); /* seconds, flags */
	m->own = read_addr(c);
	m->granted = read_addr(c);
	cursor_skip(c, 8); /* the next server's address, the relay's */
	cursor_copy(c, m->client.bytes, sizeof(m->client.bytes));
	*ret_server_name = cursor_span(c, SERVER_NAME_BYTES);
	*ret_file = cursor_span(c, FILE_BYTES);
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if ((op != OP_REQUEST && op != OP_REPLY) || m->client.len > DHCP_HARDWARE_BYTES)
		return STATUS_MALFORMED;
	memset(m->client.bytes + m->client.len, 0, DHCP_HARDWARE_BYTES - m->client.len);
	return STATUS_OK;
}

int dhcp_parse(struct span message, struct dhcp_message *ret)
{
	struct cursor c = cursor_open(message);
	struct option_bytes all[OPTIONS];
	struct dhcp_message m;
	struct span server_name, file;
	uint32_t cookie;
	int status;

	memset(all, 0, sizeof(all));
	memset(&m, 0, sizeof(m));
	status = read_head(&c, &m, &server_name, &file);
	if (status != STATUS_OK)
		return status;
	cookie = cursor_u32be(&c);
	if (cursor_failed(&c))
		return STATUS_TRUNCATED;
	if (cookie != MAGIC_COOKIE)
		return STATUS_UNSUPPORTED;
	status = read_options(&c, all);
	if (status == STATUS_OK)
		status = read_overloaded(server_name, file, all);
	if (status == STATUS_OK)
		status = take_options(all, &m);
	if (status == STATUS_OK)
		*ret = m;
	return status;
}

const struct addr *dhcp_address(const struct dhcp_message *m)
{
	return m->granted.family != ADDR_NONE ? &m->granted : &m->own;
}
