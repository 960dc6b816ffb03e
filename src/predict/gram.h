/*
 * Second moments of encrypted rows: sums over rows of products of rows with themselves (algorithms.md, 6.6).  What
 * the sums mean, and the matrix that they come to, is in rows/gram_layout.h.
 *
 * Products are added up as they are, of degree 2 in the secret.  When all rows are in, or a state travels, each sum is
 * relinearised, and all sums are merged into one ciphertext: what matters of each is k coefficients.
 */
#ifndef PPDL_PREDICT_GRAM_H
#define PPDL_PREDICT_GRAM_H

#include "predict/lifting.h"
#include "predict/packed_slots.h"
#include "rows/gram_layout.h"

/* limbs of rows in slots, and of sums until they are rescaled, last of all */
#define PPDL_GRAM_LIMBS 3
/* of packed rows, and of their slots: a product has room for 2^40 rows */
#define PPDL_GRAM_ROWS_LIMBS PPDL_PACKED_ROWS_LIMBS(PPDL_GRAM_LIMBS)
#define PPDL_GRAM_SLOT_SCALE 0x1p39

/* The sums over rows so far.  Ciphertexts are in the pool of one evaluator, the caller's. */
typedef struct PpdlGram
{
	PpdlGramLayout lay;
	double		rows;
	double		bias;			/* of an entry: what errors come to that are not 0 in the mean */
	int			count;			/* of terms */
	PpdlCt3		term[PPDL_GRAM_MAX_TERMS];	/* rows added since the last merge; none: d is NULL */
	PpdlCt		merged;			/* the rows before, all terms in one ciphertext; none: b is NULL */
} PpdlGram;

void		ppdl_gram_init(PpdlGram *g, const PpdlGramLayout *lay);
void		ppdl_gram_release(PpdlGram *g, PpdlEval *ev);

/*
 * Adds rows in slots: x, PPDL_GRAM_LIMBS limbs, zero at slots without a row; y (NULL without labels) likewise, those
 * of a label at the slots where the features of its row begin, limbs and scale of x.  rows: how many there are.
 * Keys: the conjugation, rotations by 1 .. B-1 and B, B = ppdl_baby_steps.  PPDL_ERR_SCALE unless
 * all additions have the same scale.  After an error g is good for release only; so for all that follows.
 */
PpdlStatus	ppdl_gram_add(PpdlGram *g, PpdlEval *ev, const PpdlCt *x, const PpdlCt *y, double rows, PpdlError *err);
/* into += from, whose ciphertexts may be of another evaluator's pool, and stay */
PpdlStatus	ppdl_gram_join(PpdlGram *into, PpdlEval *ev, const PpdlGram *from, PpdlError *err);
/* merges the terms: the value of g stays.  Keys: relinearisation, rotations by powers of two */
PpdlStatus	ppdl_gram_merge(PpdlGram *g, PpdlEval *ev, PpdlError *err);
/*
 * g has been merged and has rows: the result, of layout PPDL_LAYOUT_GRAM.  noise and bound are set; PPDL_ERR_RANGE,
 * with figures, when the sums could have outgrown their modulus.
 */
PpdlStatus	ppdl_gram_result(const PpdlGram *g, PpdlEval *ev, PpdlCt *out, PpdlError *err);
/* ... as a value, of the key and encoding of these rows: appends it to w */
PpdlStatus	ppdl_gram_write(const PpdlGram *g, PpdlEval *ev, const PpdlCipher *rows, PpdlWriter *w, PpdlError *err);

/* g, merged, as bytes (gram_state.c) */
PpdlStatus	ppdl_gram_save(const PpdlGram *g, PpdlWriter *w, PpdlError *err);
/* g is empty, of the layout that the bytes were saved with; PPDL_ERR_FORMAT when they cannot be such a state */
PpdlStatus	ppdl_gram_load(PpdlGram *g, PpdlEval *ev, PpdlReader *r, PpdlError *err);

/*
 * Adds all rows of ts, lifted to the ring of ev, the deep one; g is empty and of the widths of ts.  progress: as
 * ppdl_lift_all.
 */
PpdlStatus	ppdl_gram_add_lifted(PpdlGram *g, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts,
								 PpdlProgress progress, void *arg, PpdlError *err);

#endif
