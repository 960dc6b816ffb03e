/* Second moments of rows lifted to the deep ring. */
#include "predict/gram.h"

#include <string.h>

#define SLOT_SCALE 0x1p40

typedef struct Run
{
	PpdlGram   *g;
	PpdlEval   *ev;
} Run;

/* the first `count` slots of each row */
static PpdlStatus
take(const Run *r, PpdlCt *out, const PpdlLifted *in, int labels, int count, PpdlError *err)
{
	char		slot[PPDL_GRAM_MAX_WIDTH] = {0};
	/* labels of one value are in the real parts; in the imaginary ones are holes */
	const PpdlLiftedColumn column = {.labels = labels, .stride = r->g->lay.half_x, .slot = slot, .re = 1,
									 .im = !labels || r->g->lay.width_y > 1, .limbs = PPDL_GRAM_LIMBS,
									 .scale = SLOT_SCALE};

	memset(slot, 1, (size_t) count);
	return ppdl_lifted_take(r->ev, out, in, &column, err);
}

static PpdlStatus
add_lifted(void *arg, PpdlLifted *in, PpdlError *err)
{
	const Run  *r = arg;
	const int	labels = r->g->lay.width_y > 0,
				rows = ppdl_lifted_rows(in, NULL);
	PpdlCt		x,
				y = {0};
	PpdlStatus	status;

	PPDL_TRY(take(r, &x, in, 0, r->g->lay.half_x, err));
	if (labels)
		PPDL_GOTO(done, take(r, &y, in, 1, r->g->lay.half_y, err));
	status = ppdl_gram_add(r->g, r->ev, &x, labels ? &y : NULL, rows, err);
	r->g->bias += 2 * PPDL_LIFTED_BIAS * rows;
done:
	ppdl_ct_release(r->ev, &x);
	ppdl_ct_release(r->ev, &y);
	return status;
}

PpdlStatus
ppdl_gram_add_lifted(PpdlGram *g, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlProgress progress,
					 void *arg, PpdlError *err)
{
	Run			r = {.g = g, .ev = ev};

	if (ts->width_x != g->lay.width_x || ts->width_y != g->lay.width_y)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "second moments of %d and %d values, rows of %d and %d",
						  g->lay.width_x, g->lay.width_y, ts->width_x, ts->width_y);
	return ppdl_lift_all(ev, hb, ts, add_lifted, &r, progress, arg, err);
}
