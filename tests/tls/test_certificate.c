#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "certificate_maker.h"
#include "tls/certificate_cache.h"

#define NOT_ASKED ((struct span){.len = 0})

/* With and without OpenSSL's algorithms at hand: the same. */
static int read_certificate(struct span body, struct span asked, struct certificate **ret_gives)
{
	struct certificate_reader *reader = NULL;
	struct certificate *keyless = NULL;
	int status = certificate_read(body, asked, ret_gives);

	assert_int_equal(certificate_reader_new(&reader), STATUS_OK);
	assert_int_equal(certificate_read_by(reader, body, asked, &keyless), status);
	assert_true((keyless == NULL) == (status != STATUS_OK));
	if (keyless)
		assert_memory_equal(keyless, *ret_gives, sizeof(*keyless));
	certificate_free(keyless);
	certificate_reader_free(reader);
	return status;
}

static struct certificate *read_plan(const struct certificate_plan *plan)
{
	struct span body = make_certificate(plan);
	struct certificate *c = NULL;

	assert_int_equal(read_certificate(body, NOT_ASKED, &c), STATUS_OK);
	free((void *)body.data);
	return c;
}

static void puts_whole_names_first(void **state)
{
	static const struct certificate_plan plan = {.common_name = "old.example",
	        .organisation = "Invented Pathology",
	        .alternatives = "DNS:*.example.au,IP:192.0.2.7,DNS:results.example.au"};
	struct certificate *c = read_plan(&plan);

	(void)state;
	assert_int_equal(c->name_count, 3);
	assert_string_equal(c->names[0], "192.0.2.7");
	assert_string_equal(c->names[1], "results.example.au");
	assert_string_equal(c->names[2], "*.example.au");
	assert_string_equal(c->issuer, "Invented Pathology");
	assert_int_equal(c->not_before_s, 1735689600);
	assert_int_equal(c->not_after_s, 1767225600);
	assert_true(c->self_signed);
	certificate_free(c);
}

static void knows_who_vouches(void **state)
{
	static const struct certificate_plan plan = {
	        .organisation = "Invented Pathology", .issuer = "Invented Trust"};
	struct certificate *c = read_plan(&plan);

	(void)state;
	assert_string_equal(c->issuer, "Invented Trust");
	assert_false(c->self_signed);
	certificate_free(c);
}

static void falls_back_to_the_common_name(void **state)
{
	static const struct certificate_plan plan = {.common_name = "pms.example.au"};
	static const struct certificate_plan nameless = {.organisation = "Nobody"};
	struct certificate *c = read_plan(&plan);

	(void)state;
	assert_int_equal(c->name_count, 1);
	assert_string_equal(c->names[0], "pms.example.au");
	assert_string_equal(c->issuer, "pms.example.au");
	certificate_free(c);
	c = read_plan(&nameless);
	assert_int_equal(c->name_count, 0);
	certificate_free(c);
}

static enum certificate_fit fit_of(const struct certificate_plan *plan, const char *asked)
{
	struct span body = make_certificate(plan);
	struct certificate *c = NULL;
	enum certificate_fit fit;

	assert_int_equal(read_certificate(body, span_of_text(asked), &c), STATUS_OK);
	fit = c->fit;
	certificate_free(c);
	free((void *)body.data);
	return fit;
}

/* By all names, also those past the maximum; a common name only where there are no others. */
static void compares_with_the_name_asked_for(void **state)
{
	static const struct certificate_plan plan = {.common_name = "old.example",
	        .alternatives = "DNS:*.example.au,DNS:results.example",
	        .extra_names = 100};
	static const struct certificate_plan common = {.common_name = "old.example"};

	(void)state;
	assert_int_equal(fit_of(&plan, ""), CERTIFICATE_UNCHECKED);
	assert_int_equal(fit_of(&plan, "."), CERTIFICATE_UNCHECKED);
	assert_int_equal(fit_of(&plan, "results.example"), CERTIFICATE_FITS);
	assert_int_equal(fit_of(&plan, "RESULTS.example."), CERTIFICATE_FITS);
	assert_int_equal(fit_of(&plan, "pms.example.au"), CERTIFICATE_FITS);
	assert_int_equal(fit_of(&plan, "n99.example"), CERTIFICATE_FITS);
	assert_int_equal(fit_of(&plan, "n100.example"), CERTIFICATE_DIFFERS);
	assert_int_equal(fit_of(&plan, "a.pms.example.au"), CERTIFICATE_DIFFERS);
	assert_int_equal(fit_of(&plan, "example.au"), CERTIFICATE_DIFFERS);
	assert_int_equal(fit_of(&plan, "old.example"), CERTIFICATE_DIFFERS);
	assert_int_equal(fit_of(&common, "old.example"), CERTIFICATE_FITS);
}

static void keeps_some_of_many_names(void **state)
{
	static const struct certificate_plan plan = {.common_name = "a", .extra_names = 3000};
	static const struct certificate_plan too_many = {.extra_names = 10000};
	struct certificate *c = read_plan(&plan);
	struct span body = make_certificate(&too_many);

	(void)state;
	assert_int_equal(c->name_count, CERTIFICATE_NAMES_MAX);
	assert_int_equal(c->names_left_out, 3000 - CERTIFICATE_NAMES_MAX);
	assert_string_equal(c->names[0], "n0.example");
	c = certificate_free(c);
	assert_int_equal(read_certificate(body, NOT_ASKED, &c), STATUS_LIMIT);
	assert_null(c);
	free((void *)body.data);
}

static void refuses_every_cut(void **state)
{
	static const struct certificate_plan plan = {
	        .common_name = "pms.example.au", .alternatives = "DNS:pms.example.au"};
	struct span body = make_certificate(&plan);
	struct certificate *c = NULL;

	(void)state;
	for (size_t len = 0; len < body.len; len++) {
		uint8_t *exact = malloc(len ? len : 1);

		assert_non_null(exact);
		memcpy(exact, body.data, len);
		assert_int_equal(
		        read_certificate(span_of(exact, len), NOT_ASKED, &c), STATUS_MALFORMED);
		assert_null(c);
		free(exact);
	}
	assert_int_equal(read_certificate(span_of("\0\0\0", 3), NOT_ASKED, &c), STATUS_NOT_FOUND);
	assert_int_equal(
	        read_certificate(span_of("\0\0\3\0\0\0", 6), NOT_ASKED, &c), STATUS_MALFORMED);
	assert_null(c);
	free((void *)body.data);
}

/* The same answers, whether it was read before or not; more than it has entries. */
static void remembers(void **state)
{
	static const struct certificate_plan plan = {.alternatives = "DNS:results.example"};
	struct span body = make_certificate(&plan), other;
	const struct certificate *first, *again, *differs;
	struct certificate_cache *cache;
	char name[32];

	(void)state;
	assert_int_equal(certificate_cache_new(&cache), STATUS_OK);
	assert_int_equal(certificate_cache_read(cache, body, NOT_ASKED, &first), STATUS_OK);
	assert_int_equal(certificate_cache_read(cache, body, NOT_ASKED, &again), STATUS_OK);
	assert_ptr_equal(first, again);
	assert_int_equal(again->fit, CERTIFICATE_UNCHECKED);
	assert_string_equal(again->names[0], "results.example");
	assert_int_equal(certificate_cache_read(cache, body, span_of_text("pms.example"), &differs),
	        STATUS_OK);
	assert_int_equal(differs->fit, CERTIFICATE_DIFFERS);
	for (int i = 0; i < 3 * CERTIFICATE_CACHE_ENTRIES; i++) {
		snprintf(name, sizeof(name), "DNS:n%d.example", i);
		other = make_certificate(&(struct certificate_plan){.alternatives = name});
		assert_int_equal(
		        certificate_cache_read(cache, other, NOT_ASKED, &again), STATUS_OK);
		assert_string_equal(again->names[0], name + strlen("DNS:"));
		free((void *)other.data);
	}
	assert_int_equal(certificate_cache_read(cache, span_slice(body, 0, 40), NOT_ASKED, &again),
	        STATUS_MALFORMED);
	assert_int_equal(certificate_cache_read(cache, span_of("\0\0\0", 3), NOT_ASKED, &again),
	        STATUS_NOT_FOUND);
	assert_null(certificate_cache_free(cache));
	free((void *)body.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(remembers),
	        cmocka_unit_test(puts_whole_names_first),
	        cmocka_unit_test(knows_who_vouches),
	        cmocka_unit_test(falls_back_to_the_common_name),
	        cmocka_unit_test(compares_with_the_name_asked_for),
	        cmocka_unit_test(keeps_some_of_many_names),
	        cmocka_unit_test(refuses_every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
