/*
 * Answers to conditions in the rows of a result: each text behind a mark is decrypted and becomes a number.
 */
#ifndef PPDL_CLI_ASK_SHOW_H
#define PPDL_CLI_ASK_SHOW_H

#include "cli/copytext.h"
#include "cli/reveal.h"
#include "query/ask.h"

typedef struct PpdlAskRow
{
	size_t		count;
	PpdlWriter *cell;			/* texts that fields point to */
} PpdlAskRow;

PpdlStatus	ppdl_ask_row_init(PpdlAskRow *row, size_t count, PpdlError *err);
void		ppdl_ask_row_free(PpdlAskRow *row);		/* wipes */

/* Replaces the fields of a row that are answers, whose texts live until the next row. */
PpdlStatus	ppdl_ask_row(PpdlAskRow *row, const PpdlAsk *w, PpdlReveal *r, PpdlText *field, PpdlError *err);

#endif
