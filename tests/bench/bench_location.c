/* bench_location: look-ups of random IPv4 addresses a second, and how many have a country, or one
 * that the sources do not agree on.
 *
 *     bench_location COUNTRY.mmdb [ASN.mmdb]
 *
 * A figure, never a pass or a fail. The addresses come of a fixed sequence: each run asks for the
 * same ones. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "classify/location.h"

#define LOOKUPS 5000000u

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct location_problem problem = {.file = 0};
	struct location_db *db = NULL;
	uint32_t state = 2463534242u; /* xorshift32 (Marsaglia 2003) */
	unsigned found = 0, differ = 0, anycast = 0;
	struct location l;
	double start;

	if (argc < 2 || argc > 3 ||
	        location_db_new(&db, (const char *const *)argv + 1, (size_t)argc - 1, &problem) !=
	                STATUS_OK) {
		fprintf(stderr, "usage: bench_location COUNTRY.mmdb [ASN.mmdb]\n");
		return 2;
	}
	start = now_s();
	for (unsigned i = 0; i < LOOKUPS; i++) {
		uint8_t bytes[4];
		struct addr a;

		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		memcpy(bytes, &state, sizeof(bytes));
		a = addr_ipv4(bytes);
		location_find(db, &a, &l);
		found += l.country[0] != '\0';
		differ += l.sources_differ;
		anycast += l.anycast;
	}
	printf("%.2f million look-ups a second; country %.1f %%, sources differ %.2f %%, anycast "
	       "%.2f %%\n",
	        LOOKUPS / (now_s() - start) / 1e6, 100.0 * found / LOOKUPS,
	        100.0 * differ / LOOKUPS, 100.0 * anycast / LOOKUPS);
	location_db_free(db);
	return 0;
}
