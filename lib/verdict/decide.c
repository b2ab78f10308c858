#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "verdict/flag_rules.h"
#include "verdict/paper.h"
#include "verdict/verdict.h"

/* One decision under way. */
struct decision {
	const struct verdict_subject *subject;
	const struct registry *registry;
	const struct flag_rules *rules;
	struct verdict *verdict;
	struct paper_trail trail;
	struct blanks blanks; /* what every flag of this subject can fill in */
};

static void init(struct verdict *v)
{
	*v = (struct verdict){.destination = -1, .contract = -1, .basis = -1};
}

static enum severity severity_of(const struct decision *d, const struct flag_rule *rule)
{
	bool seen = d->verdict->evidence == EVIDENCE_SEEN;
	bool identifiable = seen && d->subject && d->subject->patient_seen;

	if (rule->raises == RAISES_SEEN_URGENT && seen)
		return SEVERITY_URGENT;
	if (rule->raises == RAISES_IDENTIFIABLE && identifiable && rule->severity < SEVERITY_URGENT)
		return rule->severity + 1;
	if (rule->raises == RAISES_UNREGISTERED && !d->trail.destination &&
	        rule->severity < SEVERITY_URGENT)
		return rule->severity + 1;
	return rule->severity;
}

/* Adds a flag; blanks are those of the decision with one changed, register_says is formatted. */
static void raise(struct decision *d, enum flag_id id, const struct blanks *blanks,
        const char *format, ...) PRINTF(4, 5);

static void raise(
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
	/* Worst first; among equals the order of the checks, which is that of the ids. */
	for (at = v->flag_count; at > 0; at--) {
		const struct flag *before = &v->flags[at - 1];

		if (before->severity > flag.severity ||
		        (before->severity == flag.severity && before->id < flag.id))
			break;
		v->flags[at] = v->flags[at - 1];
	}
	v->flags[at] = flag;
	v->flag_count++;
	v->severity = v->flags[0].severity;
}

static struct blanks with(const struct decision *d, enum blank blank, const char *text)
{
	struct blanks blanks = d->blanks;

	blanks.text[blank] = text;
	return blanks;
}

/* "contracts.csv:6 (c-05)" */
static const char *row_name(struct registry_place place, const char *id, char ret[static 96])
{
	snprintf(ret, 96, "%s:%u (%s)", registry_file_name(place.file), place.line, id);
	return ret;
}

static const char *contract_name(const struct decision *d, int64_t index, char ret[static 96])
{
	const struct registry_contract *c = registry_contract(d->registry, (size_t)index);

	return row_name(c->place, c->id, ret);
}

static const char *basis_name(const struct decision *d, int64_t index, char ret[static 96])
{
	const struct registry_basis *b = registry_basis(d->registry, (size_t)index);

	return row_name(b->place, b->id, ret);
}

static const char *destination_name(const struct decision *d, char ret[static 96])
{
	return row_name(d->trail.destination->place, d->trail.destination->id, ret);
}

/* "contact, results" */
static void list_categories(category_set set, char ret[static CATEGORY_SET_CHARS + 32])
{
	char names[CATEGORY_SET_CHARS];
	size_t len = 0;

	category_set_format(set, names);
	for (const char *at = names; *at && len + 3 < CATEGORY_SET_CHARS + 32; at++) {
		if (*at == '|')
			ret[len++] = ',';
		ret[len++] = *at == '|' ? ' ' : *at;
	}
	ret[len] = '\0';
}

static void list_countries(const struct registry_destination *to, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < to->allowed_country_count && len + 8 < size; i++)
		len += (size_t)snprintf(
		        ret + len, size - len, "%s%s", i > 0 ? ", " : "", to->allowed_countries[i]);
}

/* What was seen beside a sealed message was seen all the same. */
static enum evidence evidence_of(const struct verdict_subject *s)
{
	if (s->tier == TIER_MEDIUM || s->tier == TIER_HIGH || s->seen != 0)
		return EVIDENCE_SEEN;
	if (s->tier == TIER_SEALED || s->tier == TIER_OPAQUE)
		return EVIDENCE_NOT_INSPECTABLE;
	return EVIDENCE_NONE;
}

static void check_program(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_program *p;
	char name[96];

	if (s->program < 0) {
		if (!d->registry)
			raise(d, FLAG_UNKNOWN_PROGRAM, &d->blanks, "no register was given");
		else if (s->program_shown && s->program_shown[0] != '\0')
			raise(d, FLAG_UNKNOWN_PROGRAM, &d->blanks, "programs.csv: no row for %s",
			        s->program_shown);
		else
			raise(d, FLAG_UNKNOWN_PROGRAM, &d->blanks,
			        "programs.csv: no match_rules fit this traffic");
		return;
	}
	p = registry_program(d->registry, (size_t)s->program);
	row_name(p->place, p->id, name);
	if (p->status == PROGRAM_BANNED)
		raise(d, FLAG_PROGRAM_BANNED, &d->blanks, "%s status banned", name);
	if (p->status == PROGRAM_RETIRED)
		raise(d, FLAG_PROGRAM_RETIRED_ACTIVE, &d->blanks, "%s status retired", name);
}

static void check_destination(struct decision *d)
{
	const char *far = d->subject->far_shown ? d->subject->far_shown : "";

	if (d->trail.destination)
		return;
	if (!d->registry)
		raise(d, FLAG_UNKNOWN_DESTINATION, &d->blanks, "no register was given");
	else
		raise(d, FLAG_UNKNOWN_DESTINATION, &d->blanks, "destinations.csv: no row for %s%s",
		        far, d->subject->program >= 0 ? " and this program" : "");
}

static void check_contract_in_force(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	const struct registry_contract *c = registry_contract(
	        d->registry, (size_t)t->contract_in_force);
	char name[96], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (c->end_day != REGISTRY_NO_DAY && c->end_day - d->subject->day <= PAPER_ENDING_DAYS) {
		time_format_day(c->end_day, date);
		blanks = with(d, BLANK_DATE, date);
		raise(d, FLAG_CONTRACT_ENDING, &blanks, "%s ends %s",
		        contract_name(d, t->contract_in_force, name), date);
	}
	if (t->contract_overdue >= 0) {
		c = registry_contract(d->registry, (size_t)t->contract_overdue);
		time_format_day(c->review_day, date);
		blanks = with(d, BLANK_DATE, date);
		raise(d, FLAG_REVIEW_OVERDUE, &blanks, "%s review_by %s",
		        contract_name(d, t->contract_overdue, name), date);
	}
}

static void check_contract_absent(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	char name[96], date[TIME_DATE_CHARS];
	struct blanks blanks;

	if (t->contract_later >= 0) {
		time_format_day(
		        registry_contract(d->registry, (size_t)t->contract_later)->start_day, date);
		blanks = with(d, BLANK_DATE, date);
		raise(d, FLAG_CONTRACT_NOT_STARTED, &blanks, "%s starts %s",
		        contract_name(d, t->contract_later, name), date);
	} else if (t->contract_ended >= 0) {
		time_format_day(
		        registry_contract(d->registry, (size_t)t->contract_ended)->end_day, date);
		blanks = with(d, BLANK_DATE, date);
		raise(d, FLAG_CONTRACT_EXPIRED, &blanks, "%s ended %s",
		        contract_name(d, t->contract_ended, name), date);
	} else {
		raise(d, FLAG_NO_CONTRACT, &d->blanks,
		        "contracts.csv: no row for this recipient; %s", destination_name(d, name));
	}
}

static void check_contract(struct decision *d)
{
	if (d->trail.contract_in_force >= 0)
		check_contract_in_force(d);
	else if (d->trail.needed)
		check_contract_absent(d);
}

static void check_basis(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set missing = d->subject->seen & ~t->basis_covers;
	char name[96], date[TIME_DATE_CHARS], categories[CATEGORY_SET_CHARS + 32];
	struct blanks blanks;

	if (!t->needed)
		return;
	if (t->basis_only_ended) {
		time_format_day(registry_basis(d->registry, (size_t)t->basis_ended)->to_day, date);
		blanks = with(d, BLANK_DATE, date);
		raise(d, FLAG_BASIS_EXPIRED, &blanks, "%s ended %s",
		        basis_name(d, t->basis_ended, name), date);
	} else if (t->basis_in_force < 0) {
		raise(d, FLAG_NO_BASIS, &d->blanks,
		        "basis.csv: no row in force for this recipient; %s",
		        destination_name(d, name));
	} else if (missing != 0) {
		list_categories(missing, categories);
		raise(d, FLAG_NO_BASIS, &d->blanks, "%s does not list %s",
		        basis_name(d, t->basis_in_force, name), categories);
	}
}

static void check_coverage(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set missing = d->subject->seen & ~t->contract_covers;
	char seen[CATEGORY_SET_CHARS + 32], listed[CATEGORY_SET_CHARS + 32], name[96];
	struct blanks blanks;

	if (t->contract_in_force < 0 || missing == 0)
		return;
	list_categories(missing, seen);
	list_categories(t->contract_categories, listed);
	blanks = with(d, BLANK_CATEGORY, seen);
	blanks.text[BLANK_LIST] = listed;
	raise(d, FLAG_CATEGORY_NOT_COVERED, &blanks, "%s lists %s",
	        contract_name(d, t->contract_in_force, name), listed);
}

static void check_deidentified(struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	char name[96];

	if (!d->subject->patient_seen || d->verdict->evidence != EVIDENCE_SEEN)
		return;
	if (t->contract_in_force >= 0 && t->deid_promised)
		raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks, "%s promises de-identified data",
		        contract_name(d, t->contract_in_force, name));
	else if (t->basis_in_force >= 0 && t->basis_deidentified)
		raise(d, FLAG_DEID_CLAIM_CONTRADICTED, &d->blanks, "%s rests on de-identified data",
		        basis_name(d, t->basis_in_force, name));
}

static bool is_allowed(const struct registry_destination *to, const char *country)
{
	for (size_t i = 0; i < to->allowed_country_count; i++)
		if (strcmp(to->allowed_countries[i], country) == 0)
			return true;
	return to->any_country;
}

static void check_country(struct decision *d)
{
	const char *country = d->subject->country ? d->subject->country : "";
	const struct registry_destination *to = d->trail.destination;
	char name[96], list[128];
	struct blanks blanks;

	if (country[0] == '\0' || !d->subject->country_certain) {
		raise(d, FLAG_COUNTRY_UNCERTAIN, &d->blanks, "%s%s",
		        to ? "recorded country of the recipient: " : "nothing recorded",
		        to ? to->recipient_country : "");
		return;
	}
	if (!to || is_allowed(to, country))
		return;
	list_countries(to, list, sizeof(list));
	blanks = with(d, BLANK_LIST, list);
	raise(d, FLAG_COUNTRY_NOT_ALLOWED, &blanks, "%s allowed_countries %s",
	        destination_name(d, name), list);
}

static void check_overseas(struct decision *d)
{
	const struct registry_destination *to = d->trail.destination;
	char name[96];

	if (to->recipient_country[0] == '\0' || strcmp(to->recipient_country, "AU") == 0 ||
	        !d->trail.needed || d->trail.overseas_reason)
		return;
	raise(d, FLAG_OVERSEAS_BASIS_MISSING, &d->blanks,
	        "%s recipient_country %s; basis.csv: no overseas_basis", destination_name(d, name),
	        to->recipient_country);
}

static void check_transport(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	const struct registry_destination *to = d->trail.destination;
	char name[96] = "nothing recorded";

	if (s->transport != TRANSPORT_CLEAR || s->infrastructure)
		return;
	if (to)
		destination_name(d, name);
	if (to && to->role == ROLE_UPDATE_ONLY && d->verdict->evidence != EVIDENCE_SEEN)
		raise(d, FLAG_UPDATE_IN_CLEAR, &d->blanks, "%s role update-only", name);
	else
		raise(d, FLAG_UNENCRYPTED, &d->blanks, "%s", name);
}

static void check_protection(struct decision *d)
{
	static const char *const reasons[] = {
	        [CERTIFICATE_NO_DOUBT] = NULL,
	        [CERTIFICATE_SELF_SIGNED] = "it vouched for itself",
	        [CERTIFICATE_EXPIRED] = "its proof of identity had run out",
	        [CERTIFICATE_EARLY] = "its proof of identity was not valid yet",
	        [CERTIFICATE_OTHER_NAME] = "its proof of identity was made out to another name",
	};
	const struct verdict_subject *s = d->subject;
	char name[96] = "nothing recorded";
	struct blanks blanks;

	if (d->trail.destination)
		destination_name(d, name);
	if (s->weak_encryption)
		raise(d, FLAG_WEAK_ENCRYPTION, &d->blanks, "%s", name);
	if ((size_t)s->certificate >= ARRAY_LEN(reasons) || !reasons[s->certificate])
		return;
	blanks = with(d, BLANK_REASON, reasons[s->certificate]);
	raise(d, FLAG_BAD_CERTIFICATE, &blanks, "%s", name);
}

static void check_content(struct decision *d)
{
	char name[96] = "nothing recorded";

	if (d->trail.destination)
		destination_name(d, name);
	if (d->subject->identifier_in_metadata)
		raise(d, FLAG_IDENTIFIER_IN_METADATA, &d->blanks, "%s", name);
	if (d->subject->tier == TIER_SEALED)
		raise(d, FLAG_SEALED_MESSAGE, &d->blanks, "%s", name);
	if (d->subject->tier == TIER_OPAQUE)
		raise(d, FLAG_NOT_INSPECTABLE, &d->blanks, "%s", name);
}

/* What the service is asks; a row of the register answers, but for somebody seeing the screen. */
static void check_service(struct decision *d)
{
	static const enum flag_id flags[] = {
	        [FAR_SERVICE_OTHER] = FLAGS,
	        [FAR_SERVICE_REMOTE_ACCESS] = FLAG_REMOTE_ACCESS_TOOL,
	        [FAR_SERVICE_PERSONAL] = FLAG_CONSUMER_CLOUD,
	        [FAR_SERVICE_AI] = FLAG_AI_SERVICE_UNREGISTERED,
	        [FAR_SERVICE_TRACKER] = FLAG_TRACKER,
	        [FAR_SERVICE_HIDDEN_DNS] = FLAG_HIDDEN_DNS,
	        [FAR_SERVICE_TUNNEL] = FLAG_TUNNEL,
	};
	const struct verdict_subject *s = d->subject;
	enum flag_id id = (size_t)s->far_service < ARRAY_LEN(flags) ? flags[s->far_service] : FLAGS;
	const char *shown = s->service_shown && s->service_shown[0] ? s->service_shown
	                                                            : s->far_shown;
	struct blanks blanks = with(d, BLANK_RECIPIENT, shown);
	char name[96];

	if (id == FLAGS)
		return;
	if (!d->trail.destination)
		raise(d, id, &blanks, "destinations.csv: no row for %s", shown ? shown : "");
	else if (id == FLAG_REMOTE_ACCESS_TOOL)
		raise(d, id, &blanks, "%s", destination_name(d, name));
}

static void check_border(struct decision *d)
{
	const struct verdict_subject *s = d->subject;
	char name[96] = "nothing recorded";

	if (d->trail.destination)
		destination_name(d, name);
	if (s->test_service && s->patient_seen && d->verdict->evidence == EVIDENCE_SEEN)
		raise(d, FLAG_TEST_HOST_LIVE_DATA, &d->blanks, "%s", name);
	/* A row of the register tells that somebody means to send there. */
	if (s->lan_port && (s->from_outside || !d->trail.destination))
		raise(d, FLAG_LAN_PORT_AT_BORDER, &d->blanks, "%s", name);
}

static enum paper paper_of(const struct decision *d)
{
	const struct paper_trail *t = &d->trail;
	category_set seen = d->subject->seen;

	if (!t->destination)
		return PAPER_ABSENT;
	if (t->contract_in_force < 0) {
		if (t->contract_later >= 0)
			return PAPER_GAP;
		return t->contract_ended >= 0 ? PAPER_EXPIRED : PAPER_ABSENT;
	}
	if (t->basis_in_force < 0 || (seen & ~t->basis_covers) || (seen & ~t->contract_covers))
		return PAPER_GAP;
	return PAPER_COVERED;
}

static void name_rows(struct verdict *v, const struct paper_trail *t)
{
	v->destination = t->destination_index;
	v->contract = t->contract_in_force;
	if (v->contract < 0)
		v->contract = t->contract_later >= 0 ? t->contract_later : t->contract_ended;
	v->basis = t->basis_in_force >= 0 ? t->basis_in_force : t->basis_ended;
	if (v->evidence != EVIDENCE_SEEN)
		v->declared = t->contract_categories ? t->contract_categories : t->basis_categories;
}

static enum outcome outcome_of(const struct verdict_subject *s, const struct verdict *v)
{
	bool unseen = s->tier == TIER_SEALED || s->tier == TIER_OPAQUE || s->gap_bytes > 0 ||
	              s->unread_bytes > 0;

	if (v->severity == SEVERITY_URGENT)
		return OUTCOME_ACT;
	if (v->severity >= SEVERITY_MEDIUM)
		return OUTCOME_LOOK;
	return unseen ? OUTCOME_CANNOT_TELL : OUTCOME_COVERED;
}

int verdict_decide(const struct verdict_subject *s, const struct registry *registry,
        const struct flag_rules *rules, struct verdict *ret)
{
	struct decision d = {.subject = s, .registry = registry, .rules = rules, .verdict = ret};

	if (s->program >= 0 &&
	        (!registry || (uint64_t)s->program >= registry_program_count(registry)))
		return STATUS_BUG;
	init(ret);
	if (!s->egress)
		return STATUS_OK;
	ret->evidence = evidence_of(s);
	paper_trail(s, registry, &d.trail);
	ret->paper = paper_of(&d);
	name_rows(ret, &d.trail);
	d.blanks.text[BLANK_PROGRAM] = s->program_shown;
	d.blanks.text[BLANK_COMPUTER] = s->computer_shown;
	d.blanks.text[BLANK_COUNTRY] = s->country;
	d.blanks.text[BLANK_RECIPIENT] = d.trail.destination ? d.trail.destination->recipient
	                                                     : s->far_shown;
	check_program(&d);
	check_destination(&d);
	if (d.trail.destination) {
		check_contract(&d);
		check_basis(&d);
		check_coverage(&d);
		check_deidentified(&d);
		check_overseas(&d);
	}
	check_transport(&d);
	check_protection(&d);
	check_content(&d);
	check_country(&d);
	check_service(&d);
	check_border(&d);
	ret->outcome = outcome_of(s, ret);
	return STATUS_OK;
}

int verdict_decide_run(
        const struct verdict_run *run, const struct flag_rules *rules, struct verdict *ret)
{
	struct decision d = {.rules = rules, .verdict = ret};
	char percent[32] = "", line[16];

	init(ret);
	snprintf(line, sizeof(line), "%u", run->register_warning_line);
	/* Nothing measured is not little: what a cut file lacks at its end may be most of it. */
	if (run->loss_percent >= 0.1)
		snprintf(percent, sizeof(percent), "%.1f%%", run->loss_percent);
	else if (run->loss_percent > 0)
		snprintf(percent, sizeof(percent), "less than 0.1%%");
	d.blanks.text[BLANK_LINE] = line;
	d.blanks.text[BLANK_PERCENT] = percent;
	d.blanks.text[BLANK_DATE] = run->date;
	if (run->has_register && run->register_warnings > 0)
		raise(&d, FLAG_REGISTER_PROBLEM, &d.blanks, "%zu rows or cells need correction",
		        run->register_warnings);
	if (run->gap)
		raise(&d, FLAG_CAPTURE_GAP, &d.blanks, "nothing recorded");
	if (run->not_captured)
		raise(&d, FLAG_NOT_CAPTURED, &d.blanks, "nothing recorded");
	if (!run->authorised_by || run->authorised_by[0] == '\0')
		raise(&d, FLAG_NO_CAPTURE_AUTHORITY, &d.blanks,
		        "practice.csv: capture_authorised_by or capture_authorised_on is empty");
	return STATUS_OK;
}
