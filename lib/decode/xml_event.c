/* xml_event: what the parser's events become: fields, running text, child streams. */
#include <string.h>

#include "base/status.h"
#include "decode/xml_state.h"

#define NESTED_BYTES_MIN   16 /* no document is shorter */
#define COMMENT_DIGITS_MIN 4  /* an identifier has as many */

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static struct span without_blanks(struct span text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = span_slice(text, 1, SIZE_MAX);
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	return text;
}

static struct span value_of(const struct xml_content *x)
{
	return span_of(x->value, x->value_len);
}

/* The text begins a document of its own: markup, HL7, JSON. */
static bool is_nested(struct span text)
{
	uint8_t second;

	if (text.len < NESTED_BYTES_MIN)
		return false;
	if (span_starts(text, "MSH|") || span_starts(text, "FHS|") || span_starts(text, "BHS|"))
		return true;
	second = text.data[1];
	if (text.data[0] == '<')
		return second == '?' || second == '!' ||
		       ((second | 0x20) >= 'a' && (second | 0x20) <= 'z');
	if (text.data[0] != '{' && text.data[0] != '[')
		return false;
	second = without_blanks(span_slice(text, 1, SIZE_MAX)).data[0];
	return text.data[0] == '{' ? second == '"' : second == '{';
}

static bool is_base64(struct span text, bool declared)
{
	if (!declared)
		return base64_run(text);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = text.data[i];
		uint8_t low = b | 0x20;

		if (!(low >= 'a' && low <= 'z') && !(b >= '0' && b <= '9') && b != '+' &&
		        b != '/' && b != '=' && !is_blank(b))
			return false;
	}
	return text.len >= NESTED_BYTES_MIN;
}

/* ---- what `value` holds goes out ---- */

static void put_piece(struct xml_content *x, struct decode_out *out, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .label_kind = x->run_label_len > 0 ? x->run_label_kind : LABEL_NONE,
	        .label = span_of(x->run_label, x->run_label_len),
	        .bytes = value_of(x),
	        .first = !x->run_started,
	        .last = last,
	};

	decode_field(out, &field, "");
	x->run_started = !last;
	x->value_out = true;
}

static void put_data(struct xml_content *x, struct decode_out *out)
{
	if (x->value_len > 0)
		decode_child_bytes(out, value_of(x));
	x->value_out = true;
}

static void open_data(struct xml_content *x, struct decode_out *out, bool base64)
{
	struct content content = {.place = "nested document"};

	if (base64)
		memcpy(content.place, "base64 value", sizeof("base64 value"));
	decode_child_open(out, &content);
	transfer_reader_init(&x->base64, TRANSFER_BASE64);
	x->text = base64 ? XML_TEXT_BASE64 : XML_TEXT_DATA;
}

static void close_data(struct xml_content *x, struct decode_out *out, enum stream_end end)
{
	put_data(x, out);
	decode_child_close(out, end);
	x->text = XML_TEXT_VALUE;
}

/* Takes what fits into `value`; true when it is full. */
static bool take_bytes(struct xml_content *x, struct span *text)
{
	struct cursor in = cursor_open(*text);
	size_t room = sizeof(x->value) - x->value_len;
	size_t len = text->len < room ? text->len : room;

	if (x->text == XML_TEXT_BASE64) {
		x->value_len += transfer_reader_read(
		        &x->base64, &in, x->value + x->value_len, room);
		*text = span_of(in.at, in.left);
	} else {
		if (len > 0)
			memcpy(x->value + x->value_len, text->data, len);
		x->value_len += len;
		*text = span_slice(*text, len, SIZE_MAX);
	}
	return x->value_len == sizeof(x->value);
}

/* The opening of a text in base64 stands in `value` as it was written. */
static void decode_opening(struct xml_content *x)
{
	uint8_t opening[BASE64_RUN_BYTES];
	struct span text = span_of(
	        opening, x->value_len < sizeof(opening) ? x->value_len : sizeof(opening));

	memcpy(opening, x->value, text.len);
	x->value_len = 0;
	(void)take_bytes(x, &text);
}

static void run_begin(struct xml_content *x, unsigned depth)
{
	struct span label = xml_label(x, span_of(NULL, 0), x->run_label, &x->run_label_kind);

	/* What an office document calls its parts says nothing of them. */
	x->run_label_len = xml_top_scope(x)->carrier == CARRIER_DOCUMENT ? 0 : label.len;
	x->run_started = false;
	x->text = XML_TEXT_RUN;
	x->narrative = depth;
}

static enum xml_step flush_first(struct xml_content *x)
{
	xml_flush_ask(x, true);
	return XML_FLUSH_FIRST;
}

/* ---- attributes ---- */

/* An attribute that is a document of its own. */
static enum xml_step attribute_data(
        struct xml_content *x, struct span value, struct decode_out *out)
{
	struct span rest = span_slice(value, x->part_at, SIZE_MAX);

	if (!x->attribute_open && !xml_is_ready(x))
		return flush_first(x);
	if (!x->attribute_open)
		open_data(x, out, false);
	x->attribute_open = true;
	(void)take_bytes(x, &rest);
	x->part_at = value.len - rest.len;
	if (rest.len > 0) {
		put_data(x, out);
		return XML_DRAIN;
	}
	close_data(x, out, STREAM_COMPLETE);
	x->attribute_open = false;
	x->event_at++;
	x->part_at = 0;
	return XML_DRAIN;
}

static int hold_attribute(struct xml_content *x, const struct xml_attribute *a)
{
	char room[DECODE_LABEL_BYTES_MAX];
	struct span name = xml_local_name(a->name), value = span_of_text(a->value), label;
	bool plain = span_equal_nocase(name, "value") || span_equal_nocase(name, "val");
	enum label_kind kind;
	int status;

	if (plain && xml_keep_sibling(x, xml_open_name(x, 0), value))
		return STATUS_OK;
	if (xml_is_space(a))
		return xml_hold(x, LABEL_NONE, span_of(NULL, 0), value);
	status = xml_hold_qualified(x, value);
	if (status != STATUS_OK)
		return status == STATUS_ITEM ? STATUS_OK : status;
	label = xml_label(x, plain ? span_of(NULL, 0) : name, room, &kind);
	if (xml_top_scope(x)->carrier == CARRIER_CDA && span_starts(value, "tel:"))
		value = span_slice(value, 4, SIZE_MAX);
	return xml_hold(x, kind, label, value);
}

/* The opening of a value that the gate has made the element's text. */
static bool is_opening(struct span value)
{
	return value.len == BASE64_RUN_BYTES + 1 && value.data[BASE64_RUN_BYTES] == XML_GATE_MARK &&
	       base64_run(span_slice(value, 0, BASE64_RUN_BYTES));
}

static int put_attributes(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	while (x->event_at < x->event.attribute_count) {
		const struct xml_attribute *a = &x->event.attributes[x->event_at];
		struct span value = span_of_text(a->value);
		bool done = x->event_at < 64 && (x->attributes_done >> x->event_at & 1);
		int status = STATUS_OK;

		done = done || is_opening(value) || value.len == 0;
		if (!done && is_nested(value) && x->narrative == 0) {
			*ret = attribute_data(x, value, out);
			return STATUS_OK;
		}
		if (!done && !xml_is_layout(x, a))
			status = hold_attribute(x, a);
		if (status != STATUS_OK)
			return status;
		x->event_at++;
	}
	return STATUS_OK;
}

static bool says_base64(const struct xml_event *e)
{
	for (size_t i = 0; i < e->attribute_count; i++) {
		struct span name = xml_local_name(e->attributes[i].name);
		struct span value = span_of_text(e->attributes[i].value);

		if ((span_equal_text(name, "representation") && span_equal_text(value, "B64")) ||
		        (span_equal_nocase(name, "encoding") && span_equal_nocase(value, "base64")))
			return true;
	}
	return false;
}

/* ---- elements ---- */

static void append(struct xml_content *x, const char *text)
{
	struct span rest = span_of_text(text);

	if (x->value_len > 0 || x->run_started)
		(void)take_bytes(x, &rest);
}

static int element_open(struct xml_content *x)
{
	struct span name = xml_local_name(x->event.name), carrier_name;
	enum carrier carrier;
	struct xml_element *e;

	if (x->depth == XML_DEPTH_MAX)
		return STATUS_LIMIT;
	e = &x->elements[x->depth++];
	*e = (struct xml_element){.path_len = (uint16_t)x->path_len,
	        .sibling_base = (uint16_t)x->siblings_len,
	        .base64 = says_base64(&x->event)};
	xml_path_push(x, name);
	carrier = xml_carrier_of(x, &x->event, &carrier_name);
	if (carrier != CARRIER_NONE)
		xml_scope_open(x, carrier, carrier_name);
	x->sealed = x->sealed || carrier == CARRIER_SEALED;
	xml_carrier_hint(x, name);
	e->role = xml_role_of(x, &x->event);
	x->begun = true;
	x->event_at = x->part_at = 0;
	x->attributes_done = 0;
	return xml_hold_joined(x, &x->event, &x->attributes_done);
}

/* The text before a child: with it, the element around is a running text. False: drain first. */
static bool text_before_child(struct xml_content *x, struct decode_out *out)
{
	if (x->text == XML_TEXT_DATA || x->text == XML_TEXT_BASE64) {
		close_data(x, out, STREAM_COMPLETE);
		return false;
	}
	if (x->text == XML_TEXT_CIPHER)
		x->text = XML_TEXT_VALUE;
	if (x->text == XML_TEXT_RUN && x->narrative == 0)
		x->narrative = x->depth;
	else if (x->text == XML_TEXT_VALUE && x->value_len > 0)
		run_begin(x, x->depth);
	return true;
}

static int handle_start(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	int status = STATUS_OK;

	if (!x->begun) {
		if (!text_before_child(x, out)) {
			*ret = XML_DRAIN;
			return STATUS_OK;
		}
		if (x->narrative > 0)
			append(x, xml_separator(x, xml_local_name(x->event.name), false));
		status = element_open(x);
	}
	if (status != STATUS_OK)
		return status;
	if (x->event_at == 0 && xml_top_scope(x)->held.len > XML_HELD_DUE_BYTES) {
		*ret = flush_first(x);
		return STATUS_OK;
	}
	status = put_attributes(x, out, ret);
	if (status != STATUS_OK || *ret != XML_DONE)
		return status;
	x->begun = false;
	if (x->narrative > 0)
		return STATUS_OK;
	if (xml_top(x)->role == XML_NARRATIVE)
		run_begin(x, x->depth);
	if (xml_top(x)->role == XML_CIPHER)
		x->text = XML_TEXT_CIPHER;
	return STATUS_OK;
}

/* The element's text is a field, or a document of its own. */
static int value_ends(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	char room[DECODE_LABEL_BYTES_MAX];
	struct span value = without_blanks(value_of(x)), label;
	bool base64 = is_base64(value, xml_top(x)->base64) && value.len < BASE64_RUN_BYTES;
	enum label_kind kind;
	int status;

	if (value.len == 0)
		return STATUS_OK;
	if (base64 || is_nested(value)) {
		if (!xml_is_ready(x)) {
			*ret = flush_first(x);
			return STATUS_OK;
		}
		open_data(x, out, base64);
		if (base64)
			decode_opening(x);
		close_data(x, out, STREAM_COMPLETE);
		*ret = XML_DRAIN;
		return STATUS_OK;
	}
	status = xml_hold_qualified(x, value);
	label = xml_label(x, span_of(NULL, 0), room, &kind);
	if (status == STATUS_OK)
		status = xml_hold(x, kind, label, value);
	x->value_len = 0;
	return status == STATUS_ITEM ? STATUS_OK : status;
}

/* What is open in the innermost element's text ends with it. */
static int text_ends(
        struct xml_content *x, enum stream_end end, struct decode_out *out, enum xml_step *ret)
{
	switch (x->text) {
	case XML_TEXT_VALUE:
		return value_ends(x, out, ret);
	case XML_TEXT_RUN:
		if (x->narrative > 0 && x->narrative < x->depth)
			return STATUS_OK;
		if (x->value_len == 0 && !x->run_started)
			break;
		if (!xml_is_ready(x) && !x->run_started) {
			*ret = flush_first(x);
			return STATUS_OK;
		}
		put_piece(x, out, true);
		*ret = XML_DRAIN;
		break;
	case XML_TEXT_DATA:
	case XML_TEXT_BASE64:
		close_data(x, out, end);
		*ret = XML_DRAIN;
		return STATUS_OK;
	case XML_TEXT_CIPHER:
		break;
	}
	x->text = XML_TEXT_VALUE;
	x->narrative = 0;
	return STATUS_OK;
}

static int handle_end(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	int status = text_ends(x, STREAM_COMPLETE, out, ret);

	if (status != STATUS_OK || *ret != XML_DONE)
		return status;
	if (x->narrative > 0)
		append(x, xml_separator(x, xml_open_name(x, 0), true));
	return xml_pop(x);
}

/* ---- text ---- */

/* Between the elements of an office document stand line ends that nobody sees. */
static bool is_padding(struct xml_content *x, struct span text)
{
	static const char *const names[] = {"t", "delText", "p", "h", "span", "a"};

	if (xml_top_scope(x)->carrier != CARRIER_DOCUMENT || without_blanks(text).len > 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (span_equal_text(xml_open_name(x, 0), names[i]))
			return false;
	return true;
}

/* As many bytes as it takes to say what the text is. */
static void take_opening(struct xml_content *x, struct span *text)
{
	size_t room = BASE64_RUN_BYTES - x->value_len;
	struct span part;

	while (x->value_len == 0 && text->len > 0 && is_blank(text->data[0]))
		*text = span_slice(*text, 1, SIZE_MAX);
	part = span_slice(*text, 0, room);
	*text = span_slice(*text, part.len, SIZE_MAX);
	(void)take_bytes(x, &part);
}

/* BASE64_RUN_BYTES of it are there. */
static enum xml_step value_opening(struct xml_content *x, struct decode_out *out)
{
	bool base64 = is_base64(value_of(x), xml_top(x)->base64);

	if (!base64 && !is_nested(value_of(x)))
		return XML_DONE;
	if (!xml_is_ready(x))
		return flush_first(x);
	open_data(x, out, base64);
	if (base64)
		decode_opening(x);
	return XML_DONE;
}

static enum xml_step text_full(struct xml_content *x, struct decode_out *out)
{
	if (x->text == XML_TEXT_VALUE)
		run_begin(x, 0);
	if (x->text == XML_TEXT_RUN && !xml_is_ready(x))
		return flush_first(x);
	if (x->text == XML_TEXT_RUN)
		put_piece(x, out, false);
	else
		put_data(x, out);
	return XML_DRAIN;
}

static enum xml_step take_text(struct xml_content *x, struct span text, struct decode_out *out)
{
	struct span rest = span_slice(text, x->event_at, SIZE_MAX);
	enum xml_step step = XML_DONE;

	while (step == XML_DONE) {
		if (x->text == XML_TEXT_VALUE && x->value_len < BASE64_RUN_BYTES) {
			take_opening(x, &rest);
			x->event_at = text.len - rest.len;
			if (x->value_len < BASE64_RUN_BYTES)
				return XML_DONE;
			x->opening_due = true;
		}
		if (x->opening_due) {
			step = value_opening(x, out);
			x->opening_due = step != XML_DONE;
			continue;
		}
		if (x->value_len == sizeof(x->value)) {
			step = text_full(x, out);
			continue;
		}
		if (rest.len == 0)
			return XML_DONE;
		(void)take_bytes(x, &rest);
		x->event_at = text.len - rest.len;
	}
	return step;
}

static int handle_text(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	struct span text = x->event.text;

	if (x->depth == 0)
		return STATUS_OK;
	if (x->text == XML_TEXT_CIPHER) {
		decode_unread(out, without_blanks(text).len, STREAM_SEALED);
		return STATUS_OK;
	}
	if (x->text == XML_TEXT_RUN && is_padding(x, text))
		return STATUS_OK;
	*ret = take_text(x, text, out);
	return STATUS_OK;
}

/* Enough digits for an identifier, or an address of the web. */
static bool comment_is_worth(struct span text)
{
	unsigned digits = 0;

	for (size_t i = 0; i < text.len && digits < COMMENT_DIGITS_MIN; i++)
		digits += text.data[i] >= '0' && text.data[i] <= '9';
	return digits == COMMENT_DIGITS_MIN || span_find(text, span_of_text("://")) != SIZE_MAX;
}

/* Outside of the root element. */
static void lone_comment(struct span text, struct decode_out *out)
{
	decode_begin(out, CARRIER_TEXT, span_of_text(""), "comment");
	for (; text.len > 0; text = span_slice(text, DECODE_VALUE_BYTES_MAX, SIZE_MAX))
		decode_value(out, LABEL_NONE, span_of(NULL, 0),
		        span_slice(text, 0, DECODE_VALUE_BYTES_MAX));
	decode_end(out);
}

/* A comment is a value without a label. */
static int handle_comment(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	struct span text = without_blanks(x->event.text);

	if (text.len == 0 || !comment_is_worth(text) || x->comment_out) {
		x->comment_out = false;
		return STATUS_OK;
	}
	if (x->scopes == 0) {
		lone_comment(text, out);
		x->comment_out = true; /* the queue borrows it */
		*ret = XML_DRAIN;
		return STATUS_OK;
	}
	if (xml_top_scope(x)->held.len > XML_HELD_DUE_BYTES) {
		*ret = flush_first(x);
		return STATUS_OK;
	}
	return xml_hold(x, LABEL_NONE, span_of(NULL, 0), text);
}

int xml_handle(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	*ret = XML_DONE;
	switch (x->event.kind) {
	case XML_EVENT_START:
		return handle_start(x, out, ret);
	case XML_EVENT_TEXT:
		return handle_text(x, out, ret);
	case XML_EVENT_END:
		return handle_end(x, out, ret);
	case XML_EVENT_COMMENT:
		return handle_comment(x, out, ret);
	}
	return STATUS_BUG;
}

int xml_wind_up(struct xml_content *x, struct decode_out *out, enum xml_step *ret)
{
	int status;

	*ret = XML_DONE;
	if (x->attribute_open) {
		close_data(x, out, x->broken);
		x->attribute_open = false;
		*ret = XML_DRAIN;
		return STATUS_OK;
	}
	x->begun = false;
	status = text_ends(x, x->broken, out, ret);
	if (status != STATUS_OK || *ret != XML_DONE)
		return status;
	return xml_pop(x);
}
