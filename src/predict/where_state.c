/*
 * Sums over conditions inside the state of an aggregate: as bytes, and back.
 *
 *	f64 rows, f64 bias; unless there are no rows, the sums, then the count: f64 scale, f64 noise, f64 bound, b, a (NTT
 *	domain, limb by limb)
 */
#include "predict/where.h"

#include <math.h>

#include "ckks/verify.h"
#include "ckks/wire.h"

static void
save_ct(const PpdlCt *ct, PpdlWriter *w)
{
	ppdl_write_f64(w, ct->scale);
	ppdl_write_f64(w, ct->noise);
	ppdl_write_f64(w, ct->bound);
	ppdl_wire_put_limbs(w, ct->par, ct->b, 0, ct->limbs);
	ppdl_wire_put_limbs(w, ct->par, ct->a, 0, ct->limbs);
}

PpdlStatus
ppdl_where_save(const PpdlWhereSums *s, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_f64(w, s->rows);
	ppdl_write_f64(w, s->bias);
	if (s->rows > 0)
	{
		save_ct(&s->sums, w);
		save_ct(&s->count, w);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
malformed(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of sums over a condition");
}

static PpdlStatus
load_ct(PpdlCt *ct, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	const double scale = ppdl_read_f64(r),
				noise = ppdl_read_f64(r),
				bound = ppdl_read_f64(r);

	if (r->bad || scale < 1)
		return malformed(err);
	PPDL_TRY(ppdl_check_estimates(scale, noise, bound, PPDL_ERR_FORMAT, err));
	PPDL_TRY(ppdl_ct_alloc(ev, ct, PPDL_WHERE_LIMBS, err));
	ct->scale = scale;
	ct->noise = noise;
	ct->bound = bound;
	PPDL_TRY(ppdl_wire_get_limbs(r, ev->par, ct->b, 0, PPDL_WHERE_LIMBS, err));
	return ppdl_wire_get_limbs(r, ev->par, ct->a, 0, PPDL_WHERE_LIMBS, err);
}

PpdlStatus
ppdl_where_load(PpdlWhereSums *s, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	s->rows = ppdl_read_f64(r);
	s->bias = ppdl_read_f64(r);
	if (r->bad || !(s->rows >= 0 && s->rows <= PPDL_NO_PLACE) || s->rows != floor(s->rows) ||
		!(s->bias >= 0 && s->bias <= s->rows))
		return malformed(err);
	if (s->rows == 0)
		return PPDL_OK;
	PPDL_TRY(load_ct(&s->sums, ev, r, err));
	return load_ct(&s->count, ev, r, err);
}
