#include "stats/calibration.h"

#include <math.h>

#include "stats/metrics.h"
#include "stats/scored.h"

/* the bin whose own ends the probability lies between, whatever p * bins rounds to */
static int
bin_of(const PpdlCalibrationBin *bin, int bins, double p)
{
	int			b = (int) (p * bins);

	b = b < bins ? b : bins - 1;
	while (b > 0 && p < bin[b].low)
		b--;
	while (b < bins - 1 && p >= bin[b].high)
		b++;
	return b;
}

PpdlStatus
ppdl_calibration(PpdlCalibrationBin *bin, int bins, const int *truth, const double *scores, long n,
				 int outputs, int class, PpdlError *err)
{
	PpdlScored	s = {truth, scores, n, outputs};

	PPDL_TRY(ppdl_scored_check(&s, err));
	if (bins < 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d bins, where 1 or more are expected", bins);
	if (class < 0 || class >= ppdl_score_classes(outputs))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "there is no class %d", class);
	for (int b = 0; b < bins; b++)
		bin[b] = (PpdlCalibrationBin) {(double) b / bins, (double) (b + 1) / bins, 0, 0, 0};
	for (long i = 0; i < n; i++)
	{
		double		score = ppdl_score_of(ppdl_scored_row(&s, i), outputs, class);
		double		p = ppdl_score_probability(score);
		PpdlCalibrationBin *b = &bin[bin_of(bin, bins, p)];

		b->count++;
		b->mean_probability += p;
		b->share_positive += truth[i] == class;
	}
	for (int b = 0; b < bins; b++)
	{
		bin[b].mean_probability = bin[b].count ? bin[b].mean_probability / (double) bin[b].count : NAN;
		bin[b].share_positive = bin[b].count ? bin[b].share_positive / (double) bin[b].count : NAN;
	}
	return PPDL_OK;
}
