/*
 * The report of a study: numbers and names as they are shown, the parser of results, means and spreads, and whole
 * reports with every table and chart.  PPDL_REPORT_DIR=directory keeps the reports there, to be looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/html.h"
#include "report/report.h"
#include "report/report_impl.h"
#include "study_results.h"
#include "xml_check.h"

static PpdlError err;

#define MINUS "\xE2\x88\x92"

/* ------------------------------------------------------------------ text */

static void
test_numbers(void **state)
{
	static const struct
	{
		PpdlQuantity q;
		double		mean,
					spread;
		const char *shown;
	}			cases[] = {
		{PPDL_QUANTITY_PERCENT, 0.9123, 0.0114, "91.2 ± 1.1 %"},
		{PPDL_QUANTITY_PERCENT, 1, 0, "100.0 ± 0.0 %"},
		{PPDL_QUANTITY_PERCENT, 0.5, NAN, "50.0 %"},
		{PPDL_QUANTITY_NUMBER, 0.95678, 0.0123, "0.957 ± 0.012"},
		{PPDL_QUANTITY_NUMBER, 0, NAN, "0"},
		{PPDL_QUANTITY_NUMBER, -12.345, NAN, MINUS "12.3"},
		{PPDL_QUANTITY_NUMBER, -0.0000001, NAN, MINUS "1e-07"},
		{PPDL_QUANTITY_NUMBER, 0.99996, NAN, "1.00"},
		{PPDL_QUANTITY_COUNT, 2000, 0, "2,000"},
		{PPDL_QUANTITY_COUNT, 1234567, NAN, "1,234,567"},
		{PPDL_QUANTITY_COUNT, 8.5, 0.7, "8.5 ± 0.7"},
		{PPDL_QUANTITY_SECONDS, 0.03512, 0.001, "35.1 ± 1.0 ms"},
		{PPDL_QUANTITY_SECONDS, 0.9999, NAN, "1.00 s"},
		{PPDL_QUANTITY_SECONDS, 599, NAN, "599 s"},
		{PPDL_QUANTITY_SECONDS, 744, NAN, "12.4 min"},
		{PPDL_QUANTITY_SECONDS, 7200, NAN, "2.00 h"},
		{PPDL_QUANTITY_SECONDS, 0, NAN, "0 s"},
		{PPDL_QUANTITY_SECONDS, 2.5e-6, NAN, "2.50 µs"},
		{PPDL_QUANTITY_BYTES, 164, 0, "164 B"},
		{PPDL_QUANTITY_BYTES, 12952, NAN, "13.0 kB"},
		{PPDL_QUANTITY_BYTES, 999960, NAN, "1.00 MB"},
		{PPDL_QUANTITY_BYTES, 1030730928, NAN, "1.03 GB"},
		{PPDL_QUANTITY_BYTES, 0, NAN, "0 B"},
		{PPDL_QUANTITY_ERROR, 0.0009765625, NAN, "2^-10.0"},
		{PPDL_QUANTITY_ERROR, 0, NAN, "0"},
		{PPDL_QUANTITY_SECONDS, NAN, NAN, ""},
		{PPDL_QUANTITY_ERROR, NAN, NAN, ""},
	};
	char		shown[PPDL_SHOWN];

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		ppdl_show_mean(shown, cases[i].q, cases[i].mean, cases[i].spread);
		assert_string_equal(shown, cases[i].shown);
	}
	ppdl_show_points(shown, -0.00123, 0.004);
	assert_string_equal(shown, MINUS "0.12 ± 0.40");
	ppdl_show_points(shown, 0.02, NAN);
	assert_string_equal(shown, "+2.00");
	ppdl_show_points(shown, -0.00001, NAN);
	assert_string_equal(shown, "0.00");
	ppdl_show_points(shown, NAN, NAN);
	assert_string_equal(shown, "");
	ppdl_show_tick(shown, PPDL_QUANTITY_SECONDS, 0.001);
	assert_string_equal(shown, "1 ms");
	ppdl_show_tick(shown, PPDL_QUANTITY_SECONDS, 1000);
	assert_string_equal(shown, "1,000 s");
	ppdl_show_tick(shown, PPDL_QUANTITY_PERCENT, 0.925);
	assert_string_equal(shown, "92.5 %");
	ppdl_show_tick(shown, PPDL_QUANTITY_BYTES, 1e7);
	assert_string_equal(shown, "10 MB");
	/* none overflows, whatever it is given */
	for (int q = PPDL_QUANTITY_NUMBER; q <= PPDL_QUANTITY_ERROR; q++)
		for (int e = -320; e <= 308; e += 4)
		{
			ppdl_show_mean(shown, q, -1.23456789 * pow(10, e), pow(10, 308 - e % 300));
			assert_true(strlen(shown) < PPDL_SHOWN && !strstr(shown, "nan"));
			ppdl_show_tick(shown, q, -pow(10, e));
			assert_true(strlen(shown) < PPDL_SHOWN);
			ppdl_show_exact(shown, -1.2345678901234567 * pow(10, e));
			assert_true(strtod(shown, NULL) == -1.2345678901234567 * pow(10, e));
		}
}

static void
test_escaping(void **state)
{
	static const struct
	{
		const char *text,
				   *html;
		long		length;
	}			cases[] = {
		{"<script>\"&'", "&lt;script&gt;&quot;&amp;&#39;", 11},
		{"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 3},
		/* controls, a lone half of a pair, U+FFFF, what is longer than need be, what is cut short, a stray byte */
		{"a\001b\x7F", "a\xEF\xBF\xBD" "b\xEF\xBF\xBD", 4},
		{"\xED\xA0\x80", "\xEF\xBF\xBD", 1},
		{"\xEF\xBF\xBF", "\xEF\xBF\xBD", 1},
		{"\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
		{"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD", 2},
		{"\x80", "\xEF\xBF\xBD", 1},
		{"\xF4\x90\x80\x80", "\xEF\xBF\xBD", 1},
		{"", "", 0},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		PpdlWriter	w;
		char		page[200];

		ppdl_writer_init(&w);
		ppdl_html_text(&w, cases[i].text);
		ppdl_write_u8(&w, 0);
		assert_string_equal((char *) w.buf, cases[i].html);
		assert_int_equal(ppdl_text_length(cases[i].text), cases[i].length);
		snprintf(page, sizeof page, "<a b=\"%s\">%s</a>", (char *) w.buf, (char *) w.buf);
		assert_null(xml_check(page));
		ppdl_writer_free(&w);
	}
	{
		PpdlWriter	w;

		ppdl_writer_init(&w);
		ppdl_html_short(&w, "<<<<<", 3);
		ppdl_write_u8(&w, ' ');
		ppdl_html_short(&w, "abc", 3);
		ppdl_write_u8(&w, 0);
		assert_string_equal((char *) w.buf, "&lt;&lt;\xE2\x80\xA6 abc");
		ppdl_writer_free(&w);
	}
}

/* the checker of these tests sees what it is for */
static void
test_xml_check(void **state)
{
	static const char *const bad[] = {"", "<a>", "<a></b>", "<a></a><b/>", "<a b=c/>", "<a b=\"<\"/>", "<a>&</a>", "<a>&nbsp;</a>",
		"<a b=\"\" b=\"\"/>", "x<a/>", "<a>\001</a>", "<a>\xC0\xBC</a>", "<a", "<a b=\"", "<a>&#60</a>", "<1/>"};

	(void) state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_non_null(xml_check(bad[i]));
	assert_null(xml_check("<!DOCTYPE html>\n<a b=\"&lt;\" c-d=\"'\"><b/>&#60;\xE2\x82\xAC</a>\n"));
}

/* ------------------------------------------------------------------ results */

static void
test_bad_lines(void **state)
{
	static const char good[] = "{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"unknown\":[1]}\n";
	static const struct
	{
		const char *line,
				   *why;
	}			cases[] = {
		{"{", "column"},
		{"[]", "object"},
		{"{\"dataset\":\"d\"", "column"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1e999}}", "column"},
		{"{\"method\":\"plain\",\"metrics\":{\"accuracy\":1}}", "dataset"},
		{"{\"dataset\":\"d\",\"metrics\":{\"accuracy\":1}}", "method"},
		{"{\"dataset\":7,\"method\":\"plain\"}", "dataset"},
		{"{\"dataset\":\"d\",\"method\":\"plain\"}", "metrics.accuracy"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1.5}}", "accuracy: 1.5"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":\"1\"}}", "accuracy"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":[]}", "metrics"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"train_s\":-1}", "train_s"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"roc\":7}", "roc"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"roc\":[[0,0],[1]]}", "roc[1]"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"roc\":[[0.5,0],[0.4,1]]}", "roc[1]"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"roc\":[[0,2]]}", "roc[0]"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"calibration\":[[0,1,-1]]}", "calibration"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"classes\":[1]}", "classes[0]"},
		/* nothing that a chart could not show gets as far as that */
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"train_s\":1e120}", "train_s"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"curve\":[[1e120,1]]}", "curve[0]"},
		{"{\"dataset\":\"d\",\"method\":\"plain\",\"metrics\":{\"accuracy\":1},\"calibration\":[[0,1,1e300]]}",
		"calibration[0]"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		PpdlResults *r;
		char		text[1000];

		snprintf(text, sizeof text, "%s\n\n%s\n", good, cases[i].line);
		assert_int_equal(ppdl_results_parse(&r, text, strlen(text), "r.jsonl", &err), PPDL_OK);
		assert_int_equal(r->nruns, 1);
		assert_int_equal(r->nbad, 1);
		if (!strstr(r->bad[0].message, "r.jsonl, line 4: ") || !strstr(r->bad[0].message, cases[i].why))
			fail_msg("%s: %s", cases[i].line, r->bad[0].message);
		ppdl_results_destroy(r);
		/* by itself it is an error */
		assert_int_not_equal(ppdl_results_parse(&r, cases[i].line, strlen(cases[i].line), "r.jsonl", &err), PPDL_OK);
		assert_null(r);
		assert_non_null(strstr(err.message, "r.jsonl, line 1: "));
	}
	{
		PpdlResults *r;

		assert_int_equal(ppdl_results_parse(&r, "\n \n", 3, "r.jsonl", &err), PPDL_ERR_FORMAT);
		assert_int_equal(ppdl_results_load(&r, "/nowhere/results.jsonl", &err), PPDL_ERR_IO);
		assert_non_null(strstr(err.message, "/nowhere/results.jsonl"));
	}
}

/* any text cut anywhere, and any byte changed, is read or refused */
static void
test_damaged_results(void **state)
{
	PpdlWriter	w;
	PpdlResults *r;

	(void) state;
	ppdl_writer_init(&w);
	fake_run(&w, "d", "\"a\",\"b\"", "4-1", 4, 1, 2, 0.9, 0.5);
	for (size_t n = 0; n < w.len; n += n < 700 || n % 16 == 0 ? 1 : 7)
	{
		uint8_t		kept = w.buf[n];

		ppdl_results_parse(&r, (char *) w.buf, n, "cut", NULL);
		ppdl_results_destroy(r);
		w.buf[n] = (uint8_t) (kept ^ (n % 255 + 1));
		ppdl_results_parse(&r, (char *) w.buf, w.len, "changed", NULL);
		ppdl_results_destroy(r);
		w.buf[n] = kept;
	}
	ppdl_writer_free(&w);
}

static void
test_last_line_counts(void **state)
{
	static const char text[] =
		"{\"dataset\":\"d\",\"method\":\"lwe\",\"split\":1,\"error\":\"stopped\"}\n"
		"{\"dataset\":\"d\",\"method\":\"lwe\",\"split\":2,\"metrics\":{\"accuracy\":0.25}}\n"
		"{\"dataset\":\"d\",\"method\":\"lwe\",\"split\":1,\"metrics\":{\"accuracy\":0.75}}\n";
	PpdlResults *r;

	(void) state;
	assert_int_equal(ppdl_results_parse(&r, text, sizeof text - 1, "r", &err), PPDL_OK);
	assert_int_equal(r->nruns, 2);
	assert_null(r->run[0].error);
	assert_true(r->run[0].value[PPDL_ACCURACY] == 0.75 && isnan(r->run[0].value[PPDL_AUC]));
	assert_int_equal(r->run[0].line, 3);
	ppdl_results_destroy(r);
}

/* ------------------------------------------------------------------ summary */

static void
assert_near(double a, double b)
{
	if (!(fabs(a - b) < 1e-12))
		fail_msg("%.17g is not %.17g", a, b);
}

/* worked by hand: 2, 4, 4, 4, 5, 5, 7, 9 have the mean 5 and 32 as the sum of squared distances from it */
static void
test_spread(void **state)
{
	static const double v[] = {2, NAN, 4, 4, 4, 5, 5, 7, 9};
	PpdlStat	s = ppdl_stat(v, 9);

	(void) state;
	assert_int_equal(s.n, 8);
	assert_near(s.mean, 5);
	assert_near(s.spread, sqrt(32.0 / 7));
	assert_near(s.most, 9);
	s = ppdl_stat(v, 1);
	assert_true(s.n == 1 && s.mean == 2 && isnan(s.spread));
	s = ppdl_stat(v + 1, 1);
	assert_true(s.n == 0 && isnan(s.mean) && isnan(s.spread) && isnan(s.most));
}

static void
test_groups(void **state)
{
	static const char text[] =
		/* not in order; baselines have no network and stand beside both */
		"{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"lwe\",\"split\":2,\"metrics\":{\"accuracy\":0.5}}\n"
		"{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"plain\",\"split\":1,\"metrics\":{\"accuracy\":0.75}}\n"
		"{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"plain\",\"split\":2,\"metrics\":{\"accuracy\":0.25}}\n"
		"{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"lwe\",\"split\":1,\"metrics\":{\"accuracy\":0.5}}\n"
		"{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"lwe\",\"split\":3,\"error\":\"no\"}\n"
		"{\"dataset\":\"d\",\"method\":\"majority\",\"split\":1,\"metrics\":{\"accuracy\":0.5}}\n"
		"{\"dataset\":\"d\",\"network\":\"8-1\",\"method\":\"new\",\"split\":1,\"metrics\":{\"accuracy\":1}}\n"
		"{\"dataset\":\"e\",\"method\":\"majority\",\"split\":1,\"metrics\":{\"accuracy\":1}}\n";
	PpdlResults *r;
	PpdlSummary s;
	const PpdlGroup *lwe,
			   *majority;

	(void) state;
	assert_int_equal(ppdl_results_parse(&r, text, sizeof text - 1, "r", &err), PPDL_OK);
	assert_int_equal(ppdl_summarise(&s, r, &err), PPDL_OK);
	assert_int_equal(s.ngroups, 5);
	assert_int_equal(s.npanels, 3);
	assert_string_equal(s.panel[0].network, "4-1");
	assert_int_equal(s.panel[0].ngroups, 3);
	assert_string_equal(s.panel[0].group[0]->method, "majority");
	assert_string_equal(s.panel[0].group[1]->method, "plain");
	assert_string_equal(s.panel[1].network, "8-1");
	assert_int_equal(s.panel[1].ngroups, 2);
	assert_string_equal(s.panel[2].dataset, "e");
	assert_string_equal(s.panel[2].network, "");
	lwe = ppdl_panel_find(&s.panel[0], "lwe");
	majority = ppdl_panel_find(&s.panel[0], "majority");
	assert_true(lwe->nruns == 2 && lwe->nfailed == 1);
	assert_near(lwe->value[PPDL_ACCURACY].mean, 0.5);
	/* split by split: -0.25 and 0.25 */
	assert_near(lwe->minus_plain.mean, 0);
	assert_near(lwe->minus_plain.spread, sqrt(0.125));
	assert_int_equal(majority->minus_plain.n, 1);
	assert_near(majority->minus_plain.mean, -0.25);
	assert_int_equal(ppdl_panel_find(&s.panel[0], "plain")->minus_plain.n, 0);
	ppdl_summary_free(&s);
	ppdl_results_destroy(r);
}

static void
test_curves(void **state)
{
	static const char text[] =
		"{\"dataset\":\"d\",\"method\":\"plain\",\"split\":1,\"metrics\":{\"accuracy\":1},\"roc\":[[0,0],[0,0.5],[1,1]],"
		"\"calibration\":[[0.25,0.5,10],[1,1,10]],\"curve\":[[1,0.5],[2,0.75]]}\n"
		"{\"dataset\":\"d\",\"method\":\"plain\",\"split\":2,\"metrics\":{\"accuracy\":1},\"roc\":[[0,0],[0.5,1],[1,1]],"
		"\"calibration\":[[0.21,0.1,30]],\"curve\":[[2,0.25],[4,1]]}\n"
		"{\"dataset\":\"d\",\"method\":\"plain\",\"split\":3,\"metrics\":{\"accuracy\":1}}\n";
	PpdlResults *r;
	PpdlSummary s;
	PpdlPoints	p;

	(void) state;
	assert_int_equal(ppdl_results_parse(&r, text, sizeof text - 1, "r", &err), PPDL_OK);
	assert_int_equal(ppdl_summarise(&s, r, &err), PPDL_OK);
	assert_int_equal(ppdl_mean_roc(&p, &s.group[0], &err), PPDL_OK);
	assert_int_equal(p.n, 52);
	assert_true(p.at[0].x == 0 && p.at[0].y == 0);
	/* at 0 the first has risen to 0.5; at 0.5 they are at 0.75 and 1 */
	assert_true(p.at[1].x == 0 && p.at[1].y == 0.25);
	assert_near(p.at[26].x, 0.5);
	assert_near(p.at[26].y, 0.875);
	assert_true(p.at[51].x == 1 && p.at[51].y == 1);
	free(p.at);
	assert_int_equal(ppdl_mean_curve(&p, &s.group[0], &err), PPDL_OK);
	assert_int_equal(p.n, 3);
	assert_true(p.at[0].x == 1 && p.at[0].y == 0.5 && isnan(p.at[0].weight));
	assert_true(p.at[1].x == 2 && p.at[1].y == 0.5);
	assert_near(p.at[1].weight, sqrt(0.125));
	assert_true(p.at[2].x == 4 && p.at[2].y == 1);
	free(p.at);
	assert_int_equal(ppdl_pooled_calibration(&p, &s.group[0], &err), PPDL_OK);
	assert_int_equal(p.n, 2);
	assert_near(p.at[0].x, (2.5 + 6.3) / 40);
	assert_near(p.at[0].y, (5.0 + 3) / 40);
	assert_near(p.at[0].weight, 0.8);
	assert_true(p.at[1].x == 1 && p.at[1].y == 1);
	free(p.at);
	ppdl_summary_free(&s);
	ppdl_results_destroy(r);
}

/* ------------------------------------------------------------------ whole reports */

static char *
read_text(const char *directory, const char *name)
{
	char		path[PATH_MAX];
	char	   *text = calloc(1, 4 << 20);
	FILE	   *f;

	snprintf(path, sizeof path, "%s/%s", directory, name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is missing", path);
	assert_true(fread(text, 1, (4 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static void
remove_directory(const char *directory)
{
	DIR		   *dir = opendir(directory);
	struct dirent *e;
	char		path[PATH_MAX];

	while ((e = readdir(dir)) != NULL)
	{
		snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
		unlink(path);
	}
	closedir(dir);
	rmdir(directory);
}

typedef struct Report
{
	char		directory[200];
	char	   *html,
			   *markdown,
			   *csv;
} Report;

/* of the results in w, which is freed */
static Report
report_of(PpdlWriter *w, const char *name)
{
	Report		r;
	char		path[300];
	FILE	   *f;

	if (getenv("PPDL_REPORT_DIR"))
	{
		snprintf(r.directory, sizeof r.directory, "%s/%s", getenv("PPDL_REPORT_DIR"), name);
		mkdir(r.directory, 0777);
	}
	else
	{
		snprintf(r.directory, sizeof r.directory, "%s/ppdl.report.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
		assert_non_null(mkdtemp(r.directory));
	}
	snprintf(path, sizeof path, "%s/results.jsonl", r.directory);
	f = fopen(path, "w");
	assert_true(f && !w->bad && fwrite(w->buf, 1, w->len, f) == w->len && fclose(f) == 0);
	ppdl_writer_free(w);
	if (ppdl_report_write(r.directory, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	r.html = read_text(r.directory, "report.html");
	r.markdown = read_text(r.directory, "report.md");
	r.csv = read_text(r.directory, "report.csv");
	return r;
}

static void
end_report(Report *r)
{
	free(r->html);
	free(r->markdown);
	free(r->csv);
	if (!getenv("PPDL_REPORT_DIR"))
		remove_directory(r->directory);
}

/* text of the first element that begins so, up to its end; to be freed */
static char *
element(const char *html, const char *begin, const char *end)
{
	const char *s = strstr(html, begin),
			   *e = s ? strstr(s, end) : NULL;

	if (e == NULL)
		fail_msg("the report lacks %s", begin);
	return strndup(s, (size_t) (e - s));
}

/* the kinds of charts of a network, and what must be in each */
static void
assert_charts(const char *html, int panel, int methods)
{
	static const struct
	{
		const char *kind,
				   *title;
	}			charts[] = {
		{"roc", "ROC"}, {"calibration", "Calibration"}, {"probabilities", "Predicted probabilities"},
		{"steps", "Accuracy against training steps"}, {"time", "Time of a run"}, {"size", "Sizes"},
	};

	for (size_t i = 0; i < sizeof charts / sizeof *charts; i++)
	{
		char		begin[80];
		char	   *svg;

		snprintf(begin, sizeof begin, "class=\"chart\" id=\"chart-%d-%s\"", panel, charts[i].kind);
		svg = element(html, begin, "</svg>");
		assert_non_null(strstr(svg, charts[i].title));
		assert_true(count_of(svg, "class=\"mark\"") + count_of(svg, "class=\"bar\"") > 0);
		if (i < 3)
			assert_int_equal(count_of(svg, "class=\"series\""), methods);
		free(svg);
	}
}

/* no number of the report is none */
static void
assert_numbers(const Report *r)
{
	static const char *const none[] = {"nan", "NaN", ">inf", "-inf", " inf", "|inf", ",inf"};

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
	{
		if (strstr(r->html, none[i]) || strstr(r->markdown, none[i]) || strstr(r->csv, none[i]))
			fail_msg("the report has \"%s\" in it", none[i]);
	}
}

static void
assert_page(const Report *r)
{
	static const char *const heading[] = {"What came out", "What was compared", "Failed runs",
		"Parameters, versions and machine", "How to repeat it", "How to read this"};
	char		text[100];

	if (xml_check(r->html))
		fail_msg("report.html: %s", xml_check(r->html));
	for (size_t i = 0; i < sizeof heading / sizeof *heading; i++)
	{
		snprintf(text, sizeof text, "<h2>%s</h2>", heading[i]);
		assert_int_equal(count_of(r->html, text), 1);
		snprintf(text, sizeof text, "\n## %s\n", heading[i]);
		assert_int_equal(count_of(r->markdown, text), 1);
	}
	/* nothing from outside, nothing that runs */
	assert_null(strstr(r->html, "<script"));
	assert_null(strstr(r->html, "src="));
	assert_null(strstr(r->html, "href="));
	assert_null(strstr(r->html, "url("));
	assert_null(strstr(r->html, "@import"));
	assert_non_null(strstr(r->html, "prefers-color-scheme:dark"));
	assert_non_null(strstr(r->html, "@media print"));
	assert_non_null(strstr(r->html, "width=device-width"));
	assert_numbers(r);
}

static void
test_report(void **state)
{
	PpdlWriter	w;
	Report		r;
	char	   *table;

	(void) state;
	ppdl_writer_init(&w);
	fake_dataset(&w, "patients", "\"no\",\"yes\"", "16-16-1", 5, 0.912, 0.5);
	fake_dataset(&w, "bones", "\"normal\",\"osteopenia\",\"osteoporosis\"", "64-16-3", 5, 0.645, 0.64);
	fake_failure(&w, "patients", "16-16-1", "lwe", 6, "not enough levels: 3 are left, a step needs 5");
	ppdl_write_text(&w, "{\"dataset\":\n");
	r = report_of(&w, "report");
	assert_page(&r);
	assert_charts(r.html, 1, 5);
	assert_charts(r.html, 2, 5);
	free(element(r.html, "class=\"chart\" id=\"chart-0-accuracy\"", "</svg>"));
	/* an overview, two tables for each of two networks, failures, circumstances */
	assert_int_equal(count_of(r.html, "<table>"), 7);
	assert_int_equal(count_of(r.markdown, "\n|:---|"), 7);
	table = element(r.html, "aria-label=\"How well", "</table>");
	for (int m = PPDL_ACCURACY; m <= PPDL_WEIGHTS_DIFFERENCE; m++)
	{
		if (strstr(table, ppdl_measure[m].title) == NULL)
			fail_msg("%s is missing", ppdl_measure[m].title);
	}
	assert_non_null(strstr(table, "accuracy less plain&#39;s, points"));
	assert_non_null(strstr(table, ">5, 1 failed<"));
	free(table);
	table = element(r.html, "aria-label=\"What it costs", "</table>");
	for (int m = PPDL_STEPS; m < PPDL_MEASURES; m++)
	{
		if (strstr(table, ppdl_measure[m].title) == NULL)
			fail_msg("%s is missing", ppdl_measure[m].title);
	}
	assert_non_null(strstr(table, "128 bits"));
	assert_non_null(strstr(table, "1.03 GB"));
	free(table);
	assert_non_null(strstr(r.html, "not enough levels: 3 are left"));
	assert_non_null(strstr(r.html, "results.jsonl, line 62: "));
	assert_non_null(strstr(r.html, "N = 2^14, log q = 411"));
	assert_non_null(strstr(r.html, "ppdl study --study study.json -o results"));
	assert_non_null(strstr(r.html, "LWE is within half a point of plain. RSA loses 2.40 points against plain."));
	/* of the second table only */
	assert_int_equal(count_of(r.html, "it learned little or nothing"), 1);
	assert_int_equal(count_of(r.csv, "\n"), 62);
	end_report(&r);
}

/* means in the tables are those of the runs */
static void
test_means(void **state)
{
	PpdlWriter	w;
	Report		r;

	(void) state;
	ppdl_writer_init(&w);
	for (int i = 1; i <= 3; i++)
		ppdl_write_format(&w, "{\"dataset\":\"d\",\"network\":\"4-1\",\"method\":\"plain\",\"split\":%d,"
						  "\"metrics\":{\"accuracy\":%g},\"score_difference\":%g,\"train_s\":%d}\n", i, 0.5 + i / 10.0,
						  i / 8.0, i);
	r = report_of(&w, "means");
	assert_page(&r);
	assert_non_null(strstr(r.html, "<td>70.0 ± 10.0 %</td>"));
	assert_non_null(strstr(r.html, "<td>2.00 ± 1.00 s</td>"));
	assert_non_null(strstr(r.html, "<td>2^-1.4</td>"));
	assert_non_null(strstr(r.markdown, "| accuracy | 70.0 ± 10.0 % |"));
	/* what is not there is in no table and no chart */
	assert_null(strstr(r.html, "agreement with plain<"));
	assert_null(strstr(r.html, "chart-1-roc"));
	end_report(&r);
}

static void
test_names(void **state)
{
	PpdlWriter	w;
	Report		r;

	(void) state;
	ppdl_writer_init(&w);
	fake_dataset(&w, "<script>\\\"& | *x* `y` \\\\ [z](q)\\u0001", "\"<b>\",\"&\"", "<i>", 2, 0.79, 0.55);
	fake_failure(&w, "<script>\\\"& | *x* `y` \\\\ [z](q)\\u0001", "<i>", "<u>", 1, "\\\"<b>\\\", a\\nb");
	r = report_of(&w, "names");
	assert_page(&r);
	assert_charts(r.html, 1, 5);
	assert_null(strstr(r.markdown, "<script>"));
	assert_null(strstr(r.markdown, "<b>"));
	assert_non_null(strstr(r.markdown, "## &#60;script&#62;\"&#38; \\| \\*x\\* \\`y\\` \\\\ \\[z\\](q) \n"));
	/* a line break within a field of a CSV file is in quotes, as quotes are */
	assert_non_null(strstr(r.csv, ",\"\"\"<b>\"\", a\nb\"\n"));
	assert_non_null(strstr(r.csv, "\"<script>\"\"& | *x* `y` \\ [z](q)\001\",2000,16,\"<b>; &\",<i>,lwe,"));
	end_report(&r);
}

/* all runs failed: there is a report, and it says so */
static void
test_only_failures(void **state)
{
	PpdlWriter	w;
	Report		r;

	(void) state;
	ppdl_writer_init(&w);
	fake_failure(&w, "patients", "", "plain", 1, "line 7: 12 fields, 11 expected");
	fake_failure(&w, "patients", "16-1", "lwe", 1, "no keys");
	r = report_of(&w, "failures");
	assert_page(&r);
	assert_non_null(strstr(r.html, "line 7: 12 fields, 11 expected"));
	assert_null(strstr(r.html, "<svg"));
	end_report(&r);
}

static void
test_nothing_to_write(void **state)
{
	char		directory[] = "/tmp/ppdl.report.XXXXXX",
				path[100];

	(void) state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(ppdl_report_write(directory, &err), PPDL_ERR_IO);
	assert_non_null(strstr(err.message, "results.jsonl"));
	snprintf(path, sizeof path, "%s/report.html", directory);
	assert_int_not_equal(access(path, F_OK), 0);
	remove_directory(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_xml_check),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_damaged_results),
		cmocka_unit_test(test_last_line_counts),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_curves),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_means),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_only_failures),
		cmocka_unit_test(test_nothing_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
