/*
 * Results of SQL on their way to people: decrypted row by row, then shown.
 */
#ifndef PPDL_CLI_VIEWER_H
#define PPDL_CLI_VIEWER_H

#include "cli/database.h"
#include "cli/present.h"
#include "cli/ask_show.h"
#include "query/verify.h"
#include "cli/words.h"

typedef struct PpdlViewer
{
	PpdlDb		db;
	PpdlReveal	reveal;
	PpdlWords	words;			/* unless opened, numbers stay as they are encoded */
	PpdlVerifier *verifier;		/* NULL: sums are shown as they come */
	PpdlPresenter present;
	int			expand;			/* a line for each row of packed results */
	int			quiet;			/* what returns no rows is not mentioned */
	PpdlAsk		ask;			/* questions in braces, of the SQL text at hand */
	PpdlAskRow answers;
	PpdlText   *field;			/* of the row at hand */
	const char **name;			/* of the columns of the result at hand */
} PpdlViewer;

/* Runs all statements of sql, which may ask in braces (query/ask.h), and shows what they return; Ctrl-C cancels. */
PpdlStatus	ppdl_viewer_run(PpdlViewer *v, const char *sql, PpdlError *err);
/* releases all parts */
void		ppdl_viewer_close(PpdlViewer *v);

#endif
