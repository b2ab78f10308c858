/* media: sound, pictures and files that are recognised by their first bytes, so that the report can
 * say what was sent. All of it is counted as not looked into.
 *
 * Signatures: ISO/IEC 10918-1 (JPEG), RFC 2083 (PNG), GIF89a, TIFF 6.0, ITU-T T.87, RIFF, RFC 3533
 * (Ogg), RFC 8794 (EBML: WebM, Matroska), ISO/IEC 14496-12 (MP4), ID3v2, RFC 9639 (FLAC), AMR
 * (RFC 4867). */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

struct signature {
	const char *name; /* of the message */
	enum carrier carrier;
	enum stream_end end;
	size_t offset;
	const char *bytes;
	size_t len;
};

#define SIGNATURE(n, c, e, o, b)                                                                   \
	{                                                                                          \
		n, c, e, o, b, sizeof(b) - 1                                                       \
	}

static const struct signature signatures[] = {
        SIGNATURE("jpeg", CARRIER_IMAGE, STREAM_MEDIA, 0, "\xff\xd8\xff"),
        SIGNATURE("png", CARRIER_IMAGE, STREAM_MEDIA, 0, "\x89PNG\r\n\x1a\n"),
        SIGNATURE("gif", CARRIER_IMAGE, STREAM_MEDIA, 0, "GIF87a"),
        SIGNATURE("gif", CARRIER_IMAGE, STREAM_MEDIA, 0, "GIF89a"),
        SIGNATURE("tiff", CARRIER_IMAGE, STREAM_MEDIA, 0, "II*\0"),
        SIGNATURE("tiff", CARRIER_IMAGE, STREAM_MEDIA, 0, "MM\0*"),
        SIGNATURE("webp", CARRIER_IMAGE, STREAM_MEDIA, 8, "WEBP"),
        SIGNATURE("heic", CARRIER_IMAGE, STREAM_MEDIA, 4, "ftyphei"),
        SIGNATURE("wav", CARRIER_AUDIO, STREAM_MEDIA, 8, "WAVE"),
        SIGNATURE("ogg", CARRIER_AUDIO, STREAM_MEDIA, 0, "OggS"),
        SIGNATURE("webm", CARRIER_AUDIO, STREAM_MEDIA, 0, "\x1a\x45\xdf\xa3"),
        SIGNATURE("mp4", CARRIER_AUDIO, STREAM_MEDIA, 4, "ftyp"),
        SIGNATURE("mp3", CARRIER_AUDIO, STREAM_MEDIA, 0, "ID3\2"),
        SIGNATURE("mp3", CARRIER_AUDIO, STREAM_MEDIA, 0, "ID3\3"),
        SIGNATURE("mp3", CARRIER_AUDIO, STREAM_MEDIA, 0, "ID3\4"),
        SIGNATURE("flac", CARRIER_AUDIO, STREAM_MEDIA, 0, "fLaC"),
        SIGNATURE("amr", CARRIER_AUDIO, STREAM_MEDIA, 0, "#!AMR"),
        SIGNATURE("tnef", CARRIER_BINARY, STREAM_UNKNOWN, 0, "\x78\x9f\x3e\x22"),
        SIGNATURE("ole", CARRIER_BINARY, STREAM_UNKNOWN, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
};

#define SIGNATURE_BYTES_MAX 12

static const struct signature *signature_of(struct span head)
{
	for (size_t i = 0; i < ARRAY_LEN(signatures); i++) {
		const struct signature *sig = &signatures[i];
		struct span part = span_slice(head, sig->offset, sig->len);

		/* At offset 8 stands the kind of a RIFF file. */
		if (sig->offset == 8 && !span_starts(head, "RIFF"))
			continue;
		if (span_equal(part, span_of(sig->bytes, sig->len)))
			return sig;
	}
	return NULL;
}

static enum probe_answer media_probe(const struct probe *p)
{
	if (p->head.len < SIGNATURE_BYTES_MAX && !p->end)
		return PROBE_MORE;
	return signature_of(p->head) ? PROBE_YES : PROBE_NO;
}

static int media_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	const struct signature *sig = signature_of(in->bytes);

	(void)state;
	*ret_consumed = 0;
	if (!sig)
		return STATUS_BUG; /* the probe saw it */
	decode_begin(out, sig->carrier, span_of_text(sig->name), "");
	decode_end(out);
	decode_stop(out, sig->end);
	return STATUS_OK;
}

const struct decoder decoder_media = {
        .name = "media",
        .probe = media_probe,
        .feed = media_feed,
};
