/* service: which organisation runs a host name or a network, and what it is for, by
 * rules/services.csv. A hint for people and for questions: it never clears a conversation, and it
 * never names a program.
 *
 * Columns: match (`domain:` or `asn:`, see place.h), organisation, country_hq, kind, flags, source,
 * checked_on; rules/FORMAT.md explains them. */
#ifndef EXEAT_CLASSIFY_SERVICE_H
#define EXEAT_CLASSIFY_SERVICE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/csv.h"

#define SERVICE_TEXT_CHARS_MAX 120 /* of an organisation or a source */

enum service_kind {
	SERVICE_NONE,
	SERVICE_GOVERNMENT_HEALTH,
	SERVICE_PRESCRIPTION_EXCHANGE,
	SERVICE_PATHOLOGY,
	SERVICE_SECURE_MESSAGING,
	SERVICE_VENDOR,
	SERVICE_BOOKING,
	SERVICE_EXTRACTION,
	SERVICE_TELEHEALTH,
	SERVICE_REMOTE_ACCESS,
	SERVICE_CONSUMER_CLOUD,
	SERVICE_CONSUMER_MAIL,
	SERVICE_MESSAGING,
	SERVICE_SOCIAL,
	SERVICE_AI_SERVICE,
	SERVICE_ADVERTISING,
	SERVICE_ANALYTICS,
	SERVICE_CDN,
	SERVICE_HOSTING,
	SERVICE_DOH,
	SERVICE_TUNNEL,
	SERVICE_UPDATE,
	SERVICE_SECURITY,
	SERVICE_BACKUP,
	SERVICE_SMS,
	SERVICE_PAYMENT,
	SERVICE_IDENTITY,
	SERVICE_CONFERENCING,
	SERVICE_CERTIFICATE_STATUS,
	SERVICE_KINDS
};

enum service_flag {
	SERVICE_UNPROVEN = 1, /* the computer contacted tells nothing about the country */
	SERVICE_TEST = 2      /* the maker's service for tests: no real patients belong there */
};

struct service {
	enum service_kind kind;
	unsigned flags;           /* enum service_flag */
	const char *organisation; /* borrows from the services */
	const char *country_hq;   /* alpha-2 or "" */
	unsigned line;            /* of the file */
};

struct services;

/* STATUS_MALFORMED or STATUS_LIMIT with *ret_problem. Copies. */
int services_new(struct services **ret_gives, struct span services_csv,
        struct csv_problem *ret_problem) WUNRES NONNULL(1, 3);
struct services *services_free(struct services *s); /* NULL ok, returns NULL */
/* The row of the longest name that fits, else of the AS; NULL for none. s may be NULL, host too;
 * asn 0 is none. Borrows from s. */
const struct service *services_find(const struct services *s, const char *host, uint32_t asn);
size_t services_count(const struct services *s) NONNULL(1);
const char *service_kind_name(enum service_kind k); /* "ai-service"; "" for none */

#endif
