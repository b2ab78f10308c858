#include "cmd/reporting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "classify/protocol.h"
#include "cmd/assessed.h"
#include "pipeline/loss.h"

/* The facts of the run, and the texts that struct report_run borrows. */
struct run_facts {
	struct report_run run;
	struct verdict_run question;
	struct store_query period; /* that is reported on */
	struct verdict verdict;
	char authority[160];
	char geo_built[TIME_DATE_CHARS], geo_asn_built[TIME_DATE_CHARS];
	char geo_warning[192];
	int64_t last_ns; /* of the inputs: how old the data was then */
	char practice[DISPLAY_CHARS_MAX];
};

static const char *practice_authority(const struct registry *r, char ret[static 160])
{
	const struct registry_practice *practice = registry_practice(r);
	char date[TIME_DATE_CHARS], name[128];

	ret[0] = '\0';
	if (practice->capture_authorised_by[0] == '\0' ||
	        practice->capture_authorised_day == REGISTRY_NO_DAY)
		return ret;
	time_format_day(practice->capture_authorised_day, date);
	display_text(span_of_text(practice->capture_authorised_by), name, sizeof(name));
	snprintf(ret, 160, "%s, %s", name, date);
	return ret;
}

const char *reporting_authority(
        const struct workplace *w, const char *authorised_by, char ret[static 160])
{
	ret[0] = '\0';
	if (authorised_by)
		display_text(span_of_text(authorised_by), ret, 160);
	else if (w->registry)
		practice_authority(w->registry, ret);
	return ret;
}

static struct store_query period_of(const char *date)
{
	int32_t day;

	if (date && time_parse_date(date, &day))
		return (struct store_query){
		        .from_ns = time_local_midnight(day), .to_ns = time_local_midnight(day + 1)};
	return (struct store_query){.from_ns = INT64_MIN, .to_ns = INT64_MAX};
}

/* An input that reaches into the period and lost something, or ended too early, is a gap in it. */
static int check_inputs(struct workplace *w, struct run_facts *facts, struct verdict_run *v)
{
	struct store_input *inputs = NULL;
	size_t count = 0;
	int status = store_inputs(w->store, &facts->period, &inputs, &count);

	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		if (inputs[i].dropped > 0 || inputs[i].cut > 0 || inputs[i].end_reason[0] != '\0')
			v->gap = true;
		if (inputs[i].frames > 0 && inputs[i].last_ns > facts->last_ns)
			facts->last_ns = inputs[i].last_ns;
	}
	free(inputs);
	return status;
}

/* Losses that mean that content is missing; the others only count what was not followed. */
static int check_losses(struct workplace *w, const struct run_facts *facts, struct verdict_run *v)
{
	struct store_loss *losses = NULL;
	size_t count = 0;
	int status = store_losses(w->store, &facts->period, &losses, &count);

	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		if (loss_is_gap(losses[i].name))
			v->gap = true;
	free(losses);
	return status;
}

static int check_coverage(
        struct workplace *w, const char *date, struct run_facts *facts, struct verdict_run *v)
{
	struct store_coverage coverage;
	int status = store_coverage(w->store, &facts->period, &coverage);

	if (status != STATUS_OK)
		return status;
	facts->run.captured_seconds = (double)coverage.captured_ns / (double)NS_PER_SECOND;
	facts->run.loss_percent = v->loss_percent = coverage.loss_percent;
	v->not_captured = date && !coverage.captured;
	v->date = date;
	return STATUS_OK;
}

/* The dates of the country data, and a sentence when it was old at the time of the capture. */
static void date_location(const struct location_db *db, struct run_facts *facts)
{
	const int64_t day_ns = 24 * NS_PER_HOUR;
	const int64_t built_ns[] = {location_built_ns(db), location_asn_built_ns(db)};
	char *const dates[] = {facts->geo_built, facts->geo_asn_built};
	static const char *const names[] = {"country data", "data on organisations"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int64_t age_days = (facts->last_ns - built_ns[i]) / day_ns;

		if (built_ns[i] <= 0)
			continue;
		time_format_day((int32_t)(built_ns[i] / day_ns), dates[i]);
		if (age_days > LOCATION_OLD_DAYS && !facts->geo_warning[0])
			snprintf(facts->geo_warning, sizeof(facts->geo_warning),
			        "The %s is of %s, %d days before this recording, and networks "
			        "move; "
			        "geo/update.sh takes newer data where there is any.",
			        names[i], dates[i], (int)age_days);
	}
}

static void count_warnings(const struct registry *r, struct verdict_run *v)
{
	for (size_t i = 0; r && i < registry_problem_count(r); i++) {
		const struct registry_problem *p = registry_problem(r, i);

		if (p->error)
			continue;
		if (v->register_warnings++ == 0)
			v->register_warning = (struct registry_place){
			        .file = p->file, .form = p->form, .line = p->line};
	}
	/* A register with errors gets no verdict, so that those left out are warnings. */
	v->register_warnings += r ? registry_problems_left_out(r) : 0;
}

static int collect_facts(
        struct workplace *w, const struct reporting_options *o, struct run_facts *facts)
{
	struct verdict_run *v = &facts->question;
	int status;

	facts->period = period_of(o->date);
	status = check_inputs(w, facts, v);
	if (status == STATUS_OK)
		status = check_losses(w, facts, v);
	if (status == STATUS_OK)
		status = check_coverage(w, o->date, facts, v);
	if (status == STATUS_OK)
		status = store_get_meta(
		        w->store, "practice", facts->practice, sizeof(facts->practice));
	if (status != STATUS_OK)
		return status;
	v->has_register = w->registry != NULL;
	count_warnings(w->registry, v);
	v->authorised_by = reporting_authority(w, o->authorised_by, facts->authority);
	date_location(w->location, facts);
	return STATUS_OK;
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
	run->geo_asn_built = facts->geo_asn_built;
	run->geo_warning = facts->geo_warning;
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
	run->flag_rules = w->flags;
	run->forgotten = &w->forgotten;
	run->saved = o->saved;
	run->no_content = o->no_content;
	run->excluded_by = o->excluded_by ? o->excluded_by : "";
}

/* The same evidence under the register that the store remembers, for report_compare. */
struct comparison {
	struct registry *registry; /* NULL: it remembers none */
	struct overrides *own;     /* its overrides.csv; NULL: it has none */
	struct run_facts facts;
	struct report *report; /* NULL: nothing is compared */
};

/* One register's part: what was decided under it, and the report of that. */
struct side {
	const struct registry *registry;
	const struct overrides *own;
	struct assess_memory *memory;
	struct report *report; /* NULL: nobody asks */
};

static int begin_side(struct side *s, const struct workplace *w)
{
	return s->report ? assess_memory_new(&s->memory, s->registry, w->flags) : STATUS_OK;
}

static int add_flow(struct side *s, struct assessed *a)
{
	int status;

	if (!s->report)
		return STATUS_OK;
	assessed_use(a, s->own);
	status = assessed_recall(a, s->memory, s->registry);
	return status == STATUS_OK ? report_add_flow(s->report, &a->row) : status;
}

/* A flow may have begun days before; reports take its hours of this day. */
static int add_flows(struct workplace *w, struct report *report, const struct run_facts *facts,
        struct comparison *c)
{
	struct side before = {.registry = c->registry, .own = c->own, .report = c->report};
	struct side now = {.registry = w->registry, .own = w->own_overrides, .report = report};
	struct store_cursor *cursor = NULL;
	struct assessed a = {.own = w->own_overrides};
	struct store_query flows = facts->period;
	int status = begin_side(&before, w);

	/* Only flows.jsonl lists conversations; rows do not depend on their order. */
	flows.in_no_order = facts->run.day[0] == '\0' && w->out_fd < 0;

	if (status == STATUS_OK)
		status = begin_side(&now, w);
	if (status == STATUS_OK)
		status = store_flows(w->store, &flows, &cursor);
	while (status == STATUS_OK && (status = assessed_next(&a, cursor)) == STATUS_ITEM) {
		status = add_flow(&before, &a);
		if (status == STATUS_OK)
			status = add_flow(&now, &a);
	}
	assessed_end(&a);
	store_cursor_free(cursor);
	assess_memory_free(before.memory);
	assess_memory_free(now.memory);
	return status;
}

/* STATUS_REGISTER: what the store remembers cannot be used any more; nothing is compared then. */
static int begin_comparison(
        struct workplace *w, const struct run_facts *facts, struct comparison *c)
{
	struct verdict_run *v = &c->facts.question;
	int status = workplace_snapshot(w, &c->registry, &c->own);

	if (status == STATUS_REGISTER)
		log_warning("the register that the store remembers has mistakes by today's rules, "
		            "so nothing can be compared with it");
	if (status != STATUS_OK)
		return status;
	*v = facts->question;
	v->has_register = c->registry != NULL;
	v->register_warnings = 0;
	count_warnings(c->registry, v);
	if (c->registry)
		v->authorised_by = practice_authority(c->registry, c->facts.authority);
	c->facts.run = facts->run;
	c->facts.run.run_verdict = &c->facts.verdict;
	status = verdict_decide_run(v, w->flags, &c->facts.verdict);
	if (status == STATUS_OK)
		status = report_new(&c->report, w->store, c->registry, &c->facts.run, -1);
	return status;
}

static int end_comparison(struct report *report, struct comparison *c)
{
	if (!c->report)
		return STATUS_OK;
	return report_compare(report, c->report,
	        c->registry ? "the register that the store remembered"
	                    : "no register, as the store remembered none");
}

unsigned reporting_terminal_width(void)
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
		status = report_write_text(report, stdout, reporting_terminal_width(), colour);
	if (status == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout)))
		status = status_from_errno(errno);
	return status;
}

enum exit_code reporting_check_inputs(struct workplace *w)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_input *inputs = NULL;
	size_t count = 0;
	int status = store_inputs(w->store, &all, &inputs, &count);

	free(inputs);
	if (status != STATUS_OK)
		return workplace_complain_store(w, "read the store", status);
	if (count > 0)
		return EXIT_CLEAN;
	log_error("%s holds no capture yet, so there is nothing to report; add one with exeat "
	          "inspect or exeat capture",
	        w->store_name);
	return EXIT_NO_PACKET;
}

int reporting_run_verdict(struct workplace *w, struct verdict *ret)
{
	const struct reporting_options options = {.table = false};
	struct run_facts *facts = calloc(1, sizeof(*facts));
	int status = facts ? collect_facts(w, &options, facts) : STATUS_NO_MEMORY;

	if (status == STATUS_OK)
		status = verdict_decide_run(&facts->question, w->flags, ret);
	free(facts);
	return status;
}

enum exit_code reporting_forget(struct workplace *w)
{
	struct timespec now = {0};
	int status;

	clock_gettime(CLOCK_REALTIME, &now);
	status = store_forget(w->store, (int64_t)now.tv_sec * NS_PER_SECOND, &w->forgotten);
	if (status == STATUS_OK || status == STATUS_BUSY)
		return EXIT_CLEAN;
	return workplace_complain_store(w, "delete what is too old from the store", status);
}

/* Everything that is to be written, into the report and what it is compared with. */
static int judge_all(struct workplace *w, const struct reporting_options *options,
        struct run_facts *facts, struct report *report)
{
	struct comparison c = {.registry = NULL};
	int status = verdict_decide_run(&facts->question, w->flags, &facts->verdict);

	if (status == STATUS_OK && options->compare)
		status = begin_comparison(w, facts, &c);
	if (status == STATUS_REGISTER)
		status = STATUS_OK;
	if (status == STATUS_OK)
		status = add_flows(w, report, facts, &c);
	if (status == STATUS_OK)
		status = end_comparison(report, &c);
	report_free(c.report);
	registry_free(c.registry);
	overrides_free(c.own);
	return status;
}

enum exit_code reporting_run(struct workplace *w, const struct reporting_options *options)
{
	struct run_facts facts = {.authority = ""};
	struct report *report = NULL;
	enum severity worst = SEVERITY_NONE;
	bool replaced = false;
	int status = collect_facts(w, options, &facts);

	describe_run(w, options, &facts);
	if (status == STATUS_OK)
		status = report_new(&report, w->store, w->registry, &facts.run, w->out_fd);
	if (status == STATUS_OK)
		status = judge_all(w, options, &facts, report);
	if (status == STATUS_OK)
		status = write_all(w, options, report);
	if (report) {
		worst = report_worst(report);
		replaced = report_replaced(report);
	}
	report_free(report);
	if (status != STATUS_OK && replaced)
		return workplace_complain_store(w,
		        "write the reports; some earlier ones are replaced already, so run it "
		        "again",
		        status);
	if (status != STATUS_OK)
		return workplace_complain_store(
		        w, "write the reports; earlier ones are unchanged", status);
	if (facts.verdict.severity > worst)
		worst = facts.verdict.severity;
	return worst >= SEVERITY_MEDIUM ? EXIT_FLAGS : EXIT_CLEAN;
}
