#include "report/columns.h"

#include "report/sentences.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SUMMARY_CELL(name)                                                                         \
	static const char *name(const struct report *r, const struct summary_row *row,             \
	        char scratch[static CELL_CHARS])

#define FLAG_CELL(name)                                                                            \
	static const char *name(const struct flag_row *row, char scratch[static CELL_CHARS])

static const char *number(uint64_t value, char scratch[static CELL_CHARS])
{
	snprintf(scratch, CELL_CHARS, "%" PRIu64, value);
	return scratch;
}

static void append(char *text, const char *more)
{
	size_t len = strlen(text);

	snprintf(text + len, CELL_CHARS - len, "%s", more);
}

void format_flags(const struct summary_row *row, const char *between, char ret[static CELL_CHARS])
{
	ret[0] = '\0';
	for (int severity = SEVERITY_URGENT; severity > SEVERITY_NONE; severity--)
		for (int i = 0; i < FLAGS; i++) {
			if (row->flags[i] != severity)
				continue;
			if (ret[0] != '\0')
				append(ret, between);
			append(ret, flag_name((enum flag_id)i));
		}
}

void format_list(const char *joined, char ret[static CELL_CHARS])
{
	size_t len = 0;

	for (; *joined && len + 3 < CELL_CHARS; joined++) {
		if (*joined == '|') {
			ret[len++] = ',';
			ret[len++] = ' ';
		} else {
			ret[len++] = *joined;
		}
	}
	ret[len] = '\0';
}

SUMMARY_CELL(cell_schema)
{
	(void)r;
	(void)row;
	return number(REPORT_SCHEMA_VERSION, scratch);
}

SUMMARY_CELL(cell_date)
{
	(void)r;
	(void)scratch;
	return row->date;
}

SUMMARY_CELL(cell_timezone)
{
	(void)row;
	(void)scratch;
	return r->run->timezone;
}

SUMMARY_CELL(cell_site)
{
	(void)row;
	(void)scratch;
	return r->run->practice;
}

SUMMARY_CELL(cell_program_id)
{
	(void)r;
	(void)scratch;
	return row->program_id;
}

SUMMARY_CELL(cell_computers)
{
	(void)r;
	return number(row->computers.count, scratch);
}

SUMMARY_CELL(cell_flows)
{
	(void)r;
	return number(row->flows, scratch);
}

SUMMARY_CELL(cell_bytes_out)
{
	(void)r;
	return number(row->bytes_out, scratch);
}

SUMMARY_CELL(cell_bytes_in)
{
	(void)r;
	return number(row->bytes_in, scratch);
}

SUMMARY_CELL(cell_first_seen)
{
	(void)r;
	if (row->flows == 0)
		return "";
	time_rfc3339(row->first_ns, scratch);
	return scratch;
}

SUMMARY_CELL(cell_last_seen)
{
	(void)r;
	if (row->flows == 0)
		return "";
	time_rfc3339(row->last_ns, scratch);
	return scratch;
}

SUMMARY_CELL(cell_evidence)
{
	(void)r;
	(void)scratch;
	return evidence_name(row->evidence);
}

/* Seen categories as they are; what only the register says as "declared:letters". */
SUMMARY_CELL(cell_categories)
{
	category_set declared = row->declared & ~row->seen;

	(void)r;
	category_set_format(row->seen, scratch);
	for (int i = 0; i < CATEGORIES; i++) {
		if (!(declared & ((category_set)1 << i)))
			continue;
		append(scratch, scratch[0] != '\0' ? "|declared:" : "declared:");
		append(scratch, category_name((enum category)i));
	}
	return scratch;
}

SUMMARY_CELL(cell_paper)
{
	(void)r;
	(void)scratch;
	return row->flows == 0 ? "" : paper_name(row->paper);
}

SUMMARY_CELL(cell_verdict)
{
	(void)r;
	(void)scratch;
	return outcome_name(row->outcome);
}

SUMMARY_CELL(cell_top_flag)
{
	enum flag_id top = summary_top_flag(row);

	(void)r;
	(void)scratch;
	return top == FLAGS ? "" : flag_name(top);
}

SUMMARY_CELL(cell_all_flags)
{
	(void)r;
	format_flags(row, "|", scratch);
	return scratch;
}

SUMMARY_CELL(cell_severity)
{
	(void)r;
	(void)scratch;
	return severity_name(row->severity);
}

SUMMARY_CELL(cell_patients)
{
	(void)r;
	return number(row->patients, scratch);
}

SUMMARY_CELL(cell_new_today)
{
	(void)r;
	(void)scratch;
	if (row->row_kind != ROW_FLOWS)
		return "";
	return row->new_today ? "yes" : "no";
}

SUMMARY_CELL(cell_captured)
{
	(void)r;
	snprintf(scratch, CELL_CHARS, "%.0f", row->captured_seconds);
	return scratch;
}

SUMMARY_CELL(cell_loss)
{
	(void)r;
	if (row->row_kind == ROW_NOT_CAPTURED)
		return "";
	snprintf(scratch, CELL_CHARS, "%.2f", row->loss_percent);
	return scratch;
}

/* Known once logs of computers are joined. */
SUMMARY_CELL(cell_log_coverage)
{
	(void)r;
	(void)row;
	(void)scratch;
	return "";
}

SUMMARY_CELL(cell_register)
{
	(void)row;
	(void)scratch;
	return r->run->register_sha256;
}

SUMMARY_CELL(cell_rules)
{
	(void)row;
	(void)scratch;
	return r->run->rules_version;
}

SUMMARY_CELL(cell_program_shown)
{
	(void)r;
	if (row->text[ROW_PROGRAM_NAME][0] != '\0')
		return row->text[ROW_PROGRAM_NAME];
	if (row->program_id[0] == '\0')
		return "not known";
	format_list(row->program_id, scratch);
	return scratch;
}

SUMMARY_CELL(cell_recipient_shown)
{
	const char *recipient = row->text[ROW_RECIPIENT];
	const char *host = row->text[ROW_HOST][0] != '\0'     ? row->text[ROW_HOST]
	                   : row->text[ROW_PREFIX][0] != '\0' ? row->text[ROW_PREFIX]
	                                                      : row->destination;
	size_t first = strcspn(host, "|");
	const char *more = host[first] == '|' ? ", and more" : "";

	(void)r;
	if (recipient[0] == '\0')
		snprintf(scratch, CELL_CHARS, "%.*s%s", (int)first, host, more);
	else
		snprintf(
		        scratch, CELL_CHARS, "%.1200s (%.*s%s)", recipient, (int)first, host, more);
	return scratch;
}

/* An address proves little: what is not sure carries a question mark. */
SUMMARY_CELL(cell_country_shown)
{
	const char *confidence = row->text[ROW_COUNTRY_CONFIDENCE];
	bool sure = !strstr(confidence, "unproven") && !strstr(confidence, "none");

	(void)r;
	sentence_countries(row->text[ROW_COUNTRY], scratch);
	if (scratch[0] == '\0')
		return "?";
	if (!sure)
		append(scratch, "?");
	return scratch;
}

SUMMARY_CELL(cell_evidence_shown)
{
	char list[CATEGORY_WORDS_CHARS];
	bool part_unread = row->evidence == EVIDENCE_NONE &&
	                   (row->unread_bytes > 0 || row->outcome == OUTCOME_CANNOT_TELL);
	const char *words = row->bypassed && row->evidence == EVIDENCE_NOT_INSPECTABLE
	                            ? "not looked into"
	                            : evidence_words(row->evidence);

	(void)r;
	category_set_words(row->seen ? row->seen : row->declared, list);
	if (row->seen)
		snprintf(scratch, CELL_CHARS, "%s", list);
	else if (row->declared)
		snprintf(scratch, CELL_CHARS, "%s; %s: %s", words,
		        evidence_words(EVIDENCE_DECLARED), list);
	else
		snprintf(scratch, CELL_CHARS, "%s%s", words,
		        part_unread ? " in what we could read" : "");
	return scratch;
}

SUMMARY_CELL(cell_paper_shown)
{
	(void)r;
	(void)scratch;
	return row->flows == 0 ? "" : paper_words(row->paper);
}

SUMMARY_CELL(cell_verdict_shown)
{
	(void)r;
	(void)scratch;
	return outcome_words(row->outcome);
}

SUMMARY_CELL(cell_sent_shown)
{
	(void)r;
	sentence_bytes(row->bytes_out, scratch);
	return scratch;
}

SUMMARY_CELL(cell_flags_shown)
{
	(void)r;
	format_flags(row, ", ", scratch);
	return scratch;
}

const struct summary_column summary_columns[] = {
        {"schema", "Schema", cell_schema, 0},
        {"date", "Date", cell_date, 0},
        {"timezone", "Time zone", cell_timezone, 0},
        {"site", "Practice", cell_site, 0},
        {"program_id", "Program id", cell_program_id, 0},
        {"program_name", "Program name", NULL, ROW_PROGRAM_NAME},
        {"kind", "Kind", NULL, ROW_KIND},
        {"attribution", "How the program is known", NULL, ROW_ATTRIBUTION},
        {"dest_id", "Destination id", NULL, ROW_DEST_ID},
        {"recipient", "Registered recipient", NULL, ROW_RECIPIENT},
        {"dest_host", "Computer contacted", NULL, ROW_HOST},
        {"dest_ip_prefix", "Network contacted", NULL, ROW_PREFIX},
        {"first_hop_country", "Country of the first computer", NULL, ROW_COUNTRY},
        {"country_confidence", "How sure the country is", NULL, ROW_COUNTRY_CONFIDENCE},
        {"first_hop_org", "Network owner", NULL, ROW_ORGANISATION},
        {"protocol", "Protocol", NULL, ROW_PROTOCOL},
        {"tls_version", "TLS version", NULL, ROW_TLS_VERSION},
        {"computers", "Computers", cell_computers, 0},
        {"flows", "Conversations", cell_flows, 0},
        {"bytes_out", "Bytes out", cell_bytes_out, 0},
        {"bytes_in", "Bytes in", cell_bytes_in, 0},
        {"first_seen", "First seen (UTC)", cell_first_seen, 0},
        {"last_seen", "Last seen (UTC)", cell_last_seen, 0},
        {"evidence", "Evidence", cell_evidence, 0},
        {"data_categories", "Kinds of data", cell_categories, 0},
        {"paper", "Paper", cell_paper, 0},
        {"contract_id", "Agreement", NULL, ROW_CONTRACT},
        {"contract_end", "Agreement ends", NULL, ROW_CONTRACT_END},
        {"basis_id", "Basis", NULL, ROW_BASIS},
        {"verdict", "Verdict", cell_verdict, 0},
        {"top_flag", "First flag", cell_top_flag, 0},
        {"all_flags", "All flags", cell_all_flags, 0},
        {"max_severity", "Severity", cell_severity, 0},
        {"distinct_patients_est", "Patients, estimated", cell_patients, 0},
        {"new_today", "New", cell_new_today, 0},
        {"captured_seconds", "Seconds recorded", cell_captured, 0},
        {"capture_loss_pct", "Share not recorded, %", cell_loss, 0},
        {"host_log_coverage_pct", "Share with computer logs, %", cell_log_coverage, 0},
        {"register_sha256", "Register", cell_register, 0},
        {"rules_version", "Rules", cell_rules, 0},
        /* for people only; summary_csv_columns ends before this row */
        {"program_shown", "Program", cell_program_shown, 0},
        {"recipient_shown", "Recipient", cell_recipient_shown, 0},
        {"country_shown", "Country", cell_country_shown, 0},
        {"evidence_shown", "What was seen", cell_evidence_shown, 0},
        {"paper_shown", "Paper", cell_paper_shown, 0},
        {"verdict_shown", "Verdict", cell_verdict_shown, 0},
        {"sent_shown", "Sent", cell_sent_shown, 0},
        {"flags_shown", "Flags", cell_flags_shown, 0},
};

const size_t summary_csv_columns = 40;
const size_t summary_all_columns = ARRAY_LEN(summary_columns);

FLAG_CELL(flag_schema)
{
	(void)row;
	return number(REPORT_SCHEMA_VERSION, scratch);
}

FLAG_CELL(flag_hex)
{
	(void)scratch;
	return row->hex;
}

FLAG_CELL(flag_id_name)
{
	(void)scratch;
	return flag_name(row->id);
}

FLAG_CELL(flag_scope)
{
	(void)scratch;
	return flag_scope_name(row->scope);
}

FLAG_CELL(flag_severity)
{
	(void)scratch;
	return severity_name(row->severity);
}

FLAG_CELL(flag_sentence)
{
	(void)scratch;
	return row->sentence;
}

FLAG_CELL(flag_first_seen)
{
	time_rfc3339(row->first_ns, scratch);
	return scratch;
}

FLAG_CELL(flag_last_seen)
{
	time_rfc3339(row->last_ns, scratch);
	return scratch;
}

FLAG_CELL(flag_times)
{
	return number(row->times, scratch);
}

FLAG_CELL(flag_program_id)
{
	(void)scratch;
	return row->program_id;
}

FLAG_CELL(flag_categories)
{
	category_set_format(row->categories, scratch);
	return scratch;
}

FLAG_CELL(flag_register_says)
{
	(void)scratch;
	return row->register_says;
}

FLAG_CELL(flag_rule)
{
	(void)scratch;
	return row->rule;
}

FLAG_CELL(flag_would_clear)
{
	(void)scratch;
	return row->would_clear;
}

FLAG_CELL(flag_status)
{
	(void)scratch;
	return row->accepted ? "accepted" : "open";
}

FLAG_CELL(flag_decided_by)
{
	(void)scratch;
	return row->accepted_by;
}

FLAG_CELL(flag_decided_on)
{
	if (!row->accepted || row->accepted_from_day == REGISTRY_NO_DAY)
		return "";
	time_format_day(row->accepted_from_day, scratch);
	return scratch;
}

const struct flag_column flag_columns[] = {
        {"schema", flag_schema, 0},
        {"id", flag_hex, 0},
        {"flag", flag_id_name, 0},
        {"scope", flag_scope, 0},
        {"severity", flag_severity, 0},
        {"sentence", flag_sentence, 0},
        {"first_seen", flag_first_seen, 0},
        {"last_seen", flag_last_seen, 0},
        {"times", flag_times, 0},
        {"computer", NULL, ROW_COMPUTERS},
        {"program_id", flag_program_id, 0},
        {"program_name", NULL, ROW_PROGRAM_NAME},
        {"program_confidence", NULL, ROW_CONFIDENCE},
        {"dest_id", NULL, ROW_DEST_ID},
        {"recipient", NULL, ROW_RECIPIENT},
        {"country", NULL, ROW_COUNTRY},
        {"categories", flag_categories, 0},
        {"masks", NULL, ROW_MASKS},
        {"register_says", flag_register_says, 0},
        {"rule", flag_rule, 0},
        {"would_clear", flag_would_clear, 0},
        {"status", flag_status, 0},
        {"decided_by", flag_decided_by, 0},
        {"decided_on", flag_decided_on, 0},
};

const size_t flag_column_count = ARRAY_LEN(flag_columns);

const struct summary_column *summary_column(const char *name)
{
	for (size_t i = 0; i < summary_all_columns; i++)
		if (strcmp(summary_columns[i].name, name) == 0)
			return &summary_columns[i];
	return NULL;
}

const char *summary_cell(const struct summary_column *c, const struct report *r,
        const struct summary_row *row, char scratch[static CELL_CHARS])
{
	const char *text = c->cell ? c->cell(r, row, scratch) : row->text[c->text];

	return text ? text : "";
}

const char *flag_cell(
        const struct flag_column *c, const struct flag_row *row, char scratch[static CELL_CHARS])
{
	const char *text = c->cell ? c->cell(row, scratch) : row->text[c->text];

	return text ? text : "";
}
