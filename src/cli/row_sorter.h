/*
 * Encoded rows that are held until all are there, then given back in the order of one column's bytes; rows with equal
 * ones in the order in which they came.  Values are patients' data: memory is wiped.
 */
#ifndef PPDL_CLI_ROW_SORTER_H
#define PPDL_CLI_ROW_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct PpdlRowSorter PpdlRowSorter;

/* points into the sorter */
typedef struct PpdlSortedRow
{
	const double *x,			/* inputs */
			   *y;				/* outputs */
	int			has_label;
	const char *texts;			/* one behind the other, each with a mark before it and its zero behind */
} PpdlSortedRow;

/* limit: the most bytes it takes */
PpdlStatus	ppdl_row_sorter_create(PpdlRowSorter **out, int inputs, int outputs, int texts, size_t limit,
								   PpdlError *err);
void		ppdl_row_sorter_destroy(PpdlRowSorter *s);	/* NULL is allowed */

/* copies a row, whose texts may be NULL; PPDL_ERR_RANGE beyond the limit, PPDL_ERR_NOMEM */
PpdlStatus	ppdl_row_sorter_add(PpdlRowSorter *s, const char *key, const double *x, const double *y, int has_label,
								char *const *text, PpdlError *err);
uint64_t	ppdl_row_sorter_rows(const PpdlRowSorter *s);
void		ppdl_row_sorter_sort(PpdlRowSorter *s);
/* row i of the order, i < rows */
void		ppdl_row_sorter_get(const PpdlRowSorter *s, uint64_t i, PpdlSortedRow *row);
/* NULL where that was given */
const char *ppdl_sorted_text(const PpdlSortedRow *row, int i);

#endif
