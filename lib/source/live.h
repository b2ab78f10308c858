/* live: frames of one interface through libpcap (TPACKET_V3 on Linux), with the kernel's count of
 * what it had to drop. Internal to the source layer. */
#ifndef EXEAT_SOURCE_LIVE_H
#define EXEAT_SOURCE_LIVE_H

#include "base/compiler.h"
#include "net/packet.h"
#include "source/source.h"

#define LIVE_BUFFER_MIB_DEFAULT 64
#define LIVE_BUFFER_MIB_MAX     1024 /* pinned kernel memory */
/* How long the kernel may collect packets before it hands a block over: 0 never hands over a block
 * that is not full, and immediate mode gives up the efficient kind of ring. */
#define LIVE_BLOCK_TIMEOUT_MS 100
/* From then on no block can be left in the ring of an interface that went away. */
#define LIVE_LAST_BLOCK_NS (5 * INT64_C(1000000) * LIVE_BLOCK_TIMEOUT_MS)

struct live;

int live_open(struct live **ret_gives, const struct source_live_options *options,
        char ret_reason[static 256]) WUNRES NONNULL(1, 2);
struct live *live_free(struct live *l); /* NULL ok, returns NULL */
/* STATUS_ITEM with *ret borrowing until the next call; 0 for none within timeout_ms or at the end;
 * or a failure. */
int live_next(struct live *l, int timeout_ms, struct frame *ret) WUNRES NONNULL(1, 3);
uint64_t live_bytes(const struct live *l) NONNULL(1); /* captured, of the frames given */
bool live_ended(const struct live *l) NONNULL(1);
/* As source_exclude. */
int live_exclude(struct live *l, const struct prefix *nets, size_t count,
        char ret_reason[static 256]) WUNRES NONNULL(1);
/* Asks the kernel for its drop counter first. */
int live_counts(struct live *l, struct source_counts *ret) WUNRES NONNULL(1, 2);

#endif
