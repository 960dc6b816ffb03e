/* A chart that is being made: series with room for their points, of memory that goes with it. */
#ifndef PPDL_REPORT_PLOT_H
#define PPDL_REPORT_PLOT_H

#include "base/mem.h"
#include "report/document.h"

typedef struct PpdlPlot
{
	PpdlPool   *pool;
	PpdlSeries *series;
	int			nseries;
	size_t		room;			/* series there is memory for */
	PpdlError  *err;
} PpdlPlot;

/* ppdl_plot_end is for failures, too */
PpdlStatus	ppdl_plot_begin(PpdlPlot *p, size_t series, PpdlError *err);
void		ppdl_plot_end(PpdlPlot *p);
/* the next series, with room for n points; NULL when out of memory, which is in the error then */
PpdlSeries *ppdl_plot_series(PpdlPlot *p, const char *name, int form, int style, size_t n);
/* NaN in place of a spread: none */
void		ppdl_plot_point(PpdlSeries *s, double x, double y, double x_spread, double y_spread);
/* appends the chart with these series, "chart-NUMBER-KIND", and nothing where there are none */
PpdlStatus	ppdl_plot_put(PpdlDocument *d, PpdlPlot *p, PpdlChart *chart, long number, const char *kind);

#endif
