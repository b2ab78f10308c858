/* certificate: what a server's own certificate says, as TLS up to 1.2 sends it in clear. Comes in:
 * the body of a Certificate message (RFC 5246 section 7.4.2). Goes out: names, issuer, dates,
 * and whether it is made out to the name that was asked for. The reading of X.509 (RFC 5280) and
 * the comparing of names (RFC 6125) are OpenSSL's; no signature is verified. */
#ifndef EXEAT_TLS_CERTIFICATE_H
#define EXEAT_TLS_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define CERTIFICATE_BYTES_MAX    65536 /* of one certificate; ordinary ones have 1 to 8 KiB */
#define CERTIFICATE_NAMES_MAX    16    /* kept; a shared certificate lists hundreds */
#define CERTIFICATE_NAME_CHARS   256
#define CERTIFICATE_ISSUER_CHARS 128

enum certificate_fit { CERTIFICATE_UNCHECKED, CERTIFICATE_FITS, CERTIFICATE_DIFFERS };

struct certificate {
	/* dNSName and iPAddress of subjectAltName, whole names before wildcards; the common name
	 * where there are none (RFC 6125 section 6.4.4). Raw, not yet through display. */
	char names[CERTIFICATE_NAMES_MAX][CERTIFICATE_NAME_CHARS];
	unsigned name_count;
	unsigned names_left_out;
	char issuer[CERTIFICATE_ISSUER_CHARS]; /* organisation, else common name; "" for neither */
	int64_t not_before_s, not_after_s;     /* Unix time */
	bool self_signed; /* issuer and subject are the same, and no key of another is named */
	enum certificate_fit fit; /* by all its names, not only those kept */
};

/* The DER of the first certificate of the list, which is the server's own; borrowed of the message.
 * Answers like certificate_read. */
int certificate_first(struct span message_body, struct span *ret) WUNRES NONNULL(2);
/* `asked` is the host name that the client asked for; empty: none, and the fit is not checked.
 * 0: *ret_gives filled, to be freed. STATUS_NOT_FOUND: an empty list, as a client without one
 * sends. STATUS_MALFORMED, STATUS_LIMIT (longer than CERTIFICATE_BYTES_MAX). */
int certificate_read(struct span message_body, struct span asked,
        struct certificate **ret_gives) WUNRES NONNULL(3);
/* The same at an eighth of the time: OpenSSL makes the key of each certificate ready for use, which
 * nobody asks for, unless it has no algorithms at hand. One reader a thread; r NULL: with them. */
struct certificate_reader;
int certificate_reader_new(struct certificate_reader **ret_gives) WUNRES NONNULL(1);
struct certificate_reader *certificate_reader_free(struct certificate_reader *r); /* NULL ok */
int certificate_read_by(const struct certificate_reader *r, struct span message_body,
        struct span asked, struct certificate **ret_gives) WUNRES NONNULL(4);
struct certificate *certificate_free(struct certificate *c); /* NULL ok, returns NULL */

#endif
