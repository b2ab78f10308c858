#include "decode/sql_head.h"

#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

#define NAME_PARTS_MAX 4

enum token_kind {
	TOKEN_NONE, /* the text ends here, or what follows is not there yet */
	TOKEN_WORD,
	TOKEN_NAME, /* in quotation marks of its kind */
	TOKEN_STRING,
	TOKEN_SIGN,
};

struct token {
	enum token_kind kind;
	struct span text; /* without its marks */
	bool grave;
};

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f' || b == '\v';
}

static bool is_word(uint8_t b)
{
	return (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z') || b == '_' ||
	       b == '$' || b == '@' || b == '#' || b >= 0x80;
}

/* Length of the comment at the front; 0: none; SIZE_MAX: its end is not there. */
static size_t comment_len(struct span s)
{
	size_t end;

	if (span_starts(s, "/*") && !span_starts(s, "/*!")) {
		end = span_find(span_slice(s, 2, SIZE_MAX), span_of("*/", 2));
		return end == SIZE_MAX ? SIZE_MAX : end + 4;
	}
	if (s.data[0] == '#' && s.len > 1 && is_word(s.data[1]) && s.data[1] != '#')
		return 0; /* a table for the moment */
	if (!span_starts(s, "--") && s.data[0] != '#')
		return 0;
	end = span_find_byte(s, '\n');
	return end == SIZE_MAX ? SIZE_MAX : end + 1;
}

static void skip_blanks(struct span *s)
{
	for (;;) {
		size_t len = 0;

		while (len < s->len && is_blank(s->data[len]))
			len++;
		*s = span_slice(*s, len, SIZE_MAX);
		len = s->len > 0 ? comment_len(*s) : 0;
		if (len == 0)
			return;
		*s = span_slice(*s, len, SIZE_MAX);
	}
}

static uint8_t closing_of(uint8_t b)
{
	return b == '[' ? ']' : b;
}

/* In marks, from the one at the front to the one that closes; doubled ones are part of it. */
static struct token quoted(struct span *s, bool last)
{
	uint8_t mark = s->data[0], close = closing_of(mark);
	struct token t = {.kind = mark == '\'' ? TOKEN_STRING : TOKEN_NAME, .grave = mark == '`'};
	size_t at = 1;

	for (; at < s->len; at++) {
		if (s->data[at] != close)
			continue;
		if (at + 1 == s->len || s->data[at + 1] != close)
			break;
		at++;
	}
	if (at >= s->len || (at + 1 == s->len && !last))
		return (struct token){.kind = TOKEN_NONE};
	t.text = span_slice(*s, 1, at - 1);
	*s = span_slice(*s, at + 1, SIZE_MAX);
	return t;
}

/* last: nothing follows, so that a word that touches the end is whole. */
static struct token next_token(struct span *s, bool last)
{
	struct token t = {.kind = TOKEN_WORD};
	uint8_t first;
	size_t len = 0;

	skip_blanks(s);
	if (s->len == 0)
		return (struct token){.kind = TOKEN_NONE};
	first = s->data[0];
	if (first == '`' || first == '"' || first == '[' || first == '\'')
		return quoted(s, last);
	while (len < s->len && is_word(s->data[len]))
		len++;
	if (len == s->len && !last)
		return (struct token){.kind = TOKEN_NONE};
	/* Two of these signs may begin a comment. */
	if (len == 0 && s->len == 1 && (first == '-' || first == '/') && !last)
		return (struct token){.kind = TOKEN_NONE};
	if (len == 0) {
		t.kind = TOKEN_SIGN;
		len = 1;
	}
	t.text = span_slice(*s, 0, len);
	*s = span_slice(*s, len, SIZE_MAX);
	return t;
}

static bool is(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && span_equal_nocase(t->text, word);
}

static bool is_sign(const struct token *t, char sign)
{
	return t->kind == TOKEN_SIGN && t->text.data[0] == (uint8_t)sign;
}

/* ---- heads ---- */

/* The name of a table in parts; *t becomes what follows. 0: no name there. */
static uint32_t table_name(struct span *s, bool last, struct token *t, bool *ret_graves)
{
	uint32_t hash = FNV_BASIS;

	for (unsigned part = 0; part < NAME_PARTS_MAX; part++) {
		if (t->kind != TOKEN_WORD && t->kind != TOKEN_NAME)
			return 0;
		hash = fnv_span(hash, t->text);
		*ret_graves = *ret_graves || t->grave;
		*t = next_token(s, last);
		if (!is_sign(t, '.'))
			return hash ? hash : 1;
		hash = fnv_span(hash, t->text);
		*t = next_token(s, last);
	}
	return 0;
}

/* From behind the opening bracket to behind the one that closes; false: it is not there. */
static bool bracketed(struct span *s, bool last, struct span *ret)
{
	struct span from = *s;
	unsigned depth = 1;

	while (depth > 0) {
		struct token t = next_token(s, last);

		if (t.kind == TOKEN_NONE)
			return false;
		if (is_sign(&t, '('))
			depth++;
		if (is_sign(&t, ')'))
			depth--;
	}
	*ret = span_slice(from, 0, from.len - s->len - 1);
	return true;
}

static int undecided(bool last)
{
	return last ? STATUS_NOT_FOUND : STATUS_MORE;
}

/* Behind INSERT or REPLACE: STATUS_OK, STATUS_MORE, or STATUS_NOT_FOUND for another form. */
static int insert_head(struct span *s, bool last, struct sql_head *ret)
{
	struct token t = next_token(s, last);

	while (is(&t, "into") || is(&t, "ignore") || is(&t, "low_priority") || is(&t, "delayed"))
		t = next_token(s, last);
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	ret->table = table_name(s, last, &t, &ret->graves);
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	if (ret->table == 0)
		return STATUS_NOT_FOUND;
	ret->list = is_sign(&t, '(');
	if (ret->list) {
		if (!bracketed(s, last, &ret->columns))
			return undecided(last);
		t = next_token(s, last);
	}
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	ret->kind = SQL_INSERT;
	return is(&t, "values") || is(&t, "value") ? STATUS_OK : STATUS_NOT_FOUND;
}

/* Behind COPY: `t (a, b) FROM stdin;` and the end of the line. */
static int copy_head(struct span *s, bool last, struct sql_head *ret)
{
	struct token t = next_token(s, last);
	size_t end;

	ret->table = table_name(s, last, &t, &ret->graves);
	ret->list = is_sign(&t, '(');
	if (ret->list) {
		if (!bracketed(s, last, &ret->columns))
			return undecided(last);
		t = next_token(s, last);
	}
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	if (ret->table == 0 || !is(&t, "from"))
		return STATUS_NOT_FOUND;
	t = next_token(s, last);
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	if (!is(&t, "stdin"))
		return STATUS_NOT_FOUND;
	end = span_find_byte(*s, '\n');
	if (end == SIZE_MAX)
		return undecided(last);
	if (memchr(s->data, '(', end)) /* in another format */
		return STATUS_NOT_FOUND;
	*s = span_slice(*s, end + 1, SIZE_MAX);
	ret->kind = SQL_COPY;
	return STATUS_OK;
}

/* Behind CREATE. */
static int create_head(struct span *s, bool last, struct sql_head *ret)
{
	struct token t = next_token(s, last);

	while (is(&t, "temporary") || is(&t, "temp") || is(&t, "unlogged"))
		t = next_token(s, last);
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	if (!is(&t, "table"))
		return STATUS_NOT_FOUND;
	t = next_token(s, last);
	while (is(&t, "if") || is(&t, "not") || is(&t, "exists"))
		t = next_token(s, last);
	ret->table = table_name(s, last, &t, &ret->graves);
	if (t.kind == TOKEN_NONE)
		return undecided(last);
	if (ret->table == 0 || !is_sign(&t, '('))
		return STATUS_NOT_FOUND;
	ret->list = true;
	if (!bracketed(s, last, &ret->columns))
		return undecided(last);
	ret->kind = SQL_CREATE;
	return STATUS_OK;
}

int sql_head_read(struct span statement, bool last, struct sql_head *ret)
{
	struct span rest = statement;
	struct sql_head head = {.kind = SQL_OTHER};
	struct token t = next_token(&rest, last);
	int status = STATUS_NOT_FOUND;

	if (t.kind == TOKEN_NONE && !last && statement.len < SQL_HEAD_BYTES_MAX)
		return STATUS_MORE;
	if (is(&t, "insert") || is(&t, "replace"))
		status = insert_head(&rest, last, &head);
	else if (is(&t, "copy"))
		status = copy_head(&rest, last, &head);
	else if (is(&t, "create"))
		status = create_head(&rest, last, &head);
	else if (is(&t, "go"))
		head.kind = SQL_GO;
	*ret = head;
	if (status == STATUS_MORE && statement.len < SQL_HEAD_BYTES_MAX)
		return STATUS_MORE;
	if (status == STATUS_MORE)
		rest.len = 0; /* all of it was looked at */
	if (status != STATUS_OK && head.kind != SQL_GO)
		head = (struct sql_head){.kind = SQL_OTHER, .graves = head.graves};
	head.len = statement.len - rest.len;
	*ret = head;
	return STATUS_ITEM;
}

/* What stands at the front of a table's description and is no column. */
static bool is_constraint(const struct token *t)
{
	return is(t, "primary") || is(t, "constraint") || is(t, "unique") || is(t, "key") ||
	       is(t, "foreign") || is(t, "check") || is(t, "index") || is(t, "fulltext");
}

bool sql_next_column(struct span *columns, bool create, struct span *ret_name)
{
	struct token name = {.kind = TOKEN_NONE};
	unsigned depth = 0;

	for (;;) {
		struct token t = next_token(columns, true);

		if (t.kind == TOKEN_NONE || (depth == 0 && is_sign(&t, ','))) {
			bool usable = (name.kind == TOKEN_WORD || name.kind == TOKEN_NAME) &&
			              !(create && is_constraint(&name));

			if (usable)
				*ret_name = name.text;
			if (usable || t.kind == TOKEN_NONE)
				return usable;
			name.kind = TOKEN_NONE;
			continue;
		}
		if (is_sign(&t, '('))
			depth++;
		if (is_sign(&t, ')') && depth > 0)
			depth--;
		if (name.kind == TOKEN_NONE)
			name = t;
	}
}

/* ---- recognition ---- */

static bool is_any(const struct token *t, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(t, words[i]))
			return true;
	return false;
}

/* `SET a = b`, `SET a ON`, `SET NAMES b`: the second and third word. */
static int probe_set(struct span *s, bool end)
{
	static const char *const thirds[] = {"on", "off", "to"};
	struct token second = next_token(s, end), third;

	if (is_sign(&second, '@'))
		second = next_token(s, end);
	third = next_token(s, end);
	if (is(&second, "names") || is(&second, "identity_insert"))
		return third.kind == TOKEN_NONE && !end ? STATUS_MORE : 1;
	if (third.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	return second.kind == TOKEN_WORD &&
	       (is_sign(&third, '=') || is_any(&third, thirds, ARRAY_LEN(thirds)));
}

/* `USE name;` or a name in marks. */
static int probe_use(struct span *s, bool end)
{
	struct token name = next_token(s, end), after;

	if (name.kind == TOKEN_NAME)
		return 1;
	if (name.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	after = next_token(s, end);
	if (after.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	return name.kind == TOKEN_WORD && (is_sign(&after, ';') || is(&after, "go"));
}

static int probe_drop(struct span *s, bool end)
{
	static const char *const seconds[] = {"table", "database", "view", "schema"};
	struct token t = next_token(s, end);

	if (t.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	if (!is_any(&t, seconds, ARRAY_LEN(seconds)))
		return 0;
	t = next_token(s, end);
	while (is(&t, "if") || is(&t, "exists"))
		t = next_token(s, end);
	while (t.kind == TOKEN_WORD || t.kind == TOKEN_NAME || is_sign(&t, '.')) {
		if (t.kind == TOKEN_NAME)
			return 1;
		t = next_token(s, end);
		if (t.kind == TOKEN_WORD)
			return 0; /* prose */
	}
	return t.kind == TOKEN_NONE ? (end ? 0 : STATUS_MORE) : is_sign(&t, ';');
}

static int probe_second(struct span *s, bool end, const char *const *words, size_t count)
{
	struct token t = next_token(s, end), after;

	if (t.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	if (is_sign(&t, ';'))
		return 1;
	if (!is_any(&t, words, count))
		return 0;
	after = next_token(s, end);
	if (after.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	return is_sign(&after, ';') || is_sign(&after, '=') || is_sign(&after, '(');
}

/* The head of a statement that brings rows. */
static int probe_head(struct span from, bool end)
{
	struct sql_head head = {.list = false};
	int status = sql_head_read(from, end, &head);

	if (status == STATUS_MORE && head.list)
		return 1; /* a verb, a table's name, and a list that goes on */
	if (status == STATUS_MORE)
		return STATUS_MORE;
	return head.kind != SQL_OTHER && head.kind != SQL_GO;
}

int sql_probe_text(struct span head, bool end)
{
	static const char *const begins[] = {"transaction", "tran", "work"};
	static const char *const pragmas[] = {"foreign_keys", "encoding", "user_version"};
	struct span from, rest = head;
	struct token t;

	skip_blanks(&rest);
	if (span_starts(rest, "/*!"))
		return 1;
	from = rest;
	t = next_token(&rest, end);
	if (t.kind == TOKEN_NONE)
		return end ? 0 : STATUS_MORE;
	if (is(&t, "insert") || is(&t, "replace") || is(&t, "create") || is(&t, "copy"))
		return probe_head(from, end);
	if (is(&t, "set"))
		return probe_set(&rest, end);
	if (is(&t, "use"))
		return probe_use(&rest, end);
	if (is(&t, "drop"))
		return probe_drop(&rest, end);
	if (is(&t, "begin"))
		return probe_second(&rest, end, begins, ARRAY_LEN(begins));
	if (is(&t, "pragma"))
		return probe_second(&rest, end, pragmas, ARRAY_LEN(pragmas));
	return 0;
}
