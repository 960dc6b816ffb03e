/*
 * What training makes small, output by output, summed over the outputs; labels y lie in [-1,1].
 *
 * Squared: (o - y)^2 / 2, o = p(z) the output, p its activation.
 *
 * Logistic: the cross entropy of the probability that is asked for, (y + 1)/2, and the one that the output stands for,
 * (tanh(z) + 1)/2 of an output with tanh and sigmoid(z) of one with sigmoid.  Its derivative by z is tanh(z) - y or
 * sigmoid(z) - (y + 1)/2, with the activation's polynomial in the place of the function: no slope of the polynomial is
 * needed (Kim, Song, Kim, Lee, Cheon 2018; Bonte and Vercauteren 2018).
 */
#ifndef PPDL_NET_LOSS_H
#define PPDL_NET_LOSS_H

#include "net/net.h"

typedef enum PpdlLoss
{
	PPDL_LOSS_SQUARED,
	PPDL_LOSS_LOGISTIC
} PpdlLoss;

/* "squared", "logistic" */
const char *ppdl_loss_name(PpdlLoss loss);
/* 0: there is none of that name */
int			ppdl_loss_from_name(PpdlLoss *loss, const char *name);

/* PPDL_ERR_ARGUMENT unless the outputs' activation goes with it: sigmoid or tanh with the logistic loss */
PpdlStatus	ppdl_loss_check(PpdlLoss loss, const PpdlNet *net, PpdlError *err);

/* what an output with the logistic loss is to be for label y: y for tanh, (y + 1)/2 for sigmoid */
double		ppdl_logistic_target(const PpdlActivation *act, double y);

/* of one output with activation act, value o = p(z) and label y */
double		ppdl_loss_value(PpdlLoss loss, const PpdlActivation *act, double z, double o, double y);
/* its derivative by z */
double		ppdl_loss_slope(PpdlLoss loss, const PpdlActivation *act, double z, double o, double y);

#endif
