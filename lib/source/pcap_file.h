/* pcap_file: reads the pcap format, draft-ietf-opsawg-pcap sections 4 and 5.
 *
 * Both byte orders, micro- and nanoseconds, versions 2.0 to 2.4 (older ones exchange the two length
 * fields). A packet longer than the file's snap length is accepted up to SOURCE_FRAME_BYTES_MAX,
 * since common tools write such files. PCAPdroid's trailer (its "dump extensions") is
 * understood. */
#ifndef EXEAT_SOURCE_PCAP_FILE_H
#define EXEAT_SOURCE_PCAP_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/packet.h"
#include "source/input_stream.h"

#define PCAP_HEADER_BYTES   24
#define PCAP_RECORD_BYTES   16
#define PCAP_APP_NAME_BYTES 20 /* PCAPdroid's trailer */

enum pcap_lengths { PCAP_LENGTHS_IN_ORDER, PCAP_LENGTHS_SWAPPED, PCAP_LENGTHS_SORTED };

struct pcap_file {
	bool big_endian;
	uint32_t ns_per_unit; /* of the second time field */
	enum pcap_lengths lengths;
	uint32_t link_type;
	uint32_t interface;
	char app_name[PCAP_APP_NAME_BYTES + 1]; /* frame.process of the last frame borrows it */
};

/* True when a pcap file of any kind starts like this, also one that we do not read. */
bool pcap_file_is(struct span start);
/* Reads the file header. 0; STATUS_TRUNCATED or STATUS_UNSUPPORTED with *ret_reason; STATUS_MORE;
 * or a failure. */
int pcap_file_open(struct pcap_file *f, struct input_stream *in, const char **ret_reason) WUNRES
        NONNULL(1, 2, 3);
/* The next packet: fills all of *ret but input and number. STATUS_ITEM; STATUS_END;
 * STATUS_TRUNCATED or STATUS_MALFORMED with *ret_reason; STATUS_MORE; or a failure. */
int pcap_file_next(struct pcap_file *f, struct input_stream *in, struct frame *ret,
        const char **ret_reason) WUNRES NONNULL(1, 2, 3, 4);

#endif
