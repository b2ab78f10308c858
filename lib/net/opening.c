#include "net/opening.h"

#include "base/status.h"

#define SOCKS4       4
#define SOCKS5       5
#define PASSWORD     1 /* version byte of RFC 1929 */
#define CONNECT      1
#define ADDRESS_NAME 3

/* The next line without its end. False when it is not all there; then nothing is taken. */
static bool take_line(struct cursor *c, struct span *ret)
{
	struct cursor ahead = *c;
	struct span rest = cursor_rest(&ahead);
	size_t len = span_find_byte(rest, '\n');

	if (len == SIZE_MAX)
		return false;
	*ret = cursor_span(c, len);
	cursor_skip(c, 1);
	if (ret->len > 0 && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static struct span first_word(struct span text)
{
	return span_slice(text, 0, span_find_byte(text, ' '));
}

/* "name: value". */
static void take_header(struct span line, struct opening *o)
{
	size_t colon = span_find_byte(line, ':');
	struct span name = span_slice(line, 0, colon), value;

	if (colon == SIZE_MAX)
		return;
	value = span_trim(span_slice(line, colon + 1, line.len));
	if (o->host.len == 0 && span_equal_nocase(name, "host"))
		o->host = value;
	else if (o->software.len == 0 && span_equal_nocase(name, "user-agent"))
		o->software = value;
}

/* True when all was read that is asked for. */
static bool read_http(struct cursor *c, struct opening *o)
{
	struct span line = {.len = 0}, target;

	while (line.len == 0)
		if (!take_line(c, &line))
			return false;
	if (span_starts(line, "HTTP/"))
		return true;
	o->request = true;
	o->tunnel = span_starts(line, "CONNECT ");
	if (o->tunnel) {
		target = span_slice(line, sizeof("CONNECT ") - 1, line.len);
		o->host = first_word(target);
	}
	while (o->host.len == 0 || o->software.len == 0) {
		if (!take_line(c, &line))
			return false;
		if (line.len == 0)
			return true;
		take_header(line, o);
	}
	return true;
}

/* "SSH-2.0-software comments" */
static bool read_ssh(struct cursor *c, struct opening *o)
{
	struct span line, version;

	if (!take_line(c, &line))
		return false;
	if (!span_starts(line, "SSH-"))
		return true;
	version = span_slice(line, sizeof("SSH-") - 1, line.len);
	version = span_slice(version, span_find_byte(version, '-'), version.len);
	o->software = span_trim(span_slice(version, 1, version.len));
	return true;
}

/* "220 name software" of a server; clients say nothing that is asked for. */
static bool read_smtp(struct cursor *c, struct opening *o)
{
	struct span line, text;

	o->tunnel = true;
	if (!take_line(c, &line))
		return false;
	if (!span_starts(line, "220"))
		return true;
	text = span_trim(span_slice(line, 4, line.len));
	o->host = first_word(text);
	o->software = span_trim(span_slice(text, o->host.len, text.len));
	return true;
}

/* "220 software" of a server; "HOST name" of a client, which is the first that it says. */
static bool read_ftp(struct cursor *c, struct opening *o)
{
	struct span line;

	o->tunnel = true;
	if (!take_line(c, &line))
		return false;
	if (span_starts(line, "220"))
		o->software = span_trim(span_slice(line, 4, line.len));
	else if (span_equal_nocase(span_slice(line, 0, 5), "host "))
		o->host = span_trim(span_slice(line, 5, line.len));
	return true;
}

/* Up to the next zero, which is passed over. Fails the cursor when there is none. */
static struct span take_text(struct cursor *c)
{
	struct cursor ahead = *c;
	size_t len = span_find_byte(cursor_rest(&ahead), 0);
	struct span text = cursor_span(c, len == SIZE_MAX ? cursor_left(c) : len);

	cursor_skip(c, 1);
	return text;
}

/* Version 4A: a name stands behind an address 0.0.0.x. */
static struct span read_socks4(struct cursor *c)
{
	struct span none = {.len = 0};
	uint32_t address;

	cursor_skip(c, 2 + 2); /* version, command, port */
	address = cursor_u32be(c);
	(void)take_text(c);
	return address > 0 && address <= 0xff ? take_text(c) : none;
}

static struct span read_socks5(struct cursor *c)
{
	struct span none = {.len = 0}, host;
	uint8_t type;

	cursor_skip(c, 1);
	cursor_skip(c, cursor_u8(c)); /* ways to prove oneself */
	if (cursor_peek(c, 0) == PASSWORD) {
		cursor_skip(c, 1);
		cursor_skip(c, cursor_u8(c)); /* user */
		cursor_skip(c, cursor_u8(c)); /* password */
	}
	if (cursor_u8(c) != SOCKS5 || cursor_u8(c) != CONNECT)
		return none;
	cursor_skip(c, 1);
	type = cursor_u8(c);
	if (type != ADDRESS_NAME)
		return none;
	host = cursor_span(c, cursor_u8(c));
	return cursor_failed(c) ? none : host;
}

/* Of a client; a server repeats the address alone. */
static bool read_socks(struct cursor *c, struct opening *o)
{
	int version = cursor_peek(c, 0);
	struct span host;

	o->tunnel = true;
	host = version == SOCKS4 ? read_socks4(c) : read_socks5(c);
	if (cursor_failed(c))
		return false;
	o->host = host;
	return true;
}

static bool read_front(enum opening_protocol protocol, struct cursor *c, struct opening *o)
{
	switch (protocol) {
	case OPENING_HTTP:
		return read_http(c, o);
	case OPENING_SSH:
		return read_ssh(c, o);
	case OPENING_SMTP:
		return read_smtp(c, o);
	case OPENING_FTP:
		return read_ftp(c, o);
	case OPENING_SOCKS:
		return read_socks(c, o);
	}
	return true;
}

int opening_read(enum opening_protocol protocol, struct span front, bool over, struct opening *ret)
{
	struct cursor c = cursor_open(span_slice(front, 0, OPENING_BYTES_MAX));
	struct opening o = {.request = false};

	if (!read_front(protocol, &c, &o) && !over && front.len < OPENING_BYTES_MAX)
		return STATUS_MORE;
	*ret = o;
	return STATUS_OK;
}
