/* text_pool: keeps each distinct text once, so that rows hold pointers and equal texts have equal
 * pointers. Bounded: when it is full, new texts become TEXT_POOL_FULL and are counted. */
#ifndef EXEAT_REPORT_TEXT_POOL_H
#define EXEAT_REPORT_TEXT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define TEXT_POOL_FULL         "\xe2\x80\xa6" /* an ellipsis: also closes a longer list */
#define TEXT_POOL_TEXT_MAX     2047
#define TEXT_POOL_LIST_MEMBERS 4 /* a reader of a row wants examples; flows.jsonl has all */

struct text_pool;

/* Names come from outside: the hash is keyed with random bytes, and no output depends on it. */
int text_pool_new(struct text_pool **ret_gives, size_t bytes_max) WUNRES NONNULL(1);
struct text_pool *text_pool_free(struct text_pool *p); /* NULL ok, returns NULL */
/* Gives a pointer that lives as long as the pool and is the same for the same text; "" for NULL.
 * NULL only when memory is short. Texts past TEXT_POOL_TEXT_MAX bytes are cut. */
const char *text_pool_add(struct text_pool *p, const char *text) NONNULL(1);
/* `list` with every member of `more` that it lacks; members are joined with '|', in the order of
 * their bytes. Of more than TEXT_POOL_LIST_MEMBERS the first are kept, so that a list does not
 * depend on the order in which its members came. */
const char *text_pool_join(struct text_pool *p, const char *list, const char *more)
        NONNULL(1, 2, 3);
bool text_pool_is_full(const struct text_pool *p) NONNULL(1);
uint64_t text_pool_left_out(const struct text_pool *p) NONNULL(1);

/* Maps a row's key, made of pointers of the pool and small numbers, to the row's index. */
#define KEY_PARTS 5
struct row_key {
	uintptr_t part[KEY_PARTS];
};
struct key_map;

int key_map_new(struct key_map **ret_gives) WUNRES NONNULL(1);
struct key_map *key_map_free(struct key_map *m);
/* SIZE_MAX when absent. */
size_t key_map_find(const struct key_map *m, const struct row_key *key) NONNULL(1, 2);
/* The key must be absent. */
int key_map_add(struct key_map *m, const struct row_key *key, size_t index) WUNRES NONNULL(1, 2);

#endif
