#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/summary.h"

#define ROC_POINTS 51
#define BINS 10

static PpdlStatus
room_for(PpdlPoints *out, size_t n, PpdlError *err)
{
	out->n = 0;
	out->at = calloc(n + 1, sizeof *out->at);
	return out->at ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* the highest y at x of a curve whose x never falls; straight lines between points, from (0, 0) to (1, 1) */
static double
roc_at(const PpdlPoints *roc, double x)
{
	PpdlPoint	before = {0, 0, 1},
				after = {1, 1, 1};
	size_t		i = 0;

	/* the last point at or left of x, and the first one right of it */
	for (; i < roc->n && roc->at[i].x <= x; i++)
		before = roc->at[i];
	if (i < roc->n)
		after = roc->at[i];
	if (after.x <= before.x)
		return before.y;
	return before.y + (after.y - before.y) * (x - before.x) / (after.x - before.x);
}

PpdlStatus
ppdl_mean_roc(PpdlPoints *out, const PpdlGroup *g, PpdlError *err)
{
	double	   *v = calloc((size_t) g->nruns + 1, sizeof *v);
	PpdlStatus	status = room_for(out, ROC_POINTS + 1, err);

	if (status == PPDL_OK && v == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; status == PPDL_OK && i < ROC_POINTS; i++)
	{
		double		x = (double) i / (ROC_POINTS - 1);
		PpdlStat	s;

		for (long r = 0; r < g->nruns; r++)
			v[r] = g->run[r]->roc.n ? roc_at(&g->run[r]->roc, x) : NAN;
		s = ppdl_stat(v, g->nruns);
		if (s.n == 0)
			break;
		/* a curve begins in the corner and rises along the axis */
		if (i == 0)
			out->at[out->n++] = (PpdlPoint) {0, 0, NAN};
		out->at[out->n++] = (PpdlPoint) {x, s.mean, s.spread};
	}
	free(v);
	return status;
}

static int
compare_points(const void *a, const void *b)
{
	const PpdlPoint *p = a,
			   *q = b;

	return p->x < q->x ? -1 : p->x > q->x;
}

PpdlStatus
ppdl_mean_curve(PpdlPoints *out, const PpdlGroup *g, PpdlError *err)
{
	PpdlPoints	all;
	size_t		total = 0;
	double	   *v;

	for (long r = 0; r < g->nruns; r++)
		total += g->run[r]->curve.n;
	PPDL_TRY(room_for(out, total, err));
	v = calloc(total + 1, sizeof *v);
	if (v == NULL || room_for(&all, total, err) != PPDL_OK)
	{
		free(v);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (long r = 0; r < g->nruns; r++)
	{
		if (g->run[r]->curve.n)
			memcpy(&all.at[all.n], g->run[r]->curve.at, g->run[r]->curve.n * sizeof *all.at);
		all.n += g->run[r]->curve.n;
	}
	qsort(all.at, all.n, sizeof *all.at, compare_points);
	for (size_t i = 0, next; i < all.n; i = next)
	{
		PpdlStat	s;

		for (next = i; next < all.n && all.at[next].x == all.at[i].x; next++)
			v[next - i] = all.at[next].y;
		s = ppdl_stat(v, (long) (next - i));
		out->at[out->n++] = (PpdlPoint) {all.at[i].x, s.mean, s.spread};
	}
	free(v);
	free(all.at);
	return PPDL_OK;
}

PpdlStatus
ppdl_pooled_calibration(PpdlPoints *out, const PpdlGroup *g, PpdlError *err)
{
	PpdlPoint	bin[BINS] = {{0}};
	double		rows = 0;

	PPDL_TRY(room_for(out, BINS, err));
	for (long r = 0; r < g->nruns; r++)
		for (size_t i = 0; i < g->run[r]->calibration.n; i++)
		{
			PpdlPoint	p = g->run[r]->calibration.at[i];
			int			b = p.x >= 1 ? BINS - 1 : (int) (p.x * BINS);

			bin[b].x += p.x * p.weight;
			bin[b].y += p.y * p.weight;
			bin[b].weight += p.weight;
			rows += p.weight;
		}
	for (int b = 0; b < BINS; b++)
		if (bin[b].weight > 0)
			out->at[out->n++] = (PpdlPoint) {bin[b].x / bin[b].weight, bin[b].y / bin[b].weight, bin[b].weight / rows};
	return PPDL_OK;
}
