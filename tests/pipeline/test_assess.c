/* Stored evidence and the register of clinic-day: what was not seen is never covered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "judge.h"

/* An update check in clear: nothing about it is worse than low. */
static struct store_flow update_check(void)
{
	return (struct store_flow){.id = 1,
	        .tuple = {.src = {{4, {192, 168, 20, 10}}, 50000},
	                .dst = {{4, {203, 26, 177, 91}}, 80},
	                .protocol = 6},
	        .direction = FLOW_OUTGOING,
	        .out_index = 0,
	        .first_ns = INT64_C(1795300000000000000),
	        .counts = {{.packets = 3, .payload_bytes = 111}, {.packets = 3}},
	        .names = {{"update.paperbark.example", "dns", 0}},
	        .name_count = 1,
	        .country = "AU",
	        .country_confidence = "database",
	        .protocol = "http",
	        .clear = true,
	        .inspected = true};
}

static void what_was_not_seen_is_not_covered(void **state)
{
	struct store_flow flow = update_check();
	struct assessment a;

	judge(*state, &flow, NULL, 0, &a);
	assert_int_equal(a.verdict.outcome, OUTCOME_COVERED);
	flow.inspected = false;
	flow.counts[0].gaps_unknown = 1;
	judge(*state, &flow, NULL, 0, &a);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
	/* What is missing of the way in says nothing of what left. */
	flow = update_check();
	flow.counts[1].gaps_unknown = 1;
	judge(*state, &flow, NULL, 0, &a);
	assert_int_equal(a.verdict.outcome, OUTCOME_COVERED);
	flow = update_check();
	flow.inspected = false;
	flow.not_inspected_bytes = 1;
	judge(*state, &flow, NULL, 0, &a);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
	flow = update_check();
	flow.inspected = false;
	flow.counts[0] = (struct flow_counts){.packets = 1, .gap_bytes = 500};
	flow.not_inspected_bytes = 500;
	judge(*state, &flow, NULL, 0, &a);
	assert_int_equal(a.verdict.outcome, OUTCOME_CANNOT_TELL);
}

static bool asks(const struct rules_in_force *rules, const struct store_flow *flow, enum flag_id id)
{
	struct assessment a;

	judge(rules, flow, NULL, 0, &a);
	return judge_asks(&a, id);
}

static void services_and_ports_ask(void **state)
{
	static const struct {
		const char *kind;
		uint8_t protocol;
		uint16_t far_port;
		enum flag_id id;
		bool fires;
	} cases[] = {
	        {"remote-access", 6, 443, FLAG_REMOTE_ACCESS_TOOL, true},
	        {"ai-service", 6, 443, FLAG_AI_SERVICE_UNREGISTERED, true},
	        {"consumer-mail", 6, 443, FLAG_CONSUMER_CLOUD, true},
	        {"social", 6, 443, FLAG_CONSUMER_CLOUD, false},
	        {"analytics", 6, 443, FLAG_TRACKER, true},
	        {"cdn", 6, 443, FLAG_TRACKER, false},
	        {"doh", 6, 443, FLAG_HIDDEN_DNS, true},
	        {"doh", 17, 53, FLAG_HIDDEN_DNS, false},
	        {"doh", 6, 80, FLAG_HIDDEN_DNS, false},
	        {"", 6, 853, FLAG_HIDDEN_DNS, true},
	        {"", 17, 4500, FLAG_TUNNEL, true},
	        {"", 6, 4500, FLAG_TUNNEL, false},
	        {"", 50, 0, FLAG_TUNNEL, true},
	        {"", 17, 1194, FLAG_TUNNEL, false}, /* a port that anybody may choose */
	        {"tunnel", 6, 443, FLAG_TUNNEL, true},
	        {"", 6, 445, FLAG_LAN_PORT_AT_BORDER, true},
	        {"", 17, 445, FLAG_LAN_PORT_AT_BORDER, false},
	        {"", 17, 3389, FLAG_LAN_PORT_AT_BORDER, true},
	        {"", 17, 5938, FLAG_REMOTE_ACCESS_TOOL, true},
	        {"", 6, 443, FLAG_LAN_PORT_AT_BORDER, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_flow flow = update_check();

		snprintf(flow.names[0].name, sizeof(flow.names[0].name), "other.example");
		snprintf(flow.service_kind, sizeof(flow.service_kind), "%s", cases[i].kind);
		flow.tuple.protocol = cases[i].protocol;
		flow.tuple.dst.port = cases[i].far_port;
		flow.clear = cases[i].far_port == 80;
		if (asks(*state, &flow, cases[i].id) != cases[i].fires)
			fail_msg("case %zu: %s", i, flag_name(cases[i].id));
	}
}

/* What was spoken asks on any port, as far as its bytes told it; a look-up of the name does not. */
static void protocols_ask(void **state)
{
	static const struct {
		const char *app, *confidence, *protocol;
		bool inward; /* the far end began */
		bool remote, lan, tunnel;
	} cases[] = {
	        {"TeamViewer", "dpi", "", false, true, false, false},
	        {"TeamViewer", "dpi", "", true, true, false, false},
	        {"TLS.AnyDesk", "dpi", "tls", false, true, false, false},
	        {"HTTP.AnyDesk", "ip", "", false, false, false, false},
	        {"DNS.AnyDesk", "dpi", "", false, false, false, false},
	        {"VNC", "dpi", "", true, true, true, false},
	        {"VNC", "dpi", "", false, false, true, false},
	        {"RDP", "port", "", true, false, false, false},
	        {"TLS", "dpi", "tls", true, false, false, false},
	        {"", "none", "mllp", false, false, true, false},
	        {"OpenVPN", "port", "openvpn", false, false, false, true},
	        {"", "none", "wireguard", true, false, false, true},
	        {"OpenVPN", "port", "", false, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_flow flow = update_check();

		snprintf(flow.names[0].name, sizeof(flow.names[0].name), "other.example");
		snprintf(flow.app, sizeof(flow.app), "%s", cases[i].app);
		snprintf(flow.app_confidence, sizeof(flow.app_confidence), "%s",
		        cases[i].confidence);
		snprintf(flow.protocol, sizeof(flow.protocol), "%s", cases[i].protocol);
		flow.tuple.dst.port = 6900;
		if (cases[i].inward) {
			struct endpoint near = flow.tuple.src;

			flow.tuple.src = flow.tuple.dst;
			flow.tuple.dst = near;
			flow.out_index = 1;
			flow.counts[1] = flow.counts[0];
			flow.direction = FLOW_INCOMING;
		}
		if (asks(*state, &flow, FLAG_REMOTE_ACCESS_TOOL) != cases[i].remote ||
		        asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER) != cases[i].lan ||
		        asks(*state, &flow, FLAG_TUNNEL) != cases[i].tunnel)
			fail_msg("case %zu", i);
		/* What stays inside crosses no border. */
		flow.direction = FLOW_INTERNAL;
		assert_false(asks(*state, &flow, FLAG_REMOTE_ACCESS_TOOL));
		assert_false(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
		assert_false(asks(*state, &flow, FLAG_TUNNEL));
	}
}

/* A test service asks when patients were seen in what left for it. */
static void patients_at_a_test_service_ask(void **state)
{
	struct store_flow flow = update_check();
	struct store_finding finding = {
	        .outward = true, .finding = {.tier = TIER_HIGH, .class = CLASS_PATIENT}};

	flow.tier = TIER_HIGH;
	for (int test = 0; test < 2; test++) {
		struct assessment a;

		flow.service_test = test == 1;
		judge(*state, &flow, &finding, 1, &a);
		assert_int_equal(judge_asks(&a, FLAG_TEST_HOST_LIVE_DATA), test == 1);
	}
}

/* The far end began: the port of the practice's own computer tells the service. */
static void a_screen_reached_from_outside_asks(void **state)
{
	struct store_flow flow = update_check();

	flow.tuple = (struct tuple){.src = {{4, {203, 26, 177, 91}}, 50000},
	        .dst = {{4, {192, 168, 20, 10}}, 3389},
	        .protocol = 6};
	flow.out_index = 1;
	flow.counts[1] = flow.counts[0];
	flow.direction = FLOW_INCOMING;
	assert_true(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
	flow.tuple.dst.port = 443;
	flow.tuple.src.port = 3389; /* theirs, chosen at random */
	assert_false(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
}

/* FTP's data in active mode: the server calls back, at any port, and that is no door. */
static void a_call_back_is_no_call(void **state)
{
	struct store_flow flow = update_check();

	flow.tuple = (struct tuple){.src = {{4, {203, 26, 177, 91}}, 20},
	        .dst = {{4, {192, 168, 20, 10}}, 3389},
	        .protocol = 6};
	flow.out_index = 1;
	flow.counts[1] = flow.counts[0];
	flow.direction = FLOW_INCOMING;
	assert_true(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
	flow.related_to = 7;
	flow.related_port = 21;
	assert_false(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
	/* What was announced counts as the service that announced it. */
	flow.related_from_outside = true;
	flow.related_port = 3389;
	assert_true(asks(*state, &flow, FLAG_LAN_PORT_AT_BORDER));
}

static void old_protection_asks(void **state)
{
	static const struct {
		const char *version, *cipher;
		bool fires;
	} cases[] = {
	        {"TLS 1.1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true},
	        {"DTLS 1.0", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", true},
	        {"TLS 1.2", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", true},
	        {"TLS 1.2", "TLS_DH_anon_WITH_AES_128_GCM_SHA256", true},
	        {"TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false},
	        {"TLS 1.3", "TLS_AES_128_GCM_SHA256", false},
	        {"", "", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_flow flow = update_check();

		snprintf(flow.tls_version, sizeof(flow.tls_version), "%s", cases[i].version);
		snprintf(flow.cipher, sizeof(flow.cipher), "%s", cases[i].cipher);
		if (asks(*state, &flow, FLAG_WEAK_ENCRYPTION) != cases[i].fires)
			fail_msg("case %zu", i);
	}
}

static void a_certificate_that_proves_nothing_asks(void **state)
{
	static const int64_t now_s = 1795300000; /* the flow's time */
	static const struct {
		struct store_certificate certificate;
		const char *version, *source;
		bool fires;
	} cases[] = {
	        {{true, "", 0, "", now_s - 9, now_s + 9, false, STORE_NAME_FITS}, "TLS 1.2", "sni",
	                false},
	        {{true, "", 0, "", now_s, now_s, false, STORE_NAME_UNCHECKED}, "TLS 1.2", "dns",
	                false},
	        {{true, "", 0, "", now_s - 9, now_s - 1, false, STORE_NAME_FITS}, "TLS 1.2", "sni",
	                true},
	        {{true, "", 0, "", now_s + 1, now_s + 9, false, STORE_NAME_FITS}, "TLS 1.2", "sni",
	                true},
	        {{true, "", 0, "", now_s - 9, now_s + 9, true, STORE_NAME_FITS}, "TLS 1.2", "dns",
	                true},
	        {{true, "", 0, "", now_s - 9, now_s + 9, false, STORE_NAME_DIFFERS}, "TLS 1.2",
	                "sni", true},
	        /* A call, and a tunnel that asks for its server by name. */
	        {{true, "", 0, "", now_s - 9, now_s + 9, true, STORE_NAME_UNCHECKED}, "DTLS 1.2",
	                "dns", false},
	        {{true, "", 0, "", now_s - 9, now_s + 9, true, STORE_NAME_FITS}, "DTLS 1.2", "sni",
	                true},
	        {{.seen = false}, "TLS 1.2", "sni", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_flow flow = update_check();

		flow.certificate = cases[i].certificate;
		snprintf(flow.tls_version, sizeof(flow.tls_version), "%s", cases[i].version);
		snprintf(flow.names[0].source, sizeof(flow.names[0].source), "%s", cases[i].source);
		if (asks(*state, &flow, FLAG_BAD_CERTIFICATE) != cases[i].fires)
			fail_msg("case %zu", i);
	}
}

/* Which day it is, a clock that was never set does not know. */
static void dates_need_a_clock(void **state)
{
	static const struct {
		int64_t time_s;
		bool fires;
	} cases[] = {
	        {42, false}, {946739298, false}, {INT64_C(978307199), false}, {978307200, true}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_flow flow = update_check();

		flow.first_ns = cases[i].time_s * INT64_C(1000000000);
		snprintf(flow.tls_version, sizeof(flow.tls_version), "TLS 1.2");
		flow.certificate = (struct store_certificate){
		        .seen = true, .not_before_s = 1700000000, .not_after_s = 1800000000};
		assert_int_equal(asks(*state, &flow, FLAG_BAD_CERTIFICATE), cases[i].fires);
		flow.certificate.not_before_s = 1;
		flow.certificate.not_after_s = 2;
		assert_int_equal(asks(*state, &flow, FLAG_BAD_CERTIFICATE), cases[i].fires);
	}
}

/* An upload over HTTP to what nobody registered. */
static struct store_flow strange_upload(void)
{
	struct store_flow flow = update_check();

	snprintf(flow.names[0].name, sizeof(flow.names[0].name), "up.strange.example");
	return flow;
}

static bool asks_of(const struct rules_in_force *rules, const struct store_flow *flow,
        const struct store_finding *f, enum flag_id id)
{
	struct assessment a;

	judge(rules, flow, f, 1, &a);
	return judge_asks(&a, id);
}

static void kinds_of_documents_ask(void **state)
{
	static const struct {
		const char *kind;
		enum category category;
		enum finding_class class;
		enum tier tier;
		enum flag_id id;
	} kinds[] = {
	        {"encrypted-content", CATEGORY_UNKNOWN, CLASS_CARRIER, TIER_OPAQUE,
	                FLAG_OPAQUE_UNREGISTERED},
	        {"image-document", CATEGORY_IMAGES, CLASS_CARRIER, TIER_OPAQUE,
	                FLAG_IMAGE_DOCUMENT},
	        {"prescription-token", CATEGORY_MEDICATION, CLASS_PATIENT, TIER_MEDIUM,
	                FLAG_PRESCRIPTION_TOKEN},
	        {"mhr-method", CATEGORY_UNKNOWN, CLASS_DIRECTORY, TIER_DIRECTORY,
	                FLAG_MHR_GATEWAY_UNEXPECTED},
	        {"mhr-document", CATEGORY_MHR_DOC, CLASS_PATIENT, TIER_MEDIUM,
	                FLAG_MHR_LIKE_DOCUMENT_OFFSHORE},
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct store_flow flow = strange_upload();
		struct store_finding f = {.finding = {.category = kinds[i].category,
		                                  .class = kinds[i].class,
		                                  .tier = kinds[i].tier,
		                                  .count = 1},
		        .outward = true};

		snprintf(f.finding.kind, sizeof(f.finding.kind), "%s", kinds[i].kind);
		snprintf(flow.country, sizeof(flow.country), "NZ");
		assert_true(asks_of(*state, &flow, &f, kinds[i].id));
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			if (k != i)
				assert_false(asks_of(*state, &flow, &f, kinds[k].id));
		/* what comes in left nobody */
		f.outward = false;
		assert_false(asks_of(*state, &flow, &f, kinds[i].id));
	}
}

static void the_known_gateway_is_expected(void **state)
{
	struct store_flow flow = strange_upload();
	struct store_finding f = {.finding = {.kind = "mhr-method",
	                                  .class = CLASS_DIRECTORY,
	                                  .tier = TIER_DIRECTORY,
	                                  .count = 1},
	        .outward = true};

	snprintf(flow.service_kind, sizeof(flow.service_kind), "government-health");
	assert_false(asks_of(*state, &flow, &f, FLAG_MHR_GATEWAY_UNEXPECTED));
	/* no method by mail */
	flow = strange_upload();
	snprintf(flow.protocol, sizeof(flow.protocol), "smtp");
	assert_false(asks_of(*state, &flow, &f, FLAG_MHR_GATEWAY_UNEXPECTED));
	/* by the gateway's name, at home and abroad */
	flow = strange_upload();
	snprintf(flow.names[0].name, sizeof(flow.names[0].name), "services.ehealth.gov.au");
	assert_false(asks(*state, &flow, FLAG_MHR_GATEWAY_UNEXPECTED));
	snprintf(flow.country, sizeof(flow.country), "US");
	assert_true(asks(*state, &flow, FLAG_MHR_GATEWAY_UNEXPECTED));
	snprintf(flow.country_confidence, sizeof(flow.country_confidence), "unproven");
	assert_false(asks(*state, &flow, FLAG_MHR_GATEWAY_UNEXPECTED));
}

static void only_much_that_has_no_form_is_scrambled(void **state)
{
	struct store_flow flow = strange_upload();

	snprintf(flow.not_inspected_reason, sizeof(flow.not_inspected_reason), "unknown-protocol");
	flow.not_inspected_bytes = 4096;
	assert_true(asks(*state, &flow, FLAG_OPAQUE_UNREGISTERED));
	flow.not_inspected_bytes = 4095;
	assert_false(asks(*state, &flow, FLAG_OPAQUE_UNREGISTERED));
	flow.not_inspected_bytes = 4096;
	flow.clear = false;
	assert_false(asks(*state, &flow, FLAG_OPAQUE_UNREGISTERED));
	flow = update_check();
	snprintf(flow.not_inspected_reason, sizeof(flow.not_inspected_reason), "unknown-protocol");
	flow.not_inspected_bytes = 4096;
	assert_false(asks(*state, &flow, FLAG_OPAQUE_UNREGISTERED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kinds_of_documents_ask),
	        cmocka_unit_test(the_known_gateway_is_expected),
	        cmocka_unit_test(only_much_that_has_no_form_is_scrambled),
	        cmocka_unit_test(what_was_not_seen_is_not_covered),
	        cmocka_unit_test(services_and_ports_ask),
	        cmocka_unit_test(protocols_ask),
	        cmocka_unit_test(patients_at_a_test_service_ask),
	        cmocka_unit_test(dates_need_a_clock),
	        cmocka_unit_test(a_screen_reached_from_outside_asks),
	        cmocka_unit_test(a_call_back_is_no_call),
	        cmocka_unit_test(old_protection_asks),
	        cmocka_unit_test(a_certificate_that_proves_nothing_asks),
	};

	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
