#include "query/ask_blur.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ckks/compare.h"
#include "predict/where.h"

#define PART 0.01				/* of a row that is not worth a note */

/* without the last digits, which decoding makes of 10.01 */
static double
as_written(double v)
{
	char		text[40];

	snprintf(text, sizeof text, "%.12g", v);
	return strtod(text, NULL);
}

/* the leaf that a comparison became a part of */
static const PpdlConditionLeaf *
leaf_of(const PpdlAskMaker *m, const PpdlCondition *c, const PpdlAskCompared *compared)
{
	const int	index = ppdl_ask_number(&m->tree, m->tree.node[compared->node].value);

	for (int i = 0; i < c->leaves; i++)
		for (int j = 0; j < c->leaf[i].count && c->leaf[i].index == index; j++)
			if (fabs(c->threshold[c->leaf[i].first + j] - compared->threshold) < 1e-9)
				return &c->leaf[i];
	return NULL;
}

/* what rows of the nearest value count */
static double
counts(const PpdlCondition *c, const PpdlConditionLeaf *leaf, const PpdlAskCompared *compared)
{
	const int	levels = ppdl_where_comparison_levels(c);
	const double t = compared->threshold;

	return leaf->kind == PPDL_CONDITION_FINE ? ppdl_compare_fine_value(levels, &t, 1, compared->nearest) :
		ppdl_compare_value(levels, &(PpdlStep) {t, 1}, 1, compared->nearest);
}

static int
is_told(const PpdlCondition *c, const PpdlConditionLeaf *leaf, const PpdlAskCompared *compared)
{
	return compared->nearest > compared->threshold && counts(c, leaf, compared) > 1 - PART;
}

/* a line, unless it is there: questions with one condition say it once */
static void
add_note(PpdlWriter *notes, const char *line)
{
	if (notes->len == 0 || !memmem(notes->buf, notes->len, line, strlen(line)))
		ppdl_write_text(notes, line);
}

static void
say_blur(const PpdlCondition *cond, const PpdlConditionLeaf *leaf, const PpdlAskCompared *c, PpdlWriter *notes)
{
	const PpdlFeature *f = c->f;
	char		nearest[40],
				part[80] = "",
				line[600];
	double		below,
				above;

	ppdl_where_blur(cond, leaf, c->threshold, &below, &above);
	ppdl_feature_print(f, as_written(ppdl_feature_decode(f, c->nearest)), nearest, sizeof nearest);
	if (c->nearest > c->threshold)
		snprintf(part, sizeof part, ", those of %s by %.2f", nearest, counts(cond, leaf, c));
	snprintf(line, sizeof line, "\"%.*s\" is compared with %.6g: rows between %.6g and %.6g count in part%s; \"at "
			 "least\" bits (ppdl encode --thermometer) would be exact\n", PPDL_CUT(f->column, 60),
			 ppdl_feature_decode(f, c->threshold), ppdl_feature_decode(f, fmax(below, -1)),
			 ppdl_feature_decode(f, fmin(above, 1)), part);
	add_note(notes, line);
}

static void
say(const PpdlAskMaker *m, const PpdlCondition *cond, const PpdlAskCompared *c, PpdlWriter *notes)
{
	const PpdlConditionLeaf *leaf = leaf_of(m, cond, c);
	char		line[300];

	if (leaf == NULL)
		return;
	if (!is_told(cond, leaf, c))
		say_blur(cond, leaf, c, notes);
	else if (leaf->kind == PPDL_CONDITION_FINE)
	{
		snprintf(line, sizeof line, "\"%.*s\" is compared twice, with a full bootstrap between, which is slow; \"at "
				 "least\" bits (ppdl encode --thermometer) would not be\n", PPDL_CUT(c->f->column, 60));
		add_note(notes, line);
	}
}

/* as the server does */
static PpdlStatus
plan(PpdlCondition *c, PpdlError *err)
{
	const PpdlParams *deep;

	if (c->numbers == 0)
		return PPDL_OK;
	PPDL_TRY(ppdl_params_get(PPDL_RING_DEEP, &deep, err));
	return ppdl_where_check(c, deep, err);
}

/* *c: planned, the caller's, from what the tree comes to */
static PpdlStatus
plan_tree(PpdlCondition **c, const PpdlAskMaker *m, int root, PpdlWriter *w, PpdlError *err)
{
	*c = NULL;
	w->len = 0;
	ppdl_ask_write(&m->tree, root, w);
	if (w->bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_condition_parse(c, (const char *) w->buf, w->len, err));
	return plan(*c, err);
}

/* distances for what the plan cannot tell; are there any? */
static int
ask_for_distances(PpdlAskMaker *m, const PpdlCondition *c)
{
	int			any = 0;

	for (int i = 0; i < m->ncompared; i++)
	{
		const PpdlAskCompared *compared = &m->compared[i];
		const PpdlConditionLeaf *leaf = leaf_of(m, c, compared);

		if (leaf == NULL || leaf->kind != PPDL_CONDITION_NUMBER || compared->nearest <= compared->threshold ||
			is_told(c, leaf, compared))
			continue;
		/* what is written has three digits */
		m->tree.node[compared->node].within = (compared->nearest - compared->threshold) * 0.99;
		any = 1;
	}
	return any;
}

PpdlStatus
ppdl_ask_blur(PpdlAskMaker *m, int root, size_t at, PpdlWriter *w, PpdlWriter *notes)
{
	PpdlError	why = {0};
	PpdlCondition *c;
	PpdlStatus	status = plan_tree(&c, m, root, w, &why);

	if (status == PPDL_OK && ask_for_distances(m, c))
	{
		ppdl_condition_destroy(c);
		status = plan_tree(&c, m, root, w, &why);
	}
	for (int i = 0; i < m->ncompared && status == PPDL_OK && notes; i++)
		say(m, c, &m->compared[i], notes);
	ppdl_condition_destroy(c);
	if (status == PPDL_OK || status == PPDL_ERR_NOMEM)
		return status == PPDL_OK ? PPDL_OK : ppdl_error(m->text->err, status, "%s", why.message);
	ppdl_ask_error(m->text, at, "%s", why.message);
	return why.hint[0] ? ppdl_error_hint(m->text->err, PPDL_ERR_ARGUMENT, "%s", why.hint) : PPDL_ERR_ARGUMENT;
}
