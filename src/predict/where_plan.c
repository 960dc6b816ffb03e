/* What a condition costs, and what is prepared for it before rows come. */
#include "predict/where_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/rotations.h"

/*
 * Slots have the scale of the primes that products are divided by, so that products have it, too; in the row ring real
 * parts have twice that of complex slots
 */
#define ROW_SCALE 0x1p37
/* what a row's condition is off by for each threshold: PPDL_COMPARE_ERROR is the most that it can be */
#define COMPARE_DEVIATION (PPDL_COMPARE_ERROR / 4)

/* ---- what it costs ---- */

/*
 * Half a bootstrap on one core with AVX-512, in milliseconds, as make bench has it (half_bootstrap_s), and how many
 * times as long a full one takes, of two ciphertexts and of one.  When it becomes quicker, this is what to change.
 */
#define HALF_BOOTSTRAP_MS 2860.0
#define FULL_OF_TWO 1.13
#define FULL_OF_ONE 0.875
/* of the deep ring, before it */
#define KEYSWITCH_MS 60

/* milliseconds of a batch that fills the slots: what it takes anyway, and for each thing in it (doc/performance.md) */
typedef struct Costs
{
	double		rows,			/* brought to slots: in the deep ring a key switch and half a bootstrap */
				level,			/* ... for each level beyond the first */
				bit,
				product,
				slot;			/* of values */
} Costs;

/* 1,440 ms at ten levels, 810 at eight, 450 at six */
static double
comparison_ms(int levels)
{
	return 1440 * exp2((levels - 10) / 2.4);
}

/* full bootstraps, and the comparisons before them */
static double
composed_ms(const PpdlCondition *cond)
{
	return HALF_BOOTSTRAP_MS * (FULL_OF_TWO * (cond->refreshed / 2) + FULL_OF_ONE * (cond->refreshed % 2)) +
		comparison_ms(PPDL_COMPARE_FIRST_LEVELS) * cond->refreshed;
}

/* of comparisons that are not composed, and the second ones of those that are */
static int
comparisons(const PpdlCondition *cond)
{
	int			count = cond->refreshed;

	for (int i = 0; i < cond->leaves; i++)
		count += cond->leaf[i].kind == PPDL_CONDITION_NUMBER;
	return count;
}

double
ppdl_where_rows_per_s(const PpdlCondition *cond, const PpdlParams *par, int width)
{
	static const Costs row = {55, 12, 2, 3, 1.5},
				deep = {HALF_BOOTSTRAP_MS + KEYSWITCH_MS, 0, 20, 13, 12};
	const Costs *c = ppdl_where_in_row_ring(par) ? &row : &deep;
	const int	logk = ppdl_log2_width(width);
	const double slots = logk > 0 ? 1 << (logk - 1) : 1,
				ms = c->rows + c->level * (ppdl_where_limbs(cond) - PPDL_WHERE_VALUE_LIMBS) + c->bit * cond->leaves +
		comparison_ms(ppdl_where_comparison_levels(cond)) * comparisons(cond) + composed_ms(cond) +
		c->product * cond->products + c->slot * slots;

	return ldexp((double) par->n, -logk) / ms * 1e3;
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

PpdlWherePlace
ppdl_where_place(const PpdlWhere *w, const PpdlConditionLeaf *leaf)
{
	const int	second = leaf->index >= w->on.width,
				f = second ? leaf->index - w->on.width : leaf->index;
	const PpdlWhereColumn *column = second ? &w->values : &w->on;

	return (PpdlWherePlace) {second, ppdl_where_part(column, f), ppdl_where_slot(column, f)};
}

static PpdlStatus
check_widths(const PpdlWhere *w, PpdlError *err)
{
	const int	most = w->on.width > w->values.width ? w->on.width : w->values.width,
				all = w->columns == 2 ? w->on.width + w->values.width : w->on.width;

	if (most < 2 || most > PPDL_WHERE_MAX_WIDTH)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "sum_where takes rows of 2 to %d values, these have %d",
				   PPDL_WHERE_MAX_WIDTH, most);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "%s",
							   most < 2 ? "Encrypt a single value together with another one, a constant 0, say." :
							   "Encrypt the columns that are asked for as rows of their own.");
	}
	if (w->cond->width > all)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the condition asks for x[%d], the rows have %d value%s%s",
						  w->cond->width, all, all == 1 ? "" : "s", w->columns == 2 ? ", both columns together" : "");
	return PPDL_OK;
}

/* ---- life ---- */

PpdlStatus
ppdl_where_plain(const PpdlParams *par, PpdlPt *pt, const double complex *z, size_t count, double scale, int limbs,
				 PpdlError *err)
{
	memset(pt, 0, sizeof(*pt));
	pt->p = malloc((size_t) limbs * par->n * sizeof(uint64_t));
	if (pt->p == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return ppdl_encode_slots(par, pt, z, count, scale, limbs, err);
}

static void
free_tables(PpdlWhere *w)
{
	for (int j = 0; w->mask != NULL && j < w->values.half; j++)
		ppdl_periodic_release(&w->mask[j]);
	free(w->mask);
	w->mask = NULL;
	ppdl_lintrans_destroy(w->spread);
	w->spread = NULL;
}

PpdlLinTransForm
ppdl_where_transform(const PpdlWhere *w, int limbs, double scale)
{
	return (PpdlLinTransForm) {.limbs = limbs, .pt_scale = scale, .min_keys = 1, .baby = ppdl_baby_steps(w->par)};
}

/* the scale stays */
static PpdlStatus
encode_spread(PpdlWhere *w, const PpdlPoll *poll, PpdlError *err)
{
	const PpdlLinTransForm form = ppdl_where_transform(w, w->limbs, ppdl_where_prime(w->par, w->limbs));
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
	const double scale = ldexp(ppdl_where_prime(w->par, PPDL_WHERE_VALUE_LIMBS), -PPDL_WHERE_VALUE_BITS);
	double complex *z;
	PpdlStatus	status = PPDL_OK;

	z = calloc((size_t) w->stride, sizeof(*z));
	w->mask = calloc((size_t) w->values.half, sizeof(*w->mask));
	if (z == NULL || w->mask == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int j = 0; j < w->values.half && status == PPDL_OK; j++)
	{
		z[j] = 1;
		status = ppdl_poll(poll, err);
		if (status == PPDL_OK)
			status = ppdl_periodic_encode(w->par, &w->mask[j], z, (size_t) w->stride, scale,
										  PPDL_WHERE_VALUE_LIMBS, err);
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

size_t
ppdl_where_bytes(const PpdlWhere *w)
{
	size_t		bytes = w->spread != NULL ? ppdl_lintrans_bytes(w->spread) : 0;

	for (int j = 0; w->mask != NULL && j < w->values.half; j++)
		bytes += sizeof(w->mask[j]) + ppdl_periodic_bytes(&w->mask[j]);
	return bytes;
}

/* of one leaf, what is the same in all rows that are alike */
static double
leaf_deviation(const PpdlParams *par, const PpdlConditionLeaf *leaf)
{
	return leaf->count * COMPARE_DEVIATION + (ppdl_where_in_row_ring(par) ? 0 : PPDL_LIFTED_BIAS);
}

/* of a row's condition: that of a leaf counts each time that it is a factor */
static PpdlStatus
find_deviation(double *out, const PpdlParams *par, const PpdlCondition *c, PpdlError *err)
{
	double	   *times = calloc((size_t) (c->leaves + c->products), sizeof(*times)),
				sum = 0;

	if (times == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	times[c->root.operand] = 1;
	for (int i = c->products - 1; i >= 0; i--)
		for (int side = 0; side < 2; side++)
			times[c->product[i][side].operand] += times[c->leaves + i];
	for (int i = 0; i < c->leaves; i++)
		sum += times[i] * leaf_deviation(par, &c->leaf[i]);
	free(times);
	*out = fmin(sum, 1);
	return PPDL_OK;
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
	w->columns = width_values > 0 ? 2 : 1;
	w->on = column(width_on);
	w->values = column(width_values > 0 ? width_values : width_on);
	w->stride = w->on.half > w->values.half ? w->on.half : w->values.half;
	w->limbs = ppdl_where_limbs(cond);
	w->scale = ppdl_where_in_row_ring(par) ? ROW_SCALE : PPDL_WHERE_DEEP_SCALE;
	PPDL_GOTO(fail, check_widths(w, err));
	if (w->limbs > ppdl_where_most_limbs(par))
		PPDL_GOTO(fail, ppdl_error(err, PPDL_ERR_LEVEL, "this condition was not checked for ring %s", par->name));
	PPDL_GOTO(fail, find_deviation(&w->deviation, par, cond, err));
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
