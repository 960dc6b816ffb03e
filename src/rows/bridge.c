#include "rows/bridge.h"

#include <math.h>
#include <string.h>

#include "ckks/boot.h"
#include "ring/random.h"
#include "ring/vec.h"

/* log2 of q0 over the scale that the half-bootstrap is made for */
#define RANGE_BITS 8

static void
interleave(uint64_t *deep, const uint64_t *row, size_t n, int j)
{
	for (size_t c = 0; c < n; c++)
		deep[PPDL_BRIDGE_POLYS * c + (size_t) j] = row[c];
}

static PpdlStatus
fill(PpdlEval *ev, PpdlCt *ct, const PpdlParams *row, const PpdlRowPoly *poly, PpdlError *err)
{
	const PpdlModulus *q0 = &row->ring->mod[0];
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
		if (poly[j].seed == NULL)
			continue;
		PPDL_GOTO(done, ppdl_xof_uniform(q0, a, row->n, poly[j].seed, PPDL_XOF_ROW_A, 0, err));
		ppdl_intt(row->ring, q0, a);
		interleave(ct->a, a, row->n, j);
		interleave(ct->b, poly[j].b, row->n, j);
	}
	ppdl_ntt(ev->par->ring, deep_q0, ct->a);
	ppdl_ntt(ev->par->ring, deep_q0, ct->b);
	ct->domain = PPDL_DOMAIN_NTT;
done:
	ppdl_pool_put(ev->pool, a);
	return status;
}

PpdlStatus
ppdl_bridge(PpdlEval *ev, PpdlCt *out, const PpdlParams *row, const PpdlRowPoly poly[PPDL_BRIDGE_POLYS],
			double scale, PpdlError *err)
{
	const double q0 = (double) row->ring->mod[0].q;
	const double room = log2(q0 / scale) - RANGE_BITS + 0.5;
	int			up;
	PpdlCt		full;
	PpdlStatus	status;

	out->b = out->a = NULL;
	if (ev->par->n != PPDL_BRIDGE_POLYS * row->n || ev->par->ring->mod[0].q != row->ring->mod[0].q)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rings \"%s\" and \"%s\" have no bridge", row->name, ev->par->name);
	if (!(room >= 0 && room < 63))
		return ppdl_error(err, PPDL_ERR_SCALE,
						  "rows of scale 2^%.1f do not suit the deep ring, which takes up to 2^%.1f",
						  log2(scale), log2(q0) - RANGE_BITS);
	up = (int) room;
	PPDL_TRY(ppdl_ct_alloc(ev, &full, 1, err));
	PPDL_GOTO(done, fill(ev, &full, row, poly, err));
	full.scale = scale;
	full.bound = 1;
	full.noise = PPDL_SIGMA;
	/* before the key switch, whose error would otherwise grow with it */
	PPDL_GOTO(done, ppdl_ct_mul_int(ev, &full, (__int128) 1 << up, err));
	full.scale = scale * exp2(up);
	full.bound = 1;
	full.noise = PPDL_SIGMA * exp2(up);
	PPDL_GOTO(done, ppdl_ct_switch_one(ev, out, &full, PPDL_KEY_BRIDGE, err));
done:
	ppdl_ct_release(ev, &full);
	return status;
}
