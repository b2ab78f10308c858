/* process_table: the processes that a capture file names, and which of them a packet belongs to.
 *
 * Three families of blocks fill it (see pcapng_process.h); each has its own kind of key. A process
 * number is used again after its process ended, so a key may have several entries; a packet belongs
 * to the latest one that had started by the packet's time. */
#ifndef EXEAT_SOURCE_PROCESS_TABLE_H
#define EXEAT_SOURCE_PROCESS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/cursor.h"
#include "net/packet.h"

#define PROCESS_TEXT_BYTES_MAX 4096      /* PATH_MAX; of a name, path or command; the rest is cut */
#define PROCESS_NO_START       INT64_MIN /* not said: before every packet */

enum process_key_kind {
	PROCESS_KEY_PID,          /* Wireshark: the process id */
	PROCESS_KEY_DARWIN_INDEX, /* Apple: number of the block in its section, from 0 */
	PROCESS_KEY_ANDROID_UID,  /* PCAPdroid: the application's user id */
};

struct process_facts {
	enum process_key_kind kind;
	uint32_t key;
	int64_t start_ns; /* since 1970 UTC, or PROCESS_NO_START */
	uint32_t pid;     /* 0: not known */
	struct span name, path,
	        command; /* empty: not known. Zeros in command part its arguments. */
};

struct process_table {
	struct process_entry *entries; /* in order of arrival */
	uint32_t *order;               /* indices of entries, by kind, key, start */
	size_t count, capacity;
	struct budget *budget; /* borrows; charged for the texts */
};

/* Borrows the budget for the life of the table. Allocates nothing. */
void process_table_init(struct process_table *t, struct budget *budget) NONNULL(1, 2);
void process_table_clear(struct process_table *t) NONNULL(1);
/* Copies the texts. 0, STATUS_LIMIT (SOURCE_PROCESSES_MAX or the budget), STATUS_NO_MEMORY. */
int process_table_add(struct process_table *t, const struct process_facts *facts) WUNRES
        NONNULL(1, 2);
/* 0 with *ret borrowing until the table is cleared, or STATUS_NOT_FOUND. */
int process_table_find(const struct process_table *t, enum process_key_kind kind, uint32_t key,
        int64_t time_ns, struct frame_process *ret) WUNRES NONNULL(1, 5);

#endif
