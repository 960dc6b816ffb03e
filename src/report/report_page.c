/*
 * The report as a page: HTML, and the same as Markdown.
 */
#include <stdio.h>
#include <string.h>

#include "report/report_impl.h"

/* between when which runs were made; times sort as text does (ISO 8601) */
static void
put_when(PpdlDocument *d, const PpdlSummary *s)
{
	const char *first = "",
			   *last = "";
	long		failed = 0;
	char		number[24];

	for (long i = 0; i < s->results->nruns; i++)
	{
		const PpdlRun *run = &s->results->run[i];

		failed += run->error != NULL;
		if (run->when[0] && (!first[0] || strcmp(run->when, first) < 0))
			first = run->when;
		if (strcmp(run->when, last) > 0)
			last = run->when;
	}
	snprintf(number, sizeof number, "%ld", failed);
	ppdl_document_paragraph(d, "%ld %s, %s of them failed%s%s%s%s. Numbers of single runs are in report.csv, curves in "
							"results.jsonl%s.", s->results->nruns, s->results->nruns == 1 ? "run" : "runs",
							failed ? number : "none",
							first[0] ? "; made from " : "", first, first[0] ? " to " : "", last,
							d->markup == PPDL_MARKDOWN ? ", charts in report.html" : "");
}

static void
put_network(PpdlDocument *d, const char *network)
{
	char		text[PPDL_RESULTS_MAX_NAME + 40];

	snprintf(text, sizeof text, "Network %s", network);
	ppdl_document_heading(d, 3, text);
}

static PpdlStatus
put_dataset(PpdlDocument *d, const PpdlSummary *s, long first, PpdlError *err)
{
	ppdl_document_heading(d, 2, s->panel[first].dataset);
	for (long i = first; i < s->npanels; i++)
	{
		const PpdlPanel *p = &s->panel[i];

		if (strcmp(p->dataset, s->panel[first].dataset) != 0)
			continue;
		if (p->network[0])
			put_network(d, p->network);
		ppdl_report_measures(d, p);
		ppdl_report_costs(d, p);
		PPDL_TRY(ppdl_report_charts(d, p, i + 1, err));
	}
	return PPDL_OK;
}

static int
is_first_of_dataset(const PpdlSummary *s, long panel)
{
	for (long i = 0; i < panel; i++)
		if (strcmp(s->panel[i].dataset, s->panel[panel].dataset) == 0)
			return 0;
	return 1;
}

static PpdlStatus
put_page(PpdlDocument *d, const PpdlSummary *s, PpdlError *err)
{
	ppdl_document_begin(d, "Plain and encrypted networks compared");
	put_when(d, s);
	PPDL_TRY(ppdl_report_findings(d, s, err));
	ppdl_report_overview(d, s);
	PPDL_TRY(ppdl_report_overview_chart(d, s, err));
	ppdl_report_compared(d, s);
	for (long i = 0; i < s->npanels; i++)
		if (is_first_of_dataset(s, i))
			PPDL_TRY(put_dataset(d, s, i, err));
	ppdl_report_failures(d, s);
	ppdl_report_machine(d, s);
	ppdl_report_how_to_repeat(d, s);
	ppdl_report_how_to_read(d);
	ppdl_document_end(d);
	return d->w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_report_html(PpdlWriter *w, const PpdlSummary *s, PpdlError *err)
{
	PpdlDocument d = {w, PPDL_HTML};

	return put_page(&d, s, err);
}

PpdlStatus
ppdl_report_markdown(PpdlWriter *w, const PpdlSummary *s, PpdlError *err)
{
	PpdlDocument d = {w, PPDL_MARKDOWN};

	return put_page(&d, s, err);
}
