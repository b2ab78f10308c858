/* status: the two kinds of result that every function of exeat returns.
 *
 * 0 is success. A negative value is a failure of ours or of the machine: the caller forwards it
 * unchanged. A positive value is a named outcome of the *input*: the caller must handle it and must
 * count or report it. Pull functions (x_next) return STATUS_ITEM for an item and 0 for none. */
#ifndef EXEAT_BASE_STATUS_H
#define EXEAT_BASE_STATUS_H

enum status {
	/* failures: forward unchanged */
	STATUS_NO_MEMORY = -1,     /* an allocation failed */
	STATUS_IO = -2,            /* read, write or rename failed; errno holds the reason */
	STATUS_NO_SPACE = -3,      /* the disk is full */
	STATUS_NO_PERMISSION = -4, /* the machine refused */
	STATUS_USAGE = -5,         /* the caller asked for something that does not exist */
	STATUS_LIBRARY =
	        -6, /* a library or database refused in a way that is not the input's fault */
	STATUS_REGISTER = -7, /* the practice's register cannot be used */
	STATUS_BUG = -8,      /* an invariant of ours does not hold */
	STATUS_BUSY = -9,     /* another run is using it */
	STATUS_DAMAGED = -10, /* the store's file is damaged */

	STATUS_OK = 0,

	/* outcomes of the input: handle and count */
	STATUS_ITEM = 1,        /* a pull function gave an item */
	STATUS_END = 2,         /* the input ended where it should */
	STATUS_MORE = 3,        /* more input is needed before anything can be said */
	STATUS_TRUNCATED = 4,   /* the input ended too early */
	STATUS_MALFORMED = 5,   /* the bytes break the format */
	STATUS_UNSUPPORTED = 6, /* a valid form that we do not read */
	STATUS_LIMIT = 7,       /* a stated maximum was reached */
	STATUS_ENCRYPTED = 8,   /* the content is locked */
	STATUS_NOT_FOUND = 9,   /* asked-for item is absent */
};

/* Plain-English name of a status for messages; never NULL. */
const char *status_text(int status);

/* Maps errno to the negative status that fits (ENOSPC, EDQUOT -> STATUS_NO_SPACE; EACCES, EPERM ->
 * STATUS_NO_PERMISSION; ENOMEM -> STATUS_NO_MEMORY; the rest STATUS_IO). */
int status_from_errno(int error);

#endif
