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

static int open_two(struct location_db **ret, const char *country, const char *asn)
{
	const char *paths[] = {country, asn};
	struct location_problem problem = {.file = 99};
	int status = location_db_new(ret, paths, asn ? 2 : 1, &problem);

	if (status == STATUS_MALFORMED || status == STATUS_UNSUPPORTED) {
		assert_true(problem.text[0] != '\0');
		assert_int_equal(problem.file, 0);
	}
	return status;
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

	assert_int_equal(open_two(&db, country, asn), STATUS_OK);
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

/* A database written by hand: the tree as given, and the metadata of any maker. */
struct hand_made {
	const char *type;
	const uint8_t *tree; /* of 24-bit records (6 bytes a node) unless said otherwise */
	uint32_t nodes;
	const char *data; /* the data section */
	size_t data_len;
	size_t cut; /* bytes that are missing at the end */
};

static void put(uint8_t *file, size_t *len, const void *bytes, size_t count)
{
	if (count)
		memcpy(file + *len, bytes, count);
	*len += count;
}

static void put_key(uint8_t *file, size_t *len, const char *key)
{
	uint8_t control = (uint8_t)(2 << 5 | strlen(key));

	put(file, len, &control, 1);
	put(file, len, key, strlen(key));
}

/* As many bytes as the control byte (type, or 0 and an extended type) says: 2, 4 or 8. */
static void put_number(uint8_t *file, size_t *len, const char *key, unsigned bytes, unsigned value)
{
	uint8_t number[10] = {0};
	size_t at = 0;

	put_key(file, len, key);
	number[at++] = (uint8_t)((bytes == 2 ? 5u << 5 : bytes == 4 ? 6u << 5 : 0) | bytes);
	if (bytes == 8)
		number[at++] = 9 - 7;
	number[at + bytes - 2] = (uint8_t)(value >> 8);
	number[at + bytes - 1] = (uint8_t)value;
	put(file, len, number, at + bytes);
}

static int open_of_width(struct location_db **ret, const struct hand_made *h, unsigned record_bits)
{
	static const uint8_t map = 7 << 5 | 9, array[] = {0, 4}, no_map = 7 << 5;
	static const uint8_t zeros[16];
	char path[] = "/tmp/exeat-mmdb-XXXXXX";
	uint8_t file[2048];
	uint8_t long_text[] = {2 << 5 | 29, 0};
	size_t len = 0;
	int fd = mkstemp(path), status;

	put(file, &len, h->tree, (size_t)h->nodes * record_bits / 4);
	put(file, &len, zeros, sizeof(zeros));
	put(file, &len, h->data, h->data_len);
	put(file, &len, "\xab\xcd\xefMaxMind.com", 14);
	put(file, &len, &map, 1);
	put_number(file, &len, "node_count", 4, h->nodes);
	put_number(file, &len, "record_size", 2, record_bits);
	put_number(file, &len, "ip_version", 2, 4);
	put_number(file, &len, "binary_format_major_version", 2, 2);
	put_number(file, &len, "binary_format_minor_version", 2, 0);
	put_number(file, &len, "build_epoch", 8, 60000);
	put_key(file, &len, "database_type");
	if (strlen(h->type) >= 29) {
		long_text[1] = (uint8_t)(strlen(h->type) - 29);
		put(file, &len, long_text, 2);
		put(file, &len, h->type, strlen(h->type));
	} else {
		put_key(file, &len, h->type);
	}
	put_key(file, &len, "languages");
	put(file, &len, array, 2);
	put_key(file, &len, "description");
	put(file, &len, &no_map, 1);
	assert_int_equal(write(fd, file, len - h->cut), (ssize_t)(len - h->cut));
	close(fd);
	status = open_two(ret, path, NULL);
	unlink(path);
	return status;
}

static int open_hand_made(struct location_db **ret, const struct hand_made *h)
{
	return open_of_width(ret, h, 24);
}

/* One node: 0.0.0.0/1 has the record at the start of the data section, 128.0.0.0/1 none. */
static const uint8_t one_record[] = {0, 0, 1 + 16, 0, 0, 1};

static void files_of_other_makers_are_read(void **state)
{
	static const struct {
		const char *type, *data, *country, *organisation;
		uint32_t asn;
	} cases[] = {
	        {"GeoLite2-Country",
	                "\xe1\x47"
	                "country\xe1\x48"
	                "iso_code\x42"
	                "NZ",
	                "NZ", "", 0},
	        {"DBIP-ASN-Lite (compat=GeoLite2-ASN)",
	                "\xe2\x58"
	                "autonomous_system_number\xc2\xfb\xff"
	                "\x5d\x01"
	                "autonomous_system_organization\x45"
	                "Quoll",
	                "", "Quoll", 64511},
	        {"ipinfo country_asn.mmdb",
	                "\xe3\x47"
	                "country\x42"
	                "AU\x43"
	                "asn\x47"
	                "AS64496\x47"
	                "as_name\x45"
	                "Quoll",
	                "AU", "Quoll", 64496},
	        {"ipinfo bundle_location_lite.mmdb",
	                "\xe2\x47"
	                "country\x49"
	                "Australia\x4c"
	                "country_code\x42"
	                "AU",
	                "AU", "", 0},
	        {"ipinfo generic_asn_free.mmdb",
	                "\xe2\x43"
	                "asn\x47"
	                "AS64496\x44"
	                "name\x45"
	                "Quoll",
	                "", "Quoll", 64496},
	        {"GeoLite2-Country",
	                "\xe1\x47"
	                "country\xe1\x48"
	                "iso_code\x42"
	                "EU",
	                "", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct location_db *db = NULL;
		const struct hand_made h = {
		        cases[i].type, one_record, 1, cases[i].data, strlen(cases[i].data), 0};
		struct location l;

		assert_int_equal(open_hand_made(&db, &h), STATUS_OK);
		l = find(db, "1.2.3.4");
		assert_string_equal(l.country, cases[i].country);
		assert_string_equal(l.organisation, cases[i].organisation);
		assert_int_equal(l.asn, cases[i].asn);
		assert_true(location_built_ns(db) == INT64_C(60000000000000) ||
		            cases[i].country[0] == '\0');
		l = find(db, "200.2.3.4");
		assert_int_equal(l.confidence, COUNTRY_NONE);
		db = location_db_free(db);
	}
}

static void damaged_and_foreign_files_are_refused(void **state)
{
	static const char country[] = "\xe1\x47"
	                              "country\xe1\x48"
	                              "iso_code\x42"
	                              "NZ";
	static const char flag[] = "\xe1\x4c"
	                           "is_anonymous\x01\x07";
	/* Both ways of the root lead to the root; two nodes that lead to each other. */
	static const uint8_t root_cycle[] = {0, 0, 0, 0, 0, 0};
	static const uint8_t pair_cycle[] = {0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 2};
	static const uint8_t past_the_end[] = {0x7f, 0, 0, 0, 0, 1};
	const struct hand_made cases[] = {
	        {"GeoLite2-Country", root_cycle, 1, country, sizeof(country) - 1, 0},
	        {"GeoLite2-Country", pair_cycle, 2, country, sizeof(country) - 1, 0},
	        {"GeoLite2-Country", past_the_end, 1, country, sizeof(country) - 1, 0},
	        {"GeoLite2-Country", one_record, 1, country, sizeof(country) - 1, 20},
	        {"GeoLite2-Country", one_record, 1, country, sizeof(country) - 1, 200},
	};
	const struct hand_made other = {
	        "GeoIP2-Anonymous-IP", one_record, 1, flag, sizeof(flag) - 1, 0};
	struct location_db *db = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(open_hand_made(&db, &cases[i]), STATUS_MALFORMED);
	assert_int_equal(open_hand_made(&db, &other), STATUS_UNSUPPORTED);
	assert_null(db);
}

/* A pointer of the data section that leads to itself must end. */
static void a_pointer_to_itself_ends(void **state)
{
	const struct hand_made h = {"GeoLite2-Country", one_record, 1, "\x20\x00", 2, 0};
	struct location_db *db = NULL;

	(void)state;
	if (open_hand_made(&db, &h) == STATUS_OK)
		assert_string_equal(find(db, "1.2.3.4").country, "");
	location_db_free(db);
}

static void a_database_cut_anywhere_is_refused_or_read(void **state)
{
	static const char country[] = "\xe1\x47"
	                              "country\xe1\x48"
	                              "iso_code\x42"
	                              "NZ";
	struct hand_made h = {"GeoLite2-Country", one_record, 1, country, sizeof(country) - 1, 0};

	(void)state;
	for (h.cut = 1; h.cut < 230; h.cut++) {
		struct location_db *db = NULL;

		if (open_hand_made(&db, &h) == STATUS_OK)
			find(db, "1.2.3.4");
		location_db_free(db);
	}
}

static void where_sources_differ_the_country_is_unproven(void **state)
{
	char country[] = "/tmp/exeat-country-XXXXXX";
	const struct mmdb_value au = {.country = "AU"}, not_known = {.country = NULL};
	const struct mmdb_value second_us = {.country = "US", .source = 1, .anycast = true};
	const struct mmdb_value second_au = {.country = "AU", .source = 1};
	struct mmdb_writer *w = NULL;
	struct location_db *db = NULL;
	struct location l;

	(void)state;
	assert_int_equal(mmdb_writer_new(&w, "Exeat-Country", BUILT), STATUS_OK);
	add(w, "203.0.113.0/24", &au);
	add(w, "198.51.100.0/24", &not_known);
	add(w, "203.0.0.0/16", &second_au);
	add(w, "203.0.113.64/26", &second_us);
	add(w, "198.51.100.0/25", &second_au);
	add(w, "192.0.2.0/24", &second_us);
	close(write_file(w, country));
	w = mmdb_writer_free(w);
	assert_int_equal(open_two(&db, country, NULL), STATUS_OK);
	l = find(db, "203.0.113.1");
	assert_string_equal(l.country, "AU");
	assert_int_equal(l.confidence, COUNTRY_DATABASE);
	assert_false(l.sources_differ);
	l = find(db, "203.0.113.65");
	assert_string_equal(l.country, "AU");
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	assert_true(l.sources_differ && l.anycast);
	l = find(db, "203.0.99.1"); /* only the second source speaks */
	assert_string_equal(l.country, "AU");
	assert_int_equal(l.confidence, COUNTRY_DATABASE);
	l = find(db, "198.51.100.1"); /* the first says that nobody knows */
	assert_string_equal(l.country, "");
	assert_int_equal(l.confidence, COUNTRY_NONE);
	l = find(db, "192.0.2.1");
	assert_string_equal(l.country, "US");
	assert_int_equal(l.confidence, COUNTRY_UNPROVEN);
	db = location_db_free(db);
	unlink(country);
}

/* Networks of which each has a record of its own: more than are kept decoded. */
#define MANY 6000

static struct addr many_address(unsigned i)
{
	const uint8_t bytes[4] = {(uint8_t)(20 + i % 7), (uint8_t)(i >> 8), (uint8_t)i, 9};

	return addr_ipv4(bytes);
}

static void write_many(char *country, char *asn)
{
	struct mmdb_writer *c = NULL, *a = NULL;

	assert_int_equal(mmdb_writer_new(&c, "Exeat-Country", BUILT), STATUS_OK);
	assert_int_equal(mmdb_writer_new(&a, "Exeat-ASN", BUILT), STATUS_OK);
	for (unsigned i = 0; i < MANY; i++) {
		const struct prefix p = {many_address(i), 24};
		char code[] = {(char)('A' + i % 26), (char)('A' + i / 26 % 26), '\0'};
		char name[32];

		snprintf(name, sizeof(name), "Network %u", i);
		assert_int_equal(mmdb_writer_add(c, &p,
		                         &(struct mmdb_value){.country = code,
		                                 .anycast = i % 3 == 0,
		                                 .proxy = i % 5 == 0}),
		        STATUS_OK);
		assert_int_equal(mmdb_writer_add(a, &p,
		                         &(struct mmdb_value){.asn = i + 1, .organisation = name}),
		        STATUS_OK);
	}
	close(write_file(c, country));
	close(write_file(a, asn));
	mmdb_writer_free(c);
	mmdb_writer_free(a);
}

static void check_many(const struct location_db *db, unsigned i)
{
	struct addr a = many_address(i), beside = a;
	struct location l;
	char name[32];

	snprintf(name, sizeof(name), "Network %u", i);
	location_find(db, &a, &l);
	assert_int_equal(l.asn, i + 1);
	assert_string_equal(l.organisation, name);
	assert_true(l.anycast == (i % 3 == 0) && l.proxy == (i % 5 == 0));
	if (l.country[0])
		assert_true(l.country[0] == (char)('A' + i % 26) &&
		            l.country[1] == (char)('A' + i / 26 % 26));
	beside.bytes[0] = 99;
	location_find(db, &beside, &l);
	assert_true(l.asn == 0 && l.organisation[0] == '\0' && l.country[0] == '\0');
}

/* Answers from a record that was kept are those of one that was just read: each network is asked
 * for first of a new database, then again, and again in another order once others took places. */
static void kept_records_answer_as_new_ones(void **state)
{
	char country[] = "/tmp/exeat-country-XXXXXX", asn[] = "/tmp/exeat-asn-XXXXXX";
	struct location_db *db = NULL, *fresh = NULL;

	(void)state;
	write_many(country, asn);
	assert_int_equal(open_two(&db, country, asn), STATUS_OK);
	for (unsigned i = 0; i < MANY; i++) {
		check_many(db, i);
		check_many(db, i);
	}
	for (unsigned i = MANY; i-- > 0;)
		check_many(db, i);
	for (unsigned i = 0; i < MANY; i += 97) {
		struct addr a = many_address(i);
		struct location kept, read;

		assert_int_equal(open_two(&fresh, country, asn), STATUS_OK);
		location_find(fresh, &a, &read);
		location_find(db, &a, &kept);
		assert_memory_equal(&kept, &read, sizeof(kept));
		fresh = location_db_free(fresh);
	}
	location_db_free(db);
	unlink(country);
	unlink(asn);
}

/* Records of 28 bits share their fourth byte. */
static void records_of_each_width_are_read(void **state)
{
	static const uint8_t tree28[] = {0, 0, 1, 0, 0, 0,
	        2 + 16,                    /* 0.0.0.0/1 goes on, 128.0.0.0/1 is the record */
	        0, 0, 2, 0, 0, 0, 2 + 16}; /* 0.0.0.0/2 is empty, 64.0.0.0/2 the record */
	static const uint8_t tree32[] = {0, 0, 0, 1, 0, 0, 0, 2 + 16, 0, 0, 0, 2, 0, 0, 0, 2 + 16};
	static const char data[] = "\xe1\x47"
	                           "country"
	                           "\x42"
	                           "NZ";
	const struct hand_made wide[] = {
	        {"Country", tree28, 2, data, sizeof(data) - 1, 0},
	        {"Country", tree32, 2, data, sizeof(data) - 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
		struct location_db *db = NULL;

		assert_int_equal(open_of_width(&db, &wide[i], i == 0 ? 28 : 32), STATUS_OK);
		assert_string_equal(find(db, "192.0.2.1").country, "NZ");
		assert_string_equal(find(db, "77.0.2.1").country, "NZ");
		assert_string_equal(find(db, "10.0.2.1").country, "");
		assert_string_equal(find(db, "2001:db8::1").country, "");
		location_db_free(db);
	}
}

static void what_is_no_database_is_named(void **state)
{
	char path[] = "/tmp/exeat-mmdb-XXXXXX";
	struct location_db *db = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "not a database", 14), 14);
	close(fd);
	assert_int_equal(open_two(&db, path, NULL), STATUS_MALFORMED);
	assert_int_equal(open_two(&db, "/nonexistent/x.mmdb", NULL), STATUS_IO);
	assert_null(db);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(writer_and_reader_agree),
	        cmocka_unit_test(files_of_other_makers_are_read),
	        cmocka_unit_test(damaged_and_foreign_files_are_refused),
	        cmocka_unit_test(a_pointer_to_itself_ends),
	        cmocka_unit_test(a_database_cut_anywhere_is_refused_or_read),
	        cmocka_unit_test(where_sources_differ_the_country_is_unproven),
	        cmocka_unit_test(kept_records_answer_as_new_ones),
	        cmocka_unit_test(records_of_each_width_are_read),
	        cmocka_unit_test(what_is_no_database_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
