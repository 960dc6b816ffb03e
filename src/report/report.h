/*
 * The report of a study: what its runs say, in words, tables and charts.
 */
#ifndef PPDL_REPORT_REPORT_H
#define PPDL_REPORT_REPORT_H

#include "base/error.h"

/*
 * Reads DIRECTORY/results.jsonl (report/results.h) and writes report.html (one file, nothing outside it is needed),
 * report.md (the same without charts) and report.csv (a line a run) beside it; each takes the place of an earlier one
 * only when it is whole.  Lines that cannot be read and runs that failed are in the report.  Errors as
 * ppdl_results_load; PPDL_ERR_IO names the file.
 */
PpdlStatus	ppdl_report_write(const char *directory, PpdlError *err);

#endif
