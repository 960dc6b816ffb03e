/* Questions in braces: conditions in the owner's words against their rows, SQL text around them, answers, errors. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "query/ask.h"
#include "query/ask_parse.h"
#include "csv_fixture.h"
#include "net/prng.h"
#include "owner/owner.h"

#define ROWS 120
#define CONDITIONS 300

static PpdlError err;
static PpdlPrng rng;
static uint64_t seed;

static int
below(int n)
{
	return (int) (n * (1 - ppdl_prng_uniform(&rng))) % n;
}

/* ------------------------------------------------------------------ rows */

typedef struct Patient
{
	int			age,
				weight,			/* tenths, -1: missing */
				smoker,			/* -1: missing */
				ward,
				height,
				stage,
				seen,			/* day of January */
				outcome;
} Patient;

static const char *const smoker_word[] = {"No", "Yes"};
static const char *const outcome_word[] = {"ill", "well", "dead"};
static const char *const ward_word[] = {"A", "B", "it's", "D"};

static Patient patient[ROWS];
static PpdlFeatures *fs;
static double *x;				/* ROWS * (fs->inputs + fs->outputs) */

static char *
make_text(void)
{
	char	   *text;
	size_t		len;
	FILE	   *f = open_memstream(&text, &len);

	fputs("id,Age,Body Weight,Smoker,Ward,Height,Stage,Seen,Outcome\n", f);
	for (int i = 0; i < ROWS; i++)
	{
		Patient    *p = &patient[i];

		*p = (Patient) {20 + below(71), below(6) ? 400 + below(801) : -1, below(5) ? below(2) : -1,
			i < 4 ? i : below(4), 140 + below(61), 1 + below(4), 1 + below(31), i < 3 ? i : below(3)};
		fprintf(f, "%d,%d,", i, p->age);
		if (p->weight >= 0)
			fprintf(f, "%.1f", p->weight / 10.0);
		fprintf(f, ",%s,%s,%d,%d,2026-01-%02d,%s\n", p->smoker < 0 ? "" : smoker_word[p->smoker], ward_word[p->ward],
				p->height, p->stage, p->seen, outcome_word[p->outcome]);
	}
	fclose(f);
	return text;
}

static void
encode_rows(const char *text)
{
	PpdlCsv    *csv = csv_of(text);
	PpdlBinding b;
	PpdlCsvRow	row;
	int			more,
				has_label;

	const int	width = fs->inputs + fs->outputs;

	x = calloc((size_t) (ROWS * width), sizeof *x);
	assert_int_equal(ppdl_binding_init(&b, fs, csv, 1, &err), PPDL_OK);
	for (int i = 0; i < ROWS; i++)
	{
		assert_int_equal(ppdl_csv_next(csv, &row, &more, &err), PPDL_OK);
		assert_int_equal(ppdl_binding_apply(&b, &row, x + i * width, x + i * width + fs->inputs, &has_label, &err),
						 PPDL_OK);
	}
	ppdl_binding_free(&b);
	ppdl_csv_close(csv);
}

static int
setup(void **state)
{
	char	   *bands[] = {"Height:150,160,180", NULL},
			   *thermometer[] = {"Age:40,60", "Body Weight:70", NULL},
			   *dates[] = {"Seen", NULL},
			   *category[] = {"Stage", NULL};
	PpdlLearnOptions opt = {.id = "id", .label = "Outcome", .one_hot_weight = 1, .max_categories = 32, .outside = -1,
							.bands = bands,
		.thermometer = thermometer, .dates = dates, .category = category};
	char	   *text = make_text();
	PpdlCsv    *csv = csv_of(text);

	(void) state;
	if (ppdl_features_learn(&fs, csv, &opt, NULL, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	ppdl_csv_close(csv);
	encode_rows(text);
	free(text);
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	ppdl_features_destroy(fs);
	free(x);
	return 0;
}

/* ------------------------------------------------------------------ conditions as the server reads them */

static int disjunction(const char **s, const double *row);

static void
expect(const char **s, const char *what)
{
	if (strncmp(*s, what, strlen(what)) != 0)
		fail_msg("\"%s\" instead of \"%s\"", *s, what);
	*s += strlen(what);
}

static int
leaf(const char **s, const double *row)
{
	double		value,
				number;
	char		op;
	char	   *end;
	long		i;

	expect(s, "x[");
	i = strtol(*s, &end, 10);
	assert_true(i >= 1 && i <= fs->inputs + fs->outputs);
	*s = end;
	expect(s, "] ");
	op = *(*s)++;
	number = strtod(*s, &end);
	*s = end;
	value = row[i - 1];
	/* sum_where has a bit's value, and half of 1 - x for a sign: they are to be what they are taken for */
	if (op == '=' && number >= 0)
		assert_true(value == 0 || value == 1);
	if (op == '=')
		return number < 0 ? value < 0 : value == number;
	assert_true(op == '<' || op == '>');
	/* where it is missing, it is 0, and the row does not count whatever the comparison says */
	assert_true(fabs(number) < 1 && (value != number || value == 0));
	if (strncmp(*s, " within ", 8) == 0)
	{
		/* no value of a row lies nearer */
		assert_true(fabs(value - number) > strtod(*s + 8, &end) || value == 0);
		*s = end;
	}
	return op == '<' ? value < number : value > number;
}

static int
factor(const char **s, const double *row)
{
	int			v;

	if (strncmp(*s, "not ", 4) == 0)
	{
		*s += 4;
		return !factor(s, row);
	}
	if (**s != '(')
		return leaf(s, row);
	++*s;
	v = disjunction(s, row);
	expect(s, ")");
	return v;
}

static int
conjunction(const char **s, const double *row)
{
	int			v = factor(s, row);

	while (strncmp(*s, " and ", 5) == 0)
	{
		*s += 5;
		v &= factor(s, row);
	}
	return v;
}

static int
disjunction(const char **s, const double *row)
{
	int			v = conjunction(s, row);

	while (strncmp(*s, " or ", 4) == 0)
	{
		*s += 4;
		v |= conjunction(s, row);
	}
	return v;
}

static int
meets(const char *condition, int row, PpdlAskForm form)
{
	const char *s = condition;
	const double *values = x + row * (fs->inputs + fs->outputs);
	double		both[200];
	int			v;

	/* as the server numbers what it is given */
	if (form == PPDL_ASK_ON_LABEL)
	{
		memcpy(both, values + fs->inputs, sizeof(double) * (size_t) fs->outputs);
		memcpy(both + fs->outputs, values, sizeof(double) * (size_t) fs->inputs);
		values = both;
	}
	v = disjunction(&s, values);

	assert_string_equal(s, "");
	return v;
}

/* ------------------------------------------------------------------ the same in words, and what SQL says of it */

#define UNKNOWN 2				/* 0 false, 1 true */

typedef struct Question
{
	char		text[4000];
	int			truth[ROWS];
	int			label;			/* it is about it */
} Question;

static int
age(const Patient *p)
{
	return p->age;
}

static int
weight(const Patient *p)
{
	return p->weight;
}

static int
stage(const Patient *p)
{
	return p->stage;
}

static int
seen(const Patient *p)
{
	return p->seen;
}

static void
compare(Question *q, int (*value) (const Patient *p), const char *name, double scale, const char *quote)
{
	static const char *const ops[] = {"=", "<>", "<", "<=", ">", ">=", "!="};
	const int	op = below(7),
				near = value(&patient[below(ROWS)]) + below(3) - 1,
				last = value == stage ? 4 : value == seen ? 31 : 2000,
				at = near < 1 ? 1 : near > last ? last : near;

	if (quote[0] == '\'')		/* a day */
		sprintf(q->text, "%s %s '2026-01-%02d'", name, ops[op], at);
	else if (below(2))
		sprintf(q->text, "%s %s %.10g", name, ops[op], at / scale);
	else
		sprintf(q->text, "%.10g %s %s", at / scale, ops[op], name);
	for (int i = 0; i < ROWS; i++)
	{
		const int	turned = strncmp(q->text, name, strlen(name)) != 0,
					v = turned ? at : value(&patient[i]),
					w = turned ? value(&patient[i]) : at;

		q->truth[i] = value(&patient[i]) < 0 ? UNKNOWN : op == 0 ? v == w : op == 1 || op == 6 ? v != w :
			op == 2 ? v < w : op == 3 ? v <= w : op == 4 ? v > w : v >= w;
	}
}

static void
between(Question *q, int (*value) (const Patient *p), const char *name, double scale)
{
	const int	lo = value(&patient[below(ROWS)]),
				hi = lo + below(30),
				not = below(2);

	sprintf(q->text, "%s %s %.10g AND %.10g", name, not ? "NOT BETWEEN" : "between", lo / scale, hi / scale);
	for (int i = 0; i < ROWS; i++)
	{
		const int	v = value(&patient[i]);

		q->truth[i] = v < 0 ? UNKNOWN : (v >= lo && v <= hi) != not;
	}
}

/* what is compared with cuts of bands, which alone can be told */
static void
height(Question *q)
{
	static const int cut[] = {150, 160, 180};
	const int	a = below(3),
				b = a + below(3 - a),
				kind = below(4);

	sprintf(q->text, kind == 0 ? "Height >= %d" : kind == 1 ? "Height<%d" : kind == 2 ? "Height > %d" :
			"height between %d and %d", kind == 2 ? cut[a] - 1 : cut[a], cut[b] - 1);
	for (int i = 0; i < ROWS; i++)
	{
		const int	h = patient[i].height;

		q->truth[i] = kind == 3 ? h >= cut[a] && h <= cut[b] - 1 : (h >= cut[a]) == (kind != 1);
	}
}

static void
ward(Question *q)
{
	const int	a = below(4),
				b = below(4),
				kind = below(3);
	const char *const quoted[] = {"'A'", "' b '", "'it''s'", "'D'"};

	sprintf(q->text, kind == 0 ? "\"Ward\" = %s" : kind == 1 ? "ward <> %s" : "Ward NOT IN (%s, %s)", quoted[a],
			quoted[b]);
	for (int i = 0; i < ROWS; i++)
	{
		const int	w = patient[i].ward;

		q->truth[i] = kind == 0 ? w == a : kind == 1 ? w != a : w != a && w != b;
	}
}

static void
smoker(Question *q)
{
	const int	a = below(2),
				kind = below(3);

	if (kind == 0)
		sprintf(q->text, "Smoker IS %sNULL", a ? "NOT " : "");
	else
		sprintf(q->text, "Smoker %s '%s'", kind == 1 ? "=" : "<>", smoker_word[a]);
	for (int i = 0; i < ROWS; i++)
	{
		const int	s = patient[i].smoker;

		q->truth[i] = kind == 0 ? (s >= 0) == a : s < 0 ? UNKNOWN : (s == a) == (kind == 1);
	}
}

static void
outcome(Question *q)
{
	const int	a = below(3),
				not = below(2);

	sprintf(q->text, "outcome %s '%s'", not ? "<>" : "=", outcome_word[a]);
	q->label = 1;
	for (int i = 0; i < ROWS; i++)
		q->truth[i] = (patient[i].outcome == a) != not;
}

static void
copy_text(Question *q, const char *text)
{
	assert_true(strlen(text) < sizeof q->text);
	memcpy(q->text, text, strlen(text) + 1);
}

static void
ask(Question *q, int depth)
{
	Question	other;
	char		text[2 * sizeof q->text + 100];
	int			op;

	q->label = 0;
	if (depth == 0)
	{
		switch (below(9))
		{
			case 0:
				compare(q, age, "Age", 1, "");
				return;
			case 1:
				compare(q, weight, "\"Body Weight\"", 10, "");
				return;
			case 2:
				between(q, weight, "\"body  weight\"", 10);
				return;
			case 3:
				compare(q, seen, "Seen", 1, "'");
				return;
			case 4:
				height(q);
				return;
			case 5:
				ward(q);
				return;
			case 6:
				compare(q, stage, "Stage", 1, "");
				return;
			case 7:
				outcome(q);
				return;
			default:
				smoker(q);
				return;
		}
	}
	op = below(3);
	ask(q, depth - 1);
	if (op == 2)
	{
		snprintf(text, sizeof text, "NOT (%s)", q->text);
		copy_text(q, text);
		for (int i = 0; i < ROWS; i++)
			q->truth[i] = q->truth[i] == UNKNOWN ? UNKNOWN : !q->truth[i];
		return;
	}
	ask(&other, depth - 1);
	q->label |= other.label;
	snprintf(text, sizeof text, "(%s) %s %s(%s)", q->text, op ? "or" : "AND",
			 below(2) ? "-- a } comment\n" : "/* { */ ", other.text);
	copy_text(q, text);
	for (int i = 0; i < ROWS; i++)
	{
		const int	a = q->truth[i],
					b = other.truth[i],
					end = op;	/* what decides */

		q->truth[i] = a == end || b == end ? end : a == UNKNOWN || b == UNKNOWN ? UNKNOWN : !end;
	}
}

/* random questions: each row counts where SQL says true */
static void
test_truth(void **state)
{
	int			constant = 0,
				with_label = 0;

	(void) state;
	for (int n = 0; n < CONDITIONS; n++)
	{
		Question	q;
		PpdlAskText t = {.err = &err};
		PpdlWriter	w;
		PpdlStatus	status;
		PpdlAskForm form = PPDL_ASK_FEATURES;
		const int	of_label = below(3) == 0;
		int			all = 1,
					none = 1;

		ask(&q, n % 4);
		ppdl_writer_init(&w);
		t.sql = q.text;
		assert_int_equal(ppdl_ask_next(&t), PPDL_OK);
		status = ppdl_ask_parse(&t, fs, of_label ? fs->label : NULL, &form, &w, NULL);
		ppdl_write_u8(&w, 0);
		for (int i = 0; i < ROWS; i++)
		{
			all &= q.truth[i] == 1;
			none &= q.truth[i] != 1;
		}
		if (status != PPDL_OK)
		{
			if (!(all && strstr(err.message, "all rows meet")) && !(none && strstr(err.message, "no rows meet")) &&
				!(all && strstr(err.message, "holds for every row")) &&
				!(none && strstr(err.message, "holds for no row")))
				fail_msg("%s: %s (seed %llu)", q.text, err.message, (unsigned long long) seed);
			constant++;
		}
		else
		{
			assert_int_equal(t.token, PPDL_ASK_END);
			/* what is about the label may come to something that is not */
			assert_true(of_label ? form == PPDL_ASK_OF_LABEL : q.label || form == PPDL_ASK_FEATURES);
			with_label += form == PPDL_ASK_ON_LABEL;
		}
		for (int i = 0; i < ROWS && status == PPDL_OK; i++)
			if (meets((char *) w.buf, i, form) != (q.truth[i] == 1))
				fail_msg("%s\n%s\nrow %d (seed %llu)", q.text, (char *) w.buf, i, (unsigned long long) seed);
		ppdl_writer_free(&w);
	}
	assert_true(constant < CONDITIONS / 4);
	assert_true(with_label > CONDITIONS / 20);
}

/* ------------------------------------------------------------------ texts */

static const char features[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
	"{\"column\": \"Age\", \"kind\": \"numeric\", \"min\": 0, \"max\": 100, \"step\": 1},"
	"{\"column\": \"Weight\", \"kind\": \"numeric\", \"min\": 40, \"max\": 120, \"step\": 0.1, \"missing\": true},"
	"{\"column\": \"Smoking\", \"kind\": \"binary\", \"categories\": [\"No\", \"Yes\"]},"
	"{\"column\": \"Ward\", \"kind\": \"one-hot\", \"categories\": [\"A\", \"B\", \"C\"], \"missing\": true},"
	"{\"column\": \"Height\", \"kind\": \"bands\", \"cuts\": [150, 160, 180], \"step\": 1},"
	"{\"column\": \"Age\", \"kind\": \"at-least\", \"cuts\": [40, 65.5]},"
	"{\"column\": \"crp\", \"kind\": \"numeric\", \"min\": 1, \"max\": 100, \"scale\": \"log\"},"
	"{\"column\": \"Stage\", \"kind\": \"one-hot\", \"categories\": [\"1\", \"2\", \"3\"]}"
	"], \"label\": {\"column\": \"Sick\", \"kind\": \"binary\", \"categories\": [\"0\", \"1\"]}}";
/* Age 1; Weight 2, 3; Smoking 4; Ward 5..8; Height 9..12; Age>= 13, 14; crp 15; Stage 16..18 */

static PpdlFeatures *
known(void)
{
	static PpdlFeatures *fixed;

	if (fixed == NULL && ppdl_features_parse(&fixed, features, strlen(features), "f.json", &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return fixed;
}

static PpdlStatus
find(void *arg, const char *column, const char *sql, size_t at, const PpdlFeatures **out, PpdlError *e)
{
	const PpdlAskText t = {.sql = sql, .err = e};

	(void) arg;
	*out = known();
	return strcmp(column, "lost") == 0 ? ppdl_ask_error(&t, at, "no column") : PPDL_OK;
}

static void
becomes(const char *condition, const char *want)
{
	PpdlAskText t = {.sql = condition, .err = &err};
	PpdlAskForm form;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	assert_int_equal(ppdl_ask_next(&t), PPDL_OK);
	if (ppdl_ask_parse(&t, known(), NULL, &form, &w, NULL) != PPDL_OK)
		fail_msg("%s: %s", condition, err.message);
	ppdl_write_u8(&w, 0);
	assert_string_equal((char *) w.buf, want);
	ppdl_writer_free(&w);
}

static void
test_texts(void **state)
{
	(void) state;
	becomes("Age > 65", "x[14] = 1");	/* whole numbers: 66 and more */
	becomes("age >= 66 and Smoking = 'Yes'", "x[14] = 1 and not x[4] = -1");
	becomes("Smoking <> 'yes' or not Age >= 40", "x[4] = -1 or x[13] = 0");
	becomes("Age > 29", "x[1] > -0.41");
	becomes("Age > 29.3", "x[1] > -0.41");
	becomes("Age = 30", "x[1] > -0.41 and x[1] < -0.39");
	becomes("Age <> 30", "not (x[1] > -0.41 and x[1] < -0.39)");
	becomes("Age between 40 and 65", "x[13] = 1 and x[14] = 0");
	becomes("Age <= 120 and Age > 29", "x[1] > -0.41");
	becomes("Weight > 69.9", "x[2] > -0.25125 within 0.00124 and x[3] = 0");
	becomes("Weight is null", "x[3] = 1");
	becomes("not Weight is not null", "x[3] = 1");
	becomes("Weight <= 120", "x[3] = 0");
	becomes("Ward = 'A'", "x[5] = 1");
	becomes("Ward != 'A'", "x[5] = 0 and x[8] = 0");
	becomes("Ward in ('A', 'c') and not (Stage = 1 and Smoking = 'No')",
			"(x[5] = 1 or x[7] = 1) and (x[16] = 0 or not x[4] = -1)");
	becomes("Stage >= 2", "x[17] = 1 or x[18] = 1");
	becomes("Height >= 160", "x[11] = 1 or x[12] = 1");
	becomes("Height > 179", "x[12] = 1");
	becomes("Height < 180", "x[12] = 0");
	becomes("Height between 150 and 159 or Height >= 180", "x[10] = 1 or x[12] = 1");
	becomes("crp > 10", "x[15] > 0");
	becomes("crp between 10 and 100", "x[15] > 0");
}

static void
refused(const char *sql, const char *message, const char *place)
{
	PpdlAsk	w;

	err = (PpdlError) {0};
	assert_int_not_equal(ppdl_ask_rewrite(&w, sql, NULL, find, NULL, &err), PPDL_OK);
	if (strstr(err.message, message) == NULL || strstr(err.detail, place) == NULL)
		fail_msg("%s:\n%s\n%s\n%s", sql, err.message, err.detail, err.hint);
	ppdl_ask_free(&w);
}

static void
test_errors(void **state)
{
	(void) state;
	refused("SELECT {count where Agee > 3} FROM t",
			"no column \"Agee\" was encoded", "line 1, column 21: Agee > 3} FROM t");
	assert_non_null(strstr(err.hint, "Nearest are \"Age\", "));
	refused("SELECT\n{count where Ward = 'X'} FROM t",
			"\"Ward\" has no category \"X\"", "line 2, column 21: 'X'} FROM t");
	assert_non_null(strstr(err.hint, "It has 'A', 'B', 'C'."));
	refused("SELECT {count where Sick is null} FROM t", "no rows meet this condition: \"Sick\" is the label, and rows "
			"without one do not count", "column 21");
	refused("SELECT {count where Sick = 'perhaps'} FROM t", "\"Sick\" has no category \"perhaps\"", "column 28");
	refused("SELECT {avg(Sick) where Age > 3} FROM t", "encrypted as categories, which have no sum", "column 9");
	refused("SELECT {count from p.features, where Age > 3} FROM t", "WHERE is expected", "");
	refused("SELECT {count where Age >} FROM t", "a number is expected", "column 26: } FROM t");
	refused("SELECT {count where Age 3} FROM t", "one of = <> < <= > >=", "column 25: 3}");
	refused("SELECT {count where Age > 3 Ward = 'A'} FROM t",
			"AND, OR or the closing brace is expected", "column 29: Ward");
	refused("SELECT {count where (Age > 3} FROM t", ") is expected", "column 29: }");
	refused("SELECT {count where Age > 3", "closing brace is expected", "column 28: ");
	refused("SELECT {count where Age > 'x} FROM t", "a quote without end", "column 27: 'x}");
	refused("SELECT {count where Age = NULL} FROM t", "write IS NULL", "column 27: NULL");
	refused("SELECT {count where Age > 'ten'} FROM t", "\"ten\" is no number", "column 27");
	refused("SELECT {count where Age > 200} FROM t",
			"no rows meet this condition: \"Age\" holds multiples of 1 from 0 to 100",
			"column 21: Age > 200");
	refused("SELECT {count where Age = 3.5} FROM t", "no rows meet", "column 21");
	refused("SELECT {count where Age >= 0} FROM t", "all rows meet", "column 21");
	refused("SELECT {count where Age is null} FROM t",
			"no rows meet this condition: \"Age\" is never missing", "column 21");
	refused("SELECT {count where crp = 10} FROM t", "which numbers \"crp\" takes is not known", "column 27: 10}");
	refused("SELECT {count where Ward > 'A'} FROM t", "categories, which are only equal or not", "column 21");
	refused("SELECT {count where Height > 155} FROM t", "encoded in bands, and 155 lies within one", "column 21");
	assert_non_null(strstr(err.hint, "150, 160, 180"));
	refused("SELECT {count Age > 3} FROM t", "WHERE is expected", "column 15: Age");
	refused("SELECT {median(Age) where Age > 3} FROM t", "count, sum(COLUMN) or avg(COLUMN)", "column 9: median");
	refused("SELECT {sum where Age > 3} FROM t", "( is expected", "column 13: where");
	refused("SELECT {sum(Ward) where Age > 3} FROM t",
			"\"Ward\" is encrypted as categories, which have no sum", "column 9: sum");
	refused("SELECT {avg(Height) where Age > 3} FROM t", "encrypted as bands", "column 9: avg");
	refused("SELECT {sum(crp) where Age > 3} FROM t", "by its logarithm", "column 9: sum");
	refused("SELECT {avg(Wight) where Age > 3} FROM t", "no column \"Wight\"", "column 13: Wight");
	refused("SELECT {count from lost where Age > 3} FROM t", "no column", "column 20: lost");
	refused("SELECT {count from p. where Age > 3} FROM t", "WHERE is expected", "");
	refused("SELECT {count where Age > 3} + 1 FROM t", "cannot go on with it", "column 30: + 1");
	refused("CREATE TABLE u AS SELECT {count where Age > 3} FROM t", "in SELECT and WITH", "column 26: {count");
	refused("SELECT 1; DELETE FROM t WHERE {count where Age > 3} > 3", "in SELECT and WITH", "column 31: {count");
	refused("SELECT {}", "count, sum(COLUMN)", "column 9: }");
}

/* deep and long conditions, and cut off ones: an error or not, and no end but these */
static void
test_odd_texts(void **state)
{
	static const char whole[] = "SELECT {avg(\"Weight\") from p.\"features\" where not (Age between -1 and 1e2 or "
		"Ward in ('A', 'B''')) and 'Yes' = Smoking /* } */} n -- }\n, {count(*) where Age>1}FROM t; SELECT $a${$a$";
	char		text[4000];
	PpdlAsk	w;

	(void) state;
	for (size_t n = 0; n <= sizeof whole - 1; n++)
	{
		memcpy(text, whole, n);
		text[n] = 0;
		ppdl_ask_rewrite(&w, text, NULL, find, NULL, &err);
		ppdl_ask_free(&w);
	}
	for (int n = 0; n < 3000; n++)
	{
		strcpy(text, whole);
		for (int i = 0; i < 1 + n % 3; i++)
			text[below((int) sizeof whole - 1)] = (char) (n & 1 ? "{}()'\"$<>=, -*/.;"[below(17)] : 1 + below(255));
		ppdl_ask_rewrite(&w, text, NULL, find, NULL, &err);
		ppdl_ask_free(&w);
	}
	strcpy(text, "SELECT {count where ");
	for (int i = 0; i < 101; i++)
		strcat(text, i & 1 ? "(" : "not ");
	strcat(text, "Age > 3");
	for (int i = 0; i < 50; i++)
		strcat(text, ")");
	strcat(text, "} FROM t");
	refused(text, "more than 100 parentheses and NOTs", "line 1");
	memset(text, 'x', 1000);
	memcpy(text, "SELECT {count where ", 20);
	text[1000] = 0;
	refused(text, "more than 399 bytes in a word", "column 21");
}

/* ------------------------------------------------------------------ SQL text */

static void
rewritten(const char *sql, const char *schema, const char *want)
{
	PpdlAsk	w;
	char	   *mark,
				text[2000];

	if (ppdl_ask_rewrite(&w, sql, schema, find, NULL, &err) != PPDL_OK)
		fail_msg("%s: %s", sql, err.message);
	if (want == NULL)
		assert_int_equal(w.items, 0);
	else
	{
		/* what chance made of it */
		snprintf(text, sizeof text, "%s", (char *) w.sql.buf);
		while ((mark = strstr(text, w.mark)) != NULL)
			memmove(mark, mark + strlen(w.mark), strlen(mark + strlen(w.mark)) + 1);
		assert_string_equal(text, want);
	}
	ppdl_ask_free(&w);
}

static void
test_rewrite(void **state)
{
	(void) state;
	rewritten("SELECT ward, {count where Age > 65 and Smoking = 'Yes'} FROM patients GROUP BY ward", "public",
			  "SELECT ward, pg_catalog.to_json('0:' || coalesce(public.sum_where(features, "
			  "'x[14] = 1 and not x[4] = -1')::text, '')) AS count FROM patients GROUP BY ward");
	rewritten("SELECT {avg(Weight) from p.exam WHERE Ward='A'} AS mean, {sum(weight) where Ward='A'}, "
			  "{count(Weight) where Ward='A'} c FROM p", NULL,
			  "SELECT pg_catalog.to_json('0:' || coalesce(sum_where(p.exam, 'x[5] = 1')::text, '')) AS mean, "
			  "pg_catalog.to_json('1:' || coalesce(sum_where(features, 'x[5] = 1')::text, '')) AS \"sum(Weight)\", "
			  "pg_catalog.to_json('2:' || coalesce(sum_where(features, 'x[5] = 1')::text, '')) c FROM p");
	/* the label: in the condition, in sums, in other columns than the usual ones */
	rewritten("SELECT {count where Sick = 1 and Age > 65}, {avg(Age) from p.\"a.b\" where Sick = 0} m FROM p", NULL,
			  "SELECT pg_catalog.to_json('0:' || coalesce(sum_where(features, 'not x[1] = -1 and x[15] = 1', label)::text, "
			  "'')) AS count, pg_catalog.to_json('1:' || coalesce(sum_where(p.\"a.b\", 'x[1] = -1', p.label)::text, '')) "
			  "m FROM p");
	rewritten("SELECT {count(Sick) from exam, p.\"is sick\" where Ward = 'A' or sick = 1} FROM p", NULL,
			  "SELECT pg_catalog.to_json('0:' || coalesce(sum_where(p.\"is sick\", 'x[5] = 1 or not x[19] = -1', exam)"
			  "::text, '')) AS \"count(Sick)\" FROM p");
	rewritten("SELECT 1; WITH a AS (SELECT {count where Ward='A'} FROM t) SELECT * FROM a;", NULL,
			  "SELECT 1; WITH a AS (SELECT pg_catalog.to_json('0:' || coalesce(sum_where(features, 'x[5] = 1')::text, "
			  "'')) AS count FROM t) SELECT * FROM a;");
	/* braces that are none of ours */
	rewritten("SELECT '{count where x}', \"{a}\", $q$ {b} $q$, E'\\'{c}' -- {d}\n /* {e /* {f} */ } */ "
			  "FROM t", NULL, NULL);
	rewritten("SELECT '{1,2}'::int[]; \\x", NULL, NULL);
	rewritten("", NULL, NULL);
	/* quotes and braces in those that are */
	rewritten("(SELECT {count where Ward in ('B' /* ' } /* } */ ' */)})", NULL,
			  "(SELECT pg_catalog.to_json('0:' || coalesce(sum_where(features, 'x[6] = 1')::text, '')))");
	rewritten("EXPLAIN SELECT {count where Stage <> 1} FROM t UNION SELECT 2", NULL,
			  "EXPLAIN SELECT pg_catalog.to_json('0:' || coalesce(sum_where(features, 'x[16] = 0')::text, '')) AS count "
			  "FROM t UNION SELECT 2");
}

/* the columns that the examples of doc/cli-reference.md are of */
static const char documented[] = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
	"{\"column\": \"Age\", \"kind\": \"numeric\", \"min\": 18, \"max\": 90, \"step\": 1},"
	"{\"column\": \"Weight\", \"kind\": \"numeric\", \"min\": 40, \"max\": 120, \"step\": 0.1, \"missing\": true},"
	"{\"column\": \"Smoking\", \"kind\": \"binary\", \"categories\": [\"No\", \"Yes\"]},"
	"{\"column\": \"Blood Group\", \"kind\": \"one-hot\", \"categories\": [\"A\", \"AB\", \"B\", \"0\"]},"
	"{\"column\": \"Height\", \"kind\": \"bands\", \"cuts\": [150, 160, 180], \"step\": 1},"
	"{\"column\": \"Admitted\", \"kind\": \"numeric\", \"min\": 20000, \"max\": 20700, \"step\": 1, \"date\": \"day\"},"
	"{\"column\": \"Age\", \"kind\": \"at-least\", \"cuts\": [40, 66]}]}";

static PpdlStatus
find_documented(void *arg, const char *column, const char *sql, size_t at, const PpdlFeatures **out, PpdlError *e)
{
	(void) column;
	(void) sql;
	(void) at;
	(void) e;
	*out = arg;
	return PPDL_OK;
}

/* the ten examples, each in a line "3. `SELECT ...`" */
static void
test_documented(void **state)
{
	FILE	   *f = fopen("doc/cli-reference.md", "r");
	char	   *line = NULL;
	size_t		size = 0;
	int			examples = 0;
	PpdlFeatures *columns;

	(void) state;
	assert_non_null(f);
	assert_int_equal(ppdl_features_parse(&columns, documented, strlen(documented), "f.json", &err), PPDL_OK);
	while (getline(&line, &size, f) > 0)
	{
		char	   *sql = strstr(line, ". `SELECT "),
				   *end = sql ? strchr(sql + 3, '`') : NULL;
		PpdlAsk		w;

		if (end == NULL || atoi(line) != examples + 1)
			continue;
		*end = 0;
		if (ppdl_ask_rewrite(&w, sql + 3, NULL, find_documented, columns, &err) != PPDL_OK)
			fail_msg("%s: %s", sql + 3, err.message);
		assert_true(w.items > 0);
		ppdl_ask_free(&w);
		examples++;
	}
	assert_int_equal(examples, 10);
	ppdl_features_destroy(columns);
	free(line);
	fclose(f);
}

static void
test_origin(void **state)
{
	static const char sql[] = "SELECT a, {count where Ward='A'}, b, {count where Ward='B'} c, d";
	PpdlAsk	w;
	const char *made;

	(void) state;
	assert_int_equal(ppdl_ask_rewrite(&w, sql, NULL, find, NULL, &err), PPDL_OK);
	made = (const char *) w.sql.buf;
	assert_int_equal(ppdl_ask_origin(&w, 7), 7);
	assert_int_equal(ppdl_ask_origin(&w, (size_t) (strstr(made, "features") - made)), strchr(sql, '{') - sql);
	assert_int_equal(ppdl_ask_origin(&w, (size_t) (strstr(made, ", b,") - made)), strstr(sql, ", b,") - sql);
	assert_int_equal(ppdl_ask_origin(&w, (size_t) (strstr(made, "x[6]") - made)), strrchr(sql, '{') - sql);
	assert_int_equal(ppdl_ask_origin(&w, strlen(made)), strlen(sql));
	ppdl_ask_free(&w);
}

static void
test_marks(void **state)
{
	PpdlAsk	w,
				v;
	char		text[100];
	size_t		value;

	(void) state;
	assert_int_equal(ppdl_ask_rewrite(&w, "SELECT {count where Ward='A'}, {count where Ward='B'}", NULL, find, NULL,
										&err), PPDL_OK);
	assert_int_equal(ppdl_ask_rewrite(&v, "SELECT {count where Ward='A'}", NULL, find, NULL, &err), PPDL_OK);
	assert_int_equal(strlen(w.mark), 22);
	assert_string_not_equal(w.mark, v.mark);
	for (int i = 0; i < 3; i++)
	{
		snprintf(text, sizeof text, "\"%s%d:value\"", w.mark, i);
		assert_int_equal(ppdl_ask_item(&w, text, strlen(text), &value), i < 2 ? i : -1);
		assert_true(i == 2 || strcmp(text + value, "value\"") == 0);
		assert_int_equal(ppdl_ask_item(&w, text + 1, strlen(text) - 1, &value), -1);
		assert_int_equal(ppdl_ask_item(&v, text, strlen(text), &value), -1);
	}
	snprintf(text, sizeof text, "\"%s1\"", w.mark);
	for (size_t n = 0; n <= strlen(text); n++)
		assert_int_equal(ppdl_ask_item(&w, text, n, &value), -1);
	snprintf(text, sizeof text, "\"%s99999999999999999999:\"", w.mark);
	assert_int_equal(ppdl_ask_item(&w, text, strlen(text), &value), -1);
	assert_int_equal(ppdl_ask_item(&w, NULL, 0, &value), -1);
	ppdl_ask_free(&w);
	ppdl_ask_free(&v);
}

/* ------------------------------------------------------------------ answers */

#define WIDTH 18

static const char *
answer(const char *what, const double *v, double error)
{
	static char text[100];
	char		sql[200];
	PpdlAsk	w;
	PpdlWriter	out;

	snprintf(sql, sizeof sql, "SELECT {%s where Stage = 1}", what);
	assert_int_equal(ppdl_ask_rewrite(&w, sql, NULL, find, NULL, &err), PPDL_OK);
	ppdl_writer_init(&out);
	if (ppdl_ask_answer(w.item, v, 1 + WIDTH, error, &out, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	snprintf(text, sizeof text, "%.*s", (int) out.len, (const char *) out.buf);
	assert_int_equal(ppdl_ask_answer(w.item, v, WIDTH, error, &out, &err), v ? PPDL_ERR_FORMAT : PPDL_OK);
	ppdl_writer_free(&out);
	ppdl_ask_free(&w);
	return text;
}

/* five rows: weights 60, 70, 80.5 and two that are missing; ages 20, 30, 40, 50, 61 */
static void
test_answers(void **state)
{
	double		v[1 + WIDTH] = {[0] = 5 + 1e-7, [1 + 0] = (20 + 30 + 40 + 50 + 61) / 50.0 - 5,
		[1 + 1] = (60 + 70 + 80.5 - 3 * 80) / 40, [1 + 2] = 2 - 2e-7};
	double		none[1 + WIDTH] = {1e-7};
	double		log_sum = 0;

	(void) state;
	for (int i = 1; i <= 5; i++)
		log_sum += log(i * 10) / log(10) - 1;
	v[1 + 14] = log_sum;
	assert_string_equal(answer("count", v, 1e-7), "5");
	assert_string_equal(answer("count(*)", v, 1e-7), "5");
	assert_string_equal(answer("count(Weight)", v, 1e-7), "3");
	assert_string_equal(answer("count(age)", v, 1e-7), "5");
	assert_true(fabs(atof(answer("sum(Weight)", v, 1e-6)) - 210.5) < 1e-3);
	assert_true(fabs(atof(answer("avg(Weight)", v, 1e-6)) - 210.5 / 3) < 1e-3);
	assert_true(fabs(atof(answer("avg(Age)", v, 1e-6)) - 40.2) < 1e-3);
	assert_true(fabs(atof(answer("avg(crp)", v, 1e-6)) - 10 * pow(120, 0.2)) < 1e-3);
	/* no more digits than the error has */
	assert_true(strlen(answer("avg(Weight)", v, 1e-3)) <= 5 && strlen(answer("avg(Weight)", v, 1e-7)) >= 8);
	assert_true(strchr(answer("count", v, 0.2), '.') == NULL || strlen(answer("count", v, 0.2)) < 5);
	/* groups without rows */
	assert_string_equal(answer("count", none, 1e-7), "0");
	assert_string_equal(answer("avg(Weight)", none, 1e-7), "");
	assert_string_equal(answer("sum(Weight)", none, 1e-7), "");
	assert_string_equal(answer("count", NULL, 0), "0");
	assert_string_equal(answer("avg(Weight)", NULL, 0), "");
}

/* digits are those that the error leaves, which is found here by chance */
static void
test_answer_errors(void **state)
{
	static const char *const what[] = {"avg(Weight)", "sum(Weight)", "count(Weight)"};
	static const double want[] = {210.5 / 3, 210.5, 3};
	const double v[1 + WIDTH] = {5, [2] = (210.5 - 240) / 40, [3] = 2},
				error = 3e-3;
	double		squares[3] = {0};
	char		text[64];

	(void) state;
	for (int n = 0; n < 2000; n++)
	{
		const double rows = 3 + error * (ppdl_prng_normal(&rng) - ppdl_prng_normal(&rng)),
					sum = v[2] + error * ppdl_prng_normal(&rng);

		squares[0] += pow(80 + 40 * sum / rows - want[0], 2);
		squares[1] += pow(80 * rows + 40 * sum - want[1], 2);
		squares[2] += pow(rows - want[2], 2);
	}
	for (int k = 0; k < 3; k++)
	{
		ppdl_format_value(text, sizeof text, want[k], sqrt(squares[k] / 2000));
		assert_string_equal(answer(what[k], v, k == 2 ? 0.1 : error), k == 2 ? "3" : text);
	}
}

/* ------------------------------------------------------------------ what a comparison cannot resolve */

static void
test_blur(void **state)
{
	static const char *const fine = "{\"format\": \"ppdl-features\", \"version\": 1, \"features\": ["
		"{\"column\": \"a\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1000, \"step\": 0.01},"
		"{\"column\": \"b\", \"kind\": \"numeric\", \"min\": 0, \"max\": 1000},"
		"{\"column\": \"c\", \"kind\": \"numeric\", \"min\": 0, \"max\": 120, \"step\": 0.1},"
		"{\"column\": \"a\", \"kind\": \"at-least\", \"cuts\": [500]}]}";
	static const struct
	{
		const char *condition,
				   *note;
	}			cases[] = {
		{"a > 250", "\"a\" is compared with 250.005: rows between 249.9"}, {"a >= 500", NULL},
		{"c > 65.5", "\"c\" is compared twice, with a full bootstrap between"}, {"c > 60 and c < 60.2", "twice"},
		{"c >= 120", NULL}, {"c < 0.1", NULL},
		{"a > 10", ", those of 10.01 by "}, {"b > 250", "\"b\" is compared with 250: rows between 24"},
	};
	PpdlFeatures *rough;

	(void) state;
	assert_int_equal(ppdl_features_parse(&rough, fine, strlen(fine), "f.json", &err), PPDL_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		PpdlAskText t = {.sql = cases[i].condition, .err = &err};
		PpdlAskForm form;
		PpdlWriter	w,
					notes;

		ppdl_writer_init(&w);
		ppdl_writer_init(&notes);
		assert_int_equal(ppdl_ask_next(&t), PPDL_OK);
		assert_int_equal(ppdl_ask_parse(&t, rough, NULL, &form, &w, &notes), PPDL_OK);
		/* said once */
		t.end = 0;
		w.len = 0;
		assert_int_equal(ppdl_ask_next(&t), PPDL_OK);
		assert_int_equal(ppdl_ask_parse(&t, rough, NULL, &form, &w, &notes), PPDL_OK);
		ppdl_write_u8(&notes, 0);
		assert_true(strchr((char *) notes.buf, '\n') == strrchr((char *) notes.buf, '\n'));
		if (cases[i].note ? strstr((char *) notes.buf, cases[i].note) == NULL : notes.len > 1)
			fail_msg("%s: %s", cases[i].condition, (char *) notes.buf);
		ppdl_writer_free(&w);
		ppdl_writer_free(&notes);
	}
	ppdl_features_destroy(rough);
}

static int
end(void **state)
{
	(void) state;
	ppdl_features_destroy(known());
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_truth, setup, teardown),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_odd_texts),
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_documented),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_answer_errors),
		cmocka_unit_test(test_blur),
	};
	const char *given = getenv("PPDL_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : 20261129;
	printf("seed %llu\n", (unsigned long long) seed);
	ppdl_prng_init(&rng, seed, 0);
	return cmocka_run_group_tests(tests, NULL, end);
}
