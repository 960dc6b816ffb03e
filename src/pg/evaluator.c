#include "pg/keys.h"

#include <malloc.h>

#include "access/parallel.h"
#include "base/mem.h"
#include "base/threads.h"
#include "ckks/crew.h"
#include "rows/keyplan.h"

typedef struct QueryEval
{
	PpdlEval	ev;
	PpdlPool   *pool;
	PpdlThreads *threads;
	bool		ready,
				deep;			/* of the deep ring */
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
	/* gigabytes, in pieces between which malloc keeps what is free */
	if (q->deep)
		malloc_trim(0);
}

/* the crew that all evaluators of a backend share; goes with the last of them */
static PpdlCrew *crew = NULL;
static int	crew_users = 0;
static bool crew_works = false;

static void
leave_crew(void *arg)
{
	if (--crew_users > 0)
		return;
	ppdl_crew_destroy(crew);
	crew = NULL;
}

/* of so many threads; NULL when it works already, or there are no more to be had */
static PpdlStatus
get_crew(PpdlCrew **out, int threads, PpdlError *err)
{
	PpdlStatus	status;

	*out = NULL;
	if (crew_works)
		return PPDL_OK;
	if (crew != NULL && ppdl_crew_threads(crew) != threads)
	{
		ppdl_crew_destroy(crew);
		crew = NULL;
	}
	if (crew == NULL)
	{
		status = ppdl_crew_create(&crew, threads, err);
		if (status != PPDL_OK)
			return status == PPDL_ERR_IO ? PPDL_OK : status;
	}
	*out = crew;
	return PPDL_OK;
}

void
ppdl_pg_join_crew(MemoryContext context)
{
	crew_users++;
	ppdl_guard(context, leave_crew, &crew_users);
}

PpdlStatus
ppdl_pg_crew_run(PpdlEval *ev, int threads, int n, PpdlCrewJob job, void *arg, PpdlError *err)
{
	PpdlCrew   *workers;
	PpdlStatus	status;

	/* one job takes whatever crew there is, so that scratch is the backend's and not each group's */
	PPDL_TRY(get_crew(&workers, n > 1 ? threads : ppdl_crew_threads(crew), err));
	/* nothing below jumps */
	crew_works |= workers != NULL;
	status = ppdl_crew_run(workers, ev, n, job, arg, err);
	if (workers != NULL)
		crew_works = false;
	return status;
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
	q->deep = ring == PPDL_RING_DEEP;
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
