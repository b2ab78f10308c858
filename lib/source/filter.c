#include "source/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "source/filter_words.h"
#include "source/link_type.h"
#include "source/source.h"

struct program {
	uint32_t link_type;
	bool expressed; /* else the filter does not compile for this link type */
	struct bpf_program code;
};

struct filter {
	char *text;
	struct program programs[FILTER_LINK_TYPES_MAX];
	size_t count;
};

/* 0 with *ret_gives, or -1 with libpcap's sentence. */
static int compile(const char *text, int dlt, struct bpf_program *ret_gives,
        char ret_reason[static FILTER_REASON_CHARS])
{
	pcap_t *dead = pcap_open_dead(dlt, SOURCE_FRAME_BYTES_MAX);
	int result;

	if (!dead) {
		snprintf(ret_reason, FILTER_REASON_CHARS, "libpcap has no memory");
		return -1;
	}
	result = pcap_compile(dead, ret_gives, text, 1, PCAP_NETMASK_UNKNOWN);
	if (result != 0)
		snprintf(ret_reason, FILTER_REASON_CHARS, "the filter is wrong: %s",
		        pcap_geterr(dead));
	pcap_close(dead);
	return result == 0 ? 0 : -1;
}

/* A filter is right when some common link type can express it: Ethernet, or else the "any" device,
 * which knows interfaces and directions. The sentence is Ethernet's. */
int source_check_filter(const char *filter, char ret_reason[static 256])
{
	static const int dlts[] = {DLT_EN10MB, DLT_LINUX_SLL2, DLT_RAW};
	char other_reason[FILTER_REASON_CHARS];
	struct bpf_program code;

	if (strlen(filter) > FILTER_CHARS_MAX) {
		snprintf(ret_reason, 256, "the filter is longer than %d characters",
		        FILTER_CHARS_MAX);
		return STATUS_USAGE;
	}
	if (filter_words_name_a_host(filter)) {
		snprintf(ret_reason, 256,
		        "the filter has a word that its language lacks; if it is the name of a "
		        "host, write the address: names are not looked up");
		return STATUS_USAGE;
	}
	for (size_t i = 0; i < ARRAY_LEN(dlts); i++) {
		if (compile(filter, dlts[i], &code, i == 0 ? ret_reason : other_reason) != 0)
			continue;
		pcap_freecode(&code);
		return STATUS_OK;
	}
	return STATUS_USAGE;
}

int filter_open(
        struct filter **ret_gives, const char *text, char ret_reason[static FILTER_REASON_CHARS])
{
	struct filter *f;
	int status = source_check_filter(text, ret_reason);

	if (status != STATUS_OK)
		return status;
	f = calloc(1, sizeof(*f));
	if (!f)
		return STATUS_NO_MEMORY;
	f->text = strdup(text);
	if (!f->text) {
		filter_free(f);
		return STATUS_NO_MEMORY;
	}
	*ret_gives = f;
	return STATUS_OK;
}

struct filter *filter_free(struct filter *f)
{
	if (!f)
		return NULL;
	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].expressed)
			pcap_freecode(&f->programs[i].code);
	free(f->text);
	free(f);
	return NULL;
}

static struct program *program_for(struct filter *f, uint32_t link_type)
{
	char reason[FILTER_REASON_CHARS];
	struct program *p;

	for (size_t i = 0; i < f->count; i++)
		if (f->programs[i].link_type == link_type)
			return &f->programs[i];
	if (f->count == FILTER_LINK_TYPES_MAX)
		return NULL;
	p = &f->programs[f->count++];
	p->link_type = link_type;
	p->expressed = compile(f->text, link_type_to_dlt(link_type), &p->code, reason) == 0;
	return p;
}

int filter_match(struct filter *f, const struct frame *frame)
{
	const struct program *p = program_for(f, frame->link_type);
	struct pcap_pkthdr header = {
	        .caplen = (bpf_u_int32)frame->bytes.len,
	        .len = frame->length_bytes,
	};

	if (!p || !p->expressed)
		return 0;
	return pcap_offline_filter(&p->code, &header, frame->bytes.data) != 0;
}
