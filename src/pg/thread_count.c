/*
 * How many threads work may take: what the settings say, and one where other processes of the query work as well.
 */
#include "pg/ppdl.h"

#include <unistd.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "nodes/execnodes.h"

int
ppdl_pg_threads(void)
{
	long		most = ppdl_max_threads > 0 ? ppdl_max_threads : Max(1, sysconf(_SC_NPROCESSORS_ONLN));

	most = Min(most, 256);
	return (int) (ppdl_threads_setting > 0 ? Min(ppdl_threads_setting, most) : most);
}

/* does an aggregate's other half run elsewhere? */
static bool
is_partial(FunctionCallInfo fcinfo)
{
	return fcinfo->context != NULL && IsA(fcinfo->context, AggState) &&
		DO_AGGSPLIT_SKIPFINAL(((AggState *) fcinfo->context)->aggsplit);
}

int
ppdl_pg_threads_beside(FunctionCallInfo fcinfo)
{
	if (IsParallelWorker() || (IsInParallelMode() && is_partial(fcinfo)))
		return 1;
	return ppdl_pg_threads();
}
