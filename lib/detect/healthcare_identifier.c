/* healthcare_identifier: the 16-digit numbers of patients, clinicians and organisations. */
#include <string.h>

#include "detect/check_digit.h"
#include "detect/detector.h"

#define HEALTHCARE_DIGITS 16
#define REST              DETECTOR_GAP "[0-9]{4}" DETECTOR_GAP "[0-9]{4}"

/* 16 digits whose prefix is of this kind, or of none where a label vouches for them. */
static bool read_identifier(struct span value, enum healthcare_identifier want, struct reading *ret)
{
	char text[DETECTOR_NORMAL_CHARS];
	size_t len = detector_compact(value, text, sizeof(text));
	enum healthcare_identifier kind = healthcare_identifier_of(span_of(text, len));

	if (len != HEALTHCARE_DIGITS || strspn(text, "0123456789") != len ||
	        strspn(text, "0") == len)
		return false;
	if (kind != want && kind != HEALTHCARE_NONE)
		return false;
	ret->valid = kind == want && check_luhn(span_of(text, len));
	memcpy(ret->normal, text, len + 1);
	return true;
}

static bool read_ihi(struct span value, struct reading *ret)
{
	return read_identifier(value, HEALTHCARE_PATIENT, ret);
}

static bool read_hpi_i(struct span value, struct reading *ret)
{
	return read_identifier(value, HEALTHCARE_CLINICIAN, ret);
}

static bool read_hpi_o(struct span value, struct reading *ret)
{
	return read_identifier(value, HEALTHCARE_ORGANISATION, ret);
}

static bool read_other(struct span value, struct reading *ret)
{
	return read_identifier(value, HEALTHCARE_OTHER, ret);
}

const struct detector detector_ihi = {
        .name = "ihi",
        .pattern = "(?:^|[^0-9])8003" DETECTOR_GAP "60[0-9]{2}" REST,
        .chars = HEALTHCARE_DIGITS,
        .checked = true,
        .read = read_ihi,
};

const struct detector detector_hpi_i = {
        .name = "hpi_i",
        .pattern = "(?:^|[^0-9])8003" DETECTOR_GAP "61[0-9]{2}" REST,
        .chars = HEALTHCARE_DIGITS,
        .checked = true,
        .specific = true,
        .read = read_hpi_i,
};

const struct detector detector_hpi_o = {
        .name = "hpi_o",
        .pattern = "(?:^|[^0-9])8003" DETECTOR_GAP "62[0-9]{2}" REST,
        .chars = HEALTHCARE_DIGITS,
        .checked = true,
        .specific = true,
        .read = read_hpi_o,
};

/* Contracted service providers, administrative, employees of care agencies. */
const struct detector detector_hi_other = {
        .name = "hi_other",
        .pattern = "(?:^|[^0-9])(?:8003" DETECTOR_GAP "6[34]|9003" DETECTOR_GAP "60)[0-9]{2}" REST,
        .chars = HEALTHCARE_DIGITS,
        .checked = true,
        .specific = true,
        .read = read_other,
};
