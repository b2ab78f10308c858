#include "decode/dimse_association.h"

#include "base/status.h"

#define ITEM_PROPOSED   0x20
#define ITEM_ANSWERED   0x21
#define ITEM_SYNTAX     0x40
#define ITEM_USER       0x50
#define ITEM_SOFTWARE   0x55
#define RESULT_ACCEPTED 0

/* The next item's kind and a cursor over its content; a failed one when it is too long. */
static uint8_t next_item(struct cursor *c, struct cursor *ret)
{
	uint8_t kind = cursor_u8(c);

	cursor_skip(c, 1);
	*ret = cursor_sub(c, cursor_u16be(c));
	return kind;
}

static enum dicom_syntax syntax_proposed(struct cursor *items)
{
	enum dicom_syntax syntax = DICOM_SYNTAX_UNKNOWN;
	bool choice = false;

	while (cursor_left(items) > 0 && !cursor_failed(items)) {
		struct cursor item;

		if (next_item(items, &item) != ITEM_SYNTAX)
			continue;
		choice = choice || syntax != DICOM_SYNTAX_UNKNOWN;
		syntax = dicom_syntax_of(cursor_rest(&item));
	}
	return choice ? DICOM_SYNTAX_UNKNOWN : syntax;
}

static void read_context(struct cursor *c, bool answered, struct dimse_association *ret)
{
	uint8_t id = cursor_u8(c), result;

	cursor_skip(c, 1);
	result = cursor_u8(c);
	cursor_skip(c, 1);
	if (cursor_failed(c) || (answered && result != RESULT_ACCEPTED))
		return;
	ret->syntaxes[DIMSE_CONTEXT(id)] = (uint8_t)syntax_proposed(c);
}

static void read_user(struct cursor *c, struct dimse_association *ret)
{
	while (cursor_left(c) > 0 && !cursor_failed(c)) {
		struct cursor item;

		if (next_item(c, &item) == ITEM_SOFTWARE)
			ret->software = span_trim(dicom_trim(cursor_rest(&item)));
	}
}

int dimse_association_read(struct span unit, struct dimse_association *ret)
{
	struct cursor c = cursor_open(unit);

	*ret = (struct dimse_association){0};
	cursor_skip(&c, 4);
	ret->called = span_trim(dicom_trim(cursor_span(&c, 16)));
	ret->calling = span_trim(dicom_trim(cursor_span(&c, 16)));
	cursor_skip(&c, 32);
	while (cursor_left(&c) > 0 && !cursor_failed(&c)) {
		struct cursor item;
		uint8_t kind = next_item(&c, &item);

		if (kind == ITEM_PROPOSED || kind == ITEM_ANSWERED)
			read_context(&item, kind == ITEM_ANSWERED, ret);
		else if (kind == ITEM_USER)
			read_user(&item, ret);
	}
	return cursor_failed(&c) ? STATUS_MALFORMED : STATUS_OK;
}
