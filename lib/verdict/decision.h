/* decision: one decision under way, and how a check adds a flag to it. The checks stand in
 * files of their own: check_paper.c asks what the register records, check_place.c where it goes,
 * check_traffic.c what was seen. */
#ifndef EXEAT_VERDICT_DECISION_H
#define EXEAT_VERDICT_DECISION_H

#include "base/compiler.h"
#include "verdict/flag_rules.h"
#include "verdict/paper.h"
#include "verdict/verdict.h"

#define DECISION_ROW_CHARS  96 /* "destinations.csv:2000 (…)", ids have 32 */
#define DECISION_LIST_CHARS CATEGORY_WORDS_CHARS

/* One decision under way. */
struct decision {
	const struct verdict_subject *subject;
	const struct registry *registry;
	const struct flag_rules *rules;
	struct verdict *verdict;
	struct paper_trail trail;
	struct blanks blanks; /* what every flag of this subject can fill in */
	bool ai_recipient;    /* the program or the service is an AI */
	bool outside_window;  /* of the times in which the maker may connect */
};

/* Adds a flag; blanks are those of the decision with one changed, register_says is formatted. */
void decision_raise(struct decision *d, enum flag_id id, const struct blanks *blanks,
        const char *format, ...) PRINTF(4, 5);
/* Takes away what is left of a character in the middle of which a text was cut. */
void decision_trim(char *text) NONNULL(1);
struct blanks decision_with(const struct decision *d, enum blank blank, const char *text);
/* "contracts.csv:6 (c-05)" */
const char *decision_row(
        struct registry_place place, const char *id, char ret[static DECISION_ROW_CHARS]);
const char *decision_destination(const struct decision *d, char ret[static DECISION_ROW_CHARS]);

/* "identifiers, contact": as cells of the register say it. */
void decision_categories(category_set set, char ret[static DECISION_LIST_CHARS]);
/* "New Zealand, France": for sentences. */
void decision_countries(
        const char *const *codes, size_t count, char ret[static DECISION_LIST_CHARS]);
/* "AU, NZ" */
void decision_list(const char *const *items, size_t count, char *ret, size_t size) NONNULL(3);
/* Marks a flag that somebody accepted, and says so, or why not; appends to register_says. */
void exception_apply(const struct decision *d, struct flag *flag) NONNULL(1, 2);

/* What the register records of the destination, on the day of the flow. Needs a destination. */
void check_paper(struct decision *d);
/* Where it goes, and who stands behind it: countries, States, brokers, closed services. */
void check_place(struct decision *d);
/* What was seen: transport, content, and what is publicly known of the far end. */
void check_traffic(struct decision *d);

#endif
