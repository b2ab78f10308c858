/* explain: the rows of the register in plain words, for `exeat register explain`. */
#ifndef EXEAT_CMD_EXPLAIN_H
#define EXEAT_CMD_EXPLAIN_H

#include <stdio.h>

#include "base/compiler.h"
#include "cmd/assessed.h"
#include "registry/registry.h"

struct explanation {
	FILE *out;
	unsigned width;                  /* of the terminal; 0 no limit */
	const struct registry *registry; /* NULL: there is none */
};

/* "label      text over as many lines as it needs". */
void explain_line(const struct explanation *e, const char *label, const char *format, ...)
        PRINTF(3, 4) NONNULL(1, 2, 3);
/* A line of its own between parts. */
void explain_heading(const struct explanation *e, const char *format, ...) PRINTF(2, 3)
        NONNULL(1, 2);
/* One row each, by file and line. day: when it was needed; REGISTRY_NO_DAY: no day in view. */
void explain_program(const struct explanation *e, const struct registry_program *p) NONNULL(1, 2);
void explain_destination(const struct explanation *e, const char *label,
        const struct registry_destination *d) NONNULL(1, 2, 3);
void explain_contract(const struct explanation *e, const char *label,
        const struct registry_contract *c, int32_t day) NONNULL(1, 2, 3);
void explain_basis(const struct explanation *e, const char *label, const struct registry_basis *b,
        int32_t day) NONNULL(1, 2, 3);
/* One conversation, check by check, in their order. */
void explain_flow(const struct explanation *e, const struct assessed *a) NONNULL(1, 2);

#endif
