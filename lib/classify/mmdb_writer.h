/* mmdb_writer: writes MaxMind DB files (MaxMind DB file format specification 2.0) from prefixes and
 * the few values that we store. In memory, for set-up and tests: 4 million networks need 300 MB.
 *
 * Two sources may speak of one place, each with prefixes of its own. The country of the first
 * counts; where the second has another one the record also holds {"exeat": {"sources": "differ",
 * "other": country of the second}}. Traits (anycast, proxy, satellite) of either count. */
#ifndef EXEAT_CLASSIFY_MMDB_WRITER_H
#define EXEAT_CLASSIFY_MMDB_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "net/addr.h"

#define MMDB_WRITER_SOURCES 2

struct mmdb_value {
	const char *country;      /* alpha-2, or NULL: the source says that it is not known */
	uint32_t asn;             /* 0: none */
	const char *organisation; /* or NULL */
	bool anycast, proxy, satellite;
	uint8_t source; /* below MMDB_WRITER_SOURCES */
};

struct mmdb_writer;

/* type: "Exeat-Country" or "Exeat-ASN"; the tree has IPv6 width, IPv4 under ::/96. */
int mmdb_writer_new(struct mmdb_writer **ret_gives, const char *type, int64_t build_ns) WUNRES
        NONNULL(1, 2);
struct mmdb_writer *mmdb_writer_free(struct mmdb_writer *w);
/* For a date that is known only once the sources were read. */
void mmdb_writer_set_built(struct mmdb_writer *w, int64_t build_ns) NONNULL(1);
/* Of one source, a longer prefix wins over a shorter one in any order; an equal one: the last wins.
 * Copies. */
int mmdb_writer_add(struct mmdb_writer *w, const struct prefix *p,
        const struct mmdb_value *v) WUNRES NONNULL(1, 2, 3);
/* The whole file into a buffer of the caller's; nothing can be added any more. */
int mmdb_writer_finish(struct mmdb_writer *w, struct buf *ret) WUNRES NONNULL(1, 2);

#endif
