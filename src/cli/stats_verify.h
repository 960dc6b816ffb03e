/*
 * Receipts in the query of `ppdl stats`: its sums are checked before they are decrypted (query/verify.h).  Products are
 * not.
 */
#ifndef PPDL_CLI_STATS_VERIFY_H
#define PPDL_CLI_STATS_VERIFY_H

#include "cli/database.h"
#include "query/verify.h"
#include "query/stats_read.h"

/*
 * Finds the table's columns of these names for q->bound: the same name, or else the same but for case.  PPDL_ERR_IO for
 * one that is not there.
 */
PpdlStatus	ppdl_stats_bind(PpdlDb *db, PpdlStatsQuery *q, const PpdlList *names, PpdlError *err);
void		ppdl_stats_bind_free(PpdlStatsQuery *q);
/*
 * Checks a sum in a row of the answer, its number of rows, and that they are of the group that the first fields name.
 * out->sum is valid until the next check.
 */
PpdlStatus	ppdl_stats_verify(PpdlVerifier *v, const PpdlList *group_by, const PpdlText *row,
							  const PpdlStatsSum *fields, PpdlStatsProved *out, PpdlError *err);

#endif
