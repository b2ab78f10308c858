/* words: what the register's closed lists mean, for sentences that people read. */
#include "registry/registry.h"

static const char *nth(const char *const *words, size_t count, unsigned index)
{
	return index < count ? words[index] : "not recorded";
}

const char *program_kind_words(enum program_kind kind)
{
	static const char *const words[PROGRAM_KINDS] = {
	        [KIND_PMS] = "the practice's own clinical software",
	        [KIND_ADMIN] = "accounts and office work",
	        [KIND_EXTRACT] = "takes data out of the clinical software",
	        [KIND_BOOKING] = "bookings",
	        [KIND_EPRESCRIBE] = "electronic prescriptions",
	        [KIND_SECURE_MSG] = "sealed messages between clinics",
	        [KIND_RECALL_SMS] = "recalls and text messages to patients",
	        [KIND_AI_SCRIBE] = "an AI that writes notes",
	        [KIND_BACKUP] = "backups",
	        [KIND_REMOTE] = "help and control from outside",
	        [KIND_CLAIMS] = "claims",
	        [KIND_MHR] = "My Health Record",
	        [KIND_BROKER] = "passes data on to several companies",
	        [KIND_ANALYTICS] = "figures about the practice",
	        [KIND_IMAGING_PATH] = "scans and pathology",
	        [KIND_EMAIL] = "mail",
	        [KIND_OS_UPDATE] = "updates of the system",
	        [KIND_OTHER] = "something else",
	};

	return nth(words, ARRAY_LEN(words), kind);
}

const char *program_status_words(enum program_status status)
{
	static const char *const words[] = {[PROGRAM_APPROVED] = "approved",
	        [PROGRAM_TRIAL] = "on trial",
	        [PROGRAM_RETIRED] = "no longer used",
	        [PROGRAM_BANNED] = "not to be used"};

	return nth(words, ARRAY_LEN(words), status);
}

const char *destination_role_words(enum destination_role role)
{
	static const char *const words[] = {
	        [ROLE_PROCESSOR] = "works with the data for the practice",
	        [ROLE_INDEPENDENT] = "uses the data on its own account",
	        [ROLE_GOVERNMENT] = "a government service",
	        [ROLE_BROKER] = "passes the data on to several companies",
	        [ROLE_CDN_ONLY] = "only delivers web pages and files",
	        [ROLE_UPDATE_ONLY] = "only hands out updates"};

	return nth(words, ARRAY_LEN(words), role);
}

const char *purpose_words(enum purpose purpose)
{
	static const char *const words[PURPOSES] = {[PURPOSE_CARE] = "care",
	        [PURPOSE_CARE_ADMIN] = "office work around care",
	        [PURPOSE_CLAIMS] = "claims",
	        [PURPOSE_LEGAL_DUTY] = "a duty by law",
	        [PURPOSE_QI_INTERNAL] = "better care in this practice",
	        [PURPOSE_QI_SHARED] = "better care together with others",
	        [PURPOSE_RESEARCH] = "research",
	        [PURPOSE_PLANNING] = "health planning",
	        [PURPOSE_MARKETING] = "marketing",
	        [PURPOSE_AI_TRAINING] = "training an AI",
	        [PURPOSE_SUPPORT] = "help with the software",
	        [PURPOSE_BACKUP] = "backups"};

	return nth(words, ARRAY_LEN(words), purpose);
}

const char *basis_words(enum basis_kind basis)
{
	static const char *const words[] = {[BASIS_PRIMARY_PURPOSE] = "what it was collected for",
	        [BASIS_DIRECTLY_RELATED] = "a use close to that, which patients expect",
	        [BASIS_EXPRESS_CONSENT] = "consent that patients gave",
	        [BASIS_CONSENT_PER_VISIT] = "consent at each visit",
	        [BASIS_OPT_OUT_NOTICE] = "a notice with a way to opt out",
	        [BASIS_DEIDENTIFIED] = "data being de-identified",
	        [BASIS_LAW] = "a law that asks for it or lets it happen",
	        [BASIS_RESEARCH] = "research under s 95A",
	        [BASIS_INTERNAL_USE] = "the practice's own use",
	        [BASIS_UNKNOWN] = "a reason that is not known"};

	return nth(words, ARRAY_LEN(words), basis);
}
