/* register learn: what a store shows that the register does not know, as rows for a person to
 * confirm. */
#include <getopt.h>
#include <stdio.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/assessed.h"
#include "cmd/reporting.h"

static const char help[] =
        "usage: exeat register learn --store FILE --out DIR [OPTIONS]\n\n"
        "Drafts register rows for the programs and destinations in a store that the register does\n"
        "not know: DIR/draft/programs.csv and destinations.csv, and what was seen of each row in\n"
        "evidence.csv. A draft permits nothing until a person has filled in its empty cells and\n"
        "copied it. Contracts and reasons are never drafted.\n\n"
        "  --store FILE      the store that inspect or capture wrote\n"
        "  --out DIR         where to make draft/\n"
        "  --register DIR    this register instead of the one the store remembers\n"
        "  --rules DIR\n";

static const struct option long_options[] = {
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

static int add_flows(struct workplace *w, struct report *report)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct assessed a = {.own = w->own_overrides};
	int status = store_flows(w->store, &all, &cursor);

	while (status == STATUS_OK && (status = assessed_next(&a, cursor)) == STATUS_ITEM) {
		status = assessed_judge(&a, w->registry, w->flags);
		if (status == STATUS_OK)
			status = report_add_flow(report, &a.row);
	}
	assessed_end(&a);
	store_cursor_free(cursor);
	return status;
}

static enum exit_code learn(struct workplace *w)
{
	const struct report_run run = {.day = ""};
	struct report *report = NULL;
	enum exit_code code = workplace_load(w);
	int status;

	if (code == EXIT_CLEAN)
		code = reporting_check_inputs(w);
	if (code != EXIT_CLEAN)
		return code;
	status = report_new(&report, w->store, w->registry, &run, -1);
	if (status == STATUS_OK)
		status = add_flows(w, report);
	if (status == STATUS_OK)
		status = report_write_drafts(report, w->out_fd, stdout, reporting_terminal_width());
	report_free(report);
	return status == STATUS_OK ? EXIT_CLEAN
	                           : workplace_complain_store(w, "draft register rows", status);
}

int cmd_register_learn(int argc, char **argv)
{
	struct workplace_options options = {.store_read_only = true, .store_must_exist = true};
	struct workplace workplace;
	bool is_inspector = false;
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (workplace_take_option(option, optarg, &options))
			continue;
		if (option == OPTION_HELP)
			fputs(help, stdout);
		return option == OPTION_HELP ? EXIT_CLEAN : EXIT_USAGE;
	}
	if (!options.store_path || !options.out_dir || optind != argc) {
		log_error("learn needs a store and a folder for its drafts: exeat register learn "
		          "--store FILE --out DIR");
		return EXIT_USAGE;
	}
	code = workplace_open(&workplace, &options);
	if (code != EXIT_CLEAN)
		return (int)workplace_leave(&workplace, code);
	code = workplace_fork(&workplace, &is_inspector);
	if (!is_inspector)
		return (int)code;
	code = learn(&workplace);
	workplace_close(&workplace);
	return (int)code;
}
