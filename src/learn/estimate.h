/*
 * Private to the floor: the error of predictions with encrypted weights.
 *
 * All that is known of the weights is what is declared, w->bound, and that they came with an error.  It is taken for
 * the length of each unit's weights, the root of the sum of their squares: an owner declares more than that, and
 * training what the first weights have and PPDL_TRAINING_MOVES.  Slopes are taken where a
 * unit's sum is three times its size for inputs in corners; errors of inputs and of weights go through as independent
 * ones.
 */
#ifndef PPDL_LEARN_ESTIMATE_H
#define PPDL_LEARN_ESTIMATE_H

#include "learn/layout.h"

/*
 * standard deviation of an output's error, as a value, from rows x, whose bound is that of inputs times input_scale,
 * and weights w[0 .. lay->nweights-1]: their scale, noise and bound
 */
double		ppdl_encrypted_error(const PpdlSlotLayout *lay, const PpdlCt *x, const PpdlCt *w);

#endif
