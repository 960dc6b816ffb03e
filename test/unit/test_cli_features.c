/* Feature encodings: learning, the JSON file, applying, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/features.h"

static PpdlError err;

static PpdlCsv *
csv_of(const char *text)
{
	PpdlCsvOptions opt = {.name = "p.csv"};
	static FILE *f;
	PpdlCsv    *csv;

	if (f)
		fclose(f);
	f = tmpfile();
	fputs(text, f);
	rewind(f);
	if (ppdl_csv_open(&csv, f, &opt, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return csv;
}

static PpdlLearnOptions
defaults(void)
{
	PpdlLearnOptions opt = {.id = "Id", .label = "Sick", .one_hot_weight = 1, .max_categories = 32};

	return opt;
}

static PpdlFeatures *
learn(const char *text, const PpdlLearnOptions *opt, PpdlWriter *notes)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlFeatures *fs;
	PpdlStatus	status = ppdl_features_learn(&fs, csv, opt, notes, &err);

	ppdl_csv_close(csv);
	return status == PPDL_OK ? fs : NULL;
}

/* applies fs to the first row of text; returns the status */
static PpdlStatus
apply(const PpdlFeatures *fs, const char *text, double *x, double *y, int *has_label, int lenient, long counts[2])
{
	PpdlCsv    *csv = csv_of(text);
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more;
	PpdlStatus	status = ppdl_binding_init(&b, fs, csv, 1, &err);

	if (status == PPDL_OK)
	{
		b.unknown_other = b.clamp = lenient;
		assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
		status = ppdl_binding_apply(&b, &row, x, y, has_label, &err);
		if (counts)
		{
			counts[0] = b.unknown;
			counts[1] = b.clamped;
		}
	}
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
	return status;
}

static const char table[] =
"Id,Age,Gender,Race,Meds,Site,Weight,Sick\n"
"1,20,Male,Asian,None,A,60.5,0\n"
"2,40,Female,Other,Aspirin,A,,1\n"
"3,60,Female,Asian,None,A,80.5,1\n"
"4,30,Male,White,Statin,A,70.5,\n";

static void
test_learn_kinds(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlWriter	notes;
	PpdlFeatures *fs;
	char		name[80];

	(void) state;
	opt.one_hot_weight = 2;
	ppdl_writer_init(&notes);
	fs = learn(table, &opt, &notes);
	assert_non_null(fs);
	/* Age, Gender, Race (3), Meds (3: None is a category), Weight with missing (2); Site has one value */
	assert_int_equal(fs->count, 5);
	assert_int_equal(fs->inputs, 1 + 1 + 3 + 3 + 2);
	assert_int_equal(fs->feature[0].kind, PPDL_FEATURE_NUMERIC);
	assert_true(fs->feature[0].min == 20 && fs->feature[0].max == 60);
	assert_int_equal(fs->feature[1].kind, PPDL_FEATURE_BINARY);
	assert_string_equal(fs->feature[1].category[0], "Female");
	assert_int_equal(fs->feature[2].kind, PPDL_FEATURE_ONE_HOT);
	assert_true(fs->feature[2].weight == 2);
	assert_string_equal(fs->feature[3].category[1], "None");
	assert_true(fs->feature[4].missing);
	assert_int_equal(fs->outputs, 1);
	assert_string_equal(fs->label->category[0], "0");
	ppdl_write_u8(&notes, 0);
	assert_non_null(strstr((char *) notes.buf, "\"Site\" is left out: it has only one value"));
	assert_non_null(strstr((char *) notes.buf, "label \"Sick\" is empty in 1 rows"));
	ppdl_features_input_name(fs, 1, name, sizeof name);
	assert_string_equal(name, "Gender = Male");
	ppdl_features_input_name(fs, 9, name, sizeof name);
	assert_string_equal(name, "Weight missing");
	ppdl_writer_free(&notes);
	ppdl_features_destroy(fs);
}

static void
test_apply(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(table, &opt, NULL);
	double		x[10],
				y[1];
	int			has_label;

	(void) state;
	assert_non_null(fs);
	/* columns may stand in another order, and others may be there */
	assert_int_equal(apply(fs, "Sick,Meds,Race,More,Gender,Age,Id,Weight\n1,Statin,White,zzz,Male,30,7,75.5\n", x, y,
						   &has_label, 0, NULL), PPDL_OK);
	static const double want[10] = {-0.5, 1, 0, 0, 1, 0, 0, 1, 0.5, 0};

	for (int i = 0; i < 10; i++)
		assert_true(x[i] == want[i]);
	assert_true(has_label && y[0] == 1);
	assert_int_equal(apply(fs, "Sick,Meds,Race,Gender,Age,Id,Weight\n,Statin,White,Male,30,7,\n", x, y, &has_label, 0,
						   NULL), PPDL_OK);
	assert_false(has_label);
	assert_true(x[8] == 0 && x[9] == 1);
	ppdl_features_destroy(fs);
}

static void
test_apply_refuses(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(table, &opt, NULL);
	double		x[10],
				y[1];
	int			has_label;
	long		counts[2];

#define HEAD "Id,Age,Gender,Race,Meds,Weight,Sick\n"
	static const struct
	{
		const char *text,
				   *want;
		int			lenient;	/* accepted with both options */
	}			t[] = {
		{HEAD "1,abc,Male,White,None,70,0\n", "p.csv:2: column \"Age\": \"abc\" is not a number", 0},
		{HEAD "1,nan,Male,White,None,70,0\n", "p.csv:2: column \"Age\": \"nan\" is not a finite number", 0},
		{HEAD "1,1e999,Male,White,None,70,0\n", "\"1e999\" is not a finite number", 0},
		{HEAD "1,0x20,Male,White,None,70,0\n", "\"0x20\" is not a number", 0},
		{HEAD "1,61,Male,White,None,70,0\n", "column \"Age\": \"61\" lies outside 20 .. 60", 1},
		{HEAD "1,30,Diverse,White,None,70,0\n", "column \"Gender\": \"Diverse\" is none of the learned categories", 1},
		{HEAD "1,30,Male,Martian,None,70,0\n", "column \"Race\": \"Martian\" is none", 1},
		{HEAD "1,,Male,White,None,70,0\n", "column \"Age\": empty", 1},
		{HEAD "1,30,Male,White,None,70,2\n", "column \"Sick\": \"2\" is none", 0},
		{"Id,Age,Race,Meds,Weight,Sick\n1,30,White,None,70,0\n", "no column \"Gender\"", 0},
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		assert_int_equal(apply(fs, t[i].text, x, y, &has_label, 0, NULL), PPDL_ERR_FORMAT);
		if (strstr(err.message, t[i].want) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.message, t[i].want);
		assert_int_equal(apply(fs, t[i].text, x, y, &has_label, 1, counts), t[i].lenient ? PPDL_OK : PPDL_ERR_FORMAT);
		if (t[i].lenient)
			assert_int_equal(counts[0] + counts[1], 1);
		for (int j = 0; t[i].lenient && j < fs->inputs; j++)
			assert_true(fabs(x[j]) <= 1);
	}
	ppdl_features_destroy(fs);
}

static void
test_bands(void **state)
{
	static char *by_width[] = {"Age:10", NULL};
	static char *range[] = {"Age:25..55/10", NULL};
	static char *cuts[] = {"Age:21,40,60", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[20],
				y[1];
	int			has_label;
	char		name[80];

	(void) state;
	opt.bands = by_width;
	fs = learn(table, &opt, NULL);
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].ncuts, 4);	/* 30 40 50 60 */
	assert_true(fs->feature[0].cut[0] == 30 && fs->feature[0].cut[3] == 60);
	ppdl_features_destroy(fs);
	opt.bands = range;
	fs = learn(table, &opt, NULL);
	assert_int_equal(fs->feature[0].ncuts, 4);	/* 25 35 45 55 */
	ppdl_features_input_name(fs, 0, name, sizeof name);
	assert_string_equal(name, "Age < 25");
	ppdl_features_input_name(fs, 1, name, sizeof name);
	assert_string_equal(name, "Age 25..<35");
	ppdl_features_input_name(fs, 4, name, sizeof name);
	assert_string_equal(name, "Age >= 55");
	ppdl_features_destroy(fs);
	opt.bands = cuts;
	fs = learn(table, &opt, NULL);
	assert_int_equal(fs->feature[0].inputs, 4);
	/* a cut belongs to the upper band; beyond the learned range is in the outer bands */
	assert_int_equal(apply(fs, HEAD "1,40,Male,White,None,70,0\n", x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(x[0] == 0 && x[1] == 0 && x[2] == 1 && x[3] == 0);
	assert_int_equal(apply(fs, HEAD "1,99,Male,White,None,70,0\n", x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(x[3] == 1);
	ppdl_features_destroy(fs);
}

static void
test_bad_options(void **state)
{
	static char *bad[] = {"Age", "Age:x", "Age:0", "Age:-1", "Age:5,3", "Age:5,x", "Age:1..2", "Age:9..1/2",
						  "Age:1..2/0",
	"Age:0..1e9/1", "Age:1e9", "Height:5"};
	static char *no_column[] = {"Height", NULL};

	(void) state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
	{
		char	   *list[] = {bad[i], NULL};
		PpdlLearnOptions opt = defaults();

		opt.bands = list;
		if (learn(table, &opt, NULL) != NULL)
			fail_msg("--bands %s accepted", bad[i]);
	}
	for (int i = 0; i < 4; i++)
	{
		PpdlLearnOptions opt = defaults();

		*(i == 0 ? &opt.exclude : i == 1 ? &opt.columns : i == 2 ? &opt.numeric : &opt.category) = no_column;
		assert_null(learn(table, &opt, NULL));
		assert_non_null(strstr(err.message, "no column \"Height\""));
	}
}

static void
test_learn_refuses(void **state)
{
	PpdlLearnOptions opt = defaults();
	static char *age[] = {"Age", NULL};

	(void) state;
	assert_null(learn("Id,Age,Sick\n1,20,0\n2,30,1\n3,abc,1\n4,50,0\n", &opt, NULL));
	assert_string_equal(err.message, "p.csv:4: column \"Age\": \"abc\" is not a number");
	opt.category = age;
	PpdlFeatures *fs = learn("Id,Age,Sick\n1,20,0\n2,30,1\n3,abc,1\n4,50,0\n", &opt, NULL);

	assert_non_null(fs);
	assert_int_equal(fs->inputs, 4);
	ppdl_features_destroy(fs);
	opt.category = NULL;
	opt.max_categories = 3;
	assert_null(learn("Id,Name,Sick\n1,a,0\n2,b,1\n3,c,1\n4,d,0\n", &opt, NULL));
	assert_non_null(strstr(err.message, "column \"Name\" has 4 different values"));
	assert_null(learn("Id,Age,Sick\n", &opt, NULL));
	assert_non_null(strstr(err.message, "no rows"));
	assert_null(learn("Id,Age,Sick\n1,20,1\n2,30,1\n", &opt, NULL));
	assert_non_null(strstr(err.message, "label \"Sick\" has only one value"));
	opt.id = "Nr";
	assert_null(learn(table, &opt, NULL));
	assert_non_null(strstr(err.message, "no column \"Nr\""));
}

static void
test_classes(void **state)
{
	static const char text[] = "Id,v,Sick\n1,1,low\n2,2,high\n3,3,mid\n";
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(text, &opt, NULL);
	double		x[1],
				y[3];
	int			has_label;
	PpdlWriter	w;

	(void) state;
	assert_non_null(fs);
	assert_int_equal(fs->outputs, 3);
	assert_int_equal(apply(fs, text, x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(y[0] == -1 && y[1] == 1 && y[2] == -1);	/* high, low, mid */
	ppdl_writer_init(&w);
	assert_int_equal(ppdl_features_model_spec(fs, 8, &w, &err), PPDL_OK);
	ppdl_write_u8(&w, 0);
	assert_string_equal((char *) w.buf,
						"{\"inputs\":1,\"layers\":[{\"units\":8,\"activation\":\"quadratic\"},{\"units\":3,\"activation\":\"identity\"}]}");
	ppdl_writer_free(&w);
	ppdl_features_destroy(fs);
}

static void
test_constant_padding_scale(void **state)
{
	static char *bands[] = {"Age:40,50", NULL};
	static char *columns[] = {"Gender", "Age", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[8],
				y[1];
	int			has_label;
	PpdlWriter	w;

	(void) state;
	opt.bands = bands;
	opt.columns = columns;
	opt.constant = opt.pad = 1;
	opt.one_hot_weight = 2.5;
	fs = learn(table, &opt, NULL);
	assert_non_null(fs);
	assert_int_equal(fs->inputs, 8);
	assert_int_equal(apply(fs, table, x, y, &has_label, 0, NULL), PPDL_OK);
	static const double want[8] = {1, 1, 0, 0, 1, 0, 0, 0};

	for (int i = 0; i < 8; i++)
		assert_true(x[i] == want[i]);
	ppdl_writer_init(&w);
	ppdl_features_model_spec(fs, 16, &w, &err);
	ppdl_write_u8(&w, 0);
	assert_non_null(strstr((char *) w.buf, "{\"inputs\":8,\"input_scale\":[1,2.5,2.5,2.5,1,1,1,1],\"layers\""));
	ppdl_writer_free(&w);
	ppdl_features_destroy(fs);
}

static void
test_json_round_trip(void **state)
{
	static char *bands[] = {"Age:0.1,33.333333333333336", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs,
			   *back;
	PpdlWriter	a,
				b;

	(void) state;
	opt.bands = bands;
	opt.constant = opt.pad = 1;
	opt.one_hot_weight = 3;
	fs = learn(table, &opt, NULL);
	assert_non_null(fs);
	ppdl_writer_init(&a);
	ppdl_writer_init(&b);
	assert_int_equal(ppdl_features_write(fs, &a, &err), PPDL_OK);
	if (ppdl_features_parse(&back, (char *) a.buf, a.len, "f.json", &err) != PPDL_OK)
		fail_msg("%s", err.message);
	assert_int_equal(back->inputs, fs->inputs);
	assert_true(back->feature[0].cut[1] == 33.333333333333336);
	assert_int_equal(ppdl_features_write(back, &b, &err), PPDL_OK);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.buf, b.buf, a.len);
	ppdl_writer_free(&a);
	ppdl_writer_free(&b);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(back);
}

static void
test_json_refuses(void **state)
{
#define F(features) "{\"format\":\"ppdl-features\",\"version\":1,\"features\":[" features "]}"
	static const struct
	{
		const char *json,
				   *want;
		PpdlStatus	status;
	}			t[] = {
		{"{", "f.json:1:", PPDL_ERR_FORMAT},
		{"[]", "no feature file", PPDL_ERR_FORMAT},
		{"{\"format\":\"ppdl-features\",\"version\":2}", "unknown version", PPDL_ERR_VERSION},
		{F(""), "features: an array", PPDL_ERR_FORMAT},
		{F("7"), "features[0]: an object", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"constant\"},{\"kind\":\"numeric\"}"), "features[1].column", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"round\",\"column\":\"a\"}"), "features[0].kind", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":3,\"max\":3}"), "features[0].max: must be greater",
		 PPDL_ERR_FORMAT},
		{F("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":3,\"max\":4,\"wieght\":2}"), "features[0].wieght: unknown",
		 PPDL_ERR_FORMAT},
		{F("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":3,\"max\":4,\"weight\":0}"), "features[0].weight",
		 PPDL_ERR_FORMAT},
		{F("{\"kind\":\"bands\",\"column\":\"a\",\"cuts\":[2,1]}"), "features[0].cuts", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"binary\",\"column\":\"a\",\"categories\":[\"x\"]}"), "two strings", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"one-hot\",\"column\":\"a\",\"categories\":[\"x\",\"x\"]}"), "twice", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"one-hot\",\"column\":\"a\",\"categories\":[null]}"), "non-empty strings", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"padding\",\"inputs\":1e9}"), "features[0].inputs", PPDL_ERR_FORMAT},
		{F("{\"kind\":\"padding\",\"inputs\":4096},{\"kind\":\"constant\"}"), "more than 4096 inputs", PPDL_ERR_RANGE},
		{"{\"format\":\"ppdl-features\",\"version\":1,\"features\":[{\"kind\":\"constant\"}],\"label\":{\"kind\":\"constant\"}}",
		"label.kind", PPDL_ERR_FORMAT},
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		PpdlFeatures *fs;

		assert_int_equal(ppdl_features_parse(&fs, t[i].json, strlen(t[i].json), "f.json", &err), t[i].status);
		if (strstr(err.message, t[i].want) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.message, t[i].want);
		assert_null(fs);
	}
}

static void
test_raw(void **state)
{
	static const char text[] = "Id,a,b,y\n5,0.1,-1,0.25\n";
	PpdlCsv    *csv = csv_of(text);
	PpdlFeatures *fs;
	double		x[2],
				y[1];
	int			has_label;

	(void) state;
	assert_int_equal(ppdl_features_raw(&fs, csv, "Id", "y", NULL, &err), PPDL_OK);
	ppdl_csv_close(csv);
	assert_int_equal(fs->inputs, 2);
	assert_int_equal(apply(fs, text, x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(x[0] == 0.1 && x[1] == -1 && y[0] == 0.25);	/* bit for bit */
	assert_int_equal(apply(fs, "Id,a,b,y\n5,1.01,-1,0.25\n", x, y, &has_label, 0, NULL), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "column \"a\": \"1.01\" lies outside -1 .. 1"));
	ppdl_features_destroy(fs);
}

/* spellings of one number are one category; codes with leading zeros, and columns of --category, keep theirs */
static void
test_spellings(void **state)
{
	PpdlLearnOptions opt = {.label = "ill", .one_hot_weight = 1, .max_categories = 32};
	PpdlFeatures *fs = learn("Age,icd,ill\n20,07,1.0\n30,7,0.0\n40,007,1\n50,7.0,0\n60,7,1e0\n", &opt, NULL);
	double		x[8],
				y[2];
	int			has_label;

	(void) state;
	assert_non_null(fs);
	assert_int_equal(fs->label->kind, PPDL_FEATURE_BINARY);
	assert_string_equal(fs->label->category[1], "1");
	assert_int_equal(apply(fs, "Age,icd,ill\n20,7,1.00\n", x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(y[0] == 1);
	ppdl_features_destroy(fs);

	opt.category = (char *[]) {"icd", NULL};
	fs = learn("Age,icd,ill\n20,1.10,1\n30,1.1,0\n40,2,1\n", &opt, NULL);
	assert_non_null(fs);
	assert_int_equal(fs->feature[1].ncategories, 3);
	/* a third spelling of two categories is neither */
	assert_int_equal(apply(fs, "Age,icd,ill\n20,1.100,1\n", x, y, &has_label, 0, NULL), PPDL_ERR_FORMAT);
	assert_int_equal(apply(fs, "Age,icd,ill\n20,2.0,1\n", x, y, &has_label, 0, NULL), PPDL_OK);
	ppdl_features_destroy(fs);
}

/* numbers of other countries, first rows taken for headers, ranges that no number holds */
static void
test_real_files(void **state)
{
	PpdlLearnOptions opt = {.one_hot_weight = 1, .max_categories = 32};
	double		x[2],
				y[1];
	int			has_label;
	PpdlFeatures *fs;

	(void) state;
	assert_null(learn("bmd,n\n\"0,81\",1\n\"0,92\",2\n1,3\n", &opt, NULL));
	assert_non_null(strstr(err.message, "p.csv:2: column \"bmd\": \"0,81\" looks like a number with a decimal comma"));
	assert_null(learn("pct,n\n5%,1\n\"10,5%\",2\n15%,3\n", &opt, NULL));
	assert_non_null(strstr(err.message, "percent sign"));
	opt.category = (char *[]) {"bmd", NULL};
	fs = learn("bmd,n\n\"0,81\",1\n\"0,92\",2\n\"1,5\",3\n", &opt, NULL);
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].ncategories, 3);
	ppdl_features_destroy(fs);
	opt.category = NULL;

	assert_null(learn("6,148,72\n1,85,66\n8,183,64\n", &opt, NULL));
	assert_non_null(strstr(err.message, "p.csv:1: the header holds nothing but numbers"));
	assert_non_null(strstr(err.hint, "--no-header"));

	fs = learn("A,B\n-1e308,1\n1e308,2\n0,3\n", &opt, NULL);
	assert_non_null(fs);
	assert_int_equal(apply(fs, "A,B\n5e307,1\n", x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(fabs(x[0] - 0.5) < 1e-15 && x[1] == -1);
	assert_int_equal(apply(fs, "A,B\n-1e308,3\n", x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(x[0] == -1 && x[1] == 1);
	ppdl_features_destroy(fs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learn_kinds),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_refuses),
		cmocka_unit_test(test_bands),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_learn_refuses),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_constant_padding_scale),
		cmocka_unit_test(test_json_round_trip),
		cmocka_unit_test(test_json_refuses),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_real_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
