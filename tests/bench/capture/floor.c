/* floor CAPTURE: reads every packet with libpcap and does nothing with it, which is the least that
 * any program spends on a capture. Prints packets and bytes. */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

struct floor_count {
	uint64_t packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct floor_count *c = (struct floor_count *)(void *)user;

	(void)data;
	c->packets++;
	c->bytes += header->caplen;
}

int main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE];
	struct floor_count c = {0};
	pcap_t *capture;
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: floor CAPTURE\n");
		return 2;
	}
	capture = pcap_open_offline(argv[1], why);
	if (!capture) {
		fprintf(stderr, "floor: %s\n", why);
		return 2;
	}
	status = pcap_loop(capture, -1, count, (u_char *)&c);
	if (status < 0)
		fprintf(stderr, "floor: %s\n", pcap_geterr(capture));
	pcap_close(capture);
	printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", c.packets, c.bytes);
	return status < 0 ? 2 : 0;
}
