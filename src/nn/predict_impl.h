/* Private to the floor: a predictor's stages. */
#ifndef PPDL_NN_PREDICT_IMPL_H
#define PPDL_NN_PREDICT_IMPL_H

#include "ckks/lintrans.h"
#include "nn/plan.h"
#include "nn/predict.h"

/*
 * A value of the network is spread over ciphertexts ("groups"): unit u of a row at tree position p is
 * in slot p*slots + u % slots of group u / slots, slots = k/2.
 */
typedef enum PpdlStageKind
{
	PPDL_STAGE_LINEAR,			/* one matrix of one ciphertext: CoefficientsToSlots */
	PPDL_STAGE_MATRIX,			/* groups -> groups */
	PPDL_STAGE_SQUARE,
	PPDL_STAGE_POLY,
	PPDL_STAGE_SUM_SQUARES,		/* groups -> the outputs; last */
	PPDL_STAGE_SUM_PRODUCT		/* the same from two groups, the other one the inputs */
} PpdlStageKind;

typedef struct PpdlStage
{
	PpdlStageKind kind;
	int			limbs;			/* of its input */
	int			in_groups,
				out_groups;
	double		scale;			/* of its output */
	double		bound;			/* of |slot| of its output */
	/* LINEAR, MATRIX */
	int			conjugates;		/* the first layer: real parts are taken by adding conjugates */
	int			per_group;		/* transforms an output group: 2 for complex outputs of the first layer */
	int			with_input;		/* the first layer: the last output group is the inputs, without layer */
	PpdlLinTrans **lt;			/* [in_groups][nlt] */
	int			nlt;			/* transforms of an input group */
	PpdlPt	   *bias;			/* out_groups less the inputs, or NULL */
	/* POLY */
	int			chebyshev,
				degree;
	double		coef[PPDL_MAX_ACT_DEGREE + 1];
	/* SUM_SQUARES, SUM_PRODUCT */
	int			stride;			/* first fold */
	PpdlPt		constant;		/* p is NULL for one output: then constant_value */
	double		constant_value;
} PpdlStage;

#define PPDL_MAX_STAGES (PPDL_MAX_STEPS + 4)

struct PpdlPredictor
{
	const PpdlParams *par;
	int			width,
				logk,
				slots,			/* a row: k/2 */
				outputs,
				limbs;			/* at entry */
	double		in_scale;
	double		inner;			/* see PpdlStep */
	int			nstages;
	PpdlStage	stage[PPDL_MAX_STAGES];
};

/* ---- predict_matrix.c ---- */

/* where the forms of a matrix stage go: row of plus (and minus, if any) for slot r of group g, or -1 */
typedef struct PpdlRowMap
{
	const PpdlAffine *plus,
			   *minus;			/* NULL: real values */
	int			slots,
				outputs,		/* of a quadratic form; 0: unit g*slots + r */
				pairs;
} PpdlRowMap;

int			ppdl_row_map(const PpdlRowMap *map, int group, int r);
int			ppdl_row_map_groups(const PpdlRowMap *map);

/* middle layers: output group `to` from input group `from` */
PpdlStatus	ppdl_layer_matrix(PpdlMatrix **out, const PpdlRowMap *map, int to, int from, PpdlError *err);
/*
 * First layer after the last stages of CoefficientsToSlots, for features in the order that those leave: the
 * value is t + conj(t) (minus NULL), or t0 + conj(t1), t_i the result of the matrix which = i.  map NULL: no layer.
 */
PpdlStatus	ppdl_first_matrix(PpdlMatrix **out, const PpdlParams *par, const PpdlRowMap *map, int to, int which, PpdlError *err);
/* biases of a group, slots of them */
void		ppdl_layer_bias(double complex *out, const PpdlRowMap *map, int to);

#endif
