/* write: all outputs of a run together. */
#include "base/status.h"
#include "report/history.h"
#include "report/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int write_rows(struct report *r, const struct row_list *rows)
{
	struct drafts drafts = {.rows = NULL};
	FILE *file;
	int status = output_open(&r->outputs, "", "summary.csv", &file);

	if (status == STATUS_OK)
		status = csv_write_summary(r, rows, file);
	if (status == STATUS_OK)
		status = drafts_make(r, rows, &drafts);
	if (status == STATUS_OK)
		status = output_open(&r->outputs, "draft", "programs.csv", &file);
	if (status == STATUS_OK)
		status = draft_write_programs(&drafts, file);
	if (status == STATUS_OK)
		status = output_open(&r->outputs, "draft", "destinations.csv", &file);
	if (status == STATUS_OK)
		status = draft_write_destinations(&drafts, file);
	drafts_free(r, &drafts);
	return status;
}

static int write_flags(struct report *r)
{
	struct flag_row *flags = NULL;
	size_t count = 0;
	FILE *file;
	int status = report_flags(r, &flags, &count);

	if (status == STATUS_OK)
		status = output_open(&r->outputs, "", "flags.csv", &file);
	if (status == STATUS_OK)
		status = csv_write_flags(flags, count, file);
	free(flags);
	return status;
}

static int write_changes(struct report *r)
{
	FILE *file;
	int status = output_open(&r->outputs, "", "changes.csv", &file);

	return status == STATUS_OK ? csv_write_changes(r, file) : status;
}

static int write_html(struct report *r)
{
	FILE *file;
	int status = output_open(&r->outputs, "", "report.html", &file);

	return status == STATUS_OK ? html_write(r, file) : status;
}

static int write_run(struct report *r)
{
	FILE *file;
	int status = output_open(&r->outputs, "", "run.json", &file);

	return status == STATUS_OK ? json_write_run(r, file) : status;
}

/* Files that are complete, then the first dates, then the names: what fails before the names leaves
 * the earlier files and the store as they were. Dates noted for files that then got no name do no
 * harm: the store holds what was seen on them. */
static int commit(struct report *r, const struct row_list *rows)
{
	int status = store_begin(r->store);

	if (status == STATUS_OK) {
		status = history_note(r, rows);
		if (status == STATUS_OK)
			status = output_finish(&r->outputs);
		if (status == STATUS_OK)
			status = store_commit(r->store);
		if (status != STATUS_OK)
			store_abandon(r->store);
	}
	if (status == STATUS_OK)
		status = output_commit(&r->outputs);
	else
		output_abort(&r->outputs);
	/* What an earlier run compared is not what these reports are about. */
	if (status == STATUS_OK && !r->compared_with &&
	        unlinkat(r->outputs.dir_fd, "changes.csv", 0) != 0 && errno != ENOENT)
		status = status_from_errno(errno);
	return status;
}

int report_write_dir(struct report *r)
{
	struct row_list rows = {0};
	int status = STATUS_OK;

	if (r->written || !r->flows_file)
		return STATUS_BUG;
	r->written = true;
	r->flows_file = NULL;
	status = report_rows(r, "", &rows);
	if (status == STATUS_OK)
		status = write_rows(r, &rows);
	if (status == STATUS_OK)
		status = write_flags(r);
	if (status == STATUS_OK && r->compared_with)
		status = write_changes(r);
	if (status == STATUS_OK)
		status = write_html(r);
	if (status == STATUS_OK)
		status = write_run(r);
	if (status == STATUS_OK)
		status = commit(r, &rows);
	else
		output_abort(&r->outputs);
	row_list_free(r, &rows);
	return status;
}

bool report_replaced(const struct report *r)
{
	return r->outputs.replaced;
}

int report_write_summary(struct report *r, FILE *out, const char *date)
{
	struct row_list rows = {0};
	int status = report_rows(r, date, &rows);

	if (status == STATUS_OK)
		status = csv_write_summary(r, &rows, out);
	row_list_free(r, &rows);
	return status;
}
