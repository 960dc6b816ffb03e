/*
 * Loading a table with COPY FROM STDIN: begin, rows through a sink (ppdl_sink_table), end.
 */
#ifndef PPDL_CLI_LOAD_H
#define PPDL_CLI_LOAD_H

#include "base/bytes.h"
#include "cli/args.h"
#include "cli/database.h"

/* appends the table as SQL writes it; typed as in SQL, or by its exact name; one that is not there as it was typed */
PpdlStatus	ppdl_put_table(PpdlDb *db, PpdlWriter *w, const char *table, PpdlError *err);

/* the same, malloc'ed */
PpdlStatus	ppdl_load_table_name(PpdlDb *db, char **out, const char *table, PpdlError *err);

/* appends the name, which is exact, as SQL writes it; w becomes bad where that fails */
void		ppdl_put_identifier(PpdlDb *db, PpdlWriter *w, const char *name);

/* columns: in the order of the rows' fields; none: the table's */
PpdlStatus	ppdl_load_begin(PpdlDb *db, const char *table, const PpdlList *columns, PpdlError *err);
PpdlStatus	ppdl_load_end(PpdlDb *db, PpdlError *err);
/*
 * Ends it after a failure; the server's own reason in place of status, when it ended the COPY while rows were being
 * sent.
 */
PpdlStatus	ppdl_load_failure(PpdlDb *db, PpdlStatus status, PpdlError *err);

#endif
