/* json_run: run.json, what the run read, lost and used. The one file that may differ between equal
 * runs: it holds times and memory. */
#include <stdlib.h>

#include "base/status.h"
#include "report/history.h"
#include "report/json.h"
#include "report/rows.h"

static int write_inputs(struct json_out *j, struct report *r)
{
	const struct store_query period = report_period(r);
	struct store_input *inputs = NULL;
	char time[TIME_RFC3339_CHARS];
	size_t count = 0;
	int status = store_inputs(r->store, &period, &inputs, &count);

	json_open(j, "inputs", '[');
	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		const struct store_input *one = &inputs[i];

		json_open(j, NULL, '{');
		json_text(j, "sha256", one->sha256);
		json_text(j, "kind", one->kind);
		json_text(j, "format", one->format);
		json_number(j, "frames", one->frames);
		json_number(j, "bytes", one->bytes);
		json_number(j, "dropped", one->dropped);
		json_number(j, "cut", one->cut);
		json_number(j, "filtered", one->filtered);
		json_number(j, "unread", one->unread);
		time_rfc3339(one->first_ns, time);
		json_text(j, "first", one->frames ? time : "");
		time_rfc3339(one->last_ns, time);
		json_text(j, "last", one->frames ? time : "");
		json_text(j, "end", one->end);
		json_text(j, "end_reason", one->end_reason);
		json_number(j, "end_after_frame", one->end_after_frame);
		json_close(j, '}');
	}
	json_close(j, ']');
	free(inputs);
	return status;
}

static int write_losses(struct json_out *j, struct report *r)
{
	const struct store_query period = report_period(r);
	struct store_loss *losses = NULL;
	size_t count = 0;
	int status = store_losses(r->store, &period, &losses, &count);

	json_open(j, "losses", '{');
	for (size_t i = 0; status == STATUS_OK && i < count; i++)
		json_number(j, losses[i].name, losses[i].count);
	json_close(j, '}');
	free(losses);
	return status;
}

static void write_versions(struct json_out *j, const struct report_run *run)
{
	json_number(j, "schema", REPORT_SCHEMA_VERSION);
	json_text(j, "version", run->version);
	json_text(j, "practice", run->practice);
	json_text(j, "timezone", run->timezone);
	json_text(j, "day", run->day);
	json_text(j, "authorised_by", run->authorised_by);
	json_text(j, "register_sha256", run->register_sha256);
	json_text(j, "rules_version", run->rules_version);
	json_text(j, "geo_built", run->geo_built);
	json_text(j, "geo_asn_built", run->geo_asn_built ? run->geo_asn_built : "");
	json_text(j, "geo_warning", run->geo_warning ? run->geo_warning : "");
	json_text(j, "protocol_engine", run->protocol_engine);
	json_text(j, "sandbox", run->sandbox);
	json_text(j, "inside", run->inside);
	json_text(j, "mirror_warning", run->mirror_warning);
	json_bool(j, "no_content", run->no_content);
	json_text(j, "excluded_by", run->excluded_by ? run->excluded_by : "");
}

static void write_conversations(struct json_out *j, const struct seen_counts *c)
{
	json_open(j, "conversations", '{');
	json_number(j, "egress", c->egress);
	json_number(j, "inbound", c->inbound);
	json_number(j, "internal", c->internal);
	json_number(j, "transit", c->transit);
	json_close(j, '}');
	json_open(j, "not_inspected", '[');
	for (unsigned i = 0; i < c->reason_count; i++) {
		json_open(j, NULL, '{');
		json_text(j, "reason", c->reasons[i].reason);
		json_number(j, "conversations", c->reasons[i].flows);
		json_number(j, "bytes", c->reasons[i].bytes);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_budgets(struct json_out *j, const struct report *r)
{
	json_open(j, "budgets", '{');
	json_number(j, "peak_bytes", r->run->budget_peak_bytes);
	json_number(j, "refusals", r->run->budget_refusals);
	json_number(j, "summary_rows", r->row_count);
	json_number(j, "flag_rows", r->flag_count);
	json_number(j, "summary_folded", r->rows_folded);
	json_number(j, "flags_folded", r->flags_folded);
	json_number(j, "texts_left_out", text_pool_left_out(r->pool));
	json_number(j, "ids_left_out", r->ids_left_out);
	json_number(j, "drafts_left_out", r->drafts_left_out);
	json_number(j, "history_left_out", history_left_out(r->history));
	json_bool(j, "quiet_days_cut", r->days_cut);
	json_close(j, '}');
}

/* What the store no longer holds, being too old. */
static void write_forgotten(struct json_out *j, const struct store_forgotten *f)
{
	static const struct store_forgotten nothing;

	f = f ? f : &nothing;
	json_open(j, "deleted_by_age", '{');
	json_number(j, "conversations", f->flows);
	json_number(j, "days", f->days);
	json_number(j, "versions", f->versions);
	json_number(j, "inputs", f->inputs);
	json_text(j, "conversations_before", f->flows_before);
	json_close(j, '}');
}

/* Content that was kept on purpose. */
static void write_saved(struct json_out *j, const struct report_saved *s)
{
	if (!s)
		return;
	json_open(j, "saved", '{');
	json_text(j, "purpose", s->purpose);
	json_text(j, "keep", s->keep);
	json_number(j, "files", s->files);
	json_number(j, "frames", s->frames);
	json_number(j, "bytes", s->bytes);
	json_number(j, "frames_not_saved", s->frames_not_saved);
	json_number(j, "files_deleted", s->files_deleted);
	json_number(j, "files_not_deleted", s->files_not_deleted);
	json_close(j, '}');
}

static void write_run_flags(struct json_out *j, const struct verdict *v)
{
	json_open(j, "flags", '[');
	for (unsigned i = 0; v && i < v->flag_count; i++)
		json_text(j, NULL, flag_name(v->flags[i].id));
	json_close(j, ']');
}

int json_write_run(struct report *r, FILE *out)
{
	struct json_out j = {.out = out};
	int status;

	json_open(&j, NULL, '{');
	write_versions(&j, r->run);
	status = write_inputs(&j, r);
	json_decimal(&j, "captured_seconds", r->run->captured_seconds);
	json_decimal(&j, "loss_percent", r->run->loss_percent);
	if (status == STATUS_OK)
		status = write_losses(&j, r);
	write_conversations(&j, &r->seen);
	write_run_flags(&j, r->run->run_verdict);
	write_budgets(&j, r);
	write_forgotten(&j, r->run->forgotten);
	write_saved(&j, r->run->saved);
	json_decimal(&j, "wall_seconds", r->run->wall_seconds);
	json_decimal(&j, "cpu_seconds", r->run->cpu_seconds);
	json_close(&j, '}');
	fputc('\n', out);
	return status == STATUS_OK ? stream_status(out) : status;
}
