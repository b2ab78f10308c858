/* imap: mail that is read, and put away, on its server. Each direction is read alone.
 *
 * Sources: RFC 3501 and RFC 9051 (sections 4 and 7.5.2), RFC 7888 ({n+}), RFC 3516 (~{n}), RFC 4978
 * (COMPRESS). Of the server's answers FETCH is read item by item: what it holds of a mail becomes
 * child streams and fields. A mail that comes in pieces ("BODY[]<16384>") is one content, as long
 * as they follow each other. Of the client's commands APPEND is read, and the words of a search;
 * of LOGIN and AUTHENTICATE nothing is put out. A literal that the server refused is recognised by
 * the command that stands in its place, a TLS record by its first byte. What follows COMPRESS is
 * not read, and says so. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/imap_command.h"
#include "decode/imap_section.h"
#include "decode/mime_header.h"

#define PORT            143
#define TLS_HANDSHAKE   0x16
#define WORDS_BYTES     64   /* of a line, that say what it is */
#define NESTING_MAX     32   /* of lists; structures of mails have 6 */
#define TOKEN_BYTES_MAX 8000 /* of what is not a literal */
#define FILE_NAME_BYTES 1024
#define NAME_CHARS      64
#define OPS_PER_STEP    8
#define TAIL_BYTES      24 /* "~{18446744073709551615+}" */
#define SEARCHED_DIGITS 8  /* of an identifier; numbers of mails are shorter, dates have signs */

enum imap_phase {
	LINE_BEGIN,
	TOKEN,         /* of a line that is read item by item */
	REST,          /* of a line that is not */
	LITERAL,       /* begins: what is it */
	LITERAL_BYTES, /* `left` */
	SKIP_LINE,
};

enum line_kind { LINE_OTHER, LINE_FETCH, LINE_APPEND, LINE_SEARCH, LINE_SECRET };

struct imap {
	const struct decode_env *env;
	enum imap_phase phase;
	enum line_kind kind;
	bool server, known; /* which side speaks in this direction */
	bool greeted, compress_asked, compressed;
	bool in_message, in_child;
	enum stream_end why; /* SKIP_LINE */
	unsigned mails;
	unsigned nesting;
	unsigned items[NESTING_MAX + 1]; /* in each open list, so far */
	char name[NAME_CHARS];           /* of the item under way */
	char parameter[NAME_CHARS];      /* the string before, in a structure */
	char mailbox[NAME_CHARS * 2];    /* of an address */
	uint64_t left;                   /* of the literal */
	bool waits;                      /* for the server's consent */
	/* Of a mail in pieces, whose child stays open. */
	bool piece, pieces_open;
	uint64_t mail, pieces_mail, origin, pieces_next;
	char pieces_name[NAME_CHARS];
	uint8_t tail[TAIL_BYTES]; /* of a line that is not read */
	size_t tail_len;
};

/* ---- is it IMAP ---- */

static bool has_digit(struct span line)
{
	for (size_t i = 0; i < line.len && line.data[i] != ' '; i++)
		if (line.data[i] >= '0' && line.data[i] <= '9')
			return true;
	return false;
}

static enum probe_answer probe_server(const struct probe *p, bool named)
{
	static const char *const greetings[] = {"* OK", "* PREAUTH", "* BYE"};
	size_t end = span_find_byte(p->head, '\n');

	for (size_t i = 0; i < ARRAY_LEN(greetings); i++) {
		size_t common = span_common_nocase(p->head, greetings[i]);

		if (common == p->head.len && !p->end)
			return PROBE_MORE;
		if (greetings[i][common] != '\0')
			continue;
		if (named)
			return PROBE_YES;
		if (end == SIZE_MAX && !p->end)
			return PROBE_MORE;
		return span_has_nocase(span_slice(p->head, 0, end), "IMAP") ? PROBE_YES : PROBE_NO;
	}
	return named && p->head.len > 2 && p->head.data[1] == ' ' ? PROBE_YES : PROBE_NO;
}

static enum probe_answer imap_probe(const struct probe *p)
{
	bool named = p->other || p->env->tuple->src.port == PORT || p->env->tuple->dst.port == PORT;
	enum probe_answer answer;

	if (p->env->depth > 0 || p->env->datagram || p->head.len == 0)
		return PROBE_NO;
	if (p->head.data[0] == '*')
		return probe_server(p, named);
	answer = imap_command_begins(p->head);
	if (answer == PROBE_MORE && p->end)
		return PROBE_NO;
	/* Elsewhere a tag has a number: others greet each other in two words. */
	if (!named && span_find_byte(p->head, ' ') != SIZE_MAX && !has_digit(p->head))
		return PROBE_NO;
	return answer;
}

static int imap_open(void *state, const struct decode_env *env)
{
	struct imap *m = state;

	m->env = env;
	return STATUS_OK;
}

/* ---- what is put out ---- */

static void child_close(struct imap *m, struct decode_out *out, enum stream_end end)
{
	if (m->in_child)
		decode_child_close(out, end);
	m->in_child = false;
	m->pieces_open = false;
}

static void message_end(struct imap *m, struct decode_out *out, enum stream_end end)
{
	child_close(m, out, end);
	if (m->in_message)
		decode_end(out);
	m->in_message = false;
}

static void message_begin(struct imap *m, struct decode_out *out)
{
	char place[DECODE_STEP_CHARS];

	if (m->pieces_open)
		message_end(m, out, STREAM_COMPLETE);
	if (m->in_message)
		return;
	snprintf(place, sizeof(place), "mail %u", ++m->mails);
	decode_begin(out, CARRIER_MAIL, span_of_text("IMAP"), place);
	m->in_message = true;
}

static bool goes_on(const struct imap *m)
{
	return m->pieces_open && m->piece && m->mail == m->pieces_mail &&
	       m->origin == m->pieces_next && strcmp(m->name, m->pieces_name) == 0;
}

static void content_begin(struct imap *m, struct decode_out *out, struct span front, bool all)
{
	struct content content = {.type = ""};
	bool named = m->kind == LINE_FETCH;

	if (goes_on(m))
		return;
	message_begin(m, out);
	imap_section_declare(
	        named ? span_of_text(m->name) : span_of(NULL, 0), front, all, &content);
	decode_child_open(out, &content);
	m->in_child = true;
}

static void content_end(struct imap *m, struct decode_out *out, uint64_t bytes)
{
	if (!m->piece) {
		child_close(m, out, STREAM_COMPLETE);
		return;
	}
	m->pieces_open = true;
	m->pieces_mail = m->mail;
	m->pieces_next = m->origin + bytes;
	memcpy(m->pieces_name, m->name, sizeof(m->name));
}

/* A header with its encoded words undone. STATUS_ITEM, or the queue's memory is full. */
static int put_header(struct imap *m, struct decode_out *out, enum field_role role,
        const char *label, struct span value)
{
	struct field field = {.role = role,
	        .label_kind = *label ? LABEL_KEY : LABEL_NONE,
	        .label = span_of_text(label),
	        .first = true,
	        .last = true};
	uint8_t *plain = decode_scratch(out, 3 * value.len + 1);

	if (!plain)
		return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
	field.bytes = span_of(plain, mime_words(value, plain));
	message_begin(m, out);
	if (field.bytes.len > 0)
		decode_field(out, &field, "");
	return STATUS_ITEM;
}

/* RFC 3501 section 7.4.2: date, subject, from, sender, reply-to, to, cc, bcc, … */
static int put_envelope(struct imap *m, struct decode_out *out, struct span value)
{
	static const char *const people[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};
	unsigned item = m->items[2];
	char address[sizeof(m->mailbox) + NAME_CHARS * 4];

	if (m->nesting == 2 && item == 1)
		return put_header(m, out, ROLE_HEADER, "Subject", value);
	if (m->nesting != 4 || item < 2 || item - 2 >= ARRAY_LEN(people))
		return STATUS_ITEM;
	if (m->items[4] == 0)
		return put_header(m, out, ROLE_HEADER, people[item - 2], value);
	if (m->items[4] == 2)
		snprintf(m->mailbox, sizeof(m->mailbox), "%.*s", (int)value.len,
		        (const char *)value.data);
	if (m->items[4] != 3 || value.len == 0)
		return STATUS_ITEM;
	snprintf(address, sizeof(address), "%s@%.*s", m->mailbox, (int)value.len,
	        (const char *)value.data);
	return put_header(m, out, ROLE_HEADER, people[item - 2], span_of_text(address));
}

/* In a structure the name of a file stands behind NAME or FILENAME, or RFC 2231's forms of them. */
static int put_structure(struct imap *m, struct decode_out *out, struct span value)
{
	char bare[NAME_CHARS];
	uint8_t *text;
	int status = STATUS_ITEM, len;
	size_t name_len, size;

	value = span_slice(value, 0, FILE_NAME_BYTES);
	size = value.len + NAME_CHARS + 8;
	snprintf(bare, sizeof(bare), "%s", m->parameter);
	bare[strcspn(bare, "*")] = '\0';
	if (strcasecmp(bare, "name") == 0 || strcasecmp(bare, "filename") == 0) {
		text = decode_scratch(out, 5 * size);
		if (!text)
			return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
		len = snprintf((char *)text, size, "; %s=%.*s", m->parameter, (int)value.len,
		        (const char *)value.data);
		name_len = strchr(m->parameter, '*')
		                   ? mime_parameter(span_of(text, (size_t)len), bare, text + len)
		                   : 0;
		value = name_len > 0 ? span_of(text + len, name_len) : value;
		status = put_header(m, out, ROLE_FILE_NAME, "", value);
	}
	if (status == STATUS_ITEM)
		snprintf(m->parameter, sizeof(m->parameter), "%.*s", (int)value.len,
		        (const char *)value.data);
	return status;
}

static bool is_content(const struct imap *m)
{
	struct span name = span_of_text(m->name);

	return m->kind == LINE_FETCH && m->nesting == 1 &&
	       (span_starts_nocase(name, "BODY[") || span_starts_nocase(name, "BINARY[") ||
	               span_starts_nocase(name, "RFC822") || span_starts_nocase(name, "PREVIEW"));
}

/* A string that is there as a whole. */
static int string_value(struct imap *m, struct decode_out *out, struct span value)
{
	int status = STATUS_ITEM;

	if (is_content(m)) {
		content_begin(m, out, span_slice(value, 0, IMAP_FRONT_BYTES),
		        value.len <= IMAP_FRONT_BYTES);
		if (value.len > 0)
			decode_child_bytes(out, value);
		content_end(m, out, value.len);
	} else if (m->kind == LINE_SEARCH && m->nesting == 0) {
		status = put_header(m, out, ROLE_HEADER, "search", value);
	} else if (m->kind == LINE_FETCH && strcasecmp(m->name, "ENVELOPE") == 0) {
		status = put_envelope(m, out, value);
	} else if (m->kind == LINE_FETCH && span_starts_nocase(span_of_text(m->name), "BODY")) {
		status = put_structure(m, out, value);
	}
	if (status == STATUS_ITEM)
		m->items[m->nesting]++;
	return status;
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more is needed; STATUS_MORE, after draining;
 * STATUS_END, nothing more is read ---- */

static void line_begin(struct imap *m)
{
	m->phase = LINE_BEGIN;
	m->tail_len = 0;
}

/* Where the kind of a line begins: "* 12 FETCH ", "A1 UID SEARCH ". */
static struct span words_of(struct imap *m, struct span line, uint64_t *ret_number)
{
	struct span word = span_slice(line, 0, span_find_byte(line, ' '));
	struct span rest = span_slice(line, word.len + 1, SIZE_MAX);

	*ret_number = 0;
	word = span_slice(rest, 0, span_find_byte(rest, ' '));
	if ((m->server && span_to_u64(word, UINT32_MAX, ret_number)) ||
	        span_equal_nocase(word, "UID"))
		rest = span_slice(rest, word.len + 1, SIZE_MAX);
	return rest;
}

static enum line_kind kind_of(struct imap *m, struct span line)
{
	struct span words = words_of(m, line, &m->mail);

	if (m->server)
		return span_starts(line, "* ") && span_starts_nocase(words, "FETCH ") ? LINE_FETCH
		                                                                      : LINE_OTHER;
	if (span_starts_nocase(words, "APPEND "))
		return LINE_APPEND;
	if (span_starts_nocase(words, "SEARCH ") || span_starts_nocase(words, "SORT ") ||
	        span_starts_nocase(words, "THREAD "))
		return LINE_SEARCH;
	if (span_starts_nocase(words, "COMPRESS "))
		m->compress_asked = true;
	return span_starts_nocase(words, "LOGIN ") || span_starts_nocase(words, "AUTHENTICATE ")
	               ? LINE_SECRET
	               : LINE_OTHER;
}

/* RFC 3501 section 7.1: the first line names the server. */
static void greeting(struct imap *m, struct decode_out *out, struct span line)
{
	struct field field = {.role = ROLE_SOFTWARE,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text("software"),
	        .first = true,
	        .last = true};
	size_t code = span_find_byte(line, ']');

	m->greeted = true;
	if (!span_starts_nocase(line, "* OK") && !span_starts_nocase(line, "* PREAUTH"))
		return;
	line = span_slice(line, code != SIZE_MAX ? code + 1 : 5, SIZE_MAX);
	field.bytes = span_trim(span_slice(line, 0, span_find_byte(line, '\r')));
	if (field.bytes.len == 0)
		return;
	decode_begin(out, CARRIER_MAIL, span_of_text("IMAP"), "mail session");
	decode_field(out, &field, "");
	decode_end(out);
}

/* The server has agreed to compress, in a line with a tag: both directions change. */
static void note_compress(struct imap *m, struct span line)
{
	struct imap *peer = m->env->peer;
	size_t tag = span_find_byte(line, ' ');

	if (!m->server || !peer || !peer->compress_asked || span_starts(line, "*") ||
	        tag == SIZE_MAX)
		return;
	m->compressed = peer->compressed = span_starts_nocase(
	        span_slice(line, tag + 1, SIZE_MAX), "OK");
	peer->compress_asked = false;
}

static int line_begin_step(
        struct imap *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(span_slice(rest, 0, TOKEN_BYTES_MAX), '\n');
	size_t needed = m->known && m->greeted ? WORDS_BYTES : TOKEN_BYTES_MAX;
	bool plain = rest.data[0] >= ' ' && rest.data[0] < 0x7f;

	if (rest.data[0] == TLS_HANDSHAKE && !m->compressed) {
		message_end(m, out, STREAM_COMPLETE);
		decode_upgrade(out, "tls", in->bytes.len - rest.len);
		return STATUS_END;
	}
	if (m->compressed || (!plain && m->compress_asked && rest.data[0] != '\r')) {
		message_end(m, out, STREAM_COMPLETE);
		decode_stop(out, STREAM_UNKNOWN);
		return STATUS_END;
	}
	if (end == SIZE_MAX && rest.len < needed && !in->last)
		return STATUS_OK;
	rest = span_slice(rest, 0, end);
	if (!m->known)
		m->server = rest.len > 0 && (rest.data[0] == '*' || rest.data[0] == '+');
	m->known = true;
	if (m->server && !m->greeted)
		greeting(m, out, rest);
	m->greeted = true;
	rest = span_slice(rest, 0, WORDS_BYTES);
	m->kind = kind_of(m, rest);
	note_compress(m, rest);
	memset(m->items, 0, sizeof(m->items));
	m->nesting = 0;
	m->name[0] = m->parameter[0] = '\0';
	m->piece = false;
	m->phase = m->kind == LINE_OTHER || m->kind == LINE_SECRET ? REST : TOKEN;
	return STATUS_ITEM;
}

static void line_end(struct imap *m, struct decode_out *out)
{
	if (!m->pieces_open)
		message_end(m, out, STREAM_COMPLETE);
	line_begin(m);
}

static int skip_line(struct imap *m, struct decode_out *out, enum stream_end why)
{
	if (why == STREAM_LIMIT)
		decode_count_limit(out);
	else
		decode_count_malformed(out);
	message_end(m, out, why);
	m->phase = SKIP_LINE;
	m->why = why;
	return STATUS_ITEM;
}

/* "{12}", "{12+}", "~{12}" and the line end behind it: STATUS_ITEM, it was taken; STATUS_MORE;
 * STATUS_NOT_FOUND. */
static int take_literal(struct imap *m, struct cursor *c, bool last)
{
	struct span rest = span_of(c->at, c->left), number;
	size_t at = rest.data[0] == '~', end;

	if (rest.len <= at)
		return last ? STATUS_NOT_FOUND : STATUS_MORE;
	if (rest.data[at] != '{')
		return STATUS_NOT_FOUND;
	end = span_find_byte(span_slice(rest, 0, TAIL_BYTES + 2), '\n');
	if (end == SIZE_MAX)
		return rest.len < TAIL_BYTES + 2 && !last ? STATUS_MORE : STATUS_NOT_FOUND;
	number = span_slice(rest, at + 1, end - at - 1);
	while (number.len > 0 &&
	        (number.data[number.len - 1] == '\r' || number.data[number.len - 1] == '}'))
		number.len--;
	m->waits = number.len == 0 || number.data[number.len - 1] != '+';
	if (!m->waits)
		number.len--;
	if (!span_to_u64(number, INT64_MAX, &m->left))
		return STATUS_NOT_FOUND;
	cursor_skip(c, end + 1);
	m->phase = LITERAL;
	return STATUS_ITEM;
}

/* A quoted string; its escapes undone. */
static int quoted_step(struct imap *m, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, TOKEN_BYTES_MAX + 2), value;
	bool escaped = false;
	size_t end;
	uint8_t *plain;
	int status;

	for (end = 1; end < rest.len && rest.data[end] != '"' && rest.data[end] != '\n'; end++) {
		escaped |= rest.data[end] == '\\';
		end += rest.data[end] == '\\';
	}
	if (end >= rest.len && rest.len < TOKEN_BYTES_MAX + 2 && !last)
		return STATUS_OK;
	if (end >= rest.len || rest.data[end] != '"')
		return skip_line(
		        m, out, rest.len > TOKEN_BYTES_MAX ? STREAM_LIMIT : STREAM_MALFORMED);
	value = span_slice(rest, 1, end - 1);
	if (escaped) {
		plain = decode_scratch(out, value.len);
		if (!plain)
			return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
		status = 0;
		for (size_t i = 0; i < value.len; i++) {
			i += value.data[i] == '\\' && i + 1 < value.len;
			plain[status++] = value.data[i];
		}
		value = span_of(plain, (size_t)status);
	}
	status = string_value(m, out, value);
	if (status == STATUS_ITEM)
		cursor_skip(c, end + 1);
	return status;
}

/* The name of an item of FETCH: "BODY[HEADER.FIELDS (FROM TO)]<0>". */
static void note_name(struct imap *m, struct span atom)
{
	size_t origin = span_find_byte(atom, '<');
	struct span number = span_slice(atom, origin == SIZE_MAX ? atom.len : origin + 1, SIZE_MAX);

	if (m->kind != LINE_FETCH || m->nesting != 1 || m->items[1] % 2 != 0)
		return;
	number = span_slice(number, 0, span_find_byte(number, '>'));
	m->piece = span_to_u64(number, UINT32_MAX, &m->origin);
	atom = span_slice(atom, 0, origin);
	snprintf(m->name, sizeof(m->name), "%.*s", (int)atom.len, (const char *)atom.data);
}

static bool ends_atom(uint8_t byte)
{
	return byte <= ' ' || byte == '(' || byte == ')' || byte == '"' || byte == '{';
}

/* A number that is looked for needs no quotation marks. */
static bool is_searched(const struct imap *m, struct span atom)
{
	size_t digits = 0;

	for (size_t i = 0; i < atom.len; i++) {
		digits += atom.data[i] >= '0' && atom.data[i] <= '9';
		if (atom.data[i] == ':' || atom.data[i] == ',')
			return false; /* a set of mails */
	}
	return m->kind == LINE_SEARCH && m->items[0] > 1 && digits >= SEARCHED_DIGITS;
}

static int atom_step(struct imap *m, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, TOKEN_BYTES_MAX + 1);
	size_t len = 0;
	bool inside = false; /* of brackets */
	int status = STATUS_ITEM;

	while (len < rest.len && (inside ? rest.data[len] != '\n' : !ends_atom(rest.data[len]))) {
		inside = rest.data[len] == '[' || (inside && rest.data[len] != ']');
		len++;
	}
	if (len == rest.len && len <= TOKEN_BYTES_MAX && !last)
		return STATUS_OK;
	if (len > TOKEN_BYTES_MAX)
		return skip_line(m, out, STREAM_LIMIT);
	if (is_searched(m, span_slice(rest, 0, len)))
		status = put_header(m, out, ROLE_HEADER, "search", span_slice(rest, 0, len));
	if (status != STATUS_ITEM)
		return status;
	note_name(m, span_slice(rest, 0, len));
	m->items[m->nesting]++;
	cursor_skip(c, len > 0 ? len : 1); /* a control character is none */
	return STATUS_ITEM;
}

static int token_step(struct imap *m, struct cursor *c, bool last, struct decode_out *out)
{
	int status;

	switch (cursor_peek(c, 0)) {
	case '\n':
		cursor_skip(c, 1);
		line_end(m, out);
		return STATUS_ITEM;
	case ' ':
	case '\r':
		cursor_skip(c, 1);
		return STATUS_ITEM;
	case '(':
		if (m->nesting == NESTING_MAX)
			return skip_line(m, out, STREAM_LIMIT);
		m->items[++m->nesting] = 0;
		m->parameter[0] = '\0';
		cursor_skip(c, 1);
		return STATUS_ITEM;
	case ')':
		m->nesting -= m->nesting > 0;
		m->items[m->nesting]++;
		cursor_skip(c, 1);
		return STATUS_ITEM;
	case '"':
		return quoted_step(m, c, last, out);
	case '{':
	case '~':
		status = take_literal(m, c, last);
		if (status != STATUS_NOT_FOUND)
			return status == STATUS_MORE ? STATUS_OK : status;
		return cursor_peek(c, 0) == '{' ? skip_line(m, out, STREAM_MALFORMED)
		                                : atom_step(m, c, last, out);
	default:
		return atom_step(m, c, last, out);
	}
}

/* Only whether a literal stands at its end; of any length. */
static int rest_step(struct imap *m, struct cursor *c)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(rest, '\n');
	size_t len = end == SIZE_MAX ? rest.len : end;
	size_t from = len > TAIL_BYTES ? len - TAIL_BYTES : 0, keep = len - from;
	struct cursor tail;
	size_t brace;

	if (m->tail_len + keep > TAIL_BYTES) {
		size_t drop = m->tail_len + keep - TAIL_BYTES;

		memmove(m->tail, m->tail + drop, m->tail_len - drop);
		m->tail_len -= drop;
	}
	memcpy(m->tail + m->tail_len, rest.data + from, keep);
	m->tail_len += keep;
	cursor_skip(c, end == SIZE_MAX ? len : len + 1);
	if (end == SIZE_MAX)
		return STATUS_ITEM;
	/* The last brace: a text may have others. */
	for (brace = m->tail_len; brace > 0 && m->tail[brace - 1] != '{'; brace--)
		;
	if (brace > 0 && m->tail_len < TAIL_BYTES)
		m->tail[m->tail_len++] = '\n';
	else if (brace > 0)
		m->tail[m->tail_len - 1] = '\n'; /* in place of the carriage return */
	tail = cursor_open_bytes(
	        m->tail + (brace > 0 ? brace - 1 : 0), m->tail_len - (brace > 0 ? brace - 1 : 0));
	m->tail_len = 0;
	if (brace == 0 || take_literal(m, &tail, true) != STATUS_ITEM)
		line_begin(m);
	return STATUS_ITEM;
}

/* Of these a literal is a string among others. */
static bool wants_string(const struct imap *m)
{
	return m->left <= TOKEN_BYTES_MAX &&
	       ((m->kind == LINE_FETCH && !is_content(m)) || m->kind == LINE_SEARCH ||
	               (m->kind == LINE_APPEND && m->items[0] < 3));
}

/* The client was to wait for the server's consent, and did not get it. */
static bool was_refused(const struct imap *m, struct span front)
{
	return !m->server && m->waits &&
	       imap_command_begins(span_slice(front, 0, WORDS_BYTES)) == PROBE_YES;
}

static void literal_begin(struct imap *m, struct decode_out *out, struct span front, bool all)
{
	if (m->kind != LINE_SECRET && m->left > 0)
		content_begin(m, out, front, all);
	m->origin += m->piece ? m->left : 0; /* where the next piece begins */
	m->phase = LITERAL_BYTES;
}

static int literal_step(struct imap *m, struct cursor *c, bool last, struct decode_out *out)
{
	size_t most = m->left < IMAP_FRONT_BYTES ? (size_t)m->left : IMAP_FRONT_BYTES;
	struct span front = span_slice(span_of(c->at, c->left), 0, most);
	int status;

	if (cursor_left(c) == 0 && !last && m->left > 0)
		return STATUS_OK;
	if (was_refused(m, front)) {
		message_end(m, out, STREAM_TRUNCATED);
		line_begin(m);
		return STATUS_ITEM;
	}
	if (wants_string(m)) {
		if (cursor_left(c) < m->left)
			return STATUS_OK;
		status = string_value(
		        m, out, span_slice(span_of(c->at, c->left), 0, (size_t)m->left));
		if (status != STATUS_ITEM)
			return status;
		cursor_skip(c, (size_t)m->left);
		m->phase = TOKEN;
		return STATUS_ITEM;
	}
	if (front.len < most && !last)
		return STATUS_OK;
	literal_begin(m, out, front, front.len == m->left);
	return STATUS_ITEM;
}

static int literal_bytes_step(struct imap *m, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < m->left ? cursor_left(c) : (size_t)m->left;

	if (len > 0 && m->in_child)
		decode_child_bytes(out, span_of(c->at, len));
	cursor_skip(c, len);
	m->left -= len;
	if (m->left > 0)
		return STATUS_OK;
	if (m->in_child)
		content_end(m, out, 0);
	m->items[m->nesting]++;
	m->phase = m->kind == LINE_OTHER || m->kind == LINE_SECRET ? REST : TOKEN;
	m->tail_len = 0;
	return STATUS_ITEM;
}

static int skip_line_step(struct imap *m, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(rest, '\n');
	size_t len = end == SIZE_MAX ? rest.len : end + 1;

	decode_unread(out, len, m->why);
	cursor_skip(c, len);
	if (end != SIZE_MAX)
		line_begin(m);
	return STATUS_ITEM;
}

static int imap_step(
        struct imap *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	bool literal = m->phase == LITERAL || m->phase == LITERAL_BYTES;

	if (cursor_left(c) == 0 && !(literal && m->left == 0))
		return STATUS_OK;
	switch (m->phase) {
	case LINE_BEGIN:
		return line_begin_step(m, c, in, out);
	case TOKEN:
		return token_step(m, c, in->last, out);
	case REST:
		return rest_step(m, c);
	case LITERAL:
		return literal_step(m, c, in->last, out);
	case LITERAL_BYTES:
		return literal_bytes_step(m, c, out);
	case SKIP_LINE:
		return skip_line_step(m, c, out);
	}
	return STATUS_BUG;
}

static void at_end(struct imap *m, const struct decode_in *in, struct decode_out *out)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;
	bool open = m->phase == LITERAL_BYTES || m->phase == LITERAL;

	message_end(m, out, open ? cut : STREAM_COMPLETE);
	if (open)
		decode_stop(out, cut);
}

static int imap_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct imap *m = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = imap_step(m, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last)
		at_end(m, in, out);
	return status == STATUS_END ? STATUS_OK : status;
}

/* A literal goes on behind the gap; elsewhere the next line is the first that is whole. */
static int imap_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct imap *m = state;

	m->greeted = true;
	if (m->phase == LITERAL && before.len < m->left && !wants_string(m)) {
		literal_begin(m, out, before, false);
		if (m->in_child)
			decode_child_bytes(out, before);
		m->left -= before.len;
	} else {
		decode_unread(out, before.len, STREAM_GAP);
	}
	if (m->phase == LITERAL_BYTES && missing_bytes > 0 && missing_bytes <= m->left) {
		if (m->in_child)
			decode_child_gap(out, missing_bytes);
		m->left -= missing_bytes;
		return STATUS_OK;
	}
	message_end(m, out, STREAM_GAP);
	m->phase = SKIP_LINE;
	m->why = STREAM_GAP;
	return STATUS_OK;
}

const struct decoder decoder_imap = {
        .name = "imap",
        .protocol = "imap",
        .clear = true,
        .state_bytes = sizeof(struct imap),
        .probe = imap_probe,
        .open = imap_open,
        .feed = imap_feed,
        .gap = imap_gap,
};
