#include "registry/columns.h"

#include <stdio.h>
#include <string.h>

#define YES_NO         "yes no"
#define YES_NO_UNKNOWN "yes no unknown"
#define CATEGORY_WORDS                                                                             \
	"contact identifiers appointment clinical medication results letters audio images "        \
	"billing mhr-doc deidentified full-db credentials telemetry unknown"
#define PURPOSE_WORDS                                                                              \
	"care care-admin claims legal-duty qi-internal qi-shared research planning marketing "     \
	"ai-training support backup"

#define REQUIRED .required = true
#define NONE     .none = true

static const struct column practice[] = {
        [PRACTICE_NAME] = {"practice_name", REQUIRED, .type = CELL_TEXT},
        [PRACTICE_STATE] = {"state", REQUIRED, .type = CELL_WORD,
                .words = "NSW VIC QLD SA WA TAS ACT NT"},
        [PRACTICE_OFFICER] = {"privacy_officer", REQUIRED, .type = CELL_TEXT},
        [PRACTICE_INTERNAL_NETS] = {"internal_nets", REQUIRED, .type = CELL_NETS},
        [PRACTICE_GUEST_NETS] = {"guest_nets", NONE, .type = CELL_NETS},
        [PRACTICE_VOIP_NETS] = {"voip_nets", NONE, .type = CELL_NETS},
        [PRACTICE_TIMEZONE] = {"timezone", REQUIRED, .type = CELL_ZONE},
        [PRACTICE_CAPTURE_BY] = {"capture_authorised_by", .type = CELL_TEXT},
        [PRACTICE_CAPTURE_ON] = {"capture_authorised_on", .type = CELL_DATE},
        [PRACTICE_STAFF_NOTICE_ON] = {"staff_notice_on", .type = CELL_DATE},
        [PRACTICE_INTERCEPTION_AUTHORISED_BY] = {"interception_authorised_by", .type = CELL_TEXT},
        [PRACTICE_INTERCEPTION_AUTHORISED_ON] = {"interception_authorised_on", .type = CELL_DATE},
        [PRACTICE_INTERCEPTION_NOTICE_ON] = {"interception_notice_on", .type = CELL_DATE},
        [PRACTICE_POLICY_REF] = {"policy_ref", .type = CELL_TEXT, .max = 200},
        [PRACTICE_POLICY_DATE] = {"policy_date", .type = CELL_DATE},
        [PRACTICE_POLICY_APPROVED_BY] = {"policy_approved_by", .type = CELL_TEXT},
        [PRACTICE_POLICY_COUNTRIES] = {"policy_countries", NONE, .type = CELL_COUNTRIES},
        [PRACTICE_RETENTION_DAYS_SUMMARY] = {"retention_days_summary", .type = CELL_NUMBER,
                .min = 1, .max = 3650},
        [PRACTICE_RETENTION_DAYS_EVIDENCE] = {"retention_days_evidence", .type = CELL_NUMBER,
                .min = 0, .max = 3650},
        [PRACTICE_FULL_BACKUP_MB] = {"full_backup_mb", .type = CELL_NUMBER, .min = 1,
                .max = 100000000},
};

static const struct column programs[] = {
        [PROGRAM_ID] = {"program_id", REQUIRED, .type = CELL_NEW_ID},
        [PROGRAM_NAME] = {"name", REQUIRED, .type = CELL_TEXT},
        [PROGRAM_VENDOR] = {"vendor", REQUIRED, .type = CELL_TEXT},
        [PROGRAM_KIND] = {"kind", REQUIRED, .type = CELL_WORD,
                .words = "pms admin extract booking eprescribe secure-msg recall-sms ai-scribe "
                         "backup remote claims mhr broker analytics imaging-path email "
                         "os-update other"},
        [PROGRAM_STATUS] = {"status", REQUIRED, .type = CELL_WORD,
                .words = "approved trial retired banned"},
        [PROGRAM_OWNER] = {"owner", REQUIRED, .type = CELL_TEXT},
        [PROGRAM_HOSTS_INSTALLED] = {"hosts_installed", NONE, .type = CELL_HOSTS},
        [PROGRAM_MATCH_RULES] = {"match_rules", .type = CELL_RULES},
        [PROGRAM_READS_DB] = {"reads_clinical_db", REQUIRED, .type = CELL_WORD,
                .words = YES_NO_UNKNOWN},
        [PROGRAM_VIA] = {"via_program", NONE, .type = CELL_REFERENCE},
        [PROGRAM_WRITES_BACK] = {"writes_back", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
        [PROGRAM_VERSION_SEEN] = {"version_seen", .type = CELL_TEXT},
        [PROGRAM_MIN_SUPPORTED] = {"min_supported", .type = CELL_TEXT},
        [PROGRAM_EOS_DATE] = {"eos_date", .type = CELL_DATE},
        [PROGRAM_UPDATE_OWNER] = {"update_owner", REQUIRED, .type = CELL_WORD,
                .words = "vendor-auto it-contractor practice unknown"},
        [PROGRAM_UPDATE_HOSTS] = {"update_hosts", NONE, .type = CELL_HOSTS},
        [PROGRAM_CADENCE_DAYS] = {"cadence_days", .type = CELL_NUMBER, .min = 1, .max = 730},
        [PROGRAM_VERSIONS_KNOWN] = {"versions_known", .type = CELL_TEXTS},
        [PROGRAM_SUPPORT_URL] = {"support_url", NONE, .type = CELL_TEXT, .max = 200},
        [PROGRAM_UPDATE_METHOD] = {"update_method", .type = CELL_UPDATE_METHOD,
                .words = "auto notify manual"},
        [PROGRAM_MAINTENANCE_WINDOW] = {"maintenance_window", NONE, .type = CELL_TEXT},
        [PROGRAM_TEST_BEFORE] = {"test_before", .type = CELL_WORD, .words = YES_NO},
        [PROGRAM_DEPENDS_ON] = {"depends_on", NONE, .type = CELL_REFERENCES},
        [PROGRAM_LAST_UPDATE_RECORDED] = {"last_update_recorded", .type = CELL_DATE},
        [PROGRAM_CERTIFICATE_EXPIRY] = {"certificate_expiry", .type = CELL_DATE},
        [PROGRAM_DUE_DILIGENCE_DATE] = {"due_diligence_date", .type = CELL_DATE},
        [PROGRAM_PRIVACY_POLICY_URL] = {"privacy_policy_url", NONE, .type = CELL_TEXT, .max = 200},
        [PROGRAM_OPTOUT_METHOD] = {"optout_method", NONE, .type = CELL_TEXT, .max = 200},
        [PROGRAM_SUPPORT_WINDOW] = {"support_window", NONE, .type = CELL_HOURS},
        [PROGRAM_ROLLBACK] = {"rollback", .type = CELL_WORD,
                .words = "yes-tested yes-untested no unknown"},
        [PROGRAM_MAX_MB_DAY] = {"max_mb_day", .type = CELL_NUMBER, .min = 0, .max = 100000000},
        [PROGRAM_HOURS] = {"hours", NONE, .type = CELL_HOURS},
        [PROGRAM_ADHA_CONFORMANT] = {"adha_conformant", .type = CELL_WORD,
                .words = "yes no n/a unknown"},
        [PROGRAM_TGA_DEVICE] = {"tga_device", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
};

static const struct column destinations[] = {
        [DEST_ID] = {"dest_id", REQUIRED, .type = CELL_NEW_ID},
        [DEST_PROGRAM] = {"program_id", REQUIRED, .type = CELL_REFERENCE},
        [DEST_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT},
        [DEST_COUNTRY] = {"recipient_country", REQUIRED, .type = CELL_COUNTRY},
        [DEST_ROLE] = {"role", REQUIRED, .type = CELL_WORD,
                .words = "processor independent government broker cdn-only update-only"},
        [DEST_MATCH] = {"match", REQUIRED, .type = CELL_RULES},
        [DEST_ALLOWED] = {"allowed_countries", REQUIRED, .type = CELL_ANY_COUNTRIES},
        [DEST_STORAGE_COUNTRY] = {"storage_country", NONE, .type = CELL_COUNTRY},
        [DEST_STORAGE_STATE] = {"storage_state", NONE, .type = CELL_TEXT},
        [DEST_OVERSEAS_ACCESS] = {"overseas_access", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
        [DEST_SUBPROCESSORS] = {"subprocessors", NONE, .type = CELL_TEXTS},
        [DEST_ONWARD_ALLOWED] = {"onward_allowed", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
        [DEST_MIN_TLS] = {"min_tls", .type = CELL_WORD, .words = "1.2 1.3 none"},
        [DEST_SOURCE] = {"source", .type = CELL_TEXT, .max = 200},
        [DEST_CHECKED_ON] = {"checked_on", .type = CELL_DATE},
};

static const struct column contracts[] = {
        [CONTRACT_ID] = {"contract_id", REQUIRED, .type = CELL_NEW_ID},
        [CONTRACT_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT},
        [CONTRACT_PROGRAMS] = {"program_ids", REQUIRED, .type = CELL_REFERENCES},
        [CONTRACT_TYPE] = {"type", REQUIRED, .type = CELL_WORD,
                .words = "agreement click-through data-sharing government-terms none"},
        [CONTRACT_SIGNED] = {"signed", .type = CELL_DATE},
        [CONTRACT_START] = {"start", REQUIRED, .type = CELL_DATE},
        [CONTRACT_END] = {"end", .type = CELL_DATE},
        [CONTRACT_REVIEW] = {"review_by", .type = CELL_DATE},
        [CONTRACT_CATEGORIES] = {"categories", REQUIRED, .type = CELL_WORDS,
                .words = CATEGORY_WORDS},
        [CONTRACT_PURPOSES] = {"purposes", REQUIRED, .type = CELL_WORDS, .words = PURPOSE_WORDS},
        [CONTRACT_COUNTRIES] = {"countries", REQUIRED, NONE, .type = CELL_COUNTRIES},
        [CONTRACT_DEID] = {"deid_promised", .type = CELL_WORD, .words = YES_NO},
        [CONTRACT_BREACH_NOTICE_HOURS] = {"breach_notice_hours", .type = CELL_NUMBER, .min = 0,
                .max = 8760},
        [CONTRACT_AUDIT_RIGHT] = {"audit_right", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
        [CONTRACT_SUBCONTRACTOR_TERMS] = {"subcontractor_terms", .type = CELL_WORD,
                .words = YES_NO_UNKNOWN},
        [CONTRACT_RETURN_DELETE] = {"return_delete", .type = CELL_WORD, .words = YES_NO_UNKNOWN},
        [CONTRACT_TRAINING_USE] = {"training_use", .type = CELL_WORD,
                .words = "prohibited allowed silent"},
        [CONTRACT_DOC_REF] = {"doc_ref", REQUIRED, NONE, .type = CELL_TEXT, .max = 200},
};

static const struct column basis[] = {
        [BASIS_ID] = {"basis_id", REQUIRED, .type = CELL_NEW_ID},
        [BASIS_PROGRAM] = {"program_id", REQUIRED, .type = CELL_REFERENCE},
        [BASIS_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT},
        [BASIS_PURPOSE] = {"purpose", REQUIRED, .type = CELL_WORD, .words = PURPOSE_WORDS},
        [BASIS_CATEGORIES] = {"categories", REQUIRED, .type = CELL_WORDS, .words = CATEGORY_WORDS},
        [BASIS_BASIS] = {"basis", REQUIRED, .type = CELL_WORD,
                .words = "primary-purpose directly-related-expected express-consent "
                         "consent-per-visit opt-out-notice deidentified "
                         "required-or-authorised-by-law research-s95A practice-internal-use "
                         "unknown"},
        [BASIS_OVERSEAS] = {"overseas_basis", .type = CELL_WORD,
                .words = "none-needed reasonable-steps-contract similar-law "
                         "prescribed-country informed-consent-8.2b law unknown"},
        [BASIS_EVIDENCE] = {"evidence_ref", REQUIRED, NONE, .type = CELL_TEXT, .max = 200},
        [BASIS_FROM] = {"from", REQUIRED, .type = CELL_DATE},
        [BASIS_TO] = {"to", .type = CELL_DATE},
        [BASIS_OPTOUT_METHOD] = {"optout_method", NONE, .type = CELL_TEXT, .max = 200},
        [BASIS_APPROVED_BY] = {"approved_by", REQUIRED, .type = CELL_TEXT},
};

static const struct column exceptions[] = {
        [EXCEPTION_FLAG] = {"flag", REQUIRED, .type = CELL_ID},
        [EXCEPTION_PROGRAM] = {"program_id", .type = CELL_REFERENCE},
        [EXCEPTION_DEST] = {"dest_id", .type = CELL_ID},
        [EXCEPTION_REASON] = {"reason", .type = CELL_TEXT, .max = 200},
        [EXCEPTION_ACCEPTED_BY] = {"accepted_by", .type = CELL_TEXT},
        [EXCEPTION_FROM] = {"from", .type = CELL_DATE},
        [EXCEPTION_UNTIL] = {"until", REQUIRED, .type = CELL_DATE},
};

static const struct file_format formats[REGISTRY_FILES] = {
        [REGISTRY_PRACTICE] = {"practice.csv", true, practice, ARRAY_LEN(practice)},
        [REGISTRY_PROGRAMS] = {"programs.csv", true, programs, ARRAY_LEN(programs)},
        [REGISTRY_DESTINATIONS] = {"destinations.csv", true, destinations, ARRAY_LEN(destinations)},
        [REGISTRY_CONTRACTS] = {"contracts.csv", true, contracts, ARRAY_LEN(contracts)},
        [REGISTRY_BASIS] = {"basis.csv", true, basis, ARRAY_LEN(basis)},
        [REGISTRY_EXCEPTIONS] = {"exceptions.csv", false, exceptions, ARRAY_LEN(exceptions)},
};

const struct file_format *file_format(enum registry_file file)
{
	return &formats[file];
}

/* The next word of the list, and the list moved past it; empty at the end. */
static struct span next_word(struct span *words)
{
	size_t space = span_find_byte(*words, ' ');
	struct span word = span_slice(*words, 0, space);

	*words = span_slice(*words, space == SIZE_MAX ? words->len : space + 1, words->len);
	return word;
}

int word_index(const char *words, const char *word)
{
	struct span rest = span_of_text(words);

	for (int i = 0; rest.len > 0; i++)
		if (span_equal_text(next_word(&rest), word))
			return i;
	return -1;
}

bool word_is_near(const char *word, const char *text)
{
	size_t len = strlen(word), text_len = strlen(text), same = 0, same_end = 0;

	if (len < 4 || text_len + 1 < len || text_len > len + 1)
		return false;
	while (same < len && same < text_len && (word[same] | 0x20) == (text[same] | 0x20))
		same++;
	while (same_end < len - same && same_end < text_len - same &&
	        (word[len - 1 - same_end] | 0x20) == (text[text_len - 1 - same_end] | 0x20))
		same_end++;
	return same + same_end + 1 >= (len > text_len ? len : text_len);
}

void word_at(const char *words, size_t index, char *ret, size_t size)
{
	struct span rest = span_of_text(words);
	struct span word = next_word(&rest);

	while (index-- > 0)
		word = next_word(&rest);
	snprintf(ret, size, "%.*s", (int)word.len, word.len > 0 ? (const char *)word.data : "");
}
