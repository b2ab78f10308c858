/* packet: one captured frame, from the link layer to the payload of TCP or UDP.
 *
 * Comes in: `struct frame` from lib/source (or a live interface). Goes out: `struct packet`, a
 * value that borrows the frame's bytes. Everything is read through the cursor; nothing is kept.
 *
 * Link layers (numbers of the tcpdump LINKTYPE list): Ethernet 1, NULL 0, LOOP 108, raw 12/14/101/
 * 228/229, cooked v1 113 and v2 276, PPP 9/50, Cisco HDLC 104, PPPoE 51 and inside Ethernet (RFC
 * 2516). Wrappings: 802.1Q/802.1ad, LLC/SNAP, MPLS, PPPoE, GRE (RFC 2784/2890, PPTP's, Ethernet or
 * ERSPAN I-III inside), VXLAN (RFC 7348, UDP 4789), IP in IP, 6in4. At most PACKET_LAYERS_MAX of
 * them. A GRE or VXLAN packet whose inside cannot be read stays a packet of the outer tunnel, and
 * says so (inner_unread).
 *
 * Lengths: the IP header decides. Padding behind it is trimmed; what it promises beyond the bytes
 * captured (snap length, a truncating mirror port) is missing: payload_wire_bytes says how much. An
 * IP length of 0 (segmentation left to the card, jumbograms) reaches to the end of the frame. */
#ifndef EXEAT_NET_PACKET_H
#define EXEAT_NET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/addr.h"

#define PACKET_LAYERS_MAX 16 /* wrappings inside wrappings; real ones stop at 5 */

/* What a capture file says of the process that sent a frame; see lib/source. */
struct frame_process {
	uint32_t pid;        /* 0: not known */
	const char *name;    /* borrows; NULL when not known. Outside text: display it. */
	const char *path;    /* borrows; or NULL */
	const char *command; /* borrows; or NULL */
};

/* One captured frame as its source gave it. Borrows from the source until the next frame. */
struct frame {
	struct span bytes;     /* what was captured */
	uint32_t length_bytes; /* what was on the wire; larger than bytes.len when cut */
	uint32_t link_type;
	uint32_t interface; /* index over all inputs of the run */
	uint32_t input;     /* index of the input file */
	uint64_t number;    /* of the frame in its input, from 1 */
	int64_t time_ns;    /* since 1970 UTC */
	struct frame_process process;
};

enum packet_outcome {
	PACKET_OK = 0,       /* addresses and protocol are known */
	PACKET_FRAGMENT,     /* an IP fragment: give it to lib/net/fragment.h */
	PACKET_NOT_IP,       /* ARP, STP, LLDP, …: counted, not followed */
	PACKET_UNKNOWN_LINK, /* a link type that we do not read */
	PACKET_CUT,          /* the capture ends inside the headers */
	PACKET_MALFORMED,    /* a header contradicts itself */
	PACKET_LIMIT,        /* more wrappings than PACKET_LAYERS_MAX */
	PACKET_OUTCOMES
};

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

struct packet {
	enum packet_outcome outcome;
	struct tuple tuple; /* as sent; ports 0 when not TCP/UDP/SCTP */
	int64_t time_ns;
	uint64_t number; /* of the frame */
	uint32_t interface;
	uint32_t input;      /* of the frame */
	uint32_t wire_bytes; /* of the whole frame on the wire */
	/* of the payload on the wire; more than payload.len when cut */
	uint32_t payload_wire_bytes;
	/* after the TCP, UDP, SCTP or ICMP header; a fragment's data; borrows the frame */
	struct span payload;
	struct span ip; /* the innermost IP packet, header first; borrows. For nDPI. */
	uint16_t ip_id; /* IPv4 identification; for telling mirror copies */
	uint8_t ttl;
	uint8_t tcp_flags; /* enum tcp_flag bits */
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint16_t tcp_window;
	uint8_t icmp_type;
	uint8_t icmp_code;
	/* Taken out of another IP packet, or what was there could not be read. Any program can send
	 * one, as a datagram of VXLAN: what it says of a link is no proof. A mirror port that wraps
	 * its frames (ERSPAN) looks the same. */
	bool tunnelled;
	/* Carries another packet, by GRE or by the port of VXLAN, that could not be read: nobody
	 * knows whose that one is. */
	bool inner_unread;
	uint8_t ip_headers; /* IP packets one inside the other; what is here is of the innermost */
	uint8_t mac_src[6]; /* of the innermost Ethernet header; zero when the link has none */
	uint8_t mac_dst[6];
	struct frame_process process;

	/* Fragments only: what the reassembler needs. */
	uint32_t fragment_id;
	uint32_t fragment_offset_bytes;
	bool fragment_more;
};

/* Decodes a frame. Always fills outcome and what was understood before it; the result borrows the
 * frame's bytes. Never fails: a bad frame is an outcome. */
void packet_decode(const struct frame *frame, struct packet *ret) NONNULL(1, 2);
/* The same for the outermost IP packet, whatever it carries: who really sent it to whom. */
void packet_decode_outermost(const struct frame *frame, struct packet *ret) NONNULL(1, 2);
/* Decodes from an IP header on (a reassembled datagram); keeps time, number and process of like. */
void packet_decode_ip(struct span ip, const struct packet *like, struct packet *ret) NONNULL(2, 3);
const char *packet_outcome_text(enum packet_outcome outcome);

#endif
