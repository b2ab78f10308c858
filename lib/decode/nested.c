/* nested: whether the text of a field is a document of its own, with its escapes undone: HL7 v2,
 * PIT, RTF, XML or JSON in a string of JSON, a cell, a literal of SQL, an element of XML.
 *
 * The decoder of the format is asked first, so that what is opened is read by it. Of XML and JSON
 * it asks less than tells them from text: the root must declare a name space or be a known one, and
 * the first key of an object must be whole. Sources: RFC 8259, XML Namespaces 1.0. */
#include <string.h>

#include "base/status.h"
#include "decode/session.h"

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static struct span skip_blanks(struct span text)
{
	while (text.len > 0 && is_blank(text.data[0]))
		text = span_slice(text, 1, SIZE_MAX);
	return text;
}

/* An object, or a list of objects, up to the colon of its first key. */
static enum probe_answer json_goes_on(struct span front)
{
	size_t stop;

	front = skip_blanks(front);
	if (front.len > 0 && front.data[0] == '[')
		front = skip_blanks(span_slice(front, 1, SIZE_MAX));
	if (front.len > 0 && front.data[0] != '{')
		return PROBE_NO;
	front = skip_blanks(span_slice(front, 1, SIZE_MAX));
	if (front.len > 0 && front.data[0] != '"')
		return PROBE_NO;
	front = span_slice(front, 1, SIZE_MAX);
	stop = span_find_byte(front, '"');
	if (stop == SIZE_MAX)
		return PROBE_MORE;
	front = skip_blanks(span_slice(front, stop + 1, SIZE_MAX));
	if (front.len == 0)
		return PROBE_MORE;
	return front.data[0] == ':' ? PROBE_YES : PROBE_NO;
}

/* An XML declaration, or a first element that declares a name space or is a known root. */
static enum probe_answer xml_goes_on(struct span front)
{
	static const char *const roots[] = {
	        "<ClinicalDocument", "<ePrescription", "<EPrescription"};
	struct span tag;

	front = skip_blanks(front);
	if (span_starts(front, "<?xml"))
		return PROBE_YES;
	tag = span_slice(front, 0, span_find_byte(front, '>'));
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		if (span_starts(tag, roots[i]))
			return PROBE_YES;
	if (span_find(tag, span_of_text(" xmlns")) != SIZE_MAX)
		return PROBE_YES;
	return tag.len < front.len ? PROBE_NO : PROBE_MORE;
}

struct format {
	const struct decoder *decoder;
	enum probe_answer (*goes_on)(struct span front); /* NULL: the decoder's word is enough */
};

enum probe_answer nested_begins(struct span front, bool end)
{
	static const struct content undeclared;
	static const struct decode_env env = {.content = &undeclared, .depth = 1};
	static const struct format formats[] = {{&decoder_hl7v2, NULL}, {&decoder_pit, NULL},
	        {&decoder_rtf, NULL}, {&decoder_xml, xml_goes_on}, {&decoder_json, json_goes_on}};
	const struct probe probe = {
	        .head = front, .end = end || front.len >= NESTED_FRONT_BYTES, .env = &env};
	struct span text = skip_blanks(front);
	bool waits = false;

	if (text.len > 0 && (text.data[0] == '\0' || !strchr("MFB01{[<", text.data[0])))
		return PROBE_NO;
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		enum probe_answer answer = formats[i].decoder->probe(&probe);

		if (answer == PROBE_YES && formats[i].goes_on)
			answer = formats[i].goes_on(front);
		if (answer == PROBE_YES)
			return PROBE_YES;
		waits = waits || answer == PROBE_MORE;
	}
	return waits && !probe.end ? PROBE_MORE : PROBE_NO;
}
