/* Feature encodings: learning, the JSON file, applying, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv_fixture.h"
#include "table/features.h"
#include "net/prng.h"
#include "net/train.h"

static PpdlError err;

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
		b.unknown_other = lenient;
		b.outside = lenient ? PPDL_OUTSIDE_CLAMP : PPDL_OUTSIDE_ERROR;
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
		{HEAD "1,inf,Male,White,None,70,0\n", "p.csv:2: column \"Age\": \"inf\" is not a finite number", 0},
		{HEAD "1,nan,Male,White,None,70,0\n", "p.csv:2: column \"Age\": missing (\"nan\"), which it never was", 1},
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
	double		x[2],
				y[3];
	int			has_label;
	PpdlWriter	w;

	(void) state;
	assert_non_null(fs);
	assert_int_equal(fs->outputs, 3);
	assert_int_equal(apply(fs, text, x, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(y[0] == -1 && y[1] == 1 && y[2] == -1);	/* high, low, mid */
	ppdl_writer_init(&w);
	fs->encoding = 0x3fa2b1c4d5e6;
	assert_int_equal(ppdl_features_model_spec(fs, 8, &w, &err), PPDL_OK);
	ppdl_write_u8(&w, 0);
	assert_string_equal((char *) w.buf,
						"{\"inputs\":2,\"encoding\":\"3fa2b1c4d5e6\",\"layers\":[{\"units\":8,\"activation\":\"quadratic\"},"
						"{\"units\":3,\"activation\":\"identity\"}]}");
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
	fs->encoding = 0;
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

static PpdlFeatures *
read_back(const PpdlFeatures *fs, PpdlWriter *w)
{
	PpdlFeatures *back;

	ppdl_writer_init(w);
	assert_int_equal(ppdl_features_write(fs, w, &err), PPDL_OK);
	if (ppdl_features_parse(&back, (char *) w->buf, w->len, "f.json", &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return back;
}

/* text with the first `from` in it replaced */
static char *
edit(const PpdlWriter *text, const char *from, const char *to)
{
	char	   *out = malloc(text->len + strlen(to) + 1),
			   *at;

	memcpy(out, text->buf, text->len);
	out[text->len] = 0;
	at = strstr(out, from);
	assert_non_null(at);
	memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
	memcpy(at, to, strlen(to));
	return realloc(out, strlen(out) + 1);
}

/* an encoding has an id of its own, and a file that was edited is no longer that encoding */
static void
test_identity(void **state)
{
	static const struct
	{
		const char *from,
				   *to,
				   *want;		/* NULL: it is still what it was */
	}			t[] = {
		{"  \"features\": [\n", "\"features\":[ ", NULL},
		{"Male", "Man", "edited since its encoding"},
		{"\"min\": 20", "\"min\": 10", "edited since"},
		{"\"id\": \"Id\",", "", "edited since"},
		{"\"encoding\": \"", "\"encoding\": \"f", "12 hexadecimal digits"},
		{"\"encoding\"", "\"rows_\"", "unknown member"},
		{"  \"digest\": \"", "  \"digest\": \"0", "edited since"},
		{",\n  \"digest\"", "}, {\"digest\"", "f.json:"},
	};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(table, &opt, NULL),
			   *other = learn(table, &opt, NULL),
			   *back;
	PpdlWriter	w;

	(void) state;
	assert_true(fs->encoding != 0 && fs->encoding >> 48 == 0);
	assert_true(fs->encoding != other->encoding);	/* of the same values */
	back = read_back(fs, &w);
	assert_true(back->encoding == fs->encoding);
	ppdl_features_destroy(back);
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		char	   *text = edit(&w, t[i].from, t[i].to);
		PpdlStatus	status = ppdl_features_parse(&back, text, strlen(text), "f.json", &err);

		assert_int_equal(status, t[i].want ? PPDL_ERR_FORMAT : PPDL_OK);
		if (t[i].want && strstr(err.message, t[i].want) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.message, t[i].want);
		ppdl_features_destroy(back);
		if (t[i].want && strcmp(t[i].want, "edited since") == 0)
		{
			assert_non_null(strstr(err.hint, "encode --renew f.json"));
			assert_int_equal(ppdl_features_parse_renewed(&back, text, strlen(text), "f.json", &err), PPDL_OK);
			assert_true(back->encoding != 0 && back->encoding != fs->encoding);
			ppdl_features_destroy(back);
		}
		free(text);
	}
	ppdl_writer_free(&w);
	/* older files have none, and keep none */
	fs->encoding = 0;
	back = read_back(fs, &w);
	assert_true(back->encoding == 0);
	assert_null(memmem(w.buf, w.len, "digest", 6));
	ppdl_features_destroy(back);
	ppdl_writer_free(&w);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(other);
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
	fs = learn("bmd,n\n\"0,81\",1\n\"0,92\",2\n1,3\n", &opt, NULL);
	assert_non_null(fs);
	assert_true(fs->feature[0].min == 0.81 && fs->feature[0].max == 1 && fs->feature[0].numerals.decimal == ',');
	ppdl_features_destroy(fs);
	fs = learn("pct,n\n5%,1\n\"10,5 %\",2\n15%,3\n", &opt, NULL);
	assert_non_null(fs);
	assert_true(fs->feature[0].min == 5 && fs->feature[0].max == 15 && fs->feature[0].numerals.percent);
	ppdl_features_destroy(fs);
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

/* ---- the map ---- */

static PpdlFeatures *
learn_whitened(const char *text, const PpdlLearnOptions *opt)
{
	PpdlFeatures *fs = learn(text, opt, NULL);
	PpdlCsv    *csv = csv_of(text);

	assert_non_null(fs);
	if (ppdl_features_learn_map(fs, csv, 0, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	ppdl_csv_close(csv);
	return fs;
}

/* rows hold mapped values; their mean, mapped back, is the mean of what was encoded; missing values are mapped, too */
static void
test_map(void **state)
{
	static const char *const row[] = {
		"Id,Age,Gender,Race,Meds,Site,Weight,Sick\n1,20,Male,Asian,None,A,60.5,0\n",
		"Id,Age,Gender,Race,Meds,Site,Weight,Sick\n2,40,Female,Other,Aspirin,A,,1\n",
		"Id,Age,Gender,Race,Meds,Site,Weight,Sick\n3,60,Female,Asian,None,A,80.5,1\n",
		"Id,Age,Gender,Race,Meds,Site,Weight,Sick\n4,30,Male,White,Statin,A,70.5,\n"
	};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *plain = learn(table, &opt, NULL),
			   *fs = learn_whitened(table, &opt),
			   *back;
	PpdlWriter	w,
				again;
	double		x[10],
				z[11],
				mean_x[10] = {0},
				mean_z[11] = {0},
				y[1];
	int			has_label;
	char		name[80];
	PpdlCsv    *csv = csv_of(table);
	long		clipped,
				rows;

	(void) state;
	assert_int_equal(fs->encoded, 10);
	assert_int_equal(fs->map->components, 3);	/* four rows */
	assert_int_equal(fs->inputs, 4);
	assert_int_equal(ppdl_features_count_clipped(fs, csv, &clipped, &rows, &err), PPDL_OK);
	ppdl_csv_close(csv);
	assert_true(clipped == 0 && rows == 0);
	back = read_back(fs, &w);
	assert_int_equal(back->inputs, 4);
	assert_memory_equal(back->map->mean, fs->map->mean, sizeof(double) * 10 * (3 + 2));
	ppdl_writer_init(&again);
	assert_int_equal(ppdl_features_write(back, &again, &err), PPDL_OK);
	assert_int_equal(w.len, again.len);
	assert_memory_equal(w.buf, again.buf, w.len);
	for (int r = 0; r < 4; r++)
	{
		assert_int_equal(apply(plain, row[r], x, y, &has_label, 0, NULL), PPDL_OK);
		assert_int_equal(apply(back, row[r], z, y, &has_label, 0, NULL), PPDL_OK);
		assert_int_equal(has_label, r < 3);
		assert_true(z[3] == 0.25);
		for (int i = 0; i < 4; i++)
		{
			assert_true(fabs(z[i]) <= 1);
			mean_z[i] += z[i] / 4;
		}
		for (int i = 0; i < 10; i++)
			mean_x[i] += x[i] / 4;
	}
	ppdl_whitening_invert(back->map, mean_z, 1, x);
	for (int i = 0; i < 10; i++)
		assert_true(fabs(x[i] - mean_x[i]) < 1e-8);
	ppdl_features_input_name(fs, 0, name, sizeof name);
	assert_string_equal(name, "component 1");
	ppdl_features_input_name(fs, 3, name, sizeof name);
	assert_string_equal(name, "constant");
	ppdl_features_encoded_name(fs, 9, name, sizeof name);
	assert_string_equal(name, "Weight missing");
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
	ppdl_features_destroy(plain);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(back);
}

/* the file is JSON, which has no texts in other character sets */
static void
test_needs_utf8(void **state)
{
	static char text[] = "a,y\n1,0\n2,1\n3,1\n";
	char	   *words[] = {"weg", "\xe4", NULL},
			   *map[] = {"\xe4=", NULL};
	PpdlLearnOptions opt = {.label = "y", .one_hot_weight = 1, .max_categories = 32};
	const PpdlCsvOptions form = {.name = "dir/\xe4rzte.csv"};
	FILE	   *f = fmemopen(text, strlen(text), "r");
	PpdlFeatures *fs,
			   *back;
	PpdlCsv    *csv;
	PpdlWriter	w;

	(void) state;
	assert_int_equal(ppdl_csv_open(&csv, f, &form, &err), PPDL_OK);
	assert_int_equal(ppdl_features_learn(&fs, csv, &opt, NULL, &err), PPDL_OK);
	back = read_back(fs, &w);
	assert_string_equal(back->source, "dir/?rzte.csv");
	ppdl_features_destroy(back);
	ppdl_features_destroy(fs);
	ppdl_writer_free(&w);
	ppdl_csv_close(csv);
	fclose(f);
	opt.na = words;
	assert_null(learn(text, &opt, NULL));
	assert_string_equal(err.message, "--na: \"\xe4\" is not UTF-8");
	opt.na = NULL;
	opt.label_map = map;
	assert_null(learn(text, &opt, NULL));
	assert_string_equal(err.message, "--label-map: \"\xe4=\" is not UTF-8");
}

static void
test_map_refuses(void **state)
{
#define M(map) "{\"format\":\"ppdl-features\",\"version\":1,\"features\":[" \
	"{\"kind\":\"numeric\",\"column\":\"a\",\"min\":0,\"max\":1},{\"kind\":\"numeric\",\"column\":\"b\",\"min\":0,\"max\":1}]," \
	"\"map\":" map "}"
#define FULL(clip, mean, scale, rows) M("{\"width\":3,\"clip\":" clip ",\"mean\":" mean ",\"scale\":" scale ",\"rows\":" rows "}")
	static const struct
	{
		const char *json,
				   *want;
	}			t[] = {
		{FULL("4", "[0,0]", "[1,1]", "[[1,0],[0,2]]"), NULL},
		{FULL("4", "[0,0]", "[1,1]", "[[1,1]]"), NULL},
		{M("7"), "map: an object"},
		{M("{\"width\":1,\"clip\":4,\"mean\":[0,0],\"scale\":[1,1],\"rows\":[[1,0]]}"), "map: width is 1, it must be 2 to 3"},
		{M("{\"width\":4,\"clip\":4,\"mean\":[0,0],\"scale\":[1,1],\"rows\":[[1,0]]}"), "map: width is 4"},
		{M("{\"width\":1e9,\"rows\":[[1,0]]}"), "map.width must"},
		{M("{}"), "map.rows: an array of 1 to 2 rows"},
		{M("{\"rows\":[[1,0]],\"colour\":1}"), "map has an unknown member"},
		{FULL("4", "[0,0]", "[1,1]", "[]"), "map.rows: an array of 1 to 2 rows"},
		{FULL("4", "[0,0]", "[1,1]", "[[1,0],[0,1],[1,1]]"), "map.rows: an array of 1 to 2 rows"},
		{FULL("4", "[0,0]", "[1,1]", "[[1,0],[0]]"), "map.rows[1]: an array of 2 numbers"},
		{FULL("4", "[0,0]", "[1,1]", "[[1,0],7]"), "map.rows[1]: an array of 2 numbers"},
		{FULL("4", "[0]", "[1,1]", "[[1,0]]"), "map.mean: an array of 2 numbers"},
		{FULL("4", "[0,0]", "[1,1,1]", "[[1,0]]"), "map.scale: an array of 2 numbers"},
		{FULL("4", "[0,\"0\"]", "[1,1]", "[[1,0]]"), "map.mean[1] must be a number"},
		{FULL("null", "[0,0]", "[1,1]", "[[1,0]]"), "map.clip must be a number"},
		{FULL("0", "[0,0]", "[1,1]", "[[1,0]]"), "map: clip is 0"},
		{FULL("4", "[0,-1.5]", "[1,1]", "[[1,0]]"), "map: mean[1] is -1.5"},
		{FULL("4", "[0,0]", "[-1,1]", "[[1,0]]"), "map: scale[0] is -1"},
		{FULL("4", "[0,0]", "[1,1]", "[[0,0]]"), "map: rows[0] has length 0"},
		{FULL("4", "[0,0]", "[1,1]", "[[1e308,1e308]]"), "map: rows[0] has length inf"},
		{FULL("4", "[0,0]", "[1,1]", "[[1,0],[0.5,1]]"), "rows[0] and rows[1] are not orthogonal"},
		{"{\"format\":\"ppdl-features\",\"version\":1,\"features\":[{\"kind\":\"padding\",\"inputs\":4096}],"
			"\"map\":{\"rows\":[[1]]}}", "map: the features have 4096 inputs, a map takes 2048"},
		{"{\"format\":\"ppdl-features\",\"version\":1,\"features\":[{\"kind\":\"constant\",\"weight\":2}],"
			"\"map\":{\"rows\":[[1]]}}", "features[0].weight: has no place beside a map"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		PpdlFeatures *fs;
		PpdlStatus	status = ppdl_features_parse(&fs, t[i].json, strlen(t[i].json), "f.json", &err);

		assert_int_equal(status, t[i].want ? PPDL_ERR_FORMAT : PPDL_OK);
		if (t[i].want && strstr(err.message, t[i].want) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.message, t[i].want);
		assert_int_equal(fs != NULL, t[i].want == NULL);
		ppdl_features_destroy(fs);
	}
}

/* columns that go together are no fewer values in the row: how many there are says nothing about the rows */
static void
test_map_width(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn_whitened("Id,a,b,c,Sick\n1,1,1,x,0\n2,2,2,y,1\n3,3,3,z,1\n4,4,4,x,0\n5,5,5,y,0\n6,6,6,z,1\n"
									  "7,9,9,x,1\n", &opt);
	double		z[6],
				y[1];
	int			has_label;

	(void) state;
	assert_int_equal(fs->encoded, 5);
	assert_int_equal(fs->map->components, 3);	/* a and b are one; c has two */
	assert_int_equal(fs->inputs, 5);	/* a, b, two of c, and the constant */
	assert_int_equal(apply(fs, "Id,a,b,c,Sick\n1,1,1,x,0\n", z, y, &has_label, 0, NULL), PPDL_OK);
	assert_true(z[3] == 0.25 && z[4] == 0);
	ppdl_features_destroy(fs);
}

/* the directions that vary most: the first ones of all */
static void
test_map_components(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *all = learn_whitened(table, &opt),
			   *fs = learn(table, &opt, NULL);
	PpdlCsv    *csv = csv_of(table);

	(void) state;
	assert_int_equal(ppdl_features_learn_map(fs, csv, 2, &err), PPDL_OK);
	ppdl_csv_close(csv);
	assert_int_equal(fs->map->components, 2);
	assert_int_equal(fs->inputs, 3);
	for (int i = 0; i < 10; i++)
		assert_true(fabs(fs->map->matrix[i] / fs->map->matrix[0] - all->map->matrix[i] / all->map->matrix[0]) < 1e-8);
	ppdl_features_destroy(all);
	ppdl_features_destroy(fs);
}

/* a file that is shorter when it is read again */
static void
test_map_second_pass(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(table, &opt, NULL);
	PpdlCsv    *csv = csv_of("Id,Age,Gender,Race,Meds,Site,Weight,Sick\n1,20,Male,Asian,None,A,60.5,0\n");

	(void) state;
	assert_int_equal(ppdl_features_learn_map(fs, csv, 0, &err), PPDL_ERR_FORMAT);
	assert_non_null(strstr(err.message, "4 rows at first and 1 when read again"));
	assert_null(fs->map);
	ppdl_csv_close(csv);
	ppdl_features_destroy(fs);
}

/* ---- what is suggested does not diverge ---- */

/*
 * People in `classes` groups of about the same size (or the first nine of ten), who say yes to `columns` questions
 * rarely, a little more often where the question is their group's: nearly constant inputs, all of one sign.
 */
static char *
survey(int rows, int columns, int classes, int uneven, uint64_t seed)
{
	char	   *text = malloc(40 + (size_t) (rows + 1) * (size_t) (8 * columns + 20)),
			   *p = text;
	PpdlPrng	rng;

	assert_non_null(text);
	ppdl_prng_init(&rng, seed, 1);
	p += sprintf(p, "Id");
	for (int j = 0; j < columns; j++)
		p += sprintf(p, ",q%d", j);
	p += sprintf(p, ",Sick\n");
	for (int r = 0; r < rows; r++)
	{
		const int	rare = uneven && ppdl_prng_below(&rng, 10) > 0,
					group = rare ? 0 : (int) ppdl_prng_below(&rng, (uint64_t) classes);

		p += sprintf(p, "%d", r);
		for (int j = 0; j < columns; j++)
		{
			const uint64_t chance = j % 4 == group % 4 || j % 4 == 3 ? 15 : 5;

			p += sprintf(p, ",%s", ppdl_prng_below(&rng, 100) < chance ? "yes" : "no");
		}
		p += sprintf(p, ",c%d\n", r < classes ? r : group);
	}
	return text;
}

static void
encode_all(PpdlFeatures *fs, const char *text, double *x, double *y)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more,
				has_label;

	assert_int_equal(ppdl_binding_init(&b, fs, csv, 1, &err), PPDL_OK);
	for (long r = 0;; r++)
	{
		assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
		if (!more)
			break;
		assert_int_equal(ppdl_binding_apply(&b, &row, x + r * fs->inputs, y + r * fs->outputs, &has_label, &err), PPDL_OK);
	}
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
}

/* trains what fs suggests, by its own options or ppdl_train's defaults; how far weights went */
static double
train_suggested(PpdlFeatures *fs, const char *text, int own_options, const char *what)
{
	double	   *x = calloc((size_t) (fs->rows * fs->inputs), sizeof *x),
			   *y = calloc((size_t) (fs->rows * fs->outputs), sizeof *y),
			   *w[2],
				moved = 0;
	PpdlTrainOptions opt;
	PpdlWriter	t;
	PpdlNet    *net;
	int			n;

	encode_all(fs, text, x, y);
	ppdl_writer_init(&t);
	assert_int_equal(ppdl_features_model_spec(fs, 0, &t, &err), PPDL_OK);
	ppdl_write_u8(&t, 0);
	assert_int_equal(ppdl_net_parse(&net, (char *) t.buf, &err), PPDL_OK);
	t.len = 0;
	if (own_options)
		assert_int_equal(ppdl_features_train_options(fs, 0, &t, &err), PPDL_OK);
	ppdl_write_u8(&t, 0);
	assert_int_equal(ppdl_train_options_parse(&opt, (char *) t.buf, &err), PPDL_OK);
	ppdl_writer_free(&t);
	n = ppdl_net_weight_count(net);
	w[0] = calloc((size_t) n, sizeof(double));
	w[1] = calloc((size_t) n, sizeof(double));
	assert_int_equal(ppdl_net_init(net, &opt, &err), PPDL_OK);
	ppdl_net_get_weights(net, w[0]);
	if (ppdl_net_train(net, x, y, (int) fs->rows, &opt, NULL, &err) != PPDL_OK)
		fail_msg("%s, %s options: %s", what, own_options ? "suggested" : "default", err.message);
	ppdl_net_get_weights(net, w[1]);
	for (int i = 0; i < n; i++)
		moved = fmax(moved, fabs(w[1][i] - w[0][i]));
	free(w[0]);
	free(w[1]);
	free(x);
	free(y);
	ppdl_net_destroy(net);
	return moved;
}

static void
test_suggestions_converge(void **state)
{
	static const struct
	{
		int			rows,
					columns,
					classes,
					uneven;
	}			t[] = {{400, 48, 3, 0}, {300, 120, 2, 0}, {300, 60, 5, 1}, {300, 12, 9, 1}, {60, 200, 2, 1}, {200, 4, 2, 0}};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		char	   *text = survey(t[i].rows, t[i].columns, t[i].classes, t[i].uneven, 5 + i),
					what[80];
		PpdlLearnOptions opt = defaults();

		for (int whiten = 0; whiten < 2; whiten++)
		{
			PpdlFeatures *fs = whiten ? learn_whitened(text, &opt) : learn(text, &opt, NULL);

			snprintf(what, sizeof what, "%d columns, %d classes%s", t[i].columns, t[i].classes, whiten ? ", whitened" : "");
			train_suggested(fs, text, 0, what);
			/* encrypted training keeps weights within 1 of the first ones */
			assert_true(train_suggested(fs, text, 1, what) <= 1);
			ppdl_features_destroy(fs);
		}
		free(text);
	}
}

/* units fit the slots of encrypted training, or there is no hidden layer; what somebody asks for stays */
static void
test_suggested_size(void **state)
{
	static const struct
	{
		int			columns,
					classes,
					units,
					whitened;
	}			t[] = {{12, 2, 16, 16}, {62, 2, 16, 16}, {100, 2, 15, 16}, {200, 2, 7, 8}, {48, 3, 7, 8}, {12, 5, 15, 16}, {12, 9, 0, 0}};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		char	   *text = survey(300, t[i].columns, t[i].classes, 0, 50 + i);
		PpdlLearnOptions opt = defaults();

		for (int whiten = 0; whiten < 2; whiten++)
		{
			PpdlFeatures *fs = whiten ? learn_whitened(text, &opt) : learn(text, &opt, NULL);
			int			units = ppdl_features_suggest_units(fs, 0);

			assert_int_equal(units, whiten ? t[i].whitened : t[i].units);
			assert_true(ppdl_features_slots(fs, units) <= PPDL_MAX_SLOTS_A_ROW);
			assert_int_equal(ppdl_features_suggest_units(fs, 77), 77);
			assert_int_equal(ppdl_features_need_map(fs), !whiten);
			ppdl_features_destroy(fs);
		}
		free(text);
	}
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
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_json_refuses),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_real_files),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_needs_utf8),
		cmocka_unit_test(test_map_refuses),
		cmocka_unit_test(test_map_width),
		cmocka_unit_test(test_map_components),
		cmocka_unit_test(test_map_second_pass),
		cmocka_unit_test(test_suggestions_converge),
		cmocka_unit_test(test_suggested_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
