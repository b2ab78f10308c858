#include "verdict/verdict.h"

static const char *nth(const char *const *names, size_t count, unsigned index)
{
	return index < count && names[index] ? names[index] : "";
}

const char *flag_name(enum flag_id id)
{
	static const char *const names[FLAGS] = {
	        [FLAG_REGISTER_PROBLEM] = "register-problem",
	        [FLAG_CAPTURE_GAP] = "capture-gap",
	        [FLAG_NOT_CAPTURED] = "not-captured",
	        [FLAG_NO_CAPTURE_AUTHORITY] = "no-capture-authority",
	        [FLAG_UNKNOWN_PROGRAM] = "unknown-program",
	        [FLAG_UNKNOWN_DESTINATION] = "unknown-destination",
	        [FLAG_PROGRAM_BANNED] = "program-banned",
	        [FLAG_PROGRAM_RETIRED_ACTIVE] = "program-retired-active",
	        [FLAG_NO_CONTRACT] = "no-contract",
	        [FLAG_CONTRACT_EXPIRED] = "contract-expired",
	        [FLAG_CONTRACT_NOT_STARTED] = "contract-not-started",
	        [FLAG_CONTRACT_ENDING] = "contract-ending",
	        [FLAG_REVIEW_OVERDUE] = "review-overdue",
	        [FLAG_NO_BASIS] = "no-basis",
	        [FLAG_NO_CONSENT_RECORD] = "no-consent-record",
	        [FLAG_BASIS_EXPIRED] = "basis-expired",
	        [FLAG_PURPOSE_NOT_COVERED] = "purpose-not-covered",
	        [FLAG_CATEGORY_NOT_COVERED] = "category-not-covered",
	        [FLAG_DEID_CLAIM_CONTRADICTED] = "deid-claim-contradicted",
	        [FLAG_IDENTIFIER_IN_METADATA] = "identifier-in-metadata",
	        [FLAG_UNENCRYPTED] = "unencrypted",
	        [FLAG_WEAK_ENCRYPTION] = "weak-encryption",
	        [FLAG_BAD_CERTIFICATE] = "bad-certificate",
	        [FLAG_NOT_INSPECTABLE] = "not-inspectable",
	        [FLAG_SEALED_MESSAGE] = "sealed-message",
	        [FLAG_COUNTRY_NOT_ALLOWED] = "country-not-allowed",
	        [FLAG_COUNTRY_UNCERTAIN] = "country-uncertain",
	        [FLAG_OVERSEAS_BASIS_MISSING] = "overseas-basis-missing",
	        [FLAG_COUNTRY_NOT_IN_PRIVACY_POLICY] = "country-not-in-privacy-policy",
	        [FLAG_STATE_TRANSFER_BASIS_MISSING] = "state-transfer-basis-missing",
	        [FLAG_MHR_GATEWAY_UNEXPECTED] = "mhr-gateway-unexpected",
	        [FLAG_MHR_LIKE_DOCUMENT_OFFSHORE] = "mhr-like-document-offshore",
	        [FLAG_BROKER_MANY_RECIPIENTS] = "broker-many-recipients",
	        [FLAG_AI_SERVICE_UNREGISTERED] = "ai-service-unregistered",
	        [FLAG_CONSUMER_CLOUD] = "consumer-cloud",
	        [FLAG_TRACKER] = "tracker",
	        [FLAG_REMOTE_ACCESS_TOOL] = "remote-access-tool",
	        [FLAG_HIDDEN_DNS] = "hidden-dns",
	        [FLAG_TUNNEL] = "tunnel",
	        [FLAG_OPAQUE_UNREGISTERED] = "opaque-unregistered",
	        [FLAG_TEST_HOST_LIVE_DATA] = "test-host-live-data",
	        [FLAG_LAN_PORT_AT_BORDER] = "lan-port-at-border",
	        [FLAG_PRESCRIPTION_TOKEN] = "prescription-token",
	        [FLAG_IMAGE_DOCUMENT] = "image-document",
	        [FLAG_RETIRED_RECIPIENT] = "retired-recipient",
	        [FLAG_VOLUME_ANOMALY] = "volume-anomaly",
	        [FLAG_FULL_DB_SIZE] = "full-db-size",
	        [FLAG_SCHEDULE_ANOMALY] = "schedule-anomaly",
	        [FLAG_FIRST_SEEN] = "first-seen",
	        [FLAG_EXPECTED_FLOW_MISSING] = "expected-flow-missing",
	        [FLAG_EXPOSED_COMPUTER] = "exposed-computer",
	        [FLAG_UNSUPPORTED_VERSION] = "unsupported-version",
	        [FLAG_NO_UPDATES_SEEN] = "no-updates-seen",
	        [FLAG_VERSION_WENT_BACK] = "version-went-back",
	        [FLAG_UPDATE_IN_CLEAR] = "update-in-clear",
	};

	return nth(names, FLAGS, id);
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {"", "info", "low", "medium", "high", "urgent"};

	return nth(names, ARRAY_LEN(names), s);
}

const char *flag_scope_name(enum flag_scope s)
{
	static const char *const names[] = {"run", "computer", "program", "destination", "flow"};

	return nth(names, ARRAY_LEN(names), s);
}

const char *evidence_name(enum evidence e)
{
	static const char *const names[] = {
	        "none", "seen", "likely", "declared", "not-inspectable"};

	return nth(names, ARRAY_LEN(names), e);
}

const char *paper_name(enum paper p)
{
	static const char *const names[] = {
	        "", "covered", "gap", "expired", "absent", "unreadable"};

	return nth(names, ARRAY_LEN(names), p);
}

const char *evidence_words(enum evidence e)
{
	static const char *const words[] = {[EVIDENCE_NONE] = "nothing about patients",
	        [EVIDENCE_SEEN] = "something about patients",
	        [EVIDENCE_LIKELY] = "perhaps something about patients",
	        [EVIDENCE_DECLARED] = "expected",
	        [EVIDENCE_NOT_INSPECTABLE] = "could not look inside"};

	return nth(words, ARRAY_LEN(words), e);
}

const char *paper_words(enum paper p)
{
	static const char *const words[] = {[PAPER_NONE] = "",
	        [PAPER_COVERED] = "covered",
	        [PAPER_GAP] = "covered in part",
	        [PAPER_EXPIRED] = "ended",
	        [PAPER_ABSENT] = "none recorded",
	        [PAPER_UNREADABLE] = "not readable"};

	return nth(words, ARRAY_LEN(words), p);
}

const char *outcome_words(enum outcome o)
{
	static const char *const words[] = {[OUTCOME_NONE] = "",
	        [OUTCOME_COVERED] = "covered",
	        [OUTCOME_LOOK] = "look at it",
	        [OUTCOME_ACT] = "act today",
	        [OUTCOME_CANNOT_TELL] = "cannot tell"};

	return nth(words, ARRAY_LEN(words), o);
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[] = {"", "covered", "look", "act", "cannot-tell"};

	return nth(names, ARRAY_LEN(names), o);
}
