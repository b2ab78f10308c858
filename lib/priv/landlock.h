/* landlock: a layer that leaves some folders writable, some readable, and nothing else
 * (Documentation/userspace-api/landlock.rst). Works with every ABI from 1; the constants of later
 * ones are defined here because Debian 12's header stops earlier. */
#ifndef EXEAT_PRIV_LANDLOCK_H
#define EXEAT_PRIV_LANDLOCK_H

#include <stddef.h>

#include "base/compiler.h"

/* The ABI of this kernel; 0 when there is no Landlock. */
int landlock_abi(void);

/* What this ABI cannot forbid and a later one could; in exeat the list of system calls does that
 * (calls.h). "" when nothing is left. Borrowed, for good. */
const char *landlock_left(int abi);

/* Restricts this process for good, by everything that the kernel's ABI knows. write_fds: folders
 * that can be read and written below; negative ones are passed over. read_paths: files or folders
 * that can be read. 0, STATUS_UNSUPPORTED without Landlock, or a failure. */
int landlock_restrict(const int *write_fds, size_t write_count, const char *const *read_paths,
        size_t read_count) WUNRES;

#endif
