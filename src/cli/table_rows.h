/*
 * Rows of a table with receipts, as the server shows them: id, encrypted values, and the plain columns that are tied to
 * them, for ppdl verify and ppdl audit.
 */
#ifndef PPDL_CLI_TABLE_ROWS_H
#define PPDL_CLI_TABLE_ROWS_H

#include "cli/args.h"
#include "cli/database.h"
#include "owner/table_check.h"

typedef struct PpdlTableRows
{
	PpdlDb	   *db;
	char	   *name,			/* of the table, as SQL writes it */
			   *id,				/* quoted columns */
			   *id_type,
			   *column[PPDL_MANIFEST_COLUMNS],
			   *shown[PPDL_MANIFEST_COLUMNS],	/* the same without quotes */
			   *bound[PPDL_MAX_BOUND_VALUES];
	int			ncolumns,
				nbound;
} PpdlTableRows;

/*
 * Finds table and columns; errors name what is not there.  columns: features and label, none: those of the names that
 * the manifests have rows for; bind: plain columns, none: those that the manifests name.  m may be of none: nothing is
 * tied.  db stays the caller's; release with close, also after an error.
 */
PpdlStatus	ppdl_table_rows_open(PpdlTableRows *t, PpdlDb *db, const PpdlManifests *m, const char *table,
								 const char *id, const PpdlList *columns, const PpdlList *bind, PpdlError *err);
void		ppdl_table_rows_close(PpdlTableRows *t);

typedef PpdlStatus (*PpdlTakeTableRow) (void *arg, const PpdlTableRow *row, PpdlError *err);

/* all rows, in one snapshot; a row without an id is PPDL_ERR_FORMAT */
PpdlStatus	ppdl_table_rows_all(PpdlTableRows *t, PpdlTakeTableRow take, void *arg, PpdlError *err);
/* those of the ids in the text of an array */
PpdlStatus	ppdl_table_rows_some(PpdlTableRows *t, const char *ids, PpdlTakeTableRow take, void *arg, PpdlError *err);

#endif
