/* http2_frame: the frames of HTTP/2 (RFC 9113 sections 4 and 6): their header, and whether it can
 * be one. */
#ifndef EXEAT_DECODE_HTTP2_FRAME_H
#define EXEAT_DECODE_HTTP2_FRAME_H

#include "decode/decoder.h"

#define HTTP2_FRAME_HEADER_BYTES 9
#define HTTP2_PREFACE            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" /* section 3.4 */
#define HTTP2_PREFACE_BYTES      24

enum http2_type {
	HTTP2_DATA = 0,
	HTTP2_HEADERS = 1,
	HTTP2_PRIORITY = 2,
	HTTP2_RST_STREAM = 3,
	HTTP2_SETTINGS = 4,
	HTTP2_PUSH_PROMISE = 5,
	HTTP2_PING = 6,
	HTTP2_GOAWAY = 7,
	HTTP2_WINDOW_UPDATE = 8,
	HTTP2_CONTINUATION = 9,
	HTTP2_TYPES
};

#define HTTP2_FLAG_END_STREAM  0x01
#define HTTP2_FLAG_ACK         0x01
#define HTTP2_FLAG_END_HEADERS 0x04
#define HTTP2_FLAG_PADDED      0x08
#define HTTP2_FLAG_PRIORITY    0x20

struct http2_frame {
	uint32_t payload_bytes; /* below 2^24 */
	uint8_t type;           /* enum http2_type, or one that nobody here knows */
	uint8_t flags;
	uint32_t stream; /* 0: the connection */
};

/* False while fewer than HTTP2_FRAME_HEADER_BYTES are there; consumes nothing then. */
bool http2_frame_take(struct cursor *c, struct http2_frame *ret) WUNRES NONNULL(1, 2);
/* Section 6 allows such a frame: its length and its stream fit its type. */
bool http2_frame_is_valid(const struct http2_frame *f) NONNULL(1);
/* Stricter, for finding frames again among bytes of anything: a known type, only flags that it has,
 * and a length that needs no settings (16 KiB, section 4.2). */
bool http2_frame_is_likely(const struct http2_frame *f) NONNULL(1);
/* The block of fields in the payload of HEADERS, PUSH_PROMISE or CONTINUATION, without padding and
 * priority. *ret_promised: of PUSH_PROMISE, the stream. False: the lengths contradict each other.
 */
bool http2_frame_block(const struct http2_frame *f, struct span payload, struct span *ret,
        uint32_t *ret_promised) WUNRES NONNULL(1, 3, 4);
/* The bytes begin as one side of a connection does: with the preface, or the server's settings. */
enum probe_answer http2_frame_begins(struct span bytes);

#endif
