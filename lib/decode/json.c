/* json: JSON values, one text or many (NDJSON), and FHIR resources in them.
 *
 * Sources: RFC 8259, HL7 FHIR R4 sections "JSON" and "Bundle". Parsed by yajl behind json_gate.h.
 *
 * A scope is a value that becomes a message: the text itself; each object of a text that is an
 * array; each FHIR resource in a Bundle, in Parameters, or contained in another. The fields of a
 * scope wait until it ends, because its resourceType may stand last; after JSON_SCOPE_BYTES_MAX
 * what waits is put out, and the rest is a further message. The number and the code beside a
 * `system` wait until their object ends, because the system may stand behind them. So the order of
 * keys does not matter. */
#include <string.h>

#include "base/status.h"
#include "decode/fhir.h"
#include "decode/json_state.h"

/* ---- what the parser calls ---- */

static int answer(struct json *j, int status)
{
	if (status != STATUS_OK)
		j->status = status;
	return status == STATUS_OK;
}

static int container_begin(struct json *j, bool array)
{
	struct nest *parent = json_top(j);
	bool resource = !array && parent &&
	                ((parent->array && (j->depth == 1 || parent->contained)) ||
	                        (!parent->array && span_equal_text(json_last_key(j), "resource")));

	if (j->depth == JSON_DEPTH_MAX)
		return answer(j, STATUS_LIMIT);
	if (!parent || (resource && j->scopes < JSON_SCOPES_MAX))
		json_scope_open(j);
	j->frames[j->depth++] = (struct nest){
	        .array = array,
	        .contained = array && parent && span_equal_text(json_last_key(j), "contained"),
	        .path_len = (uint16_t)j->path_len,
	        .sibling_base = (uint16_t)j->siblings_len,
	};
	return 1;
}

static int container_end(struct json *j)
{
	int status = json_give_siblings(j);

	j->path_len = json_top(j)->path_len;
	j->depth--;
	if (json_top_scope(j)->depth == j->depth)
		json_top_scope(j)->ended = true;
	return answer(j, status);
}

static int on_map_begin(void *context)
{
	return container_begin(context, false);
}

static int on_array_begin(void *context)
{
	return container_begin(context, true);
}

static int on_end(void *context)
{
	return container_end(context);
}

static int on_key(void *context, const unsigned char *text, size_t len)
{
	struct json *j = context;

	json_path_key(j, span_of(text, len));
	if (j->long_state == LONG_CLOSED)
		j->long_state = LONG_KEY;
	return 1;
}

static int long_begin(struct json *j, struct span opening)
{
	j->long_label_len = json_write_label(
	        json_top_scope(j), json_scope_path(j), j->long_label, sizeof(j->long_label));
	j->long_kind = json_top_scope(j)->type ? LABEL_FHIR_PATH : LABEL_KEY;
	j->long_state = LONG_WAITING;
	j->long_running = false;
	memmove(j->piece + j->piece_start, opening.data, opening.len); /* it may stand there */
	j->piece_len = opening.len;
	j->flush = FLUSH_BEGIN;
	j->flush_at = 0;
	return 1;
}

static int value(struct json *j, struct span bytes, bool string)
{
	struct scope *s;

	if (j->depth == 0) {
		json_scope_open(j);
		json_top_scope(j)->ended = true;
	}
	s = json_top_scope(j);
	if (j->long_state == LONG_CLOSED)
		return long_begin(j, bytes);
	if (bytes.len == 0)
		return 1;
	if (string && !s->type && j->depth == s->depth + 1 && !json_top(j)->array &&
	        span_equal_text(json_last_key(j), "resourceType") && fhir_resource(bytes)) {
		s->type = fhir_resource(bytes);
		return 1;
	}
	if (string && json_keep_sibling(j, bytes))
		return 1;
	return answer(j, json_hold(j, LABEL_KEY, json_scope_path(j), bytes));
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
	return value(context, span_of(text, len), true);
}

static int on_number(void *context, const char *text, size_t len)
{
	return value(context, span_of(text, len), false);
}

static int on_null(void *context)
{
	return value(context, span_of(NULL, 0), false);
}

static int on_boolean(void *context, int yes)
{
	(void)yes;
	return value(context, span_of(NULL, 0), false);
}

static const yajl_callbacks callbacks = {
        .yajl_null = on_null,
        .yajl_boolean = on_boolean,
        .yajl_number = on_number,
        .yajl_string = on_string,
        .yajl_start_map = on_map_begin,
        .yajl_map_key = on_key,
        .yajl_end_map = on_end,
        .yajl_start_array = on_array_begin,
        .yajl_end_array = on_end,
};

/* ---- long strings ---- */

static void long_emit(struct json *j, struct decode_out *out, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .label_kind = j->long_kind,
	        .label = span_of(j->long_label, j->long_label_len),
	        .bytes = span_of(j->piece + j->piece_start, j->piece_len),
	        .first = !j->long_running,
	        .last = last,
	};

	decode_field(out, &field, "");
	j->long_running = true;
	j->piece_start += j->piece_len;
	j->piece_len = 0;
}

static void long_text(struct json *j, struct decode_out *out, struct span bytes)
{
	while (bytes.len > 0) {
		size_t len = DECODE_PIECE_BYTES_MAX - j->piece_len;

		if (len == 0) {
			long_emit(j, out, false);
			continue;
		}
		len = len < bytes.len ? len : bytes.len;
		memcpy(j->piece + j->piece_start + j->piece_len, bytes.data, len);
		j->piece_len += len;
		bytes = span_slice(bytes, len, SIZE_MAX);
	}
}

static void long_data(struct json *j, struct decode_out *out, struct span bytes)
{
	struct cursor in = cursor_open(bytes);
	size_t count = transfer_reader_read(&j->base64, &in, j->piece + j->piece_start, bytes.len);

	if (count > 0)
		decode_child_bytes(out, span_of(j->piece + j->piece_start, count));
	j->piece_start += count;
}

/* The fields before it are out and its message is open. */
static void long_start(struct json *j, struct decode_out *out)
{
	struct content content = {.place = "base64 value"};
	uint8_t opening[BASE64_RUN_BYTES];
	size_t len = j->piece_len < sizeof(opening) ? j->piece_len : sizeof(opening);

	j->long_state = j->long_is_data ? LONG_DATA : LONG_TEXT;
	if (!j->long_is_data)
		return;
	memcpy(opening, j->piece + j->piece_start, len);
	j->piece_len = 0;
	decode_child_open(out, &content);
	transfer_reader_init(&j->base64, TRANSFER_BASE64);
	long_data(j, out, span_of(opening, len));
}

static void long_piece(struct json *j, struct decode_out *out, struct span bytes)
{
	if (j->long_state == LONG_TEXT)
		long_text(j, out, bytes);
	else if (j->long_state == LONG_DATA)
		long_data(j, out, bytes);
	else
		decode_unread(out, bytes.len, STREAM_LIMIT);
}

static void long_end(struct json *j, struct decode_out *out, enum stream_end end)
{
	if (j->long_state == LONG_TEXT)
		long_emit(j, out, true);
	if (j->long_state == LONG_DATA)
		decode_child_close(out, end);
	if (j->long_state == LONG_TEXT || j->long_state == LONG_DATA)
		decode_end(out);
	if (j->long_state == LONG_KEY)
		decode_count_limit(out);
	j->long_state = LONG_NONE;
}

/* ---- reading ---- */

static void wind_up(struct json *j, enum stream_end end)
{
	j->phase = WINDING_UP;
	j->end = end;
}

/* Feeds the parser; what it calls changes the state. Negative: a failure. */
static int parse(struct json *j, struct span text)
{
	yajl_status result = yajl_parse(j->parser, text.data, text.len);

	if (result == yajl_status_ok)
		return STATUS_OK;
	if (j->status < 0)
		return j->status;
	wind_up(j, j->status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_MALFORMED);
	return STATUS_OK;
}

/* The parser looks at all of a string again each time it gets a part, so it gets it whole. */
static int slice(struct json *j, struct span text)
{
	size_t len;

	if (j->piece_len == 0 && !json_gate_in_string(&j->gate))
		return parse(j, text);
	memcpy(j->piece + j->piece_len, text.data, text.len);
	j->piece_len += text.len;
	if (json_gate_in_string(&j->gate))
		return STATUS_OK;
	len = j->piece_len;
	j->piece_len = 0;
	return parse(j, span_of(j->piece, len));
}

static int close_string(struct json *j)
{
	size_t len = j->piece_len;

	j->piece_len = 0;
	j->piece[len] = '"';
	return parse(j, span_of(j->piece, len + 1));
}

static int item(struct json *j, const struct json_gate_item *i, struct decode_out *out)
{
	switch (i->kind) {
	case JSON_SLICE:
		return slice(j, i->bytes);
	case JSON_LONG:
	case JSON_LONG_DATA:
		j->long_state = LONG_CLOSED;
		j->long_is_data = i->kind == JSON_LONG_DATA;
		return close_string(j);
	case JSON_PIECE:
		long_piece(j, out, i->bytes);
		return STATUS_OK;
	case JSON_LONG_END:
		long_end(j, out, STREAM_COMPLETE);
		return STATUS_OK;
	}
	return STATUS_BUG;
}

/* The input has ended: so has the text, or it was cut short. */
static int complete(struct json *j, const struct decode_in *in)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;
	yajl_status result;

	if (j->completed || j->long_state != LONG_NONE) {
		wind_up(j, j->long_state == LONG_NONE && j->depth == 0 ? STREAM_COMPLETE : cut);
		return STATUS_OK;
	}
	if (json_gate_in_string(&j->gate)) { /* as far as it goes */
		int status = close_string(j);

		wind_up(j, cut);
		return status;
	}
	j->completed = true;
	result = yajl_complete_parse(j->parser);
	if (j->status < 0)
		return j->status;
	if (result != yajl_status_ok)
		wind_up(j, cut);
	return STATUS_OK;
}

/* Puts out what waits, innermost first. */
static int wind_step(struct json *j, struct decode_out *out)
{
	struct scope *s = json_top_scope(j);
	int status = STATUS_OK;

	long_end(j, out, j->end);
	if (!s) {
		j->phase = ENDED;
		if (j->end != STREAM_COMPLETE)
			decode_stop(out, j->end);
		return STATUS_OK;
	}
	while (j->depth > s->depth && status == STATUS_OK) {
		status = json_give_siblings(j);
		j->path_len = json_top(j)->path_len;
		j->depth--;
	}
	s->ended = true;
	return status;
}

static int json_step(
        struct json *j, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct cursor part = *c;
	struct json_gate_item next;
	size_t before;
	int status;

	if (j->long_state == LONG_WAITING)
		long_start(j, out);
	if (j->phase == WINDING_UP)
		return wind_step(j, out);
	if (part.left > SLICE_BYTES)
		part.left = SLICE_BYTES;
	before = part.left;
	status = json_gate_next(&j->gate, &part, &next);
	cursor_skip(c, before - part.left);
	if (status == STATUS_MALFORMED)
		wind_up(j, STREAM_MALFORMED);
	else if (status == STATUS_ITEM)
		return item(j, &next, out);
	else if (status == STATUS_OK && in->last)
		return complete(j, in);
	return status < 0 ? status : STATUS_OK;
}

static bool has_room(const struct json *j, const struct decode_out *out)
{
	/* A long string begins with as much as a value may have. */
	if (j->long_state == LONG_NONE && j->piece_start > 0)
		return false;
	return decode_room(out) >= OPS_PER_STEP &&
	       sizeof(j->piece) - j->piece_start - j->piece_len >= SLICE_BYTES;
}

static int json_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct json *j = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_OK;

	if (j->piece_start > 0)
		memmove(j->piece, j->piece + j->piece_start, j->piece_len);
	j->piece_start = 0;
	while (status == STATUS_OK && j->phase != ENDED) {
		if (!has_room(j, out)) {
			status = STATUS_MORE;
		} else if (j->flush != FLUSH_NONE) {
			status = json_flush_step(j, out);
		} else if (cursor_left(&c) == 0 && !in->last && j->phase == READING) {
			break;
		} else {
			status = json_step(j, &c, in, out);
			json_flush_if_due(j);
		}
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status;
}

static enum probe_answer json_probe(const struct probe *p)
{
	static const char blanks[] = " \t\r\n";
	struct span head = p->head;
	bool object;

	while (head.len > 0 && head.data[0] && strchr(blanks, head.data[0]))
		head = span_slice(head, 1, SIZE_MAX);
	if (head.len == 0)
		return p->end ? PROBE_NO : PROBE_MORE;
	object = head.data[0] == '{';
	if (!object && head.data[0] != '[')
		return PROBE_NO;
	do
		head = span_slice(head, 1, SIZE_MAX);
	while (head.len > 0 && head.data[0] && strchr(blanks, head.data[0]));
	if (head.len == 0)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (object)
		return head.data[0] == '"' || head.data[0] == '}' ? PROBE_YES : PROBE_NO;
	return head.data[0] && strchr("{[\"]-0123456789tfn", head.data[0]) ? PROBE_YES : PROBE_NO;
}

static int json_open(void *state, const struct decode_env *env)
{
	struct json *j = state;

	if (budget_charge(env->budget, YAJL_MEMORY_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	j->env = env;
	j->parser = yajl_alloc(&callbacks, NULL, j);
	if (!j->parser)
		return STATUS_NO_MEMORY;
	if (!yajl_config(j->parser, yajl_dont_validate_strings, 1) ||
	        !yajl_config(j->parser, yajl_allow_multiple_values, 1))
		return STATUS_LIBRARY;
	return STATUS_OK;
}

static void json_close(void *state)
{
	struct json *j = state;

	for (unsigned i = 0; i < j->scopes; i++)
		buf_free(&j->scope[i].held);
	if (j->parser)
		yajl_free(j->parser);
	if (j->env)
		budget_release(j->env->budget, YAJL_MEMORY_BYTES);
}

const struct decoder decoder_json = {
        .name = "json",
        .state_bytes = sizeof(struct json),
        .probe = json_probe,
        .open = json_open,
        .feed = json_feed,
        .close = json_close,
};
