#include "net/loss.h"

#include <math.h>
#include <string.h>

#include "net/activation.h"

static const char *const names[] = {[PPDL_LOSS_SQUARED] = "squared", [PPDL_LOSS_LOGISTIC] = "logistic"};

const char *
ppdl_loss_name(PpdlLoss loss)
{
	return names[loss];
}

int
ppdl_loss_from_name(PpdlLoss *loss, const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
		{
			*loss = (PpdlLoss) i;
			return 1;
		}
	return 0;
}

static int
is_sigmoid(const PpdlActivation *act)
{
	return strcmp(act->name, "sigmoid") == 0;
}

PpdlStatus
ppdl_loss_check(PpdlLoss loss, const PpdlNet *net, PpdlError *err)
{
	const PpdlActivation *act = &net->layer[net->nlayers - 1].act;

	if (loss == PPDL_LOSS_SQUARED || is_sigmoid(act) || strcmp(act->name, "tanh") == 0)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "training options: the logistic loss takes outputs with tanh or sigmoid, "
			   "the output layer of this network has %s", act->name);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Give the output layer {\"name\": \"tanh\", \"degree\": 3, \"interval\": [-2, 2]}, or leave "
						   "\"loss\" out.");
}

double
ppdl_logistic_target(const PpdlActivation *act, double y)
{
	return is_sigmoid(act) ? (y + 1) / 2 : y;
}

/* log(1 + exp(z)) */
static double
softplus(double z)
{
	return fmax(z, 0) + log1p(exp(-fabs(z)));
}

double
ppdl_loss_value(PpdlLoss loss, const PpdlActivation *act, double z, double o, double y)
{
	if (loss == PPDL_LOSS_SQUARED)
		return (o - y) * (o - y) / 2;
	return is_sigmoid(act) ? softplus(z) - (y + 1) / 2 * z : softplus(2 * z) - (y + 1) * z;
}

double
ppdl_loss_slope(PpdlLoss loss, const PpdlActivation *act, double z, double o, double y)
{
	if (loss == PPDL_LOSS_SQUARED)
		return (o - y) * ppdl_activation_slope(act, z);
	return o - ppdl_logistic_target(act, y);
}
