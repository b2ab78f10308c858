#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/saved_name.h"
#include "base/status.h"
#include "priv/priv.h"

#define NOBODY_ID 65534 /* Debian's nobody and nogroup */

static bool id_from_environment(const char *name, uint32_t *ret)
{
	const char *text = getenv(name);
	uint64_t value;

	if (!text || !span_to_u64(span_of_text(text), UINT32_MAX - 1, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

void priv_user_find(struct priv_user *ret)
{
	struct passwd *entry;

	*ret = (struct priv_user){
	        .uid = geteuid(), .gid = getegid(), .owner_uid = geteuid(), .owner_gid = getegid()};
	if (geteuid() != 0)
		return;
	ret->changes = true;
	if (id_from_environment("SUDO_UID", &ret->uid) &&
	        id_from_environment("SUDO_GID", &ret->gid) && ret->uid != 0) {
		ret->owner_uid = ret->uid;
		ret->owner_gid = ret->gid;
		return;
	}
	entry = getpwnam("exeat");
	ret->uid = entry && entry->pw_uid != 0 ? entry->pw_uid : NOBODY_ID;
	ret->gid = entry && entry->pw_uid != 0 ? entry->pw_gid : NOBODY_ID;
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_saved_name(const char *name)
{
	struct span stem;
	int64_t time_s;

	return saved_name_parse(name, &stem, &time_s);
}

bool priv_is_output_name(const char *name)
{
	static const char *const names[] = {"summary.csv", "flags.csv", "flows.jsonl",
	        "report.html", "run.json", "changes.csv", "evidence.pcapng", "exeat.db",
	        "exeat.db-journal", "exeat.key", "draft", "country.mmdb", "asn.mmdb",
	        "overrides.csv"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	if (is_saved_name(name))
		return true;
	/* A store under another name, and what an interrupted run leaves behind. */
	return ends_with(name, ".db") || ends_with(name, ".db-journal") ||
	       (name[0] == '.' && ends_with(name, ".tmp"));
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A folder handle of its own, so that reading starts at the first entry. */
static DIR *open_entries(int dir_fd)
{
	int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;

	if (!folder && copy >= 0)
		close(copy);
	return folder;
}

/* What may lie in a folder of this kind. Without a change of owner a folder of reports may hold
 * other people's files. */
static bool may_hold(enum priv_folder kind, bool changes, const char *name)
{
	if (kind == PRIV_SAVED || is_saved_name(name))
		return kind == PRIV_SAVED && is_saved_name(name);
	return !changes || priv_is_output_name(name);
}

/* A file of ours that has another name elsewhere: giving that away would give away the other. */
static bool may_be_given(int dir_fd, const char *name)
{
	struct stat info;

	return fstatat(dir_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (S_ISDIR(info.st_mode) || info.st_nlink == 1);
}

/* STATUS_USAGE when the folder holds what it must not. Changes nothing. */
static int check_ours(int dir_fd, enum priv_folder kind, bool changes)
{
	DIR *folder = open_entries(dir_fd);
	struct dirent *entry;
	int status = STATUS_OK;

	if (!folder)
		return status_from_errno(errno);
	while (status == STATUS_OK && (entry = readdir(folder))) {
		const char *name = entry->d_name;

		if (is_dots(name))
			continue;
		if (!may_hold(kind, changes, name) || (changes && !may_be_given(dir_fd, name)))
			status = STATUS_USAGE;
	}
	closedir(folder);
	return status;
}

/* Gives our files to uid and gid. Draft files stand one folder below. */
static int hand_over(int dir_fd, uid_t uid, gid_t gid)
{
	DIR *folder = open_entries(dir_fd);
	struct dirent *entry;
	int status = STATUS_OK;

	if (!folder)
		return status_from_errno(errno);
	while (status == STATUS_OK && (entry = readdir(folder))) {
		if (is_dots(entry->d_name) || !priv_is_output_name(entry->d_name))
			continue;
		if (fchownat(dir_fd, entry->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
		        errno != ENOENT)
			status = status_from_errno(errno);
	}
	closedir(folder);
	return status;
}

/* The files of draft/ are ours as well; the folder may be absent. */
static int hand_over_draft(int dir_fd, uid_t uid, gid_t gid)
{
	static const char *const names[] = {"programs.csv", "destinations.csv", "evidence.csv"};
	int draft = openat(dir_fd, "draft", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int status = STATUS_OK;

	if (draft < 0)
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (fchownat(draft, names[i], uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
		        errno != ENOENT)
			status = status_from_errno(errno);
	close(draft);
	return status;
}

/* A folder that stood there keeps its owner, unless an interrupted run had taken it from root. */
static void keep_owner(int fd, struct priv_user *user)
{
	struct stat info;

	if (fstat(fd, &info) == 0 && info.st_uid != 0 && info.st_uid != user->uid) {
		user->owner_uid = info.st_uid;
		user->owner_gid = info.st_gid;
	}
}

/* The lock lasts as long as monitor or inspector has the folder open. A file system without locks
 * is no reason to refuse. */
static int lock_folder(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return STATUS_OK;
	return STATUS_BUSY;
}

static int take_over(int fd, bool existed, struct priv_user *user)
{
	int status;

	if (existed)
		keep_owner(fd, user);
	status = hand_over(fd, user->uid, user->gid);
	if (status == STATUS_OK)
		status = hand_over_draft(fd, user->uid, user->gid);
	if (status == STATUS_OK && fchown(fd, user->uid, user->gid) != 0)
		status = status_from_errno(errno);
	return status;
}

int priv_open_output(const char *path, enum priv_folder folder, struct priv_user *user, int *ret_fd)
{
	bool existed = false;
	int status, fd;

	if (mkdir(path, 0700) != 0) {
		if (errno != EEXIST)
			return status_from_errno(errno);
		existed = true;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return status_from_errno(errno);
	status = lock_folder(fd);
	if (status == STATUS_OK)
		status = check_ours(fd, folder, user->changes);
	if (status == STATUS_OK && user->changes)
		status = take_over(fd, existed, user);
	if (status != STATUS_OK) {
		close(fd);
		return status;
	}
	*ret_fd = fd;
	return STATUS_OK;
}

int priv_share_output(const char *path, struct priv_user *user, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return status_from_errno(errno);
	user->changes = false;
	*ret_fd = fd;
	return STATUS_OK;
}

int priv_finish_output(int dir_fd, const struct priv_user *user)
{
	int status;

	if (!user->changes)
		return STATUS_OK;
	status = hand_over(dir_fd, user->owner_uid, user->owner_gid);
	if (status == STATUS_OK)
		status = hand_over_draft(dir_fd, user->owner_uid, user->owner_gid);
	if (status == STATUS_OK && fchown(dir_fd, user->owner_uid, user->owner_gid) != 0)
		status = status_from_errno(errno);
	return status;
}
