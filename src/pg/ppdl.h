/*
 * What every file of the extension shares: raising core errors and what goes with it (report.c), settings (module.c,
 * owner_session.c), the schema (schema.c), the evaluator of a query and its threads (evaluator.c).
 */
#ifndef PPDL_PG_PPDL_H
#define PPDL_PG_PPDL_H

#include "pg/compat.h"
#include "fmgr.h"
#include "utils/memutils.h"

#include "base/error.h"
#include "ckks/crew.h"

/* settings (registered in module.c); reserved prefix "ppdl" */
extern bool ppdl_owner_mode;	/* ppdl.owner_mode, superuser only, off */
extern int	ppdl_threads_setting;	/* ppdl.threads, 0 = as many as there may be */
extern int	ppdl_max_threads;		/* ppdl.max_threads, superuser only, 0 = the processors */

/*
 * ereport(ERROR) with the SQLSTATE that fits err->code, message, detail, hint. PPDL_ERR_CANCELED ends in
 * CHECK_FOR_INTERRUPTS().
 */
extern void ppdl_report(const PpdlError *err) PPDL_NORETURN;
/* the same under another SQLSTATE: input functions have their own */
extern void ppdl_report_as(int sqlstate, const PpdlError *err) PPDL_NORETURN;

/*
 * Callbacks that the core calls (interrupts, keys) must not jump through it.  They run PostgreSQL code
 * between these two and return the status; the error is kept and raised again, as it was, by the
 * ppdl_report() that the returned status leads to.
 *
 *	PPDL_PROTECT(status, err, { ... });		status is a volatile PpdlStatus
 */
extern PpdlStatus ppdl_keep_error(PpdlError *err);
/* is there one that waits for its ppdl_report()? */
extern bool ppdl_error_is_kept(void);
/* PostgreSQL's code may run on no other */
extern bool ppdl_main_thread(void);
#define PPDL_PROTECT(status, err, ...) \
	do { \
		MemoryContext protect_context_ = CurrentMemoryContext; \
		PG_TRY(); \
		{ \
			__VA_ARGS__ \
		} \
		PG_CATCH(); \
		{ \
			MemoryContextSwitchTo(protect_context_); \
			(status) = ppdl_keep_error(err); \
		} \
		PG_END_TRY(); \
	} while (0)

/* PPDL_PG(expr): runs a core call that takes &err, reports failure, its own or one of its callbacks */
#define PPDL_PG(expr) \
	do { \
		if ((expr) != PPDL_OK || ppdl_error_is_kept()) \
			ppdl_report(&err); \
	} while (0)

/*
 * A NOTICE from anywhere, callbacks of the core included.  When sending it ends in an error (a cancel is noticed there,
 * too), the error is kept, and ends the work at the next poll.
 */
extern void ppdl_tell(const char *format, ...) pg_attribute_printf(1, 2);
/*
 * The same for progress, "what N of M, S s left": with an SQLSTATE of its own, by which the tool knows what to draw a
 * bar of.
 */
extern void ppdl_tell_progress(const char *format, ...) pg_attribute_printf(1, 2);
#define PPDL_ERRCODE_PROGRESS MAKE_SQLSTATE('0', '0', 'P', '0', '1')

/* a malloc'ed text as a palloc'ed one; the first is freed, whatever happens */
extern char *ppdl_take_text(char *text);

/* raises unless ppdl.owner_mode is on: "function %s takes a secret key and is for the owner's own machine" */
extern void ppdl_require_owner_mode(const char *function);

/*
 * Calls destroy(arg) when context is reset or deleted: the way core objects are tied to
 * PostgreSQL's memory contexts.  Returns a handle whose ->arg may be set to NULL to disarm.
 */
typedef struct PpdlGuard
{
	MemoryContextCallback callback;
	void		(*destroy) (void *arg);
	void	   *arg;
} PpdlGuard;
/* destroys now and disarms */
extern void ppdl_guard_release(PpdlGuard *guard);
extern PpdlGuard *ppdl_guard(MemoryContext context, void (*destroy) (void *arg), void *arg);

/* the schema ppdl is installed in, and its quoted name */
extern Oid	ppdl_schema(void);
extern const char *ppdl_schema_name(void);
extern Oid	ppdl_relation(const char *name);	/* a table or view of ours */

/*
 * PpdlEval.interrupted: true when the query is cancelled, the connection ends or the postmaster is gone; serves
 * PostgreSQL's other interrupts.  Once it was true, ppdl_report() has to follow.
 */
extern int	ppdl_pg_interrupted(void *arg);
/* the same, for objects of the core that outlive a call */
extern const PpdlPoll ppdl_pg_poll;

/* ppdl.threads, or the number of processors; no more than ppdl.max_threads (thread_count.c) */
extern int	ppdl_pg_threads(void);

/*
 * An evaluator with its own pool, for `ring`, keys of owner `fp` from ppdl_keys, interrupted by query cancel, one
 * thread for the row ring (ppdl.threads for the deep one); freed with `context`.
 */
extern PpdlEval *ppdl_pg_eval(MemoryContext context, uint8_t ring, const uint8_t fp[8]);

/*
 * ppdl_crew_run on so many threads for an evaluator of ppdl_pg_eval.  The backend keeps one crew for as long as
 * anybody, who joined it, may need it: until `context` is reset.  One job alone takes one of its evaluators, too, so
 * that scratch is kept once a backend, not with the state of each group.
 */
extern void ppdl_pg_join_crew(MemoryContext context);
/*
 * The threads for a function: ppdl.threads, or 1 where other processes of the same query work at the same time
 * (thread_count.c)
 */
extern int	ppdl_pg_threads_beside(FunctionCallInfo fcinfo);
extern PpdlStatus ppdl_pg_crew_run(PpdlEval *ev, int threads, int n, PpdlCrewJob job, void *arg, PpdlError *err);

#endif
