#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/plot.h"
#include "report/statistics_impl.h"

#define DESCRIPTION 400

/* ------------------------------------------------------------------ histogram */

/* the same width of all bands, 0: they differ, NaN: some have no end, or there are none */
static double
width_of_bands(const PpdlHistogram *h)
{
	double		first;

	if (h->edge == NULL || isinf(h->edge[0]) || isinf(h->edge[h->levels]))
		return NAN;
	first = h->edge[1] - h->edge[0];
	for (int i = 1; i < h->levels; i++)
		if (fabs(h->edge[i + 1] - h->edge[i] - first) > 1e-9 * first)
			return 0;
	return first;
}

static const char **
level_names(PpdlPlot *p, const PpdlVariable *v)
{
	const char **name = ppdl_pool_get(p->pool, ((size_t) v->levels + 1) * sizeof *name);

	for (int i = 0; name && i < v->levels; i++)
		name[i] = v->level[i];
	return name;
}

/* levels beside lying bars */
static PpdlStatus
fill_levels(PpdlPlot *p, PpdlChart *chart, const PpdlVariable *v, const PpdlHistogram *h)
{
	PpdlSeries *s = ppdl_plot_series(p, "rows", PPDL_CHART_BARS, 1, (size_t) h->levels);

	chart->x = (PpdlAxis) {.title = "rows",.quantity = PPDL_QUANTITY_COUNT};
	chart->y = (PpdlAxis) {.name = level_names(p, v),.nnames = h->levels};
	if (s == NULL || chart->y.name == NULL)
		return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < h->levels; i++)
		if (!isnan(h->count[i].value))
			ppdl_plot_point(s, h->count[i].value, i, h->count[i].error, NAN);
	return PPDL_OK;
}

/* bands on the axis of their number; of different widths, their areas are the rows */
static PpdlStatus
fill_bands(PpdlPlot *p, PpdlChart *chart, const PpdlVariable *v, const PpdlHistogram *h, double width)
{
	PpdlSeries *s = ppdl_plot_series(p, width > 0 ? "rows" : "rows per unit of the number", PPDL_CHART_BARS, 1,
									 (size_t) h->levels);
	double	   *widths = ppdl_pool_get(p->pool, (size_t) h->levels * sizeof *widths);

	chart->x = (PpdlAxis) {.title = v->name,.lo = h->edge[0],.hi = h->edge[h->levels]};
	chart->y = (PpdlAxis) {.title = width > 0 ? "rows" : "rows per unit",
	.quantity = width > 0 ? PPDL_QUANTITY_COUNT : PPDL_QUANTITY_NUMBER};
	chart->bar_widths = widths;
	if (s == NULL || widths == NULL)
		return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < h->levels; i++)
	{
		double		own = h->edge[i + 1] - h->edge[i],
					unit = width > 0 ? 1 : own;

		if (isnan(h->count[i].value))
			continue;
		widths[s->n] = own;
		ppdl_plot_point(s, h->edge[i] + own / 2, h->count[i].value / unit, NAN, h->count[i].error / unit);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_statistics_histogram_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlHistogram *h, long *number,
								PpdlError *err)
{
	const PpdlVariable *v = &m->variable[h->variable];
	double		width = width_of_bands(h);
	char		description[DESCRIPTION];
	PpdlChart	chart = {.title = v->name,.description = description};
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, 1, err);

	snprintf(description, sizeof description, "Bars: rows by %.*s%s; the numbers are in the table.",
			 PPDL_CUT(v->name, 200),
			 width == 0 ? ", which are the areas of the bars" : "");
	if (status == PPDL_OK)
		status = isnan(width) ? fill_levels(&p, &chart, v, h) : fill_bands(&p, &chart, v, h, width);
	if (status == PPDL_OK && h->levels <= PPDL_CHART_MAX_NAMES)
		status = ppdl_plot_put(d, &p, &chart, ++*number, "histogram");
	ppdl_plot_end(&p);
	return status;
}

/* ------------------------------------------------------------------ names of terms */

static const char *
term_name(PpdlPlot *p, const PpdlMoments *m, PpdlTerm t)
{
	char	   *name = ppdl_pool_get(p->pool, PPDL_TERM_NAME);

	if (name)
		ppdl_term_name(m, t, name, PPDL_TERM_NAME);
	return name;
}

/* ------------------------------------------------------------------ correlations */

static PpdlStatus
fill_map(PpdlMap *map, PpdlPlot *p, const PpdlMoments *m, const PpdlCorrelation *c)
{
	const char **name = ppdl_pool_get(p->pool, ((size_t) c->count + 1) * sizeof *name);
	double	   *value = ppdl_pool_get(p->pool, ((size_t) c->count * (size_t) c->count + 1) * sizeof *value);

	map->n = c->count;
	map->name = name;
	map->value = value;
	if (name == NULL || value == NULL)
		return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < c->count; i++)
	{
		name[i] = term_name(p, m, c->term[i]);
		if (name[i] == NULL)
			return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < (size_t) c->count * (size_t) c->count; i++)
		value[i] = c->correlation[i].value;
	return PPDL_OK;
}

PpdlStatus
ppdl_statistics_map(PpdlDocument *d, const PpdlMoments *m, const PpdlCorrelation *c, long *number, PpdlError *err)
{
	PpdlMap		map = {
		.title = "Correlations",
		.description = "Squares: the correlation of each two columns, blue above zero, orange below, in the stronger "
		"colour the stronger it is; the strongest are in the table."
	};
	char		id[40];
	PpdlPlot	p;
	PpdlStatus	status;

	if (c->count < 2)
		return PPDL_OK;
	if (c->count > PPDL_MAP_MOST)
	{
		ppdl_document_paragraph(d, "%d columns are too many for a map.", c->count);
		return PPDL_OK;
	}
	snprintf(id, sizeof id, "map-%ld", ++*number);
	map.id = id;
	status = ppdl_plot_begin(&p, 0, err);
	if (status == PPDL_OK)
		status = fill_map(&map, &p, m, c);
	ppdl_document_charts_begin(d);
	if (status == PPDL_OK)
		status = ppdl_document_map(d, &map, err);
	ppdl_document_charts_end(d);
	ppdl_plot_end(&p);
	return status;
}

/* ------------------------------------------------------------------ coefficients */

static PpdlStatus
fill_coefficients(PpdlPlot *p, PpdlChart *chart, const PpdlMoments *m, const PpdlRegression *r, const char *title)
{
	PpdlSeries *s = ppdl_plot_series(p, title, PPDL_CHART_POINTS, 1, (size_t) r->count);
	const char **name = ppdl_pool_get(p->pool, ((size_t) r->count + 1) * sizeof *name);
	double		most = 0;

	if (s == NULL || name == NULL)
		return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 1; i < r->count && s->n < PPDL_CHART_MAX_NAMES; i++)
	{
		const PpdlCoefficient *c = &r->coefficient[i];
		double		half = (c->interval.high - c->interval.low) / 2 * fabs(c->standard),
					at = c->value.value * c->standard;

		if (isnan(at))
			continue;
		name[s->n] = term_name(p, m, c->term);
		if (name[s->n] == NULL)
			return ppdl_error(p->err, PPDL_ERR_NOMEM, "out of memory");
		ppdl_plot_point(s, at, (double) s->n, half, NAN);
		most = fmax(most, fabs(at) + (isnan(half) ? 0 : half));
	}
	chart->y.name = name;
	chart->y.nnames = (long) s->n;
	chart->x.lo = -1.05 * most;
	chart->x.hi = 1.05 * most;
	return PPDL_OK;
}

PpdlStatus
ppdl_statistics_coefficient_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlRegression *r, long *number,
								  PpdlError *err)
{
	char		title[PPDL_TERM_NAME + 40],
				name[PPDL_TERM_NAME],
				legend[60];
	PpdlChart	chart = {
		.title = title,
		.description = "Points: standard deviations of the response for one standard deviation of the column, with the "
		"interval of the table. Where the interval crosses 0, there may be no effect.",
		.x = {.title = "standardised coefficient"}
	};
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, 1, err);

	ppdl_term_name(m, r->response, name, sizeof name);
	snprintf(title, sizeof title, "What goes with %s", name);
	snprintf(legend, sizeof legend, "coefficient, interval of %g %%", 100 * r->level);
	if (status == PPDL_OK)
		status = fill_coefficients(&p, &chart, m, r, legend);
	if (status == PPDL_OK && chart.y.nnames > 0)
		status = ppdl_plot_put(d, &p, &chart, ++*number, "coefficients");
	ppdl_plot_end(&p);
	return status;
}

/* ------------------------------------------------------------------ cross table */

PpdlStatus
ppdl_statistics_crosstab_chart(PpdlDocument *d, const PpdlMoments *m, const PpdlCrosstab *c, long *number,
							   PpdlError *err)
{
	const PpdlVariable *row = &m->variable[c->row],
			   *column = &m->variable[c->column];
	char		title[300];
	PpdlChart	chart = {
		.title = title,
		.description = "Bars: how the rows of each level of the one column are spread over the levels of the other; "
		"the numbers are in the table.",
		.x = {.title = "share of the row",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.y = {.nnames = c->rows}
	};
	PpdlPlot	p;
	PpdlStatus	status;

	/* more bars than anybody can tell apart */
	if (c->columns > PPDL_CHART_STYLES || c->rows > PPDL_CHART_MAX_NAMES / 10)
		return PPDL_OK;
	status = ppdl_plot_begin(&p, (size_t) c->columns, err);
	snprintf(title, sizeof title, "%.*s by %.*s", PPDL_CUT(column->name, 100), PPDL_CUT(row->name, 100));
	for (int j = 0; status == PPDL_OK && j < c->columns; j++)
	{
		PpdlSeries *s = ppdl_plot_series(&p, column->level[j], PPDL_CHART_BARS, j + 1, (size_t) c->rows);

		if (s == NULL)
			status = PPDL_ERR_NOMEM;
		for (int i = 0; s && i < c->rows; i++)
			if (c->row_total[i].value > 0)
				ppdl_plot_point(s, c->count[i * c->columns + j].value / c->row_total[i].value, i, NAN, NAN);
	}
	if (status == PPDL_OK && (chart.y.name = level_names(&p, row)) == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (status == PPDL_OK)
		status = ppdl_plot_put(d, &p, &chart, ++*number, "crosstab");
	ppdl_plot_end(&p);
	return status;
}

/* ------------------------------------------------------------------ components */

PpdlStatus
ppdl_statistics_component_chart(PpdlDocument *d, const PpdlComponents *c, long *number, PpdlError *err)
{
	PpdlChart	chart = {
		.title = "Principal components",
		.description = "Bars: share of all variance along each component.",
		.x = {.title = "component",.quantity = PPDL_QUANTITY_COUNT},
		.y = {.title = "share of the variance",.quantity = PPDL_QUANTITY_PERCENT},
		.bar_width = 0.8
	};
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, 1, err);
	PpdlSeries *s = status == PPDL_OK ? ppdl_plot_series(&p, "share", PPDL_CHART_BARS, 2, (size_t) c->count) : NULL;

	if (status == PPDL_OK && s == NULL)
		status = PPDL_ERR_NOMEM;
	for (int r = 0; s && r < c->reliable; r++)
		ppdl_plot_point(s, r + 1, c->share[r].value, NAN, NAN);
	if (status == PPDL_OK)
		status = ppdl_plot_put(d, &p, &chart, ++*number, "components");
	ppdl_plot_end(&p);
	return status;
}
