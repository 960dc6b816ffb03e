/* Private to encrypted training: pieces that networks of one and of two hidden layers share. */
#ifndef PPDL_LEARN_STEP_IMPL_H
#define PPDL_LEARN_STEP_IMPL_H

#include "learn/step.h"

struct PpdlSgd
{
	PpdlSlotLayout lay;
	double		learning_rate,
				momentum;
	double complex *scratch;	/* slots of one ciphertext */
};

/* Which units a vector of slots names. */
typedef enum PpdlAxis
{
	PPDL_AXIS_HIGH,				/* units of the first hidden layer */
	PPDL_AXIS_LOW				/* units of the second hidden layer */
} PpdlAxis;

/*
 * One period into sgd->scratch: `value` at every slot of a real unit of the axis, `constant` at the constant unit;
 * first_only: only where the other axis is at 0.
 */
void		ppdl_sgd_vector(const PpdlSgd *sgd, PpdlAxis axis, int first_only, double complex value, double complex constant);

/* ct times the `count` slots of scratch (repeated); out_scale is what the caller's rescale leaves */
PpdlStatus	ppdl_sgd_mask(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, size_t count, double out_scale, PpdlError *err);
/* ct plus one period of scratch */
PpdlStatus	ppdl_sgd_add(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

/* z at the real units of the axis, 0 elsewhere, from z valid where the other axis is at 0; replicated along that one: one level, leaves PPDL_SGD_SCALE */
PpdlStatus	ppdl_sgd_replicate(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *z, PpdlAxis axis, PpdlError *err);

/* p' */
PpdlSlotPoly ppdl_sgd_slope(const PpdlSlotPoly *p);
/*
 * p(u) at the real units of the axis, `constant` at the constant one, 0 where u is 0 elsewhere.  p->degree - 1 levels; leaves a scale of
 * about u's, in degree 2 (and 1) over the leading coefficient.
 */
PpdlStatus	ppdl_sgd_polynomial(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *u, PpdlAxis axis, const PpdlSlotPoly *p, double constant, PpdlError *err);
/* The same in two halves, for degrees 2 and 3: what is added to `product` between them (ppdl_sgd_accumulate) shares its relinearisation and rescale. */
PpdlStatus	ppdl_sgd_poly_product(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *product, const PpdlCt *u, PpdlAxis axis, const PpdlSlotPoly *p, PpdlError *err);
PpdlStatus	ppdl_sgd_poly_finish(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, PpdlCt3 *product, PpdlAxis axis, const PpdlSlotPoly *p, double constant, PpdlError *err);

/*
 * o becomes (o - y)*eta/count at (row, class, 0, 0) of present rows, replicated over units and inputs; its scale carries the
 * factor 1 + momentum, so that the weights come out of the step at PPDL_SGD_SCALE.  One level.
 */
PpdlStatus	ppdl_sgd_error(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlTile *tile, int count, PpdlError *err);
/* *sum += x*y before relinearisation; an empty sum has d == NULL */
PpdlStatus	ppdl_sgd_accumulate(PpdlEval *ev, PpdlCt3 *sum, const PpdlCt *x, const PpdlCt *y, PpdlError *err);

/* One tile's part of the gradients, one for each weight ciphertext; shared: what ppdl_sgd_*_prepare made of the weights. */
typedef struct PpdlSgdShared
{
	PpdlCt		w2;				/* one hidden layer: output weights at input 0; two: W2 */
	PpdlCt		k;				/* two: w3*W2 */
} PpdlSgdShared;

PpdlStatus	ppdl_sgd_one_prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err);
PpdlStatus	ppdl_sgd_one_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
							  const PpdlTile *tile, int count, PpdlError *err);
PpdlStatus	ppdl_sgd_one_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err);
PpdlStatus	ppdl_sgd_two_prepare(const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err);
PpdlStatus	ppdl_sgd_two_tile(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
							  const PpdlTile *tile, int count, PpdlError *err);
PpdlStatus	ppdl_sgd_two_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w, const PpdlCt *x, PpdlError *err);

#endif
