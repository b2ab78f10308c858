#include "classify/geo_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/status.h"

#define YEARS_MAX    300 /* since 1900: later ones do not fit into nanoseconds */
#define NUMBER_CHARS 64  /* an address or a prefix as text */

struct geo_table {
	enum geo_form form;
	struct span fed;
	bool ended;
	char line[GEO_LINE_BYTES_MAX + 1]; /* the open line, without its end */
	size_t line_len;
	unsigned line_number;  /* of the open line, from 1 */
	struct geo_item block; /* what the open block of a dump has said */
	bool in_block, has_name;
	int64_t generated;
	const char *problem; /* stays */
	unsigned problem_column;
};

int geo_table_new(struct geo_table **ret_gives, enum geo_form form)
{
	struct geo_table *t = calloc(1, sizeof(*t));

	if (!t)
		return STATUS_NO_MEMORY;
	t->form = form;
	t->line_number = 1;
	*ret_gives = t;
	return STATUS_OK;
}

struct geo_table *geo_table_free(struct geo_table *t)
{
	free(t);
	return NULL;
}

void geo_table_feed(struct geo_table *t, struct span bytes)
{
	t->fed = bytes;
}

void geo_table_end(struct geo_table *t)
{
	t->ended = true;
}

static int refuse(struct geo_table *t, const char *at, const char *problem)
{
	t->problem = problem;
	t->problem_column = (unsigned)(at - t->line) + 1;
	return STATUS_MALFORMED;
}

/* Takes the text up to a byte (or to the end of the line) into a buffer; false: it does not fit. */
static bool take(const char **at, char until, char *ret, size_t size)
{
	const char *end = strchr(*at, until);
	size_t len = end ? (size_t)(end - *at) : strlen(*at);

	if (len >= size)
		return false;
	memcpy(ret, *at, len);
	ret[len] = '\0';
	*at += len + (end ? 1 : 0);
	return true;
}

static bool read_country(const char *text, struct geo_item *ret)
{
	/* Regions and marks that the makers use where no country is known. */
	static const char *const none[] = {"EU", "AP", "XX", "ZZ", "XD"};

	if (strlen(text) != 2)
		return false;
	ret->has_country = true;
	memset(ret->country, 0, sizeof(ret->country));
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (strcmp(text, none[i]) == 0)
			return true;
	if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z')
		memcpy(ret->country, text, 2);
	return true;
}

static bool read_ipv4_number(const char *text, struct addr *ret)
{
	uint64_t number;
	uint8_t bytes[4];

	if (!span_to_u64(span_of_text(text), UINT32_MAX, &number))
		return false;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	*ret = addr_ipv4(bytes);
	return true;
}

static bool read_address(enum geo_form form, const char *text, struct addr *ret)
{
	if (form == GEO_TOR_IPV4)
		return read_ipv4_number(text, ret);
	return addr_parse(text, ret) && ret->family == ADDR_IPV6;
}

static int read_range(struct geo_table *t, struct geo_item *ret)
{
	struct geo_item item = {.kind = GEO_NETWORK};
	const char *at = t->line, *start = at;
	char text[NUMBER_CHARS];

	if (!take(&at, ',', text, sizeof(text)) || !read_address(t->form, text, &item.first))
		return refuse(t, start, "a line must begin with the first address of a range");
	start = at;
	if (!take(&at, ',', text, sizeof(text)) || !read_address(t->form, text, &item.last))
		return refuse(t, start, "the second column must be the last address of the range");
	if (addr_compare(&item.first, &item.last) > 0)
		return refuse(t, start, "the range ends before it begins");
	start = at;
	if (!take(&at, ',', text, sizeof(text)) || !read_country(text, &item))
		return refuse(t, start, "the third column must be a country of two letters");
	*ret = item;
	return STATUS_ITEM;
}

/* The last address that a prefix holds. */
static struct addr last_of(const struct prefix *p)
{
	struct addr last = p->addr;
	unsigned width = p->addr.family == ADDR_IPV4 ? 32 : 128;

	for (unsigned i = p->bits; i < width; i++)
		last.bytes[i / 8] |= (uint8_t)(0x80 >> i % 8);
	return last;
}

static int end_block(struct geo_table *t, struct geo_item *ret)
{
	bool complete = t->in_block && (t->block.kind == GEO_NETWORK || t->has_name);

	t->in_block = t->has_name = false;
	if (!complete)
		return STATUS_OK;
	*ret = t->block;
	return STATUS_ITEM;
}

static bool read_as_number(const char *text, uint32_t *ret)
{
	uint64_t number;

	if (strncmp(text, "AS", 2) == 0)
		text += 2;
	if (!span_to_u64(span_of_text(text), UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* The first line of a block says what it is about. */
static int begin_block(struct geo_table *t, const char *key, const char *value)
{
	struct geo_item item = {.kind = GEO_NETWORK};
	struct prefix network;

	if (strcmp(key, "net") == 0) {
		if (!prefix_parse(value, &network))
			return refuse(t, value, "net: must be a network such as 192.0.2.0/24");
		item.first = network.addr;
		item.last = last_of(&network);
	} else if (strcmp(key, "aut-num") == 0) {
		item.kind = GEO_AS_NAME;
		if (!read_as_number(value, &item.asn))
			return refuse(t, value, "aut-num: must be a number such as AS64496");
	} else {
		return refuse(t, t->line, "a block must begin with net: or aut-num:");
	}
	t->block = item;
	t->in_block = true;
	return STATUS_OK;
}

static int read_block_line(struct geo_table *t, const char *key, const char *value)
{
	struct geo_item *item = &t->block;
	bool yes = strcmp(value, "yes") == 0;

	if (!t->in_block)
		return begin_block(t, key, value);
	if (strcmp(key, "net") == 0)
		return refuse(t, t->line, "an empty line must stand before the next network");
	if (item->kind == GEO_AS_NAME && strcmp(key, "name") == 0) {
		size_t len = strlen(value);

		t->has_name = true;
		if (len >= sizeof(item->name))
			return refuse(t, value, "this name is too long");
		memcpy(item->name, value, len + 1);
	} else if (strcmp(key, "country") == 0) {
		if (!read_country(value, item))
			return refuse(t, value, "country: must be a country of two letters");
	} else if (strcmp(key, "aut-num") == 0) {
		if (!read_as_number(value, &item->asn))
			return refuse(t, value, "aut-num: must be a number such as AS64496");
	} else if (strcmp(key, "is-anycast") == 0) {
		item->anycast = yes;
	} else if (strcmp(key, "is-anonymous-proxy") == 0) {
		item->proxy = yes;
	} else if (strcmp(key, "is-satellite-provider") == 0) {
		item->satellite = yes;
	} /* other keys are none that the databases hold */
	return STATUS_OK;
}

static int read_dump_line(struct geo_table *t, struct geo_item *ret)
{
	const char *value = t->line;
	char key[NUMBER_CHARS];

	if (t->line_len == 0)
		return end_block(t, ret);
	if (!strchr(t->line, ':') || !take(&value, ':', key, sizeof(key)))
		return refuse(t, t->line, "a line must be of the form key: value");
	value += strspn(value, " \t");
	return read_block_line(t, key, value);
}

static void read_comment(struct geo_table *t)
{
	static const char label[] = "Generated:";
	const char *at = strstr(t->line, label);
	struct tm parts = {.tm_year = 0};

	if (!at || t->generated)
		return;
	at += sizeof(label) - 1;
	at += strspn(at, " ");
	/* Names of months in the C locale: the program never sets another one. */
	if (strptime(at, "%a, %d %b %Y %H:%M:%S GMT", &parts) && parts.tm_year < YEARS_MAX)
		t->generated = (int64_t)timegm(&parts);
}

static int read_line(struct geo_table *t, struct geo_item *ret)
{
	t->line[t->line_len] = '\0';
	if (memchr(t->line, '\0', t->line_len))
		return refuse(t, t->line, "the line holds a zero byte; this is no text table");
	if (t->line[0] == '#') {
		read_comment(t);
		return STATUS_OK;
	}
	if (t->form == GEO_LOCATION)
		return read_dump_line(t, ret);
	return t->line_len ? read_range(t, ret) : STATUS_OK;
}

/* Moves bytes of a line from what was fed; true: the line is whole. */
static bool gather_line(struct geo_table *t)
{
	size_t len = span_find_byte(t->fed, '\n');
	bool whole = len != SIZE_MAX;
	size_t room = GEO_LINE_BYTES_MAX - t->line_len;

	if (!whole)
		len = t->fed.len;
	if (len > room) {
		(void)refuse(t, t->line, "the line is too long; this is no table of networks");
		return false;
	}
	if (len)
		memcpy(t->line + t->line_len, t->fed.data, len);
	t->line_len += len;
	t->fed = span_slice(t->fed, len + (whole ? 1 : 0), SIZE_MAX);
	return whole;
}

int geo_table_next(struct geo_table *t, struct geo_item *ret)
{
	while (!t->problem) {
		bool whole = gather_line(t);
		int status;

		if (t->problem || (!whole && (!t->ended || t->line_len == 0)))
			break;
		if (t->line_len && t->line[t->line_len - 1] == '\r')
			t->line_len--;
		status = read_line(t, ret);
		if (status == STATUS_MALFORMED)
			return status;
		t->line_len = 0;
		t->line_number++;
		if (status != STATUS_OK)
			return status;
	}
	if (t->problem)
		return STATUS_MALFORMED;
	return t->ended ? end_block(t, ret) : STATUS_OK;
}

const char *geo_table_problem(const struct geo_table *t, unsigned *ret_line, unsigned *ret_column)
{
	*ret_line = t->line_number;
	*ret_column = t->problem_column;
	return t->problem;
}

int64_t geo_table_generated(const struct geo_table *t)
{
	return t->generated;
}
