/* hostname: which names a conversation's far end was called by, and how each is known. Comes in:
 * DNS messages, client hellos, names that decoders found. Goes out: the names of a flow, best
 * first: SNI, HTTP Host, mail greeting, HOST of FTP, SOCKS request, those of the conversation that
 * announced this one, certificate, then the name that the same computer had asked DNS for. */
#ifndef EXEAT_CLASSIFY_HOSTNAME_H
#define EXEAT_CLASSIFY_HOSTNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "flow/flow.h"
#include "net/dns.h"

#define HOSTNAME_CHARS   DNS_NAME_CHARS
#define HOSTNAMES_MAX    8     /* of one flow */
#define HOSTNAME_DNS_MAX 65536 /* answers remembered; the oldest goes first, counted */
#define HOSTNAME_CHAIN_MAX                                                                         \
	256 /* of them for addresses that hash alike: a shared host's names, not a flood of them */
#define HOSTNAME_DNS_SLACK_NS                                                                      \
	(3600 * INT64_C(1000000000)) /* programs keep answers past their TTL */

enum hostname_source {
	HOSTNAME_NONE,
	HOSTNAME_SNI,
	HOSTNAME_SNI_OUTER,
	HOSTNAME_HTTP,
	HOSTNAME_SMTP,
	HOSTNAME_FTP,
	HOSTNAME_SOCKS,
	HOSTNAME_RELATED,
	HOSTNAME_CERTIFICATE,
	HOSTNAME_DNS
};

struct hostname {
	char name[HOSTNAME_CHARS]; /* raw, lower case; through display before anybody reads it */
	enum hostname_source source;
	int64_t age_ns; /* DNS: between the answer and the flow's first packet; else 0 */
};

struct hostname_list {
	struct hostname names[HOSTNAMES_MAX]; /* best first, no duplicates of one source */
	unsigned count;
	unsigned left_out;
};

struct hostname_cache; /* what DNS answered to whom */

int hostname_cache_new(struct hostname_cache **ret_gives, struct budget *borrowed) WUNRES
        NONNULL(1, 2);
struct hostname_cache *hostname_cache_free(struct hostname_cache *c);
/* A DNS response seen on the way to `computer`. The queried name is kept, not the end of its CNAME
 * chain. */
int hostname_cache_add(struct hostname_cache *c, const struct addr *computer,
        const struct dns_message *m, int64_t time_ns) WUNRES NONNULL(1, 2, 3);
/* Adds to list the name by which `computer` (or, failing that, any computer) had found `far`. */
void hostname_cache_find(const struct hostname_cache *c, const struct addr *computer,
        const struct addr *far, int64_t time_ns, struct hostname_list *list) NONNULL(1, 2, 3, 5);
uint64_t hostname_cache_evicted(const struct hostname_cache *c) NONNULL(1);

/* Keeps the list sorted and bounded; ignores empty names, addresses as names, and duplicates. */
void hostname_list_add(struct hostname_list *list, struct span name, enum hostname_source source,
        int64_t age_ns) NONNULL(1);
const char *hostname_source_text(enum hostname_source s); /* "sni", "http-host", "dns", … */

#endif
