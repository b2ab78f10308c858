/* pcapng_option: walks a list of options, draft-ietf-opsawg-pcapng section 3.5: code, length, value
 * padded to four bytes, closed by code 0 or by the end of the block. */
#ifndef EXEAT_SOURCE_PCAPNG_OPTION_H
#define EXEAT_SOURCE_PCAPNG_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

struct pcapng_options {
	struct cursor left;
	bool big_endian;
};

struct pcapng_option {
	uint16_t code;
	struct span value; /* borrows the list */
};

/* Bytes that fill len up to a multiple of four. */
size_t pcapng_padding(size_t len);
/* STATUS_ITEM; 0 at the end; STATUS_MALFORMED when an option reaches past its block. */
int pcapng_options_next(struct pcapng_options *o, struct pcapng_option *ret) WUNRES NONNULL(1, 2);

#endif
