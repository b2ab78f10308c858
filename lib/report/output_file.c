#include "report/output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

void output_init(struct output_set *s, int dir_fd)
{
	*s = (struct output_set){.dir_fd = dir_fd};
}

static int failure(void)
{
	return status_from_errno(errno ? errno : EIO);
}

static int open_folder(int dir_fd, const char *folder)
{
	if (*folder == '\0')
		folder = ".";
	else if (mkdirat(dir_fd, folder, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A temporary that an interrupted run left goes first; what then stands there is not ours. */
static FILE *open_temporary(const struct output_file *f)
{
	FILE *file;
	int fd;

	if (unlinkat(f->folder_fd, f->temporary, 0) != 0 && errno != ENOENT)
		return NULL;
	fd = openat(f->folder_fd, f->temporary,
	        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return NULL;
	file = fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;
	if (!file) {
		int error = errno;

		close(fd);
		unlinkat(f->folder_fd, f->temporary, 0);
		errno = error;
	}
	return file;
}

int output_open(struct output_set *s, const char *folder, const char *name, FILE **ret_borrows)
{
	struct output_file *f = &s->files[s->count];

	if (s->count >= OUTPUT_FILES_MAX || strlen(name) >= OUTPUT_NAME_CHARS)
		return STATUS_BUG;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->temporary, sizeof(f->temporary), ".%s.tmp", name);
	f->folder_fd = open_folder(s->dir_fd, folder);
	if (f->folder_fd < 0)
		return failure();
	f->file = open_temporary(f);
	if (!f->file) {
		int status = failure();

		close(f->folder_fd);
		return status;
	}
	s->count++;
	*ret_borrows = f->file;
	return STATUS_OK;
}

static int finish_file(struct output_file *f)
{
	int status = STATUS_OK;

	if (ferror(f->file) || fflush(f->file) != 0 || fsync(fileno(f->file)) != 0)
		status = failure();
	if (fclose(f->file) != 0 && status == STATUS_OK)
		status = failure();
	f->file = NULL;
	return status;
}

int output_finish(struct output_set *s)
{
	int status = STATUS_OK;

	for (unsigned i = 0; status == STATUS_OK && i < s->count; i++)
		if (s->files[i].file)
			status = finish_file(&s->files[i]);
	if (status != STATUS_OK)
		output_abort(s);
	return status;
}

int output_commit(struct output_set *s)
{
	int status = output_finish(s);

	for (unsigned i = 0; status == STATUS_OK && i < s->count; i++) {
		struct output_file *f = &s->files[i];

		if (renameat(f->folder_fd, f->temporary, f->folder_fd, f->name) == 0)
			s->replaced = true;
		else
			status = failure();
	}
	for (unsigned i = 0; status == STATUS_OK && i < s->count; i++)
		if (fsync(s->files[i].folder_fd) != 0)
			status = failure();
	output_abort(s);
	return status;
}

void output_abort(struct output_set *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct output_file *f = &s->files[i];

		if (f->file)
			fclose(f->file);
		/* After a commit there is no such name any more. */
		unlinkat(f->folder_fd, f->temporary, 0);
		close(f->folder_fd);
	}
	s->count = 0;
}
