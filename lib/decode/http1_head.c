#include "decode/http1_head.h"

#include <htp/htp.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* Beside a head, libhtp holds copies of its line, names and values, and tables: measured on heads
 * of 1 to 1,024 lines, less than this. */
#define HTP_FIXED_BYTES     (12u << 10)
#define HTP_BYTES_PER_BYTE  4
#define HTP_BYTES_PER_FIELD 256

/* A field of a list: its name and then its value lie in the list's text. */
struct listed {
	size_t at, name_len, value_len;
};

struct http1_head {
	htp_cfg_t *config;
	htp_connp_t *parser;
	const htp_tx_t *tx; /* owned by the parser; NULL: a list */
	struct buf text, list;
	size_t list_count;
	bool response;
	struct budget *budget; /* borrows */
	size_t charged_bytes;
};

static struct span bytes_of(const bstr *text)
{
	return text ? span_of(bstr_ptr(text), bstr_len(text)) : span_of(NULL, 0);
}

static htp_cfg_t *config_new(void)
{
	htp_cfg_t *config = htp_config_create();

	if (!config)
		return NULL;
	htp_config_set_log_level(config, HTP_LOG_NONE);
	htp_config_set_response_decompression(config, 0);
	htp_config_set_request_decompression(config, 0);
	htp_config_set_parse_request_cookies(config, 0);
	htp_config_set_parse_request_auth(config, 0);
	htp_config_set_tx_auto_destroy(config, 0);
	htp_config_set_field_limits(config, HTTP1_HEAD_BYTES_MAX, 2 * HTTP1_HEAD_BYTES_MAX);
	return config;
}

static size_t count_lines(struct span head)
{
	size_t lines = 0;

	for (size_t i = 0; i < head.len; i++)
		lines += head.data[i] == '\n';
	return lines;
}

/* libhtp does not read such bodies, and says so once it has all of the head; we do. */
static bool is_byteranges(const struct http1_head *h)
{
	return h->response && http1_head_status(h) == 206 &&
	       span_starts_nocase(http1_head_find(h, "content-type"), "multipart/byteranges");
}

static int htp_parse(struct http1_head *h, struct span head)
{
	htp_conn_t *connection;
	int result;

	h->config = config_new();
	h->parser = h->config ? htp_connp_create(h->config) : NULL;
	if (!h->parser)
		return STATUS_NO_MEMORY;
	htp_connp_open(h->parser, NULL, 0, NULL, 0, NULL);
	if (h->response)
		result = htp_connp_res_data(h->parser, NULL, head.data, head.len);
	else
		result = htp_connp_req_data(h->parser, NULL, head.data, head.len);
	connection = htp_connp_get_connection(h->parser);
	if (connection && htp_list_size(connection->transactions) > 0)
		h->tx = htp_list_get(connection->transactions, 0);
	if (!h->tx || (result == HTP_STREAM_ERROR && !is_byteranges(h)))
		return STATUS_MALFORMED;
	return STATUS_OK;
}

int http1_head_parse(
        struct http1_head **ret_gives, struct span head, bool response, struct budget *borrowed)
{
	size_t lines = count_lines(head);
	size_t charge = HTP_FIXED_BYTES + sizeof(struct http1_head) +
	                HTP_BYTES_PER_BYTE * head.len + HTP_BYTES_PER_FIELD * lines;
	struct http1_head *h;
	int status;

	if (lines > HTTP1_HEADERS_MAX || head.len > HTTP1_HEAD_BYTES_MAX ||
	        budget_charge(borrowed, charge) != STATUS_OK)
		return STATUS_LIMIT;
	h = calloc(1, sizeof(*h));
	if (!h) {
		budget_release(borrowed, charge);
		return STATUS_NO_MEMORY;
	}
	h->budget = borrowed;
	h->charged_bytes = charge;
	h->response = response;
	status = htp_parse(h, head);
	if (status != STATUS_OK) {
		h = http1_head_free(h);
		return status;
	}
	*ret_gives = h;
	return STATUS_OK;
}

int http1_head_new(struct http1_head **ret_gives, struct budget *borrowed)
{
	struct http1_head *h;

	if (budget_charge(borrowed, sizeof(*h)) != STATUS_OK)
		return STATUS_LIMIT;
	h = calloc(1, sizeof(*h));
	if (!h) {
		budget_release(borrowed, sizeof(*h));
		return STATUS_NO_MEMORY;
	}
	h->budget = borrowed;
	h->charged_bytes = sizeof(*h);
	buf_init(&h->text, HTTP1_HEAD_BYTES_MAX, borrowed);
	buf_init(&h->list, HTTP1_HEADERS_MAX * sizeof(struct listed), borrowed);
	*ret_gives = h;
	return STATUS_OK;
}

int http1_head_add(struct http1_head *h, struct http1_header header)
{
	struct listed listed = {h->text.len, header.name.len, header.value.len};
	int status;

	if (header.name.len + header.value.len > HTTP1_HEAD_BYTES_MAX - h->text.len)
		return STATUS_LIMIT;
	status = buf_append(&h->text, header.name);
	if (status == STATUS_OK)
		status = buf_append(&h->text, header.value);
	if (status == STATUS_OK)
		status = buf_append(&h->list, span_of(&listed, sizeof(listed)));
	if (status == STATUS_OK)
		h->list_count++;
	return status;
}

struct http1_head *http1_head_free(struct http1_head *h)
{
	if (!h)
		return NULL;
	buf_free(&h->text);
	buf_free(&h->list);
	if (h->parser)
		htp_connp_destroy_all(h->parser);
	if (h->config)
		htp_config_destroy(h->config);
	budget_release(h->budget, h->charged_bytes);
	free(h);
	return NULL;
}

struct span http1_head_method(const struct http1_head *h)
{
	return h->tx ? bytes_of(h->tx->request_method) : http1_head_find(h, ":method");
}

struct span http1_head_target(const struct http1_head *h)
{
	return h->tx ? bytes_of(h->tx->request_uri) : http1_head_find(h, ":path");
}

/* "h.example:8080", "[2001:db8::1]:8080": what stands before the port (RFC 3986 section 3.2). */
static struct span without_port(struct span authority)
{
	size_t at = authority.len;

	while (at > 0 && authority.data[at - 1] >= '0' && authority.data[at - 1] <= '9')
		at--;
	if (at > 0 && authority.data[at - 1] == ':')
		return span_slice(authority, 0, at - 1);
	return authority;
}

struct span http1_head_host(const struct http1_head *h)
{
	struct span host = h->tx ? bytes_of(h->tx->request_hostname)
	                         : without_port(http1_head_find(h, ":authority"));

	if (host.len > 0)
		return host;
	host = http1_head_find(h, "host");
	return h->tx ? host : without_port(host);
}

unsigned http1_head_status(const struct http1_head *h)
{
	uint64_t listed = 0;
	int status;

	if (!h->tx) {
		(void)span_to_u64(http1_head_find(h, ":status"), 999, &listed);
		return listed >= 100 ? (unsigned)listed : 0;
	}
	status = h->tx->response_status_number;
	return status >= 100 && status <= 999 ? (unsigned)status : 0;
}

static const htp_table_t *headers_of(const struct http1_head *h)
{
	return h->response ? h->tx->response_headers : h->tx->request_headers;
}

size_t http1_head_count(const struct http1_head *h)
{
	if (!h->tx)
		return h->list_count;
	return headers_of(h) ? htp_table_size(headers_of(h)) : 0;
}

static struct http1_header listed_header(const struct http1_head *h, size_t index)
{
	struct cursor c = cursor_open(
	        span_slice(buf_span(&h->list), index * sizeof(struct listed), SIZE_MAX));
	struct span text = buf_span(&h->text);
	struct listed listed;

	cursor_copy(&c, &listed, sizeof(listed));
	return (struct http1_header){
	        .name = span_slice(text, listed.at, listed.name_len),
	        .value = span_trim(span_slice(text, listed.at + listed.name_len, listed.value_len)),
	};
}

struct http1_header http1_head_header(const struct http1_head *h, size_t index)
{
	const htp_header_t *header;

	if (!h->tx)
		return listed_header(h, index);
	header = htp_table_get_index(headers_of(h), index, NULL);
	if (!header)
		return (struct http1_header){0};
	return (struct http1_header){
	        .name = bytes_of(header->name),
	        .value = span_trim(bytes_of(header->value)),
	};
}

struct span http1_head_find(const struct http1_head *h, const char *name)
{
	size_t count = http1_head_count(h);

	for (size_t i = 0; i < count; i++) {
		struct http1_header header = http1_head_header(h, i);

		if (span_equal_nocase(header.name, name))
			return header.value;
	}
	return span_of(NULL, 0);
}

/* The last coding of a comma-separated list. */
static struct span last_coding(struct span list)
{
	for (size_t i = list.len; i > 0; i--)
		if (list.data[i - 1] == ',')
			return span_trim(span_slice(list, i, list.len));
	return span_trim(list);
}

/* Lengths in a list are one when they are equal (RFC 9110 section 8.6). Of repeated headers libhtp
 * keeps the first; should that be wrong, what follows is no first line and is told as malformed. */
static bool content_length(struct span list, uint64_t *ret)
{
	bool first = true;

	while (list.len > 0) {
		size_t comma = span_find_byte(list, ',');
		uint64_t value;

		if (!span_to_u64(span_trim(span_slice(list, 0, comma)), INT64_MAX, &value))
			return false;
		if (!first && value != *ret)
			return false;
		*ret = value;
		first = false;
		list = comma == SIZE_MAX ? span_of(NULL, 0) : span_slice(list, comma + 1, list.len);
	}
	return !first;
}

enum http1_framing http1_head_framing(
        const struct http1_head *h, bool bodiless, uint64_t *ret_length)
{
	struct span coding = http1_head_find(h, "transfer-encoding");
	struct span length = http1_head_find(h, "content-length");
	unsigned status = http1_head_status(h);
	uint64_t value = 0;

	if (h->response && (bodiless || status / 100 == 1 || status == 204 || status == 304))
		return HTTP1_NO_BODY;
	if (coding.len > 0 && span_equal_nocase(last_coding(coding), "chunked"))
		return HTTP1_CHUNKED;
	if (coding.len > 0)
		return h->response ? HTTP1_TO_END : HTTP1_AMBIGUOUS;
	if (length.len > 0 && !content_length(length, &value))
		return HTTP1_AMBIGUOUS;
	if (length.len > 0) {
		*ret_length = value;
		return value > 0 ? HTTP1_LENGTH : HTTP1_NO_BODY;
	}
	return h->response ? HTTP1_TO_END : HTTP1_NO_BODY;
}
