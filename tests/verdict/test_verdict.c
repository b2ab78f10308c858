#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "registry/rows.h"
#include "verdict/clinic.h"
#include "verdict/flag_rules.h"
#include "verdict/verdict.h"

#define BIT(c) (UINT32_C(1) << CATEGORY_##c)

/* One rule set, one register of examples, one of the fixture. */
struct world {
	struct flag_rules *rules;
	struct registry *examples, *clinic;
};

static struct registry *load_texts(const char *const texts[static 5])
{
	struct span files[REGISTRY_FILES] = {{.data = NULL}};
	bool present[REGISTRY_FILES] = {false};
	struct registry *r = NULL;

	for (size_t i = 0; i < 5; i++) {
		files[i] = span_of_text(texts[i]);
		present[i] = true;
	}
	assert_int_equal(registry_load(&r, files, present), 0);
	return r;
}

static int set_up(void **state)
{
	static const char *const texts[] = {
	        PRACTICE_CSV, PROGRAMS_CSV, DESTINATIONS_CSV, CONTRACTS_CSV, BASIS_CSV};
	struct world *w = calloc(1, sizeof(*w));
	struct csv_problem problem;
	struct span csv = read_file("rules/flags.csv");

	assert_non_null(w);
	assert_int_equal(flag_rules_new(&w->rules, csv, &problem), 0);
	free_span(csv);
	w->examples = load_texts(texts);
	w->clinic = load_clinic();
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	flag_rules_free(w->rules);
	registry_free(w->examples);
	registry_free(w->clinic);
	free(w);
	return 0;
}

/* A flow of Bookaroo in order: clear cells are then changed by the cases. */
struct scene {
	const char *program, *host, *date, *country;
	bool uncertain;
	enum transport transport;
	bool infrastructure;
	enum tier tier;
	category_set seen;
	bool no_patient;
	bool metadata;
	uint64_t gap_bytes;
	uint16_t port;
};

static struct verdict_subject subject_of(const struct scene *s, const struct registry *r)
{
	return (struct verdict_subject){.egress = true,
	        .day = day_of(s->date ? s->date : "2026-10-05"),
	        .program = r ? program_of(r, s->program ? s->program : "bookaroo") : -1,
	        .program_shown = s->program && s->program[0] == '\0' ? "" : "Bookaroo",
	        .computer_shown = "reception",
	        .far_shown = s->host ? s->host : "api.bookaroo.example",
	        .match = {.names = {s->host ? s->host : "api.bookaroo.example"},
	                .name_count = 1,
	                .far_port = s->port ? s->port : 443,
	                .protocol = 6},
	        .country = s->country ? s->country : "AU",
	        .country_certain = !s->uncertain,
	        .transport = s->transport,
	        .infrastructure = s->infrastructure,
	        .tier = s->tier,
	        .seen = s->seen,
	        .patient_seen = s->seen != 0 && !s->no_patient,
	        .identifier_in_metadata = s->metadata,
	        .gap_bytes = s->gap_bytes};
}

static const struct flag *find_flag_of(const struct verdict *v, enum flag_id id)
{
	for (unsigned i = 0; i < v->flag_count; i++)
		if (v->flags[i].id == id)
			return &v->flags[i];
	return NULL;
}

/* The scene raises the flag with this severity (SEVERITY_NONE: it does not). */
struct flag_case {
	enum flag_id id;
	enum severity severity;
	struct scene scene;
	const char *register_says; /* part */
	const char *sentence;      /* part */
};

#define SEEN(set) .tier = TIER_HIGH, .seen = (set), .transport = TRANSPORT_CLEAR
#define TLS       .tier = TIER_OPAQUE, .transport = TRANSPORT_ENCRYPTED

static const struct flag_case cases[] = {
        {FLAG_UNKNOWN_PROGRAM, SEVERITY_MEDIUM, {.program = "", TLS}, "no match_rules fit",
                "that your register does not name, or that we could not tell."},
        {FLAG_UNKNOWN_PROGRAM, SEVERITY_HIGH, {.program = "", SEEN(BIT(CONTACT))}, "", ""},
        {FLAG_UNKNOWN_PROGRAM, SEVERITY_MEDIUM,
                {.program = "", SEEN(BIT(CONTACT)), .no_patient = true}, "", ""},
        {FLAG_UNKNOWN_PROGRAM, SEVERITY_NONE, {TLS}, "", ""},
        {FLAG_UNKNOWN_DESTINATION, SEVERITY_MEDIUM, {.host = "ads.track.example", TLS},
                "no row for ads.track.example and this program",
                "Bookaroo was in touch with an organisation"},
        {FLAG_UNKNOWN_DESTINATION, SEVERITY_HIGH, {.host = "ads.track.example", SEEN(BIT(CONTACT))},
                "", ""},
        /* another program's destination is none of this program's */
        {FLAG_UNKNOWN_DESTINATION, SEVERITY_MEDIUM, {.host = "px.scriptbridge.example", TLS}, "",
                ""},
        {FLAG_UNKNOWN_DESTINATION, SEVERITY_NONE,
                {.program = "", .host = "px.scriptbridge.example", TLS}, "", ""},
        {FLAG_NO_CONTRACT, SEVERITY_MEDIUM,
                {.program = "magpiescribe", .host = "a.magpiescribe.example", TLS},
                "destinations.csv:7 (magpie-api)", "No agreement with Magpie AI Pty Ltd"},
        {FLAG_NO_CONTRACT, SEVERITY_HIGH,
                {.program = "magpiescribe", .host = "a.magpiescribe.example", SEEN(BIT(CLINICAL))},
                "", ""},
        {FLAG_NO_CONTRACT, SEVERITY_NONE, {TLS}, "", ""},
        {FLAG_CONTRACT_EXPIRED, SEVERITY_MEDIUM,
                {.program = "pingpath", .host = "sms.pingpath.example", .date = "2026-02-01", TLS},
                "contracts.csv:6 (c-05) ended 2026-01-31", "PingPath Inc ended on 2026-01-31"},
        {FLAG_CONTRACT_EXPIRED, SEVERITY_NONE,
                {.program = "pingpath", .host = "sms.pingpath.example", .date = "2026-01-31", TLS},
                "", ""},
        {FLAG_CONTRACT_NOT_STARTED, SEVERITY_MEDIUM, {.date = "2024-03-31", TLS},
                "contracts.csv:3 (c-02) starts 2024-04-01", "starts only on 2024-04-01"},
        {FLAG_CONTRACT_NOT_STARTED, SEVERITY_NONE, {.date = "2024-04-01", TLS}, "", ""},
        {FLAG_CONTRACT_ENDING, SEVERITY_LOW,
                {.program = "quollextract", .host = "up.quoll.example", .date = "2027-04-01", TLS},
                "contracts.csv:2 (c-01) ends 2027-06-30", "ends on 2027-06-30"},
        {FLAG_CONTRACT_ENDING, SEVERITY_NONE,
                {.program = "quollextract", .host = "up.quoll.example", .date = "2027-03-31", TLS},
                "", ""},
        {FLAG_REVIEW_OVERDUE, SEVERITY_LOW,
                {.program = "scriptbridge",
                        .host = "px.scriptbridge.example",
                        .date = "2026-10-02",
                        TLS},
                "contracts.csv:4 (c-03) review_by 2026-10-01", "review on 2026-10-01"},
        {FLAG_REVIEW_OVERDUE, SEVERITY_NONE,
                {.program = "scriptbridge",
                        .host = "px.scriptbridge.example",
                        .date = "2026-10-01",
                        TLS},
                "", ""},
        {FLAG_NO_BASIS, SEVERITY_MEDIUM,
                {.program = "wattlemail", .host = "mx.wattlemail.example", TLS},
                "basis.csv: no row in force", "why Wattle Messaging Pty Ltd may"},
        {FLAG_NO_BASIS, SEVERITY_HIGH, {SEEN(BIT(RESULTS))}, "basis.csv:3 (b-02) does not list",
                ""},
        {FLAG_NO_BASIS, SEVERITY_NONE, {SEEN(BIT(CONTACT) | BIT(APPOINTMENT))}, "", ""},
        {FLAG_BASIS_EXPIRED, SEVERITY_MEDIUM,
                {.program = "magpiescribe",
                        .host = "a.magpiescribe.example",
                        .date = "2027-01-01",
                        TLS},
                "basis.csv:6 (b-06) ended 2026-12-31", "ended on 2026-12-31"},
        {FLAG_BASIS_EXPIRED, SEVERITY_NONE,
                {.program = "magpiescribe",
                        .host = "a.magpiescribe.example",
                        .date = "2026-12-31",
                        TLS},
                "", ""},
        {FLAG_NO_BASIS, SEVERITY_NONE,
                {.program = "magpiescribe",
                        .host = "a.magpiescribe.example",
                        .date = "2027-01-01",
                        TLS},
                "", ""},
        {FLAG_CATEGORY_NOT_COVERED, SEVERITY_HIGH, {SEEN(BIT(CONTACT) | BIT(RESULTS))},
                "contracts.csv:3 (c-02) lists contact, appointment",
                "We saw test results; the agreement with Bookaroo Health Pty Ltd covers only "
                "names and contact details, appointments."},
        {FLAG_CATEGORY_NOT_COVERED, SEVERITY_NONE, {SEEN(BIT(CONTACT))}, "", ""},
        /* a letter names its patient */
        {FLAG_CATEGORY_NOT_COVERED, SEVERITY_NONE,
                {.program = "wattlemail",
                        .host = "mx.wattlemail.example",
                        SEEN(BIT(LETTERS) | BIT(IDENTIFIERS) | BIT(CONTACT))},
                "", ""},
        /* the whole database does not hold recordings */
        {FLAG_CATEGORY_NOT_COVERED, SEVERITY_HIGH,
                {.program = "wombatvault", .host = "s.wombatvault.example", SEEN(BIT(AUDIO))}, "",
                ""},
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_URGENT,
                {.program = "quollextract", .host = "up.quoll.example", SEEN(BIT(IDENTIFIERS))},
                "contracts.csv:2 (c-01) promises",
                "items in it that look like patient identifiers"},
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_NONE,
                {.program = "quollextract",
                        .host = "up.quoll.example",
                        SEEN(BIT(DEIDENTIFIED)),
                        .no_patient = true},
                "", ""},
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_NONE, {SEEN(BIT(IDENTIFIERS))}, "", ""},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_MEDIUM,
                {.program = "hopdesk", .host = "r.relay.hopdesk.example", TLS},
                "recipient_country DE", "HopDesk GmbH is recorded as overseas"},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE,
                {.program = "pingpath", .host = "sms.pingpath.example", TLS}, "", ""},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE, {TLS}, "", ""},
        {FLAG_IDENTIFIER_IN_METADATA, SEVERITY_HIGH, {SEEN(BIT(IDENTIFIERS)), .metadata = true}, "",
                "web address"},
        {FLAG_IDENTIFIER_IN_METADATA, SEVERITY_NONE, {SEEN(BIT(IDENTIFIERS))}, "", ""},
        {FLAG_UNENCRYPTED, SEVERITY_MEDIUM, {.transport = TRANSPORT_CLEAR}, "",
                "anyone on the way"},
        {FLAG_UNENCRYPTED, SEVERITY_URGENT, {SEEN(BIT(CONTACT))}, "", ""},
        {FLAG_UNENCRYPTED, SEVERITY_NONE, {TLS}, "", ""},
        {FLAG_UNENCRYPTED, SEVERITY_NONE, {.transport = TRANSPORT_CLEAR, .infrastructure = true},
                "", ""},
        {FLAG_NOT_INSPECTABLE, SEVERITY_INFO, {TLS}, "", "encrypted"},
        {FLAG_NOT_INSPECTABLE, SEVERITY_NONE, {.tier = TIER_SEALED}, "", ""},
        {FLAG_SEALED_MESSAGE, SEVERITY_INFO, {.tier = TIER_SEALED}, "", "sealed"},
        {FLAG_SEALED_MESSAGE, SEVERITY_INFO, {.tier = TIER_SEALED, .seen = BIT(CONTACT)}, "", ""},
        {FLAG_SEALED_MESSAGE, SEVERITY_NONE, {TLS}, "", ""},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_HIGH, {.country = "US", TLS},
                "destinations.csv:3 (bookaroo-api) allowed_countries AU",
                "appears to be in the United States. Your register allows Australia."},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE, {.country = "US", .uncertain = true, TLS}, "",
                ""},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE,
                {.program = "wombatvault", .host = "s.wombatvault.example", .country = "NZ", TLS},
                "", ""},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE,
                {.program = "hopdesk", .host = "r.relay.hopdesk.example", .country = "US", TLS}, "",
                ""},
        {FLAG_COUNTRY_UNCERTAIN, SEVERITY_LOW, {.country = "", TLS}, "recipient: Australia",
                "country"},
        {FLAG_COUNTRY_UNCERTAIN, SEVERITY_LOW, {.country = "AU", .uncertain = true, TLS}, "", ""},
        {FLAG_COUNTRY_UNCERTAIN, SEVERITY_NONE, {TLS}, "", ""},
};

static void judge_case(
        const struct world *w, const struct registry *r, size_t index, const struct flag_case *c)
{
	struct verdict_subject s = subject_of(&c->scene, r);
	const struct flag *flag;
	struct verdict v;

	assert_int_equal(verdict_decide(&s, r, w->rules, &v), 0);
	flag = find_flag_of(&v, c->id);
	if ((flag ? flag->severity : SEVERITY_NONE) != c->severity)
		print_error("case %zu: %s\n", index, flag_name(c->id));
	assert_int_equal(flag ? flag->severity : SEVERITY_NONE, c->severity);
	if (!flag)
		return;
	if (!strstr(flag->register_says, c->register_says) || !strstr(flag->sentence, c->sentence))
		print_error("case %zu: %s | %s\n", index, flag->sentence, flag->register_says);
	assert_non_null(strstr(flag->register_says, c->register_says));
	assert_non_null(strstr(flag->sentence, c->sentence));
	assert_null(strchr(flag->sentence, '{'));
	assert_null(strchr(flag->would_clear, '{'));
	assert_true(strlen(flag->rule) > 0);
}

static void each_flag_fires_and_nearly_fires(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		judge_case(w, w->examples, i, &cases[i]);
}

/* Those that need rows which the examples do not have. */
static void each_flag_of_the_clinic_fires_and_nearly_fires(void **state)
{
	static const struct flag_case of_clinic[] = {
	        {FLAG_PROGRAM_BANNED, SEVERITY_HIGH,
	                {.program = "hopdesk", .host = "r.relay.hopdesk.example", TLS},
	                "programs.csv:11 (hopdesk) status banned", "not to be used"},
	        {FLAG_PROGRAM_BANNED, SEVERITY_NONE, {TLS}, "", ""},
	        {FLAG_PROGRAM_RETIRED_ACTIVE, SEVERITY_HIGH,
	                {.program = "pingpath", .host = "sms.pingpath.example", TLS},
	                "programs.csv:8 (pingpath) status retired", "no longer used"},
	        {FLAG_PROGRAM_RETIRED_ACTIVE, SEVERITY_NONE,
	                {.program = "magpiescribe", .host = "api.magpiescribe.example", TLS}, "",
	                ""},
	        {FLAG_UPDATE_IN_CLEAR, SEVERITY_LOW,
	                {.program = "paperbark",
	                        .host = "update.paperbark.example",
	                        .transport = TRANSPORT_CLEAR},
	                "destinations.csv:2 (paperbark-update) role update-only", "Updates"},
	        {FLAG_UPDATE_IN_CLEAR, SEVERITY_NONE,
	                {.program = "paperbark",
	                        .host = "update.paperbark.example",
	                        SEEN(BIT(CONTACT))},
	                "", ""},
	        {FLAG_UNENCRYPTED, SEVERITY_URGENT,
	                {.program = "paperbark",
	                        .host = "update.paperbark.example",
	                        SEEN(BIT(CONTACT))},
	                "", ""},
	        {FLAG_UPDATE_IN_CLEAR, SEVERITY_NONE,
	                {.program = "paperbark",
	                        .host = "api.paperbark.example",
	                        .transport = TRANSPORT_CLEAR},
	                "", ""},
	        {FLAG_UNENCRYPTED, SEVERITY_NONE,
	                {.program = "paperbark",
	                        .host = "update.paperbark.example",
	                        .transport = TRANSPORT_CLEAR},
	                "", ""},
	};
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(of_clinic); i++)
		judge_case(w, w->clinic, i, &of_clinic[i]);
}

static void missing_evidence_is_never_covered(void **state)
{
	const struct world *w = *state;
	static const struct {
		struct scene scene;
		enum evidence evidence;
		enum paper paper;
		enum outcome outcome;
	} outcomes[] = {
	        {{.tier = TIER_NONE, .transport = TRANSPORT_ENCRYPTED}, EVIDENCE_NONE,
	                PAPER_COVERED, OUTCOME_COVERED},
	        {{TLS}, EVIDENCE_NOT_INSPECTABLE, PAPER_COVERED, OUTCOME_CANNOT_TELL},
	        {{.tier = TIER_SEALED}, EVIDENCE_NOT_INSPECTABLE, PAPER_COVERED,
	                OUTCOME_CANNOT_TELL},
	        {{.gap_bytes = 1}, EVIDENCE_NONE, PAPER_COVERED, OUTCOME_CANNOT_TELL},
	        {{.tier = TIER_WEAK}, EVIDENCE_NONE, PAPER_COVERED, OUTCOME_COVERED},
	        {{.tier = TIER_DIRECTORY}, EVIDENCE_NONE, PAPER_COVERED, OUTCOME_COVERED},
	        {{.transport = TRANSPORT_CLEAR}, EVIDENCE_NONE, PAPER_COVERED, OUTCOME_LOOK},
	        {{SEEN(BIT(CONTACT))}, EVIDENCE_SEEN, PAPER_COVERED, OUTCOME_ACT},
	        {{.tier = TIER_HIGH, .seen = BIT(CONTACT), .transport = TRANSPORT_ENCRYPTED},
	                EVIDENCE_SEEN, PAPER_COVERED, OUTCOME_COVERED},
	        {{.tier = TIER_HIGH, .seen = BIT(RESULTS), .transport = TRANSPORT_ENCRYPTED},
	                EVIDENCE_SEEN, PAPER_GAP, OUTCOME_LOOK},
	        {{.host = "x.example", TLS}, EVIDENCE_NOT_INSPECTABLE, PAPER_ABSENT, OUTCOME_LOOK},
	        {{.date = "2024-03-31", TLS}, EVIDENCE_NOT_INSPECTABLE, PAPER_GAP, OUTCOME_LOOK},
	        {{.program = "pingpath", .host = "sms.pingpath.example", TLS},
	                EVIDENCE_NOT_INSPECTABLE, PAPER_EXPIRED, OUTCOME_LOOK},
	};

	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		struct verdict_subject s = subject_of(&outcomes[i].scene, w->examples);
		struct verdict v;

		assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), 0);
		if (v.outcome != outcomes[i].outcome)
			print_error("outcome %zu: %s\n", i, outcome_name(v.outcome));
		assert_int_equal(v.evidence, outcomes[i].evidence);
		assert_int_equal(v.paper, outcomes[i].paper);
		assert_int_equal(v.outcome, outcomes[i].outcome);
	}
}

static void what_is_not_seen_is_declared(void **state)
{
	const struct world *w = *state;
	struct scene scene = {TLS};
	struct verdict_subject s = subject_of(&scene, w->examples);
	struct verdict v;

	assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), 0);
	assert_int_equal(v.declared, BIT(CONTACT) | BIT(APPOINTMENT));
	assert_int_equal(v.destination, 1);
	assert_int_equal(v.contract, 1);
	assert_int_equal(v.basis, 1);
	s.tier = TIER_HIGH;
	s.seen = BIT(CONTACT);
	assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), 0);
	assert_int_equal(v.declared, 0);
}

static void flows_that_do_not_leave_have_no_verdict(void **state)
{
	const struct world *w = *state;
	struct scene scene = {SEEN(BIT(RESULTS))};
	struct verdict_subject s = subject_of(&scene, w->examples);
	struct verdict v;

	s.egress = false;
	assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), 0);
	assert_int_equal(v.flag_count, 0);
	assert_int_equal(v.outcome, OUTCOME_NONE);
	assert_int_equal(v.paper, PAPER_NONE);
	assert_int_equal(v.destination, -1);
	s.program = 1000;
	assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), STATUS_BUG);
}

static void without_a_register_every_recipient_is_unknown(void **state)
{
	const struct world *w = *state;
	struct scene scene = {SEEN(BIT(RESULTS))};
	struct verdict_subject s = subject_of(&scene, NULL);
	struct verdict v;

	assert_int_equal(verdict_decide(&s, NULL, w->rules, &v), 0);
	assert_non_null(find_flag_of(&v, FLAG_UNKNOWN_DESTINATION));
	assert_non_null(find_flag_of(&v, FLAG_UNKNOWN_PROGRAM));
	assert_null(find_flag_of(&v, FLAG_NO_CONTRACT));
	assert_int_equal(v.paper, PAPER_ABSENT);
	assert_int_equal(v.outcome, OUTCOME_ACT);
	assert_string_equal(
	        find_flag_of(&v, FLAG_UNKNOWN_DESTINATION)->register_says, "no register was given");
	/* A program without a name is "a program" first, then "the program". */
	s.program_shown = "";
	assert_int_equal(verdict_decide(&s, NULL, w->rules, &v), 0);
	assert_non_null(strstr(find_flag_of(&v, FLAG_UNKNOWN_DESTINATION)->sentence, "A program "));
	assert_non_null(strstr(
	        find_flag_of(&v, FLAG_UNKNOWN_DESTINATION)->would_clear, "maker of the program "));
}

static void flags_stand_worst_first(void **state)
{
	const struct world *w = *state;
	struct scene scene = {.program = "quollextract",
	        .host = "up.quoll.example",
	        .country = "US",
	        SEEN(BIT(IDENTIFIERS)),
	        .date = "2027-06-30"};
	struct verdict_subject s = subject_of(&scene, w->examples);
	struct verdict v;

	assert_int_equal(verdict_decide(&s, w->examples, w->rules, &v), 0);
	assert_true(v.flag_count >= 6);
	assert_int_equal(v.flags[0].id, FLAG_DEID_CLAIM_CONTRADICTED);
	assert_int_equal(v.flags[1].id, FLAG_UNENCRYPTED);
	assert_int_equal(v.severity, SEVERITY_URGENT);
	for (unsigned i = 1; i < v.flag_count; i++) {
		assert_true(v.flags[i].severity <= v.flags[i - 1].severity);
		if (v.flags[i].severity == v.flags[i - 1].severity)
			assert_true(v.flags[i].id > v.flags[i - 1].id);
	}
}

static void the_run_has_flags_of_its_own(void **state)
{
	const struct world *w = *state;
	struct verdict_run run = {.has_register = true, .authorised_by = "Practice principal"};
	struct verdict v;

	assert_int_equal(verdict_decide_run(&run, w->rules, &v), 0);
	assert_int_equal(v.flag_count, 0);
	run = (struct verdict_run){.has_register = true,
	        .register_warnings = 2,
	        .register_warning = {.file = REGISTRY_PROGRAMS, .line = 9},
	        .authorised_by = "",
	        .loss_percent = 2.25,
	        .gap = true,
	        .not_captured = true,
	        .date = "2026-10-05"};
	assert_int_equal(verdict_decide_run(&run, w->rules, &v), 0);
	assert_int_equal(v.flag_count, 4);
	assert_string_equal(find_flag_of(&v, FLAG_REGISTER_PROBLEM)->sentence,
	        "Something in your register needs checking, first on line 9 of programs.csv; "
	        "results that rest on it may be incomplete.");
	assert_string_equal(find_flag_of(&v, FLAG_REGISTER_PROBLEM)->register_says,
	        "programs.csv:9; rows or cells to correct: 2");
	assert_non_null(strstr(find_flag_of(&v, FLAG_CAPTURE_GAP)->sentence, "2.2% of traffic"));
	assert_non_null(strstr(find_flag_of(&v, FLAG_NOT_CAPTURED)->sentence, "2026-10-05"));
	assert_int_equal(find_flag_of(&v, FLAG_NO_CAPTURE_AUTHORITY)->severity, SEVERITY_HIGH);
	run = (struct verdict_run){.authorised_by = "x", .register_warnings = 1, .gap = true};
	assert_int_equal(verdict_decide_run(&run, w->rules, &v), 0);
	assert_int_equal(v.flag_count, 1);
	assert_non_null(strstr(v.flags[0].sentence, "; an unknown part of traffic"));
	run.loss_percent = 0.04;
	assert_int_equal(verdict_decide_run(&run, w->rules, &v), 0);
	assert_non_null(strstr(v.flags[0].sentence, "; less than 0.1% of traffic"));
}

static void blanks_without_text_read_as_words(void **state)
{
	struct blanks blanks = {.text = {NULL}};
	char ret[64];

	(void)state;
	flag_sentence("{program} sent to {recipient}.", &blanks, ret, sizeof(ret));
	assert_string_equal(ret, "A program sent to the recipient.");
	blanks.text[BLANK_PROGRAM] = "iPulse {date}";
	flag_sentence("{program} sent.", &blanks, ret, sizeof(ret));
	assert_string_equal(ret, "iPulse {date} sent.");
	flag_sentence("{program} sent \xc3\xa9\xc3\xa9\xc3\xa9.", &blanks, ret, 22);
	assert_string_equal(ret, "iPulse {date} sent \xc3\xa9");
}

static void a_bad_rule_file_is_refused(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned line, column;
	} broken[] = {
	        {"id,severity", "id,weight", 1, 0},
	        {"register-problem,high", "register-trouble,high", 2, 1},
	        {"capture-gap,info", "register-problem,info", 3, 1},
	        {"register-problem,high", "register-problem,hot", 2, 2},
	        {"register-problem,high,no", "register-problem,high,maybe", 2, 3},
	        {"register-problem,high,no,run", "register-problem,high,no,day", 2, 4},
	        {"{line}", "{lines}", 2, 5},
	        {"{line}", "{line", 2, 5},
	        {"This tool: results rest on the register", "", 2, 6},
	        {"This tool: results rest on", "This tool, results rest on", 2, 0},
	        {"This tool: results rest on the register,", "", 2, 0},
	        {"\nupdate-in-clear,", "\nunencrypted,", FLAGS + 1, 1},
	};
	struct span csv = read_file("rules/flags.csv");
	char text[FILE_BYTES_MAX];
	struct flag_rules *r = NULL;
	struct csv_problem problem;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		const char *whole = (const char *)csv.data;
		const char *at = strstr(whole, broken[i].from);
		size_t len;

		assert_non_null(at);
		len = (size_t)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - whole), whole,
		        broken[i].to, at + strlen(broken[i].from));
		assert_int_equal(
		        flag_rules_new(&r, span_of(text, len), &problem), STATUS_MALFORMED);
		assert_null(r);
		assert_int_equal(problem.line, broken[i].line);
		assert_int_equal(problem.column, broken[i].column);
	}
	/* cut anywhere before its last row, the file lacks a flag or breaks off in a cell */
	for (size_t len = 0; len < span_find(csv, span_of_text("\nupdate-in-clear")); len += 7) {
		assert_int_equal(
		        flag_rules_new(&r, span_slice(csv, 0, len), &problem), STATUS_MALFORMED);
		assert_null(r);
	}
	free_span(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_flag_fires_and_nearly_fires),
	        cmocka_unit_test(each_flag_of_the_clinic_fires_and_nearly_fires),
	        cmocka_unit_test(missing_evidence_is_never_covered),
	        cmocka_unit_test(what_is_not_seen_is_declared),
	        cmocka_unit_test(flows_that_do_not_leave_have_no_verdict),
	        cmocka_unit_test(without_a_register_every_recipient_is_unknown),
	        cmocka_unit_test(flags_stand_worst_first),
	        cmocka_unit_test(the_run_has_flags_of_its_own),
	        cmocka_unit_test(blanks_without_text_read_as_words),
	        cmocka_unit_test(a_bad_rule_file_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
