/* The answer of a process that a document has taken over. The first byte says whose answer it is; a
 * thread in its place answers with the rest, and with nothing when there are documents in it. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/status.h"
#include "decode/unpacker.h"

#define BUDGET_BYTES (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct liar {
	int fd;
	struct span answer;
};

static void *lie(void *arg)
{
	const struct liar *liar = arg;
	struct span rest = liar->answer;
	struct handover job;

	while (handover_take(liar->fd, &job) == STATUS_ITEM) {
		while (rest.len > 0) {
			ssize_t len = write(job.fds[1], rest.data, rest.len);

			if (len <= 0)
				break;
			rest = span_slice(rest, (size_t)len, rest.len);
		}
		rest = span_of(NULL, 0);
		close(job.fds[0]);
		close(job.fds[1]);
	}
	return NULL;
}

static void drain(struct decode_session *s)
{
	struct decode_event e;
	int status;

	while ((status = decode_session_next(s, &e)) == STATUS_ITEM)
		continue;
	if (status != STATUS_OK)
		abort();
}

static void read_document(struct decode_unpacker *u, struct span document)
{
	struct tuple tuple = {.protocol = 6, .dst.port = 9999};
	struct chunk chunk = {.gap = CHUNK_DATA, .bytes = document};
	struct decode_summary summary;
	struct decode_session *s;
	struct budget budget;

	budget_init(&budget, BUDGET_BYTES);
	if (decode_session_new(&s, &tuple, &decode_default_limits, &budget) != STATUS_OK)
		abort();
	decode_session_open_with(s, u);
	if (decode_session_feed(s, &chunk) != STATUS_OK)
		abort();
	drain(s);
	if (decode_session_finish(s, 0) != STATUS_OK)
		abort();
	drain(s);
	decode_session_summary(s, &summary);
	if (summary.read_bytes[0] + summary.unread_bytes[0] != document.len)
		abort();
	decode_session_free(s);
	if (budget.used_bytes != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const documents[] = {"%PDF-1.4 no more", "7z\xbc\xaf\x27\x1c no more"};
	struct decode_unpacker *u;
	struct liar liar;
	pthread_t thread;
	int ends[2];

	if (size < 1 || handover_open(ends) != STATUS_OK)
		return 0;
	liar = (struct liar){.fd = ends[1], .answer = span_of(data + 1, size - 1)};
	if (decode_unpacker_new(&u, ends[0]) != STATUS_OK ||
	        pthread_create(&thread, NULL, lie, &liar) != 0)
		abort();
	read_document(u, span_of_text(documents[data[0] & 1]));
	decode_unpacker_free(u);
	close(ends[0]);
	pthread_join(thread, NULL);
	close(ends[1]);
	return 0;
}
