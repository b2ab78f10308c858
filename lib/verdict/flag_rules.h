/* flag_rules: rules/flags.csv in memory, and its sentences with the blanks filled in. */
#ifndef EXEAT_VERDICT_FLAG_RULES_H
#define EXEAT_VERDICT_FLAG_RULES_H

#include "base/compiler.h"
#include "verdict/verdict.h"

/* When a flag weighs more than its row says. */
enum raises {
	RAISES_NO,
	RAISES_IDENTIFIABLE, /* one step, when clinical data of an identifiable patient was seen */
	RAISES_SEEN_URGENT,  /* to urgent, when clinical data was seen */
	/* one step, when the register has no row for the destination, or the time lies outside of
	 * its support_window */
	RAISES_UNREGISTERED,
};

/* The blanks of a sentence: {program} {recipient} {country} {list} {date} {category} {computer}
 * {percent} {line} {reason} {purpose} {times} {version} {count}. */
enum blank {
	BLANK_PROGRAM,
	BLANK_RECIPIENT,
	BLANK_COUNTRY,
	BLANK_LIST,
	BLANK_DATE,
	BLANK_CATEGORY,
	BLANK_COMPUTER,
	BLANK_PERCENT,
	BLANK_LINE,
	BLANK_REASON,
	BLANK_PURPOSE,
	BLANK_TIMES,
	BLANK_VERSION,
	BLANK_COUNT,
	BLANKS
};

/* What is put into them. Borrows; NULL or "" where nothing is known, which reads as words that
 * fit. */
struct blanks {
	const char *text[BLANKS];
};

struct flag_rule {
	enum severity severity;
	enum raises raises;
	enum flag_scope scope;
	const char *sentence, *rule, *would_clear; /* borrow from the rules */
};

const struct flag_rule *flag_rules_get(const struct flag_rules *r, enum flag_id id) NONNULL(1);
/* Whether the rules name the country (alpha-2) as prescribed under APP 8.3 on that day. */
bool flag_rules_prescribes(const struct flag_rules *r, const char *country, int32_t day)
        NONNULL(1, 2);
/* Fills the template; cut at size, between characters. The first letter becomes a capital. */
void flag_sentence(const char *template, const struct blanks *blanks, char *ret, size_t size)
        NONNULL(1, 2, 3);

#endif
