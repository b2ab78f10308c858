#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "cmd/reporting.h"

static const char help[] =
        "usage: exeat report --store FILE [OPTIONS]\n\n"
        "Reports from stored evidence, with the register in force.\n\n"
        "  --store FILE      the store that inspect or capture wrote\n"
        "  --day DAY         YYYY-MM-DD, today or yesterday, in the practice's time zone\n"
        "  --csv             summary rows on standard output (for cron)\n"
        "  --register DIR    this register instead of the one the store remembers\n"
        "  --recompute       with --register: say what changed since the register that the\n"
        "                    store remembers, and make this one the register it remembers\n"
        "  --out DIR         write all report files there\n"
        "  --rules DIR\n";

enum { OPTION_DAY = OPTION_OWN, OPTION_CSV, OPTION_RECOMPUTE };

static const struct option long_options[] = {
        {"day", required_argument, NULL, OPTION_DAY},
        {"csv", no_argument, NULL, OPTION_CSV},
        {"recompute", no_argument, NULL, OPTION_RECOMPUTE},
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

/* 0 to go on, 1 when help was printed, -1 when the option is wrong. */
static int read_option(int option, struct workplace_options *w, struct reporting_options *o)
{
	if (workplace_take_option(option, optarg, w))
		return 0;
	switch (option) {
	case OPTION_DAY:
		o->date = optarg;
		return 0;
	case OPTION_CSV:
		o->summary = true;
		return 0;
	case OPTION_RECOMPUTE:
		o->compare = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return -1;
	}
}

/* today and yesterday need the practice's time zone, which is known only now. */
static bool resolve_day(const char *text, char ret[static TIME_DATE_CHARS])
{
	int32_t day = time_local_day((int64_t)time(NULL) * NS_PER_SECOND);

	if (strcmp(text, "yesterday") == 0)
		day--;
	else if (strcmp(text, "today") != 0 && !time_parse_date(text, &day))
		return false;
	time_format_day(day, ret);
	return true;
}

/* From now on this register is the one that the store remembers. */
static enum exit_code remember_register(struct workplace *w)
{
	int status = store_begin(w->store);

	if (status == STATUS_OK)
		status = workplace_remember(w);
	if (status == STATUS_OK)
		status = store_commit(w->store);
	if (status == STATUS_OK)
		return EXIT_CLEAN;
	store_abandon(w->store);
	return workplace_complain_store(w, "write the store", status);
}

/* A day whose conversations were deleted by age would else read as one that was not captured. */
static enum exit_code check_day(struct workplace *w, const char *date)
{
	struct store_query period = {0};
	struct store_coverage coverage;
	char kept[TIME_DATE_CHARS];
	int32_t day;
	int status = store_flows_before(w->store, kept);

	if (status != STATUS_OK)
		return workplace_complain_store(w, "read the store", status);
	if (strcmp(date, kept) >= 0 || !time_parse_date(date, &day))
		return EXIT_CLEAN;
	period.from_ns = time_local_midnight(day);
	period.to_ns = time_local_midnight(day + 1);
	status = store_coverage(w->store, &period, &coverage);
	if (status != STATUS_OK)
		return workplace_complain_store(w, "read the store", status);
	if (coverage.captured)
		return EXIT_CLEAN;
	log_error("the conversations of %s are no longer kept: those before %s were deleted, being "
	          "more than %d days old; look into the reports that were written then",
	        date, kept, STORE_FLOW_DAYS);
	return EXIT_NO_PACKET;
}

static enum exit_code make_report(struct workplace *w, const struct reporting_options *asked)
{
	struct reporting_options options = *asked, *o = &options;
	char date[TIME_DATE_CHARS];
	enum exit_code code = workplace_load(w);

	if (code == EXIT_CLEAN)
		code = reporting_check_inputs(w);
	if (code != EXIT_CLEAN)
		return code;
	if (o->date) {
		if (!resolve_day(o->date, date)) {
			log_error("--day takes YYYY-MM-DD, today or yesterday");
			return EXIT_USAGE;
		}
		o->date = date;
	}
	if (!w->store_read_only)
		code = reporting_forget(w);
	if (code == EXIT_CLEAN && o->date)
		code = check_day(w, o->date);
	if (code != EXIT_CLEAN)
		return code;
	code = reporting_run(w, o);
	if (o->compare && (code == EXIT_CLEAN || code == EXIT_FLAGS))
		code = exit_code_worse(code, remember_register(w));
	return code;
}

int cmd_report(int argc, char **argv)
{
	struct workplace_options w = {.register_dir = NULL};
	struct reporting_options o = {.table = false};
	struct workplace workplace;
	bool is_inspector = false;
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		int outcome = read_option(option, &w, &o);

		if (outcome != 0)
			return outcome > 0 ? EXIT_CLEAN : EXIT_USAGE;
	}
	if (!w.store_path || optind != argc) {
		log_error("report needs a store: exeat report --store FILE");
		return EXIT_USAGE;
	}
	if (o.compare && (!w.register_dir || o.date)) {
		log_error("--recompute takes --register DIR, the corrected register, and is of all "
		          "days: leave --day out");
		return EXIT_USAGE;
	}
	o.table = !o.summary;
	/* Writing a folder of reports also notes in the store what was seen on which date. */
	w.store_read_only = w.out_dir == NULL && !o.compare;
	w.store_must_exist = true;
	code = workplace_open(&workplace, &w);
	if (code != EXIT_CLEAN)
		return (int)workplace_leave(&workplace, code);
	code = workplace_fork(&workplace, &is_inspector);
	if (!is_inspector)
		return (int)code;
	code = make_report(&workplace, &o);
	workplace_close(&workplace);
	return (int)code;
}
