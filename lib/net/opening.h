/* opening: whom the first bytes of one direction of a conversation in clear call, and what their
 * sender says of its software; where nothing else of the conversation may be looked at. Comes in:
 * the protocol, and the direction's bytes from its first one on. Goes out: a name and a software.
 *
 * Of HTTP (RFC 9112 section 3) only the lines Host and User-Agent and, of a request for a tunnel,
 * its target (RFC 9110 section 9.3.6); of SSH (RFC 4253 section 4.2), SMTP (RFC 5321 section 4.2)
 * and FTP (RFC 959 section 5.4, RFC 7151) the first line; of SOCKS (RFC 1928, RFC 1929, the memos
 * of version 4) the request. What else these bytes hold is passed over. */
#ifndef EXEAT_NET_OPENING_H
#define EXEAT_NET_OPENING_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define OPENING_BYTES_MAX 8192 /* servers refuse heads at 8 to 32 KiB; names stand in front */

enum opening_protocol { OPENING_HTTP, OPENING_SSH, OPENING_SMTP, OPENING_FTP, OPENING_SOCKS };

struct opening {
	struct span host;     /* as it was written, perhaps with a port; empty: none */
	struct span software; /* empty: none */
	bool request;         /* of HTTP */
	bool tunnel;          /* another protocol may follow behind it */
};

/* What the bytes say, which *ret borrows from: STATUS_OK, or STATUS_MORE with *ret untouched; with
 * `over`, when nothing more comes, and from OPENING_BYTES_MAX on never STATUS_MORE. */
int opening_read(enum opening_protocol protocol, struct span front, bool over,
        struct opening *ret) WUNRES NONNULL(4);

#endif
