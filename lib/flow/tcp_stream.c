/* Sequence numbers become 64-bit offsets in the stream at the door; everything behind it is free
 * of wrap-around. Waiting segments stand in one array, sorted, without overlaps. A segment of the
 * packet at hand is `borrowed`; those that cannot be given out before the pull ends are copied
 * then. */
#include "flow/tcp_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

/* One packet may lie across all that waits and so be cut into one piece more than that. */
#define PIECES_MAX     (2 * TCP_STREAM_SEGMENTS_MAX + 2)
#define PIECES_AT_ONCE 8 /* first size of the array */

struct segment {
	uint64_t start;
	uint32_t len;     /* captured bytes */
	uint32_t missing; /* bytes behind them that the capture cut */
	bool borrowed;
	int64_t time_ns;
	uint64_t packet;
	const uint8_t *data; /* owned unless borrowed; NULL: of a stream that is passed over */
};

struct tcp_stream {
	uint8_t direction;
	bool started;
	bool passed_over; /* nobody asks for the bytes */
	bool pulled;      /* next() has said 0 since the last change */
	bool fin_known;
	bool stray_known;
	bool gap_unknown;        /* to be reported before anything else */
	uint32_t sequence;       /* of the byte at next */
	uint32_t stray_sequence; /* where the segment after a stray would begin */
	uint64_t next;           /* offset of the next byte to give out */
	uint64_t dead_until;     /* bytes before this were on the wire but not captured */
	uint64_t give_up_until;  /* gaps before segments that start up to here will not close */
	uint64_t fin;
	int64_t time_ns; /* of the last packet */
	uint64_t packet;

	struct segment *segments;
	size_t head, count, capacity;
	size_t borrowed_count;
	int64_t oldest_ns;     /* none that waits is older; those that were may be gone */
	struct segment direct; /* the packet at hand when nothing waits */
	bool has_direct;
	uint8_t *given; /* owned bytes of the last chunk */
	size_t given_bytes;

	size_t held_bytes, max_bytes;
	struct budget *budget;
	struct flow_counts counts;
	uint64_t over_budget;
	uint64_t moves;
};

int tcp_stream_new(
        struct tcp_stream **ret_gives, uint8_t direction, size_t max_bytes, struct budget *borrowed)
{
	struct tcp_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return STATUS_NO_MEMORY;
	s->direction = direction;
	s->max_bytes = max_bytes;
	s->budget = borrowed;
	s->pulled = true;
	*ret_gives = s;
	return STATUS_OK;
}

static void free_held(struct tcp_stream *s, uint8_t *data, size_t len)
{
	explicit_bzero(data, len);
	free(data);
	s->held_bytes -= len + TCP_STREAM_SEGMENT_COST;
	budget_release(s->budget, len + TCP_STREAM_SEGMENT_COST);
}

static void release_given(struct tcp_stream *s)
{
	if (s->given)
		free_held(s, s->given, s->given_bytes);
	s->given = NULL;
}

struct tcp_stream *tcp_stream_free(struct tcp_stream *s)
{
	if (!s)
		return NULL;
	release_given(s);
	for (size_t i = 0; i < s->count; i++) {
		struct segment *held = &s->segments[s->head + i];

		if (!held->borrowed && held->data)
			free_held(s, (uint8_t *)held->data, held->len);
	}
	budget_release(s->budget, s->capacity * sizeof(*s->segments));
	free(s->segments);
	free(s);
	return NULL;
}

void tcp_stream_pass_over(struct tcp_stream *s)
{
	s->passed_over = true;
}

bool tcp_stream_passes_over(const struct tcp_stream *s)
{
	return s->passed_over;
}

void tcp_stream_start(struct tcp_stream *s, uint32_t sequence)
{
	if (s->started)
		return;
	s->started = true;
	s->sequence = sequence;
}

static struct segment *at(struct tcp_stream *s, size_t i)
{
	return &s->segments[s->head + i];
}

static uint64_t span_end(const struct segment *g)
{
	return g->start + g->len;
}

/* Makes the array longer by one place at least. STATUS_LIMIT when the budget refuses. */
static int grow(struct tcp_stream *s)
{
	size_t capacity = s->capacity ? s->capacity * 2 : PIECES_AT_ONCE;
	struct segment *segments;

	if (capacity > PIECES_MAX)
		capacity = PIECES_MAX;
	if (capacity == s->capacity)
		return STATUS_LIMIT;
	if (budget_charge(s->budget, (capacity - s->capacity) * sizeof(*segments)) != STATUS_OK)
		return STATUS_LIMIT;
	segments = malloc(capacity * sizeof(*segments));
	if (!segments) {
		budget_release(s->budget, (capacity - s->capacity) * sizeof(*segments));
		return STATUS_NO_MEMORY;
	}
	if (s->count > 0)
		memcpy(segments, at(s, 0), s->count * sizeof(*segments));
	free(s->segments);
	s->segments = segments;
	s->capacity = capacity;
	s->head = 0;
	return STATUS_OK;
}

/* Index of the first waiting segment that ends behind offset. */
static size_t find(struct tcp_stream *s, uint64_t offset)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_end(at(s, middle)) <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct tcp_stream *s, size_t i, const struct segment *new)
{
	int status;

	if (s->head + s->count == s->capacity && s->head > 0) {
		memmove(s->segments, at(s, 0), s->count * sizeof(*s->segments));
		s->moves += s->count;
		s->head = 0;
	}
	if (s->count == s->capacity) {
		status = grow(s);
		if (status != STATUS_OK)
			return status;
	}
	memmove(at(s, i) + 1, at(s, i), (s->count - i) * sizeof(*s->segments));
	s->moves += s->count - i;
	*at(s, i) = *new;
	if (s->count == 0 || new->time_ns < s->oldest_ns)
		s->oldest_ns = new->time_ns;
	s->count++;
	s->borrowed_count++;
	return STATUS_OK;
}

/* Counts the bytes that differ where a later copy lies on a waiting one. */
static void compare_overlap(
        struct tcp_stream *s, const struct segment *held, const struct segment *new)
{
	uint64_t from = held->start > new->start ? held->start : new->start;
	uint64_t to = span_end(held) < span_end(new) ? span_end(held) : span_end(new);
	const uint8_t *a, *b;

	s->counts.retransmitted_bytes += to - from;
	if (!held->data)
		return;
	a = held->data + (from - held->start);
	b = new->data + (from - new->start);
	if (memcmp(a, b, to - from) == 0)
		return;
	for (uint64_t i = 0; i < to - from; i++)
		s->counts.overlap_conflicts += a[i] != b[i];
}

/* The part of g from offset on, of at most len bytes. */
static struct segment cut(const struct segment *g, uint64_t offset, uint64_t len)
{
	struct segment ret = *g;

	ret.start = offset;
	ret.data = g->data + (offset - g->start);
	ret.len = (uint32_t)(span_end(g) - offset);
	if (ret.len > len) {
		ret.len = (uint32_t)len;
		ret.missing = 0;
	}
	return ret;
}

/* Puts the bytes of new that nothing else holds among the waiting segments. */
static int insert_pieces(struct tcp_stream *s, struct segment new)
{
	size_t i = find(s, new.start);
	int status;

	if (new.len == 0 && i < s->count && at(s, i)->start < new.start)
		return STATUS_OK; /* nothing was captured, and here something is */
	while (new.len > 0 && i < s->count && at(s, i)->start < span_end(&new)) {
		const struct segment *held = at(s, i);
		uint64_t held_end = span_end(held);

		compare_overlap(s, held, &new);
		if (new.start < held->start) {
			struct segment piece = cut(&new, new.start, held->start - new.start);

			status = insert(s, i, &piece);
			if (status != STATUS_OK)
				return status;
			i++;
		}
		if (held_end >= span_end(&new))
			return STATUS_OK; /* a cut tail behind it is left to a later copy */
		new = cut(&new, held_end, UINT64_MAX);
		i++;
	}
	return insert(s, i, &new);
}

static void drop_front(struct segment *g, uint64_t bytes)
{
	uint64_t captured = bytes < g->len ? bytes : g->len;

	g->start += bytes;
	g->data = captured > 0 ? g->data + captured : g->data;
	g->len -= (uint32_t)captured;
	g->missing -= (uint32_t)(bytes - captured);
}

static void advance(struct tcp_stream *s, uint64_t bytes)
{
	s->next += bytes;
	s->sequence += (uint32_t)bytes;
}

/* In order, whole, and nothing is to be said before it. */
static bool may_skip(const struct tcp_stream *s, const struct segment *g)
{
	return s->passed_over && g->missing == 0 && !s->gap_unknown && s->dead_until <= s->next;
}

/* What the stream does not hold yet of the packet's bytes, which start at g->start. */
static int take(struct tcp_stream *s, struct segment *g)
{
	uint64_t end = g->start + g->len + g->missing;
	int status;

	if (end <= s->next) {
		if (g->start + 1 < s->next || end - g->start > 1) /* else a keep-alive */
			s->counts.retransmitted_bytes += end - g->start;
		return STATUS_OK;
	}
	if (g->start < s->next) {
		s->counts.retransmitted_bytes += s->next - g->start;
		drop_front(g, s->next - g->start);
	}
	if (s->count == 0 && g->start == s->next) {
		if (may_skip(s, g)) {
			s->counts.payload_bytes += g->len;
			advance(s, g->len);
			return STATUS_OK;
		}
		s->direct = *g;
		s->has_direct = true;
		return STATUS_OK;
	}
	status = insert_pieces(s, *g);
	if (status != STATUS_LIMIT)
		return status;
	s->over_budget++; /* no room for the array itself: what we have goes out */
	s->give_up_until = UINT64_MAX;
	if (s->count == 0) {
		s->direct = *g;
		s->has_direct = true;
	}
	return STATUS_OK;
}

/* The packet's place as an offset; negative before the first byte of a stream that was joined in
 * mid-flight. False when it is a stray: then nothing of it is taken. */
static bool locate(struct tcp_stream *s, const struct packet *p, uint32_t sequence, int64_t *ret)
{
	int64_t distance = (int32_t)(sequence - s->sequence);
	bool continues = s->stray_known && sequence == s->stray_sequence;

	s->stray_known = false;
	if (distance < TCP_STREAM_JUMP_BYTES && distance > -TCP_STREAM_JUMP_BYTES) {
		*ret = (int64_t)s->next + distance;
		return true;
	}
	if (continues && s->count == 0) {
		s->gap_unknown = true;
		s->sequence = sequence;
		*ret = (int64_t)s->next;
		return true;
	}
	if (continues) /* what waits goes out first; the segment after this one will be taken */
		s->give_up_until = UINT64_MAX;
	s->stray_known = true;
	s->stray_sequence = sequence + p->payload_wire_bytes;
	return false;
}

int tcp_stream_feed(struct tcp_stream *s, const struct packet *p)
{
	uint32_t sequence = p->tcp_seq + ((p->tcp_flags & TCP_SYN) ? 1 : 0);
	bool fin = (p->tcp_flags & TCP_FIN) != 0;
	struct segment g = {.borrowed = true, .time_ns = p->time_ns, .packet = p->number};
	int64_t place;

	if (!s->pulled)
		return STATUS_BUG;
	if (p->tcp_flags & TCP_SYN)
		tcp_stream_start(s, sequence);
	if (p->payload_wire_bytes == 0 && !fin)
		return STATUS_OK;
	tcp_stream_start(s, sequence);
	release_given(s);
	s->time_ns = p->time_ns;
	s->packet = p->number;
	s->pulled = false;
	if (!locate(s, p, sequence, &place) || place + (int64_t)p->payload_wire_bytes < 0)
		return STATUS_OK;
	if (fin && !s->fin_known) {
		s->fin_known = true;
		s->fin = (uint64_t)(place + (int64_t)p->payload_wire_bytes);
	}
	if (p->payload_wire_bytes == 0)
		return STATUS_OK;
	g.data = p->payload.data;
	g.len = (uint32_t)p->payload.len;
	g.missing = p->payload_wire_bytes - g.len;
	if (place < 0) {
		drop_front(&g, (uint64_t)-place);
		place = 0;
	}
	g.start = (uint64_t)place;
	return take(s, &g);
}

void tcp_stream_acknowledged(struct tcp_stream *s, uint32_t ack)
{
	int64_t distance = (int32_t)(ack - s->sequence);

	if (!s->started || distance <= 0 || distance > TCP_STREAM_JUMP_BYTES)
		return;
	if (s->next + (uint64_t)distance > s->give_up_until)
		s->give_up_until = s->next + (uint64_t)distance;
	if (s->count > 0)
		s->pulled = false;
}

void tcp_stream_flush(struct tcp_stream *s)
{
	if (s->count > 0) {
		s->give_up_until = at(s, s->count - 1)->start;
		s->pulled = false;
	}
}

static int give_gap(struct tcp_stream *s, enum chunk_gap kind, uint64_t bytes, struct chunk *ret)
{
	*ret = (struct chunk){
	        .direction = s->direction,
	        .gap = kind,
	        .offset = s->next,
	        .gap_bytes = bytes,
	        .time_ns = s->time_ns,
	        .packet = s->packet,
	};
	s->counts.gap_bytes += bytes;
	s->counts.gaps_unknown += kind == CHUNK_GAP_UNKNOWN;
	advance(s, bytes);
	return STATUS_ITEM;
}

static int give_data(struct tcp_stream *s, const struct segment *g, struct chunk *ret)
{
	*ret = (struct chunk){
	        .direction = s->direction,
	        .offset = s->next,
	        .bytes = span_of(g->data, g->data ? g->len : 0),
	        .time_ns = g->time_ns,
	        .packet = g->packet,
	};
	s->counts.payload_bytes += g->len;
	advance(s, g->len);
	return STATUS_ITEM;
}

/* Takes the first segment, which starts at the next byte. 0 when it has no captured bytes. */
static int give_segment(struct tcp_stream *s, struct chunk *ret)
{
	struct segment g;

	if (s->has_direct) {
		g = s->direct;
		s->has_direct = false;
	} else {
		g = *at(s, 0);
		s->count--;
		s->head = s->count ? s->head + 1 : 0;
		s->borrowed_count -= g.borrowed;
	}
	if (g.missing > 0 && span_end(&g) + g.missing > s->dead_until)
		s->dead_until = span_end(&g) + g.missing;
	if (!g.borrowed && g.data) {
		s->given = (uint8_t *)g.data;
		s->given_bytes = g.len;
	}
	return g.len > 0 ? give_data(s, &g, ret) : STATUS_OK;
}

/* The array of segments is room enough; so many at most wait as of a stream whose bytes count. */
static int keep_place(struct tcp_stream *s, struct segment *g)
{
	if (s->count > TCP_STREAM_SEGMENTS_MAX)
		return STATUS_LIMIT;
	g->data = NULL;
	g->borrowed = false;
	s->borrowed_count--;
	return STATUS_OK;
}

/* Copies one borrowed segment. STATUS_LIMIT when there is no room. */
static int keep(struct tcp_stream *s, struct segment *g)
{
	size_t cost = g->len + TCP_STREAM_SEGMENT_COST;
	uint8_t *copy;

	if (s->passed_over)
		return keep_place(s, g);
	if (s->count > TCP_STREAM_SEGMENTS_MAX || s->held_bytes + cost > s->max_bytes)
		return STATUS_LIMIT;
	if (budget_charge(s->budget, cost) != STATUS_OK)
		return STATUS_LIMIT;
	copy = malloc(g->len ? g->len : 1);
	if (!copy) {
		budget_release(s->budget, cost);
		return STATUS_NO_MEMORY;
	}
	if (g->len > 0)
		memcpy(copy, g->data, g->len);
	s->held_bytes += cost;
	g->data = copy;
	g->borrowed = false;
	s->borrowed_count--;
	return STATUS_OK;
}

/* Nothing more can be given out: what is left of the packet must wait as a copy. STATUS_LIMIT:
 * there is no room, and the first gap is given up instead. */
static int keep_rest(struct tcp_stream *s)
{
	for (size_t i = s->count; i > 0 && s->borrowed_count > 0; i--) {
		int status = at(s, i - 1)->borrowed ? keep(s, at(s, i - 1)) : STATUS_OK;

		if (status == STATUS_LIMIT) {
			s->over_budget++;
			s->give_up_until = at(s, 0)->start;
		}
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

/* What stands at the next byte: a segment, a gap, or nothing yet (0). */
static int give(struct tcp_stream *s, struct chunk *ret)
{
	uint64_t first = s->has_direct ? s->direct.start : s->count ? at(s, 0)->start : UINT64_MAX;

	if (s->gap_unknown) {
		s->gap_unknown = false;
		return give_gap(s, CHUNK_GAP_UNKNOWN, 0, ret);
	}
	if (s->dead_until > s->next && first > s->next)
		return give_gap(s, CHUNK_GAP_KNOWN,
		        (s->dead_until < first ? s->dead_until : first) - s->next, ret);
	if (first != UINT64_MAX && first > s->next && first <= s->give_up_until)
		return give_gap(s, CHUNK_GAP_KNOWN, first - s->next, ret);
	return first == s->next ? give_segment(s, ret) : STATUS_OK;
}

static bool can_give(struct tcp_stream *s)
{
	return s->gap_unknown || s->has_direct || s->dead_until > s->next ||
	       (s->count > 0 &&
	               (at(s, 0)->start == s->next || at(s, 0)->start <= s->give_up_until));
}

int tcp_stream_next(struct tcp_stream *s, struct chunk *ret_borrowed)
{
	int status;

	release_given(s);
	for (;;) {
		while (can_give(s)) {
			status = give(s, ret_borrowed);
			if (status != STATUS_OK)
				return status;
			release_given(s); /* of a segment without bytes */
		}
		status = keep_rest(s);
		if (status < 0)
			return status;
		if (status == STATUS_OK)
			break;
	}
	if (s->give_up_until == UINT64_MAX)
		s->give_up_until = s->next;
	s->pulled = true;
	return STATUS_OK;
}

bool tcp_stream_closed(const struct tcp_stream *s)
{
	return s->fin_known && s->next >= s->fin;
}

bool tcp_stream_waits(const struct tcp_stream *s)
{
	return s->count > 0;
}

bool tcp_stream_waits_since(struct tcp_stream *s, int64_t before_ns)
{
	if (s->count == 0 || s->oldest_ns >= before_ns)
		return false;
	s->oldest_ns = INT64_MAX;
	for (size_t i = 0; i < s->count; i++)
		if (at(s, i)->time_ns < s->oldest_ns)
			s->oldest_ns = at(s, i)->time_ns;
	return s->oldest_ns < before_ns;
}

void tcp_stream_counts(const struct tcp_stream *s, struct flow_counts *ret)
{
	ret->payload_bytes = s->counts.payload_bytes;
	ret->gap_bytes = s->counts.gap_bytes;
	ret->gaps_unknown = s->counts.gaps_unknown;
	ret->retransmitted_bytes = s->counts.retransmitted_bytes;
	ret->overlap_conflicts = s->counts.overlap_conflicts;
}

uint64_t tcp_stream_over_budget(const struct tcp_stream *s)
{
	return s->over_budget;
}

uint64_t tcp_stream_moves(const struct tcp_stream *s)
{
	return s->moves;
}
