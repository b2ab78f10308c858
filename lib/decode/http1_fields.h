/* http1_fields: puts the head of an HTTP message out as fields: host, target, query parameters,
 * headers that may hold data. Of credentials only the presence is told, never the value. */
#ifndef EXEAT_DECODE_HTTP1_FIELDS_H
#define EXEAT_DECODE_HTTP1_FIELDS_H

#include "decode/http1_head.h"

/* How far it has come; all zero at the start of a head. */
struct http1_fields {
	bool response;
	bool trailer; /* of HTTP/2: fields after the body, of a message that has begun */
	unsigned stage;
	size_t query_at; /* into the target */
	size_t header;
};

/* Puts out what fits. 0: all is out; STATUS_MORE: to be called again when the queue is drained;
 * STATUS_LIMIT: no memory within the budget. */
int http1_fields_put(struct http1_fields *f, const struct http1_head *head,
        struct decode_out *out) WUNRES NONNULL(1, 2, 3);
/* One line "name: value" after the last chunk. */
void http1_fields_trailer(struct span line, struct decode_out *out) NONNULL(2);
/* What the head declares of the body. */
void http1_fields_content(const struct http1_head *head, struct content *ret,
        struct decode_out *out) NONNULL(1, 2, 3);

#endif
