/* The finder of base64 and the reader of character sets, whole and cut: the same comes out. */
#include <stdlib.h>
#include <string.h>

#include "decode/base64_finder.h"
#include "decode/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM_BYTES 128

struct sum {
	uint64_t hash;
	size_t len;
};

static void add(struct sum *s, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ bytes[i]) * 1099511628211u;
	s->len += len;
}

static void find(struct base64_finder *f, struct span piece, bool last, struct sum *s)
{
	uint8_t bytes[ROOM_BYTES];
	struct base64_room room = {bytes, sizeof(bytes), 0};
	struct cursor in = cursor_open(piece);
	enum base64_find found;

	while ((found = base64_finder_step(f, &in, last, &room)) != BASE64_NOTHING) {
		if (found == BASE64_DATA && (room.len == 0 || room.len > sizeof(bytes)))
			abort();
		if (found == BASE64_DATA)
			add(s, bytes, room.len);
		else
			add(s, (const uint8_t *)(found == BASE64_OPEN ? "<" : ">"), 1);
	}
	if (cursor_left(&in) > 0)
		abort();
}

static void convert(struct charset_reader *r, struct span piece, bool last, struct sum *s)
{
	uint8_t bytes[ROOM_BYTES];
	struct cursor in = cursor_open(piece);

	while (cursor_left(&in) > 0) {
		size_t len = charset_read(r, &in, bytes, sizeof(bytes));

		if (len > sizeof(bytes))
			abort();
		add(s, bytes, len);
	}
	if (last)
		add(s, bytes, charset_finish(r, bytes));
}

static struct sum run(const uint8_t *data, size_t size, size_t step)
{
	struct base64_finder finder = {0};
	struct charset_reader charset = {0};
	struct sum sums[2] = {{.hash = 1}, {.hash = 1}};

	for (size_t at = 0; at < size; at += step) {
		size_t len = step < size - at ? step : size - at;
		uint8_t *exact = malloc(len);

		if (!exact)
			abort();
		memcpy(exact, data + at, len);
		find(&finder, span_of(exact, len), at + len == size, &sums[0]);
		convert(&charset, span_of(exact, len), at + len == size, &sums[1]);
		free(exact);
	}
	if (base64_finder_is_open(&finder) || sums[0].len > size + size / 32 + 2 ||
	        sums[1].len > size * CHARSET_GROWTH)
		abort();
	return (struct sum){.hash = sums[0].hash ^ sums[1].hash * 31, .len = sums[0].len};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum whole, cut;

	if (size < 2)
		return 0;
	whole = run(data + 1, size - 1, size);
	cut = run(data + 1, size - 1, data[0] % 80 + 1u);
	if (whole.hash != cut.hash || whole.len != cut.len)
		abort();
	return 0;
}
