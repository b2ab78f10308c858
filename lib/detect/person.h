/* person: does a name or a date of birth stand here? Pure functions over a few hundred bytes around
 * a word that names are found behind (`Mr`, `Re:`, `DOB`): to look for names everywhere would find
 * one in every sentence. */
#ifndef EXEAT_DETECT_PERSON_H
#define EXEAT_DETECT_PERSON_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define PERSON_BEFORE_BYTES 160 /* an address may stand between a name and a date of birth */
#define PERSON_BEHIND_BYTES 96

/* The bytes behind a title (`Mr`): a word with a capital. */
bool person_follows_title(struct span behind);
/* Behind a label (`Re:`, `Patient:`): two words with capitals, or a title and one. */
bool person_follows_label(struct span behind);
/* Behind `DOB` or `born`: a date, in any of the forms in use in Australia. */
bool person_follows_birth(struct span behind);
/* A date of birth without a word for it stands behind a name, with a year of four digits: `Citizen,
 * 12/03/1956`, but not `Citizen was seen on 12/03/2010`. */
bool person_then_date(struct span text);
/* The year of a date that is the whole value; a date and time at midnight is one too. 0: none. */
unsigned person_date_year(struct span value);
/* How many words a value has that could be nothing but a name: 1 to 4 of them with a capital, none
 * of them a word of a form, with titles, initials and commas. 0: none. */
unsigned person_name_words(struct span value);
/* Two words with capitals behind each other that are not words of a form. */
bool person_has_name(struct span text);

#endif
