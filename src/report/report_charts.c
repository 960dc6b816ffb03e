#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/plot.h"
#include "report/report_impl.h"

/* style of each method of ppdl_report_methods[]; plain lies under the others */
static const int method_style[PPDL_REPORT_METHODS] = {5, 4, 0, 2, 1, 3};

static int
style_of(const char *method)
{
	int			m = ppdl_report_method_number(method);

	return m < PPDL_REPORT_METHODS ? method_style[m] : PPDL_REPORT_METHODS + (int) (strlen(method) % 2);
}

/* ------------------------------------------------------------------ accuracy of everything */

static const char **
panel_names(PpdlPlot *p, const PpdlSummary *s, long n)
{
	const char **name = ppdl_pool_get(p->pool, (size_t) (n + 1) * sizeof *name);

	for (long i = 0; name && i < n; i++)
	{
		size_t		room = strlen(s->panel[i].dataset) + strlen(s->panel[i].network) + 3;
		char	   *text = ppdl_pool_get(p->pool, room);

		if (text == NULL)
			return NULL;
		snprintf(text, room, "%s%s%s", s->panel[i].dataset, s->panel[i].network[0] ? ", " : "", s->panel[i].network);
		name[i] = text;
	}
	return name;
}

static PpdlStatus
fill_overview(PpdlPlot *p, const PpdlSummary *s, long n)
{
	for (int m = 0; m < PPDL_REPORT_METHODS; m++)
	{
		PpdlSeries *series = ppdl_plot_series(p, ppdl_report_methods[m].title, PPDL_CHART_POINTS, method_style[m],
											  (size_t) n);

		if (series == NULL)
			return PPDL_ERR_NOMEM;
		for (long i = 0; i < n; i++)
		{
			const PpdlGroup *g = ppdl_panel_find(&s->panel[i], ppdl_report_methods[m].name);

			if (g && g->nruns)
				ppdl_plot_point(series, g->value[PPDL_ACCURACY].mean, (double) i, g->value[PPDL_ACCURACY].spread, NAN);
		}
		if (series->n == 0)
			p->nseries--;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_report_overview_chart(PpdlDocument *d, const PpdlSummary *s, PpdlError *err)
{
	/* more would be no overview */
	long		n = s->npanels < 200 ? s->npanels : 200;
	PpdlChart	chart = {
		.title = "Accuracy by dataset",
		.description = "Points: mean accuracy on test rows, with the standard deviation over splits.",
		.x = {.title = "accuracy",.quantity = PPDL_QUANTITY_PERCENT},
		.y = {.nnames = n}
	};
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, PPDL_REPORT_METHODS, err);

	if (status == PPDL_OK)
		status = fill_overview(&p, s, n);
	if (status == PPDL_OK && (chart.y.name = panel_names(&p, s, n)) == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_document_charts_begin(d);
	if (status == PPDL_OK)
		status = ppdl_plot_put(d, &p, &chart, 0, "accuracy");
	ppdl_document_charts_end(d);
	ppdl_plot_end(&p);
	return status;
}

/* ------------------------------------------------------------------ curves */

typedef PpdlStatus (*MakePoints) (PpdlPoints *out, const PpdlGroup *g, PpdlError *err);

typedef enum Weight
{
	WEIGHT_SPREAD,				/* an error bar */
	WEIGHT_SHARE,				/* is shown instead of y, at the middle of its interval */
	WEIGHT_NONE
} Weight;

static PpdlStatus
add_curve(PpdlPlot *p, const PpdlGroup *g, MakePoints make, int form, Weight weight)
{
	PpdlPoints	points = {0};
	PpdlStatus	status = make(&points, g, p->err);
	PpdlSeries *s = NULL;

	if (status == PPDL_OK && points.n)
	{
		s = ppdl_plot_series(p, ppdl_report_method_title(g->method), form, style_of(g->method), points.n);
		status = s ? PPDL_OK : PPDL_ERR_NOMEM;
	}
	for (size_t i = 0; s && i < points.n; i++)
		if (weight == WEIGHT_SHARE)
			ppdl_plot_point(s, fmin(floor(points.at[i].x * 10), 9) / 10 + 0.05, points.at[i].weight, NAN, NAN);
		else
			ppdl_plot_point(s, points.at[i].x, points.at[i].y, NAN,
							weight == WEIGHT_SPREAD ? points.at[i].weight : NAN);
	free(points.at);
	return status;
}

static PpdlStatus
put_curves(PpdlDocument *d, const PpdlPanel *panel, long number, const char *kind, PpdlChart *chart, MakePoints make,
		   int form, Weight weight, PpdlError *err)
{
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, (size_t) panel->ngroups, err);

	for (long i = 0; status == PPDL_OK && i < panel->ngroups; i++)
		status = add_curve(&p, panel->group[i], make, form, weight);
	if (status == PPDL_OK)
		status = ppdl_plot_put(d, &p, chart, number, kind);
	ppdl_plot_end(&p);
	return status;
}

static PpdlStatus
put_roc(PpdlDocument *d, const PpdlPanel *panel, long number, PpdlError *err)
{
	PpdlChart	chart = {
		.title = "ROC, mean over splits",
		.description = "Lines: true positive rate over false positive rate, mean over splits; the diagonal is chance.",
		.x = {.title = "false positive rate",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.y = {.title = "true positive rate",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.has_diagonal = 1
	};

	return put_curves(d, panel, number, "roc", &chart, ppdl_mean_roc, PPDL_CHART_LINE | PPDL_CHART_POINTS, WEIGHT_NONE,
					  err);
}

static PpdlStatus
put_calibration(PpdlDocument *d, const PpdlPanel *panel, long number, PpdlError *err)
{
	PpdlChart	chart = {
		.title = "Calibration, all splits",
		.description = "Lines: share of positives among rows with about one predicted probability; on the diagonal "
		"both are alike.",
		.x = {.title = "predicted probability",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.y = {.title = "share of positives",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.has_diagonal = 1
	};
	PpdlChart	rows = {
		.title = "Predicted probabilities, all splits",
		.description = "Bars: share of the test rows in each tenth of predicted probability.",
		.x = {.title = "predicted probability",.quantity = PPDL_QUANTITY_PERCENT,.lo = 0,.hi = 1},
		.y = {.title = "share of rows",.quantity = PPDL_QUANTITY_PERCENT},
		.bar_width = 0.085
	};

	PPDL_TRY(put_curves(d, panel, number, "calibration", &chart, ppdl_pooled_calibration,
						PPDL_CHART_LINE | PPDL_CHART_POINTS, WEIGHT_NONE, err));
	return put_curves(d, panel, number, "probabilities", &rows, ppdl_pooled_calibration, PPDL_CHART_BARS, WEIGHT_SHARE,
					  err);
}

static PpdlStatus
put_steps(PpdlDocument *d, const PpdlPanel *panel, long number, PpdlError *err)
{
	PpdlChart	chart = {
		.title = "Accuracy against training steps",
		.description = "Lines: mean accuracy on test rows after so many steps, with the standard deviation "
		"over splits.",
		.x = {.title = "steps",.quantity = PPDL_QUANTITY_COUNT},
		.y = {.title = "accuracy",.quantity = PPDL_QUANTITY_PERCENT}
	};

	return put_curves(d, panel, number, "steps", &chart, ppdl_mean_curve, PPDL_CHART_LINE | PPDL_CHART_POINTS,
					  WEIGHT_SPREAD, err);
}

/* ------------------------------------------------------------------ times and sizes */

static void
drop_empty(PpdlPlot *p)
{
	int			n = 0;

	for (int i = 0; i < p->nseries; i++)
		if (p->series[i].n)
			p->series[n++] = p->series[i];
	p->nseries = n;
}

/* a row of the chart for each method, a series for each of the measures; methods with none of them are left out */
static PpdlStatus
put_amounts(PpdlDocument *d, const PpdlPanel *panel, long number, const char *kind, PpdlChart *chart,
			const PpdlMeasureId *measure, int n, PpdlError *err)
{
	PpdlPlot	p;
	PpdlStatus	status = ppdl_plot_begin(&p, (size_t) n, err);
	const char **name = status == PPDL_OK ? ppdl_pool_get(p.pool, (size_t) (panel->ngroups + 1) * sizeof *name) : NULL;

	if (status == PPDL_OK && name == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int m = 0; status == PPDL_OK && m < n; m++)
	{
		PpdlSeries *s = ppdl_plot_series(&p, ppdl_measure[measure[m]].title, PPDL_CHART_POINTS, m,
										 (size_t) panel->ngroups);

		if (s == NULL)
			status = PPDL_ERR_NOMEM;
	}
	chart->y.nnames = 0;
	for (long i = 0; status == PPDL_OK && i < panel->ngroups && chart->y.nnames < PPDL_CHART_MAX_NAMES; i++)
	{
		int			any = 0;

		for (int m = 0; m < n; m++)
		{
			const PpdlStat *v = &panel->group[i]->value[measure[m]];

			if (v->n == 0)
				continue;
			any = 1;
			if (ppdl_measure[measure[m]].is_worst)
				ppdl_plot_point(&p.series[m], v->most, (double) chart->y.nnames, NAN, NAN);
			else
				ppdl_plot_point(&p.series[m], v->mean, (double) chart->y.nnames, v->spread, NAN);
		}
		if (any)
			name[chart->y.nnames++] = ppdl_report_method_title(panel->group[i]->method);
	}
	chart->y.name = name;
	drop_empty(&p);
	if (status == PPDL_OK && chart->y.nnames)
		status = ppdl_plot_put(d, &p, chart, number, kind);
	ppdl_plot_end(&p);
	return status;
}

static PpdlStatus
put_costs(PpdlDocument *d, const PpdlPanel *panel, long number, PpdlError *err)
{
	static const PpdlMeasureId times[] = {PPDL_ENCRYPT_S, PPDL_TRAIN_S, PPDL_PREDICT_S, PPDL_DECRYPT_S, PPDL_CPU_S},
				sizes[] = {PPDL_ROW_BYTES, PPDL_RESULT_BYTES, PPDL_KEY_BYTES, PPDL_PEAK_RSS_BYTES};
	PpdlChart	time = {
		.title = "Time of a run (logarithmic)",
		.description = "Points: mean time to encrypt, train, predict and decrypt, and processor time, with the "
		"standard deviation over splits.",
		.x = {.title = "time",.quantity = PPDL_QUANTITY_SECONDS,.is_log = 1}
	};
	PpdlChart	size = {
		.title = "Sizes (logarithmic)",
		.description = "Points: bytes of a row, of a result, of the keys on the server, and peak memory.",
		.x = {.title = "bytes",.quantity = PPDL_QUANTITY_BYTES,.is_log = 1}
	};

	PPDL_TRY(put_amounts(d, panel, number, "time", &time, times, 5, err));
	return put_amounts(d, panel, number, "size", &size, sizes, 4, err);
}

PpdlStatus
ppdl_report_charts(PpdlDocument *d, const PpdlPanel *p, long number, PpdlError *err)
{
	ppdl_document_charts_begin(d);
	PPDL_TRY(put_roc(d, p, number, err));
	PPDL_TRY(put_calibration(d, p, number, err));
	PPDL_TRY(put_steps(d, p, number, err));
	PPDL_TRY(put_costs(d, p, number, err));
	ppdl_document_charts_end(d);
	return PPDL_OK;
}
