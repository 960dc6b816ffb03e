/*
 * Private to the floor: dense layers as matrices on slots, in blocks of a row's slots.  Matrices are the caller's to
 * destroy.
 */
#ifndef PPDL_PREDICT_LAYER_MATRIX_H
#define PPDL_PREDICT_LAYER_MATRIX_H

#include "ckks/lintrans.h"
#include "predict/plan.h"

/* where the forms of a matrix stage go: row of plus (and minus, if any) for slot r of group g, or -1 */
typedef struct PpdlRowMap
{
	const PpdlAffine *plus,
			   *minus;			/* NULL: real values */
	int			slots,
				half,			/* slots of the inputs, for the first layer */
				outputs,		/* of a quadratic form; 0: unit g*slots + r */
				pairs;
} PpdlRowMap;

int			ppdl_row_map(const PpdlRowMap *map, int group, int r);
int			ppdl_row_map_groups(const PpdlRowMap *map);

/* middle layers: output group `to` from input group `from` */
PpdlStatus	ppdl_layer_matrix(PpdlMatrix **out, const PpdlRowMap *map, int to, int from, PpdlError *err);
/*
 * First layer on inputs in their slots: the value is t + conj(t) (minus NULL), or t0 + conj(t1), t_i the result of the
 * matrix which = i.  map NULL: no layer.
 */
PpdlStatus	ppdl_first_matrix(PpdlMatrix **out, const PpdlRowMap *map, int to, int which, PpdlError *err);
/* the same after the last stages of CoefficientsToSlots, which leave inputs in that order */
PpdlStatus	ppdl_first_matrix_c2s(PpdlMatrix **out, const PpdlParams *par, const PpdlRowMap *map, int to, int which,
								  PpdlError *err);
/* biases of a group, slots of them */
void		ppdl_layer_bias(double complex *out, const PpdlRowMap *map, int to);

#endif
