/* shared: what all inputs of one run share: interface numbers, secrets, the allowance for process
 * texts. Internal to the source layer. */
#ifndef EXEAT_SOURCE_SHARED_H
#define EXEAT_SOURCE_SHARED_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "source/source.h"

#define SHARED_PROCESS_TEXT_BYTES_MAX (32u << 20) /* 65536 processes with texts of 500 bytes */
#define SHARED_SECRETS_MAX            4096        /* blocks; a browser's day is one or two */

struct source_shared {
	uint32_t next_interface;     /* frame.interface of the next interface that a file names */
	struct budget process_texts; /* of all inputs */
	struct source_secrets *secrets; /* each with its own copy of the bytes */
	size_t secrets_count;
	size_t secrets_bytes;
};

void source_shared_init(struct source_shared *s) NONNULL(1);
/* Wipes and frees the secrets. */
void source_shared_free(struct source_shared *s) NONNULL(1);
/* Keeps a copy. 0, STATUS_LIMIT (SOURCE_SECRETS_BYTES_MAX, SHARED_SECRETS_MAX), or a failure. */
int source_shared_keep(struct source_shared *s, uint32_t type, struct span bytes) WUNRES NONNULL(1);

#endif
