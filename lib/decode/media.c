/* media: sound and pictures, recognised by their first bytes, so that the report can say what was
 * sent. All of it is counted as not looked into, but for what their headers say: of sound how long
 * it is, of pictures how large. A small picture, as pages and letters are decorated with, is no
 * document: it is named as data that nobody reads.
 *
 * Signatures: ISO/IEC 10918-1 (JPEG), RFC 2083 (PNG), GIF89a, TIFF 6.0, BMP, RIFF, RFC 3533 (Ogg),
 * RFC 8794 (EBML: WebM, Matroska), ISO/IEC 14496-12 (MP4, HEIC), ID3v2, RFC 9639 (FLAC), RFC 4867
 * (AMR); Microsoft Tape Format 1.00a section 5.2, the file formats of SQLite and Access. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/picture_size.h"
#include "decode/sound_length.h"

#define MEDIA_ROOM          4           /* operations that one step may need */
#define DOCUMENT_BYTES_MIN  (10u << 10) /* a photo or a scan of a page has more */
#define DOCUMENT_PIXELS_MIN 200         /* either way; an icon has 16 to 192 */
#define PICTURE_SHOWS_BYTES (64u << 10) /* what stands before it in a JPEG is told there too */
#define TRACKS_SHOW_BYTES   4096        /* whether a recording has pictures shows by then */
#define SIGNATURE_BYTES_MAX 12
#define SECONDS_CHARS       24

struct signature {
	const char *name; /* of the message */
	enum carrier carrier;
	size_t offset;
	const char *bytes;
	size_t len;
	unsigned format; /* enum picture_format, enum sound_container */
};

#define SIGNATURE(n, c, o, b, f)                                                                   \
	{                                                                                          \
		n, c, o, b, sizeof(b) - 1, f                                                       \
	}

static const struct signature signatures[] = {
        SIGNATURE("jpeg", CARRIER_IMAGE, 0, "\xff\xd8\xff", PICTURE_JPEG),
        SIGNATURE("png", CARRIER_IMAGE, 0, "\x89PNG\r\n\x1a\n", PICTURE_PNG),
        SIGNATURE("gif", CARRIER_IMAGE, 0, "GIF87a", PICTURE_GIF),
        SIGNATURE("gif", CARRIER_IMAGE, 0, "GIF89a", PICTURE_GIF),
        SIGNATURE("tiff", CARRIER_IMAGE, 0, "II*\0", PICTURE_OTHER),
        SIGNATURE("tiff", CARRIER_IMAGE, 0, "MM\0*", PICTURE_OTHER),
        SIGNATURE("webp", CARRIER_IMAGE, 8, "WEBP", PICTURE_WEBP),
        SIGNATURE("bmp", CARRIER_IMAGE, 6, "\0\0\0\0", PICTURE_BMP),
        SIGNATURE("heic", CARRIER_IMAGE, 4, "ftyphei", PICTURE_OTHER),
        SIGNATURE("heic", CARRIER_IMAGE, 4, "ftyphev", PICTURE_OTHER),
        SIGNATURE("heic", CARRIER_IMAGE, 4, "ftypmif1", PICTURE_OTHER),
        SIGNATURE("avif", CARRIER_IMAGE, 4, "ftypavif", PICTURE_OTHER),
        SIGNATURE("wav", CARRIER_AUDIO, 8, "WAVE", SOUND_WAV),
        SIGNATURE("ogg", CARRIER_AUDIO, 0, "OggS", SOUND_OGG),
        SIGNATURE("webm", CARRIER_AUDIO, 0, "\x1a\x45\xdf\xa3", SOUND_WEBM),
        SIGNATURE("mp4", CARRIER_AUDIO, 4, "ftyp", SOUND_MP4),
        SIGNATURE("mp3", CARRIER_AUDIO, 0, "ID3\2", SOUND_MP3),
        SIGNATURE("mp3", CARRIER_AUDIO, 0, "ID3\3", SOUND_MP3),
        SIGNATURE("mp3", CARRIER_AUDIO, 0, "ID3\4", SOUND_MP3),
        SIGNATURE("flac", CARRIER_AUDIO, 0, "fLaC", SOUND_FLAC),
        SIGNATURE("amr", CARRIER_AUDIO, 0, "#!AMR", SOUND_AMR),
        SIGNATURE("tnef", CARRIER_BINARY, 0, "\x78\x9f\x3e\x22", 0),
        SIGNATURE("mssql-backup", CARRIER_BINARY, 0, "MSSQLBAK", 0),
        SIGNATURE("mssql-backup", CARRIER_BINARY, 0, "TAPE\0\0\3\0", 0),
        SIGNATURE("sqlite", CARRIER_BINARY, 0, "SQLite forma", 0),
        SIGNATURE("access", CARRIER_BINARY, 0, "\0\1\0\0Standard", 0),
        SIGNATURE("ole", CARRIER_BINARY, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0),
};

struct media {
	const struct decode_env *env;
	const struct signature *signature; /* NULL before the first byte */
	bool told;                         /* its message has begun */
	uint64_t bytes;                    /* of the stream */
	union {
		struct sound_length sound;
		struct picture_size picture;
	};
};

/* At offset 8 stands the kind of a RIFF file, at 6 what a bitmap keeps free. */
static bool fits(const struct signature *sig, struct span head)
{
	if (sig->offset == 8 && !span_starts(head, "RIFF"))
		return false;
	if (sig->offset == 6 && !span_starts(head, "BM"))
		return false;
	return span_equal(span_slice(head, sig->offset, sig->len), span_of(sig->bytes, sig->len));
}

static const struct signature *signature_of(struct span head)
{
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++)
		if (fits(&signatures[i], head))
			return &signatures[i];
	return NULL;
}

static enum probe_answer media_probe(const struct probe *p)
{
	if (p->head.len < SIGNATURE_BYTES_MAX && !p->end)
		return PROBE_MORE;
	return signature_of(p->head) ? PROBE_YES : PROBE_NO;
}

/* ---- pictures ---- */

/* A picture that is all of what a client sends was sent for its own sake. */
static bool is_upload(const struct decode_env *env)
{
	return env->depth == 1 && env->direction == 0 &&
	       strcmp(env->content->place, "HTTP body") == 0;
}

/* All formats that decorate pages say how large they are at their beginning. */
static bool is_small(const struct picture_size *p)
{
	return p->settled && (p->width > 0 || p->height > 0) &&
	       (p->width < DOCUMENT_PIXELS_MIN || p->height < DOCUMENT_PIXELS_MIN);
}

static void tell_picture(struct media *m, enum carrier carrier, struct decode_out *out)
{
	decode_begin(out, carrier, span_of_text(m->signature->name), "");
	decode_end(out);
	m->told = true;
}

/* Of the first so many bytes the headers are read, however the stream was cut; what follows is
 * passed over. */
static void look_ahead(
        struct media *m, struct cursor *c, const struct decode_in *in, uint64_t bytes_max)
{
	uint64_t room = m->bytes < bytes_max ? bytes_max - m->bytes : 0;
	size_t all = cursor_left(c), len = all < room ? all : (size_t)room, taken;
	struct cursor front = cursor_open(span_of(c->at, len));

	picture_size_feed(&m->picture, &front);
	taken = len - cursor_left(&front);
	if (in->last || all >= room)
		taken = all;
	cursor_skip(c, taken);
}

/* A file without its end is judged by what it says of its size. */
static void read_picture(
        struct media *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	struct picture_size *p = &m->picture;
	bool all = in->last && in->end == STREAM_COMPLETE, decorates;
	uint64_t bytes = m->bytes + cursor_left(c);

	look_ahead(m, c, in, PICTURE_SHOWS_BYTES);
	if (m->told || (!p->settled && !in->last && bytes < PICTURE_SHOWS_BYTES))
		return;
	decorates = !is_upload(m->env) && p->format != PICTURE_OTHER;
	if (decorates && (is_small(p) || (all && bytes < DOCUMENT_BYTES_MIN))) {
		tell_picture(m, CARRIER_BINARY, out);
	} else if (bytes >= DOCUMENT_BYTES_MIN || in->last || !decorates) {
		tell_picture(m, CARRIER_IMAGE, out);
		decode_stop(out, STREAM_MEDIA);
	}
}

/* ---- sound ---- */

static void tell_sound(struct media *m, struct decode_out *out)
{
	char place[DECODE_STEP_CHARS];

	snprintf(place, sizeof(place), "%s (.%s)",
	        m->sound.video   ? "video"
	        : m->sound.sound ? "sound"
	                         : "sound or video",
	        m->signature->name);
	decode_begin(out, CARRIER_AUDIO, span_of_text(m->signature->name), place);
	m->told = true;
}

/* In whole seconds, at least one. False: no memory now. */
static bool tell_length(const struct media *m, struct decode_out *out)
{
	uint64_t ms = sound_length_ms(&m->sound);
	char text[SECONDS_CHARS];
	struct span value;

	if (ms == 0)
		return true;
	snprintf(text, sizeof(text), "%llu",
	        (unsigned long long)(ms < 1000 ? 1 : (ms + 500) / 1000));
	value = decode_keep(out, span_of_text(text));
	if (value.data)
		decode_value(out, LABEL_KEY, span_of_text("duration"), value);
	return value.data != NULL;
}

static int read_sound(
        struct media *m, struct cursor *c, const struct decode_in *in, struct decode_out *out)
{
	uint64_t bytes = m->bytes + cursor_left(c);

	if (!m->told) { /* however the stream was cut */
		size_t len = cursor_left(c);
		size_t front = bytes < TRACKS_SHOW_BYTES ? len
		                                         : (size_t)(TRACKS_SHOW_BYTES - m->bytes);
		struct cursor first = cursor_open(span_of(c->at, front));

		sound_length_feed(&m->sound, &first);
		cursor_skip(c, front - cursor_left(&first));
		if (m->sound.tracks_known || bytes >= TRACKS_SHOW_BYTES || in->last)
			tell_sound(m, out);
	}
	if (m->told)
		sound_length_feed(&m->sound, c);
	if (!in->last)
		return STATUS_OK;
	cursor_skip(c, cursor_left(c));
	if (!tell_length(m, out) && decode_room(out) < DECODE_QUEUE_OPS)
		return STATUS_MORE;
	decode_end(out);
	decode_stop(out, STREAM_MEDIA);
	return STATUS_OK;
}

static void begin(struct media *m, const struct signature *sig)
{
	m->signature = sig;
	if (sig->carrier == CARRIER_AUDIO)
		sound_length_open(&m->sound, (enum sound_container)sig->format);
	else
		picture_size_open(&m->picture, (enum picture_format)sig->format);
}

static int media_open(void *state, const struct decode_env *env)
{
	struct media *m = state;

	m->env = env;
	return STATUS_OK;
}

static int media_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct media *m = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_OK;

	if (!m->signature)
		begin(m, signature_of(in->bytes));
	if (m->signature->carrier == CARRIER_BINARY) {
		tell_picture(m, CARRIER_BINARY, out);
		decode_stop(out, STREAM_UNKNOWN);
		return STATUS_OK;
	}
	if (m->signature->carrier == CARRIER_AUDIO)
		status = read_sound(m, &c, in, out);
	else
		read_picture(m, &c, in, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	m->bytes += *ret_consumed;
	decode_unread(out, *ret_consumed, STREAM_MEDIA);
	return status;
}

const struct decoder decoder_media = {
        .name = "media",
        .state_bytes = sizeof(struct media),
        .probe = media_probe,
        .open = media_open,
        .feed = media_feed,
};
