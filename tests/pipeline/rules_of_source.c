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

struct detect_rules *rules_of_source(void)
{
	static const uint8_t key[DIGEST_KEY_BYTES] = {1};
	struct detect_rules *read = NULL;
	struct csv_problem problem;
	char path[1024];
	char *text = malloc(RULES_BYTES_MAX);
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/rules/identifiers.csv", getenv("EXEAT_SOURCE_ROOT"));
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_non_null(text);
	len = fread(text, 1, RULES_BYTES_MAX, file);
	fclose(file);
	assert_int_equal(detect_rules_new(&read, span_of(text, len), key, &problem), STATUS_OK);
	free(text);
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
