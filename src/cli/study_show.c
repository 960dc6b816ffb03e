#include "cli/study_show.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "report/summary.h"

#define WHO 3					/* columns that say which runs a line is of */

static const PpdlMeasureId quality[] = {PPDL_ACCURACY, PPDL_BALANCED_ACCURACY, PPDL_SENSITIVITY, PPDL_SPECIFICITY,
PPDL_F1, PPDL_AUC, PPDL_BRIER, PPDL_AGREEMENT};
static const PpdlMeasureId cost[] = {PPDL_STEPS, PPDL_ENCRYPT_S, PPDL_TRAIN_S, PPDL_PREDICT_S, PPDL_DECRYPT_S,
PPDL_CPU_S, PPDL_PEAK_RSS_BYTES, PPDL_ROW_BYTES, PPDL_KEY_BYTES, PPDL_RESULT_BYTES};

#define LENGTH(a) ((int) (sizeof (a) / sizeof *(a)))
#define MOST (WHO + 1 + LENGTH(cost))

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ tables */

static int
put_titles(PpdlTable *t, const PpdlMeasureId *measure, int n)
{
	static const char *const who[WHO + 1] = {"dataset", "network", "method", "runs"};
	int			ok = 1;

	for (int i = 0; i <= WHO; i++)
		ok &= ppdl_table_title(t, i, who[i]);
	t->right[WHO] = 1;
	for (int i = 0; i < n; i++)
	{
		ok &= ppdl_table_title(t, WHO + 1 + i, ppdl_measure[measure[i]].title);
		t->right[WHO + 1 + i] = 1;
	}
	return ok;
}

static void
show(char out[PPDL_SHOWN], const PpdlStat *v, const PpdlMeasure *m)
{
	/* the worst of several has no spread */
	if (m->is_worst)
		ppdl_show(out, m->quantity, v->most);
	else
		ppdl_show_mean(out, m->quantity, v->mean, v->spread);
}

static int
put_group(PpdlTable *t, const PpdlGroup *g, const PpdlMeasureId *measure, int n)
{
	char		cell[MOST][PPDL_SHOWN];
	PpdlText	field[MOST] = {{(char *) g->dataset, strlen(g->dataset)}, {(char *) g->network, strlen(g->network)},
							   {(char *) g->method, strlen(g->method)}};

	if (g->nfailed > 0)
		snprintf(cell[WHO], PPDL_SHOWN, "%ld (%ld failed)", g->nruns, g->nfailed);
	else
		snprintf(cell[WHO], PPDL_SHOWN, "%ld", g->nruns);
	for (int i = 0; i < n; i++)
		show(cell[WHO + 1 + i], &g->value[measure[i]], &ppdl_measure[measure[i]]);
	for (int i = WHO; i <= WHO + n; i++)
		field[i] = (PpdlText) {cell[i], strlen(cell[i])};
	return ppdl_table_add(t, field);
}

static PpdlStatus
show_table(const PpdlSummary *s, const PpdlMeasureId *measure, int n, FILE *f, PpdlError *err)
{
	PpdlTable	t;
	int			ok = ppdl_table_init(&t, WHO + 1 + n) && put_titles(&t, measure, n);

	for (long i = 0; i < s->ngroups && ok; i++)
		ok = put_group(&t, &s->group[i], measure, n);
	if (ok)
		ppdl_table_print(&t, f);
	ppdl_table_free(&t);
	return ok ? PPDL_OK : no_memory(err);
}

/* ------------------------------------------------------------------ what all lines were made with */

/* was the same said by an earlier run? */
static int
is_new(const PpdlResults *r, long i, int (*same) (const PpdlRun *a, const PpdlRun *b))
{
	for (long k = 0; k < i; k++)
		if (same(&r->run[k], &r->run[i]))
			return 0;
	return 1;
}

static int
same_parameters(const PpdlRun *a, const PpdlRun *b)
{
	return strcmp(a->method, b->method) == 0 && strcmp(a->parameters, b->parameters) == 0;
}

static int
same_surroundings(const PpdlRun *a, const PpdlRun *b)
{
	return strcmp(a->ppdl, b->ppdl) == 0 && strcmp(a->postgresql, b->postgresql) == 0 &&
		strcmp(a->processor, b->processor) == 0 && a->cores == b->cores;
}

static void
show_surroundings(const PpdlResults *r, FILE *f)
{
	for (long i = 0; i < r->nruns; i++)
		if (r->run[i].parameters[0] && is_new(r, i, same_parameters))
			fprintf(f, "%s: %s; %g bits of security\n", r->run[i].method, r->run[i].parameters,
					r->run[i].security_bits);
	for (long i = 0; i < r->nruns; i++)
		if (is_new(r, i, same_surroundings))
			fprintf(f, "ppdl %s, PostgreSQL %s, %s, %g cores\n", r->run[i].ppdl, r->run[i].postgresql,
					r->run[i].processor[0] ? r->run[i].processor : "unknown processor", r->run[i].cores);
	fputs("Means over the splits, ± sample standard deviation; of peak memory the largest.\n", f);
}

PpdlStatus
ppdl_study_show(const PpdlResults *results, FILE *f, PpdlError *err)
{
	PpdlSummary s;
	PpdlStatus	status;

	PPDL_TRY(ppdl_summarise(&s, results, err));
	status = show_table(&s, quality, LENGTH(quality), f, err);
	if (status == PPDL_OK)
		status = show_table(&s, cost, LENGTH(cost), f, err);
	ppdl_summary_free(&s);
	if (status == PPDL_OK)
		show_surroundings(results, f);
	return status;
}
