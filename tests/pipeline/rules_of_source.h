/* rules_of_source: the rules that exeat comes with, for tests that need all of them. Those of one
 * file share a set, which takes long to read: open_rules() and close_rules() are its set-up and
 * teardown. */
#ifndef EXEAT_TESTS_PIPELINE_RULES_OF_SOURCE_H
#define EXEAT_TESTS_PIPELINE_RULES_OF_SOURCE_H

#include "detect/detect.h"

/* Reads rules/identifiers.csv below EXEAT_SOURCE_ROOT; the test fails where it cannot. Gives. */
struct detect_rules *rules_of_source(void);

extern struct detect_rules *rules;

int open_rules(void **state);
int close_rules(void **state);

#endif
