/* stepping: a clock that somebody sets, for one program alone. Preloaded into exeat, it adds what
 * the file STEPPING_FILE holds, seconds as a 64-bit number that may change at any time, to the time
 * of day and to the times of captured packets. The clock of the machine stays as it is. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *seconds;
static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_next)(pcap_t *, struct pcap_pkthdr **, const u_char **);

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("STEPPING_FILE");
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *memory = mmap(NULL, sizeof(*seconds), PROT_READ, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		_exit(99);
	seconds = memory;
	close(fd);
	real_clock = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	real_next = (int (*)(pcap_t *, struct pcap_pkthdr **, const u_char **))dlsym(
	        RTLD_NEXT, "pcap_next_ex");
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int result = real_clock(clock, ret);

	if (result == 0 && clock == CLOCK_REALTIME)
		ret->tv_sec += *seconds;
	return result;
}

int pcap_next_ex(pcap_t *pcap, struct pcap_pkthdr **ret_header, const u_char **ret_data)
{
	static struct pcap_pkthdr header;
	int result = real_next(pcap, ret_header, ret_data);

	if (result == 1) {
		header = **ret_header;
		header.ts.tv_sec += *seconds;
		*ret_header = &header;
	}
	return result;
}
