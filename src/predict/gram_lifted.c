/* Second moments of rows lifted to the deep ring, where places without a row hold anything: masked before products. */
#include "predict/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* limbs before the mask, so that PPDL_GRAM_LIMBS are left after it */
#define MASKED_LIMBS (PPDL_GRAM_LIMBS + PPDL_BOOT_S2C_LIMBS - PPDL_LIFTED_LIMBS)
#define SLOT_SCALE 0x1p40
/*
 * A value x comes out of EvalMod as x - x^5*theta^4/30, theta = 2*pi/2^8, the same in all rows (algorithms.md, 5.4): at
 * most this much
 */
#define VALUE_BIAS 1.21e-8

typedef struct Run
{
	PpdlGram   *g;
	PpdlEval   *ev;
	double complex *mask;		/* all slots */
	PpdlProgress progress;
	void	   *arg;
} Run;

/* ones at the first `count` slots of each row that is there, from slot `first` on; returns the number of rows */
static int
make_mask(const Run *r, const PpdlLifted *in, size_t first, int count)
{
	const size_t half = (size_t) r->g->lay.half_x;
	int			rows = 0;

	memset(r->mask, 0, r->ev->par->slots * sizeof(*r->mask));
	for (size_t row = 0; row < in->capacity * (size_t) in->count; row++)
	{
		if (in->ordinal[row / in->capacity][row % in->capacity] == PPDL_NO_PLACE)
			continue;
		for (int s = 0; s < count; s++)
			r->mask[first + row * half + (size_t) s] = 1;
		rows++;
	}
	return rows;
}

/* *x = re + i*im, masked; im may be NULL */
static PpdlStatus
take_masked(const Run *r, PpdlCt *x, const PpdlCt *re, const PpdlCt *im, PpdlError *err)
{
	PpdlCt		i_im = {0};
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(r->ev, x, re, MASKED_LIMBS, err));
	if (im != NULL)
	{
		PPDL_GOTO(done, ppdl_ct_copy(r->ev, &i_im, im, MASKED_LIMBS, err));
		ppdl_ct_mul_monomial(r->ev, &i_im, (int64_t) r->ev->par->n / 2);
		PPDL_GOTO(done, ppdl_ct_add(r->ev, x, &i_im, err));
	}
	PPDL_GOTO(done, ppdl_lifted_mask(r->ev, x, r->mask, err));
	x->bound = M_SQRT2;			/* holes are gone */
	PPDL_GOTO(done, ppdl_lifted_match(r->ev, x, PPDL_GRAM_LIMBS, SLOT_SCALE, err));
done:
	ppdl_ct_release(r->ev, &i_im);
	if (status != PPDL_OK)
		ppdl_ct_release(r->ev, x);
	return status;
}

/* labels, which lie in the upper half of the slots, at the slots of their features */
static PpdlStatus
take_labels(const Run *r, PpdlCt *y, const PpdlLifted *in, PpdlError *err)
{
	const size_t upper = r->ev->par->slots / 2;
	PpdlCt		above;
	PpdlStatus	status;

	make_mask(r, in, upper, r->g->lay.half_y);
	/* one value is in the real parts; in the imaginary ones are holes */
	PPDL_TRY(take_masked(r, &above, &in->part[0], r->g->lay.width_y > 1 ? &in->part[1] : NULL, err));
	status = ppdl_ct_rotate(r->ev, y, &above, (int) upper, err);
	ppdl_ct_release(r->ev, &above);
	return status;
}

static PpdlStatus
add_lifted(void *arg, PpdlLifted *in, PpdlError *err)
{
	const Run  *r = arg;
	const int	labels = r->g->lay.width_y > 0,
				rows = make_mask(r, in, 0, r->g->lay.half_x);
	PpdlCt		x,
				y = {0};
	PpdlStatus	status;

	PPDL_TRY(take_masked(r, &x, &in->part[0], &in->part[1], err));
	if (labels)
		PPDL_GOTO(done, take_labels(r, &y, in, err));
	status = ppdl_gram_add(r->g, r->ev, &x, labels ? &y : NULL, rows, err);
	r->g->bias += 2 * VALUE_BIAS * rows;
done:
	ppdl_ct_release(r->ev, &x);
	ppdl_ct_release(r->ev, &y);
	return status;
}

/* PpdlProgress */
static void
report(void *arg, uint64_t done, uint64_t total, const char *what)
{
	const Run  *r = arg;

	if (r->progress != NULL)
		r->progress(r->arg, done, total, what);
}

PpdlStatus
ppdl_gram_add_lifted(PpdlGram *g, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlProgress progress,
					 void *arg, PpdlError *err)
{
	Run			r = {.g = g, .ev = ev, .progress = progress, .arg = arg};
	PpdlStatus	status;

	if (ts->width_x != g->lay.width_x || ts->width_y != g->lay.width_y)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "second moments of %d and %d values, rows of %d and %d",
						  g->lay.width_x, g->lay.width_y, ts->width_x, ts->width_y);
	r.mask = malloc(ev->par->slots * sizeof(*r.mask));
	if (r.mask == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_lift_all(ev, hb, ts, add_lifted, report, &r, err);
	free(r.mask);
	return status;
}
