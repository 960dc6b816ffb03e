/*
 * A connection to a database that has the extension.
 */
#ifndef PPDL_CLI_DATABASE_H
#define PPDL_CLI_DATABASE_H

#include <libpq-fe.h>

#include "base/error.h"

typedef struct PpdlDb
{
	PGconn	   *conn;
	char	   *schema;			/* of the extension, quoted as an identifier; NULL before ppdl_db_extension */
	const char *near;			/* a key file, beside which feature files may lie, or NULL: for messages */
	const struct PpdlAsk *ask;	/* what the statement was made of (query/ask.h), or NULL: it is as it was typed */
	Oid			lwe,
				lwe_array,
				rsa,
				rsa_array;
} PpdlDb;

/* dsn: connection string or URI; NULL: libpq's environment */
PpdlStatus	ppdl_db_open(PpdlDb *db, const char *dsn, PpdlError *err);
void		ppdl_db_close(PpdlDb *db);

/* Finds the extension's schema and types; an error with a hint when it is not installed. */
PpdlStatus	ppdl_db_extension(PpdlDb *db, PpdlError *err);

/* an error with a hint when the extension's catalogue is that of 0.1.0, which lacks what the tool calls */
PpdlStatus	ppdl_db_version(PpdlDb *db, PpdlError *err);
/* host:port/database, for messages */
#define PPDL_PLACE 1200
const char *ppdl_db_place(const PpdlDb *db, char place[PPDL_PLACE]);

/*
 * Runs one statement with text parameters (NULL for SQL NULL).  *res is NULL on error and may be
 * NULL as an argument when the rows do not matter.  "%s" in sql stands for the extension's quoted schema.
 */
PpdlStatus	ppdl_db_run(PpdlDb *db, PGresult **res, PpdlError *err, const char *sql, int nparams,
						const char *const *params);

/* what the server said about res (NULL: about the connection), message, detail and hint */
PpdlStatus	ppdl_db_error(PpdlDb *db, const PGresult *res, PpdlError *err);

/*
 * From now on Ctrl-C cancels what this connection runs, instead of ending the tool.  NULL: nothing is cancelled, before
 * the connection is closed.
 */
void		ppdl_db_cancel_on_interrupt(PpdlDb *db);
/* the same for the other signals that ask the tool to end */
void		ppdl_db_cancel_on_termination(void);
/* has Ctrl-C been pressed since? */
int			ppdl_db_interrupted(void);
/* before the next piece of work of a tool that goes on */
void		ppdl_db_forget_interrupt(void);
void		ppdl_db_ignore_interrupt(void);

#endif
