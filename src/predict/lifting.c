#include "predict/lifting.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"
#include "ring/random.h"
#include "ring/vec.h"

/* One group: its batches interleaved as the bridge takes them. */
typedef struct Group
{
	PpdlRowPoly x,
				y;
	uint8_t		seed_x[PPDL_MAX_BRIDGE_PARTS][PPDL_SEED_BYTES],
				seed_y[PPDL_MAX_BRIDGE_PARTS][PPDL_SEED_BYTES];
	uint64_t   *bx,				/* deep->n / PPDL_BRIDGE_POLYS words */
			   *by,				/* the same, or NULL */
			   *ax,				/* the same, or NULL: where keys were switched */
			   *ay;
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
		free(l->group[q].ax);
		free(l->group[q].ay);
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

/* ------------------------------------------------------------------ rows of writers */

/*
 * Batches under writers' keys become, a group at a time, a polynomial of the row ring under the owner's secret; so do
 * groups of the compact ring of a set that has any, since two secrets do not cross the bridge together.
 */
static int
takes_switch(const Lifting *l, const PpdlTrainBatch *batch, int count)
{
	int			foreign = l->parts > 1 && l->ts->keys.count > 0;

	for (int t = 0; t < count; t++)
		foreign |= batch[t].key > 0;
	return foreign;
}

/* one column of a group */
typedef struct Column
{
	const PpdlTrainBatch *batch;
	int			count,
				labels;
	uint64_t   *b,				/* l->n words each, coefficients: the result */
			   *a;
	double		variance;
} Column;

/* the batches of that key, interleaved; b and a: l->n words, NTT domain of the row ring */
static PpdlStatus
gather(const Lifting *l, const Column *col, int key, PpdlEval *rows, uint64_t *b, uint64_t *a, PpdlError *err)
{
	const PpdlParams *par = l->ts->par;
	const PpdlModulus *q0 = &par->ring->mod[0];
	uint64_t   *half = ppdl_pool_get(rows->pool, par->n * sizeof(uint64_t));
	PpdlStatus	status = PPDL_OK;

	if (half == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(b, 0, l->n * sizeof(uint64_t));
	memset(a, 0, l->n * sizeof(uint64_t));
	for (int t = 0; t < col->count; t++)
	{
		const PpdlTrainBatch *batch = &col->batch[t];
		const size_t at = ppdl_bitrev((uint32_t) t, __builtin_ctz((unsigned) l->parts));

		if (batch->key != key)
			continue;
		PPDL_GOTO(done, ppdl_xof_uniform(q0, half, par->n, col->labels ? batch->seed_y : batch->seed_x, PPDL_XOF_ROW_A,
										 0, err));
		ppdl_intt(par->ring, q0, half);
		for (size_t c = 0; c < par->n; c++)
		{
			b[(size_t) l->parts * c + at] = (col->labels ? batch->by : batch->bx)[c];
			a[(size_t) l->parts * c + at] = half[c];
		}
	}
	ppdl_ntt(rows->par->ring, &rows->par->ring->mod[0], b);
	ppdl_ntt(rows->par->ring, &rows->par->ring->mod[0], a);
done:
	ppdl_pool_put(rows->pool, half);
	return status;
}

static int
has_key(const Column *col, int key)
{
	for (int t = 0; t < col->count; t++)
		if (col->batch[t].key == key)
			return 1;
	return 0;
}

/* what the batches of that key come to under the owner's is added to the column; one: two polynomials of scratch */
static PpdlStatus
add_key(const Lifting *l, Column *col, int key, PpdlEval *rows, uint64_t *one[2], PpdlError *err)
{
	const PpdlModulus *q0 = &rows->par->ring->mod[0];
	uint64_t   *const sum[2] = {col->b, col->a};
	double		noise;

	if (!has_key(col, key))
		return PPDL_OK;
	PPDL_TRY(gather(l, col, key, rows, one[0], one[1], err));
	PPDL_TRY(ppdl_key_ring_switch(&l->ts->keys, key, rows, one[0], one[1], 1, err));
	for (int h = 0; h < 2; h++)
		ppdl_vec_add(q0, sum[h], sum[h], one[h], l->n);
	noise = ppdl_key_ring_noise(&l->ts->keys, key, rows->par, 1, 0);
	col->variance += noise * noise;
	return PPDL_OK;
}

static PpdlStatus
switch_column(const Lifting *l, PpdlEval *rows, PpdlRowPoly *poly, Column *col, PpdlError *err)
{
	const PpdlModulus *q0 = &rows->par->ring->mod[0];
	uint64_t   *one[2] = {NULL, NULL};
	PpdlStatus	status = PPDL_OK;

	for (int h = 0; h < 2; h++)
		if ((one[h] = ppdl_pool_get(rows->pool, l->n * sizeof(uint64_t))) == NULL)
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(col->b, 0, l->n * sizeof(uint64_t));
	memset(col->a, 0, l->n * sizeof(uint64_t));
	for (int key = 0; key <= l->ts->keys.count && status == PPDL_OK; key++)
		status = add_key(l, col, key, rows, one, err);
	for (int h = 0; h < 2; h++)
		ppdl_pool_put(rows->pool, one[h]);
	ppdl_intt(rows->par->ring, q0, col->b);
	ppdl_intt(rows->par->ring, q0, col->a);
	poly->a = col->a;
	poly->noise = sqrt(PPDL_SIGMA * PPDL_SIGMA + col->variance);
	return status;
}

static PpdlStatus
switch_columns(const Lifting *l, PpdlEval *rows, Group *g, const PpdlTrainBatch *batch, int count, PpdlError *err)
{
	Column		x = {batch, count, 0, g->bx, g->ax, 0},
				y = {batch, count, 1, g->by, g->ay, 0};

	PPDL_TRY(switch_column(l, rows, &g->x, &x, err));
	return g->by != NULL ? switch_column(l, rows, &g->y, &y, err) : PPDL_OK;
}

static PpdlStatus
switch_group(const Lifting *l, Group *g, const PpdlTrainBatch *batch, int count, PpdlError *err)
{
	const PpdlSwitchKey *key = l->ts->keys.count > 0 ? l->ts->keys.foreign[0].key[0] : NULL;
	PpdlStatus	status;
	PpdlEval	rows;

	if (key == NULL || key->par->n != l->n)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "switching keys of rows of writers were not loaded");
	if (g->ax == NULL)
		g->ax = malloc(l->n * sizeof(uint64_t));
	if (g->ay == NULL && g->by != NULL)
		g->ay = malloc(l->n * sizeof(uint64_t));
	if (g->ax == NULL || (g->by != NULL && g->ay == NULL))
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_eval_init(&rows, key->par, l->ev->pool, NULL, err));
	rows.interrupted = l->ev->interrupted;
	rows.interrupted_arg = l->ev->interrupted_arg;
	status = switch_columns(l, &rows, g, batch, count, err);
	ppdl_eval_fini(&rows);
	return status;
}

/* ------------------------------------------------------------------ lifting */

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
		const PpdlTrainBatch *batch = l->ts->batch + first;
		int			left = l->ts->nbatches - first,
					count = left < l->parts ? left : l->parts;

		fill_group(l, g, batch, count);
		if (takes_switch(l, batch, count))
			PPDL_TRY(switch_group(l, g, batch, count, err));
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
ppdl_lift_all(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlLiftedSink sink, void *sink_arg,
			  PpdlProgress progress, void *progress_arg, PpdlError *err)
{
	const int	most = ts->width_y > 0 ? PPDL_BRIDGE_POLYS / 2 : PPDL_BRIDGE_POLYS;
	PpdlStatus	status = PPDL_OK;
	Lifting		l;

	PPDL_TRY(lifting_init(&l, ev, ts, most, err));
	for (int first = 0; first < ts->nbatches && status == PPDL_OK; first += most * l.parts)
	{
		PpdlLifted	lifted;

		if (progress != NULL)
			progress(progress_arg, (uint64_t) first, (uint64_t) ts->nbatches, "batch");
		status = lift_groups(&l, hb, &lifted, first, most, err);
		if (status == PPDL_OK)
			status = sink(sink_arg, &lifted, err);
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
