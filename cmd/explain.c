#include "cmd/explain.h"

#include <stdarg.h>
#include <string.h>

#include "base/country.h"
#include "base/timestamp.h"
#include "report/columns.h"
#include "report/sentences.h"
#include "report/width.h"

#define LABEL_COLUMNS 18
#define LINE_CHARS    2048
#define LIST_CHARS    512
#define PLACE_CHARS   (REGISTRY_NAME_CHARS + 12)

static void write_wrapped(const struct explanation *e, size_t margin, const char *text)
{
	size_t next;

	for (bool first = true; *text; first = false, text += next) {
		size_t len = text_line(text, e->width > margin + 20 ? e->width - margin : 0, &next);

		fprintf(e->out, "%*s%.*s\n", first ? 0 : (int)margin, "", (int)len, text);
	}
}

void explain_line(const struct explanation *e, const char *label, const char *format, ...)
{
	char text[LINE_CHARS];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fprintf(e->out, "  %-*s", LABEL_COLUMNS, label);
	write_wrapped(e, LABEL_COLUMNS + 2, text);
}

void explain_heading(const struct explanation *e, const char *format, ...)
{
	char text[LINE_CHARS];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fputc('\n', e->out);
	write_wrapped(e, 0, text);
}

/* "contracts.csv:6", "register.xlsx sheet contracts:6" */
static const char *place_of(
        const struct explanation *e, struct registry_place place, char ret[static PLACE_CHARS])
{
	char name[REGISTRY_NAME_CHARS];

	registry_place_name(place.file, registry_form(e->registry, place.file), name);
	snprintf(ret, PLACE_CHARS, "%s:%u", name, place.line);
	return ret;
}

/* "a, b" */
static void add_to_list(char ret[static LIST_CHARS], const char *text)
{
	size_t len = strlen(ret);

	snprintf(ret + len, LIST_CHARS - len, "%s%s", len > 0 ? ", " : "", text);
}

static void rule_text(const struct match_rule *r, char ret[static MATCH_TEXT_CHARS + 16])
{
	static const char *const kinds[] = {[MATCH_SNI] = "sni",
	        [MATCH_DNS] = "dns",
	        [MATCH_IP] = "ip",
	        [MATCH_PORT] = "port",
	        [MATCH_CERT] = "cert",
	        [MATCH_UA] = "ua",
	        [MATCH_PROC] = "proc"};
	char network[PREFIX_TEXT_CHARS];

	if (r->kind == MATCH_IP) {
		prefix_format(&r->prefix, network);
		snprintf(ret, MATCH_TEXT_CHARS + 16, "ip:%s", network);
	} else if (r->kind == MATCH_PORT) {
		snprintf(ret, MATCH_TEXT_CHARS + 16, "port:%s/%u", r->protocol == 6 ? "tcp" : "udp",
		        r->port);
	} else {
		snprintf(ret, MATCH_TEXT_CHARS + 16, "%s:%s", kinds[r->kind], r->text);
	}
}

/* The rules of one row; with a subject only those that fit it. A port that everybody uses decides
 * nothing. */
static void list_rules(const struct match_rule *rules, size_t count, uint32_t owner,
        const struct match_subject *subject, char ret[static LIST_CHARS])
{
	ret[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[MATCH_TEXT_CHARS + 16];

		if (rules[i].owner != owner ||
		        (subject && (match_rule_is_common_port(&rules[i]) ||
		                            !match_rule_matches(&rules[i], subject))))
			continue;
		rule_text(&rules[i], text);
		add_to_list(ret, text);
	}
	if (ret[0] == '\0')
		add_to_list(ret, VERDICT_NOTHING_RECORDED);
}

void explain_program(const struct explanation *e, const struct registry_program *p)
{
	const struct match_rule *rules;
	char place[PLACE_CHARS], list[LIST_CHARS];
	size_t count;

	explain_line(e, "Row", "%s (%s): %s, made by %s; %s. Recorded as %s; %s answers for it.",
	        place_of(e, p->place, place), p->id, p->name, p->vendor,
	        program_kind_words(p->kind), program_status_words(p->status), p->owner);
	rules = registry_program_rules(e->registry, &count);
	for (size_t i = 0; i < registry_program_count(e->registry); i++)
		if (registry_program(e->registry, i) == p)
			list_rules(rules, count, (uint32_t)i, NULL, list);
	explain_line(e, "Known by", "%s", list);
	if (p->via_program != REGISTRY_NO_ROW)
		explain_line(e, "Broker", "its traffic is carried by %s",
		        registry_program(e->registry, p->via_program)->id);
}

static void list_countries(const struct registry_destination *d, char ret[static LIST_CHARS])
{
	ret[0] = '\0';
	for (size_t i = 0; i < d->allowed_country_count; i++)
		add_to_list(ret, country_name(d->allowed_countries[i]));
	if (d->any_country)
		add_to_list(ret, "any country");
	if (ret[0] == '\0')
		add_to_list(ret, "no country");
}

void explain_destination(
        const struct explanation *e, const char *label, const struct registry_destination *d)
{
	char place[PLACE_CHARS], list[LIST_CHARS];

	list_countries(d, list);
	explain_line(e, label, "%s (%s): %s, recorded in %s; %s. It may go to: %s.",
	        place_of(e, d->place, place), d->id, d->recipient,
	        country_name(d->recipient_country), destination_role_words(d->role), list);
}

/* "from 2025-02-01 to 2028-01-31", and where the day stands to it. */
static void describe_term(int32_t from, int32_t to, int32_t day, char ret[static LIST_CHARS])
{
	char first[TIME_DATE_CHARS] = "", last[TIME_DATE_CHARS] = "", then[TIME_DATE_CHARS] = "";
	const char *state = "";

	if (from != REGISTRY_NO_DAY)
		time_format_day(from, first);
	if (to != REGISTRY_NO_DAY)
		time_format_day(to, last);
	if (day != REGISTRY_NO_DAY && from != REGISTRY_NO_DAY && from > day)
		state = "; not begun on ";
	else if (day != REGISTRY_NO_DAY && to != REGISTRY_NO_DAY && to < day)
		state = "; ended before ";
	if (*state)
		time_format_day(day, then);
	if (*first && *last)
		snprintf(ret, LIST_CHARS, "from %s to %s%s%s", first, last, state, then);
	else if (*first)
		snprintf(ret, LIST_CHARS, "from %s, no end recorded%s%s", first, state, then);
	else if (*last)
		snprintf(ret, LIST_CHARS, "until %s%s%s", last, state, then);
	else
		snprintf(ret, LIST_CHARS, "no dates recorded");
}

void explain_contract(const struct explanation *e, const char *label,
        const struct registry_contract *c, int32_t day)
{
	char place[PLACE_CHARS], term[LIST_CHARS], list[CATEGORY_WORDS_CHARS];

	describe_term(c->start_day, c->end_day, day, term);
	category_set_words(c->categories, list);
	explain_line(e, label, "%s (%s): with %s, %s; covers %s%s. Document: %s.",
	        place_of(e, c->place, place), c->id, c->recipient,
	        c->type == CONTRACT_NONE ? "recorded as none" : term, *list ? list : "nothing",
	        c->deid_promised ? "; promises that data is de-identified" : "",
	        c->doc_ref[0] ? c->doc_ref : "not recorded");
}

void explain_basis(
        const struct explanation *e, const char *label, const struct registry_basis *b, int32_t day)
{
	char place[PLACE_CHARS], term[LIST_CHARS], list[CATEGORY_WORDS_CHARS];

	describe_term(b->from_day, b->to_day, day, term);
	category_set_words(b->categories, list);
	explain_line(e, label,
	        "%s (%s): to %s for %s, because of %s, %s; covers %s. Form or notice: %s.",
	        place_of(e, b->place, place), b->id, b->recipient, purpose_words(b->purpose),
	        basis_words(b->basis), term, *list ? list : "nothing",
	        b->evidence_ref[0] ? b->evidence_ref : "none recorded");
}

static const struct endpoint *far_end(const struct store_flow *f)
{
	return f->out_index == 1 ? &f->tuple.src : &f->tuple.dst;
}

static void flow_program(
        const struct explanation *e, const struct assessed *a, const struct match_subject *subject)
{
	const struct program_answer *answer = &a->assessment.program;
	char list[LIST_CHARS], place[PLACE_CHARS], rivals[CELL_CHARS];
	const struct registry_program *p;
	const struct match_rule *rules;
	size_t count;

	if (answer->carrier[0])
		explain_line(e, "Process", "%s sent it", answer->carrier);
	if (answer->program < 0 || !e->registry) {
		explain_line(e, "Program", "%s. No row of programs.csv fits it.",
		        answer->id[0] ? answer->id : "we could not tell which");
		return;
	}
	p = registry_program(e->registry, (size_t)answer->program);
	rules = registry_program_rules(e->registry, &count);
	list_rules(rules, count, (uint32_t)answer->program, subject, list);
	explain_line(e, "Program", "%s (%s): %s, recorded as %s; known by %s (%s).",
	        place_of(e, p->place, place), p->id, p->name, program_status_words(p->status), list,
	        program_confidence_words(answer->confidence));
	if (answer->candidate_count > 1) {
		format_list(a->candidates, rivals);
		explain_line(e, "Rivals", "the rows of these fit as well: %s", rivals);
	}
}

static void flow_destination(
        const struct explanation *e, const struct assessed *a, const struct match_subject *subject)
{
	const struct verdict *v = &a->assessment.verdict;
	const struct match_rule *rules;
	char list[LIST_CHARS];
	size_t count;

	if (v->destination < 0 || !e->registry) {
		explain_line(e, "Destination", "no row of destinations.csv fits %s%s",
		        a->flow.name_count > 0 ? a->flow.names[0].name : "this address",
		        a->assessment.program.program >= 0 ? " and this program" : "");
		return;
	}
	explain_destination(
	        e, "Destination", registry_destination(e->registry, (size_t)v->destination));
	rules = registry_destination_rules(e->registry, &count);
	list_rules(rules, count, (uint32_t)v->destination, subject, list);
	explain_line(e, "", "Found by %s.", list);
}

static void flow_country(const struct explanation *e, const struct store_flow *f)
{
	if (f->country[0])
		explain_line(e, "Country",
		        "the first computer contacted appears to be in %s (%s%s%s)%s",
		        country_name(f->country),
		        sentence_country_confidence(f->country_confidence),
		        f->organisation[0] ? "; network of " : "", f->organisation,
		        f->anycast ? "; one address for many places" : "");
	else
		explain_line(e, "Country", "we could not tell which country this computer is in");
}

static void flow_protection(const struct explanation *e, const struct store_flow *f)
{
	if (f->tls_version[0])
		explain_line(e, "On the way", "protected by %s%s%s", f->tls_version,
		        f->cipher[0] ? ", " : "", f->cipher);
	else if (f->clear)
		explain_line(e, "On the way", "not protected (%s): anyone on the way could read it",
		        f->protocol);
	else
		explain_line(e, "On the way", "we could not tell how it was protected");
}

static bool same_kind(const struct store_finding *a, const struct store_finding *b)
{
	return a->outward && b->outward && a->finding.category == b->finding.category &&
	       a->finding.tier == b->finding.tier && strcmp(a->finding.kind, b->finding.kind) == 0;
}

/* One line for each kind of finding: how often, and where first. False: it has its line already. */
static bool explain_finding(
        const struct explanation *e, const char *label, const struct assessed *a, size_t at)
{
	const struct finding *f = &a->findings[at].finding;
	unsigned long long times = 0;
	size_t places = 0;
	char more[40] = "";

	for (size_t i = 0; i < at; i++)
		if (same_kind(&a->findings[i], &a->findings[at]))
			return false;
	for (size_t i = at; i < a->finding_count; i++)
		if (same_kind(&a->findings[i], &a->findings[at])) {
			times += a->findings[i].finding.count;
			places++;
		}
	if (places > 1)
		snprintf(more, sizeof(more), " and %zu more place%s", places - 1,
		        places == 2 ? "" : "s");
	explain_line(e, label, "%s (%s), %llu time%s, in %s%s; %s", category_words(f->category),
	        f->kind, times, times == 1 ? "" : "s", f->place, more, tier_words(f->tier));
	return true;
}

static void flow_evidence(const struct explanation *e, const struct assessed *a)
{
	const struct verdict *v = &a->assessment.verdict;
	const char *closed = store_flow_bypassed(&a->flow)
	                             ? "that it was sent; nobody looked into its content"
	                             : "that it was sent; its content was closed to us";
	char list[CATEGORY_WORDS_CHARS], bytes[24];
	bool any = false;

	for (size_t i = 0; i < a->finding_count; i++)
		if (a->findings[i].outward && explain_finding(e, any ? "" : "Seen", a, i))
			any = true;
	if (!any)
		explain_line(e, "Seen", "%s",
		        v->evidence == EVIDENCE_NOT_INSPECTABLE
		                ? closed
		                : "nothing about patients in what we could read");
	if (a->flow.not_inspected_bytes > 0) {
		sentence_bytes(a->flow.not_inspected_bytes, bytes);
		explain_line(e, "Not seen", "%s: %s", bytes,
		        sentence_reason(a->flow.not_inspected_reason));
	} else if (!any && a->flow.not_inspected_reason[0]) {
		explain_line(e, "Not seen", "a part of it: %s",
		        sentence_reason(a->flow.not_inspected_reason));
	}
	if (v->evidence != EVIDENCE_SEEN && v->declared) {
		category_set_words(v->declared, list);
		explain_line(e, "Declared", "your register says that this goes there: %s", list);
	}
}

static void flow_paper(const struct explanation *e, const struct assessed *a)
{
	const struct verdict *v = &a->assessment.verdict;
	int32_t day = time_local_day(a->flow.first_ns);

	if (v->contract >= 0 && e->registry)
		explain_contract(
		        e, "Agreement", registry_contract(e->registry, (size_t)v->contract), day);
	else
		explain_line(e, "Agreement", "no row of contracts.csv fits");
	if (v->basis >= 0 && e->registry)
		explain_basis(e, "Reason", registry_basis(e->registry, (size_t)v->basis), day);
	else
		explain_line(e, "Reason", "no row of basis.csv fits");
}

static void flow_flags(const struct explanation *e, const struct verdict *v)
{
	char place[PLACE_CHARS];

	explain_heading(e, v->flag_count ? "Flags, gravest first" : "No flags");
	for (unsigned i = 0; i < v->flag_count; i++) {
		const struct flag *f = &v->flags[i];

		explain_line(
		        e, severity_name(f->severity), "%s (%s)", f->sentence, flag_name(f->id));
		explain_line(e, "", "Register: %s", f->register_says);
		if (f->rule && f->rule[0])
			explain_line(e, "", "Rule: %s", f->rule);
		if (f->would_clear[0])
			explain_line(e, "", "To clear it: %s", f->would_clear);
		if (f->accepted)
			explain_line(e, "", "Accepted for now by %s: %s (%s)",
			        f->accepted->accepted_by, f->accepted->reason,
			        place_of(e, f->accepted->place, place));
	}
}

static void flow_missing(const struct explanation *e, const struct assessed *a)
{
	const struct verdict *v = &a->assessment.verdict;
	struct match_subject subject;

	if (a->assessment.program.program >= 0 && v->destination >= 0 && v->contract >= 0 &&
	        v->basis >= 0)
		return;
	assess_match(&a->flow, &subject);
	explain_heading(e, "Missing in the register");
	if (a->assessment.program.program < 0)
		explain_line(e, "programs.csv",
		        "a row for this program, whose match_rules fit what it sent");
	if (v->destination < 0)
		explain_line(e, "destinations.csv", "a row that matches %s",
		        subject.name_count > 0 ? subject.names[0] : "this address");
	if (v->contract < 0)
		explain_line(e, "contracts.csv", "the agreement with the recipient%s",
		        v->destination < 0 ? ", once it is named" : "");
	if (v->basis < 0)
		explain_line(e, "basis.csv", "why the recipient may receive this%s",
		        v->destination < 0 ? ", once it is named" : "");
}

void explain_flow(const struct explanation *e, const struct assessed *a)
{
	const struct verdict *v = &a->assessment.verdict;
	const struct store_flow *f = &a->flow;
	char computer[ADDR_TEXT_CHARS], far[ADDR_TEXT_CHARS];
	struct match_subject subject;

	assess_match(f, &subject);
	if (!subject.process_name && a->assessment.program.carrier[0])
		subject.process_name = a->assessment.program.carrier;
	addr_format(&f->computer, computer);
	addr_format(&far_end(f)->addr, far);
	explain_line(e, "Ends", "%s%s%s%s, and %s%s%s%s port %u",
	        f->computer_name[0] ? f->computer_name : computer, f->computer_name[0] ? " (" : "",
	        f->computer_name[0] ? computer : "", f->computer_name[0] ? ")" : "",
	        f->name_count > 0 ? f->names[0].name : far, f->name_count > 0 ? " (" : "",
	        f->name_count > 0 ? far : "", f->name_count > 0 ? ")" : "", far_end(f)->port);
	if (v->outcome == OUTCOME_NONE) {
		explain_line(e, "Direction",
		        "nothing was sent from inside to outside, so nothing "
		        "is held against the register");
		return;
	}
	flow_program(e, a, &subject);
	flow_destination(e, a, &subject);
	flow_country(e, f);
	flow_protection(e, f);
	flow_evidence(e, a);
	flow_paper(e, a);
	explain_line(e, "Verdict", "%s; content: %s; paper: %s", outcome_words(v->outcome),
	        store_flow_bypassed(&a->flow) ? "not looked into" : evidence_words(v->evidence),
	        paper_words(v->paper));
	flow_flags(e, v);
	flow_missing(e, a);
}
