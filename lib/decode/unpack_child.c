/* unpack_child: in the process that was made for one document. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/status.h"
#include "decode/archive_file.h"
#include "decode/pdf_file.h"
#include "decode/spool.h"
#include "decode/unpacker.h"
#include "decode/xlsx_file.h"

#define EXIT_DONE   0
#define EXIT_FAILED 6 /* whoever waits for the answer sees that it is not whole */

int decode_unpack(const struct handover *job)
{
	struct unpack_sink sink = {.fd = job->fds[1]};
	struct stat info;
	struct span document;
	void *memory;

	if (fstat(job->fds[0], &info) != 0 || info.st_size <= 0)
		return EXIT_FAILED;
	memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, job->fds[0], 0);
	if (memory == MAP_FAILED)
		return EXIT_FAILED;
	document = span_of(memory, (size_t)info.st_size);
	if (job->note[0] == UNPACK_PDF)
		pdf_file_read(document, &sink);
	else if (job->note[0] == UNPACK_OFFICE)
		xlsx_file_read(document, &sink);
	else
		archive_file_read(document, (enum unpack_format)job->note[0], &sink);
	return sink.status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}
