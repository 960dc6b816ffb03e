/* Values as people write them: numbers, days, words for missing ones, classes; and what an encoding makes of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv_fixture.h"
#include "table/calendar.h"
#include "table/features.h"
#include "table/fold.h"
#include "net/prng.h"

static PpdlError err;
static PpdlPrng prng;

static long
below(long n)
{
	return (long) ppdl_prng_below(&prng, (uint64_t) n);
}

static PpdlLearnOptions
defaults(void)
{
	return (PpdlLearnOptions) {.label = "y", .one_hot_weight = 1, .max_categories = 32, .outside = -1};
}

static PpdlWriter notes;

/* what is learned, written and read back; NULL on error.  The notes are a string. */
static PpdlFeatures *
learn(const char *text, const PpdlLearnOptions *opt)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlFeatures *fs = NULL,
			   *back = NULL;
	PpdlWriter	w,
				again;
	PpdlStatus	status;

	ppdl_writer_free(&notes);
	ppdl_writer_init(&notes);
	err = (PpdlError) {0};
	status = ppdl_features_learn(&fs, csv, opt, &notes, &err);
	ppdl_write_u8(&notes, 0);
	ppdl_csv_close(csv);
	if (status != PPDL_OK)
		return NULL;
	ppdl_writer_init(&w);
	ppdl_writer_init(&again);
	assert_int_equal(ppdl_features_write(fs, &w, &err), PPDL_OK);
	if (ppdl_features_parse(&back, (char *) w.buf, w.len, "f.json", &err) != PPDL_OK)
		fail_msg("%s", err.message);
	assert_int_equal(ppdl_features_write(back, &again, &err), PPDL_OK);
	assert_int_equal(w.len, again.len);
	assert_memory_equal(w.buf, again.buf, w.len);
	ppdl_writer_free(&w);
	ppdl_writer_free(&again);
	ppdl_features_destroy(fs);
	return back;
}

static void
noted(const char *what)
{
	if (strstr((const char *) notes.buf, what) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", (const char *) notes.buf, what);
}

static void
refused(const char *text, const PpdlLearnOptions *opt, const char *message, const char *hint)
{
	PpdlFeatures *fs = learn(text, opt);

	if (fs != NULL || strstr(err.message, message) == NULL || strstr(err.hint, hint) == NULL)
		fail_msg("\"%s\", hint \"%s\", are not \"%s\", \"%s\"", err.message, err.hint, message, hint);
}

/* the first row of text; x[0] is NAN when refused */
static void
apply(const PpdlFeatures *fs, const char *text, double *x, double *y, int *has_label)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more;

	assert_int_equal(ppdl_binding_init(&b, fs, csv, 0, &err), PPDL_OK);
	assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
	if (ppdl_binding_apply(&b, &row, x, y, has_label, &err) != PPDL_OK)
		x[0] = NAN;
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
}

/* ------------------------------------------------------------------ numbers */

static void
test_numerals(void **state)
{
	static const struct
	{
		PpdlNumerals n;
		const char *text;
		int			got;
		double		v;
	}			t[] = {
		{{0, 0, 0}, " -1.50 ", 1, -1.5}, {{0, 0, 0}, "0x10", 0, 0}, {{0, 0, 0}, "1e999", -1, 0},
		{{0, 0, 0}, "1,5", 0, 0}, {{0, 0, 0}, "\xE2\x88\x92" "7", 1, -7}, {{0, 0, 0}, "\xC2\xA0" "7", 1, 7},
		{{0, 0, 0}, "", 0, 0}, {{0, 0, 0}, "nan", -1, 0}, {{0, 0, 0}, "5%", 0, 0},
		{{',', 0, 0}, "0,81", 1, 0.81}, {{',', 0, 0}, "0.81", 0, 0}, {{',', 0, 0}, "1,5e3", 1, 1500},
		{{',', 0, 0}, ",5", 1, 0.5}, {{',', 0, 0}, "5,", 1, 5}, {{',', 0, 0}, ",", 0, 0}, {{',', 0, 0}, "1,2,3", 0, 0},
		{{',', 0, 0}, "inf", -1, 0}, {{',', 0, 0}, "1e", 0, 0},
		{{',', '.', 0}, "1.234.567,5", 1, 1234567.5}, {{',', '.', 0}, "1234,5", 1, 1234.5}, {{',', '.', 0}, "1.5", 0, 0},
		{{',', '.', 0}, "1234.567", 0, 0}, {{',', '.', 0}, ".123", 0, 0}, {{',', '.', 0}, "1.23.456", 0, 0},
		{{0, ',', 0}, "1,234", 1, 1234}, {{0, ',', 0}, "0,81", 0, 0}, {{0, ' ', 0}, "1 234.5", 1, 1234.5},
		{{0, ' ', 0}, "1\xE2\x80\xAF" "234", 1, 1234}, {{0, '\'', 0}, "-1'000", 1, -1000},
		{{0, 0, 1}, "5 %", 1, 5}, {{0, 0, 1}, "5", 0, 0}, {{',', 0, 1}, "-0,5%", 1, -0.5}, {{0, 0, 1}, "%", 0, 0},
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		double		v;
		int			got = ppdl_numeral_parse(&t[i].n, t[i].text, &v);

		if (got != t[i].got || (got == 1 && v != t[i].v))
			fail_msg("\"%s\": %d, %g", t[i].text, got, v);
	}
}

/* one of the ways to write digits * 10^-places in this form */
static void
spell(char out[200], const PpdlNumerals *n, long digits, int places)
{
	char		plain[40],
				whole[80] = "",
				*to = whole;
	size_t		len;
	long		power = 1;
	int			group = n->thousands && below(2),
				exponent = below(4) == 0;
	const char *sign = digits < 0 ? (below(4) ? "-" : "\xE2\x88\x92") : below(4) ? "" : "+";

	for (int i = 0; i < places; i++)
		power *= 10;
	snprintf(plain, sizeof plain, "%ld", labs(digits) / (exponent ? 1 : power));
	len = strlen(plain);
	for (size_t i = 0; i < len; i++)
	{
		*to++ = plain[i];
		if (group && i + 1 < len && (len - i - 1) % 3 == 0)
			*to++ = n->thousands;
	}
	*to = 0;
	len = (size_t) snprintf(out, 200, "%s%s%s", below(3) ? "" : " ", sign, whole);
	if (exponent)
		len += (size_t) snprintf(out + len, 200 - len, "%c%d", below(2) ? 'e' : 'E', -places);
	else if (places > 0 || below(3) == 0)
		len += (size_t) snprintf(out + len, 200 - len, "%c%0*ld%.*s", n->decimal ? n->decimal : '.', places ? places : 1,
								 labs(digits) % power, (int) below(3), "00");
	if (n->percent)
		len += (size_t) snprintf(out + len, 200 - len, "%s%%", below(2) ? "" : " ");
	snprintf(out + len, 200 - len, "%s", below(3) ? "" : below(2) ? " " : "\xC2\xA0");
}

/* the same number gives the same input, or class, in whatever spelling; so do files that are learned from other spellings */
static void
test_random_spellings(void **state)
{
	static const PpdlNumerals form[] = {{0, 0, 0}, {',', 0, 0}, {',', '.', 0}, {0, ',', 0}, {0, '\'', 0}, {',', ' ', 0},
	{0, 0, 1}, {',', '.', 1}};

	(void) state;
	for (int round = 0; round < 60; round++)
	{
		const PpdlNumerals *n = &form[below(sizeof form / sizeof *form)];
		PpdlLearnOptions opt = defaults();
		PpdlFeatures *fs[2];
		char		text[2][8192] = {"a;y\n", "a;y\n"},
					one[200],
					row[300];
		long		digits[20];
		int			places = (int) below(4),
					has_label;

		opt.decimal = n->decimal;
		opt.thousands = n->thousands;
		for (int i = 0; i < 20; i++)
			digits[i] = below(3) ? below(20000000) - 10000000 : below(1000);
		digits[0] = digits[1] + 1;
		digits[2] = digits[1] + 2;
		for (int k = 0; k < 2; k++)
			for (int i = 0; i < 20; i++)
			{
				spell(one, n, digits[i], places);
				sprintf(text[k] + strlen(text[k]), "\"%s\";", one);
				spell(one, n, i % 2, 0);
				sprintf(text[k] + strlen(text[k]), "\"%s\"\n", one);
			}
		for (int k = 0; k < 2; k++)
			if ((fs[k] = learn(text[k], &opt)) == NULL)
				fail_msg("%s\n%s", err.message, text[k]);
		assert_true(fs[0]->feature[0].min == fs[1]->feature[0].min && fs[0]->feature[0].max == fs[1]->feature[0].max);
		assert_int_equal(fs[0]->outputs, 1);
		for (int i = 0; i < 20; i++)
		{
			double		x[2][2],
						y[2] = {0};

			for (int k = 0; k < 2; k++)
			{
				spell(one, n, digits[i], places);
				sprintf(row, "a;y\n\"%s\";", one);
				spell(one, n, i % 2, 0);
				sprintf(row + strlen(row), "\"%s\"\n", one);
				apply(fs[k], row, x[k], &y[k], &has_label);
				if (isnan(x[k][0]) || !has_label)
					fail_msg("%s: %s", row, err.message);
			}
			if (x[0][0] != x[1][0] || y[0] != y[1] || y[0] != (i % 2 ? 1 : -1))
				fail_msg("%s: %.17g and %.17g, %g and %g", row, x[0][0], x[1][0], y[0], y[1]);
		}
		ppdl_features_destroy(fs[0]);
		ppdl_features_destroy(fs[1]);
	}
}

/* what a comma means shows in the column, in other columns of the file, or must be said */
static void
test_commas(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;

	(void) state;
	opt.label = NULL;
	fs = learn("a;b\n0,81;1,234\n1,5;2,500\n2,25;3,750\n", &opt);
	assert_non_null(fs);
	assert_true(fs->feature[0].max == 2.25 && fs->feature[1].min == 1.234);
	noted("decimal commas in \"a\", \"b\"");
	ppdl_features_destroy(fs);
	refused("a;b\n1,234;1\n2,500;2\n3,750;5\n", &opt, "p.csv:2: column \"a\": the comma in \"1,234\" may be", "--thousands ,");
	/* one column with commas, another with points: thousands are likelier, and nobody guesses */
	refused("a;b;c\n1,234;1.5;0,5\n2,500;2.5;0,7\n3,750;5.5;0,9\n", &opt, "the comma in \"1,234\"", "--decimal ,");
	refused("a;b\n0,5;1\n0.6;2\n0,7;5\n0,8;5\n", &opt, "p.csv:3: column \"a\": \"0.6\" is not a number", "--na '0.6'");
	refused("a;b\n1.234,5;1\n2,5;2\n3,7;5\n", &opt, "\"1.234,5\" is not a number", "--decimal , --thousands .");
	refused("a,b\n5%,1\n7,2\n9%,5\n", &opt, "column \"a\": 2 of 3 numbers have a percent sign", "one way");
	opt.thousands = ',';
	fs = learn("a;b\n1,234;1\n2,500;2\n3,750;5\n", &opt);
	assert_non_null(fs);
	assert_true(fs->feature[0].min == 1234);
	ppdl_features_destroy(fs);
	opt.thousands = '.';
	refused("a;b\n1,234;1\n", &opt, "--thousands .: that is the decimal mark", "--decimal ,");
}

/* zeros before other digits are part of a code, unless numbers are asked for */
static void
test_leading_zeros(void **state)
{
	static char *plz[] = {"plz", NULL};
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn("plz,y\n01067,1\n10115,0\n80331,1\n01067,0\n", &opt);

	(void) state;
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].kind, PPDL_FEATURE_ONE_HOT);
	assert_string_equal(fs->feature[0].category[0], "01067");
	noted("\"plz\" has numbers with leading zeros");
	ppdl_features_destroy(fs);
	opt.numeric = plz;
	fs = learn("plz,y\n01067,1\n10115,0\n80331,1\n01067,0\n", &opt);
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].kind, PPDL_FEATURE_NUMERIC);
	ppdl_features_destroy(fs);
	opt.numeric = NULL;
	opt.max_categories = 2;
	refused("plz,y\n01067,1\n10115,0\n80331,1\n01067,0\n04109,1\n", &opt, "has 4 different values", "--numeric \"plz\"");
}

/* ------------------------------------------------------------------ missing values */

static void
test_missing_words(void **state)
{
	static char *none[] = {"", "weg", NULL};
	static char *category[] = {"land", NULL};
	static const char text[] =
	"bp,test,land,y\n1,+,NA,0\n2,-,DE,1\n-,+,FR,0\n?,,DE,1\nk. A.,+,NA,0\n k.a. ,-,FR,1\n4,-,FR,1\n,+,DE,0\n";
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[16],
				y[2];
	int			has_label;

	(void) state;
	fs = learn(text, &opt);
	assert_non_null(fs);
	/* a hyphen is a category among words, and nothing among numbers */
	assert_int_equal(fs->feature[0].kind, PPDL_FEATURE_NUMERIC);
	assert_int_equal(fs->feature[1].kind, PPDL_FEATURE_BINARY);
	assert_string_equal(fs->feature[1].category[1], "+");
	assert_true(fs->feature[0].missing && fs->feature[1].missing && fs->feature[2].missing);
	noted("taken for missing values, in 2 columns: ");
	noted("\" k.a. \" (1)");
	noted("\"?\" (1)");
	noted("\"NA\" (2)");
	apply(fs, "bp,test,land,y\nN/A,-,n/a,?\n", x, y, &has_label);
	assert_true(x[0] == 0 && x[1] == 1 && x[2] == -1 && x[3] == 0 && !has_label);
	ppdl_features_destroy(fs);

	opt.category = category;
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_int_equal(fs->feature[2].ncategories, 3);	/* Namibia is a country */
	assert_false(fs->feature[2].missing);
	ppdl_features_destroy(fs);
	opt.category = NULL;

	refused("a,y\n1,0\n2,1\n3,0\nhoch,1\n<5,0\nhoch,1\n9,1\n", &opt, "p.csv:5: column \"a\": \"hoch\" is not a number",
			"--na '<5,hoch'");
	assert_non_null(strstr(err.detail, "4 of 7 values are numbers; not: \"<5\" (1), \"hoch\" (2)"));
	opt.na = (char *[]) {"hoch", "<5", NULL};
	fs = learn("a,y\n1,0\n2,1\n3,0\nhoch,1\n<5,0\nhoch,1\nNA,1\n", &opt);
	assert_non_null(fs);
	apply(fs, "a,y\nHoch,1\n", x, y, &has_label);
	assert_true(x[0] == 0 && x[1] == 1);
	ppdl_features_destroy(fs);
	opt.na = none;
	refused("a,y\n1,0\n2,1\n3,0\nNA,1\n-,0\nweg,1\n9,1\n", &opt, "\"NA\" is not a number", "--na '-,NA'");
}

/* ------------------------------------------------------------------ labels */

static void
expect_classes(const char *text, const PpdlLearnOptions *opt, const char *negative, const char *positive)
{
	PpdlFeatures *fs = learn(text, opt);

	if (fs == NULL)
		fail_msg("%s", err.message);
	assert_int_equal(fs->label->kind, PPDL_FEATURE_BINARY);
	assert_string_equal(fs->label->category[0], negative);
	assert_string_equal(fs->label->category[1], positive);
	ppdl_features_destroy(fs);
}

static void
test_positive_class(void **state)
{
	static const char *const pair[][2] = {
		{"nein", "ja"}, {"no", "yes"}, {"control", "case"}, {"notckd", "ckd"}, {"gesund", "krank"}, {"Non", "Oui"},
		{"FALSE", "TRUE"}, {"benign", "malignant"}, {"kein Bruch", "Bruch"}, {"-", "+"}, {"negative", "positive"},
		{"alive", "dead"}, {"B", "M"}, {"1", "2"}, {"0", "1"}, {"-1", "1"}, {"9", "10"}
	};
	PpdlLearnOptions opt = defaults();
	char		text[200];

	(void) state;
	for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
		for (int swap = 0; swap < 2; swap++)
		{
			snprintf(text, sizeof text, "a,b,y\n1,2,%s\n2,1,%s\n3,3,%s\n", pair[i][swap], pair[i][!swap], pair[i][swap]);
			expect_classes(text, &opt, pair[i][0], pair[i][1]);
			opt.positive = pair[i][0];
			expect_classes(text, &opt, pair[i][1], pair[i][0]);
			opt.positive = NULL;
		}
	opt.positive = "vielleicht";
	refused("a,b,y\n1,2,ja\n2,1,nein\n", &opt, "--positive: label \"y\" has no class \"vielleicht\"", "");
	assert_non_null(strstr(err.detail, "\"ja\" (1), \"nein\" (1)"));
	opt.positive = "a";
	refused("a,b,y\n1,2,a\n2,1,b\n3,1,c\n", &opt, "has 3 classes", "");
	opt.label = NULL;
	refused("a,b,y\n1,2,a\n2,1,b\n3,1,c\n", &opt, "--positive without --label", "");
}

static void
test_label_map(void **state)
{
	static const char text[] = "a,b,y\n1,2,Ja\n2,1,ja\n3,1,Nein \n4,7,nein\n5,7,j\n6,2,unbekannt\n7,1,nein\n";
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[4],
				y[4];
	int			has_label;

	(void) state;
	/* spellings are one class and are named; the stray one is not */
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_int_equal(fs->outputs, 4);
	noted("\"Nein \" (1), \"ja\" (1) differ from other values in case or blanks only");
	ppdl_features_destroy(fs);

	opt.label_map = (char *[]) {"ja=+1", "j=+1", "nein=-1", "unbekannt=", NULL};
	expect_classes(text, &opt, "nein", "ja");
	fs = learn(text, &opt);
	apply(fs, "a,b,y\n1,2,J\n", x, y, &has_label);
	assert_true(has_label && y[0] == 1);
	apply(fs, "a,b,y\n1,2, NEIN\n", x, y, &has_label);
	assert_true(has_label && y[0] == -1);
	apply(fs, "a,b,y\n1,2,Unbekannt\n", x, y, &has_label);
	assert_false(has_label);
	apply(fs, "a,b,y\n1,2,tot\n", x, y, &has_label);
	assert_true(isnan(x[0]));
	assert_int_equal(ppdl_feature_class(fs, fs->label, "j"), 1);
	assert_int_equal(ppdl_feature_class(fs, fs->label, "unbekannt"), PPDL_CLASS_MISSING);
	assert_int_equal(ppdl_feature_class(fs, fs->label, "tot"), PPDL_CLASS_UNKNOWN);
	ppdl_features_destroy(fs);

	opt.label_map = (char *[]) {"ja=-1", "j=-1", "nein=+1", "unbekannt=", NULL};
	expect_classes(text, &opt, "ja", "nein");
	opt.label_map = (char *[]) {"ja=krank", "j=krank", "nein=gesund", "unbekannt=", NULL};
	expect_classes(text, &opt, "gesund", "krank");
	opt.label_map = (char *[]) {"ja=+1", "nein=-1", "unbekannt=", NULL};
	refused(text, &opt, "\"j\" (1 rows) is not in --label-map", "\"j=+1\"");
	opt.label_map = (char *[]) {"ja=+1", "nein=", NULL};
	refused(text, &opt, "which value is -1?", "");
	opt.label_map = (char *[]) {"ja=+1", "nein=-1", "unbekannt=egal", NULL};
	refused(text, &opt, "codes and names do not mix", "VALUE=+1");
	opt.label_map = (char *[]) {"ja", NULL};
	refused(text, &opt, "no equals sign", "VALUE=+1");
	opt.label_map = (char *[]) {"ja=a", "ja=b", NULL};
	refused(text, &opt, "the value is there twice", "");
	/* of a label of numbers */
	opt.label_map = (char *[]) {"999=", NULL};
	opt.numeric = (char *[]) {"y", NULL};
	fs = learn("a,b,y\n1,2,10\n2,1,20\n3,1,999\n", &opt);
	assert_non_null(fs);
	assert_true(fs->label->max == 20);
	apply(fs, "a,b,y\n1,2,999.0\n", x, y, &has_label);
	assert_false(has_label);
	ppdl_features_destroy(fs);
}

static void
test_rare_class(void **state)
{
	PpdlLearnOptions opt = defaults();
	char		text[8000] = "a,y\n";
	PpdlFeatures *fs;

	(void) state;
	for (int i = 0; i < 300; i++)
		sprintf(text + strlen(text), "%d,%s\n", i % 17, i == 77 ? "unbekannt" : i % 2 ? "ja" : "nein");
	fs = learn(text, &opt);
	assert_non_null(fs);
	noted("class \"unbekannt\" has 1 of 300 rows; --label-map \"unbekannt=\"");
	ppdl_features_destroy(fs);
}

/* ------------------------------------------------------------------ days */

static void
test_calendar(void **state)
{
	long		day,
				again;
	char		text[16];
	static const char *const wrong[] = {"2026-02-29", "2026-13-01", "31.4.2026", "26-01-01", "2026-1", "1.2.26", "", "x",
	"2026-01-01x", "0000-01-01", "12/31/2026"};

	(void) state;
	assert_int_equal(ppdl_day_number(1970, 1, 1), 0);
	assert_int_equal(ppdl_day_number(2000, 3, 1), 11017);
	for (day = ppdl_day_number(1, 1, 1); day <= ppdl_day_number(9999, 12, 31); day += 1 + below(200))
	{
		ppdl_day_print(text, day);
		assert_true(ppdl_day_parse(NULL, text, &again) && again == day);
		assert_true(ppdl_day_parse("%Y-%m-%d", text, &again) && again == day);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (ppdl_day_parse(NULL, wrong[i], &day))
			fail_msg("\"%s\" is a day", wrong[i]);
	assert_true(ppdl_day_parse(NULL, " 2026-01-31T12:30:00Z ", &day) && ppdl_day_parse(NULL, "31. 1.2026", &again));
	assert_int_equal(day, again);
	assert_true(ppdl_day_parse("%m/%d/%y", "12/31/69", &day) && day == -1);
	assert_false(ppdl_day_parse("%d.%m.%Y", "31.02.2020", &day));
	/* a birthday makes whole years */
	for (int i = 0; i < 2000; i++)
	{
		int			y = 1900 + (int) below(100),
					m = 1 + (int) below(12),
					d = 1 + (int) below(28),
					years = (int) below(110);

		assert_true(ppdl_age(ppdl_day_number(y, m, d), ppdl_day_number(y + years, m, d)) == years);
		day = ppdl_day_number(y, m, d) + below(40000);
		assert_true(ppdl_age(ppdl_day_number(y, m, d), day) < ppdl_age(ppdl_day_number(y, m, d), day + 1));
	}
	assert_true(ppdl_age(ppdl_day_number(2000, 2, 29), ppdl_day_number(2021, 3, 1)) == 21);
	assert_true(ppdl_age(ppdl_day_number(2030, 1, 1), ppdl_day_number(2026, 1, 1)) == -4);
}

static void
test_dates(void **state)
{
	static const char text[] = "geb,y\n1960-05-03,1\n01.01.1970,0\n2000-02-29,1\n?,0\n";
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[8],
				y[2];
	int			has_label;
	char		out[40];

	(void) state;
	refused("geb,y\n1960-05-03,1\n01.01.1970,0\n2000-02-29,1\n", &(PpdlLearnOptions)
			{.label = "y", .one_hot_weight = 1, .max_categories = 2}, "has 3 different values", "--date \"geb:age@");
	opt.dates = (char *[]) {"geb", NULL};
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_true(fs->feature[0].min == (double) ppdl_day_number(1960, 5, 3) && fs->feature[0].missing);
	ppdl_feature_print(&fs->feature[0], ppdl_feature_decode(&fs->feature[0], 1), out, sizeof out);
	assert_string_equal(out, "2000-02-29");
	ppdl_features_destroy(fs);

	opt.dates = (char *[]) {"geb:age@2026-01-01", NULL};
	opt.bands = (char *[]) {"geb:30,56", NULL};
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].kind, PPDL_FEATURE_BANDS);
	apply(fs, "geb,y\n1.1.1970,1\n", x, y, &has_label);
	assert_true(x[2] == 1 && x[1] == 0);	/* 56 on that day */
	apply(fs, "geb,y\n2.1.1970,1\n", x, y, &has_label);
	assert_true(x[2] == 0 && x[1] == 1);
	apply(fs, "geb,y\n31.2.1970,1\n", x, y, &has_label);
	assert_true(isnan(x[0]) && strstr(err.message, "p.csv:2: column \"geb\": \"31.2.1970\" is not a day") != NULL);
	ppdl_features_destroy(fs);
	opt.bands = NULL;

	opt.dates = (char *[]) {"geb:since@1970-01-01", NULL};
	opt.date_format = "%m/%d/%Y";
	fs = learn("geb,y\n01/02/1970,1\n01/11/1970,0\n01/05/1970,1\n", &opt);
	assert_non_null(fs);
	assert_true(fs->feature[0].min == 1 && fs->feature[0].max == 10);
	assert_string_equal(fs->feature[0].date_format, "%m/%d/%Y");
	ppdl_features_destroy(fs);
	refused(text, &opt, "p.csv:2: column \"geb\": \"1960-05-03\" is not a day", "--date-format");
	opt.date_format = NULL;
	opt.dates = (char *[]) {"geb:alter@2026-01-01", NULL};
	refused(text, &opt, "--date geb:alter@2026-01-01", "COLUMN:age@");
	opt.dates = (char *[]) {"geb:age@morgen", NULL};
	refused(text, &opt, "\"morgen\" is not clear", "COLUMN:age@");
	opt.dates = (char *[]) {"gebb", NULL};
	refused(text, &opt, "no column \"gebb\"", "");
}

/* ------------------------------------------------------------------ ranges and logarithms */

static void
test_range(void **state)
{
	static const char text[] = "kg,b,y\n60,1,1\n70,2,0\n80,5,1\n7800,3,0\n65,2,0\n66,2,0\n67,2,0\n68,2,0\n69,2,0\n";
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs = learn(text, &opt);
	double		x[8],
				y[2];
	int			has_label;

	(void) state;
	assert_non_null(fs);
	noted("column \"kg\" goes from 60 to 7800, but nearly all values lie within");
	assert_null(strstr((char *) notes.buf, "column \"b\" goes"));
	ppdl_features_destroy(fs);
	opt.range = (char *[]) {"kg:50..100", NULL};
	refused(text, &opt, "p.csv:5: column \"kg\": \"7800\" lies outside of --range, as 1 of 9", "--outside=clamp");
	opt.outside = PPDL_OUTSIDE_CLAMP;
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_null(strstr((char *) notes.buf, "goes from"));
	apply(fs, "kg,b,y\n7800,1,1\n", x, y, &has_label);
	assert_true(x[0] == 1);
	apply(fs, "kg,b,y\n75,1,1\n", x, y, &has_label);
	assert_true(x[0] == 0);
	ppdl_features_destroy(fs);
	opt.outside = PPDL_OUTSIDE_NULL;
	fs = learn(text, &opt);
	assert_non_null(fs);
	apply(fs, "kg,b,y\n7800,1,1\n", x, y, &has_label);
	assert_true(x[0] == 0 && x[1] == 1);
	/* a column without an input for missing values */
	apply(fs, "kg,b,y\n75,1000,1\n", x, y, &has_label);
	assert_true(x[1] == 0 && x[2] == 0);
	ppdl_features_destroy(fs);
	opt.outside = -1;
	opt.range = NULL;
	opt.quantile_range = (char *[]) {"0.1..0.8", NULL};
	fs = learn(text, &opt);
	assert_non_null(fs);
	assert_int_equal(fs->outside, PPDL_OUTSIDE_CLAMP);
	assert_true(fs->feature[0].min == 64 && fs->feature[0].max == 74 && fabs(fs->feature[1].max - 2.4) < 1e-12);
	ppdl_features_destroy(fs);
	opt.quantile_range = (char *[]) {"kg:10..90", NULL};
	refused(text, &opt, "two parts of 1", "0.01..0.99");
	opt.quantile_range = NULL;
	opt.range = (char *[]) {"kg:5..1", NULL};
	refused(text, &opt, "two numbers are expected, the lesser first", "");
	/* a label of numbers outside of its range is none */
	opt.range = (char *[]) {"y:0..100", NULL};
	opt.outside = PPDL_OUTSIDE_NULL;
	fs = learn("a,b,y\n1,2,10\n2,1,20\n3,1,999\n", &opt);
	assert_non_null(fs);
	apply(fs, "a,b,y\n1,2,999\n", x, y, &has_label);
	assert_false(has_label);
	apply(fs, "a,b,y\n1,2,50\n", x, y, &has_label);
	assert_true(has_label && y[0] == 0);
	ppdl_features_destroy(fs);
}

static void
test_log(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[8],
				y[2];
	int			has_label;

	(void) state;
	opt.log = (char *[]) {"crp", "n", NULL};
	fs = learn("crp,n,y\n0.1,0,1\n10,3,0\n1000,99,1\n", &opt);
	assert_non_null(fs);
	assert_int_equal(fs->feature[0].scale, PPDL_SCALE_LOG);
	assert_int_equal(fs->feature[1].scale, PPDL_SCALE_LOG1P);
	apply(fs, "crp,n,y\n10,9,1\n", x, y, &has_label);
	assert_true(fabs(x[0]) < 1e-15 && fabs(x[1]) < 1e-15);
	apply(fs, "crp,n,y\n0,9,1\n", x, y, &has_label);
	assert_true(isnan(x[0]) && strstr(err.message, "\"0\" lies outside 0.1 .. 1000") != NULL);
	ppdl_features_destroy(fs);
	refused("crp,n,y\n-1,0,1\n10,3,0\n1000,99,1\n", &opt, "column \"crp\": --log needs numbers that are not negative",
			"--range \"crp:");
}

/* what is encoded decodes to what it was, and order stays */
static void
test_decode(void **state)
{
	(void) state;
	for (int round = 0; round < 2000; round++)
	{
		PpdlFeature f = {.kind = PPDL_FEATURE_NUMERIC, .scale = (PpdlFeatureScale) below(3)};
		double		v,
					w;

		f.min = f.scale == PPDL_SCALE_LINEAR ? ldexp((double) (below(2000) - 1000), (int) below(60) - 30) :
			ldexp((double) (1 + below(1000)), (int) below(20) - 10);
		f.max = f.min + ldexp((double) (1 + below(1000)), (int) below(20) - 10);
		if (!(f.max > f.min * (1 + 1e-6)))
			continue;
		v = f.min + (double) below(1001) / 1000 * (f.max - f.min);
		w = f.min + (double) below(1001) / 1000 * (f.max - f.min);
		assert_true(fabs(ppdl_feature_encode(&f, v)) <= 1);
		if (v < w && ppdl_feature_encode(&f, v) > ppdl_feature_encode(&f, w))
			fail_msg("%g and %g change places", v, w);
		if (fabs(ppdl_feature_decode(&f, ppdl_feature_encode(&f, v)) - v) > 1e-9 * (fabs(f.min) + fabs(f.max)))
			fail_msg("%.17g in %g .. %g becomes %.17g", v, f.min, f.max,
					 ppdl_feature_decode(&f, ppdl_feature_encode(&f, v)));
		assert_true(ppdl_feature_encode(&f, f.min) == -1 && ppdl_feature_encode(&f, f.max) == 1);
	}
}

/* ------------------------------------------------------------------ the file */

static void
test_header_and_single_input(void **state)
{
	PpdlLearnOptions opt = defaults();
	PpdlFeatures *fs;
	double		x[2],
				y[2];
	int			has_label;

	(void) state;
	fs = learn("A11,6,y\nA12,5,0\nA11,7,1\nA13,9,0\n", &opt);
	assert_non_null(fs);
	noted("the header looks like a row: \"A11\" and others might be values");
	ppdl_features_destroy(fs);
	fs = learn("a,b,y\n1,2,0\n2,3,1\n3,5,0\n", &opt);
	assert_non_null(fs);
	assert_null(strstr((char *) notes.buf, "header"));
	ppdl_features_destroy(fs);
	/* the narrowest network takes two inputs */
	fs = learn("a,y\n1,0\n2,1\n3,0\n", &opt);
	assert_non_null(fs);
	assert_int_equal(fs->inputs, 2);
	noted("an input that is always 0 is added");
	apply(fs, "a,y\n3,1\n", x, y, &has_label);
	assert_true(x[0] == 1 && x[1] == 0);
	ppdl_features_destroy(fs);
}

static void
test_json_refuses(void **state)
{
#define ROOT(more) "{\"format\":\"ppdl-features\",\"version\":1," more "\"features\":[{\"kind\":\"constant\"}]}"
#define ONE(more) "{\"format\":\"ppdl-features\",\"version\":1,\"features\":[{\"kind\":\"numeric\",\"column\":\"a\",\"min\":0,\"max\":4," more "}]}"
	static const char *const t[][2] = {
		{ROOT("\"outside\":\"maybe\","), "outside: \"error\", \"clamp\""}, {ROOT("\"header\":1,"), "header: true or false"},
		{ROOT("\"delimiter\":\";;\","), "delimiter: one character"}, {ROOT("\"na\":\"NA\","), "na: an array"},
		{ROOT("\"na_numbers\":[1],"), "na_numbers: an array"}, {ROOT("\"charset\":7,"), "charset: a string"},
		{ONE("\"decimal\":\"x\""), "features[0].decimal: one character"},
		{ONE("\"decimal\":\",\",\"thousands\":\",\""), "features[0].thousands: must not be"},
		{ONE("\"thousands\":\".\""), "must not be the decimal mark"},
		{ONE("\"percent\":1"), "features[0].percent: true or false"}, {ONE("\"date\":\"moon\""), "features[0].date"},
		{ONE("\"date\":\"age\""), "features[0].at: a day"}, {ONE("\"date\":\"day\",\"format\":1"), "features[0].format"},
		{ONE("\"scale\":\"log\""), "features[0].min: has no logarithm"}, {ONE("\"scale\":\"sqrt\""), "features[0].scale"},
		{ONE("\"aliases\":[1]"), "features[0].aliases: an object"}, {ONE("\"aliases\":{\"a\":1}"), "strings are expected"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++)
	{
		PpdlFeatures *fs;

		assert_int_equal(ppdl_features_parse(&fs, t[i][0], strlen(t[i][0]), "f.json", &err), PPDL_ERR_FORMAT);
		if (strstr(err.message, t[i][1]) == NULL)
			fail_msg("\"%s\" does not say \"%s\"", err.message, t[i][1]);
	}
}

static void
test_fold(void **state)
{
	(void) state;
	assert_int_equal(ppdl_fold_compare(" Ja", "ja "), 0);
	assert_int_equal(ppdl_fold_compare("M\xC3\x84NNLICH", "m\xC3\xA4nnlich"), 0);
	assert_int_equal(ppdl_fold_compare("New  York", "new\xC2\xA0York"), 0);
	assert_int_not_equal(ppdl_fold_compare("k. A.", "k.A."), 0);
	assert_int_not_equal(ppdl_fold_compare("ja", "jaj"), 0);
	assert_int_not_equal(ppdl_fold_compare("\xC3\x97", "\xC3\xB7"), 0);	/* times, divided by */
	assert_true(ppdl_blank(" \xC2\xA0\t") && ppdl_blank("") && !ppdl_blank(" x"));
}

int
main(void)
{
	const char *seed = getenv("PPDL_TEST_SEED");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numerals),
		cmocka_unit_test(test_random_spellings),
		cmocka_unit_test(test_commas),
		cmocka_unit_test(test_leading_zeros),
		cmocka_unit_test(test_missing_words),
		cmocka_unit_test(test_positive_class),
		cmocka_unit_test(test_label_map),
		cmocka_unit_test(test_rare_class),
		cmocka_unit_test(test_calendar),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_header_and_single_input),
		cmocka_unit_test(test_json_refuses),
		cmocka_unit_test(test_fold),
	};
	uint64_t	s = seed ? strtoull(seed, NULL, 0) : 4711;
	int			rc;

	printf("seed %llu\n", (unsigned long long) s);
	ppdl_prng_init(&prng, s, 0);
	ppdl_writer_init(&notes);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ppdl_writer_free(&notes);
	return rc;
}
