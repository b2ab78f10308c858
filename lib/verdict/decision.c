#include "verdict/decision.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/country.h"
#include "base/utf8.h"

static enum severity severity_of(const struct decision *d, const struct flag_rule *rule)
{
	bool seen = d->verdict->evidence == EVIDENCE_SEEN;
	bool identifiable = seen && d->subject && d->subject->patient_seen;

	if (rule->raises == RAISES_SEEN_URGENT && seen)
		return SEVERITY_URGENT;
	if (rule->raises == RAISES_IDENTIFIABLE && identifiable && rule->severity < SEVERITY_URGENT)
		return rule->severity + 1;
	if (rule->raises == RAISES_UNREGISTERED && rule->severity < SEVERITY_URGENT &&
	        (!d->trail.destination || d->outside_window))
		return rule->severity + 1;
	return rule->severity;
}

static bool stands_before(const struct flag *before, const struct flag *flag)
{
	if (!before->accepted != !flag->accepted)
		return flag->accepted != NULL;
	if (before->severity != flag->severity)
		return before->severity > flag->severity;
	return before->id < flag->id;
}

void decision_raise(
        struct decision *d, enum flag_id id, const struct blanks *blanks, const char *format, ...)
{
	const struct flag_rule *rule = flag_rules_get(d->rules, id);
	struct verdict *v = d->verdict;
	struct flag flag = {.id = id, .scope = rule->scope, .rule = rule->rule};
	struct blanks clearing = *blanks;
	va_list arguments;
	unsigned at;

	if (v->flag_count == VERDICT_FLAGS_MAX)
		return;
	flag.severity = severity_of(d, rule);
	flag_sentence(rule->sentence, blanks, flag.sentence, sizeof(flag.sentence));
	/* What to do comes after the sentence, which has spoken of "a program". */
	if (!clearing.text[BLANK_PROGRAM] || clearing.text[BLANK_PROGRAM][0] == '\0')
		clearing.text[BLANK_PROGRAM] = "the program";
	flag_sentence(rule->would_clear, &clearing, flag.would_clear, sizeof(flag.would_clear));
	va_start(arguments, format);
	vsnprintf(flag.register_says, sizeof(flag.register_says), format, arguments);
	va_end(arguments);
	decision_trim(flag.register_says);
	if (d->registry)
		exception_apply(d, &flag);
	/* What nobody accepted first, then worst first; among equals the order of the checks, which
	 * is that of the ids. */
	for (at = v->flag_count; at > 0; at--) {
		const struct flag *before = &v->flags[at - 1];

		if (stands_before(before, &flag))
			break;
		v->flags[at] = v->flags[at - 1];
	}
	v->flags[at] = flag;
	v->flag_count++;
	v->severity = v->flags[0].accepted ? SEVERITY_INFO : v->flags[0].severity;
}

void decision_trim(char *text)
{
	text[utf8_valid_length(span_of_text(text))] = '\0';
}

struct blanks decision_with(const struct decision *d, enum blank blank, const char *text)
{
	struct blanks blanks = d->blanks;

	blanks.text[blank] = text;
	return blanks;
}

const char *decision_row(
        struct registry_place place, const char *id, char ret[static DECISION_ROW_CHARS])
{
	char file[REGISTRY_NAME_CHARS];

	registry_place_name(place.file, place.form, file);
	snprintf(ret, DECISION_ROW_CHARS, "%s:%u (%s)", file, place.line, id);
	return ret;
}

const char *decision_destination(const struct decision *d, char ret[static DECISION_ROW_CHARS])
{
	return decision_row(d->trail.destination->place, d->trail.destination->id, ret);
}

void decision_categories(category_set set, char ret[static DECISION_LIST_CHARS])
{
	char names[CATEGORY_SET_CHARS];
	size_t len = 0;

	category_set_format(set, names);
	for (const char *at = names; *at && len + 3 < DECISION_LIST_CHARS; at++) {
		if (*at == '|')
			ret[len++] = ',';
		ret[len++] = *at == '|' ? ' ' : *at;
	}
	ret[len] = '\0';
}

void decision_countries(
        const char *const *codes, size_t count, char ret[static DECISION_LIST_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < count && len < DECISION_LIST_CHARS; i++)
		len += (size_t)snprintf(ret + len, DECISION_LIST_CHARS - len, "%s%s",
		        i > 0 ? ", " : "", country_name(codes[i]));
}

void decision_list(const char *const *items, size_t count, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < count && len < size; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? ", " : "", items[i]);
}
