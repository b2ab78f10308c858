/* What a computer calls itself, without the person that it may be named for. */
#include <stdbool.h>
#include <string.h>

#include "base/display.h"

#define OWNER "\xe2\x80\xb9owner\xe2\x80\xba"

enum word { WORD_OTHER, WORD_NEUTRAL, WORD_PERSONAL, WORD_TITLE };

struct named {
	struct span text; /* in characters of host names */
	bool personal;    /* it is a phone or the like: all other words may be a person's */
	bool titled;      /* a title has come: so may what follows */
	bool masked;      /* the last word put out stands for a person */
	size_t len, size;
	char *ret;
};

static bool is_among(struct span word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_text(word, words[i]))
			return true;
	return false;
}

static enum word kind_of(struct span word)
{
	static const char *const personal[] = {"iphone", "ipad", "ipod", "watch", "macbook", "mbp",
	        "mba", "imac", "android", "galaxy", "pixel", "phone"};
	static const char *const titles[] = {
	        "dr", "doctor", "mr", "mrs", "ms", "miss", "prof", "professor", "sr", "sister"};
	static const char *const neutral[] = {"pc", "laptop", "desktop", "tablet", "notebook",
	        "workstation", "server", "printer", "mini", "pro", "air", "max", "plus", "ultra",
	        "note", "tab", "mac", "apple", "room", "local", "lan", "home"};
	bool digits = true;

	for (size_t i = 0; i < word.len; i++)
		digits = digits && word.data[i] >= '0' && word.data[i] <= '9';
	if (is_among(word, personal, ARRAY_LEN(personal)))
		return WORD_PERSONAL;
	if (is_among(word, titles, ARRAY_LEN(titles)))
		return WORD_TITLE;
	return digits || is_among(word, neutral, ARRAY_LEN(neutral)) ? WORD_NEUTRAL : WORD_OTHER;
}

/* The next word of the text, which is moved past it and the sign behind it. */
static struct span next_word(struct span *text)
{
	size_t end = 0;
	struct span word;

	while (end < text->len && !memchr("-_.?", text->data[end], 4))
		end++;
	word = span_slice(*text, 0, end);
	*text = span_slice(*text, end < text->len ? end + 1 : end, text->len);
	return word;
}

static void put(struct named *n, struct span word)
{
	size_t hyphen = n->len > 0;

	if (n->len + hyphen + word.len >= n->size)
		return;
	if (hyphen)
		n->ret[n->len++] = '-';
	memcpy(n->ret + n->len, word.data, word.len);
	n->len += word.len;
}

static void put_word(struct named *n, struct span word)
{
	enum word kind = kind_of(word);
	bool person = kind == WORD_OTHER && (n->personal || n->titled);

	if (word.len == 0)
		return;
	if (!person)
		put(n, word);
	else if (!n->masked)
		put(n, span_of_text(OWNER));
	n->masked = person;
	n->titled = n->titled || kind == WORD_TITLE;
}

void display_computer(struct span text, char *ret, size_t size)
{
	char shown[DISPLAY_CHARS_MAX];
	struct named n = {.ret = ret, .size = size};
	bool titled = false;

	display_host(text, shown, sizeof(shown));
	n.text = span_of_text(shown);
	for (struct span rest = n.text; rest.len > 0;) {
		enum word kind = kind_of(next_word(&rest));

		n.personal = n.personal || kind == WORD_PERSONAL;
		titled = titled || kind == WORD_TITLE;
	}
	if (!n.personal && !titled) {
		display_host(text, ret, size);
		return;
	}
	for (struct span rest = n.text; rest.len > 0;)
		put_word(&n, next_word(&rest));
	if (n.len == 0)
		put(&n, span_of_text("?")); /* its first word is longer than the room for it */
	ret[n.len] = '\0';
}
