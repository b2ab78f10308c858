/* output_file: a set of files in one folder that appear together or not at all. Each is written
 * under a temporary name (.NAME.tmp, mode 0600), made durable, and only when all are complete are
 * they renamed. */
#ifndef EXEAT_REPORT_OUTPUT_FILE_H
#define EXEAT_REPORT_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"

#define OUTPUT_FILES_MAX  12
#define OUTPUT_NAME_CHARS 32

struct output_file {
	char name[OUTPUT_NAME_CHARS];
	char temporary[OUTPUT_NAME_CHARS + 8];
	int folder_fd; /* own */
	FILE *file;    /* own; NULL once closed */
};

struct output_set {
	int dir_fd; /* borrows */
	struct output_file files[OUTPUT_FILES_MAX];
	unsigned count;
	bool replaced; /* a commit has renamed a file, whether it then failed or not */
};

/* Borrows the folder for its life. */
void output_init(struct output_set *s, int dir_fd) NONNULL(1);
/* folder: "" or the name of one below dir_fd, made when absent. *ret_borrows until commit or
 * abort. */
int output_open(struct output_set *s, const char *folder, const char *name,
        FILE **ret_borrows) WUNRES NONNULL(1, 2, 3, 4);
/* Makes all files durable under their temporary names. On failure the set has ended without
 * trace. */
int output_finish(struct output_set *s) WUNRES NONNULL(1);
/* Ends the set, finishing what is not. On failure the temporaries are gone, and unless the set
 * says `replaced`, no file that stood there has changed. */
int output_commit(struct output_set *s) WUNRES NONNULL(1);
/* Ends the set without trace. May be called at any time, more than once. */
void output_abort(struct output_set *s) NONNULL(1);

#endif
