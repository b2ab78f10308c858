#include "report/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/cursor.h"
#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static void write_character(FILE *out, uint32_t character, const char *bytes, size_t len)
{
	if (character == '"' || character == '\\')
		fprintf(out, "\\%c", (char)character);
	else if (character == '\n')
		fputs("\\n", out);
	else if (character == '\t')
		fputs("\\t", out);
	else if (character == '\r')
		fputs("\\r", out);
	else if (character < 0x20 || (character >= 0x7f && character < 0xa0) ||
	         character == 0x2028 || character == 0x2029)
		fprintf(out, "\\u%04" PRIx32, character);
	else
		fwrite(bytes, 1, len, out);
}

/* Bytes at the front that stand for themselves: nearly all, so they are written in one go. */
static size_t plain_length(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= 0x20 && text[n] < 0x7f && text[n] != '"' && text[n] != '\\')
		n++;
	return n;
}

static void write_string(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	while (len > 0) {
		uint32_t character;
		size_t plain = plain_length(text, len);
		size_t taken = plain > 0 ? plain : utf8_decode(span_of(text, len), &character);

		if (plain > 0)
			fwrite(text, 1, plain, out);
		else if (taken > 0)
			write_character(out, character, text, taken);
		else
			fputs(REPLACEMENT, out);
		taken = taken ? taken : 1;
		text += taken;
		len -= taken;
	}
	fputc('"', out);
}

static void begin(struct json_out *j, const char *key)
{
	if (j->comma)
		fputc(',', j->out);
	if (key) {
		write_string(j->out, key, strlen(key));
		fputc(':', j->out);
	}
	j->comma = true;
}

void json_open(struct json_out *j, const char *key, char bracket)
{
	begin(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

void json_text(struct json_out *j, const char *key, const char *text)
{
	begin(j, key);
	text = text ? text : "";
	write_string(j->out, text, strlen(text));
}

void json_number(struct json_out *j, const char *key, uint64_t value)
{
	begin(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_decimal(struct json_out *j, const char *key, double value)
{
	begin(j, key);
	if (isfinite(value))
		fprintf(j->out, "%.3f", value);
	else
		fputs("null", j->out);
}

void json_bool(struct json_out *j, const char *key, bool value)
{
	begin(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_list(struct json_out *j, const char *key, const char *joined)
{
	json_open(j, key, '[');
	while (*joined) {
		size_t len = strcspn(joined, "|");

		begin(j, NULL);
		write_string(j->out, joined, len);
		joined += len;
		joined += *joined == '|';
	}
	json_close(j, ']');
}
