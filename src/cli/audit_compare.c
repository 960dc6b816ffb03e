#include "cli/audit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* -1: there is none that differs by more than what is allowed */
static int
worst_output(PpdlAuditSum *sum, const PpdlNet *net, const PpdlPredicted *p, const double *clear)
{
	int			worst = -1;
	double		most = 1;

	for (int i = 0; i < ppdl_net_outputs(net); i++)
	{
		const double d = fabs(p->value[i] - clear[i]),
					part = p->allowed > 0 ? d / p->allowed : d > 0 ? INFINITY : 0;

		if (!(part <= most))
		{
			worst = i;
			most = part;
		}
		if (part > sum->largest)
		{
			sum->largest = part;
			sum->difference = d;
			sum->allowed = p->allowed;
		}
	}
	return worst;
}

PpdlStatus
ppdl_audit_compare(PpdlAuditSum *sum, const PpdlNet *net, const PpdlPredicted *p, const PpdlValues *x, char why[256],
				   PpdlError *err)
{
	PpdlStatus	status;
	double	   *clear;
	int			bad;

	if (x->width != net->inputs || x->nrows != 1 || x->held != 1)
		return ppdl_error(err, PPDL_ERR_SCALE, "a row of %d values, where the model has %d inputs", x->width,
						  net->inputs);
	clear = calloc((size_t) ppdl_net_outputs(net), sizeof *clear);
	if (clear == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_net_predict(net, x->v, clear, err);
	why[0] = 0;
	sum->checked++;
	if (status == PPDL_OK && (bad = worst_output(sum, net, p, clear)) >= 0)
		snprintf(why, 256, "output %d is %.9g, and %.9g in the clear (%.2g is allowed)", bad + 1, p->value[bad],
				 clear[bad], p->allowed);
	ppdl_free_secret(clear, (size_t) ppdl_net_outputs(net) * sizeof *clear);
	return status;
}
