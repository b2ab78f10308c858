/* reading: how hard a sentence reads, and the words that none may hold. */
#ifndef EXEAT_TESTS_READING_H
#define EXEAT_TESTS_READING_H

#define READING_GRADE_MAX 9.0

/* The Flesch-Kincaid grade. */
double reading_grade(const char *text);
/* The first avoided word in it; NULL: none. */
const char *reading_avoided(const char *text);

#endif
