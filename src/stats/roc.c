#include "stats/roc.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/metrics.h"
#include "stats/scored.h"

/* ------------------------------------------------------------------ rows in order */

typedef struct Ranked
{
	double		score;
	int			positive;
} Ranked;

static int
by_score(const void *a, const void *b)
{
	double		x = ((const Ranked *) a)->score,
				y = ((const Ranked *) b)->score;

	return (x > y) - (x < y);
}

/* rows by rising score, and how many are not of the class and of it */
static PpdlStatus
rank(Ranked **out, long side[2], const PpdlScored *s, int class, PpdlError *err)
{
	Ranked	   *r;

	*out = NULL;
	side[0] = side[1] = 0;
	PPDL_TRY(ppdl_scored_check(s, err));
	if (class < 0 || class >= ppdl_score_classes(s->outputs))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "there is no class %d", class);
	for (long i = 0; i < s->n; i++)
		side[s->truth[i] == class]++;
	if (side[0] == 0 || side[1] == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, side[0] ? "no row is of class %d: there is no ROC curve" :
						  "all rows are of class %d: there is no ROC curve", class);
	r = malloc((size_t) s->n * sizeof *r);
	if (r == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for the scores of %ld rows", s->n);
	for (long i = 0; i < s->n; i++)
		r[i] = (Ranked) {ppdl_score_of(ppdl_scored_row(s, i), s->outputs, class), s->truth[i] == class};
	qsort(r, (size_t) s->n, sizeof *r, by_score);
	*out = r;
	return PPDL_OK;
}

/* end of the run of equal scores that begins at i; adds its rows to side */
static long
run(const Ranked *r, long i, long n, long side[2])
{
	long		j = i;

	for (; j < n && r[j].score == r[i].score; j++)
		side[r[j].positive]++;
	return j;
}

/* ------------------------------------------------------------------ area */

static uint64_t
count_pairs(const Ranked *r, long n)
{
	uint64_t	twice = 0;
	long		below = 0;

	for (long i = 0; i < n;)
	{
		long		tied[2] = {0, 0};

		i = run(r, i, n, tied);
		twice += (uint64_t) tied[1] * (2 * (uint64_t) below + (uint64_t) tied[0]);
		below += tied[0];
	}
	return twice;
}

static double
delong(const Ranked *r, long n, const long side[2], long double auc)
{
	long double square[2] = {0, 0};
	long		below[2] = {0, 0};

	if (side[0] < 2 || side[1] < 2)
		return NAN;
	for (long i = 0; i < n;)
	{
		long		tied[2] = {0, 0};
		long double d;

		i = run(r, i, n, tied);
		d = ((long double) below[0] + tied[0] / 2.0L) / side[0] - auc;
		square[1] += tied[1] * d * d;
		d = ((long double) (side[1] - below[1]) - tied[1] / 2.0L) / side[1] - auc;
		square[0] += tied[0] * d * d;
		below[0] += tied[0];
		below[1] += tied[1];
	}
	return (double) (square[1] / (side[1] - 1) / side[1] + square[0] / (side[0] - 1) / side[0]);
}

PpdlStatus
ppdl_auc(double *auc, double *variance, const int *truth, const double *scores, long n, int outputs, int class,
		 PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};
	Ranked	   *r;
	long		side[2];
	long double area;

	PPDL_TRY(rank(&r, side, &s, class, err));
	area = (long double) count_pairs(r, n) / (2 * (uint64_t) side[0] * (uint64_t) side[1]);
	*auc = (double) area;
	if (variance)
		*variance = delong(r, n, side, area);
	free(r);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ curve */

/* a number m with low <= m < high, halfway where doubles allow */
static double
between(double low, double high)
{
	double		m = low / 2 + high / 2;

	return m >= low && m < high ? m : low;
}

static void
add_point(PpdlRoc *roc, double low, double high, const long above[2])
{
	double		threshold = isinf(low) ? low : isinf(high) ? high : between(low, high);

	roc->point[roc->count++] = (PpdlRocPoint) {threshold, low, high, above[1], above[0],
		(double) above[1] / (double) roc->positives, (double) above[0] / (double) roc->negatives};
}

PpdlStatus
ppdl_roc(PpdlRoc *roc, const int *truth, const double *scores, long n, int outputs, int class, PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};
	Ranked	   *r;
	long		side[2],
				above[2] = {0, 0},
				runs = 1;

	memset(roc, 0, sizeof *roc);
	PPDL_TRY(rank(&r, side, &s, class, err));
	for (long i = 1; i < n; i++)
		runs += r[i].score != r[i - 1].score;
	roc->negatives = side[0];
	roc->positives = side[1];
	roc->point = malloc((size_t) (runs + 1) * sizeof *roc->point);
	if (roc->point == NULL)
	{
		free(r);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a ROC curve of %ld points", runs + 1);
	}
	add_point(roc, r[n - 1].score, INFINITY, above);
	for (long i = n; i > 0;)
	{
		double		score = r[i - 1].score;

		for (; i > 0 && r[i - 1].score == score; i--)
			above[r[i - 1].positive]++;
		add_point(roc, i ? r[i - 1].score : -INFINITY, score, above);
	}
	free(r);
	return PPDL_OK;
}

void
ppdl_roc_free(PpdlRoc *roc)
{
	free(roc->point);
	memset(roc, 0, sizeof *roc);
}

void
ppdl_roc_thin(PpdlRoc *roc, long most)
{
	long		kept = 1,
				step = 1;

	if (most < 2 || roc->count <= most)
		return;
	/* a point for each of most - 1 equal steps of tpr + fpr, which goes from 0 to 2 */
	for (long i = 1; i < roc->count - 1; i++)
	{
		double		along = (roc->point[i].tpr + roc->point[i].fpr) / 2 * (double) (most - 1);

		if (along >= (double) step && step < most - 1)
		{
			roc->point[kept++] = roc->point[i];
			step = (long) along + 1;
		}
	}
	roc->point[kept++] = roc->point[roc->count - 1];
	roc->count = kept;
}

/* ------------------------------------------------------------------ threshold */

/* J times the numbers of both sides */
static int64_t
exact_j(const PpdlRoc *roc, const PpdlRocPoint *p)
{
	return (int64_t) p->true_positives * roc->negatives - (int64_t) p->false_positives * roc->positives;
}

static double
usual_threshold(const PpdlRocPoint *p)
{
	return p->low <= 0 && 0 < p->high ? 0 : p->threshold;
}

void
ppdl_roc_youden(PpdlThreshold *out, const PpdlRoc *roc)
{
	const PpdlRocPoint *best = NULL;

	memset(out, 0, sizeof *out);
	for (long i = 0; i < roc->count; i++)
	{
		const PpdlRocPoint *p = &roc->point[i];
		int64_t		more = best ? exact_j(roc, p) - exact_j(roc, best) : 1;

		/* thresholds fall from point to point: of two as near to 0 the later is the smaller */
		if (more > 0 || (more == 0 && fabs(usual_threshold(p)) <= fabs(usual_threshold(best))))
			best = p;
	}
	if (best == NULL)
		return;
	if (exact_j(roc, best) > 0)
	{
		out->threshold = usual_threshold(best);
		out->j = (double) exact_j(roc, best) / ((double) roc->positives * (double) roc->negatives);
	}
	else
		for (best = roc->point; !(best->low <= 0 && 0 < best->high); best++)
			;
	out->low = best->low;
	out->high = best->high;
	out->sensitivity = best->tpr;
	out->specificity = 1 - best->fpr;
}
