/* match_rule: one term of the register's match cells, and what it is held against. A plain struct
 * that the register fills and program identification and destination matching share. */
#ifndef EXEAT_NET_MATCH_RULE_H
#define EXEAT_NET_MATCH_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define MATCH_TEXT_CHARS 256

/* sni:*.x  dns:x  ip:CIDR  port:tcp/5938  cert:*.x  ua:text  proc:name. `sni:` and `dns:` both
 * match any name by which the far end was called (SNI, Host, DNS question): a practice writes what
 * the vendor's letter says and does not know the difference; the source of the match stays
 * visible. */
enum match_kind { MATCH_SNI, MATCH_DNS, MATCH_IP, MATCH_PORT, MATCH_CERT, MATCH_UA, MATCH_PROC };

/* How much a kind of match proves, weakest first. */
enum match_strength {
	MATCH_STRENGTH_NONE,
	MATCH_STRENGTH_PORT,
	MATCH_STRENGTH_AGENT,
	MATCH_STRENGTH_IP,
	MATCH_STRENGTH_NAME,
	MATCH_STRENGTH_PROCESS
};

struct match_rule {
	enum match_kind kind;
	/* sni, dns, cert: host or *.suffix, lower case; ua: part of it; proc: file name */
	char text[MATCH_TEXT_CHARS];
	struct prefix prefix; /* ip */
	uint8_t protocol;     /* port: 6 or 17 */
	uint16_t port;
	uint32_t owner; /* index of the register row that the term belongs to */
};

#define MATCH_NAMES_MAX 8 /* of one conversation: lib/classify keeps no more */

/* What a flow shows. Borrows; NULL when absent. */
struct match_subject {
	const char *names[MATCH_NAMES_MAX]; /* names of the far end, lower case */
	size_t name_count;
	const char *certificate;
	const char *user_agent;
	const char *process_name;
	struct addr far;
	uint16_t far_port;
	uint8_t protocol;
};

/* Parses one term. STATUS_MALFORMED and *ret_reason (static sentence) when it is none. */
int match_rule_parse(struct span term, struct match_rule *ret, const char **ret_reason) WUNRES
        NONNULL(2, 3);
bool match_rule_matches(const struct match_rule *r, const struct match_subject *s) NONNULL(1, 2);
enum match_strength match_rule_strength(const struct match_rule *r) NONNULL(1);
/* A port that programs of every kind use (web, names, time, mail): by itself it says nothing of
 * which program this is. */
bool match_rule_is_common_port(const struct match_rule *r) NONNULL(1);
/* A process that works for many programs and sites, such as a browser, a runtime or a service of
 * the system: its name says nothing of which of them sends. In any case of letters. */
bool match_process_is_shared(const char *process) NONNULL(1);
/* "*.x" matches "a.x" and "a.b.x", not "x"; "x" matches "x" only. Both lower case. */
bool match_host(const char *pattern, const char *host) NONNULL(1, 2);

#endif
