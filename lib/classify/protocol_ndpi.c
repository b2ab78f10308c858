/* protocol_ndpi: labels by nDPI 4.2, as both Debian releases carry it. It parses untrusted packets
 * with known faults of its age: it runs only in the sandboxed inspector. */
#include "classify/protocol.h"

/* Shows struct ndpi_detection_module_struct, for protocol_engine_share(). */
#define NDPI_LIB_COMPILATION
#include <ndpi_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/wipe.h"

#define ENGINE_BYTES     (8u << 20)
#define PACKET_BYTES_MAX 65535 /* nDPI's length is an unsigned short */

struct protocol_engine {
	struct ndpi_detection_module_struct *module;
	bool shares; /* the tables are another's */
};

struct protocol_flow {
	struct protocol_engine *engine; /* borrows */
	struct budget *budget;          /* borrows */
	struct ndpi_flow_struct *flow;
	ndpi_protocol result;
	unsigned packets;
	bool settled;
};

/* nDPI 4.2 does not ask whether it got the memory that it builds its tables in (5.6 MB). */
static bool has_room(void)
{
	void *volatile room = malloc(ENGINE_BYTES); /* so that it is asked for at all */

	free(room);
	return room != NULL;
}

int protocol_engine_new(struct protocol_engine **ret_gives)
{
	struct protocol_engine *e = calloc(1, sizeof(*e));
	NDPI_PROTOCOL_BITMASK all;

	if (!e || !has_room()) {
		free(e);
		return STATUS_NO_MEMORY;
	}
	/* What nDPI keeps of a conversation is content as well. */
	set_ndpi_free(wipe_free);
	set_ndpi_flow_free(wipe_free);
	e->module = ndpi_init_detection_module(ndpi_no_prefs);
	if (!e->module) {
		free(e);
		return STATUS_NO_MEMORY;
	}
	NDPI_BITMASK_SET_ALL(all);
	ndpi_set_protocol_detection_bitmask2(e->module, &all);
	ndpi_finalize_initialization(e->module);
	*ret_gives = e;
	return STATUS_OK;
}

/* What an engine learns from packets, all of it made when it is first needed. The rest are tables
 * that packets only read. */
static void forget_packets(struct ndpi_detection_module_struct *m)
{
	m->ookla_cache = m->bittorrent_cache = m->zoom_cache = m->stun_cache = NULL;
	m->tls_cert_cache = m->mining_cache = m->msteams_cache = NULL;
	m->tinc_cache = NULL;
	memset(&m->packet, 0, sizeof(m->packet));
}

/* Leaves only what forget_packets() names, so that the tables are not freed with it. */
static void forget_tables(struct ndpi_detection_module_struct *m)
{
	struct ndpi_lru_cache *const ookla = m->ookla_cache, *const torrent = m->bittorrent_cache,
	                             *const zoom = m->zoom_cache, *const stun = m->stun_cache,
	                             *const tls = m->tls_cert_cache,
	                             *const mining = m->mining_cache,
	                             *const teams = m->msteams_cache;
	struct cache *const tinc = m->tinc_cache;

	memset(m, 0, sizeof(*m));
	m->ookla_cache = ookla;
	m->bittorrent_cache = torrent;
	m->zoom_cache = zoom;
	m->stun_cache = stun;
	m->tls_cert_cache = tls;
	m->mining_cache = mining;
	m->msteams_cache = teams;
	m->tinc_cache = tinc;
}

/* True when the library was built with the struct that its header shows: what stands behind all
 * that is named here lies where it should. */
static bool layout_is_known(struct ndpi_detection_module_struct *m)
{
	return ndpi_get_proto_defaults(m) == m->proto_defaults &&
	       ndpi_get_ndpi_num_supported_protocols(m) == m->ndpi_num_supported_protocols;
}

int protocol_engine_share(struct protocol_engine **ret_gives, const struct protocol_engine *from)
{
	struct protocol_engine *e;

	if (!layout_is_known(from->module))
		return protocol_engine_new(ret_gives);
	e = calloc(1, sizeof(*e));
	if (e)
		e->module = malloc(sizeof(*e->module));
	if (!e || !e->module) {
		free(e);
		return STATUS_NO_MEMORY;
	}
	memcpy(e->module, from->module, sizeof(*e->module));
	forget_packets(e->module);
	e->shares = true;
	*ret_gives = e;
	return STATUS_OK;
}

struct protocol_engine *protocol_engine_free(struct protocol_engine *e)
{
	if (!e)
		return NULL;
	if (e->shares)
		forget_tables(e->module);
	ndpi_exit_detection_module(e->module);
	free(e);
	return NULL;
}

const char *protocol_engine_version(void)
{
	return "nDPI " EXEAT_NDPI_VERSION;
}

int protocol_flow_new(
        struct protocol_flow **ret_gives, struct protocol_engine *borrowed, struct budget *budget)
{
	struct protocol_flow *f;

	if (budget_charge(budget, PROTOCOL_FLOW_BYTES) != STATUS_OK)
		return STATUS_LIMIT;
	f = calloc(1, sizeof(*f));
	if (f)
		f->flow = ndpi_flow_malloc(SIZEOF_FLOW_STRUCT);
	if (!f || !f->flow) {
		budget_release(budget, PROTOCOL_FLOW_BYTES);
		free(f);
		return STATUS_NO_MEMORY;
	}
	f->engine = borrowed;
	f->budget = budget;
	memset(f->flow, 0, SIZEOF_FLOW_STRUCT);
	*ret_gives = f;
	return STATUS_OK;
}

struct protocol_flow *protocol_flow_free(struct protocol_flow *f)
{
	if (!f)
		return NULL;
	ndpi_free_flow(f->flow);
	budget_release(f->budget, PROTOCOL_FLOW_BYTES);
	free(f);
	return NULL;
}

bool protocol_flow_feed(struct protocol_flow *f, const struct packet *p)
{
	size_t len = p->ip.len < PACKET_BYTES_MAX ? p->ip.len : PACKET_BYTES_MAX;

	if (f->settled || len == 0)
		return f->settled;
	f->result = ndpi_detection_process_packet(f->engine->module, f->flow, p->ip.data,
	        (unsigned short)len, (u_int64_t)(p->time_ns / 1000000));
	f->packets++;
	f->settled = f->packets >= PROTOCOL_PACKETS_MAX ||
	             (f->result.app_protocol != NDPI_PROTOCOL_UNKNOWN &&
	                     !ndpi_extra_dissection_possible(f->engine->module, f->flow));
	return f->settled;
}

static const char *confidence_of(const struct ndpi_flow_struct *flow)
{
	switch (flow->confidence) {
	case NDPI_CONFIDENCE_MATCH_BY_PORT:
		return "port";
	case NDPI_CONFIDENCE_MATCH_BY_IP:
		return "ip";
	case NDPI_CONFIDENCE_DPI_CACHE:
		return "cache";
	case NDPI_CONFIDENCE_DPI:
		return "dpi";
	default:
		return "none";
	}
}

/* As many as fit, and a mark for the others; nDPI 4.2 knows 41 of them. */
static void write_risks(ndpi_risk risks, char ret[PROTOCOL_RISKS_CHARS])
{
	static const char more[] = "|…";
	bool left_out = false;
	size_t len = 0;

	for (unsigned i = 1; i < NDPI_MAX_RISK; i++) {
		struct span text = span_of_text(ndpi_risk2str((ndpi_risk_enum)i));

		if (!(risks >> i & 1))
			continue;
		if (len + 1 + text.len + sizeof(more) > PROTOCOL_RISKS_CHARS) {
			left_out = true;
			continue;
		}
		if (len > 0)
			ret[len++] = '|';
		memcpy(ret + len, text.data, text.len);
		len += text.len;
	}
	memcpy(ret + len, left_out ? more : "", left_out ? sizeof(more) : 1);
}

void protocol_flow_label(struct protocol_flow *f, struct protocol_label *ret)
{
	u_int8_t guessed = 0;

	*ret = (struct protocol_label){.label = "", .confidence = "none"};
	if (f->result.app_protocol == NDPI_PROTOCOL_UNKNOWN &&
	        f->result.master_protocol == NDPI_PROTOCOL_UNKNOWN)
		f->result = ndpi_detection_giveup(f->engine->module, f->flow, 1, &guessed);
	if (f->result.app_protocol == NDPI_PROTOCOL_UNKNOWN &&
	        f->result.master_protocol == NDPI_PROTOCOL_UNKNOWN)
		return;
	snprintf(ret->category, sizeof(ret->category), "%s",
	        ndpi_category_get_name(f->engine->module, f->result.category));
	write_risks(f->flow->risk, ret->risks);
	ndpi_protocol2name(f->engine->module, f->result, ret->label, sizeof(ret->label));
	snprintf(ret->confidence, sizeof(ret->confidence), "%s", confidence_of(f->flow));
}
