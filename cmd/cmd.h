/* cmd: the program's subcommands. Comes in: the command line. Goes out: an exit code. main.c holds
 * the table; each subcommand has a file of its own; workplace, inspection and reporting are what
 * several of them share. Only here may every layer meet. */
#ifndef EXEAT_CMD_CMD_H
#define EXEAT_CMD_CMD_H

#include "base/compiler.h"

/* Exit codes of all subcommands. Where several apply, exit_code_worse() tells which one wins. */
enum exit_code {
	EXIT_CLEAN = 0,
	EXIT_FLAGS = 1,        /* flags of medium or worse: somebody must look */
	EXIT_USAGE = 2,        /* the command line is wrong */
	EXIT_REGISTER = 3,     /* the register cannot be used */
	EXIT_NO_PACKET = 4,    /* no packet could be read */
	EXIT_NO_AUTHORITY = 5, /* nobody is recorded as having allowed the capture */
	EXIT_MACHINE = 6,      /* disk, memory, permission */
};

/* 2 > 6 > 3 > 5 > 4 > 1 > 0. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);

int cmd_inspect(int argc, char **argv) NONNULL(2);
int cmd_capture(int argc, char **argv) NONNULL(2);
int cmd_report(int argc, char **argv) NONNULL(2);
int cmd_register(int argc, char **argv) NONNULL(2);
/* Actions of cmd_register; argv[0] is "exeat register NAME". */
int cmd_register_learn(int argc, char **argv) NONNULL(2);
int cmd_register_explain(int argc, char **argv) NONNULL(2);
int cmd_register_template(int argc, char **argv) NONNULL(2);
int cmd_geo(int argc, char **argv) NONNULL(2);
int cmd_doctor(int argc, char **argv) NONNULL(2);

#endif
