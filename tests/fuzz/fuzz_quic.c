/* fuzz_quic: datagrams of one flow, as they are or as frames sealed for QUIC's Initial packets, so
 * that what lies behind the keys is reached. Each: a control byte, a length in two, the bytes. */
#include <stdlib.h>

#include "../tls/quic_maker.h"
#include "base/status.h"
#include "net/client_hello.h"
#include "tls/quic.h"

#define BUDGET_BYTES ((size_t)1 << 20)
#define FRAMES_MAX   1400

enum control { DIRECTION = 1, RAW = 2, BY_CLIENT = 4, OTHER_ID = 8, VERSION_2 = 16, APPEND = 32 };

static const uint8_t ids[2][8] = {{0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08}, {1, 2, 3}};

static void add_packet(struct datagram *d, uint8_t control, struct span bytes)
{
	struct span id = span_of(ids[(control & OTHER_ID) != 0], 8);
	struct quic_sealing how = {.version = (control & VERSION_2) != 0 ? 0x6b3343cf : 1,
	        .key_id = id,
	        .destination = id,
	        .of_client = (control & BY_CLIENT) != 0};

	if ((control & APPEND) == 0)
		d->len = 0;
	if ((control & RAW) != 0)
		put(d, bytes.data, bytes.len);
	else if (bytes.len >= 4) /* less leaves no sample */
		put_initial(d, &how, bytes);
}

static void check(const struct quic *q)
{
	struct client_hello hello;
	struct span body;

	if (handshake_open(quic_handshake(q, true), HANDSHAKE_CLIENT_HELLO, &body) == STATUS_OK &&
	        client_hello_read(body, &hello) < 0)
		abort();
	if (strlen(quic_google_name(q)) >= QUIC_NAME_CHARS)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct datagram datagram;
	struct cursor c = cursor_open_bytes(data, size);
	struct budget budget;
	struct quic *q;

	budget_init(&budget, BUDGET_BYTES);
	if (quic_new(&q, &budget) != STATUS_OK)
		abort();
	datagram.len = 0;
	while (!cursor_failed(&c) && cursor_left(&c) > 0) {
		uint8_t control = cursor_u8(&c);
		uint16_t len = cursor_u16be(&c);
		uint8_t *exact;

		if (len > FRAMES_MAX)
			len = FRAMES_MAX;
		add_packet(&datagram, control, cursor_span(&c, len < c.left ? len : c.left));
		exact = malloc(datagram.len ? datagram.len : 1);
		if (!exact)
			abort();
		memcpy(exact, datagram.bytes, datagram.len);
		if (quic_feed(q, control & DIRECTION, span_of(exact, datagram.len)) < 0)
			abort();
		(void)quic_is_initial(span_of(exact, datagram.len));
		free(exact);
	}
	check(q);
	quic_free(q);
	if (budget.used_bytes != 0)
		abort();
	return 0;
}
