#include "base/status.h"

#include <errno.h>

const char *status_text(int status)
{
	switch (status) {
	case STATUS_NO_MEMORY:
		return "out of memory";
	case STATUS_IO:
		return "read or write failed";
	case STATUS_NO_SPACE:
		return "the disk is full";
	case STATUS_NO_PERMISSION:
		return "permission refused";
	case STATUS_USAGE:
		return "wrong use";
	case STATUS_LIBRARY:
		return "a library failed";
	case STATUS_REGISTER:
		return "the register cannot be used";
	case STATUS_BUG:
		return "internal error";
	case STATUS_BUSY:
		return "another run is using it";
	case STATUS_DAMAGED:
		return "the store is damaged";
	case STATUS_OK:
		return "ok";
	case STATUS_ITEM:
		return "item";
	case STATUS_END:
		return "end";
	case STATUS_MORE:
		return "more input needed";
	case STATUS_TRUNCATED:
		return "cut short";
	case STATUS_MALFORMED:
		return "malformed";
	case STATUS_UNSUPPORTED:
		return "not supported";
	case STATUS_LIMIT:
		return "limit reached";
	case STATUS_ENCRYPTED:
		return "encrypted";
	case STATUS_NOT_FOUND:
		return "not found";
	default:
		return "unknown status";
	}
}

int status_from_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
		return STATUS_NO_SPACE;
	case EACCES:
	case EPERM:
		return STATUS_NO_PERMISSION;
	case ENOMEM:
		return STATUS_NO_MEMORY;
	default:
		return STATUS_IO;
	}
}
