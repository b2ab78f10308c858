/* conversations COUNT: a capture of so many conversations, to standard output, for figures of how
 * the cost of one grows with their number.
 *
 * It is the working day of a practice: 50 computers talk to 1000 servers, 250 conversations begin
 * each second, 1024 are open at any time. Of twenty, eight are a DNS question with its answer (2
 * packets), seven are TLS (10) and five HTTP (8), which is 6.3 packets each at every count. All is
 * computed from the number of the conversation: the same COUNT gives the same bytes. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX     100000000
#define COMPUTERS     50
#define SERVERS       1000
#define OPEN          1024
#define TICK_NS       634921 /* between two packets: 250 conversations a second */
#define START_NS      UINT64_C(1795298400000000000)
#define FRAME_BYTES   2048
#define ETHERNET      14
#define IPV4          20
#define CLIENT_PORTS  60000
#define OUTPUT_BUFFER (1u << 20)

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };
enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16 };

enum payload {
	NOTHING,
	DNS_QUESTION,
	DNS_ANSWER,
	CLIENT_HELLO,
	SERVER_HELLO,
	SEALED,
	HTTP_REQUEST,
	HTTP_ANSWER,
};

struct step {
	bool from_server;
	uint8_t flags;
	enum payload payload;
};

static const struct step dns[] = {
        {false, 0, DNS_QUESTION},
        {true, 0, DNS_ANSWER},
};

static const struct step tls[] = {
        {false, SYN, NOTHING},
        {true, SYN | ACK, NOTHING},
        {false, ACK, NOTHING},
        {false, PSH | ACK, CLIENT_HELLO},
        {true, PSH | ACK, SERVER_HELLO},
        {false, PSH | ACK, SEALED},
        {true, PSH | ACK, SEALED},
        {false, FIN | ACK, NOTHING},
        {true, FIN | ACK, NOTHING},
        {false, ACK, NOTHING},
};

static const struct step http[] = {
        {false, SYN, NOTHING},
        {true, SYN | ACK, NOTHING},
        {false, ACK, NOTHING},
        {false, PSH | ACK, HTTP_REQUEST},
        {true, PSH | ACK, HTTP_ANSWER},
        {false, FIN | ACK, NOTHING},
        {true, FIN | ACK, NOTHING},
        {false, ACK, NOTHING},
};

static const struct kind {
	const struct step *steps;
	unsigned step_count;
	uint8_t protocol;
	uint16_t port;
} kinds[] = {
        {dns, 2, PROTOCOL_UDP, 53},
        {tls, 10, PROTOCOL_TCP, 443},
        {http, 8, PROTOCOL_TCP, 80},
};

struct talk {
	uint64_t number;
	const struct kind *kind; /* NULL: nothing more begins in this place */
	unsigned step, computer, server;
	uint16_t port;
	uint32_t next[2]; /* sequence numbers of client and server */
};

struct frame {
	uint8_t bytes[FRAME_BYTES];
	size_t len;
};

/* ---- bytes ---- */

static void put(struct frame *f, uint64_t value, unsigned len)
{
	while (len-- > 0)
		f->bytes[f->len++] = (uint8_t)(value >> (8 * len));
}

static void put_bytes(struct frame *f, const void *bytes, size_t len)
{
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static void put_text(struct frame *f, const char *text)
{
	put_bytes(f, text, strlen(text));
}

static void put_at(struct frame *f, size_t at, size_t value, unsigned len)
{
	while (len-- > 0)
		f->bytes[at++] = (uint8_t)(value >> (8 * len));
}

static uint64_t mixed(uint64_t n)
{
	n = (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	return n ^ (n >> 27);
}

static void put_noise(struct frame *f, uint64_t seed, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		put(f, mixed(seed * 64 + i), 8);
}

static uint16_t checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (len % 2)
		sum += (uint32_t)bytes[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* ---- payloads ---- */

static void put_dns(struct frame *f, const struct talk *t, bool answer)
{
	char label[16];

	put(f, t->number & 0xffff, 2);
	put(f, answer ? 0x8180 : 0x0100, 2);
	put(f, 1, 2);
	put(f, answer, 2);
	put(f, 0, 4);
	put(f, (unsigned)snprintf(label, sizeof(label), "h%03u", t->server), 1);
	put_text(f, label);
	put_bytes(f, "\7example\3net\0\0\1\0\1", 17);
	if (!answer)
		return;
	put_bytes(f, "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4", 12);
	put(f, 0xc6120000 + t->server, 4);
}

/* TLS 1.3 (RFC 8446 section 4.1.2) with a server name and two protocols to choose from. */
static void put_client_hello(struct frame *f, const struct talk *t)
{
	static const uint8_t ciphers[] = {0, 8, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2f, 1, 0};
	static const uint8_t others[] = {0, 10, 0, 4, 0, 2, 0, 29, 0, 13, 0, 6, 0, 4, 4, 3, 8, 4, 0,
	        43, 0, 5, 4, 3, 4, 3, 3, 0, 16, 0, 14, 0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p',
	        '/', '1', '.', '1', 0, 51, 0, 38, 0, 36, 0, 29, 0, 32};
	size_t record = f->len, extensions;
	char name[32];
	unsigned len = (unsigned)snprintf(name, sizeof(name), "h%03u.example.net", t->server);

	put_bytes(f, "\x16\3\1\0\0\1\0\0\0\3\3", 11);
	put_noise(f, t->number, 4);
	put(f, 32, 1);
	put_noise(f, t->number + 1, 4);
	put_bytes(f, ciphers, sizeof(ciphers));
	extensions = f->len;
	put(f, 0, 2);
	put(f, 0, 2);
	put(f, len + 5, 2);
	put(f, len + 3, 2);
	put(f, 0, 1);
	put(f, len, 2);
	put_text(f, name);
	put_bytes(f, others, sizeof(others));
	put_noise(f, t->number + 2, 4);
	put_at(f, extensions, f->len - extensions - 2, 2);
	put_at(f, record + 3, f->len - record - 5, 2);
	put_at(f, record + 6, f->len - record - 9, 3);
}

static void put_sealed(struct frame *f, const struct talk *t, unsigned words)
{
	put_bytes(f, "\x17\3\3", 3);
	put(f, words * 8, 2);
	put_noise(f, t->number * 16 + t->step, words);
}

static void put_server_hello(struct frame *f, const struct talk *t)
{
	put_bytes(f, "\x16\3\3\0\x7a\2\0\0\x76\3\3", 11);
	put_noise(f, t->number + 3, 4);
	put(f, 32, 1);
	put_noise(f, t->number + 1, 4);
	put_bytes(f, "\x13\1\0\0\x2e\0\x2b\0\2\3\4\0\x33\0\x24\0\x1d\0\x20", 19);
	put_noise(f, t->number + 4, 4);
	put_bytes(f, "\x14\3\3\0\1\1", 6);
	put_sealed(f, t, 16);
}

static void put_http(struct frame *f, const struct talk *t, bool answer)
{
	char text[256];

	if (answer)
		snprintf(text, sizeof(text),
		        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 64\r\n\r\n"
		        "The list of printers in building %08" PRIu64 " is as long as before.\r\n",
		        t->number);
	else
		snprintf(text, sizeof(text),
		        "GET /printers/%08" PRIu64 "?room=2 HTTP/1.1\r\nHost: h%03u.example.net\r\n"
		        "User-Agent: printers/3.1\r\nAccept: */*\r\n\r\n",
		        t->number, t->server);
	put_text(f, text);
}

static void put_payload(struct frame *f, const struct talk *t, enum payload payload)
{
	switch (payload) {
	case NOTHING:
		break;
	case DNS_QUESTION:
	case DNS_ANSWER:
		put_dns(f, t, payload == DNS_ANSWER);
		break;
	case CLIENT_HELLO:
		put_client_hello(f, t);
		break;
	case SERVER_HELLO:
		put_server_hello(f, t);
		break;
	case SEALED:
		put_sealed(f, t, 24);
		break;
	case HTTP_REQUEST:
	case HTTP_ANSWER:
		put_http(f, t, payload == HTTP_ANSWER);
		break;
	}
}

/* ---- frames ---- */

static void put_ethernet_and_ipv4(struct frame *f, const struct talk *t, bool from_server)
{
	uint32_t client = 0xc0a80a0a + t->computer, server = 0xc6120000 + t->server;

	f->len = 0;
	put_bytes(f, from_server ? "\2\0\0\0\0\1\2\0\0\0\0\2" : "\2\0\0\0\0\2\2\0\0\0\0\1", 12);
	put(f, 0x0800, 2);
	put(f, 0x45000000, 4);
	put(f, t->number * 16 + t->step, 2);
	put(f, 0x4000, 2);
	put(f, 64, 1);
	put(f, t->kind->protocol, 1);
	put(f, 0, 2);
	put(f, from_server ? server : client, 4);
	put(f, from_server ? client : server, 4);
}

static void put_transport(struct frame *f, const struct talk *t, const struct step *s)
{
	put(f, s->from_server ? t->kind->port : t->port, 2);
	put(f, s->from_server ? t->port : t->kind->port, 2);
	if (t->kind->protocol == PROTOCOL_UDP) {
		put(f, 0, 4);
		return;
	}
	put(f, t->next[s->from_server], 4);
	put(f, s->flags & ACK ? t->next[!s->from_server] : 0, 4);
	put(f, 0x5000u | s->flags, 2);
	put(f, 64240, 2);
	put(f, 0, 4);
}

/* Lengths and checksums, which need the whole of it. */
static void complete(struct frame *f, const struct talk *t)
{
	size_t transport = ETHERNET + IPV4, len = f->len - transport;
	bool udp = t->kind->protocol == PROTOCOL_UDP;
	uint32_t pseudo = t->kind->protocol + (uint32_t)len;

	if (udp)
		put_at(f, transport + 4, len, 2);
	put_at(f, ETHERNET + 2, f->len - ETHERNET, 2);
	put_at(f, ETHERNET + 10, checksum(f->bytes + ETHERNET, IPV4, 0), 2);
	/* The addresses stand right before what else the pseudo header covers. */
	put_at(f, transport + (udp ? 6 : 16),
	        checksum(f->bytes + ETHERNET + 12, f->len - ETHERNET - 12, pseudo), 2);
}

/* The next packet of it. */
static void make_frame(struct frame *f, struct talk *t)
{
	const struct step *s = &t->kind->steps[t->step];
	size_t before;

	put_ethernet_and_ipv4(f, t, s->from_server);
	put_transport(f, t, s);
	before = f->len;
	put_payload(f, t, s->payload);
	t->next[s->from_server] += (uint32_t)(f->len - before) + (s->flags & (SYN | FIN) ? 1 : 0);
	complete(f, t);
	t->step++;
}

static int write_frame(const struct frame *f, uint64_t time_ns)
{
	uint32_t head[4] = {(uint32_t)(time_ns / 1000000000), (uint32_t)(time_ns % 1000000000),
	        (uint32_t)f->len, (uint32_t)f->len};

	return fwrite(head, sizeof(head), 1, stdout) == 1 &&
	                       fwrite(f->bytes, f->len, 1, stdout) == 1
	               ? 0
	               : -1;
}

/* ---- the day ---- */

static void begin(struct talk *t, uint64_t number)
{
	unsigned of_twenty = (unsigned)(number % 20);

	*t = (struct talk){
	        .number = number,
	        .kind = &kinds[of_twenty < 8    ? 0
	                       : of_twenty < 15 ? 1
	                                        : 2],
	        .computer = (unsigned)(mixed(number) % COMPUTERS),
	        .server = (unsigned)(mixed(number ^ UINT64_C(0x5555)) % SERVERS),
	        .port = (uint16_t)(1024 + number % CLIENT_PORTS),
	        .next = {(uint32_t)mixed(number), (uint32_t)mixed(~number)},
	};
}

static int write_day(uint64_t count)
{
	static struct talk open[OPEN];
	struct frame f;
	uint64_t begun = 0, ended = 0, time_ns = START_NS;
	int status = 0;

	while (begun < OPEN && begun < count) {
		begin(&open[begun], begun);
		begun++;
	}
	for (unsigned at = 0; ended < count && status == 0; at = (at + 1) % OPEN) {
		struct talk *t = &open[at];

		if (!t->kind)
			continue;
		make_frame(&f, t);
		status = write_frame(&f, time_ns);
		time_ns += TICK_NS;
		if (t->step < t->kind->step_count)
			continue;
		ended++;
		t->kind = NULL;
		if (begun < count)
			begin(t, begun++);
	}
	return status;
}

int main(int argc, char **argv)
{
	/* Nanoseconds, version 2.4, Ethernet; in the byte order of this machine. */
	uint32_t header[6] = {0xa1b23c4d, 0, 0, 0, FRAME_BYTES, 1};
	uint16_t version[2] = {2, 4};
	unsigned long long count = 0;
	char *end = NULL;

	if (argc == 2)
		count = strtoull(argv[1], &end, 10);
	if (!end || *end != '\0' || count == 0 || count > COUNT_MAX) {
		fprintf(stderr, "usage: conversations COUNT (1 to %d) >CAPTURE\n", COUNT_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER);
	memcpy(&header[1], version, sizeof(version));
	if (fwrite(header, sizeof(header), 1, stdout) != 1 || write_day(count) != 0 ||
	        fflush(stdout) != 0) {
		fprintf(stderr, "conversations: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
