/* fuzz_source: reads one capture to its end and touches every byte that it gives, so that a
 * sanitizer sees a span that reaches too far. Checks what always holds of the counts. */
#ifndef EXEAT_TESTS_FUZZ_SOURCE_H
#define EXEAT_TESTS_FUZZ_SOURCE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/status.h"
#include "source/source.h"

static volatile uint8_t fuzz_sink;

static inline void fuzz_touch(const struct frame *f)
{
	for (size_t i = 0; i < f->bytes.len; i++)
		fuzz_sink ^= f->bytes.data[i];
	if (f->process.name)
		fuzz_sink ^= (uint8_t)strlen(f->process.name);
	if (f->process.path)
		fuzz_sink ^= (uint8_t)strlen(f->process.path);
	if (f->process.command)
		fuzz_sink ^= (uint8_t)strlen(f->process.command);
	if (f->bytes.len > SOURCE_FRAME_BYTES_MAX || f->length_bytes < f->bytes.len)
		abort();
}

static inline void fuzz_source(const uint8_t *data, size_t size, const char *filter)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	uint64_t frames = 0;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (source_open_files(&source, &fd, 1, filter) != STATUS_OK)
		abort();
	while (source_next(source, 0, &frame) == STATUS_ITEM) {
		fuzz_touch(&frame);
		frames++;
	}
	if (!source_ended(source) || source_counts(source, 0, &counts) != STATUS_OK)
		abort();
	if (counts.frames != frames || counts.end_after_frame != frames + counts.filtered_frames)
		abort();
	if ((counts.end == STATUS_END) != (counts.end_reason == NULL))
		abort();
	for (size_t i = 0; i < source_secrets_count(source); i++)
		fuzz_sink ^= source_secrets(source, i).bytes.data[0];
	source_free(source);
}

#endif
