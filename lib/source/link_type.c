#include "source/link_type.h"

#include <pcap/pcap.h>
#include <stddef.h>

#include "base/compiler.h"
#include "source/source.h"

static const struct {
	uint32_t link_type;
	int dlt;
} differing[] = {
        {100, DLT_ATM_RFC1483},
        {101, DLT_RAW},
        {102, DLT_SLIP_BSDOS},
        {103, DLT_PPP_BSDOS},
        {106, DLT_ATM_CLIP},
};

int link_type_to_dlt(uint32_t link_type)
{
	for (size_t i = 0; i < ARRAY_LEN(differing); i++)
		if (differing[i].link_type == link_type)
			return differing[i].dlt;
	return (int)link_type;
}

uint32_t link_type_of_dlt(int dlt)
{
	for (size_t i = 0; i < ARRAY_LEN(differing); i++)
		if (differing[i].dlt == dlt)
			return differing[i].link_type;
	return (uint32_t)dlt;
}

const char *source_link_name(uint32_t link_type)
{
	const char *name = pcap_datalink_val_to_name(link_type_to_dlt(link_type));

	return name ? name : "";
}
