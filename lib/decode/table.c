/* table: rows of cells: CSV, TSV, semicolons, bars. One field a cell, under its column's header.
 *
 * Source: RFC 4180, read as spreadsheets and practice software write it: LF or CR alone ends a row,
 * blanks around a cell go, `sep=;` names the separator, a title may stand above the header. The
 * separator and whether this is a table at all are decided by the first three rows, never by more,
 * so that the answer does not depend on how the bytes arrive.
 *
 * The header's own cells are fields too (row 0): a first row that only looks like one is still
 * read. A cell over DECODE_VALUE_BYTES_MAX is running text. Nothing is held but the row that is
 * judged. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "decode/decoder.h"

#define PROBE_ROWS          3
#define TITLES_MAX          5           /* lines above the header */
#define HEADER_BYTES_MAX    (16u << 10) /* a longer first row is no header */
#define TITLE_BYTES_MAX     256         /* a longer line above the header is content */
#define HEADER_CELL_BYTES   64
#define COLUMNS_MAX         1024 /* full extracts of practice software have 300 */
#define BARE_COMMAS_MIN     2    /* prose has one comma a line often, two in every line seldom */
#define WIDE_DELIMITERS_MIN 7    /* in a first row too long to see its end */

enum row_kind { ROW_HEADER, ROW_TITLE, ROW_DATA };

struct table {
	const struct decode_env *env;
	char delimiter; /* 0: one column */
	bool begun, head_open, header_done;
	enum row_kind head_kind; /* of the row that is read, while head_open */
	unsigned titles;
	bool running, quoted, after_quote; /* of the cell */
	bool cut;                          /* a gap lies in this row: nobody knows the column */
	bool row_seen;                     /* the row has a cell that says something */
	uint64_t row;
	uint32_t column; /* of the cell that is read, from 1 */
	size_t looked;   /* of the cell, already known to hold no end */
	uint32_t columns;
	uint32_t label_at[COLUMNS_MAX + 1];
	struct buf labels;
};

/* ---- what the first rows say ---- */

static const char delimiters[] = {'\t', ';', '|', ','};

struct row_shape {
	unsigned counts[sizeof(delimiters)];
	size_t len; /* without its line end */
	bool ended;
	bool text;
};

static bool is_line_end(uint8_t byte)
{
	return byte == '\n' || byte == '\r';
}

static struct row_shape shape_of(struct span rest)
{
	struct row_shape shape = {.text = true};
	bool quoted = false;

	for (; shape.len < rest.len; shape.len++) {
		uint8_t byte = rest.data[shape.len];

		if (byte > ',' && byte != ';' && byte != '|')
			continue; /* no delimiter, no quotation mark, no control character */
		if (byte == '"')
			quoted = !quoted;
		if (!quoted && is_line_end(byte)) {
			shape.ended = true;
			break;
		}
		if (byte < ' ' && byte != '\t' && !is_line_end(byte))
			shape.text = false;
		for (size_t i = 0; i < sizeof(delimiters) && !quoted; i++)
			shape.counts[i] += byte == (uint8_t)delimiters[i];
	}
	return shape;
}

/* Takes blank lines and one row off the front. */
static struct row_shape next_row(struct span *rest)
{
	struct row_shape shape;

	while (rest->len > 0 && is_line_end(rest->data[0]))
		*rest = span_slice(*rest, 1, SIZE_MAX);
	shape = shape_of(*rest);
	*rest = span_slice(*rest, shape.len + shape.ended, SIZE_MAX);
	return shape;
}

struct look {
	struct row_shape rows[PROBE_ROWS];
	unsigned count;    /* rows seen whole */
	bool text, enough; /* enough: more bytes change nothing */
};

static struct look look_at(struct span head, bool end)
{
	struct look look = {.text = true};
	bool full = head.len >= DECODE_PROBE_BYTES_MAX;
	struct span rest = span_slice(head, 0, DECODE_PROBE_BYTES_MAX);

	while (rest.len > 0 && look.count < PROBE_ROWS) {
		struct row_shape shape = next_row(&rest);

		if (shape.len == 0)
			break;
		look.text = look.text && shape.text;
		look.rows[look.count] = shape;
		if (shape.ended || (end && !full) || (full && look.count == 0))
			look.count++;
	}
	look.enough = look.count == PROBE_ROWS || end || full;
	return look;
}

/* The separator of most of the rows; 0 when there is none. */
static char delimiter_of(const struct look *look)
{
	unsigned best = 0;
	char found = 0;

	for (size_t i = 0; i < sizeof(delimiters); i++) {
		unsigned count = 0;

		for (unsigned row = 0; row < look->count; row++)
			count += look->rows[row].counts[i];
		if (count > best) {
			best = count;
			found = delimiters[i];
		}
	}
	return found;
}

static unsigned count_in(const struct row_shape *row, char delimiter)
{
	for (size_t i = 0; i < sizeof(delimiters); i++)
		if (delimiters[i] == delimiter)
			return row->counts[i];
	return 0;
}

static bool is_declared(const struct content *c)
{
	return strcmp(c->type, "text/csv") == 0 || strcmp(c->type, "application/csv") == 0 ||
	       strcmp(c->type, "text/tab-separated-values") == 0 ||
	       strcmp(c->extension, "csv") == 0 || strcmp(c->extension, "tsv") == 0;
}

/* Nobody says that it is a table: every row must have the same number of separators. */
static bool looks_like_table(const struct look *look, struct span head)
{
	char delimiter = delimiter_of(look);
	unsigned count = look->count > 0 ? count_in(&look->rows[0], delimiter) : 0;

	if (head.data[0] == '{' || head.data[0] == '[' || head.data[0] == '<' || count == 0)
		return false;
	if (look->count == 1)
		return head.len >= DECODE_PROBE_BYTES_MAX && count >= WIDE_DELIMITERS_MIN;
	for (unsigned row = 1; row < look->count; row++)
		if (count_in(&look->rows[row], delimiter) != count)
			return false;
	return delimiter != ',' || count >= BARE_COMMAS_MIN;
}

static bool names_separator(struct span head)
{
	return head.len > 5 && span_starts(head, "sep=") && is_line_end(head.data[5]);
}

static enum probe_answer table_probe(const struct probe *p)
{
	struct look look = look_at(p->head, p->end);

	if (!look.enough)
		return PROBE_MORE;
	if (!look.text || look.count == 0)
		return PROBE_NO;
	if (is_declared(p->env->content) || names_separator(p->head))
		return PROBE_YES;
	return looks_like_table(&look, p->head) ? PROBE_YES : PROBE_NO;
}

/* ---- cells ---- */

static int table_open(void *state, const struct decode_env *env)
{
	struct table *t = state;

	t->env = env;
	t->column = 1;
	buf_init(&t->labels, HEADER_BYTES_MAX, env->budget);
	return STATUS_OK;
}

static void table_close(void *state)
{
	struct table *t = state;

	buf_free(&t->labels);
}

struct cell {
	struct span raw; /* as it stands, quotes included */
	size_t consumed; /* with its separator or line end */
	bool last_of_row;
};

/* Where the cell that begins at `from` ends: STATUS_OK, or STATUS_MORE when that is not there yet.
 * The quote's state is kept, so that no byte is looked at twice. */
static int find_end(struct table *t, struct span from, bool last, struct cell *ret)
{
	bool fresh = t->looked == 0 && !t->running;

	if (fresh)
		t->quoted = t->after_quote = false;
	for (; t->looked < from.len; t->looked++) {
		uint8_t byte = from.data[t->looked];

		if (byte == '"' && (fresh || t->quoted || t->after_quote)) {
			t->after_quote = t->quoted;
			t->quoted = !t->quoted;
			fresh = false;
			continue;
		}
		if (!t->quoted && (byte == (uint8_t)t->delimiter || is_line_end(byte))) {
			*ret = (struct cell){.raw = span_slice(from, 0, t->looked),
			        .consumed = t->looked + 1,
			        .last_of_row = is_line_end(byte)};
			return STATUS_OK;
		}
		t->after_quote = false;
		fresh = false;
	}
	if (!last)
		return STATUS_MORE;
	*ret = (struct cell){.raw = from, .consumed = from.len, .last_of_row = true};
	return STATUS_OK;
}

/* Quotes undone: 0; STATUS_MORE when there is no memory for it before the queue is drained. */
static int unquote(struct span raw, struct decode_out *out, struct span *ret)
{
	struct span inner;
	uint8_t *plain;
	size_t len = 0;

	*ret = span_trim(raw);
	if (raw.len == 0 || raw.data[0] != '"')
		return STATUS_OK;
	inner = span_slice(raw, 1, SIZE_MAX);
	plain = decode_scratch(out, inner.len);
	if (!plain)
		return decode_room(out) == DECODE_QUEUE_OPS ? STATUS_LIMIT : STATUS_MORE;
	for (size_t i = 0; i < inner.len; i++) {
		if (inner.data[i] == '"') {
			if (i + 1 == inner.len || inner.data[i + 1] != '"')
				continue;
			i++;
		}
		plain[len++] = inner.data[i];
	}
	*ret = span_trim(span_of(plain, len));
	return STATUS_OK;
}

static struct span label_of(const struct table *t, uint32_t column)
{
	if (column == 0 || column > t->columns)
		return span_of(NULL, 0);
	return span_slice(buf_span(&t->labels), t->label_at[column - 1],
	        t->label_at[column] - t->label_at[column - 1]);
}

static void emit(struct table *t, struct decode_out *out, struct field field)
{
	char place[DECODE_STEP_CHARS];

	/* A header's cell has no label: the buffer of labels still grows. */
	if (t->header_done)
		field.label = label_of(t, t->column);
	field.label_kind = field.label.len > 0 ? LABEL_COLUMN : LABEL_NONE;
	field.column = t->column;
	field.row = t->row;
	snprintf(place, sizeof(place), "column %u", (unsigned)t->column);
	decode_field(out, &field, place);
}

static void emit_cell(
        struct table *t, struct decode_out *out, struct span value, enum field_role role)
{
	if (value.len > 0)
		emit(t, out,
		        (struct field){.role = role, .bytes = value, .first = true, .last = true});
}

static void row_end(struct table *t)
{
	if (t->header_done && (t->row_seen || t->column > 1))
		t->row++;
	t->row_seen = false;
	t->column = 1;
}

static void cell_end(struct table *t, const struct cell *cell)
{
	t->row_seen = t->row_seen || cell->raw.len > 0;
	t->looked = 0;
	t->running = false;
	if (cell->last_of_row)
		row_end(t);
	else if (t->column < UINT32_MAX)
		t->column++;
}

/* ---- the header ---- */

static bool is_header_cell(struct span cell)
{
	size_t letters = 0, digits = 0;

	for (size_t i = 0; i < cell.len; i++) {
		uint8_t byte = cell.data[i];

		letters += (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
		letters += byte >= 0x80;
		digits += byte >= '0' && byte <= '9';
		if (byte == '@')
			return false;
	}
	return cell.len <= HEADER_CELL_BYTES && letters > digits;
}

/* Judges the row that stands whole in `row`, which ends with its line end or with the stream. */
static enum row_kind judge_row(struct table *t, struct span row)
{
	unsigned cells = 0, named = 0;
	bool header = true;
	struct cell cell = {0};

	do {
		struct span text;

		t->looked = 0;
		if (find_end(t, row, true, &cell) != STATUS_OK)
			return ROW_DATA;
		row = span_slice(row, cell.consumed, SIZE_MAX);
		text = span_trim(cell.raw);
		if (text.len > 0 && text.data[0] == '"')
			text = span_slice(text, 1, text.len - 1 - (text.data[text.len - 1] == '"'));
		if (text.len > TITLE_BYTES_MAX)
			return ROW_DATA;
		cells++;
		named += text.len > 0;
		header = header && (text.len == 0 || is_header_cell(text));
	} while (!cell.last_of_row);
	t->looked = 0;
	if (header && named * 2 >= cells && cells <= COLUMNS_MAX && (cells > 1 || !t->delimiter))
		return ROW_HEADER;
	return t->delimiter && named <= 1 ? ROW_TITLE : ROW_DATA;
}

static int take_label(struct table *t, struct decode_out *out, struct span text)
{
	int status = buf_append(&t->labels, span_slice(text, 0, DECODE_LABEL_BYTES_MAX));

	if (status < 0)
		return status;
	if (status != STATUS_OK)
		decode_count_limit(out);
	t->columns = t->column;
	t->label_at[t->column] = (uint32_t)t->labels.len;
	return STATUS_OK;
}

/* Decides what the row at the front is: STATUS_ITEM; STATUS_MORE when it is not whole yet. */
static int judge(struct table *t, struct span bytes, bool last)
{
	struct row_shape shape = shape_of(span_slice(bytes, 0, HEADER_BYTES_MAX));
	bool whole = shape.ended || (last && bytes.len <= HEADER_BYTES_MAX);

	if (!whole && bytes.len < HEADER_BYTES_MAX)
		return STATUS_MORE;
	t->head_kind = whole ? judge_row(t, span_slice(bytes, 0, shape.len + shape.ended))
	                     : ROW_DATA;
	if (t->head_kind == ROW_TITLE && ++t->titles >= TITLES_MAX)
		t->head_kind = ROW_DATA;
	t->head_open = t->head_kind != ROW_DATA;
	if (t->head_kind == ROW_DATA) {
		t->header_done = true;
		t->row = 1;
	}
	return STATUS_ITEM;
}

/* ---- reading ---- */

/* Every step: STATUS_ITEM, something was taken; STATUS_MORE, drain first; STATUS_OK, more input is
 * needed; or a failure. */

/* The next cell of a title or the header, whose row stands whole in the input. */
static int head_cell(struct table *t, struct cursor *c, bool last, struct decode_out *out)
{
	struct cell cell;
	struct span text;
	int status = find_end(t, span_of(c->at, c->left), last, &cell);

	if (status != STATUS_OK)
		return STATUS_BUG;
	status = unquote(cell.raw, out, &text);
	if (status == STATUS_OK && t->head_kind == ROW_HEADER)
		status = take_label(t, out, text);
	if (status != STATUS_OK)
		return status;
	emit_cell(t, out, text, t->head_kind == ROW_HEADER ? ROLE_HEADER : ROLE_CONTENT);
	cursor_skip(c, cell.consumed);
	cell_end(t, &cell);
	if (!cell.last_of_row)
		return STATUS_ITEM;
	t->head_open = false;
	if (t->head_kind == ROW_HEADER) {
		t->header_done = true;
		t->row = 1;
	}
	return STATUS_ITEM;
}

static int piece(struct table *t, struct cursor *c, struct decode_out *out, size_t len, bool end)
{
	struct field field = {
	        .kind = FIELD_TEXT,
	        .bytes = cursor_span(c, len),
	        .first = !t->running,
	        .last = end,
	};

	emit(t, out, field);
	t->running = !end;
	t->looked -= len;
	return STATUS_ITEM;
}

static int data_cell(struct table *t, struct cursor *c, bool last, struct decode_out *out)
{
	struct cell cell = {0};
	struct span text;
	int status = find_end(t, span_of(c->at, c->left), last, &cell);

	if (t->looked > DECODE_VALUE_BYTES_MAX) {
		t->row_seen = true;
		return piece(t, c, out, DECODE_PIECE_BYTES_MAX, false);
	}
	if (status == STATUS_MORE)
		return STATUS_OK;
	if (t->running) {
		piece(t, c, out, cell.raw.len, true);
		cursor_skip(c, cell.consumed - cell.raw.len);
		cell_end(t, &cell);
		return STATUS_ITEM;
	}
	status = unquote(cell.raw, out, &text);
	if (status != STATUS_OK)
		return status;
	emit_cell(t, out, text, ROLE_CONTENT);
	cursor_skip(c, cell.consumed);
	cell_end(t, &cell);
	return STATUS_ITEM;
}

/* Behind a gap, up to the end of the row. */
static int skip_cut(struct table *t, struct cursor *c, struct decode_out *out)
{
	struct span rest = span_of(c->at, c->left);
	size_t len = 0;

	while (len < rest.len && !is_line_end(rest.data[len]))
		len++;
	t->cut = len == rest.len;
	decode_unread(out, len, STREAM_GAP);
	cursor_skip(c, len);
	if (!t->cut)
		row_end(t);
	return t->cut ? STATUS_OK : STATUS_ITEM;
}

static int table_step(struct table *t, struct cursor *c, bool last, struct decode_out *out)
{
	if (t->cut)
		return skip_cut(t, c, out);
	while (t->column == 1 && t->looked == 0 && !t->running && cursor_left(c) > 0 &&
	        is_line_end((uint8_t)cursor_peek(c, 0)))
		cursor_skip(c, 1);
	if (cursor_left(c) == 0 && !t->running)
		return STATUS_OK;
	if (t->head_open)
		return head_cell(t, c, last, out);
	if (!t->header_done) {
		int status = judge(t, span_of(c->at, c->left), last);

		return status == STATUS_MORE ? STATUS_OK : status;
	}
	return data_cell(t, c, last, out);
}

static void table_begin(
        struct table *t, const struct decode_in *in, struct cursor *c, struct decode_out *out)
{
	struct look look = look_at(in->bytes, in->last);

	t->delimiter = delimiter_of(&look);
	if (names_separator(in->bytes)) {
		t->delimiter = (char)in->bytes.data[4];
		cursor_skip(c, 6);
	}
	decode_begin(out, CARRIER_TABLE, span_of(NULL, 0), "");
	t->begun = true;
}

static int table_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out)
{
	struct table *t = state;
	struct cursor c = cursor_open(in->bytes);
	int status = STATUS_ITEM;

	if (!t->begun)
		table_begin(t, in, &c, out);
	while (status == STATUS_ITEM && decode_room(out) > 1 && (cursor_left(&c) > 0 || t->running))
		status = table_step(t, &c, in->last, out);
	*ret_consumed = in->bytes.len - cursor_left(&c);
	if (status == STATUS_ITEM && cursor_left(&c) > 0)
		return STATUS_MORE;
	return status == STATUS_ITEM ? STATUS_OK : status;
}

static int table_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out)
{
	struct table *t = state;

	(void)missing_bytes;
	decode_unread(out, before.len, STREAM_GAP);
	if (t->running)
		emit(t, out, (struct field){.kind = FIELD_TEXT, .last = true});
	t->running = false;
	t->looked = 0;
	t->head_open = false;
	if (!t->header_done)
		t->row = 1;
	t->header_done = true;
	t->cut = true;
	t->row_seen = true;
	return STATUS_OK;
}

const struct decoder decoder_table = {
        .name = "table",
        .clear = true,
        .as_written = true,
        .state_bytes = sizeof(struct table),
        .probe = table_probe,
        .open = table_open,
        .feed = table_feed,
        .gap = table_gap,
        .close = table_close,
};
