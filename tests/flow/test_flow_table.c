#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "flow/flow.h"

#define BUDGET     (16u << 20)
#define T0         (INT64_C(1790000000) * NS_PER_SECOND) /* 2026-09-21, 13 min 20 s past an hour */
#define MS         INT64_C(1000000)
#define LOG_CHARS  8192
#define CLIENT     "192.168.1.20"
#define SERVER     "203.0.113.9"
#define SLOTS_TEST 4096

/* A table under test; every event is checked and written to the log: S start, H hour, E end, a data
 * chunk as direction:bytes, a gap as direction-length or direction-?. */
struct bench {
	struct budget budget;
	struct flow_limits limits;
	struct inside_nets inside;
	struct flow_table *table;
	int64_t now_ns;
	uint16_t ip_id;
	char log[LOG_CHARS];
	size_t log_len;
	bool open[SLOTS_TEST];
	unsigned starts, ends;
	struct flow last;  /* of the last event */
	struct flow ended; /* of the last END */
	int64_t last_hour_ns;
	bool quiet;
};

static void setup(struct bench *b, uint32_t flows_max)
{
	memset(b, 0, sizeof(*b));
	budget_init(&b->budget, BUDGET);
	b->limits = (struct flow_limits){.flows_max = flows_max, .stream_bytes_max = 1 << 20};
	b->now_ns = T0;
	assert_int_equal(flow_table_new(&b->table, &b->limits, &b->inside, &b->budget), 0);
}

static void PRINTF(2, 3) note(struct bench *b, const char *format, ...)
{
	va_list arguments;

	if (b->quiet || b->log_len > LOG_CHARS - 600)
		return;
	va_start(arguments, format);
	b->log_len += (size_t)vsnprintf(b->log + b->log_len, 600, format, arguments);
	va_end(arguments);
}

static void note_chunk(struct bench *b, const struct chunk *c)
{
	if (c->gap == CHUNK_GAP_KNOWN)
		note(b, "%u-%u ", c->direction, (unsigned)c->gap_bytes);
	else if (c->gap == CHUNK_GAP_UNKNOWN)
		note(b, "%u-? ", c->direction);
	else
		note(b, "%u:%.*s ", c->direction, (int)(c->bytes.len > 500 ? 500 : c->bytes.len),
		        (const char *)c->bytes.data);
}

static void pull(struct bench *b)
{
	struct flow_event e;
	int status;

	while ((status = flow_table_next(b->table, &e)) == STATUS_ITEM) {
		assert_true(e.flow->slot < b->limits.flows_max);
		assert_true(e.flow->id != 0);
		assert_int_equal(b->open[e.flow->slot], e.kind != FLOW_EVENT_START);
		b->last = *e.flow;
		switch (e.kind) {
		case FLOW_EVENT_START:
			b->open[e.flow->slot] = true;
			b->starts++;
			note(b, "S ");
			break;
		case FLOW_EVENT_CHUNK:
			note_chunk(b, &e.chunk);
			break;
		case FLOW_EVENT_HOUR:
			b->last_hour_ns = e.hour_ns;
			note(b, "H ");
			break;
		case FLOW_EVENT_END:
			b->open[e.flow->slot] = false;
			b->ends++;
			b->ended = *e.flow;
			note(b, "E(%s) ", flow_end_text(e.flow->end));
			break;
		}
	}
	assert_int_equal(status, STATUS_OK);
}

static void expect(struct bench *b, const char *log)
{
	assert_string_equal(b->log, log);
	b->log[0] = '\0';
	b->log_len = 0;
}

static struct flow_table_counts counts_of(const struct bench *b)
{
	struct flow_table_counts counts;

	flow_table_counts(b->table, &counts);
	return counts;
}

static void teardown(struct bench *b)
{
	assert_int_equal(flow_table_finish(b->table), STATUS_OK);
	pull(b);
	assert_int_equal(b->starts, b->ends);
	assert_int_equal(counts_of(b).open, 0);
	b->table = flow_table_free(b->table);
	assert_int_equal(b->budget.used_bytes, 0);
}

static struct packet make(struct bench *b, uint8_t protocol, const char *src, uint16_t src_port,
        const char *dst, uint16_t dst_port)
{
	struct packet p = {.tuple.protocol = protocol, .ttl = 64, .wire_bytes = 100};

	assert_true(addr_parse(src, &p.tuple.src.addr));
	assert_true(addr_parse(dst, &p.tuple.dst.addr));
	p.tuple.src.port = src_port;
	p.tuple.dst.port = dst_port;
	p.ip_id = ++b->ip_id;
	p.time_ns = b->now_ns;
	return p;
}

static void feed(struct bench *b, const struct packet *p)
{
	assert_int_equal(flow_table_feed(b->table, p), STATUS_OK);
	pull(b);
}

/* A TCP segment between the client's port 40000 and the server's 443. */
static struct packet segment(
        struct bench *b, bool from_client, unsigned flags, uint32_t seq, const char *text)
{
	struct packet p = from_client ? make(b, 6, CLIENT, 40000, SERVER, 443)
	                              : make(b, 6, SERVER, 443, CLIENT, 40000);

	p.tcp_flags = (uint8_t)flags;
	p.tcp_seq = seq;
	p.payload = span_of_text(text);
	p.payload_wire_bytes = (uint32_t)p.payload.len;
	return p;
}

static void client(struct bench *b, unsigned flags, uint32_t seq, const char *text)
{
	struct packet p = segment(b, true, flags, seq, text);

	feed(b, &p);
}

static void server(struct bench *b, unsigned flags, uint32_t seq, const char *text)
{
	struct packet p = segment(b, false, flags, seq, text);

	feed(b, &p);
}

static void handshake(struct bench *b, uint32_t seq)
{
	client(b, TCP_SYN, seq, "");
	server(b, TCP_SYN | TCP_ACK, seq + 1000, "");
}

static void udp(struct bench *b, const char *src, uint16_t src_port, const char *dst,
        uint16_t dst_port, const char *text)
{
	struct packet p = make(b, 17, src, src_port, dst, dst_port);

	p.payload = span_of_text(text);
	p.payload_wire_bytes = (uint32_t)p.payload.len;
	feed(b, &p);
}

static void a_conversation_from_syn_to_fin(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	handshake(&b, 5000);
	client(&b, TCP_ACK, 5001, "hello ");
	client(&b, TCP_ACK, 5007, "world");
	server(&b, TCP_ACK, 6001, "yes");
	client(&b, TCP_FIN | TCP_ACK, 5012, "");
	server(&b, TCP_FIN | TCP_ACK, 6004, "!");
	expect(&b, "S 0:hello  0:world 1:yes 1:! ");
	assert_true(b.last.start_seen);
	assert_int_equal(b.last.direction, FLOW_OUTGOING);
	assert_int_equal(b.last.out_index, 0);
	b.now_ns += FLOW_TCP_CLOSED_NS + 1;
	assert_int_equal(flow_table_tick(b.table, b.now_ns), STATUS_OK);
	pull(&b);
	expect(&b, "E(fin) ");
	assert_int_equal(b.ended.counts[0].payload_bytes, 11);
	assert_int_equal(b.ended.counts[1].payload_bytes, 4);
	assert_int_equal(b.ended.counts[0].packets, 4);
	assert_int_equal(b.ended.counts[1].wire_bytes, 300);
	assert_int_equal(b.ended.first_ns, T0);
	assert_int_equal(b.ended.tuple.src.port, 40000);
	teardown(&b);
}

static void the_lower_port_is_the_server(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	server(&b, TCP_ACK, 6001, "from the middle");
	client(&b, TCP_ACK, 5001, "indeed");
	expect(&b, "S 1:from the middle 0:indeed ");
	assert_false(b.last.start_seen);
	assert_int_equal(b.last.tuple.src.port, 40000);
	assert_int_equal(b.last.out_index, 0);
	udp(&b, "198.51.100.3", 53, CLIENT, 5555, "answer");
	assert_int_equal(b.last.tuple.dst.port, 53);
	expect(&b, "S 1:answer ");
	server(&b, TCP_SYN | TCP_ACK, 1, ""); /* on a flow that is there: no new one */
	expect(&b, "");
	teardown(&b);
}

static void direction_of(struct bench *b, const char *src, const char *dst,
        enum flow_direction direction, int out_index, const char *computer)
{
	char text[ADDR_TEXT_CHARS];

	udp(b, src, 7000, dst, 6000, "x");
	addr_format(&b->last.computer, text);
	assert_int_equal(b->last.direction, direction);
	assert_int_equal(b->last.out_index, out_index);
	assert_string_equal(text, computer);
}

static void directions_follow_what_is_inside(void **state)
{
	struct prefix nets[2];
	struct bench b;

	(void)state;
	setup(&b, 64);
	direction_of(&b, "192.168.1.5", "203.0.113.5", FLOW_OUTGOING, 0, "192.168.1.5");
	direction_of(&b, "203.0.113.6", "10.0.0.5", FLOW_INCOMING, 1, "10.0.0.5");
	direction_of(&b, "192.168.1.5", "10.0.0.6", FLOW_INTERNAL, -1, "192.168.1.5");
	direction_of(&b, "203.0.113.7", "198.51.100.1", FLOW_TRANSIT, -1, "203.0.113.7");
	direction_of(&b, "203.0.113.8", "239.1.1.1", FLOW_INTERNAL, -1, "203.0.113.8");
	direction_of(&b, "0.0.0.0", "255.255.255.255", FLOW_INTERNAL, -1, "0.0.0.0");
	direction_of(&b, "fe80::1", "2001:db8::1", FLOW_OUTGOING, 0, "fe80::1");
	teardown(&b);
	setup(&b, 64);
	assert_true(prefix_parse("203.0.113.0/24", &nets[0]));
	assert_true(prefix_parse("2001:db8:5::/48", &nets[1]));
	b.inside = (struct inside_nets){.prefixes = nets, .count = 2};
	direction_of(&b, "203.0.113.5", "192.168.9.9", FLOW_OUTGOING, 0, "203.0.113.5");
	direction_of(&b, "2001:db8:6::1", "2001:db8:5::1", FLOW_INCOMING, 1, "2001:db8:5::1");
	direction_of(&b, "127.0.0.1", "127.0.0.2", FLOW_INTERNAL, -1, "127.0.0.1");
	teardown(&b);
	assert_string_equal(flow_direction_text(FLOW_TRANSIT), "transit");
}

static void the_id_is_the_same_in_every_run(void **state)
{
	uint64_t ids[3];
	struct bench b;

	(void)state;
	for (int i = 0; i < 2; i++) {
		setup(&b, 64);
		handshake(&b, 1);
		ids[i] = b.last.id;
		teardown(&b);
	}
	assert_true(ids[0] == ids[1]);
	/* A second, more or less, is one step of the first 23 bits; SHA-256 gives the others. */
	assert_true(ids[0] == ((uint64_t)T0 >> 30 << 41 | UINT64_C(0xb813d6b98edb) >> 7));
	setup(&b, 64);
	b.now_ns++;
	handshake(&b, 1);
	ids[2] = b.last.id;
	teardown(&b);
	assert_true(ids[2] != ids[0]);
}

static void an_acknowledgement_releases_the_other_side(void **state)
{
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	handshake(&b, 5000);
	client(&b, TCP_ACK, 5011, "behind");
	expect(&b, "S ");
	p = segment(&b, false, TCP_ACK, 6001, "ok");
	p.tcp_ack = 5017;
	feed(&b, &p);
	expect(&b, "0-10 0:behind 1:ok ");
	teardown(&b);
}

static void gaps_do_not_wait_for_ever(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	handshake(&b, 5000);
	client(&b, TCP_ACK, 5011, "late");
	b.now_ns += FLOW_GAP_WAIT_NS + 1;
	assert_int_equal(flow_table_tick(b.table, b.now_ns), STATUS_OK);
	pull(&b);
	expect(&b, "S 0-10 0:late ");
	client(&b, TCP_ACK, 5020, "never");
	teardown(&b);
	expect(&b, "0-5 0:never E(input-ended) ");
}

static void resets_close_and_ports_are_used_again(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	handshake(&b, 5000);
	client(&b, TCP_SYN, 5000, ""); /* sent again: the same */
	server(&b, TCP_RST | TCP_ACK, 6001, "go away");
	expect(&b, "S 1:go away ");
	client(&b, TCP_SYN, 9000, "");
	expect(&b, "E(reset) S ");
	client(&b, TCP_ACK, 9001, "new");
	client(&b, TCP_SYN, 77, ""); /* the old one never closed */
	expect(&b, "0:new E(reset) S ");
	assert_int_equal(b.starts, 3);
	teardown(&b);
}

static void an_answer_captured_before_its_syn(void **state)
{
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	p = segment(&b, false, TCP_SYN | TCP_ACK, 6000, "");
	p.tcp_ack = 5001;
	feed(&b, &p);
	assert_false(b.last.start_seen);
	client(&b, TCP_SYN, 5000, "");
	client(&b, TCP_ACK, 5005, "late");
	client(&b, TCP_ACK, 5001, "soon");
	expect(&b, "S 0:soon 0:late ");
	assert_true(b.last.start_seen);
	teardown(&b);
}

static void both_ends_may_open_at_once(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	client(&b, TCP_SYN, 5000, "");
	server(&b, TCP_SYN, 6000, "");
	server(&b, TCP_ACK, 6001, "a");
	client(&b, TCP_ACK, 5001, "b");
	expect(&b, "S 1:a 0:b ");
	teardown(&b);
}

static void datagrams_and_others(void **state)
{
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	udp(&b, CLIENT, 5000, "198.51.100.3", 53, "question");
	udp(&b, "198.51.100.3", 53, CLIENT, 5000, "answer");
	udp(&b, CLIENT, 5000, "198.51.100.3", 53, "");
	expect(&b, "S 0:question 1:answer ");
	p = make(&b, 17, CLIENT, 5000, "198.51.100.3", 53);
	p.payload = span_of_text("cut");
	p.payload_wire_bytes = 10;
	feed(&b, &p);
	expect(&b, "0:cut 0-7 ");
	assert_int_equal(b.last.counts[0].payload_bytes, 11);
	assert_int_equal(b.last.counts[0].gap_bytes, 7);
	p = make(&b, 1, CLIENT, 0, "198.51.100.4", 0);
	p.icmp_type = 8;
	p.payload = span_of_text("ping ping");
	p.payload_wire_bytes = 9;
	feed(&b, &p);
	expect(&b, "S ");
	assert_int_equal(b.last.icmp_type, 8);
	b.now_ns += FLOW_UDP_IDLE_NS + 1;
	udp(&b, CLIENT, 5000, "198.51.100.3", 53, "again");
	expect(&b, "E(timeout) E(timeout) S 0:again ");
	assert_int_equal(b.ended.counts[0].payload_bytes, 9);
	teardown(&b);
}

static void hours_end_before_the_packet_that_ends_them(void **state)
{
	int64_t hour = time_hour(T0);
	struct bench b;

	(void)state;
	setup(&b, 64);
	b.now_ns = hour + NS_PER_HOUR - NS_PER_SECOND;
	handshake(&b, 5000);
	client(&b, TCP_ACK, 5001, "one");
	udp(&b, CLIENT, 5000, "198.51.100.3", 53, "two");
	b.now_ns += 2 * NS_PER_SECOND;
	client(&b, TCP_ACK, 5004, "three");
	expect(&b, "S 0:one S 0:two H H 0:three ");
	assert_int_equal(b.last_hour_ns, hour);
	b.now_ns += 30 * NS_PER_SECOND;
	client(&b, TCP_ACK, 5009, "four");
	expect(&b, "0:four "); /* once an hour */
	b.now_ns += NS_PER_HOUR;
	client(&b, TCP_ACK, 5013, "five"); /* idle for an hour: another flow */
	expect(&b, "E(timeout) E(timeout) S 0:five ");
	teardown(&b);
}

static void time_may_fall_back(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 64);
	client(&b, TCP_ACK, 5001, "one");
	b.now_ns -= NS_PER_SECOND;
	client(&b, TCP_ACK, 5004, "two");
	expect(&b, "S 0:one 0:two ");
	assert_int_equal(b.last.last_ns, T0);
	b.now_ns -= 2 * NS_PER_HOUR;
	client(&b, TCP_ACK, 5007, "three");
	expect(&b, "E(timeout) S 0:three ");
	assert_int_equal(flow_table_tick(b.table, b.now_ns - FLOW_CLOCK_BACK_NS), STATUS_OK);
	pull(&b);
	expect(&b, "");
	assert_int_equal(flow_table_tick(b.table, b.now_ns - FLOW_CLOCK_BACK_NS - 1), STATUS_OK);
	pull(&b);
	expect(&b, "E(timeout) ");
	teardown(&b);
}

/* Feeds the same packet again, so many microseconds later, with another time to live. */
static uint64_t copies_of(struct bench *b, struct packet p, int64_t later_us, int hops)
{
	uint64_t before = counts_of(b).mirror_duplicates;

	feed(b, &p);
	p.time_ns += later_us * 1000;
	p.ttl = (uint8_t)(p.ttl - hops);
	feed(b, &p);
	return counts_of(b).mirror_duplicates - before;
}

static void mirror_copies_are_dropped_and_counted(void **state)
{
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	assert_int_equal(copies_of(&b, segment(&b, true, TCP_SYN, 5000, ""), 20, 0), 1);
	assert_int_equal(copies_of(&b, segment(&b, true, TCP_ACK, 5001, "abc"), 20, 1), 1);
	assert_int_equal(copies_of(&b, segment(&b, true, TCP_ACK, 5004, "def"), 20, 2), 0);
	assert_int_equal(copies_of(&b, segment(&b, true, TCP_ACK, 5007, "ghi"), 6000, 0), 0);
	p = segment(&b, true, TCP_ACK, 5010, "jkl");
	feed(&b, &p);
	p.ip_id++; /* a real retransmission, however fast */
	feed(&b, &p);
	b.ip_id++;
	client(&b, TCP_ACK, 5013, "mno");
	expect(&b, "S 0:abc 0:def 0:ghi 0:jkl 0:mno ");
	assert_int_equal(b.last.counts[0].retransmitted_bytes, 9);
	assert_int_equal(b.last.counts[0].packets, 9);
	assert_int_equal(b.last.mirror_duplicates, 2);

	p = make(&b, 17, CLIENT, 5000, SERVER, 53);
	p.payload = span_of_text("query one");
	p.payload_wire_bytes = 9;
	assert_int_equal(copies_of(&b, p, 100, 1), 1);
	p.payload = span_of_text("query two"); /* same number, other content */
	assert_int_equal(copies_of(&b, p, 100, 0), 1);
	expect(&b, "S 0:query one 0:query two ");

	p = make(&b, 6, "2001:db8::1", 40000, "2001:db8::2", 443); /* no identification */
	p.tcp_flags = TCP_ACK;
	p.ip_id = 0;
	assert_int_equal(copies_of(&b, p, 100, 0), 0); /* acknowledgements repeat */
	p.tcp_ack = 1;
	assert_int_equal(copies_of(&b, p, 100, 1), 1);
	p.payload = span_of_text("data");
	p.payload_wire_bytes = 4;
	assert_int_equal(copies_of(&b, p, 100, 0), 1);
	teardown(&b);
}

static void processes_are_copied_within_bounds(void **state)
{
	char name[2 * FLOW_PROCESS_NAME_BYTES];
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	handshake(&b, 5000);
	p = segment(&b, true, TCP_ACK, 5001, "x");
	p.process = (struct frame_process){.pid = 77, .name = name, .path = "/opt/agent"};
	feed(&b, &p);
	p = segment(&b, true, TCP_ACK, 5002, "y");
	p.process = (struct frame_process){.pid = 78, .name = "other"};
	feed(&b, &p);
	memset(name, 'z', sizeof(name) - 1);
	assert_int_equal(b.last.process.pid, 77);
	assert_int_equal(strlen(b.last.process.name), FLOW_PROCESS_NAME_BYTES);
	assert_int_equal(b.last.process.name[0], 'n');
	assert_string_equal(b.last.process.path, "/opt/agent");
	assert_null(b.last.process.command);
	teardown(&b);
}

static void the_idle_longest_is_evicted(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 4);
	udp(&b, CLIENT, 5001, SERVER, 53, "a");
	udp(&b, CLIENT, 5002, SERVER, 53, "b");
	b.now_ns += MS;
	udp(&b, CLIENT, 5001, SERVER, 53, "c"); /* now 5002 is the oldest */
	udp(&b, CLIENT, 5003, SERVER, 53, "d");
	expect(&b, "S 0:a S 0:b 0:c S 0:d ");
	udp(&b, CLIENT, 5004, SERVER, 53, "e");
	expect(&b, "E(evicted) S 0:e ");
	assert_int_equal(b.ended.tuple.src.port, 5002);
	assert_int_equal(counts_of(&b).evicted, 1);
	assert_int_equal(counts_of(&b).open, 3);
	teardown(&b);
	assert_int_equal(b.starts, 4);
}

static void attempt(struct bench *b, uint16_t port)
{
	struct packet p = make(b, 6, CLIENT, port, SERVER, 443);

	p.tcp_flags = TCP_SYN;
	feed(b, &p);
}

static void attempts_that_nobody_answered_go_first(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 4);
	handshake(&b, 5000);
	udp(&b, CLIENT, 5001, SERVER, 53, "a");
	attempt(&b, 6001);
	b.now_ns += MS;
	attempt(&b, 6002);
	expect(&b, "S S 0:a S E(evicted) S ");
	assert_int_equal(b.ended.tuple.src.port, 6001);
	client(&b, TCP_ACK, 5001, "still here");
	expect(&b, "0:still here ");
	teardown(&b);
}

/* Content of others needs the rest of the budget. */
static void attempts_leave_a_share_of_the_budget(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 4096);
	b.quiet = true;
	b.budget.max_bytes = 256 << 10;
	handshake(&b, 5000);
	for (uint16_t i = 0; i < 4000; i++)
		attempt(&b, (uint16_t)(10000 + i));
	assert_in_range(counts_of(&b).open, 65, 1000);
	assert_true(b.budget.peak_bytes < 220 << 10);
	b.quiet = false;
	client(&b, TCP_ACK, 5001, "still here");
	expect(&b, "0:still here ");
	teardown(&b);
}

static void evicted_flows_give_what_they_held(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 2);
	handshake(&b, 5000);
	client(&b, TCP_ACK, 5011, "held");
	udp(&b, CLIENT, 5001, SERVER, 53, "a");
	expect(&b, "S 0-10 0:held E(evicted) S 0:a ");
	teardown(&b);
}

static void calls_out_of_turn_are_refused(void **state)
{
	struct flow_table *none = NULL;
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 64);
	p = segment(&b, true, TCP_ACK, 5001, "x");
	assert_int_equal(flow_table_feed(b.table, &p), STATUS_OK);
	assert_int_equal(flow_table_feed(b.table, &p), STATUS_BUG);
	assert_int_equal(flow_table_tick(b.table, T0), STATUS_BUG);
	assert_int_equal(flow_table_finish(b.table), STATUS_BUG);
	pull(&b);
	p.outcome = PACKET_FRAGMENT;
	assert_int_equal(flow_table_feed(b.table, &p), STATUS_BUG);
	b.limits.flows_max = 1;
	assert_int_equal(flow_table_new(&none, &b.limits, &b.inside, &b.budget), STATUS_USAGE);
	assert_null(none);
	b.limits.flows_max = 64;
	teardown(&b);
}

static void a_small_budget_evicts_instead_of_failing(void **state)
{
	struct bench b;

	(void)state;
	setup(&b, 1024);
	b.quiet = true;
	b.budget.max_bytes = b.budget.used_bytes + 3000;
	for (uint16_t i = 0; i < 2000; i++)
		udp(&b, CLIENT, (uint16_t)(10000 + i), SERVER, 53, "x");
	assert_true(counts_of(&b).open < 20);
	assert_true(counts_of(&b).evicted > 1900);
	assert_true(b.budget.peak_bytes <= b.budget.max_bytes);
	teardown(&b);
}

static double seconds_used(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A scan or a flood: every packet another conversation. */
static void a_million_flows_of_one_packet(void **state)
{
	enum { FLOWS = 1000000 };
	struct flow_table_counts counts;
	double before = seconds_used();
	struct packet p;
	struct bench b;

	(void)state;
	setup(&b, 4096);
	b.quiet = true;
	p = make(&b, 6, CLIENT, 0, SERVER, 0);
	p.tcp_flags = TCP_SYN;
	for (uint32_t i = 0; i < FLOWS; i++) {
		p.tuple.src.port = (uint16_t)(1024 + i % 60000);
		p.tuple.dst.port = (uint16_t)(i / 60000 + 1);
		p.tcp_seq = i;
		p.time_ns += 1000;
		feed(&b, &p);
	}
	counts = counts_of(&b);
	assert_int_equal(counts.flows, FLOWS);
	assert_int_equal(counts.open, 4095);
	assert_int_equal(counts.open_peak, 4095);
	assert_int_equal(counts.evicted, FLOWS - 4095);
	assert_true(b.budget.peak_bytes < 4096 * 1024);
	/* Measured 0.8 s; sanitizers and slow machines get room, quadratic work does not. */
	assert_true(seconds_used() - before < 30);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_conversation_from_syn_to_fin),
	        cmocka_unit_test(the_lower_port_is_the_server),
	        cmocka_unit_test(directions_follow_what_is_inside),
	        cmocka_unit_test(the_id_is_the_same_in_every_run),
	        cmocka_unit_test(an_acknowledgement_releases_the_other_side),
	        cmocka_unit_test(gaps_do_not_wait_for_ever),
	        cmocka_unit_test(resets_close_and_ports_are_used_again),
	        cmocka_unit_test(an_answer_captured_before_its_syn),
	        cmocka_unit_test(both_ends_may_open_at_once),
	        cmocka_unit_test(datagrams_and_others),
	        cmocka_unit_test(hours_end_before_the_packet_that_ends_them),
	        cmocka_unit_test(time_may_fall_back),
	        cmocka_unit_test(mirror_copies_are_dropped_and_counted),
	        cmocka_unit_test(processes_are_copied_within_bounds),
	        cmocka_unit_test(the_idle_longest_is_evicted),
	        cmocka_unit_test(attempts_that_nobody_answered_go_first),
	        cmocka_unit_test(attempts_leave_a_share_of_the_budget),
	        cmocka_unit_test(evicted_flows_give_what_they_held),
	        cmocka_unit_test(calls_out_of_turn_are_refused),
	        cmocka_unit_test(a_small_budget_evicts_instead_of_failing),
	        cmocka_unit_test(a_million_flows_of_one_packet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
