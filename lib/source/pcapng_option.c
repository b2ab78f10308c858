#include "source/pcapng_option.h"

#include "base/status.h"
#include "source/byte_order.h"

size_t pcapng_padding(size_t len)
{
	return (4 - len % 4) % 4;
}

int pcapng_options_next(struct pcapng_options *o, struct pcapng_option *ret)
{
	struct span head;
	struct span value;
	uint16_t code;
	size_t len;

	if (cursor_left(&o->left) == 0)
		return STATUS_OK;
	head = cursor_span(&o->left, 4);
	code = ordered_u16(head, 0, o->big_endian);
	len = ordered_u16(head, 2, o->big_endian);
	if (!cursor_failed(&o->left) && code == 0)
		return STATUS_OK;
	value = cursor_span(&o->left, len);
	cursor_skip(&o->left, pcapng_padding(len));
	if (cursor_failed(&o->left))
		return STATUS_MALFORMED;
	*ret = (struct pcapng_option){code, value};
	return STATUS_ITEM;
}
