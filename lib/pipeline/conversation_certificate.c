/* What the far end's certificate says, in the store's form. */
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/status.h"
#include "pipeline/conversation.h"

static void copy_names(const struct certificate *from, struct store_certificate *to)
{
	char shown[DISPLAY_CHARS_MAX];
	size_t used = 0;

	to->names_left_out = from->names_left_out;
	for (unsigned i = 0; i < from->name_count; i++) {
		size_t len, gap = used > 0;

		display_host(span_of_text(from->names[i]), shown, sizeof(shown));
		len = strlen(shown);
		if (used + gap + len >= sizeof(to->names)) {
			to->names_left_out++;
			continue;
		}
		if (gap > 0)
			to->names[used++] = ' ';
		memcpy(to->names + used, shown, len + 1);
		used += len;
	}
}

static enum store_name_check name_check(enum certificate_fit fit)
{
	switch (fit) {
	case CERTIFICATE_FITS:
		return STORE_NAME_FITS;
	case CERTIFICATE_DIFFERS:
		return STORE_NAME_DIFFERS;
	default:
		return STORE_NAME_UNCHECKED;
	}
}

int conversation_keep_certificate(struct conversation *c, const struct certificate *from)
{
	struct store_certificate *to;

	if (c->certificate)
		return STATUS_OK;
	if (budget_charge(c->context->budget, sizeof(*to)) != STATUS_OK) {
		c->certificate_unread = true;
		return STATUS_OK;
	}
	to = calloc(1, sizeof(*to));
	if (!to) {
		budget_release(c->context->budget, sizeof(*to));
		return STATUS_NO_MEMORY;
	}
	to->seen = true;
	copy_names(from, to);
	display_text(span_of_text(from->issuer), to->issuer, sizeof(to->issuer));
	to->not_before_s = from->not_before_s;
	to->not_after_s = from->not_after_s;
	to->self_signed = from->self_signed;
	to->name_check = name_check(from->fit);
	c->certificate = to;
	return STATUS_OK;
}

void conversation_drop_certificate(struct conversation *c)
{
	if (c->certificate)
		budget_release(c->context->budget, sizeof(*c->certificate));
	free(c->certificate);
	c->certificate = NULL;
}
