/* Comparisons of numbers in conditions. */
#include "predict/where_impl.h"

int
ppdl_where_number_levels(const PpdlParams *par)
{
	(void) par;
	return 0;
}

PpdlStatus
ppdl_where_compare(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, double threshold, PpdlError *err)
{
	(void) in;
	(void) threshold;
	out->b = out->a = NULL;
	return ppdl_error(err, PPDL_ERR_LEVEL, "ring %s compares no numbers", ev->par->name);
}
