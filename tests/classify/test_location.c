#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "classify/location.h"
#include "classify/mmdb_writer.h"

#define BUILT INT64_C(1790000000000000000)

static void add(struct mmdb_writer *w, const char *text, const struct mmdb_value *v)
{
	struct prefix p;

	assert_true(prefix_parse(text, &p));
	assert_int_equal(mmdb_writer_add(w, &p, v), STATUS_OK);
}

static int write_file(struct mmdb_writer *w, char *path)
{
	struct buf b;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	buf_init(&b, 1 << 20, NULL);
	assert_int_equal(mmdb_writer_finish(w, &b), STATUS_OK);
	assert_int_equal(write(fd, b.data, b.len), (ssize_t)b.len);
	buf_free(&b);
	return fd;
}

static struct location find(const struct location_db *db, const char *text)
{
	struct location l;
	struct addr a = {0};

	assert_true(addr_parse(text, &a));
	location_find(db, &a, &l);
	return l;
}

static void writer_and_reader_agree(void **state)
{
	char country[] = "/tmp/exeat-country-XXXXXX", asn[] = "/tmp/exeat-asn-XXXXXX";
	const struct mmdb_value au = {.country = "AU"}, de = {.country = "DE"};
	const struct mmdb_value us_anycast = {.country = "US", .anycast = true};
	const struct mmdb_value org = {.asn = 64496, .organisation = "Quoll Analytics Pty Ltd"};
	struct mmdb_writer *w = NULL;
	struct location_db *db = NULL;
	struct location l;

	(void)state;
	assert_int_equal(mmdb_writer_new(&w, "Exeat-Country", BUILT), STATUS_OK);
	add(w, "203.0.113.128/25", &de); /* the longer prefix first: it must win all the same */
	add(w, "203.0.113.0/24", &au);
	add(w, "198.51.100.0/24", &us_anycast);
	add(w, "2001:db8:1::/48", &de);
	close(write_file(w, country));
	w = mmdb_writer_free(w);
	assert_int_equal(mmdb_writer_new(&w, "Exeat-ASN", BUILT), STATUS_OK);
	add(w, "203.0.113.0/24", &org);
	close(write_file(w, asn));
	w = mmdb_writer_free(w);

	assert_int_equal(location_db_new(&db, country, asn), STATUS_OK);
	assert_true(location_built_ns(db) == BUILT);
	l = find(db, "203.0.113.5");
	assert_string_equal(l.country, "AU");
	assert_int_equal(l.confidence, COUNTRY_DATABASE);
	assert_int_equal(l.asn, 64496);
	assert_string_equal(l.organisation, "Quoll Analytics Pty Ltd");
	l = find(db, "203.0.113.200");
	assert_string_equal(l.country, "DE");
	l = find(db, "198.51.100.1");
	assert_string_equal(l.country, "US");
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	assert_true(l.anycast);
	l = find(db, "2001:db8:1::77");
	assert_string_equal(l.country, "DE");
	l = find(db, "2001:db8:2::77");
	assert_string_equal(l.country, "");
	assert_int_equal(l.confidence, COUNTRY_NONE);
	l = find(db, "192.0.2.1");
	assert_int_equal(l.confidence, COUNTRY_NONE);
	l = find(NULL, "192.0.2.1");
	assert_int_equal(l.confidence, COUNTRY_NONE);
	db = location_db_free(db);
	unlink(country);
	unlink(asn);
}

static void what_is_no_database_is_named(void **state)
{
	char path[] = "/tmp/exeat-mmdb-XXXXXX";
	struct location_db *db = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "not a database", 14), 14);
	close(fd);
	assert_int_equal(location_db_new(&db, path, NULL), STATUS_MALFORMED);
	assert_int_equal(location_db_new(&db, "/nonexistent/x.mmdb", NULL), STATUS_IO);
	assert_null(db);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(writer_and_reader_agree),
	        cmocka_unit_test(what_is_no_database_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
