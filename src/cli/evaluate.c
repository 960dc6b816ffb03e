#include "cli/evaluate.h"

#include <float.h>
#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/*
 * Rows as the metrics take them.  Of two classes, class 1 is the one that scores above the threshold mean, and there is
 * one score, less the threshold where counts are concerned.
 */
typedef struct Oriented
{
	const PpdlEvalRows *r;
	int			outputs;
	int		   *truth;
	double	   *score,
			   *shifted;		/* less the threshold; score itself where that is 0 */
} Oriented;

static void
release(Oriented *o)
{
	size_t		bytes = (size_t) o->r->n * (size_t) o->outputs * sizeof *o->score;

	if (o->shifted && o->shifted != o->score)
	{
		OPENSSL_cleanse(o->shifted, bytes);
		free(o->shifted);
	}
	if (o->score)
		OPENSSL_cleanse(o->score, bytes);
	free(o->score);
	free(o->truth);
}

static PpdlStatus
orient(Oriented *o, const PpdlEvaluation *e, PpdlError *err)
{
	const PpdlEvalRows *r = o->r;
	int			two = e->classes->count == 2;
	size_t		n = (size_t) r->n;
	double		threshold = two ? e->opt->threshold : 0;

	o->outputs = two ? 1 : r->outputs;
	o->truth = malloc(n * sizeof *o->truth);
	o->score = malloc(n * (size_t) o->outputs * sizeof *o->score);
	o->shifted = threshold == 0 ? o->score : malloc(n * sizeof *o->shifted);
	if (o->truth == NULL || o->score == NULL || o->shifted == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for the scores of %ld rows", r->n);
	for (long i = 0; i < r->n; i++)
	{
		const double *s = r->scores + (size_t) i * (size_t) r->outputs;

		o->truth[i] = two ? r->label[i] == e->classes->above : r->label[i];
		if (two)
			o->score[i] = ppdl_score_of(s, r->outputs, 1);
		else
			memcpy(o->score + (size_t) i * (size_t) o->outputs, s, (size_t) o->outputs * sizeof *s);
		if (threshold != 0)
			o->shifted[i] = fmax(-DBL_MAX, fmin(DBL_MAX, o->score[i] - threshold));
	}
	return PPDL_OK;
}

/* what follows from the order of the scores, and from the probabilities, does not change with the threshold */
static PpdlStatus
measure(PpdlEvaluation *e, const Oriented *o, PpdlError *err)
{
	PpdlMetrics plain;
	PpdlInterval interval[PPDL_METRICS];

	PPDL_TRY(ppdl_metrics(&e->metrics, o->truth, o->shifted, o->r->n, o->outputs, err));
	PPDL_TRY(ppdl_metrics_intervals(e->interval, o->truth, o->shifted, o->r->n, o->outputs, e->opt->level, err));
	PPDL_TRY(ppdl_confusion(e->counts, o->truth, o->shifted, o->r->n, o->outputs, err));
	if (o->shifted == o->score)
		return PPDL_OK;
	PPDL_TRY(ppdl_metrics(&plain, o->truth, o->score, o->r->n, o->outputs, err));
	PPDL_TRY(ppdl_metrics_intervals(interval, o->truth, o->score, o->r->n, o->outputs, e->opt->level, err));
	e->metrics.auc = plain.auc;
	e->metrics.brier = plain.brier;
	e->interval[PPDL_METRIC_AUC] = interval[PPDL_METRIC_AUC];
	e->interval[PPDL_METRIC_BRIER] = interval[PPDL_METRIC_BRIER];
	return PPDL_OK;
}

static PpdlStatus
draw(PpdlEvaluation *e, const Oriented *o, PpdlError *err)
{
	int			two = e->classes->count == 2;
	int			class = e->classes->positive;

	if (class < 0)
		return PPDL_OK;
	e->bin = malloc((size_t) e->opt->bins * sizeof *e->bin);
	if (e->bin == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_roc(&e->roc, o->truth, o->score, o->r->n, o->outputs, two ? 1 : class, err));
	ppdl_roc_youden(&e->youden, &e->roc);
	return ppdl_calibration(e->bin, e->opt->bins, o->truth, o->score, o->r->n, o->outputs, two ? !e->below : class,
							err);
}

/* areas of all classes; NaN where a class has no rows */
static PpdlStatus
class_areas(PpdlEvaluation *e, const Oriented *o, PpdlError *err)
{
	int			k = e->classes->count;

	for (int c = 0; c < k; c++)
	{
		long		rows = 0;

		for (int p = 0; p < k; p++)
			rows += e->counts[(size_t) c * (size_t) k + (size_t) p];
		e->auc[c] = NAN;
		if (k == 2)
			e->auc[c] = e->metrics.auc;
		else if (rows > 0)
			PPDL_TRY(ppdl_auc(&e->auc[c], NULL, o->truth, o->score, o->r->n, o->outputs, c, err));
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the other class */

static void
swap_shares(double *a, double *b)
{
	double		keep = *a;

	*a = *b;
	*b = keep;
}

/* the curve of the class that scores at or below the threshold mean, from that of the other */
static void
mirror_curve(PpdlRoc *roc)
{
	long		rows = roc->positives;

	roc->positives = roc->negatives;
	roc->negatives = rows;
	for (long i = 0, j = roc->count - 1; i < j; i++, j--)
	{
		PpdlRocPoint keep = roc->point[i];

		roc->point[i] = roc->point[j];
		roc->point[j] = keep;
	}
	for (long i = 0; i < roc->count; i++)
	{
		PpdlRocPoint *p = &roc->point[i];
		long		taken = p->true_positives;

		p->true_positives = roc->positives - p->false_positives;
		p->false_positives = roc->negatives - taken;
		p->tpr = (double) p->true_positives / (double) roc->positives;
		p->fpr = (double) p->false_positives / (double) roc->negatives;
	}
}

/* so far class 1 was the one above: sensitivity and the like of the other, where that is the positive one */
static void
mirror(PpdlEvaluation *e)
{
	PpdlInterval keep = e->interval[PPDL_METRIC_SENSITIVITY];
	PpdlClassCounts c;

	ppdl_class_counts(&c, e->counts, 2, 0);
	swap_shares(&e->metrics.sensitivity, &e->metrics.specificity);
	e->interval[PPDL_METRIC_SENSITIVITY] = e->interval[PPDL_METRIC_SPECIFICITY];
	e->interval[PPDL_METRIC_SPECIFICITY] = keep;
	e->metrics.f1 = c.f1;
	e->interval[PPDL_METRIC_F1] = ppdl_interval_f1(&c, e->opt->level);
	swap_shares(&e->youden.sensitivity, &e->youden.specificity);
	mirror_curve(&e->roc);
}

/* the confusion matrix in the order of the classes */
static void
reorder(long counts[4])
{
	for (int i = 0; i < 2; i++)
	{
		long		keep = counts[i];

		counts[i] = counts[3 - i];
		counts[3 - i] = keep;
	}
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
evaluate(PpdlEvaluation *e, Oriented *o, PpdlError *err)
{
	PPDL_TRY(orient(o, e, err));
	PPDL_TRY(measure(e, o, err));
	PPDL_TRY(draw(e, o, err));
	PPDL_TRY(class_areas(e, o, err));
	if (e->below)
		mirror(e);
	if (e->classes->count == 2 && e->classes->above == 0)
		reorder(e->counts);
	return PPDL_OK;
}

PpdlStatus
ppdl_evaluate(PpdlEvaluation *e, const PpdlEvalRows *r, const PpdlEvalClasses *c, PpdlError *err)
{
	size_t		k = (size_t) c->count;
	Oriented	o = {.r = r};
	PpdlStatus	status;

	*e = (PpdlEvaluation) {.opt = r->opt, .rows = r, .classes = c};
	e->below = k == 2 && c->positive != c->above;
	e->counts = malloc(k * k * sizeof *e->counts);
	e->auc = malloc(k * sizeof *e->auc);
	if (e->counts == NULL || e->auc == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a table of %zu classes", k);
	status = evaluate(e, &o, err);
	release(&o);
	return status;
}

double
ppdl_short_threshold(double threshold, double low, double high)
{
	char		text[32];

	for (int digits = 3; isfinite(threshold) && digits < 17; digits++)
	{
		double		v;

		snprintf(text, sizeof text, "%.*g", digits, threshold);
		v = strtod(text, NULL);
		if (low <= v && v < high)
			return v;
	}
	return threshold;
}

void
ppdl_evaluation_free(PpdlEvaluation *e)
{
	free(e->counts);
	free(e->auc);
	free(e->bin);
	ppdl_roc_free(&e->roc);
}
