/* clinic: the register of the fixture clinic-day, for tests of verdicts. */
#ifndef TESTS_VERDICT_CLINIC_H
#define TESTS_VERDICT_CLINIC_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "registry/registry.h"

#define FILE_BYTES_MAX 32768

static struct span read_file(const char *name)
{
	char *bytes = calloc(1, FILE_BYTES_MAX);
	char path[4096];
	FILE *file;
	size_t len;

	assert_non_null(bytes);
	snprintf(path, sizeof(path), "%s/%s", SOURCE, name);
	file = fopen(path, "rb");
	if (!file) {
		free(bytes);
		return span_of(NULL, 0);
	}
	len = fread(bytes, 1, FILE_BYTES_MAX, file);
	fclose(file);
	assert_true(len < FILE_BYTES_MAX);
	return span_of(bytes, len);
}

static void free_span(struct span s)
{
	free((void *)(uintptr_t)s.data);
}

static struct registry *load_clinic(void)
{
	struct span files[REGISTRY_FILES] = {{.data = NULL}};
	bool present[REGISTRY_FILES] = {false};
	struct registry *r = NULL;

	for (unsigned i = 0; i < REGISTRY_FILES; i++) {
		char name[128];

		snprintf(name, sizeof(name), "fixtures/clinic-day/register/%s",
		        registry_file_name((enum registry_file)i));
		files[i] = read_file(name);
		present[i] = files[i].data != NULL;
	}
	assert_int_equal(registry_load(&r, files, present), 0);
	for (unsigned i = 0; i < REGISTRY_FILES; i++)
		free_span(files[i]);
	return r;
}

static int32_t day_of(const char *date)
{
	int32_t day = 0;

	assert_true(time_parse_date(date, &day));
	return day;
}

static int64_t program_of(const struct registry *r, const char *id)
{
	for (size_t i = 0; i < registry_program_count(r); i++)
		if (strcmp(registry_program(r, i)->id, id) == 0)
			return (int64_t)i;
	return -1;
}

#endif
