/* Charts: well-formed, every point inside the plot, whatever the numbers; what cannot be shown is refused or told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/svg.h"
#include "report/svg_axis.h"
#include "report/svg_map.h"
#include "xml_check.h"

static PpdlError err;

typedef struct Box
{
	double		x,
				y,
				width,
				height;
} Box;

/* text of the chart, to be freed */
static char *
draw(const PpdlChart *chart)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	assert_int_equal(ppdl_svg_chart(&w, chart, &err), PPDL_OK);
	ppdl_write_u8(&w, 0);
	assert_false(w.bad);
	if (xml_check((char *) w.buf))
		fail_msg("%s", xml_check((char *) w.buf));
	assert_int_equal(count_of((char *) w.buf, "nan"), 0);
	assert_int_equal(count_of((char *) w.buf, "inf"), 0);
	return (char *) w.buf;
}

static Box
plot_of(const char *svg)
{
	Box			b;
	const char *s = strstr(svg, "<rect class=\"plot\"");

	assert_non_null(s);
	assert_int_equal(sscanf(s, "<rect class=\"plot\" x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &b.x, &b.y,
							&b.width, &b.height), 4);
	assert_true(b.width > 100 && b.height > 20);
	return b;
}

static void
assert_inside(const Box *b, double x, double y)
{
	if (!(x >= b->x - 0.06 && x <= b->x + b->width + 0.06 && y >= b->y - 0.06 && y <= b->y + b->height + 0.06))
		fail_msg("(%g, %g) is outside the plot (%g, %g, %g, %g)", x, y, b->x, b->y, b->width, b->height);
}

/* number of marks, each inside; the last one's place in at[] */
static int
marks_inside(const char *svg, double at[2])
{
	static const char mark[] = "<path class=\"mark\" transform=\"translate(";
	Box			b = plot_of(svg);
	/* those of the legend come after the series */
	const char *end = strstr(svg, "class=\"legend\"");
	int			n = 0;

	for (const char *s = svg; (s = strstr(s, mark)) != NULL && (!end || s < end); n++)
	{
		s += sizeof mark - 1;
		assert_int_equal(sscanf(s, "%lf,%lf", &at[0], &at[1]), 2);
		assert_inside(&b, at[0], at[1]);
	}
	return n;
}

/* number of points of lines */
static int
lines_inside(const char *svg)
{
	static const char line[] = "<polyline points=\"";
	Box			b = plot_of(svg);
	int			n = 0;

	for (const char *s = svg; (s = strstr(s, line)) != NULL;)
		for (s += sizeof line - 1; *s != '"'; n++)
		{
			double		x,
						y;
			int			taken;

			assert_int_equal(sscanf(s, "%lf,%lf%n", &x, &y, &taken), 2);
			assert_inside(&b, x, y);
			s += taken;
			s += *s == ' ';
		}
	return n;
}

static PpdlChart
chart_of(const PpdlSeries *series, int n)
{
	PpdlChart	c = {.id = "c",.title = "Title",.description = "What it shows.",.x.title = "x",.y.title = "y",
		.series = series,.nseries = n};

	return c;
}

static void
test_places(void **state)
{
	static const double x[] = {0, 5, 10},
				y[] = {0, 50, 100};
	PpdlSeries	s = {"s", PPDL_CHART_LINE | PPDL_CHART_POINTS, 1, 3, x, y, NULL, NULL};
	PpdlChart	c = chart_of(&s, 1);
	char	   *svg = draw(&c);
	Box			b = plot_of(svg);
	double		at[2];

	(void) state;
	assert_int_equal(marks_inside(svg, at), 3);
	assert_int_equal(lines_inside(svg), 3);
	/* the axes end where the points do; y grows upwards */
	assert_true(fabs(at[0] - (b.x + b.width)) < 0.11 && fabs(at[1] - b.y) < 0.11);
	assert_non_null(strstr(svg, "<title>s: 5.00, 50.0</title>"));
	assert_non_null(strstr(svg, "role=\"img\" aria-labelledby=\"c-title c-desc\""));
	assert_non_null(strstr(svg, "<title id=\"c-title\">Title</title>"));
	assert_non_null(strstr(svg, "<desc id=\"c-desc\">What it shows.</desc>"));
	free(svg);
}

static void
test_ends_asked_for(void **state)
{
	static const double x[] = {0.5},
				y[] = {0.25},
				wide[] = {1.5};
	PpdlSeries	s = {"s", PPDL_CHART_POINTS, 0, 1, x, y, NULL, NULL};
	PpdlChart	c = chart_of(&s, 1);
	char	   *svg;
	Box			b;
	double		at[2];

	(void) state;
	c.x.hi = c.y.hi = 1;
	svg = draw(&c);
	b = plot_of(svg);
	assert_int_equal(marks_inside(svg, at), 1);
	assert_true(fabs(at[0] - (b.x + b.width / 2)) < 0.11 && fabs(at[1] - (b.y + b.height * 0.75)) < 0.11);
	free(svg);
	/* points beyond move the end */
	s.y = wide;
	svg = draw(&c);
	assert_int_equal(marks_inside(svg, at), 1);
	free(svg);
}

static void
test_log_axis(void **state)
{
	static const double x[] = {0.001, 0, 1, -3, 1000},
				y[] = {1, 1, 10, 1, 100};
	PpdlSeries	s = {"s", PPDL_CHART_LINE | PPDL_CHART_POINTS, 2, 5, x, y, NULL, NULL};
	PpdlChart	c = chart_of(&s, 1);
	char	   *svg;
	Box			b;
	double		at[2];

	(void) state;
	c.x.is_log = c.y.is_log = 1;
	c.x.quantity = PPDL_QUANTITY_SECONDS;
	svg = draw(&c);
	b = plot_of(svg);
	assert_int_equal(marks_inside(svg, at), 3);
	assert_int_equal(lines_inside(svg), 3);
	assert_true(fabs(at[0] - (b.x + b.width)) < 0.11 && fabs(at[1] - b.y) < 0.11);
	assert_non_null(strstr(svg, "2 points are at zero or below"));
	assert_non_null(strstr(svg, ">1 ms</text>"));
	/* 1 is half way between 0.001 and 1000 */
	{
		char		half[64];

		snprintf(half, sizeof half, "translate(%.1f,%.1f)", b.x + b.width / 2, b.y + b.height / 2);
		assert_non_null(strstr(svg, half));
	}
	free(svg);
}

static void
test_few_points(void **state)
{
	static const double one[] = {42},
				zero[] = {0};
	PpdlSeries	s = {"s", PPDL_CHART_LINE | PPDL_CHART_POINTS, 0, 1, one, one, NULL, NULL};
	PpdlChart	c = chart_of(&s, 1);
	double		at[2];

	(void) state;
	for (int form = 0; form < 16; form++)
	{
		char	   *svg;
		int			is_hidden = form & 4 && form & 3;

		c.x.is_log = form & 1;
		c.y.is_log = form & 2 ? 1 : 0;
		s.x = s.y = form & 4 ? zero : one;
		s.n = form & 8 ? 0 : 1;
		svg = draw(&c);
		assert_int_equal(marks_inside(svg, at), s.n && !is_hidden ? 1 : 0);
		assert_int_equal(count_of(svg, "nothing to show"), s.n && !is_hidden ? 0 : 1);
		free(svg);
	}
	c.nseries = 0;
	free(draw(&c));
}

static void
test_hard_numbers(void **state)
{
	static const double values[] = {0, 1e-300, -1e-300, 1e-95, 1e100, -1e100, 1, 1 + 1e-15, 123456.789, -0.1, 5e-324};
	const int	n = sizeof values / sizeof *values;

	(void) state;
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			for (int log = 0; log < 2; log++)
			{
				double		x[] = {values[i], values[j]},
							spread[] = {1e99, 0};
				PpdlSeries	s = {"s", PPDL_CHART_LINE | PPDL_CHART_POINTS | PPDL_CHART_BARS, 3, 2, x, x, spread, spread};
				PpdlChart	c = chart_of(&s, 1);
				double		at[2];
				char	   *svg;

				c.x.is_log = c.y.is_log = log;
				c.bar_width = 0.8;
				svg = draw(&c);
				marks_inside(svg, at);
				lines_inside(svg);
				free(svg);
			}
}

static void
test_refusals(void **state)
{
	static const double good[] = {1, 2, 3};
	static const double bad[] = {NAN, INFINITY, -INFINITY, 1e101};

	(void) state;
	for (int i = 0; i < 4; i++)
		for (int side = 0; side < 4; side++)
		{
			double		values[] = {1, 2, bad[i]};
			PpdlSeries	s = {"the series", PPDL_CHART_POINTS, 0, 3, side == 0 ? values : good, side == 1 ? values : good,
			side == 2 ? values : NULL, side == 3 ? values : NULL};
			PpdlChart	c = chart_of(&s, 1);
			PpdlWriter	w;
			/* NaN says that a point has no spread */
			int			is_fine = side >= 2 && i == 0;

			ppdl_writer_init(&w);
			assert_int_equal(ppdl_svg_chart(&w, &c, &err), is_fine ? PPDL_OK : PPDL_ERR_ARGUMENT);
			assert_true(is_fine || w.len == 0);
			if (!is_fine)
				assert_true(strstr(err.message, "the series") && strstr(err.message, "point 3"));
			ppdl_writer_free(&w);
		}
}

static void
test_error_bars(void **state)
{
	static const double x[] = {1, 2},
				y[] = {0.5, 0.9},
				spread[] = {0.1, 5};
	PpdlSeries	s = {"s", PPDL_CHART_POINTS, 0, 2, x, y, NULL, spread};
	PpdlChart	c = chart_of(&s, 1);
	char	   *svg;
	Box			b;
	double		x1,
				y1,
				x2,
				y2;

	(void) state;
	c.y.hi = 1;
	svg = draw(&c);
	b = plot_of(svg);
	assert_int_equal(count_of(svg, "class=\"spread\""), 2);
	assert_int_equal(sscanf(strstr(svg, "class=\"spread\"") + 15, "d=\"M%lf,%lfL%lf,%lf", &x1, &y1, &x2, &y2), 4);
	assert_true(x1 == x2 && fabs(y1 - (b.y + b.height * 0.6)) < 0.11 && fabs(y2 - (b.y + b.height * 0.4)) < 0.11);
	/* one that is longer than the plot ends with it */
	assert_int_equal(sscanf(strstr(strstr(svg, "class=\"spread\"") + 15, "class=\"spread\"") + 15,
							"d=\"M%lf,%lfL%lf,%lf", &x1, &y1, &x2, &y2), 4);
	assert_inside(&b, x1, y1);
	assert_inside(&b, x2, y2);
	free(svg);
}

/* a histogram: two series side by side, in their intervals */
static void
test_bars(void **state)
{
	static const double x[] = {0.5, 1.5},
				y[] = {2, 4};
	PpdlSeries	s[] = {{"a", PPDL_CHART_BARS, 0, 2, x, y, NULL, NULL}, {"b", PPDL_CHART_BARS, 1, 2, x, y, NULL, NULL}};
	PpdlChart	c = chart_of(s, 2);
	char	   *svg;
	Box			b;
	double		left = 0;
	int			n = 0;

	(void) state;
	c.bar_width = 1;
	svg = draw(&c);
	b = plot_of(svg);
	for (const char *at = svg; (at = strstr(at, "<rect class=\"bar\"")) != NULL; at++, n++)
	{
		Box			bar;

		assert_int_equal(sscanf(at, "<rect class=\"bar\" x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &bar.x, &bar.y,
								&bar.width, &bar.height), 4);
		assert_inside(&b, bar.x, bar.y);
		assert_inside(&b, bar.x + bar.width, bar.y + bar.height);
		/* from zero; the plot is 2 wide and 4 high */
		assert_true(fabs(bar.y + bar.height - (b.y + b.height)) < 0.11);
		assert_true(fabs(bar.height - b.height * (n % 2 + 1) / 2) < 0.11);
		assert_true(fabs(bar.width - b.width / 4) < 0.11);
		assert_true(fabs(bar.x - (b.x + b.width * (n % 2 * 0.5 + n / 2 * 0.25))) < 0.11);
		left = bar.x;
	}
	assert_int_equal(n, 4);
	assert_true(left > b.x);
	free(svg);
}

/* bands of different widths, each as wide as it is; an error bar in the middle of one */
static void
test_bars_of_bands(void **state)
{
	static const double x[] = {0.5, 2.5},
				y[] = {2, 4},
				spread[] = {NAN, 1},
				widths[] = {1, 3};
	PpdlSeries	s = {"a", PPDL_CHART_BARS, 0, 2, x, y, NULL, spread};
	PpdlChart	c = chart_of(&s, 1);
	char	   *svg;
	Box			b,
				bar = {0};
	int			n = 0;

	(void) state;
	c.bar_widths = widths;
	c.x.lo = 0;
	c.x.hi = 4;
	svg = draw(&c);
	b = plot_of(svg);
	for (const char *at = svg; (at = strstr(at, "<rect class=\"bar\"")) != NULL; at++, n++)
	{
		assert_int_equal(sscanf(at, "<rect class=\"bar\" x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"", &bar.x,
								&bar.y, &bar.width, &bar.height), 4);
		assert_true(fabs(bar.width - b.width * (n ? 3 : 1) / 4) < 0.11);
		assert_true(fabs(bar.x - (b.x + b.width * n / 4)) < 0.11);
	}
	assert_int_equal(n, 2);
	assert_int_equal(count_of(svg, "class=\"spread\""), 1);
	free(svg);
}

/* names with bars beside them, from zero, two series one below the other; negative ones to the left */
static void
test_lying_bars(void **state)
{
	static const char *const names[] = {"one", "two"};
	static const double x[] = {2, -1},
				y[] = {0, 1};
	PpdlSeries	s[] = {{"a", PPDL_CHART_BARS, 0, 2, x, y, NULL, NULL}, {"b", PPDL_CHART_BARS, 1, 2, x, y, NULL, NULL}};
	PpdlChart	c = chart_of(s, 2);
	char	   *svg;
	Box			b,
				bar[4];
	int			n = 0;

	(void) state;
	c.x.lo = -1;
	c.x.hi = 2;
	c.y.name = names;
	c.y.nnames = 2;
	svg = draw(&c);
	b = plot_of(svg);
	for (const char *at = svg; (at = strstr(at, "<rect class=\"bar\"")) != NULL; at++, n++)
	{
		assert_true(n < 4);
		assert_int_equal(sscanf(at, "<rect class=\"bar\" x=\"%lf\" y=\"%lf\" width=\"%lf\" height=\"%lf\"",
								&bar[n].x, &bar[n].y, &bar[n].width, &bar[n].height), 4);
		assert_inside(&b, bar[n].x, bar[n].y);
		assert_inside(&b, bar[n].x + bar[n].width, bar[n].y + bar[n].height);
		assert_true(fabs(bar[n].width - b.width * (n % 2 ? 1 : 2) / 3) < 0.11);
		assert_true(fabs(bar[n].x - (b.x + b.width * (n % 2 ? 0 : 1) / 3)) < 0.11);
	}
	assert_int_equal(n, 4);
	/* the first name's bars, then the second's */
	assert_true(bar[0].y + bar[0].height <= bar[2].y + 0.11 && bar[2].y + bar[2].height <= bar[1].y + 0.11);
	free(svg);
}

static void
test_map(void **state)
{
	static const char *const names[] = {"a & b", "c", "d"};
	double		value[] = {1, -0.5, NAN, -0.5, 1, 0.254, NAN, 0.254, 1};
	PpdlMap		m = {.id = "m",.title = "Map <1>",.description = "What.",.n = 3,.name = names,.value = value};
	PpdlWriter	w;
	const char *svg;

	(void) state;
	ppdl_writer_init(&w);
	assert_int_equal(ppdl_svg_map(&w, &m, &err), PPDL_OK);
	ppdl_write_u8(&w, 0);
	svg = (const char *) w.buf;
	if (xml_check(svg))
		fail_msg("%s", xml_check(svg));
	assert_int_equal(count_of(svg, "class=\"square\""), 9);
	assert_int_equal(count_of(svg, "<title>a &amp; b, c: \xE2\x88\x92" "0.50</title>"), 1);
	assert_int_equal(count_of(svg, "<title>c, d: 0.25</title>"), 1);
	assert_int_equal(count_of(svg, "<title>d, a &amp; b: not defined</title>"), 1);
	assert_int_equal(count_of(svg, ">\xE2\x88\x92" "0.50</text>"), 2);
	assert_int_equal(count_of(svg, "stroke-dasharray"), 2);
	assert_int_equal(count_of(svg, "nan"), 0);
	ppdl_writer_free(&w);
	/* beyond what there is */
	ppdl_writer_init(&w);
	value[1] = 1.01;
	assert_int_equal(ppdl_svg_map(&w, &m, &err), PPDL_ERR_ARGUMENT);
	assert_non_null(strstr(err.message, "\"c\""));
	m.n = PPDL_MAP_MOST + 1;
	assert_int_equal(ppdl_svg_map(&w, &m, &err), PPDL_ERR_ARGUMENT);
	ppdl_writer_free(&w);
}

/* names beside an axis: rows from the top, series a little beside each other, text cut where it is long */
static void
test_names(void **state)
{
	static const char *const name[] = {"first", "<second> & \"third\" with much more behind it \xE2\x82\xAC"};
	static const double x[] = {1, 2},
				y[] = {0, 1};
	PpdlSeries	s[] = {{"<a>", PPDL_CHART_POINTS, 0, 2, x, y, NULL, NULL}, {"b & c", PPDL_CHART_POINTS, 9, 2, x, y, NULL,
	NULL}};
	PpdlChart	c = chart_of(s, 2);
	char	   *svg;
	double		at[2];
	Box			b;

	(void) state;
	c.title = "Title & <more>";
	c.description = "\"quoted\" <b>";
	c.y.name = name;
	c.y.nnames = 2;
	svg = draw(&c);
	b = plot_of(svg);
	assert_int_equal(marks_inside(svg, at), 4);
	assert_true(at[1] > b.y + b.height / 2);
	assert_null(strstr(svg, "<second>"));
	assert_null(strstr(svg, "<a>"));
	assert_non_null(strstr(svg, "<title>&lt;a&gt;: 1.00, first</title>"));
	assert_non_null(strstr(svg, "Title &amp; &lt;more&gt;"));
	free(svg);
}

/* series can be told apart without colour */
static void
test_styles_differ(void **state)
{
	static const double x[] = {1, 2};
	char	   *drawn[PPDL_CHART_STYLES];

	(void) state;
	for (int i = 0; i < PPDL_CHART_STYLES; i++)
	{
		PpdlSeries	s = {"s", PPDL_CHART_LINE | PPDL_CHART_POINTS, i, 2, x, x, NULL, NULL};
		PpdlChart	c = chart_of(&s, 1);
		char	   *svg = draw(&c);
		char	   *mark = strstr(strstr(svg, "class=\"mark\""), " d=\""),
				   *dashes = strstr(svg, "stroke-dasharray=");

		assert_true(asprintf(&drawn[i], "%.30s %.30s", mark, dashes) > 0);
		for (int j = 0; j < i; j++)
		{
			assert_string_not_equal(drawn[i], drawn[j]);
			assert_true(strncmp(strstr(drawn[i], "stroke-dasharray"), strstr(drawn[j], "stroke-dasharray"), 30) != 0);
		}
		free(svg);
	}
	for (int i = 0; i < PPDL_CHART_STYLES; i++)
		free(drawn[i]);
}

/* shares that are all alike: an axis about them, not beyond 0 and 1 */
static void
test_shares(void **state)
{
	static const double share[] = {0.867, 0, 1};
	PpdlAxis	axis = {.quantity = PPDL_QUANTITY_PERCENT};

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		PpdlScale	s = ppdl_scale(&axis, share[i], share[i], 5);

		assert_true(s.lo >= 0 && s.hi <= 1.0000001 && s.hi - s.lo > 0.04 && s.hi - s.lo < 0.2);
		assert_true(s.lo <= share[i] && s.hi >= share[i] - 1e-9 && s.nticks >= 2);
	}
}

/* marks are round numbers within the axis, and there are some */
static void
test_ticks(void **state)
{
	static const double ends[][2] = {{0, 1}, {0.5, 0.93}, {-3, 1000}, {0.88, 0.9}, {1e-9, 2e-9}, {0, 1e6}, {7, 7}};
	PpdlAxis	axis = {0};

	(void) state;
	for (int log = 0; log < 2; log++)
		for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		{
			double		lo = log ? fmax(ends[i][0], 1e-6) : ends[i][0],
						hi = fmax(ends[i][1], lo);
			PpdlScale	s;

			axis.is_log = log;
			s = ppdl_scale(&axis, lo, hi, 5);
			assert_true(s.lo < s.hi && s.lo <= lo && s.hi >= hi && s.nticks >= 2 && s.nticks <= 8);
			for (int t = 0; t < s.nticks; t++)
			{
				double		first = fabs(s.tick[t]) / pow(10, floor(log10(fabs(s.tick[t])) + 1e-9));

				assert_true(s.tick[t] >= s.lo - 1e-9 * (s.hi - s.lo) && s.tick[t] <= s.hi + 1e-9 * (s.hi - s.lo));
				/* two digits at most in what is marked, by steps of 1, 2 or 5 */
				assert_true(s.tick[t] == 0 || fabs(first * 100 - round(first * 100)) < 1e-6);
			}
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_ends_asked_for),
		cmocka_unit_test(test_log_axis),
		cmocka_unit_test(test_few_points),
		cmocka_unit_test(test_hard_numbers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_error_bars),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_bars_of_bands),
		cmocka_unit_test(test_lying_bars),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_styles_differ),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
