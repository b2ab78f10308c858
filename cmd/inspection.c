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
#include "pipeline/pipeline.h"

/* Signals that come nearer together are one: a terminal, the monitor and whoever manages services
 * may each pass the same wish on. */
#define ANOTHER_MS 500

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

/* The register is remembered with what was seen, or not at all. */
static int run_pipeline(struct workplace *w, struct pipeline *pipeline,
        const struct pipeline_options *options, struct pipeline_result *ret)
{
	int status = store_begin(w->store);

	if (status == STATUS_OK)
		status = workplace_remember(w);
	if (status == STATUS_OK)
		return pipeline_run(pipeline, options, ret);
	store_abandon(w->store);
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

static enum exit_code read_packets(struct workplace *w, const struct inspection_options *o,
        struct source *source, struct saver *saver, struct pipeline_result *ret)
{
	struct pipeline_options options = {.workers = worker_count(o),
	        .saver = saver,
	        .duration_ns = o->duration_ns,
	        .stop = &stop,
	        .progress = isatty(STDERR_FILENO)};
	const struct destination_facts facts = {
	        .location = w->location, .overrides = w->overrides, .services = w->services};
	struct pipeline *pipeline = NULL;
	int status = STATUS_OK;
	bool intact = true;

	if (w->registry) {
		const struct registry_practice *practice = registry_practice(w->registry);

		options.inside.prefixes = practice->internal_nets;
		options.inside.count = practice->internal_net_count;
		options.excluded = practice->excluded_nets;
		options.excluded_count = practice->excluded_net_count;
	}
	status = pipeline_new(&pipeline, source, w->detect, &facts, w->store);
	if (status == STATUS_OK)
		status = run_pipeline(w, pipeline, &options, ret);
	pipeline_free(pipeline);
	/* What we gave up ourselves did not end: its reason follows. */
	if (status == STATUS_OK || o->live)
		intact = say_how_inputs_ended(o, source);
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

/* ret_who: who drops the packets of guest and voice networks, for the reports. */
static void leave_out_networks(
        const struct workplace *w, struct source *source, char ret_who[static 160])
{
	const struct registry_practice *practice = w->registry ? registry_practice(w->registry)
	                                                       : NULL;
	char reason[256];

	ret_who[0] = '\0';
	if (!practice || practice->excluded_net_count == 0)
		return;
	if (source_exclude(source, practice->excluded_nets, practice->excluded_net_count, reason) ==
	        STATUS_OK) {
		snprintf(ret_who, 160, "kernel filter");
		return;
	}
	snprintf(ret_who, 160, "exeat: %.140s", reason);
	log_warning("guest and voice networks are not left out by the kernel: %s; exeat drops "
	            "their packets itself",
	        reason);
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
	struct reporting_options reporting = {
	        .authorised_by = o->authorised_by, .table = !o->quiet, .result = &result};
	struct saved_content saved = {.saver = NULL};
	struct source *source = live;
	char excluded_by[160] = "";
	enum exit_code code = check_authority(w, o);

	if (code == EXIT_CLEAN)
		code = reporting_forget(w);
	if (code == EXIT_CLEAN && !live)
		code = open_files(o, &source);
	if (code == EXIT_CLEAN && !live && w->store_name[0] == '\0')
		source_without_hash(source); /* what is not kept is never replaced */
	if (code == EXIT_CLEAN && live)
		leave_out_networks(w, live, excluded_by);
	if (code == EXIT_CLEAN)
		code = begin_saving(w, o, source, &saved);
	if (code == EXIT_CLEAN)
		code = read_packets(w, o, source, saved.saver, &result);
	reporting.saved = saved_content_report(&saved);
	reporting.excluded_by = excluded_by;
	saved_content_end(&saved);
	source_free(source);
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
	w->inspects = true;
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
	enum exit_code code = workplace_open(&workplace, &options->workplace);

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
	code = workplace_fork(&workplace, &is_inspector);
	if (is_inspector) {
		code = inspect(&workplace, options, live);
		workplace_close(&workplace);
	} else {
		source_free(live);
	}
	return code;
}
