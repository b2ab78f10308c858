/* What is made of nDPI's answers; without it, that nothing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../net/frame_maker.h"
#include "base/status.h"
#include "classify/protocol.h"

#define PORT_AT (14 + 20 + 2) /* behind Ethernet, IPv4 and the source's port */

static const char request[] = "GET /update.exe HTTP/1.1\r\nHost: 203.0.113.9\r\n"
                              "User-Agent: Test/1.0\r\nAccept: */*\r\n\r\n";

/* A segment of an open connection to this port. */
static struct packet make_packet(struct frame_maker *m, unsigned port, const char *payload)
{
	struct packet p;

	m->len = 0;
	put_ethernet(m, 0x0800);
	put_ipv4(m, 6, 20 + strlen(payload));
	put_tcp(m, 20, TCP_ACK | TCP_PSH);
	m->bytes[PORT_AT] = (uint8_t)(port >> 8);
	m->bytes[PORT_AT + 1] = (uint8_t)port;
	put_bytes(m, payload, strlen(payload));
	p = decode(m, 1);
	assert_int_equal(p.outcome, PACKET_OK);
	return p;
}

static void label(unsigned port, const char *payload, struct protocol_label *ret)
{
	struct protocol_engine *engine = NULL;
	struct protocol_flow *flow = NULL;
	struct frame_maker m;
	struct packet p = make_packet(&m, port, payload);
	struct budget budget;

	budget_init(&budget, 2 * PROTOCOL_FLOW_BYTES - 1);
	assert_int_equal(protocol_engine_new(&engine), STATUS_OK);
	assert_int_equal(protocol_flow_new(&flow, engine, &budget), STATUS_OK);
	protocol_flow_feed(flow, &p);
	protocol_flow_label(flow, ret);
	protocol_flow_free(flow);
	assert_int_equal(budget.used_bytes, 0);
	protocol_engine_free(engine);
}

static void says_what_it_is_and_how_sure(void **state)
{
	bool known = strcmp(protocol_engine_version(), "none") != 0;
	struct protocol_label l;

	(void)state;
	label(80, request, &l);
	assert_string_equal(l.label, known ? "HTTP" : "");
	assert_string_equal(l.confidence, known ? "dpi" : "none");
	assert_string_equal(l.category, known ? "Web" : "");
	assert_true(known == (strstr(l.risks, "HTTP Numeric IP Address") != NULL));
	label(443, "what nobody speaks", &l);
	assert_string_equal(l.label, known ? "TLS" : "");
	assert_string_equal(l.confidence, known ? "port" : "none");
	label(40000, "what nobody speaks", &l);
	assert_string_equal(l.label, "");
	assert_string_equal(l.confidence, "none");
	assert_string_equal(l.category, "");
	assert_string_equal(l.risks, "");
}

static void takes_no_more_than_its_room(void **state)
{
	struct protocol_engine *engine = NULL;
	struct protocol_flow *flow = NULL;
	struct budget budget;

	(void)state;
	if (strcmp(protocol_engine_version(), "none") == 0)
		return;
	budget_init(&budget, PROTOCOL_FLOW_BYTES - 1);
	assert_int_equal(protocol_engine_new(&engine), STATUS_OK);
	assert_int_equal(protocol_flow_new(&flow, engine, &budget), STATUS_LIMIT);
	assert_null(flow);
	assert_int_equal(budget.used_bytes, 0);
	protocol_engine_free(engine);
}

static void label_by(struct protocol_engine *engine, struct protocol_label *ret)
{
	struct protocol_flow *flow = NULL;
	struct frame_maker m;
	struct packet p = make_packet(&m, 80, request);
	struct budget budget;

	budget_init(&budget, PROTOCOL_FLOW_BYTES);
	assert_int_equal(protocol_flow_new(&flow, engine, &budget), STATUS_OK);
	protocol_flow_feed(flow, &p);
	protocol_flow_label(flow, ret);
	protocol_flow_free(flow);
}

static void shares_its_tables(void **state)
{
	struct protocol_engine *engines[3] = {NULL};
	struct protocol_label first, other;

	(void)state;
	assert_int_equal(protocol_engine_new(&engines[0]), STATUS_OK);
	assert_int_equal(protocol_engine_share(&engines[1], engines[0]), STATUS_OK);
	label_by(engines[0], &first);
	assert_int_equal(protocol_engine_share(&engines[2], engines[0]), STATUS_OK);
	for (size_t i = ARRAY_LEN(engines); i-- > 0;) {
		label_by(engines[i], &other);
		assert_memory_equal(&other, &first, sizeof(first));
		protocol_engine_free(engines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(shares_its_tables),
	        cmocka_unit_test(says_what_it_is_and_how_sure),
	        cmocka_unit_test(takes_no_more_than_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
