/* Flows that differ in one thing that a verdict depends on: each gets its own, however often the
 * other was judged before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "judge.h"
#include "pipeline/assess_memory.h"

struct case_of_flow {
	struct store_flow flow;
	struct store_finding finding;
};

/* In clear, to a far end that the register knows, with something about a patient. */
static struct case_of_flow base(void)
{
	return (struct case_of_flow){
	        .flow = {.id = 1,
	                .tuple = {.src = {{4, {192, 168, 20, 21}}, 50000},
	                        .dst = {{4, {203, 0, 113, 9}}, 80},
	                        .protocol = 6},
	                .computer = {4, {192, 168, 20, 21}},
	                .direction = FLOW_OUTGOING,
	                .out_index = 0,
	                .first_ns = INT64_C(1795300000000000000),
	                .last_ns = INT64_C(1795300001000000000),
	                .counts = {{.packets = 3, .payload_bytes = 111}, {.packets = 3}},
	                .names = {{"sync.bookaroo.example", "dns", 0}},
	                .name_count = 1,
	                .country = "AU",
	                .country_confidence = "database",
	                .protocol = "http",
	                .clear = true,
	                .inspected = true,
	                .tier = TIER_HIGH},
	        .finding = {.flow = 1,
	                .outward = true,
	                .finding = {.kind = "medicare-number",
	                        .category = CATEGORY_IDENTIFIERS,
	                        .class = CLASS_PATIENT,
	                        .tier = TIER_HIGH,
	                        .count = 1}}};
}

static void set_text(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%s", text);
}
#define SET(array, text) set_text(array, sizeof(array), text)

/* Setting up: what a change needs to matter. */
static void with_nobody_known(struct case_of_flow *e)
{
	e->flow.name_count = 0;
}
static void with_certificate(struct case_of_flow *e)
{
	e->flow.clear = false;
	SET(e->flow.tls_version, "TLS 1.2");
	e->flow.certificate = (struct store_certificate){
	        .seen = true, .not_before_s = 1700000000, .not_after_s = 1900000000};
}
static void with_doubt(struct case_of_flow *e)
{
	with_certificate(e);
	e->flow.certificate.self_signed = true;
}
static void with_dtls(struct case_of_flow *e)
{
	with_doubt(e);
	SET(e->flow.tls_version, "DTLS 1.2");
}
static void with_nothing_seen(struct case_of_flow *e)
{
	e->finding.outward = false;
	e->flow.tier = TIER_NONE;
}
static void with_update(struct case_of_flow *e)
{
	with_nothing_seen(e);
	SET(e->flow.names[0].name, "update.paperbark.example");
}
static void with_scrambled_content(struct case_of_flow *e)
{
	with_nothing_seen(e);
	with_nobody_known(e);
	SET(e->flow.not_inspected_reason, "unknown-protocol");
	e->flow.not_inspected_bytes = 4095;
}
static void with_lan_port(struct case_of_flow *e)
{
	with_nobody_known(e);
	e->flow.tuple.dst.port = 445;
}
static void with_label(struct case_of_flow *e)
{
	with_nobody_known(e);
	SET(e->flow.app, "AnyDesk");
}
static void with_relation(struct case_of_flow *e)
{
	with_nobody_known(e);
	e->flow.related_to = 9;
	e->flow.related_port = 21;
}
static void with_abroad(struct case_of_flow *e)
{
	SET(e->flow.country, "US");
}

/* Changes of one thing. */
static void other_name(struct case_of_flow *e)
{
	SET(e->flow.names[0].name, "sync.elsewhere.example");
}
static void no_name(struct case_of_flow *e)
{
	e->flow.name_count = 0;
}
static void second_name(struct case_of_flow *e)
{
	e->flow.names[1] = (struct store_name){"sync.bookaroo.example", "dns", 0};
	e->flow.name_count = 2;
}
static void name_by_sni(struct case_of_flow *e)
{
	SET(e->flow.names[0].source, "sni");
}
static void user_agent(struct case_of_flow *e)
{
	SET(e->flow.user_agent, "LedgerFinch/2.1");
}
static void process_name(struct case_of_flow *e)
{
	SET(e->flow.process_name, "bookaroosync.exe");
}
static void process_path(struct case_of_flow *e)
{
	SET(e->flow.process_path, "C:\\Program Files\\Other\\other.exe");
}
static void far_address(struct case_of_flow *e)
{
	e->flow.tuple.dst.addr.bytes[3] = 10;
}
static void far_port(struct case_of_flow *e)
{
	e->flow.tuple.dst.port = 8443;
}
static void transport(struct case_of_flow *e)
{
	e->flow.tuple.protocol = 17;
}
static void near_end_called(struct case_of_flow *e)
{
	e->flow.out_index = 1;
	e->flow.counts[1] = e->flow.counts[0];
}
static void no_direction(struct case_of_flow *e)
{
	e->flow.out_index = -1;
}
static void internal(struct case_of_flow *e)
{
	e->flow.direction = FLOW_INTERNAL;
}
static void nothing_left(struct case_of_flow *e)
{
	e->flow.counts[0].payload_bytes = 0;
}
static void gap(struct case_of_flow *e)
{
	e->flow.counts[0].gap_bytes = 1;
}
static void unknown_gap(struct case_of_flow *e)
{
	e->flow.counts[0].gaps_unknown = 1;
}
static void unread(struct case_of_flow *e)
{
	e->flow.not_inspected_bytes = 1;
}
static void more_unread(struct case_of_flow *e)
{
	e->flow.not_inspected_bytes = 4096;
}
static void other_reason(struct case_of_flow *e)
{
	SET(e->flow.not_inspected_reason, "encrypted");
}
static void computer(struct case_of_flow *e)
{
	e->flow.computer.bytes[3] = 22;
}
static void computer_name(struct case_of_flow *e)
{
	SET(e->flow.computer_name, "reception1");
}
static void other_day(struct case_of_flow *e)
{
	e->flow.first_ns += 400 * 24 * NS_PER_HOUR;
	e->flow.last_ns += 400 * 24 * NS_PER_HOUR;
}
static void country(struct case_of_flow *e)
{
	SET(e->flow.country, "NL");
}
static void uncertain_country(struct case_of_flow *e)
{
	SET(e->flow.country_confidence, "registry");
}
static void not_clear(struct case_of_flow *e)
{
	e->flow.clear = false;
}
static void tls_version(struct case_of_flow *e)
{
	SET(e->flow.tls_version, "TLS 1.0");
}
static void cipher(struct case_of_flow *e)
{
	SET(e->flow.cipher, "TLS_RSA_WITH_RC4_128_SHA");
}
static void certificate_not_seen(struct case_of_flow *e)
{
	e->flow.certificate.seen = false;
}
static void self_signed(struct case_of_flow *e)
{
	e->flow.certificate.self_signed = true;
}
static void ended(struct case_of_flow *e)
{
	e->flow.certificate.not_after_s = 1710000000;
}
static void not_begun(struct case_of_flow *e)
{
	e->flow.certificate.not_before_s = 1850000000;
}
static void made_out_to_others(struct case_of_flow *e)
{
	e->flow.certificate.name_check = STORE_NAME_DIFFERS;
}
static void service_kind(struct case_of_flow *e)
{
	SET(e->flow.service_kind, "advertising");
}
static void service_name(struct case_of_flow *e)
{
	SET(e->flow.service, "Invented Screens");
	SET(e->flow.service_kind, "remote-access");
}
static void test_service(struct case_of_flow *e)
{
	e->flow.service_test = true;
}
static void label(struct case_of_flow *e)
{
	SET(e->flow.app_confidence, "dpi");
}
static void protocol(struct case_of_flow *e)
{
	SET(e->flow.protocol, "dns");
}
static void related(struct case_of_flow *e)
{
	e->flow.related_to = 9;
	e->flow.related_port = 445;
}
static void related_port(struct case_of_flow *e)
{
	e->flow.related_port = 8443;
}
static void related_from_outside(struct case_of_flow *e)
{
	e->flow.related_from_outside = true;
	e->flow.related_port = 445;
}
static void tier(struct case_of_flow *e)
{
	e->flow.tier = TIER_SEALED;
}
static void category(struct case_of_flow *e)
{
	e->finding.finding.category = CATEGORY_RESULTS;
}
static void class(struct case_of_flow *e)
{
	e->finding.finding.class = CLASS_DIRECTORY;
}
static void finding_tier(struct case_of_flow *e)
{
	e->finding.finding.tier = TIER_WEAK;
	e->flow.tier = TIER_WEAK;
}
static void metadata(struct case_of_flow *e)
{
	e->finding.finding.metadata = true;
}
static void inward(struct case_of_flow *e)
{
	e->finding.outward = false;
}
static void locked(struct case_of_flow *e)
{
	SET(e->finding.finding.kind, "encrypted-content");
}
static void picture(struct case_of_flow *e)
{
	SET(e->finding.finding.kind, "image-document");
}
static void prescription(struct case_of_flow *e)
{
	SET(e->finding.finding.kind, "prescription-token");
}
static void gateway_method(struct case_of_flow *e)
{
	SET(e->finding.finding.kind, "mhr-method");
}
static void gateway_document(struct case_of_flow *e)
{
	SET(e->finding.finding.kind, "mhr-document");
}

static const struct variation {
	const char *what;
	void (*with)(struct case_of_flow *); /* NULL: the base */
	void (*change)(struct case_of_flow *);
} variations[] = {
        {"another name", NULL, other_name},
        {"no name", NULL, no_name},
        {"a second name", other_name, second_name},
        {"a name by SNI", with_dtls, name_by_sni},
        {"User-Agent", with_nobody_known, user_agent},
        {"process name", NULL, process_name},
        {"process path", NULL, process_path},
        {"far address", with_nobody_known, far_address},
        {"far port", with_nobody_known, far_port},
        {"transport", with_lan_port, transport},
        {"the other end called", with_lan_port, near_end_called},
        {"no direction", NULL, no_direction},
        {"internal", NULL, internal},
        {"nothing left", NULL, nothing_left},
        {"a gap", with_update, gap},
        {"a gap of unknown length", with_update, unknown_gap},
        {"unread bytes", with_update, unread},
        {"more unread bytes", with_scrambled_content, more_unread},
        {"another reason not to read", with_scrambled_content, other_reason},
        {"computer", with_lan_port, computer},
        {"computer's name", with_lan_port, computer_name},
        {"another day", NULL, other_day},
        {"country", with_abroad, country},
        {"uncertain country", NULL, uncertain_country},
        {"not in clear", NULL, not_clear},
        {"TLS version", NULL, tls_version},
        {"cipher", NULL, cipher},
        {"no certificate", with_doubt, certificate_not_seen},
        {"self-signed", with_certificate, self_signed},
        {"certificate ended", with_certificate, ended},
        {"certificate not begun", with_certificate, not_begun},
        {"certificate of another name", with_certificate, made_out_to_others},
        {"kind of service", with_nobody_known, service_kind},
        {"name of service", with_nobody_known, service_name},
        {"test service", NULL, test_service},
        {"protocol label", with_label, label},
        {"protocol", NULL, protocol},
        {"related", with_nobody_known, related},
        {"related port", with_relation, related_port},
        {"related from outside", with_relation, related_from_outside},
        {"tier", NULL, tier},
        {"category", NULL, category},
        {"class", NULL, class},
        {"tier of the finding", NULL, finding_tier},
        {"in metadata", NULL, metadata},
        {"inward", NULL, inward},
        {"locked", with_nobody_known, locked},
        {"picture", NULL, picture},
        {"prescription", NULL, prescription},
        {"gateway's method", NULL, gateway_method},
        {"gateway's document", with_abroad, gateway_document},
};

static bool same_flag(const struct flag *a, const struct flag *b)
{
	return a->id == b->id && a->severity == b->severity && a->scope == b->scope &&
	       a->accepted == b->accepted && a->rule == b->rule &&
	       strcmp(a->sentence, b->sentence) == 0 &&
	       strcmp(a->register_says, b->register_says) == 0 &&
	       strcmp(a->would_clear, b->would_clear) == 0;
}

static bool same_program(const struct program_answer *a, const struct program_answer *b)
{
	return a->program == b->program && strcmp(a->id, b->id) == 0 &&
	       strcmp(a->carrier, b->carrier) == 0 && a->method == b->method &&
	       a->confidence == b->confidence && a->candidate_count == b->candidate_count &&
	       memcmp(a->candidates, b->candidates, sizeof(a->candidates)) == 0 &&
	       a->reason == b->reason;
}

static bool same(const struct assessment *a, const struct assessment *b)
{
	const struct verdict *v = &a->verdict, *w = &b->verdict;

	if (!same_program(&a->program, &b->program) || v->evidence != w->evidence ||
	        v->paper != w->paper || v->outcome != w->outcome ||
	        v->destination != w->destination || v->contract != w->contract ||
	        v->basis != w->basis || v->declared != w->declared || v->severity != w->severity ||
	        v->timed != w->timed || v->flag_count != w->flag_count)
		return false;
	for (unsigned i = 0; i < v->flag_count; i++)
		if (!same_flag(&v->flags[i], &w->flags[i]))
			return false;
	return true;
}

/* Out of the memory, whether it is there or not, and the same as without. */
static void check_recalled(
        const struct rules_in_force *rules, struct assess_memory *m, const struct case_of_flow *e)
{
	static struct assessment fresh, recalled;
	struct assess_question q;

	memset(&recalled, 0xa5, sizeof(recalled));
	judge(rules, &e->flow, &e->finding, 1, &fresh);
	assess_ask(&e->flow, &e->finding, 1, &q);
	assert_int_equal(assess_recall(m, &q, &recalled), STATUS_OK);
	assert_true(same(&fresh, &recalled));
}

static void each_difference_has_its_own_verdict(void **state)
{
	const struct rules_in_force *rules = *state;
	static struct assessment plain, changed;
	struct assess_memory *m = NULL;
	uint64_t before;

	assert_int_equal(assess_memory_new(&m, rules->registry, rules->flags), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(variations); i++) {
		struct case_of_flow one = base(), other;

		if (variations[i].with)
			variations[i].with(&one);
		other = one;
		variations[i].change(&other);
		judge(rules, &one.flow, &one.finding, 1, &plain);
		judge(rules, &other.flow, &other.finding, 1, &changed);
		if (same(&plain, &changed))
			fail_msg("%s changes nothing: this case tests nothing", variations[i].what);
		check_recalled(rules, m, &one);
		check_recalled(rules, m, &other);
		check_recalled(rules, m, &one);
		check_recalled(rules, m, &other);
	}
	/* The base alone comes back in most of the cases. */
	before = assess_memory_hits(m);
	assert_true(before > ARRAY_LEN(variations));
	assess_memory_free(m);
}

/* What the register calls a way in is shown with its times. */
static void time_of_day_is_not_remembered(void **state)
{
	const struct rules_in_force *rules = *state;
	struct assess_memory *m = NULL;
	struct case_of_flow one = base();
	static struct assessment a;

	SET(one.flow.names[0].name, "r3.relay.hopdesk.example");
	assert_int_equal(assess_memory_new(&m, rules->registry, rules->flags), STATUS_OK);
	for (int minute = 0; minute < 90; minute++) {
		judge(rules, &one.flow, &one.finding, 1, &a);
		assert_true(a.verdict.timed);
		check_recalled(rules, m, &one);
		check_recalled(rules, m, &one);
		one.flow.first_ns += 60 * NS_PER_SECOND;
		one.flow.last_ns += 30 * NS_PER_SECOND + 60 * NS_PER_SECOND;
	}
	assert_true(assess_memory_hits(m) == 0);
	assess_memory_free(m);
}

/* More than there is room for, each twice. */
static void full_memory_goes_on(void **state)
{
	const struct rules_in_force *rules = *state;
	struct assess_memory *m = NULL;
	struct case_of_flow one = base();

	assert_int_equal(assess_memory_new(&m, rules->registry, rules->flags), STATUS_OK);
	for (unsigned i = 0; i < 6000; i++) {
		snprintf(one.flow.computer_name, sizeof(one.flow.computer_name), "pc%u", i);
		check_recalled(rules, m, &one);
		check_recalled(rules, m, &one);
	}
	assert_true(assess_memory_hits(m) == 6000);
	assess_memory_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_difference_has_its_own_verdict),
	        cmocka_unit_test(time_of_day_is_not_remembered),
	        cmocka_unit_test(full_memory_goes_on),
	};

	return cmocka_run_group_tests_name("assess_memory", tests, judge_setup, judge_teardown);
}
