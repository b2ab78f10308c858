/* kernel_filter: a socket filter (BPF, Linux Documentation/networking/filter.rst) that leaves out
 * what has an end in one of some networks, after a filter that is there already. Such packets then
 * never reach exeat. Internal to the source layer.
 *
 * Made here and not by libpcap's language, because that one cannot be joined with the user's
 * expression: its word `vlan` moves the offsets of all that follows, and in the sandbox names of
 * ports are not known. Looks at IPv4 and IPv6, also below one 802.1Q or 802.1ad tag. All else
 * passes, also a packet too short to hold its addresses. */
#ifndef EXEAT_SOURCE_KERNEL_FILTER_H
#define EXEAT_SOURCE_KERNEL_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/addr.h"

#define KERNEL_FILTER_MAX 4096 /* instructions: the kernel's BPF_MAXINSNS */

struct kernel_filter {
	struct sock_filter code[KERNEL_FILTER_MAX];
	size_t count;
};

/* before: a program that decides first, or count 0. 0; STATUS_LIMIT when it gets longer than the
 * kernel takes; STATUS_UNSUPPORTED when the link type has its addresses elsewhere, or the program
 * before is of a kind that cannot be joined. *ret is untouched unless it is 0. */
int kernel_filter_exclude(struct kernel_filter *ret, const struct kernel_filter *before,
        uint32_t link_type, const struct prefix *nets, size_t count) WUNRES NONNULL(1, 2);

#endif
