/*
 * Text and tables for people, cell by cell.  Control characters of names become escapes; what is printed is wiped.
 */
#ifndef PPDL_CLI_PRINTER_H
#define PPDL_CLI_PRINTER_H

#include <stdio.h>

#include "cli/table.h"

/* zeros, and where to print */
typedef struct PpdlPrinter
{
	FILE	   *f;
	int			bad;			/* there was no memory for some of it */
	PpdlTable	table;			/* at hand */
	PpdlText   *cell;			/* of its row at hand */
	int			at;				/* cells of it */
} PpdlPrinter;

void		ppdl_print(PpdlPrinter *p, const char *fmt,...) __attribute__((format(printf, 2, 3)));

/* a table, all of whose columns but the first `left` are aligned right; names of all columns, then cells row by row */
void		ppdl_print_begin(PpdlPrinter *p, int columns, int left);
void		ppdl_print_title(PpdlPrinter *p, const char *name);
void		ppdl_print_cell(PpdlPrinter *p, const char *fmt,...) __attribute__((format(printf, 2, 3)));
void		ppdl_print_end(PpdlPrinter *p);

#endif
