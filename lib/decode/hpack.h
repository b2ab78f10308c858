/* hpack: the field lists of one direction of an HTTP/2 connection (HPACK, RFC 7541), unpacked by
 * nghttp2. Each block of fields depends on all before it: when one is lost or broken, no later one
 * can be read. */
#ifndef EXEAT_DECODE_HPACK_H
#define EXEAT_DECODE_HPACK_H

#include "decode/http1_head.h"

#define HPACK_TABLE_BYTES_MAX (64u << 10) /* browsers ask for 64 KiB; RFC 7541's default is 4 KiB */

struct hpack;

/* All memory that nghttp2 takes is charged. 0, or STATUS_LIMIT: the budget. */
int hpack_new(struct hpack **ret_gives, struct budget *borrowed) WUNRES NONNULL(1, 2);
struct hpack *hpack_free(struct hpack *p); /* NULL ok, returns NULL */
/* Reads one whole block. *ret_cut: the list is longer than a head may be (HTTP1_HEAD_BYTES_MAX,
 * HTTP1_HEADERS_MAX) and holds its beginning. STATUS_MALFORMED, STATUS_LIMIT (budget): nothing can
 * be read with p from now on. */
int hpack_read(struct hpack *p, struct span block, struct http1_head **ret_gives,
        bool *ret_cut) WUNRES NONNULL(1, 3, 4);

#endif
