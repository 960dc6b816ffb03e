#include "report/plot.h"

#include <stdio.h>

PpdlStatus
ppdl_plot_begin(PpdlPlot *p, size_t series, PpdlError *err)
{
	*p = (PpdlPlot) {.pool = ppdl_pool_create(),.room = series,.err = err};
	if (p->pool)
		p->series = ppdl_pool_get(p->pool, (series + 1) * sizeof *p->series);
	return p->series ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

void
ppdl_plot_end(PpdlPlot *p)
{
	ppdl_pool_destroy(p->pool);
}

PpdlSeries *
ppdl_plot_series(PpdlPlot *p, const char *name, int form, int style, size_t n)
{
	PpdlSeries *s = &p->series[p->nseries];
	double	   *v = ppdl_pool_get(p->pool, 4 * (n + 1) * sizeof *v);

	PPDL_ASSERT((size_t) p->nseries < p->room);
	if (v == NULL)
	{
		ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
		return NULL;
	}
	*s = (PpdlSeries) {name, form, style, 0, v, v + (n + 1), v + 2 * (n + 1), v + 3 * (n + 1)};
	p->nseries++;
	return s;
}

void
ppdl_plot_point(PpdlSeries *s, double x, double y, double x_spread, double y_spread)
{
	((double *) s->x)[s->n] = x;
	((double *) s->y)[s->n] = y;
	((double *) s->x_spread)[s->n] = x_spread;
	((double *) s->y_spread)[s->n] = y_spread;
	s->n++;
}

PpdlStatus
ppdl_plot_put(PpdlDocument *d, PpdlPlot *p, PpdlChart *chart, long number, const char *kind)
{
	char		id[64];

	if (p->nseries == 0)
		return PPDL_OK;
	snprintf(id, sizeof id, "chart-%ld-%s", number, kind);
	chart->id = id;
	chart->series = p->series;
	chart->nseries = p->nseries;
	return ppdl_document_chart(d, chart, p->err);
}
