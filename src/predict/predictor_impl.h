/* Private to the floor: a predictor's stages.  predictor_build.c makes them, predictor.c runs them. */
#ifndef PPDL_PREDICT_PREDICTOR_IMPL_H
#define PPDL_PREDICT_PREDICTOR_IMPL_H

#include "ckks/lintrans.h"
#include "predict/estimate.h"
#include "predict/predictor.h"

/*
 * A value of the network is spread over ciphertexts ("groups"): unit u of a row at tree position p is
 * in slot p*slots + u % slots of group u / slots, slots = k/2.
 */
typedef enum PpdlStageKind
{
	PPDL_STAGE_LINEAR,			/* one matrix of one ciphertext: CoefficientsToSlots before the first layer */
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
	double		size,			/* of |slot| of its input as noise sees it: see ppdl_predictor_stages */
				gain;			/* see PpdlReach; LINEAR: at the inputs */
	const PpdlStep *step;		/* whose numbers it takes, while the predictor is made; NULL: CoefficientsToSlots */
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

/*
 * How rows come in.  Either way the first layer finds x_f + i*x_(f+k/2) in slot bitrev(f) of each row, f < k/2:
 * packed rows after CoefficientsToSlots, whose last matrix it is folded into, lifted ones as they are.
 */
typedef struct PpdlEntry
{
	const char *name;			/* for messages */
	int			transforms,		/* LINEAR stages */
				limbs,			/* most that a row comes with */
				baby;			/* baby steps of all matrices: which rotations have keys */
	double		layer_scale;	/* of values between layers */
} PpdlEntry;

struct PpdlPredictor
{
	const PpdlParams *par;
	const PpdlEntry *entry;
	int			width,
				logk,
				half,			/* slots of a row's inputs: k/2 */
				slots,			/* a row: k/2, more for lifted rows with more outputs */
				outputs,
				limbs;			/* at entry */
	double		in_scale;
	double		inner;			/* see PpdlStep */
	PpdlEstimate estimate;
	int			nstages;
	PpdlStage	stage[PPDL_MAX_STAGES];
};

/*
 * All stages on each of `count` ciphertexts of p->limbs limbs and scale p->in_scale, their noise set, in place; after a
 * failure they are released.  Matrices are applied to all of them at once, all else to one after the other.
 *
 * Each stage is run as if its input had no noise, which leaves the noise that the stage adds; what that becomes at
 * the outputs is known (PpdlEstimate), and all of it is added up in the end.  Meanwhile bounds of ciphertexts say how
 * large slots really get, in the mean for sums of many and at most for polynomials, since bounds for the worst of
 * cases, which scales are chosen by, say nothing of noise.
 */
PpdlStatus	ppdl_predictor_stages(const PpdlPredictor *p, PpdlEval *ev, PpdlCt *ct, int count, PpdlError *err);

#endif
