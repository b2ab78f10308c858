/* What the practice, the country data and the rules say of destinations: services, overrides and
 * prescribed countries. */
#include "base/log.h"
#include "base/status.h"
#include "cmd/workplace.h"

/* Of one file; absent: nothing is added. */
static enum exit_code load_overrides(struct workplace *w, int which)
{
	struct csv_problem problem = {0};
	struct buf bytes;
	int status;

	if (w->overrides_fds[which] < 0)
		return EXIT_CLEAN;
	status = workplace_read_all(w->overrides_fds[which], &bytes, WORKPLACE_RULES_BYTES_MAX);
	if (status == STATUS_OK && !w->overrides)
		status = overrides_new(&w->overrides);
	if (status == STATUS_OK)
		status = overrides_add(w->overrides, buf_span(&bytes), &problem);
	buf_free(&bytes);
	if (status <= 0)
		return status == STATUS_OK ? EXIT_CLEAN
		                           : workplace_complain("read the overrides", status);
	log_error("%s overrides.csv:%u:%u: %s",
	        which == 1 ? "the register's" : "the country data's", problem.line, problem.column,
	        problem.text ? problem.text : status_text(status));
	return which == 1 ? EXIT_REGISTER : EXIT_USAGE;
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

enum exit_code workplace_load_destinations(struct workplace *w)
{
	enum exit_code code = load_services(w);

	if (code == EXIT_CLEAN)
		code = load_prescribed(w);
	for (int i = 0; code == EXIT_CLEAN && i < OVERRIDES_FILES_MAX; i++)
		code = load_overrides(w, i);
	return code;
}
