#include "decode/imap_command.h"

#define TAG_BYTES_MAX 16

static const char *const commands[] = {"CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "AUTHENTICATE",
        "LOGIN", "SELECT", "EXAMINE", "CREATE", "LIST", "LSUB", "STATUS", "APPEND", "UID", "FETCH",
        "STORE", "SEARCH", "CLOSE", "EXPUNGE", "COPY", "MOVE", "IDLE", "ID", "ENABLE", "NAMESPACE",
        "COMPRESS", "CHECK", "DELETE", "RENAME", "SUBSCRIBE", "SORT", "THREAD", "UNSELECT",
        "GETQUOTAROOT", "XLIST"};

static bool is_tag_byte(uint8_t byte)
{
	uint8_t letter = byte | 0x20;

	return (letter >= 'a' && letter <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' ||
	       byte == '_' || byte == '-';
}

enum probe_answer imap_command_begins(struct span line)
{
	enum probe_answer answer = PROBE_NO;
	size_t tag = 0;

	while (tag < line.len && tag <= TAG_BYTES_MAX && is_tag_byte(line.data[tag]))
		tag++;
	if (tag == line.len && tag <= TAG_BYTES_MAX)
		return PROBE_MORE;
	if (tag == 0 || tag > TAG_BYTES_MAX || line.data[tag] != ' ')
		return PROBE_NO;
	line = span_slice(line, tag + 1, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t common = span_common_nocase(line, commands[i]);

		if (common == line.len)
			answer = PROBE_MORE;
		else if (commands[i][common] == '\0' && line.data[common] <= ' ')
			return PROBE_YES;
	}
	return answer;
}
