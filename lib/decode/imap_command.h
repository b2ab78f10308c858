/* imap_command: whether a line is a command of IMAP, RFC 3501 section 6 and what others added. */
#ifndef EXEAT_DECODE_IMAP_COMMAND_H
#define EXEAT_DECODE_IMAP_COMMAND_H

#include "decode/decoder.h"

/* The line begins with a tag and a command. PROBE_MORE: it may still become one. */
enum probe_answer imap_command_begins(struct span line);

#endif
