/* sealed: content that is locked for its recipient by design. That it is sealed is the finding;
 * what is clear about it (addresses of a sealed envelope) is put out, the locked bytes are counted.
 *
 * Sources: RFC 5652 and RFC 5083 (CMS enveloped, encrypted and authenticated-enveloped data), RFC
 * 9580 section 6 (OpenPGP armour), ATS 5822 (SMD sealed messages), W3C XML Encryption 1.1. Signed
 * data (CMS 1.2.840.113549.1.7.2) can be read by anybody and is opened by cms.c. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define CIPHER_RUN_BYTES 512 /* text between two tags that is longer is the locked content */

struct sealed {
	bool begun, xml;
	bool text_open; /* a running text */
	size_t run;     /* bytes since the last tag */
};

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

static const char *const xml_marks[] = {"smd/xsd/SealedMessage", "xsp/xsd/EncryptedPayload",
        "ns.electronichealth.net.au/smd/", "<EncryptedData", ":EncryptedData", ":SealedMessage"};

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

/* Whether the beginning of an XML text names a sealed envelope. */
static enum probe_answer xml_probe(const struct probe *p)
{
	if (!p->end)
		return PROBE_MORE;
	for (size_t i = 0; i < ARRAY_LEN(xml_marks); i++)
		if (span_find(p->head, span_of_text(xml_marks[i])) != SIZE_MAX)
			return PROBE_YES;
	return PROBE_NO;
}

static enum probe_answer sealed_probe(const struct probe *p)
{
	size_t have = p->head.len < sizeof(armour) - 1 ? p->head.len : sizeof(armour) - 1;

	if (p->env->depth == 0 || p->head.len == 0)
		return PROBE_NO;
	if (p->head.data[0] == 0x30)
		return cms_probe(p);
	if (p->head.data[0] == '<')
		return xml_probe(p);
	if (memcmp(p->head.data, armour, have) != 0)
		return PROBE_NO;
	if (have == sizeof(armour) - 1)
		return PROBE_YES;
	return p->end ? PROBE_NO : PROBE_MORE;
}

static void text(struct sealed *s, struct decode_out *out, struct span bytes, bool last)
{
	struct field field = {
	        .kind = FIELD_TEXT, .bytes = bytes, .first = !s->text_open, .last = last};

	decode_field(out, &field, "");
	s->text_open = !last;
}

/* The envelope up to the locked content, or the locked content up to the next tag. */
static void xml_step(struct sealed *s, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, DECODE_PIECE_BYTES_MAX);
	size_t len = 0;

	if (s->run >= CIPHER_RUN_BYTES && rest.data[0] != '<') {
		while (len < rest.len && rest.data[len] != '<')
			len++;
		decode_unread(out, len, STREAM_SEALED);
		cursor_skip(c, len);
		return;
	}
	while (len < rest.len && (s->run < CIPHER_RUN_BYTES || rest.data[len] == '<')) {
		s->run = rest.data[len] == '<' || rest.data[len] == '>' ? 0 : s->run + 1;
		len++;
	}
	text(s, out, cursor_span(c, len), false);
}

static int xml_feed(
        struct sealed *s, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct cursor c = cursor_open(in->bytes);

	while (cursor_left(&c) > 0 && decode_room(out) > 3)
		xml_step(s, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (cursor_left(&c) > 0)
		return STATUS_MORE;
	if (!in->last)
		return STATUS_OK;
	if (s->text_open)
		text(s, out, span_of(NULL, 0), true);
	decode_end(out);
	decode_stop(out, STREAM_SEALED);
	return STATUS_OK;
}

static int sealed_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct sealed *s = state;

	if (!s->begun) {
		s->begun = true;
		s->xml = in->bytes.len > 0 && in->bytes.data[0] == '<';
		decode_begin(out, CARRIER_SEALED,
		        span_of_text(s->xml                                           ? "xml"
		                     : in->bytes.len > 0 && in->bytes.data[0] == 0x30 ? "cms"
		                                                                      : "pgp"),
		        "");
	}
	if (s->xml)
		return xml_feed(s, in, ret_consumed, out);
	decode_end(out);
	decode_stop(out, STREAM_SEALED);
	return STATUS_OK;
}

const struct decoder decoder_sealed = {
        .name = "sealed",
        .state_bytes = sizeof(struct sealed),
        .probe = sealed_probe,
        .feed = sealed_feed,
};
