/* Any bytes as rules/flags.csv: refused with a reason, or every sentence can be filled in. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "verdict/flag_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_problem problem = {.text = NULL};
	struct flag_rules *r = NULL;
	struct blanks blanks = {.text = {NULL}};
	int status = flag_rules_new(&r, span_of(data, size), &problem);

	if (status != STATUS_OK) {
		if (status != STATUS_MALFORMED || r || !problem.text)
			abort();
		return 0;
	}
	for (unsigned i = 0; i < FLAGS; i++) {
		char sentence[64];

		flag_sentence(flag_rules_get(r, (enum flag_id)i)->sentence, &blanks, sentence,
		        sizeof(sentence));
		if (strlen(sentence) >= sizeof(sentence))
			abort();
	}
	flag_rules_free(r);
	return 0;
}
