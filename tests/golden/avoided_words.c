/* avoided_words: reads lines and prints each that holds a word to avoid (reading.h), with the word.
 * Exit code 1 when there was one. */
#include <stdio.h>

#include "../reading.h"

int main(void)
{
	char line[65536];
	int found = 0;

	while (fgets(line, sizeof(line), stdin)) {
		const char *word = reading_avoided(line);

		if (!word)
			continue;
		printf("'%s': %s", word, line);
		found = 1;
	}
	return found;
}
