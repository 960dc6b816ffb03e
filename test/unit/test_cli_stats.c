/* ppdl stats before anything is asked of a server: columns, names, which products it takes; numbers as texts. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/stats_plan.h"
#include "query/stats_read.h"
#include "query/stats_text.h"

static PpdlError err;

#define OK(expr) \
	do { \
		if ((expr) != PPDL_OK) \
			fail_msg("%s: %s", #expr, err.message); \
	} while (0)

#define REFUSED(expr, word) \
	do { \
		assert_int_equal(expr, PPDL_ERR_ARGUMENT); \
		if (strstr(err.message, word) == NULL && strstr(err.hint, word) == NULL) \
			fail_msg("%s (%s): nothing of %s", err.message, err.hint, word); \
	} while (0)

#define AGE "{\"column\": \"Age\", \"kind\": \"numeric\", \"min\": 20, \"max\": 80, \"missing\": true}"
#define SMOKES "{\"column\": \"Smokes\", \"kind\": \"binary\", \"categories\": [\"No\", \"Yes\"]}"
#define WARD "{\"column\": \"Ward\", \"kind\": \"one-hot\", \"categories\": [\"A\", \"B\", \"C\"]}"
#define AT_LEAST "{\"column\": \"Age\", \"kind\": \"at-least\", \"cuts\": [40, 60]}"
#define LABEL "{\"column\": \"Sick\", \"kind\": \"one-hot\", \"categories\": [\"a\", \"b\", \"c\"]}"
#define PRODUCTS(columns) "{\"kind\": \"products\", \"columns\": [" columns "]}"
#define PADDING "{\"kind\": \"padding\", \"inputs\": 60}"

static PpdlFeatures *
features(const char *list)
{
	PpdlFeatures *fs;
	char		json[2000];

	snprintf(json, sizeof json, "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": [%s], \"label\": %s}",
			 list,
			 LABEL);
	OK(ppdl_features_parse_renewed(&fs, json, strlen(json), "features", &err));
	return fs;
}

/*
 * a column after another, thresholds with what says that their number is missing; values without products and padding
 */
static void
test_columns(void **state)
{
	PpdlFeatures *fs = features(SMOKES ", " AGE ", {\"kind\": \"constant\"}, " WARD ", " AT_LEAST ", "
								PRODUCTS("\"Age\", \"Smokes\"") ", " PADDING);
	PpdlStatsColumns c;
	const PpdlVariable *v;

	(void) state;
	OK(ppdl_stats_columns(&c, fs, 1, &err));
	v = c.variable;
	assert_int_equal(c.count, 5);
	assert_int_equal(c.from_row, 1 + 2 + 3 + 2);
	assert_int_equal(c.width, 8 + 3 + 1);
	assert_int_equal(c.label, 4);
	for (int i = 1; i < c.from_row; i++)
		assert_true(c.value[i] > c.value[i - 1]);
	assert_int_equal(v[0].kind, PPDL_VARIABLE_BINARY);
	assert_int_equal(v[1].kind, PPDL_VARIABLE_NUMBER);
	assert_int_equal(v[1].first, 1);
	assert_int_equal(v[1].missing, 2);
	assert_true(v[1].offset == 50 && v[1].scale == 30 && v[1].lo == 20 && v[1].hi == 80);
	assert_int_equal(v[2].kind, PPDL_VARIABLE_CATEGORIES);
	assert_true(v[2].offset == 0 && v[2].scale == 1);
	assert_int_equal(v[3].kind, PPDL_VARIABLE_THRESHOLDS);
	assert_int_equal(v[3].levels, 3);
	assert_int_equal(v[3].missing, 2);
	assert_string_equal(v[3].level[1], "40..<60");
	assert_true(v[3].edge[0] == 20 && v[3].edge[1] == 40 && v[3].edge[3] == 80);
	/* of a label the codes are -1 and +1 */
	assert_true(v[4].offset == 0.5 && v[4].scale == 0.5 && v[4].missing == c.width - 1);
	ppdl_stats_columns_free(&c);
	OK(ppdl_stats_columns(&c, fs, 0, &err));
	assert_int_equal(c.label, -1);
	assert_int_equal(c.width, c.from_row);
	ppdl_stats_columns_free(&c);
	ppdl_features_destroy(fs);
}

static void
test_names(void **state)
{
	PpdlFeatures *fs = features(SMOKES ", " AGE ", " WARD ", " AT_LEAST);
	PpdlStatsColumns c;
	PpdlTerm	t;
	int			v;

	(void) state;
	OK(ppdl_stats_columns(&c, fs, 1, &err));
	OK(ppdl_stats_find(&c, "Age", 0, &v, &err));
	assert_int_equal(v, 1);
	OK(ppdl_stats_find(&c, "Age", 1, &v, &err));
	assert_int_equal(v, 3);
	OK(ppdl_stats_find_term(&c, "Smokes", &t, &err));
	assert_true(t.variable == 0 && t.level == 1);
	OK(ppdl_stats_find_term(&c, "Smokes=No", &t, &err));
	assert_int_equal(t.level, 0);
	OK(ppdl_stats_find_term(&c, "Age", &t, &err));
	assert_int_equal(t.variable, 1);
	OK(ppdl_stats_find_term(&c, "Age=40..<60", &t, &err));
	assert_true(t.variable == 3 && t.level == 1);
	OK(ppdl_stats_find_term(&c, "Sick=c", &t, &err));
	assert_true(t.variable == 4 && t.level == 2);
	REFUSED(ppdl_stats_find_term(&c, "Ward", &t, &err), "Ward=B");
	REFUSED(ppdl_stats_find_term(&c, "Ward=D", &t, &err), "\"D\"");
	REFUSED(ppdl_stats_find_term(&c, "age", &t, &err), "Smokes, Age, Ward");
	REFUSED(ppdl_stats_find(&c, "", 0, &v, &err), "no column");
	ppdl_stats_columns_free(&c);
	ppdl_features_destroy(fs);
}

/* what a question takes: 0 sums alone, 1 products by the server, 2 those of the label, too, -1 it cannot be answered */
static int
source(const char *list, const PpdlStatsAsk *ask)
{
	PpdlFeatures *fs = features(list);
	PpdlStatsColumns c;
	PpdlStatsPlan p;
	PpdlStatus	status;
	int			takes;

	OK(ppdl_stats_columns(&c, fs, 1, &err));
	status = ppdl_stats_plan(&p, ask, &c, &err);
	takes = status != PPDL_OK ? -1 : p.with_label ? 2 : p.gram;
	ppdl_stats_plan_free(&p);
	ppdl_stats_columns_free(&c);
	ppdl_features_destroy(fs);
	return takes;
}

static PpdlList
list_of(char **item, int count)
{
	return (PpdlList) {.item = item, .count = count};
}

static void
test_source(void **state)
{
	char	   *age[] = {(char *) "Age"},
			   *sick[] = {(char *) "Sick=a"},
			   *both[] = {(char *) "Age", (char *) "Smokes"},
			   *two[] = {(char *) "Smokes", (char *) "Ward"};
	const PpdlList one = list_of(age, 1),
				pair = list_of(both, 2);
	const PpdlStatsAsk nothing = {0},
				means = {.means = 1},
				correlation = {.correlation = 1, .columns = pair},
				label = {.regress = list_of(sick, 1), .on = one},
				table = {.crosstab = list_of(two, 2)},
				histogram = {.histogram = one},
				regress = {.regress = one, .on = list_of(both + 1, 1)};

	(void) state;
	assert_int_equal(source(AGE ", " SMOKES, &means), 0);
	assert_int_equal(source(AGE ", " SMOKES, &nothing), 1);
	assert_int_equal(source(SMOKES ", " WARD, &nothing), 0);
	assert_int_equal(source(SMOKES ", " WARD, &table), 1);
	assert_int_equal(source(AGE ", " AT_LEAST, &histogram), 0);
	assert_int_equal(source(AGE ", " SMOKES, &label), 2);
	assert_int_equal(source(AGE ", " SMOKES ", " PRODUCTS("\"Age\""), &nothing), 0);
	assert_int_equal(source(AGE ", " SMOKES ", " PRODUCTS("\"Age\""), &correlation), 1);
	assert_int_equal(source(AGE ", " SMOKES ", " PRODUCTS("\"Age\", \"Smokes\""), &correlation), 0);
	assert_int_equal(source(AGE ", " SMOKES ", " PRODUCTS("\"Age\", \"Smokes\""), &regress), 0);
	/* more values than the server multiplies */
	assert_int_equal(source(AGE ", " SMOKES ", " PADDING ", " PRODUCTS("\"Age\", \"Smokes\""), &regress), 0);
	assert_int_equal(source(AGE ", " SMOKES ", " WARD ", " PADDING, &regress), -1);
	assert_non_null(strstr(err.hint, "--moments"));
	assert_int_equal(source(AGE ", " SMOKES ", " WARD ", " PADDING, &means), 0);
	assert_int_equal(source(AGE, &histogram), -1);
	assert_non_null(strstr(err.message, "is a number"));
}

static void
check_texts(PpdlEstimate e, double factor, const char *exact, const char *brief)
{
	char		text[PPDL_STATS_TEXT];

	ppdl_stats_exact(text, e);
	assert_string_equal(text, exact);
	ppdl_stats_short(text, e, factor);
	assert_string_equal(text, brief);
}

/* a server that returns other columns than it was asked for */
static void
test_fields(void **state)
{
	char	   *by[] = {"ward", NULL};
	const int	known[] = {-1, 3};
	const PpdlList group_by = {by, 1};
	const PpdlStatsQuery q = {.group_by = &group_by, .known = known, .knowns = 2};
	const PpdlStatsReader reader = {.query = &q};
	PpdlText	field[1] = {{NULL, 0}};
	PpdlStatsAnswer a = {0};
	int			group = 0;

	(void) state;
	assert_int_equal(ppdl_stats_fields(&q), 3);
	assert_int_equal(ppdl_stats_known_fields(&q), 3);
	REFUSED(ppdl_stats_read(&a, &reader, field, 1, &err), "1 fields of a statement that returns 3");
	REFUSED(ppdl_stats_read_known(&a, &group, &reader, field, 1, &err), "1 fields of a statement that returns 3");
}

static void
test_texts(void **state)
{
	char		text[PPDL_STATS_TEXT];

	(void) state;
	check_texts((PpdlEstimate) {1234567890, 0, PPDL_SURE}, 1, "1234567890", "1234567890");
	check_texts((PpdlEstimate) {-0.0, 0, PPDL_SURE}, 1, "0", "0");
	check_texts((PpdlEstimate) {0.1, 0, PPDL_SURE}, 100, "0.1", "10");
	check_texts((PpdlEstimate) {53.80612345, 1e-6, PPDL_SURE}, 1, "53.80612", "53.8061");
	check_texts((PpdlEstimate) {53.80612345, 0.1, PPDL_SURE}, 1, "54", "54");
	check_texts((PpdlEstimate) {NAN, 0, PPDL_DOUBT_FEW_ROWS}, 1, "", "(one row)");
	check_texts((PpdlEstimate) {1e300, 1, PPDL_SURE}, 1, "1.000000000000000e+300", "1.000000000000000e+300");
	ppdl_stats_probability(text, 0);
	assert_string_equal(text, "< 1e-300");
	ppdl_stats_probability(text, 0.04567);
	assert_string_equal(text, "0.0457");
	ppdl_stats_probability(text, NAN);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
