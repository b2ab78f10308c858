/* json_flow: flows.jsonl, one object a line. Keys in the order of the design; new ones go to the
 * end, none is ever renamed. */
#include <inttypes.h>

#include "base/status.h"
#include "report/json.h"
#include "report/rows.h"

static void write_ends(struct json_out *j, const struct store_flow *f)
{
	char text[ADDR_TEXT_CHARS], number[8];

	addr_format(&f->tuple.src.addr, text);
	json_text(j, "src", text);
	json_number(j, "src_port", f->tuple.src.port);
	addr_format(&f->tuple.dst.addr, text);
	json_text(j, "dst", text);
	json_number(j, "dst_port", f->tuple.dst.port);
	json_text(j, "proto", ip_protocol_name(f->tuple.protocol, number));
	json_text(j, "community_id", f->community_id);
	json_text(j, "direction", flow_direction_name(f));
	addr_format(&f->computer, text);
	json_text(j, "computer", text);
}

static void write_counts(struct json_out *j, const struct store_flow *f)
{
	char text[TIME_RFC3339_CHARS];
	const struct flow_counts *out = flow_out_counts(f), *in = flow_in_counts(f);

	time_rfc3339(f->first_ns, text);
	json_text(j, "first", text);
	time_rfc3339(f->last_ns, text);
	json_text(j, "last", text);
	json_number(j, "bytes_out", out->payload_bytes);
	json_number(j, "bytes_in", in->payload_bytes);
	json_number(j, "packets_out", out->packets);
	json_number(j, "packets_in", in->packets);
	json_number(j, "gap_bytes", out->gap_bytes + in->gap_bytes);
	json_text(j, "end", flow_end_text(f->end));
}

static void write_program(struct json_out *j, const struct report_flow *f)
{
	json_text(j, "program", f->program_id);
	json_text(j, "program_name", f->program_name);
	json_text(j, "program_method", f->program_method);
	json_text(j, "program_confidence", f->program_confidence);
	json_list(j, "program_candidates", f->program_candidates ? f->program_candidates : "");
	json_text(j, "carrier_process", f->carrier_process);
}

static void write_far_end(struct json_out *j, const struct store_flow *f)
{
	json_text(j, "host", f->name_count > 0 ? f->names[0].name : "");
	json_text(j, "host_source", f->name_count > 0 ? f->names[0].source : "");
	json_open(j, "names", '[');
	for (unsigned i = 0; i < f->name_count; i++) {
		int64_t age_ns = f->names[i].age_ns;

		json_open(j, NULL, '{');
		json_text(j, "name", f->names[i].name);
		json_text(j, "source", f->names[i].source);
		json_number(j, "age_s", age_ns > 0 ? (uint64_t)(age_ns / NS_PER_SECOND) : 0);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_text(j, "country", f->country);
	json_text(j, "country_confidence", f->country_confidence);
	json_text(j, "org", f->organisation);
	json_number(j, "asn", f->asn);
	json_bool(j, "anycast", f->anycast);
	json_text(j, "service", f->service);
	json_text(j, "service_kind", f->service_kind);
	json_text(j, "app", f->app);
	json_text(j, "app_confidence", f->app_confidence);
	json_text(j, "app_category", f->app_category);
	json_text(j, "app_risks", f->app_risks);
	json_text(j, "tls_version", f->tls_version);
	json_text(j, "cipher", f->cipher);
	json_text(j, "ja4", f->ja4);
}

static void write_certificate(struct json_out *j, const struct store_certificate *c)
{
	char text[TIME_RFC3339_CHARS];

	json_text(j, "cert_names", c->names);
	json_number(j, "cert_names_left_out", c->names_left_out);
	json_text(j, "cert_issuer", c->issuer);
	time_rfc3339_seconds(c->not_before_s, text);
	json_text(j, "cert_not_before", c->seen ? text : "");
	time_rfc3339_seconds(c->not_after_s, text);
	json_text(j, "cert_not_after", c->seen ? text : "");
	json_bool(j, "cert_self_signed", c->self_signed);
}

static void write_findings(struct json_out *j, const struct report_flow *f)
{
	json_open(j, "findings", '[');
	for (size_t i = 0; i < f->finding_count; i++) {
		const struct finding *one = &f->findings[i].finding;

		json_open(j, NULL, '{');
		json_text(j, "kind", one->kind);
		json_text(j, "category", category_name(one->category));
		json_text(j, "tier", tier_name(one->tier));
		json_number(j, "count", one->count);
		json_text(j, "place", one->place);
		json_text(j, "mask", one->mask);
		json_bool(j, "outward", f->findings[i].outward);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void write_evidence(struct json_out *j, const struct report_flow *f)
{
	char list[CATEGORY_SET_CHARS];

	json_bool(j, "inspected", f->flow->inspected);
	json_text(j, "not_inspected_reason", f->flow->not_inspected_reason);
	json_number(j, "not_inspected_bytes", f->flow->not_inspected_bytes);
	json_text(j, "evidence", evidence_name(flow_verdict(f)->evidence));
	json_text(j, "tier", tier_name(f->flow->tier));
	category_set_format(findings_seen(f), list);
	json_list(j, "categories", list);
	json_number(j, "distinct_patients", f->flow->distinct_patients);
	write_findings(j, f);
}

static void write_verdict(struct json_out *j, const struct report_flow *f)
{
	const struct verdict *v = flow_verdict(f);
	char list[CATEGORY_SET_CHARS];

	json_text(j, "verdict", outcome_name(v->outcome));
	json_text(j, "paper", v->outcome == OUTCOME_NONE ? "" : paper_name(v->paper));
	json_open(j, "flags", '[');
	for (unsigned i = 0; i < v->flag_count; i++)
		json_text(j, NULL, flag_name(v->flags[i].id));
	json_close(j, ']');
	json_text(j, "severity", severity_name(v->severity));
	category_set_format(v->evidence == EVIDENCE_NOT_INSPECTABLE ? v->declared : 0, list);
	json_list(j, "categories_declared", list);
	json_bool(j, "distinct_patients_at_least", f->flow->distinct_at_least);
	json_text(j, "unattributed_reason", f->unattributed_reason);
}

int json_write_flow(FILE *out, const struct report_flow *f)
{
	struct json_out j = {.out = out};
	char id[17];

	snprintf(id, sizeof(id), "%016" PRIx64, f->flow->id);
	json_open(&j, NULL, '{');
	json_text(&j, "id", id);
	write_ends(&j, f->flow);
	write_counts(&j, f->flow);
	write_program(&j, f);
	write_far_end(&j, f->flow);
	write_evidence(&j, f);
	write_verdict(&j, f);
	json_text(&j, "ja3", f->flow->ja3);
	write_certificate(&j, &f->flow->certificate);
	if (f->flow->related_to != 0)
		snprintf(id, sizeof(id), "%016" PRIx64, f->flow->related_to);
	json_text(&j, "related_to", f->flow->related_to != 0 ? id : "");
	json_text(&j, "computer_name", f->flow->computer_name);
	json_text(&j, "computer_name_source", f->flow->computer_name_source);
	json_close(&j, '}');
	fputc('\n', out);
	return stream_status(out);
}
