/*
 * Second moments inside the state of an aggregate: as bytes, and back.
 *
 *	f64 rows, f64 bias; unless there are no rows: f64 scale, f64 noise, f64 bound, b, a (NTT domain, limb by limb)
 */
#include "predict/gram.h"

#include <math.h>

#include "ckks/verify.h"
#include "ckks/wire.h"

PpdlStatus
ppdl_gram_save(const PpdlGram *g, PpdlWriter *w, PpdlError *err)
{
	const PpdlCt *ct = &g->merged;

	ppdl_write_f64(w, g->rows);
	ppdl_write_f64(w, g->bias);
	if (g->rows > 0)
	{
		ppdl_write_f64(w, ct->scale);
		ppdl_write_f64(w, ct->noise);
		ppdl_write_f64(w, ct->bound);
		ppdl_wire_put_limbs(w, ct->par, ct->b, 0, ct->limbs);
		ppdl_wire_put_limbs(w, ct->par, ct->a, 0, ct->limbs);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of second moments");
}

static PpdlStatus
load_merged(PpdlGram *g, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	const double scale = ppdl_read_f64(r),
				noise = ppdl_read_f64(r),
				bound = ppdl_read_f64(r);

	if (r->bad || scale < 1)
		return malformed(err);
	PPDL_TRY(ppdl_check_estimates(scale, noise, bound, PPDL_ERR_FORMAT, err));
	PPDL_TRY(ppdl_ct_alloc(ev, &g->merged, PPDL_GRAM_LIMBS, err));
	g->merged.scale = scale;
	g->merged.noise = noise;
	g->merged.bound = bound;
	PPDL_TRY(ppdl_wire_get_limbs(r, ev->par, g->merged.b, 0, PPDL_GRAM_LIMBS, err));
	return ppdl_wire_get_limbs(r, ev->par, g->merged.a, 0, PPDL_GRAM_LIMBS, err);
}

PpdlStatus
ppdl_gram_load(PpdlGram *g, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	g->rows = ppdl_read_f64(r);
	g->bias = ppdl_read_f64(r);
	if (r->bad || !(g->rows >= 0 && g->rows <= PPDL_NO_PLACE) || g->rows != floor(g->rows) ||
		!(g->bias >= 0 && g->bias <= g->rows))
		return malformed(err);
	return g->rows > 0 ? load_merged(g, ev, r, err) : PPDL_OK;
}
