#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "classify/destination.h"
#include "classify/mmdb_writer.h"

/* The stated rules for how sure a country is, one row each. */

static void write_database(char *path, bool asn)
{
	const struct mmdb_value values[] = {{.country = "AU"}, {.country = "US", .anycast = true},
	        {.country = "DE"}, {.country = "FR", .source = 1}, {.country = "NZ"}};
	static const char *const networks[] = {"192.0.2.0/25", "192.0.2.128/25", "198.51.100.0/24",
	        "198.51.100.0/25", "203.0.113.0/24"};
	const struct mmdb_value edge = {.asn = 64496, .organisation = "Everywhere Edge"};
	struct mmdb_writer *w = NULL;
	struct prefix p;
	struct buf b;
	int fd = mkstemp(path);

	buf_init(&b, 1 << 20, NULL);
	assert_int_equal(
	        mmdb_writer_new(&w, asn ? "Exeat-ASN" : "Exeat-Country", 60 * INT64_C(1000000000)),
	        STATUS_OK);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (asn && i != 4)
			continue;
		assert_true(prefix_parse(networks[i], &p));
		assert_int_equal(mmdb_writer_add(w, &p, asn ? &edge : &values[i]), STATUS_OK);
	}
	assert_int_equal(mmdb_writer_finish(w, &b), STATUS_OK);
	assert_int_equal(write(fd, b.data, b.len), (ssize_t)b.len);
	close(fd);
	mmdb_writer_free(w);
	buf_free(&b);
}

static void check_rules(const struct destination_facts *facts)
{
	static const struct {
		const char *address, *host, *country, *service;
		enum country_confidence confidence;
	} cases[] = {
	        {"192.0.2.1", NULL, "AU", NULL, COUNTRY_DATABASE},
	        {"192.0.2.1", "api.quoll.example", "AU", "Quoll", COUNTRY_DATABASE},
	        {"192.0.2.200", NULL, "US", NULL, COUNTRY_UNPROVEN},    /* anycast */
	        {"198.51.100.1", NULL, "DE", NULL, COUNTRY_UNPROVEN},   /* sources differ */
	        {"198.51.100.200", NULL, "DE", NULL, COUNTRY_DATABASE}, /* one source */
	        {"203.0.113.1", NULL, "NZ", "Edge", COUNTRY_UNPROVEN},  /* its AS is a CDN's */
	        {"203.0.113.1", "api.quoll.example", "NZ", "Quoll", COUNTRY_UNPROVEN},
	        {"192.0.2.1", "a.front.example", "AU", "Front", COUNTRY_UNPROVEN},
	        {"203.0.113.1", "own.example", "JP", "Edge", COUNTRY_OVERRIDE},
	        {"192.0.2.200", "own.example", "JP", NULL, COUNTRY_OVERRIDE},
	        {"2001:db8::1", NULL, "", NULL, COUNTRY_NONE},
	        {"2001:db8::1", "a.front.example", "", "Front", COUNTRY_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct destination d;
		struct addr a;

		assert_true(addr_parse(cases[i].address, &a));
		destination_find(facts, &a, cases[i].host, &d);
		assert_string_equal(d.location.country, cases[i].country);
		assert_int_equal(d.location.confidence, cases[i].confidence);
		if (cases[i].service)
			assert_string_equal(d.service->organisation, cases[i].service);
		else
			assert_null(d.service);
	}
}

static void confidence_follows_the_stated_rules(void **state)
{
	static const char services[] =
	        "match,organisation,country_hq,kind,flags,source,checked_on\n"
	        "domain:quoll.example,Quoll,,vendor,,letter,2026-11-22\n"
	        "domain:front.example,Front,,cdn,unproven,letter,2026-11-22\n"
	        "asn:64496,Edge,,cdn,unproven,letter,2026-11-22\n";
	static const char overrides[] = "match,organisation,country,source,checked_on\n"
	                                "domain:own.example,,JP,letter,2026-11-22\n";
	char paths[2][24] = {"/tmp/exeat-c-XXXXXX", "/tmp/exeat-a-XXXXXX"};
	const char *const both[] = {paths[0], paths[1]};
	struct location_problem problem;
	struct csv_problem wrong;
	struct location_db *db = NULL;
	struct overrides *o = NULL;
	struct services *s = NULL;

	(void)state;
	write_database(paths[0], false);
	write_database(paths[1], true);
	if (location_db_new(&db, both, 2, &problem) != STATUS_OK)
		fail_msg("%zu %s", problem.file, problem.text);
	assert_int_equal(services_new(&s, span_of_text(services), &wrong), STATUS_OK);
	assert_int_equal(overrides_new(&o, span_of_text(overrides), &wrong), STATUS_OK);
	check_rules(&(struct destination_facts){db, o, s});
	location_db_free(db);
	overrides_free(o);
	services_free(s);
	unlink(paths[0]);
	unlink(paths[1]);
}

static void without_data_nothing_is_known(void **state)
{
	const struct addr a = addr_ipv4((const uint8_t[]){192, 0, 2, 1});
	struct destination d;

	(void)state;
	destination_find(&(struct destination_facts){NULL, NULL, NULL}, &a, "a.example", &d);
	assert_int_equal(d.location.confidence, COUNTRY_NONE);
	assert_null(d.service);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(confidence_follows_the_stated_rules),
	        cmocka_unit_test(without_data_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
