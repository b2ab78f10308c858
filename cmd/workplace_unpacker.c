#include <unistd.h>

#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"
#include "decode/unpacker.h"

void workplace_start_unpacker(struct workplace *w)
{
	struct handover job;
	bool is_job;
	int status = priv_start_unpacker(&w->user, &w->unpacker_fd, &is_job, &job);

	if (status == STATUS_OK && is_job)
		_exit(decode_unpack(&job));
	if (status != STATUS_OK)
		log_warning("PDF documents and archives (7z, RAR) are not looked into: the process "
		            "that opens them cannot be started: %s",
		        status_text(status));
	w->sandbox.unpacker_fd = w->unpacker_fd;
}
