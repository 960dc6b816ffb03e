/* Private to the floor: several rotations of a ciphertext added up for the price of little more than one. */
#ifndef PPDL_CKKS_ROTATIONS_SUM_H
#define PPDL_CKKS_ROTATIONS_SUM_H

#include "ckks/eval.h"

#define PPDL_MOST_ROTATIONS 4

/*
 * *ct becomes the sum of its rotations by these `count` numbers of slots, 1 to PPDL_MOST_ROTATIONS, different ones; 0
 * is the ciphertext itself, and not the only one.  Limbs and scale stay.  Each has a key of its own, for so many limbs:
 * PPDL_ERR_KEY
 */
PpdlStatus	ppdl_ct_sum_rotations(PpdlEval *ev, PpdlCt *ct, const int *rotation, int count, PpdlError *err);

#endif
