#include "source/kernel_filter.h"

#include <linux/if_ether.h>
#include <stdbool.h>

#include "base/status.h"
#include "source/source.h"

/* Offsets from the network header: IPv4 (RFC 791) and IPv6 (RFC 8200), source and destination. */
#define IPV4_SRC   12
#define IPV4_DST   16
#define IPV4_BYTES 20
#define IPV6_SRC   8
#define IPV6_DST   24
#define IPV6_BYTES 40
#define TAG_BYTES  4 /* tag control information and the type that follows it */

#define LINK_ETHERNET 1
#define ETHERNET_TYPE 12
#define ETHERNET_HEAD 14

/* Where the filter finds the network header; X holds 4 below a tag. */
struct layout {
	uint32_t type; /* load of the type: an offset, or the kernel's own note of it */
	uint16_t type_size;
	uint32_t network; /* offset */
};

/* A program under construction; one that gets too long says so at the end. */
struct program {
	struct kernel_filter *f;
	size_t count; /* goes on beyond what there is room for */
};

static void add_jump(struct program *p, unsigned code, uint32_t k, uint8_t yes, uint8_t no)
{
	size_t at = p->count++;

	if (at >= KERNEL_FILTER_MAX)
		return;
	p->f->code[at].code = (uint16_t)code;
	p->f->code[at].jt = yes;
	p->f->code[at].jf = no;
	p->f->code[at].k = k;
}

static void add(struct program *p, unsigned code, uint32_t k)
{
	add_jump(p, code, k, 0, 0);
}

/* The number of bytes of a packet that passes: no fewer than any snap length. */
static void add_pass(struct program *p)
{
	add(p, BPF_RET | BPF_K, SOURCE_FRAME_BYTES_MAX);
}

static void add_drop(struct program *p)
{
	add(p, BPF_RET | BPF_K, 0);
}

static bool find_layout(uint32_t link_type, struct layout *ret)
{
	/* Cooked (v1, v2) and raw IP: the packet begins with the network header. */
	static const uint32_t without_head[] = {113, 276, 101, 12, 14, 228, 229};

	if (link_type == LINK_ETHERNET) {
		*ret = (struct layout){ETHERNET_TYPE, BPF_H, ETHERNET_HEAD};
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(without_head); i++) {
		if (link_type != without_head[i])
			continue;
		*ret = (struct layout){(uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL), BPF_W, 0};
		return true;
	}
	return false;
}

/* Passes become jumps to what follows; a program from libpcap has them as constants. */
static int add_before(struct program *p, const struct kernel_filter *before)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct sock_filter *in = &before->code[i];

		if (BPF_CLASS(in->code) != BPF_RET || (BPF_RVAL(in->code) == BPF_K && in->k == 0))
			add_jump(p, in->code, in->k, in->jt, in->jf);
		else if (BPF_RVAL(in->code) == BPF_K)
			add(p, BPF_JMP | BPF_JA, (uint32_t)(before->count - i - 1));
		else
			return STATUS_UNSUPPORTED;
	}
	return STATUS_OK;
}

/* Leaves the type that counts in A, and in X how much a tag moves the rest. */
static void add_type(struct program *p, const struct layout *l)
{
	add(p, BPF_LDX | BPF_W | BPF_IMM, 0);
	add(p, BPF_LD | l->type_size | BPF_ABS, l->type);
	add_jump(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021Q, 1, 0);
	add_jump(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_8021AD, 0, 2);
	add(p, BPF_LDX | BPF_W | BPF_IMM, TAG_BYTES);
	add(p, BPF_LD | BPF_H | BPF_ABS, l->network + 2);
}

/* Of one word of an address; what differs skips so many instructions after these. */
static void add_word(
        struct program *p, uint32_t offset, uint32_t word, uint32_t mask, unsigned skip)
{
	add(p, BPF_LD | BPF_W | BPF_IND, offset);
	if (mask != UINT32_MAX)
		add(p, BPF_ALU | BPF_AND | BPF_K, mask);
	add_jump(p, BPF_JMP | BPF_JEQ | BPF_K, word & mask, 0, (uint8_t)skip);
}

static uint32_t mask_of(unsigned bits)
{
	return bits >= 32 ? UINT32_MAX : bits == 0 ? 0 : UINT32_MAX << (32 - bits);
}

/* Drops what has this address in this network. */
static void add_net(struct program *p, uint32_t offset, const struct prefix *net)
{
	unsigned words = (net->bits + 31u) / 32;

	for (unsigned i = 0; i < words; i++) {
		const uint8_t *b = net->addr.bytes + (size_t)i * 4;
		uint32_t word = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 |
		                b[3];
		unsigned left = words - i - 1;
		/* Two instructions for each word that is whole, three for the last if it is not,
		 * and the drop. */
		unsigned skip = left * 2 + (left > 0 && net->bits % 32 != 0 ? 1 : 0) + 1;

		add_word(p, offset + i * 4, word, mask_of(net->bits - i * 32), skip);
	}
	add_drop(p);
}

/* The part for one family, which ends the program for its packets. */
static void add_family(struct program *p, const struct layout *l, unsigned family,
        const struct prefix *nets, size_t count)
{
	const bool ipv4 = family == ADDR_IPV4;
	const uint32_t ends[] = {ipv4 ? IPV4_SRC : IPV6_SRC, ipv4 ? IPV4_DST : IPV6_DST};

	add(p, BPF_LD | BPF_W | BPF_LEN, 0);
	add_jump(p, BPF_JMP | BPF_JGE | BPF_K,
	        l->network + TAG_BYTES + (ipv4 ? IPV4_BYTES : IPV6_BYTES), 1, 0);
	add_pass(p);
	for (size_t e = 0; e < ARRAY_LEN(ends); e++)
		for (size_t i = 0; i < count; i++)
			if (nets[i].addr.family == family)
				add_net(p, l->network + ends[e], &nets[i]);
	add_pass(p);
}

/* The type stands in A. A conditional jump reaches 255 instructions, the other one all. */
static void add_families(
        struct program *p, const struct layout *l, const struct prefix *nets, size_t count)
{
	size_t jump;

	add_jump(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 1);
	jump = p->count;
	add(p, BPF_JMP | BPF_JA, 0);
	add_jump(p, BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0);
	add_pass(p);
	add_family(p, l, ADDR_IPV4, nets, count);
	if (jump < KERNEL_FILTER_MAX)
		p->f->code[jump].k = (uint32_t)(p->count - jump - 1);
	add_family(p, l, ADDR_IPV6, nets, count);
}

int kernel_filter_exclude(struct kernel_filter *ret, const struct kernel_filter *before,
        uint32_t link_type, const struct prefix *nets, size_t count)
{
	struct kernel_filter made = {.count = 0};
	struct program p = {.f = &made};
	struct layout layout;
	int status = find_layout(link_type, &layout) ? STATUS_OK : STATUS_UNSUPPORTED;

	if (status == STATUS_OK)
		status = add_before(&p, before);
	if (status != STATUS_OK)
		return status;
	add_type(&p, &layout);
	add_families(&p, &layout, nets, count);
	if (p.count > KERNEL_FILTER_MAX)
		return STATUS_LIMIT;
	made.count = p.count;
	*ret = made;
	return STATUS_OK;
}
