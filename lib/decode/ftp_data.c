/* ftp_data: a connection that an FTP session has announced: one file or one list, RFC 959 section
 * 3.4.1 (stream mode), read by its content. It begins when the connection does and ends with it. */
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

struct ftp_data {
	bool opened, closed;
};

static enum probe_answer ftp_data_probe(const struct probe *p)
{
	bool expected = p->env->depth == 0 && !p->env->datagram &&
	                strcmp(p->env->expected, decoder_ftp_data.protocol) == 0;

	return expected ? PROBE_YES : PROBE_NO;
}

static int ftp_data_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct content content = {.place = "FTP file"};
	struct ftp_data *s = state;

	if (!s->opened)
		decode_child_open(out, &content);
	s->opened = true;
	if (in->bytes.len > 0)
		decode_child_bytes(out, in->bytes);
	*ret_consumed = in->bytes.len;
	if (in->last && !s->closed) {
		decode_child_close(out, in->end);
		s->closed = true;
	}
	return STATUS_OK;
}

static int ftp_data_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	const struct ftp_data *s = state;

	(void)before; /* it leaves nothing */
	if (s->opened)
		decode_child_gap(out, missing_bytes);
	return STATUS_OK;
}

const struct decoder decoder_ftp_data = {
        .name = "ftp-data",
        .protocol = "ftp-data",
        .clear = true,
        .state_bytes = sizeof(struct ftp_data),
        .probe = ftp_data_probe,
        .feed = ftp_data_feed,
        .gap = ftp_data_gap,
};
