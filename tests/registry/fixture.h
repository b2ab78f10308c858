/* fixture: files of the source tree, whole in memory, for the tests of the registry. */
#ifndef EXEAT_TESTS_REGISTRY_FIXTURE_H
#define EXEAT_TESTS_REGISTRY_FIXTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/status.h"

#define FIXTURE_BYTES_MAX (1u << 20)

/* False when there is no such file; ret must be freed either way. */
static bool fixture_read(const char *path, struct buf *ret)
{
	char full[512];
	uint8_t piece[4096];
	size_t len;
	FILE *f;

	buf_init(ret, FIXTURE_BYTES_MAX, NULL);
	snprintf(full, sizeof(full), "%s/fixtures/%s", SOURCE, path);
	f = fopen(full, "rb");
	if (!f)
		return false;
	while ((len = fread(piece, 1, sizeof(piece), f)) > 0)
		if (buf_append(ret, span_of(piece, len)) != STATUS_OK)
			break;
	fclose(f);
	return true;
}

#endif
