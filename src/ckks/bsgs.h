/*
 * Private to the floor: how the diagonals of a matrix split into baby and giant
 * steps.  Diagonal number k = offset / stride (taken from -period/2 when that
 * saves giant steps) is step g*baby + i of the algorithm, 0 <= i < baby.
 *
 * With two sources, baby steps start from the input and from the input rotated, which takes a decomposition and saves
 * one for each giant step that starts from there; the baby steps of both take the same keys:
 * k = (source*giants + g)*baby + i.  All k are 0 or more then: matrices are to be rotated for it (ppdl_matrix_rotate).
 */
#ifndef PPDL_CKKS_BSGS_H
#define PPDL_CKKS_BSGS_H

#include "ckks/lintrans.h"

#define PPDL_MAX_SOURCES 2

typedef struct PpdlBsgs
{
	int			stride,
				baby,
				sources,
				min_giant,		/* <= 0 */
				max_giant,		/* >= 0 */
				is_signed,
				min_keys;
	size_t		period,
				slots;
} PpdlBsgs;

/* one diagonal */
typedef struct PpdlBsgsStep
{
	int			giant,
				source,
				baby;
} PpdlBsgsStep;

/* form: as for ppdl_lintrans_create; m of a period up to slots, not zero: PPDL_ERR_ARGUMENT */
PpdlStatus	ppdl_bsgs_plan(PpdlBsgs *plan, const PpdlMatrix *m, size_t slots, const PpdlLinTransForm *form,
						   PpdlError *err);
PpdlBsgsStep ppdl_bsgs_split(const PpdlBsgs *plan, int offset);
/* rotations in [0, slots) */
int			ppdl_bsgs_baby_rotation(const PpdlBsgs *plan, int baby);
int			ppdl_bsgs_giant_rotation(const PpdlBsgs *plan, int giants);
/* of source 1; 0 where there is none */
int			ppdl_bsgs_source_rotation(const PpdlBsgs *plan);

#endif
