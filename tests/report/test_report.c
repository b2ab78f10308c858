/* A whole run: exact bytes, equal on a second run, hostile texts, bounds. */
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
#include "base/timestamp.h"
#include "report/sentences.h"
#include "sample.h"

#define SUMMARY_HEADER                                                                             \
	"schema,date,timezone,site,program_id,program_name,kind,attribution,dest_id,recipient,"    \
	"dest_host,dest_ip_prefix,first_hop_country,country_confidence,first_hop_org,protocol,"    \
	"tls_version,computers,flows,bytes_out,bytes_in,first_seen,last_seen,evidence,"            \
	"data_categories,paper,contract_id,contract_end,basis_id,verdict,top_flag,all_flags,"      \
	"max_severity,distinct_patients_est,new_today,captured_seconds,capture_loss_pct,"          \
	"host_log_coverage_pct,register_sha256,rules_version\r\n"
#define FLAGS_HEADER                                                                               \
	"schema,id,flag,scope,severity,sentence,first_seen,last_seen,times,computer,program_id,"   \
	"program_name,program_confidence,dest_id,recipient,country,categories,masks,"              \
	"register_says,rule,would_clear,status,decided_by,decided_on\r\n"
#define SITE "Australia/Sydney,\"Example Practice, Nullawarra\","
/* The recording goes on for 30 hours: half an hour of the first local day, the second whole. */
#define END   ",0.00,,beef,0123456789ab\r\n"
#define TAIL  ",1800" END
#define WHOLE ",86400" END
#define LAST  ",19800" END
#define START "2026-11-21T12:30:00.000000Z"
#define SHORT START ",2026-11-21T12:30:02.000000Z,"

static const char summary[] = SUMMARY_HEADER
        "1,2026-11-21," SITE ",,,none,,,,198.51.100.0/24,,database,Example Hosting,TLS,1.3,1,1,0,"
        "40000," SHORT "none,,,,,,,,,,0,yes" TAIL "1,2026-11-21," SITE
        "bookaroo,Bookaroo,booking,capture,bookaroo-sync,"
        "Bookaroo Health Pty Ltd,sync.bookaroo.example,198.51.100.0/24,AU,database,"
        "Example Hosting,http|tls,1.3,1,2,2500,50000," START ",2026-11-21T13:00:00.000000Z,seen,"
        "identifiers|declared:contact|declared:appointment,gap,c-02,2027-03-31,b-02,act,"
        "unencrypted,unencrypted|category-not-covered|not-inspectable,urgent,2,yes" TAIL
        "1,2026-11-21," SITE "unregistered:freesync.exe,freesync.exe,,capture,,,"
        "drop.freesync.example,198.51.100.0/24,FR,unproven,Example "
        "Hosting,tls,1.3,1,1,1500,40000," SHORT "not-inspectable,,absent,,,,look,unknown-program,"
        "unknown-program|unknown-destination|not-inspectable,medium,0,yes" TAIL "1,2026-11-22," SITE
        "bookaroo,Bookaroo,booking,capture,bookaroo-sync,"
        "Bookaroo Health Pty Ltd,sync.bookaroo.example,198.51.100.0/24,AU,database,"
        "Example Hosting,tls,1.3,1,1,500,30000,2026-11-21T13:00:00.000000Z,"
        "2026-11-21T13:30:00.000000Z,not-inspectable,declared:contact|declared:appointment,"
        "covered,c-02,2027-03-31,b-02,cannot-tell,not-inspectable,not-inspectable,info,0,no" WHOLE
        "1,2026-11-23," SITE ",,,,,,,,,,,,,0,0,0,0,,,none,,,,,,,,,,0," LAST;

static const char flags[] = FLAGS_HEADER
        "1,095d0f8029,unencrypted,flow,urgent,Information left the practice in a form anyone on "
        "the way could read.," SHORT "1,192.0.2.10,bookaroo,Bookaroo,exact,bookaroo-sync,"
        "Bookaroo Health Pty Ltd,AU,identifiers,•••• •••• •••• ••••,contracts.csv:2 c-02,APP 6,"
        "An agreement that covers it.,open,,\r\n"
        "1,65d91439c0,category-not-covered,destination,high,\"We saw identifiers; the agreement "
        "with Bookaroo Health Pty Ltd covers only contact, appointment.\"," SHORT
        "1,192.0.2.10,bookaroo,Bookaroo,exact,bookaroo-sync,Bookaroo Health Pty Ltd,AU,"
        "identifiers,•••• •••• •••• ••••,contracts.csv:2 c-02,APP 6,An agreement that covers it.,"
        "open,,\r\n"
        "1,6858f20439,unknown-program,flow,medium,A computer sent information out and we could not "
        "tell which program did it.," SHORT "1,192.0.2.10,unregistered:freesync.exe,freesync.exe,"
        "exact,,,FR,,,contracts.csv:2 c-02,APP 6,An agreement that covers it.,open,,\r\n"
        "1,e0d1508824,unknown-destination,flow,medium,freesync.exe contacted an organisation that "
        "is not in your register.," SHORT "1,192.0.2.10,unregistered:freesync.exe,freesync.exe,"
        "exact,,,FR,,,contracts.csv:2 c-02,APP 6,An agreement that covers it.,open,,\r\n"
        "1,1484488c7b,capture-gap,run,info,\"The recording was incomplete; 0.5% of traffic was "
        "not seen.\"," START ",2026-11-22T18:30:00.000000Z,1,,,,,,,,,,contracts.csv:2 c-02,APP 6,"
        "An agreement that covers it.,open,,\r\n"
        "1,0d9e3b772e,not-inspectable,flow,info,\"This connection is encrypted; we can see that it "
        "happened, not what it contained.\"," START ",2026-11-21T13:30:00.000000Z,1,192.0.2.10,"
        "bookaroo,Bookaroo,exact,bookaroo-sync,Bookaroo Health Pty Ltd,AU,,,contracts.csv:2 c-02,"
        "APP 6,An agreement that covers it.,open,,\r\n"
        "1,f9e79cce99,not-inspectable,flow,info,\"This connection is encrypted; we can see that it "
        "happened, not what it contained.\"," SHORT "1,192.0.2.10,unregistered:freesync.exe,"
        "freesync.exe,exact,,,FR,,,contracts.csv:2 c-02,APP 6,An agreement that covers it.,open,,"
        "\r\n";

static const char first_flow[] =
        "{\"id\":\"0000000000001111\",\"src\":\"192.0.2.10\",\"src_port\":50000,"
        "\"dst\":\"198.51.100.22\",\"dst_port\":80,\"proto\":\"tcp\",\"community_id\":\"1:abc\","
        "\"direction\":\"egress\",\"computer\":\"192.0.2.10\","
        "\"first\":\"2026-11-21T12:30:00.000000Z\",\"last\":\"2026-11-21T12:30:02.000000Z\","
        "\"bytes_out\":1500,\"bytes_in\":40000,\"packets_out\":6,\"packets_in\":5,\"gap_bytes\":0,"
        "\"end\":\"fin\",\"program\":\"bookaroo\",\"program_name\":\"Bookaroo\","
        "\"program_method\":\"capture\",\"program_confidence\":\"exact\","
        "\"program_candidates\":[\"bookaroo\"],\"carrier_process\":\"chrome.exe\","
        "\"host\":\"sync.bookaroo.example\",\"host_source\":\"http-host\","
        "\"names\":[{\"name\":\"sync.bookaroo.example\",\"source\":\"http-host\",\"age_s\":0}],"
        "\"country\":\"AU\",\"country_confidence\":\"database\",\"org\":\"Example Hosting\","
        "\"asn\":64500,\"anycast\":false,\"service\":\"\",\"service_kind\":\"\","
        "\"app\":\"TLS\","
        "\"app_confidence\":\"\",\"app_category\":\"\",\"app_risks\":\"\","
        "\"tls_version\":\"\",\"cipher\":\"\",\"ja4\":\"\",\"inspected\":true,"
        "\"not_inspected_reason\":\"\",\"not_inspected_bytes\":0,\"evidence\":\"seen\","
        "\"tier\":\"high\",\"categories\":[\"identifiers\"],\"distinct_patients\":2,"
        "\"findings\":[{\"kind\":\"ihi\",\"category\":\"identifiers\",\"tier\":\"high\",\"count\":"
        "5,"
        "\"place\":\"HTTP body > entry > identifier\",\"mask\":\"•••• •••• •••• ••••\","
        "\"outward\":true},{\"kind\":\"ihi\",\"category\":\"identifiers\",\"tier\":\"high\","
        "\"count\":5,\"place\":\"HTTP body > entry > identifier\","
        "\"mask\":\"•••• •••• •••• ••••\",\"outward\":false}],\"verdict\":\"act\","
        "\"paper\":\"gap\",\"flags\":[\"unencrypted\",\"category-not-covered\"],"
        "\"severity\":\"urgent\",\"categories_declared\":[],"
        "\"distinct_patients_at_least\":false,\"unattributed_reason\":\"\",\"ja3\":\"\","
        "\"cert_names\":\"\",\"cert_names_left_out\":0,\"cert_issuer\":\"\","
        "\"cert_not_before\":\"\",\"cert_not_after\":\"\",\"cert_self_signed\":false,"
        "\"related_to\":\"\",\"computer_name\":\"reception1\","
        "\"computer_name_source\":\"dhcp\"}\n";

static const char draft_programs[] =
        "program_id,name,vendor,kind,status,owner,hosts_installed,match_rules,reads_clinical_db,"
        "via_program,writes_back,version_seen,min_supported,eos_date,update_owner,update_hosts,"
        "cadence_days,versions_known,support_url,update_method,maintenance_window,test_before,"
        "depends_on,last_update_recorded,certificate_expiry,due_diligence_date,"
        "privacy_policy_url,optout_method,support_window,rollback,max_mb_day,hours,"
        "adha_conformant,tga_device\r\n"
        "freesync-exe,freesync.exe,,other,,,192.0.2.10,proc:freesync.exe,unknown,,,,,,unknown,,,,,"
        ",,,,,,,,,,,,,,\r\n";

static const char draft_destinations[] =
        "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries,"
        "storage_country,storage_state,overseas_access,subprocessors,onward_allowed,min_tls,"
        "source,checked_on\r\n"
        "drop-freesync-example,freesync-exe,,,,sni:drop.freesync.example,,,,unknown,,unknown,,"
        "\"seen by exeat on 2026-11-21; network of Example Hosting\",\r\n";

static const char terminal[] =
        "Recorded 26 seconds in 1 recording: 90 packets, 0.50% not seen.\n"
        "Inside: 192.0.2.0/24.\n"
        "Authorised by Practice principal, 2026-11-02.\n"
        "info: The recording was incomplete; 0.5% of traffic was not seen. (capture-gap)\n"
        "\n"
        "Severity  Program     Recipient       Country    What was      Paper     Verdict\n"
        "                                                 seen\n"
        "urgent    Bookaroo    Bookaroo        Australia  patient       covered   act\n"
        "                      Health Pty Ltd             identifiers   in part   today\n"
        "                      (sync.\n"
        "                      bookaroo.\n"
        "                      example)\n"
        "          unencrypted, category-not-covered, not-inspectable\n"
        "medium    freesync.   drop.freesync.  France?    could not     none      look at\n"
        "          exe         example                    look inside   recorded  it\n"
        "          unknown-program, unknown-destination, not-inspectable\n"
        "\n"
        "3 conversations sent something out: act on 1, look at 1, cannot tell for 1,\n"
        "  covered 0. 1 only received. 1 stayed inside.\n"
        "What could not be seen: 3 conversations encrypted on the way (124 kB); mobile\n"
        "  data, other sites, and what recipients pass on.\n";

static void expect_file(int fd, const char *name, const char *expected)
{
	char *text = sample_read(fd, name);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void write_all(struct sample *s, int fd)
{
	struct report *r = sample_report(s, fd);

	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
}

static void a_run_prints_exactly_this(void **state)
{
	char path[64];
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	for (int i = 0; i < 2; i++) {
		char *flows;

		write_all(&s, fd); /* the second run has the first one in its store */
		expect_file(fd, "summary.csv", summary);
		expect_file(fd, "flags.csv", flags);
		expect_file(fd, "draft/programs.csv", draft_programs);
		expect_file(fd, "draft/destinations.csv", draft_destinations);
		flows = sample_read(fd, "flows.jsonl");
		assert_non_null(flows);
		assert_memory_equal(flows, first_flow, strlen(first_flow));
		free(flows);
	}
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

static char *terminal_text(struct sample *s, unsigned width, bool colour)
{
	struct report *r = sample_report(s, -1);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(report_write_text(r, out, width, colour), STATUS_OK);
	fclose(out);
	report_free(r);
	return text;
}

static void the_terminal_table_fits(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	text = terminal_text(&s, 80, false);
	assert_string_equal(text, terminal);
	free(text);
	for (unsigned width = 40; width < 200; width += 7) {
		unsigned fits = width < REPORT_TEXT_COLUMNS_MIN ? REPORT_TEXT_COLUMNS_MIN : width;
		char *rest;

		text = terminal_text(&s, width, false);
		assert_null(strchr(text, '\033'));
		for (char *line = strtok_r(text, "\n", &rest); line;
		        line = strtok_r(NULL, "\n", &rest))
			assert_true(strlen(line) <= fits);
		free(text);
	}
	text = terminal_text(&s, 80, true);
	assert_non_null(strstr(text, "\033[1;31murgent"));
	free(text);
	sample_close(&s);
}

static void only_a_later_date_is_not_new(void **state)
{
	char path[64], *text;
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	assert_int_equal(store_note_day(s.store, "bookaroo", "bookaroo-sync",
	                         &(struct store_day){.date = "2026-11-21"}),
	        STATUS_OK);
	write_all(&s, fd);
	text = sample_read(fd, "summary.csv");
	assert_non_null(strstr(text, ",urgent,2,yes,"));
	free(text);
	assert_int_equal(store_note_day(s.store, "bookaroo", "bookaroo-sync",
	                         &(struct store_day){.date = "2026-11-20"}),
	        STATUS_OK);
	write_all(&s, fd);
	text = sample_read(fd, "summary.csv");
	assert_non_null(strstr(text, ",urgent,2,no,"));
	free(text);
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

static char *day_text(struct sample *s, const char *date)
{
	struct report *r = sample_report(s, -1);
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(report_write_summary(r, out, date), STATUS_OK);
	fclose(out);
	report_free(r);
	return text;
}

static void a_day_always_has_a_row(void **state)
{
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	text = day_text(&s, "2026-11-22");
	assert_non_null(strstr(text, "\r\n1,2026-11-22,"));
	assert_null(strstr(text, "2026-11-21,A"));
	free(text);
	text = day_text(&s, "2026-11-23");
	assert_string_equal(text,
	        SUMMARY_HEADER "1,2026-11-23," SITE ",,,,,,,,,,,,,0,0,0,0,,,none,,,,,,,,,,0," LAST);
	free(text);
	text = day_text(&s, "2026-11-24");
	assert_string_equal(text, SUMMARY_HEADER
	        "1,2026-11-24," SITE ",,,,,,,,,,,,,0,0,0,0,,,none,,,,,,cannot-tell,not-captured,"
	        "not-captured,medium,0,,0,,,beef,0123456789ab\r\n");
	free(text);
	s.run.day = "2026-11-24";
	text = day_text(&s, "");
	assert_non_null(strstr(text, ",not-captured,"));
	assert_null(strstr(text, "2026-11-21"));
	free(text);
	sample_close(&s);
}

/* The store cannot note the dates: the files of before stay, and the store is as free as it was. */
static void files_stay_when_dates_cannot_be_noted(void **state)
{
	char path[64], *text;
	int fd = sample_folder(path);
	struct report *r;
	struct sample s;
	bool seen = true;

	(void)state;
	sample_open(&s);
	assert_int_equal(store_begin(s.store), STATUS_OK); /* of somebody else: there is one only */
	r = sample_report(&s, fd);
	assert_true(report_write_dir(r) < 0);
	report_free(r);
	assert_null(sample_read(fd, "summary.csv"));
	assert_null(sample_read(fd, ".summary.csv.tmp"));
	store_abandon(s.store);
	assert_int_equal(
	        store_seen_before(s.store, "bookaroo", "bookaroo-sync", "2027-01-01", &seen), 0);
	assert_false(seen);
	r = sample_report(&s, fd);
	assert_int_equal(report_write_dir(r), STATUS_OK);
	report_free(r);
	text = sample_read(fd, "summary.csv");
	assert_non_null(text);
	free(text);
	assert_int_equal(
	        store_seen_before(s.store, "bookaroo", "bookaroo-sync", "2027-01-01", &seen), 0);
	assert_true(seen);
	close(fd);
	sample_remove_folder(path);
	sample_close(&s);
}

static void hostile_texts_stay_texts(void **state)
{
	char path[64], *text;
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	snprintf(s.flows[2].names[0].name, sizeof(s.flows[2].names[0].name),
	        "=cmd|~ /C calc'!A0\",<script>alert(1)</script>\n\x1b[31m");
	s.report_flows[2].program_id = "unregistered:=1+1";
	s.report_flows[2].program_name = "@SUM(1)\r\n<b>";
	write_all(&s, fd);
	text = sample_read(fd, "summary.csv");
	assert_non_null(strstr(text, ",\"'@SUM(1)\r\n<b>\","));
	assert_non_null(strstr(text, ",\"'=cmd"));
	assert_null(strstr(text, ",=cmd"));
	free(text);
	text = sample_read(fd, "draft/programs.csv");
	assert_non_null(strstr(text, "\r\n1-1,\"'=1+1\","));
	free(text);
	text = sample_read(fd, "draft/destinations.csv");
	assert_non_null(strstr(text, "\r\ncmd-c-calc-a0-script-alert-1,1-1,"));
	free(text);
	text = sample_read(fd, "flows.jsonl");
	assert_non_null(strstr(text, "calc'!A0\\\",<script>alert(1)</script>\\n\\u001b[31m\""));
	assert_null(strchr(text, '\033'));
	free(text);
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

static void without_a_register_everything_is_drafted(void **state)
{
	char path[64], *text;
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	s.registry = registry_free(s.registry);
	for (int i = 0; i < 2; i++) {
		s.report_flows[i].program_id = "";
		s.report_flows[i].program_name = "";
		s.verdicts[i].destination = s.verdicts[i].contract = s.verdicts[i].basis = -1;
	}
	s.flows[1].name_count = 0;
	write_all(&s, fd);
	text = sample_read(fd, "draft/destinations.csv");
	assert_non_null(strstr(text, "\r\n198-51-100-0-24,198-51-100-0-24,,,,ip:198.51.100.0/24,"));
	assert_non_null(strstr(text,
	        "\r\nsync-bookaroo-example,sync-bookaroo-example,,,,dns:sync.bookaroo.example,"));
	free(text);
	text = sample_read(fd, "draft/programs.csv");
	assert_non_null(strstr(text, "\r\nsync-bookaroo-example,program that contacts "
	                             "sync.bookaroo.example,,other,,,192.0.2.10,"
	                             "dns:sync.bookaroo.example,unknown,"));
	free(text);
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

/* More rows than a report holds: the rest is added up, nothing is lost from the totals. */
static void rows_past_the_maximum_are_folded(void **state)
{
	const char *last;
	struct report *r = NULL;
	struct sample s;
	char *text;

	(void)state;
	sample_open(&s);
	assert_int_equal(report_new(&r, s.store, s.registry, &s.run, -1), STATUS_OK);
	for (int i = 0; i < REPORT_ROWS_MAX + 10; i++) {
		snprintf(s.flows[2].names[0].name, sizeof(s.flows[2].names[0].name), "h%d.example",
		        i);
		assert_int_equal(report_add_flow(r, &s.report_flows[2]), STATUS_OK);
	}
	text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(report_write_summary(r, out, ""), STATUS_OK);
	fclose(out);
	last = strstr(text, ",(other),");
	assert_non_null(last);
	assert_non_null(strstr(last, ",1,411,616500,16440000,"));
	free(text);
	report_free(r);
	sample_close(&s);
}

static void the_worst_severity_decides_the_exit_code(void **state)
{
	struct sample s;
	struct report *r = NULL;

	(void)state;
	sample_open(&s);
	r = sample_report(&s, -1);
	assert_int_equal(report_worst(r), SEVERITY_URGENT);
	assert_int_equal(report_write_dir(r), STATUS_BUG); /* it has no folder */
	report_free(r);
	assert_int_equal(report_new(&r, s.store, NULL, &s.run, -1), STATUS_OK);
	assert_int_equal(report_worst(r), SEVERITY_INFO);
	s.run.run_verdict = NULL;
	assert_int_equal(report_worst(r), SEVERITY_NONE);
	report_free(r);
	sample_close(&s);
}

/* No percentage was measured: that is not "0.00% not seen". */
static void an_unmeasured_loss_is_not_none(void **state)
{
	char sentence[SENTENCE_CHARS];
	struct report *r;
	struct sample s;

	(void)state;
	sample_open(&s);
	s.run.loss_percent = 0;
	r = sample_report(&s, -1);
	assert_int_equal(sentence_recorded(r, sentence), STATUS_OK);
	assert_non_null(strstr(sentence, ", an unknown part not seen"));
	s.run_verdict.flag_count = 0;
	assert_int_equal(sentence_recorded(r, sentence), STATUS_OK);
	assert_non_null(strstr(sentence, ", none known to be lost"));
	report_free(r);
	sample_close(&s);
}

/* A recording that took no time, as one of a single packet, recorded something all the same. */
static void a_short_recording_is_not_none(void **state)
{
	static const struct {
		double seconds;
		const char *said;
	} cases[] = {
	        {0, "Recorded less than a second in 1 recording"},
	        {0.99, "Recorded less than a second in"},
	        {1, "Recorded 1 second in"},
	        {1.6, "Recorded 2 seconds in"},
	};
	char sentence[SENTENCE_CHARS];
	struct report *r;
	struct sample s;

	(void)state;
	sample_open(&s);
	r = sample_report(&s, -1);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		s.run.captured_seconds = cases[i].seconds;
		assert_int_equal(sentence_recorded(r, sentence), STATUS_OK);
		assert_non_null(strstr(sentence, cases[i].said));
	}
	report_free(r);
	sample_close(&s);
}

static int add_flows(struct report *r, struct sample *s)
{
	int status = STATUS_OK;

	for (int i = 0; status == STATUS_OK && i < SAMPLE_FLOWS; i++)
		status = report_add_flow(r, &s->report_flows[i]);
	return status;
}

/* A flag that one register raises and the other does not, one that both do with another weight. */
static void changes_are_named_by_flag(void **state)
{
	struct report *before = NULL, *after = NULL;
	char path[64], *text, id[REPORT_FLAG_ID_CHARS];
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	s.verdicts[0].flag_count = 0;
	sample_add_flag(
	        &s.verdicts[0], FLAG_NO_BASIS, SEVERITY_MEDIUM, SCOPE_DESTINATION, "No reason.");
	sample_add_flag(&s.verdicts[0], FLAG_NO_CONTRACT, SEVERITY_MEDIUM, SCOPE_DESTINATION,
	        "No agreement.");
	assert_int_equal(report_new(&before, s.store, s.registry, &s.run, -1), STATUS_OK);
	assert_int_equal(add_flows(before, &s), STATUS_OK);
	s.verdicts[0].flag_count = 0;
	sample_add_flag(
	        &s.verdicts[0], FLAG_NO_BASIS, SEVERITY_HIGH, SCOPE_DESTINATION, "No reason.");
	sample_add_flag(&s.verdicts[0], FLAG_CONTRACT_ENDING, SEVERITY_LOW, SCOPE_DESTINATION,
	        "It ends soon.");
	assert_int_equal(report_new(&after, s.store, s.registry, &s.run, fd), STATUS_OK);
	assert_int_equal(add_flows(after, &s), STATUS_OK);
	assert_int_equal(report_flag_id(after, &s.report_flows[0], 0, id), STATUS_OK);
	assert_int_equal(report_compare(after, before, "the other"), STATUS_OK);
	assert_int_equal(report_compare(after, before, "the other"), STATUS_BUG);
	before = report_free(before);
	assert_int_equal(report_write_dir(after), STATUS_OK);
	text = sample_read(fd, "changes.csv");
	assert_non_null(strstr(text, "\r\n1,gone,"));
	assert_non_null(strstr(text, ",no-contract,destination,medium,,No agreement.,"));
	assert_non_null(strstr(text, ",contract-ending,destination,,low,It ends soon.,"));
	assert_non_null(strstr(text, ",no-basis,destination,medium,high,No reason.,"));
	assert_non_null(strstr(text, id));
	free(text);
	text = sample_read(fd, "flags.csv");
	assert_non_null(strstr(text, id));
	free(text);
	text = sample_read(fd, "report.html");
	assert_non_null(strstr(text, "Compared with the other: 1 flag gone, 1 new, 1 of another"));
	assert_non_null(strstr(text, "<td>high, was medium</td>"));
	free(text);
	after = report_free(after);
	/* A later report that compares nothing leaves no comparison behind. */
	write_all(&s, fd);
	assert_null(sample_read(fd, "changes.csv"));
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

/* Who accepted a flag, and since when, stands beside it, behind what nobody accepted. */
static void what_somebody_accepted_is_marked(void **state)
{
	static const struct registry_exception exception = {
	        .accepted_by = "Practice principal", .from_day = 20700, .until_day = 20800};
	struct report *report = NULL;
	char path[64], *text;
	int fd = sample_folder(path);
	struct sample s;

	(void)state;
	sample_open(&s);
	for (size_t i = 0; i < SAMPLE_FLOWS; i++)
		s.verdicts[i].flag_count = 0;
	s.run_verdict.flag_count = 0;
	s.run_verdict.severity = SEVERITY_NONE;
	sample_add_flag(&s.verdicts[0], FLAG_CONTRACT_ENDING, SEVERITY_LOW, SCOPE_DESTINATION,
	        "It ends soon.");
	sample_add_flag(&s.verdicts[0], FLAG_NO_CONTRACT, SEVERITY_HIGH, SCOPE_DESTINATION,
	        "No agreement.");
	s.verdicts[0].flags[1].accepted = &exception;
	for (size_t i = 0; i < SAMPLE_FLOWS; i++)
		s.verdicts[i].severity = i == 0 ? SEVERITY_LOW : SEVERITY_NONE;
	assert_int_equal(report_new(&report, s.store, s.registry, &s.run, fd), STATUS_OK);
	assert_int_equal(add_flows(report, &s), STATUS_OK);
	assert_int_equal(report_worst(report), SEVERITY_LOW); /* which is exit code 0 */
	assert_int_equal(report_write_dir(report), STATUS_OK);
	report_free(report);
	text = sample_read(fd, "flags.csv");
	assert_non_null(strstr(text, ",accepted,Practice principal,2026-09-04\r\n"));
	assert_non_null(strstr(text, ",open,,\r\n"));
	assert_true(strstr(text, ",contract-ending,") < strstr(text, ",no-contract,"));
	free(text);
	text = sample_read(fd, "report.html");
	assert_non_null(strstr(text, "Nothing that we saw asks for a decision."));
	assert_non_null(strstr(text, "<h2>Accepted for now</h2>"));
	assert_non_null(strstr(text, "<td>No agreement.</td><td>Practice principal</td>"
	                             "<td>2026-12-13</td>"));
	free(text);
	sample_close(&s);
	close(fd);
	sample_remove_folder(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_somebody_accepted_is_marked),
	        cmocka_unit_test(an_unmeasured_loss_is_not_none),
	        cmocka_unit_test(a_short_recording_is_not_none),
	        cmocka_unit_test(a_run_prints_exactly_this),
	        cmocka_unit_test(the_terminal_table_fits),
	        cmocka_unit_test(only_a_later_date_is_not_new),
	        cmocka_unit_test(a_day_always_has_a_row),
	        cmocka_unit_test(files_stay_when_dates_cannot_be_noted),
	        cmocka_unit_test(hostile_texts_stay_texts),
	        cmocka_unit_test(without_a_register_everything_is_drafted),
	        cmocka_unit_test(changes_are_named_by_flag),
	        cmocka_unit_test(rows_past_the_maximum_are_folded),
	        cmocka_unit_test(the_worst_severity_decides_the_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
