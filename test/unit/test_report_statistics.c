/*
 * The page of `ppdl stats`: well-formed, everything on it that was computed, in numbers as people read them, and words
 * where there is none.  PPDL_REPORT_DIR=directory keeps the pages there, to be looked at.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "moments_fixture.h"
#include "report/statistics.h"
#include "report/statistics_impl.h"
#include "xml_check.h"

#define MINUS "\xE2\x88\x92"

static PpdlError err;
static Table table;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
			fail_msg("%s", err.message); \
	} while (0)

/* everything about the rows of `table` */
typedef struct World
{
	PpdlStatisticsGroup group;
	PpdlTerm   *term;
	int			terms;
	PpdlDescription *description;
	PpdlCorrelation correlation;
	PpdlRegression regression[2];
	PpdlCrosstab crosstab[2];
	PpdlHistogram histogram[3];
	PpdlComponents components;
} World;

static const char *const notes[] = {"regression of <Dose>: it is constant & says nothing"};

static void
compute(World *w, const char *name)
{
	static const int columns[] = {0, 1, 4, 5, 6},
				crossed[2][2] = {{5, 7}, {4, 5}},
				bands[] = {7, 8, 6};
	PpdlRegressOptions opt = {.response = {9, 0},.variable = columns,.variables = 5,.level = 0.95};

	memset(w, 0, sizeof *w);
	OK(ppdl_moments_terms(&w->term, &w->terms, &table.m, &err));
	w->description = calloc((size_t) w->terms, sizeof *w->description);
	ppdl_describe(w->description, &table.m, w->term, w->terms);
	OK(ppdl_correlate(&w->correlation, &table.m, w->term, w->terms, &err));
	for (int i = 0; i < 2; i++)
	{
		opt.ridge = i * 10;
		w->group.regressions += ppdl_regress(&w->regression[i], &table.m, &opt, &err) == PPDL_OK;
		OK(ppdl_crosstab(&w->crosstab[i], &table.m, crossed[i][0], crossed[i][1], 0.95, &err));
	}
	for (int i = 0; i < 3; i++)
		OK(ppdl_histogram(&w->histogram[i], &table.m, bands[i], &err));
	if (ppdl_components(&w->components, &w->correlation, 1, NULL, &err) == PPDL_OK)
		w->group.components = &w->components;
	w->group.name = name;
	w->group.moments = &table.m;
	w->group.description = w->description;
	w->group.descriptions = w->terms;
	w->group.correlation = &w->correlation;
	w->group.regression = w->regression;
	w->group.crosstab = w->crosstab;
	w->group.crosstabs = 2;
	w->group.histogram = w->histogram;
	w->group.histograms = 3;
	w->group.note = notes;
	w->group.notes = 1;
}

static void
forget(World *w)
{
	for (int i = 0; i < 2; i++)
	{
		ppdl_regression_free(&w->regression[i]);
		ppdl_crosstab_free(&w->crosstab[i]);
	}
	for (int i = 0; i < 3; i++)
		ppdl_histogram_free(&w->histogram[i]);
	ppdl_components_free(&w->components);
	ppdl_correlation_free(&w->correlation);
	free(w->description);
	free(w->term);
}

static void
keep(const PpdlWriter *w, const char *name)
{
	char		path[300];
	FILE	   *f;

	if (getenv("PPDL_REPORT_DIR") == NULL)
		return;
	snprintf(path, sizeof path, "%s/%s.html", getenv("PPDL_REPORT_DIR"), name);
	f = fopen(path, "w");
	assert_true(f && fwrite(w->buf, 1, w->len - 1, f) == w->len - 1 && fclose(f) == 0);
}

/* to be freed; nothing on it that is no number */
static char *
render(const PpdlStatisticsPage *page, const char *name)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	OK(ppdl_statistics_html(&w, page, &err));
	ppdl_write_u8(&w, 0);
	assert_false(w.bad);
	keep(&w, name);
	if (xml_check(strstr((char *) w.buf, "<html")))
		fail_msg("%s", xml_check(strstr((char *) w.buf, "<html")));
	assert_null(strstr((char *) w.buf, "nan"));
	assert_null(strstr((char *) w.buf, ">inf"));
	return (char *) w.buf;
}

static void
has(const char *html, const char *text)
{
	if (!strstr(html, text))
		fail_msg("the page lacks \"%s\"", text);
}

static void
test_page(void **state)
{
	World		w;
	char	   *html,
				number[PPDL_ESTIMATE_SHOWN],
				cell[200];
	PpdlStatisticsPage page = {.title = "Statistics of <patients>",.source = "patients & others",
	.query = "SELECT count(*) FROM patients WHERE a < b",.group = &w.group,.groups = 1};

	(void) state;
	table_random(&table, 1500, 5);
	assert_true(table_moments(&table, 1e-4, 5));
	OK(ppdl_moments_check(&table.m, &err));
	compute(&w, NULL);
	assert_int_equal(w.group.regressions, 2);
	html = render(&page, "statistics");
	has(html, "<h1>Statistics of &lt;patients&gt;</h1>");
	has(html, "patients &amp; others");
	has(html, "<code>SELECT count(*) FROM patients WHERE a &lt; b</code>");
	has(html, "<p>1,500 rows.</p>");
	has(html, "regression of &lt;Dose&gt;: it is constant &amp; says nothing");
	/* each section, its charts, its numbers */
	has(html, "<h2>Columns</h2>");
	has(html, "<td>constant</td>");
	has(html, "<h2>Rows by level</h2>");
	assert_int_equal(count_of(html, "-histogram\" role=\"img\""), 3);
	has(html, "median");
	has(html, "<h2>Correlations</h2>");
	assert_int_equal(count_of(html, "id=\"map-"), 1 + 2);
	assert_int_equal(count_of(html, "class=\"square\""), w.terms * w.terms);
	has(html, "<h2>Regression of Outcome</h2>");
	has(html, "<h2>Ridge regression of Outcome</h2>");
	has(html, "Levels are compared with: Sex = a, Ward = a, Blood = a.");
	assert_int_equal(count_of(html, "-coefficients\" role=\"img\""), 2);
	has(html, "<h2>Ward by Age band</h2>");
	has(html, "b, % of the column");
	assert_int_equal(count_of(html, "-crosstab\" role=\"img\""), 2);
	has(html, "χ² = ");
	has(html, "<h2>Principal components</h2>");
	has(html, "<h2>How to read this</h2>");
	/* the mean of the first column, by the rows */
	{
		double		sum = 0;

		for (int i = 0; i < table.n; i++)
			sum += table.value[0][i] / table.n;
		snprintf(cell, sizeof cell, "<span>Age</span></th><td>1,500</td><td>0.0 %%</td><td>%.3f</td>", sum);
		has(html, cell);
	}
	ppdl_show_p(number, w.regression[0].coefficient[1].p);
	assert_string_equal(number, "< 0.0001");
	has(html, "<td>&lt; 0.0001</td>");
	free(html);
	forget(&w);
	ppdl_moments_free(&table.m);
}

/* groups, some withheld, one with a single row, one without any */
static void
test_groups(void **state)
{
	World		w[3];
	Table	   *kept = malloc(3 * sizeof *kept);
	PpdlStatisticsGroup group[3];
	PpdlStatisticsPage page = {.title = "Wards",.source = "patients",.group = group,.groups = 3,.withheld = 2,
	.min_count = 5};
	char	   *html;
	static const char *const names[] = {"ward = A", "ward = B", "ward is NULL"};
	static const int rows[] = {120, 1, 0};

	(void) state;
	assert_non_null(kept);
	for (int i = 0; i < 3; i++)
	{
		table_random(&table, rows[i], 6);
		assert_true(table_moments(&table, 1e-5, 3));
		OK(ppdl_moments_check(&table.m, &err));
		compute(&w[i], names[i]);
		assert_int_equal(w[i].group.regressions, i == 0 ? 2 : 0);
		kept[i] = table;
		kept[i].m.variable = kept[i].variable;
		group[i] = w[i].group;
		group[i].moments = &kept[i].m;
	}
	html = render(&page, "statistics_groups");
	has(html, "<p>3 groups of rows.</p>");
	has(html, "<p>2 groups of fewer than 5 rows were not decrypted.</p>");
	has(html, "<h2>ward = A</h2>");
	has(html, "<h3>Columns</h3>");
	has(html, "<h2>ward is NULL</h2>\n<p>0 rows.</p>");
	has(html, "<td>no rows</td>");
	has(html, "<td>one row</td>");
	has(html, "No test of independence (no rows).");
	/* ids are of one chart each */
	for (const char *s = html; (s = strstr(s, "<svg ")) != NULL; s++)
	{
		char		id[60];

		assert_int_equal(sscanf(strstr(s, " id=\""), " id=\"%50[^\"]", id), 1);
		strcat(id, "\" role");
		assert_int_equal(count_of(html, id), 1);
	}
	free(html);
	page.groups = 0;
	page.withheld = 1;
	html = render(&page, "statistics_none");
	has(html, "<p>0 groups of rows: there is nothing to show.</p>");
	has(html, "<p>1 group of fewer than 5 rows was not decrypted.</p>");
	free(html);
	for (int i = 0; i < 3; i++)
	{
		forget(&w[i]);
		ppdl_moments_free(&kept[i].m);
	}
	free(kept);
}

/* counts that could not be rounded stand with their error; lost numbers as words */
static void
test_errors_shown(void **state)
{
	World		w;
	PpdlStatisticsPage page = {.title = "Noise",.group = &w.group,.groups = 1};
	char	   *html;

	(void) state;
	table_random(&table, 1500, 8);
	assert_true(table_moments(&table, 0.7, 5));
	OK(ppdl_moments_check(&table.m, &err));
	compute(&w, NULL);
	html = render(&page, "statistics_noise");
	has(html, "The error of encryption does not let counts be rounded");
	has(html, " ± 0.7");
	free(html);
	forget(&w);
	ppdl_moments_free(&table.m);
}

static void
test_numbers(void **state)
{
	static const struct
	{
		double		v,
					error;
		const char *shown;
	}			cases[] = {
		{54.32164, 0, "54.322"}, {54.32164, 0.03, "54.32"}, {54.32164, 3, "54"}, {54.32164, 300, "54"},
		{-0.0321649, 0, MINUS "0.032165"}, {-0.0321649, 0.002, MINUS "0.032"}, {1234567.8, 0, "1,234,568"},
		{0, 0, "0"}, {0, 0.01, "0.00"}, {1e-7, 0.01, "0.00"}, {-0.001, 0.1, "0.0"}, {1.23456e-6, 0, "1.2346e-06"},
		{1.23456e-6, 1e-8, "1.23e-06"}, {1e16, 0, "1e+16"}, {NAN, 0, ""}, {99999.6, 0, "100,000"}, {12, 0, "12"}
	};
	static const struct
	{
		double		p;
		const char *shown;
	}			ps[] = {{0.5, "0.500"}, {0.04321, "0.0432"}, {0.00012, "0.0001"}, {1e-9, "< 0.0001"}, {NAN, ""}};
	char		shown[PPDL_ESTIMATE_SHOWN];

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		ppdl_show_measured(shown, cases[i].v, cases[i].error);
		assert_string_equal(shown, cases[i].shown);
	}
	for (size_t i = 0; i < sizeof ps / sizeof *ps; i++)
	{
		ppdl_show_p(shown, ps[i].p);
		assert_string_equal(shown, ps[i].shown);
	}
	ppdl_show_estimate(shown, (PpdlEstimate) {NAN, NAN, PPDL_DOUBT_LOST});
	assert_string_equal(shown, "lost in error");
	ppdl_show_estimate(shown, (PpdlEstimate) {1, 0.01, PPDL_DOUBT_CUT});
	assert_string_equal(shown, "1.00 (cut)");
	ppdl_show_rows(shown, (PpdlEstimate) {1234, 0, PPDL_SURE});
	assert_string_equal(shown, "1,234");
	ppdl_show_rows(shown, (PpdlEstimate) {1234.3, 0.25, PPDL_SURE});
	assert_string_equal(shown, "1,234.3 ± 0.250");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_errors_shown),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
