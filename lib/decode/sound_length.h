/* sound_length: how long a recording is, by what its container says of time, as its bytes go by.
 *
 * Sources: Microsoft RIFF (WAVE), RFC 3533 (Ogg), RFC 7845 (Opus), Vorbis I, RFC 8794 and RFC 9559
 * (EBML, Matroska, WebM), ISO/IEC 14496-12 (MP4), ISO/IEC 11172-3 (MP3), RFC 9639 (FLAC), RFC 4867
 * (AMR). Nothing is held: a container that breaks its rules is passed over, and its length is what
 * was seen before. */
#ifndef EXEAT_DECODE_SOUND_LENGTH_H
#define EXEAT_DECODE_SOUND_LENGTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define SOUND_HEADER_MAX 512 /* bytes that one step may wait for: a page's header of Ogg has 282 */

enum sound_container {
	SOUND_WAV,
	SOUND_OGG,
	SOUND_WEBM,
	SOUND_MP4,
	SOUND_MP3,
	SOUND_FLAC,
	SOUND_AMR,
	SOUND_OTHER, /* of no length that we know */
};

struct sound_length {
	enum sound_container container;
	bool begun, broken;
	bool sound, video; /* tracks that have shown by the time the content begins */
	bool tracks_known; /* it has begun */
	bool counting;     /* what is passed over is sound */
	uint64_t skip_bytes;
	uint64_t sound_bytes;         /* of sound that were seen */
	uint64_t rate;                /* bytes or units a second; 0: not known */
	uint64_t units, units_before; /* the last time seen; what does not count of it */
	uint64_t scale_ns, base;      /* Matroska: of one unit; of the open cluster */
	uint64_t declared_ms;
	uint32_t serial; /* Ogg: of the stream that is measured */
	unsigned frames; /* AMR: of 20 ms */
	bool wide;       /* AMR-WB */
};

void sound_length_open(struct sound_length *l, enum sound_container container) NONNULL(1);
/* Takes what it can; leaves less than SOUND_HEADER_MAX bytes. */
void sound_length_feed(struct sound_length *l, struct cursor *c) NONNULL(1, 2);
/* Milliseconds; 0: not known. */
uint64_t sound_length_ms(const struct sound_length *l) NONNULL(1);

#endif
