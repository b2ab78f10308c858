/* xml_scope: the elements of an XML document that are open: the path of names to each, and the
 * fields that wait until enough is known of what they stand in. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/xml_state.h"

/* ---- names and paths ---- */

struct span xml_local_name(const char *name)
{
	const char *colon = strrchr(name, ':');

	return span_of_text(colon && colon[1] ? colon + 1 : name);
}

struct span xml_open_name(const struct xml_content *x, unsigned around)
{
	size_t from, to;

	if (around >= x->depth)
		return span_of(NULL, 0);
	from = x->elements[x->depth - 1 - around].path_len;
	to = around == 0 ? x->path_len : x->elements[x->depth - around].path_len;
	if (from < to && x->path[from] == '.')
		from++;
	return span_of(x->path + from, to - from);
}

void xml_path_push(struct xml_content *x, struct span name)
{
	name = span_slice(name, 0, XML_PART_BYTES);
	if (name.len + 1 > sizeof(x->path) - x->path_len)
		return; /* the label is cut; the value is still read */
	if (x->path_len > 0)
		x->path[x->path_len++] = '.';
	for (size_t i = 0; i < name.len; i++) /* a dot would be a step of the path */
		x->path[x->path_len++] = (char)(name.data[i] == '.' ? '_' : name.data[i]);
}

static struct span scope_path(struct xml_content *x)
{
	const struct xml_scope *s = xml_top_scope(x);
	size_t from = s ? s->path_len : 0;

	if (from < x->path_len && x->path[from] == '.')
		from++;
	return from < x->path_len ? span_of(x->path + from, x->path_len - from) : span_of(NULL, 0);
}

/* The last so many parts. */
static struct span last_parts(struct span path, unsigned parts)
{
	size_t at = path.len;

	while (at > 0 && (path.data[at - 1] != '.' || --parts > 0))
		at--;
	return span_slice(path, at, SIZE_MAX);
}

struct span xml_label(struct xml_content *x, struct span attribute,
        char to[static DECODE_LABEL_BYTES_MAX], enum label_kind *ret_kind)
{
	const struct xml_scope *s = xml_top_scope(x);
	bool fhir = s && s->carrier == CARRIER_FHIR;
	unsigned parts = XML_LABEL_PARTS - (attribute.len > 0);
	struct span path = fhir ? scope_path(x) : last_parts(span_of(x->path, x->path_len), parts);
	size_t most = DECODE_LABEL_BYTES_MAX / 2;
	int len;

	attribute = span_slice(attribute, 0, XML_PART_BYTES);
	if (path.len > most)
		path = span_slice(path, path.len - most, SIZE_MAX);
	len = snprintf(to, DECODE_LABEL_BYTES_MAX, "%s%s%.*s%s%.*s", fhir ? s->name : "",
	        fhir && path.len > 0 ? "." : "", (int)path.len, (const char *)path.data,
	        attribute.len > 0 ? "." : "", (int)attribute.len, (const char *)attribute.data);
	*ret_kind = fhir ? LABEL_FHIR_PATH : LABEL_KEY;
	return span_of(to, len < 0 ? 0u : (size_t)len);
}

/* ---- fields that wait ---- */

int xml_hold(struct xml_content *x, enum label_kind kind, struct span label, struct span value)
{
	struct buf *held = &xml_top_scope(x)->held;
	struct xml_held head;
	int status = STATUS_OK;

	label = span_slice(label, 0, DECODE_LABEL_BYTES_MAX);
	do { /* a tag may hold a value that is longer than one may be */
		struct span part = span_slice(value, 0, DECODE_VALUE_BYTES_MAX);

		value = span_slice(value, part.len, SIZE_MAX);
		head = (struct xml_held){.label_len = (uint16_t)label.len,
		        .value_len = (uint16_t)part.len,
		        .label_kind = (uint8_t)kind};
		/* All or nothing: half a field could not be read again. */
		status = buf_reserve(held, sizeof(head) + label.len + part.len);
		if (status == STATUS_OK)
			status = buf_append(held, span_of(&head, sizeof(head)));
		if (status == STATUS_OK)
			status = buf_append(held, label);
		if (status == STATUS_OK)
			status = buf_append(held, part);
	} while (status == STATUS_OK && value.len > 0);
	return status;
}

static const char *const sibling_names[XML_SIBLINGS] = {"system", "value", "code"};

bool xml_keep_sibling(struct xml_content *x, struct span name, struct span value)
{
	struct xml_element *parent = x->depth > 1 ? &x->elements[x->depth - 2] : NULL;

	if (!parent || xml_top_scope(x)->carrier != CARRIER_FHIR ||
	        xml_top_scope(x)->depth == x->depth - 1 || value.len > XML_SIBLING_BYTES_MAX ||
	        value.len > sizeof(x->siblings) - x->siblings_len)
		return false;
	for (int i = 0; i < XML_SIBLINGS; i++) {
		if (parent->sibling_set[i] || !span_equal_text(name, sibling_names[i]))
			continue;
		parent->sibling_set[i] = true;
		parent->sibling_at[i] = (uint16_t)x->siblings_len;
		parent->sibling_len[i] = (uint16_t)value.len;
		memcpy(x->siblings + x->siblings_len, value.data, value.len);
		x->siblings_len += value.len;
		/* They outlive the element that brought them. */
		x->elements[x->depth - 1].sibling_base = (uint16_t)x->siblings_len;
		return true;
	}
	return false;
}

int xml_give_siblings(struct xml_content *x)
{
	struct xml_element *e = xml_top(x);
	struct span value[XML_SIBLINGS];
	char label[DECODE_LABEL_BYTES_MAX];
	int status = STATUS_OK;

	for (int i = 0; i < XML_SIBLINGS; i++)
		value[i] = span_of(
		        x->siblings + e->sibling_at[i], e->sibling_set[i] ? e->sibling_len[i] : 0);
	if (span_find_byte(value[XML_SYSTEM], ':') == SIZE_MAX)
		value[XML_SYSTEM].len = 0;
	for (int i = 0; i < XML_SIBLINGS && status == STATUS_OK; i++) {
		enum label_kind kind;
		struct span path;

		if (!e->sibling_set[i])
			continue;
		path = xml_label(x, span_of_text(sibling_names[i]), label, &kind);
		if (i == XML_SYSTEM)
			value[i].len = e->sibling_len[i];
		else if (value[XML_SYSTEM].len > 0) {
			path = value[XML_SYSTEM];
			kind = LABEL_FHIR_SYSTEM;
		}
		status = xml_hold(x, kind, path, value[i]);
	}
	x->siblings_len = e->sibling_base;
	return status;
}

/* ---- scopes ---- */

void xml_scope_open(struct xml_content *x, enum carrier carrier, struct span name)
{
	struct xml_scope *s = &x->scope[x->scopes++];

	*s = (struct xml_scope){
	        .carrier = carrier, .depth = x->depth - 1, .path_len = (uint16_t)x->path_len};
	name = span_slice(name, 0, sizeof(s->name) - 1);
	if (name.len > 0)
		memcpy(s->name, name.data, name.len);
	buf_init(&s->held, XML_HELD_BYTES_MAX, x->env->budget);
}

int xml_pop(struct xml_content *x)
{
	struct xml_scope *s = xml_top_scope(x);
	int status = xml_give_siblings(x);

	x->path_len = xml_top(x)->path_len;
	x->depth--;
	if (s->depth == x->depth) {
		s->ended = true;
		xml_flush_ask(x, false);
	}
	x->root_closed = x->depth == 0;
	return status;
}

/* ---- putting out what waits ---- */

void xml_flush_ask(struct xml_content *x, bool keep_open)
{
	x->flush = XML_FLUSH_BEGIN;
	x->flush_at = 0;
	x->flush_keeps_open = keep_open;
}

static void message_begin(struct xml_content *x, struct decode_out *out)
{
	static const char *const places[CARRIERS] = {[CARRIER_CDA] = "CDA document",
	        [CARRIER_SEALED] = "sealed message",
	        [CARRIER_PRESCRIPTION] = "prescription",
	        [CARRIER_CLAIM] = "claim"};
	struct xml_scope *s = xml_top_scope(x);
	const char *known = places[s->carrier];
	char place[DECODE_STEP_CHARS] = "";

	if (x->open)
		decode_end(out);
	x->open = s;
	s->told = true;
	s->renamed = false;
	x->messages++;
	if (s->carrier == CARRIER_FHIR)
		snprintf(place, sizeof(place), "resource %u", x->messages);
	else if (known)
		snprintf(place, sizeof(place), "%s", known);
	else if (x->messages > 1 && s->carrier != CARRIER_DOCUMENT)
		snprintf(place, sizeof(place), "record %u", x->messages);
	decode_begin(out, s->carrier, span_of_text(s->name), place);
}

static int flush_field(struct xml_content *x, struct decode_out *out)
{
	struct xml_scope *s = xml_top_scope(x);
	struct cursor c = cursor_open(span_slice(buf_span(&s->held), x->flush_at, SIZE_MAX));
	struct xml_held head;
	struct span label, bytes;

	cursor_copy(&c, &head, sizeof(head));
	label = cursor_span(&c, head.label_len);
	bytes = cursor_span(&c, head.value_len);
	if (cursor_failed(&c))
		return STATUS_BUG;
	decode_value(
	        out, label.len > 0 ? (enum label_kind)head.label_kind : LABEL_NONE, label, bytes);
	x->flush_at += sizeof(head) + head.label_len + head.value_len;
	return STATUS_OK;
}

static void flush_done(struct xml_content *x)
{
	struct xml_scope *s = xml_top_scope(x);

	buf_clear(&s->held);
	x->flush = XML_FLUSH_NONE;
	if (s->ended) {
		buf_free(&s->held);
		x->scopes--;
	}
}

bool xml_is_ready(struct xml_content *x)
{
	return x->open && x->open == xml_top_scope(x) && x->open->held.len == 0;
}

int xml_flush_step(struct xml_content *x, struct decode_out *out)
{
	struct xml_scope *s = xml_top_scope(x);
	bool worth = s->held.len > 0 || x->flush_keeps_open ||
	             (s->carrier != CARRIER_XML && !s->told);
	size_t room = decode_room(out);
	int status = STATUS_OK;

	if (x->flush == XML_FLUSH_DRAIN) {
		flush_done(x);
		return STATUS_OK;
	}
	if (x->flush == XML_FLUSH_BEGIN && worth && (x->open != s || s->renamed))
		message_begin(x, out);
	x->flush = XML_FLUSH_FIELDS;
	while (status == STATUS_OK && x->flush_at < s->held.len && decode_room(out) > 2)
		status = flush_field(x, out);
	if (status != STATUS_OK || x->flush_at < s->held.len)
		return status == STATUS_OK ? STATUS_MORE : status;
	if (!x->flush_keeps_open && x->open == s) {
		decode_end(out);
		x->open = NULL;
	}
	if (decode_room(out) == room) {
		flush_done(x);
		return STATUS_OK;
	}
	x->flush = XML_FLUSH_DRAIN;
	return STATUS_MORE;
}
