#include "cli/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/text.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* names in quotes, as many as fit */
static void
list_names(char *const *name, int count, char *out, size_t size)
{
	out[0] = 0;
	for (int i = 0; i < count; i++)
		ppdl_names_add(out, size, "\"%.*s\"", PPDL_CUT(name[i], 60));
}

/* index of a class by name, or by another spelling of its number; -1 */
static int
find_class(char *const *name, int count, const char *s)
{
	double		v,
				w;

	for (int i = 0; i < count; i++)
		if (strcmp(name[i], s) == 0)
			return i;
	if (ppdl_parse_category_number(s, &v))
		for (int i = 0; i < count; i++)
			if (ppdl_parse_category_number(name[i], &w) && v == w)
				return i;
	return -1;
}

/* ------------------------------------------------------------------ names */

static PpdlStatus
copy_names(PpdlEvalClasses *c, char *const *name, int count, PpdlError *err)
{
	c->name = calloc((size_t) count + 1, sizeof *c->name);
	if (c->name == NULL)
		return no_memory(err);
	for (c->count = 0; c->count < count; c->count++)
		if ((c->name[c->count] = strdup(name[c->count])) == NULL)
			return no_memory(err);
	return PPDL_OK;
}

static PpdlStatus
number_names(PpdlEvalClasses *c, int count, PpdlError *err)
{
	c->name = calloc((size_t) count + 1, sizeof *c->name);
	if (c->name == NULL)
		return no_memory(err);
	for (c->count = 0; c->count < count; c->count++)
		if (asprintf(&c->name[c->count], "class %d", c->count + 1) < 0)
		{
			c->name[c->count] = NULL;
			return no_memory(err);
		}
	return PPDL_OK;
}

static PpdlStatus
name_classes(PpdlEvalClasses *c, const PpdlEvalRows *r, PpdlError *err)
{
	const PpdlFeature *label = r->opt->features ? r->opt->features->label : NULL;

	if (label == NULL && r->one_hot > 0)
		return number_names(c, r->one_hot, err);
	if (label == NULL)
	{
		PPDL_TRY(copy_names(c, r->text, r->ntexts, err));
		qsort(c->name, (size_t) c->count, sizeof *c->name, ppdl_compare_categories);
		return PPDL_OK;
	}
	if (label->kind != PPDL_FEATURE_BINARY && label->kind != PPDL_FEATURE_ONE_HOT)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the label \"%s\" of the feature file is a number: it has no classes",
						  label->column);
	return copy_names(c, label->category, label->ncategories, err);
}

/* do so many scores fit so many classes? */
static PpdlStatus
check_scores(const PpdlEvalClasses *c, const PpdlEvalRows *r, PpdlError *err)
{
	char		list[sizeof err->detail];

	if (c->count > 1 && (r->outputs == c->count || (r->outputs == 1 && c->count == 2)))
		return PPDL_OK;
	list_names(c->name, c->count, list, sizeof list);
	if (r->outputs == 1 && c->count > 2)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: one score a row tells two classes apart, but there are %d", r->source,
				   c->count);
		ppdl_error_hint(err, PPDL_ERR_FORMAT,
						"Give a score for each class (--score A,B,C), in the order of the classes.");
	}
	else if (c->count == 1)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: all labels are of one class: there is nothing to tell apart", r->source);
		ppdl_error_hint(err, PPDL_ERR_FORMAT, "Give rows of the other classes, too.");
	}
	else
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d scores a row, but there are %d classes", r->source, r->outputs,
				   c->count);
		ppdl_error_hint(err, PPDL_ERR_FORMAT,
						"Classes that no label has are known from a feature file only: --features.");
	}
	return ppdl_error_detail(err, PPDL_ERR_FORMAT, "Classes: %s", list);
}

/* ------------------------------------------------------------------ which label is which class */

/* map of all texts to classes by what they are called; the first that is none, or -1 */
static int
map_names(int *map, const PpdlEvalClasses *c, const PpdlEvalRows *r)
{
	int			odd = -1;

	const PpdlFeatures *fs = r->opt->features;

	for (int i = r->ntexts - 1; i >= 0; i--)
	{
		map[i] = find_class(c->name, c->count, r->text[i]);
		/* names are those of the feature file, which knows other spellings and names */
		if (map[i] < 0 && fs && fs->label)
			map[i] = ppdl_feature_class(fs, fs->label, r->text[i]);
		if (map[i] < 0)
			odd = i;
	}
	return odd;
}

/* the two classes as low and 1; 0 when some text is neither */
static int
map_codes(int *map, const PpdlEvalRows *r, const char *low)
{
	for (int i = 0; i < r->ntexts; i++)
	{
		if (strcmp(r->text[i], low) != 0 && strcmp(r->text[i], "1") != 0)
			return 0;
		map[i] = strcmp(r->text[i], "1") == 0;
	}
	return 1;
}

static PpdlStatus
map_labels(int *map, const PpdlEvalClasses *c, const PpdlEvalRows *r, PpdlError *err)
{
	char		list[sizeof err->detail];
	int			odd;

	if (r->one_hot > 0)
	{
		if (r->one_hot != c->count)
			return ppdl_error(err, PPDL_ERR_FORMAT, "%s: labels have %d values, but there are %d classes", r->source,
							  r->one_hot, c->count);
		for (int i = 0; i < r->ntexts; i++)
			map[i] = atoi(r->text[i]);
		return PPDL_OK;
	}
	odd = map_names(map, c, r);
	if (odd < 0 || (c->count == 2 && (map_codes(map, r, "-1") || map_codes(map, r, "0"))))
		return PPDL_OK;
	list_names(c->name, c->count, list, sizeof list);
	ppdl_error(err, PPDL_ERR_FORMAT, "%s: column \"%s\": \"%.*s\" is none of the classes of the feature file",
			   r->where[odd], r->opt->label, PPDL_CUT(r->text[odd], 60));
	return ppdl_error_detail(err, PPDL_ERR_FORMAT, "Classes: %s", list);
}

static PpdlStatus
check_present(const PpdlEvalClasses *c, const PpdlEvalRows *r, PpdlError *err)
{
	for (long i = 1; i < r->n; i++)
		if (r->label[i] != r->label[0])
			return PPDL_OK;
	ppdl_error(err, PPDL_ERR_FORMAT,
			   "%s: all %ld rows with a label and a score are of class \"%.*s\": there is nothing to "
			   "tell apart", r->source, r->n, PPDL_CUT(c->name[r->label[0]], 60));
	return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Give rows of the other classes, too.");
}

static PpdlStatus
pick(const PpdlEvalClasses *c, const char *option, const char *name, int *class, PpdlError *err)
{
	char		list[sizeof err->detail];

	if (name == NULL)
		return PPDL_OK;
	*class = find_class(c->name, c->count, name);
	if (*class >= 0)
		return PPDL_OK;
	list_names(c->name, c->count, list, sizeof list);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: there is no class \"%.*s\"", option, PPDL_CUT(name, 60));
	return ppdl_error_detail(err, PPDL_ERR_ARGUMENT, "Classes: %s", list);
}

/* ------------------------------------------------------------------ ids */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static PpdlStatus
check_ids(PpdlEvalRows *r, PpdlError *err)
{
	long		used = 0;

	for (long i = 0; i < r->nother; i++)
		used += r->other[i].used;
	r->unused = r->nother - used;
	if (r->other && used == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "no %s of %.*s is in %.*s", r->opt->id,
						  PPDL_CUT(r->source, 100), PPDL_CUT(r->other_source, 100));
	if (r->ids == NULL)
		return PPDL_OK;
	qsort(r->ids, (size_t) r->n, sizeof *r->ids, by_text);
	for (long i = 1; i < r->n; i++)
		r->repeated += strcmp(r->ids[i - 1], r->ids[i]) == 0;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
classify(PpdlEvalClasses *c, PpdlEvalRows *r, int *map, PpdlError *err)
{
	PPDL_TRY(map_labels(map, c, r, err));
	for (long i = 0; i < r->n; i++)
		r->label[i] = map[r->label[i]];
	PPDL_TRY(check_present(c, r, err));
	c->positive = c->count == 2 ? 1 : -1;
	c->above = 1;
	if (c->count > 2 && (r->opt->above || r->opt->threshold != 0))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s is for two classes; of %d the largest score wins",
						  r->opt->above ? "--above" : "--threshold", c->count);
	if (r->outputs == 2 && r->opt->above)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--above is for one score a row; of two the larger wins");
	PPDL_TRY(pick(c, "--positive", r->opt->positive, &c->positive, err));
	return pick(c, "--above", r->opt->above, &c->above, err);
}

PpdlStatus
ppdl_eval_classes(PpdlEvalClasses *out, PpdlEvalRows *r, PpdlError *err)
{
	int		   *map;
	PpdlStatus	status;

	memset(out, 0, sizeof *out);
	if (r->read == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: there are no rows", r->source);
	PPDL_TRY(check_ids(r, err));
	if (r->n == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: of %ld rows, %ld have no label and %ld no score: none is left",
						  r->source, r->read, r->without_label, r->without_score);
	PPDL_TRY(name_classes(out, r, err));
	PPDL_TRY(check_scores(out, r, err));
	map = malloc((size_t) r->ntexts * sizeof *map);
	if (map == NULL)
		return no_memory(err);
	status = classify(out, r, map, err);
	free(map);
	return status;
}

void
ppdl_eval_classes_free(PpdlEvalClasses *c)
{
	for (int i = 0; c->name && i < c->count; i++)
		free(c->name[i]);
	free(c->name);
	memset(c, 0, sizeof *c);
}
