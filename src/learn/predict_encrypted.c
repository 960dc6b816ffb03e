#include "learn/predict_encrypted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/step_ops.h"
#include "learn/tiles.h"

/*
 * the forward pass, and the mask that outputs are gathered with; one more where slots between the outputs may hold
 * values far beyond the interval of their polynomial
 */
int
ppdl_encrypted_predict_limbs(const PpdlSlotLayout *lay)
{
	return lay->predict_levels + 2 + (lay->out.degree > 0);
}

/*
 * Outputs of many tiles in one ciphertext.  A tile has an output of a output once in a period; each further tile
 * rotates what is there by 2^log_outputs slots and takes the place that gets free, so that output c of row r of the
 * tile that came i-th before the last ends in slot r*period + i*2^log_outputs + c.
 */
typedef struct Gathering
{
	PpdlEval   *ev;
	const PpdlSlotLayout *lay;
	const PpdlSgd *sgd;
	const PpdlCt *weights;
	size_t		tiles,
				most;			/* period / 2^log_outputs */
	PpdlCt	   *sum;			/* of each output, at slot 0 of its row */
	double		noise,			/* of the noisiest tile */
				bound;			/* of any output */
	uint32_t   *ordinal;		/* of the rows of each tile */
	PpdlPredictedRows result;
	PpdlProgress progress;
	uint64_t	done,			/* rows */
				total;
	void	   *arg;
} Gathering;

static PpdlStatus
gathering_init(Gathering *g, PpdlError *err)
{
	const PpdlSlotLayout *lay = g->lay;

	g->most = lay->period >> lay->log_outputs;
	g->sum = calloc((size_t) lay->outputs, sizeof(*g->sum));
	g->ordinal = malloc(g->most * lay->rows * sizeof(*g->ordinal));
	if (g->sum == NULL || g->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static void
release_sums(Gathering *g)
{
	for (int c = 0; g->sum != NULL && c < g->lay->outputs; c++)
		ppdl_ct_release(g->ev, &g->sum[c]);
}

static void
gathering_free(Gathering *g)
{
	release_sums(g);
	free(g->sum);
	free(g->ordinal);
}

/* *ct = rot_r(*ct) */
static PpdlStatus
rotate(const Gathering *g, PpdlCt *ct, int r, PpdlError *err)
{
	PpdlCt		rotated;

	if (r == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_ct_rotate(g->ev, &rotated, ct, r, err));
	ppdl_ct_release(g->ev, ct);
	*ct = rotated;
	return PPDL_OK;
}

/* outputs of one output of a tile, all else cleared */
static PpdlStatus
pick(const Gathering *g, PpdlCt *out, const PpdlCt *tile, int output, PpdlError *err)
{
	const PpdlSlotLayout *lay = g->lay;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(g->ev, out, tile, tile->limbs, err));
	out->noise = 0;				/* of the sum it is that of one tile, as each has its own slots */
	memset(g->sgd->scratch, 0, lay->period * sizeof(double complex));
	g->sgd->scratch[(size_t) output << (lay->logd + lay->logh)] = 1;
	PPDL_GOTO(fail, ppdl_sgd_mask(g->sgd, g->ev, out, lay->period, tile->scale, err));
	PPDL_GOTO(fail, ppdl_ct_rescale(g->ev, out, err));
	ppdl_ct_drop(out, 1);
	return PPDL_OK;
fail:
	ppdl_ct_release(g->ev, out);
	return status;
}

static PpdlStatus
gather_class(Gathering *g, const PpdlCt *tile, int output, PpdlError *err)
{
	PpdlCt	   *sum = &g->sum[output],
				picked;
	PpdlStatus	status;

	PPDL_TRY(pick(g, &picked, tile, output, err));
	if (g->tiles == 0)
	{
		*sum = picked;
		return PPDL_OK;
	}
	status = rotate(g, sum, -(1 << g->lay->log_outputs), err);
	if (status == PPDL_OK)
		status = ppdl_ct_add(g->ev, sum, &picked, err);
	ppdl_ct_release(g->ev, &picked);
	return status;
}

/* ordinals by place in the gathered ciphertext */
static uint32_t *
places(const Gathering *g)
{
	const PpdlSlotLayout *lay = g->lay;
	const size_t count = lay->par->slots >> lay->log_outputs;
	uint32_t   *at = malloc(count * sizeof(*at));

	if (at == NULL)
		return NULL;
	memset(at, 0xFF, count * sizeof(*at));
	for (size_t i = 0; i < g->tiles; i++)
		for (size_t r = 0; r < lay->rows; r++)
			at[r * g->most + g->tiles - 1 - i] = g->ordinal[i * lay->rows + r];
	return at;
}

/* gives away what has been gathered */
static PpdlStatus
flush(Gathering *g, PpdlError *err)
{
	const PpdlSlotLayout *lay = g->lay;
	PpdlCt	   *out = &g->sum[0];
	uint32_t   *at;
	PpdlStatus	status;

	if (g->tiles == 0)
		return PPDL_OK;
	for (int c = 1; c < lay->outputs; c++)
	{
		PPDL_TRY(rotate(g, &g->sum[c], c * (1 << (lay->logd + lay->logh)) - c, err));
		PPDL_TRY(ppdl_ct_add(g->ev, out, &g->sum[c], err));
	}
	out->noise = hypot(out->noise, g->noise);
	out->bound = g->bound;
	at = places(g);
	if (at == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = g->result(g->arg, out, lay->log_outputs + 1, at, err);
	free(at);
	release_sums(g);
	g->tiles = 0;
	g->noise = g->bound = 0;
	return status;
}

static PpdlStatus
gather(Gathering *g, const PpdlCt *out, const PpdlTile *tile, PpdlError *err)
{
	for (int c = 0; c < g->lay->outputs; c++)
		PPDL_TRY(gather_class(g, out, c, err));
	memcpy(g->ordinal + g->tiles * g->lay->rows, tile->ordinal, g->lay->rows * sizeof(*g->ordinal));
	g->noise = fmax(g->noise, out->noise);
	g->bound = fmax(g->bound, out->bound);
	g->tiles++;
	g->done += (uint64_t) tile->count;
	if (g->progress != NULL)
		g->progress(g->arg, g->done, g->total, "row");
	return g->tiles == g->most ? flush(g, err) : PPDL_OK;
}

static PpdlStatus
predict_tile(void *arg, PpdlTile *tile, int output, PpdlError *err)
{
	Gathering  *g = arg;
	PpdlCt		out;
	PpdlStatus	status = ppdl_sgd_predict(g->sgd, g->ev, &out, g->weights, &tile->x, err);

	(void) output;
	if (status == PPDL_OK)
	{
		status = gather(g, &out, tile, err);
		ppdl_ct_release(g->ev, &out);
	}
	ppdl_tile_release(g->ev, tile);
	return status;
}

PpdlStatus
ppdl_encrypted_predict(const PpdlEncryptedPrediction *p, PpdlError *err)
{
	PpdlSlotLayout lay;
	PpdlSgd    *sgd;
	const PpdlTileSource source = {p->ev, p->hb, &lay, p->net, p->ts, 1, NULL, NULL};
	Gathering	g = {.ev = p->ev, .lay = &lay, .weights = p->weights, .result = p->result, .progress = p->progress,
					 .total = p->ts->rows, .arg = p->arg};
	const int	limbs = p->weights[0].limbs;
	PpdlStatus	status;

	PPDL_TRY(ppdl_slot_layout(&lay, p->ev->par, p->net, p->ts->width_x, err));
	if (limbs < ppdl_encrypted_predict_limbs(&lay))
		return ppdl_error(err, PPDL_ERR_LEVEL, "encrypted weights of %d limbs; a prediction takes %d", limbs,
						  ppdl_encrypted_predict_limbs(&lay));
	PPDL_TRY(ppdl_sgd_create(&sgd, &lay, 1, 0, err));
	g.sgd = sgd;
	PPDL_GOTO(done, gathering_init(&g, err));
	PPDL_GOTO(done, ppdl_tiles_cut(&source, predict_tile, &g, err));
	status = flush(&g, err);
done:
	gathering_free(&g);
	ppdl_sgd_destroy(sgd);
	return status;
}
