/* rules_of_source: the rules that exeat comes with, for tests that need all of them. */
#ifndef EXEAT_TESTS_PIPELINE_RULES_OF_SOURCE_H
#define EXEAT_TESTS_PIPELINE_RULES_OF_SOURCE_H

#include "detect/detect.h"

/* Reads rules/identifiers.csv below EXEAT_SOURCE_ROOT; the test fails where it cannot. Gives. */
struct detect_rules *rules_of_source(void);

#endif
