#include "source/live.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "source/interface_drops.h"
#include "source/kernel_filter.h"
#include "source/link_type.h"

#define REASON_CHARS 256

struct live {
	pcap_t *pcap;
	int poll_fd;
	uint32_t link_type;
	uint32_t last_dropped; /* the kernel's counter, which wraps at 2^32 */
	struct interface_drops interface_drops;
	int64_t last_ns;
	struct source_counts counts;
	struct kernel_filter *own_filter; /* that the user asked for; NULL: not known yet */
	char gone[96];   /* the sentence for an interface that goes away, with its name */
	int64_t down_ns; /* when it went away, by the monotonic clock; 0: it is there */
	bool ended;
};

static int refuse(char *ret_reason, int status, const char *interface, const char *what)
{
	snprintf(ret_reason, REASON_CHARS, "cannot capture on %.32s: %.180s", interface, what);
	return status;
}

static int configure(pcap_t *pcap, const struct source_live_options *o)
{
	unsigned mib = o->buffer_mib ? o->buffer_mib : LIVE_BUFFER_MIB_DEFAULT;
	uint32_t snap = o->snap_bytes ? o->snap_bytes : SOURCE_FRAME_BYTES_MAX;

	if (mib > LIVE_BUFFER_MIB_MAX)
		mib = LIVE_BUFFER_MIB_MAX;
	if (snap > SOURCE_FRAME_BYTES_MAX)
		snap = SOURCE_FRAME_BYTES_MAX;
	if (pcap_set_snaplen(pcap, (int)snap) != 0 || pcap_set_promisc(pcap, o->promiscuous) != 0 ||
	        pcap_set_timeout(pcap, LIVE_BLOCK_TIMEOUT_MS) != 0 ||
	        pcap_set_buffer_size(pcap, (int)(mib << 20)) != 0 ||
	        pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO) != 0)
		return STATUS_LIBRARY;
	return STATUS_OK;
}

static int activate(pcap_t *pcap, const char *interface, char *ret_reason)
{
	int result = pcap_activate(pcap);

	switch (result) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return refuse(ret_reason, STATUS_NO_PERMISSION, interface,
		        "permission refused; run as root or with CAP_NET_RAW");
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return refuse(ret_reason, STATUS_USAGE, interface,
		        "there is no such interface; `ip link` lists them");
	case PCAP_ERROR_IFACE_NOT_UP:
		return refuse(ret_reason, STATUS_USAGE, interface,
		        "the interface is down; `ip link set dev NAME up` starts it");
	default:
		/* Above zero are warnings, such as that promiscuous mode does not exist here. */
		return result < 0 ? refuse(ret_reason, STATUS_LIBRARY, interface, pcap_geterr(pcap))
		                  : STATUS_OK;
	}
}

static int set_filter(
        struct live *l, const struct source_live_options *o, char ret_reason[static REASON_CHARS])
{
	struct bpf_program code;
	int status;

	if (!o->filter)
		return STATUS_OK;
	status = source_check_filter(o->filter, ret_reason);
	if (status != STATUS_OK)
		return status;
	if (pcap_compile(l->pcap, &code, o->filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
		return refuse(ret_reason, STATUS_USAGE, o->interface, pcap_geterr(l->pcap));
	status = pcap_setfilter(l->pcap, &code) == 0
	                 ? STATUS_OK
	                 : refuse(ret_reason, STATUS_LIBRARY, o->interface, pcap_geterr(l->pcap));
	pcap_freecode(&code);
	return status;
}

/* A live input is what began at this time at this interface: known from the start, so that what is
 * stored of it in steps belongs together. */
static int identify(struct live *l, const char *interface)
{
	struct digest *digest = NULL;
	struct timespec now;
	int status = digest_new(&digest);

	clock_gettime(CLOCK_REALTIME, &now);
	if (status == STATUS_OK)
		status = digest_update(digest, span_of(&now.tv_sec, sizeof(now.tv_sec)));
	if (status == STATUS_OK)
		status = digest_update(digest, span_of(&now.tv_nsec, sizeof(now.tv_nsec)));
	if (status == STATUS_OK)
		status = digest_update(digest, span_of_text(interface));
	if (status == STATUS_OK)
		status = digest_hex(digest, l->counts.sha256);
	digest_free(digest);
	return status;
}

static int open_pcap(
        struct live *l, const struct source_live_options *o, char ret_reason[static REASON_CHARS])
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int status;

	l->pcap = pcap_create(o->interface, error);
	if (!l->pcap)
		return refuse(ret_reason, STATUS_LIBRARY, o->interface, error);
	status = configure(l->pcap, o);
	if (status != STATUS_OK)
		return refuse(ret_reason, status, o->interface, "libpcap refuses the options");
	status = activate(l->pcap, o->interface, ret_reason);
	if (status != STATUS_OK)
		return status;
	if (pcap_setnonblock(l->pcap, 1, error) != 0)
		return refuse(ret_reason, STATUS_LIBRARY, o->interface, error);
	l->poll_fd = pcap_get_selectable_fd(l->pcap);
	if (l->poll_fd < 0)
		return refuse(ret_reason, STATUS_LIBRARY, o->interface,
		        "this kind of interface cannot be waited for");
	l->link_type = link_type_of_dlt(pcap_datalink(l->pcap));
	return set_filter(l, o, ret_reason);
}

/* Of the capture's own socket: asking by name takes a socket of another family, which the bounds of
 * a service may not allow. 0: none, as of "any". */
static unsigned interface_index(const struct live *l)
{
	struct sockaddr_ll bound = {0};
	socklen_t len = sizeof(bound);

	if (getsockname(pcap_fileno(l->pcap), (struct sockaddr *)&bound, &len) != 0 ||
	        bound.sll_family != AF_PACKET || bound.sll_ifindex < 0)
		return 0;
	return (unsigned)bound.sll_ifindex;
}

int live_open(struct live **ret_gives, const struct source_live_options *options,
        char ret_reason[static 256])
{
	struct live *l = calloc(1, sizeof(*l));
	int status;

	if (!l)
		return refuse(ret_reason, STATUS_NO_MEMORY, options->interface, "out of memory");
	l->counts.format = "live";
	snprintf(l->gone, sizeof(l->gone), "the interface %.32s went away while it was captured",
	        options->interface);
	l->counts.end = STATUS_END;
	status = open_pcap(l, options, ret_reason);
	interface_drops_open(&l->interface_drops, INTERFACE_DROPS_FOLDER, options->interface,
	        status == STATUS_OK ? interface_index(l) : 0);
	if (status == STATUS_OK && identify(l, options->interface) != STATUS_OK)
		status = refuse(ret_reason, STATUS_LIBRARY, options->interface,
		        "the SHA-256 library does not work");
	if (status != STATUS_OK) {
		live_free(l);
		return status;
	}
	*ret_gives = l;
	return STATUS_OK;
}

struct live *live_free(struct live *l)
{
	if (!l)
		return NULL;
	if (l->pcap)
		pcap_close(l->pcap);
	interface_drops_close(&l->interface_drops);
	free(l->own_filter);
	free(l);
	return NULL;
}

static int64_t monotonic_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

/* The kernel still hands over what it had collected when the interface went away. */
static void end_live(struct live *l)
{
	if (l->down_ns == 0)
		l->down_ns = monotonic_ns();
	if (monotonic_ns() - l->down_ns < LIVE_LAST_BLOCK_NS)
		return;
	l->ended = true;
	l->counts.end = STATUS_TRUNCATED;
	l->counts.end_reason = l->gone;
	l->counts.end_at_bytes = l->counts.bytes;
	l->counts.end_after_frame = l->counts.frames;
}

static void note_frame(struct live *l, const struct frame *f)
{
	struct source_counts *c = &l->counts;

	if (c->frames == 0 || f->time_ns < c->first_ns)
		c->first_ns = f->time_ns;
	if (c->frames == 0 || f->time_ns > c->last_ns)
		c->last_ns = f->time_ns;
	if (c->frames > 0 && f->time_ns < l->last_ns)
		c->out_of_order++;
	l->last_ns = f->time_ns;
	c->frames++;
	c->bytes += f->bytes.len;
	if (f->length_bytes > f->bytes.len)
		c->cut_frames++;
}

static int take_frame(struct live *l, struct frame *ret)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int result = pcap_next_ex(l->pcap, &header, &data);
	struct frame frame;

	if (result < 0 || (result == 0 && l->down_ns != 0))
		end_live(l);
	if (result <= 0)
		return STATUS_OK;
	frame = (struct frame){
	        .bytes = {data, header->caplen},
	        .length_bytes = header->len > header->caplen ? header->len : header->caplen,
	        .link_type = l->link_type,
	        .number = l->counts.frames + 1,
	        /* Nanoseconds, since that precision was asked for. */
	        .time_ns = header->ts.tv_sec * NS_PER_SECOND + header->ts.tv_usec,
	};
	note_frame(l, &frame);
	*ret = frame;
	return STATUS_ITEM;
}

int live_next(struct live *l, int timeout_ms, struct frame *ret)
{
	struct pollfd ready = {.fd = l->poll_fd, .events = POLLIN};
	int status;

	if (l->ended)
		return 0;
	status = take_frame(l, ret);
	if (status != STATUS_OK || l->ended || timeout_ms == 0)
		return status;
	if (poll(&ready, 1, timeout_ms) < 0)
		return errno == EINTR ? 0 : status_from_errno(errno);
	return take_frame(l, ret);
}

/* The program that the kernel runs for the user's filter; empty when there is none, or when libpcap
 * found it too long for the kernel and runs it itself. */
static int read_own_filter(struct live *l)
{
	struct kernel_filter *f = calloc(1, sizeof(*f));
	socklen_t count = KERNEL_FILTER_MAX;

	if (!f)
		return STATUS_NO_MEMORY;
	if (getsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_GET_FILTER, f->code, &count) != 0) {
		free(f);
		return status_from_errno(errno);
	}
	f->count = count;
	l->own_filter = f;
	return STATUS_OK;
}

/* Replaces the kernel's program in one step; when it is refused the one before stays. libpcap is
 * not asked: it would go on without the kernel, and say nothing. */
static int attach(struct live *l, struct kernel_filter *f)
{
	struct sock_fprog program = {.len = (unsigned short)f->count, .filter = f->code};

	if (setsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
	            sizeof(program)) != 0)
		return status_from_errno(errno);
	return STATUS_OK;
}

/* For good: not even this process, taken over, could open the capture again. */
static int lock(struct live *l)
{
	int on = 1;

	if (setsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)) != 0)
		return status_from_errno(errno);
	return STATUS_OK;
}

int live_exclude(struct live *l, const struct prefix *nets, size_t count,
        char ret_reason[static REASON_CHARS])
{
	struct kernel_filter *f = calloc(1, sizeof(*f));
	int status = f ? STATUS_OK : STATUS_NO_MEMORY;

	if (status == STATUS_OK && !l->own_filter)
		status = read_own_filter(l);
	if (status == STATUS_OK)
		status = kernel_filter_exclude(f, l->own_filter, l->link_type, nets, count);
	if (status == STATUS_LIMIT)
		snprintf(ret_reason, REASON_CHARS, "the filter is longer than the kernel takes");
	else if (status == STATUS_UNSUPPORTED)
		snprintf(ret_reason, REASON_CHARS, "this kind of interface has no such filter");
	if (status == STATUS_OK)
		status = attach(l, f);
	if (status == STATUS_OK)
		status = lock(l);
	if (status < 0)
		snprintf(ret_reason, REASON_CHARS, "the kernel refuses the filter: %s",
		        strerror(errno));
	free(f);
	return status;
}

bool live_ended(const struct live *l)
{
	return l->ended;
}

uint64_t live_bytes(const struct live *l)
{
	return l->counts.bytes;
}

int live_counts(struct live *l, struct source_counts *ret)
{
	struct pcap_stat stats;

	if (pcap_stats(l->pcap, &stats) == 0) {
		l->counts.dropped_frames += (uint32_t)(stats.ps_drop - l->last_dropped);
		l->last_dropped = stats.ps_drop;
	}
	l->counts.interface_dropped_frames = interface_drops_count(&l->interface_drops);
	*ret = l->counts;
	return STATUS_OK;
}

/* Listens to nothing: protocol 0. */
int source_may_capture(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return status_from_errno(errno);
	close(fd);
	return STATUS_OK;
}
