#include "learn/step_ops.h"

#include <math.h>
#include <string.h>

#include "ckks/encoder.h"
#include "ckks/polyeval.h"
#include "learn/step_scheme.h"
#include "rows/cipher.h"

/* what outputs are taken to stay within, of their polynomial's interval, in estimates of noise */
#define MOST_OF_INTERVAL 2

int
ppdl_sgd_outputs_apart(const PpdlSlotLayout *lay)
{
	return lay->scheme->outputs_apart && lay->log_outputs > 0;
}

PpdlStatus
ppdl_sgd_mask(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, size_t count, double out_scale, PpdlError *err)
{
	const double q = (double) ev->par->ring->mod[ct->limbs - 1].q;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, sgd->scratch, count, out_scale * q / ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

PpdlStatus
ppdl_sgd_add(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, sgd->scratch, sgd->lay.period, ct->scale, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

void
ppdl_sgd_vector(const PpdlSgd *sgd, PpdlAxis axis, int first_only, double complex value, double complex constant)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const size_t d = (size_t) 1 << lay->logd,
				h = (size_t) 1 << lay->logh;
	const int	units = axis == PPDL_AXIS_HIGH ? lay->units : lay->units2;

	for (size_t s = 0; s < lay->period; s++)
	{
		size_t		low = s % d,
					high = s / d % h;
		int			unit = (int) (axis == PPDL_AXIS_HIGH ? high : low);
		size_t		other = axis == PPDL_AXIS_HIGH ? low : high;

		sgd->scratch[s] = first_only && other != 0 ? 0 : unit < units ? value :
			unit == units && lay->bias ? constant : 0;
	}
}

PpdlStatus
ppdl_sgd_replicate(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *z, PpdlAxis axis, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;

	ppdl_sgd_vector(sgd, axis, 1, 1, 0);
	PPDL_TRY(ppdl_sgd_mask(sgd, ev, z, lay->period, PPDL_SGD_SCALE, err));
	PPDL_TRY(axis == PPDL_AXIS_HIGH ? ppdl_ct_rotate_and_sum(ev, z, -1, lay->logd, err)
			 : ppdl_ct_rotate_and_sum(ev, z, -(1 << lay->logd), lay->logh, err));
	return ppdl_ct_rescale(ev, z, err);
}

/*
 * Slots between the outputs hold part sums of more than one, which may be beyond the interval; they are masked
 * afterwards and do no harm while there are limbs to hold their values.
 */
PpdlStatus
ppdl_sgd_output(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, PpdlError *err)
{
	const PpdlSlotOutput *out = &sgd->lay.out;
	PpdlCt		p;

	if (out->degree == 0)
		return PPDL_OK;
	if (out->mid != 0)
		PPDL_TRY(ppdl_ct_add_const(ev, o, -out->mid / out->radius, 0, err));
	o->bound = fmin(o->bound, MOST_OF_INTERVAL);
	PPDL_TRY(ppdl_poly_chebyshev(ev, &p, o, out->cheb, out->degree, PPDL_SGD_SCALE, err));
	ppdl_ct_release(ev, o);
	*o = p;
	return PPDL_OK;
}

/* y or, for a sigmoid, (y + 1)/2, taken from o */
static PpdlStatus
subtract_labels(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlCt *labels, PpdlError *err)
{
	const int	halved = sgd->lay.out.halved;
	PpdlCt		y;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, &y, labels, labels->limbs, err));
	if (halved)
	{
		y.scale *= 2;
		y.bound /= 2;
	}
	PPDL_GOTO(done, ppdl_ct_match(ev, &y, o->limbs, o->scale, err));
	PPDL_GOTO(done, ppdl_ct_sub(ev, o, &y, err));
	if (halved)
		PPDL_GOTO(done, ppdl_ct_add_const(ev, o, -0.5, 0, err));
done:
	ppdl_ct_release(ev, &y);
	return status;
}

PpdlStatus
ppdl_sgd_error(const PpdlSgd *sgd, PpdlEval *ev, PpdlCt *o, const PpdlTile *tile, int count, PpdlError *err)
{
	const PpdlSlotLayout *lay = &sgd->lay;
	const size_t block = (size_t) 1 << (lay->logd + lay->logh);

	PPDL_TRY(ppdl_sgd_output(sgd, ev, o, err));
	PPDL_TRY(subtract_labels(sgd, ev, o, &tile->y, err));
	memset(sgd->scratch, 0, lay->par->slots * sizeof(double complex));
	for (size_t r = 0; r < lay->rows; r++)
		if (tile->ordinal[r] != PPDL_NO_PLACE)
			for (int c = 0; c < lay->outputs; c++)
				sgd->scratch[r * lay->period + (size_t) c * block] = sgd->learning_rate * lay->input_divisor / count;
	PPDL_TRY(ppdl_sgd_mask(sgd, ev, o, lay->par->slots,
						   PPDL_SGD_SCALE * (1 + sgd->momentum) / (ppdl_sgd_outputs_apart(lay) ? 2 : 1), err));
	PPDL_TRY(ppdl_ct_rotate_and_sum(ev, o, -1, lay->logd + lay->logh, err));
	return ppdl_ct_rescale(ev, o, err);
}
