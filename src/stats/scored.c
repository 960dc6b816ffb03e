#include "stats/scored.h"

#include <math.h>

#include "stats/metrics.h"

int
ppdl_score_class(const double *score, int outputs)
{
	int			best = 0;

	if (outputs == 1)
		return score[0] > 0;
	for (int i = 1; i < outputs; i++)
		if (score[i] > score[best])
			best = i;
	return best;
}

double
ppdl_score_of(const double *score, int outputs, int class)
{
	double		s;

	if (outputs > 2)
		return score[class];
	s = outputs == 1 ? score[0] : score[1] / 2 - score[0] / 2;
	return class ? s : -s;
}

double
ppdl_score_probability(double score)
{
	double		p = score / 2 + 0.5;

	return p < 0 ? 0 : p > 1 ? 1 : p;
}

PpdlStatus
ppdl_scored_check(const PpdlScored *s, PpdlError *err)
{
	int			classes = ppdl_score_classes(s->outputs);

	if (s->outputs < 1 || s->outputs > PPDL_MAX_CLASSES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d scores a row, where 1 to %d are expected", s->outputs,
						  PPDL_MAX_CLASSES);
	if (s->n < 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "there is no row with a label and a score");
	if (s->n > PPDL_MAX_SCORED_ROWS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%ld rows are more than %ld", s->n, PPDL_MAX_SCORED_ROWS);
	for (long i = 0; i < s->n; i++)
	{
		if (s->truth[i] < 0 || s->truth[i] >= classes)
			return ppdl_error(err, PPDL_ERR_FORMAT, "row %ld is of class %d, where there are classes 0 to %d", i + 1,
							  s->truth[i], classes - 1);
		for (int k = 0; k < s->outputs; k++)
			if (!isfinite(ppdl_scored_row(s, i)[k]))
				return ppdl_error(err, PPDL_ERR_FORMAT, "row %ld has a score that is no finite number", i + 1);
	}
	return PPDL_OK;
}

double
ppdl_scored_brier(const PpdlScored *s, long i)
{
	const double *score = ppdl_scored_row(s, i);
	double		sum = 0;

	for (int c = s->outputs > 2 ? 0 : 1; c < ppdl_score_classes(s->outputs); c++)
	{
		double		d = ppdl_score_probability(ppdl_score_of(score, s->outputs, c)) - (s->truth[i] == c);

		sum += d * d;
	}
	return sum;
}
