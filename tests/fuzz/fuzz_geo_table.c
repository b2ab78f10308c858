/* The text tables of the country data: the first byte chooses the form, the rest is the table, fed
 * in pieces. What was read is written as a database of bounded size. */
#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"
#include "classify/geo_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct geo_problem problem = {0};
	struct geo_build *b = NULL;
	struct buf country, asn;
	struct span text = span_of(data + (size ? 1 : 0), size ? size - 1 : 0);
	int status = geo_build_new(&b);

	if (status != STATUS_OK)
		return 0;
	buf_init(&country, 1 << 22, NULL);
	buf_init(&asn, 1 << 22, NULL);
	status = geo_build_table(b, size ? (enum geo_form)(data[0] % 3) : GEO_LOCATION);
	for (size_t at = 0; status == STATUS_OK && at < text.len; at += 61)
		status = geo_build_feed(b, span_slice(text, at, 61), &problem);
	if (status == STATUS_OK)
		status = geo_build_table_end(b, &problem);
	if (status == STATUS_MALFORMED && !problem.text)
		abort();
	if (status == STATUS_OK && geo_build_finish(b, &country, &asn) == STATUS_BUG)
		abort();
	buf_free(&country);
	buf_free(&asn);
	geo_build_free(b);
	return 0;
}
