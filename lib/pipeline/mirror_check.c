#include "pipeline/mirror_check.h"

#include <stdio.h>

#include "pipeline/pipeline.h"

static void note_inside(struct mirror_check *m, const struct addr *a)
{
	if (m->inside.family == ADDR_NONE)
		m->inside = *a;
	else if (!addr_equal(&m->inside, a))
		m->several_inside = true;
}

static void note_far(struct mirror_check *m, const struct addr *a)
{
	for (unsigned i = 0; i < m->far_count; i++)
		if (addr_equal(&m->far[i], a))
			return;
	if (m->far_count < MIRROR_FAR_MAX)
		m->far[m->far_count++] = *a;
}

static void count_packet(
        struct mirror_check *m, const struct packet *p, const struct inside_nets *inside)
{
	bool from_inside = inside_nets_contain(inside, &p->tuple.src.addr);
	bool to_inside = inside_nets_contain(inside, &p->tuple.dst.addr);

	m->packets++;
	if (addr_is_multicast(&p->tuple.dst.addr)) {
		m->broadcast++;
		return;
	}
	if (from_inside == to_inside)
		return;
	note_inside(m, from_inside ? &p->tuple.src.addr : &p->tuple.dst.addr);
	note_far(m, from_inside ? &p->tuple.dst.addr : &p->tuple.src.addr);
	if (from_inside)
		m->outward++;
	else
		m->inward++;
}

static void judge(struct mirror_check *m)
{
	char text[ADDR_TEXT_CHARS];

	m->done = true;
	if (m->packets < MIRROR_PACKETS_MIN)
		return;
	if (m->broadcast == m->packets) {
		snprintf(m->warning, sizeof(m->warning),
		        "Only broadcast traffic is visible: this port does not receive the "
		        "practice's "
		        "conversations. Switch on port mirroring, or capture on the router's "
		        "inside.");
	} else if ((m->outward == 0) != (m->inward == 0)) {
		snprintf(m->warning, sizeof(m->warning),
		        "Only traffic %s the practice is visible: set the mirror port to copy both "
		        "directions, otherwise most content cannot be read.",
		        m->outward ? "leaving" : "entering");
	} else if (!m->several_inside && m->far_count >= MIRROR_FAR_MIN) {
		addr_format(&m->inside, text);
		snprintf(m->warning, sizeof(m->warning),
		        "Every conversation belongs to one inside address (%s). If that is the "
		        "router, "
		        "capture on its inside: here no computer or program can be told apart.",
		        text);
	}
}

bool mirror_check_feed(
        struct mirror_check *m, const struct packet *p, const struct inside_nets *inside)
{
	if (m->done)
		return false;
	if (m->packets == 0)
		m->first_ns = p->time_ns;
	count_packet(m, p, inside);
	if (m->packets < PIPELINE_MIRROR_PACKETS &&
	        (p->time_ns - m->first_ns < PIPELINE_MIRROR_NS || m->packets < MIRROR_PACKETS_MIN))
		return false;
	judge(m);
	return m->warning[0] != '\0';
}

void mirror_check_finish(struct mirror_check *m)
{
	if (!m->done)
		judge(m);
}
