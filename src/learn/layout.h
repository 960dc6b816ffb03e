/*
 * How a network with at most two hidden layers lies in the slots of the deep ring during training (algorithms.md, 7.2
 * to 7.4).  Without any:
 *
 *   slot = row*period + output*d + input,   period = outputs*d,
 *
 * and weights are one ciphertext of that period, W[output, input].  With one:
 *
 *   slot = row*period + output*(h*d) + unit*d + input,   period = outputs*h*d,
 *
 * inputs, units and outputs each padded to a power of two, as everywhere.  With a bias, input
 * `inputs` is the constant 1 and unit `units` the constant activation 1.  Weights
 * are one ciphertext of that period: W1[unit, input] + i*w2[output, unit], so that
 * one sparse bootstrap refreshes all of them.
 *
 * With two hidden layers:
 *
 *   slot = row*period + output*(h1*d) + unit1*d + (input | unit2),   period = outputs*h1*d,  d >= inputs, units2.
 *
 * Products with W1 are summed over the low axis, products with W2 over the high one, products with w3 over the
 * low one again, so that nothing is ever transposed.  Weights are two ciphertexts: W1[unit1, input] +
 * i*W2[unit2, unit1], equal for all outputs, and w3[output, unit2], equal for all unit1.  With a bias, the constant
 * units are number `units` and `units2`.
 *
 * Input slot i of a row of k values holds value f with i = (f >= k/2)*k/2 + bitrev(f mod k/2).
 */
#ifndef PPDL_LEARN_LAYOUT_H
#define PPDL_LEARN_LAYOUT_H

#include "base/complex.h"
#include "ckks/ct.h"
#include "net/loss.h"
#include "net/net.h"

/* c[0] + c[1] z + ... + c[degree] z^degree: an activation takes degree - 1 levels */
#define PPDL_MAX_SLOT_DEGREE 3
typedef struct PpdlSlotPoly
{
	int			degree;
	double		c[PPDL_MAX_SLOT_DEGREE + 1];
} PpdlSlotPoly;

/*
 * The outputs' polynomial: sum_k cheb[k]*T_k((z - mid)/radius); degree 0: they are z.  Weights and inputs are laid out
 * so that outputs come to it as z/radius.
 */
typedef struct PpdlSlotOutput
{
	int			degree,
				levels,
				halved;			/* a sigmoid: its labels are (y + 1)/2 */
	double		mid,
				radius;			/* 1 without a polynomial */
	double complex cheb[PPDL_MAX_ACT_DEGREE + 1];
} PpdlSlotOutput;

#define PPDL_MAX_WEIGHT_CTS 2

typedef struct PpdlSgdScheme PpdlSgdScheme;	/* step_scheme.h */

typedef struct PpdlSlotLayout
{
	const PpdlParams *par;		/* deep ring */
	int			inputs,
				units,			/* first hidden layer, 0: there is none */
				units2,			/* second hidden layer, 0: there is none */
				outputs,
				bias;			/* 1: constant input and constant unit */
	int			logk;			/* values a row, padded, as encrypted */
	int			logd,
				logh,
				log_outputs;
	size_t		period,
				rows;			/* rows a ciphertext: slots / period */
	const PpdlSgdScheme *scheme;	/* of no, one or two hidden layers */
	int			nweights,		/* ciphertexts of weights */
				step_levels,	/* limbs that a training step takes from the weights */
				predict_levels; /* ... and a prediction */
	PpdlSlotPoly act[2];		/* of each hidden layer */
	PpdlSlotOutput out;
	double		input_divisor;	/* inputs of a tile, the constant one, too, are divided by it: out.radius or 1 */
} PpdlSlotLayout;

/*
 * PPDL_ERR_ARGUMENT says what a network must look like for encrypted training: at most two hidden layers with
 * activations of degree 2 or 3, which count by their highest coefficient that is not 0 and have it at 1/256 or more,
 * and an output layer with identity, tanh or sigmoid; and the limits: period <= 2048 slots, step_levels <
 * PPDL_BOOT_WORK_LIMBS.  width: values a row as encrypted, = net->inputs.
 */
PpdlStatus	ppdl_slot_layout(PpdlSlotLayout *lay, const PpdlParams *par, const PpdlNet *net, int width, PpdlError *err);

/*
 * PPDL_ERR_ARGUMENT unless the loss can be trained on encrypted rows: squared with identity outputs, logistic with tanh
 * and sigmoid
 */
PpdlStatus	ppdl_slot_check_loss(const PpdlNet *net, PpdlLoss loss, PpdlError *err);

/* input slot of value f */
size_t		ppdl_slot_of_input(const PpdlSlotLayout *lay, int f);

/* weights of the network <-> one period of slots of each weight ciphertext, nweights*period in all */
PpdlStatus	ppdl_slots_from_net(const PpdlSlotLayout *lay, const PpdlNet *net, double complex *w, PpdlError *err);
PpdlStatus	ppdl_slots_to_net(const PpdlSlotLayout *lay, const double complex *w, PpdlNet *net, PpdlError *err);

/* largest real or imaginary part, in absolute value, of n slots */
double		ppdl_slots_largest(const double complex *w, size_t n);

#endif
