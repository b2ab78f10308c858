#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/inspection.h"

static const char help[] =
        "usage: exeat inspect FILE... [OPTIONS]\n\n"
        "Reads capture files (pcap, pcapng, also in gzip or zstd; - is standard input), merged by "
        "time,\n"
        "and says which program sent what kind of data to whom, and on what paper.\n\n"
        "  --register DIR       the practice's register; without one every recipient is unknown\n"
        "  --out DIR            write summary.csv, flags.csv, flows.jsonl, report.html, draft/, "
        "exeat.db\n"
        "  --store FILE         keep the evidence here instead of DIR/exeat.db\n"
        "  -f, --filter FILTER  only packets that match (pcap-filter(7))\n"
        "  --authorised-by TXT  \"NAME, DATE\": who allowed the capture\n"
        "  --geo DIR            country.mmdb and asn.mmdb\n"
        "  --rules DIR          identifiers.csv, terms.csv and flags.csv\n"
        "  --workers N          threads that share the work, 1 to 8; as many as there are "
        "processors\n"
        "  --no-content         only who sent how much to whom; what conversations carried is not "
        "looked into\n"
        "  -q, --quiet          no table\n";

static const struct option long_options[] = {
        {"filter", required_argument, NULL, 'f'},
        {"authorised-by", required_argument, NULL, OPTION_AUTHORISED},
        {"geo", required_argument, NULL, OPTION_GEO},
        {"no-content", no_argument, NULL, OPTION_NO_CONTENT},
        {"quiet", no_argument, NULL, 'q'},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

/* 0 to go on, 1 when help was printed, -1 when the option is wrong. */
static int read_option(int option, struct inspection_options *o)
{
	if (workplace_take_option(option, optarg, &o->workplace))
		return 0;
	switch (option) {
	case OPTION_AUTHORISED:
		o->authorised_by = optarg;
		return 0;
	case OPTION_WORKERS:
		return inspection_take_workers(optarg, o) ? 0 : -1;
	case OPTION_NO_CONTENT:
		o->no_content = true;
		return 0;
	case 'f':
		o->filter = optarg;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case OPTION_HELP:
		fputs(help, stdout);
		return 1;
	default:
		return -1;
	}
}

static enum exit_code open_files(char **names, size_t count, int fds[static SOURCE_INPUTS_MAX])
{
	if (count == 0) {
		log_error("inspect needs a capture file, or - for standard input");
		return EXIT_USAGE;
	}
	if (count > SOURCE_INPUTS_MAX) {
		log_error("at most %d files in one run", SOURCE_INPUTS_MAX);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < count; i++) {
		int error;

		fds[i] = strcmp(names[i], "-") == 0 ? dup(STDIN_FILENO)
		                                    : open(names[i], O_RDONLY | O_CLOEXEC);
		if (fds[i] >= 0)
			continue;
		error = errno;
		log_error("cannot open %s: %s", names[i], strerror(error));
		while (i > 0)
			close(fds[--i]);
		return error == ENOENT ? EXIT_USAGE : EXIT_MACHINE;
	}
	return EXIT_CLEAN;
}

int cmd_inspect(int argc, char **argv)
{
	struct inspection_options o = {.workplace.fills_store = true};
	int fds[SOURCE_INPUTS_MAX];
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "f:q", long_options, NULL)) != -1) {
		int outcome = read_option(option, &o);

		if (outcome != 0)
			return outcome > 0 ? EXIT_CLEAN : EXIT_USAGE;
	}
	code = open_files(argv + optind, (size_t)(argc - optind), fds);
	if (code != EXIT_CLEAN)
		return (int)code;
	o.fds = fds;
	o.names = argv + optind;
	o.fd_count = (size_t)(argc - optind);
	return (int)inspection_run(&o);
}
