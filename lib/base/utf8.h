/* utf8: takes one character at a time from bytes that claim to be UTF-8 (RFC 3629), and puts one
 * back. Over-long forms, surrogates and values past U+10FFFF are refused. */
#ifndef EXEAT_BASE_UTF8_H
#define EXEAT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define UTF8_BYTES_MAX 4

/* The character at the front of s, and how many bytes it takes; 0 when s is empty or its front is
 * not UTF-8 (*ret is then untouched). */
size_t utf8_decode(struct span s, uint32_t *ret) NONNULL(2);
/* Writes a character that utf8_decode gave; the number of bytes. */
size_t utf8_encode(uint32_t character, char ret[static UTF8_BYTES_MAX]);
/* Offset of the first byte that is not UTF-8; s.len when all of it is. */
size_t utf8_valid_length(struct span s);

#endif
