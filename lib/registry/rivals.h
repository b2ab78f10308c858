/* rivals: match rules of one program that another program's rules swallow or repeat. Traffic is
 * given to the rule that says most, but a person who reads the register is misled. */
#ifndef EXEAT_REGISTRY_RIVALS_H
#define EXEAT_REGISTRY_RIVALS_H

#include "base/compiler.h"
#include "net/match_rule.h"
#include "registry/problems.h"
#include "registry/sheet.h"

/* rules: of programs.csv, owner the row of the sheet. Sorted, then looked up: n log n. 0 even when
 * there are complaints, or STATUS_NO_MEMORY. */
int rivals_check(const struct sheet *programs, const struct match_rule *rules, size_t count,
        struct problems *p) WUNRES NONNULL(1, 4);

#endif
