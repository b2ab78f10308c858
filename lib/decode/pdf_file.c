#include "decode/pdf_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/decode.h"
#include "decode/pdf_document.h"

/* ---- objects ---- */

qpdf_oh pdf_key(struct pdf_document *d, qpdf_oh from, const char *key)
{
	qpdf_oh dictionary, value;

	if (qpdf_oh_is_dictionary(d->qpdf, from))
		return qpdf_oh_get_key(d->qpdf, from, key);
	if (!qpdf_oh_is_stream(d->qpdf, from))
		return qpdf_oh_new_null(d->qpdf);
	dictionary = qpdf_oh_get_dict(d->qpdf, from);
	value = qpdf_oh_get_key(d->qpdf, dictionary, key);
	pdf_drop(d, dictionary);
	return value;
}

void pdf_drop(struct pdf_document *d, qpdf_oh object)
{
	qpdf_oh_release(d->qpdf, object);
}

bool pdf_is_name(struct pdf_document *d, qpdf_oh object, const char *name)
{
	return qpdf_oh_is_name(d->qpdf, object) &&
	       strcmp(qpdf_oh_get_name(d->qpdf, object), name) == 0;
}

double pdf_number(struct pdf_document *d, qpdf_oh object, double otherwise)
{
	return qpdf_oh_is_number(d->qpdf, object) ? qpdf_oh_get_numeric_value(d->qpdf, object)
	                                          : otherwise;
}

void pdf_lose(struct pdf_document *d, qpdf_oh stream)
{
	unsigned char *bytes = NULL;
	QPDF_BOOL filtered = QPDF_FALSE;
	size_t len = 0;

	if (qpdf_oh_get_stream_data(d->qpdf, stream, qpdf_dl_none, &filtered, &bytes, &len) &
	        QPDF_ERRORS)
		len = 0;
	free(bytes);
	d->lost_bytes += len > 0 ? len : 1;
}

bool pdf_stream(struct pdf_document *d, qpdf_oh stream, bool content, struct span *ret_gives)
{
	unsigned char *bytes = NULL;
	QPDF_BOOL filtered = QPDF_FALSE;
	size_t len = 0;

	if (d->content_bytes > PDF_CONTENT_BYTES_MAX) {
		d->limited = true;
		return false;
	}
	if (qpdf_oh_get_stream_data(d->qpdf, stream, qpdf_dl_generalized, &filtered, &bytes, &len) &
	                QPDF_ERRORS ||
	        (content && !filtered)) {
		free(bytes);
		return false;
	}
	d->content_bytes += len;
	*ret_gives = span_of(bytes, len);
	return true;
}

/* 7.9.3: what a string says, in a stream. */
static void put_text_stream(
        struct pdf_document *d, enum unpack_value what, struct span label, qpdf_oh stream)
{
	struct span bytes;
	qpdf_oh words;

	if (!pdf_stream(d, stream, true, &bytes)) {
		pdf_lose(d, stream);
		return;
	}
	words = qpdf_oh_new_binary_string(d->qpdf, (const char *)bytes.data, bytes.len);
	pdf_put_words(d, what, label, words);
	pdf_drop(d, words);
	free((void *)(uintptr_t)bytes.data);
}

void pdf_put_words(struct pdf_document *d, enum unpack_value what, struct span label, qpdf_oh words)
{
	size_t len = 0;
	const char *text = NULL;

	if (qpdf_oh_is_stream(d->qpdf, words))
		put_text_stream(d, what, label, words);
	else if (qpdf_oh_is_string(d->qpdf, words))
		text = qpdf_oh_get_binary_utf8_value(d->qpdf, words, &len);
	else if (qpdf_oh_is_name(d->qpdf, words) && (text = qpdf_oh_get_name(d->qpdf, words)))
		len = strlen(++text);
	if (len > 0)
		unpack_put_value(d->sink, what, label, span_of(text, len));
}

/* Into the open member. False: it is lost. */
static bool put_bytes(struct pdf_document *d, qpdf_oh stream)
{
	struct span bytes;

	if (!pdf_stream(d, stream, false, &bytes)) {
		pdf_lose(d, stream);
		return false;
	}
	unpack_put_all(d->sink, UNPACK_BYTES, 0, bytes);
	free((void *)(uintptr_t)bytes.data);
	return true;
}

/* ---- what is said of the document ---- */

static void read_properties(struct pdf_document *d)
{
	static const char *const keys[] = {"/Title", "/Subject", "/Keywords"};
	qpdf_oh trailer = qpdf_get_trailer(d->qpdf);
	qpdf_oh info = pdf_key(d, trailer, "/Info");

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		qpdf_oh words = pdf_key(d, info, keys[i]);

		pdf_put_words(d, UNPACK_TITLE, span_of_text(keys[i] + 1), words);
		pdf_drop(d, words);
	}
	pdf_drop(d, info);
	pdf_drop(d, trailer);
}

/* ---- forms (12.7) ---- */

/* "patient.surname": the names from the root down, as far as they fit. */
struct field_name {
	char text[DECODE_LABEL_BYTES_MAX];
	size_t len;
};

static struct field_name name_below(
        struct pdf_document *d, const struct field_name *parent, qpdf_oh field)
{
	struct field_name name = *parent;
	qpdf_oh partial = pdf_key(d, field, "/T");
	size_t len = 0;
	const char *text = qpdf_oh_is_string(d->qpdf, partial)
	                           ? qpdf_oh_get_binary_utf8_value(d->qpdf, partial, &len)
	                           : NULL;

	if (text && name.len > 0 && name.len < sizeof(name.text))
		name.text[name.len++] = '.';
	if (len > sizeof(name.text) - name.len)
		len = sizeof(name.text) - name.len;
	if (text)
		memcpy(name.text + name.len, text, len);
	name.len += text ? len : 0;
	pdf_drop(d, partial);
	return name;
}

static void read_fields(
        struct pdf_document *d, qpdf_oh array, const struct field_name *above, unsigned depth)
{
	int count = qpdf_oh_is_array(d->qpdf, array) ? qpdf_oh_get_array_n_items(d->qpdf, array)
	                                             : 0;

	for (int i = 0; i < count && d->sink->status == STATUS_OK; i++) {
		qpdf_oh field, value, kids;
		struct field_name name;

		if (++d->nodes > PDF_TREE_NODES_MAX || depth > PDF_TREE_DEPTH_MAX) {
			d->limited = true;
			return;
		}
		field = qpdf_oh_get_array_item(d->qpdf, array, i);
		name = name_below(d, above, field);
		value = pdf_key(d, field, "/V");
		kids = pdf_key(d, field, "/Kids");
		pdf_put_words(d, UNPACK_FORM, span_of(name.text, name.len), value);
		read_fields(d, kids, &name, depth + 1);
		pdf_drop(d, kids);
		pdf_drop(d, value);
		pdf_drop(d, field);
	}
}

/* Annex K.2: a form of XFA is an XML document, whole or in pieces that each have a name. */
static void put_xfa(struct pdf_document *d, qpdf_oh xfa)
{
	bool whole = qpdf_oh_is_stream(d->qpdf, xfa), read = true;
	int count = qpdf_oh_is_array(d->qpdf, xfa) ? qpdf_oh_get_array_n_items(d->qpdf, xfa) : 0;

	if (!whole && count == 0)
		return;
	unpack_put(d->sink, UNPACK_MEMBER, 0, 0, span_of_text("form.xml"));
	if (whole)
		read = put_bytes(d, xfa);
	for (int i = 1; i < count && read; i += 2) {
		qpdf_oh piece = qpdf_oh_get_array_item(d->qpdf, xfa, i);

		read = !qpdf_oh_is_stream(d->qpdf, piece) || put_bytes(d, piece);
		pdf_drop(d, piece);
	}
	unpack_put(d->sink, UNPACK_MEMBER_END, read ? STREAM_COMPLETE : STREAM_MALFORMED, 0,
	        span_of(NULL, 0));
}

static void read_forms(struct pdf_document *d)
{
	const struct field_name none = {.len = 0};
	qpdf_oh root = qpdf_get_root(d->qpdf);
	qpdf_oh form = pdf_key(d, root, "/AcroForm");
	qpdf_oh fields = pdf_key(d, form, "/Fields"), xfa = pdf_key(d, form, "/XFA");

	read_fields(d, fields, &none, 0);
	put_xfa(d, xfa);
	pdf_drop(d, xfa);
	pdf_drop(d, fields);
	pdf_drop(d, form);
	pdf_drop(d, root);
}

/* ---- attachments (7.11.4, 14.13) ---- */

static void put_attachment(struct pdf_document *d, qpdf_oh name, qpdf_oh stream)
{
	size_t len = 0;
	const char *text = qpdf_oh_is_string(d->qpdf, name)
	                           ? qpdf_oh_get_binary_utf8_value(d->qpdf, name, &len)
	                           : "";
	enum stream_end end;

	unpack_put(d->sink, UNPACK_MEMBER, 0, 0,
	        span_slice(span_of(text, len), 0, DECODE_VALUE_BYTES_MAX));
	end = put_bytes(d, stream) ? STREAM_COMPLETE : STREAM_MALFORMED;
	unpack_put(d->sink, UNPACK_MEMBER_END, end, 0, span_of(NULL, 0));
}

void pdf_read_attachment(struct pdf_document *d, qpdf_oh specification)
{
	qpdf_oh files = pdf_key(d, specification, "/EF");
	qpdf_oh stream = pdf_key(d, files, "/F");
	qpdf_oh name = pdf_key(d, specification, "/UF");

	if (!qpdf_oh_is_string(d->qpdf, name)) {
		pdf_drop(d, name);
		name = pdf_key(d, specification, "/F");
	}
	if (!qpdf_oh_is_stream(d->qpdf, stream)) {
		pdf_drop(d, stream);
		stream = pdf_key(d, files, "/UF");
	}
	if (qpdf_oh_is_stream(d->qpdf, stream) && ++d->attachments > PDF_ATTACHMENTS_MAX)
		d->limited = true;
	else if (qpdf_oh_is_stream(d->qpdf, stream))
		put_attachment(d, name, stream);
	pdf_drop(d, name);
	pdf_drop(d, stream);
	pdf_drop(d, files);
}

/* 7.9.6: a tree of names; its leaves hold a name and what it names in turn. */
static void read_names(struct pdf_document *d, qpdf_oh node, unsigned depth)
{
	qpdf_oh names = pdf_key(d, node, "/Names"), kids = pdf_key(d, node, "/Kids");
	int name_count = qpdf_oh_is_array(d->qpdf, names)
	                         ? qpdf_oh_get_array_n_items(d->qpdf, names)
	                         : 0;
	int kid_count = qpdf_oh_is_array(d->qpdf, kids) ? qpdf_oh_get_array_n_items(d->qpdf, kids)
	                                                : 0;

	if (++d->nodes > PDF_TREE_NODES_MAX || depth > PDF_TREE_DEPTH_MAX)
		d->limited = true;
	for (int i = 1; i < name_count && !d->limited; i += 2) {
		qpdf_oh file = qpdf_oh_get_array_item(d->qpdf, names, i);

		pdf_read_attachment(d, file);
		pdf_drop(d, file);
	}
	for (int i = 0; i < kid_count && !d->limited; i++) {
		qpdf_oh kid = qpdf_oh_get_array_item(d->qpdf, kids, i);

		read_names(d, kid, depth + 1);
		pdf_drop(d, kid);
	}
	pdf_drop(d, kids);
	pdf_drop(d, names);
}

/* Mostly these are among the embedded files, too. */
static void read_associated(struct pdf_document *d, qpdf_oh root)
{
	qpdf_oh array = pdf_key(d, root, "/AF");
	int count = qpdf_oh_is_array(d->qpdf, array) ? qpdf_oh_get_array_n_items(d->qpdf, array)
	                                             : 0;

	for (int i = 0; i < count && !d->limited; i++) {
		qpdf_oh file = qpdf_oh_get_array_item(d->qpdf, array, i);

		pdf_read_attachment(d, file);
		pdf_drop(d, file);
	}
	pdf_drop(d, array);
}

static void read_attachments(struct pdf_document *d)
{
	qpdf_oh root = qpdf_get_root(d->qpdf);
	qpdf_oh names = pdf_key(d, root, "/Names");
	qpdf_oh files = pdf_key(d, names, "/EmbeddedFiles");

	if (qpdf_oh_is_dictionary(d->qpdf, files))
		read_names(d, files, 0);
	else
		read_associated(d, root);
	pdf_drop(d, files);
	pdf_drop(d, names);
	pdf_drop(d, root);
}

/* ---- the whole ---- */

static enum stream_end why_not_open(struct pdf_document *d)
{
	qpdf_error error = qpdf_get_error(d->qpdf);
	enum qpdf_error_code_e code = error ? qpdf_get_error_code(d->qpdf, error) : qpdf_e_internal;

	/* A security handler that qpdf does not know is a lock, too. */
	return code == qpdf_e_password || code == qpdf_e_unsupported ? STREAM_ENCRYPTED
	                                                             : STREAM_MALFORMED;
}

/* 7.5.5: a document ends with this line; what stands behind the last one is no part of it. */
static uint64_t bytes_behind(struct span document)
{
	static const char mark[] = "%%EOF";
	const size_t mark_len = sizeof(mark) - 1;
	size_t at = document.len, end = document.len;

	while (at >= mark_len && memcmp(document.data + at - mark_len, mark, mark_len) != 0)
		at--;
	if (at < mark_len)
		return 0;
	while (end > at && (document.data[end - 1] <= ' '))
		end--;
	return end - at;
}

/* 1024ths of the document: by its pages, by the characters on them, and by what was lost. */
static uint32_t looked_into(const struct pdf_document *d, struct span document)
{
	uint64_t lost = d->lost_bytes + bytes_behind(document);
	uint64_t all = d->readable + d->unreadable;
	/* The page on which a limit was reached is not whole. */
	uint64_t unread = d->picture_pages + d->broken_pages + d->page_count - d->pages +
	                  d->limited;
	uint64_t share = UNPACK_WHOLE;

	if (d->page_count > 0 && unread < d->page_count)
		share = (d->page_count - unread) * UNPACK_WHOLE / d->page_count;
	else if (d->page_count > 0)
		share = 0;
	if (all > 0)
		share = share * d->readable / all;
	lost = (lost * UNPACK_WHOLE + document.len - 1) / document.len;
	share -= lost < share ? lost : share;
	/* What lies behind a limit nobody knows; it is more than nothing. */
	return (uint32_t)(d->limited && share == UNPACK_WHOLE ? share - 1 : share);
}

static enum stream_end read_document(struct pdf_document *d, struct span document)
{
	qpdf_set_suppress_warnings(d->qpdf, QPDF_TRUE);
	if (qpdf_read_memory(d->qpdf, "document", (const char *)document.data, document.len, "") &
	        QPDF_ERRORS)
		return why_not_open(d);
	read_properties(d);
	pdf_read_pages(d);
	read_forms(d);
	read_attachments(d);
	if (d->broken_pages == d->pages && d->attachments == 0)
		return STREAM_MALFORMED; /* or there are none */
	return d->limited ? STREAM_LIMIT : STREAM_COMPLETE;
}

void pdf_file_read(struct span document, struct unpack_sink *sink)
{
	struct pdf_document d = {.qpdf = qpdf_init(), .sink = sink};
	enum stream_end end;

	qpdf_silence_errors(d.qpdf);
	end = read_document(&d, document);
	if (d.picture_pages > 0)
		unpack_put(sink, UNPACK_PICTURES, 0, d.picture_pages, span_of(NULL, 0));
	unpack_put(sink, UNPACK_END, end,
	        end == STREAM_COMPLETE || end == STREAM_LIMIT ? looked_into(&d, document) : 0,
	        span_of(NULL, 0));
	pdf_fonts_free(&d);
	(void)qpdf_get_error(d.qpdf); /* the last of those that were passed over */
	qpdf_cleanup(&d.qpdf);
}
