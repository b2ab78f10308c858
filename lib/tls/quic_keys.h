/* quic_keys: the keys that protect QUIC's Initial packets, and what they open. RFC 9001 sections
 * 5.2 to 5.4, RFC 9369 section 3.3. They hide nothing: whoever sees the packet can derive them. */
#ifndef EXEAT_TLS_QUIC_KEYS_H
#define EXEAT_TLS_QUIC_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define QUIC_KEY_BYTES    16 /* AES-128-GCM */
#define QUIC_IV_BYTES     12
#define QUIC_TAG_BYTES    16
#define QUIC_SAMPLE_BYTES 16
#define QUIC_MASK_BYTES   5

struct quic_keys {
	uint8_t key[QUIC_KEY_BYTES];
	uint8_t iv[QUIC_IV_BYTES];
	uint8_t header_key[QUIC_KEY_BYTES];
};

/* How a version names and protects things; NULL for one that we cannot read. */
struct quic_version_facts {
	uint32_t first, last; /* versions, both included */
	const uint8_t *salt;  /* 20 bytes */
	uint8_t initial_type; /* of the long header's two bits */
	const char *label;    /* "quic" or "quicv2" */
	bool google_frames;   /* frame types of Google's QUIC */
};
const struct quic_version_facts *quic_version_facts(uint32_t version);
/* RFC 9000 section 15: 0x?a?a?a?a stands for no version, so that the server must name its own. The
 * client seals such a packet as its real version does; the facts are those of version 1. */
bool quic_version_is_grease(uint32_t version);

/* From the connection id that the client chose first. */
int quic_keys_derive(const struct quic_version_facts *facts, struct span connection_id,
        bool of_client, struct quic_keys *ret) WUNRES NONNULL(1, 4);
/* RFC 9001 section 5.4.3: the mask over the first byte and the packet number. */
int quic_keys_mask(const struct quic_keys *keys, struct span sample,
        uint8_t ret[static QUIC_MASK_BYTES]) WUNRES NONNULL(1);
/* Opens `sealed` (with its tag) into out, which holds sealed.len bytes. STATUS_ENCRYPTED: other
 * keys sealed it; out is then not to be read. */
int quic_keys_open(const struct quic_keys *keys, uint32_t packet_number, struct span header,
        struct span sealed, uint8_t *out) WUNRES NONNULL(1, 5);

#endif
