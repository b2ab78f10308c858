#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"
#include "cmd/cmd.h"

struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct subcommand subcommands[] = {
        {"inspect", cmd_inspect, "say what capture files show leaving the practice"},
        {"capture", cmd_capture, "the same, live on an interface"},
        {"report", cmd_report, "print or write reports from a store"},
        {"register", cmd_register, "check, learn and explain the practice's register"},
        {"geo", cmd_geo, "build the country database"},
        {"doctor", cmd_doctor, "say what works on this machine, and why the rest does not"},
};

static void print_help(FILE *out)
{
	fputs("exeat: what leaves the practice, by which program, to whom, on what paper.\n\n"
	      "usage: exeat COMMAND [OPTIONS]   (exeat COMMAND --help for its options)\n\n",
	        out);
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
		fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	fputs("\nexit codes: 0 nothing to look at, 1 flags of medium or worse, 2 wrong usage,\n"
	      "3 register unusable, 4 no packet could be read, 5 no authority to capture,\n"
	      "6 failure of the machine (disk, memory, permission)\n",
	        out);
}

int main(int argc, char **argv)
{
	char title[32];

	setlocale(LC_CTYPE, "C.UTF-8");
	tzset();
	umask(0077); /* what is written here is nobody else's to read */
	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_help(stdout);
		return EXIT_CLEAN;
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("exeat %s\n", EXEAT_VERSION);
		return EXIT_CLEAN;
	}
	for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(subcommands); i++) {
		if (strcmp(argv[1], subcommands[i].name) != 0)
			continue;
		/* getopt begins its complaints with this. */
		snprintf(title, sizeof(title), "exeat %s", subcommands[i].name);
		argv[1] = title;
		return subcommands[i].run(argc - 1, argv + 1);
	}
	if (argc >= 2)
		log_error("there is no command '%.32s'", argv[1]);
	print_help(stderr);
	return EXIT_USAGE;
}
