#include "decode/tds_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"

#define LENGTH_NONE_16  0xffffu /* no value; of a declaration: any length */
#define LENGTH_NONE_32  0xffffffffu
#define COLLATION_BYTES 5
#define COLLATION_UTF8  0x04000000u
#define STAMP_BYTES     8
#define DAY_SECONDS     86400u
#define DAYS_TO_1900    693595 /* from 1 January of the year 1 */
#define NUMBER_WORDS    4
#define NUMBER_DIGITS   38

enum {
	T_NULL = 0x1f,
	T_IMAGE = 0x22,
	T_TEXT = 0x23,
	T_GUID = 0x24,
	T_VARBINARY = 0x25,
	T_INTN = 0x26,
	T_VARCHAR = 0x27,
	T_DATEN = 0x28,
	T_TIMEN = 0x29,
	T_DATETIME2N = 0x2a,
	T_DATETIMEOFFSETN = 0x2b,
	T_BINARY = 0x2d,
	T_CHAR = 0x2f,
	T_INT1 = 0x30,
	T_BIT = 0x32,
	T_INT2 = 0x34,
	T_DECIMAL = 0x37,
	T_INT4 = 0x38,
	T_DATETIM4 = 0x3a,
	T_FLT4 = 0x3b,
	T_MONEY = 0x3c,
	T_DATETIME = 0x3d,
	T_FLT8 = 0x3e,
	T_NUMERIC = 0x3f,
	T_VARIANT = 0x62,
	T_NTEXT = 0x63,
	T_BITN = 0x68,
	T_DECIMALN = 0x6a,
	T_NUMERICN = 0x6c,
	T_FLTN = 0x6d,
	T_MONEYN = 0x6e,
	T_DATETIMN = 0x6f,
	T_MONEY4 = 0x7a,
	T_INT8 = 0x7f,
	T_BIGVARBIN = 0xa5,
	T_BIGVARCHR = 0xa7,
	T_BIGBINARY = 0xad,
	T_BIGCHAR = 0xaf,
	T_NVARCHAR = 0xe7,
	T_NCHAR = 0xef,
	T_UDT = 0xf0,
	T_XML = 0xf1,
};

/* What stands in a description behind the type, and before a value. */
enum shape {
	SHAPE_UNKNOWN,
	SHAPE_FIXED,    /* nothing; nothing */
	SHAPE_DATE,     /* nothing; a length of one byte */
	SHAPE_SCALED,   /* the scale; a length of one byte */
	SHAPE_BYTE,     /* a length of one byte, twice */
	SHAPE_NUMBER,   /* length, precision, scale; a length of one byte */
	SHAPE_SHORT,    /* a length of two bytes, twice */
	SHAPE_COLLATED, /* the same, and a collation */
	SHAPE_LONG,     /* a length of four bytes */
	SHAPE_LONG_COLLATED,
	SHAPE_XML,
	SHAPE_UDT,
};

static enum shape shape_of(uint8_t type)
{
	switch (type) {
	case T_NULL:
	case T_INT1:
	case T_BIT:
	case T_INT2:
	case T_INT4:
	case T_DATETIM4:
	case T_FLT4:
	case T_MONEY:
	case T_DATETIME:
	case T_FLT8:
	case T_MONEY4:
	case T_INT8:
		return SHAPE_FIXED;
	case T_DATEN:
		return SHAPE_DATE;
	case T_TIMEN:
	case T_DATETIME2N:
	case T_DATETIMEOFFSETN:
		return SHAPE_SCALED;
	case T_GUID:
	case T_INTN:
	case T_BITN:
	case T_FLTN:
	case T_MONEYN:
	case T_DATETIMN:
	case T_CHAR:
	case T_VARCHAR:
	case T_BINARY:
	case T_VARBINARY:
		return SHAPE_BYTE;
	case T_DECIMAL:
	case T_NUMERIC:
	case T_DECIMALN:
	case T_NUMERICN:
		return SHAPE_NUMBER;
	case T_BIGVARBIN:
	case T_BIGBINARY:
		return SHAPE_SHORT;
	case T_BIGVARCHR:
	case T_BIGCHAR:
	case T_NVARCHAR:
	case T_NCHAR:
		return SHAPE_COLLATED;
	case T_IMAGE:
	case T_VARIANT:
		return SHAPE_LONG;
	case T_TEXT:
	case T_NTEXT:
		return SHAPE_LONG_COLLATED;
	case T_XML:
		return SHAPE_XML;
	case T_UDT:
		return SHAPE_UDT;
	default:
		return SHAPE_UNKNOWN;
	}
}

static uint32_t fixed_bytes(uint8_t type)
{
	switch (type) {
	case T_INT1:
	case T_BIT:
		return 1;
	case T_INT2:
		return 2;
	case T_INT4:
	case T_DATETIM4:
	case T_FLT4:
	case T_MONEY4:
		return 4;
	case T_NULL:
		return 0;
	default:
		return 8;
	}
}

bool tds_type_is_old_long(uint8_t type)
{
	return type == T_IMAGE || type == T_TEXT || type == T_NTEXT;
}

bool tds_type_is_nothing(uint8_t type)
{
	return type == T_NULL;
}

/* ---- descriptions ---- */

static void skip_names(struct cursor *c, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		cursor_skip(c, 2u * cursor_u8(c));
}

static void read_collation(struct cursor *c, struct tds_type *type)
{
	struct cursor collation = cursor_sub(c, COLLATION_BYTES);

	type->utf8 = cursor_u32le(&collation) & COLLATION_UTF8;
}

static void read_details(struct cursor *c, enum shape shape, struct tds_type *type)
{
	switch (shape) {
	case SHAPE_SCALED:
		type->scale = cursor_u8(c);
		break;
	case SHAPE_BYTE:
		type->size = cursor_u8(c);
		break;
	case SHAPE_NUMBER:
		type->size = cursor_u8(c);
		cursor_skip(c, 1);
		type->scale = cursor_u8(c);
		break;
	case SHAPE_SHORT:
	case SHAPE_COLLATED:
		type->size = cursor_u16le(c);
		type->parts = type->size == LENGTH_NONE_16;
		break;
	case SHAPE_LONG:
	case SHAPE_LONG_COLLATED:
		type->size = cursor_u32le(c);
		break;
	case SHAPE_XML:
		type->parts = true;
		if (cursor_u8(c)) { /* a schema: database, owner, collection */
			skip_names(c, 2);
			cursor_skip(c, 2u * cursor_u16le(c));
		}
		break;
	case SHAPE_UDT:
		type->parts = true;
		type->size = cursor_u16le(c);
		skip_names(c, 3);
		cursor_skip(c, 2u * cursor_u16le(c));
		break;
	case SHAPE_FIXED:
	case SHAPE_DATE:
	case SHAPE_UNKNOWN:
		break;
	}
	if (shape == SHAPE_COLLATED || shape == SHAPE_LONG_COLLATED)
		read_collation(c, type);
}

int tds_type_read(struct cursor *c, struct tds_type *ret)
{
	struct cursor next = *c;
	struct tds_type type = {.type = cursor_u8(&next)};
	enum shape shape = shape_of(type.type);

	if (cursor_failed(&next))
		return STATUS_MORE;
	if (shape == SHAPE_UNKNOWN)
		return STATUS_UNSUPPORTED;
	read_details(&next, shape, &type);
	if (cursor_failed(&next))
		return STATUS_MORE;
	*c = next;
	*ret = type;
	return STATUS_OK;
}

/* ---- lengths ---- */

static bool is_bytes(uint8_t type)
{
	switch (type) {
	case T_CHAR:
	case T_VARCHAR:
	case T_BINARY:
	case T_VARBINARY:
	case T_IMAGE:
	case T_TEXT:
	case T_NTEXT:
	case T_BIGVARBIN:
	case T_BIGVARCHR:
	case T_BIGBINARY:
	case T_BIGCHAR:
	case T_NVARCHAR:
	case T_NCHAR:
	case T_XML:
	case T_UDT:
		return true;
	default:
		return false;
	}
}

/* Texts of the old kind. */
static uint32_t old_long_bytes(struct cursor *c, bool in_row)
{
	uint8_t pointer_bytes;
	uint32_t bytes;

	if (in_row) {
		pointer_bytes = cursor_u8(c);
		if (pointer_bytes == 0)
			return LENGTH_NONE_32;
		cursor_skip(c, pointer_bytes + STAMP_BYTES);
	}
	bytes = cursor_u32le(c);
	return bytes;
}

/* LENGTH_NONE_32: no value. */
static uint32_t read_length(struct cursor *c, const struct tds_type *type, bool in_row)
{
	uint32_t bytes;

	switch (shape_of(type->type)) {
	case SHAPE_FIXED:
		return fixed_bytes(type->type);
	case SHAPE_DATE:
	case SHAPE_SCALED:
	case SHAPE_BYTE:
	case SHAPE_NUMBER:
		bytes = cursor_u8(c);
		return bytes == 0 && !is_bytes(type->type) ? LENGTH_NONE_32 : bytes;
	case SHAPE_SHORT:
	case SHAPE_COLLATED:
		bytes = cursor_u16le(c);
		return bytes == LENGTH_NONE_16 ? LENGTH_NONE_32 : bytes;
	case SHAPE_LONG:
	case SHAPE_LONG_COLLATED:
		if (type->type == T_VARIANT) {
			bytes = cursor_u32le(c);
			return bytes == 0 ? LENGTH_NONE_32 : bytes;
		}
		return old_long_bytes(c, in_row);
	default:
		return LENGTH_NONE_32;
	}
}

int tds_value_extent(struct cursor *c, const struct tds_type *type, bool in_row,
        enum tds_extent *ret, uint32_t *ret_bytes)
{
	struct cursor next = *c;
	uint32_t bytes;

	if (type->parts) {
		uint64_t all = cursor_u64le(&next);

		if (cursor_failed(&next))
			return STATUS_MORE;
		*c = next;
		*ret = all == UINT64_MAX ? TDS_NULL : TDS_PARTS;
		*ret_bytes = 0;
		return STATUS_OK;
	}
	bytes = read_length(&next, type, in_row);
	if (cursor_failed(&next))
		return STATUS_MORE;
	*c = next;
	*ret = bytes == LENGTH_NONE_32   ? TDS_NULL
	       : type->type == T_VARIANT ? TDS_VARIANT
	       : is_bytes(type->type)    ? TDS_BYTES
	                                 : TDS_SCALAR;
	*ret_bytes = bytes == LENGTH_NONE_32 ? 0 : bytes;
	return STATUS_OK;
}

enum db_form tds_type_form(const struct tds_type *type)
{
	switch (type->type) {
	case T_NVARCHAR:
	case T_NCHAR:
	case T_NTEXT:
	case T_XML:
		return DB_UTF16;
	case T_CHAR:
	case T_VARCHAR:
	case T_TEXT:
	case T_BIGVARCHR:
	case T_BIGCHAR:
		return type->utf8 ? DB_UTF8 : DB_8BIT;
	default:
		return DB_BINARY;
	}
}

bool tds_variant(struct span *value, struct tds_type *ret)
{
	struct cursor c = cursor_open(*value);
	struct tds_type type = {.type = cursor_u8(&c)};
	struct cursor details = cursor_sub(&c, cursor_u8(&c));

	switch (shape_of(type.type)) {
	case SHAPE_COLLATED:
		read_collation(&details, &type);
		break;
	case SHAPE_SCALED:
		type.scale = cursor_u8(&details);
		break;
	case SHAPE_NUMBER:
		cursor_skip(&details, 1);
		type.scale = cursor_u8(&details);
		break;
	case SHAPE_FIXED:
	case SHAPE_DATE:
	case SHAPE_BYTE:
	case SHAPE_SHORT:
		break;
	default:
		return false;
	}
	if (cursor_failed(&c) || cursor_failed(&details))
		return false;
	*value = cursor_rest(&c);
	*ret = type;
	return true;
}

/* ---- what the short ones say ---- */

static int print_date(char ret[static TDS_SCALAR_CHARS], int64_t days)
{
	/* Days in 400, 100, 4 years and one, from 1 January of the year 1. */
	static const unsigned month_days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned era, century, four, year, month = 0, day, leap;

	if (days < 0 || days > 3652058) /* the year 9999 */
		return 0;
	day = (unsigned)days;
	era = day / 146097;
	day %= 146097;
	century = day / 36524 > 3 ? 3 : day / 36524;
	day -= century * 36524;
	four = day / 1461;
	day %= 1461;
	year = day / 365 > 3 ? 3 : day / 365;
	day -= year * 365;
	leap = year == 3 && (four != 24 || century == 3);
	while (day >= month_days[month] + (month == 1 ? leap : 0)) {
		day -= month_days[month] + (month == 1 ? leap : 0);
		month++;
	}
	return snprintf(ret, TDS_SCALAR_CHARS, "%04u-%02u-%02u",
	        era * 400 + century * 100 + four * 4 + year + 1, month + 1, day + 1);
}

/* A date, and the time when it says something. */
static int print_moment(char ret[static TDS_SCALAR_CHARS], int64_t days, uint64_t seconds)
{
	int len = print_date(ret, days);

	if (seconds == 0 || seconds >= DAY_SECONDS)
		return len;
	return len + snprintf(ret + len, TDS_SCALAR_CHARS - (size_t)len, "%s%02u:%02u:%02u",
	                     len > 0 ? " " : "", (unsigned)(seconds / 3600),
	                     (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
}

/* A time in units of 10^-scale seconds, then days, as far as they are there. */
static int print_scaled(
        char ret[static TDS_SCALAR_CHARS], const struct tds_type *type, struct cursor c)
{
	size_t zone_bytes = type->type == T_DATETIMEOFFSETN ? 2 : 0;
	size_t day_bytes = type->type == T_TIMEN ? 0 : 3;
	uint64_t units;

	if (cursor_left(&c) < day_bytes + zone_bytes || type->scale > 7)
		return 0;
	units = cursor_le(&c, cursor_left(&c) - day_bytes - zone_bytes);
	for (unsigned i = 0; i < type->scale; i++)
		units /= 10;
	return print_moment(ret, day_bytes ? (int64_t)cursor_le(&c, day_bytes) : -1, units);
}

static int print_old_date(char ret[static TDS_SCALAR_CHARS], struct cursor c)
{
	if (cursor_left(&c) == 4) {
		uint16_t days = cursor_u16le(&c);

		return print_moment(ret, (int64_t)DAYS_TO_1900 + days, 60u * cursor_u16le(&c));
	}
	if (cursor_left(&c) == 8) {
		int32_t days = (int32_t)cursor_u32le(&c);

		return print_moment(ret, (int64_t)DAYS_TO_1900 + days, cursor_u32le(&c) / 300);
	}
	return 0;
}

/* Numbers of 128 bits, by dividing them by ten, again and again. */
static int print_number(char ret[static TDS_SCALAR_CHARS], struct cursor c, unsigned scale)
{
	uint32_t words[NUMBER_WORDS] = {0};
	char digits[NUMBER_DIGITS + 2];
	unsigned count = 0, at = 0;
	bool negative = cursor_u8(&c) == 0;

	for (unsigned i = 0; i < NUMBER_WORDS && cursor_left(&c) >= 4; i++)
		words[i] = cursor_u32le(&c);
	while (count < NUMBER_DIGITS &&
	        (count <= scale || words[0] || words[1] || words[2] || words[3])) {
		uint64_t rest = 0;

		for (unsigned i = NUMBER_WORDS; i > 0; i--) {
			rest = rest << 32 | words[i - 1];
			words[i - 1] = (uint32_t)(rest / 10);
			rest %= 10;
		}
		digits[count++] = (char)('0' + rest);
	}
	if (negative)
		ret[at++] = '-';
	while (count > 0) {
		ret[at++] = digits[--count];
		if (count == scale && scale > 0)
			ret[at++] = '.';
	}
	ret[at] = '\0';
	return (int)at;
}

static int print_money(char ret[static TDS_SCALAR_CHARS], struct cursor c)
{
	int64_t units;

	if (cursor_left(&c) == 4) {
		units = (int32_t)cursor_u32le(&c);
	} else {
		uint64_t high = cursor_u32le(&c);

		units = (int64_t)(high << 32 | cursor_u32le(&c));
	}
	return snprintf(ret, TDS_SCALAR_CHARS, "%.4f", (double)units / 10000);
}

static int print_integer(char ret[static TDS_SCALAR_CHARS], struct cursor c)
{
	size_t width = cursor_left(&c);
	uint64_t value = cursor_le(&c, width);
	int64_t number = width == 1   ? (int64_t)value
	                 : width == 2 ? (int16_t)value
	                 : width == 4 ? (int32_t)value
	                              : (int64_t)value;

	return snprintf(ret, TDS_SCALAR_CHARS, "%" PRId64, number);
}

static int print_float(char ret[static TDS_SCALAR_CHARS], struct cursor c)
{
	double wide = 0;
	float narrow = 0;
	uint64_t bits = cursor_left(&c) == 4 ? 0 : cursor_u64le(&c);
	uint32_t few = (uint32_t)cursor_le(&c, cursor_left(&c));

	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &few, sizeof(narrow));
	return snprintf(ret, TDS_SCALAR_CHARS, "%.15g", bits ? wide : (double)narrow);
}

static int print_guid(char ret[static TDS_SCALAR_CHARS], struct cursor c)
{
	uint32_t first = cursor_u32le(&c);
	uint16_t second = cursor_u16le(&c), third = cursor_u16le(&c), fourth = cursor_u16be(&c);

	return snprintf(ret, TDS_SCALAR_CHARS, "%08" PRIx32 "-%04x-%04x-%04x-%012" PRIx64, first,
	        (unsigned)second, (unsigned)third, (unsigned)fourth, cursor_be(&c, 6));
}

size_t tds_scalar(const struct tds_type *type, struct span bytes, char ret[static TDS_SCALAR_CHARS])
{
	struct cursor c = cursor_open(bytes);
	int len;

	if (bytes.len == 0)
		return 0;
	switch (type->type) {
	case T_INT1:
	case T_BIT:
	case T_INT2:
	case T_INT4:
	case T_INT8:
	case T_INTN:
	case T_BITN:
		len = bytes.len <= 8 ? print_integer(ret, c) : 0;
		break;
	case T_FLT4:
	case T_FLT8:
	case T_FLTN:
		len = bytes.len == 4 || bytes.len == 8 ? print_float(ret, c) : 0;
		break;
	case T_MONEY:
	case T_MONEY4:
	case T_MONEYN:
		len = bytes.len == 4 || bytes.len == 8 ? print_money(ret, c) : 0;
		break;
	case T_DATETIM4:
	case T_DATETIME:
	case T_DATETIMN:
		len = print_old_date(ret, c);
		break;
	case T_DATEN:
		len = bytes.len == 3 ? print_date(ret, (int64_t)cursor_le(&c, 3)) : 0;
		break;
	case T_TIMEN:
	case T_DATETIME2N:
	case T_DATETIMEOFFSETN:
		len = bytes.len <= 10 ? print_scaled(ret, type, c) : 0;
		break;
	case T_DECIMAL:
	case T_NUMERIC:
	case T_DECIMALN:
	case T_NUMERICN:
		len = type->scale <= NUMBER_DIGITS ? print_number(ret, c, type->scale) : 0;
		break;
	case T_GUID:
		len = bytes.len == 16 ? print_guid(ret, c) : 0;
		break;
	default:
		len = 0;
	}
	return len > 0 ? (size_t)len : 0;
}
