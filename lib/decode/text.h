/* text: running text passed on in pieces as it comes: for text.c's own decoder, and for one that
 * held its input only to find that it was nothing else. */
#ifndef EXEAT_DECODE_TEXT_H
#define EXEAT_DECODE_TEXT_H

#include <stdbool.h>

#include "decode/decoder.h"

struct running_text {
	bool begun; /* a message is open */
	bool ended;
	bool first; /* the next piece begins a running text */
	bool datagram;
};

/* As the functions of a decoder, with a struct running_text as state. */
int running_text_open(void *state, const struct decode_env *env);
int running_text_feed(
        void *state, const struct decode_in *in, size_t *ret_consumed, struct decode_out *out);
int running_text_gap(
        void *state, struct span before, uint64_t missing_bytes, struct decode_out *out);

#endif
