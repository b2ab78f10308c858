#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/status.h"
#include "decode/extension.h"
#include "decode/zip_header.h"

static const uint8_t plain[] = "PK\x03\x04\x14\x00\x00\x08\x08\x00\x00\x00\x21\x5b"
                               "\x78\x56\x34\x12\x05\x00\x00\x00\x09\x00\x00\x00\x05\x00\x00\x00"
                               "a.csv";
static const uint8_t zip64[] = "PK\x03\x04\x2d\x00\x09\x00\x08\x00\x00\x00\x21\x5b"
                               "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x18\x00"
                               "a"
                               "\x99\x99\x00\x00"
                               "\x01\x00\x10\x00\x01\x00\x00\x00\x01\x00\x00\x00"
                               "\x02\x00\x00\x00\x02\x00\x00\x00";

static void reads_a_local_header(void **state)
{
	struct zip_local local = {.method = 77};
	size_t needed = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(plain) - 1; len++) {
		assert_int_equal(zip_local_read(span_of(plain, len), &local, &needed), STATUS_MORE);
		assert_int_equal(needed, len < ZIP_LOCAL_BYTES ? ZIP_LOCAL_BYTES : 35);
		assert_int_equal(local.method, 77);
	}
	assert_int_equal(
	        zip_local_read(span_of(plain, sizeof(plain) - 1), &local, &needed), STATUS_OK);
	assert_int_equal(local.method, ZIP_METHOD_DEFLATE);
	assert_int_equal(local.crc, 0x12345678);
	assert_int_equal(local.compressed_bytes, 5);
	assert_int_equal(local.plain_bytes, 9);
	assert_true(span_equal_text(local.name, "a.csv"));
	assert_true(local.sizes_known && local.utf8 && !local.encrypted && !local.descriptor);
}

static void reads_zip64_and_flags(void **state)
{
	struct zip_local local;
	uint8_t copy[sizeof(zip64) - 1];
	size_t needed;

	(void)state;
	memcpy(copy, zip64, sizeof(copy));
	assert_int_equal(zip_local_read(span_of(copy, sizeof(copy)), &local, &needed), STATUS_OK);
	assert_true(local.plain_bytes == UINT64_C(0x100000001));
	assert_true(local.compressed_bytes == UINT64_C(0x200000002));
	assert_true(local.encrypted && local.descriptor && local.zip64);
	copy[37] = 8; /* the extra field is too short for both sizes */
	assert_int_equal(
	        zip_local_read(span_of(copy, sizeof(copy)), &local, &needed), STATUS_MALFORMED);
	copy[37] = 200; /* or runs past the header */
	assert_int_equal(
	        zip_local_read(span_of(copy, sizeof(copy)), &local, &needed), STATUS_MALFORMED);
	copy[2] = 1;
	assert_int_equal(
	        zip_local_read(span_of(copy, sizeof(copy)), &local, &needed), STATUS_MALFORMED);
}

static void finds_a_descriptor(void **state)
{
	static const uint8_t narrow[] = "\x01\x02\x03\x04\x05\x00\x00\x00\x09\x00\x00\x00";
	static const uint8_t signed_wide[] =
	        "PK\x07\x08\x01\x02\x03\x04\x05\x00\x00\x00\x00\x00\x00\x00"
	        "\x09\x00\x00\x00\x00\x00\x00\x00";
	uint8_t signed_narrow[16] = "PK\x07\x08";

	(void)state;
	memcpy(signed_narrow + 4, narrow, 12);
	assert_int_equal(zip_descriptor_length(span_of(narrow, 12), 0x04030201, 5, 9), 12);
	assert_int_equal(zip_descriptor_length(span_of(narrow, 11), 0x04030201, 5, 9), 0);
	assert_int_equal(zip_descriptor_length(span_of(signed_narrow, 16), 0x04030201, 5, 9), 16);
	assert_int_equal(zip_descriptor_length(span_of(signed_wide, 24), 0x04030201, 5, 9), 24);
	assert_int_equal(zip_descriptor_length(span_of(signed_wide, 23), 0x04030201, 5, 9), 0);
	assert_int_equal(zip_descriptor_length(span_of(narrow, 12), 0x04030201, 5, 8), 0);
	assert_int_equal(zip_descriptor_length(span_of(narrow, 12), 0x04030202, 5, 9), 0);
}

static void shows_only_endings_that_are_ours(void **state)
{
	(void)state;
	assert_string_equal(extension_of(span_of_text("Folder/Patients.CSV")), ".csv");
	assert_string_equal(extension_of(span_of_text(".pdf")), ".pdf");
	assert_string_equal(extension_of(span_of_text("letter.citizen")), "");
	assert_string_equal(extension_of(span_of_text("csv")), "");
	assert_string_equal(extension_of(span_of_text("a.csv.")), "");
	assert_string_equal(extension_of(span_of(NULL, 0)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_a_local_header),
	        cmocka_unit_test(reads_zip64_and_flags),
	        cmocka_unit_test(finds_a_descriptor),
	        cmocka_unit_test(shows_only_endings_that_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
