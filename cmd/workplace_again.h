/* workplace_again: register and rules, read again while a capture goes on (SIGHUP). The monitor
 * opens the files anew, by their names, and passes them on; the inspector, which can open none,
 * reads them, and takes them when they are in order. */
#ifndef EXEAT_CMD_WORKPLACE_AGAIN_H
#define EXEAT_CMD_WORKPLACE_AGAIN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "cmd/workplace.h"

/* What came of one SIGHUP. */
struct workplace_again {
	struct workplace fresh; /* holds the files and, once they are read, what is in them */
	enum exit_code register_code, rules_code; /* EXIT_CLEAN: they could be opened */
};

/* As workplace_fork; in the monitor each SIGHUP passes on what the options name. */
enum exit_code workplace_fork_and_follow(struct workplace *w,
        const struct workplace_options *options, bool *ret_is_inspector) WUNRES NONNULL(1, 2, 3);
/* In the inspector. The last that came, for workplace_close(&ret->fresh): STATUS_ITEM, or 0. */
int workplace_take_again(struct workplace *w, struct workplace_again *ret) WUNRES NONNULL(1, 2);
/* Reads the register that came; true: it may take the place of the one in force. Else a sentence on
 * standard error has said why not. */
bool workplace_read_again(const struct workplace *w, struct workplace_again *again) NONNULL(1, 2);
enum workplace_rules { RULES_SAME, RULES_CHANGED, RULES_REFUSED };

/* The same of the rules. Patterns are made where identifiers.csv or terms.csv has changed; else
 * fresh.detect
 * stays NULL. */
enum workplace_rules workplace_read_rules_again(
        const struct workplace *w, struct workplace_again *again) NONNULL(1, 2);
/* Exchanges what both have of the rules but for the patterns. */
void workplace_exchange_rules(struct workplace *w, struct workplace *fresh) NONNULL(1, 2);
/* Exchanges the two registers; what borrows from the one in force must be told before. */
void workplace_exchange_registers(struct workplace *w, struct workplace *fresh) NONNULL(1, 2);

#endif
