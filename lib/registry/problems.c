#include "registry/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/display.h"

#define SHOWN_BYTES_MAX  32
#define SHOWN_DIGITS_MAX 4 /* six may be a date of birth, seven a patient's number */

static void add(struct problems *p, bool error, struct place at, const char *id, const char *format,
        va_list arguments) __attribute__((format(printf, 5, 0)));

static void add(struct problems *p, bool error, struct place at, const char *id, const char *format,
        va_list arguments)
{
	struct registry_problem *item;

	p->has_error = p->has_error || error;
	if (p->count == ARRAY_LEN(p->items)) {
		p->left_out++;
		return;
	}
	item = &p->items[p->count++];
	*item = (struct registry_problem){
	        .error = error, .id = id, .file = at.file, .line = at.line, .column = at.column};
	item->form = at.whole_book ? REGISTRY_FORM_BOOK : p->forms[at.file];
	if (at.line > 0 && at.column > 0)
		csv_cell_name(at.column, at.row, item->cell);
	vsnprintf(item->text, sizeof(item->text), format, arguments);
}

void problems_error(struct problems *p, struct place at, const char *id, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(p, true, at, id, format, arguments);
	va_end(arguments);
}

void problems_warning(struct problems *p, struct place at, const char *id, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(p, false, at, id, format, arguments);
	va_end(arguments);
}

void problems_patient(struct problems *p, struct place at)
{
	problems_error(p, at, "cell-patient-number",
	        "This cell holds what looks like a patient's number; no patient data may stand in "
	        "the register; remove it.");
}

static bool stands_before(const struct registry_problem *a, const struct registry_problem *b)
{
	if (a->file != b->file)
		return a->file < b->file;
	if (a->line != b->line)
		return a->line < b->line;
	return a->column < b->column;
}

/* Insertion: there are few, and equal places keep the order of the checks. */
void problems_sort(struct problems *p)
{
	for (size_t i = 1; i < p->count; i++) {
		struct registry_problem item = p->items[i];
		size_t at = i;

		for (; at > 0 && stands_before(&item, &p->items[at - 1]); at--)
			p->items[at] = p->items[at - 1];
		p->items[at] = item;
	}
}

const char *problems_quote(const char *cell, char ret[static QUOTED_CHARS])
{
	char shown[SHOWN_BYTES_MAX + 1];
	size_t digits = 0;
	size_t len = strlen(cell);

	for (size_t i = 0; i < len; i++)
		digits += cell[i] >= '0' && cell[i] <= '9';
	if (len == 0 || len >= SHOWN_BYTES_MAX || digits > SHOWN_DIGITS_MAX || strpbrk(cell, " /"))
		return "This cell";
	display_text(span_of_text(cell), shown, sizeof(shown));
	snprintf(ret, QUOTED_CHARS, "\"%s\"", shown);
	return ret;
}
