/*
 * Moments of encrypted rows, group by group: of what the statement of query/stats_sql.h returned.
 */
#ifndef PPDL_QUERY_STATS_READ_H
#define PPDL_QUERY_STATS_READ_H

#include "base/text.h"
#include "query/stats_answer.h"
#include "rows/decrypt.h"

/* decrypts a value, base64 text; *out is released with ppdl_values_free */
typedef PpdlStatus (*PpdlStatsOpen) (void *arg, const char *s, size_t len, PpdlValues *out, PpdlError *err);

/* fields of a row of the answer */
typedef struct PpdlStatsSum
{
	int			column,			/* 0: features, 1: label */
				count,
				sum,
				receipt;
} PpdlStatsSum;

typedef struct PpdlStatsProved
{
	PpdlText	sum;			/* what the receipt says that the sum is; valid until the next one */
	char	   *said;			/* what to say of it, malloc'ed; NULL where there are no rows */
} PpdlStatsProved;

/* checks a sum of a row against its receipt before it is decrypted; PPDL_ERR_KEY for what does not pass */
typedef PpdlStatus (*PpdlStatsProve) (void *arg, const PpdlText *field, const PpdlStatsSum *f, PpdlStatsProved *out,
									  PpdlError *err);

typedef struct PpdlStatsReader
{
	const PpdlStatsQuery *query;
	const PpdlStatsColumns *columns;	/* must outlive the answer */
	PpdlStatsOpen open;
	PpdlStatsProve prove;		/* of a query with receipts; NULL: sums are believed */
	void	   *arg;
} PpdlStatsReader;

/* columns that ppdl_stats_sql returns, and ppdl_stats_known_sql */
int			ppdl_stats_fields(const PpdlStatsQuery *q);
int			ppdl_stats_known_fields(const PpdlStatsQuery *q);
/*
 * One more row of the result.  Groups of fewer than min_count rows are counted in withheld and not decrypted.  Products
 * that are values of the rows (--moments) are taken from there, unless the query has gram.  PPDL_ERR_ARGUMENT when the
 * rows are of another encoding, PPDL_ERR_FORMAT for values of other widths or that are no sums.
 */
PpdlStatus	ppdl_stats_read(PpdlStatsAnswer *a, const PpdlStatsReader *r, const PpdlText *field, size_t count,
							PpdlError *err);

/* Is a value of the query's `known` not 0 in some row? */
int			ppdl_stats_needs_known(const PpdlStatsAnswer *a, const PpdlStatsQuery *q);
/*
 * One row of what ppdl_stats_known_sql returned, in their order, in a transaction that sees the same rows; *group:
 * 0 before the first.  Of fewer rows than min_count nothing is decrypted.
 */
PpdlStatus	ppdl_stats_read_known(PpdlStatsAnswer *a, int *group, const PpdlStatsReader *r, const PpdlText *field,
								  size_t count, PpdlError *err);

#endif
