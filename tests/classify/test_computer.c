#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "classify/computer.h"

#define SECOND_NS INT64_C(1000000000)

static const struct inside_nets private_nets = {.count = 0};

static struct addr addr_of(const char *text)
{
	struct addr a = {0};

	if (*text)
		assert_true(addr_parse(text, &a));
	return a;
}

static struct tuple tuple_of(const char *src, const char *dst)
{
	return (struct tuple){.src.addr = addr_of(src), .dst.addr = addr_of(dst)};
}

static struct computer_table *new_table(void)
{
	struct computer_table *t = NULL;

	assert_int_equal(computer_table_new(&t, &private_nets), STATUS_OK);
	return t;
}

/* A request for an address, from 0.0.0.0, by the client of this number. */
static void request(struct computer_table *t, uint8_t client, const char *name, int64_t time_ns)
{
	struct dhcp_message m = {.type = DHCP_REQUEST, .transaction = 7, .client = {1, {client}}};
	struct tuple as_sent = tuple_of("0.0.0.0", "255.255.255.255");

	snprintf(m.host, sizeof(m.host), "%s", name);
	computer_table_add_dhcp(t, &as_sent, &m, time_ns);
}

static void acknowledge(
        struct computer_table *t, uint8_t client, const char *granted, int64_t time_ns)
{
	struct dhcp_message m = {.from_server = true,
	        .type = DHCP_ACK,
	        .transaction = 7,
	        .client = {1, {client}},
	        .granted = addr_of(granted)};
	struct tuple as_sent = tuple_of("192.168.20.1", granted);

	computer_table_add_dhcp(t, &as_sent, &m, time_ns);
}

static void lease(struct computer_table *t, uint8_t client, const char *addr, const char *name,
        int64_t time_ns)
{
	request(t, client, name, time_ns);
	acknowledge(t, client, addr, time_ns);
}

static void inform(struct computer_table *t, const char *sender, const char *own, const char *name,
        int64_t time_ns)
{
	struct dhcp_message m = {.type = DHCP_INFORM, .transaction = 9, .client = {1, {9}}};
	struct tuple as_sent = tuple_of(sender, "192.168.20.1");

	m.own = addr_of(own);
	snprintf(m.full_name, sizeof(m.full_name), "%s", name);
	computer_table_add_dhcp(t, &as_sent, &m, time_ns);
}

static void netbios(struct computer_table *t, enum netbios_kind kind, const char *sender,
        const char *addr, const char *name, int64_t time_ns)
{
	struct netbios_message m = {.kind = kind, .count = 1};
	struct addr from = addr_of(sender);

	m.names[0].addr = addr_of(addr);
	snprintf(m.names[0].name, sizeof(m.names[0].name), "%s", name);
	computer_table_add_netbios(t, &from, &m, time_ns);
}

/* The name of a flow between these times, "" none. Borrows until the next call. */
static const char *found(
        const struct computer_table *t, const char *addr, int64_t first_ns, int64_t last_ns)
{
	static struct computer_name name;
	struct addr a = addr_of(addr);

	memset(&name, 0, sizeof(name));
	(void)computer_table_find(t, &a, first_ns, last_ns, &name);
	return name.name;
}

static void a_name_counts_from_the_acknowledgement(void **state)
{
	struct computer_table *t = new_table();

	(void)state;
	request(t, 1, "RECEPTION1", 10);
	assert_string_equal(found(t, "192.168.20.5", 10, 100), "");
	acknowledge(t, 2, "192.168.20.5", 11); /* somebody else's */
	assert_string_equal(found(t, "192.168.20.5", 10, 100), "");
	acknowledge(t, 1, "192.168.20.5", 12);
	assert_string_equal(found(t, "192.168.20.5", 12, 12), "RECEPTION1");
	assert_string_equal(found(t, "192.168.20.5", 5, 12), "RECEPTION1"); /* while it went on */
	assert_string_equal(found(t, "192.168.20.5", 5, 11), "");           /* ended before */
	assert_string_equal(found(t, "192.168.20.6", 12, 12), "");
	acknowledge(t, 1, "192.168.20.9", 13); /* answered already */
	assert_string_equal(found(t, "192.168.20.9", 0, INT64_MAX), "");
	request(t, 3, "LATE", 20);
	acknowledge(t, 3, "192.168.20.7", 21 + COMPUTER_REQUEST_NS);
	assert_string_equal(found(t, "192.168.20.7", 0, INT64_MAX), "");
	computer_table_free(t);
}

static void a_client_may_name_its_own_address(void **state)
{
	struct computer_table *t = new_table();

	(void)state;
	inform(t, "192.168.20.5", "192.168.20.5", "nurse2.practice.test", 10);
	assert_string_equal(found(t, "192.168.20.5", 10, 10), "nurse2.practice.test");
	inform(t, "192.168.20.66", "192.168.20.5", "impostor", 20);
	assert_string_equal(found(t, "192.168.20.5", 30, 30), "nurse2.practice.test");
	inform(t, "203.0.113.5", "203.0.113.5", "outside", 20);
	assert_string_equal(found(t, "203.0.113.5", 30, 30), "");
	computer_table_free(t);
}

/* From where the request came and what it asked for, and what was granted. */
static const struct {
	const char *src, *dst, *own, *requested, *granted;
	bool proves;
} exchanges[] = {
        {"0.0.0.0", "255.255.255.255", "", "203.0.113.5", "203.0.113.5", true},
        {"203.0.113.5", "255.255.255.255", "203.0.113.5", "", "203.0.113.5", true},
        {"0.0.0.0", "255.255.255.255", "", "203.0.113.5", "198.51.100.5", false},
        {"0.0.0.0", "255.255.255.255", "", "", "203.0.113.5", false},
        {"0.0.0.0", "255.255.255.255", "", "", "", false},
        /* a program that has an address of its own */
        {"192.168.20.5", "255.255.255.255", "203.0.113.5", "", "203.0.113.5", false},
        {"192.168.20.5", "255.255.255.255", "", "203.0.113.5", "203.0.113.5", false},
        {"192.168.20.5", "255.255.255.255", "192.168.20.5", "", "203.0.113.5", false},
        /* what a router may have brought */
        {"203.0.113.5", "192.168.20.5", "203.0.113.5", "", "203.0.113.5", false},
};

static void only_a_computer_of_the_link_proves_a_subnet(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(exchanges); i++) {
		struct computer_table *t = new_table();
		struct dhcp_message m = {.type = DHCP_REQUEST,
		        .transaction = 7,
		        .own = addr_of(exchanges[i].own),
		        .requested = addr_of(exchanges[i].requested)};
		struct dhcp_message answer = {.from_server = true,
		        .type = DHCP_ACK,
		        .transaction = 7,
		        .granted = addr_of(exchanges[i].granted)};
		struct tuple as_sent = tuple_of(exchanges[i].src, exchanges[i].dst);

		assert_false(computer_table_proves_subnet(t, &answer, 10));
		computer_table_add_dhcp(t, &as_sent, &m, 10);
		assert_int_equal(computer_table_proves_subnet(t, &answer, 11), exchanges[i].proves);
		assert_false(computer_table_proves_subnet(t, &answer, 11 + COMPUTER_REQUEST_NS));
		computer_table_add_dhcp(t, &as_sent, &answer, 12);
		assert_false(computer_table_proves_subnet(t, &answer, 12)); /* was answered */
		computer_table_free(t);
	}
}

static void the_next_lease_ends_a_name(void **state)
{
	struct computer_table *t = new_table();

	(void)state;
	lease(t, 1, "192.168.20.5", "RECEPTION1", 10);
	netbios(t, NETBIOS_CLAIM, "192.168.20.5", "192.168.20.5", "OLD", 11);
	lease(t, 1, "192.168.20.5", "", 20); /* renewed without a name */
	assert_string_equal(found(t, "192.168.20.5", 25, 25), "RECEPTION1");
	lease(t, 2, "192.168.20.5", "", 30);
	assert_string_equal(found(t, "192.168.20.5", 35, 35), "");
	assert_string_equal(found(t, "192.168.20.5", 25, 35), "RECEPTION1"); /* of the time */
	netbios(t, NETBIOS_CLAIM, "192.168.20.5", "192.168.20.5", "NEW", 36);
	assert_string_equal(found(t, "192.168.20.5", 40, 40), "NEW");
	lease(t, 3, "192.168.20.5", "DOCTOR1", 50);
	assert_string_equal(found(t, "192.168.20.5", 50, 50), "DOCTOR1");
	assert_string_equal(found(t, "192.168.20.5", 15, 15), "RECEPTION1");
	computer_table_free(t);
}

static void netbios_names_come_second(void **state)
{
	struct computer_table *t = new_table();
	struct computer_name name;
	struct addr a = addr_of("192.168.20.5");

	(void)state;
	netbios(t, NETBIOS_CLAIM, "192.168.20.66", "192.168.20.5", "IMPOSTOR", 10);
	assert_string_equal(found(t, "192.168.20.5", 10, 10), "");
	netbios(t, NETBIOS_STATUS, "192.168.20.5", "", "NURSE2", 10);
	assert_true(computer_table_find(t, &a, 10, 10, &name));
	assert_int_equal(name.source, COMPUTER_NETBIOS);
	assert_string_equal(name.name, "NURSE2");
	netbios(t, NETBIOS_ANSWER, "192.168.20.1", "192.168.20.5", "NURSE3", 20);
	assert_string_equal(found(t, "192.168.20.5", 20, 20), "NURSE3");
	netbios(t, NETBIOS_ANSWER, "203.0.113.1", "192.168.20.5", "OUTSIDE", 21);
	netbios(t, NETBIOS_ANSWER, "192.168.20.1", "203.0.113.9", "FAR", 21);
	assert_string_equal(found(t, "192.168.20.5", 22, 22), "NURSE3");
	assert_string_equal(found(t, "203.0.113.9", 22, 22), "");
	lease(t, 1, "192.168.20.5", "DHCPNAME", 30);
	netbios(t, NETBIOS_CLAIM, "192.168.20.5", "192.168.20.5", "NURSE4", 31);
	assert_true(computer_table_find(t, &a, 40, 40, &name));
	assert_int_equal(name.source, COMPUTER_DHCP);
	assert_string_equal(name.name, "DHCPNAME");
	assert_string_equal(computer_source_text(COMPUTER_DHCP), "dhcp");
	assert_string_equal(computer_source_text(COMPUTER_NETBIOS), "netbios");
	computer_table_free(t);
}

/* Requests that nobody answers, and ever new names of one address. */
static void floods_make_room_and_are_counted(void **state)
{
	struct netbios_message many = {.kind = NETBIOS_STATUS, .count = 1, .left_out = 3};
	struct addr sender = addr_of("192.168.20.5");
	struct computer_table *t = new_table();
	char name[16];

	(void)state;
	for (unsigned i = 0; i < COMPUTER_REQUESTS_MAX + 5; i++) {
		struct dhcp_message m = {.type = DHCP_REQUEST, .transaction = i};
		struct tuple as_sent = tuple_of("0.0.0.0", "255.255.255.255");

		computer_table_add_dhcp(t, &as_sent, &m, 1);
	}
	assert_int_equal(computer_table_forgotten(t), 5);
	request(t, 1, "LATER", 1 + 2 * COMPUTER_REQUEST_NS); /* in place of one given up */
	assert_int_equal(computer_table_forgotten(t), 5);
	for (unsigned i = 0; i < COMPUTER_PLACES + 3; i++) {
		snprintf(name, sizeof(name), "NAME%u", i);
		netbios(t, NETBIOS_STATUS, "192.168.20.5", "", name, 10 + i);
	}
	assert_int_equal(computer_table_forgotten(t), 8);
	assert_string_equal(found(t, "192.168.20.5", 100, 100), name);
	assert_string_equal(found(t, "192.168.20.5", 10, 10), "");
	netbios(t, NETBIOS_STATUS, "192.168.20.5", "", name, 200); /* heard again: no new place */
	assert_int_equal(computer_table_forgotten(t), 8);
	many.names[0].name[0] = 'A';
	computer_table_add_netbios(t, &sender, &many, 300); /* more than a message's names */
	assert_int_equal(computer_table_forgotten(t), 8 + 1 + 3);
	computer_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_name_counts_from_the_acknowledgement),
	        cmocka_unit_test(a_client_may_name_its_own_address),
	        cmocka_unit_test(only_a_computer_of_the_link_proves_a_subnet),
	        cmocka_unit_test(the_next_lease_ends_a_name),
	        cmocka_unit_test(netbios_names_come_second),
	        cmocka_unit_test(floods_make_room_and_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
