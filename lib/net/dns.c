/* The message is walked twice by the same code: once without output, so that a broken message
 * leaves the result untouched, then with it. */
#include "net/dns.h"

#include <string.h>

#include "base/status.h"

#define NAME_OCTETS_MAX 255 /* RFC 1035 section 2.3.4, length bytes and root included */
#define TYPE_A          1
#define TYPE_CNAME      5
#define TYPE_AAAA       28
#define CLASS_INTERNET  1
#define CLASS_BITS      0x7fff /* multicast DNS uses the top bit for itself (RFC 6762) */
#define POINTER_OFFSET  0x3fff

/* A label's bytes as text: lower case; what would break a line or look like a dot becomes '?'. */
static char label_char(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z')
		return (char)(byte + 32);
	if (byte < 0x20 || byte == 0x7f || byte == '.')
		return '?';
	return (char)byte;
}

struct name {
	char *text; /* NULL: only check; else DNS_NAME_CHARS */
	size_t len;
	size_t octets;
};

static int add_label(struct name *n, struct span label)
{
	n->octets += label.len + 1;
	if (n->octets + 1 > NAME_OCTETS_MAX)
		return STATUS_MALFORMED;
	if (!n->text)
		return STATUS_OK;
	if (n->len > 0)
		n->text[n->len++] = '.';
	for (size_t i = 0; i < label.len; i++)
		n->text[n->len++] = label_char(label.data[i]);
	n->text[n->len] = '\0';
	return STATUS_OK;
}

/* RFC 1035 section 4.1.4. Consumes the name's own bytes from c; a pointer must lead to an earlier
 * place than the last one did, so no walk repeats itself. */
static int read_name(struct span message, struct cursor *c, char *text)
{
	struct cursor at = *c;
	struct name n = {.text = text};
	size_t limit = (size_t)(c->at - message.data);
	unsigned jumps = 0;

	if (text)
		text[0] = '\0';
	for (;;) {
		uint8_t len = cursor_u8(&at);
		int status;

		if ((len & 0xc0) == 0xc0) {
			size_t target = ((size_t)len << 8 | cursor_u8(&at)) & POINTER_OFFSET;

			if (jumps == 0)
				*c = at;
			if (cursor_failed(&at))
				return STATUS_TRUNCATED;
			if (target >= limit)
				return STATUS_MALFORMED;
			if (++jumps > DNS_POINTERS_MAX)
				return STATUS_LIMIT;
			limit = target;
			at = cursor_open(span_slice(message, target, message.len));
			continue;
		}
		if ((len & 0xc0) != 0)
			return STATUS_MALFORMED;
		status = len ? add_label(&n, cursor_span(&at, len)) : STATUS_OK;
		if (cursor_failed(&at))
			return STATUS_TRUNCATED;
		if (status != STATUS_OK)
			return status;
		if (len == 0)
			break;
	}
	if (jumps == 0)
		*c = at;
	return STATUS_OK;
}

static int read_question(struct span message, struct cursor *c, bool first, struct dns_message *out)
{
	uint16_t type;
	int status = read_name(message, c, first && out ? out->question : NULL);

	if (status != STATUS_OK)
		return status;
	type = cursor_u16be(c);
	cursor_skip(c, 2);
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (first && out)
		out->question_type = type;
	return STATUS_OK;
}

/* The data of a record that we keep. a is NULL while only checking. */
static int read_data(struct span message, uint16_t type, struct cursor *data, struct dns_answer *a)
{
	uint8_t bytes[16];
	size_t width = type == TYPE_A ? 4 : 16;
	int status;

	if (type == TYPE_CNAME) {
		status = read_name(message, data, a ? a->target : NULL);
		if (status == STATUS_TRUNCATED || (status == STATUS_OK && cursor_left(data) > 0))
			return STATUS_MALFORMED;
		return status;
	}
	if (cursor_left(data) != width)
		return STATUS_MALFORMED;
	cursor_copy(data, bytes, width);
	if (a)
		a->addr = type == TYPE_A ? addr_ipv4(bytes) : addr_ipv6(bytes);
	return STATUS_OK;
}

static bool is_kept(uint16_t type, uint16_t class)
{
	return (class & CLASS_BITS) == CLASS_INTERNET &&
	       (type == TYPE_A || type == TYPE_AAAA || type == TYPE_CNAME);
}

/* RFC 1035 section 4.1.3 */
static int read_answer(struct span message, struct cursor *c, struct dns_message *out)
{
	struct dns_answer *a = out && out->answer_count < DNS_ANSWERS_MAX
	                               ? &out->answers[out->answer_count]
	                               : NULL;
	struct cursor data;
	uint16_t type, class;
	uint32_t ttl;
	int status = read_name(message, c, a ? a->name : NULL);

	if (status != STATUS_OK)
		return status;
	type = cursor_u16be(c);
	class = cursor_u16be(c);
	ttl = cursor_u32be(c);
	data = cursor_sub(c, cursor_u16be(c));
	if (cursor_failed(c))
		return STATUS_TRUNCATED;
	if (!is_kept(type, class))
		return STATUS_OK;
	if (a) {
		a->addr = (struct addr){0};
		a->target[0] = '\0';
		a->ttl_seconds = ttl;
	}
	status = read_data(message, type, &data, a);
	if (status == STATUS_OK && a)
		out->answer_count++;
	else if (status == STATUS_OK && out)
		out->answers_left_out++;
	return status;
}

/* RFC 1035 section 4.1.1: id, flags, four counts; then questions, then answers. */
static int walk(struct span message, struct dns_message *out)
{
	struct cursor c = cursor_open(message);
	uint16_t id = cursor_u16be(&c);
	uint16_t flags = cursor_u16be(&c);
	uint16_t questions = cursor_u16be(&c);
	uint16_t answers = cursor_u16be(&c);
	int status = STATUS_OK;

	cursor_skip(&c, 4);
	if (cursor_failed(&c))
		return STATUS_TRUNCATED;
	if (out) {
		out->id = id;
		out->response = (flags & 0x8000) != 0;
		out->response_code = flags & 15;
		out->question[0] = '\0';
		out->question_type = 0;
		out->answer_count = 0;
		out->answers_left_out = 0;
		out->answers_unasked = 0;
	}
	for (unsigned i = 0; i < questions && status == STATUS_OK; i++)
		status = read_question(message, &c, i == 0, out);
	for (unsigned i = 0; i < answers && status == STATUS_OK; i++)
		status = read_answer(message, &c, out);
	return status;
}

static bool is_alias(const struct dns_answer *a)
{
	return a->addr.family == ADDR_NONE;
}

/* Follows the aliases from the question: the names on the way are asked for. Each round takes one
 * step, whatever the order of the records; a loop of aliases comes to names that are marked. */
static void mark_asked(const struct dns_message *m, bool asked[static DNS_ANSWERS_MAX])
{
	const char *name = m->question;

	for (unsigned round = 0; name && round <= m->answer_count; round++) {
		const char *next = NULL;

		for (unsigned i = 0; i < m->answer_count; i++) {
			const struct dns_answer *a = &m->answers[i];

			if (asked[i] || strcmp(a->name, name) != 0)
				continue;
			asked[i] = true;
			if (is_alias(a))
				next = a->target;
		}
		name = next;
	}
}

static void drop_unasked(struct dns_message *m)
{
	bool asked[DNS_ANSWERS_MAX] = {false};
	unsigned kept = 0;

	mark_asked(m, asked);
	for (unsigned i = 0; i < m->answer_count; i++) {
		if (!asked[i])
			m->answers_unasked++;
		else if (kept++ != i)
			m->answers[kept - 1] = m->answers[i];
	}
	m->answer_count = kept;
}

int dns_parse(struct span message, struct dns_message *ret)
{
	int status = walk(message, NULL);

	if (status == STATUS_OK)
		status = walk(message, ret);
	/* Multicast DNS answers without a question (RFC 6762 section 6). */
	if (status == STATUS_OK && ret->question[0] != '\0')
		drop_unasked(ret);
	return status;
}

int dns_next_message(struct span stream, struct span *ret)
{
	struct cursor c = cursor_open(stream);
	struct span message = cursor_span(&c, cursor_u16be(&c));

	if (cursor_failed(&c))
		return STATUS_MORE;
	*ret = message;
	return STATUS_ITEM;
}
