/* exeat doctor: what works on this machine, and why the rest does not. Rules and country data are
 * read as every run reads them, in the same sandbox; nothing is written. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"
#include "source/source.h"

static const char help[] =
        "usage: exeat doctor [OPTIONS]\n\n"
        "Says what works on this machine, and why the rest does not: the files of the rules\n"
        "with file, line and column of each mistake, the pattern engine, country data, the\n"
        "right to listen on an interface, the sandbox. Exit code 0: all of it works.\n\n"
        "  --rules DIR     the rules to check instead of those that come with exeat\n"
        "  --geo DIR       the country data to check\n"
        "  --register DIR  the practice's register, too\n";

static const struct option long_options[] = {
        {"geo", required_argument, NULL, OPTION_GEO},
        {"register", required_argument, NULL, OPTION_REGISTER},
        {"rules", required_argument, NULL, OPTION_RULES},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
};

static void tell(const char *what, const char *answer)
{
	printf("%-14s %s\n", what, answer);
}

/* What a complaint on standard error has just said in full. */
static enum exit_code tell_outcome(const char *what, enum exit_code code, const char *good)
{
	tell(what, code == EXIT_CLEAN ? good : "cannot be used: see the complaint");
	return code;
}

static enum exit_code examine_rules(struct workplace *w)
{
	char good[80];
	enum exit_code code = workplace_load_rules(w);

	tell_outcome("rules", code, "identifiers.csv, terms.csv and flags.csv can be used");
	tell("patterns", code == EXIT_CLEAN
	                         ? "the pattern engine found its test strings wherever they stood"
	                         : "not tested, for lack of rules");
	if (code != EXIT_CLEAN)
		return code;
	code = workplace_load_destinations(w);
	snprintf(good, sizeof(good), "%zu organisations are known by their hosts",
	        w->services ? services_count(w->services) : 0);
	return tell_outcome("services", code, good);
}

static enum exit_code examine_countries(struct workplace *w)
{
	if (w->geo_count == 0) {
		tell("country data", "there is none: countries will be \"not known\"; make it with "
		                     "sh geo/update.sh");
		return EXIT_CLEAN;
	}
	return tell_outcome("country data", workplace_load_location(w),
	        w->geo_count > 1 ? "countries and networks can be looked up"
	                         : "countries can be looked up, the owners of networks cannot");
}

static enum exit_code examine_capture(int may_capture)
{
	if (may_capture == STATUS_OK) {
		tell("capture", "this user may listen on the interfaces of this machine");
		return EXIT_CLEAN;
	}
	if (may_capture == STATUS_NO_PERMISSION)
		tell("capture", "this user may not listen on interfaces: run exeat capture as root "
		                "(sudo); capture files can be inspected");
	else
		tell("capture", status_text(may_capture));
	return EXIT_MACHINE;
}

static enum exit_code examine_register(struct workplace *w)
{
	if (!w->has_register)
		return EXIT_CLEAN;
	return tell_outcome("register", workplace_read_register(w), "the register can be used");
}

/* In the inspector. */
static enum exit_code examine(struct workplace *w, int may_capture)
{
	int status = priv_sandbox_enter(&w->sandbox, w->level);
	enum exit_code code;

	if (status != STATUS_OK) {
		tell("sandbox", status_text(status));
		return EXIT_MACHINE; /* nothing is read outside it */
	}
	code = examine_rules(w);
	code = exit_code_worse(code, examine_countries(w));
	code = exit_code_worse(code, examine_register(w));
	code = exit_code_worse(code, examine_capture(may_capture));
	tell("sandbox", w->level);
	return code;
}

static enum exit_code doctor(const struct workplace_options *options)
{
	struct workplace workplace;
	bool is_inspector = false;
	int may_capture = source_may_capture();
	enum exit_code code = workplace_open(&workplace, options);

	workplace.inspects = true;
	if (code != EXIT_CLEAN)
		return workplace_leave(&workplace, code);
	code = workplace_fork(&workplace, &is_inspector);
	if (!is_inspector)
		return code;
	code = examine(&workplace, may_capture);
	workplace_close(&workplace);
	return code;
}

int cmd_doctor(int argc, char **argv)
{
	struct workplace_options options = {.register_on_day = true};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(help, stdout);
			return EXIT_CLEAN;
		}
		if (!workplace_take_option(option, optarg, &options))
			return EXIT_USAGE;
	}
	if (optind != argc) {
		log_error("exeat doctor takes options only: exeat doctor --help");
		return EXIT_USAGE;
	}
	return (int)doctor(&options);
}
