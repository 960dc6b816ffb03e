#include "rows/bridge.h"

#include <math.h>
#include <string.h>

#include "ckks/boot.h"
#include "ring/random.h"
#include "ring/vec.h"

/* log2 of q0 over the scale that the half-bootstrap is made for */
#define RANGE_BITS 8

int
ppdl_bridge_parts(const PpdlParams *deep, const PpdlParams *row)
{
	size_t		parts = deep->n / (PPDL_BRIDGE_POLYS * row->n);

	return deep->ring->mod[0].q == row->ring->mod[0].q && parts <= PPDL_MAX_BRIDGE_PARTS ? (int) parts : 0;
}

/* out[first + stride*c] = in[c] */
static void
interleave(uint64_t *out, size_t first, size_t stride, const uint64_t *in, size_t n)
{
	for (size_t c = 0; c < n; c++)
		out[first + stride * c] = in[c];
}

/* the uniform halves of the polynomial's batches; a: N of the ring of rows */
static PpdlStatus
fill_uniform(uint64_t *deep, const PpdlParams *row, const PpdlRowPoly *poly, int j, int parts, uint64_t *a,
			 PpdlError *err)
{
	const PpdlModulus *q0 = &row->ring->mod[0];

	if (poly->a != NULL)
	{
		interleave(deep, (size_t) j, PPDL_BRIDGE_POLYS, poly->a, (size_t) parts * row->n);
		return PPDL_OK;
	}
	for (int t = 0; t < poly->count; t++)
	{
		size_t		part = ppdl_bitrev((uint32_t) t, __builtin_ctz((unsigned) parts));

		PPDL_TRY(ppdl_xof_uniform(q0, a, row->n, poly->seed[t], PPDL_XOF_ROW_A, 0, err));
		ppdl_intt(row->ring, q0, a);
		interleave(deep, PPDL_BRIDGE_POLYS * part + (size_t) j, (size_t) (PPDL_BRIDGE_POLYS * parts), a, row->n);
	}
	return PPDL_OK;
}

static PpdlStatus
fill(PpdlEval *ev, PpdlCt *ct, const PpdlParams *row, const PpdlRowPoly *poly, int parts, PpdlError *err)
{
	const PpdlModulus *deep_q0 = &ev->par->ring->mod[0];
	uint64_t   *a = ppdl_pool_get(ev->pool, row->n * sizeof(uint64_t));
	PpdlStatus	status = PPDL_OK;

	if (a == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(ct->b, 0, ev->par->n * sizeof(uint64_t));
	memset(ct->a, 0, ev->par->n * sizeof(uint64_t));
	ct->domain = PPDL_DOMAIN_COEFFS;
	for (int j = 0; j < PPDL_BRIDGE_POLYS; j++)
	{
		if (poly[j].count == 0)
			continue;
		PPDL_GOTO(done, fill_uniform(ct->a, row, &poly[j], j, parts, a, err));
		interleave(ct->b, (size_t) j, PPDL_BRIDGE_POLYS, poly[j].b, ev->par->n / PPDL_BRIDGE_POLYS);
	}
	ppdl_ntt(ev->par->ring, deep_q0, ct->a);
	ppdl_ntt(ev->par->ring, deep_q0, ct->b);
	ct->domain = PPDL_DOMAIN_NTT;
done:
	ppdl_pool_put(ev->pool, a);
	return status;
}

/* from which secret the polynomials are switched, and their noise */
static PpdlStatus
key_of(const PpdlRowPoly poly[PPDL_BRIDGE_POLYS], int parts, uint32_t *id, double *noise, PpdlError *err)
{
	int			given = 0,
				seeded = 0;

	*noise = PPDL_SIGMA;
	for (int j = 0; j < PPDL_BRIDGE_POLYS; j++)
	{
		given |= poly[j].count > 0 && poly[j].a != NULL;
		seeded |= poly[j].count > 0 && poly[j].a == NULL;
		if (poly[j].a != NULL)
			*noise = fmax(*noise, poly[j].noise);
	}
	if (given && seeded && parts > 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "polynomials under two secrets cannot cross together");
	*id = parts == 1 || given ? PPDL_KEY_BRIDGE : PPDL_KEY_BRIDGE_COMPACT;
	return PPDL_OK;
}

PpdlStatus
ppdl_bridge(PpdlEval *ev, PpdlCt *out, const PpdlParams *row, const PpdlRowPoly poly[PPDL_BRIDGE_POLYS],
			double scale, PpdlError *err)
{
	const double q0 = (double) row->ring->mod[0].q;
	const double room = log2(q0 / scale) - RANGE_BITS + 0.5;
	const int	parts = ppdl_bridge_parts(ev->par, row);
	int			up;
	uint32_t	id = PPDL_KEY_BRIDGE;
	double		noise;
	PpdlCt		full;
	PpdlStatus	status;

	out->b = out->a = NULL;
	if (parts == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rings \"%s\" and \"%s\" have no bridge", row->name, ev->par->name);
	if (!(room >= 0 && room < 63))
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "rows of scale 2^%.1f do not suit the deep ring, which takes up to 2^%.1f",
						  log2(scale), log2(q0) - RANGE_BITS);
	up = (int) room;
	PPDL_TRY(key_of(poly, parts, &id, &noise, err));
	PPDL_TRY(ppdl_ct_alloc(ev, &full, 1, err));
	PPDL_GOTO(done, fill(ev, &full, row, poly, parts, err));
	full.scale = scale;
	full.bound = 1;
	full.noise = noise;
	/* before the key switch, whose error would otherwise grow with it */
	PPDL_GOTO(done, ppdl_ct_mul_int(ev, &full, (__int128) 1 << up, err));
	full.scale = scale * exp2(up);
	full.bound = 1;
	full.noise = noise * exp2(up);
	PPDL_GOTO(done, ppdl_ct_switch_one(ev, out, &full, id, err));
done:
	ppdl_ct_release(ev, &full);
	return status;
}
