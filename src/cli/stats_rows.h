/*
 * Moments of encrypted rows, group by group: the query, and what its answer decrypts to.
 */
#ifndef PPDL_CLI_STATS_ROWS_H
#define PPDL_CLI_STATS_ROWS_H

#include "cli/database.h"
#include "cli/reveal.h"
#include "query/verify.h"
#include "query/stats_answer.h"

/*
 * The encoding of the table's rows (0: not known, or no rows).  q->label becomes NULL when there is no such column and
 * nobody asked for it; else an error when the table or its columns are not there.
 */
PpdlStatus	ppdl_stats_look(PpdlDb *db, PpdlStatsQuery *q, uint64_t *encoding, PpdlError *err);
/* what the server has to say against the query, before anything is computed */
PpdlStatus	ppdl_stats_check(PpdlDb *db, const PpdlStatsQuery *q, PpdlError *err);
/*
 * Runs the query, read-only; Ctrl-C cancels it.  Products that are values of the rows (--moments) are taken from there,
 * unless q->gram.  v: checks sums against q->receipts, or NULL.  c must outlive the answer.
 */
PpdlStatus	ppdl_stats_rows(PpdlStatsAnswer *a, PpdlDb *db, PpdlReveal *r, PpdlVerifier *v, const PpdlStatsQuery *q,
							const PpdlStatsColumns *c, PpdlError *err);

#endif
