/* Questions that come of what the register records: each fires, and nearly fires. Every case is a
 * whole register, of which one cell is written otherwise. */
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
#include "registry/columns.h"
#include "verdict/verdict.h"

#define FILE_BYTES_MAX 65536
#define BIT(c)         (UINT32_C(1) << CATEGORY_##c)

static const char *const texts[REGISTRY_FILES] = {
        [REGISTRY_PRACTICE] = "key,value\n"
                              "practice_name,Nullawarra Family Practice\n"
                              "state,NSW\n"
                              "privacy_officer,Practice manager\n"
                              "internal_nets,192.168.20.0/24\n"
                              "policy_countries,AU|NZ\n"
                              "timezone,Australia/Sydney\n",
        [REGISTRY_PROGRAMS] =
                "program_id,name,vendor,kind,status,owner,match_rules,reads_clinical_db,"
                "update_owner,via_program,eos_date,support_window\n"
                "bookaroo,Bookaroo,Bookaroo Pty Ltd,booking,approved,reception,"
                "sni:*.bookaroo.example,yes,vendor-auto,,,\n"
                "magpie,Magpie Scribe,Magpie AI Pty Ltd,ai-scribe,trial,principal,"
                "sni:*.magpie.example,no,vendor-auto,,,\n"
                "hopdesk,HopDesk,HopDesk GmbH,remote,approved,IT,"
                "sni:*.hopdesk.example,no,vendor-auto,,,08:00-18:00\n"
                "tidepool,Tidepool Link,Tidepool Pty Ltd,other,approved,IT,"
                "sni:*.tidepool.example,yes,vendor-auto,none,,\n"
                "oldscript,OldScript,OldScript Pty Ltd,eprescribe,retired,principal,"
                "sni:*.oldscript.example,no,vendor-auto,,2026-06-30,\n",
        [REGISTRY_DESTINATIONS] =
                "dest_id,program_id,recipient,recipient_country,role,match,allowed_countries,"
                "storage_country,storage_state,overseas_access,subprocessors,min_tls\n"
                "booking-api,bookaroo,Bookaroo Pty Ltd,AU,processor,sni:api.bookaroo.example,*,"
                "AU,NSW,no,,1.2\n"
                "booking-update,bookaroo,Bookaroo Pty Ltd,AU,update-only,"
                "sni:update.bookaroo.example,*,US,VIC,yes,,1.2\n"
                "scribe-api,magpie,Magpie AI Pty Ltd,AU,processor,sni:api.magpie.example,AU,AU,,"
                "unknown,,1.3\n"
                "hop-relay,hopdesk,HopDesk GmbH,DE,processor,sni:r.hopdesk.example,DE,DE,,yes,,"
                "1.2\n"
                "tide-hub,tidepool,Tidepool Pty Ltd,AU,processor,sni:hub.tidepool.example,AU,AU,,"
                "no,,1.2\n"
                "old-px,oldscript,OldScript Pty Ltd,AU,independent,sni:px.oldscript.example,AU,"
                "AU,,no,,1.2\n",
        [REGISTRY_CONTRACTS] =
                "contract_id,recipient,program_ids,type,signed,start,end,review_by,categories,"
                "purposes,countries,deid_promised,training_use,doc_ref\n"
                "c-01,Bookaroo Pty Ltd,bookaroo,agreement,,2024-01-01,,2027-06-30,"
                "contact|appointment,care-admin|support,AU|NZ,no,,drawer 1\n"
                "c-02,Magpie AI Pty Ltd,magpie,click-through,,2025-01-01,,2027-06-30,"
                "audio|clinical,care,AU,no,prohibited,portal\n"
                "c-03,HopDesk GmbH,hopdesk,agreement,,2025-01-01,,2027-06-30,full-db,support,DE,"
                "no,,drawer 2\n"
                "c-04,Tidepool Pty Ltd,tidepool,agreement,,2025-01-01,,2027-06-30,full-db,care,"
                "none,no,,drawer 3\n",
        [REGISTRY_BASIS] =
                "basis_id,program_id,recipient,purpose,categories,basis,overseas_basis,"
                "evidence_ref,from,to,approved_by\n"
                "b-01,bookaroo,Bookaroo Pty Ltd,care-admin,contact|appointment,"
                "directly-related-expected,none-needed,Policy v7,2024-01-01,,officer\n"
                "b-02,magpie,Magpie AI Pty Ltd,care,audio|clinical,consent-per-visit,unknown,"
                "Consent script v2,2025-01-01,,officer\n"
                "b-03,hopdesk,HopDesk GmbH,support,full-db,practice-internal-use,"
                "reasonable-steps-contract,Policy v7,2025-01-01,,officer\n"
                "b-04,tidepool,Tidepool Pty Ltd,care,full-db,primary-purpose,none-needed,"
                "Policy v7,2025-01-01,,officer\n",
        [REGISTRY_EXCEPTIONS] = "flag,program_id,dest_id,reason,accepted_by,from,until\n",
};

/* What the register says otherwise in one case. */
struct edit {
	enum registry_file file;
	const char *from, *to;
};

static struct span edited(const char *text, const struct edit *e, char ret[static FILE_BYTES_MAX])
{
	const char *at = strstr(text, e->from);
	int len;

	assert_non_null(at);
	len = snprintf(ret, FILE_BYTES_MAX, "%.*s%s%s", (int)(at - text), text, e->to,
	        at + strlen(e->from));
	return span_of(ret, (size_t)len);
}

/* exceptions NULL: none. */
static struct registry *load_with(const struct edit *e, const char *exceptions)
{
	static char room[FILE_BYTES_MAX];
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES];
	struct registry *r = NULL;
	int status;

	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		files[i] = e->from && e->file == i ? edited(texts[i], e, room)
		                                   : span_of_text(texts[i]);
		present[i] = true;
	}
	if (exceptions)
		files[REGISTRY_EXCEPTIONS] = span_of_text(exceptions);
	status = registry_load(&r, files, present);
	for (size_t i = 0; status != STATUS_OK && i < registry_problem_count(r); i++) {
		char text[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), text);
		print_error("%s\n", text);
	}
	assert_int_equal(status, STATUS_OK);
	return r;
}

static struct registry *load(const struct edit *e)
{
	return load_with(e, NULL);
}

static struct span read_rules(const char *name, char ret[static FILE_BYTES_MAX])
{
	char path[1024];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/rules/%s", SOURCE, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(ret, 1, FILE_BYTES_MAX, file);
	fclose(file);
	assert_true(len < FILE_BYTES_MAX);
	return span_of(ret, len);
}

static struct flag_rules *load_rules(void)
{
	static char room[FILE_BYTES_MAX];
	struct csv_problem problem;
	struct flag_rules *rules = NULL;

	assert_int_equal(flag_rules_new(&rules, read_rules("flags.csv", room), &problem), 0);
	return rules;
}

static int64_t program_of(const struct registry *r, const char *id)
{
	for (size_t i = 0; i < registry_program_count(r); i++)
		if (strcmp(registry_program(r, i)->id, id) == 0)
			return (int64_t)i;
	return -1;
}

struct fact_case {
	enum flag_id id;
	enum severity severity; /* SEVERITY_NONE: does not fire */
	const char *program, *host;
	struct edit edit;
	struct verdict_subject flow; /* only what the case is about; day 0: 2026-10-05 */
	const char *register_says;   /* part */
	const char *sentence;        /* part */
};

#define BOOKING       .program = "bookaroo", .host = "api.bookaroo.example"
#define UPDATE        .program = "bookaroo", .host = "update.bookaroo.example"
#define SCRIBE        .program = "magpie", .host = "api.magpie.example"
#define REMOTE        .program = "hopdesk", .host = "r.hopdesk.example"
#define HUB           .program = "tidepool", .host = "hub.tidepool.example"
#define CLOSED        .program = "oldscript", .host = "px.oldscript.example"
#define OTHER         .program = "bookaroo", .host = "other.example"
#define SEEN          .tier = TIER_HIGH, .seen = BIT(CONTACT), .patient_seen = true
#define CELL(f, a, b) .edit = {REGISTRY_##f, a, b}

/* The booking firm's agreement ends with 2026; another one begins, covers and promises. */
#define FOLLOWED(start, categories, promise)                                                       \
	CELL(CONTRACTS,                                                                            \
	        "2024-01-01,,2027-06-30,contact|appointment,care-admin|support,AU|NZ,no,,drawer "  \
	        "1\n",                                                                             \
	        "2024-01-01,2026-12-31,,contact|appointment,care-admin|support,AU|NZ,no,,drawer "  \
	        "1\nc-05,Bookaroo Pty Ltd,bookaroo,agreement,," start ",,2027-06-30," categories   \
	        ",care-admin|support,AU|NZ," promise ",,drawer 1\n")

static const struct fact_case cases[] = {
        /* what the register says it is for, against what the agreement covers */
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_HIGH, BOOKING,
                CELL(BASIS, "Ltd,care-admin,", "Ltd,marketing,"),
                .register_says = "contracts.csv:2 (c-01) purposes care-admin, support; "
                                 "basis.csv:2 (b-01) is for marketing",
                .sentence = "Bookaroo appears to be used for marketing; the agreement covers "
                            "office work around care, help with the software."},
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_NONE, BOOKING,
                CELL(BASIS, "Ltd,care-admin,", "Ltd,support,")},
        /* without a basis, by what the program is */
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_HIGH, REMOTE, .flow = {.day = 19722},
                CELL(CONTRACTS, "2025-01-01,,2027-06-30,full-db,support",
                        "2023-01-01,,2027-06-30,full-db,backup"),
                .register_says = "programs.csv:4 (hopdesk) is for support"},
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_NONE, REMOTE, .flow = {.day = 19722},
                CELL(CONTRACTS, "2025-01-01,,2027-06-30,full-db,support",
                        "2023-01-01,,2027-06-30,full-db,backup|support")},
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_NONE, BOOKING},
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_NONE, UPDATE,
                CELL(BASIS, "Ltd,care-admin,", "Ltd,marketing,")},
        /* no agreement: no-contract asks */
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_NONE, BOOKING,
                CELL(CONTRACTS, "bookaroo,agreement", "bookaroo,none")},

        /* of several reasons, the one that is for it */
        {FLAG_PURPOSE_NOT_COVERED, SEVERITY_HIGH, BOOKING,
                CELL(BASIS, "b-02,magpie",
                        "b-05,bookaroo,Bookaroo Pty Ltd,marketing,contact,express-consent,"
                        "none-needed,Form 2,2024-01-01,,officer\nb-02,magpie"),
                .register_says = "basis.csv:3 (b-05) is for marketing"},

        /* an agreement that ends is asked about until another follows it without a gap, and for
         * all that it covers */
        {FLAG_CONTRACT_ENDING, SEVERITY_LOW, BOOKING,
                CELL(CONTRACTS, "2024-01-01,,2027-06-30", "2024-01-01,2026-12-31,2027-06-30"),
                .register_says = "contracts.csv:2 (c-01) ends 2026-12-31"},
        {FLAG_CONTRACT_ENDING, SEVERITY_NONE, BOOKING,
                CELL(CONTRACTS, "2024-01-01,,2027-06-30", "2024-01-01,2027-01-04,2027-06-30")},
        {FLAG_CONTRACT_ENDING, SEVERITY_NONE, BOOKING,
                FOLLOWED("2027-01-01", "contact|appointment", "no")},
        {FLAG_CONTRACT_ENDING, SEVERITY_LOW, BOOKING,
                FOLLOWED("2027-01-02", "contact|appointment", "no"),
                .register_says = "(c-01) ends 2026-12-31"},
        {FLAG_CONTRACT_ENDING, SEVERITY_LOW, BOOKING, FOLLOWED("2026-01-01", "contact", "no"),
                .register_says = "(c-01) ends 2026-12-31"},

        /* two agreements, of which one is for data that names nobody */
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_URGENT, BOOKING, .flow = {SEEN},
                CELL(CONTRACTS, "AU|NZ,no,,drawer 1", "AU|NZ,yes,,drawer 1"),
                .register_says = "contracts.csv:2 (c-01) promises"},
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_NONE, BOOKING, .flow = {SEEN},
                FOLLOWED("2026-01-01", "deidentified", "yes")},
        {FLAG_DEID_CLAIM_CONTRADICTED, SEVERITY_URGENT, BOOKING,
                .flow = {.tier = TIER_HIGH,
                        .seen = BIT(CONTACT) | BIT(IDENTIFIERS),
                        .patient_seen = true},
                FOLLOWED("2026-01-01", "deidentified", "yes"),
                .register_says = "contracts.csv:3 (c-05) promises"},
        {FLAG_NO_CONSENT_RECORD, SEVERITY_MEDIUM, SCRIBE, CELL(BASIS, "Consent script v2", "none"),
                .register_says = "basis.csv:3 (b-02) rests on consent",
                .sentence = "points to no form or notice"},
        {FLAG_NO_CONSENT_RECORD, SEVERITY_HIGH, SCRIBE, .flow = {SEEN},
                CELL(BASIS, "Consent script v2", "none")},
        {FLAG_NO_CONSENT_RECORD, SEVERITY_NONE, SCRIBE},
        /* not asked where the basis is not consent */
        {FLAG_NO_CONSENT_RECORD, SEVERITY_NONE, BOOKING,
                CELL(BASIS, "none-needed,Policy v7", "none-needed,none")},
        {FLAG_NO_CONSENT_RECORD, SEVERITY_MEDIUM, BOOKING,
                CELL(BASIS, "none-needed,Policy v7", "informed-consent-8.2b,none")},
        /* who may train on it needs a reason of its own */
        {FLAG_NO_BASIS, SEVERITY_MEDIUM, SCRIBE, CELL(CONTRACTS, "prohibited", "allowed"),
                .register_says = "contracts.csv:3 (c-02) training_use allowed"},
        {FLAG_NO_BASIS, SEVERITY_NONE, SCRIBE},
        {FLAG_NO_BASIS, SEVERITY_NONE, BOOKING, CELL(CONTRACTS, "no,,drawer 1", "no,allowed,x")},
        {FLAG_NOT_INSPECTABLE, SEVERITY_INFO, SCRIBE, .flow = {.tier = TIER_OPAQUE},
                CELL(CONTRACTS, "prohibited", "silent"),
                .register_says = "does not say whether the maker may train on this"},
        {FLAG_NOT_INSPECTABLE, SEVERITY_INFO, SCRIBE, .flow = {.tier = TIER_OPAQUE},
                .register_says = "destinations.csv:4 (scribe-api)"},
        {FLAG_NO_CONTRACT, SEVERITY_MEDIUM, SCRIBE,
                CELL(CONTRACTS, "magpie,click-through", "magpie,none"),
                .register_says = "so none on training_use"},

        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, BOOKING, .flow = {.country = "SG"},
                .register_says = "practice.csv: policy_countries AU, NZ",
                .sentence = "does not mention Singapore."},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_NONE, BOOKING, .flow = {.country = "NZ"}},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "US,,no"),
                .sentence = "does not mention the United States."},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_NONE, BOOKING,
                CELL(PRACTICE, "policy_countries,AU|NZ", "policy_countries,"),
                .flow = {.country = "SG"}},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, BOOKING,
                CELL(PRACTICE, "policy_countries,AU|NZ", "policy_countries,none"),
                .flow = {.country = "NZ"}, .register_says = "policy_countries none"},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_NONE, UPDATE, .flow = {.country = "SG"}},
        /* the recipient's own country, wherever the first computer stands */
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, REMOTE,
                .sentence = "mention Germany."},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, REMOTE, .flow = {.country = "SG"},
                .sentence = "mention Singapore, Germany."},
        /* an unknown recipient: only when something about patients was seen */
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_NONE, OTHER, .flow = {.country = "SG"}},
        {FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY, SEVERITY_MEDIUM, OTHER,
                .flow = {.country = "SG", SEEN}},

        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_HIGH, BOOKING, .flow = {.country = "SG"},
                .register_says = "contracts.csv:2 (c-01) countries AU, NZ",
                .sentence = "Your register allows Australia, New Zealand."},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE, BOOKING, .flow = {.country = "NZ"}},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE, BOOKING, CELL(CONTRACTS, "AU|NZ", "none"),
                .flow = {.country = "SG"}},
        {FLAG_COUNTRY_NOT_ALLOWED, SEVERITY_NONE, BOOKING, CELL(CONTRACTS, "AU|NZ", "NZ"),
                .flow = {.country = "AU"}},

        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_MEDIUM, REMOTE,
                CELL(BASIS, "reasonable-steps-contract", "none-needed"),
                .register_says = "recipient_country DE; basis.csv:4 (b-03) overseas_basis "
                                 "none-needed"},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE, REMOTE},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE, REMOTE,
                CELL(BASIS, "reasonable-steps-contract", "similar-law")},
        /* no country is prescribed until a row of the rules says so */
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_MEDIUM, REMOTE,
                CELL(BASIS, "reasonable-steps-contract", "prescribed-country"),
                .register_says = "which no regulation on record prescribes"},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_MEDIUM, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "AU,NSW,yes"),
                .register_says = "overseas_access yes"},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_MEDIUM, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "US,,no"), .register_says = "storage_country US"},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE, SCRIBE},
        {FLAG_OVERSEAS_BASIS_MISSING, SEVERITY_NONE, UPDATE},

        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_LOW, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "AU,VIC,no"),
                .register_says = "destinations.csv:2 (booking-api) storage_state VIC",
                .sentence = "Health information leaves NSW"},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_LOW, BOOKING,
                CELL(PRACTICE, "state,NSW", "state,VIC"),
                .sentence = "Health information leaves Victoria"},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_NONE, BOOKING},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_NONE, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "AU,New South Wales,no")},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_NONE, BOOKING,
                CELL(PRACTICE, "state,NSW", "state,QLD")},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_NONE, BOOKING,
                CELL(DESTINATIONS, "AU,NSW,no", "AU,,no")},
        {FLAG_STATE_TRANSFER_BASIS_MISSING, SEVERITY_NONE, UPDATE},

        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_INFO, HUB,
                CELL(PROGRAMS, "Tidepool Pty Ltd,other", "Tidepool Pty Ltd,broker"),
                .register_says = "tidepool kind broker"},
        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_INFO, HUB,
                CELL(DESTINATIONS, "Tidepool Pty Ltd,AU,processor", "Tidepool Pty Ltd,AU,broker"),
                .register_says = "destinations.csv:6 (tide-hub) role broker"},
        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_INFO, HUB,
                CELL(PROGRAMS, "*.bookaroo.example,yes,vendor-auto,,",
                        "*.bookaroo.example,yes,vendor-auto,tidepool,"),
                .register_says = "1 by via_program tidepool"},
        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_NONE, BOOKING,
                CELL(PROGRAMS, "*.bookaroo.example,yes,vendor-auto,,",
                        "*.bookaroo.example,yes,vendor-auto,tidepool,")},
        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_NONE, HUB},
        {FLAG_BROKER_MANY_RECIPIENTS, SEVERITY_NONE, HUB,
                CELL(DESTINATIONS,
                        "Tidepool Pty Ltd,AU,processor,sni:hub.tidepool.example,AU,AU,,"
                        "no,",
                        "Tidepool Pty Ltd,AU,broker,sni:hub.tidepool.example,AU,AU,,no,Eel Apps")},

        {FLAG_WEAK_ENCRYPTION, SEVERITY_MEDIUM, SCRIBE, .flow = {.tls_version = "TLS 1.2"},
                .register_says = "destinations.csv:4 (scribe-api) min_tls 1.3; TLS 1.2 was used",
                .sentence = "weaker than your register asks for"},
        {FLAG_WEAK_ENCRYPTION, SEVERITY_NONE, SCRIBE, .flow = {.tls_version = "TLS 1.3"}},
        {FLAG_WEAK_ENCRYPTION, SEVERITY_NONE, BOOKING, .flow = {.tls_version = "TLS 1.2"}},
        {FLAG_WEAK_ENCRYPTION, SEVERITY_NONE, SCRIBE, .flow = {.tls_version = ""}},

        {FLAG_RETIRED_RECIPIENT, SEVERITY_HIGH, CLOSED,
                .register_says = "programs.csv:6 (oldscript) status retired, eos_date is past",
                .sentence = "OldScript Pty Ltd's service is recorded as closed"},
        {FLAG_RETIRED_RECIPIENT, SEVERITY_NONE, CLOSED, CELL(PROGRAMS, "2026-06-30", "2026-10-05")},
        {FLAG_RETIRED_RECIPIENT, SEVERITY_NONE, CLOSED, CELL(PROGRAMS, "2026-06-30", "")},
        {FLAG_RETIRED_RECIPIENT, SEVERITY_NONE, CLOSED, CELL(PROGRAMS, "retired", "approved")},
        /* another program still sends there */
        {FLAG_RETIRED_RECIPIENT, SEVERITY_HIGH, .program = "tidepool",
                .host = "px.oldscript.example", CELL(PROGRAMS, "2026-06-30", ""),
                .register_says = "destinations.csv:7 (old-px)"},
        {FLAG_RETIRED_RECIPIENT, SEVERITY_NONE, .program = "tidepool",
                .host = "api.bookaroo.example"},
        /* the recipient has another program, which is in use */
        {FLAG_RETIRED_RECIPIENT, SEVERITY_NONE, CLOSED,
                CELL(DESTINATIONS, "tide-hub,tidepool,Tidepool Pty Ltd",
                        "tide-hub,tidepool,OldScript Pty Ltd")},

        {FLAG_OPAQUE_UNREGISTERED, SEVERITY_MEDIUM, OTHER, .flow = {.locked_files = true},
                .register_says = "no row for other.example", .sentence = "Locked or scrambled"},
        {FLAG_OPAQUE_UNREGISTERED, SEVERITY_NONE, BOOKING, .flow = {.locked_files = true}},
        {FLAG_OPAQUE_UNREGISTERED, SEVERITY_NONE, OTHER, .flow = {.tier = TIER_OPAQUE}},
        {FLAG_IMAGE_DOCUMENT, SEVERITY_LOW, BOOKING, .flow = {.pictures = true},
                .sentence = "Scanned pages or photos"},
        {FLAG_IMAGE_DOCUMENT, SEVERITY_LOW, OTHER, .flow = {.pictures = true}},
        /* agreed to, with a reason */
        {FLAG_IMAGE_DOCUMENT, SEVERITY_NONE, HUB, .flow = {.pictures = true}},
        {FLAG_IMAGE_DOCUMENT, SEVERITY_NONE, BOOKING},
        {FLAG_PRESCRIPTION_TOKEN, SEVERITY_MEDIUM, BOOKING, .flow = {.prescription = true},
                .sentence = "opens an electronic prescription"},
        {FLAG_PRESCRIPTION_TOKEN, SEVERITY_HIGH, OTHER, .flow = {.prescription = true, SEEN}},
        {FLAG_PRESCRIPTION_TOKEN, SEVERITY_NONE, OTHER, .flow = {SEEN}},
        {FLAG_MHR_GATEWAY_UNEXPECTED, SEVERITY_URGENT, HUB,
                .flow = {.mhr_unknown = true, .mhr_why = "its requests name it"},
                .register_says = "its requests name it; destinations.csv:6 (tide-hub)"},
        {FLAG_MHR_GATEWAY_UNEXPECTED, SEVERITY_NONE, HUB, .flow = {.mhr_document = true}},
        {FLAG_MHR_LIKE_DOCUMENT_OFFSHORE, SEVERITY_HIGH, HUB,
                .flow = {.mhr_document = true, .country = "NZ"},
                .sentence = "appears to be in New Zealand"},
        {FLAG_MHR_LIKE_DOCUMENT_OFFSHORE, SEVERITY_NONE, HUB, .flow = {.mhr_document = true}},
        {FLAG_MHR_LIKE_DOCUMENT_OFFSHORE, SEVERITY_NONE, HUB, .flow = {.country = "NZ"}},
};

static struct verdict_subject subject_of(const struct fact_case *c, const struct registry *r)
{
	struct verdict_subject s = c->flow;

	s.egress = true;
	if (s.day == 0)
		assert_true(time_parse_date("2026-10-05", &s.day));
	s.program = c->program ? program_of(r, c->program) : -1;
	s.program_shown = s.program >= 0 ? registry_program(r, (size_t)s.program)->name : "";
	s.computer_shown = "reception";
	s.far_shown = c->host;
	s.match = (struct match_subject){
	        .names = {c->host}, .name_count = 1, .far_port = 443, .protocol = 6};
	s.country = s.country ? s.country : "AU";
	s.country_certain = true;
	s.transport = TRANSPORT_ENCRYPTED;
	return s;
}

static const struct flag *find_flag(const struct verdict *v, enum flag_id id)
{
	for (unsigned i = 0; i < v->flag_count; i++)
		if (v->flags[i].id == id)
			return &v->flags[i];
	return NULL;
}

static void judge_case(const struct flag_rules *rules, size_t index)
{
	const struct fact_case *c = &cases[index];
	struct registry *r = load(&c->edit);
	struct verdict_subject s = subject_of(c, r);
	enum severity severity = SEVERITY_NONE;
	const struct flag *flag;
	struct verdict v;

	assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
	flag = find_flag(&v, c->id);
	if (flag)
		severity = flag->severity;
	if (severity != c->severity ||
	        (flag && c->register_says && !strstr(flag->register_says, c->register_says)) ||
	        (flag && c->sentence && !strstr(flag->sentence, c->sentence))) {
		print_error("case %zu: %s %s | %s | %s\n", index, flag_name(c->id),
		        severity_name(severity), flag ? flag->sentence : "",
		        flag ? flag->register_says : "");
		fail();
	}
	registry_free(r);
}

static void each_fact_fires_and_nearly_fires(void **state)
{
	struct flag_rules *rules = load_rules();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		judge_case(rules, i);
	flag_rules_free(rules);
}

/* ---- the way in, and when ---- */

/* Local times of 2026-10-05 in Sydney (UTC+11), in minutes after midnight. */
static int64_t at(int minutes)
{
	int64_t midnight = INT64_C(1791118800); /* 2026-10-04T13:00:00Z */

	return (midnight + (int64_t)minutes * 60) * NS_PER_SECOND;
}

static void a_way_in_weighs_more_outside_its_window(void **state)
{
	static const struct {
		const char *window;
		int first, last;
		enum severity severity;
		const char *says;
	} sessions[] = {
	        {"08:00-18:00", 8 * 60, 18 * 60, SEVERITY_MEDIUM, "inside its support_window"},
	        {"08:00-18:00", 7 * 60 + 59, 9 * 60, SEVERITY_HIGH, "outside its support_window"},
	        {"08:00-18:00", 17 * 60, 18 * 60 + 1, SEVERITY_HIGH, "outside its support_window"},
	        {"08:00-18:00", 9 * 60, 33 * 60, SEVERITY_HIGH, "outside its support_window"},
	        {"22:00-04:00", 23 * 60, 27 * 60, SEVERITY_MEDIUM, "inside its support_window"},
	        {"22:00-04:00", 60, 120, SEVERITY_MEDIUM, "inside its support_window"},
	        {"22:00-04:00", 12 * 60, 13 * 60, SEVERITY_HIGH, "outside its support_window"},
	        {"", 12 * 60, 13 * 60, SEVERITY_MEDIUM, "no support_window"},
	};
	struct flag_rules *rules = load_rules();

	(void)state;
	assert_true(time_set_zone("Australia/Sydney"));
	for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
		struct edit edit = {REGISTRY_PROGRAMS, "08:00-18:00", sessions[i].window};
		const struct fact_case c = {REMOTE};
		struct registry *r = load(&edit);
		struct verdict_subject s = subject_of(&c, r);
		const struct flag *flag;
		struct verdict v;

		s.first_ns = at(sessions[i].first);
		s.last_ns = at(sessions[i].last);
		assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
		flag = find_flag(&v, FLAG_REMOTE_ACCESS_TOOL);
		assert_non_null(flag);
		assert_int_equal(flag->severity, sessions[i].severity);
		assert_non_null(strstr(flag->register_says, sessions[i].says));
		if (i == 0)
			assert_non_null(
			        strstr(flag->sentence, ", on 2026-10-05 from 08:00 to 18:00."));
		if (i == 4)
			assert_non_null(strstr(flag->sentence, "23:00 to 2026-10-06 03:00."));
		assert_non_null(strstr(flag->sentence, "contacted HopDesk, a way for"));
		registry_free(r);
	}
	flag_rules_free(rules);
}

static void what_nobody_calls_a_way_in_is_none(void **state)
{
	struct flag_rules *rules = load_rules();
	struct edit same = {REGISTRY_PRACTICE, NULL, NULL};
	const struct fact_case cases_of_none[] = {{BOOKING}, {OTHER}};
	struct registry *r = load(&same);
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases_of_none); i++) {
		struct verdict_subject s = subject_of(&cases_of_none[i], r);

		assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
		assert_null(find_flag(&v, FLAG_REMOTE_ACCESS_TOOL));
	}
	registry_free(r);
	flag_rules_free(rules);
}

/* ---- what somebody decided to live with ---- */

struct exception_case {
	const char *row;
	bool accepted;
	const char *says; /* part */
};

/* The agreement of the scribe is none: no-contract, medium. */
static const struct exception_case exception_cases[] = {
        {"no-contract,magpie,scribe-api,trial,principal,2026-09-01,2026-10-05\n", true,
                "; exceptions.csv:2 accepted by principal until 2026-10-05"},
        {"no-contract,,,trial,principal,2026-10-05,2026-12-31\n", true, "accepted by principal"},
        {"no-contract,,scribe-api,trial,,,2026-12-31\n", true, "; exceptions.csv:2 accepted until"},
        {"no-contract,magpie,,trial,principal,2026-09-01,2026-10-04\n", false,
                "; exceptions.csv:2 ended 2026-10-04"},
        {"no-contract,magpie,,trial,principal,2026-10-06,2026-12-31\n", false, ""},
        {"no-contract,bookaroo,,trial,principal,2026-09-01,2026-12-31\n", false, ""},
        {"no-contract,,hop-relay,trial,principal,2026-09-01,2026-12-31\n", false, ""},
        {"no-basis,magpie,,trial,principal,2026-09-01,2026-12-31\n", false, ""},
        /* twelve months, also where nobody wrote when they began */
        {"no-contract,magpie,,trial,principal,,2027-10-06\n", true, "accepted by principal"},
        {"no-contract,magpie,,trial,principal,,2027-10-07\n", false,
                "; exceptions.csv:2 does not count yet"},
};

static void an_exception_lowers_and_never_deletes(void **state)
{
	struct flag_rules *rules = load_rules();
	const struct fact_case scribe = {SCRIBE, .flow = {.tier = TIER_OPAQUE}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(exception_cases); i++) {
		const struct exception_case *c = &exception_cases[i];
		char file[512];
		struct edit edit = {REGISTRY_CONTRACTS, "magpie,click-through", "magpie,none"};
		const char *empty = texts[REGISTRY_EXCEPTIONS];
		struct registry *r;
		struct verdict_subject s;
		const struct flag *flag;
		struct verdict v;

		snprintf(file, sizeof(file), "%s%s", empty, c->row);
		r = load_with(&edit, file);
		s = subject_of(&scribe, r);
		assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
		flag = find_flag(&v, FLAG_NO_CONTRACT);
		assert_non_null(flag);
		assert_int_equal(flag->severity, SEVERITY_MEDIUM);
		if ((flag->accepted != NULL) != c->accepted ||
		        !strstr(flag->register_says, c->says))
			print_error("case %zu: %s\n", i, flag->register_says);
		assert_int_equal(flag->accepted != NULL, c->accepted);
		assert_non_null(strstr(flag->register_says, c->says));
		assert_int_equal(v.severity, c->accepted ? SEVERITY_INFO : SEVERITY_MEDIUM);
		assert_ptr_equal(flag, &v.flags[c->accepted ? v.flag_count - 1 : 0]);
		/* What is missing is missing all the same. */
		assert_int_equal(v.outcome, OUTCOME_LOOK);
		registry_free(r);
	}
	flag_rules_free(rules);
}

/* The register refuses an exception for a flag that nobody raises, so it must know them all. */
static void the_register_knows_every_flag(void **state)
{
	const struct file_format *format = file_format(REGISTRY_EXCEPTIONS);
	const char *words = format->columns[EXCEPTION_FLAG].words;
	char last[64];

	(void)state;
	for (unsigned i = 0; i < FLAGS; i++)
		assert_int_equal(word_index(words, flag_name((enum flag_id)i)), (int)i);
	word_at(words, FLAGS, last, sizeof(last));
	assert_string_equal(last, "");
}

static void an_urgent_flag_is_never_accepted(void **state)
{
	struct flag_rules *rules = load_rules();
	struct edit none = {.from = NULL};
	const struct fact_case clear = {BOOKING, .flow = {SEEN}};
	struct registry *r = load_with(&none,
	        "flag,program_id,dest_id,reason,accepted_by,from,until\n"
	        "unencrypted,bookaroo,,old maker,principal,2026-09-01,2026-12-31\n");
	struct verdict_subject s = subject_of(&clear, r);
	const struct flag *flag;
	struct verdict v;

	(void)state;
	s.transport = TRANSPORT_CLEAR;
	assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
	flag = find_flag(&v, FLAG_UNENCRYPTED);
	assert_non_null(flag);
	assert_int_equal(flag->severity, SEVERITY_URGENT);
	assert_null(flag->accepted);
	assert_non_null(strstr(flag->register_says, "; exceptions.csv:2 does not count: urgent"));
	assert_int_equal(v.outcome, OUTCOME_ACT);
	/* The same with nothing seen is medium, and may be. */
	s.seen = 0;
	s.patient_seen = false;
	s.tier = TIER_NONE;
	assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
	flag = find_flag(&v, FLAG_UNENCRYPTED);
	assert_non_null(flag);
	assert_non_null(flag->accepted);
	assert_int_equal(v.severity, SEVERITY_INFO);
	registry_free(r);
	flag_rules_free(rules);
}

/* ---- prescribed countries ---- */

static void a_prescribed_country_counts_from_its_day(void **state)
{
	static const struct {
		const char *csv;
		bool asks;
	} files[] = {
	        {"country,instrument,from\n", true},
	        {"country,instrument,from\nNZ,F2026L00001,2026-01-01\n", true},
	        {"country,instrument,from\nDE,F2026L00001,2026-10-06\n", true},
	        {"country,instrument,from\nDE,F2026L00001,2026-10-05\n", false},
	};
	struct edit edit = {REGISTRY_BASIS, "reasonable-steps-contract", "prescribed-country"};
	const struct fact_case c = {REMOTE};
	struct registry *r = load(&edit);
	struct verdict_subject s = subject_of(&c, r);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct flag_rules *rules = load_rules();
		struct csv_problem problem;
		struct verdict v;

		assert_int_equal(
		        flag_rules_read_countries(rules, span_of_text(files[i].csv), &problem),
		        STATUS_OK);
		assert_int_equal(
		        flag_rules_read_countries(rules, span_of_text(files[i].csv), &problem),
		        STATUS_BUG);
		assert_int_equal(verdict_decide(&s, r, rules, &v), STATUS_OK);
		assert_int_equal(find_flag(&v, FLAG_OVERSEAS_BASIS_MISSING) != NULL, files[i].asks);
		flag_rules_free(rules);
	}
	registry_free(r);
}

static void a_bad_file_of_countries_is_refused(void **state)
{
	static const struct {
		const char *csv;
		unsigned line, column;
	} broken[] = {
	        {"country,law,from\n", 1, 0},
	        {"country,instrument,from\nnz,F1,2026-01-01\n", 2, 1},
	        {"country,instrument,from\nAU,F1,2026-01-01\n", 2, 1},
	        {"country,instrument,from\nNZ,,2026-01-01\n", 2, 2},
	        {"country,instrument,from\nNZ,F1,1/2/26\n", 2, 3},
	        {"country,instrument,from\nNZ,F1,2026-01-01\nUS,F2\n", 3, 0},
	};
	struct flag_rules *rules = load_rules();
	static char room[FILE_BYTES_MAX];
	struct csv_problem problem;
	struct span own;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		assert_int_equal(
		        flag_rules_read_countries(rules, span_of_text(broken[i].csv), &problem),
		        STATUS_MALFORMED);
		assert_int_equal(problem.line, broken[i].line);
		assert_int_equal(problem.column, broken[i].column);
		assert_non_null(problem.text);
	}
	/* The product's own names no country: nobody has found one that is prescribed. */
	own = read_rules("prescribed_countries.csv", room);
	assert_true(span_equal_text(own, "country,instrument,from\n"));
	assert_int_equal(flag_rules_read_countries(rules, own, &problem), STATUS_OK);
	flag_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_fact_fires_and_nearly_fires),
	        cmocka_unit_test(a_way_in_weighs_more_outside_its_window),
	        cmocka_unit_test(what_nobody_calls_a_way_in_is_none),
	        cmocka_unit_test(an_exception_lowers_and_never_deletes),
	        cmocka_unit_test(the_register_knows_every_flag),
	        cmocka_unit_test(an_urgent_flag_is_never_accepted),
	        cmocka_unit_test(a_prescribed_country_counts_from_its_day),
	        cmocka_unit_test(a_bad_file_of_countries_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
