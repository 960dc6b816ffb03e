/*
 * What a column of a result holds: how it is aligned, and what becomes of it in JSON and in --then.
 */
#ifndef PPDL_CLI_COLUMNS_H
#define PPDL_CLI_COLUMNS_H

typedef enum PpdlColumnKind
{
	PPDL_COLUMN_TEXT,
	PPDL_COLUMN_NUMBERS,		/* a number, or an array of numbers in braces, of arrays, of NULL */
	PPDL_COLUMN_BOOL,
	PPDL_COLUMN_JSON
} PpdlColumnKind;

#endif
