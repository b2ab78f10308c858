#include "source/shared.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

void source_shared_init(struct source_shared *s)
{
	*s = (struct source_shared){0};
	budget_init(&s->process_texts, SHARED_PROCESS_TEXT_BYTES_MAX);
}

static void free_secret(uint8_t *bytes, size_t len)
{
	explicit_bzero(bytes, len);
	free(bytes);
}

void source_shared_free(struct source_shared *s)
{
	for (size_t i = 0; i < s->secrets_count; i++)
		free_secret((uint8_t *)s->secrets[i].bytes.data, s->secrets[i].bytes.len);
	free(s->secrets);
	s->secrets = NULL;
	s->secrets_count = 0;
}

int source_shared_keep(struct source_shared *s, uint32_t type, struct span bytes)
{
	struct source_secrets *secrets;
	uint8_t *copy;

	if (s->secrets_count >= SHARED_SECRETS_MAX || bytes.len == 0 ||
	        bytes.len > SOURCE_SECRETS_BYTES_MAX - s->secrets_bytes)
		return STATUS_LIMIT;
	secrets = reallocarray(s->secrets, s->secrets_count + 1, sizeof(*secrets));
	if (!secrets)
		return STATUS_NO_MEMORY;
	s->secrets = secrets;
	copy = malloc(bytes.len);
	if (!copy)
		return STATUS_NO_MEMORY;
	memcpy(copy, bytes.data, bytes.len);
	secrets[s->secrets_count++] = (struct source_secrets){type, {copy, bytes.len}};
	s->secrets_bytes += bytes.len;
	return STATUS_OK;
}
