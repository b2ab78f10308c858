/* One conversation that goes over into another: CONNECT, 101 Switching Protocols, STARTTLS. Each is
 * fed whole, byte by byte, and cut at every offset, and must give the same row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/conversation.h"
#include "rules_of_source.h"

#define BUDGET_BYTES (64u << 20)
#define WHOLE        SIZE_MAX

#define CONNECT "CONNECT far.example:443 HTTP/1.1\r\nHost: far.example:443\r\n\r\n"
#define AGREED  "HTTP/1.1 200 Connection established\r\n\r\n"
#define HL7                                                                                        \
	"\x0bMSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.4\r"                                        \
	"PID|1||29518731251^^^AUSHIC^MC||CITIZEN^Jane\r\x1c\r"
#define BODY "{\"medicareNumber\": \"29518731251\"}"
#define REST "ST /x HTTP/1.1\r\nHost: inner.example\r\nContent-Length: 33\r\n\r\n" BODY
#define POST "PO" REST

struct segment {
	uint8_t direction;
	const char *bytes; /* NULL: a gap of len */
	size_t len;
};

#define SEGMENT(d, text)                                                                           \
	{                                                                                          \
		(d), (text), sizeof(text) - 1                                                      \
	}

struct outcome {
	struct store_flow row;
	unsigned findings;
	size_t left_used; /* of the budget, after all was freed */
};

static const struct destination_facts nothing_known;

/* What the flow table would say of such a conversation. */
static struct flow flow_of(const struct segment *segments, size_t count)
{
	struct flow flow = {.id = 1, .direction = FLOW_OUTGOING, .start_seen = true};

	assert_int_equal(addr_parse("192.168.20.10", &flow.tuple.src.addr), true);
	assert_int_equal(addr_parse("203.0.113.9", &flow.tuple.dst.addr), true);
	flow.tuple.src.port = 50000;
	flow.tuple.dst.port = 3128;
	flow.tuple.protocol = 6;
	flow.computer = flow.tuple.src.addr;
	for (size_t i = 0; i < count; i++)
		*(segments[i].bytes
		                ? &flow.counts[segments[i].direction].payload_bytes
		                : &flow.counts[segments[i].direction].gap_bytes) += segments[i].len;
	return flow;
}

struct feeder {
	struct conversation *c;
	const struct flow *flow;
	uint64_t offset[2];
	uint64_t packet;
};

static void feed(struct feeder *f, uint8_t direction, const char *bytes, size_t len)
{
	struct chunk chunk = {.direction = direction,
	        .gap = bytes ? CHUNK_DATA : CHUNK_GAP_KNOWN,
	        .gap_bytes = bytes ? 0 : len,
	        .offset = f->offset[direction],
	        .packet = ++f->packet,
	        .time_ns = (int64_t)f->packet};
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	if (bytes) {
		memcpy(copy, bytes, len);
		chunk.bytes = span_of(copy, len);
	}
	f->offset[direction] += len;
	assert_int_equal(conversation_feed(f->c, f->flow, &chunk), STATUS_OK);
	free(copy); /* a span that outlives the call is found by the sanitizer */
}

/* step: largest piece. cut: the one place, counted over all segments, where a piece ends. */
static struct outcome run(const struct segment *segments, size_t count, size_t step, size_t cut)
{
	struct flow flow = flow_of(segments, count);
	struct conversation_context context = {.rules = rules, .facts = &nothing_known};
	struct feeder f = {.flow = &flow};
	struct outcome outcome;
	struct budget budget;
	size_t passed = 0;

	budget_init(&budget, BUDGET_BYTES);
	context.budget = &budget;
	assert_int_equal(hostname_cache_new(&context.names, &budget), STATUS_OK);
	assert_int_equal(related_table_new(&context.related, &budget), STATUS_OK);
	assert_int_equal(certificate_cache_new(&context.certificates), STATUS_OK);
	assert_int_equal(conversation_new(&f.c, &context, &flow), STATUS_OK);
	for (size_t i = 0; i < count; i++) {
		for (size_t at = 0, len; at < segments[i].len; at += len) {
			len = segments[i].len - at < step ? segments[i].len - at : step;
			if (cut > passed && cut - passed < len)
				len = cut - passed;
			if (!segments[i].bytes)
				len = segments[i].len;
			feed(&f, segments[i].direction,
			        segments[i].bytes ? segments[i].bytes + at : NULL, len);
			passed += len;
		}
	}
	assert_int_equal(conversation_finish(f.c, &flow), STATUS_OK);
	conversation_row(f.c, &flow, &outcome.row);
	outcome.findings = f.c->findings.count;
	conversation_free(f.c);
	hostname_cache_free(context.names);
	certificate_cache_free(context.certificates);
	related_table_free(context.related);
	outcome.left_used = budget.used_bytes;
	return outcome;
}

static void same(const struct outcome *a, const struct outcome *b)
{
	assert_int_equal(b->left_used, 0);
	assert_int_equal(a->findings, b->findings);
	assert_int_equal(a->row.tier, b->row.tier);
	assert_int_equal(a->row.inspected, b->row.inspected);
	assert_int_equal(a->row.not_inspected_bytes, b->row.not_inspected_bytes);
	assert_string_equal(a->row.not_inspected_reason, b->row.not_inspected_reason);
	assert_int_equal(a->row.name_count, b->row.name_count);
	for (unsigned i = 0; i < a->row.name_count; i++)
		assert_string_equal(a->row.names[i].name, b->row.names[i].name);
	assert_string_equal(a->row.tls_version, b->row.tls_version);
}

static struct outcome outcome_of(const struct segment *segments, size_t count)
{
	struct outcome whole = run(segments, count, WHOLE, 0), other;
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += segments[i].len;
	other = run(segments, count, 1, 0);
	same(&whole, &other);
	for (size_t cut = 1; cut < sum; cut++) {
		other = run(segments, count, WHOLE, cut);
		same(&whole, &other);
	}
	return whole;
}

static bool has_name(const struct outcome *o, const char *name, const char *source)
{
	for (unsigned i = 0; i < o->row.name_count; i++)
		if (strcmp(o->row.names[i].name, name) == 0 &&
		        strcmp(o->row.names[i].source, source) == 0)
			return true;
	return false;
}

/* A ClientHello for inner.example, and some bytes of a record behind it. */
static const char hello[] =
        "\x16\x03\x01\x00\x45\x01\x00\x00\x41\x03\x03"
        "0123456789abcdef0123456789abcdef\x00\x00\x02\x13\x01\x01\x00\x00\x16"
        "\x00\x00\x00\x12\x00\x10\x00\x00\x0dinner.example\x17\x03\x03\x00\x05-----";
/* ServerHello: TLS 1.2, 0xc02f. */
static const char answer[] = "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
                             "0123456789abcdef0123456789abcdef\x00\xc0\x2f\x00";

#define HELLO                                                                                      \
	{                                                                                          \
		0, hello, sizeof(hello) - 1                                                        \
	}
#define ANSWER                                                                                     \
	{                                                                                          \
		1, answer, sizeof(answer) - 1                                                      \
	}

static void tls_in_a_tunnel_is_encrypted_and_named(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, CONNECT), SEGMENT(1, AGREED), HELLO, ANSWER};
	static const struct segment one_sided[] = {SEGMENT(0, CONNECT), HELLO};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_true(has_name(&o, "far.example", "http-host"));
	assert_false(o.row.inspected);
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.not_inspected_bytes, sizeof(hello) - 1);
	assert_int_equal(o.row.tier, TIER_OPAQUE);
	assert_string_equal(o.row.tls_version, "TLS 1.2");
	assert_string_equal(o.row.protocol, "http");
	assert_false(o.row.clear);
	o = outcome_of(one_sided, ARRAY_LEN(one_sided));
	assert_false(o.row.clear);
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
}

static void what_a_tunnel_carries_in_clear_is_read(void **state)
{
	static const struct segment mllp[] = {
	        SEGMENT(0, CONNECT), SEGMENT(1, AGREED), SEGMENT(0, HL7)};
	static const struct segment http[] = {SEGMENT(0, CONNECT), SEGMENT(1, AGREED),
	        SEGMENT(0, POST), SEGMENT(1, "HTTP/1.1 204 No Content\r\n\r\n")};
	/* The client does not wait for the answer, and its bytes may still become a request. */
	static const struct segment early[] = {
	        SEGMENT(0, CONNECT "PO"), SEGMENT(1, AGREED), SEGMENT(0, REST)};
	struct outcome o = outcome_of(mllp, ARRAY_LEN(mllp));

	(void)state;
	assert_true(o.row.inspected);
	assert_true(o.row.clear);
	assert_true(o.row.tier >= TIER_MEDIUM);
	assert_true(o.findings > 0);
	assert_true(has_name(&o, "far.example", "http-host"));
	o = outcome_of(http, ARRAY_LEN(http));
	assert_true(o.row.inspected);
	assert_true(o.findings > 0);
	assert_true(has_name(&o, "inner.example", "http-host"));
	o = outcome_of(early, ARRAY_LEN(early));
	assert_true(o.row.inspected);
	assert_true(o.findings > 0);
	assert_true(has_name(&o, "inner.example", "http-host"));
}

static void websocket_is_read_and_named(void **state)
{
	static const char greeting[] = "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: "
	                               "websocket\r\n\r\n";
	const char head[6] = {'\x81', (char)(0x80 | (sizeof(BODY) - 1))};
	const struct segment segments[] = {
	        SEGMENT(0, greeting),
	        SEGMENT(1,
	                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi"),
	        {.direction = 0, .bytes = head, .len = sizeof(head)},
	        SEGMENT(0, BODY),
	};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_true(o.row.inspected);
	assert_true(o.row.clear);
	assert_true(o.findings > 0);
	assert_string_equal(o.row.protocol, "websocket");
	o = outcome_of(segments, 1);
	assert_string_equal(o.row.protocol, "http");
}

/* HEADERS: POST, http, "/", :authority; then DATA. */
static void http2_after_an_upgrade_is_read(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(0, "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: h2c\r\n\r\n"),
	        SEGMENT(1, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
	                   "\0\0\0\4\0\0\0\0\0"),
	        SEGMENT(0, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	                   "\0\0\0\4\0\0\0\0\0"
	                   "\0\0\x12\1\4\0\0\0\3\x83\x86\x84\1\x0d"
	                   "inner.example"
	                   "\0\0\x0d\0\1\0\0\0\3{\"a\": \"text\"}"),
	};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_true(has_name(&o, "inner.example", "http-host"));
	assert_true(o.row.inspected);
	assert_true(o.row.clear);
	assert_int_equal(o.row.not_inspected_bytes, 0);
}

static void starttls_is_encrypted_and_named(void **state)
{
	static const struct segment segments[] = {
	        SEGMENT(1, "220 mx.example ESMTP\r\n"),
	        SEGMENT(0, "EHLO pc\r\n"),
	        SEGMENT(1, "250-mx.example\r\n250 STARTTLS\r\n"),
	        SEGMENT(0, "STARTTLS\r\n"),
	        SEGMENT(1, "220 ready\r\n"),
	        HELLO,
	        ANSWER,
	};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_true(has_name(&o, "mx.example", "smtp"));
	assert_false(o.row.clear);
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.not_inspected_bytes, sizeof(hello) - 1);
	assert_string_equal(o.row.protocol, "smtp");
}

static void a_refused_tunnel_stays_http(void **state)
{
	static const struct segment segments[] = {SEGMENT(0, CONNECT),
	        SEGMENT(1, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
	        SEGMENT(0, POST)};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_true(o.row.inspected);
	assert_true(o.findings > 0);
}

static void both_sides_of_the_tunnel_limit(void **state)
{
	(void)state;
	for (size_t tunnels = 1; tunnels <= CONVERSATION_TUNNELS_MAX + 3; tunnels++) {
		struct segment segments[2 * (CONVERSATION_TUNNELS_MAX + 3) + 1];
		bool over = tunnels > CONVERSATION_TUNNELS_MAX;
		struct outcome o;

		for (size_t i = 0; i < tunnels; i++) {
			segments[2 * i] = (struct segment)SEGMENT(0, CONNECT);
			segments[2 * i + 1] = (struct segment)SEGMENT(1, AGREED);
		}
		segments[2 * tunnels] = (struct segment)SEGMENT(0, HL7);
		o = outcome_of(segments, 2 * tunnels + 1);
		assert_int_equal(o.row.inspected, !over);
		assert_string_equal(o.row.not_inspected_reason, over ? "limit" : "");
		assert_int_equal(o.findings > 0, !over);
		if (tunnels == CONVERSATION_TUNNELS_MAX + 1)
			assert_int_equal(o.row.not_inspected_bytes, sizeof(HL7) - 1);
	}
}

static void a_socks_request_names_the_far_end(void **state)
{
	static const struct segment five[] = {SEGMENT(0, "\x05\x02\x00\x02"),
	        SEGMENT(1, "\x05\x02"), SEGMENT(0, "\x01\x01u\x02pw"), SEGMENT(1, "\x01\x00"),
	        SEGMENT(0, "\x05\x01\x00\x03\x0b"
	                   "far.example\x01\xbb"),
	        SEGMENT(1, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"), HELLO, ANSWER};
	static const struct segment four[] = {SEGMENT(0, "\x04\x01\x09\xc4\x00\x00\x00\x01user\x00"
	                                                 "far.example\x00"),
	        SEGMENT(1, "\x00\x5a\x00\x00\x00\x00\x00\x00"), SEGMENT(0, HL7)};
	struct outcome o = outcome_of(five, ARRAY_LEN(five));

	(void)state;
	assert_true(has_name(&o, "far.example", "socks"));
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_string_equal(o.row.protocol, "socks");
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.not_inspected_bytes, sizeof(hello) - 1);
	assert_string_equal(o.row.tls_version, "TLS 1.2");
	o = outcome_of(four, ARRAY_LEN(four));
	assert_true(has_name(&o, "far.example", "socks"));
	assert_true(o.row.inspected);
	assert_true(o.findings > 0);
}

static void a_gap_in_a_tunnel_is_a_gap(void **state)
{
	static const struct segment segments[] = {SEGMENT(0, CONNECT), SEGMENT(1, AGREED),
	        SEGMENT(0, HL7), {0, NULL, 500}, SEGMENT(0, HL7)};
	struct outcome o = outcome_of(segments, ARRAY_LEN(segments));

	(void)state;
	assert_false(o.row.inspected);
	assert_int_equal(o.row.not_inspected_bytes, 500);
	assert_string_equal(o.row.not_inspected_reason, "gap");
	assert_true(o.findings > 0);
}

/* Without rules nobody looks into content. Names are those of before, the row says what was not
 * looked into, and nothing was found. TLS behind an opening shows where a segment begins with
 * it. */
static struct outcome unopened(const struct segment *segments, size_t count, bool in_pieces)
{
	struct detect_rules *kept = rules;
	struct outcome o;

	rules = NULL;
	o = in_pieces ? outcome_of(segments, count) : run(segments, count, WHOLE, 0);
	rules = kept;
	assert_int_equal(o.left_used, 0);
	assert_int_equal(o.findings, 0);
	assert_int_equal(o.row.distinct_patients, 0);
	return o;
}

static void what_is_not_looked_into_is_named_and_said(void **state)
{
	static const struct segment web[] = {
	        SEGMENT(0, POST), SEGMENT(1, "HTTP/1.1 200 OK\r\n\r\n")};
	static const struct segment hl7[] = {SEGMENT(0, HL7)};
	static const struct segment other[] = {SEGMENT(0, "xyzzy 29518731251")};
	static const struct segment heard[] = {SEGMENT(1, BODY)};
	static const struct segment gap[] = {{0, NULL, 500}, SEGMENT(0, POST)};
	struct outcome o = unopened(web, ARRAY_LEN(web), true);

	(void)state;
	assert_true(has_name(&o, "inner.example", "http-host"));
	assert_string_equal(o.row.protocol, "http");
	assert_true(o.row.clear);
	assert_false(o.row.inspected);
	assert_string_equal(o.row.not_inspected_reason, "bypassed");
	assert_int_equal(o.row.not_inspected_bytes, sizeof(POST) - 1);
	assert_int_equal(o.row.tier, TIER_NONE);
	o = unopened(hl7, ARRAY_LEN(hl7), true);
	assert_string_equal(o.row.protocol, "mllp");
	assert_true(o.row.clear);
	assert_string_equal(o.row.not_inspected_reason, "bypassed");
	o = unopened(other, ARRAY_LEN(other), true);
	assert_string_equal(o.row.protocol, "");
	assert_false(o.row.clear);
	assert_string_equal(o.row.not_inspected_reason, "bypassed");
	/* Nothing went out. */
	o = unopened(heard, ARRAY_LEN(heard), true);
	assert_false(o.row.inspected);
	assert_string_equal(o.row.not_inspected_reason, "bypassed");
	assert_int_equal(o.row.not_inspected_bytes, 0);
	o = unopened(gap, ARRAY_LEN(gap), true);
	assert_int_equal(o.row.name_count, 0);
	assert_int_equal(o.row.not_inspected_bytes, 500 + sizeof(POST) - 1);
	assert_string_equal(o.row.not_inspected_reason, "bypassed");
}

static void what_nobody_could_look_into_keeps_its_reason(void **state)
{
	static const struct segment tls[] = {HELLO, ANSWER};
	static const struct segment tunnel[] = {
	        SEGMENT(0, CONNECT), SEGMENT(1, AGREED), HELLO, ANSWER};
	static const struct segment mail[] = {SEGMENT(1, "220 mx.example ESMTP\r\n"),
	        SEGMENT(0, "EHLO pc\r\n"), SEGMENT(1, "250 STARTTLS\r\n"),
	        SEGMENT(0, "STARTTLS\r\n"), SEGMENT(1, "220 ready\r\n"), HELLO, ANSWER};
	static const struct segment ssh[] = {
	        SEGMENT(0, "SSH-2.0-Sync_1\r\n"), SEGMENT(1, "SSH-2.0-Far_2\r\n")};
	static const struct segment heard[] = {ANSWER};
	struct outcome o = unopened(tls, ARRAY_LEN(tls), true);

	(void)state;
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.tier, TIER_OPAQUE);
	assert_string_equal(o.row.protocol, "tls");
	assert_string_equal(o.row.tls_version, "TLS 1.2");
	o = unopened(tunnel, ARRAY_LEN(tunnel), false);
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_true(has_name(&o, "far.example", "http-host"));
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_false(o.row.clear);
	o = unopened(mail, ARRAY_LEN(mail), false);
	assert_true(has_name(&o, "mx.example", "smtp"));
	assert_true(has_name(&o, "inner.example", "sni"));
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	o = unopened(ssh, ARRAY_LEN(ssh), true);
	assert_string_equal(o.row.protocol, "ssh");
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.software_count, 2);
	/* Nothing went out. */
	o = unopened(heard, ARRAY_LEN(heard), true);
	assert_false(o.row.inspected);
	assert_string_equal(o.row.not_inspected_reason, "encrypted");
	assert_int_equal(o.row.not_inspected_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tls_in_a_tunnel_is_encrypted_and_named),
	        cmocka_unit_test(what_a_tunnel_carries_in_clear_is_read),
	        cmocka_unit_test(http2_after_an_upgrade_is_read),
	        cmocka_unit_test(websocket_is_read_and_named),
	        cmocka_unit_test(starttls_is_encrypted_and_named),
	        cmocka_unit_test(a_refused_tunnel_stays_http),
	        cmocka_unit_test(both_sides_of_the_tunnel_limit),
	        cmocka_unit_test(a_socks_request_names_the_far_end),
	        cmocka_unit_test(a_gap_in_a_tunnel_is_a_gap),
	        cmocka_unit_test(what_is_not_looked_into_is_named_and_said),
	        cmocka_unit_test(what_nobody_could_look_into_keeps_its_reason),
	};

	return cmocka_run_group_tests(tests, open_rules, close_rules);
}
