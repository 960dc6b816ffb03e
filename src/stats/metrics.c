#include "stats/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/roc.h"
#include "stats/scored.h"

const char *const ppdl_metric_name[PPDL_METRICS] =
{"accuracy", "balanced_accuracy", "sensitivity", "specificity", "f1", "auc", "brier"};

double
ppdl_metric_value(const PpdlMetrics *m, int i)
{
	const double value[PPDL_METRICS] =
	{m->accuracy, m->balanced_accuracy, m->sensitivity, m->specificity, m->f1, m->auc, m->brier};

	return value[i];
}

/* ------------------------------------------------------------------ counts */

static void
count(long *counts, const PpdlScored *s)
{
	size_t		k = (size_t) ppdl_score_classes(s->outputs);

	memset(counts, 0, k * k * sizeof *counts);
	for (long i = 0; i < s->n; i++)
		counts[(size_t) s->truth[i] * k + (size_t) ppdl_score_class(ppdl_scored_row(s, i), s->outputs)]++;
}

PpdlStatus
ppdl_confusion(long *counts, const int *truth, const double *scores, long n, int outputs, PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};

	PPDL_TRY(ppdl_scored_check(&s, err));
	count(counts, &s);
	return PPDL_OK;
}

PpdlStatus
ppdl_scored_counts(long **counts, const PpdlScored *s, PpdlError *err)
{
	size_t		k = (size_t) ppdl_score_classes(s->outputs);

	*counts = NULL;
	PPDL_TRY(ppdl_scored_check(s, err));
	*counts = malloc(k * k * sizeof **counts);
	if (*counts == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a table of %zu classes", k);
	count(*counts, s);
	return PPDL_OK;
}

/* NaN for a share of nothing */
static double
share(long part, long whole)
{
	return whole ? (double) part / (double) whole : NAN;
}

void
ppdl_class_counts(PpdlClassCounts *out, const long *counts, int classes, int class)
{
	memset(out, 0, sizeof *out);
	for (int t = 0; t < classes; t++)
		for (int p = 0; p < classes; p++)
		{
			long		c = counts[(size_t) t * (size_t) classes + (size_t) p];

			if (t == class)
				*(p == class ? &out->true_positives : &out->false_negatives) += c;
			else
				*(p == class ? &out->false_positives : &out->true_negatives) += c;
		}
	out->sensitivity = share(out->true_positives, out->true_positives + out->false_negatives);
	out->specificity = share(out->true_negatives, out->true_negatives + out->false_positives);
	out->precision = share(out->true_positives, out->true_positives + out->false_positives);
	out->f1 = share(2 * out->true_positives, 2 * out->true_positives + out->false_positives + out->false_negatives);
}

/* ------------------------------------------------------------------ metrics */

static double
brier(const PpdlScored *s)
{
	long double sum = 0;

	for (long i = 0; i < s->n; i++)
		sum += ppdl_scored_brier(s, i);
	return (double) (sum / s->n);
}

/* NaN where the rows are all of the class, or none is */
static PpdlStatus
class_auc(double *auc, const PpdlClassCounts *c, const PpdlScored *s, int class, PpdlError *err)
{
	*auc = NAN;
	if (c->true_positives + c->false_negatives == 0 || c->true_negatives + c->false_positives == 0)
		return PPDL_OK;
	return ppdl_auc(auc, NULL, s->truth, s->scores, s->n, s->outputs, class, err);
}

static PpdlStatus
two_classes(PpdlMetrics *out, const long *counts, const PpdlScored *s, PpdlError *err)
{
	PpdlClassCounts c;

	ppdl_class_counts(&c, counts, 2, 1);
	out->sensitivity = c.sensitivity;
	out->specificity = c.specificity;
	out->f1 = c.f1;
	return class_auc(&out->auc, &c, s, 1, err);
}

/* means over the classes that have rows */
static PpdlStatus
macro(PpdlMetrics *out, const long *counts, const PpdlScored *s, PpdlError *err)
{
	int			present = 0;

	for (int k = 0; k < s->outputs; k++)
	{
		PpdlClassCounts c;
		double		auc;

		ppdl_class_counts(&c, counts, s->outputs, k);
		if (c.true_positives + c.false_negatives == 0)
			continue;
		PPDL_TRY(class_auc(&auc, &c, s, k, err));
		present++;
		out->sensitivity += c.sensitivity;
		out->specificity += c.specificity;
		out->f1 += c.f1;
		out->auc += auc;
	}
	out->sensitivity /= present;
	out->specificity /= present;
	out->f1 /= present;
	out->auc /= present;
	return PPDL_OK;
}

static void
accuracies(PpdlMetrics *out, const long *counts, long n, int classes)
{
	long		right = 0;
	int			present = 0;
	double		sum = 0;

	for (int k = 0; k < classes; k++)
	{
		PpdlClassCounts c;

		ppdl_class_counts(&c, counts, classes, k);
		right += c.true_positives;
		if (c.true_positives + c.false_negatives == 0)
			continue;
		present++;
		sum += c.sensitivity;
	}
	out->accuracy = share(right, n);
	out->balanced_accuracy = sum / present;
}

PpdlStatus
ppdl_metrics(PpdlMetrics *out, const int *truth, const double *scores, long n, int outputs, PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};
	long	   *counts;
	PpdlStatus	status;

	memset(out, 0, sizeof *out);
	PPDL_TRY(ppdl_scored_counts(&counts, &s, err));
	accuracies(out, counts, n, ppdl_score_classes(outputs));
	status = outputs > 2 ? macro(out, counts, &s, err) : two_classes(out, counts, &s, err);
	out->brier = brier(&s);
	free(counts);
	return status;
}
