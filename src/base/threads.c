#include "base/threads.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define ATTEND_NS 1000000		/* between two calls of attend */

struct PpdlThreads
{
	int			count;			/* with the caller */
	pthread_t  *worker;			/* count - 1 */
	pthread_mutex_t lock;
	pthread_cond_t start,
				done;
	void		(*fn) (void *arg, int i);
	void	   *arg;
	int			n,
				next,			/* next task to hand out (atomic) */
				busy;			/* workers still inside the current loop */
	unsigned	round;			/* one more for each loop */
	int			quit;
};

static void
tasks(PpdlThreads *t)
{
	int			i;

	while ((i = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED)) < t->n)
		t->fn(t->arg, i);
}

static void *
work(void *arg)
{
	PpdlThreads *t = arg;
	unsigned	seen = 0;

	for (;;)
	{
		pthread_mutex_lock(&t->lock);
		while (t->round == seen && !t->quit)
			pthread_cond_wait(&t->start, &t->lock);
		seen = t->round;
		pthread_mutex_unlock(&t->lock);
		if (t->quit)
			return NULL;
		tasks(t);
		pthread_mutex_lock(&t->lock);
		if (--t->busy == 0)
			pthread_cond_signal(&t->done);
		pthread_mutex_unlock(&t->lock);
	}
}

PpdlStatus
ppdl_threads_create(PpdlThreads **out, int threads, PpdlError *err)
{
	PpdlThreads *t;
	pthread_condattr_t monotonic;
	sigset_t	all,
				old;
	int			rc = 0;

	*out = NULL;
	if (threads < 1 || threads > 256)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "number of threads %d is not between 1 and 256", threads);
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->worker = calloc((size_t) threads, sizeof(pthread_t));
	if (t == NULL || t->worker == NULL)
	{
		free(t);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->start, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&t->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
	t->count = 1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (t->count < threads && rc == 0)
	{
		rc = pthread_create(&t->worker[t->count - 1], NULL, work, t);
		if (rc == 0)
			t->count++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0)
	{
		ppdl_threads_destroy(t);
		return ppdl_error(err, PPDL_ERR_IO, "could not start a worker thread");
	}
	*out = t;
	return PPDL_OK;
}

void
ppdl_threads_destroy(PpdlThreads *t)
{
	if (t == NULL)
		return;
	pthread_mutex_lock(&t->lock);
	t->quit = 1;
	pthread_cond_broadcast(&t->start);
	pthread_mutex_unlock(&t->lock);
	for (int i = 0; i < t->count - 1; i++)
		pthread_join(t->worker[i], NULL);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->start);
	pthread_cond_destroy(&t->done);
	free(t->worker);
	free(t);
}

int
ppdl_threads_count(const PpdlThreads *t)
{
	return t == NULL ? 1 : t->count;
}

/* with the lock: until all are done, which calls of attend, without it, only interrupt */
static void
wait_for_workers(PpdlThreads *t, void (*attend) (void *arg), void *arg)
{
	struct timespec until;

	while (t->busy > 0)
	{
		if (attend == NULL)
		{
			pthread_cond_wait(&t->done, &t->lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += ATTEND_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&t->done, &t->lock, &until);
		pthread_mutex_unlock(&t->lock);
		attend(arg);
		pthread_mutex_lock(&t->lock);
	}
}

void
ppdl_parallel_for_attended(PpdlThreads *t, int n, void (*fn) (void *arg, int i), void (*attend) (void *arg), void *arg)
{
	if (t == NULL || t->count == 1 || n <= 1)
	{
		for (int i = 0; i < n; i++)
			fn(arg, i);
		return;
	}
	pthread_mutex_lock(&t->lock);
	t->fn = fn;
	t->arg = arg;
	t->n = n;
	__atomic_store_n(&t->next, 0, __ATOMIC_RELAXED);
	t->busy = t->count - 1;
	t->round++;
	pthread_cond_broadcast(&t->start);
	pthread_mutex_unlock(&t->lock);
	tasks(t);
	pthread_mutex_lock(&t->lock);
	wait_for_workers(t, attend, arg);
	pthread_mutex_unlock(&t->lock);
}

void
ppdl_parallel_for(PpdlThreads *t, int n, void (*fn) (void *arg, int i), void *arg)
{
	ppdl_parallel_for_attended(t, n, fn, NULL, arg);
}
