/* Sums over the rows that meet a condition; from rows in slots. */
#include "predict/where_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/rotations.h"
#include "rows/packed_writer.h"

/*
 * Slots have the scale of the primes that products are divided by, so that products have it, too; in the row ring real
 * parts have twice that of complex slots
 */
#define ROW_SCALE 0x1p37
#define DEEP_SCALE 0x1p40
/* values lose so much of it before they are multiplied: that is room for rows */
#define VALUE_BITS 4
/* results fill the lowest prime but for this: 2^50, less a sign and what slots without a value may hold */
#define RESULT_BITS 45

static int
is_row_ring(const PpdlParams *par)
{
	return par->id == PPDL_RING_ROW;
}

static int
most_limbs(const PpdlParams *par)
{
	return is_row_ring(par) ? PPDL_ROW_C2S_LIMBS - PPDL_ROW_C2S_LEVELS : PPDL_LIFTED_LIMBS;
}

int
ppdl_where_levels(const PpdlParams *par)
{
	return most_limbs(par) - PPDL_WHERE_LIMBS;
}

/* values need a level, too */
int
ppdl_where_limbs(const PpdlCondition *cond)
{
	return PPDL_WHERE_LIMBS + (cond->levels > 0 ? cond->levels : 1);
}

PpdlStatus
ppdl_where_check(PpdlCondition *cond, const PpdlParams *par, PpdlError *err)
{
	const int	number_levels = ppdl_where_number_levels(par),
				have = ppdl_where_levels(par);

	PPDL_TRY(ppdl_condition_schedule(cond, number_levels, err));
	if (cond->numbers > 0 && number_levels == 0)
	{
		ppdl_error(err, PPDL_ERR_LEVEL, "numbers cannot be compared in ring %s, which has %d levels of products",
				   par->name, have);
		return ppdl_error_hint(err, PPDL_ERR_LEVEL,
							   "Compare bits, as in x[3] = 1: encode the column with \"at least\" bits (ppdl encode "
							   "--thermometer).");
	}
	if (cond->levels <= have)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_LEVEL, "the condition takes %d levels of products, ring %s has %d", cond->levels, par->name,
			   have);
	return ppdl_error_hint(err, PPDL_ERR_LEVEL,
						   "%d levels are %d bits connected with AND, or with OR. Write a simpler condition%s.", have,
						   1 << have, cond->numbers > 0 ? ", or compare bits (ppdl encode --thermometer)" :
						   is_row_ring(par) ? ", or publish keys for the deep ring (--for train), which has more" : "");
}

/* ---- columns ---- */

static PpdlWhereColumn
column(int width)
{
	return (PpdlWhereColumn) {width, width == 1 ? 1 : 1 << (ppdl_log2_width(width) - 1)};
}

int
ppdl_where_part(const PpdlWhereColumn *column, int f)
{
	return f / column->half;
}

int
ppdl_where_slot(const PpdlWhereColumn *column, int f)
{
	return (int) ppdl_bitrev((uint32_t) (f % column->half), __builtin_ctz((unsigned) column->half));
}

static PpdlStatus
check_widths(const PpdlWhere *w, PpdlError *err)
{
	const int	most = w->on.width > w->values.width ? w->on.width : w->values.width;

	if (most < 2 || most > PPDL_WHERE_MAX_WIDTH)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "sum_where takes rows of 2 to %d values, these have %d", PPDL_WHERE_MAX_WIDTH,
				   most);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "%s",
							   most < 2 ? "Encrypt a single value together with another one, a constant 0, say." :
							   "Encrypt the columns that are asked for as rows of their own.");
	}
	if (w->cond->width > w->on.width)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the condition asks for x[%d], the rows have %d value%s",
						  w->cond->width, w->on.width, w->on.width == 1 ? "" : "s");
	return PPDL_OK;
}

/* ---- life ---- */

/* the caller's buffer, as no evaluator outlives it */
static PpdlStatus
encode(const PpdlParams *par, PpdlPt *pt, const double complex *z, size_t count, double scale, int limbs, PpdlError *err)
{
	memset(pt, 0, sizeof(*pt));
	pt->p = malloc((size_t) limbs * par->n * sizeof(uint64_t));
	if (pt->p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return ppdl_encode_slots(par, pt, z, count, scale, limbs, err);
}

static double
prime(const PpdlParams *par, int limbs)
{
	return (double) par->ring->mod[limbs - 1].q;
}

static void
free_tables(PpdlWhere *w)
{
	for (int j = 0; w->mask != NULL && j < w->values.half; j++)
		free(w->mask[j].p);
	free(w->mask);
	w->mask = NULL;
	ppdl_lintrans_destroy(w->spread);
	w->spread = NULL;
}

static PpdlLinTransForm
transform(const PpdlWhere *w, int limbs, double scale)
{
	return (PpdlLinTransForm) {.limbs = limbs, .pt_scale = scale, .min_keys = 1,
							   .baby = is_row_ring(w->par) ? PPDL_ROW_C2S_BABY : PPDL_DEEP_BABY};
}

/* the scale stays */
static PpdlStatus
encode_spread(PpdlWhere *w, const PpdlPoll *poll, PpdlError *err)
{
	const PpdlLinTransForm form = transform(w, w->limbs, prime(w->par, w->limbs));
	PpdlMatrix *m;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_matrix_create(&m, (size_t) w->stride, err));
	for (int j = 0; j < w->values.half && status == PPDL_OK; j++)
	{
		double complex *diag = ppdl_matrix_diag(m, w->stride - 1 - j);

		if (diag == NULL)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		else
			diag[j] = 1;
	}
	if (status == PPDL_OK)
		status = ppdl_lintrans_create(&w->spread, w->par, m, &form, NULL, poll, err);
	ppdl_matrix_destroy(m);
	return status;
}

static PpdlStatus
encode_masks(PpdlWhere *w, const PpdlPoll *poll, PpdlError *err)
{
	const double scale = ldexp(prime(w->par, PPDL_WHERE_VALUE_LIMBS), -VALUE_BITS);
	double complex *z;
	PpdlStatus	status = PPDL_OK;

	z = calloc((size_t) w->stride, sizeof(*z));
	w->mask = calloc((size_t) w->values.half, sizeof(PpdlPt));
	if (z == NULL || w->mask == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int j = 0; j < w->values.half && status == PPDL_OK; j++)
	{
		z[j] = 1;
		status = ppdl_poll(poll, err);
		if (status == PPDL_OK)
			status = encode(w->par, &w->mask[j], z, (size_t) w->stride, scale, PPDL_WHERE_VALUE_LIMBS, err);
		z[j] = 0;
	}
	free(z);
	return status;
}

PpdlStatus
ppdl_where_encode(PpdlWhere *w, const PpdlPoll *poll, PpdlError *err)
{
	PpdlStatus	status;

	if (w->mask != NULL || w->spread != NULL)
		return PPDL_OK;
	status = w->limbs - w->cond->levels > PPDL_WHERE_LIMBS ? encode_spread(w, poll, err) : encode_masks(w, poll, err);
	if (status != PPDL_OK)
		free_tables(w);
	return status;
}

PpdlStatus
ppdl_where_create(PpdlWhere **out, const PpdlParams *par, const PpdlCondition *cond, int width_on, int width_values,
				  PpdlError *err)
{
	PpdlWhere  *w = calloc(1, sizeof(*w));
	PpdlStatus	status;

	*out = NULL;
	if (w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	w->par = par;
	w->cond = cond;
	w->on = column(width_on);
	w->values = column(width_values);
	w->stride = w->on.half > w->values.half ? w->on.half : w->values.half;
	w->limbs = ppdl_where_limbs(cond);
	w->scale = is_row_ring(par) ? ROW_SCALE : DEEP_SCALE;
	PPDL_GOTO(fail, check_widths(w, err));
	if (w->limbs > most_limbs(par))
		PPDL_GOTO(fail, ppdl_error(err, PPDL_ERR_LEVEL, "this condition was not checked for ring %s", par->name));
	*out = w;
	return PPDL_OK;
fail:
	ppdl_where_destroy(w);
	return status;
}

void
ppdl_where_destroy(PpdlWhere *w)
{
	if (w == NULL)
		return;
	free_tables(w);
	free(w);
}

PpdlPackedSlotsForm
ppdl_where_slots_form(const PpdlWhere *w, double packed_scale)
{
	return (PpdlPackedSlotsForm) {.in_scale = packed_scale, .scale = w->scale, .left = w->limbs};
}

void
ppdl_where_init(PpdlWhereSums *s)
{
	memset(s, 0, sizeof(*s));
}

void
ppdl_where_release(PpdlWhereSums *s, PpdlEval *ev)
{
	ppdl_ct3_release(ev, &s->pending);
	ppdl_ct_release(ev, &s->sums);
	ppdl_ct_release(ev, &s->count);
}

/* ---- rows ---- */

/* acc += x, or a copy of x */
static PpdlStatus
join(PpdlEval *ev, PpdlCt *acc, const PpdlCt *x, PpdlError *err)
{
	if (x->b == NULL)
		return PPDL_OK;
	if (acc->b == NULL)
		return ppdl_ct_copy(ev, acc, x, x->limbs, err);
	return ppdl_ct_add(ev, acc, x, err);
}

typedef struct Addition
{
	const PpdlWhere *w;
	PpdlWhereSums *s;
	PpdlEval   *ev;
	const PpdlCt *next;			/* the values of the row after, at each row's slots */
} Addition;

/* PpdlRotated: the condition of the row after has come to slot stride - 1 - shift of each row; the value there with it */
static PpdlStatus
add_value(void *arg, int shift, const PpdlCt *condition, PpdlError *err)
{
	const Addition *a = arg;
	PpdlCt		value;
	PpdlCt3		product;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(a->ev, &value, a->next, a->next->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(a->ev, &value, &a->w->mask[a->w->stride - 1 - shift], err));
	PPDL_GOTO(done, ppdl_ct_rescale(a->ev, &value, err));
	PPDL_GOTO(done, ppdl_ct_tensor(a->ev, &product, condition, &value, err));
	PPDL_GOTO(done, ppdl_ct3_take(a->ev, &a->s->pending, &product, err));
done:
	ppdl_ct_release(a->ev, &value);
	return status;
}

/* the condition in all slots of the row before; values: these, too; all in one product */
static PpdlStatus
add_spread(const Addition *a, const PpdlCt *condition, PpdlError *err)
{
	PpdlCt		spread = {0},
				values = {0};
	PpdlCt3		product;
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_lintrans_apply_rescale(a->ev, &spread, (const PpdlLinTrans *const *) &a->w->spread, 1, condition,
												err));
	PPDL_GOTO(done, ppdl_ct_copy(a->ev, &values, a->next, a->next->limbs, err));
	PPDL_GOTO(done, ppdl_ct_match(a->ev, &values, PPDL_WHERE_LIMBS, ldexp(a->next->scale, -VALUE_BITS), err));
	PPDL_GOTO(done, ppdl_ct_tensor(a->ev, &product, &spread, &values, err));
	PPDL_GOTO(done, ppdl_ct3_take(a->ev, &a->s->pending, &product, err));
done:
	ppdl_ct_release(a->ev, &spread);
	ppdl_ct_release(a->ev, &values);
	return status;
}

static PpdlStatus
add_values(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlCt *condition, const PpdlCt *values,
		   PpdlError *err)
{
	Addition	a = {w, s, ev, NULL};
	PpdlCt		dropped = *values,
				next;
	PpdlStatus	status;

	ppdl_ct_drop(&dropped, PPDL_WHERE_VALUE_LIMBS);
	PPDL_TRY(ppdl_rotate_far(ev, &next, &dropped, w->stride, err));
	a.next = &next;
	if (w->spread != NULL)
		status = add_spread(&a, condition, err);
	else
		status = ppdl_each_rotation(ev, condition, w->stride - w->values.half, w->stride - 1, add_value, &a, err);
	ppdl_ct_release(ev, &next);
	return status;
}

/* the condition where there is a row; it is used up */
static PpdlStatus
add_count(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, PpdlCt *condition, const PpdlWhereRows *rows,
		  PpdlError *err)
{
	const size_t slots = w->par->slots;
	double complex *z = calloc(slots, sizeof(*z));
	PpdlPt		present = {0};
	PpdlStatus	status;

	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t row = 0; row < slots / (size_t) w->stride; row++)
		z[(row * (size_t) w->stride + slots - 1) % slots] = rows->present[row] != 0;
	ppdl_ct_drop(condition, PPDL_WHERE_LIMBS);
	PPDL_GOTO(done, encode(w->par, &present, z, slots, ldexp(rows->values->scale, -VALUE_BITS), PPDL_WHERE_LIMBS, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, condition, &present, err));
	PPDL_GOTO(done, join(ev, &s->count, condition, err));
done:
	free(present.p);
	free(z);
	return status;
}

PpdlStatus
ppdl_where_add(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlWhereRows *rows, PpdlError *err)
{
	PpdlCt		condition;
	PpdlStatus	status;

	if (w->mask == NULL && w->spread == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a condition that was not encoded");
	if (rows->values->limbs < PPDL_WHERE_VALUE_LIMBS)
		return ppdl_error(err, PPDL_ERR_LEVEL, "sums over conditions take values of %d limbs", PPDL_WHERE_VALUE_LIMBS);
	PPDL_TRY(ppdl_where_evaluate(w, ev, &condition, rows->part, err));
	PPDL_GOTO(done, add_values(w, s, ev, &condition, rows->values, err));
	PPDL_GOTO(done, add_count(w, s, ev, &condition, rows, err));
	s->rows += rows->rows;
done:
	ppdl_ct_release(ev, &condition);
	return status;
}

/* ---- packed rows ---- */

static int
asks_for(const PpdlWhere *w, int part)
{
	for (int i = 0; i < w->cond->leaves; i++)
		if (ppdl_where_part(&w->on, w->cond->leaf[i].index) == part)
			return 1;
	return 0;
}

PpdlStatus
ppdl_where_add_packed(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlPackedSlots *slots,
					  const PpdlPacked *packed, PpdlError *err)
{
	const size_t capacity = w->par->slots / (size_t) w->stride;
	PpdlWhereRows rows = {.rows = packed->rows};
	char	   *present = malloc(capacity);
	PpdlCt		z = {0};
	PpdlStatus	status;

	if (present == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t p = 0; p < capacity; p++)
		present[p] = packed->ordinal[p] != PPDL_NO_PLACE;
	rows.present = present;
	rows.values = &z;
	PPDL_GOTO(done, ppdl_packed_slots_run(slots, ev, &z, packed, err));
	PPDL_GOTO(done, ppdl_ct_split(ev, asks_for(w, 0) ? &rows.part[0] : NULL, asks_for(w, 1) ? &rows.part[1] : NULL, &z,
								  err));
	PPDL_GOTO(done, ppdl_where_add(w, s, ev, &rows, err));
done:
	ppdl_ct_release(ev, &rows.part[0]);
	ppdl_ct_release(ev, &rows.part[1]);
	ppdl_ct_release(ev, &z);
	free(present);
	return status;
}

/* ---- sums ---- */

PpdlStatus
ppdl_where_merge(PpdlWhereSums *s, PpdlEval *ev, PpdlError *err)
{
	PpdlCt		merged;
	PpdlStatus	status;

	if (s->pending.d == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_ct_relinearize(ev, &merged, &s->pending, err));
	status = join(ev, &s->sums, &merged, err);
	ppdl_ct_release(ev, &merged);
	return status;
}

PpdlStatus
ppdl_where_join(PpdlWhereSums *into, PpdlEval *ev, const PpdlWhereSums *from, PpdlError *err)
{
	PPDL_TRY(join(ev, &into->sums, &from->sums, err));
	PPDL_TRY(join(ev, &into->count, &from->count, err));
	if (from->pending.d != NULL)
	{
		PpdlCt3		copy;

		PPDL_TRY(ppdl_ct3_copy(ev, &copy, &from->pending, err));
		PPDL_TRY(ppdl_ct3_take(ev, &into->pending, &copy, err));
	}
	into->rows += from->rows;
	into->bias += from->bias;
	return PPDL_OK;
}

/* ---- the result ---- */

/* slots of a row of the result */
static int
result_slots(const PpdlWhere *w)
{
	const int	room = 1 << ppdl_log2_width(1 + w->values.width);

	return room > w->stride ? room : w->stride;
}

typedef struct Places
{
	int			slots;
	double		scale;			/* that places are chosen with, before the rescale */
} Places;

/* what fills the lowest prime in the end; states are read from anywhere: PPDL_ERR_SCALE */
static PpdlStatus
plan_places(Places *p, const PpdlWhere *w, const PpdlWhereSums *s, const PpdlCt *sums, PpdlError *err)
{
	p->slots = result_slots(w);
	p->scale = ldexp(prime(w->par, sums->limbs), RESULT_BITS - ppdl_log2_width((int) s->rows)) / sums->scale;
	if (p->scale >= 0x1p16 && p->scale < 0x1p60)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_SCALE, "sums over a condition at scale 2^%.1f have no result", log2(sums->scale));
}

/* all rows onto each of them, rescaled: *out has two limbs */
static PpdlStatus
fold(const PpdlWhere *w, PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	const int	count = __builtin_ctzll(w->par->slots / (size_t) w->stride);
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, out, in, in->limbs, err));
	PPDL_GOTO(fail, ppdl_ct_rotate_and_sum(ev, out, w->stride, count, err));
	PPDL_GOTO(fail, ppdl_ct_rescale(ev, out, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, out);
	return status;
}

/* value f to slot 1 + f; those in imaginary parts times -i */
static PpdlStatus
make_places(const PpdlWhere *w, const Places *p, PpdlMatrix **out, PpdlError *err)
{
	PPDL_TRY(ppdl_matrix_create(out, (size_t) p->slots, err));
	for (int f = 0; f < w->values.width; f++)
	{
		const int	from = ppdl_where_slot(&w->values, f),
					to = 1 + f;
		double complex *diag = ppdl_matrix_diag(*out, (from - to + p->slots) % w->stride);

		if (diag == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		diag[to] = ppdl_where_part(&w->values, f) == 0 ? 1 : -I;
	}
	return PPDL_OK;
}

static PpdlStatus
place_sums(const PpdlWhere *w, const Places *p, PpdlEval *ev, PpdlCt *out, const PpdlCt *sums, PpdlError *err)
{
	const PpdlLinTransForm form = transform(w, sums->limbs, p->scale);
	const PpdlPoll poll = ppdl_eval_poller(ev);
	PpdlMatrix *m = NULL;
	PpdlLinTrans *lt = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, make_places(w, p, &m, err));
	PPDL_GOTO(done, ppdl_lintrans_create(&lt, w->par, m, &form, ev->threads, &poll, err));
	PPDL_GOTO(done, ppdl_lintrans_apply_rescale(ev, out, (const PpdlLinTrans *const *) &lt, 1, sums, err));
done:
	ppdl_lintrans_destroy(lt);
	ppdl_matrix_destroy(m);
	return status;
}

/* the count, in slot 0 of each row of the result; it is in the last slot before */
static PpdlStatus
place_count(const PpdlWhere *w, const Places *p, PpdlEval *ev, PpdlCt *out, const PpdlCt *count, PpdlError *err)
{
	double complex *z = calloc((size_t) p->slots, sizeof(*z));
	PpdlPt		last = {0};
	PpdlCt		one = {0};
	PpdlStatus	status;

	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	z[0] = 1;
	PPDL_GOTO(done, encode(w->par, &last, z, (size_t) p->slots, p->scale, count->limbs, err));
	PPDL_GOTO(done, ppdl_rotate_far(ev, &one, count, w->stride - 1, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, &one, &last, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, &one, err));
	status = ppdl_ct_add(ev, out, &one, err);
done:
	ppdl_ct_release(ev, &one);
	free(last.p);
	free(z);
	return status;
}

static PpdlStatus
check_rows(const PpdlWhereSums *s, PpdlError *err)
{
	if (s->sums.b == NULL || s->count.b == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "sums over the rows that meet a condition, without rows");
	if (s->rows <= PPDL_WHERE_MAX_ROWS)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE, "sum_where adds up %.0f rows at most, here are %.0f", PPDL_WHERE_MAX_ROWS, s->rows);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Sum groups of rows, and add up what they decrypt to.");
}

PpdlStatus
ppdl_where_result(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, PpdlCt *out, PpdlError *err)
{
	PpdlCt		sums = {0},
				count = {0};
	Places		places;
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	PPDL_TRY(check_rows(s, err));
	PPDL_GOTO(done, fold(w, ev, &sums, &s->sums, err));
	PPDL_GOTO(done, fold(w, ev, &count, &s->count, err));
	sums.bound = count.bound = s->rows;
	PPDL_GOTO(done, plan_places(&places, w, s, &sums, err));
	PPDL_GOTO(done, place_sums(w, &places, ev, out, &sums, err));
	PPDL_GOTO(done, place_count(w, &places, ev, out, &count, err));
	out->noise += s->bias * out->scale / sqrt((double) w->par->n);
	out->bound = fmax(s->rows, 8 * out->noise * sqrt((double) w->par->n) / out->scale);
done:
	ppdl_ct_release(ev, &sums);
	ppdl_ct_release(ev, &count);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_where_write(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, const PpdlCipher *rows, PpdlWriter *out,
				 PpdlError *err)
{
	const int	logk = ppdl_log2_width(result_slots(w)) + 1;
	PpdlPackedWriter *pw = NULL;
	uint32_t   *ordinal = NULL;
	PpdlCt		ct;
	PpdlStatus	status;

	PPDL_TRY(ppdl_where_result(w, s, ev, &ct, err));
	ordinal = malloc((w->par->n >> logk) * sizeof(*ordinal));
	if (ordinal == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	memset(ordinal, 0xFF, (w->par->n >> logk) * sizeof(*ordinal));
	ordinal[0] = 0;
	PPDL_GOTO(done, ppdl_packed_writer_create(&pw, PPDL_LAYOUT_SLOTS, 1 + w->values.width, logk,
											  rows->fingerprint, err));
	ppdl_packed_writer_set_encoding(pw, rows->encoding);
	PPDL_GOTO(done, ppdl_packed_writer_add(pw, ev, &ct, ordinal, err));
	PPDL_GOTO(done, ppdl_packed_writer_finish(pw, 1, out, err));
done:
	ppdl_packed_writer_destroy(pw);
	free(ordinal);
	ppdl_ct_release(ev, &ct);
	return status;
}
