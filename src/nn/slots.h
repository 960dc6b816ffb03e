/*
 * How a network with one hidden layer lies in the slots of the deep ring during
 * training (crypto: one SGD step in slots):
 *
 *   slot = row*period + class*(h*d) + unit*d + input,   period = classes*h*d,
 *
 * inputs, units and classes each padded to a power of two.  With a bias, input
 * `inputs` is the constant 1 and unit `units` the constant activation 1.  Weights
 * are one ciphertext of that period: W1[unit, input] + i*w2[class, unit], so that
 * one sparse bootstrap refreshes all of them.
 *
 * Input slot i of a row of k values holds value f with i = (f >= k/2)*k/2 + bitrev(f mod k/2).
 */
#ifndef PPDL_NN_SLOTS_H
#define PPDL_NN_SLOTS_H

#include <complex.h>

#include "ckks/ct.h"
#include "nn/net.h"

typedef struct PpdlSlotLayout
{
	const PpdlParams *par;		/* deep ring */
	int			inputs,
				units,
				classes,
				bias;			/* 1: constant input and constant unit */
	int			logk;			/* values a row, padded, as encrypted */
	int			logd,
				logh,
				logc;
	size_t		period,
				rows;			/* rows a ciphertext: slots / period */
	/* activation c2 u^2 + c1 u + c0 = sign*(r*u + k0)^2 + kappa */
	double		r,
				k0,
				kappa,
				sign;
} PpdlSlotLayout;

/*
 * PPDL_ERR_ARGUMENT says what a network must look like for encrypted training: one hidden layer with an
 * activation of degree 2, an output layer with identity; and the limits: period <= 2048 slots.
 * width: values a row as encrypted, = net->inputs.
 */
PpdlStatus	ppdl_slot_layout(PpdlSlotLayout *lay, const PpdlParams *par, const PpdlNet *net, int width, PpdlError *err);

/* input slot of value f */
size_t		ppdl_slot_of_input(const PpdlSlotLayout *lay, int f);

/* weights of the network <-> one period of slots W1 + i*w2 */
void		ppdl_slots_from_net(const PpdlSlotLayout *lay, const PpdlNet *net, double complex *w);
PpdlStatus	ppdl_slots_to_net(const PpdlSlotLayout *lay, const double complex *w, PpdlNet *net, PpdlError *err);

#endif
