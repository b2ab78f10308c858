/* Which frames are of an excluded network, and which of the others may be saved. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "pipeline/saving.h"
#include "source/saver.h"

#define UDP  17
#define TCP  6
#define IPIP 4
#define GRE  47

struct made {
	uint8_t bytes[160];
	size_t len;
};

/* 192.168.net.1 to 203.0.113.9. */
static void add_ip(struct made *m, uint8_t net, uint8_t protocol, uint16_t fragment, size_t payload)
{
	const uint8_t head[20] = {0x45, 0, 0, (uint8_t)(20 + payload), 0, 1,
	        (uint8_t)(fragment >> 8), (uint8_t)fragment, 64, protocol, 0, 0, 192, 168, net, 1,
	        203, 0, 113, 9};

	memcpy(m->bytes + m->len, head, sizeof(head));
	m->len += sizeof(head);
}

static struct made ethernet(uint16_t type)
{
	struct made m = {.len = 14};

	m.bytes[12] = (uint8_t)(type >> 8);
	m.bytes[13] = (uint8_t)type;
	return m;
}

static struct made ip_frame(uint8_t net, uint8_t protocol, uint16_t fragment)
{
	struct made m = ethernet(0x0800);

	add_ip(&m, net, protocol, fragment, 40);
	m.bytes[m.len + 12] = 0x50; /* length of a TCP header */
	m.bytes[m.len + 5] = 40;    /* length of UDP */
	m.len += 40;
	return m;
}

static struct made tunnel(uint8_t outer_net, uint8_t inner_net)
{
	struct made m = ethernet(0x0800);

	add_ip(&m, outer_net, IPIP, 0, 60);
	add_ip(&m, inner_net, UDP, 0, 40);
	m.bytes[m.len + 5] = 40;
	m.len += 40;
	return m;
}

enum wrapping { GRE_IP, GRE_UNKNOWN, GRE_VERSION, VXLAN, VXLAN_UNKNOWN };

/* Of network 1, with a packet of inner_net inside, whose UDP header says udp_bytes of its 40. */
static struct made wrapped(enum wrapping wrapping, uint8_t inner_net, uint8_t udp_bytes)
{
	const uint8_t gre[] = {
	        0, wrapping == GRE_VERSION ? 2 : 0, 0x08, wrapping == GRE_UNKNOWN ? 0xff : 0};
	const uint8_t vxlan[] = {0x30, 0x39, 0x12, 0xb5, 0, 90, 0, 0, wrapping == VXLAN ? 0x08 : 0,
	        0, 0, 0, 0, 0, 1, 0};
	const bool is_gre = wrapping <= GRE_VERSION;
	const struct made link = ethernet(0x0800);
	struct made m = link;

	add_ip(&m, 1, is_gre ? GRE : UDP, 0, is_gre ? 64 : 90);
	memcpy(m.bytes + m.len, is_gre ? gre : vxlan, is_gre ? sizeof(gre) : sizeof(vxlan));
	m.len += is_gre ? sizeof(gre) : sizeof(vxlan);
	if (!is_gre) {
		memcpy(m.bytes + m.len, link.bytes, link.len);
		m.len += link.len;
	}
	add_ip(&m, inner_net, UDP, 0, 40);
	m.bytes[m.len + 5] = udp_bytes;
	m.len += 40;
	return m;
}

/* IP in IP in IP. */
static struct made tunnel_in_tunnel(uint8_t middle_net)
{
	struct made m = ethernet(0x0800);

	add_ip(&m, 1, IPIP, 0, 80);
	add_ip(&m, middle_net, IPIP, 0, 60);
	add_ip(&m, 1, UDP, 0, 40);
	m.bytes[m.len + 5] = 40;
	m.len += 40;
	return m;
}

enum fate { EXCLUDED, SAVED, LEFT_OUT };

static enum fate fate_of(const struct pipeline_options *o, const struct made *m)
{
	const struct frame frame = {
	        .bytes = {m->bytes, m->len}, .length_bytes = (uint32_t)m->len, .link_type = 1};
	struct packet packet;

	packet_decode(&frame, &packet);
	if (saving_excludes_frame(o, &frame, &packet))
		return EXCLUDED;
	return saving_feed(o, &frame, &packet) ? SAVED : LEFT_OUT;
}

static struct saver *start_saver(char *folder, int *ret_fd)
{
	struct saver_options options = {.stem = "x",
	        .application = "test",
	        .interface = "eth0",
	        .comment = "test",
	        .keep_ns = INT64_C(3600000000000),
	        .every_ns = INT64_C(3600000000000),
	        .file_bytes = 1 << 20};
	struct saver *saver;

	assert_non_null(mkdtemp(folder));
	*ret_fd = options.folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
	assert_int_equal(saver_new(&saver, &options, NULL), STATUS_OK);
	saving_tick(saver, 0, INT64_C(1795346138000000000));
	return saver;
}

static void frames_of_excluded_networks_are_told(void **state)
{
	const struct {
		struct made made;
		enum fate with_nets, without;
	} cases[] = {
	        {ip_frame(1, UDP, 0), SAVED, SAVED},
	        {ip_frame(50, UDP, 0), EXCLUDED, SAVED},
	        {ip_frame(50, TCP, 0x2000), EXCLUDED, SAVED},
	        {ip_frame(1, TCP, 0x2000), SAVED, SAVED},
	        {ip_frame(1, UDP, 0x2000), LEFT_OUT, SAVED}, /* VXLAN, perhaps */
	        {ip_frame(1, IPIP, 0x0001), LEFT_OUT, SAVED},
	        {tunnel(1, 1), SAVED, SAVED},
	        {tunnel(1, 50), EXCLUDED, SAVED},
	        {tunnel(50, 1), EXCLUDED, SAVED},
	        {ethernet(0x0806), LEFT_OUT, SAVED},
	        {wrapped(GRE_IP, 1, 40), SAVED, SAVED},
	        {wrapped(GRE_IP, 50, 40), EXCLUDED, SAVED},
	        /* Nobody can tell what is inside. */
	        {wrapped(GRE_IP, 50, 41), LEFT_OUT, SAVED},
	        {wrapped(GRE_UNKNOWN, 50, 40), LEFT_OUT, SAVED},
	        {wrapped(GRE_VERSION, 50, 40), LEFT_OUT, SAVED},
	        {wrapped(VXLAN, 1, 40), SAVED, SAVED},
	        {wrapped(VXLAN, 50, 40), EXCLUDED, SAVED},
	        {wrapped(VXLAN, 50, 41), LEFT_OUT, SAVED},
	        {wrapped(VXLAN_UNKNOWN, 50, 40), LEFT_OUT, SAVED},
	        {tunnel_in_tunnel(1), LEFT_OUT, SAVED},
	        {tunnel_in_tunnel(50), LEFT_OUT, SAVED},
	};
	char folder[] = "/tmp/exeat-saving-XXXXXX";
	struct prefix guests;
	struct pipeline_options with_nets = {.excluded = &guests, .excluded_count = 1};
	struct pipeline_options without = {.excluded_count = 0};
	struct saver_counts counts;
	int fd;

	(void)state;
	assert_true(prefix_parse("192.168.50.0/24", &guests));
	with_nets.saver = without.saver = start_saver(folder, &fd);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fate_of(&with_nets, &cases[i].made), cases[i].with_nets);
		assert_int_equal(fate_of(&without, &cases[i].made), cases[i].without);
	}
	saving_finish(with_nets.saver);
	assert_int_equal(saving_lost(with_nets.saver), 0);
	saver_counts(with_nets.saver, &counts);
	assert_int_equal(counts.frames, 5 + ARRAY_LEN(cases));
	saver_free(with_nets.saver);
	assert_int_equal(unlinkat(fd, "x-20261122T111538Z.pcapng", 0), 0);
	close(fd);
	assert_int_equal(rmdir(folder), 0);
}

static void without_a_saver_nothing_is_left_out(void **state)
{
	const struct made arp = ethernet(0x0806);
	struct prefix guests;
	const struct pipeline_options options = {.excluded = &guests, .excluded_count = 1};

	(void)state;
	assert_true(prefix_parse("192.168.50.0/24", &guests));
	assert_int_equal(fate_of(&options, &arp), SAVED);
	saving_tick(NULL, 0, 0);
	saving_finish(NULL);
	assert_int_equal(saving_lost(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(frames_of_excluded_networks_are_told),
	        cmocka_unit_test(without_a_saver_nothing_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
