/* What handshakes say of a conversation, over TCP, QUIC and DTLS, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tls/certificate_maker.h"
#include "../tls/hello_maker.h"
#include "../tls/quic_maker.h"
#include "base/status.h"
#include "pipeline/conversation.h"
#include "rules_of_source.h"

#define BUDGET_BYTES (64u << 20)
#define NAME         "pms.example.au"
#define TCP          6
#define UDP          17

static const struct destination_facts nothing_known;

struct talk {
	struct flow flow;
	struct budget budget;
	struct conversation_context context;
	struct conversation *c;
	uint64_t offset[2];
	uint64_t packet;
};

/* out_index: as in struct flow; -1: both ends are inside. */
static void begin_across(struct talk *t, uint8_t protocol, int out_index)
{
	*t = (struct talk){.flow = {.id = 1, .out_index = out_index, .start_seen = true}};
	assert_true(addr_parse("192.168.20.10", &t->flow.tuple.src.addr));
	assert_true(addr_parse("203.0.113.9", &t->flow.tuple.dst.addr));
	t->flow.tuple.src.port = 50000;
	t->flow.tuple.dst.port = 443;
	t->flow.tuple.protocol = protocol;
	t->flow.computer = t->flow.tuple.src.addr;
	budget_init(&t->budget, BUDGET_BYTES);
	t->context = (struct conversation_context){
	        .rules = rules, .facts = &nothing_known, .budget = &t->budget};
	assert_int_equal(hostname_cache_new(&t->context.names, &t->budget), STATUS_OK);
	assert_int_equal(related_table_new(&t->context.related, &t->budget), STATUS_OK);
	assert_int_equal(certificate_cache_new(&t->context.certificates), STATUS_OK);
	assert_int_equal(conversation_new(&t->c, &t->context, &t->flow), STATUS_OK);
}

static void begin(struct talk *t, uint8_t protocol)
{
	begin_across(t, protocol, -1);
}

static void say(struct talk *t, uint8_t direction, struct span bytes)
{
	struct chunk chunk = {.direction = direction,
	        .datagram = t->flow.tuple.protocol == UDP,
	        .offset = t->offset[direction],
	        .packet = ++t->packet,
	        .time_ns = (int64_t)t->packet};
	uint8_t *copy = malloc(bytes.len + 1);

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.len);
	chunk.bytes = span_of(copy, bytes.len);
	t->offset[direction] += bytes.len;
	t->flow.counts[direction].payload_bytes += bytes.len;
	assert_int_equal(conversation_feed(t->c, &t->flow, &chunk), STATUS_OK);
	free(copy);
}

static void say_text(struct talk *t, uint8_t direction, const char *text)
{
	say(t, direction, span_of_text(text));
}

/* In pieces of `step` bytes. */
static void say_slowly(struct talk *t, uint8_t direction, struct span bytes, size_t step)
{
	for (size_t at = 0; at < bytes.len; at += step)
		say(t, direction, span_slice(bytes, at, step));
}

static void end(struct talk *t, struct store_flow *ret)
{
	assert_int_equal(conversation_finish(t->c, &t->flow), STATUS_OK);
	conversation_row(t->c, &t->flow, ret);
	conversation_free(t->c);
	hostname_cache_free(t->context.names);
	certificate_cache_free(t->context.certificates);
	related_table_free(t->context.related);
	assert_int_equal(t->budget.used_bytes, 0);
}

static void put_message(struct writing *out, unsigned type, struct span body)
{
	const uint8_t header[] = {(uint8_t)type, (uint8_t)(body.len >> 16),
	        (uint8_t)(body.len >> 8), (uint8_t)body.len};

	add(out, header, sizeof(header));
	add(out, body.data, body.len);
}

static void put_record(struct writing *out, struct span bytes)
{
	add(out, "\x16\3\1", 3);
	add16(out, (unsigned)bytes.len);
	add(out, bytes.data, bytes.len);
}

/* A ClientHello's message, with padding so that its record has several hundred bytes. */
static struct writing client_message(bool named)
{
	static const uint16_t ciphers[] = {0x1301, 0xc02f};
	static const uint8_t padding[400];
	struct writing body = {.len = 0}, extensions = {.len = 0}, message = {.len = 0};

	if (named)
		add_extension(&extensions, 0, "\0\x11\0\0\x0e" NAME, 19);
	add_extension(&extensions, 21, padding, sizeof(padding));
	begin_hello(&body, 0x0303, ciphers, 2);
	end_hello(&body, &extensions);
	put_message(&message, HANDSHAKE_CLIENT_HELLO, span_of(body.bytes, body.len));
	return message;
}

static struct writing client_stream(bool named)
{
	struct writing message = client_message(named), stream = {.len = 0};

	put_record(&stream, span_of(message.bytes, message.len));
	return stream;
}

static void check_named(const struct store_flow *row, const char *source, const char *ja4)
{
	assert_int_equal(row->name_count, 1);
	assert_string_equal(row->names[0].name, NAME);
	assert_string_equal(row->names[0].source, source);
	assert_string_equal(row->ja4, ja4);
	assert_string_equal(row->not_inspected_reason, "encrypted");
}

#define JA4_TCP  "t12d020200_c1929292aa6b_4298e3b3ed58"
#define JA4_QUIC "q12d020200_c1929292aa6b_4298e3b3ed58"

/* The end of the hello was not captured: a snap length, a lost segment, the capture's end. */
static void names_by_the_front_of_a_hello(void **state)
{
	struct writing stream = client_stream(true);
	struct span front = span_of(stream.bytes, stream.len - 100);

	(void)state;
	for (int lost = 0; lost < 2; lost++) {
		struct store_flow row;
		struct talk t;

		begin(&t, TCP);
		say(&t, 0, front);
		if (lost) {
			struct chunk gap = {.direction = 0,
			        .gap = CHUNK_GAP_KNOWN,
			        .gap_bytes = 100,
			        .offset = t.offset[0],
			        .packet = 2};

			assert_int_equal(conversation_feed(t.c, &t.flow, &gap), STATUS_OK);
			t.offset[0] += 100;
			say_text(&t, 0, "\x14\3\3");
		}
		end(&t, &row);
		check_named(&row, "sni", "");
	}
}

static void reads_a_hello_in_any_segments(void **state)
{
	static const size_t steps[] = {4096, 255, 100, 7, 1};
	struct writing stream = client_stream(true);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		for (uint8_t direction = 0; direction < 2; direction++) {
			struct store_flow row;
			struct talk t;

			begin(&t, TCP);
			say_slowly(&t, direction, span_of(stream.bytes, stream.len), steps[i]);
			end(&t, &row);
			check_named(&row, "sni", JA4_TCP);
		}
}

/* IMAP, for which there is no decoder, and SOCKS 5. What only looks like a hello is passed over. */
static void reads_a_hello_that_comes_late(void **state)
{
	struct writing stream = client_stream(true);
	struct store_flow row;
	struct talk t;

	(void)state;
	begin(&t, TCP);
	say_text(&t, 1, "* OK ready\r\n");
	say_text(&t, 0, "a1 STARTTLS\r\n");
	say_text(&t, 1, "a1 OK begin\r\n");
	say(&t, 0, span_of(stream.bytes, stream.len));
	end(&t, &row);
	check_named(&row, "sni", JA4_TCP);
	begin(&t, TCP);
	say(&t, 0, span_of("\5\1\0", 3));
	say(&t, 1, span_of("\5\0", 2));
	say(&t, 0, span_of("\x16\3\1\0\5\1\0\0\1\0", 10));
	say(&t, 0, span_of(stream.bytes, stream.len));
	end(&t, &row);
	assert_int_equal(row.name_count, 0); /* one that is broken ends the watch */
	begin(&t, TCP);
	say(&t, 0, span_of("\5\1\0", 3));
	say(&t, 1, span_of("\5\0", 2));
	say(&t, 0, span_of("\x16\2\1\0\5\1\0\0\1\0", 10));
	say_slowly(&t, 0, span_of(stream.bytes, stream.len), 255);
	end(&t, &row);
	check_named(&row, "sni", JA4_TCP);
}

static void names_by_the_front_of_a_quic_hello(void **state)
{
	static struct datagram datagram, frames;
	struct writing message = client_message(true);
	struct quic_sealing how = {.version = 1,
	        .key_id = span_of("12345678", 8),
	        .destination = span_of("12345678", 8),
	        .of_client = true};
	struct store_flow row;
	struct talk t;

	(void)state;
	begin(&t, UDP);
	frames.len = datagram.len = 0;
	put_crypto(&frames, 0, span_of(message.bytes, 200));
	put_initial(&datagram, &how, span_of(frames.bytes, frames.len));
	say(&t, 0, span_of(datagram.bytes, datagram.len));
	end(&t, &row);
	check_named(&row, "sni", "");
}

/* Three packets, the last part first, and a server's answer under the same keys. */
static void reads_quic(void **state)
{
	static struct datagram datagram, frames;
	struct writing message = client_message(true), answer = {.len = 0}, body = {.len = 0};
	struct span whole = span_of(message.bytes, message.len);
	struct quic_sealing how = {.version = 1,
	        .key_id = span_of("12345678", 8),
	        .destination = span_of("12345678", 8),
	        .of_client = true};
	struct store_flow row;
	struct talk t;

	(void)state;
	begin(&t, UDP);
	for (size_t at = 600; at > 0; at -= 200) {
		frames.len = datagram.len = 0;
		put_crypto(&frames, at - 200, span_slice(whole, at - 200, 200));
		how.number++;
		put_initial(&datagram, &how, span_of(frames.bytes, frames.len));
		say(&t, 0, span_of(datagram.bytes, datagram.len));
	}
	add16(&body, 0x0303);
	add(&body, (uint8_t[33]){0}, 33);
	add(&body, "\x13\2\0\0\6\0\x2b\0\2\3\4", 11);
	put_message(&answer, HANDSHAKE_SERVER_HELLO, span_of(body.bytes, body.len));
	frames.len = datagram.len = 0;
	how.of_client = false;
	put_crypto(&frames, 0, span_of(answer.bytes, answer.len));
	put_initial(&datagram, &how, span_of(frames.bytes, frames.len));
	say(&t, 1, span_of(datagram.bytes, datagram.len));
	end(&t, &row);
	check_named(&row, "sni", JA4_QUIC);
	assert_string_equal(row.tls_version, "TLS 1.3");
	assert_string_equal(row.cipher, "TLS_AES_256_GCM_SHA384");
}

/* TLS 1.2: ServerHello and Certificate, in records that do not end where messages do. */
static struct writing server_stream(bool sound)
{
	static const struct certificate_plan plan = {
	        .organisation = "Invented", .alternatives = "DNS:*.example.au,DNS:" NAME};
	struct span certificate = make_certificate(&plan);
	struct writing body = {.len = 0}, messages = {.len = 0}, stream = {.len = 0};

	if (!sound)
		((uint8_t *)certificate.data)[6] ^= 0xff; /* behind two lengths of three bytes */
	add16(&body, 0x0303);
	add(&body, (uint8_t[33]){0}, 33);
	add(&body, "\xc0\x2f\0", 3);
	put_message(&messages, HANDSHAKE_SERVER_HELLO, span_of(body.bytes, body.len));
	put_message(&messages, HANDSHAKE_CERTIFICATE, certificate);
	for (size_t at = 0; at < messages.len; at += 100)
		put_record(&stream, span_slice(span_of(messages.bytes, messages.len), at, 100));
	free((void *)certificate.data);
	return stream;
}

static void names_by_certificate_only_without_a_name(void **state)
{
	static const size_t steps[] = {4096, 255, 1};
	struct writing server = server_stream(true);

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(steps); i++) {
		bool named = i % 2 == 0;
		struct writing stream = client_stream(named);
		struct store_flow row;
		struct talk t;

		begin(&t, TCP);
		say(&t, 0, span_of(stream.bytes, stream.len));
		say_slowly(&t, 1, span_of(server.bytes, server.len), steps[i / 2]);
		end(&t, &row);
		assert_int_equal(row.name_count, named ? 1 : 2);
		assert_string_equal(row.names[0].name, NAME);
		assert_string_equal(row.names[0].source, named ? "sni" : "certificate");
		assert_string_equal(row.tls_version, "TLS 1.2");
		assert_int_equal(strlen(row.ja3), 32);
		assert_true(row.certificate.seen);
		assert_string_equal(row.certificate.names, NAME " *.example.au");
		assert_int_equal(row.certificate.names_left_out, 0);
		assert_string_equal(row.certificate.issuer, "Invented");
		assert_int_equal(row.certificate.not_before_s, 1735689600);
		assert_int_equal(row.certificate.not_after_s, 1767225600);
		assert_true(row.certificate.self_signed);
		assert_int_equal(
		        row.certificate.name_check, named ? STORE_NAME_FITS : STORE_NAME_UNCHECKED);
	}
}

static void counts_a_certificate_that_makes_no_sense(void **state)
{
	(void)state;
	for (int sound = 0; sound < 2; sound++) {
		struct writing server = server_stream(sound), client = client_stream(true);
		struct store_flow row;
		struct talk t;

		begin(&t, TCP);
		say(&t, 0, span_of(client.bytes, client.len));
		say_slowly(&t, 1, span_of(server.bytes, server.len), 255);
		assert_int_equal(t.c->certificate_unread, !sound);
		end(&t, &row);
		assert_int_equal(row.certificate.seen, sound);
	}
}

/* A server's hello and its certificate of `names` names, in records of 16 KiB. Gives. */
static struct span large_stream(unsigned names, size_t *ret_certificate)
{
	const struct certificate_plan plan = {.organisation = "Invented", .extra_names = names};
	struct span certificate = make_certificate(&plan);
	struct writing body = {.len = 0}, head = {.len = 0};
	uint8_t *out = malloc(2 * certificate.len + 1024);
	size_t len = 0, at = 0;

	assert_non_null(out);
	add16(&body, 0x0303);
	add(&body, (uint8_t[33]){0}, 33);
	add(&body, "\xc0\x2f\0", 3);
	put_message(&head, HANDSHAKE_SERVER_HELLO, span_of(body.bytes, body.len));
	add(&head,
	        (uint8_t[]){HANDSHAKE_CERTIFICATE, (uint8_t)(certificate.len >> 16),
	                (uint8_t)(certificate.len >> 8), (uint8_t)certificate.len},
	        4);
	while (at < head.len + certificate.len) {
		size_t left = head.len + certificate.len - at, now = left < 16384 ? left : 16384;

		memcpy(out + len, (uint8_t[]){22, 3, 3, (uint8_t)(now >> 8), (uint8_t)now}, 5);
		len += 5;
		for (size_t i = 0; i < now; i++, at++)
			out[len++] = at < head.len ? head.bytes[at]
			                           : certificate.data[at - head.len];
	}
	*ret_certificate = certificate.len;
	free((void *)certificate.data);
	return span_of(out, len);
}

/* One that fits, one that its records make too long for what is kept, and 10,000 names. */
static void counts_a_certificate_that_is_too_large(void **state)
{
	static const struct {
		unsigned names;
		bool too_large;
	} cases[] = {{3000, false}, {4419, true}, {10000, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t certificate;
		struct span stream = large_stream(cases[i].names, &certificate);
		struct writing client = client_stream(true);
		struct store_flow row;
		struct talk t;

		assert_int_equal(certificate > HANDSHAKE_BYTES_MAX, cases[i].names == 10000);
		assert_int_equal(stream.len > HANDSHAKE_BYTES_MAX, cases[i].too_large);
		begin(&t, TCP);
		say(&t, 0, span_of(client.bytes, client.len));
		say_slowly(&t, 1, stream, 1400);
		assert_int_equal(t.c->certificate_too_large, cases[i].too_large);
		end(&t, &row);
		assert_int_equal(row.certificate.seen, !cases[i].too_large);
		assert_string_equal(row.tls_version, "TLS 1.2");
		if (row.certificate.seen) {
			assert_int_equal(row.certificate.names_left_out, 2984);
			assert_int_equal(row.certificate.name_check, STORE_NAME_DIFFERS);
		}
		free((void *)stream.data);
	}
}

/* One fragment of a message of DTLS 1.2, in a record and a datagram of its own. */
static void say_fragment(
        struct talk *t, uint8_t direction, unsigned type, struct span body, size_t from, size_t len)
{
	struct span part = span_slice(body, from, len);
	struct writing out = {.len = 0};

	add(&out, "\x16\xfe\xfd\0\0\0\0\0\0\0\1", 11);
	add16(&out, (unsigned)part.len + 12);
	add(&out,
	        (uint8_t[]){(uint8_t)type, (uint8_t)(body.len >> 16), (uint8_t)(body.len >> 8),
	                (uint8_t)body.len, 0, (uint8_t)type},
	        6);
	add(&out, (uint8_t[]){0, (uint8_t)(from >> 8), (uint8_t)from, 0}, 4);
	add16(&out, (unsigned)part.len);
	add(&out, part.data, part.len);
	say(t, direction, span_of(out.bytes, out.len));
}

/* The certificate's second half comes before the hello of its server; the client has one, too. */
static void reads_a_certificate_of_dtls(void **state)
{
	static const struct certificate_plan plan = {
	        .common_name = NAME, .issuer = "Invented Trust"};
	static const struct certificate_plan other = {.common_name = "somebody.example"};
	struct span theirs = make_certificate(&plan), ours = make_certificate(&other);
	struct writing client = client_message(true), server = {.len = 0};
	struct store_flow row;
	struct talk t;

	(void)state;
	add16(&server, 0xfefd);
	add(&server, (uint8_t[33]){0}, 33);
	add(&server, "\xc0\x2f\0", 3);
	begin(&t, UDP);
	/* TLS's form of the hello has no cookie; DTLS's has an empty one behind the session. */
	memmove(client.bytes + 4 + 36, client.bytes + 4 + 35, client.len - 4 - 35);
	client.bytes[4 + 35] = 0;
	client.bytes[4] = 0xfe;
	client.bytes[5] = 0xfd;
	say_fragment(&t, 0, HANDSHAKE_CLIENT_HELLO, span_of(client.bytes + 4, client.len - 4 + 1),
	        0, 4096);
	say_fragment(&t, 1, HANDSHAKE_CERTIFICATE, theirs, 200, 4096);
	say_fragment(&t, 1, HANDSHAKE_SERVER_HELLO, span_of(server.bytes, server.len), 0, 4096);
	say_fragment(&t, 0, HANDSHAKE_CERTIFICATE, ours, 0, 4096);
	say_fragment(&t, 1, HANDSHAKE_CERTIFICATE, theirs, 0, 200);
	assert_true(t.c->datagrams_done);
	end(&t, &row);
	assert_string_equal(row.tls_version, "DTLS 1.2");
	assert_string_equal(row.certificate.names, NAME);
	assert_string_equal(row.certificate.issuer, "Invented Trust");
	assert_false(row.certificate.self_signed);
	assert_int_equal(row.certificate.name_check, STORE_NAME_FITS);
	free((void *)theirs.data);
	free((void *)ours.data);
}

/* A connection that is taken up again shows none; one of 100,000 bytes is counted. */
static void ends_a_dtls_handshake_without_a_certificate(void **state)
{
	static uint8_t large[100000];
	struct writing client = client_message(true), server = {.len = 0};

	(void)state;
	add16(&server, 0xfefd);
	add(&server, (uint8_t[33]){0}, 33);
	add(&server, "\xc0\x2f\0", 3);
	for (int i = 0; i < 2; i++) {
		struct store_flow row;
		struct talk t;

		begin(&t, UDP);
		say_fragment(&t, 0, HANDSHAKE_CLIENT_HELLO,
		        span_of(client.bytes + 4, client.len - 4), 0, 4096);
		say_fragment(
		        &t, 1, HANDSHAKE_SERVER_HELLO, span_of(server.bytes, server.len), 0, 4096);
		assert_false(t.c->datagrams_done);
		if (i == 0)
			say(&t, 1, span_of("\x14\xfe\xfd\0\0\0\0\0\0\0\2\0\1\1", 14));
		else
			say_fragment(&t, 1, HANDSHAKE_CERTIFICATE, span_of(large, sizeof(large)), 0,
			        1000);
		assert_true(t.c->datagrams_done);
		assert_int_equal(t.c->certificate_too_large, i == 1);
		end(&t, &row);
		assert_false(row.certificate.seen);
	}
}

/* The far end sends a hello of its own, or a request: it does not name itself by them. */
static void lets_nobody_outside_say_whom_we_call(void **state)
{
	struct writing named = client_stream(true), nameless = client_stream(false);
	struct store_flow row;

	(void)state;
	for (int out = 0; out < 2; out++) {
		uint8_t ours = (uint8_t)out, far = (uint8_t)!out;
		struct talk t;

		begin_across(&t, TCP, out);
		say(&t, far, span_of(named.bytes, named.len));
		end(&t, &row);
		assert_int_equal(row.name_count, 0);
		assert_string_equal(row.ja4, JA4_TCP);
		begin_across(&t, TCP, out);
		say(&t, far, span_of(nameless.bytes, nameless.len));
		say(&t, ours, span_of(named.bytes, named.len));
		end(&t, &row);
		check_named(&row, "sni", JA4_TCP);
		begin_across(&t, TCP, out);
		say_text(&t, far, "GET / HTTP/1.1\r\nHost: " NAME "\r\nUser-Agent: PMS/1\r\n\r\n");
		end(&t, &row);
		assert_int_equal(row.name_count, 0);
		assert_string_equal(row.user_agent, "");
		begin_across(&t, TCP, out);
		say_text(&t, ours, "GET / HTTP/1.1\r\nHost: " NAME "\r\nUser-Agent: PMS/1\r\n\r\n");
		end(&t, &row);
		assert_int_equal(row.name_count, 1);
		assert_string_equal(row.user_agent, "PMS/1");
	}
}

/* What the practice's own server shows to a visitor is not the visitor's. */
static void takes_the_certificate_of_the_far_end_only(void **state)
{
	struct writing client = client_stream(false), server = server_stream(true);
	struct store_flow row;

	(void)state;
	for (int out = 0; out < 2; out++) {
		struct talk t;

		begin_across(&t, TCP, out);
		say(&t, 0, span_of(client.bytes, client.len));
		say(&t, 1, span_of(server.bytes, server.len));
		end(&t, &row);
		assert_int_equal(row.certificate.seen, out == 0);
		assert_int_equal(row.name_count, out == 0 ? 2 : 0);
		assert_string_equal(row.tls_version, "TLS 1.2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lets_nobody_outside_say_whom_we_call),
	        cmocka_unit_test(takes_the_certificate_of_the_far_end_only),
	        cmocka_unit_test(reads_a_hello_in_any_segments),
	        cmocka_unit_test(names_by_the_front_of_a_hello),
	        cmocka_unit_test(reads_a_hello_that_comes_late),
	        cmocka_unit_test(reads_quic),
	        cmocka_unit_test(names_by_the_front_of_a_quic_hello),
	        cmocka_unit_test(names_by_certificate_only_without_a_name),
	        cmocka_unit_test(counts_a_certificate_that_makes_no_sense),
	        cmocka_unit_test(counts_a_certificate_that_is_too_large),
	        cmocka_unit_test(reads_a_certificate_of_dtls),
	        cmocka_unit_test(ends_a_dtls_handshake_without_a_certificate),
	};

	return cmocka_run_group_tests(tests, open_rules, close_rules);
}
