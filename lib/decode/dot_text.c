#include "decode/dot_text.h"

#include "base/status.h"

/* One byte at a line's begin or behind its first dot. STATUS_MORE: it is part of the text and has
 * not been taken. */
static int dot_byte(struct dot_text *d, struct cursor *c, struct span *ret)
{
	int byte = cursor_peek(c, 0);

	if (d->state == DOT_LINE_BEGIN) {
		d->state = byte == '.' ? DOT_AFTER_DOT : DOT_LINE_MIDDLE;
		if (byte != '.')
			return STATUS_MORE;
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	if (byte == '\n') {
		cursor_skip(c, 1);
		return STATUS_END;
	}
	if (byte == '\r' && d->state == DOT_AFTER_DOT) {
		d->state = DOT_AFTER_DOT_CR;
		cursor_skip(c, 1);
		return STATUS_ITEM;
	}
	if (d->state == DOT_AFTER_DOT_CR)
		*ret = span_of("\r", 1);
	d->state = DOT_LINE_MIDDLE;
	return ret->len > 0 ? STATUS_ITEM : STATUS_MORE;
}

int dot_text_next(struct dot_text *d, struct cursor *c, struct span *ret)
{
	struct span rest = span_of(c->at, c->left);
	size_t len = 0;
	int status = STATUS_MORE;

	*ret = span_of(NULL, 0);
	if (rest.len == 0)
		return STATUS_OK;
	if (d->state != DOT_LINE_MIDDLE)
		status = dot_byte(d, c, ret);
	if (status != STATUS_MORE)
		return status;
	/* Up to the next line that begins with a dot, or as far as there is input. */
	while (len < rest.len) {
		size_t end = span_find_byte(span_slice(rest, len, SIZE_MAX), '\n');

		d->state = end == SIZE_MAX ? DOT_LINE_MIDDLE : DOT_LINE_BEGIN;
		len = end == SIZE_MAX ? rest.len : len + end + 1;
		if (len < rest.len && rest.data[len] == '.')
			break;
	}
	*ret = cursor_span(c, len);
	return STATUS_ITEM;
}

void dot_text_lost(struct dot_text *d)
{
	d->state = DOT_LINE_MIDDLE;
}
