/*
 * Receipts in the answer to the statement of query/stats_sql.h: its sums are checked before they are decrypted
 * (query/verify.h).  Products are not.
 */
#ifndef PPDL_QUERY_STATS_PROVE_H
#define PPDL_QUERY_STATS_PROVE_H

#include "query/stats_read.h"
#include "query/verify.h"

/*
 * Checks a sum in a row of the answer, its number of rows, and that they are of the group that the first fields name.
 * out->sum is valid until the next check.
 */
PpdlStatus	ppdl_stats_prove(PpdlVerifier *v, const PpdlList *group_by, const PpdlText *row, const PpdlStatsSum *f,
							 PpdlStatsProved *out, PpdlError *err);
/*
 * After all rows: PPDL_ERR_KEY when all rows of the manifests are asked for and some are in no group.  What the server
 * leaves out altogether, a group or all of its labels, has no receipt that would say so.
 */
PpdlStatus	ppdl_stats_prove_all(const PpdlVerifier *v, const PpdlStatsQuery *q, PpdlError *err);

#endif
