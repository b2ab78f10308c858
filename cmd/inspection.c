#include "cmd/inspection.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "cmd/reporting.h"
#include "cmd/workplace_again.h"
#include "pipeline/pipeline.h"

/* Signals that come nearer together are one: a terminal, the monitor and whoever manages services
 * may each pass the same wish on. */
#define ANOTHER_MS 500

#define EXCLUDED_BY_CHARS 200
#define BY_KERNEL         "kernel filter"

/* The stop flag, one of the two globals that exeat has: 0, or the millisecond of the first wish. */
static volatile sig_atomic_t stop;

/* The first wish ends the run in order; another one ends it at once, and what it had not finished
 * is lost. */
static void on_signal(int number)
{
	struct timespec now = {0};
	int now_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (int)(now.tv_sec % 1000000 * 1000 + now.tv_nsec / 1000000) + 1;
	if (stop == 0) {
		stop = now_ms;
	} else if (abs(now_ms - stop) >= ANOTHER_MS) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

static void watch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static double seconds_of(clockid_t clock)
{
	struct timespec now = {0};

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A live capture needs a recorded authority; files may have come from elsewhere, so there it is a
 * flag of the report instead. */
static enum exit_code check_authority(const struct workplace *w, const struct inspection_options *o)
{
	char text[160];

	if (!o->live || reporting_authority(w, o->authorised_by, text)[0] != '\0')
		return EXIT_CLEAN;
	log_error(
	        "nobody is recorded as having allowed this capture; fill in capture_authorised_by "
	        "and capture_authorised_on in practice.csv, or give --authorised-by \"NAME, "
	        "DATE\"");
	return EXIT_NO_AUTHORITY;
}

static enum exit_code open_files(const struct inspection_options *o, struct source **ret)
{
	char reason[256];
	int status;

	/* Here and not in the monitor: the sandbox has no list of services, so names of ports are
	 * refused now and not in the middle of the capture. */
	if (o->filter && source_check_filter(o->filter, reason) != STATUS_OK) {
		log_error("%s", reason);
		return EXIT_USAGE;
	}
	status = source_open_files(ret, o->fds, o->fd_count, o->filter);
	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain("read the captures", status);
}

static const char *input_name(const struct inspection_options *o, size_t input)
{
	if (o->live)
		return o->live->interface;
	return strcmp(o->names[input], "-") == 0 ? "standard input" : o->names[input];
}

/* True when all of them ended where they should. */
static bool say_how_inputs_ended(const struct inspection_options *o, struct source *source)
{
	bool intact = true;

	for (size_t i = 0; i < source_input_count(source); i++) {
		struct source_counts counts;

		if (source_counts(source, i, &counts) != STATUS_OK || !counts.end_reason)
			continue;
		intact = false;
		if (counts.frames > 0)
			log_warning("%s: %s (after packet %llu, byte %llu); what came before was "
			            "inspected",
			        input_name(o, i), counts.end_reason,
			        (unsigned long long)counts.end_after_frame,
			        (unsigned long long)counts.end_at_bytes);
		else
			log_warning("%s: %s; no packet could be read from it", input_name(o, i),
			        counts.end_reason);
	}
	return intact;
}

/* Without a packet there is nothing to report on, and earlier reports stay as they are. */
static void say_why_no_packet(const struct pipeline_result *r, bool intact)
{
	const char *name = source_link_name(r->unread_link);

	if (r->unread_frames > 0)
		log_error("no packet could be read: %s %llu packets are of link type %u%s%s%s, "
		          "which exeat does not read; capture on an Ethernet, raw IP or loopback "
		          "interface; no report was written",
		        intact ? "the capture is intact, but its" : "the capture's",
		        (unsigned long long)r->unread_frames, r->unread_link, *name ? " (" : "",
		        name, *name ? ")" : "");
	else if (r->filtered > 0)
		log_error("no packet could be read: the filter left out all %llu; no report was "
		          "written",
		        (unsigned long long)r->filtered);
	else
		log_error("no packet could be read%s; no report was written",
		        intact ? ": there is none in the input" : "");
}

/* A run from its first packet to its last. */
struct running {
	struct workplace *w;
	const struct inspection_options *o;
	struct source *source;
	struct pipeline *pipeline;
	struct pipeline_options options;
	struct destination_facts facts;
	char excluded_by[EXCLUDED_BY_CHARS]; /* who drops packets of guest and voice networks */
};

static void know_networks(const struct registry *r, struct pipeline_options *options)
{
	const struct registry_practice *practice = r ? registry_practice(r) : NULL;

	if (!practice)
		return;
	options->inside.prefixes = practice->internal_nets;
	options->inside.count = practice->internal_net_count;
	options->excluded = practice->excluded_nets;
	options->excluded_count = practice->excluded_net_count;
}

static void leave_out_networks(struct running *r, const struct pipeline_options *options)
{
	char reason[256];
	const char *before = r->excluded_by[0] != '\0' ? ", and exeat before" : "";

	if (options->excluded_count == 0)
		return;
	if (source_exclude(r->source, options->excluded, options->excluded_count, reason) ==
	        STATUS_OK) {
		snprintf(r->excluded_by, EXCLUDED_BY_CHARS, BY_KERNEL "%s", before);
		return;
	}
	snprintf(r->excluded_by, EXCLUDED_BY_CHARS, "exeat: %.140s", reason);
	log_warning("guest and voice networks are not left out by the kernel: %s; exeat drops "
	            "their packets itself",
	        reason);
}

static bool same_exclusions(const struct pipeline_options *a, const struct pipeline_options *b)
{
	if (a->excluded_count != b->excluded_count)
		return false;
	for (size_t i = 0; i < a->excluded_count; i++)
		if (a->excluded[i].bits != b->excluded[i].bits ||
		        !addr_equal(&a->excluded[i].addr, &b->excluded[i].addr))
			return false;
	return true;
}

/* What the kernel leaves out it leaves out for good; what exeat dropped until now stays told. */
static void drop_nothing_more(struct running *r, bool by_kernel)
{
	size_t len = strlen(r->excluded_by);

	if (!by_kernel)
		snprintf(r->excluded_by + len, EXCLUDED_BY_CHARS - len,
		        ", until the register named none");
	else
		log_warning("the register names no guest and voice networks any more; those from "
		            "before are left out until exeat is started again");
}

static void change_exclusions(struct running *r, const struct pipeline_options *next)
{
	const bool by_kernel = strncmp(r->excluded_by, BY_KERNEL, strlen(BY_KERNEL)) == 0;

	if (same_exclusions(&r->options, next))
		return;
	if (next->excluded_count == 0) {
		drop_nothing_more(r, by_kernel);
		return;
	}
	if (!by_kernel) {
		leave_out_networks(r, next);
		return;
	}
	snprintf(r->excluded_by, EXCLUDED_BY_CHARS,
	        BY_KERNEL ", and exeat for what the register named later");
	log_warning("the guest and voice networks have changed: from now on exeat drops the "
	            "packets of the new ones itself; those from before are left out until exeat "
	            "is started again");
}

/* From now on this one is in force, also for reports of what was seen before. */
static int take_register(struct running *r, struct workplace *fresh)
{
	struct pipeline_options next = r->options;
	int status;

	next.inside = (struct inside_nets){.count = 0};
	next.excluded_count = 0;
	know_networks(fresh->registry, &next);
	change_exclusions(r, &next);
	r->options = next;
	status = pipeline_renew(r->pipeline, &r->options);
	if (status != STATUS_OK)
		return status;
	workplace_exchange_registers(r->w, fresh);
	return workplace_remember(r->w);
}

static int read_register_again(struct running *r, struct workplace_again *again)
{
	if (again->register_code == EXIT_CLEAN && !again->fresh.has_register)
		return STATUS_OK;
	if (workplace_read_again(r->w, again) && check_authority(&again->fresh, r->o) == EXIT_CLEAN)
		return take_register(r, &again->fresh);
	pipeline_count_loss(r->pipeline, LOSS_REGISTERS_REFUSED);
	return STATUS_OK;
}

static void say_what_holds(bool patterns, bool no_content)
{
	if (patterns)
		log_warning("the changed rules hold for conversations whose content begins from "
		            "now on; open ones go on under those from before");
	else if (no_content)
		log_warning("the changed rules are in force");
	else
		log_warning("the changed flags and lists are in force; what content is searched "
		            "for has not changed");
}

static int take_rules(struct running *r, struct workplace *fresh)
{
	int status = pipeline_use_rules(r->pipeline, fresh->detect);

	if (status == STATUS_LIMIT) {
		log_error("the changed rules are not used: conversations that began under earlier "
		          "ones are still open; start exeat again, or later ask once more");
		pipeline_count_loss(r->pipeline, LOSS_RULES_REFUSED);
		return STATUS_OK;
	}
	if (status != STATUS_OK)
		return status;
	say_what_holds(fresh->detect, r->o->no_content);
	fresh->detect = NULL; /* taken */
	workplace_exchange_rules(r->w, fresh);
	r->facts.services = r->w->services;
	return STATUS_OK;
}

static int read_rules_again(struct running *r, struct workplace_again *again)
{
	enum workplace_rules outcome = workplace_read_rules_again(r->w, again);

	if (outcome == RULES_CHANGED)
		return take_rules(r, &again->fresh);
	if (outcome == RULES_REFUSED)
		pipeline_count_loss(r->pipeline, LOSS_RULES_REFUSED);
	return STATUS_OK;
}

/* SIGHUP. What cannot be used leaves everything as it was, and the capture goes on. */
static int read_again(struct running *r)
{
	struct workplace_again again;
	int status = workplace_take_again(r->w, &again);

	if (status == STATUS_LIMIT) {
		log_error("the register was not read again: too many files are open; what was in "
		          "force stays in force");
		pipeline_count_loss(r->pipeline, LOSS_REGISTERS_REFUSED);
	}
	if (status != STATUS_ITEM)
		return status < 0 ? status : STATUS_OK;
	status = read_register_again(r, &again);
	if (status == STATUS_OK)
		status = read_rules_again(r, &again);
	workplace_close(&again.fresh);
	return status;
}

/* The register is remembered with what was seen, or not at all. */
static int run_pipeline(struct running *r, struct pipeline_result *ret)
{
	int status = store_begin(r->w->store);

	if (status == STATUS_OK)
		status = workplace_remember(r->w);
	if (status != STATUS_OK) {
		store_abandon(r->w->store);
		return status;
	}
	while ((status = pipeline_run(r->pipeline, &r->options, ret)) == STATUS_ITEM) {
		status = read_again(r);
		if (status == STATUS_OK)
			continue;
		r->pipeline = pipeline_free(r->pipeline);
		store_abandon(r->w->store);
		return status;
	}
	return status;
}

bool inspection_take_workers(const char *text, struct inspection_options *o)
{
	uint64_t value;

	if (!span_to_u64(span_of_text(text), CREW_WORKERS_MAX, &value) || value == 0) {
		log_error("--workers takes a number from 1 to %d", CREW_WORKERS_MAX);
		return false;
	}
	o->workers = (unsigned)value;
	return true;
}

static unsigned worker_count(const struct inspection_options *o)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (o->workers > 0)
		return o->workers;
	if (processors < 1)
		return 1;
	return processors < CREW_WORKERS_MAX ? (unsigned)processors : CREW_WORKERS_MAX;
}

static enum exit_code read_packets(
        struct running *r, struct saver *saver, struct pipeline_result *ret)
{
	struct workplace *w = r->w;
	const struct inspection_options *o = r->o;
	int status = STATUS_OK;
	bool intact = true;

	r->options.saver = saver;
	r->facts = (struct destination_facts){
	        .location = w->location, .overrides = w->overrides, .services = w->services};
	status = pipeline_new(&r->pipeline, r->source, w->detect, &r->facts, w->store);
	if (status == STATUS_OK)
		status = run_pipeline(r, ret);
	r->pipeline = pipeline_free(r->pipeline);
	/* What we gave up ourselves did not end: its reason follows. */
	if (status == STATUS_OK || o->live)
		intact = say_how_inputs_ended(o, r->source);
	if (status != STATUS_OK && o->live && w->store_fd >= 0)
		return workplace_complain(
		        "go on capturing; what was seen until a minute ago is kept in the store",
		        status);
	if (status != STATUS_OK)
		return workplace_complain_store(
		        w, "inspect the packets; earlier results are unchanged", status);
	if (ret->interrupted) {
		log_error("stopped before the end of the input; earlier results are unchanged");
		return EXIT_MACHINE;
	}
	if (ret->any_packet)
		return EXIT_CLEAN;
	say_why_no_packet(ret, intact);
	return EXIT_NO_PACKET;
}

static enum exit_code begin_saving(struct workplace *w, const struct inspection_options *o,
        struct source *source, struct saved_content *ret)
{
	int status = saved_content_begin(
	        ret, w, o->save, o->live ? o->live->interface : "", source);

	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain("save content", status);
}

enum exit_code inspection_read(struct workplace *w, const struct inspection_options *o,
        struct source *live, double started_s)
{
	struct pipeline_result result;
	struct reporting_options reporting = {.authorised_by = o->authorised_by,
	        .table = !o->quiet,
	        .no_content = o->no_content,
	        .result = &result};
	struct saved_content saved = {.saver = NULL};
	struct running running = {.w = w,
	        .o = o,
	        .source = live,
	        .options = {.workers = worker_count(o),
	                .duration_ns = o->duration_ns,
	                .stop = &stop,
	                .progress = isatty(STDERR_FILENO),
	                .unpacker_fd = w->unpacker_fd,
	                .not_asked = live ? w->not_passed : NULL,
	                .asks_fd = live ? w->pass_fds[1] : -1}};
	enum exit_code code = check_authority(w, o);

	if (code == EXIT_CLEAN)
		code = reporting_forget(w);
	if (code == EXIT_CLEAN && !live)
		code = open_files(o, &running.source);
	if (code == EXIT_CLEAN && !live && w->store_name[0] == '\0')
		source_without_hash(running.source); /* what is not kept is never replaced */
	if (code == EXIT_CLEAN)
		know_networks(w->registry, &running.options);
	if (code == EXIT_CLEAN && live)
		leave_out_networks(&running, &running.options);
	if (code == EXIT_CLEAN)
		code = begin_saving(w, o, running.source, &saved);
	if (code == EXIT_CLEAN)
		code = read_packets(&running, saved.saver, &result);
	reporting.saved = saved_content_report(&saved);
	reporting.excluded_by = running.excluded_by;
	saved_content_end(&saved);
	source_free(running.source);
	if (code != EXIT_CLEAN)
		return code;
	reporting.wall_seconds = seconds_of(CLOCK_MONOTONIC) - started_s;
	reporting.cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	return reporting_run(w, &reporting);
}

/* live: taken. */
static enum exit_code inspect(
        struct workplace *w, const struct inspection_options *o, struct source *live)
{
	double started_s = seconds_of(CLOCK_MONOTONIC);
	enum exit_code code;

	watch_signals();
	w->inspects = !o->no_content;
	code = workplace_load(w);
	if (code == EXIT_CLEAN)
		return inspection_read(w, o, live, started_s);
	source_free(live);
	return code;
}

/* The register may say who allowed the capture, and only a process without rights may read it. */
static enum exit_code ask_authority(
        struct workplace *w, const struct inspection_options *o, bool *ret_is_asker)
{
	enum exit_code code = workplace_fork_asker(ret_is_asker);

	if (!*ret_is_asker)
		return code;
	code = workplace_load_register(w);
	return code == EXIT_CLEAN ? check_authority(w, o) : code;
}

static enum exit_code open_interface(const struct inspection_options *o, struct source **ret)
{
	char reason[256] = "out of memory";
	int status = source_open_live(ret, o->live, reason);

	if (status == STATUS_OK)
		return EXIT_CLEAN;
	log_error("%s", reason);
	return status == STATUS_USAGE ? EXIT_USAGE : EXIT_MACHINE;
}

enum exit_code inspection_run(const struct inspection_options *options)
{
	struct workplace workplace;
	struct source *live = NULL;
	bool is_asker = false, is_inspector = false;
	enum exit_code code;

	/* From the beginning: who reads the register anew may not yet know that exeat has begun. */
	if (options->live)
		priv_defer_hangup();
	code = workplace_open(&workplace, &options->workplace);
	if (code == EXIT_CLEAN && !options->no_content)
		workplace_start_unpacker(&workplace);
	if (code == EXIT_CLEAN && options->live)
		code = ask_authority(&workplace, options, &is_asker);
	if (code == EXIT_CLEAN && options->live && !is_asker)
		code = open_interface(options, &live);
	if (is_asker) {
		workplace_close(&workplace);
		return code;
	}
	if (code != EXIT_CLEAN)
		return workplace_leave(&workplace, code);
	code = options->live
	               ? workplace_fork_and_follow(&workplace, &options->workplace, &is_inspector)
	               : workplace_fork(&workplace, &is_inspector);
	if (is_inspector) {
		code = inspect(&workplace, options, live);
		workplace_close(&workplace);
	} else {
		source_free(live);
	}
	return code;
}
