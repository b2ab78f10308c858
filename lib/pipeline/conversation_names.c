/* What a handshake says in clear, over TCP, QUIC or DTLS: names, versions, fingerprints. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/dtls.h"
#include "pipeline/conversation.h"
#include "tls/certificate_cache.h"
#include "tls/quic.h"

#define DATAGRAMS_WATCHED 256 /* of a flow: calls begin with many packets of address finding */
#define CHANGE_CIPHER     20  /* types of records behind which nothing is said in clear */
#define APPLICATION_DATA  23
#define CERTIFICATE_NAMES 4 /* of a flow without a better name: a shared one may hold hundreds */
#define LATE_HELLO_BYTES  16384 /* after which nothing negotiates TLS any more */
#define TLS_HANDSHAKE     22    /* first byte of a record that opens a connection, RFC 8446 5.1 */
#define TLS_RECORD_BYTES  5
#define TLS_1_3           0x0304
#define DTLS_1_3          0xfefc /* its versions count down */

/* A UDP flow whose handshake is being read. */
struct datagram_hello {
	struct quic *quic;           /* NULL: it is DTLS */
	struct dtls dtls[2];         /* hello of the client, of the server */
	struct dtls certificates[2]; /* by direction: a client may show one, too */
	uint8_t server;              /* its direction, once its hello was seen */
	bool certificate_over;       /* read, or given up */
};

/* The list of names is made when the first name comes. No room for it: the flow goes unnamed. */
static int name_list(struct conversation *c, struct hostname_list **ret)
{
	if (!c->names && budget_charge(c->context->budget, sizeof(*c->names)) == STATUS_OK) {
		c->names = calloc(1, sizeof(*c->names));
		if (!c->names) {
			budget_release(c->context->budget, sizeof(*c->names));
			return STATUS_NO_MEMORY;
		}
	}
	*ret = c->names;
	return STATUS_OK;
}

int conversation_add_name(
        struct conversation *c, struct span name, enum hostname_source source, int64_t age_ns)
{
	struct hostname_list *list;
	int status;

	if (name.len == 0)
		return STATUS_OK;
	status = name_list(c, &list);
	if (status == STATUS_OK && list)
		hostname_list_add(list, name, source, age_ns);
	return status;
}

/* A hello that breaks its own lists has a name perhaps, but no fingerprint. */
static int take_fingerprints(
        struct conversation *c, const struct client_hello *hello, enum fingerprint_carrier carrier)
{
	int status = fingerprint_ja3(hello, c->ja3);

	if (status == STATUS_OK)
		status = fingerprint_ja4(hello, carrier, c->ja4);
	return status < 0 ? status : STATUS_OK;
}

/* The first hello counts, and before it one of ours: a server that sends one, too, says nothing. */
static bool hello_counts(const struct conversation *c, unsigned direction)
{
	return !c->client_seen || (!c->client_ours && conversation_is_ours(c, direction));
}

/* What of its layer nobody can read is encrypted from here on. */
static void note_client(struct conversation *c, unsigned direction)
{
	c->client_seen = true;
	c->client_ours = conversation_is_ours(c, direction);
	c->layers[c->level[0]].tls = true;
}

/* From outside, it is one of our own names. */
static int add_server_name(
        struct conversation *c, const struct client_hello *hello, unsigned direction)
{
	if (!conversation_is_ours(c, direction))
		return STATUS_OK;
	return conversation_add_name(c, span_of_text(hello->server_name),
	        hello->encrypted_hello ? HOSTNAME_SNI_OUTER : HOSTNAME_SNI, 0);
}

static int take_client_hello(struct conversation *c, struct span body,
        enum fingerprint_carrier carrier, unsigned direction)
{
	struct client_hello hello;
	int status;

	if (!hello_counts(c, direction) || client_hello_read(body, &hello) != STATUS_OK)
		return STATUS_OK;
	note_client(c, direction);
	status = take_fingerprints(c, &hello, carrier);
	return status == STATUS_OK ? add_server_name(c, &hello, direction) : status;
}

/* A hello whose end was not captured: its name, if that came before, and no fingerprint. */
static int take_cut_hello(struct conversation *c, struct span front, unsigned direction)
{
	struct client_hello hello;

	if (!hello_counts(c, direction) || client_hello_read_front(front, &hello) != STATUS_OK)
		return STATUS_OK;
	note_client(c, direction);
	return add_server_name(c, &hello, direction);
}

static void take_server_hello(struct conversation *c, struct span body)
{
	if (!c->server_seen)
		c->server_seen = server_hello_read(body, &c->server) == STATUS_OK;
}

static bool has_own_name(const struct conversation *c)
{
	return c->names && c->names->count > 0 && c->names->names[0].source < HOSTNAME_CERTIFICATE;
}

static struct span asked_name(const struct conversation *c)
{
	for (unsigned i = 0; c->names && i < c->names->count; i++) {
		const struct hostname *n = &c->names->names[i];

		if (n->source == HOSTNAME_SNI || n->source == HOSTNAME_SNI_OUTER)
			return span_of_text(n->name);
	}
	return (struct span){.len = 0};
}

static int take_certificate(struct conversation *c, struct span body)
{
	const struct certificate *certificate;
	int status = certificate_cache_read(
	        c->context->certificates, body, asked_name(c), &certificate);

	c->certificate_too_large |= status == STATUS_LIMIT;
	c->certificate_unread |= status == STATUS_MALFORMED;
	if (status != STATUS_OK)
		return status < 0 ? status : STATUS_OK;
	status = conversation_keep_certificate(c, certificate);
	for (unsigned i = 0; status == STATUS_OK && i < certificate->name_count &&
	                     i < CERTIFICATE_NAMES && !has_own_name(c);
	        i++)
		status = conversation_add_name(
		        c, span_of_text(certificate->names[i]), HOSTNAME_CERTIFICATE, 0);
	return status;
}

/* Up to 1.2, of the far end: what is shown to outside says nothing of who came. */
static bool shows_certificate(const struct conversation *c, unsigned direction)
{
	uint16_t version = c->server.version;

	return c->server_seen && conversation_is_far(c, direction) &&
	       (version >> 8 == 0xfe ? version > DTLS_1_3 : version < TLS_1_3);
}

/* The certificate follows the server's hello. */
static int read_server_stream(struct conversation *c, struct hello *h, struct span stream)
{
	unsigned direction = (unsigned)(h - c->hello);
	struct handshake message;
	int status = handshake_find(
	        stream, HANDSHAKE_SERVER_HELLO, HANDSHAKE_SERVER_HELLO, &message);

	if (status != STATUS_OK)
		return status;
	take_server_hello(c, message.body);
	handshake_free(&message);
	if (!shows_certificate(c, direction))
		return STATUS_OK;
	h->awaits_certificate = true;
	status = handshake_find(stream, HANDSHAKE_SERVER_HELLO, HANDSHAKE_CERTIFICATE, &message);
	c->certificate_too_large |= status == STATUS_LIMIT;
	if (status != STATUS_OK)
		return status;
	status = take_certificate(c, message.body);
	handshake_free(&message);
	return status;
}

static int read_client_stream(struct conversation *c, struct span stream, unsigned direction)
{
	struct handshake message;
	int status = handshake_find(
	        stream, HANDSHAKE_CLIENT_HELLO, HANDSHAKE_CLIENT_HELLO, &message);

	if (status != STATUS_OK)
		return status;
	status = take_client_hello(c, message.body, FINGERPRINT_TCP, direction);
	handshake_free(&message);
	return status;
}

/* Which end speaks is read from the message, not from the direction: of a conversation whose start
 * was not captured, the direction is a guess. */
static int read_hello(struct conversation *c, struct hello *h)
{
	struct span stream = buf_span(&h->bytes);
	int status = read_client_stream(c, stream, (unsigned)(h - c->hello));

	return status == STATUS_UNSUPPORTED ? read_server_stream(c, h, stream) : status;
}

static void end_hello(struct hello *h)
{
	h->done = true;
	buf_free(&h->bytes);
}

void conversation_end_hellos(struct conversation *c)
{
	for (int i = 0; i < 2; i++)
		end_hello(&c->hello[i]);
}

/* What is held will not become whole. */
static int end_cut_hello(struct conversation *c, struct hello *h)
{
	struct handshake message;
	int status = STATUS_MORE;

	if (!h->done && h->bytes.len > 0)
		status = handshake_front(buf_span(&h->bytes), HANDSHAKE_CLIENT_HELLO, &message);
	if (status == STATUS_OK) {
		status = take_cut_hello(c, message.body, (unsigned)(h - c->hello));
		handshake_free(&message);
	}
	end_hello(h);
	return status < 0 ? status : STATUS_OK;
}

/* TLS at the very start, or where a segment starts with a whole hello's first bytes: what comes
 * before it may be STARTTLS, SOCKS or RDP's negotiation, of which we may have no decoder. */
static bool may_begin(const struct hello *h, uint64_t offset, struct span bytes)
{
	struct cursor c = cursor_open(bytes);
	uint8_t type = cursor_u8(&c), major = cursor_u8(&c);

	if (offset == h->start)
		return bytes.len > 0 && type == TLS_HANDSHAKE;
	cursor_skip(&c, TLS_RECORD_BYTES - 2);
	return type == TLS_HANDSHAKE && major == 3 && cursor_u8(&c) <= HANDSHAKE_SERVER_HELLO &&
	       !cursor_failed(&c);
}

/* Keeps the bytes of each direction from where a TLS hello may begin. A gap ends the attempt. */
static int watch_stream(struct conversation *c, struct hello *h, const struct chunk *chunk)
{
	uint64_t offset = chunk->offset;
	struct span bytes = chunk->bytes;
	int status;

	if (h->done || (chunk->gap == CHUNK_DATA && offset + bytes.len <= h->start))
		return STATUS_OK;
	if (chunk->gap != CHUNK_DATA || (h->bytes.len == 0 && offset > LATE_HELLO_BYTES + h->start))
		return end_cut_hello(c, h);
	if (offset < h->start) {
		bytes = span_slice(bytes, (size_t)(h->start - offset), bytes.len);
		offset = h->start;
	}
	if (h->bytes.len == 0 && !may_begin(h, offset, bytes))
		return STATUS_OK;
	status = buf_append(&h->bytes, bytes);
	if (status == STATUS_OK)
		status = read_hello(c, h);
	else if (h->awaits_certificate && h->bytes.len + bytes.len > h->bytes.max_bytes)
		c->certificate_too_large = true;
	if (status == STATUS_MORE)
		return STATUS_OK;
	if (status == STATUS_UNSUPPORTED)
		buf_free(&h->bytes);
	else
		end_hello(h);
	return status < 0 ? status : STATUS_OK;
}

static int begin_datagrams(struct conversation *c, struct span datagram)
{
	struct budget *budget = c->context->budget;
	bool quic = quic_is_initial(datagram);
	struct datagram_hello *d;
	int status = STATUS_OK;

	if (++c->datagrams >= DATAGRAMS_WATCHED)
		c->datagrams_done = true;
	if (!quic && !dtls_is_handshake(datagram))
		return STATUS_OK;
	if (budget_charge(budget, sizeof(*d)) != STATUS_OK)
		return STATUS_LIMIT;
	d = calloc(1, sizeof(*d));
	if (!d) {
		budget_release(budget, sizeof(*d));
		return STATUS_NO_MEMORY;
	}
	c->datagrams = 0;
	for (int i = 0; i < 2; i++) {
		dtls_init(&d->dtls[i], budget);
		dtls_init(&d->certificates[i], budget);
	}
	if (quic)
		status = quic_new(&d->quic, budget);
	c->datagram_hello = d;
	return status;
}

void conversation_end_datagrams(struct conversation *c)
{
	struct datagram_hello *d = c->datagram_hello;

	c->datagrams_done = true;
	c->datagram_hello = NULL;
	if (!d)
		return;
	quic_free(d->quic);
	for (int i = 0; i < 2; i++) {
		dtls_free(&d->dtls[i]);
		dtls_free(&d->certificates[i]);
	}
	budget_release(c->context->budget, sizeof(*d));
	free(d);
}

static int read_quic(struct conversation *c, struct quic *q, unsigned direction)
{
	unsigned client = quic_client(q);
	struct span body;
	int status = STATUS_OK;

	if (quic_google_name(q)[0] != '\0' && !c->client_seen) {
		note_client(c, direction);
		if (c->client_ours)
			status = conversation_add_name(
			        c, span_of_text(quic_google_name(q)), HOSTNAME_SNI, 0);
		c->datagrams_done = true;
	}
	if (handshake_open(quic_handshake(q, true), HANDSHAKE_CLIENT_HELLO, &body) == STATUS_OK)
		status = take_client_hello(c, body, FINGERPRINT_QUIC, client);
	if (handshake_open(quic_handshake(q, false), HANDSHAKE_SERVER_HELLO, &body) == STATUS_OK)
		take_server_hello(c, body);
	return status;
}

static int feed_quic(struct conversation *c, struct quic *q, const struct chunk *chunk)
{
	int status = quic_feed(q, chunk->direction, chunk->bytes);

	if (status < 0)
		return status;
	if (status == STATUS_LIMIT)
		c->datagrams_done = true;
	return read_quic(c, q, chunk->direction);
}

/* Fragments may come before the hello that says whose they are. */
static int feed_dtls_certificate(
        struct conversation *c, struct datagram_hello *d, const struct chunk *chunk)
{
	struct span body;
	int status = dtls_feed(
	        &d->certificates[chunk->direction], chunk->bytes, HANDSHAKE_CERTIFICATE, &body);

	if (status < 0 || chunk->direction != d->server || !shows_certificate(c, d->server))
		return status < 0 ? status : STATUS_OK;
	c->certificate_too_large |= status == STATUS_LIMIT;
	d->certificate_over |= status == STATUS_LIMIT || status == STATUS_ITEM;
	return status == STATUS_ITEM ? take_certificate(c, body) : STATUS_OK;
}

/* Either end, by the messages: see read_hello. */
static int feed_dtls(struct conversation *c, struct datagram_hello *d, const struct chunk *chunk)
{
	struct span body;
	int status = dtls_feed(&d->dtls[0], chunk->bytes, HANDSHAKE_CLIENT_HELLO, &body);

	if (++c->datagrams >= DATAGRAMS_WATCHED)
		c->datagrams_done = true;
	if (status == STATUS_ITEM)
		status = take_client_hello(c, body, FINGERPRINT_DTLS, chunk->direction);
	if (status < 0)
		return status;
	status = dtls_feed(&d->dtls[1], chunk->bytes, HANDSHAKE_SERVER_HELLO, &body);
	if (status < 0)
		return status;
	if (status == STATUS_ITEM && !c->server_seen) {
		take_server_hello(c, body);
		d->server = chunk->direction;
	}
	return d->certificate_over ? STATUS_OK : feed_dtls_certificate(c, d, chunk);
}

/* All was said that is said in clear. */
static bool datagrams_read(const struct conversation *c, const struct chunk *chunk)
{
	uint8_t type = chunk->bytes.len > 0 ? chunk->bytes.data[0] : 0;

	if (c->datagrams_done || !c->client_seen || !c->server_seen)
		return c->datagrams_done;
	if (!c->datagram_hello || c->datagram_hello->quic ||
	        !shows_certificate(c, c->datagram_hello->server))
		return true;
	return c->datagram_hello->certificate_over || type == CHANGE_CIPHER ||
	       type == APPLICATION_DATA;
}

static int watch_datagram(struct conversation *c, const struct chunk *chunk)
{
	int status = STATUS_OK;

	if (c->datagrams_done || chunk->gap != CHUNK_DATA)
		return STATUS_OK;
	if (!c->datagram_hello)
		status = begin_datagrams(c, chunk->bytes);
	if (status == STATUS_OK && c->datagram_hello) {
		if (c->datagram_hello->quic)
			status = feed_quic(c, c->datagram_hello->quic, chunk);
		else
			status = feed_dtls(c, c->datagram_hello, chunk);
	}
	if (status == STATUS_LIMIT || datagrams_read(c, chunk))
		conversation_end_datagrams(c);
	return status < 0 ? status : STATUS_OK;
}

/* The front of a QUIC hello: its other frames were not captured. */
static int end_cut_quic(struct conversation *c)
{
	struct span front = {.len = 0};

	if (c->datagram_hello && c->datagram_hello->quic)
		front = quic_handshake(c->datagram_hello->quic, true);
	if (front.len <= HANDSHAKE_HEADER_BYTES || front.data[0] != HANDSHAKE_CLIENT_HELLO)
		return STATUS_OK;
	return take_cut_hello(c, span_slice(front, HANDSHAKE_HEADER_BYTES, front.len),
	        quic_client(c->datagram_hello->quic));
}

int conversation_end_names(struct conversation *c)
{
	int status = end_cut_quic(c);

	conversation_end_datagrams(c);
	for (int i = 0; status == STATUS_OK && i < 2; i++)
		status = end_cut_hello(c, &c->hello[i]);
	return status;
}

int conversation_watch_hello(struct conversation *c, const struct chunk *chunk)
{
	if (chunk->datagram)
		return watch_datagram(c, chunk);
	return watch_stream(c, &c->hello[chunk->direction], chunk);
}
