/* What the practice, the country data and the rules say of destinations: services, overrides and
 * prescribed countries. */
#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

static int complain_overrides(const char *whose, int status, const struct csv_problem *problem)
{
	log_error("%s " WORKPLACE_OVERRIDES ":%u:%u: %s", whose, problem->line, problem->column,
	        problem->text ? problem->text : status_text(status));
	return status;
}

int workplace_read_own_overrides(const struct buf *bytes, struct overrides **ret_gives)
{
	struct csv_problem problem = {0};
	int status = overrides_new(ret_gives, buf_span(bytes), &problem);

	return status > 0 ? complain_overrides("the register's", status, &problem) : status;
}

enum exit_code workplace_load_own_overrides(struct workplace *w)
{
	int status;

	if (w->own_overrides_fd < 0 && w->own_overrides_bytes.len == 0)
		return EXIT_CLEAN;
	status = workplace_read_own_overrides(&w->own_overrides_bytes, &w->own_overrides);
	if (status > 0)
		return EXIT_REGISTER;
	return status == STATUS_OK ? EXIT_CLEAN : workplace_complain("read the overrides", status);
}

static enum exit_code load_overrides(struct workplace *w)
{
	struct csv_problem problem = {0};
	struct buf bytes;
	int status;

	if (w->overrides_fd < 0)
		return EXIT_CLEAN;
	status = workplace_read_all(w->overrides_fd, &bytes, WORKPLACE_RULES_BYTES_MAX);
	if (status == STATUS_OK)
		status = overrides_new(&w->overrides, buf_span(&bytes), &problem);
	buf_free(&bytes);
	if (status <= 0)
		return status == STATUS_OK ? EXIT_CLEAN
		                           : workplace_complain("read the overrides", status);
	complain_overrides("the country data's", status, &problem);
	return EXIT_USAGE;
}

static enum exit_code load_services(struct workplace *w)
{
	struct csv_problem problem = {0};
	struct buf bytes;
	enum exit_code code = EXIT_CLEAN;
	int status;

	if (w->services_fd < 0)
		return EXIT_CLEAN;
	status = workplace_read_all(w->services_fd, &bytes, WORKPLACE_RULES_BYTES_MAX);
	if (status == STATUS_OK)
		status = services_new(&w->services, buf_span(&bytes), &problem);
	if (status == STATUS_OK)
		/* Flags rest on the services as well. */
		status = workplace_set_rules_version(
		        w, span_of_text(w->rules_version), buf_span(&bytes));
	if (status != STATUS_OK)
		code = workplace_complain_rules("services.csv", status, &problem);
	buf_free(&bytes);
	return code;
}

static enum exit_code load_prescribed(struct workplace *w)
{
	struct csv_problem problem = {0};
	struct buf bytes;
	enum exit_code code = EXIT_CLEAN;
	int status;

	if (w->prescribed_fd < 0)
		return EXIT_CLEAN;
	status = workplace_read_all(w->prescribed_fd, &bytes, WORKPLACE_RULES_BYTES_MAX);
	if (status == STATUS_OK)
		status = flag_rules_read_countries(w->flags, buf_span(&bytes), &problem);
	if (status == STATUS_OK)
		status = workplace_set_rules_version(
		        w, span_of_text(w->rules_version), buf_span(&bytes));
	if (status != STATUS_OK)
		code = workplace_complain_rules("prescribed_countries.csv", status, &problem);
	buf_free(&bytes);
	return code;
}

enum exit_code workplace_load_lists(struct workplace *w)
{
	enum exit_code code = load_services(w);

	return code == EXIT_CLEAN ? load_prescribed(w) : code;
}

enum exit_code workplace_load_destinations(struct workplace *w)
{
	enum exit_code code = workplace_load_lists(w);

	if (code == EXIT_CLEAN)
		code = load_overrides(w);
	if (code == EXIT_CLEAN)
		code = workplace_load_own_overrides(w);
	return code;
}
