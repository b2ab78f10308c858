/* Any bytes through every check: no read outside them, and no two kinds of the 16-digit family. */
#include <stdlib.h>

#include "detect/check_digit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of(data, size);
	bool medicare = check_medicare(text), luhn = check_luhn(text);
	enum healthcare_identifier kind = healthcare_identifier_of(text);

	if (medicare && kind != HEALTHCARE_NONE)
		abort();
	if (check_provider(text) && (medicare || luhn || check_prescriber(text)))
		abort();
	if (check_dva(text) && check_crn(text))
		abort();
	(void)check_abn(text);
	return 0;
}
