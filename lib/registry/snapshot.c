#include "registry/snapshot.h"

#include <string.h>

#include "base/display.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "registry/cells.h"

#define SHOWN_CHARS DISPLAY_CHARS_MAX

static struct registry_place place_of(const struct sheet_cell *cell)
{
	return (struct registry_place){.file = cell->place.file, .line = cell->place.line};
}

/* A copy of a text as it may be shown; NULL without memory. */
static const char *text_of(struct registry *r, const struct sheet_cell *cell)
{
	char shown[SHOWN_CHARS];
	size_t len;
	char *copy;

	if (cell_is_none(cell) || cell->text[0] == '\0')
		return "";
	display_text(span_of_text(cell->text), shown, sizeof(shown));
	len = strlen(shown);
	copy = arena_alloc(&r->arena, len + 1, 1);
	if (copy)
		memcpy(copy, shown, len + 1);
	return copy;
}

static size_t count_items(const struct sheet_cell *cell)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	size_t count = 0;

	while (cell->text[0] != '\0' && list_next(&rest, &item))
		count++;
	return count;
}

size_t snapshot_program(const struct registry *r, struct span id)
{
	for (size_t i = 0; i < r->program_count; i++)
		if (span_equal_text(id, r->programs[i].id))
			return i;
	return SIZE_MAX;
}

/* For rows of a register that has errors the index may be missing; 0 keeps it in bounds, and such a
 * register is never used. */
static uint32_t program_index(const struct registry *r, struct span id)
{
	size_t index = snapshot_program(r, id);

	return index == SIZE_MAX ? 0 : (uint32_t)index;
}

static size_t add_nets(struct prefix *to, const struct sheet_cell *cell)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	size_t count = 0;

	while (cell->text[0] != '\0' && !cell_is_none(cell) && list_next(&rest, &item)) {
		char text[PREFIX_TEXT_CHARS] = "";

		if (item.len < sizeof(text) && item.len > 0)
			memcpy(text, item.data, item.len);
		if (prefix_parse(text, &to[count]))
			count++;
	}
	return count;
}

static int build_practice(struct registry *r, const struct sheet *s)
{
	struct registry_practice *p = &r->practice;
	const struct sheet_cell *inside, *guests, *voip;
	struct prefix *nets;

	*p = (struct registry_practice){.name = "",
	        .state = "",
	        .timezone = "",
	        .privacy_officer = "",
	        .capture_authorised_by = "",
	        .capture_authorised_day = REGISTRY_NO_DAY};
	if (s->row_count == 0)
		return STATUS_OK;
	p->name = text_of(r, sheet_cell(s, 0, PRACTICE_NAME));
	p->state = text_of(r, sheet_cell(s, 0, PRACTICE_STATE));
	p->timezone = text_of(r, sheet_cell(s, 0, PRACTICE_TIMEZONE));
	p->privacy_officer = text_of(r, sheet_cell(s, 0, PRACTICE_OFFICER));
	p->capture_authorised_by = text_of(r, sheet_cell(s, 0, PRACTICE_CAPTURE_BY));
	p->capture_authorised_day = cell_day(sheet_cell(s, 0, PRACTICE_CAPTURE_ON));
	inside = sheet_cell(s, 0, PRACTICE_INTERNAL_NETS);
	guests = sheet_cell(s, 0, PRACTICE_GUEST_NETS);
	voip = sheet_cell(s, 0, PRACTICE_VOIP_NETS);
	nets = arena_alloc(&r->arena, count_items(inside), sizeof(*nets));
	if (!nets)
		return STATUS_NO_MEMORY;
	p->internal_nets = nets;
	p->internal_net_count = add_nets(nets, inside);
	nets = arena_alloc(&r->arena, count_items(guests) + count_items(voip), sizeof(*nets));
	if (!nets || !p->name || !p->state || !p->timezone || !p->privacy_officer ||
	        !p->capture_authorised_by)
		return STATUS_NO_MEMORY;
	p->excluded_nets = nets;
	p->excluded_net_count = add_nets(nets, guests);
	p->excluded_net_count += add_nets(nets + p->excluded_net_count, voip);
	return STATUS_OK;
}

static const struct column *column_of(const struct sheet *s, size_t column)
{
	return &s->format->columns[column];
}

static enum yes_no answer(const struct sheet *s, size_t row, size_t column)
{
	int word = cell_word(column_of(s, column), sheet_cell(s, row, column), -1);

	return (enum yes_no)(word + 1);
}

static int build_programs(struct registry *r, const struct sheet *s)
{
	r->programs = arena_alloc(&r->arena, s->row_count, sizeof(*r->programs));
	if (!r->programs)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		struct registry_program *p = &r->programs[i];

		p->place = place_of(sheet_cell(s, i, PROGRAM_ID));
		p->id = text_of(r, sheet_cell(s, i, PROGRAM_ID));
		p->name = text_of(r, sheet_cell(s, i, PROGRAM_NAME));
		p->vendor = text_of(r, sheet_cell(s, i, PROGRAM_VENDOR));
		p->owner = text_of(r, sheet_cell(s, i, PROGRAM_OWNER));
		p->via_program = text_of(r, sheet_cell(s, i, PROGRAM_VIA));
		p->kind = (enum program_kind)cell_word(
		        column_of(s, PROGRAM_KIND), sheet_cell(s, i, PROGRAM_KIND), KIND_OTHER);
		p->status = (enum program_status)cell_word(column_of(s, PROGRAM_STATUS),
		        sheet_cell(s, i, PROGRAM_STATUS), PROGRAM_APPROVED);
		p->reads_clinical_db = answer(s, i, PROGRAM_READS_DB);
		if (!p->id || !p->name || !p->vendor || !p->owner || !p->via_program)
			return STATUS_NO_MEMORY;
		r->program_count++;
	}
	return STATUS_OK;
}

static int build_countries(
        struct registry *r, const struct sheet_cell *cell, struct registry_destination *d)
{
	struct span rest = span_of_text(cell->text);
	size_t count = count_items(cell);
	struct span item;
	const char **codes;

	d->any_country = strcmp(cell->text, "*") == 0;
	if (d->any_country || count == 0)
		return STATUS_OK;
	codes = arena_alloc(&r->arena, count, sizeof(*codes));
	if (!codes)
		return STATUS_NO_MEMORY;
	d->allowed_countries = codes;
	while (list_next(&rest, &item)) {
		char *code = arena_alloc(&r->arena, 3, 1);

		if (!code)
			return STATUS_NO_MEMORY;
		if (item.len == 2)
			memcpy(code, item.data, 2);
		codes[d->allowed_country_count++] = code;
	}
	return STATUS_OK;
}

static int build_destinations(struct registry *r, const struct sheet *s)
{
	r->destinations = arena_alloc(&r->arena, s->row_count, sizeof(*r->destinations));
	if (!r->destinations)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		struct registry_destination *d = &r->destinations[i];
		int status;

		d->place = place_of(sheet_cell(s, i, DEST_ID));
		d->id = text_of(r, sheet_cell(s, i, DEST_ID));
		d->recipient = text_of(r, sheet_cell(s, i, DEST_RECIPIENT));
		d->recipient_country = text_of(r, sheet_cell(s, i, DEST_COUNTRY));
		d->storage_country = text_of(r, sheet_cell(s, i, DEST_STORAGE_COUNTRY));
		d->program = program_index(r, span_of_text(sheet_cell(s, i, DEST_PROGRAM)->text));
		d->role = (enum destination_role)cell_word(
		        column_of(s, DEST_ROLE), sheet_cell(s, i, DEST_ROLE), ROLE_PROCESSOR);
		status = build_countries(r, sheet_cell(s, i, DEST_ALLOWED), d);
		if (status != STATUS_OK || !d->id || !d->recipient || !d->recipient_country ||
		        !d->storage_country)
			return STATUS_NO_MEMORY;
		r->destination_count++;
	}
	return STATUS_OK;
}

static int build_program_list(
        struct registry *r, const struct sheet_cell *cell, struct registry_contract *c)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	uint32_t *indexes = arena_alloc(&r->arena, count_items(cell), sizeof(*indexes));

	if (!indexes)
		return STATUS_NO_MEMORY;
	c->programs = indexes;
	while (cell->text[0] != '\0' && list_next(&rest, &item))
		indexes[c->program_count++] = program_index(r, item);
	return STATUS_OK;
}

static int build_contract(struct registry *r, const struct sheet *s, size_t i)
{
	struct registry_contract *c = &r->contracts[i];
	int status = build_program_list(r, sheet_cell(s, i, CONTRACT_PROGRAMS), c);

	c->place = place_of(sheet_cell(s, i, CONTRACT_ID));
	c->id = text_of(r, sheet_cell(s, i, CONTRACT_ID));
	c->recipient = text_of(r, sheet_cell(s, i, CONTRACT_RECIPIENT));
	c->purposes = text_of(r, sheet_cell(s, i, CONTRACT_PURPOSES));
	c->doc_ref = text_of(r, sheet_cell(s, i, CONTRACT_DOC_REF));
	c->type = (enum contract_type)cell_word(
	        column_of(s, CONTRACT_TYPE), sheet_cell(s, i, CONTRACT_TYPE), CONTRACT_NONE);
	c->start_day = cell_day(sheet_cell(s, i, CONTRACT_START));
	c->end_day = cell_day(sheet_cell(s, i, CONTRACT_END));
	c->review_day = cell_day(sheet_cell(s, i, CONTRACT_REVIEW));
	c->categories = cell_categories(sheet_cell(s, i, CONTRACT_CATEGORIES));
	c->deid_promised = strcmp(sheet_cell(s, i, CONTRACT_DEID)->text, "yes") == 0;
	if (status != STATUS_OK || !c->id || !c->recipient || !c->purposes || !c->doc_ref)
		return STATUS_NO_MEMORY;
	r->contract_count++;
	return STATUS_OK;
}

static int build_contracts(struct registry *r, const struct sheet *s)
{
	r->contracts = arena_alloc(&r->arena, s->row_count, sizeof(*r->contracts));
	if (!r->contracts)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		int status = build_contract(r, s, i);

		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static int build_basis(struct registry *r, const struct sheet *s)
{
	r->basis = arena_alloc(&r->arena, s->row_count, sizeof(*r->basis));
	if (!r->basis)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		struct registry_basis *b = &r->basis[i];

		b->place = place_of(sheet_cell(s, i, BASIS_ID));
		b->id = text_of(r, sheet_cell(s, i, BASIS_ID));
		b->recipient = text_of(r, sheet_cell(s, i, BASIS_RECIPIENT));
		b->purpose = text_of(r, sheet_cell(s, i, BASIS_PURPOSE));
		b->evidence_ref = text_of(r, sheet_cell(s, i, BASIS_EVIDENCE));
		b->program = program_index(r, span_of_text(sheet_cell(s, i, BASIS_PROGRAM)->text));
		b->categories = cell_categories(sheet_cell(s, i, BASIS_CATEGORIES));
		b->basis = (enum basis_kind)cell_word(
		        column_of(s, BASIS_BASIS), sheet_cell(s, i, BASIS_BASIS), BASIS_UNKNOWN);
		b->overseas = (enum overseas_basis)(cell_word(column_of(s, BASIS_OVERSEAS),
		                                            sheet_cell(s, i, BASIS_OVERSEAS), -1) +
		                                    1);
		b->from_day = cell_day(sheet_cell(s, i, BASIS_FROM));
		b->to_day = cell_day(sheet_cell(s, i, BASIS_TO));
		if (!b->id || !b->recipient || !b->purpose || !b->evidence_ref)
			return STATUS_NO_MEMORY;
		r->basis_count++;
	}
	return STATUS_OK;
}

/* The terms of all rows of a column, each with its row as owner. */
static int build_rules(struct registry *r, const struct sheet *s, size_t column,
        struct match_rule **ret_rules, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < s->row_count; i++)
		count += count_items(sheet_cell(s, i, column));
	*ret_rules = arena_alloc(&r->arena, count, sizeof(**ret_rules));
	if (!*ret_rules)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < s->row_count; i++) {
		const struct sheet_cell *cell = sheet_cell(s, i, column);
		struct span rest = span_of_text(cell->text);
		struct span item;

		while (cell->text[0] != '\0' && list_next(&rest, &item)) {
			struct match_rule *rule = &(*ret_rules)[*ret_count];
			const char *reason;

			if (match_rule_parse(item, rule, &reason) != STATUS_OK)
				continue;
			rule->owner = (uint32_t)i;
			(*ret_count)++;
		}
	}
	return STATUS_OK;
}

int snapshot_build(struct registry *r, const struct sheet sheets[static REGISTRY_FILES])
{
	int status = build_practice(r, &sheets[REGISTRY_PRACTICE]);

	if (status == STATUS_OK)
		status = build_programs(r, &sheets[REGISTRY_PROGRAMS]);
	if (status == STATUS_OK)
		status = build_destinations(r, &sheets[REGISTRY_DESTINATIONS]);
	if (status == STATUS_OK)
		status = build_contracts(r, &sheets[REGISTRY_CONTRACTS]);
	if (status == STATUS_OK)
		status = build_basis(r, &sheets[REGISTRY_BASIS]);
	if (status == STATUS_OK)
		status = build_rules(r, &sheets[REGISTRY_PROGRAMS], PROGRAM_MATCH_RULES,
		        &r->program_rules, &r->program_rule_count);
	if (status == STATUS_OK)
		status = build_rules(r, &sheets[REGISTRY_DESTINATIONS], DEST_MATCH,
		        &r->destination_rules, &r->destination_rule_count);
	return status;
}
