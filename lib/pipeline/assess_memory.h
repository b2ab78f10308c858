/* assess_memory: answers that were given under one register, for conversations that ask the same. A
 * practice's programs say the same to the same far ends all day, and to judge costs more than to
 * compare the question byte by byte with one that was asked before. */
#ifndef EXEAT_PIPELINE_ASSESS_MEMORY_H
#define EXEAT_PIPELINE_ASSESS_MEMORY_H

#include "base/compiler.h"
#include "pipeline/assess.h"

/* Answers are kept until this is full, then forgotten all at once: some thousands, which is a day
 * of a practice. The day is part of the question, and flows come in the order of time. */
#define ASSESS_MEMORY_BYTES (48u << 20)

struct assess_memory;

/* Borrows both; registry may be NULL. */
int assess_memory_new(struct assess_memory **ret_gives, const struct registry *registry,
        const struct flag_rules *rules) WUNRES NONNULL(1, 3);
struct assess_memory *assess_memory_free(struct assess_memory *m); /* NULL ok, returns NULL */
/* The same as assess_answer, always. */
int assess_recall(struct assess_memory *m, const struct assess_question *q,
        struct assessment *ret) WUNRES NONNULL(1, 2, 3);
/* How many answers came out of the memory. */
uint64_t assess_memory_hits(const struct assess_memory *m) NONNULL(1);

#endif
