/*
 * The query of statistics, and what its answer comes to.
 */
#ifndef PPDL_QUERY_STATS_ANSWER_H
#define PPDL_QUERY_STATS_ANSWER_H

#include "query/stats_columns.h"

/* what is asked of the server */
typedef struct PpdlStatsQuery
{
	const char *table,			/* as a user types it */
			   *sql_table,		/* as SQL writes it */
			   *where,			/* SQL, or NULL */
			   *features,		/* columns of the table */
			   *label;			/* or NULL */
	int			label_is_asked;	/* it is an error when there is none */
	const PpdlList *group_by;	/* columns */
	int			gram,			/* second moments are computed by the server */
				with_label;		/* those of the label, too: rows without one do not count */
	int			receipts;		/* are asked for beside sums */
	char	  **bound;			/* columns that their texts hold */
	int			nbound;
	const int  *known;			/* values of the moments, -1: none: the moments of rows in which it is 0, too */
	int			knowns;
	long		min_count;		/* smaller groups are not decrypted */
} PpdlStatsQuery;

typedef struct PpdlStatsRows
{
	char	   *name;			/* "ward = A, sex = F"; NULL: all rows */
	char	  **key;			/* of group_by, NULL for NULL */
	int			keys;
	char	   *verified,		/* what receipts have proved of features and labels, or NULL */
			   *verified_labels;
	int			few_labels;		/* there are labels, of fewer rows than min_count: not decrypted */
	PpdlMoments moments;
	PpdlMoments *known;			/* of the query's `known`, so many; no sum: not asked for, or not to be had */
	int			knowns;
} PpdlStatsRows;

typedef struct PpdlStatsAnswer
{
	char	   *sql;			/* that was sent, one statement a line */
	PpdlStatsRows *group;
	int			groups,
				withheld;		/* groups of fewer rows than min_count; without either there is no row at all */
	double		withheld_rows;
	char	   *no_known;		/* why the server has no moments of `known`; NULL: it has, or nobody needed them */
} PpdlStatsAnswer;

void		ppdl_stats_rows_free(PpdlStatsRows *g);	/* wipes */
void		ppdl_stats_answer_free(PpdlStatsAnswer *a);	/* wipes */

#endif
