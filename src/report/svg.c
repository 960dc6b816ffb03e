#include "report/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/html.h"
#include "report/svg_axis.h"
#include "report/svg_parts.h"

/* sizes in the chart's own units, which are about pixels on a telephone */
#define WIDTH 420.0
#define RIGHT 22.0
#define PLOT_HEIGHT 210.0
#define LEGEND_ROW 17.0
#define SWATCH 30.0
#define NAME_MOST 26			/* characters of a name beside an axis */
#define TICKS 5
#define MARKS_ON_LINE 8
#define BEYOND 1e100			/* numbers that no chart is for */

typedef struct Frame
{
	PpdlScale	x,
				y;
	double		height,
				legend;			/* where it begins */
	long		hidden;			/* points left out */
} Frame;

static const struct
{
	const char *colour,			/* for files without the page's style */
			   *dashes,
			   *mark;
}			styles[PPDL_CHART_STYLES] = {
	{"#4a525c", "none", "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z"},
	{"#0067a5", "7 3", "M-3.6,-3.6h7.2v7.2h-7.2z"},
	{"#00805e", "2 3", "M0,-5.2L5.2,0L0,5.2L-5.2,0z"},
	{"#c44f00", "10 3 2 3", "M0,-5L4.8,3.6H-4.8z"},
	{"#a8458a", "5 2", "M0,5L4.8,-3.6H-4.8z"},
	{"#8f6400", "1 3 6 3", "M-4.4,-1.5h2.9v-2.9h3v2.9h2.9v3h-2.9v2.9h-3v-2.9h-2.9z"},
	{"#5b4cc4", "12 4", "M-4,-4L4,4M-4,4L4,-4"},
	{"#b3261e", "4 4", "M-5,0h10M0,-5v10"},
};

/* ------------------------------------------------------------------ checks and spans */

static int
is_shown(const PpdlAxis *axis, double v)
{
	return !axis->is_log || v >= 1 / BEYOND;
}

static PpdlStatus
check_spread(const PpdlSeries *s, const double *spread, size_t i, PpdlError *err)
{
	if (spread == NULL || isnan(spread[i]) || (spread[i] >= 0 && spread[i] <= BEYOND))
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "chart: \"%.*s\", point %zu: %g is no spread",
					  PPDL_CUT(s->name, 100), i + 1,
					  spread[i]);
}

static PpdlStatus
check_series(const PpdlSeries *s, PpdlError *err)
{
	if (s->n > PPDL_CHART_MAX_POINTS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "chart: \"%.*s\" has %zu points; at most %d",
						  PPDL_CUT(s->name, 100), s->n,
						  PPDL_CHART_MAX_POINTS);
	for (size_t i = 0; i < s->n; i++)
	{
		if (!(fabs(s->x[i]) <= BEYOND && fabs(s->y[i]) <= BEYOND))
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "chart: \"%.*s\", point %zu: (%g, %g) cannot be shown",
							  PPDL_CUT(s->name, 100),
							  i + 1, s->x[i], s->y[i]);
		PPDL_TRY(check_spread(s, s->x_spread, i, err));
		PPDL_TRY(check_spread(s, s->y_spread, i, err));
	}
	return PPDL_OK;
}

static PpdlStatus
check_chart(const PpdlChart *c, PpdlError *err)
{
	if (c->x.nnames > PPDL_CHART_MAX_NAMES || c->y.nnames > PPDL_CHART_MAX_NAMES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "chart \"%.*s\": at most %d names stand beside an axis",
						  PPDL_CUT(c->title, 100),
						  PPDL_CHART_MAX_NAMES);
	for (int i = 0; i < c->nseries; i++)
	{
		PPDL_TRY(check_series(&c->series[i], err));
		for (size_t j = 0; j < c->series[i].n; j++)
			PPDL_TRY(check_spread(&c->series[i], c->bar_widths, j, err));
	}
	return PPDL_OK;
}

/* numbers that the axis cannot show do not count */
static void
widen(const PpdlAxis *axis, double *lo, double *hi, double v)
{
	if (!is_shown(axis, v))
		return;
	*lo = fmin(*lo, v);
	*hi = fmax(*hi, v);
}

static double
bar_width(const PpdlChart *c, size_t i)
{
	return c->bar_widths && !isnan(c->bar_widths[i]) ? c->bar_widths[i] : c->bar_width;
}

/* what the points to show and bars with their feet span; counts those that are not shown */
static void
span(const PpdlChart *c, double lo[2], double hi[2], long *hidden)
{
	lo[0] = lo[1] = INFINITY;
	hi[0] = hi[1] = -INFINITY;
	for (int i = 0; i < c->nseries; i++)
		for (size_t j = 0; j < c->series[i].n; j++)
		{
			const PpdlSeries *s = &c->series[i];

			if (!is_shown(&c->x, s->x[j]) || !is_shown(&c->y, s->y[j]))
			{
				++*hidden;
				continue;
			}
			widen(&c->x, &lo[0], &hi[0], s->x[j]);
			widen(&c->y, &lo[1], &hi[1], s->y[j]);
			if (!(s->form & PPDL_CHART_BARS))
				continue;
			if (c->y.name)
			{
				widen(&c->x, &lo[0], &hi[0], 0);
				continue;
			}
			widen(&c->x, &lo[0], &hi[0], s->x[j] - bar_width(c, j) / 2);
			widen(&c->x, &lo[0], &hi[0], s->x[j] + bar_width(c, j) / 2);
			widen(&c->y, &lo[1], &hi[1], 0);
		}
}

/* ------------------------------------------------------------------ frame */

/* of the text beside an axis */
static double
labels_width(const PpdlAxis *axis, const PpdlScale *s)
{
	long		most = 0;

	for (long i = 0; axis->name && i < axis->nnames; i++)
		most = ppdl_text_length(axis->name[i]) > most ? ppdl_text_length(axis->name[i]) : most;
	for (int i = 0; !axis->name && i < s->nticks; i++)
	{
		char		tick[PPDL_SHOWN];

		ppdl_show_tick(tick, axis->quantity, s->tick[i]);
		most = ppdl_text_length(tick) > most ? ppdl_text_length(tick) : most;
	}
	return (most > NAME_MOST ? NAME_MOST : most) * PPDL_SVG_CHARACTER;
}

/* of a name beside the axis */
static double
row_height(const PpdlChart *c)
{
	return 14.0 + 8 * (c->nseries < 4 ? c->nseries : 4);
}

static double
plot_height(const PpdlChart *c)
{
	return c->y.name ? row_height(c) * (c->y.nnames > 0 ? (double) c->y.nnames : 1) : PLOT_HEIGHT;
}

/* of an entry of the legend, and what is free behind it */
static double
legend_width(const char *name)
{
	long		length = ppdl_text_length(name);

	return SWATCH + 6 + (length > 2 * NAME_MOST ? 2 * NAME_MOST : length) * PPDL_SVG_CHARACTER + 12;
}

/* place of entry i; returns the row */
static int
legend_place(const PpdlChart *c, int i, double *x)
{
	double		at = 0;
	int			row = 0;

	*x = 10;
	for (int j = 0; j <= i; j++)
	{
		double		width = legend_width(c->series[j].name);

		if (at > 0 && at + width > WIDTH - 16)
		{
			row++;
			at = 0;
		}
		*x = 10 + at;
		at += width;
	}
	return row;
}

static Frame
frame_of(const PpdlChart *c)
{
	double		lo[2],
				hi[2],
				x;
	Frame		f = {.hidden = 0};

	span(c, lo, hi, &f.hidden);
	f.x = ppdl_scale(&c->x, lo[0], hi[0], TICKS);
	f.y = ppdl_scale(&c->y, lo[1], hi[1], TICKS);
	f.x.from = 14 + (c->y.title ? 16 : 0) + labels_width(&c->y, &f.y);
	f.x.to = WIDTH - RIGHT;
	f.y.from = PPDL_SVG_TOP + plot_height(c);
	f.y.to = PPDL_SVG_TOP;
	if (c->y.name)
	{
		f.y.from = f.y.to;
		f.y.to = PPDL_SVG_TOP + plot_height(c);
	}
	f.legend = PPDL_SVG_TOP + plot_height(c) + 20 + (c->x.title ? 18 : 0) + 12;
	f.height = f.legend + (c->nseries ? (legend_place(c, c->nseries - 1, &x) + 1) * LEGEND_ROW : 0);
	return f;
}

/* a line of the grid, or the mark of a name */
static void
put_grid(PpdlWriter *w, double x1, double y1, double x2, double y2)
{
	ppdl_write_format(w, "<path class=\"grid\" d=\"M%.1f,%.1fL%.1f,%.1f\" stroke=\"currentColor\""
					  " stroke-opacity=\".15\"/>\n",
					  x1, y1, x2, y2);
}

static void
put_x_axis(PpdlWriter *w, const PpdlChart *c, const Frame *f)
{
	double		bottom = fmax(f->y.from, f->y.to);
	double		free_width = 1e9;
	char		tick[PPDL_SHOWN];

	for (int i = 0; !c->x.name && i < f->x.nticks; i++)
	{
		double		at = ppdl_scale_place(&f->x, f->x.tick[i]);

		put_grid(w, at, PPDL_SVG_TOP, at, bottom);
		ppdl_show_tick(tick, c->x.quantity, f->x.tick[i]);
		ppdl_svg_label(w, at, bottom + 16, "middle", tick, NAME_MOST);
	}
	if (c->x.name && c->x.nnames > 0)
		free_width = (f->x.to - f->x.from) / (double) c->x.nnames;
	for (long i = 0; c->x.name && i < c->x.nnames; i++)
		ppdl_svg_label(w, ppdl_scale_place(&f->x, (double) i), bottom + 16, "middle", c->x.name[i],
				  (long) fmax(2, free_width / PPDL_SVG_CHARACTER - 1));
	if (c->x.title)
		ppdl_svg_label(w, (f->x.from + f->x.to) / 2, bottom + 34, "middle", c->x.title, 60);
}

static void
put_y_axis(PpdlWriter *w, const PpdlChart *c, const Frame *f)
{
	double		middle = (f->y.from + f->y.to) / 2;
	char		tick[PPDL_SHOWN];

	for (int i = 0; !c->y.name && i < f->y.nticks; i++)
	{
		double		at = ppdl_scale_place(&f->y, f->y.tick[i]);

		put_grid(w, f->x.from, at, f->x.to, at);
		ppdl_show_tick(tick, c->y.quantity, f->y.tick[i]);
		ppdl_svg_label(w, f->x.from - 6, at + 4, "end", tick, NAME_MOST);
	}
	for (long i = 0; c->y.name && i < c->y.nnames; i++)
	{
		double		at = ppdl_scale_place(&f->y, (double) i);

		put_grid(w, f->x.from, at, f->x.to, at);
		ppdl_svg_label(w, f->x.from - 6, at + 4, "end", c->y.name[i], NAME_MOST);
	}
	if (c->y.title)
	{
		ppdl_write_format(w, "<g transform=\"translate(14,%.1f) rotate(-90)\">", middle);
		ppdl_svg_label(w, 0, 0, "middle", c->y.title, 40);
		ppdl_write_text(w, "</g>\n");
	}
}

static void
put_frame(PpdlWriter *w, const PpdlChart *c, const Frame *f)
{
	double		top = fmin(f->y.from, f->y.to);

	ppdl_write_format(w, "<rect class=\"plot\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"none\""
					  " stroke=\"currentColor\" stroke-opacity=\".45\"/>\n", f->x.from, top, f->x.to - f->x.from,
					  fabs(f->y.to - f->y.from));
	put_x_axis(w, c, f);
	put_y_axis(w, c, f);
	if (c->has_diagonal)
		ppdl_write_format(w, "<path class=\"diagonal\" d=\"M%.1f,%.1fL%.1f,%.1f\" stroke=\"currentColor\""
						  " stroke-opacity=\".5\" stroke-dasharray=\"1 4\"/>\n", f->x.from, f->y.from, f->x.to,
						  f->y.to);
}

/* ------------------------------------------------------------------ series */

/* series on names stand a little beside each other */
static double
aside(const PpdlChart *c, int number, const PpdlAxis *axis)
{
	double		step = c->nseries > 4 ? 32.0 / c->nseries : 8;

	return axis->name ? (number - (c->nseries - 1) / 2.0) * step : 0;
}

static void
put_value(PpdlWriter *w, const PpdlAxis *axis, double v)
{
	char		shown[PPDL_SHOWN];
	long		name = lround(fmin(fmax(v, 0), PPDL_CHART_MAX_NAMES));

	ppdl_show(shown, axis->quantity, v);
	if (axis->name && name < axis->nnames)
		ppdl_html_text(w, axis->name[name]);
	else
		ppdl_html_text(w, shown);
}

/* what is told of a point that somebody points at */
static void
put_tip(PpdlWriter *w, const PpdlChart *c, const PpdlSeries *s, size_t i)
{
	ppdl_write_text(w, "<title>");
	ppdl_html_text(w, s->name);
	ppdl_write_text(w, ": ");
	put_value(w, &c->x, s->x[i]);
	ppdl_write_text(w, ", ");
	put_value(w, &c->y, s->y[i]);
	ppdl_write_text(w, "</title>");
}

static void
put_line(PpdlWriter *w, const PpdlChart *c, const Frame *f, const PpdlSeries *s, double dx, double dy)
{
	int			style = s->style % PPDL_CHART_STYLES,
				any = 0;

	for (size_t i = 0; i < s->n; i++)
	{
		if (!is_shown(&c->x, s->x[i]) || !is_shown(&c->y, s->y[i]))
			continue;
		ppdl_write_text(w, any ? " " : "<polyline points=\"");
		ppdl_write_format(w, "%.1f,%.1f", ppdl_scale_place(&f->x, s->x[i]) + dx, ppdl_scale_place(&f->y, s->y[i]) + dy);
		any = 1;
	}
	/* the first style lies under others that may cover it: broader and paler */
	if (any)
		ppdl_write_format(w, "\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"%s\" stroke-opacity=\"%s\""
						  " stroke-dasharray=\"%s\"/>\n", style ? "1.8" : "3.4", style ? "1" : ".55",
						  styles[style].dashes);
}

static void
put_error_bar(PpdlWriter *w, double x1, double y1, double x2, double y2)
{
	double		across_x = y1 == y2 ? 0 : 3,
				across_y = y1 == y2 ? 3 : 0;

	ppdl_write_format(w, "<path class=\"spread\" d=\"M%.1f,%.1fL%.1f,%.1fM%.1f,%.1fL%.1f,%.1fM%.1f,%.1fL%.1f,%.1f\""
					  " stroke=\"currentColor\" stroke-width=\"1.2\"/>\n", x1, y1, x2, y2,
					  x1 - across_x, y1 - across_y, x1 + across_x, y1 + across_y,
					  x2 - across_x, y2 - across_y, x2 + across_x, y2 + across_y);
}

static void
put_error_bars(PpdlWriter *w, const Frame *f, const PpdlSeries *s, size_t i, double x, double y)
{
	double		dx = x - ppdl_scale_place(&f->x, s->x[i]),
				dy = y - ppdl_scale_place(&f->y, s->y[i]);

	if (s->x_spread && s->x_spread[i] > 0)
		put_error_bar(w, ppdl_scale_place(&f->x, s->x[i] - s->x_spread[i]) + dx, y,
					  ppdl_scale_place(&f->x, s->x[i] + s->x_spread[i]) + dx, y);
	if (s->y_spread && s->y_spread[i] > 0)
		put_error_bar(w, x, ppdl_scale_place(&f->y, s->y[i] - s->y_spread[i]) + dy,
					  x, ppdl_scale_place(&f->y, s->y[i] + s->y_spread[i]) + dy);
}

static void
put_mark(PpdlWriter *w, int style, double x, double y)
{
	ppdl_write_format(w, "<path class=\"mark\" transform=\"translate(%.1f,%.1f)\" d=\"%s\" fill=\"currentColor\""
					  " fill-opacity=\".25\" stroke=\"currentColor\" stroke-width=\"1.5\">", x, y, styles[style].mark);
}

/* with is_sparse on the first and last point and few between them, elsewhere for each series */
static int
has_mark(const PpdlSeries *s, size_t i, int is_sparse)
{
	size_t		step = s->n / MARKS_ON_LINE + 1;

	return !is_sparse || s->n <= 3 * MARKS_ON_LINE || i % step == (size_t) s->style % step;
}

static void
put_points(PpdlWriter *w, const PpdlChart *c, const Frame *f, const PpdlSeries *s, double dx, double dy)
{
	for (size_t i = 0; i < s->n; i++)
	{
		double		x = ppdl_scale_place(&f->x, s->x[i]) + dx,
					y = ppdl_scale_place(&f->y, s->y[i]) + dy;

		if (!is_shown(&c->x, s->x[i]) || !is_shown(&c->y, s->y[i]) || !has_mark(s, i, s->form & PPDL_CHART_LINE))
			continue;
		put_error_bars(w, f, s, i, x, y);
		put_mark(w, s->style % PPDL_CHART_STYLES, x, y);
		put_tip(w, c, s, i);
		ppdl_write_text(w, "</path>\n");
	}
}

static int
is_bars(const PpdlSeries *s)
{
	return (s->form & PPDL_CHART_BARS) != 0;
}

/* a rectangle between two corners */
typedef struct Bar
{
	double		x1,
				y1,
				x2,
				y2;
} Bar;

/* bars of several series share the width, side by side: `before` of `all` come first */
static Bar
upright_bar(const PpdlChart *c, const Frame *f, const PpdlSeries *s, size_t i, int before, int all)
{
	double		width = bar_width(c, i),
				left = s->x[i] - width / 2 + width * before / all;

	return (Bar) {
		ppdl_scale_place(&f->x, left), ppdl_scale_place(&f->y, s->y[i]), ppdl_scale_place(&f->x, left + width / all),
		ppdl_scale_place(&f->y, c->y.is_log ? f->y.lo : 0)
	};
}

static Bar
lying_bar(const PpdlChart *c, const Frame *f, const PpdlSeries *s, size_t i, int before, int all)
{
	double		height = row_height(c) - 6,
				top = ppdl_scale_place(&f->y, s->y[i]) - height / 2 + height * before / all;

	return (Bar) {
		ppdl_scale_place(&f->x, c->x.is_log ? f->x.lo : 0), top, ppdl_scale_place(&f->x, s->x[i]), top + height / all
	};
}

static void
put_bar(PpdlWriter *w, const PpdlChart *c, const Frame *f, const PpdlSeries *s, size_t i, Bar b)
{
	ppdl_write_format(w, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\""
					  " fill=\"currentColor\" fill-opacity=\".6\" stroke=\"currentColor\" stroke-width=\".5\">",
					  fmin(b.x1, b.x2), fmin(b.y1, b.y2), fabs(b.x2 - b.x1), fabs(b.y2 - b.y1));
	put_tip(w, c, s, i);
	ppdl_write_text(w, "</rect>\n");
	if (c->y.name)
		put_error_bars(w, f, s, i, b.x2, (b.y1 + b.y2) / 2);
	else
		put_error_bars(w, f, s, i, (b.x1 + b.x2) / 2, b.y1);
}

static void
put_bars(PpdlWriter *w, const PpdlChart *c, const Frame *f, int number)
{
	const PpdlSeries *s = &c->series[number];
	int			before = 0,
				all = 0;

	for (int i = 0; i < c->nseries; i++)
	{
		before += i < number && is_bars(&c->series[i]);
		all += is_bars(&c->series[i]);
	}
	for (size_t i = 0; i < s->n; i++)
		if (is_shown(&c->x, s->x[i]) && is_shown(&c->y, s->y[i]))
			put_bar(w, c, f, s, i, c->y.name ? lying_bar(c, f, s, i, before, all) :
					upright_bar(c, f, s, i, before, all));
}

static void
begin_series(PpdlWriter *w, const PpdlSeries *s, const char *class)
{
	int			style = s->style % PPDL_CHART_STYLES;

	ppdl_write_format(w, "<g class=\"%s\" style=\"color:var(--series-%d,%s)\">\n", class, style, styles[style].colour);
}

static void
put_series(PpdlWriter *w, const PpdlChart *c, const Frame *f, int number)
{
	const PpdlSeries *s = &c->series[number];
	double		dx = aside(c, number, &c->x),
				dy = aside(c, number, &c->y);

	begin_series(w, s, "series");
	if (is_bars(s))
		put_bars(w, c, f, number);
	if (s->form & PPDL_CHART_LINE)
		put_line(w, c, f, s, dx, dy);
	if (s->form & PPDL_CHART_POINTS)
		put_points(w, c, f, s, dx, dy);
	ppdl_write_text(w, "</g>\n");
}

static void
put_legend(PpdlWriter *w, const PpdlChart *c, const Frame *f)
{
	for (int i = 0; i < c->nseries; i++)
	{
		const PpdlSeries *s = &c->series[i];
		int			style = s->style % PPDL_CHART_STYLES;
		double		x,
					y = f->legend + legend_place(c, i, &x) * LEGEND_ROW;

		begin_series(w, s, "legend");
		if (is_bars(s))
			ppdl_write_format(w, "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"10\" fill=\"currentColor\""
							  " fill-opacity=\".6\"/>\n", x + 8, y - 5);
		if (s->form & PPDL_CHART_LINE)
			ppdl_write_format(w, "<path d=\"M%.1f,%.1fh%.1f\" stroke=\"currentColor\" stroke-width=\"%s\""
							  " stroke-opacity=\"%s\" stroke-dasharray=\"%s\"/>\n", x, y, SWATCH, style ? "1.8" : "3.4",
							  style ? "1" : ".55", styles[style].dashes);
		if (s->form & PPDL_CHART_POINTS)
		{
			put_mark(w, style, x + SWATCH / 2, y);
			ppdl_write_text(w, "</path>\n");
		}
		ppdl_write_text(w, "</g>\n");
		ppdl_svg_label(w, x + SWATCH + 6, y + 4, "start", s->name, 2 * NAME_MOST);
	}
}

static void
begin(PpdlWriter *w, const PpdlChart *c, const Frame *f)
{
	char		note[100] = "";

	if (f->hidden)
		snprintf(note, sizeof note, " %ld %s at zero or below, which a logarithmic axis cannot show.", f->hidden,
				 f->hidden == 1 ? "point is" : "points are");
	ppdl_svg_begin(w, &(PpdlSvgHead) {
		.id = c->id,.title = c->title,.description = c->description,.note = note,.width = WIDTH,
		.height = ceil(f->height)
	});
}

PpdlStatus
ppdl_svg_chart(PpdlWriter *w, const PpdlChart *c, PpdlError *err)
{
	Frame		f;
	size_t		points = 0;

	PPDL_TRY(check_chart(c, err));
	f = frame_of(c);
	begin(w, c, &f);
	put_frame(w, c, &f);
	for (int i = 0; i < c->nseries; i++)
	{
		put_series(w, c, &f, i);
		points += c->series[i].n;
	}
	if (points == (size_t) f.hidden)
		ppdl_svg_label(w, (f.x.from + f.x.to) / 2, (f.y.from + f.y.to) / 2, "middle", "nothing to show", 40);
	put_legend(w, c, &f);
	ppdl_write_text(w, "</svg>\n");
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
