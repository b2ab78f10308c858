#include "decode/http1_line.h"

#include <string.h>

#define METHOD_BYTES_MAX 24 /* longest registered one: VERSION-CONTROL, 15 */

/* IANA HTTP method registry, the ones that are in use, and those of UPnP. */
static const char *const methods[] = {"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH",
        "CONNECT", "TRACE", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK",
        "REPORT", "SEARCH", "MERGE", "CHECKOUT", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE"};

static bool is_method_byte(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || b == '-' || b == '_';
}

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* Length of the method before the space; 0 when there is none, SIZE_MAX while it is open. */
static size_t method_len(struct span bytes)
{
	size_t i = 0;

	while (i < bytes.len && i <= METHOD_BYTES_MAX && is_method_byte(bytes.data[i]))
		i++;
	if (i == bytes.len && i <= METHOD_BYTES_MAX)
		return SIZE_MAX;
	return i > 0 && i <= METHOD_BYTES_MAX && bytes.data[i] == ' ' ? i : 0;
}

static bool is_known_method(struct span method)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (span_equal_text(method, methods[i]))
			return true;
	return false;
}

/* "HTTP/1.1 200": what a status line begins with. */
static enum probe_answer status_line(struct span bytes)
{
	static const char shape[] = "HTTP/1.# ###";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (i >= bytes.len)
			return PROBE_MORE;
		if (shape[i] == '#' ? !is_digit(bytes.data[i]) : bytes.data[i] != (uint8_t)shape[i])
			return PROBE_NO;
	}
	return PROBE_YES;
}

/* A whole line "METHOD target HTTP/1.x". */
static enum probe_answer request_line(struct span bytes)
{
	size_t method = method_len(bytes);
	struct span line, version;
	size_t stop;

	if (method == 0)
		return PROBE_NO;
	stop = span_find_byte(bytes, '\n');
	line = span_slice(bytes, 0, stop);
	for (size_t i = 0; i < line.len; i++)
		if (line.data[i] < ' ' && line.data[i] != '\r' && line.data[i] != '\t')
			return PROBE_NO;
	if (stop == SIZE_MAX)
		return bytes.len > HTTP1_LINE_BYTES_MAX ? PROBE_NO : PROBE_MORE;
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	if (method == SIZE_MAX || line.len < method + 1 + 9)
		return PROBE_NO;
	version = span_slice(line, line.len - 9, 9);
	return span_starts(version, " HTTP/1.") && is_digit(version.data[8]) ? PROBE_YES : PROBE_NO;
}

static struct span skip_blank(struct span bytes)
{
	while (bytes.len > 0 && (bytes.data[0] == '\r' || bytes.data[0] == '\n'))
		bytes = span_slice(bytes, 1, bytes.len);
	return bytes;
}

enum probe_answer http1_line_begins(struct span bytes)
{
	enum probe_answer answer;
	size_t method;
	uint8_t next;

	bytes = skip_blank(bytes);
	answer = status_line(bytes);
	if (answer != PROBE_NO)
		return answer;
	method = method_len(bytes);
	if (method == SIZE_MAX)
		return PROBE_MORE;
	if (method == 0 || !is_known_method(span_slice(bytes, 0, method)))
		return request_line(bytes);
	if (bytes.len < method + 2)
		return PROBE_MORE;
	next = bytes.data[method + 1];
	if (next == '/' || next == '*')
		return PROBE_YES;
	return request_line(bytes);
}

enum probe_answer http1_line_is_start(struct span bytes)
{
	enum probe_answer answer = status_line(bytes);

	return answer != PROBE_NO ? answer : request_line(bytes);
}

bool http1_line_is_response(struct span line)
{
	return span_starts(line, "HTTP/");
}

/* Length of an empty line at the offset: 1 or 2; 0: not one; SIZE_MAX: more is needed. */
static size_t empty_line(struct span bytes, size_t at)
{
	if (at >= bytes.len || (at + 1 >= bytes.len && bytes.data[at] == '\r'))
		return SIZE_MAX;
	if (bytes.data[at] == '\n')
		return 1;
	return bytes.data[at] == '\r' && bytes.data[at + 1] == '\n' ? 2 : 0;
}

size_t http1_line_head_end(struct span bytes, size_t *scanned)
{
	size_t at = *scanned;

	for (;;) {
		size_t stop = span_find_byte(span_slice(bytes, at, bytes.len), '\n');
		size_t empty;

		if (stop == SIZE_MAX) {
			*scanned = bytes.len;
			return 0;
		}
		empty = empty_line(bytes, at + stop + 1);
		if (empty == SIZE_MAX) {
			*scanned = at + stop; /* looked at again when more is there */
			return 0;
		}
		if (empty > 0) {
			*scanned = 0;
			return at + stop + 1 + empty;
		}
		at += stop + 1;
	}
}
