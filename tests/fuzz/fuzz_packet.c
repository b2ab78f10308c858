/* fuzz_packet: byte 0 picks the link type, byte 1 says how many bytes the capture cut off, the rest
 * is the frame. */
#include <stdlib.h>

#include "net/packet.h"

static const uint32_t links[] = {1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276, 147};

static void check(const struct packet *p, struct span bytes)
{
	if (p->outcome >= PACKET_OUTCOMES || p->payload.len > bytes.len || p->ip.len > bytes.len)
		abort();
	if (p->outcome == PACKET_OK && p->payload_wire_bytes < p->payload.len)
		abort();
	if (p->outcome <= PACKET_FRAGMENT && p->tuple.src.addr.family == ADDR_NONE)
		abort();
	if (p->payload.len > 0 &&
	        (p->payload.data < bytes.data ||
	                p->payload.data + p->payload.len > bytes.data + bytes.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame = {0};
	struct packet p, again;

	if (size < 2)
		return 0;
	frame.link_type = links[data[0] % ARRAY_LEN(links)];
	frame.bytes = span_of(data + 2, size - 2);
	frame.length_bytes = (uint32_t)(size - 2) + data[1];
	packet_decode(&frame, &p);
	check(&p, frame.bytes);
	packet_decode_ip(frame.bytes, &p, &again);
	check(&again, frame.bytes);
	return 0;
}
