/*
 * Several evaluators of one ring, one a thread, for whole pieces of work that are independent: a piece costs no meeting
 * of threads, as splitting its transforms over them would.
 *
 * What may only be asked for by the thread that wants the work, keys and whether to go on, the others ask for through
 * it: it answers between its own key switches, and while it waits.
 */
#ifndef PPDL_CKKS_CREW_H
#define PPDL_CKKS_CREW_H

#include "ckks/eval.h"

typedef struct PpdlCrew PpdlCrew;

/* on one thread, with an evaluator that nobody else uses until it returns */
typedef PpdlStatus (*PpdlCrewJob) (void *arg, int i, PpdlEval *ev, PpdlError *err);

/* threads includes the caller; 1..256.  They and the evaluators' pools stay until the crew is destroyed. */
PpdlStatus	ppdl_crew_create(PpdlCrew **out, int threads, PpdlError *err);
void		ppdl_crew_destroy(PpdlCrew *crew);	/* NULL is allowed */
int			ppdl_crew_threads(const PpdlCrew *crew);	/* 1 for NULL */
size_t		ppdl_crew_bytes(const PpdlCrew *crew);	/* of the pools */

/*
 * job(arg, i, ev, err) for 0 <= i < n, in any order.  ev is of the ring of `caller` and has its rotations; keys come
 * from the caller's source, each asked for once a run, and `caller->interrupted` is asked as ever, both by the calling
 * thread alone; key switches are counted in `caller`.  The first error ends the run: other jobs are interrupted, or not
 * begun. What a job leaves in ev's pool may be released there, by the calling thread, until the next run.  Without a
 * crew (NULL) jobs run one after the other, ev being `caller`.
 */
PpdlStatus	ppdl_crew_run(PpdlCrew *crew, PpdlEval *caller, int n, PpdlCrewJob job, void *arg, PpdlError *err);

/*
 * Pieces of work dealt to jobs as evenly as can be: job i has those from this one on, up to the first of job i + 1.
 */
static inline int
ppdl_crew_first(int i, int jobs, int pieces)
{
	return (int) ((int64_t) i * pieces / jobs);
}

#endif
