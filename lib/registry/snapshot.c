#include "registry/snapshot.h"

#include <string.h>

#include "base/status.h"
#include "registry/cells.h"
#include "registry/keys.h"
#include "registry/values.h"

static struct registry_place place_of(const struct sheet *s, const struct sheet_cell *cell)
{
	return (struct registry_place){
	        .file = cell->place.file, .form = s->form, .line = cell->place.line};
}

/* For rows of a register that has errors the index may be missing; 0 keeps it in bounds, and such a
 * register is never used. */
static uint32_t known_row(const struct keys *ids, struct span id)
{
	size_t row = keys_row(ids, id);

	return row == SIZE_MAX ? 0 : (uint32_t)row;
}

/* A reference that may be absent. */
static uint32_t optional_row(const struct keys *ids, const struct sheet_cell *cell)
{
	size_t row = keys_row(ids, span_of_text(cell->text));

	return row == SIZE_MAX ? REGISTRY_NO_ROW : (uint32_t)row;
}

static size_t add_nets(struct prefix *to, const struct sheet_cell *cell)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	size_t count = 0;

	if (value_count(cell) == 0)
		return 0;
	while (list_next(&rest, &item)) {
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
	        .state = STATE_NOT_RECORDED,
	        .timezone = "",
	        .privacy_officer = "",
	        .capture_authorised_by = "",
	        .capture_authorised_day = REGISTRY_NO_DAY,
	        .full_backup_mb = REGISTRY_NO_NUMBER};
	if (s->row_count == 0)
		return STATUS_OK;
	p->name = value_text(&r->arena, sheet_cell(s, 0, PRACTICE_NAME));
	p->state = (enum practice_state)value_word(s, 0, PRACTICE_STATE, STATE_NOT_RECORDED);
	p->timezone = value_text(&r->arena, sheet_cell(s, 0, PRACTICE_TIMEZONE));
	p->privacy_officer = value_text(&r->arena, sheet_cell(s, 0, PRACTICE_OFFICER));
	p->capture_authorised_by = value_text(&r->arena, sheet_cell(s, 0, PRACTICE_CAPTURE_BY));
	p->capture_authorised_day = cell_day(sheet_cell(s, 0, PRACTICE_CAPTURE_ON));
	p->full_backup_mb = value_number(sheet_cell(s, 0, PRACTICE_FULL_BACKUP_MB));
	inside = sheet_cell(s, 0, PRACTICE_INTERNAL_NETS);
	guests = sheet_cell(s, 0, PRACTICE_GUEST_NETS);
	voip = sheet_cell(s, 0, PRACTICE_VOIP_NETS);
	nets = arena_alloc(&r->arena, value_count(inside), sizeof(*nets));
	if (!nets || value_list(&r->arena, sheet_cell(s, 0, PRACTICE_POLICY_COUNTRIES),
	                     &p->policy_countries) != STATUS_OK)
		return STATUS_NO_MEMORY;
	p->internal_nets = nets;
	p->internal_net_count = add_nets(nets, inside);
	nets = arena_alloc(&r->arena, value_count(guests) + value_count(voip), sizeof(*nets));
	if (!nets || !p->name || !p->timezone || !p->privacy_officer || !p->capture_authorised_by)
		return STATUS_NO_MEMORY;
	p->excluded_nets = nets;
	p->excluded_net_count = add_nets(nets, guests);
	p->excluded_net_count += add_nets(nets + p->excluded_net_count, voip);
	return STATUS_OK;
}

static int build_program_lists(struct registry *r, const struct sheet *s, size_t i)
{
	struct registry_program *p = &r->programs[i];
	int status = value_list(
	        &r->arena, sheet_cell(s, i, PROGRAM_HOSTS_INSTALLED), &p->hosts_installed);

	if (status == STATUS_OK)
		status = value_list(
		        &r->arena, sheet_cell(s, i, PROGRAM_UPDATE_HOSTS), &p->update_hosts);
	if (status == STATUS_OK)
		status = value_list(
		        &r->arena, sheet_cell(s, i, PROGRAM_VERSIONS_KNOWN), &p->versions_known);
	return status;
}

static int build_program(
        struct registry *r, const struct sheet *s, size_t i, const struct keys *programs)
{
	struct registry_program *p = &r->programs[i];

	p->place = place_of(s, sheet_cell(s, i, PROGRAM_ID));
	p->id = value_text(&r->arena, sheet_cell(s, i, PROGRAM_ID));
	p->name = value_text(&r->arena, sheet_cell(s, i, PROGRAM_NAME));
	p->vendor = value_text(&r->arena, sheet_cell(s, i, PROGRAM_VENDOR));
	p->owner = value_text(&r->arena, sheet_cell(s, i, PROGRAM_OWNER));
	p->version_seen = value_text(&r->arena, sheet_cell(s, i, PROGRAM_VERSION_SEEN));
	p->min_supported = value_text(&r->arena, sheet_cell(s, i, PROGRAM_MIN_SUPPORTED));
	p->kind = (enum program_kind)value_word(s, i, PROGRAM_KIND, KIND_OTHER);
	p->status = (enum program_status)value_word(s, i, PROGRAM_STATUS, PROGRAM_APPROVED);
	p->via_program = optional_row(programs, sheet_cell(s, i, PROGRAM_VIA));
	p->reads_clinical_db = (enum yes_no)value_answer(s, i, PROGRAM_READS_DB);
	p->tga_device = (enum yes_no)value_answer(s, i, PROGRAM_TGA_DEVICE);
	p->adha_conformant = (enum conformance)value_answer(s, i, PROGRAM_ADHA_CONFORMANT);
	p->hours = value_hours(sheet_cell(s, i, PROGRAM_HOURS));
	p->support_window = value_hours(sheet_cell(s, i, PROGRAM_SUPPORT_WINDOW));
	p->max_mb_day = value_number(sheet_cell(s, i, PROGRAM_MAX_MB_DAY));
	p->cadence_days = value_number(sheet_cell(s, i, PROGRAM_CADENCE_DAYS));
	p->eos_day = cell_day(sheet_cell(s, i, PROGRAM_EOS_DATE));
	p->last_update_recorded_day = cell_day(sheet_cell(s, i, PROGRAM_LAST_UPDATE_RECORDED));
	if (!p->id || !p->name || !p->vendor || !p->owner || !p->version_seen || !p->min_supported)
		return STATUS_NO_MEMORY;
	return build_program_lists(r, s, i);
}

static int build_countries(
        struct registry *r, const struct sheet_cell *cell, struct registry_destination *d)
{
	struct span rest = span_of_text(cell->text);
	size_t count = value_count(cell);
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

static int build_destination(
        struct registry *r, const struct sheet *s, size_t i, const struct keys *programs)
{
	struct registry_destination *d = &r->destinations[i];
	int status = build_countries(r, sheet_cell(s, i, DEST_ALLOWED), d);

	if (status == STATUS_OK)
		status = value_list(
		        &r->arena, sheet_cell(s, i, DEST_SUBPROCESSORS), &d->subprocessors);
	d->place = place_of(s, sheet_cell(s, i, DEST_ID));
	d->id = value_text(&r->arena, sheet_cell(s, i, DEST_ID));
	d->recipient = value_text(&r->arena, sheet_cell(s, i, DEST_RECIPIENT));
	d->recipient_country = value_text(&r->arena, sheet_cell(s, i, DEST_COUNTRY));
	d->storage_country = value_text(&r->arena, sheet_cell(s, i, DEST_STORAGE_COUNTRY));
	d->storage_state = value_text(&r->arena, sheet_cell(s, i, DEST_STORAGE_STATE));
	d->program = known_row(programs, span_of_text(sheet_cell(s, i, DEST_PROGRAM)->text));
	d->role = (enum destination_role)value_word(s, i, DEST_ROLE, ROLE_PROCESSOR);
	d->overseas_access = (enum yes_no)value_answer(s, i, DEST_OVERSEAS_ACCESS);
	d->onward_allowed = (enum yes_no)value_answer(s, i, DEST_ONWARD_ALLOWED);
	d->min_tls = (enum tls_floor)value_word(s, i, DEST_MIN_TLS, TLS_FLOOR_1_2);
	if (!d->id || !d->recipient || !d->recipient_country || !d->storage_country ||
	        !d->storage_state)
		return STATUS_NO_MEMORY;
	return status;
}

static int build_program_list(struct registry *r, const struct sheet_cell *cell,
        const struct keys *programs, struct registry_contract *c)
{
	struct span rest = span_of_text(cell->text);
	struct span item;
	size_t count = value_count(cell);
	uint32_t *indexes = arena_alloc(&r->arena, count, sizeof(*indexes));

	if (!indexes)
		return STATUS_NO_MEMORY;
	c->programs = indexes;
	while (c->program_count < count && list_next(&rest, &item))
		indexes[c->program_count++] = known_row(programs, item);
	return STATUS_OK;
}

static int build_contract(
        struct registry *r, const struct sheet *s, size_t i, const struct keys *programs)
{
	struct registry_contract *c = &r->contracts[i];
	int status = build_program_list(r, sheet_cell(s, i, CONTRACT_PROGRAMS), programs, c);

	if (status == STATUS_OK)
		status = value_list(&r->arena, sheet_cell(s, i, CONTRACT_COUNTRIES), &c->countries);
	c->place = place_of(s, sheet_cell(s, i, CONTRACT_ID));
	c->id = value_text(&r->arena, sheet_cell(s, i, CONTRACT_ID));
	c->recipient = value_text(&r->arena, sheet_cell(s, i, CONTRACT_RECIPIENT));
	c->doc_ref = value_text(&r->arena, sheet_cell(s, i, CONTRACT_DOC_REF));
	c->type = (enum contract_type)value_word(s, i, CONTRACT_TYPE, CONTRACT_NONE);
	c->start_day = cell_day(sheet_cell(s, i, CONTRACT_START));
	c->end_day = cell_day(sheet_cell(s, i, CONTRACT_END));
	c->review_day = cell_day(sheet_cell(s, i, CONTRACT_REVIEW));
	c->categories = cell_categories(sheet_cell(s, i, CONTRACT_CATEGORIES));
	c->purposes = value_words(s, i, CONTRACT_PURPOSES);
	c->deid_promised = value_answer(s, i, CONTRACT_DEID) == ANSWER_YES;
	c->training_use = (enum training_use)value_answer(s, i, CONTRACT_TRAINING_USE);
	return status == STATUS_OK && c->id && c->recipient && c->doc_ref ? STATUS_OK
	                                                                  : STATUS_NO_MEMORY;
}

static int build_basis(
        struct registry *r, const struct sheet *s, size_t i, const struct keys *programs)
{
	struct registry_basis *b = &r->basis[i];

	b->place = place_of(s, sheet_cell(s, i, BASIS_ID));
	b->id = value_text(&r->arena, sheet_cell(s, i, BASIS_ID));
	b->recipient = value_text(&r->arena, sheet_cell(s, i, BASIS_RECIPIENT));
	b->evidence_ref = value_text(&r->arena, sheet_cell(s, i, BASIS_EVIDENCE));
	b->purpose = (enum purpose)value_word(s, i, BASIS_PURPOSE, PURPOSE_CARE);
	b->program = known_row(programs, span_of_text(sheet_cell(s, i, BASIS_PROGRAM)->text));
	b->categories = cell_categories(sheet_cell(s, i, BASIS_CATEGORIES));
	b->basis = (enum basis_kind)value_word(s, i, BASIS_BASIS, BASIS_UNKNOWN);
	b->overseas = (enum overseas_basis)value_answer(s, i, BASIS_OVERSEAS);
	b->from_day = cell_day(sheet_cell(s, i, BASIS_FROM));
	b->to_day = cell_day(sheet_cell(s, i, BASIS_TO));
	return b->id && b->recipient && b->evidence_ref ? STATUS_OK : STATUS_NO_MEMORY;
}

static int build_exception(struct registry *r, const struct sheet *s, size_t i,
        const struct keys *programs, const struct keys *destinations)
{
	struct registry_exception *e = &r->exceptions[i];

	e->place = place_of(s, sheet_cell(s, i, EXCEPTION_FLAG));
	e->flag = value_text(&r->arena, sheet_cell(s, i, EXCEPTION_FLAG));
	e->reason = value_text(&r->arena, sheet_cell(s, i, EXCEPTION_REASON));
	e->accepted_by = value_text(&r->arena, sheet_cell(s, i, EXCEPTION_ACCEPTED_BY));
	e->program = optional_row(programs, sheet_cell(s, i, EXCEPTION_PROGRAM));
	e->destination = optional_row(destinations, sheet_cell(s, i, EXCEPTION_DEST));
	e->from_day = cell_day(sheet_cell(s, i, EXCEPTION_FROM));
	e->until_day = cell_day(sheet_cell(s, i, EXCEPTION_UNTIL));
	return e->flag && e->reason && e->accepted_by ? STATUS_OK : STATUS_NO_MEMORY;
}

/* The terms of all rows of a column, each with its row as owner. */
static int build_rules(struct registry *r, const struct sheet *s, size_t column,
        struct match_rule **ret_rules, size_t *ret_count)
{
	size_t count = 0;

	for (size_t i = 0; i < s->row_count; i++)
		count += value_count(sheet_cell(s, i, column));
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

static int make_room(struct registry *r, const struct sheet sheets[static REGISTRY_FILES])
{
	r->program_count = sheets[REGISTRY_PROGRAMS].row_count;
	r->programs = arena_alloc(&r->arena, r->program_count, sizeof(*r->programs));
	r->destination_count = sheets[REGISTRY_DESTINATIONS].row_count;
	r->destinations = arena_alloc(&r->arena, r->destination_count, sizeof(*r->destinations));
	r->contract_count = sheets[REGISTRY_CONTRACTS].row_count;
	r->contracts = arena_alloc(&r->arena, r->contract_count, sizeof(*r->contracts));
	r->basis_count = sheets[REGISTRY_BASIS].row_count;
	r->basis = arena_alloc(&r->arena, r->basis_count, sizeof(*r->basis));
	r->exception_count = sheets[REGISTRY_EXCEPTIONS].row_count;
	r->exceptions = arena_alloc(&r->arena, r->exception_count, sizeof(*r->exceptions));
	return r->programs && r->destinations && r->contracts && r->basis && r->exceptions
	               ? STATUS_OK
	               : STATUS_NO_MEMORY;
}

static int build_rows(struct registry *r, const struct sheet sheets[static REGISTRY_FILES],
        const struct keys *programs, const struct keys *destinations)
{
	int status = make_room(r, sheets);

	for (size_t i = 0; status == STATUS_OK && i < r->program_count; i++)
		status = build_program(r, &sheets[REGISTRY_PROGRAMS], i, programs);
	for (size_t i = 0; status == STATUS_OK && i < r->destination_count; i++)
		status = build_destination(r, &sheets[REGISTRY_DESTINATIONS], i, programs);
	for (size_t i = 0; status == STATUS_OK && i < r->contract_count; i++)
		status = build_contract(r, &sheets[REGISTRY_CONTRACTS], i, programs);
	for (size_t i = 0; status == STATUS_OK && i < r->basis_count; i++)
		status = build_basis(r, &sheets[REGISTRY_BASIS], i, programs);
	for (size_t i = 0; status == STATUS_OK && i < r->exception_count; i++)
		status = build_exception(
		        r, &sheets[REGISTRY_EXCEPTIONS], i, programs, destinations);
	return status;
}

int snapshot_build(struct registry *r, const struct sheet sheets[static REGISTRY_FILES])
{
	struct keys programs = {.count = 0}, destinations = {.count = 0};
	int status = build_practice(r, &sheets[REGISTRY_PRACTICE]);

	if (status == STATUS_OK)
		status = keys_build(&programs, &sheets[REGISTRY_PROGRAMS], PROGRAM_ID);
	if (status == STATUS_OK)
		status = keys_build(&destinations, &sheets[REGISTRY_DESTINATIONS], DEST_ID);
	if (status == STATUS_OK)
		status = build_rows(r, sheets, &programs, &destinations);
	keys_free(&programs);
	keys_free(&destinations);
	if (status == STATUS_OK)
		status = build_rules(r, &sheets[REGISTRY_PROGRAMS], PROGRAM_MATCH_RULES,
		        &r->program_rules, &r->program_rule_count);
	if (status == STATUS_OK)
		status = build_rules(r, &sheets[REGISTRY_DESTINATIONS], DEST_MATCH,
		        &r->destination_rules, &r->destination_rule_count);
	return status;
}
