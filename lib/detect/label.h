/* label: brings the labels of carriers to the form in which rules/identifiers.csv lists them.
 *
 * A key or a column header loses its case and all that is not a letter or digit: `Medicare No.` is
 * medicareno. Of a key path its last part is looked up alone, and joined with one and with two of
 * its ancestors: `patient.medicare.value` is value, medicarevalue, patientmedicarevalue. */
#ifndef EXEAT_DETECT_LABEL_H
#define EXEAT_DETECT_LABEL_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/cursor.h"

#define LABEL_FORMS_MAX  3
#define LABEL_FORM_CHARS 96 /* longer labels are cut: no word of the rules is longer */

/* The forms lie in one text, each at the end of the next longer one. */
struct label_forms {
	char text[LABEL_FORMS_MAX * LABEL_FORM_CHARS];
	size_t at[LABEL_FORMS_MAX], len[LABEL_FORMS_MAX]; /* the shortest first */
	size_t count;
};

void label_forms_of_key(struct span path, struct label_forms *ret) NONNULL(2);
void label_forms_of_column(struct span header, struct label_forms *ret) NONNULL(2);
/* As it stands, in lower case. */
void label_forms_of_system(struct span address, struct label_forms *ret) NONNULL(2);
/* As it stands; of an HL7 field without its component: "PID-5.1" is PID-5. */
void label_forms_of_path(struct span path, struct label_forms *ret) NONNULL(2);
/* In source and settings: the name that what follows is given to, `retries` of `{retries:` and of
 * `"retries":"`; empty where the text ends in no such thing. */
struct span label_assigned(struct span text);

#endif
