#include "cmd/workplace_again.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"

/* What the monitor knows beside the descriptors; both processes are of one program. */
struct note {
	enum exit_code register_code, rules_code;
	bool has_register;
	bool register_open[REGISTRY_FILES];
	unsigned register_others[REGISTRY_WORKBOOKS];
	int32_t register_day;
};

_Static_assert(sizeof(struct note) <= PRIV_PASSED_NOTE_BYTES, "the note does not fit");
_Static_assert(
        REGISTRY_FILES + REGISTRY_WORKBOOKS + 6 <= PRIV_PASSED_FILES, "the files do not fit");

/* Where each of the files has its place in the workplace: the same in both processes. */
static size_t list_places(struct workplace *w, int *ret[static PRIV_PASSED_FILES])
{
	int *const singles[] = {&w->own_overrides_fd, &w->identifiers_fd, &w->terms_fd,
	        &w->flags_fd, &w->services_fd, &w->prescribed_fd};
	size_t count = 0;

	for (size_t i = 0; i < REGISTRY_FILES; i++)
		ret[count++] = &w->register_fds[i];
	for (size_t i = 0; i < REGISTRY_WORKBOOKS; i++)
		ret[count++] = &w->workbook_fds[i];
	for (size_t i = 0; i < ARRAY_LEN(singles); i++)
		ret[count++] = singles[i];
	return count;
}

/* ---- the monitor ---- */

static int pass_again(struct workplace *w, const struct workplace_options *options)
{
	struct workplace fresh;
	struct priv_passed passed;
	struct note note = {0};
	int *places[PRIV_PASSED_FILES];
	size_t count;
	int status;

	workplace_clear(&fresh);
	note.register_code = workplace_open_register(&fresh, options);
	note.rules_code = workplace_open_rules(&fresh, options);
	note.has_register = fresh.has_register;
	note.register_day = fresh.register_day;
	memcpy(note.register_open, fresh.register_open, sizeof(note.register_open));
	memcpy(note.register_others, fresh.register_others, sizeof(note.register_others));
	count = list_places(&fresh, places);
	passed = (struct priv_passed){.note = {0}};
	for (size_t i = 0; i < PRIV_PASSED_FILES; i++)
		passed.fds[i] = i < count ? *places[i] : -1;
	memcpy(passed.note, &note, sizeof(note));
	status = priv_pass(w->pass_fds[0], &passed);
	workplace_close(&fresh);
	return status;
}

static void follow(struct workplace *w, const struct workplace_options *options)
{
	int status = pass_again(w, options);

	if (status == STATUS_OK)
		return;
	atomic_fetch_add(w->not_passed, 1);
	log_error("the register was not read again: %s; what was in force stays in force",
	        status_text(status));
}

/* Memory of both processes: zeros. */
static int share_count(struct workplace *w)
{
	void *memory = mmap(NULL, sizeof(*w->not_passed), PROT_READ | PROT_WRITE,
	        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return status_from_errno(errno);
	w->not_passed = memory;
	return STATUS_OK;
}

enum exit_code workplace_fork_and_follow(
        struct workplace *w, const struct workplace_options *options, bool *ret_is_inspector)
{
	struct priv_inspector inspector;
	int child_code = EXIT_MACHINE;
	int status = priv_passing_open(w->pass_fds);

	if (status == STATUS_OK)
		status = share_count(w);
	if (status == STATUS_OK) {
		w->sandbox.passed_fd = w->pass_fds[1];
		status = priv_start_inspector(w->pass_fds[0], &inspector, ret_is_inspector);
	}
	if (status == STATUS_OK) {
		int *other = &w->pass_fds[*ret_is_inspector ? 0 : 1];

		close(*other);
		*other = -1;
	}
	if (status == STATUS_OK && *ret_is_inspector)
		return EXIT_CLEAN;
	while (status == STATUS_OK &&
	        (status = priv_wait_inspector(&inspector, &child_code)) == STATUS_ITEM) {
		follow(w, options);
		status = STATUS_OK;
	}
	if (status != STATUS_OK)
		child_code = (int)workplace_complain("start the inspecting process", status);
	return workplace_leave(w, (enum exit_code)child_code);
}

/* ---- the inspector ---- */

static void unpack(const struct priv_passed *passed, struct workplace_again *ret)
{
	struct workplace *fresh = &ret->fresh;
	int *places[PRIV_PASSED_FILES];
	struct note note;
	size_t count;

	workplace_clear(fresh);
	memcpy(&note, passed->note, sizeof(note));
	count = list_places(fresh, places);
	for (size_t i = 0; i < count; i++)
		*places[i] = passed->fds[i];
	ret->register_code = note.register_code;
	ret->rules_code = note.rules_code;
	fresh->follows = true;
	fresh->has_register = note.has_register;
	fresh->register_day = note.register_day;
	memcpy(fresh->register_open, note.register_open, sizeof(note.register_open));
	memcpy(fresh->register_others, note.register_others, sizeof(note.register_others));
}

int workplace_take_again(struct workplace *w, struct workplace_again *ret)
{
	struct priv_passed passed;
	bool any = false;
	int status;

	while ((status = priv_take_passed(w->pass_fds[1], &passed)) == STATUS_ITEM) {
		if (any)
			workplace_close(&ret->fresh);
		unpack(&passed, ret);
		any = true;
	}
	if (status != STATUS_OK && any)
		workplace_close(&ret->fresh);
	if (status != STATUS_OK)
		return status;
	return any ? STATUS_ITEM : STATUS_OK;
}

/* The days of reports are those of one zone; and in the sandbox no other can be read. */
static bool zone_stays(const struct workplace *w, const struct workplace *fresh)
{
	const char *zone = registry_practice(fresh->registry)->timezone;
	const char *before = w->registry ? registry_practice(w->registry)->timezone : "";

	if (zone[0] == '\0' || strcmp(zone, before) == 0 || strcmp(zone, w->timezone) == 0)
		return true;
	log_error("practice.csv: another time zone is taken up when exeat is started again; the "
	          "register from before stays in force");
	return false;
}

bool workplace_read_again(const struct workplace *w, struct workplace_again *again)
{
	struct workplace *fresh = &again->fresh;
	enum exit_code code = again->register_code;

	if (code == EXIT_CLEAN)
		code = workplace_read_register(fresh);
	else
		log_error("the register from before stays in force");
	if (code == EXIT_CLEAN)
		code = workplace_load_own_overrides(fresh);
	return code == EXIT_CLEAN && zone_stays(w, fresh);
}

#define EXCHANGE(type, a, b)                                                                       \
	do {                                                                                       \
		type kept_ = (a);                                                                  \
		(a) = (b);                                                                         \
		(b) = kept_;                                                                       \
	} while (0)

void workplace_exchange_registers(struct workplace *w, struct workplace *fresh)
{
	EXCHANGE(struct registry *, w->registry, fresh->registry);
	EXCHANGE(struct overrides *, w->own_overrides, fresh->own_overrides);
	EXCHANGE(struct buf, w->own_overrides_bytes, fresh->own_overrides_bytes);
	for (size_t i = 0; i < REGISTRY_FILES; i++) {
		EXCHANGE(struct buf, w->register_bytes[i], fresh->register_bytes[i]);
		w->register_forms[i] = fresh->register_forms[i];
	}
	for (size_t i = 0; i < REGISTRY_WORKBOOKS; i++)
		EXCHANGE(struct buf, w->workbook_bytes[i], fresh->workbook_bytes[i]);
}

/* The version that these files would have, and the digest of what patterns are made of, as
 * workplace_load_rules and workplace_load_lists make them; leaves the files at their beginning. */
static int foretell_version(struct workplace *fresh)
{
	const int fds[] = {fresh->identifiers_fd, fresh->flags_fd, fresh->terms_fd,
	        fresh->services_fd, fresh->prescribed_fd};
	struct buf bytes[ARRAY_LEN(fds)] = {{.data = NULL}};
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(fds); i++) {
		if (fds[i] < 0)
			continue;
		status = workplace_read_all(fds[i], &bytes[i], WORKPLACE_RULES_BYTES_MAX);
		/* Whoever reads it next begins at its beginning, whatever came of this. */
		if (lseek(fds[i], 0, SEEK_SET) != 0 && status == STATUS_OK)
			status = STATUS_IO;
	}
	if (status == STATUS_OK)
		status = workplace_digest_patterns(
		        fresh, &(struct detect_files){.identifiers = buf_span(&bytes[0]),
		                       .terms = buf_span(&bytes[2])});
	if (status == STATUS_OK)
		status = workplace_set_rules_version(
		        fresh, buf_span(&bytes[0]), buf_span(&bytes[1]));
	for (size_t i = 2; i < ARRAY_LEN(fds); i++)
		if (status == STATUS_OK && fds[i] >= 0)
			status = workplace_set_rules_version(
			        fresh, span_of_text(fresh->rules_version), buf_span(&bytes[i]));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		buf_free(&bytes[i]);
	return status;
}

enum workplace_rules workplace_read_rules_again(
        const struct workplace *w, struct workplace_again *again)
{
	struct workplace *fresh = &again->fresh;
	enum exit_code code = again->rules_code;

	fresh->before = w->detect;
	fresh->inspects = w->inspects;
	if (code == EXIT_CLEAN && foretell_version(fresh) == STATUS_OK) {
		if (strcmp(fresh->rules_version, w->rules_version) == 0)
			return RULES_SAME;
		/* To compile them takes long, and packets wait. */
		fresh->inspects = w->inspects && strcmp(fresh->patterns, w->patterns) != 0;
	}
	if (code == EXIT_CLEAN)
		code = workplace_load_rules(fresh);
	if (code == EXIT_CLEAN)
		code = workplace_load_lists(fresh);
	if (code == EXIT_CLEAN)
		return RULES_CHANGED;
	log_error("the rules from before stay in force");
	return RULES_REFUSED;
}

void workplace_exchange_rules(struct workplace *w, struct workplace *fresh)
{
	EXCHANGE(struct flag_rules *, w->flags, fresh->flags);
	EXCHANGE(struct services *, w->services, fresh->services);
	memcpy(w->rules_version, fresh->rules_version, sizeof(w->rules_version));
	memcpy(w->patterns, fresh->patterns, sizeof(w->patterns));
}
