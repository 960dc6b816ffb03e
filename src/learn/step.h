/*
 * Steps of gradient descent with Nesterov momentum on ciphertexts (algorithms.md, 7;
 * layout.h).
 */
#ifndef PPDL_LEARN_STEP_H
#define PPDL_LEARN_STEP_H

#include "ckks/eval.h"
#include "learn/layout.h"

/* scale of weights and inputs */
#define PPDL_SGD_SCALE 0x1p40

/* One ciphertext's worth of a mini-batch: `rows` slots-rows, of which `count` are real. */
typedef struct PpdlTile
{
	PpdlCt		x,				/* inputs, replicated over units and outputs; 0 at absent rows */
				y;				/* label of output c at unit 0, input 0 */
	/* lay->rows, malloc'ed: the caller's number of the row, PPDL_NO_PLACE where there is none */
	uint32_t   *ordinal;
	int			count;
} PpdlTile;

typedef struct PpdlSgd PpdlSgd;

/* what steps and predictions in this layout work with; lay is copied, its parameters are not */
PpdlStatus	ppdl_sgd_create(PpdlSgd **out, const PpdlSlotLayout *lay, double learning_rate, double momentum,
							PpdlError *err);
void		ppdl_sgd_destroy(PpdlSgd *sgd);
/* of the steps from now on */
void		ppdl_sgd_set_rate(PpdlSgd *sgd, double learning_rate);

/*
 * One step over a mini-batch of tiles.  w, v: lay->nweights ciphertexts each, weights and momentum, all at the same
 * number of limbs (> lay->step_levels), w at PPDL_SGD_SCALE, NTT domain; v is NULL when momentum is 0.  All lose
 * lay->step_levels limbs; w leaves at PPDL_SGD_SCALE but for the last bits, bound 1.  Tiles are only read.  After an
 * error w and v are in between: step on copies.
 */
PpdlStatus	ppdl_sgd_step(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *w, PpdlCt *v, const PpdlTile *tile, int tiles,
						  PpdlError *err);

/*
 * The forward pass alone: output c of row r in the real part of slot r*period + c*h*d; lay->predict_levels limbs fewer
 * than w (and x, if that has fewer); out is the caller's to release, nothing after an error.
 */
PpdlStatus	ppdl_sgd_predict(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlCt *w, const PpdlCt *x,
							 PpdlError *err);

/* idempotent */
void		ppdl_tile_release(PpdlEval *ev, PpdlTile *tile);

#endif
