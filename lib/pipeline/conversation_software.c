/* What the ends of a conversation say of their software, in the fields that protocols have for it.
 * Only of the conversation itself: a message that is passed on inside of another speaks of somebody
 * else's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/status.h"
#include "pipeline/conversation.h"

/* HL7 comes in frames of its own, or as the body of a request. */
#define HL7_DEPTH_MAX 1

/* A server of mail, by the protocol that it greets in. */
static const char *mail_source(const struct decode_event *e)
{
	if (e->field.role != ROLE_SOFTWARE)
		return NULL;
	if (strcmp(e->name, "POP3") == 0)
		return "pop3-server";
	return strcmp(e->name, "IMAP") == 0 ? "imap-server" : "smtp-server";
}

static const char *source_of(const struct decode_event *e)
{
	if (e->carrier == CARRIER_HL7_V2 && e->depth <= HL7_DEPTH_MAX)
		return e->field.role == ROLE_SOFTWARE ? "hl7" : NULL;
	if (e->depth > 0)
		return NULL;
	if (e->carrier == CARRIER_HTTP_REQUEST)
		return e->field.role == ROLE_USER_AGENT ? "user-agent" : NULL;
	if (e->carrier == CARRIER_HTTP_RESPONSE)
		return e->field.role == ROLE_SOFTWARE ? "http-server" : NULL;
	if (e->carrier == CARRIER_MAIL)
		return mail_source(e);
	if (e->carrier == CARRIER_DATABASE)
		return e->field.role == ROLE_SOFTWARE ? "database" : NULL;
	if (e->carrier == CARRIER_SSH)
		return e->field.role == ROLE_SOFTWARE ? "ssh" : NULL;
	if (e->carrier != CARRIER_FTP)
		return NULL;
	if (e->field.role == ROLE_USER_AGENT)
		return "ftp-client";
	/* RFC 959 section 5.4: what a server says first. */
	return e->field.role == ROLE_HEADER && strcmp(e->name, "220") == 0 ? "ftp-server" : NULL;
}

static bool is_known(const struct conversation *c, const struct store_software *said)
{
	for (unsigned i = 0; i < c->software_count; i++)
		if (c->software[i].sender == said->sender &&
		        strcmp(c->software[i].text, said->text) == 0)
			return true;
	return false;
}

int conversation_add_software(
        struct conversation *c, uint8_t sender, const char *source, struct span text)
{
	const size_t bytes = STORE_SOFTWARE_MAX * sizeof(*c->software);
	struct store_software said = {.sender = sender};

	if (text.len == 0 || c->software_count == STORE_SOFTWARE_MAX)
		return STATUS_OK;
	snprintf(said.source, sizeof(said.source), "%s", source);
	display_text(text, said.text, sizeof(said.text));
	if (said.text[0] == '\0' || is_known(c, &said))
		return STATUS_OK;
	/* No room is an outcome: the conversation says nothing of its software. */
	if (!c->software && budget_charge(c->context->budget, bytes) != STATUS_OK)
		return STATUS_OK;
	if (!c->software) {
		c->software = calloc(1, bytes);
		if (!c->software) {
			budget_release(c->context->budget, bytes);
			return STATUS_NO_MEMORY;
		}
	}
	c->software[c->software_count++] = said;
	return STATUS_OK;
}

int conversation_note_software(struct conversation *c, const struct decode_event *e)
{
	const char *source;

	if (e->kind != DECODE_FIELD || e->field.kind != FIELD_VALUE || e->field.bytes.len == 0)
		return STATUS_OK;
	source = source_of(e);
	return source ? conversation_add_software(c, e->direction, source, e->field.bytes)
	              : STATUS_OK;
}

void conversation_drop_software(struct conversation *c)
{
	if (c->software)
		budget_release(c->context->budget, STORE_SOFTWARE_MAX * sizeof(*c->software));
	free(c->software);
	c->software = NULL;
}
