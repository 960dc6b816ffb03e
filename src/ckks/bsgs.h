/*
 * Private to the floor: how the diagonals of a matrix split into baby and giant
 * steps.  Diagonal number k = offset / stride (taken from -period/2 when that
 * saves giant steps) is step g*baby + i of the algorithm, 0 <= i < baby.
 */
#ifndef PPDL_CKKS_BSGS_H
#define PPDL_CKKS_BSGS_H

#include "ckks/lintrans.h"

typedef struct PpdlBsgs
{
	int			stride,
				baby,
				min_giant,		/* <= 0 */
				max_giant,		/* >= 0 */
				is_signed,
				min_keys;
	size_t		period,
				slots;
} PpdlBsgs;

/* baby: a power of two, 0: chosen.  m of a period up to slots, not zero: PPDL_ERR_ARGUMENT */
PpdlStatus	ppdl_bsgs_plan(PpdlBsgs *plan, const PpdlMatrix *m, size_t slots, int baby, int min_keys, PpdlError *err);
/* splits one diagonal */
void		ppdl_bsgs_split(const PpdlBsgs *plan, int offset, int *giant, int *baby);
/* rotations in [0, slots) */
int			ppdl_bsgs_baby_rotation(const PpdlBsgs *plan, int baby);
int			ppdl_bsgs_giant_rotation(const PpdlBsgs *plan, int giants);

#endif
