#include "tls/certificate_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "base/status.h"

#define ASKED_BYTES_MAX 255 /* a host name (RFC 1035 section 2.3.4) */
#define TAIL_BYTES      32  /* of the signature: no two certificates end alike */

struct entry {
	struct certificate *certificate;
	uint8_t *der;
	size_t der_len, asked_len;
	uint8_t asked[ASKED_BYTES_MAX];
};

struct certificate_cache {
	struct certificate_reader *reader;
	struct entry *entries[CERTIFICATE_CACHE_ENTRIES];
	struct certificate *last; /* that no entry holds */
};

int certificate_cache_new(struct certificate_cache **ret_gives)
{
	struct certificate_cache *x = calloc(1, sizeof(*x));
	int status = x ? certificate_reader_new(&x->reader) : STATUS_NO_MEMORY;

	if (status != STATUS_OK) {
		certificate_cache_free(x);
		return status;
	}
	*ret_gives = x;
	return STATUS_OK;
}

static struct entry *entry_free(struct entry *e)
{
	if (!e)
		return NULL;
	certificate_free(e->certificate);
	free(e->der);
	free(e);
	return NULL;
}

struct certificate_cache *certificate_cache_free(struct certificate_cache *x)
{
	if (!x)
		return NULL;
	for (size_t i = 0; i < CERTIFICATE_CACHE_ENTRIES; i++)
		entry_free(x->entries[i]);
	certificate_free(x->last);
	certificate_reader_free(x->reader);
	free(x);
	return NULL;
}

/* An entry compares all of it. */
static size_t slot_of(struct span der, struct span asked)
{
	struct span tail = der.len > TAIL_BYTES ? span_slice(der, der.len - TAIL_BYTES, SIZE_MAX)
	                                        : der;

	return fnv_span(fnv_span(FNV_BASIS, tail), asked) % CERTIFICATE_CACHE_ENTRIES;
}

static bool holds(const struct entry *e, struct span der, struct span asked)
{
	return e && e->der_len == der.len && e->asked_len == asked.len &&
	       !memcmp(e->der, der.data, der.len) &&
	       (asked.len == 0 || !memcmp(e->asked, asked.data, asked.len));
}

/* Takes the certificate; NULL without memory, and nothing is taken. */
static struct entry *entry_new(struct span der, struct span asked, struct certificate *takes)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e)
		e->der = malloc(der.len);
	if (!e || !e->der)
		return entry_free(e);
	memcpy(e->der, der.data, der.len);
	e->der_len = der.len;
	if (asked.len > 0)
		memcpy(e->asked, asked.data, asked.len);
	e->asked_len = asked.len;
	e->certificate = takes;
	return e;
}

int certificate_cache_read(struct certificate_cache *x, struct span message_body, struct span asked,
        const struct certificate **ret_borrowed)
{
	struct span der;
	struct entry **slot, *entry = NULL;
	int status = certificate_first(message_body, &der);

	x->last = certificate_free(x->last);
	if (status != STATUS_OK)
		return status;
	slot = &x->entries[slot_of(der, asked)];
	if (holds(*slot, der, asked)) {
		*ret_borrowed = (*slot)->certificate;
		return STATUS_OK;
	}
	status = certificate_read_by(x->reader, message_body, asked, &x->last);
	if (status != STATUS_OK)
		return status;
	*ret_borrowed = x->last;
	if (der.len <= CERTIFICATE_CACHE_DER_BYTES && asked.len <= ASKED_BYTES_MAX)
		entry = entry_new(der, asked, x->last);
	if (entry) {
		entry_free(*slot);
		*slot = entry;
		x->last = NULL;
	}
	return STATUS_OK;
}
