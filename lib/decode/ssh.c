/* ssh: what each end says of its software before the keys are agreed; everything behind it is
 * encrypted.
 *
 * RFC 4253 section 4.2: "SSH-protoversion-softwareversion SP comments CR LF", at most 255
 * characters; servers that speak older versions end the line with LF alone. */
#include "base/status.h"
#include "decode/decoder.h"

#define GREETING_BYTES_MAX 255 /* RFC 4253 section 4.2, with its CR LF */

static const char opener[] = "SSH-";

static enum probe_answer ssh_probe(const struct probe *p)
{
	struct span expected = span_of_text(opener);
	size_t have = p->head.len < expected.len ? p->head.len : expected.len;

	if (p->env->depth > 0 || p->env->datagram ||
	        !span_equal(span_slice(p->head, 0, have), span_slice(expected, 0, have)))
		return PROBE_NO;
	return have == expected.len ? PROBE_YES : PROBE_MORE;
}

/* The line without its LF. */
static void put_greeting(struct decode_out *out, struct span line)
{
	struct span shown = span_slice(line, 0, span_find_byte(line, '\r'));
	struct span version = span_slice(shown, sizeof(opener) - 1, SIZE_MAX);
	struct span software = span_slice(version, span_find_byte(version, '-'), SIZE_MAX);
	struct field field = {.kind = FIELD_VALUE,
	        .role = ROLE_SOFTWARE,
	        .label_kind = LABEL_KEY,
	        .label = span_of_text("software"),
	        .bytes = span_trim(span_slice(software, 1, SIZE_MAX)),
	        .first = true,
	        .last = true};

	decode_begin(out, CARRIER_SSH, span_of_text("SSH"), "SSH greeting");
	if (field.bytes.len > 0)
		decode_field(out, &field, "");
	decode_end(out);
}

static int ssh_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct span head = span_slice(in->bytes, 0, GREETING_BYTES_MAX);
	size_t end = span_find_byte(head, '\n');

	(void)state;
	if (end == SIZE_MAX) {
		if (head.len == GREETING_BYTES_MAX)
			decode_stop(out, STREAM_MALFORMED);
		return STATUS_OK;
	}
	put_greeting(out, span_slice(head, 0, end));
	*ret_consumed = end + 1;
	decode_stop(out, STREAM_ENCRYPTED);
	return STATUS_OK;
}

const struct decoder decoder_ssh = {
        .name = "ssh",
        .protocol = "ssh",
        .probe = ssh_probe,
        .feed = ssh_feed,
};
