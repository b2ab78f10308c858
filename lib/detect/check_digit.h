/* check_digit: the arithmetic that tells an Australian health number from any other number.
 *
 * Pure functions over characters without separators; false for any other length or alphabet. A
 * value that passes is a candidate, not proof: one in ten random numbers of the right shape does.
 * The sources are named at each rule; tests/detect/test_check_digit.c holds the vectors. */
#ifndef EXEAT_DETECT_CHECK_DIGIT_H
#define EXEAT_DETECT_CHECK_DIGIT_H

#include <stdbool.h>

#include "base/cursor.h"

/* Medicare card: 8 digits (the first 2 to 6), check digit, issue number 1 to 9, and where it is
 * given the person's reference number 1 to 9. Weights 1,3,7,9,1,3,7,9 mod 10 give digit 9; issue
 * and reference are not checked. (Services Australia claiming rules; NEHTA HI conformance.) */
bool check_medicare(struct span digits);

/* Luhn over all digits, at least two (ISO/IEC 7812-1 annex B). */
bool check_luhn(struct span digits);

/* Healthcare identifiers, 16 digits with Luhn: 800360 patient, 800361 clinician, 800362
 * organisation, 800363 contracted service provider, 800364 administrative, 900360 care agency
 * employee (AS 5017, AS 4846; HL7 AU Base). */
enum healthcare_identifier {
	HEALTHCARE_NONE,
	HEALTHCARE_PATIENT,      /* IHI */
	HEALTHCARE_CLINICIAN,    /* HPI-I */
	HEALTHCARE_ORGANISATION, /* HPI-O */
	HEALTHCARE_OTHER,        /* CSP, administrative, care agency employee */
};
/* The prefix alone; the digits may fail Luhn. */
enum healthcare_identifier healthcare_identifier_of(struct span digits);

/* Veterans' file number: state letter, war code of the published list, digits (together at most 8
 * characters), and a letter for a dependant. It has no check digit: the war code is the check.
 * (METEOR 339127; the list of 59 codes of the claiming rules.) */
bool check_dva(struct span text);

/* Medicare provider number: stem of 6 digits (5 when the leading zero was lost), location, check
 * letter: (3,5,8,4,2,1).stem + 6.location, mod 11, indexes YXWTLKJHFBA. (Services Australia
 * claiming rules.) */
bool check_provider(struct span text);

/* PBS prescriber number: 7 digits; (1,3,7,9,1,3) mod 10, or with a leading zero (0,5,8,4,2,1)
 * mod 11. */
bool check_prescriber(struct span digits);

/* Centrelink customer reference number: 9 digits and a letter, 2^9 … 2^1 mod 11 indexes
 * XVTSLKJHCBA; some cards carry one more letter, which is not checked. */
bool check_crn(struct span text);

/* Tax file number: 9 digits, (1,4,3,7,5,8,6,9,10) mod 11 is 0; the old ones 8 digits,
 * (10,7,8,4,6,3,5,1) mod 11. All digits alike are none. (ATO file specifications.) */
bool check_tfn(struct span digits);

/* Australian company number: 9 digits, (8,7,6,5,4,3,2,1), 10 less the sum mod 10 is the last.
 * (ASIC, digit check.) */
bool check_acn(struct span digits);

/* PBS safety net card: SN or CN, and 9 digits of which the last is the Medicare check of the
 * others. (Claiming rules.) */
bool check_safety_net(struct span text);

/* PBS item code: 4 or 5 digits (zero-filled in claims) and the letter that their remainder by 19
 * indexes in BCDEFGHJKLMNPQRTWXY. (Derived from the published schedule.) */
bool check_pbs_item(struct span text);

/* SNOMED CT identifier: 6 to 18 digits, not starting with 0, with a known partition before the
 * Verhoeff check digit. (SNOMED CT Release File Specification.) */
bool check_snomed(struct span digits);

/* LOINC code: 1 to 7 digits, a hyphen, and a Luhn check digit over them. (LOINC Users' Guide.) */
bool check_loinc(struct span text);

/* Australian business number: 11 digits, first less one, (10,1,3,…,19) mod 89 is 0 (ABR). */
bool check_abn(struct span digits);

#endif
