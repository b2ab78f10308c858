/* siphash: SipHash-2-4, a keyed hash for tables that peers can fill (Aumasson and Bernstein,
 * "SipHash: a fast short-input PRF", 2012). Not for identifiers that people see: those use
 * SHA-256. */
#ifndef EXEAT_NET_SIPHASH_H
#define EXEAT_NET_SIPHASH_H

#include <stdint.h>

#include "base/cursor.h"

#define SIPHASH_KEY_BYTES 16

uint64_t siphash24(const uint8_t key[static SIPHASH_KEY_BYTES], struct span message);

#endif
