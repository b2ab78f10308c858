/* related: connections that conversations have announced and that have not come yet: FTP's data.
 *
 * Comes in: announcements (DECODE_RELATED) and conversations that begin. Goes out: what a
 * conversation takes over from the one that announced it.
 *
 * A conversation is related when its announcement was read before its own first byte of content,
 * and from the first packet on when it was read before that, as it is unless packets changed their
 * order. One whose content came before its announcement stays alone.
 *
 * Nobody can attach conversations of others: what is awaited lies between the two ends of the
 * announcing conversation, at the end that sent the announcement, whatever address that names. Each
 * announcement counts for one connection, and takes the place of the one before it. */
#ifndef EXEAT_PIPELINE_RELATED_H
#define EXEAT_PIPELINE_RELATED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/display.h"
#include "classify/hostname.h"
#include "decode/decode.h"
#include "flow/flow.h"

#define RELATED_MAX 128 /* awaited at once, in a shard; the oldest goes first, counted */
/* Servers wait a minute for their clients (vsftpd, ProFTPD: 60 s), some five. */
#define RELATED_WAIT_NS (300 * FLOW_SECOND_NS)
/* Data has a port of its own: one of a known service is an attempt (RFC 2577 section 3). */
#define RELATED_PORT_MIN 1024

/* What a related conversation takes over. A plain value. */
struct related_origin {
	uint64_t flow;     /* that announced it */
	uint16_t port;     /* of the service that it went to */
	bool from_outside; /* the far end had begun it */
	char protocol[DECODE_PROTOCOL_CHARS];
	struct hostname_list names;
	/* shown form; "" not known */
	char user_agent[DISPLAY_CHARS_MAX];
	char process_name[DISPLAY_CHARS_MAX], process_path[DISPLAY_CHARS_MAX];
};

struct related_counts {
	uint64_t refused;   /* announced for another address, or for a port of a known service */
	uint64_t forgotten; /* no room, while they could still have come */
};

struct related_table;

int related_table_new(struct related_table **ret_gives, struct budget *borrowed) WUNRES
        NONNULL(1, 2);
struct related_table *related_table_free(struct related_table *t);
/* `flow` has announced `related` in that direction. Copies the origin, whose protocol is filled in
 * here. A refusal is counted. */
int related_table_add(struct related_table *t, const struct flow *flow,
        const struct decode_event *announcement, const struct related_origin *origin) WUNRES
        NONNULL(1, 2, 3, 4);
/* NULL unless the flow was awaited; after that it no longer is. Gives; free with
 * related_origin_free(). */
struct related_origin *related_table_take(
        struct related_table *t, const struct flow *flow, int64_t time_ns) WUNRES NONNULL(1, 2);
struct related_origin *related_origin_free(struct related_table *t, struct related_origin *origin)
        NONNULL(1);
void related_table_counts(const struct related_table *t, struct related_counts *ret) NONNULL(1, 2);

#endif
