#include <math.h>
#include <string.h>

#include "report/report_impl.h"

/* differences in accuracy that nobody would choose a method for */
#define LITTLE 0.005
#define NOTHING_LEARNED 0.02

/* ------------------------------------------------------------------ what was compared */

static void
list_methods(PpdlDocument *d, const PpdlSummary *s)
{
	ppdl_document_list_begin(d);
	for (int m = 0; m < PPDL_REPORT_METHODS; m++)
		for (long g = 0; g < s->ngroups; g++)
			if (strcmp(s->group[g].method, ppdl_report_methods[m].name) == 0)
			{
				ppdl_document_item(d, "%s: %s.", ppdl_report_methods[m].title, ppdl_report_methods[m].what);
				break;
			}
	ppdl_document_list_end(d);
}

/* two of them by name, more by number and name; nothing where there are many */
static void
name_classes(PpdlWriter *w, const PpdlRun *run)
{
	long		n = ppdl_run_classes(run);

	if (n == 0)
		return;
	ppdl_write_format(w, ", %ld classes", n);
	for (long i = 0; n <= 6 && i < n; i++)
		ppdl_write_format(w, "%s%s", i ? ", " : " (", ppdl_run_class(run, i));
	ppdl_write_text(w, n <= 6 ? ")" : "");
}

static void
count(PpdlWriter *w, double v, const char *one, const char *many)
{
	char		shown[PPDL_SHOWN];

	ppdl_show(shown, PPDL_QUANTITY_COUNT, v);
	if (shown[0])
		ppdl_write_format(w, ", %s %s", shown, v == 1 ? one : many);
}

/* the first run of a dataset says what it is */
static void
put_dataset(PpdlDocument *d, const PpdlSummary *s, const char *dataset)
{
	const PpdlRun *first = NULL;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (long i = 0; first == NULL; i++)
		if (strcmp(s->results->run[i].dataset, dataset) == 0)
			first = &s->results->run[i];
	count(&w, first->rows, "row", "rows");
	count(&w, first->inputs, "input", "inputs");
	name_classes(&w, first);
	count(&w, first->splits, "split", "splits");
	ppdl_write_u8(&w, 0);
	if (w.bad)
		d->w->bad = 1;
	else
		ppdl_document_item(d, "%s%s%s.", dataset, w.len > 1 ? ": " : "", w.len > 1 ? (const char *) w.buf + 2 : "");
	ppdl_writer_free(&w);
}

void
ppdl_report_compared(PpdlDocument *d, const PpdlSummary *s)
{
	ppdl_document_heading(d, 2, "What was compared");
	ppdl_document_paragraph(d, "The same rows were divided into parts to train on and parts to test on, and each "
							"method had the same parts. What follows is about rows that were not trained on. Methods:");
	list_methods(d, s);
	ppdl_document_paragraph(d, "Datasets:");
	ppdl_document_list_begin(d);
	for (long i = 0; i < s->npanels; i++)
	{
		long		j = 0;

		while (strcmp(s->panel[j].dataset, s->panel[i].dataset) != 0)
			j++;
		if (j == i)
			put_dataset(d, s, s->panel[i].dataset);
	}
	ppdl_document_list_end(d);
}

/* ------------------------------------------------------------------ what came out */

static void
put_accuracies(PpdlWriter *w, const PpdlPanel *p)
{
	char		shown[PPDL_SHOWN],
				points[PPDL_SHOWN];

	for (long i = 0; i < p->ngroups; i++)
	{
		const PpdlGroup *g = p->group[i];

		ppdl_show_mean(shown, PPDL_QUANTITY_PERCENT, g->value[PPDL_ACCURACY].mean, g->value[PPDL_ACCURACY].spread);
		ppdl_write_format(w, "%s%s %s", i ? ", " : "", ppdl_report_method_title(g->method),
						  shown[0] ? shown : "failed");
		ppdl_show_points(points, g->minus_plain.mean, NAN);
		if (points[0] && ppdl_report_method_number(g->method) > 2)
			ppdl_write_format(w, " (%s points)", points);
	}
	ppdl_write_text(w, ". ");
}

static PpdlStatus
difference(double *out, const PpdlPanel *p, const char *a, const char *b, PpdlError *err)
{
	const PpdlGroup *ga = ppdl_panel_find(p, a),
			   *gb = ppdl_panel_find(p, b);
	PpdlStat	s = {.mean = NAN};

	if (ga && gb)
		PPDL_TRY(ppdl_accuracy_difference(&s, ga, gb, err));
	*out = s.mean;
	return PPDL_OK;
}

static void
judge_encryption(PpdlWriter *w, const char *title, double less_plain)
{
	char		points[PPDL_SHOWN];

	if (isnan(less_plain))
		return;
	ppdl_show(points, PPDL_QUANTITY_NUMBER, fabs(less_plain) * 100);
	if (fabs(less_plain) <= LITTLE)
		ppdl_write_format(w, "%s is within half a point of plain. ", title);
	else
		ppdl_write_format(w, "%s %s %s points against plain. ", title, less_plain < 0 ? "loses" : "gains", points);
}

static PpdlStatus
judge(PpdlWriter *w, const PpdlPanel *p, PpdlError *err)
{
	double		learned,
				over_linear,
				lwe,
				rsa;

	PPDL_TRY(difference(&learned, p, "plain", "majority", err));
	PPDL_TRY(difference(&over_linear, p, "plain", "logistic", err));
	PPDL_TRY(difference(&lwe, p, "lwe", "plain", err));
	PPDL_TRY(difference(&rsa, p, "rsa", "plain", err));
	judge_encryption(w, "LWE", lwe);
	judge_encryption(w, "RSA", rsa);
	if (learned < NOTHING_LEARNED)
		ppdl_write_text(w, "The network is no better, by two points or more, than naming the most frequent class every "
						"time: it learned little or nothing from this table, and that methods agree on it says "
						"little. ");
	else if (fabs(over_linear) <= LITTLE)
		ppdl_write_text(w, "A linear model does as well as the network. ");
	else if (over_linear < 0)
		ppdl_write_text(w, "A linear model does better than the network. ");
	return PPDL_OK;
}

static PpdlStatus
put_finding(PpdlDocument *d, const PpdlPanel *p, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	put_accuracies(&w, p);
	status = judge(&w, p, err);
	ppdl_write_u8(&w, 0);
	if (w.bad)
		d->w->bad = 1;
	else if (status == PPDL_OK)
	{
		/* the last space */
		w.buf[w.len - 2] = '\0';
		ppdl_document_item(d, "%s%s%s: %s", p->dataset, p->network[0] ? ", network " : "", p->network,
						   (const char *) w.buf);
	}
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_report_findings(PpdlDocument *d, const PpdlSummary *s, PpdlError *err)
{
	ppdl_document_heading(d, 2, "What came out");
	ppdl_document_paragraph(d, "Accuracy, mean ± standard deviation over splits, and in brackets the mean difference "
							"from plain on the same splits:");
	ppdl_document_list_begin(d);
	for (long i = 0; i < s->npanels; i++)
		PPDL_TRY(put_finding(d, &s->panel[i], err));
	ppdl_document_list_end(d);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ how to */

void
ppdl_report_how_to_read(PpdlDocument *d)
{
	static const char *const item[] = {
		"Accuracy: share of test rows whose class is right. Balanced accuracy: the mean of that share over the "
		"classes, so that a frequent class counts no more than a rare one; chance is one in the number of classes.",
		"Sensitivity and specificity: share of the second class (the positives) and of the first that are found. F1: "
		"harmonic mean of sensitivity and of the share of positives among rows called positive. With more than two "
		"classes these, and AUC, are means over each class against the rest.",
		"AUC: area under the ROC curve, 0.5 by chance. Brier score: mean square of the difference between predicted "
		"probability and truth; 0 is best.",
		"A number behind ± is the standard deviation over splits, not an error of the mean: splits share rows.",
		"Agreement: share of test rows that are given the class that the plain network gives them. Score and weight "
		"differences are largest absolute differences from plain, over all splits: 2^-20 is one part in a million.",
		"Calibration: of rows that are given a probability, the share that is positive; on the diagonal both are "
		"alike. Probabilities are (score + 1) / 2, kept within 0 and 1.",
		"Times are of one run each, by the clock; processor time is of all processes and threads of it together.",
	};

	ppdl_document_heading(d, 2, "How to read this");
	ppdl_document_list_begin(d);
	for (size_t i = 0; i < sizeof item / sizeof *item; i++)
		ppdl_document_item(d, "%s", item[i]);
	ppdl_document_list_end(d);
}

void
ppdl_report_how_to_repeat(PpdlDocument *d, const PpdlSummary *s)
{
	const char *command = NULL;

	for (long i = 0; i < s->results->nruns; i++)
		if (s->results->run[i].command[0])
			command = s->results->run[i].command;
	ppdl_document_heading(d, 2, "How to repeat it");
	ppdl_document_paragraph(d, "Splits and initial weights follow from the seeds in report.csv; keys and noise are new "
							"in each run, and move encrypted results by about as much as the differences above. Run "
							"again in the same directory, a study makes only the runs that are missing.");
	ppdl_document_code(d, command ? command : "ppdl study --help");
}
