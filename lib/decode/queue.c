/* queue: what a decoder puts out, until the session has drained it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/session.h"

int decode_spares_new(struct decode_spares **ret_gives)
{
	struct decode_spares *spares = calloc(1, sizeof(*spares));

	if (!spares)
		return STATUS_NO_MEMORY;
	*ret_gives = spares;
	return STATUS_OK;
}

struct decode_spares *decode_spares_free(struct decode_spares *spares)
{
	while (spares && spares->count > 0)
		free(spares->outs[--spares->count]);
	free(spares);
	return NULL;
}

int decode_out_new(
        struct decode_out **ret_gives, struct decode_spares *spares, struct budget *borrowed)
{
	struct decode_out *out;

	if (budget_charge(borrowed, sizeof(*out)) != STATUS_OK)
		return STATUS_LIMIT;
	out = spares && spares->count > 0 ? spares->outs[--spares->count] : malloc(sizeof(*out));
	if (!out) {
		budget_release(borrowed, sizeof(*out));
		return STATUS_NO_MEMORY;
	}
	memset(out, 0, offsetof(struct decode_out, ops));
	out->budget = borrowed;
	out->child_wanted = true;
	*ret_gives = out;
	return STATUS_OK;
}

struct decode_out *decode_out_free(struct decode_out *out, struct decode_spares *spares)
{
	if (!out)
		return NULL;
	if (out->scratch) {
		explicit_bzero(out->scratch, out->scratch_touched);
		free(out->scratch);
		budget_release(out->budget, DECODE_SCRATCH_BYTES);
	}
	budget_release(out->budget, sizeof(*out));
	explicit_bzero(
	        out, offsetof(struct decode_out, ops) + out->ops_touched * sizeof(struct op));
	if (spares && spares->count < DECODE_SPARES_MAX)
		spares->outs[spares->count++] = out;
	else
		free(out);
	return NULL;
}

void decode_out_reset(struct decode_out *out)
{
	if (out->scratch)
		explicit_bzero(out->scratch, out->scratch_used);
	out->scratch_used = 0;
	out->first = 0;
}

size_t decode_room(const struct decode_out *out)
{
	return DECODE_QUEUE_OPS - out->count;
}

static struct op *push(struct decode_out *out, enum op_kind kind)
{
	struct op *op;
	size_t at;

	if (out->count >= DECODE_QUEUE_OPS) {
		out->overflow = true;
		return NULL;
	}
	at = (out->first + out->count) % DECODE_QUEUE_OPS;
	if (at >= out->ops_touched)
		out->ops_touched = at + 1;
	op = &out->ops[at];
	op->kind = kind;
	op->place[0] = '\0';
	out->count++;
	return op;
}

static bool is_name_byte(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
	       b == '^' || b == '_' || b == '-' || b == '.';
}

void decode_begin(struct decode_out *out, enum carrier carrier, struct span name, const char *place)
{
	struct op *op = push(out, OP_BEGIN);
	size_t len = 0;

	if (!op)
		return;
	op->begin.carrier = carrier;
	for (size_t i = 0; i < name.len && len < sizeof(op->begin.name) - 1; i++)
		if (is_name_byte(name.data[i]))
			op->begin.name[len++] = (char)name.data[i];
	op->begin.name[len] = '\0';
	text_copy(op->place, sizeof(op->place), place);
}

void decode_field(struct decode_out *out, const struct field *field, const char *place)
{
	struct op *op = push(out, OP_FIELD);

	if (!op)
		return;
	op->field = *field;
	if (op->field.label.len > DECODE_LABEL_BYTES_MAX)
		op->field.label.len = DECODE_LABEL_BYTES_MAX;
	text_copy(op->place, sizeof(op->place), place);
}

void decode_value(
        struct decode_out *out, enum label_kind label_kind, struct span label, struct span value)
{
	struct field field = {
	        .kind = FIELD_VALUE,
	        .label_kind = label_kind,
	        .label = label,
	        .bytes = value,
	        .first = true,
	        .last = true,
	};

	decode_field(out, &field, "");
}

void decode_end(struct decode_out *out)
{
	(void)push(out, OP_END);
}

void decode_branch(struct decode_out *out, unsigned branch)
{
	struct op *op = push(out, OP_BRANCH);

	if (op)
		op->branch = branch;
}

void decode_child_open(struct decode_out *out, const struct content *content)
{
	struct op *op = push(out, OP_CHILD_OPEN);

	if (op)
		op->content = *content;
	out->child_wanted = true;
}

void decode_child_bytes(struct decode_out *out, struct span bytes)
{
	struct op *op = push(out, OP_CHILD_BYTES);

	if (op)
		op->bytes = bytes;
}

void decode_child_gap(struct decode_out *out, uint64_t missing_bytes)
{
	struct op *op = push(out, OP_CHILD_GAP);

	if (op)
		op->missing_bytes = missing_bytes;
}

void decode_child_close(struct decode_out *out, enum stream_end end)
{
	struct op *op = push(out, OP_CHILD_CLOSE);

	if (op)
		op->end = end;
}

bool decode_child_wanted(const struct decode_out *out)
{
	return out->child_wanted;
}

enum stream_end decode_child_end(const struct decode_out *out)
{
	return out->child_wanted ? STREAM_COMPLETE : out->child_end;
}

bool decode_child_media(const struct decode_out *out)
{
	return out->child_media;
}

void decode_upgrade(struct decode_out *out, const char *to, size_t at)
{
	struct op *op = push(out, OP_UPGRADE);

	if (!op)
		return;
	text_copy(op->upgrade.to, sizeof(op->upgrade.to), to);
	op->upgrade.at = at;
}

void decode_related(struct decode_out *out, const struct decode_related *related)
{
	struct op *op = push(out, OP_RELATED);

	if (op)
		op->related = *related;
}

void decode_stop(struct decode_out *out, enum stream_end why)
{
	if (out->stopped)
		return;
	out->stopped = true;
	out->stop_end = why;
}

void decode_unread(struct decode_out *out, uint64_t bytes, enum stream_end why)
{
	out->unread_bytes[why] += bytes;
}

void decode_count_malformed(struct decode_out *out)
{
	out->malformed++;
}

void decode_count_limit(struct decode_out *out)
{
	out->limits++;
}

uint8_t *decode_scratch(struct decode_out *out, size_t len)
{
	uint8_t *at;

	if (len > DECODE_SCRATCH_BYTES - out->scratch_used)
		return NULL;
	if (!out->scratch) {
		if (budget_charge(out->budget, DECODE_SCRATCH_BYTES) != STATUS_OK)
			return NULL;
		out->scratch = malloc(DECODE_SCRATCH_BYTES);
		if (!out->scratch) {
			budget_release(out->budget, DECODE_SCRATCH_BYTES);
			return NULL;
		}
	}
	at = out->scratch + out->scratch_used;
	out->scratch_used += len;
	if (out->scratch_used > out->scratch_touched)
		out->scratch_touched = out->scratch_used;
	return at;
}

struct span decode_keep(struct decode_out *out, struct span bytes)
{
	uint8_t *copy = decode_scratch(out, bytes.len);

	if (!copy)
		return span_of(NULL, 0);
	if (bytes.len > 0)
		memcpy(copy, bytes.data, bytes.len);
	return span_of(copy, bytes.len);
}
