/* saved_content: what `capture --save` keeps of the traffic itself, and what reports say of it. */
#ifndef EXEAT_CMD_SAVED_CONTENT_H
#define EXEAT_CMD_SAVED_CONTENT_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/display.h"
#include "cmd/workplace.h"
#include "report/report.h"
#include "source/saver.h"

/* Content outlives none of the rows that explain it. */
#define SAVED_KEEP_DAYS_MAX    STORE_FLOW_DAYS
#define SAVED_PURPOSE_MAX      200 /* bytes: a sentence or two, which reports show whole */
#define SAVED_FILE_MIB_DEFAULT 256
#define SAVED_FILE_MIB_MAX     65536
#define SAVED_FLOOR_MIB        1024     /* left free on the disk unless another is given */
#define SAVED_FLOOR_MIB_MAX    16777216 /* 16 TiB */
#define SAVED_EVERY_S          3600

/* As it was asked for; the file is named in the workplace's options. */
struct saved_content_options {
	struct span purpose; /* as typed, without the blanks around it */
	const char *keep;    /* as typed */
	int64_t keep_ns, every_ns;
	uint64_t file_bytes, floor_bytes;
};

struct saved_content {
	struct saver *saver; /* NULL: nothing is kept */
	char purpose[DISPLAY_CHARS_MAX], keep[16], comment[2 * DISPLAY_CHARS_MAX];
	struct report_saved report;
};

/* In the inspector. o: NULL leaves all empty. Borrows all for its life. */
int saved_content_begin(struct saved_content *s, const struct workplace *w,
        const struct saved_content_options *o, const char *interface, struct source *source) WUNRES
        NONNULL(1, 2);
/* For the report, borrowed; NULL when nothing is kept. */
const struct report_saved *saved_content_report(struct saved_content *s) NONNULL(1);
void saved_content_end(struct saved_content *s) NONNULL(1);

#endif
