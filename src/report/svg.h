/*
 * Charts as SVG, to stand in an HTML page or alone: lines, points with error bars and bars, on linear and logarithmic
 * axes or beside names.  Series differ in colour (by the page's style, html.h; by those of the file itself elsewhere),
 * marks and dashes.
 */
#ifndef PPDL_REPORT_SVG_H
#define PPDL_REPORT_SVG_H

#include "base/error.h"
#include "report/text.h"

enum
{
	PPDL_CHART_STYLES = 8,		/* ways for series to look; others come round again */
	PPDL_CHART_MAX_POINTS = 1000000,
	PPDL_CHART_MAX_NAMES = 1000 /* beside an axis */
};

typedef enum PpdlChartForm
{
	PPDL_CHART_LINE = 1,		/* marks stand on some points only where these are many */
	PPDL_CHART_POINTS = 2,
	PPDL_CHART_BARS = 4			/* upright, or lying where y has names, from zero (logarithmic: from the axis's end) */
} PpdlChartForm;

typedef struct PpdlSeries
{
	const char *name;			/* in the legend, and with each point for whoever points at it */
	int			form,			/* PpdlChartForm, or'ed */
				style;			/* 0 .. : colour, mark and dashes */
	size_t		n;
	const double *x,
			   *y,
			   *x_spread,		/* half of an error bar; NULL: none, NaN: none at this point */
			   *y_spread;
} PpdlSeries;

typedef struct PpdlAxis
{
	const char *title;
	PpdlQuantity quantity;		/* how numbers beside it are shown */
	int			is_log;			/* points at zero and below are left out, and counted in the description */
	double		lo,				/* the least it spans; both 0: what the points span */
				hi;
	const char *const *name;	/* instead of numbers: name i stands at i */
	long		nnames;
} PpdlAxis;

typedef struct PpdlChart
{
	const char *id,				/* letters, digits and hyphens; one of its kind in the page */
			   *title,
			   *description;	/* what it shows, for those who do not see it */
	PpdlAxis	x,
				y;				/* names go down from the top, numbers up */
	const PpdlSeries *series;
	int			nseries,
				has_diagonal;	/* from corner to corner: chance, or perfect calibration */
	double		bar_width;		/* of all upright bars at one x together, in its numbers */
	const double *bar_widths;	/* the same for each point by itself, of which all series have as many; or NULL */
} PpdlChart;

/*
 * Appends an <svg> element, well-formed XML with each point inside the plot's rectangle.  PPDL_ERR_ARGUMENT: a point
 * is not finite, a spread is negative or infinite, or there are too many; the message names series and point.
 * PPDL_ERR_NOMEM.
 */
PpdlStatus	ppdl_svg_chart(PpdlWriter *w, const PpdlChart *chart, PpdlError *err);

#endif
