/* pop3: mail on its way to its reader. Each direction is read alone.
 *
 * Sources: RFC 1939, RFC 2449 (CAPA), RFC 2595 section 4 (STLS), RFC 5034 (AUTH). Of what the
 * client says nothing is put out: it is names, passwords and numbers. Which answers have more lines
 * the requests would say; without them the next line does, which is no status then. Lists of
 * numbers and of abilities are passed over; what begins like mail is read as mail, anything else by
 * its content. A TLS record where a line should begin is where the session was upgraded. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/dot_text.h"
#include "decode/mime_header.h"

#define LINE_BYTES_MAX 12288 /* RFC 5034 section 4; others have 512 */
#define LOOK_BYTES     128   /* of the first line of an answer, to say what it is */
#define OPS_PER_STEP   4
#define TLS_HANDSHAKE  0x16
#define PORT           110

enum pop3_phase {
	LINE,
	AFTER_OK, /* another status, or more lines */
	LIST,
	BODY,
	SKIP_LINE,
};

struct pop3 {
	enum pop3_phase phase;
	struct dot_text text;
	bool server, known; /* which side speaks in this direction */
	bool greeted, in_body, authenticates;
	enum stream_end why; /* SKIP_LINE */
	unsigned mails;
	size_t looked; /* of the line, without its end */
};

static const char *const commands[] = {"USER ", "PASS ", "APOP ", "CAPA\r", "CAPA\n", "STLS\r",
        "STLS\n", "AUTH ", "AUTH\r", "STAT\r", "STAT\n", "LIST", "UIDL", "RETR ", "DELE ", "TOP ",
        "NOOP\r", "RSET\r", "QUIT\r", "QUIT\n", "UTF8\r", "LANG"};

static bool is_status(struct span line)
{
	return span_starts(line, "+OK") || span_starts(line, "-ERR") || span_starts(line, "+ ");
}

static bool is_command(struct span line)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (span_common_nocase(line, commands[i]) == strlen(commands[i]))
			return true;
	return false;
}

static bool is_port(const struct tuple *t)
{
	return t->src.port == PORT || t->dst.port == PORT;
}

/* "+OK" greets in other protocols of one's own, too: the words, or the port, must name this one. */
static enum probe_answer probe_greeting(const struct probe *p)
{
	size_t end = span_find_byte(p->head, '\n');
	struct span line = span_slice(p->head, 0, end);
	size_t common = span_common_nocase(line, "+OK");

	if (common < 3 && !span_starts(line, "-ERR"))
		return common == p->head.len && !p->end ? PROBE_MORE : PROBE_NO;
	if (end == SIZE_MAX && !p->end)
		return PROBE_MORE;
	return p->other || is_port(p->env->tuple) || span_has_nocase(line, "POP") ? PROBE_YES
	                                                                          : PROBE_NO;
}

/* FTP begins with USER, too. */
static enum probe_answer pop3_probe(const struct probe *p)
{
	if (p->env->depth > 0 || p->env->datagram || p->head.len == 0)
		return PROBE_NO;
	if (p->head.data[0] == '+' || (p->head.data[0] == '-' && p->other))
		return probe_greeting(p);
	if (!p->other && !is_port(p->env->tuple))
		return PROBE_NO;
	if (is_command(p->head))
		return PROBE_YES;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (span_common_nocase(p->head, commands[i]) == p->head.len && !p->end)
			return PROBE_MORE;
	return PROBE_NO;
}

/* ---- what the server says ---- */

static void greeting(struct pop3 *s, struct decode_out *out, struct span line)
{
	struct field field = {.role = ROLE_SOFTWARE,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text("software"),
	        .bytes = span_trim(span_slice(line, 3, span_find_byte(line, '<') - 3)),
	        .first = true,
	        .last = true};

	s->greeted = true;
	if (field.bytes.len == 0)
		return;
	decode_begin(out, CARRIER_MAIL, span_of_text("POP3"), "mail session");
	decode_field(out, &field, "");
	decode_end(out);
}

/* "1 1205", "1 whqtswO00WBw418f9t5JxYwZ", "TOP", "SASL PLAIN", "." */
static bool is_list(struct span line)
{
	static const char *const abilities[] = {"TOP", "USER", "SASL", "RESP-CODES", "LOGIN-DELAY",
	        "PIPELINING", "EXPIRE", "UIDL", "IMPLEMENTATION", "STLS", "AUTH-RESP-CODE", "LANG",
	        "UTF8", "PLAIN", "LOGIN", "XOIP", "CAPA"};
	struct span word = span_slice(line, 0, span_find_byte(line, ' '));
	uint64_t number;

	for (size_t i = 0; i < ARRAY_LEN(abilities); i++)
		if (span_equal_nocase(word, abilities[i]))
			return true;
	return span_equal_text(line, ".") || span_to_u64(word, UINT32_MAX, &number);
}

static void body_begin(struct pop3 *s, struct decode_out *out, struct span line)
{
	struct content content = {.type = ""};
	char place[DECODE_STEP_CHARS];

	s->text = (struct dot_text){.state = DOT_LINE_BEGIN};
	s->phase = is_list(line) ? LIST : BODY;
	if (s->phase == LIST)
		return;
	if (mime_is_header(line))
		snprintf(content.type, sizeof(content.type), "message/rfc822");
	snprintf(place, sizeof(place), "mail %u", ++s->mails);
	decode_begin(out, CARRIER_MAIL, span_of_text("POP3"), place);
	decode_child_open(out, &content);
	s->in_body = true;
}

static void body_end(struct pop3 *s, struct decode_out *out, enum stream_end end)
{
	if (s->in_body) {
		decode_child_close(out, end);
		decode_end(out);
	}
	s->in_body = false;
}

/* ---- steps: STATUS_ITEM, go on; STATUS_OK, more input is needed ---- */

static void server_line(struct pop3 *s, struct decode_out *out, struct span line)
{
	if (span_starts(line, "+OK") && !s->greeted)
		greeting(s, out, line);
	else if (span_starts(line, "+OK"))
		s->phase = AFTER_OK;
	s->greeted = true;
	if (line.len > 0 && !is_status(line) && !span_equal_text(line, "+"))
		decode_count_malformed(out);
}

/* What follows AUTH is of it, until a command comes. line: with its end. */
static void client_line(struct pop3 *s, struct decode_out *out, struct span line)
{
	if (is_command(line))
		s->authenticates = span_starts_nocase(line, "AUTH");
	else if (!s->authenticates && span_trim(line).len > 2)
		decode_count_malformed(out);
}

static bool is_upgrade(const struct pop3 *s, struct span rest)
{
	return s->looked == 0 && rest.data[0] == TLS_HANDSHAKE;
}

static int line_step(
        struct pop3 *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left), line;

	if (is_upgrade(s, rest)) {
		decode_upgrade(out, "tls", in->bytes.len - rest.len);
		return STATUS_END;
	}
	while (s->looked < rest.len && rest.data[s->looked] != '\n')
		s->looked++;
	if (s->looked > LINE_BYTES_MAX) {
		decode_count_malformed(out);
		s->phase = SKIP_LINE;
		s->why = STREAM_MALFORMED;
		return STATUS_ITEM;
	}
	if (s->looked == rest.len && !in->last)
		return STATUS_OK;
	line = cursor_span(c, s->looked < rest.len ? s->looked + 1 : rest.len);
	s->looked = 0;
	if (!s->known)
		s->server = line.data[0] == '+' || line.data[0] == '-';
	s->known = true;
	if (!s->server) {
		client_line(s, out, line);
		return STATUS_ITEM;
	}
	while (line.len > 0 && line.data[line.len - 1] <= ' ')
		line.len--;
	server_line(s, out, line);
	return STATUS_ITEM;
}

static int after_ok_step(
        struct pop3 *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(span_slice(rest, 0, LOOK_BYTES), '\n');
	struct span line = span_slice(rest, 0, end < LOOK_BYTES ? end : LOOK_BYTES);

	s->phase = LINE;
	if (is_upgrade(s, rest) || is_status(rest))
		return STATUS_ITEM;
	if (end == SIZE_MAX && rest.len < LOOK_BYTES && !in->last) {
		s->phase = AFTER_OK;
		return STATUS_OK;
	}
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	body_begin(s, out, line);
	return STATUS_ITEM;
}

static int body_step(struct pop3 *s, struct cursor *c, struct decode_out *out)
{
	struct span piece;
	int status = dot_text_next(&s->text, c, &piece);

	if (piece.len > 0 && s->in_body)
		decode_child_bytes(out, piece);
	if (status != STATUS_END)
		return status;
	body_end(s, out, STREAM_COMPLETE);
	s->phase = LINE;
	return STATUS_ITEM;
}

static int skip_line_step(struct pop3 *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(rest, '\n');
	size_t len = end == SIZE_MAX ? rest.len : end + 1;

	decode_unread(out, len, s->why);
	cursor_skip(c, len);
	s->looked = 0;
	if (end != SIZE_MAX)
		s->phase = LINE;
	return STATUS_ITEM;
}

static int pop3_step(
        struct pop3 *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	if (cursor_left(c) == 0)
		return STATUS_OK;
	switch (s->phase) {
	case LINE:
		return line_step(s, c, in, out);
	case AFTER_OK:
		return after_ok_step(s, c, in, out);
	case LIST:
	case BODY:
		return body_step(s, c, out);
	case SKIP_LINE:
		return skip_line_step(s, c, out);
	}
	return STATUS_BUG;
}

static int pop3_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct pop3 *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = pop3_step(s, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last && s->in_body) {
		enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

		body_end(s, out, cut);
		decode_stop(out, cut);
	}
	return status == STATUS_END ? STATUS_OK : status;
}

/* A mail goes on behind the gap; elsewhere the next line is the first that is whole. */
static int pop3_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct pop3 *s = state;

	decode_unread(out, before.len, STREAM_GAP);
	s->looked = 0;
	s->greeted = true;
	dot_text_lost(&s->text);
	if (s->in_body)
		decode_child_gap(out, missing_bytes);
	if (s->phase == BODY || s->phase == LIST)
		return STATUS_OK;
	s->phase = SKIP_LINE;
	s->why = STREAM_GAP;
	return STATUS_OK;
}

const struct decoder decoder_pop3 = {
        .name = "pop3",
        .protocol = "pop3",
        .clear = true,
        .state_bytes = sizeof(struct pop3),
        .probe = pop3_probe,
        .feed = pop3_feed,
        .gap = pop3_gap,
};
