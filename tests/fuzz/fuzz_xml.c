/* Any bytes as an XML document: fed whole and in pieces of a length that the first byte says, the
 * same events must come, and what they hold must stand inside the limits. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint64_t value;
};

static void add(struct sum *s, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		s->value = (s->value ^ at[i]) * 1099511628211u;
}

static void add_event(struct sum *s, const struct xml_event *e)
{
	if (e->depth == 0 || e->depth > XML_DEPTH_MAX || e->attribute_count > XML_ATTRIBUTES_MAX)
		abort();
	if (e->kind == XML_EVENT_TEXT) { /* its pieces may fall elsewhere */
		add(s, e->text.data, e->text.len);
		return;
	}
	add(s, e->space, strlen(e->space));
	add(s, e->name, strlen(e->name) + 1);
	for (size_t i = 0; i < e->attribute_count; i++) {
		add(s, e->attributes[i].space, strlen(e->attributes[i].space));
		add(s, e->attributes[i].name, strlen(e->attributes[i].name));
		add(s, e->attributes[i].value, strlen(e->attributes[i].value) + 1);
	}
}

static int read_all(struct span document, size_t step, struct sum *s)
{
	struct xml_event event;
	struct budget budget;
	struct xml *x;
	int status = STATUS_OK;

	budget_init(&budget, 4u << 20);
	if (xml_new(&x, &budget) != STATUS_OK)
		abort();
	for (size_t at = 0; status == STATUS_OK; at += step) {
		xml_feed(x, span_slice(document, at < document.len ? at : document.len, step),
		        at + step >= document.len);
		while ((status = xml_next(x, &event)) == STATUS_ITEM)
			add_event(s, &event);
	}
	xml_free(x);
	if (budget.used_bytes != 0)
		abort();
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole = {.value = 1469598103934665603u}, pieces = whole;
	struct span document;
	int status, again;

	if (size == 0)
		return 0;
	document = span_of(data + 1, size - 1);
	status = read_all(document, size, &whole);
	again = read_all(document, (size_t)data[0] + 1, &pieces);
	if (status == STATUS_END && (again != status || whole.value != pieces.value))
		abort();
	return 0;
}
