/*
 * Columns of a table as `ppdl stats` knows them: which values of an encrypted row each has, and what those mean.
 */
#ifndef PPDL_QUERY_STATS_COLUMNS_H
#define PPDL_QUERY_STATS_COLUMNS_H

#include "base/list.h"
#include "stats/moments.h"
#include "table/features.h"

/* one column: what is shown, and what can be asked for */
typedef struct PpdlStatsColumn
{
	/* of the feature file's column, which is not unique: a number may have thresholds, too */
	const char *name;
	char	   *shown,			/* with its unit */
			  **level;			/* names, own */
	double	   *edge;			/* of bands, own */
} PpdlStatsColumn;

/*
 * Values of moments: those of the features that are no products, padding or constants, then those of the label, then
 * one that says that the label is missing.
 */
typedef struct PpdlStatsColumns
{
	const PpdlFeatures *features;	/* must outlive it */
	int			width,
				from_row,		/* values of the features */
			   *value;			/* of each of these: which value of a row it is */
	int			label,			/* variable, or -1: there is none */
				label_first,	/* its first value */
				label_missing;	/* the last value */
	int			count;
	PpdlVariable *variable;		/* count */
	PpdlStatsColumn *column;	/* count */
} PpdlStatsColumns;

/* label: is there a column of labels, too? PPDL_ERR_ARGUMENT for an encoding whose values are no columns' (--whiten) */
PpdlStatus	ppdl_stats_columns(PpdlStatsColumns *c, const PpdlFeatures *fs, int label, PpdlError *err);
void		ppdl_stats_columns_free(PpdlStatsColumns *c);

/*
 * The variable that a user calls so.  levels: 1, one with levels, if there are two of that name; else the number.
 * PPDL_ERR_ARGUMENT: there is none, with the names that there are.
 */
PpdlStatus	ppdl_stats_find(const PpdlStatsColumns *c, const char *name, int levels, int *variable, PpdlError *err);
/*
 * COLUMN or COLUMN=LEVEL, of two categories the second; PPDL_ERR_ARGUMENT also for a column of which no level is named
 */
PpdlStatus	ppdl_stats_find_term(const PpdlStatsColumns *c, const char *text, PpdlTerm *term, PpdlError *err);

#endif
