/* finding: the names of tiers and classes, as the outputs and rules/identifiers.csv spell them. */
#include <string.h>

#include "detect/detect.h"

static const char *const tier_names[] = {[TIER_NONE] = "none",
        [TIER_REFERENCE] = "reference",
        [TIER_DIRECTORY] = "directory",
        [TIER_WEAK] = "weak",
        [TIER_MEDIUM] = "medium",
        [TIER_HIGH] = "high",
        [TIER_SEALED] = "sealed",
        [TIER_OPAQUE] = "opaque"};

static const char *const class_names[] = {[CLASS_PATIENT] = "patient",
        [CLASS_DIRECTORY] = "directory",
        [CLASS_REFERENCE] = "reference",
        [CLASS_CARRIER] = "carrier"};

static size_t index_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return count;
}

const char *tier_name(enum tier t)
{
	return (size_t)t < ARRAY_LEN(tier_names) ? tier_names[t] : "none";
}

const char *tier_words(enum tier t)
{
	static const char *const words[] = {[TIER_NONE] = "nothing",
	        [TIER_REFERENCE] = "a word of reference lists, about nobody",
	        [TIER_DIRECTORY] = "about a clinic or a clinician, not a patient",
	        [TIER_WEAK] = "a weak sign, which counts for nothing alone",
	        [TIER_MEDIUM] = "likely",
	        [TIER_HIGH] = "nearly certain",
	        [TIER_SEALED] = "sealed, so not opened",
	        [TIER_OPAQUE] = "closed to us"};

	return (size_t)t < ARRAY_LEN(words) ? words[t] : "";
}

bool tier_parse(const char *name, enum tier *ret)
{
	size_t i = index_of(tier_names, ARRAY_LEN(tier_names), name);

	if (i == ARRAY_LEN(tier_names))
		return false;
	*ret = (enum tier)i;
	return true;
}

const char *finding_class_name(enum finding_class c)
{
	return (size_t)c < ARRAY_LEN(class_names) ? class_names[c] : "carrier";
}

bool finding_class_parse(const char *name, enum finding_class *ret)
{
	size_t i = index_of(class_names, ARRAY_LEN(class_names), name);

	if (i == ARRAY_LEN(class_names))
		return false;
	*ret = (enum finding_class)i;
	return true;
}
