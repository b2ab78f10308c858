/* fuzz_pcap: the pcap reader, and with it the compression layer, on arbitrary files. */
#include "fuzz_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_source(data, size, NULL);
	return 0;
}
