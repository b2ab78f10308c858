/* table: the columns of one table. In a column the values vouch for one another: when at least
 * DETECT_COLUMN_RUN_MIN distinct values pass a check, and DETECT_COLUMN_PASS_PERCENT of all that
 * are not empty do, the column holds that kind whatever its header says (`high`). Until that is
 * known, its values wait; those of a column that never gets there are `medium` with a header that
 * names the kind, `weak` without. */
#ifndef EXEAT_DETECT_TABLE_H
#define EXEAT_DETECT_TABLE_H

#include <stdint.h>

#include "base/compiler.h"
#include "detect/message.h"

#define TABLE_COLUMNS_MAX 1024 /* full extracts have 300; those behind are read as text */
#define TABLE_HELD_MAX    16   /* distinct values that wait in one column; 5 decide */

struct table;

int table_new(struct detect_session *s, struct table **ret_gives) WUNRES NONNULL(1, 2);
struct table *table_free(struct detect_session *s, struct table *t) NONNULL(1);
/* A trimmed, not empty value of a cell; kinds: what its header may mean. */
int table_value(struct message *m, struct span value, struct kind_set kinds) WUNRES NONNULL(1);
/* The table has ended: what still waits is noted. */
int table_finish(struct message *m) WUNRES NONNULL(1);

#endif
