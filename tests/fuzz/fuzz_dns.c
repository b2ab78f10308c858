/* fuzz_dns: a DNS message. */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_message message;
	int status = dns_parse(span_of(data, size), &message);

	if (status < 0)
		abort();
	if (status != STATUS_OK)
		return 0;
	if (message.answer_count > DNS_ANSWERS_MAX || strlen(message.question) >= DNS_NAME_CHARS)
		abort();
	for (unsigned i = 0; i < message.answer_count; i++) {
		const struct dns_answer *a = &message.answers[i];

		if (strlen(a->name) >= DNS_NAME_CHARS || strlen(a->target) >= DNS_NAME_CHARS)
			abort();
		if (a->addr.family != ADDR_NONE && a->target[0] != '\0')
			abort();
	}
	return 0;
}
