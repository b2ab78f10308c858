/* link_type: the numbers of link layers in files, and libpcap's own numbers on this system.
 *
 * They are equal but for a few old ones that systems numbered differently (tcpdump.org, "Link-layer
 * header types"): on Linux raw IP is DLT 12 and LINKTYPE 101. */
#ifndef EXEAT_SOURCE_LINK_TYPE_H
#define EXEAT_SOURCE_LINK_TYPE_H

#include <stdint.h>

int link_type_to_dlt(uint32_t link_type);
uint32_t link_type_of_dlt(int dlt);

#endif
