/*
 * Questions on encrypted columns in SQL text, in braces:
 *
 *	SELECT ward, {count where Age > 65 and Smoking = 'Yes'} FROM patients GROUP BY ward
 *
 * {WHAT [from COLUMN [, LABEL]] where CONDITION}: WHAT is count, count(*), count(c), sum(c) or avg(c), with a column c
 * of the table that was encrypted; COLUMN is the encrypted one, features if it is not said, and LABEL that of the
 * labels, for questions about them: label, of the same table.  Each becomes a call of sum_where,
 * whose result comes as a JSON text behind a mark that tells which one it is, so that wherever the statement puts it,
 * its decrypted answer stands where it is shown.
 */
#ifndef PPDL_QUERY_ASK_H
#define PPDL_QUERY_ASK_H

#include "base/bytes.h"
#include "base/error.h"
#include "table/features.h"

#define PPDL_ASK_MARK 24		/* bytes of it */

typedef enum PpdlAskWhat
{
	PPDL_ASK_COUNT,
	PPDL_ASK_SUM,
	PPDL_ASK_AVG
} PpdlAskWhat;

typedef struct PpdlAskItem
{
	PpdlAskWhat ask;
	const PpdlFeatures *fs;
	const PpdlFeature *f;		/* NULL: all rows are counted; may be the label, and then sums are of that column */
	size_t		begin,			/* of the braces in the original, */
				end,
				made,			/* and of what they became */
				made_end;
} PpdlAskItem;

typedef struct PpdlAsk
{
	const char *original;		/* the caller's */
	PpdlWriter	sql;			/* to be run; ends with a zero */
	PpdlWriter	notes;			/* for the user, a line each */
	char		mark[PPDL_ASK_MARK + 1];
	int			items;			/* 0: the original is to be run, there are no braces in it */
	PpdlAskItem *item;
} PpdlAsk;

/*
 * The encoding of an encrypted column: column as it stands in the SQL text, perhaps with a table before it; at: where.
 * *fs lives as long as the PpdlAsk that it goes into.
 */
typedef PpdlStatus (*PpdlAskFind) (void *arg, const char *column, const char *sql, size_t at,
									 const PpdlFeatures **fs, PpdlError *err);

/*
 * Rewrites sql, which may have several statements; braces in strings, quoted names, comments and dollar quotes are left
 * alone.  schema: of the extension, quoted, or NULL.  To be freed, after an error too.
 */
PpdlStatus	ppdl_ask_rewrite(PpdlAsk *w, const char *sql, const char *schema, PpdlAskFind find, void *arg,
							   PpdlError *err);
void		ppdl_ask_free(PpdlAsk *w);

/* the place in the original of a byte of what was made of it */
size_t		ppdl_ask_origin(const PpdlAsk *w, size_t at);

/* which item a text of a result, JSON, is of: *value is behind its mark, and ends before the last quote; -1: none */
int			ppdl_ask_item(const PpdlAsk *w, const char *s, size_t len, size_t *value);

/* PPDL_ERR_ARGUMENT for a text with a mark from byte `from` on: an answer that was pasted into another text */
PpdlStatus	ppdl_ask_alone(const PpdlAsk *w, const char *s, size_t len, size_t from, PpdlError *err);

/* values that an answer has */
int			ppdl_ask_width(const PpdlAskItem *item);
/* some rows, but fewer than min_count: which that are nobody shall see.  v as below */
int			ppdl_ask_is_few(const PpdlAskItem *item, const double *v, int n, long min_count);

typedef struct PpdlAskValue
{
	double		value,			/* NaN: NULL, a sum or average of no rows */
				error;			/* its standard deviation; 0 of a count: it is exact */
} PpdlAskValue;

/*
 * The answer.  v: count, then the sums of the values of the rows, n in all, each with an independent error of that
 * standard deviation; NULL: there were no rows.  PPDL_ERR_FORMAT when n is not ppdl_ask_width.
 */
PpdlStatus	ppdl_ask_value(PpdlAskValue *out, const PpdlAskItem *item, const double *v, int n, double error,
						   PpdlError *err);
/* appends it as text of the digits that its error supports, nothing for NULL */
PpdlStatus	ppdl_ask_answer(const PpdlAskItem *item, const double *v, int n, double error, PpdlWriter *out,
							  PpdlError *err);

#endif
