/* fingerprint: two short names for the way a program says hello in TLS, so that equal programs can
 * be told by it. Comes in: the body of a ClientHello. Goes out: text.
 *
 * JA3: Althouse, Atkinson, Atkins, "TLS Fingerprinting with JA3 and JA3S", Salesforce 2017: MD5
 * over version, ciphers, extensions, groups and point formats as sent, GREASE left out.
 * JA4: FoxIO, technical_details/JA4.md (BSD-3-Clause; only this one of their methods). */
#ifndef EXEAT_TLS_FINGERPRINT_H
#define EXEAT_TLS_FINGERPRINT_H

#include "base/compiler.h"
#include "base/cursor.h"
#include "net/client_hello.h"

#define FINGERPRINT_JA3_CHARS 33 /* 32 hex digits and the closing zero */
#define FINGERPRINT_JA4_CHARS 37

enum fingerprint_carrier { FINGERPRINT_TCP = 't', FINGERPRINT_QUIC = 'q', FINGERPRINT_DTLS = 'd' };

/* 0, STATUS_MALFORMED (extensions that do not fit), or a failure; ret untouched unless 0. The hello
 * comes from client_hello_read, with its message still there. */
int fingerprint_ja3(const struct client_hello *hello, char ret[static FINGERPRINT_JA3_CHARS]) WUNRES
        NONNULL(1);
int fingerprint_ja4(const struct client_hello *hello, enum fingerprint_carrier carrier,
        char ret[static FINGERPRINT_JA4_CHARS]) WUNRES NONNULL(1);

#endif
