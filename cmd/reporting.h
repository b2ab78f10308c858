/* reporting: from the store to what people read: each stored flow is assessed with the register in
 * force and handed to the report. */
#ifndef EXEAT_CMD_REPORTING_H
#define EXEAT_CMD_REPORTING_H

#include <stdbool.h>

#include "base/compiler.h"
#include "cmd/workplace.h"
#include "pipeline/pipeline.h"
#include "report/report.h"

struct reporting_options {
	const char *authorised_by; /* --authorised-by, or NULL */
	bool table;                /* the table on standard output */
	bool summary;              /* summary.csv rows on standard output */
	bool compare;              /* say what changed since the register in the store */
	const char *date;          /* YYYY-MM-DD: only this local date; NULL: all */
	double wall_seconds, cpu_seconds;
	const struct pipeline_result *result; /* of the run that came before, or NULL */
	const struct report_saved *saved;     /* by that run; NULL: nothing */
	bool no_content;                      /* struct report_run */
	const char *excluded_by;              /* struct report_run; NULL: "" */
};

/* Writes what the options and the workplace's output folder ask for; the exit code says what flags
 * were found or what failed. */
enum exit_code reporting_run(struct workplace *w, const struct reporting_options *options) WUNRES
        NONNULL(1, 2);
/* The flags of the run as a whole. */
int reporting_run_verdict(struct workplace *w, struct verdict *ret) WUNRES NONNULL(1, 2);
/* EXIT_CLEAN, or a sentence and EXIT_NO_PACKET: a store that never got a capture would else read as
 * a practice where nothing happens. */
enum exit_code reporting_check_inputs(struct workplace *w) WUNRES NONNULL(1);
/* Columns that standard output has; 0 no limit. */
unsigned reporting_terminal_width(void);
/* Deletes from the store what is too old to be kept; before anything new comes in, so that an
 * old capture is reported at least once. While somebody reads the store: nothing; the next run
 * does it. */
enum exit_code reporting_forget(struct workplace *w) WUNRES NONNULL(1);
/* Who allowed the capture: the option, else practice.csv; "" when nobody is recorded. */
const char *reporting_authority(
        const struct workplace *w, const char *authorised_by, char ret[static 160]) NONNULL(1);

#endif
