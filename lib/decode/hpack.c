#include "decode/hpack.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* Before each allocation of nghttp2 stands its size, in the room of the strictest alignment. */
#define PREFIX_BYTES 16

struct hpack {
	nghttp2_hd_inflater *inflater;
	nghttp2_mem memory;    /* the inflater borrows it */
	struct budget *budget; /* borrows */
	bool no_memory;        /* an allocation failed for want of memory, not of budget */
};

static void *hpack_malloc(size_t size, void *user)
{
	struct hpack *p = user;
	size_t all = size + PREFIX_BYTES;
	uint8_t *block;

	if (size > SIZE_MAX - PREFIX_BYTES || budget_charge(p->budget, all) != STATUS_OK)
		return NULL;
	block = calloc(1, all);
	if (!block) {
		budget_release(p->budget, all);
		p->no_memory = true;
		return NULL;
	}
	memcpy(block, &all, sizeof(all));
	return block + PREFIX_BYTES;
}

static void hpack_release(void *memory, void *user)
{
	struct hpack *p = user;
	uint8_t *block = memory;
	size_t all;

	if (!block)
		return;
	block -= PREFIX_BYTES;
	memcpy(&all, block, sizeof(all));
	explicit_bzero(block, all);
	free(block);
	budget_release(p->budget, all);
}

static void *hpack_calloc(size_t count, size_t size, void *user)
{
	if (size > 0 && count > SIZE_MAX / size)
		return NULL;
	return hpack_malloc(count * size, user); /* zeroed already */
}

static void *hpack_realloc(void *memory, size_t size, void *user)
{
	void *moved = hpack_malloc(size, user);
	size_t old;

	if (!moved || !memory)
		return moved;
	memcpy(&old, (uint8_t *)memory - PREFIX_BYTES, sizeof(old));
	old -= PREFIX_BYTES;
	memcpy(moved, memory, old < size ? old : size);
	hpack_release(memory, user);
	return moved;
}

static int refusal(const struct hpack *p)
{
	return p->no_memory ? STATUS_NO_MEMORY : STATUS_LIMIT;
}

/* The encoder announces the size of its table itself; up to our maximum it may have any, whatever
 * the other side's settings said: those may not have been captured. */
int hpack_new(struct hpack **ret_gives, struct budget *borrowed)
{
	struct hpack *p;
	int status;

	if (budget_charge(borrowed, sizeof(*p)) != STATUS_OK)
		return STATUS_LIMIT;
	p = calloc(1, sizeof(*p));
	if (!p) {
		budget_release(borrowed, sizeof(*p));
		return STATUS_NO_MEMORY;
	}
	p->budget = borrowed;
	p->memory = (nghttp2_mem){
	        .mem_user_data = p,
	        .malloc = hpack_malloc,
	        .free = hpack_release,
	        .calloc = hpack_calloc,
	        .realloc = hpack_realloc,
	};
	if (nghttp2_hd_inflate_new2(&p->inflater, &p->memory) != 0 ||
	        nghttp2_hd_inflate_change_table_size(p->inflater, HPACK_TABLE_BYTES_MAX) != 0) {
		status = refusal(p);
		hpack_free(p);
		return status;
	}
	*ret_gives = p;
	return STATUS_OK;
}

struct hpack *hpack_free(struct hpack *p)
{
	if (!p)
		return NULL;
	if (p->inflater)
		nghttp2_hd_inflate_del(p->inflater);
	budget_release(p->budget, sizeof(*p));
	free(p);
	return NULL;
}

static int add(struct http1_head *head, const nghttp2_nv *field, bool *cut)
{
	struct http1_header header = {
	        .name = span_of(field->name, field->namelen),
	        .value = span_of(field->value, field->valuelen),
	};
	int status = *cut ? STATUS_OK : http1_head_add(head, header);

	if (status != STATUS_LIMIT)
		return status;
	*cut = true;
	return STATUS_OK;
}

/* The whole block is read even when the list is full: the table must follow. */
static int inflate_block(struct hpack *p, struct span block, struct http1_head *head, bool *cut)
{
	for (;;) {
		nghttp2_nv field;
		int flags = 0;
		ssize_t taken = nghttp2_hd_inflate_hd2(
		        p->inflater, &field, &flags, block.data, block.len, 1);
		int status = STATUS_OK;

		if (taken == NGHTTP2_ERR_NOMEM)
			return refusal(p);
		if (taken < 0 || (size_t)taken > block.len)
			return STATUS_MALFORMED;
		block = span_slice(block, (size_t)taken, block.len);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			status = add(head, &field, cut);
		if (status != STATUS_OK)
			return status;
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			break;
		if (taken == 0 && !(flags & NGHTTP2_HD_INFLATE_EMIT))
			return STATUS_MALFORMED;
	}
	nghttp2_hd_inflate_end_headers(p->inflater);
	return STATUS_OK;
}

int hpack_read(struct hpack *p, struct span block, struct http1_head **ret_gives, bool *ret_cut)
{
	struct http1_head *head = NULL;
	bool cut = false;
	int status = http1_head_new(&head, p->budget);

	if (status == STATUS_OK)
		status = inflate_block(p, block, head, &cut);
	if (status != STATUS_OK) {
		http1_head_free(head);
		return status;
	}
	*ret_gives = head;
	*ret_cut = cut;
	return STATUS_OK;
}
