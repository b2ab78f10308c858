/* xml: XML documents, one or several behind each other, and what is clinical in them.
 *
 * Sources: XML 1.0 (W3C), and the document formats named in xml_carrier.c. Parsed by expat behind
 * base/xml.h, which gets the text in UTF-8 and in blocks of one size: nothing that comes out
 * depends on how the input was cut.
 *
 * A scope is an element that becomes a message: the root; a document inside an envelope; a FHIR
 * resource in a Bundle or contained in another. Fields wait in their scope, because what it is may
 * show later; when XML_HELD_DUE_BYTES wait they are put out, and the message stays open.
 *
 * A document that is broken, cut short, over a limit, or has a document type gives what was read of
 * it; from there on all is running text. The stream says at its end what was wrong first. */
#include <string.h>

#include "base/status.h"
#include "decode/xml_state.h"

#define PROBE_NAME_BYTES_MAX 128

/* ---- recognising it ---- */

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static bool is_name_byte(uint8_t b)
{
	const uint8_t low = b | 0x20;

	return (low >= 'a' && low <= 'z') || (b >= '0' && b <= '9') || b == '_' || b == ':' ||
	       b == '-' || b == '.' || b >= 0x80;
}

/* Pages of the web are read as text: few of them are XML. */
static bool is_page(struct span name)
{
	static const char *const names[] = {"html", "head", "body", "div", "p", "span", "br",
	        "table", "script", "style", "meta", "img", "a", "b", "i", "u", "ul", "ol", "li",
	        "h1", "h2", "h3", "font", "center", "title", "link", "form", "input", "svg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_equal_nocase(name, names[i]))
			return true;
	return false;
}

/* "<" and a name that a tag goes on behind. */
static enum probe_answer tag_begins(struct span head, bool end)
{
	size_t len = 1;

	while (len < head.len && len <= PROBE_NAME_BYTES_MAX && is_name_byte(head.data[len]))
		len++;
	if (len == head.len && len <= PROBE_NAME_BYTES_MAX)
		return end ? PROBE_NO : PROBE_MORE;
	if (len == 1 || len > PROBE_NAME_BYTES_MAX || head.data[1] == '-' || head.data[1] == '.' ||
	        (head.data[1] >= '0' && head.data[1] <= '9'))
		return PROBE_NO;
	if (!is_blank(head.data[len]) && head.data[len] != '>' && head.data[len] != '/')
		return PROBE_NO;
	return is_page(span_slice(head, 1, len - 1)) ? PROBE_NO : PROBE_YES;
}

static enum probe_answer begins_with(struct span head, const char *text, bool end)
{
	size_t len = strlen(text);
	size_t have = head.len < len ? head.len : len;

	if (!span_equal(span_slice(head, 0, have), span_of(text, have)))
		return PROBE_NO;
	if (have == len)
		return PROBE_YES;
	return end ? PROBE_NO : PROBE_MORE;
}

/* Behind a comment that stands first. */
static enum probe_answer document_begins(struct span head, bool end)
{
	enum probe_answer answer;
	size_t stop;

	while (head.len > 0 && is_blank(head.data[0]))
		head = span_slice(head, 1, SIZE_MAX);
	if (head.len == 0)
		return end ? PROBE_NO : PROBE_MORE;
	if (head.data[0] != '<')
		return PROBE_NO;
	answer = begins_with(head, "<?xml", end);
	if (answer != PROBE_NO)
		return answer;
	answer = begins_with(head, "<!--", end);
	if (answer == PROBE_NO)
		return tag_begins(head, end);
	stop = span_find(span_slice(head, 4, SIZE_MAX), span_of_text("-->"));
	if (answer == PROBE_MORE || stop == SIZE_MAX)
		return end ? PROBE_NO : PROBE_MORE;
	return document_begins(span_slice(head, 4 + stop + 3, SIZE_MAX), end);
}

static enum probe_answer xml_probe(const struct probe *p)
{
	if (p->env->datagram && p->env->depth == 0)
		return PROBE_NO;
	return document_begins(p->head, p->end);
}

/* ---- the window and the parser ---- */

static int xml_open(void *state, const struct decode_env *env)
{
	struct xml_content *x = state;
	int status = xml_new_patient(&x->reader, env->budget);

	if (status == STATUS_OK)
		x->env = env;
	return status;
}

static void xml_close(void *state)
{
	struct xml_content *x = state;

	for (unsigned i = 0; i < x->scopes; i++)
		buf_free(&x->scope[i].held);
	x->reader = xml_free(x->reader);
}

static void note_wrong(struct xml_content *x, enum stream_end why)
{
	if (x->end == STREAM_COMPLETE)
		x->end = why;
}

/* Through the gate only while there is a document. */
static void add_bytes(struct xml_content *x, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (x->phase == XML_READING)
			x->window_len += xml_gate_byte(
			        &x->gate, bytes[i], x->window + x->window_len);
		else
			x->window[x->window_len++] = bytes[i];
	}
}

/* How many bytes stand for themselves, whatever comes behind them. */
static size_t plain_bytes(const struct xml_content *x, const struct cursor *c, size_t most)
{
	size_t len = 0;

	if (x->charset.held_count > 0 || (x->phase == XML_READING && !xml_gate_in_text(&x->gate)))
		return 0;
	most = most < c->left ? most : c->left;
	while (len < most && c->at[len] >= ' ' && c->at[len] < 0x80 && c->at[len] != '<')
		len++;
	return len;
}

/* Adds input to the window, up to that many bytes. */
static void fill(struct xml_content *x, struct cursor *c, size_t len, bool last)
{
	uint8_t bytes[XML_CHARSET_OUT_MAX];

	while (cursor_left(c) > 0 && x->window_len < len) {
		struct span plain = cursor_span(c, plain_bytes(x, c, len - x->window_len));

		if (plain.len > 0)
			memcpy(x->window + x->window_len, plain.data, plain.len);
		x->window_len += plain.len;
		if (plain.len == 0)
			add_bytes(x, bytes, xml_charset_byte(&x->charset, cursor_u8(c), bytes));
	}
	if (last && cursor_left(c) == 0)
		add_bytes(x, bytes, xml_charset_finish(&x->charset, bytes));
	if (x->charset.wrong > 0)
		note_wrong(x, STREAM_MALFORMED);
}

/* Forgets what the parser has got past. */
static void pass_window(struct xml_content *x)
{
	size_t passed = (size_t)(xml_read_bytes(x->reader) - x->window_at);

	if (xml_read_bytes(x->reader) <= x->window_at)
		return;
	if (passed > x->window_fed)
		passed = x->window_fed;
	memmove(x->window, x->window + passed, x->window_len - passed);
	x->window_len -= passed;
	x->window_fed -= passed;
	x->window_at += passed;
}

/* The document ends here, and what follows is read as text. */
static void break_off(struct xml_content *x, enum stream_end why, struct decode_out *out)
{
	if (x->end != STREAM_COMPLETE && why == STREAM_MALFORMED)
		decode_count_malformed(out);
	if (x->end != STREAM_COMPLETE && why == STREAM_LIMIT)
		decode_count_limit(out);
	note_wrong(x, why);
	x->broken = why;
	x->phase = XML_WINDING_UP;
}

/* Behind the root: another document begins right here. */
static bool next_document(const struct xml_content *x)
{
	struct span rest = span_of(x->window, x->window_len);

	return x->root_closed && x->documents < XML_DOCUMENTS_MAX &&
	       document_begins(rest, true) == PROBE_YES;
}

static int restart(struct xml_content *x)
{
	size_t blanks = 0;

	x->reader = xml_free(x->reader);
	x->documents++;
	x->root_closed = false;
	x->last_fed = false;
	x->fhir_seen = x->claim_seen = false;
	x->claim_marks = 0;
	x->window_fed = 0;
	x->window_at = 0;
	while (blanks < x->window_len && is_blank(x->window[blanks]))
		blanks++;
	x->window_len -= blanks;
	memmove(x->window, x->window + blanks, x->window_len);
	return xml_new_patient(&x->reader, x->env->budget);
}

/* The parser reads no further. */
static int reader_stopped(
        struct xml_content *x, int why, const struct decode_in *in, struct decode_out *out)
{
	pass_window(x);
	if (why < 0)
		return why;
	if (why == STATUS_MALFORMED && next_document(x))
		return restart(x);
	if (why == STATUS_LIMIT)
		break_off(x, STREAM_LIMIT, out);
	else if (why == STATUS_MALFORMED && x->last_fed)
		break_off(x,
		        x->gap                       ? STREAM_GAP
		        : in->end == STREAM_COMPLETE ? STREAM_TRUNCATED
		                                     : in->end,
		        out);
	else if (why == STATUS_END)
		break_off(x, x->gap ? STREAM_GAP : STREAM_COMPLETE, out);
	else
		break_off(x, STREAM_MALFORMED, out);
	return STATUS_OK;
}

/* The parser has nothing to say about what it has: it gets the next block, when that is whole. */
static int feed_reader(struct xml_content *x, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	bool over;

	pass_window(x);
	if (x->window_fed + XML_BLOCK_BYTES + XML_FILL_BYTES_MAX > sizeof(x->window))
		return reader_stopped(x, STATUS_LIMIT, in, out);
	if (!x->gap)
		fill(x, c, x->window_fed + XML_BLOCK_BYTES, in->last);
	if (x->gate.left_out > 0)
		decode_unread(out, x->gate.left_out, STREAM_LIMIT);
	x->gate.left_out = 0;
	over = x->gap || (in->last && cursor_left(c) == 0);
	if (x->window_len - x->window_fed < XML_BLOCK_BYTES && !over) {
		*ret_wait = true;
		return STATUS_OK;
	}
	x->last_fed = x->window_len == x->window_fed;
	xml_feed(x->reader, span_of(x->window + x->window_fed, x->window_len - x->window_fed),
	        x->last_fed);
	x->window_fed = x->window_len;
	return STATUS_OK;
}

static int read_step(struct xml_content *x, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	int status = xml_next(x->reader, &x->event);

	if (status == STATUS_ITEM) {
		x->event_waits = true;
		x->event_at = 0;
		return STATUS_OK;
	}
	return status == STATUS_OK ? feed_reader(x, c, in, out, ret_wait)
	                           : reader_stopped(x, status, in, out);
}

/* The declaration decides how all bytes are read. */
static void start(struct xml_content *x, struct cursor *c, bool last, bool *ret_wait)
{
	struct span head;

	while (cursor_left(c) > 0 && is_blank((uint8_t)cursor_peek(c, 0)))
		cursor_skip(c, 1); /* before a declaration none may stand */
	head = span_slice(span_of(c->at, c->left), 0, XML_DECLARATION_BYTES);
	if (head.len < XML_DECLARATION_BYTES && span_find_byte(head, '>') == SIZE_MAX && !last) {
		*ret_wait = true;
		return;
	}
	xml_charset_init(&x->charset, x->env->content->charset, head);
	x->phase = XML_READING;
}

/* ---- as text ---- */

/* What is sealed stays sealed in a broken envelope. */
static void look_for_marks(struct xml_content *x, struct span text)
{
	static const char *const marks[] = {"EncryptedData", "SealedMessage", "EncryptedPayload"};
	char seam[2 * XML_MARK_BYTES];
	size_t len = text.len < XML_MARK_BYTES ? text.len : XML_MARK_BYTES;

	memcpy(seam, x->text_tail, x->text_tail_len);
	memcpy(seam + x->text_tail_len, text.data, len);
	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		struct span mark = span_of_text(marks[i]);

		x->sealed = x->sealed || span_find(text, mark) != SIZE_MAX ||
		            span_find(span_of(seam, x->text_tail_len + len), mark) != SIZE_MAX;
	}
	len += x->text_tail_len;
	if (text.len >= XML_MARK_BYTES) {
		memcpy(x->text_tail, text.data + text.len - XML_MARK_BYTES, XML_MARK_BYTES);
		x->text_tail_len = XML_MARK_BYTES;
	} else {
		x->text_tail_len = len < XML_MARK_BYTES ? len : XML_MARK_BYTES;
		memcpy(x->text_tail, seam + len - x->text_tail_len, x->text_tail_len);
	}
}

static bool is_dull(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_name_byte(text.data[i]) && text.data[i] != '-' && text.data[i] != '.')
			return false;
	return true;
}

static void put_text(struct xml_content *x, struct span text, bool last, struct decode_out *out)
{
	struct field field = {
	        .kind = FIELD_TEXT, .bytes = text, .first = !x->text_running, .last = last};

	if (!x->text_open)
		decode_begin(out, CARRIER_TEXT, span_of_text(""), "text");
	x->text_open = true;
	decode_field(out, &field, "");
	x->text_running = !last;
}

static int text_step(struct xml_content *x, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	struct span text;

	if (x->gap) /* what follows does not go on with it */
		x->window[x->window_len++] = '\n';
	x->gap = false;
	fill(x, c, XML_BLOCK_BYTES, in->last);
	if (x->window_len < XML_BLOCK_BYTES && !in->last) {
		*ret_wait = true; /* no cut of the input shows */
		return STATUS_OK;
	}
	text = span_of(x->window, x->window_len);
	if (text.len > 0 && (x->text_open || !is_dull(text))) {
		look_for_marks(x, text);
		for (; text.len > 0; text = span_slice(text, DECODE_PIECE_BYTES_MAX, SIZE_MAX))
			put_text(x, span_slice(text, 0, DECODE_PIECE_BYTES_MAX), false, out);
		x->window_out = true;
		return STATUS_MORE;
	}
	x->window_len = 0;
	*ret_wait = true;
	if (cursor_left(c) > 0 || !in->last) {
		*ret_wait = cursor_left(c) == 0;
		return STATUS_OK;
	}
	if (x->text_running)
		put_text(x, span_of(NULL, 0), true, out);
	if (x->text_open)
		decode_end(out);
	x->phase = XML_ENDED;
	if (x->sealed || x->end != STREAM_COMPLETE)
		decode_stop(out, x->sealed ? STREAM_SEALED : x->end);
	return STATUS_OK;
}

/* ---- the stream ---- */

static int wind_step(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	x->event_waits = false;
	if (x->depth > 0)
		return xml_wind_up(x, out, ret);
	x->phase = XML_AS_TEXT;
	return STATUS_OK;
}

static int xml_step(struct xml_content *x, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	enum xml_step step = XML_DONE;
	int status = STATUS_OK;

	if (x->flush != XML_FLUSH_NONE)
		return xml_flush_step(x, out);
	if (x->event_waits) {
		status = xml_handle(x, out, &step);
		x->event_waits = step != XML_DONE;
		if (status == STATUS_LIMIT) {
			break_off(x, STREAM_LIMIT, out);
			return STATUS_OK;
		}
		return status == STATUS_OK && step == XML_DRAIN ? STATUS_MORE : status;
	}
	switch (x->phase) {
	case XML_STARTING:
		start(x, c, in->last, ret_wait);
		return STATUS_OK;
	case XML_READING:
		return read_step(x, c, in, out, ret_wait);
	case XML_WINDING_UP:
		status = wind_step(x, out, &step);
		return status == STATUS_OK && step == XML_DRAIN ? STATUS_MORE : status;
	case XML_AS_TEXT:
		return text_step(x, c, in, out, ret_wait);
	case XML_ENDED:
		break;
	}
	return STATUS_BUG;
}

static int xml_content_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct xml_content *x = state;
	struct cursor c = cursor_open(in->bytes);
	bool wait = false;
	int status = STATUS_OK;

	if (x->value_out)
		x->value_len = 0;
	if (x->window_out)
		x->window_len = 0;
	x->value_out = x->window_out = false;
	while (status == STATUS_OK && x->phase != XML_ENDED && !wait) {
		if (decode_room(out) < XML_OPS_PER_STEP)
			status = STATUS_MORE;
		else
			status = xml_step(x, &c, in, out, &wait);
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status;
}

/* The document ends before the gap; what follows it is read as text. */
static int xml_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct xml_content *x = state;

	(void)missing_bytes;
	if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	note_wrong(x, STREAM_GAP);
	if (x->phase == XML_STARTING)
		x->phase = XML_READING;
	x->gap = x->phase == XML_READING;
	if (x->phase == XML_AS_TEXT && (x->text_running || x->window_len > 0)) {
		put_text(x, span_of(x->window, x->window_len), true, out);
		x->window_out = true;
	}
	return STATUS_OK;
}

const struct decoder decoder_xml = {
        .name = "xml",
        .clear = true,
        .fallback = true,
        .state_bytes = sizeof(struct xml_content),
        .probe = xml_probe,
        .open = xml_open,
        .feed = xml_content_feed,
        .gap = xml_gap,
        .close = xml_close,
};
