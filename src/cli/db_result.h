/*
 * Results of SQL that a user wrote: statement by statement, row by row, as they are shown.
 */
#ifndef PPDL_CLI_DB_RESULT_H
#define PPDL_CLI_DB_RESULT_H

#include "cli/database.h"
#include "cli/words.h"

/*
 * Runs all statements of sql; take gets what each returns, PGRES_TUPLES_OK or PGRES_COMMAND_OK, and an error of its own
 * ends the run.  Errors of the server say where in sql they are, or in what db->ask made it of.  COPY is refused.
 */
typedef PpdlStatus (*PpdlTakeResult) (void *arg, const PGresult *res, PpdlError *err);
PpdlStatus	ppdl_result_run(PpdlDb *db, const char *sql, PpdlTakeResult take, void *arg, PpdlError *err);

/* the fields of a row, which live as long as res */
void		ppdl_result_row(const PGresult *res, int row, PpdlText *field);

/* does the column hold answers to db->ask? */
int			ppdl_result_is_answer(const PpdlDb *db, const PGresult *res, int column);

/* ppdl_present_begin with the names and kinds of the columns of res, or of what settled words make of them */
PpdlStatus	ppdl_result_begin(PpdlPresenter *p, const PpdlDb *db, const PpdlWords *words, const PGresult *res,
							  PpdlError *err);

#endif
