/* What a decrypted group of rows says: count, sum, average. */
#include <math.h>
#include <stdio.h>

#include "query/ask.h"
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

/* a whole number, without an error, where that leaves no other */
static PpdlAskValue
count_of(const Group *g)
{
	const double whole = nearbyint(g->rows);

	if (8 * g->rows_error < SOME && fabs(g->rows - whole) <= 8 * g->rows_error)
		return (PpdlAskValue) {whole == 0 ? 0 : whole, 0};
	return (PpdlAskValue) {g->rows, g->rows_error};
}

static PpdlAskValue
sum_of(const PpdlFeature *f, const Group *g)
{
	const double middle = ppdl_feature_middle(f),
				half = ppdl_feature_half(f);

	return (PpdlAskValue) {middle * g->rows + half * g->x, hypot(middle * g->rows_error, half * g->error)};
}

/* of a logarithm the geometric mean */
static PpdlAskValue
average_of(const PpdlFeature *f, const Group *g)
{
	const double x = g->x / g->rows,
				v = ppdl_feature_decode(f, x),
				part = f->scale == PPDL_SCALE_LINEAR ? 1 : f->scale == PPDL_SCALE_LOG ? v : v + 1,
				slope = ppdl_feature_half(f) * part;

	return (PpdlAskValue) {v, fabs(slope) / g->rows * hypot(g->error, x * g->rows_error)};
}

int
ppdl_ask_width(const PpdlAskItem *item)
{
	return 1 + (item->f && item->f == item->fs->label ? item->fs->outputs : item->fs->inputs);
}

int
ppdl_ask_is_few(const PpdlAskItem *item, const double *v, int n, long min_count)
{
	/* those that meet the condition, or of them those that have a value */
	const double rows = v && n == ppdl_ask_width(item) ? read_group(item, v, 0).rows : 0;

	return min_count > 1 && rows >= SOME && rows < (double) min_count - 0.5;
}

PpdlStatus
ppdl_ask_value(PpdlAskValue *out, const PpdlAskItem *item, const double *v, int n, double error, PpdlError *err)
{
	Group		g = {0};

	*out = (PpdlAskValue) {NAN, 0};

	if (v && n != ppdl_ask_width(item))
		return ppdl_error(err, PPDL_ERR_FORMAT, "the answer to a condition has %d values, where the feature file asks "
						  "for %d", n, ppdl_ask_width(item));
	if (v)
		g = read_group(item, v, error);
	if (item->ask == PPDL_ASK_COUNT)
		*out = count_of(&g);
	else if (g.rows >= SOME && item->ask == PPDL_ASK_SUM)
		*out = sum_of(item->f, &g);
	else if (g.rows >= SOME)
		*out = average_of(item->f, &g);
	return PPDL_OK;
}

PpdlStatus
ppdl_ask_answer(const PpdlAskItem *item, const double *v, int n, double error, PpdlWriter *out, PpdlError *err)
{
	char		text[64];
	PpdlAskValue value;

	PPDL_TRY(ppdl_ask_value(&value, item, v, n, error, err));
	if (item->ask == PPDL_ASK_COUNT && value.error == 0)
		snprintf(text, sizeof text, "%.0f", value.value);
	else
		ppdl_format_value(text, sizeof text, value.value, value.error);
	ppdl_write_text(out, text);
	return PPDL_OK;
}
