/* What somebody decided to live with for a while. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "verdict/decision.h"

/* Empty columns leave it open: any program, any destination. */
static bool is_meant(const struct decision *d, const struct registry_exception *e)
{
	const struct registry_destination *to = d->trail.destination;
	int64_t program = d->subject->program;

	if (program < 0 && to)
		program = to->program;
	if (e->program != REGISTRY_NO_ROW && (int64_t)e->program != program)
		return false;
	return e->destination == REGISTRY_NO_ROW ||
	       (int64_t)e->destination == d->trail.destination_index;
}

static void say(struct flag *flag, const char *format, ...) PRINTF(2, 3);

static void say(struct flag *flag, const char *format, ...)
{
	size_t len = strlen(flag->register_says);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(flag->register_says + len, sizeof(flag->register_says) - len, format, arguments);
	va_end(arguments);
	decision_trim(flag->register_says);
}

static void apply(const struct decision *d, const struct registry_exception *e, struct flag *flag)
{
	char date[TIME_DATE_CHARS], file[REGISTRY_NAME_CHARS];

	registry_place_name(e->place.file, e->place.form, file);
	time_format_day(e->until_day, date);
	if (e->from_day != REGISTRY_NO_DAY && e->from_day > d->subject->day)
		return;
	if (e->from_day == REGISTRY_NO_DAY &&
	        e->until_day - d->subject->day > REGISTRY_EXCEPTION_DAYS_MAX) {
		say(flag, "; %s:%u does not count yet: until %s is more than twelve months", file,
		        e->place.line, date);
	} else if (e->until_day < d->subject->day) {
		say(flag, "; %s:%u ended %s", file, e->place.line, date);
	} else if (flag->severity == SEVERITY_URGENT) {
		say(flag, "; %s:%u does not count: urgent", file, e->place.line);
	} else if (!flag->accepted) {
		flag->accepted = e;
		say(flag, "; %s:%u accepted%s%s until %s", file, e->place.line,
		        e->accepted_by[0] ? " by " : "", e->accepted_by, date);
	}
}

void exception_apply(const struct decision *d, struct flag *flag)
{
	for (size_t i = 0; i < registry_exception_count(d->registry); i++) {
		const struct registry_exception *e = registry_exception(d->registry, i);

		if (strcmp(e->flag, flag_name(flag->id)) == 0 && is_meant(d, e))
			apply(d, e, flag);
	}
}
