/* filter_words: finds names of hosts in a capture filter (pcap-filter(7)) before libpcap sees
 * it. */
#ifndef EXEAT_SOURCE_FILTER_WORDS_H
#define EXEAT_SOURCE_FILTER_WORDS_H

#include <stdbool.h>

#include "base/compiler.h"

/* True when libpcap would look a word of the filter up as the name of a host or a network: it is
 * neither a word of the language, nor an address or number, nor the name of a port or protocol. */
bool filter_words_name_a_host(const char *filter) NONNULL(1);

#endif
