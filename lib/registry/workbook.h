/* workbook: an Excel workbook (.xlsx) that lies in memory: its sheets by name, their texts and the
 * formats of their numbers. Comes in: bytes. Goes out: what worksheet reads rows with.
 *
 * Source: ECMA-376 part 2 (packages: relationships), part 1, 18.2 (workbook), 18.4 (shared
 * strings), 18.8 (styles). Macros, passwords and the older and the binary formats are refused by
 * name. */
#ifndef EXEAT_REGISTRY_WORKBOOK_H
#define EXEAT_REGISTRY_WORKBOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/number_format.h"
#include "registry/zip_file.h"

#define WORKBOOK_SHEETS_MAX  64
#define WORKBOOK_NAME_CHARS  128    /* 31 characters, as Excel allows, of up to 4 bytes */
#define WORKBOOK_PART_CHARS  256    /* path in the package */
#define WORKBOOK_STRINGS_MAX 131072 /* 15,000 rows with eight texts that no other row has */
#define WORKBOOK_STYLES_MAX  65536  /* Excel's own limit is 65,490 */
#define WORKBOOK_FORMATS_MAX 1024   /* Excel's own limit is 250 */

struct workbook_sheet {
	char name[WORKBOOK_NAME_CHARS];
	char part[WORKBOOK_PART_CHARS];
	bool hidden; /* in Excel */
};

struct workbook_string {
	size_t at, len; /* in the texts */
};

struct workbook {
	struct zip_file zip; /* borrows the bytes */
	struct workbook_sheet sheets[WORKBOOK_SHEETS_MAX];
	size_t sheet_count;
	bool from_1904; /* its days count from 1904 */
	struct buf texts;
	struct workbook_string *strings;
	size_t string_count, string_capacity;
	enum number_format *styles; /* by cell format */
	size_t style_count, style_capacity;
};

/* Why a workbook cannot be read. Both static; the text is one clear sentence. */
struct workbook_problem {
	const char *id, *text;
};

/* Gives the workbook, which borrows the bytes. Any positive status comes with the problem. */
int workbook_open(struct workbook **ret_gives, struct span bytes,
        struct workbook_problem *ret_problem) WUNRES NONNULL(1, 3);
struct workbook *workbook_free(struct workbook *w); /* NULL ok, returns NULL */
/* The sheet of that name; capitals do not count, as in Excel. SIZE_MAX: none. */
size_t workbook_sheet(const struct workbook *w, const char *name) NONNULL(1, 2);
/* The id of complaint that fits a status of reading a part. */
const char *workbook_problem_id(int status);

#endif
