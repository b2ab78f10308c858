/* decode: what the bytes of a conversation say. Comes in: chunks (lib/flow). Goes out: messages,
 * named fields and the end of each stream of content, as decode events.
 *
 * A session belongs to one flow. Each direction can be decoded alone. A field may be a whole
 * container (an HTTP body, a MIME part, a member of a zip): then the session opens a child stream
 * for it, picks the decoder by the child's first bytes (a declared type is only a hint) and goes on
 * inside; every child stream closes with a named end. Depth, ratio and bytes are bounded. Memory
 * does not depend on the size of the content: at most DECODE_MESSAGE_BYTES_MAX of an open message
 * are held.
 *
 * decode knows formats; it does not know what is clinical. lib/detect decides that from the
 * fields. */
#ifndef EXEAT_DECODE_DECODE_H
#define EXEAT_DECODE_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "flow/flow.h"

#define DECODE_DEPTH_MAX         6            /* wrappings inside wrappings */
#define DECODE_RATIO_MAX         100          /* output bytes for one input byte of a wrapping */
#define DECODE_RATIO_FREE_BYTES  (1u << 20)   /* the ratio is not judged before this much output */
#define DECODE_MESSAGE_BYTES_MAX (256u << 10) /* held of one open message */
#define DECODE_VALUE_BYTES_MAX   (16u << 10)  /* a longer value arrives as running text in pieces */
#define DECODE_PIECE_BYTES_MAX   (16u << 10)  /* largest piece of text in one event */
#define DECODE_STREAMS_MAX       4096 /* child streams of one outermost message, and one more */
#define DECODE_STREAM_BYTES_MIN  32   /* for so many bytes of it; more: LIMIT */
#define DECODE_PLACE_CHARS       96
#define DECODE_LABEL_BYTES_MAX   256
#define DECODE_PROTOCOL_CHARS    16

/* What a message is. The names are those of the report ("HL7 result message"). */
enum carrier {
	CARRIER_NONE,
	CARRIER_HTTP_REQUEST,
	CARRIER_HTTP_RESPONSE,
	CARRIER_MAIL,   /* RFC 5322 message, by SMTP or as a part */
	CARRIER_FTP,    /* a command of FTP, or its reply; the files have carriers of their own */
	CARRIER_SSH,    /* what an end of SSH says first; all else is encrypted */
	CARRIER_HL7_V2, /* name: message type, "ORU^R01" */
	CARRIER_FHIR,   /* name: resource type, "Patient" */
	CARRIER_JSON,
	CARRIER_FORM,    /* application/x-www-form-urlencoded, multipart/form-data */
	CARRIER_TABLE,   /* CSV, TSV, semicolons */
	CARRIER_ARCHIVE, /* zip and its kin */
	CARRIER_TEXT,
	CARRIER_XML,
	CARRIER_CDA,          /* HL7 CDA; name: code of the kind of document */
	CARRIER_PIT,          /* pathology and radiology results and letters by line codes */
	CARRIER_PRESCRIPTION, /* electronic prescription; name: root element */
	CARRIER_CLAIM,        /* of Medicare, DVA, AIR, health funds; name: root element or key */
	CARRIER_DICOM,        /* name: modality, "CT" */
	CARRIER_DOCUMENT,     /* of a word processor or a printer; name: "rtf", "docx", "pdf" */
	CARRIER_DATABASE,     /* a request to a database, or its answer */
	CARRIER_SOCKET,       /* a message of WebSocket */
	CARRIER_RPC,          /* a message of gRPC, a command of DICOM */
	CARRIER_SEALED, /* CMS enveloped data, SMD sealed message, encrypted zip member, … */
	CARRIER_IMAGE,  /* pictures, scans, PDF without text */
	CARRIER_AUDIO,
	CARRIER_BINARY, /* nothing that we read */
	CARRIERS
};

enum field_kind {
	FIELD_VALUE, /* a complete value, at most DECODE_VALUE_BYTES_MAX */
	FIELD_TEXT,  /* a piece of running text: first/last tell where it begins and ends */
};

/* What a field is to the protocol; the pipeline picks names and hints out by it. */
enum field_role {
	ROLE_CONTENT,    /* anything else */
	ROLE_HOST,       /* HTTP Host or :authority, SMTP server greeting name */
	ROLE_USER_AGENT, /* HTTP User-Agent, mail X-Mailer */
	ROLE_URL,        /* request target: metadata, where identifiers must not stand */
	ROLE_HEADER,     /* other protocol headers, mail subject */
	ROLE_FILE_NAME,  /* of an attachment, an upload, a zip member: metadata, never shown */
	ROLE_SOFTWARE,   /* HL7 MSH-3, Server: and like */
};

/* Which vocabulary `label` is from; lib/detect looks it up in rules/identifiers.csv. */
enum label_kind {
	LABEL_NONE,
	LABEL_HL7_FIELD,     /* "PID-5", "OBX-5" */
	LABEL_HL7_AUTHORITY, /* "AUSHIC^MC": assigning authority and type of the repetition */
	LABEL_FHIR_PATH,     /* "Patient.name.family" without array indexes */
	LABEL_FHIR_SYSTEM,   /* identifier.system URI */
	/* JSON key path, form or query parameter, XML element: "patient.medicareNumber" */
	LABEL_KEY,
	LABEL_COLUMN, /* header text of a table's column */
	LABEL_OID,
};

struct field {
	enum field_kind kind;
	enum field_role role;
	enum label_kind label_kind;
	struct span label; /* borrows; attacker-supplied, never shown */
	struct span bytes; /* borrows; escapes undone, UTF-8 where the source said its encoding */
	bool first, last;  /* of a running text; both true for a value */
	uint32_t column;   /* tables: from 1; else 0 */
	uint64_t row;      /* tables: from 1 below the header; else 0 */
};

/* How a stream of content ended. */
enum stream_end {
	STREAM_COMPLETE,
	STREAM_TRUNCATED, /* the capture or the sender stopped in the middle */
	STREAM_GAP,       /* bytes are missing */
	STREAM_LIMIT,     /* depth, ratio, bytes or number of streams */
	STREAM_ENCRYPTED, /* TLS, encrypted zip member, … */
	STREAM_SEALED,    /* sealed for its recipient by design */
	STREAM_MALFORMED,
	STREAM_UNKNOWN, /* a format that we do not read */
	STREAM_MEDIA,   /* sound or picture: present, not readable */
	STREAM_ENDS
};

enum decode_event_kind {
	DECODE_MESSAGE_BEGIN,
	DECODE_FIELD,
	DECODE_MESSAGE_END,
	DECODE_STREAM_END,
	/* STARTTLS, CONNECT, 101: this session is over for this direction at offset; what is fed
	 * in it from now on is passed over */
	DECODE_UPGRADE,
	/* another connection will carry what this one speaks of: FTP's data */
	DECODE_RELATED,
};

/* A connection that a protocol announces. The end that sent the announcement awaits it, from the
 * other end. Nothing of it is proved: whoever follows it compares the addresses. */
struct decode_related {
	struct addr addr; /* as announced; family ADDR_NONE: that of the end that sent it */
	uint16_t port;
	bool passive; /* the server awaits it; else the client, from the server */
	char protocol[DECODE_PROTOCOL_CHARS]; /* for decode_session_expect() */
};

struct decode_event {
	enum decode_event_kind kind;
	uint8_t direction; /* of the flow */
	uint16_t depth;    /* 0: the direction's own stream */
	uint32_t stream;   /* number in the session, from 1 */
	uint32_t parent;   /* 0: none */
	uint64_t message;  /* number in the session, from 1; children have messages of their own */
	uint64_t parent_message; /* the message whose field opened this stream; 0: none */
	enum carrier carrier;    /* of the message */
	/* of the message: "ORU^R01", "Patient", "POST"; letters, digits, ^ _ - . only */
	char name[48];
	char place[DECODE_PLACE_CHARS]; /* for people, made of our own words and numbers only:
					 * "HTTP body > member 2 (.csv) > column 4" */
	int64_t time_ns;
	uint64_t packet;
	struct field field;    /* FIELD */
	enum stream_end end;   /* STREAM_END */
	uint64_t stream_bytes; /* STREAM_END: bytes that came in */
	uint64_t unread_bytes; /* STREAM_END: of them, not looked into */
	/* UPGRADE: first stream offset of the new protocol in this direction */
	uint64_t upgrade_offset;
	char upgrade_to[DECODE_PROTOCOL_CHARS]; /* "tls", "websocket", "h2c", "unknown" */
	/* what has come of it already, one behind the other; borrows like the field */
	struct span upgrade_bytes[2];
	struct decode_related related; /* RELATED */
};

struct decode_limits {
	unsigned depth_max;
	unsigned ratio_max;
	/* decoded bytes looked into for one outermost stream; 0: no maximum */
	uint64_t child_bytes_max;
};

extern const struct decode_limits decode_default_limits;

/* What a session knows as a whole; for the flow's row. */
struct decode_summary {
	/* "http", "mllp", "smtp", "tls", "dns", …; "" unknown */
	char protocol[DECODE_PROTOCOL_CHARS];
	bool clear;                    /* the protocol was read in clear */
	uint64_t read_bytes[2];        /* looked into, each direction */
	uint64_t unread_bytes[2];      /* not looked into */
	enum stream_end unread_reason; /* of most of the unread bytes; STREAM_COMPLETE when none */
	uint64_t malformed;            /* messages that broke their format */
	uint64_t limits_hit;
};

#define DECODE_SPARES_MAX 8 /* a chunk needs one for each depth, of 10 KB each */

/* Memory that sessions of one thread hand on to each other, not charged to anybody while nobody
 * has it, and wiped. */
struct decode_spares;

int decode_spares_new(struct decode_spares **ret_gives) WUNRES NONNULL(1);
struct decode_spares *decode_spares_free(struct decode_spares *spares); /* NULL ok, returns NULL */

struct decode_session;

/* ports help the probes; borrows the budget. The session charges what it holds. */
int decode_session_new(struct decode_session **ret_gives, const struct tuple *tuple,
        const struct decode_limits *limits, struct budget *borrowed) WUNRES NONNULL(1, 2, 3, 4);
struct decode_session *decode_session_free(struct decode_session *s);
/* Another conversation has announced this one as carrying that protocol (struct decode_related): it
 * is read so, unless it begins like TLS. Before the first feed. */
void decode_session_expect(struct decode_session *s, const char *protocol) NONNULL(1, 2);
/* For the life of the session; without them it asks the system for memory at each chunk. */
void decode_session_lend(struct decode_session *s, struct decode_spares *borrowed) NONNULL(1);
/* Takes in a chunk; borrows its bytes until decode_session_next() has given 0, which must be before
 * the next feed (else STATUS_BUG). */
int decode_session_feed(struct decode_session *s, const struct chunk *c) WUNRES NONNULL(1, 2);
/* No more chunks in this direction: what is open ends. */
int decode_session_finish(struct decode_session *s, uint8_t direction) WUNRES NONNULL(1);
/* STATUS_ITEM and *ret (its spans borrow until the next call), or 0. */
int decode_session_next(struct decode_session *s, struct decode_event *ret) WUNRES NONNULL(1, 2);
void decode_session_summary(const struct decode_session *s, struct decode_summary *ret)
        NONNULL(1, 2);

/* ---- without a session: for conversations whose content nobody may look into ---- */
struct decode_opening {
	const struct tuple *tuple; /* ports help the probes */
	uint8_t direction;         /* of the flow */
	bool datagram;
	const char *other; /* protocol of the other direction, or "" */
	struct span front; /* of the direction, from its first byte on */
	bool over;         /* nothing more comes */
};
struct decode_recognised {
	const char *protocol; /* as in the summary; a constant */
	bool clear;           /* whoever listens can read it */
};
/* The protocol that these bytes begin, by the marks that a session goes by; what they carry is not
 * read. STATUS_ITEM and *ret; STATUS_MORE: more are needed; 0: none of those that have a name. */
int decode_recognise(const struct decode_opening *o, struct decode_recognised *ret) WUNRES
        NONNULL(1, 2);

const char *carrier_text(enum carrier c);       /* "HL7 message", "web form", … */
const char *stream_end_text(enum stream_end e); /* "complete", "cut short", … */

#endif
