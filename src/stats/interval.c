#include "stats/interval.h"

#include <math.h>
#include <stdlib.h>

#include "stats/roc.h"
#include "stats/scored.h"

static const PpdlInterval nothing = {NAN, NAN};

static PpdlInterval
within(double low, double high)
{
	return (PpdlInterval) {fmax(0, low), fmin(1, high)};
}

double
ppdl_normal_two_sided(double level)
{
	double		low = 0,
				high = 40;

	for (int i = 0; i < 100; i++)
	{
		double		mid = (low + high) / 2;

		if (erf(mid * M_SQRT1_2) < level)
			low = mid;
		else
			high = mid;
	}
	return high;
}

PpdlInterval
ppdl_interval_wilson(long k, long n, double level)
{
	double		z = ppdl_normal_two_sided(level);
	double		m = (double) n,
				p = (double) k / m,
				middle = (p + z * z / (2 * m)) / (1 + z * z / m),
				half = z * sqrt(p * (1 - p) / m + z * z / (4 * m * m)) / (1 + z * z / m);

	/* without rounding the ends of 0 and 1 would be these */
	return n < 1 ? nothing : within(k == 0 ? 0 : middle - half, k == n ? 1 : middle + half);
}

PpdlInterval
ppdl_interval_f1(const PpdlClassCounts *c, double level)
{
	PpdlInterval s = ppdl_interval_wilson(c->true_positives,
										  c->true_positives + c->false_positives + c->false_negatives, level);

	return (PpdlInterval) {2 * s.low / (1 + s.low), 2 * s.high / (1 + s.high)};
}

/* ------------------------------------------------------------------ area under the curve */

/* variance of an area as Hanley and McNeil (1982) estimate it, both sides with their mean number of rows */
static double
likely_variance(double area, double positives, double negatives)
{
	double		rows = (positives + negatives) / 2 - 1;

	return area * (1 - area) / (positives * negatives) *
		(1 + rows * (1 - area) / (2 - area) + rows * area / (1 + area));
}

/* the area between `auc` and `end` that is just z standard deviations from auc */
static double
likely_end(double auc, double end, double z, double positives, double negatives)
{
	double		in = auc,
				out = end;

	for (int i = 0; i < 100; i++)
	{
		double		mid = (in + out) / 2;

		if (fabs(mid - auc) <= z * sqrt(likely_variance(mid, positives, negatives)))
			in = mid;
		else
			out = mid;
	}
	return in;
}

PpdlInterval
ppdl_interval_auc(double auc, double variance, long positives, long negatives, double level)
{
	double		z = ppdl_normal_two_sided(level),
				logit,
				half;

	if (isnan(auc) || positives < 1 || negatives < 1)
		return nothing;
	if (!(variance > 0) || auc <= 0 || auc >= 1)
		return within(likely_end(auc, 0, z, (double) positives, (double) negatives),
					  likely_end(auc, 1, z, (double) positives, (double) negatives));
	logit = log(auc / (1 - auc));
	half = z * sqrt(variance) / (auc * (1 - auc));
	return within(1 / (1 + exp(half - logit)), 1 / (1 + exp(-half - logit)));
}

/* ------------------------------------------------------------------ all metrics */

typedef struct Ends
{
	PpdlInterval sensitivity,
				specificity,
				f1,
				auc;
	double		recall;			/* the share itself */
} Ends;

static PpdlStatus
class_ends(Ends *e, const long *counts, int class, const PpdlScored *s, double level, PpdlError *err)
{
	PpdlClassCounts c;
	long		positives,
				negatives;
	double		auc,
				variance;

	ppdl_class_counts(&c, counts, ppdl_score_classes(s->outputs), class);
	positives = c.true_positives + c.false_negatives;
	negatives = c.true_negatives + c.false_positives;
	e->recall = c.sensitivity;
	e->sensitivity = ppdl_interval_wilson(c.true_positives, positives, level);
	e->specificity = ppdl_interval_wilson(c.true_negatives, negatives, level);
	e->f1 = ppdl_interval_f1(&c, level);
	e->auc = nothing;
	if (positives == 0 || negatives == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_auc(&auc, &variance, s->truth, s->scores, s->n, s->outputs, class, err));
	e->auc = ppdl_interval_auc(auc, variance, positives, negatives, level);
	return PPDL_OK;
}

/* of the mean of independent shares (Zou and Donner 2008) */
typedef struct SquareAndAdd
{
	double		mean,
				below,
				above;
	int			count;
} SquareAndAdd;

static void
add_share(SquareAndAdd *s, double share, PpdlInterval i)
{
	s->mean += share;
	s->below += (share - i.low) * (share - i.low);
	s->above += (i.high - share) * (i.high - share);
	s->count++;
}

static PpdlInterval
mean_share(const SquareAndAdd *s)
{
	return s->count == 0 ? nothing :
		within((s->mean - sqrt(s->below)) / s->count, (s->mean + sqrt(s->above)) / s->count);
}

static void
add_ends(PpdlInterval *sum, PpdlInterval i)
{
	sum->low += i.low;
	sum->high += i.high;
}

static PpdlInterval
mean_ends(PpdlInterval sum, int count)
{
	return (PpdlInterval) {sum.low / count, sum.high / count};
}

/* normal, for the mean of the rows' squared errors */
static PpdlInterval
brier_interval(const PpdlScored *s, double level)
{
	long double sum = 0,
				square = 0;
	double		mean,
				half;

	for (long i = 0; i < s->n; i++)
		sum += ppdl_scored_brier(s, i);
	mean = (double) (sum / s->n);
	for (long i = 0; i < s->n; i++)
	{
		double		d = ppdl_scored_brier(s, i) - mean;

		square += d * d;
	}
	half = s->n < 2 ? NAN : ppdl_normal_two_sided(level) * sqrt((double) (square / (s->n - 1) / s->n));
	return isnan(half) ? nothing : (PpdlInterval) {fmax(0, mean - half), mean + half};
}

/* the middle metrics of two classes: balanced accuracy of both, the others of class 1 */
static PpdlStatus
two_classes(PpdlInterval *out, const long *counts, const PpdlScored *s, double level, PpdlError *err)
{
	SquareAndAdd balanced = {0};
	Ends		e;

	for (int k = 0; k < 2; k++)
	{
		PPDL_TRY(class_ends(&e, counts, k, s, level, err));
		if (!isnan(e.recall))
			add_share(&balanced, e.recall, e.sensitivity);
	}
	out[PPDL_METRIC_BALANCED_ACCURACY] = mean_share(&balanced);
	out[PPDL_METRIC_SENSITIVITY] = e.sensitivity;
	out[PPDL_METRIC_SPECIFICITY] = e.specificity;
	out[PPDL_METRIC_F1] = e.f1;
	out[PPDL_METRIC_AUC] = e.auc;
	return PPDL_OK;
}

static PpdlStatus
several_classes(PpdlInterval *out, const long *counts, const PpdlScored *s, double level, PpdlError *err)
{
	SquareAndAdd balanced = {0};
	PpdlInterval sum[PPDL_METRICS] = {{0}};

	for (int k = 0; k < s->outputs; k++)
	{
		Ends		e;

		PPDL_TRY(class_ends(&e, counts, k, s, level, err));
		if (isnan(e.recall))
			continue;
		add_share(&balanced, e.recall, e.sensitivity);
		add_ends(&sum[PPDL_METRIC_SPECIFICITY], e.specificity);
		add_ends(&sum[PPDL_METRIC_F1], e.f1);
		add_ends(&sum[PPDL_METRIC_AUC], e.auc);
	}
	out[PPDL_METRIC_BALANCED_ACCURACY] = out[PPDL_METRIC_SENSITIVITY] = mean_share(&balanced);
	for (int i = PPDL_METRIC_SPECIFICITY; i <= PPDL_METRIC_AUC; i++)
		out[i] = mean_ends(sum[i], balanced.count);
	return PPDL_OK;
}

PpdlStatus
ppdl_metrics_intervals(PpdlInterval out[PPDL_METRICS], const int *truth, const double *scores, long n, int outputs,
					   double level, PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};
	int			classes = ppdl_score_classes(outputs);
	long	   *counts;
	long		right = 0;
	PpdlStatus	status;

	if (!(level > 0 && level < 1))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a confidence level lies between 0 and 1, not at %g", level);
	PPDL_TRY(ppdl_scored_counts(&counts, &s, err));
	for (int k = 0; k < classes; k++)
		right += counts[(size_t) k * (size_t) classes + (size_t) k];
	out[PPDL_METRIC_ACCURACY] = ppdl_interval_wilson(right, n, level);
	status = classes > 2 ? several_classes(out, counts, &s, level, err) : two_classes(out, counts, &s, level, err);
	out[PPDL_METRIC_BRIER] = brier_interval(&s, level);
	free(counts);
	return status;
}
