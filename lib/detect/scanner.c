#include "detect/scanner.h"

#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/wipe.h"
#include "detect/text.h"

#define EXPRESSIONS_MAX   (SCANNER_PATTERNS_MAX + 2 * SCANNER_WORDS_MAX + SCANNER_TERMS_MAX)
#define EXPRESSIONS_FIRST 1024
/* Each byte of a word becomes at most `[ _-]+`; around it stand the boundaries. */
#define EXPRESSION_CHARS (SCANNER_WORD_BYTES_MAX * 6 + 48)
#define SORT_SHIFT       16 /* an expression's number: its sort above its own */
#define TERM_TEXT_CHARS  (SCANNER_WORD_BYTES_MAX * 4 + 1) /* \xhh for each byte */

struct scanner_build {
	char **texts;
	unsigned *ids, *flags;
	unsigned count, capacity;
	unsigned words;
};

struct scanner {
	hs_database_t *stream, *block;
	hs_scratch_t *scratch;
	size_t stream_bytes;
	bool shared; /* the databases are another's */
};

int scanner_build_new(struct scanner_build **ret_gives)
{
	*ret_gives = calloc(1, sizeof(**ret_gives));
	return *ret_gives ? STATUS_OK : STATUS_NO_MEMORY;
}

struct scanner_build *scanner_build_free(struct scanner_build *b)
{
	for (unsigned i = 0; b && i < b->count; i++)
		free(b->texts[i]);
	if (b) {
		free(b->texts);
		free(b->ids);
		free(b->flags);
	}
	free(b);
	return NULL;
}

/* What one reallocation moved stays moved when the next fails. */
static int grow(struct scanner_build *b)
{
	unsigned capacity = b->capacity ? 2 * b->capacity : EXPRESSIONS_FIRST;
	char **texts = realloc(b->texts, capacity * sizeof(*texts));
	unsigned *ids, *flags;

	b->texts = texts ? texts : b->texts;
	ids = texts ? realloc(b->ids, capacity * sizeof(*ids)) : NULL;
	b->ids = ids ? ids : b->ids;
	flags = ids ? realloc(b->flags, capacity * sizeof(*flags)) : NULL;
	b->flags = flags ? flags : b->flags;
	if (!flags)
		return STATUS_NO_MEMORY;
	b->capacity = capacity;
	return STATUS_OK;
}

static int add_expression(struct scanner_build *b, const char *text, unsigned id, unsigned flags)
{
	if (b->count == EXPRESSIONS_MAX)
		return STATUS_LIMIT;
	if (b->count == b->capacity && grow(b) != STATUS_OK)
		return STATUS_NO_MEMORY;
	b->texts[b->count] = strdup(text);
	if (!b->texts[b->count])
		return STATUS_NO_MEMORY;
	b->ids[b->count] = id;
	b->flags[b->count] = flags;
	b->count++;
	return STATUS_OK;
}

static unsigned expression_id(enum scanner_sort sort, uint16_t number)
{
	return (unsigned)sort << SORT_SHIFT | number;
}

int scanner_build_pattern(struct scanner_build *b, uint8_t number, const char *pattern)
{
	return add_expression(b, pattern, expression_id(SCANNER_PATTERN, number), 0);
}

/* The word as an expression: a space or hyphen may be any of them, in any number. */
static size_t spell(struct span word, bool capital, char *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < word.len; i++) {
		char c = (char)word.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (c == ' ' || c == '-') {
			memcpy(ret + len, "[ _-]+", 6);
			len += 6;
			continue;
		}
		if (!letter && !(c >= '0' && c <= '9'))
			ret[len++] = '\\';
		ret[len++] = capital && i == 0 && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	ret[len] = '\0';
	return len;
}

int scanner_build_word(struct scanner_build *b, uint8_t context, struct span word)
{
	char spelled[SCANNER_WORD_BYTES_MAX * 6 + 1], text[EXPRESSION_CHARS];
	bool brief = word.len <= SCANNER_WORD_SHORT_MAX;
	int status;

	if (word.len < SCANNER_WORD_BYTES_MIN || word.len > SCANNER_WORD_BYTES_MAX ||
	        b->words == SCANNER_WORDS_MAX)
		return STATUS_LIMIT;
	b->words++;
	spell(word, false, spelled);
	snprintf(
	        text, sizeof(text), "(?:^|[^a-z0-9])%s%s", spelled, brief ? "(?:[^a-z0-9]|$)" : "");
	status = add_expression(b, text, expression_id(SCANNER_WORD, context), HS_FLAG_CASELESS);
	if (status != STATUS_OK || brief)
		return status;
	spell(word, true, spelled);
	snprintf(text, sizeof(text), "[a-z]%s", spelled);
	return add_expression(b, text, expression_id(SCANNER_WORD, context), 0);
}

int scanner_build_term(struct scanner_build *b, uint16_t number, struct span literal, bool any_case)
{
	char text[TERM_TEXT_CHARS];

	if (literal.len == 0 || literal.len > SCANNER_WORD_BYTES_MAX)
		return STATUS_LIMIT;
	for (size_t i = 0; i < literal.len; i++)
		snprintf(text + 4 * i, sizeof(text) - 4 * i, "\\x%02x", literal.data[i]);
	return add_expression(
	        b, text, expression_id(SCANNER_TERM, number), any_case ? HS_FLAG_CASELESS : 0);
}

/* An error that no pattern is to blame for is one of room: the patterns are the same each time. */
static int compile_failed(hs_compile_error_t *error)
{
	bool room = !error || error->expression < 0 || strstr(error->message, "memory");
	int status = room ? STATUS_NO_MEMORY : STATUS_LIBRARY;

	hs_free_compile_error(error);
	return status;
}

static int compile(const struct scanner_build *b, unsigned mode, hs_database_t **ret)
{
	hs_compile_error_t *error = NULL;

	if (hs_compile_multi((const char *const *)b->texts, b->flags, b->ids, b->count, mode, NULL,
	            ret, &error) == HS_SUCCESS)
		return STATUS_OK;
	return compile_failed(error);
}

/* ---- the self-test ---- */

/* Matches up to `c`, `co` and `com`: three ends behind one another. */
#define TEST_PATTERN "[\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63}){1,4}"
#define TEST_TEXT    "jane@example.com"

struct test_result {
	unsigned matches;
	uint64_t sum; /* of the ends */
};

static int count_match(
        unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct test_result *result = context;

	(void)id;
	(void)from;
	(void)flags;
	result->matches++;
	result->sum += to;
	return 0;
}

static bool test_is_right(const struct test_result *result, size_t padding)
{
	return result->matches == 3 && result->sum == 3 * (padding + sizeof(TEST_TEXT) - 1) - 3;
}

static bool test_block(hs_database_t *database, hs_scratch_t *scratch)
{
	char text[SCANNER_PADDINGS + sizeof(TEST_TEXT)];

	for (unsigned padding = 0; padding < SCANNER_PADDINGS; padding++) {
		struct test_result result = {0};

		memset(text, ' ', padding);
		memcpy(text + padding, TEST_TEXT, sizeof(TEST_TEXT));
		if (hs_scan(database, text, padding + (unsigned)sizeof(TEST_TEXT) - 1, 0, scratch,
		            count_match, &result) != HS_SUCCESS ||
		        !test_is_right(&result, padding))
			return false;
	}
	return true;
}

static bool test_stream(hs_database_t *database, hs_scratch_t *scratch)
{
	char text[SCANNER_PADDINGS + sizeof(TEST_TEXT)];

	for (unsigned padding = 0; padding < SCANNER_PADDINGS; padding++) {
		struct test_result result = {0};
		hs_stream_t *stream = NULL;
		unsigned len = padding + (unsigned)sizeof(TEST_TEXT) - 1;
		bool scanned;

		memset(text, ' ', padding);
		memcpy(text + padding, TEST_TEXT, sizeof(TEST_TEXT));
		if (hs_open_stream(database, 0, &stream) != HS_SUCCESS)
			return false;
		scanned = hs_scan_stream(stream, text, len / 2, 0, scratch, count_match, &result) ==
		                  HS_SUCCESS &&
		          hs_scan_stream(stream, text + len / 2, len - len / 2, 0, scratch,
		                  count_match, &result) == HS_SUCCESS;
		if (hs_close_stream(stream, scratch, count_match, &result) != HS_SUCCESS ||
		        !scanned || !test_is_right(&result, padding))
			return false;
	}
	return true;
}

static int self_test(void)
{
	static const unsigned modes[] = {HS_MODE_BLOCK, HS_MODE_STREAM};
	int status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_LEN(modes) && status == STATUS_OK; i++) {
		hs_database_t *database = NULL;
		hs_scratch_t *scratch = NULL;
		hs_compile_error_t *error = NULL;

		if (hs_compile(TEST_PATTERN, 0, modes[i], NULL, &database, &error) != HS_SUCCESS)
			return compile_failed(error);
		if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS)
			status = STATUS_NO_MEMORY;
		else if (!(modes[i] == HS_MODE_BLOCK ? test_block : test_stream)(database, scratch))
			status = STATUS_LIBRARY;
		hs_free_scratch(scratch);
		hs_free_database(database);
	}
	return status;
}

/* ---- scanning ---- */

int scanner_new(struct scanner **ret_gives, const struct scanner_build *b)
{
	struct scanner *s;
	int status;

	/* Between two pieces of a stream Hyperscan keeps the end of the first. */
	if (hs_set_stream_allocator(malloc, wipe_free) != HS_SUCCESS ||
	        hs_set_scratch_allocator(malloc, wipe_free) != HS_SUCCESS)
		return STATUS_LIBRARY;
	status = hs_valid_platform() == HS_SUCCESS ? self_test() : STATUS_LIBRARY;
	if (status != STATUS_OK)
		return status;
	s = calloc(1, sizeof(*s));
	if (!s)
		return STATUS_NO_MEMORY;
	status = compile(b, HS_MODE_STREAM, &s->stream);
	if (status == STATUS_OK)
		status = compile(b, HS_MODE_BLOCK, &s->block);
	if (status == STATUS_OK && (hs_alloc_scratch(s->stream, &s->scratch) != HS_SUCCESS ||
	                                   hs_alloc_scratch(s->block, &s->scratch) != HS_SUCCESS))
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK && hs_stream_size(s->stream, &s->stream_bytes) != HS_SUCCESS)
		status = STATUS_LIBRARY;
	if (status != STATUS_OK) {
		scanner_free(s);
		return status;
	}
	*ret_gives = s;
	return STATUS_OK;
}

int scanner_share(struct scanner **ret_gives, const struct scanner *s)
{
	struct scanner *copy = calloc(1, sizeof(*copy));

	if (!copy)
		return STATUS_NO_MEMORY;
	*copy = *s;
	copy->shared = true;
	copy->scratch = NULL;
	if (hs_clone_scratch(s->scratch, &copy->scratch) != HS_SUCCESS) {
		scanner_free(copy);
		return STATUS_NO_MEMORY;
	}
	*ret_gives = copy;
	return STATUS_OK;
}

struct scanner *scanner_free(struct scanner *s)
{
	if (!s)
		return NULL;
	hs_free_scratch(s->scratch);
	if (s->shared) {
		free(s);
		return NULL;
	}
	hs_free_database(s->stream);
	hs_free_database(s->block);
	free(s);
	return NULL;
}

size_t scanner_stream_bytes(const struct scanner *s)
{
	return s->stream_bytes;
}

/* Called by the engine for every match; text_hit() keeps any failure for later. */
static int on_match(
        unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context)
{
	struct text_scan *text = context;
	struct scanner_hit hit = {
	        .sort = (enum scanner_sort)(id >> SORT_SHIFT), .number = (uint16_t)id, .end = to};

	(void)from;
	(void)flags;
	text_hit(text, &hit);
	return 0;
}

int scanner_stream_open(struct scanner *s, struct scanner_stream **ret_gives)
{
	hs_stream_t *stream = NULL;

	if (hs_open_stream(s->stream, 0, &stream) != HS_SUCCESS)
		return STATUS_NO_MEMORY;
	*ret_gives = (struct scanner_stream *)stream;
	return STATUS_OK;
}

int scanner_stream_feed(
        struct scanner *s, struct scanner_stream *stream, struct span bytes, struct text_scan *to)
{
	if (bytes.len == 0)
		return STATUS_OK;
	if (hs_scan_stream((hs_stream_t *)stream, (const char *)bytes.data, (unsigned)bytes.len, 0,
	            s->scratch, on_match, to) != HS_SUCCESS)
		return STATUS_LIBRARY;
	return STATUS_OK;
}

int scanner_stream_close(struct scanner *s, struct scanner_stream *stream, struct text_scan *to)
{
	if (!stream)
		return STATUS_OK;
	return hs_close_stream((hs_stream_t *)stream, s->scratch, to ? on_match : NULL, to) ==
	                       HS_SUCCESS
	               ? STATUS_OK
	               : STATUS_LIBRARY;
}

int scanner_block(struct scanner *s, struct span bytes, struct text_scan *to)
{
	if (bytes.len == 0)
		return STATUS_OK;
	if (hs_scan(s->block, (const char *)bytes.data, (unsigned)bytes.len, 0, s->scratch,
	            on_match, to) != HS_SUCCESS)
		return STATUS_LIBRARY;
	return STATUS_OK;
}
