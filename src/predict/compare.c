#include "predict/compare.h"

/* bootstrapped values may be beyond 1 by their error, 2^-20 */
#define SHRINK (1 - 0x1p-19)

PpdlStatus
ppdl_compare_numbers(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double *threshold, int count, int levels,
					 double scale, PpdlError *err)
{
	PpdlStep   *step = ppdl_pool_get(ev->pool, sizeof(*step) * (size_t) (count + 1));
	PpdlCt		x = *in;
	PpdlStatus	status;

	*out = (PpdlCt) {0};
	if (step == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	x.scale /= SHRINK;
	for (int i = 0; i < count; i++)
		step[i] = (PpdlStep) {threshold[i] * SHRINK, i % 2 == 0 ? 1 : -1};
	status = ppdl_ct_compare(ev, out, &x, step, count, levels, scale, err);
	ppdl_pool_put(ev->pool, step);
	if (status == PPDL_OK)
		out->bound = 1 + 2 * count * PPDL_COMPARE_ERROR;
	return status;
}

PpdlStatus
ppdl_compare_numbers_first(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlFineSet *set, PpdlError *err)
{
	double	   *threshold = ppdl_pool_get(ev->pool, sizeof(*threshold) * (size_t) (set->count + 1));
	PpdlFineSet shrunk = *set;
	PpdlCt		x = *in;
	PpdlStatus	status;

	*out = (PpdlCt) {0};
	if (threshold == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	x.scale /= SHRINK;
	for (int i = 0; i < set->count; i++)
		threshold[i] = set->threshold[i] * SHRINK;
	shrunk.threshold = threshold;
	status = ppdl_ct_compare_first(ev, out, &x, &shrunk, err);
	ppdl_pool_put(ev->pool, threshold);
	return status;
}
