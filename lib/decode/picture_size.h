/* picture_size: how wide and high a picture is, by its header, as its bytes go by.
 *
 * Sources: W3C PNG section 11.2.2, GIF89a section 18, BITMAPINFOHEADER of Microsoft, RFC 9649
 * (WebP), ITU-T T.81 annex B (JPEG). */
#ifndef EXEAT_DECODE_PICTURE_SIZE_H
#define EXEAT_DECODE_PICTURE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

enum picture_format {
	PICTURE_JPEG,
	PICTURE_PNG,
	PICTURE_GIF,
	PICTURE_BMP,
	PICTURE_WEBP,
	PICTURE_OTHER, /* its size stands nowhere near its beginning */
};

struct picture_size {
	enum picture_format format;
	bool settled; /* the size is known, or will not be */
	bool begun;   /* JPEG: past its mark */
	uint64_t skip_bytes;
	uint32_t width, height; /* 0: not known */
};

void picture_size_open(struct picture_size *p, enum picture_format format) NONNULL(1);
/* Takes what it can, all of it once it has settled; leaves less than 32 bytes. */
void picture_size_feed(struct picture_size *p, struct cursor *c) NONNULL(1, 2);

#endif
