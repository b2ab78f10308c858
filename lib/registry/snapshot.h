/* snapshot: what a register holds inside. Filled by registry.c from sheets whose cells passed. */
#ifndef EXEAT_REGISTRY_SNAPSHOT_H
#define EXEAT_REGISTRY_SNAPSHOT_H

#include "base/digest.h"
#include "registry/arena.h"
#include "registry/folder.h"
#include "registry/problems.h"
#include "registry/registry.h"
#include "registry/sheet.h"

struct registry {
	struct arena arena;
	struct problems problems;
	struct folder_table tables[REGISTRY_FILES]; /* their texts, for the store */
	struct registry_practice practice;
	struct registry_program *programs;
	size_t program_count;
	struct registry_destination *destinations;
	size_t destination_count;
	struct registry_contract *contracts;
	size_t contract_count;
	struct registry_basis *basis;
	size_t basis_count;
	struct registry_exception *exceptions;
	size_t exception_count;
	struct match_rule *program_rules, *destination_rules;
	size_t program_rule_count, destination_rule_count;
	char sha256[DIGEST_HEX_CHARS];
};

/* Turns sheets whose cells were checked into the snapshot. Cells that did not pass read as not
 * recorded. 0 or a failure. */
int snapshot_build(struct registry *r, const struct sheet sheets[static REGISTRY_FILES]) WUNRES
        NONNULL(1, 2);

#endif
