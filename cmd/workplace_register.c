/* workplace_register: the register of a run: the one that was given, or the snapshot that the store
 * keeps of the one it was last written with. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

static void meta_key(enum registry_file file, char ret[static 64])
{
	snprintf(ret, 64, "register/%s", registry_file_name(file));
}

/* The files of the store's snapshot; a file that it lacks is empty. */
static int read_snapshot(
        struct workplace *w, struct buf files[static REGISTRY_FILES], bool *ret_any)
{
	int status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < REGISTRY_FILES; i++) {
		char key[64];

		meta_key((enum registry_file)i, key);
		buf_init(&files[i], CSV_FILE_BYTES_MAX, NULL);
		status = store_get_meta_bytes(w->store, key, &files[i]);
		if (files[i].len > 0)
			*ret_any = true;
	}
	return status;
}

static int read_given(struct workplace *w)
{
	int status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < REGISTRY_FILES; i++) {
		if (w->register_fds[i] < 0)
			continue;
		/* The process that was asked for the authority may have read it before. */
		if (lseek(w->register_fds[i], 0, SEEK_SET) < 0 && errno != ESPIPE)
			return status_from_errno(errno);
		status = workplace_read_all(
		        w->register_fds[i], &w->register_bytes[i], CSV_FILE_BYTES_MAX + 1);
		if (status == STATUS_LIMIT) {
			log_error("%s: the file is larger than %u MiB; it is not a register",
			        registry_file_name((enum registry_file)i),
			        CSV_FILE_BYTES_MAX >> 20);
			return STATUS_REGISTER;
		}
	}
	return status;
}

static void print_problems(const struct registry *r)
{
	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char text[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), text);
		log_error("%s", text);
	}
	if (registry_problems_left_out(r) > 0)
		log_error("and %zu more", registry_problems_left_out(r));
}

enum exit_code workplace_read_register(struct workplace *w)
{
	struct registry_folder folder = {
	        .on_day = w->register_day != REGISTRY_NO_DAY, .today = w->register_day};
	int status = w->has_register ? read_given(w)
	                             : read_snapshot(w, w->register_bytes, &w->has_register);

	if (status == STATUS_REGISTER)
		return EXIT_REGISTER;
	if (status != STATUS_OK)
		return workplace_complain_store(w, "read the register", status);
	if (!w->has_register)
		return EXIT_CLEAN;
	for (int i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = buf_span(&w->register_bytes[i]);
		folder.has_table[i] = w->register_fds[i] >= 0 || folder.tables[i].len > 0;
		folder.others[i] = w->register_open[i] ? REGISTRY_OTHER_LOCK : 0;
	}
	status = registry_load_folder(&w->registry, &folder);
	if (status == STATUS_REGISTER) {
		print_problems(w->registry);
		log_error("the register cannot be used until these are corrected; no verdict was "
		          "made");
		return EXIT_REGISTER;
	}
	return status == STATUS_OK ? EXIT_CLEAN
	                           : workplace_complain_store(w, "read the register", status);
}

int workplace_snapshot(struct workplace *w, struct registry **ret_gives)
{
	struct buf bytes[REGISTRY_FILES] = {{.data = NULL}};
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES], any = false;
	struct registry *registry = NULL;
	int status = read_snapshot(w, bytes, &any);

	for (int i = 0; i < REGISTRY_FILES; i++) {
		files[i] = buf_span(&bytes[i]);
		present[i] = files[i].len > 0;
	}
	if (status == STATUS_OK && any)
		status = registry_load(&registry, files, present);
	for (int i = 0; i < REGISTRY_FILES; i++)
		buf_free(&bytes[i]);
	if (status == STATUS_OK)
		*ret_gives = registry;
	else
		registry_free(registry);
	return status;
}

/* A file that this register lacks is forgotten, so that the store never mixes two registers. */
int workplace_remember(struct workplace *w)
{
	int status = store_set_meta(w->store, "timezone", w->timezone);

	if (status == STATUS_OK && w->registry)
		status = store_set_meta(w->store, "practice", registry_practice(w->registry)->name);
	for (int i = 0; status == STATUS_OK && w->registry && i < REGISTRY_FILES; i++) {
		char key[64];

		meta_key((enum registry_file)i, key);
		status = store_set_meta_bytes(w->store, key, buf_span(&w->register_bytes[i]));
	}
	return status;
}
