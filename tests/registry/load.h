/* load: the small register of rows.h, with one of its files replaced, as the tests load it. */
#ifndef EXEAT_TESTS_REGISTRY_LOAD_H
#define EXEAT_TESTS_REGISTRY_LOAD_H

#include "registry/registry.h"
#include "registry/rows.h"

static const char *const whole[REGISTRY_FILES] = {
        PRACTICE_CSV, PROGRAMS_CSV, DESTINATIONS_CSV, CONTRACTS_CSV, BASIS_CSV, EXCEPTIONS_CSV};

static inline void whole_files(
        struct span files[static REGISTRY_FILES], bool present[static REGISTRY_FILES])
{
	for (size_t i = 0; i < REGISTRY_FILES; i++) {
		files[i] = span_of_text(whole[i]);
		present[i] = true;
	}
}

static inline struct registry *load_with(
        enum registry_file file, struct span content, int *ret_status)
{
	struct span files[REGISTRY_FILES];
	bool present[REGISTRY_FILES];
	struct registry *r = NULL;

	whole_files(files, present);
	files[file] = content;
	*ret_status = registry_load(&r, files, present);
	assert_non_null(r);
	return r;
}

#endif
