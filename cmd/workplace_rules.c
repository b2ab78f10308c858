/* workplace_rules: identifiers.csv, terms.csv and flags.csv, read in the inspector. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

/* The key of the patients' tags lives beside the store, never in it; without an output folder it
 * lives for this run. */
static int tag_key(const struct workplace *w, uint8_t ret[static DIGEST_KEY_BYTES])
{
	int fd = -1;
	bool fresh = false;
	ssize_t len;
	int status;

	if (w->store_fd >= 0 && !w->store_read_only) {
		fd = openat(w->store_fd, "exeat.key", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT) {
			fresh = true;
			fd = openat(w->store_fd, "exeat.key",
			        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		}
		if (fd < 0)
			return status_from_errno(errno);
	}
	if (fd >= 0 && !fresh) {
		len = read(fd, ret, DIGEST_KEY_BYTES);
		close(fd);
		return len == DIGEST_KEY_BYTES ? STATUS_OK : STATUS_IO;
	}
	if (getrandom(ret, DIGEST_KEY_BYTES, 0) != DIGEST_KEY_BYTES)
		return STATUS_IO;
	if (fd < 0)
		return STATUS_OK;
	len = write(fd, ret, DIGEST_KEY_BYTES);
	status = len == DIGEST_KEY_BYTES ? STATUS_OK : status_from_errno(len < 0 ? errno : ENOSPC);
	close(fd);
	if (status != STATUS_OK) /* half a key would stop every later run */
		unlinkat(w->store_fd, "exeat.key", 0);
	return status;
}

enum exit_code workplace_complain_rules(
        const char *file, int status, const struct csv_problem *problem)
{
	char what[64];

	snprintf(what, sizeof(what), "use %s of the rules", file);
	if (status < 0)
		return workplace_complain(what, status);
	log_error("rules/%s:%u:%u: %s", file, problem->line, problem->column,
	        problem->text ? problem->text : "cannot be read");
	return EXIT_USAGE;
}

int workplace_set_rules_version(struct workplace *w, struct span first, struct span second)
{
	struct digest *digest = NULL;
	char hex[DIGEST_HEX_CHARS];
	int status = digest_new(&digest);

	if (status == STATUS_OK)
		status = digest_update(digest, first);
	if (status == STATUS_OK)
		status = digest_update(digest, second);
	if (status == STATUS_OK)
		status = digest_hex(digest, hex);
	digest_free(digest);
	if (status == STATUS_OK)
		snprintf(w->rules_version, sizeof(w->rules_version), "%.12s", hex);
	return status;
}

int workplace_digest_patterns(struct workplace *w, const struct detect_files *files)
{
	struct digest *digest = NULL;
	int status = digest_new(&digest);

	if (status == STATUS_OK)
		status = digest_update(digest, files->identifiers);
	if (status == STATUS_OK)
		status = digest_update(digest, files->terms);
	if (status == STATUS_OK)
		status = digest_hex(digest, w->patterns);
	digest_free(digest);
	return status;
}

static int make_rules(struct workplace *w, const struct detect_files *files, const uint8_t *key,
        struct detect_problem *problem)
{
	if (w->before)
		return detect_rules_again(&w->detect, files, w->before, problem);
	return detect_rules_new(&w->detect, files, key, problem);
}

/* The three files' bytes, each to be freed whatever came of it. */
struct rules_bytes {
	struct buf identifiers, terms, flags;
};

static int read_rules(const struct workplace *w, struct rules_bytes *ret)
{
	int statuses[] = {
	        workplace_read_all(w->identifiers_fd, &ret->identifiers, WORKPLACE_RULES_BYTES_MAX),
	        workplace_read_all(w->terms_fd, &ret->terms, WORKPLACE_RULES_BYTES_MAX),
	        workplace_read_all(w->flags_fd, &ret->flags, WORKPLACE_RULES_BYTES_MAX)};

	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (statuses[i] != STATUS_OK)
			return statuses[i];
	return STATUS_OK;
}

static int digest_rules(
        struct workplace *w, const struct detect_files *files, const struct rules_bytes *bytes)
{
	int status = workplace_digest_patterns(w, files);

	if (status == STATUS_OK)
		status = workplace_set_rules_version(
		        w, files->identifiers, buf_span(&bytes->flags));
	if (status == STATUS_OK)
		status = workplace_set_rules_version(
		        w, span_of_text(w->rules_version), files->terms);
	return status;
}

static enum exit_code take_rules(
        struct workplace *w, const struct rules_bytes *bytes, const uint8_t *key)
{
	const struct detect_files files = {
	        .identifiers = buf_span(&bytes->identifiers), .terms = buf_span(&bytes->terms)};
	struct detect_problem unfit = {0};
	struct csv_problem problem = {0};
	int status = digest_rules(w, &files, bytes);

	if (status != STATUS_OK)
		return workplace_complain("digest the rules", status);
	if (w->inspects && (status = make_rules(w, &files, key, &unfit)) != STATUS_OK)
		return workplace_complain_rules(unfit.file, status, &unfit.at);
	status = flag_rules_new(&w->flags, buf_span(&bytes->flags), &problem);
	if (status != STATUS_OK)
		return workplace_complain_rules("flags.csv", status, &problem);
	return EXIT_CLEAN;
}

enum exit_code workplace_load_rules(struct workplace *w)
{
	struct rules_bytes bytes;
	uint8_t key[DIGEST_KEY_BYTES] = {0};
	enum exit_code code = EXIT_CLEAN;
	int status = read_rules(w, &bytes);

	if (status != STATUS_OK)
		code = workplace_complain("read the rules", status);
	if (code == EXIT_CLEAN && !w->before && (status = tag_key(w, key)) != STATUS_OK)
		code = workplace_complain(
		        "read or make the key of the patient tags (exeat.key)", status);
	if (code == EXIT_CLEAN)
		code = take_rules(w, &bytes, key);
	explicit_bzero(key, sizeof(key));
	buf_free(&bytes.identifiers);
	buf_free(&bytes.terms);
	buf_free(&bytes.flags);
	return code;
}
