#include "stats/split.h"

#include <stdlib.h>
#include <string.h>

#include "net/prng.h"
#include "stats/metrics.h"

#define TRIES 64				/* orders, until each fold has all classes */

typedef struct Row
{
	int			group,
				class;
	long		index;
} Row;

typedef struct Group
{
	long		first,			/* of its rows in Deal.row, which are sorted by class */
				rows;
	int			class,			/* of its first row */
				fold;
	uint64_t	order;			/* random, among equals */
} Group;

typedef struct Deal
{
	int			folds;
	long		n,
				ngroups;
	Row		   *row;			/* by group, then class */
	Group	   *group;
	long		total[PPDL_MAX_CLASSES];	/* rows of each class */
	long		groups_of[PPDL_MAX_CLASSES];	/* groups in which it is */
	long		left[PPDL_MAX_CLASSES]; /* of those, not yet dealt out */
	int			lacking[PPDL_MAX_CLASSES];	/* folds without the class */
	int			number[PPDL_MAX_CLASSES];	/* of the class among those that have rows */
	int			classes;		/* that have rows */
	long	   *have;			/* folds * classes: rows of each class in each fold */
	long	   *size;			/* rows of each fold */
	int		   *order;			/* folds in random order: the first of equals gets the group */
} Deal;

/* ------------------------------------------------------------------ rows and groups */

static int
by_group(const void *a, const void *b)
{
	const Row  *x = a,
			   *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* largest first; of one size class by class, which keeps the folds of single rows equally large */
static int
by_size(const void *a, const void *b)
{
	const Group *x = a,
			   *y = b;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/* end of the run of one class that begins at row i of a group */
static long
class_run(const Deal *d, const Group *g, long i)
{
	long		j = i;

	while (j < g->first + g->rows && d->row[j].class == d->row[i].class)
		j++;
	return j;
}

/* finds the groups in the sorted rows, and counts them by class */
static void
find_groups(Deal *d, int grouped)
{
	for (long i = 0, j; i < d->n; i = j)
	{
		Group	   *g = &d->group[d->ngroups++];

		for (j = i + 1; grouped && j < d->n && d->row[j].group == d->row[i].group; j++)
			;
		*g = (Group) {.first = i, .rows = j - i, .class = d->row[i].class};
		for (long k = i; k < j; k = class_run(d, g, k))
			d->groups_of[d->row[k].class]++;
	}
}

static PpdlStatus
check(const Deal *d, int grouped, PpdlError *err)
{
	static const char *const hint = "Take fewer folds, or leave the class out.";

	if (d->ngroups < d->folds)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%ld %s cannot be dealt out to %d folds", d->ngroups,
						  grouped ? "groups" : "rows", d->folds);
	for (int c = 0; c < PPDL_MAX_CLASSES; c++)
	{
		if (d->total[c] == 0)
			continue;
		if (d->total[c] < d->folds)
			ppdl_error(err, PPDL_ERR_FORMAT, "class %d has %ld row%s, fewer than there are folds, %d", c, d->total[c],
					   d->total[c] == 1 ? "" : "s", d->folds);
		else if (d->groups_of[c] < d->folds)
			ppdl_error(err, PPDL_ERR_FORMAT, "the rows of class %d are in %ld group%s, fewer than there are folds, %d",
					   c, d->groups_of[c], d->groups_of[c] == 1 ? "" : "s", d->folds);
		else
			continue;
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", hint);
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ dealing out */

static long *
have(const Deal *d, int fold, int class)
{
	return &d->have[(size_t) fold * (size_t) d->classes + (size_t) d->number[class]];
}

/* how badly a group fits into a fold: first the classes that other folds cannot do without, then the squares' growth */
typedef struct Misfit
{
	int			wasted;
	double		growth;
	long		size;
} Misfit;

static Misfit
misfit(const Deal *d, const Group *g, int fold)
{
	Misfit		m = {0, 0, d->size[fold]};

	for (long i = g->first, j; i < g->first + g->rows; i = j)
	{
		int			c = d->row[i].class;
		long		there = *have(d, fold, c);

		j = class_run(d, g, i);
		m.wasted += there > 0 && d->lacking[c] >= d->left[c];
		m.growth += (double) there / (double) d->total[c] * ((double) (j - i) / (double) d->total[c]);
	}
	return m;
}

static int
fits_better(Misfit a, Misfit b)
{
	if (a.wasted != b.wasted)
		return a.wasted < b.wasted;
	if (a.growth != b.growth)
		return a.growth < b.growth;
	return a.size < b.size;
}

static void
put(Deal *d, Group *g, int fold)
{
	g->fold = fold;
	d->size[fold] += g->rows;
	for (long i = g->first, j; i < g->first + g->rows; i = j)
	{
		int			c = d->row[i].class;
		long	   *there = have(d, fold, c);

		j = class_run(d, g, i);
		d->lacking[c] -= *there == 0;
		d->left[c]--;
		*there += j - i;
	}
}

static void
shuffle(int *x, int n, PpdlPrng *r)
{
	for (int i = n - 1; i > 0; i--)
	{
		int			j = (int) ppdl_prng_below(r, (uint64_t) i + 1),
					keep = x[i];

		x[i] = x[j];
		x[j] = keep;
	}
}

/* 1 when each fold has each class */
static int
deal_out(Deal *d, uint64_t seed, uint64_t stream)
{
	PpdlPrng	r;
	int			missing = 0;

	ppdl_prng_init(&r, seed, stream);
	memset(d->have, 0, (size_t) d->folds * (size_t) d->classes * sizeof *d->have);
	memset(d->size, 0, (size_t) d->folds * sizeof *d->size);
	memcpy(d->left, d->groups_of, sizeof d->left);
	for (int c = 0; c < PPDL_MAX_CLASSES; c++)
		d->lacking[c] = d->total[c] ? d->folds : 0;
	for (int f = 0; f < d->folds; f++)
		d->order[f] = f;
	shuffle(d->order, d->folds, &r);
	for (long g = 0; g < d->ngroups; g++)
		d->group[g].order = ppdl_prng_next(&r);
	qsort(d->group, (size_t) d->ngroups, sizeof *d->group, by_size);
	for (long g = 0; g < d->ngroups; g++)
	{
		int			best = d->order[0];
		Misfit		least = misfit(d, &d->group[g], best);

		for (int t = 1; t < d->folds; t++)
		{
			Misfit		m = misfit(d, &d->group[g], d->order[t]);

			if (fits_better(m, least))
			{
				least = m;
				best = d->order[t];
			}
		}
		put(d, &d->group[g], best);
	}
	for (int c = 0; c < PPDL_MAX_CLASSES; c++)
		missing += d->lacking[c];
	return missing == 0;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
read_rows(Deal *d, const int *truth, const int *group, PpdlError *err)
{
	d->row = malloc((size_t) d->n * sizeof *d->row);
	d->group = malloc((size_t) d->n * sizeof *d->group);
	if (d->row == NULL || d->group == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a split of %ld rows", d->n);
	for (long i = 0; i < d->n; i++)
	{
		if (truth[i] < 0 || truth[i] >= PPDL_MAX_CLASSES)
			return ppdl_error(err, PPDL_ERR_FORMAT, "row %ld is of class %d, where 0 to %d are allowed", i + 1,
							  truth[i],
							  PPDL_MAX_CLASSES - 1);
		d->row[i] = (Row) {group ? group[i] : 0, truth[i], i};
		d->total[truth[i]]++;
	}
	for (int c = 0; c < PPDL_MAX_CLASSES; c++)
		if (d->total[c])
			d->number[c] = d->classes++;
	qsort(d->row, (size_t) d->n, sizeof *d->row, by_group);
	find_groups(d, group != NULL);
	return check(d, group != NULL, err);
}

static PpdlStatus
split(Deal *d, int *fold, uint64_t seed, PpdlError *err)
{
	int			tries = 0;

	/* each class has as many rows as there are folds: these are no larger than the rows */
	d->have = malloc((size_t) d->folds * (size_t) d->classes * sizeof *d->have);
	d->size = malloc((size_t) d->folds * sizeof *d->size);
	d->order = malloc((size_t) d->folds * sizeof *d->order);
	if (d->have == NULL || d->size == NULL || d->order == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d folds", d->folds);
	while (!deal_out(d, seed, (uint64_t) tries))
		if (++tries == TRIES)
		{
			ppdl_error(err, PPDL_ERR_FORMAT, "no way was found to deal out %ld groups to %d folds so that each fold "
					   "has rows of each of %d classes", d->ngroups, d->folds, d->classes);
			return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Take fewer folds.");
		}
	for (long g = 0; g < d->ngroups; g++)
		for (long i = 0; i < d->group[g].rows; i++)
			fold[d->row[d->group[g].first + i].index] = d->group[g].fold;
	return PPDL_OK;
}

PpdlStatus
ppdl_split_folds(int *fold, const int *truth, const int *group, long n, int folds, uint64_t seed, PpdlError *err)
{
	Deal		d = {.folds = folds, .n = n};
	PpdlStatus	status;

	if (folds < 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d folds, where 2 or more are expected", folds);
	if (n < 1 || n > PPDL_MAX_SCORED_ROWS)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%ld rows cannot be dealt out to folds", n);
	status = read_rows(&d, truth, group, err);
	if (status == PPDL_OK)
		status = split(&d, fold, seed, err);
	free(d.row);
	free(d.group);
	free(d.have);
	free(d.size);
	free(d.order);
	return status;
}
