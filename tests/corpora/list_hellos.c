/* list_hellos: what the handshakes in captures say, one line a conversation that has said anything:
 * file, protocol, both ends, server name, JA3, JA4, and all names with their sources. For
 * tests/corpora/names.py and fingerprints.py.
 *
 *     list_hellos IDENTIFIERS.CSV FILE... */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "flow/flow.h"
#include "net/fragment.h"
#include "pipeline/conversation.h"
#include "source/source.h"

#define RULES_BYTES_MAX (1u << 20)
#define FLOWS_MAX       65536
#define STREAM_BYTES    (1u << 20)
#define BUDGET_BYTES    ((size_t)1 << 30)

struct reading {
	const char *path;
	struct budget budget;
	struct source *source;
	struct flow_table *table;
	struct fragment_table *fragments;
	struct hostname_cache *names;
	struct related_table *related;
	struct protocol_engine *engine;
	struct certificate_cache *certificates;
	struct conversation_context context;
	struct conversation **by_slot;
};

static void print_end(const struct endpoint *e)
{
	char text[ADDR_TEXT_CHARS];

	addr_format(&e->addr, text);
	printf("%s\t%u\t", text, e->port);
}

/* Control characters and spaces of a name would break the line. */
static void print_name(const char *name)
{
	for (; *name; name++)
		putchar(*name > ' ' && *name != 0x7f ? *name : '?');
}

static void print_conversation(const char *path, const struct flow *flow, struct conversation *c)
{
	unsigned count = c->names ? c->names->count : 0;

	if (!c->client_seen && !c->server_seen && count == 0)
		return;
	printf("%s\t%u\t", path, flow->tuple.protocol);
	print_end(&flow->tuple.src);
	print_end(&flow->tuple.dst);
	if (count > 0 && c->names->names[0].source <= HOSTNAME_SNI_OUTER)
		print_name(c->names->names[0].name);
	printf("\t%s\t%s\t", c->ja3, c->ja4);
	for (unsigned i = 0; i < count; i++) {
		printf("%s%s=", i > 0 ? " " : "", hostname_source_text(c->names->names[i].source));
		print_name(c->names->names[i].name);
	}
	putchar('\n');
}

static int handle_event(struct reading *r, const struct flow_event *e)
{
	struct conversation **c = &r->by_slot[e->flow->slot];
	int status = STATUS_OK;

	switch (e->kind) {
	case FLOW_EVENT_START:
		return conversation_new(c, &r->context, e->flow);
	case FLOW_EVENT_CHUNK:
		return conversation_feed(*c, e->flow, &e->chunk);
	case FLOW_EVENT_END:
		status = conversation_finish(*c, e->flow);
		print_conversation(r->path, e->flow, *c);
		*c = conversation_free(*c);
		return status;
	default:
		return STATUS_OK;
	}
}

static int pull_events(struct reading *r)
{
	struct flow_event event;
	int status;

	while ((status = flow_table_next(r->table, &event)) == STATUS_ITEM) {
		status = handle_event(r, &event);
		if (status != STATUS_OK)
			return status;
	}
	return status;
}

static int handle_frame(struct reading *r, const struct frame *frame)
{
	struct packet packet, whole;
	int status;

	packet_decode(frame, &packet);
	if (packet.outcome == PACKET_FRAGMENT) {
		status = fragment_table_feed(r->fragments, &packet, &whole);
		if (status != STATUS_ITEM)
			return status;
		packet = whole;
	}
	if (packet.outcome != PACKET_OK)
		return STATUS_OK;
	status = flow_table_feed(r->table, &packet);
	return status == STATUS_OK ? pull_events(r) : status;
}

static int read_all(struct reading *r)
{
	struct frame frame;
	int status;

	while ((status = source_next(r->source, -1, &frame)) == STATUS_ITEM) {
		status = handle_frame(r, &frame);
		if (status != STATUS_OK)
			return status;
	}
	if (status == STATUS_OK)
		status = flow_table_finish(r->table);
	return status == STATUS_OK ? pull_events(r) : status;
}

static int open_stages(struct reading *r, int fd, struct detect_rules *rules)
{
	static const struct destination_facts nothing_known;
	static const struct inside_nets inside = {.count = 0};
	static const struct flow_limits limits = {
	        .flows_max = FLOWS_MAX, .stream_bytes_max = STREAM_BYTES};
	int status = source_open_files(&r->source, &fd, 1, NULL);

	budget_init(&r->budget, BUDGET_BYTES);
	if (status == STATUS_OK)
		status = flow_table_new(&r->table, &limits, &inside, &r->budget);
	if (status == STATUS_OK)
		status = fragment_table_new(&r->fragments, &r->budget);
	if (status == STATUS_OK)
		status = hostname_cache_new(&r->names, &r->budget);
	if (status == STATUS_OK)
		status = related_table_new(&r->related, &r->budget);
	if (status == STATUS_OK)
		status = certificate_cache_new(&r->certificates);
	if (status == STATUS_OK)
		status = protocol_engine_new(&r->engine);
	r->by_slot = calloc(FLOWS_MAX, sizeof(struct conversation *));
	r->context = (struct conversation_context){.budget = &r->budget,
	        .facts = &nothing_known,
	        .rules = rules,
	        .engine = r->engine,
	        .names = r->names,
	        .certificates = r->certificates,
	        .related = r->related};
	return status == STATUS_OK && !r->by_slot ? STATUS_NO_MEMORY : status;
}

static int list_file(const char *path, struct detect_rules *rules)
{
	struct reading r = {.path = path};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int status = fd < 0 ? STATUS_IO : open_stages(&r, fd, rules);

	if (status == STATUS_OK)
		status = read_all(&r);
	for (uint32_t i = 0; r.by_slot && i < FLOWS_MAX; i++)
		conversation_free(r.by_slot[i]);
	free(r.by_slot);
	protocol_engine_free(r.engine);
	certificate_cache_free(r.certificates);
	related_table_free(r.related);
	hostname_cache_free(r.names);
	fragment_table_free(r.fragments);
	flow_table_free(r.table);
	source_free(r.source);
	return status;
}

static int load_rules(const char *path, struct detect_rules **ret)
{
	static const uint8_t key[DIGEST_KEY_BYTES];
	struct detect_files files = {.terms = span_of_text("group,terms,note\n")};
	struct detect_problem problem;
	uint8_t piece[4096];
	struct buf text;
	size_t len;
	int status = STATUS_OK;
	FILE *file = fopen(path, "re");

	if (!file)
		return STATUS_IO;
	buf_init(&text, RULES_BYTES_MAX, NULL);
	while (status == STATUS_OK && (len = fread(piece, 1, sizeof(piece), file)) > 0)
		status = buf_append(&text, span_of(piece, len));
	fclose(file);
	files.identifiers = buf_span(&text);
	if (status == STATUS_OK)
		status = detect_rules_new(ret, &files, key, &problem);
	buf_free(&text);
	return status;
}

int main(int argc, char **argv)
{
	struct detect_rules *rules = NULL;
	int failed = 0;

	if (argc < 3 || load_rules(argv[1], &rules) != STATUS_OK) {
		fprintf(stderr, "usage: list_hellos IDENTIFIERS.CSV FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		int status = list_file(argv[i], rules);

		if (status != STATUS_OK) {
			fprintf(stderr, "list_hellos: %s: %s\n", argv[i], status_text(status));
			failed = 1;
		}
	}
	detect_rules_free(rules);
	return failed;
}
