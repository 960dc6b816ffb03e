/*
 * How well what ppdl encode suggests does on a CSV file of one's own: random splits into four fifths to learn from and
 * one to try, the encoding learned on the training rows, the suggested model trained in the clear as ppdl_train trains
 * it (training on ciphertexts gives the same weights to five digits), beside logistic regression on the encoded inputs
 * and the majority.  One line a file; test/scripts/measure_tables.sh has the header.
 *
 *	tables [options of ppdl encode] [--group COL] [--repeats N] [--units N] [--train-options JSON] CSV
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/encode_args.h"
#include "net/train.h"
#include "stats/logistic.h"
#include "stats/split.h"

enum
{
	OPT_GROUP = 256, OPT_REPEATS, OPT_OPTIONS, OPT_UNITS
};

static const struct argp_option options[] = {
	{"group", OPT_GROUP, "COL", 0, "rows of a group stay together", 1},
	{"repeats", OPT_REPEATS, "N", 0, "random splits (5)", 1},
	{"train-options", OPT_OPTIONS, "JSON", 0, "instead of the suggested ones", 1},
	{"units", OPT_UNITS, "N", 0, "instead of the suggested ones", 1},
	{0}
};

typedef struct Table
{
	PpdlEncodeArgs encode;
	const char *path,
			   *group,
			   *options;
	int			repeats,
				units;
	/* the file */
	char	  **line;			/* records as CSV text */
	char	   *header;
	int		   *truth,
			   *group_of,
			   *fold;
	char	  **name;			/* of classes */
	int			classes;
	long		rows;
} Table;

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	Table	   *t = state->input;

	switch (key)
	{
		case ARGP_KEY_INIT:
			state->child_inputs[0] = &t->encode;
			return 0;
		case OPT_GROUP:
			t->group = arg;
			return 0;
		case OPT_REPEATS:
			t->repeats = (int) ppdl_arg_int(state, "--repeats", arg, 1, 1000);
			return 0;
		case OPT_UNITS:
			t->units = (int) ppdl_arg_int(state, "--units", arg, 1, 4096);
			return 0;
		case OPT_OPTIONS:
			t->options = arg;
			return 0;
		case ARGP_KEY_ARG:
			t->path = arg;
			return 0;
		case ARGP_KEY_END:
			if (t->path == NULL || t->encode.learn.label == NULL)
				argp_error(state, "a CSV file and --label are needed");
			return 0;
		default:
			return ARGP_ERR_UNKNOWN;
	}
}

static void
check(PpdlStatus status, const PpdlError *err)
{
	if (status == PPDL_OK)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

static void *
get(size_t n, size_t size)
{
	void	   *p = calloc(n ? n : 1, size);

	if (p == NULL)
		abort();
	return p;
}

static PpdlCsv *
open_csv(const Table *t, const char *path, FILE **f)
{
	PpdlCsvOptions opt = {.name = path, .delimiter = t->encode.delimiter, .no_header = t->encode.learn.no_header};
	PpdlError	err = {0};
	PpdlCsv    *csv;

	*f = fopen(path, "r");
	if (*f == NULL)
	{
		perror(path);
		exit(1);
	}
	check(ppdl_csv_open(&csv, *f, &opt, &err), &err);
	return csv;
}

static char *
record(char *const *field, int n, char delimiter)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (int i = 0; i < n; i++)
	{
		if (i > 0)
			ppdl_write_u8(&w, (uint8_t) (delimiter ? delimiter : ','));
		if (field[i][0])
			ppdl_csv_put(&w, field[i], strlen(field[i]));
	}
	ppdl_write_u8(&w, '\n');
	ppdl_write_u8(&w, 0);
	return (char *) w.buf;
}

/* number of a text among those seen */
static int
number_of(char ***seen, int *count, const char *s)
{
	for (int i = 0; i < *count; i++)
		if (strcmp((*seen)[i], s) == 0)
			return i;
	*seen = realloc(*seen, sizeof **seen * (size_t) (*count + 1));
	(*seen)[*count] = strdup(s);
	return (*count)++;
}

static void
read_table(Table *t)
{
	PpdlError	err = {0};
	FILE	   *f;
	PpdlCsv    *csv = open_csv(t, t->path, &f);
	PpdlCsvRow	row;
	int			more,
				label,
				group = -1,
				groups = 0,
				n = ppdl_csv_columns(csv);
	char	  **seen = NULL,
			  **column = get((size_t) n, sizeof *column);

	check(ppdl_csv_find(csv, t->encode.learn.label, &label, &err), &err);
	if (t->group)
		check(ppdl_csv_find(csv, t->group, &group, &err), &err);
	for (int i = 0; i < n; i++)
		column[i] = (char *) ppdl_csv_column(csv, i);
	t->header = t->encode.learn.no_header ? strdup("") : record(column, n, t->encode.delimiter);
	for (;;)
	{
		check(ppdl_csv_next(csv, &row, &more, &err), &err);
		if (!more)
			break;
		if (row.field[label][0] == 0)
			continue;
		if (t->rows % 1024 == 0)
		{
			size_t		cap = (size_t) t->rows + 1024;

			t->line = realloc(t->line, cap * sizeof *t->line);
			t->truth = realloc(t->truth, cap * sizeof *t->truth);
			t->group_of = realloc(t->group_of, cap * sizeof *t->group_of);
		}
		t->line[t->rows] = record(row.field, n, t->encode.delimiter);
		t->truth[t->rows] = number_of(&t->name, &t->classes, row.field[label]);
		t->group_of[t->rows] = group < 0 ? 0 : number_of(&seen, &groups, row.field[group]);
		t->rows++;
	}
	t->fold = get((size_t) t->rows, sizeof *t->fold);
	ppdl_csv_close(csv);
	fclose(f);
}

/* the rows of fold 0, or all others, as a file */
static void
write_part(const Table *t, int test, const char *path)
{
	FILE	   *f = fopen(path, "w");

	if (f == NULL)
		abort();
	fputs(t->header, f);
	for (long i = 0; i < t->rows; i++)
		if ((t->fold[i] == 0) == test)
			fputs(t->line[i], f);
	fclose(f);
}

typedef struct Part
{
	long		rows;
	double	   *x,				/* as rows hold it */
			   *encoded,
			   *y;
	int		   *truth;			/* by the encoding's classes */
} Part;

static int
largest(const double *v, int n)
{
	int			best = 0;

	if (n == 1)
		return v[0] > 0;
	for (int i = 1; i < n; i++)
		best = v[i] > v[best] ? i : best;
	return best;
}

static void
read_part(const Table *t, PpdlFeatures *fs, const char *path, Part *p)
{
	PpdlError	err = {0};
	PpdlWhitening *map = fs->map;

	memset(p, 0, sizeof *p);
	p->x = get((size_t) (t->rows * fs->inputs), sizeof(double));
	p->encoded = get((size_t) (t->rows * fs->encoded), sizeof(double));
	p->y = get((size_t) (t->rows * fs->outputs), sizeof(double));
	p->truth = get((size_t) t->rows, sizeof(int));
	for (int pass = 0; pass < 2; pass++)
	{
		FILE	   *f;
		PpdlCsv    *csv = open_csv(t, path, &f);
		PpdlBinding b;
		PpdlCsvRow	row;
		int			more,
					has_label;
		long		n = 0;

		fs->map = pass ? map : NULL;
		check(ppdl_binding_init(&b, fs, csv, 1, &err), &err);
		b.unknown_other = 1;
		b.outside = PPDL_OUTSIDE_CLAMP;
		for (;; n++)
		{
			check(ppdl_csv_next(csv, &row, &more, &err), &err);
			if (!more)
				break;
			check(ppdl_binding_apply(&b, &row, pass ? p->x + n * fs->inputs : p->encoded + n * fs->encoded,
									 p->y + n * fs->outputs, &has_label, &err), &err);
			p->truth[n] = largest(p->y + n * fs->outputs, fs->outputs);
		}
		p->rows = n;
		ppdl_binding_free(&b);
		ppdl_csv_close(csv);
		fclose(f);
	}
}

static void
free_part(Part *p)
{
	free(p->x);
	free(p->encoded);
	free(p->y);
	free(p->truth);
}

static double
logistic_accuracy(const PpdlFeatures *fs, const Part *train, const Part *test, double ridge)
{
	PpdlLogisticOptions opt = {.ridge = ridge};
	PpdlError	err = {0};
	PpdlLogistic *m;
	double	   *score = get((size_t) (test->rows * fs->outputs), sizeof(double));
	long		right = 0;

	if (ppdl_logistic_fit(&m, train->encoded, train->truth, train->rows, fs->encoded, fs->outputs == 1 ? 2 : fs->outputs,
						  &opt, &err) != PPDL_OK)
	{
		fprintf(stderr, "logistic regression: %s\n", err.message);
		free(score);
		return NAN;
	}
	ppdl_logistic_scores(m, test->encoded, test->rows, score);
	for (long i = 0; i < test->rows; i++)
		right += largest(score + i * fs->outputs, fs->outputs) == test->truth[i];
	ppdl_logistic_free(m);
	free(score);
	return (double) right / test->rows;
}

/* NaN when training diverges */
static double
network_accuracy(const Table *t, const PpdlFeatures *fs, const Part *train, const Part *test, double *moved)
{
	PpdlError	err = {0};
	PpdlTrainOptions opt;
	PpdlNet    *net;
	PpdlWriter	w;
	double	   *first,
			   *last;
	long		right = 0;
	double	   *score = get((size_t) fs->outputs, sizeof(double));

	ppdl_writer_init(&w);
	check(ppdl_features_model_spec(fs, t->units, &w, &err), &err);
	ppdl_write_u8(&w, 0);
	check(ppdl_net_parse(&net, (char *) w.buf, &err), &err);
	w.len = 0;
	if (t->options)
		ppdl_write_bytes(&w, t->options, strlen(t->options));
	else
		check(ppdl_features_train_options(fs, t->units, &w, &err), &err);
	ppdl_write_u8(&w, 0);
	check(ppdl_train_options_parse(&opt, (char *) w.buf, &err), &err);
	ppdl_writer_free(&w);
	check(ppdl_net_init(net, &opt, &err), &err);
	first = get((size_t) ppdl_net_weight_count(net), sizeof(double));
	last = get((size_t) ppdl_net_weight_count(net), sizeof(double));
	ppdl_net_get_weights(net, first);
	if (ppdl_net_train(net, train->x, train->y, (int) train->rows, &opt, NULL, &err) != PPDL_OK)
	{
		fprintf(stderr, "%s: %s\n", t->path, err.message);
		free(first);
		free(last);
		free(score);
		ppdl_net_destroy(net);
		return NAN;
	}
	ppdl_net_get_weights(net, last);
	for (int i = 0; i < ppdl_net_weight_count(net); i++)
		*moved = fmax(*moved, fabs(last[i] - first[i]));
	for (long i = 0; i < test->rows; i++)
	{
		check(ppdl_net_predict(net, test->x + i * fs->inputs, score, &err), &err);
		right += largest(score, fs->outputs) == test->truth[i];
	}
	free(first);
	free(last);
	free(score);
	ppdl_net_destroy(net);
	return (double) right / test->rows;
}

static double
majority_accuracy(const Part *train, const Part *test, int classes)
{
	int			top = 0;
	long		right = 0,
			   *count = get((size_t) classes, sizeof *count);

	for (long i = 0; i < train->rows; i++)
		count[train->truth[i]]++;
	for (int k = 1; k < classes; k++)
		top = count[k] > count[top] ? k : top;
	for (long i = 0; i < test->rows; i++)
		right += test->truth[i] == top;
	free(count);
	return (double) right / test->rows;
}

int
main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&ppdl_encode_argp, 0, NULL, 0}, {0}};
	static const struct argp argp = {options, parse, "CSV", "Tries what ppdl encode suggests on a table.", children, 0, 0};
	Table		t = {.repeats = 5};
	PpdlError	err = {0};
	double		sum[4] = {0},
				moved = 0;
	int			diverged = 0,
				inputs = 0,
				encoded = 0,
				outputs = 0;
	char		dir[] = "/tmp/ppdl-tables-XXXXXX",
				train_path[80],
				test_path[80];

	ppdl_encode_args_init(&t.encode);
	argp_parse(&argp, argc, argv, 0, NULL, &t);
	read_table(&t);
	if (mkdtemp(dir) == NULL)
		abort();
	snprintf(train_path, sizeof train_path, "%s/train.csv", dir);
	snprintf(test_path, sizeof test_path, "%s/test.csv", dir);
	for (int repeat = 1; repeat <= t.repeats; repeat++)
	{
		PpdlFeatures *fs;
		Part		train,
					test;
		double		a[4];

		check(ppdl_split_folds(t.fold, t.truth, t.group ? t.group_of : NULL, t.rows, 5, (uint64_t) repeat, &err), &err);
		write_part(&t, 0, train_path);
		write_part(&t, 1, test_path);
		check(ppdl_encode_file(&fs, train_path, &t.encode, NULL, &err), &err);
		read_part(&t, fs, train_path, &train);
		read_part(&t, fs, test_path, &test);
		inputs = fs->inputs;
		encoded = fs->encoded;
		outputs = fs->outputs;
		a[0] = majority_accuracy(&train, &test, outputs == 1 ? 2 : outputs);
		a[1] = logistic_accuracy(fs, &train, &test, 1);
		a[2] = logistic_accuracy(fs, &train, &test, 1e-2);
		a[3] = network_accuracy(&t, fs, &train, &test, &moved);
		diverged += isnan(a[3]);
		for (int i = 0; i < 4; i++)
			sum[i] += isnan(a[i]) ? 0 : a[i];
		free_part(&train);
		free_part(&test);
		ppdl_features_destroy(fs);
	}
	unlink(train_path);
	unlink(test_path);
	rmdir(dir);
	printf("%-32s %5ld %4d %4d %2d   %.3f  %.3f  %.3f  %.3f  %+.3f  %2d  %.2f\n",
		   strrchr(t.path, '/') ? strrchr(t.path, '/') + 1 : t.path, t.rows, encoded, inputs, outputs,
		   sum[0] / t.repeats, sum[1] / t.repeats, sum[2] / t.repeats, sum[3] / t.repeats,
		   (sum[3] - sum[1]) / t.repeats, diverged, moved);
	return diverged > 0;
}
