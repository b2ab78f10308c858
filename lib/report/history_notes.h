/* history_notes: what history.c keeps of a run and history_decide.c looks at. */
#ifndef EXEAT_REPORT_HISTORY_NOTES_H
#define EXEAT_REPORT_HISTORY_NOTES_H

#include "report/history.h"

/* All texts are of the report's pool; program: index into the registry. */
struct version_note {
	size_t program;
	const char *computer, *date, *text, *source;
	int64_t first_ns, last_ns;
};

struct update_note {
	size_t program;
	const char *date;
};

struct computer_note {
	const char *computer;
	bool remote, open;
	const char *unsupported; /* name of a program; NULL: none */
	int64_t first_ns, last_ns;
};

struct update_host {
	size_t program;
	char pattern[MATCH_TEXT_CHARS];
};

struct history {
	struct update_host *hosts;
	size_t host_count;
	struct version_note *versions;
	struct update_note *updates;
	struct computer_note *computers;
	size_t version_count, update_count, computer_count;
	struct key_map *version_keys, *update_keys, *computer_keys;
	uint64_t left_out;
	/* The dates, both included, of which this report tells the whole: of earlier ones the
	 * store does. */
	char from[TIME_DATE_CHARS], to[TIME_DATE_CHARS];
	bool decided;
};

bool history_covers(const struct history *h, const char *date) NONNULL(1, 2);

#endif
