/* CSV from a text, for tests. */
#ifndef PPDL_TEST_CSV_FIXTURE_H
#define PPDL_TEST_CSV_FIXTURE_H

#include <stdio.h>

#include <cmocka.h>

#include "table/csv.h"

/* called p.csv in messages; one at a time */
static inline PpdlCsv *
csv_of(const char *text)
{
	PpdlCsvOptions opt = {.name = "p.csv"};
	static FILE *f;
	PpdlError	err = {0};
	PpdlCsv    *csv;

	if (f)
		fclose(f);
	f = tmpfile();
	fputs(text, f);
	rewind(f);
	if (ppdl_csv_open(&csv, f, &opt, &err) != PPDL_OK)
		fail_msg("%s", err.message);
	return csv;
}

#endif
