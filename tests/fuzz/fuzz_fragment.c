/* fuzz_fragment: a list of raw IP packets, each behind a byte of time (in seconds) and a byte of
 * length; the table's budget is small. */
#include <stdlib.h>

#include "base/status.h"
#include "net/fragment.h"

static void feed(struct fragment_table *t, const struct frame *frame)
{
	struct packet p, out;

	packet_decode(frame, &p);
	for (int depth = 0; depth < 4 && p.outcome == PACKET_FRAGMENT; depth++) {
		int status = fragment_table_feed(t, &p, &out);

		if (status < 0)
			abort();
		if (status != STATUS_ITEM)
			return;
		if (out.payload.len > 65535)
			abort();
		p = out;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_open_bytes(data, size);
	struct frame frame = {.link_type = 101};
	struct fragment_table *t;
	struct fragment_counts counts;
	struct budget budget;

	budget_init(&budget, 300000);
	if (fragment_table_new(&t, &budget) != STATUS_OK)
		return 0;
	while (cursor_left(&c) > 2) {
		size_t len;

		frame.time_ns += cursor_u8(&c) * INT64_C(1000000000);
		len = cursor_u8(&c);
		frame.bytes = cursor_span(&c, len < c.left ? len : c.left);
		frame.length_bytes = (uint32_t)frame.bytes.len;
		feed(t, &frame);
	}
	fragment_table_counts(t, &counts);
	if (counts.reassembled > counts.fragments || budget.used_bytes > budget.max_bytes)
		abort();
	fragment_table_free(t);
	if (budget.used_bytes != 0)
		abort();
	return 0;
}
