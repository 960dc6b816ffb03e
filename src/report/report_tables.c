#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_impl.h"

/* ------------------------------------------------------------------ accuracy of everything */

/* methods that any group has, in the order of ppdl_report_methods[]; columns for others would have no end */
static int
has_method(const PpdlSummary *s, int method)
{
	for (long i = 0; i < s->ngroups; i++)
		if (ppdl_report_method_number(s->group[i].method) == method)
			return 1;
	return 0;
}

void
ppdl_report_overview(PpdlDocument *d, const PpdlSummary *s)
{
	PpdlColumn	kind[2 + PPDL_REPORT_METHODS] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NAME};
	PpdlGrid	grid;
	char		shown[PPDL_SHOWN];

	for (int m = 0; m < PPDL_REPORT_METHODS; m++)
		kind[2 + m] = PPDL_COLUMN_NUMBER;
	ppdl_grid_begin(&grid, "Accuracy on rows that were not trained on: mean ± standard deviation over splits", kind,
					2 + PPDL_REPORT_METHODS);
	ppdl_grid_cell(&grid, "dataset");
	ppdl_grid_cell(&grid, "network");
	for (int m = 0; m < PPDL_REPORT_METHODS; m++)
		ppdl_grid_cell(&grid, "%s", ppdl_report_methods[m].title);
	for (long i = 0; i < s->npanels; i++)
	{
		ppdl_grid_cell(&grid, "%s", s->panel[i].dataset);
		ppdl_grid_cell(&grid, "%s", s->panel[i].network);
		for (int m = 0; m < PPDL_REPORT_METHODS; m++)
		{
			const PpdlGroup *g = ppdl_panel_find(&s->panel[i], ppdl_report_methods[m].name);

			shown[0] = '\0';
			if (g)
				ppdl_show_mean(shown, PPDL_QUANTITY_PERCENT, g->value[PPDL_ACCURACY].mean,
							   g->value[PPDL_ACCURACY].spread);
			ppdl_grid_cell(&grid, "%s", g && g->nruns == 0 ? "failed" : has_method(s, m) && !shown[0] ? "–" : shown);
		}
	}
	ppdl_document_grid(d, &grid);
}

/* ------------------------------------------------------------------ a network on a dataset */

/* a row of text: what of each method */
typedef void (*ShowGroup) (char out[PPDL_SHOWN], const PpdlGroup *g, int measure);

static void
show_measure(char out[PPDL_SHOWN], const PpdlGroup *g, int m)
{
	const PpdlStat *s = &g->value[m];

	if (ppdl_measure[m].is_worst)
		ppdl_show(out, ppdl_measure[m].quantity, s->most);
	else
		ppdl_show_mean(out, ppdl_measure[m].quantity, s->mean, s->spread);
}

static void
show_points(char out[PPDL_SHOWN], const PpdlGroup *g, int measure)
{
	(void) measure;
	ppdl_show_points(out, g->minus_plain.mean, g->minus_plain.spread);
}

static void
show_runs(char out[PPDL_SHOWN], const PpdlGroup *g, int measure)
{
	(void) measure;
	if (g->nfailed)
		snprintf(out, PPDL_SHOWN, "%ld, %ld failed", g->nruns, g->nfailed);
	else
		snprintf(out, PPDL_SHOWN, "%ld", g->nruns);
}

static void
show_security(char out[PPDL_SHOWN], const PpdlGroup *g, int measure)
{
	char		bits[PPDL_SHOWN] = "";

	(void) measure;
	if (g->nruns)
		ppdl_show(bits, PPDL_QUANTITY_COUNT, g->run[0]->security_bits);
	snprintf(out, PPDL_SHOWN, "%.40s%s", bits, bits[0] ? " bits" : "");
}

/* none where no method has anything in it */
static void
put_measure(PpdlGrid *grid, const PpdlPanel *p, const char *title, ShowGroup show, int measure)
{
	char		shown[PPDL_SHOWN];
	int			any = 0;

	for (long i = 0; i < p->ngroups && !any; i++)
	{
		show(shown, p->group[i], measure);
		any = shown[0] != '\0';
	}
	if (!any)
		return;
	ppdl_grid_cell(grid, "%s", title);
	for (long i = 0; i < p->ngroups; i++)
	{
		show(shown, p->group[i], measure);
		ppdl_grid_cell(grid, "%s", shown);
	}
}

/* a column for each method; NULL when out of memory, to be freed by the caller */
static PpdlColumn *
begin_panel(PpdlGrid *grid, const PpdlPanel *p, const char *caption)
{
	PpdlColumn *kind = calloc((size_t) p->ngroups + 1, sizeof *kind);

	if (kind == NULL)
		return NULL;
	for (long i = 1; i <= p->ngroups; i++)
		kind[i] = PPDL_COLUMN_NUMBER;
	ppdl_grid_begin(grid, caption, kind, (int) p->ngroups + 1);
	ppdl_grid_cell(grid, " ");
	for (long i = 0; i < p->ngroups; i++)
		ppdl_grid_cell(grid, "%s", ppdl_report_method_title(p->group[i]->method));
	return kind;
}

void
ppdl_report_measures(PpdlDocument *d, const PpdlPanel *p)
{
	PpdlGrid	grid;
	PpdlColumn *kind = begin_panel(&grid, p, "How well: mean ± standard deviation over splits; of differences the "
								   "largest");

	if (kind == NULL)
	{
		d->w->bad = 1;
		return;
	}
	put_measure(&grid, p, "runs", show_runs, 0);
	for (int m = PPDL_ACCURACY; m <= PPDL_WEIGHTS_DIFFERENCE; m++)
	{
		put_measure(&grid, p, ppdl_measure[m].title, show_measure, m);
		if (m == PPDL_ACCURACY)
			put_measure(&grid, p, "accuracy less plain's, points", show_points, 0);
	}
	ppdl_document_grid(d, &grid);
	free(kind);
}

void
ppdl_report_costs(PpdlDocument *d, const PpdlPanel *p)
{
	PpdlGrid	grid;
	PpdlColumn *kind = begin_panel(&grid, p, "What it costs: means ± standard deviation over splits; of peak memory "
								   "the largest");

	if (kind == NULL)
	{
		d->w->bad = 1;
		return;
	}
	put_measure(&grid, p, "security", show_security, 0);
	for (int m = PPDL_STEPS; m < PPDL_MEASURES; m++)
		put_measure(&grid, p, ppdl_measure[m].title, show_measure, m);
	ppdl_document_grid(d, &grid);
	free(kind);
}

/* ------------------------------------------------------------------ failures and circumstances */

static const char *
shown_number(char out[PPDL_SHOWN], double v)
{
	ppdl_show(out, PPDL_QUANTITY_COUNT, v);
	return out;
}

static void
list_bad_lines(PpdlDocument *d, const PpdlResults *r)
{
	if (r->nbad == 0)
		return;
	ppdl_document_paragraph(d, "%ld %s could not be read and %s in nothing here:", r->nbad,
							r->nbad == 1 ? "line" : "lines", r->nbad == 1 ? "is" : "are");
	ppdl_document_list_begin(d);
	for (long i = 0; i < r->nbad && i < PPDL_RESULTS_BAD_LINES; i++)
		ppdl_document_item(d, "%s", r->bad[i].message);
	if (r->nbad > PPDL_RESULTS_BAD_LINES)
		ppdl_document_item(d, "and %ld more", r->nbad - PPDL_RESULTS_BAD_LINES);
	ppdl_document_list_end(d);
}

void
ppdl_report_failures(PpdlDocument *d, const PpdlSummary *s)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NAME, PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER,
		PPDL_COLUMN_NUMBER, PPDL_COLUMN_TEXT};
	PpdlGrid	grid;
	long		failed = 0;
	char		split[PPDL_SHOWN],
				repeat[PPDL_SHOWN];

	ppdl_document_heading(d, 2, "Failed runs");
	ppdl_grid_begin(&grid, "Runs that failed, and why; they are in no mean", kind, 6);
	ppdl_grid_cell(&grid, "dataset");
	ppdl_grid_cell(&grid, "network");
	ppdl_grid_cell(&grid, "method");
	ppdl_grid_cell(&grid, "repeat");
	ppdl_grid_cell(&grid, "split");
	ppdl_grid_cell(&grid, "error");
	for (long i = 0; i < s->results->nruns; i++)
	{
		const PpdlRun *run = &s->results->run[i];

		if (run->error == NULL)
			continue;
		failed++;
		ppdl_grid_cell(&grid, "%s", run->dataset);
		ppdl_grid_cell(&grid, "%s", run->network);
		ppdl_grid_cell(&grid, "%s", ppdl_report_method_title(run->method));
		ppdl_grid_cell(&grid, "%s", shown_number(repeat, run->repeat));
		ppdl_grid_cell(&grid, "%s", shown_number(split, run->split));
		ppdl_grid_cell(&grid, "%s", run->error);
	}
	if (failed == 0)
		ppdl_document_paragraph(d, "No run failed.");
	ppdl_document_grid(d, &grid);
	list_bad_lines(d, s->results);
}

static int
is_same_circumstance(const PpdlRun *a, const PpdlRun *b)
{
	return strcmp(a->method, b->method) == 0 && strcmp(a->parameters, b->parameters) == 0 &&
		strcmp(a->ppdl, b->ppdl) == 0 && strcmp(a->postgresql, b->postgresql) == 0 &&
		strcmp(a->processor, b->processor) == 0 && (a->cores == b->cores || (isnan(a->cores) && isnan(b->cores))) &&
		(a->security_bits == b->security_bits || (isnan(a->security_bits) && isnan(b->security_bits)));
}

/* runs like this one among those of all groups, and whether it is the first of them */
static long
count_circumstance(const PpdlSummary *s, long g, long r)
{
	const PpdlRun *run = s->group[g].run[r];
	long		n = 0;

	for (long i = 0; i < s->ngroups; i++)
		for (long j = 0; j < s->group[i].nruns; j++)
			if (is_same_circumstance(s->group[i].run[j], run))
			{
				if (i < g || (i == g && j < r))
					return 0;
				n++;
			}
	return n;
}

void
ppdl_report_machine(PpdlDocument *d, const PpdlSummary *s)
{
	static const PpdlColumn kind[] = {PPDL_COLUMN_NAME, PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_TEXT,
		PPDL_COLUMN_NUMBER, PPDL_COLUMN_NUMBER, PPDL_COLUMN_TEXT, PPDL_COLUMN_NUMBER};
	static const char *const head[] = {"method", "runs", "security, bits", "parameters", "ppdl", "PostgreSQL",
		"processor", "cores"};
	PpdlGrid	grid;
	char		bits[PPDL_SHOWN],
				cores[PPDL_SHOWN];

	ppdl_document_heading(d, 2, "Parameters, versions and machine");
	ppdl_grid_begin(&grid, "Under what circumstances the runs were made", kind, 8);
	for (int i = 0; i < 8; i++)
		ppdl_grid_cell(&grid, "%s", head[i]);
	for (long g = 0; g < s->ngroups; g++)
		for (long r = 0; r < s->group[g].nruns; r++)
		{
			const PpdlRun *run = s->group[g].run[r];
			long		n = count_circumstance(s, g, r);

			if (n == 0)
				continue;
			ppdl_grid_cell(&grid, "%s", ppdl_report_method_title(run->method));
			ppdl_grid_cell(&grid, "%ld", n);
			ppdl_grid_cell(&grid, "%s", shown_number(bits, run->security_bits));
			ppdl_grid_cell(&grid, "%s", run->parameters);
			ppdl_grid_cell(&grid, "%s", run->ppdl);
			ppdl_grid_cell(&grid, "%s", run->postgresql);
			ppdl_grid_cell(&grid, "%s", run->processor);
			ppdl_grid_cell(&grid, "%s", shown_number(cores, run->cores));
		}
	ppdl_document_grid(d, &grid);
}
