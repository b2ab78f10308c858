/* field: a field on its way out of a stream. Its text becomes UTF-8 (charset.h), and base64 of a
 * known format that stands in it is opened as a child stream (base64_finder.h), whichever decoder
 * it is from: so a decoder need not look for either.
 *
 * A field that is a document of another format as plain text (nested.c) is opened as a child stream
 * too: a value goes there and nowhere else, a running text goes out beside it, because its first
 * piece may be too short to tell.
 *
 * The field goes out first, whole; then it is looked through, while its operation stays at the
 * front of the queue. A running text is looked through across its pieces. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

#define FIELD_ROOM_BYTES 4096 /* of decoded base64 at a time */

/* Memory for what the field becomes, until its operation is done. */
static int room_for(struct decode_session *s, struct outlet *o, size_t size)
{
	if (o->room)
		return o->room_size >= size ? STATUS_OK : STATUS_BUG;
	if (budget_charge(s->budget, size) != STATUS_OK)
		return STATUS_LIMIT;
	o->room = malloc(size);
	if (!o->room) {
		budget_release(s->budget, size);
		return STATUS_NO_MEMORY;
	}
	o->room_size = size;
	return STATUS_OK;
}

void field_free(struct decode_session *s, struct outlet *o)
{
	if (!o->room)
		return;
	explicit_bzero(o->room, o->room_size);
	free(o->room);
	budget_release(s->budget, o->room_size);
	o->room = NULL;
}

/* ---- going out ---- */

static size_t room_wanted(struct span bytes)
{
	size_t size = bytes.len * CHARSET_GROWTH + 2 * CHARSET_ROOM_MIN;

	return size < DECODE_VALUE_BYTES_MAX ? size : DECODE_VALUE_BYTES_MAX;
}

/* The next part of the field in UTF-8. A value that does not fit becomes a running text. */
static int convert(
        struct decode_session *s, struct stream *st, const struct field *from, struct field *ret)
{
	struct outlet *o = &st->outlet;
	struct cursor rest = cursor_open(span_slice(from->bytes, o->at, SIZE_MAX));
	bool value = from->kind == FIELD_VALUE;
	int status = room_for(s, o, room_wanted(from->bytes));
	size_t len;

	if (status != STATUS_OK)
		return status;
	o->charset.single = st->decoder->as_written && charset_is_single(st->content.charset);
	ret->first = from->first && o->at == 0;
	len = charset_read(&o->charset, &rest, o->room, o->room_size - CHARSET_ROOM_MIN);
	o->at = from->bytes.len - cursor_left(&rest);
	o->out = cursor_left(&rest) == 0;
	if (o->out && from->last)
		len += charset_finish(&o->charset, o->room + len);
	ret->bytes = span_of(o->room, len);
	ret->last = from->last && o->out;
	if (value && !(ret->first && ret->last))
		ret->kind = FIELD_TEXT;
	return STATUS_OK;
}

/* STATUS_ITEM: *ret is the field, or a part of it; o->out when nothing of it is left. */
static int go_out(
        struct decode_session *s, struct stream *st, const struct field *from, struct field *ret)
{
	struct outlet *o = &st->outlet;
	int status;

	*ret = *from;
	if (from->first && o->at == 0)
		o->charset = (struct charset_reader){0};
	if (o->charset.held_count == 0 && o->at == 0 && charset_is_plain(from->bytes)) {
		o->out = true;
		return STATUS_ITEM;
	}
	status = convert(s, st, from, ret);
	if (status == STATUS_LIMIT) { /* it goes as it came */
		s->limits_hit++;
		o->out = true;
		return STATUS_ITEM;
	}
	return status == STATUS_OK ? STATUS_ITEM : status;
}

/* ---- looking through ---- */

/* A child of the decoder's own is open, or branches share the stream: nothing can be opened. */
static bool may_look(const struct lane *lane, const struct stream *st, const struct field *field)
{
	if (st->outlet.child)
		return true;
	if (field->role != ROLE_CONTENT || st->phase == PHASE_STOPPED)
		return false;
	return !stream_child(lane, st) && !(st->env.depth == 0 && lane->parked);
}

static int close_child(struct lane *lane, struct stream *st)
{
	enum stream_end end = st->outlet.cut ? STREAM_GAP : STREAM_COMPLETE;

	st->outlet.child = false;
	if (st->ending && end == STREAM_COMPLETE && st->end != STREAM_COMPLETE)
		end = st->end;
	return stream_close_child(lane, st, end);
}

/* Whether the field is a document is decided by its front, over as many pieces as that takes. */
static void look_at_front(
        struct decode_session *s, const struct lane *lane, struct stream *st, const struct field *f)
{
	struct outlet *o = &st->outlet;
	struct span part;

	if (f->first) {
		o->front_len = 0;
		o->front_state = FRONT_LOOKING;
	}
	if (o->front_state != FRONT_LOOKING)
		return;
	o->front_state = FRONT_OTHER;
	if (o->child || !may_look(lane, st, f) || st->env.depth >= s->limits.depth_max)
		return;
	part = span_slice(f->bytes, 0, sizeof(o->front) - o->front_len);
	if (part.len > 0)
		memcpy(o->front + o->front_len, part.data, part.len);
	o->front_len += part.len;
	if (f->last && o->front_len < NESTED_BYTES_MIN)
		return;
	switch (nested_begins(span_of(o->front, o->front_len), f->last)) {
	case PROBE_NO:
		return;
	case PROBE_MORE:
		o->front_state = FRONT_LOOKING;
		return;
	case PROBE_YES:
		break;
	}
	if (o->front_len < NESTED_BYTES_MIN) {
		o->front_state = FRONT_LOOKING;
	} else if (lane->streams >= NESTED_STREAMS_MAX) {
		s->limits_hit++;
	} else {
		o->front_state = FRONT_DOCUMENT;
		o->looked = part.len;
	}
}

/* One step with a field that is a document. */
static int give_document(
        struct decode_session *s, struct lane *lane, struct stream *st, const struct field *field)
{
	static const struct content content = {.place = "text value"};
	struct outlet *o = &st->outlet;
	struct span bytes = span_of(o->front, o->front_len);

	if (!o->child) {
		o->child = true;
		return stream_open_child(s, lane, st, &content);
	}
	if (bytes.len == 0) {
		bytes = span_slice(field->bytes, o->looked, SIZE_MAX);
		o->looked = field->bytes.len;
	}
	o->front_len = 0;
	if (bytes.len > 0)
		return stream_give_child(s, lane, st, bytes);
	if (!field->last)
		return STATUS_OK;
	o->front_state = FRONT_OTHER;
	return close_child(lane, st);
}

/* One step of the finder: STATUS_MORE: something was done; 0: the field has been looked through. */
static int look(
        struct decode_session *s, struct lane *lane, struct stream *st, const struct field *field)
{
	static const struct content content = {.place = "base64 text"};
	struct outlet *o = &st->outlet;
	struct cursor rest = cursor_open(span_slice(field->bytes, o->looked, SIZE_MAX));
	bool open = base64_finder_is_open(&o->finder);
	int status = open ? room_for(s, o, FIELD_ROOM_BYTES) : STATUS_OK;
	struct base64_room room = {o->room, o->room_size, 0};
	enum base64_find found;

	if (status != STATUS_OK)
		return status;
	found = base64_finder_step(&o->finder, &rest, field->last, &room);
	o->looked = field->bytes.len - cursor_left(&rest);
	switch (found) {
	case BASE64_NOTHING:
		return STATUS_OK;
	case BASE64_OPEN:
		o->child = true;
		return stream_open_child(s, lane, st, &content);
	case BASE64_DATA:
		return stream_give_child(s, lane, st, span_of(room.bytes, room.len));
	case BASE64_CLOSE:
		return close_child(lane, st);
	}
	return STATUS_BUG;
}

static int look_through(
        struct decode_session *s, struct lane *lane, struct stream *st, const struct field *field)
{
	struct outlet *o = &st->outlet;
	int status = STATUS_OK;

	if (!o->child && (field->first || !may_look(lane, st, field)))
		memset(&o->finder, 0, sizeof(o->finder));
	if (o->front_state == FRONT_DOCUMENT)
		status = give_document(s, lane, st, field);
	else if (may_look(lane, st, field) && (field->bytes.len > 0 || field->last))
		status = look(s, lane, st, field);
	if (status == STATUS_LIMIT) {
		stream_stop(s, st, STREAM_LIMIT);
		status = STATUS_OK;
	}
	return status;
}

int field_apply(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct field *field, struct field *ret)
{
	struct outlet *o = &st->outlet;
	int status;

	if (!o->busy) {
		o->at = o->looked = 0;
		o->looking = false;
		look_at_front(s, lane, st, field);
		o->out = o->front_state == FRONT_DOCUMENT && field->kind == FIELD_VALUE;
	}
	o->busy = true;
	if (!o->out)
		return go_out(s, st, field, ret);
	if (!o->looking)
		field_free(s, o);
	o->looking = true;
	status = look_through(s, lane, st, field);
	if (status == STATUS_MORE && st->phase != PHASE_STOPPED)
		return STATUS_MORE;
	o->busy = false;
	field_free(s, o);
	return status < 0 ? status : STATUS_MORE;
}

bool field_settle(struct lane *lane, struct stream *st, const struct op *next, int *ret)
{
	if (st->outlet.busy || (next->kind == OP_FIELD && !next->field.first))
		return false;
	st->outlet.front_state = FRONT_OTHER;
	if (!st->outlet.child)
		return false;
	memset(&st->outlet.finder, 0, sizeof(st->outlet.finder));
	*ret = close_child(lane, st);
	return true;
}
