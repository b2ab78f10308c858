#include "decode/url_text.h"

static int hex_digit(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	if (b >= 'a' && b <= 'f')
		return b - 'a' + 10;
	if (b >= 'A' && b <= 'F')
		return b - 'A' + 10;
	return -1;
}

struct span url_text_decode(struct span text, bool plus_is_space, struct decode_out *out)
{
	uint8_t *to;
	size_t len = 0;

	if (span_find_byte(text, '%') == SIZE_MAX &&
	        (!plus_is_space || span_find_byte(text, '+') == SIZE_MAX))
		return text.data ? text : span_of("", 0);
	to = decode_scratch(out, text.len);
	if (!to)
		return span_of(NULL, 0);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = text.data[i];

		if (b == '%' && text.len - i > 2 && hex_digit(text.data[i + 1]) >= 0 &&
		        hex_digit(text.data[i + 2]) >= 0) {
			b = (uint8_t)(hex_digit(text.data[i + 1]) * 16 +
			              hex_digit(text.data[i + 2]));
			i += 2;
		} else if (b == '+' && plus_is_space) {
			b = ' ';
		}
		to[len++] = b;
	}
	return span_of(to, len);
}

bool url_text_next_pair(struct span *rest, struct span *ret_name, struct span *ret_value)
{
	while (rest->len > 0) {
		size_t stop = span_find_byte(*rest, '&');
		struct span pair = span_slice(*rest, 0, stop);
		size_t equals = span_find_byte(pair, '=');

		*rest = stop == SIZE_MAX ? span_of(NULL, 0)
		                         : span_slice(*rest, stop + 1, rest->len);
		if (pair.len == 0)
			continue;
		*ret_name = span_slice(pair, 0, equals);
		*ret_value = equals == SIZE_MAX ? span_of(NULL, 0)
		                                : span_slice(pair, equals + 1, pair.len);
		return true;
	}
	return false;
}
