#include "source/saver.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/saved_name.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "source/pcapng_writer.h"

/* What went wrong for the first time, of each kind. */
enum trouble { TROUBLE_SAVING, TROUBLE_DELETING, TROUBLES };

struct saver {
	struct saver_options options;
	struct source *source; /* borrows; or NULL */
	struct pcapng_writer writer;
	int fd;                           /* of the open file; -1: none */
	uint32_t link_type;               /* of the open file */
	int64_t now_ns, time_ns;          /* by saver_tick */
	int64_t begun_ns, begun_time_ns;  /* the open file, by both clocks */
	int64_t flushed_ns, expired_ns;   /* when that was last done */
	int64_t retry_ns;                 /* nothing is saved before; 0: nothing is in the way */
	struct source_counts told_counts; /* of the source, told by the files that have ended */
	struct saver_counts counts;       /* of files that have ended */
	struct {
		char text[SAVER_REASON_CHARS];
		bool noted, told;
	} troubles[TROUBLES];
};

int saver_new(struct saver **ret_gives, const struct saver_options *options,
        struct source *source_borrowed)
{
	struct saver *s = calloc(1, sizeof(*s));

	if (!s)
		return STATUS_NO_MEMORY;
	s->options = *options;
	s->source = source_borrowed;
	s->fd = -1;
	s->expired_ns = INT64_MIN;
	*ret_gives = s;
	return STATUS_OK;
}

/* Only the first trouble is told; the counters tell the rest. */
static void note(struct saver *s, enum trouble kind, const char *what, const char *why)
{
	if (s->troubles[kind].noted)
		return;
	s->troubles[kind].noted = true;
	snprintf(s->troubles[kind].text, sizeof(s->troubles[kind].text), "%s: %s%s", what, why,
	        kind == TROUBLE_SAVING
	                ? "; the inspection goes on, and packets that are not saved are counted"
	                : "");
}

static void stop_saving(struct saver *s, const char *what, const char *why)
{
	s->retry_ns = s->now_ns + SAVER_RETRY_NS;
	note(s, TROUBLE_SAVING, what, why);
}

static void stop_after_failure(struct saver *s, int status)
{
	bool known = errno != 0 && (status == STATUS_IO || status == STATUS_NO_SPACE ||
	                                   status == STATUS_NO_PERMISSION);

	stop_saving(s, "content cannot be saved", known ? strerror(errno) : status_text(status));
}

/* The source has already counted a frame that is in hand; it is not told yet. */
static void source_counts_now(const struct saver *s, bool in_hand, struct source_counts *ret)
{
	if (!s->source || source_counts(s->source, 0, ret) != STATUS_OK)
		*ret = s->told_counts;
	else if (in_hand && ret->frames > s->told_counts.frames)
		ret->frames--;
}

/* Since the last file ended: what was dropped between two files is told by the second. */
static struct pcapng_statistics statistics_of(
        const struct saver *s, const struct source_counts *now)
{
	const struct source_counts *told = &s->told_counts;
	struct pcapng_statistics r = {.first_ns = s->begun_time_ns, .last_ns = s->time_ns};

	r.dropped = now->dropped_frames - told->dropped_frames;
	r.interface_dropped = now->interface_dropped_frames - told->interface_dropped_frames;
	r.received = now->frames - told->frames + r.dropped + r.interface_dropped;
	return r;
}

/* What is in the file stays; what is not counts as not saved. */
static void close_file(struct saver *s)
{
	s->counts.frames += s->writer.written_frames;
	s->counts.bytes += s->writer.written_bytes;
	s->counts.frames_not_saved += s->writer.pending_frames;
	pcapng_writer_end(&s->writer);
	s->writer = (struct pcapng_writer){.fd = -1};
	close(s->fd);
	s->fd = -1;
}

static void finish_file(struct saver *s, bool in_hand)
{
	struct source_counts now;
	struct pcapng_statistics statistics;
	int status;

	source_counts_now(s, in_hand, &now);
	statistics = statistics_of(s, &now);
	status = pcapng_writer_finish(&s->writer, &statistics);
	if (status == STATUS_OK)
		s->told_counts = now;
	else
		stop_after_failure(s, status);
	close_file(s);
}

void saver_finish(struct saver *s)
{
	if (s->fd >= 0)
		finish_file(s, false);
}

/* Also true when the file system does not say. */
static bool has_room(struct saver *s)
{
	struct statvfs info;
	uint64_t left;

	if (fstatvfs(s->options.folder_fd, &info) != 0)
		return true;
	left = (uint64_t)info.f_bavail * info.f_frsize;
	return left >= s->options.floor_bytes &&
	       left - s->options.floor_bytes >= PCAPNG_WRITER_PENDING_BYTES;
}

static bool check_room(struct saver *s)
{
	char why[96];

	if (has_room(s))
		return true;
	snprintf(why, sizeof(why), "less than %llu MiB are free on the disk",
	        (unsigned long long)(s->options.floor_bytes >> 20));
	stop_saving(s, "no more content is saved", why);
	return false;
}

/* Another file may have been begun in the same second. */
static int create_file(struct saver *s)
{
	char name[SAVED_NAME_CHARS];
	int fd = -1;

	for (unsigned number = 1; fd < 0 && number <= SAVED_NUMBER_MAX; number++) {
		saved_name_format(s->options.stem, s->time_ns / NS_PER_SECOND, number, name);
		fd = openat(s->options.folder_fd, name,
		        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static bool begin_file(struct saver *s, uint32_t link_type)
{
	const struct pcapng_head head = {.application = s->options.application,
	        .comment = s->options.comment,
	        .interface = s->options.interface,
	        .link_type = link_type,
	        .snap_bytes = s->options.snap_bytes};
	int status;

	if (!check_room(s))
		return false;
	s->fd = create_file(s);
	if (s->fd < 0) {
		stop_after_failure(s, STATUS_IO);
		return false;
	}
	s->retry_ns = 0;
	s->link_type = link_type;
	s->begun_ns = s->flushed_ns = s->now_ns;
	s->begun_time_ns = s->time_ns;
	s->counts.files++;
	status = pcapng_writer_begin(&s->writer, s->fd, &head);
	if (status == STATUS_OK)
		return true;
	stop_after_failure(s, status);
	close_file(s);
	return false;
}

static bool is_full(const struct saver *s)
{
	return s->writer.written_bytes + s->writer.pending.len >= s->options.file_bytes ||
	       s->now_ns - s->begun_ns >= s->options.every_ns;
}

void saver_feed(struct saver *s, const struct frame *frame)
{
	int status;

	if (s->fd >= 0 && (is_full(s) || frame->link_type != s->link_type))
		finish_file(s, true);
	if (s->fd < 0 && (s->now_ns < s->retry_ns || !begin_file(s, frame->link_type))) {
		s->counts.frames_not_saved++;
		return;
	}
	/* The frame that fills the buffer writes it, so that there must be room before. */
	if (s->writer.pending.len >= PCAPNG_WRITER_PENDING_BYTES && !check_room(s)) {
		finish_file(s, true);
		s->counts.frames_not_saved++;
		return;
	}
	status = pcapng_writer_add(&s->writer, frame);
	if (status == STATUS_OK)
		return;
	stop_after_failure(s, status);
	s->counts.frames_not_saved++;
	close_file(s);
}

static bool is_over(const struct saver *s, int64_t begun_s)
{
	return s->time_ns / NS_PER_SECOND - begun_s >= s->options.keep_ns / NS_PER_SECOND;
}

static bool is_too_old(const struct saver *s, const char *name)
{
	struct span stem;
	int64_t begun_s;

	return saved_name_parse(name, &stem, &begun_s) && span_equal_text(stem, s->options.stem) &&
	       is_over(s, begun_s);
}

static void delete_file(struct saver *s, const char *name)
{
	struct stat info;

	if (fstatat(s->options.folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
	        !S_ISREG(info.st_mode))
		return;
	if (unlinkat(s->options.folder_fd, name, 0) == 0) {
		s->counts.files_deleted++;
	} else {
		s->counts.files_not_deleted++;
		note(s, TROUBLE_DELETING, "cannot delete saved content that is too old",
		        strerror(errno));
	}
}

static void delete_old_files(struct saver *s)
{
	int copy = openat(s->options.folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;

	if (!folder) {
		note(s, TROUBLE_DELETING, "cannot look for saved content that is too old",
		        strerror(errno));
		if (copy >= 0)
			close(copy);
		return;
	}
	s->counts.files_not_deleted = 0;
	while ((entry = readdir(folder)))
		if (is_too_old(s, entry->d_name))
			delete_file(s, entry->d_name);
	closedir(folder);
}

/* A hundredth of the time to keep may pass unnoticed, but no more than a minute. */
static int64_t expiry_interval_ns(const struct saver *s)
{
	int64_t interval_ns = s->options.keep_ns / 100;

	if (interval_ns < NS_PER_SECOND)
		return NS_PER_SECOND;
	return interval_ns < SAVER_EXPIRY_NS_MAX ? interval_ns : SAVER_EXPIRY_NS_MAX;
}

void saver_tick(struct saver *s, int64_t monotonic_ns, int64_t time_of_day_ns)
{
	int status = STATUS_OK;

	s->now_ns = monotonic_ns;
	s->time_ns = time_of_day_ns;
	if (s->fd >= 0 && is_full(s))
		saver_finish(s);
	if (s->fd >= 0 && s->now_ns - s->flushed_ns >= SAVER_FLUSH_NS) {
		s->flushed_ns = s->now_ns;
		if (s->writer.pending.len > 0 && !check_room(s))
			saver_finish(s);
		else
			status = pcapng_writer_flush(&s->writer);
	}
	if (status != STATUS_OK) {
		stop_after_failure(s, status);
		close_file(s);
	}
	if (s->expired_ns == INT64_MIN || s->now_ns - s->expired_ns >= expiry_interval_ns(s)) {
		s->expired_ns = s->now_ns;
		/* The open file too, should the time of day have stepped: frames go to another. */
		if (s->fd >= 0 && is_over(s, s->begun_time_ns / NS_PER_SECOND))
			saver_finish(s);
		delete_old_files(s);
	}
}

const char *saver_trouble(struct saver *s)
{
	for (int i = 0; i < TROUBLES; i++) {
		if (!s->troubles[i].noted || s->troubles[i].told)
			continue;
		s->troubles[i].told = true;
		return s->troubles[i].text;
	}
	return NULL;
}

void saver_counts(const struct saver *s, struct saver_counts *ret)
{
	*ret = s->counts;
	ret->frames += s->writer.written_frames;
	ret->bytes += s->writer.written_bytes;
}

struct saver *saver_free(struct saver *s)
{
	if (!s)
		return NULL;
	saver_finish(s);
	free(s);
	return NULL;
}
