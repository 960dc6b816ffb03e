/* Many rotations of one ciphertext, with the keys that owners publish. */
#ifndef PPDL_PREDICT_ROTATIONS_H
#define PPDL_PREDICT_ROTATIONS_H

#include "ckks/eval.h"

/* B: rotations by 1 .. B-1, and by B, have keys of their own, which linear maps go by, too */
int			ppdl_baby_steps(const PpdlParams *par);

/*
 * As ppdl_ct_rotate, for any r from 0 on in the row ring too, whose evaluators have no set of rotations: by powers of
 * two and baby steps
 */
PpdlStatus	ppdl_rotate_far(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err);

/* what to do with in, rotated by `shift`, which is only lent */
typedef PpdlStatus (*PpdlRotated) (void *arg, int shift, const PpdlCt *rotated, PpdlError *err);

/*
 * in rotated by from .. to, in this order, ppdl_baby_steps at a time being hoisted.  Keys: the baby steps, and that of
 * from
 */
PpdlStatus	ppdl_each_rotation(PpdlEval *ev, const PpdlCt *in, int from, int to, PpdlRotated take, void *arg,
							   PpdlError *err);

#endif
