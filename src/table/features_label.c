/* The label: which values are which class, and which class is the positive one. */
#include <stdlib.h>
#include <string.h>

#include "table/features_learn.h"
#include "table/fold.h"

#define MAX_LABEL_CLASSES 16
#define RARE 0.01				/* part of the rows */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ --label-map */

static PpdlStatus
bad_map(const char *entry, const char *what, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--label-map \"%s\": %s", entry, what);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Write VALUE=+1 and VALUE=-1 for two classes, VALUE=CLASS to rename, "
						   "VALUE= for a NULL label; for example ja=+1,nein=-1,unbekannt=.");
}

/* +1 and -1 for codes, else 0 */
static int
code_of(const char *to)
{
	return strcmp(to, "+1") == 0 ? 1 : strcmp(to, "-1") == 0 ? -1 : 0;
}

/* what is behind the last equals sign, or NULL */
static const char *
target(const char *entry)
{
	const char *equals = strrchr(entry, '=');

	return equals && equals > entry ? equals + 1 : NULL;
}

/* the value that was first mapped to a code: its class is called so */
static char *
class_of_code(char *const *map, int code)
{
	for (; map && *map; map++)
	{
		const char *to = target(*map);

		if (to && code_of(to) == code)
			return strndup(*map, (size_t) (to - 1 - *map));
	}
	return NULL;
}

static PpdlStatus
add_alias(PpdlFeature *how, char *const *map, const char *entry, PpdlError *err)
{
	const char *to = target(entry);
	PpdlAlias  *a = &how->alias[how->naliases];

	if (to == NULL)
		return bad_map(entry, "no value before, or no equals sign", err);
	a->from = strndup(entry, (size_t) (to - 1 - entry));
	how->naliases++;
	if (a->from == NULL)
		return no_memory(err);
	for (int i = 0; i + 1 < how->naliases; i++)
		if (strcmp(how->alias[i].from, a->from) == 0)
			return bad_map(entry, "the value is there twice", err);
	if (to[0] == 0)
		return PPDL_OK;
	a->to = code_of(to) ? class_of_code(map, code_of(to)) : strdup(to);
	return a->to ? PPDL_OK : no_memory(err);
}

static int
has_codes(char *const *map)
{
	int			found = 0;

	for (; map && *map; map++)
		if (target(*map) && code_of(target(*map)))
			found |= code_of(target(*map)) > 0 ? 1 : 2;
	return found;
}

PpdlStatus
ppdl_learn_aliases(PpdlFeature *how, const PpdlLearnOptions *opt, PpdlError *err)
{
	char	  **map = opt->label_map;
	int			n = 0,
				codes = has_codes(map);

	while (map && map[n])
		n++;
	if (n == 0)
		return PPDL_OK;
	if (codes == 1 || codes == 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--label-map: which value is %s?", codes == 1 ? "-1" : "+1");
	if (codes && opt->positive)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--positive: --label-map says which class is +1");
	how->alias = calloc((size_t) n, sizeof *how->alias);
	if (how->alias == NULL)
		return no_memory(err);
	for (int i = 0; i < n; i++)
	{
		if (codes && target(map[i]) && target(map[i])[0] && code_of(target(map[i])) == 0)
			return bad_map(map[i], "codes and names do not mix", err);
		PPDL_TRY(add_alias(how, map, map[i], err));
	}
	return PPDL_OK;
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

static void
swap_classes(PpdlFeature *f)
{
	char	   *name = f->category[0];
	long		rows = f->rows[0];

	f->category[0] = f->category[1];
	f->category[1] = name;
	f->rows[0] = f->rows[1];
	f->rows[1] = rows;
}

static PpdlStatus
no_class(PpdlLearner *l, const PpdlColumn *c, const char *option, const char *name)
{
	char		list[sizeof l->err->detail];

	ppdl_error(l->err, PPDL_ERR_ARGUMENT, "%s: label \"%s\" has no class \"%.60s\"", option, l->opt->label, name);
	ppdl_tallies_print(&c->category, list, sizeof list);
	return ppdl_error_detail(l->err, PPDL_ERR_ARGUMENT, "Classes: %s", list);
}

/* with codes, every value has one */
static PpdlStatus
codes_decide(PpdlLearner *l, const PpdlColumn *c, PpdlFeature *f)
{
	char	   *positive = class_of_code(l->opt->label_map, 1),
			   *negative = class_of_code(l->opt->label_map, -1);
	PpdlStatus	status = PPDL_OK;

	if (positive == NULL || negative == NULL)
		status = no_memory(l->err);
	for (int i = 0; i < f->ncategories && status == PPDL_OK; i++)
		if (ppdl_feature_class(l->fs, f, positive) != i && ppdl_feature_class(l->fs, f, negative) != i)
		{
			ppdl_error(l->err, PPDL_ERR_FORMAT, "%s: label \"%s\": \"%.60s\" (%ld rows) is not in --label-map",
					   ppdl_csv_name(l->csv), f->column, f->category[i], f->rows[i]);
			status = ppdl_error_hint(l->err, PPDL_ERR_FORMAT, "Add \"%.60s=+1\", \"%.60s=-1\", or \"%.60s=\" for a "
									 "NULL label.", f->category[i], f->category[i], f->category[i]);
		}
	if (status == PPDL_OK && f->ncategories == 2 && ppdl_feature_class(l->fs, f, positive) == 0)
		swap_classes(f);
	free(positive);
	free(negative);
	return status;
}

static PpdlStatus
choose_positive(PpdlLearner *l, const PpdlColumn *c, PpdlFeature *f)
{
	int			class;

	if (has_codes(l->opt->label_map))
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
		swap_classes(f);
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
