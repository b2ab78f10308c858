/* XML and the clinical documents in it. All people are invented. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "transcript.h"

#define PORT         80
#define BUFFER_BYTES (4u << 20)

/* A request whose body it is. */
static struct buf request(const char *headers, struct span body)
{
	struct buf b;

	buf_init(&b, BUFFER_BYTES, NULL);
	assert_int_equal(
	        buf_printf(&b, "POST /x HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n",
	                headers, body.len),
	        STATUS_OK);
	assert_int_equal(buf_append(&b, body), STATUS_OK);
	return b;
}

static void append_times(struct buf *b, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		assert_int_equal(buf_append_text(b, text), STATUS_OK);
}

/* Every line must be there, and nothing must depend on the cuts. */
static void expect_with(
        const char *headers, struct span body, const char *const lines[], size_t count)
{
	struct buf b = request(headers, body);
	struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);

	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.budget_left_used, 0);
	for (size_t i = 0; i < count; i++)
		if (!transcript_has(&t, lines[i]))
			fail_msg("line %zu is missing%s", i, getenv("SHOW") ? t.text : "");
	assert_true(transcript_stable(buf_span(&b), PORT));
	transcript_free(&t);
	buf_free(&b);
}

#define EXPECT(body, ...)                                                                          \
	do {                                                                                       \
		static const char *const lines[] = {__VA_ARGS__};                                  \
		expect_with("", span_of(body, sizeof(body) - 1), lines, ARRAY_LEN(lines));         \
	} while (0)

static void elements_and_attributes_have_their_path(void **state)
{
	static const char body[] =
	        "<?xml version=\"1.0\"?>\n<p:batch xmlns:p=\"urn:x\"><a><b><c><patient "
	        "medicare.no=\"2123456701\"><dob> 3/7/1931 </dob><sex value=\"F\"/>"
	        "<n>A&amp;B &#x41;<![CDATA[<i>]]></n></patient></c></b></a></p:batch>";

	(void)state;
	EXPECT(body, "begin xml  [HTTP body]\n",
	        "key=b.c.patient.medicare.no [HTTP body] 2123456701\n",
	        "key=b.c.patient.dob [HTTP body] 3/7/1931\n", "key=b.c.patient.sex [HTTP body] F\n",
	        "key=b.c.patient.n [HTTP body] A&B A<i>\n", "stream [HTTP body] complete");
}

static void mixed_content_is_one_text(void **state)
{
	static const char body[] =
	        "<r><note>The Medi<b>care</b> number is <q x=\"http://a\">2123</q> 45670</note>"
	        "<next>x</next></r>";
	static const char page[] = "<?xml version=\"1.0\"?><html><body><p>One</p><p>Two "
	                           "<b>words</b></p></body></html>";

	(void)state;
	EXPECT(body, "text content key=r.note [HTTP body] The Medicare number is ",
	        "key=r.next [HTTP body] x\n", "q.x");
	EXPECT(page, "] One\\x0aTwo words\\x0a");
}

static void documents_inside_are_opened(void **state)
{
	static const char body[] =
	        "<r><h><![CDATA[MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.4\rPID|1||2123456701^^^"
	        "AUSHIC^MC||QUENNEVAR^ZEPHRINA\r]]></h><e>MSH|^~\\&amp;|A|B|C|D|2026||ACK|2|P|2.4"
	        "&#13;MSA|AA|1&#13;</e><j>{\"medicareNo\": \"2123456701\"}</j>"
	        "<d>\nTVNIfF5+"
	        "XCZ8QXxCfEN8RHwyMDI2fHxBQ0t8M3xQfDIuNA1NU0F8QUF8MQ1NU0F8QUF8\nMQ1NU0F8"
	        "QUF8MQ==</d><s a=\"TVNIfF5+XCZ8QXxCfEN8RHwyMDI2fHxBQ0t8M3xQfDIuNA1NU0F8QUF8MQ1N"
	        "U0F8QUF8MQ1NU0F8QUF8MQ==\"/><g>{3F2504E0-4F89-11D3-9A0C-0305E82C3301}</g></r>";

	(void)state;
	EXPECT(body, "begin hl7 ORU^R01 [HTTP body > nested document", "QUENNEVAR^ZEPHRINA",
	        "begin hl7 ACK [HTTP body > nested document",
	        "key=medicareNo [HTTP body > nested document] 2123456701\n",
	        "begin hl7 ACK [HTTP body > base64 value", "hl7-field=MSH-10",
	        "key=r.g [HTTP body] {3F2504E0-4F89-11D3-9A0C-0305E82C3301}\n");
}

static void fhir_gives_what_its_json_gives(void **state)
{
	static const char body[] =
	        "<f:Bundle xmlns:f=\"http://hl7.org/fhir\"><f:type value=\"batch\"/><f:entry>"
	        "<f:resource><f:Patient><f:identifier><f:value value=\"21234567011\"/><f:system "
	        "value=\"http://ns.electronichealth.net.au/id/medicare-number\"/></f:identifier>"
	        "<f:identifier><f:system "
	        "value=\"http://ns.electronichealth.net.au/id/dva\"/><f:value "
	        "value=\"NBUR9080\"/></f:identifier><f:name><f:family "
	        "value=\"Quennevar\"/></f:name>"
	        "</f:Patient></f:resource></f:entry><f:entry><f:resource><f:Practitioner><f:name>"
	        "<f:family value=\"Vandermolly\"/></f:name></f:Practitioner></f:resource></f:entry>"
	        "</f:Bundle>";
	static const char narrative[] =
	        "<Patient xmlns=\"http://hl7.org/fhir\"><text><div xmlns=\"http://www.w3.org/1999/"
	        "xhtml\"><p>Seen <b>to</b>day</p></div></text><contained><Organization><name "
	        "value=\"Practice\"/></Organization></contained></Patient>";

	(void)state;
	EXPECT(body, "begin fhir Patient [HTTP body > resource 1]",
	        "fhir-system=http://ns.electronichealth.net.au/id/medicare-number [HTTP body > "
	        "resource 1] 21234567011\n",
	        "fhir-system=http://ns.electronichealth.net.au/id/dva [HTTP body > resource 1] "
	        "NBUR9080\n",
	        "fhir-path=Patient.name.family [HTTP body > resource 1] Quennevar\n",
	        "begin fhir Practitioner [HTTP body > resource 2]",
	        "fhir-path=Practitioner.name.family", "begin fhir Bundle [HTTP body > resource 3]",
	        "fhir-path=Bundle.type");
	EXPECT(narrative, "text content fhir-path=Patient.text.div [", "] Seen today\\x0a\n",
	        "begin fhir Organization", "fhir-path=Organization.name");
}

static const char cda[] =
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:e=\"urn:e\"><code code=\"18842-5\" "
        "codeSystem=\"2.16.840.1.113883.6.1\"/><recordTarget><patientRole><id root=\"1.2.36.1\" "
        "extension=\"URN4711\"/><addr use=\"H\"><city>Nullawarra</city></addr><telecom "
        "value=\"tel:0412345678\"/><patient><name><given>Zephrina</given></name><birthTime "
        "value=\"19310703\"/><e:asEntityIdentifier><e:id root=\"1.2.36.1.2001.1003.0."
        "8003608833357361\"/></e:asEntityIdentifier></patient></patientRole></recordTarget>"
        "<author><assignedAuthor><assignedPerson><name>Vandermolly</name></assignedPerson>"
        "</assignedAuthor></author><component><section><text>Medi<content ID=\"a\">care</content>"
        "<table><tr><td>K</td><td>4.1</td></tr></table></text><e:id root=\"1.2.36.1.5001.1.0.7.1\" "
        "extension=\"29518731251\" assigningAuthorityName=\"Medicare Card Number\"/></section>"
        "</component></ClinicalDocument>";

static void a_cda_document_says_who_is_who(void **state)
{
	(void)state;
	EXPECT(cda, "begin cda 18842-5 [HTTP body > CDA document]",
	        "key=ClinicalDocument.recordTarget.patientRole.id [HTTP body > CDA document] "
	        "URN4711\n",
	        "recordTarget.patientRole.addr.city",
	        "patientRole.telecom [HTTP body > CDA document] 0412345678\n",
	        "key=patientRole.patient.name.given", "recordTarget.patientRole.patient.birthTime",
	        "oid=1.2.36.1.2001.1003.0 [HTTP body > CDA document] 8003608833357361\n",
	        "key=author.assignedAuthor.assignedPerson.name",
	        "oid=1.2.36.1.5001.1.0.7.1 [HTTP body > CDA document] 29518731251\n",
	        "Medicare\\x0aK\\x094.1\\x09\\x0a");
}

static void a_document_in_an_envelope(void **state)
{
	static const char head[] =
	        "<s:Envelope xmlns:s=\"urn:s\"><s:Header><To>x</To></s:Header><s:Body>";
	static const char tail[] = "</s:Body></s:Envelope>";
	static const char *const lines[] = {"begin cda 18842-5 [HTTP body > CDA document]",
	        "key=Envelope.Header.To", "stream [HTTP body] complete"};
	struct buf b;

	(void)state;
	buf_init(&b, BUFFER_BYTES, NULL);
	assert_int_equal(buf_append_text(&b, head), STATUS_OK);
	assert_int_equal(buf_append_text(&b, cda), STATUS_OK);
	assert_int_equal(buf_append_text(&b, tail), STATUS_OK);
	expect_with("", buf_span(&b), lines, ARRAY_LEN(lines));
	buf_free(&b);
}

static void parts_of_cda_are_known_by_their_templates(void **state)
{
	static const char section[] =
	        "<section><templateId root=\"2.16.840.1.113883.10.20.22.2.5.1\"/><text>Seen "
	        "<b>to</b>day</text></section>";
	static const char target[] = "<recordTarget><patientRole><patient><name>Quennevar</name>"
	                             "</patient></patientRole></recordTarget>";

	(void)state;
	EXPECT(section, "begin cda  [HTTP body > CDA document]", "] Seen today\n");
	EXPECT(target, "begin cda  [HTTP body > CDA document]",
	        "key=recordTarget.patientRole.patient.name");
}

static void base64_in_an_attribute_comes_in_pieces(void **state)
{
	struct buf body, b;
	struct transcript t;

	(void)state;
	buf_init(&body, BUFFER_BYTES, NULL);
	append_times(&body,
	        "<DocumentReference xmlns=\"http://hl7.org/fhir\"><!-- <x a=\" --><content>"
	        "<attachment><data value='JVBERi0xLjQK",
	        1);
	append_times(&body, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w", 20000);
	append_times(&body,
	        "' id=\"1\"/></attachment></content><description value=\"after\"/>"
	        "</DocumentReference>",
	        1);
	b = request("", buf_span(&body));
	for (size_t step = 0; step <= 1460; step += 730) {
		t = transcript_bytes(buf_span(&b), step, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "> base64 value] unknown bytes=840009"));
		assert_true(transcript_has(&t, "fhir-path=DocumentReference.description"));
		assert_true(transcript_has(&t, "stream [HTTP body] complete"));
		assert_true(t.budget_peak < 400u << 10);
		transcript_free(&t);
	}
	buf_free(&body);
	buf_free(&b);
}

static void prescriptions_and_claims(void **state)
{
	static const char script[] =
	        "<ePrescription xmlns=\"urn:etp\"><SCID>2ABCDEF</SCID><PatientMedicareNumber>"
	        "2123456701</PatientMedicareNumber></ePrescription>";
	static const char wrapped[] =
	        "<Message><Body><ETPIdentifiers><SCID>2A</SCID></ETPIdentifiers>"
	        "</Body></Message>";
	static const char claim[] =
	        "<s:Envelope xmlns:s=\"urn:s\"><s:Body><c:BulkBillStoreForwardRequest "
	        "xmlns:c=\"http://hic.gov.au/x\"><c:medicareCardNumber>2123456701"
	        "</c:medicareCardNumber></c:BulkBillStoreForwardRequest></s:Body></s:Envelope>";
	static const char by_names[] = "<x><medicareCard><memberNumber>2123456701</memberNumber>"
	                               "</medicareCard><claimId>M0001@</claimId></x>";
	static const char json[] =
	        "{\"claim\":{\"medicalEvent\":[{\"patient\":{\"medicare\":"
	        "{\"memberNumber\":\"2123456701\",\"memberRefNumber\":\"1\"}}}]}}";
	static const char other[] = "{\"claim\":{\"memberNumber\":\"1\"}}";
	static const char *const is_claim[] = {"begin claim  [HTTP body]"};
	static const char *const is_json[] = {"begin json  [HTTP body]"};

	(void)state;
	EXPECT(script, "begin prescription ePrescription [HTTP body > prescription]",
	        "key=ePrescription.PatientMedicareNumber");
	EXPECT(wrapped, "begin prescription ETPIdentifiers [HTTP body > prescription]");
	EXPECT(claim, "begin claim BulkBillStoreForwardRequest [HTTP body > claim]");
	EXPECT(by_names, "begin claim  [HTTP body > claim]");
	expect_with("", span_of_text(json), is_claim, 1);
	expect_with("", span_of_text(other), is_json, 1);
	expect_with("dhs-auditId: 1\r\n", span_of_text(other), is_claim, 1);
}

static void office_documents_are_running_text(void **state)
{
	static const char word[] =
	        "<?xml version=\"1.0\" standalone=\"yes\"?><w:document xmlns:w=\"http://schemas."
	        "openxmlformats.org/wordprocessingml/2006/main\">\n <w:body>\n<w:p "
	        "w:rsidR=\"00AB1234\">"
	        "<w:r><w:t>Medi</w:t></w:r><w:r><w:t xml:space=\"preserve\">care </w:t></w:r>"
	        "<w:r><w:tab/><w:t>2123</w:t></w:r></w:p>\n<w:p><w:r><w:t>End</w:t></w:r></w:p>"
	        "</w:body></w:document>";
	static const char open[] =
	        "<o:document-content xmlns:o=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" "
	        "xmlns:t=\"urn:t\"><o:body><t:h>Letter</t:h><t:p>Dear<t:s/><t:span>Dr</t:span></"
	        "t:p>"
	        "</o:body></o:document-content>";
	static const char slide[] =
	        "<p:sld xmlns:a=\"urn:a\" "
	        "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/"
	        "2006/main\"><a:p><a:r><a:t>One</a:t></a:r></a:p><a:p><a:t>Two</a:t></a:p></p:sld>";

	(void)state;
	EXPECT(word, "begin document docx [HTTP body]", "] Medicare \\x092123\\x0aEnd\\x0a\n");
	EXPECT(open, "begin document odt [HTTP body]", "] Letter\\x0aDear Dr\\x0a\n");
	EXPECT(slide, "begin document pptx [HTTP body]", "] One\\x0aTwo\\x0a\n");
}

static void bytes_become_utf8(void **state)
{
	static const char western[] =
	        "<?xml version=\"1.0\" encoding=\"Windows-1252\"?><r>Andr\xe9 \x93q\x94</r>";
	static const char latin[] = "<?xml version='1.0' encoding='ISO-8859-1'?><r>\xc3\xa9</r>";
	static const char wrong[] =
	        "<r><a>caf\xc3\xa9</a><b>caf\xe9</b><c>\x01\xed\xa0\x80x</c></r>";
	static const char declared[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r>x&nbsp;y</r>";
	static const char utf16[] = "\xff\xfe<\0r\0>\0"
	                            "2\0"
	                            "1\0"
	                            "2\0"
	                            "3\0\xe9\0<\0/\0r\0>";

	(void)state;
	EXPECT(western, "] Andr\\xc3\\xa9 \\xe2\\x80\\x9cq\\xe2\\x80\\x9d\n",
	        "stream [HTTP body] complete");
	EXPECT(latin, "] \\xc3\\x83\\xc2\\xa9\n");
	EXPECT(wrong, "key=r.a [HTTP body] caf\\xc3\\xa9\n", "key=r.b [HTTP body] caf\\xc3\\xa9\n",
	        "key=r.c", "stream [HTTP body] malformed");
	EXPECT(declared, "] x y\n", "complete");
	EXPECT(utf16, "] 2123\\xc3\\xa9\n");
}

static void what_is_broken_is_read_as_text(void **state)
{
	static const char crossed[] = "<r><k>one</k><m>two<d></m>three</r> four";
	static const char type[] =
	        "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY a \"b\"><!ENTITY c "
	        "\"&a;&a;\">]><l>&c; Medicare 2123456701</l>";
	static const char several[] = "<r>one</r>\n<?xml version=\"1.0\"?><r>two</r> junk 5";
	static const char sealed[] = "<r><a b=c></r><x:EncryptedData/>";

	(void)state;
	EXPECT(crossed, "key=r.k [HTTP body] one\n", "] two", "] </m>three</r> four\n",
	        "stream [HTTP body] malformed bytes=40 unread=0");
	EXPECT(type, "text content [HTTP body > text] <!DOCTYPE l", "&c; Medicare 2123456701</l>\n",
	        "stream [HTTP body] malformed bytes=101 unread=0");
	EXPECT(several, "key=r [HTTP body] one\n", "key=r [HTTP body > record 2] two\n",
	        "[HTTP body > text]  junk 5\n");
	EXPECT(sealed, "stream [HTTP body] sealed");
}

/* Up to where it was cut a document is kept, whatever stands there. */
static void cut_anywhere(void **state)
{
	size_t values = 0;

	(void)state;
	for (size_t len = strcspn(cda, ">") + 1; len < sizeof(cda) - 1; len++) {
		struct buf b = request("", span_of(cda, len));
		struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);
		size_t now = transcript_count(&t, " field content ");

		assert_int_equal(t.status, STATUS_OK);
		assert_int_equal(t.budget_left_used, 0);
		assert_true(transcript_has(&t, "begin cda"));
		assert_true(transcript_has(&t, "stream [HTTP body] truncated"));
		assert_true(now + 1 >= values);
		values = now;
		transcript_free(&t);
		buf_free(&b);
	}
}

static void a_gap_ends_the_document_only(void **state)
{
	static const char head[] = "HTTP/1.0 200 OK\r\n\r\n<r><a>one</a><b>2123456701";
	static const char tail[] = "</c><d>Medicare 4950123451</d></r>";
	const struct segment segments[] = {
	        {.bytes = head, .len = sizeof(head) - 1},
	        {.gap_bytes = 100},
	        {.bytes = tail, .len = sizeof(tail) - 1},
	};
	struct transcript t = transcript_run(segments, ARRAY_LEN(segments), 0, PORT);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_true(transcript_has(&t, "key=r.a [HTTP body] one\n"));
	assert_true(transcript_has(&t, "key=r.b [HTTP body] 2123456701\n"));
	assert_true(
	        transcript_has(&t, "[HTTP body > text] \\x0a</c><d>Medicare 4950123451</d></r>\n"));
	assert_true(transcript_has(&t, "stream [HTTP body] gap"));
	transcript_free(&t);
}

/* ---- hostile ---- */

static const char before[] = "<r><n>kept 2123456701</n>";
static const char after[] = "<z>scanned 2123456701</z></r>";

static void expect_limit(const char *open, const char *unit, size_t times, const char *close)
{
	struct buf body, b;
	struct transcript t;

	buf_init(&body, BUFFER_BYTES, NULL);
	append_times(&body, before, 1);
	append_times(&body, open, 1);
	append_times(&body, unit, times);
	append_times(&body, close, 1);
	append_times(&body, after, 1);
	b = request("", buf_span(&body));
	for (size_t step = 0; step <= 1000; step += 500) {
		t = transcript_bytes(buf_span(&b), step, PORT);
		assert_int_equal(t.status, STATUS_OK);
		assert_true(transcript_has(&t, "key=r.n [HTTP body] kept 2123456701\n"));
		assert_true(transcript_has(&t, "<z>scanned 2123456701</z></r>\n"));
		assert_true(transcript_has(&t, "stream [HTTP body] limit"));
		assert_true(transcript_has(&t, "unread=0\n"));
		assert_true(t.summary.limits_hit >= 1);
		assert_true(t.budget_peak < 400u << 10);
		assert_int_equal(t.budget_left_used, 0);
		transcript_free(&t);
	}
	buf_free(&body);
	buf_free(&b);
}

static void hostile_documents_are_bounded(void **state)
{
	(void)state;
	expect_limit("", "<d>", 10000, "");
	expect_limit("<a b=\"", "abc ", 1u << 18, "\"/>");
	expect_limit("<a b=\"c\"", "  \n\t", 1u << 18, "d=\"e\"/>");
	expect_limit("<!--", "x y ", 1u << 18, "");
	expect_limit("<?x ", "x y ", 1u << 18, "");
}

static void long_texts_come_in_pieces(void **state)
{
	struct buf body, b;
	struct transcript t;

	(void)state;
	buf_init(&body, BUFFER_BYTES, NULL);
	append_times(&body, "<r><t>", 1);
	append_times(&body, "word ", 300000);
	append_times(&body, "</t><d>JVBERi0xLjQK", 1);
	append_times(&body, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9w\n", 20000);
	append_times(&body, "</d><u>after</u></r>", 1);
	b = request("", buf_span(&body));
	t = transcript_bytes(buf_span(&b), 1460, PORT);
	assert_true(transcript_has(&t, "text content key=r.t [HTTP body] word word"));
	assert_true(transcript_has(&t, "stream [HTTP body > base64 value] unknown bytes=840009"));
	assert_true(transcript_has(&t, "key=r.u [HTTP body] after\n"));
	assert_true(transcript_has(&t, "stream [HTTP body] complete"));
	assert_true(t.budget_peak < 400u << 10);
	transcript_free(&t);
	buf_free(&body);
	buf_free(&b);
}

/* ---- sealed ---- */

struct shape {
	const char *prefix, *attributes, *envelope, *end;
};

static struct buf sealed_message(const struct shape *s, bool metadata_last)
{
	static const char *const roots[] = {"SealedMessage", "sealedMessage"};
	struct buf b;
	const char *root = roots[metadata_last];
	char metadata[900], payload[900];

	snprintf(metadata, sizeof(metadata),
	        "<%smetadata><%screationTime>2026-11-22T10:00:00+11:00</%screationTime>"
	        "<%ssenderOrganisation>http://ns.electronichealth.net.au/id/hi/hpio/1.0/"
	        "8003621566684455</%ssenderOrganisation><%sreceiverOrganisation>http://ns."
	        "electronichealth.net.au/id/hi/hpio/1.0/8003627500000328</%sreceiverOrganisation>"
	        "<%sserviceCategory>sc-a</%sserviceCategory><%sserviceInterface>si-a"
	        "</%sserviceInterface></%smetadata>",
	        s->prefix, s->prefix, s->prefix, s->prefix, s->prefix, s->prefix, s->prefix,
	        s->prefix, s->prefix, s->prefix, s->prefix, s->prefix);
	snprintf(payload, sizeof(payload),
	        "<x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"><x:CipherData>"
	        "<x:CipherValue>QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2"
	        "d3h5ejAxMjM0NTY3ODkw</x:CipherValue></x:CipherData></x:EncryptedData>");
	buf_init(&b, BUFFER_BYTES, NULL);
	assert_int_equal(buf_append_text(&b, s->envelope), STATUS_OK);
	assert_int_equal(
	        buf_printf(&b,
	                "<%s%s%s xmlns%s%.*s=\"http://ns.electronichealth.net.au/smd/"
	                "xsd/SealedMessage/2010\">%s%s</%s%s>%s",
	                s->prefix, root, s->attributes, *s->prefix ? ":" : "",
	                (int)strcspn(s->prefix, ":"), s->prefix, metadata_last ? payload : metadata,
	                metadata_last ? metadata : payload, s->prefix, root, s->end),
	        STATUS_OK);
	return b;
}

static struct buf as_utf16(const struct buf *text)
{
	struct buf b;

	buf_init(&b, BUFFER_BYTES, NULL);
	assert_int_equal(buf_append(&b, span_of("\xff\xfe", 2)), STATUS_OK);
	for (size_t i = 0; i < text->len; i++) {
		assert_int_equal(buf_append_byte(&b, text->data[i]), STATUS_OK);
		assert_int_equal(buf_append_byte(&b, 0), STATUS_OK);
	}
	return b;
}

static struct buf as_related(const struct buf *text)
{
	struct buf b;

	buf_init(&b, BUFFER_BYTES, NULL);
	assert_int_equal(buf_append_text(&b, "--uuid:1\r\nContent-Type: application/xop+xml; "
	                                     "charset=UTF-8; type=\"text/xml\"\r\n"
	                                     "Content-Transfer-Encoding: binary\r\n\r\n"),
	        STATUS_OK);
	assert_int_equal(buf_append(&b, buf_span(text)), STATUS_OK);
	assert_int_equal(buf_append_text(&b, "\r\n--uuid:1--\r\n"), STATUS_OK);
	return b;
}

static void expect_sealed(struct span body, const char *headers)
{
	static const char *const wanted[] = {"begin sealed xml", "hpio/1.0 [",
	        "] 8003621566684455\n", "] 8003627500000328\n", "metadata.creationTime",
	        "metadata.serviceCategory", "] sc-a\n", "metadata.serviceInterface", "] si-a\n",
	        " sealed bytes="};
	struct buf b = request(headers, body);
	struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);
	struct transcript cut = transcript_bytes(buf_span(&b), 7, PORT);

	assert_int_equal(t.status, STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!transcript_has(&t, wanted[i]))
			fail_msg("mark %zu is missing", i);
	assert_false(transcript_has(&t, "QUJDREVG"));
	assert_int_equal(t.summary.unread_reason, STREAM_SEALED);
	assert_true(transcript_equal(&t, &cut));
	transcript_free(&t);
	transcript_free(&cut);
	buf_free(&b);
}

static void sealed_messages_of_many_shapes(void **state)
{
	static const char *const prefixes[] = {"", "ns2:", "smd:", "a-b.c:", "SM:"};
	static const char *const attributes[] = {"", " id=\"_1\" wsu:Id=\"x\""};
	static const char *const envelopes[][2] = {{"", ""}, {"<?xml version='1.0'?>\r\n", ""},
	        {"<!-- sent -->\n<soap:Envelope xmlns:soap=\"u\"><soap:Header><Security><Token>"
	         "0123456789012345678901234567890123456789012345678901234567890123456789</Token>"
	         "<Note>0123456789012345678901234567890123456789012345678901234567890123456789</"
	         "Note>"
	         "</Security></soap:Header><soap:Body><deliver>",
	                "</deliver></soap:Body></soap:Envelope>"}};
	size_t shapes = 0;

	(void)state;
	for (size_t i = 0; i < 5 * 2 * 3 * 2; i++) {
		struct shape s = {prefixes[i % 5], attributes[i / 5 % 2], envelopes[i / 10 % 3][0],
		        envelopes[i / 10 % 3][1]};
		struct buf plain = sealed_message(&s, i / 30 % 2);
		struct buf wide = as_utf16(&plain);
		struct buf related = as_related(&plain);

		expect_sealed(buf_span(&plain), "Content-Type: text/xml\r\n");
		expect_sealed(buf_span(&plain), "");
		expect_sealed(buf_span(&wide), "");
		expect_sealed(buf_span(&related),
		        "Content-Type: multipart/related; boundary=\"uuid:1\"; "
		        "type=\"application/xop+xml\"\r\n");
		shapes += 4;
		buf_free(&plain);
		buf_free(&wide);
		buf_free(&related);
	}
	assert_true(shapes >= 200);
}

static void parts_of_a_related_message_are_read_by_their_own_types(void **state)
{
	static const char body[] =
	        "--b\r\nContent-Type: application/xop+xml\r\n\r\n<s:Envelope xmlns:s=\"u\"><s:Body>"
	        "<doc><xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" "
	        "href=\"cid:1\"/></doc></s:Body></s:Envelope>\r\n--b\r\nContent-ID: <1>\r\n"
	        "Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	        "PGRvYz48Yj5pbnNpZGU8L2I+PC9kb2M+\r\n--b\r\nContent-ID: <2>\r\nContent-Type: "
	        "application/json\r\nContent-Transfer-Encoding: "
	        "binary\r\n\r\n{\"k\":\"v\"}\r\n--b--\r\n";
	static const char *const lines[] = {"begin xml  [HTTP body > part 1]",
	        "key=Body.doc.Include.href [HTTP body > part 1] cid:1\n",
	        "key=doc.b [HTTP body > part 2", "] inside\n", "key=k [HTTP body > part 3] v\n"};

	(void)state;
	expect_with("Content-Type: multipart/related; boundary=b\r\n",
	        span_of(body, sizeof(body) - 1), lines, ARRAY_LEN(lines));
}

static void what_is_not_xml(void **state)
{
	static const char *const texts[] = {"<john@example.com> wrote 12345",
	        "<html><body>x</body>", "<!DOCTYPE html><html>", "<3 hearts and more",
	        "<p>one</p>"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct buf b = request("", span_of_text(texts[i]));
		struct transcript t = transcript_bytes(buf_span(&b), 0, PORT);

		assert_false(transcript_has(&t, "begin xml"));
		assert_false(transcript_has(&t, "> text]"));
		transcript_free(&t);
		buf_free(&b);
	}
}

/* As long as the opening of one that comes in pieces, and all there is. */
static void short_base64_in_an_attribute_is_a_value(void **state)
{
	static const char document[] = "<?xml version='1.0'?><r><t a='"
	                               "QWxsIGlzIHdlbGwgMjk1MTg3MzEyNTEg"
	                               "QWxsIGlzIHdlbGwgMjk1MTg3MzEyNTEg' c='x'>text</t></r>";
	struct span bytes = span_of(document, sizeof(document) - 1);
	struct transcript t = transcript_bytes(bytes, 0, 9000);

	(void)state;
	assert_int_equal(t.status, STATUS_OK);
	assert_int_equal(t.summary.unread_bytes[0], 0);
	assert_true(transcript_has(&t, "key=r.t.a [] QWxsIGlzIHdlbGwg"));
	transcript_free(&t);
	assert_true(transcript_stable(bytes, 9000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(elements_and_attributes_have_their_path),
	        cmocka_unit_test(mixed_content_is_one_text),
	        cmocka_unit_test(documents_inside_are_opened),
	        cmocka_unit_test(fhir_gives_what_its_json_gives),
	        cmocka_unit_test(a_cda_document_says_who_is_who),
	        cmocka_unit_test(a_document_in_an_envelope),
	        cmocka_unit_test(parts_of_cda_are_known_by_their_templates),
	        cmocka_unit_test(base64_in_an_attribute_comes_in_pieces),
	        cmocka_unit_test(prescriptions_and_claims),
	        cmocka_unit_test(office_documents_are_running_text),
	        cmocka_unit_test(bytes_become_utf8),
	        cmocka_unit_test(what_is_broken_is_read_as_text),
	        cmocka_unit_test(cut_anywhere),
	        cmocka_unit_test(a_gap_ends_the_document_only),
	        cmocka_unit_test(hostile_documents_are_bounded),
	        cmocka_unit_test(long_texts_come_in_pieces),
	        cmocka_unit_test(sealed_messages_of_many_shapes),
	        cmocka_unit_test(parts_of_a_related_message_are_read_by_their_own_types),
	        cmocka_unit_test(what_is_not_xml),
	        cmocka_unit_test(short_base64_in_an_attribute_is_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
