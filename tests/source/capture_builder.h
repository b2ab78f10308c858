/* capture_builder: builds captures in memory for the tests of lib/source, and reads them back in
 * each of the ways in which bytes may arrive: whole, byte by byte through a pipe, and cut. */
#ifndef EXEAT_TESTS_CAPTURE_BUILDER_H
#define EXEAT_TESTS_CAPTURE_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "source/source.h"

#define BUILT_FRAMES_MAX 64
#define BUILT_NAME_CHARS 64

/* Integers in the byte order of the file under construction. */
struct builder {
	struct buf bytes;
	bool big_endian;
};

void build_start(struct builder *b, bool big_endian);
void build_free(struct builder *b);
void build_u16(struct builder *b, uint16_t value);
void build_u32(struct builder *b, uint32_t value);
void build_u64(struct builder *b, uint64_t value);
void build_bytes(struct builder *b, const void *data, size_t len);
void build_zeros(struct builder *b, size_t len);

/* pcap. A frame's content is len bytes, each of value fill. */
void build_pcap_header(struct builder *b, uint32_t magic, uint32_t version, uint32_t link_type);
void build_pcap_frame(struct builder *b, uint32_t seconds, uint32_t fraction, size_t len);

/* pcapng. Blocks are opened, filled and closed; lengths are put in by the closing. */
size_t build_block_open(struct builder *b, uint32_t type);
void build_block_close(struct builder *b, size_t opened);
void build_option(struct builder *b, uint16_t code, const void *value, size_t len);
void build_section(struct builder *b);
/* resolution below zero writes no option for it. */
void build_interface(struct builder *b, uint16_t link_type, uint32_t snap_bytes, int resolution);
/* Opens an enhanced packet block and writes its packet; options may follow, then close it. */
size_t build_packet_open(struct builder *b, uint32_t interface, uint64_t units, size_t len);
void build_packet(struct builder *b, uint32_t interface, uint64_t units, size_t len);

/* What a reader gave of one frame. */
struct built_frame {
	int64_t time_ns;
	uint64_t number;
	uint32_t input, interface, link_type, length_bytes;
	size_t len;
	uint32_t sum; /* of the bytes */
	uint32_t pid;
	char name[BUILT_NAME_CHARS], path[BUILT_NAME_CHARS], command[BUILT_NAME_CHARS];
};

struct built_result {
	size_t count;
	struct built_frame frames[BUILT_FRAMES_MAX];
	struct source_counts counts; /* of input 0 */
};

int build_file(struct span bytes); /* gives a descriptor */
/* Gives the reading end of a pipe; a child process writes the bytes, step at a time. */
int build_pipe(struct span bytes, size_t step);
/* Reads all of one input. */
void build_read(int fd_taken, struct built_result *ret);
void build_read_bytes(struct span bytes, struct built_result *ret);
bool build_same_frame(const struct built_frame *a, const struct built_frame *b);
/* Reads the bytes whole, byte by byte, and cut at every offset. Every way gives the same frames as
 * far as it goes, and a cut that is not between two records is named. Fills *ret with the whole. */
void build_check(struct span bytes, struct built_result *ret);

#endif
