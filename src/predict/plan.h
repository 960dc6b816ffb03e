/*
 * Private to the floor: a network as a short list of steps for ciphertexts.  Maps are in affine.c, quadratic forms in
 * quadratic.c, the rest in plan.c.  All of it is in the clear.
 *
 * Affine layers that follow each other are multiplied out.  A degree-2 activation
 * is a square with a shift that the layer before and the layer after take up, so
 * it costs one level; and the last one, with the layer after it, is one quadratic form
 * of what comes before:
 *
 *   out_j = sum_r ( plus_r(v)^2 - minus_r(v)^2 ) + constant_j = Re sum_r ( plus_r(v) + i minus_r(v) )^2 + constant_j
 *
 * with affine forms plus_r, minus_r, at most as many as the form has eigenvalues of one sign.  One level.
 * For one output straight from the inputs x, which CoefficientsToSlots leaves as complex numbers x_f + i x_(f+slots),
 *
 *   out = x'(Qx + l) + constant = Re sum_f ( x_f + i x_(f+slots) ) ( (Qx + l)_f - i (Qx + l)_(f+slots) ) + constant
 *
 * needs one more ciphertext, however many units the layer has.
 *
 * A plan is made in two steps: its shape, from the network's description alone, then its numbers.  So it is known how
 * many matrices a plan asks for before anything of their size is allocated.
 */
#ifndef PPDL_PREDICT_PLAN_H
#define PPDL_PREDICT_PLAN_H

#include "base/poll.h"
#include "ckks/params.h"
#include "net/net.h"

/* v -> w*v + bias */
typedef struct PpdlAffine
{
	int			inputs,
				units;
	double	   *w,
			   *bias;
} PpdlAffine;

PpdlStatus	ppdl_affine_create(PpdlAffine *a, int inputs, int units, PpdlError *err);	/* zero */
void		ppdl_affine_free(PpdlAffine *a);
/* *a = b after *a; *a is as it was after an error */
PpdlStatus	ppdl_affine_compose(PpdlAffine *a, const PpdlAffine *b, const PpdlPoll *poll, PpdlError *err);

/*
 * The quadratic form of each output.  As squares: forms of output j are rows j*pairs .. (j+1)*pairs - 1, unused ones
 * zero.  As a product with the inputs: row r is what slot r of the inputs is multiplied by, plus + i*minus.
 */
typedef struct PpdlQuadratic
{
	int			product;
	int			outputs,
				pairs;
	PpdlAffine	plus,
				minus;
	double	   *constant;		/* outputs */
} PpdlQuadratic;

void		ppdl_quadratic_free(PpdlQuadratic *q);
/*
 * of  out = after(c0 + c1*z + c2*z^2),  z = before(v);  few: as few pairs as there can be (an eigenvalue
 * decomposition), else one form a unit
 */
PpdlStatus	ppdl_quadratic_create(PpdlQuadratic *q, const PpdlAffine *before, const double c[3],
								  const PpdlAffine *after, int few, const PpdlPoll *poll, PpdlError *err);
/* pairs of that with one form a unit: nothing is formed */
int			ppdl_quadratic_pairs(const double c[3], const PpdlAffine *after);
/* would an eigenvalue decomposition for each output be done in seconds? */
int			ppdl_quadratic_few_is_cheap(int inputs, int outputs);

/* the same for one output as a product with inputs in `slots` slots, in the order of CoefficientsToSlots */
PpdlStatus	ppdl_quadratic_product(PpdlQuadratic *q, const PpdlAffine *before, const double c[3],
								   const PpdlAffine *after, int slots, const PpdlPoll *poll, PpdlError *err);

typedef enum PpdlStepKind
{
	PPDL_STEP_AFFINE,			/* one level; the first is part of CoefficientsToSlots */
	PPDL_STEP_SQUARE,			/* one level */
	PPDL_STEP_CHEBYSHEV,		/* ppdl_poly_levels(degree) */
	PPDL_STEP_MONOMIAL,
	/* affine forms (one level, or part of CoefficientsToSlots), their squares (one level); last */
	PPDL_STEP_QUADRATIC
} PpdlStepKind;

typedef struct PpdlStep
{
	PpdlStepKind kind;
	int			from,			/* layers of its first map; of an activation: its layer, twice */
				to;
	int			inputs,			/* values before and after it */
				units;
	/* its numbers */
	PpdlAffine	affine;
	PpdlQuadratic quadratic;
	double		lo,				/* the interval of an activation that has one */
				hi;
	int			degree;
	double		coef[PPDL_MAX_ACT_DEGREE + 1];
	double		bound;			/* of |value| after this step for inputs in [-1,1] */
	double		inner;			/* of |value| on the way (Chebyshev polynomials) */
} PpdlStep;

#define PPDL_MAX_STEPS (2 * PPDL_MAX_LAYERS + 1)

typedef struct PpdlPlan
{
	int			inputs,
				outputs,
				nsteps;
	PpdlStep	step[PPDL_MAX_STEPS];
} PpdlPlan;

/*
 * What a plan may take.  Matrices count as if no weight were zero.  A quadratic form that takes more than there is
 * memory for is left as a square and the layer after it, which cost another level; when there is none, or more is
 * needed still, the plan is refused.
 */
typedef struct PpdlPlanLimits
{
	const PpdlParams *par;
	int			slots,			/* of a row */
				limbs;			/* most that the first layer can have: a network of as many levels is too deep */
	double		bytes;			/* of encoded matrices */
	const PpdlPoll *poll;		/* or NULL */
} PpdlPlanLimits;

/* Levels of a network from its first layer on, at least. */
int			ppdl_network_depth(const PpdlNet *net);

/* The network has weights; it is not kept.  PPDL_ERR_RANGE: the memory needed, and allowed; PPDL_ERR_CANCELED. */
PpdlStatus	ppdl_plan_create(PpdlPlan **out, const PpdlNet *net, const PpdlPlanLimits *limits, PpdlError *err);
void		ppdl_plan_destroy(PpdlPlan *plan);
int			ppdl_plan_depth(const PpdlPlan *plan);	/* levels */

/* quadratic form: slots from one output's form to its next one, the smallest power of two >= outputs */
int			ppdl_quadratic_stride(int outputs);

#endif
