/*
 * What the forms of a report share: for src/report only.
 */
#ifndef PPDL_REPORT_REPORT_IMPL_H
#define PPDL_REPORT_REPORT_IMPL_H

#include "report/document.h"
#include "report/summary.h"

/* Each appends a whole file.  PPDL_ERR_NOMEM; PPDL_ERR_ARGUMENT: a chart of numbers that cannot be shown. */
PpdlStatus	ppdl_report_csv(PpdlWriter *w, const PpdlSummary *s, PpdlError *err);	/* report_csv.c */
PpdlStatus	ppdl_report_html(PpdlWriter *w, const PpdlSummary *s, PpdlError *err);	/* report_page.c */
PpdlStatus	ppdl_report_markdown(PpdlWriter *w, const PpdlSummary *s, PpdlError *err);	/* report_page.c */

/* what the page is made of: report_words.c, report_tables.c, report_charts.c */
void		ppdl_report_compared(PpdlDocument *d, const PpdlSummary *s);
PpdlStatus	ppdl_report_findings(PpdlDocument *d, const PpdlSummary *s, PpdlError *err);
void		ppdl_report_how_to_read(PpdlDocument *d);
void		ppdl_report_how_to_repeat(PpdlDocument *d, const PpdlSummary *s);
void		ppdl_report_overview(PpdlDocument *d, const PpdlSummary *s);
void		ppdl_report_measures(PpdlDocument *d, const PpdlPanel *p);
void		ppdl_report_costs(PpdlDocument *d, const PpdlPanel *p);
void		ppdl_report_failures(PpdlDocument *d, const PpdlSummary *s);
void		ppdl_report_machine(PpdlDocument *d, const PpdlSummary *s);
PpdlStatus	ppdl_report_overview_chart(PpdlDocument *d, const PpdlSummary *s, PpdlError *err);
/* number: of the panel, for the charts' ids */
PpdlStatus	ppdl_report_charts(PpdlDocument *d, const PpdlPanel *p, long number, PpdlError *err);

#endif
