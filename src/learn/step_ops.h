/*
 * Private to encrypted training: what networks of all kinds do alike to ciphertexts in the layout of
 * layout.h.  All work on ciphertexts of the deep ring in the NTT domain; those that say "one level" leave a limb less.
 */
#ifndef PPDL_LEARN_STEP_OPS_H
#define PPDL_LEARN_STEP_OPS_H

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
void		ppdl_sgd_vector(const PpdlSgd *sgd, PpdlAxis axis, int first_only, double complex value,
							double complex constant);

/* ct times the `count` slots of scratch (repeated); out_scale is what the caller's rescale leaves */
PpdlStatus	ppdl_sgd_mask(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, size_t count, double out_scale, PpdlError *err);
/* ct plus one period of scratch */
PpdlStatus	ppdl_sgd_add(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, PpdlError *err);

/*
 * z at the real units of the axis, 0 elsewhere, from z valid where the other axis is at 0; replicated along that one:
 * one level, leaves PPDL_SGD_SCALE
 */
PpdlStatus	ppdl_sgd_replicate(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *z, PpdlAxis axis, PpdlError *err);

/* the outputs' polynomial, in place, lay.out.levels; nothing without one */
PpdlStatus	ppdl_sgd_output(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, PpdlError *err);
/*
 * o, before the outputs' polynomial p, becomes (p(o) - y)*eta/count at (row, output, 0, 0) of present rows, replicated
 * over units and inputs; eta is times lay.input_divisor, for gradients that are multiplied by inputs; y of a sigmoid
 * is (y + 1)/2.  Its scale carries the factor 1 + momentum (over 2 where the gradient is doubled,
 * PpdlSgdScheme.outputs_apart), so that the weights come out of the step at PPDL_SGD_SCALE.  lay.out.levels and one
 * more.
 */
PpdlStatus	ppdl_sgd_error(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlTile *tile, int count,
						   PpdlError *err);
/* With one hidden layer the gradient of W1 is the sum over outputs, that of w2, in the same ciphertext, is not. */
int			ppdl_sgd_outputs_apart(const PpdlSlotLayout *lay);

#endif
