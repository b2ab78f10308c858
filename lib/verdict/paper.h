/* paper: what the register holds about one program and one recipient on one day. Pure. */
#ifndef EXEAT_VERDICT_PAPER_H
#define EXEAT_VERDICT_PAPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "verdict/verdict.h"

#define PAPER_ENDING_DAYS 90 /* how long before its end an agreement is named: a quarter */

/* Contracts and bases of one destination, sorted by where the day stands to them. Indexes of
 * rows, or -1. */
struct paper_trail {
	const struct registry_destination *destination; /* NULL: none matched */
	int64_t destination_index;
	bool needed; /* an agreement and a basis are needed here */

	int64_t contract_in_force;        /* the one that ends last */
	int64_t contract_ended;           /* the one that ended last */
	int64_t contract_later;           /* the one that starts first */
	int64_t contract_overdue;         /* in force, past its review */
	int64_t contract_ending;          /* in force, ends soon, and nothing recorded follows */
	category_set contract_categories; /* listed by all in force */
	category_set contract_covers;
	purpose_set contract_purposes; /* listed by all in force */
	int64_t contract_deid;         /* in force, promises that only de-identified data is sent */
	category_set contract_openly;  /* listed by those in force that do not */
	/* In force, with countries of its own, none of which is the flow's, although no other
	 * agrees to that. */
	int64_t contract_elsewhere;
	int64_t contract_trains; /* in force, and lets the maker train on the data */
	int64_t contract_silent; /* in force, and says nothing of training */

	int64_t basis_in_force;
	int64_t basis_ended;
	bool basis_only_ended;
	category_set basis_covers, basis_categories;
	purpose_set basis_purposes;
	int64_t basis_of_purpose[PURPOSES]; /* the first in force for it */
	int64_t basis_deid;                 /* in force, rests on data being de-identified */
	category_set basis_openly;          /* listed by those in force that do not */
	int64_t basis_unproven;             /* rests on consent, and names no form or notice */
	bool overseas_reason;
	int64_t basis_no_reason; /* names one that does not count here, or none */
};

void paper_trail(const struct verdict_subject *s, const struct registry *registry,
        const struct flag_rules *rules, struct paper_trail *ret) NONNULL(1, 3, 4);
/* A destination row of any program that the far end fits, although the flow's program has none
 * there; -1: none. */
int64_t paper_any_destination(const struct verdict_subject *s, const struct registry *registry)
        NONNULL(1, 2);

#endif
