#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

#define BUF_FIRST_BYTES 256

void budget_init(struct budget *b, size_t max_bytes)
{
	*b = (struct budget){.max_bytes = max_bytes};
}

void budget_init_part(struct budget *b, size_t max_bytes, struct budget *borrowed_whole)
{
	budget_init(b, max_bytes);
	b->whole = borrowed_whole;
}

static bool has_room(const struct budget *b, size_t bytes)
{
	for (; b; b = b->whole)
		if (bytes > b->max_bytes - b->used_bytes)
			return false;
	return true;
}

int budget_charge(struct budget *b, size_t bytes)
{
	const bool fits = has_room(b, bytes);

	for (struct budget *at = b; at; at = at->whole) {
		at->refusals += !fits;
		at->used_bytes += fits ? bytes : 0;
		if (at->used_bytes > at->peak_bytes)
			at->peak_bytes = at->used_bytes;
	}
	return fits ? STATUS_OK : STATUS_LIMIT;
}

void budget_release(struct budget *b, size_t bytes)
{
	for (struct budget *at = b; at; at = at->whole)
		at->used_bytes -= bytes > at->used_bytes ? at->used_bytes : bytes;
}

void buf_init(struct buf *b, size_t max_bytes, struct budget *budget)
{
	*b = (struct buf){.max_bytes = max_bytes, .budget = budget};
}

void buf_free(struct buf *b)
{
	if (!b)
		return;
	if (b->data)
		explicit_bzero(b->data, b->len);
	free(b->data);
	if (b->budget)
		budget_release(b->budget, b->capacity);
	b->data = NULL;
	b->len = 0;
	b->capacity = 0;
}

void buf_clear(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->len);
	b->len = 0;
}

/* Moves the content to a larger block by hand, so that the old copy can be wiped. */
static int grow(struct buf *b, size_t capacity)
{
	uint8_t *data;

	if (b->budget && budget_charge(b->budget, capacity - b->capacity) != STATUS_OK)
		return STATUS_LIMIT;
	data = malloc(capacity);
	if (!data) {
		if (b->budget)
			budget_release(b->budget, capacity - b->capacity);
		return STATUS_NO_MEMORY;
	}
	if (b->data) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->len);
		free(b->data);
	}
	b->data = data;
	b->capacity = capacity;
	return STATUS_OK;
}

int buf_reserve(struct buf *b, size_t bytes)
{
	size_t capacity;

	if (b->len > b->max_bytes || bytes > b->max_bytes - b->len)
		return STATUS_LIMIT;
	if (bytes <= b->capacity - b->len)
		return STATUS_OK;
	capacity = b->capacity > b->max_bytes / 2 ? b->max_bytes : b->capacity * 2;
	if (capacity < BUF_FIRST_BYTES)
		capacity = BUF_FIRST_BYTES;
	if (capacity < b->len + bytes)
		capacity = b->len + bytes;
	if (capacity > b->max_bytes)
		capacity = b->max_bytes;
	return grow(b, capacity);
}

int buf_append(struct buf *b, struct span bytes)
{
	int status;

	if (bytes.len == 0)
		return STATUS_OK;
	status = buf_reserve(b, bytes.len);
	if (status != STATUS_OK)
		return status;
	memcpy(b->data + b->len, bytes.data, bytes.len);
	b->len += bytes.len;
	return STATUS_OK;
}

int buf_append_byte(struct buf *b, uint8_t byte)
{
	return buf_append(b, span_of(&byte, 1));
}

int buf_append_text(struct buf *b, const char *text)
{
	return buf_append(b, span_of_text(text));
}

int buf_printf(struct buf *b, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;
	int len;
	int status;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0)
		return STATUS_NO_MEMORY;
	status = buf_append(b, span_of(text, (size_t)len));
	explicit_bzero(text, (size_t)len);
	free(text);
	return status;
}

void buf_drop_front(struct buf *b, size_t len)
{
	if (len >= b->len) {
		buf_clear(b);
		return;
	}
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len);
	explicit_bzero(b->data + (b->len - len), len);
	b->len -= len;
}

struct span buf_span(const struct buf *b)
{
	return span_of(b->data, b->len);
}
