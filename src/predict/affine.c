#include "predict/plan.h"

#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_affine_create(PpdlAffine *a, int inputs, int units, PpdlError *err)
{
	a->inputs = inputs;
	a->units = units;
	a->w = calloc((size_t) inputs * units, sizeof(double));
	a->bias = calloc(units, sizeof(double));
	if (a->w == NULL || a->bias == NULL)
	{
		ppdl_affine_free(a);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a %d x %d layer", units, inputs);
	}
	return PPDL_OK;
}

void
ppdl_affine_free(PpdlAffine *a)
{
	free(a->w);
	free(a->bias);
	a->w = a->bias = NULL;
}

PpdlStatus
ppdl_affine_compose(PpdlAffine *a, const PpdlAffine *b, const PpdlPoll *poll, PpdlError *err)
{
	PpdlAffine	c;

	PPDL_TRY(ppdl_affine_create(&c, a->inputs, b->units, err));
	for (int u = 0; u < b->units; u++)
	{
		double	   *row = c.w + (size_t) u * c.inputs;
		PpdlStatus	status = ppdl_poll(poll, err);

		if (status != PPDL_OK)
		{
			ppdl_affine_free(&c);
			return status;
		}
		c.bias[u] = b->bias[u];
		for (int v = 0; v < b->inputs; v++)
		{
			double		f = b->w[(size_t) u * b->inputs + v];
			const double *from = a->w + (size_t) v * a->inputs;

			if (f == 0)			/* most weights of a convolution */
				continue;
			c.bias[u] += f * a->bias[v];
			for (int i = 0; i < a->inputs; i++)
				row[i] += f * from[i];
		}
	}
	ppdl_affine_free(a);
	*a = c;
	return PPDL_OK;
}
