/* fuzz_inspect: any bytes as a capture, on the whole road of `exeat inspect`: from the file,
 * through packets, conversations, decoders and findings, to a store, verdicts by the register of
 * the fixture clinic-day and the rules as they are shipped, and all reports, in a folder in memory.
 * One process, one worker, no sandbox; rules and register are loaded once.
 *
 * Checks that the run ends in a way that a capture can make it end; that reports hold nothing which
 * a terminal would obey; that store and reports count alike; and, for one input in sixteen each,
 * that two workers report the same, and that without a look at content the same conversations are
 * told and nothing is found. Labels by nDPI are left out (protocol_none.c): it needs longer to
 * begin than everything else to end, and its own faults are not ours to find.
 *
 * 50 inputs a second of processor time; with libFuzzer's -entropic=0, without which it spends most
 * of it on weighing so many features. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fnv.h"
#include "base/status.h"
#include "cmd/inspection.h"
#include "pipeline/shard.h"

#define OUTPUT_BYTES_MAX (64u << 20) /* of one report; an input makes a few hundred KB at most */
#define AGAIN_EVERY      16          /* inputs, of which one is run by two workers as well */
#define STORE_BYTES_MAX  (1u << 20)  /* of an empty one */
#define SHARD_FLOWS_MAX  4
#define BIG_PIECE_BYTES  (48u << 20) /* ASSESS_MEMORY_BYTES of lib/pipeline/assess_memory.c */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const output_names[] = {"summary.csv", "flags.csv", "flows.jsonl", "report.html",
        "run.json", "draft/programs.csv", "draft/destinations.csv"};

enum output {
	OUTPUT_SUMMARY,
	OUTPUT_FLAGS,
	OUTPUT_FLOWS,
	OUTPUT_REPORT,
	OUTPUT_RUN,
	OUTPUT_PROGRAMS,
	OUTPUT_DESTINATIONS,
	OUTPUTS
};

static struct workplace workplace;
static char out_dir[64], store_path[80];
static int empty_store = -1; /* descriptor: to copy is quicker than to make */
static FILE *nowhere;

/* Ends the run where it does not hold, and says which. */
#define require(holds) ((holds) ? (void)0 : fail(__LINE__))

static _Noreturn void fail(int line)
{
	fprintf(stderr, "fuzz_inspect.c:%d does not hold\n", line);
	abort();
}

/* The sandbox would end the fuzzer as well: these stand in for those of lib/priv. */
int priv_sandbox_enter(const struct priv_sandbox *s, char ret_level[static PRIV_LEVEL_CHARS])
{
	(void)s;
	snprintf(ret_level, PRIV_LEVEL_CHARS, "none: a test");
	return STATUS_OK;
}

int priv_sandbox_seal(const struct priv_sandbox *s)
{
	(void)s;
	return STATUS_OK;
}

/* So few conversations at once that a capture of a few KB can have more. The tables of a practice
 * would need longer to be made and freed than all that an input has to say. */
int __real_shard_new(struct shard **ret_gives, const struct shard_surroundings *surroundings,
        uint32_t flows_max);
int __wrap_shard_new(
        struct shard **ret_gives, const struct shard_surroundings *surroundings, uint32_t flows_max)
{
	(void)flows_max;
	return __real_shard_new(ret_gives, surroundings, SHARD_FLOWS_MAX);
}

/* Likewise the memory of assessments: one piece for all inputs, as the address sanitizer goes over
 * each of its 48 MiB twice, an input. */
static void *big_piece;
static bool big_piece_used;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	if (size < BIG_PIECE_BYTES || big_piece_used)
		return __real_malloc(size);
	require(size == BIG_PIECE_BYTES);
	if (!big_piece)
		big_piece = __real_malloc(BIG_PIECE_BYTES);
	big_piece_used = true;
	return big_piece;
}

void __real_free(void *at);
void __wrap_free(void *at)
{
	if (at && at == big_piece)
		big_piece_used = false;
	else
		__real_free(at);
}

static void remove_outputs(void)
{
	static const char *const others[] = {"changes.csv", "exeat.db", "exeat.db-journal"};

	for (size_t i = 0; i < OUTPUTS; i++)
		unlinkat(workplace.out_fd, output_names[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		unlinkat(workplace.out_fd, others[i], 0);
}

static void remove_folder(void)
{
	if (workplace.out_fd < 0)
		return;
	remove_outputs();
	unlinkat(workplace.out_fd, "draft", AT_REMOVEDIR);
	workplace_close(&workplace);
	rmdir(out_dir);
	close(empty_store);
	fclose(nowhere);
}

/* The store of each input is one of its own. */
static void make_empty_store(void)
{
	workplace.store = store_free(workplace.store);
	snprintf(store_path, sizeof(store_path), "%s/exeat.db", out_dir);
	require(store_open(&workplace.store, store_path, false) == STATUS_OK);
	workplace.store = store_free(workplace.store);
	empty_store = open(store_path, O_RDONLY | O_CLOEXEC);
	require(empty_store >= 0);
}

static void open_store(void)
{
	int fd = open(store_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t at = 0;

	require(fd >= 0 && sendfile(fd, empty_store, &at, STORE_BYTES_MAX) > 0);
	close(fd);
	require(store_open(&workplace.store, store_path, false) == STATUS_OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct workplace_options options = {
	        .register_dir = FUZZ_SOURCE_ROOT "/fixtures/clinic-day/register",
	        .rules_dir = FUZZ_SOURCE_ROOT "/rules",
	        .out_dir = out_dir};

	(void)argc;
	(void)argv;
	snprintf(out_dir, sizeof(out_dir), "%s/fuzz_inspect.XXXXXX",
	        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	setlocale(LC_CTYPE, "C.UTF-8"); /* as the program does */
	nowhere = fopen("/dev/null", "w");
	require(nowhere && mkdtemp(out_dir));
	require(workplace_open(&workplace, &options) == EXIT_CLEAN);
	atexit(remove_folder);
	close(workplace.store_fd);
	workplace.store_fd = -1; /* the store of each input is one of its own */
	workplace.store_name[0] = '\0';
	workplace.inspects = true;
	require(workplace_load(&workplace) == EXIT_CLEAN);
	make_empty_store();
	return 0;
}

static int memory_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* What it says goes nowhere; the store stays in the workplace. */
static enum exit_code inspect(const uint8_t *data, size_t size, unsigned workers, bool no_content)
{
	char *names[] = {(char[]){"capture"}};
	int fd = memory_file(data, size);
	const struct inspection_options options = {.fds = &fd,
	        .names = names,
	        .fd_count = 1,
	        .workers = workers,
	        .no_content = no_content};
	FILE *out = stdout, *err = stderr;
	enum exit_code code;

	remove_outputs();
	open_store();
	stdout = stderr = nowhere;
	code = inspection_read(&workplace, &options, NULL, 0);
	stdout = out;
	stderr = err;
	return code;
}

static struct buf read_output(enum output output)
{
	int fd = openat(workplace.out_fd, output_names[output], O_RDONLY | O_CLOEXEC);
	struct buf b;

	require(fd >= 0);
	require(workplace_read_all(fd, &b, OUTPUT_BYTES_MAX) == STATUS_OK);
	close(fd);
	return b;
}

static size_t count_lines(const struct buf *b)
{
	size_t lines = 0;

	for (size_t i = 0; i < b->len; i++)
		lines += b->data[i] == '\n';
	return lines;
}

/* Controls of C0 and C1, and bidirectional ones (U+202A to U+202E, U+2066 to U+2069). */
static void check_text(const struct buf *b)
{
	const uint8_t *at = b->data;

	for (size_t i = 0; i < b->len; i++) {
		require(at[i] >= 0x20 || at[i] == '\n' || at[i] == '\r');
		require(at[i] != 0x7f);
		if (i + 1 < b->len && at[i] == 0xc2)
			require(at[i + 1] >= 0xa0);
		if (i + 2 < b->len && at[i] == 0xe2 && at[i + 1] == 0x80)
			require(at[i + 2] < 0xaa || at[i + 2] > 0xae);
		if (i + 2 < b->len && at[i] == 0xe2 && at[i + 1] == 0x81)
			require(at[i + 2] < 0xa6 || at[i + 2] > 0xa9);
	}
}

/* The hours of a conversation add up to the whole of it. Gives its packets. */
static uint64_t check_flow(const struct store_flow *f)
{
	const unsigned out = f->out_index == 1, in = !out;
	struct store_record *records = NULL, sum = {0};
	size_t count = 0;

	require(store_records(workplace.store, f->id, &records, &count) == STATUS_OK);
	require(count > 0);
	for (size_t i = 0; i < count; i++) {
		sum.bytes_out += records[i].bytes_out;
		sum.bytes_in += records[i].bytes_in;
		sum.packets_out += records[i].packets_out;
		sum.packets_in += records[i].packets_in;
		sum.gap_bytes += records[i].gap_bytes;
	}
	free(records);
	require(sum.bytes_out == f->counts[out].payload_bytes);
	require(sum.bytes_in == f->counts[in].payload_bytes);
	require(sum.packets_out == f->counts[out].packets);
	require(sum.packets_in == f->counts[in].packets);
	require(sum.gap_bytes == f->counts[0].gap_bytes + f->counts[1].gap_bytes);
	require(f->last_ns >= f->first_ns && f->id != 0);
	return f->counts[0].packets + f->counts[1].packets;
}

static void check_counts(const struct buf *flows_json)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct store_cursor *cursor = NULL;
	struct store_input *input = NULL;
	struct store_flow flow;
	size_t inputs = 0, flows = 0;
	uint64_t packets = 0;
	int status = store_flows(workplace.store, &all, &cursor);

	require(status == STATUS_OK);
	while ((status = store_next_flow(cursor, &flow)) == STATUS_ITEM) {
		packets += check_flow(&flow);
		flows++;
	}
	require(status == STATUS_OK);
	store_cursor_free(cursor);
	require(count_lines(flows_json) == flows);
	require(store_inputs(workplace.store, &all, &input, &inputs) == STATUS_OK);
	require(inputs == 1 && input[0].frames >= input[0].unread + input[0].filtered);
	/* A frame is a packet at most, and once more when it was a tunnel over the border. */
	require(packets <= 2 * (input[0].frames - input[0].unread));
	free(input);
}

/* Both begin alike, but for the times that the run took, which end the line. */
static void check_same(enum output output, const struct buf *one, const struct buf *other)
{
	static const char times[] = "\"wall_seconds\"";
	const uint8_t *end = one->data;

	if (output == OUTPUT_RUN) {
		end = memmem(one->data, one->len, times, sizeof(times) - 1);
		require(end && other->len >= (size_t)(end - one->data));
		require(memcmp(one->data, other->data, (size_t)(end - one->data)) == 0);
		return;
	}
	require(one->len == other->len);
	require(one->len == 0 || memcmp(one->data, other->data, one->len) == 0);
}

static void run_with_two(const uint8_t *data, size_t size, enum exit_code expected,
        const struct buf outputs[OUTPUTS])
{
	require(inspect(data, size, 2, false) == expected);
	for (int i = 0; i < OUTPUTS; i++) {
		struct buf again = read_output((enum output)i);

		check_same((enum output)i, &outputs[i], &again);
		buf_free(&again);
	}
	workplace.store = store_free(workplace.store);
}

/* What a look into it would have told is not there, and nothing counts as looked into. */
static void check_unread(const struct store_flow *f)
{
	const unsigned out = f->out_index == 1;
	struct store_finding *findings = NULL;
	size_t count = 0;

	require(store_findings(workplace.store, f->id, &findings, &count) == STATUS_OK);
	free(findings);
	require(count == 0 && f->distinct_patients == 0);
	require(f->tier == TIER_NONE || f->tier == TIER_OPAQUE);
	require(!f->inspected || f->counts[out].payload_bytes == 0);
}

static void run_without_content(const uint8_t *data, size_t size, size_t flows)
{
	static const struct store_query all = {.from_ns = INT64_MIN, .to_ns = INT64_MAX};
	struct detect_rules *detect = workplace.detect;
	struct store_cursor *cursor = NULL;
	struct store_flow flow;
	enum exit_code code;
	struct buf told;
	int status;

	workplace.detect = NULL;
	code = inspect(data, size, 1, true);
	workplace.detect = detect;
	require(code == EXIT_CLEAN || code == EXIT_FLAGS);
	told = read_output(OUTPUT_FLOWS);
	require(count_lines(&told) == flows);
	check_counts(&told);
	buf_free(&told);
	require(store_flows(workplace.store, &all, &cursor) == STATUS_OK);
	while ((status = store_next_flow(cursor, &flow)) == STATUS_ITEM)
		check_unread(&flow);
	require(status == STATUS_OK);
	store_cursor_free(cursor);
	workplace.store = store_free(workplace.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint32_t sum = fnv_span(FNV_BASIS, span_of(data, size));
	enum exit_code code = inspect(data, size, 1, false);
	struct buf outputs[OUTPUTS];

	require(code == EXIT_CLEAN || code == EXIT_FLAGS || code == EXIT_NO_PACKET);
	if (code == EXIT_NO_PACKET) {
		require(faccessat(workplace.out_fd, "summary.csv", F_OK, 0) != 0);
		workplace.store = store_free(workplace.store);
		return 0;
	}
	for (int i = 0; i < OUTPUTS; i++) {
		outputs[i] = read_output((enum output)i);
		check_text(&outputs[i]);
	}
	check_counts(&outputs[OUTPUT_FLOWS]);
	workplace.store = store_free(workplace.store);
	if (sum % AGAIN_EVERY == 0)
		run_with_two(data, size, code, outputs);
	if (sum % AGAIN_EVERY == 1)
		run_without_content(data, size, count_lines(&outputs[OUTPUT_FLOWS]));
	for (int i = 0; i < OUTPUTS; i++)
		buf_free(&outputs[i]);
	return 0;
}
