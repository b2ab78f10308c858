/* Flags that rest on earlier days: each fires, and nearly fires. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "registry/rows.h"
#include "verdict/history.h"

#define FILE_BYTES_MAX 65536
#define MB             HISTORY_MB
#define DAY            20781 /* 2026-11-24 */

/* Rows of programs.csv, in this order. */
enum { EXTRACT, LIMITED, BACKUP, ENDED, PROGRAMS };

static const char programs_csv[] =
        "program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,update_owner,"
        "cadence_days,update_hosts,versions_known,min_supported,version_seen,eos_date,max_mb_day,"
        "hours\n"
        "extract,Quoll Extract,Quoll,extract,approved,manager,sni:*.quoll.example,yes,vendor-auto,"
        "10,upd.quoll.example,4.2|4.3a|Saffron SP1|Saffron SP10,Saffron SP1,,,,07:00-19:00\n"
        "limited,Ping,Ping,recall-sms,approved,manager,sni:*.ping.example,yes,vendor-auto,,,,,,,"
        "100,\n"
        "backup,Wombat,Wombat,backup,approved,manager,sni:*.wombat.example,yes,it-contractor,,,"
        "1.0|2.0,2.0,1.0,,,18:00-06:00\n"
        "ended,Old,Old,other,approved,manager,sni:*.old.example,no,unknown,,,,,,2026-11-23,,\n";
static const char destinations_csv[] =
        "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries\n"
        "quoll-api,extract,Quoll Analytics,AU,processor,sni:up.quoll.example,AU\n";
static const char contracts_csv[] =
        "contract_id,recipient,program_ids,type,start,end,review_by,categories,purposes,countries,"
        "doc_ref\n"
        "c-01,Quoll Analytics,limited,agreement,2025-01-01,2027-01-01,,full-db,support,AU,drawer\n";
static const char basis_csv[] =
        "basis_id,program_id,recipient,purpose,categories,basis,evidence_ref,from,approved_by\n"
        "b-01,extract,Quoll Analytics,care,contact,primary-purpose,notice,2025-01-01,officer\n";

struct world {
	struct flag_rules *rules;
	struct registry *registry;
};

static void load_rules(struct world *w)
{
	static char bytes[FILE_BYTES_MAX];
	FILE *file = fopen(SOURCE "/rules/flags.csv", "rb");
	struct csv_problem problem;
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	assert_true(len < sizeof(bytes));
	assert_int_equal(flag_rules_new(&w->rules, span_of(bytes, len), &problem), STATUS_OK);
}

static int set_up(void **state)
{
	static struct world w;
	const char *const texts[] = {
	        PRACTICE_CSV, programs_csv, destinations_csv, contracts_csv, basis_csv};
	struct span files[REGISTRY_FILES] = {{.data = NULL}};
	bool present[REGISTRY_FILES] = {false};
	char problem[REGISTRY_PROBLEM_CHARS];

	load_rules(&w);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		files[i] = span_of_text(texts[i]);
		present[i] = true;
	}
	if (registry_load(&w.registry, files, present) != STATUS_OK) {
		registry_problem_format(registry_problem(w.registry, 0), problem);
		fail_msg("%s", problem);
	}
	assert_true(time_set_zone("Australia/Sydney"));
	*state = &w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	registry_free(w->registry);
	flag_rules_free(w->rules);
	return 0;
}

/* The one flag, or none; its sentences are whole. */
static void expect(const struct verdict *v, enum flag_id id, const char *sentence, size_t number)
{
	if (v->flag_count != (id != FLAGS) || (id != FLAGS && v->flags[0].id != id))
		fail_msg("case %zu: %u flags, first %s", number, v->flag_count,
		        v->flag_count ? flag_name(v->flags[0].id) : "none");
	if (id == FLAGS)
		return;
	if (!strstr(v->flags[0].sentence, sentence))
		fail_msg("case %zu: %s", number, v->flags[0].sentence);
	assert_null(strchr(v->flags[0].sentence, '{'));
	assert_null(strchr(v->flags[0].would_clear, '{'));
}

static void what_is_new_asks_from_the_second_day_on(void **state)
{
	const struct world *w = *state;
	const struct {
		struct history_pair pair;
		enum flag_id id;
	} cases[] = {
	        {{.days_before = 1}, FLAG_FIRST_SEEN},
	        {{.days_before = 0}, FLAGS},
	        {{.days_before = 40, .seen_before = true}, FLAGS},
	        {{.program = -1, .days_before = 40}, FLAGS},
	};
	struct verdict v;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct history_pair p = cases[i].pair;

		p.program_shown = "Quoll Extract";
		p.recipient_shown = "Quoll Analytics";
		p.destination = 0;
		assert_int_equal(verdict_decide_pair(&p, w->registry, w->rules, &v), STATUS_OK);
		expect(&v, cases[i].id, "Quoll Extract sent to Quoll Analytics for the first time",
		        i);
	}
	assert_int_equal(verdict_decide_pair(&(struct history_pair){.destination = 1}, w->registry,
	                         w->rules, &v),
	        STATUS_BUG);
}

static void days_are_held_against_the_usual_and_the_recorded(void **state)
{
	const struct world *w = *state;
	const struct {
		struct history_day day;
		enum flag_id id;
		const char *sentence;
	} cases[] = {
	        {{.program = EXTRACT,
	                 .bytes_out = 60 * MB,
	                 .days_before = 5,
	                 .usual_bytes = 10 * MB},
	                FLAG_VOLUME_ANOMALY, "than expected: 6 times its usual amount."},
	        {{.program = EXTRACT,
	                 .bytes_out = 60 * MB,
	                 .days_before = 4,
	                 .usual_bytes = 10 * MB},
	                FLAGS, ""},
	        {{.program = EXTRACT,
	                 .bytes_out = 50 * MB - 1,
	                 .days_before = 5,
	                 .usual_bytes = 10 * MB},
	                FLAGS, ""},
	        {{.program = EXTRACT,
	                 .bytes_out = 10 * MB - 1,
	                 .days_before = 30,
	                 .usual_bytes = 9},
	                FLAGS, ""},
	        {{.program = EXTRACT, .bytes_out = 10 * MB, .days_before = 30, .usual_bytes = 9},
	                FLAG_VOLUME_ANOMALY, "10 MB, far more than usual"},
	        {{.program = LIMITED, .bytes_out = 100 * MB + 1}, FLAG_VOLUME_ANOMALY,
	                "101 MB in one day; your register allows 100 MB"},
	        {{.program = LIMITED, .bytes_out = 100 * MB, .days_before = 30, .usual_bytes = 1},
	                FLAGS, ""},
	        {{.program = EXTRACT, .bytes_out = 800 * MB, .full_backup_mb = 1000},
	                FLAG_FULL_DB_SIZE, "close to your whole database"},
	        {{.program = EXTRACT, .bytes_out = 799 * MB, .full_backup_mb = 1000}, FLAGS, ""},
	        {{.program = EXTRACT, .bytes_out = 800 * MB, .full_backup_mb = REGISTRY_NO_NUMBER},
	                FLAGS, ""},
	        {{.program = BACKUP, .bytes_out = 800 * MB, .full_backup_mb = 1000, .version = 1},
	                FLAGS, ""},
	        {{.program = LIMITED, .bytes_out = 99 * MB, .full_backup_mb = 100, .day = DAY},
	                FLAGS, ""},
	        {{.program = EXTRACT, .bytes_out = 1, .outside_hours = true}, FLAG_SCHEDULE_ANOMALY,
	                "Quoll Extract sent outside its recorded hours."},
	        {{.program = EXTRACT, .bytes_out = 1, .outside_hours = false}, FLAGS, ""},
	        {{.program = LIMITED, .bytes_out = 1, .outside_hours = true}, FLAGS, ""},
	        {{.program = EXTRACT, .bytes_out = 1, .version = 1}, FLAG_UNSUPPORTED_VERSION,
	                "Quoll Extract (4.3a) is no longer supported"},
	        {{.program = EXTRACT, .bytes_out = 1, .version = 2}, FLAGS, ""},
	        {{.program = BACKUP, .bytes_out = 1, .version = -1}, FLAG_UNSUPPORTED_VERSION,
	                "Wombat (1.0) is no longer supported"},
	        {{.program = BACKUP, .bytes_out = 1, .version = 1}, FLAGS, ""},
	        {{.program = ENDED, .bytes_out = 1, .day = DAY, .version = -1},
	                FLAG_UNSUPPORTED_VERSION, "Old (version not seen) is no longer supported"},
	        {{.program = ENDED, .bytes_out = 1, .day = DAY - 1, .version = -1}, FLAGS, ""},
	};
	struct verdict v;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct history_day h = cases[i].day;

		if (h.program == EXTRACT && h.version == 0)
			h.version = -1;
		assert_int_equal(verdict_decide_day(&h, w->registry, w->rules, &v), STATUS_OK);
		expect(&v, cases[i].id, cases[i].sentence, i);
	}
	assert_int_equal(verdict_decide_day(&(struct history_day){.program = PROGRAMS}, w->registry,
	                         w->rules, &v),
	        STATUS_BUG);
}

static void patients_seen_raise_the_old_version(void **state)
{
	const struct world *w = *state;
	struct history_day h = {.program = EXTRACT, .bytes_out = 1, .version = 0};
	struct verdict v;

	assert_int_equal(verdict_decide_day(&h, w->registry, w->rules, &v), STATUS_OK);
	assert_int_equal(v.severity, SEVERITY_MEDIUM);
	h.patient_seen = true;
	assert_int_equal(verdict_decide_day(&h, w->registry, w->rules, &v), STATUS_OK);
	assert_int_equal(v.severity, SEVERITY_HIGH);
}

static void silence_asks_when_it_is_longer_than_before(void **state)
{
	const struct world *w = *state;
	const struct {
		struct history_silence silence;
		enum flag_id id;
		const char *sentence;
	} cases[] = {
	        {{.program = BACKUP, .flow_days = 5, .silent_days = 2, .last_flow_day = DAY},
	                FLAG_EXPECTED_FLOW_MISSING,
	                "No backup by Wombat has been seen since 2026-11-24."},
	        {{.program = BACKUP, .flow_days = 4, .silent_days = 9}, FLAGS, ""},
	        {{.program = BACKUP, .flow_days = 30, .silent_days = 1}, FLAGS, ""},
	        {{.program = BACKUP, .flow_days = 30, .silent_days = 6, .usual_silence = 6}, FLAGS,
	                ""},
	        {{.program = BACKUP, .flow_days = 30, .silent_days = 7, .usual_silence = 6},
	                FLAG_EXPECTED_FLOW_MISSING, ""},
	        {{.program = EXTRACT, .flow_days = 30, .silent_days = 7}, FLAGS, ""},
	        {{.program = EXTRACT, .update_silent_days = 20}, FLAG_NO_UPDATES_SEEN,
	                "look for updates on the last 20 days that were recorded"},
	        {{.program = EXTRACT, .update_silent_days = 19}, FLAGS, ""},
	        {{.program = LIMITED, .update_silent_days = 400}, FLAGS, ""},
	};
	struct verdict v;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(
		        verdict_decide_silence(&cases[i].silence, w->registry, w->rules, &v),
		        STATUS_OK);
		expect(&v, cases[i].id, cases[i].sentence, i);
	}
}

static void a_version_that_went_back_asks(void **state)
{
	const struct world *w = *state;
	const struct {
		int now, before;
		enum flag_id id;
	} cases[] = {{0, 2, FLAG_VERSION_WENT_BACK}, {2, 2, FLAGS}, {3, 2, FLAGS}, {-1, 2, FLAGS},
	        {0, -1, FLAGS}};
	struct verdict v;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct history_version h = {.program = EXTRACT,
		        .computer_shown = "192.0.2.7",
		        .now = cases[i].now,
		        .before = cases[i].before};

		assert_int_equal(verdict_decide_version(&h, w->registry, w->rules, &v), STATUS_OK);
		expect(&v, cases[i].id,
		        "The version of Quoll Extract on 192.0.2.7 (4.2) is older than the one", i);
	}
	assert_int_equal(verdict_decide_version(
	                         &(struct history_version){.now = 4}, w->registry, w->rules, &v),
	        STATUS_BUG);
}

static void three_on_one_computer_are_one_question(void **state)
{
	const struct world *w = *state;
	struct history_computer all = {.computer_shown = "192.0.2.7",
	        .program_shown = "Wombat",
	        .remote_access = true,
	        .from_outside = true};
	struct verdict v;

	for (size_t i = 0; i < 4; i++) {
		struct history_computer h = all;

		h.program_shown = i == 1 ? NULL : h.program_shown;
		h.remote_access = i != 2;
		h.from_outside = i != 3;
		assert_int_equal(verdict_decide_computer(&h, w->rules, &v), STATUS_OK);
		expect(&v, i == 0 ? FLAG_EXPOSED_COMPUTER : FLAGS,
		        "192.0.2.7 runs Wombat, which its maker no longer supports", i);
	}
	assert_int_equal(verdict_decide_computer(&all, w->rules, &v), STATUS_OK);
	assert_int_equal(v.flags[0].scope, SCOPE_COMPUTER);
}

static void versions_are_found_whole(void **state)
{
	const struct world *w = *state;
	const struct registry_list *known = &registry_program(w->registry, EXTRACT)->versions_known;
	const struct {
		const char *text;
		int place;
	} cases[] = {{"QuollSync/4.2 (x64)", 0}, {"QuollSync/4.2.1", -1}, {"QuollSync/14.2", -1},
	        {"QuollSync v4.2", 0}, {"rev4.2", -1}, {"4.3a", 1}, {"4.3ab", -1}, {"4.3", -1},
	        {"Quoll Saffron SP1", 2}, {"Quoll Saffron SP10.", 3}, {"Quoll Saffron SP10", 3},
	        {"Saffron", -1}, {"", -1}, {"1.4.2", -1}, {"4.2.", 0},
	        {"Windows 10; 4.2; 4.3a", 1}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (version_find(known, cases[i].text) != cases[i].place)
			fail_msg("%s: %d", cases[i].text, version_find(known, cases[i].text));
}

static int64_t at(int hour, int minute)
{
	return time_local_midnight(DAY) + hour * NS_PER_HOUR + minute * 60 * NS_PER_SECOND;
}

static void hours_may_cross_midnight(void **state)
{
	const struct world *w = *state;
	const struct registry_hours *day = &registry_program(w->registry, EXTRACT)->hours;
	const struct registry_hours *night = &registry_program(w->registry, BACKUP)->hours;
	const struct registry_hours none = {.recorded = false};
	const struct registry_hours always = {.recorded = true}; /* 00:00-00:00 */

	assert_false(hours_missed(&always, at(3, 0), at(3, 1)));
	assert_false(hours_missed(day, at(7, 0), at(7, 0)));
	assert_false(hours_missed(day, at(19, 0), at(19, 30)));
	assert_true(hours_missed(day, at(19, 1), at(19, 30)));
	assert_true(hours_missed(day, at(6, 0), at(6, 59)));
	assert_false(hours_missed(day, at(6, 0), at(7, 5)));
	assert_false(hours_missed(day, at(5, 0), at(23, 0)));
	assert_false(hours_missed(night, at(23, 30), at(24, 30)));
	assert_false(hours_missed(night, at(3, 0), at(3, 1)));
	assert_true(hours_missed(night, at(12, 0), at(13, 0)));
	assert_false(hours_missed(&none, at(3, 0), at(3, 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_new_asks_from_the_second_day_on),
	        cmocka_unit_test(days_are_held_against_the_usual_and_the_recorded),
	        cmocka_unit_test(patients_seen_raise_the_old_version),
	        cmocka_unit_test(silence_asks_when_it_is_longer_than_before),
	        cmocka_unit_test(a_version_that_went_back_asks),
	        cmocka_unit_test(three_on_one_computer_are_one_question),
	        cmocka_unit_test(versions_are_found_whole),
	        cmocka_unit_test(hours_may_cross_midnight),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
