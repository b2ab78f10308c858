#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "transcript.h"

#define PORT 9000

static void has_all(const char *sql, const char *const *lines, size_t count)
{
	struct transcript t = transcript_bytes(span_of_text(sql), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("expected line %zu is missing", i);
	transcript_free(&t);
	assert_true(transcript_stable(span_of_text(sql), PORT));
}

static void reads_a_dump_of_mysql(void **state)
{
	static const char sql[] =
	        "-- MySQL dump 10.13  Distrib 8.0\n--\n-- Host: localhost    Database: clinic\n"
	        "/*!40101 SET NAMES utf8 */;\nDROP TABLE IF EXISTS `patients`;\n"
	        "CREATE TABLE `patients` (\n  `id` int(11) NOT NULL,\n  `Surname` varchar(40),\n"
	        "  `MedicareNo` varchar(12) DEFAULT NULL COMMENT 'a, b',\n  PRIMARY KEY "
	        "(`id`)\n);\n"
	        "LOCK TABLES `patients` WRITE;\n"
	        "INSERT INTO `patients` VALUES (1,'O\\'HARA, "
	        "J','29518731251'),(2,'CITIZEN',NULL);\n"
	        "INSERT INTO `patients` VALUES (3,'it''s; (fine)','2123456701');\n"
	        "UNLOCK TABLES;\n";
	static const char *const lines[] = {
	        "0.0 begin database sql []\n",
	        "Host: localhost",
	        "0.0 begin table  []\n",
	        "column=Surname row=1 column=2 [column 2] O'HARA, J\n",
	        "column=MedicareNo row=1 column=3 [column 3] 29518731251\n",
	        "column=id row=2 column=1 [column 1] 2\n",
	        "column=Surname row=3 column=2 [column 2] it's; (fine)\n",
	        "column=MedicareNo row=3 column=3 [column 3] 2123456701\n",
	        "UNLOCK TABLES",
	};

	(void)state;
	has_all(sql, lines, ARRAY_LEN(lines));
}

static void reads_a_dump_of_postgresql(void **state)
{
	static const char sql[] =
	        "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n"
	        "CREATE TABLE public.patients (\n    id integer,\n    notes text\n);\n"
	        "COPY public.patients (id, \"medicare no\", notes) FROM stdin;\n"
	        "1\t29518731251\tone\\ttab\\nline\n\\N\t2123456701\t\\N\n\\.\n\nSELECT 1;\n";
	static const char *const lines[] = {
	        "column=id row=1 column=1 [column 1] 1\n",
	        "column=medicare no row=1 column=2 [column 2] 29518731251\n",
	        "column=notes row=1 column=3 [column 3] one\\x09tab\\x0aline\n",
	        "column=medicare no row=2 column=2 [column 2] 2123456701\n",
	        "SELECT 1;",
	};

	(void)state;
	has_all(sql, lines, ARRAY_LEN(lines));
}

static void reads_a_script_of_sql_server(void **state)
{
	static const char sql[] =
	        "USE [BPSPatients]\nGO\nSET ANSI_NULLS ON\nGO\n"
	        "INSERT [dbo].[Patients] ([Id], [Surname], [MedicareNo], [Dob], [Scan]) VALUES "
	        "(1, N'O''HARA', N'29518731251', CAST(N'1950-07-01' AS Date), 0x0102)\nGO\n"
	        "INSERT [dbo].[Patients] ([Id], [Surname], [MedicareNo], [Dob], [Scan]) VALUES "
	        "(2, N'C:\\', N'2123456701', CAST(12.5 AS Decimal(18, 2)), NULL)\nGO\n"
	        "UPDATE x SET a = 1\n";
	static const char *const lines[] = {
	        "column=Surname row=1 column=2 [column 2] O'HARA\n",
	        "column=MedicareNo row=1 column=3 [column 3] 29518731251\n",
	        "column=Dob row=1 column=4 [column 4] 1950-07-01\n",
	        "column=Surname row=2 column=2 [column 2] C:\\x5c\n",
	        "column=MedicareNo row=2 column=3 [column 3] 2123456701\n",
	        "column=Dob row=2 column=4 [column 4] 12.5\n",
	        "UPDATE x SET a = 1",
	};

	(void)state;
	has_all(sql, lines, ARRAY_LEN(lines));
}

/* One statement longer than what may be held: nothing of it is held, rows come singly. */
static void reads_a_long_statement(void **state)
{
	char *sql = malloc(2 << 20);
	size_t len = 0, rows = 0;
	struct transcript t;

	(void)state;
	assert_non_null(sql);
	len += (size_t)snprintf(sql, 100, "INSERT INTO t (a, b) VALUES ");
	while (len < 300 << 10)
		len += (size_t)snprintf(
		        sql + len, 100, "%s(%zu,'text of the row')", rows ? "," : "", rows),
		        rows++;
	len += (size_t)snprintf(sql + len, 100, ";");
	t = transcript_bytes(span_of(sql, len), 1460, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(transcript_count(&t, "column=b"), rows);
	assert_true(t.budget_peak < 200u << 10);
	transcript_free(&t);
	free(sql);
}

static void a_long_value_is_running_text(void **state)
{
	char *sql = malloc(64 << 10);
	struct transcript t;
	size_t len;

	(void)state;
	assert_non_null(sql);
	len = (size_t)snprintf(sql, 100, "INSERT INTO t (a, b) VALUES (1,'");
	for (size_t i = 0; i < 20000; i++)
		sql[len++] = 'x';
	len += (size_t)snprintf(sql + len, 100, "'),(2,'end');");
	t = transcript_bytes(span_of(sql, len), 0, PORT);
	assert_true(transcript_has(&t, "text content column=b row=1 column=2 [column 2] xxx"));
	assert_true(transcript_has(&t, "column=b row=2 column=2 [column 2] end\n"));
	transcript_free(&t);
	t = transcript_bytes(span_of(sql, len), 1, PORT);
	assert_true(transcript_has(&t, "column=b row=2 column=2 [column 2] end\n"));
	transcript_free(&t);
	free(sql);
}

static void what_is_sql(void **state)
{
	static const struct {
		const char *text;
		bool sql;
	} rows[] = {
	        {"INSERT INTO a VALUES (1)", true},
	        {"insert into the slot and turn", false},
	        {"CREATE TABLE a (b int);", true},
	        {"Create a table for us (please).", false},
	        {"SET a the table", false},
	        {"SET FOREIGN_KEY_CHECKS=0;\n", true},
	        {"Use the door.\n", false},
	        {"USE clinic;\n", true},
	        {"-- signature\nJane", false},
	        {"/* licence */\nint main(void)", false},
	        {"/* dump */ DROP TABLE IF EXISTS a;", true},
	        {"Drop table reservations by noon;", false},
	        {"BEGIN TRANSACTION;\n", true},
	        {"Begin here", false},
	        {"PRAGMA foreign_keys=OFF;\n", true},
	        {"# heading\n\nSome text", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct transcript t = transcript_bytes(span_of_text(rows[i].text), 0, PORT);
		bool sql = transcript_has(&t, "begin database") ||
		           transcript_has(&t, "begin table");

		if (sql != rows[i].sql)
			fail_msg("row %zu", i);
		transcript_free(&t);
		if (!transcript_stable(span_of_text(rows[i].text), PORT))
			fail_msg("row %zu is not stable", i);
	}
}

/* Heads that never close, one in each line: looking at all of each would take hours. */
static void heads_are_not_looked_at_for_ever(void **state)
{
	static const char line[] = "create table a(\n", begin[] = "set names utf8;\n";
	const size_t len = 1u << 20, line_len = sizeof(line) - 1;
	struct transcript t;
	char *sql = malloc(len);

	(void)state;
	assert_non_null(sql);
	for (size_t i = 0; i < len; i += line_len)
		memcpy(sql + i, i ? line : begin, line_len);
	t = transcript_bytes(span_of(sql, len), 1460, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_true(t.summary.limits_hit > 0);
	transcript_free(&t);
	free(sql);
}

/* A word without an end is text. */
static void a_long_word_is_text(void **state)
{
	static const char begin[] = "set names utf8;\n";
	const size_t len = 300u << 10;
	struct transcript t;
	char *sql = malloc(len);

	(void)state;
	assert_non_null(sql);
	memset(sql, 'c', len);
	memcpy(sql, begin, sizeof(begin) - 1);
	t = transcript_bytes(span_of(sql, len), 1460, PORT);
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	free(sql);
}

static void tells_all_literals_of_a_value(void **state)
{
	static const char *const lines[] = {
	        "column=a row=1 column=1 [column 1] CITIZEN, \n",
	        "column=a row=1 column=1 [column 1] Jan),(\n",
	        "column=b row=1 column=2 [column 2] 29518731251\n",
	        "column=b row=2 column=2 [column 2] 2123456701\n",
	};

	(void)state;
	has_all("INSERT INTO t (a, b) VALUES (concat('CITIZEN, ', 'Jan),('), '29518731251'),\n"
	        "('O''HARA' || ', Pat', '2123456701');\n",
	        lines, ARRAY_LEN(lines));
}

static void a_gap_in_a_copied_row(void **state)
{
	struct segment segments[] = {
	        SEGMENT(0, "COPY t (a, b) FROM stdin;\nCITIZEN\t29518"),
	        {.gap_bytes = 5},
	        SEGMENT(0, "51\t7\nO'HARA\t2123456701\n"),
	};
	struct transcript t = transcript_run(segments, ARRAY_LEN(segments), 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "column=b"));
	assert_true(transcript_has(&t, "2123456701"));
	transcript_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_dump_of_mysql),
	        cmocka_unit_test(reads_a_dump_of_postgresql),
	        cmocka_unit_test(reads_a_script_of_sql_server),
	        cmocka_unit_test(reads_a_long_statement),
	        cmocka_unit_test(a_long_value_is_running_text),
	        cmocka_unit_test(what_is_sql),
	        cmocka_unit_test(heads_are_not_looked_at_for_ever),
	        cmocka_unit_test(a_long_word_is_text),
	        cmocka_unit_test(tells_all_literals_of_a_value),
	        cmocka_unit_test(a_gap_in_a_copied_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
