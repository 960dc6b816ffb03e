/*
 * What a column of a result holds: how it is aligned, and what becomes of it in JSON and in --then.
 */
#ifndef PPDL_CLI_CELL_KIND_H
#define PPDL_CLI_CELL_KIND_H

typedef enum PpdlCellKind
{
	PPDL_CELL_TEXT,
	PPDL_CELL_NUMBERS,		/* a number, or an array of numbers in braces, of arrays, of NULL */
	PPDL_CELL_BOOL,
	PPDL_CELL_JSON
} PpdlCellKind;

#endif
