/*
 * A query of the owner's own on a decrypted result: SQLite in memory, which holds it as the table "result".
 *
 * Columns keep their names; of two with one name (SQLite knows no capitals) the later gets "_2".  Numbers are numbers,
 * but whole ones beyond 64 bits text; arrays of numbers are JSON, "[1,2,null]", for json_each and ->; booleans are
 * 0 and 1; everything else is text, NULL is NULL.  Columns that the query passes on look as in the result.
 */
#ifndef PPDL_CLI_THEN_H
#define PPDL_CLI_THEN_H

#include "cli/cell_kind.h"
#include "cli/copytext.h"

typedef struct PpdlThen PpdlThen;

/* sql: one SELECT; it lives on */
PpdlStatus	ppdl_then_create(PpdlThen **out, const char *sql, PpdlError *err);
void		ppdl_then_destroy(PpdlThen *t);	/* wipes what it held; NULL is allowed */

/* A result: its columns, its rows; then the query is run and the next result can begin. */
PpdlStatus	ppdl_then_begin(PpdlThen *t, int ncolumns, const char *const *names, const PpdlCellKind *kinds,
							PpdlError *err);
PpdlStatus	ppdl_then_record(PpdlThen *t, const PpdlText *fields, PpdlError *err);

/* what takes the answer: its columns, then its rows */
typedef struct PpdlThenAnswer
{
	PpdlStatus	(*columns) (void *arg, int ncolumns, const char *const *names, const PpdlCellKind *kinds,
							PpdlError *err);
	PpdlStatus	(*record) (void *arg, const PpdlText *fields, PpdlError *err);
	int			(*interrupted) (void);	/* is the query to be given up? */
	void	   *arg;
} PpdlThenAnswer;

PpdlStatus	ppdl_then_run(PpdlThen *t, const PpdlThenAnswer *answer, PpdlError *err);

#endif
