#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/display.h"
#include "base/utf8.h"

#define ID  DISPLAY_IDENTIFIER
#define DOT "\xe2\x80\xa6"

struct sample {
	const char *text, *shown;
};

static void show_all(const struct sample *samples, size_t count)
{
	char ret[DISPLAY_CHARS_MAX];

	for (size_t i = 0; i < count; i++) {
		display_text(span_of_text(samples[i].text), ret, sizeof(ret));
		assert_string_equal(ret, samples[i].shown);
	}
}

static void hostile_bytes_do_not_pass(void **state)
{
	static const struct sample samples[] = {
	        {"", ""},
	        {"plain text", "plain text"},
	        {"caf\xc3\xa9", "caf\xc3\xa9"},
	        {"\x1b[31mred\x1b[0m", "red"},
	        {"\x1b]0;title\x07seen", "seen"},
	        {"\x1b]8;;http://x\x1b\\link", "link"},
	        {"\x1bP1;2q#\x1b\\x", "x"},
	        {"\x1b[31", "31"},           /* cut before its final byte */
	        {"\x1b]0;never", "0;never"}, /* an open one hides nothing */
	        {"\x1b", "?"},
	        {"\xc2\x9b"
	         "31mx",
	                "31mx"}, /* C1 control */
	        {"a\x07\x08\x7f"
	         "b",
	                "ab"},
	        {"a\r\nb\tc", "a  b c"},
	        {"exe\xe2\x80\xae"
	         "fdp.txt",
	                "exefdp.txt"}, /* right-to-left override */
	        {"a\xe2\x80\x8b\xef\xbb\xbf\xc2\xad"
	         "b",
	                "ab"}, /* zero-width */
	        {"a\xe2\x81\xa6"
	         "b\xe2\x81\xa9",
	                "ab"}, /* isolates */
	        {"a\xf3\xa0\x81\x81"
	         "b",
	                "ab"}, /* tag characters */
	        {"\xff\xfe"
	         "a\x80",
	                "a"},
	        {"\xc0\xaf", "?"},
	        {"\xed\xa0\x80", "?"},
	        {"\xf4\x90\x80\x80", "?"},
	        {"\xe2\x82", "?"},
	};

	(void)state;
	show_all(samples, ARRAY_LEN(samples));
}

static void numbers_of_patients_do_not_pass(void **state)
{
	static const struct sample samples[] = {
	        {"2123 45670 1", ID},
	        {"2123456701", ID},
	        {"2123-45670-1/1.pdf", ID ".pdf"},
	        {"medicare=2123456701&x=1", "medicare=" ID "&x=1"},
	        {"8003 6000 0000 0000 end", ID " end"},
	        {"/p/2123%2045670%201/x", "/p/" ID "/x"},
	        {"2123_45670_1", ID},
	        {"2123  45670  1", ID},
	        {"\xef\xbc\x92"
	         "12345670",
	                ID}, /* full-width first digit */
	        {"2123\xc2\xa0"
	         "45670\xc2\xa0"
	         "1",
	                ID}, /* no-break spaces */
	        {"2123\xe2\x80\x8b"
	         "45670\xe2\x80\x8b"
	         "1",
	                ID}, /* zero-width spaces */
	        {"2123\x1b[0m45670", ID},
	        {"1957-03-04", ID},
	        {"04/03/1957", ID},
	        {"0412 345 678", ID},
	        {"NBUR9080", ID},
	        {"dva QX144963 seen", "dva " ID " seen"},
	        {"WA123456B", ID},
	        {"123456789A", ID "A"},
	        {"a123456", "a123456"},
	        {"123456", "123456"},
	        {"12 34 56", "12 34 56"},
	        {"port 8443", "port 8443"},
	        {"NBUR90801", "NBUR90801"},
	};

	(void)state;
	show_all(samples, ARRAY_LEN(samples));
}

static void addresses_and_our_dates_are_left(void **state)
{
	static const struct sample samples[] = {
	        {"203.0.113.10", "203.0.113.10"},
	        {"203.0.113.128:8443", "203.0.113.128:8443"},
	        {"198.51.100.0/24", "198.51.100.0/24"},
	        {"198.51.100.200 and more", "198.51.100.200 and more"},
	        {"2001:db8::1234", "2001:db8::1234"},
	        {"2026-10-01", "2026-10-01"},
	        {"2026-10-01T09:30:00", "2026-10-01T09:30:00"},
	        {"ended 2026-01-31.", "ended 2026-01-31."},
	        /* near misses */
	        {"203.0.113.1000", ID},
	        {"212.345.670.123", ID},
	        {"203.000.113.010", ID},
	        {"203.0.113.10.44", ID},
	        {"2026-10-01-2", ID},
	        {"2026-13-01", ID},
	        {"2026.10.01", ID},
	};

	(void)state;
	show_all(samples, ARRAY_LEN(samples));
}

static void a_long_text_ends_in_an_ellipsis(void **state)
{
	char text[5000];
	char ret[DISPLAY_CHARS_MAX];
	char small[32];

	(void)state;
	memset(text, 'x', sizeof(text));
	display_text(span_of(text, 255), ret, sizeof(ret));
	assert_int_equal(strlen(ret), 255);
	display_text(span_of(text, 256), ret, sizeof(ret));
	assert_int_equal(strlen(ret), 255);
	assert_string_equal(ret + 252, DOT);
	display_text(
	        span_of_text("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
	                     "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"),
	        small, sizeof(small));
	assert_int_equal(strlen(small), 28 + 3);
	assert_int_equal(utf8_valid_length(span_of_text(small)), strlen(small));
	memset(text, '7', sizeof(text));
	display_text(span_of(text, sizeof(text)), ret, sizeof(ret));
	assert_string_equal(ret, ID DOT);
	/* A number that stands across the place where we stop looking. */
	memset(text, '7', 1000);
	memcpy(text + 1000, "abcdefg 2123 45670 1 2123 45670 1", 33);
	display_text(span_of(text, 1033), ret, sizeof(ret));
	assert_null(strstr(ret, "2123"));
}

static void no_digit_of_a_number_survives_any_cut(void **state)
{
	static const char text[] = "patient 2123 45670 1 of clinic";
	char ret[64];

	(void)state;
	for (size_t size = 1; size < sizeof(ret); size++) {
		memset(ret, '#', sizeof(ret));
		display_text(span_of_text(text), ret, size);
		assert_true(strlen(ret) < size);
		assert_null(strchr(ret, '2'));
		assert_int_equal(utf8_valid_length(span_of_text(ret)), strlen(ret));
	}
}

static void hosts_keep_host_characters(void **state)
{
	static const struct sample samples[] = {
	        {"Up.Quoll.EXAMPLE", "up.quoll.example"},
	        {"*.quoll.example", "*.quoll.example"},
	        {"_dmarc.x.example:443", "_dmarc.x.example:443"},
	        {"<script>.example", "?script?.example"},
	        {"=cmd|'/c calc'!A1", "?cmd???c?calc??a1"},
	        {"caf\xc3\xa9.example", "caf?.example"},
	        {"2123456701.tracker.example", ID ".tracker.example"},
	        {"2123-45670-1.tracker.example", ID ".tracker.example"},
	        {"p.2123.45670.1.example", "p." ID ".example"},
	        {"2001:db8::1", "2001:db8::1"},
	        {"\x1b[2Jx.example", "x.example"},
	        {"\x01", "?"},
	};
	char ret[DISPLAY_CHARS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		display_host(span_of_text(samples[i].text), ret, sizeof(ret));
		assert_string_equal(ret, samples[i].shown);
	}
}

static void computers_lose_the_names_of_people(void **state)
{
	static const struct {
		const char *text, *shown;
	} names[] = {
	        {"Margaret-Citizens-iPhone", "‹owner›-iphone"},
	        {"iPhone-von-Anna", "iphone-‹owner›"},
	        {"iphone", "iphone"},
	        {"Galaxy-S23-Ultra-von-Anna.local", "galaxy-‹owner›-ultra-‹owner›-local"},
	        {"janes-MacBook-Pro-2", "‹owner›-macbook-pro-2"},
	        {"dr-jane-citizen-pc", "dr-‹owner›-pc"},
	        {"ROOM-2-MRS-CITIZEN", "room-2-mrs-‹owner›"},
	        {"reception-1", "reception-1"},
	        {"nurse-laptop", "nurse-laptop"},
	        {"drive-server.practice.example", "drive-server.practice.example"},
	        {"iphone-0412-345-678", "iphone-‹owner›"},
	        {"", ""},
	};
	char ret[DISPLAY_CHARS_MAX], small[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		display_computer(span_of_text(names[i].text), ret, sizeof(ret));
		assert_string_equal(ret, names[i].shown);
		display_computer(span_of_text(names[i].text), small, sizeof(small));
		assert_true(strlen(small) < sizeof(small));
	}
}

static void members_are_numbers(void **state)
{
	static const struct sample samples[] = {
	        {"letters/Jane Sample.PDF", "member 3 (.pdf)"},
	        {"jane.sample", "member 3"},
	        {"2123456701", "member 3"},
	        {"x.2123456701", "member 3"},
	        {"extract.csv", "member 3 (.csv)"},
	        {"noext", "member 3"},
	        {"", "member 3"},
	        {"x.pdf\x1b[31m", "member 3"},
	};
	char ret[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		display_member(3, span_of_text(samples[i].text), ret, sizeof(ret));
		assert_string_equal(ret, samples[i].shown);
	}
}

static void programs_lose_their_folders_and_arguments(void **state)
{
	static const struct sample samples[] = {
	        {"/usr/bin/curl", "curl"},
	        {"/usr/bin/curl --data medicare=2123456701", "curl"},
	        {"curl", "curl"},
	        {"C:\\Program Files\\Quoll Extract\\Quoll.exe", "Quoll.exe"},
	        {"\"C:\\Program Files\\Q\\q.exe\" /patient:2123456701", "q.exe"},
	        {"C:\\Program Files\\Q\\q.exe /p:2123456701", "q.exe"},
	        {"\\device\\harddiskvolume1\\windows\\system32\\lsass.exe", "lsass.exe"},
	        {"/opt/2123456701/run", "run"},
	        {"/tmp/2123456701.exe", ID ".exe"},
	        {"/opt/app/", "app"},
	        {"/", "/"},
	        {"evil\x1b[31m", "evil"},
	        {"", ""},
	};
	char ret[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		display_program(span_of_text(samples[i].text), ret, sizeof(ret));
		assert_string_equal(ret, samples[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hostile_bytes_do_not_pass),
	        cmocka_unit_test(numbers_of_patients_do_not_pass),
	        cmocka_unit_test(addresses_and_our_dates_are_left),
	        cmocka_unit_test(a_long_text_ends_in_an_ellipsis),
	        cmocka_unit_test(no_digit_of_a_number_survives_any_cut),
	        cmocka_unit_test(hosts_keep_host_characters),
	        cmocka_unit_test(computers_lose_the_names_of_people),
	        cmocka_unit_test(members_are_numbers),
	        cmocka_unit_test(programs_lose_their_folders_and_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
