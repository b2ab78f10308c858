/* Any bytes as a register file: read or refused with a reason; every cell is whole text. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_table *t = NULL;
	struct csv_problem problem = {.text = NULL};
	int status = csv_table_read(span_of(data, size), &t, &problem);

	if (status != 0) {
		if (status < 0 || t || !problem.text)
			abort();
		return 0;
	}
	for (size_t i = 0; i < csv_table_row_count(t); i++) {
		struct csv_row row = csv_table_row(t, i);

		for (size_t k = 0; k < row.cell_count; k++) {
			struct span cell = span_of(row.cells[k].text, row.cells[k].len);

			if (strlen(row.cells[k].text) != cell.len || row.cells[k].line < row.line ||
			        utf8_valid_length(cell) != cell.len)
				abort();
		}
	}
	(void)csv_table_column(t, "id");
	csv_table_free(t);
	return 0;
}
