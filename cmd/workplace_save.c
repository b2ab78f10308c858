/* The folder of saved content: opened by the monitor, written by the inspector. Patients' records
 * lie in it as they were sent, so it is never the one of the reports, which are passed on. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

/* "visits/monday.pcapng" is the folder "visits" and the stem "monday". */
static bool split_path(
        const char *path, char ret_folder[static WORKPLACE_PATH_CHARS], struct workplace *w)
{
	const size_t suffix = strlen(SAVED_SUFFIX);
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = strlen(name), folder = slash ? (size_t)(slash - path) : 1;

	if (len > suffix && strcmp(name + len - suffix, SAVED_SUFFIX) == 0)
		len -= suffix;
	if (len == 0 || len > SAVED_STEM_CHARS_MAX || name[0] == '.' ||
	        folder >= WORKPLACE_PATH_CHARS)
		return false;
	snprintf(w->save_stem, sizeof(w->save_stem), "%.*s", (int)len, name);
	if (!slash)
		snprintf(ret_folder, WORKPLACE_PATH_CHARS, ".");
	else
		snprintf(ret_folder, WORKPLACE_PATH_CHARS, "%.*s", slash == path ? 1 : (int)folder,
		        path);
	return true;
}

static bool is_folder(int fd, const char *folder)
{
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && stat(folder, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

enum exit_code workplace_open_save_folder(struct workplace *w, const struct workplace_options *o)
{
	char folder[WORKPLACE_PATH_CHARS];
	int status;

	if (!o->save_path)
		return EXIT_CLEAN;
	if (!split_path(o->save_path, folder, w)) {
		log_error("--save must name a file of at most %d characters, such as "
		          "saved/visit.pcapng",
		        SAVED_STEM_CHARS_MAX);
		return EXIT_USAGE;
	}
	if (is_folder(w->out_fd, folder) || is_folder(w->store_fd, folder)) {
		log_error("--save needs a folder of its own: what is saved holds patients' "
		          "records, and the folder %s holds reports, which are passed on",
		        folder);
		return EXIT_USAGE;
	}
	status = priv_open_output(folder, PRIV_SAVED, &w->save_user, &w->save_fd);
	if (status == STATUS_OK)
		status = workplace_check_writable(w->save_fd, &w->save_user);
	if (status == STATUS_OK)
		return EXIT_CLEAN;
	if (status == STATUS_USAGE)
		log_error("the folder %s of --save holds other files; give a new or an empty one",
		        folder);
	else
		log_error("cannot use the folder %s of --save: %s", folder,
		        status == STATUS_BUSY || errno == 0 ? status_text(status)
		                                            : strerror(errno));
	return status == STATUS_USAGE ? EXIT_USAGE : EXIT_MACHINE;
}
