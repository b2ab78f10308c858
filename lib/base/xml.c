#include "base/fnv.h"
#include "base/xml.h"

#include <expat.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/wipe.h"

#define PIECE_BYTES       1024       /* handed to expat at once, so that few events wait */
#define WAITING_MAX       65536      /* events of one piece and of a token that it ends */
#define WAITING_BYTES_MAX (1u << 20) /* their names and texts */
#define NAME_BITS         8192       /* of the set of names: eight times what it may hold */
#define SEPARATOR         ' '        /* cannot stand in a name or in a web address */

struct waiting {
	enum xml_event_kind kind;
	unsigned depth;
	size_t at,
	        len; /* in the text: its bytes, or the strings of the names, each with its zero */
	size_t attribute_count;
};

struct xml {
	XML_Parser parser;
	struct budget *budget;
	struct span rest; /* fed and not yet handed to expat */
	bool last, ended;
	bool patient;
	size_t attributes_max, token_bytes_max;
	uint64_t handed_bytes, read_bytes;
	unsigned depth;
	int status; /* stays */
	struct waiting *waiting;
	size_t waiting_next, waiting_count, waiting_capacity;
	struct buf text;
	uint8_t names[NAME_BITS / 8];
	size_t name_count;
	struct xml_attribute attributes[XML_PATIENT_ATTRIBUTES_MAX];
};

/* Releases of expat that have the one call the other out of date. Below 0: nowhere. */
static int64_t position(struct xml *x)
{
#ifdef EXEAT_EXPAT_INDEX64
	return (int64_t)XML_GetCurrentByteIndex64(x->parser);
#else
	return XML_GetCurrentByteIndex(x->parser);
#endif
}

/* A call back means that all of its token was sound. */
static void token_is_read(struct xml *x)
{
	int64_t at = position(x);
	int len = XML_GetCurrentByteCount(x->parser);

	if (at >= 0 && len >= 0 && x->status == STATUS_OK)
		x->read_bytes = (uint64_t)at + (uint64_t)len;
}

static void stop(struct xml *x, int status)
{
	if (x->status != STATUS_OK)
		return;
	x->status = status;
	XML_StopParser(x->parser, XML_FALSE);
}

/* NULL when there is no room; then the reader has stopped. */
static struct waiting *add(struct xml *x, enum xml_event_kind kind)
{
	struct waiting *larger;
	size_t capacity = x->waiting_capacity == 0 ? 64 : x->waiting_capacity * 2;

	if (x->status != STATUS_OK)
		return NULL;
	if (x->waiting_count == x->waiting_capacity) {
		if (capacity > WAITING_MAX) {
			stop(x, STATUS_LIMIT);
			return NULL;
		}
		larger = reallocarray(x->waiting, capacity, sizeof(*larger));
		if (!larger) {
			stop(x, STATUS_NO_MEMORY);
			return NULL;
		}
		x->waiting = larger;
		x->waiting_capacity = capacity;
	}
	x->waiting[x->waiting_count] = (struct waiting){
	        .kind = kind, .depth = x->depth, .at = x->text.len};
	return &x->waiting[x->waiting_count++];
}

static void add_bytes(struct xml *x, struct span bytes, bool zero)
{
	int status = x->status == STATUS_OK ? buf_append(&x->text, bytes) : STATUS_OK;

	if (status == STATUS_OK && zero)
		status = buf_append_byte(&x->text, 0);
	if (status != STATUS_OK)
		stop(x, status);
}

/* Counts different names, by a set of bits: a few may share one. */
static void count_name(struct xml *x, struct span name)
{
	uint32_t hash = fnv_span(FNV_BASIS, name);
	uint8_t bit;

	hash = (hash ^ (hash >> 16)) % NAME_BITS;
	bit = (uint8_t)(1u << (hash % 8));
	if (x->names[hash / 8] & bit)
		return;
	x->names[hash / 8] |= bit;
	if (++x->name_count > XML_NAMES_MAX)
		stop(x, STATUS_LIMIT);
}

/* "space name" as two strings. */
static void add_name(struct xml *x, const char *joined)
{
	struct span all = span_of_text(joined);
	size_t cut = span_find_byte(all, SEPARATOR);

	if (all.len > XML_NAME_BYTES_MAX) {
		stop(x, STATUS_LIMIT);
		return;
	}
	count_name(x, all);
	add_bytes(x, cut == SIZE_MAX ? span_of("", 0) : span_slice(all, 0, cut), true);
	add_bytes(x, cut == SIZE_MAX ? all : span_slice(all, cut + 1, all.len), true);
}

static void element_starts(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct xml *x = context;
	struct waiting *w;

	if (++x->depth > XML_DEPTH_MAX)
		stop(x, STATUS_LIMIT);
	w = add(x, XML_EVENT_START);
	if (!w)
		return;
	add_name(x, name);
	for (size_t i = 0; attributes[i] && x->status == STATUS_OK; i += 2) {
		if (++w->attribute_count > x->attributes_max) {
			stop(x, STATUS_LIMIT);
			break;
		}
		add_name(x, attributes[i]);
		add_bytes(x, span_of_text(attributes[i + 1]), true);
	}
	if (x->status != STATUS_OK) /* never half an event */
		x->waiting_count--;
	token_is_read(x);
}

static void element_ends(void *context, const XML_Char *name)
{
	struct xml *x = context;

	if (add(x, XML_EVENT_END)) {
		add_name(x, name);
		if (x->status != STATUS_OK)
			x->waiting_count--;
	}
	x->depth--;
	token_is_read(x);
}

static void add_text(struct xml *x, enum xml_event_kind kind, struct span text)
{
	struct waiting *w = add(x, kind);

	if (!w)
		return;
	w->len = text.len;
	add_bytes(x, text, false);
	if (x->status != STATUS_OK)
		x->waiting_count--;
	token_is_read(x);
}

static void text_comes(void *context, const XML_Char *text, int len)
{
	add_text(context, XML_EVENT_TEXT, span_of(text, (size_t)len));
}

static void comment_comes(void *context, const XML_Char *text)
{
	add_text(context, XML_EVENT_COMMENT, span_of_text(text));
}

static void instruction_comes(void *context, const XML_Char *target, const XML_Char *text)
{
	(void)target;
	add_text(context, XML_EVENT_COMMENT, span_of_text(text));
}

static void entity_is_unknown(void *context, const XML_Char *name, int is_parameter)
{
	(void)name;
	if (!is_parameter)
		add_text(context, XML_EVENT_TEXT, span_of_text(" "));
}

/* A section's marks are sound, too. */
static void section_marked(void *context)
{
	token_is_read(context);
}

static void declared(
        void *context, const XML_Char *version, const XML_Char *encoding, int standalone)
{
	(void)version;
	(void)encoding;
	(void)standalone;
	token_is_read(context);
}

static void type_starts(void *context, const XML_Char *name, const XML_Char *system_id,
        const XML_Char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	stop(context, STATUS_UNSUPPORTED);
}

static void *reallocate(void *memory, size_t len)
{
	void *larger = malloc(len);
	size_t old = memory ? malloc_usable_size(memory) : 0;

	if (!larger)
		return NULL;
	if (old > 0)
		memcpy(larger, memory, old < len ? old : len);
	wipe_free(memory);
	return larger;
}

static int new_reader(struct xml **ret_gives, struct budget *budget, bool patient)
{
	static const XML_Memory_Handling_Suite memory = {malloc, reallocate, wipe_free};
	static const XML_Char separator[] = {SEPARATOR, '\0'};
	struct xml *x = calloc(1, sizeof(*x));

	if (!x)
		return STATUS_NO_MEMORY;
	x->parser = XML_ParserCreate_MM(
	        patient ? "UTF-8" : NULL, &memory, patient ? NULL : separator);
	if (!x->parser) {
		free(x);
		return STATUS_NO_MEMORY;
	}
	x->patient = patient;
	x->attributes_max = patient ? XML_PATIENT_ATTRIBUTES_MAX : XML_ATTRIBUTES_MAX;
	x->token_bytes_max = patient ? XML_PATIENT_TOKEN_BYTES_MAX : XML_TOKEN_BYTES_MAX;
	buf_init(&x->text, WAITING_BYTES_MAX, budget);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, element_starts, element_ends);
	XML_SetCharacterDataHandler(x->parser, text_comes);
	XML_SetStartDoctypeDeclHandler(x->parser, type_starts);
	*ret_gives = x;
	return STATUS_OK;
}

int xml_new(struct xml **ret_gives, struct budget *budget)
{
	return new_reader(ret_gives, budget, false);
}

int xml_new_patient(struct xml **ret_gives, struct budget *budget)
{
	int status = budget ? budget_charge(budget, XML_PATIENT_BYTES) : STATUS_OK;
	struct xml *x = NULL;

	if (status != STATUS_OK)
		return status;
	status = new_reader(&x, budget, true);
	if (status != STATUS_OK) {
		if (budget)
			budget_release(budget, XML_PATIENT_BYTES);
		return status;
	}
	x->budget = budget;
	XML_SetCommentHandler(x->parser, comment_comes);
	XML_SetProcessingInstructionHandler(x->parser, instruction_comes);
	XML_SetCdataSectionHandler(x->parser, section_marked, section_marked);
	XML_SetXmlDeclHandler(x->parser, declared);
	XML_SetSkippedEntityHandler(x->parser, entity_is_unknown);
	/* As if a document type stood elsewhere, which nobody reads: entities may be unknown. */
	(void)XML_UseForeignDTD(x->parser, XML_TRUE);
	*ret_gives = x;
	return STATUS_OK;
}

struct xml *xml_free(struct xml *x)
{
	if (x) {
		XML_ParserFree(x->parser);
		buf_free(&x->text);
		free(x->waiting);
		if (x->patient && x->budget)
			budget_release(x->budget, XML_PATIENT_BYTES);
		free(x);
	}
	return NULL;
}

void xml_feed(struct xml *x, struct span bytes, bool last)
{
	x->rest = bytes;
	x->last = last;
}

/* Hands expat the next piece; its events then wait. */
static void parse_piece(struct xml *x)
{
	struct span piece = span_slice(x->rest, 0, PIECE_BYTES);
	bool final;
	int64_t at;

	x->rest = span_slice(x->rest, piece.len, x->rest.len);
	x->handed_bytes += piece.len;
	final = x->last && x->rest.len == 0;
	x->waiting_next = x->waiting_count = 0;
	buf_clear(&x->text);
	if (XML_Parse(x->parser, (const char *)piece.data, (int)piece.len, final) ==
	        XML_STATUS_ERROR) {
		if (x->status == STATUS_OK)
			x->status = XML_GetErrorCode(x->parser) == XML_ERROR_NO_MEMORY
			                    ? STATUS_NO_MEMORY
			                    : STATUS_MALFORMED;
		return;
	}
	x->ended = final;
	at = position(x);
	if (!final && at >= 0 && x->handed_bytes - (uint64_t)at > x->token_bytes_max)
		x->status = STATUS_LIMIT;
}

static const char *next_string(const char **at)
{
	const char *string = *at;

	*at += strlen(string) + 1;
	return string;
}

static void give(struct xml *x, struct xml_event *ret)
{
	const struct waiting *w = &x->waiting[x->waiting_next++];
	const char *at = (const char *)x->text.data + w->at;

	*ret = (struct xml_event){.kind = w->kind, .depth = w->depth, .space = "", .name = ""};
	if (w->kind == XML_EVENT_TEXT || w->kind == XML_EVENT_COMMENT) {
		ret->text = span_of(at, w->len);
		return;
	}
	ret->space = next_string(&at);
	ret->name = next_string(&at);
	for (size_t i = 0; i < w->attribute_count; i++) {
		x->attributes[i].space = next_string(&at);
		x->attributes[i].name = next_string(&at);
		x->attributes[i].value = next_string(&at);
	}
	ret->attributes = x->attributes;
	ret->attribute_count = w->attribute_count;
}

int xml_next(struct xml *x, struct xml_event *ret)
{
	for (;;) {
		if (x->waiting_next < x->waiting_count) {
			give(x, ret);
			return STATUS_ITEM;
		}
		if (x->status != STATUS_OK)
			return x->status;
		if (x->ended)
			return STATUS_END;
		if (x->rest.len == 0 && !x->last)
			return STATUS_OK;
		parse_piece(x);
	}
}

uint64_t xml_read_bytes(const struct xml *x)
{
	return x->read_bytes;
}

const char *xml_attribute(const struct xml_event *e, const char *space, const char *name)
{
	for (size_t i = 0; i < e->attribute_count; i++)
		if (strcmp(e->attributes[i].name, name) == 0 &&
		        strcmp(e->attributes[i].space, space) == 0)
			return e->attributes[i].value;
	return NULL;
}
