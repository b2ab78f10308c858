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

#define BLOCK         512
#define ARCHIVE_BYTES (64u << 10)

struct archive {
	uint8_t *bytes;
	size_t len;
};

static struct archive archive_new(void)
{
	struct archive a = {.bytes = calloc(1, ARCHIVE_BYTES)};

	assert_non_null(a.bytes);
	return a;
}

/* A header with its sum, then the data in whole blocks. */
static void add(struct archive *a, const char *name, char type, uint32_t size, const char *data)
{
	char *block = (char *)a->bytes + a->len;
	unsigned sum = 0;

	memcpy(block, name, strlen(name));
	memcpy(block + 100, "0000644", 7);
	snprintf(block + 124, 12, "%011o", size);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257,
	        "ustar\0"
	        "00",
	        8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (uint8_t)block[i];
	snprintf(block + 148, 7, "%06o", sum);
	a->len += BLOCK;
	memcpy(a->bytes + a->len, data, strlen(data));
	a->len += (strlen(data) + BLOCK - 1) / BLOCK * BLOCK;
}

static void add_file(struct archive *a, const char *name, const char *data)
{
	add(a, name, '0', (uint32_t)strlen(data), data);
}

static struct transcript run(const struct archive *a)
{
	struct transcript t = transcript_bytes(span_of(a->bytes, a->len), 0, 80);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	assert_true(transcript_stable(span_of(a->bytes, a->len), 80));
	return t;
}

static void test_members(void **state)
{
	struct archive a = archive_new();
	struct transcript t;

	(void)state;
	add(&a, "Letters/", '5', 0, "");
	add_file(&a, "Letters/patients.csv", "Surname,DOB\nInvented,01/02/1980\n");
	add_file(&a, "message.hl7", "MSH|^~\\&|A|B|C|D|20261001||ADT^A08|1|P|2.4\rPID|1||99\r");
	add_file(&a, "empty.txt", "");
	a.len += 2 * BLOCK;
	t = run(&a);
	assert_int_equal(transcript_count(&t, "begin archive tar"), 4);
	assert_true(transcript_has(&t, "field file-name [member 2 (.csv)] Letters/patients.csv"));
	assert_true(transcript_has(&t, "begin table  [member 2 (.csv)]"));
	assert_true(transcript_has(&t, "column=Surname row=1 column=1"));
	assert_true(transcript_has(&t, "begin hl7 ADT^A08"));
	assert_true(transcript_has(&t, "stream [] complete"));
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	free(a.bytes);
}

static void test_long_names(void **state)
{
	struct archive a = archive_new();
	struct transcript t;

	(void)state;
	add(&a, "././@LongLink", 'L', 20, "Letters/Invented.csv");
	add_file(&a, "Letters/Inv", "a,b\n1,2\n");
	add(&a, "PaxHeader", 'x', 44, "24 path=Letters/Two.csv\n20 comment=no matter");
	add_file(&a, "short", "a,b\n1,2\n");
	add_file(&a, "third.csv", "a,b\n1,2\n");
	t = run(&a);
	assert_true(transcript_has(&t, "[member 1 (.csv)] Letters/Invented.csv"));
	assert_true(transcript_has(&t, "[member 2 (.csv)] Letters/Two.csv"));
	assert_true(transcript_has(&t, "[member 3 (.csv)] third.csv"));
	transcript_free(&t);
	free(a.bytes);
}

static void test_lies(void **state)
{
	struct archive a = archive_new();
	struct transcript t;

	(void)state;
	add(&a, "large.txt", '0', 1u << 30, "only a few words in truth");
	t = run(&a);
	assert_true(transcript_has(&t, "stream [] truncated"));
	transcript_free(&t);
	a.len = 0;
	memset(a.bytes, 0, ARCHIVE_BYTES);
	add_file(&a, "one.txt", "some words");
	add_file(&a, "two.txt", "other words");
	a.bytes[2 * BLOCK + 3] ^= 1;
	t = run(&a);
	assert_true(transcript_has(&t, "stream [] malformed"));
	assert_int_equal(t.summary.unread_bytes[0], 2 * BLOCK);
	assert_true(transcript_has(&t, "some words"));
	transcript_free(&t);
	a.len = 0;
	memset(a.bytes, 0, ARCHIVE_BYTES);
	add(&a, "././@LongLink", 'L', 1u << 20, "x");
	t = run(&a);
	assert_true(transcript_has(&t, "stream [] truncated"));
	assert_int_equal(t.summary.limits_hit, 1);
	transcript_free(&t);
	free(a.bytes);
}

static void test_what_is_none(void **state)
{
	struct archive a = archive_new();
	struct transcript t;

	(void)state;
	add_file(&a, "one.txt", "some words");
	a.bytes[0] = 'x';
	t = run(&a);
	assert_false(transcript_has(&t, "archive"));
	transcript_free(&t);
	free(a.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_members),
	        cmocka_unit_test(test_long_names),
	        cmocka_unit_test(test_lies),
	        cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
