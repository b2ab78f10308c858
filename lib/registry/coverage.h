/* coverage: whether the contracts and bases of a register, taken over time, say one thing: for each
 * program and recipient no gap of days, no two rows in force at once that contradict each other,
 * and a destination that they are about. Rows that agree may overlap: together they cover the
 * union. */
#ifndef EXEAT_REGISTRY_COVERAGE_H
#define EXEAT_REGISTRY_COVERAGE_H

#include "base/compiler.h"
#include "registry/keys.h"
#include "registry/problems.h"
#include "registry/sheet.h"

/* Contracts name several programs each; past this many pairs of contract and program the file is
 * refused, so that time and memory stay bounded: twenty for each row that a register may have. */
#define COVERAGE_PAIRS_MAX 300000

/* programs: the sorted program_ids. today: rows that have ended are named too; REGISTRY_NO_DAY:
 * they are not. 0 even when there are complaints, or STATUS_NO_MEMORY. */
int coverage_check(const struct sheet sheets[static REGISTRY_FILES], const struct keys *programs,
        int32_t today, struct problems *p) WUNRES NONNULL(1, 2, 4);

#endif
