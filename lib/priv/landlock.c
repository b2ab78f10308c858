#include "priv/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/status.h"

/* ABI 1 knows bits 0 to 12, 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV; 4 adds the network. */
#define FS_ABI_1     ((UINT64_C(1) << 13) - 1)
#define FS_REFER     (UINT64_C(1) << 13)
#define FS_TRUNCATE  (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_TCP_BOTH UINT64_C(3) /* bind and connect */
#define SCOPE_BOTH   UINT64_C(3) /* abstract sockets and signals */

#define READ_FILE (LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_ALL  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_ALL                                                                                  \
	(READ_ALL | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                  \
	        LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE)

/* The kernel's struct landlock_ruleset_attr as of ABI 6; older kernels accept zeros at its end. */
struct ruleset {
	uint64_t handled_fs, handled_net, scoped;
};

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

const char *landlock_left(int abi)
{
	if (abi >= 6)
		return "";
	if (abi == 5)
		return "signals and abstract sockets";
	if (abi == 4)
		return "devices, signals and abstract sockets";
	if (abi == 3)
		return "TCP, devices, signals and abstract sockets";
	return "lengths of files, TCP, devices, signals and abstract sockets";
}

static int allow_fd(int ruleset, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = access};

	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
		return STATUS_OK;
	return status_from_errno(errno);
}

/* A path that does not exist needs no rule: there is nothing to read. */
static int allow_reading(int ruleset, const char *path, uint64_t handled)
{
	struct stat info;
	int fd = open(path, O_PATH | O_CLOEXEC);
	int status = STATUS_OK;

	if (fd < 0)
		return errno == ENOENT ? STATUS_OK : status_from_errno(errno);
	if (fstat(fd, &info) != 0)
		status = status_from_errno(errno);
	else
		status = allow_fd(
		        ruleset, fd, handled & (S_ISDIR(info.st_mode) ? READ_ALL : READ_FILE));
	close(fd);
	return status;
}

static struct ruleset ruleset_for(int abi)
{
	struct ruleset r = {.handled_fs = FS_ABI_1};

	if (abi >= 2)
		r.handled_fs |= FS_REFER;
	if (abi >= 3)
		r.handled_fs |= FS_TRUNCATE;
	if (abi >= 4)
		r.handled_net = NET_TCP_BOTH;
	if (abi >= 5)
		r.handled_fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		r.scoped = SCOPE_BOTH;
	return r;
}

int landlock_restrict(
        const int *write_fds, size_t write_count, const char *const *read_paths, size_t read_count)
{
	int abi = landlock_abi();
	struct ruleset attributes = ruleset_for(abi);
	int status = STATUS_OK;
	long ruleset;

	if (abi == 0)
		return STATUS_UNSUPPORTED;
	ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0);
	if (ruleset < 0)
		return status_from_errno(errno);
	for (size_t i = 0; status == STATUS_OK && i < write_count; i++)
		if (write_fds[i] >= 0)
			status = allow_fd(
			        (int)ruleset, write_fds[i], attributes.handled_fs & WRITE_ALL);
	for (size_t i = 0; status == STATUS_OK && i < read_count; i++)
		status = allow_reading((int)ruleset, read_paths[i], attributes.handled_fs);
	if (status == STATUS_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		status = status_from_errno(errno);
	close((int)ruleset);
	return status;
}
