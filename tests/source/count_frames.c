/* count_frames: reads captures with lib/source and prints one line a file: frames, how reading
 * ended, the file. For tests/source/compare_counts.sh. */
#include <fcntl.h>
#include <stdio.h>

#include "base/status.h"
#include "source/source.h"

static int count(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	int status = source_open_files(&source, &fd, 1, NULL);

	if (status != STATUS_OK)
		return status;
	do
		status = source_next(source, -1, &frame);
	while (status == STATUS_ITEM);
	if (status == STATUS_OK)
		status = source_counts(source, 0, &counts);
	if (status == STATUS_OK)
		printf("%llu\t%s\t%s\n", (unsigned long long)counts.frames,
		        counts.end_reason ? counts.end_reason : "end", path);
	source_free(source);
	return status;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int status = count(argv[i]);

		if (status != STATUS_OK) {
			fprintf(stderr, "count_frames: %s: %s\n", argv[i], status_text(status));
			return 1;
		}
	}
	return 0;
}
