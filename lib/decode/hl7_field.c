#include "decode/hl7_field.h"

#include <string.h>

struct row {
	char segment[4];
	enum hl7_shape shape;
	uint8_t fields[8]; /* 0 ends the list */
};

static const struct row rows[] = {
        {"PID", HL7_SHAPE_CX, {2, 3, 4, 18, 21}},
        {"MRG", HL7_SHAPE_CX, {1, 2, 3, 4, 5, 6}},
        {"PV1", HL7_SHAPE_CX, {5, 19, 50}},
        {"NK1", HL7_SHAPE_CX, {33}},
        {"GT1", HL7_SHAPE_CX, {2}},
        {"IN1", HL7_SHAPE_CX, {2, 3, 36, 49}},
        {"STF", HL7_SHAPE_CX, {2}},
        {"PV1", HL7_SHAPE_XCN, {7, 8, 9, 17, 52}},
        {"PD1", HL7_SHAPE_XCN, {4}},
        {"EVN", HL7_SHAPE_XCN, {5}},
        {"ORC", HL7_SHAPE_XCN, {10, 11, 12, 19}},
        {"OBR", HL7_SHAPE_XCN, {10, 16, 28}},
        {"OBX", HL7_SHAPE_XCN, {16}},
        {"TXA", HL7_SHAPE_XCN, {5, 9, 10, 11, 22, 23}},
        {"ROL", HL7_SHAPE_XCN, {4}},
        {"DG1", HL7_SHAPE_XCN, {16}},
        {"PR1", HL7_SHAPE_XCN, {8, 11, 12}},
        {"AIP", HL7_SHAPE_XCN, {3}},
        {"SCH", HL7_SHAPE_XCN, {12, 16, 20}},
        {"RXA", HL7_SHAPE_XCN, {10}},
        {"RXD", HL7_SHAPE_XCN, {10}},
        {"RXE", HL7_SHAPE_XCN, {13, 14}},
        {"FT1", HL7_SHAPE_XCN, {20, 21}},
        {"PRD", HL7_SHAPE_PLN, {7}},
        {"PRA", HL7_SHAPE_PLN, {6}},
};

enum hl7_shape hl7_field_shape(const char segment[static 4], unsigned field)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (memcmp(rows[i].segment, segment, 3) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(rows[i].fields) && rows[i].fields[k]; k++)
			if (rows[i].fields[k] == field)
				return rows[i].shape;
	}
	return HL7_SHAPE_PLAIN;
}

enum hl7_shape hl7_type_shape(struct span type)
{
	if (span_equal_text(type, "CX") || span_equal_text(type, "CK"))
		return HL7_SHAPE_CX;
	if (span_equal_text(type, "XCN") || span_equal_text(type, "CN"))
		return HL7_SHAPE_XCN;
	return span_equal_text(type, "PLN") ? HL7_SHAPE_PLN : HL7_SHAPE_PLAIN;
}
