#include <string.h>
#include <strings.h>

#include "base/country.h"
#include "registry/cells.h"

/* What people type where a code must stand, beside the names of base/country. */
static const struct {
	const char *name, *code;
} names[] = {
        {"aus", "AU"},
        {"nzl", "NZ"},
        {"uk", "GB"},
        {"great britain", "GB"},
        {"england", "GB"},
        {"usa", "US"},
        {"united states of america", "US"},
};

const char *country_meant(const char *text, char ret[static 3])
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i].name, text) == 0)
			return names[i].code;
	if (strlen(text) != 2)
		return country_code(text);
	ret[0] = (char)(text[0] & ~0x20);
	ret[1] = (char)(text[1] & ~0x20);
	ret[2] = '\0';
	return country_known(ret) ? ret : NULL;
}
