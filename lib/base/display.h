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

/* Cleans text into ret, which holds size bytes (at least 16). A text that does not fit ends in an
 * ellipsis. Identifier rule: in a run of digits that may hold single spaces, hyphens, slashes or
 * full stops, seven or more digits are an identifier (phone numbers, Medicare, IHI, card, CRN);
 * dotted IPv4 addresses and the dates 2026-10-01 are left; so is one letter-digit token of the
 * shapes of a DVA file number. Over-masking is the safe side. */
void display_text(struct span text, char *ret, size_t size) NONNULL(2);
/* A host name: as display_text, lower case, and only letters, digits, hyphen, dot, underscore,
 * colon and star survive; others become '?'. */
void display_host(struct span text, char *ret, size_t size) NONNULL(2);
/* The member of a container as "member 3 (.pdf)": names of content files are never shown. */
void display_member(unsigned number, struct span name, char *ret, size_t size) NONNULL(3);
/* A process path or command: the last path component, cleaned. */
void display_program(struct span path, char *ret, size_t size) NONNULL(2);

#endif
