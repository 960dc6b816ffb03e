/*
 * What the columns of a file hold: collected row by row, then settled: which way of writing numbers it is, which words
 * stand for missing values, which spellings are one category.
 */
#ifndef PPDL_TABLE_COLUMNS_H
#define PPDL_TABLE_COLUMNS_H

#include "table/features.h"

#define PPDL_MOST_DISTINCT 4096
#define PPDL_MANY_DECIMALS 7

/* different texts and in how many rows they stand */
typedef struct PpdlTally
{
	char	   *text;
	long		rows;
} PpdlTally;

typedef struct PpdlTallies
{
	PpdlTally  *item;
	int			count,
				room,
				most,			/* further texts are not kept */
				over;			/* and there were some */
} PpdlTallies;

/* the column as numbers, written in one way */
typedef struct PpdlReading
{
	PpdlNumerals numerals;
	long		numbers,
				percents,		/* of these, with a percent sign */
				sure,			/* with a decimal mark that can be nothing else */
				marks;			/* with a decimal mark */
	double		min,
				max;
	int			decimals;		/* that a number has, at most; PPDL_MANY_DECIMALS: more */
	long		outside,		/* of lo..hi */
				outside_line;	/* of the first */
	char	   *first_outside;
	double	   *value;			/* all of them, or a sample */
	long		kept,
				room;
	PpdlTallies odd;			/* what is no number */
	long		odd_line;		/* of the first */
	char	   *first_odd;
	int			infinite;		/* it is no finite number */
} PpdlReading;

typedef struct PpdlColumn
{
	/* given */
	const PpdlFeature *how;		/* numerals, date, aliases */
	char	  **na,
			  **na_numbers;		/* NULL: none */
	int			used,			/* an input or the label */
				verbatim,		/* each spelling is a category */
				number,			/* numbers are asked for */
				guess,			/* nobody said how numbers are written */
				exact;			/* all values are kept */
	double		lo,				/* with lo < hi: values outside are counted */
				hi;
	/* collected */
	long		values,
				missing,
				soft,			/* of the values, words that are missing among numbers */
				zeros,			/* with a leading zero */
				days;			/* dates */
	PpdlReading reading[2];		/* as given, or with a decimal point; with a decimal comma */
	PpdlTallies texts,
				na_words,
				soft_words;
	/* settled */
	const PpdlReading *as;
	int			numeric,		/* all values are numbers */
				ambiguous;		/* commas may be decimal or between thousands */
	PpdlTallies category;		/* sorted */
	PpdlTallies variants;		/* spellings that are another's category */
} PpdlColumn;

PpdlStatus	ppdl_tally(PpdlTallies *t, const char *text, long rows, PpdlError *err);
void		ppdl_tallies_free(PpdlTallies *t);
/* "a" (3), "b" (1), ...: as many as fit */
void		ppdl_tallies_print(const PpdlTallies *t, char *out, size_t size);

void		ppdl_column_free(PpdlColumn *c);
/* a field of the column */
PpdlStatus	ppdl_column_take(PpdlColumn *c, const char *s, long line, PpdlError *err);
/* all columns of a file, which together show what commas mean */
PpdlStatus	ppdl_columns_settle(PpdlColumn *column, int n, PpdlError *err);
/* the value that a part q of them lies below, 0 <= q <= 1 (of the sample, if it is one); numbers > 0 */
double		ppdl_column_quantile(PpdlColumn *c, double q);

#endif
