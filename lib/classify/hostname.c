#include "classify/hostname.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

#define BUCKETS 16384 /* a power of two; chains stay short at HOSTNAME_DNS_MAX */

/* One address that one computer was told for one name. */
struct answer {
	struct addr computer, far;
	char *name;
	int64_t time_ns, until_ns;
	uint32_t next, before; /* in the bucket's chain, the newest first; plus one, 0 ends */
	uint32_t older, newer; /* in order of arrival; plus one */
};

struct hostname_cache {
	struct budget *budget; /* borrows */
	struct answer *answers;
	struct chain {
		uint32_t first, last; /* plus one */
		uint32_t count;
	} chains[BUCKETS];
	uint32_t count;
	uint32_t oldest, newest; /* plus one */
	uint64_t evicted;
};

int hostname_cache_new(struct hostname_cache **ret_gives, struct budget *borrowed)
{
	struct hostname_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return STATUS_NO_MEMORY;
	c->answers = calloc(HOSTNAME_DNS_MAX, sizeof(*c->answers));
	if (!c->answers) {
		free(c);
		return STATUS_NO_MEMORY;
	}
	c->budget = borrowed;
	*ret_gives = c;
	return STATUS_OK;
}

struct hostname_cache *hostname_cache_free(struct hostname_cache *c)
{
	if (!c)
		return NULL;
	for (uint32_t i = 0; i < c->count; i++) {
		if (c->answers[i].name)
			budget_release(c->budget, strlen(c->answers[i].name) + 1);
		free(c->answers[i].name);
	}
	free(c->answers);
	free(c);
	return NULL;
}

static uint32_t chain_of(const struct addr *far)
{
	/* chains are bounded, so an aimed collision only forgets */
	return fnv_span(FNV_BASIS, span_of(far->bytes, sizeof(far->bytes))) & (BUCKETS - 1);
}

static void unlink_order(struct hostname_cache *c, uint32_t at)
{
	struct answer *a = &c->answers[at];

	if (a->older)
		c->answers[a->older - 1].newer = a->newer;
	else
		c->oldest = a->newer;
	if (a->newer)
		c->answers[a->newer - 1].older = a->older;
	else
		c->newest = a->older;
}

static void append_order(struct hostname_cache *c, uint32_t at)
{
	struct answer *a = &c->answers[at];

	a->older = c->newest;
	a->newer = 0;
	if (c->newest)
		c->answers[c->newest - 1].newer = at + 1;
	else
		c->oldest = at + 1;
	c->newest = at + 1;
}

static void unlink_chain(struct hostname_cache *c, uint32_t at)
{
	struct answer *a = &c->answers[at];
	struct chain *chain = &c->chains[chain_of(&a->far)];

	if (a->before)
		c->answers[a->before - 1].next = a->next;
	else
		chain->first = a->next;
	if (a->next)
		c->answers[a->next - 1].before = a->before;
	else
		chain->last = a->before;
	chain->count--;
}

/* The newest first: nearly always that is this one. */
static void enter_chain(struct hostname_cache *c, uint32_t at)
{
	struct answer *a = &c->answers[at];
	struct chain *chain = &c->chains[chain_of(&a->far)];

	a->before = 0;
	a->next = chain->first;
	while (a->next && c->answers[a->next - 1].time_ns > a->time_ns) {
		a->before = a->next;
		a->next = c->answers[a->next - 1].next;
	}
	if (a->next)
		c->answers[a->next - 1].before = at + 1;
	else
		chain->last = at + 1;
	if (a->before)
		c->answers[a->before - 1].next = at + 1;
	else
		chain->first = at + 1;
	chain->count++;
}

/* A free place: a new one, or that of the oldest answer, of a full chain the one at its end. */
static uint32_t take_place(struct hostname_cache *c, const struct addr *far)
{
	const struct chain *chain = &c->chains[chain_of(far)];
	const bool full = chain->count >= HOSTNAME_CHAIN_MAX;
	uint32_t at;

	if (!full && c->count < HOSTNAME_DNS_MAX)
		return c->count++;
	at = (full ? chain->last : c->oldest) - 1;
	unlink_order(c, at);
	unlink_chain(c, at);
	budget_release(c->budget, strlen(c->answers[at].name) + 1);
	free(c->answers[at].name);
	c->answers[at].name = NULL;
	c->evicted++;
	return at;
}

static struct answer *find_same(struct hostname_cache *c, const struct addr *computer,
        const struct addr *far, const char *name)
{
	for (uint32_t at = c->chains[chain_of(far)].first; at; at = c->answers[at - 1].next) {
		struct answer *a = &c->answers[at - 1];

		if (addr_equal(&a->computer, computer) && addr_equal(&a->far, far) &&
		        strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

static int add_answer(struct hostname_cache *c, const struct answer *wanted, const char *name)
{
	struct answer *a = find_same(c, &wanted->computer, &wanted->far, name);
	char *copy;
	uint32_t at;

	if (a) {
		at = (uint32_t)(a - c->answers);
		a->time_ns = wanted->time_ns;
		a->until_ns = wanted->until_ns;
		unlink_order(c, at);
		append_order(c, at);
		unlink_chain(c, at);
		enter_chain(c, at);
		return STATUS_OK;
	}
	if (budget_charge(c->budget, strlen(name) + 1) != STATUS_OK) {
		c->evicted++;
		return STATUS_OK;
	}
	copy = strdup(name);
	if (!copy) {
		budget_release(c->budget, strlen(name) + 1);
		return STATUS_NO_MEMORY;
	}
	at = take_place(c, &wanted->far);
	c->answers[at] = *wanted;
	c->answers[at].name = copy;
	enter_chain(c, at);
	append_order(c, at);
	return STATUS_OK;
}

int hostname_cache_add(struct hostname_cache *c, const struct addr *computer,
        const struct dns_message *m, int64_t time_ns)
{
	int status = STATUS_OK;

	if (!m->response || m->question[0] == '\0')
		return STATUS_OK;
	for (unsigned i = 0; status == STATUS_OK && i < m->answer_count; i++) {
		const struct dns_answer *answer = &m->answers[i];
		struct answer wanted = {
		        .computer = *computer, .far = answer->addr, .time_ns = time_ns};

		if (answer->addr.family == ADDR_NONE)
			continue;
		wanted.until_ns = time_ns + (int64_t)answer->ttl_seconds * INT64_C(1000000000) +
		                  HOSTNAME_DNS_SLACK_NS;
		status = add_answer(c, &wanted, m->question);
	}
	return status;
}

/* The newest answer at or before the time wins; the computer's own before another's. Chains begin
 * with the newest. */
void hostname_cache_find(const struct hostname_cache *c, const struct addr *computer,
        const struct addr *far, int64_t time_ns, struct hostname_list *list)
{
	const struct answer *best = NULL;

	for (uint32_t at = c->chains[chain_of(far)].first; at; at = c->answers[at - 1].next) {
		const struct answer *a = &c->answers[at - 1];
		bool own = addr_equal(&a->computer, computer);

		if ((best && !own) || a->time_ns > time_ns || a->until_ns < time_ns ||
		        !addr_equal(&a->far, far))
			continue;
		best = a;
		if (own)
			break;
	}
	if (best)
		hostname_list_add(
		        list, span_of_text(best->name), HOSTNAME_DNS, time_ns - best->time_ns);
}

uint64_t hostname_cache_evicted(const struct hostname_cache *c)
{
	return c->evicted;
}

/* "host:port" loses the port, a final dot goes, letters become small. False when nothing is left or
 * the name is an address. */
static bool normalise(struct span name, char ret[static HOSTNAME_CHARS])
{
	struct addr ignored;
	size_t colon = span_find_byte(name, ':');
	size_t len = 0;

	if (colon != SIZE_MAX &&
	        span_find_byte(span_slice(name, colon + 1, name.len), ':') == SIZE_MAX)
		name.len = colon;
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len >= HOSTNAME_CHARS || name.data[0] == '[')
		return false;
	for (; len < name.len; len++) {
		uint8_t byte = name.data[len];

		if (byte == 0)
			return false;
		ret[len] = (char)(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
	}
	ret[len] = '\0';
	return !addr_parse(ret, &ignored);
}

void hostname_list_add(
        struct hostname_list *list, struct span name, enum hostname_source source, int64_t age_ns)
{
	struct hostname entry = {.source = source, .age_ns = age_ns};
	unsigned at = list->count;

	if (!normalise(name, entry.name))
		return;
	for (unsigned i = 0; i < list->count; i++)
		if (list->names[i].source == source && strcmp(list->names[i].name, entry.name) == 0)
			return;
	if (list->count == HOSTNAMES_MAX) {
		list->left_out++;
		return;
	}
	while (at > 0 && list->names[at - 1].source > source) {
		list->names[at] = list->names[at - 1];
		at--;
	}
	list->names[at] = entry;
	list->count++;
}

const char *hostname_source_text(enum hostname_source s)
{
	static const char *const texts[] = {
	        [HOSTNAME_NONE] = "",
	        [HOSTNAME_SNI] = "sni",
	        [HOSTNAME_SNI_OUTER] = "sni-outer",
	        [HOSTNAME_HTTP] = "http-host",
	        [HOSTNAME_SMTP] = "smtp",
	        [HOSTNAME_FTP] = "ftp",
	        [HOSTNAME_SOCKS] = "socks",
	        [HOSTNAME_RELATED] = "related",
	        [HOSTNAME_CERTIFICATE] = "certificate",
	        [HOSTNAME_DNS] = "dns",
	};

	return (unsigned)s < ARRAY_LEN(texts) ? texts[s] : "";
}
