/* rules: whether match rules say enough to tell one program from the rest of the world. A wildcard
 * over a shared host names its landlord's other tenants too; a port that everybody uses names
 * nobody. */
#ifndef EXEAT_REGISTRY_RULES_H
#define EXEAT_REGISTRY_RULES_H

#include <stdbool.h>

#include "base/compiler.h"
#include "registry/problems.h"

/* One term of a match cell. */
bool rule_check(const char *term, struct place at, struct problems *p) WUNRES NONNULL(1, 3);
/* A cell whose terms all passed: at least one of them must tell something. */
bool rules_check_together(const char *cell, struct place at, struct problems *p) WUNRES
        NONNULL(1, 3);

#endif
