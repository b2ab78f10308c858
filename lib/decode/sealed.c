/* sealed: content that is locked for its recipient by design. That it is sealed is the finding; the
 * locked bytes are counted.
 *
 * Sources: RFC 5652 and RFC 5083 (CMS enveloped, encrypted and authenticated-enveloped data), RFC
 * 9580 section 6 (OpenPGP armour). Signed data (CMS 1.2.840.113549.1.7.2) can be read by anybody
 * and is opened by cms.c; sealed messages in XML, whose addresses are clear, are read by xml.c. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

struct object_id {
	const char *bytes;
	size_t len;
};

#define OID(b)                                                                                     \
	{                                                                                          \
		b, sizeof(b) - 1                                                                   \
	}

/* The content types that hide what they hold: enveloped, encrypted, authenticated-enveloped. */
static const struct object_id sealed_types[] = {
        OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"),
        OID("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"),
        OID("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"),
};

static const char armour[] = "-----BEGIN PGP MESSAGE-----";

/* Bytes of the outer SEQUENCE's header (X.690 section 8.1.3); 0 while too few are there. */
static size_t sequence_header(struct span head)
{
	if (head.len < 2)
		return 0;
	return head.data[1] < 0x80 ? 2u : 2u + (head.data[1] & 0x7fu);
}

static enum probe_answer cms_probe(const struct probe *p)
{
	size_t header = sequence_header(p->head);
	struct span rest;
	enum probe_answer answer = PROBE_NO;

	if (header == 0)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (header > 6)
		return PROBE_NO;
	rest = span_slice(p->head, header, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(sealed_types); i++) {
		const struct object_id *id = &sealed_types[i];
		size_t have = rest.len < id->len ? rest.len : id->len;

		if (memcmp(have > 0 ? rest.data : (const uint8_t *)"", id->bytes, have) != 0)
			continue;
		if (have == id->len)
			return PROBE_YES;
		answer = p->end ? PROBE_NO : PROBE_MORE;
	}
	return answer;
}

static enum probe_answer sealed_probe(const struct probe *p)
{
	size_t have = p->head.len < sizeof(armour) - 1 ? p->head.len : sizeof(armour) - 1;

	if (p->env->depth == 0 || p->head.len == 0)
		return PROBE_NO;
	if (p->head.data[0] == 0x30)
		return cms_probe(p);
	if (memcmp(p->head.data, armour, have) != 0)
		return PROBE_NO;
	if (have == sizeof(armour) - 1)
		return PROBE_YES;
	return p->end ? PROBE_NO : PROBE_MORE;
}

static int sealed_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	bool cms = in->bytes.len > 0 && in->bytes.data[0] == 0x30;

	(void)state;
	*ret_consumed = 0; /* all of it is counted as unread */
	decode_begin(out, CARRIER_SEALED, span_of_text(cms ? "cms" : "pgp"), "");
	decode_end(out);
	decode_stop(out, STREAM_SEALED);
	return STATUS_OK;
}

const struct decoder decoder_sealed = {
        .name = "sealed",
        .probe = sealed_probe,
        .feed = sealed_feed,
};
