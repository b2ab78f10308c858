#include "decode/imap_section.h"

#include <stdio.h>
#include <string.h>

#include "decode/mime_header.h"
#include "decode/transfer_encoding.h"

#define BASE64_LINE_MAX 76 /* RFC 2045 section 6.8 */
#define BASE64_LINE_MIN 60 /* of those that writers of mail make */
#define BASE64_ONE_MIN  24 /* a line alone: a longer word is no word */

/* Takes the line off the front; *ret without its end. */
static bool next_line(struct span *rest, struct span *ret)
{
	size_t end = span_find_byte(*rest, '\n');

	*ret = span_slice(*rest, 0, end);
	*rest = span_slice(*rest, end == SIZE_MAX ? rest->len : end + 1, SIZE_MAX);
	if (ret->len > 0 && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return end != SIZE_MAX;
}

/* Mail has its headers in front, where the item is a mail, or headers of one. */
static bool has_headers(struct span name)
{
	return name.len == 0 || span_equal_nocase(name, "RFC822") ||
	       span_equal_nocase(name, "RFC822.HEADER") || span_starts_nocase(name, "BODY[]") ||
	       span_has_nocase(name, "HEADER") || span_has_nocase(name, ".MIME]");
}

/* A line "--boundary" with a header, or nothing, behind it. */
static bool find_boundary(struct span front, struct content *ret)
{
	struct span line, next;

	while (front.len > 0) {
		if (!next_line(&front, &line))
			return false;
		if (!span_starts(line, "--") || line.len < 4 ||
		        line.len - 2 >= sizeof(ret->boundary))
			continue;
		next = span_slice(front, 0, span_find_byte(front, '\n'));
		if (!span_starts_nocase(next, "Content-") && span_trim(next).len > 1)
			continue;
		memcpy(ret->boundary, line.data + 2, line.len - 2);
		ret->boundary[line.len - 2] = '\0';
		snprintf(ret->type, sizeof(ret->type), "multipart/mixed");
		return true;
	}
	return false;
}

static bool is_base64(struct span line)
{
	size_t len = line.len;

	while (len > 0 && line.len - len < 2 && line.data[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = line.data[i], letter = byte | 0x20;

		if (!(letter >= 'a' && letter <= 'z') && !(byte >= '0' && byte <= '9') &&
		        byte != '+' && byte != '/')
			return false;
	}
	return len > 0 && line.len % 4 == 0;
}

/* Whole lines of one length, or one line that is all. */
static bool is_base64_lines(struct span front, bool all)
{
	struct span line;
	size_t first = 0;

	if (base64_run(span_slice(front, 0, BASE64_RUN_BYTES)) && front.len >= BASE64_RUN_BYTES)
		return true;
	while (front.len > 0) {
		bool whole = next_line(&front, &line);

		if (!whole && !all)
			return first > 0;
		if (line.len == 0 && first > 0 && all && front.len == 0)
			return true;
		if (!is_base64(line) || line.len > BASE64_LINE_MAX ||
		        (first > 0 && line.len > first))
			return false;
		if (first == 0 &&
		        line.len < (front.len == 0 && all ? BASE64_ONE_MIN : BASE64_LINE_MIN))
			return false;
		if (first > 0 && line.len < first)
			return all && front.len <= 2;
		first = line.len;
	}
	return first > 0;
}

static bool is_hex(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F');
}

/* RFC 2045 section 6.7: an equals sign stands before two digits or a line end only. */
static bool is_quoted_printable(struct span front)
{
	size_t seen = 0;

	for (size_t i = 0; i + 2 < front.len; i++) {
		const uint8_t *at = front.data + i;

		if (at[0] >= 0x80)
			return false;
		if (at[0] != '=')
			continue;
		if (at[1] != '\n' && (at[1] != '\r' || at[2] != '\n') &&
		        (!is_hex(at[1]) || !is_hex(at[2])))
			return false;
		seen++;
	}
	return seen > 0;
}

void imap_section_declare(struct span name, struct span front, bool all, struct content *ret)
{
	struct span line, rest = front;

	if (has_headers(name)) {
		(void)next_line(&rest, &line);
		if (mime_is_header(line))
			snprintf(ret->type, sizeof(ret->type), "message/rfc822");
		return;
	}
	if (span_starts_nocase(name, "BINARY"))
		return; /* undone by the server, RFC 3516 */
	if (find_boundary(front, ret))
		return;
	if (is_base64_lines(front, all))
		ret->wrappings[0] = WRAPPING_BASE64;
	else if (is_quoted_printable(front))
		ret->wrappings[0] = WRAPPING_QUOTED_PRINTABLE;
}
