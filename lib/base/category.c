#include "base/category.h"

#include <stdio.h>
#include <string.h>

static const char *const names[CATEGORIES] = {
        [CATEGORY_CONTACT] = "contact",
        [CATEGORY_IDENTIFIERS] = "identifiers",
        [CATEGORY_APPOINTMENT] = "appointment",
        [CATEGORY_CLINICAL] = "clinical",
        [CATEGORY_MEDICATION] = "medication",
        [CATEGORY_RESULTS] = "results",
        [CATEGORY_LETTERS] = "letters",
        [CATEGORY_AUDIO] = "audio",
        [CATEGORY_IMAGES] = "images",
        [CATEGORY_BILLING] = "billing",
        [CATEGORY_MHR_DOC] = "mhr-doc",
        [CATEGORY_DEIDENTIFIED] = "deidentified",
        [CATEGORY_FULL_DB] = "full-db",
        [CATEGORY_CREDENTIALS] = "credentials",
        [CATEGORY_TELEMETRY] = "telemetry",
        [CATEGORY_UNKNOWN] = "unknown",
};

static const char *const words[CATEGORIES] = {
        [CATEGORY_CONTACT] = "names and contact details",
        [CATEGORY_IDENTIFIERS] = "patient identifiers",
        [CATEGORY_APPOINTMENT] = "appointments",
        [CATEGORY_CLINICAL] = "clinical notes",
        [CATEGORY_MEDICATION] = "medicines",
        [CATEGORY_RESULTS] = "test results",
        [CATEGORY_LETTERS] = "letters",
        [CATEGORY_AUDIO] = "sound recordings",
        [CATEGORY_IMAGES] = "images",
        [CATEGORY_BILLING] = "billing details",
        [CATEGORY_MHR_DOC] = "documents of the kind used in My Health Record",
        [CATEGORY_DEIDENTIFIED] = "de-identified data",
        [CATEGORY_FULL_DB] = "the whole database",
        [CATEGORY_CREDENTIALS] = "passwords or keys",
        [CATEGORY_TELEMETRY] = "details of how the program is used",
        [CATEGORY_UNKNOWN] = "data of unknown kind",
};

#define BIT(c) (UINT32_C(1) << (c))

const char *category_name(enum category c)
{
	return (unsigned)c < CATEGORIES ? names[c] : "unknown";
}

const char *category_words(enum category c)
{
	return words[(unsigned)c < CATEGORIES ? c : CATEGORY_UNKNOWN];
}

void category_set_words(category_set set, char ret[static CATEGORY_WORDS_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < CATEGORIES; i++)
		if (set & BIT(i))
			len += (size_t)snprintf(ret + len, CATEGORY_WORDS_CHARS - len, "%s%s",
			        len > 0 ? ", " : "", words[i]);
}

bool category_parse(const char *name, enum category *ret)
{
	for (unsigned i = 0; i < CATEGORIES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum category)i;
			return true;
		}
	}
	return false;
}

void category_set_format(category_set set, char ret[static CATEGORY_SET_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < CATEGORIES; i++) {
		size_t name_len = strlen(names[i]);

		if (!(set & BIT(i)) || len + name_len + 2 > CATEGORY_SET_CHARS)
			continue;
		if (len > 0)
			ret[len++] = '|';
		memcpy(ret + len, names[i], name_len + 1);
		len += name_len;
	}
}

category_set category_set_covers(category_set listed)
{
	const category_set documents = BIT(CATEGORY_CLINICAL) | BIT(CATEGORY_MEDICATION) |
	                               BIT(CATEGORY_RESULTS) | BIT(CATEGORY_LETTERS) |
	                               BIT(CATEGORY_MHR_DOC) | BIT(CATEGORY_IMAGES) |
	                               BIT(CATEGORY_BILLING);
	category_set covers = listed;

	if (listed & BIT(CATEGORY_FULL_DB))
		covers |= (BIT(CATEGORIES) - 1) &
		          ~(BIT(CATEGORY_CREDENTIALS) | BIT(CATEGORY_AUDIO));
	if (listed & documents)
		covers |= BIT(CATEGORY_IDENTIFIERS) | BIT(CATEGORY_CONTACT);
	if (listed & BIT(CATEGORY_APPOINTMENT))
		covers |= BIT(CATEGORY_CONTACT);
	return covers;
}
