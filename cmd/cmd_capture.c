#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "cmd/inspection.h"

static const char help[] =
        "usage: exeat capture -i INTERFACE --for TIME --authorised-by \"NAME, DATE\" [OPTIONS]\n\n"
        "Inspects live traffic: nothing of its content is kept, unless --save asks for it. Stops "
        "after\n"
        "TIME or on Ctrl-C and then writes the reports.\n\n"
        "  -i, --interface IF   where to listen\n"
        "  --for TIME           90s, 30m, 2h, 7d; without it until Ctrl-C\n"
        "  --authorised-by TXT  \"NAME, DATE\": who allowed this; or fill it in in practice.csv\n"
        "  --register DIR       the practice's register\n"
        "  --out DIR            write summary.csv, flags.csv, flows.jsonl, report.html, draft/, "
        "exeat.db\n"
        "  --store FILE         keep the evidence here instead of DIR/exeat.db\n"
        "  -f, --filter FILTER  only packets that match (pcap-filter(7))\n"
        "  --geo DIR, --rules DIR, --workers N, --no-content, -q, --quiet   as for inspect\n\n"
        "  --save FILE          keep the packets themselves, with all that is in them, in files "
        "named\n"
        "                       FILE-20261122T111538Z.pcapng (UTC) in a folder of their own\n"
        "  --purpose TEXT       what for; stands in each file and in the reports\n"
        "  --keep TIME          14d: delete files that began so long ago, whenever exeat saves "
        "here; at\n"
        "                       most 35d\n"
        "  --save-size MIB      a new file when one is so large (256)\n"
        "  --save-every TIME    a new file after so long (1h)\n"
        "  --save-floor MIB     stop saving when less is free on the disk (1024)\n";

#define SECONDS_A_DAY   86400
#define FOR_SECONDS_MAX (365 * SECONDS_A_DAY)

enum {
	OPTION_FOR = OPTION_OWN,
	OPTION_SAVE,
	OPTION_PURPOSE,
	OPTION_KEEP,
	OPTION_SAVE_SIZE,
	OPTION_SAVE_EVERY,
	OPTION_SAVE_FLOOR
};

static const struct option long_options[] = {
        {"interface", required_argument, NULL, 'i'},
        {"for", required_argument, NULL, OPTION_FOR},
        {"authorised-by", required_argument, NULL, OPTION_AUTHORISED},
        {"filter", required_argument, NULL, 'f'},
        {"geo", required_argument, NULL, OPTION_GEO},
        {"no-content", no_argument, NULL, OPTION_NO_CONTENT},
        {"quiet", no_argument, NULL, 'q'},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"save", required_argument, NULL, OPTION_SAVE},
        {"purpose", required_argument, NULL, OPTION_PURPOSE},
        {"keep", required_argument, NULL, OPTION_KEEP},
        {"save-size", required_argument, NULL, OPTION_SAVE_SIZE},
        {"save-every", required_argument, NULL, OPTION_SAVE_EVERY},
        {"save-floor", required_argument, NULL, OPTION_SAVE_FLOOR},
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

struct capture_options {
	struct inspection_options inspection;
	struct source_live_options live;
	struct saved_content_options save;
	bool saves_somehow; /* one of the options that only --save has a use for */
};

/* "90s", "30m", "2h", "14d". */
static bool parse_duration(const char *text, uint64_t max_seconds, int64_t *ret_ns)
{
	static const struct {
		char letter;
		uint64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', SECONDS_A_DAY}};
	size_t len = strlen(text);
	uint64_t value;

	if (len < 2 || !span_to_u64(span_of(text, len - 1), max_seconds, &value) || value == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (text[len - 1] != units[i].letter)
			continue;
		if (value > max_seconds / units[i].seconds)
			return false;
		*ret_ns = (int64_t)(value * units[i].seconds) * NS_PER_SECOND;
		return true;
	}
	return false;
}

static int take_duration(
        const char *option, const char *text, uint64_t max_seconds, int64_t *ret_ns)
{
	if (parse_duration(text, max_seconds, ret_ns))
		return 0;
	log_error("%s takes a number and s, m, h or d, such as 90s, 30m, 2h, 14d; at most %llud",
	        option, (unsigned long long)(max_seconds / SECONDS_A_DAY));
	return -1;
}

static int take_mib(const char *option, const char *text, uint64_t max_mib, uint64_t *ret_bytes)
{
	uint64_t mib;

	if (!span_to_u64(span_of_text(text), max_mib, &mib) || mib == 0) {
		log_error("%s takes a number of MiB from 1 to %llu", option,
		        (unsigned long long)max_mib);
		return -1;
	}
	*ret_bytes = mib << 20;
	return 0;
}

static int take_purpose(const char *text, struct saved_content_options *save)
{
	struct span trimmed = span_trim(span_of_text(text));

	if (trimmed.len == 0 || trimmed.len > SAVED_PURPOSE_MAX) {
		log_error("--purpose takes a text of 1 to %d bytes; a letter with an accent takes "
		          "two",
		        SAVED_PURPOSE_MAX);
		return -1;
	}
	save->purpose = trimmed;
	return 0;
}

/* As read_option, of those that belong to --save. */
static int read_save_option(int option, struct capture_options *o)
{
	struct saved_content_options *save = &o->save;

	o->saves_somehow = true;
	switch (option) {
	case OPTION_SAVE:
		o->inspection.workplace.save_path = optarg;
		return 0;
	case OPTION_PURPOSE:
		return take_purpose(optarg, save);
	case OPTION_KEEP:
		save->keep = optarg;
		return take_duration(
		        "--keep", optarg, SAVED_KEEP_DAYS_MAX * SECONDS_A_DAY, &save->keep_ns);
	case OPTION_SAVE_SIZE:
		return take_mib("--save-size", optarg, SAVED_FILE_MIB_MAX, &save->file_bytes);
	case OPTION_SAVE_EVERY:
		return take_duration("--save-every", optarg, SAVED_KEEP_DAYS_MAX * SECONDS_A_DAY,
		        &save->every_ns);
	default:
		return take_mib("--save-floor", optarg, SAVED_FLOOR_MIB_MAX, &save->floor_bytes);
	}
}

/* 0 to go on, 1 when help was printed, -1 when the option is wrong. */
static int read_option(int option, struct capture_options *o)
{
	if (workplace_take_option(option, optarg, &o->inspection.workplace))
		return 0;
	if (option >= OPTION_SAVE)
		return read_save_option(option, o);
	switch (option) {
	case 'i':
		o->live.interface = optarg;
		return 0;
	case 'f':
		o->live.filter = optarg;
		return 0;
	case 'q':
		o->inspection.quiet = true;
		return 0;
	case OPTION_FOR:
		return take_duration("--for", optarg, FOR_SECONDS_MAX, &o->inspection.duration_ns);
	case OPTION_AUTHORISED:
		o->inspection.authorised_by = optarg;
		return 0;
	case OPTION_NO_CONTENT:
		o->inspection.no_content = true;
		return 0;
	case OPTION_WORKERS:
		return inspection_take_workers(optarg, &o->inspection) ? 0 : -1;
	case OPTION_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return -1;
	}
}

/* Content is kept for a purpose and a time that are stated before, or not at all. */
static bool settle_saving(struct capture_options *o)
{
	struct saved_content_options *save = &o->save;

	if (!o->saves_somehow)
		return true;
	if (o->inspection.no_content) {
		log_error(
		        "--no-content and --save do not go together: what must not be looked into "
		        "must not be kept either; leave one of them out");
		return false;
	}
	if (!o->inspection.workplace.save_path || save->purpose.len == 0 || !save->keep) {
		log_error(
		        "to keep content, --save FILE, --purpose TEXT and --keep TIME go together: "
		        "exeat capture ... --save saved/visit --purpose \"why it is needed\" "
		        "--keep 14d");
		return false;
	}
	if (save->file_bytes == 0)
		save->file_bytes = (uint64_t)SAVED_FILE_MIB_DEFAULT << 20;
	if (save->floor_bytes == 0)
		save->floor_bytes = (uint64_t)SAVED_FLOOR_MIB << 20;
	if (save->every_ns == 0 && save->keep_ns < SAVED_EVERY_S * NS_PER_SECOND)
		save->every_ns = save->keep_ns;
	else if (save->every_ns == 0)
		save->every_ns = SAVED_EVERY_S * NS_PER_SECOND;
	if (save->every_ns > save->keep_ns) {
		log_error("--save-every must not be longer than --keep: a file is deleted whole");
		return false;
	}
	o->inspection.save = save;
	return true;
}

int cmd_capture(int argc, char **argv)
{
	struct capture_options o = {
	        .live.promiscuous = true, .inspection.workplace.fills_store = true};
	int option;

	while ((option = getopt_long(argc, argv, "i:f:q", long_options, NULL)) != -1) {
		int outcome = read_option(option, &o);

		if (outcome != 0)
			return outcome > 0 ? EXIT_CLEAN : EXIT_USAGE;
	}
	if (!o.live.interface || optind != argc) {
		log_error("capture needs an interface: exeat capture -i eth0 --for 2h ...");
		return EXIT_USAGE;
	}
	if (!settle_saving(&o))
		return EXIT_USAGE;
	o.inspection.live = &o.live;
	return (int)inspection_run(&o.inspection);
}
