#include "decode/claim.h"

#include <stddef.h>

#define CARD   1u
#define EVENT  2u
#define MEMBER 4u

static const char *const documents[] = {
        "BulkBillStoreForwardRequest",
        "BulkBillStoreForwardResponse",
        "PatientClaimInteractiveRequest",
        "PatientClaimInteractiveResponse",
        "PatientClaimStoreForwardRequest",
        "PatientVerificationRequest",
        "PatientVerificationResponse",
        "PatientVerificationMedicareRequest",
        "OnlinePatientVerificationRequest",
        "VeteranVerificationRequest",
        "ConcessionVerificationRequest",
        "EnterprisePatientVerificationRequest",
        "SameDayDeleteRequest",
        "DvaMedicalClaimRequest",
        "DvaClaimRequest",
        "DvaAlliedHealthClaimRequest",
        "InpatientMedicalClaimRequest",
        "InHospitalClaimRequest",
        "OverseasClaimRequest",
        "OnlineEligibilityCheckRequest",
        "AgedCareClaimRequest",
        "AddEncounterRequest",
        "IdentifyIndividualRequest",
        "ImmunisationEncounter",
        "PBSClaim",
        "PBSOnlineRequest",
};

static const struct {
	const char *name;
	unsigned bits;
} marks[] = {
        {"medicareCard", CARD},
        {"medicareCardNumber", CARD},
        {"medicareIRN", CARD},
        {"memberRefNumber", CARD},
        {"patientMedicareCardNum", CARD},
        {"PatientMedicareCardNum", CARD},
        {"MedicareCardNum", CARD},
        {"veteranNumber", CARD},
        {"veteranMembership", CARD},
        {"VeteranFileNum", CARD},
        {"memberNumber", MEMBER},
        {"claimId", EVENT},
        {"ClaimId", EVENT},
        {"claim", EVENT},
        {"serviceProvider", EVENT},
        {"ServicingProviderNum", EVENT},
        {"informationProvider", EVENT},
        {"medicalEvent", EVENT},
        {"MedicalEvent", EVENT},
        {"itemNumber", EVENT},
        {"ItemNum", EVENT},
        {"dateOfService", EVENT},
        {"DateOfService", EVENT},
        {"encounters", EVENT},
        {"typeCode", EVENT},
};

const char *claim_document(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(documents); i++)
		if (name.len > 0 && documents[i][0] == (char)name.data[0] &&
		        span_equal_text(name, documents[i]))
			return documents[i];
	return NULL;
}

unsigned claim_mark(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (name.len > 0 && marks[i].name[0] == (char)name.data[0] &&
		        span_equal_text(name, marks[i].name))
			return marks[i].bits;
	return 0;
}

bool claim_marks_suffice(unsigned bits, bool declared)
{
	if (declared)
		return bits != 0;
	return (bits & CARD) && (bits & EVENT);
}
