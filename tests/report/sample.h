/* sample: a small run, made by hand, that the tests of lib/report print: a register, a store with
 * one input, and five flows with their verdicts. All people, firms and hosts are invented. */
#ifndef EXEAT_TESTS_REPORT_SAMPLE_H
#define EXEAT_TESTS_REPORT_SAMPLE_H

#include "report/report.h"

#define SAMPLE_FLOWS 5

struct sample {
	struct store *store;
	struct registry *registry;
	struct report_run run;
	struct verdict run_verdict;
	struct store_flow flows[SAMPLE_FLOWS];
	struct store_finding findings[2];
	struct store_record records[3]; /* of the flow that spans midnight */
	struct verdict verdicts[SAMPLE_FLOWS];
	struct report_flow report_flows[SAMPLE_FLOWS];
};

/* The time zone of the process becomes Australia/Sydney. */
void sample_open(struct sample *s);
void sample_close(struct sample *s);
/* A report of all flows. */
struct report *sample_report(struct sample *s, int dir_fd);
void sample_add_flag(struct verdict *v, enum flag_id id, enum severity severity,
        enum flag_scope scope, const char *sentence);

/* A new folder below $TMPDIR or /tmp, opened; its path in ret. */
int sample_folder(char ret[static 64]);
void sample_remove_folder(const char *path);
/* Whole content of a file, to be freed; NULL when absent. */
char *sample_read(int dir_fd, const char *name);

#endif
