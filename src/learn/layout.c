#include "learn/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/boot.h"
#include "ckks/polyeval.h"
#include "learn/step_scheme.h"
#include "net/activation.h"
#include "rows/cipher.h"

#define MAX_PERIOD 2048
#define MIN_LEADING 0x1p-8

static PpdlStatus
untrainable(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "this network cannot be trained on encrypted rows");
}

static PpdlStatus
check_activation(const PpdlActivation *act, int layer, PpdlError *err)
{
	const int	degree = ppdl_activation_degree(act);

	if (degree < 2 || degree > PPDL_MAX_SLOT_DEGREE)
	{
		untrainable(err);
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "The activation of hidden layer %d, %s, has degree %d; "
								 "encrypted training takes degree 2 and 3.",
								 layer + 1, act->name, degree);
	}
	if (fabs(act->coef[degree]) < MIN_LEADING)
	{
		untrainable(err);
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "The activation of hidden layer %d has %.3g z^%d; "
								 "a highest coefficient below 1/%.0f would drown in the noise.",
								 layer + 1, act->coef[degree], degree, 1 / MIN_LEADING);
	}
	return PPDL_OK;
}

static int
is_identity(const PpdlActivation *act)
{
	return act->degree == 1 && act->coef[0] == 0 && act->coef[1] == 1;
}

static PpdlStatus
check_output(const PpdlActivation *act, PpdlError *err)
{
	if (is_identity(act))
		return PPDL_OK;
	if (strcmp(act->name, "sigmoid") != 0 && strcmp(act->name, "tanh") != 0)
	{
		untrainable(err);
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "The activation of the output layer is %s; encrypted training takes identity, or tanh "
								 "or sigmoid with the logistic loss.",
								 act->name);
	}
	if (ppdl_activation_degree(act) < 1)
	{
		untrainable(err);
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "The activation of the output layer, %s, is constant on [%g, %g].", act->name, act->lo,
								 act->hi);
	}
	return PPDL_OK;
}

static PpdlStatus
check_dense(const PpdlNet *net, PpdlError *err)
{
	for (int l = 0; l < net->nlayers; l++)
	{
		if (net->layer[l].kind == PPDL_LAYER_DENSE)
			continue;
		untrainable(err);
		ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
						  "Layer %d is %s; encrypted weights are of dense layers only.", l + 1,
						  net->layer[l].kind == PPDL_LAYER_CONV2D ? "conv2d" : "a pool");
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
							   "A dense network on features of the images, or on 8 x 8 or 16 x 16 pixels, can be; "
							   "this one can be trained in the clear and predict on encrypted rows.");
	}
	return PPDL_OK;
}

static PpdlStatus
check_shape(const PpdlNet *net, int width, PpdlError *err)
{
	if (net->nlayers > 3)
	{
		untrainable(err);
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "It has %d hidden layers; encrypted training takes two at most.", net->nlayers - 1);
	}
	for (int l = 0; l < net->nlayers - 1; l++)
		PPDL_TRY(check_activation(&net->layer[l].act, l, err));
	PPDL_TRY(check_output(&net->layer[net->nlayers - 1].act, err));
	if (width != net->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network takes %d inputs, the rows have %d values", net->inputs,
						  width);
	if (width < 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "encrypted training takes rows of two values or more");
	return PPDL_OK;
}

static PpdlSlotPoly
slot_poly(const PpdlActivation *act)
{
	PpdlSlotPoly p = {.degree = ppdl_activation_degree(act)};

	memcpy(p.c, act->coef, sizeof(p.c));
	return p;
}

static PpdlStatus
check_period(const PpdlSlotLayout *lay, PpdlError *err)
{
	if (lay->period <= MAX_PERIOD)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "this network is too wide to be trained on encrypted rows");
	if (lay->units == 0)
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "Inputs and outputs, each rounded up to a power of two%s, come to %d x %d = %zu; "
								 "the limit is %d.", lay->bias ? " with one more input for the bias" : "",
								 1 << lay->logd, 1 << lay->log_outputs, lay->period, MAX_PERIOD);
	ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
					  "Inputs%s, hidden units and outputs, each rounded up to a power of two%s, come to %d x %d x %d = "
					  "%zu; the limit is %d.",
					  lay->units2 ? " or units of the second hidden layer" : "",
					  lay->bias ? " with one more for the bias" : "",
					  1 << lay->logd, 1 << lay->logh, 1 << lay->log_outputs, lay->period, MAX_PERIOD);
	if (lay->bias)
		ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "\"bias\": false saves room when inputs or units are a power of two.");
	return PPDL_ERR_ARGUMENT;
}

static PpdlStatus
check_levels(const PpdlSlotLayout *lay, PpdlError *err)
{
	const int	left = PPDL_BOOT_WORK_LIMBS - 1;
	char		output[64] = "";

	if (lay->step_levels <= left)
		return PPDL_OK;
	untrainable(err);
	if (lay->out.degree > 0)
		snprintf(output, sizeof(output), " and outputs of degree %d", lay->out.degree);
	ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
					  "With hidden layers of degree %d and %d%s a training step takes %d levels, "
					  "and a bootstrap leaves %d.",
					  lay->act[0].degree, lay->act[1].degree, output, lay->step_levels, left);
	if (lay->out.degree > 0)
		ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						"Outputs with tanh or sigmoid go with one hidden layer or none; with two, use identity.");
	return PPDL_ERR_ARGUMENT;
}

static int
max_int(int a, int b)
{
	return a > b ? a : b;
}

PpdlStatus
ppdl_slot_check_loss(const PpdlNet *net, PpdlLoss loss, PpdlError *err)
{
	const PpdlActivation *out = &net->layer[net->nlayers - 1].act;

	PPDL_TRY(ppdl_loss_check(loss, net, err));
	if (loss == PPDL_LOSS_LOGISTIC || is_identity(out))
		return PPDL_OK;
	untrainable(err);
	ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
					  "The activation of the output layer is %s; the squared loss takes identity there.", out->name);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Train with the option \"loss\": \"logistic\", which takes outputs with tanh or sigmoid.");
}

static PpdlSlotOutput
slot_output(const PpdlActivation *act)
{
	PpdlSlotOutput out = {.radius = 1};

	if (is_identity(act))
		return out;
	out.degree = ppdl_activation_degree(act);
	out.levels = ppdl_poly_levels(out.degree);
	out.halved = ppdl_logistic_target(act, 0) != 0;
	out.mid = (act->lo + act->hi) / 2;
	out.radius = (act->hi - act->lo) / 2;
	for (int k = 0; k <= out.degree; k++)
		out.cheb[k] = act->cheb[k];
	return out;
}

static const PpdlSgdScheme *const scheme_of[] = {&ppdl_sgd_no_hidden, &ppdl_sgd_one_hidden, &ppdl_sgd_two_hidden};

PpdlStatus
ppdl_slot_layout(PpdlSlotLayout *lay, const PpdlParams *par, const PpdlNet *net, int width, PpdlError *err)
{
	const int	hidden = net->nlayers - 1;

	PPDL_TRY(check_dense(net, err));
	PPDL_TRY(check_shape(net, width, err));
	memset(lay, 0, sizeof(*lay));
	lay->par = par;
	lay->inputs = net->inputs;
	lay->units = hidden > 0 ? net->layer[0].units : 0;
	lay->units2 = hidden > 1 ? net->layer[1].units : 0;
	lay->outputs = ppdl_net_outputs(net);
	lay->bias = net->bias;
	lay->logk = ppdl_log2_width(width);
	lay->logd = max_int(lay->logk, ppdl_log2_width(lay->inputs + lay->bias));
	if (hidden > 1)
		lay->logd = max_int(lay->logd, ppdl_log2_width(lay->units2 + lay->bias));
	lay->logh = hidden > 0 ? ppdl_log2_width(lay->units + lay->bias) : 0;
	lay->log_outputs = ppdl_log2_width(lay->outputs);
	/* the sparse bootstrap's smallest period */
	while (lay->logd + lay->logh + lay->log_outputs < 4)
		*(hidden > 0 ? &lay->logh : &lay->logd) += 1;
	lay->period = (size_t) 1 << (lay->logd + lay->logh + lay->log_outputs);
	PPDL_TRY(check_period(lay, err));
	lay->rows = par->slots / lay->period;
	lay->scheme = scheme_of[hidden];
	lay->out = slot_output(&net->layer[hidden].act);
	lay->input_divisor = hidden > 0 ? 1 : lay->out.radius;
	lay->nweights = lay->scheme->nweights;
	lay->step_levels = lay->scheme->step_levels + lay->out.levels;
	lay->predict_levels = lay->scheme->predict_levels + lay->out.levels;
	for (int l = 0; l < hidden; l++)
	{
		lay->act[l] = slot_poly(&net->layer[l].act);
		lay->step_levels += lay->act[l].degree - 1;
		lay->predict_levels += lay->act[l].degree - 1;
	}
	return check_levels(lay, err);
}

size_t
ppdl_slot_of_input(const PpdlSlotLayout *lay, int f)
{
	const int	half = 1 << (lay->logk - 1);

	/* the bias goes to the place of a value that rows do not have, or behind all values */
	if (f >= 1 << lay->logk)
		return (size_t) f;
	return (size_t) (f >= half ? half : 0) + ppdl_bitrev((uint32_t) (f % half), lay->logk - 1);
}

/*
 * Every weight of the network and the place it has: kind 0: real part of slot `at` of the first ciphertext,
 * 1: its imaginary part, 2: real part of the second.  `copies` places, `stride` apart, hold the same.
 */
typedef struct Place
{
	int			kind;
	size_t		at,
				copies,
				stride;
} Place;

typedef void (*Visitor) (double complex *w, size_t period, const Place *p, double *weight);

static void
visit_first(const PpdlSlotLayout *lay, double complex *w, double *weight, double *bias, Visitor visit)
{
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	for (int j = 0; j < lay->units; j++)
		for (int f = 0; f < lay->inputs + lay->bias; f++)
		{
			Place		p = {0, (size_t) j * d + ppdl_slot_of_input(lay, f), (size_t) 1 << lay->log_outputs, d * h};

			visit(w, lay->period, &p, f < lay->inputs ? &weight[(size_t) j * (size_t) lay->inputs + (size_t) f] :
				  &bias[j]);
		}
}

/* W[c, f] without a hidden layer */
static void
visit_only(const PpdlSlotLayout *lay, double complex *w, double *weight, double *bias, Visitor visit)
{
	for (int c = 0; c < lay->outputs; c++)
		for (int f = 0; f < lay->inputs + lay->bias; f++)
		{
			Place		p = {0, ((size_t) c << lay->logd) + ppdl_slot_of_input(lay, f), 1, 0};

			visit(w, lay->period, &p, f < lay->inputs ? &weight[(size_t) c * (size_t) lay->inputs + (size_t) f] :
				  &bias[c]);
		}
}

/* output weights of one hidden layer: output c, unit j, at every input slot */
static void
visit_output(const PpdlSlotLayout *lay, double complex *w, double *weight, double *bias, Visitor visit)
{
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	for (int c = 0; c < lay->outputs; c++)
		for (int j = 0; j < lay->units + lay->bias; j++)
		{
			Place		p = {1, ((size_t) c * h + (size_t) j) * d, d, 1};

			visit(w, lay->period, &p, j < lay->units ? &weight[(size_t) c * (size_t) lay->units + (size_t) j] :
				  &bias[c]);
		}
}

/* W2[l, j] at (j, l) of every output */
static void
visit_second(const PpdlSlotLayout *lay, double complex *w, double *weight, double *bias, Visitor visit)
{
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	for (int l = 0; l < lay->units2; l++)
		for (int j = 0; j < lay->units + lay->bias; j++)
		{
			Place		p = {1, (size_t) j * d + (size_t) l, (size_t) 1 << lay->log_outputs, d * h};

			visit(w, lay->period, &p, j < lay->units ? &weight[(size_t) l * (size_t) lay->units + (size_t) j] :
				  &bias[l]);
		}
}

/* w3[c, l] at (c, j, l), every j */
static void
visit_third(const PpdlSlotLayout *lay, double complex *w, double *weight, double *bias, Visitor visit)
{
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	for (int c = 0; c < lay->outputs; c++)
		for (int l = 0; l < lay->units2 + lay->bias; l++)
		{
			Place		p = {2, (size_t) c * h * d + (size_t) l, h, d};

			visit(w, lay->period, &p, l < lay->units2 ? &weight[(size_t) c * (size_t) lay->units2 + (size_t) l] :
				  &bias[c]);
		}
}

/* flat: weights as ppdl_net_get_weights orders them */
static void
visit_all(const PpdlSlotLayout *lay, double complex *w, double *flat, Visitor visit)
{
	double	   *bias1 = flat + (size_t) lay->units * (size_t) lay->inputs,
			   *next = bias1 + lay->units,
			   *bias2;

	if (lay->units == 0)
	{
		visit_only(lay, w, flat, flat + (size_t) lay->outputs * (size_t) lay->inputs, visit);
		return;
	}
	visit_first(lay, w, flat, bias1, visit);
	if (lay->units2 == 0)
	{
		visit_output(lay, w, next, next + (size_t) lay->outputs * (size_t) lay->units, visit);
		return;
	}
	bias2 = next + (size_t) lay->units2 * (size_t) lay->units;
	visit_second(lay, w, next, bias2, visit);
	next = bias2 + lay->units2;
	visit_third(lay, w, next, next + (size_t) lay->outputs * (size_t) lay->units2, visit);
}

static void
write_slots(double complex *w, size_t period, const Place *p, double *weight)
{
	double complex v = p->kind == 1 ? *weight * I : *weight;

	for (size_t i = 0; i < p->copies; i++)
		w[(p->kind == 2 ? period : 0) + p->at + i * p->stride] += v;
}

static void
read_slots(double complex *w, size_t period, const Place *p, double *weight)
{
	double complex v = w[(p->kind == 2 ? period : 0) + p->at];

	*weight = p->kind == 1 ? cimag(v) : creal(v);
}

PpdlStatus
ppdl_slots_from_net(const PpdlSlotLayout *lay, const PpdlNet *net, double complex *w, PpdlError *err)
{
	double	   *flat = calloc((size_t) ppdl_net_weight_count(net), sizeof(double));

	if (flat == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_net_get_weights(net, flat);
	memset(w, 0, (size_t) lay->nweights * lay->period * sizeof(*w));
	visit_all(lay, w, flat, write_slots);
	free(flat);
	return PPDL_OK;
}

double
ppdl_slots_largest(const double complex *w, size_t n)
{
	double		most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, fmax(fabs(creal(w[i])), fabs(cimag(w[i]))));
	return most;
}

PpdlStatus
ppdl_slots_to_net(const PpdlSlotLayout *lay, const double complex *w, PpdlNet *net, PpdlError *err)
{
	const int	count = ppdl_net_weight_count(net);
	double	   *flat = calloc((size_t) count, sizeof(double));
	PpdlStatus	status;

	if (flat == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	visit_all(lay, (double complex *) w, flat, read_slots);
	status = ppdl_net_set_weights(net, flat, count, err);
	free(flat);
	return status;
}
