#include "ckks/crew.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FOUND 256			/* keys remembered; any further one is asked for each time */

/* a key that a thread waits for */
typedef struct Request
{
	struct Request *next;
	uint8_t		ring;
	uint32_t	id;
	int			limbs;
	int			answered;
	const PpdlSwitchKey *key;
	PpdlStatus	status;
	PpdlError	err;
} Request;

struct PpdlCrew
{
	PpdlThreads *threads;
	int			count;
	PpdlPool  **pool;			/* one an evaluator */
	PpdlEval   *ev;

	/* the run */
	PpdlEval   *caller;
	pthread_t	calling;
	PpdlCrewJob job;
	void	   *arg;
	int			n,
				next,			/* job to hand out (atomic) */
				stop;			/* (atomic) */

	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t answer;
	Request    *requests;
	const PpdlSwitchKey *found[MAX_FOUND];
	int			nfound;
	PpdlStatus	status;			/* the first error */
	PpdlError	err;
};

/* ---- life ---- */

static PpdlStatus
init(PpdlCrew *crew, int threads, PpdlError *err)
{
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->answer, NULL);
	PPDL_TRY(ppdl_threads_create(&crew->threads, threads, err));
	crew->pool = calloc((size_t) threads, sizeof(crew->pool[0]));
	crew->ev = calloc((size_t) threads, sizeof(crew->ev[0]));
	if (crew->pool == NULL || crew->ev == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (; crew->count < threads; crew->count++)
	{
		crew->pool[crew->count] = ppdl_pool_create();
		if (crew->pool[crew->count] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_crew_create(PpdlCrew **out, int threads, PpdlError *err)
{
	PpdlCrew   *crew = calloc(1, sizeof(*crew));
	PpdlStatus	status;

	*out = NULL;
	if (crew == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = init(crew, threads, err);
	if (status == PPDL_OK)
		*out = crew;
	else
		ppdl_crew_destroy(crew);
	return status;
}

void
ppdl_crew_destroy(PpdlCrew *crew)
{
	if (crew == NULL)
		return;
	ppdl_threads_destroy(crew->threads);
	for (int i = 0; i < crew->count; i++)
		ppdl_pool_destroy(crew->pool[i]);
	pthread_mutex_destroy(&crew->lock);
	pthread_cond_destroy(&crew->answer);
	free(crew->pool);
	free(crew->ev);
	free(crew);
}

int
ppdl_crew_threads(const PpdlCrew *crew)
{
	return crew == NULL ? 1 : crew->count;
}

size_t
ppdl_crew_bytes(const PpdlCrew *crew)
{
	size_t		bytes = 0;

	for (int i = 0; crew != NULL && i < crew->count; i++)
		bytes += ppdl_pool_bytes(crew->pool[i]);
	return bytes;
}

/* ---- the calling thread's side ---- */

static void
fail(PpdlCrew *crew, PpdlStatus status, const PpdlError *err)
{
	pthread_mutex_lock(&crew->lock);
	if (crew->status == PPDL_OK)
	{
		crew->status = status;
		crew->err = *err;
	}
	__atomic_store_n(&crew->stop, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&crew->lock);
}

/* with the lock; NULL when it is not known yet */
static const PpdlSwitchKey *
look_up(const PpdlCrew *crew, uint32_t id, int limbs)
{
	for (int i = 0; i < crew->nfound; i++)
		if (crew->found[i]->id == id && crew->found[i]->limbs >= limbs)
			return crew->found[i];
	return NULL;
}

/* the lock is not held while the caller's source works */
static PpdlStatus
ask_source(PpdlCrew *crew, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	PpdlEval   *ev = crew->caller;

	if (ev->get_key == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "no source of keys for switching key %u", id);
	PPDL_TRY(ev->get_key(ev->get_key_arg, ring, id, limbs, key, err));
	pthread_mutex_lock(&crew->lock);
	if (*key != NULL && crew->nfound < MAX_FOUND && look_up(crew, id, limbs) == NULL)
		crew->found[crew->nfound++] = *key;
	pthread_mutex_unlock(&crew->lock);
	return PPDL_OK;
}

static void
answer(PpdlCrew *crew, Request *r)
{
	if (__atomic_load_n(&crew->stop, __ATOMIC_RELAXED))
		r->status = ppdl_error(&r->err, PPDL_ERR_CANCELED, "canceled");
	else
		r->status = ask_source(crew, r->ring, r->id, r->limbs, &r->key, &r->err);
	pthread_mutex_lock(&crew->lock);
	r->answered = 1;
	pthread_cond_broadcast(&crew->answer);
	pthread_mutex_unlock(&crew->lock);
}

static Request *
next_request(PpdlCrew *crew)
{
	Request    *r;

	pthread_mutex_lock(&crew->lock);
	r = crew->requests;
	if (r != NULL)
		crew->requests = r->next;
	pthread_mutex_unlock(&crew->lock);
	return r;
}

static void
attend(void *arg)
{
	PpdlCrew   *crew = arg;
	const PpdlEval *ev = crew->caller;
	PpdlError	err;
	Request    *r;

	if (!__atomic_load_n(&crew->stop, __ATOMIC_RELAXED) && ev->interrupted != NULL &&
		ev->interrupted(ev->interrupted_arg))
		fail(crew, ppdl_error(&err, PPDL_ERR_CANCELED, "canceled"), &err);
	while ((r = next_request(crew)) != NULL)
		answer(crew, r);
}

/* ---- the evaluators' side ---- */

static int
is_calling(const PpdlCrew *crew)
{
	return pthread_equal(pthread_self(), crew->calling);
}

static int
interrupted(void *arg)
{
	PpdlCrew   *crew = arg;

	if (is_calling(crew))
		attend(crew);
	return __atomic_load_n(&crew->stop, __ATOMIC_RELAXED);
}

static PpdlStatus
get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *err)
{
	PpdlCrew   *crew = arg;
	Request		r = {.ring = ring, .id = id, .limbs = limbs};

	pthread_mutex_lock(&crew->lock);
	r.key = look_up(crew, id, limbs);
	if (r.key == NULL && !is_calling(crew))
	{
		r.next = crew->requests;
		crew->requests = &r;
		while (!r.answered)
			pthread_cond_wait(&crew->answer, &crew->lock);
	}
	pthread_mutex_unlock(&crew->lock);
	if (r.key == NULL && !r.answered)
		return ask_source(crew, ring, id, limbs, key, err);
	if (r.status != PPDL_OK && err != NULL)
		*err = r.err;
	*key = r.key;
	return r.status;
}

static void
work(void *arg, int task)
{
	PpdlCrew   *crew = arg;
	int			i;

	while (!__atomic_load_n(&crew->stop, __ATOMIC_RELAXED) &&
		   (i = __atomic_fetch_add(&crew->next, 1, __ATOMIC_RELAXED)) < crew->n)
	{
		PpdlError	err = {0};
		PpdlStatus	status = crew->job(crew->arg, i, &crew->ev[task], &err);

		if (status != PPDL_OK)
			fail(crew, status, &err);
	}
}

/* ---- a run ---- */

static PpdlStatus
run_alone(PpdlEval *caller, int n, PpdlCrewJob job, void *arg, PpdlError *err)
{
	for (int i = 0; i < n; i++)
		PPDL_TRY(job(arg, i, caller, err));
	return PPDL_OK;
}

static PpdlStatus
begin(PpdlCrew *crew, PpdlEval *caller, int n, PpdlCrewJob job, void *arg, PpdlError *err)
{
	crew->caller = caller;
	crew->calling = pthread_self();
	crew->job = job;
	crew->arg = arg;
	crew->n = n;
	crew->next = crew->stop = crew->nfound = 0;
	crew->requests = NULL;
	crew->status = PPDL_OK;
	for (int i = 0; i < crew->count; i++)
	{
		PpdlEval   *ev = &crew->ev[i];

		PPDL_TRY(ppdl_eval_init(ev, caller->par, crew->pool[i], NULL, err));
		ev->get_key = get_key;
		ev->interrupted = interrupted;
		ev->get_key_arg = ev->interrupted_arg = crew;
		ev->rotations = caller->rotations;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_crew_run(PpdlCrew *crew, PpdlEval *caller, int n, PpdlCrewJob job, void *arg, PpdlError *err)
{
	if (crew == NULL)
		return run_alone(caller, n, job, arg, err);
	PPDL_TRY(begin(crew, caller, n, job, arg, err));
	ppdl_parallel_for_attended(crew->threads, crew->count, work, attend, crew);
	for (int i = 0; i < crew->count; i++)
	{
		caller->keyswitches += crew->ev[i].keyswitches;
		caller->products += crew->ev[i].products;
	}
	if (crew->status != PPDL_OK && err != NULL)
		*err = crew->err;
	return crew->status;
}
