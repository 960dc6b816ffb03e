/*
 * What ppdl stats shows of query/stats_result.h: the answer of a database in stats_rows.c, tables for people in
 * stats_show.c, CSV and a page in stats_export.c.
 */
#ifndef PPDL_CLI_STATS_H
#define PPDL_CLI_STATS_H

#include <stdio.h>

#include "query/stats_result.h"

PpdlStatus	ppdl_stats_show(FILE *f, const PpdlStatsPage *page, PpdlError *err);
/* appended to w */
PpdlStatus	ppdl_stats_csv(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);
PpdlStatus	ppdl_stats_html(PpdlWriter *w, const PpdlStatsPage *page, PpdlError *err);

#endif
