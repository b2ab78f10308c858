/* bench_detect: speed of the scanner on the files named on the command line, each as one running
 * text in pieces of 1460 bytes, and how many findings they gave of each tier. With ordinary files
 * nothing of medium or higher is expected: those are named, so that a person can look. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/status.h"
#include "detect/detect.h"

#define PIECE_BYTES     1460 /* a full TCP segment */
#define FILE_BYTES_MAX  (64u << 20)
#define BUDGET_BYTES    (4u << 20)
#define RULES_BYTES_MAX (1u << 20)

struct totals {
	uint64_t bytes, files;
	uint64_t findings[TIER_OPAQUE + 1];
	double seconds;
	size_t peak_bytes;
};

static struct span read_file(const char *path, size_t max)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(max);
	size_t len = file && bytes ? fread(bytes, 1, max, file) : 0;

	if (file)
		fclose(file);
	return span_of(bytes, len);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pull(struct detect_session *s, const char *path, struct totals *totals)
{
	struct finding f;

	while (detect_session_next(s, &f) == STATUS_ITEM) {
		totals->findings[f.tier] += f.count;
		if (f.tier >= TIER_MEDIUM)
			printf("%s: %s %s, %llu times\n", path, tier_name(f.tier), f.kind,
			        (unsigned long long)f.count);
	}
}

static int scan(
        struct detect_rules *rules, struct span text, const char *path, struct totals *totals)
{
	struct decode_event e = {.kind = DECODE_FIELD, .message = 1, .carrier = CARRIER_TEXT};
	struct detect_session *s = NULL;
	struct budget budget;
	double start = now();
	int status;

	budget_init(&budget, BUDGET_BYTES);
	status = detect_session_new(&s, rules, &budget);
	e.field.kind = FIELD_TEXT;
	for (size_t at = 0; at < text.len && status == STATUS_OK; at += PIECE_BYTES) {
		e.field.bytes = span_slice(text, at, PIECE_BYTES);
		e.field.first = at == 0;
		e.field.last = at + PIECE_BYTES >= text.len;
		status = detect_session_feed(s, &e);
		pull(s, path, totals);
	}
	if (status == STATUS_OK)
		status = detect_session_finish(s);
	pull(s, path, totals);
	detect_session_free(s);
	totals->seconds += now() - start;
	totals->bytes += text.len;
	totals->files++;
	if (budget.peak_bytes > totals->peak_bytes)
		totals->peak_bytes = budget.peak_bytes;
	return status;
}

int main(int argc, char **argv)
{
	static const uint8_t key[DIGEST_KEY_BYTES];
	struct totals totals = {0};
	struct detect_rules *rules = NULL;
	struct detect_files files = {.identifiers = read_file(IDENTIFIERS_CSV, RULES_BYTES_MAX),
	        .terms = read_file(TERMS_CSV, RULES_BYTES_MAX)};
	struct detect_problem problem;
	double start = now();

	if (detect_rules_new(&rules, &files, key, &problem) != STATUS_OK) {
		printf("%s:%u:%u: %s\n", problem.file, problem.at.line, problem.at.column,
		        problem.at.text);
		return 1;
	}
	printf("rules and self-test: %.0f ms\n", 1000 * (now() - start));
	for (int i = 1; i < argc; i++) {
		struct span text = read_file(argv[i], FILE_BYTES_MAX);

		if (scan(rules, text, argv[i], &totals) != STATUS_OK)
			printf("%s: not read to its end\n", argv[i]);
		free((void *)text.data);
	}
	printf("%llu files, %.1f MB, %.0f MB/s, at most %zu bytes a text\n",
	        (unsigned long long)totals.files, (double)totals.bytes / 1e6,
	        (double)totals.bytes / 1e6 / totals.seconds, totals.peak_bytes);
	for (int t = TIER_REFERENCE; t <= TIER_OPAQUE; t++)
		printf("%s %llu\n", tier_name((enum tier)t),
		        (unsigned long long)totals.findings[t]);
	detect_rules_free(rules);
	return 0;
}
