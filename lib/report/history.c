/* history: notes of a run, and how they get into the store; history_decide.c asks what they say. */
#include "report/history.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/history_notes.h"

#define FIRST_DATE "0000-00-00"
#define LAST_DATE  "9999-99-99"

static size_t count_hosts(const struct registry *registry)
{
	size_t count = 0;

	for (size_t i = 0; i < registry_program_count(registry); i++)
		count += registry_program(registry, i)->update_hosts.count;
	return count < HISTORY_HOSTS_MAX ? count : HISTORY_HOSTS_MAX;
}

/* Names of flows are in lower case. */
static void lower(const char *text, char ret[static MATCH_TEXT_CHARS])
{
	size_t i = 0;

	for (; i + 1 < MATCH_TEXT_CHARS && text[i] != '\0'; i++)
		ret[i] = (char)tolower((unsigned char)text[i]);
	ret[i] = '\0';
}

static int list_hosts(struct history *h, const struct registry *registry)
{
	size_t count = registry ? count_hosts(registry) : 0;

	if (count == 0)
		return STATUS_OK;
	h->hosts = calloc(count, sizeof(*h->hosts));
	if (!h->hosts)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < registry_program_count(registry); i++) {
		const struct registry_list *l = &registry_program(registry, i)->update_hosts;

		for (size_t k = 0; k < l->count && h->host_count < count; k++) {
			h->hosts[h->host_count].program = i;
			lower(l->items[k], h->hosts[h->host_count++].pattern);
		}
	}
	return STATUS_OK;
}

/* The dates that this report tells the whole of: its day, or all whose flows are still kept. */
static int find_period(struct history *h, const struct report *r)
{
	int status = STATUS_OK;

	if (r->run->day && r->run->day[0] != '\0') {
		snprintf(h->from, sizeof(h->from), "%.10s", r->run->day);
		snprintf(h->to, sizeof(h->to), "%.10s", r->run->day);
		return STATUS_OK;
	}
	status = store_flows_before(r->store, h->from);
	if (h->from[0] == '\0')
		snprintf(h->from, sizeof(h->from), FIRST_DATE);
	snprintf(h->to, sizeof(h->to), LAST_DATE);
	return status;
}

int history_new(struct history **ret_gives, struct report *r)
{
	struct history *h = calloc(1, sizeof(*h));
	int status;

	if (!h)
		return STATUS_NO_MEMORY;
	status = key_map_new(&h->version_keys);
	if (status == STATUS_OK)
		status = key_map_new(&h->update_keys);
	if (status == STATUS_OK)
		status = key_map_new(&h->computer_keys);
	if (status == STATUS_OK)
		status = list_hosts(h, r->registry);
	if (status == STATUS_OK)
		status = find_period(h, r);
	if (status != STATUS_OK) {
		history_free(h);
		return status;
	}
	*ret_gives = h;
	return STATUS_OK;
}

struct history *history_free(struct history *h)
{
	if (!h)
		return NULL;
	free(h->hosts);
	free(h->versions);
	free(h->updates);
	free(h->computers);
	key_map_free(h->version_keys);
	key_map_free(h->update_keys);
	key_map_free(h->computer_keys);
	free(h);
	return NULL;
}

uint64_t history_left_out(const struct history *h)
{
	return h->left_out;
}

bool history_covers(const struct history *h, const char *date)
{
	return strcmp(date, h->from) >= 0 && strcmp(date, h->to) <= 0;
}

/* Room for one more; the index, SIZE_MAX when there is none. */
static int find_note(struct history *h, struct key_map *keys, const struct row_key *key,
        size_t count, size_t *ret_index)
{
	int status = STATUS_OK;

	*ret_index = key_map_find(keys, key);
	if (*ret_index != SIZE_MAX)
		return STATUS_OK;
	if (count >= HISTORY_NOTES_MAX) {
		h->left_out++;
		return STATUS_OK;
	}
	status = key_map_add(keys, key, count);
	if (status == STATUS_OK)
		*ret_index = count;
	return status;
}

/* The arrays grow by doubling, from 16 on. */
static int make_room(void **array, size_t count, size_t bytes)
{
	bool full = count == 0 || (count >= 16 && (count & (count - 1)) == 0);
	void *larger = full ? reallocarray(*array, count < 16 ? 16 : count * 2, bytes) : *array;

	if (!larger)
		return STATUS_NO_MEMORY;
	*array = larger;
	return STATUS_OK;
}

static int note_version(struct report *r, struct version_note note)
{
	struct history *h = r->history;
	const struct row_key key = {{note.program, (uintptr_t)note.computer, (uintptr_t)note.date,
	        (uintptr_t)note.text, (uintptr_t)note.source}};
	void *array = h->versions;
	size_t index;
	int status = find_note(h, h->version_keys, &key, h->version_count, &index);

	if (status != STATUS_OK || index == SIZE_MAX)
		return status;
	if (index < h->version_count) {
		struct version_note *kept = &h->versions[index];

		kept->first_ns = note.first_ns < kept->first_ns ? note.first_ns : kept->first_ns;
		kept->last_ns = note.last_ns > kept->last_ns ? note.last_ns : kept->last_ns;
		return STATUS_OK;
	}
	status = make_room(&array, h->version_count, sizeof(*h->versions));
	h->versions = array;
	if (status == STATUS_OK)
		h->versions[h->version_count++] = note;
	return status;
}

static int note_update(struct report *r, size_t program, const char *date)
{
	struct history *h = r->history;
	const struct row_key key = {{program, (uintptr_t)date}};
	void *array = h->updates;
	size_t index;
	int status = find_note(h, h->update_keys, &key, h->update_count, &index);

	if (status != STATUS_OK || index != h->update_count)
		return status;
	status = make_room(&array, h->update_count, sizeof(*h->updates));
	h->updates = array;
	if (status == STATUS_OK)
		h->updates[h->update_count++] = (struct update_note){program, date};
	return status;
}

static int note_updates(struct report *r, const struct report_flow *f, const char *date)
{
	const struct history *h = r->history;
	int64_t destination = flow_verdict(f)->destination;
	int status = STATUS_OK;

	if (destination >= 0) {
		const struct registry_destination *d = registry_destination(
		        r->registry, (size_t)destination);

		if (d->role == ROLE_UPDATE_ONLY)
			status = note_update(r, d->program, date);
	}
	for (size_t i = 0; status == STATUS_OK && i < h->host_count; i++)
		for (unsigned k = 0; status == STATUS_OK && k < f->flow->name_count; k++)
			if (match_host(h->hosts[i].pattern, f->flow->names[k].name))
				status = note_update(r, h->hosts[i].program, date);
	return status;
}

bool history_program(const struct report *r, const char *id, size_t *ret_index)
{
	for (size_t i = 0; r->registry && id[0] != '\0' && i < registry_program_count(r->registry);
	        i++) {
		if (strcmp(registry_program(r->registry, i)->id, id) == 0) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

/* What stands outside says nothing of the practice's programs. */
static int note_versions(struct report *r, const struct report_flow *f, const char *date)
{
	const struct store_flow *flow = f->flow;
	bool internal = flow->direction == FLOW_INTERNAL;
	size_t program;
	int status = STATUS_OK;

	if (flow->software_count == 0 || !history_program(r, f->program_id, &program))
		return STATUS_OK;
	for (unsigned i = 0; status == STATUS_OK && i < flow->software_count; i++) {
		const struct store_software *said = &flow->software[i];
		const struct endpoint *end = said->sender ? &flow->tuple.dst : &flow->tuple.src;
		char address[ADDR_TEXT_CHARS];
		struct version_note note = {.program = program, .date = date};

		if (!internal && said->sender != flow->out_index)
			continue;
		addr_format(&end->addr, address);
		note.computer = text_pool_add(r->pool, address);
		note.text = text_pool_add(r->pool, said->text);
		note.source = text_pool_add(r->pool, said->source);
		note.first_ns = flow->first_ns;
		note.last_ns = flow->last_ns;
		status = note.computer && note.text && note.source ? note_version(r, note)
		                                                   : STATUS_NO_MEMORY;
	}
	return status;
}

static bool has_flag(const struct verdict *v, enum flag_id id)
{
	for (unsigned i = 0; i < v->flag_count; i++)
		if (v->flags[i].id == id)
			return true;
	return false;
}

/* What was answered stands open; what was only asked does not. */
static bool is_open(const struct store_flow *flow)
{
	return flow->direction == FLOW_INCOMING && flow_out_counts(flow)->payload_bytes > 0 &&
	       flow_in_counts(flow)->payload_bytes > 0;
}

static int note_computer(struct report *r, const struct report_flow *f)
{
	struct history *h = r->history;
	bool remote = has_flag(flow_verdict(f), FLAG_REMOTE_ACCESS_TOOL) ||
	              (strcmp(f->program_kind, "remote") == 0 && flow_is_egress(f->flow));
	bool open = is_open(f->flow);
	char address[ADDR_TEXT_CHARS];
	struct row_key key = {{0}};
	void *array = h->computers;
	const char *computer;
	size_t index;
	int status;

	if (!remote && !open)
		return STATUS_OK;
	addr_format(&f->flow->computer, address);
	computer = text_pool_add(r->pool, address);
	if (!computer)
		return STATUS_NO_MEMORY;
	key.part[0] = (uintptr_t)computer;
	status = find_note(h, h->computer_keys, &key, h->computer_count, &index);
	if (status != STATUS_OK || index == SIZE_MAX)
		return status;
	if (index == h->computer_count) {
		status = make_room(&array, h->computer_count, sizeof(*h->computers));
		h->computers = array;
		if (status != STATUS_OK)
			return status;
		h->computers[h->computer_count++] = (struct computer_note){.computer = computer,
		        .first_ns = f->flow->first_ns,
		        .last_ns = f->flow->last_ns};
	}
	h->computers[index].remote |= remote;
	h->computers[index].open |= open;
	if (f->flow->first_ns < h->computers[index].first_ns)
		h->computers[index].first_ns = f->flow->first_ns;
	if (f->flow->last_ns > h->computers[index].last_ns)
		h->computers[index].last_ns = f->flow->last_ns;
	return STATUS_OK;
}

int history_add(struct report *r, const struct report_flow *f)
{
	char text[TIME_DATE_CHARS];
	const char *date;
	int status;

	if (!r->registry)
		return STATUS_OK;
	time_local_date(f->flow->first_ns, text);
	date = text_pool_add(r->pool, text);
	if (!date)
		return STATUS_NO_MEMORY;
	status = note_computer(r, f);
	if (status != STATUS_OK || !history_covers(r->history, text))
		return status;
	status = note_versions(r, f, date);
	if (status == STATUS_OK && f->flow->direction == FLOW_OUTGOING)
		status = note_updates(r, f, date);
	return status;
}

static int note_row(struct report *r, const struct summary_row *row)
{
	struct store_day day = {.flows = row->flows,
	        .bytes_out = row->bytes_out,
	        .bytes_in = row->bytes_in,
	        .first_ns = row->first_ns,
	        .last_ns = row->last_ns,
	        .hours = row->hours};

	snprintf(day.date, sizeof(day.date), "%.10s", row->date);
	return store_note_day(r->store, row->program_id, row->destination, &day);
}

static int note_said(struct report *r, const struct version_note *note)
{
	struct store_version version = {.program = ""};

	snprintf(version.program, sizeof(version.program), "%s",
	        registry_program(r->registry, note->program)->id);
	snprintf(version.computer, sizeof(version.computer), "%s", note->computer);
	snprintf(version.text, sizeof(version.text), "%s", note->text);
	snprintf(version.source, sizeof(version.source), "%s", note->source);
	snprintf(version.first_date, sizeof(version.first_date), "%.10s", note->date);
	return store_note_version(r->store, &version);
}

int history_note(struct report *r, const struct row_list *rows)
{
	const struct history *h = r->history;
	int status = store_clear_days(r->store, h->from, h->to);

	for (size_t i = 0; status == STATUS_OK && i < rows->count; i++)
		if (rows->rows[i].row_kind == ROW_FLOWS && history_covers(h, rows->rows[i].date))
			status = note_row(r, &rows->rows[i]);
	for (size_t i = 0; status == STATUS_OK && i < h->version_count; i++)
		status = note_said(r, &h->versions[i]);
	for (size_t i = 0; status == STATUS_OK && i < h->update_count; i++)
		status = store_note_update(r->store,
		        registry_program(r->registry, h->updates[i].program)->id,
		        h->updates[i].date);
	return status;
}
