#include "pipeline/live_clock.h"

#include "base/timestamp.h"
#include "flow/flow.h"

/* Time of day and packet time differ by that much in the best of order. */
#define AHEAD_NS (2 * NS_PER_SECOND)

void live_clock_begin(struct live_clock *c, int64_t monotonic_ns)
{
	*c = (struct live_clock){
	        .began_ns = monotonic_ns, .until_ns = monotonic_ns, .since_ns = monotonic_ns};
}

void live_clock_heard(struct live_clock *c, int64_t monotonic_ns)
{
	if (c->first_ns == 0)
		c->first_ns = monotonic_ns;
	c->heard_ns = c->until_ns = monotonic_ns;
}

int64_t live_clock_now(struct live_clock *c, const struct live_moment *m, int64_t ticked_ns)
{
	const int64_t passed_ns = m->time_of_day_ns - LIVE_CLOCK_LAG_NS;

	c->until_ns = m->monotonic_ns;
	if (ticked_ns != c->ticked_ns) {
		c->ticked_ns = ticked_ns;
		c->since_ns = m->monotonic_ns;
	}
	if (ticked_ns == 0) /* there is no conversation yet */
		return 0;
	if (ticked_ns - passed_ns > FLOW_CLOCK_BACK_NS)
		return passed_ns;
	if (ticked_ns - passed_ns > AHEAD_NS)
		return ticked_ns + (m->monotonic_ns - c->since_ns) / 2;
	return m->quiet && passed_ns > ticked_ns ? passed_ns : ticked_ns;
}

static int64_t at_most(int64_t ns, int64_t max_ns)
{
	return ns < max_ns ? ns : max_ns;
}

void live_clock_stretch(const struct live_clock *c, int64_t *first_ns, int64_t *last_ns)
{
	if (c->first_ns == 0)
		return;
	*first_ns -= at_most(c->first_ns - c->began_ns, LIVE_CLOCK_SILENCE_NS);
	*last_ns += at_most(c->until_ns - c->heard_ns, LIVE_CLOCK_SILENCE_NS);
}
