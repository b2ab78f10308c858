/* content: what headers declare of a content: RFC 2045 section 5.1 (Content-Type and its
 * parameters), RFC 9110 section 8.4 (Content-Encoding), RFC 6266 (Content-Disposition). */
#include <string.h>

#include "decode/decoder.h"
#include "decode/extension.h"
#include "decode/mime_header.h"
#include "decode/transfer_encoding.h"

static char lower(uint8_t b)
{
	return (char)(b >= 'A' && b <= 'Z' ? b + 32 : b);
}

/* Copies lower-cased; leaves ret empty when it does not fit or holds something but a token. */
static void copy_token(struct span from, char *ret, size_t size)
{
	if (from.len >= size)
		return;
	for (size_t i = 0; i < from.len; i++)
		if (from.data[i] <= ' ' || from.data[i] >= 0x7f)
			return;
	for (size_t i = 0; i < from.len; i++)
		ret[i] = lower(from.data[i]);
	ret[from.len] = '\0';
}

/* The next piece up to a semicolon outside quotes; takes it and the semicolon off the front. */
static struct span next_part(struct span *rest)
{
	struct span part;
	bool quoted = false;
	size_t i;

	for (i = 0; i < rest->len; i++) {
		uint8_t b = rest->data[i];

		if (b == '\\' && quoted)
			i++;
		else if (b == '"')
			quoted = !quoted;
		else if (b == ';' && !quoted)
			break;
	}
	part = span_slice(*rest, 0, i);
	*rest = span_slice(*rest, i + 1, rest->len);
	return span_trim(part);
}

/* The raw value of a parameter, quotes still on. */
static struct span find_parameter(struct span header, const char *name)
{
	struct span rest = header;

	(void)next_part(&rest);
	while (rest.len > 0) {
		struct span part = next_part(&rest);
		size_t equals = span_find_byte(part, '=');

		if (equals == SIZE_MAX)
			continue;
		if (span_equal_nocase(span_trim(span_slice(part, 0, equals)), name))
			return span_trim(span_slice(part, equals + 1, part.len));
	}
	return span_of(NULL, 0);
}

static bool is_quoted(struct span value)
{
	return value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"';
}

struct span content_parameter(struct span header, const char *name, struct decode_out *out)
{
	struct span value = find_parameter(header, name);
	uint8_t *plain;
	size_t len = 0;

	if (!is_quoted(value))
		return value;
	value = span_slice(value, 1, value.len - 2);
	if (span_find_byte(value, '\\') == SIZE_MAX)
		return value;
	plain = decode_scratch(out, value.len);
	if (!plain)
		return value;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\\' && i + 1 < value.len)
			i++;
		plain[len++] = value.data[i];
	}
	return span_of(plain, len);
}

static struct span unquoted(struct span value)
{
	return is_quoted(value) ? span_slice(value, 1, value.len - 2) : value;
}

void content_declare_type(struct content *c, struct span content_type)
{
	struct span rest = content_type;
	struct span boundary = unquoted(find_parameter(content_type, "boundary"));

	copy_token(next_part(&rest), c->type, sizeof(c->type));
	copy_token(
	        unquoted(find_parameter(content_type, "charset")), c->charset, sizeof(c->charset));
	if (boundary.len > 0 && boundary.len < sizeof(c->boundary) &&
	        span_find_byte(boundary, '\0') == SIZE_MAX) {
		memcpy(c->boundary, boundary.data, boundary.len);
		c->boundary[boundary.len] = '\0';
	}
}

struct coding {
	const char *name;
	enum wrapping wrapping;
};

static enum wrapping wrapping_of(struct span name)
{
	static const struct coding codings[] = {
	        {"gzip", WRAPPING_GZIP},
	        {"x-gzip", WRAPPING_GZIP},
	        {"deflate", WRAPPING_DEFLATE},
	        {"br", WRAPPING_BROTLI},
	        {"zstd", WRAPPING_ZSTD},
	        {"base64", WRAPPING_BASE64},
	        {"quoted-printable", WRAPPING_QUOTED_PRINTABLE},
	        {"aws-chunked", WRAPPING_AWS_CHUNKED},
	        {"identity", WRAPPING_NONE},
	        {"7bit", WRAPPING_NONE},
	        {"8bit", WRAPPING_NONE},
	        {"binary", WRAPPING_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (span_equal_nocase(name, codings[i].name))
			return codings[i].wrapping;
	return WRAPPING_UNKNOWN;
}

/* The header lists encodings in the order in which they were applied; the outermost is the last. */
void content_declare_encoding(struct content *c, struct span content_encoding)
{
	uint8_t list[DECODE_WRAPPINGS_MAX];
	struct span rest = content_encoding;
	size_t count = 0;

	while (rest.len > 0) {
		size_t comma = span_find_byte(rest, ',');
		struct span name = span_trim(span_slice(rest, 0, comma));
		enum wrapping wrapping = name.len > 0 ? wrapping_of(name) : WRAPPING_NONE;

		rest = comma == SIZE_MAX ? span_of(NULL, 0) : span_slice(rest, comma + 1, rest.len);
		if (wrapping == WRAPPING_NONE)
			continue;
		if (count == DECODE_WRAPPINGS_MAX) {
			c->wrappings[0] = WRAPPING_UNKNOWN;
			return;
		}
		list[count++] = (uint8_t)wrapping;
	}
	for (size_t i = 0; i < count; i++)
		c->wrappings[i] = list[count - 1 - i];
}

#define DISPOSITION_BYTES_MAX 2048 /* file systems take names of 255 characters */

struct span content_file_name(struct span disposition, struct decode_out *out)
{
	uint8_t *name;

	disposition = span_slice(disposition, 0, DISPOSITION_BYTES_MAX);
	if (disposition.len == 0)
		return disposition;
	name = decode_scratch(out, 4 * disposition.len);
	return name ? span_of(name, mime_parameter(disposition, "filename", name))
	            : span_of(NULL, 0);
}

/* A name is the sender's text; only an ending of the closed list is kept. */
void content_declare_name(struct content *c, struct span file_name)
{
	const char *ending = extension_of(file_name);
	size_t len = strlen(ending);

	if (len < 2 || len > sizeof(c->extension))
		return;
	memcpy(c->extension, ending + 1, len);
}

struct content content_unwrapped(const struct content *c, const char *place)
{
	struct content inner = *c;
	size_t len = strnlen(place, sizeof(inner.place) - 1);

	memcpy(inner.place, place, len);
	inner.place[len] = '\0';
	for (size_t i = 0; i + 1 < DECODE_WRAPPINGS_MAX; i++)
		inner.wrappings[i] = inner.wrappings[i + 1];
	inner.wrappings[DECODE_WRAPPINGS_MAX - 1] = WRAPPING_NONE;
	return inner;
}

bool content_is_nested(struct span value, struct content *ret)
{
	if (value.len < 16) /* no document is shorter */
		return false;
	if (base64_run(span_slice(value, 0, BASE64_RUN_BYTES))) {
		ret->wrappings[0] = WRAPPING_BASE64;
		return true;
	}
	return value.data[0] == '{' || value.data[0] == '[' || value.data[0] == '<' ||
	       span_starts(value, "MSH") || span_starts(value, "FHS") || span_starts(value, "BHS");
}
