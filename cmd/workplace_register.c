/* workplace_register: the register of a run: the one that was given, or the snapshot that the store
 * keeps of the one it was last written with. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

#define NAME_CHARS 64

static const char overrides_key[] = "register/" WORKPLACE_OVERRIDES;

static void meta_key(const char *what, enum registry_file file, char ret[static NAME_CHARS])
{
	snprintf(ret, NAME_CHARS, "%s/%s", what, registry_file_name(file));
}

/* "programs", and "register" for the workbook that has them all. */
static void stem_of(unsigned slot, char ret[static NAME_CHARS])
{
	const char *name = slot < REGISTRY_FILES ? registry_file_name((enum registry_file)slot)
	                                         : "register.xlsx";

	snprintf(ret, NAME_CHARS, "%.*s", (int)strcspn(name, "."), name);
}

static unsigned see_others(int folder, const char *stem)
{
	static const struct {
		const char *before, *after;
		unsigned bit;
	} others[] = {{"", ".xlsm", REGISTRY_OTHER_XLSM}, {"", ".xls", REGISTRY_OTHER_XLS},
	        {"", ".ods", REGISTRY_OTHER_ODS}, {"~$", ".xlsx", REGISTRY_OTHER_LOCK},
	        {".~lock.", ".xlsx#", REGISTRY_OTHER_LOCK}};
	unsigned seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		char name[2 * NAME_CHARS];

		snprintf(name, sizeof(name), "%s%s%s", others[i].before, stem, others[i].after);
		if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			seen |= others[i].bit;
	}
	return seen;
}

static enum exit_code complain_no_file(const char *name, const char *what)
{
	log_error("%s of the register is %s; put the file itself there", name, what);
	return EXIT_REGISTER;
}

static enum exit_code complain_unopened(int folder, const char *name)
{
	struct stat info;

	if (errno == ENOENT && fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return EXIT_CLEAN; /* that a table is missing is said of the register */
	if (errno == ENOENT || errno == ELOOP)
		return complain_no_file(name, "a link that leads to no file");
	if (errno == ENXIO)
		return complain_no_file(name, "no file");
	log_error("cannot open %s of the register: %s%s", name, strerror(errno),
	        errno == EACCES || errno == EBUSY || errno == ETXTBSY
	                ? "; if a spreadsheet has it open, close it there"
	                : "");
	return EXIT_MACHINE;
}

enum exit_code workplace_open_table(int folder, const char *name, int *ret_fd)
{
	/* A pipe that nobody writes into would be waited for. */
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat info = {.st_mode = 0};

	if (fd < 0)
		return complain_unopened(folder, name);
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
		*ret_fd = fd;
		return EXIT_CLEAN;
	}
	close(fd);
	return complain_no_file(name, S_ISDIR(info.st_mode) ? "a folder" : "no file");
}

enum exit_code workplace_open_workbooks(struct workplace *w, int folder)
{
	enum exit_code code = EXIT_CLEAN;

	for (unsigned i = 0; code == EXIT_CLEAN && i < REGISTRY_WORKBOOKS; i++) {
		char stem[NAME_CHARS], name[NAME_CHARS + 8];

		stem_of(i, stem);
		snprintf(name, sizeof(name), "%s.xlsx", stem);
		w->register_others[i] = see_others(folder, stem);
		code = workplace_open_table(folder, name, &w->workbook_fds[i]);
	}
	return code;
}

static enum registry_form parse_form(const char *text)
{
	if (strcmp(text, "workbook") == 0)
		return REGISTRY_FORM_WORKBOOK;
	return strcmp(text, "sheet") == 0 ? REGISTRY_FORM_SHEET : REGISTRY_FORM_CSV;
}

static const char *form_text(enum registry_form form)
{
	if (form == REGISTRY_FORM_WORKBOOK)
		return "workbook";
	return form == REGISTRY_FORM_SHEET ? "sheet" : "";
}

/* The files of the store's snapshot; a file that it lacks is empty. */
static int read_snapshot(struct workplace *w, struct buf files[static REGISTRY_FILES],
        enum registry_form forms[static REGISTRY_FILES], struct buf *own_overrides, bool *ret_any)
{
	int status;

	buf_init(own_overrides, CSV_FILE_BYTES_MAX, NULL);
	status = store_get_meta_bytes(w->store, overrides_key, own_overrides);
	for (int i = 0; status == STATUS_OK && i < REGISTRY_FILES; i++) {
		char key[NAME_CHARS], form[16] = "";

		meta_key("register", (enum registry_file)i, key);
		buf_init(&files[i], CSV_FILE_BYTES_MAX, NULL);
		status = store_get_meta_bytes(w->store, key, &files[i]);
		if (files[i].len > 0)
			*ret_any = true;
		meta_key("register-form", (enum registry_file)i, key);
		if (status == STATUS_OK)
			status = store_get_meta(w->store, key, form, sizeof(form));
		forms[i] = parse_form(form);
	}
	return status;
}

static int read_file(int fd, const char *name, struct buf *ret)
{
	int status;

	/* The process that was asked for the authority may have read it before. */
	if (lseek(fd, 0, SEEK_SET) < 0 && errno != ESPIPE)
		return status_from_errno(errno);
	status = workplace_read_all(fd, ret, CSV_FILE_BYTES_MAX + 1);
	if (status != STATUS_LIMIT)
		return status;
	log_error("%s: the file is larger than %u MiB; it is not a register", name,
	        CSV_FILE_BYTES_MAX >> 20);
	return STATUS_REGISTER;
}

static int read_given(struct workplace *w)
{
	int status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < REGISTRY_FILES; i++)
		if (w->register_fds[i] >= 0)
			status = read_file(w->register_fds[i],
			        registry_file_name((enum registry_file)i), &w->register_bytes[i]);
	if (status == STATUS_OK && w->own_overrides_fd >= 0)
		status = read_file(
		        w->own_overrides_fd, WORKPLACE_OVERRIDES, &w->own_overrides_bytes);
	for (unsigned i = 0; status == STATUS_OK && i < REGISTRY_WORKBOOKS; i++) {
		char stem[NAME_CHARS], name[NAME_CHARS + 8];

		if (w->workbook_fds[i] < 0)
			continue;
		stem_of(i, stem);
		snprintf(name, sizeof(name), "%s.xlsx", stem);
		status = read_file(w->workbook_fds[i], name, &w->workbook_bytes[i]);
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
	                             : read_snapshot(w, w->register_bytes, w->register_forms,
	                                       &w->own_overrides_bytes, &w->has_register);

	if (status == STATUS_REGISTER)
		return EXIT_REGISTER;
	if (status != STATUS_OK)
		return workplace_complain_store(w, "read the register", status);
	if (!w->has_register)
		return EXIT_CLEAN;
	for (int i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = buf_span(&w->register_bytes[i]);
		folder.has_table[i] = w->register_fds[i] >= 0 || folder.tables[i].len > 0;
		folder.forms[i] = w->register_forms[i];
	}
	for (int i = 0; i < REGISTRY_WORKBOOKS; i++) {
		folder.workbooks[i] = buf_span(&w->workbook_bytes[i]);
		folder.has_workbook[i] = w->workbook_fds[i] >= 0;
		folder.others[i] = w->register_others[i];
		if (i < REGISTRY_FILES && w->register_open[i])
			folder.others[i] |= REGISTRY_OTHER_LOCK;
	}
	status = registry_load_folder(&w->registry, &folder);
	if (status == STATUS_REGISTER) {
		print_problems(w->registry);
		log_error("%s", w->follows ? "the register from before stays in force until these "
		                             "are corrected"
		                           : "the register cannot be used until these are "
		                             "corrected; no verdict was made");
		return EXIT_REGISTER;
	}
	return status == STATUS_OK ? EXIT_CLEAN
	                           : workplace_complain_store(w, "read the register", status);
}

int workplace_snapshot(
        struct workplace *w, struct registry **ret_gives, struct overrides **ret_own_gives)
{
	struct buf bytes[REGISTRY_FILES] = {{.data = NULL}}, own_overrides;
	struct registry_folder folder = {.has_table = {false}};
	struct registry *registry = NULL;
	bool any = false;
	int status = read_snapshot(w, bytes, folder.forms, &own_overrides, &any);

	for (int i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = buf_span(&bytes[i]);
		folder.has_table[i] = folder.tables[i].len > 0;
	}
	if (status == STATUS_OK && any)
		status = registry_load_folder(&registry, &folder);
	if (status == STATUS_OK && own_overrides.len > 0 &&
	        (status = workplace_read_own_overrides(&own_overrides, ret_own_gives)) > 0)
		status = STATUS_REGISTER;
	buf_free(&own_overrides);
	for (int i = 0; i < REGISTRY_FILES; i++)
		buf_free(&bytes[i]);
	if (status == STATUS_OK)
		*ret_gives = registry;
	else
		registry_free(registry);
	return status;
}

/* A table as CSV, and what it was read from. One that this register lacks is forgotten, so that the
 * store never mixes two registers. */
static int remember_table(struct workplace *w, enum registry_file file)
{
	struct span text = registry_converted(w->registry, file);
	char key[NAME_CHARS];
	int status;

	meta_key("register", file, key);
	status = store_set_meta_bytes(
	        w->store, key, text.len > 0 ? text : buf_span(&w->register_bytes[file]));
	meta_key("register-form", file, key);
	return status == STATUS_OK
	               ? store_set_meta(w->store, key, form_text(registry_form(w->registry, file)))
	               : status;
}

int workplace_remember(struct workplace *w)
{
	int status = store_set_meta(w->store, "timezone", w->timezone);

	if (status == STATUS_OK && w->registry)
		status = store_set_meta(w->store, "practice", registry_practice(w->registry)->name);
	for (int i = 0; status == STATUS_OK && w->registry && i < REGISTRY_FILES; i++)
		status = remember_table(w, (enum registry_file)i);
	if (status == STATUS_OK && w->registry)
		status = store_set_meta_bytes(
		        w->store, overrides_key, buf_span(&w->own_overrides_bytes));
	return status;
}
