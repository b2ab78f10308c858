/* ftp_command: what one line of an FTP control connection says.
 *
 * Sources: RFC 959 sections 4.1 and 4.2 (commands, replies) and 5.4; RFC 775 (X commands); RFC 2228
 * (protection); RFC 2389 (FEAT, OPTS); RFC 2428 (EPRT, EPSV); RFC 3659 (MLSD, SIZE, MDTM); RFC 4217
 * (AUTH TLS); RFC 7151 (HOST). CLNT and the checksum commands are of no RFC, but common. */
#ifndef EXEAT_DECODE_FTP_COMMAND_H
#define EXEAT_DECODE_FTP_COMMAND_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/decode.h"

/* What is done with a command's argument. */
enum ftp_use {
	FTP_NONE,      /* nothing: it has none, or it is a secret or a setting */
	FTP_UPLOAD,    /* name of a file that the client sends next */
	FTP_DOWNLOAD,  /* name of a file or a list that it asks for */
	FTP_PATH,      /* another name */
	FTP_HOST,      /* the server's name */
	FTP_AGENT,     /* the client's program */
	FTP_SETTING,   /* how files are sent */
	FTP_PORT,      /* where the client awaits the data: PORT */
	FTP_PORT_LONG, /* EPRT */
	FTP_ENCRYPTED, /* a command that nobody can read */
	FTP_UNKNOWN,   /* a command that we do not know */
};

struct ftp_command {
	enum ftp_use use;
	struct span verb;     /* borrows from the line, as it was written */
	struct span argument; /* trimmed; may be empty */
	bool distinct;        /* no other protocol has such a line */
};

/* line: without its end. */
void ftp_command_read(struct span line, struct ftp_command *ret) NONNULL(2);
/* The beginning of a line may still become a command that we know. */
bool ftp_command_possible(struct span start);

/* Three digits and a space or a hyphen. */
bool ftp_is_reply(struct span line);
/* A reply as no other protocol gives it: with such a number, or a greeting that says FTP. */
bool ftp_reply_is_distinct(struct span line);

/* Where the data is awaited, protocol and all. False for what is none: *ret is unchanged then. */
bool ftp_read_port(struct span argument, struct decode_related *ret) NONNULL(2);
bool ftp_read_port_long(struct span argument, struct decode_related *ret) NONNULL(2);
/* The text behind the number of reply 227 or 229. */
bool ftp_read_passive(struct span text, struct decode_related *ret) NONNULL(2);
bool ftp_read_passive_long(struct span text, struct decode_related *ret) NONNULL(2);

#endif
