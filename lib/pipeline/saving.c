#include "pipeline/saving.h"

#include "base/log.h"
#include "source/saver.h"

#define IP_TCP    6
#define IP_ICMP   1
#define IP_ICMPV6 58

#define LOOKED_AT 2 /* IP packets of a frame */

bool saving_excludes_packet(const struct pipeline_options *o, const struct packet *packet)
{
	for (size_t i = 0; i < o->excluded_count; i++)
		if (prefix_contains(&o->excluded[i], &packet->tuple.src.addr) ||
		        prefix_contains(&o->excluded[i], &packet->tuple.dst.addr))
			return true;
	return false;
}

bool saving_excludes_frame(
        const struct pipeline_options *o, const struct frame *frame, const struct packet *packet)
{
	struct packet outer;

	if (o->excluded_count == 0)
		return false;
	if (saving_excludes_packet(o, packet))
		return true;
	if (!packet->tunnelled)
		return false;
	packet_decode_outermost(frame, &outer);
	return saving_excludes_packet(o, &outer);
}

/* The ends of every packet in the frame are known. Only the outermost and the innermost are looked
 * at; a fragment, or what cannot be opened, may be a tunnel that holds another. */
static bool ends_are_known(const struct packet *packet)
{
	uint8_t protocol = packet->tuple.protocol;

	if (packet->inner_unread || packet->ip_headers > LOOKED_AT)
		return false;
	if (packet->outcome == PACKET_FRAGMENT)
		return protocol == IP_TCP || protocol == IP_ICMP || protocol == IP_ICMPV6;
	return packet->outcome == PACKET_OK;
}

bool saving_feed(
        const struct pipeline_options *o, const struct frame *frame, const struct packet *packet)
{
	if (!o->saver)
		return true;
	if (o->excluded_count > 0 && !ends_are_known(packet))
		return false;
	saver_feed(o->saver, frame);
	return true;
}

static void say_what_is_wrong(struct saver *saver)
{
	const char *trouble;

	while ((trouble = saver_trouble(saver)))
		log_warning("%s", trouble);
}

void saving_tick(struct saver *saver, int64_t monotonic_ns, int64_t time_of_day_ns)
{
	if (!saver)
		return;
	saver_tick(saver, monotonic_ns, time_of_day_ns);
	say_what_is_wrong(saver);
}

void saving_finish(struct saver *saver)
{
	if (!saver)
		return;
	saver_finish(saver);
	say_what_is_wrong(saver);
}

uint64_t saving_lost(const struct saver *saver)
{
	struct saver_counts counts = {0};

	if (saver)
		saver_counts(saver, &counts);
	return counts.frames_not_saved;
}
