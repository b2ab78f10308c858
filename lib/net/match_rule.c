#include "net/match_rule.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/status.h"

#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17
#define HOST_MAX     253 /* RFC 1035 section 2.3.4, written out */
#define LABEL_MAX    63

struct kind_row {
	const char *prefix;
	enum match_strength strength;
};

static const struct kind_row kinds[] = {
        [MATCH_SNI] = {"sni:", MATCH_STRENGTH_NAME},
        [MATCH_DNS] = {"dns:", MATCH_STRENGTH_NAME},
        [MATCH_IP] = {"ip:", MATCH_STRENGTH_IP},
        [MATCH_PORT] = {"port:", MATCH_STRENGTH_PORT},
        [MATCH_CERT] = {"cert:", MATCH_STRENGTH_NAME},
        [MATCH_UA] = {"ua:", MATCH_STRENGTH_AGENT},
        [MATCH_PROC] = {"proc:", MATCH_STRENGTH_PROCESS},
};

static char lower(uint8_t byte)
{
	return (char)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

static void copy_lower(struct span value, char ret[static MATCH_TEXT_CHARS])
{
	size_t len = value.len < MATCH_TEXT_CHARS ? value.len : MATCH_TEXT_CHARS - 1;

	for (size_t i = 0; i < len; i++)
		ret[i] = lower(value.data[i]);
	ret[len] = '\0';
}

static bool is_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Letters, digits, hyphens and underscores between single dots. */
static bool is_host(const char *text)
{
	size_t label = 0;

	if (strlen(text) > HOST_MAX)
		return false;
	for (; *text; text++) {
		if (*text == '.' ? label == 0 : !is_host_byte(*text))
			return false;
		label = *text == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

static const char *parse_host(struct span value, struct match_rule *ret)
{
	const char *host;

	copy_lower(value, ret->text);
	if (strstr(ret->text, "://") || strchr(ret->text, '/'))
		return "write the host name alone, without https:// and without a path, "
		       "such as sni:api.vendor.example";
	host = strncmp(ret->text, "*.", 2) == 0 ? ret->text + 2 : ret->text;
	if (value.len >= MATCH_TEXT_CHARS || strchr(host, '*'))
		return "a star may only stand in front, such as sni:*.vendor.example";
	if (!is_host(host))
		return "this is not a host name; write it such as sni:api.vendor.example";
	if (!strchr(host, '.'))
		return "a host name needs its domain, such as sni:*.vendor.example";
	return NULL;
}

static const char *parse_ip(struct span value, struct match_rule *ret)
{
	char text[PREFIX_TEXT_CHARS];

	if (value.len >= sizeof(text))
		return "this is not an address; write ip:192.0.2.10 or ip:192.0.2.0/24";
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	if (!prefix_parse(text, &ret->prefix))
		return "this is not an address; write ip:192.0.2.10 or ip:192.0.2.0/24";
	return NULL;
}

static const char *parse_port(struct span value, struct match_rule *ret)
{
	uint64_t port;

	if (span_starts(value, "tcp/"))
		ret->protocol = PROTOCOL_TCP;
	else if (span_starts(value, "udp/"))
		ret->protocol = PROTOCOL_UDP;
	else
		return "write the port with its protocol, such as port:tcp/5938";
	if (!span_to_u64(span_slice(value, 4, value.len), 65535, &port) || port == 0)
		return "a port is a number from 1 to 65535, such as port:tcp/5938";
	ret->port = (uint16_t)port;
	return NULL;
}

static const char *parse_agent(struct span value, struct match_rule *ret)
{
	if (value.len < 3)
		return "give at least three characters of the program's own name, "
		       "such as ua:QuollSync/";
	if (value.len >= MATCH_TEXT_CHARS)
		return "this is longer than 255 characters; give only the program's own name";
	copy_lower(value, ret->text);
	return NULL;
}

static const char *parse_process(struct span value, struct match_rule *ret)
{
	if (value.len >= MATCH_TEXT_CHARS)
		return "this is longer than 255 characters; give the file name only";
	if (span_find_byte(value, '/') != SIZE_MAX || span_find_byte(value, '\\') != SIZE_MAX)
		return "give the program's file name without its folder, such as proc:quoll.exe";
	if (span_find_byte(value, '*') != SIZE_MAX)
		return "give the whole file name without a star, such as proc:quoll.exe";
	copy_lower(value, ret->text);
	return NULL;
}

/* Checks the part after the colon and fills the rule; the reason when it cannot be read. */
static const char *parse_value(struct span value, struct match_rule *ret)
{
	switch (ret->kind) {
	case MATCH_SNI:
	case MATCH_DNS:
	case MATCH_CERT:
		return parse_host(value, ret);
	case MATCH_IP:
		return parse_ip(value, ret);
	case MATCH_PORT:
		return parse_port(value, ret);
	case MATCH_UA:
		return parse_agent(value, ret);
	case MATCH_PROC:
		return parse_process(value, ret);
	}
	return "";
}

int match_rule_parse(struct span term, struct match_rule *ret, const char **ret_reason)
{
	struct match_rule rule = {0};
	const char *reason;
	struct span value;
	size_t kind = 0;

	while (kind < ARRAY_LEN(kinds) && !span_starts(term, kinds[kind].prefix))
		kind++;
	if (kind == ARRAY_LEN(kinds)) {
		*ret_reason = "a rule starts with sni:, dns:, ip:, port:, cert:, ua: or proc:";
		return STATUS_MALFORMED;
	}
	rule.kind = (enum match_kind)kind;
	value = span_slice(term, strlen(kinds[kind].prefix), term.len);
	if (value.len == 0 || span_trim(value).len != value.len) {
		*ret_reason = "the text must follow the colon directly, without spaces around it";
		return STATUS_MALFORMED;
	}
	reason = parse_value(value, &rule);
	if (reason) {
		*ret_reason = reason;
		return STATUS_MALFORMED;
	}
	*ret = rule;
	return STATUS_OK;
}

bool match_process_is_shared(const char *process)
{
	static const char *const shared[] = {"chrome", "chromium", "google-chrome", "msedge",
	        "msedgewebview2", "firefox", "iexplore", "opera", "brave", "vivaldi", "safari",
	        "electron", /* browsers */
	        "svchost", "dllhost", "rundll32", "taskhostw", "wscript", "cscript", "mshta",
	        "msiexec", "bitsadmin", "backgroundtransferhost", /* of Windows */
	        "cmd", "powershell", "pwsh", "bash", "sh",        /* shells */
	        "java", "javaw", "python", "python3", "pythonw", "py", "node", "dotnet", "mono",
	        "perl", "ruby", "php", "wine", "w3wp",                             /* runtimes */
	        "curl", "wget", "ssh", "scp", "sftp", "ftp", "openssl", "stunnel", /* carriers */
	        "systemd", "launchd", "inetd", "httpd", "nginx"};
	size_t len = strlen(process);

	if (len > 4 && strcasecmp(process + len - 4, ".exe") == 0)
		len -= 4;
	for (size_t i = 0; i < ARRAY_LEN(shared); i++)
		if (strlen(shared[i]) == len && strncasecmp(process, shared[i], len) == 0)
			return true;
	return false;
}

bool match_host(const char *pattern, const char *host)
{
	size_t pattern_len, host_len;

	if (strncmp(pattern, "*.", 2) != 0)
		return strcmp(pattern, host) == 0;
	pattern_len = strlen(pattern) - 1; /* with the dot */
	host_len = strlen(host);
	return host_len > pattern_len && strcmp(host + host_len - pattern_len, pattern + 1) == 0;
}

static bool matches_name(const char *pattern, const struct match_subject *s)
{
	for (size_t i = 0; i < s->name_count && i < ARRAY_LEN(s->names); i++)
		if (s->names[i] && match_host(pattern, s->names[i]))
			return true;
	return false;
}

bool match_rule_matches(const struct match_rule *r, const struct match_subject *s)
{
	switch (r->kind) {
	case MATCH_SNI:
	case MATCH_DNS:
		return matches_name(r->text, s);
	case MATCH_IP:
		return s->far.family != ADDR_NONE && prefix_contains(&r->prefix, &s->far);
	case MATCH_PORT:
		return s->protocol == r->protocol && s->far_port == r->port;
	case MATCH_CERT:
		return s->certificate && match_host(r->text, s->certificate);
	case MATCH_UA:
		return s->user_agent && strcasestr(s->user_agent, r->text);
	case MATCH_PROC:
		return s->process_name && strcasecmp(s->process_name, r->text) == 0;
	}
	return false;
}

enum match_strength match_rule_strength(const struct match_rule *r)
{
	return (size_t)r->kind < ARRAY_LEN(kinds) ? kinds[r->kind].strength : MATCH_STRENGTH_NONE;
}

bool match_rule_is_common_port(const struct match_rule *r)
{
	static const uint16_t common[] = {25, 53, 80, 123, 443, 465, 587, 853, 993, 995, 8080};

	if (r->kind != MATCH_PORT)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		if (r->port == common[i])
			return true;
	return false;
}
