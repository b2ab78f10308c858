#include "classify/computer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

/* What one address was called from one time on. */
struct entry {
	struct addr addr;
	enum computer_source source; /* COMPUTER_UNNAMED: a free place */
	struct dhcp_client client;   /* DHCP: who has the lease */
	int64_t time_ns;
	uint64_t made, heard; /* in order of all messages */
	char name[COMPUTER_NAME_CHARS];
};

struct request {
	bool waits;
	bool of_this_link; /* no router can have brought it */
	uint32_t transaction;
	struct dhcp_client client;
	struct addr asked; /* the address that it is about; ADDR_NONE: not said */
	int64_t time_ns;
	char name[COMPUTER_NAME_CHARS];
};

struct computer_table {
	const struct inside_nets *inside; /* borrows */
	struct entry entries[COMPUTER_GROUPS][COMPUTER_PLACES];
	struct request requests[COMPUTER_REQUESTS_MAX];
	unsigned next_request; /* of a ring: the one that is replaced next */
	uint64_t messages;
	uint64_t forgotten;
};

int computer_table_new(struct computer_table **ret_gives, const struct inside_nets *borrowed_inside)
{
	struct computer_table *t = calloc(1, sizeof(*t));

	if (!t)
		return STATUS_NO_MEMORY;
	t->inside = borrowed_inside;
	*ret_gives = t;
	return STATUS_OK;
}

struct computer_table *computer_table_free(struct computer_table *t)
{
	free(t);
	return NULL;
}

static unsigned group_of(const struct addr *addr)
{
	return fnv_span(FNV_BASIS, span_of(addr->bytes, sizeof(addr->bytes))) &
	       (COMPUTER_GROUPS - 1);
}

/* The last that was said of the address by this source; NULL when nothing was. */
static struct entry *last_of(
        struct entry *group, const struct addr *addr, enum computer_source source)
{
	struct entry *last = NULL;

	for (unsigned i = 0; i < COMPUTER_PLACES; i++) {
		struct entry *e = &group[i];

		if (e->source == source && addr_equal(&e->addr, addr) &&
		        (!last || e->made > last->made))
			last = e;
	}
	return last;
}

static struct entry *take_place(struct computer_table *t, struct entry *group)
{
	struct entry *oldest = &group[0];

	for (unsigned i = 0; i < COMPUTER_PLACES; i++) {
		if (group[i].source == COMPUTER_UNNAMED)
			return &group[i];
		if (group[i].heard < oldest->heard)
			oldest = &group[i];
	}
	t->forgotten++;
	return oldest;
}

static bool same_client(const struct dhcp_client *a, const struct dhcp_client *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* A client that renews its lease without a name keeps the one it had. One that gives no name, and
 * has the address from nobody that we know of, says nothing. */
static bool says_nothing_new(const struct entry *last, const struct entry *wanted)
{
	if (!last)
		return wanted->name[0] == '\0';
	return same_client(&last->client, &wanted->client) &&
	       (wanted->name[0] == '\0' || strcmp(last->name, wanted->name) == 0);
}

static void add(struct computer_table *t, const struct entry *wanted)
{
	struct entry *group = t->entries[group_of(&wanted->addr)];
	struct entry *e = last_of(group, &wanted->addr, wanted->source);

	t->messages++;
	if (e)
		e->heard = t->messages;
	if (says_nothing_new(e, wanted))
		return;
	e = take_place(t, group);
	*e = *wanted;
	e->made = e->heard = t->messages;
}

/* Most give both; the full one is the longer form of the other. */
static const char *name_in(const struct dhcp_message *m)
{
	return m->host[0] != '\0' ? m->host : m->full_name;
}

/* Its index, or COMPUTER_REQUESTS_MAX. */
static unsigned find_request(const struct computer_table *t, const struct dhcp_message *m)
{
	unsigned i = 0;

	for (; i < COMPUTER_REQUESTS_MAX; i++) {
		const struct request *r = &t->requests[i];

		if (r->waits && r->transaction == m->transaction &&
		        same_client(&r->client, &m->client))
			break;
	}
	return i;
}

static bool too_old(const struct request *r, int64_t time_ns)
{
	return time_ns - r->time_ns > COMPUTER_REQUEST_NS;
}

static bool is_of_this_link(const struct tuple *as_sent, const struct dhcp_message *m)
{
	static const uint8_t none[4], all[4] = {255, 255, 255, 255};
	struct addr nobody = addr_ipv4(none), everybody = addr_ipv4(all);

	return addr_equal(&as_sent->dst.addr, &everybody) &&
	       (addr_equal(&as_sent->src.addr, &nobody) || addr_equal(&as_sent->src.addr, &m->own));
}

static void add_request(struct computer_table *t, const struct tuple *as_sent,
        const struct dhcp_message *m, int64_t time_ns)
{
	unsigned at = find_request(t, m);
	struct request *r = &t->requests[at < COMPUTER_REQUESTS_MAX ? at : t->next_request];

	if (at == COMPUTER_REQUESTS_MAX) {
		t->next_request = (t->next_request + 1) % COMPUTER_REQUESTS_MAX;
		t->forgotten += r->waits && !too_old(r, time_ns);
	}
	*r = (struct request){.waits = true,
	        .of_this_link = is_of_this_link(as_sent, m),
	        .transaction = m->transaction,
	        .client = m->client,
	        .asked = m->own.family != ADDR_NONE ? m->own : m->requested,
	        .time_ns = time_ns};
	snprintf(r->name, sizeof(r->name), "%s", name_in(m));
}

static void add_lease(struct computer_table *t, const struct dhcp_message *m,
        const struct addr *addr, const char *name, int64_t time_ns)
{
	struct entry wanted = {
	        .addr = *addr, .source = COMPUTER_DHCP, .client = m->client, .time_ns = time_ns};

	if (addr->family == ADDR_NONE || !inside_nets_contain(t->inside, addr))
		return;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name);
	add(t, &wanted);
}

/* Its index, or COMPUTER_REQUESTS_MAX when nobody waits for this message. */
static unsigned find_acknowledged(
        const struct computer_table *t, const struct dhcp_message *m, int64_t time_ns)
{
	unsigned at = COMPUTER_REQUESTS_MAX;

	if (m->from_server && m->type == DHCP_ACK)
		at = find_request(t, m);
	if (at < COMPUTER_REQUESTS_MAX && too_old(&t->requests[at], time_ns))
		return COMPUTER_REQUESTS_MAX;
	return at;
}

bool computer_table_proves_subnet(
        const struct computer_table *t, const struct dhcp_message *m, int64_t time_ns)
{
	unsigned at = find_acknowledged(t, m, time_ns);

	return at < COMPUTER_REQUESTS_MAX && t->requests[at].of_this_link &&
	       dhcp_address(m)->family != ADDR_NONE &&
	       addr_equal(&t->requests[at].asked, dhcp_address(m));
}

static void add_acknowledgement(
        struct computer_table *t, const struct dhcp_message *m, int64_t time_ns)
{
	unsigned at = find_acknowledged(t, m, time_ns);
	struct request *r;

	if (at == COMPUTER_REQUESTS_MAX)
		return;
	r = &t->requests[at];
	add_lease(t, m, dhcp_address(m), r->name[0] != '\0' ? r->name : name_in(m), time_ns);
	r->waits = false;
}

void computer_table_add_dhcp(struct computer_table *t, const struct tuple *as_sent,
        const struct dhcp_message *m, int64_t time_ns)
{
	const struct addr *sender = &as_sent->src.addr;

	if (m->from_server) {
		add_acknowledgement(t, m, time_ns);
		return;
	}
	if (m->type != DHCP_REQUEST && m->type != DHCP_INFORM)
		return;
	add_request(t, as_sent, m, time_ns);
	if (addr_equal(&m->own, sender))
		add_lease(t, m, sender, name_in(m), time_ns);
}

/* The workstation's name before the file server's, which most often is the same. */
static const struct netbios_name *own_name(const struct netbios_message *m)
{
	for (unsigned i = 0; i < m->count; i++)
		if (m->names[i].suffix == 0)
			return &m->names[i];
	return m->count > 0 ? &m->names[0] : NULL;
}

static void add_name(struct computer_table *t, const struct addr *addr,
        const struct netbios_name *name, int64_t time_ns)
{
	struct entry wanted = {.addr = *addr, .source = COMPUTER_NETBIOS, .time_ns = time_ns};

	if (!inside_nets_contain(t->inside, addr))
		return;
	snprintf(wanted.name, sizeof(wanted.name), "%s", name->name);
	add(t, &wanted);
}

void computer_table_add_netbios(struct computer_table *t, const struct addr *sender,
        const struct netbios_message *m, int64_t time_ns)
{
	const struct netbios_name *own = own_name(m);

	if (!own || !inside_nets_contain(t->inside, sender))
		return;
	if (m->kind == NETBIOS_STATUS)
		add_name(t, sender, own, time_ns);
	t->forgotten += m->left_out;
	if (m->kind == NETBIOS_STATUS || m->kind == NETBIOS_OTHER)
		return;
	for (unsigned i = 0; i < m->count; i++)
		if (m->kind == NETBIOS_ANSWER || addr_equal(&m->names[i].addr, sender))
			add_name(t, &m->names[i].addr, &m->names[i], time_ns);
}

/* The last at or before the first time, else the first up to the last time. */
static const struct entry *pick(const struct entry *group, const struct addr *addr,
        enum computer_source source, int64_t first_ns, int64_t last_ns)
{
	const struct entry *before = NULL, *during = NULL;

	for (unsigned i = 0; i < COMPUTER_PLACES; i++) {
		const struct entry *e = &group[i];

		if (e->source != source || !addr_equal(&e->addr, addr))
			continue;
		if (e->time_ns <= first_ns && (!before || e->made > before->made))
			before = e;
		if (e->time_ns > first_ns && e->time_ns <= last_ns &&
		        (!during || e->made < during->made))
			during = e;
	}
	return before ? before : during;
}

bool computer_table_find(const struct computer_table *t, const struct addr *addr, int64_t first_ns,
        int64_t last_ns, struct computer_name *ret)
{
	const struct entry *group = t->entries[group_of(addr)];
	const struct entry *dhcp = pick(group, addr, COMPUTER_DHCP, first_ns, last_ns);
	const struct entry *best = dhcp;

	if (!dhcp || dhcp->name[0] == '\0') {
		best = pick(group, addr, COMPUTER_NETBIOS, first_ns, last_ns);
		/* One from before the lease is of who had the address then. */
		if (best && dhcp && best->made < dhcp->made)
			best = NULL;
	}
	if (!best)
		return false;
	memcpy(ret->name, best->name, sizeof(ret->name));
	ret->source = best->source;
	return true;
}

uint64_t computer_table_forgotten(const struct computer_table *t)
{
	return t->forgotten;
}

const char *computer_source_text(enum computer_source s)
{
	switch (s) {
	case COMPUTER_UNNAMED:
		return "";
	case COMPUTER_DHCP:
		return "dhcp";
	case COMPUTER_NETBIOS:
		return "netbios";
	}
	return "";
}
