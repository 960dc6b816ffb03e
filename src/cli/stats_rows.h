/*
 * Moments of encrypted rows, group by group: the query, and what its answer decrypts to.
 */
#ifndef PPDL_CLI_STATS_ROWS_H
#define PPDL_CLI_STATS_ROWS_H

#include "cli/database.h"
#include "cli/reveal.h"
#include "cli/stats_columns.h"

/* what is asked of the server */
typedef struct PpdlStatsQuery
{
	const char *table,			/* as a user types it */
			   *where,			/* SQL, or NULL */
			   *features,		/* columns of the table */
			   *label;			/* or NULL */
	int			label_is_asked;	/* it is an error when there is none */
	const PpdlList *group_by;	/* columns */
	int			gram,			/* second moments are computed by the server */
				with_label;		/* those of the label, too: rows without one do not count */
	long		min_count;		/* smaller groups are not decrypted */
} PpdlStatsQuery;

typedef struct PpdlStatsRows
{
	char	   *name;			/* "ward = A, sex = F"; NULL: all rows */
	char	  **key;			/* of group_by, NULL for NULL */
	int			keys;
	PpdlMoments moments;
} PpdlStatsRows;

typedef struct PpdlStatsAnswer
{
	char	   *sql;			/* that was sent */
	PpdlStatsRows *group;
	int			groups,
				withheld,		/* groups of fewer rows than min_count */
				empty;			/* no row at all */
	double		withheld_rows;
} PpdlStatsAnswer;

/*
 * The encoding of the table's rows (0: not known, or no rows).  q->label becomes NULL when there is no such column and
 * nobody asked for it; else an error when the table or its columns are not there.
 */
PpdlStatus	ppdl_stats_look(PpdlDb *db, PpdlStatsQuery *q, uint64_t *encoding, PpdlError *err);
/* what the server has to say against the query, before anything is computed */
PpdlStatus	ppdl_stats_check(PpdlDb *db, const PpdlStatsQuery *q, PpdlError *err);
/*
 * Runs the query, read-only; Ctrl-C cancels it.  Products that are values of the rows (--moments) are taken from there,
 * unless q->gram.  c must outlive the answer.
 */
PpdlStatus	ppdl_stats_rows(PpdlStatsAnswer *a, PpdlDb *db, PpdlReveal *r, const PpdlStatsQuery *q,
							const PpdlStatsColumns *c, PpdlError *err);
void		ppdl_stats_answer_free(PpdlStatsAnswer *a);	/* wipes */

#endif
