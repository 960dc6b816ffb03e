/* The label: which values are which class, and which class is the positive one. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/features_learn.h"
#include "table/fold.h"

#define MAX_LABEL_CLASSES 16
#define RARE 0.01				/* part of the rows */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* aliases that change something go into the feature file */
static PpdlStatus
keep_aliases(PpdlFeature *f, PpdlFeature *how, PpdlError *err)
{
	f->alias = calloc((size_t) how->naliases + 1, sizeof *f->alias);
	if (f->alias == NULL)
		return no_memory(err);
	for (int i = 0; i < how->naliases; i++)
	{
		const PpdlAlias *a = &how->alias[i];

		if (a->to && strcmp(a->from, a->to) == 0)
			continue;
		f->alias[f->naliases].from = strdup(a->from);
		f->alias[f->naliases].to = a->to ? strdup(a->to) : NULL;
		f->naliases++;
		if (f->alias[f->naliases - 1].from == NULL || (a->to && f->alias[f->naliases - 1].to == NULL))
			return no_memory(err);
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ which class is +1 */

static PpdlStatus
no_class(PpdlLearner *l, const PpdlColumn *c, const char *option, const char *name)
{
	char		list[sizeof l->err->detail];

	ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s: label \"%s\" has no class \"%.*s\"", option, l->opt->label,
			   PPDL_CUT(name, 60));
	ppdl_tallies_print(&c->category, list, sizeof list);
	return ppdl_error_detail(l->err, PPDL_ERR_ARGUMENT, "Classes: %s", list);
}

/* with codes, every value has one */
static PpdlStatus
codes_decide(PpdlLearner *l, const PpdlColumn *c, PpdlFeature *f)
{
	char	   *positive = ppdl_learn_code_class(l->opt->label_map, 1),
			   *negative = ppdl_learn_code_class(l->opt->label_map, -1);
	PpdlStatus	status = PPDL_OK;

	if (positive == NULL || negative == NULL)
		status = no_memory(l->err);
	for (int i = 0; i < f->ncategories && status == PPDL_OK; i++)
		if (ppdl_feature_class(l->fs, f, positive) != i && ppdl_feature_class(l->fs, f, negative) != i)
		{
			ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\": \"%.*s\" (%ld rows) is not in --label-map",
					   ppdl_csv_name(l->csv), f->column, PPDL_CUT(f->category[i], 60), f->rows[i]);
			status = ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Add \"%.*s=+1\", \"%.*s=-1\", or \"%.*s=\" for a "
									 "NULL label.", PPDL_CUT(f->category[i], 60),
									 PPDL_CUT(f->category[i], 60), PPDL_CUT(f->category[i], 60));
		}
	if (status == PPDL_OK && f->ncategories == 2 && ppdl_feature_class(l->fs, f, positive) == 0)
		ppdl_learn_swap(f);
	free(positive);
	free(negative);
	return status;
}

static PpdlStatus
choose_positive(PpdlLearner *l, const PpdlColumn *c, PpdlFeature *f)
{
	int			class;

	if (ppdl_learn_has_codes(l->opt->label_map))
		return codes_decide(l, c, f);
	if (l->opt->positive == NULL)
		return PPDL_OK;
	class = ppdl_feature_class(l->fs, f, l->opt->positive);
	if (class < 0)
		return no_class(l, c, "--positive", l->opt->positive);
	if (f->kind != PPDL_FEATURE_BINARY)
		return ppdl_error(l->err, PPDL_ERR_ARGUMENT, "--positive: label \"%s\" has %d classes, each with an output of "
						  "its own", f->column, f->ncategories);
	if (class == 0)
		ppdl_learn_swap(f);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the whole */

static void
say_rare(PpdlLearner *l, const PpdlFeature *f)
{
	long		all = 0;

	for (int i = 0; i < f->ncategories; i++)
		all += f->rows[i];
	for (int i = 0; i < f->ncategories && f->ncategories > 2; i++)
		if ((double) f->rows[i] < RARE * (double) all)
			ppdl_learn_note(l,
							"label \"%s\": class \"%s\" has %ld of %ld rows; --label-map \"%s=\" leaves it without a "
							"label", f->column, f->category[i], f->rows[i], all, f->category[i]);
}

static void
say_unused(PpdlLearner *l, const PpdlColumn *c)
{
	/* what is a class without the map says nothing about spellings; this is for slips of the pen */
	for (int i = 0; i < c->how->naliases; i++)
		if (c->how->alias[i].to && !c->category.over)
		{
			int			seen = 0;

			for (int j = 0; j < c->category.count; j++)
				seen |= ppdl_fold_compare(c->category.item[j].text, c->how->alias[i].to) == 0;
			if (!seen && !c->numeric)
				ppdl_learn_note(l, "label \"%s\": no row has the class \"%s\" of --label-map", l->opt->label,
								c->how->alias[i].to);
		}
}

static PpdlStatus
nothing_to_learn(PpdlLearner *l, const char *name, const PpdlColumn *c)
{
	if (c->category.count == 0)
		return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\" is empty in every row: there is nothing to learn",
						  ppdl_csv_name(l->csv), name);
	return ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\" has only one value: there is nothing to learn",
					  ppdl_csv_name(l->csv), name);
}

static PpdlStatus
decide(PpdlLearner *l, const char *name, PpdlColumn *c, PpdlFeature *f)
{
	f->weight = 1;
	if (c->ambiguous || (c->numeric == 0 && c->as->percents > 0 && 2 * c->as->numbers >= c->values && !c->verbatim))
		return ppdl_learn_numbers_only(l, name, c);
	if (c->missing)
		ppdl_learn_note(l, "label \"%s\" is empty in %ld rows: those will have a NULL label", name, c->missing);
	l->fs->unlabelled = c->missing;
	if (c->category.count < 2)
		return nothing_to_learn(l, name, c);
	if (c->number)
		PPDL_TRY(ppdl_learn_numbers_only(l, name, c));
	if (c->number || (c->category.count > MAX_LABEL_CLASSES && c->numeric && !c->verbatim))
		return ppdl_learn_numeric(l, name, c, f);
	PPDL_TRY(ppdl_learn_categories(l, name, c, f));
	PPDL_TRY(choose_positive(l, c, f));
	say_rare(l, f);
	return PPDL_OK;
}

PpdlStatus
ppdl_learn_label(PpdlLearner *l)
{
	PpdlFeature *f;
	PpdlColumn *c;
	int			i;

	if (l->opt->label == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_csv_find(l->csv, l->opt->label, &i, l->err));
	c = &l->column[i];
	f = l->fs->label = calloc(1, sizeof *l->fs->label);
	if (f == NULL || (f->column = strdup(l->opt->label)) == NULL)
		return no_memory(l->err);
	PPDL_TRY(keep_aliases(f, &l->how[i], l->err));
	PPDL_TRY(decide(l, l->opt->label, c, f));
	say_unused(l, c);
	return PPDL_OK;
}
