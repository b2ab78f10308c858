/* inspection: one run from frames to reports, shared by `inspect` (files) and `capture` (live). */
#ifndef EXEAT_CMD_INSPECTION_H
#define EXEAT_CMD_INSPECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "cmd/saved_content.h"
#include "cmd/workplace.h"
#include "source/source.h"

struct inspection_options {
	struct workplace_options workplace;
	const char *authorised_by;
	const char *filter;
	unsigned workers;    /* 0: as many as there are processors */
	int64_t duration_ns; /* live */
	const int *fds;      /* files, opened by the monitor; taken */
	char *const *names;  /* of the files, as they were typed */
	size_t fd_count;
	const struct source_live_options *live;   /* NULL: files */
	const struct saved_content_options *save; /* live; NULL: nothing is kept */
	bool quiet;                               /* no table */
	bool no_content;                          /* names and sizes alone; then save is NULL */
};

/* Takes the argument of --workers; false after a sentence on standard error. */
bool inspection_take_workers(const char *text, struct inspection_options *o) NONNULL(1, 2);
/* In the inspector, with the workplace loaded: from frames to reports. live: the interface, opened
 * by the monitor, taken; NULL: files. started_s: of CLOCK_MONOTONIC, when the run began. */
enum exit_code inspection_read(struct workplace *w, const struct inspection_options *o,
        struct source *live, double started_s) WUNRES NONNULL(1, 2);
/* Opens the workplace and, once somebody is known to have allowed it, the interface; forks the
 * inspector, waits. Returns the exit code of the whole run. */
enum exit_code inspection_run(const struct inspection_options *options) WUNRES NONNULL(1);

#endif
