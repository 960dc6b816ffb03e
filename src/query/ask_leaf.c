#include "query/ask_leaf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"
#include "table/calendar.h"

/* its first value in the tree, where the label's are behind the others */
static int
first_value(const PpdlAskMaker *m, const PpdlFeature *f)
{
	return m->fs->label == f ? m->fs->inputs : f->first;
}

/* ------------------------------------------------------------------ missing values */

static int
missing_bit(const PpdlFeature *f)
{
	return f->missing ? f->first + f->inputs - 1 : -1;
}

static int
bit(PpdlAskMaker *m, int value)
{
	return ppdl_ask_leaf(&m->tree, PPDL_ASK_BIT, value, 0);
}

/* what holds of rows in which the column is present: where it is missing it must not */
static int
present(PpdlAskMaker *m, const PpdlFeature *f, int node)
{
	if (!f->missing || ppdl_ask_needs_bits(&m->tree, node))
		return node;
	return ppdl_ask_and(&m->tree, node, ppdl_ask_not(&m->tree, bit(m, missing_bit(f))));
}

/* ------------------------------------------------------------------ numbers: where they are cut */

/* v >= number, or v > number */
typedef struct Bound
{
	double		number;
	int			strict;
} Bound;

/* lo <= v and not hi <= v, as far as they are there */
typedef struct Interval
{
	int			has_lo,
				has_hi;
	Bound		lo,
				hi;
} Interval;

/*
 * The values of the column on either side of the bound: *below is the greatest that is not within it, *above the least
 * that is.  Where they are not known, both are the number.
 */
static void
neighbours(const PpdlFeature *f, const Bound *b, double *below, double *above)
{
	double		n;

	*below = *above = b->number;
	if (!(f->step > 0))
		return;
	n = b->number / f->step;
	/* a multiple, as it was written */
	if (fabs(n - nearbyint(n)) < 1e-6)
		n = b->strict ? nearbyint(n) + 1 : nearbyint(n);
	else
		n = ceil(n);
	*above = n * f->step;
	*below = (n - 1) * f->step;
}

/* is v >= cut the same for all values of the column? */
static int
fits(const PpdlFeature *f, const Bound *b, double cut)
{
	double		below,
				above;

	neighbours(f, b, &below, &above);
	if (f->step > 0)
		return cut > below + f->step * 1e-6 && cut <= above + f->step * 1e-6;
	return !b->strict && cut == b->number;
}

/* the "at least" bit that says it, or -1 */
static int
find_thermometer(const PpdlFeatures *fs, const PpdlFeature *f, const Bound *b)
{
	for (int i = 0; i < fs->count; i++)
	{
		const PpdlFeature *g = &fs->feature[i];

		for (int k = 0; k < g->ncuts && g->kind == PPDL_FEATURE_AT_LEAST && &fs->feature[g->base] == f; k++)
			if (fits(f, b, g->cut[k]))
				return g->first + k;
	}
	return -1;
}

/* the first of the bands at or above the bound, or -1: it is within a band */
static int
find_band(const PpdlFeature *f, const Bound *b)
{
	for (int k = 0; k < f->ncuts; k++)
		if (fits(f, b, f->cut[k]))
			return k + 1;
	return -1;
}

/* a leaf of the tree, and of the list */
static int
add_comparison(PpdlAskMaker *m, PpdlAskCompared compared)
{
	PpdlAskCompared *more = realloc(m->compared, (size_t) (m->ncompared + 1) * sizeof *more);

	if (more == NULL)
	{
		m->tree.bad = 1;
		return PPDL_ASK_FALSE;
	}
	m->compared = more;
	compared.node = ppdl_ask_leaf(&m->tree, PPDL_ASK_ABOVE, first_value(m, compared.f), compared.threshold);
	more[m->ncompared++] = compared;
	return compared.node;
}

/* the encoded threshold between the values on either side of the bound, within min .. max */
static int
compare_number(PpdlAskMaker *m, const PpdlFeature *f, const Bound *b)
{
	double		below,
				above,
				lo,
				hi,
				threshold;

	neighbours(f, b, &below, &above);
	/* a thousandth of a step is what rounding may do */
	if (f->step > 0 ? above <= f->min + f->step / 1000 : below < f->min || (below == f->min && !b->strict))
		return PPDL_ASK_TRUE;
	if (above > f->max + f->step / 1000 || (above == f->max && f->step <= 0 && b->strict))
		return PPDL_ASK_FALSE;
	lo = ppdl_feature_encode(f, fmax(below, f->min));
	hi = ppdl_feature_encode(f, above);
	threshold = (lo + hi) / 2;
	/* of a number that is the least or the greatest itself */
	threshold = fmin(fmax(threshold, -0.9999), 0.9999);
	return add_comparison(m, (PpdlAskCompared) {.f = f, .threshold = threshold,
												.nearest = f->step > 0 ? hi : threshold});
}

/* ------------------------------------------------------------------ numbers: bands */

/* bands from .. to - 1 */
static int
some_bands(PpdlAskMaker *m, const PpdlFeature *f, int from, int to)
{
	int			node = PPDL_ASK_FALSE;

	for (int k = from; k < to; k++)
		node = ppdl_ask_or(&m->tree, node, bit(m, f->first + k));
	return node;
}

/* the same by the bands outside, where they are fewer */
static int
bands(PpdlAskMaker *m, const PpdlFeature *f, int from, int to)
{
	const int	n = f->ncuts + 1;

	if (2 * (to - from) <= n + 1)
		return some_bands(m, f, from, to);
	return ppdl_ask_not(&m->tree, ppdl_ask_or(&m->tree, some_bands(m, f, 0, from), some_bands(m, f, to, n)));
}

static PpdlStatus
within_band(PpdlAskMaker *m, const PpdlAskPredicate *p, const Bound *b)
{
	const PpdlFeature *f = p->f;
	char		cuts[200] = "",
				cut[40],
				number[40];
	PpdlStatus	status;

	for (int k = 0; k < f->ncuts; k++)
	{
		ppdl_feature_print(f, f->cut[k], cut, sizeof cut);
		ppdl_names_add(cuts, sizeof cuts, "%s", cut);
	}
	ppdl_feature_print(f, b->number, number, sizeof number);
	status = ppdl_ask_error(m->text, p->at, "\"%.*s\" is encoded in bands, and %s lies within one",
							PPDL_CUT(f->column, 60),
							  number);
	ppdl_error_hint(m->text->err, status, "Bands begin at %s.", cuts);
	return status;
}

/* ------------------------------------------------------------------ numbers */

/* v >= bound, of rows that have the number */
static PpdlStatus
above(PpdlAskMaker *m, const PpdlAskPredicate *p, const Bound *b, int *node)
{
	const int	thermometer = find_thermometer(p->fs, p->f, b);
	int			band;

	if (thermometer >= 0)
		*node = bit(m, thermometer);
	else if (p->f->kind == PPDL_FEATURE_NUMERIC)
		*node = compare_number(m, p->f, b);
	else
	{
		band = find_band(p->f, b);
		if (band < 0)
			return within_band(m, p, b);
		*node = bands(m, p->f, band, p->f->ncuts + 1);
	}
	return PPDL_OK;
}

/* an interval whose ends are both cuts of bands is some of them */
static int
is_bands(const PpdlFeature *f, const Interval *i, int *from, int *to)
{
	if (f->kind != PPDL_FEATURE_BANDS || !i->has_lo || !i->has_hi)
		return 0;
	*from = find_band(f, &i->lo);
	*to = find_band(f, &i->hi);
	return *from >= 0 && *to >= 0;
}

static PpdlStatus
within(PpdlAskMaker *m, const PpdlAskPredicate *p, const Interval *i, int *node)
{
	int			lo = PPDL_ASK_TRUE,
				hi = PPDL_ASK_FALSE,
				from,
				to;

	if (is_bands(p->f, i, &from, &to))
	{
		*node = from < to ? bands(m, p->f, from, to) : PPDL_ASK_FALSE;
		return PPDL_OK;
	}
	if (i->has_lo)
		PPDL_TRY(above(m, p, &i->lo, &lo));
	if (i->has_hi)
		PPDL_TRY(above(m, p, &i->hi, &hi));
	*node = ppdl_ask_and(&m->tree, lo, ppdl_ask_not(&m->tree, hi));
	return PPDL_OK;
}

/* no value lies within: the bounds have the same neighbours, or the second lies below the first */
static int
is_empty(const PpdlFeature *f, const Interval *i)
{
	double		lo,
				hi,
				below;

	if (!i->has_lo || !i->has_hi)
		return 0;
	neighbours(f, &i->lo, &below, &lo);
	neighbours(f, &i->hi, &below, &hi);
	return f->step > 0 ? hi < lo + f->step / 2 : hi < lo;
}

static PpdlStatus
read_number(PpdlAskMaker *m, const PpdlAskPredicate *p, const PpdlAskLiteral *literal, double *v)
{
	const PpdlFeature *f = p->f;
	long		day;

	if (f->date == PPDL_DATE_DAY || f->date == PPDL_DATE_SINCE)
	{
		if (ppdl_day_parse(NULL, literal->s, &day) ||
			(f->date_format && ppdl_day_parse(f->date_format, literal->s, &day)))
		{
			*v = (double) (f->date == PPDL_DATE_SINCE ? day - f->at : day);
			return PPDL_OK;
		}
		if (f->date == PPDL_DATE_DAY)
			return ppdl_ask_error(m->text, literal->at, "\"%.*s\" is no day, as \"%.*s\" holds: write '2026-01-31'",
									PPDL_CUT(literal->s, 60), PPDL_CUT(f->column, 60));
	}
	if (ppdl_parse_number(literal->s, v) == 1 || (literal->text && f->date == PPDL_DATE_NONE &&
												  ppdl_feature_number(f, literal->s, v) == 1))
		return PPDL_OK;
	return ppdl_ask_error(m->text, literal->at, "\"%.*s\" is no number, as \"%.*s\" holds",
						  PPDL_CUT(literal->s, 60), PPDL_CUT(f->column, 60));
}

static PpdlStatus
read_interval(PpdlAskMaker *m, const PpdlAskPredicate *p, int k, Interval *i)
{
	double		v[2];
	const int	last = p->compare == PPDL_ASK_BETWEEN ? 1 : k;

	PPDL_TRY(read_number(m, p, &p->literal[k], &v[0]));
	PPDL_TRY(read_number(m, p, &p->literal[last], &v[1]));
	*i = (Interval) {.has_lo = p->compare != PPDL_ASK_LESS && p->compare != PPDL_ASK_LESS_EQUAL,
		.has_hi = p->compare != PPDL_ASK_GREATER && p->compare != PPDL_ASK_GREATER_EQUAL,
		.lo = {v[0], p->compare == PPDL_ASK_GREATER}, .hi = {v[1], p->compare != PPDL_ASK_LESS}};
	if (p->compare != PPDL_ASK_IN || p->f->step > 0)
		return PPDL_OK;
	ppdl_ask_error(m->text, p->literal[k].at, "which numbers \"%.*s\" takes is not known, so that none equals %.*s "
					 "for certain", PPDL_CUT(p->f->column, 60), PPDL_CUT(p->literal[k].s, 40));
	return ppdl_error_hint(m->text->err, PPDL_ERR_ARGUMENT, "Write BETWEEN and two numbers.");
}

static PpdlStatus
number_predicate(PpdlAskMaker *m, const PpdlAskPredicate *p, int *node)
{
	const int	intervals = p->compare == PPDL_ASK_IN ? p->count : 1;
	int			any = PPDL_ASK_FALSE,
				one;
	char		lo[40],
				hi[40];

	for (int k = 0; k < intervals; k++)
	{
		Interval	i;

		PPDL_TRY(read_interval(m, p, k, &i));
		if (is_empty(p->f, &i))
			continue;
		PPDL_TRY(within(m, p, &i, &one));
		any = ppdl_ask_or(&m->tree, any, one);
	}
	*node = any;
	if (any > PPDL_ASK_TRUE)
		return PPDL_OK;
	ppdl_feature_print(p->f, p->f->min, lo, sizeof lo);
	ppdl_feature_print(p->f, p->f->max, hi, sizeof hi);
	if (p->f->kind == PPDL_FEATURE_NUMERIC && p->f->step > 0)
		snprintf(m->why, sizeof m->why, "\"%.*s\" holds multiples of %g from %s to %s",
				 PPDL_CUT(p->f->column, 60), p->f->step, lo,
				 hi);
	else if (p->f->kind == PPDL_FEATURE_NUMERIC)
		snprintf(m->why, sizeof m->why, "\"%.*s\" holds numbers from %s to %s", PPDL_CUT(p->f->column, 60), lo, hi);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ categories */

static int
category(PpdlAskMaker *m, const PpdlFeature *f, int c)
{
	const int	first = first_value(m, f);
	int			sign;

	/* of a label each class is a sign */
	if (f->kind != PPDL_FEATURE_BINARY)
		return f == m->fs->label ? ppdl_ask_leaf(&m->tree, PPDL_ASK_SIGN, first + c, 0) : bit(m, first + c);
	sign = ppdl_ask_leaf(&m->tree, PPDL_ASK_SIGN, first, 0);
	return c == 1 ? sign : ppdl_ask_not(&m->tree, sign);
}

static PpdlStatus
unknown_category(PpdlAskMaker *m, const PpdlFeature *f, const PpdlAskLiteral *literal)
{
	char		list[sizeof m->text->err->hint - 20] = "";
	const PpdlStatus status = ppdl_ask_error(m->text, literal->at, "\"%.*s\" has no category \"%.*s\"",
											 PPDL_CUT(f->column, 60),
											   PPDL_CUT(literal->s, 60));

	for (int i = 0; i < f->ncategories; i++)
		ppdl_names_add(list, sizeof list, "'%s'", f->category[i]);
	return ppdl_error_hint(m->text->err, status, "It has %s.", list);
}

/* is category c on the right side of the literal, as numbers? */
static PpdlStatus
order(PpdlAskMaker *m, const PpdlAskPredicate *p, int c, int k, int *sign)
{
	double		v,
				w;

	if (ppdl_parse_number(p->literal[k].s, &w) != 1 || !ppdl_parse_category_number(p->f->category[c], &v))
		return ppdl_ask_error(m->text, p->at, "\"%.*s\" holds categories, which are only equal or not",
								PPDL_CUT(p->f->column, 60));
	*sign = v < w ? -1 : v > w;
	return PPDL_OK;
}

static PpdlStatus
is_meant(PpdlAskMaker *m, const PpdlAskPredicate *p, int c, int *meant)
{
	int			a = 0,
				b = 0;

	*meant = 0;
	if (p->compare == PPDL_ASK_IN)
	{
		for (int k = 0; k < p->count; k++)
			*meant |= ppdl_feature_class(p->fs, p->f, p->literal[k].s) == c;
		return PPDL_OK;
	}
	PPDL_TRY(order(m, p, c, 0, &a));
	PPDL_TRY(order(m, p, c, p->count - 1, &b));
	*meant = p->compare == PPDL_ASK_LESS ? a < 0 : p->compare == PPDL_ASK_LESS_EQUAL ? a <= 0 :
		p->compare == PPDL_ASK_GREATER ? a > 0 : p->compare == PPDL_ASK_GREATER_EQUAL ? a >= 0 : a >= 0 && b <= 0;
	return PPDL_OK;
}

static PpdlStatus
category_predicate(PpdlAskMaker *m, const PpdlAskPredicate *p, int *node)
{
	int			meant;

	for (int k = 0; k < p->count && p->compare == PPDL_ASK_IN; k++)
		if (ppdl_feature_class(p->fs, p->f, p->literal[k].s) < 0)
			return unknown_category(m, p->f, &p->literal[k]);
	*node = PPDL_ASK_FALSE;
	for (int c = 0; c < p->f->ncategories; c++)
	{
		PPDL_TRY(is_meant(m, p, c, &meant));
		if (meant)
			*node = ppdl_ask_or(&m->tree, *node, category(m, p->f, c));
	}
	if (*node == PPDL_ASK_FALSE)
		snprintf(m->why, sizeof m->why, "\"%.*s\" has no such category", PPDL_CUT(p->f->column, 60));
	/* both of two */
	if (p->f->kind == PPDL_FEATURE_BINARY && *node > PPDL_ASK_TRUE && m->tree.node[*node].kind == PPDL_ASK_OR)
		*node = PPDL_ASK_TRUE;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the whole */

static int
null_predicate(PpdlAskMaker *m, const PpdlAskPredicate *p)
{
	int			node = PPDL_ASK_FALSE;

	if (p->f->missing)
		node = bit(m, missing_bit(p->f));
	else if (p->f == p->fs->label)
		snprintf(m->why, sizeof m->why, "\"%.*s\" is the label, and rows without one do not count: ask for them with "
				 "WHERE label IS NULL", PPDL_CUT(p->f->column, 60));
	else
		snprintf(m->why, sizeof m->why, "\"%.*s\" is never missing", PPDL_CUT(p->f->column, 60));
	return p->negated ? ppdl_ask_not(&m->tree, node) : node;
}

PpdlStatus
ppdl_ask_predicate(PpdlAskMaker *m, const PpdlAskPredicate *p, int *node)
{
	if (p->compare == PPDL_ASK_NULL)
	{
		*node = null_predicate(m, p);
		return PPDL_OK;
	}
	if (p->f->kind == PPDL_FEATURE_NUMERIC || p->f->kind == PPDL_FEATURE_BANDS)
		PPDL_TRY(number_predicate(m, p, node));
	else
		PPDL_TRY(category_predicate(m, p, node));
	*node = present(m, p->f, p->negated ? ppdl_ask_not(&m->tree, *node) : *node);
	return PPDL_OK;
}
