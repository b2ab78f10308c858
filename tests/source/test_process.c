#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"
#include "source/process_table.h"

#define T0_S     UINT64_C(1791000000)
#define SECOND_S UINT64_C(1000000)

/* Wireshark's block: the entry is little-endian in a section of either order. */
static void add_wireshark(struct builder *b, uint32_t pid, const char *name, uint64_t start_s)
{
	static const char command[] = "prog\0--to\0there"; /* with its closing zero */
	bool section_order = b->big_endian;
	size_t opened = build_block_open(b, 0x0bad);
	size_t name_room = (strlen(name) + 3) / 4 * 4;
	uint32_t entry = (uint32_t)(4 + 4 + name_room + 4 + 12 + 4 + 16 + (start_s ? 12 : 0));

	build_u32(b, 32622);
	b->big_endian = false;
	build_u32(b, 3);
	build_u32(b, entry);
	build_u32(b, pid);
	build_option(b, 2, name, strlen(name));
	build_option(b, 3, "/opt/x/prog", 12);
	build_option(b, 4, command, sizeof(command));
	if (start_s) {
		build_u16(b, 9);
		build_u16(b, 8);
		build_u64(b, start_s * 1000000000);
	}
	b->big_endian = section_order;
	build_block_close(b, opened);
}

static void add_packet_of(struct builder *b, uint64_t seconds, uint32_t pid)
{
	size_t opened = build_packet_open(b, 0, seconds * SECOND_S, 14);

	build_option(b, 1, "a person's comment", 18);
	build_u16(b, 8);
	build_u16(b, 8);
	build_u32(b, pid);
	build_u32(b, 99); /* thread */
	build_block_close(b, opened);
}

static void start(struct builder *b, bool big)
{
	build_start(b, big);
	build_section(b);
	build_interface(b, 1, 0, -1);
}

static void wireshark_process_is_the_latest_that_had_started(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	for (int big = 0; big < 2; big++) {
		start(&b, big);
		add_wireshark(&b, 500, "second", T0_S + 10);
		add_wireshark(&b, 500, "first", T0_S);
		add_wireshark(&b, 501, "always", 0);
		add_packet_of(&b, T0_S - 1, 500);
		add_packet_of(&b, T0_S, 500);
		add_packet_of(&b, T0_S + 9, 500);
		add_packet_of(&b, T0_S + 10, 500);
		add_packet_of(&b, 1, 501);
		add_packet_of(&b, T0_S, 502); /* no block of it */
		add_packet_of(&b, T0_S, 0);   /* 0: the writer did not know */
		build_packet(&b, 0, T0_S * SECOND_S, 14);
		build_check(buf_span(&b.bytes), &r);
		assert_int_equal(r.count, 8);
		assert_int_equal(r.frames[0].pid, 500);
		assert_string_equal(r.frames[0].name, "");
		assert_string_equal(r.frames[1].name, "first");
		assert_string_equal(r.frames[2].name, "first");
		assert_string_equal(r.frames[3].name, "second");
		assert_string_equal(r.frames[3].path, "/opt/x/prog");
		assert_string_equal(r.frames[3].command, "prog --to there");
		assert_string_equal(r.frames[4].name, "always");
		assert_int_equal(r.frames[5].pid, 502);
		assert_string_equal(r.frames[5].name, "");
		assert_int_equal(r.frames[6].pid, 0);
		assert_int_equal(r.frames[7].pid, 0);
		assert_int_equal(r.counts.skipped_blocks, 0);
		build_free(&b);
	}
}

static void a_new_section_forgets_the_processes(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	start(&b, false);
	add_wireshark(&b, 500, "first", T0_S);
	add_packet_of(&b, T0_S, 500);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	add_packet_of(&b, T0_S, 500);
	build_check(buf_span(&b.bytes), &r);
	assert_string_equal(r.frames[0].name, "first");
	assert_string_equal(r.frames[1].name, "");
	assert_int_equal(r.frames[1].pid, 500);
	build_free(&b);
}

static void add_darwin(struct builder *b, uint32_t pid, const char *name)
{
	size_t opened = build_block_open(b, 0x80000001);

	build_u32(b, pid);
	build_option(b, 2, name, strlen(name));
	build_option(b, 4, "0123456789abcdef", 16); /* a UUID, not a command */
	build_block_close(b, opened);
}

static void add_darwin_packet(struct builder *b, int process, int effective)
{
	size_t opened = build_packet_open(b, 0, T0_S * SECOND_S, 14);

	for (int i = 0; i < 2; i++) {
		int index = i == 0 ? process : effective;

		if (index < 0)
			continue;
		build_u16(b, i == 0 ? 0x8001 : 0x8003);
		build_u16(b, 4);
		build_u32(b, (uint32_t)index);
	}
	build_block_close(b, opened);
}

static void darwin_prefers_the_effective_process(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	for (int big = 0; big < 2; big++) {
		start(&b, big);
		add_darwin(&b, 70, "transferd");
		add_darwin(&b, 71, "Backup");
		add_darwin_packet(&b, 0, -1);
		add_darwin_packet(&b, 0, 1);
		add_darwin_packet(&b, 0, 2); /* no such block */
		add_darwin_packet(&b, 9, -1);
		build_check(buf_span(&b.bytes), &r);
		assert_string_equal(r.frames[0].name, "transferd");
		assert_int_equal(r.frames[0].pid, 70);
		assert_string_equal(r.frames[0].command, "");
		assert_string_equal(r.frames[1].name, "Backup");
		assert_int_equal(r.frames[1].pid, 71);
		assert_string_equal(r.frames[2].name, "transferd");
		assert_string_equal(r.frames[3].name, "");
		build_free(&b);
	}
}

static void add_uid_map(struct builder *b, uint32_t uid, const char *package, const char *name)
{
	size_t opened = build_block_open(b, 0x0bad);
	uint8_t lengths[2] = {(uint8_t)strlen(package), (uint8_t)strlen(name)};

	build_u32(b, 62652);
	build_u16(b, 1);
	build_bytes(b, "\x01\x00", 2);
	build_u32(b, uid);
	build_bytes(b, lengths, 2);
	build_bytes(b, package, lengths[0]);
	build_bytes(b, name, lengths[1]);
	build_block_close(b, opened);
}

static void add_commented_packet(struct builder *b, const char *comment)
{
	size_t opened = build_packet_open(b, 0, T0_S * SECOND_S, 14);

	build_option(b, 1, comment, strlen(comment));
	build_block_close(b, opened);
}

static void pcapdroid_maps_user_ids(void **state)
{
	struct built_result r;
	struct builder b;

	(void)state;
	for (int big = 0; big < 2; big++) {
		start(&b, big);
		add_uid_map(&b, 10123, "org.example.recall", "Recall");
		add_uid_map(&b, 10124, "org.example.nameless", "");
		add_commented_packet(&b, "u-10123");
		add_commented_packet(&b, "u-10124");
		add_commented_packet(&b, "u-10125");
		add_commented_packet(&b, "u--1");
		add_commented_packet(&b, "u-10123x");
		add_commented_packet(&b, "u-");
		add_commented_packet(&b, "u-99999999999999999999");
		build_check(buf_span(&b.bytes), &r);
		assert_int_equal(r.count, 7);
		assert_string_equal(r.frames[0].name, "Recall");
		assert_string_equal(r.frames[0].path, "org.example.recall");
		assert_int_equal(r.frames[0].pid, 0);
		assert_string_equal(r.frames[1].name, "org.example.nameless");
		for (size_t i = 2; i < r.count; i++)
			assert_string_equal(r.frames[i].name, "");
		build_free(&b);
	}
}

static void damaged_process_blocks_are_counted(void **state)
{
	struct built_result r;
	struct builder b;
	size_t opened;

	(void)state;
	start(&b, false);
	for (int i = 0; i < 5; i++) {
		opened = build_block_open(&b, i == 4 ? 0x80000001 : 0x0bad);
		if (i < 4)
			build_u32(&b, i == 3 ? 62652 : 32622);
		if (i > 0 && i < 3) {
			build_u32(&b, i == 2 ? 4 : 3);   /* entry type */
			build_u32(&b, i == 2 ? 0 : 400); /* longer than its block */
		}
		build_block_close(&b, opened);
	}
	build_packet(&b, 0, T0_S * SECOND_S, 14);
	build_check(buf_span(&b.bytes), &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.counts.skipped_blocks, 5);
	build_free(&b);
}

static void the_table_is_bounded(void **state)
{
	struct process_facts facts = {.kind = PROCESS_KEY_PID, .name = span_of_text("p")};
	struct frame_process found = {.pid = 7};
	struct process_table t;
	struct budget budget;

	(void)state;
	budget_init(&budget, SIZE_MAX);
	process_table_init(&t, &budget);
	for (uint32_t i = 0; i < SOURCE_PROCESSES_MAX; i++) {
		facts.key = i % 1000;
		facts.pid = i;
		facts.start_ns = SOURCE_PROCESSES_MAX - i; /* the worst order of arrival */
		assert_int_equal(process_table_add(&t, &facts), STATUS_OK);
	}
	assert_int_equal(process_table_add(&t, &facts), STATUS_LIMIT);
	assert_int_equal(process_table_find(&t, PROCESS_KEY_PID, 3, INT64_MAX, &found), STATUS_OK);
	assert_int_equal(found.pid, 3);
	found.pid = 7;
	assert_int_equal(process_table_find(&t, PROCESS_KEY_PID, 3, 0, &found), STATUS_NOT_FOUND);
	assert_int_equal(process_table_find(&t, PROCESS_KEY_ANDROID_UID, 3, INT64_MAX, &found),
	        STATUS_NOT_FOUND);
	assert_int_equal(found.pid, 7);
	process_table_clear(&t);
	assert_int_equal(budget.used_bytes, 0);
	budget_init(&budget, 3);
	assert_int_equal(process_table_add(&t, &facts), STATUS_LIMIT);
	process_table_clear(&t);
}

static void long_texts_are_cut(void **state)
{
	char text[PROCESS_TEXT_BYTES_MAX + 10];
	struct process_facts facts = {.kind = PROCESS_KEY_PID, .start_ns = PROCESS_NO_START};
	struct frame_process found = {0};
	struct process_table t;
	struct budget budget;

	(void)state;
	memset(text, 'a', sizeof(text));
	budget_init(&budget, SIZE_MAX);
	process_table_init(&t, &budget);
	facts.path = span_of(text, sizeof(text));
	facts.name = span_of("cut\0here", 8);
	facts.command = span_of("\0\0", 2);
	assert_int_equal(process_table_add(&t, &facts), STATUS_OK);
	assert_int_equal(process_table_find(&t, PROCESS_KEY_PID, 0, INT64_MIN, &found), STATUS_OK);
	assert_int_equal(strlen(found.path), PROCESS_TEXT_BYTES_MAX);
	assert_string_equal(found.name, "cut");
	assert_null(found.command);
	process_table_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(wireshark_process_is_the_latest_that_had_started),
	        cmocka_unit_test(a_new_section_forgets_the_processes),
	        cmocka_unit_test(darwin_prefers_the_effective_process),
	        cmocka_unit_test(pcapdroid_maps_user_ids),
	        cmocka_unit_test(damaged_process_blocks_are_counted),
	        cmocka_unit_test(the_table_is_bounded),
	        cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
