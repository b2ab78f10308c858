/* tds_type: the data types of TDS: what is said of them in a description, how the length of a value
 * is written, and what the short ones say.
 *
 * Source: [MS-TDS] sections 2.2.5.4 (data types), 2.2.5.5 (long ones, in parts) and 2.2.5.6
 * (TYPE_INFO); 2.2.5.1.2 for the collation's bit of UTF-8. */
#ifndef EXEAT_DECODE_TDS_TYPE_H
#define EXEAT_DECODE_TDS_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "decode/db_value.h"

#define TDS_SCALAR_BYTES_MAX 40 /* number or date: "(3) sign, 38 digits" takes 17 */
#define TDS_SCALAR_CHARS     64 /* its text: 38 digits, a sign and a point; a UUID has 36 */

struct tds_type {
	uint8_t type, scale;
	bool utf8;     /* of text in bytes: its collation says so */
	bool parts;    /* its values are written in parts, of any length */
	uint32_t size; /* as declared */
};

/* How a value begins. */
enum tds_extent {
	TDS_NULL,
	TDS_SCALAR, /* so many bytes, which tds_scalar() reads */
	TDS_BYTES,  /* so many bytes of text, or binary ones */
	TDS_PARTS,  /* parts with a length each, to one without */
	TDS_VARIANT /* so many bytes, which begin with a type of their own */
};

/* Takes a TYPE_INFO: STATUS_OK; STATUS_MORE when it is not all there; STATUS_UNSUPPORTED. */
int tds_type_read(struct cursor *c, struct tds_type *ret) WUNRES NONNULL(1, 2);
/* Has texts and pictures of the old kind: in a row they stand behind a pointer, and a table's name
 * behind their description. */
bool tds_type_is_old_long(uint8_t type);
/* Takes the length of a value. STATUS_OK or STATUS_MORE. in_row: not a parameter. */
int tds_value_extent(struct cursor *c, const struct tds_type *type, bool in_row,
        enum tds_extent *ret, uint32_t *ret_bytes) WUNRES NONNULL(1, 2, 4, 5);
/* Its values take no bytes: as a column, one byte of a row would stand for thousands of cells. */
bool tds_type_is_nothing(uint8_t type);
enum db_form tds_type_form(const struct tds_type *type) NONNULL(1);
/* A number or date in words; its length, 0 when there is nothing to say. */
size_t tds_scalar(const struct tds_type *type, struct span bytes, char ret[static TDS_SCALAR_CHARS])
        NONNULL(1);
/* The value inside of a sql_variant: its type, and *value is cut to its bytes. False: none that
 * is read. */
bool tds_variant(struct span *value, struct tds_type *ret) NONNULL(1, 2);

#endif
