#include "query/stats_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "owner/owner.h"

#define SHORT 1e-6				/* relative, of what people read */
#define LEAST_P 1e-300

const double ppdl_stats_quantile[PPDL_STATS_QUANTILES] = {0.05, 0.25, 0.5, 0.75, 0.95};

const char *
ppdl_stats_quantile_name(int i, char name[32])
{
	snprintf(name, 32, "quantile_%g", ppdl_stats_quantile[i]);
	return name;
}

static void
put(char out[PPDL_STATS_TEXT], double v, double error)
{
	if (error == 0 && v == nearbyint(v) && fabs(v) < 1e15)
		snprintf(out, PPDL_STATS_TEXT, "%.0f", v == 0 ? 0 : v);
	else if (error == 0)
		snprintf(out, PPDL_STATS_TEXT, "%.15g", v);
	else
		ppdl_format_value(out, PPDL_STATS_TEXT, v, error);
}

void
ppdl_stats_exact(char out[PPDL_STATS_TEXT], PpdlEstimate e)
{
	out[0] = 0;
	if (!isnan(e.value))
		put(out, e.value, e.error);
}

void
ppdl_stats_short(char out[PPDL_STATS_TEXT], PpdlEstimate e, double factor)
{
	const double v = factor * e.value;

	if (isnan(v))
		snprintf(out, PPDL_STATS_TEXT, "(%s)", ppdl_doubt_word(e.doubt));
	else if (e.error == 0 && v == nearbyint(v) && fabs(v) < 1e15)
		put(out, v, 0);
	else if (e.error == 0)
		snprintf(out, PPDL_STATS_TEXT, "%.6g", v);
	else
		put(out, v, fmax(fabs(factor) * e.error, SHORT / 4 * fabs(v)));
}

void
ppdl_stats_number(char out[PPDL_STATS_TEXT], double v, int digits)
{
	out[0] = 0;
	if (!isnan(v))
		snprintf(out, PPDL_STATS_TEXT, "%.*g", digits, v);
}

void
ppdl_stats_probability(char out[PPDL_STATS_TEXT], double p)
{
	if (p < LEAST_P)
		snprintf(out, PPDL_STATS_TEXT, "< 1e-300");
	else
		ppdl_stats_number(out, p, 3);
}
