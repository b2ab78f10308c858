#include "program/program.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/display.h"

#define UNREGISTERED "unregistered:"

/* How well a rule fits: kind of evidence first, then how much of the name it spells out. */
struct fit {
	enum match_strength strength;
	bool whole; /* no star */
	size_t spelled;
};

static bool is_kernel(const char *process)
{
	return strcasecmp(process, "system") == 0 || strcasecmp(process, "idle") == 0 ||
	       process[0] == '[';
}

static struct fit fit_of(const struct match_rule *r)
{
	return (struct fit){.strength = match_rule_strength(r),
	        .whole = r->text[0] != '*',
	        .spelled = r->kind == MATCH_IP ? r->prefix.bits : strlen(r->text)};
}

static int compare(struct fit a, struct fit b)
{
	if (a.strength != b.strength)
		return a.strength > b.strength ? 1 : -1;
	if (a.whole != b.whole)
		return a.whole ? 1 : -1;
	return (a.spelled > b.spelled) - (a.spelled < b.spelled);
}

static bool counts(const struct match_rule *r, const struct match_subject *s)
{
	return !match_rule_is_common_port(r) && match_rule_matches(r, s);
}

/* The rule that fits best; the first of equals. NULL when none does. */
static const struct match_rule *best_rule(
        const struct match_subject *s, const struct match_rule *rules, size_t count)
{
	const struct match_rule *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (counts(&rules[i], s) && (!best || compare(fit_of(&rules[i]), fit_of(best)) > 0))
			best = &rules[i];
	return best;
}

static void add_candidate(struct program_answer *a, uint32_t owner)
{
	for (unsigned i = 0; i < a->candidate_count; i++)
		if (a->candidates[i] == owner)
			return;
	if (a->candidate_count < PROGRAM_CANDIDATES_MAX)
		a->candidates[a->candidate_count++] = owner;
}

/* Every program that a rule of the same strength names; the best first. */
static void list_candidates(const struct match_subject *s, const struct match_rule *rules,
        size_t count, const struct match_rule *best, struct program_answer *ret)
{
	add_candidate(ret, best->owner);
	for (size_t i = 0; i < count; i++)
		if (counts(&rules[i], s) &&
		        match_rule_strength(&rules[i]) == match_rule_strength(best))
			add_candidate(ret, rules[i].owner);
}

static bool has_process_rule(const struct match_rule *rules, size_t count, uint32_t owner)
{
	for (size_t i = 0; i < count; i++)
		if (rules[i].owner == owner && rules[i].kind == MATCH_PROC)
			return true;
	return false;
}

static enum program_confidence confidence_of(enum match_strength strength)
{
	switch (strength) {
	case MATCH_STRENGTH_PROCESS:
		return CONFIDENCE_EXACT;
	case MATCH_STRENGTH_NAME:
		return CONFIDENCE_STRONG;
	case MATCH_STRENGTH_IP:
	case MATCH_STRENGTH_AGENT:
		return CONFIDENCE_PROBABLE;
	case MATCH_STRENGTH_PORT:
		return CONFIDENCE_WEAK;
	case MATCH_STRENGTH_NONE:
		break;
	}
	return CONFIDENCE_NONE;
}

static enum program_method method_of(enum match_strength strength)
{
	if (strength == MATCH_STRENGTH_PROCESS)
		return PROGRAM_CAPTURE;
	return strength == MATCH_STRENGTH_AGENT ? PROGRAM_HINT : PROGRAM_RULE;
}

static enum program_confidence lowered(enum program_confidence c)
{
	return c > CONFIDENCE_WEAK ? c - 1 : c;
}

/* The name by which the process is asked for by rules: its file name. */
static struct match_subject subject_of(const struct program_evidence *e, const char *carrier)
{
	struct match_subject s = e->match;

	if (!s.process_name && carrier[0] != '\0')
		s.process_name = carrier;
	return s;
}

static void show_carrier(const struct program_evidence *e, struct program_answer *ret)
{
	const char *process = e->process_path && e->process_path[0] != '\0' ? e->process_path
	                                                                    : e->match.process_name;

	if (process)
		display_program(span_of_text(process), ret->carrier, sizeof(ret->carrier));
}

/* Windows writes one program's name in capitals here and small letters there: one id for both. */
static void name_unregistered(struct program_answer *ret)
{
	char shown[PROGRAM_ID_CHARS - sizeof(UNREGISTERED) + 1];

	display_text(span_of_text(ret->carrier), shown, sizeof(shown));
	snprintf(ret->id, sizeof(ret->id), UNREGISTERED "%s", shown);
	for (char *at = ret->id; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	ret->method = PROGRAM_CAPTURE;
	ret->confidence = CONFIDENCE_EXACT;
}

static void answer_without_rule(const struct program_evidence *e, struct program_answer *ret)
{
	if (ret->carrier[0] != '\0' && !is_kernel(ret->carrier))
		name_unregistered(ret);
	else if (ret->carrier[0] != '\0')
		ret->reason = "kernel";
	else
		ret->reason = e->nat_suspected ? "nat" : "no-log-for-computer";
}

/* A port is a habit, not a name: where the capture names a program of its own, that counts more. */
static bool process_outranks(const struct program_answer *a, enum match_strength strength)
{
	return strength == MATCH_STRENGTH_PORT && a->carrier[0] != '\0' &&
	       !match_process_is_shared(a->carrier) && !is_kernel(a->carrier);
}

void program_identify(const struct program_evidence *e, const struct match_rule *rules,
        size_t count, struct program_answer *ret)
{
	const struct match_rule *best;
	enum match_strength strength;
	struct match_subject s;

	*ret = (struct program_answer){.program = -1};
	show_carrier(e, ret);
	s = subject_of(e, ret->carrier);
	best = best_rule(&s, rules, count);
	if (!best) {
		answer_without_rule(e, ret);
		return;
	}
	strength = match_rule_strength(best);
	list_candidates(&s, rules, count, best, ret);
	if (process_outranks(ret, strength)) {
		name_unregistered(ret);
		return;
	}
	if (ret->candidate_count > 1 &&
	        (strength == MATCH_STRENGTH_PORT || strength == MATCH_STRENGTH_AGENT)) {
		ret->reason = "hint-only-conflict";
		return;
	}
	ret->program = best->owner;
	ret->method = method_of(strength);
	ret->confidence = confidence_of(strength);
	/* The row says by which processes this program sends, and this is none of them. */
	if (strength != MATCH_STRENGTH_PROCESS && ret->carrier[0] != '\0' &&
	        !match_process_is_shared(ret->carrier) &&
	        has_process_rule(rules, count, best->owner))
		ret->confidence = lowered(ret->confidence);
	if (ret->candidate_count > 1)
		ret->confidence = lowered(ret->confidence);
}

const char *program_method_text(enum program_method m)
{
	static const char *const texts[] = {"none", "hint", "rule", "capture", "log-csv",
	        "log-sysmon", "log-5156", "sock-diag", "ebpf"};

	return (size_t)m < ARRAY_LEN(texts) ? texts[m] : "none";
}

const char *program_confidence_text(enum program_confidence c)
{
	static const char *const texts[] = {"none", "weak", "probable", "strong", "exact"};

	return (size_t)c < ARRAY_LEN(texts) ? texts[c] : "none";
}

const char *program_confidence_words(enum program_confidence c)
{
	static const char *const words[] = {[CONFIDENCE_NONE] = "a guess",
	        [CONFIDENCE_WEAK] = "a weak sign",
	        [CONFIDENCE_PROBABLE] = "likely",
	        [CONFIDENCE_STRONG] = "a strong sign",
	        [CONFIDENCE_EXACT] = "certain"};

	return (size_t)c < ARRAY_LEN(words) ? words[c] : words[0];
}
