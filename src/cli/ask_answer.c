/* What a decrypted group of rows says: count, sum, average. */
#include <math.h>
#include <stdio.h>

#include "cli/ask.h"
#include "owner/owner.h"

/* fewer rows than this are none: errors alone */
#define SOME 0.5

/* sums over the group, and their errors */
typedef struct Group
{
	double		rows,			/* that have the column */
				x,				/* of its value */
				error,			/* of one sum */
				rows_error;
} Group;

static Group
read_group(const PpdlAskItem *item, const double *v, double error)
{
	const PpdlFeature *f = item->f;
	Group		g = {.rows = v[0], .error = error, .rows_error = error};

	if (f == NULL)
		return g;
	g.x = v[1 + f->first];
	if (f->missing)
	{
		g.rows -= v[f->first + f->inputs];
		g.rows_error *= M_SQRT2;
	}
	return g;
}

/* a whole number where the error leaves no other */
static void
put_count(const Group *g, PpdlWriter *out)
{
	const double whole = nearbyint(g->rows);
	char		text[64];

	if (8 * g->rows_error < SOME && fabs(g->rows - whole) <= 8 * g->rows_error)
		snprintf(text, sizeof text, "%.0f", whole == 0 ? 0 : whole);
	else
		ppdl_format_value(text, sizeof text, g->rows, g->rows_error);
	ppdl_write_text(out, text);
}

static void
put_number(double v, double error, PpdlWriter *out)
{
	char		text[64];

	ppdl_format_value(text, sizeof text, v, error);
	ppdl_write_text(out, text);
}

static void
put_sum(const PpdlFeature *f, const Group *g, PpdlWriter *out)
{
	const double middle = ppdl_feature_middle(f),
				half = ppdl_feature_half(f);

	put_number(middle * g->rows + half * g->x, hypot(middle * g->rows_error, half * g->error), out);
}

/* of a logarithm the geometric mean */
static void
put_average(const PpdlFeature *f, const Group *g, PpdlWriter *out)
{
	const double x = g->x / g->rows,
				v = ppdl_feature_decode(f, x),
				part = f->scale == PPDL_SCALE_LINEAR ? 1 : f->scale == PPDL_SCALE_LOG ? v : v + 1,
				slope = ppdl_feature_half(f) * part;

	put_number(v, fabs(slope) / g->rows * hypot(g->error, x * g->rows_error), out);
}

double
ppdl_ask_rows(const PpdlAskItem *item, const double *v)
{
	return read_group(item, v, 0).rows;
}

PpdlStatus
ppdl_ask_answer(const PpdlAskItem *item, const double *v, int n, double error, PpdlWriter *out, PpdlError *err)
{
	Group		g = {0};

	if (v && n != 1 + item->fs->inputs)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the answer to a condition has %d values, where the feature file asks "
						  "for %d", n, 1 + item->fs->inputs);
	if (v)
		g = read_group(item, v, error);
	if (item->ask == PPDL_ASK_COUNT)
		put_count(&g, out);
	else if (g.rows >= SOME && item->ask == PPDL_ASK_SUM)
		put_sum(item->f, &g, out);
	else if (g.rows >= SOME)
		put_average(item->f, &g, out);
	return PPDL_OK;
}
