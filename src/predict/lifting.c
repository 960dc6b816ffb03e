#include "predict/lifting.h"

#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"

/* One group: its batches interleaved as the bridge takes them. */
typedef struct Group
{
	PpdlRowPoly x,
				y;
	uint8_t		seed_x[PPDL_MAX_BRIDGE_PARTS][PPDL_SEED_BYTES],
				seed_y[PPDL_MAX_BRIDGE_PARTS][PPDL_SEED_BYTES];
	uint64_t   *bx,				/* deep->n / PPDL_BRIDGE_POLYS words */
			   *by;				/* the same, or NULL */
	uint32_t   *ordinal;
} Group;

typedef struct Lifting
{
	PpdlEval   *ev;
	const PpdlTrainSet *ts;
	int			parts;			/* batches of a group */
	size_t		n;				/* coefficients of a group */
	Group		group[PPDL_BRIDGE_POLYS];
} Lifting;

static void
lifting_free(Lifting *l)
{
	for (int q = 0; q < PPDL_BRIDGE_POLYS; q++)
	{
		free(l->group[q].bx);
		free(l->group[q].by);
		free(l->group[q].ordinal);
	}
}

static PpdlStatus
lifting_init(Lifting *l, PpdlEval *ev, const PpdlTrainSet *ts, int groups, PpdlError *err)
{
	*l = (Lifting) {.ev = ev, .ts = ts, .parts = ppdl_bridge_parts(ev->par, ts->par),
					.n = ev->par->n / PPDL_BRIDGE_POLYS};
	if (l->parts == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rings \"%s\" and \"%s\" have no bridge", ts->par->name,
						  ev->par->name);
	for (int q = 0; q < groups; q++)
	{
		Group	   *g = &l->group[q];

		g->bx = malloc(l->n * sizeof(uint64_t));
		g->by = ts->width_y > 0 ? malloc(l->n * sizeof(uint64_t)) : NULL;
		g->ordinal = malloc((l->n >> ts->logk_x) * sizeof(uint32_t));
		if (g->bx == NULL || (ts->width_y > 0 && g->by == NULL) || g->ordinal == NULL)
		{
			lifting_free(l);
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		}
	}
	return PPDL_OK;
}

/* the batch's column as the t-th of a polynomial of the bridge */
static void
take_column(const Lifting *l, PpdlRowPoly *poly, uint8_t seed[][PPDL_SEED_BYTES], uint64_t *b, int t,
			const uint8_t *from_seed, const uint64_t *from)
{
	size_t		at = ppdl_bitrev((uint32_t) t, __builtin_ctz((unsigned) l->parts));

	memcpy(seed[t], from_seed, PPDL_SEED_BYTES);
	for (size_t c = 0; c < l->ts->par->n; c++)
		b[(size_t) l->parts * c + at] = from[c];
	poly->count = t + 1;
}

/* batches first .. first + count - 1 of the set */
static void
fill_group(const Lifting *l, Group *g, const PpdlTrainBatch *batch, int count)
{
	const size_t places = l->ts->par->n >> l->ts->logk_x;

	memset(g->bx, 0, l->n * sizeof(uint64_t));
	if (g->by != NULL)
		memset(g->by, 0, l->n * sizeof(uint64_t));
	memset(g->ordinal, 0xFF, (l->n >> l->ts->logk_x) * sizeof(uint32_t));
	g->x = (PpdlRowPoly) {.seed = g->seed_x, .b = g->bx};
	g->y = (PpdlRowPoly) {.seed = g->seed_y, .b = g->by};
	for (int t = 0; t < count; t++)
	{
		take_column(l, &g->x, g->seed_x, g->bx, t, batch[t].seed_x, batch[t].bx);
		if (g->by != NULL)
			take_column(l, &g->y, g->seed_y, g->by, t, batch[t].seed_y, batch[t].by);
		memcpy(g->ordinal + (size_t) t * places, batch[t].ordinal, places * sizeof(uint32_t));
	}
}

/* groups of the batches from `first` on, `most` at most, lifted */
static PpdlStatus
lift_groups(Lifting *l, const PpdlHalfBoot *hb, PpdlLifted *out, int first, int most, PpdlError *err)
{
	PpdlRowPoly poly[PPDL_BRIDGE_POLYS] = {{0}};
	PpdlCt		bridged;
	PpdlStatus	status;

	*out = (PpdlLifted) {.capacity = ppdl_lift_capacity(l->ev->par, l->ts->logk_x)};
	for (; out->count < most && first < l->ts->nbatches; out->count++, first += l->parts)
	{
		Group	   *g = &l->group[out->count];
		int			left = l->ts->nbatches - first;

		fill_group(l, g, l->ts->batch + first, left < l->parts ? left : l->parts);
		out->ordinal[out->count] = g->ordinal;
		poly[ppdl_bitrev((uint32_t) out->count, 2)] = g->x;
		if (g->by != NULL)
			poly[ppdl_bitrev((uint32_t) out->count + 2, 2)] = g->y;
	}
	PPDL_TRY(ppdl_bridge(l->ev, &bridged, l->ts->par, poly, l->ts->scale, err));
	status = ppdl_halfboot_run(hb, l->ev, out->part, &bridged, err);
	ppdl_ct_release(l->ev, &bridged);
	return status;
}

PpdlStatus
ppdl_lift_all(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlLiftedSink sink, PpdlProgress progress,
			  void *arg, PpdlError *err)
{
	const int	most = ts->width_y > 0 ? PPDL_BRIDGE_POLYS / 2 : PPDL_BRIDGE_POLYS;
	PpdlStatus	status = PPDL_OK;
	Lifting		l;

	PPDL_TRY(lifting_init(&l, ev, ts, most, err));
	for (int first = 0; first < ts->nbatches && status == PPDL_OK; first += most * l.parts)
	{
		PpdlLifted	lifted;

		if (progress != NULL)
			progress(arg, (uint64_t) first, (uint64_t) ts->nbatches, "batch");
		status = lift_groups(&l, hb, &lifted, first, most, err);
		if (status == PPDL_OK)
			status = sink(arg, &lifted, err);
		ppdl_ct_release(ev, &lifted.part[0]);
		ppdl_ct_release(ev, &lifted.part[1]);
	}
	lifting_free(&l);
	return status;
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
