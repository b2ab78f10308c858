#include "registry/template.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "registry/cells.h"
#include "registry/columns.h"

#define BOM          "\xef\xbb\xbf"
#define LINE_CHARS   78
#define HOLDS_CHARS  2560 /* the names of all flags take half */
#define INDENT_CHARS 4

static const char opening[] =
        "The register of a practice\r\n"
        "==========================\r\n"
        "\r\n"
        "Fill in the six tables of this folder in a spreadsheet, then run\r\n"
        "\r\n"
        "    exeat register check FOLDER\r\n"
        "\r\n"
        "It names each mistake with its file, line, column and cell. The folder example/\r\n"
        "holds the same tables filled in for a practice that does not exist.\r\n"
        "\r\n"
        "- Save as \"CSV UTF-8 (Comma delimited)\". Leave the names in the first row as they\r\n"
        "  are; the order of the columns is free.\r\n"
        "- Before you type, give all cells the format Text. Otherwise the spreadsheet turns\r\n"
        "  dates round, drops zeros, and makes numbers of addresses.\r\n"
        "- Dates are year-month-day: 2026-07-01.\r\n"
        "- Items of a list are separated by | and nothing else: AU|NZ.\r\n"
        "- An empty cell means \"not recorded\". It never means \"no\". The word none means\r\n"
        "  \"recorded as none\", where it is allowed below.\r\n"
        "- Write the name of a recipient the same way in every table, letter for letter.\r\n"
        "- Never type anything about a patient.\r\n"
        "- exceptions.csv may be left out. An exception lowers the place of a flag in the\r\n"
        "  report; it never removes it.\r\n"
        "\r\n"
        "Match rules say how traffic is known:\r\n"
        "\r\n"
        "    sni:api.vendor.example     the name by which the far end is called\r\n"
        "    sni:*.vendor.example       every name under vendor.example\r\n"
        "    cert:*.vendor.example      the name in the far end's certificate\r\n"
        "    ip:198.51.100.0/24         its address\r\n"
        "    port:tcp/5938              its port\r\n"
        "    ua:VendorSync/             what the program calls itself\r\n"
        "    proc:vendorsync.exe        the file name of the program\r\n";

static const char *const purposes[REGISTRY_FILES] = {
        [REGISTRY_PRACTICE] = "The practice itself. One row a key; type the value beside it.",
        [REGISTRY_PROGRAMS] = "One row for each program that is used, or is not to be used.",
        [REGISTRY_DESTINATIONS] = "One row for each place that a program may send to.",
        [REGISTRY_CONTRACTS] = "One row for each agreement with a recipient.",
        [REGISTRY_BASIS] = "One row for each reason why a recipient may receive what it receives.",
        [REGISTRY_EXCEPTIONS] = "One row for each flag that somebody has decided to live with.",
};

int template_table(enum registry_file file, struct buf *ret)
{
	const struct file_format *f = file_format(file);
	bool keys = file == REGISTRY_PRACTICE;
	int status = buf_append_text(ret, keys ? BOM "key,value\r\n" : BOM);

	for (size_t i = 0; status == STATUS_OK && i < f->column_count; i++) {
		const char *after = keys ? ",\r\n" : i + 1 < f->column_count ? "," : "\r\n";

		status = buf_append_text(ret, f->columns[i].name);
		if (status == STATUS_OK)
			status = buf_append_text(ret, after);
	}
	return status;
}

/* The words of the list with commas between them. */
static void name_words(const char *words, char *ret, size_t size)
{
	size_t len = 0;

	for (const char *at = words; *at && len + 3 < size; at++) {
		if (*at == ' ')
			ret[len++] = ',';
		ret[len++] = *at;
	}
	ret[len] = '\0';
}

static void describe_text(const struct column *c, const char *what, char ret[static HOLDS_CHARS])
{
	snprintf(ret, HOLDS_CHARS, "%s, at most %d characters", what,
	        c->max > 0 ? c->max : TEXT_DEFAULT_MAX);
}

static void describe_words(const struct column *c, const char *what, char ret[static HOLDS_CHARS])
{
	char words[HOLDS_CHARS / 2];

	name_words(c->words, words, sizeof(words));
	snprintf(ret, HOLDS_CHARS, "%s: %s", what, words);
}

/* What a cell may hold, as a phrase. */
static void describe_type(const struct column *c, char ret[static HOLDS_CHARS])
{
	static const char *const phrases[] = {
	        [CELL_ID] = "an id: 2 to 32 small letters, digits and hyphens",
	        [CELL_NEW_ID] = "an id of 2 to 32 small letters, digits and hyphens, its own",
	        [CELL_REFERENCE] = "a program_id of programs.csv",
	        [CELL_REFERENCES] = "a list of program_ids of programs.csv",
	        [CELL_DATE] = "a date, such as 2026-07-01",
	        [CELL_COUNTRY] = "a country in two capital letters, such as AU",
	        [CELL_COUNTRIES] = "a list of countries in two capital letters, such as AU|NZ",
	        [CELL_ANY_COUNTRIES] = "a list of countries such as AU|NZ, or * for any",
	        [CELL_HOURS] = "hours, such as 18:00-06:00; they may cross midnight",
	        [CELL_NETS] = "a list of networks, such as 192.168.20.0/24",
	        [CELL_HOSTS] = "a list of addresses or names of computers",
	        [CELL_RULES] = "a list of match rules, such as sni:*.vendor.example",
	        [CELL_ZONE] = "a region and city, such as Australia/Sydney",
	};

	switch (c->type) {
	case CELL_TEXT:
		describe_text(c, "text", ret);
		break;
	case CELL_TEXTS:
		describe_text(c, "a list of texts, each", ret);
		break;
	case CELL_WORD:
		describe_words(c, "one of", ret);
		break;
	case CELL_WORDS:
		describe_words(c, "a list of", ret);
		break;
	case CELL_UPDATE_METHOD:
		describe_words(c, "bundled-with: and a program_id, or one of", ret);
		break;
	case CELL_NUMBER:
		snprintf(ret, HOLDS_CHARS, "a whole number, %d to %d", c->min, c->max);
		break;
	default:
		snprintf(ret, HOLDS_CHARS, "%s", phrases[c->type]);
	}
}

/* A paragraph, indented, in lines that fit a printed page. */
static int add_wrapped(struct buf *ret, const char *text)
{
	int status = STATUS_OK;

	while (*text && status == STATUS_OK) {
		size_t room = LINE_CHARS - INDENT_CHARS, len = strlen(text);

		if (len > room) {
			len = room;
			while (len > 0 && text[len] != ' ')
				len--;
			len = len > 0 ? len : room;
		}
		status = buf_printf(ret, "%*s%.*s\r\n", INDENT_CHARS, "", (int)len, text);
		text += len;
		text += *text == ' ';
	}
	return status;
}

static int describe_column(struct buf *ret, const struct column *c)
{
	char holds[HOLDS_CHARS], line[HOLDS_CHARS + 64];
	int status = buf_printf(
	        ret, "\r\n  %s%s\r\n", c->name, c->required ? " (must be filled in)" : "");

	describe_type(c, holds);
	snprintf(line, sizeof(line), "Holds %s%s.", holds, c->none ? "; or none" : "");
	if (status == STATUS_OK)
		status = add_wrapped(ret, c->means);
	return status == STATUS_OK ? add_wrapped(ret, line) : status;
}

int template_guide(struct buf *ret)
{
	int status = buf_append_text(ret, opening);

	for (unsigned i = 0; status == STATUS_OK && i < REGISTRY_FILES; i++) {
		const struct file_format *f = file_format((enum registry_file)i);

		status = buf_printf(ret, "\r\n\r\n%s\r\n%.*s\r\n%s\r\n", f->name,
		        (int)strlen(f->name), "--------------------", purposes[i]);
		for (size_t c = 0; status == STATUS_OK && c < f->column_count; c++)
			status = describe_column(ret, &f->columns[c]);
	}
	return status;
}

/* The value that the example's row gives for a column; "" when it gives none. */
static const char *value_in(const char *const *row, const char *column)
{
	for (; row[0]; row += 2)
		if (strcmp(row[0], column) == 0)
			return row[1];
	return "";
}

#define PAIRS_MAX 24

static const char *const example_practice[][PAIRS_MAX * 2] = {{"practice_name",
        "Nullawarra Family Practice", "state", "NSW", "privacy_officer", "Practice manager",
        "internal_nets", "192.168.20.0/24", "guest_nets", "192.168.40.0/24", "voip_nets", "none",
        "timezone", "Australia/Sydney", "capture_authorised_by", "Practice principal",
        "capture_authorised_on", "2026-07-01", "staff_notice_on", "2026-07-01", "policy_ref",
        "Third-party software policy v3", "policy_date", "2026-03-10", "policy_approved_by",
        "Practice principal", "policy_countries", "AU|NZ", "retention_days_summary", "400",
        "retention_days_evidence", "90"}};

static const char *const example_programs[][PAIRS_MAX * 2] = {
        {"program_id", "paperbark", "name", "Paperbark Clinical", "vendor",
                "Paperbark Software Pty Ltd", "kind", "pms", "status", "approved", "owner",
                "practice manager", "hosts_installed", "192.168.20.10", "match_rules",
                "sni:*.paperbark.example", "reads_clinical_db", "yes", "via_program", "none",
                "writes_back", "yes", "version_seen", "7.4.1", "min_supported", "7.2",
                "update_owner", "vendor-auto", "update_hosts", "update.paperbark.example",
                "cadence_days", "30", "versions_known", "7.2|7.3|7.4.1", "update_method", "auto",
                "rollback", "yes-untested", "adha_conformant", "yes", "tga_device", "no"},
        {"program_id", "bookaroo", "name", "Bookaroo", "vendor", "Bookaroo Health Pty Ltd", "kind",
                "booking", "status", "approved", "owner", "reception lead", "hosts_installed",
                "reception-2", "match_rules", "sni:*.bookaroo.example|proc:BookarooSync.exe",
                "reads_clinical_db", "yes", "writes_back", "yes", "update_owner", "vendor-auto",
                "cadence_days", "30", "depends_on", "paperbark"},
        {"program_id", "wombatvault", "name", "WombatVault", "vendor", "Wombat Backup Pty Ltd",
                "kind", "backup", "status", "approved", "owner", "IT contractor", "match_rules",
                "sni:*.wombatvault.example|port:tcp/8443", "reads_clinical_db", "yes",
                "update_owner", "it-contractor", "max_mb_day", "2000", "hours", "18:00-06:00"}};

static const char *const example_destinations[][PAIRS_MAX * 2] = {
        {"dest_id", "paperbark-api", "program_id", "paperbark", "recipient",
                "Paperbark Software Pty Ltd", "recipient_country", "AU", "role", "processor",
                "match", "sni:api.paperbark.example", "allowed_countries", "AU", "storage_country",
                "AU", "storage_state", "NSW", "overseas_access", "no", "subprocessors", "none",
                "onward_allowed", "no", "min_tls", "1.2", "source", "install guide", "checked_on",
                "2026-07-14"},
        {"dest_id", "paperbark-update", "program_id", "paperbark", "recipient",
                "Paperbark Software Pty Ltd", "recipient_country", "AU", "role", "update-only",
                "match", "sni:update.paperbark.example", "allowed_countries", "*", "source",
                "install guide"},
        {"dest_id", "bookaroo-api", "program_id", "bookaroo", "recipient",
                "Bookaroo Health Pty Ltd", "recipient_country", "AU", "role", "processor", "match",
                "sni:api.bookaroo.example", "allowed_countries", "AU", "storage_country", "AU",
                "overseas_access", "unknown", "source", "vendor web page"},
        {"dest_id", "wombat-store", "program_id", "wombatvault", "recipient",
                "Wombat Backup Pty Ltd", "recipient_country", "AU", "role", "processor", "match",
                "sni:*.wombatvault.example", "allowed_countries", "AU|NZ", "storage_country", "AU",
                "source", "contract schedule 2"}};

static const char *const example_contracts[][PAIRS_MAX * 2] = {
        {"contract_id", "c-01", "recipient", "Paperbark Software Pty Ltd", "program_ids",
                "paperbark", "type", "agreement", "signed", "2025-05-03", "start", "2025-06-01",
                "review_by", "2027-06-30", "categories", "full-db", "purposes", "care|support",
                "countries", "AU", "deid_promised", "no", "breach_notice_hours", "72",
                "audit_right", "yes", "return_delete", "yes", "doc_ref", "Contracts/Paperbark.pdf"},
        {"contract_id", "c-02", "recipient", "Bookaroo Health Pty Ltd", "program_ids", "bookaroo",
                "type", "click-through", "start", "2024-04-01", "review_by", "2027-06-30",
                "categories", "contact|appointment", "purposes", "care-admin", "countries", "AU",
                "training_use", "prohibited", "doc_ref", "drawer 2"},
        {"contract_id", "c-03", "recipient", "Wombat Backup Pty Ltd", "program_ids", "wombatvault",
                "type", "agreement", "start", "2025-02-01", "end", "2028-01-31", "review_by",
                "2027-10-01", "categories", "full-db", "purposes", "backup", "countries", "AU|NZ",
                "doc_ref", "Contracts/Wombat.pdf"}};

static const char *const example_basis[][PAIRS_MAX * 2] = {
        {"basis_id", "b-01", "program_id", "paperbark", "recipient", "Paperbark Software Pty Ltd",
                "purpose", "support", "categories", "full-db", "basis", "practice-internal-use",
                "overseas_basis", "none-needed", "evidence_ref", "Privacy policy v7 s2", "from",
                "2025-06-01", "approved_by", "privacy officer"},
        {"basis_id", "b-02", "program_id", "bookaroo", "recipient", "Bookaroo Health Pty Ltd",
                "purpose", "care-admin", "categories", "contact|appointment", "basis",
                "directly-related-expected", "overseas_basis", "none-needed", "evidence_ref",
                "Privacy policy v7 s3", "from", "2024-04-01", "approved_by", "privacy officer"},
        {"basis_id", "b-03", "program_id", "wombatvault", "recipient", "Wombat Backup Pty Ltd",
                "purpose", "backup", "categories", "full-db", "basis", "practice-internal-use",
                "overseas_basis", "reasonable-steps-contract", "evidence_ref", "IT policy v3",
                "from", "2025-02-01", "approved_by", "privacy officer"}};

static const char *const example_exceptions[][PAIRS_MAX * 2] = {{"flag", "review-overdue",
        "program_id", "bookaroo", "reason", "new terms are being negotiated", "accepted_by",
        "practice principal", "from", "2026-07-01", "until", "2027-06-30"}};

static int add_value(struct buf *ret, const char *value, const char *after)
{
	int status = buf_append_text(ret, value);

	return status == STATUS_OK ? buf_append_text(ret, after) : status;
}

int template_example(enum registry_file file, struct buf *ret)
{
	static const struct {
		const char *const (*rows)[PAIRS_MAX * 2];
		size_t count;
	} examples[REGISTRY_FILES] = {
	        [REGISTRY_PRACTICE] = {example_practice, ARRAY_LEN(example_practice)},
	        [REGISTRY_PROGRAMS] = {example_programs, ARRAY_LEN(example_programs)},
	        [REGISTRY_DESTINATIONS] = {example_destinations, ARRAY_LEN(example_destinations)},
	        [REGISTRY_CONTRACTS] = {example_contracts, ARRAY_LEN(example_contracts)},
	        [REGISTRY_BASIS] = {example_basis, ARRAY_LEN(example_basis)},
	        [REGISTRY_EXCEPTIONS] = {example_exceptions, ARRAY_LEN(example_exceptions)},
	};
	const struct file_format *f = file_format(file);
	bool keys = file == REGISTRY_PRACTICE;
	int status = keys ? buf_append_text(ret, BOM "key,value\r\n") : template_table(file, ret);

	for (size_t row = 0; row < examples[file].count; row++)
		for (size_t i = 0; status == STATUS_OK && i < f->column_count; i++) {
			const char *name = f->columns[i].name;
			bool last = keys || i + 1 == f->column_count;

			if (keys)
				status = add_value(ret, name, ",");
			if (status == STATUS_OK)
				status = add_value(ret, value_in(examples[file].rows[row], name),
				        last ? "\r\n" : ",");
		}
	return status;
}
