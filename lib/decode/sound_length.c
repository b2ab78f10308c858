#include "decode/sound_length.h"

#include <string.h>

#include "base/status.h"

#define NS_PER_MS         1000000u
#define MS_PER_S          1000u
#define AMR_FRAME_MS      20
#define HOURS_MAX_MS      (100u * 3600 * MS_PER_S) /* more is no recording but a lie */
#define OGG_HEADER_BYTES  27
#define OGG_FRONT_BYTES   40 /* what is read of the first page: the identification of its codec */
#define MP4_READ_BYTES    32 /* of mvhd and hdlr */
#define MATROSKA_READ_MAX 8  /* bytes of a number or the front of a block */
#define MATROSKA_SCALE_NS 1000000u

void sound_length_open(struct sound_length *l, enum sound_container container)
{
	bool plain = container != SOUND_OGG && container != SOUND_WEBM && container != SOUND_MP4;

	*l = (struct sound_length){.container = container,
	        .scale_ns = MATROSKA_SCALE_NS,
	        .sound = plain,
	        .tracks_known = plain};
}

/* Each step: STATUS_ITEM, another can be done; STATUS_OK, more bytes are needed; STATUS_MALFORMED.
 */

static int skip(struct sound_length *l, uint64_t bytes, bool counting)
{
	l->skip_bytes = bytes;
	l->counting = counting;
	return STATUS_ITEM;
}

/* What is found behind the first bytes of content comes too late to be told. */
static void note_track(struct sound_length *l, bool sound, bool video)
{
	l->sound = l->sound || (sound && !l->tracks_known);
	l->video = l->video || (video && !l->tracks_known);
}

/* ---- WAVE ---- */

static int wav_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	struct span id;
	uint32_t size;

	if (!l->begun) {
		if (cursor_left(c) < 12)
			return STATUS_OK;
		cursor_skip(c, 12);
		l->begun = true;
		return STATUS_ITEM;
	}
	id = cursor_span(&peek, 4);
	size = cursor_u32le(&peek);
	if (cursor_failed(&peek))
		return STATUS_OK;
	if (span_equal_text(id, "fmt ")) {
		cursor_skip(&peek, 8);
		l->rate = cursor_u32le(&peek);
		if (cursor_failed(&peek))
			return STATUS_OK;
	}
	cursor_skip(c, 8);
	/* Programs that do not know the end yet write nothing, or the largest number. */
	if (span_equal_text(id, "data"))
		return skip(l, size == 0 || size == UINT32_MAX ? UINT64_MAX : size, true);
	return skip(l, (uint64_t)size + size % 2, false);
}

/* ---- Ogg ---- */

static void ogg_codec(struct sound_length *l, struct span front, uint32_t serial)
{
	struct cursor c = cursor_open(front);

	if (span_starts(front, "OpusHead")) {
		cursor_skip(&c, 10);
		l->units_before = cursor_u16le(&c);
		l->rate = 48000;
	} else if (span_starts(front, "\1vorbis")) {
		cursor_skip(&c, 12);
		l->rate = cursor_u32le(&c);
	} else if (span_starts(front, "Speex   ")) {
		cursor_skip(&c, 36);
		l->rate = cursor_u32le(&c);
	} else {
		note_track(l, false, span_starts(front, "\x80theora"));
		return;
	}
	note_track(l, true, false);
	l->serial = serial;
}

static int ogg_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	struct span mark = cursor_span(&peek, 4);
	uint64_t granule, body = 0;
	uint32_t serial;
	uint8_t flags;
	struct span sizes;

	cursor_skip(&peek, 1);
	flags = cursor_u8(&peek);
	granule = cursor_u64le(&peek);
	serial = cursor_u32le(&peek);
	cursor_skip(&peek, 8);
	sizes = cursor_span(&peek, cursor_u8(&peek));
	if (cursor_failed(&peek))
		return STATUS_OK;
	if (!span_equal_text(mark, "OggS"))
		return STATUS_MALFORMED;
	for (size_t i = 0; i < sizes.len; i++)
		body += sizes.data[i];
	if (flags & 2) { /* the first of a stream */
		size_t front = body < OGG_FRONT_BYTES ? (size_t)body : OGG_FRONT_BYTES;

		if (cursor_left(&peek) < front)
			return STATUS_OK;
		ogg_codec(l, cursor_span(&peek, front), serial);
	} else {
		l->tracks_known = true;
		if (serial == l->serial && granule != UINT64_MAX && granule > l->units)
			l->units = granule;
	}
	cursor_skip(c, OGG_HEADER_BYTES + sizes.len);
	return skip(l, body, false);
}

/* ---- Matroska and WebM ---- */

/* RFC 8794 section 4: a number whose first bits say how long it is. keep: with them, as an
 * element's name is. */
static uint64_t ebml_number(struct cursor *c, bool keep, bool *ret_unknown)
{
	uint8_t first = cursor_u8(c);
	uint64_t value = first, ones;
	unsigned len = 1;

	while (len <= 8 && !(first & 0x80u >> (len - 1)))
		len++;
	if (len > 8)
		return 0;
	if (!keep)
		value &= 0x7fu >> (len - 1);
	ones = 0x7fu >> (len - 1);
	for (unsigned i = 1; i < len; i++) {
		value = value << 8 | cursor_u8(c);
		ones = ones << 8 | 0xff;
	}
	*ret_unknown = value == ones;
	return value;
}

static uint64_t number(struct span bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.data[i];
	return value;
}

static double real_number(struct span bytes)
{
	uint64_t bits = number(bytes);
	uint32_t half = (uint32_t)bits;
	double value = 0;
	float small = 0;

	if (bytes.len == 8) {
		memcpy(&value, &bits, sizeof(value));
		return value;
	}
	memcpy(&small, &half, sizeof(small));
	return bytes.len == 4 ? small : 0;
}

/* A block's time stands behind the number of its track, against that of its cluster. */
static void matroska_block(struct sound_length *l, struct span front)
{
	struct cursor c = cursor_open(front);
	bool unknown;
	int64_t at;

	(void)ebml_number(&c, false, &unknown);
	at = (int16_t)cursor_u16be(&c);
	if (cursor_failed(&c) || at < 0)
		return;
	if (l->base + (uint64_t)at > l->units)
		l->units = l->base + (uint64_t)at;
}

static void matroska_duration(struct sound_length *l, struct span bytes)
{
	double ms = real_number(bytes) * (double)l->scale_ns / NS_PER_MS;

	if (ms > 0 && ms < HOURS_MAX_MS)
		l->declared_ms = (uint64_t)ms;
}

static void matroska_value(struct sound_length *l, uint64_t id, struct span value)
{
	switch (id) {
	case 0x2ad7b1: /* TimestampScale */
		l->scale_ns = number(value) ? number(value) : MATROSKA_SCALE_NS;
		break;
	case 0x4489: /* Duration */
		matroska_duration(l, value);
		break;
	case 0xe7: /* Timestamp of a cluster */
		l->base = number(value) & UINT32_MAX;
		l->tracks_known = true;
		break;
	case 0x86: /* CodecID */
		note_track(l, span_starts(value, "A_"), span_starts(value, "V_"));
		break;
	case 0xa1: /* Block */
	case 0xa3: /* SimpleBlock */
		matroska_block(l, value);
		break;
	default:
		break;
	}
}

/* Those that hold others: Segment, Info, Tracks, TrackEntry, Cluster, BlockGroup. */
static bool is_master(uint64_t id)
{
	return id == 0x18538067 || id == 0x1549a966 || id == 0x1654ae6b || id == 0xae ||
	       id == 0x1f43b675 || id == 0xa0;
}

static int matroska_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	bool unknown = false, unused;
	uint64_t id = ebml_number(&peek, true, &unused);
	uint64_t size = ebml_number(&peek, false, &unknown);
	size_t header = cursor_left(c) - cursor_left(&peek);
	size_t front = size < MATROSKA_READ_MAX ? (size_t)size : MATROSKA_READ_MAX;

	if (cursor_failed(&peek))
		return STATUS_OK;
	if (id == 0 || (unknown && !is_master(id)))
		return STATUS_MALFORMED;
	if (is_master(id)) {
		cursor_skip(c, header);
		return STATUS_ITEM;
	}
	if (cursor_left(&peek) < front)
		return STATUS_OK;
	matroska_value(l, id, cursor_span(&peek, front));
	cursor_skip(c, header);
	return skip(l, size, false);
}

/* ---- MP4 ---- */

static void mp4_movie_header(struct sound_length *l, struct span box)
{
	struct cursor c = cursor_open(box);
	bool large = cursor_u8(&c) == 1;
	uint64_t scale, duration;

	cursor_skip(&c, large ? 19 : 11);
	scale = cursor_u32be(&c);
	duration = large ? cursor_u64be(&c) : cursor_u32be(&c);
	if (cursor_failed(&c) || scale == 0 || duration > UINT32_MAX * scale)
		return;
	if (duration != UINT32_MAX || large)
		l->declared_ms = duration / scale * MS_PER_S + duration % scale * MS_PER_S / scale;
}

static int mp4_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	uint64_t size = cursor_u32be(&peek), header = 8;
	struct span type = cursor_span(&peek, 4), front;
	size_t len;

	if (size == 1) {
		size = cursor_u64be(&peek);
		header = 16;
	}
	if (cursor_failed(&peek))
		return STATUS_OK;
	if (size != 0 && size < header)
		return STATUS_MALFORMED;
	size = size == 0 ? UINT64_MAX : size - header;
	if (span_equal_text(type, "moov") || span_equal_text(type, "trak") ||
	        span_equal_text(type, "mdia")) {
		cursor_skip(c, (size_t)header);
		return STATUS_ITEM;
	}
	len = size < MP4_READ_BYTES ? (size_t)size : MP4_READ_BYTES;
	if (cursor_left(&peek) < len)
		return STATUS_OK;
	front = cursor_span(&peek, len);
	if (span_equal_text(type, "mvhd"))
		mp4_movie_header(l, front);
	else if (span_equal_text(type, "hdlr"))
		note_track(l, span_starts(span_slice(front, 8, 4), "soun"),
		        span_starts(span_slice(front, 8, 4), "vide"));
	else if (span_equal_text(type, "ftyp"))
		note_track(l, span_starts(front, "M4A"), false);
	else if (span_equal_text(type, "mdat") || span_equal_text(type, "moof"))
		l->tracks_known = true;
	cursor_skip(c, (size_t)header);
	return skip(l, size, false);
}

/* ---- MP3 ---- */

/* kbit/s of layer III: version 1, versions 2 and 2.5. */
static const uint16_t mp3_rates[2][16] = {
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
};

static int mp3_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	struct span head = cursor_span(&peek, 10);

	if (cursor_failed(&peek))
		return STATUS_OK;
	if (!l->begun && span_starts(head, "ID3")) {
		uint32_t size = 0;

		for (size_t i = 6; i < 10; i++)
			size = size << 7 | (head.data[i] & 0x7fu);
		l->begun = true;
		cursor_skip(c, 10);
		return skip(l, size, false);
	}
	if (head.data[0] == 0xff && (head.data[1] & 0xe6) == 0xe2) {
		bool first = (head.data[1] & 0x18) == 0x18;

		l->rate = mp3_rates[!first][head.data[2] >> 4] * UINT64_C(1000) / 8;
		return l->rate > 0 ? skip(l, UINT64_MAX, true) : STATUS_MALFORMED;
	}
	if (head.data[0] != 0) /* zeros may stand between */
		return STATUS_MALFORMED;
	cursor_skip(c, 1);
	return STATUS_ITEM;
}

/* ---- FLAC and AMR ---- */

static int flac_step(struct sound_length *l, struct cursor *c)
{
	struct cursor peek = *c;
	uint64_t bits, samples, rate;

	cursor_skip(&peek, 18); /* mark, header of the block, sizes of blocks and frames */
	bits = cursor_u64be(&peek);
	if (cursor_failed(&peek))
		return STATUS_OK;
	rate = bits >> 44;
	samples = bits & 0xfffffffff;
	if (rate > 0)
		l->declared_ms = samples * MS_PER_S / rate;
	return skip(l, UINT64_MAX, false);
}

static int amr_step(struct sound_length *l, struct cursor *c)
{
	static const uint8_t sizes[2][16] = {
	        {12, 13, 15, 17, 19, 20, 26, 31, 5, 0, 0, 0, 0, 0, 0, 0},
	        {17, 23, 32, 36, 40, 46, 50, 58, 60, 5, 0, 0, 0, 0, 0, 0},
	};
	uint8_t head;

	if (!l->begun) {
		if (cursor_left(c) < 9)
			return STATUS_OK;
		l->wide = span_starts(span_of(c->at, 9), "#!AMR-WB\n");
		l->begun = true;
		return skip(l, l->wide ? 9 : 6, false);
	}
	if (cursor_left(c) == 0)
		return STATUS_OK;
	head = cursor_u8(c);
	if (head & 0x83)
		return STATUS_MALFORMED;
	l->frames++;
	return skip(l, sizes[l->wide][head >> 3 & 15], false);
}

/* ---- all ---- */

static int step(struct sound_length *l, struct cursor *c)
{
	switch (l->container) {
	case SOUND_WAV:
		return wav_step(l, c);
	case SOUND_OGG:
		return ogg_step(l, c);
	case SOUND_WEBM:
		return matroska_step(l, c);
	case SOUND_MP4:
		return mp4_step(l, c);
	case SOUND_MP3:
		return mp3_step(l, c);
	case SOUND_FLAC:
		return flac_step(l, c);
	case SOUND_AMR:
		return amr_step(l, c);
	case SOUND_OTHER:
		break;
	}
	return STATUS_MALFORMED;
}

static void pass(struct sound_length *l, struct cursor *c)
{
	size_t len = cursor_left(c) < l->skip_bytes ? cursor_left(c) : (size_t)l->skip_bytes;

	cursor_skip(c, len);
	if (l->skip_bytes != UINT64_MAX)
		l->skip_bytes -= len;
	if (l->counting)
		l->sound_bytes += len;
}

void sound_length_feed(struct sound_length *l, struct cursor *c)
{
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM) {
		pass(l, c);
		if (l->skip_bytes > 0)
			return;
		status = l->broken ? STATUS_MALFORMED : step(l, c);
	}
	if (status == STATUS_OK)
		return;
	l->broken = true;
	l->tracks_known = true;
	cursor_skip(c, cursor_left(c));
}

uint64_t sound_length_ms(const struct sound_length *l)
{
	uint64_t ms = 0;

	if (l->container == SOUND_WEBM)
		ms = l->units < UINT64_MAX / l->scale_ns ? l->units * l->scale_ns / NS_PER_MS : 0;
	else if (l->container == SOUND_AMR)
		ms = (uint64_t)l->frames * AMR_FRAME_MS;
	else if (l->container == SOUND_OGG && l->rate > 0 && l->units > l->units_before)
		ms = (l->units - l->units_before) / l->rate * MS_PER_S +
		     (l->units - l->units_before) % l->rate * MS_PER_S / l->rate;
	else if (l->rate > 0 && l->rate < UINT32_MAX)
		ms = l->sound_bytes / l->rate * MS_PER_S +
		     l->sound_bytes % l->rate * MS_PER_S / l->rate;
	if (ms == 0)
		ms = l->declared_ms;
	return ms <= HOURS_MAX_MS ? ms : 0;
}
