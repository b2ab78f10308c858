/* Documents from the first byte to their fields, with a process that opens them as the real one
 * does, but for its bounds (tests/priv has those). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/status.h"
#include "decode/pdf_file.h"
#include "decode/spool.h"
#include "decode/unpack_record.h"
#include "decode/unpacker.h"
#include "decode/xlsx_file.h"
#include "transcript.h"

/* How the process behaves. */
enum manner {
	OPENS,
	DIES, /* in the middle of its answer */
	LIES, /* answers what no such process answers */
	SAYS_NOTHING,
	JUMBLES, /* answers records that do not follow each other */
};

struct opener {
	struct decode_unpacker *unpacker;
	int fd;
	pid_t pid;
};

#define LETTER                                                                                     \
	"%PDF-1.4\n"                                                                               \
	"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"                                             \
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"       \
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>endobj\n"          \
	"4 0 obj<</Length 77>>stream\n"                                                            \
	"BT /F1 11 Tf 72 700 Td 14 TL (Re: Alma Made) Tj T* (Medicare 2951 87312 5-1) Tj ET"       \
	"\nendstream endobj\n"                                                                     \
	"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>endobj\n"

static const char letter[] = LETTER "trailer<</Root 1 0 R>>\n";

static void answer_wrongly(int fd, enum manner manner)
{
	struct unpack_sink sink = {.fd = fd};

	if (manner == SAYS_NOTHING)
		return;
	unpack_put(&sink, UNPACK_TEXT, 0, 1, span_of_text("the beginning"));
	if (manner == JUMBLES) {
		unpack_put(&sink, UNPACK_MEMBER, 0, 0, span_of_text("a.txt"));
		unpack_put(&sink, UNPACK_TEXT, 0, 1, span_of_text("text in a member"));
		unpack_put(&sink, UNPACK_MEMBER_END, 0, 0, span_of(NULL, 0));
		unpack_put(&sink, UNPACK_END, STREAM_COMPLETE, UNPACK_WHOLE, span_of(NULL, 0));
	}
	if (manner == LIES)
		unpack_put(&sink, UNPACK_MEMBER_END, 200, 0, span_of(NULL, 0));
}

static void open_documents(int fd, enum manner manner)
{
	struct handover job;

	while (handover_take(fd, &job) == STATUS_ITEM) {
		pid_t child = fork();

		if (child == 0) {
			if (manner == OPENS)
				_exit(decode_unpack(&job));
			answer_wrongly(job.fds[1], manner);
			_exit(1);
		}
		close(job.fds[0]);
		close(job.fds[1]);
		waitpid(child, NULL, 0);
	}
	_exit(0);
}

static void opener_start(struct opener *o, enum manner manner)
{
	int ends[2];

	assert_int_equal(handover_open(ends), STATUS_OK);
	o->pid = fork();
	assert_true(o->pid >= 0);
	if (o->pid == 0) {
		close(ends[0]);
		open_documents(ends[1], manner);
	}
	close(ends[1]);
	o->fd = ends[0];
	assert_int_equal(decode_unpacker_new(&o->unpacker, o->fd), STATUS_OK);
}

static void opener_end(struct opener *o)
{
	o->unpacker = decode_unpacker_free(o->unpacker);
	close(o->fd);
	assert_int_equal(waitpid(o->pid, NULL, 0), o->pid);
}

static struct transcript run(const struct opener *o, struct span bytes, size_t step)
{
	struct segment all = {.bytes = (const char *)bytes.data, .len = bytes.len};
	struct transcript t = transcript_opened(&all, 1, step, o ? o->unpacker : NULL);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	return t;
}

static void assert_has(const struct transcript *t, const char *line)
{
	if (!transcript_has(t, line))
		print_message("no line with: %s\n", line);
	assert_true(transcript_has(t, line));
}

/* Whole, byte by byte, and cut here and there. */
static struct transcript run_all_ways(const struct opener *o, struct span bytes)
{
	struct transcript whole = run(o, bytes, 0), other;
	const size_t steps[] = {1, 7, 100};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		other = run(o, bytes, steps[i]);
		assert_true(transcript_equal(&whole, &other));
		transcript_free(&other);
	}
	return whole;
}

static void a_letter_is_read_page_by_page(void **state)
{
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, span_of_text(letter));
	assert_has(&t, "document pdf");
	assert_has(&t, "[page 1] Re: Alma Made\\x0aMedicare 2951 87312 5-1");
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_int_equal(t.summary.read_bytes[0], sizeof(letter) - 1);
	transcript_free(&t);
	opener_end(&o);
}

static void whatever_is_cut_off_is_told(void **state)
{
	struct opener o;

	(void)state;
	opener_start(&o, OPENS);
	for (size_t len = 5; len < sizeof(letter) - 1; len += 31) {
		struct transcript t = run(&o, span_of(letter, len), 0);

		assert_int_equal(t.summary.read_bytes[0] + t.summary.unread_bytes[0], len);
		transcript_free(&t);
	}
	opener_end(&o);
}

static const char filled_in[] = LETTER
        "6 0 obj<</Fields[7 0 R]>>endobj\n"
        "7 0 obj<</T(patient)/Kids[8 0 R]>>endobj\n"
        "8 0 obj<</T(surname)/V(Made)/Parent 7 0 R>>endobj\n"
        "9 0 obj<</Names[(x)10 0 R]>>endobj\n"
        "10 0 obj<</Type/Filespec/F(made.csv)/EF<</F 11 0 R>>>>endobj\n"
        "11 0 obj<</Length 22>>stream\nname,age\nAlma,50\nBo,6\n\nendstream endobj\n"
        "12 0 obj<</Title(Letter)>>endobj\n"
        "13 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm 6 0 R/Names<</EmbeddedFiles 9 0 R>>>>"
        "endobj\ntrailer<</Root 13 0 R/Info 12 0 R>>\n";

static void fields_and_attachments_count_too(void **state)
{
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, span_of_text(filled_in));
	assert_has(&t, "key=Title [properties] Letter");
	assert_has(&t, "key=patient.surname [form] Made");
	assert_has(&t, "file-name");
	assert_has(&t, "attachment 1 (.csv)");
	assert_has(&t, "Alma");
	transcript_free(&t);
	opener_end(&o);
}

#define PAGE_OF(resources, more, rest)                                                             \
	"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R" more ">>endobj\n"                           \
	"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>" resources         \
	">>>>endobj\n"                                                                             \
	"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R/Annots[7 0 R]>>endobj\n"                  \
	"4 0 obj<</Length 37>>stream\n/X Do BT /F1 11 Tf (A short page) Tj ET\nendstream endobj\n" \
	"5 0 "                                                                                     \
	"obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>endobj\n" rest \
	"trailer<</Root 1 0 R>>\n"
#define SHOWS_NAME "stream\nBT /F1 11 Tf (Alma Made) Tj ET\nendstream endobj\n"

static void words_stand_in_many_places(void **state)
{
	static const struct {
		const char *document, *line;
	} places[] = {
	        {PAGE_OF("", "/AcroForm<</Fields[<</T(name)/V 6 0 R>>]>>",
	                 "6 0 obj<</Length 9>>stream\nAlma Made\nendstream endobj\n"),
	                "key=name [form] Alma Made"},
	        {PAGE_OF("", "/AcroForm<</XFA[(a)6 0 R(b)8 0 R]>>",
	                 "6 0 obj<</Length 29>>stream\n<?xml version=\"1.0\"?><a><name\nendstream "
	                 "endobj\n"
	                 "8 0 obj<</Length 21>>stream\n>Alma Made</name></a>\nendstream endobj\n"),
	                "[attachment 1 (.xml)"},
	        {PAGE_OF("", "/AF[<</F(a.txt)/EF<</F 6 0 R>>>>]",
	                 "6 0 obj<</Length 21>>stream\nA note for Alma Made.\nendstream endobj\n"),
	                "Alma Made"},
	        {PAGE_OF("", "",
	                 "7 0 obj<</Subtype/FreeText/AP<</N 6 0 R>>>>endobj\n"
	                 "6 0 obj<</Resources<</Font<</F1 5 0 R>>>>/Length 31>>" SHOWS_NAME),
	                "[page 1] Alma Made"},
	};
	struct opener o;

	(void)state;
	opener_start(&o, OPENS);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct transcript t = run(&o, span_of_text(places[i].document), 0);

		assert_has(&t, places[i].line);
		assert_has(&t, "Alma Made");
		assert_int_equal(t.summary.unread_bytes[0], 0);
		transcript_free(&t);
	}
	opener_end(&o);
}

/* A value of any length. */
static void a_long_note_is_read_to_its_end(void **state)
{
	struct opener o;
	struct transcript t;
	struct buf document;

	(void)state;
	opener_start(&o, OPENS);
	buf_init(&document, 65536, NULL);
	assert_int_equal(buf_append_text(&document, "%PDF-1.4\n7 0 obj<</Contents("), STATUS_OK);
	assert_int_equal(buf_printf(&document, "%*s", 20000, "Alma Made)>>endobj\n"), STATUS_OK);
	assert_int_equal(buf_append_text(&document, &PAGE_OF("", "", "")[9]), STATUS_OK);
	t = run(&o, buf_span(&document), 0);
	assert_has(&t, "Alma Made");
	transcript_free(&t);
	buf_free(&document);
	opener_end(&o);
}

/* Parts by a filter that nobody knows, or broken, and what stands behind the end. */
static void what_is_lost_of_a_document_is_told(void **state)
{
	static const char *const documents[] = {
	        PAGE_OF("/XObject<</X 6 0 R>>", "",
	                "6 0 obj<</Subtype/Form/Filter/Foo/Length 31>>" SHOWS_NAME),
	        PAGE_OF("/XObject<</X 6 0 R>>", "",
	                "6 0 obj<</Subtype/Form/Filter/FlateDecode/Length 31>>" SHOWS_NAME),
	        PAGE_OF("", "/Names<</EmbeddedFiles<</Names[(x)<</F(a)/EF<</F 6 0 R>>>>]>>>>",
	                "6 0 obj<</Filter/FlateDecode/Length 31>>" SHOWS_NAME),
	        PAGE_OF("", "", "") "%%EOF\nAlma Made, born on a day that is in this line\n",
	};
	struct opener o;

	(void)state;
	opener_start(&o, OPENS);
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		struct transcript t = run(&o, span_of_text(documents[i]), 0);

		assert_has(&t, "[page 1] A short page");
		assert_true(t.summary.unread_bytes[0] >= 31 && t.summary.unread_bytes[0] < 60);
		assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
		transcript_free(&t);
	}
	opener_end(&o);
}

static const char scanned[] =
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R"
        "/Resources<</XObject<</I 5 0 R>>>>>>endobj\n"
        "4 0 obj<</Length 5>>stream\n/I Do\nendstream endobj\n"
        "5 0 obj<</Subtype/Image/Width 1/Height 1/Length 1>>stream\nx\nendstream endobj\n"
        "trailer<</Root 1 0 R>>\n";

static void a_scan_is_a_picture(void **state)
{
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, span_of_text(scanned));
	assert_has(&t, "image pdf");
	assert_int_equal(transcript_count(&t, "document pdf"), 0);
	assert_int_equal(t.summary.unread_bytes[0], sizeof(scanned) - 1);
	assert_int_equal(t.summary.unread_reason, STREAM_MEDIA);
	transcript_free(&t);
	opener_end(&o);
}

/* A form that draws itself, pages that are their own parents, kids without end. */
static void loops_end(void **state)
{
	static const char *const loops[] = {
	        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]>>"
	        "/Names<</EmbeddedFiles 7 0 R>>>>endobj\n"
	        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
	        "3 0 obj<</Type/Page/Parent 3 0 R/Contents 4 0 R"
	        "/Resources<</XObject<</X 5 0 R>>>>>>endobj\n"
	        "4 0 obj<</Length 17>>stream\n/X Do /X Do /X Do\nendstream endobj\n"
	        "5 0 obj<</Subtype/Form/Resources<</XObject<</X 5 0 R>>>>/Length 17>>stream\n"
	        "/X Do /X Do /X Do\nendstream endobj\n"
	        "6 0 obj<</T(a)/Kids[6 0 R 6 0 R]>>endobj\n7 0 obj<</Kids[7 0 R 7 0 R]>>endobj\n"
	        "trailer<</Root 1 0 R>>\n",
	        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	        "2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 99999999>>endobj\n"
	        "trailer<</Root 1 0 R>>\n",
	        "%PDF-1.4\n1 0 obj 1 0 R endobj\ntrailer<</Root 1 0 R/Prev 9>>\nstartxref\n9\n",
	};
	struct opener o;

	(void)state;
	opener_start(&o, OPENS);
	for (size_t i = 0; i < ARRAY_LEN(loops); i++) {
		struct transcript t = run(&o, span_of_text(loops[i]), 0);

		assert_int_equal(
		        t.summary.read_bytes[0] + t.summary.unread_bytes[0], strlen(loops[i]));
		assert_true(i > 0 || t.summary.limits_hit > 0);
		transcript_free(&t);
	}
	opener_end(&o);
}

/* ---- archives ---- */

enum packing { AS_7Z, AS_XZ, AS_BZIP2 };

/* Of one or two members; gives. */
static struct span pack(const char *first, const char *second, enum packing packing)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	uint8_t *memory = malloc(65536);
	const char *texts[2] = {first, second};
	size_t used = 0;

	assert_non_null(memory);
	if (packing == AS_7Z) {
		assert_int_equal(archive_write_set_format_7zip(a), ARCHIVE_OK);
	} else {
		assert_int_equal(packing == AS_XZ ? archive_write_add_filter_xz(a)
		                                  : archive_write_add_filter_bzip2(a),
		        ARCHIVE_OK);
		assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	}
	assert_int_equal(archive_write_open_memory(a, memory, 65536, &used), ARCHIVE_OK);
	for (int i = 0; i < 2 && texts[i]; i++) {
		archive_entry_clear(entry);
		archive_entry_set_pathname(entry, i == 0 ? "Alma Made.txt" : "b/results.csv");
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, (la_int64_t)strlen(texts[i]));
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(
		        archive_write_data(a, texts[i], strlen(texts[i])), strlen(texts[i]));
	}
	archive_entry_free(entry);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return span_of(memory, used);
}

static void each_member_is_a_stream(void **state)
{
	struct span bytes = pack("A letter about nobody.\n", "name,age\nAlma,50\n", AS_7Z);
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, bytes);
	assert_has(&t, "archive 7z");
	assert_has(&t, "file-name");
	assert_has(&t, "member 1 (.txt)");
	assert_has(&t, "A letter about nobody.");
	assert_has(&t, "member 2 (.csv)");
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

static void a_packed_file_is_unpacked(void **state)
{
	struct span bytes = pack("A letter about nobody.\n", NULL, AS_XZ);
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, bytes);
	assert_has(&t, "archive xz");
	assert_has(&t, "A letter about nobody.");
	transcript_free(&t);
	t = run(&o, span_slice(bytes, 0, bytes.len - 9), 0);
	assert_int_equal(t.summary.unread_bytes[0], bytes.len - 9);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

static void what_stands_behind_a_packed_file_is_told(void **state)
{
	struct span bytes = pack("A letter about nobody.\n", NULL, AS_BZIP2);
	size_t len = bytes.len; /* of 65536 */
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run(&o, bytes, 0);
	assert_has(&t, "A letter about nobody.");
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	memset((uint8_t *)(uintptr_t)bytes.data + len, 'x', 2000);
	t = run(&o, span_of(bytes.data, len + 2000), 0);
	assert_has(&t, "A letter about nobody.");
	assert_true(t.summary.unread_bytes[0] >= 2000 && t.summary.unread_bytes[0] < 2010);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

/* ---- packages of the office ---- */

#define MAIN "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""

struct part {
	const char *name, *text;
};

/* A zip file; gives. */
static struct span package(const struct part *parts, size_t count)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	uint8_t *memory = malloc(65536);
	size_t used = 0;

	assert_non_null(memory);
	assert_int_equal(archive_write_set_format_zip(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1), ARCHIVE_OK);
	assert_int_equal(archive_write_open_memory(a, memory, 65536, &used), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		const size_t len = strlen(parts[i].text);

		archive_entry_clear(entry);
		archive_entry_set_pathname(entry, parts[i].name);
		archive_entry_set_filetype(entry, AE_IFREG);
		archive_entry_set_size(entry, (la_int64_t)len);
		assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, parts[i].text, len), len);
	}
	archive_entry_free(entry);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return span_of(memory, used);
}

/* The sheet stands before what it needs. */
static const struct part workbook[] = {
        {"[Content_Types].xml", "<Types/>"},
        {"xl/worksheets/sheet1.xml",
                "<worksheet " MAIN "><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c>"
                "<c r=\"C1\" t=\"inlineStr\"><is><t>DOB</t></is></c></row>"
                "<row><c t=\"s\"><v>1</v></c><c r=\"C2\" s=\"1\"><v>18000</v></c></row>"
                "<row r=\"9\"><c r=\"A9\" t=\"str\"><v>Bo \"B\"</v></c>"
                "<c r=\"C9\" s=\"1\"><v>18001.5</v></c><c r=\"ZZZZ9\"><v>7</v></c>"
                "<c t=\"s\"><v>99</v></c></row></sheetData></worksheet>"},
        {"xl/sharedStrings.xml",
                "<sst " MAIN "><si><t>Surname</t></si><si><r><t>Ma</t></r><r><t>de</t></r>"
                "<rPh sb=\"0\"><t>no</t></rPh></si></sst>"},
        {"xl/styles.xml", "<styleSheet " MAIN "><cellStyleXfs><xf numFmtId=\"9\"/>"
                          "</cellStyleXfs><cellXfs><xf numFmtId=\"0\"/>"
                          "<xf numFmtId=\"14\"/></cellXfs></styleSheet>"},
        {"xl/workbook.xml", "<workbook " MAIN "/>"},
        {"docProps/core.txt", "About nobody, by nobody.\n"},
};

static void a_sheet_is_a_table(void **state)
{
	struct span bytes = package(workbook, ARRAY_LEN(workbook));
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, bytes);
	assert_has(&t, "column=Surname row=1 column=1");
	assert_has(&t, "sheet 1 > column 1] Made");
	assert_has(&t, "column=DOB row=1 column=3");
	assert_has(&t, "1949-04-12");
	assert_has(&t, "Bo \"B\"");
	assert_has(&t, "1949-04-13");
	assert_has(&t, "row=2 column=4"); /* what stands too far right */
	assert_has(&t, "About nobody, by nobody.");
	assert_int_equal(transcript_count(&t, "sst"), 0);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

/* Bits of the headers of the last part: in front of it, and in the list at the end. */
static void lock_last_part(struct span bytes)
{
	static const char *const headers[] = {"PK\3\4", "PK\1\2"};
	static const size_t flags_at[] = {6, 8}; /* APPNOTE.TXT 4.3.7 and 4.3.12 */

	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		size_t at = bytes.len - 4;

		while (memcmp(bytes.data + at, headers[i], 4) != 0)
			at--;
		((uint8_t *)(uintptr_t)bytes.data)[at + flags_at[i]] |= 1;
	}
}

static void what_is_lost_of_a_workbook_is_told(void **state)
{
	static const struct part parts[] = {{"[Content_Types].xml", "<Types/>"},
	        {"xl/workbook.xml", "<workbook " MAIN "/>"},
	        {"xl/theme/letter.txt", "A letter where none is looked for.\n"},
	        {"xl/last.txt",
	                "A letter that is as long as the rest of it all together, or so.\n"}};
	struct span bytes = package(parts, ARRAY_LEN(parts));
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run(&o, bytes, 0);
	assert_has(&t, "A letter where none is looked for.");
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	lock_last_part(bytes);
	t = run(&o, bytes, 0);
	assert_has(&t, "A letter where none is looked for.");
	assert_true(t.summary.unread_bytes[0] > bytes.len / 5 &&
	            t.summary.unread_bytes[0] < bytes.len / 2);
	assert_int_equal(t.summary.unread_reason, STREAM_ENCRYPTED);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

static void a_cell_over_its_limit_is_told(void **state)
{
	const size_t len = XLSX_CELL_BYTES_MAX;
	char *sheet = malloc(len + 300);
	struct part parts[] = {{"[Content_Types].xml", "<Types/>"},
	        {"xl/workbook.xml", "<workbook " MAIN "/>"}, {"xl/worksheets/a.xml", sheet}};
	struct span bytes;
	struct opener o;
	struct transcript t;

	(void)state;
	assert_non_null(sheet);
	snprintf(sheet, len + 300,
	        "<worksheet " MAIN "><sheetData><row><c t=\"str\"><v>%*s</v></c></row>"
	        "</sheetData></worksheet>",
	        (int)len + 1, "Alma");
	bytes = package(parts, ARRAY_LEN(parts));
	opener_start(&o, OPENS);
	t = run(&o, bytes, 0);
	assert_int_equal(t.summary.unread_bytes[0], bytes.len);
	assert_int_equal(t.summary.unread_reason, STREAM_LIMIT);
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	free(sheet);
	opener_end(&o);
}

/* Something else of the office, and what was cut off. */
static void a_package_is_no_less_than_an_archive(void **state)
{
	static const struct part letters[] = {
	        {"[Content_Types].xml", "<Types/>"}, {"word/letter.txt", "A letter.\n"}};
	struct span bytes = package(letters, ARRAY_LEN(letters));
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = run_all_ways(&o, bytes);
	assert_has(&t, "A letter.");
	transcript_free(&t);
	t = run(NULL, bytes, 0); /* by zip.c */
	assert_has(&t, "A letter.");
	transcript_free(&t);
	free((void *)(uintptr_t)bytes.data);
	bytes = package(workbook, ARRAY_LEN(workbook));
	for (size_t len = 40; len < bytes.len; len += 97) {
		t = run(&o, span_slice(bytes, 0, len), 0);
		assert_int_equal(t.summary.read_bytes[0] + t.summary.unread_bytes[0], len);
		transcript_free(&t);
	}
	free((void *)(uintptr_t)bytes.data);
	opener_end(&o);
}

/* ---- whoever opens them ---- */

static void nobody_opens_them(void **state)
{
	struct opener o;
	struct transcript t;

	(void)state;
	t = run(NULL, span_of_text(letter), 0);
	assert_has(&t, "document pdf");
	assert_int_equal(t.summary.unread_bytes[0], sizeof(letter) - 1);
	assert_int_equal(t.summary.unread_reason, STREAM_UNKNOWN);
	transcript_free(&t);
	opener_start(&o, OPENS);
	assert_int_equal(kill(o.pid, SIGKILL), 0);
	assert_int_equal(waitpid(o.pid, NULL, 0), o.pid);
	t = run(&o, span_of_text(letter), 0);
	assert_int_equal(t.summary.unread_bytes[0], sizeof(letter) - 1);
	transcript_free(&t);
	decode_unpacker_free(o.unpacker);
	close(o.fd);
}

static void a_process_that_dies_or_lies_is_told(void **state)
{
	static const enum stream_end reasons[] = {
	        [DIES] = STREAM_LIMIT, [LIES] = STREAM_MALFORMED, [SAYS_NOTHING] = STREAM_LIMIT};

	(void)state;
	for (enum manner manner = DIES; manner <= SAYS_NOTHING; manner++) {
		struct opener o;
		struct transcript t;

		opener_start(&o, manner);
		for (int i = 0; i < 2; i++) {
			t = run(&o, span_of_text(letter), 0);
			assert_int_equal(t.summary.unread_bytes[0], sizeof(letter) - 1);
			assert_int_equal(t.summary.unread_reason, reasons[manner]);
			transcript_free(&t);
		}
		opener_end(&o);
	}
}

/* What takes long on our side does not count against the answer. */
static void only_waiting_for_an_answer_counts(void **state)
{
	const int64_t wait_ns = 50000000;
	const struct timespec longer = {.tv_nsec = 2 * wait_ns};
	struct spool s = {.fd = -1, .wait_left_ns = wait_ns};
	int ends[2];
	uint8_t byte;
	size_t len = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s.answer_fd = ends[0];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(ends[1], "x", 1), 1);
		assert_int_equal(nanosleep(&longer, NULL), 0);
		assert_int_equal(spool_read(&s, &byte, 1, &len), STATUS_ITEM);
	}
	assert_int_equal(spool_read(&s, &byte, 1, &len), STATUS_LIMIT);
	assert_int_equal(spool_read(&s, &byte, 1, &len), STATUS_LIMIT);
	close(ends[0]);
	close(ends[1]);
}

/* run() sees to it that the session does not fail. */
static void records_in_any_order_do_no_harm(void **state)
{
	static const char *const documents[] = {letter, "7z\xbc\xaf\x27\x1c no more"};
	struct opener o;

	(void)state;
	opener_start(&o, JUMBLES);
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		struct transcript t = run(&o, span_of_text(documents[i]), 0);

		assert_has(&t, "text in a member");
		transcript_free(&t);
	}
	opener_end(&o);
}

static void gaps_and_size_are_told(void **state)
{
	struct segment gap[] = {SEGMENT(0, LETTER), {.gap_bytes = 100}, SEGMENT(0, "trailer")};
	struct segment large = {.len = UNPACK_SPOOL_BYTES_MAX + 1};
	char *zeros = calloc(1, large.len);
	struct opener o;
	struct transcript t;

	(void)state;
	opener_start(&o, OPENS);
	t = transcript_opened(gap, ARRAY_LEN(gap), 0, o.unpacker);
	assert_int_equal(t.summary.unread_bytes[0], sizeof(LETTER) - 1 + 7);
	assert_int_equal(t.summary.unread_reason, STREAM_GAP);
	transcript_free(&t);
	assert_non_null(zeros);
	memcpy(zeros, "%PDF-", 5);
	large.bytes = zeros;
	t = transcript_opened(&large, 1, 1 << 20, o.unpacker);
	assert_int_equal(t.summary.unread_bytes[0], large.len);
	assert_int_equal(t.summary.unread_reason, STREAM_LIMIT);
	transcript_free(&t);
	t = run(&o, span_of_text(letter), 0); /* and there is room again */
	assert_int_equal(t.summary.unread_bytes[0], 0);
	transcript_free(&t);
	free(zeros);
	opener_end(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_letter_is_read_page_by_page),
	        cmocka_unit_test(whatever_is_cut_off_is_told),
	        cmocka_unit_test(fields_and_attachments_count_too),
	        cmocka_unit_test(words_stand_in_many_places),
	        cmocka_unit_test(a_long_note_is_read_to_its_end),
	        cmocka_unit_test(what_is_lost_of_a_document_is_told),
	        cmocka_unit_test(a_scan_is_a_picture),
	        cmocka_unit_test(loops_end),
	        cmocka_unit_test(each_member_is_a_stream),
	        cmocka_unit_test(a_packed_file_is_unpacked),
	        cmocka_unit_test(what_stands_behind_a_packed_file_is_told),
	        cmocka_unit_test(a_sheet_is_a_table),
	        cmocka_unit_test(what_is_lost_of_a_workbook_is_told),
	        cmocka_unit_test(a_cell_over_its_limit_is_told),
	        cmocka_unit_test(a_package_is_no_less_than_an_archive),
	        cmocka_unit_test(nobody_opens_them),
	        cmocka_unit_test(a_process_that_dies_or_lies_is_told),
	        cmocka_unit_test(only_waiting_for_an_answer_counts),
	        cmocka_unit_test(records_in_any_order_do_no_harm),
	        cmocka_unit_test(gaps_and_size_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
