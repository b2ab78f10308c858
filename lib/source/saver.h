/* saver: keeps captured frames on purpose, in pcapng files of one folder (pcapng_writer,
 * base/saved_name.h), for a time that is stated before.
 *
 * A new file is begun when one is large or old enough. Files of the same stem that are older than
 * the time to keep, by the time in their name, are deleted at the start and while it runs; others
 * are never touched. A full disk, too little room, or any other trouble ends the file and not the
 * run: the frames are counted as not saved, and after SAVER_RETRY_NS it is tried again. */
#ifndef EXEAT_SOURCE_SAVER_H
#define EXEAT_SOURCE_SAVER_H

#include <stdint.h>

#include "base/compiler.h"
#include "net/packet.h"
#include "source/source.h"

#define SAVER_RETRY_NS      (5 * INT64_C(1000000000))  /* after trouble, and for room */
#define SAVER_FLUSH_NS      (1 * INT64_C(1000000000))  /* no more is lost when it is killed */
#define SAVER_EXPIRY_NS_MAX (60 * INT64_C(1000000000)) /* between looks for what is too old */
#define SAVER_REASON_CHARS  192

/* Strings and the folder are borrowed for the saver's life. */
struct saver_options {
	int folder_fd;
	const char *stem; /* of the files' names; SAVED_STEM_CHARS_MAX */
	const char *application, *interface, *comment;
	uint32_t snap_bytes;
	int64_t keep_ns;      /* a file is deleted when its start is that old */
	int64_t every_ns;     /* a new file after so long … */
	uint64_t file_bytes;  /* … or when it has grown so large */
	uint64_t floor_bytes; /* free space that must be left to others */
};

struct saver_counts {
	uint64_t files, frames, bytes; /* written; of frames that are in files */
	uint64_t frames_not_saved;     /* for want of room, or by any other trouble */
	uint64_t files_deleted;        /* being older than the time to keep */
	uint64_t files_not_deleted;    /* too old, and the machine refused, when last looked */
};

struct saver;

/* source: asked, when a file ends, what was received and dropped since the last one did; NULL:
 * nobody. Nothing is written before the first frame. */
int saver_new(struct saver **ret_gives, const struct saver_options *options,
        struct source *source_borrowed) WUNRES NONNULL(1, 2);
/* Before the first frame and then several times a second: by a clock that never steps, and by the
 * time of day, since 1970. */
void saver_tick(struct saver *s, int64_t monotonic_ns, int64_t time_of_day_ns) NONNULL(1);
void saver_feed(struct saver *s, const struct frame *frame) NONNULL(1, 2);
/* Ends the file in order. Further frames begin another. */
void saver_finish(struct saver *s) NONNULL(1);
/* The first trouble with saving, and with deleting, as one sentence, each once; NULL: there is
 * nothing (more) to say. Of the saver. */
const char *saver_trouble(struct saver *s) NONNULL(1);
void saver_counts(const struct saver *s, struct saver_counts *ret) NONNULL(1, 2);
/* Ends the file in order. NULL ok, returns NULL. */
struct saver *saver_free(struct saver *s);

#endif
