/* Columns of rows lifted to the deep ring, where places without a row hold anything: masked before they are used. */
#include "predict/lifting.h"

#include <math.h>
#include <stdlib.h>

int
ppdl_lifted_rows(const PpdlLifted *in, char *present)
{
	int			rows = 0;

	for (size_t row = 0; row < in->capacity * (size_t) in->count; row++)
	{
		const int	there = in->ordinal[row / in->capacity][row % in->capacity] != PPDL_NO_PLACE;

		rows += there;
		if (present != NULL)
			present[row] = (char) there;
	}
	return rows;
}

/* ones at the column's slots of each row that is there; labels lie in the upper half */
static void
fill_mask(double complex *mask, size_t upper, const PpdlLifted *in, const PpdlLiftedColumn *column)
{
	for (size_t row = 0; row < in->capacity * (size_t) in->count; row++)
	{
		double complex *at = mask + (column->labels ? upper : 0) + row * (size_t) column->stride;

		if (in->ordinal[row / in->capacity][row % in->capacity] == PPDL_NO_PLACE)
			continue;
		for (int s = 0; s < column->stride; s++)
			at[s] = column->slot == NULL || column->slot[s];
	}
}

/* *x = re + i*im, or one of them */
static PpdlStatus
join_parts(PpdlEval *ev, PpdlCt *x, const PpdlLifted *in, const PpdlLiftedColumn *column, int limbs, PpdlError *err)
{
	PpdlCt		i_im;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, x, &in->part[!column->re], limbs, err));
	if (!column->re || !column->im)
		return PPDL_OK;
	status = ppdl_ct_copy(ev, &i_im, &in->part[1], limbs, err);
	if (status == PPDL_OK)
	{
		ppdl_ct_mul_monomial(ev, &i_im, (int64_t) ev->par->n / 2);
		status = ppdl_ct_add(ev, x, &i_im, err);
		ppdl_ct_release(ev, &i_im);
	}
	if (status != PPDL_OK)
		ppdl_ct_release(ev, x);
	return status;
}

/* limbs + 1 limbs at any scale, times mask, to this scale */
static PpdlStatus
mask_at_once(PpdlEval *ev, PpdlCt *x, const double complex *mask, double scale, PpdlError *err)
{
	const double q = (double) ev->par->ring->mod[x->limbs - 1].q;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, x->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, mask, ev->par->slots, scale * q / x->scale, x->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, x, &pt, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, x, err));
	x->scale = scale;			/* up to rounding of doubles */
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

static PpdlStatus
mask_column(PpdlEval *ev, PpdlCt *x, const PpdlLiftedColumn *column, const double complex *mask, PpdlError *err)
{
	if (column->at_once)
		PPDL_TRY(mask_at_once(ev, x, mask, column->scale, err));
	else
		PPDL_TRY(ppdl_lifted_mask(ev, x, mask, err));
	x->bound = column->re && column->im ? M_SQRT2 : 1;	/* holes are gone */
	return column->at_once ? PPDL_OK : ppdl_lifted_match(ev, x, column->limbs, column->scale, err);
}

PpdlStatus
ppdl_lifted_take(PpdlEval *ev, PpdlCt *out, const PpdlLifted *in, const PpdlLiftedColumn *column, PpdlError *err)
{
	const size_t slots = ev->par->slots;
	const int	levels = column->at_once ? 1 : PPDL_BOOT_S2C_LIMBS - PPDL_LIFTED_LIMBS;
	double complex *mask = calloc(slots, sizeof(*mask));
	PpdlCt		x = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	if (mask == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	fill_mask(mask, slots / 2, in, column);
	PPDL_GOTO(done, join_parts(ev, &x, in, column, column->limbs + levels, err));
	PPDL_GOTO(done, mask_column(ev, &x, column, mask, err));
	if (column->labels)
	{
		PPDL_GOTO(done, ppdl_ct_rotate(ev, out, &x, (int) (slots / 2), err));
	}
	else
	{
		*out = x;
		x.b = x.a = NULL;
	}
done:
	ppdl_ct_release(ev, &x);
	free(mask);
	return status;
}
