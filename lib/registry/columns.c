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

/* The flags, as lib/verdict names them; a test compares the two. */
#define FLAG_WORDS                                                                                 \
	"register-problem capture-gap not-captured no-capture-authority unknown-program "          \
	"unknown-destination program-banned program-retired-active no-contract "                   \
	"contract-expired contract-not-started contract-ending review-overdue no-basis "           \
	"no-consent-record basis-expired purpose-not-covered category-not-covered "                \
	"deid-claim-contradicted identifier-in-metadata unencrypted weak-encryption "              \
	"bad-certificate not-inspectable sealed-message country-not-allowed "                      \
	"country-uncertain overseas-basis-missing country-not-in-privacy-policy "                  \
	"state-transfer-basis-missing mhr-gateway-unexpected mhr-like-document-offshore "          \
	"broker-many-recipients ai-service-unregistered consumer-cloud tracker "                   \
	"remote-access-tool hidden-dns tunnel opaque-unregistered test-host-live-data "            \
	"lan-port-at-border prescription-token image-document retired-recipient "                  \
	"volume-anomaly full-db-size schedule-anomaly first-seen expected-flow-missing "           \
	"exposed-computer unsupported-version no-updates-seen version-went-back "                  \
	"update-in-clear"

#define REQUIRED .required = true
#define NONE     .none = true

static const struct column practice[] = {
        [PRACTICE_NAME] = {"practice_name", REQUIRED, .type = CELL_TEXT,
                .means = "The name of the practice, as reports show it."},
        [PRACTICE_STATE] = {"state", REQUIRED, .type = CELL_WORD,
                .words = "NSW VIC QLD SA WA TAS ACT NT",
                .means = "The State or Territory whose rules on health records apply."},
        [PRACTICE_OFFICER] = {"privacy_officer", REQUIRED, .type = CELL_TEXT,
                .means = "Who answers for privacy in the practice."},
        [PRACTICE_INTERNAL_NETS] = {"internal_nets", REQUIRED, .type = CELL_NETS,
                .means = "The practice's own networks; what stays inside them does not leave."},
        [PRACTICE_GUEST_NETS] = {"guest_nets", NONE, .type = CELL_NETS,
                .means = "Networks for visitors, which are not looked into."},
        [PRACTICE_VOIP_NETS] = {"voip_nets", NONE, .type = CELL_NETS,
                .means = "Networks of the telephones, which are not looked into."},
        [PRACTICE_TIMEZONE] = {"timezone", REQUIRED, .type = CELL_ZONE,
                .means = "Where the practice stands, so that days and hours are its own."},
        [PRACTICE_CAPTURE_BY] = {"capture_authorised_by", .type = CELL_TEXT,
                .means = "Who allowed the recording; needed before anything is recorded."},
        [PRACTICE_CAPTURE_ON] = {"capture_authorised_on", .type = CELL_DATE,
                .means = "The day on which the recording was allowed."},
        [PRACTICE_STAFF_NOTICE_ON] = {"staff_notice_on", .type = CELL_DATE,
                .means = "The day on which staff were told of the recording."},
        [PRACTICE_INTERCEPTION_AUTHORISED_BY] = {"interception_authorised_by", .type = CELL_TEXT,
                .means = "Who allowed encrypted traffic to be opened."},
        [PRACTICE_INTERCEPTION_AUTHORISED_ON] = {"interception_authorised_on", .type = CELL_DATE,
                .means = "The day on which that was allowed."},
        [PRACTICE_INTERCEPTION_NOTICE_ON] = {"interception_notice_on", .type = CELL_DATE,
                .means = "The day on which people were told of it."},
        [PRACTICE_POLICY_REF] = {"policy_ref", .type = CELL_TEXT, .max = 200,
                .means = "Where the policy on third-party software is kept."},
        [PRACTICE_POLICY_DATE] = {"policy_date", .type = CELL_DATE,
                .means = "The date of that policy."},
        [PRACTICE_POLICY_APPROVED_BY] = {"policy_approved_by", .type = CELL_TEXT,
                .means = "Who approved that policy."},
        [PRACTICE_POLICY_COUNTRIES] = {"policy_countries", NONE, .type = CELL_COUNTRIES,
                .means = "The countries that the privacy policy names."},
        [PRACTICE_RETENTION_DAYS_SUMMARY] = {"retention_days_summary", .type = CELL_NUMBER,
                .min = 1, .max = 3650, .means = "For how many days summaries are kept."},
        [PRACTICE_RETENTION_DAYS_EVIDENCE] = {"retention_days_evidence", .type = CELL_NUMBER,
                .min = 0, .max = 3650, .means = "For how many days recorded evidence is kept."},
        [PRACTICE_FULL_BACKUP_MB] = {"full_backup_mb", .type = CELL_NUMBER, .min = 1,
                .max = 100000000,
                .means = "How many megabytes a full copy of the clinical database has when sent."},
};

static const struct column programs[] = {
        [PROGRAM_ID] = {"program_id", REQUIRED, .type = CELL_NEW_ID,
                .means = "A short name for the program; the other files use it."},
        [PROGRAM_NAME] = {"name", REQUIRED, .type = CELL_TEXT,
                .means = "The name by which staff know the program."},
        [PROGRAM_VENDOR] = {"vendor", REQUIRED, .type = CELL_TEXT, .means = "Who makes it."},
        [PROGRAM_KIND] = {"kind", REQUIRED, .type = CELL_WORD,
                .words = "pms admin extract booking eprescribe secure-msg recall-sms ai-scribe "
                         "backup remote claims mhr broker analytics imaging-path email "
                         "os-update other",
                .means = "What kind of program it is."},
        [PROGRAM_STATUS] = {"status", REQUIRED, .type = CELL_WORD,
                .words = "approved trial retired banned",
                .means = "Whether it may be used: retired means no longer used, banned means not "
                         "to be used."},
        [PROGRAM_OWNER] = {"owner", REQUIRED, .type = CELL_TEXT,
                .means = "The person or role in the practice who answers for it."},
        [PROGRAM_HOSTS_INSTALLED] = {"hosts_installed", NONE, .type = CELL_HOSTS,
                .means = "The computers on which it runs."},
        [PROGRAM_MATCH_RULES] = {"match_rules", .type = CELL_RULES,
                .means =
                        "How its traffic is known; may be empty only when the program is retired."},
        [PROGRAM_READS_DB] = {"reads_clinical_db", REQUIRED, .type = CELL_WORD,
                .words = YES_NO_UNKNOWN, .means = "Whether it reads the clinical database."},
        [PROGRAM_VIA] = {"via_program", NONE, .type = CELL_REFERENCE,
                .means = "The program_id of the broker that carries its traffic."},
        [PROGRAM_WRITES_BACK] = {"writes_back", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether it writes into the clinical database."},
        [PROGRAM_VERSION_SEEN] = {"version_seen", .type = CELL_TEXT,
                .means = "The version in use, as its maker calls it."},
        [PROGRAM_MIN_SUPPORTED] = {"min_supported", .type = CELL_TEXT,
                .means = "The oldest version that its maker still supports."},
        [PROGRAM_EOS_DATE] = {"eos_date", .type = CELL_DATE,
                .means = "The day on which the support of its maker ends."},
        [PROGRAM_UPDATE_OWNER] = {"update_owner", REQUIRED, .type = CELL_WORD,
                .words = "vendor-auto it-contractor practice unknown",
                .means = "Who keeps it up to date."},
        [PROGRAM_UPDATE_HOSTS] = {"update_hosts", NONE, .type = CELL_HOSTS,
                .means = "The hosts from which it takes its updates."},
        [PROGRAM_CADENCE_DAYS] = {"cadence_days", .type = CELL_NUMBER, .min = 1, .max = 730,
                .means = "After how many days at most an update is expected."},
        [PROGRAM_VERSIONS_KNOWN] = {"versions_known", .type = CELL_TEXTS,
                .means = "The maker's versions, the oldest first."},
        [PROGRAM_SUPPORT_URL] = {"support_url", NONE, .type = CELL_TEXT, .max = 200,
                .means = "Where its maker gives support."},
        [PROGRAM_UPDATE_METHOD] = {"update_method", .type = CELL_UPDATE_METHOD,
                .words = "auto notify manual", .means = "How updates arrive."},
        [PROGRAM_MAINTENANCE_WINDOW] = {"maintenance_window", NONE, .type = CELL_TEXT,
                .means = "When it may be updated."},
        [PROGRAM_TEST_BEFORE] = {"test_before", .type = CELL_WORD, .words = YES_NO,
                .means = "Whether updates are tried out before they are used."},
        [PROGRAM_DEPENDS_ON] = {"depends_on", NONE, .type = CELL_REFERENCES,
                .means = "The program_ids of programs that it needs."},
        [PROGRAM_LAST_UPDATE_RECORDED] = {"last_update_recorded", .type = CELL_DATE,
                .means = "The day of the last update that somebody wrote down."},
        [PROGRAM_CERTIFICATE_EXPIRY] = {"certificate_expiry", .type = CELL_DATE,
                .means = "The day on which its certificate ends."},
        [PROGRAM_DUE_DILIGENCE_DATE] = {"due_diligence_date", .type = CELL_DATE,
                .means = "The day on which its maker was last looked into."},
        [PROGRAM_PRIVACY_POLICY_URL] = {"privacy_policy_url", NONE, .type = CELL_TEXT, .max = 200,
                .means = "Where its maker's privacy policy is."},
        [PROGRAM_OPTOUT_METHOD] = {"optout_method", NONE, .type = CELL_TEXT, .max = 200,
                .means = "How a patient can say no."},
        [PROGRAM_SUPPORT_WINDOW] = {"support_window", NONE, .type = CELL_HOURS,
                .means = "The hours in which its maker may connect."},
        [PROGRAM_ROLLBACK] = {"rollback", .type = CELL_WORD,
                .words = "yes-tested yes-untested no unknown",
                .means = "Whether an update can be undone, and whether that was tried."},
        [PROGRAM_MAX_MB_DAY] = {"max_mb_day", .type = CELL_NUMBER, .min = 0, .max = 100000000,
                .means = "How many megabytes it should send in a day at most."},
        [PROGRAM_HOURS] = {"hours", NONE, .type = CELL_HOURS,
                .means = "The hours in which it should be busy."},
        [PROGRAM_ADHA_CONFORMANT] = {"adha_conformant", .type = CELL_WORD,
                .words = "yes no n/a unknown",
                .means = "Whether it meets the Digital Health Agency's security profile."},
        [PROGRAM_TGA_DEVICE] = {"tga_device", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether it is a medical device."},
};

static const struct column destinations[] = {
        [DEST_ID] = {"dest_id", REQUIRED, .type = CELL_NEW_ID,
                .means = "A short name for the place to which a program sends."},
        [DEST_PROGRAM] = {"program_id", REQUIRED, .type = CELL_REFERENCE,
                .means = "The program that sends there."},
        [DEST_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT,
                .means = "The legal name of who receives; write it the same way in every file."},
        [DEST_COUNTRY] = {"recipient_country", REQUIRED, .type = CELL_COUNTRY,
                .means = "The country of that firm or body."},
        [DEST_ROLE] = {"role", REQUIRED, .type = CELL_WORD,
                .words = "processor independent government broker cdn-only update-only",
                .means = "What the recipient is to the practice; cdn-only and update-only need no "
                         "contract."},
        [DEST_MATCH] = {"match", REQUIRED, .type = CELL_RULES,
                .means = "How traffic to this place is known."},
        [DEST_ALLOWED] = {"allowed_countries", REQUIRED, .type = CELL_ANY_COUNTRIES,
                .means = "The countries where the computer contacted may stand."},
        [DEST_STORAGE_COUNTRY] = {"storage_country", NONE, .type = CELL_COUNTRY,
                .means = "The country where the data is kept."},
        [DEST_STORAGE_STATE] = {"storage_state", NONE, .type = CELL_TEXT,
                .means = "The State where the data is kept."},
        [DEST_OVERSEAS_ACCESS] = {"overseas_access", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether people overseas can see the data."},
        [DEST_SUBPROCESSORS] = {"subprocessors", NONE, .type = CELL_TEXTS,
                .means = "Others who handle the data for the recipient."},
        [DEST_ONWARD_ALLOWED] = {"onward_allowed", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether the recipient may pass the data on."},
        [DEST_MIN_TLS] = {"min_tls", .type = CELL_WORD, .words = "1.2 1.3 none",
                .means = "The oldest version of encryption that will do; empty means 1.2."},
        [DEST_SOURCE] = {"source", .type = CELL_TEXT, .max = 200,
                .means = "Where you learnt this."},
        [DEST_CHECKED_ON] = {"checked_on", .type = CELL_DATE,
                .means = "The day on which you learnt it."},
};

static const struct column contracts[] = {
        [CONTRACT_ID] = {"contract_id", REQUIRED, .type = CELL_NEW_ID,
                .means = "A short name for the agreement."},
        [CONTRACT_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT,
                .means = "The other side of the agreement, as in destinations.csv."},
        [CONTRACT_PROGRAMS] = {"program_ids", REQUIRED, .type = CELL_REFERENCES,
                .means = "The programs that it covers."},
        [CONTRACT_TYPE] = {"type", REQUIRED, .type = CELL_WORD,
                .words = "agreement click-through data-sharing government-terms none",
                .means = "What kind of agreement it is; none records that there is none."},
        [CONTRACT_SIGNED] = {"signed", .type = CELL_DATE,
                .means = "The day on which it was signed."},
        [CONTRACT_START] = {"start", REQUIRED, .type = CELL_DATE,
                .means = "The first day on which it holds."},
        [CONTRACT_END] = {"end", .type = CELL_DATE,
                .means = "The last day on which it holds; when empty, fill in review_by."},
        [CONTRACT_REVIEW] = {"review_by", .type = CELL_DATE,
                .means = "The day by which it must be looked at again."},
        [CONTRACT_CATEGORIES] = {"categories", REQUIRED, .type = CELL_WORDS,
                .words = CATEGORY_WORDS, .means = "The kinds of data that it covers."},
        [CONTRACT_PURPOSES] = {"purposes", REQUIRED, .type = CELL_WORDS, .words = PURPOSE_WORDS,
                .means = "What the data may be used for."},
        [CONTRACT_COUNTRIES] = {"countries", REQUIRED, NONE, .type = CELL_COUNTRIES,
                .means = "The countries where the data may go."},
        [CONTRACT_DEID] = {"deid_promised", .type = CELL_WORD, .words = YES_NO,
                .means = "Whether it says that only de-identified data is sent."},
        [CONTRACT_BREACH_NOTICE_HOURS] = {"breach_notice_hours", .type = CELL_NUMBER, .min = 0,
                .max = 8760, .means = "Within how many hours they must tell you of a breach."},
        [CONTRACT_AUDIT_RIGHT] = {"audit_right", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether you may check on them."},
        [CONTRACT_SUBCONTRACTOR_TERMS] = {"subcontractor_terms", .type = CELL_WORD,
                .words = YES_NO_UNKNOWN, .means = "Whether it binds those who work for them."},
        [CONTRACT_RETURN_DELETE] = {"return_delete", .type = CELL_WORD, .words = YES_NO_UNKNOWN,
                .means = "Whether they must return or delete the data at the end."},
        [CONTRACT_TRAINING_USE] = {"training_use", .type = CELL_WORD,
                .words = "prohibited allowed silent",
                .means = "Whether they may train AI on the data."},
        [CONTRACT_DOC_REF] = {"doc_ref", REQUIRED, NONE, .type = CELL_TEXT, .max = 200,
                .means = "Where the document is kept, not what it says."},
};

static const struct column basis[] = {
        [BASIS_ID] = {"basis_id", REQUIRED, .type = CELL_NEW_ID,
                .means = "A short name for this reason."},
        [BASIS_PROGRAM] = {"program_id", REQUIRED, .type = CELL_REFERENCE,
                .means = "The program that sends."},
        [BASIS_RECIPIENT] = {"recipient", REQUIRED, .type = CELL_TEXT,
                .means = "Who receives, as in destinations.csv."},
        [BASIS_PURPOSE] = {"purpose", REQUIRED, .type = CELL_WORD, .words = PURPOSE_WORDS,
                .means = "What the data is used for."},
        [BASIS_CATEGORIES] = {"categories", REQUIRED, .type = CELL_WORDS, .words = CATEGORY_WORDS,
                .means = "The kinds of data for which this reason holds."},
        [BASIS_BASIS] = {"basis", REQUIRED, .type = CELL_WORD,
                .words = "primary-purpose directly-related-expected express-consent "
                         "consent-per-visit opt-out-notice deidentified "
                         "required-or-authorised-by-law research-s95A practice-internal-use "
                         "unknown",
                .means = "Why the data may be sent; unknown counts as no reason."},
        [BASIS_OVERSEAS] = {"overseas_basis", .type = CELL_WORD,
                .words = "none-needed reasonable-steps-contract similar-law "
                         "prescribed-country informed-consent-8.2b law unknown",
                .means = "Why the data may go overseas."},
        [BASIS_EVIDENCE] = {"evidence_ref", REQUIRED, NONE, .type = CELL_TEXT, .max = 200,
                .means = "The form or notice and its version; no names."},
        [BASIS_FROM] = {"from", REQUIRED, .type = CELL_DATE,
                .means = "The first day on which this reason holds."},
        [BASIS_TO] = {"to", .type = CELL_DATE, .means = "The last day on which it holds."},
        [BASIS_OPTOUT_METHOD] = {"optout_method", NONE, .type = CELL_TEXT, .max = 200,
                .means = "How a patient can say no."},
        [BASIS_APPROVED_BY] = {"approved_by", REQUIRED, .type = CELL_TEXT,
                .means = "Who in the practice approved this."},
};

static const struct column exceptions[] = {
        [EXCEPTION_FLAG] = {"flag", REQUIRED, .type = CELL_WORD, .words = FLAG_WORDS,
                .means = "The id of the flag that you have decided to live with."},
        [EXCEPTION_PROGRAM] = {"program_id", .type = CELL_REFERENCE,
                .means = "The program for which it holds; empty means all."},
        [EXCEPTION_DEST] = {"dest_id", .type = CELL_ID,
                .means = "The destination for which it holds; empty means all."},
        [EXCEPTION_REASON] = {"reason", .type = CELL_TEXT, .max = 200,
                .means = "Why you decided so."},
        [EXCEPTION_ACCEPTED_BY] = {"accepted_by", .type = CELL_TEXT, .means = "Who decided so."},
        [EXCEPTION_FROM] = {"from", .type = CELL_DATE, .means = "The first day on which it holds."},
        [EXCEPTION_UNTIL] = {"until", REQUIRED, .type = CELL_DATE,
                .means = "The last day on which it holds, at most twelve months later."},
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
