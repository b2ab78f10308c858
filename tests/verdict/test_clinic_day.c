/* The verdicts of the fixture clinic-day, from what its truth.csv says was sent and where. That was
 * written before any output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/status.h"
#include "verdict/clinic.h"
#include "verdict/flag_rules.h"
#include "verdict/verdict.h"

struct world {
	struct flag_rules *rules;
	struct registry *clinic;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct span csv = read_file("rules/flags.csv");
	struct csv_problem problem;

	assert_non_null(w);
	assert_int_equal(flag_rules_new(&w->rules, csv, &problem), 0);
	free_span(csv);
	w->clinic = load_clinic();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	flag_rules_free(w->rules);
	registry_free(w->clinic);
	free(w);
	return 0;
}

static enum tier tier_of(const char *name)
{
	static const char *const names[] = {
	        "none", "reference", "directory", "weak", "medium", "high", "sealed", "opaque"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum tier)i;
	return TIER_NONE;
}

static category_set categories_of(const char *text)
{
	struct span rest = span_of_text(text);
	category_set set = 0;

	while (rest.len > 0) {
		size_t bar = span_find_byte(rest, '|');
		struct span item = span_slice(rest, 0, bar);
		enum category category;
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)item.len, (const char *)item.data);
		if (category_parse(name, &category))
			set |= UINT32_C(1) << category;
		rest = bar == SIZE_MAX ? span_of("", 0) : span_slice(rest, bar + 1, rest.len);
	}
	return set;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void join_flags(const struct verdict *v, char *ret, size_t size)
{
	const char *names[VERDICT_FLAGS_MAX];
	size_t len = 0;

	for (unsigned i = 0; i < v->flag_count; i++)
		names[i] = flag_name(v->flags[i].id);
	qsort(names, v->flag_count, sizeof(names[0]), by_text);
	ret[0] = '\0';
	for (unsigned i = 0; i < v->flag_count; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? "|" : "", names[i]);
}

struct truth {
	const struct csv_table *table;
	struct csv_row row;
};

static const char *told(const struct truth *t, const char *column)
{
	size_t index = csv_table_column(t->table, column);

	assert_true(index < t->row.cell_count);
	return t->row.cells[index].text;
}

/* What the names and bytes of a conversation tell beside its row of truth.csv, as the services of
 * rules/services.csv, the ports and the kinds of rules/identifiers.csv have it. */
static void add_facts(const char *conversation, struct verdict_subject *s)
{
	static const struct {
		int n;
		enum far_service far_service;
		enum certificate_doubt certificate;
		bool weak, in_clear, metadata, test, from_outside, pictures, locked;
		bool prescription, mhr;
	} facts[] = {
	        {.n = 32, .metadata = true},
	        {.n = 33, .far_service = FAR_SERVICE_TRACKER},
	        {.n = 40, .test = true},
	        {.n = 42, .mhr = true},
	        {.n = 43, .from_outside = true},
	        {.n = 44, .pictures = true, .in_clear = true},
	        {.n = 45, .certificate = CERTIFICATE_EXPIRED},
	        {.n = 47, .far_service = FAR_SERVICE_REMOTE_ACCESS},
	        {.n = 48, .weak = true},
	        {.n = 50, .in_clear = true},
	        {.n = 51, .far_service = FAR_SERVICE_AI},
	        {.n = 52, .far_service = FAR_SERVICE_TUNNEL},
	        {.n = 53, .prescription = true},
	        {.n = 54, .far_service = FAR_SERVICE_PERSONAL},
	        {.n = 55, .locked = true},
	        {.n = 56, .far_service = FAR_SERVICE_HIDDEN_DNS},
	        {.n = 57, .far_service = FAR_SERVICE_HIDDEN_DNS},
	        {.n = 59, .in_clear = true},
	};

	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d", facts[i].n);
		if (strcmp(number, conversation) != 0)
			continue;
		s->far_service = facts[i].far_service;
		s->certificate = facts[i].certificate;
		s->weak_encryption = facts[i].weak;
		if (facts[i].in_clear)
			s->transport = TRANSPORT_CLEAR;
		s->identifier_in_metadata = facts[i].metadata;
		s->test_service = facts[i].test;
		s->lan_port = s->from_outside = facts[i].from_outside;
		s->pictures = facts[i].pictures;
		s->locked_files = facts[i].locked;
		s->prescription = facts[i].prescription;
		s->mhr_unknown = s->mhr_document = facts[i].mhr;
	}
}

/* By the clock on the wall of the fixture, which the support windows are about. */
#define CLINIC_NS INT64_C(1795299480000000000) /* 2026-11-22 09:18 in Sydney */

static void judge_conversation(const struct world *w, const struct truth *t)
{
	const char *program = told(t, "program_id"), *country = told(t, "country");
	size_t country_len = strcspn(country, "?");
	struct verdict_subject s = {.egress = strcmp(told(t, "direction"), "egress") == 0,
	        .day = day_of("2026-11-22"),
	        .first_ns = CLINIC_NS,
	        .last_ns = CLINIC_NS + 5 * NS_PER_SECOND,
	        .program = program_of(w->clinic, program),
	        .program_shown = program,
	        .far_shown = told(t, "host"),
	        .match = {.names = {told(t, "host")}, .name_count = 1},
	        .tier = tier_of(told(t, "tier"))};
	bool seen = strcmp(told(t, "evidence"), "seen") == 0;
	char code[8], flags[512];
	struct verdict v;
	uint64_t port;

	snprintf(code, sizeof(code), "%.*s", (int)country_len, country);
	s.country = code;
	s.country_certain = country[country_len] == '\0';
	s.match.protocol = strcmp(told(t, "proto"), "udp") == 0 ? 17 : 6;
	assert_true(span_to_u64(span_of_text(told(t, "dst_port")), 65535, &port));
	s.match.far_port = (uint16_t)port;
	assert_true(addr_parse(told(t, "dst"), &s.match.far));
	s.infrastructure = s.match.far_port == 53;
	s.transport = s.tier == TIER_OPAQUE ? TRANSPORT_ENCRYPTED : TRANSPORT_CLEAR;
	s.seen = seen ? categories_of(told(t, "categories")) : 0;
	s.patient_seen = seen;
	add_facts(told(t, "n"), &s);
	assert_int_equal(verdict_decide(&s, w->clinic, w->rules, &v), 0);
	join_flags(&v, flags, sizeof(flags));
	if (strcmp(flags, told(t, "flags")) != 0)
		print_error("conversation %s: %s\n", told(t, "n"), flags);
	assert_string_equal(flags, told(t, "flags"));
	assert_string_equal(outcome_name(v.outcome), told(t, "verdict"));
	if (s.egress) {
		assert_string_equal(paper_name(v.paper), told(t, "paper"));
		assert_string_equal(evidence_name(v.evidence), told(t, "evidence"));
	}
}

static void the_verdicts_of_the_fixture_are_its_truth(void **state)
{
	const struct world *w = *state;
	struct span csv = read_file("fixtures/clinic-day/truth.csv");
	struct csv_table *table = NULL;
	struct csv_problem problem;

	assert_int_equal(csv_table_read(csv, &table, &problem), 0);
	assert_true(csv_table_row_count(table) > 20);
	for (size_t i = 1; i < csv_table_row_count(table); i++) {
		struct truth t = {.table = table, .row = csv_table_row(table, i)};

		judge_conversation(w, &t);
	}
	csv_table_free(table);
	free_span(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_verdicts_of_the_fixture_are_its_truth),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
