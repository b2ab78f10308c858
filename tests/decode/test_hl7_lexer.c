#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/status.h"
#include "decode/hl7_lexer.h"

/* The tokens as text: {NAME} a segment, | field, ^ component, ~ repetition, & subcomponent, ;
 * end. */
static const char marks[] = {
        [HL7_FIELD] = '|',
        [HL7_REPETITION] = '~',
        [HL7_COMPONENT] = '^',
        [HL7_SUBCOMPONENT] = '&',
        [HL7_SEGMENT_END] = ';',
};

static void write_token(struct buf *out, const struct hl7_token *t)
{
	int status = STATUS_OK;

	if (t->kind == HL7_SEGMENT)
		status = buf_printf(out, t->header ? "{%s!}" : "{%s}", t->name);
	else if (t->kind == HL7_TEXT)
		status = buf_append(out, t->text);
	else
		status = buf_append_byte(out, (uint8_t)marks[t->kind]);
	assert_int_equal(status, STATUS_OK);
}

static void lex(struct hl7_lexer *l, struct span text, struct buf *out)
{
	struct cursor in = cursor_open(text);
	struct hl7_token token;

	while (hl7_lexer_next(l, &in, &token) == STATUS_ITEM)
		write_token(out, &token);
	assert_int_equal(cursor_left(&in), 0);
}

static void lex_finish(struct hl7_lexer *l, struct buf *out)
{
	struct hl7_token token;

	while (hl7_lexer_finish(l, &token) == STATUS_ITEM)
		write_token(out, &token);
}

struct vector {
	const char *in, *out;
	uint64_t junk_bytes;
};

static const struct vector vectors[] = {
        {"MSH|^~\\&|APP\rPID|1||X^Y~Z&Q\r", "{MSH!}|APP;{PID}|1||X^Y~Z&Q;", 0},
        {"MSH|^~\\&|APP\nPID|1\nPV1|2", "{MSH!}|APP;{PID}|1;{PV1}|2;", 0},
        {"MSH|^~\\&|APP\r\nPID|1\r\n\r\nPV1|2\r\n", "{MSH!}|APP;{PID}|1;{PV1}|2;", 0},
        {"MSH#*!?%#APP\rPID#1*2!3%4?F??S??R??T??E?\r", "{MSH!}|APP;{PID}|1^2~3&4#*!%?;", 0},
        {"MSH|^~\\&#|APP\r", "{MSH!}|APP;", 0},
        {"MSH|^|APP\rPID|a~b\\F\\c&d\r", "{MSH!}|APP;{PID}|a~b\\F\\c&d;", 0},
        {"MSH|^~\\&", "{MSH!};", 0},
        /* escapes: characters, bytes, formatting, highlighting, a switch of character set */
        {"MSH|^~\\&|\\F\\\\S\\\\T\\\\R\\\\E\\\r", "{MSH!}||^&~\\;", 0},
        {"MSH|^~\\&|\\X4142\\\\x43\\ \\X434\\\r", "{MSH!}|ABC \\X434\\;", 0},
        {"MSH|^~\\&|one\\.br\\two\\.sp2\\three\\.in+2\\\\H\\four\\N\\\\C2842\\\r",
                "{MSH!}|one\ntwo\nthreefour;", 0},
        /* stray escape characters stand for themselves */
        {"MSH|^~\\&|C:\\dir\\F\\x|D:\\\\y|\\open|z\r", "{MSH!}|C:\\dir|x|D:\\y|\\open|z;", 0},
        /* a line that is no segment continues the text */
        {"MSH|^~\\&|APP\rOBX|1|TX|first\nsecond|5\rNTE|1\r",
                "{MSH!}|APP;{OBX}|1|TX|first\nsecond|5;{NTE}|1;", 0},
        {"MSH|^~\\&|APP\rNIL\rPI", "{MSH!}|APP\nNIL\nPI;", 0},
        {"MSH|^~\\&|APP\rMSH||\r", "{MSH!}|APP\nMSH||;", 0},
        /* a batch, and delimiters that change with each header */
        {"FHS|^~\\&|F\rBHS|^~\\&|B\rMSH$^~\\&$A\rPID$1\rBTS|1\r",
                "{FHS!}|F;{BHS!}|B;{MSH!}|A;{PID}|1\nBTS|1;", 0},
        {"\v"
         "MSH|^~\\&|A\r\x1c\r\vMSH|^~\\&|B\x1c\r",
                "{MSH!}|A;{MSH!}|B;", 0},
        /* nothing before the first header is read */
        {"PID|1||X\rhello\nMSH|^~\\&|A\r", "{MSH!}|A;", 13},
        {"PI", "", 2},
        {"", "", 0},
};

static void gives_the_same_however_it_is_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct span in = span_of_text(vectors[i].in);

		for (size_t piece = 1; piece <= in.len + 1; piece++) {
			struct hl7_lexer l;
			struct buf out;

			buf_init(&out, 4096, NULL);
			hl7_lexer_init(&l);
			for (size_t at = 0; at < in.len; at += piece)
				lex(&l, span_slice(in, at, piece), &out);
			lex_finish(&l, &out);
			assert_int_equal(buf_append_byte(&out, '\0'), STATUS_OK);
			assert_string_equal((const char *)out.data, vectors[i].out);
			assert_int_equal(l.junk_bytes, vectors[i].junk_bytes);
			buf_free(&out);
		}
	}
}

static void both_sides_of_the_escape_limit(void **state)
{
	(void)state;
	for (size_t digits = HL7_ESCAPE_BYTES_MAX - 4; digits < HL7_ESCAPE_BYTES_MAX + 4;
	        digits += 2) {
		struct hl7_lexer l;
		struct buf in, out;
		bool fits = digits + 2 <= HL7_ESCAPE_BYTES_MAX + 1;

		buf_init(&in, 4096, NULL);
		buf_init(&out, 4096, NULL);
		hl7_lexer_init(&l);
		assert_int_equal(buf_append_text(&in, "MSH|^~\\&|\\X"), STATUS_OK);
		for (size_t i = 0; i < digits; i++)
			assert_int_equal(buf_append_byte(&in, '4'), STATUS_OK);
		assert_int_equal(buf_append_text(&in, "\\|"), STATUS_OK);
		lex(&l, buf_span(&in), &out);
		lex_finish(&l, &out);
		assert_int_equal(out.len, strlen("{MSH!}||;") + (fits ? digits / 2 : digits + 3));
		buf_free(&in);
		buf_free(&out);
	}
}

static void a_gap_drops_the_line_it_cuts(void **state)
{
	struct hl7_lexer l;
	struct buf out;

	(void)state;
	buf_init(&out, 4096, NULL);
	hl7_lexer_init(&l);
	lex(&l, span_of_text("MSH|^~\\&|A\rPID|1|"), &out);
	hl7_lexer_gap(&l);
	lex(&l, span_of_text("234|X\rPV1|1\r"), &out);
	lex_finish(&l, &out);
	assert_int_equal(buf_append_byte(&out, '\0'), STATUS_OK);
	assert_string_equal((const char *)out.data, "{MSH!}|A;{PID}|1|;{PV1}|1;");
	assert_int_equal(l.junk_bytes, 5);
	buf_free(&out);
}

static void probes_a_header(void **state)
{
	(void)state;
	assert_int_equal(hl7_header_probe(span_of_text("MSH|^~\\&|")), STATUS_OK);
	assert_int_equal(hl7_header_probe(span_of_text("BHS#*!?%#")), STATUS_OK);
	assert_int_equal(hl7_header_probe(span_of_text("MSH|^~\\&\r")), STATUS_OK);
	for (size_t len = 0; len < 9; len++)
		assert_int_equal(hl7_header_probe(span_slice(span_of_text("MSH|^~\\&|"), 0, len)),
		        STATUS_MORE);
	assert_int_equal(hl7_header_probe(span_of_text("MSHELL script")), STATUS_MALFORMED);
	assert_int_equal(hl7_header_probe(span_of_text("MSH||||")), STATUS_MALFORMED);
	assert_int_equal(hl7_header_probe(span_of_text("PID|1|")), STATUS_MALFORMED);
	assert_int_equal(hl7_header_probe(span_of_text("MSH|^~\\&abcdef")), STATUS_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gives_the_same_however_it_is_cut),
	        cmocka_unit_test(both_sides_of_the_escape_limit),
	        cmocka_unit_test(a_gap_drops_the_line_it_cuts),
	        cmocka_unit_test(probes_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
