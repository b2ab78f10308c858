/* mask: the one way from a number to text: a dot for each letter or digit; separators stay. */
#ifndef EXEAT_DETECT_MASK_H
#define EXEAT_DETECT_MASK_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "detect/detect.h"

/* Of a name or an address only "•••": its length would tell who it is. */
void mask_text(char ret[static DETECT_MASK_CHARS]);
/* "•••• ••••• •"; a longer shape is cut. */
void mask_number(struct span shape, char ret[static DETECT_MASK_CHARS]);

#endif
