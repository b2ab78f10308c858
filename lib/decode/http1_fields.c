#include "decode/http1_fields.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/url_text.h"

#define FIELDS_ROOM 8 /* a value of HTTP1_HEAD_BYTES_MAX takes five places */

enum stage { STAGE_BEGIN, STAGE_TARGET, STAGE_QUERY, STAGE_HOST, STAGE_HEADERS, STAGE_DONE };

/* Headers that hold nothing of anybody: negotiation, caching, framing. Host and User-Agent have a
 * role of their own. */
static const char *const plain_headers[] = {"accept", "accept-charset", "accept-encoding",
        "accept-language", "accept-ranges", "age", "allow", "cache-control", "connection",
        "content-encoding", "content-length", "content-type", "date", "etag", "expect", "expires",
        "if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "keep-alive",
        "last-modified", "pragma", "range", "host", "te", "trailer", "transfer-encoding", "upgrade",
        "upgrade-insecure-requests", "vary"};

static const char *const secret_headers[] = {
        "authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"};

static bool is_one_of(struct span name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(name, list[i]))
			return true;
	return false;
}

/* A value of any length: whole, or as running text in pieces. */
static void put(struct decode_out *out, enum field_role role, struct span label, struct span value,
        const char *place)
{
	struct field field = {
	        .kind = value.len > DECODE_VALUE_BYTES_MAX ? FIELD_TEXT : FIELD_VALUE,
	        .role = role,
	        .label_kind = label.len > 0 ? LABEL_KEY : LABEL_NONE,
	        .label = label,
	        .first = true,
	};

	do {
		field.bytes = span_slice(value, 0, DECODE_VALUE_BYTES_MAX);
		value = span_slice(value, field.bytes.len, value.len);
		field.last = value.len == 0;
		decode_field(out, &field, place);
		field.first = false;
	} while (value.len > 0);
}

static void put_begin(
        const struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	char status[8];

	if (!f->response) {
		decode_begin(out, CARRIER_HTTP_REQUEST, http1_head_method(head), "");
		return;
	}
	snprintf(status, sizeof(status), "%u", http1_head_status(head));
	decode_begin(out, CARRIER_HTTP_RESPONSE, span_of_text(status), "");
}

/* False when there is no room for the decoded text. */
static bool put_target(const struct http1_head *head, struct decode_out *out)
{
	struct span target = http1_head_target(head);
	struct span plain = target;

	if (target.len <= DECODE_VALUE_BYTES_MAX)
		plain = url_text_decode(target, false, out);
	if (!plain.data && target.len > 0)
		return false;
	put(out, ROLE_URL, span_of_text(""), plain, "HTTP address");
	return true;
}

/* Query parameters from where it stopped; false when the queue or its memory is full. */
static bool put_query(struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	struct span target = http1_head_target(head);
	struct span rest;
	struct span name;
	struct span value;

	if (f->query_at == 0) {
		size_t mark = span_find_byte(target, '?');

		f->query_at = mark == SIZE_MAX ? target.len : mark + 1;
	}
	rest = span_slice(target, f->query_at, target.len);
	while (decode_room(out) >= FIELDS_ROOM) {
		struct span raw;

		if (!url_text_next_pair(&rest, &name, &raw))
			return true;
		name = url_text_decode(span_slice(name, 0, DECODE_LABEL_BYTES_MAX), true, out);
		value = raw.len > DECODE_VALUE_BYTES_MAX ? raw : url_text_decode(raw, true, out);
		if (!name.data || (!value.data && raw.len > 0))
			return false;
		put(out, ROLE_URL, name, value, "HTTP query");
		f->query_at = target.len - rest.len;
	}
	return false;
}

static void put_host(
        const struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	struct span host = f->response ? span_of(NULL, 0) : http1_head_host(head);
	struct span agent = f->response ? span_of(NULL, 0) : http1_head_find(head, "user-agent");

	if (host.len > 0)
		put(out, ROLE_HOST, span_of_text(""), span_slice(host, 0, DECODE_LABEL_BYTES_MAX),
		        "HTTP host");
	if (agent.len > 0)
		put(out, ROLE_USER_AGENT, span_of_text(""),
		        span_slice(agent, 0, DECODE_VALUE_BYTES_MAX), "HTTP user agent");
}

static void put_file_name(struct span disposition, struct decode_out *out)
{
	struct span name = content_file_name(disposition, out);

	if (name.len > 0)
		put(out, ROLE_FILE_NAME, span_of_text(""),
		        span_slice(name, 0, DECODE_VALUE_BYTES_MAX), "HTTP file name");
}

static void put_header(
        const struct http1_fields *f, struct http1_header header, struct decode_out *out)
{
	if (span_starts(header.name, ":") || /* of HTTP/2: told as method, address and host */
	        is_one_of(header.name, plain_headers, ARRAY_LEN(plain_headers)))
		return;
	if (is_one_of(header.name, secret_headers, ARRAY_LEN(secret_headers)))
		put(out, ROLE_HEADER, header.name, span_of_text(""), "HTTP header");
	else if (f->response && span_equal_nocase(header.name, "server"))
		put(out, ROLE_SOFTWARE, span_of_text(""),
		        span_slice(header.value, 0, DECODE_VALUE_BYTES_MAX), "HTTP server");
	else if (span_equal_nocase(header.name, "content-disposition"))
		put_file_name(header.value, out);
	else if (!span_equal_nocase(header.name, "user-agent"))
		put(out, ROLE_HEADER, header.name, header.value, "HTTP header");
}

static bool put_headers(
        struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	size_t count = http1_head_count(head);

	while (f->header < count) {
		if (decode_room(out) < FIELDS_ROOM)
			return false;
		put_header(f, http1_head_header(head, f->header), out);
		f->header++;
	}
	return true;
}

/* One stage; false when it has to go on after draining. */
static bool put_stage(struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	switch ((enum stage)f->stage) {
	case STAGE_BEGIN:
		put_begin(f, head, out);
		return true;
	case STAGE_TARGET:
		return f->response || put_target(head, out);
	case STAGE_QUERY:
		return f->response || put_query(f, head, out);
	case STAGE_HOST:
		put_host(f, head, out);
		return true;
	case STAGE_HEADERS:
		return put_headers(f, head, out);
	case STAGE_DONE:
		break;
	}
	return true;
}

int http1_fields_put(struct http1_fields *f, const struct http1_head *head, struct decode_out *out)
{
	if (f->trailer && f->stage < STAGE_HEADERS)
		f->stage = STAGE_HEADERS;
	while (f->stage < STAGE_DONE) {
		if (decode_room(out) < FIELDS_ROOM)
			return STATUS_MORE;
		if (!put_stage(f, head, out))
			return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
		f->stage++;
	}
	return STATUS_OK;
}

void http1_fields_trailer(struct span line, struct decode_out *out)
{
	size_t colon = span_find_byte(line, ':');

	if (colon == SIZE_MAX || colon == 0)
		return;
	put(out, ROLE_HEADER, span_trim(span_slice(line, 0, colon)),
	        span_trim(span_slice(line, colon + 1, line.len)), "HTTP header");
}

/* Content-Encoding was applied first, then the codings of Transfer-Encoding before "chunked". */
static void declare_encodings(const struct http1_head *head, struct content *ret)
{
	char list[128];
	struct span encoding = http1_head_find(head, "content-encoding");
	struct span transfer = http1_head_find(head, "transfer-encoding");
	size_t chunked = transfer.len;
	int len;

	while (chunked > 0 && transfer.data[chunked - 1] != ',')
		chunked--;
	if (chunked > 0 &&
	        !span_equal_nocase(
	                span_trim(span_slice(transfer, chunked, transfer.len)), "chunked"))
		chunked = transfer.len;
	if (chunked == 0 && transfer.len > 0 && !span_equal_nocase(transfer, "chunked"))
		chunked = transfer.len;
	if (encoding.len + chunked + 2 > sizeof(list)) {
		ret->wrappings[0] = WRAPPING_UNKNOWN;
		return;
	}
	len = snprintf(list, sizeof(list), "%.*s,%.*s", (int)encoding.len,
	        encoding.len ? (const char *)encoding.data : "", (int)chunked,
	        chunked ? (const char *)transfer.data : "");
	content_declare_encoding(ret, span_of(list, (size_t)len));
}

/* Not every client says so in Content-Encoding, too. */
static void declare_pieces(const struct http1_head *head, struct content *ret)
{
	struct span digest = http1_head_find(head, "x-amz-content-sha256");

	if (!span_starts(digest, "STREAMING-") || ret->wrappings[0] == WRAPPING_AWS_CHUNKED ||
	        ret->wrappings[DECODE_WRAPPINGS_MAX - 1] != WRAPPING_NONE)
		return;
	memmove(ret->wrappings + 1, ret->wrappings, DECODE_WRAPPINGS_MAX - 1);
	ret->wrappings[0] = WRAPPING_AWS_CHUNKED;
}

void http1_fields_content(
        const struct http1_head *head, struct content *ret, struct decode_out *out)
{
	struct span disposition = http1_head_find(head, "content-disposition");

	content_declare_type(ret, http1_head_find(head, "content-type"));
	content_declare_name(ret, content_file_name(disposition, out));
	declare_encodings(head, ret);
	declare_pieces(head, ret);
	/* The web services of Services Australia name who asks in headers of their own. */
	for (size_t i = 0; i < http1_head_count(head) && !ret->claims; i++)
		ret->claims = span_starts_nocase(http1_head_header(head, i).name, "dhs-");
}
