/* protocol: what nDPI calls a flow: its label, category and risks, and how sure it is. Names come
 * from our own parsers.
 * Optional at build time: without nDPI every label is empty with confidence "none". */
#ifndef EXEAT_CLASSIFY_PROTOCOL_H
#define EXEAT_CLASSIFY_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/packet.h"

#define PROTOCOL_LABEL_CHARS 48
#define PROTOCOL_RISKS_CHARS 160
#define PROTOCOL_PACKETS_MAX 24 /* of one flow given to nDPI; it looks at no more than 32 itself */
/* Charged for a flow while it looks: its state (688 bytes in 4.2), and about as much for the texts
 * that it keeps outside of it. */
#define PROTOCOL_FLOW_BYTES 1408

struct protocol_engine; /* one a lane: nDPI keeps the packet under work inside it */
struct protocol_flow;   /* one a flow, freed as soon as the label is settled */

struct protocol_label {
	char label[PROTOCOL_LABEL_CHARS]; /* "TLS.Microsoft", "" when unknown */
	char confidence[16];              /* "dpi", "port", "ip", "cache", "none" */
	char category[32];                /* "Web", "RemoteAccess"; "" when unknown */
	/* nDPI's words by "|": "Weak TLS Cipher"; "" none; "…" at the end: more than fit */
	char risks[PROTOCOL_RISKS_CHARS];
};

int protocol_engine_new(struct protocol_engine **ret_gives) WUNRES NONNULL(1);
/* One more that reads the tables of `from`, which took most of the time and memory to make, and
 * remembers packets of its own: neither hears of the other's. Both are of one thread, and `from`
 * is freed last. */
int protocol_engine_share(struct protocol_engine **ret_gives,
        const struct protocol_engine *from) WUNRES NONNULL(1, 2);
struct protocol_engine *protocol_engine_free(struct protocol_engine *e);
const char *protocol_engine_version(void); /* "nDPI 4.2.0", "none" */

/* STATUS_LIMIT: no room in the budget; both are borrowed for the life of the flow. */
int protocol_flow_new(struct protocol_flow **ret_gives, struct protocol_engine *borrowed,
        struct budget *budget) WUNRES NONNULL(1, 2, 3);
struct protocol_flow *protocol_flow_free(struct protocol_flow *f);
/* True when the label is settled and no more packets are wanted. */
bool protocol_flow_feed(struct protocol_flow *f, const struct packet *p) NONNULL(1, 2);
/* The label by now; gives up guessing by port. */
void protocol_flow_label(struct protocol_flow *f, struct protocol_label *ret) NONNULL(1, 2);

#endif
