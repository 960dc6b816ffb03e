#include "nn/tiles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"
#include "nn/lifting.h"

/* Batches lifted together: their features in quarters 0 .. count-1, their labels, if any, in quarters 2 and 3. */
typedef struct Unit
{
	const PpdlTrainBatch *batch;
	int			count;
	PpdlCt		part[2];		/* real and imaginary: values f < k/2, f >= k/2 */
} Unit;

typedef struct Cutter
{
	PpdlEval   *ev;
	PpdlTileSet *set;
	const PpdlSlotLayout *lay;
	const PpdlNet *net;
	const PpdlTrainSet *ts;
	double complex *z;			/* slots */
	size_t		half_k,			/* slots of a row as it comes out of the half-bootstrap */
				residues,		/* rows whose slots lie alike in their periods: period / half_k */
				quarter;
} Cutter;

void
ppdl_tiles_destroy(PpdlTileSet *set, PpdlEval *ev)
{
	if (set == NULL)
		return;
	for (int i = 0; i < set->count; i++)
		ppdl_tile_release(ev, &set->tile[i]);
	free(set->tile);
	free(set->class_of);
	free(set->open);
	free(set);
}

static void
unit_release(PpdlEval *ev, Unit *u)
{
	ppdl_ct_release(ev, &u->part[0]);
	ppdl_ct_release(ev, &u->part[1]);
}

/* row i of residue rho, block b of its quarter; is it there and of this class? */
static int
belongs(const Cutter *c, const Unit *u, int q, size_t i, int class)
{
	return u->batch[q].ordinal[i] != PPDL_NO_PLACE && (int) (i % (size_t) c->set->classes) == class;
}

/* *sum += rot_r(part * mask z); the part's scale stays */
static PpdlStatus
add_piece(const Cutter *c, PpdlCt *sum, const PpdlCt *part, int r, PpdlError *err)
{
	PpdlEval   *ev = c->ev;
	PpdlCt		x = {0},
				rot = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_ct_copy(ev, &x, part, part->limbs, err));
	PPDL_GOTO(done, ppdl_lifted_mask(ev, &x, c->z, err));
	x.bound = 1;				/* holes are gone */
	PPDL_GOTO(done, ppdl_ct_rotate(ev, &rot, &x, r, err));
	if (sum->b == NULL)
	{
		*sum = rot;
		rot.b = rot.a = NULL;
	}
	else
		PPDL_GOTO(done, ppdl_ct_add(ev, sum, &rot, err));
done:
	ppdl_ct_release(ev, &x);
	ppdl_ct_release(ev, &rot);
	return status;
}

static PpdlStatus
settle(PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	return ppdl_lifted_settle(ev, ct, PPDL_LIFTED_LIMBS, PPDL_SGD_SCALE, err);
}

/* inputs of the rows of one residue, in the lower or upper half, replicated over units and classes */
static PpdlStatus
cut_inputs(const Cutter *c, PpdlCt *x, const Unit *u, size_t rho, int upper, int class, PpdlError *err)
{
	PpdlEval   *ev = c->ev;
	const size_t slots = ev->par->slots,
				blocks = c->quarter / c->lay->period;
	const int	place = (int) (rho * c->half_k) - (upper ? (int) (slots / 2) : 0);
	PpdlStatus	status;

	x->b = x->a = NULL;
	for (int h = 0; h < 2; h++)
	{
		int			first = h * (int) c->half_k,
					last = (h + 1) * (int) c->half_k;

		if (first >= c->lay->inputs)
			break;
		memset(c->z, 0, slots * sizeof(*c->z));
		for (int q = 0; q < u->count; q++)
			for (size_t b = 0; b < blocks; b++)
			{
				size_t		i = rho + b * c->residues;

				if (!belongs(c, u, q, i, class))
					continue;
				for (int f = first; f < last && f < c->lay->inputs; f++)
					c->z[(size_t) q * c->quarter + i * c->half_k + ppdl_slot_of_input(c->lay, f) - (size_t) first] = c->net->input_scale[f];
			}
		PPDL_GOTO(fail, add_piece(c, x, &u->part[h], place - first, err));
	}
	PPDL_GOTO(fail, ppdl_ct_fold(ev, x, -(1 << c->lay->logd), c->lay->logh + c->lay->logc, err));
	PPDL_GOTO(fail, settle(ev, x, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, x);
	return status;
}

/* labels of the same rows: class value v at (row, v, 0, 0) */
static PpdlStatus
cut_labels(const Cutter *c, PpdlCt *y, const Unit *u, size_t rho, int upper, int class, PpdlError *err)
{
	PpdlEval   *ev = c->ev;
	const size_t slots = ev->par->slots,
				blocks = c->quarter / c->lay->period;
	const int	logk = c->ts->logk_y > 0 ? c->ts->logk_y : 1,
				half = 1 << (logk - 1);
	PpdlStatus	status;

	y->b = y->a = NULL;
	for (int v = 0; v < c->lay->classes; v++)
	{
		int			at = (int) ppdl_bitrev((uint32_t) (v % half), logk - 1);
		int			place = (int) (rho * c->half_k) + at - v * (1 << (c->lay->logd + c->lay->logh)) + (upper ? 0 : (int) (slots / 2));

		memset(c->z, 0, slots * sizeof(*c->z));
		for (int q = 0; q < u->count; q++)
			for (size_t b = 0; b < blocks; b++)
			{
				size_t		i = rho + b * c->residues;

				if (belongs(c, u, q, i, class))
					c->z[(size_t) (q + 2) * c->quarter + i * c->half_k + (size_t) at] = 1;
			}
		PPDL_GOTO(fail, add_piece(c, y, &u->part[v >= half], place, err));
	}
	PPDL_GOTO(fail, settle(ev, y, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, y);
	return status;
}

/* writes the ordinals of the rows now in the tile; returns how many rows were added */
static int
note_rows(const Cutter *c, PpdlTile *tile, const Unit *u, size_t rho, int upper, int class)
{
	const size_t blocks = c->quarter / c->lay->period;
	int			added = 0;

	for (int q = 0; q < u->count; q++)
		for (size_t b = 0; b < blocks; b++)
		{
			size_t		i = rho + b * c->residues,
						r = (size_t) q * blocks + b + (upper ? c->lay->rows / 2 : 0);

			if (!belongs(c, u, q, i, class))
				continue;
			tile->ordinal[r] = u->batch[q].ordinal[i];
			added++;
		}
	tile->count += added;
	return added;
}

/* the constant input: 1 at every present row that came with this piece */
static PpdlStatus
add_bias(const Cutter *c, PpdlCt *x, const PpdlTile *rows, PpdlError *err)
{
	const size_t d = (size_t) 1 << c->lay->logd,
				at = ppdl_slot_of_input(c->lay, c->lay->inputs);
	PpdlPt		pt;
	PpdlStatus	status;

	if (!c->lay->bias)
		return PPDL_OK;
	memset(c->z, 0, c->ev->par->slots * sizeof(*c->z));
	for (size_t r = 0; r < c->lay->rows; r++)
		for (size_t s = at; s < c->lay->period && rows->ordinal[r] != PPDL_NO_PLACE; s += d)
			c->z[r * c->lay->period + s] = 1;
	PPDL_TRY(ppdl_pt_alloc(c->ev, &pt, x->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(c->ev->par, &pt, c->z, c->ev->par->slots, x->scale, x->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add_plain(c->ev, x, &pt, err));
done:
	ppdl_pt_release(c->ev, &pt);
	return status;
}

static PpdlStatus
new_tile(PpdlTileSet *set, PpdlTile *tile, PpdlError *err)
{
	memset(tile, 0, sizeof(*tile));
	if (set->count == set->cap)
	{
		int			cap = set->cap ? 2 * set->cap : 16;
		PpdlTile   *grown = realloc(set->tile, (size_t) cap * sizeof(*grown));
		int		   *class_of;

		if (grown != NULL)
			set->tile = grown;
		class_of = grown == NULL ? NULL : realloc(set->class_of, (size_t) cap * sizeof(int));
		if (class_of == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		set->class_of = class_of;
		set->cap = cap;
	}
	tile->ordinal = malloc(set->lay.rows * sizeof(uint32_t));
	if (tile->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(tile->ordinal, 0xFF, set->lay.rows * sizeof(uint32_t));
	return PPDL_OK;
}

/* the rows of one unit, residue and class: a new tile, or the upper half of an open one */
static PpdlStatus
cut(const Cutter *c, const Unit *u, size_t rho, int class, PpdlError *err)
{
	PpdlTileSet *set = c->set;
	const int	labelled = c->ts->width_y > 0,
				upper = set->open[class] >= 0;
	PpdlTile	piece,
			   *to;
	PpdlStatus	status;

	PPDL_TRY(new_tile(set, &piece, err));
	if (note_rows(c, &piece, u, rho, upper, class) == 0)
	{
		ppdl_tile_release(c->ev, &piece);
		return PPDL_OK;
	}
	PPDL_GOTO(fail, cut_inputs(c, &piece.x, u, rho, upper, class, err));
	PPDL_GOTO(fail, add_bias(c, &piece.x, &piece, err));
	if (labelled)
		PPDL_GOTO(fail, cut_labels(c, &piece.y, u, rho, upper, class, err));
	if (!upper)
	{
		set->tile[set->count] = piece;
		set->class_of[set->count] = class;
		if (labelled)
			set->open[class] = set->count;
		set->count++;
		return PPDL_OK;
	}
	to = &set->tile[set->open[class]];
	PPDL_GOTO(fail, ppdl_ct_add(c->ev, &to->x, &piece.x, err));
	if (labelled)
		PPDL_GOTO(fail, ppdl_ct_add(c->ev, &to->y, &piece.y, err));
	for (size_t r = set->lay.rows / 2; r < set->lay.rows; r++)
		to->ordinal[r] = piece.ordinal[r];
	to->count += piece.count;
	to->x.bound = to->y.bound = 1;
	set->open[class] = -1;
	ppdl_tile_release(c->ev, &piece);
	return PPDL_OK;
fail:
	ppdl_tile_release(c->ev, &piece);
	return status;
}

static PpdlStatus
cut_unit(const Cutter *c, const Unit *u, PpdlError *err)
{
	for (size_t rho = 0; rho < c->residues; rho++)
		for (int class = 0; class < c->set->classes; class++)
		{
			/* rows of residue rho have class rho mod classes, or several when there are more classes than residues */
			size_t		common = (size_t) c->set->classes < c->residues ? (size_t) c->set->classes : c->residues;

			if (rho % common == (size_t) class % common)
				PPDL_TRY(cut(c, u, rho, class, err));
		}
	return PPDL_OK;
}

static PpdlStatus
run(Cutter *c, const PpdlHalfBoot *hb, PpdlTilesProgress progress, void *arg, PpdlError *err)
{
	const int	at_once = c->ts->width_y > 0 ? PPDL_BRIDGE_POLYS / 2 : PPDL_BRIDGE_POLYS;

	for (int first = 0; first < c->ts->nbatches; first += at_once)
	{
		Unit		u = {.batch = &c->ts->batch[first]};
		PpdlStatus	status;

		if (progress != NULL)
			progress(arg, first, c->ts->nbatches);
		u.count = c->ts->nbatches - first < at_once ? c->ts->nbatches - first : at_once;
		PPDL_TRY(ppdl_lift_batches(c->ev, hb, c->ts, u.batch, u.count, u.part, err));
		status = cut_unit(c, &u, err);
		unit_release(c->ev, &u);
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_tiles_create(PpdlTileSet **out, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlSlotLayout *lay, const PpdlNet *net,
				  const PpdlTrainSet *ts, int classes, PpdlTilesProgress progress, void *arg, PpdlError *err)
{
	PpdlTileSet *set = calloc(1, sizeof(*set));
	Cutter		c = {.ev = ev, .set = set, .net = net, .ts = ts};
	PpdlStatus	status;

	*out = NULL;
	c.z = malloc(ev->par->slots * sizeof(*c.z));
	if (set != NULL)
		set->open = malloc((size_t) classes * sizeof(int));
	if (set == NULL || set->open == NULL || c.z == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	set->lay = *lay;
	set->classes = classes;
	for (int i = 0; i < classes; i++)
		set->open[i] = -1;
	c.lay = &set->lay;
	c.half_k = (size_t) 1 << (lay->logk - 1);
	c.residues = lay->period / c.half_k;
	c.quarter = ev->par->slots / PPDL_BRIDGE_POLYS;
	if (ts->width_y > 0 && ts->width_y != lay->classes)
		status = ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d outputs, labels have %d values", lay->classes, ts->width_y);
	else if (lay->period > c.quarter || ts->logk_x != lay->logk)
		status = ppdl_error(err, PPDL_ERR_ARGUMENT, "rows of %d values do not fit this network", 1 << ts->logk_x);
	else
		status = run(&c, hb, progress, arg, err);
done:
	free(c.z);
	if (status == PPDL_OK)
		*out = set;
	else
		ppdl_tiles_destroy(set, ev);
	return status;
}
