/*
 * A table of texts for people, aligned like psql's.
 */
#ifndef PPDL_CLI_TABLE_H
#define PPDL_CLI_TABLE_H

#include <stdio.h>

#include "cli/copytext.h"

typedef struct PpdlTable
{
	int			ncolumns;
	char	  **name;			/* column titles */
	char	   *right;			/* align right? */
	char	  **cell;			/* rows * ncolumns, malloc'ed; NULL for SQL NULL */
	size_t		rows,
				cap;
} PpdlTable;

/*
 * Texts are copied, control characters in them as escapes but for line breaks: a cell of several lines takes as many,
 * and a + behind all but its last says that it goes on.  All return 0 when out of memory.
 */
int			ppdl_table_init(PpdlTable *t, int ncolumns);
int			ppdl_table_title(PpdlTable *t, int column, const char *name);
void		ppdl_table_free(PpdlTable *t);	/* wipes */
int			ppdl_table_add(PpdlTable *t, const PpdlText *fields);
/* titles and rows; 0 when out of memory */
int			ppdl_table_print_rows(const PpdlTable *t, FILE *f);
/* the same, and below how many rows there are */
void		ppdl_table_print(const PpdlTable *t, FILE *f);

/* columns that text takes on a terminal, its widest line */
int			ppdl_display_width(const char *s);

#endif
