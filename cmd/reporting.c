#include "cmd/reporting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "classify/protocol.h"
#include "pipeline/assess.h"

#define CANDIDATES_CHARS (PROGRAM_CANDIDATES_MAX * PROGRAM_ID_CHARS)

/* The facts of the run, and the texts that struct report_run borrows. */
struct run_facts {
	struct report_run run;
	struct verdict_run question;
	double dropped_percent;          /* of frames, by the capturing machines */
	double payload_bytes, gap_bytes; /* of the flows that are reported */
	struct verdict verdict;
	char authority[160];
	char geo_built[TIME_DATE_CHARS];
	char practice[DISPLAY_CHARS_MAX];
};

const char *reporting_authority(
        const struct workplace *w, const char *authorised_by, char ret[static 160])
{
	const struct registry_practice *practice = w->registry ? registry_practice(w->registry)
	                                                       : NULL;

	ret[0] = '\0';
	if (authorised_by) {
		display_text(span_of_text(authorised_by), ret, 160);
	} else if (practice && practice->capture_authorised_by[0] &&
	           practice->capture_authorised_day != REGISTRY_NO_DAY) {
		char date[TIME_DATE_CHARS], name[128];

		time_format_day(practice->capture_authorised_day, date);
		display_text(span_of_text(practice->capture_authorised_by), name, sizeof(name));
		snprintf(ret, 160, "%s, %s", name, date);
	}
	return ret;
}

/* First and last time of all captures in the store, and what they lost. */
static int add_inputs(struct workplace *w, struct run_facts *facts, struct verdict_run *v)
{
	struct store_input *inputs = NULL;
	size_t count = 0;
	double frames = 0, dropped = 0;
	int64_t first_ns = INT64_MAX, last_ns = INT64_MIN;
	int status = store_inputs(w->store, &inputs, &count);

	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		frames += (double)inputs[i].frames;
		dropped += (double)inputs[i].dropped;
		if (inputs[i].dropped > 0 || inputs[i].cut > 0 || inputs[i].end_reason[0] != '\0')
			v->gap = true;
		if (inputs[i].frames == 0)
			continue;
		first_ns = inputs[i].first_ns < first_ns ? inputs[i].first_ns : first_ns;
		last_ns = inputs[i].last_ns > last_ns ? inputs[i].last_ns : last_ns;
	}
	free(inputs);
	if (frames + dropped > 0)
		facts->dropped_percent = 100.0 * dropped / (frames + dropped);
	if (last_ns > first_ns)
		facts->run.captured_seconds = (double)(last_ns - first_ns) / (double)NS_PER_SECOND;
	return status;
}

/* Losses that mean that content is missing; the others only count what was not followed. */
static int add_losses(struct workplace *w, struct verdict_run *v)
{
	struct store_loss *losses = NULL;
	size_t count = 0;
	int status = store_losses(w->store, &losses, &count);

	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		if (pipeline_loss_is_gap(losses[i].name))
			v->gap = true;
	free(losses);
	return status;
}

/* A day counts as captured when an input covers any part of it. */
static int check_captured(struct workplace *w, const char *date, struct verdict_run *v)
{
	struct store_input *inputs = NULL;
	size_t count = 0;
	int32_t day = 0;
	int status = STATUS_OK;

	if (!date || !time_parse_date(date, &day))
		return STATUS_OK;
	status = store_inputs(w->store, &inputs, &count);
	v->not_captured = true;
	v->date = date;
	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		if (inputs[i].frames > 0 && time_local_day(inputs[i].first_ns) <= day &&
		        time_local_day(inputs[i].last_ns) >= day)
			v->not_captured = false;
	free(inputs);
	return status;
}

static void count_warnings(const struct registry *r, struct verdict_run *v)
{
	for (size_t i = 0; r && i < registry_problem_count(r); i++) {
		const struct registry_problem *p = registry_problem(r, i);

		if (p->error)
			continue;
		if (v->register_warnings++ == 0)
			v->register_warning_line = p->line;
	}
}

static int collect_facts(
        struct workplace *w, const struct reporting_options *o, struct run_facts *facts)
{
	struct verdict_run *v = &facts->question;
	int64_t built_ns = location_built_ns(w->location);
	int status = add_inputs(w, facts, v);

	if (status == STATUS_OK)
		status = add_losses(w, v);
	if (status == STATUS_OK)
		status = check_captured(w, o->date, v);
	if (status == STATUS_OK)
		status = store_get_meta(
		        w->store, "practice", facts->practice, sizeof(facts->practice));
	if (status != STATUS_OK)
		return status;
	v->has_register = w->registry != NULL;
	count_warnings(w->registry, v);
	v->authorised_by = reporting_authority(w, o->authorised_by, facts->authority);
	if (built_ns > 0)
		time_format_day((int32_t)(built_ns / NS_PER_SECOND / 86400), facts->geo_built);
	return STATUS_OK;
}

/* The larger of the shares that are known: frames dropped, bytes missing inside conversations. */
static int judge_run(struct workplace *w, struct run_facts *facts)
{
	double bytes = facts->payload_bytes + facts->gap_bytes;
	double missing = bytes > 0 ? 100.0 * facts->gap_bytes / bytes : 0;

	facts->question.loss_percent = missing > facts->dropped_percent ? missing
	                                                                : facts->dropped_percent;
	facts->run.loss_percent = facts->question.loss_percent;
	return verdict_decide_run(&facts->question, w->flags, &facts->verdict);
}

static void describe_run(
        const struct workplace *w, const struct reporting_options *o, struct run_facts *facts)
{
	struct report_run *run = &facts->run;

	run->version = EXEAT_VERSION;
	run->practice = w->registry ? registry_practice(w->registry)->name : facts->practice;
	run->timezone = w->timezone;
	run->day = o->date ? o->date : "";
	run->register_sha256 = w->registry ? registry_sha256(w->registry) : "";
	run->rules_version = w->rules_version;
	run->geo_built = facts->geo_built;
	run->protocol_engine = protocol_engine_version();
	run->sandbox = w->level;
	run->authorised_by = facts->authority;
	run->inside = o->result ? o->result->inside : "";
	run->mirror_warning = o->result ? o->result->mirror_warning : "";
	run->budget_peak_bytes = o->result ? o->result->budget_peak_bytes : 0;
	run->budget_refusals = o->result ? o->result->budget_refusals : 0;
	run->wall_seconds = o->wall_seconds;
	run->cpu_seconds = o->cpu_seconds;
	run->run_verdict = &facts->verdict;
}

static void join_candidates(
        const struct registry *r, const struct program_answer *a, char ret[static CANDIDATES_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (unsigned i = 0; r && i < a->candidate_count; i++)
		len += (size_t)snprintf(ret + len, CANDIDATES_CHARS - len, "%s%s", len ? "|" : "",
		        registry_program(r, a->candidates[i])->id);
}

static int add_flow(struct workplace *w, struct report *report, const struct store_flow *flow)
{
	struct store_finding *findings = NULL;
	struct store_record *records = NULL;
	struct assessment assessment;
	struct report_flow row = {.flow = flow, .verdict = &assessment.verdict};
	const struct program_answer *program = &assessment.program;
	char candidates[CANDIDATES_CHARS];
	int status = store_findings(w->store, flow->id, &findings, &row.finding_count);

	if (status == STATUS_OK)
		status = store_records(w->store, flow->id, &records, &row.record_count);
	if (status == STATUS_OK)
		status = assess_flow(
		        flow, findings, row.finding_count, w->registry, w->flags, &assessment);
	if (status == STATUS_OK) {
		bool known = program->program >= 0 && w->registry;
		const struct registry_program *entry = known ? registry_program(w->registry,
		                                                       (size_t)program->program)
		                                             : NULL;

		join_candidates(w->registry, program, candidates);
		row.findings = findings;
		row.records = records;
		row.program_id = program->id;
		row.program_name = entry ? entry->name : program->carrier;
		row.program_kind = entry ? program_kind_text(entry->kind) : "";
		row.program_method = program_method_text(program->method);
		row.program_confidence = program_confidence_text(program->confidence);
		row.program_candidates = candidates;
		row.carrier_process = program->carrier;
		row.unattributed_reason = program->reason ? program->reason : "";
		status = report_add_flow(report, &row);
	}
	free(findings);
	free(records);
	return status;
}

static int add_flows(
        struct workplace *w, struct report *report, const char *date, struct run_facts *facts)
{
	struct store_query query = {INT64_MIN, INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct store_flow flow;
	int32_t day;
	int status;

	/* A flow may have begun days before; reports take its hours of this day. */
	if (date && time_parse_date(date, &day))
		query = (struct store_query){
		        time_local_midnight(day), time_local_midnight(day + 1)};
	status = store_flows(w->store, &query, &cursor);
	while (status == STATUS_OK && (status = store_next_flow(cursor, &flow)) == STATUS_ITEM) {
		for (int d = 0; d < 2; d++) {
			facts->payload_bytes += (double)flow.counts[d].payload_bytes;
			facts->gap_bytes += (double)flow.counts[d].gap_bytes;
		}
		status = add_flow(w, report, &flow);
	}
	store_cursor_free(cursor);
	return status;
}

static unsigned terminal_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	uint64_t value;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	        size.ws_col > 0)
		return size.ws_col;
	if (columns && span_to_u64(span_of_text(columns), 1000, &value))
		return (unsigned)value;
	return 0;
}

static int write_all(struct workplace *w, const struct reporting_options *o, struct report *report)
{
	bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	int status = STATUS_OK;

	if (w->out_fd >= 0)
		status = report_write_dir(report);
	if (status == STATUS_OK && o->summary)
		status = report_write_summary(report, stdout, o->date ? o->date : "");
	if (status == STATUS_OK && o->table)
		status = report_write_text(report, stdout, terminal_width(), colour);
	if (status == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout)))
		status = status_from_errno(errno);
	return status;
}

enum exit_code reporting_run(struct workplace *w, const struct reporting_options *options)
{
	struct run_facts facts = {.authority = ""};
	struct report *report = NULL;
	enum severity worst = SEVERITY_NONE;
	int status = collect_facts(w, options, &facts);

	describe_run(w, options, &facts);
	if (status == STATUS_OK)
		status = report_new(&report, w->store, w->registry, &facts.run, w->out_fd);
	if (status == STATUS_OK)
		status = add_flows(w, report, options->date, &facts);
	if (status == STATUS_OK)
		status = judge_run(w, &facts);
	if (status == STATUS_OK)
		status = write_all(w, options, report);
	if (report)
		worst = report_worst(report);
	report_free(report);
	if (status != STATUS_OK)
		return workplace_complain("write the reports; earlier ones are unchanged", status);
	if (facts.verdict.severity > worst)
		worst = facts.verdict.severity;
	return worst >= SEVERITY_MEDIUM ? EXIT_FLAGS : EXIT_CLEAN;
}
