/* lwe_gram: the second moments of encrypted rows. */
#include "pg/cipher_datum.h"
#include "pg/gram_state.h"
#include "pg/keys.h"
#include "pg/watch.h"

#include "utils/datum.h"

PG_FUNCTION_INFO_V1(lwe_gram_trans);
PG_FUNCTION_INFO_V1(lwe_gram_labels_trans);
PG_FUNCTION_INFO_V1(lwe_gram_final);

/* rows without a value, or with a label of none, do not count */
static Datum
take_row(FunctionCallInfo fcinfo, int columns)
{
	PpdlGramState *state = ppdl_gram_state_argument(fcinfo);
	PpdlCipher	x,
				y;

	for (int i = 1; i <= columns; i++)
		if (PG_ARGISNULL(i))
			return ppdl_agg_state_result(&state->agg);
	ppdl_cipher_from_datum(&x, PG_GETARG_CIPHER_PP(1));
	if (columns == 2)
		ppdl_cipher_from_datum(&y, PG_GETARG_CIPHER_PP(2));
	ppdl_gram_state_add(state, &x, columns == 2 ? &y : NULL, fcinfo);
	return ppdl_agg_state_result(&state->agg);
}

Datum
lwe_gram_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 1);
}

Datum
lwe_gram_labels_trans(PG_FUNCTION_ARGS)
{
	return take_row(fcinfo, 2);
}

/* ---- the deep ring ---- */

typedef struct DeepGram
{
	const PpdlGramState *state;
	PpdlEval   *ev;
	PpdlHalfBoot *hb;
	PpdlGram	gram;
	PpdlWatch	watch;
} DeepGram;

static void
destroy_halfboot(void *arg)
{
	ppdl_halfboot_destroy(((DeepGram *) arg)->hb);
}

/* PpdlProgress */
static void
tell(void *arg, uint64_t done, uint64_t total, const char *what)
{
	DeepGram   *d = arg;
	double		left = ppdl_watch_left(&d->watch, done, total);

	if (left >= 0)
		ppdl_tell_progress("second moments in the deep ring: %s %llu of %llu, %.0f s left", what,
						   (unsigned long long) done, (unsigned long long) total, left);
}

static struct varlena *
run_deep(const PpdlGramState *state)
{
	DeepGram   *d = palloc0(sizeof(DeepGram));
	PpdlWriter	w;
	PpdlError	err;

	d->state = state;
	ppdl_watch_start(&d->watch, PPDL_WATCH_QUERY);
	/* the evaluator goes after what is made of it */
	d->ev = ppdl_pg_eval(CurrentMemoryContext, PPDL_RING_DEEP, state->shape.fingerprint);
	ppdl_guard(CurrentMemoryContext, destroy_halfboot, d);
	ppdl_gram_init(&d->gram, &state->lay);
	PPDL_PG(ppdl_halfboot_create(&d->hb, d->ev, &err));
	PPDL_PG(ppdl_gram_add_lifted(&d->gram, d->ev, d->hb, state->deep, tell, d, &err));
	PPDL_PG(ppdl_gram_merge(&d->gram, d->ev, &err));
	ppdl_writer_init(&w);
	return ppdl_cipher_result(ppdl_gram_write(&d->gram, d->ev, &state->shape, &w, &err), &w, &err);
}

/* in a context that goes at once: the deep ring takes gigabytes */
static struct varlena *
finish_deep(const PpdlGramState *state)
{
	MemoryContext caller = CurrentMemoryContext,
				context = AllocSetContextCreate(caller, "lwe_gram deep", ALLOCSET_DEFAULT_SIZES);
	struct varlena *result;

	MemoryContextSwitchTo(context);
	result = run_deep(state);
	MemoryContextSwitchTo(caller);
	result = (struct varlena *) DatumGetPointer(datumCopy(PointerGetDatum(result), false, -1));
	MemoryContextDelete(context);
	return result;
}

Datum
lwe_gram_final(PG_FUNCTION_ARGS)
{
	PpdlGramState *state = ppdl_gram_state_final(fcinfo);
	PpdlWriter	w;
	PpdlError	err;

	if (state->next == 0)
		PG_RETURN_NULL();
	if (state->deep != NULL)
		PG_RETURN_POINTER(finish_deep(state));
	ppdl_gram_state_finish(state, fcinfo);
	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_gram_write(state->gram, state->ev, &state->shape, &w, &err), &w, &err));
}
