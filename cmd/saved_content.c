#include "cmd/saved_content.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"

int saved_content_begin(struct saved_content *s, const struct workplace *w,
        const struct saved_content_options *o, const char *interface, struct source *source)
{
	static const struct saved_content nothing;
	struct saver_options options;

	*s = nothing;
	if (!o)
		return STATUS_OK;
	display_text(o->purpose, s->purpose, sizeof(s->purpose));
	snprintf(s->keep, sizeof(s->keep), "%s", o->keep);
	snprintf(s->comment, sizeof(s->comment),
	        "Purpose: %s. Kept on purpose for %s after its start. After that exeat deletes it "
	        "when it next saves here; otherwise delete it by hand.",
	        s->purpose, s->keep);
	options = (struct saver_options){.folder_fd = w->save_fd,
	        .stem = w->save_stem,
	        .application = "exeat " EXEAT_VERSION,
	        .interface = interface,
	        .comment = s->comment,
	        .snap_bytes = SOURCE_FRAME_BYTES_MAX,
	        .keep_ns = o->keep_ns,
	        .every_ns = o->every_ns,
	        .file_bytes = o->file_bytes,
	        .floor_bytes = o->floor_bytes};
	return saver_new(&s->saver, &options, source);
}

const struct report_saved *saved_content_report(struct saved_content *s)
{
	struct saver_counts counts;

	if (!s->saver)
		return NULL;
	saver_counts(s->saver, &counts);
	s->report = (struct report_saved){.purpose = s->purpose,
	        .keep = s->keep,
	        .files = counts.files,
	        .frames = counts.frames,
	        .bytes = counts.bytes,
	        .frames_not_saved = counts.frames_not_saved,
	        .files_deleted = counts.files_deleted,
	        .files_not_deleted = counts.files_not_deleted};
	return &s->report;
}

void saved_content_end(struct saved_content *s)
{
	s->saver = saver_free(s->saver);
}
