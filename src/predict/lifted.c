/* Rows lifted to the deep ring, through a predictor. */
#include "predict/predictor_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Run
{
	const PpdlPredictor *p;
	PpdlEval   *ev;
	PpdlPredictedRows result;
	void	   *arg;
	size_t		share;			/* rows that one row's slots are taken from: the network is run as many times */
	double complex *mask;		/* all slots */
	uint32_t   *ordinal;		/* rows of a ciphertext */
} Run;

/* *x = part[0] + i*part[1], with limbs for the mask: what CoefficientsToSlots leaves of packed rows */
static PpdlStatus
join_halves(const Run *r, PpdlCt *x, PpdlCt part[2], PpdlError *err)
{
	const int	limbs = r->p->limbs + PPDL_BOOT_S2C_LIMBS - PPDL_LIFTED_LIMBS;

	for (int h = 0; h < 2; h++)
		ppdl_ct_drop(&part[h], limbs);
	ppdl_ct_mul_monomial(r->ev, &part[1], (int64_t) r->p->par->n / 2);
	*x = part[0];
	part[0].b = part[0].a = NULL;
	return ppdl_ct_add(r->ev, x, &part[1], err);
}

/* mask and ordinals of every share-th row, starting with row rho; returns how many are there */
static int
choose_rows(const Run *r, const PpdlLifted *in, size_t rho)
{
	const size_t slots = r->p->par->slots,
				half = (size_t) r->p->half;
	int			rows = 0;

	memset(r->mask, 0, slots * sizeof(*r->mask));
	memset(r->ordinal, 0xFF, slots / (size_t) r->p->slots * sizeof(*r->ordinal));
	for (size_t row = rho; row < in->capacity * (size_t) in->count; row += r->share)
	{
		uint32_t	ordinal = in->ordinal[row / in->capacity][row % in->capacity];

		if (ordinal == PPDL_NO_PLACE)
			continue;
		r->ordinal[row / r->share] = ordinal;
		for (size_t s = row * half; s < (row + 1) * half; s++)
			r->mask[s] = 1;
		rows++;
	}
	return rows;
}

/* the rows chosen, each at the start of its slots, and zeros, as the predictor takes them */
static PpdlStatus
take_rows(const Run *r, PpdlCt *x, const PpdlCt *lifted, size_t rho, PpdlError *err)
{
	PpdlEval   *ev = r->ev;
	PpdlCt		rotated;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, x, lifted, lifted->limbs, err));
	PPDL_GOTO(fail, ppdl_lifted_mask(ev, x, r->mask, err));
	x->bound = M_SQRT2;			/* holes are gone */
	if (rho > 0)
	{
		PPDL_GOTO(fail, ppdl_ct_rotate(ev, &rotated, x, (int) rho * r->p->half, err));
		ppdl_ct_release(ev, x);
		*x = rotated;
	}
	PPDL_GOTO(fail, ppdl_lifted_match(ev, x, r->p->limbs, r->p->in_scale, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, x);
	return status;
}

static PpdlStatus
run_lifted(void *arg, PpdlLifted *in, PpdlError *err)
{
	const Run  *r = arg;
	PpdlCt		joined = {0},
				x;
	PpdlStatus	status;

	PPDL_GOTO(done, join_halves(r, &joined, in->part, err));
	for (size_t rho = 0; rho < r->share; rho++)
	{
		if (choose_rows(r, in, rho) == 0)
			continue;
		PPDL_GOTO(done, take_rows(r, &x, &joined, rho, err));
		PPDL_GOTO(done, ppdl_predictor_stages(r->p, r->ev, &x, 1, err));
		status = r->result(r->arg, &x, ppdl_log2_width(r->p->slots) + 1, r->ordinal, err);
		ppdl_ct_release(r->ev, &x);
		PPDL_GOTO(done, status);
	}
done:
	ppdl_ct_release(r->ev, &joined);
	return status;
}

PpdlStatus
ppdl_predict_lifted(const PpdlPredictor *p, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts,
					PpdlPredictedRows result, void *arg, PpdlError *err)
{
	Run			r = {.p = p, .ev = ev, .result = result, .arg = arg};
	PpdlStatus	status = PPDL_OK;

	if (ev->par != p->par || p->entry->transforms > 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "this network was not prepared for lifted rows of ring %s",
						  ev->par->name);
	if (ts->width_x != p->width || ts->width_y > 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d inputs, the rows have %d values and labels of %d",
						  p->width, ts->width_x, ts->width_y);
	r.share = (size_t) (p->slots / p->half);
	r.mask = malloc(p->par->slots * sizeof(*r.mask));
	r.ordinal = malloc(p->par->slots / (size_t) p->slots * sizeof(*r.ordinal));
	if (r.mask == NULL || r.ordinal == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
		status = ppdl_lift_all(ev, hb, ts, run_lifted, &r, NULL, NULL, err);
	free(r.mask);
	free(r.ordinal);
	return status;
}
