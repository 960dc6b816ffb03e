#include "stats/histogram.h"

#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "stats/moments_impl.h"

#define SURE PPDL_MOMENTS_SURE

PpdlStatus
ppdl_histogram(PpdlHistogram *out, const PpdlMoments *m, int variable, PpdlError *err)
{
	const PpdlVariable *v = &m->variable[variable];
	PpdlLinear	f = ppdl_linear_known(m, variable);
	PpdlSum		known = ppdl_linear_sum(m, &f);

	*out = (PpdlHistogram) {.variable = variable,.levels = v->levels,.edge = v->edge};
	if (v->kind == PPDL_VARIABLE_NUMBER)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" is one number, not bands", PPDL_CUT(v->name, 100));
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Columns with bands, thresholds or categories have histograms "
							   "(ppdl encode --bands, --thermometer).");
	}
	out->count = calloc((size_t) v->levels, sizeof *out->count);
	if (out->count == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a histogram");
	for (int i = 0; i < v->levels; i++)
	{
		f = ppdl_linear_term(m, (PpdlTerm) {variable, i});
		out->count[i] = ppdl_count_estimate(ppdl_linear_sum(m, &f));
	}
	out->n = ppdl_count_estimate(known);
	out->missing = ppdl_count_estimate((PpdlSum) {m->n - known.value, known.error});
	return PPDL_OK;
}

void
ppdl_histogram_free(PpdlHistogram *h)
{
	free(h->count);
	*h = (PpdlHistogram) {0};
}

/* the first band with which at least `wanted` rows have come, and the rows in those before it */
static int
band_of(const PpdlHistogram *h, double wanted, double *below)
{
	int			band = 0;

	*below = 0;
	while (band < h->levels - 1 && *below + h->count[band].value < wanted)
		*below += h->count[band++].value;
	return band;
}

/* of (p n - below) / inside, where all three are sums of counts; part: its value */
static double
part_error(const PpdlHistogram *h, double p, int band, double part)
{
	double		error = 0;

	for (int i = 0; i < h->levels; i++)
		error = hypot(error, (i < band ? p - 1 : i == band ? p - part : p) * h->count[i].error);
	return error / h->count[band].value;
}

PpdlEstimate
ppdl_histogram_quantile(const PpdlHistogram *h, double p)
{
	double		n = 0,
				below,
				part,
				error,
				width;
	int			band;

	if (h->edge == NULL || !(p >= 0 && p <= 1))
		return ppdl_doubtful(PPDL_DOUBT_UNASKED);
	for (int i = 0; i < h->levels; i++)
		n += h->count[i].value;
	if (isnan(n))
		return ppdl_doubtful(PPDL_DOUBT_IMPOSSIBLE);
	if (n <= SURE * h->n.error)
		return ppdl_doubtful(h->n.error > 0 ? PPDL_DOUBT_LOST : PPDL_DOUBT_NO_ROWS);
	/* the least row is in the first band that has rows */
	band = band_of(h, fmax(p * n, n * 1e-12), &below);
	width = h->edge[band + 1] - h->edge[band];
	if (isinf(width))
		return ppdl_doubtful(PPDL_DOUBT_OPEN_BAND);
	if (h->count[band].value <= SURE * h->count[band].error)
		return ppdl_doubtful(PPDL_DOUBT_LOST);
	part = fmin(fmax((p * n - below) / h->count[band].value, 0), 1);
	error = part_error(h, p, band, part);
	/* it may as well be in another band */
	return error > 1 ? ppdl_doubtful(PPDL_DOUBT_LOST) :
		(PpdlEstimate) {h->edge[band] + width * part, width * error, PPDL_SURE};
}
