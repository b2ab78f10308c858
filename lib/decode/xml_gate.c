#include "decode/xml_gate.h"

#include <stdbool.h>
#include <string.h>

enum gate_state {
	IN_TEXT, /* 0: xml_gate_in_text() */
	AT_OPEN, /* behind "<" */
	AT_MARK, /* behind "<!" */
	IN_COMMENT,
	IN_SECTION, /* CDATA */
	IN_OTHER,   /* a declaration or an instruction */
	IN_NAME,    /* of a tag */
	IN_TAG,
	IN_VALUE,
	IN_DATA,     /* a value that is given as text */
	BEHIND_DATA, /* the rest of its tag */
};

static bool is_blank(uint8_t b)
{
	return b == ' ' || b == '\t' || b == '\r' || b == '\n';
}

static size_t same(uint8_t byte, uint8_t *out)
{
	out[0] = byte;
	return 1;
}

static void tag_byte(struct xml_gate *g, uint8_t byte)
{
	if (byte == '>')
		g->state = IN_TEXT;
	else if (byte == '"' || byte == '\'') {
		g->state = IN_VALUE;
		g->quote = byte;
		g->opening_len = 0;
	} else {
		g->state = IN_TAG;
	}
}

static void name_byte(struct xml_gate *g, uint8_t byte)
{
	if (byte == '>' || byte == '/' || is_blank(byte))
		tag_byte(g, byte);
	else if (g->name_len < XML_GATE_NAME_CHARS)
		g->name[g->name_len++] = byte;
}

static void open_byte(struct xml_gate *g, uint8_t byte)
{
	g->name_len = 0;
	g->tail[0] = g->tail[1] = 0;
	if (byte == '!')
		g->state = AT_MARK;
	else if (byte == '?' || byte == '/')
		g->state = IN_OTHER;
	else {
		g->state = IN_NAME;
		name_byte(g, byte);
	}
}

/* A comment and a section end with ">" behind the same byte twice. */
static void until(struct xml_gate *g, uint8_t byte, uint8_t twice)
{
	if (byte == '>' && g->tail[0] == twice && g->tail[1] == twice)
		g->state = IN_TEXT;
	g->tail[0] = g->tail[1];
	g->tail[1] = byte;
}

/* The tag ends for the parser; the value is the element's text from its beginning. */
static size_t divert(struct xml_gate *g, uint8_t *out)
{
	out[0] = XML_GATE_MARK;
	out[1] = g->quote;
	out[2] = '>';
	memcpy(out + 3, g->opening, BASE64_RUN_BYTES);
	g->state = IN_DATA;
	return 3 + BASE64_RUN_BYTES;
}

static size_t value_byte(struct xml_gate *g, uint8_t byte, uint8_t *out)
{
	size_t len = 0;

	if (byte == g->quote) {
		g->state = IN_TAG;
		return same(byte, out);
	}
	if (g->opening_len == BASE64_RUN_BYTES) {
		g->opening_len++; /* asked once */
		if (g->name_len < XML_GATE_NAME_CHARS &&
		        base64_run(span_of(g->opening, BASE64_RUN_BYTES)))
			len = divert(g, out);
	} else if (g->opening_len < BASE64_RUN_BYTES) {
		g->opening[g->opening_len++] = byte;
	}
	return len + same(byte, out + len);
}

/* What stands behind the value in its tag. */
static size_t behind_byte(struct xml_gate *g, uint8_t byte, uint8_t *out)
{
	bool empty = g->tail[1] == '/';

	g->tail[1] = byte;
	if (byte != '>') {
		g->left_out += byte != '/' && !is_blank(byte);
		return 0;
	}
	g->state = IN_TEXT;
	if (!empty)
		return 0;
	out[0] = '<';
	out[1] = '/';
	memcpy(out + 2, g->name, g->name_len);
	out[2 + g->name_len] = '>';
	return 3u + g->name_len;
}

size_t xml_gate_byte(struct xml_gate *g, uint8_t byte, uint8_t out[static XML_GATE_OUT_MAX])
{
	switch ((enum gate_state)g->state) {
	case IN_TEXT:
		g->state = byte == '<' ? AT_OPEN : IN_TEXT;
		break;
	case AT_OPEN:
		open_byte(g, byte);
		break;
	case AT_MARK:
		g->state = byte == '-' ? IN_COMMENT : byte == '[' ? IN_SECTION : IN_OTHER;
		break;
	case IN_COMMENT:
		until(g, byte, '-');
		break;
	case IN_SECTION:
		until(g, byte, ']');
		break;
	case IN_OTHER:
		g->state = byte == '>' ? IN_TEXT : IN_OTHER;
		break;
	case IN_NAME:
		name_byte(g, byte);
		break;
	case IN_TAG:
		tag_byte(g, byte);
		break;
	case IN_VALUE:
		return value_byte(g, byte, out);
	case IN_DATA:
		if (byte != g->quote)
			break;
		g->state = BEHIND_DATA;
		g->tail[1] = 0;
		return 0;
	case BEHIND_DATA:
		return behind_byte(g, byte, out);
	}
	return same(byte, out);
}
