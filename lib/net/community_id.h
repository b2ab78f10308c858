/* community_id: the flow hash that Zeek, Suricata and Arkime also print (Community ID Flow Hashing
 * specification, version 1, seed 0): joins our rows with theirs. */
#ifndef EXEAT_NET_COMMUNITY_ID_H
#define EXEAT_NET_COMMUNITY_ID_H

#include "net/addr.h"

#define COMMUNITY_ID_CHARS 32 /* "1:" + base64 of SHA-1 + zero */

/* icmp_type and icmp_code matter for ICMP only. 0; STATUS_UNSUPPORTED when there are no addresses,
 * ret untouched. */
int community_id(const struct tuple *t, uint8_t icmp_type, uint8_t icmp_code,
        char ret[static COMMUNITY_ID_CHARS]) WUNRES NONNULL(1);

#endif
