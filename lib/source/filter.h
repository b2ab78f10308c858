/* filter: libpcap's capture-filter language for frames of files, compiled once per link type.
 *
 * Host names in a filter are refused: libpcap would ask the network for their addresses, and no
 * look-up leaves the machine. A filter that a link type cannot express (say, a port on a USB bus)
 * matches none of its frames. */
#ifndef EXEAT_SOURCE_FILTER_H
#define EXEAT_SOURCE_FILTER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "net/packet.h"

#define FILTER_LINK_TYPES_MAX 32   /* of one run; frames of further ones do not match */
#define FILTER_CHARS_MAX      4096 /* a page of addresses fits */
#define FILTER_REASON_CHARS   256

struct filter;

/* 0, STATUS_USAGE with ret_reason when it is no filter, or a failure. Copies the text. */
int filter_open(struct filter **ret_gives, const char *text,
        char ret_reason[static FILTER_REASON_CHARS]) WUNRES NONNULL(1, 2);
struct filter *filter_free(struct filter *f); /* NULL ok, returns NULL */
/* 1 when the frame matches, 0 when not, or a failure. */
int filter_match(struct filter *f, const struct frame *frame) WUNRES NONNULL(1, 2);

#endif
