#include "decode/ftp_command.h"

#include <string.h>
#include <strings.h>

#include "net/addr.h"

#define VERB_CHARS_MAX 7
#define FTP_DATA       "ftp-data"

struct verb {
	char name[VERB_CHARS_MAX + 1];
	enum ftp_use use;
	bool distinct;
};

/* By their letters. Not distinct: what POP3, SMTP, NNTP or plain text may hold, too. */
static const struct verb verbs[] = {
        {"ABOR", FTP_NONE, false},
        {"ACCT", FTP_NONE, false},
        {"ADAT", FTP_NONE, false},
        {"ALLO", FTP_NONE, false},
        {"APPE", FTP_UPLOAD, true},
        {"AUTH", FTP_NONE, false},
        {"CCC", FTP_NONE, false},
        {"CDUP", FTP_NONE, true},
        {"CLNT", FTP_AGENT, true},
        {"CONF", FTP_ENCRYPTED, false},
        {"CWD", FTP_PATH, false},
        {"DELE", FTP_PATH, false},
        {"ENC", FTP_ENCRYPTED, false},
        {"EPRT", FTP_PORT_LONG, true},
        {"EPSV", FTP_NONE, true},
        {"FEAT", FTP_NONE, true},
        {"HASH", FTP_PATH, false},
        {"HELP", FTP_NONE, false},
        {"HOST", FTP_HOST, false},
        {"LANG", FTP_NONE, false},
        {"LIST", FTP_DOWNLOAD, false},
        {"MD5", FTP_PATH, false},
        {"MDTM", FTP_PATH, true},
        {"MFCT", FTP_PATH, true},
        {"MFF", FTP_PATH, false},
        {"MFMT", FTP_PATH, true},
        {"MIC", FTP_ENCRYPTED, false},
        {"MKD", FTP_PATH, false},
        {"MLSD", FTP_DOWNLOAD, true},
        {"MLST", FTP_PATH, true},
        {"MODE", FTP_SETTING, false},
        {"NLST", FTP_DOWNLOAD, true},
        {"NOOP", FTP_NONE, false},
        {"OPTS", FTP_NONE, true},
        {"PASS", FTP_NONE, false},
        {"PASV", FTP_NONE, true},
        {"PBSZ", FTP_NONE, true},
        {"PORT", FTP_PORT, false},
        {"PROT", FTP_NONE, false},
        {"PWD", FTP_NONE, false},
        {"QUIT", FTP_NONE, false},
        {"REIN", FTP_NONE, false},
        {"REST", FTP_NONE, false},
        {"RETR", FTP_DOWNLOAD, false},
        {"RMD", FTP_PATH, false},
        {"RNFR", FTP_PATH, true},
        {"RNTO", FTP_PATH, true},
        {"SITE", FTP_PATH, false},
        {"SIZE", FTP_PATH, false},
        {"SMNT", FTP_PATH, false},
        {"STAT", FTP_PATH, false},
        {"STOR", FTP_UPLOAD, true},
        {"STOU", FTP_UPLOAD, true},
        {"STRU", FTP_SETTING, false},
        {"SYST", FTP_NONE, true},
        {"TYPE", FTP_SETTING, false},
        {"USER", FTP_NONE, false},
        {"XCRC", FTP_PATH, true},
        {"XCUP", FTP_NONE, true},
        {"XCWD", FTP_PATH, false},
        {"XMD5", FTP_PATH, true},
        {"XMKD", FTP_PATH, false},
        {"XPWD", FTP_NONE, true},
        {"XRMD", FTP_PATH, false},
        {"XSHA", FTP_PATH, true},
        {"XSHA1", FTP_PATH, true},
        {"XSHA256", FTP_PATH, true},
        {"XSHA512", FTP_PATH, true},
};

static bool is_letter_or_digit(uint8_t b)
{
	return (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9');
}

/* Looks at no more than len_max bytes. */
static struct span verb_of(struct span line, size_t len_max)
{
	size_t len = 0;

	while (len < line.len && len < len_max && is_letter_or_digit(line.data[len]))
		len++;
	return span_slice(line, 0, len);
}

/* The first one that begins with the letters; NULL when none does. */
static const struct verb *find_verb(struct span letters)
{
	size_t low = 0, high = ARRAY_LEN(verbs);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strncasecmp(verbs[middle].name, (const char *)letters.data, letters.len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == ARRAY_LEN(verbs) || span_common_nocase(letters, verbs[low].name) < letters.len)
		return NULL;
	return &verbs[low];
}

static bool is_whole(const struct verb *v, struct span letters)
{
	return v->name[letters.len] == '\0';
}

void ftp_command_read(struct span line, struct ftp_command *ret)
{
	struct span verb = verb_of(line, SIZE_MAX);
	struct span rest = span_slice(line, verb.len, SIZE_MAX);
	const struct verb *known;

	*ret = (struct ftp_command){.use = FTP_UNKNOWN, .verb = verb, .argument = span_trim(rest)};
	if (verb.len == 0 || verb.len > VERB_CHARS_MAX || (rest.len > 0 && rest.data[0] != ' '))
		return;
	known = find_verb(verb);
	if (!known || !is_whole(known, verb))
		return;
	ret->use = known->use;
	ret->distinct = known->distinct ||
	                (span_equal_nocase(verb, "AUTH") &&
	                        (span_starts_nocase(ret->argument, "TLS") ||
	                                span_starts_nocase(ret->argument, "SSL")));
}

bool ftp_command_possible(struct span start)
{
	struct span verb = verb_of(start, VERB_CHARS_MAX + 1);
	bool whole = verb.len < start.len;
	const struct verb *known;

	if (verb.len == 0)
		return !whole;
	if (verb.len > VERB_CHARS_MAX)
		return false;
	if (whole && start.data[verb.len] != ' ' && start.data[verb.len] != '\r' &&
	        start.data[verb.len] != '\n')
		return false;
	known = find_verb(verb);
	return known && (!whole || is_whole(known, verb));
}

/* ---- replies ---- */

bool ftp_is_reply(struct span line)
{
	for (size_t i = 0; i < 3; i++)
		if (i >= line.len || line.data[i] < '0' || line.data[i] > '9')
			return false;
	return line.len > 3 && line.data[0] >= '1' && line.data[0] <= '6' &&
	       (line.data[3] == ' ' || line.data[3] == '-');
}

bool ftp_reply_is_distinct(struct span line)
{
	static const char *const numbers[] = {"227", "228", "229", "234", "331", "332"};

	if (!ftp_is_reply(line))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (span_starts(line, numbers[i]))
			return true;
	return span_starts(line, "220") && span_has_nocase(line, "FTP");
}

/* ---- addresses ---- */

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

/* The decimal number at the front, which is taken off. */
static bool take_number(struct span *rest, uint64_t max, uint64_t *ret)
{
	size_t len = 0;

	while (len < rest->len && is_digit(rest->data[len]))
		len++;
	if (!span_to_u64(span_slice(*rest, 0, len), max, ret))
		return false;
	*rest = span_slice(*rest, len, SIZE_MAX);
	return true;
}

static bool take_byte(struct span *rest, uint8_t byte)
{
	if (rest->len == 0 || rest->data[0] != byte)
		return false;
	*rest = span_slice(*rest, 1, SIZE_MAX);
	return true;
}

static void announce(
        struct decode_related *ret, const struct addr *addr, uint64_t port, bool passive)
{
	*ret = (struct decode_related){
	        .addr = *addr, .port = (uint16_t)port, .passive = passive, .protocol = FTP_DATA};
}

/* h1,h2,h3,h4,p1,p2 */
static bool read_six(struct span text, bool passive, struct decode_related *ret)
{
	uint8_t bytes[6];
	struct addr addr;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		uint64_t number;

		if ((i > 0 && !take_byte(&text, ',')) || !take_number(&text, 255, &number))
			return false;
		bytes[i] = (uint8_t)number;
	}
	if (bytes[4] == 0 && bytes[5] == 0)
		return false;
	addr = addr_ipv4(bytes);
	announce(ret, &addr, (uint64_t)bytes[4] << 8 | bytes[5], passive);
	return true;
}

bool ftp_read_port(struct span argument, struct decode_related *ret)
{
	return read_six(argument, false, ret);
}

/* Servers write what they like around the numbers: RFC 1123 section 4.1.2.6. */
bool ftp_read_passive(struct span text, struct decode_related *ret)
{
	while (text.len > 0 && !is_digit(text.data[0]))
		text = span_slice(text, 1, SIZE_MAX);
	return read_six(text, true, ret);
}

/* The text up to the delimiter, which is taken off with it. */
static bool take_part(struct span *rest, uint8_t delimiter, struct span *ret)
{
	size_t end = span_find_byte(*rest, delimiter);

	if (end == SIZE_MAX)
		return false;
	*ret = span_slice(*rest, 0, end);
	*rest = span_slice(*rest, end + 1, SIZE_MAX);
	return true;
}

static bool parse_addr(struct span part, struct addr *ret)
{
	char text[ADDR_TEXT_CHARS];

	if (part.len >= sizeof(text) || span_find_byte(part, 0) != SIZE_MAX)
		return false;
	if (part.len > 0)
		memcpy(text, part.data, part.len);
	text[part.len] = '\0';
	return addr_parse(text, ret);
}

/* |1|192.0.2.1|5001| or |2|2001:db8::1|5001|; without family and address in reply 229. */
static bool read_long(struct span text, bool passive, struct decode_related *ret)
{
	struct addr addr = {.family = ADDR_NONE};
	struct span family, host, port;
	uint8_t delimiter;
	uint64_t number;

	if (text.len == 0 || text.data[0] <= ' ' || text.data[0] >= 0x7f || is_digit(text.data[0]))
		return false;
	delimiter = text.data[0];
	text = span_slice(text, 1, SIZE_MAX);
	if (!take_part(&text, delimiter, &family) || !take_part(&text, delimiter, &host) ||
	        !take_part(&text, delimiter, &port) || !span_to_u64(port, UINT16_MAX, &number) ||
	        number == 0)
		return false;
	if (!(passive && host.len == 0) && !parse_addr(host, &addr))
		return false;
	announce(ret, &addr, number, passive);
	return true;
}

bool ftp_read_port_long(struct span argument, struct decode_related *ret)
{
	return read_long(argument, false, ret);
}

bool ftp_read_passive_long(struct span text, struct decode_related *ret)
{
	size_t begin = span_find_byte(text, '(');

	return begin != SIZE_MAX && read_long(span_slice(text, begin + 1, SIZE_MAX), true, ret);
}
