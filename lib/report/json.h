/* json: writes JSON (RFC 8259) straight to a stream. Text that is not UTF-8 becomes U+FFFD; besides
 * what must be escaped, so are DEL and the line separators that break older readers. */
#ifndef EXEAT_REPORT_JSON_H
#define EXEAT_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"

struct json_out {
	FILE *out;
	bool comma; /* the next member needs one before it */
};

void json_open(struct json_out *j, const char *key, char bracket) NONNULL(1); /* key may be NULL */
void json_close(struct json_out *j, char bracket) NONNULL(1);
void json_text(struct json_out *j, const char *key, const char *text) NONNULL(1);
void json_number(struct json_out *j, const char *key, uint64_t value) NONNULL(1);
void json_decimal(struct json_out *j, const char *key, double value) NONNULL(1);
void json_bool(struct json_out *j, const char *key, bool value) NONNULL(1);
/* A '|'-joined list as an array of texts. */
void json_list(struct json_out *j, const char *key, const char *joined) NONNULL(1, 3);

#endif
