/* charset: the text of a field becomes UTF-8, in which the spaces and hyphens of typesetting are
 * those of ASCII, so that a detector sees one form of a number.
 *
 * A byte that is no part of a valid UTF-8 character is read as Windows-1252, of which ISO 8859-1 is
 * a part for every character that is written; where the sender declares one of the two, every byte
 * is. U+00A0, U+2007, U+202F and the like become a space, U+2010 to U+2013 and U+2212 a hyphen;
 * marks that nobody sees (soft hyphen, zero width, direction) go. Sources: RFC 3629, WHATWG
 * Encoding Standard (index windows-1252), Unicode 15 chapter 6. */
#ifndef EXEAT_DECODE_CHARSET_H
#define EXEAT_DECODE_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define CHARSET_CHAR_MAX 4  /* bytes of UTF-8 for one character */
#define CHARSET_HELD_MAX 3  /* bytes of a character that is not whole yet */
#define CHARSET_GROWTH   3  /* a byte of Windows-1252 becomes three at most */
#define CHARSET_ROOM_MIN 16 /* less room may make no progress */

struct charset_reader {
	bool single; /* declared: one byte, one character */
	uint8_t held[CHARSET_HELD_MAX];
	uint8_t held_count;
};

/* No byte of it is outside of ASCII: nothing is to be done. */
bool charset_is_plain(struct span bytes);
/* One of the names of the two sets, in small letters. */
bool charset_is_single(const char *name) NONNULL(1);
/* Takes bytes until *in is empty or the room does not hold another character; returns what stands
 * in out. */
size_t charset_read(struct charset_reader *r, struct cursor *in, uint8_t *out, size_t room)
        NONNULL(1, 2, 3);
/* The text has ended: what was held stands for itself. At most 9 bytes. */
size_t charset_finish(struct charset_reader *r, uint8_t out[static CHARSET_ROOM_MIN]) NONNULL(1);
/* One character; 1 to 4 bytes. What is no character becomes U+FFFD. */
size_t charset_put(uint8_t out[static CHARSET_CHAR_MAX], uint32_t code);
/* The character of a byte of Windows-1252. */
uint32_t charset_of_1252(uint8_t byte);

#endif
