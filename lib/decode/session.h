/* session: what the files of the session core share: the queue of operations (queue.c), the streams
 * (stream.c), the choice of a decoder (probe.c). Nothing outside lib/decode's core includes it. */
#ifndef EXEAT_DECODE_SESSION_H
#define EXEAT_DECODE_SESSION_H

#include "decode/base64_finder.h"
#include "decode/charset.h"
#include "decode/decoder.h"

enum op_kind {
	OP_BEGIN,
	OP_FIELD,
	OP_END,
	OP_CHILD_OPEN,
	OP_CHILD_BYTES,
	OP_CHILD_GAP,
	OP_CHILD_CLOSE,
	OP_UPGRADE,
	OP_BRANCH,
	OP_RELATED,
};

struct op_begin {
	enum carrier carrier;
	char name[sizeof(((struct decode_event *)0)->name)];
};

struct op_upgrade {
	char to[DECODE_PROTOCOL_CHARS];
	size_t at; /* into the input of the call */
};

struct op {
	enum op_kind kind;
	char place[DECODE_STEP_CHARS]; /* BEGIN, FIELD */
	union {
		struct op_begin begin;
		struct field field;
		struct content content;
		struct span bytes;
		uint64_t missing_bytes;
		enum stream_end end;
		struct op_upgrade upgrade;
		unsigned branch;
		struct decode_related related;
	};
};

struct decode_out {
	size_t first, count;
	bool overflow; /* a decoder emitted without room */
	bool child_wanted;
	enum stream_end child_end; /* why it is not */
	bool child_media;          /* it counted sound or pictures */
	bool stopped;
	enum stream_end stop_end;
	uint64_t unread_bytes[STREAM_ENDS];
	uint64_t malformed, limits;
	uint8_t *scratch; /* allocated when first asked for */
	size_t scratch_used;
	size_t scratch_touched;          /* the most that was ever used, to be wiped */
	size_t ops_touched;              /* the same of the operations */
	struct budget *budget;           /* borrows */
	struct op ops[DECODE_QUEUE_OPS]; /* last, and only as far as touched: made for each chunk */
};

/* Queues that no stream has under way: one is needed for each level of each chunk. */
struct decode_spares {
	struct decode_out *outs[DECODE_SPARES_MAX];
	size_t count;
};

/* 0, STATUS_LIMIT (budget) or a failure. From the spares (NULL: none), and back to them, wiped. */
int decode_out_new(struct decode_out **ret_gives, struct decode_spares *spares,
        struct budget *borrowed) WUNRES NONNULL(1, 3);
/* out: NULL ok. Returns NULL. */
struct decode_out *decode_out_free(struct decode_out *out, struct decode_spares *spares);
/* Forgets the scratch memory's content: the queue is empty and its spans are no longer used. */
void decode_out_reset(struct decode_out *out) NONNULL(1);

enum stream_phase {
	PHASE_PROBE,   /* no decoder yet */
	PHASE_RUN,     /* a decoder reads */
	PHASE_STOPPED, /* what comes in is only counted */
};

#define NESTED_FRONT_BYTES 256 /* the first lines of PIT, the first tag of XML */
/* of one outermost message; the rest stays text, so that other children still find room */
#define NESTED_STREAMS_MAX (DECODE_STREAMS_MAX / 2)
#define NESTED_BYTES_MIN   24 /* no document is shorter */

enum outlet_front {
	FRONT_OTHER,    /* the field is no document */
	FRONT_LOOKING,  /* more of it is needed to tell */
	FRONT_DOCUMENT, /* it is one: a child stream has it */
};

/* A stream's fields on their way out (field.c). */
struct outlet {
	bool busy;    /* with the operation at the front of the queue */
	bool out;     /* all of the field has gone out */
	bool looking; /* and it is looked through */
	bool child;   /* what was found is the open child: base64, or the field itself */
	bool cut;     /* bytes are missing in it */
	size_t at, looked;
	struct charset_reader charset;
	struct base64_finder finder;
	enum outlet_front front_state;
	size_t front_len;
	uint8_t front[NESTED_FRONT_BYTES]; /* of a field that may be a document */
	uint8_t *room;                     /* what the field becomes; NULL: nothing yet */
	size_t room_size;
};

struct stream {
	enum stream_phase phase;
	const struct decoder *decoder; /* NULL while probing */
	void *state;
	struct content content;
	struct decode_env env;
	struct decode_out *out; /* NULL when nothing is under way */
	struct outlet outlet;
	struct buf held;   /* input that the decoder left */
	size_t held_taken; /* of it, already consumed */
	struct span input; /* borrows from the chunk, or from the parent's operation */
	uint64_t gap_bytes;
	bool gap;          /* bytes are missing before the next input */
	bool gap_seen;     /* ever */
	bool mark_checked; /* byte-order mark */
	bool again;        /* the decoder has more to do with what it has */
	bool ending;       /* nothing more comes in; `end` says how it ended */
	bool finished;     /* the decoder knows that */
	bool upgraded;     /* what waits belongs to another session */
	enum stream_end end;
	uint32_t number, parent;
	uint64_t message; /* open message; 0: none */
	uint64_t parent_message;
	enum carrier carrier; /* of the open message */
	char name[sizeof(((struct decode_event *)0)->name)];
	char place[DECODE_PLACE_CHARS];         /* of the stream */
	char message_place[DECODE_PLACE_CHARS]; /* and of the open message */
	uint64_t in_bytes;                      /* came in and were taken */
	uint64_t unread_bytes[STREAM_ENDS];     /* of them, not looked into, and why */
	uint64_t child_bytes;                   /* given to children */
	uint64_t child_unread_bytes[STREAM_ENDS];
};

#define DECODE_STACK_MAX (DECODE_DEPTH_MAX + 2) /* one more, to count what lies too deep */

/* A message of the outermost stream that waits, and what is open below it. */
struct branch {
	struct stream *stack[DECODE_STACK_MAX - 1]; /* from depth 1 on */
	unsigned depth;                             /* streams on it */
	uint32_t streams;                           /* opened inside the message */
	uint64_t streams_from;
	uint64_t message; /* 0: none */
	enum carrier carrier;
	char name[sizeof(((struct decode_event *)0)->name)];
	char message_place[DECODE_PLACE_CHARS];
};

struct lane { /* one direction */
	/* [0] is the outermost; each is the next one's parent */
	struct stream *stack[DECODE_STACK_MAX];
	unsigned depth;         /* streams on the stack */
	struct branch *parked;  /* DECODE_BRANCHES_MAX of them; NULL until one is needed */
	unsigned branch;        /* the active one: its place in `parked` is empty */
	bool upgraded;          /* the rest belongs to another session */
	bool fresh;             /* the chunk has not been given to a stream yet */
	uint32_t streams;       /* opened inside the outermost message */
	uint64_t streams_from;  /* bytes of the outermost stream before that message */
	uint64_t decoded_bytes; /* given to child streams */
	uint64_t offset;        /* in the flow's direction, of the outermost stream's next input */
	uint64_t call_offset;   /* and of the first input byte of its decoder's last call */
	uint64_t read_bytes;    /* of outermost streams that have closed */
	uint64_t unread_bytes[STREAM_ENDS];
	int64_t time_ns;
	uint64_t packet;
};

struct decode_session {
	struct tuple tuple;
	struct decode_limits limits;
	struct budget *budget;                /* borrows */
	struct decode_spares *spares;         /* borrows; NULL: none */
	struct decode_unpacker *unpacker;     /* borrows; NULL: none */
	char expected[DECODE_PROTOCOL_CHARS]; /* "": nobody has announced it */
	struct lane lanes[2];
	struct chunk chunk; /* being worked on; its bytes borrow */
	uint8_t active;     /* lane of the last feed or finish */
	bool busy;          /* next() has not given 0 since */
	uint32_t streams;   /* numbers given */
	uint64_t messages;
	const struct decoder *protocol; /* first one with a protocol name */
	bool read_in_clear;             /* something without a protocol name was read */
	uint64_t malformed, limits_hit;
};

/* stream.c: opens a stream on top of the lane's stack. content NULL: the direction's own.
 * 0, STATUS_LIMIT (budget; nothing changed) or a failure. */
int stream_open(struct decode_session *s, struct lane *lane, const struct content *content) WUNRES
        NONNULL(1, 2);
/* Does one step of the stream at that level: STATUS_ITEM with *ret filled; STATUS_MORE: something
 * was done; 0: nothing to do; or a failure. */
int stream_step(struct decode_session *s, struct lane *lane, unsigned level,
        struct decode_event *ret) WUNRES NONNULL(1, 2, 4);
struct stream *stream_free(struct decode_session *s, struct stream *st) NONNULL(1);
void stream_stop(struct decode_session *s, struct stream *st, enum stream_end why) NONNULL(1, 2);
/* Bytes of the stream that were not looked into, its children's included. ret_why: the same by
 * reason; what a child counts in unpacked bytes becomes a share of what it was unpacked from. */
uint64_t stream_unread(const struct stream *st, uint64_t ret_why[static STREAM_ENDS]) NONNULL(1, 2);
/* place.c: adds " > step"; a place that gets too long ends in an ellipsis. */
void place_add(char place[static DECODE_PLACE_CHARS], const char *step) NONNULL(2);

/* child.c: the open child; NULL: none. The others: STATUS_MORE, or a failure; a child that there is
 * no memory for stops the stream with STREAM_LIMIT. */
struct stream *stream_child(const struct lane *lane, const struct stream *st) NONNULL(1, 2);
int stream_open_child(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct content *content) WUNRES NONNULL(1, 2, 3, 4);
int stream_give_child(struct decode_session *s, struct lane *lane, struct stream *st,
        struct span bytes) WUNRES NONNULL(1, 2, 3);
int stream_close_child(struct lane *lane, struct stream *st, enum stream_end end) WUNRES
        NONNULL(1, 2);

/* field.c: one step with the field at the front of the queue: STATUS_ITEM: *ret is it, or a part of
 * it; STATUS_MORE: something was done; or a failure. st->outlet.busy: the same field again. */
int field_apply(struct decode_session *s, struct lane *lane, struct stream *st,
        const struct field *field, struct field *ret) WUNRES NONNULL(1, 2, 3, 4, 5);
/* Closes what was found in a text that does not go on with this operation. False: nothing to do. */
bool field_settle(struct lane *lane, struct stream *st, const struct op *next, int *ret)
        NONNULL(1, 2, 3, 4);
void field_free(struct decode_session *s, struct outlet *o) NONNULL(1, 2);

/* nested.c: whether a field that begins so is a document of its own. Like a probe: its answer does
 * not change with more bytes, and is final at `end` or with NESTED_FRONT_BYTES. */
enum probe_answer nested_begins(struct span front, bool end);

/* branch.c: makes another branch of the outermost stream the active one. 0, STATUS_LIMIT (budget;
 * nothing changed) or a failure. */
int branch_switch(struct decode_session *s, struct lane *lane, unsigned branch) WUNRES
        NONNULL(1, 2);
/* The first parked branch on which something is open; false when there is none. */
bool branch_next_open(const struct lane *lane, unsigned *ret) NONNULL(1, 2);
void branch_free_all(struct decode_session *s, struct lane *lane) NONNULL(1, 2);

/* probe.c: the first decoder in the table that claims the bytes. NULL: more are needed. */
const struct decoder *probe_choose(const struct probe *p, const struct decoder *other) NONNULL(1);
/* A decoder with a protocol name that claims the bytes for certain, or NULL. */
const struct decoder *probe_protocol(const struct probe *p) NONNULL(1);
/* Some decoder with a protocol name does not say no. */
bool probe_protocol_possible(const struct probe *p) NONNULL(1);

#endif
