#include "cmd/workplace.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"

enum exit_code workplace_complain(const char *what, int status)
{
	int error = errno;

	if (status == STATUS_IO && error != 0)
		log_error("cannot %s: %s", what, strerror(error));
	else
		log_error("cannot %s: %s", what, status_text(status));
	return status == STATUS_USAGE ? EXIT_USAGE : EXIT_MACHINE;
}

enum exit_code workplace_complain_store(const struct workplace *w, const char *what, int status)
{
	/* Some versions of SQLite (3.46) speak of damage after a write that found no room. */
	if ((status == STATUS_NO_SPACE || status == STATUS_DAMAGED) && w->store &&
	        store_ran_out(w->store)) {
		log_error("cannot %s: the temporary folder %s is full; set TMPDIR to a folder with "
		          "more room, or name a file for the store with --store",
		        what, w->temporary_folder);
		return EXIT_MACHINE;
	}
	if (status != STATUS_DAMAGED)
		return workplace_complain(what, status);
	log_error(
	        "cannot %s: the store %s is damaged; keep it aside, and inspect the captures again "
	        "into another with --store",
	        what, w->store_name);
	return EXIT_MACHINE;
}

bool workplace_take_option(int option, const char *value, struct workplace_options *o)
{
	switch (option) {
	case OPTION_REGISTER:
		o->register_dir = value;
		return true;
	case OPTION_OUT:
		o->out_dir = value;
		return true;
	case OPTION_STORE:
		o->store_path = value;
		return true;
	case OPTION_RULES:
		o->rules_dir = value;
		return true;
	case OPTION_GEO:
		o->geo_dir = value;
		return true;
	default:
		return false;
	}
}

/* Folder of the running program: next to it stand the build's own rules and databases. */
static bool program_folder(char ret[static WORKPLACE_PATH_CHARS])
{
	ssize_t len = readlink("/proc/self/exe", ret, WORKPLACE_PATH_CHARS - 1);
	char *slash;

	if (len <= 0)
		return false;
	ret[len] = '\0';
	slash = strrchr(ret, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* The first folder that exists: the one asked for, the build's, the installed one. */
static int open_folder(const char *given, const char *beside, const char *installed)
{
	char folder[WORKPLACE_PATH_CHARS];
	char path[WORKPLACE_PATH_CHARS + 16];
	int fd = -1;

	if (given)
		return open(given, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (program_folder(folder)) {
		snprintf(path, sizeof(path), "%s/%s", folder, beside);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd >= 0 ? fd : open(installed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A file, or -1: a pipe that nobody writes into would be waited for. */
static int open_rules_file(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat info;

	if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

enum exit_code workplace_open_rules(struct workplace *w, const struct workplace_options *o)
{
	int folder = open_folder(o->rules_dir, "../rules", EXEAT_DATA_DIR "/rules");

	if (folder < 0) {
		log_error("no rules folder%s%s; give one with --rules", o->rules_dir ? ": " : "",
		        o->rules_dir ? o->rules_dir : "");
		return EXIT_USAGE;
	}
	w->identifiers_fd = open_rules_file(folder, DETECT_IDENTIFIERS);
	w->terms_fd = open_rules_file(folder, DETECT_TERMS);
	w->flags_fd = open_rules_file(folder, "flags.csv");
	/* Without these nothing is known of services, and no country is prescribed. */
	w->services_fd = open_rules_file(folder, "services.csv");
	w->prescribed_fd = open_rules_file(folder, "prescribed_countries.csv");
	close(folder);
	if (w->identifiers_fd < 0 || w->terms_fd < 0 || w->flags_fd < 0) {
		log_error("the rules folder lacks identifiers.csv, terms.csv or flags.csv");
		return EXIT_USAGE;
	}
	return EXIT_CLEAN;
}

/* A spreadsheet leaves a file beside the one that it has open. */
static bool is_open_elsewhere(int folder, const char *name)
{
	char beside[WORKPLACE_ZONE_CHARS];
	struct stat info;

	snprintf(beside, sizeof(beside), "~$%s", name); /* Excel */
	if (fstatat(folder, beside, &info, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	snprintf(beside, sizeof(beside), ".~lock.%s#", name); /* LibreOffice */
	return fstatat(folder, beside, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Missing files are the register's own complaint; a missing folder is a wrong command line. */
enum exit_code workplace_open_register(struct workplace *w, const struct workplace_options *o)
{
	enum exit_code code = EXIT_CLEAN;
	int folder;

	if (!o->register_dir)
		return EXIT_CLEAN;
	folder = open(o->register_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		log_error(
		        "cannot open the register folder %s: %s", o->register_dir, strerror(errno));
		return EXIT_USAGE;
	}
	w->has_register = true;
	w->register_day = o->register_on_day ? time_local_day((int64_t)time(NULL) * NS_PER_SECOND)
	                                     : REGISTRY_NO_DAY;
	code = workplace_open_table(folder, WORKPLACE_OVERRIDES, &w->own_overrides_fd);
	for (int i = 0; code == EXIT_CLEAN && i < REGISTRY_FILES; i++) {
		const char *name = registry_file_name((enum registry_file)i);

		code = workplace_open_table(folder, name, &w->register_fds[i]);
		w->register_open[i] = is_open_elsewhere(folder, name);
	}
	if (code == EXIT_CLEAN)
		code = workplace_open_workbooks(w, folder);
	close(folder);
	return code;
}

static bool open_geo_file(struct workplace *w, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	snprintf(w->geo_names[w->geo_count], sizeof(w->geo_names[0]), "%.63s", name);
	w->geo_fds[w->geo_count++] = fd;
	return true;
}

static int is_database(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && strcmp(entry->d_name + len - 5, ".mmdb") == 0;
}

/* The names of other makers, in the order of the alphabet so that the choice is always the same. */
static enum exit_code open_other_geo(struct workplace *w, int folder, const char *dir)
{
	struct dirent **entries = NULL;
	int count = scandirat(folder, ".", &entries, is_database, alphasort);
	int opened = 0;

	for (int i = 0; i < count; i++) {
		if (i < LOCATION_FILES_MAX && open_geo_file(w, folder, entries[i]->d_name))
			opened++;
		free(entries[i]);
	}
	free(entries);
	if (count > LOCATION_FILES_MAX) {
		log_error("%s holds more than %d databases; leave those of countries and of AS "
		          "numbers",
		        dir, LOCATION_FILES_MAX);
		return EXIT_USAGE;
	}
	if (opened > 0)
		return EXIT_CLEAN;
	log_error("%s holds no country.mmdb and no other database; make one with: exeat geo build",
	        dir);
	return EXIT_USAGE;
}

static enum exit_code open_geo(struct workplace *w, const struct workplace_options *o)
{
	int folder = open_folder(o->geo_dir, "geo", EXEAT_DATA_DIR "/geo");
	enum exit_code code = EXIT_CLEAN;

	if (folder < 0) {
		if (!o->geo_dir)
			return EXIT_CLEAN; /* countries are then unknown, and the report says so */
		log_error(
		        "cannot open the country data folder %s: %s", o->geo_dir, strerror(errno));
		return EXIT_USAGE;
	}
	if (open_geo_file(w, folder, "country.mmdb"))
		(void)open_geo_file(w, folder, "asn.mmdb");
	else if (o->geo_dir)
		code = open_other_geo(w, folder, o->geo_dir);
	w->overrides_fd = openat(folder, WORKPLACE_OVERRIDES, O_RDONLY | O_CLOEXEC);
	close(folder);
	return code;
}

/* Without this a folder that may only be read would be noticed at the end, and not by its name. */
int workplace_check_writable(int folder_fd, const struct priv_user *user)
{
	if (user->changes || faccessat(folder_fd, ".", W_OK, AT_EACCESS) == 0)
		return STATUS_OK;
	return status_from_errno(errno);
}

static enum exit_code open_output(struct workplace *w, const struct workplace_options *o)
{
	int status;

	if (!o->out_dir)
		return EXIT_CLEAN;
	status = priv_open_output(o->out_dir, PRIV_REPORTS, &w->user, &w->out_fd);
	if (status == STATUS_OK)
		status = workplace_check_writable(w->out_fd, &w->user);
	if (status == STATUS_OK)
		return EXIT_CLEAN;
	if (status == STATUS_USAGE)
		log_error(
		        "the folder %s holds other files; give a new or an empty one", o->out_dir);
	else if (status == STATUS_BUSY)
		log_error("another exeat is writing to the folder %s; let it end, or give another "
		          "one with --out",
		        o->out_dir);
	else
		log_error("cannot use the output folder %s: %s", o->out_dir,
		        errno ? strerror(errno) : status_text(status));
	return status == STATUS_USAGE ? EXIT_USAGE : EXIT_MACHINE;
}

static bool is_out_folder(const struct workplace *w, const char *folder)
{
	struct stat out, other;

	return w->out_fd >= 0 && fstat(w->out_fd, &out) == 0 && stat(folder, &other) == 0 &&
	       out.st_dev == other.st_dev && out.st_ino == other.st_ino;
}

static enum exit_code open_named_folder(struct workplace *w, const char *folder)
{
	int status;

	if (is_out_folder(w, folder)) {
		w->store_fd = dup(w->out_fd);
		w->store_user = w->user;
		return EXIT_CLEAN;
	}
	status = priv_open_output(folder, PRIV_REPORTS, &w->store_user, &w->store_fd);
	if (status == STATUS_BUSY && w->store_read_only)
		status = priv_share_output(folder, &w->store_user, &w->store_fd);
	if (status == STATUS_OK && !w->store_read_only)
		status = workplace_check_writable(w->store_fd, &w->store_user);
	if (status == STATUS_USAGE) {
		log_error("the store's folder %s holds other files; give the store a folder of its "
		          "own",
		        folder);
		return EXIT_USAGE;
	}
	if (status == STATUS_OK)
		return EXIT_CLEAN;
	log_error("cannot use the store's folder %s: %s", folder,
	        status == STATUS_BUSY || errno == 0 ? status_text(status) : strerror(errno));
	return EXIT_MACHINE;
}

/* A journal beside the store is a run that writes, or one that was killed while it wrote: then the
 * folder is needed as well. */
static bool has_journal(const char *store_path)
{
	char path[WORKPLACE_PATH_CHARS + 8];
	struct stat info;
	int len = snprintf(path, sizeof(path), "%s-journal", store_path);

	return len < 0 || (size_t)len >= sizeof(path) || stat(path, &info) == 0;
}

/* Who only reads a store needs no right to its folder, which may be anybody's. */
static enum exit_code open_store_file(struct workplace *w, const char *path)
{
	w->store_file_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (w->store_file_fd >= 0)
		return EXIT_CLEAN;
	log_error("cannot open the store %s: %s", path, strerror(errno));
	return EXIT_MACHINE;
}

/* --store FILE, else exeat.db of --out, else none that is kept. */
static enum exit_code open_store_folder(struct workplace *w, const struct workplace_options *o)
{
	const char *slash = o->store_path ? strrchr(o->store_path, '/') : NULL;
	const char *name = slash ? slash + 1 : o->store_path;
	char folder[WORKPLACE_PATH_CHARS] = ".";

	w->store_read_only = o->store_read_only;
	if (!o->store_path) {
		if (w->out_fd >= 0)
			snprintf(w->store_name, sizeof(w->store_name), "exeat.db");
		w->store_fd = w->out_fd >= 0 ? dup(w->out_fd) : -1;
		w->store_user = w->user;
		return EXIT_CLEAN;
	}
	if (name[0] == '\0' || strlen(name) >= sizeof(w->store_name) ||
	        (slash && (size_t)(slash - o->store_path) >= sizeof(folder))) {
		log_error("--store must name a file");
		return EXIT_USAGE;
	}
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s",
		        slash == o->store_path ? 1 : (int)(slash - o->store_path), o->store_path);
	if (access(folder, F_OK) != 0 ||
	        (o->store_must_exist && access(o->store_path, R_OK) != 0)) {
		log_error("cannot open the store %s: %s", o->store_path, strerror(errno));
		return errno == ENOENT ? EXIT_USAGE : EXIT_MACHINE;
	}
	snprintf(w->store_name, sizeof(w->store_name), "%s", name);
	if (w->store_read_only && !has_journal(o->store_path))
		return open_store_file(w, o->store_path);
	return open_named_folder(w, folder);
}

static void describe_sandbox(struct workplace *w)
{
	struct priv_sandbox *s = &w->sandbox;

	s->user = &w->user;
	s->output_fd = w->out_fd;
	s->store_fd = w->store_fd;
	s->save_fd = w->save_fd;
	s->passed_fd = s->unpacker_fd = -1;
	s->read_only[s->read_only_count++] = "/usr/share/zoneinfo";
	s->read_only[s->read_only_count++] = "/etc/localtime";
	for (size_t i = 0; i < w->geo_count; i++) {
		snprintf(w->geo_paths[i], sizeof(w->geo_paths[i]), "/proc/self/fd/%d",
		        w->geo_fds[i]);
		s->read_only[s->read_only_count++] = w->geo_paths[i];
	}
}

void workplace_clear(struct workplace *w)
{
	static const struct workplace nothing;

	*w = nothing;
	for (int i = 0; i < REGISTRY_FILES; i++)
		w->register_fds[i] = -1;
	for (int i = 0; i < REGISTRY_WORKBOOKS; i++)
		w->workbook_fds[i] = -1;
	w->identifiers_fd = w->terms_fd = w->flags_fd = w->services_fd = w->prescribed_fd = -1;
	w->overrides_fd = w->own_overrides_fd = -1;
	w->out_fd = w->store_fd = w->store_file_fd = w->temporary_fd = w->save_fd = -1;
	w->pass_fds[0] = w->pass_fds[1] = w->unpacker_fd = -1;
	w->register_day = REGISTRY_NO_DAY;
}

enum exit_code workplace_open(struct workplace *w, const struct workplace_options *options)
{
	enum exit_code code;

	workplace_clear(w);
	priv_user_find(&w->user);
	w->store_user = w->save_user = w->user;
	code = workplace_open_rules(w, options);
	if (code == EXIT_CLEAN)
		code = workplace_open_register(w, options);
	if (code == EXIT_CLEAN)
		code = open_geo(w, options);
	if (code == EXIT_CLEAN)
		code = open_output(w, options);
	if (code == EXIT_CLEAN)
		code = open_store_folder(w, options);
	if (code == EXIT_CLEAN)
		code = workplace_open_save_folder(w, options);
	if (code == EXIT_CLEAN)
		workplace_open_temporary(w, options);
	describe_sandbox(w);
	return code;
}

int workplace_read_all(int fd, struct buf *ret, size_t max_bytes)
{
	uint8_t piece[16384];
	ssize_t len;

	buf_init(ret, max_bytes, NULL);
	while ((len = read(fd, piece, sizeof(piece))) != 0) {
		int status;

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return status_from_errno(errno);
		status = buf_append(ret, span_of(piece, (size_t)len));
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* The practice's zone, else the one the store was written with, else this computer's. */
static enum exit_code set_timezone(struct workplace *w)
{
	const char *zone = w->registry ? registry_practice(w->registry)->timezone : "";
	const char *own = getenv("TZ");
	int status;

	snprintf(w->timezone, sizeof(w->timezone), "%s", zone);
	if (w->timezone[0] == '\0') {
		status = store_get_meta(w->store, "timezone", w->timezone, sizeof(w->timezone));
		if (status != STATUS_OK)
			return workplace_complain_store(w, "read the store", status);
	}
	if (w->timezone[0] != '\0' && strcmp(w->timezone, "local") != 0) {
		if (time_set_zone(w->timezone))
			return EXIT_CLEAN;
		log_error("practice.csv: the time zone '%.40s' is not known on this computer; "
		          "write for "
		          "example Australia/Sydney",
		        w->timezone);
		return EXIT_REGISTER;
	}
	snprintf(w->timezone, sizeof(w->timezone), "%.60s",
	        own && own[0] && own[0] != ':' ? own : "local");
	return EXIT_CLEAN;
}

static enum exit_code complain_opening(const struct workplace *w, int status)
{
	const char *name = w->store_name;

	if (status == STATUS_MALFORMED)
		log_error("%s is not a store of exeat; name another file with --store", name);
	else if (status == STATUS_UNSUPPORTED)
		log_error("the store %s was written by a later version of exeat; use that version, "
		          "or another store with --store",
		        name);
	else if (status == STATUS_MORE)
		log_error("the store %s was written by an earlier version of exeat; bring it up to "
		          "date once, by a report with --out or by inspecting into it",
		        name);
	else
		return workplace_complain_store(w, "open the store", status);
	return EXIT_USAGE;
}

static enum exit_code load_store(struct workplace *w)
{
	int status;

	if (w->store_fd >= 0 && fchdir(w->store_fd) != 0)
		return workplace_complain("enter the store's folder", status_from_errno(errno));
	if (w->store_file_fd >= 0)
		status = store_open_descriptor(&w->store, w->store_file_fd);
	else if (w->temporary_fd >= 0)
		status = store_open_temporary(&w->store, w->temporary_fd);
	else
		status = store_open(
		        &w->store, w->store_name[0] ? w->store_name : NULL, w->store_read_only);
	/* A run was killed while it wrote: a reader must take that back first. */
	if (status == STATUS_NO_PERMISSION && w->store_read_only && w->store_fd >= 0)
		status = store_open(&w->store, w->store_name, false);
	return status == STATUS_OK ? EXIT_CLEAN : complain_opening(w, status);
}

enum exit_code workplace_load_location(struct workplace *w)
{
	const char *paths[LOCATION_FILES_MAX];
	struct location_problem problem = {.file = 0};
	int status;

	if (w->geo_count == 0)
		return EXIT_CLEAN;
	for (size_t i = 0; i < w->geo_count; i++)
		paths[i] = w->geo_paths[i];
	status = location_db_new(&w->location, paths, w->geo_count, &problem);
	if (status == STATUS_MALFORMED || status == STATUS_UNSUPPORTED) {
		log_error("the country data %s %s; renew it with: exeat geo build",
		        w->geo_names[problem.file], problem.text);
		return EXIT_USAGE;
	}
	return status == STATUS_OK ? EXIT_CLEAN
	                           : workplace_complain("open the country data", status);
}

/* Only a store that is there can remember a register; none is made. */
static bool store_exists(const struct workplace *w)
{
	struct stat info;

	return w->store_name[0] != '\0' &&
	       fstatat(w->store_fd, w->store_name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

enum exit_code workplace_load_register(struct workplace *w)
{
	int status = priv_sandbox_enter(&w->sandbox, w->level);
	enum exit_code code = EXIT_CLEAN;

	if (status != STATUS_OK)
		return workplace_complain("enter the sandbox", status);
	if (!w->has_register && !store_exists(w))
		return EXIT_CLEAN;
	if (!w->has_register)
		code = load_store(w);
	return code == EXIT_CLEAN ? workplace_read_register(w) : code;
}

enum exit_code workplace_load(struct workplace *w)
{
	int status = priv_sandbox_enter(&w->sandbox, w->level);
	enum exit_code code = EXIT_CLEAN;

	if (status != STATUS_OK)
		return workplace_complain("enter the sandbox", status);
	code = workplace_load_rules(w);
	if (code == EXIT_CLEAN)
		code = load_store(w);
	if (code == EXIT_CLEAN)
		code = workplace_read_register(w);
	if (code == EXIT_CLEAN)
		code = set_timezone(w);
	if (code == EXIT_CLEAN)
		code = workplace_load_location(w);
	if (code == EXIT_CLEAN)
		code = workplace_load_destinations(w);
	if (code == EXIT_CLEAN && (status = priv_sandbox_seal(&w->sandbox)) != STATUS_OK)
		code = workplace_complain("seal the sandbox", status);
	return code;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void workplace_close(struct workplace *w)
{
	w->store = store_free(w->store);
	w->location = location_db_free(w->location);
	w->overrides = overrides_free(w->overrides);
	w->own_overrides = overrides_free(w->own_overrides);
	buf_free(&w->own_overrides_bytes);
	w->services = services_free(w->services);
	w->detect = detect_rules_free(w->detect);
	w->flags = flag_rules_free(w->flags);
	w->registry = registry_free(w->registry);
	for (int i = 0; i < REGISTRY_FILES; i++) {
		buf_free(&w->register_bytes[i]);
		close_fd(&w->register_fds[i]);
	}
	for (int i = 0; i < REGISTRY_WORKBOOKS; i++) {
		buf_free(&w->workbook_bytes[i]);
		close_fd(&w->workbook_fds[i]);
	}
	close_fd(&w->identifiers_fd);
	close_fd(&w->terms_fd);
	close_fd(&w->flags_fd);
	for (size_t i = 0; i < w->geo_count; i++)
		close_fd(&w->geo_fds[i]);
	close_fd(&w->services_fd);
	close_fd(&w->prescribed_fd);
	close_fd(&w->overrides_fd);
	close_fd(&w->own_overrides_fd);
	close_fd(&w->out_fd);
	close_fd(&w->store_fd);
	close_fd(&w->store_file_fd);
	close_fd(&w->temporary_fd);
	close_fd(&w->save_fd);
	close_fd(&w->pass_fds[0]);
	close_fd(&w->pass_fds[1]);
	close_fd(&w->unpacker_fd);
	if (w->not_passed)
		munmap(w->not_passed, sizeof(*w->not_passed));
	w->not_passed = NULL;
}

static enum exit_code finish_outputs(const struct workplace *w)
{
	int status = w->out_fd >= 0 ? priv_finish_output(w->out_fd, &w->user) : STATUS_OK;

	if (status == STATUS_OK && w->store_fd >= 0)
		status = priv_finish_output(w->store_fd, &w->store_user);
	if (status == STATUS_OK && w->save_fd >= 0)
		status = priv_finish_output(w->save_fd, &w->save_user);
	return status == STATUS_OK ? EXIT_CLEAN
	                           : workplace_complain("hand over the outputs", status);
}

static enum exit_code fork_process(enum priv_afterwards afterwards, bool *ret_is_child)
{
	int child_code = EXIT_MACHINE;
	int status = priv_run_inspector(afterwards, ret_is_child, &child_code);

	if (status == STATUS_OK)
		return *ret_is_child ? EXIT_CLEAN : (enum exit_code)child_code;
	return workplace_complain("start the inspecting process", status);
}

enum exit_code workplace_fork_asker(bool *ret_is_asker)
{
	return fork_process(PRIV_GOES_ON, ret_is_asker);
}

enum exit_code workplace_fork(struct workplace *w, bool *ret_is_inspector)
{
	enum exit_code code = fork_process(PRIV_HANDS_OVER, ret_is_inspector);

	return *ret_is_inspector ? code : workplace_leave(w, code);
}

enum exit_code workplace_leave(struct workplace *w, enum exit_code code)
{
	code = exit_code_worse(code, finish_outputs(w));
	workplace_close(w);
	return code;
}
