/* agreement: whether the rows of a register agree with each other: ids, references, dates,
 * recipients. */
#ifndef EXEAT_REGISTRY_AGREEMENT_H
#define EXEAT_REGISTRY_AGREEMENT_H

#include "base/compiler.h"
#include "registry/problems.h"
#include "registry/sheet.h"

/* 0 even when there are complaints, or a failure. */
int agreement_check(const struct sheet sheets[static REGISTRY_FILES], struct problems *p) WUNRES
        NONNULL(1, 2);

#endif
