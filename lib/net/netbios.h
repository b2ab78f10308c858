/* netbios: the names of computers in the NetBIOS name service (RFC 1002 section 4.2, UDP port 137).
 * Comes in: the port's payload. Goes out: the unique names of a workstation or a file server, with
 * the address that the message gives for them; names of groups, users and other services are left
 * out. A name within a NetBIOS scope belongs to another space of names and is not read. */
#ifndef EXEAT_NET_NETBIOS_H
#define EXEAT_NET_NETBIOS_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define NETBIOS_PORT       137
#define NETBIOS_NAME_CHARS 16 /* RFC 1001 section 14: 15 bytes and the suffix, which is not kept */
#define NETBIOS_NAMES_MAX  8  /* of one message: a computer with more network cards is rare */

enum netbios_kind {
	NETBIOS_OTHER,  /* a question, a release, a conflict, …: no names */
	NETBIOS_CLAIM,  /* a computer registers or refreshes its own name */
	NETBIOS_ANSWER, /* somebody says which address a name has */
	NETBIOS_STATUS  /* a computer lists its own names, without address */
};

struct netbios_name {
	char name[NETBIOS_NAME_CHARS]; /* raw, trimmed; control characters are '?' */
	uint8_t suffix;                /* 0x00 workstation, 0x20 file server */
	struct addr addr;              /* NETBIOS_STATUS: ADDR_NONE, it is the sender's */
};

struct netbios_message {
	enum netbios_kind kind;
	unsigned count, left_out;
	struct netbios_name names[NETBIOS_NAMES_MAX];
};

/* 0, STATUS_TRUNCATED, STATUS_MALFORMED, or STATUS_UNSUPPORTED (a name in a scope, more than one
 * question or record); ret untouched unless 0. */
int netbios_parse(struct span message, struct netbios_message *ret) WUNRES NONNULL(2);

#endif
