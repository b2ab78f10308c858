#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/display.h"
#include "base/utf8.h"
#include "program/program.h"

#define RULES_MAX 32

enum { QUOLL, BOOKAROO, WOMBAT, HOPDESK, LEDGER, TWIN };

static const struct {
	const char *term;
	uint32_t owner;
} terms[] = {
        {"sni:*.quoll.example", QUOLL},
        {"port:tcp/443", QUOLL},
        {"dns:*.bookaroo.example", BOOKAROO},
        {"proc:BookarooSync.exe", BOOKAROO},
        {"sni:*.wombatvault.example", WOMBAT},
        {"port:tcp/8443", WOMBAT},
        {"ip:198.51.100.0/24", HOPDESK},
        {"port:tcp/7070", HOPDESK},
        {"ua:LedgerFinch/", LEDGER},
        {"dns:partner.quoll.example", TWIN},
        {"port:tcp/7070", TWIN},
        {"ip:198.51.100.128/25", TWIN},
};

static size_t read_rules(struct match_rule ret[static RULES_MAX])
{
	for (size_t i = 0; i < ARRAY_LEN(terms); i++) {
		const char *reason;

		assert_int_equal(
		        match_rule_parse(span_of_text(terms[i].term), &ret[i], &reason), 0);
		ret[i].owner = terms[i].owner;
	}
	return ARRAY_LEN(terms);
}

struct sample {
	const char *what;
	const char *process, *host, *agent, *address;
	uint16_t port;
	bool nat;
	/* and what must come out */
	int64_t program;
	const char *id, *carrier;
	enum program_method method;
	enum program_confidence confidence;
	unsigned candidates;
	const char *reason;
};

static const struct sample samples[] = {
        {"a name is strong", NULL, "up.quoll.example", NULL, NULL, 443, false, QUOLL, "", "",
                PROGRAM_RULE, CONFIDENCE_STRONG, 1, NULL},
        {"a named process is exact", "C:\\Program Files\\B\\BookarooSync.exe", "cdn.other.example",
                NULL, NULL, 443, false, BOOKAROO, "", "BookarooSync.exe", PROGRAM_CAPTURE,
                CONFIDENCE_EXACT, 1, NULL},
        {"its letters may be of any size", "\\device\\harddiskvolume1\\b\\bookaroosync.exe", NULL,
                NULL, NULL, 443, false, BOOKAROO, "", "bookaroosync.exe", PROGRAM_CAPTURE,
                CONFIDENCE_EXACT, 1, NULL},
        {"a process beats a name", "BookarooSync.exe", "up.quoll.example", NULL, NULL, 443, false,
                BOOKAROO, "", "BookarooSync.exe", PROGRAM_CAPTURE, CONFIDENCE_EXACT, 1, NULL},
        {"a browser carries, the rule names the requester",
                "C:\\Program Files\\Google\\Chrome\\chrome.exe", "api.bookaroo.example", NULL, NULL,
                443, false, BOOKAROO, "", "chrome.exe", PROGRAM_RULE, CONFIDENCE_STRONG, 1, NULL},
        {"another program at the name of one whose processes are known", "C:\\x\\odd.exe",
                "api.bookaroo.example", NULL, NULL, 443, false, BOOKAROO, "", "odd.exe",
                PROGRAM_RULE, CONFIDENCE_PROBABLE, 1, NULL},
        {"a program that no rule names", "C:\\Tools\\FreeSync.EXE", "drop.freesync.example", NULL,
                NULL, 443, false, -1, "unregistered:freesync.exe", "FreeSync.EXE", PROGRAM_CAPTURE,
                CONFIDENCE_EXACT, 0, NULL},
        {"a browser at a place that no rule names", "chrome.exe", "x.example", NULL, NULL, 443,
                false, -1, "unregistered:chrome.exe", "chrome.exe", PROGRAM_CAPTURE,
                CONFIDENCE_EXACT, 0, NULL},
        {"a common port says nothing", NULL, "x.example", NULL, NULL, 443, false, -1, "", "",
                PROGRAM_NONE, CONFIDENCE_NONE, 0, "no-log-for-computer"},
        {"a port of its own is weak", NULL, NULL, NULL, NULL, 8443, false, WOMBAT, "", "",
                PROGRAM_RULE, CONFIDENCE_WEAK, 1, NULL},
        {"a process outranks a port", "odd.exe", NULL, NULL, NULL, 8443, false, -1,
                "unregistered:odd.exe", "odd.exe", PROGRAM_CAPTURE, CONFIDENCE_EXACT, 1, NULL},
        {"a browser does not", "firefox.exe", NULL, NULL, NULL, 8443, false, WOMBAT, "",
                "firefox.exe", PROGRAM_RULE, CONFIDENCE_WEAK, 1, NULL},
        {"an address is probable", NULL, NULL, NULL, "198.51.100.7", 443, false, HOPDESK, "", "",
                PROGRAM_RULE, CONFIDENCE_PROBABLE, 1, NULL},
        {"an address beats a port", NULL, NULL, NULL, "198.51.100.7", 8443, false, HOPDESK, "", "",
                PROGRAM_RULE, CONFIDENCE_PROBABLE, 1, NULL},
        {"a name beats an address", NULL, "s.wombatvault.example", NULL, "198.51.100.7", 443, false,
                WOMBAT, "", "", PROGRAM_RULE, CONFIDENCE_STRONG, 1, NULL},
        {"the narrower network wins and the rival is shown", NULL, NULL, NULL, "198.51.100.200",
                443, false, TWIN, "", "", PROGRAM_RULE, CONFIDENCE_WEAK, 2, NULL},
        {"the whole name wins and the rival is shown", NULL, "partner.quoll.example", NULL, NULL,
                443, false, TWIN, "", "", PROGRAM_RULE, CONFIDENCE_PROBABLE, 2, NULL},
        {"a program names itself", NULL, "x.example", "ledgerfinch/5.1", NULL, 80, false, LEDGER,
                "", "", PROGRAM_HINT, CONFIDENCE_PROBABLE, 1, NULL},
        {"two programs with one port", NULL, NULL, NULL, NULL, 7070, false, -1, "", "",
                PROGRAM_NONE, CONFIDENCE_NONE, 2, "hint-only-conflict"},
        {"behind address translation", NULL, "x.example", NULL, NULL, 443, true, -1, "", "",
                PROGRAM_NONE, CONFIDENCE_NONE, 0, "nat"},
        {"the system itself", "System", "x.example", NULL, NULL, 445, false, -1, "", "System",
                PROGRAM_NONE, CONFIDENCE_NONE, 0, "kernel"},
        {"a hostile name", "C:\\x\\\x1b[31m2123456701.exe", "x.example", NULL, NULL, 443, false, -1,
                "unregistered:" DISPLAY_IDENTIFIER ".exe", DISPLAY_IDENTIFIER ".exe",
                PROGRAM_CAPTURE, CONFIDENCE_EXACT, 0, NULL},
};

static void each_flow_gets_its_program_and_says_how_it_knows(void **state)
{
	struct match_rule rules[RULES_MAX];
	size_t count = read_rules(rules);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
		const struct sample *s = &samples[i];
		struct program_evidence e = {.match = {.names = {s->host},
		                                     .name_count = s->host ? 1 : 0,
		                                     .user_agent = s->agent,
		                                     .far_port = s->port,
		                                     .protocol = 6},
		        .process_path = s->process,
		        .nat_suspected = s->nat};
		struct program_answer a;

		if (s->address)
			assert_true(addr_parse(s->address, &e.match.far));
		memset(&a, 0x5a, sizeof(a));
		program_identify(&e, rules, count, &a);
		if (a.program != s->program || a.confidence != s->confidence)
			print_error("sample: %s\n", s->what);
		assert_int_equal(a.program, s->program);
		assert_string_equal(a.id, s->id);
		assert_string_equal(a.carrier, s->carrier);
		assert_int_equal(a.method, s->method);
		assert_int_equal(a.confidence, s->confidence);
		assert_int_equal(a.candidate_count, s->candidates);
		if (a.program >= 0)
			assert_int_equal(a.candidates[0], a.program);
		if (s->reason)
			assert_string_equal(a.reason, s->reason);
		else
			assert_null(a.reason);
	}
}

static void a_name_of_the_process_is_enough(void **state)
{
	struct match_rule rules[RULES_MAX];
	size_t count = read_rules(rules);
	struct program_evidence e = {.match = {.process_name = "BookarooSync.exe"}};
	struct program_answer a;

	(void)state;
	program_identify(&e, rules, count, &a);
	assert_int_equal(a.program, BOOKAROO);
	assert_int_equal(a.method, PROGRAM_CAPTURE);
	assert_string_equal(a.carrier, "BookarooSync.exe");
}

static void a_long_name_stays_in_bounds(void **state)
{
	char path[600];
	struct program_evidence e = {.process_path = path};
	struct program_answer a;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	program_identify(&e, NULL, 0, &a);
	assert_true(strlen(a.id) < sizeof(a.id));
	assert_true(strlen(a.carrier) < sizeof(a.carrier));
	assert_int_equal(strncmp(a.id, "unregistered:xxx", 16), 0);
	for (size_t i = 0; i + 1 < sizeof(path); i += 2)
		memcpy(path + i, "\xc3\xa9", 2);
	path[598] = '\0';
	program_identify(&e, NULL, 0, &a);
	assert_int_equal(utf8_valid_length(span_of_text(a.id)), strlen(a.id));
}

static void rivals_beyond_the_table_are_left_out(void **state)
{
	struct match_rule rules[PROGRAM_CANDIDATES_MAX + 4];
	struct program_evidence e = {.match = {.names = {"a.shared.example"}, .name_count = 1}};
	struct program_answer a;
	const char *reason;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_LEN(rules); i++) {
		assert_int_equal(
		        match_rule_parse(span_of_text("sni:*.shared.example"), &rules[i], &reason),
		        0);
		rules[i].owner = i;
	}
	program_identify(&e, rules, ARRAY_LEN(rules), &a);
	assert_int_equal(a.candidate_count, PROGRAM_CANDIDATES_MAX);
	assert_int_equal(a.program, 0);
	assert_int_equal(a.confidence, CONFIDENCE_PROBABLE);
}

static void words_are_those_of_the_output(void **state)
{
	(void)state;
	assert_string_equal(program_method_text(PROGRAM_CAPTURE), "capture");
	assert_string_equal(program_method_text(PROGRAM_LOG_5156), "log-5156");
	assert_string_equal(program_method_text(PROGRAM_EBPF), "ebpf");
	assert_string_equal(program_confidence_text(CONFIDENCE_EXACT), "exact");
	assert_string_equal(program_confidence_text(CONFIDENCE_NONE), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_flow_gets_its_program_and_says_how_it_knows),
	        cmocka_unit_test(a_name_of_the_process_is_enough),
	        cmocka_unit_test(a_long_name_stays_in_bounds),
	        cmocka_unit_test(rivals_beyond_the_table_are_left_out),
	        cmocka_unit_test(words_are_those_of_the_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
