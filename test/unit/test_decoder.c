/* Answers in the words of a table: decoded totals against plain statistics of random tables, rows against themselves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/prng.h"
#include "table/decoder.h"

#define ROWS 300
#define TABLES 12
#define ERROR 1e-7				/* of a value of a total, as a server's has */

static PpdlError err;
static PpdlPrng rng;
static uint64_t seed;

/* 0 <= x < 1 */
static double
random_number(void)
{
	return 1 - ppdl_prng_uniform(&rng);
}

static double
uniform(double lo, double hi)
{
	return lo + (hi - lo) * random_number();
}

static int
below(int n)
{
	return (int) (n * random_number()) % n;
}

/* ------------------------------------------------------------------ random tables */

/* what a table has: weight (some missing), height, smoker (some missing), ward of four (some missing), age in bands */
typedef struct Patient
{
	double		weight,			/* NaN: missing */
				height;
	int			smoker,			/* -1: missing */
				ward,			/* -1: missing */
				age,
				sick;
} Patient;

static const char *const smoker_word[] = {"No", "Yes"};
static const char *const ward_word[] = {"A", "B, left", "C = \"x\"", "D"};
static const char *const sick_word[] = {"ill", "sane", "who knows"};

static void
random_patient(Patient *p, double missing)
{
	p->weight = random_number() < missing ? NAN : floor(uniform(400, 1200)) / 10;
	p->height = floor(uniform(1400, 2000)) / 10;
	p->smoker = random_number() < missing ? -1 : below(2);
	p->ward = random_number() < missing ? -1 : below(4);
	p->age = 20 + below(60);
	p->sick = below(3);
}

static void
put_patient(FILE *f, const Patient *p)
{
	if (isnan(p->weight))
		fputs(",", f);
	else
		fprintf(f, "%.1f,", p->weight);
	fprintf(f, "%.1f,%s,", p->height, p->smoker < 0 ? "" : smoker_word[p->smoker]);
	if (p->ward == 2)
		fputs("\"C = \"\"x\"\"\"", f);
	else if (p->ward >= 0)
		fprintf(f, "\"%s\"", ward_word[p->ward]);
	fprintf(f, ",%d,%s\n", p->age, sick_word[p->sick]);
}

typedef struct Table
{
	Patient		p[ROWS];
	FILE	   *f;
	PpdlFeatures *fs;
	double	   *x,				/* ROWS * fs->inputs */
			   *y;				/* ROWS * fs->outputs */
} Table;

static PpdlCsv *
open_table(Table *t)
{
	PpdlCsvOptions opt = {.name = "t.csv"};
	PpdlCsv    *csv;

	rewind(t->f);
	assert_int_equal(ppdl_csv_open(&csv, t->f, &opt, &err), PPDL_OK);
	return csv;
}

static void
encode_rows(Table *t)
{
	PpdlCsv    *csv = open_table(t);
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more,
				has_label;

	t->x = calloc(ROWS * (size_t) t->fs->inputs, sizeof *t->x);
	t->y = calloc(ROWS * (size_t) t->fs->outputs, sizeof *t->y);
	assert_int_equal(ppdl_binding_init(&b, t->fs, csv, 1, &err), PPDL_OK);
	for (int i = 0; i < ROWS; i++)
	{
		assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
		assert_int_equal(ppdl_binding_apply(&b, &row, t->x + i * t->fs->inputs, t->y + i * t->fs->outputs, &has_label,
											&err), PPDL_OK);
	}
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
}

static void
make_table(Table *t, int whiten, double missing)
{
	char	   *bands[] = {"age:30,50,60", NULL},
			   *thermometer[] = {"weight:60,80.5", "age:40", NULL};
	PpdlLearnOptions opt = {.label = "sick", .one_hot_weight = 1, .max_categories = 32, .bands = bands,
		.thermometer = whiten ? NULL : thermometer, .moments = !whiten, .whiten = whiten};
	PpdlCsv    *csv;

	t->f = tmpfile();
	fputs("weight,\"height, cm\",smoker,ward,age,sick\n", t->f);
	for (int i = 0; i < ROWS; i++)
	{
		random_patient(&t->p[i], missing);
		put_patient(t->f, &t->p[i]);
	}
	csv = open_table(t);
	if (ppdl_features_learn(&t->fs, csv, &opt, NULL, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	ppdl_csv_close(csv);
	if (whiten)
	{
		csv = open_table(t);
		if (ppdl_features_learn_map(t->fs, csv, 0, &err) != PPDL_OK)
			fail_msg("%s", err.message);
		ppdl_csv_close(csv);
	}
	encode_rows(t);
}

static int
is_clipped(Table *t)
{
	PpdlCsv    *csv = open_table(t);
	long		clipped,
				rows;

	assert_int_equal(ppdl_features_count_clipped(t->fs, csv, &clipped, &rows, &err), PPDL_OK);
	ppdl_csv_close(csv);
	return clipped > 0;
}

static void
drop_table(Table *t)
{
	ppdl_features_destroy(t->fs);
	free(t->x);
	free(t->y);
	fclose(t->f);
}

/* ------------------------------------------------------------------ statistics of rows a <= i < b, worked out plainly */

typedef struct Plain
{
	double		weight,			/* means, of those who have one */
				height,
				weights,		/* totals */
				heights;
	int			n,
				weighed,
				heavy[2],		/* 60 and more, 80.5 and more */
				grown,			/* 40 and more */
				smokers[3],		/* no, yes, missing */
				ward[5],		/* the last: missing */
				age[4],
				sick[3];
} Plain;

static Plain
plain(const Table *t, int a, int b)
{
	Plain		s = {0};

	for (int i = a; i < b; i++)
	{
		const Patient *p = &t->p[i];

		s.n++;
		if (!isnan(p->weight))
		{
			s.weighed++;
			s.weights += p->weight;
			s.heavy[0] += p->weight >= 60;
			s.heavy[1] += p->weight >= 80.5;
		}
		s.heights += p->height;
		s.grown += p->age >= 40;
		s.smokers[p->smoker < 0 ? 2 : p->smoker]++;
		s.ward[p->ward < 0 ? 4 : p->ward]++;
		s.age[p->age < 30 ? 0 : p->age < 50 ? 1 : p->age < 60 ? 2 : 3]++;
		s.sick[p->sick]++;
	}
	s.weight = s.weights / s.weighed;
	s.height = s.heights / s.n;
	return s;
}

/* what the decoder is to say, by name */
static double
expected(const Plain *s, PpdlMeaning meaning, const char *name)
{
	const int	sum = meaning == PPDL_MEANING_SUM;
	const double all = sum ? 1 : s->n,
				weighed = sum ? 1 : s->weighed,
				answered = sum ? 1 : s->n - s->smokers[2],
				placed = sum ? 1 : s->n - s->ward[4];

	if (strcmp(name, "weight") == 0)
		return sum ? s->weights : s->weight;
	if (strcmp(name, "height, cm") == 0)
		return sum ? s->heights : s->height;
	if (strcmp(name, "weight missing") == 0)
		return (s->n - s->weighed) / all;
	if (strcmp(name, "weight>=60") == 0)
		return s->heavy[0] / weighed;
	if (strcmp(name, "weight>=80.5") == 0)
		return s->heavy[1] / weighed;
	if (strcmp(name, "age>=40") == 0)
		return s->grown / all;
	if (strcmp(name, "smoker = Yes") == 0)
		return s->smokers[1] / answered;
	if (strcmp(name, "smoker missing") == 0)
		return s->smokers[2] / all;
	if (strcmp(name, "ward missing") == 0)
		return s->ward[4] / all;
	for (int i = 0; i < 4; i++)
		if (strncmp(name, "ward = ", 7) == 0 && strcmp(name + 7, ward_word[i]) == 0)
			return s->ward[i] / placed;
	for (int i = 0; i < 3; i++)
		if (strncmp(name, "sick = ", 7) == 0 && strcmp(name + 7, sick_word[i]) == 0)
			return s->sick[i] / all;
	if (strcmp(name, "age < 30") == 0)
		return s->age[0] / all;
	if (strcmp(name, "age 30..<50") == 0)
		return s->age[1] / all;
	if (strcmp(name, "age 50..<60") == 0)
		return s->age[2] / all;
	if (strcmp(name, "age >= 60") == 0)
		return s->age[3] / all;
	fail_msg("an answer nobody asked for: \"%s\"", name);
	return NAN;
}

/* ------------------------------------------------------------------ totals */

typedef struct Deviation
{
	double		squares;
	long		answers;
} Deviation;

/* sum over rows a <= i < b of x, times factor, with noise */
static void
total(double *out, const double *x, int width, int a, int b, double factor)
{
	for (int k = 0; k < width; k++)
	{
		out[k] = ERROR * ppdl_prng_normal(&rng);
		for (int i = a; i < b; i++)
			out[k] += factor * x[i * width + k];
	}
}

static void
agrees(double got, double error, double want, const char *name, Deviation *d)
{
	if (!(fabs(got - want) <= 7 * error) || !(error > 0))
		fail_msg("%s: %.12g instead of %.12g, stated error %.3g (seed %llu)", name, got, want, error,
				 (unsigned long long) seed);
	d->squares += (got - want) * (got - want) / (error * error);
	d->answers++;
}

static void
check_total(const Table *t, PpdlSubject subject, PpdlMeaning meaning, int a, int b, Deviation *dev)
{
	const PpdlFeatures *fs = t->fs;
	const int	label = subject == PPDL_SUBJECT_LABEL,
				width = label ? fs->outputs : fs->inputs;
	const Plain s = plain(t, a, b);
	double	   *v = malloc((size_t) width * sizeof *v);
	PpdlDecoder *d;
	PpdlAnswer *out;

	assert_int_equal(ppdl_decoder_create(&d, fs, subject, meaning, &err), PPDL_OK);
	out = calloc((size_t) ppdl_decoder_count(d), sizeof *out);
	total(v, label ? t->y : t->x, width, a, b, meaning == PPDL_MEANING_MEAN ? 1.0 / (b - a) : 1);
	if (ppdl_decode(d, v, ERROR, b - a, out, &err) != PPDL_OK)
		fail_msg("%s (seed %llu)", err.message, (unsigned long long) seed);
	assert_int_equal(ppdl_decoder_count(d), label ? 3 : fs->map ? 14 : 17);
	for (int i = 0; i < ppdl_decoder_count(d); i++)
		agrees(out[i].value, out[i].error, expected(&s, meaning, ppdl_decoder_name(d, i)), ppdl_decoder_name(d, i), dev);
	free(out);
	free(v);
	ppdl_decoder_destroy(d);
}

/* differences of means over rows without gaps */
static void
check_difference(const Table *t, int a, int b, int c, Deviation *dev)
{
	const Plain s = plain(t, a, b),
				r = plain(t, b, c);
	const int	width = t->fs->inputs;
	double	   *v = malloc(2 * (size_t) width * sizeof *v);
	PpdlDecoder *d;
	PpdlAnswer	out[20];

	assert_int_equal(ppdl_decoder_create(&d, t->fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_DIFFERENCE, &err), PPDL_OK);
	total(v, t->x, width, a, b, 1.0 / (b - a));
	total(v + width, t->x, width, b, c, 1.0 / (c - b));
	for (int k = 0; k < width; k++)
		v[k] -= v[width + k];
	assert_int_equal(ppdl_decode(d, v, M_SQRT2 * ERROR, 0, out, &err), PPDL_OK);
	for (int i = 0; i < ppdl_decoder_count(d); i++)
	{
		const char *name = ppdl_decoder_name(d, i);

		if (ppdl_decoder_unknown(d, i))
			assert_true(isnan(out[i].value));
		else
			agrees(out[i].value, out[i].error, expected(&s, PPDL_MEANING_MEAN, name) -
				   expected(&r, PPDL_MEANING_MEAN, name), name, dev);
		assert_int_equal(ppdl_decoder_unknown(d, i), strcmp(name, "weight") == 0 ||
						 strncmp(name, "weight>=", 8) == 0 || strncmp(name, "smoker =", 8) == 0 ||
						 strncmp(name, "ward =", 6) == 0);
	}
	free(v);
	ppdl_decoder_destroy(d);
}

static void
check_witness(const Table *t, int a, int b)
{
	double	   *v = malloc((size_t) t->fs->inputs * sizeof *v),
				rows;
	int			exact;

	total(v, t->x, t->fs->inputs, a, b, 1);
	assert_int_equal(ppdl_decoder_witness(t->fs, PPDL_SUBJECT_FEATURES, v, ERROR, &rows, &exact), 1);
	assert_true(fabs(rows - (b - a)) < 1e-4);
	assert_int_equal(exact, t->fs->map != NULL);
	free(v);
}

/* of all deviations in units of the stated error: neither understated nor much too careful */
static void
honest(const Deviation *d, const char *what)
{
	double		rms = sqrt(d->squares / (double) d->answers);

	print_message("%s: %ld answers, deviation %.3f of the stated error\n", what, d->answers, rms);
	assert_true(rms > 0.8 && rms < 1.2);
}

static void
test_totals(void **state)
{
	(void) state;
	for (int whiten = 0; whiten < 2; whiten++)
	{
		Deviation	dev = {0};
		int			tables = 0;

		for (int i = 0; i < 4 * TABLES && tables < TABLES; i++)
		{
			Table		t;
			int			cut;

			make_table(&t, whiten, 0.15);
			cut = 60 + below(ROWS - 120);
			if (!whiten || !is_clipped(&t))
			{
				check_total(&t, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, 0, cut, &dev);
				check_total(&t, PPDL_SUBJECT_FEATURES, PPDL_MEANING_SUM, cut, ROWS, &dev);
				check_total(&t, PPDL_SUBJECT_LABEL, PPDL_MEANING_MEAN, 0, cut, &dev);
				check_total(&t, PPDL_SUBJECT_LABEL, PPDL_MEANING_SUM, 0, cut, &dev);
				check_difference(&t, 0, cut, ROWS, &dev);
				check_witness(&t, 0, cut);
				tables++;
			}
			drop_table(&t);
		}
		assert_true(tables > 0);
		honest(&dev, whiten ? "whitened" : "as encoded");
	}
}

/* ------------------------------------------------------------------ rows */

static const char *
band_of(int age)
{
	return age < 30 ? "< 30" : age < 50 ? "30..<50" : age < 60 ? "50..<60" : ">= 60";
}

static void
check_row(const PpdlDecoder *d, const PpdlAnswer *out, const Patient *p)
{
	for (int i = 0; i < ppdl_decoder_count(d); i++)
	{
		const char *name = ppdl_decoder_name(d, i);
		const char *want = strcmp(name, "smoker") == 0 ? p->smoker < 0 ? NULL : smoker_word[p->smoker] :
			strcmp(name, "ward") == 0 ? p->ward < 0 ? NULL : ward_word[p->ward] : band_of(p->age);
		double		number = strcmp(name, "weight") == 0 ? p->weight : p->height;

		if (ppdl_decoder_kind(d, i) == PPDL_ANSWER_NUMBER && isnan(number))
			assert_true(isnan(out[i].value));
		else if (ppdl_decoder_kind(d, i) == PPDL_ANSWER_NUMBER)
			assert_true(fabs(out[i].value - number) <= 7 * out[i].error);
		else if (want == NULL)
			assert_null(out[i].word);
		else
			assert_string_equal(out[i].word, want);
	}
}

static void
test_rows(void **state)
{
	(void) state;
	for (int whiten = 0; whiten < 2; whiten++)
	{
		PpdlAnswer	out[8];
		PpdlDecoder *d,
				   *label;
		Table		t;
		int			lost = 0;

		make_table(&t, whiten, 0.1);
		assert_int_equal(ppdl_decoder_create(&d, t.fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_ROW, &err), PPDL_OK);
		assert_int_equal(ppdl_decoder_create(&label, t.fs, PPDL_SUBJECT_LABEL, PPDL_MEANING_ROW, &err), PPDL_OK);
		assert_int_equal(ppdl_decoder_count(d), 5);
		for (int i = 0; i < ROWS; i++)
		{
			double	   *x = t.x + i * t.fs->inputs;

			for (int k = 0; k < t.fs->inputs; k++)
				x[k] += ERROR * ppdl_prng_normal(&rng);
			if (ppdl_decode(d, x, ERROR, 1, out, &err) == PPDL_OK)
				check_row(d, out, &t.p[i]);
			else
			{
				assert_non_null(strstr(err.message, "clipped"));
				lost++;
			}
			assert_int_equal(ppdl_decode(label, t.y + i * t.fs->outputs, ERROR, 1, out, &err), PPDL_OK);
			assert_string_equal(out[0].word, sick_word[t.p[i].sick]);
		}
		assert_true(whiten ? lost < ROWS / 2 : lost == 0);
		ppdl_decoder_destroy(d);
		ppdl_decoder_destroy(label);
		drop_table(&t);
	}
}

/* ------------------------------------------------------------------ known cases */

static PpdlFeatures *
parse(const char *features, const char *label)
{
	char		json[2000];
	PpdlFeatures *fs;

	snprintf(json, sizeof json, "{\"format\":\"ppdl-features\",\"version\":1,\"source\":\"\",\"rows\":9,\"features\":[%s]%s%s}",
			 features, label ? ",\"label\":" : "", label ? label : "");
	if (ppdl_features_parse(&fs, json, strlen(json), "t.json", &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return fs;
}

static PpdlAnswer
one(const PpdlFeatures *fs, PpdlSubject subject, PpdlMeaning meaning, const double *v, double error, double rows,
	PpdlStatus want)
{
	PpdlAnswer	out[16];
	PpdlDecoder *d;

	assert_int_equal(ppdl_decoder_create(&d, fs, subject, meaning, &err), PPDL_OK);
	assert_int_equal(ppdl_decode(d, v, error, rows, out, &err), want);
	ppdl_decoder_destroy(d);
	return out[0];
}

static void
test_classes(void **state)
{
	PpdlFeatures *two = parse("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":0,\"max\":1}",
							  "{\"kind\":\"binary\",\"column\":\"s\",\"categories\":[\"nein\",\"ja\"]}");
	PpdlFeatures *three = parse("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":0,\"max\":1}",
								"{\"kind\":\"one-hot\",\"column\":\"s\",\"categories\":[\"x\",\"y\",\"z\"]}");
	PpdlFeatures *number = parse("{\"kind\":\"numeric\",\"column\":\"a\",\"min\":0,\"max\":1}",
								 "{\"kind\":\"numeric\",\"column\":\"s\",\"min\":10,\"max\":30}");
	static const double high[] = {0.3},
				low[] = {-0.3},
				scores[] = {-0.9, 0.25, 0.2};
	PpdlAnswer	a;

	(void) state;
	assert_string_equal(one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, high, 1e-3, 1, PPDL_OK).word, "ja");
	assert_string_equal(one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, low, 1e-3, 1, PPDL_OK).word, "nein");
	assert_null(one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, low, 0.1, 1, PPDL_OK).word);
	assert_string_equal(one(three, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, scores, 1e-3, 1, PPDL_OK).word, "y");
	assert_null(one(three, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, scores, 0.01, 1, PPDL_OK).word);
	a = one(number, PPDL_SUBJECT_LABEL, PPDL_MEANING_CLASS, high, 1e-3, 1, PPDL_OK);
	assert_true(fabs(a.value - 23) < 1e-9 && fabs(a.error - 1e-2) < 1e-9);
	/* labels as such */
	assert_string_equal(one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_ROW, (double[]) {-1.000001}, 1e-6, 1, PPDL_OK).word, "nein");
	one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_ROW, high, 1e-6, 1, PPDL_ERR_FORMAT);
	one(three, PPDL_SUBJECT_LABEL, PPDL_MEANING_ROW, (double[]) {1, 1, -1}, 1e-6, 1, PPDL_ERR_FORMAT);
	a = one(two, PPDL_SUBJECT_LABEL, PPDL_MEANING_MEAN, low, 1e-6, 1, PPDL_OK);
	assert_true(fabs(a.value - 0.35) < 1e-9);
	ppdl_features_destroy(two);
	ppdl_features_destroy(three);
	ppdl_features_destroy(number);
}

/* logarithms: means are geometric, differences ratios; and what days are called */
static void
test_scales(void **state)
{
	PpdlFeatures *fs = parse("{\"kind\":\"numeric\",\"column\":\"crp\",\"scale\":\"log\",\"min\":1,\"max\":10000}", NULL);
	PpdlFeatures *one_more = parse("{\"kind\":\"numeric\",\"column\":\"n\",\"scale\":\"log1p\",\"min\":0,\"max\":99}", NULL);
	PpdlDecoder *d;
	PpdlAnswer	a;

	(void) state;
	/* 10, 1000: a mean of 100; 10 encoded is -0.5 */
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, (double[]) {0}, 1e-6, 1, PPDL_OK);
	assert_true(fabs(a.value - 100) < 1e-9 && fabs(a.error - 100 * log(100) * 1e-6) < 1e-9);
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_ROW, (double[]) {-0.5}, 1e-6, 1, PPDL_OK);
	assert_true(fabs(a.value - 10) < 1e-9);
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_DIFFERENCE, (double[]) {-0.5}, 1e-6, 1, PPDL_OK);
	assert_true(fabs(a.value - 0.1) < 1e-9);
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_SUM, (double[]) {-0.5}, 1e-6, 2, PPDL_OK);
	assert_true(isnan(a.value));
	a = one(one_more, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, (double[]) {0}, 1e-6, 1, PPDL_OK);
	assert_true(fabs(a.value - 9) < 1e-9);
	assert_int_equal(ppdl_decoder_create(&d, fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, &err), PPDL_OK);
	assert_string_equal(ppdl_decoder_name(d, 0), "crp (geometric mean)");
	ppdl_decoder_destroy(d);
	ppdl_features_destroy(fs);
	ppdl_features_destroy(one_more);
}

static void
test_contradictions(void **state)
{
	static const char features[] =
	"{\"kind\":\"numeric\",\"column\":\"w\",\"min\":40,\"max\":120,\"missing\":true},"
	"{\"kind\":\"one-hot\",\"column\":\"c\",\"categories\":[\"a\",\"b\",\"c\"]},{\"kind\":\"constant\"}";
	PpdlFeatures *fs = parse(features, NULL);
	static const struct
	{
		PpdlMeaning meaning;
		double		v[6],
					rows;
		const char *why;
	}			cases[] = {
		{PPDL_MEANING_MEAN, {0.1, 0.2, 0.5, 0.5, 0, 0.5}, 1, "constant"},
		{PPDL_MEANING_SUM, {0.1, 0.2, 0.5, 0.5, 0, 4}, 3, "constant"},
		{PPDL_MEANING_DIFFERENCE, {0.1, 0.2, 0.5, 0.5, 0, 1}, 0, "constant"},
		{PPDL_MEANING_MEAN, {0.1, 1.2, 0.5, 0.5, 0, 1}, 1, "missing"},
		{PPDL_MEANING_MEAN, {0.9, 0.2, 0.5, 0.5, 0, 1}, 1, "between"},
		{PPDL_MEANING_MEAN, {0.1, 0.2, 1.5, -0.5, 0, 1}, 1, "categor"},
		{PPDL_MEANING_MEAN, {0.1, 0.2, 0.5, 0.5, 0.5, 1}, 1, "categor"},
		{PPDL_MEANING_ROW, {0.1, 0.2, 1, 0, 0, 1}, 1, "\"w\""},
		{PPDL_MEANING_ROW, {0.1, 0, 0.5, 0.5, 0, 1}, 1, "\"c\""},
		{PPDL_MEANING_ROW, {NAN, 0, 1, 0, 0, 1}, 1, "finite"},
	};
	PpdlAnswer	a;

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		one(fs, PPDL_SUBJECT_FEATURES, cases[i].meaning, cases[i].v, 1e-9, cases[i].rows, PPDL_ERR_FORMAT);
		if (strstr(err.message, cases[i].why) == NULL)
			fail_msg("case %zu: %s", i, err.message);
	}
	/* nobody has a weight: no average; nor for a row */
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_MEAN, (double[]) {0, 1, 1, 0, 0, 1}, 1e-9, 1, PPDL_OK);
	assert_true(isnan(a.value));
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_ROW, (double[]) {0, 1, 0, 0, 0, 1}, 1e-9, 1, PPDL_OK);
	assert_true(isnan(a.value));
	a = one(fs, PPDL_SUBJECT_FEATURES, PPDL_MEANING_SUM, (double[]) {0.5, 2, 2, 1, 0, 3}, 1e-9, 3, PPDL_OK);
	assert_true(fabs(a.value - 100) < 1e-9);
	ppdl_features_destroy(fs);
}

/* a map of fewer directions than there are says so */
static void
test_lossy(void **state)
{
	Table		t;
	PpdlCsv    *csv;

	(void) state;
	make_table(&t, 1, 0.1);
	assert_int_equal(ppdl_features_lossy(t.fs), 0);
	ppdl_whitening_destroy(t.fs->map);
	t.fs->map = NULL;
	assert_int_equal(ppdl_features_number(t.fs, &err), PPDL_OK);
	assert_int_equal(ppdl_features_lossy(t.fs), 0);
	csv = open_table(&t);
	assert_int_equal(ppdl_features_learn_map(t.fs, csv, 4, &err), PPDL_OK);
	ppdl_csv_close(csv);
	assert_int_equal(ppdl_features_lossy(t.fs), 1);
	drop_table(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_scales),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_lossy),
	};
	const char *given = getenv("PPDL_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261127;
	printf("seed %llu\n", (unsigned long long) seed);
	ppdl_prng_init(&rng, seed, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
