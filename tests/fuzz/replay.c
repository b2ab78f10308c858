/* replay: runs a fuzz target over the files of its corpus, so that every test run repeats what
 * fuzzing found. Built in place of libFuzzer's main. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Targets that need no preparation have none. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (!file)
		return 0;
	data = malloc(1 << 24);
	if (!data)
		abort();
	len = fread(data, 1, 1 << 24, file);
	fclose(file);
	/* An exact-size copy, so that a sanitizer sees a read past the end. */
	uint8_t *exact = malloc(len ? len : 1);
	if (!exact)
		abort();
	memcpy(exact, data, len);
	free(data);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 1;
}

int main(int argc, char **argv)
{
	int count = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		struct dirent *entry;

		if (!folder) {
			fprintf(stderr, "replay: no corpus folder %s\n", argv[i]);
			return 1;
		}
		while ((entry = readdir(folder)))
			if (entry->d_name[0] != '.')
				count += replay_file(argv[i], entry->d_name);
		closedir(folder);
	}
	printf("replayed %d inputs\n", count);
	return count > 0 ? 0 : 1;
}
