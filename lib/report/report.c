#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "report/history.h"
#include "report/rows.h"

static const struct verdict no_verdict = {.destination = -1, .contract = -1, .basis = -1};

const struct verdict *flow_verdict(const struct report_flow *f)
{
	return f->verdict ? f->verdict : &no_verdict;
}

const struct flow_counts *flow_out_counts(const struct store_flow *f)
{
	return &f->counts[f->out_index == 1];
}

const struct flow_counts *flow_in_counts(const struct store_flow *f)
{
	return &f->counts[f->out_index != 1];
}

/* Bytes that went out while we missed them went out all the same. */
bool flow_is_egress(const struct store_flow *f)
{
	const struct flow_counts *out = flow_out_counts(f);

	return f->out_index >= 0 && (out->payload_bytes > 0 || out->gap_bytes > 0);
}

const struct endpoint *flow_far_end(const struct store_flow *f)
{
	return f->out_index == 1 ? &f->tuple.src : &f->tuple.dst;
}

const char *flow_direction_name(const struct store_flow *f)
{
	if (f->direction == FLOW_INTERNAL)
		return "internal";
	if (f->direction == FLOW_TRANSIT || f->out_index < 0)
		return "transit";
	return flow_is_egress(f) ? "egress" : "inbound";
}

const char *ip_protocol_name(uint8_t protocol, char scratch[static 8])
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {{1, "icmp"}, {2, "igmp"}, {6, "tcp"}, {17, "udp"}, {41, "ipv6"}, {47, "gre"},
	        {50, "esp"}, {51, "ah"}, {58, "icmpv6"}, {103, "pim"}, {112, "vrrp"},
	        {132, "sctp"}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].number == protocol)
			return names[i].name;
	snprintf(scratch, 8, "%u", protocol);
	return scratch;
}

int stream_status(FILE *out)
{
	return ferror(out) ? status_from_errno(errno ? errno : EIO) : STATUS_OK;
}

category_set findings_seen(const struct report_flow *f)
{
	category_set seen = 0;

	for (size_t i = 0; i < f->finding_count; i++) {
		const struct finding *one = &f->findings[i].finding;

		if (f->findings[i].outward && (one->tier == TIER_MEDIUM || one->tier == TIER_HIGH))
			seen |= (category_set)1 << one->category;
	}
	return seen;
}

int report_new(struct report **ret_gives, struct store *store, const struct registry *registry,
        const struct report_run *run, int dir_fd)
{
	struct report *r = calloc(1, sizeof(*r));
	int status;

	if (!r)
		return STATUS_NO_MEMORY;
	r->store = store;
	r->registry = registry;
	r->run = run;
	output_init(&r->outputs, dir_fd);
	status = text_pool_new(&r->pool, REPORT_TEXT_BYTES_MAX);
	if (status == STATUS_OK)
		status = key_map_new(&r->row_keys);
	if (status == STATUS_OK)
		status = key_map_new(&r->flag_keys);
	if (status == STATUS_OK)
		status = history_new(&r->history, r);
	if (status == STATUS_OK && dir_fd >= 0)
		status = output_open(&r->outputs, "", "flows.jsonl", &r->flows_file);
	if (status != STATUS_OK) {
		report_free(r);
		return status;
	}
	*ret_gives = r;
	return STATUS_OK;
}

struct report *report_free(struct report *r)
{
	if (!r)
		return NULL;
	output_abort(&r->outputs);
	for (size_t i = 0; i < r->row_count; i++)
		summary_row_free(r, &r->rows[i]);
	free(r->rows);
	free(r->flags);
	free(r->changes);
	key_map_free(r->row_keys);
	key_map_free(r->flag_keys);
	history_free(r->history);
	text_pool_free(r->pool);
	free(r);
	return NULL;
}

static bool reason_comes_before(const struct seen_reason *a, const struct seen_reason *b)
{
	return a->bytes != b->bytes ? a->bytes > b->bytes : strcmp(a->reason, b->reason) < 0;
}

static void count_reason(struct seen_counts *c, const struct store_flow *f)
{
	unsigned i = 0;

	while (i < c->reason_count && strcmp(c->reasons[i].reason, f->not_inspected_reason) != 0)
		i++;
	if (i == ROW_REASONS_MAX)
		return;
	if (i == c->reason_count) {
		c->reason_count++;
		snprintf(c->reasons[i].reason, sizeof(c->reasons[i].reason), "%s",
		        f->not_inspected_reason);
	}
	c->reasons[i].flows++;
	c->reasons[i].bytes += f->not_inspected_bytes;
	for (; i > 0 && reason_comes_before(&c->reasons[i], &c->reasons[i - 1]); i--) {
		struct seen_reason held = c->reasons[i];

		c->reasons[i] = c->reasons[i - 1];
		c->reasons[i - 1] = held;
	}
}

static void count_flow(struct report *r, const struct report_flow *f)
{
	const struct verdict *v = flow_verdict(f);
	struct seen_counts *c = &r->seen;
	bool egress = flow_is_egress(f->flow);

	c->internal += f->flow->direction == FLOW_INTERNAL;
	if (f->flow->direction == FLOW_INTERNAL)
		return;
	c->transit += f->flow->out_index < 0;
	c->inbound += f->flow->out_index >= 0 && !egress;
	c->egress += egress;
	if (egress) {
		c->outcomes[v->outcome]++;
		c->sealed += f->flow->tier == TIER_SEALED;
		c->encrypted += f->flow->tier == TIER_OPAQUE;
	}
	if (f->flow->not_inspected_reason[0] != '\0')
		count_reason(c, f->flow);
	if (v->severity > r->worst)
		r->worst = v->severity;
}

static const struct registry_destination *destination_of(
        const struct report *r, const struct verdict *v)
{
	return r->registry && v->destination >= 0
	               ? registry_destination(r->registry, (size_t)v->destination)
	               : NULL;
}

/* The register's row, the registered part of the far end's name, or its network. */
static const char *destination_key(
        struct report *r, const struct report_flow *f, const struct registry_destination *d)
{
	char text[PREFIX_TEXT_CHARS];
	struct prefix prefix = prefix_of(&flow_far_end(f->flow)->addr);

	if (d)
		return text_pool_add(r->pool, d->id);
	if (f->flow->domain[0] != '\0')
		return text_pool_add(r->pool, f->flow->domain);
	if (f->flow->name_count > 0)
		return text_pool_add(r->pool, f->flow->names[0].name);
	prefix_format(&prefix, text);
	return text_pool_add(r->pool, text);
}

/* How a register row could name this far end: by the name that it was called by, else its
 * network. */
static const char *match_rules(struct report *r, const struct store_flow *f)
{
	struct prefix prefix = prefix_of(&flow_far_end(f)->addr);
	char text[DISPLAY_CHARS_MAX + 8], network[PREFIX_TEXT_CHARS];

	prefix_format(&prefix, network);
	if (f->name_count == 0)
		snprintf(text, sizeof(text), "ip:%s", network);
	else
		snprintf(text, sizeof(text), "%s:%s",
		        strcmp(f->names[0].source, "sni") == 0 ? "sni" : "dns", f->names[0].name);
	return text_pool_add(r->pool, text);
}

/* What helps a person to tell who it is; of far ends that the register does not know. */
static void fill_stranger_texts(struct report *r, const struct store_flow *f, const char **text)
{
	char one[DISPLAY_CHARS_MAX + 64];

	text[ROW_DOMAIN] = f->domain;
	text[ROW_NAMES] = text_pool_add(r->pool, "");
	for (unsigned i = 0; text[ROW_NAMES] && i < f->name_count; i++) {
		snprintf(one, sizeof(one), "%s (%s)", f->names[i].name, f->names[i].source);
		text[ROW_NAMES] = text_pool_join(r->pool, text[ROW_NAMES], one);
	}
	if (f->service[0] == '\0')
		return;
	snprintf(one, sizeof(one), "%s%s%s%s%s", f->service, f->service_kind[0] ? " (" : "",
	        f->service_kind, f->service_kind[0] ? ")" : "", f->service_test ? ", test" : "");
	text[ROW_SERVICE] = text_pool_add(r->pool, one);
}

static const char *masks_of(struct report *r, const struct report_flow *f)
{
	const char *masks = text_pool_add(r->pool, "");

	for (size_t i = 0; masks && i < f->finding_count; i++) {
		const struct finding *one = &f->findings[i].finding;

		if (f->findings[i].outward && (one->tier == TIER_MEDIUM || one->tier == TIER_HIGH))
			masks = text_pool_join(r->pool, masks, one->mask);
	}
	return masks;
}

static bool patient_seen(const struct report_flow *f)
{
	for (size_t i = 0; i < f->finding_count; i++) {
		const struct finding *one = &f->findings[i].finding;

		if (f->findings[i].outward && one->class == CLASS_PATIENT &&
		        (one->tier == TIER_MEDIUM || one->tier == TIER_HIGH))
			return true;
	}
	return false;
}

static const struct registry_hours *hours_of(const struct report *r, const struct report_flow *f)
{
	size_t program;

	return history_program(r, f->program_id, &program)
	               ? &registry_program(r->registry, program)->hours
	               : NULL;
}

static void fill_register_texts(struct report *r, const struct report_flow *f, const char **text)
{
	const struct verdict *v = flow_verdict(f);
	const struct registry_destination *d = destination_of(r, v);
	char date[TIME_DATE_CHARS] = "";

	if (d) {
		text[ROW_DEST_ID] = d->id;
		text[ROW_RECIPIENT] = d->recipient;
	}
	if (r->registry && v->contract >= 0) {
		const struct registry_contract *c = registry_contract(
		        r->registry, (size_t)v->contract);

		text[ROW_CONTRACT] = c->id;
		if (c->end_day != REGISTRY_NO_DAY)
			time_format_day(c->end_day, date);
		text[ROW_CONTRACT_END] = text_pool_add(r->pool, date);
	}
	if (r->registry && v->basis >= 0)
		text[ROW_BASIS] = registry_basis(r->registry, (size_t)v->basis)->id;
}

static void fill_flow_texts(struct report *r, const struct report_flow *f, const char **text)
{
	const struct store_flow *flow = f->flow;
	struct prefix prefix = prefix_of(&flow_far_end(flow)->addr);
	char network[PREFIX_TEXT_CHARS], number[8];

	prefix_format(&prefix, network);
	text[ROW_PROGRAM_NAME] = f->program_name;
	text[ROW_KIND] = f->program_kind;
	text[ROW_ATTRIBUTION] = f->program_method;
	text[ROW_CONFIDENCE] = f->program_confidence;
	text[ROW_CARRIER] = f->carrier_process;
	text[ROW_HOST] = flow->name_count > 0 ? flow->names[0].name : "";
	text[ROW_PREFIX] = text_pool_add(r->pool, network);
	text[ROW_COUNTRY] = flow->country;
	text[ROW_COUNTRY_CONFIDENCE] = flow->country_confidence;
	text[ROW_ORGANISATION] = flow->organisation;
	text[ROW_PROTOCOL] = flow->protocol;
	if (flow->protocol[0] == '\0' || strcmp(flow->protocol, "none") == 0)
		text[ROW_PROTOCOL] = text_pool_add(r->pool,
		        flow->app[0] != '\0' ? flow->app
		                             : ip_protocol_name(flow->tuple.protocol, number));
	text[ROW_TLS_VERSION] = flow->tls_version;
	text[ROW_MATCH_RULES] = match_rules(r, flow);
	text[ROW_MASKS] = masks_of(r, f);
}

static int gather_facts(struct report *r, const struct report_flow *f, struct flow_facts *ret)
{
	const struct verdict *v = flow_verdict(f);
	char address[ADDR_TEXT_CHARS], named[DISPLAY_CHARS_MAX + ADDR_TEXT_CHARS + 4] = "";

	*ret = (struct flow_facts){.severity = v->severity, .declared = v->declared};
	addr_format(&f->flow->computer, address);
	if (f->flow->computer_name[0] != '\0')
		snprintf(named, sizeof(named), "%s (%s)", f->flow->computer_name, address);
	ret->egress = flow_is_egress(f->flow);
	ret->seen = findings_seen(f);
	ret->patient_seen = patient_seen(f);
	ret->hours = hours_of(r, f);
	ret->program_id = text_pool_add(r->pool, f->program_id);
	ret->destination = destination_key(r, f, destination_of(r, v));
	ret->computer = text_pool_add(r->pool, address);
	fill_flow_texts(r, f, ret->text);
	fill_register_texts(r, f, ret->text);
	if (!destination_of(r, v) || f->program_id[0] == '\0')
		fill_stranger_texts(r, f->flow, ret->text);
	ret->text[ROW_COMPUTERS] = ret->computer;
	ret->text[ROW_COMPUTER_NAMES] = named;
	for (size_t i = 0; i < ROW_TEXTS; i++) {
		ret->text[i] = text_pool_add(r->pool, ret->text[i]);
		if (!ret->text[i])
			return STATUS_NO_MEMORY;
	}
	if (!ret->program_id || !ret->destination || !ret->computer)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

int report_add_flow(struct report *r, const struct report_flow *f)
{
	struct flow_facts facts;
	int status = STATUS_OK;

	if (r->written)
		return STATUS_BUG;
	if (r->flows_file)
		status = json_write_flow(r->flows_file, f);
	if (status != STATUS_OK)
		return status;
	count_flow(r, f);
	status = history_add(r, f);
	if (status != STATUS_OK)
		return status;
	if (f->flow->direction == FLOW_INTERNAL)
		return STATUS_OK;
	status = gather_facts(r, f, &facts);
	if (status == STATUS_OK)
		status = summary_add(r, f, &facts);
	if (status == STATUS_OK)
		status = flags_add(r, f, &facts);
	return status;
}

int report_flag_id(struct report *r, const struct report_flow *f, unsigned index,
        char ret[static REPORT_FLAG_ID_CHARS])
{
	struct flow_facts facts;
	struct flag_row row;
	int status = gather_facts(r, f, &facts);

	if (status == STATUS_OK)
		status = flag_row_of(r, f, &facts, index, &row);
	if (status == STATUS_OK)
		memcpy(ret, row.hex, sizeof(row.hex));
	return status;
}

enum severity report_worst(const struct report *r)
{
	enum severity worst = r->worst;

	if (r->run->run_verdict && r->run->run_verdict->severity > worst)
		worst = r->run->run_verdict->severity;
	return worst;
}
