/* display: the one door through which text from outside reaches anything a person or a program
 * reads. A host name, a User-Agent, a certificate name, a process path: each is attacker-supplied.
 *
 * Rules: control characters, terminal escapes, bidirectional and zero-width characters and bytes
 * that are not UTF-8 go; anything that could be a patient's number becomes ‹identifier›; the result
 * is UTF-8, bounded, and never empty unless the input was. Quoting for CSV, JSON and HTML is the
 * writers' own work; this door comes before theirs. */
#ifndef EXEAT_BASE_DISPLAY_H
#define EXEAT_BASE_DISPLAY_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define DISPLAY_CHARS_MAX  256 /* longest shown text with its closing zero: a DNS name is 253 */
#define DISPLAY_IDENTIFIER "\xe2\x80\xb9identifier\xe2\x80\xba"

/* Cleans text into ret, which holds size bytes (at least 32; no more than DISPLAY_CHARS_MAX are
 * used). A text that does not fit ends in an ellipsis. Identifier rule: in a run of digits that may
 * hold one or two spaces, hyphens, slashes, full stops, underscores, commas, plus or per-cent signs
 * between them, seven or more digits are an identifier (phone numbers, Medicare, IHI, card, CRN);
 * dotted IPv4 addresses, and dates written 2026-10-01 from 2020 on, are left. A word shaped like a
 * DVA file number (state letter, up to three letters, digits to eight characters, perhaps one more
 * letter) is an identifier too. Over-masking is the safe side. */
void display_text(struct span text, char *ret, size_t size) NONNULL(2);
/* A host name: as display_text, lower case, and only letters, digits, hyphen, dot, underscore,
 * colon and star survive; others become '?'. */
void display_host(struct span text, char *ret, size_t size) NONNULL(2);
/* What a computer calls itself: as display_host, but of the names of phones and the like only the
 * words that name the device are left, and of a name with a title (dr, mrs) those before it:
 * "‹owner›-iphone", "dr-‹owner›-pc". Other names of people ("jane-laptop") cannot be told
 * from those of rooms, and stay. */
void display_computer(struct span text, char *ret, size_t size) NONNULL(2);
/* The member of a container as "member 3 (.pdf)": names of content files are never shown, and of
 * extensions only those that a closed list knows ("john.smith" has none). */
void display_member(unsigned number, struct span name, char *ret, size_t size) NONNULL(3);
/* A process path or command line: the program's file name, cleaned; arguments are dropped. Windows
 * paths may hold spaces, so their program ends at ".exe" and its like; Unix ones at a space. */
void display_program(struct span path, char *ret, size_t size) NONNULL(2);

#endif
