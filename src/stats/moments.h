/*
 * First and second moments of encoded rows, as `count(*)`, `sum(features)` and `lwe_gram(features)` give them, and what
 * the columns mean: all that the statistics of describe.h, regress.h, crosstab.h, histogram.h and components.h need.
 * Numbers are those of the encoding here (-1 .. 1, indicators 0 and 1); results are in the table's units.
 *
 * Each sum has the error of encryption; every result says how much of it is in it, as a standard deviation, to first
 * order, the errors of two entries taken as independent.  What that error could have made is no result: the value is
 * NaN then, and `doubt` says why.
 */
#ifndef PPDL_STATS_MOMENTS_H
#define PPDL_STATS_MOMENTS_H

#include <stddef.h>

#include "base/error.h"

/* ------------------------------------------------------------------ columns */

typedef enum PpdlVariableKind
{
	PPDL_VARIABLE_NUMBER,		/* one value: table's number = offset + scale * value */
	PPDL_VARIABLE_BINARY,		/* one value, two categories: 1 if the second = offset + scale * value */
	PPDL_VARIABLE_CATEGORIES,	/* a value a category: 1 if it = offset + scale * value; others of them */
	PPDL_VARIABLE_BANDS,		/* the same, categories are bands of a number */
	PPDL_VARIABLE_THRESHOLDS	/* bits "at least edge[i+1]", one less than there are bands */
} PpdlVariableKind;

/* A column of the table. Strings and arrays are the caller's. */
typedef struct PpdlVariable
{
	const char *name;
	PpdlVariableKind kind;
	int			first,			/* its values: so many from here on, by kind */
				missing;		/* the value that is 1 where the field was empty (its others are 0 then), or -1 */
	double		offset,			/* of indicators 0 and 1, those of -1 and +1: 0.5 and 0.5 */
				scale;			/* not 0 */
	int			levels;			/* categories or bands; 0 of a number */
	const char *const *level;	/* their names; of bands, "20..30", too */
	const double *edge;			/* of bands, levels + 1, increasing; the outer ones may be infinite; else NULL */
	double		lo,				/* of a number: what the encoding can hold, in the table's units */
				hi;
} PpdlVariable;

typedef struct PpdlMoments
{
	int			width;			/* values a row */
	double		n;				/* rows, exact */
	double	   *sum,			/* of each value: width */
			   *gram;			/* of products of each two: width * width, symmetric; NaN: nobody asked for it */
	double		sum_error,		/* standard deviation of an entry of sum, of gram; 0: exact but for rounding */
				error;
	unsigned char *is_whole;	/* width: values that are whole numbers in each row; filled in by the check */
	int			variables;
	const PpdlVariable *variable;
} PpdlMoments;

/* how many values the variable has besides the missing one */
int			ppdl_variable_values(const PpdlVariable *v);

/* Zeroed sums and NaN products of `width` values, all else 0; ppdl_moments_free frees what it allocated. */
PpdlStatus	ppdl_moments_alloc(PpdlMoments *m, int width, PpdlError *err);
void		ppdl_moments_free(PpdlMoments *m);

/*
 * Call it before all else.  Checks shapes (PPDL_ERR_ARGUMENT), and that the sums are what n rows can have but for the
 * error (PPDL_ERR_RANGE: of other rows, of another encoding, or rows with categories that the encoding does not know);
 * makes gram symmetric; rounds counts where the error lets it; puts in products that follow from what the columns mean
 * (indicators are their own squares, two categories of one column never meet, nor does a value and its being missing,
 * nothing meets what no row has).
 */
PpdlStatus	ppdl_moments_check(PpdlMoments *m, PpdlError *err);

/* ------------------------------------------------------------------ what statistics are of */

/* a number, or one level of a column, which is then 1 or 0 */
typedef struct PpdlTerm
{
	int			variable,
				level;			/* of a number 0; or one of these */
} PpdlTerm;

#define PPDL_TERM_MISSING (-1)	/* is the field empty? */
#define PPDL_TERM_OTHER (-2)	/* is it none of the categories? (encrypted with --unknown=other) */
#define PPDL_TERM_NAME 200

int			ppdl_term_is_level(const PpdlMoments *m, PpdlTerm t);
/* numbers, and all levels of columns that have levels, in the variables' order; *out is freed with free() */
PpdlStatus	ppdl_moments_terms(PpdlTerm **out, int *count, const PpdlMoments *m, PpdlError *err);
/* "Age", "Smoking = Yes", "Age 20..30", "Age missing" */
void		ppdl_term_name(const PpdlMoments *m, PpdlTerm t, char *out, size_t size);
/* copies a name; a longer one is cut between two characters of UTF-8, as above */
void		ppdl_cut_name(char *out, size_t size, const char *name);
/* the variable of that name, or -1 */
int			ppdl_moments_variable(const PpdlMoments *m, const char *name);

/* ------------------------------------------------------------------ results */

typedef enum PpdlDoubt
{
	PPDL_SURE,
	/* the value is NaN: */
	PPDL_DOUBT_NO_ROWS,			/* in which it is known */
	PPDL_DOUBT_FEW_ROWS,		/* one row has no standard deviation */
	PPDL_DOUBT_CONSTANT,		/* it varies less than the error lets see */
	PPDL_DOUBT_UNASKED,			/* the moments that it takes are not there */
	PPDL_DOUBT_LOST,			/* the error is as large as the number */
	PPDL_DOUBT_IMPOSSIBLE,		/* far outside of what any rows can have: not the moments of these rows */
	PPDL_DOUBT_OPEN_BAND,		/* a quantile in a band without an end */
	/* the value is there: */
	PPDL_DOUBT_CUT				/* put to the end of its range, beyond which the error (or missing values) had it */
} PpdlDoubt;

typedef struct PpdlEstimate
{
	double		value,
				error;			/* standard deviation that encryption adds; 0 where counts could be rounded */
	PpdlDoubt	doubt;
} PpdlEstimate;

/* a few words, to stand in place of the number: "constant"; "" of PPDL_SURE */
const char *ppdl_doubt_word(PpdlDoubt d);
/* a sentence */
const char *ppdl_doubt_text(PpdlDoubt d);

#endif
