/* log: diagnostics on standard error. Callers pass identifiers, counts and file names that they
 * were given on the command line; never bytes of the input (those go through base/display first,
 * and even then only names, never values). What a terminal would obey is replaced here, since a
 * file's name may hold it too. The level is the one global of this layer. */
#ifndef EXEAT_BASE_LOG_H
#define EXEAT_BASE_LOG_H

#include "base/compiler.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
void log_error(const char *format, ...) PRINTF(1, 2);
void log_warning(const char *format, ...) PRINTF(1, 2);
void log_info(const char *format, ...) PRINTF(1, 2);
void log_debug(const char *format, ...) PRINTF(1, 2);

#endif
