/* Metrics, ROC curves, calibration, intervals: against values worked by hand, and the definitions in long double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/prng.h"
#include "stats/calibration.h"
#include "stats/interval.h"
#include "stats/metrics.h"
#include "stats/roc.h"

#define MOST 60					/* rows of a random table */
#define MOST_OUTPUTS 5

static PpdlError err;

static void
near(double got, double expected, double within)
{
	if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) <= within))
		fail_msg("%.17g instead of %.17g", got, expected);
}

#define TINY 1e-12

/* ------------------------------------------------------------------ by hand */

static void
two_classes_by_hand(void **state)
{
	/* positives 0.9 0.4 -0.2 0.1, negatives -0.8 0.1 -0.3 -0.4 0.2 */
	static const int truth[] = {1, 0, 1, 0, 1, 0, 0, 1, 0};
	static const double score[] = {0.9, -0.8, 0.4, 0.1, -0.2, -0.3, -0.4, 0.1, 0.2};
	PpdlMetrics m;
	long		counts[4];

	assert_int_equal(ppdl_metrics(&m, truth, score, 9, 1, &err), PPDL_OK);
	near(m.accuracy, 6 / 9.0, TINY);
	near(m.sensitivity, 3 / 4.0, TINY);
	near(m.specificity, 3 / 5.0, TINY);
	near(m.balanced_accuracy, (3 / 4.0 + 3 / 5.0) / 2, TINY);
	near(m.f1, 6 / 9.0, TINY);
	/* of 20 pairs: 0.9 and 0.4 beat 5 each, -0.2 beats 3, 0.1 beats 3 and ties 1 */
	near(m.auc, (5 + 5 + 3 + 3.5) / 20, TINY);
	/* probabilities 0.95 0.7 0.4 0.55, and 0.1 0.55 0.35 0.3 0.6 */
	near(m.brier, (0.0025 + 0.09 + 0.36 + 0.2025 + 0.01 + 0.3025 + 0.1225 + 0.09 + 0.36) / 9, TINY);
	assert_int_equal(ppdl_confusion(counts, truth, score, 9, 1, &err), PPDL_OK);
	assert_memory_equal(counts, ((long[]) {3, 2, 1, 3}), sizeof counts);
}

static void
three_classes_by_hand(void **state)
{
	static const int truth[] = {0, 0, 1, 1, 2};
	static const double score[] = {
		1, -1, -1,
		-1, 0, -0.5,			/* taken for class 1 */
		-1, 1, -1,
		-0.4, 0.2, 0.2,			/* the first of equal ones: class 1 */
		-1, -1, 3,				/* a probability of 1, not of 2 */
	};
	PpdlMetrics m;
	long		counts[9];

	assert_int_equal(ppdl_metrics(&m, truth, score, 5, 3, &err), PPDL_OK);
	near(m.accuracy, 4 / 5.0, TINY);
	near(m.balanced_accuracy, (1 / 2.0 + 1 + 1) / 3, TINY);
	near(m.sensitivity, m.balanced_accuracy, 0);
	near(m.specificity, (1 + 2 / 3.0 + 1) / 3, TINY);
	near(m.f1, (2 / 3.0 + 4 / 5.0 + 1) / 3, TINY);
	/* class 0: {1, -1} against {-1, -0.4, -1}: 3 + 2 halves of 6; class 1: {1, 0.2} against {-1, 0, -1}: all;
	 * class 2: {3} against all others */
	near(m.auc, (4 / 6.0 + 1 + 1) / 3, TINY);
	near(m.brier, (0 + (1 + 0.25 + 0.0625) + 0 + (0.09 + 0.16 + 0.36) + 0) / 5, TINY);
	assert_int_equal(ppdl_confusion(counts, truth, score, 5, 3, &err), PPDL_OK);
	assert_memory_equal(counts, ((long[]) {1, 1, 0, 0, 2, 0, 0, 0, 1}), sizeof counts);
}

static void
names_and_values(void **state)
{
	PpdlMetrics m = {1, 2, 3, 4, 5, 6, 7};

	for (int i = 0; i < PPDL_METRICS; i++)
		near(ppdl_metric_value(&m, i), i + 1, 0);
	assert_string_equal(ppdl_metric_name[PPDL_METRIC_BALANCED_ACCURACY], "balanced_accuracy");
	assert_string_equal(ppdl_metric_name[PPDL_METRIC_BRIER], "brier");
}

/* ------------------------------------------------------------------ random tables, by definition */

typedef struct Table
{
	long		n;
	int			outputs,
				classes;
	int			truth[MOST];
	double		score[MOST * MOST_OUTPUTS];
} Table;

/*
 * few different scores, so that many are equal, in binary digits, so that differences are exact; classes may be missing
 */
static void
random_table(Table *t, PpdlPrng *r)
{
	double		grid = (double) (1 << ppdl_prng_below(r, 5));

	t->n = 1 + (long) ppdl_prng_below(r, MOST);
	t->outputs = 1 + (int) ppdl_prng_below(r, MOST_OUTPUTS);
	t->classes = t->outputs == 1 ? 2 : t->outputs;
	for (long i = 0; i < t->n; i++)
	{
		t->truth[i] = (int) ppdl_prng_below(r, (uint64_t) t->classes);
		for (int k = 0; k < t->outputs; k++)
			t->score[i * t->outputs + k] = round(ppdl_prng_normal(r) * grid) / grid;
	}
}

static long double
score_for(const Table *t, long i, int class)
{
	const double *s = t->score + i * t->outputs;

	if (t->outputs == 1)
		return class ? s[0] : -s[0];
	if (t->outputs == 2)
		return class ? (s[1] - (long double) s[0]) / 2 : (s[0] - (long double) s[1]) / 2;
	return s[class];
}

static int
predicted(const Table *t, long i)
{
	const double *s = t->score + i * t->outputs;
	int			best = t->outputs - 1;

	if (t->outputs == 1)
		return s[0] > 0;
	for (int k = t->outputs - 1; k >= 0; k--)
		best = s[k] >= s[best] ? k : best;
	return best;
}

static long double
order(long double a, long double b)
{
	return a > b ? 1 : a == b ? 0.5L : 0;
}

static void
sides(const Table *t, int class, long side[2])
{
	side[0] = side[1] = 0;
	for (long i = 0; i < t->n; i++)
		side[t->truth[i] == class]++;
}

/* over all pairs; NaN without any */
static long double
brute_auc(const Table *t, int class)
{
	long double sum = 0;
	long		side[2];

	sides(t, class, side);
	for (long i = 0; i < t->n; i++)
		for (long j = 0; j < t->n; j++)
			if (t->truth[i] == class && t->truth[j] != class)
				sum += order(score_for(t, i, class), score_for(t, j, class));
	return sum / ((long double) side[0] * side[1]);
}

/* DeLong's, from the placements of each row */
static long double
brute_variance(const Table *t, int class)
{
	long double auc = brute_auc(t, class),
				square[2] = {0, 0};
	long		side[2];

	sides(t, class, side);
	for (long i = 0; i < t->n; i++)
	{
		int			mine = t->truth[i] == class;
		long double place = 0;

		for (long j = 0; j < t->n; j++)
			if ((t->truth[j] == class) != mine)
				place += mine ? order(score_for(t, i, class), score_for(t, j, class)) :
					order(score_for(t, j, class), score_for(t, i, class));
		place /= side[!mine];
		square[mine] += (place - auc) * (place - auc);
	}
	return square[1] / (side[1] - 1) / side[1] + square[0] / (side[0] - 1) / side[0];
}

typedef struct Shares
{
	long double sensitivity,
				specificity,
				f1;
} Shares;

static Shares
brute_shares(const Table *t, int class)
{
	long double tp = 0,
				fp = 0,
				fn = 0,
				tn = 0;

	for (long i = 0; i < t->n; i++)
	{
		int			is = t->truth[i] == class,
					said = predicted(t, i) == class;

		tp += is && said;
		fp += !is && said;
		fn += is && !said;
		tn += !is && !said;
	}
	return (Shares) {tp / (tp + fn), tn / (tn + fp), 2 * tp / (2 * tp + fp + fn)};
}

static long double
brute_brier(const Table *t)
{
	long double sum = 0;

	for (long i = 0; i < t->n; i++)
		for (int c = t->classes == 2; c < t->classes; c++)
		{
			long double p = fminl(1, fmaxl(0, (score_for(t, i, c) + 1) / 2));

			sum += (p - (t->truth[i] == c)) * (p - (t->truth[i] == c));
		}
	return sum / t->n;
}

static void
check_table(const Table *t)
{
	PpdlMetrics m;
	Shares		mean = {0, 0, 0};
	long double auc = 0,
				balanced = 0,
				right = 0;
	int			present = 0;

	assert_int_equal(ppdl_metrics(&m, t->truth, t->score, t->n, t->outputs, &err), PPDL_OK);
	for (long i = 0; i < t->n; i++)
		right += predicted(t, i) == t->truth[i];
	for (int c = 0; c < t->classes; c++)
	{
		Shares		s = brute_shares(t, c);

		if (isnan(s.sensitivity))
			continue;
		present++;
		balanced += s.sensitivity;
		mean.sensitivity += s.sensitivity;
		mean.specificity += s.specificity;
		mean.f1 += s.f1;
		auc += brute_auc(t, c);
	}
	balanced /= present;
	mean = (Shares) {mean.sensitivity / present, mean.specificity / present, mean.f1 / present};
	auc /= present;
	if (t->classes == 2)
	{
		mean = brute_shares(t, 1);
		auc = brute_auc(t, 1);
	}
	near(m.accuracy, (double) (right / t->n), TINY);
	near(m.balanced_accuracy, (double) balanced, TINY);
	near(m.sensitivity, (double) mean.sensitivity, TINY);
	near(m.specificity, (double) mean.specificity, TINY);
	near(m.f1, (double) mean.f1, TINY);
	near(m.auc, (double) auc, TINY);
	near(m.brier, (double) brute_brier(t), TINY);
}

/* every point of the curve by counting, in order, and the threshold by trying them all */
static void
check_curve(const Table *t, int class)
{
	PpdlRoc		roc;
	PpdlThreshold best;
	long		side[2];
	double		most = -2,
				nearest = INFINITY;

	sides(t, class, side);
	if (side[0] == 0 || side[1] == 0)
	{
		assert_int_equal(ppdl_roc(&roc, t->truth, t->score, t->n, t->outputs, class, &err), PPDL_ERR_FORMAT);
		ppdl_roc_free(&roc);
		return;
	}
	assert_int_equal(ppdl_roc(&roc, t->truth, t->score, t->n, t->outputs, class, &err), PPDL_OK);
	assert_true(roc.point[0].tpr == 0 && roc.point[0].fpr == 0 && roc.point[0].threshold == INFINITY);
	assert_true(roc.point[roc.count - 1].tpr == 1 && roc.point[roc.count - 1].fpr == 1);
	for (long p = 0; p < roc.count; p++)
	{
		const PpdlRocPoint *q = &roc.point[p];
		long		above[2] = {0, 0};
		int			zero = q->low <= 0 && 0 < q->high;

		for (long i = 0; i < t->n; i++)
			above[t->truth[i] == class] += score_for(t, i, class) > q->threshold;
		assert_int_equal(q->true_positives, above[1]);
		assert_int_equal(q->false_positives, above[0]);
		near(q->tpr, (double) above[1] / side[1], TINY);
		near(q->fpr, (double) above[0] / side[0], TINY);
		assert_true(p == 0 || q->threshold < q[-1].threshold);
		assert_true(p == 0 || (above[0] + above[1] > q[-1].true_positives + q[-1].false_positives));
		if (q->tpr - q->fpr > most + 1e-9)
		{
			most = q->tpr - q->fpr;
			nearest = INFINITY;
		}
		if (q->tpr - q->fpr > most - 1e-9)
			nearest = fmin(nearest, zero ? 0 : fabs(q->threshold));
	}
	ppdl_roc_youden(&best, &roc);
	near(best.j, most, 1e-9);
	assert_true(most < 1e-9 || fabs(best.sensitivity + best.specificity - 1 - most) < 1e-9);
	near(fabs(best.threshold), most > 1e-9 ? nearest : 0, 1e-15);
	assert_true(best.low <= best.threshold && best.threshold < best.high);
	ppdl_roc_free(&roc);
}

static void
check_calibration(const Table *t, int class)
{
	enum
	{
		BINS = 7
	};
	PpdlCalibrationBin bin[BINS];

	assert_int_equal(ppdl_calibration(bin, BINS, t->truth, t->score, t->n, t->outputs, class, &err), PPDL_OK);
	for (int b = 0; b < BINS; b++)
	{
		long double sum = 0,
					share = 0;
		long		count = 0;

		for (long i = 0; i < t->n; i++)
		{
			double		p = (double) fminl(1, fmaxl(0, score_for(t, i, class) / 2 + 0.5L));

			if (p < bin[b].low || (b < BINS - 1 && p >= bin[b].high))
				continue;
			count++;
			sum += p;
			share += t->truth[i] == class;
		}
		assert_int_equal(bin[b].count, count);
		near(bin[b].mean_probability, (double) (sum / count), TINY);
		near(bin[b].share_positive, (double) (share / count), TINY);
	}
	assert_true(bin[0].low == 0 && bin[BINS - 1].high == 1);
}

static void
random_tables(void **state)
{
	const uint64_t seed = 20261127;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 1000; run++)
	{
		PpdlPrng	r;
		Table		t;

		ppdl_prng_init(&r, seed, run);
		random_table(&t, &r);
		check_table(&t);
		for (int c = 0; c < t.classes; c++)
		{
			long		side[2];
			double		auc,
						variance;

			check_curve(&t, c);
			check_calibration(&t, c);
			sides(&t, c, side);
			if (side[0] == 0 || side[1] == 0)
				continue;
			assert_int_equal(ppdl_auc(&auc, &variance, t.truth, t.score, t.n, t.outputs, c, &err), PPDL_OK);
			near(auc, (double) brute_auc(&t, c), TINY);
			near(variance, side[0] < 2 || side[1] < 2 ? NAN : (double) brute_variance(&t, c), TINY);
		}
	}
}

/* ------------------------------------------------------------------ degenerate and wrong rows */

static void
one_class_only(void **state)
{
	static const int truth[] = {1, 1, 1};
	static const double score[] = {0.5, -0.5, 0.1};
	PpdlMetrics m;
	PpdlInterval i[PPDL_METRICS];

	assert_int_equal(ppdl_metrics(&m, truth, score, 3, 1, &err), PPDL_OK);
	near(m.accuracy, 2 / 3.0, TINY);
	near(m.balanced_accuracy, 2 / 3.0, TINY);
	near(m.specificity, NAN, 0);
	near(m.auc, NAN, 0);
	assert_int_equal(ppdl_metrics_intervals(i, truth, score, 3, 1, 0.95, &err), PPDL_OK);
	near(i[PPDL_METRIC_SPECIFICITY].low, NAN, 0);
	near(i[PPDL_METRIC_AUC].high, NAN, 0);
	assert_true(i[PPDL_METRIC_BALANCED_ACCURACY].low < 2 / 3.0 && i[PPDL_METRIC_BALANCED_ACCURACY].high > 2 / 3.0);
}

static void
one_row(void **state)
{
	PpdlMetrics m;
	PpdlInterval i[PPDL_METRICS];

	assert_int_equal(ppdl_metrics(&m, (int[]) {0}, (double[]) {-1}, 1, 1, &err), PPDL_OK);
	near(m.accuracy, 1, 0);
	near(m.sensitivity, NAN, 0);
	near(m.f1, NAN, 0);
	near(m.brier, 0, 0);
	assert_int_equal(ppdl_metrics_intervals(i, (int[]) {0}, (double[]) {-1}, 1, 1, 0.95, &err), PPDL_OK);
	near(i[PPDL_METRIC_BRIER].low, NAN, 0);
	/* Wilson's of 1 in 1 */
	near(i[PPDL_METRIC_ACCURACY].low, 0.20654931, 1e-8);
	near(i[PPDL_METRIC_ACCURACY].high, 1, 0);
}

static void
all_scores_equal(void **state)
{
	static const int truth[] = {0, 1, 0, 1, 1};
	static const double score[] = {0.25, 0.25, 0.25, 0.25, 0.25};
	PpdlMetrics m;
	PpdlRoc		roc;
	PpdlThreshold t;

	assert_int_equal(ppdl_metrics(&m, truth, score, 5, 1, &err), PPDL_OK);
	near(m.auc, 0.5, 0);
	near(m.sensitivity, 1, 0);
	near(m.specificity, 0, 0);
	assert_int_equal(ppdl_roc(&roc, truth, score, 5, 1, 1, &err), PPDL_OK);
	assert_int_equal(roc.count, 2);
	ppdl_roc_youden(&t, &roc);
	near(t.j, 0, 0);
	near(t.threshold, 0, 0);
	near(t.sensitivity, 1, 0);
	ppdl_roc_free(&roc);
}

static void
two_outputs_are_one(void **state)
{
	static const int truth[] = {0, 1, 0, 1};
	static const double two[] = {0.5, -0.5, -0.9, 0.3, 0.1, 0.1, 0.4, 0.2};
	static const double one[] = {-0.5, 0.6, 0, -0.1};
	PpdlMetrics a,
				b;

	assert_int_equal(ppdl_metrics(&a, truth, two, 4, 2, &err), PPDL_OK);
	assert_int_equal(ppdl_metrics(&b, truth, one, 4, 1, &err), PPDL_OK);
	for (int i = 0; i < PPDL_METRICS; i++)
		near(ppdl_metric_value(&a, i), ppdl_metric_value(&b, i), TINY);
}

static void
refused(const int *truth, const double *score, long n, int outputs, PpdlStatus code, const char *words)
{
	PpdlMetrics m;
	PpdlInterval i[PPDL_METRICS];

	assert_int_equal(ppdl_metrics(&m, truth, score, n, outputs, &err), code);
	if (strstr(err.message, words) == NULL)
		fail_msg("\"%s\" without \"%s\"", err.message, words);
	assert_int_equal(ppdl_metrics_intervals(i, truth, score, n, outputs, 0.95, &err), code);
}

static void
wrong_rows(void **state)
{
	static const int truth[] = {0, 1, 2};
	static const double score[] = {0, 0.5, NAN},
				large[] = {0, INFINITY, 0};
	PpdlInterval i[PPDL_METRICS];

	refused(truth, score, 0, 1, PPDL_ERR_FORMAT, "no row");
	refused(truth, score, 3, 1, PPDL_ERR_FORMAT, "row 3 is of class 2");
	refused((int[]) {0, 1, 1}, score, 3, 1, PPDL_ERR_FORMAT, "row 3 has a score");
	refused((int[]) {0, 1, 1}, large, 3, 1, PPDL_ERR_FORMAT, "row 2 has a score");
	refused((int[]) {-1}, score, 1, 1, PPDL_ERR_FORMAT, "class -1");
	refused(truth, score, 3, 0, PPDL_ERR_ARGUMENT, "0 scores");
	refused(truth, score, PPDL_MAX_SCORED_ROWS + 1, 1, PPDL_ERR_FORMAT, "more than");
	assert_int_equal(ppdl_metrics_intervals(i, truth, score, 2, 1, 1, &err), PPDL_ERR_ARGUMENT);
	assert_int_equal(ppdl_calibration(NULL, 0, truth, score, 2, 1, 1, &err), PPDL_ERR_ARGUMENT);
}

/* ------------------------------------------------------------------ curves for charts */

static void
neighbouring_scores(void **state)
{
	/* nothing lies halfway between these */
	const double score[] = {1, nextafter(1, 2), -1e308, 1e308, -INFINITY};
	static const int truth[] = {0, 1, 0, 1};
	PpdlRoc		roc;

	assert_int_equal(ppdl_roc(&roc, truth, score, 4, 1, 1, &err), PPDL_OK);
	assert_int_equal(roc.count, 5);
	for (int i = 0; i < 5; i++)
		assert_true(roc.point[i].low <= roc.point[i].threshold &&
					(i == 0 || roc.point[i].threshold < roc.point[i].high));
	near(roc.point[2].threshold, 1, 0);
	ppdl_roc_free(&roc);
}

static void
thin_curves(void **state)
{
	enum
	{
		N = 5000
	};
	static int	truth[N];
	static double score[N];
	PpdlPrng	r;

	ppdl_prng_init(&r, 5, 0);
	for (int i = 0; i < N; i++)
	{
		truth[i] = (int) ppdl_prng_below(&r, 2);
		score[i] = truth[i] * 1.2 + ppdl_prng_normal(&r);
	}
	for (long most = 2; most < 400; most = most * 3 / 2 + 1)
	{
		PpdlRoc		roc;
		double		gap = 0;

		assert_int_equal(ppdl_roc(&roc, truth, score, N, 1, 1, &err), PPDL_OK);
		ppdl_roc_thin(&roc, most);
		assert_true(roc.count <= most && roc.count >= (most + 1) / 2);
		assert_true(roc.point[0].tpr == 0 && roc.point[0].fpr == 0);
		assert_true(roc.point[roc.count - 1].tpr == 1 && roc.point[roc.count - 1].fpr == 1);
		for (long i = 1; i < roc.count; i++)
		{
			assert_true(roc.point[i].threshold < roc.point[i - 1].threshold);
			gap = fmax(gap, roc.point[i].tpr + roc.point[i].fpr - roc.point[i - 1].tpr - roc.point[i - 1].fpr);
		}
		assert_true(gap < 2.01 / (double) (most - 1) + 0.01);
		ppdl_roc_free(&roc);
	}
}

/* ------------------------------------------------------------------ intervals */

static void
wilson_as_published(void **state)
{
	/* Newcombe, Statistics in Medicine 1998, table I, method 3 */
	static const struct
	{
		long		k,
					n;
		double		low,
					high;
	}			known[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611},
						   {1, 29, 0.0061, 0.1718}};

	near(ppdl_normal_two_sided(0.95), 1.959963984540054, 1e-12);
	near(ppdl_normal_two_sided(0.99), 2.575829303548901, 1e-12);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
	{
		PpdlInterval w = ppdl_interval_wilson(known[i].k, known[i].n, 0.95),
					other = ppdl_interval_wilson(known[i].n - known[i].k, known[i].n, 0.95);

		near(w.low, known[i].low, 0.00005);
		near(w.high, known[i].high, 0.00005);
		near(other.low, 1 - w.high, TINY);
		near(other.high, 1 - w.low, TINY);
	}
	near(ppdl_interval_wilson(0, 0, 0.95).low, NAN, 0);
}

static void
areas_without_variance(void **state)
{
	PpdlInterval i = ppdl_interval_auc(1, 0, 10, 20, 0.95);
	double		z = 1.959963984540054,
				a = i.low;

	/* the end is where auc is z standard deviations away, by Hanley and McNeil with 15 - 1 rows for both */
	near(1 - a, z * sqrt(a * (1 - a) / 200 * (1 + 14 * (1 - a) / (2 - a) + 14 * a / (1 + a))), 1e-9);
	near(i.high, 1, 0);
	near(ppdl_interval_auc(0, 0, 10, 20, 0.95).high, 1 - a, 1e-9);
	i = ppdl_interval_auc(0.5, NAN, 1, 1, 0.95);
	assert_true(i.low >= 0 && i.low < 0.2 && i.high > 0.8 && i.high <= 1);
	near(ppdl_interval_auc(NAN, NAN, 0, 3, 0.95).low, NAN, 0);
	/* the usual case: symmetric on the scale of log(a / (1 - a)) */
	i = ppdl_interval_auc(0.8, 0.0016, 50, 50, 0.95);
	near(log(i.high / (1 - i.high)) + log(i.low / (1 - i.low)), 2 * log(4), 1e-9);
	near(log(i.high / (1 - i.high)) - log(4), z * 0.04 / 0.16, 1e-9);
}

/* each interval holds its metric, in every table, and lies where the metric can */
static void
intervals_hold_values(void **state)
{
	const uint64_t seed = 7;

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < 500; run++)
	{
		PpdlPrng	r;
		Table		t;
		PpdlMetrics m;
		PpdlInterval i[PPDL_METRICS];

		ppdl_prng_init(&r, seed, run);
		random_table(&t, &r);
		assert_int_equal(ppdl_metrics(&m, t.truth, t.score, t.n, t.outputs, &err), PPDL_OK);
		assert_int_equal(ppdl_metrics_intervals(i, t.truth, t.score, t.n, t.outputs, 0.9, &err), PPDL_OK);
		for (int k = 0; k < PPDL_METRICS; k++)
		{
			double		v = ppdl_metric_value(&m, k);

			if (k == PPDL_METRIC_BRIER && t.n == 1)
				continue;
			if (isnan(v))
			{
				near(i[k].low, NAN, 0);
				continue;
			}
			assert_true(i[k].low >= 0 && i[k].low <= v + TINY && v - TINY <= i[k].high);
			assert_true(k == PPDL_METRIC_BRIER || i[k].high <= 1);
		}
	}
}

/* how often 95 % intervals hold the truth: scores N(0, 1) and N(1, 1), 40 rows of each class */
static void
intervals_cover(void **state)
{
	enum
	{
		RUNS = 1500, N = 80
	};
	const double auc = 0.760249938906523,	/* Phi(1 / sqrt(2)) */
				above = 0.691462461274013;	/* Phi(1/2), threshold 1/2 */
	const uint64_t seed = 11;
	int			held[3] = {0};

	print_message("seed %lu\n", (unsigned long) seed);
	for (uint64_t run = 0; run < RUNS; run++)
	{
		PpdlPrng	r;
		int			truth[N];
		double		score[N];
		PpdlInterval i[PPDL_METRICS];

		ppdl_prng_init(&r, seed, run);
		for (int k = 0; k < N; k++)
		{
			truth[k] = k % 2;
			score[k] = truth[k] + ppdl_prng_normal(&r) - 0.5;
		}
		assert_int_equal(ppdl_metrics_intervals(i, truth, score, N, 1, 0.95, &err), PPDL_OK);
		held[0] += i[PPDL_METRIC_AUC].low <= auc && auc <= i[PPDL_METRIC_AUC].high;
		held[1] += i[PPDL_METRIC_BALANCED_ACCURACY].low <= above && above <= i[PPDL_METRIC_BALANCED_ACCURACY].high;
		held[2] += i[PPDL_METRIC_F1].low <= above && above <= i[PPDL_METRIC_F1].high;
	}
	print_message("held: AUC %d, balanced accuracy %d, F1 %d of %d\n", held[0], held[1], held[2], RUNS);
	for (int k = 0; k < 3; k++)
		assert_true(held[k] > 0.925 * RUNS && held[k] < 0.985 * RUNS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_classes_by_hand),
		cmocka_unit_test(three_classes_by_hand),
		cmocka_unit_test(names_and_values),
		cmocka_unit_test(random_tables),
		cmocka_unit_test(one_class_only),
		cmocka_unit_test(one_row),
		cmocka_unit_test(all_scores_equal),
		cmocka_unit_test(two_outputs_are_one),
		cmocka_unit_test(wrong_rows),
		cmocka_unit_test(neighbouring_scores),
		cmocka_unit_test(thin_curves),
		cmocka_unit_test(wilson_as_published),
		cmocka_unit_test(areas_without_variance),
		cmocka_unit_test(intervals_hold_values),
		cmocka_unit_test(intervals_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
