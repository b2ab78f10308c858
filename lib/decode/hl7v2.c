#include "decode/hl7v2.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/hl7_field.h"

#define OPS_PER_TOKEN 12   /* begin, six waiting fields, three of a number, child open, bytes */
#define LABELS_BYTES  1024 /* of one token: three labels of at most 300 bytes */
/* What one token may add: its text (Latin-1 doubles), labels, a header value that moves. */
#define FREE_BYTES_MIN (2 * HL7_SLICE_BYTES + LABELS_BYTES + HL7_HEADER_BYTES_MAX)
#define OBX_VALUE      5
#define MSH_SOFTWARE   3
#define MSH_TYPE       9
#define MSH_CHARSET    18
#define ED_ENCODING    3 /* component numbers from 0 */
#define ED_DATA        4

_Static_assert(HL7_ARENA_BYTES >= DECODE_VALUE_BYTES_MAX + HL7_HEADER_BYTES_MAX + FREE_BYTES_MIN,
        "a value, a header that waits and one token must fit");

void hl7_reader_init(struct hl7_reader *r)
{
	hl7_lexer_init(&r->lexer);
	r->message_open = r->child_open = r->running = r->header = false;
	r->start = r->waiting_bytes = r->len = 0;
}

static uint8_t *value_at(struct hl7_reader *r)
{
	return r->arena + r->start + r->waiting_bytes;
}

static bool segment_is(const struct hl7_reader *r, const char *name)
{
	return memcmp(r->segment, name, 3) == 0;
}

/* What was put out is taken: its place in the arena is free again. */
static void compact(struct hl7_reader *r, const struct decode_out *out)
{
	if (decode_room(out) < DECODE_QUEUE_OPS || r->start == 0)
		return;
	memmove(r->arena, r->arena + r->start, r->waiting_bytes + r->len);
	r->start = 0;
}

static bool has_room(const struct hl7_reader *r, const struct decode_out *out)
{
	size_t used = r->start + r->waiting_bytes + r->len;

	return decode_room(out) >= OPS_PER_TOKEN && HL7_ARENA_BYTES - used >= FREE_BYTES_MIN;
}

static void repetition_reset(struct hl7_reader *r)
{
	r->len = 0;
	r->component = 0;
	r->component_at[0] = 0;
	r->component_bytes = 0;
	r->running = false;
	r->shapeless = false;
}

/* ---- fields ---- */

/* Bytes behind the open value, which is put out in the same step. */
static struct span keep_label(struct hl7_reader *r, size_t *used, struct span text)
{
	uint8_t *at = value_at(r) + r->len + *used;

	text = span_slice(text, 0, DECODE_LABEL_BYTES_MAX);
	if (text.len > 0)
		memcpy(at, text.data, text.len);
	*used += text.len;
	return span_of(at, text.len);
}

static void field_name(const struct hl7_reader *r, unsigned number, char ret[static 16])
{
	snprintf(ret, 16, "%.3s-%u", r->segment, number % 1000);
}

static void emit(struct hl7_reader *r, struct decode_out *out, struct field field, size_t *used)
{
	char name[16];

	field_name(r, r->field, name);
	if (field.label_kind == LABEL_NONE) {
		field.label_kind = LABEL_HL7_FIELD;
		field.label = keep_label(r, used, span_of_text(name));
	}
	if ((segment_is(r, "MSH") && r->field == MSH_SOFTWARE) ||
	        (segment_is(r, "SFT") && r->field >= 2 && r->field <= 4))
		field.role = ROLE_SOFTWARE;
	decode_field(out, &field, name);
}

static void emit_value(
        struct hl7_reader *r, struct decode_out *out, struct span bytes, size_t *used)
{
	emit(r, out, (struct field){.bytes = bytes, .first = true, .last = true}, used);
}

/* ---- the message ---- */

static bool is_name_part(struct span part)
{
	for (size_t i = 0; i < part.len; i++) {
		bool digit = part.data[i] >= '0' && part.data[i] <= '9';

		if (!(part.data[i] >= 'A' && part.data[i] <= 'Z') && !(digit && i > 0))
			return false;
	}
	return part.len == 3;
}

/* "ORU^R01" of "ORU^R01^ORU_R01"; empty when it is not of that form: a name is shown to people. */
static struct span message_name(struct span type)
{
	size_t caret = span_find_byte(type, '^');
	struct span event;

	if (!is_name_part(span_slice(type, 0, caret)))
		return span_of(NULL, 0);
	if (caret >= type.len)
		return type;
	event = span_slice(type, caret + 1, SIZE_MAX);
	event = span_slice(event, 0, span_find_byte(event, '^'));
	return is_name_part(event) ? span_slice(type, 0, caret + 1 + event.len)
	                           : span_slice(type, 0, caret);
}

static void message_begin(struct hl7_reader *r, struct decode_out *out, struct span name)
{
	char place[32];

	snprintf(place, sizeof(place), "HL7 message %u", ++r->messages);
	decode_begin(out, CARRIER_HL7_V2, name, place);
	r->message_open = true;
	r->header = false;
}

static void message_end(struct hl7_reader *r, struct decode_out *out)
{
	if (r->message_open)
		decode_end(out);
	r->message_open = false;
	r->latin1 = false;
}

/* The name is known, or will not be: what waited for it goes first. */
static void header_done(struct hl7_reader *r, struct decode_out *out, struct span name)
{
	unsigned number = r->field;
	size_t len = r->len;
	size_t used = len;

	if (!r->header)
		return;
	message_begin(r, out, name);
	r->len = 0; /* labels go behind the open value, which stays */
	for (unsigned i = 0; i < r->waiting_count; i++) {
		struct span value = span_of(r->arena + r->start, r->waiting[i].len);

		r->start += r->waiting[i].len;
		r->waiting_bytes -= r->waiting[i].len;
		r->field = r->waiting[i].field;
		emit_value(r, out, value, &used);
	}
	r->field = number;
	r->waiting_count = 0;
	/* The labels that stand behind the value must outlive it: the value moves behind them. */
	memmove(value_at(r) + used, value_at(r), len);
	r->start += used;
	r->len = len;
}

static bool wait_for_name(struct hl7_reader *r)
{
	if (r->waiting_count == HL7_HEADER_FIELDS ||
	        r->waiting_bytes + r->len > HL7_HEADER_BYTES_MAX)
		return false;
	r->waiting[r->waiting_count++] = (struct hl7_waiting){
	        .field = (uint16_t)r->field, .len = (uint16_t)r->len};
	r->waiting_bytes += r->len;
	r->len = 0;
	return true;
}

/* ---- a repetition ---- */

static struct span component(struct hl7_reader *r, unsigned number)
{
	size_t from, to = r->len;

	if (number > r->component || number >= HL7_COMPONENTS_KEPT)
		return span_of(NULL, 0);
	from = r->component_at[number];
	if (number < r->component && number + 1 < HL7_COMPONENTS_KEPT)
		to = r->component_at[number + 1] - 1u;
	return from < to ? span_of(value_at(r) + from, to - from) : span_of(NULL, 0);
}

static struct span subcomponent(struct span whole, unsigned number)
{
	while (number-- > 0) {
		size_t at = span_find_byte(whole, '&');

		whole = at < whole.len ? span_slice(whole, at + 1, SIZE_MAX) : span_of(NULL, 0);
	}
	return span_slice(whole, 0, span_find_byte(whole, '&'));
}

static bool is_oid(struct span text)
{
	bool dot = false;

	for (size_t i = 0; i < text.len; i++) {
		dot = dot || text.data[i] == '.';
		if (text.data[i] != '.' && !(text.data[i] >= '0' && text.data[i] <= '9'))
			return false;
	}
	return dot;
}

struct number {
	struct span id, authority, type;
};

static struct number number_of(struct hl7_reader *r, enum hl7_shape shape)
{
	struct number n = {.id = component(r, 0)};

	if (shape == HL7_SHAPE_CX) {
		n.authority = component(r, 3);
		n.type = component(r, 4);
	} else if (shape == HL7_SHAPE_PLN) {
		n.authority = component(r, 1);
	} else {
		n.authority = component(r, 8);
		n.type = component(r, 12);
	}
	if (shape == HL7_SHAPE_XCN && n.authority.len == 0) {
		/* Senders that leave one name out: authority and type stand one place earlier. */
		n.authority = component(r, 7);
		n.type = n.type.len > 0 ? n.type : component(r, 11);
	}
	return n;
}

/* A number under the names of who gave it; false when nobody is named. */
static bool emit_number(
        struct hl7_reader *r, struct decode_out *out, enum hl7_shape shape, size_t *used)
{
	struct number n = number_of(r, shape);
	struct span name = subcomponent(n.authority, 0);
	struct span oid = subcomponent(n.authority, 1);
	struct field field = {.bytes = n.id, .first = true, .last = true};
	struct span label;

	if (n.id.len == 0 || (name.len == 0 && n.type.len == 0 && !is_oid(oid)))
		return false;
	if (name.len > 0 || n.type.len > 0) {
		label = keep_label(r, used, span_slice(name, 0, DECODE_LABEL_BYTES_MAX / 2));
		if (n.type.len > 0) {
			label.len += keep_label(r, used, span_of_text("^")).len;
			label.len += keep_label(
			        r, used, span_slice(n.type, 0, DECODE_LABEL_BYTES_MAX / 2 - 1))
			                     .len;
		}
		field.label_kind = LABEL_HL7_AUTHORITY;
		field.label = label;
		emit(r, out, field, used);
	}
	if (is_oid(oid)) {
		field.label_kind = LABEL_OID;
		field.label = oid;
		emit(r, out, field, used);
	}
	return true;
}

static enum hl7_shape shape_of(const struct hl7_reader *r)
{
	if (r->shapeless)
		return HL7_SHAPE_PLAIN;
	if (segment_is(r, "OBX") && r->field == OBX_VALUE)
		return hl7_type_shape(span_of_text(r->obx_type));
	return hl7_field_shape(r->segment, r->field);
}

static void emit_whole(struct hl7_reader *r, struct decode_out *out)
{
	enum hl7_shape shape = shape_of(r);
	struct span value = span_of(value_at(r), r->len);
	size_t used = 0;

	if (shape != HL7_SHAPE_PLAIN && emit_number(r, out, shape, &used)) {
		/* The number has been given; of a person, the names remain. */
		value = shape == HL7_SHAPE_XCN && r->component > 0
		                ? span_slice(value, r->component_at[1], SIZE_MAX)
		                : span_of(NULL, 0);
	}
	while (value.len > 0 && (value.data[0] == '^' || value.data[0] == '&'))
		value = span_slice(value, 1, SIZE_MAX);
	while (value.len > 0 &&
	        (value.data[value.len - 1] == '^' || value.data[value.len - 1] == '&'))
		value.len--;
	if (value.len > 0)
		emit_value(r, out, value, &used);
	r->start += r->len + used;
}

static void emit_piece(struct hl7_reader *r, struct decode_out *out, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .bytes = span_of(value_at(r), r->len),
	        .first = !r->running,
	        .last = last,
	};
	size_t used = 0;

	emit(r, out, field, &used);
	r->start += r->len + used;
	r->len = 0;
	r->running = true;
}

/* Remembers what later fields depend on. */
static void note_value(struct hl7_reader *r)
{
	struct span value = span_of(value_at(r), r->len);

	if (segment_is(r, "OBX") && r->field == 2) {
		memset(r->obx_type, 0, sizeof(r->obx_type));
		if (value.len > 0 && value.len < sizeof(r->obx_type))
			memcpy(r->obx_type, value.data, value.len);
	}
	if (segment_is(r, "MSH") && r->field == MSH_CHARSET)
		r->latin1 = r->latin1 || span_equal_nocase(value, "8859/1") ||
		            span_equal_nocase(value, "ISO-8859-1");
}

static void child_close(struct hl7_reader *r, struct decode_out *out, enum stream_end end)
{
	uint8_t rest[3];

	if (!r->child_open)
		return;
	(void)transfer_reader_finish(&r->base64, rest); /* base64 holds no whole byte back */
	decode_child_close(out, end);
	r->child_open = false;
}

static void repetition_end(struct hl7_reader *r, struct decode_out *out)
{
	child_close(r, out, STREAM_COMPLETE);
	if (r->running) {
		emit_piece(r, out, true);
	} else if (r->len > 0) {
		note_value(r);
		if (r->header && segment_is(r, "MSH") && r->field == MSH_TYPE)
			header_done(r, out, message_name(span_of(value_at(r), r->len)));
		if (!r->header || !wait_for_name(r)) {
			header_done(r, out, span_of(NULL, 0));
			emit_whole(r, out);
		}
	}
	repetition_reset(r);
}

/* ---- text ---- */

static void put(struct hl7_reader *r, struct decode_out *out, const uint8_t *bytes, size_t len)
{
	if (r->len + len > HL7_HEADER_BYTES_MAX)
		header_done(r, out, span_of(NULL, 0));
	if (r->len + len > DECODE_VALUE_BYTES_MAX)
		emit_piece(r, out, false);
	memcpy(value_at(r) + r->len, bytes, len);
	r->len += len;
}

static void put_text(struct hl7_reader *r, struct decode_out *out, struct span text)
{
	size_t room;

	while (r->latin1 && text.len > 0) {
		uint8_t byte = text.data[0];
		uint8_t wide[2] = {(uint8_t)(0xc0 | byte >> 6), (uint8_t)(0x80 | (byte & 0x3f))};

		put(r, out, byte < 0x80 ? &byte : wide, byte < 0x80 ? 1 : 2);
		text = span_slice(text, 1, SIZE_MAX);
	}
	while (text.len > 0) {
		room = DECODE_VALUE_BYTES_MAX - r->len;
		room = room == 0 ? text.len : room;
		put(r, out, text.data, text.len < room ? text.len : room);
		text = span_slice(text, room, SIZE_MAX);
	}
}

static void child_text(struct hl7_reader *r, struct decode_out *out, struct span text)
{
	struct cursor in = cursor_open(text);
	size_t count = transfer_reader_read(&r->base64, &in, value_at(r), text.len);

	if (count > 0)
		decode_child_bytes(out, span_of(value_at(r), count));
	r->start += count;
}

/* The component that begins at `at` in the open value is base64: what stands before it is a value,
 * what stands in it goes to a child stream, as does what follows. */
static void child_open(struct hl7_reader *r, struct decode_out *out, size_t at)
{
	struct content content = {0};
	uint8_t begun[BASE64_RUN_BYTES];
	size_t begun_bytes = r->len - at;

	field_name(r, r->field, content.place);
	if (r->component == ED_DATA && !r->shapeless && span_equal_nocase(component(r, 2), "pdf"))
		memcpy(content.type, "application/pdf", sizeof("application/pdf"));
	memcpy(begun, value_at(r) + at, begun_bytes);
	header_done(r, out, span_of(NULL, 0));
	r->len = at;
	r->shapeless = true;
	if (!segment_is(r, "OBX") || r->component != ED_DATA)
		emit_whole(r, out);
	r->len = 0;
	decode_child_open(out, &content);
	transfer_reader_init(&r->base64, TRANSFER_BASE64);
	r->child_open = true;
	child_text(r, out, span_of(begun, begun_bytes));
}

static void text(struct hl7_reader *r, struct decode_out *out, struct span bytes)
{
	while (bytes.len > 0 && !r->child_open) {
		size_t to_run = BASE64_RUN_BYTES - r->component_bytes;
		size_t len = r->component_bytes < BASE64_RUN_BYTES && to_run < bytes.len
		                     ? to_run
		                     : bytes.len;
		size_t at;

		put_text(r, out, span_slice(bytes, 0, len));
		bytes = span_slice(bytes, len, SIZE_MAX);
		r->component_bytes += len;
		if (r->component_bytes != BASE64_RUN_BYTES || r->running ||
		        r->len < BASE64_RUN_BYTES)
			continue;
		at = r->len - BASE64_RUN_BYTES;
		if (base64_run(span_of(value_at(r) + at, BASE64_RUN_BYTES)))
			child_open(r, out, at);
	}
	if (bytes.len > 0)
		child_text(r, out, bytes);
}

static void component_begin(struct hl7_reader *r, struct decode_out *out)
{
	bool data = segment_is(r, "OBX") && r->field == OBX_VALUE && r->component == ED_ENCODING &&
	            !r->running && !r->shapeless;

	if (r->child_open) {
		child_close(r, out, STREAM_COMPLETE);
		r->len = 0;
	} else {
		data = data && span_equal_nocase(component(r, ED_ENCODING), "Base64");
		put(r, out, (const uint8_t *)"^", 1);
	}
	r->component++;
	r->component_bytes = 0;
	if (r->component < HL7_COMPONENTS_KEPT)
		r->component_at[r->component] = (uint16_t)r->len;
	if (data)
		child_open(r, out, r->len);
}

/* ---- tokens ---- */

static void segment_begin(struct hl7_reader *r, struct decode_out *out, const struct hl7_token *t)
{
	bool batch;

	memcpy(r->segment, t->name, sizeof(r->segment));
	memset(r->obx_type, 0, sizeof(r->obx_type));
	r->field = t->header ? 2 : 0;
	batch = segment_is(r, "FHS") || segment_is(r, "BHS") || segment_is(r, "BTS") ||
	        segment_is(r, "FTS");
	if (t->header || batch || !r->message_open)
		message_end(r, out);
	if (batch)
		message_begin(r, out, span_of_text(t->name));
	else if (!r->message_open)
		r->header = true;
}

static void segment_end(struct hl7_reader *r, struct decode_out *out)
{
	repetition_end(r, out);
	header_done(r, out, span_of(NULL, 0));
}

static void token(struct hl7_reader *r, struct decode_out *out, const struct hl7_token *t)
{
	switch (t->kind) {
	case HL7_SEGMENT:
		segment_begin(r, out, t);
		break;
	case HL7_FIELD:
		repetition_end(r, out);
		if (r->field < HL7_FIELD_NUMBER_MAX)
			r->field++;
		break;
	case HL7_REPETITION:
		repetition_end(r, out);
		break;
	case HL7_COMPONENT:
		component_begin(r, out);
		break;
	case HL7_SUBCOMPONENT:
		if (!r->child_open)
			put(r, out, (const uint8_t *)"&", 1);
		break;
	case HL7_TEXT:
		text(r, out, t->text);
		break;
	case HL7_SEGMENT_END:
		segment_end(r, out);
		break;
	}
}

static void count_junk(struct hl7_reader *r, struct decode_out *out)
{
	if (r->lexer.junk_bytes > 0)
		decode_unread(out, r->lexer.junk_bytes, r->gap_seen ? STREAM_GAP : STREAM_UNKNOWN);
	r->lexer.junk_bytes = 0;
}

int hl7_reader_feed(struct hl7_reader *r, struct cursor *in, struct decode_out *out)
{
	struct hl7_token t;

	compact(r, out);
	while (has_room(r, out)) {
		struct cursor slice = *in;
		size_t before;
		int status;

		if (slice.left > HL7_SLICE_BYTES)
			slice.left = HL7_SLICE_BYTES;
		before = slice.left;
		status = hl7_lexer_next(&r->lexer, &slice, &t);
		cursor_skip(in, before - slice.left);
		count_junk(r, out);
		if (status == STATUS_ITEM)
			token(r, out, &t);
		else if (status != STATUS_OK || cursor_left(in) == 0)
			return status;
	}
	return STATUS_MORE;
}

int hl7_reader_finish(struct hl7_reader *r, struct decode_out *out)
{
	struct hl7_token t;

	compact(r, out);
	while (has_room(r, out)) {
		int status = hl7_lexer_finish(&r->lexer, &t);

		if (status != STATUS_ITEM) {
			count_junk(r, out);
			message_end(r, out);
			return status;
		}
		token(r, out, &t);
	}
	return STATUS_MORE;
}

void hl7_reader_gap(struct hl7_reader *r, struct decode_out *out)
{
	r->gap_seen = true;
	hl7_lexer_gap(&r->lexer);
	compact(r, out);
	child_close(r, out, STREAM_GAP);
	header_done(r, out, span_of(NULL, 0));
	if (r->running) {
		emit_piece(r, out, true);
	} else if (r->len > 0) { /* cut: its components may not be what they seem */
		r->shapeless = true;
		emit_whole(r, out);
	}
	repetition_reset(r);
	count_junk(r, out);
}

/* ---- the decoder of a stream that is HL7 from its first line ---- */

static bool is_lead(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static enum probe_answer hl7v2_probe(const struct probe *p)
{
	struct span head = p->head;
	int status;

	while (head.len > 0 && is_lead(head.data[0]))
		head = span_slice(head, 1, SIZE_MAX);
	status = hl7_header_probe(head);
	if (status == STATUS_MORE)
		return p->end ? PROBE_NO : PROBE_MORE;
	return status == STATUS_OK ? PROBE_YES : PROBE_NO;
}

static int hl7v2_open(void *state, const struct decode_env *env)
{
	(void)env;
	hl7_reader_init(state);
	return STATUS_OK;
}

static int hl7v2_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct hl7_reader *r = state;
	struct cursor c = cursor_open(in->bytes);
	int status;

	while (!r->message_open && !r->header && cursor_left(&c) > 0 &&
	        is_lead((uint8_t)cursor_peek(&c, 0)))
		cursor_skip(&c, 1);
	status = hl7_reader_feed(r, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_OK && in->last)
		status = hl7_reader_finish(r, out);
	return status;
}

static int hl7v2_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	(void)before; /* nothing is left behind */
	(void)missing_bytes;
	hl7_reader_gap(state, out);
	return STATUS_OK;
}

const struct decoder decoder_hl7v2 = {
        .name = "hl7v2",
        .protocol = "hl7",
        .clear = true,
        .as_written = true,
        .state_bytes = sizeof(struct hl7_reader),
        .probe = hl7v2_probe,
        .open = hl7v2_open,
        .feed = hl7v2_feed,
        .gap = hl7v2_gap,
};
