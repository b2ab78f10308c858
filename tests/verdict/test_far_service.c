/* Questions that come of what is publicly known of the far end: each fires, and nearly fires. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "registry/rows.h"
#include "verdict/verdict.h"

#define FILE_BYTES_MAX 32768

static struct flag_rules *load_rules(void)
{
	static char bytes[FILE_BYTES_MAX];
	FILE *file = fopen(SOURCE "/rules/flags.csv", "rb");
	struct csv_problem problem;
	struct flag_rules *rules = NULL;
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_true(len < sizeof(bytes));
	assert_int_equal(flag_rules_new(&rules, span_of(bytes, len), &problem), STATUS_OK);
	return rules;
}

static struct registry *load_register(void)
{
	static const char *const texts[] = {
	        PRACTICE_CSV, PROGRAMS_CSV, DESTINATIONS_CSV, CONTRACTS_CSV, BASIS_CSV};
	struct span files[REGISTRY_FILES] = {{.data = NULL}};
	bool present[REGISTRY_FILES] = {false};
	struct registry *r = NULL;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		files[i] = span_of_text(texts[i]);
		present[i] = true;
	}
	assert_int_equal(registry_load(&r, files, present), STATUS_OK);
	return r;
}

static int64_t program_of(const struct registry *r, const char *id)
{
	for (size_t i = 0; i < registry_program_count(r); i++)
		if (strcmp(registry_program(r, i)->id, id) == 0)
			return (int64_t)i;
	return -1;
}

/* In the register, Bookaroo may send to api.bookaroo.example; nothing may send elsewhere. */
#define KNOWN "api.bookaroo.example"
#define OTHER "other.example"

struct far_case {
	enum flag_id id;
	enum severity severity; /* SEVERITY_NONE: does not fire */
	const char *host;
	struct verdict_subject far; /* only what is about the service */
	const char *sentence;       /* part */
};

static const struct far_case cases[] = {
        {FLAG_AI_SERVICE_UNREGISTERED, SEVERITY_HIGH, OTHER, {.far_service = FAR_SERVICE_AI},
                "other.example, an AI service"},
        {FLAG_AI_SERVICE_UNREGISTERED, SEVERITY_HIGH, OTHER,
                {.far_service = FAR_SERVICE_AI, .service_shown = "Scribe AI"},
                "used or contacted Scribe AI, an AI service"},
        {FLAG_AI_SERVICE_UNREGISTERED, SEVERITY_NONE, KNOWN, {.far_service = FAR_SERVICE_AI}, ""},
        {FLAG_AI_SERVICE_UNREGISTERED, SEVERITY_NONE, OTHER, {.far_service = FAR_SERVICE_PERSONAL},
                ""},
        {FLAG_CONSUMER_CLOUD, SEVERITY_MEDIUM, OTHER, {.far_service = FAR_SERVICE_PERSONAL},
                "file, mail or chat service that anybody can join was contacted"},
        {FLAG_CONSUMER_CLOUD, SEVERITY_HIGH, OTHER,
                {.far_service = FAR_SERVICE_PERSONAL, .patient_seen = true}, ""},
        {FLAG_CONSUMER_CLOUD, SEVERITY_NONE, KNOWN, {.far_service = FAR_SERVICE_PERSONAL}, ""},
        {FLAG_TRACKER, SEVERITY_MEDIUM, OTHER, {.far_service = FAR_SERVICE_TRACKER},
                "Bookaroo also contacted other.example, a firm that shows adverts"},
        {FLAG_TRACKER, SEVERITY_NONE, KNOWN, {.far_service = FAR_SERVICE_TRACKER}, ""},
        {FLAG_REMOTE_ACCESS_TOOL, SEVERITY_HIGH, OTHER, {.far_service = FAR_SERVICE_REMOTE_ACCESS},
                "reception used or contacted other.example, a way for someone outside"},
        {FLAG_REMOTE_ACCESS_TOOL, SEVERITY_MEDIUM, KNOWN,
                {.far_service = FAR_SERVICE_REMOTE_ACCESS}, ""},
        {FLAG_REMOTE_ACCESS_TOOL, SEVERITY_NONE, OTHER, {.far_service = FAR_SERVICE_OTHER}, ""},
        {FLAG_HIDDEN_DNS, SEVERITY_MEDIUM, OTHER, {.far_service = FAR_SERVICE_HIDDEN_DNS},
                "reception used or contacted a service that hides which sites"},
        {FLAG_HIDDEN_DNS, SEVERITY_NONE, KNOWN, {.far_service = FAR_SERVICE_HIDDEN_DNS}, ""},
        {FLAG_TUNNEL, SEVERITY_MEDIUM, OTHER, {.far_service = FAR_SERVICE_TUNNEL},
                "reception used a private tunnel, or contacted a service that sets one up"},
        {FLAG_TUNNEL, SEVERITY_NONE, KNOWN, {.far_service = FAR_SERVICE_TUNNEL}, ""},
        {FLAG_TEST_HOST_LIVE_DATA, SEVERITY_HIGH, KNOWN,
                {.test_service = true, .patient_seen = true}, "maker's test service"},
        {FLAG_TEST_HOST_LIVE_DATA, SEVERITY_NONE, KNOWN, {.test_service = true}, ""},
        {FLAG_TEST_HOST_LIVE_DATA, SEVERITY_NONE, OTHER, {.patient_seen = true}, ""},
        {FLAG_LAN_PORT_AT_BORDER, SEVERITY_HIGH, OTHER, {.lan_port = true}, "meant for inside"},
        {FLAG_LAN_PORT_AT_BORDER, SEVERITY_NONE, KNOWN, {.lan_port = true}, ""},
        {FLAG_LAN_PORT_AT_BORDER, SEVERITY_HIGH, KNOWN, {.lan_port = true, .from_outside = true},
                ""},
        {FLAG_LAN_PORT_AT_BORDER, SEVERITY_NONE, OTHER, {.from_outside = true}, ""},
        {FLAG_WEAK_ENCRYPTION, SEVERITY_MEDIUM, KNOWN, {.weak_encryption = true},
                "protection on this connection is out of date"},
        {FLAG_WEAK_ENCRYPTION, SEVERITY_NONE, OTHER, {.weak_encryption = false}, ""},
        {FLAG_BAD_CERTIFICATE, SEVERITY_MEDIUM, KNOWN, {.certificate = CERTIFICATE_SELF_SIGNED},
                "could not be confirmed: it vouched for itself."},
        {FLAG_BAD_CERTIFICATE, SEVERITY_MEDIUM, OTHER, {.certificate = CERTIFICATE_EXPIRED},
                "had run out"},
        {FLAG_BAD_CERTIFICATE, SEVERITY_MEDIUM, OTHER, {.certificate = CERTIFICATE_EARLY},
                "was not valid yet"},
        {FLAG_BAD_CERTIFICATE, SEVERITY_MEDIUM, OTHER, {.certificate = CERTIFICATE_OTHER_NAME},
                "made out to another name"},
        {FLAG_BAD_CERTIFICATE, SEVERITY_NONE, OTHER, {.certificate = CERTIFICATE_NO_DOUBT}, ""},
};

static struct verdict_subject subject_of(const struct far_case *c, const struct registry *r)
{
	struct verdict_subject s = c->far;

	assert_true(time_parse_date("2026-10-05", &s.day));
	s.egress = true;
	s.program = program_of(r, "bookaroo");
	s.program_shown = "Bookaroo";
	s.computer_shown = "reception";
	s.far_shown = c->host;
	s.match = (struct match_subject){
	        .names = {c->host}, .name_count = 1, .far_port = 443, .protocol = 6};
	s.country = "AU";
	s.country_certain = true;
	s.transport = s.patient_seen ? TRANSPORT_CLEAR : TRANSPORT_ENCRYPTED;
	s.tier = s.patient_seen ? TIER_HIGH : TIER_OPAQUE;
	s.seen = s.patient_seen ? UINT32_C(1) << CATEGORY_CONTACT : 0;
	return s;
}

static const struct flag *find_flag(const struct verdict *v, enum flag_id id)
{
	for (unsigned i = 0; i < v->flag_count; i++)
		if (v->flags[i].id == id)
			return &v->flags[i];
	return NULL;
}

static void what_is_known_of_the_far_end_asks(void **state)
{
	struct flag_rules *rules = load_rules();
	struct registry *r = load_register();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verdict_subject s = subject_of(&cases[i], r);
		const struct flag *flag;
		struct verdict v;

		assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
		flag = find_flag(&v, cases[i].id);
		if ((flag ? flag->severity : SEVERITY_NONE) != cases[i].severity)
			fail_msg("case %zu: %s", i, flag_name(cases[i].id));
		if (flag && !strstr(flag->sentence, cases[i].sentence))
			fail_msg("case %zu: %s", i, flag->sentence);
		if (flag) {
			assert_null(strchr(flag->sentence, '{'));
			assert_null(strchr(flag->would_clear, '{'));
		}
	}
	registry_free(r);
	flag_rules_free(rules);
}

/* A service that is known takes no question away. */
static void a_hint_never_clears(void **state)
{
	struct flag_rules *rules = load_rules();
	struct registry *r = load_register();
	struct far_case plain = {.host = OTHER}, hinted = {.host = OTHER};
	struct verdict_subject s = subject_of(&plain, r);
	struct verdict without, with;

	(void)state;
	assert_int_equal(verdict_decide(&s, r, rules, &without), STATUS_OK);
	for (int k = FAR_SERVICE_OTHER; k <= FAR_SERVICE_TUNNEL; k++) {
		hinted.far.far_service = (enum far_service)k;
		hinted.far.service_shown = "A well-known company";
		s = subject_of(&hinted, r);
		assert_int_equal(verdict_decide(&s, r, rules, &with), STATUS_OK);
		for (unsigned i = 0; i < without.flag_count; i++)
			assert_non_null(find_flag(&with, without.flags[i].id));
		assert_true(with.severity >= without.severity);
		assert_int_equal(with.paper, without.paper);
	}
	registry_free(r);
	flag_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_known_of_the_far_end_asks),
	        cmocka_unit_test(a_hint_never_clears),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
