#include "pipeline/progress.h"

#include <stdio.h>

#include "base/timestamp.h"

/* A rate measured for less than this says nothing about the rest. */
#define RATE_NS_MIN (2 * NS_PER_SECOND)

#define AMOUNT_CHARS 32 /* any number of 64 bits, and its unit */

static void show_bytes(uint64_t bytes, char ret[static AMOUNT_CHARS])
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	double amount = (double)bytes;
	size_t unit = 0;

	while (amount >= 1000 && unit + 1 < ARRAY_LEN(units)) {
		amount /= 1000;
		unit++;
	}
	snprintf(ret, AMOUNT_CHARS, "%.*f %s", unit > 0 && amount < 100, amount, units[unit]);
}

static void show_seconds(int64_t left_ns, char ret[static AMOUNT_CHARS])
{
	long long seconds = (left_ns + NS_PER_SECOND - 1) / NS_PER_SECOND;

	if (seconds < 120)
		snprintf(ret, AMOUNT_CHARS, "%lld s", seconds);
	else if (seconds < 120 * 60)
		snprintf(ret, AMOUNT_CHARS, "%lld min", (seconds + 59) / 60);
	else
		snprintf(ret, AMOUNT_CHARS, "%lld h", (seconds + 3599) / 3600);
}

/* Below zero: not known. */
static int64_t left_ns(const struct progress *now)
{
	double done = (double)now->bytes, total = (double)now->bytes_total;

	if (now->duration_ns > 0)
		return now->duration_ns > now->elapsed_ns ? now->duration_ns - now->elapsed_ns : 0;
	if (now->bytes == 0 || now->bytes_total == 0 || now->elapsed_ns < RATE_NS_MIN)
		return -1;
	return done >= total ? 0 : (int64_t)((double)now->elapsed_ns * (total - done) / done);
}

void progress_line(const struct progress *now, char ret[static PROGRESS_CHARS])
{
	char bytes[2 * AMOUNT_CHARS], left[AMOUNT_CHARS] = "";
	char clinical[64] = "no clinical data seen so far";
	int64_t rest_ns = left_ns(now);

	if (now->bytes_total > 0) {
		char total[AMOUNT_CHARS];
		double part = (double)now->bytes / (double)now->bytes_total;

		show_bytes(now->bytes_total, total);
		snprintf(
		        bytes, sizeof(bytes), "%.0f%% of %s", part > 1 ? 100.0 : 100 * part, total);
	} else {
		show_bytes(now->bytes, bytes);
	}
	if (now->no_content)
		snprintf(clinical, sizeof(clinical), "content not looked into");
	else if (now->clinical > 0)
		snprintf(clinical, sizeof(clinical), "clinical data in %llu conversation%s",
		        (unsigned long long)now->clinical, now->clinical == 1 ? "" : "s");
	if (rest_ns >= 0)
		show_seconds(rest_ns, left);
	snprintf(ret, PROGRESS_CHARS, "%s, %llu packets, %s%s%s%s", bytes,
	        (unsigned long long)now->packets, clinical, *left ? ", about " : "", left,
	        *left ? " left" : "");
}
