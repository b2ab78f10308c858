/* multipart: web forms with files (RFC 7578) and other multipart bodies (RFC 2046 section 5.1). A
 * part without a file name becomes a field; a file, and a field that is a document of its own,
 * becomes a child stream. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/extension.h"
#include "decode/mime_header.h"

#define MULTIPART_ROOM            10 /* operations that one step may need */
#define MULTIPART_DELIMITER_CHARS (DECODE_BOUNDARY_CHARS + 3)
#define MULTIPART_LINE_BYTES_MAX  8192 /* of a header, folds included; a line has 998 (RFC 5322) */

enum multipart_phase {
	PART_NONE,      /* before the first part: looks for a delimiter */
	PART_DELIMITER, /* the rest of a delimiter's line */
	PART_HEAD,
	PART_VALUE, /* a field: waits for its end */
	PART_BODY,  /* a child stream is open */
	PART_OVER,  /* after the closing delimiter */
};

enum multipart_step { STEP_GO, STEP_WAIT, STEP_DRAIN };

struct multipart {
	const struct decode_env *env;
	enum multipart_phase phase;
	char delimiter[MULTIPART_DELIMITER_CHARS]; /* LF "--" boundary */
	size_t delimiter_len;
	bool begun, ended;
	bool line_start; /* a delimiter may stand here without a line end before it */
	bool is_file;
	unsigned number; /* of the part */
	size_t scanned;
	struct content content; /* declared of the part */
	char name[DECODE_LABEL_BYTES_MAX];
	size_t name_len;
};

/* Where a delimiter stands. */
struct hit {
	bool found;
	size_t content_len; /* bytes before it and its line end */
	size_t skip;        /* up to and with the delimiter, its own line end excluded */
};

static enum probe_answer multipart_probe(const struct probe *p)
{
	const struct content *c = p->env->content;

	return strncmp(c->type, "multipart/", 10) == 0 && c->boundary[0] != '\0' ? PROBE_YES
	                                                                         : PROBE_NO;
}

static int multipart_open(void *state, const struct decode_env *env)
{
	struct multipart *m = state;
	int len = snprintf(m->delimiter, sizeof(m->delimiter), "\n--%s", env->content->boundary);

	m->env = env;
	m->delimiter_len = (size_t)len;
	m->line_start = true;
	return STATUS_OK;
}

/* What may follow the boundary on its line; others are a longer boundary. */
static bool ends_delimiter(struct span rest, size_t at)
{
	uint8_t b = at < rest.len ? rest.data[at] : '\n';

	return b == '\r' || b == '\n' || b == '-' || b == ' ' || b == '\t';
}

/* Looks from m->scanned on, and keeps how far it has come. */
static struct hit find_delimiter(struct multipart *m, struct span rest, bool last)
{
	struct span full = span_of(m->delimiter, m->delimiter_len);
	struct span bare = span_slice(full, 1, full.len);
	size_t at = m->scanned;

	if (m->line_start && rest.len > bare.len - (last ? 1 : 0) &&
	        span_equal(span_slice(rest, 0, bare.len), bare) && ends_delimiter(rest, bare.len))
		return (struct hit){.found = true, .skip = bare.len};
	for (;;) {
		size_t off = span_find(span_slice(rest, at, rest.len), full);

		if (off == SIZE_MAX)
			break;
		at += off;
		if (at + full.len >= rest.len && !last)
			break;
		if (ends_delimiter(rest, at + full.len))
			return (struct hit){
			        .found = true,
			        .content_len = at > 0 && rest.data[at - 1] == '\r' ? at - 1 : at,
			        .skip = at + full.len,
			};
		at++;
	}
	m->scanned = rest.len > full.len ? rest.len - full.len : 0;
	if (m->scanned < at && at < rest.len)
		m->scanned = at;
	return (struct hit){.found = false};
}

/* Bytes that cannot be the start of a delimiter any more. */
static size_t safe_len(const struct multipart *m, struct span rest, bool last)
{
	size_t keep = m->delimiter_len + 2; /* CR before it, one byte behind it */

	if (last)
		return rest.len;
	return rest.len > keep ? rest.len - keep : 0;
}

static struct span rest_of(const struct cursor *c)
{
	return span_of(c->at, cursor_left(c));
}

static void delimiter_passed(struct multipart *m, struct cursor *c, const struct hit *hit)
{
	cursor_skip(c, hit->skip);
	m->phase = PART_DELIMITER;
	m->scanned = 0;
	m->line_start = false;
}

/* Behind the delimiter; without one, behind the len bytes that cannot belong to it. */
static int pass(struct multipart *m, struct cursor *c, const struct hit *hit, size_t len)
{
	if (hit->found) {
		delimiter_passed(m, c, hit);
		return STEP_GO;
	}
	if (len > 0) {
		cursor_skip(c, len);
		m->scanned = 0;
		m->line_start = false;
	}
	return STEP_WAIT;
}

static int step_none(
        struct multipart *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct hit hit = find_delimiter(m, rest_of(c), in->last);
	size_t len = hit.found ? hit.content_len : safe_len(m, rest_of(c), in->last);

	if (len > 0)
		decode_unread(out, len, STREAM_UNKNOWN);
	return pass(m, c, &hit, len);
}

static int step_delimiter(struct multipart *m, struct cursor *c, bool last)
{
	struct span rest = rest_of(c);
	size_t stop = span_find_byte(rest, '\n');

	if (span_starts(rest, "--")) {
		m->phase = PART_OVER;
		return STEP_GO;
	}
	if (stop == SIZE_MAX && rest.len > MULTIPART_LINE_BYTES_MAX) {
		m->phase = PART_NONE;
		return STEP_GO;
	}
	if (stop == SIZE_MAX) {
		if (last)
			cursor_skip(c, rest.len);
		return STEP_WAIT;
	}
	cursor_skip(c, stop + 1);
	m->phase = PART_HEAD;
	m->number++;
	m->is_file = strcmp(m->env->content->type, "multipart/form-data") != 0;
	m->name_len = 0;
	m->content = (struct content){0};
	return STEP_GO;
}

static void put_file_name(struct multipart *m, struct span name, struct decode_out *out)
{
	struct field field = {
	        .kind = FIELD_VALUE,
	        .role = ROLE_FILE_NAME,
	        .bytes = span_slice(name, 0, DECODE_VALUE_BYTES_MAX),
	        .first = true,
	        .last = true,
	};

	m->is_file = true;
	content_declare_name(&m->content, name);
	decode_field(out, &field, "file name");
}

static void read_disposition(struct multipart *m, struct span value, struct decode_out *out)
{
	struct span name = content_parameter(value, "name", out);
	struct span file = content_file_name(value, out);

	m->name_len = name.len < sizeof(m->name) ? name.len : sizeof(m->name);
	if (m->name_len > 0)
		memcpy(m->name, name.data, m->name_len);
	if (file.len > 0)
		put_file_name(m, file, out);
}

static void read_header(struct multipart *m, struct span line, struct decode_out *out)
{
	size_t colon = span_find_byte(line, ':');
	struct span name = span_trim(span_slice(line, 0, colon));
	struct span value;

	if (colon == SIZE_MAX)
		return;
	value = span_trim(span_slice(line, colon + 1, line.len));
	if (span_equal_nocase(name, "content-disposition"))
		read_disposition(m, value, out);
	else if (span_equal_nocase(name, "content-type"))
		content_declare_type(&m->content, value);
	else if (span_equal_nocase(name, "content-transfer-encoding") ||
	         span_equal_nocase(name, "content-encoding"))
		content_declare_encoding(&m->content, value);
}

static void part_open(struct multipart *m, struct decode_out *out)
{
	const char *ending = m->content.extension;

	snprintf(m->content.place, sizeof(m->content.place), "%s %u%s%s%s",
	        m->is_file ? "part" : "form field", m->number, *ending ? " (." : "", ending,
	        *ending ? ")" : "");
	decode_child_open(out, &m->content);
	m->phase = PART_BODY;
}

static bool is_document(const struct multipart *m)
{
	const char *type = m->content.type;

	return m->is_file || m->content.wrappings[0] != WRAPPING_NONE ||
	       (type[0] != '\0' && strcmp(type, "text/plain") != 0);
}

/* Bytes of the first header with its line ends: a line that begins with a blank goes on with the
 * one before it (RFC 5322 section 2.2.3). 0: its end is not there yet. */
static size_t header_len(struct span head, bool last)
{
	size_t at = 0, stop;

	while ((stop = span_find_byte(span_slice(head, at, head.len), '\n')) != SIZE_MAX) {
		bool empty = at == 0 && (stop == 0 || (stop == 1 && head.data[0] == '\r'));

		at += stop + 1;
		if (empty || (at == head.len && last))
			return at;
		if (at < head.len && head.data[at] != ' ' && head.data[at] != '\t')
			return at;
	}
	return 0;
}

/* Without its line ends; borrows. False when there is no memory for one that was folded. */
static bool unfold(struct span *line, struct decode_out *out)
{
	uint8_t *text;

	while (line->len > 0 &&
	        (line->data[line->len - 1] == '\r' || line->data[line->len - 1] == '\n'))
		line->len--;
	if (span_find_byte(*line, '\n') == SIZE_MAX)
		return true;
	text = decode_scratch(out, line->len);
	if (text)
		*line = span_of(text, mime_unfold(*line, text));
	return text != NULL;
}

static int step_head(
        struct multipart *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = rest_of(c);
	struct span head = span_slice(rest, 0, MULTIPART_LINE_BYTES_MAX + 1);
	size_t len = header_len(head, in->last && head.len == rest.len);
	struct span line = span_slice(head, 0, len);

	if (len == 0) {
		if (rest.len <= MULTIPART_LINE_BYTES_MAX)
			return STEP_WAIT;
		decode_count_malformed(out);
		m->phase = PART_NONE;
		return STEP_GO;
	}
	if (!unfold(&line, out)) {
		if (decode_room(out) == DECODE_QUEUE_OPS)
			decode_stop(out, STREAM_LIMIT);
		return STEP_DRAIN;
	}
	cursor_skip(c, len);
	if (line.len > 0) {
		read_header(m, line, out);
		return STEP_GO;
	}
	m->scanned = 0;
	m->line_start = true;
	m->phase = PART_VALUE;
	if (is_document(m))
		part_open(m, out);
	return STEP_GO;
}

static void put_value(struct multipart *m, struct span value, struct decode_out *out)
{
	if (content_is_nested(value, &m->content)) {
		part_open(m, out);
		decode_child_bytes(out, value);
		decode_child_close(out, STREAM_COMPLETE);
		return;
	}
	decode_value(out, LABEL_KEY, span_of(m->name, m->name_len), value);
}

static int step_value(
        struct multipart *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = rest_of(c);
	struct hit hit = find_delimiter(m, rest, in->last);

	if (hit.found && hit.content_len <= DECODE_VALUE_BYTES_MAX) {
		put_value(m, span_slice(rest, 0, hit.content_len), out);
		delimiter_passed(m, c, &hit);
		return STEP_DRAIN; /* the name is used again */
	}
	if (hit.found || rest.len > DECODE_VALUE_BYTES_MAX + m->delimiter_len + 2) {
		(void)content_is_nested(rest, &m->content);
		part_open(m, out); /* too long for a field */
		m->scanned = 0;
		return STEP_GO;
	}
	if (in->last && rest.len > 0) {
		put_value(m, span_slice(rest, 0, DECODE_VALUE_BYTES_MAX), out);
		cursor_skip(c, rest.len);
		m->phase = PART_NONE;
	}
	return STEP_WAIT;
}

static int step_body(
        struct multipart *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct span rest = rest_of(c);
	struct hit hit = find_delimiter(m, rest, in->last);
	size_t len = hit.found ? hit.content_len : safe_len(m, rest, in->last);

	if (len > 0)
		decode_child_bytes(out, span_slice(rest, 0, len));
	if (hit.found)
		decode_child_close(out, STREAM_COMPLETE);
	return pass(m, c, &hit, len);
}

static int step_over(struct cursor *c, struct decode_out *out)
{
	struct span rest = cursor_rest(c);
	uint64_t other = 0;

	for (size_t i = 0; i < rest.len; i++)
		other += rest.data[i] != '-' && rest.data[i] > ' ';
	if (other > 0)
		decode_unread(out, rest.len, STREAM_UNKNOWN);
	return STEP_WAIT;
}

static int multipart_step(
        struct multipart *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	switch (m->phase) {
	case PART_NONE:
		return step_none(m, c, in, out);
	case PART_DELIMITER:
		return step_delimiter(m, c, in->last);
	case PART_HEAD:
		return step_head(m, c, in, out);
	case PART_VALUE:
		return step_value(m, c, in, out);
	case PART_BODY:
		return step_body(m, c, in, out);
	case PART_OVER:
		return step_over(c, out);
	}
	return STATUS_BUG;
}

static void at_end(struct multipart *m, enum stream_end end, struct decode_out *out)
{
	if (m->ended)
		return;
	m->ended = true;
	if (m->phase != PART_OVER && end == STREAM_COMPLETE)
		end = STREAM_TRUNCATED;
	if (m->phase == PART_BODY)
		decode_child_close(out, end);
	decode_end(out);
	if (m->phase != PART_OVER)
		decode_stop(out, end);
}

static int multipart_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct multipart *m = state;
	struct cursor c = cursor_open(in->bytes);

	if (!m->begun)
		decode_begin(out, CARRIER_FORM, span_of_text(""), "");
	m->begun = true;
	while (decode_room(out) >= MULTIPART_ROOM) {
		int step = multipart_step(m, &c, in, out);

		*ret_consumed = in->bytes.len - cursor_left(&c);
		if (step < 0)
			return step;
		if (step == STEP_DRAIN)
			return STATUS_MORE;
		if (step == STEP_WAIT && in->last)
			at_end(m, in->end, out);
		if (step == STEP_WAIT)
			return STATUS_OK;
	}
	return STATUS_MORE;
}

/* Reading goes on at the next delimiter; a file goes on behind the gap. */
static int multipart_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct multipart *m = state;

	m->scanned = 0;
	m->line_start = false;
	if (m->phase == PART_BODY) {
		if (before.len > 0)
			decode_child_bytes(out, before);
		decode_child_gap(out, missing_bytes);
		return STATUS_OK;
	}
	if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	m->phase = PART_NONE;
	return STATUS_OK;
}

const struct decoder decoder_multipart = {
        .name = "multipart",
        .clear = true,
        .state_bytes = sizeof(struct multipart),
        .probe = multipart_probe,
        .open = multipart_open,
        .feed = multipart_feed,
        .gap = multipart_gap,
};
