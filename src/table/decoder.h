/*
 * From decrypted values back to what a table had: names, units, categories.
 *
 * A vector of features, or of a label's codes, is a weighted sum of encrypted rows.  What it says about the table
 * depends on what the weights add up to, `rows`: 1 for a row and for a mean, n for a sum of n rows, 0 for a difference
 * of means.  Of rows x_i with the encoded value v and the missing indicator m, both 0 where they do not apply:
 *
 *	mean		mid + half * sum v / (rows - sum m), over the rows in which the column is present
 *	sum			mid * (rows - sum m) + half * sum v
 *	difference	half * sum v; unknown where the column may be missing, since then it is no function of the sums
 *
 * with mid and half of a numeric column's range; shares and counts of categories alike.  Of a column on a scale of
 * logarithms a mean is the geometric one, a difference a ratio, and a sum unknown.  A map (stats/whiten.h) is
 * inverted first.  Errors go through all of it as those of independent values.
 */
#ifndef PPDL_TABLE_DECODER_H
#define PPDL_TABLE_DECODER_H

#include "table/features.h"

typedef enum PpdlSubject
{
	PPDL_SUBJECT_FEATURES,
	PPDL_SUBJECT_LABEL
} PpdlSubject;

typedef enum PpdlMeaning
{
	PPDL_MEANING_ROW,			/* one row, as it was encrypted */
	PPDL_MEANING_CLASS,			/* a prediction of the label */
	PPDL_MEANING_MEAN,
	PPDL_MEANING_SUM,
	PPDL_MEANING_DIFFERENCE		/* of means, or of sums of equally many rows */
} PpdlMeaning;

typedef enum PpdlAnswerKind
{
	PPDL_ANSWER_NUMBER,			/* in the units of the column; a score has none */
	PPDL_ANSWER_SHARE,			/* of rows, 0 to 1; of a difference -1 to 1 */
	PPDL_ANSWER_COUNT,			/* of rows */
	PPDL_ANSWER_WORD			/* a category, a band, a class */
} PpdlAnswerKind;

typedef struct PpdlAnswer
{
	double		value,			/* NaN: there is none, or it cannot be known; words: unused */
				error;			/* standard deviation, in units of the value */
	const char *word;			/* the decoder's; NULL: missing, unknown, or too close to tell */
} PpdlAnswer;

typedef struct PpdlDecoder PpdlDecoder;

/* fs must outlive it; PPDL_ERR_ARGUMENT: a label where there is none, or a prediction of features */
PpdlStatus	ppdl_decoder_create(PpdlDecoder **out, const PpdlFeatures *fs, PpdlSubject subject, PpdlMeaning meaning,
								PpdlError *err);
void		ppdl_decoder_destroy(PpdlDecoder *d);

/*
 * What there is to be answered.  Rows: their columns.  Predictions: the class, and its score where there is one for
 * each class; or a number.  Else: a number for each numeric column, of two categories the second, others one by one;
 * and what is missing; of "at least" bits the shares.  Products answer nothing here.  Names: "Weight",
 * "Weight missing", "Ward = A", "Age 20..<22", "Age>=40".
 */
int			ppdl_decoder_count(const PpdlDecoder *d);
const char *ppdl_decoder_name(const PpdlDecoder *d, int answer);
PpdlAnswerKind ppdl_decoder_kind(const PpdlDecoder *d, int answer);
/* is the answer unknown whatever the values: a difference of means over the rows that are present, a sum of logs? */
int			ppdl_decoder_unknown(const PpdlDecoder *d, int answer);

/*
 * v: fs->inputs or fs->outputs values with independent errors of that standard deviation.  rows: what the weights add
 * up to, for sums; else ignored.  out: ppdl_decoder_count.  PPDL_ERR_FORMAT, with what contradicts it, when v cannot be
 * what it is said to be.
 */
PpdlStatus	ppdl_decode(const PpdlDecoder *d, const double *v, double error, double rows, PpdlAnswer *out,
						PpdlError *err);

/*
 * The class that scores with that error mean, of a label that is no number; -1: too close to tell.  *lead: by how much
 * the best leads the next, of two classes with one score its distance from 0.
 */
int			ppdl_decoder_class(const PpdlFeature *label, const double *score, double error, double *lead);

/*
 * What the weights of v add up to, as far as its values witness it: *exact when some value is always 1 (a constant, or
 * that of a map); else what all blocks of categories agree on, which is less where rows have categories that were
 * unknown.  0: nothing witnesses it.
 */
int			ppdl_decoder_witness(const PpdlFeatures *fs, PpdlSubject subject, const double *v, double error,
								 double *rows, int *exact);

#endif
