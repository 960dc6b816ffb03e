#include "net/forward.h"

#include <string.h>

#include "net/activation.h"

void
ppdl_layer_forward(const PpdlLayer *layer, const double *in, double *z, double *a)
{
	for (int u = 0; u < layer->units; u++)
	{
		const double *w = layer->w + (size_t) u * layer->inputs;
		double		sum = layer->bias[u];

		for (int i = 0; i < layer->inputs; i++)
			sum += w[i] * in[i];
		z[u] = sum;
		a[u] = ppdl_activation_value(&layer->act, sum);
	}
}

void
ppdl_net_forward(const PpdlNet *net, int first, const double *in, double *out)
{
	double		buf[2][PPDL_MAX_UNITS];

	for (int l = first; l < net->nlayers; l++)
	{
		double	   *a = buf[l % 2];

		ppdl_layer_forward(&net->layer[l], in, a, a);
		in = a;
	}
	memcpy(out, in, sizeof(double) * (size_t) net->layer[net->nlayers - 1].units);
}
