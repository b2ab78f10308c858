/* mime: a mail: its headers, its parts at any nesting, their files.
 *
 * Sources: RFC 5322 (headers), RFC 2045 (transfer encodings), RFC 2046 section 5.1 (multipart),
 * RFC 2183 (file names); see mime_header.h. Subject and people are fields of the mail; each leaf of
 * the tree of parts is a child stream, its transfer encoding undone, Latin-1 made UTF-8. Text
 * between the parts is put out too: a mail client shows it to nobody, which makes it a good place
 * to hide in. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/mime_header.h"
#include "decode/transfer_encoding.h"

#define NESTING_MAX   8    /* multiparts inside multiparts; clients make 3 */
#define SLICE_BYTES   2048 /* of a body, in one go */
#define BOUNDARY_LINE (2 + DECODE_BOUNDARY_CHARS + 2 + 16) /* with its dashes, and blanks behind */
/* A header unfolded, and what its values need; or what one go of a body can become. */
#define ARENA_BYTES     (5 * MIME_HEADER_BYTES_MAX)
#define OPS_PER_STEP    8
#define MAIL_NAME_CHARS 76 /* of a header's name, in a line of 78 */

enum mime_phase {
	HEADERS,
	BODY,    /* of a leaf: a child stream is open */
	BETWEEN, /* parts: before the first, behind the last */
};

struct mime {
	const struct decode_env *env;
	enum mime_phase phase;
	bool begun, in_part, latin1, child_open, long_header, named;
	unsigned nesting, parts;
	char boundaries[NESTING_MAX][DECODE_BOUNDARY_CHARS];
	struct content content;
	struct transfer_reader transfer;
	bool line_begin;
	uint8_t line_end
	        [2]; /* before the line that is read: of the body, unless that is a boundary */
	uint8_t line_end_len;
	size_t looked;
	size_t used; /* of arena, put out */
	uint8_t arena[ARENA_BYTES];
};

/* ---- is it mail ---- */

static const char *const first_names[] = {"received", "return-path", "delivered-to", "from", "to",
        "subject", "date", "message-id", "mime-version", "reply-to", "sender", "x-mailer",
        "x-sender", "dkim-signature", "content-type"};

static bool is_header_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f || name.data[i] == ':')
			return false;
	return name.len > 0;
}

static bool begins_mail(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(first_names); i++)
		if (span_equal_nocase(name, first_names[i]))
			return true;
	return false;
}

/* The name before the first colon: STATUS_MORE when it may still come. */
static int read_name(struct span line, bool end, struct span *ret)
{
	size_t colon = span_find_byte(line, ':');

	*ret = span_slice(line, 0, colon);
	if (!is_header_name(span_slice(*ret, 0, MAIL_NAME_CHARS)) || ret->len > MAIL_NAME_CHARS)
		return line.len == 0 && !end ? STATUS_MORE : STATUS_MALFORMED;
	if (colon == SIZE_MAX)
		return end ? STATUS_MALFORMED : STATUS_MORE;
	return STATUS_OK;
}

/* A first line that only mail begins with, and a second that is a header or continues the first. */
static enum probe_answer mime_probe(const struct probe *p)
{
	struct span name;
	size_t line_end;
	int status = read_name(p->head, p->end, &name);

	if (strcmp(p->env->content->type, "message/rfc822") == 0)
		return PROBE_YES;
	if (p->env->depth == 0)
		return PROBE_NO;
	if (status != STATUS_OK)
		return status == STATUS_MORE ? PROBE_MORE : PROBE_NO;
	if (!begins_mail(name))
		return PROBE_NO;
	line_end = span_find_byte(p->head, '\n');
	if (line_end == SIZE_MAX)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (line_end + 1 < p->head.len &&
	        (p->head.data[line_end + 1] == ' ' || p->head.data[line_end + 1] == '\t'))
		return PROBE_YES;
	status = read_name(span_slice(p->head, line_end + 1, SIZE_MAX), p->end, &name);
	if (status == STATUS_MORE)
		return PROBE_MORE;
	return status == STATUS_OK ? PROBE_YES : PROBE_NO;
}

/* ---- headers ---- */

static uint8_t *arena_free(struct mime *m)
{
	return m->arena + m->used;
}

static void put_header(
        struct decode_out *out, enum field_role role, struct span name, struct span value)
{
	struct field field = {
	        .role = role,
	        .label_kind = name.len > 0 ? LABEL_KEY : LABEL_NONE,
	        .label = name,
	        .bytes = value,
	        .first = true,
	        .last = true,
	};

	if (value.len > 0)
		decode_field(out, &field, "");
}

/* Headers that servers write, about the way and not about people or the matter. */
static bool is_routing(struct span name)
{
	static const char *const names[] = {"received", "dkim-signature", "message-id",
	        "references", "in-reply-to", "date", "mime-version", "return-path",
	        "authentication-results", "received-spf", "thread-index"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_equal_nocase(name, names[i]))
			return true;
	return span_equal_nocase(span_slice(name, 0, 4), "arc-");
}

static void file_name(
        struct mime *m, struct decode_out *out, struct span header, const char *parameter)
{
	size_t len;

	if (m->named)
		return; /* by the other header */
	len = mime_parameter(header, parameter, arena_free(m));
	if (len == 0)
		return;
	m->named = true;
	content_declare_name(&m->content, span_of(arena_free(m), len));
	put_header(out, ROLE_FILE_NAME, span_of(NULL, 0), span_of(arena_free(m), len));
	m->used += len;
}

static void content_header(
        struct mime *m, struct decode_out *out, struct span name, struct span value)
{
	if (span_equal_nocase(name, "content-type")) {
		content_declare_type(&m->content, value);
		file_name(m, out, value, "name");
	} else if (span_equal_nocase(name, "content-transfer-encoding")) {
		transfer_reader_init(&m->transfer, transfer_encoding_parse(value));
	} else if (span_equal_nocase(name, "content-disposition")) {
		file_name(m, out, value, "filename");
	} else if (span_equal_nocase(name, "content-description")) {
		put_header(out, ROLE_HEADER, name, value);
	}
}

/* One whole header, still folded. */
static void header(struct mime *m, struct decode_out *out, struct span text)
{
	size_t colon = span_find_byte(text, ':');
	struct span name = span_trim(span_slice(text, 0, colon));
	struct span value;
	bool mailer = span_equal_nocase(name, "x-mailer") || span_equal_nocase(name, "user-agent");
	size_t len;

	if (colon == SIZE_MAX || !is_header_name(name)) {
		put_header(out, ROLE_HEADER, span_of(NULL, 0), text);
		decode_count_malformed(out);
		return;
	}
	if (is_routing(name))
		return;
	len = mime_unfold(span_slice(text, colon + 1, SIZE_MAX), arena_free(m));
	value = span_trim(span_of(arena_free(m), len));
	m->used += len;
	if (span_equal_nocase(span_slice(name, 0, 8), "content-")) {
		content_header(m, out, name, value);
		return;
	}
	if (m->in_part)
		return;
	len = mime_words(value, arena_free(m));
	put_header(out, mailer ? ROLE_USER_AGENT : ROLE_HEADER, name, span_of(arena_free(m), len));
	m->used += len;
}

/* The headers have ended: what they declared begins. */
static void body_begin(struct mime *m, struct decode_out *out)
{
	bool multipart = strncmp(m->content.type, "multipart/", 10) == 0 &&
	                 m->content.boundary[0] != '\0';
	const char *ending = m->content.extension;

	m->line_begin = true;
	m->line_end_len = 0;
	m->looked = 0;
	if (multipart && m->nesting < NESTING_MAX) {
		memcpy(m->boundaries[m->nesting++], m->content.boundary, DECODE_BOUNDARY_CHARS);
		m->phase = BETWEEN;
		return;
	}
	if (multipart)
		decode_count_limit(out);
	m->latin1 = strncmp(m->content.type, "text/", 5) == 0 &&
	            mime_is_latin1(span_of_text(m->content.charset));
	if (m->latin1)
		memcpy(m->content.charset, "utf-8", sizeof("utf-8"));
	snprintf(m->content.place, sizeof(m->content.place), "%s %u%s%s%s",
	        *ending ? "attachment" : "part", ++m->parts, *ending ? " (." : "", ending,
	        *ending ? ")" : "");
	decode_child_open(out, &m->content);
	m->child_open = true;
	m->phase = BODY;
}

/* ---- bodies ---- */

static void give(struct mime *m, struct decode_out *out, size_t made)
{
	uint8_t *raw = arena_free(m);
	uint8_t *wide = raw + made;
	size_t len = 0;

	if (made == 0)
		return;
	if (m->latin1) {
		for (size_t i = 0; i < made; i++)
			len += mime_latin1(raw[i], wide + len);
		decode_child_bytes(out, span_of(wide, len));
	} else {
		decode_child_bytes(out, span_of(raw, made));
	}
	m->used += made + len;
}

static void body_bytes(struct mime *m, struct decode_out *out, struct span bytes)
{
	struct cursor in = cursor_open(bytes);

	while (cursor_left(&in) > 0)
		give(m, out, transfer_reader_read(&m->transfer, &in, arena_free(m), SLICE_BYTES));
}

static void body_end(struct mime *m, struct decode_out *out, enum stream_end end)
{
	if (!m->child_open)
		return;
	give(m, out, transfer_reader_finish(&m->transfer, arena_free(m)));
	decode_child_close(out, end);
	m->child_open = false;
}

/* Which open boundary the line is, from 1; 0: none. *ret_closes: it is the last of its kind. */
static unsigned boundary_of(const struct mime *m, struct span line, bool *ret_closes)
{
	for (unsigned i = m->nesting; i > 0; i--) {
		const char *boundary = m->boundaries[i - 1];
		struct span rest = span_slice(line, 2, SIZE_MAX);

		if (!span_starts(line, "--") || !span_starts(rest, boundary))
			continue;
		rest = span_slice(rest, strlen(boundary), SIZE_MAX);
		*ret_closes = span_starts(rest, "--");
		if (*ret_closes)
			rest = span_slice(rest, 2, SIZE_MAX);
		if (span_trim(rest).len == 0)
			return i;
	}
	return 0;
}

static void boundary(struct mime *m, struct decode_out *out, unsigned number, bool closes)
{
	body_end(m, out, STREAM_COMPLETE);
	m->nesting = closes ? number - 1 : number;
	m->phase = closes ? BETWEEN : HEADERS;
	m->in_part = true;
	m->content = (struct content){0};
	m->named = false;
	transfer_reader_init(&m->transfer, TRANSFER_IDENTITY);
	m->line_begin = true;
	m->line_end_len = 0;
}

static void line_text(struct mime *m, struct decode_out *out, struct span text)
{
	if (m->phase == BODY)
		body_bytes(m, out, text);
	else
		put_header(out, ROLE_CONTENT, span_of(NULL, 0), span_trim(text));
}

/* The line end that was kept is of the body after all. */
static void keep_line_end(struct mime *m, struct decode_out *out)
{
	if (m->line_end_len > 0 && m->phase == BODY)
		body_bytes(m, out, span_of(m->line_end, m->line_end_len));
	m->line_end_len = 0;
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more input is needed ---- */

/* Length of the header at the front with its line ends; 0: it has not ended yet. */
static size_t header_length(struct mime *m, struct span rest, bool last)
{
	for (; m->looked < rest.len; m->looked++) {
		if (rest.data[m->looked] != '\n')
			continue;
		if (m->looked + 1 == rest.len && !last && m->looked > 1)
			return 0;
		if (m->looked <= 1 || m->looked + 1 == rest.len ||
		        (rest.data[m->looked + 1] != ' ' && rest.data[m->looked + 1] != '\t'))
			return m->looked + 1;
	}
	return last ? rest.len : 0;
}

static int header_step(struct mime *m, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t len = header_length(m, rest, last);
	struct span text = span_slice(rest, 0, len > 0 ? len : m->looked);

	if (len == 0 && m->looked <= MIME_HEADER_BYTES_MAX)
		return STATUS_OK;
	m->looked = 0;
	text = span_slice(text, 0, MIME_HEADER_BYTES_MAX);
	cursor_skip(c, len > 0 && len <= MIME_HEADER_BYTES_MAX ? len : text.len);
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--;
	if (m->long_header && text.len > 0) { /* of a header that was too long, in pieces */
		put_header(out, ROLE_HEADER, span_of(NULL, 0), text);
	} else if (text.len > 0) {
		header(m, out, text);
	} else {
		body_begin(m, out);
	}
	m->long_header = len == 0 || len > MIME_HEADER_BYTES_MAX;
	if (m->long_header)
		decode_count_limit(out);
	return STATUS_ITEM;
}

/* Whether a boundary stands at the front: STATUS_ITEM, it was taken; STATUS_MORE, nobody knows yet;
 * STATUS_NOT_FOUND. */
static int boundary_step(struct mime *m, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(span_slice(rest, 0, BOUNDARY_LINE), '\n');
	struct span line = span_slice(rest, 0, end);
	bool closes = false;
	unsigned number;

	if (m->nesting == 0 || rest.data[0] != '-' || (rest.len > 1 && rest.data[1] != '-'))
		return STATUS_NOT_FOUND;
	if (end == SIZE_MAX && rest.len < BOUNDARY_LINE && !last)
		return STATUS_MORE;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	number = boundary_of(m, line, &closes);
	if (number == 0)
		return STATUS_NOT_FOUND;
	cursor_skip(c, end == SIZE_MAX ? rest.len : end + 1);
	boundary(m, out, number, closes);
	return STATUS_ITEM;
}

/* A part of a line of a body, or what stands between parts. */
static int body_step(struct mime *m, struct cursor *c, bool last, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, SLICE_BYTES);
	size_t end, len;

	if (m->line_begin) {
		int status = boundary_step(m, c, last, out);

		if (status != STATUS_NOT_FOUND)
			return status == STATUS_MORE ? STATUS_OK : status;
		keep_line_end(m, out);
		m->line_begin = false;
	}
	end = span_find_byte(rest, '\n');
	if (m->phase == BETWEEN && end == SIZE_MAX && rest.len < SLICE_BYTES && !last)
		return STATUS_OK; /* whole lines */
	len = end == SIZE_MAX ? rest.len : end;
	if (len > 0 && rest.data[len - 1] == '\r' && (end != SIZE_MAX || !last))
		len--;
	if (len > 0)
		line_text(m, out, span_slice(rest, 0, len));
	cursor_skip(c, len);
	if (end == SIZE_MAX)
		return len > 0 ? STATUS_ITEM : STATUS_OK;
	m->line_end_len = (uint8_t)(end + 1 - len);
	memcpy(m->line_end, rest.data + len, m->line_end_len);
	cursor_skip(c, m->line_end_len);
	m->line_begin = true;
	return STATUS_ITEM;
}

/* A header may need all of the arena; a piece of a body five times its length. */
static bool has_room(const struct mime *m, const struct decode_out *out)
{
	size_t needed = m->phase == HEADERS ? ARENA_BYTES : 5 * SLICE_BYTES;

	return decode_room(out) >= OPS_PER_STEP && ARENA_BYTES - m->used >= needed;
}

static void mail_end(struct mime *m, const struct decode_in *in, struct decode_out *out)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;
	bool whole = in->end == STREAM_COMPLETE && m->nesting == 0;

	if (m->phase == HEADERS)
		body_begin(m, out);
	keep_line_end(m, out);
	body_end(m, out, whole ? STREAM_COMPLETE : cut);
	decode_end(out);
	m->begun = false;
	if (!whole)
		decode_stop(out, cut);
}

static int mime_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct mime *m = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	m->used = 0;
	if (!m->begun)
		decode_begin(out, CARRIER_MAIL, span_of(NULL, 0), "");
	m->begun = true;
	while (status == STATUS_ITEM && cursor_left(&c) > 0 && has_room(m, out))
		status = m->phase == HEADERS ? header_step(m, &c, in->last, out)
		                             : body_step(m, &c, in->last, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM && cursor_left(&c) > 0)
		return STATUS_MORE;
	if (status < 0)
		return status;
	if (in->last && cursor_left(&c) == 0) {
		if (!has_room(m, out))
			return STATUS_MORE;
		mail_end(m, in, out);
	}
	return STATUS_OK;
}

/* The part goes on behind the gap; its transfer encoding may be out of step, as base64 is in three
 * places of four, so the child stream ends there. */
static int mime_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct mime *m = state;

	m->used = 0;
	m->looked = 0;
	m->line_begin = false;
	m->line_end_len = 0;
	decode_unread(out, before.len, STREAM_GAP);
	if (m->child_open && m->transfer.encoding != TRANSFER_BASE64)
		decode_child_gap(out, missing_bytes);
	else
		body_end(m, out, STREAM_GAP);
	if (m->phase == HEADERS)
		m->long_header = true;
	else if (!m->child_open)
		m->phase = BETWEEN;
	return STATUS_OK;
}

static int mime_open(void *state, const struct decode_env *env)
{
	struct mime *m = state;

	m->env = env;
	return STATUS_OK;
}

const struct decoder decoder_mime = {
        .name = "mime",
        .clear = true,
        .state_bytes = sizeof(struct mime),
        .probe = mime_probe,
        .open = mime_open,
        .feed = mime_feed,
        .gap = mime_gap,
};
