/* decide: what decode and detect say of each conversation of a stream file (flows.py --streams).
 *
 *   decide IDENTIFIERS_CSV STREAMS [PIECE_BYTES | random SEED]
 *
 * Each side is fed in pieces: whole (0, the default), of so many bytes, or cut at random. For each
 * conversation a line: name, tiers of its findings joined by +, kinds, tiers and counts of all
 * findings. At the end, on stderr: how many were clinical, the most bytes that had come in before
 * the first finding of tier medium or higher of any of them, the most memory that one held, and the
 * speed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "decode/unpacker.h"
#include "detect/detect.h"
#include "priv/priv.h"

#define FILE_BYTES_MAX  (256u << 20)
#define RULES_BYTES_MAX (256u << 10)
#define BUDGET_BYTES    (64u << 20)
#define NAME_CHARS      64
#define KINDS_MAX       64 /* kinds and tiers of one conversation that are told apart */

struct count {
	char kind[DETECT_KIND_CHARS];
	enum tier tier;
	uint64_t count;
};

struct verdict {
	struct count counts[KINDS_MAX];
	size_t count;
	uint64_t first_bytes; /* that had come in when the first of medium or higher was told */
};

struct totals {
	uint64_t conversations, clinical, bytes;
	uint64_t first_bytes_max;
	char first_name[NAME_CHARS]; /* whose that was */
	size_t held_bytes_max;
	char held_name[NAME_CHARS];
	double seconds;
};

struct cutting {
	size_t piece_bytes; /* 0: whole */
	bool random;
	uint64_t state; /* of the random numbers: xorshift64 (Marsaglia 2003) */
};

static uint64_t next_random(struct cutting *c)
{
	c->state ^= c->state << 13;
	c->state ^= c->state >> 7;
	c->state ^= c->state << 17;
	return c->state;
}

static size_t next_piece(struct cutting *c, size_t left)
{
	size_t piece = c->random ? 1 + next_random(c) % 3000 : c->piece_bytes;

	return piece == 0 || piece > left ? left : piece;
}

static void note(struct verdict *v, const struct finding *f, uint64_t bytes)
{
	if (f->tier >= TIER_MEDIUM && v->first_bytes == 0)
		v->first_bytes = bytes;
	for (size_t i = 0; i < v->count; i++) {
		if (v->counts[i].tier == f->tier && !strcmp(v->counts[i].kind, f->kind)) {
			v->counts[i].count += f->count;
			return;
		}
	}
	if (v->count == KINDS_MAX)
		return;
	v->counts[v->count] = (struct count){.tier = f->tier, .count = f->count};
	memcpy(v->counts[v->count++].kind, f->kind, sizeof(f->kind));
}

static void must(int status, const char *what)
{
	if (status >= 0)
		return;
	fprintf(stderr, "decide: %s: %s\n", what, status_text(status));
	exit(6);
}

static void pull_findings(struct detect_session *detect, struct verdict *v, uint64_t bytes)
{
	struct finding f;

	while (detect_session_next(detect, &f) == STATUS_ITEM)
		note(v, &f, bytes);
}

static void pull(struct decode_session *decode, struct detect_session *detect, struct verdict *v,
        uint64_t bytes)
{
	struct decode_event e;
	int status;

	while ((status = decode_session_next(decode, &e)) == STATUS_ITEM) {
		must(detect_session_feed(detect, &e), "detect");
		pull_findings(detect, v, bytes);
	}
	must(status, "decode");
}

/* What content is searched with. */
struct searched {
	struct detect_rules *rules;
	struct decode_unpacker *unpacker;
};

/* Both sides, one after the other. Answers the most memory that was held. */
static size_t decide(const struct searched *by, uint16_t port, const struct span sides[static 2],
        struct cutting *cutting, struct totals *totals, struct verdict *v)
{
	struct tuple tuple = {.src = {.port = 40000}, .dst = {.port = port}};
	struct decode_session *decode = NULL;
	struct detect_session *detect = NULL;
	struct budget budget;
	uint64_t bytes = 0;

	budget_init(&budget, BUDGET_BYTES);
	must(decode_session_new(&decode, &tuple, &decode_default_limits, &budget), "decode");
	must(detect_session_new(&detect, by->rules, &budget), "detect");
	decode_session_open_with(decode, by->unpacker);
	for (uint8_t side = 0; side < 2; side++) {
		for (size_t at = 0, len; at < sides[side].len; at += len) {
			struct chunk c = {.direction = side, .offset = at};

			len = next_piece(cutting, sides[side].len - at);
			c.bytes = span_slice(sides[side], at, len);
			bytes += len;
			must(decode_session_feed(decode, &c), "decode");
			pull(decode, detect, v, bytes);
		}
		must(decode_session_finish(decode, side), "decode");
		pull(decode, detect, v, bytes);
	}
	must(detect_session_finish(detect), "detect");
	pull_findings(detect, v, bytes);
	decode_session_free(decode);
	detect_session_free(detect);
	totals->bytes += bytes;
	return budget.peak_bytes;
}

static int by_tier_and_kind(const void *a, const void *b)
{
	const struct count *left = a, *right = b;

	return left->tier != right->tier ? (int)left->tier - (int)right->tier
	                                 : strcmp(left->kind, right->kind);
}

static void print(const char name[static NAME_CHARS], struct verdict *v, size_t held_bytes,
        struct totals *totals)
{
	enum tier last = TIER_NONE;

	qsort(v->counts, v->count, sizeof(v->counts[0]), by_tier_and_kind);
	printf("%s\t%s", name, v->count ? "" : "none");
	for (size_t i = 0; i < v->count; i++) {
		if (i == 0 || v->counts[i].tier != last)
			printf("%s%s", i ? "+" : "", tier_name(v->counts[i].tier));
		last = v->counts[i].tier;
	}
	putchar('\t');
	for (size_t i = 0; i < v->count; i++)
		printf("%s%s:%s:%llu", i ? " " : "", v->counts[i].kind,
		        tier_name(v->counts[i].tier), (unsigned long long)v->counts[i].count);
	putchar('\n');
	totals->conversations++;
	totals->clinical += last == TIER_MEDIUM || last == TIER_HIGH;
	if (v->first_bytes > totals->first_bytes_max) {
		totals->first_bytes_max = v->first_bytes;
		memcpy(totals->first_name, name, NAME_CHARS);
	}
	if (held_bytes > totals->held_bytes_max) {
		totals->held_bytes_max = held_bytes;
		memcpy(totals->held_name, name, NAME_CHARS);
	}
}

static struct span read_file(const char *path, size_t max)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(max);
	size_t len = file && bytes ? fread(bytes, 1, max, file) : 0;

	if (!file || !bytes || len == 0) {
		fprintf(stderr, "decide: %s cannot be read\n", path);
		exit(2);
	}
	fclose(file);
	return span_of(bytes, len);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The next line's three numbers. */
static bool read_numbers(const char *text, unsigned long long ret[static 3])
{
	for (size_t i = 0; i < 3; i++) {
		char *end;

		ret[i] = strtoull(text, &end, 10);
		if (end == text)
			return false;
		text = end;
	}
	return true;
}

/* "NAME PORT CLIENT_BYTES SERVER_BYTES\n" off the front of *rest, and then both sides. */
static bool next_conversation(struct span *rest, char name[static NAME_CHARS], uint16_t *ret_port,
        struct span ret_sides[static 2])
{
	char line[128] = "";
	size_t end = span_find_byte(span_slice(*rest, 0, sizeof(line) - 1), '\n'), space;
	unsigned long long numbers[3];

	if (end == SIZE_MAX)
		return false;
	memcpy(line, rest->data, end);
	space = strcspn(line, " ");
	if (space >= NAME_CHARS || !read_numbers(line + space, numbers))
		return false;
	memcpy(name, line, space);
	name[space] = '\0';
	*ret_port = (uint16_t)numbers[0];
	*rest = span_slice(*rest, end + 1, SIZE_MAX);
	for (size_t i = 0; i < 2; i++) {
		ret_sides[i] = span_slice(*rest, 0, numbers[i + 1]);
		*rest = span_slice(*rest, numbers[i + 1], SIZE_MAX);
	}
	return true;
}

/* Before anything is read: what opens documents is forked here. */
static struct decode_unpacker *start_unpacker(void)
{
	struct decode_unpacker *unpacker = NULL;
	struct priv_user user;
	struct handover job;
	bool is_job = false;
	int fd = -1;

	priv_user_find(&user);
	must(priv_start_unpacker(&user, &fd, &is_job, &job), "start what opens documents");
	if (is_job)
		_exit(decode_unpack(&job));
	must(decode_unpacker_new(&unpacker, fd), "use what opens documents");
	return unpacker;
}

/* terms.csv stands beside identifiers.csv. */
static struct detect_rules *load_rules(const char *path)
{
	static const uint8_t key[DIGEST_KEY_BYTES] = {1};
	const char *name = strrchr(path, '/');
	int folder = name ? (int)(name + 1 - path) : 0;
	struct detect_rules *rules = NULL;
	struct detect_problem problem;
	struct detect_files files;
	char terms[4096];

	snprintf(terms, sizeof(terms), "%.*s%s", folder, path, DETECT_TERMS);
	files.identifiers = read_file(path, RULES_BYTES_MAX);
	files.terms = read_file(terms, RULES_BYTES_MAX);
	if (detect_rules_new(&rules, &files, key, &problem) == STATUS_OK)
		return rules;
	fprintf(stderr, "decide: %s or %s cannot be used\n", path, terms);
	exit(2);
}

int main(int argc, char **argv)
{
	struct cutting cutting = {.state = 1};
	struct totals totals = {0};
	struct searched by = {.unpacker = NULL};
	struct span rest, sides[2];
	char name[NAME_CHARS];
	uint16_t port;
	double start;

	if (argc < 3) {
		fprintf(stderr, "usage: decide IDENTIFIERS_CSV STREAMS [PIECE | random SEED]\n");
		return 2;
	}
	by.unpacker = start_unpacker();
	by.rules = load_rules(argv[1]);
	rest = read_file(argv[2], FILE_BYTES_MAX);
	cutting.random = argc == 5;
	if (argc > 3)
		cutting.piece_bytes = (size_t)strtoull(argv[3], NULL, 10);
	if (argc == 5)
		cutting.state = strtoull(argv[4], NULL, 10) * 2 + 1;
	start = now();
	while (next_conversation(&rest, name, &port, sides)) {
		struct verdict v = {.count = 0};
		size_t held = decide(&by, port, sides, &cutting, &totals, &v);

		print(name, &v, held, &totals);
	}
	totals.seconds = now() - start;
	fprintf(stderr,
	        "%llu conversations, %llu clinical; first decision within %llu bytes (%s); at most "
	        "%zu "
	        "bytes held (%s); %.0f MB/s\n",
	        (unsigned long long)totals.conversations, (unsigned long long)totals.clinical,
	        (unsigned long long)totals.first_bytes_max, totals.first_name,
	        totals.held_bytes_max, totals.held_name,
	        (double)totals.bytes / totals.seconds / 1e6);
	detect_rules_free(by.rules);
	decode_unpacker_free(by.unpacker);
	return 0;
}
