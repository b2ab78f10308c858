/* agreement: whether the rows of a register agree with each other: ids, references, dates,
 * recipients. */
#ifndef EXEAT_REGISTRY_AGREEMENT_H
#define EXEAT_REGISTRY_AGREEMENT_H

#include "base/compiler.h"
#include "registry/problems.h"
#include "registry/sheet.h"

/* today: what has ended by then is named too; REGISTRY_NO_DAY: it is not. 0 even when there are
 * complaints, or a failure. */
int agreement_check(const struct sheet sheets[static REGISTRY_FILES], int32_t today,
        struct problems *p) WUNRES NONNULL(1, 3);

#endif
