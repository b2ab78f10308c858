#include "detect/rules.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"
#include "detect/label.h"

/* Each form of a key is the end of the next longer one, unless that one was cut. */
static struct kind_set match_forms(
        const struct detect_rules *r, enum word_set set, const struct label_forms *forms)
{
	struct kind_set kinds = {{0}};

	for (size_t f = forms->count; f-- > 0;) {
		const struct span form = span_of(forms->text + forms->at[f], forms->len[f]);

		kinds = kind_set_join(kinds, word_index_find_start(r->index, set, form));
		if (f + 1 == forms->count || forms->len[f + 1] + 1 == LABEL_FORM_CHARS)
			kinds = kind_set_join(kinds, word_index_find_end(r->index, set, form));
	}
	return kinds;
}

static struct kind_set look_up(
        const struct detect_rules *r, enum label_kind label_kind, struct span label)
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
	return (struct kind_set){{0}};
}

/* A hit compares the label itself. */
static size_t cache_slot(enum label_kind label_kind, struct span label)
{
	return fnv_span(FNV_BASIS ^ (uint32_t)label_kind, label) % RULES_CACHE_LABELS;
}

struct kind_set rules_label(struct detect_rules *r, enum label_kind label_kind, struct span label)
{
	struct label_cache *slot;

	if (label_kind == LABEL_NONE || label.len == 0)
		return (struct kind_set){{0}};
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
	char text[WORD_BYTES_MAX];
	size_t len = strlen(family);
	struct kind_set kinds;

	if (len + 1 + name.len > sizeof(text))
		return RULES_NONE;
	memcpy(text, family, len);
	if (name.len > 0) {
		text[len++] = ':';
		memcpy(text + len, name.data, name.len);
		len += name.len;
	}
	kinds = word_index_find_start(r->index, WORD_CARRIER, span_of(text, len));
	for (uint8_t k = 0; kind_set_any(kinds) && k < r->kind_count; k++)
		if (kind_set_has(kinds, k))
			return k;
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
