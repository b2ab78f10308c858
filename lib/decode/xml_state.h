/* xml_state: what the files of the XML decoder share: the elements that are open and the fields
 * that wait (xml_scope.c), what an event of the parser becomes (xml_event.c), which carrier an
 * element begins (xml_carrier.c), and the reading of the stream (xml.c). Nothing else includes it.
 */
#ifndef EXEAT_DECODE_XML_STATE_H
#define EXEAT_DECODE_XML_STATE_H

#include "base/xml.h"
#include "decode/decoder.h"
#include "decode/transfer_encoding.h"
#include "decode/xml_charset.h"
#include "decode/xml_gate.h"

#define XML_BLOCK_BYTES 4096 /* given to the parser at once, so that no cut of the input shows */
/* what one byte of the input may bring */
#define XML_FILL_BYTES_MAX (XML_CHARSET_OUT_MAX + XML_GATE_OUT_MAX)
#define XML_WINDOW_BYTES   (XML_PATIENT_TOKEN_BYTES_MAX + 4 * XML_BLOCK_BYTES)
#define XML_SCOPES_MAX     4 /* an envelope, a Bundle, its entry, what that contains */
#define XML_HELD_DUE_BYTES                                                                         \
	(16u << 10) /* then the fields that wait are put out: a document says before what it is */
/* and what one tag can add to them, with the labels of its attributes */
#define XML_HELD_BYTES_MAX     (128u << 10)
#define XML_PATH_BYTES         2048
#define XML_PART_BYTES         64 /* of one name in a path */
#define XML_LABEL_PARTS        4  /* an element and three ancestors */
#define XML_SIBLING_BYTES_MAX  512
#define XML_SIBLINGS_BYTES_MAX 4096
#define XML_MARK_BYTES         16 /* as long as the longest mark of a sealed message */
#define XML_OPS_PER_STEP       8
#define XML_DOCUMENTS_MAX      65536 /* one behind the other: each has a parser of its own */

enum xml_sibling { XML_SYSTEM, XML_VALUE, XML_CODE, XML_SIBLINGS };

/* What the text in an element is. */
enum xml_role {
	XML_PLAIN,
	XML_NARRATIVE, /* it and all below is one running text */
	XML_CIPHER,    /* nobody on the way can read it */
};

struct xml_element {
	uint16_t path_len;     /* without its own name */
	uint16_t sibling_base; /* what stands in `siblings` above it belongs to it */
	uint16_t sibling_at[XML_SIBLINGS], sibling_len[XML_SIBLINGS];
	bool sibling_set[XML_SIBLINGS];
	bool base64; /* it says that its text is */
	enum xml_role role;
};

/* A part of the document that becomes a message. */
struct xml_scope {
	enum carrier carrier;
	unsigned depth;    /* of its element, from 0 */
	uint16_t path_len; /* its own path begins behind it */
	char name[48];
	bool ended;
	bool told;    /* a message of it has begun */
	bool renamed; /* since then it has shown to be of another carrier */
	struct buf held;
};

/* What stands before each field in a scope's buffer, followed by label and value. */
struct xml_held {
	uint16_t label_len, value_len;
	uint8_t label_kind;
};

enum xml_flush { XML_FLUSH_NONE, XML_FLUSH_BEGIN, XML_FLUSH_FIELDS, XML_FLUSH_DRAIN };

enum xml_phase {
	XML_STARTING, /* the declaration is not there yet */
	XML_READING,
	XML_WINDING_UP, /* the document is broken or cut short: what waits is put out */
	XML_AS_TEXT,    /* what follows is read as running text */
	XML_ENDED,
};

/* What `value` holds. */
enum xml_text {
	XML_TEXT_VALUE,  /* of an element: nothing of it is out */
	XML_TEXT_RUN,    /* of a running text: the next piece */
	XML_TEXT_DATA,   /* of a child stream, which is open */
	XML_TEXT_BASE64, /* the same: what the base64 stands for */
	XML_TEXT_CIPHER, /* nothing: what comes is counted */
};

/* What an event's handler says; it is called again with the same event until it is done. */
enum xml_step { XML_DONE, XML_FLUSH_FIRST, XML_DRAIN };

struct xml_content {
	const struct decode_env *env;
	struct xml *reader;
	struct xml_charset charset;
	struct xml_gate gate;
	enum xml_phase phase;
	enum stream_end end;            /* of the stream: the first thing that was wrong with it */
	enum stream_end broken;         /* of the document, while winding up */
	bool sealed;                    /* a part of it is for its recipient only */
	bool wrong_told;                /* that the bytes are not what was declared */
	bool root_closed;               /* of the document that is being read */
	bool last_fed;                  /* the parser knows that nothing follows */
	bool gap;                       /* bytes are missing behind those in the window */
	bool text_open, text_running;   /* a message of running text, and a piece of it is out */
	bool window_out;                /* the queue borrows the window */
	char text_tail[XML_MARK_BYTES]; /* of the running text; a mark may be cut in two */
	size_t text_tail_len;
	unsigned documents, messages;
	/* Bytes that the parser has not got past, and behind them those it did not get yet. */
	size_t window_len, window_fed;
	uint64_t window_at; /* of the first of them in the parser's document */
	uint8_t window[XML_WINDOW_BYTES];
	/* The event that is being worked on. */
	bool event_waits;
	struct xml_event event;
	size_t event_at;          /* bytes of its text, or attributes, that are done */
	size_t part_at;           /* bytes of the attribute that are done */
	bool attribute_open;      /* a child stream takes it */
	uint64_t attributes_done; /* by number: put out together with others */
	bool begun;               /* the element of a start is open */
	bool opening_due;         /* enough of a text is there to say what it is */
	bool comment_out;         /* the queue borrows the event */
	unsigned depth, scopes;
	struct xml_element elements[XML_DEPTH_MAX];
	struct xml_scope scope[XML_SCOPES_MAX];
	struct xml_scope *open; /* whose message is open; NULL: none */
	enum xml_flush flush;
	size_t flush_at;
	bool flush_keeps_open;
	char path[XML_PATH_BYTES];
	size_t path_len;
	uint8_t siblings[XML_SIBLINGS_BYTES_MAX];
	size_t siblings_len;
	unsigned narrative; /* depth of the element whose text is running; 0: none */
	enum xml_text text;
	bool run_started;           /* a piece of the running text is out */
	bool fhir_seen, claim_seen; /* name spaces */
	unsigned claim_marks;       /* names that claims have */
	char run_label[DECODE_LABEL_BYTES_MAX];
	size_t run_label_len;
	enum label_kind run_label_kind;
	struct transfer_reader base64;
	bool value_out; /* the queue borrows `value` */
	size_t value_len;
	uint8_t value[DECODE_VALUE_BYTES_MAX];
};

static inline struct xml_element *xml_top(struct xml_content *x) /* NULL: nothing is open */
{
	return x->depth > 0 ? &x->elements[x->depth - 1] : NULL;
}

static inline struct xml_scope *xml_top_scope(struct xml_content *x) /* NULL: nothing is open */
{
	return x->scopes > 0 ? &x->scope[x->scopes - 1] : NULL;
}

/* xml_scope.c */
struct span xml_local_name(const char *name) NONNULL(1); /* without its prefix */
/* The name of the innermost element, or of the one so many levels around it. */
struct span xml_open_name(const struct xml_content *x, unsigned around) NONNULL(1);
void xml_path_push(struct xml_content *x, struct span name) NONNULL(1);
/* The label of the innermost element's text, or of an attribute; lives until the next call. */
struct span xml_label(struct xml_content *x, struct span attribute,
        char to[static DECODE_LABEL_BYTES_MAX], enum label_kind *ret_kind) NONNULL(1, 4);
/* A field waits; its label and value are copied. 0, STATUS_LIMIT or a failure. */
int xml_hold(struct xml_content *x, enum label_kind kind, struct span label,
        struct span value) WUNRES NONNULL(1);
/* FHIR: a value waits for its siblings; false when it is none, or there is no room. */
bool xml_keep_sibling(struct xml_content *x, struct span name, struct span value) NONNULL(1);
int xml_give_siblings(struct xml_content *x) WUNRES NONNULL(1);
void xml_scope_open(struct xml_content *x, enum carrier carrier, struct span name) NONNULL(1);
/* The innermost element is closed; its scope may end with it. */
int xml_pop(struct xml_content *x) WUNRES NONNULL(1);
/* Asks for what waits in the innermost scope to be put out. */
void xml_flush_ask(struct xml_content *x, bool keep_open) NONNULL(1);
/* 0: done. STATUS_MORE: drain first. */
int xml_flush_step(struct xml_content *x, struct decode_out *out) WUNRES NONNULL(1, 2);
/* Nothing waits and the innermost scope's message is open: text and child streams may follow. */
bool xml_is_ready(struct xml_content *x) NONNULL(1);

/* xml_carrier.c: what an element means. */
/* Whether a scope begins with the element; its name is then in *ret_name. */
enum carrier xml_carrier_of(struct xml_content *x, const struct xml_event *e, struct span *ret_name)
        NONNULL(1, 2, 3);
/* A name inside a document of no known kind may show what it is. */
void xml_carrier_hint(struct xml_content *x, struct span name) NONNULL(1);
enum xml_role xml_role_of(struct xml_content *x, const struct xml_event *e) NONNULL(1, 2);
/* What stands between the texts of a narrative at this element: "", " ", "\t" or "\n". */
const char *xml_separator(const struct xml_content *x, struct span name, bool closes) NONNULL(1);
/* The attribute holds words of the format only. */
bool xml_is_layout(const struct xml_content *x, const struct xml_attribute *a) NONNULL(1, 2);
/* It names vocabularies: values without a label; some stand in one kind of message only. */
bool xml_is_space(const struct xml_attribute *a) NONNULL(1);
/* The identifier or code that an element's attributes are together: CDA's root and extension, code
 * and codeSystem. STATUS_ITEM: held, and *ret_done has the bits of the attributes in it. */
int xml_hold_joined(struct xml_content *x, const struct xml_event *e, uint64_t *ret_done) WUNRES
        NONNULL(1, 2, 3);
/* An address of the national identifier systems with the number in it is cut in two. 0 when it is
 * none. */
int xml_hold_qualified(struct xml_content *x, struct span value) WUNRES NONNULL(1);

/* xml_event.c */
int xml_handle(struct xml_content *x, struct decode_out *out, enum xml_step *ret) WUNRES
        NONNULL(1, 2, 3);
/* The document ends here: one element more is closed. */
int xml_wind_up(struct xml_content *x, struct decode_out *out, enum xml_step *ret) WUNRES
        NONNULL(1, 2, 3);

#endif
