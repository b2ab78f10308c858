/* dimse: the conversation by which programs send DICOM to each other: an association, then commands
 * with their data sets, cut into pieces that this decoder puts together again by presentation
 * context. Each data set is a child stream that is read as the two have agreed.
 *
 * Sources: DICOM PS3.8 (2024e) section 9.3 (units), PS3.7 annex E (commands). A capture that begins
 * in the middle is read too; how data sets are written then shows in their first elements. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"
#include "decode/dicom_element.h"
#include "decode/dimse_association.h"

#define DIMSE_ROOM 10 /* operations that one step may need */
/* 128 contexts with ten syntaxes of 30 bytes each are 45 KB */
#define ASSOCIATION_BYTES_MAX (128u << 10)
#define COMMAND_BYTES_MAX     2048 /* real ones stay under 300 */
#define UNIT_BYTES_MAX                                                                             \
	(1u << 20)           /* of a unit that is recognised in the middle; programs
					  * agree on 16 to 128 KB */
#define PIECE_HEADER_BYTES 6 /* length, context, flags */
#define PIECE_FIXED_BYTES  2 /* of them, inside the length */
#define FLAG_COMMAND       1u
#define FLAG_LAST          2u
#define NO_DATA_SET        0x0101

enum unit {
	UNIT_REQUEST = 1,
	UNIT_ACCEPT,
	UNIT_REJECT,
	UNIT_DATA,
	UNIT_RELEASE,
	UNIT_RELEASED,
	UNIT_ABORT,
};

enum dimse_phase { AT_UNIT, IN_ASSOCIATION, IN_OTHER, AT_PIECE, IN_PIECE };

/* Of a presentation context that was used. */
struct context {
	bool used, message_open, child_open;
	uint8_t branch;
};

struct dimse {
	const struct decode_env *env;
	enum dimse_phase phase;
	uint32_t unit_left, piece_left; /* bytes */
	uint8_t unit, id, flags;        /* of the unit; of the piece */
	uint8_t syntaxes[DIMSE_CONTEXTS];
	bool answered; /* the syntaxes are those that this end has accepted */
	struct context contexts[DIMSE_CONTEXTS];
	uint8_t branches, branch; /* given; the active one */
	unsigned messages;
	uint8_t command[COMMAND_BYTES_MAX];
	size_t command_len;
	uint8_t command_id;
	bool command_long;
};

/* ---- the probe ---- */

static bool is_association(struct span head, bool *ret_more)
{
	static const uint8_t version[] = {0, 1}, item[] = {0x10, 0, 0, 0x15};
	struct span at;

	at = span_slice(head, DIMSE_HEADER_BYTES, sizeof(version));
	if (memcmp(at.len > 0 ? at.data : version, version, at.len) != 0)
		return false;
	at = span_slice(head, DIMSE_HEADER_BYTES + DIMSE_FIXED_BYTES, sizeof(item));
	if (memcmp(at.len > 0 ? at.data : item, item, at.len) != 0)
		return false;
	*ret_more = at.len < sizeof(item);
	return true;
}

/* A piece of a command begins with the length of its group. */
static bool is_data(struct span head, uint32_t unit_len, bool *ret_more)
{
	static const uint8_t group[] = {0, 0, 0, 0, 4, 0, 0, 0};
	struct cursor c = cursor_open(span_slice(head, DIMSE_HEADER_BYTES, SIZE_MAX));
	uint32_t len = cursor_u32be(&c);
	uint8_t id = cursor_u8(&c), flags = cursor_u8(&c);
	struct span front = span_slice(cursor_rest(&c), 0, sizeof(group));

	if (cursor_failed(&c)) {
		*ret_more = true;
		return true;
	}
	if (len < PIECE_FIXED_BYTES || len > unit_len - 4 || id % 2 == 0 || flags > 3)
		return false;
	if (!(flags & FLAG_COMMAND))
		return true;
	*ret_more = front.len < sizeof(group);
	return memcmp(front.len > 0 ? front.data : group, group, front.len) == 0;
}

static enum probe_answer dimse_probe(const struct probe *p)
{
	struct cursor c = cursor_open(p->head);
	uint8_t unit = cursor_u8(&c), reserved = cursor_u8(&c);
	uint32_t len = cursor_u32be(&c);
	bool fits = false, more = false;

	if (p->env->depth > 0 || p->env->datagram || p->head.len == 0)
		return PROBE_NO;
	if (unit < UNIT_REQUEST || unit > UNIT_ABORT || (p->head.len > 1 && reserved != 0))
		return PROBE_NO;
	if (p->head.len < DIMSE_HEADER_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (unit == UNIT_REQUEST || unit == UNIT_ACCEPT)
		fits = len >= DIMSE_FIXED_BYTES && len <= ASSOCIATION_BYTES_MAX &&
		       is_association(p->head, &more);
	else if (unit == UNIT_DATA)
		fits = len > PIECE_HEADER_BYTES && len <= UNIT_BYTES_MAX &&
		       is_data(p->head, len, &more);
	else
		fits = p->other && len == 4;
	if (fits && more)
		return p->end ? PROBE_NO : PROBE_MORE;
	return fits ? PROBE_YES : PROBE_NO;
}

static int dimse_open(void *state, const struct decode_env *env)
{
	struct dimse *d = state;

	d->env = env;
	return STATUS_OK;
}

/* ---- messages ---- */

static struct context *context_here(struct dimse *d)
{
	return &d->contexts[DIMSE_CONTEXT(d->id)];
}

static void use_branch(struct dimse *d, uint8_t branch, struct decode_out *out)
{
	if (d->branch != branch)
		decode_branch(out, branch);
	d->branch = branch;
}

static void use_context(struct dimse *d, struct decode_out *out)
{
	struct context *x = context_here(d);

	if (!x->used)
		x->branch = d->branches++;
	x->used = true;
	use_branch(d, x->branch, out);
}

static void begin(struct dimse *d, const char *name, struct decode_out *out)
{
	char place[DECODE_STEP_CHARS];

	snprintf(place, sizeof(place), "DICOM message %u", ++d->messages);
	decode_begin(out, CARRIER_RPC, span_of_text(name), place);
}

/* As one of the two ends has accepted it, else as one has proposed it without a choice. */
static enum dicom_syntax syntax_here(const struct dimse *d)
{
	const struct dimse *peer = d->env->peer;
	size_t at = DIMSE_CONTEXT(d->id);

	if (peer && !d->answered && (peer->answered || d->syntaxes[at] == DICOM_SYNTAX_UNKNOWN))
		return (enum dicom_syntax)peer->syntaxes[at];
	return (enum dicom_syntax)d->syntaxes[at];
}

static void open_data_set(struct dimse *d, struct decode_out *out)
{
	static const char *const types[] = {[DICOM_SYNTAX_UNKNOWN] = "application/dicom",
	        [DICOM_IMPLICIT] = DICOM_TYPE_IMPLICIT,
	        [DICOM_EXPLICIT] = DICOM_TYPE_EXPLICIT,
	        [DICOM_BIG_ENDIAN] = DICOM_TYPE_BIG_ENDIAN,
	        [DICOM_DEFLATED] = DICOM_TYPE_EXPLICIT};
	enum dicom_syntax syntax = syntax_here(d);
	struct content content = {.place = "data set"};

	memcpy(content.type, types[syntax], strlen(types[syntax]) + 1);
	if (syntax == DICOM_DEFLATED)
		content.wrappings[0] = WRAPPING_DEFLATE;
	decode_child_open(out, &content);
	context_here(d)->child_open = true;
}

static void end_message(struct context *x, enum stream_end end, struct decode_out *out)
{
	if (x->child_open)
		decode_child_close(out, end);
	if (x->message_open)
		decode_end(out);
	x->child_open = x->message_open = false;
}

/* ---- commands ---- */

/* PS3.7 annex E.1: answers have the highest bit. */
static const char *command_name(unsigned field)
{
	switch (field) {
	case 0x0001:
		return "C-STORE-RQ";
	case 0x8001:
		return "C-STORE-RSP";
	case 0x0010:
		return "C-GET-RQ";
	case 0x8010:
		return "C-GET-RSP";
	case 0x0020:
		return "C-FIND-RQ";
	case 0x8020:
		return "C-FIND-RSP";
	case 0x0021:
		return "C-MOVE-RQ";
	case 0x8021:
		return "C-MOVE-RSP";
	case 0x0030:
		return "C-ECHO-RQ";
	case 0x8030:
		return "C-ECHO-RSP";
	case 0x0fff:
		return "C-CANCEL-RQ";
	case 0x0100:
		return "N-EVENT-REPORT-RQ";
	case 0x8100:
		return "N-EVENT-REPORT-RSP";
	case 0x0110:
		return "N-GET-RQ";
	case 0x8110:
		return "N-GET-RSP";
	case 0x0120:
		return "N-SET-RQ";
	case 0x8120:
		return "N-SET-RSP";
	case 0x0130:
		return "N-ACTION-RQ";
	case 0x8130:
		return "N-ACTION-RSP";
	case 0x0140:
		return "N-CREATE-RQ";
	case 0x8140:
		return "N-CREATE-RSP";
	case 0x0150:
		return "N-DELETE-RQ";
	case 0x8150:
		return "N-DELETE-RSP";
	default:
		return "";
	}
}

struct command {
	unsigned field, data_set;
	struct span destination, comment; /* borrow */
};

static bool read_command(struct span bytes, struct command *ret)
{
	struct dicom_element e;

	*ret = (struct command){.data_set = NO_DATA_SET};
	while (bytes.len > 0) {
		struct cursor value;

		if (dicom_element_read(bytes, DICOM_IMPLICIT, &e) != STATUS_OK ||
		        e.length > bytes.len - e.header_bytes)
			return false;
		value = cursor_open(span_slice(bytes, e.header_bytes, e.length));
		if (e.tag == DICOM_TAG(0, 0x0100))
			ret->field = cursor_u16le(&value);
		else if (e.tag == DICOM_TAG(0, 0x0800))
			ret->data_set = cursor_u16le(&value);
		else if (e.tag == DICOM_TAG(0, 0x0600))
			ret->destination = span_trim(dicom_trim(cursor_rest(&value)));
		else if (e.tag == DICOM_TAG(0, 0x0902))
			ret->comment = span_trim(dicom_trim(cursor_rest(&value)));
		bytes = span_slice(bytes, e.header_bytes + e.length, SIZE_MAX);
	}
	return true;
}

/* The command is there as a whole: its message begins. */
static void command_ended(struct dimse *d, struct decode_out *out)
{
	struct context *x = context_here(d);
	struct command command;
	bool whole = read_command(span_of(d->command, d->command_len), &command);

	if (d->command_long)
		decode_count_limit(out);
	else if (!whole)
		decode_count_malformed(out);
	if (x->message_open) { /* the data set before it did not end */
		decode_count_malformed(out);
		end_message(x, STREAM_TRUNCATED, out);
	}
	begin(d, command_name(command.field), out);
	x->message_open = true;
	if (command.destination.len > 0)
		decode_value(out, LABEL_KEY, span_of_text("MoveDestination"), command.destination);
	if (command.comment.len > 0)
		decode_value(out, LABEL_KEY, span_of_text("ErrorComment"), command.comment);
	if (whole && command.data_set == NO_DATA_SET)
		end_message(x, STREAM_COMPLETE, out);
}

static void command_piece(struct dimse *d, struct span bytes, struct decode_out *out)
{
	size_t room;

	if (d->command_id != d->id) {
		if (d->command_len > 0) /* another one in between */
			decode_count_malformed(out);
		d->command_len = 0;
		d->command_long = false;
		d->command_id = d->id;
	}
	room = sizeof(d->command) - d->command_len;
	if (bytes.len > room) {
		decode_unread(out, bytes.len - room, STREAM_LIMIT);
		bytes.len = room;
		d->command_long = true;
	}
	if (bytes.len > 0)
		memcpy(d->command + d->command_len, bytes.data, bytes.len);
	d->command_len += bytes.len;
}

/* ---- pieces ---- */

static void data_piece(struct dimse *d, struct span bytes, struct decode_out *out)
{
	struct context *x = context_here(d);

	if (!x->message_open) /* its command was not seen */
		begin(d, "", out);
	x->message_open = true;
	if (!x->child_open)
		open_data_set(d, out);
	if (bytes.len > 0)
		decode_child_bytes(out, bytes);
}

static void piece_ended(struct dimse *d, struct decode_out *out)
{
	d->phase = d->unit_left > 0 ? AT_PIECE : AT_UNIT;
	if (!(d->flags & FLAG_LAST))
		return;
	if (!(d->flags & FLAG_COMMAND)) {
		end_message(context_here(d), STREAM_COMPLETE, out);
		return;
	}
	command_ended(d, out);
	d->command_id = 0;
	d->command_len = 0;
	d->command_long = false;
}

/* What a step says: STATUS_ITEM, do another; STATUS_MORE, drain the queue first; STATUS_OK, more
 * input is needed; an outcome. */

static int in_piece(struct dimse *d, struct cursor *c, struct decode_out *out)
{
	struct span bytes = span_slice(span_of(c->at, cursor_left(c)), 0, d->piece_left);

	if (bytes.len == 0 && d->piece_left > 0)
		return STATUS_OK;
	use_context(d, out);
	if (d->flags & FLAG_COMMAND)
		command_piece(d, bytes, out);
	else
		data_piece(d, bytes, out);
	cursor_skip(c, bytes.len);
	d->piece_left -= (uint32_t)bytes.len;
	d->unit_left -= (uint32_t)bytes.len;
	if (d->piece_left > 0)
		return STATUS_OK;
	piece_ended(d, out);
	/* The fields of a command borrow from where the next is put together. */
	return d->flags == (FLAG_COMMAND | FLAG_LAST) ? STATUS_MORE : STATUS_ITEM;
}

static int at_piece(struct dimse *d, struct cursor *c)
{
	uint32_t len;

	if (d->unit_left < PIECE_HEADER_BYTES)
		return STATUS_MALFORMED;
	if (cursor_left(c) < PIECE_HEADER_BYTES)
		return STATUS_OK;
	len = cursor_u32be(c);
	d->id = cursor_u8(c);
	d->flags = cursor_u8(c);
	d->unit_left -= PIECE_HEADER_BYTES;
	if (len < PIECE_FIXED_BYTES || len - PIECE_FIXED_BYTES > d->unit_left || d->id % 2 == 0)
		return STATUS_MALFORMED;
	d->piece_left = len - PIECE_FIXED_BYTES;
	d->phase = IN_PIECE;
	return STATUS_ITEM;
}

/* ---- units ---- */

static void put_software(struct span name, struct decode_out *out)
{
	struct field field = {.role = ROLE_SOFTWARE, .bytes = name, .first = true, .last = true};

	if (name.len > 0)
		decode_field(out, &field, "");
}

/* Its message has the first branch, whatever is under way there. */
static void begin_association(struct dimse *d, struct decode_out *out)
{
	use_branch(d, 0, out);
	for (size_t i = 0; i < DIMSE_CONTEXTS; i++)
		if (d->contexts[i].used && d->contexts[i].branch == 0)
			end_message(&d->contexts[i], STREAM_TRUNCATED, out);
}

static int in_association(struct dimse *d, struct cursor *c, struct decode_out *out)
{
	struct dimse_association a;

	if (cursor_left(c) < d->unit_left)
		return STATUS_OK;
	if (dimse_association_read(cursor_span(c, d->unit_left), &a) != STATUS_OK)
		decode_count_malformed(out);
	memcpy(d->syntaxes, a.syntaxes, sizeof(d->syntaxes));
	d->answered = d->unit == UNIT_ACCEPT;
	begin_association(d, out);
	decode_begin(out, CARRIER_RPC,
	        span_of_text(d->answered ? "A-ASSOCIATE-AC" : "A-ASSOCIATE-RQ"),
	        "DICOM association");
	put_software(a.calling, out);
	put_software(a.called, out);
	put_software(a.software, out);
	decode_end(out);
	d->phase = AT_UNIT;
	return STATUS_ITEM;
}

static int in_other(struct dimse *d, struct cursor *c)
{
	size_t len = cursor_left(c) < d->unit_left ? cursor_left(c) : d->unit_left;

	cursor_skip(c, len);
	d->unit_left -= (uint32_t)len;
	if (d->unit_left > 0)
		return STATUS_OK;
	d->phase = AT_UNIT;
	return STATUS_ITEM;
}

static int at_unit(struct dimse *d, struct cursor *c)
{
	if (cursor_left(c) < DIMSE_HEADER_BYTES)
		return STATUS_OK;
	d->unit = cursor_u8(c);
	cursor_skip(c, 1);
	d->unit_left = cursor_u32be(c);
	switch (d->unit) {
	case UNIT_REQUEST:
	case UNIT_ACCEPT:
		if (d->unit_left < DIMSE_FIXED_BYTES || d->unit_left > ASSOCIATION_BYTES_MAX)
			return STATUS_MALFORMED;
		d->phase = IN_ASSOCIATION;
		return STATUS_ITEM;
	case UNIT_DATA:
		if (d->unit_left > 0)
			d->phase = AT_PIECE;
		return STATUS_ITEM;
	case UNIT_REJECT:
	case UNIT_RELEASE:
	case UNIT_RELEASED:
	case UNIT_ABORT:
		d->phase = IN_OTHER;
		return d->unit_left == 4 ? STATUS_ITEM : STATUS_MALFORMED;
	default:
		return STATUS_MALFORMED;
	}
}

static int dimse_step(struct dimse *d, struct cursor *c, struct decode_out *out)
{
	switch (d->phase) {
	case AT_UNIT:
		return at_unit(d, c);
	case IN_ASSOCIATION:
		return in_association(d, c, out);
	case IN_OTHER:
		return in_other(d, c);
	case AT_PIECE:
		return at_piece(d, c);
	case IN_PIECE:
		return in_piece(d, c, out);
	}
	return STATUS_BUG;
}

static bool is_open(const struct dimse *d)
{
	for (size_t i = 0; i < DIMSE_CONTEXTS; i++)
		if (d->contexts[i].message_open)
			return true;
	return d->phase != AT_UNIT;
}

static int dimse_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct dimse *d = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	while (status == STATUS_ITEM && decode_room(out) >= DIMSE_ROOM)
		status = dimse_step(d, &c, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_OK && in->last && is_open(d))
		decode_stop(out, in->end == STREAM_COMPLETE ? STREAM_TRUNCATED : in->end);
	return status == STATUS_ITEM ? STATUS_MORE : status;
}

/* The rest of a piece can be found behind a gap whose length is known; else another unit at the
 * start of a later chunk. */
static int dimse_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct dimse *d = state;
	uint64_t lost_bytes = before.len + missing_bytes;

	decode_unread(out, before.len, STREAM_GAP);
	if (missing_bytes == 0 || d->phase != IN_PIECE || (d->flags & FLAG_COMMAND) ||
	        lost_bytes >= d->piece_left || !context_here(d)->child_open) {
		decode_stop(out, STREAM_GAP);
		return STATUS_OK;
	}
	d->piece_left -= (uint32_t)lost_bytes;
	d->unit_left -= (uint32_t)lost_bytes;
	use_context(d, out);
	decode_child_gap(out, lost_bytes);
	return STATUS_OK;
}

const struct decoder decoder_dimse = {
        .name = "dimse",
        .protocol = "dicom",
        .clear = true,
        .state_bytes = sizeof(struct dimse),
        .probe = dimse_probe,
        .open = dimse_open,
        .feed = dimse_feed,
        .gap = dimse_gap,
};
