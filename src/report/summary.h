/*
 * Runs of one dataset, network and method, taken together: means, spreads, mean curves, and pairs with the plain
 * model's runs on the same splits.
 */
#ifndef PPDL_REPORT_SUMMARY_H
#define PPDL_REPORT_SUMMARY_H

#include "report/results.h"

typedef struct PpdlStat
{
	long		n;				/* values there are */
	double		mean,			/* NaN: none */
				spread,			/* sample standard deviation (n - 1); NaN below two */
				most;
} PpdlStat;

typedef struct PpdlGroup
{
	const char *dataset,
			   *network,
			   *method;
	const PpdlRun **run;		/* those that did not fail */
	long		nruns,
				nfailed;
	PpdlStat	value[PPDL_MEASURES],
				minus_plain;	/* accuracy less that of "plain" on the same split */
} PpdlGroup;

/* the groups to show side by side: a network on a dataset, with the baselines of that dataset */
typedef struct PpdlPanel
{
	const char *dataset,
			   *network;		/* "" where a dataset has baselines only */
	const PpdlGroup **group;
	long		ngroups;
} PpdlPanel;

/*
 * Groups in the order of tables: datasets and, in them, networks as they first come in the file, methods as in
 * ppdl_report_methods[], then others by name.  Points into results.
 */
typedef struct PpdlSummary
{
	const PpdlResults *results;
	PpdlGroup  *group;
	long		ngroups;
	PpdlPanel  *panel;
	long		npanels;
} PpdlSummary;

typedef struct PpdlReportMethod
{
	const char *name,			/* in the file */
			   *title,			/* in tables and charts */
			   *what;			/* a sentence */
	int			is_baseline,	/* has no network of its own */
				is_encrypted;
} PpdlReportMethod;

enum
{
	PPDL_REPORT_METHODS = 6
};

extern const PpdlReportMethod ppdl_report_methods[PPDL_REPORT_METHODS];

/* 0 .. PPDL_REPORT_METHODS - 1, or PPDL_REPORT_METHODS: a method that ppdl_report_methods[] does not have */
int			ppdl_report_method_number(const char *method);
const char *ppdl_report_method_title(const char *method);	/* the name itself where there is no title */

PpdlStatus	ppdl_summarise(PpdlSummary *out, const PpdlResults *results, PpdlError *err);
void		ppdl_summary_free(PpdlSummary *s);

PpdlStat	ppdl_stat(const double *v, long n);	/* NaN are values that are not there */
/* the group of a method, or NULL */
const PpdlGroup *ppdl_panel_find(const PpdlPanel *p, const char *method);
/* a's accuracy less b's, over splits that both have */
PpdlStatus	ppdl_accuracy_difference(PpdlStat *out, const PpdlGroup *a, const PpdlGroup *b, PpdlError *err);

/* ------------------------------------------------------------------ curves over all splits of a group */

/*
 * weight of a point: the spread at it, or NaN.  No points where no run has the curve.  Released with free(out->at),
 * also after an error.
 */

/* mean true positive rate at 51 false positive rates (vertical averaging: Fawcett, An introduction to ROC analysis) */
PpdlStatus	ppdl_mean_roc(PpdlPoints *out, const PpdlGroup *g, PpdlError *err);
/* mean accuracy at each step that any run tells of */
PpdlStatus	ppdl_mean_curve(PpdlPoints *out, const PpdlGroup *g, PpdlError *err);
/* all rows in ten intervals of probability: mean probability, share of positives; weight: share of the rows */
PpdlStatus	ppdl_pooled_calibration(PpdlPoints *out, const PpdlGroup *g, PpdlError *err);

#endif
