#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"
#include "registry/template.h"

#define FILES_MAX (REGISTRY_FILES * 2 + 1)
#define EXAMPLE   "example"

/* What is made. The monitor makes the files, empty, and keeps their descriptors; the inspector
 * fills them from inside the sandbox; then they are handed to whoever started the command. */
struct sheaf {
	int folder_fd, example_fd;
	bool made_folder, made_example;
	int fds[FILES_MAX]; /* tables, their examples, the guide; -1: not made */
};

static const char *name_of(size_t file)
{
	return file == FILES_MAX - 1
	               ? "README.txt"
	               : registry_file_name((enum registry_file)(file % REGISTRY_FILES));
}

static int folder_of(const struct sheaf *s, size_t file)
{
	return file >= REGISTRY_FILES && file < FILES_MAX - 1 ? s->example_fd : s->folder_fd;
}

static int make_folder(int parent, const char *name, bool *ret_made, int *ret_fd)
{
	*ret_made = mkdirat(parent, name, 0700) == 0;
	if (!*ret_made && errno != EEXIST)
		return STATUS_IO;
	*ret_fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_fd >= 0 ? STATUS_OK : STATUS_IO;
}

static enum exit_code make_files(struct sheaf *s, const char *path)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		const char *below = folder_of(s, i) == s->example_fd ? EXAMPLE "/" : "";

		s->fds[i] = openat(folder_of(s, i), name_of(i),
		        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (s->fds[i] >= 0)
			continue;
		if (errno == EEXIST) {
			log_error("%s/%s%s is there already and is left as it is; give a new or an "
			          "empty folder",
			        path, below, name_of(i));
			return EXIT_USAGE;
		}
		log_error("cannot make %s/%s%s: %s", path, below, name_of(i), strerror(errno));
		return EXIT_MACHINE;
	}
	return EXIT_CLEAN;
}

static enum exit_code make_sheaf(struct sheaf *s, const char *path)
{
	int status = make_folder(AT_FDCWD, path, &s->made_folder, &s->folder_fd);

	if (status == STATUS_OK && faccessat(s->folder_fd, "register.xlsx", F_OK, 0) == 0) {
		log_error("%s holds register.xlsx already; give a new or an empty folder", path);
		return EXIT_USAGE;
	}
	if (status == STATUS_OK)
		status = make_folder(s->folder_fd, EXAMPLE, &s->made_example, &s->example_fd);
	if (status != STATUS_OK) {
		log_error("cannot make the folder %s: %s", path, strerror(errno));
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? EXIT_USAGE
		                                                             : EXIT_MACHINE;
	}
	return make_files(s, path);
}

static int write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t len = write(fd, bytes.data, bytes.len);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return status_from_errno(errno);
		bytes = span_slice(bytes, (size_t)len, bytes.len);
	}
	return fsync(fd) == 0 ? STATUS_OK : status_from_errno(errno);
}

static int fill_file(const struct sheaf *s, size_t file)
{
	enum registry_file table = (enum registry_file)(file % REGISTRY_FILES);
	struct buf text;
	int status;

	buf_init(&text, TEMPLATE_BYTES_MAX, NULL);
	if (file == FILES_MAX - 1)
		status = template_guide(&text);
	else
		status = file < REGISTRY_FILES ? template_table(table, &text)
		                               : template_example(table, &text);
	if (status == STATUS_OK)
		status = write_all(s->fds[file], buf_span(&text));
	buf_free(&text);
	return status;
}

static enum exit_code fill(const struct sheaf *s, const struct priv_user *user)
{
	const struct priv_sandbox sandbox = {.user = user,
	        .output_fd = -1,
	        .store_fd = -1,
	        .save_fd = -1,
	        .passed_fd = -1,
	        .unpacker_fd = -1};
	char level[PRIV_LEVEL_CHARS];
	int status = priv_sandbox_enter(&sandbox, level);

	if (status == STATUS_OK)
		status = priv_sandbox_seal(&sandbox);
	if (status != STATUS_OK)
		return workplace_complain("enter the sandbox", status);
	for (size_t i = 0; status == STATUS_OK && i < FILES_MAX; i++)
		status = fill_file(s, i);
	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain("write the register", status);
}

static enum exit_code hand_over(const struct sheaf *s, const struct priv_user *user)
{
	bool failed = false;

	for (size_t i = 0; user->changes && i < FILES_MAX; i++)
		failed = failed || fchown(s->fds[i], user->owner_uid, user->owner_gid) != 0;
	if (user->changes && s->made_example)
		failed = failed || fchown(s->example_fd, user->owner_uid, user->owner_gid) != 0;
	if (user->changes && s->made_folder)
		failed = failed || fchown(s->folder_fd, user->owner_uid, user->owner_gid) != 0;
	return failed ? workplace_complain("hand over the register", status_from_errno(errno))
	              : EXIT_CLEAN;
}

/* After a failure nothing is left of what was made; what was there before stays. */
static void close_sheaf(const struct sheaf *s, const char *path, bool keep)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (s->fds[i] < 0)
			continue;
		close(s->fds[i]);
		if (!keep)
			unlinkat(folder_of(s, i), name_of(i), 0);
	}
	if (s->example_fd >= 0)
		close(s->example_fd);
	if (!keep && s->made_example)
		unlinkat(s->folder_fd, EXAMPLE, AT_REMOVEDIR);
	if (s->folder_fd >= 0)
		close(s->folder_fd);
	if (!keep && s->made_folder)
		rmdir(path);
}

int cmd_register_template(int argc, char **argv)
{
	struct sheaf s = {.folder_fd = -1, .example_fd = -1};
	bool is_inspector = false;
	struct priv_user user;
	enum exit_code code;

	if (argc != 2 || argv[1][0] == '-') {
		log_error("usage: exeat register template DIR");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < FILES_MAX; i++)
		s.fds[i] = -1;
	priv_user_find(&user);
	code = make_sheaf(&s, argv[1]);
	if (code == EXIT_CLEAN)
		code = workplace_fork_asker(&is_inspector);
	if (is_inspector)
		return (int)fill(&s, &user);
	if (code == EXIT_CLEAN)
		code = hand_over(&s, &user);
	close_sheaf(&s, argv[1], code == EXIT_CLEAN);
	if (code == EXIT_CLEAN)
		printf("The files of a register are in %s; README.txt there explains them.\n",
		        argv[1]);
	return (int)code;
}
