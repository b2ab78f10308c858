/* FTP through the whole road: which connections follow which, and what is found in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/status.h"
#include "pipeline/pipeline.h"
#include "pipeline/related.h"
#include "rules_of_source.h"

#define CLIENT   "\xc0\xa8\x14\x0a" /* 192.168.20.10 */
#define SERVER   "\xcb\x00\x71\x09" /* 203.0.113.9 */
#define STRANGER "\xc6\x33\x64\x63" /* 198.51.100.99 */
#define SYN      0x02
#define ACK      0x10
#define HEADERS  (14 + 20 + 20)
#define CSV                                                                                        \
	"surname,given,dob,medicare\r\nCITIZEN,Jane,1980-05-17,29518731251\r\n"                    \
	"CITIZEN,Joe,1981-06-18,29518731251\r\n"
#define HL7                                                                                        \
	"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.4\r"                                            \
	"PID|1||29518731251^^^AUSHIC^MC||CITIZEN^Jane\r"

/* A capture under way. */
struct capture {
	FILE *file;
	int fd;
	uint32_t second;
};

/* A connection; the first end begins it. */
struct wire {
	const char *addr[2];
	uint16_t port[2];
	uint32_t next[2]; /* sequence numbers */
};

static void put_u32(uint8_t *out, uint32_t value)
{
	memcpy(out, &value, sizeof(value)); /* a pcap file in this machine's own order */
}

static void put_be(uint8_t *out, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--, value >>= 8)
		out[i] = (uint8_t)value;
}

static struct capture begin(void)
{
	uint8_t header[24] = {[4] = 2, [6] = 4};
	struct capture c = {.fd = memfd_create("capture", 0), .second = 1790000000};

	c.file = fdopen(dup(c.fd), "wb");
	assert_non_null(c.file);
	put_u32(header, 0xa1b2c3d4);
	put_u32(header + 16, 262144);
	put_u32(header + 20, 1);
	fwrite(header, 1, sizeof(header), c.file);
	return c;
}

static void segment(struct capture *c, struct wire *w, int from, uint8_t flags, const char *text)
{
	uint8_t frame[16 + HEADERS + 2048] = {[28] = 8, [30] = 0x45, [38] = 64, [39] = 6};
	size_t len = strlen(text);

	assert_true(len <= 2048);
	put_u32(frame, c->second++);
	put_u32(frame + 8, (uint32_t)(HEADERS + len));
	put_u32(frame + 12, (uint32_t)(HEADERS + len));
	put_be(frame + 32, 40 + len, 2);
	memcpy(frame + 42, w->addr[from], 4);
	memcpy(frame + 46, w->addr[1 - from], 4);
	put_be(frame + 50, w->port[from], 2);
	put_be(frame + 52, w->port[1 - from], 2);
	put_be(frame + 54, w->next[from], 4);
	put_be(frame + 58, w->next[1 - from], 4);
	frame[62] = 0x50;
	frame[63] = flags;
	memcpy(frame + 16 + HEADERS, text, len);
	fwrite(frame, 1, 16 + HEADERS + len, c->file);
	w->next[from] += (uint32_t)len + ((flags & SYN) != 0);
}

static struct wire connect_wire(
        struct capture *c, const char *from, uint16_t from_port, const char *to, uint16_t to_port)
{
	struct wire w = {{from, to}, {from_port, to_port}, {1000, 5000}};

	segment(c, &w, 0, SYN, "");
	segment(c, &w, 1, SYN | ACK, "");
	segment(c, &w, 0, ACK, "");
	return w;
}

static void say(struct capture *c, struct wire *w, int from, const char *text)
{
	segment(c, w, from, ACK, text);
}

/* A session of FTP that has got as far as its commands. */
static struct wire control(struct capture *c)
{
	struct wire w = connect_wire(c, CLIENT, 50000, SERVER, 2121);

	say(c, &w, 1, "220 files (vsFTPd 3.0.3)\r\n");
	say(c, &w, 0, "HOST files.lab.example\r\n");
	say(c, &w, 0, "USER clinic\r\nPASS hunter2\r\nCLNT Extractor 4.1\r\n");
	return w;
}

struct outcome {
	struct store_flow flows[8]; /* in the order in which they began */
	size_t findings[8];
	size_t count;
	uint64_t refused;
};

static struct outcome run(struct capture *c)
{
	static const struct destination_facts nothing_known;
	const struct store_query everything = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct pipeline_options options = {.stop = NULL};
	struct store_finding *findings = NULL;
	struct store_cursor *cursor = NULL;
	struct pipeline *pipeline = NULL;
	struct store_loss *losses = NULL;
	struct pipeline_result result;
	struct outcome o = {.count = 0};
	struct source *source = NULL;
	struct store *store = NULL;
	size_t count = 0;

	assert_int_equal(fclose(c->file), 0);
	assert_int_equal(lseek(c->fd, 0, SEEK_SET), 0);
	assert_int_equal(store_open(&store, NULL, false), STATUS_OK);
	assert_int_equal(source_open_files(&source, &c->fd, 1, NULL), STATUS_OK);
	assert_int_equal(pipeline_new(&pipeline, source, rules, &nothing_known, store), STATUS_OK);
	assert_int_equal(store_begin(store), STATUS_OK);
	assert_int_equal(pipeline_run(pipeline, &options, &result), STATUS_OK);
	pipeline_free(pipeline);
	source_free(source);
	assert_int_equal(store_flows(store, &everything, &cursor), STATUS_OK);
	while (o.count < 8 && store_next_flow(cursor, &o.flows[o.count]) == STATUS_ITEM) {
		assert_int_equal(
		        store_findings(store, o.flows[o.count].id, &findings, &o.findings[o.count]),
		        STATUS_OK);
		free(findings);
		o.count++;
	}
	store_cursor_free(cursor);
	assert_int_equal(store_losses(store, &everything, &losses, &count), STATUS_OK);
	for (size_t i = 0; i < count; i++)
		if (strcmp(losses[i].name, "announced connections that lead elsewhere") == 0)
			o.refused = losses[i].count;
	free(losses);
	store_free(store);
	return o;
}

static bool has_name(const struct store_flow *f, const char *name, const char *source)
{
	for (unsigned i = 0; i < f->name_count; i++)
		if (strcmp(f->names[i].name, name) == 0 && strcmp(f->names[i].source, source) == 0)
			return true;
	return false;
}

static void is_related(const struct outcome *o, size_t at)
{
	const struct store_flow *f = &o->flows[at];

	assert_true(at < o->count);
	assert_true(f->related_to == o->flows[0].id);
	assert_int_equal(f->related_port, 2121);
	assert_false(f->related_from_outside);
	assert_string_equal(f->protocol, "ftp-data");
	assert_true(strstr(f->app, "FTP") != NULL);
	assert_true(has_name(f, "files.lab.example", "related"));
	assert_string_equal(f->user_agent, "Extractor 4.1");
	assert_true(f->inspected);
	assert_string_equal(f->not_inspected_reason, "");
	assert_true(f->clear);
}

static void is_alone(const struct outcome *o, size_t at)
{
	assert_true(at < o->count);
	assert_true(o->flows[at].related_to == 0);
	assert_string_not_equal(o->flows[at].protocol, "ftp-data");
	assert_false(has_name(&o->flows[at], "files.lab.example", "related"));
}

static void a_passive_upload_is_searched(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), data;
	struct outcome o;

	(void)state;
	say(&c, &w, 0, "PASV\r\n");
	say(&c, &w, 1, "227 Entering Passive Mode (203,0,113,9,195,80)\r\n");
	data = connect_wire(&c, CLIENT, 50001, SERVER, 50000);
	say(&c, &w, 0, "STOR 29518731251.csv\r\n");
	say(&c, &w, 1, "150 Ok to send data.\r\n");
	say(&c, &data, 0, CSV);
	o = run(&c);
	assert_int_equal(o.count, 2);
	is_related(&o, 1);
	assert_true(o.flows[1].tier >= TIER_MEDIUM);
	assert_true(o.findings[1] > 0);
	/* The name of the file is of the control connection. */
	assert_true(o.findings[0] > 0);
	assert_true(o.flows[0].related_to == 0);
	assert_true(has_name(&o.flows[0], "files.lab.example", "ftp"));
	assert_string_equal(o.flows[0].protocol, "ftp");
	assert_true(o.flows[0].inspected);
	assert_int_equal(o.refused, 0);
}

/* It could pass for a program and a recipient that the register knows. */
static void a_server_does_not_name_the_client(void **state)
{
	struct capture c = begin();
	struct wire ftp = connect_wire(&c, CLIENT, 50000, SERVER, 2121), web;
	struct outcome o;

	(void)state;
	say(&c, &ftp, 1, "HOST files.lab.example\r\nCLNT Extractor 4.1\r\nPASV\r\n");
	web = connect_wire(&c, CLIENT, 50001, SERVER, 8080);
	say(&c, &web, 1,
	        "GET / HTTP/1.1\r\nHost: files.lab.example\r\nUser-Agent: Extractor\r\n\r\n");
	o = run(&c);
	assert_int_equal(o.count, 2);
	for (size_t i = 0; i < o.count; i++) {
		assert_string_equal(o.flows[i].user_agent, "");
		assert_int_equal(o.flows[i].name_count, 0);
	}
	assert_string_equal(o.flows[0].protocol, "ftp");
	assert_string_equal(o.flows[1].protocol, "http");
}

static void two_transfers_of_one_session(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), first, second, third;
	struct outcome o;

	(void)state;
	say(&c, &w, 0, "EPSV\r\n");
	say(&c, &w, 1, "229 Entering Extended Passive Mode (|||40001|)\r\n");
	first = connect_wire(&c, CLIENT, 50001, SERVER, 40001);
	say(&c, &first, 0, HL7);
	say(&c, &w, 0, "EPSV\r\n");
	say(&c, &w, 1, "229 Entering Extended Passive Mode (|||40002|)\r\n");
	second = connect_wire(&c, CLIENT, 50002, SERVER, 40002);
	say(&c, &second, 1, "-rw-r--r-- 1 ftp ftp 44 Jan 01 10:00 readme.txt\r\n");
	/* Each announcement is for one connection. */
	third = connect_wire(&c, CLIENT, 50003, SERVER, 40002);
	say(&c, &third, 0, CSV);
	o = run(&c);
	assert_int_equal(o.count, 4);
	is_related(&o, 1);
	assert_true(o.flows[1].tier >= TIER_MEDIUM);
	is_related(&o, 2);
	assert_int_equal(o.flows[2].tier, TIER_NONE);
	is_alone(&o, 3);
}

static void an_active_upload_is_searched(void **state)
{
	static const char *const announcements[] = {
	        "PORT 192,168,20,10,200,10\r\n", "EPRT |1|192.168.20.10|51210|\r\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(announcements); i++) {
		struct capture c = begin();
		struct wire w = control(&c), data;
		struct outcome o;

		say(&c, &w, 0, announcements[i]);
		say(&c, &w, 1, "200 ok\r\n");
		data = connect_wire(&c, SERVER, 20, CLIENT, 51210);
		say(&c, &data, 1, CSV);
		o = run(&c);
		assert_int_equal(o.count, 2);
		is_related(&o, 1);
		assert_int_equal(o.flows[1].out_index, 1);
		assert_true(o.flows[1].tier >= TIER_MEDIUM);
	}
}

/* Of the third, the port is one of a service. */
static void what_leads_elsewhere_is_refused(void **state)
{
	static const struct {
		int from;
		const char *announcement, *caller, *listener;
		uint16_t port;
	} rows[] = {
	        {0, "PORT 198,51,100,99,200,10\r\n", SERVER, STRANGER, 51210},
	        {1, "227 Passive (198,51,100,99,200,10)\r\n", CLIENT, STRANGER, 51210},
	        {1, "227 Passive (203,0,113,9,0,80)\r\n", CLIENT, SERVER, 80},
	        {0, "PORT 198,51,100,99,200,10\r\n", SERVER, CLIENT, 51210},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct capture c = begin();
		struct wire w = control(&c), other;
		struct outcome o;

		say(&c, &w, rows[i].from, rows[i].announcement);
		other = connect_wire(&c, rows[i].caller, 50001, rows[i].listener, rows[i].port);
		say(&c, &other, 0, CSV);
		o = run(&c);
		assert_int_equal(o.count, 2);
		is_alone(&o, 1);
		assert_int_equal(o.refused, 1);
	}
}

/* A server behind an address translation: the client calls the address that it knows. Nobody else
 * can take the place. */
static void only_between_the_two_ends(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), other, data;
	struct outcome o;

	(void)state;
	say(&c, &w, 1, "227 Passive (10,0,0,5,200,10)\r\n");
	other = connect_wire(&c, STRANGER, 50001, SERVER, 51210);
	say(&c, &other, 0, CSV);
	data = connect_wire(&c, CLIENT, 50001, SERVER, 51210);
	say(&c, &data, 0, CSV);
	o = run(&c);
	assert_int_equal(o.count, 3);
	is_alone(&o, 1);
	is_related(&o, 2);
	assert_int_equal(o.refused, 1);
}

static void a_new_announcement_takes_the_place_of_the_last(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), other;
	struct outcome o;

	(void)state;
	say(&c, &w, 1, "229 Passive (|||40001|)\r\n");
	say(&c, &w, 1, "229 Passive (|||40002|)\r\n");
	other = connect_wire(&c, CLIENT, 50001, SERVER, 40001);
	say(&c, &other, 0, CSV);
	c.second += (uint32_t)(RELATED_WAIT_NS / FLOW_SECOND_NS) + 1;
	other = connect_wire(&c, CLIENT, 50002, SERVER, 40002);
	say(&c, &other, 0, CSV);
	o = run(&c);
	assert_int_equal(o.count, 3);
	is_alone(&o, 1);
	is_alone(&o, 2); /* too late */
}

/* Packets that changed their order: the announcement still comes before the content. */
static void the_content_waits_for_the_announcement(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), data;
	struct outcome o;

	(void)state;
	data = connect_wire(&c, CLIENT, 50001, SERVER, 40001);
	say(&c, &w, 1, "229 Passive (|||40001|)\r\n");
	say(&c, &data, 0, CSV);
	o = run(&c);
	assert_int_equal(o.count, 2);
	is_related(&o, 1);
	assert_true(o.flows[1].tier >= TIER_MEDIUM);
}

/* Behind AUTH TLS nothing is announced in clear; what a server announces in clear all the same may
 * be TLS (PROT P). */
static void tls_is_encrypted(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), data;
	struct outcome o;

	(void)state;
	say(&c, &w, 1, "229 Passive (|||40001|)\r\n");
	data = connect_wire(&c, CLIENT, 50001, SERVER, 40001);
	say(&c, &data, 0, "\x16\x03\x01\x02\x05\x01\x01");
	say(&c, &w, 0, "AUTH TLS\r\n");
	say(&c, &w, 1, "234 Proceed with negotiation.\r\n");
	say(&c, &w, 0, "\x16\x03\x01\x02\x05\x01\x01");
	say(&c, &w, 1, "\x16\x03\x03\x02\x05\x01\x01");
	o = run(&c);
	assert_int_equal(o.count, 2);
	assert_string_equal(o.flows[0].protocol, "ftp");
	assert_string_equal(o.flows[0].not_inspected_reason, "encrypted");
	assert_false(o.flows[0].clear);
	assert_true(o.flows[1].related_to == o.flows[0].id);
	assert_string_equal(o.flows[1].protocol, "tls");
	assert_string_equal(o.flows[1].not_inspected_reason, "encrypted");
	assert_false(o.flows[1].clear);
}

/* What is missing is said. */
static void a_gap_in_the_content(void **state)
{
	struct capture c = begin();
	struct wire w = control(&c), data;
	struct outcome o;

	(void)state;
	say(&c, &w, 1, "229 Passive (|||40001|)\r\n");
	data = connect_wire(&c, CLIENT, 50001, SERVER, 40001);
	say(&c, &data, 0, CSV);
	data.next[0] += 500;
	say(&c, &data, 0, "CITIZEN,Jim,1982-07-19,29518731251\r\n");
	o = run(&c);
	assert_int_equal(o.count, 2);
	assert_true(o.flows[1].related_to == o.flows[0].id);
	assert_false(o.flows[1].inspected);
	assert_string_equal(o.flows[1].not_inspected_reason, "gap");
	assert_true(o.flows[1].tier >= TIER_MEDIUM);
}

static struct flow flow_of(uint64_t id, uint16_t port)
{
	struct flow flow = {.id = id, .out_index = 0, .start_seen = true};

	flow.tuple.src = (struct endpoint){{ADDR_IPV4, {192, 168, 20, 10}}, 50000};
	flow.tuple.dst = (struct endpoint){{ADDR_IPV4, {203, 0, 113, 9}}, port};
	flow.tuple.protocol = 6;
	return flow;
}

static void the_table_is_bounded(void **state)
{
	struct related_origin origin = {.flow = 0};
	struct related_table *t = NULL;
	struct related_counts counts;
	struct related_origin *taken;
	struct budget budget;
	struct flow flow;

	(void)state;
	budget_init(&budget, 64u << 20);
	assert_int_equal(related_table_new(&t, &budget), STATUS_OK);
	for (uint64_t id = 1; id <= RELATED_MAX + 1; id++) {
		struct decode_event e = {.direction = 1, .time_ns = (int64_t)id};

		flow = flow_of(id, 21);
		origin.flow = id;
		e.related = (struct decode_related){.port = (uint16_t)(2000 + id)};
		assert_int_equal(related_table_add(t, &flow, &e, &origin), STATUS_OK);
	}
	related_table_counts(t, &counts);
	assert_int_equal(counts.forgotten, 1);
	flow = flow_of(9999, 2001); /* the oldest went */
	assert_null(related_table_take(t, &flow, RELATED_MAX + 2));
	flow = flow_of(9999, 2002);
	taken = related_table_take(t, &flow, RELATED_MAX + 2);
	assert_non_null(taken);
	assert_int_equal(taken->flow, 2);
	related_origin_free(t, taken);
	/* Its beginning not seen, who began is a guess. */
	flow = flow_of(9999, 2100);
	flow.tuple = tuple_reverse(&flow.tuple);
	assert_null(related_table_take(t, &flow, RELATED_MAX + 2));
	flow.start_seen = false;
	taken = related_table_take(t, &flow, RELATED_MAX + 2);
	assert_non_null(taken);
	related_origin_free(t, taken);
	related_table_free(t);
	assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_passive_upload_is_searched),
	        cmocka_unit_test(a_server_does_not_name_the_client),
	        cmocka_unit_test(two_transfers_of_one_session),
	        cmocka_unit_test(an_active_upload_is_searched),
	        cmocka_unit_test(what_leads_elsewhere_is_refused),
	        cmocka_unit_test(only_between_the_two_ends),
	        cmocka_unit_test(a_new_announcement_takes_the_place_of_the_last),
	        cmocka_unit_test(the_content_waits_for_the_announcement),
	        cmocka_unit_test(tls_is_encrypted),
	        cmocka_unit_test(a_gap_in_the_content),
	        cmocka_unit_test(the_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, open_rules, close_rules);
}
