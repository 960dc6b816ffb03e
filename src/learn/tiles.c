#include "learn/tiles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encoder.h"

/*
 * Batches lifted together.  Values and labels are rotated once for all pieces: value f of row i of batch q lies in slot
 * base + ppdl_slot_of_input(f), label v in slot base + v*h*d, base = q*slots/4 + i*k/2, modulo the slots; what else is
 * there is masked.
 */
typedef struct LiftedGroup
{
	const uint32_t *ordinal[PPDL_BRIDGE_POLYS];	/* of each group */
	int			count;
	PpdlCt		value[2],		/* f < k/2, f >= k/2 */
			   *label;			/* one for each value of a label */
} LiftedGroup;

/*
 * A tile that is being filled: pieces, each the rows of one residue of a unit, behind each other or in each other's
 * gaps.
 */
typedef struct Open
{
	PpdlCt		sum;			/* inputs + i*labels; not yet rescaled */
	uint32_t   *ordinal;		/* NULL: there is none */
	int			count;
} Open;

typedef struct Cutter
{
	PpdlEval   *ev;
	const PpdlSlotLayout *lay;
	const PpdlNet *net;
	const PpdlTrainSet *ts;
	int			minibatches;
	PpdlTileSink sink;
	void	   *sink_arg;
	Open	   *open;			/* of each minibatch */
	double complex *z;			/* slots */
	size_t		half_k,			/* slots of a row as it comes out of the half-bootstrap */
				residues,		/* rows whose slots lie alike in their periods: period / half_k */
				quarter,
				blocks;			/* periods of a quarter */
} Cutter;

/* Rows of one residue and minibatch of a unit; numbered q*blocks + b, first .. last are those that a tile takes. */
typedef struct Piece
{
	const LiftedGroup *u;
	size_t		rho;
	int			minibatch;
	size_t		first,
				last;
} Piece;

/* ---- units ---- */

static void
group_release(const Cutter *c, LiftedGroup *u)
{
	for (int h = 0; h < 2; h++)
		ppdl_ct_release(c->ev, &u->value[h]);
	for (int v = 0; u->label != NULL && v < c->lay->outputs; v++)
		ppdl_ct_release(c->ev, &u->label[v]);
	free(u->label);
}

/* labels of all rows to their slots; part is still as lifted */
static PpdlStatus
rotate_labels(const Cutter *c, LiftedGroup *u, const PpdlCt part[2], PpdlError *err)
{
	const int	logk = c->ts->logk_y > 0 ? c->ts->logk_y : 1,
				half = 1 << (logk - 1);

	u->label = calloc((size_t) c->lay->outputs, sizeof(PpdlCt));
	if (u->label == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int v = 0; v < c->lay->outputs; v++)
	{
		int			at = (int) ppdl_bitrev((uint32_t) (v % half), logk - 1) - v * (1 << (c->lay->logd + c->lay->logh));

		PPDL_TRY(ppdl_ct_rotate(c->ev, &u->label[v], &part[v >= half], at + (int) (c->ev->par->slots / 2), err));
	}
	return PPDL_OK;
}

static PpdlStatus
group_create(const Cutter *c, LiftedGroup *u, PpdlLifted *in, PpdlError *err)
{
	memcpy(u->ordinal, in->ordinal, sizeof(u->ordinal));
	u->count = in->count;
	if (c->ts->width_y > 0)
		PPDL_TRY(rotate_labels(c, u, in->part, err));
	if ((size_t) c->lay->inputs > c->half_k)
		PPDL_TRY(ppdl_ct_rotate(c->ev, &u->value[1], &in->part[1], -(int) c->half_k, err));
	u->value[0] = in->part[0];
	in->part[0].b = in->part[0].a = NULL;
	return PPDL_OK;
}

/* ---- pieces ---- */

/* number of row r of the piece, PPDL_NO_PLACE when it is not there or of another minibatch; *base: its first slot */
static uint32_t
row_of(const Cutter *c, const Piece *p, size_t r, size_t *base)
{
	const size_t i = p->rho + r % c->blocks * c->residues;

	*base = p->rho * c->half_k + r * c->lay->period;
	return (int) (i % (size_t) c->minibatches) == p->minibatch ? p->u->ordinal[r / c->blocks][i] : PPDL_NO_PLACE;
}

/* sets first and last; returns how many rows are there */
static int
find_rows(const Cutter *c, Piece *p)
{
	int			count = 0;
	size_t		base;

	for (size_t r = 0; r < (size_t) p->u->count * c->blocks; r++)
	{
		if (row_of(c, p, r, &base) == PPDL_NO_PLACE)
			continue;
		if (count++ == 0)
			p->first = r;
		p->last = r;
	}
	return count;
}

/* *sum += ct, which holds slots of its own: the noise is that of either, not of both */
static PpdlStatus
add_apart(PpdlEval *ev, PpdlCt *sum, const PpdlCt *ct, PpdlError *err)
{
	const double noise = fmax(sum->noise, ct->noise);

	PPDL_TRY(ppdl_ct_add(ev, sum, ct, err));
	sum->noise = noise;
	return PPDL_OK;
}

/* *sum += ct where the mask z says so */
static PpdlStatus
add_masked(const Cutter *c, PpdlCt *sum, const PpdlCt *ct, PpdlError *err)
{
	PpdlCt		x;
	PpdlStatus	status = PPDL_OK;

	PPDL_TRY(ppdl_ct_copy(c->ev, &x, ct, ct->limbs, err));
	PPDL_GOTO(done, ppdl_lifted_mask(c->ev, &x, c->z, err));
	x.bound = 1;				/* holes are gone */
	if (sum->b == NULL)
	{
		*sum = x;
		return PPDL_OK;
	}
	status = add_apart(c->ev, sum, &x, err);
done:
	ppdl_ct_release(c->ev, &x);
	return status;
}

/* what an input is multiplied by on its way to a tile */
static double
input_factor(const Cutter *c, int f)
{
	return c->net->input_scale[f] / c->lay->input_divisor;
}

static PpdlStatus
add_inputs(const Cutter *c, PpdlCt *sum, const Piece *p, PpdlError *err)
{
	const size_t slots = c->ev->par->slots;

	for (int h = 0; h < 2 && h * (int) c->half_k < c->lay->inputs; h++)
	{
		memset(c->z, 0, slots * sizeof(*c->z));
		for (size_t r = p->first; r <= p->last; r++)
		{
			size_t		base;

			if (row_of(c, p, r, &base) == PPDL_NO_PLACE)
				continue;
			for (int f = h * (int) c->half_k; f < (h + 1) * (int) c->half_k && f < c->lay->inputs; f++)
				c->z[(base + ppdl_slot_of_input(c->lay, f)) & (slots - 1)] = input_factor(c, f);
		}
		PPDL_TRY(add_masked(c, sum, &p->u->value[h], err));
	}
	return PPDL_OK;
}

static PpdlStatus
add_labels(const Cutter *c, PpdlCt *sum, const Piece *p, PpdlError *err)
{
	const size_t slots = c->ev->par->slots,
				block = (size_t) 1 << (c->lay->logd + c->lay->logh);

	for (int v = 0; v < c->lay->outputs; v++)
	{
		memset(c->z, 0, slots * sizeof(*c->z));
		for (size_t r = p->first; r <= p->last; r++)
		{
			size_t		base;

			if (row_of(c, p, r, &base) != PPDL_NO_PLACE)
				c->z[(base + (size_t) v * block) & (slots - 1)] = I;
		}
		PPDL_TRY(add_masked(c, sum, &p->u->label[v], err));
	}
	return PPDL_OK;
}

/* inputs + i*labels of the piece, its first row at row `at` of a tile */
static PpdlStatus
cut_piece(const Cutter *c, PpdlCt *out, const Piece *p, size_t at, PpdlError *err)
{
	PpdlCt		sum = {0};
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, add_inputs(c, &sum, p, err));
	if (c->ts->width_y > 0)
		PPDL_GOTO(done, add_labels(c, &sum, p, err));
	status = ppdl_ct_rotate(c->ev, out, &sum,
							(int) (p->rho * c->half_k) + ((int) p->first - (int) at) * (int) c->lay->period, err);
done:
	ppdl_ct_release(c->ev, &sum);
	return status;
}

/* ---- tiles ---- */

static PpdlStatus
match_tile(PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	PPDL_TRY(ppdl_lifted_match(ev, ct, PPDL_LIFTED_LIMBS, PPDL_SGD_SCALE, err));
	ct->bound = 1;
	return PPDL_OK;
}

/* the constant input: 1 over the divisor at every present row */
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
			c->z[r * c->lay->period + s] = 1 / c->lay->input_divisor;
	PPDL_TRY(ppdl_pt_alloc(c->ev, &pt, x->limbs, err));
	PPDL_GOTO(done, ppdl_encode_slots(c->ev->par, &pt, c->z, c->ev->par->slots, x->scale, x->limbs, err));
	PPDL_GOTO(done, ppdl_ct_add_plain(c->ev, x, &pt, err));
done:
	ppdl_pt_release(c->ev, &pt);
	return status;
}

/* |slot| of a tile, at most, for inputs within [-1,1] */
static double
largest_input(const Cutter *c)
{
	double		most = 1 / c->lay->input_divisor;

	for (int f = 0; f < c->lay->inputs; f++)
		most = fmax(most, fabs(input_factor(c, f)));
	return most;
}

static void
forget(const Cutter *c, Open *open)
{
	ppdl_ct_release(c->ev, &open->sum);
	free(open->ordinal);
	memset(open, 0, sizeof(*open));
}

/* what has been put into a tile becomes one: inputs replicated over units and minibatches, labels apart */
static PpdlStatus
close_tile(const Cutter *c, int minibatch, PpdlError *err)
{
	Open	   *open = &c->open[minibatch];
	PpdlTile	tile = {.ordinal = open->ordinal, .count = open->count};
	double		noise;
	PpdlStatus	status;

	if (open->ordinal == NULL)
		return PPDL_OK;
	open->ordinal = NULL;
	if (c->ts->width_y > 0)
	{
		PPDL_GOTO(fail, ppdl_ct_split(c->ev, &tile.x, &tile.y, &open->sum, err));
		PPDL_GOTO(fail, match_tile(c->ev, &tile.y, err));
	}
	else
	{
		tile.x = open->sum;
		open->sum.b = open->sum.a = NULL;
	}
	forget(c, open);
	/* copies to slots that are empty */
	noise = tile.x.noise;
	PPDL_GOTO(fail, ppdl_ct_rotate_and_sum(c->ev, &tile.x, -(1 << c->lay->logd), c->lay->logh + c->lay->log_outputs,
										   err));
	tile.x.noise = noise;
	PPDL_GOTO(fail, match_tile(c->ev, &tile.x, err));
	PPDL_GOTO(fail, add_bias(c, &tile.x, &tile, err));
	tile.x.bound = largest_input(c);
	return c->sink(c->sink_arg, &tile, minibatch, err);
fail:
	ppdl_tile_release(c->ev, &tile);
	return status;
}

static PpdlStatus
open_tile(const Cutter *c, Open *open, PpdlError *err)
{
	open->ordinal = malloc(c->lay->rows * sizeof(uint32_t));
	if (open->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(open->ordinal, 0xFF, c->lay->rows * sizeof(uint32_t));
	return PPDL_OK;
}

/* are the places of the piece's rows free, when its first row is row `at` of the tile? */
static int
is_room(const Cutter *c, const Open *open, const Piece *p, size_t at)
{
	size_t		base;

	for (size_t r = p->first; r <= p->last; r++)
		if (open->ordinal[at + r - p->first] != PPDL_NO_PLACE && row_of(c, p, r, &base) != PPDL_NO_PLACE)
			return 0;
	return 1;
}

/*
 * The first place that takes the piece, lay->rows: there is none.  Rows of a mini-batch lie apart where there are more
 * mini-batches than residues; those of other units fill the gaps.
 */
static size_t
find_room(const Cutter *c, const Open *open, const Piece *p)
{
	const size_t span = p->last - p->first + 1;

	for (size_t at = 0; open->ordinal != NULL && at + span <= c->lay->rows; at++)
		if (is_room(c, open, p, at))
			return at;
	return c->lay->rows;
}

/* the rows of one unit, residue and minibatch, beside those of the open tile if there is room */
static PpdlStatus
cut(const Cutter *c, const LiftedGroup *u, size_t rho, int minibatch, PpdlError *err)
{
	Piece		p = {.u = u, .rho = rho, .minibatch = minibatch};
	Open	   *open = &c->open[minibatch];
	PpdlCt		piece;
	const int	count = find_rows(c, &p);
	size_t		at;
	PpdlStatus	status = PPDL_OK;

	if (count == 0)
		return PPDL_OK;
	at = find_room(c, open, &p);
	if (at == c->lay->rows)
	{
		PPDL_TRY(close_tile(c, minibatch, err));
		PPDL_TRY(open_tile(c, open, err));
		at = 0;
	}
	PPDL_TRY(cut_piece(c, &piece, &p, at, err));
	if (open->sum.b == NULL)
		open->sum = piece;
	else
	{
		status = add_apart(c->ev, &open->sum, &piece, err);
		ppdl_ct_release(c->ev, &piece);
	}
	open->sum.bound = 1;
	for (size_t r = p.first; r <= p.last; r++)
	{
		size_t		base;
		const uint32_t row = row_of(c, &p, r, &base);

		if (row != PPDL_NO_PLACE)
			open->ordinal[at + r - p.first] = row;
	}
	open->count += count;
	return status;
}

static PpdlStatus
cut_group(const Cutter *c, const LiftedGroup *u, PpdlError *err)
{
	for (size_t rho = 0; rho < c->residues; rho++)
		for (int minibatch = 0; minibatch < c->minibatches; minibatch++)
		{
			/*
			 * rows of residue rho have minibatch rho mod minibatches, or several when there are more minibatches than
			 * residues
			 */
			size_t		common = (size_t) c->minibatches < c->residues ? (size_t) c->minibatches : c->residues;

			if (rho % common == (size_t) minibatch % common)
				PPDL_TRY(cut(c, u, rho, minibatch, err));
		}
	return PPDL_OK;
}

static PpdlStatus
cut_lifted(void *arg, PpdlLifted *in, PpdlError *err)
{
	const Cutter *c = arg;
	LiftedGroup		u = {0};
	PpdlStatus	status = group_create(c, &u, in, err);

	if (status == PPDL_OK)
		status = cut_group(c, &u, err);
	group_release(c, &u);
	return status;
}

static PpdlStatus
check_source(const PpdlTileSource *source, const Cutter *c, PpdlError *err)
{
	const PpdlTrainSet *ts = source->ts;
	const PpdlSlotLayout *lay = source->lay;

	if (ts->width_y > 0 && ts->width_y != lay->outputs)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d outputs, labels have %d values", lay->outputs,
						  ts->width_y);
	if (lay->period > c->quarter || ts->logk_x != lay->logk)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows of %d values do not fit this network", 1 << ts->logk_x);
	return PPDL_OK;
}

PpdlStatus
ppdl_tiles_cut(const PpdlTileSource *source, PpdlTileSink sink, void *arg, PpdlError *err)
{
	Cutter		c = {.ev = source->ev, .lay = source->lay, .net = source->net, .ts = source->ts,
					 .minibatches = source->minibatches, .sink = sink, .sink_arg = arg};
	const size_t slots = source->ev->par->slots;
	PpdlStatus	status;

	c.half_k = (size_t) 1 << (c.lay->logk - 1);
	c.residues = c.lay->period / c.half_k;
	c.quarter = slots / PPDL_BRIDGE_POLYS;
	c.blocks = c.quarter / c.lay->period;
	PPDL_TRY(check_source(source, &c, err));
	c.z = malloc(slots * sizeof(*c.z));
	c.open = calloc((size_t) c.minibatches, sizeof(*c.open));
	if (c.open == NULL || c.z == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	PPDL_GOTO(done, ppdl_lift_all(c.ev, source->hb, c.ts, cut_lifted, &c, source->progress, source->progress_arg, err));
	for (int minibatch = 0; minibatch < c.minibatches; minibatch++)
		PPDL_GOTO(done, close_tile(&c, minibatch, err));
done:
	for (int minibatch = 0; c.open != NULL && minibatch < c.minibatches; minibatch++)
		forget(&c, &c.open[minibatch]);
	free(c.open);
	free(c.z);
	return status;
}

/* ---- sets ---- */

void
ppdl_tiles_destroy(PpdlTileSet *set, PpdlEval *ev)
{
	if (set == NULL)
		return;
	for (int i = 0; i < set->count; i++)
		ppdl_tile_release(ev, &set->tile[i]);
	free(set->tile);
	free(set->minibatch_of);
	free(set);
}

static PpdlStatus
grow(PpdlTileSet *set, PpdlError *err)
{
	int			cap = set->cap ? 2 * set->cap : 16;
	PpdlTile   *tile = realloc(set->tile, (size_t) cap * sizeof(*tile));
	int		   *minibatch_of;

	if (tile != NULL)
		set->tile = tile;
	minibatch_of = tile == NULL ? NULL : realloc(set->minibatch_of, (size_t) cap * sizeof(int));
	if (minibatch_of == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	set->minibatch_of = minibatch_of;
	set->cap = cap;
	return PPDL_OK;
}

typedef struct Collector
{
	PpdlTileSet *set;
	PpdlEval   *ev;
} Collector;

static PpdlStatus
keep(void *arg, PpdlTile *tile, int minibatch, PpdlError *err)
{
	Collector  *c = arg;
	PpdlTileSet *set = c->set;

	if (set->count == set->cap)
	{
		PpdlStatus	status = grow(set, err);

		if (status != PPDL_OK)
		{
			ppdl_tile_release(c->ev, tile);
			return status;
		}
	}
	set->minibatch_of[set->count] = minibatch;
	set->tile[set->count++] = *tile;
	return PPDL_OK;
}

PpdlStatus
ppdl_tiles_create(PpdlTileSet **out, const PpdlTileSource *source, PpdlError *err)
{
	Collector	c = {calloc(1, sizeof(*c.set)), source->ev};
	PpdlStatus	status;

	*out = NULL;
	if (c.set == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	c.set->lay = *source->lay;
	c.set->minibatches = source->minibatches;
	status = ppdl_tiles_cut(source, keep, &c, err);
	if (status == PPDL_OK)
		*out = c.set;
	else
		ppdl_tiles_destroy(c.set, source->ev);
	return status;
}
