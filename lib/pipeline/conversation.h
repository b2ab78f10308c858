/* conversation: everything the pipeline holds for one open flow: its decoding, its detection, its
 * names, its label, what was found. It knows no other flow and writes nothing. */
#ifndef EXEAT_PIPELINE_CONVERSATION_H
#define EXEAT_PIPELINE_CONVERSATION_H

#include "base/buf.h"
#include "base/compiler.h"
#include "classify/computer.h"
#include "classify/destination.h"
#include "classify/hostname.h"
#include "classify/protocol.h"
#include "decode/decode.h"
#include "detect/detect.h"
#include "flow/flow.h"
#include "net/client_hello.h"
#include "pipeline/finding_set.h"
#include "pipeline/related.h"
#include "store/store.h"
#include "tls/certificate_cache.h"
#include "tls/fingerprint.h"

/* What all conversations share. Borrowed for their lives. */
struct conversation_context {
	struct budget *budget;
	struct detect_rules *rules; /* NULL: content is not looked into, as asked */
	struct protocol_engine *engine;
	const struct destination_facts *facts;
	struct hostname_cache *names;
	struct certificate_cache *certificates;
	struct decode_spares *spares;     /* NULL: none */
	struct decode_unpacker *unpacker; /* NULL: documents are not opened */
	struct related_table *related;
	const struct computer_table *computers; /* NULL: nobody has a name */
};

/* The opening of a TLS handshake in one direction, held until it can be read. */
struct hello {
	struct buf bytes;
	uint64_t start;          /* stream offset before which TLS does not begin */
	bool awaits_certificate; /* the server's, of a version that shows it */
	bool done;
};

/* A conversation may go over into another (CONNECT, STARTTLS, 101 Switching Protocols), and that
 * one again: a proxy behind a proxy, and STARTTLS inside. More is a game with our time. */
#define CONVERSATION_TUNNELS_MAX 4
#define CONVERSATION_LAYERS      (CONVERSATION_TUNNELS_MAX + 2) /* one to count what lies deeper */

/* One protocol of the conversation; the first stands outermost. */
struct layer {
	bool begun;
	bool tls;                      /* what came before said that TLS follows */
	struct decode_session *decode; /* NULL: nobody reads it, and its bytes are counted here */
	uint64_t unread_bytes[2];
	enum stream_end reason;
};

/* Where content is not looked into: the first bytes of a direction, held until they say what it
 * speaks and whom it calls. */
struct front {
	struct buf bytes;
	bool done;
};

struct datagram_hello; /* of QUIC or DTLS, while it is being read */

struct conversation {
	const struct conversation_context *context;
	struct addr far;
	int out_index; /* of the flow */
	struct layer layers[CONVERSATION_LAYERS];
	uint8_t level[2]; /* which of them each direction speaks */
	struct detect_session *detect;
	struct protocol_flow *protocol;
	struct protocol_label label;
	bool label_settled;
	bool label_refused;            /* there was no room to look for one */
	struct hostname_list *names;   /* NULL until there is one: most flows of a scan have none */
	struct related_origin *origin; /* NULL: nobody has announced it */
	struct hello hello[2];
	struct front front[2];
	struct decode_recognised recognised; /* without a look at the content; protocol NULL: no */
	struct server_hello server;
	bool client_seen, server_seen;
	bool client_ours; /* the hello that was seen came from our end */
	struct addr computer;
	struct datagram_hello *datagram_hello; /* NULL: none, or over */
	unsigned datagrams;
	bool datagrams_done;
	char ja3[FINGERPRINT_JA3_CHARS], ja4[FINGERPRINT_JA4_CHARS]; /* "" until there is a hello */
	struct store_certificate *certificate; /* NULL: none was shown, or there is no room */
	bool certificate_too_large;            /* it was shown, and not read */
	bool certificate_unread;               /* the same, for want of room or of sense */
	char *user_agent;                      /* shown form; NULL when there was none */
	struct store_software *software;       /* NULL until an end has named some */
	unsigned software_count;
	struct finding_set findings;
	uint64_t labelled_packet; /* last packet given to the label engine */
	uint64_t detect_refusals; /* fields that detection had no room for */
	bool over_budget;         /* no room for its decoders: its bytes were not looked into */
	/* What earlier hourly records already told. */
	struct flow_counts told[2];
	uint32_t records;
	int64_t hour_ns;
	uint64_t kept_packets; /* when the open flow was last stored */
	bool findings_kept;
};

int conversation_new(struct conversation **ret_gives, const struct conversation_context *borrowed,
        const struct flow *flow) WUNRES NONNULL(1, 2, 3);
struct conversation *conversation_free(struct conversation *c);
/* A packet of this flow, for the label. */
int conversation_label(struct conversation *c, const struct packet *p) WUNRES NONNULL(1, 2);
int conversation_feed(struct conversation *c, const struct flow *flow,
        const struct chunk *chunk) WUNRES NONNULL(1, 2, 3);
/* False when chunks of that direction have nothing more to tell, and need not be fed. */
bool conversation_wants(const struct conversation *c, unsigned direction) NONNULL(1);
/* The flow has ended: whatever is open is judged. */
int conversation_finish(struct conversation *c, const struct flow *flow) WUNRES NONNULL(1, 2);

/* Whom a conversation is with, our end says by the name that it calls, and the far end by what it
 * shows of itself: an end that could say both would name itself to fit the register. Inside of the
 * practice both hold of both. */
bool conversation_is_ours(const struct conversation *c, unsigned direction) NONNULL(1);
bool conversation_is_far(const struct conversation *c, unsigned direction) NONNULL(1);
/* Our end, which began it: inside of the practice, without the first packet, who did is a guess. */
bool conversation_is_client(
        const struct conversation *c, const struct flow *flow, unsigned direction) NONNULL(1, 2);
/* What our client calls its program; the first counts. */
int conversation_keep_user_agent(struct conversation *c, struct span text) WUNRES NONNULL(1);

/* conversation_names.c: what handshakes say. No room is an outcome: the flow goes unnamed. */
int conversation_add_name(struct conversation *c, struct span name, enum hostname_source source,
        int64_t age_ns) WUNRES NONNULL(1);
/* Every chunk comes here: TCP streams are watched for TLS, datagrams for QUIC and DTLS. */
int conversation_watch_hello(struct conversation *c, const struct chunk *chunk) WUNRES
        NONNULL(1, 2);
/* No TLS will follow, whatever comes. */
void conversation_end_hellos(struct conversation *c) NONNULL(1);
/* Nothing more comes: of a hello that is not whole, the name counts if it is. */
int conversation_end_names(struct conversation *c) WUNRES NONNULL(1);
void conversation_end_datagrams(struct conversation *c) NONNULL(1);

/* conversation_front.c: in place of decoding, where content is not looked into. */
int conversation_watch_front(struct conversation *c, const struct flow *flow,
        const struct chunk *chunk) WUNRES NONNULL(1, 2, 3);
int conversation_end_fronts(struct conversation *c, const struct flow *flow) WUNRES NONNULL(1, 2);

/* conversation_certificate.c: the first certificate counts. No room is an outcome: nothing is said
 * of it. */
int conversation_keep_certificate(struct conversation *c, const struct certificate *from) WUNRES
        NONNULL(1, 2);
void conversation_drop_certificate(struct conversation *c) NONNULL(1);

/* conversation_related.c: what the conversation announces, and what it takes over from the one that
 * announced it, if there is one. */
int conversation_announce(struct conversation *c, const struct flow *flow,
        const struct decode_event *e) WUNRES NONNULL(1, 2, 3);
int conversation_take_over(struct conversation *c, const struct flow *flow, int64_t time_ns) WUNRES
        NONNULL(1, 2);
/* Shown form of the flow's process; unchanged where the capture does not say. */
void conversation_process(const struct flow *flow, char ret_name[static DISPLAY_CHARS_MAX],
        char ret_path[static DISPLAY_CHARS_MAX]) NONNULL(1);

/* conversation_software.c: what the event tells of the software of its sender. */
int conversation_note_software(struct conversation *c, const struct decode_event *e) WUNRES
        NONNULL(1, 2);
/* source: of the store's list. */
int conversation_add_software(struct conversation *c, uint8_t sender, const char *source,
        struct span text) WUNRES NONNULL(1, 3);
void conversation_drop_software(struct conversation *c) NONNULL(1);

/* conversation_row.c: the store's view. */
void conversation_row(struct conversation *c, const struct flow *flow, struct store_flow *ret)
        NONNULL(1, 2, 3);
/* What came since the last record that was ended by conversation_told. */
void conversation_record(const struct conversation *c, const struct flow *flow, bool last,
        struct store_record *ret) NONNULL(1, 2, 4);
/* The record is final: the next one counts from here. */
void conversation_told(struct conversation *c, const struct flow *flow) NONNULL(1, 2);

#endif
