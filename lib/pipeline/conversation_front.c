/* Whom a conversation is with where its content must not be looked into: the marks of its protocol
 * and the names in its first bytes. Nothing behind them is held, or comes here. */
#include <string.h>

#include "base/status.h"
#include "net/opening.h"
#include "pipeline/conversation.h"

#define TCP 6

/* Of the protocols that name somebody: how, and what the store calls the source of a software. */
struct naming {
	const char *protocol;
	enum opening_protocol opening;
	enum hostname_source source;
	const char *software; /* NULL: it says none */
};

static const struct naming *naming_of(const char *protocol)
{
	static const struct naming namings[] = {
	        {"http", OPENING_HTTP, HOSTNAME_HTTP, "user-agent"},
	        {"ssh", OPENING_SSH, HOSTNAME_NONE, "ssh"},
	        {"smtp", OPENING_SMTP, HOSTNAME_SMTP, "smtp-server"},
	        {"ftp", OPENING_FTP, HOSTNAME_FTP, "ftp-server"},
	        {"socks", OPENING_SOCKS, HOSTNAME_SOCKS, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(namings); i++)
		if (strcmp(namings[i].protocol, protocol) == 0)
			return &namings[i];
	return NULL;
}

static void end_front(struct front *f)
{
	f->done = true;
	buf_free(&f->bytes);
}

/* A mail client greets with its own name: only the server's is the far end's. */
static bool names_far_end(const struct conversation *c, const struct flow *flow,
        const struct naming *naming, unsigned direction)
{
	return naming->source == HOSTNAME_SMTP ? conversation_is_far(c, direction)
	                                       : conversation_is_client(c, flow, direction);
}

static int take_opening(struct conversation *c, const struct flow *flow,
        const struct naming *naming, const struct opening *o, uint8_t direction)
{
	int status = STATUS_OK;

	if (naming->source != HOSTNAME_NONE && names_far_end(c, flow, naming, direction))
		status = conversation_add_name(c, o->host, naming->source, 0);
	if (status == STATUS_OK && naming->software)
		status = conversation_add_software(c, direction, naming->software, o->software);
	if (status == STATUS_OK && o->request && o->software.len > 0 &&
	        conversation_is_client(c, flow, direction))
		status = conversation_keep_user_agent(c, o->software);
	/* Behind a request that asks for no tunnel comes its answer. */
	if (o->request && !o->tunnel)
		conversation_end_hellos(c);
	return status;
}

/* STATUS_MORE: the direction has to show more. */
static int recognise(struct conversation *c, const struct flow *flow, uint8_t direction,
        struct span front, bool over)
{
	const struct decode_opening opening = {.tuple = &flow->tuple,
	        .direction = direction,
	        .datagram = flow->tuple.protocol != TCP,
	        .other = c->recognised.protocol ? c->recognised.protocol : "",
	        .front = front,
	        .over = over};
	struct decode_recognised found = {.protocol = ""};
	const struct naming *naming;
	struct opening said;
	int status = decode_recognise(&opening, &found);

	if (status != STATUS_ITEM)
		return status;
	naming = naming_of(found.protocol);
	if (naming) {
		status = opening_read(naming->opening, front, over, &said);
		if (status != STATUS_OK)
			return status;
		status = take_opening(c, flow, naming, &said, direction);
		if (status != STATUS_OK)
			return status;
	}
	if (!c->recognised.protocol)
		c->recognised = found;
	return STATUS_OK;
}

/* No room is an outcome: the conversation goes unnamed. */
static bool hold(struct front *f, struct span bytes)
{
	return buf_append(&f->bytes, span_slice(bytes, 0, OPENING_BYTES_MAX - f->bytes.len)) ==
	       STATUS_OK;
}

/* Of datagrams the first speaks for all. */
int conversation_watch_front(
        struct conversation *c, const struct flow *flow, const struct chunk *chunk)
{
	struct front *f = &c->front[chunk->direction];
	struct span front = chunk->bytes;
	int status = STATUS_OK;
	bool held = true;

	if (f->done)
		return STATUS_OK;
	if (chunk->gap != CHUNK_DATA || chunk->offset != f->bytes.len) {
		status = recognise(c, flow, chunk->direction, buf_span(&f->bytes), true);
		end_front(f);
		return status < 0 ? status : STATUS_OK;
	}
	/* Most say it all in their first segment. */
	if (f->bytes.len > 0) {
		held = hold(f, chunk->bytes);
		front = buf_span(&f->bytes);
	}
	if (held)
		status = recognise(c, flow, chunk->direction, front, chunk->datagram);
	if (status == STATUS_MORE && (f->bytes.len > 0 || hold(f, chunk->bytes)))
		return STATUS_OK;
	end_front(f);
	return status < 0 ? status : STATUS_OK;
}

int conversation_end_fronts(struct conversation *c, const struct flow *flow)
{
	int status = STATUS_OK;

	for (uint8_t d = 0; d < 2; d++) {
		struct front *f = &c->front[d];

		if (status == STATUS_OK && !f->done && f->bytes.len > 0)
			status = recognise(c, flow, d, buf_span(&f->bytes), true);
		end_front(f);
	}
	return status < 0 ? status : STATUS_OK;
}
