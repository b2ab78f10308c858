#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "base/timestamp.h"
#include "sample.h"

/* 2026-11-21 12:30 UTC, 23:30 in Sydney: half an hour before midnight. */
#define START_NS (INT64_C(1795264200) * NS_PER_SECOND)

static const char *const register_files[REGISTRY_FILES] = {
        [REGISTRY_PRACTICE] = "key,value\n"
                              "practice_name,\"Example Practice, Nullawarra\"\n"
                              "state,NSW\n"
                              "privacy_officer,Practice manager\n"
                              "internal_nets,192.0.2.0/24\n"
                              "capture_authorised_by,Practice principal\n"
                              "capture_authorised_on,2026-11-02\n"
                              "timezone,Australia/Sydney\n",
        [REGISTRY_PROGRAMS] =
                "program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,"
                "update_owner\n"
                "bookaroo,Bookaroo,Bookaroo Health Pty Ltd,booking,approved,reception lead,"
                "sni:*.bookaroo.example,yes,vendor-auto\n",
        [REGISTRY_DESTINATIONS] =
                "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries\n"
                "bookaroo-sync,bookaroo,Bookaroo Health Pty Ltd,AU,processor,"
                "dns:sync.bookaroo.example,AU\n",
        [REGISTRY_CONTRACTS] =
                "contract_id,recipient,program_ids,type,start,end,review_by,categories,purposes,"
                "countries,deid_promised,doc_ref\n"
                "c-02,Bookaroo Health Pty Ltd,bookaroo,agreement,2024-04-01,2027-03-31,2027-03-01,"
                "contact|appointment,care-admin,AU,no,Contracts/Bookaroo.pdf\n",
        [REGISTRY_BASIS] = "basis_id,program_id,recipient,purpose,categories,basis,overseas_basis,"
                           "evidence_ref,from,to,approved_by\n"
                           "b-02,bookaroo,Bookaroo Health Pty Ltd,care-admin,contact|appointment,"
                           "directly-related-expected,none-needed,Privacy policy v7 s3,2024-04-01,,"
                           "privacy officer\n",
};

void sample_add_flag(struct verdict *v, enum flag_id id, enum severity severity,
        enum flag_scope scope, const char *sentence)
{
	struct flag *f = &v->flags[v->flag_count++];

	*f = (struct flag){.id = id, .severity = severity, .scope = scope, .rule = "APP 6"};
	snprintf(f->sentence, sizeof(f->sentence), "%s", sentence);
	snprintf(f->register_says, sizeof(f->register_says), "contracts.csv:2 c-02");
	snprintf(f->would_clear, sizeof(f->would_clear), "An agreement that covers it.");
	if (severity > v->severity)
		v->severity = severity;
}

static struct store_flow plain_flow(uint64_t id, const char *host, uint8_t last_byte)
{
	struct store_flow f = {.id = id,
	        .tuple = {.src = {{4, {192, 0, 2, 10}}, 50000},
	                .dst = {{4, {198, 51, 100, last_byte}}, 443},
	                .protocol = 6},
	        .community_id = "1:abc",
	        .direction = FLOW_OUTGOING,
	        .computer = {4, {192, 0, 2, 10}},
	        .first_ns = START_NS,
	        .last_ns = START_NS + 2 * NS_PER_SECOND,
	        .counts = {{.packets = 6, .payload_bytes = 1500},
	                {.packets = 5, .payload_bytes = 40000}},
	        .end = FLOW_FIN,
	        .country = "AU",
	        .country_confidence = "database",
	        .organisation = "Example Hosting",
	        .asn = 64500,
	        .app = "TLS",
	        .protocol = "tls",
	        .not_inspected_reason = "encrypted",
	        .not_inspected_bytes = 41500,
	        .tls_version = "1.3",
	        .tier = TIER_OPAQUE};

	f.name_count = *host ? 1 : 0;
	snprintf(f.names[0].name, sizeof(f.names[0].name), "%s", host);
	snprintf(f.names[0].source, sizeof(f.names[0].source), "sni");
	return f;
}

/* Patients seen in clear, to a registered destination. */
static void make_seen(struct sample *s)
{
	struct store_flow *f = &s->flows[0];
	struct verdict *v = &s->verdicts[0];

	*f = plain_flow(0x1111, "sync.bookaroo.example", 22);
	f->tuple.dst.port = 80;
	snprintf(f->computer_name, sizeof(f->computer_name), "reception1");
	snprintf(f->computer_name_source, sizeof(f->computer_name_source), "dhcp");
	snprintf(f->names[0].source, sizeof(f->names[0].source), "http-host");
	snprintf(f->protocol, sizeof(f->protocol), "http");
	f->tls_version[0] = f->not_inspected_reason[0] = '\0';
	f->not_inspected_bytes = 0;
	f->inspected = f->clear = true;
	f->tier = TIER_HIGH;
	f->distinct_patients = 2;
	*v = (struct verdict){
	        .evidence = EVIDENCE_SEEN, .paper = PAPER_GAP, .outcome = OUTCOME_ACT};
	sample_add_flag(v, FLAG_UNENCRYPTED, SEVERITY_URGENT, SCOPE_FLOW,
	        "Information left the practice in a form anyone on the way could read.");
	sample_add_flag(v, FLAG_CATEGORY_NOT_COVERED, SEVERITY_HIGH, SCOPE_DESTINATION,
	        "We saw identifiers; the agreement with Bookaroo Health Pty Ltd covers only "
	        "contact, appointment.");
	for (int i = 0; i < 2; i++)
		s->findings[i] = (struct store_finding){.flow = f->id,
		        .outward = i == 0,
		        .first_ns = START_NS,
		        .last_ns = START_NS,
		        .finding = {.kind = "ihi",
		                .category = CATEGORY_IDENTIFIERS,
		                .tier = TIER_HIGH,
		                .count = 5,
		                .place = "HTTP body > entry > identifier",
		                .mask = "•••• •••• •••• ••••"}};
}

static void make_verdict(struct verdict *v, enum outcome outcome, enum paper paper)
{
	*v = (struct verdict){.evidence = EVIDENCE_NOT_INSPECTABLE,
	        .paper = paper,
	        .outcome = outcome,
	        .destination = -1,
	        .contract = -1,
	        .basis = -1};
	sample_add_flag(v, FLAG_NOT_INSPECTABLE, SEVERITY_INFO, SCOPE_FLOW,
	        "This connection is encrypted; we can see that it happened, not what it "
	        "contained.");
}

/* The same registered program, over midnight. */
static void make_long(struct sample *s)
{
	s->flows[1] = plain_flow(0x2222, "sync.bookaroo.example", 22);
	s->flows[1].last_ns = START_NS + NS_PER_HOUR;
	make_verdict(&s->verdicts[1], OUTCOME_CANNOT_TELL, PAPER_COVERED);
	s->verdicts[1].destination = s->verdicts[1].contract = s->verdicts[1].basis = 0;
	s->verdicts[1].declared = 1u << CATEGORY_CONTACT | 1u << CATEGORY_APPOINTMENT;
	for (uint32_t i = 0; i < 2; i++)
		s->records[i] = (struct store_record){.flow = 0x2222,
		        .hour_ns = time_hour(START_NS) + i * NS_PER_HOUR,
		        .bytes_out = i ? 500 : 1000,
		        .bytes_in = i ? 30000 : 10000,
		        .sequence = i,
		        .last = i == 1};
}

static void make_unknown(struct sample *s)
{
	s->flows[2] = plain_flow(0x3333, "drop.freesync.example", 77);
	snprintf(s->flows[2].country, sizeof(s->flows[2].country), "FR");
	snprintf(
	        s->flows[2].country_confidence, sizeof(s->flows[2].country_confidence), "unproven");
	make_verdict(&s->verdicts[2], OUTCOME_LOOK, PAPER_ABSENT);
	sample_add_flag(&s->verdicts[2], FLAG_UNKNOWN_PROGRAM, SEVERITY_MEDIUM, SCOPE_FLOW,
	        "A computer sent information out and we could not tell which program did it.");
	sample_add_flag(&s->verdicts[2], FLAG_UNKNOWN_DESTINATION, SEVERITY_MEDIUM, SCOPE_FLOW,
	        "freesync.exe contacted an organisation that is not in your register.");
}

static void make_quiet_ones(struct sample *s)
{
	s->flows[3] = plain_flow(0x4444, "", 13);
	s->flows[3].direction = FLOW_INTERNAL;
	s->flows[3].out_index = -1;
	s->flows[3].tuple.protocol = 17;
	s->flows[4] = plain_flow(0x5555, "", 99);
	s->flows[4].counts[0].payload_bytes = 0;
	s->flows[4].country[0] = '\0';
	snprintf(s->flows[4].protocol, sizeof(s->flows[4].protocol), "none");
	make_verdict(&s->verdicts[4], OUTCOME_NONE, PAPER_NONE);
	s->verdicts[4].evidence = EVIDENCE_NONE;
	s->verdicts[4].flag_count = 0;
	s->verdicts[4].severity = SEVERITY_NONE;
}

static void fill_store(struct sample *s)
{
	struct store_input input = {.format = "pcapng",
	        .kind = "file",
	        .frames = 90,
	        .bytes = 12345,
	        .first_ns = START_NS,
	        .last_ns = START_NS + 30 * NS_PER_HOUR,
	        .end = "end"};
	struct store_loss loss = {"packets not IP", 4, STORE_HOUR_UNKNOWN};
	uint32_t index;

	memset(input.sha256, 'a', sizeof(input.sha256) - 1);
	assert_int_equal(store_open(&s->store, NULL, false), STATUS_OK);
	assert_int_equal(store_begin(s->store), STATUS_OK);
	assert_int_equal(store_input_begin(s->store, &index), STATUS_OK);
	assert_int_equal(store_input_set(s->store, index, &input), STATUS_OK);
	assert_int_equal(store_add_loss(s->store, index, &loss), STATUS_OK);
	for (int i = 0; i < SAMPLE_FLOWS; i++) {
		s->flows[i].input = index;
		assert_int_equal(store_add_flow(s->store, &s->flows[i]), STATUS_OK);
	}
	assert_int_equal(store_add_tag(s->store, 0x1111, 71), STATUS_OK);
	assert_int_equal(store_add_tag(s->store, 0x1111, 72), STATUS_OK);
	assert_int_equal(store_commit(s->store), STATUS_OK);
}

static void load_register(struct sample *s)
{
	struct span files[REGISTRY_FILES] = {{0}};
	bool present[REGISTRY_FILES] = {false};
	char problem[REGISTRY_PROBLEM_CHARS];

	for (int i = 0; i < REGISTRY_FILES; i++) {
		present[i] = register_files[i] != NULL;
		if (present[i])
			files[i] = span_of_text(register_files[i]);
	}
	if (registry_load(&s->registry, files, present) == STATUS_OK)
		return;
	registry_problem_format(registry_problem(s->registry, 0), problem);
	fail_msg("%s", problem);
}

static void fill_run(struct sample *s)
{
	s->run_verdict = (struct verdict){.destination = -1};
	sample_add_flag(&s->run_verdict, FLAG_CAPTURE_GAP, SEVERITY_INFO, SCOPE_RUN,
	        "The recording was incomplete; 0.5% of traffic was not seen.");
	s->run = (struct report_run){.version = "0.1.0",
	        .practice = "Example Practice, Nullawarra",
	        .timezone = "Australia/Sydney",
	        .day = "",
	        .register_sha256 = "beef",
	        .rules_version = "0123456789ab",
	        .geo_built = "2026-11-01",
	        .protocol_engine = "none",
	        .sandbox = "none: test",
	        .authorised_by = "Practice principal, 2026-11-02",
	        .inside = "192.0.2.0/24",
	        .mirror_warning = "",
	        .captured_seconds = 26.4,
	        .loss_percent = 0.5,
	        .run_verdict = &s->run_verdict};
}

void sample_open(struct sample *s)
{
	static const char *const programs[SAMPLE_FLOWS][3] = {{"bookaroo", "Bookaroo", "booking"},
	        {"bookaroo", "Bookaroo", "booking"},
	        {"unregistered:freesync.exe", "freesync.exe", ""}, {"", "", ""}, {"", "", ""}};

	memset(s, 0, sizeof(*s));
	assert_true(time_set_zone("Australia/Sydney"));
	make_seen(s);
	make_long(s);
	make_unknown(s);
	make_quiet_ones(s);
	fill_store(s);
	load_register(s);
	fill_run(s);
	for (int i = 0; i < SAMPLE_FLOWS; i++)
		s->report_flows[i] = (struct report_flow){.flow = &s->flows[i],
		        .program_id = programs[i][0],
		        .program_name = programs[i][1],
		        .program_kind = programs[i][2],
		        .program_method = i < 3 ? "capture" : "none",
		        .program_confidence = i < 3 ? "exact" : "none",
		        .program_candidates = programs[i][0],
		        .carrier_process = i < 2 ? "chrome.exe" : "",
		        .unattributed_reason = i < 3 ? "" : "no-log-for-computer",
		        .verdict = i == 3 ? NULL : &s->verdicts[i]};
	s->report_flows[0].findings = s->findings;
	s->report_flows[0].finding_count = 2;
	s->report_flows[1].records = s->records;
	s->report_flows[1].record_count = 2;
}

void sample_close(struct sample *s)
{
	s->store = store_free(s->store);
	s->registry = registry_free(s->registry);
}

struct report *sample_report(struct sample *s, int dir_fd)
{
	struct report *r = NULL;

	assert_int_equal(report_new(&r, s->store, s->registry, &s->run, dir_fd), STATUS_OK);
	for (int i = 0; i < SAMPLE_FLOWS; i++)
		assert_int_equal(report_add_flow(r, &s->report_flows[i]), STATUS_OK);
	return r;
}

int sample_folder(char ret[static 64])
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(ret, 64, "%.40s/exeat-report-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(ret));
	fd = open(ret, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void remove_content(int fd)
{
	DIR *folder = fdopendir(dup(fd));
	struct dirent *entry;

	assert_non_null(folder);
	rewinddir(folder);
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		        unlinkat(fd, entry->d_name, 0) != 0)
			unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	closedir(folder);
}

void sample_remove_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int draft = openat(fd, "draft", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (draft >= 0) {
		remove_content(draft);
		close(draft);
	}
	remove_content(fd);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

char *sample_read(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0, capacity = 1 << 20;
	char *text;
	ssize_t got;

	if (fd < 0)
		return NULL;
	text = malloc(capacity);
	assert_non_null(text);
	while ((got = read(fd, text + len, capacity - len - 1)) > 0)
		len += (size_t)got;
	assert_int_equal(got, 0);
	text[len] = '\0';
	close(fd);
	return text;
}
