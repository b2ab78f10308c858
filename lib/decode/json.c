/* json: JSON values, one text or many (NDJSON), and FHIR resources in them.
 *
 * Sources: RFC 8259, HL7 FHIR R4 sections "JSON" and "Bundle". Parsed by yajl behind json_gate.h.
 *
 * A scope is a value that becomes a message: the text itself; each object of a text that is an
 * array; each FHIR resource in a Bundle, in Parameters, or contained in another. The fields of a
 * scope wait until it ends, because its resourceType may stand last; after JSON_SCOPE_BYTES_MAX
 * what waits is put out, and the rest is a further message. The number and the code beside a
 * `system` wait until their object ends, because the system may stand behind them. So the order of
 * keys does not matter.
 *
 * A text that breaks off, or loses bytes, gives what was read of it; reading goes on right there
 * (json_seek.c), as running text up to where the next text may begin. The stream says at its end
 * what was wrong first. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/wipe.h"
#include "decode/claim.h"
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
	if ((!parent || resource) && j->scopes < JSON_SCOPES_MAX)
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
	json_top_scope(j)->claim_marks |= claim_mark(span_of(text, len));
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
		if (j->scopes == 0)
			json_scope_open(j);
		json_top_scope(j)->ended = true;
	}
	s = json_top_scope(j);
	if (j->long_state == LONG_CLOSED)
		return long_begin(j, bytes);
	if (bytes.len == 0)
		return answer(j, STATUS_OK);
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

/* ---- what the parser allocates ---- */

/* yajl writes to what it gets, whether it is anything or not, so it is left in the middle of it: it
 * keeps what it had, to be freed. */
static void *allocate(void *context, size_t len)
{
	struct json *j = context;
	void *memory = malloc(len);

	if (!memory)
		longjmp(j->no_memory, 1);
	return memory;
}

static void *reallocate(void *context, void *memory, size_t len)
{
	struct json *j = context;
	void *larger = realloc(memory, len);

	if (!larger)
		longjmp(j->no_memory, 1);
	return larger;
}

static void release(void *context, void *memory)
{
	(void)context;
	wipe_free(memory);
}

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

/* The text ends here, and nothing follows. */
static void wind_up(struct json *j, enum stream_end end)
{
	j->phase = WINDING_UP;
	j->broken = end;
	j->goes_on = false;
}

/* The text ends before the token at the cursor; what follows is read on. */
static void break_off(struct json *j, enum stream_end why)
{
	j->phase = WINDING_UP;
	j->broken = why;
	j->goes_on = true;
	j->looked = 0;
}

/* Feeds the parser; what it calls changes the state. Negative: a failure. */
static int parse(struct json *j, struct span text)
{
	if (setjmp(j->no_memory) != 0)
		return STATUS_NO_MEMORY;
	j->literal_open = json_gate_is_literal(text.data[text.len - 1]);
	if (yajl_parse(j->parser, text.data, text.len) == yajl_status_ok)
		return STATUS_OK;
	if (j->status < 0)
		return j->status;
	break_off(j, j->status == STATUS_LIMIT ? STREAM_LIMIT : STREAM_MALFORMED);
	return STATUS_OK;
}

/* A comma behind the last element, or between texts, means nothing: some writers leave one. */
static int spare_comma(struct json *j)
{
	if (j->end == STREAM_COMPLETE)
		j->end = STREAM_MALFORMED;
	return parse(j, span_of_text(" "));
}

/* A token, or blanks: to the parser they only say that a number or word goes no further. */
static int token(struct json *j, struct span text)
{
	bool comma = j->comma_waits;
	int status = STATUS_OK;

	if (json_gate_is_blank(text.data[0]))
		return j->literal_open ? parse(j, span_slice(text, 0, 1)) : STATUS_OK;
	if (j->wrapped && j->depth == 0 && text.data[0] == ')') {
		break_off(j, STREAM_COMPLETE);
		j->wrapped = false;
		return STATUS_OK;
	}
	j->comma_waits = false;
	if (comma && (text.data[0] == ']' || text.data[0] == '}'))
		status = spare_comma(j);
	else if (comma)
		status = parse(j, span_of_text(","));
	if (status != STATUS_OK || j->phase != READING)
		return status;
	if (text.data[0] != ',')
		return parse(j, text);
	if (j->depth == 0)
		return spare_comma(j);
	j->comma_waits = true;
	return STATUS_OK;
}

/* The string goes to the parser as if it had ended here. */
static int close_string(struct json *j, struct span text)
{
	if (text.len >= sizeof(j->piece))
		return STATUS_BUG;
	memcpy(j->piece, text.data, text.len);
	j->piece[text.len] = '"';
	return token(j, span_of(j->piece, text.len + 1));
}

/* A token is whole, or is closed. It is taken from the input when the parser has accepted it. */
static int take_token(struct json *j, struct cursor *c, bool close)
{
	struct span text = span_of(c->at, j->looked);
	int status = close ? close_string(j, text) : token(j, text);

	if (status == STATUS_OK && j->phase == READING)
		cursor_skip(c, text.len);
	j->looked = 0;
	return status;
}

static int item(
        struct json *j, struct cursor *c, const struct json_gate_item *i, struct decode_out *out)
{
	switch (i->kind) {
	case JSON_SLICE:
		j->looked += i->bytes.len;
		if (json_gate_in_string(&j->gate) || json_gate_in_literal(&j->gate))
			return STATUS_OK; /* the parser would look again at all of it for a part */
		return take_token(j, c, false);
	case JSON_LONG:
	case JSON_LONG_DATA:
		j->long_state = LONG_CLOSED;
		j->long_is_data = i->kind == JSON_LONG_DATA;
		return take_token(j, c, true);
	case JSON_PIECE:
		long_piece(j, out, i->bytes);
		return STATUS_OK;
	case JSON_LONG_END:
		long_end(j, out, STREAM_COMPLETE);
		return STATUS_OK;
	}
	return STATUS_BUG;
}

static int complete_parse(struct json *j, enum stream_end cut)
{
	bool whole;

	if (setjmp(j->no_memory) != 0)
		return STATUS_NO_MEMORY;
	whole = yajl_complete_parse(j->parser) == yajl_status_ok;
	if (j->status < 0)
		return j->status;
	if (!whole)
		wind_up(j, cut);
	return STATUS_OK;
}

/* The input has ended: so has the text, or it was cut short. */
static int complete(struct json *j, struct cursor *c, const struct decode_in *in)
{
	enum stream_end cut = in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end;
	bool in_string = json_gate_in_string(&j->gate);

	if (j->looked > 0) { /* as far as it goes */
		int status = take_token(j, c, in_string);

		if (status == STATUS_OK && j->phase == READING && in_string)
			wind_up(j, cut);
		return status;
	}
	if (j->completed || j->long_state != LONG_NONE) {
		wind_up(j, j->long_state == LONG_NONE && j->depth == 0 ? STREAM_COMPLETE : cut);
		return STATUS_OK;
	}
	j->completed = true;
	return complete_parse(j, cut);
}

/* Nothing waits any more. */
static void wound_up(struct json *j, struct decode_out *out)
{
	if (j->end == STREAM_COMPLETE)
		j->end = j->broken;
	else if (j->broken == STREAM_MALFORMED)
		decode_count_malformed(out);
	else if (j->broken == STREAM_LIMIT)
		decode_count_limit(out);
	j->phase = j->goes_on ? SEEKING : ENDED;
	if (!j->goes_on && j->end != STREAM_COMPLETE)
		decode_stop(out, j->end);
}

/* Puts out what waits, innermost first. */
static int wind_step(struct json *j, struct decode_out *out)
{
	struct scope *s = json_top_scope(j);
	int status = STATUS_OK;

	long_end(j, out, j->broken);
	if (!s) {
		wound_up(j, out);
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

/* Each text has a parser of its own: one that has met an error reads no more. */
static int parser_new(struct json *j)
{
	yajl_alloc_funcs memory = {
	        .malloc = allocate, .realloc = reallocate, .free = release, .ctx = j};

	if (j->parser)
		yajl_free(j->parser);
	j->parser = NULL;
	if (setjmp(j->no_memory) != 0)
		return STATUS_NO_MEMORY;
	j->parser = yajl_alloc(&callbacks, &memory, j);
	if (!j->parser)
		return STATUS_NO_MEMORY;
	if (!yajl_config(j->parser, yajl_dont_validate_strings, 1) ||
	        !yajl_config(j->parser, yajl_allow_multiple_values, 1))
		return STATUS_LIBRARY;
	j->gate = (struct json_gate){0};
	j->status = STATUS_OK;
	j->completed = false;
	j->comma_waits = false;
	j->literal_open = false;
	j->phase = READING;
	return STATUS_OK;
}

static int seek_step(struct json *j, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	struct content content = {.place = "other content"};

	switch (json_seek(j, c, in, out)) {
	case SEEK_WAIT:
		*ret_wait = true;
		return STATUS_OK;
	case SEEK_GO:
		return STATUS_OK;
	case SEEK_FOUND:
		return parser_new(j);
	case SEEK_OTHER:
		decode_child_open(out, &content);
		j->phase = PASSING_ON;
		return STATUS_OK;
	case SEEK_OVER:
		j->phase = ENDED;
		if (j->end != STREAM_COMPLETE)
			decode_stop(out, j->end);
		return STATUS_OK;
	}
	return STATUS_BUG;
}

static int pass_on(struct json *j, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	if (cursor_left(c) > 0)
		decode_child_bytes(out, cursor_span(c, cursor_left(c)));
	*ret_wait = !in->last;
	if (!in->last)
		return STATUS_OK;
	decode_child_close(out, in->end);
	j->phase = ENDED;
	decode_stop(out, j->end == STREAM_COMPLETE ? STREAM_MALFORMED : j->end);
	return STATUS_OK;
}

/* The next byte does not belong to the number or word that has been read so far. */
static bool literal_has_ended(const struct json *j, const struct cursor *rest)
{
	return j->looked > 0 && json_gate_in_literal(&j->gate) && cursor_left(rest) > 0 &&
	       !json_gate_is_literal((uint8_t)cursor_peek(rest, 0));
}

static int read_step(struct json *j, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	struct cursor part = *c;
	struct json_gate_item next;
	size_t before;
	int status;

	cursor_skip(&part, j->looked);
	if (literal_has_ended(j, &part))
		return take_token(j, c, false);
	if (part.left == 0 && !in->last) {
		*ret_wait = true;
		if (j->looked > 0 && j->env->datagram && j->env->depth == 0)
			break_off(j, STREAM_MALFORMED); /* no token goes on in another datagram */
		return STATUS_OK;
	}
	if (part.left > SLICE_BYTES)
		part.left = SLICE_BYTES;
	before = part.left;
	status = json_gate_next(&j->gate, &part, &next);
	if (status == STATUS_MALFORMED) {
		break_off(j, STREAM_MALFORMED);
		return STATUS_OK;
	}
	if (status == STATUS_OK || (status == STATUS_ITEM && next.kind > JSON_LONG_DATA))
		cursor_skip(c, before - part.left); /* of a long string: not kept */
	if (status == STATUS_ITEM)
		return item(j, c, &next, out);
	return status == STATUS_OK && in->last && part.left == 0 ? complete(j, c, in) : status;
}

static int json_step(struct json *j, struct cursor *c, const struct decode_in *in,
        struct decode_out *out, bool *ret_wait)
{
	if (j->long_state == LONG_WAITING)
		long_start(j, out);
	switch (j->phase) {
	case SEEKING:
		return seek_step(j, c, in, out, ret_wait);
	case READING:
		return read_step(j, c, in, out, ret_wait);
	case WINDING_UP:
		return wind_step(j, out);
	case PASSING_ON:
		return pass_on(j, c, in, out, ret_wait);
	case ENDED:
		break;
	}
	return STATUS_BUG;
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
	bool wait = false;
	int status = STATUS_OK;

	if (j->piece_start > 0)
		memmove(j->piece, j->piece + j->piece_start, j->piece_len);
	j->piece_start = 0;
	while (status == STATUS_OK && j->phase != ENDED && !(wait && j->phase != WINDING_UP)) {
		wait = false;
		if (!has_room(j, out)) {
			status = STATUS_MORE;
		} else if (j->flush != FLUSH_NONE) {
			status = json_flush_step(j, out);
		} else {
			status = json_step(j, &c, in, out, &wait);
			json_flush_if_due(j);
			wait = wait && j->flush == FLUSH_NONE;
		}
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	return status;
}

/* The text ends before the gap; what follows it is read on. */
static int json_gap(void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct json *j = state;

	if (j->phase == SEEKING)
		json_seek_gap(j, before, out);
	else if (before.len > 0)
		decode_unread(out, before.len, STREAM_GAP);
	if (j->phase == PASSING_ON)
		decode_child_gap(out, missing_bytes);
	if (j->phase == READING)
		break_off(j, STREAM_GAP);
	return STATUS_OK;
}

static enum probe_answer json_probe(const struct probe *p)
{
	enum probe_answer plain = json_text_begins(p->head, p->end);

	return plain == PROBE_NO ? json_wrapped_begins(p->head, p->end) : plain;
}

static int json_open(void *state, const struct decode_env *env)
{
	struct json *j = state;

	if (budget_charge(env->budget, YAJL_MEMORY_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	j->env = env;
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
        .clear = true,
        .state_bytes = sizeof(struct json),
        .probe = json_probe,
        .open = json_open,
        .feed = json_feed,
        .gap = json_gap,
        .close = json_close,
};
