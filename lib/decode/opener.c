#include "decode/opener.h"

#include <string.h>

#include "base/compiler.h"

#define ZIP_METHOD_MAX  99 /* AES; the highest that APPNOTE names */
#define TEXT_HIGH_SHARE 4  /* one byte in so many of a text may be outside ASCII */

struct mark {
	const char *bytes;
	size_t len;
};

#define MARK(b)                                                                                    \
	{                                                                                          \
		b, sizeof(b) - 1                                                                   \
	}

/* Long enough to need no further proof. */
static const struct mark marks[] = {
        MARK("%PDF-1."),
        MARK("%PDF-2."),
        MARK("{\\rtf"),
        MARK("<?xml"),
        MARK("<ClinicalDocument"),
        MARK("{\"resourceType"),
        MARK("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        MARK("\x89PNG\r\n\x1a\n"),
        MARK("7z\xbc\xaf\x27\x1c"),
        MARK("\x0bMSH"),
        MARK("OggS\0"),
};

/* Content types of CMS: signed, enveloped, encrypted, authenticated-enveloped data. */
static const struct mark cms_types[] = {
        MARK("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"),
        MARK("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
        MARK("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"),
        MARK("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"),
};

/* Of the header of a signed or encrypted token: it says nothing of anybody. */
static const char *const token_keys[] = {"{\"alg\"", "{\"typ\"", "{\"kid\"", "{\"cty\"", "{\"enc\"",
        "{\"x5t\"", "{\"x5c\"", "{\"jku\"", "{\"zip\""};

static bool has_at(struct span bytes, size_t at, struct mark m)
{
	return span_equal(span_slice(bytes, at, m.len), span_of(m.bytes, m.len));
}

static bool is_gzip(const uint8_t *b)
{
	return b[0] == 0x1f && b[1] == 0x8b && b[2] == 8 && (b[3] & 0xe0) == 0;
}

static bool is_zip(const uint8_t *b)
{
	return b[0] == 'P' && b[1] == 'K' && b[2] == 3 && b[3] == 4 && b[5] == 0 &&
	       b[8] <= ZIP_METHOD_MAX && b[9] == 0;
}

/* The frame header's reserved bit is clear. */
static bool is_zstd(const uint8_t *b)
{
	return b[0] == 0x28 && b[1] == 0xb5 && b[2] == 0x2f && b[3] == 0xfd && !(b[4] & 8);
}

/* The first marker of a JPEG file has a length of two bytes; a picture's are never long. */
static bool is_jpeg(const uint8_t *b)
{
	return b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff && b[3] >= 0xc0 && b[3] < 0xff &&
	       (b[4] != 0 || b[5] >= 2);
}

/* The first directory lies on a word boundary behind the header. */
static bool is_tiff(const uint8_t *b)
{
	if (b[0] == 'I' && b[1] == 'I' && b[2] == '*' && b[3] == 0)
		return b[7] < 0x80 && (b[4] & 1) == 0 && (b[4] >= 8 || b[5] || b[6] || b[7]);
	return b[0] == 'M' && b[1] == 'M' && b[2] == 0 && b[3] == '*' && b[4] < 0x80 &&
	       (b[7] & 1) == 0;
}

/* An EBML header: its length, then one of its elements (0x42..). */
static bool is_webm(const uint8_t *b)
{
	size_t at = b[4] == 0x01 ? 12 : 5;

	return b[0] == 0x1a && b[1] == 0x45 && b[2] == 0xdf && b[3] == 0xa3 && b[4] != 0 &&
	       b[at] == 0x42;
}

static bool is_sound(struct span bytes)
{
	static const struct mark wave = MARK("WAVE");
	static const struct mark mp4 = MARK("ftyp");

	return (span_starts(bytes, "RIFF") && has_at(bytes, 8, wave)) || has_at(bytes, 4, mp4) ||
	       is_webm(bytes.data);
}

static bool is_cms(struct span bytes)
{
	size_t header = bytes.data[1] < 0x80 ? 2 : 2 + (bytes.data[1] & 0x7fu);

	if (bytes.data[0] != 0x30 || header > 6)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(cms_types); i++)
		if (has_at(bytes, header, cms_types[i]))
			return true;
	return false;
}

/* MSH, FHS or BHS with the separator that stands again behind the four or five other delimiters. */
static bool is_hl7(struct span bytes)
{
	uint8_t separator = bytes.data[3];

	if (!span_starts(bytes, "MSH") && !span_starts(bytes, "FHS") && !span_starts(bytes, "BHS"))
		return false;
	return separator > ' ' && separator < 0x7f &&
	       (bytes.data[8] == separator || bytes.data[7] == separator ||
	               bytes.data[9] == separator);
}

static bool is_readable(uint8_t byte)
{
	return (byte >= ' ' && byte < 0x7f) || byte == '\t' || byte == '\r' || byte == '\n' ||
	       byte == 0x0b || byte == 0x1c;
}

/* Bytes that must follow a lead byte of UTF-8; -1: it is none. */
static int followers(uint8_t lead)
{
	if (lead >= 0xc2 && lead < 0xe0)
		return 1;
	if (lead >= 0xe0 && lead < 0xf0)
		return 2;
	return lead >= 0xf0 && lead < 0xf5 ? 3 : -1;
}

static bool is_text(struct span bytes)
{
	size_t high = 0;
	int due = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.data[i];

		high += byte >= 0x80;
		if (due > 0 && (byte & 0xc0) != 0x80)
			return false;
		if (due > 0)
			due--;
		else if (byte >= 0x80)
			due = followers(byte);
		else if (!is_readable(byte))
			return false;
		if (due < 0)
			return false;
	}
	return high <= bytes.len / TEXT_HIGH_SHARE;
}

/* UTF-16 of either order: every second byte is zero, the others are readable. A mark of the order
 * may stand before it. */
static bool is_wide_text(struct span bytes)
{
	bool marked = (bytes.data[0] == 0xff && bytes.data[1] == 0xfe) ||
	              (bytes.data[0] == 0xfe && bytes.data[1] == 0xff);
	size_t first = marked ? 2 : 0;
	size_t side = bytes.data[first] == 0 ? 1 : 0;

	for (size_t i = first; i + 1 < bytes.len; i += 2)
		if (bytes.data[i + 1 - side] != 0 || !is_readable(bytes.data[i + side]))
			return false;
	return true;
}

static bool is_token_header(struct span bytes)
{
	for (size_t i = 0; i < ARRAY_LEN(token_keys); i++)
		if (span_starts(bytes, token_keys[i]))
			return true;
	return false;
}

bool opener_known(struct span given)
{
	uint8_t padded[OPENER_BYTES] = {0};
	struct span bytes = span_slice(given, 0, OPENER_BYTES);

	if (bytes.len < OPENER_BYTES_MIN)
		return false;
	memcpy(padded, bytes.data, bytes.len);
	bytes.data = padded;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (has_at(bytes, 0, marks[i]))
			return true;
	if (is_gzip(bytes.data) || is_zip(bytes.data) || is_zstd(bytes.data) ||
	        is_jpeg(bytes.data) || is_tiff(bytes.data))
		return true;
	if (is_sound(bytes) || is_cms(bytes) || is_hl7(bytes))
		return true;
	if (bytes.len < OPENER_TEXT_BYTES_MIN || is_token_header(bytes))
		return false;
	return is_text(bytes) || is_wide_text(bytes);
}
