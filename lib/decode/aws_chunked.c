/* aws_chunked: a content in pieces that each have a signature, as object stores with the interface
 * of S3 take them in (Amazon S3 API Reference, "Signature Calculations for the Authorization
 * Header: Transferring Payload in Multiple Chunks"): a line "400;chunk-signature=…" with the length
 * in hexadecimal digits, the bytes, a line end; a piece of no bytes is the last, and lines of
 * trailers may follow it. */
#include "base/status.h"
#include "decode/decoder.h"

#define LINE_BYTES_MAX 1024 /* a length and a signature of 64 or 144 digits; trailers */
#define DIGITS_MAX     12
#define OPS_PER_STEP   4

enum piece_phase { SIZE_LINE, BYTES, BYTES_END, TRAILER };

struct aws_chunked {
	const struct decode_env *env;
	enum piece_phase phase;
	bool opened, closed;
	uint64_t left;
};

static enum probe_answer aws_chunked_probe(const struct probe *p)
{
	return p->env->content->wrappings[0] == WRAPPING_AWS_CHUNKED ? PROBE_YES : PROBE_NO;
}

static int aws_chunked_open(void *state, const struct decode_env *env)
{
	struct aws_chunked *a = state;

	a->env = env;
	return STATUS_OK;
}

/* The line without its end: STATUS_ITEM, STATUS_OK (more is needed), STATUS_MALFORMED. */
static int take_line(struct cursor *c, struct span *ret)
{
	struct span rest = span_slice(span_of(c->at, c->left), 0, LINE_BYTES_MAX);
	size_t end = span_find_byte(rest, '\n');

	if (end == SIZE_MAX)
		return rest.len < LINE_BYTES_MAX ? STATUS_OK : STATUS_MALFORMED;
	*ret = cursor_span(c, end);
	cursor_skip(c, 1);
	if (ret->len > 0 && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return STATUS_ITEM;
}

static bool read_size(struct span line, uint64_t *ret)
{
	struct span digits = span_slice(line, 0, span_find_byte(line, ';'));

	*ret = 0;
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t letter = digits.data[i] | 0x20;

		if (digits.data[i] >= '0' && digits.data[i] <= '9')
			*ret = *ret << 4 | (uint64_t)(digits.data[i] - '0');
		else if (letter >= 'a' && letter <= 'f')
			*ret = *ret << 4 | (uint64_t)(letter - 'a' + 10);
		else
			return false;
	}
	return digits.len > 0 && digits.len <= DIGITS_MAX;
}

static int size_step(struct aws_chunked *a, struct cursor *c)
{
	struct span line;
	int status = take_line(c, &line);

	if (status != STATUS_ITEM)
		return status;
	if (!read_size(line, &a->left))
		return STATUS_MALFORMED;
	a->phase = a->left > 0 ? BYTES : TRAILER;
	return STATUS_ITEM;
}

static int bytes_step(struct aws_chunked *a, struct cursor *c, struct decode_out *out)
{
	size_t len = cursor_left(c) < a->left ? cursor_left(c) : (size_t)a->left;

	if (len == 0)
		return STATUS_OK;
	decode_child_bytes(out, cursor_span(c, len));
	a->left -= len;
	if (a->left == 0)
		a->phase = BYTES_END;
	return STATUS_ITEM;
}

/* The line end behind a piece, or a line of a trailer. */
static int line_step(struct aws_chunked *a, struct cursor *c)
{
	struct span line;
	int status = take_line(c, &line);

	if (status != STATUS_ITEM)
		return status;
	if (a->phase == BYTES_END && line.len > 0)
		return STATUS_MALFORMED;
	if (a->phase == BYTES_END)
		a->phase = SIZE_LINE;
	return STATUS_ITEM;
}

static void finish(struct aws_chunked *a, enum stream_end end, struct decode_out *out)
{
	if (end == STREAM_COMPLETE && a->phase != TRAILER)
		end = STREAM_TRUNCATED;
	if (a->opened && !a->closed)
		decode_child_close(out, end);
	a->closed = true;
	if (end != STREAM_COMPLETE)
		decode_stop(out, end);
}

static int aws_chunked_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct aws_chunked *a = state;
	struct cursor c = cursor_open(in->bytes);
	struct content inner = content_unwrapped(a->env->content, "");
	int status = STATUS_ITEM;

	if (!a->opened)
		decode_child_open(out, &inner);
	a->opened = true;
	while (status == STATUS_ITEM && decode_room(out) >= OPS_PER_STEP) {
		if (a->phase == BYTES)
			status = bytes_step(a, &c, out);
		else
			status = a->phase == SIZE_LINE ? size_step(a, &c) : line_step(a, &c);
	}
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM)
		return STATUS_MORE;
	if (status == STATUS_MALFORMED)
		finish(a, STREAM_MALFORMED, out);
	else if (in->last)
		finish(a, in->end, out);
	return status < 0 ? status : STATUS_OK;
}

/* Inside of a piece reading goes on behind the gap. */
static int aws_chunked_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct aws_chunked *a = state;

	decode_unread(out, before.len, STREAM_GAP);
	if (a->phase == BYTES && missing_bytes > 0 && missing_bytes < a->left) {
		a->left -= missing_bytes;
		decode_child_gap(out, missing_bytes);
		return STATUS_OK;
	}
	finish(a, STREAM_GAP, out);
	return STATUS_OK;
}

const struct decoder decoder_aws_chunked = {
        .name = "aws-chunked",
        .clear = true,
        .state_bytes = sizeof(struct aws_chunked),
        .probe = aws_chunked_probe,
        .open = aws_chunked_open,
        .feed = aws_chunked_feed,
        .gap = aws_chunked_gap,
};
