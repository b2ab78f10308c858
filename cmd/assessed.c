#include "cmd/assessed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void assessed_end(struct assessed *a)
{
	free(a->findings);
	free(a->records);
	a->findings = NULL;
	a->records = NULL;
	a->finding_count = a->record_count = 0;
}

static void apply_own(struct assessed *a)
{
	(void)own_findings_apply(a->own, &a->flow);
	assess_ask(&a->flow, a->findings, a->finding_count, &a->question);
}

/* Of a flow that was just read. */
static void begin_question(struct assessed *a)
{
	memcpy(a->place.country, a->flow.country, sizeof(a->place.country));
	memcpy(a->place.country_confidence, a->flow.country_confidence,
	        sizeof(a->place.country_confidence));
	memcpy(a->place.organisation, a->flow.organisation, sizeof(a->place.organisation));
	apply_own(a);
}

void assessed_use(struct assessed *a, const struct overrides *own)
{
	if (own == a->own)
		return;
	memcpy(a->flow.country, a->place.country, sizeof(a->flow.country));
	memcpy(a->flow.country_confidence, a->place.country_confidence,
	        sizeof(a->flow.country_confidence));
	memcpy(a->flow.organisation, a->place.organisation, sizeof(a->flow.organisation));
	a->own = own;
	apply_own(a);
}

int assessed_read(struct assessed *a, struct store *store)
{
	int status;

	assessed_end(a);
	status = store_findings(store, a->flow.id, &a->findings, &a->finding_count);
	if (status == STATUS_OK)
		status = store_records(store, a->flow.id, &a->records, &a->record_count);
	if (status == STATUS_OK)
		begin_question(a);
	return status;
}

int assessed_next(struct assessed *a, struct store_cursor *cursor)
{
	int status = store_next_flow(cursor, &a->flow);

	assessed_end(a);
	if (status != STATUS_ITEM)
		return status;
	status = store_cursor_findings(cursor, &a->findings, &a->finding_count);
	if (status == STATUS_OK)
		status = store_cursor_records(cursor, &a->records, &a->record_count);
	if (status != STATUS_OK)
		return status;
	begin_question(a);
	return STATUS_ITEM;
}

static void join_candidates(const struct registry *r, const struct program_answer *a,
        char ret[static ASSESSED_CANDIDATES_CHARS])
{
	size_t len = 0;

	ret[0] = '\0';
	for (unsigned i = 0; r && i < a->candidate_count; i++)
		len += (size_t)snprintf(ret + len, ASSESSED_CANDIDATES_CHARS - len, "%s%s",
		        len ? "|" : "", registry_program(r, a->candidates[i])->id);
}

/* registry: that of the assessment. */
static void show(struct assessed *a, const struct registry *registry)
{
	const struct program_answer *program = &a->assessment.program;
	const struct registry_program *entry = NULL;

	if (program->program >= 0 && registry)
		entry = registry_program(registry, (size_t)program->program);
	join_candidates(registry, program, a->candidates);
	a->row = (struct report_flow){.flow = &a->flow,
	        .findings = a->findings,
	        .finding_count = a->finding_count,
	        .records = a->records,
	        .record_count = a->record_count,
	        .program_id = program->id,
	        .program_name = entry ? entry->name : program->carrier,
	        .program_kind = entry ? program_kind_text(entry->kind) : "",
	        .program_method = program_method_text(program->method),
	        .program_confidence = program_confidence_text(program->confidence),
	        .program_candidates = a->candidates,
	        .carrier_process = program->carrier,
	        .unattributed_reason = program->reason ? program->reason : "",
	        .verdict = &a->assessment.verdict};
}

int assessed_judge(
        struct assessed *a, const struct registry *registry, const struct flag_rules *rules)
{
	int status = assess_answer(&a->question, registry, rules, &a->assessment);

	if (status == STATUS_OK)
		show(a, registry);
	return status;
}

int assessed_recall(
        struct assessed *a, struct assess_memory *memory, const struct registry *registry)
{
	int status = assess_recall(memory, &a->question, &a->assessment);

	if (status == STATUS_OK)
		show(a, registry);
	return status;
}
