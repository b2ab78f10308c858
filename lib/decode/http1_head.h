/* http1_head: one complete head of an HTTP message. Of HTTP/1: read by libhtp, and how long its
 * body is by RFC 9112 section 6.3. Of HTTP/2: the list of its fields, :method and its kin among
 * them (RFC 9113 section 8.3).
 *
 * libhtp is given whole heads only, each in a parser of its own. So a response without its
 * request, unanswered requests, pipelining and missing bytes, which a libhtp connection does not
 * survive, are all the same to it; the body is counted by lib/decode/http1.c. */
#ifndef EXEAT_DECODE_HTTP1_HEAD_H
#define EXEAT_DECODE_HTTP1_HEAD_H

#include "decode/decoder.h"

#define HTTP1_HEAD_BYTES_MAX (64u << 10) /* servers refuse at 8 to 32 KiB */
#define HTTP1_HEADERS_MAX    1024        /* lines; servers refuse at 100 */

enum http1_framing {
	HTTP1_NO_BODY,
	HTTP1_LENGTH,
	HTTP1_CHUNKED,
	HTTP1_TO_END,    /* a response that ends with the connection */
	HTTP1_AMBIGUOUS, /* lengths that contradict each other: where the body ends is not known */
};

struct http1_header {
	struct span name;  /* borrows from the head */
	struct span value; /* borrows from the head */
};

struct http1_head;

/* 0; STATUS_MALFORMED: not a head; STATUS_LIMIT: too many lines, or the budget. */
int http1_head_parse(struct http1_head **ret_gives, struct span head, bool response,
        struct budget *borrowed) WUNRES NONNULL(1, 4);
/* An empty list of fields, to be filled. 0, or STATUS_LIMIT: the budget. */
int http1_head_new(struct http1_head **ret_gives, struct budget *borrowed) WUNRES NONNULL(1, 2);
/* 0; STATUS_LIMIT: the list would get longer than a head may be, or the budget. Copies. */
int http1_head_add(struct http1_head *h, struct http1_header header) WUNRES NONNULL(1);
struct http1_head *http1_head_free(struct http1_head *h); /* NULL ok, returns NULL */

struct span http1_head_method(const struct http1_head *h) NONNULL(1); /* of a request */
struct span http1_head_target(const struct http1_head *h) NONNULL(1); /* of a request, as sent */
struct span http1_head_host(const struct http1_head *h) NONNULL(1);   /* of a request; no port */
unsigned http1_head_status(const struct http1_head *h) NONNULL(1);    /* of a response; 0 unknown */
size_t http1_head_count(const struct http1_head *h) NONNULL(1);
struct http1_header http1_head_header(const struct http1_head *h, size_t index) NONNULL(1);
/* Case-insensitive; an empty value when it is absent. */
struct span http1_head_find(const struct http1_head *h, const char *name) NONNULL(1, 2);
/* bodiless: the request was HEAD. */
enum http1_framing http1_head_framing(
        const struct http1_head *h, bool bodiless, uint64_t *ret_length) WUNRES NONNULL(1, 3);

#endif
