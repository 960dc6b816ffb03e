#include "cli/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "cli/terminal.h"

#define ROC_POINTS 12

/* what tables call the metrics */
static const char *const title[PPDL_METRICS] =
{"accuracy", "balanced accuracy", "sensitivity", "specificity", "F1", "AUC", "Brier score"};

/* ------------------------------------------------------------------ lines and cells */

typedef struct Page
{
	FILE	   *f;
	int			bad;			/* there was no memory for some of it */
} Page;

/* text, with control characters of names in it escaped */
static void
say(Page *page, const char *fmt,...) __attribute__((format(printf, 2, 3)));
static void
say(Page *page, const char *fmt,...)
{
	PpdlEscaper e = {0};
	PpdlWriter	w;
	char		text[1000];
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ppdl_writer_init(&w);
	ppdl_escape(&e, &w, text, strlen(text), "\n");
	page->bad |= w.bad;
	if (!w.bad)
		fwrite(w.buf, 1, w.len, page->f);
	ppdl_writer_free(&w);
}

/* A table that is filled cell by cell; bad when there was no memory. */
typedef struct Grid
{
	PpdlTable	table;
	PpdlText   *cell;
	int			at,
				bad;
} Grid;

/* all columns but the first `left` are aligned right */
static void
begin(Grid *g, int columns, int left)
{
	memset(g, 0, sizeof *g);
	g->cell = calloc((size_t) columns, sizeof *g->cell);
	g->bad = !ppdl_table_init(&g->table, columns) || g->cell == NULL;
	for (int i = left; !g->bad && i < columns; i++)
		g->table.right[i] = 1;
}

static void
head(Grid *g, int column, const char *name)
{
	g->bad = g->bad || !ppdl_table_title(&g->table, column, name);
}

/* the next cell; a row ends with its last */
static void
put(Grid *g, const char *fmt,...) __attribute__((format(printf, 2, 3)));
static void
put(Grid *g, const char *fmt,...)
{
	char	   *text = NULL;
	va_list		ap;

	va_start(ap, fmt);
	if (g->bad || vasprintf(&text, fmt, ap) < 0)
		g->bad = 1;
	else
		g->cell[g->at++] = (PpdlText) {text, strlen(text)};
	va_end(ap);
	if (g->bad || g->at < g->table.ncolumns)
		return;
	g->bad = !ppdl_table_add(&g->table, g->cell);
	for (; g->at > 0; g->at--)
		free(g->cell[g->at - 1].s);
}

/* a share with four digits, "-" where it does not apply */
static void
put_share(Grid *g, double v)
{
	if (isnan(v))
		put(g, "-");
	else
		put(g, "%.4f", v);
}

static PpdlStatus
finish(Grid *g, Page *page, PpdlError *err)
{
	int			bad = g->bad;

	bad = bad || !ppdl_table_print_rows(&g->table, page->f);
	if (!bad)
		fputc('\n', page->f);
	for (; g->cell && g->at > 0; g->at--)
		free(g->cell[g->at - 1].s);
	free(g->cell);
	ppdl_table_free(&g->table);
	return bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* ------------------------------------------------------------------ parts */

static long
rows_of(const PpdlEvaluation *e, int class)
{
	int			k = e->classes->count;
	long		rows = 0;

	for (int p = 0; p < k; p++)
		rows += e->counts[(size_t) class * (size_t) k + (size_t) p];
	return rows;
}

static const char *
plural(long n)
{
	return n == 1 ? "" : "s";
}

static void
show_rows(const PpdlEvaluation *e, Page *page)
{
	const PpdlEvalRows *r = e->rows;
	const PpdlEvalClasses *c = e->classes;

	say(page, "%ld row%s of %s", r->n, plural(r->n), r->source);
	if (r->without_label)
		say(page, "; %ld more without a label %s left out", r->without_label, r->without_label == 1 ? "is" : "are");
	if (r->without_score)
		say(page, "; %ld more without a score %s left out", r->without_score, r->without_score == 1 ? "is" : "are");
	say(page, "\n");
	if (r->unused)
		say(page, "%ld row%s of %s %s no prediction\n", r->unused, plural(r->unused), r->other_source,
			r->unused == 1 ? "has" : "have");
	if (r->repeated)
		say(page, "%ld row%s %s an earlier %s: intervals take rows as independent and are too narrow\n", r->repeated,
			plural(r->repeated), r->repeated == 1 ? "repeats" : "repeat", e->opt->id);
	if (c->count == 2)
		say(page, "Scores above %g mean \"%s\", others \"%s\"; the positive class is \"%s\".\n\n", e->opt->threshold,
			c->name[c->above], c->name[!c->above], c->name[c->positive]);
	else
		say(page, "The largest of %d scores wins; shares are macro averages, one class against the rest.\n\n",
			c->count);
}

static PpdlStatus
show_metrics(const PpdlEvaluation *e, Page *page, PpdlError *err)
{
	char		name[60];
	Grid		g;

	begin(&g, 3, 1);
	snprintf(name, sizeof name, "%g %% interval", 100 * e->opt->level);
	head(&g, 0, "metric");
	head(&g, 1, "value");
	head(&g, 2, name);
	for (int i = 0; i < PPDL_METRICS; i++)
	{
		put(&g, "%s", title[i]);
		put_share(&g, ppdl_metric_value(&e->metrics, i));
		if (isnan(e->interval[i].low))
			put(&g, "-");
		else
			put(&g, "%.4f to %.4f", e->interval[i].low, e->interval[i].high);
	}
	return finish(&g, page, err);
}

static PpdlStatus
show_confusion(const PpdlEvaluation *e, Page *page, PpdlError *err)
{
	int			k = e->classes->count;
	Grid		g;

	say(page, "Confusion matrix: rows by label, columns by prediction\n\n");
	begin(&g, k + 1, 1);
	head(&g, 0, "label");
	for (int p = 0; p < k; p++)
		head(&g, p + 1, e->classes->name[p]);
	for (int t = 0; t < k; t++)
	{
		put(&g, "%s", e->classes->name[t]);
		for (int p = 0; p < k; p++)
			put(&g, "%ld", e->counts[(size_t) t * (size_t) k + (size_t) p]);
	}
	return finish(&g, page, err);
}

static PpdlStatus
show_classes(const PpdlEvaluation *e, Page *page, PpdlError *err)
{
	static const char *const heads[] = {"class", "rows", "sensitivity", "specificity", "precision", "F1", "AUC"};
	Grid		g;

	say(page, "Each class against the rest\n\n");
	begin(&g, 7, 1);
	for (int i = 0; i < 7; i++)
		head(&g, i, heads[i]);
	for (int k = 0; k < e->classes->count; k++)
	{
		PpdlClassCounts c;

		ppdl_class_counts(&c, e->counts, e->classes->count, k);
		put(&g, "%s", e->classes->name[k]);
		put(&g, "%ld", rows_of(e, k));
		put_share(&g, c.sensitivity);
		put_share(&g, c.specificity);
		put_share(&g, c.precision);
		put_share(&g, c.f1);
		put_share(&g, e->auc[k]);
	}
	return finish(&g, page, err);
}

static PpdlStatus
show_curve(const PpdlEvaluation *e, Page *page, PpdlError *err)
{
	const char *name = e->classes->name[e->classes->positive];
	PpdlRoc		roc = e->roc;
	Grid		g;
	PpdlStatus	status;

	roc.point = malloc((size_t) roc.count * sizeof *roc.point);
	if (roc.point == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memcpy(roc.point, e->roc.point, (size_t) roc.count * sizeof *roc.point);
	ppdl_roc_thin(&roc, ROC_POINTS);
	say(page, "ROC curve of \"%s\": what other thresholds would give\n\n", name);
	begin(&g, 3, 0);
	head(&g, 0, e->below ? "score at or below" : "score above");
	head(&g, 1, "sensitivity");
	head(&g, 2, "specificity");
	for (long i = 0; i < roc.count; i++)
	{
		const PpdlRocPoint *p = &roc.point[i];

		if (isfinite(p->threshold))
			put(&g, "%.15g", ppdl_short_threshold(p->threshold, p->low, p->high));
		else
			put(&g, "%s", p->true_positives ? "(all rows)" : "(no row)");
		put_share(&g, p->tpr);
		put_share(&g, 1 - p->fpr);
	}
	status = finish(&g, page, err);
	ppdl_roc_free(&roc);
	return status;
}

static PpdlStatus
show_calibration(const PpdlEvaluation *e, Page *page, PpdlError *err)
{
	const char *name = e->classes->name[e->classes->positive];
	Grid		g;

	say(page, "Calibration: of rows whose score states such a probability of \"%s\", how many are\n\n", name);
	begin(&g, 4, 0);
	head(&g, 0, "probability");
	head(&g, 1, "rows");
	head(&g, 2, "mean probability");
	head(&g, 3, "share that are");
	for (int i = 0; i < e->opt->bins; i++)
	{
		put(&g, "%.2f to %.2f", e->bin[i].low, e->bin[i].high);
		put(&g, "%ld", e->bin[i].count);
		put_share(&g, e->bin[i].mean_probability);
		put_share(&g, e->bin[i].share_positive);
	}
	return finish(&g, page, err);
}

static void
show_threshold(const PpdlEvaluation *e, Page *page)
{
	const PpdlThreshold *t = &e->youden;
	const char *name = e->classes->name[e->classes->positive];

	if (!(t->j > 0))
	{
		say(page, "Suggested threshold: none. No threshold does better than chance on these rows.\n");
		return;
	}
	say(page, "Suggested threshold: %.15g. \"%s\" where the score is %s it: sensitivity %.4f, specificity %.4f,\n"
		"Youden's J (sensitivity + specificity - 1) %.4f. It was chosen on these very rows: try it on others%s.\n",
		ppdl_short_threshold(t->threshold, t->low, t->high), name, e->below ? "at or below" : "above", t->sensitivity,
		t->specificity, t->j, e->classes->count == 2 ? ",\nwith --threshold" : "");
}

PpdlStatus
ppdl_evaluation_table(const PpdlEvaluation *e, FILE *f, PpdlError *err)
{
	Page		here = {f, 0},
			   *page = &here;

	show_rows(e, page);
	PPDL_TRY(show_metrics(e, page, err));
	PPDL_TRY(show_confusion(e, page, err));
	PPDL_TRY(show_classes(e, page, err));
	if (e->classes->positive >= 0)
	{
		PPDL_TRY(show_curve(e, page, err));
		PPDL_TRY(show_calibration(e, page, err));
		show_threshold(e, page);
	}
	else
		say(page, "--positive CLASS shows the ROC curve, calibration and a threshold of one class against the rest.\n");
	return page->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
