/*
 * Second moments inside the state of an aggregate: as bytes, and back.
 *
 *	f64 rows, f64 bias; unless there are no rows, the sums (ckks/wire.h)
 */
#include "predict/gram.h"

#include <math.h>

#include "ckks/wire.h"

PpdlStatus
ppdl_gram_save(const PpdlGram *g, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_f64(w, g->rows);
	ppdl_write_f64(w, g->bias);
	if (g->rows > 0)
		ppdl_wire_put_ct(w, &g->merged);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_gram_load(PpdlGram *g, PpdlEval *ev, PpdlReader *r, PpdlError *err)
{
	g->rows = ppdl_read_f64(r);
	g->bias = ppdl_read_f64(r);
	if (r->bad || !(g->rows >= 0 && g->rows <= PPDL_NO_PLACE) || g->rows != floor(g->rows) ||
		!(g->bias >= 0 && g->bias <= g->rows))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed state of second moments");
	return g->rows > 0 ? ppdl_wire_get_ct(r, ev, &g->merged, PPDL_GRAM_LIMBS, err) : PPDL_OK;
}
