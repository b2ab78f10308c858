#include "rules_of_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"

#define RULES_BYTES_MAX (1u << 20)

struct detect_rules *rules;

static struct span read_rules(const char *name)
{
	char path[1024];
	uint8_t *text = malloc(RULES_BYTES_MAX);
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules/%s", getenv("EXEAT_SOURCE_ROOT"), name);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(text);
	len = fread(text, 1, RULES_BYTES_MAX, file);
	fclose(file);
	return span_of(text, len);
}

struct detect_rules *rules_of_source(void)
{
	static const uint8_t key[DIGEST_KEY_BYTES] = {1};
	struct detect_files files = {
	        .identifiers = read_rules(DETECT_IDENTIFIERS), .terms = read_rules(DETECT_TERMS)};
	struct detect_rules *read = NULL;
	struct detect_problem problem;

	assert_int_equal(detect_rules_new(&read, &files, key, &problem), STATUS_OK);
	free((void *)files.identifiers.data);
	free((void *)files.terms.data);
	return read;
}

int open_rules(void **state)
{
	(void)state;
	rules = rules_of_source();
	return 0;
}

int close_rules(void **state)
{
	(void)state;
	rules = detect_rules_free(rules);
	return 0;
}
