#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/status.h"

/* Empty where there is no such file. */
static struct buf read_file(const char *folder, const char *name)
{
	char path[1024];
	uint8_t piece[65536];
	struct buf b;
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", getenv("EXEAT_SOURCE_ROOT"), folder, name);
	buf_init(&b, 1 << 20, NULL);
	file = fopen(path, "rb");
	while (file && (len = fread(piece, 1, sizeof(piece), file)) > 0)
		assert_int_equal(buf_append(&b, span_of(piece, len)), STATUS_OK);
	if (file)
		fclose(file);
	return b;
}

int judge_setup(void **state)
{
	static struct rules_in_force rules;
	struct buf bytes[REGISTRY_FILES], flags = read_file("rules", "flags.csv");
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES];
	struct csv_problem problem;

	for (int i = 0; i < REGISTRY_FILES; i++) {
		bytes[i] = read_file(
		        "fixtures/clinic-day/register", registry_file_name((enum registry_file)i));
		files[i] = buf_span(&bytes[i]);
		present[i] = bytes[i].len > 0;
	}
	assert_int_equal(registry_load(&rules.registry, files, present), STATUS_OK);
	assert_int_equal(flag_rules_new(&rules.flags, buf_span(&flags), &problem), STATUS_OK);
	for (int i = 0; i < REGISTRY_FILES; i++)
		buf_free(&bytes[i]);
	buf_free(&flags);
	*state = &rules;
	return 0;
}

int judge_teardown(void **state)
{
	struct rules_in_force *rules = *state;

	registry_free(rules->registry);
	flag_rules_free(rules->flags);
	return 0;
}

void judge(const struct rules_in_force *rules, const struct store_flow *flow,
        const struct store_finding *findings, size_t count, struct assessment *ret)
{
	struct assess_question q;

	assess_ask(flow, findings, count, &q);
	assert_int_equal(assess_answer(&q, rules->registry, rules->flags, ret), STATUS_OK);
}

bool judge_asks(const struct assessment *a, enum flag_id id)
{
	for (unsigned i = 0; i < a->verdict.flag_count; i++)
		if (a->verdict.flags[i].id == id)
			return true;
	return false;
}
