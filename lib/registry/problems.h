/* problems: the complaints about a register, each with a stable id, a place and one plain sentence
 * that says what to type instead. Holds REGISTRY_PROBLEMS_MAX; more are counted. */
#ifndef EXEAT_REGISTRY_PROBLEMS_H
#define EXEAT_REGISTRY_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/csv.h"
#include "registry/registry.h"

#define QUOTED_CHARS 48 /* a cell of up to 32 bytes in quotation marks */

/* Where a complaint stands. A value. */
struct place {
	enum registry_file file;
	unsigned line;   /* of the file; 0: the whole file */
	unsigned column; /* of the file; 0: the whole line */
	unsigned row;    /* as Excel counts */
	bool whole_book; /* register.xlsx, no sheet of it; then file does not matter */
};

struct problems {
	struct registry_problem items[REGISTRY_PROBLEMS_MAX];
	size_t count;
	size_t left_out;
	bool has_error;
	enum registry_form forms[REGISTRY_FILES]; /* of the tables that the places name */
};

/* id must be static. */
void problems_error(struct problems *p, struct place at, const char *id, const char *format, ...)
        PRINTF(4, 5) NONNULL(1, 3, 4);
void problems_warning(struct problems *p, struct place at, const char *id, const char *format, ...)
        PRINTF(4, 5) NONNULL(1, 3, 4);
/* The cell holds a patient's number, which the complaint does not repeat. */
void problems_patient(struct problems *p, struct place at) NONNULL(1);
/* By file, line, column: the order in which a person goes through the files. */
void problems_sort(struct problems *p) NONNULL(1);
/* The cell in quotation marks, when it may be shown: one word of fewer than 32 bytes with at
 * most four digits and no slash, which is no patient's name, date or number. Else "This cell". */
const char *problems_quote(const char *cell, char ret[static QUOTED_CHARS]) NONNULL(1);

#endif
