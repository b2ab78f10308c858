/* interface_drops: frames that a network interface received and had no room for, before the kernel
 * saw them, as Linux tells in /sys/class/net/NAME/statistics (Documentation/ABI/testing/
 * sysfs-class-net-statistics): rx_missed_errors and rx_fifo_errors. Internal to the source layer.
 *
 * libpcap gives the sum as ps_ifdrop, but opens the files each time; in the sandbox it cannot,
 * takes that for zero, and turns what was dropped before the capture into new drops. Here they are
 * opened once, before. */
#ifndef EXEAT_SOURCE_INTERFACE_DROPS_H
#define EXEAT_SOURCE_INTERFACE_DROPS_H

#include <stdint.h>

#include "base/compiler.h"

#define INTERFACE_DROPS_FOLDER   "/sys/class/net"
#define INTERFACE_DROPS_COUNTERS 2

struct interface_drops {
	int fds[INTERFACE_DROPS_COUNTERS]; /* -1: not known */
	uint64_t last[INTERFACE_DROPS_COUNTERS];
	uint64_t count;
};

/* index: the interface's number, since the folder may be of another network namespace, where the
 * name is another's. Without the files nothing is ever counted: an interface such as "any" has
 * none. */
void interface_drops_open(struct interface_drops *d, const char *folder, const char *interface,
        unsigned index) NONNULL(1, 2, 3);
/* Since it was opened. A counter that starts again, as after an interface was gone, goes on. */
uint64_t interface_drops_count(struct interface_drops *d) NONNULL(1);
void interface_drops_close(struct interface_drops *d) NONNULL(1);

#endif
