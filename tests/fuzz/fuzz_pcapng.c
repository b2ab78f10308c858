/* fuzz_pcapng: the pcapng reader on arbitrary files, with a filter, so that frames of every link
 * type reach libpcap's virtual machine, too. */
#include "fuzz_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_source(data, size, NULL);
	fuzz_source(data, size, "tcp port 80 or udp");
	return 0;
}
