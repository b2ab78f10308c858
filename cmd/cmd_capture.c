#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "cmd/inspection.h"

static const char help[] =
        "usage: exeat capture -i INTERFACE --for TIME --authorised-by \"NAME, DATE\" [OPTIONS]\n\n"
        "Inspects live traffic: nothing of its content is kept. Stops after TIME or on Ctrl-C and "
        "then\n"
        "writes the reports.\n\n"
        "  -i, --interface IF   where to listen\n"
        "  --for TIME           90s, 30m, 2h; without it until Ctrl-C\n"
        "  --authorised-by TXT  \"NAME, DATE\": who allowed this; or fill it in in practice.csv\n"
        "  --register DIR       the practice's register\n"
        "  --out DIR            write summary.csv, flags.csv, flows.jsonl, report.html, draft/, "
        "exeat.db\n"
        "  --store FILE         keep the evidence here instead of DIR/exeat.db\n"
        "  -f, --filter FILTER  only packets that match (pcap-filter(7))\n"
        "  --geo DIR, --rules DIR, -q, --quiet   as for inspect\n";

enum { OPTION_FOR = OPTION_OWN };

static const struct option long_options[] = {
        {"interface", required_argument, NULL, 'i'},
        {"for", required_argument, NULL, OPTION_FOR},
        {"authorised-by", required_argument, NULL, OPTION_AUTHORISED},
        {"filter", required_argument, NULL, 'f'},
        {"geo", required_argument, NULL, OPTION_GEO},
        {"quiet", no_argument, NULL, 'q'},
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

/* "90s", "30m", "2h"; at most a year. */
static bool parse_duration(const char *text, int64_t *ret_ns)
{
	size_t len = strlen(text);
	uint64_t value, unit;

	if (len < 2 || !span_to_u64(span_of(text, len - 1), 31536000, &value) || value == 0)
		return false;
	switch (text[len - 1]) {
	case 's':
		unit = 1;
		break;
	case 'm':
		unit = 60;
		break;
	case 'h':
		unit = 3600;
		break;
	default:
		return false;
	}
	if (value * unit > 31536000)
		return false;
	*ret_ns = (int64_t)(value * unit) * NS_PER_SECOND;
	return true;
}

/* 0 to go on, 1 when help was printed, -1 when the option is wrong. */
static int read_option(int option, struct inspection_options *o, struct source_live_options *live)
{
	if (workplace_take_option(option, optarg, &o->workplace))
		return 0;
	switch (option) {
	case 'i':
		live->interface = optarg;
		return 0;
	case 'f':
		live->filter = optarg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case OPTION_FOR:
		if (parse_duration(optarg, &o->duration_ns))
			return 0;
		log_error("--for takes a number and s, m or h: 90s, 30m, 2h");
		return -1;
	case OPTION_AUTHORISED:
		o->authorised_by = optarg;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return -1;
	}
}

int cmd_capture(int argc, char **argv)
{
	struct inspection_options o = {.quiet = false};
	struct source_live_options live = {.promiscuous = true};
	int option;

	while ((option = getopt_long(argc, argv, "i:f:q", long_options, NULL)) != -1) {
		int outcome = read_option(option, &o, &live);

		if (outcome != 0)
			return outcome > 0 ? EXIT_CLEAN : EXIT_USAGE;
	}
	if (!live.interface || optind != argc) {
		log_error("capture needs an interface: exeat capture -i eth0 --for 2h ...");
		return EXIT_USAGE;
	}
	o.live = &live;
	return (int)inspection_run(&o);
}
