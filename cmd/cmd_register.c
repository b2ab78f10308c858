#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/workplace.h"

static const char help[] =
        "usage: exeat register check DIR\n"
        "       exeat register template DIR\n"
        "       exeat register learn OPTIONS\n"
        "       exeat register explain PROGRAM|FLOW|FLAG OPTIONS\n\n"
        "check     reads practice.csv, programs.csv, destinations.csv, contracts.csv and "
        "basis.csv\n"
        "          (or the same as .xlsx, or the sheets of register.xlsx) and names each mistake\n"
        "          with file, line, column and Excel cell, and what has ended by today. Exit\n"
        "          code 3 when the register cannot be used.\n"
        "template  writes these files with their header rows, a guide to every column\n"
        "          (README.txt) and a filled example (example/). It overwrites nothing.\n"
        "learn     drafts rows for what a store shows and the register does not know.\n"
        "explain   shows which rows decided, and what is missing. The last two have a help of\n"
        "          their own.\n";

static void print_summary(const struct registry *r)
{
	size_t warnings = 0;

	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char text[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), text);
		printf("%s\n", text);
		warnings++;
	}
	printf("The register can be used. Programs: %zu, destinations: %zu, contracts: %zu, "
	       "bases: %zu, warnings: %zu.\n",
	        registry_program_count(r), registry_destination_count(r),
	        registry_contract_count(r), registry_basis_count(r),
	        warnings + registry_problems_left_out(r));
}

static enum exit_code check(const char *folder)
{
	const struct workplace_options options = {.register_dir = folder, .register_on_day = true};
	struct workplace workplace;
	bool is_inspector = false;
	enum exit_code code = workplace_open(&workplace, &options);

	if (code == EXIT_CLEAN)
		code = workplace_fork(&workplace, &is_inspector);
	if (!is_inspector)
		return code;
	code = workplace_load(&workplace);
	if (code == EXIT_CLEAN)
		print_summary(workplace.registry);
	workplace_close(&workplace);
	return code;
}

static int cmd_register_check(int argc, char **argv)
{
	if (argc != 2) {
		log_error("usage: exeat register check DIR");
		return EXIT_USAGE;
	}
	return (int)check(argv[1]);
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0]: "exeat register NAME" */
} actions[] = {
        {"check", cmd_register_check},
        {"learn", cmd_register_learn},
        {"explain", cmd_register_explain},
        {"template", cmd_register_template},
};

int cmd_register(int argc, char **argv)
{
	char title[48];

	if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return EXIT_CLEAN;
	}
	for (size_t i = 0; argc >= 2 && i < ARRAY_LEN(actions); i++) {
		if (strcmp(argv[1], actions[i].name) != 0)
			continue;
		snprintf(title, sizeof(title), "exeat register %s", actions[i].name);
		argv[1] = title;
		return actions[i].run(argc - 1, argv + 1);
	}
	fputs(help, stderr);
	return EXIT_USAGE;
}
