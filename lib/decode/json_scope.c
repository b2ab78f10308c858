/* json_scope: the values of a JSON text that are open: the path of keys to each, and the fields
 * that wait until their scope has ended. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/claim.h"
#include "decode/json_state.h"

/* ---- the path ---- */

/* The key that was read last in the innermost object, or of the object around an array. */
struct span json_last_key(const struct json *j)
{
	const char *dot = memrchr(j->path, '.', j->path_len);
	size_t from = dot ? (size_t)(dot - j->path) + 1 : 0;

	return span_of(j->path + from, j->path_len - from);
}

void json_path_key(struct json *j, struct span key)
{
	key = span_slice(key, 0, JSON_KEY_BYTES);
	j->path_len = json_top(j)->path_len;
	if (key.len + 1 > sizeof(j->path) - j->path_len)
		return; /* the label is cut; the value is still read */
	if (j->path_len > 0)
		j->path[j->path_len++] = '.';
	memcpy(j->path + j->path_len, key.data, key.len);
	j->path_len += key.len;
}

/* The open path below the scope, its end when it is too long. */
struct span json_scope_path(struct json *j)
{
	struct scope *s = json_top_scope(j);
	size_t from = s ? s->path_len : 0;
	struct span path;

	if (from < j->path_len && j->path[from] == '.')
		from++;
	path = from < j->path_len ? span_of(j->path + from, j->path_len - from) : span_of(NULL, 0);
	return path.len > DECODE_LABEL_BYTES_MAX / 2
	               ? span_slice(path, path.len - DECODE_LABEL_BYTES_MAX / 2, SIZE_MAX)
	               : path;
}

/* ---- fields that wait ---- */

int json_hold(struct json *j, enum label_kind kind, struct span label, struct span value)
{
	struct buf *held = &json_top_scope(j)->held;
	struct held_field head = {.label_len = (uint16_t)label.len,
	        .value_len = (uint16_t)value.len,
	        .label_kind = (uint8_t)kind};
	/* All or nothing: half a field could not be read again. */
	int status = buf_reserve(held, sizeof(head) + label.len + value.len);

	if (status == STATUS_OK)
		status = buf_append(held, span_of(&head, sizeof(head)));
	if (status == STATUS_OK)
		status = buf_append(held, label);
	if (status == STATUS_OK)
		status = buf_append(held, value);
	return status;
}

static bool is_uri(struct span text)
{
	return span_find_byte(text, ':') != SIZE_MAX;
}

static struct span sibling(struct json *j, const struct nest *f, enum sibling which)
{
	return span_of(j->siblings + f->sibling_at[which], f->sibling_len[which]);
}

static const struct {
	const char *text;
	size_t len;
} sibling_keys[SIBLINGS] = {{"system", 6}, {"value", 5}, {"code", 4}};

static struct span sibling_key(int which)
{
	return span_of(sibling_keys[which].text, sibling_keys[which].len);
}

/* Keeps a string for the end of its object; false when it is none of them, or there is no room. */
bool json_keep_sibling(struct json *j, struct span value)
{
	struct nest *f = json_top(j);
	struct span key;

	if (!f || f->array || value.len > SIBLING_BYTES_MAX ||
	        value.len > sizeof(j->siblings) - j->siblings_len)
		return false;
	key = json_last_key(j);
	for (int i = 0; i < SIBLINGS; i++) {
		if (f->sibling_set[i] || !span_equal(key, sibling_key(i)))
			continue;
		f->sibling_set[i] = true;
		f->sibling_at[i] = (uint16_t)j->siblings_len;
		f->sibling_len[i] = (uint16_t)value.len;
		memcpy(j->siblings + j->siblings_len, value.data, value.len);
		j->siblings_len += value.len;
		return true;
	}
	return false;
}

/* The object has ended: its number and its code get the system that stood beside them. */
int json_give_siblings(struct json *j)
{
	struct nest *f = json_top(j);
	struct span system = sibling(j, f, SIBLING_SYSTEM);
	int status = STATUS_OK;

	if (!f->sibling_set[SIBLING_SYSTEM] || !is_uri(system))
		system.len = 0;
	for (int i = 0; i < SIBLINGS && status == STATUS_OK; i++) {
		struct span value = sibling(j, f, (enum sibling)i);

		if (!f->sibling_set[i])
			continue;
		json_path_key(j, sibling_key(i));
		status = i != SIBLING_SYSTEM && system.len > 0
		                 ? json_hold(j, LABEL_FHIR_SYSTEM,
		                           span_slice(system, 0, DECODE_LABEL_BYTES_MAX), value)
		                 : json_hold(j, LABEL_KEY, json_scope_path(j), value);
	}
	j->siblings_len = f->sibling_base;
	return status;
}

/* "Patient.name.family", or the path alone. */
size_t json_write_label(const struct scope *s, struct span path, char *to, size_t size)
{
	int len = snprintf(to, size, "%s%s%.*s", s->type ? s->type : "",
	        s->type && path.len > 0 ? "." : "", (int)path.len, (const char *)path.data);

	return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

void json_scope_open(struct json *j)
{
	struct scope *s = &j->scope[j->scopes++];

	*s = (struct scope){.depth = j->depth, .path_len = (uint16_t)j->path_len};
	/* Over the maximum by what one call of the parser can add. */
	buf_init(&s->held, JSON_SCOPE_BYTES_MAX + 2 * DECODE_VALUE_BYTES_MAX, j->env->budget);
}

/* ---- putting out what waits ---- */

static void message_begin(struct json *j, struct decode_out *out)
{
	struct scope *s = json_top_scope(j);
	bool whole = s->depth == 0 && j->messages == 0;
	bool claim = claim_marks_suffice(s->claim_marks, j->env->content->claims);
	enum carrier carrier = s->type ? CARRIER_FHIR : claim ? CARRIER_CLAIM : CARRIER_JSON;
	char place[DECODE_STEP_CHARS] = "";

	j->messages++;
	s->told = true;
	if (s->type)
		snprintf(place, sizeof(place), "resource %u", j->messages);
	else if (!whole)
		snprintf(place, sizeof(place), "record %u", j->messages);
	decode_begin(out, carrier, span_of_text(s->type ? s->type : ""), place);
}

/* The next field that waits; STATUS_MORE when there is no memory for its label. */
static int flush_field(struct json *j, struct decode_out *out)
{
	struct scope *s = json_top_scope(j);
	struct cursor c = cursor_open(span_slice(buf_span(&s->held), j->flush_at, SIZE_MAX));
	struct held_field head;
	struct span label, bytes;
	uint8_t *text;

	cursor_copy(&c, &head, sizeof(head));
	label = cursor_span(&c, head.label_len);
	bytes = cursor_span(&c, head.value_len);
	if (cursor_failed(&c))
		return STATUS_BUG;
	if (head.label_kind == LABEL_KEY && s->type) {
		text = decode_scratch(out, DECODE_LABEL_BYTES_MAX);
		if (!text)
			return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
		label = span_of(
		        text, json_write_label(s, label, (char *)text, DECODE_LABEL_BYTES_MAX));
		head.label_kind = LABEL_FHIR_PATH;
	}
	decode_value(
	        out, label.len > 0 ? (enum label_kind)head.label_kind : LABEL_NONE, label, bytes);
	j->flush_at += sizeof(head) + head.label_len + head.value_len;
	return STATUS_OK;
}

static void flush_done(struct json *j)
{
	struct scope *s = json_top_scope(j);

	buf_clear(&s->held);
	j->flush = FLUSH_NONE;
	if (s->ended) {
		buf_free(&s->held);
		j->scopes--;
	}
}

/* 0: done. STATUS_MORE: drain first. */
int json_flush_step(struct json *j, struct decode_out *out)
{
	struct scope *s = json_top_scope(j);
	bool keep_open = j->long_state == LONG_WAITING;
	int status = STATUS_OK;

	if (j->flush == FLUSH_DRAIN || (s->held.len == 0 && !keep_open && (!s->type || s->told))) {
		flush_done(j);
		return STATUS_OK;
	}
	if (j->flush == FLUSH_BEGIN)
		message_begin(j, out);
	j->flush = FLUSH_FIELDS;
	while (status == STATUS_OK && j->flush_at < s->held.len && decode_room(out) > 2)
		status = flush_field(j, out);
	if (status != STATUS_OK || j->flush_at < s->held.len)
		return status == STATUS_OK ? STATUS_MORE : status;
	if (!keep_open)
		decode_end(out);
	j->flush = FLUSH_DRAIN;
	return STATUS_MORE;
}

void json_flush_if_due(struct json *j)
{
	struct scope *s = json_top_scope(j);

	if (j->flush != FLUSH_NONE || !s || (!s->ended && s->held.len <= JSON_SCOPE_BYTES_MAX))
		return;
	j->flush = FLUSH_BEGIN;
	j->flush_at = 0;
}
