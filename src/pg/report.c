/*
 * Between the core's status codes and PostgreSQL's errors.
 */
#include "pg/ppdl.h"

#include <unistd.h>

#include "miscadmin.h"
#include "utils/memutils.h"

/* an error of PostgreSQL caught in a callback, on its way through the core */
static ErrorData *kept = NULL;

static int
sqlstate_of(PpdlStatus code)
{
	switch (code)
	{
		case PPDL_ERR_NOMEM:
			return ERRCODE_OUT_OF_MEMORY;
		case PPDL_ERR_ARGUMENT:
		case PPDL_ERR_KEY:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case PPDL_ERR_FORMAT:
		case PPDL_ERR_SCALE:
		case PPDL_ERR_PRECISION:
			return ERRCODE_DATA_EXCEPTION;
		case PPDL_ERR_VERSION:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case PPDL_ERR_LEVEL:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case PPDL_ERR_RANGE:
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
		case PPDL_ERR_IO:
			return ERRCODE_IO_ERROR;
		case PPDL_ERR_CRYPTO:
			return ERRCODE_EXTERNAL_ROUTINE_EXCEPTION;
		case PPDL_ERR_CANCELED:
			return ERRCODE_QUERY_CANCELED;
		default:
			return ERRCODE_INTERNAL_ERROR;
	}
}

void
ppdl_report_as(int sqlstate, const PpdlError *err)
{
	ErrorData  *caught = kept;

	if (caught != NULL)
	{
		kept = NULL;
		ReThrowError(caught);
	}
	if (err->code == PPDL_ERR_CANCELED)
		CHECK_FOR_INTERRUPTS();
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", err->message),
			 err->detail[0] ? errdetail_internal("%s", err->detail) : 0,
			 err->hint[0] ? errhint("%s", err->hint) : 0));
}

void
ppdl_report(const PpdlError *err)
{
	ppdl_report_as(sqlstate_of(err->code), err);
}

static void
forget_kept(void *arg)
{
	kept = NULL;
}

PpdlStatus
ppdl_keep_error(PpdlError *err)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	MemoryContextCallback *callback = palloc(sizeof(*callback));

	kept = CopyErrorData();
	FlushErrorState();
	callback->func = forget_kept;
	callback->arg = NULL;
	MemoryContextRegisterResetCallback(TopTransactionContext, callback);
	MemoryContextSwitchTo(old);
	return ppdl_error(err, PPDL_ERR_CANCELED, "%s", kept->message ? kept->message : "error in PostgreSQL");
}

bool
ppdl_main_thread(void)
{
	return gettid() == getpid();
}

int
ppdl_pg_interrupted(void *arg)
{
	volatile PpdlStatus status = PPDL_OK;

	if (!INTERRUPTS_PENDING_CONDITION() || !ppdl_main_thread())
		return 0;
	PPDL_PROTECT(status, NULL, {
		CHECK_FOR_INTERRUPTS();
	});
	return status != PPDL_OK;
}

const PpdlPoll ppdl_pg_poll = {ppdl_pg_interrupted, NULL};

static void
run_guard(void *arg)
{
	PpdlGuard  *guard = arg;
	void	   *object = guard->arg;

	guard->arg = NULL;
	if (object != NULL)
		guard->destroy(object);
}

PpdlGuard *
ppdl_guard(MemoryContext context, void (*destroy) (void *arg), void *arg)
{
	PpdlGuard  *guard = MemoryContextAllocExtended(context, sizeof(PpdlGuard), MCXT_ALLOC_NO_OOM);

	if (guard == NULL)
	{
		destroy(arg);
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	guard->destroy = destroy;
	guard->arg = arg;
	guard->callback.func = run_guard;
	guard->callback.arg = guard;
	MemoryContextRegisterResetCallback(context, &guard->callback);
	return guard;
}

void
ppdl_guard_release(PpdlGuard *guard)
{
	run_guard(guard);
}
