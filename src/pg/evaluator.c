#include "pg/keys.h"

#include <unistd.h>

#include "access/parallel.h"
#include "base/mem.h"
#include "base/threads.h"
#include "rows/keyplan.h"

typedef struct QueryEval
{
	PpdlEval	ev;
	PpdlPool   *pool;
	PpdlThreads *threads;
	bool		ready;
	uint8_t		fp[8];
} QueryEval;

static void
destroy_eval(void *arg)
{
	QueryEval  *q = arg;

	if (q->ready)
		ppdl_eval_fini(&q->ev);
	ppdl_threads_destroy(q->threads);
	ppdl_pool_destroy(q->pool);
}

int
ppdl_pg_threads(void)
{
	long		most = ppdl_max_threads > 0 ? ppdl_max_threads : Max(1, sysconf(_SC_NPROCESSORS_ONLN));

	most = Min(most, 256);
	return (int) (ppdl_threads_setting > 0 ? Min(ppdl_threads_setting, most) : most);
}

/* the rotations of the deep ring that owners publish keys for; made once a process */
static const PpdlRotationSet *
deep_rotations(const PpdlParams *par)
{
	static PpdlRotationSet *set = NULL;
	PpdlError	err;

	if (set == NULL)
	{
		int			count;
		const PpdlRotationKey *key = ppdl_keyplan_deep_rotations(&count);

		PPDL_PG(ppdl_rotset_create(&set, par, key, count, &err));
	}
	return set;
}

PpdlEval *
ppdl_pg_eval(MemoryContext context, uint8_t ring, const uint8_t fp[8])
{
	QueryEval  *q = MemoryContextAllocZero(context, sizeof(QueryEval));
	const PpdlParams *par;
	PpdlError	err;

	memcpy(q->fp, fp, sizeof(q->fp));
	ppdl_guard(context, destroy_eval, q);
	PPDL_PG(ppdl_params_get(ring, &par, &err));
	q->pool = ppdl_pool_create();
	if (q->pool == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (ring == PPDL_RING_DEEP && !IsParallelWorker() && ppdl_pg_threads() > 1)
		PPDL_PG(ppdl_threads_create(&q->threads, ppdl_pg_threads(), &err));
	PPDL_PG(ppdl_eval_init(&q->ev, par, q->pool, q->threads, &err));
	q->ready = true;
	q->ev.get_key = ppdl_pg_get_key;
	q->ev.get_key_arg = q->fp;
	q->ev.interrupted = ppdl_pg_interrupted;
	if (ring == PPDL_RING_DEEP)
		q->ev.rotations = deep_rotations(par);
	return &q->ev;
}
