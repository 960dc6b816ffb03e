#include "pg/gram_state.h"

#include "predict/gram.h"

#define FLAT_MAGIC 0x3147474C	/* "LGG1" */

typedef struct GramState
{
	PpdlSlotState s;
	PpdlGramLayout lay;
} GramState;

static const PpdlGramLayout *
layout(const PpdlSlotState *state)
{
	return &((const GramState *) state)->lay;
}

static PpdlStatus
prepare(PpdlSlotState *state, PpdlError *err)
{
	if (state->shape.limbs != 0 && state->shape.limbs != PPDL_GRAM_ROWS_LIMBS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of lwe_gram");
	return ppdl_gram_layout(&((GramState *) state)->lay, state->shape.width, state->width_y, err);
}

static PpdlStatus
form(const PpdlSlotState *state, double packed_scale, PpdlPackedSlotsForm *out, PpdlError *err)
{
	*out = (PpdlPackedSlotsForm) {.in_scale = packed_scale, .scale = PPDL_GRAM_SLOT_SCALE, .left = PPDL_GRAM_LIMBS};
	return PPDL_OK;
}

static void
init(const PpdlSlotState *state, void *sums)
{
	ppdl_gram_init(sums, layout(state));
}

static void
release(void *sums, PpdlEval *ev)
{
	ppdl_gram_release(sums, ev);
}

static PpdlStatus
add(const PpdlSlotState *state, void *sums, PpdlEval *ev, const PpdlPacked *packed, const PpdlCt *slots,
	PpdlError *err)
{
	return ppdl_gram_add(sums, ev, slots, NULL, packed->rows, err);
}

static PpdlStatus
join(void *into, PpdlEval *ev, const void *from, PpdlError *err)
{
	return ppdl_gram_join(into, ev, from, err);
}

static PpdlStatus
merge(void *sums, PpdlEval *ev, PpdlError *err)
{
	return ppdl_gram_merge(sums, ev, err);
}

static PpdlStatus
save(const void *sums, PpdlWriter *w, PpdlError *err)
{
	return ppdl_gram_save(sums, w, err);
}

static PpdlStatus
load(void *sums, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	return ppdl_gram_load(sums, ev, r, err);
}

static double
rows(const void *sums)
{
	return ((const PpdlGram *) sums)->rows;
}

static PpdlStatus
write_sums(const PpdlSlotState *state, const void *sums, PpdlWriter *w, PpdlError *err)
{
	return ppdl_gram_write(sums, state->ev, &state->shape, w, err);
}

/* sums go with the pool of ev */
static PpdlStatus
write_deep(const PpdlSlotState *state, PpdlEval *ev, const PpdlHalfBoot *hb, PpdlProgress progress, void *arg,
		   PpdlWriter *w, PpdlError *err)
{
	PpdlGram   *gram = palloc(sizeof(*gram));

	ppdl_gram_init(gram, layout(state));
	PPDL_TRY(ppdl_gram_add_lifted(gram, ev, hb, state->deep, progress, arg, err));
	PPDL_TRY(ppdl_gram_merge(gram, ev, err));
	return ppdl_gram_write(gram, ev, &state->shape, w, err);
}

static const PpdlSlotKind gram_kind = {
	.agg = PPDL_SLOT_AGG_KIND("lwe_gram_state", "second moments of encrypted rows", sizeof(GramState)),
	.name = "lwe_gram",
	.what = "second moments",
	.deep_rows = "compact rows, and of rows with labels,",
	.deep_hint = " Full rows of one column do without them: they take those for predict.",
	.magic = FLAT_MAGIC,
	.prepare = prepare,
	.form = form,
	.sums_size = sizeof(PpdlGram),
	.init = init,
	.release = release,
	.add = add,
	.join = join,
	.merge = merge,
	.save = save,
	.load = load,
	.rows = rows,
	.write = write_sums,
	.write_deep = write_deep,
};

PPDL_AGG_STATE_TYPE(lwe_gram_state, &gram_kind.agg);
PPDL_SQL_FUNCTION(lwe_gram_combine, ppdl_agg_state_combine(fcinfo, &gram_kind.agg));

PpdlSlotState *
ppdl_gram_state_argument(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_or_new(fcinfo, &gram_kind.agg);
}

PpdlSlotState *
ppdl_gram_state_final(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_final(fcinfo, 0, &gram_kind.agg);
}

/* full rows of one column stay in the row ring */
void
ppdl_gram_state_add(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y, FunctionCallInfo fcinfo)
{
	const bool	row_ring = y == NULL && x->par->id == PPDL_RING_ROW && x->limbs >= PPDL_GRAM_ROWS_LIMBS;

	if (!ppdl_slot_state_has_begun(state))
		ppdl_slot_state_begin(state, x, y, row_ring ? PPDL_GRAM_ROWS_LIMBS : 0);
	ppdl_slot_state_add(state, x, y, fcinfo);
}
