/*
 * Sums over conditions inside the state of an aggregate: as bytes, and back.
 *
 *	f64 rows, f64 bias; unless there are no rows, the sums, then the count (ckks/wire.h)
 */
#include "predict/where.h"

#include <math.h>

#include "ckks/wire.h"

PpdlStatus
ppdl_where_save(const PpdlWhereSums *s, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_f64(w, s->rows);
	ppdl_write_f64(w, s->bias);
	if (s->rows > 0)
	{
		ppdl_wire_put_ct(w, &s->sums);
		ppdl_wire_put_ct(w, &s->count);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_where_load(PpdlWhereSums *s, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	s->rows = ppdl_read_f64(r);
	s->bias = ppdl_read_f64(r);
	if (r->bad || !(s->rows >= 0 && s->rows <= PPDL_NO_PLACE) || s->rows != floor(s->rows) ||
		!(s->bias >= 0 && s->bias <= s->rows))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of sums over a condition");
	if (s->rows == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_wire_get_ct(r, ev, &s->sums, PPDL_WHERE_LIMBS, err));
	return ppdl_wire_get_ct(r, ev, &s->count, PPDL_WHERE_LIMBS, err);
}
