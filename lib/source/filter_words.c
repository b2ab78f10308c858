#include "source/filter_words.h"

#include <stddef.h>
#include <string.h>

#include "base/cursor.h"

/* The words of pcap-filter(7), sorted only for the reader. */
static const char *const words[] = {"aarp", "action", "addr1", "addr2", "addr3", "addr4",
        "address1", "address2", "address3", "address4", "ah", "and", "arp", "atalk", "bcc",
        "broadcast", "byte", "carp", "clnp", "connectmsg", "csnp", "decnet", "dir", "direction",
        "dpc", "dst", "es-is", "esis", "esp", "ether", "fddi", "fisu", "gateway", "geneve",
        "greater", "hdpc", "hfisu", "hlssu", "hmsu", "hopc", "host", "hsio", "hsls", "icmp",
        "icmp6", "icmp6code", "icmp6type", "icmpcode", "icmptype", "ifindex", "ifname", "igmp",
        "igrp", "iih", "ilmic", "inbound", "ip", "ip6", "ipv6", "ipx", "is-is", "isis", "iso", "l1",
        "l2", "lane", "lat", "len", "length", "less", "link", "llc", "lsp", "lssu", "lsu", "mask",
        "metac", "metaconnect", "mopdl", "moprc", "mpls", "msu", "multicast", "net", "netbeui",
        "not", "oam", "oamf4", "oamf4ec", "oamf4sc", "on", "opc", "or", "outbound", "pim", "port",
        "portrange", "ppp", "pppoed", "pppoes", "proto", "protochain", "psnp", "ra", "radio",
        "rarp", "reason", "rnr", "rset", "rulenum", "ruleset", "sc", "sca", "sctp", "sio", "slip",
        "sls", "snp", "src", "srnr", "stp", "subrulenum", "subtype", "ta", "tcp", "tcpflags", "tr",
        "type", "udp", "vci", "vlan", "vpi", "vrrp", "wlan"};

/* What follows one of these is a name of its own list, not of a host. */
static const char *const before_names[] = {"action", "dir", "direction", "ifname", "llc", "on",
        "port", "portrange", "proto", "protochain", "reason", "rset", "ruleset", "subtype", "type"};

static const char *const prefixes[] = {"0x", "icmp-", "icmp6-", "tcp-"};

static bool listed(struct span word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(word, list[i]))
			return true;
	return false;
}

static bool all_of(struct span word, const char *set)
{
	for (size_t i = 0; i < word.len; i++)
		if (!strchr(set, word.data[i]))
			return false;
	return true;
}

/* Numbers, ranges and IPv4; with a colon also IPv6 and MAC addresses. */
static bool is_number(struct span word)
{
	return all_of(word, "0123456789.-") ||
	       (span_find_byte(word, ':') < word.len && all_of(word, "0123456789abcdefABCDEF.:"));
}

static bool is_known(struct span word, struct span before)
{
	if (word.data[0] == '\\' || is_number(word) || listed(word, words, ARRAY_LEN(words)) ||
	        listed(before, before_names, ARRAY_LEN(before_names)))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (span_starts(word, prefixes[i]))
			return true;
	return false;
}

bool filter_words_name_a_host(const char *filter)
{
	static const char parts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789._:\\-";
	struct span before = {NULL, 0};

	while (*filter) {
		size_t len = strspn(filter, parts);
		struct span word = span_of(filter, len);

		if (len == 0) {
			filter++;
			continue;
		}
		if (!is_known(word, before))
			return true;
		before = word;
		filter += len;
	}
	return false;
}
