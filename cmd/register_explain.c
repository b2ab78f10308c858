/* register explain: which rows decided about a program, a conversation or a flag. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "cmd/explain.h"
#include "cmd/reporting.h"
#include "report/sentences.h"

#define FLOW_ID_CHARS 16

static const char help[] =
        "usage: exeat register explain PROGRAM|FLOW|FLAG --store FILE [OPTIONS]\n\n"
        "Shows each row of the register that decided, by file and line, in the order of the\n"
        "checks, with what was seen, what would clear each flag, and what is missing.\n\n"
        "  PROGRAM           an id of programs.csv, or unregistered:NAME as in summary.csv\n"
        "  FLOW              the id of a conversation in flows.jsonl: 16 digits 0-9 a-f\n"
        "  FLAG              the id of a flag in flags.csv: 10 digits 0-9 a-f\n"
        "                    (their lengths tell them apart; an id of programs.csv comes first)\n"
        "  --store FILE      the store that inspect or capture wrote\n"
        "  --register DIR    this register instead of the one the store remembers\n"
        "  --rules DIR\n";

static const struct option long_options[] = {
        WORKPLACE_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
};

/* What is added up over the conversations of a program. */
struct traffic {
	uint64_t flows, bytes;
	int64_t first_ns, last_ns;
};

/* One look through the store. */
struct search {
	struct workplace *w;
	struct explanation out;
	struct report *report; /* of the flows that were added */
	const char *flag_id;   /* that is looked for; NULL: none */
	uint64_t flow;         /* that raised it, the gravest and then the first */
	enum severity severity;
	unsigned flow_flags; /* how many conversations raised it */
};

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static void add_traffic(struct traffic *t, const struct store_flow *f)
{
	if (t->flows == 0 || f->first_ns < t->first_ns)
		t->first_ns = f->first_ns;
	if (t->flows == 0 || f->last_ns > t->last_ns)
		t->last_ns = f->last_ns;
	t->flows++;
	t->bytes += f->counts[f->out_index == 1].payload_bytes;
}

static void describe_traffic(const struct traffic *t, char ret[static 160])
{
	char first[32], last[32], bytes[24];

	if (t->flows == 0) {
		snprintf(ret, 160, "not seen in this store");
		return;
	}
	sentence_moment(t->first_ns, first);
	sentence_moment(t->last_ns, last);
	sentence_bytes(t->bytes, bytes);
	snprintf(ret, 160, "%" PRIu64 " conversation%s, %s sent, first %s, last %s", t->flows,
	        t->flows == 1 ? "" : "s", bytes, first, last);
}

/* The flow that the flag is shown by. */
static int look_for_flag(struct search *s, const struct assessed *a)
{
	const struct verdict *v = &a->assessment.verdict;
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < v->flag_count; i++) {
		char id[REPORT_FLAG_ID_CHARS];

		status = report_flag_id(s->report, &a->row, i, id);
		if (status != STATUS_OK || strcmp(id, s->flag_id) != 0)
			continue;
		s->flow_flags++;
		if (v->flags[i].severity > s->severity) {
			s->severity = v->flags[i].severity;
			s->flow = a->flow.id;
		}
	}
	return status;
}

/* Into the report goes every flow: some flags of one program rest on those of others. The flows of
 * program_id are added up by destination; NULL: of none. by_destination NULL: all go to unknown. */
static int walk(struct search *s, const char *program_id, struct traffic *by_destination,
        struct traffic *unknown)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct assessed a = {.own = s->w->own_overrides};
	int status = store_flows(s->w->store, &all, &cursor);

	while (status == STATUS_OK && (status = assessed_next(&a, cursor)) == STATUS_ITEM) {
		const struct verdict *v = &a.assessment.verdict;

		status = assessed_judge(&a, s->w->registry, s->w->flags);
		if (status == STATUS_OK)
			status = report_add_flow(s->report, &a.row);
		if (status != STATUS_OK || v->outcome == OUTCOME_NONE)
			continue;
		if (s->flag_id)
			status = look_for_flag(s, &a);
		if (!program_id || strcmp(a.row.program_id, program_id) != 0)
			continue;
		if (by_destination && v->destination >= 0)
			add_traffic(&by_destination[v->destination], &a.flow);
		else
			add_traffic(unknown, &a.flow);
	}
	assessed_end(&a);
	store_cursor_free(cursor);
	return status;
}

static void print_flag(const struct explanation *e, const struct report_flag *f)
{
	char first[32], last[32];
	bool once;

	sentence_moment(f->first_ns, first);
	sentence_moment(f->last_ns, last);
	once = strcmp(first, last) == 0;
	explain_line(e, severity_name(f->severity), "%s (%s, id %s; %" PRIu64 " time%s, %s%s%s)",
	        f->sentence, f->name, f->id, f->times, f->times == 1 ? "" : "s", first,
	        once ? "" : " to ", once ? "" : last);
	explain_line(e, "", "Register: %s", f->register_says);
	explain_line(e, "", "Rule: %s", f->rule);
	if (f->would_clear[0])
		explain_line(e, "", "To clear it: %s", f->would_clear);
}

static bool lists(const struct registry_contract *c, uint32_t program)
{
	for (size_t i = 0; i < c->program_count; i++)
		if (c->programs[i] == program)
			return true;
	return false;
}

/* Whether a row of contracts.csv or basis.csv joins the program to this recipient. */
static bool has_paper(
        const struct registry *r, uint32_t program, const char *recipient, bool contract)
{
	for (size_t i = 0; contract && i < registry_contract_count(r); i++)
		if (lists(registry_contract(r, i), program) &&
		        strcmp(registry_contract(r, i)->recipient, recipient) == 0)
			return true;
	for (size_t i = 0; !contract && i < registry_basis_count(r); i++)
		if (registry_basis(r, i)->program == program &&
		        strcmp(registry_basis(r, i)->recipient, recipient) == 0)
			return true;
	return false;
}

static void print_destinations(const struct explanation *e, uint32_t program,
        const struct traffic *by_destination, const struct traffic *unknown)
{
	char seen[160];

	explain_heading(e, "Where it may send");
	for (size_t i = 0; i < registry_destination_count(e->registry); i++) {
		const struct registry_destination *d = registry_destination(e->registry, i);

		if (d->program != program)
			continue;
		explain_destination(e, "Destination", d);
		describe_traffic(&by_destination[i], seen);
		explain_line(e, "", "Seen: %s.", seen);
	}
	if (unknown->flows > 0) {
		describe_traffic(unknown, seen);
		explain_line(e, "Elsewhere", "to far ends without a row: %s.", seen);
	}
}

/* Held against the last day on which the program was seen. */
static void print_paper(const struct explanation *e, uint32_t program, int32_t day)
{
	bool any = false;

	explain_heading(e, "On what paper");
	for (size_t i = 0; i < registry_contract_count(e->registry); i++)
		if (lists(registry_contract(e->registry, i), program)) {
			explain_contract(e, "Agreement", registry_contract(e->registry, i), day);
			any = true;
		}
	for (size_t i = 0; i < registry_basis_count(e->registry); i++)
		if (registry_basis(e->registry, i)->program == program) {
			explain_basis(e, "Reason", registry_basis(e->registry, i), day);
			any = true;
		}
	if (!any)
		explain_line(e, "None", "no row of contracts.csv or basis.csv names this program");
}

static void print_missing(
        const struct explanation *e, uint32_t program, const struct traffic *unknown)
{
	const struct registry *r = e->registry;
	bool any = unknown->flows > 0;

	explain_heading(e, "Missing in the register");
	if (unknown->flows > 0)
		explain_line(e, "destinations.csv",
		        "rows for where else it sends; exeat register "
		        "learn drafts them");
	for (size_t i = 0; i < registry_destination_count(r); i++) {
		const struct registry_destination *d = registry_destination(r, i);

		if (d->program != program)
			continue;
		if (!has_paper(r, program, d->recipient, true))
			explain_line(e, "contracts.csv", "the agreement with %s", d->recipient);
		if (!has_paper(r, program, d->recipient, false))
			explain_line(e, "basis.csv", "why %s may receive this", d->recipient);
		any = any || !has_paper(r, program, d->recipient, true) ||
		      !has_paper(r, program, d->recipient, false);
	}
	if (!any)
		explain_line(e, "Nothing",
		        "each recipient has its rows; whether they cover what was "
		        "sent stands under the flags");
}

/* A flag of a computer names the program, and has no id of one. name "": not registered. */
static bool is_about(const struct report_flag *f, const char *program_id, const char *name)
{
	if (f->scope == SCOPE_COMPUTER)
		return *name != '\0' && strcmp(f->program_name, name) == 0;
	return f->scope != SCOPE_RUN && strcmp(f->program_id, program_id) == 0;
}

static int print_flags(struct search *s, const char *program_id, const char *name)
{
	struct report_flag *flags = NULL;
	size_t count = 0;
	bool any = false;
	int status = report_list_flags(s->report, &flags, &count);

	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		if (!is_about(&flags[i], program_id, name))
			continue;
		if (!any)
			explain_heading(&s->out, "Flags, gravest first");
		any = true;
		print_flag(&s->out, &flags[i]);
	}
	if (!any)
		explain_heading(&s->out, "No flags");
	free(flags);
	return STATUS_OK;
}

static int32_t last_day(const struct traffic *by_destination, size_t count, struct traffic all)
{
	for (size_t i = 0; i < count; i++) {
		if (by_destination[i].flows > 0 &&
		        (all.flows == 0 || by_destination[i].last_ns > all.last_ns))
			all.last_ns = by_destination[i].last_ns;
		all.flows += by_destination[i].flows;
	}
	return all.flows > 0 ? time_local_day(all.last_ns) : REGISTRY_NO_DAY;
}

static int explain_registered(struct search *s, uint32_t program)
{
	const struct registry_program *p = registry_program(s->w->registry, program);
	size_t count = registry_destination_count(s->w->registry);
	struct traffic *by_destination = calloc(count + 1, sizeof(*by_destination));
	struct traffic unknown = {.flows = 0};
	int status = by_destination ? walk(s, p->id, by_destination, &unknown) : STATUS_NO_MEMORY;

	if (status == STATUS_OK) {
		fprintf(s->out.out, "Program %s\n", p->id);
		explain_program(&s->out, p);
		print_destinations(&s->out, program, by_destination, &unknown);
		print_paper(&s->out, program, last_day(by_destination, count, unknown));
		status = print_flags(s, p->id, p->name);
	}
	if (status == STATUS_OK)
		print_missing(&s->out, program, &unknown);
	free(by_destination);
	return status;
}

/* STATUS_USAGE: the store has none of it. */
static int explain_unregistered(struct search *s, const char *id)
{
	struct traffic seen = {.flows = 0};
	char text[160];
	int status = walk(s, id, NULL, &seen);

	if (status != STATUS_OK || seen.flows == 0)
		return status != STATUS_OK ? status : STATUS_USAGE;
	describe_traffic(&seen, text);
	fprintf(s->out.out, "Program %s\n", id);
	explain_line(&s->out, "Row", "none: no row of programs.csv fits it");
	explain_line(&s->out, "Seen", "%s", text);
	status = print_flags(s, id, "");
	if (status == STATUS_OK) {
		explain_heading(&s->out, "Missing in the register");
		explain_line(&s->out, "programs.csv",
		        "a row for this program; exeat register learn drafts it");
	}
	return status;
}

static int explain_one_flow(struct search *s, uint64_t id)
{
	struct assessed a = {.own = s->w->own_overrides};
	char moment[32];
	int status = store_find_flow(s->w->store, id, &a.flow);

	if (status != STATUS_ITEM)
		return status == STATUS_OK ? STATUS_USAGE : status;
	status = assessed_read(&a, s->w->store);
	if (status == STATUS_OK)
		status = assessed_judge(&a, s->w->registry, s->w->flags);
	if (status == STATUS_OK) {
		sentence_moment(a.flow.first_ns, moment);
		fprintf(s->out.out, "Conversation %016" PRIx64 ", begun %s\n", id, moment);
		explain_flow(&s->out, &a);
	}
	assessed_end(&a);
	return status;
}

static int print_run_flag(struct search *s, const struct report_flag *f)
{
	fprintf(s->out.out, "Flag %s, of no single conversation\n", f->id);
	print_flag(&s->out, f);
	return STATUS_OK;
}

static int explain_flag(struct search *s, const char *id)
{
	struct report_flag *flags = NULL;
	size_t count = 0, at = 0;
	int status;

	s->flag_id = id;
	status = walk(s, NULL, NULL, NULL);
	if (status == STATUS_OK)
		status = report_list_flags(s->report, &flags, &count);
	if (status != STATUS_OK)
		return status;
	while (at < count && strcmp(flags[at].id, id) != 0)
		at++;
	if (at == count) {
		status = STATUS_USAGE;
	} else if (s->flow_flags == 0) {
		status = print_run_flag(s, &flags[at]);
	} else {
		fprintf(s->out.out, "Flag %s, of %u conversation%s\n", id, s->flow_flags,
		        s->flow_flags == 1 ? "" : "s");
		print_flag(&s->out, &flags[at]);
		explain_heading(&s->out, s->flow_flags == 1 ? "The conversation that raised it"
		                                            : "The gravest of them");
		status = explain_one_flow(s, s->flow);
	}
	free(flags);
	return status;
}

static int dispatch(struct search *s, const char *id)
{
	size_t programs = s->w->registry ? registry_program_count(s->w->registry) : 0;

	for (size_t i = 0; i < programs; i++)
		if (strcmp(registry_program(s->w->registry, i)->id, id) == 0)
			return explain_registered(s, (uint32_t)i);
	if (is_hex(id, FLOW_ID_CHARS))
		return explain_one_flow(s, strtoull(id, NULL, 16));
	if (is_hex(id, REPORT_FLAG_ID_CHARS - 1))
		return explain_flag(s, id);
	return explain_unregistered(s, id);
}

static enum exit_code explain(struct workplace *w, const char *id)
{
	struct verdict run_verdict = {.flag_count = 0};
	struct report_run run = {.day = "", .run_verdict = &run_verdict};
	struct search s = {.w = w};
	enum exit_code code = workplace_load(w);
	int status;

	if (code == EXIT_CLEAN)
		code = reporting_check_inputs(w);
	if (code != EXIT_CLEAN)
		return code;
	s.out = (struct explanation){
	        .out = stdout, .width = reporting_terminal_width(), .registry = w->registry};
	run.flag_rules = w->flags;
	status = report_new(&s.report, w->store, w->registry, &run, -1);
	if (status == STATUS_OK && is_hex(id, REPORT_FLAG_ID_CHARS - 1))
		status = reporting_run_verdict(w, &run_verdict);
	if (status == STATUS_OK)
		status = dispatch(&s, id);
	report_free(s.report);
	if (status == STATUS_USAGE) {
		log_error("'%.80s' is neither a program of the register or of the store, nor a "
		          "conversation of flows.jsonl, nor a flag of flags.csv",
		        id);
		return EXIT_USAGE;
	}
	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain_store(w, "explain", status);
}

int cmd_register_explain(int argc, char **argv)
{
	struct workplace_options options = {.store_read_only = true, .store_must_exist = true};
	struct workplace workplace;
	bool is_inspector = false;
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (workplace_take_option(option, optarg, &options) && !options.out_dir)
			continue;
		if (option == OPTION_HELP)
			fputs(help, stdout);
		return option == OPTION_HELP ? EXIT_CLEAN : EXIT_USAGE;
	}
	if (!options.store_path || optind + 1 != argc) {
		log_error("explain needs one id and a store: exeat register explain "
		          "PROGRAM|FLOW|FLAG --store FILE");
		return EXIT_USAGE;
	}
	code = workplace_open(&workplace, &options);
	if (code != EXIT_CLEAN)
		return (int)workplace_leave(&workplace, code);
	code = workplace_fork(&workplace, &is_inspector);
	if (!is_inspector)
		return (int)code;
	code = explain(&workplace, argv[optind]);
	workplace_close(&workplace);
	return (int)code;
}
