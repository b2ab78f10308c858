/* Live capture on the loopback interface of a network namespace of the test's own. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/status.h"
#include "source/source.h"

#define PACKETS       50
#define PAYLOAD_BYTES 100
#define FRAME_BYTES   (14 + 20 + 8 + PAYLOAD_BYTES)
#define PORT          40053

static void set_interface(const char *name, bool up)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &request), 0);
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
	close(fd);
}

/* A namespace cannot be entered by an ordinary user: then there is nothing to test. */
static int enter_namespace(void **state)
{
	static int entered;

	if (unshare(CLONE_NEWNET) == 0) {
		entered = 1;
		set_interface("lo", true);
	}
	*state = &entered;
	return 0;
}

static void skip_without_namespace(void **state)
{
	if (*(int *)*state)
		return;
	print_message("SKIP: live capture needs root, to make a network namespace\n");
	skip();
}

static void send_packets(uint16_t port, int count)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint8_t payload[PAYLOAD_BYTES];
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0); /* no ICMP answers */
	memset(payload, 'p', sizeof(payload));
	for (int i = 0; i < count; i++)
		assert_int_equal(
		        sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&to, sizeof(to)),
		        sizeof(payload));
	close(fd);
}

/* Reads until the wanted number has come or a second has passed without one. */
static size_t take(struct source *source, size_t want, struct frame *ret_last)
{
	size_t taken = 0;

	while (taken < want && source_next(source, 1000, ret_last) == STATUS_ITEM)
		taken++;
	return taken;
}

static void gives_packets_with_time_and_counts(void **state)
{
	struct source_live_options options = {.interface = "lo", .buffer_mib = 2};
	struct source_counts counts;
	struct source *source;
	struct timespec before, after;
	struct frame frame;
	char reason[256];

	skip_without_namespace(state);
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	assert_int_equal(source_next(source, 0, &frame), 0); /* quiet */
	assert_false(source_ended(source));
	clock_gettime(CLOCK_REALTIME, &before);
	send_packets(PORT, PACKETS);
	assert_int_equal(take(source, PACKETS, &frame), PACKETS);
	clock_gettime(CLOCK_REALTIME, &after);
	assert_int_equal(frame.bytes.len, FRAME_BYTES);
	assert_int_equal(frame.length_bytes, FRAME_BYTES);
	assert_int_equal(frame.link_type, 1);
	assert_int_equal(frame.number, PACKETS);
	assert_true(frame.time_ns / 1000000000 >= before.tv_sec);
	assert_true(frame.time_ns / 1000000000 <= after.tv_sec);
	assert_int_equal(source_next(source, 0, &frame), 0);
	assert_int_equal(source_input_count(source), 1);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.frames, PACKETS);
	assert_int_equal(counts.bytes, PACKETS * FRAME_BYTES);
	assert_int_equal(counts.dropped_frames, 0);
	assert_int_equal(counts.end, STATUS_END);
	assert_string_equal(counts.format, "live");
	assert_int_equal(strlen(counts.sha256), 64);
	assert_int_equal(source_counts(source, 1, &counts), STATUS_USAGE);
	source_free(source);
}

static void filters_in_the_kernel_and_cuts(void **state)
{
	struct source_live_options options = {.interface = "lo",
	        .filter = "udp dst port 40054",
	        .buffer_mib = 2,
	        .snap_bytes = 60};
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	char reason[256];

	skip_without_namespace(state);
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	send_packets(PORT, 3);
	send_packets(PORT + 1, 4);
	assert_int_equal(take(source, 4, &frame), 4);
	assert_int_equal(frame.bytes.len, 60);
	assert_int_equal(frame.length_bytes, FRAME_BYTES);
	assert_int_equal(source_next(source, 200, &frame), 0);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.cut_frames, 4);
	source_free(source);
}

static void send_to(uint32_t address, uint16_t port, int count)
{
	const struct sockaddr_in to = {
	        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	uint8_t payload[PAYLOAD_BYTES] = {0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	for (int i = 0; i < count; i++)
		assert_int_equal(sendto(fd, payload, sizeof(payload), 0,
		                         (const struct sockaddr *)&to, sizeof(to)),
		        sizeof(payload));
	close(fd);
}

/* By the kernel, beside the user's filter; on the loopback interface and on all of them, whose
 * packets have no link header for the filter. */
static void excluded_networks_never_arrive(void **state)
{
	static const char *const interfaces[] = {"lo", "any"};
	struct prefix nets[2];
	struct frame frame;
	char reason[256] = "";

	skip_without_namespace(state);
	assert_true(prefix_parse("127.0.0.2/32", &nets[0]));
	assert_true(prefix_parse("127.0.0.3/32", &nets[1]));
	for (size_t i = 0; i < 2; i++) {
		struct source_live_options options = {.interface = interfaces[i],
		        .filter = "udp dst port 40054",
		        .buffer_mib = 2};
		struct source *source;

		assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
		assert_int_equal(source_exclude(source, nets, 1, reason), STATUS_OK);
		send_to(0x7f000002, PORT + 1, 5);
		send_to(0x7f000003, PORT, 5);
		send_to(0x7f000003, PORT + 1, 4);
		assert_int_equal(take(source, 4, &frame), 4);
		assert_int_equal(source_next(source, 200, &frame), 0);
		/* For good. */
		assert_true(source_exclude(source, nets + 1, 1, reason) < 0);
		assert_non_null(strstr(reason, "refuses"));
		send_to(0x7f000002, PORT + 1, 3);
		send_to(0x7f000003, PORT + 1, 2);
		assert_int_equal(take(source, 2, &frame), 2);
		assert_int_equal(source_next(source, 200, &frame), 0);
		source_free(source);
	}
}

static void too_many_networks_change_nothing(void **state)
{
	static struct prefix many[900];
	struct source_live_options options = {
	        .interface = "lo", .filter = "udp dst port 40054", .buffer_mib = 2};
	struct source *source;
	struct frame frame;
	char reason[256] = "";

	skip_without_namespace(state);
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		assert_true(prefix_parse("127.0.0.2/32", &many[i]));
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	assert_int_equal(source_exclude(source, many, ARRAY_LEN(many), reason), STATUS_LIMIT);
	assert_non_null(strstr(reason, "longer"));
	send_to(0x7f000002, PORT, 3);
	send_to(0x7f000002, PORT + 1, 4);
	assert_int_equal(take(source, 4, &frame), 4);
	assert_int_equal(source_next(source, 200, &frame), 0);
	source_free(source);
}

/* What a reader that sleeps has lost must be told. */
static void drops_are_counted(void **state)
{
	struct source_live_options options = {.interface = "lo", .buffer_mib = 1};
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	char reason[256];
	size_t taken;

	skip_without_namespace(state);
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	send_packets(PORT, 20000);
	taken = take(source, 20000, &frame);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_true(taken < 20000);
	assert_true(counts.dropped_frames > 0);
	assert_true(taken + counts.dropped_frames >= 20000);
	source_free(source);
}

/* A tap interface lives as long as its descriptor. -1 when this machine has none. */
static int make_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, TUNSETIFF, &request) != 0) {
		close(fd);
		return -1;
	}
	set_interface(name, true);
	return fd;
}

static void an_interface_that_goes_away_ends_the_capture(void **state)
{
	struct source_live_options options = {.interface = "tap9", .buffer_mib = 2};
	struct source_counts counts;
	struct source *source;
	struct frame frame;
	char reason[256];
	int tap;

	skip_without_namespace(state);
	tap = make_tap("tap9");
	if (tap < 0) {
		print_message("SKIP: this machine has no tap interfaces\n");
		skip();
	}
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	close(tap);
	for (int i = 0; i < 100 && !source_ended(source); i++)
		assert_true(source_next(source, 100, &frame) >= 0);
	assert_true(source_ended(source));
	assert_int_equal(source_next(source, -1, &frame), 0);
	assert_int_equal(source_counts(source, 0, &counts), STATUS_OK);
	assert_int_equal(counts.end, STATUS_TRUNCATED);
	assert_non_null(strstr(counts.end_reason, "interface tap9"));
	source_free(source);
}

static void an_interface_may_rest_for_a_while(void **state)
{
	struct source_live_options options = {.interface = "lo", .buffer_mib = 2};
	struct source *source;
	struct frame frame;
	char reason[256];

	skip_without_namespace(state);
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_OK);
	set_interface("lo", false);
	assert_int_equal(source_next(source, 200, &frame), 0);
	assert_false(source_ended(source));
	set_interface("lo", true);
	send_packets(PORT, 3);
	assert_int_equal(take(source, 3, &frame), 3);
	source_free(source);
}

static void refusals_say_why(void **state)
{
	struct source_live_options options = {.interface = "nosuch0"};
	struct source *source = NULL;
	char reason[256] = "";

	skip_without_namespace(state);
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_USAGE);
	assert_non_null(strstr(reason, "nosuch0"));
	options.interface = "lo";
	options.filter = "udp port";
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_USAGE);
	assert_non_null(strstr(reason, "filter"));
	options.filter = "host example.com";
	assert_int_equal(source_open_live(&source, &options, reason), STATUS_USAGE);
	set_interface("lo", false);
	options.filter = NULL;
	assert_true(source_open_live(&source, &options, reason) < 0);
	assert_true(strlen(reason) > 10);
	set_interface("lo", true);
	assert_null(source);
}

/* In a child, which gives up its rights for good. */
static void without_the_right_it_is_refused(void **state)
{
	struct source_live_options options = {.interface = "lo"};
	struct source *source;
	char reason[256];
	int result;
	pid_t child;

	skip_without_namespace(state);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		result = source_open_live(&source, &options, reason);
		_exit(result == STATUS_NO_PERMISSION && strstr(reason, "root") ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_true(WIFEXITED(result));
	assert_int_equal(WEXITSTATUS(result), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(gives_packets_with_time_and_counts),
	        cmocka_unit_test(filters_in_the_kernel_and_cuts),
	        cmocka_unit_test(excluded_networks_never_arrive),
	        cmocka_unit_test(too_many_networks_change_nothing),
	        cmocka_unit_test(drops_are_counted),
	        cmocka_unit_test(an_interface_that_goes_away_ends_the_capture),
	        cmocka_unit_test(an_interface_may_rest_for_a_while),
	        cmocka_unit_test(refusals_say_why),
	        cmocka_unit_test(without_the_right_it_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
