/*
 * Bound texts say what the plain columns of a row held that are tied to it, in the order that the owner named them: for
 * each a zero byte for NULL, or a one, its length (u32) and its bytes.  No columns: the empty text.
 */
#ifndef PPDL_ROWS_BOUND_H
#define PPDL_ROWS_BOUND_H

#include "base/bytes.h"
#include "rows/seed_table.h"

#define PPDL_MAX_BOUND_BYTES 4096	/* of a bound text */
#define PPDL_MAX_BOUND_VALUES 64

/*
 * Appends that of n values (NULL: that) to w; none: nothing.  PPDL_ERR_RANGE for more than PPDL_MAX_BOUND_VALUES or
 * PPDL_MAX_BOUND_BYTES.
 */
PpdlStatus	ppdl_bound_write(PpdlWriter *w, const char *const *value, const size_t *len, int n, PpdlError *err);

typedef struct PpdlBoundValue
{
	const char *text;			/* NULL: that; not terminated */
	size_t		len;
} PpdlBoundValue;

/* the values of a bound text, which point into it; *n: how many, PPDL_MAX_BOUND_VALUES at most; PPDL_ERR_FORMAT */
PpdlStatus	ppdl_bound_read(PpdlBoundValue value[PPDL_MAX_BOUND_VALUES], int *n, const void *text, size_t len,
							PpdlError *err);
/* whether two are the same; NULL is the same as NULL */
int			ppdl_bound_same(const PpdlBoundValue *a, const PpdlBoundValue *b);

/* ------------------------------------------------------------------ tables */

typedef struct PpdlBoundText
{
	uint64_t	rows;			/* for the table's user: that have it; 0 at first */
	size_t		len;
	uint8_t    *text;
} PpdlBoundText;

/* bound texts, each once, numbered in the order in which they came; all zero: empty */
typedef struct PpdlBoundTable
{
	PpdlSeedTable index;		/* by digest */
	PpdlBoundText *text;		/* by number, index.used of them */
	uint32_t	cap,
				last;			/* asked for */
	size_t		bytes;			/* of the texts */
} PpdlBoundTable;

void		ppdl_bound_table_free(PpdlBoundTable *t);	/* leaves an empty table */
size_t		ppdl_bound_table_memory(const PpdlBoundTable *t);	/* bytes held */
/* its number, a new one where it is new.  After an error the table is as before. */
PpdlStatus	ppdl_bound_number(PpdlBoundTable *t, const void *text, size_t len, uint32_t *number, PpdlError *err);

#endif
