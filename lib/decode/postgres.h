/* postgres: the inside of the decoder of PostgreSQL's protocol: what its files share.
 *
 * Source: PostgreSQL 15 documentation, sections 55.2.1 (the first message), 55.7 (formats). */
#ifndef EXEAT_DECODE_POSTGRES_H
#define EXEAT_DECODE_POSTGRES_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decoder.h"

#define POSTGRES_VERSION_3         0x00030000u
#define POSTGRES_CODE_TLS          0x04d2162fu /* 5679 */
#define POSTGRES_CODE_GSS          0x04d21630u /* 5680 */
#define POSTGRES_STARTUP_BYTES_MAX 10000u      /* the server's own maximum */
#define POSTGRES_MESSAGE_BYTES_MAX 0x3fffffffu /* 1 GB, the server's own maximum */
#define POSTGRES_TLS_HANDSHAKE     0x16

/* Types of message that a client sends, or a server. */
bool postgres_is_frontend(uint8_t type);
bool postgres_is_backend(uint8_t type);
enum probe_answer postgres_probe(const struct probe *p) NONNULL(1);

#endif
