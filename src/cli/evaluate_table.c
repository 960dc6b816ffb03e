#include "cli/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/printer.h"

#define ROC_POINTS 12

/* what tables call the metrics */
static const char *const title[PPDL_METRICS] =
{"accuracy", "balanced accuracy", "sensitivity", "specificity", "F1", "AUC", "Brier score"};

/* a share with four digits, "-" where it does not apply */
static void
put_share(PpdlPrinter *p, double v)
{
	if (isnan(v))
		ppdl_print_cell(p, "-");
	else
		ppdl_print_cell(p, "%.4f", v);
}

static void
end(PpdlPrinter *p)
{
	ppdl_print_end(p);
	ppdl_print(p, "\n");
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
show_rows(const PpdlEvaluation *e, PpdlPrinter *p)
{
	const PpdlEvalRows *r = e->rows;
	const PpdlEvalClasses *c = e->classes;

	ppdl_print(p, "%ld row%s of %s", r->n, plural(r->n), r->source);
	if (r->without_label)
		ppdl_print(p, "; %ld more without a label %s left out", r->without_label, r->without_label == 1 ? "is" : "are");
	if (r->without_score)
		ppdl_print(p, "; %ld more without a score %s left out", r->without_score, r->without_score == 1 ? "is" : "are");
	ppdl_print(p, "\n");
	if (r->unused)
		ppdl_print(p, "%ld row%s of %s %s no prediction\n", r->unused, plural(r->unused), r->other_source,
				   r->unused == 1 ? "has" : "have");
	if (r->repeated)
		ppdl_print(p, "%ld row%s %s an earlier %s: intervals take rows as independent and are too narrow\n",
				   r->repeated, plural(r->repeated), r->repeated == 1 ? "repeats" : "repeat", e->opt->id);
	if (c->count == 2)
		ppdl_print(p, "Scores above %g mean \"%s\", others \"%s\"; the positive class is \"%s\".\n\n",
				   e->opt->threshold, c->name[c->above], c->name[!c->above], c->name[c->positive]);
	else
		ppdl_print(p, "The largest of %d scores wins; shares are macro averages, one class against the rest.\n\n",
				   c->count);
}

static void
show_metrics(const PpdlEvaluation *e, PpdlPrinter *p)
{
	char		name[60];

	ppdl_print_begin(p, 3, 1);
	snprintf(name, sizeof name, "%g %% interval", 100 * e->opt->level);
	ppdl_print_title(p, "metric");
	ppdl_print_title(p, "value");
	ppdl_print_title(p, name);
	for (int i = 0; i < PPDL_METRICS; i++)
	{
		ppdl_print_cell(p, "%s", title[i]);
		put_share(p, ppdl_metric_value(&e->metrics, i));
		if (isnan(e->interval[i].low))
			ppdl_print_cell(p, "-");
		else
			ppdl_print_cell(p, "%.4f to %.4f", e->interval[i].low, e->interval[i].high);
	}
	end(p);
}

static void
show_confusion(const PpdlEvaluation *e, PpdlPrinter *p)
{
	int			k = e->classes->count;

	ppdl_print(p, "Confusion matrix: rows by label, columns by prediction\n\n");
	ppdl_print_begin(p, k + 1, 1);
	ppdl_print_title(p, "label");
	for (int c = 0; c < k; c++)
		ppdl_print_title(p, e->classes->name[c]);
	for (int t = 0; t < k; t++)
	{
		ppdl_print_cell(p, "%s", e->classes->name[t]);
		for (int c = 0; c < k; c++)
			ppdl_print_cell(p, "%ld", e->counts[(size_t) t * (size_t) k + (size_t) c]);
	}
	end(p);
}

static void
show_classes(const PpdlEvaluation *e, PpdlPrinter *p)
{
	static const char *const heads[] = {"class", "rows", "sensitivity", "specificity", "precision", "F1", "AUC"};

	ppdl_print(p, "Each class against the rest\n\n");
	ppdl_print_begin(p, 7, 1);
	for (int i = 0; i < 7; i++)
		ppdl_print_title(p, heads[i]);
	for (int k = 0; k < e->classes->count; k++)
	{
		PpdlClassCounts c;

		ppdl_class_counts(&c, e->counts, e->classes->count, k);
		ppdl_print_cell(p, "%s", e->classes->name[k]);
		ppdl_print_cell(p, "%ld", rows_of(e, k));
		put_share(p, c.sensitivity);
		put_share(p, c.specificity);
		put_share(p, c.precision);
		put_share(p, c.f1);
		put_share(p, e->auc[k]);
	}
	end(p);
}

static void
show_curve(const PpdlEvaluation *e, PpdlPrinter *p)
{
	const char *name = e->classes->name[e->classes->positive];
	PpdlRoc		roc = e->roc;

	roc.point = malloc((size_t) roc.count * sizeof *roc.point);
	if (roc.point == NULL)
	{
		p->bad = 1;
		return;
	}
	memcpy(roc.point, e->roc.point, (size_t) roc.count * sizeof *roc.point);
	ppdl_roc_thin(&roc, ROC_POINTS);
	ppdl_print(p, "ROC curve of \"%s\": what other thresholds would give\n\n", name);
	ppdl_print_begin(p, 3, 0);
	ppdl_print_title(p, e->below ? "score at or below" : "score above");
	ppdl_print_title(p, "sensitivity");
	ppdl_print_title(p, "specificity");
	for (long i = 0; i < roc.count; i++)
	{
		const PpdlRocPoint *at = &roc.point[i];

		if (isfinite(at->threshold))
			ppdl_print_cell(p, "%.15g", ppdl_short_threshold(at->threshold, at->low, at->high));
		else
			ppdl_print_cell(p, "%s", at->true_positives ? "(all rows)" : "(no row)");
		put_share(p, at->tpr);
		put_share(p, 1 - at->fpr);
	}
	end(p);
	ppdl_roc_free(&roc);
}

static void
show_calibration(const PpdlEvaluation *e, PpdlPrinter *p)
{
	const char *name = e->classes->name[e->classes->positive];

	ppdl_print(p, "Calibration: of rows whose score states such a probability of \"%s\", how many are\n\n", name);
	ppdl_print_begin(p, 4, 0);
	ppdl_print_title(p, "probability");
	ppdl_print_title(p, "rows");
	ppdl_print_title(p, "mean probability");
	ppdl_print_title(p, "share that are");
	for (int i = 0; i < e->opt->bins; i++)
	{
		ppdl_print_cell(p, "%.2f to %.2f", e->bin[i].low, e->bin[i].high);
		ppdl_print_cell(p, "%ld", e->bin[i].count);
		put_share(p, e->bin[i].mean_probability);
		put_share(p, e->bin[i].share_positive);
	}
	end(p);
}

static void
show_threshold(const PpdlEvaluation *e, PpdlPrinter *p)
{
	const PpdlThreshold *t = &e->youden;
	const char *name = e->classes->name[e->classes->positive];

	if (!(t->j > 0))
	{
		ppdl_print(p, "Suggested threshold: none. No threshold does better than chance on these rows.\n");
		return;
	}
	ppdl_print(p, "Suggested threshold: %.15g. \"%s\" where the score is %s it: sensitivity %.4f, specificity %.4f,\n"
			   "Youden's J (sensitivity + specificity - 1) %.4f. It was chosen on these very rows: "
			   "try it on others%s.\n",
			   ppdl_short_threshold(t->threshold, t->low, t->high), name, e->below ? "at or below" : "above",
			   t->sensitivity, t->specificity, t->j, e->classes->count == 2 ? ",\nwith --threshold" : "");
}

PpdlStatus
ppdl_evaluation_table(const PpdlEvaluation *e, FILE *f, PpdlError *err)
{
	PpdlPrinter printer = {.f = f},
			   *p = &printer;

	show_rows(e, p);
	show_metrics(e, p);
	show_confusion(e, p);
	show_classes(e, p);
	if (e->classes->positive >= 0)
	{
		show_curve(e, p);
		show_calibration(e, p);
		show_threshold(e, p);
	}
	else
		ppdl_print(p, "--positive CLASS shows the ROC curve, calibration and a threshold of one class against the "
				   "rest.\n");
	return p->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
