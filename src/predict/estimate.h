/*
 * Private to the floor: what errors do on their way through a network, known before anything is computed.
 *
 * A prediction's error is a sum of independent small ones: of the rows as they come, and of each stage's rounding and
 * key switching.  One that is made at the units of a stage reaches the outputs multiplied by the slopes of all that
 * follows: Jacobians, found by reverse accumulation (Griewank and Walther 2008, ch. 3) at many inputs within [-1,1]:
 * inside, in corners, in the corners where units are largest, and in those that output and slopes lead up to, as slopes
 * of polynomials are steepest there.  What counts is the largest length of a row of a Jacobian that any of them has.
 * Products of norms of layers, in its place, lose several bits a layer.
 */
#ifndef PPDL_PREDICT_ESTIMATE_H
#define PPDL_PREDICT_ESTIMATE_H

#include "predict/plan.h"

/* after a step; a quadratic step counts as two: its forms, then the outputs */
typedef struct PpdlReach
{
	/*
	 * errors of deviation 1 of all its units, real and imaginary parts, lead to this one, of the output that has most;
	 * more where errors of few slots decide, whose distribution has long tails
	 */
	double		gain,
				rms,			/* of its units' values, root mean square, at the inputs where that is most */
				most;			/* of |value| */
} PpdlReach;

typedef struct PpdlEstimate
{
	double		input_gain,		/* of errors of the inputs, of deviation 1 */
				input_slots_gain;	/* of inputs that come as slots, two in each */
	int			count;			/* of reaches */
	PpdlReach	reach[PPDL_MAX_STEPS + 1];
} PpdlEstimate;

/*
 * slots: of a row, unit u being in slot u % slots.
 * PPDL_ERR_RANGE when inputs within [-1,1] were found that leave the interval of an activation so far that its
 * polynomial explodes: says which layer, how far, and what to do; PPDL_ERR_CANCELED.  poll may be NULL.
 */
PpdlStatus	ppdl_estimate_create(PpdlEstimate *est, const PpdlPlan *plan, int slots, const PpdlPoll *poll,
								 PpdlError *err);

#endif
