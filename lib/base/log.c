#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define LOG_LINE_BYTES_MAX 4608 /* a path of PATH_MAX and a sentence around it */

static enum log_level threshold = LOG_LEVEL_WARNING;

void log_set_level(enum log_level level)
{
	threshold = level;
}

/* Length of a character that a terminal obeys or an eye does not see, else 0: C0 and C1 controls,
 * zero-width and bidirectional ones (U+200B to U+200F, U+202A to U+202E, U+2060 to U+206F). File
 * names and options reach this door as they were typed, and a script may have typed them. */
static size_t hidden_length(const uint8_t *at)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return 1;
	if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f)
		return 2;
	if (at[0] == 0xe2 && at[1] == 0x80 &&
	        ((at[2] >= 0x8b && at[2] <= 0x8f) || (at[2] >= 0xaa && at[2] <= 0xae)))
		return 3;
	return at[0] == 0xe2 && at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf ? 3 : 0;
}

static void hide(char *line)
{
	char *to = line;

	while (*line) {
		size_t len = hidden_length((const uint8_t *)line);

		*to++ = len > 0 ? '?' : *line;
		line += len > 0 ? len : 1;
	}
	*to = '\0';
}

static void write_line(enum log_level level, const char *format, va_list arguments) PRINTF(2, 0);

static void write_line(enum log_level level, const char *format, va_list arguments)
{
	char line[LOG_LINE_BYTES_MAX];

	if (level > threshold)
		return;
	vsnprintf(line, sizeof(line), format, arguments);
	hide(line);
	fprintf(stderr, "exeat: %s\n", line);
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const char *format, ...)                                                         \
	{                                                                                          \
		va_list arguments;                                                                 \
		va_start(arguments, format);                                                       \
		write_line(level, format, arguments);                                              \
		va_end(arguments);                                                                 \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warning, LOG_LEVEL_WARNING)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)
