/*
 * Receipts in the query of `ppdl stats`: its sums are checked before they are decrypted (verify.h).  Products are not.
 */
#ifndef PPDL_CLI_STATS_VERIFY_H
#define PPDL_CLI_STATS_VERIFY_H

#include "cli/database.h"
#include "cli/stats_answer.h"
#include "cli/verify.h"

/*
 * Finds the table's columns of these names for q->bound: the same name, or else the same but for case.  PPDL_ERR_IO for
 * one that is not there.
 */
PpdlStatus	ppdl_stats_bind(PpdlDb *db, PpdlStatsQuery *q, const PpdlList *names, PpdlError *err);
void		ppdl_stats_bind_free(PpdlStatsQuery *q);
/* appends ", lwe_receipt(column, bound columns)" */
void		ppdl_stats_put_receipt(PpdlDb *db, PpdlWriter *w, const PpdlStatsQuery *q, const char *column);

/* fields of a row of the answer */
typedef struct PpdlStatsSum
{
	int			column,			/* of manifests */
				count,
				sum,
				receipt;
} PpdlStatsSum;

/*
 * Checks a sum, its number of rows, and that they are of the group that the first fields name.  *sum: what is proved,
 * valid until the next check.  *said: what to say of it, malloc'ed; NULL where there are no rows.
 */
PpdlStatus	ppdl_stats_verify(PpdlVerifier *v, const PpdlList *group_by, const PGresult *res, int row,
							  const PpdlStatsSum *fields, PpdlText *sum, char **said, PpdlError *err);

#endif
