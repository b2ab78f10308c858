/* fuzz_opening: the first byte chooses the protocol, the rest is a direction's first bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/opening.h"

static void check_within(struct span part, struct span whole)
{
	if (part.len > 0 &&
	        (part.data < whole.data || part.data + part.len > whole.data + whole.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct opening cut, whole;
	struct span front;
	int status;

	if (size == 0)
		return 0;
	front = span_of(data + 1, size - 1);
	status = opening_read((enum opening_protocol)(data[0] % 5), front, true, &whole);
	if (status != STATUS_OK)
		abort();
	check_within(whole.host, front);
	check_within(whole.software, front);
	/* What is said of some bytes is said of them with any others behind them. */
	for (size_t len = 0; len < front.len && len < 300; len++) {
		status = opening_read((enum opening_protocol)(data[0] % 5),
		        span_slice(front, 0, len), false, &cut);
		if (status == STATUS_MORE)
			continue;
		if (status != STATUS_OK || !span_equal(cut.host, whole.host) ||
		        !span_equal(cut.software, whole.software) || cut.tunnel != whole.tunnel)
			abort();
	}
	return 0;
}
