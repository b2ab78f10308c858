#include "detect/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "detect/label.h"

static bool word_fits(const struct word *w, const char *text, size_t len)
{
	if (len < w->len)
		return false;
	if (w->star_before && w->star_behind)
		return memmem(text, len, w->text, w->len) != NULL;
	if (w->star_before)
		return !memcmp(text + len - w->len, w->text, w->len);
	if (w->star_behind)
		return !memcmp(text, w->text, w->len);
	return len == w->len && !memcmp(text, w->text, len);
}

static kind_set match_forms(
        const struct detect_rules *r, enum word_set set, const struct label_forms *forms)
{
	kind_set kinds = 0;

	for (size_t i = 0; i < r->word_count; i++) {
		const struct word *w = &r->words[i];

		if (w->set != set)
			continue;
		for (size_t f = 0; f < forms->count; f++)
			if (word_fits(w, forms->text[f], forms->len[f]))
				kinds |= (kind_set)1 << w->kind;
	}
	return kinds;
}

static kind_set look_up(const struct detect_rules *r, enum label_kind label_kind, struct span label)
{
	struct label_forms forms;

	switch (label_kind) {
	case LABEL_HL7_FIELD:
	case LABEL_HL7_AUTHORITY:
		label_forms_of_path(label, &forms);
		return match_forms(r, WORD_HL7, &forms);
	case LABEL_FHIR_PATH:
		label_forms_of_path(label, &forms);
		return match_forms(r, WORD_FHIR, &forms);
	case LABEL_FHIR_SYSTEM:
	case LABEL_OID:
		label_forms_of_system(label, &forms);
		return match_forms(r, WORD_SYSTEM, &forms);
	case LABEL_KEY:
		label_forms_of_key(label, &forms);
		return match_forms(r, WORD_KEY, &forms);
	case LABEL_COLUMN:
		label_forms_of_column(label, &forms);
		return match_forms(r, WORD_KEY, &forms);
	case LABEL_NONE:
		break;
	}
	return 0;
}

/* FNV-1a: only spreads labels over the cache; a hit compares the label itself. */
static size_t cache_slot(enum label_kind label_kind, struct span label)
{
	uint32_t hash = 2166136261u ^ (uint32_t)label_kind;

	for (size_t i = 0; i < label.len; i++)
		hash = (hash ^ label.data[i]) * 16777619u;
	return hash % RULES_CACHE_LABELS;
}

kind_set rules_label(struct detect_rules *r, enum label_kind label_kind, struct span label)
{
	struct label_cache *slot;

	if (label_kind == LABEL_NONE || label.len == 0)
		return 0;
	if (label.len > RULES_CACHE_BYTES)
		return look_up(r, label_kind, label);
	slot = &r->cache[cache_slot(label_kind, label)];
	if (slot->len == label.len && slot->label_kind == (uint8_t)label_kind &&
	        !memcmp(slot->label, label.data, label.len))
		return slot->kinds;
	slot->kinds = look_up(r, label_kind, label);
	slot->label_kind = (uint8_t)label_kind;
	slot->len = (uint8_t)label.len;
	memcpy(slot->label, label.data, label.len);
	return slot->kinds;
}

uint8_t rules_carrier(const struct detect_rules *r, const char *family, struct span name)
{
	size_t family_len = strlen(family);
	size_t tail = name.len ? name.len + 1 : 0;

	for (size_t i = 0; i < r->word_count; i++) {
		const struct word *w = &r->words[i];

		if (w->set != WORD_CARRIER || w->len != family_len + tail ||
		        memcmp(w->text, family, family_len) != 0)
			continue;
		if (tail == 0 || (w->text[family_len] == ':' &&
		                         !memcmp(w->text + family_len + 1, name.data, name.len)))
			return w->kind;
	}
	return RULES_NONE;
}

int rules_tag(const struct detect_rules *r, uint8_t kind, const char *normal, uint64_t *ret)
{
	char text[DETECT_KIND_CHARS + DETECTOR_NORMAL_CHARS + 1];
	size_t name_len = strlen(r->kinds[kind].name), len = strlen(normal);
	int status;

	if (len == 0) {
		*ret = 0;
		return STATUS_OK;
	}
	memcpy(text, r->kinds[kind].name, name_len);
	text[name_len] = ':';
	memcpy(text + name_len + 1, normal, len);
	status = digest_tag(r->tag_key, span_of(text, name_len + 1 + len), ret);
	explicit_bzero(text, sizeof(text));
	return status;
}
