#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "capture_builder.h"
#include "source/filter_words.h"

/* IPv4 and UDP, 192.0.2.1 to 198.51.100.7, the given destination port. */
static size_t put_udp(uint8_t *to, uint8_t port)
{
	static const uint8_t head[] = {0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198,
	        51, 100, 7, 0x0f, 0xa0, 0};

	memcpy(to, head, sizeof(head));
	to[sizeof(head)] = port;
	memcpy(to + sizeof(head) + 1, "\0\x08\0\0", 4);
	return sizeof(head) + 5;
}

static void add_packet(struct builder *b, uint32_t interface, bool ethernet, uint8_t port)
{
	uint8_t bytes[64] = {0};
	size_t at = ethernet ? 14 : 0;
	size_t opened = build_packet_open(b, interface, 5000000, 0);
	size_t len;

	if (ethernet)
		bytes[12] = 8;
	len = at + put_udp(bytes + at, port);
	build_bytes(b, bytes, (len + 3) / 4 * 4);
	build_block_close(b, opened);
	b->bytes.data[opened + 20] = (uint8_t)len;
	b->bytes.data[opened + 24] = (uint8_t)len;
}

static void each_link_type_has_its_own_program(void **state)
{
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	struct builder b;
	int fd;

	(void)state;
	build_start(&b, false);
	build_section(&b);
	build_interface(&b, 1, 0, -1);
	build_interface(&b, 101, 0, -1);
	build_interface(&b, 220, 0, -1); /* USB: has no ports */
	add_packet(&b, 0, true, 53);
	add_packet(&b, 0, true, 80);
	add_packet(&b, 1, false, 80);
	add_packet(&b, 1, false, 53);
	add_packet(&b, 2, false, 53);
	fd = build_file(buf_span(&b.bytes));
	assert_int_equal(source_open_files(&source, &fd, 1, "udp dst port 53 and host 192.0.2.1"),
	        STATUS_OK);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(frame.number, 1);
	assert_int_equal(source_next(source, 0, &frame), STATUS_ITEM);
	assert_int_equal(frame.number, 4); /* as other tools number them */
	assert_int_equal(frame.link_type, 101);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.frames, 2);
	assert_int_equal(counts.filtered_frames, 3);
	assert_int_equal(counts.end_after_frame, 5);
	source_free(source);
	build_free(&b);
}

static void wrong_filters_are_refused_in_one_sentence(void **state)
{
	static const char *const wrong[] = {"udp port", "tcp prot 80", "host 192.0.2.300", "(udp",
	        "port no-such-service-here", "vlan and"};
	char long_filter[5000];
	char reason[256];
	struct source *source = NULL;
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		memset(reason, 0, sizeof(reason));
		assert_int_equal(source_check_filter(wrong[i], reason), STATUS_USAGE);
		assert_true(strlen(reason) > 10);
	}
	memset(long_filter, '(', sizeof(long_filter) - 1);
	long_filter[sizeof(long_filter) - 1] = '\0';
	assert_int_equal(source_check_filter(long_filter, reason), STATUS_USAGE);
	fd = build_file(span_of_text("x"));
	assert_int_equal(source_open_files(&source, &fd, 1, "udp port"), STATUS_USAGE);
	assert_null(source);
}

/* None that needs /etc/services or /etc/protocols, which a base system may lack. */
static void right_filters_are_accepted(void **state)
{
	static const char *const right[] = {"", "tcp", "not (port 53 or port 443)",
	        "host 192.0.2.1 and tcp port 80", "net 192.0.2.0/24", "ip6 host 2001:db8::1",
	        "ether host 02:00:00:00:00:01", "vlan 5 and udp portrange 1000-2000",
	        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "ip proto 6", "ifindex 3",
	        "len > 0x40 and icmp[icmptype] == icmp-echo",
	        "src net 192.0.2.0 mask 255.255.255.0", "udp[8:4]-1=0", "len - 20 > 5",
	        "ether proto \\ip", "ip6 net 2001:db8::/32", "ether host 02-00-00-00-00-01",
	        "tcp[tcpflags:1] & tcp-ack != 0", "icmp6[icmp6type] = icmp6-echo",
	        "host ::ffff:192.0.2.1 or host ::1"};
	char reason[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(right); i++)
		assert_int_equal(source_check_filter(right[i], reason), STATUS_OK);
}

static void names_of_hosts_are_found(void **state)
{
	static const char *const names[] = {"host example.com", "example.com", "src example",
	        "tcp and dst host mail.example.org", "host 192.0.2.1 or example", "net example-net",
	        "port 53 or server1", "gateway router", "host cafe", "ether host printer",
	        "host [example.com]", "host \\example", "host \\tcp", "tcp-example", "tcp-synx",
	        "icmp-example", "icmp6-x", "example-tcp", "host 0xample", "host -example",
	        "host 1-2", "1.2.3.4.5", "host 1.", "HOST", "TCP", "host cafe:beef",
	        "host 192.0.2.1:example", "tcp[tcp-example:1]", "host 01-02-03-04-05-0x"};
	char reason[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(filter_words_name_a_host(names[i]));
		assert_int_equal(source_check_filter(names[i], reason), STATUS_USAGE);
		assert_non_null(strstr(reason, "address"));
		assert_null(strstr(reason, "example"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_link_type_has_its_own_program),
	        cmocka_unit_test(wrong_filters_are_refused_in_one_sentence),
	        cmocka_unit_test(right_filters_are_accepted),
	        cmocka_unit_test(names_of_hosts_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
