/* json_state: what the files of the JSON decoder share: the values that are open (json_scope.c),
 * the reading of them (json.c), and what stands between texts (json_seek.c). Nothing else includes
 * it. */
#ifndef EXEAT_DECODE_JSON_STATE_H
#define EXEAT_DECODE_JSON_STATE_H

#include <setjmp.h>
#include <yajl/yajl_parse.h>

#include "decode/decoder.h"
#include "decode/json_gate.h"

#define JSON_DEPTH_MAX       64 /* FHIR questionnaires nest to 40; more is no record of anything */
#define JSON_SCOPES_MAX      4  /* Bundle, its entry, what that contains, and one more */
#define JSON_SCOPE_BYTES_MAX (32u << 10)
#define JSON_PATH_BYTES      1024
#define JSON_KEY_BYTES       64          /* of one key in a path */
#define SIBLING_BYTES_MAX    512         /* of one; the longest system has 80 */
#define SIBLINGS_BYTES_MAX   4096        /* of all open objects */
#define SLICE_BYTES          4096        /* looked at in one go */
#define YAJL_MEMORY_BYTES    (96u << 10) /* two copies of the longest string, and its stacks */
#define OPS_PER_STEP         8

enum sibling { SIBLING_SYSTEM, SIBLING_VALUE, SIBLING_CODE, SIBLINGS };

struct nest {
	bool array;
	bool contained;        /* the array of that name: its elements are resources */
	uint16_t path_len;     /* without the key that is open */
	uint16_t sibling_base; /* what stands in `siblings` above it belongs to this object */
	uint16_t sibling_at[SIBLINGS], sibling_len[SIBLINGS];
	bool sibling_set[SIBLINGS];
};

struct scope {
	unsigned depth;       /* of its frame */
	uint16_t path_len;    /* its own path begins behind it */
	const char *type;     /* resource; NULL: not known */
	unsigned claim_marks; /* keys that claims have */
	bool ended;
	bool told; /* a message of it has begun */
	struct buf held;
};

/* What stands before each field in a scope's buffer, followed by label and value. */
struct held_field {
	uint16_t label_len;
	uint16_t value_len;
	uint8_t label_kind; /* LABEL_KEY: a path, which begins with the resource in FHIR */
};

enum flush_state {
	FLUSH_NONE,
	FLUSH_BEGIN,
	FLUSH_FIELDS,
	FLUSH_DRAIN, /* all is in the queue; what waited may be forgotten at the next call */
};

enum phase {
	SEEKING, /* no text is open: looks for the beginning of one */
	READING,
	WINDING_UP, /* the text is broken or cut short: what waits is put out */
	PASSING_ON, /* what follows is neither JSON nor running text: a child stream has it */
	ENDED,
};

enum long_state {
	LONG_NONE,
	LONG_CLOSED,  /* the gate closed it; the parser's call back is next */
	LONG_WAITING, /* for the fields before it */
	LONG_TEXT,
	LONG_DATA,
	LONG_KEY, /* a key: nobody reads it to its end */
};

struct json {
	const struct decode_env *env;
	yajl_handle parser;
	jmp_buf no_memory; /* where the parser's allocations go on that get none */
	struct json_gate gate;
	enum phase phase;
	enum stream_end end;    /* of the stream: the first thing that was wrong with it */
	enum stream_end broken; /* of the text, while winding up */
	bool goes_on;           /* after winding up: looks for another text */
	bool wrapped;           /* a guard or a call stood before the text: its ")" may follow */
	bool comma_waits;       /* for what follows: before a closing bracket nobody needs it */
	bool literal_open;      /* the parser does not know that it has all of a number or word */
	bool text_open;         /* a message of running text */
	bool text_running;      /* and a piece of it is out */
	unsigned texts;         /* begun */
	size_t looked;  /* input bytes that the gate has seen of a token that is not whole */
	int status;     /* why a call back stopped the parser */
	bool completed; /* the parser knows that nothing follows */
	unsigned depth, scopes, messages;
	struct nest frames[JSON_DEPTH_MAX];
	struct scope scope[JSON_SCOPES_MAX];
	char path[JSON_PATH_BYTES];
	size_t path_len;
	uint8_t siblings[SIBLINGS_BYTES_MAX];
	size_t siblings_len;
	enum flush_state flush;
	size_t flush_at;
	enum long_state long_state;
	bool long_is_data, long_running;
	enum label_kind long_kind;
	char long_label[DECODE_LABEL_BYTES_MAX];
	size_t long_label_len;
	struct transfer_reader base64;
	/* Of a long string: put out | open | free. */
	size_t piece_start, piece_len;
	uint8_t piece[2 * DECODE_PIECE_BYTES_MAX];
};

/* json_scope.c: the path of keys, the fields that wait for the end of their scope. */
static inline struct nest *json_top(struct json *j) /* NULL: nothing is open */
{
	return j->depth > 0 ? &j->frames[j->depth - 1] : NULL;
}

static inline struct scope *json_top_scope(struct json *j) /* NULL: nothing is open */
{
	return j->scopes > 0 ? &j->scope[j->scopes - 1] : NULL;
}

/* The key that was read last in the innermost object, or of the object around an array. */
struct span json_last_key(const struct json *j) NONNULL(1);
void json_path_key(struct json *j, struct span key) NONNULL(1);
/* The open path below the scope, its end when it is too long. */
struct span json_scope_path(struct json *j) NONNULL(1);
void json_scope_open(struct json *j) NONNULL(1);
/* A field waits; its label and value are copied. 0, STATUS_LIMIT or a failure. */
int json_hold(struct json *j, enum label_kind kind, struct span label, struct span value) WUNRES
        NONNULL(1);
/* Keeps a string for the end of its object; false when it is none of them, or there is no room. */
bool json_keep_sibling(struct json *j, struct span value) NONNULL(1);
/* The object has ended: its number and its code get the system that stood beside them. */
int json_give_siblings(struct json *j) WUNRES NONNULL(1);
/* "Patient.name.family", or the path alone. */
size_t json_write_label(const struct scope *s, struct span path, char *to, size_t size)
        NONNULL(1, 3);
/* Puts out what waits in the innermost scope. 0: done. STATUS_MORE: drain first. */
int json_flush_step(struct json *j, struct decode_out *out) WUNRES NONNULL(1, 2);
void json_flush_if_due(struct json *j) NONNULL(1);

/* json_seek.c: whether a text begins here: "{" or "[" and what must follow it. */
enum probe_answer json_text_begins(struct span head, bool end);
/* The same with a guard against being run as a script, or a call (JSONP), before it. */
enum probe_answer json_wrapped_begins(struct span head, bool end);

enum seek {
	SEEK_WAIT, /* for more input */
	SEEK_GO,
	SEEK_FOUND, /* a text begins at the cursor */
	SEEK_OTHER, /* what follows is no text at all */
	SEEK_OVER,
};

/* Reads on between two texts: what is there is running text. */
enum seek json_seek(struct json *j, struct cursor *c, const struct decode_in *in,
        struct decode_out *out) NONNULL(1, 2, 3, 4);
/* Bytes are missing here: what came before them is taken, and the running text ends. */
void json_seek_gap(struct json *j, struct span before, struct decode_out *out) NONNULL(1, 3);

#endif
