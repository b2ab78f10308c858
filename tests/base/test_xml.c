#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/xml.h"

#define OUT_BYTES_MAX 4096

static const char document[] =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<w:book xmlns:w=\"urn:book\" xmlns:r=\"urn:link\" date=\"1\" r:id=\"x&lt;y\">"
        "<w:cell>caf\xc3\xa9 &amp; t&#233;<![CDATA[<&]]></w:cell><empty/><!-- none --></w:book>\n";
static const char expected[] = "+1 urn:book book( date=1)(urn:link id=x<y)"
                               "+2 urn:book cell'caf\xc3\xa9 & t\xc3\xa9<&'"
                               "-2 urn:book cell"
                               "+2  empty-2  empty"
                               "-1 urn:book book";

/* Every event as text; pieces of one text are joined. Gives the last status. */
static int events_of(struct span bytes, size_t step, struct budget *budget, struct buf *ret)
{
	struct xml_event e;
	struct xml *x = NULL;
	bool in_text = false;
	int status;

	assert_int_equal(xml_new(&x, budget), 0);
	for (size_t at = 0;; at += step) {
		xml_feed(x, span_slice(bytes, at < bytes.len ? at : bytes.len, step),
		        at + step >= bytes.len);
		while ((status = xml_next(x, &e)) == STATUS_ITEM) {
			bool is_text = e.kind == XML_EVENT_TEXT;

			if (is_text != in_text)
				assert_int_equal(buf_append_byte(ret, '\''), 0);
			in_text = is_text;
			if (is_text)
				assert_int_equal(buf_append(ret, e.text), 0);
			else
				assert_int_equal(buf_printf(ret, "%c%u %s %s",
				                         e.kind == XML_EVENT_START ? '+' : '-',
				                         e.depth, e.space, e.name),
				        0);
			for (size_t i = 0; i < e.attribute_count; i++)
				assert_int_equal(
				        buf_printf(ret, "(%s %s=%s)", e.attributes[i].space,
				                e.attributes[i].name, e.attributes[i].value),
				        0);
		}
		if (status != STATUS_OK)
			break;
	}
	assert_int_equal(xml_next(x, &e), status);
	xml_free(x);
	return status;
}

static void events_come_in_order_however_fed(void **state)
{
	struct span all = span_of(document, sizeof(document) - 1);

	(void)state;
	for (size_t step = 1; step <= all.len; step++) {
		struct budget budget;
		struct buf out;

		budget_init(&budget, 1u << 20);
		buf_init(&out, OUT_BYTES_MAX, NULL);
		assert_int_equal(events_of(all, step, &budget, &out), STATUS_END);
		assert_true(span_equal_text(buf_span(&out), expected));
		assert_int_equal(budget.used_bytes, 0);
		assert_true(budget.peak_bytes > 0);
		buf_free(&out);
	}
}

static void a_cut_document_is_malformed(void **state)
{
	size_t whole = sizeof(document) - 2; /* the last line end may lack */

	(void)state;
	for (size_t len = 0; len < whole; len++) {
		struct buf out;

		buf_init(&out, OUT_BYTES_MAX, NULL);
		assert_int_equal(
		        events_of(span_of(document, len), 7, NULL, &out), STATUS_MALFORMED);
		buf_free(&out);
	}
}

static void what_is_refused_is_named(void **state)
{
	static const struct {
		const char *text;
		int status;
	} refused[] = {
	        {"", STATUS_MALFORMED},
	        {"text", STATUS_MALFORMED},
	        {"<a></b>", STATUS_MALFORMED},
	        {"<a>&b;</a>", STATUS_MALFORMED},
	        {"<a b='1' b='2'/>", STATUS_MALFORMED},
	        {"<a/><b/>", STATUS_MALFORMED},
	        {"<a>\x01</a>", STATUS_MALFORMED},
	        {"<a>\xff</a>", STATUS_MALFORMED},
	        {"<w:a/>", STATUS_MALFORMED},
	        {"<!DOCTYPE a><a/>", STATUS_UNSUPPORTED},
	        {"<!DOCTYPE a [<!ENTITY b 'bb'><!ENTITY c '&b;&b;'>]><a>&c;</a>",
	                STATUS_UNSUPPORTED},
	        {"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>", STATUS_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct buf out;

		buf_init(&out, OUT_BYTES_MAX, NULL);
		assert_int_equal(
		        events_of(span_of_text(refused[i].text), 5, NULL, &out), refused[i].status);
		buf_free(&out);
	}
}

static int status_of(struct buf *document_taken)
{
	struct xml_event e;
	struct xml *x = NULL;
	int status;

	assert_int_equal(xml_new(&x, NULL), 0);
	xml_feed(x, buf_span(document_taken), true);
	while ((status = xml_next(x, &e)) == STATUS_ITEM)
		assert_true(e.depth <= XML_DEPTH_MAX && e.attribute_count <= XML_ATTRIBUTES_MAX);
	xml_free(x);
	buf_free(document_taken);
	return status;
}

static struct buf repeated(
        const char *before, const char *format, unsigned times, const char *after)
{
	struct buf b;

	buf_init(&b, 4u << 20, NULL);
	assert_int_equal(buf_append_text(&b, before), 0);
	for (unsigned i = 0; i < times; i++) {
		char piece[64];

		snprintf(piece, sizeof(piece), "%s%u", format, i);
		assert_int_equal(buf_append_text(&b, piece), 0);
		if (format[0] == '<')
			assert_int_equal(buf_append_text(&b, "/>"), 0);
		if (format[0] == ' ')
			assert_int_equal(buf_append_text(&b, "='v'"), 0);
	}
	assert_int_equal(buf_append_text(&b, after), 0);
	return b;
}

static void both_sides_of_each_limit(void **state)
{
	struct buf b;

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		int expected_status = over ? STATUS_LIMIT : STATUS_END;

		buf_init(&b, 4096, NULL);
		for (unsigned i = 0; i < XML_DEPTH_MAX + over; i++)
			assert_int_equal(buf_append_text(&b, "<a>"), 0);
		for (unsigned i = 0; i < XML_DEPTH_MAX + over; i++)
			assert_int_equal(buf_append_text(&b, "</a>"), 0);
		assert_int_equal(status_of(&b), expected_status);
		b = repeated("<a", " b", XML_ATTRIBUTES_MAX + over, "/>");
		assert_int_equal(status_of(&b), expected_status);
		b = repeated("<a>", "<n", over ? 8000 : 900, "</a>");
		assert_int_equal(status_of(&b), expected_status);
		b = repeated("<a b='", "x", over ? 40000 : 11000, "'/>");
		assert_int_equal(status_of(&b), expected_status);
	}
	b = repeated("<a>", "text", 100000, "</a>");
	assert_int_equal(status_of(&b), STATUS_END);
}

static void a_small_budget_is_a_limit(void **state)
{
	struct budget budget;
	struct buf out;

	(void)state;
	budget_init(&budget, 100);
	buf_init(&out, OUT_BYTES_MAX, NULL);
	assert_int_equal(events_of(span_of(document, sizeof(document) - 1), 16, &budget, &out),
	        STATUS_LIMIT);
	assert_int_equal(budget.used_bytes, 0);
	assert_true(budget.refusals > 0);
	buf_free(&out);
}

static void attributes_are_found_by_name(void **state)
{
	struct xml_event e;
	struct xml *x = NULL;

	(void)state;
	assert_int_equal(xml_new(&x, NULL), 0);
	xml_feed(x, span_of(document, sizeof(document) - 1), true);
	assert_int_equal(xml_next(x, &e), STATUS_ITEM);
	assert_string_equal(xml_attribute(&e, "", "date"), "1");
	assert_string_equal(xml_attribute(&e, "urn:link", "id"), "x<y");
	assert_null(xml_attribute(&e, "", "id"));
	assert_null(xml_attribute(&e, "", "book"));
	xml_free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(events_come_in_order_however_fed),
	        cmocka_unit_test(a_cut_document_is_malformed),
	        cmocka_unit_test(what_is_refused_is_named),
	        cmocka_unit_test(both_sides_of_each_limit),
	        cmocka_unit_test(a_small_budget_is_a_limit),
	        cmocka_unit_test(attributes_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
