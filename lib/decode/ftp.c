/* ftp: the control connection of FTP. Each direction is read alone: the client's commands with the
 * names of files in them, the server's replies. Files travel on connections of their own, which are
 * announced here (struct decode_related) and read by ftp_data.c.
 *
 * Sources: see ftp_command.h. Of user names, passwords and the replies to them (second digit 3,
 * RFC 959 section 4.2.1) nothing is put out; of other replies those on the state of things and of
 * files (second digit 1 or 5). A TLS record where a line should begin is where AUTH was agreed on,
 * RFC 4217. Where the long addresses of RFC 1639 (LPRT, LPSV) lie is not followed. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/extension.h"
#include "decode/ftp_command.h"

#define CONTROL_PORT   21
#define LINE_BYTES_MAX 8192 /* a path may have 4096 bytes, and a command before it */
#define OPS_PER_STEP   4
#define TLS_HANDSHAKE  0x16
#define TELNET_FIRST   0xf0 /* RFC 854; stands in front of ABOR, RFC 959 section 4.1.3 */

struct ftp {
	bool server, known; /* which side speaks in this direction */
	bool skipping;      /* up to the next line */
	bool gap_seen;
	bool in_reply; /* of several lines; the last begins with its number, below */
	char number[3];
	unsigned uploads, downloads, paths;
	size_t looked; /* of the line, without its end */
};

/* ---- recognition ---- */

static struct span without_end(struct span line)
{
	while (line.len > 0 && (line.data[line.len - 1] == '\r' || line.data[line.len - 1] == '\n'))
		line.len--;
	return line;
}

/* What a line of the beginning says; hint: the port, or the other direction, says FTP. */
static enum probe_answer probe_line(struct span line, bool hint, bool first)
{
	struct ftp_command command;

	if (line.len > 0 && line.data[0] >= '0' && line.data[0] <= '9') {
		if (ftp_reply_is_distinct(line))
			return PROBE_YES;
		if (ftp_is_reply(line))
			return hint ? PROBE_YES : PROBE_MORE;
		return first ? PROBE_NO : PROBE_MORE;
	}
	ftp_command_read(line, &command);
	if (command.use == FTP_UNKNOWN)
		return PROBE_NO;
	return hint || command.distinct ? PROBE_YES : PROBE_MORE;
}

/* A line that has no end yet: can it become one? */
static bool line_possible(struct span start)
{
	static const char model[] = "000-";

	if (start.data[0] < '0' || start.data[0] > '9')
		return ftp_command_possible(start);
	for (size_t i = 0; i < sizeof(model) - 1 && i < start.len; i++)
		if (model[i] == '0' ? start.data[i] < '0' || start.data[i] > '9'
		                    : start.data[i] != ' ' && start.data[i] != '-')
			return false;
	return true;
}

/* Other protocols greet with 220 and ask for USER and PASS, too: lines are looked at until one of
 * them belongs to this one alone. */
static enum probe_answer ftp_probe(const struct probe *p)
{
	const struct tuple *t = p->env->tuple;
	bool hint = p->other || t->src.port == CONTROL_PORT || t->dst.port == CONTROL_PORT;
	bool server = p->head.len > 0 && p->head.data[0] >= '0' && p->head.data[0] <= '9';
	struct span rest = p->head;

	if (p->env->depth > 0 || p->env->datagram || rest.len == 0)
		return PROBE_NO;
	for (bool first = true; rest.len > 0; first = false) {
		size_t end = span_find_byte(rest, '\n');
		enum probe_answer answer;

		if (end == SIZE_MAX && !p->end)
			return (server && !first) || line_possible(rest) ? PROBE_MORE : PROBE_NO;
		if (server && !first && !ftp_is_reply(without_end(span_slice(rest, 0, end))))
			answer = PROBE_MORE; /* inside of a reply of several lines */
		else
			answer = probe_line(without_end(span_slice(rest, 0, end)), hint, first);
		if (answer != PROBE_MORE)
			return answer;
		rest = span_slice(rest, end == SIZE_MAX ? rest.len : end + 1, SIZE_MAX);
	}
	return p->end ? PROBE_NO : PROBE_MORE;
}

/* ---- what is put out ---- */

static void put(struct decode_out *out, enum field_role role, const char *label, struct span value)
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

/* A message with one field. */
static void tell(struct decode_out *out, struct span name, enum field_role role, const char *label,
        struct span value)
{
	decode_begin(out, CARRIER_FTP, name, "FTP session");
	put(out, role, label, value);
	decode_end(out);
}

static void tell_name(struct decode_out *out, const struct ftp_command *command, const char *what,
        unsigned number)
{
	const char *ending = extension_of(command->argument);
	char place[DECODE_STEP_CHARS];

	snprintf(place, sizeof(place), *ending ? "FTP %s %u (%s)" : "FTP %s %u", what, number,
	        ending);
	decode_begin(out, CARRIER_FTP, command->verb, place);
	if (command->argument.len > 0)
		put(out, ROLE_FILE_NAME, "name", command->argument);
	decode_end(out);
}

static void tell_related(struct decode_out *out, bool sound, const struct decode_related *related)
{
	if (sound)
		decode_related(out, related);
	else
		decode_count_malformed(out);
}

static void command(struct ftp *s, struct decode_out *out, struct span line, size_t whole_bytes)
{
	struct decode_related related = {.port = 0};
	struct ftp_command c;

	ftp_command_read(line, &c);
	switch (c.use) {
	case FTP_NONE:
		break;
	case FTP_UPLOAD:
		tell_name(out, &c, "upload", ++s->uploads);
		break;
	case FTP_DOWNLOAD:
		tell_name(out, &c, "download", ++s->downloads);
		break;
	case FTP_PATH:
		if (c.argument.len > 0)
			tell_name(out, &c, "path", ++s->paths);
		break;
	case FTP_HOST:
		tell(out, c.verb, ROLE_HOST, "host", c.argument);
		break;
	case FTP_AGENT:
		tell(out, c.verb, ROLE_USER_AGENT, "client", c.argument);
		break;
	case FTP_SETTING:
		tell(out, c.verb, ROLE_HEADER, "setting", c.argument);
		break;
	case FTP_PORT:
		tell_related(out, ftp_read_port(c.argument, &related), &related);
		break;
	case FTP_PORT_LONG:
		tell_related(out, ftp_read_port_long(c.argument, &related), &related);
		break;
	case FTP_ENCRYPTED:
		decode_unread(out, whole_bytes, STREAM_ENCRYPTED);
		break;
	case FTP_UNKNOWN:
		decode_unread(out, whole_bytes, STREAM_UNKNOWN);
		break;
	}
}

static void reply_text(struct ftp *s, struct decode_out *out, struct span text)
{
	if (text.len > 0 && (s->number[1] == '1' || s->number[1] == '5'))
		tell(out, span_of(s->number, sizeof(s->number)), ROLE_HEADER, "reply", text);
}

static void reply(struct ftp *s, struct decode_out *out, struct span line, size_t whole_bytes)
{
	struct span text = span_trim(span_slice(line, 4, SIZE_MAX));
	struct decode_related related = {.port = 0};
	bool numbered = ftp_is_reply(line);

	if (s->in_reply && !(numbered && line.data[3] == ' ' &&
	                           memcmp(line.data, s->number, sizeof(s->number)) == 0)) {
		reply_text(s, out, span_trim(line));
		return;
	}
	if (!numbered) {
		decode_unread(out, whole_bytes, s->gap_seen ? STREAM_GAP : STREAM_MALFORMED);
		if (!s->gap_seen)
			decode_count_malformed(out);
		return;
	}
	s->in_reply = line.data[3] == '-';
	memcpy(s->number, line.data, sizeof(s->number));
	if (span_starts(line, "227"))
		tell_related(out, ftp_read_passive(text, &related), &related);
	else if (span_starts(line, "229"))
		tell_related(out, ftp_read_passive_long(text, &related), &related);
	else
		reply_text(s, out, text);
}

/* ---- reading ---- */

static bool is_text(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7f)
			return false;
	return true;
}

static void take_line(struct ftp *s, struct decode_out *out, struct span line, size_t whole_bytes)
{
	line = without_end(line);
	while (line.len > 0 && line.data[0] >= TELNET_FIRST)
		line = span_slice(line, 1, SIZE_MAX);
	if (line.len == 0)
		return;
	if (!is_text(line)) {
		decode_count_malformed(out);
		decode_unread(out, whole_bytes, STREAM_MALFORMED);
		return;
	}
	if (!s->known)
		s->server = line.data[0] >= '0' && line.data[0] <= '9';
	s->known = true;
	if (s->server)
		reply(s, out, line, whole_bytes);
	else
		command(s, out, line, whole_bytes);
}

/* Every step: STATUS_ITEM, go on; STATUS_OK, more input is needed. */

static int line_step(
        struct ftp *s, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t whole;

	if (s->looked == 0 && rest.data[0] == TLS_HANDSHAKE) {
		decode_upgrade(out, "tls", in->bytes.len - rest.len);
		return STATUS_OK;
	}
	while (s->looked < rest.len && rest.data[s->looked] != '\n')
		s->looked++;
	if (s->looked > LINE_BYTES_MAX) {
		decode_count_malformed(out);
		s->skipping = true;
		return STATUS_ITEM;
	}
	if (s->looked == rest.len && !in->last)
		return STATUS_OK;
	whole = s->looked < rest.len ? s->looked + 1 : rest.len;
	take_line(s, out, span_slice(rest, 0, s->looked), whole);
	cursor_skip(c, whole);
	s->looked = 0;
	return STATUS_ITEM;
}

static int skip_step(struct ftp *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t end = span_find_byte(rest, '\n');
	size_t len = end == SIZE_MAX ? rest.len : end + 1;

	decode_unread(out, len, s->gap_seen ? STREAM_GAP : STREAM_MALFORMED);
	cursor_skip(c, len);
	s->skipping = end == SIZE_MAX;
	s->looked = 0;
	return STATUS_ITEM;
}

static int ftp_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct ftp *s = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP) {
		if (cursor_left(&c) == 0)
			status = STATUS_OK;
		else
			status = s->skipping ? skip_step(s, &c, out) : line_step(s, &c, in, out);
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status == STATUS_ITEM ? STATUS_MORE : status;
}

/* A command may lack its end, an answer its beginning. */
static int ftp_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct ftp *s = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	s->gap_seen = true;
	s->in_reply = false;
	s->skipping = true;
	s->looked = 0;
	return STATUS_OK;
}

const struct decoder decoder_ftp = {
        .name = "ftp",
        .protocol = "ftp",
        .clear = true,
        .state_bytes = sizeof(struct ftp),
        .probe = ftp_probe,
        .feed = ftp_feed,
        .gap = ftp_gap,
};
