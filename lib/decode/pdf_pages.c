#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"
#include "decode/pdf_document.h"
#include "decode/pdf_text.h"

/* One content stream, with the resources that it names things in. */
struct shown {
	struct pdf_document *document;
	struct pdf_page *page;
	qpdf_oh resources;
	uint64_t owner; /* of the resources */
	unsigned depth;
};

static void flush(struct pdf_document *d, struct pdf_page *page)
{
	if (d->text_bytes + page->text.len > PDF_TEXT_BYTES_MAX)
		d->limited = true;
	else
		unpack_put_all(d->sink, UNPACK_TEXT, d->pages, buf_span(&page->text));
	d->text_bytes += page->text.len;
	buf_clear(&page->text);
}

static bool goes_on(const struct pdf_document *d)
{
	return !d->limited && d->sink->status == STATUS_OK;
}

static void show(struct shown *s, struct span content, const struct pdf_state *from);

static struct pdf_matrix matrix_of(struct pdf_document *d, qpdf_oh form)
{
	qpdf_oh array = pdf_key(d, form, "/Matrix");
	double values[6] = {1, 0, 0, 1, 0, 0};

	if (qpdf_oh_is_array(d->qpdf, array) && qpdf_oh_get_array_n_items(d->qpdf, array) == 6) {
		for (int i = 0; i < 6; i++) {
			qpdf_oh item = qpdf_oh_get_array_item(d->qpdf, array, i);

			values[i] = pdf_number(d, item, values[i]);
			pdf_drop(d, item);
		}
	}
	pdf_drop(d, array);
	return (struct pdf_matrix){
	        values[0], values[1], values[2], values[3], values[4], values[5]};
}

/* 8.10: a form is drawn with the state of the stream that draws it; one without resources of its
 * own takes that stream's. */
static void show_form(struct shown *s, qpdf_oh form, const struct pdf_state *from)
{
	struct pdf_document *d = s->document;
	struct pdf_matrix matrix = matrix_of(d, form);
	struct shown inner = *s;
	struct pdf_state state = *from;
	struct span content;
	qpdf_oh resources;

	if (s->depth >= PDF_FORM_DEPTH_MAX || d->forms >= PDF_FORMS_MAX) {
		d->limited = true;
		return;
	}
	d->forms++;
	if (!pdf_stream(d, form, true, &content)) {
		pdf_lose(d, form);
		return;
	}
	resources = pdf_key(d, form, "/Resources");
	if (qpdf_oh_is_dictionary(d->qpdf, resources)) {
		inner.resources = resources;
		inner.owner = ++d->contents;
	}
	inner.depth++;
	state.matrix = pdf_matrix_multiply(&matrix, &state.matrix);
	show(&inner, content, &state);
	pdf_drop(d, resources);
	free((void *)(uintptr_t)content.data);
}

static void draw(struct shown *s, const char *name, const struct pdf_state *from)
{
	struct pdf_document *d = s->document;
	char key[PDF_NAME_CHARS + 1] = "/";
	qpdf_oh objects = pdf_key(d, s->resources, "/XObject"), object, subtype;

	text_copy(key + 1, sizeof(key) - 1, name);
	object = pdf_key(d, objects, key);
	subtype = pdf_key(d, object, "/Subtype");
	if (pdf_is_name(d, subtype, "/Image"))
		s->page->pictures++;
	else if (qpdf_oh_is_stream(d->qpdf, object))
		show_form(s, object, from);
	pdf_drop(d, subtype);
	pdf_drop(d, object);
	pdf_drop(d, objects);
}

static void show(struct shown *s, struct span content, const struct pdf_state *from)
{
	struct pdf_document *d = s->document;
	struct pdf_text text;
	char name[PDF_NAME_CHARS];
	enum pdf_need need;
	int status;

	pdf_text_begin(&text, s->page, content, from);
	while (goes_on(d) && (status = pdf_text_next(&text, &need, name)) == STATUS_ITEM) {
		if (need == PDF_NEED_ROOM)
			flush(d, s->page);
		else if (need == PDF_NEED_FONT)
			pdf_text_use_font(&text, pdf_find_font(d, s->resources, s->owner, name));
		else
			draw(s, name, &text.state);
	}
	if (goes_on(d) && status != STATUS_END)
		d->limited = true;
}

/* 7.7.3.4: what a page does not say of itself, the nodes above it say. */
static qpdf_oh inherited(struct pdf_document *d, qpdf_oh page, const char *key)
{
	qpdf_oh node = qpdf_oh_new_object(d->qpdf, page);

	for (unsigned depth = 0; depth < PDF_TREE_DEPTH_MAX; depth++) {
		qpdf_oh value = pdf_key(d, node, key), parent;

		if (!qpdf_oh_is_null(d->qpdf, value)) {
			pdf_drop(d, node);
			return value;
		}
		pdf_drop(d, value);
		parent = pdf_key(d, node, "/Parent");
		pdf_drop(d, node);
		node = parent;
	}
	pdf_drop(d, node);
	return qpdf_oh_new_null(d->qpdf);
}

/* A page, or a note on it. True: all that there is is a picture. */
static bool show_whole(struct pdf_document *d, qpdf_oh resources, struct span content)
{
	struct pdf_page shown_on;
	struct shown s = {
	        .document = d, .page = &shown_on, .resources = resources, .owner = ++d->contents};
	bool picture;

	pdf_page_begin(&shown_on);
	show(&s, content, NULL);
	flush(d, &shown_on);
	unpack_put(d->sink, UNPACK_BREAK, 0, d->pages, span_of(NULL, 0));
	d->readable += shown_on.readable;
	d->unreadable += shown_on.unreadable;
	picture = shown_on.readable == 0 && shown_on.pictures > 0;
	pdf_page_end(&shown_on);
	return picture;
}

static void read_content(struct pdf_document *d, qpdf_oh page)
{
	unsigned char *bytes = NULL;
	size_t len = 0;
	qpdf_oh resources;

	if (qpdf_oh_get_page_content_data(d->qpdf, page, &bytes, &len) & QPDF_ERRORS) {
		d->broken_pages++;
		free(bytes);
		return;
	}
	d->content_bytes += len;
	if (d->content_bytes > PDF_CONTENT_BYTES_MAX)
		d->limited = true;
	resources = inherited(d, page, "/Resources");
	d->picture_pages += show_whole(d, resources, span_of(bytes, len));
	pdf_drop(d, resources);
	free(bytes);
}

/* 12.5.5: how it looks says what nothing else does. */
static void read_appearance(struct pdf_document *d, qpdf_oh annotation)
{
	qpdf_oh appearance = pdf_key(d, annotation, "/AP"), form = pdf_key(d, appearance, "/N");
	struct span content;

	if (qpdf_oh_is_stream(d->qpdf, form) && !pdf_stream(d, form, true, &content)) {
		pdf_lose(d, form);
	} else if (qpdf_oh_is_stream(d->qpdf, form)) {
		qpdf_oh resources = pdf_key(d, form, "/Resources");

		(void)show_whole(d, resources, content);
		pdf_drop(d, resources);
		free((void *)(uintptr_t)content.data);
	}
	pdf_drop(d, form);
	pdf_drop(d, appearance);
}

static void read_annotation(struct pdf_document *d, qpdf_oh annotation)
{
	qpdf_oh words = pdf_key(d, annotation, "/Contents");
	qpdf_oh file = pdf_key(d, annotation, "/FS");
	qpdf_oh subtype = pdf_key(d, annotation, "/Subtype");

	pdf_put_words(d, UNPACK_ANNOTATION, span_of(NULL, 0), words);
	/* A field of a form is read with the form. */
	if (qpdf_oh_is_null(d->qpdf, words) && !pdf_is_name(d, subtype, "/Widget"))
		read_appearance(d, annotation);
	if (qpdf_oh_is_dictionary(d->qpdf, file))
		pdf_read_attachment(d, file);
	pdf_drop(d, subtype);
	pdf_drop(d, file);
	pdf_drop(d, words);
}

static void read_annotations(struct pdf_document *d, qpdf_oh page)
{
	qpdf_oh array = pdf_key(d, page, "/Annots");
	int count = qpdf_oh_is_array(d->qpdf, array) ? qpdf_oh_get_array_n_items(d->qpdf, array)
	                                             : 0;

	for (int i = 0; i < count && goes_on(d); i++) {
		qpdf_oh annotation = qpdf_oh_get_array_item(d->qpdf, array, i);

		if (++d->annotations > PDF_ANNOTATIONS_MAX)
			d->limited = true;
		else
			read_annotation(d, annotation);
		pdf_drop(d, annotation);
	}
	pdf_drop(d, array);
}

void pdf_read_pages(struct pdf_document *d)
{
	int count = qpdf_get_num_pages(d->qpdf);

	d->page_count = count > 0 ? (uint32_t)count : 0;
	for (int i = 0; i < count && goes_on(d); i++) {
		qpdf_oh page = qpdf_get_page_n(d->qpdf, (size_t)i);

		if (++d->pages > PDF_PAGES_MAX)
			d->limited = true;
		read_content(d, page);
		read_annotations(d, page);
		qpdf_oh_release_all(d->qpdf);
	}
}
