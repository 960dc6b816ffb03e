#include "nn/slots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rows/cipher.h"

#define MAX_PERIOD 2048

static PpdlStatus
check_shape(const PpdlNet *net, PpdlError *err)
{
	if (net->nlayers != 2 || net->layer[0].act.degree != 2 || net->layer[1].act.degree != 1 ||
		net->layer[1].act.coef[0] != 0 || net->layer[1].act.coef[1] != 1)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "this network cannot be trained on encrypted rows");
		return ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
								 "Encrypted training takes one hidden layer with an activation of degree 2 (quadratic, square, poly) and an output layer with activation identity.");
	}
	return PPDL_OK;
}

static void
complete_square(PpdlSlotLayout *lay, const PpdlActivation *act)
{
	const double c2 = act->coef[2],
				c1 = act->coef[1],
				c0 = act->coef[0];

	lay->sign = c2 < 0 ? -1 : 1;
	lay->r = sqrt(fabs(c2));
	lay->k0 = c1 * lay->r / (2 * c2);
	lay->kappa = c0 - c1 * c1 / (4 * c2);
}

PpdlStatus
ppdl_slot_layout(PpdlSlotLayout *lay, const PpdlParams *par, const PpdlNet *net, int width, PpdlError *err)
{
	PPDL_TRY(check_shape(net, err));
	if (width != net->inputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network takes %d inputs, the rows have %d values", net->inputs, width);
	memset(lay, 0, sizeof(*lay));
	lay->par = par;
	lay->inputs = net->inputs;
	lay->units = net->layer[0].units;
	lay->classes = net->layer[1].units;
	lay->bias = net->bias;
	lay->logk = ppdl_log2_width(width);
	if (lay->logk == 0)
		lay->logk = 1;
	lay->logd = ppdl_log2_width(lay->inputs + lay->bias);
	if (lay->logd < lay->logk)
		lay->logd = lay->logk;
	lay->logh = ppdl_log2_width(lay->units + lay->bias);
	lay->logc = ppdl_log2_width(lay->classes);
	while (lay->logd + lay->logh + lay->logc < 4)	/* the sparse bootstrap's smallest period */
		lay->logh++;
	lay->period = (size_t) 1 << (lay->logd + lay->logh + lay->logc);
	if (lay->period > MAX_PERIOD)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "this network is too wide to be trained on encrypted rows");
		ppdl_error_detail(err, PPDL_ERR_ARGUMENT,
						  "Inputs, hidden units and outputs, each rounded up to a power of two%s, come to %d x %d x %d = %zu; the limit is %d.",
						  lay->bias ? " with one more for the bias" : "", 1 << lay->logd, 1 << lay->logh, 1 << lay->logc, lay->period, MAX_PERIOD);
		if (lay->bias)
			ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "\"bias\": false saves room when inputs or units are a power of two.");
		return PPDL_ERR_ARGUMENT;
	}
	lay->rows = par->slots / lay->period;
	complete_square(lay, &net->layer[0].act);
	return PPDL_OK;
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

void
ppdl_slots_from_net(const PpdlSlotLayout *lay, const PpdlNet *net, double complex *w)
{
	const PpdlLayer *hidden = &net->layer[0],
			   *out = &net->layer[1];
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;

	memset(w, 0, lay->period * sizeof(*w));
	for (int c = 0; c < 1 << lay->logc; c++)
		for (size_t j = 0; j < h; j++)
		{
			double complex *at = w + ((size_t) c * h + j) * d;
			double		w2 = 0;

			if ((int) j < lay->units)
			{
				for (int f = 0; f < lay->inputs; f++)
					at[ppdl_slot_of_input(lay, f)] = hidden->w[j * (size_t) lay->inputs + (size_t) f];
				if (lay->bias)
					at[ppdl_slot_of_input(lay, lay->inputs)] = hidden->bias[j];
			}
			if (c < lay->classes)
				w2 = (int) j < lay->units ? out->w[(size_t) c * (size_t) lay->units + j]
					: (int) j == lay->units && lay->bias ? out->bias[c] : 0;
			for (size_t i = 0; i < d; i++)
				at[i] += w2 * I;
		}
}

PpdlStatus
ppdl_slots_to_net(const PpdlSlotLayout *lay, const double complex *w, PpdlNet *net, PpdlError *err)
{
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;
	const int	count = ppdl_net_weight_count(net);
	double	   *flat = calloc((size_t) count, sizeof(double)),
			   *p = flat;
	PpdlStatus	status;

	if (flat == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int j = 0; j < lay->units; j++)
		for (int f = 0; f < lay->inputs; f++)
			*p++ = creal(w[(size_t) j * d + ppdl_slot_of_input(lay, f)]);
	for (int j = 0; j < lay->units; j++)
		*p++ = lay->bias ? creal(w[(size_t) j * d + ppdl_slot_of_input(lay, lay->inputs)]) : 0;
	for (int c = 0; c < lay->classes; c++)
		for (int j = 0; j < lay->units; j++)
			*p++ = cimag(w[((size_t) c * h + (size_t) j) * d]);
	for (int c = 0; c < lay->classes; c++)
		*p++ = lay->bias ? cimag(w[((size_t) c * h + (size_t) lay->units) * d]) : 0;
	status = ppdl_net_set_weights(net, flat, count, err);
	free(flat);
	return status;
}
