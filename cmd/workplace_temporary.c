/* The file of a store that is not kept: opened by the monitor, and without a name from the first,
 * so that nothing stays behind however the run ends. In memory it would grow with the capture. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/workplace.h"

/* Not every file system knows files without a name; there the name goes at once. */
static int open_unnamed(const char *folder)
{
	char path[WORKPLACE_PATH_CHARS];
	int fd = open(folder, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int len;

	if (fd >= 0)
		return fd;
	len = snprintf(path, sizeof(path), "%s/exeat-XXXXXX", folder);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

void workplace_open_temporary(struct workplace *w, const struct workplace_options *o)
{
	/* The first outlives a restart and is seldom in memory (hier(7)). */
	static const char *const usual[] = {"/var/tmp", "/tmp"};
	const char *chosen = getenv("TMPDIR");
	/* Whoever chose a folder wants nothing to be written elsewhere. */
	const char *const *folders = chosen && chosen[0] ? &chosen : usual;
	size_t count = chosen && chosen[0] ? 1 : ARRAY_LEN(usual);

	if (!o->fills_store || w->store_name[0] != '\0')
		return;
	for (size_t i = 0; i < count && w->temporary_fd < 0; i++) {
		w->temporary_fd = open_unnamed(folders[i]);
		w->temporary_folder = folders[i];
	}
	if (w->temporary_fd < 0)
		log_warning("no temporary file can be made in %s (%s), so everything is kept in "
		            "memory; set TMPDIR to a folder with room",
		        w->temporary_folder, strerror(errno));
}
