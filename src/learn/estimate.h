/*
 * Private to the floor: the error of predictions with encrypted weights.
 *
 * All that is known of the weights is their declared range, w->bound, and that they came with an error.  They are taken to be
 * spread evenly over that range, and independent, which makes a unit's weights as long as bound*sqrt(inputs/3), for inputs
 * in corners; slopes are taken where a unit's sum is three times that.  Errors of inputs and of weights go through as
 * independent ones.  Weights much smaller than their range leave the estimate too large, by as much, layer by layer;
 * it is too small only for weights that are nearly all alike and at the end of their range.
 */
#ifndef PPDL_LEARN_ESTIMATE_H
#define PPDL_LEARN_ESTIMATE_H

#include "learn/layout.h"

/*
 * Standard deviation of an output's error, as a value, for rows as a half-bootstrap leaves them: what tiles track counts pieces that
 * have slots of their own as one upon the other.  w: lay->nweights weights, their scale, noise and bound.
 */
double		ppdl_encrypted_error(const PpdlSlotLayout *lay, const PpdlCt *w);

#endif
