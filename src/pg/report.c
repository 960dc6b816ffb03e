/*
 * Between the core's status codes and PostgreSQL's errors.
 */
#include "pg/ppdl.h"

#include <stdarg.h>
#include <unistd.h>

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"
#include "utils/memutils.h"

/* an error of PostgreSQL caught in a callback, on its way through the core */
static ErrorData *kept = NULL;
static bool kept_nomem = false; /* there was one, and no memory to keep it in */

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

/* nobody is left who would end this process, and none may start before it has ended */
static bool
postmaster_is_gone(void)
{
	return IsUnderPostmaster && !PostmasterIsAlive();
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
	if (kept_nomem)
	{
		kept_nomem = false;
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	}
	if (err->code == PPDL_ERR_CANCELED)
	{
		CHECK_FOR_INTERRUPTS();
		if (postmaster_is_gone())
			proc_exit(1);		/* as PostgreSQL does where it waits */
	}
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

/* a (sub)transaction that ends takes its error with it */
static void
forget_kept(void *arg)
{
	kept = NULL;
	kept_nomem = false;
}

/*
 * copies the error that was caught; an allocation that fails here, in a handler, would jump through the core after all
 */
static ErrorData *
copy_error(void)
{
	MemoryContextCallback *callback = MemoryContextAllocExtended(CurTransactionContext, sizeof(*callback),
																 MCXT_ALLOC_NO_OOM);
	ErrorData  *volatile copy = NULL;

	if (callback == NULL)
		return NULL;
	MemoryContextSwitchTo(CurTransactionContext);
	PG_TRY();
	{
		copy = CopyErrorData();
	}
	PG_CATCH();
	{
		copy = NULL;
	}
	PG_END_TRY();
	callback->func = forget_kept;
	callback->arg = NULL;
	MemoryContextRegisterResetCallback(CurTransactionContext, callback);
	return copy;
}

PpdlStatus
ppdl_keep_error(PpdlError *err)
{
	MemoryContext old = CurrentMemoryContext;
	ErrorData  *copy = copy_error();

	FlushErrorState();
	MemoryContextSwitchTo(old);
	if (kept == NULL)			/* the first is the cause of what follows */
		kept = copy;
	kept_nomem = kept == NULL;
	return ppdl_error(err, PPDL_ERR_CANCELED, "%s", kept != NULL && kept->message ? kept->message :
					  "error in PostgreSQL");
}

bool
ppdl_error_is_kept(void)
{
	return kept != NULL || kept_nomem;
}

static void tell(int code, const char *format, va_list args) pg_attribute_printf(2, 0);

static void
tell(int code, const char *format, va_list args)
{
	volatile PpdlStatus status = PPDL_OK;
	char		message[512];

	vsnprintf(message, sizeof(message), format, args);
	PPDL_PROTECT(status, NULL, {
		ereport(NOTICE, (errcode(code), errmsg_internal("%s", message)));
	});
	(void) status;
}

void
ppdl_tell(const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	tell(ERRCODE_SUCCESSFUL_COMPLETION, format, args);
	va_end(args);
}

void
ppdl_tell_progress(const char *format, ...)
{
	va_list		args;

	va_start(args, format);
	tell(PPDL_ERRCODE_PROGRESS, format, args);
	va_end(args);
}

char *
ppdl_take_text(char *text)
{
	size_t		size = strlen(text) + 1;
	char	   *copy = MemoryContextAllocExtended(CurrentMemoryContext, size, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);

	if (copy != NULL)
		memcpy(copy, text, size);
	free(text);
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return copy;
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

	if (!INTERRUPTS_PENDING_CONDITION() && !ppdl_error_is_kept() && !postmaster_is_gone())
		return 0;
	if (!ppdl_main_thread())
		return 0;
	if (ppdl_error_is_kept() || postmaster_is_gone())
		return 1;
	/* ends the process, which had better be when the core has let go of its threads and files */
	if (ProcDiePending && InterruptHoldoffCount == 0 && CritSectionCount == 0)
		return 1;
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
