#include "tls/fingerprint.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/status.h"

#define TEXT_BYTES_MAX (1024 * 1024) /* a hello has at most 65,536 bytes, a number six letters */
#define HASH_CHARS     12            /* of each of the two in a JA4 */
#define NUMBER_CHARS   5             /* 65535 */
#define COUNT_MAX      99            /* what two digits hold */
#define EXTENSION_NAME 0
#define EXTENSION_ALPN 16

/* The numbers of a list in the order sent, GREASE left out. */
struct numbers {
	uint16_t *values; /* owned */
	size_t count;
};

/* Width 2: 16-bit numbers. Width 1: bytes. */
static int read_numbers(struct span list, size_t width, struct numbers *ret)
{
	struct cursor c = cursor_open(list);

	ret->count = 0;
	ret->values = calloc(list.len / width + 1, sizeof(*ret->values));
	if (!ret->values)
		return STATUS_NO_MEMORY;
	while (cursor_left(&c) >= width) {
		uint16_t value = width == 2 ? cursor_u16be(&c) : cursor_u8(&c);

		if (width == 1 || !tls_is_grease(value))
			ret->values[ret->count++] = value;
	}
	return STATUS_OK;
}

/* The types of the extensions; each takes four bytes at least. */
static int read_types(struct span extensions, struct numbers *ret)
{
	struct cursor c = cursor_open(extensions);

	ret->count = 0;
	ret->values = calloc(extensions.len / 4 + 1, sizeof(*ret->values));
	if (!ret->values)
		return STATUS_NO_MEMORY;
	while (cursor_left(&c) > 0) {
		uint16_t type = cursor_u16be(&c);

		cursor_skip(&c, cursor_u16be(&c));
		if (cursor_failed(&c)) {
			free(ret->values);
			ret->values = NULL;
			return STATUS_MALFORMED;
		}
		if (!tls_is_grease(type))
			ret->values[ret->count++] = type;
	}
	return STATUS_OK;
}

/* "49195", or "c02b": up to five characters, without a zero behind them. A hello has a hundred. */
static size_t format_number(unsigned value, bool hex, char ret[static NUMBER_CHARS])
{
	static const char digits[] = "0123456789abcdef";
	const unsigned base = hex ? 16 : 10;
	char reversed[NUMBER_CHARS];
	size_t len = 0;

	do {
		reversed[len++] = digits[value % base];
		value /= base;
	} while (value > 0);
	while (hex && len < 4)
		reversed[len++] = '0';
	for (size_t i = 0; i < len; i++)
		ret[i] = reversed[len - 1 - i];
	return len;
}

static int write_numbers(struct buf *text, const struct numbers *n, bool hex, const char *separator)
{
	int status = STATUS_OK;

	for (size_t i = 0; status == STATUS_OK && i < n->count; i++) {
		char number[NUMBER_CHARS];
		size_t len = format_number(n->values[i], hex, number);

		if (i > 0)
			status = buf_append_text(text, separator);
		if (status == STATUS_OK)
			status = buf_append(text, span_of(number, len));
	}
	return status;
}

static int append_list(struct buf *text, struct span list, size_t width)
{
	struct numbers numbers;
	int status = read_numbers(list, width, &numbers);

	if (status == STATUS_OK)
		status = write_numbers(text, &numbers, false, "-");
	free(numbers.values);
	return status;
}

static int append_types(struct buf *text, struct span extensions)
{
	struct numbers numbers;
	int status = read_types(extensions, &numbers);

	if (status != STATUS_OK)
		return status;
	status = write_numbers(text, &numbers, false, "-");
	free(numbers.values);
	return status;
}

static int write_ja3(struct buf *text, const struct client_hello *hello)
{
	int status = buf_printf(text, "%u,", hello->body_version);

	if (status == STATUS_OK)
		status = append_list(text, hello->cipher_suites, 2);
	if (status == STATUS_OK)
		status = buf_append_text(text, ",");
	if (status == STATUS_OK)
		status = append_types(text, hello->extensions);
	if (status == STATUS_OK)
		status = buf_append_text(text, ",");
	if (status == STATUS_OK)
		status = append_list(text, hello->groups, 2);
	if (status == STATUS_OK)
		status = buf_append_text(text, ",");
	return status == STATUS_OK ? append_list(text, hello->points, 1) : status;
}

int fingerprint_ja3(const struct client_hello *hello, char ret[static FINGERPRINT_JA3_CHARS])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct buf text;
	int status;

	buf_init(&text, TEXT_BYTES_MAX, NULL);
	status = write_ja3(&text, hello);
	if (status == STATUS_OK &&
	        EVP_Digest(text.data, text.len, digest, NULL, EVP_md5(), NULL) != 1)
		status = STATUS_LIBRARY;
	buf_free(&text);
	if (status == STATUS_OK)
		digest_to_hex(digest, (FINGERPRINT_JA3_CHARS - 1) / 2, ret);
	return status;
}

static int compare_numbers(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* JA4.md, "Cipher hash" and "Extension hash": zeros stand for an empty list. */
static int hash_text(const struct buf *text, char ret[static HASH_CHARS + 1])
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	int status;

	if (text->len == 0) {
		memset(ret, '0', HASH_CHARS);
		ret[HASH_CHARS] = '\0';
		return STATUS_OK;
	}
	status = digest_sha256(buf_span(text), digest);
	if (status == STATUS_OK)
		digest_to_hex(digest, HASH_CHARS / 2, ret);
	return status;
}

static int hash_ciphers(const struct client_hello *hello, size_t *ret_count, char *ret)
{
	struct numbers ciphers;
	struct buf text;
	int status = read_numbers(hello->cipher_suites, 2, &ciphers);

	if (status != STATUS_OK)
		return status;
	buf_init(&text, TEXT_BYTES_MAX, NULL);
	qsort(ciphers.values, ciphers.count, sizeof(*ciphers.values), compare_numbers);
	status = write_numbers(&text, &ciphers, true, ",");
	if (status == STATUS_OK)
		status = hash_text(&text, ret);
	*ret_count = ciphers.count;
	free(ciphers.values);
	buf_free(&text);
	return status;
}

/* Name and ALPN stand in the first part of a JA4 and are left out here. True if it had a name. */
static bool drop_captured(struct numbers *types)
{
	bool named = false;
	size_t kept = 0;

	for (size_t i = 0; i < types->count; i++) {
		uint16_t type = types->values[i];

		if (type == EXTENSION_NAME)
			named = true;
		if (type != EXTENSION_NAME && type != EXTENSION_ALPN)
			types->values[kept++] = type;
	}
	types->count = kept;
	return named;
}

static int append_signatures(struct buf *text, const struct client_hello *hello)
{
	struct numbers signatures;
	int status = read_numbers(hello->signature_algorithms, 2, &signatures);

	if (status == STATUS_OK && signatures.count > 0)
		status = buf_append_text(text, "_");
	if (status == STATUS_OK)
		status = write_numbers(text, &signatures, true, ",");
	free(signatures.values);
	return status;
}

struct ja4_extensions {
	size_t count;
	bool named;
	char hash[HASH_CHARS + 1];
};

static int hash_extensions(const struct client_hello *hello, struct ja4_extensions *ret)
{
	struct numbers types;
	struct buf text;
	int status = read_types(hello->extensions, &types);

	if (status != STATUS_OK)
		return status;
	ret->count = types.count;
	ret->named = drop_captured(&types);
	qsort(types.values, types.count, sizeof(*types.values), compare_numbers);
	buf_init(&text, TEXT_BYTES_MAX, NULL);
	status = write_numbers(&text, &types, true, ",");
	if (status == STATUS_OK && types.count > 0)
		status = append_signatures(&text, hello);
	if (status == STATUS_OK)
		status = hash_text(&text, ret->hash);
	free(types.values);
	buf_free(&text);
	return status;
}

/* JA4.md, "TLS and DTLS Version": the highest number, which with DTLS is the oldest version. */
static const char *version_part(uint16_t version)
{
	static const struct {
		uint16_t version;
		const char *text;
	} known[] = {
	        {0x0304, "13"},
	        {0x0303, "12"},
	        {0x0302, "11"},
	        {0x0301, "10"},
	        {0x0300, "s3"},
	        {0x0002, "s2"},
	        {0xfeff, "d1"},
	        {0xfefd, "d2"},
	        {0xfefc, "d3"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].version == version)
			return known[i].text;
	return "00";
}

static bool is_letter_or_digit(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= 'a' && byte <= 'z');
}

/* JA4.md, "ALPN Extension Value": its first and last letter, else of its hex form. */
static void alpn_part(struct span alpn, char ret[static 3])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t first, last;

	ret[0] = ret[1] = '0';
	ret[2] = '\0';
	if (alpn.len == 0)
		return;
	first = alpn.data[0];
	last = alpn.data[alpn.len - 1];
	if (is_letter_or_digit(first) && is_letter_or_digit(last)) {
		ret[0] = (char)first;
		ret[1] = (char)last;
	} else {
		ret[0] = digits[first >> 4];
		ret[1] = digits[last & 15];
	}
}

static unsigned two_digits(size_t count)
{
	return count > COUNT_MAX ? COUNT_MAX : (unsigned)count;
}

int fingerprint_ja4(const struct client_hello *hello, enum fingerprint_carrier carrier,
        char ret[static FINGERPRINT_JA4_CHARS])
{
	char ciphers[HASH_CHARS + 1], alpn[3];
	struct ja4_extensions extensions;
	size_t cipher_count = 0;
	int status = hash_ciphers(hello, &cipher_count, ciphers);

	if (status == STATUS_OK)
		status = hash_extensions(hello, &extensions);
	if (status != STATUS_OK)
		return status;
	alpn_part(hello->first_alpn, alpn);
	snprintf(ret, FINGERPRINT_JA4_CHARS, "%c%s%c%02u%02u%s_%s_%s", (char)carrier,
	        version_part(hello->highest_number), extensions.named ? 'd' : 'i',
	        two_digits(cipher_count), two_digits(extensions.count), alpn, ciphers,
	        extensions.hash);
	return STATUS_OK;
}
