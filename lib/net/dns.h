/* dns: questions and answers of DNS messages (RFC 1035; RFC 3596 for AAAA; RFC 9460 HTTPS records
 * are skipped). UDP payloads, and TCP messages after their two-byte length. */
#ifndef EXEAT_NET_DNS_H
#define EXEAT_NET_DNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define DNS_NAME_CHARS   256 /* RFC 1035: 255 octets on the wire */
#define DNS_ANSWERS_MAX  64  /* more are counted as left out */
#define DNS_LENGTH_BYTES 2
#define DNS_STREAM_MAX   (65535 + DNS_LENGTH_BYTES) /* the longest message over TCP */
#define DNS_POINTERS_MAX 32 /* compression jumps in one name; loops end here */

struct dns_answer {
	char name[DNS_NAME_CHARS];   /* owner, lower case, no final dot */
	struct addr addr;            /* A or AAAA; family ADDR_NONE for a CNAME */
	char target[DNS_NAME_CHARS]; /* CNAME target; "" otherwise */
	uint32_t ttl_seconds;
};

struct dns_message {
	uint16_t id;
	bool response;
	uint8_t response_code;
	char question[DNS_NAME_CHARS]; /* first question, lower case, no final dot */
	uint16_t question_type;
	unsigned answer_count;
	unsigned answers_left_out;
	/* Of names that neither are the question nor what it is an alias of: whoever answers may
	 * say anything about them, so they are not kept. */
	unsigned answers_unasked;
	/* Only A, AAAA, CNAME, in the order sent. */
	struct dns_answer answers[DNS_ANSWERS_MAX];
};

/* 0, STATUS_TRUNCATED, STATUS_MALFORMED or STATUS_LIMIT; ret untouched unless 0. */
int dns_parse(struct span message, struct dns_message *ret) WUNRES NONNULL(2);
/* The first message of a TCP stream, which has its length in front (RFC 1035 section 4.2.2):
 * STATUS_ITEM and *ret, which borrows and takes ret->len + DNS_LENGTH_BYTES of the stream; or
 * STATUS_MORE. */
int dns_next_message(struct span stream, struct span *ret) WUNRES NONNULL(2);

#endif
