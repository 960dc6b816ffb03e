#include "pg/where_state.h"

#include "access/parallel.h"

#include "pg/keys.h"
#include "pg/pinned.h"
#include "predict/where.h"
#include "rows/partner.h"

#define FLAT_MAGIC 0x3157474C	/* "LGW1" */

/* ---- prepared conditions: parsed, with tables of up to 4 MB; those in use, and the last one ---- */

typedef struct Prepared
{
	PpdlPinned	pinned;
	PpdlCondition *cond;
	PpdlWhere  *where;			/* of this ring and these widths */
	char	   *text;
	size_t		length;
} Prepared;

static void
destroy_prepared(PpdlPinned *item)
{
	Prepared   *p = (Prepared *) item;

	ppdl_where_destroy(p->where);
	ppdl_condition_destroy(p->cond);
	free(p->text);
	free(p);
}

static PpdlPinnedList prepared = {NULL, destroy_prepared};

typedef struct Wanted
{
	const PpdlParams *par;
	const char *text;
	size_t		length;
	int			width_on,
				width_values;	/* 0: the same column */
} Wanted;

static bool
is_wanted(const PpdlPinned *item, const Wanted *w)
{
	const Prepared *p = (const Prepared *) item;
	const int	width_values = p->where->columns == 2 ? p->where->values.width : 0;

	return p->where->par == w->par && p->where->on.width == w->width_on && width_values == w->width_values &&
		p->length == w->length && memcmp(p->text, w->text, w->length) == 0;
}

/* what is told of blurs */
typedef struct Blurs
{
	StringInfoData list;		/* " x[3] from 0.2416 to 0.2584," for each threshold, but where less was asked for */
	bool		meet,			/* two blurs of a value do */
				missed,			/* a distance that was asked for is not told */
				single;			/* of comparisons that could be composed */
} Blurs;

static void
describe_leaf(Blurs *b, const PpdlCondition *cond, const PpdlConditionLeaf *leaf)
{
	const int	digits = leaf->kind == PPDL_CONDITION_FINE ? 6 : 4;
	double		before = -2;

	for (int j = 0; j < leaf->count; j++)
	{
		double		below,
					above;

		ppdl_where_blur(cond, leaf, cond->threshold[leaf->first + j], &below, &above);
		b->meet |= j > 0 && below < before;
		before = above;
		appendStringInfo(&b->list, "%s x[%d] from %.*f to %.*f", b->list.len > 0 ? "," : "", leaf->index + 1, digits,
						 Max(below, -1), digits, Min(above, 1));
	}
	b->missed |= leaf->within > 0;
	b->single |= leaf->within == 0 && leaf->kind == PPDL_CONDITION_NUMBER;
}

/* what comparisons of numbers do not tell, each time that a condition is prepared */
static void
report_blurs(const PpdlCondition *cond)
{
	const int	levels = ppdl_where_comparison_levels(cond);
	Blurs		b = {.meet = false};

	if (cond->numbers == 0 || IsParallelWorker())
		return;
	initStringInfo(&b.list);
	for (int i = 0; i < cond->leaves; i++)
		if (!ppdl_where_tells(cond, &cond->leaf[i]))
			describe_leaf(&b, cond, &cond->leaf[i]);
	if (b.list.len > 0)
		ereport(b.meet || b.missed ? WARNING : NOTICE,
				(b.missed ? errmsg("values are to be told from thresholds at a distance that comparisons do not tell") :
				 b.meet ? errmsg("thresholds are nearer to each other than comparisons of %d levels can tell", levels) :
				 errmsg("rows near a threshold count in part: comparisons have %d levels", levels),
				 errdetail("Such values are%s.", b.list.data),
				 b.single ? errhint("Say how near is to be told, as in x[3] > 0.25 within 0.001, to have values "
									"compared twice; sum_where_plan shows what that takes.") : 0));
	pfree(b.list.data);
}

static PpdlStatus
make_prepared(Prepared **out, const Wanted *w, PpdlError *err)
{
	Prepared   *p = calloc(1, sizeof(*p));
	PpdlStatus	status;

	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	p->length = w->length;
	p->text = malloc(w->length + 1);
	if (p->text == NULL)
		PPDL_GOTO(fail, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	memcpy(p->text, w->text, w->length);
	PPDL_GOTO(fail, ppdl_condition_parse(&p->cond, w->text, w->length, err));
	PPDL_GOTO(fail, ppdl_where_check(p->cond, w->par, err));
	PPDL_GOTO(fail, ppdl_where_create(&p->where, w->par, p->cond, w->width_on, w->width_values, err));
	*out = p;
	return PPDL_OK;
fail:
	destroy_prepared(&p->pinned);
	return status;
}

/* pinned, for whom *out belongs to: telling of blurs may raise an error */
static PpdlStatus
find_prepared(Prepared **out, const Wanted *w, PpdlError *err)
{
	PpdlPinned *item = prepared.first;
	Prepared   *p;

	while (item != NULL && !is_wanted(item, w))
		item = item->next;
	p = (Prepared *) item;
	if (item == NULL)
		PPDL_TRY(make_prepared(&p, w, err));
	ppdl_pin(&prepared, &p->pinned);
	*out = p;
	if (item == NULL)
		report_blurs(p->cond);
	return PPDL_OK;
}

/* ---- the state ---- */

typedef struct WhereState
{
	PpdlSlotState s;
	PpdlWhereLabels labels;
	char	   *text;			/* of the condition, as all rows have it */
	uint32		length;
	Prepared   *prepared;		/* pinned; NULL before the first row */
} WhereState;

static const PpdlWhere *
where_of(const PpdlSlotState *state)
{
	return ((const WhereState *) state)->prepared->where;
}

static void
set_condition(WhereState *state, const char *text, size_t length, PpdlWhereLabels labels)
{
	state->text = MemoryContextAlloc(state->s.agg.hdr.eoh_context, length + 1);
	memcpy(state->text, text, length);
	state->length = (uint32) length;
	state->labels = labels;
}

static void
destroy(PpdlSlotState *state)
{
	Prepared   *p = ((WhereState *) state)->prepared;

	if (p != NULL)
		ppdl_unpin(&prepared, &p->pinned);
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of sum_where");
}

static PpdlStatus
prepare(PpdlSlotState *s, PpdlError *err)
{
	WhereState *state = (WhereState *) s;
	const int	second = s->width_y;
	Wanted		wanted = {.text = state->text, .length = state->length, .width_on = s->shape.width};

	if ((state->labels == PPDL_WHERE_NO_LABELS) != (second == 0))
		return malformed(err);
	if (state->labels == PPDL_WHERE_ON_LABELS)
	{
		wanted.width_on = second;
		wanted.width_values = s->shape.width;
	}
	else if (state->labels == PPDL_WHERE_VALUES_LABELS)
		wanted.width_values = second;
	PPDL_TRY(ppdl_params_get(s->shape.limbs > 0 ? PPDL_RING_ROW : PPDL_RING_DEEP, &wanted.par, err));
	PPDL_TRY(find_prepared(&state->prepared, &wanted, err));
	if (s->shape.limbs > 0 && s->shape.limbs != PPDL_PACKED_ROWS_LIMBS(state->prepared->where->limbs))
		return malformed(err);
	return PPDL_OK;
}

/* u8 labels, u32 length, the condition */
static PpdlStatus
save_head(const PpdlSlotState *s, PpdlWriter *w, PpdlError *err)
{
	const WhereState *state = (const WhereState *) s;

	ppdl_write_u8(w, (uint8_t) state->labels);
	ppdl_write_u32(w, state->length);
	ppdl_write_bytes(w, state->text, state->length);
	return PPDL_OK;
}

static PpdlStatus
load_head(PpdlSlotState *s, PpdlReader *r, PpdlError *err)
{
	const uint8_t labels = ppdl_read_u8(r);
	const uint32_t length = ppdl_read_u32(r);
	const uint8_t *text = ppdl_read_bytes(r, length);

	if (r->bad || labels > PPDL_WHERE_VALUES_LABELS || length > PPDL_CONDITION_MAX_LENGTH)
		return malformed(err);
	set_condition((WhereState *) s, (const char *) text, length, (PpdlWhereLabels) labels);
	return PPDL_OK;
}

static PpdlStatus
check_condition(const WhereState *state, const char *text, size_t length, PpdlWhereLabels labels, PpdlError *err)
{
	if (state->length != length || memcmp(state->text, text, length) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "sum_where takes one condition for all rows of a group");
	if (state->labels != labels)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "sum_where takes the same columns for all rows of a group");
	return PPDL_OK;
}

static PpdlStatus
join_head(PpdlSlotState *into_s, const PpdlSlotState *from_s, PpdlError *err)
{
	WhereState *into = (WhereState *) into_s;
	const WhereState *from = (const WhereState *) from_s;

	if (ppdl_slot_state_has_begun(into_s))
		return check_condition(into, from->text, from->length, from->labels, err);
	set_condition(into, from->text, from->length, from->labels);
	return PPDL_OK;
}

/* ---- the sums ---- */

static PpdlStatus
form(const PpdlSlotState *state, double packed_scale, PpdlPackedSlotsForm *out, PpdlError *err)
{
	*out = ppdl_where_slots_form(where_of(state), packed_scale);
	return ppdl_where_encode(((const WhereState *) state)->prepared->where, &ppdl_pg_poll, err);
}

static void
init(const PpdlSlotState *state, void *sums)
{
	ppdl_where_init(sums);
}

static void
release(void *sums, PpdlEval *ev)
{
	ppdl_where_release(sums, ev);
}

static PpdlStatus
add(const PpdlSlotState *state, void *sums, PpdlEval *ev, const PpdlPacked *packed, const PpdlCt *slots,
	PpdlError *err)
{
	return ppdl_where_add_packed(where_of(state), sums, ev, packed, slots, err);
}

static PpdlStatus
join(void *into, PpdlEval *ev, const void *from, PpdlError *err)
{
	return ppdl_where_join(into, ev, from, err);
}

static PpdlStatus
merge(void *sums, PpdlEval *ev, PpdlError *err)
{
	return ppdl_where_merge(sums, ev, err);
}

static PpdlStatus
save(const void *sums, PpdlWriter *w, PpdlError *err)
{
	return ppdl_where_save(sums, w, err);
}

static PpdlStatus
load(void *sums, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	return ppdl_where_load(sums, ev, r, err);
}

static double
rows(const void *sums)
{
	return ((const PpdlWhereSums *) sums)->rows;
}

static PpdlStatus
write_sums(const PpdlSlotState *state, const void *sums, PpdlWriter *w, PpdlError *err)
{
	return ppdl_where_write(where_of(state), sums, state->ev, &state->shape, w, err);
}

/* sums go with the pool of ev */
static PpdlStatus
write_deep(const PpdlSlotState *state, PpdlEval *ev, const PpdlHalfBoot *hb, PpdlProgress progress, void *arg,
		   PpdlWriter *w, PpdlError *err)
{
	const PpdlWhereSet set = {state->deep, ((const WhereState *) state)->labels};
	PpdlWhere  *where = ((const WhereState *) state)->prepared->where;
	PpdlWhereSums *sums = palloc(sizeof(*sums));

	ppdl_where_init(sums);
	PPDL_TRY(ppdl_where_encode(where, &ppdl_pg_poll, err));
	PPDL_TRY(ppdl_where_add_lifted(where, sums, ev, hb, &set, progress, arg, err));
	PPDL_TRY(ppdl_where_merge(sums, ev, err));
	return ppdl_where_write(where, sums, ev, &state->shape, w, err);
}

static const PpdlSlotKind where_kind = {
	.agg = PPDL_SLOT_AGG_KIND("lwe_where_state", "sums over a condition", sizeof(WhereState)),
	.name = "sum_where",
	.what = "sums over a condition",
	.deep_rows = "compact rows, and of two columns,",
	.deep_hint = " Full rows of one column do without them where the condition is simple: bits, and two levels of AND "
		"and OR.",
	.magic = FLAT_MAGIC,
	.destroy = destroy,
	.prepare = prepare,
	.save_head = save_head,
	.load_head = load_head,
	.join_head = join_head,
	.form = form,
	.sums_size = sizeof(PpdlWhereSums),
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

PPDL_AGG_STATE_TYPE(lwe_where_state, &where_kind.agg);
PPDL_SQL_FUNCTION(lwe_where_combine, ppdl_agg_state_combine(fcinfo, &where_kind.agg));

PpdlSlotState *
ppdl_where_state_argument(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_or_new(fcinfo, &where_kind.agg);
}

PpdlSlotState *
ppdl_where_state_final(FunctionCallInfo fcinfo)
{
	return ppdl_agg_state_final(fcinfo, 0, &where_kind.agg);
}

/* ---- rows ---- */

/*
 * Limbs that full rows of one column are collected with; 0 for the deep ring, which all others take.  Raises what the
 * row ring says where the deep ring's keys are not there either.
 */
static int
choose_ring(const PpdlCipher *values, const char *text, size_t length)
{
	const PpdlParams *row;
	PpdlCondition *cond;
	uint8_t		owner[PPDL_FINGERPRINT_BYTES];
	int			limbs = 0;
	PpdlStatus	status;
	PpdlError	err;

	PPDL_PG(ppdl_params_get(PPDL_RING_ROW, &row, &err));
	PPDL_PG(ppdl_condition_parse(&cond, text, length, &err));
	status = ppdl_where_check(cond, row, &err);
	if (status == PPDL_OK)
		limbs = PPDL_PACKED_ROWS_LIMBS(ppdl_where_limbs(cond));
	ppdl_condition_destroy(cond);
	/* the owner's keys serve its writers' rows */
	ppdl_key_owner(values->fingerprint, owner);
	if (status == PPDL_ERR_LEVEL && ppdl_key_serves(owner, PPDL_USE_TRAIN, PPDL_RING_ROW))
		return 0;
	PPDL_PG(status);
	return limbs <= values->limbs ? limbs : 0;
}

/* the narrower column is the labels; of two that are as wide the one that names the other */
static PpdlWhereLabels
choose_labels(const PpdlCipher *values, const PpdlCipher *on)
{
	PpdlError	err;
	int			named = 0;

	if (on == NULL)
		return PPDL_WHERE_NO_LABELS;
	if (values->width != on->width)
		return values->width > on->width ? PPDL_WHERE_ON_LABELS : PPDL_WHERE_VALUES_LABELS;
	if (values->kind == PPDL_KIND_SLICE)
		PPDL_PG(ppdl_partner_named(values->seed, &named, &err));
	return named ? PPDL_WHERE_VALUES_LABELS : PPDL_WHERE_ON_LABELS;
}

/* as the first row has them */
static PpdlWhereLabels
find_labels(const WhereState *state, const PpdlCipher *values, const PpdlCipher *on)
{
	if (on == NULL || state->labels == PPDL_WHERE_NO_LABELS)
		return choose_labels(values, on);
	return state->labels;
}

void
ppdl_where_state_add(PpdlSlotState *s, const PpdlCipher *values, const text *condition, const PpdlCipher *on,
					 FunctionCallInfo fcinfo)
{
	WhereState *state = (WhereState *) s;
	const char *written = VARDATA_ANY(condition);
	const size_t length = VARSIZE_ANY_EXHDR(condition);
	const PpdlWhereLabels labels = find_labels(state, values, on);
	const bool	swapped = labels == PPDL_WHERE_VALUES_LABELS;
	PpdlError	err;

	if (!ppdl_slot_state_has_begun(s))
	{
		const bool	row_ring = on == NULL && values->par->id == PPDL_RING_ROW;
		const int	limbs = row_ring ? choose_ring(values, written, length) : 0;

		set_condition(state, written, length, labels);
		ppdl_slot_state_begin(s, swapped ? on : values, swapped ? values : on, limbs);
	}
	PPDL_PG(check_condition(state, written, length, labels, &err));
	ppdl_slot_state_add(s, swapped ? on : values, swapped ? values : on, fcinfo);
}
