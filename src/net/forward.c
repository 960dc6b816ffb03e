#include "net/forward.h"

#include <string.h>

#include "net/layer.h"

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
