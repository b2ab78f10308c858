/* smtp: mail on its way between servers. Each direction is read alone: the client's commands and
 * the mails inside them, the server's replies.
 *
 * Sources: RFC 5321 (commands, section 4.5.2 for the dots), RFC 3207 (STARTTLS), RFC 3030 (BDAT),
 * RFC 2033 (LMTP).
 * Of AUTH nothing is put out. A TLS record where a line should begin is where the session was
 * upgraded. DATA that the server refused is recognised by the command that follows in its place. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/dot_text.h"

#define LINE_BYTES_MAX 12288 /* RFC 4954 section 4; commands without AUTH have 512 */
#define OPS_PER_STEP   6
#define TLS_HANDSHAKE  0x16
#define LOOK_BYTES     10 /* "MAIL FROM:" */

enum smtp_phase { COMMANDS, DATA_FIRST, DATA, CHUNK, SKIP_LINE };

struct smtp {
	enum smtp_phase phase;
	struct dot_text text;
	bool server, known; /* which side speaks in this direction */
	bool greeted, envelope_open, child_open, chunk_last, gap_seen;
	unsigned mails;
	uint64_t chunk_bytes;
	size_t looked; /* of the line, without its end */
};

static const char *const commands[] = {"EHLO ", "HELO ", "LHLO ", "MAIL FROM:"};

static bool is_reply(struct span line)
{
	for (size_t i = 0; i < 3; i++)
		if (i >= line.len || line.data[i] < '0' || line.data[i] > '9')
			return false;
	return line.len > 3 && (line.data[3] == ' ' || line.data[3] == '-');
}

static bool is_mail_port(const struct tuple *t)
{
	static const uint16_t ports[] = {24, 25, 465, 587, 2525};

	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		if (t->src.port == ports[i] || t->dst.port == ports[i])
			return true;
	return false;
}

/* Other protocols greet with 220 too, so the greeting must name this one, or the port must. */
static enum probe_answer probe_greeting(const struct probe *p)
{
	size_t end = span_find_byte(p->head, '\n');
	struct span line = span_slice(p->head, 0, end);

	if (end == SIZE_MAX && !p->end)
		return PROBE_MORE;
	if (!is_reply(line) || (!span_starts(line, "220") && !p->other))
		return PROBE_NO;
	/* LMTP, RFC 2033, is the same for the last step. */
	return p->other || is_mail_port(p->env->tuple) || span_has_nocase(line, "SMTP") ||
	                       span_has_nocase(line, "LMTP")
	               ? PROBE_YES
	               : PROBE_NO;
}

static enum probe_answer smtp_probe(const struct probe *p)
{
	enum probe_answer answer = PROBE_NO;

	if (p->env->depth > 0 || p->env->datagram || p->head.len == 0)
		return PROBE_NO;
	if (p->head.data[0] >= '2' && p->head.data[0] <= '5')
		return probe_greeting(p);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t common = span_common_nocase(p->head, commands[i]);

		if (commands[i][common] == '\0')
			return PROBE_YES;
		if (common == p->head.len && !p->end)
			answer = PROBE_MORE;
	}
	return answer;
}

/* ---- what is put out ---- */

static void put_field(
        struct decode_out *out, enum field_role role, const char *label, struct span value)
{
	struct field field = {
	        .role = role,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text(label),
	        .bytes = value,
	        .first = true,
	        .last = true,
	};

	decode_field(out, &field, "");
}

static void envelope_begin(struct smtp *s, struct decode_out *out)
{
	char place[DECODE_STEP_CHARS];

	if (s->envelope_open)
		return;
	snprintf(place, sizeof(place), "mail %u", ++s->mails);
	decode_begin(out, CARRIER_MAIL, span_of_text("SMTP"), place);
	s->envelope_open = true;
}

static void child_close(struct smtp *s, struct decode_out *out, enum stream_end end)
{
	if (s->child_open)
		decode_child_close(out, end);
	s->child_open = false;
}

/* A mail that is given up in the middle (RSET, a new greeting) is cut short. */
static void envelope_end(struct smtp *s, struct decode_out *out)
{
	child_close(s, out, STREAM_TRUNCATED);
	if (s->envelope_open)
		decode_end(out);
	s->envelope_open = false;
}

static void child_open(struct smtp *s, struct decode_out *out)
{
	struct content content = {.type = "message/rfc822"};

	if (s->child_open)
		return;
	envelope_begin(s, out);
	decode_child_open(out, &content);
	s->child_open = true;
}

/* A greeting of either side: a message of its own. */
static void greeting(
        struct decode_out *out, enum field_role role, const char *label, struct span rest)
{
	struct span name = span_slice(rest, 0, span_find_byte(rest, ' '));

	if (name.len == 0)
		return;
	decode_begin(out, CARRIER_MAIL, span_of_text("SMTP"), "mail session");
	put_field(out, role, label, name);
	/* Behind its name a server says what it is, RFC 5321 section 4.2. */
	rest = span_trim(span_slice(rest, name.len, SIZE_MAX));
	if (role == ROLE_HOST && rest.len > 0)
		put_field(out, ROLE_SOFTWARE, "software", rest);
	decode_end(out);
}

static void reply(struct smtp *s, struct decode_out *out, struct span line)
{
	if (!s->greeted && span_starts(line, "220"))
		greeting(out, ROLE_HOST, "greeting", span_trim(span_slice(line, 4, SIZE_MAX)));
	s->greeted = true;
}

static void chunk_command(struct smtp *s, struct decode_out *out, struct span rest)
{
	struct span size = span_slice(rest, 0, span_find_byte(rest, ' '));

	if (!span_to_u64(size, UINT32_MAX, &s->chunk_bytes)) {
		decode_count_malformed(out);
		return;
	}
	s->chunk_last = span_has_nocase(span_slice(rest, size.len, SIZE_MAX), "LAST");
	child_open(s, out);
	s->phase = CHUNK;
}

static void command(struct smtp *s, struct decode_out *out, struct span line)
{
	if (span_starts_nocase(line, "EHLO ") || span_starts_nocase(line, "HELO ") ||
	        span_starts_nocase(line, "LHLO ")) {
		envelope_end(s, out);
		greeting(out, ROLE_HEADER, "ehlo", span_trim(span_slice(line, 5, SIZE_MAX)));
	} else if (span_starts_nocase(line, "MAIL FROM:")) {
		envelope_end(s, out);
		envelope_begin(s, out);
		put_field(out, ROLE_HEADER, "mail-from", span_trim(span_slice(line, 10, SIZE_MAX)));
	} else if (span_starts_nocase(line, "RCPT TO:")) {
		envelope_begin(s, out);
		put_field(out, ROLE_HEADER, "rcpt-to", span_trim(span_slice(line, 8, SIZE_MAX)));
	} else if (span_equal_nocase(line, "DATA")) {
		s->phase = DATA_FIRST;
	} else if (span_starts_nocase(line, "BDAT ")) {
		chunk_command(s, out, span_trim(span_slice(line, 5, SIZE_MAX)));
	} else if (span_equal_nocase(line, "RSET") || span_equal_nocase(line, "QUIT")) {
		envelope_end(s, out);
	}
}

/* ---- reading ---- */

/* Every step: STATUS_ITEM, go on; STATUS_OK, more input is needed. */

static int line_step(
        struct smtp *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	struct span line;

	if (s->looked == 0 && rest.data[0] == TLS_HANDSHAKE) {
		envelope_end(s, out);
		decode_upgrade(out, "tls", in->bytes.len - rest.len);
		return STATUS_OK;
	}
	while (s->looked < rest.len && rest.data[s->looked] != '\n')
		s->looked++;
	if (s->looked > LINE_BYTES_MAX) {
		decode_count_malformed(out);
		s->phase = SKIP_LINE;
		return STATUS_ITEM;
	}
	if (s->looked == rest.len && !in->last)
		return STATUS_OK;
	line = span_slice(rest, 0, s->looked);
	cursor_skip(c, s->looked < rest.len ? s->looked + 1 : rest.len);
	s->looked = 0;
	while (line.len > 0 && (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == ' '))
		line.len--;
	if (!s->known && line.len > 0) {
		s->server = is_reply(line);
		s->known = true;
	}
	if (s->server)
		reply(s, out, line);
	else
		command(s, out, line);
	return STATUS_ITEM;
}

static int skip_line_step(struct smtp *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(rest, '\n');
	size_t len = end == SIZE_MAX ? rest.len : end + 1;

	decode_unread(out, len, s->gap_seen ? STREAM_GAP : STREAM_MALFORMED);
	cursor_skip(c, len);
	if (end != SIZE_MAX)
		s->phase = COMMANDS;
	s->looked = 0;
	return STATUS_ITEM;
}

/* Whether mail follows the DATA command, or the next command because the server said no. */
static int data_first_step(
        struct smtp *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	static const char *const refused[] = {"QUIT\r", "RSET\r", "NOOP\r", "MAIL FROM:", "\x16"};
	struct span rest = span_of(c->at, c->left);
	bool short_line = span_find_byte(rest, '\n') != SIZE_MAX;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (span_starts_nocase(rest, refused[i])) {
			s->phase = COMMANDS;
			return STATUS_ITEM;
		}
	if (rest.len < LOOK_BYTES && !short_line && !in->last)
		return STATUS_OK;
	child_open(s, out);
	s->phase = DATA;
	s->text = (struct dot_text){.state = DOT_LINE_BEGIN};
	return STATUS_ITEM;
}

static void mail_end(struct smtp *s, struct decode_out *out)
{
	child_close(s, out, STREAM_COMPLETE);
	envelope_end(s, out);
	s->phase = COMMANDS;
}

static int data_step(struct smtp *s, struct cursor *c, struct decode_out *out)
{
	struct span piece;
	int status = dot_text_next(&s->text, c, &piece);

	if (piece.len > 0)
		decode_child_bytes(out, piece);
	if (status != STATUS_END)
		return status;
	mail_end(s, out);
	return STATUS_ITEM;
}

static int chunk_step(struct smtp *s, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < s->chunk_bytes ? cursor_left(c) : (size_t)s->chunk_bytes;

	if (len > 0)
		decode_child_bytes(out, cursor_span(c, len));
	s->chunk_bytes -= len;
	if (s->chunk_bytes > 0)
		return STATUS_ITEM;
	s->phase = COMMANDS;
	if (s->chunk_last)
		mail_end(s, out);
	return STATUS_ITEM;
}

static int smtp_step(
        struct smtp *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	if (s->phase == CHUNK && s->chunk_bytes == 0)
		return chunk_step(s, c, out);
	if (cursor_left(c) == 0)
		return STATUS_OK;
	switch (s->phase) {
	case COMMANDS:
		return line_step(s, c, in, out);
	case DATA_FIRST:
		return data_first_step(s, c, in, out);
	case DATA:
		return data_step(s, c, out);
	case CHUNK:
		return chunk_step(s, c, out);
	case SKIP_LINE:
		return skip_line_step(s, c, out);
	}
	return STATUS_BUG;
}

static int smtp_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct smtp *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP)
		status = smtp_step(s, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_OK && in->last && s->child_open) {
		enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;

		child_close(s, out, cut);
		decode_stop(out, cut);
	}
	if (status == STATUS_OK && in->last)
		envelope_end(s, out);
	return status;
}

static int smtp_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct smtp *s = state;

	s->gap_seen = true;
	s->looked = 0;
	if (s->phase == DATA) {
		decode_child_gap(out, missing_bytes);
		dot_text_lost(&s->text);
		return STATUS_OK;
	}
	if (s->phase == CHUNK && missing_bytes > 0 && missing_bytes <= s->chunk_bytes) {
		decode_child_gap(out, missing_bytes);
		s->chunk_bytes -= missing_bytes;
		return STATUS_OK;
	}
	decode_unread(out, before.len, STREAM_GAP);
	child_close(s, out, STREAM_GAP);
	envelope_end(s, out);
	s->phase = SKIP_LINE;
	return STATUS_OK;
}

const struct decoder decoder_smtp = {
        .name = "smtp",
        .protocol = "smtp",
        .clear = true,
        .state_bytes = sizeof(struct smtp),
        .probe = smtp_probe,
        .feed = smtp_feed,
        .gap = smtp_gap,
};
