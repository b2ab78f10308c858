/* Any bytes as a register. The first byte says which file they are, or, when it is a digit above
 * the last file, that all files hold them. Loaded, or refused with complaints; what is given
 * holds. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "registry/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_problems(const struct registry *r, int status)
{
	bool error = false;

	for (size_t i = 0; i < registry_problem_count(r); i++) {
		char line[REGISTRY_PROBLEM_CHARS];

		registry_problem_format(registry_problem(r, i), line);
		error = error || registry_problem(r, i)->error;
		if (strlen(registry_problem(r, i)->text) < 10)
			abort();
	}
	if (status == STATUS_REGISTER && !error && registry_problems_left_out(r) == 0)
		abort();
	if (status == STATUS_OK && error)
		abort();
}

static void check_indexes(const struct registry *r)
{
	const struct match_rule *rules;
	size_t count;

	for (size_t i = 0; i < registry_program_count(r); i++)
		if (registry_program(r, i)->via_program != REGISTRY_NO_ROW &&
		        registry_program(r, i)->via_program >= registry_program_count(r))
			abort();
	for (size_t i = 0; i < registry_destination_count(r); i++)
		if (registry_destination(r, i)->program >= registry_program_count(r))
			abort();
	for (size_t i = 0; i < registry_contract_count(r); i++)
		for (size_t k = 0; k < registry_contract(r, i)->program_count; k++)
			if (registry_contract(r, i)->programs[k] >= registry_program_count(r))
				abort();
	for (size_t i = 0; i < registry_basis_count(r); i++)
		if (registry_basis(r, i)->program >= registry_program_count(r) ||
		        registry_basis(r, i)->purpose >= PURPOSES)
			abort();
	for (size_t i = 0; i < registry_exception_count(r); i++)
		if (registry_exception(r, i)->program != REGISTRY_NO_ROW &&
		        registry_exception(r, i)->program >= registry_program_count(r))
			abort();
	rules = registry_program_rules(r, &count);
	for (size_t i = 0; i < count; i++)
		if (rules[i].owner >= registry_program_count(r))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct registry_folder folder = {.today = 20000}; /* in 2024 */
	struct registry *r = NULL;
	size_t which;
	int status;

	if (size == 0)
		return 0;
	which = (size_t)(data[0] - '0');
	for (size_t i = 0; i < REGISTRY_FILES; i++) {
		folder.tables[i] = span_of(data + 1, size - 1);
		folder.has_table[i] = which >= REGISTRY_FILES || which == i;
		folder.others[i] = which == REGISTRY_FILES ? REGISTRY_OTHER_LOCK : 0;
	}
	folder.on_day = size % 2 == 0;
	status = registry_load_folder(&r, &folder);
	if (status != STATUS_OK && status != STATUS_REGISTER)
		abort();
	check_problems(r, status);
	if (status == STATUS_OK)
		check_indexes(r);
	registry_free(r);
	return 0;
}
