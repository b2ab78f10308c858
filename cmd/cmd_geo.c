#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/log.h"
#include "base/status.h"
#include "base/timestamp.h"
#include "classify/geo_build.h"
#include "classify/mmdb_writer.h"
#include "cmd/workplace.h"

static const char help[] =
        "usage: exeat geo build --packages DIR --out DIR\n"
        "       exeat geo build --from FILE.csv --out DIR\n\n"
        "Makes country.mmdb and asn.mmdb (MaxMind's schema).\n"
        "  --packages DIR   from Debian's tor-geoipdb and libloc-database, unpacked into DIR by\n"
        "                   geo/update.sh: usr/share/tor/geoip, geoip6, and location.txt\n"
        "  --from FILE.csv  from a table with the columns network,country,asn,organisation,flags\n"
        "                   (flags: anycast, proxy, satellite, joined with |)\n";

#define DATABASE_BYTES_MAX (256u << 20)

enum { OPTION_FROM = OPTION_OWN, OPTION_PACKAGES };

static const struct option long_options[] = {
        {"from", required_argument, NULL, OPTION_FROM},
        {"packages", required_argument, NULL, OPTION_PACKAGES},
        {"out", required_argument, NULL, OPTION_OUT},
        {"help", no_argument, NULL, OPTION_HELP},
        {NULL, 0, NULL, 0},
};

/* The tables of the packages, in the order in which they are read. */
static const struct {
	const char *name;
	enum geo_form form;
} package_files[] = {{"usr/share/tor/geoip", GEO_TOR_IPV4}, {"usr/share/tor/geoip6", GEO_TOR_IPV6},
        {"location.txt", GEO_LOCATION}};

/* What the monitor opened: one table of our own, or those of the packages. */
struct sources {
	const char *from; /* NULL: the packages */
	int fds[ARRAY_LEN(package_files)];
};

struct columns {
	const char *file; /* as it was named */
	size_t network, country, asn, organisation, flags;
	size_t count; /* of the header */
};

static const char *cell(const struct csv_row *row, size_t column)
{
	return column < row->cell_count ? row->cells[column].text : "";
}

/* column: from 0; SIZE_MAX for the whole line. */
static enum exit_code refuse(const char *file, unsigned line, size_t column, const char *what)
{
	log_error("%s:%u:%zu: %s", file, line > 0 ? line : 1, column == SIZE_MAX ? 1 : column + 1,
	        what);
	return EXIT_USAGE;
}

static enum exit_code add_row(const struct csv_row *row, const struct columns *c,
        struct mmdb_writer *country, struct mmdb_writer *asn)
{
	const char *flags = cell(row, c->flags);
	struct mmdb_value where = {.anycast = strstr(flags, "anycast") != NULL,
	        .proxy = strstr(flags, "proxy") != NULL,
	        .satellite = strstr(flags, "satellite") != NULL};
	struct mmdb_value who = {.organisation = NULL};
	struct prefix network;
	uint64_t number = 0;
	int status = STATUS_OK;

	if (row->cell_count > c->count)
		return refuse(c->file, row->line, c->count,
		        "the line has more cells than the header; put text that holds a comma "
		        "between quotation marks");
	if (!prefix_parse(cell(row, c->network), &network))
		return refuse(c->file, row->line, c->network,
		        "this must be a network such as 192.0.2.0/24");
	if (cell(row, c->country)[0] != '\0')
		where.country = cell(row, c->country);
	if (where.country && strlen(where.country) != 2)
		return refuse(c->file, row->line, c->country,
		        "the country must be two letters (ISO 3166), or empty");
	if (cell(row, c->asn)[0] != '\0' &&
	        !span_to_u64(span_of_text(cell(row, c->asn)), UINT32_MAX, &number))
		return refuse(
		        c->file, row->line, c->asn, "the AS number must be a number, or empty");
	who.asn = (uint32_t)number;
	if (cell(row, c->organisation)[0] != '\0')
		who.organisation = cell(row, c->organisation);
	if (where.country || where.anycast || where.proxy || where.satellite)
		status = mmdb_writer_add(country, &network, &where);
	if (status == STATUS_OK && (who.asn || who.organisation))
		status = mmdb_writer_add(asn, &network, &who);
	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain("build the databases", status);
}

static enum exit_code add_rows(const struct csv_table *t, const char *file,
        struct mmdb_writer *country, struct mmdb_writer *asn)
{
	const struct columns columns = {.file = file,
	        .network = csv_table_column(t, "network"),
	        .country = csv_table_column(t, "country"),
	        .asn = csv_table_column(t, "asn"),
	        .organisation = csv_table_column(t, "organisation"),
	        .flags = csv_table_column(t, "flags"),
	        .count = csv_table_row_count(t) > 0 ? csv_table_row(t, 0).cell_count : 0};
	enum exit_code code = EXIT_CLEAN;

	if (columns.network == SIZE_MAX || columns.country == SIZE_MAX) {
		return refuse(file, 1, SIZE_MAX,
		        "the header must be network,country,asn,organisation,flags");
	}
	for (size_t i = 1; code == EXIT_CLEAN && i < csv_table_row_count(t); i++) {
		struct csv_row row = csv_table_row(t, i);

		code = add_row(&row, &columns, country, asn);
	}
	return code;
}

/* Whole or not at all: a temporary file in the folder, then rename. */
static int write_file(int folder, const char *name, const struct buf *bytes)
{
	char temporary[32];
	int status = STATUS_OK, fd;

	snprintf(temporary, sizeof(temporary), ".%s.tmp", name);
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		status = status_from_errno(errno);
	for (size_t done = 0; status == STATUS_OK && done < bytes->len;) {
		ssize_t len = write(fd, bytes->data + done, bytes->len - done);

		if (len > 0)
			done += (size_t)len;
		else if (len < 0 && errno != EINTR)
			status = status_from_errno(errno);
	}
	/* Country data is public, and the inspector of another user must be able to read it. */
	if (status == STATUS_OK && (fchmod(fd, 0644) != 0 || fsync(fd) != 0))
		status = status_from_errno(errno);
	if (fd >= 0)
		close(fd);
	if (status == STATUS_OK && renameat(folder, temporary, folder, name) != 0)
		status = status_from_errno(errno);
	if (status != STATUS_OK)
		unlinkat(folder, temporary, 0);
	return status;
}

static int write_database(int folder, const char *name, struct mmdb_writer *w)
{
	struct buf bytes;
	int status;

	buf_init(&bytes, DATABASE_BYTES_MAX, NULL);
	status = mmdb_writer_finish(w, &bytes);
	if (status == STATUS_OK)
		status = write_file(folder, name, &bytes);
	buf_free(&bytes);
	return status;
}

static enum exit_code build_from(const struct csv_table *t, const char *file, int folder)
{
	int64_t now_ns = (int64_t)time(NULL) * NS_PER_SECOND;
	struct mmdb_writer *country = NULL, *asn = NULL;
	enum exit_code code = EXIT_CLEAN;
	int status = mmdb_writer_new(&country, "Exeat-Country", now_ns);

	if (status == STATUS_OK)
		status = mmdb_writer_new(&asn, "Exeat-ASN", now_ns);
	if (status == STATUS_OK)
		code = add_rows(t, file, country, asn);
	if (status == STATUS_OK && code == EXIT_CLEAN)
		status = write_database(folder, "country.mmdb", country);
	if (status == STATUS_OK && code == EXIT_CLEAN)
		status = write_database(folder, "asn.mmdb", asn);
	mmdb_writer_free(country);
	mmdb_writer_free(asn);
	return status == STATUS_OK ? code : workplace_complain("write the databases", status);
}

static enum exit_code build_from_table(int source_fd, const char *file, int folder)
{
	struct csv_problem problem = {0};
	struct csv_table *table = NULL;
	struct buf bytes;
	enum exit_code code = EXIT_CLEAN;
	int status = workplace_read_all(source_fd, &bytes, CSV_FILE_BYTES_MAX);

	if (status == STATUS_OK)
		status = csv_table_read(buf_span(&bytes), &table, &problem);
	if (status == STATUS_MALFORMED || status == STATUS_LIMIT) {
		code = refuse(file, problem.line,
		        problem.column > 0 ? problem.column - 1 : SIZE_MAX,
		        problem.text ? problem.text : status_text(status));
	} else if (status != STATUS_OK) {
		code = workplace_complain("read the table", status);
	} else {
		code = build_from(table, file, folder);
	}
	csv_table_free(table);
	buf_free(&bytes);
	return code;
}

static int feed_file(struct geo_build *b, int fd, struct geo_problem *ret)
{
	static uint8_t piece[1 << 16];
	int status = STATUS_OK;
	ssize_t len;

	while (status == STATUS_OK && (len = read(fd, piece, sizeof(piece))) != 0) {
		if (len > 0)
			status = geo_build_feed(b, span_of(piece, (size_t)len), ret);
		else if (errno != EINTR)
			status = status_from_errno(errno);
	}
	return status == STATUS_OK ? geo_build_table_end(b, ret) : status;
}

static enum exit_code feed_packages(struct geo_build *b, const struct sources *sources)
{
	for (size_t i = 0; i < ARRAY_LEN(package_files); i++) {
		struct geo_problem problem = {0};
		int status = geo_build_table(b, package_files[i].form);

		if (status == STATUS_OK)
			status = feed_file(b, sources->fds[i], &problem);
		if (status == STATUS_MALFORMED) {
			log_error("%s:%u:%u: %s; unpack the packages again with geo/update.sh",
			        package_files[i].name, problem.line, problem.column, problem.text);
			return EXIT_USAGE;
		}
		if (status != STATUS_OK)
			return workplace_complain("read the tables of the packages", status);
	}
	return EXIT_CLEAN;
}

static enum exit_code build_from_packages(const struct sources *sources, int folder)
{
	struct geo_build *b = NULL;
	struct buf country, asn;
	enum exit_code code;
	int status = geo_build_new(&b);

	if (status != STATUS_OK)
		return workplace_complain("build the databases", status);
	buf_init(&country, DATABASE_BYTES_MAX, NULL);
	buf_init(&asn, DATABASE_BYTES_MAX, NULL);
	code = feed_packages(b, sources);
	if (code == EXIT_CLEAN) {
		status = geo_build_finish(b, &country, &asn);
		if (status == STATUS_OK)
			status = write_file(folder, "country.mmdb", &country);
		if (status == STATUS_OK)
			status = write_file(folder, "asn.mmdb", &asn);
		if (status != STATUS_OK)
			code = workplace_complain("write the databases", status);
	}
	buf_free(&country);
	buf_free(&asn);
	geo_build_free(b);
	return code;
}

/* In the sandbox: the tables may come from anywhere. */
static enum exit_code build(const struct priv_sandbox *sandbox, const struct sources *sources)
{
	char level[PRIV_LEVEL_CHARS];
	int status = priv_sandbox_enter(sandbox, level);

	if (status == STATUS_OK)
		status = priv_sandbox_seal(sandbox);
	if (status != STATUS_OK)
		return workplace_complain("enter the sandbox", status);
	return sources->from ? build_from_table(sources->fds[0], sources->from, sandbox->output_fd)
	                     : build_from_packages(sources, sandbox->output_fd);
}

static enum exit_code open_packages(const char *dir, struct sources *ret)
{
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum exit_code code = EXIT_CLEAN;

	if (folder < 0) {
		log_error("cannot open the folder %s: %s", dir, strerror(errno));
		return EXIT_USAGE;
	}
	for (size_t i = 0; code == EXIT_CLEAN && i < ARRAY_LEN(package_files); i++) {
		ret->fds[i] = openat(folder, package_files[i].name, O_RDONLY | O_CLOEXEC);
		if (ret->fds[i] >= 0)
			continue;
		log_error("cannot open %s/%s: %s; make it with geo/update.sh", dir,
		        package_files[i].name, strerror(errno));
		code = EXIT_USAGE;
	}
	close(folder);
	return code;
}

static enum exit_code open_sources(const char *from, const char *packages, struct sources *ret)
{
	ret->from = from;
	if (packages)
		return open_packages(packages, ret);
	ret->fds[0] = open(from, O_RDONLY | O_CLOEXEC);
	if (ret->fds[0] < 0) {
		log_error("cannot open %s: %s", from, strerror(errno));
		return EXIT_USAGE;
	}
	return EXIT_CLEAN;
}

static enum exit_code open_and_build(const struct sources *sources, const char *out)
{
	struct priv_user user;
	struct priv_sandbox sandbox = {.user = &user,
	        .output_fd = -1,
	        .store_fd = -1,
	        .save_fd = -1,
	        .passed_fd = -1,
	        .unpacker_fd = -1};
	bool is_inspector = false;
	int child_code = EXIT_MACHINE;
	int status;

	priv_user_find(&user);
	status = priv_open_output(out, PRIV_REPORTS, &user, &sandbox.output_fd);
	if (status != STATUS_OK) {
		log_error("cannot use the folder %s: %s", out,
		        status == STATUS_USAGE  ? "it holds other files; give a new or an empty one"
		        : status == STATUS_BUSY ? status_text(status)
		                                : strerror(errno));
		return status == STATUS_USAGE ? EXIT_USAGE : EXIT_MACHINE;
	}
	status = priv_run_inspector(PRIV_HANDS_OVER, &is_inspector, &child_code);
	if (status != STATUS_OK)
		return workplace_complain("start the building process", status);
	if (is_inspector)
		return build(&sandbox, sources);
	status = priv_finish_output(sandbox.output_fd, &user);
	/* The folder itself is public as well. */
	if (status == STATUS_OK && fchmod(sandbox.output_fd, 0755) != 0)
		status = status_from_errno(errno);
	return status == STATUS_OK ? (enum exit_code)child_code
	                           : workplace_complain("hand over the databases", status);
}

int cmd_geo(int argc, char **argv)
{
	const char *from = NULL, *packages = NULL, *out = NULL;
	struct sources sources = {NULL, {-1, -1, -1}};
	enum exit_code code;
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_FROM:
			from = optarg;
			break;
		case OPTION_PACKAGES:
			packages = optarg;
			break;
		case OPTION_OUT:
			out = optarg;
			break;
		case OPTION_HELP:
			fputs(help, stdout);
			return EXIT_CLEAN;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "build") != 0 || !out ||
	        !from == !packages) {
		log_error("usage: exeat geo build --packages DIR --out DIR; exeat geo --help tells "
		          "more");
		return EXIT_USAGE;
	}
	code = open_sources(from, packages, &sources);
	return (int)(code == EXIT_CLEAN ? open_and_build(&sources, out) : code);
}
