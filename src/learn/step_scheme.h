/*
 * Private to encrypted training: what differs between networks of no, one and two hidden layers.  Each kind is a table
 * in a file of its own, step_zero.c, step_one.c and step_two.c, whose heads say what happens at which level; step.c
 * does what they have in common.
 */
#ifndef PPDL_LEARN_STEP_SCHEME_H
#define PPDL_LEARN_STEP_SCHEME_H

#include "learn/step_ops.h"

/* what is made of the weights once a step; buffers of the evaluator's pool */
typedef struct PpdlSgdShared
{
	PpdlCt		w2;				/* one hidden layer: output weights over out.radius, at input 0; two: W2 */
	PpdlCt		k;				/* two: w3*W2 */
} PpdlSgdShared;

struct PpdlSgdScheme
{
	int			nweights,		/* ciphertexts of weights */
				step_levels,	/* limbs that a step takes from them, beside those of the activations */
				predict_levels; /* ... and a prediction */
	int			equal_in_outputs[PPDL_MAX_WEIGHT_CTS];	/* a weight ciphertext is the same for all outputs */
	int			outputs_apart;	/* only its real part is: gradients are taken apart, which doubles them */
	/* fills *sh, zeroed before, from the weights; or NULL */
	PpdlStatus	(*prepare) (const PpdlSgd *sgd, PpdlEval *ev, PpdlSgdShared *sh, const PpdlCt *w, PpdlError *err);
	/*
	 * adds a tile's part of the gradient of each weight ciphertext to sum[0 .. nweights-1]; count: rows of the
	 * mini-batch
	 */
	PpdlStatus	(*tile) (const PpdlSgd *sgd, PpdlEval *ev, PpdlCt3 *sum, const PpdlSgdShared *sh, const PpdlCt *w,
						 const PpdlTile *tile, int count, PpdlError *err);
	/* outputs of a tile, as ppdl_sgd_predict, before their own polynomial */
	PpdlStatus	(*predict) (const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *out, const PpdlSgdShared *sh, const PpdlCt *w,
							const PpdlCt *x,
							PpdlError *err);
};

extern const PpdlSgdScheme ppdl_sgd_no_hidden,
			ppdl_sgd_one_hidden,
			ppdl_sgd_two_hidden;

#endif
