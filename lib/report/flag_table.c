/* flag_table: one row per flag and subject. What a flag's scope leaves out of its subject is not in
 * the key: a flag about a program is one row, however many computers run it. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/digest.h"
#include "base/status.h"
#include "report/history.h"
#include "report/rows.h"

#define SEPARATOR "\x1f" /* the unit separator: no cleaned text holds it */

static struct row_key key_of(const struct flag_row *row)
{
	return (struct row_key){{(uintptr_t)row->id, (uintptr_t)row->scope,
	        (uintptr_t)row->program_id, (uintptr_t)row->destination, (uintptr_t)row->computer}};
}

static int make_hex(struct flag_row *row)
{
	const char *parts[] = {flag_name(row->id), flag_scope_name(row->scope), row->program_id,
	        row->destination, row->computer};
	char hex[DIGEST_HEX_CHARS];
	struct digest *d = NULL;
	int status = digest_new(&d);

	for (size_t i = 0; status == STATUS_OK && i < ARRAY_LEN(parts); i++) {
		if (i > 0)
			status = digest_update(d, span_of_text(SEPARATOR));
		if (status == STATUS_OK)
			status = digest_update(d, span_of_text(parts[i]));
	}
	if (status == STATUS_OK)
		status = digest_hex(d, hex);
	digest_free(d);
	if (status == STATUS_OK)
		snprintf(row->hex, sizeof(row->hex), "%.10s", hex);
	return status;
}

/* Borrows the flag's words. */
static void set_words(struct flag_row *row, const struct flag *flag)
{
	const struct registry_exception *accepted = flag->accepted;

	row->severity = flag->severity;
	row->accepted = accepted != NULL;
	row->accepted_by = accepted ? accepted->accepted_by : "";
	row->accepted_from_day = accepted ? accepted->from_day : REGISTRY_NO_DAY;
	row->accepted_until_day = accepted ? accepted->until_day : REGISTRY_NO_DAY;
	row->sentence = flag->sentence;
	row->register_says = flag->register_says;
	row->would_clear = flag->would_clear;
	row->rule = flag->rule;
}

/* Of a row that stays: its words are kept from here on. Most flags say what an earlier one has
 * said, and their words need not be looked for. */
static int keep_words(struct report *r, struct flag_row *row)
{
	row->accepted_by = text_pool_add(r->pool, row->accepted_by);
	row->sentence = text_pool_add(r->pool, row->sentence);
	row->register_says = text_pool_add(r->pool, row->register_says);
	row->would_clear = text_pool_add(r->pool, row->would_clear);
	row->rule = text_pool_add(r->pool, row->rule);
	if (!row->accepted_by || !row->sentence || !row->register_says || !row->would_clear ||
	        !row->rule)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

static int append_row(struct report *r, const struct flag_row *row, size_t *ret)
{
	const struct row_key at = key_of(row);
	int status;

	if (r->flag_count == r->flag_capacity) {
		size_t capacity = r->flag_capacity ? r->flag_capacity * 2 : 64;
		struct flag_row *flags = reallocarray(r->flags, capacity, sizeof(*flags));

		if (!flags)
			return STATUS_NO_MEMORY;
		r->flags = flags;
		r->flag_capacity = capacity;
	}
	r->flags[r->flag_count] = *row;
	status = keep_words(r, &r->flags[r->flag_count]);
	if (status == STATUS_OK)
		status = make_hex(&r->flags[r->flag_count]);
	if (status == STATUS_OK)
		status = key_map_add(r->flag_keys, &at, r->flag_count);
	if (status == STATUS_OK)
		*ret = r->flag_count++;
	return status;
}

/* What nobody accepted speaks for all, then the gravest; among equals the first, in whatever order
 * they came. */
static bool speaks_before(const struct flag_row *from, const struct flag_row *into)
{
	int order;

	if (from->accepted != into->accepted)
		return into->accepted;
	if (from->severity != into->severity)
		return from->severity > into->severity;
	if (from->spoken_ns != into->spoken_ns)
		return from->spoken_ns < into->spoken_ns;
	order = strcmp(from->sentence, into->sentence);
	return (order != 0 ? order : strcmp(from->register_says, into->register_says)) < 0;
}

static int merge(struct report *r, struct flag_row *into, const struct flag_row *from)
{
	int status = STATUS_OK;

	if (from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	if (from->last_ns > into->last_ns)
		into->last_ns = from->last_ns;
	into->times += from->times;
	into->categories |= from->categories;
	if (speaks_before(from, into)) {
		into->severity = from->severity;
		into->spoken_ns = from->spoken_ns;
		into->sentence = from->sentence;
		into->register_says = from->register_says;
		into->would_clear = from->would_clear;
		into->rule = from->rule;
		into->accepted = from->accepted;
		into->accepted_by = from->accepted_by;
		into->accepted_from_day = from->accepted_from_day;
		into->accepted_until_day = from->accepted_until_day;
		status = keep_words(r, into);
	}
	for (size_t i = 0; status == STATUS_OK && i < ROW_TEXTS; i++) {
		into->text[i] = text_pool_join(r->pool, into->text[i], from->text[i]);
		if (!into->text[i])
			status = STATUS_NO_MEMORY;
	}
	return status;
}

static void fold(struct flag_row *row)
{
	row->folded = true;
	row->program_id = row->destination = row->computer = ROW_OTHER;
	for (size_t i = 0; i < ROW_TEXTS; i++)
		row->text[i] = "";
}

static int add_row(struct report *r, struct flag_row *row)
{
	bool full = r->flag_count >= REPORT_ROWS_MAX - FLAGS || text_pool_is_full(r->pool);
	struct row_key at = key_of(row);
	size_t index = key_map_find(r->flag_keys, &at);

	if (index == SIZE_MAX && full) {
		r->flags_folded++;
		fold(row);
		at = key_of(row);
		index = key_map_find(r->flag_keys, &at);
	}
	if (index == SIZE_MAX)
		return append_row(r, row, &index);
	return merge(r, &r->flags[index], row);
}

static void fill_subject(struct flag_row *row, const struct flow_facts *facts)
{
	bool of_program = row->scope == SCOPE_PROGRAM;
	bool of_computer = row->scope == SCOPE_COMPUTER;

	row->program_id = of_computer ? "" : facts->program_id;
	row->destination = of_program || of_computer ? "" : facts->destination;
	row->computer = row->scope == SCOPE_DESTINATION || of_program ? "" : facts->computer;
	memcpy(row->text, facts->text, sizeof(row->text));
	if (of_computer)
		for (size_t i = 0; i < ROW_TEXTS; i++)
			if (i != ROW_COMPUTERS)
				row->text[i] = "";
	row->categories = facts->seen;
}

/* Its words are borrowed from the flag. */
static void make_row(struct report *r, const struct flag *flag, const struct flow_facts *facts,
        struct flag_row *ret)
{
	const char *nothing = text_pool_add(r->pool, "");

	*ret = (struct flag_row){.id = flag->id, .scope = flag->scope, .times = 1};
	fill_subject(ret, facts);
	ret->program_id = *ret->program_id ? ret->program_id : nothing;
	ret->destination = *ret->destination ? ret->destination : nothing;
	ret->computer = *ret->computer ? ret->computer : nothing;
	set_words(ret, flag);
}

int flag_row_of(struct report *r, const struct report_flow *f, const struct flow_facts *facts,
        unsigned index, struct flag_row *ret)
{
	make_row(r, &flow_verdict(f)->flags[index], facts, ret);
	return make_hex(ret);
}

int flags_add_of(struct report *r, const struct verdict *v, const struct flow_facts *facts,
        int64_t first_ns, int64_t last_ns)
{
	int status = STATUS_OK;

	if (v->severity > r->worst)
		r->worst = v->severity;
	for (unsigned i = 0; status == STATUS_OK && i < v->flag_count; i++) {
		struct flag_row row;

		make_row(r, &v->flags[i], facts, &row);
		row.first_ns = row.spoken_ns = first_ns;
		row.last_ns = last_ns;
		status = add_row(r, &row);
	}
	return status;
}

int flags_add(struct report *r, const struct report_flow *f, const struct flow_facts *facts)
{
	return flags_add_of(r, flow_verdict(f), facts, f->flow->first_ns, f->flow->last_ns);
}

static int by_gravity(const void *left, const void *right)
{
	const struct flag_row *a = left, *b = right;
	int order = (int)a->accepted - (int)b->accepted;

	if (order == 0)
		order = (int)b->severity - (int)a->severity;
	if (order == 0)
		order = (int)a->id - (int)b->id;
	if (order == 0)
		order = (int)a->folded - (int)b->folded;
	if (order == 0)
		order = strcmp(a->program_id, b->program_id);
	if (order == 0)
		order = strcmp(a->destination, b->destination);
	if (order == 0)
		order = strcmp(a->computer, b->computer);
	return order ? order : (int)a->scope - (int)b->scope;
}

int run_period(struct report *r, int64_t *ret_first_ns, int64_t *ret_last_ns)
{
	const struct store_query period = report_period(r);
	struct store_input *inputs = NULL;
	size_t count = 0;
	bool any = false;
	int status = store_inputs(r->store, &period, &inputs, &count);

	*ret_first_ns = *ret_last_ns = 0;
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		if (inputs[i].frames == 0)
			continue;
		if (!any || inputs[i].first_ns < *ret_first_ns)
			*ret_first_ns = inputs[i].first_ns;
		if (!any || inputs[i].last_ns > *ret_last_ns)
			*ret_last_ns = inputs[i].last_ns;
		any = true;
	}
	free(inputs);
	if (any && *ret_first_ns < period.from_ns)
		*ret_first_ns = period.from_ns;
	if (any && *ret_last_ns >= period.to_ns)
		*ret_last_ns = period.to_ns - 1;
	return status;
}

static int add_run_flags(struct report *r, struct flag_row *flags)
{
	const struct verdict *v = r->run->run_verdict;
	int64_t first_ns, last_ns;
	int status = run_period(r, &first_ns, &last_ns);

	for (unsigned i = 0; status == STATUS_OK && v && i < v->flag_count; i++) {
		flags[i] = (struct flag_row){.id = v->flags[i].id,
		        .scope = SCOPE_RUN,
		        .program_id = "",
		        .destination = "",
		        .computer = "",
		        .first_ns = first_ns,
		        .last_ns = last_ns,
		        .times = 1};
		for (size_t j = 0; j < ROW_TEXTS; j++)
			flags[i].text[j] = "";
		set_words(&flags[i], &v->flags[i]);
		status = keep_words(r, &flags[i]);
		if (status == STATUS_OK)
			status = make_hex(&flags[i]);
	}
	return status;
}

int report_flags(struct report *r, struct flag_row **ret_gives, size_t *ret_count)
{
	size_t run_count = r->run->run_verdict ? r->run->run_verdict->flag_count : 0;
	size_t count = 0;
	struct flag_row *flags;
	int status = history_decide(r);

	if (status != STATUS_OK)
		return status;
	flags = reallocarray(NULL, r->flag_count + run_count + 1, sizeof(*flags));
	if (!flags)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < r->flag_count; i++)
		if (!r->flags[i].told_elsewhere)
			flags[count++] = r->flags[i];
	status = add_run_flags(r, flags + count);
	count += run_count;
	if (status != STATUS_OK) {
		free(flags);
		return status;
	}
	if (count > 1)
		qsort(flags, count, sizeof(*flags), by_gravity);
	*ret_gives = flags;
	*ret_count = count;
	return STATUS_OK;
}

int report_list_flags(struct report *r, struct report_flag **ret_gives, size_t *ret_count)
{
	struct flag_row *rows = NULL;
	struct report_flag *flags = NULL;
	size_t count = 0;
	int status = report_flags(r, &rows, &count);

	if (status == STATUS_OK) {
		flags = reallocarray(NULL, count + 1, sizeof(*flags));
		status = flags ? STATUS_OK : STATUS_NO_MEMORY;
	}
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		const char *id = text_pool_add(r->pool, rows[i].hex);

		flags[i] = (struct report_flag){.id = id,
		        .name = flag_name(rows[i].id),
		        .scope = rows[i].scope,
		        .severity = rows[i].severity,
		        .sentence = rows[i].sentence,
		        .register_says = rows[i].register_says,
		        .rule = rows[i].rule,
		        .would_clear = rows[i].would_clear,
		        .program_id = rows[i].program_id,
		        .program_name = rows[i].text[ROW_PROGRAM_NAME],
		        .first_ns = rows[i].first_ns,
		        .last_ns = rows[i].last_ns,
		        .times = rows[i].times};
		status = id ? STATUS_OK : STATUS_NO_MEMORY;
	}
	free(rows);
	if (status != STATUS_OK) {
		free(flags);
		return status;
	}
	*ret_gives = flags;
	*ret_count = count;
	return STATUS_OK;
}
