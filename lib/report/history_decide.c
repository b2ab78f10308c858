/* history_decide: the flags that need more than one flow. What is decided about a program or a
 * destination on a day is shown in that day's rows, too; what was not seen has no row. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/history_notes.h"
#include "verdict/history.h"

/* What the checks of one report share. */
struct asking {
	struct report *r;
	struct history *h;
	const struct flag_rules *rules;
	/* Rows of conversations, of dates that the report tells the whole of. */
	struct summary_row **rows;
	size_t row_count;
	/* Captured hours of the days from first on; none: nothing was ever captured. */
	uint32_t hours[STORE_HISTORY_DAYS];
	int32_t first, last;
	bool first_is_oldest; /* of the store: on it everything is new */
};

/* Days of a program, oldest first; a growing array. */
struct series {
	struct store_day *days;
	size_t count, capacity;
};

static int by_destination(const void *left, const void *right)
{
	const struct summary_row *a = *(struct summary_row *const *)left;
	const struct summary_row *b = *(struct summary_row *const *)right;
	int order = strcmp(a->program_id, b->program_id);

	if (order == 0)
		order = strcmp(a->destination, b->destination);
	return order ? order : strcmp(a->date, b->date);
}

static int by_program_day(const void *left, const void *right)
{
	const struct summary_row *a = *(struct summary_row *const *)left;
	const struct summary_row *b = *(struct summary_row *const *)right;
	int order = strcmp(a->program_id, b->program_id);

	if (order == 0)
		order = strcmp(a->date, b->date);
	return order ? order : strcmp(a->destination, b->destination);
}

static int by_computer_day(const void *left, const void *right)
{
	const struct version_note *a = left, *b = right;
	int order = (a->program > b->program) - (a->program < b->program);

	if (order == 0)
		order = strcmp(a->computer, b->computer);
	if (order == 0)
		order = strcmp(a->date, b->date);
	if (order == 0)
		order = strcmp(a->text, b->text);
	return order ? order : strcmp(a->source, b->source);
}

static int add_day(struct series *s, const struct store_day *day)
{
	if (s->count == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 32;
		struct store_day *days = reallocarray(s->days, capacity, sizeof(*days));

		if (!days)
			return STATUS_NO_MEMORY;
		s->days = days;
		s->capacity = capacity;
	}
	s->days[s->count++] = *day;
	return STATUS_OK;
}

/* What the store knows of the days before those of this report. */
static int begin_series(struct asking *q, const char *program, struct series *ret)
{
	int status = store_program_days(q->r->store, program, q->h->from, &ret->days, &ret->count);

	ret->capacity = ret->count;
	return status;
}

static int collect_rows(struct asking *q)
{
	struct report *r = q->r;

	q->rows = reallocarray(NULL, r->row_count + 1, sizeof(struct summary_row *));
	if (!q->rows)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < r->row_count; i++)
		if (r->rows[i].row_kind == ROW_FLOWS && history_covers(q->h, r->rows[i].date))
			q->rows[q->row_count++] = &r->rows[i];
	return STATUS_OK;
}

/* Up to the last day of the report: what came later is not its business. */
static int collect_capture(struct asking *q)
{
	int32_t first = 0, last = 0, end;
	bool any = false;
	int status = store_captured_days(q->r->store, &any, &first, &last);

	q->first = 0;
	q->last = -1;
	if (status != STATUS_OK || !any)
		return status;
	if (time_parse_date(q->h->to, &end) && end < last)
		last = end;
	q->first_is_oldest = last - first < STORE_HISTORY_DAYS;
	if (!q->first_is_oldest)
		first = last - STORE_HISTORY_DAYS + 1;
	q->first = first;
	q->last = last;
	return last < first ? STATUS_OK
	                    : store_captured_hours(
	                              q->r->store, first, (size_t)(last - first) + 1, q->hours);
}

static unsigned count_bits(uint32_t bits)
{
	unsigned count = 0;

	for (; bits; bits &= bits - 1)
		count++;
	return count;
}

/* Captured days after `after`, up to and with `until`: all the wanted hours were captured, or, when
 * none are wanted, enough of them. */
static unsigned captured_days(const struct asking *q, int32_t after, int32_t until, uint32_t wanted)
{
	unsigned count = 0;

	if (after < q->first - 1)
		after = q->first - 1;
	if (until > q->last)
		until = q->last;
	for (int32_t day = after + 1; day <= until; day++) {
		uint32_t hours = q->hours[day - q->first];

		count += wanted ? (hours & wanted) == wanted
		                : count_bits(hours) >= HISTORY_DAY_HOURS;
	}
	return count;
}

static void fill_facts(const struct summary_row *row, struct flow_facts *ret)
{
	*ret = (struct flow_facts){.program_id = row->program_id,
	        .destination = row->destination,
	        .computer = "",
	        .seen = row->seen};
	memcpy(ret->text, row->text, sizeof(ret->text));
}

static void show_in_row(struct report *r, struct summary_row *row, const struct flag *flag)
{
	if (flag->severity > row->flags[flag->id])
		row->flags[flag->id] = (uint8_t)flag->severity;
	/* Somebody decided to live with it for now. */
	if (flag->accepted)
		return;
	if (flag->severity > row->severity)
		row->severity = flag->severity;
	if (row->severity > r->worst)
		r->worst = row->severity;
	if (flag->severity == SEVERITY_URGENT)
		row->outcome = OUTCOME_ACT;
	else if (flag->severity >= SEVERITY_MEDIUM && row->outcome != OUTCOME_ACT)
		row->outcome = OUTCOME_LOOK;
}

/* ---- first-seen ---- */

static int ask_pair(struct asking *q, struct summary_row *row)
{
	struct report *r = q->r;
	struct history_pair pair = {.program_shown = row->text[ROW_PROGRAM_NAME],
	        .recipient_shown = row->text[ROW_RECIPIENT],
	        .destination = -1};
	struct flow_facts facts;
	struct verdict verdict;
	size_t program;
	int status;

	if (row->bytes_out == 0 || !history_program(r, row->program_id, &program) ||
	        !time_parse_date(row->date, &pair.day))
		return STATUS_OK;
	pair.program = (int64_t)program;
	if (pair.day > q->first || !q->first_is_oldest)
		pair.days_before = captured_days(q, q->first - 1, pair.day - 1, 1) + 1;
	for (size_t i = 0; i < registry_destination_count(r->registry); i++)
		if (strcmp(registry_destination(r->registry, i)->id, row->destination) == 0)
			pair.destination = (int64_t)i;
	if (pair.recipient_shown[0] == '\0')
		pair.recipient_shown = row->text[ROW_HOST];
	status = store_seen_before(
	        r->store, row->program_id, row->destination, q->h->from, &pair.seen_before);
	if (status == STATUS_OK)
		status = verdict_decide_pair(&pair, r->registry, q->rules, &verdict);
	fill_facts(row, &facts);
	if (status == STATUS_OK)
		status = flags_add_of(r, &verdict, &facts, row->first_ns, row->last_ns);
	for (unsigned i = 0; status == STATUS_OK && i < verdict.flag_count; i++)
		show_in_row(r, row, &verdict.flags[i]);
	return status;
}

/* Only the first row of a subject can be its first day. */
static int ask_pairs(struct asking *q)
{
	int status = STATUS_OK;

	if (q->row_count > 1)
		qsort(q->rows, q->row_count, sizeof(struct summary_row *), by_destination);
	for (size_t i = 0; status == STATUS_OK && i < q->row_count; i++) {
		const struct summary_row *before = i > 0 ? q->rows[i - 1] : NULL;

		if (before && strcmp(before->program_id, q->rows[i]->program_id) == 0 &&
		        strcmp(before->destination, q->rows[i]->destination) == 0)
			continue;
		status = ask_pair(q, q->rows[i]);
	}
	return status;
}

/* ---- a program's days ---- */

static int by_amount(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The median of the latest days before `end` on which something was sent. */
static uint64_t usual_bytes(const struct series *s, size_t end, unsigned *ret_days)
{
	uint64_t amounts[HISTORY_DAYS_USED];
	unsigned count = 0;

	while (end-- > 0 && count < HISTORY_DAYS_USED)
		if (s->days[end].bytes_out > 0)
			amounts[count++] = s->days[end].bytes_out;
	*ret_days = count;
	if (count == 0)
		return 0;
	qsort(amounts, count, sizeof(*amounts), by_amount);
	return amounts[count / 2];
}

static int version_on(const struct asking *q, size_t program, const char *date)
{
	const struct registry_program *p = registry_program(q->r->registry, program);
	int highest = -1;

	for (size_t i = 0; i < q->h->version_count; i++) {
		const struct version_note *note = &q->h->versions[i];
		int version;

		if (note->program != program || strcmp(note->date, date) != 0)
			continue;
		version = version_find(&p->versions_known, note->text);
		if (version > highest)
			highest = version;
	}
	return highest;
}

/* One program on one date: its rows, and what they come to. */
struct program_day {
	size_t program;
	struct summary_row **rows;
	size_t count;
	struct store_day sum;
	struct summary_row *largest;
	bool outside_hours, patient_seen;
};

static void add_up(struct program_day *d)
{
	d->largest = d->rows[0];
	snprintf(d->sum.date, sizeof(d->sum.date), "%.10s", d->rows[0]->date);
	d->sum.first_ns = d->rows[0]->first_ns;
	d->sum.last_ns = d->rows[0]->last_ns;
	for (size_t i = 0; i < d->count; i++) {
		const struct summary_row *row = d->rows[i];

		d->sum.flows += row->flows;
		d->sum.bytes_out += row->bytes_out;
		d->sum.bytes_in += row->bytes_in;
		d->sum.hours |= row->hours;
		if (row->first_ns < d->sum.first_ns)
			d->sum.first_ns = row->first_ns;
		if (row->last_ns > d->sum.last_ns)
			d->sum.last_ns = row->last_ns;
		if (row->bytes_out > d->largest->bytes_out)
			d->largest = d->rows[i];
		d->outside_hours |= row->outside_hours;
		d->patient_seen |= row->patient_seen;
	}
}

static void show_in_rows(struct report *r, const struct program_day *d, const struct flag *flag)
{
	for (size_t i = 0; i < d->count; i++) {
		bool of_row = true;

		if (flag->id == FLAG_SCHEDULE_ANOMALY)
			of_row = d->rows[i]->outside_hours;
		else if (flag->id == FLAG_VOLUME_ANOMALY || flag->id == FLAG_FULL_DB_SIZE)
			of_row = d->rows[i] == d->largest;
		if (of_row)
			show_in_row(r, d->rows[i], flag);
	}
}

static void note_exposed(struct asking *q, const struct program_day *d)
{
	struct row_key key = {{0}};

	for (size_t i = 0; i < d->count; i++) {
		for (size_t k = 0; k < d->rows[i]->computers.count; k++) {
			size_t index;

			key.part[0] = (uintptr_t)d->rows[i]->computers.ids[k];
			index = key_map_find(q->h->computer_keys, &key);
			if (index != SIZE_MAX)
				q->h->computers[index].unsupported =
				        registry_program(q->r->registry, d->program)->name;
		}
	}
}

static int ask_day(struct asking *q, const struct series *s, const struct program_day *d)
{
	struct report *r = q->r;
	struct history_day h = {.program = (int64_t)d->program,
	        .bytes_out = d->sum.bytes_out,
	        .outside_hours = d->outside_hours,
	        .patient_seen = d->patient_seen,
	        .full_backup_mb = registry_practice(r->registry)->full_backup_mb};
	struct flow_facts facts;
	struct verdict verdict;
	int status;

	if (d->sum.bytes_out == 0 || !time_parse_date(d->sum.date, &h.day))
		return STATUS_OK;
	h.usual_bytes = usual_bytes(s, s->count, &h.days_before);
	h.version = version_on(q, d->program, d->sum.date);
	status = verdict_decide_day(&h, r->registry, q->rules, &verdict);
	fill_facts(d->largest, &facts);
	if (status == STATUS_OK)
		status = flags_add_of(r, &verdict, &facts, d->sum.first_ns, d->sum.last_ns);
	for (unsigned i = 0; status == STATUS_OK && i < verdict.flag_count; i++)
		show_in_rows(r, d, &verdict.flags[i]);
	/* Where versions are seen, a computer's own counts. */
	if (status == STATUS_OK && h.version < 0 &&
	        version_unsupported(registry_program(r->registry, d->program), h.version, h.day))
		note_exposed(q, d);
	return status;
}

/* All rows of one program, sorted by date. */
static int ask_program(struct asking *q, size_t program, struct summary_row **rows, size_t count)
{
	struct series s = {.days = NULL};
	int status = begin_series(q, rows[0]->program_id, &s);

	for (size_t at = 0; status == STATUS_OK && at < count;) {
		struct program_day d = {.program = program, .rows = rows + at};

		while (at < count && strcmp(rows[at]->date, d.rows[0]->date) == 0)
			at++;
		d.count = (size_t)(rows + at - d.rows);
		add_up(&d);
		status = ask_day(q, &s, &d);
		if (status == STATUS_OK)
			status = add_day(&s, &d.sum);
	}
	free(s.days);
	return status;
}

static size_t end_of_program(const struct asking *q, size_t from)
{
	size_t end = from;

	while (end < q->row_count &&
	        strcmp(q->rows[end]->program_id, q->rows[from]->program_id) == 0)
		end++;
	return end;
}

static int ask_programs(struct asking *q)
{
	int status = STATUS_OK;
	size_t at = 0;

	if (q->row_count > 1)
		qsort(q->rows, q->row_count, sizeof(struct summary_row *), by_program_day);
	while (status == STATUS_OK && at < q->row_count) {
		size_t end = end_of_program(q, at), program;

		if (history_program(q->r, q->rows[at]->program_id, &program))
			status = ask_program(q, program, q->rows + at, end - at);
		at = end;
	}
	return status;
}

/* ---- silence ---- */

/* With the days of this report; rows are sorted by program. */
static int whole_series(struct asking *q, const char *program, struct series *ret)
{
	int status = begin_series(q, program, ret);

	for (size_t i = 0; status == STATUS_OK && i < q->row_count; i++) {
		struct program_day d = {.rows = q->rows + i};

		if (strcmp(q->rows[i]->program_id, program) != 0)
			continue;
		while (i + d.count < q->row_count &&
		        strcmp(d.rows[d.count]->program_id, program) == 0 &&
		        strcmp(d.rows[d.count]->date, d.rows[0]->date) == 0)
			d.count++;
		add_up(&d);
		status = add_day(ret, &d.sum);
		i += d.count - 1;
	}
	return status;
}

/* A look for updates, or a sign of life, is no backup: a tenth of the usual amount is. */
static int ask_backup(struct asking *q, size_t program, struct history_silence *ret)
{
	struct series s = {.days = NULL};
	unsigned days = 0;
	uint32_t hours = 0;
	uint64_t usual;
	int status = whole_series(q, registry_program(q->r->registry, program)->id, &s);

	usual = status == STATUS_OK ? usual_bytes(&s, s.count, &days) : 0;
	for (size_t i = 0; status == STATUS_OK && i < s.count; i++)
		if (s.days[i].bytes_out > usual / 10)
			hours |= s.days[i].hours;
	for (size_t i = 0; status == STATUS_OK && i < s.count; i++) {
		int32_t day;
		unsigned silent;

		if (s.days[i].bytes_out <= usual / 10 || !time_parse_date(s.days[i].date, &day))
			continue;
		silent = ret->flow_days > 0 ? captured_days(q, ret->last_flow_day, day - 1, hours)
		                            : 0;
		if (silent > ret->usual_silence)
			ret->usual_silence = silent;
		ret->last_flow_day = day;
		ret->flow_days++;
	}
	if (ret->flow_days > 0)
		ret->silent_days = captured_days(q, ret->last_flow_day, ret->day, hours);
	free(s.days);
	return status;
}

static int ask_updates(struct asking *q, size_t program, struct history_silence *ret)
{
	const struct registry_program *p = registry_program(q->r->registry, program);
	char date[TIME_DATE_CHARS];
	int32_t last = q->first - 1, day;
	int status = store_last_update(q->r->store, p->id, q->h->from, date);

	if (status == STATUS_OK && time_parse_date(date, &day) && day > last)
		last = day;
	for (size_t i = 0; i < q->h->update_count; i++)
		if (q->h->updates[i].program == program &&
		        time_parse_date(q->h->updates[i].date, &day) && day > last)
			last = day;
	if (p->last_update_recorded_day != REGISTRY_NO_DAY && p->last_update_recorded_day > last)
		last = p->last_update_recorded_day;
	ret->update_silent_days = captured_days(q, last, ret->day, 0);
	return status;
}

static int ask_silence(struct asking *q, size_t program)
{
	const struct registry_program *p = registry_program(q->r->registry, program);
	struct history_silence h = {.program = (int64_t)program, .day = q->last};
	struct flow_facts facts = {
	        .program_id = text_pool_add(q->r->pool, p->id), .destination = "", .computer = ""};
	struct verdict verdict;
	int64_t at_ns = time_local_midnight(q->last + 1) - 1;
	int status = STATUS_OK;

	if (p->kind == KIND_BACKUP)
		status = ask_backup(q, program, &h);
	if (status == STATUS_OK && p->update_hosts.count > 0)
		status = ask_updates(q, program, &h);
	if (status == STATUS_OK)
		status = verdict_decide_silence(&h, q->r->registry, q->rules, &verdict);
	for (size_t i = 0; i < ROW_TEXTS; i++)
		facts.text[i] = "";
	facts.text[ROW_PROGRAM_NAME] = text_pool_add(q->r->pool, p->name);
	if (!facts.program_id || !facts.text[ROW_PROGRAM_NAME])
		return STATUS_NO_MEMORY;
	return status == STATUS_OK ? flags_add_of(q->r, &verdict, &facts, at_ns, at_ns) : status;
}

static int ask_silences(struct asking *q)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && q->last >= q->first &&
	                   i < registry_program_count(q->r->registry);
	        i++) {
		const struct registry_program *p = registry_program(q->r->registry, i);

		if (p->kind == KIND_BACKUP || p->update_hosts.count > 0)
			status = ask_silence(q, i);
	}
	return status;
}

/* ---- versions ---- */

/* What the store knows: the version of the latest earlier day on which one was told. */
static int version_before(const struct asking *q, const struct version_note *note,
        const struct store_version *known, size_t count)
{
	const struct registry_program *p = registry_program(q->r->registry, note->program);
	const char *date = "";
	int before = -1;

	for (size_t i = 0; i < count; i++) {
		int version;

		if (strcmp(known[i].program, p->id) != 0 ||
		        strcmp(known[i].computer, note->computer) != 0)
			continue;
		version = version_find(&p->versions_known, known[i].text);
		if (version < 0 || strcmp(known[i].last_date, date) < 0)
			continue;
		before = strcmp(known[i].last_date, date) > 0 || version > before ? version
		                                                                  : before;
		date = known[i].last_date;
	}
	return before;
}

/* One program on one computer on one date. */
static int ask_version(struct asking *q, const struct version_note *note, int now, int before)
{
	const struct registry_program *p = registry_program(q->r->registry, note->program);
	struct history_version h = {.program = (int64_t)note->program,
	        .computer_shown = note->computer,
	        .now = now,
	        .before = before};
	struct flow_facts facts = {.program_id = text_pool_add(q->r->pool, p->id),
	        .destination = "",
	        .computer = note->computer};
	const struct row_key key = {{(uintptr_t)note->computer}};
	size_t index = key_map_find(q->h->computer_keys, &key);
	struct verdict verdict;
	int status;

	if (!time_parse_date(note->date, &h.day))
		return STATUS_OK;
	status = verdict_decide_version(&h, q->r->registry, q->rules, &verdict);

	if (now >= 0 && index != SIZE_MAX && version_unsupported(p, now, h.day))
		q->h->computers[index].unsupported = p->name;
	for (size_t i = 0; i < ROW_TEXTS; i++)
		facts.text[i] = "";
	facts.text[ROW_PROGRAM_NAME] = text_pool_add(q->r->pool, p->name);
	facts.text[ROW_COMPUTERS] = note->computer;
	if (!facts.program_id || !facts.text[ROW_PROGRAM_NAME])
		return STATUS_NO_MEMORY;
	return status == STATUS_OK
	               ? flags_add_of(q->r, &verdict, &facts, note->first_ns, note->last_ns)
	               : status;
}

static bool same_computer(const struct version_note *a, const struct version_note *b)
{
	return a->program == b->program && a->computer == b->computer;
}

static int ask_computer_versions(struct asking *q, const struct store_version *known, size_t count)
{
	const struct version_note *notes = q->h->versions;
	int status = STATUS_OK, before = -1;

	for (size_t i = 0; status == STATUS_OK && i < q->h->version_count;) {
		const struct registry_program *p = registry_program(
		        q->r->registry, notes[i].program);
		size_t first = i;
		int now = -1;

		if (i == 0 || !same_computer(&notes[i - 1], &notes[i]))
			before = version_before(q, &notes[i], known, count);
		for (; i < q->h->version_count && same_computer(&notes[i], &notes[first]) &&
		        notes[i].date == notes[first].date;
		        i++) {
			int version = version_find(&p->versions_known, notes[i].text);

			now = version > now ? version : now;
		}
		status = ask_version(q, &notes[first], now, before);
		if (now >= 0)
			before = now;
	}
	return status;
}

static int ask_versions(struct asking *q)
{
	struct store_version *known = NULL;
	size_t count = 0;
	int status = STATUS_OK;

	if (q->h->version_count == 0)
		return STATUS_OK;
	qsort(q->h->versions, q->h->version_count, sizeof(*q->h->versions), by_computer_day);
	status = store_versions(q->r->store, q->h->from, &known, &count);
	if (status == STATUS_OK)
		status = ask_computer_versions(q, known, count);
	free(known);
	return status;
}

/* ---- computers ---- */

/* One question, not three. */
static void tell_once(struct report *r, const char *computer)
{
	for (size_t i = 0; i < r->flag_count; i++) {
		struct flag_row *row = &r->flags[i];

		if (row->id == FLAG_REMOTE_ACCESS_TOOL || row->id == FLAG_UNSUPPORTED_VERSION)
			row->told_elsewhere |= strcmp(row->text[ROW_COMPUTERS], computer) == 0;
	}
}

static int ask_computers(struct asking *q)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < q->h->computer_count; i++) {
		const struct computer_note *note = &q->h->computers[i];
		struct history_computer h = {.computer_shown = note->computer,
		        .program_shown = note->unsupported,
		        .remote_access = note->remote,
		        .from_outside = note->open};
		struct flow_facts facts = {
		        .program_id = "", .destination = "", .computer = note->computer};
		struct verdict verdict;

		for (size_t k = 0; k < ROW_TEXTS; k++)
			facts.text[k] = "";
		facts.text[ROW_COMPUTERS] = note->computer;
		if (note->unsupported)
			facts.text[ROW_PROGRAM_NAME] = note->unsupported;
		status = verdict_decide_computer(&h, q->rules, &verdict);
		if (status == STATUS_OK)
			status = flags_add_of(
			        q->r, &verdict, &facts, note->first_ns, note->last_ns);
		if (status == STATUS_OK && verdict.flag_count > 0)
			tell_once(q->r, note->computer);
	}
	return status;
}

int history_decide(struct report *r)
{
	struct asking *q;
	int status;

	if (r->history->decided || !r->registry || !r->run->flag_rules)
		return STATUS_OK;
	r->history->decided = true;
	q = calloc(1, sizeof(*q));
	if (!q)
		return STATUS_NO_MEMORY;
	q->r = r;
	q->h = r->history;
	q->rules = r->run->flag_rules;
	status = collect_rows(q);
	if (status == STATUS_OK)
		status = collect_capture(q);
	if (status == STATUS_OK)
		status = ask_pairs(q);
	if (status == STATUS_OK)
		status = ask_programs(q);
	if (status == STATUS_OK)
		status = ask_silences(q);
	if (status == STATUS_OK)
		status = ask_versions(q);
	if (status == STATUS_OK)
		status = ask_computers(q);
	free(q->rows);
	free(q);
	return status;
}
