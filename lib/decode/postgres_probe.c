/* postgres_probe: how the protocol of PostgreSQL is recognised. */
#include <string.h>

#include "decode/postgres.h"
#include "decode/rowset.h"

#define SERVER_PORT 5432
#define CODE_CANCEL 0x04d2162eu /* 1234 and 5678 */
#define HEAD_BYTES  5u          /* a type and a length */

bool postgres_is_frontend(uint8_t type)
{
	return type && strchr("BCDEFHPQSXpdcf", type);
}

bool postgres_is_backend(uint8_t type)
{
	return type && strchr("RKSZTDCEINAtns123GHWdcVv", type);
}

/* A first message: length and a version or a code. */
static enum probe_answer probe_startup(struct span head, bool end)
{
	struct cursor c = cursor_open(head);
	uint32_t len = cursor_u32be(&c), code = cursor_u32be(&c);

	if (head.len > 0 && head.data[0] != 0)
		return PROBE_NO;
	if (head.len > 1 && head.data[1] != 0)
		return PROBE_NO;
	if (cursor_failed(&c))
		return end ? PROBE_NO : PROBE_MORE;
	if (len < 8 || len > POSTGRES_STARTUP_BYTES_MAX)
		return PROBE_NO;
	if (code == POSTGRES_CODE_TLS || code == POSTGRES_CODE_GSS)
		return len == 8 ? PROBE_YES : PROBE_NO;
	if (code == CODE_CANCEL)
		return len == 16 ? PROBE_YES : PROBE_NO;
	return code == POSTGRES_VERSION_3 ? PROBE_YES : PROBE_NO;
}

/* Messages whose shape tells: how a login is answered, what ends an answer, a text of SQL. */
static bool is_distinct(uint8_t type, uint32_t len, struct cursor body)
{
	uint32_t code;

	switch (type) {
	case 'R':
		code = cursor_u32be(&body);
		return len >= 8 && len < 256 && (code <= 12) && (code != 0 || len == 8);
	case 'Z':
		code = cursor_u8(&body);
		return len == 5 && (code == 'I' || code == 'T' || code == 'E');
	case 'S':
		return len == 4 || (len < 256 && cursor_peek(&body, 0) >= 'A');
	case 'Q':
	case 'P':
		return len > 5 && len < (1u << 20);
	case 'T':
		return len > 6 && len < (1u << 20) && cursor_u16be(&body) <= ROWSET_COLUMNS_MAX;
	default:
		return false;
	}
}

/* What a server answers to a request for encryption, and what may follow. */
static bool is_letter(struct span head)
{
	if (head.len == 0 || !memchr("SNG", head.data[0], 3))
		return false;
	return head.len == 1 || head.data[1] == POSTGRES_TLS_HANDSHAKE ||
	       (postgres_is_backend(head.data[1]) && (head.len == 2 || head.data[2] == 0));
}

enum probe_answer postgres_probe(const struct probe *p)
{
	const struct tuple *t = p->env->tuple;
	bool hint = p->other || t->src.port == SERVER_PORT || t->dst.port == SERVER_PORT;
	struct cursor c = cursor_open(p->head);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u32be(&c);
	bool plain = postgres_is_frontend(type) || postgres_is_backend(type);

	if (p->env->depth > 0 || p->env->datagram)
		return PROBE_NO;
	if (p->head.len > 0 && type == 0)
		return probe_startup(p->head, p->end);
	if (p->other && is_letter(p->head))
		return PROBE_YES;
	/* A length below 16 MB: two bytes of text never are. */
	if (!plain || (p->head.len > 1 && p->head.data[1] != 0 && !p->other))
		return PROBE_NO;
	if (p->head.len < HEAD_BYTES)
		return p->end ? PROBE_NO : PROBE_MORE;
	if (len < 4 || len > POSTGRES_MESSAGE_BYTES_MAX)
		return PROBE_NO;
	if (hint)
		return PROBE_YES;
	if (p->head.len < HEAD_BYTES + 4 && p->head.len < len + 1u)
		return p->end ? PROBE_NO : PROBE_MORE;
	return is_distinct(type, len, cursor_sub(&c, p->head.len < HEAD_BYTES + 4 ? len - 4 : 4))
	               ? PROBE_YES
	               : PROBE_NO;
}
