/* columns: what the five register files (and exceptions.csv) are made of, one row a column: its
 * name, whether it must be filled, what its cells may hold. Every check of form is driven by these
 * tables; rules/FORMAT.md explains them to the people who fill them. */
#ifndef EXEAT_REGISTRY_COLUMNS_H
#define EXEAT_REGISTRY_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "registry/registry.h"

#define COLUMNS_MAX 40 /* programs.csv, the widest, has 34 */

enum cell_type {
	CELL_ID,            /* [a-z0-9-]{2,32} */
	CELL_NEW_ID,        /* the same, and no other row has it */
	CELL_REFERENCE,     /* a program_id */
	CELL_REFERENCES,    /* list of them */
	CELL_TEXT,          /* at most `max` characters */
	CELL_TEXTS,         /* list of texts */
	CELL_DATE,          /* YYYY-MM-DD */
	CELL_WORD,          /* one of `words` */
	CELL_WORDS,         /* list of them */
	CELL_NUMBER,        /* whole, min to max */
	CELL_COUNTRY,       /* ISO 3166-1 alpha-2 */
	CELL_COUNTRIES,     /* list of them */
	CELL_ANY_COUNTRIES, /* list of them, or `*` */
	CELL_HOURS,         /* HH:MM-HH:MM */
	CELL_NETS,          /* list of CIDR prefixes */
	CELL_HOSTS,         /* list of addresses, MAC addresses or names of computers */
	CELL_RULES,         /* list of match rules */
	CELL_ZONE,          /* Australia/Sydney */
	CELL_UPDATE_METHOD  /* one of `words`, or bundled-with:<program_id> */
};

struct column {
	const char *name;
	bool required;
	bool none; /* the word `none` may stand for "recorded as none" */
	enum cell_type type;
	const char *words; /* allowed words, separated by single spaces, in the order of the enum */
	int min, max;      /* of a number; max of a text's length (0: TEXT_DEFAULT_MAX) */
	const char *means; /* one plain sentence for the guide */
};

struct file_format {
	const char *name; /* "programs.csv" */
	bool required;
	const struct column *columns;
	size_t column_count;
};

enum practice_key {
	PRACTICE_NAME,
	PRACTICE_STATE,
	PRACTICE_OFFICER,
	PRACTICE_INTERNAL_NETS,
	PRACTICE_GUEST_NETS,
	PRACTICE_VOIP_NETS,
	PRACTICE_TIMEZONE,
	PRACTICE_CAPTURE_BY,
	PRACTICE_CAPTURE_ON,
	PRACTICE_STAFF_NOTICE_ON,
	PRACTICE_INTERCEPTION_AUTHORISED_BY,
	PRACTICE_INTERCEPTION_AUTHORISED_ON,
	PRACTICE_INTERCEPTION_NOTICE_ON,
	PRACTICE_POLICY_REF,
	PRACTICE_POLICY_DATE,
	PRACTICE_POLICY_APPROVED_BY,
	PRACTICE_POLICY_COUNTRIES,
	PRACTICE_RETENTION_DAYS_SUMMARY,
	PRACTICE_RETENTION_DAYS_EVIDENCE,
	PRACTICE_FULL_BACKUP_MB
};

enum program_column {
	PROGRAM_ID,
	PROGRAM_NAME,
	PROGRAM_VENDOR,
	PROGRAM_KIND,
	PROGRAM_STATUS,
	PROGRAM_OWNER,
	PROGRAM_HOSTS_INSTALLED,
	PROGRAM_MATCH_RULES,
	PROGRAM_READS_DB,
	PROGRAM_VIA,
	PROGRAM_WRITES_BACK,
	PROGRAM_VERSION_SEEN,
	PROGRAM_MIN_SUPPORTED,
	PROGRAM_EOS_DATE,
	PROGRAM_UPDATE_OWNER,
	PROGRAM_UPDATE_HOSTS,
	PROGRAM_CADENCE_DAYS,
	PROGRAM_VERSIONS_KNOWN,
	PROGRAM_SUPPORT_URL,
	PROGRAM_UPDATE_METHOD,
	PROGRAM_MAINTENANCE_WINDOW,
	PROGRAM_TEST_BEFORE,
	PROGRAM_DEPENDS_ON,
	PROGRAM_LAST_UPDATE_RECORDED,
	PROGRAM_CERTIFICATE_EXPIRY,
	PROGRAM_DUE_DILIGENCE_DATE,
	PROGRAM_PRIVACY_POLICY_URL,
	PROGRAM_OPTOUT_METHOD,
	PROGRAM_SUPPORT_WINDOW,
	PROGRAM_ROLLBACK,
	PROGRAM_MAX_MB_DAY,
	PROGRAM_HOURS,
	PROGRAM_ADHA_CONFORMANT,
	PROGRAM_TGA_DEVICE
};

enum destination_column {
	DEST_ID,
	DEST_PROGRAM,
	DEST_RECIPIENT,
	DEST_COUNTRY,
	DEST_ROLE,
	DEST_MATCH,
	DEST_ALLOWED,
	DEST_STORAGE_COUNTRY,
	DEST_STORAGE_STATE,
	DEST_OVERSEAS_ACCESS,
	DEST_SUBPROCESSORS,
	DEST_ONWARD_ALLOWED,
	DEST_MIN_TLS,
	DEST_SOURCE,
	DEST_CHECKED_ON
};

enum contract_column {
	CONTRACT_ID,
	CONTRACT_RECIPIENT,
	CONTRACT_PROGRAMS,
	CONTRACT_TYPE,
	CONTRACT_SIGNED,
	CONTRACT_START,
	CONTRACT_END,
	CONTRACT_REVIEW,
	CONTRACT_CATEGORIES,
	CONTRACT_PURPOSES,
	CONTRACT_COUNTRIES,
	CONTRACT_DEID,
	CONTRACT_BREACH_NOTICE_HOURS,
	CONTRACT_AUDIT_RIGHT,
	CONTRACT_SUBCONTRACTOR_TERMS,
	CONTRACT_RETURN_DELETE,
	CONTRACT_TRAINING_USE,
	CONTRACT_DOC_REF
};

enum basis_column {
	BASIS_ID,
	BASIS_PROGRAM,
	BASIS_RECIPIENT,
	BASIS_PURPOSE,
	BASIS_CATEGORIES,
	BASIS_BASIS,
	BASIS_OVERSEAS,
	BASIS_EVIDENCE,
	BASIS_FROM,
	BASIS_TO,
	BASIS_OPTOUT_METHOD,
	BASIS_APPROVED_BY
};

enum exception_column {
	EXCEPTION_FLAG,
	EXCEPTION_PROGRAM,
	EXCEPTION_DEST,
	EXCEPTION_REASON,
	EXCEPTION_ACCEPTED_BY,
	EXCEPTION_FROM,
	EXCEPTION_UNTIL
};

const struct file_format *file_format(enum registry_file file);
/* The index of the word in a list of words; -1 when it is not there. */
int word_index(const char *words, const char *word) NONNULL(1, 2);
/* True when one character of the word was typed wrong, left out or put in, in letters of any size;
 * words of fewer than four characters are too short to tell. */
bool word_is_near(const char *word, const char *text) NONNULL(1, 2);
/* The nth word as text in ret; "" when there are fewer. */
void word_at(const char *words, size_t index, char *ret, size_t size) NONNULL(1, 3);

#endif
