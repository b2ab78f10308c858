#include "reading.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"

static bool is_vowel(char c)
{
	return c != '\0' && strchr("aeiouy", c) != NULL;
}

/* "made", "notes" and "named" end without a syllable; "table", "boxes" and "needed" do not. */
static bool ends_silent(const char *word, size_t len)
{
	char last = word[len - 1], before = len > 2 ? word[len - 3] : '\0';

	if (last == 'e')
		return !is_vowel(word[len - 2]) && (word[len - 2] != 'l' || is_vowel(before));
	if (word[len - 2] != 'e' || is_vowel(before))
		return false;
	if (last == 's')
		return !strchr("sxzcgh", before);
	return last == 'd' && !strchr("td", before);
}

/* A syllable for each run of vowels (a e i o u y), less a silent ending; one at least. A number
 * counts as one. */
static unsigned syllables(const char *word, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i < len; i++)
		count += is_vowel(word[i]) && (i == 0 || !is_vowel(word[i - 1]));
	if (count > 1 && len > 2 && ends_silent(word, len))
		count--;
	return count > 0 ? count : 1;
}

struct reading {
	unsigned words, sentences, syllables;
};

/* A word with hyphens is one word of several parts; an apostrophe is no end. What stands for a
 * filled placeholder, a file or a column of the register ({program}, basis.csv, evidence_ref) is
 * one plain word: a reader copies it. */
static void read_word(struct reading *r, const char *word, size_t len, bool plain)
{
	char part[64];
	size_t part_len = 0;

	r->words++;
	if (plain) {
		r->syllables++;
		return;
	}
	for (size_t i = 0; i <= len; i++) {
		if (i < len && word[i] != '-') {
			if (word[i] != '\'' && part_len < sizeof(part))
				part[part_len++] = (char)tolower((unsigned char)word[i]);
			continue;
		}
		if (part_len > 0)
			r->syllables += syllables(part, part_len);
		part_len = 0;
	}
}

static size_t word_length(const char *at, bool *ret_plain)
{
	size_t len = 0;

	*ret_plain = *at == '{';
	if (*at == '{')
		return strcspn(at, "}") + 1;
	while (isalnum((unsigned char)at[len]) || at[len] == '-' || at[len] == '\'' ||
	        at[len] == '_' || strncmp(at + len, ".csv", 4) == 0) {
		*ret_plain = *ret_plain || at[len] == '_' || at[len] == '.';
		len++;
	}
	return len;
}

/* Flesch-Kincaid (Kincaid, Fishburne, Rogers and Chissom 1975): 0.39 words a sentence + 11.8
 * syllables a word - 15.59. A sentence ends at . ? or ! before a space or the end; a semicolon or a
 * colon ends none. */
double reading_grade(const char *text)
{
	struct reading r = {0};

	while (*text) {
		bool plain;
		size_t len = word_length(text, &plain);

		if (len > 0) {
			read_word(&r, text, len, plain);
			text += len;
			continue;
		}
		r.sentences += strchr(".?!", *text) && (text[1] == ' ' || text[1] == '\0');
		text++;
	}
	if (r.words == 0)
		return 0;
	return 0.39 * r.words / (r.sentences ? r.sentences : 1) + 11.8 * r.syllables / r.words -
	       15.59;
}

/* Parts of words: "non-compliant" and "compliance" are both avoided. */
static const char *const avoided[] = {"breach", "illegal", "unlawful", "violat", "complian", "safe",
        "leak", "exfiltrat", "hack", "stolen", "no consent", "anonymous", "stored in australia",
        "all traffic", "risk", "%", " percent", "payload", "packet loss", "egress", "TLS", "SNI",
        "DNS", "plaintext", "cleartext"};

const char *reading_avoided(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(avoided); i++)
		if (strcasestr(text, avoided[i]))
			return avoided[i];
	return NULL;
}
