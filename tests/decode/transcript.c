#include "transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/unpacker.h"

#define BUDGET_BYTES (64u << 20)

struct run {
	struct decode_session *session;
	struct transcript t;
	FILE *out;
	bool in_text; /* a running text is being joined */
	uint64_t offset[2];
	uint64_t packet;
};

static const char *const carrier_names[CARRIERS] = {"none", "http-request", "http-response", "mail",
        "ftp", "ssh", "hl7", "fhir", "json", "form", "table", "archive", "text", "xml", "cda",
        "pit", "prescription", "claim", "dicom", "document", "database", "socket", "rpc", "sealed",
        "image", "audio", "binary"};

static const char *const role_names[] = {
        "content", "host", "user-agent", "url", "header", "file-name", "software"};

static const char *const label_names[] = {
        "", "hl7-field", "hl7-authority", "fhir-path", "fhir-system", "key", "column", "oid"};

static const char *const end_names[STREAM_ENDS] = {"complete", "truncated", "gap", "limit",
        "encrypted", "sealed", "malformed", "unknown", "media"};

/* Bytes outside printable ASCII as \xhh, so that a line is a line. */
static void put_bytes(FILE *out, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t b = bytes.data[i];

		if (b >= ' ' && b < 0x7f && b != '\\')
			fputc(b, out);
		else
			fprintf(out, "\\x%02x", b);
	}
}

static void put_field(struct run *r, const struct decode_event *e)
{
	const struct field *f = &e->field;

	if (!(f->kind == FIELD_TEXT && r->in_text)) {
		fprintf(r->out, "%u.%u %s %s", e->direction, e->depth,
		        f->kind == FIELD_TEXT ? "text" : "field", role_names[f->role]);
		if (f->label_kind != LABEL_NONE) {
			fprintf(r->out, " %s=", label_names[f->label_kind]);
			put_bytes(r->out, f->label);
		}
		if (f->row > 0 || f->column > 0)
			fprintf(r->out, " row=%llu column=%u", (unsigned long long)f->row,
			        f->column);
		fprintf(r->out, " [%s] ", e->place);
	}
	put_bytes(r->out, f->bytes);
	r->in_text = f->kind == FIELD_TEXT && !f->last;
	if (!r->in_text)
		fputc('\n', r->out);
}

static void put_related(FILE *out, const struct decode_related *related)
{
	char addr[ADDR_TEXT_CHARS] = "own";

	if (related->addr.family != ADDR_NONE)
		addr_format(&related->addr, addr);
	fprintf(out, "related %s %s %s port %u\n", related->protocol,
	        related->passive ? "passive" : "active", addr, related->port);
}

static void put_event(struct run *r, const struct decode_event *e)
{
	if (e->kind == DECODE_FIELD) {
		put_field(r, e);
		return;
	}
	if (r->in_text)
		fputs(" (open)\n", r->out);
	r->in_text = false;
	fprintf(r->out, "%u.%u ", e->direction, e->depth);
	switch (e->kind) {
	case DECODE_MESSAGE_BEGIN:
		fprintf(r->out, "begin %s %s [%s]\n", carrier_names[e->carrier], e->name, e->place);
		break;
	case DECODE_MESSAGE_END:
		fprintf(r->out, "end %s\n", carrier_names[e->carrier]);
		break;
	case DECODE_STREAM_END:
		fprintf(r->out, "stream [%s] %s bytes=%llu unread=%llu\n", e->place,
		        end_names[e->end], (unsigned long long)e->stream_bytes,
		        (unsigned long long)e->unread_bytes);
		break;
	case DECODE_UPGRADE:
		fprintf(r->out, "upgrade %s at %llu\n", e->upgrade_to,
		        (unsigned long long)e->upgrade_offset);
		break;
	case DECODE_RELATED:
		put_related(r->out, &e->related);
		break;
	case DECODE_FIELD:
		break;
	}
}

static void drain(struct run *r)
{
	struct decode_event e;
	int status;

	if (r->t.status != STATUS_OK)
		return;
	while ((status = decode_session_next(r->session, &e)) == STATUS_ITEM)
		put_event(r, &e);
	r->t.status = status;
}

static void feed(struct run *r, const struct segment *seg, size_t at, size_t len)
{
	struct chunk c = {
	        .direction = seg->direction,
	        .gap = CHUNK_DATA,
	        .datagram = seg->datagram,
	        .offset = r->offset[seg->direction],
	        .packet = ++r->packet,
	        .time_ns = (int64_t)r->packet,
	};
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		abort();
	if (seg->bytes) {
		memcpy(copy, seg->bytes + at, len);
		c.bytes = span_of(copy, len);
		r->offset[seg->direction] += len;
	} else {
		bool unknown = seg->gap_bytes == TRANSCRIPT_GAP_UNKNOWN;

		c.gap = unknown ? CHUNK_GAP_UNKNOWN : CHUNK_GAP_KNOWN;
		c.gap_bytes = unknown ? 0 : seg->gap_bytes;
		r->offset[seg->direction] += c.gap_bytes;
	}
	if (r->t.status == STATUS_OK)
		r->t.status = decode_session_feed(r->session, &c);
	drain(r);
	free(copy); /* a span that outlives the drain is found by the sanitizer */
}

static void finish(struct run *r, uint8_t direction)
{
	if (r->t.status == STATUS_OK)
		r->t.status = decode_session_finish(r->session, direction);
	drain(r);
}

/* What a run has beside what it is fed. */
struct how {
	size_t step;
	uint16_t port;
	const char *expected;
	struct decode_unpacker *unpacker; /* NULL: none */
};

static struct transcript run_how(
        const struct segment *segments, size_t count, const struct how *how)
{
	static const uint8_t client[4] = {192, 0, 2, 10};
	static const uint8_t server[4] = {198, 51, 100, 20};
	struct tuple tuple = {.protocol = 6};
	struct budget budget;
	struct run r = {0};

	tuple.src = (struct endpoint){.addr = {.family = ADDR_IPV4}, .port = 50000};
	tuple.dst = (struct endpoint){.addr = {.family = ADDR_IPV4}, .port = how->port};
	memcpy(tuple.src.addr.bytes, client, sizeof(client));
	memcpy(tuple.dst.addr.bytes, server, sizeof(server));
	if (count > 0 && segments[0].datagram)
		tuple.protocol = 17;
	budget_init(&budget, BUDGET_BYTES);
	r.out = open_memstream(&r.t.text, &r.t.text_len);
	if (!r.out)
		abort();
	r.t.status = decode_session_new(&r.session, &tuple, &decode_default_limits, &budget);
	if (r.session && *how->expected)
		decode_session_expect(r.session, how->expected);
	if (r.session)
		decode_session_open_with(r.session, how->unpacker);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		do {
			size_t len = segments[i].len - at;

			if (how->step > 0 && len > how->step && !segments[i].datagram)
				len = how->step;
			feed(&r, &segments[i], at, len);
			at += len;
		} while (at < segments[i].len);
	}
	finish(&r, 0);
	finish(&r, 1);
	if (r.session)
		decode_session_summary(r.session, &r.t.summary);
	decode_session_free(r.session);
	fclose(r.out);
	r.t.budget_left_used = budget.used_bytes;
	r.t.budget_peak = budget.peak_bytes;
	return r.t;
}

static struct transcript run(const struct segment *segments, size_t count, size_t step,
        uint16_t port, const char *expected)
{
	const struct how how = {.step = step, .port = port, .expected = expected};

	return run_how(segments, count, &how);
}

struct transcript transcript_opened(
        const struct segment *segments, size_t count, size_t step, struct decode_unpacker *unpacker)
{
	const struct how how = {.step = step, .port = 9999, .expected = "", .unpacker = unpacker};

	return run_how(segments, count, &how);
}

struct transcript transcript_run(
        const struct segment *segments, size_t count, size_t step, uint16_t port)
{
	return run(segments, count, step, port, "");
}

struct transcript transcript_expect(
        const struct segment *segments, size_t count, size_t step, const char *protocol)
{
	return run(segments, count, step, 80, protocol);
}

struct transcript transcript_bytes(struct span bytes, size_t step, uint16_t port)
{
	struct segment seg = {.bytes = (const char *)bytes.data, .len = bytes.len};

	return transcript_run(&seg, 1, step, port);
}

struct transcript transcript_split(struct span bytes, size_t offset, uint16_t port)
{
	struct segment segs[2] = {
	        {.bytes = (const char *)bytes.data, .len = offset},
	        {.bytes = (const char *)bytes.data + offset, .len = bytes.len - offset},
	};

	return transcript_run(segs, 2, 0, port);
}

void transcript_free(struct transcript *t)
{
	free(t->text);
	t->text = NULL;
}

bool transcript_equal(const struct transcript *a, const struct transcript *b)
{
	return a->status == b->status && a->text_len == b->text_len &&
	       memcmp(a->text, b->text, a->text_len) == 0;
}

bool transcript_has(const struct transcript *t, const char *line_part)
{
	return strstr(t->text, line_part) != NULL;
}

size_t transcript_count(const struct transcript *t, const char *line_part)
{
	size_t count = 0;

	for (const char *line = t->text; *line;) {
		const char *stop = strchr(line, '\n');
		const char *hit = strstr(line, line_part);

		count += hit && stop && hit < stop;
		line = stop ? stop + 1 : "";
	}
	return count;
}

static bool same_and_free(const struct transcript *whole, struct transcript t)
{
	bool same = transcript_equal(whole, &t) && t.budget_left_used == 0;

	if (!same && getenv("TRANSCRIPT_SHOW"))
		fprintf(stderr, "--- whole\n%s--- cut\n%s", whole->text, t.text);
	transcript_free(&t);
	return same;
}

static bool stable(struct span bytes, uint16_t port, const char *expected)
{
	const char *text = (const char *)bytes.data;
	struct segment all = {.bytes = text, .len = bytes.len};
	struct transcript whole = run(&all, 1, 0, port, expected);
	bool same = whole.status == STATUS_OK &&
	            same_and_free(&whole, run(&all, 1, 1, port, expected));

	for (size_t i = 1; i < bytes.len && same; i++) {
		struct segment parts[2] = {
		        {.bytes = text, .len = i}, {.bytes = text + i, .len = bytes.len - i}};

		same = same_and_free(&whole, run(parts, 2, 0, port, expected));
	}
	transcript_free(&whole);
	return same;
}

bool transcript_stable(struct span bytes, uint16_t port)
{
	return stable(bytes, port, "");
}

bool transcript_stable_as(struct span bytes, const char *protocol)
{
	return stable(bytes, 80, protocol);
}

struct span transcript_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);
	size_t len;

	if (!file || !data)
		abort();
	len = fread(data, 1, 1 << 20, file);
	fclose(file);
	return span_of(data, len);
}
