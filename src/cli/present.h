/*
 * Results of queries as people and programs read them: a table like psql's, one field a line, CSV or JSON.
 */
#ifndef PPDL_CLI_PRESENT_H
#define PPDL_CLI_PRESENT_H

#include <stdio.h>

#include "cli/cell_kind.h"
#include "cli/copytext.h"
#include "cli/table.h"
#include "cli/then.h"

typedef enum PpdlForm
{
	PPDL_FORM_TABLE,
	PPDL_FORM_VERTICAL,			/* a field a line, for wide rows */
	PPDL_FORM_CSV,
	PPDL_FORM_JSON				/* an array of objects a result */
} PpdlForm;

typedef struct PpdlPresenter
{
	PpdlForm	form;
	const char *null;			/* what is shown for NULL; in JSON it is null always */
	PpdlThen   *then;			/* a query on each result, whose answer is shown in its place; or NULL */
	FILE	   *f;
	const char *shown;			/* name of f, for messages */
	/* one result */
	int			ncolumns;
	char	  **name;
	PpdlCellKind *kind;
	PpdlTable	table;
	PpdlWriter	w;				/* one record */
	size_t		records;
} PpdlPresenter;

void		ppdl_present_init(PpdlPresenter *p, PpdlForm form, const char *null, FILE *f, const char *shown);
void		ppdl_present_free(PpdlPresenter *p);	/* wipes what was shown */

/* A result: its columns, its records, its end.  names are copied. */
PpdlStatus	ppdl_present_begin(PpdlPresenter *p, int ncolumns, const char *const *names, const PpdlCellKind *kinds,
							   PpdlError *err);
PpdlStatus	ppdl_present_record(PpdlPresenter *p, const PpdlText *fields, PpdlError *err);
PpdlStatus	ppdl_present_end(PpdlPresenter *p, PpdlError *err);

#endif
