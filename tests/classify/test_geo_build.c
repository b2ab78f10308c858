#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "classify/geo_build.h"
#include "classify/location.h"

#define DATED "# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n"
#define OLDER "# Generated: Sat, 29 Oct 2022 05:59:54 GMT\n"

/* 203.0.113.0 to .130, .131 to .255; 198.51.100.0/24 is not known. */
static const char tor4[] = DATED "3405803776,3405803906,AU\r\n3405803907,3405804031,NZ\n"
                                 "3325256704,3325256959,??\n";
static const char tor6[] = DATED
        "2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,AU\n\n2001:db8:1::1,2001:db8:1::4,DE";
static const char dump[] = OLDER
        "\naut-num:    AS64497\nname:       Dibbler IT\n\naut-num: AS64496\nname: Quoll\n\n"
        "net:        203.0.113.0/24\ncountry:    AU\naut-num:    64496\n\n"
        "net:        203.0.113.192/26\ncountry: US\naut-num: 64497\nis-anycast: yes\ndrop: yes\n\n"
        "net: 198.51.100.0/25\ncountry: EU\nis-anonymous-proxy: yes\n\n"
        "net: 2001:db8::/48\ncountry: AU\nis-satellite-provider: yes\naut-num: 64499\n";

static int feed(struct geo_build *b, enum geo_form form, struct span text, size_t piece,
        struct geo_problem *ret)
{
	int status = geo_build_table(b, form);

	for (size_t at = 0; status == STATUS_OK && at < text.len; at += piece)
		status = geo_build_feed(b, span_slice(text, at, piece), ret);
	return status == STATUS_OK ? geo_build_table_end(b, ret) : status;
}

static int save(char *path, const struct buf *b)
{
	int fd = mkstemp(path);

	assert_int_equal(write(fd, b->data, b->len), (ssize_t)b->len);
	return close(fd);
}

static struct location find(const struct location_db *db, const char *text)
{
	struct location l;
	struct addr a = {0};

	assert_true(addr_parse(text, &a));
	location_find(db, &a, &l);
	return l;
}

static void build(size_t piece, struct buf *country, struct buf *asn)
{
	struct geo_problem problem = {0};
	struct geo_build *b = NULL;

	buf_init(country, 1 << 20, NULL);
	buf_init(asn, 1 << 20, NULL);
	assert_int_equal(geo_build_new(&b), STATUS_OK);
	assert_int_equal(feed(b, GEO_TOR_IPV4, span_of_text(tor4), piece, &problem), STATUS_OK);
	assert_int_equal(feed(b, GEO_TOR_IPV6, span_of_text(tor6), piece, &problem), STATUS_OK);
	assert_int_equal(feed(b, GEO_LOCATION, span_of_text(dump), piece, &problem), STATUS_OK);
	assert_int_equal(geo_build_finish(b, country, asn), STATUS_OK);
	geo_build_free(b);
}

static void check_addresses(const struct location_db *db)
{
	struct location l = find(db, "203.0.113.130");

	assert_string_equal(l.country, "AU");
	assert_int_equal(l.confidence, COUNTRY_DATABASE);
	assert_string_equal(l.organisation, "Quoll");
	assert_int_equal(l.asn, 64496);
	l = find(db, "203.0.113.131"); /* the sources differ: the newer one counts */
	assert_string_equal(l.country, "NZ");
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	assert_false(l.anycast);
	l = find(db, "203.0.113.200");
	assert_true(l.anycast);
	assert_string_equal(l.organisation, "Dibbler IT");
	l = find(db, "198.51.100.7");
	assert_string_equal(l.country, "");
	assert_true(l.proxy);
	l = find(db, "2001:db8::5");
	assert_string_equal(l.country, "AU");
	assert_true(l.satellite);
	assert_int_equal(l.asn, 64499);
	assert_string_equal(l.organisation, "");
	assert_string_equal(find(db, "2001:db8:1::1").country, "DE");
	assert_string_equal(find(db, "2001:db8:1::4").country, "DE");
	assert_string_equal(find(db, "2001:db8:1::5").country, "");
	assert_string_equal(find(db, "2001:db8:1::").country, "");
	assert_int_equal(find(db, "192.0.2.1").confidence, COUNTRY_NONE);
}

static void both_sources_become_two_databases(void **state)
{
	char paths[2][24] = {"/tmp/exeat-c-XXXXXX", "/tmp/exeat-a-XXXXXX"};
	const char *const both[] = {paths[0], paths[1]};
	struct location_problem problem;
	struct location_db *db = NULL;
	struct buf country, asn;
	char day[TIME_DATE_CHARS];

	(void)state;
	build(SIZE_MAX / 2, &country, &asn);
	save(paths[0], &country);
	save(paths[1], &asn);
	assert_int_equal(location_db_new(&db, both, 2, &problem), STATUS_OK);
	check_addresses(db);
	time_format_day((int32_t)(location_built_ns(db) / NS_PER_SECOND / 86400), day);
	assert_string_equal(day, "2026-06-25");
	time_format_day((int32_t)(location_asn_built_ns(db) / NS_PER_SECOND / 86400), day);
	assert_string_equal(day, "2022-10-29");
	assert_string_equal(location_type(db), "Exeat-Country");
	location_db_free(db);
	unlink(paths[0]);
	unlink(paths[1]);
	for (size_t piece = 1; piece < 9; piece++) {
		struct buf other[2];

		build(piece, &other[0], &other[1]);
		assert_true(span_equal(buf_span(&country), buf_span(&other[0])));
		assert_true(span_equal(buf_span(&asn), buf_span(&other[1])));
		buf_free(&other[0]);
		buf_free(&other[1]);
	}
	buf_free(&country);
	buf_free(&asn);
}

static void every_mistake_is_named_with_its_place(void **state)
{
	static const struct {
		enum geo_form form;
		const char *text, *problem;
		unsigned line, column;
	} cases[] = {
	        {GEO_TOR_IPV4, DATED "x,1,AU\n", "first address", 2, 1},
	        {GEO_TOR_IPV4, DATED "1,2,AU\n4294967296,1,AU\n", "first address", 3, 1},
	        {GEO_TOR_IPV4, DATED "1\n", "last address", 2, 2},
	        {GEO_TOR_IPV4, DATED "5,4,AU\n", "ends before", 2, 3},
	        {GEO_TOR_IPV4, DATED "4,5,AUS\n", "two letters", 2, 5},
	        {GEO_TOR_IPV6, DATED "4,5,AU\n", "first address", 2, 1},
	        {GEO_TOR_IPV6, DATED "2001:db8::,192.0.2.1,AU\n", "last address", 2, 12},
	        {GEO_LOCATION, DATED "net: 192.0.2.1/24\n", "net:", 2, 6},
	        {GEO_LOCATION, DATED "aut-num: x\n", "aut-num:", 2, 10},
	        {GEO_LOCATION, DATED "country: AU\n", "must begin", 2, 1},
	        {GEO_LOCATION, DATED "net 192.0.2.1\n", "key: value", 2, 1},
	        {GEO_LOCATION, DATED "net: 192.0.2.0/24\ncountry: Australia\n", "two letters", 3,
	                10},
	        {GEO_LOCATION, DATED "net: 192.0.2.0/24\naut-num: ASx\n", "aut-num:", 3, 10},
	        {GEO_LOCATION, DATED "net: 192.0.2.0/24\nnet: 192.0.3.0/24\n", "empty line", 3, 1},
	        {GEO_TOR_IPV4, DATED, "no network", 0, 0},
	        {GEO_TOR_IPV4, "1,2,AU\n", "no date", 0, 0},
	        {GEO_TOR_IPV4, "# Generated: some day\n1,2,AU\n", "no date", 0, 0},
	        {GEO_LOCATION, DATED "net: 192.0.2.0/24", "", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct geo_problem problem = {0};
		struct geo_build *b = NULL;
		int status;

		assert_int_equal(geo_build_new(&b), STATUS_OK);
		status = feed(b, cases[i].form, span_of_text(cases[i].text), 7, &problem);
		assert_int_equal(status, cases[i].problem[0] ? STATUS_MALFORMED : STATUS_OK);
		if (status != STATUS_OK) {
			assert_non_null(strstr(problem.text, cases[i].problem));
			assert_int_equal(problem.line, cases[i].line);
			assert_int_equal(problem.column, cases[i].column);
		}
		geo_build_free(b);
	}
}

static void a_line_without_end_and_binary_data_are_refused(void **state)
{
	static const char zero[] = DATED "1,2\0,AU\n";
	char line[GEO_LINE_BYTES_MAX + 2];
	struct geo_problem problem = {0};
	struct geo_build *b = NULL;

	(void)state;
	memset(line, '1', sizeof(line));
	assert_int_equal(geo_build_new(&b), STATUS_OK);
	assert_int_equal(feed(b, GEO_TOR_IPV4, span_of(line, sizeof(line)), 100, &problem),
	        STATUS_MALFORMED);
	assert_non_null(strstr(problem.text, "too long"));
	assert_int_equal(feed(b, GEO_TOR_IPV4, span_of(zero, sizeof(zero) - 1), 100, &problem),
	        STATUS_MALFORMED);
	assert_non_null(strstr(problem.text, "zero byte"));
	geo_build_free(b);
}

static void a_table_cut_anywhere_ends_in_a_named_way(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(dump); len++) {
		struct geo_problem problem = {0};
		struct geo_build *b = NULL;
		int status;

		assert_int_equal(geo_build_new(&b), STATUS_OK);
		status = feed(b, GEO_LOCATION, span_of(dump, len), 64, &problem);
		assert_true(status == STATUS_OK || (status == STATUS_MALFORMED && problem.text));
		geo_build_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(both_sources_become_two_databases),
	        cmocka_unit_test(every_mistake_is_named_with_its_place),
	        cmocka_unit_test(a_line_without_end_and_binary_data_are_refused),
	        cmocka_unit_test(a_table_cut_anywhere_ends_in_a_named_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
