/* dot_text: text that ends in a line with nothing but a dot, and whose other lines have a dot put
 * before them where they begin with one: how SMTP (RFC 5321 section 4.5.2) and POP3 (RFC 1939
 * section 3) send mails. Holds nothing; the text may come in any pieces. */
#ifndef EXEAT_DECODE_DOT_TEXT_H
#define EXEAT_DECODE_DOT_TEXT_H

#include "base/compiler.h"
#include "base/cursor.h"

enum dot_state { DOT_LINE_BEGIN, DOT_LINE_MIDDLE, DOT_AFTER_DOT, DOT_AFTER_DOT_CR };

struct dot_text {
	enum dot_state state; /* zeroed: at the begin of a line */
};

/* The next piece of the text: STATUS_ITEM, it borrows from c or is a constant, and may be empty;
 * STATUS_END, the last line was taken; STATUS_OK, more input is needed. */
int dot_text_next(struct dot_text *d, struct cursor *c, struct span *ret) WUNRES NONNULL(1, 2, 3);
/* Bytes are missing: what follows is in the middle of a line. */
void dot_text_lost(struct dot_text *d) NONNULL(1);

#endif
