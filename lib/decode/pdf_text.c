#include "decode/pdf_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"

/* In parts of the font's size: a space between words is 0.25 of it, and kerning up to 0.1. */
#define GAP_OF_WORDS 0.17
#define GAP_BACKWARD 0.5
#define GAP_OF_LINES 0.5
/* What a matrix may hold; beyond, nothing can be told of where text stands. */
#define COORDINATE_MAX 1e9

const struct pdf_matrix pdf_identity = {1, 0, 0, 1, 0, 0};

static double bounded(double value)
{
	if (!(value > -COORDINATE_MAX && value < COORDINATE_MAX))
		return 0;
	return value;
}

struct pdf_matrix pdf_matrix_multiply(const struct pdf_matrix *m, const struct pdf_matrix *by)
{
	return (struct pdf_matrix){
	        .a = bounded(m->a * by->a + m->b * by->c),
	        .b = bounded(m->a * by->b + m->b * by->d),
	        .c = bounded(m->c * by->a + m->d * by->c),
	        .d = bounded(m->c * by->b + m->d * by->d),
	        .e = bounded(m->e * by->a + m->f * by->c + by->e),
	        .f = bounded(m->e * by->b + m->f * by->d + by->f),
	};
}

void pdf_page_begin(struct pdf_page *page)
{
	memset(page, 0, sizeof(*page));
	buf_init(&page->text, SIZE_MAX / 2, NULL); /* taken at each PDF_NEED_ROOM */
}

void pdf_page_end(struct pdf_page *page)
{
	buf_free(&page->text);
}

void pdf_text_begin(struct pdf_text *t, struct pdf_page *page, struct span content,
        const struct pdf_state *from)
{
	memset(t, 0, sizeof(*t));
	t->page = page;
	t->content = cursor_open(content);
	t->state = from ? *from : (struct pdf_state){.matrix = pdf_identity, .scale = 1};
	t->text = t->line = pdf_identity;
}

void pdf_text_use_font(struct pdf_text *t, const struct pdf_font *font)
{
	t->state.font = font;
}

/* ---- putting out ---- */

static int put_blank(struct pdf_page *p, char blank)
{
	if (p->blank)
		return STATUS_OK;
	p->blank = true;
	return buf_append_byte(&p->text, (uint8_t)blank);
}

/* What is one sign in print and several letters to whoever searches. */
static const char *spelt_out(uint32_t character)
{
	static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};

	if (character >= 0xfb00 && character < 0xfb00 + ARRAY_LEN(ligatures))
		return ligatures[character - 0xfb00];
	return character == 0xad || character == 0x2010 || character == 0x2011 ? "-" : NULL;
}

static int put_character(struct pdf_page *p, uint32_t character, struct span bytes)
{
	const char *letters = spelt_out(character);

	if (character == ' ' || character == 0xa0 || character == '\t')
		return put_blank(p, ' ');
	if (character < ' ' || character == 0x7f)
		return STATUS_OK;
	p->blank = false;
	p->readable++;
	return letters ? buf_append_text(&p->text, letters) : buf_append(&p->text, bytes);
}

static int put_text(struct pdf_page *p, struct span text)
{
	int status = STATUS_OK;

	while (status == STATUS_OK && text.len > 0) {
		uint32_t character;
		size_t len = utf8_decode(text, &character);

		if (len == 0)
			return STATUS_OK;
		status = put_character(p, character, span_slice(text, 0, len));
		text = span_slice(text, len, text.len);
	}
	return status;
}

/* A space or a line end, if there is a gap between what was shown last and what comes now. */
static int put_gap(struct pdf_page *p, const struct pdf_matrix *at, double size)
{
	double em = hypot(at->a * size, at->b * size);
	double along, across;

	if (!p->any || em <= 0)
		return STATUS_OK;
	along = ((at->e - p->x) * at->a + (at->f - p->y) * at->b) * size / em;
	across = ((at->f - p->y) * at->a - (at->e - p->x) * at->b) * size / em;
	if (fabs(across) > GAP_OF_LINES * em || along < -GAP_BACKWARD * em)
		return put_blank(p, '\n');
	return along > GAP_OF_WORDS * em ? put_blank(p, ' ') : STATUS_OK;
}

/* ---- showing ---- */

/* Where the next glyph stands, on the page. */
static struct pdf_matrix place(const struct pdf_text *t)
{
	const struct pdf_matrix rise = {1, 0, 0, 1, 0, t->state.rise};
	struct pdf_matrix m = pdf_matrix_multiply(&rise, &t->text);

	return pdf_matrix_multiply(&m, &t->state.matrix);
}

static void move(struct pdf_text *t, double x, double y)
{
	const struct pdf_matrix by = {1, 0, 0, 1, bounded(x), bounded(y)};

	t->text = pdf_matrix_multiply(&by, &t->text);
}

static int show_glyph(struct pdf_text *t, const struct pdf_glyph *g)
{
	const struct pdf_state *s = &t->state;
	struct pdf_page *p = t->page;
	struct pdf_matrix at = place(t);
	double width = g->width / 1000 * s->size + s->character_space;
	int status = put_gap(p, &at, s->size * s->scale);

	if (status == STATUS_OK)
		status = put_text(p, span_of(g->text, g->text_len));
	if (g->text_len == 0)
		p->unreadable++;
	move(t, (width + (g->space ? s->word_space : 0)) * s->scale, 0);
	at = place(t);
	p->x = at.e;
	p->y = at.f;
	p->any = true;
	return status;
}

static int show_bytes(struct pdf_text *t, struct span string)
{
	struct pdf_glyph glyph;
	int status = STATUS_OK;

	while (status == STATUS_OK && string.len > 0) {
		size_t len = pdf_font_glyph(t->state.font, string, &glyph);

		status = show_glyph(t, &glyph);
		string = span_slice(string, len, string.len);
	}
	return status;
}

static int show(struct pdf_text *t, const struct pdf_token *string)
{
	uint8_t *bytes;
	size_t len;
	int status;

	if ((string->kind != PDF_STRING && string->kind != PDF_HEX) || string->raw.len == 0)
		return STATUS_OK;
	if (!t->state.font) {
		t->page->unreadable += string->raw.len;
		return STATUS_OK;
	}
	bytes = malloc(string->raw.len);
	if (!bytes)
		return STATUS_NO_MEMORY;
	len = pdf_token_bytes(string, bytes, string->raw.len);
	status = show_bytes(t, span_of(bytes, len));
	free(bytes);
	return status;
}

/* Strings, and between them how far to go back, in thousandths. */
static int show_array(struct pdf_text *t, struct span array)
{
	struct cursor c = cursor_open(array);
	struct pdf_token part;
	int status = STATUS_OK;

	while (status == STATUS_OK && pdf_token_next(&c, &part) == STATUS_ITEM) {
		if (part.kind == PDF_NUMBER)
			move(t, -part.number / 1000 * t->state.size * t->state.scale, 0);
		else
			status = show(t, &part);
	}
	return status;
}

/* ---- operators ---- */

static double number(const struct pdf_text *t, unsigned index)
{
	if (index >= t->operand_count || t->operands[index].kind != PDF_NUMBER)
		return 0;
	return bounded(t->operands[index].number);
}

static struct pdf_matrix matrix_operand(const struct pdf_text *t)
{
	return (struct pdf_matrix){
	        number(t, 0), number(t, 1), number(t, 2), number(t, 3), number(t, 4), number(t, 5)};
}

static void next_line(struct pdf_text *t, double x, double y)
{
	const struct pdf_matrix by = {1, 0, 0, 1, bounded(x), bounded(y)};

	t->line = pdf_matrix_multiply(&by, &t->line);
	t->text = t->line;
}

static void keep_state(struct pdf_text *t)
{
	if (t->depth < PDF_STATES_MAX)
		t->states[t->depth] = t->state;
	t->depth++;
}

static void restore_state(struct pdf_text *t)
{
	if (t->depth == 0)
		return;
	t->depth--;
	if (t->depth < PDF_STATES_MAX)
		t->state = t->states[t->depth];
}

static const struct pdf_token *last_operand(const struct pdf_text *t)
{
	static const struct pdf_token none = {.kind = PDF_WORD};

	return t->operand_count > 0 ? &t->operands[t->operand_count - 1] : &none;
}

enum operator{
	OP_CM,
	OP_Q,
	OP_RESTORE,
	OP_BT,
	OP_TC,
	OP_TW,
	OP_TZ,
	OP_TL,
	OP_TF,
	OP_TS,
	OP_TD,
	OP_TD_LEADING,
	OP_TM,
	OP_T_STAR,
	OP_TJ,
	OP_TJ_ARRAY,
	OP_QUOTE,
	OP_DOUBLE_QUOTE,
	OP_DO,
	OP_BI,
	OP_NONE
};

static enum operator operator_of(struct span word)
{
	static const char *const names[OP_NONE] = {"cm", "q", "Q", "BT", "Tc", "Tw", "Tz", "TL",
	        "Tf", "Ts", "Td", "TD", "Tm", "T*", "Tj", "TJ", "'", "\"", "Do", "BI"};

	for (int i = 0; i < OP_NONE; i++)
		if (span_equal_text(word, names[i]))
			return (enum operator)i;
	return OP_NONE;
}

/* Those that change where and how text is shown. */
static void change_state(struct pdf_text *t, enum operator op)
{
	struct pdf_state *s = &t->state;
	struct pdf_matrix m;

	switch (op) {
	case OP_CM:
		m = matrix_operand(t);
		s->matrix = pdf_matrix_multiply(&m, &s->matrix);
		break;
	case OP_Q:
		keep_state(t);
		break;
	case OP_RESTORE:
		restore_state(t);
		break;
	case OP_BT:
		t->text = t->line = pdf_identity;
		break;
	case OP_TC:
		s->character_space = number(t, 0);
		break;
	case OP_TW:
		s->word_space = number(t, 0);
		break;
	case OP_TZ:
		s->scale = number(t, 0) / 100;
		break;
	case OP_TL:
		s->leading = number(t, 0);
		break;
	case OP_TS:
		s->rise = number(t, 0);
		break;
	case OP_TD_LEADING:
		s->leading = -number(t, 1);
		next_line(t, number(t, 0), number(t, 1));
		break;
	case OP_TD:
		next_line(t, number(t, 0), number(t, 1));
		break;
	case OP_TM:
		t->text = t->line = matrix_operand(t);
		break;
	default: /* OP_T_STAR, and what begins with one */
		next_line(t, 0, -s->leading);
		break;
	}
}

/* 8.9.7: a picture in the stream itself, up to a word EI. */
static void skip_picture(struct pdf_text *t)
{
	struct cursor *c = &t->content;
	struct pdf_token token;

	t->page->pictures++;
	while (pdf_token_next(c, &token) == STATUS_ITEM)
		if (token.kind == PDF_WORD && span_equal_text(token.raw, "ID"))
			break;
	while (cursor_left(c) > 0) {
		int before = cursor_u8(c), after = cursor_peek(c, 2);

		if (pdf_is_space((uint8_t)before) && cursor_peek(c, 0) == 'E' &&
		        cursor_peek(c, 1) == 'I' && (after < 0 || pdf_is_space((uint8_t)after))) {
			cursor_skip(c, 2);
			return;
		}
	}
}

static int name_operand(const struct pdf_text *t, unsigned index, char ret[static PDF_NAME_CHARS])
{
	if (index >= t->operand_count || t->operands[index].kind != PDF_NAME)
		return STATUS_OK;
	pdf_token_name(&t->operands[index], ret, PDF_NAME_CHARS);
	return STATUS_ITEM;
}

static int obey(struct pdf_text *t, enum operator op, enum pdf_need *ret_need,
        char ret_name[static PDF_NAME_CHARS])
{
	switch (op) {
	case OP_NONE:
		return STATUS_OK;
	case OP_TF:
		t->state.size = number(t, 1);
		t->state.font = NULL;
		*ret_need = PDF_NEED_FONT;
		return name_operand(t, 0, ret_name);
	case OP_DO:
		*ret_need = PDF_NEED_DRAW;
		return name_operand(t, 0, ret_name);
	case OP_BI:
		skip_picture(t);
		return STATUS_OK;
	case OP_TJ:
		return show(t, last_operand(t));
	case OP_TJ_ARRAY:
		return last_operand(t)->kind == PDF_ARRAY_BEGIN
		               ? show_array(t, last_operand(t)->raw)
		               : STATUS_OK;
	case OP_DOUBLE_QUOTE:
		t->state.word_space = number(t, 0);
		t->state.character_space = number(t, 1);
		change_state(t, OP_T_STAR);
		return show(t, last_operand(t));
	case OP_QUOTE:
		change_state(t, OP_T_STAR);
		return show(t, last_operand(t));
	default:
		change_state(t, op);
		return STATUS_OK;
	}
}

/* Up to the end of an array or a dictionary, whatever lies in it. */
static struct span skip_nested(struct cursor *c)
{
	struct cursor from = *c, before = *c;
	struct pdf_token token;
	size_t depth = 1;

	while (depth > 0 && pdf_token_next(c, &token) == STATUS_ITEM) {
		if (token.kind == PDF_ARRAY_BEGIN || token.kind == PDF_DICTIONARY_BEGIN)
			depth++;
		if (token.kind == PDF_ARRAY_END || token.kind == PDF_DICTIONARY_END)
			depth--;
		if (depth > 0)
			before = *c;
	}
	return cursor_span(&from, cursor_left(&from) - cursor_left(&before));
}

static void keep_operand(struct pdf_text *t, const struct pdf_token *token)
{
	if (t->operand_count == PDF_OPERANDS_MAX) {
		memmove(t->operands, t->operands + 1,
		        (PDF_OPERANDS_MAX - 1) * sizeof(t->operands[0]));
		t->operand_count--;
	}
	t->operands[t->operand_count] = *token;
	if (token->kind == PDF_ARRAY_BEGIN || token->kind == PDF_DICTIONARY_BEGIN)
		t->operands[t->operand_count].raw = skip_nested(&t->content);
	t->operand_count++;
}

int pdf_text_next(struct pdf_text *t, enum pdf_need *ret_need, char ret_name[static PDF_NAME_CHARS])
{
	struct pdf_token token;
	int status;

	for (;;) {
		if (t->page->text.len >= PDF_FLUSH_BYTES) {
			*ret_need = PDF_NEED_ROOM;
			return STATUS_ITEM;
		}
		if (pdf_token_next(&t->content, &token) != STATUS_ITEM)
			return STATUS_END;
		if (token.kind != PDF_WORD) {
			keep_operand(t, &token);
			continue;
		}
		if (++t->page->operators > PDF_OPERATORS_MAX)
			return STATUS_LIMIT;
		status = obey(t, operator_of(token.raw), ret_need, ret_name);
		t->operand_count = 0;
		if (status != STATUS_OK)
			return status;
	}
}
