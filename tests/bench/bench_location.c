/* bench_location: look-ups of random IPv4 addresses a second, beside libmaxminddb alone in the same
 * run, and how many have a country, or one that the sources do not agree on.
 *
 *     bench_location COUNTRY.mmdb [ASN.mmdb]
 *
 * "bare" is libmaxminddb's walk down the country's tree and, in the second figure, the reading of
 * country.iso_code alone. A figure, never a pass or a fail. The addresses come of a fixed sequence:
 * each part asks for the same ones. */
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/status.h"
#include "classify/location.h"

#define LOOKUPS 5000000u

struct tally {
	unsigned found, differ, anycast;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The next address of the sequence, from a state that begins at START. */
#define START 2463534242u

static uint32_t step(uint32_t state) /* xorshift32 (Marsaglia 2003) */
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static double run_ours(const struct location_db *db, struct tally *ret)
{
	double start = now_s();
	uint32_t state = START;
	struct location l;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		uint8_t bytes[4];
		struct addr a;

		state = step(state);
		memcpy(bytes, &state, sizeof(bytes));
		a = addr_ipv4(bytes);
		location_find(db, &a, &l);
		ret->found += l.country[0] != '\0';
		ret->differ += l.sources_differ;
		ret->anycast += l.anycast;
	}
	return now_s() - start;
}

static double run_bare(const MMDB_s *m, bool read_country, unsigned *ret_found)
{
	static const char *const path[] = {"country", "iso_code", NULL};
	struct sockaddr_in in4 = {.sin_family = AF_INET};
	double start = now_s();
	uint32_t state = START;

	for (unsigned i = 0; i < LOOKUPS; i++) {
		MMDB_lookup_result_s result;
		MMDB_entry_data_s data;
		int error;

		state = step(state);
		memcpy(&in4.sin_addr, &state, 4);
		result = MMDB_lookup_sockaddr(m, (struct sockaddr *)&in4, &error);
		if (result.found_entry && read_country &&
		        MMDB_aget_value(&result.entry, &data, path) != MMDB_SUCCESS)
			continue;
		*ret_found += result.found_entry;
	}
	return now_s() - start;
}

int main(int argc, char **argv)
{
	struct location_problem problem = {.file = 0};
	struct location_db *db = NULL;
	struct tally tally = {0};
	unsigned walked = 0, read = 0;
	double ours, walk, reading;
	MMDB_s bare;

	if (argc < 2 || argc > 3 ||
	        location_db_new(&db, (const char *const *)argv + 1, (size_t)argc - 1, &problem) !=
	                STATUS_OK ||
	        MMDB_open(argv[1], MMDB_MODE_MMAP, &bare) != MMDB_SUCCESS) {
		fprintf(stderr, "usage: bench_location COUNTRY.mmdb [ASN.mmdb]\n");
		return 2;
	}
	walk = run_bare(&bare, false, &walked);
	reading = run_bare(&bare, true, &read);
	ours = run_ours(db, &tally);
	printf("exeat: %.2f million look-ups a second in %d file%s\n", LOOKUPS / ours / 1e6,
	        argc - 1, argc == 3 ? "s" : "");
	printf("bare:  %.2f million walks a second, %.2f with the country read (one file)\n",
	        LOOKUPS / walk / 1e6, LOOKUPS / reading / 1e6);
	printf("country %.1f %%, sources differ %.2f %%, anycast %.2f %%\n",
	        100.0 * tally.found / LOOKUPS, 100.0 * tally.differ / LOOKUPS,
	        100.0 * tally.anycast / LOOKUPS);
	location_db_free(db);
	MMDB_close(&bare);
	return 0;
}
