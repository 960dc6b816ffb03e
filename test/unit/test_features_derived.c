/* Values made of others: products of encoded values and "at least" bits, in the file, in rows, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv_fixture.h"
#include "net/prng.h"
#include "table/features.h"

#define ROWS 60

static PpdlError err;
static PpdlPrng rng;
static uint64_t seed;

static PpdlLearnOptions
defaults(void)
{
	return (PpdlLearnOptions) {.id = "id", .one_hot_weight = 1, .max_categories = 32, .outside = -1};
}

static int
below(int n)
{
	return (int) (n * (1 - ppdl_prng_uniform(&rng))) % n;
}

/* numbers (one with gaps, one by its logarithm), two categories with gaps, four, a number in bands, a day */
static char *
random_table(void)
{
	static const char *const ward[] = {"A", "B", "C", "D"};
	char	   *text;
	size_t		len;
	FILE	   *f = open_memstream(&text, &len);

	fputs("id,age,weight,crp,smoker,ward,height,seen\n", f);
	for (int i = 0; i < ROWS; i++)
	{
		fprintf(f, "%d,%d,", i, 20 + below(70));
		if (below(5) > 0)
			fprintf(f, "%.1f", 40 + below(800) / 10.0);
		fprintf(f, ",%d,%s,%s,%d,2026-01-%02d\n", 1 + below(300), below(4) == 0 ? "" : below(2) ? "Yes" : "No",
				ward[i < 4 ? i : below(4)], 140 + below(60), 1 + below(28));
	}
	fclose(f);
	return text;
}

static PpdlFeatures *
learn(const char *text, const PpdlLearnOptions *opt)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlFeatures *fs;
	PpdlStatus	status = ppdl_features_learn(&fs, csv, opt, NULL, &err);

	ppdl_csv_close(csv);
	return status == PPDL_OK ? fs : NULL;
}

static PpdlFeatures *
must_learn(const char *text, const PpdlLearnOptions *opt)
{
	PpdlFeatures *fs = learn(text, opt);

	if (fs == NULL)
		fail_msg("%s (seed %llu)", err.message, (unsigned long long) seed);
	return fs;
}

/* all rows of the text, *rows * fs->inputs values; outside NULL or clamp, categories that are unknown none */
static double *
encode(const PpdlFeatures *fs, const char *text, PpdlOutside outside, int *rows)
{
	PpdlCsv    *csv = csv_of(text);
	double	   *x = NULL;
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more,
				has_label;

	assert_int_equal(ppdl_binding_init(&b, fs, csv, 0, &err), PPDL_OK);
	b.outside = outside;
	b.unknown_other = 1;
	for (*rows = 0;; ++*rows)
	{
		assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
		if (!more)
			break;
		x = realloc(x, (size_t) (*rows + 1) * (size_t) fs->inputs * sizeof *x);
		if (ppdl_binding_apply(&b, &row, x + *rows * fs->inputs, NULL, &has_label, &err) != PPDL_OK)
			fail_msg("%s (seed %llu)", err.message, (unsigned long long) seed);
	}
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
	return x;
}

static int
value_called(const PpdlFeatures *fs, const char *name)
{
	char		text[200];

	for (int i = 0; i < fs->inputs; i++)
	{
		ppdl_features_input_name(fs, i, text, sizeof text);
		if (strcmp(text, name) == 0)
			return i;
	}
	fail_msg("no value is called \"%s\"", name);
	return -1;
}

/* ------------------------------------------------------------------ products */

/* of values i < n, j < n in every row; returns how many no value holds */
static int
check_products(const PpdlFeatures *fs, const double *x, int rows, int n)
{
	int			none = 0;

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			const int	at = ppdl_features_product(fs, i, j);

			none += at == PPDL_PRODUCT_NONE;
			assert_int_equal(at, ppdl_features_product(fs, j, i));
			assert_true(at < fs->inputs && at >= PPDL_PRODUCT_ZERO);
			for (int r = 0; r < rows && at != PPDL_PRODUCT_NONE; r++)
			{
				const double *v = x + r * fs->inputs,
							want = v[i] * v[j];

				if (fabs(want - (at < 0 ? 0 : v[at])) > 1e-15)
					fail_msg("value %d * value %d is not value %d (seed %llu)", i, j, at, (unsigned long long) seed);
			}
		}
	return none;
}

/* every column multiplied: every product is somewhere, in rows with gaps and numbers outside, too */
static void
test_all_products(void **state)
{
	char	   *bands[] = {"height:150,160,180", NULL},
			   *thermometer[] = {"weight:60,80", "height:155,185", NULL},
			   *dates[] = {"seen", NULL},
			   *log[] = {"crp", NULL},
			   *all[] = {"age", "weight", "crp", "smoker", "ward", "height", "seen", NULL};
	PpdlLearnOptions opt = defaults();

	opt.bands = bands;
	opt.thermometer = thermometer;
	opt.dates = dates;
	opt.log = log;
	opt.moments = opt.constant = 1;
	opt.moments_of = all;
	for (int i = 0; i < 4; i++)
	{
		char	   *text = random_table(),
				   *other = random_table();
		PpdlFeatures *fs = must_learn(text, &opt);
		const PpdlFeature *products = &fs->feature[fs->count - 2];
		const int	plain = products->first - 4;	/* without "at least" bits */
		int			rows;
		double	   *x = encode(fs, i & 1 ? other : text, i & 2 ? PPDL_OUTSIDE_NULL : PPDL_OUTSIDE_CLAMP, &rows);

		assert_int_equal(products->kind, PPDL_FEATURE_PRODUCTS);
		assert_int_equal(plain, 1 + 2 + 1 + 2 + 4 + 4 + 1);
		assert_int_equal(check_products(fs, x, rows, plain), 0);
		/* bits of one column are known, with others nothing was asked for */
		assert_int_equal(check_products(fs, x, rows, products->first), 2 * (4 * plain - 2 + 4));
		free(x);
		ppdl_features_destroy(fs);
		free(text);
		free(other);
	}
}

/* numbers alone, unless told otherwise; names; with missing values */
static void
test_moments_of_numbers(void **state)
{
	PpdlLearnOptions opt = defaults();
	char	   *exclude[] = {"seen", "crp", "height", NULL},
				name[200];
	char	   *text = random_table();
	PpdlFeatures *fs;

	opt.exclude = exclude;
	opt.moments = 1;
	fs = must_learn(text, &opt);
	/* age, weight and its gaps, smoker and its gaps, ward; age*age, age*weight, age*gap, weight*weight */
	assert_int_equal(fs->inputs, 1 + 2 + 2 + 4 + 4);
	for (int i = 0; i < 4; i++)
	{
		static const char *const want[] = {"age*age", "age*weight", "age*(weight missing)", "weight*weight"};

		ppdl_features_input_name(fs, 9 + i, name, sizeof name);
		assert_string_equal(name, want[i]);
	}
	assert_int_equal(ppdl_features_product(fs, 1, 0), value_called(fs, "age*weight"));
	assert_int_equal(ppdl_features_product(fs, 2, 2), 2);
	assert_int_equal(ppdl_features_product(fs, 1, 2), PPDL_PRODUCT_ZERO);
	assert_int_equal(ppdl_features_product(fs, 5, 6), PPDL_PRODUCT_ZERO);
	assert_int_equal(ppdl_features_product(fs, 0, 3), PPDL_PRODUCT_NONE);
	assert_int_equal(ppdl_features_product(fs, 0, fs->inputs), PPDL_PRODUCT_NONE);
	assert_int_equal(ppdl_features_product(fs, -1, 0), PPDL_PRODUCT_NONE);
	ppdl_features_destroy(fs);
	free(text);
}

/* ------------------------------------------------------------------ "at least" */

static void
test_thermometer(void **state)
{
	static const char text[] = "id,age,sick\n1,20,50 %\n2,,10 %\n3,50,0 %\n4,80,100 %\n";
	static const char later[] = "id,age,sick\n1,49.5,9 %\n2,NA,10 %\n3,120,10.5 %\n4,50,100 %\n5,-7,0 %\n";
	char	   *thermometer[] = {"age:30,50,80", "sick:10", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double	   *x;
	int			rows,
				age,
				sick;

	opt.thermometer = thermometer;
	fs = must_learn(text, &opt);
	assert_int_equal(fs->inputs, 2 + 1 + 3 + 1);
	age = value_called(fs, "age>=30");
	assert_int_equal(value_called(fs, "age>=80"), age + 2);
	sick = value_called(fs, "sick>=10 %");
	for (int outside = PPDL_OUTSIDE_CLAMP; outside <= PPDL_OUTSIDE_NULL; outside++)
	{
		const int	null = outside == PPDL_OUTSIDE_NULL;
		const double want[5][3] = {{1, 0, 0}, {0, 0, 0}, {!null, !null, !null}, {1, 1, 0}, {0, 0, 0}},
					want_sick[5] = {0, 1, 1, 1, 0};

		x = encode(fs, later, (PpdlOutside) outside, &rows);
		assert_int_equal(rows, 5);
		for (int r = 0; r < rows; r++)
		{
			assert_memory_equal(x + r * fs->inputs + age, want[r], sizeof want[r]);
			assert_true(x[r * fs->inputs + sick] == want_sick[r]);
		}
		free(x);
	}
	ppdl_features_destroy(fs);
}

/* ------------------------------------------------------------------ which numbers a column takes */

static void
test_step(void **state)
{
	static const char text[] = "id;whole;tenth;fine;comma;part;born;seen\n"
		"1;20;0.1;0.1234567;1,5;5 %;1990-01-01;2020-01-01\n"
		"2;-3;70;0.7654321;2,25;7.5 %;1991-01-01;2020-02-01\n"
		"3;1e3;0.30;0.5;3,0;10 %;1992-01-01;2020-03-01\n";
	static const double want[] = {1, 0.1, 0, 0.01, 0.1, 0, 1};
	char	   *dates[] = {"born:age@2026-01-01", "seen", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;

	opt.dates = dates;
	fs = must_learn(text, &opt);
	assert_int_equal(fs->count, 7);
	for (int i = 0; i < fs->count; i++)
		assert_true(fs->feature[i].step == want[i]);
	ppdl_features_destroy(fs);
}

/* ------------------------------------------------------------------ files */

static PpdlFeatures *
parse(const char *json)
{
	PpdlFeatures *fs;

	return ppdl_features_parse(&fs, json, strlen(json), "f.json", &err) == PPDL_OK ? fs : NULL;
}

static void
test_file(void **state)
{
	char	   *thermometer[] = {"seen:2026-01-05,2026-01-20", "weight:70", NULL},
			   *dates[] = {"seen", NULL},
			   *of[] = {"weight", "smoker", NULL};
	PpdlLearnOptions opt = defaults();
	char	   *text = random_table();
	PpdlFeatures *fs,
			   *again;
	PpdlWriter	w,
				v;
	double	   *x,
			   *y;
	int			rows;

	opt.thermometer = thermometer;
	opt.dates = dates;
	opt.moments = 1;
	opt.moments_of = of;
	fs = must_learn(text, &opt);
	ppdl_writer_init(&w);
	ppdl_writer_init(&v);
	assert_int_equal(ppdl_features_write(fs, &w, &err), PPDL_OK);
	assert_int_equal(ppdl_features_parse(&again, (const char *) w.buf, w.len, "f.json", &err), PPDL_OK);
	assert_int_equal(ppdl_features_write(again, &v, &err), PPDL_OK);
	assert_true(w.len == v.len && memcmp(w.buf, v.buf, w.len) == 0);
	assert_int_equal(value_called(again, "seen>=2026-01-20"), value_called(fs, "seen>=2026-01-20"));
	assert_int_equal(value_called(again, "weight*(smoker = Yes)"), value_called(fs, "weight*(smoker = Yes)"));
	x = encode(fs, text, PPDL_OUTSIDE_ERROR, &rows);
	y = encode(again, text, PPDL_OUTSIDE_ERROR, &rows);
	assert_memory_equal(x, y, (size_t) rows * (size_t) fs->inputs * sizeof *x);
	free(x);
	free(y);
	ppdl_writer_free(&w);
	ppdl_writer_free(&v);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(again);
	free(text);
}

#define HEAD "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
#define WITH(MEMBERS) "{\"column\": \"age\", \"kind\": \"numeric\", \"min\": 0, \"max\": 9, " MEMBERS "}"
#define AGE "{\"column\": \"age\", \"kind\": \"numeric\", \"min\": 0, \"max\": 9}"

static void
test_file_refuses(void **state)
{
	static const struct
	{
		const char *features,
				   *message;
	}			bad[] = {
		{"{\"column\": \"age\", \"kind\": \"at-least\", \"cuts\": [1]}, " AGE, "f.json: features[0].column: \"age\" is no number"},
		{AGE ", {\"column\": \"agee\", \"kind\": \"at-least\", \"cuts\": [1]}", "\"agee\" is no number"},
		{AGE ", {\"column\": \"age\", \"kind\": \"at-least\"}", "features[1].cuts"},
		{AGE ", {\"column\": \"age\", \"kind\": \"at-least\", \"cuts\": [2, 2]}", "features[1].cuts"},
		{AGE ", {\"column\": \"age\", \"kind\": \"at-least\", \"cuts\": [2], \"missing\": true}", "features[1].missing"},
		{WITH("\"step\": 0"), "features[0].step: a positive number"},
		{WITH("\"step\": \"x\""), "features[0].step: a positive number"},
		{"{\"column\": \"a\", \"kind\": \"binary\", \"categories\": [\"x\", \"y\"], \"step\": 1}", "is for numbers and bands"},
		{AGE ", {\"kind\": \"products\"}", "features[1].columns"},
		{AGE ", {\"kind\": \"products\", \"columns\": []}", "features[1].columns"},
		{AGE ", {\"kind\": \"products\", \"columns\": [1]}", "features[1].columns"},
		{AGE ", {\"kind\": \"products\", \"columns\": [\"age\", \"size\"]}", "\"size\" is no column of the features before"},
		{AGE ", {\"kind\": \"products\", \"columns\": [\"age\", \"age\"]}", "\"age\" appears twice"},
		{"{\"kind\": \"products\", \"columns\": [\"age\"]}, " AGE, "\"age\" is no column of the features before"},
		{AGE ", {\"kind\": \"products\", \"columns\": [\"age\"]}], \"label\": {\"kind\": \"products\", \"columns\": [\"age\"]}, "
		"\"na\": [", "label.kind"},
		{AGE ", {\"kind\": \"products\", \"columns\": [\"age\"]}], \"map\": {}, \"na\": [", "has no place beside a map"},
	};
	char		json[1000];

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		snprintf(json, sizeof json, HEAD "%s]}", bad[i].features);
		assert_null(parse(json));
		if (strstr(err.message, bad[i].message) == NULL)
			fail_msg("%zu: %s", i, err.message);
	}
}

/* ------------------------------------------------------------------ options */

static void
refused(const PpdlLearnOptions *opt, const char *text, const char *message)
{
	err = (PpdlError) {0};
	assert_null(learn(text, opt));
	if (strstr(err.message, message) == NULL)
		fail_msg("%s", err.message);
	assert_true(err.hint[0] != 0 || strstr(message, "no input") != NULL || strstr(message, "no column") != NULL);
}

static void
test_options_refuse(void **state)
{
	static const struct
	{
		char	   *spec;
		const char *message;
	}			bad[] = {
		{"age", "which thresholds?"}, {"age:", "which thresholds?"}, {"age:x", "a threshold is no number"},
		{"age:40,40", "thresholds must increase"}, {"age:2000", "\"at least 2000\" would be the same in all rows"},
		{"age:1", "would be the same in all rows"}, {"id:3", "this column is no input"}, {"agee:3", "no column \"agee\""},
		{"seen:2026-02-30", "a threshold is no day"},
	};
	char	   *dates[] = {"seen", NULL},
			   *of[] = {"id", NULL},
			   *age[] = {"age:40", NULL},
			   *twice[] = {"age:40", "age:40", "age:50", NULL},
			   *text = random_table();
	PpdlLearnOptions opt = defaults();

	opt.dates = dates;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		char	   *thermometer[] = {bad[i].spec, NULL};

		opt.thermometer = thermometer;
		refused(&opt, text, bad[i].message);
	}
	opt.thermometer = twice;
	refused(&opt, text, "--thermometer age:50: column \"age\" has another --thermometer already");
	opt.thermometer = NULL;
	opt.moments = 1;
	opt.whiten = 1;
	refused(&opt, text, "--moments does not go with --whiten");
	opt.moments = 0;
	opt.thermometer = age;
	refused(&opt, text, "--thermometer does not go with --whiten");
	opt = defaults();
	opt.moments = 1;
	opt.moments_of = of;
	refused(&opt, text, "column \"id\" is no input");
	opt.moments_of = NULL;
	refused(&opt, "id,a,b\n1,x,y\n2,y,z\n3,y,x\n", "there is no column of numbers");
	free(text);
}

/* 90 numbers have 4,095 products: too wide a row, with both figures */
static void
test_too_wide(void **state)
{
	PpdlLearnOptions opt = defaults();
	char	   *text,
			   *of[] = {"c1", "c2", "c90", NULL};
	PpdlFeatures *fs;
	size_t		len;
	FILE	   *f = open_memstream(&text, &len);

	fputs("id", f);
	for (int i = 1; i <= 90; i++)
		fprintf(f, ",c%d", i);
	for (int r = 0; r < 3; r++)
	{
		fprintf(f, "\n%d", r);
		for (int i = 0; i < 90; i++)
			fprintf(f, ",%d", r + i);
	}
	fclose(f);
	opt.moments = 1;
	refused(&opt, text, "a row of 4185 values, 4095 of them squares and products of 90 columns: a row has at most 4096");
	opt.moments_of = of;
	fs = must_learn(text, &opt);
	assert_int_equal(fs->inputs, 90 + 6);
	ppdl_features_destroy(fs);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_products),
		cmocka_unit_test(test_moments_of_numbers),
		cmocka_unit_test(test_thermometer),
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_refuses),
		cmocka_unit_test(test_options_refuse),
		cmocka_unit_test(test_too_wide),
	};
	const char *given = getenv("PPDL_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261128;
	printf("seed %llu\n", (unsigned long long) seed);
	ppdl_prng_init(&rng, seed, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
