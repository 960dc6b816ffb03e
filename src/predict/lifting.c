#include "predict/lifting.h"

#include "ckks/encoder.h"

PpdlStatus
ppdl_lift_batches(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, const PpdlTrainBatch *batch, int count,
				  PpdlCt part[2], PpdlError *err)
{
	PpdlRowPoly poly[PPDL_BRIDGE_POLYS] = {{0}};
	PpdlCt		bridged;
	PpdlStatus	status;

	part[0].b = part[0].a = part[1].b = part[1].a = NULL;
	for (int q = 0; q < count; q++)
	{
		PpdlRowPoly *x = &poly[ppdl_bitrev((uint32_t) q, 2)];

		x->seed = batch[q].seed_x;
		x->b = batch[q].bx;
		if (ts->width_y > 0)
		{
			PpdlRowPoly *y = &poly[ppdl_bitrev((uint32_t) q + 2, 2)];

			y->seed = batch[q].seed_y;
			y->b = batch[q].by;
		}
	}
	PPDL_TRY(ppdl_bridge(ev, &bridged, ts->par, poly, ts->scale, err));
	status = ppdl_halfboot_run(hb, ev, part, &bridged, err);
	ppdl_ct_release(ev, &bridged);
	return status;
}

PpdlStatus
ppdl_lift_all(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlLiftedSink sink, PpdlProgress progress,
			  void *arg,
			  PpdlError *err)
{
	const int	at_once = ts->width_y > 0 ? PPDL_BRIDGE_POLYS / 2 : PPDL_BRIDGE_POLYS;

	for (int first = 0; first < ts->nbatches; first += at_once)
	{
		PpdlLifted	lifted = {.batch = ts->batch + first, .count = ts->nbatches - first};
		PpdlStatus	status;

		if (lifted.count > at_once)
			lifted.count = at_once;
		if (progress != NULL)
			progress(arg, (uint64_t) first, (uint64_t) ts->nbatches, "batch");
		status = ppdl_lift_batches(ev, hb, ts, lifted.batch, lifted.count, lifted.part, err);
		if (status == PPDL_OK)
			status = sink(arg, &lifted, err);
		ppdl_ct_release(ev, &lifted.part[0]);
		ppdl_ct_release(ev, &lifted.part[1]);
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_lifted_mask(PpdlEval *ev, PpdlCt *ct, const double complex *z, PpdlError *err)
{
	const double q = (double) ev->par->ring->mod[ct->limbs - 1].q;
	PpdlPt		pt;
	PpdlStatus	status;

	PPDL_TRY(ppdl_pt_alloc(ev, &pt, ct->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(ev->par, &pt, z, ev->par->slots, q, ct->limbs, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, ct, &pt, err));
done:
	ppdl_pt_release(ev, &pt);
	return status;
}

PpdlStatus
ppdl_lifted_match(PpdlEval *ev, PpdlCt *ct, int limbs, double scale, PpdlError *err)
{
	PPDL_TRY(ppdl_ct_rescale(ev, ct, err));
	return ppdl_ct_match(ev, ct, limbs, scale, err);
}
