/* folder: where each table of the register comes from: programs.csv, programs.xlsx, or the sheet
 * programs of register.xlsx. Goes out: CSV text of each, or complaints. One table in two places is
 * refused: nothing is guessed. */
#ifndef EXEAT_REGISTRY_FOLDER_H
#define EXEAT_REGISTRY_FOLDER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "registry/problems.h"
#include "registry/registry.h"

struct folder_table {
	struct span text; /* CSV; borrows from the folder or from converted */
	bool present;     /* somewhere, readable or not */
	bool readable;
	struct buf converted; /* out of a workbook */
};

/* Fills tables that are all zero, and the forms of p. 0, or a failure. */
int folder_open(struct folder_table tables[static REGISTRY_FILES],
        const struct registry_folder *folder, struct problems *p) WUNRES NONNULL(1, 2, 3);

#endif
