#include "source/filter_words.h"

#include <stddef.h>
#include <string.h>

#include "base/cursor.h"
#include "net/addr.h"

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

/* Values and offsets that have names: only these, since another word with a hyphen is looked up. */
static const char *const named_values[] = {"icmp-echo", "icmp-echoreply", "icmp-ireq",
        "icmp-ireqreply", "icmp-maskreply", "icmp-maskreq", "icmp-paramprob", "icmp-redirect",
        "icmp-routeradvert", "icmp-routersolicit", "icmp-sourcequench", "icmp-timxceed",
        "icmp-tstamp", "icmp-tstampreply", "icmp-unreach", "icmp6-certpathadvert",
        "icmp6-certpathsolicit", "icmp6-destinationunreach", "icmp6-echo", "icmp6-echoreply",
        "icmp6-homeagentdiscoveryreply", "icmp6-homeagentdiscoveryrequest",
        "icmp6-ineighbordiscoveryadvert", "icmp6-ineighbordiscoverysolicit",
        "icmp6-mobileprefixadvert", "icmp6-mobileprefixsolicit", "icmp6-multicastlistenerdone",
        "icmp6-multicastlistenerquery", "icmp6-multicastlistenerreportv1",
        "icmp6-multicastlistenerreportv2", "icmp6-multicastrouteradvert",
        "icmp6-multicastroutersolicit", "icmp6-multicastrouterterm", "icmp6-neighboradvert",
        "icmp6-neighborsolicit", "icmp6-nodeinformationquery", "icmp6-nodeinformationresponse",
        "icmp6-packettoobig", "icmp6-parameterproblem", "icmp6-redirect", "icmp6-routeradvert",
        "icmp6-routerrenum", "icmp6-routersolicit", "icmp6-timeexceeded", "tcp-ack", "tcp-cwr",
        "tcp-ece", "tcp-fin", "tcp-push", "tcp-rst", "tcp-syn", "tcp-urg"};

#define HEX_DIGITS     "0123456789abcdefABCDEF"
#define WORD_CHARS_MAX 45 /* the longest IPv6 address; longer words are names */

static bool listed(struct span word, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_text(word, list[i]))
			return true;
	return false;
}

/* How many groups of digits the word consists of, with a separator between them; 0: it is none. */
static size_t count_groups(const char *word, char separator, const char *digits, size_t digits_max)
{
	for (size_t groups = 1;; groups++) {
		size_t len = strspn(word, digits);

		if (len == 0 || len > digits_max)
			return 0;
		word += len;
		if (*word == '\0')
			return groups;
		if (*word++ != separator)
			return 0;
	}
}

/* Numbers, which may follow a minus, IPv4 addresses and nets, and MAC addresses: what libpcap reads
 * as one. A word of digits with another shape, such as 1-2, it takes for a name. */
static bool is_number(const char *word)
{
	size_t parts = count_groups(*word == '-' ? word + 1 : word, '.', "0123456789", 10);

	if (strncmp(word, "0x", 2) == 0)
		return count_groups(word + 2, '\0', HEX_DIGITS, 8) == 1;
	return strcmp(word, "-") == 0 || (parts >= 1 && parts <= 4) ||
	       count_groups(word, '-', HEX_DIGITS, 2) == 6 ||
	       count_groups(word, ':', HEX_DIGITS, 2) == 6;
}

static bool is_word(struct span word)
{
	char text[WORD_CHARS_MAX + 1];
	struct addr address;

	if (word.len > WORD_CHARS_MAX)
		return listed(word, named_values, ARRAY_LEN(named_values));
	memcpy(text, word.data, word.len);
	text[word.len] = '\0';
	return is_number(text) || addr_parse(text, &address) ||
	       listed(word, words, ARRAY_LEN(words)) ||
	       listed(word, named_values, ARRAY_LEN(named_values));
}

/* Also the offset and length of a slice: [8:4], [tcpflags:1]. */
static bool is_known(struct span word, struct span before)
{
	size_t colon = span_find_byte(word, ':');

	if (listed(before, before_names, ARRAY_LEN(before_names)) || is_word(word))
		return true;
	return colon > 0 && colon + 1 < word.len && is_word(span_of(word.data, colon)) &&
	       is_word(span_of(word.data + colon + 1, word.len - colon - 1));
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
